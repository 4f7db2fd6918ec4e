/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of a model's rows. Its whole state is in the query string (q, o, p, all, field look-ups), so that a list can be kept as
 * a bookmark; a parameter that cannot be taken leads back to the list with ?e=1, one that is not allowed is refused with 400. */
#include "admin_internal.h"
#include <stdlib.h>
#include <string.h>

/* Words of a search past this are not looked for: each costs a condition per searched field. */
enum { MOST_WORDS = 24, LONGEST_SEARCH = 1000 };

/* --- the query string --------------------------------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    const struct QueryItem *x = a, *y = b;
    return strcmp(x->key, y->key);
}

const char *admin_list_query_string(ChangeList *list, const char *const *remove_prefixes, const Var *changes)
{
    QueryDict *params = capo_dict_copy(list->params);
    for (; remove_prefixes && *remove_prefixes; remove_prefixes++)
        for (size_t i = 0; i < list->params->count; i++)
            if (capo_starts_with(list->params->items[i].key, *remove_prefixes))
                capo_dict_remove(params, list->params->items[i].key);
    for (; changes && changes->name; changes++)
        if (capo_is_null(changes->value))
            capo_dict_remove(params, changes->name);
        else
            capo_dict_set(params, changes->name, capo_to_text(changes->value));
    if (params->count)
        qsort(params->items, params->count, sizeof *params->items, by_key);
    return capo_format("?%s", capo_dict_urlencode(params));
}

/* --- search: words, and "quoted phrases"; every one must be found in some field ------------------------------------------------ */

static char **search_words(const char *search)
{
    char **words = capo_alloc_array(MOST_WORDS + 1, sizeof *words);
    size_t count = 0;
    for (const char *at = search; *at && count < MOST_WORDS; ) {
        at += strspn(at, " \t\r\n");
        if (!*at)
            break;
        const char *end;
        if ((*at == '"' || *at == '\'') && (end = strchr(at + 1, *at)) != NULL && end > at + 1) {
            words[count++] = capo_strndup(at + 1, (size_t)(end - at - 1));
            at = end + 1;
        } else {
            end = at + strcspn(at, " \t\r\n");
            words[count++] = capo_strndup(at, (size_t)(end - at));
            at = end;
        }
    }
    return words;
}

/* "^title" starts with, "=title" is, "title" contains; "title__startswith" says it itself. */
static const char *search_path(Model *model, const char *field)
{
    if (*field == '^')
        return capo_format("%s__istartswith", field + 1);
    if (*field == '=')
        return capo_format("%s__iexact", field + 1);
    if (*field == '@')
        field++;
    return admin_path_field(model, field, NULL, NULL) ? capo_format("%s__icontains", field) : field;
}

Query *admin_search(Query *query, const ModelAdmin *admin, const char *search)
{
    if (!admin->search_fields || !search || !*search)
        return query;
    search = capo_strndup(search, strnlen(search, LONGEST_SEARCH));
    bool many = false;
    Condition *all[MOST_WORDS];
    size_t n_all = 0;
    for (char **word = search_words(search); *word; word++) {
        Condition *any[32];
        size_t n_any = 0;
        for (const char *const *field = admin->search_fields; *field && n_any < 32; field++) {
            bool crosses = false;
            const char *bare = strchr("^=@", **field) ? *field + 1 : *field;
            admin_path_field(admin->model, bare, NULL, &crosses);
            many |= crosses;
            any[n_any++] = Q(search_path(admin->model, *field), *word);
        }
        all[n_all++] = capo_q_list(true, any, n_any);
    }
    if (!n_all)
        return query;
    Query *found = capo_query_filter(query, capo_q_list(false, all, n_all));
    /* Over a to-many relation a row would be there several times. */
    return many ? capo_query_filter(query, Q("pk__in", capo_value_object(capo_query_order_by(found, LIST(NULL))))) : found;
}

/* --- order ------------------------------------------------------------------------------------------------------------------- */

static void remember_order(ChangeList *list, size_t column, bool descending)
{
    for (size_t i = 0; i < list->n_sorted; i++)
        if (list->sorted[i] / 2 == (int)column)
            return;
    list->sorted[list->n_sorted++] = (int)column * 2 + descending;
}

/* The paths to order by: `o` of the URL, else the admin's or the model's own; always with the key at the end. */
static const char *const *list_order(ChangeList *list)
{
    size_t offset = list->has_actions ? 1 : 0, count = 0, n_parts = 0;
    const char *asked = capo_dict_get(list->params, "o");
    char **parts = asked ? capo_split(asked, '.', &n_parts) : NULL;
    const char *const *own = list->admin->ordering ? list->admin->ordering : list->model->ordering;
    size_t n_own = 0;
    while (own && own[n_own])
        n_own++;
    const char **paths = capo_alloc_array(n_parts + n_own + 2, sizeof *paths);
    list->sorted = capo_alloc_array(list->n_columns + 1, sizeof *list->sorted);
    bool by_key_already = false;
    if (asked) {
        for (size_t i = 0; i < n_parts && i < 64; i++) {
            bool descending = *parts[i] == '-';
            char *end;
            unsigned long number = strtoul(parts[i] + descending, &end, 10);
            if (end == parts[i] + descending || *end || number < offset || number - offset >= list->n_columns)
                continue;
            const char *path = list->columns[number - offset].ordering;
            size_t before = list->n_sorted;
            if (!path)
                continue;
            remember_order(list, number, descending);
            if (list->n_sorted == before)
                continue;
            bool reversed = *path == '-';
            paths[count++] = reversed == descending ? path + reversed : capo_format("-%s", path + reversed);
        }
    } else {
        for (size_t i = 0; i < n_own; i++) {
            paths[count++] = own[i];
            bool descending = *own[i] == '-';
            for (size_t j = 0; j < list->n_columns; j++)
                if (list->columns[j].ordering && strcmp(list->columns[j].ordering, own[i] + descending) == 0) {
                    remember_order(list, j + offset, descending);
                    break;
                }
        }
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = paths[i] + (*paths[i] == '-');
        by_key_already |= strcmp(name, "pk") == 0 || strcmp(name, list->model->pk->name) == 0;
    }
    if (!by_key_already)
        paths[count++] = "-pk";
    return paths;
}

/* Foreign keys that the columns show, so that a page costs one query. */
static Query *with_related(ChangeList *list, Query *query)
{
    if (list->admin->list_select_related)
        return capo_query_select_related(query, list->admin->list_select_related);
    const char **paths = capo_alloc_array(list->n_columns + 1, sizeof *paths);
    size_t count = 0;
    for (size_t i = 0; i < list->n_columns; i++) {
        const ListColumn *column = &list->columns[i];
        if (!column->field || column->computed)
            continue;
        bool many = false;
        admin_path_field(list->model, column->name, NULL, &many);
        if (many)
            continue;
        if (capo_field_is_relation(column->field->kind)) {
            paths[count++] = column->name;
        } else if (strstr(column->name, "__")) {
            char *path = capo_strdup(column->name), *last = path;
            for (char *at; (at = strstr(last, "__")) != NULL; )
                last = at + 2;
            last[-2] = '\0';
            paths[count++] = path;
        }
    }
    return count ? capo_query_select_related(query, paths) : query;
}

/* --- pages ---------------------------------------------------------------------------------------------------------------------- */

static void load_page(ChangeList *list)
{
    const ModelAdmin *admin = list->admin;
    int64_t most = admin->list_max_show_all ? admin->list_max_show_all : 200;
    list->per_page = admin->list_per_page ? admin->list_per_page : 100;
    list->count = capo_query_count(list->query);
    list->full_count = list->is_narrowed ? capo_query_count(list->root) : list->count;
    list->can_show_all = list->count <= most;
    list->show_all = capo_dict_has(list->params, "all") && list->can_show_all;
    list->pages = list->count ? (list->count + list->per_page - 1) / list->per_page : 1;
    Query *query = list->query;
    if (!list->show_all && list->pages > 1) {
        if (list->number < 1 || list->number > list->pages)
            capo_raise(ERROR_VALUE, "There is no page %lld of %lld.", (long long)list->number, (long long)list->pages);
        query = capo_query_slice(query, (list->number - 1) * list->per_page, list->per_page);
    }
    query = with_related(list, query);
    list->rows = capo_query_rows(query, &list->n_rows);
}

static void build_list(void *argument)
{
    ChangeList *list = argument;
    admin_list_columns(list);
    list->root = admin_query(list->page);
    list->query = admin_search(list->root, list->admin, list->search);
    list->is_narrowed = list->query != list->root;
    admin_list_filter(list);
    list->query = capo_query_order_by(list->query, list_order(list));
    load_page(list);
}

static int64_t page_number(Request *req)
{
    const char *text = capo_param(req, "p");
    int64_t number;
    return text && capo_to_int(VALUE(text), &number) ? number : 1;
}

static ChangeList *make_list(AdminPage *page)
{
    ChangeList *list = capo_alloc_struct(ChangeList);
    list->page = page;
    list->admin = page->admin;
    list->model = page->model;
    list->params = capo_dict_copy(capo_params(page->req));
    capo_dict_remove(list->params, "p");
    capo_dict_remove(list->params, "e");
    list->number = page_number(page->req);
    list->search = capo_dict_get(list->params, "q");
    list->facets = capo_dict_has(list->params, "_facets");
    list->has_actions = !page->is_popup && admin_list_actions(page)->count > 0;
    list->editable = page->can_change && !page->is_popup && page->admin->list_editable && page->admin->list_editable[0];
    const Error *error = capo_try(build_list, list);
    if (error && (error->code == ERROR_VALUE || error->code == ERROR_FIELD || error->code == ERROR_VALIDATION || error->code == ERROR_DATA))
        list->invalid = error->message;
    else if (error)
        capo_reraise(error);
    return list;
}

/* --- list_editable ------------------------------------------------------------------------------------------------------------- */

static void dress_row(Form *form, void *argument)
{
    ChangeList *list = argument;
    admin_dress_form(list->page, list->admin, form);
    Instance *instance = capo_form_instance_uncleaned(form);
    if (!admin_may(list->page->req, list->admin, MAY_CHANGE, capo_instance_is_saved(instance) ? instance : NULL)) {
        size_t count;
        FormField **fields = capo_form_fields(form, &count);
        for (size_t i = 0; i < count; i++)
            fields[i]->disabled = true;
    }
}

/* The forms of this page's rows and of no other: extra forms and other keys in the body change nothing. */
static Formset *row_forms(ChangeList *list, const QueryDict *data)
{
    List *keys = capo_list_new();
    for (size_t i = 0; i < list->n_rows; i++)
        capo_list_add(keys, capo_instance_pk(list->rows[i]));
    if (data) {
        QueryDict *own = capo_dict_copy(data);
        const char *count = capo_format("%zu", list->n_rows);
        capo_dict_set(own, "form-TOTAL_FORMS", count);
        capo_dict_set(own, "form-INITIAL_FORMS", count);
        for (size_t i = 0; i < list->n_rows; i++)
            capo_dict_set(own, capo_format("form-%zu-%s", i, list->model->pk->name), admin_key_text(list->rows[i]));
        data = own;
    }
    Query *query = capo_query_order_by(capo_query_filter(list->root, Q("pk__in", keys)), list_order(list));
    return capo_model_formset_new(list->model, list->page->req, data, &(FormsetOptions){ .prefix = "form", .extra_set = true, .no_delete = true,
        .fields = list->admin->list_editable, .query = query, .prepare = dress_row, .argument = list });
}

/* The body must name the rows that this page shows, so that no edit lands on another row than the one that was seen. */
static bool same_rows(ChangeList *list, const QueryDict *data)
{
    const char *total = capo_dict_get(data, "form-TOTAL_FORMS");
    if (!total || strcmp(total, capo_format("%zu", list->n_rows)) != 0)
        return false;
    for (size_t i = 0; i < list->n_rows; i++) {
        const char *key = capo_dict_get(data, capo_format("form-%zu-%s", i, list->model->pk->name));
        if (!key || strcmp(key, admin_key_text(list->rows[i])) != 0)
            return false;
    }
    return true;
}

typedef struct RowSaving { ChangeList *list; Form *form; int64_t changed; } RowSaving;

static void save_row(void *argument)
{
    RowSaving *saving = argument;
    Form *form = saving->form;
    Instance *object = capo_form_instance(form);
    if (saving->list->admin->save_model)
        saving->list->admin->save_model(saving->list->page->req, object, form, true);
    else
        capo_instance_save(object);
    capo_form_save_many(form);
}

/* In one transaction; the first row that a constraint of the database refuses undoes it, and its form says why. */
static void save_changed_rows(void *argument)
{
    RowSaving *saving = argument;
    ChangeList *list = saving->list;
    capo_begin();
    for (size_t i = 0; i < capo_formset_count(list->formset); i++) {
        Form *form = saving->form = capo_formset_form(list->formset, i);
        if (!capo_form_has_changed(form))
            continue;
        const Error *error = capo_try(save_row, saving);
        if (error) {
            capo_form_refused(form, error);
            capo_reraise(error);
        }
        List *message = capo_list_new();
        capo_list_add(message, VALUE(capo_map(V("changed", capo_map(V("fields", capo_value_strings(admin_changed_labels(form))))))));
        capo_admin_log(list->page->req, capo_form_instance(form), LOG_CHANGE, capo_json_text(VALUE(message), 0));
        saving->changed++;
    }
    capo_commit();
}

static Response *save_rows(ChangeList *list)
{
    AdminPage *page = list->page;
    if (!page->can_change)
        capo_raise(403, "You may not change %s.", list->model->verbose_name_plural);
    if (!same_rows(list, capo_post_dict(page->req))) {
        capo_message(page->req, MESSAGE_ERROR, "The list has changed since it was opened, and nothing was saved. Please look at it and try again.");
        return capo_redirect(page->req, capo_full_path(page->req));
    }
    list->formset = row_forms(list, capo_post_dict(page->req));
    if (!capo_formset_is_valid(list->formset))
        return NULL;
    RowSaving saving = { .list = list };
    const Error *error = capo_try(save_changed_rows, &saving);
    if (error && !capo_formset_error_count(list->formset))
        capo_reraise(error);
    if (error)
        return NULL;
    int64_t changed = saving.changed;
    if (changed)
        capo_message(page->req, MESSAGE_SUCCESS, "%lld %s changed successfully.", (long long)changed,
                     capo_format("%s %s", changed == 1 ? list->model->verbose_name : list->model->verbose_name_plural, changed == 1 ? "was" : "were"));
    return capo_redirect(page->req, capo_full_path(page->req));
}

/* --- the page --------------------------------------------------------------------------------------------------------------------- */

static const char *page_url(void *context, int64_t number)
{
    return admin_list_query_string(context, NULL, CAPO_VARS(V("p", number)));
}

static List *hidden_params(ChangeList *list)
{
    List *pairs = capo_list_new();
    for (size_t i = 0; i < list->params->count; i++)
        if (strcmp(list->params->items[i].key, "q") != 0 && strcmp(list->params->items[i].key, "all") != 0)
            capo_list_add(pairs, VALUE(capo_map(V("name", list->params->items[i].key), V("value", list->params->items[i].value))));
    return pairs;
}

static Map *list_map(ChangeList *list)
{
    bool searched = list->search && *list->search;
    Map *cl = capo_map(V("result_count", list->count), V("full_result_count", list->full_count), V("page_count", list->n_rows),
        V("things", list->count == 1 ? list->model->verbose_name : list->model->verbose_name_plural),
        V("query", list->search ? list->search : ""), V("search_enabled", (bool)(list->admin->search_fields != NULL)),
        V("search_help_text", list->admin->search_help_text), V("search_hidden", hidden_params(list)),
        V("show_result_count", (bool)(searched || list->has_active_filters)), V("has_active_filters", list->has_active_filters),
        V("total_url", list->page->is_popup ? "?_popup=1" : "?"), V("is_narrowed", (bool)(list->full_count > 0)),
        V("show_actions", (bool)(list->has_actions && list->n_rows > 0)), V("across", (bool)(list->count > (int64_t)list->n_rows)),
        V("columns", list->n_columns + 1), V("is_editable", list->editable), V("facets", list->facets));
    if (list->has_active_filters) {
        QueryDict *kept = capo_dict_copy(list->params);
        for (size_t i = 0; i < list->params->count; i++)
            if (!admin_listed(LIST("q", "o", "all", "_popup", "_to_field", "_facets"), list->params->items[i].key))
                capo_dict_remove(kept, list->params->items[i].key);
        capo_map_set(cl, "clear_url", VALUE(capo_format("?%s", capo_dict_urlencode(kept))));
    }
    if (list->filters->count)
        capo_map_set(cl, "facets_url", VALUE(list->facets ? admin_list_query_string(list, LIST("_facets"), NULL)
                                                          : admin_list_query_string(list, NULL, CAPO_VARS(V("_facets", "True")))));
    if (list->pages > 1 && !list->show_all && list->can_show_all)
        capo_map_set(cl, "show_all_url", VALUE(admin_list_query_string(list, NULL, CAPO_VARS(V("all", "")))));
    if (list->formset) {
        Buffer management = { 0 };
        capo_map_set(cl, "is_multipart", VALUE(capo_formset_is_multipart(list->formset)));
        capo_formset_put_management(list->formset, &management);
        capo_map_set(cl, "management", capo_value_safe(capo_buffer_text(&management)));
    }
    return cl;
}

Response *admin_changelist_page(AdminPage *page)
{
    Request *req = page->req;
    if (!page->can_view)
        capo_raise(403, "You may not view %s.", page->model->verbose_name_plural);
    ChangeList *list = make_list(page);
    if (list->invalid) {
        if (capo_param(req, "e"))
            capo_raise(400, "The list cannot be shown with these parameters: %s", list->invalid);
        return capo_redirect(req, capo_format("%s?e=1", capo_url_quote(req->path, "/")));
    }
    if (req->method == POST) {
        bool run = capo_post(req, "index") != NULL, save = capo_post(req, "_save") != NULL;
        if (!save && (run || capo_post(req, "_selected_action")))
            return admin_run_action(list);
        if (save && list->editable) {
            Response *res = save_rows(list);
            if (res)
                return res;
        } else if (save) {
            capo_raise(403, "This list is not edited in place.");
        }
    } else if (list->editable) {
        list->formset = row_forms(list, NULL);
    }
    const char *purpose = page->is_popup ? "" : page->can_change ? " to change" : " to view";
    Map *context = admin_context(req, page, capo_format("Select %s%s", page->model->verbose_name, purpose));
    admin_model_crumbs(context, page, false);
    const char *query = admin_list_query_string(list, NULL, NULL), *add = admin_add_url(page->model);
    if (page->is_popup)
        add = admin_url_with(add, "_popup", "1");
    else if (query[1])
        add = admin_url_with(add, "_changelist_filters", query + 1);
    capo_map_set(context, "add_url", VALUE(add));
    capo_map_set(context, "cl", VALUE(list_map(list)));
    capo_map_set(context, "headers", VALUE(admin_list_headers(list)));
    capo_map_set(context, "rows", VALUE(admin_list_rows(list)));
    capo_map_set(context, "filters", VALUE(list->filters));
    capo_map_set(context, "date_hierarchy", list->date_hierarchy);
    capo_map_set(context, "actions", VALUE(admin_list_actions(page)));
    if (list->pages > 1 && !list->show_all)
        capo_map_set(context, "pages", VALUE(admin_page_links(list->number, list->pages, page_url, list)));
    if (list->formset && req->method == POST) {
        size_t errors = capo_formset_error_count(list->formset);
        capo_map_set(context, "formset_errors", VALUE((bool)true));
        capo_map_set(context, "has_errors", VALUE((bool)true));
        capo_map_set(context, "formset_error_count", VALUE(errors));
    }
    return admin_answer(req, 200, admin_template(page, "change_list.html"), context);
}

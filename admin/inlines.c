/* SPDX-License-Identifier: BSD-3-Clause */
/* Children edited on their parent's form. Each inline has the rights of its own model: what the person may not add, change or delete
 * is disabled in the forms themselves, so that a forged body changes nothing either. */
#include "admin_internal.h"
#include <string.h>

/* The inline's options as a ModelAdmin, so that the fields of its forms are treated like any others. */
static const ModelAdmin *stand_in(const Inline *row, const char *key_name)
{
    static const ModelAdmin nothing;
    const ModelAdmin *registered = capo_model_admin(row->model) ? capo_model_admin(row->model) : &nothing;
    size_t count = 0;
    while (row->exclude && row->exclude[count])
        count++;
    const char **exclude = capo_alloc_array(count + 2, sizeof *exclude);
    for (size_t i = 0; i < count; i++)
        exclude[i] = row->exclude[i];
    exclude[count] = key_name;
    return capo_memdup(&(ModelAdmin){ .model = row->model, .fields = row->fields, .readonly_fields = row->readonly_fields, .exclude = exclude,
        .columns = registered->columns, .overrides = registered->overrides, .autocomplete_fields = registered->autocomplete_fields,
        .raw_id_fields = registered->raw_id_fields, .empty_value_display = registered->empty_value_display }, sizeof(ModelAdmin));
}

static bool is_saved(Form *form)
{
    return capo_instance_is_saved(capo_form_instance_uncleaned(form));
}

static void prepare(Form *form, void *argument)
{
    AdminInline *inline_ = argument;
    admin_dress_form(inline_->page, inline_->admin, form);
    if (is_saved(form) ? inline_->can_change : inline_->can_add)
        return;
    size_t count;
    FormField **fields = capo_form_fields(form, &count);
    for (size_t i = 0; i < count; i++)
        if (!fields[i]->model_field || !fields[i]->model_field->primary_key)
            fields[i]->disabled = strcmp(fields[i]->name, "DELETE") != 0;
}

/* Save as new: the children are to be added too, so their keys are taken out of the body. */
static const QueryDict *as_new(const QueryDict *data, const char *prefix, const char *pk_name, const char *key_name)
{
    QueryDict *copy = capo_dict_copy(data);
    capo_dict_set(copy, capo_format("%s-INITIAL_FORMS", prefix), "0");
    for (size_t i = 0; i < data->count; i++) {
        const char *key = data->items[i].key;
        if (capo_starts_with(key, capo_format("%s-", prefix)) &&
            (capo_ends_with(key, capo_format("-%s", pk_name)) || capo_ends_with(key, capo_format("-%s", key_name))))
            capo_dict_remove(copy, key);
    }
    return copy;
}

AdminInline *admin_inlines(AdminPage *page, Instance *parent, bool parent_read_only, const QueryDict *data, size_t *ret_count)
{
    const size_t most = sizeof page->admin->inlines / sizeof *page->admin->inlines;
    AdminInline *list = capo_alloc_array(most, sizeof *list);
    size_t count = 0;
    for (size_t i = 0; i < most && page->admin->inlines[i].model; i++) {
        const Inline *row = &page->admin->inlines[i];
        AdminInline *inline_ = &list[count];
        Request *req = page->req;
        inline_->row = row;
        inline_->page = page;
        inline_->model = row->model;
        inline_->key = capo_inline_foreign_key(page->model, row->model, row->fk_name);
        inline_->can_add = !parent_read_only && !row->no_add && admin_may_model(req, row->model, MAY_ADD);
        inline_->can_change = !parent_read_only && !row->no_change && admin_may_model(req, row->model, MAY_CHANGE);
        inline_->can_delete = !parent_read_only && !row->no_delete && admin_may_model(req, row->model, MAY_DELETE);
        inline_->can_view = admin_may_model(req, row->model, MAY_VIEW);
        if (!inline_->can_add && !inline_->can_change && !inline_->can_delete && !inline_->can_view)
            continue;
        inline_->admin = stand_in(row, inline_->key->name);
        inline_->prefix = inline_->key->related_name ? inline_->key->related_name : inline_->key->related_query_name;
        Query *query = capo_default_rows(row->model);
        if (row->ordering)
            query = capo_query_order_by(query, row->ordering);
        const QueryDict *own = data;
        if (data && !capo_instance_is_saved(parent))
            own = as_new(data, inline_->prefix, row->model->pk->name, inline_->key->name);
        bool writes = inline_->can_add || inline_->can_change || inline_->can_delete;
        inline_->formset = capo_inline_formset_new(parent, row->model, req, writes ? own : NULL, &(FormsetOptions){
            .prefix = inline_->prefix, .extra = inline_->can_add ? row->extra : 0, .extra_set = true, .min_num = inline_->can_add ? row->min_num : 0,
            .max_num = row->max_num, .no_delete = !inline_->can_delete, .query = query, .fk_name = inline_->key->name,
            .fields = admin_edited_names(inline_->admin, row->model), .prepare = prepare, .argument = inline_ });
        count++;
    }
    *ret_count = count;
    return list;
}

/* --- for the template ------------------------------------------------------------------------------------------------------------- */

static Map *row_map(AdminInline *inline_, Form *form, const char *const *names, bool original, bool empty, size_t index)
{
    AdminForm about = { .page = inline_->page, .admin = inline_->admin, .model = inline_->model, .form = form,
                        .instance = capo_form_instance(form), .may_relate = true, .in_table = inline_->row->style == TABULAR };
    about.read_only = original ? !inline_->can_change : !inline_->can_add;
    List *fields = capo_list_new();
    for (size_t i = 0; names[i]; i++)
        capo_list_add(fields, VALUE(admin_field_map(&about, names[i])));
    Buffer hidden = { 0 }, delete = { 0 };
    size_t count;
    FormField **all = capo_form_fields(form, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i]->name, "DELETE") != 0 && !admin_listed(names, all[i]->name))
            capo_form_put_field(form, all[i]->name, NULL, &hidden);
    if (inline_->can_delete && capo_form_field(form, "DELETE"))
        capo_form_put_field(form, "DELETE", CAPO_VARS(V("aria-label", capo_format("Delete %s", original ? capo_instance_text(about.instance) : inline_->model->verbose_name))), &delete);
    Map *map = capo_map(V("id", empty ? capo_format("%s-empty", inline_->prefix) : capo_format("%s-%zu", inline_->prefix, index)),
        V("number", index + 1), V("fields", fields), V("is_original", original), V("is_empty", empty),
        V("hidden", capo_value_safe(capo_buffer_text(&hidden))), V("delete", capo_value_safe(capo_buffer_text(&delete))),
        V("errors", capo_value_strings(capo_form_errors(form, NULL))));
    if (delete.size)
        capo_map_set(map, "delete_id", VALUE(capo_form_field_id(form, "DELETE")));
    if (original) {
        capo_map_set(map, "text", VALUE(capo_instance_text(about.instance)));
        if (inline_->row->show_change_link && capo_model_admin(inline_->model) && inline_->can_view)
            capo_map_set(map, "change_url", VALUE(admin_object_url(about.instance, "change")));
    }
    return map;
}

Map *admin_inline_map(AdminInline *inline_)
{
    Formset *formset = inline_->formset;
    const char *const *names = admin_field_names(inline_->admin, inline_->model, NULL);
    const char *one = inline_->row->verbose_name ? inline_->row->verbose_name : inline_->model->verbose_name;
    const char *many = inline_->row->verbose_name_plural ? inline_->row->verbose_name_plural : inline_->model->verbose_name_plural;
    List *forms = capo_list_new(), *columns = capo_list_new();
    size_t count = capo_formset_count(formset), initial = capo_formset_initial_count(formset), n_names = 0;
    for (size_t i = 0; i < count; i++)
        if (i < initial || inline_->can_add)
            capo_list_add(forms, VALUE(row_map(inline_, capo_formset_form(formset, i), names, i < initial, false, i)));
    Form *empty = capo_formset_empty_form(formset);
    if (inline_->can_add)
        capo_list_add(forms, VALUE(row_map(inline_, empty, names, false, true, count)));
    AdminForm about = { .page = inline_->page, .admin = inline_->admin, .model = inline_->model, .form = empty, .instance = capo_form_instance(empty) };
    for (; names[n_names]; n_names++) {
        Map *field = admin_field_map(&about, names[n_names]);
        capo_list_add(columns, VALUE(field));
    }
    Buffer management = { 0 };
    capo_formset_put_management(formset, &management);
    return capo_map(V("prefix", inline_->prefix), V("verbose_name", one), V("verbose_name_title", admin_capital(one)),
        V("verbose_name_plural", admin_capital(many)), V("is_tabular", (bool)(inline_->row->style == TABULAR)),
        V("management", capo_value_safe(capo_buffer_text(&management))), V("errors", capo_value_strings(capo_formset_errors(formset))),
        V("columns", columns), V("forms", forms), V("can_add", inline_->can_add), V("can_delete", inline_->can_delete), V("span", n_names + 2));
}

size_t admin_inline_errors(AdminInline *inline_, List *links)
{
    size_t count = capo_formset_error_count(inline_->formset);
    for (size_t i = 0; i < capo_formset_count(inline_->formset); i++)
        admin_error_links(&(AdminForm){ .page = inline_->page, .form = capo_formset_form(inline_->formset, i) }, links);
    return count;
}

/* --- saving ------------------------------------------------------------------------------------------------------------------------- */

static void tell(List *message, const char *kind, Instance *object, const char *const *labels)
{
    Map *details = capo_map(V("name", object->model->verbose_name), V("object", capo_instance_text(object)));
    if (labels)
        capo_map_set(details, "fields", capo_value_strings(labels));
    Map *part = capo_map_new();
    capo_map_set(part, kind, VALUE(details));
    capo_list_add(message, VALUE(part));
}

static const char *const *labels_of(Model *model, const char *const *names)
{
    size_t count = 0;
    while (names && names[count])
        count++;
    const char **labels = capo_alloc_array(count + 1, sizeof *labels);
    for (size_t i = 0; i < count; i++) {
        Field *field = capo_field(model, names[i]);
        labels[i] = field ? field->label : names[i];
    }
    return labels;
}

void admin_inline_save(AdminInline *inline_, List *message)
{
    if (!inline_->can_add && !inline_->can_change && !inline_->can_delete)
        return;
    FormsetResult result = capo_formset_save(inline_->formset);
    for (Instance **row = result.created; row && *row; row++)
        tell(message, "added", *row, NULL);
    for (size_t i = 0; result.changed && result.changed[i]; i++)
        tell(message, "changed", result.changed[i], labels_of(inline_->model, result.changed_fields ? result.changed_fields[i] : NULL));
    for (Instance **row = result.deleted; row && *row; row++)
        tell(message, "deleted", *row, NULL);
}

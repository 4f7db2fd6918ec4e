/* SPDX-License-Identifier: BSD-3-Clause */
/* The columns of a list: what stands in list_display as fields, paths over relations, the object's text and computed columns;
 * their headers with the links that sort, and the cells of each row. */
#include "admin_internal.h"
#include <string.h>

static bool is_number(const Field *field)
{
    return field && !capo_field_has_choices(field) && (capo_field_is_integer(field->kind) || field->kind == FIELD_FLOAT || field->kind == FIELD_DECIMAL);
}

void admin_list_columns(ChangeList *list)
{
    const ModelAdmin *admin = list->admin;
    const char *const *names = admin->list_display ? admin->list_display : LIST("__str__");
    size_t count = 0;
    while (names[count])
        count++;
    list->columns = capo_alloc_array(count ? count : 1, sizeof *list->columns);
    list->n_columns = count;
    for (size_t i = 0; i < count; i++) {
        ListColumn *column = &list->columns[i];
        column->name = names[i];
        column->label = admin_label_for(admin, list->model, names[i]);
        column->computed = admin_column(admin, names[i]);
        Field *field = NULL;
        if (column->computed)
            column->ordering = column->computed->ordering;
        else if (strcmp(names[i], "__str__") != 0 && admin_path_field(list->model, names[i], &field, NULL)) {
            column->field = field;
            column->ordering = field->kind == FIELD_MANY_TO_MANY ? NULL : names[i];
        }
        column->numeric = is_number(field);
        column->link = admin->list_display_links ? admin_listed(admin->list_display_links, names[i]) : i == 0;
    }
}

/* --- headers ---------------------------------------------------------------------------------------------------------------- */

/* Django counts from 1 where the first column holds the tick boxes, else from 0. */
static int first_number(const ChangeList *list)
{
    return list->has_actions ? 1 : 0;
}

/* The `o` of a list sorted as now, but for column `number`: put first, turned in place, left out or put last. */
typedef enum { TO_FRONT, TURNED, WITHOUT, AT_END } Reordering;

static const char *ordering_text(const ChangeList *list, int number, bool sorted, bool ascending, Reordering how)
{
    Buffer out = { 0 };
    const char *own = capo_format("%s%d", sorted && ascending ? "-" : "", number);
    if (how == TO_FRONT)
        capo_put(&out, own);
    for (size_t i = 0; i < list->n_sorted; i++) {
        int other = list->sorted[i] / 2;
        bool same = other == number;
        if (same && how != TURNED)
            continue;
        const char *part = same ? own : capo_format("%s%d", list->sorted[i] % 2 ? "-" : "", other);
        capo_put_format(&out, "%s%s", out.size ? "." : "", part);
    }
    if (how == AT_END)
        capo_put_format(&out, "%s%s", out.size ? "." : "", own);
    return capo_buffer_text(&out);
}

List *admin_list_headers(ChangeList *list)
{
    List *headers = capo_list_new();
    for (size_t i = 0; i < list->n_columns; i++) {
        const ListColumn *column = &list->columns[i];
        Map *header = capo_map(V("name", column->name), V("text", column->label), V("sortable", (bool)(column->ordering != NULL)),
                               V("numeric", column->numeric));
        capo_list_add(headers, VALUE(header));
        if (!column->ordering)
            continue;
        int number = (int)i + first_number(list), priority = 0;
        bool ascending = false;
        for (size_t j = 0; j < list->n_sorted; j++)
            if (list->sorted[j] / 2 == number) {
                priority = (int)j + 1;
                ascending = list->sorted[j] % 2 == 0;
            }
        const struct { const char *name; Reordering how; } links[] = {
            { "url_primary", TO_FRONT }, { "url_toggle", TURNED }, { "url_remove", WITHOUT }, { "url_add", AT_END },
        };
        for (size_t j = 0; j < sizeof links / sizeof *links; j++)
            capo_map_set(header, links[j].name, VALUE(admin_list_query_string(list, NULL,
                CAPO_VARS(V("o", ordering_text(list, number, priority > 0, ascending, links[j].how))))));
        if (list->n_sorted == 0)
            capo_map_remove(header, "url_add");
        capo_map_set(header, "sorted", VALUE((bool)(priority > 0)));
        capo_map_set(header, "ascending", VALUE(ascending));
        capo_map_set(header, "priority", VALUE(priority));
        capo_map_set(header, "several", VALUE((bool)(list->n_sorted > 1)));
    }
    return headers;
}

/* --- cells --------------------------------------------------------------------------------------------------------------------- */

static Value cell_content(ChangeList *list, const ListColumn *column, Instance *row, bool *ret_empty)
{
    const char *empty = admin_empty(list->admin);
    if (strcmp(column->name, "__str__") == 0) {
        const char *text = capo_instance_text(row);
        return VALUE(*text ? text : empty);
    }
    if (column->computed) {
        Value value = column->computed->value(row);
        if (column->computed->boolean)
            return admin_boolean(value);
        return admin_display(NULL, row, value, column->computed->empty ? column->computed->empty : empty, ret_empty);
    }
    const Field *field;
    Instance *owner;
    Value value = admin_path_value(row, column->name, &field, &owner);
    if (column->link && field && capo_field_is_file(field->kind))
        owner = NULL;                       /* the cell is a link to the object, which cannot hold another */
    return admin_display(field, owner, value, empty, ret_empty);
}

static const char *row_url(ChangeList *list, Instance *row)
{
    const char *url = admin_object_url(row, "change"), *query = admin_list_query_string(list, NULL, NULL);
    if (list->page->is_popup)
        return admin_url_with(url, "_popup", "1");
    return query[1] ? admin_url_with(url, "_changelist_filters", query + 1) : url;
}

/* A cell of list_editable: its input, with its errors above. */
static Value edited_cell(Form *form, const char *name)
{
    Buffer html = { 0 };
    for (const char *const *error = capo_form_errors(form, name); error && *error; error++)
        capo_put_format(&html, "<ul class=\"errorlist\"><li>%s</li></ul>", capo_escape(*error));
    const char *label = admin_form_label(capo_form_field(form, name));
    capo_form_put_field(form, name, CAPO_VARS(V("aria-label", label)), &html);
    return capo_value_safe(capo_buffer_text(&html));
}

static List *row_cells(ChangeList *list, Instance *row, Form *form)
{
    List *cells = capo_list_new();
    bool linked = list->page->can_view || list->page->is_popup, headed = false;
    for (size_t i = 0; i < list->n_columns; i++) {
        const ListColumn *column = &list->columns[i];
        bool empty = false, edited = form && admin_listed(list->admin->list_editable, column->name);
        Value content = edited ? edited_cell(form, column->name) : cell_content(list, column, row, &empty);
        Map *cell = capo_map(V("name", column->name), V("label", column->label), V("content", content), V("numeric", column->numeric),
                             V("empty", empty), V("heads", (bool)(column->link && !headed && !edited)));
        if (column->link && linked && !edited) {
            capo_map_set(cell, "url", VALUE(row_url(list, row)));
            if (list->page->is_popup)
                capo_map_set(cell, "popup_id", VALUE(admin_key_text(row)));
            headed = true;
        }
        if (content.kind == VALUE_TEXT && content.size > 40)
            capo_map_set(cell, "title", content);
        capo_list_add(cells, VALUE(cell));
    }
    if (form && cells->count) {
        Buffer hidden = { 0 };
        capo_form_put_field(form, list->model->pk->name, NULL, &hidden);
        capo_map_set(cells->items[0].map, "extra", capo_value_safe(capo_buffer_text(&hidden)));
    }
    return cells;
}

List *admin_list_rows(ChangeList *list)
{
    List *rows = capo_list_new();
    for (size_t i = 0; i < list->n_rows; i++) {
        Form *form = list->formset && i < capo_formset_count(list->formset) ? capo_formset_form(list->formset, i) : NULL;
        Map *row = capo_map(V("pk", admin_key_text(list->rows[i])), V("text", capo_instance_text(list->rows[i])),
                            V("cells", row_cells(list, list->rows[i], form)));
        if (form)
            capo_map_set(row, "errors", capo_value_strings(capo_form_errors(form, NULL)));
        capo_list_add(rows, VALUE(row));
    }
    return rows;
}

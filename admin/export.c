/* SPDX-License-Identifier: BSD-3-Clause */
/* Chosen rows as CSV (RFC 4180), written while they are read. A cell that a spreadsheet would run as a formula begins with an
 * apostrophe; numbers stay numbers. */
#include "admin_internal.h"
#include <string.h>

typedef struct Export { ChangeList *list; Query *chosen; } Export;

static void put_cell(Buffer *out, const char *text, bool is_number)
{
    capo_put_char(out, '"');
    if (!is_number && *text && strchr("=+-@\t\r\n", *text))
        capo_put_char(out, '\'');
    for (; *text; text++)
        capo_put(out, *text == '"' ? "\"\"" : (char[]){ *text, '\0' });
    capo_put_char(out, '"');
}

static void put_value(Buffer *out, ChangeList *list, Instance *row, const char *name)
{
    const AdminColumn *column = admin_column(list->admin, name);
    const Field *field = NULL;
    Instance *owner = row;
    Value value = column ? column->value(row) : admin_path_value(row, name, &field, &owner);
    if (field && capo_field_has_choices(field) && owner && !capo_is_null(value))
        value = VALUE(capo_field_display(owner, field));
    if (value.kind == VALUE_LIST) {
        bool empty;
        value = admin_display(NULL, NULL, value, "", &empty);
    }
    bool is_number = value.kind == VALUE_INT || value.kind == VALUE_REAL || value.kind == VALUE_DECIMAL;
    put_cell(out, capo_is_null(value) ? "" : capo_to_text(value), is_number);
}

static void write_rows(ResponseStream *stream, void *argument)
{
    Export *export = argument;
    const char *const *names = export->list->admin->export_fields;
    Buffer head = { 0 };
    for (size_t i = 0; names[i]; i++) {
        capo_put(&head, i ? "," : "");
        put_cell(&head, admin_label_for(export->list->admin, export->list->model, names[i]), false);
    }
    capo_put(&head, "\r\n");
    capo_stream_write(stream, head.data, head.size);
    struct QueryCursor *cursor = capo_cursor_open(export->chosen);
    for (Instance *row; (row = capo_cursor_next(cursor)) != NULL; ) {
        Buffer line = { 0 };
        for (size_t i = 0; names[i]; i++) {
            capo_put(&line, i ? "," : "");
            put_value(&line, export->list, row, names[i]);
        }
        capo_put(&line, "\r\n");
        capo_stream_write(stream, line.data, line.size);
    }
}

Response *admin_export(ChangeList *list, Query *chosen)
{
    Export *export = capo_alloc_struct(Export);
    *export = (Export){ .list = list, .chosen = chosen };
    Response *res = capo_stream("text/csv; charset=utf-8", write_rows, export);
    capo_set_header(res, "Content-Disposition", capo_format("attachment; filename=\"%s.csv\"", list->model->name_lower));
    return res;
}

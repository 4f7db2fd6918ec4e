/* SPDX-License-Identifier: BSD-3-Clause */
/* Objects of a fixture become rows: those of one model that stand together are written together. */
#include "loader.h"
#include "instance.h"
#include <capo/text.h>
#include <string.h>

enum { MOST_ROWS = 100 };

typedef struct Row { Instance *instance; bool has_key; Value *many; const char *shown; } Row;        /* many: a List for each field of model->many, or null */

struct Rows {
    Loader *loader;
    const LoadOptions *options;
    Lateness lateness;
    Model *model;                       /* of those that wait */
    Row waiting[MOST_ROWS]; size_t n_waiting;
    Map *found;                         /* keys by model and natural key */
    const char *shown;                  /* the row at hand, for messages: "shelf.Item(pk=1)" */
    bool missing;                       /* it refers to one that is not there */
};

Rows *loader_rows_new(Loader *loader, const LoadOptions *options, Lateness lateness)
{
    Rows *rows = capo_alloc_struct(Rows);
    *rows = (Rows){ .loader = loader, .options = options, .lateness = lateness, .found = capo_map_new() };
    return rows;
}

_Noreturn static void refuse(const Rows *rows, const char *shown, const char *why)
{
    capo_raise(ERROR_COMMAND, "Problem installing fixture '%s': Could not load %s: %s", rows->options->name, shown, why);
}

/* --- writing --- */

static void touch(Loader *loader, const Model *model)
{
    for (size_t i = 0; i < loader->n_touched; i++)
        if (loader->touched[i] == model)
            return;
    if (loader->n_touched == loader->touched_room) {
        const Model **larger = arena_alloc(loader->arena, (2 * loader->touched_room + 16) * sizeof *larger);
        if (loader->n_touched)
            memcpy(larger, loader->touched, loader->n_touched * sizeof *larger);
        loader->touched = larger;
        loader->touched_room = 2 * loader->touched_room + 16;
    }
    loader->touched[loader->n_touched++] = model;
}

typedef struct Writing { Rows *rows; Row *first; size_t count; } Writing;

/* By the text of the key, whatever kind it has. */
static Map *keys_that_are_there(Model *model, const Row *first, size_t count)
{
    Map *there = capo_map_new();
    List *keys = capo_list_new();
    for (size_t i = 0; i < count; i++)
        if (first[i].has_key)
            capo_list_add(keys, capo_instance_pk(first[i].instance));
    if (!keys->count)
        return there;
    Query *query = capo_query_order_by(capo_query_filter(capo_query_of(model), Q("pk__in", keys)), LIST(NULL));
    List *found = capo_values_flat(query, model->pk->attname);
    for (size_t i = 0; i < found->count; i++)
        capo_map_set(there, capo_to_text(found->items[i]), capo_value_bool(true));
    return there;
}

static bool same_keys(const List *a, Value found, const Field *field)
{
    size_t count = found.kind == VALUE_LIST ? found.list->count : 0;
    if (a->count != count)
        return false;
    Map *known = capo_map_new();
    for (size_t i = 0; i < count; i++)
        capo_map_set(known, capo_to_text(found.list->items[i]), capo_value_bool(true));
    for (size_t i = 0; i < count; i++)
        if (!capo_map_get(known, capo_to_text(a->items[i])))
            return false;
    return !field->symmetrical || count == 0;
}

static void write_many(Model *model, const Row *first, size_t count, size_t m)
{
    const Field *field = model->many[m];
    List *keys = capo_list_new();
    for (size_t i = 0; i < count; i++)
        if (first[i].many && first[i].many[m].kind == VALUE_LIST)
            capo_list_add(keys, capo_instance_pk(first[i].instance));
    if (!keys->count)
        return;
    Query *query = capo_query_filter(capo_query_of(field->through), Q(capo_format("%s__in", field->through_source->attname), keys));
    List *pairs = capo_values_tuples(query, LIST(field->through_source->attname, field->through_target->attname));
    Map *there = capo_map_new();
    for (size_t i = 0; i < pairs->count; i++) {
        const char *key = capo_to_text(pairs->items[i].list->items[0]);
        if (!capo_map_get(there, key))
            capo_map_set(there, key, capo_value_list(capo_list_new()));
        capo_list_add(capo_map_get(there, key)->list, pairs->items[i].list->items[1]);
    }
    for (size_t i = 0; i < count; i++) {
        if (!first[i].many || first[i].many[m].kind != VALUE_LIST)
            continue;
        Value *found = capo_map_get(there, capo_to_text(capo_instance_pk(first[i].instance)));
        if (!same_keys(first[i].many[m].list, found ? *found : capo_value_null(), field))
            capo_instance_many(first[i].instance, field->name, MANY_SET, first[i].many[m]);
    }
}

static void write_rows(void *argument)
{
    Writing *writing = argument;
    Model *model = writing->rows->model;
    capo_begin();
    Map *there = keys_that_are_there(model, writing->first, writing->count);
    Instance **new = capo_alloc_array(writing->count, sizeof *new);
    size_t n_new = 0;
    for (size_t i = 0; i < writing->count; i++) {
        Row *row = &writing->first[i];
        const char *key = row->has_key ? capo_to_text(capo_instance_pk(row->instance)) : NULL;
        Value *known = key ? capo_map_get(there, key) : NULL;
        if (known && known->kind == VALUE_INT) {
            new[known->integer] = row->instance;        /* the same key twice: the later one counts */
        } else if (known) {
            capo_instances_write(&row->instance, 1, true);
        } else if (key) {
            capo_map_set(there, key, capo_value_int((int64_t)n_new));
            new[n_new++] = row->instance;
        } else {
            capo_instances_write(&row->instance, 1, false);
        }
    }
    if (n_new)
        capo_instances_write(new, n_new, false);
    for (size_t m = 0; m < model->n_many; m++)
        if (model->many[m]->through->auto_created)
            write_many(model, writing->first, writing->count, m);
    capo_commit();
}

static void flush(Rows *rows)
{
    Writing all = { rows, rows->waiting, rows->n_waiting };
    if (!all.count)
        return;
    touch(rows->loader, rows->model);
    for (size_t m = 0; m < rows->model->n_many; m++)
        if (rows->model->many[m]->through->auto_created)
            touch(rows->loader, rows->model->many[m]->through);
    const Error *error = capo_try(write_rows, &all);
    for (size_t i = 0; error && i < all.count; i++) {       /* once more, one by one, for the name of the one that fails */
        Writing one = { rows, &all.first[i], 1 };
        const Error *own = capo_try(write_rows, &one);
        if (own)
            refuse(rows, one.first->shown, own->message);
    }
    rows->n_waiting = 0;
}

void loader_rows_finish(Rows *rows)
{
    flush(rows);
}

/* --- reading --- */

typedef struct Conversion { const Field *field; Value value; } Conversion;

static void convert(void *argument)
{
    Conversion *conversion = argument;
    const Field *column = capo_column_field(conversion->field);
    Value value = conversion->value;
    if (column->kind == FIELD_BINARY && capo_is_text(value)) {
        uint8_t *bytes;
        size_t size;
        if (!capo_base64_parse(value.text, value.size, &bytes, &size))
            capo_raise(ERROR_VALUE, "the text is no base64.");
        conversion->value = capo_value_bytes(bytes, size);
    } else if (column->kind != FIELD_JSON) {
        conversion->value = capo_field_to_python(column, value);
    }
    if (column->kind != FIELD_COMPOSITE_KEY)
        capo_to_column(conversion->field, conversion->value);
}

static Value converted(Rows *rows, const Field *field, Value value)
{
    Conversion conversion = { field, value };
    const Error *error = capo_is_null(value) ? NULL : capo_try(convert, &conversion);
    if (error)
        refuse(rows, rows->shown, capo_format("%s: field '%s' cannot hold %.200s.", error->message, field->name, capo_json_text(value, 0)));
    return conversion.value;
}

/* The value of `field` in the row that this natural key names; null: there is none. */
static Value find(Rows *rows, const Field *field, const Model *model, const List *natural)
{
    const char *const *paths = capo_natural_key(model);
    const char *known = capo_format("%s.%s%s", model->label, field->name, capo_json_text(capo_value_list((List *)natural), 0));
    Value *found = capo_map_get(rows->found, known);
    if (found)
        return *found;
    Query *query = capo_default_rows((Model *)model);
    for (size_t i = 0; paths[i] || i < natural->count; i++) {
        if (!paths[i] || i >= natural->count)
            refuse(rows, rows->shown, capo_format("the natural key of %s has %s values than %s.", model->label, paths[i] ? "more" : "fewer",
                                                  capo_json_text(capo_value_list((List *)natural), 0)));
        query = capo_query_filter(query, capo_q(capo_is_null(natural->items[i]) ? capo_format("%s__isnull", paths[i]) : paths[i],
                                                capo_is_null(natural->items[i]) ? capo_value_bool(true) : natural->items[i]));
    }
    List *keys = capo_values_flat(capo_query_slice(query, 0, 2), field->attname);
    if (keys->count > 1)
        refuse(rows, rows->shown, capo_format("more than one %s has the natural key %s.", model->label, capo_json_text(capo_value_list((List *)natural), 0)));
    if (keys->count == 0 && rows->n_waiting) {
        flush(rows);
        return find(rows, field, model, natural);
    }
    if (keys->count == 0)
        return capo_value_null();
    capo_map_set(rows->found, known, keys->items[0]);
    return keys->items[0];
}

/* A relation's value: a key, or a natural key as a list. */
static Value related(Rows *rows, const Field *field, const Field *target_field, Value value)
{
    const Model *target = target_field->model;
    if (value.kind != VALUE_LIST || !target->meta->natural_key)
        return converted(rows, target_field, value);
    Value key = find(rows, target_field, target, value.list);
    if (!capo_is_null(key))
        return key;
    rows->missing = true;
    if (rows->lateness == NOW)
        refuse(rows, rows->shown, capo_format("%s matching query does not exist: no row has the natural key %s of the field '%s'.", target->name,
                                              capo_json_text(value, 0), field->name));
    return key;
}

static void store(Rows *rows, Row *row, const Field *field, Value value)
{
    bool is_key = field->target != NULL;
    value = is_key ? related(rows, field, field->target_field, value) : converted(rows, field, value);
    if (capo_is_null(value) && !field->null && !rows->missing && field->kind != FIELD_JSON)
        refuse(rows, row->shown, capo_format("the field '%s' must not be null.", field->name));
    capo_field_store(row->instance, field, value);
}

static const Field *local_field(const Model *model, const char *name)
{
    const Field *field = capo_field(model, name);
    return field && (!strcmp(field->name, name)) && (!field->inherited || field == model->pk) ? field : NULL;
}

static void read_fields(Rows *rows, Row *row, const Map *fields)
{
    Model *model = row->instance->model;
    bool *given = capo_alloc_array(model->n_fields + 1, sizeof *given);
    for (size_t i = 0; i < fields->count; i++) {
        const char *name = fields->entries[i].key.text;
        Value value = fields->entries[i].value;
        const Field *field = local_field(model, name);
        if (!field && rows->options->ignore_unknown)
            continue;
        if (!field)
            refuse(rows, row->shown, capo_format("%s has no field named '%s'.", model->name, name));
        if (field->generated)
            continue;
        if (field->kind != FIELD_MANY_TO_MANY) {
            given[field->position] = true;
            store(rows, row, field, value);
            continue;
        }
        if (value.kind != VALUE_LIST && !capo_is_null(value))
            refuse(rows, row->shown, capo_format("the field '%s' holds a list of keys.", name));
        List *keys = capo_list_new();
        for (size_t k = 0; value.kind == VALUE_LIST && k < value.list->count; k++) {
            Value key = related(rows, field, field->target_field, value.list->items[k]);
            if (!capo_is_null(key))
                capo_list_add(keys, key);
        }
        row->many[field->position] = capo_value_list(keys);
    }
    for (size_t i = 0; i < model->n_fields; i++) {
        const Field *field = model->fields[i];
        bool defaulted = field->has_default || field->has_db_default || field->generated || field->null || field->in_key || field->inherited || (!field->target && capo_field_storage(field) == STORAGE_TEXT);
        if (!given[i] && !defaulted && field->kind != FIELD_BINARY && field->kind != FIELD_JSON)
            refuse(rows, row->shown, capo_format("the field '%s' is missing; it has no default and must not be null.", field->name));
    }
}

static void keep_for_later(Rows *rows, const char *text, size_t size)
{
    Loader *loader = rows->loader;
    LateRow *late = arena_alloc(loader->arena, sizeof *late);
    *late = (LateRow){ arena_strndup(loader->arena, text, size), size, *rows->options, NULL };
    late->options.name = arena_strndup(loader->arena, rows->options->name, strlen(rows->options->name));
    *loader->last_late = late;
    loader->last_late = &late->next;
    loader->n_late++;
}

/* NaN and its like, which Python writes and JSON does not have, as texts, which become the same numbers. */
static const char *with_numbers(const char *text, size_t *size)
{
    if (!memmem(text, *size, "NaN", 3) && !memmem(text, *size, "Infinity", 8))
        return text;
    Buffer out = { 0 };
    bool in_text = false;
    for (size_t i = 0; i < *size; i++) {
        size_t word = 0;
        if (!in_text && (text[i] == 'N' || text[i] == 'I' || (text[i] == '-' && i + 1 < *size && text[i + 1] == 'I')))
            while (i + word < *size && !strchr(",}] \n\r\t", text[i + word]))
                word++;
        if (word) {
            capo_put_format(&out, "\"%.*s\"", (int)word, text + i);
            i += word - 1;
            continue;
        }
        capo_put_char(&out, text[i]);
        if (in_text && text[i] == '\\' && i + 1 < *size)
            capo_put_char(&out, text[++i]);
        else if (text[i] == '"')
            in_text = !in_text;
    }
    *size = out.size;
    return capo_buffer_text(&out);
}

static bool is_excluded(const LoadOptions *options, const Model *model)
{
    for (Model *const *excluded = options->exclude; excluded && *excluded; excluded++)
        if (*excluded == model)
            return true;
    return false;
}

static Value value_at(Instance *self, const char *path)
{
    for (;;) {
        const char *end = strstr(path, "__");
        const char *name = end ? capo_strndup(path, (size_t)(end - path)) : path;
        if (!end)
            return capo_field_value(self, capo_field(self->model, name));
        self = capo_instance_related(self, name);
        if (!self)
            return capo_value_null();
        path = end + 2;
    }
}

void loader_rows_add(Rows *rows, const char *text, size_t size)
{
    Value object;
    const char *wrong, *name = rows->options->name;
    size_t plain_size = size;
    const char *plain = with_numbers(text, &plain_size);
    if (!capo_json_parse(plain, plain_size, &object, &wrong))
        capo_raise(ERROR_COMMAND, "Problem installing fixture '%s': %s, in %.80s", name, wrong, text);
    Value *label = object.kind == VALUE_MAP ? capo_map_get(object.map, "model") : NULL, *fields = label ? capo_map_get(object.map, "fields") : NULL;
    Value *pk = label ? capo_map_get(object.map, "pk") : NULL;
    if (!label || !capo_is_text(*label) || !fields || fields->kind != VALUE_MAP)
        capo_raise(ERROR_COMMAND, "Problem installing fixture '%s': an object has no \"model\" or no \"fields\": %.80s", name, text);
    Model *model = capo_model(label->text);
    if (!model || model->abstract) {
        if (rows->options->ignore_unknown)
            return;
        capo_raise(ERROR_COMMAND, "Problem installing fixture '%s': Invalid model identifier: '%s'", name, label->text);
    }
    if (is_excluded(rows->options, model))
        return;
    if (rows->n_waiting && (rows->model != model || rows->n_waiting == MOST_ROWS || (rows->n_waiting + 1) * model->n_fields > capo_dialect()->max_parameters))
        flush(rows);
    rows->shown = capo_format("%s(pk=%s)", model->label, pk ? capo_to_text(*pk) : "None");
    rows->missing = false;
    Row row = { .instance = capo_instance_new(model), .many = capo_alloc_array(model->n_many + 1, sizeof(Value)), .shown = rows->shown };
    read_fields(rows, &row, fields->map);
    Value key = pk && !capo_is_null(*pk) ? converted(rows, model->pk->target ? model->pk->target_field : model->pk, *pk) : capo_value_null();
    if (capo_is_null(key) && model->meta->natural_key && !rows->missing) {
        List *natural = capo_list_new();
        for (const char *const *path = capo_natural_key(model); *path; path++) {
            capo_list_add(natural, value_at(row.instance, *path));
        }
        key = find(rows, model->pk, model, natural);
    }
    if (!capo_is_null(key))
        capo_field_store(row.instance, model->pk, key);
    row.has_key = !capo_is_null(key) || (model->pk->kind == FIELD_COMPOSITE_KEY && !capo_is_null(capo_instance_pk(row.instance)));
    if (rows->missing) {
        keep_for_later(rows, text, size);
        if (rows->lateness != WITH_NULLS)
            return;
        for (size_t i = 0; i < model->n_fields; i++)
            if (model->fields[i]->target && !model->fields[i]->null && capo_is_null(capo_field_value(row.instance, model->fields[i])))
                return;
    } else {
        rows->loader->rows++;
    }
    rows->model = model;
    rows->waiting[rows->n_waiting++] = row;
}

/* --- keys at the end --- */

static void check_key(const Model *model, const Field *field)
{
    const Field *target = field->target_field;
    const char *table = capo_quote_name(model->table), *column = capo_quote_name(field->column);
    const char *other = capo_quote_name(target->model->table), *other_column = capo_quote_name(target->column);
    const Field *key = capo_key_part(model->pk, 0);
    ResultSet *found = capo_database_run(capo_format(
        "SELECT a.%s, a.%s FROM %s a LEFT JOIN %s b ON a.%s = b.%s WHERE a.%s IS NOT NULL AND b.%s IS NULL LIMIT 1",
        capo_quote_name(key->column), column, table, other, column, other_column, column, other_column), NULL, 0, DATABASE_READ);
    if (found->n_rows)
        capo_raise(ERROR_COMMAND, "Problem installing fixtures: The row in table '%s' with primary key '%s' has an invalid foreign key: %s.%s contains a "
                   "value '%s' that does not have a corresponding value in %s.%s.", model->table, capo_to_text(capo_from_column(key, capo_cell(found, 0, 0))),
                   model->table, field->column, capo_to_text(capo_from_column(field, capo_cell(found, 0, 1))), target->model->table, target->column);
}

void loader_check_keys(const Loader *loader)
{
    for (size_t i = 0; i < loader->n_touched; i++)
        for (size_t f = 0; f < loader->touched[i]->n_fields; f++) {
            const Field *field = loader->touched[i]->fields[f];
            if (field->target && field->db_constraint && !field->inherited)
                check_key(loader->touched[i], field);
        }
}

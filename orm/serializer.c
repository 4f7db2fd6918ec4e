/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows as text. A batch is read by key, in a unit of work of its own, so that its memory is gone when the next is read: the columns with
 * what natural keys want in one SELECT, then the pairs of each many-to-many field in one SELECT. */
#include "loader.h"
#include "query.h"
#include <capo/databases.h>
#include <capo/text.h>
#include <math.h>
#include <string.h>

enum { BATCH = 1000 };

const char *const capo_serializer_formats[] = { "json", "jsonl", NULL };

struct Serializer {
    SerializeOptions options;
    List *values;                       /* where rows go that stay values; NULL: they become text */
    bool lines;
    int64_t count;
};

/* A field of a row: where its value begins in the tuple, and how many of it are its natural key. */
typedef struct Part { const Field *field; size_t at, natural; } Part;

typedef struct Batch {
    Serializer *serializer;
    Query *rows;                        /* ordered by key */
    Model *model;
    Value after;                        /* the last key of the batch before; null: the first */
    Arena *outer;                       /* where `after` is kept */
    Arena *scratch;                     /* where `text` is: what the batch gave, which outlives its memory and is written behind it */
    const char *text; size_t size;
    size_t n_rows;
} Batch;

static void emit(Serializer *serializer, const char *text, size_t size)
{
    if (serializer->options.buffer)
        capo_put_bytes(serializer->options.buffer, text, size);
    else
        serializer->options.write(serializer->options.self, text, size);
}

Serializer *capo_serializer_open(const SerializeOptions *options)
{
    Serializer *serializer = capo_alloc_struct(Serializer);
    serializer->options = *options;
    const char *format = options->format ? options->format : "json";
    serializer->lines = !strcmp(format, "jsonl");
    if (!serializer->lines && strcmp(format, "json"))
        capo_raise(ERROR_COMMAND, "There is no serialization format '%s'; json and jsonl are known.%s", format,
                   capo_did_you_mean(format, capo_serializer_formats, 2));
    if (!options->buffer && !options->write)
        capo_bug("capo_serializer_open() wants .buffer or .write.");
    if (!serializer->lines)
        emit(serializer, "[", 1);
    return serializer;
}

void capo_serializer_close(Serializer *serializer)
{
    bool indented = serializer->options.indent > 0;
    if (!serializer->lines)
        emit(serializer, indented ? "\n]\n" : "]", indented ? 3 : 1);
}

/* --- values --- */

static const char *with_moment(char *iso, int64_t microseconds)
{
    /* ….123000 is ….123, as Django's encoder has it */
    char *point = microseconds % 1000 == 0 ? strchr(iso, '.') : NULL;
    if (point)
        memmove(point + 4, point + 7, strlen(point + 7) + 1);
    return iso;
}

static Value base64_of(Value bytes)
{
    return capo_value_text(capo_base64(bytes.bytes, bytes.size));
}

/* Django's duration_string: "1 02:03:04.000005"; before zero the days are negative and the rest is not. */
const char *capo_duration_string(Duration duration)
{
    const int64_t day = 86400000000;
    int64_t days = duration.microseconds / day - (duration.microseconds % day < 0), rest = duration.microseconds - days * day;
    Buffer out = { 0 };
    if (days)
        capo_put_format(&out, "%lld ", (long long)days);
    capo_put_format(&out, "%02d:%02d:%02d", (int)(rest / 3600000000), (int)(rest / 60000000 % 60), (int)(rest / 1000000 % 60));
    if (rest % 1000000)
        capo_put_format(&out, ".%06d", (int)(rest % 1000000));
    return capo_buffer_text(&out);
}

Value serializer_plain(Value value)
{
    switch (value.kind) {
    case VALUE_DATETIME: {
        char *iso = capo_datetime_iso(value.datetime, capo_time_zone_utc());
        char *zone = strstr(iso, "+00:00");
        if (zone)
            strcpy(zone, "Z");
        return capo_value_text(with_moment(iso, value.datetime.microseconds));
    }
    case VALUE_TIME:
        return capo_value_text(with_moment(capo_time_iso(value.time), value.time.microseconds));
    case VALUE_DATE:
        return capo_value_text(capo_date_iso(value.date));
    case VALUE_DURATION:
        return capo_value_text(capo_duration_string(value.duration));
    case VALUE_UUID:
        return capo_value_text(capo_uuid_text(value.uuid));
    case VALUE_DECIMAL:
        return capo_value_text(value.decimal.text ? value.decimal.text : "0");
    case VALUE_BYTES:
        return base64_of(value);
    case VALUE_LIST: case VALUE_MAP:
        return value;
    case VALUE_OBJECT:
        return capo_value_text(capo_to_text(value));
    default:
        return value;
    }
}

/* As text has it, unless the rows stay values. */
static Value plain(const Serializer *serializer, Value value) { return serializer->values ? value : serializer_plain(value); }

static Value natural_value(const Serializer *serializer, const Value *cells, size_t count)
{
    List *list = capo_list_new();
    for (size_t i = 0; i < count; i++)
        capo_list_add(list, plain(serializer, cells[i]));
    return capo_value_list(list);
}

/* --- what is read --- */

static bool is_wanted(const Serializer *serializer, const char *name)
{
    const char *const *fields = serializer->options.fields;
    if (!fields)
        return true;
    for (; *fields; fields++)
        if (!strcmp(*fields, name))
            return true;
    return false;
}

static const char *const *foreign_key_of(const Serializer *serializer, const Field *field)
{
    return serializer->options.natural_foreign && field->target ? capo_natural_key(field->target) : NULL;
}

static size_t put_names(const char **names, size_t count, const char *prefix, const char *const *natural)
{
    for (; *natural; natural++)
        names[count++] = capo_format("%s__%s", prefix, *natural);
    return count;
}

static size_t list_size(const char *const *list)
{
    size_t count = 0;
    while (list && list[count])
        count++;
    return count;
}

/* The names of a tuple, its key first; parts end with a NULL field. */
static const char **columns_of(const Serializer *serializer, const Model *model, Part **ret_parts)
{
    size_t room = 2;
    for (size_t i = 0; i < model->n_fields; i++)
        room += 1 + list_size(foreign_key_of(serializer, model->fields[i]));
    const char **names = capo_alloc_array(room, sizeof *names);
    Part *parts = capo_alloc_array(model->n_fields + 1, sizeof *parts);
    size_t count = 0, n_parts = 0;
    names[count++] = model->pk->attname;
    for (size_t i = 0; i < model->n_fields; i++) {
        const Field *field = model->fields[i];
        if (field == model->pk || field->inherited || field->generated || !is_wanted(serializer, field->name))
            continue;
        const char *const *natural = foreign_key_of(serializer, field);
        parts[n_parts++] = (Part){ field, count, list_size(natural) };
        names[count++] = field->attname;
        if (natural)
            count = put_names(names, count, field->name, natural);
    }
    *ret_parts = parts;
    return names;
}

/* Of each key of the batch a List of what its many-to-many field has, by the text of the key. */
static Map *pairs_of(const Serializer *serializer, const Field *field, const List *keys)
{
    const char *const *natural = foreign_key_of(serializer, field);
    const char *target = field->through_target->name;
    const char **names = capo_alloc_array(list_size(natural) + 3, sizeof *names);
    names[0] = field->through_source->attname;
    names[1] = field->through_target->attname;
    if (natural)
        put_names(names, 2, target, natural);
    const char *const *ordering = field->target->ordering;
    const char **order = capo_alloc_array(list_size(ordering) + 2, sizeof *order);
    size_t count = 0;
    for (; ordering && *ordering; ordering++)
        if (strcmp(*ordering, "?"))
            order[count++] = **ordering == '-' ? capo_format("-%s__%s", target, *ordering + 1) : capo_format("%s__%s", target, *ordering);
    order[count] = count ? field->through_target->attname : "pk";
    Query *query = capo_query_filter(capo_query_of(field->through), Q(capo_format("%s__in", field->through_source->attname), (List *)keys));
    List *rows = capo_values_tuples(capo_query_order_by(query, order), names);
    Map *pairs = capo_map_new();
    for (size_t i = 0; i < rows->count; i++) {
        const Value *cells = rows->items[i].list->items;
        const char *key = capo_to_text(cells[0]);
        Value *known = capo_map_get(pairs, key);
        List *list = known ? known->list : capo_list_new();
        if (!known)
            capo_map_set(pairs, key, capo_value_list(list));
        capo_list_add(list, natural ? natural_value(serializer, cells + 2, rows->items[i].list->count - 2) : plain(serializer, cells[1]));
    }
    return pairs;
}

/* --- what is written --- */

static void put_object(Buffer *out, Serializer *serializer, Map *object)
{
    bool indented = serializer->options.indent > 0;
    if (serializer->values) {
        capo_list_add(serializer->values, capo_value_map(object));
        serializer->count++;
        return;
    }
    if (!serializer->lines)
        capo_put(out, serializer->count ? indented ? ",\n" : ", " : indented ? "\n" : "");
    capo_json_put_fixture(out, capo_value_map(object), serializer->lines ? 0 : serializer->options.indent, serializer->lines);
    if (serializer->lines)
        capo_put_char(out, '\n');
    serializer->count++;
}

/* A key for the next batch, when this one's memory is gone. */
static Value kept(Arena *arena, Value key)
{
    if (key.kind == VALUE_LIST) {
        List *list = arena_alloc(arena, sizeof *list);
        *list = (List){ .items = arena_alloc(arena, key.list->count * sizeof(Value)), .count = key.list->count, .capacity = key.list->count };
        for (size_t i = 0; i < key.list->count; i++)
            list->items[i] = kept(arena, key.list->items[i]);
        return capo_value_list(list);
    }
    if (key.kind == VALUE_BYTES)
        return capo_value_bytes(memcpy(arena_alloc(arena, key.size + 1), key.bytes, key.size), key.size);
    if (key.kind != VALUE_UUID && !capo_is_text(key) && key.kind != VALUE_DECIMAL)
        return key;
    const char *text = capo_to_text(key);
    return capo_value_text(arena_strndup(arena, text, strlen(text)));
}

static void write_batch(void *argument)
{
    Buffer out = { 0 };
    Batch *batch = argument;
    Serializer *serializer = batch->serializer;
    const Model *model = batch->model;
    Query *query = batch->rows;
    if (!capo_is_null(batch->after))
        query = capo_query_filter(query, capo_q("pk__gt", batch->after));
    Part *parts;
    const char **names = columns_of(serializer, model, &parts);
    List *rows = capo_values_tuples(capo_query_slice(query, 0, BATCH), names);
    batch->n_rows = rows->count;
    if (!rows->count)
        return;
    List *keys = capo_list_new();
    for (size_t i = 0; i < rows->count; i++)
        capo_list_add(keys, rows->items[i].list->items[0]);
    Map **pairs = capo_alloc_array(model->n_many + 1, sizeof *pairs);
    for (size_t m = 0; m < model->n_many; m++) {
        const Field *field = model->many[m];
        if (!field->inherited && field->through->auto_created && is_wanted(serializer, field->name))
            pairs[m] = pairs_of(serializer, field, keys);
    }
    const char *const *natural = serializer->options.natural_primary ? capo_natural_key(model) : NULL;
    for (size_t i = 0; i < rows->count; i++) {
        const Value *cells = rows->items[i].list->items;
        Map *object = capo_map_new(), *fields = capo_map_new();
        capo_map_set(object, "model", capo_value_text(model->label_lower));
        if (!natural)
            capo_map_set(object, "pk", cells[0].kind == VALUE_LIST ? natural_value(serializer, cells[0].list->items, cells[0].list->count) : plain(serializer, cells[0]));
        for (const Part *part = parts; part->field; part++) {
            const Value *cell = &cells[part->at];
            bool is_natural = part->natural && !capo_is_null(*cell);
            const Field *column = capo_column_field(part->field);
            bool is_held = !serializer->values && capo_storage_is_held(capo_field_storage(part->field));
            capo_map_set(fields, part->field->name, is_natural ? natural_value(serializer, cell + 1, part->natural) :
                                                    is_held ? capo_held_to_plain(column, *cell) : plain(serializer, *cell));
        }
        for (size_t m = 0; m < model->n_many; m++) {
            Value *found = pairs[m] ? capo_map_get(pairs[m], capo_to_text(cells[0])) : NULL;
            if (pairs[m])
                capo_map_set(fields, model->many[m]->name, found ? *found : capo_value_list(capo_list_new()));
        }
        capo_map_set(object, "fields", capo_value_map(fields));
        put_object(&out, serializer, object);
    }
    batch->text = serializer->values ? NULL : arena_strndup(batch->scratch, out.data, out.size);
    batch->size = out.size;
    batch->after = kept(batch->outer, rows->items[rows->count - 1].list->items[0]);
}

/* In the order of the batches. Of a query with a limit the rows that it has now. */
static Query *by_key(Query *rows)
{
    if (query_is_sliced(rows)) {
        List *keys = capo_list_new(), *tuples = capo_values_tuples(rows, LIST("pk"));
        for (size_t i = 0; i < tuples->count; i++)
            capo_list_add(keys, tuples->items[i].list->items[0]);
        Query *all = capo_query_of(capo_query_model(rows));
        rows = capo_query_filter(rows->using ? capo_query_using(all, rows->using) : all, Q("pk__in", keys));
    }
    return capo_query_order_by(rows, LIST("pk"));
}

static void free_arena(void *arena)
{
    arena_free(arena);
}

int64_t capo_serialize(Serializer *serializer, Query *rows)
{
    int64_t before = serializer->count;
    Batch batch = { .serializer = serializer, .model = capo_query_model(rows), .outer = capo_arena(), .after = capo_value_null(), .scratch = arena_new() };
    capo_defer(free_arena, batch.scratch);
    batch.rows = by_key(rows);
    do {
        capo_run_apart(write_batch, &batch);
        if (batch.n_rows)
            emit(serializer, batch.text, batch.size);
        arena_reset(batch.scratch);
    } while (batch.n_rows == BATCH);
    capo_defer_cancel(free_arena, batch.scratch);
    arena_free(batch.scratch);
    return serializer->count - before;
}

List *capo_serialize_values(Query *rows, const SerializeOptions *options)
{
    Serializer serializer = { .options = options ? *options : (SerializeOptions){ 0 }, .values = capo_list_new() };
    Batch batch = { .serializer = &serializer, .model = capo_query_model(rows), .outer = capo_arena(), .after = capo_value_null() };
    batch.rows = by_key(rows);
    do
        write_batch(&batch);
    while (batch.n_rows == BATCH);
    return serializer.values;
}

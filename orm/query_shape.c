/* SPDX-License-Identifier: BSD-3-Clause */
/* See query_shape.h. A shape is learned with values of our own, each different, so that what is bound where is seen in the statement and not
 * guessed: one whose parameters are not those values in their order, each as its look-up converts it, is never used. */
#include "query_shape.h"
#include "rows.h"
#include <math.h>
#include <string.h>

enum { MOST_SHAPES = 1024, MOST_SLOTS = 16, KEY_SIZE = 480, BUCKETS = 2048, MOST_DEPTH = 8 };

/* One value that the caller gives: how it is compared. */
typedef struct Slot { const Field *field; const LookupRow *lookup; OutputType type; } Slot;

typedef struct Shape {
    struct Shape *next;
    uint64_t hash;
    size_t key_size;
    const char *key;
    bool fits;                              /* false: known to have none */
    const char *sql;                        /* up to LIMIT */
    RelatedLoad *root;
    const RowPlan *rows;
    size_t n_columns, n_slots;
    Slot *slots;
} Shape;

static Shape *buckets[BUCKETS];
static ShapeFigures figures;
static Arena *kept;                         /* for the life of the process */

/* What options say, in a form that can be compared. */
typedef struct Reading {
    char key[KEY_SIZE]; size_t size;
    Slot slots[MOST_SLOTS]; Value values[MOST_SLOTS]; size_t n_slots;
    bool fits;
} Reading;

static void put(Reading *reading, const void *bytes, size_t size)
{
    if (reading->size + size > KEY_SIZE) {
        reading->fits = false;
        return;
    }
    memcpy(reading->key + reading->size, bytes, size);
    reading->size += size;
}

static void put_byte(Reading *reading, int byte) { put(reading, &(char){ (char)byte }, 1); }

static void put_list(Reading *reading, const char *const *list)
{
    put_byte(reading, list ? 1 : 0);
    for (; list && *list; list++)
        put(reading, *list, strlen(*list) + 1);
    put_byte(reading, 0);
}

/* --- values -------------------------------------------------------------------------------------------------------------------------------- */

/* C's true is an int, and so is the 3 of a real column. */
static Value as_column(Value value, FieldKind kind)
{
    if (value.kind == VALUE_INT && kind == FIELD_BOOLEAN && (value.integer == 0 || value.integer == 1))
        return capo_value_bool(value.integer);
    if (value.kind == VALUE_INT && kind == FIELD_FLOAT)
        return capo_value_real((double)value.integer);
    return value;
}

/* What a column of this kind is compared with directly. */
static bool is_of_kind(const Slot *slot, Value value, const Dialect *dialect)
{
    FieldKind kind = slot->type.kind;
    if (capo_field_is_integer(kind))
        return value.kind == VALUE_INT && !integer_out_of_range(kind, value.integer, dialect);
    switch (kind) {
    case FIELD_CHAR: case FIELD_TEXT: case FIELD_SLUG: case FIELD_EMAIL: case FIELD_URL: case FIELD_FILE_PATH: case FIELD_FILE: case FIELD_IMAGE:
        return value.kind == VALUE_TEXT;
    case FIELD_BOOLEAN:
        return value.kind == VALUE_BOOL;
    case FIELD_FLOAT:
        return value.kind == VALUE_REAL && isfinite(value.real);
    case FIELD_DATE:
        return value.kind == VALUE_DATE;
    case FIELD_DATETIME:
        return value.kind == VALUE_DATETIME && !value.flags;
    case FIELD_UUID:
        return value.kind == VALUE_UUID;
    default:
        return false;
    }
}

static Value probe(const Slot *slot, size_t i, size_t *n_booleans)
{
    static Uuid uuids[MOST_SLOTS];
    int64_t n = 11 + (int64_t)i;
    switch (slot->type.kind) {
    case FIELD_BOOLEAN:
        return capo_value_bool((*n_booleans)++ == 1);       /* there are but two: a third makes the shape unfit */
    case FIELD_FLOAT:
        return capo_value_real((double)n + 0.5);
    case FIELD_DATE:
        return capo_value_date((Date){ .days = (int32_t)(20000 + n) });
    case FIELD_DATETIME:
        return capo_value_datetime((DateTime){ INT64_C(1700000000000000) + n });
    case FIELD_UUID:
        uuids[i].bytes[15] = (uint8_t)n;
        return capo_value_uuid(uuids[i]);
    default:
        return capo_field_is_integer(slot->type.kind) ? capo_value_int(n) : capo_value_text(capo_format("probe%lld", (long long)n));
    }
}

/* As the compiler binds it. False: it is not one parameter. */
static bool bind(Compiler *scratch, const Slot *slot, Value value, Value *ret)
{
    scratch->sql.size = 0;
    scratch->n_parameters = 0;
    if (slot->lookup->pattern)
        compile_parameter(scratch, lookup_pattern(slot->lookup, value), type_of(FIELD_TEXT));
    else
        compile_parameter(scratch, value, slot->type);
    *ret = scratch->n_parameters ? scratch->parameters[0] : capo_value_null();
    return scratch->n_parameters == 1;
}

/* --- reading ------------------------------------------------------------------------------------------------------------------------------- */

static void read_lookups(Reading *reading, const Model *model, const void *lookups, int depth);

static void read_field(Reading *reading, const Field *field, size_t number, const void *lookups, int depth)
{
    const char *base = lookups;
    const Lookup *lookup = field->layout.lookup >= 0 ? (const void *)(base + field->layout.lookup) : NULL;
    if (lookup && lookup->name) {
        const LookupRow *row = lookup_find(strcmp(lookup->name, "ne") ? lookup->name : "exact");
        put(reading, &number, sizeof number);
        put(reading, lookup->name, strlen(lookup->name) + 1);
        if (row && row->code == LOOKUP_ISNULL && lookup->value.kind == VALUE_BOOL) {
            put_byte(reading, lookup->value.boolean);
        } else if (!row || reading->n_slots == MOST_SLOTS || !(row->code == LOOKUP_EXACT || row->ordered || (row->pattern && row->code != LOOKUP_IEXACT))) {
            reading->fits = false;
        } else {
            reading->slots[reading->n_slots] = (Slot){ field, row, type_of_field(field) };
            reading->values[reading->n_slots++] = lookup->value;
        }
    }
    const void *related = field->layout.related_lookup >= 0 ? *(const void *const *)(const void *)(base + field->layout.related_lookup) : NULL;
    if (related) {
        put(reading, &number, sizeof number);
        put_byte(reading, 1);
        read_lookups(reading, field->target, related, depth + 1);
        put_byte(reading, 2);
    }
}

static void read_lookups(Reading *reading, const Model *model, const void *lookups, int depth)
{
    if (depth > MOST_DEPTH)
        reading->fits = false;
    for (size_t i = 0; i < model->n_fields && reading->fits; i++)
        read_field(reading, model->fields[i], i, lookups, depth);
    for (size_t i = 0; i < model->n_many && reading->fits; i++)
        read_field(reading, model->many[i], model->n_fields + i, lookups, depth);
}

/* A new option must be thought of here: a part of the key, or a reason to have no shape. */
typedef struct KnownOptions {
    Query *query; Condition *filter; Expression *const *annotate, *const *alias; const char *const *order_by; const OrderPart *order; const char *const *select_related; const char *using;
    const char *const *prefetch; const struct Prefetching *prefetch_with; const char *const *only, *const *defer, *const *distinct_on; const struct RowLock *lock;
    const struct FilteredRelation *filtered; FetchMode fetch; int64_t offset, limit; bool distinct, reverse, no_order;
} KnownOptions;
_Static_assert(sizeof(KnownOptions) == sizeof(QueryOptions), "QueryOptions has an option that orm/query_shape.c does not know");

/* What an update sets, in front of its conditions as in the statement: plain values of columns of the one table. */
static void read_changes(Reading *reading, const Model *model, const NamedChange *changes)
{
    for (const NamedChange *change = changes; change && change->field && reading->fits; change++) {
        const Field *field = strcmp(change->field, "pk") ? capo_field(model, change->field) : NULL;
        if (!field || !field->column || capo_local_field(field)->model != model->concrete || strcmp(change->change.operation, "=") || reading->n_slots == MOST_SLOTS) {
            reading->fits = false;
            return;
        }
        put(reading, &field, sizeof field);
        reading->slots[reading->n_slots] = (Slot){ field, lookup_find("exact"), type_of_field(field) };
        reading->values[reading->n_slots++] = change->change.value;
    }
}

static void read_options(Reading *reading, Model *model, const QueryOptions *options, const NamedChange *changes, ShapeUse use)
{
    const Dialect *dialect = capo_dialect();
    const TimeZone *zone = capo_current_time_zone();
    reading->fits = model->size && capo_model_in_use(model) == model &&
                    !options->order && (model->ordering || !model->meta->ordering_by) &&
                    !options->query && !options->filter && !options->annotate && !options->alias && !options->using &&
                    !options->prefetch_with && !options->only && !options->defer && !options->distinct_on && !options->lock && !options->filtered &&
                    options->limit >= 0 && options->offset >= 0 && (use == SHAPE_ROWS || (!options->limit && !options->offset));
    if (!reading->fits)
        return;
    put(reading, &model, sizeof model);
    put(reading, &dialect, sizeof dialect);
    put(reading, &zone, sizeof zone);
    put_byte(reading, use);
    put_byte(reading, options->distinct | options->reverse << 1 | options->no_order << 2);
    put_list(reading, options->order_by);
    put_list(reading, options->select_related);
    put_list(reading, options->prefetch);
    read_changes(reading, model, changes);
    put_byte(reading, 3);
    read_lookups(reading, model, (const char *)options + model->where_offset, 0);
    put_byte(reading, 3);
    read_lookups(reading, model, (const char *)options + model->exclude_offset, 0);
    for (size_t i = 0; i < reading->n_slots && reading->fits; i++) {
        reading->values[i] = as_column(reading->values[i], reading->slots[i].type.kind);
        reading->fits = is_of_kind(&reading->slots[i], reading->values[i], dialect);
    }
}

/* --- learning ------------------------------------------------------------------------------------------------------------------------------ */

static void *keep(const void *bytes, size_t size)
{
    if (!kept)
        kept = arena_new();
    return size ? memcpy(arena_alloc(kept, size), bytes, size) : NULL;
}

static RelatedLoad *keep_load(const RelatedLoad *load)
{
    if (!load)
        return NULL;
    RelatedLoad *copy = keep(load, sizeof *load);
    copy->fields = keep(load->fields, load->n_fields * sizeof *load->fields);
    copy->children = keep(load->children, load->n_children * sizeof *load->children);
    for (size_t i = 0; i < load->n_children; i++)
        copy->children[i] = keep_load(load->children[i]);
    return copy;
}

static bool same_value(Value a, Value b)
{
    return a.kind == b.kind && a.flags == b.flags && a.tag == b.tag && capo_equal(a, b);
}

bool model_is_registered(const Model *model)
{
    size_t count;
    Model *const *all = capo_all_models(&count);
    for (size_t i = 0; i < count; i++)
        if (all[i] == model)
            return true;
    return false;
}

/* The statement for values that all differ; whether its parameters are they. */
static bool learn(Shape *shape, Model *model, const QueryOptions *options, const NamedChange *changes, ShapeUse use, const Reading *reading)
{
    Value probes[MOST_SLOTS], bound, others[MOST_SLOTS];
    NamedChange probing[MOST_SLOTS + 1] = { 0 };
    Compiler scratch = { .backend = capo_backend(), .dialect = capo_dialect() };
    size_t n = reading->n_slots, booleans = 0, n_set = 0, n_where = 0;
    for (size_t i = 0; i < n; i++)
        probes[i] = probe(&reading->slots[i], i, &booleans);
    if (booleans > 2 || !model_is_registered(model))
        return false;
    for (; changes && changes[n_set].field; n_set++)
        probing[n_set] = (NamedChange){ changes[n_set].field, { "=", probes[n_set] } };
    Reading where = { .fits = true };
    read_lookups(&where, model, (const char *)options + model->where_offset, 0);
    n_where = where.n_slots;
    QueryOptions unlimited = *options;
    unlimited.limit = unlimited.offset = 0;
    Query *query = query_make(model, &unlimited, condition_of_lookups(model, (const char *)options + model->where_offset, probes + n_set),
                              condition_of_lookups(model, (const char *)options + model->exclude_offset, probes + n_set + n_where));
    Compiled *compiled = use == SHAPE_UPDATE ? query_compile_update(query, probing) : compile_select(query_for_use(query, use));
    if (compiled->empty || compiled->n_parameters != n || compiled->n_annotations)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!bind(&scratch, &reading->slots[i], probes[i], &bound) || !same_value(bound, compiled->parameters[i]))
            return false;
        others[i] = bound;
        for (size_t j = 0; j < i; j++)
            if (same_value(others[j], bound))
                return false;
    }
    shape->sql = keep(compiled->sql, strlen(compiled->sql) + 1);
    shape->root = keep_load(compiled->root);
    shape->rows = row_plan(shape->root, query->n_prefetch, kept);
    shape->n_columns = compiled->n_columns;
    shape->slots = keep(reading->slots, n * sizeof *shape->slots);
    shape->n_slots = n;
    return true;
}

static Shape *remember(const Reading *reading, uint64_t hash)
{
    if (figures.known == MOST_SHAPES)
        return NULL;
    Shape *shape = keep(&(Shape){ .next = buckets[hash % BUCKETS], .hash = hash, .key_size = reading->size }, sizeof *shape);
    shape->key = keep(reading->key, reading->size);
    buckets[hash % BUCKETS] = shape;
    figures.known++;
    return shape;
}

/* --- asking -------------------------------------------------------------------------------------------------------------------------------- */

static const char *limited(const char *sql, const QueryOptions *options)
{
    if (!options->limit && !options->offset)
        return sql;
    Compiler compiler = { .backend = capo_backend(), .dialect = capo_dialect() };
    capo_put(&compiler.sql, sql);
    compile_limits(&compiler, options->limit ? options->limit : -1, options->offset);
    return capo_buffer_text(&compiler.sql);
}

static Compiled *shape_of(Model *model, const QueryOptions *options, const NamedChange *changes, ShapeUse use)
{
    Reading reading;
    reading.size = reading.n_slots = 0;
    if (model->swapped)
        return NULL;                    /* capo_query_make says why */
    read_options(&reading, model, options, changes, use);
    if (!reading.fits)
        return NULL;
    uint64_t hash = quick_hash(reading.key, reading.size);
    Shape *shape = buckets[hash % BUCKETS];
    while (shape && (shape->hash != hash || shape->key_size != reading.size || memcmp(shape->key, reading.key, reading.size)))
        shape = shape->next;
    if (!shape) {
        Shape learned = { 0 };
        bool fits = learn(&learned, model, options, changes, use, &reading);     /* raises what is wrong with the options */
        shape = remember(&reading, hash);
        if (!shape)
            return NULL;
        shape->sql = learned.sql;
        shape->root = learned.root;
        shape->rows = learned.rows;
        shape->n_columns = learned.n_columns;
        shape->slots = learned.slots;
        shape->n_slots = learned.n_slots;
        shape->fits = fits;
    } else {
        figures.found++;
    }
    if (!shape->fits)
        return NULL;
    Compiled *ret = capo_alloc_struct(Compiled);
    *ret = (Compiled){ .sql = limited(shape->sql, options), .n_parameters = shape->n_slots, .n_columns = shape->n_columns, .root = shape->root, .rows = shape->rows,
                       .first_annotation = shape->n_columns };
    if (!shape->n_slots)
        return ret;
    Compiler scratch = { .backend = capo_backend(), .dialect = capo_dialect() };
    ret->parameters = capo_alloc_array(shape->n_slots, sizeof *ret->parameters);
    for (size_t i = 0; i < shape->n_slots; i++)
        if (!bind(&scratch, &shape->slots[i], reading.values[i], &ret->parameters[i]))
            return NULL;
    return ret;
}

Compiled *shape_compiled(Model *model, const QueryOptions *options, ShapeUse use) { return shape_of(model, options, NULL, use); }

Compiled *shape_update(Model *model, const QueryOptions *options, const NamedChange *changes) { return shape_of(model, options, changes, SHAPE_UPDATE); }

ShapeFigures shape_figures(void) { return figures; }

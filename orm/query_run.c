/* SPDX-License-Identifier: BSD-3-Clause */
/* Running queries: rows to instances, one row, counts, existence, and cursors in bounded memory.
 *
 * A Query runs once: its rows stay with it, and what asks again is answered from them. */
#include "instance.h"
#include "query_shape.h"
#include "routing.h"
#include "rows.h"
#include <string.h>

enum { CURSOR_BATCH = 200, GET_LIMIT = 21, REPR_LIMIT = 21 };

/* The tag of a truncated datetime says in which offset it was truncated: 1000 + minutes east of UTC. */
static Value local_datetime(OutputType type, Value raw)
{
    Value naive = capo_from_storage(STORAGE_DATETIME, raw, -1);
    if (naive.kind != VALUE_DATETIME)
        return naive;
    DateParts parts = capo_local(naive.datetime, capo_time_zone("UTC"));
    Value value = capo_value_datetime(capo_instant(&parts, type.zone));
    value.tag = (uint16_t)(1000 + capo_local(value.datetime, type.zone).offset / 60);
    return value;
}

Value convert_cell(OutputType type, Value raw)
{
    if (raw.kind == VALUE_NULL || !type.kind)
        return raw;
    if (type.places == -2 && (raw.kind != VALUE_TEXT || type.kind == FIELD_TEXT))
        return raw;                                                 /* a key's bare number or text */
    if (type.zone && (raw.kind == VALUE_TEXT || raw.kind == VALUE_DATETIME))
        return local_datetime(type, raw);
    if (type.computed && capo_field_is_text(type.kind) && (raw.kind == VALUE_REAL || raw.kind == VALUE_INT || raw.kind == VALUE_DECIMAL))
        return raw;                                                 /* SUM of a text */
    if (type.computed && type.kind == FIELD_DATE && raw.kind == VALUE_TEXT && raw.size > 10)
        raw = capo_value_copy_n(raw.text, 10);                      /* a datetime that was truncated to its date */
    int64_t n;
    bool key = type.kind == FIELD_AUTO || type.kind == FIELD_BIG_AUTO || type.kind == FIELD_SMALL_AUTO;
    if (type.computed && key && raw.kind == VALUE_DECIMAL)          /* a key is not taken for a number: its SUM is what the database gives */
        return raw;
    if (type.computed && capo_field_is_integer(type.kind)) {        /* as Python's int(): EXTRACT and POWER give other numbers */
        if (raw.kind == VALUE_DECIMAL && capo_to_int(capo_value_copy_n(raw.decimal.text, strcspn(raw.decimal.text, ".eE")), &n) && !strpbrk(raw.decimal.text, "eE"))
            return capo_value_int(n);
        if (raw.kind == VALUE_DECIMAL)
            raw = capo_value_real(capo_decimal_to_double(raw.decimal));
        if (raw.kind == VALUE_TEXT && capo_to_int(raw, &n))
            return capo_value_int(n);
        if (raw.kind == VALUE_REAL && raw.real > -9e15 && raw.real < 9e15)
            return capo_value_int((int64_t)raw.real);
    }
    bool number = raw.kind == VALUE_REAL || raw.kind == VALUE_INT || raw.kind == VALUE_DECIMAL;
    if (type.computed && ((type.kind == FIELD_DATETIME && number) || ((type.kind == FIELD_JSON || type.kind == FIELD_UUID) && raw.kind == VALUE_REAL)))
        capo_raise(ERROR_VALUE, "The database computed a number where a %s is expected.", capo_field_kind_name(type.kind));
    if (type.field)
        return capo_from_column(type.field, raw);
    Field field = { .kind = type.kind };
    return capo_from_storage(capo_field_storage(&field), raw, type.places >= 0 ? type.places : -1);
}

/* --- instances --------------------------------------------------------------------------------------------------------------------- */

static Instance *load(const RelatedLoad *load_, const Value *cells)
{
    const Value *own = cells + load_->first;
    for (size_t i = 0; load_->field && i < load_->n_fields; i++)
        if (load_->fields[i]->in_key && capo_is_null(own[i]))
            return NULL;                                            /* the LEFT JOIN found none */
    return capo_instance_load(load_->model, (Field *const *)load_->fields, own, load_->n_fields);
}

static Instance *load_tree(const RelatedLoad *tree, const Value *cells)
{
    Instance *instance = load(tree, cells);
    for (size_t i = 0; instance && i < tree->n_children; i++) {
        const RelatedLoad *child = tree->children[i];
        Instance *other = load_tree(child, cells);
        if (child->reverse) {
            capo_instance_cache_reverse(instance, child->field, other);
            if (other)
                capo_instance_cache(other, child->field, instance);
        } else {
            capo_instance_cache(instance, child->field, other);
            if (other && child->field->kind == FIELD_ONE_TO_ONE)
                capo_instance_cache_reverse(other, child->field, instance);
        }
    }
    return instance;
}

/* One by one from their cells: what every backend can, and what a plan cannot (rows.h). */
static Instance **load_rows(const Compiled *compiled, const ResultSet *result)
{
    Instance **rows = capo_alloc_array(result->n_rows + 1, sizeof *rows);
    for (size_t i = 0; i < result->n_rows; i++) {
        const Value *cells = result->cells + i * result->n_columns;
        rows[i] = load_tree(compiled->root, cells);
        for (size_t j = 0; rows[i] && j < compiled->n_annotations; j++) {
            size_t at = compiled->first_annotation + j;
            capo_instance_annotate(rows[i], compiled->names[at], convert_cell(compiled->types[at], cells[at]));
        }
    }
    return rows;
}

static Instance **instances_of(const Query *query, const Compiled *compiled, const ResultSet *result)
{
    Instance **rows = result->into ? rows_of_sink(result->into) : load_rows(compiled, result);
    bool owned = query->owner && query->owner_field;
    for (size_t i = 0; owned && i < result->n_rows; i++)
        capo_instance_cache(rows[i], query->owner_field, query->owner);
    peers_meet(compiled->root, rows, result->n_rows, query->fetch);
    return rows;
}

/* Whether the rows can become instances at once; then the sink is made for it. */
static RowSink *sink_of(Compiled *compiled, const Query *query, RowSink *sink)
{
    const RowPlan *plan = row_plan_of(compiled, query);
    if (plan)
        row_sink_init(sink, plan);
    return plan ? sink : NULL;
}

/* The rows of a statement that was compiled. */
static Instance **run_rows(const Query *query, Compiled *compiled, size_t *ret_count)
{
    RowSink sink;
    ResultSet *result = capo_database_run_into(compiled->sql, compiled->parameters, compiled->n_parameters, DATABASE_READ, sink_of(compiled, query, &sink));
    *ret_count = result->n_rows;
    return instances_of(query, compiled, result);
}

Compiled *query_compile(const Query *query)
{
    if (query->lock && capo_dialect()->for_update && !capo_in_transaction())
        capo_raise(ERROR_TRANSACTION, "FOR_UPDATE() cannot be used outside of a transaction: the lock would be over at once. Call capo_begin() first.");
    return compile_select(query);
}

Instance **capo_query_rows(Query *query, size_t *ret_count)
{
    if (!query->fetched && query->relation.of && query->relation.whole &&
        peers_read(query->relation.of, query->relation.accessor, query->relation.file, query->relation.line) &&
        capo_instance_get_prefetched(query->relation.of, query->relation.accessor, &query->rows, &query->n_rows))
        query->fetched = true;
    if (!query->fetched && query->relation.of && !query->relation.whole)
        peers_refined(query->relation.of, query->relation.accessor, LAZY_REFINED, query->relation.file, query->relation.line);
    if (!query->fetched) {
        if (query->values)
            capo_bug("A query with values() was read as instances; capo_values() gives its rows.");
        WITH_DATABASE(query_database(query, DATABASE_READ));
        Compiled *compiled = query_compile(query);
        if (compiled->empty) {
            query->rows = capo_alloc_array(1, sizeof *query->rows);
            query->n_rows = 0;
        } else {
            query->rows = run_rows(query, compiled, &query->n_rows);
        }
        query->fetched = true;
        if (query->n_prefetch)
            prefetch_related(query->rows, query->n_rows, query->prefetch, query->n_prefetch);
    }
    if (ret_count)
        *ret_count = query->n_rows;
    return query->rows;
}

/* Nothing is known beforehand of its rows, and it is not of an accessor that somebody may be warned about. */
static bool travels(const Query *query, const Database *database)
{
    return !query->fetched && !query->values && !query->relation.of && query_database(query, DATABASE_READ) == database;
}

void query_rows_together(Query *const *queries, size_t count)
{
    size_t n = 0;
    Database *database = query_database(queries[0], DATABASE_READ);
    WITH_DATABASE(database);
    bool together = capo_backend()->run_many && !capo_has_wrappers;         /* a wrapper is shown each statement by itself */
    Query **flight = capo_alloc_array(count, sizeof *flight);
    Compiled **compiled = capo_alloc_array(count, sizeof *compiled);
    for (size_t i = 0; together && i < count; i++)
        if (travels(queries[i], database)) {
            compiled[n] = query_compile(queries[i]);
            flight[n] = queries[i];
            n += !compiled[n]->empty;
        }
    Statement *statements = capo_alloc_array(n, sizeof *statements);
    RowSink *sinks = capo_alloc_array(n, sizeof *sinks);
    for (size_t i = 0; i < n; i++)
        statements[i] = (Statement){ compiled[i]->sql, compiled[i]->parameters, compiled[i]->n_parameters, sink_of(compiled[i], flight[i], &sinks[i]) };
    ResultSet *results = n > 1 ? capo_database_run_many(statements, n, DATABASE_READ) : NULL;
    for (size_t i = 0; results && i < n; i++) {
        flight[i]->rows = instances_of(flight[i], compiled[i], &results[i]);
        flight[i]->n_rows = results[i].n_rows;
        flight[i]->fetched = true;
        if (flight[i]->n_prefetch)
            prefetch_related(flight[i]->rows, flight[i]->n_rows, flight[i]->prefetch, flight[i]->n_prefetch);
    }
    for (size_t i = 0; i < count; i++)
        capo_query_rows(queries[i], NULL);
}

/* --- one row -------------------------------------------------------------------------------------------------------------------------- */

static Query *of_first_rows(Query *query, int64_t count)
{
    Query *clone = query_clone(query);
    query_add_slice(clone, 0, count);
    return clone;
}

Query *query_for_use(Query *query, ShapeUse use)
{
    if (use == SHAPE_ROWS)
        return query;
    if (use == SHAPE_FIRST)
        return of_first_rows(capo_query_is_ordered(query) ? query : capo_query_order_by(query, LIST("pk")), 1);
    if (use == SHAPE_ONE) {
        if (query_is_sliced(query))
            return query;
        Query *few = of_first_rows(query, GET_LIMIT);
        if (!few->combinator) {
            few->no_order = true;
            few->n_order = 0;
        }
        return few;
    }
    Query *one = of_first_rows(query, 1);
    if (!query->distinct && !query->combinator && !query_is_sliced(query)) {
        one->no_order = true;
        one->n_order = 0;
        one->n_related = 0;
        one->constant_select = true;
        if (one->grouping == GROUP_NONE)
            one->annotations = NULL, one->n_annotations = 0;
    }
    if (query->combinator && !query_is_sliced(query))
        one->n_order = 0;
    return one;
}

static Instance *one_of(const Model *model, Instance **rows, size_t count)
{
    if (count > 1)
        capo_raise(ERROR_MULTIPLE_OBJECTS_RETURNED, "get() returned more than one %s -- it returned %s!", model->name,
                   count < GET_LIMIT ? capo_format("%zu", count) : "more than 20");
    return count ? rows[0] : NULL;
}

/* NULL: none. More than one raises. */
static Instance *only_row(Query *query)
{
    size_t count;
    Instance **rows = capo_query_rows(query->fetched ? query : query_for_use(query, SHAPE_ONE), &count);
    return one_of(query->model, rows, count);
}

Instance *capo_query_first(Query *query)
{
    if (query->fetched && capo_query_is_ordered(query))
        return query->n_rows ? query->rows[0] : NULL;
    return capo_query_rows(query_for_use(query, SHAPE_FIRST), NULL)[0];
}

Instance *capo_query_last(Query *query)
{
    query = capo_query_is_ordered(query) ? capo_query_reverse(query) : capo_query_order_by(query, LIST("-pk"));
    return capo_query_rows(of_first_rows(query, 1), NULL)[0];
}

bool capo_query_exists(Query *query)
{
    if (query->fetched)
        return query->n_rows > 0;
    if (query->relation.of)
        peers_refined(query->relation.of, query->relation.accessor, LAZY_COUNT, query->relation.file, query->relation.line);
    WITH_DATABASE(query_database(query, DATABASE_READ));
    Compiled *compiled = query_compile(query_for_use(query, SHAPE_EXISTS));
    if (compiled->empty)
        return false;
    return capo_database_run(compiled->sql, compiled->parameters, compiled->n_parameters, DATABASE_READ)->n_rows > 0;
}

/* --- straight from options, by a statement that is kept for their shape ---------------------------------------------------------------- */

/* False: they have none. */
static bool rows_by_shape(Model *model, const QueryOptions *options, ShapeUse use, Instance ***ret, size_t *ret_count)
{
    Query query = { .object.ops = &capo_query_ops, .model = model, .limit = -1, .fetch = options->fetch };
    WITH_DATABASE(query_database(&query, DATABASE_READ));
    Compiled *compiled = shape_compiled(model, options, use);
    if (!compiled)
        return false;
    if (use == SHAPE_EXISTS) {
        *ret_count = capo_database_run(compiled->sql, compiled->parameters, compiled->n_parameters, DATABASE_READ)->n_rows;
        return true;
    }
    *ret = run_rows(&query, compiled, ret_count);
    if (options->prefetch && *ret_count) {
        size_t count = 0;
        while (options->prefetch[count])
            count++;
        Prefetching *prefetch = capo_alloc_array(count + 1, sizeof *prefetch);
        for (size_t i = 0; i < count; i++)
            prefetch[i].path = options->prefetch[i];
        prefetch_related(*ret, *ret_count, prefetch, count);
    }
    return true;
}

Instance **capo_options_rows(Model *model, const QueryOptions *options, size_t *ret_count)
{
    Instance **rows;
    size_t count;
    if (!rows_by_shape(model, options, SHAPE_ROWS, &rows, &count))
        return capo_query_rows(capo_query_make(model, options), ret_count);
    if (ret_count)
        *ret_count = count;
    return rows;
}

static Instance *only_by_options(Model *model, const QueryOptions *options)
{
    Instance **rows;
    size_t count;
    return rows_by_shape(model, options, SHAPE_ONE, &rows, &count) ? one_of(model, rows, count) : only_row(capo_query_make(model, options));
}

static Instance *found(const Model *model, Instance *row)
{
    if (!row)
        capo_raise(ERROR_DOES_NOT_EXIST, "%s matching query does not exist.", model->name);
    return row;
}

static Instance *found_or_404(const Model *model, Instance *row)
{
    if (!row)
        capo_raise(404, "No %s matches the given query.", model->name);
    return row;
}

Instance *capo_query_get(Query *query) { return found(query->model, only_row(query)); }
Instance *capo_query_get_or_404(Query *query) { return found_or_404(query->model, only_row(query)); }
Instance *capo_options_get(Model *model, const QueryOptions *options) { return found(model, only_by_options(model, options)); }
Instance *capo_options_get_or_404(Model *model, const QueryOptions *options) { return found_or_404(model, only_by_options(model, options)); }

Instance *capo_options_first(Model *model, const QueryOptions *options)
{
    Instance **rows;
    size_t count;
    return rows_by_shape(model, options, SHAPE_FIRST, &rows, &count) ? rows[0] : capo_query_first(capo_query_make(model, options));
}

bool capo_options_exist(Model *model, const QueryOptions *options)
{
    size_t count;
    return rows_by_shape(model, options, SHAPE_EXISTS, NULL, &count) ? count > 0 : capo_query_exists(capo_query_make(model, options));
}

const char *capo_sql(Query *query)
{
    WITH_DATABASE(query_database(query, DATABASE_READ));
    Compiled *compiled = compile_select(query);
    return compiled->empty ? "" : capo_sql_filled(compiled->sql, compiled->parameters, compiled->n_parameters);
}

/* --- cursors ----------------------------------------------------------------------------------------------------------------------------- */

/* Rows live in the cursor's own arena, which each batch empties: the body may not keep them past it. */
struct QueryCursor {
    Query *query;
    Database *database;
    Compiled *compiled;
    const RowPlan *plan;
    DatabaseCursor *cursor;
    Arena *batch;
    Unit unit;
    Instance **rows; size_t count, at;
    bool closed, last;
};

static void free_batch(void *argument)
{
    arena_free(argument);
}

struct QueryCursor *capo_cursor_open(Query *query)
{
    struct QueryCursor *self = capo_alloc_struct(struct QueryCursor);
    self->query = query;
    if (query->fetched) {
        self->rows = query->rows;
        self->count = query->n_rows;
        self->closed = true;
        return self;
    }
    if (query->values)
        capo_bug("A query with values() was read as instances; capo_values() gives its rows.");
    self->database = query_database(query, DATABASE_READ);
    WITH_DATABASE(self->database);
    self->compiled = query_compile(query);
    self->closed = self->compiled->empty;
    if (!self->closed) {
        self->batch = arena_new();
        capo_defer(free_batch, self->batch);
        self->plan = row_plan_of(self->compiled, query);
        self->cursor = capo_database_cursor(self->compiled->sql, self->compiled->parameters, self->compiled->n_parameters);
    }
    return self;
}

static void fetch(void *argument)
{
    struct QueryCursor *self = argument;
    memcpy(capo_unit->slots, capo_unit->outer->slots, sizeof capo_unit->slots);     /* time zone, language */
    RowSink sink;
    if (self->plan)
        row_sink_init(&sink, self->plan);
    ResultSet *result = capo_database_cursor_fetch_into(self->cursor, self->query->chunk ? self->query->chunk : CURSOR_BATCH, self->plan ? &sink : NULL);
    self->rows = instances_of(self->query, self->compiled, result);
    self->count = result->n_rows;
    self->at = 0;
    if (self->count && self->query->n_prefetch)
        prefetch_related(self->rows, self->count, self->query->prefetch, self->query->n_prefetch);
}

static void close_cursor(struct QueryCursor *self)
{
    if (!self->closed && self->cursor)
        capo_database_cursor_close(self->cursor);
    self->closed = true;
}

Instance *capo_cursor_next(struct QueryCursor *self)
{
    if (self->at < self->count)
        return self->rows[self->at++];
    if (self->closed)
        return NULL;
    WITH_DATABASE(self->database);
    arena_reset(self->batch);
    /* A unit inside this one, whose memory is the batch's: also for what its prefetches load. */
    Arena *outer = capo_unit->arena;
    const Error *error = capo_unit_run(&self->unit, self->batch, capo_unit->what, fetch, self);
    Error copy;
    const char *message = NULL;
    if (error) {
        copy = *error;
        const DatabaseFailure *failure = capo_failure_of(error);
        copy.detail = failure ? capo_failure_copy(outer, failure) : NULL;
        message = arena_strndup(outer, error->message, strlen(error->message));
    }
    if (error)
        capo_raise_at(copy.file, copy.line, copy.function, copy.code, copy.detail, "%s", message);
    if (!self->count) {
        close_cursor(self);
        return NULL;
    }
    return self->rows[self->at++];
}

void capo_cursor_leave(struct QueryCursor **cursor)
{
    if (*cursor)
        close_cursor(*cursor);
    *cursor = NULL;
}

/* --- rows one by one, as an object of templates --- */

typedef struct QueryIterator { Object object; Query *query; } QueryIterator;

static bool iterator_next(Object *self, void **state, Value *ret)
{
    if (!*state)
        *state = capo_cursor_open(((QueryIterator *)self)->query);
    Instance *row = capo_cursor_next(*state);
    if (row)
        *ret = capo_value_object(row);
    return row != NULL;
}

static const ObjectOps iterator_ops = { .type_name = "query iterator", .next = iterator_next, .one_by_one = true };

Object *capo_query_iterator(Query *query)
{
    QueryIterator *self = capo_alloc_struct(QueryIterator);
    *self = (QueryIterator){ { &iterator_ops }, query };
    return &self->object;
}

/* --- as an object of templates and JSON ------------------------------------------------------------------------------------------------------ */

static const char *query_text(Object *self)
{
    Query *query = (Query *)self;
    size_t count, shown;
    Buffer out = { 0 };
    capo_put(&out, "<QuerySet [");
    if (query->values) {
        List *rows = capo_values((Query *)query, NULL);
        for (shown = 0; shown < rows->count && shown < REPR_LIMIT - 1; shown++) {
            capo_put(&out, shown ? ", " : "");
            capo_put_repr(&out, rows->items[shown]);
        }
        count = rows->count;
    } else {
        Instance **rows = query->fetched ? capo_query_rows(query, &count) : capo_query_rows(of_first_rows(query, REPR_LIMIT), &count);
        for (shown = 0; shown < count && shown < REPR_LIMIT - 1; shown++)
            capo_put_format(&out, "%s<%s: %s>", shown ? ", " : "", query->model->name, capo_instance_text(rows[shown]));
    }
    capo_put(&out, count > shown ? ", '...(remaining elements truncated)...']>" : "]>");
    return capo_buffer_text(&out);
}

static List *rows_as_values(Query *query)
{
    List *list = capo_list_new();
    if (query->values)
        return capo_values(query, NULL);
    size_t count;
    Instance **rows = capo_query_rows(query, &count);
    for (size_t i = 0; i < count; i++)
        capo_list_add(list, capo_value_object(rows[i]));
    return list;
}

static int64_t query_length(Object *self)
{
    Query *query = (Query *)self;
    if (query->values)
        return (int64_t)rows_as_values(query)->count;
    size_t count;
    capo_query_rows(query, &count);
    return (int64_t)count;
}

static bool query_truth(Object *self)
{
    return query_length(self) > 0;
}

static bool query_next(Object *self, void **state, Value *ret)
{
    typedef struct Position { List *rows; size_t at; } Position;
    Position *position = *state;
    if (!position) {
        position = *state = capo_alloc_struct(Position);
        position->rows = rows_as_values((Query *)self);
    }
    if (position->at >= position->rows->count)
        return false;
    *ret = position->rows->items[position->at++];
    return true;
}

static bool query_at(Object *self, int64_t index, Value *ret)
{
    Query *query = (Query *)self;
    if (index < 0)
        return false;
    if (!query->fetched && !query->values) {
        size_t count;
        Query *one = query_clone(query);
        query_add_slice(one, index, 1);
        Instance **rows = capo_query_rows(one, &count);
        if (count)
            *ret = capo_value_object(rows[0]);
        return count > 0;
    }
    List *rows = rows_as_values(query);
    if ((size_t)index >= rows->count)
        return false;
    *ret = rows->items[index];
    return true;
}

static bool query_get(Object *self, const char *name, size_t size, Value *ret)
{
    Query *query = (Query *)self;
#define IS(word) (size == sizeof word - 1 && !memcmp(name, word, size))
    if (IS("all"))
        *ret = capo_value_object(query);
    else if (IS("count"))
        *ret = capo_value_int(capo_query_count(query));
    else if (IS("exists"))
        *ret = capo_value_bool(capo_query_exists(query));
    else if (IS("first"))
        *ret = capo_value_object(capo_query_first(query));
    else if (IS("last"))
        *ret = capo_value_object(capo_query_last(query));
    else if (IS("ordered"))
        *ret = capo_value_bool(capo_query_is_ordered(query));
    else
        return false;
#undef IS
    return true;
}

const ObjectOps capo_query_ops = {
    .type_name = "QuerySet", .get = query_get, .text = query_text, .length = query_length, .truth = query_truth,
    .next = query_next, .at = query_at,
};

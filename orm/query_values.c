/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows as values: maps, lists, one column, distinct dates; counts and totals. */
#include "instance.h"
#include "query.h"
#include "routing.h"
#include "functions.h"
#include <capo/sql.h>
#include <string.h>

ValueRows query_value_rows(Query *query)
{
    ValueRows rows = { .names = capo_alloc_array(query->n_selected + 1, sizeof *rows.names), .n_columns = query->n_selected };
    for (size_t i = 0; i < query->n_selected; i++)
        rows.names[i] = query->selected[i].name;
    WITH_DATABASE(query_database(query, DATABASE_READ));
    Compiled *compiled = query_compile(query);
    if (compiled->empty)
        return rows;
    ResultSet *result = capo_database_run(compiled->sql, compiled->parameters, compiled->n_parameters, DATABASE_READ);
    rows.count = result->n_rows;
    rows.rows = capo_alloc_array(result->n_rows + 1, sizeof *rows.rows);
    for (size_t i = 0; i < result->n_rows; i++) {
        rows.rows[i] = capo_alloc_array(rows.n_columns + 1, sizeof **rows.rows);
        size_t cell = 0;
        for (size_t j = 0; j < rows.n_columns; j++) {
            const Expression *of = query->selected[j].expression;
            bool is_tuple = of && of->kind == X_TUPLE;
            Value *parts = is_tuple ? capo_alloc_array(of->n_args, sizeof *parts) : &rows.rows[i][j];
            for (size_t part = 0; part < (is_tuple ? of->n_args : 1); part++, cell++)
                parts[part] = convert_cell(compiled->types[cell], capo_cell(result, i, cell));
            if (is_tuple)
                rows.rows[i][j] = capo_is_null(parts[0]) ? parts[0] : capo_value_list(capo_values_list(parts, of->n_args));
        }
    }
    return rows;
}

static Query *with_values(Query *query, const char *const *paths)
{
    if (!paths && query->values)
        return query;
    size_t count = 0;
    while (paths && paths[count])
        count++;
    Query *clone = query_clone(query);
    query_set_values(clone, paths, count);
    return clone;
}

List *capo_values(Query *query, const char *const *paths)
{
    ValueRows rows = query_value_rows(with_values(query, paths));
    List *list = capo_list_new();
    for (size_t i = 0; i < rows.count; i++) {
        Map *map = capo_map_new();
        for (size_t j = 0; j < rows.n_columns; j++)
            capo_map_set(map, rows.names[j], rows.rows[i][j]);
        capo_list_add(list, capo_value_map(map));
    }
    return list;
}

List *capo_values_tuples(Query *query, const char *const *paths)
{
    ValueRows rows = query_value_rows(with_values(query, paths));
    List *list = capo_list_new();
    for (size_t i = 0; i < rows.count; i++)
        capo_list_add(list, capo_value_list(capo_values_list(rows.rows[i], rows.n_columns)));
    return list;
}

static List *first_column(Query *query)
{
    ValueRows rows = query_value_rows(query);
    List *list = capo_list_new();
    for (size_t i = 0; i < rows.count; i++)
        capo_list_add(list, rows.rows[i][0]);
    return list;
}

List *capo_values_flat(Query *query, const char *path)
{
    return first_column(with_values(query, LIST(path)));
}

void *capo_values_structs_with(size_t size, const ColumnRow *columns, size_t *ret_count, Query *query)
{
    size_t count = 0;
    while (columns[count].name)
        count++;
    const char **paths = capo_alloc_array(count + 1, sizeof *paths);
    for (size_t i = 0; i < count; i++)
        paths[i] = columns[i].name;
    ValueRows rows = query_value_rows(with_values(query, query->values ? NULL : paths));
    ResultSet result = { .n_rows = rows.count, .n_columns = rows.n_columns, .names = rows.names };
    result.cells = capo_alloc_array(rows.count * rows.n_columns + 1, sizeof *result.cells);
    for (size_t i = 0; i < rows.count; i++)
        memcpy(&capo_cell(&result, i, 0), rows.rows[i], rows.n_columns * sizeof *result.cells);
    return capo_structs_of(&result, size, columns, ret_count);
}

/* --- dates ----------------------------------------------------------------------------------------------------------------------------- */

Expression *query_dates_expression(Query *query, const char *path, const char *kind, bool datetimes, const TimeZone *zone)
{
    static const char *const date_kinds[] = { "year", "month", "week", "day" };
    static const char *const datetime_kinds[] = { "year", "month", "week", "day", "hour", "minute", "second" };
    const char *const *kinds = datetimes ? datetime_kinds : date_kinds;
    size_t count = datetimes ? 7 : 4, at = 0;
    while (at < count && strcmp(kinds[at], kind))
        at++;
    if (at == count)
        capo_raise(ERROR_VALUE, "'kind' must be one of %s; '%s' is none.",
                   datetimes ? "'year', 'month', 'week', 'day', 'hour', 'minute' or 'second'" : "'year', 'month', 'week' or 'day'", kind);
    Expression *field = resolve_path(&(Scope){ .query = query }, path);
    FieldKind of = field->type.kind;
    if (datetimes ? of != FIELD_DATETIME : of != FIELD_DATE && of != FIELD_DATETIME)
        capo_raise(ERROR_VALUE, "'%s' is no field with %s.", path, datetimes ? "a date and time" : "a date");
    Expression *part = transform_named(kinds[at], datetimes ? FIELD_DATETIME : FIELD_DATE, field, zone, true);
    return part;
}

Query *query_dates(Query *query, const char *path, const char *kind, bool datetimes, const TimeZone *zone)
{
    Query *clone = query_clone(query);
    bool descending = *path == '-';
    Expression *part = query_dates_expression(clone, path + descending, kind, datetimes, zone);
    query_add_where(clone, expression_lookup(lookup_row(LOOKUP_ISNULL), part->args[0], capo_value_bool(false), NULL));
    query_add_annotation(clone, part, "datefield", true);
    query_set_values(clone, LIST("datefield"), 1);
    clone->distinct = true;
    clone->reversed = false;
    return query_order_terms(clone, &(OrderTerm){ .path = descending ? "-datefield" : "datefield" }, 1);
}

List *capo_query_dates(Query *query, const char *path, const char *kind)
{
    return first_column(query_dates(query, path, kind, false, NULL));
}

List *capo_query_datetimes(Query *query, const char *path, const char *kind, const TimeZone *zone)
{
    return first_column(query_dates(query, path, kind, true, zone));
}

/* --- totals ----------------------------------------------------------------------------------------------------------------------------- */

static Expression *inline_output(void *context, Expression *node, int level)
{
    (void)context, (void)level;
    return node->kind == X_OUTPUT && node->n_args ? node->args[0] : node;
}

typedef struct Lifted { Query *inner; size_t count; } Lifted;

/* Columns that an aggregate over a subquery needs become columns of the subquery. */
static Expression *lift(void *context, Expression *node, int level)
{
    Lifted *lifted = context;
    if (node->kind == X_OUTPUT) {
        for (size_t i = 0; i < lifted->inner->n_annotations; i++)
            if (!strcmp(lifted->inner->annotations[i].name, node->name) && !lifted->inner->annotations[i].selected) {
                Annotation *own = capo_memdup(lifted->inner->annotations, lifted->inner->n_annotations * sizeof *own);
                own[i].selected = true;
                lifted->inner->annotations = own;
            }
        Expression *output = capo_memdup(node, sizeof *node);
        output->n_args = 0;
        return output;
    }
    if (level || (node->kind != X_COLUMN && !(node->query && node->kind != X_LOOKUP)))
        return node;
    Query *inner = lifted->inner;
    const char *name = capo_format("__col%zu", ++lifted->count);
    Annotation *list = capo_alloc_array(inner->n_annotations + 1, sizeof *list);
    if (inner->n_annotations)
        memcpy(list, inner->annotations, inner->n_annotations * sizeof *list);
    list[inner->n_annotations++] = (Annotation){ name, node, true };
    inner->annotations = list;
    Expression *output = expression_new(X_OUTPUT);
    output->name = name;
    output->type = node->type;
    return output;
}

static bool needs_subquery(const Query *query)
{
    if (query->distinct || query_is_sliced(query) || query->combinator || query->grouping != GROUP_NONE)
        return true;
    if (query->where && expression_has_aggregate(query->where))
        return true;
    for (size_t i = 0; i < query->n_annotations; i++)
        if (expression_has_window(query->annotations[i].expression) || (query->annotations[i].selected && expression_has_set(query->annotations[i].expression)))
            return true;
    return false;
}

static bool refers_to_grouped(const Expression *expression)
{
    if (expression->kind == X_OUTPUT)
        return expression->n_args && (expression_has_aggregate(expression->args[0]) || expression_has_subquery(expression->args[0]) ||
                                      expression_has_window(expression->args[0]) || expression_has_set(expression->args[0]));
    for (size_t i = 0; i < expression->n_args; i++)
        if (refers_to_grouped(expression->args[i]))
            return true;
    return expression->filter && refers_to_grouped(expression->filter);
}

/* What an aggregate is over no rows: 0 for counts, its default, else null. */
static Value empty_total(const Expression *expression)
{
    if (expression->kind == X_AGGREGATE && !strcmp(expression->name, "Count"))
        return capo_value_int(0);
    if (expression->kind == X_AGGREGATE && !value_expression(expression->value))
        return expression->value;
    if (expression->kind == X_VALUE)
        return expression->value;
    return capo_value_null();
}

static bool can_be_elided(const Expression *expression)
{
    return expression->kind == X_AGGREGATE && !value_expression(expression->value);
}

/* Only what the totals need is selected beneath them: the key, and annotations that make groups. */
static void select_for_totals(Query *inner)
{
    bool grouped = inner->grouping == GROUP_MODEL || (inner->where && expression_has_aggregate(inner->where));
    for (size_t i = 0; i < inner->n_annotations; i++)
        grouped |= expression_has_aggregate(inner->annotations[i].expression);
    Expression *key = resolve_path(&(Scope){ .query = inner }, "pk");
    if (grouped) {
        inner->grouping = GROUP_LISTED;
        inner->group_by = capo_memdup(&key, sizeof key);
        inner->n_group_by = 1;
    }
    inner->explicit_select = capo_memdup(&key, sizeof key);
    inner->n_explicit_select = 1;
    Annotation *own = capo_memdup(inner->annotations, inner->n_annotations * sizeof *own);
    for (size_t i = 0; i < inner->n_annotations; i++)
        own[i].selected = own[i].selected && (expression_has_aggregate(own[i].expression) || expression_has_set(own[i].expression));
    inner->annotations = own;
}

/* Columns that were lifted out of the totals become columns of a values() query too. */
static void select_lifted(Query *inner)
{
    for (size_t i = 0; i < inner->n_annotations; i++) {
        bool there = !inner->annotations[i].selected;
        for (size_t j = 0; j < inner->n_selected; j++)
            there |= inner->selected[j].annotation && !strcmp(inner->selected[j].name, inner->annotations[i].name);
        if (there)
            continue;
        Selected *selected = capo_alloc_array(inner->n_selected + 1, sizeof *selected);
        if (inner->n_selected)
            memcpy(selected, inner->selected, inner->n_selected * sizeof *selected);
        selected[inner->n_selected++] = (Selected){ inner->annotations[i].name, inner->annotations[i].expression, true };
        inner->selected = selected;
    }
}

/* The query as a subquery of its totals, which then refer to its columns. */
static Query *beneath(const Query *query, Expression **outputs, size_t count)
{
    Query *inner = query_clone(query);
    inner->n_related = inner->n_prefetch = 0;
    inner->lock = NULL;                                             /* counting changes nothing */
    if (!query_is_sliced(inner)) {
        inner->no_order = true;
        inner->n_order = 0;
    }
    if (!inner->distinct && !inner->combinator && !inner->values)
        select_for_totals(inner);
    Lifted lifted = { .inner = inner };
    for (size_t i = 0; i < count; i++)
        outputs[i] = expression_map(outputs[i], lift, &lifted, 0);
    if (inner->values)
        select_lifted(inner);
    return inner;
}

/* COALESCE and the like over no rows must be asked of the database. */
static Query *over_nothing(const Query *query)
{
    Query *nothing = capo_query_of(query->model);
    nothing->joins = query->joins;
    nothing->n_joins = query->n_joins;
    nothing->where = expression_lookup(lookup_row(LOOKUP_EXACT), expression_value(capo_value_int(1), type_of(FIELD_INTEGER)),
                                       capo_value_int(0), NULL);
    return nothing;
}

/* Gives one row: expressions over all rows of the query. They are resolved already, in `query`. */
static Value *totals(Query *query, Expression **outputs, const char **names, size_t count)
{
    bool subquery = needs_subquery(query), elide = true;
    Query *inner = NULL;
    for (size_t i = 0; i < count; i++)
        subquery |= refers_to_grouped(outputs[i]);
    if (subquery)
        inner = beneath(query, outputs, count);
    for (size_t i = 0; i < count; i++) {
        if (!subquery)
            outputs[i] = expression_map(outputs[i], inline_output, NULL, 0);
        elide &= can_be_elided(outputs[i]);
    }
    Compiled *compiled = compile_totals(query, inner, outputs, names, count);
    if (compiled->empty && !elide)
        compiled = compile_totals(over_nothing(query), NULL, outputs, names, count);
    Value *row = capo_alloc_array(count + 1, sizeof *row);
    if (compiled->empty) {
        for (size_t i = 0; i < count; i++)
            row[i] = empty_total(outputs[i]);
        return row;
    }
    for (size_t i = 0; i < count; i++)
        if (outputs[i]->kind == X_AGGREGATE && expression_has_aggregate(outputs[i]->args[0]))
            capo_raise(ERROR_FIELD, "Cannot compute %s: its argument is an aggregate itself.", outputs[i]->name);
    ResultSet *result = capo_database_run(compiled->sql, compiled->parameters, compiled->n_parameters, DATABASE_READ);
    for (size_t i = 0; i < count && result->n_rows; i++) {
        OutputType type = compiled->types[i];
        if (type.kind == FIELD_DECIMAL)
            type = type_of(FIELD_DECIMAL);
        row[i] = convert_cell(type, capo_cell(result, 0, i));
    }
    return row;
}

int64_t capo_query_count(Query *query)
{
    if (query->fetched)
        return (int64_t)query->n_rows;
    if (query->relation.of)
        peers_refined(query->relation.of, query->relation.accessor, LAZY_COUNT, query->relation.file, query->relation.line);
    WITH_DATABASE(query_database(query, DATABASE_READ));
    Expression *count = expression_aggregate("Count", expression_new(X_STAR), false, NULL, capo_value_null());
    Query *clone = query_clone(query);
    if (clone->grouping != GROUP_NONE && !clone->values && !clone->distinct && !clone->combinator && !query_is_sliced(clone)) {
        bool used = clone->where && expression_has_aggregate(clone->where);
        for (size_t i = 0; i < clone->n_annotations; i++)
            used |= clone->annotations[i].selected && expression_has_set(clone->annotations[i].expression);
        if (!used) {                                                /* annotations that nothing refers to do not change how many */
            clone->grouping = GROUP_NONE;
            bool many = false;
            for (size_t i = 0; i < clone->n_joins; i++)
                many |= clone->joins[i].references > 0 && clone->joins[i].parent >= 0 && !clone->joins[i].direct;
            if (many)
                clone->grouping = GROUP_MODEL;
            else
                clone->n_annotations = 0;
        }
    }
    expression_infer(count);
    return totals(clone, &count, (const char *[]){ "__count" }, 1)[0].integer;
}

Map *capo_aggregate(Query *query, Expression *const *expressions)
{
    size_t count = 0;
    while (expressions && expressions[count])
        count++;
    Map *map = capo_map_new();
    if (!count)
        return map;
    WITH_DATABASE(query_database(query, DATABASE_READ));
    Query *clone = query_clone(query);
    Expression **outputs = capo_alloc_array(count + 1, sizeof *outputs);
    const char **names = capo_alloc_array(count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++) {
        if (!expressions[i]->as)
            capo_raise(ERROR_VALUE, "Complex aggregates require an alias: give .as to the one at place %zu.", i + 1);
        names[i] = expressions[i]->as;
        query_check_alias(names[i]);
        outputs[i] = resolve(&(Scope){ .query = clone, .summarize = true, .total_names = names, .totals = outputs, .n_totals = i }, expressions[i]);
        if (!expression_has_aggregate(outputs[i]))
            capo_raise(ERROR_VALUE, "%s is not an aggregate expression", names[i]);
        expression_check_type(outputs[i]);
        if (!outputs[i]->type.kind)
            capo_raise(ERROR_FIELD, "The type of the total '%s' cannot be told from what it is made of. You must set output_field.", names[i]);
    }
    Value *row = totals(clone, outputs, names, count);
    for (size_t i = 0; i < count; i++)
        capo_map_set(map, names[i], row[i]);
    return map;
}

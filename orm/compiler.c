/* SPDX-License-Identifier: BSD-3-Clause */
/* Queries as SQL: SELECT with its joins, grouping and order, totals over a subquery, UPDATE and DELETE.
 *
 * A compilation works on a clone, since ordering and select_related add joins. What the statement gives back is described in
 * Compiled: the type of each column, and where instances and annotations stand in a row. */
#include "compiler.h"
#include <capo/generic.h>
#include <string.h>

static Sql put_select(Compiler *compiler, const Query *query, int depth, const Frame *outer, bool name_outputs, Compiled *ret);

/* --- writing ---------------------------------------------------------------------------------------------------------------------- */

static void put_key(Compiler *compiler, int join, const Field *field)
{
    compile_quoted(compiler, frame_alias(compiler->frame, join));
    compile_text(compiler, ".");
    compile_quoted(compiler, field->column);
}

static void put_from(Compiler *compiler, const Query *query)
{
    bool first = true;
    for (size_t i = 0; i < query->n_joins; i++) {
        const Join *join = &query->joins[i];
        if (join->references <= 0)
            continue;
        const char *alias = frame_alias(compiler->frame, (int)i);
        compile_text(compiler, first ? " FROM " : join->outer ? " LEFT OUTER JOIN " : " INNER JOIN ");
        compile_quoted(compiler, join->model->table);
        if (strcmp(alias, join->model->table)) {
            compile_text(compiler, " ");
            compile_quoted(compiler, alias);
        }
        if (!first) {
            compile_text(compiler, " ON (");
            for (size_t part = 0; part < join->field->n_parts; part++) {
                compile_text(compiler, part ? " AND " : "");
                put_key(compiler, join->parent, (join->direct ? join->field->parts : join->field->target_parts)[part]);
                compile_text(compiler, " = ");
                put_key(compiler, (int)i, (join->direct ? join->field->target_parts : join->field->parts)[part]);
            }
            if (!join->field->n_parts) {
                put_key(compiler, join->parent, join->direct ? join->field : join->field->target_field);
                compile_text(compiler, " = ");
                put_key(compiler, (int)i, join->direct ? join->field->target_field : join->field);
            }
            if (!join->direct && join->field->generic_type) {
                compile_text(compiler, " AND ");
                put_key(compiler, (int)i, join->field->generic_type);
                compile_format(compiler, " = %lld", (long long)capo_generic_type(join->field->target).integer);
            }
            if (join->on) {
                size_t size = compiler->sql.size, parameters = compiler->n_parameters;
                compile_text(compiler, " AND ");
                Sql sql = compile(compiler, join->on);
                if (sql == SQL_EMPTY)
                    compile_text(compiler, "1 = 0");
                if (sql == SQL_FULL) {
                    compiler->sql.size = size;
                    compiler->n_parameters = parameters;
                }
            }
            compile_text(compiler, ")");
        }
        first = false;
    }
}

static Sql put_condition(Compiler *compiler, const char *word, const Expression *condition)
{
    if (!condition)
        return SQL_FULL;
    size_t size = compiler->sql.size, parameters = compiler->n_parameters;
    compile_text(compiler, word);
    Sql sql = compile(compiler, condition);
    if (sql == SQL_FULL) {
        compiler->sql.size = size;
        compiler->sql.data[size] = 0;
        compiler->n_parameters = parameters;
    }
    return sql;
}

void compile_value(Compiler *compiler, const Expression *expression)
{
    bool wrap = expression->kind == X_NODE || expression->kind == X_LOOKUP, booleans = compiler->dialect->booleans;
    compile_text(compiler, wrap ? "(" : "");
    Sql sql = compile(compiler, expression);
    compile_text(compiler, sql == SQL_EMPTY ? booleans ? "FALSE" : "0" : sql == SQL_FULL ? booleans ? "TRUE" : "1" : "");
    compile_text(compiler, wrap ? ")" : "");
}

static void put_order(Compiler *compiler, const Plan *plan)
{
    for (size_t i = 0; i < plan->n_order; i++) {
        const OrderTerm *term = &plan->order[i];
        compile_text(compiler, i ? ", " : " ORDER BY ");
        if (!term->expression) {
            compile_text(compiler, compiler->dialect->random);
            continue;
        }
        size_t position = plan_position_of(plan, term);
        if (!position || (term->nulls && compiler->dialect->nulls_by_condition)) {
            compile_order(compiler, term);
            continue;
        }
        capo_put_format(&compiler->sql, "%zu", position);
        compile_text(compiler, term->descending ? " DESC" : " ASC");
        compile_text(compiler, term->nulls == 1 ? " NULLS FIRST" : term->nulls == 2 ? " NULLS LAST" : "");
    }
}

void compile_limits(Compiler *compiler, int64_t limit, int64_t offset)
{
    if (limit >= 0)
        capo_put_format(&compiler->sql, " LIMIT %lld", (long long)limit);
    else if (offset)
        capo_put_format(&compiler->sql, " LIMIT %s", compiler->dialect->no_limit);
    if (offset)
        capo_put_format(&compiler->sql, " OFFSET %lld", (long long)offset);
}

/* The table that a name of FOR UPDATE OF means: "self", or a path of select_related. */
static int locked_join(const Plan *plan, const char *name)
{
    const RelatedLoad *load = plan->root;
    if (!load)
        capo_raise(ERROR_FIELD, "FOR_UPDATE(.of = …) names relations of instances, and this query gives values.");
    if (!strcmp(name, "self"))
        return load->join;
    for (const char *at = name; at;) {
        const char *end = strstr(at, "__");
        size_t size = end ? (size_t)(end - at) : strlen(at);
        const RelatedLoad *next = NULL;
        for (size_t i = 0; i < load->n_children; i++) {
            const char *own = load->children[i]->reverse ? load->children[i]->field->related_query_name : load->children[i]->field->name;
            if (strlen(own) == size && !memcmp(own, at, size))
                next = load->children[i];
        }
        if (!next)
            capo_raise(ERROR_FIELD, "Invalid field name(s) given in FOR_UPDATE(.of = …): %s. Only \"self\" and relations that .select_related follows are allowed.", name);
        load = next;
        at = end ? end + 2 : NULL;
    }
    return load->join;
}

/* FOR UPDATE, where the database has it: SQLite's transactions that write are alone anyway. */
static void put_lock(Compiler *compiler, const Plan *plan)
{
    const RowLock *lock = plan->query->lock;
    const Dialect *dialect = compiler->dialect;
    if (!lock || !dialect->for_update)
        return;
    if ((lock->of && lock->of[0] && !dialect->lock_of) || (lock->no_key && !dialect->lock_no_key))
        capo_raise(ERROR_NOT_SUPPORTED, "%s is not supported on %s.", lock->no_key && !dialect->lock_no_key ? "FOR NO KEY UPDATE" : "FOR UPDATE OF",
                   compiler->backend->title);
    compile_text(compiler, lock->no_key ? " FOR NO KEY UPDATE" : " FOR UPDATE");
    for (size_t i = 0; lock->of && lock->of[i]; i++) {
        compile_text(compiler, i ? ", " : " OF ");
        compile_quoted(compiler, frame_alias(compiler->frame, locked_join(plan, lock->of[i])));
    }
    compile_text(compiler, lock->nowait ? " NOWAIT" : lock->skip_locked ? " SKIP LOCKED" : "");
}

static void describe(Compiled *ret, const Plan *plan)
{
    ret->n_columns = plan->n_columns;
    ret->types = capo_alloc_array(plan->n_columns + 1, sizeof *ret->types);
    ret->names = capo_alloc_array(plan->n_columns + 1, sizeof *ret->names);
    for (size_t i = 0; i < plan->n_columns; i++) {
        ret->types[i] = plan->columns[i].expression->type;
        ret->names[i] = plan->columns[i].as;
        const Expression *expression = plan->columns[i].expression;
        ret->types[i].computed = expression->kind != X_COLUMN;
        if (expression_is_json_key(expression) && !capo_dialect()->json_keys)
            ret->types[i].places = -2;                              /* a JSON key: already taken out of its document */
        if (expression->kind == X_TRANSFORM && expression->transform->code == TRUNC && expression->type.kind == FIELD_DATETIME)
            ret->types[i].zone = expression->zone ? expression->zone : capo_current_time_zone();
        if (expression->kind != X_COLUMN && expression->type.kind == FIELD_DECIMAL)
            ret->types[i] = (OutputType){ .kind = FIELD_DECIMAL, .computed = true, .places = -1 };
        expression_check_type(expression);
        if (!ret->types[i].kind && (expression->kind == X_COMBINE || expression->kind == X_CASE || expression->kind == X_CALL))
            capo_raise(ERROR_FIELD, "Expression contains mixed types. You must set output_field.");
    }
    ret->first_annotation = plan->first_annotation;
    ret->n_annotations = plan->n_annotations;
    ret->root = plan->root;
}

/* --- UNION and its like ------------------------------------------------------------------------------------------------------------ */

static size_t union_position(const Query *first, const char *path, const Plan *plan)
{
    for (size_t i = 0; first->values && plan->n_columns == first->n_selected && i < first->n_selected; i++)
        if (!strcmp(first->selected[i].name, path))
            return i + 1;
    for (size_t i = 0; i < plan->n_columns; i++) {
        const Column *column = &plan->columns[i];
        if (column->as && !strcmp(column->as, path))
            return i + 1;
        const Expression *expression = column->expression;
        if (!column->as && expression->kind == X_COLUMN &&
            (!strcmp(expression->column->name, path) || !strcmp(expression->column->attname, path) ||
             (!strcmp(path, "pk") && expression->column == first->model->pk)))
            return i + 1;
    }
    return 0;
}

static Sql put_combined(Compiler *compiler, const Query *query, int depth, const Frame *outer, Compiled *ret)
{
    static const char *const words[] = { [COMBINE_UNION] = " UNION ", [COMBINE_UNION_ALL] = " UNION ALL ",
                                         [COMBINE_INTERSECTION] = " INTERSECT ", [COMBINE_DIFFERENCE] = " EXCEPT " };
    size_t written = 0;
    const Query *first = NULL;
    if (query->limit == 0)
        return SQL_EMPTY;
    for (size_t i = 0; i < query->n_combined; i++) {
        Query *part = query_clone(query->combined[i]);
        if (query->values && !part->values) {
            part->values = true;
            const char **names = capo_alloc_array(query->n_selected + 1, sizeof *names);
            for (size_t name = 0; name < query->n_selected; name++)
                names[name] = query->selected[name].name;
            query_set_values(part, names, query->n_selected);
        }
        if (part->limit < 0 && !part->offset) {
            part->no_order = true;
            part->n_order = 0;
        }
        size_t size = compiler->sql.size, parameters = compiler->n_parameters;
        compile_text(compiler, written ? words[query->combinator] : "");
        compile_text(compiler, compiler->dialect->brackets_in_union ? "(" : "SELECT * FROM (");
        Sql sql = put_select(compiler, part, depth + 1, outer, true, first ? NULL : ret);
        compile_text(compiler, ")");
        if (sql == SQL_EMPTY) {
            compiler->sql.size = size;
            if (compiler->sql.data)
                compiler->sql.data[size] = 0;
            compiler->n_parameters = parameters;
            if (query->combinator == COMBINE_INTERSECTION || (query->combinator == COMBINE_DIFFERENCE && !i))
                return SQL_EMPTY;
            continue;
        }
        if (!first)
            first = part;
        written++;
    }
    if (!written)
        return SQL_EMPTY;
    Plan plan = { .query = (Query *)first };
    plan_columns(&plan);
    size_t n_terms = 0;
    for (size_t i = 0; i < query->n_order; i++) {
        const char *path = query->order[i].path;
        bool minus = path && *path == '-';
        bool of_key = path && !strcmp(path + minus, "pk") && first->model->pk->kind == FIELD_COMPOSITE_KEY;
        for (size_t part = 0; part < (of_key ? first->model->pk->n_parts : 1); part++) {
            const char *name = of_key ? first->model->pk->parts[part]->attname : path ? path + minus : NULL;
            size_t position = name ? union_position(first, name, &plan) : 0;
            if (!position)
                capo_raise(ERROR_PROGRAMMING, "ORDER BY term does not match any column in the result set: '%s'.", path ? path : "an expression");
            bool descending = minus ^ query->order[i].descending ^ query->reversed;
            capo_put_format(&compiler->sql, "%s%zu%s", n_terms++ ? ", " : " ORDER BY ", position, descending ? " DESC" : " ASC");
        }
    }
    compile_limits(compiler, query->limit, query->offset);
    return SQL_OK;
}

/* --- SELECT ------------------------------------------------------------------------------------------------------------------------ */

static const char *output_name(const Plan *plan, size_t column)
{
    return plan->columns[column].as ? plan->columns[column].as : capo_format("col%zu", column + 1);
}

/* SELECT to HAVING. */
static Sql put_rows(Compiler *compiler, const Plan *plan, bool distinct, bool name_outputs)
{
    compile_text(compiler, distinct ? "SELECT DISTINCT " : "SELECT ");
    for (size_t i = 0; distinct && i < plan->n_distinct_on; i++) {
        compile_text(compiler, i ? ", " : "ON (");
        compile_value(compiler, plan->distinct_on[i]);
        compile_text(compiler, i + 1 == plan->n_distinct_on ? ") " : "");
    }
    for (size_t i = 0; i < plan->n_columns; i++) {
        compile_text(compiler, i ? ", " : "");
        compile_value(compiler, plan->columns[i].expression);
        if (plan->columns[i].as || name_outputs) {
            compile_text(compiler, " AS ");
            compile_quoted(compiler, output_name(plan, i));
        }
    }
    put_from(compiler, plan->query);
    Sql sql = put_condition(compiler, " WHERE ", plan->where);
    if (sql != SQL_EMPTY && plan->grouped) {
        for (size_t i = 0; i < plan->n_group; i++) {
            compile_text(compiler, i ? ", " : " GROUP BY ");
            compile_value(compiler, plan->group[i]);
        }
        sql = put_condition(compiler, " HAVING ", plan->having);
    }
    return sql;
}

/* What a condition over windows compares, and what rows are ordered by, become columns of the query beneath. */
static Expression *as_output(void *context, Expression *node, int level)
{
    Plan *plan = context;
    if (node->kind == X_NODE || node->kind == X_LOOKUP || node->kind == X_VALUE || node->kind == X_NOTHING || level)
        return node;
    Expression *output = expression_new(X_OUTPUT);
    output->type = node->type;
    for (size_t i = 0; i < plan->n_columns && !output->name; i++)
        if (expression_equal(plan->columns[i].expression, node))
            output->name = output_name(plan, i);
    if (!output->name) {
        output->name = capo_format("qual%zu", plan->n_columns);
        plan_add_column(plan, node, output->name);
    }
    return output;
}

/* SELECT of columns that a query beneath named. */
static void put_outputs(Compiler *compiler, const Plan *plan, size_t count, bool name_outputs)
{
    compile_text(compiler, plan->query->distinct && plan->qualify ? "SELECT DISTINCT " : "SELECT ");
    for (size_t i = 0; i < count; i++) {
        compile_text(compiler, i ? ", " : "");
        compile_quoted(compiler, "subquery");
        compile_text(compiler, ".");
        compile_quoted(compiler, output_name(plan, i));
        if (plan->columns[i].as || name_outputs) {
            compile_text(compiler, " AS ");
            compile_quoted(compiler, output_name(plan, i));
        }
    }
}

/* Windows are computed when the rows are chosen and grouped, so that a condition over one stands around the query. */
static Sql put_qualified(Compiler *compiler, Plan *plan, bool name_outputs)
{
    size_t n_columns = plan->n_columns;
    Expression *condition = expression_map(plan->qualify, as_output, plan, 0);
    for (size_t i = 0; i < plan->n_order; i++)
        if (plan->order[i].expression && !plan_position_of(plan, &plan->order[i]))
            plan->order[i].expression = expression_map(plan->order[i].expression, as_output, plan, 0);
    put_outputs(compiler, plan, n_columns, name_outputs);
    compile_text(compiler, " FROM (");
    Sql sql = put_rows(compiler, plan, false, true);
    compile_text(compiler, ") ");
    compile_quoted(compiler, "subquery");
    return sql == SQL_EMPTY ? sql : put_condition(compiler, " WHERE ", condition);
}

static Sql put_select(Compiler *compiler, const Query *source, int depth, const Frame *outer, bool name_outputs, Compiled *ret)
{
    if (depth > 20)
        capo_raise(ERROR_NOT_SUPPORTED, "Subqueries are nested deeper than 20 levels.");
    if (source->none || source->limit == 0)
        return SQL_EMPTY;
    if (source->combinator)
        return put_combined(compiler, source, depth, outer, ret);
    Plan plan = { .query = query_clone(source) };
    Query *query = plan.query;
    Frame frame = { .query = query, .depth = depth, .outer = outer };
    const Frame *before = compiler->frame;
    if (!query->n_joins)
        query_base(query);
    plan_columns(&plan);
    plan_order(&plan);
    plan_conditions(&plan);
    if (ret)
        describe(ret, &plan);
    if (query->n_distinct_on && !compiler->dialect->distinct_on)
        capo_raise(ERROR_NOT_SUPPORTED, "DISTINCT ON fields is not supported by %s.", compiler->backend->title);
    if (query->n_distinct_on)
        plan_distinct_on(&plan);
    size_t n_wanted = plan.n_columns;
    if (query->distinct && !query->n_distinct_on)                   /* SELECT DISTINCT orders by what it selects */
        for (size_t i = 0; i < plan.n_order; i++) {
            if (!plan.order[i].expression || plan_position_of(&plan, &plan.order[i]))
                continue;
            bool there = false;
            for (size_t column = 0; column < plan.n_columns; column++)
                there |= expression_equal(plan.columns[column].expression, plan.order[i].expression);
            if (!there)
                plan_add_column(&plan, plan.order[i].expression, NULL);
        }

    plan_group(&plan);
    if (query->n_distinct_on && (plan.grouped || plan.qualify))
        capo_raise(ERROR_NOT_SUPPORTED, "%s cannot stand beside .distinct_on in one query: choose the rows by .distinct_on in a query of their own, and ask for those "
                   "whose \"pk__in\" is that query.", plan.grouped ? "Aggregates" : "Conditions over windows");
    if (plan.grouped && plan.meta_order)                            /* rows that were grouped have no order of their own */
        plan.n_order = 0;
    compiler->frame = &frame;
    bool apart = !ret && !name_outputs && !plan.qualify && plan.n_columns > n_wanted;      /* a subquery gives no more than it was asked for */
    if (apart) {
        put_outputs(compiler, &plan, n_wanted, false);
        compile_text(compiler, " FROM (");
    }
    Sql sql = plan.qualify ? put_qualified(compiler, &plan, name_outputs) : put_rows(compiler, &plan, query->distinct, name_outputs || apart);
    if (sql != SQL_EMPTY) {
        put_order(compiler, &plan);
        compile_limits(compiler, query->limit, query->offset);
        put_lock(compiler, &plan);
        sql = SQL_OK;
    }
    if (apart) {
        compile_text(compiler, ") ");
        compile_quoted(compiler, "subquery");
    }
    compiler->frame = before;
    return sql;
}

Sql compile_subquery(Compiler *compiler, const Query *query, bool ordered)
{
    Query *copy = (Query *)query;
    if (!ordered && query->limit < 0 && !query->offset && !query->combinator && !query->n_distinct_on) {
        copy = query_clone(query);
        copy->no_order = true;
        copy->n_order = 0;
    }
    return put_select(compiler, copy, compiler->frame ? compiler->frame->depth + 1 : 1, compiler->frame, false, NULL);
}

static Compiled *finish(Compiler *compiler, Compiled *ret, Sql sql)
{
    ret->empty = sql == SQL_EMPTY;
    ret->sql = capo_buffer_text(&compiler->sql);
    ret->parameters = compiler->parameters;
    ret->n_parameters = compiler->n_parameters;
    return ret;
}

Compiled *compile_select(const Query *query)
{
    Compiled *ret = capo_alloc_struct(Compiled);
    Compiler compiler = { .backend = capo_backend(), .dialect = capo_dialect() };
    query_settle((Query *)query);
    return finish(&compiler, ret, put_select(&compiler, query, 0, NULL, false, ret));
}

Compiled *compile_totals(Query *query, Query *inner, Expression **outputs, const char **names, size_t count)
{
    Compiled *ret = capo_alloc_struct(Compiled);
    Compiler compiler = { .backend = capo_backend(), .dialect = capo_dialect() };
    ret->n_columns = count;
    ret->names = names;
    ret->types = capo_alloc_array(count + 1, sizeof *ret->types);
    for (size_t i = 0; i < count; i++) {
        ret->types[i] = outputs[i]->type;
        ret->types[i].computed = true;
    }
    Frame frame = { .query = query };
    compiler.frame = &frame;
    if (!query->n_joins)
        query_base(query);
    compile_text(&compiler, "SELECT ");
    for (size_t i = 0; i < count; i++) {
        compile_text(&compiler, i ? ", " : "");
        compile_value(&compiler, outputs[i]);
        if (names[i]) {
            compile_text(&compiler, " AS ");
            compile_quoted(&compiler, names[i]);
        }
    }
    if (!inner) {
        put_from(&compiler, query);
        Sql sql = query->none ? SQL_EMPTY : put_condition(&compiler, " WHERE ", query->where);
        return finish(&compiler, ret, sql);
    }
    compile_text(&compiler, " FROM (");
    Sql sql = put_select(&compiler, inner, 1, NULL, true, NULL);
    compile_text(&compiler, ") ");
    compile_quoted(&compiler, "subquery");
    return finish(&compiler, ret, sql);
}

/* --- UPDATE, DELETE ----------------------------------------------------------------------------------------------------------------- */

/* A statement over one table: where the conditions need others, or rows are chosen by order, it takes the keys from a subquery. */
static Query *keys_where_needed(Query *query)
{
    size_t joins = 0;
    for (size_t i = 0; i < query->n_joins; i++)
        joins += query->joins[i].references > 0;
    bool grouped = query->grouping != GROUP_NONE || (query->where && expression_has_aggregate(query->where));
    if (joins <= 1 && !grouped && !query->distinct && !query_is_sliced(query) && !query->combinator) {
        if (!query->n_joins)
            query_base(query);
        return query;
    }
    Query *keys = query_clone(query);
    keys->n_related = 0;
    for (size_t i = 0; i < keys->n_annotations; i++)
        keys->annotations[i].selected = false;
    keys->values = false;
    Expression *key = tuple_column(query_base(keys), keys->model->pk);
    keys->explicit_select = capo_memdup(&key, sizeof key);
    keys->n_explicit_select = 1;
    if (!query_is_sliced(keys)) {
        keys->no_order = true;
        keys->n_order = 0;
    }
    Query *outer = capo_query_of(query->model);
    outer->no_order = true;
    query_base(outer);
    Expression *in = expression_lookup(lookup_row(LOOKUP_IN), tuple_column(0, outer->model->pk), capo_value_null(), NULL);
    in->query = keys;
    query_add_where(outer, in);
    return outer;
}

Compiled *compile_update(Query *query, const Assignment *assignments, size_t count)
{
    Compiled *ret = capo_alloc_struct(Compiled);
    Compiler compiler = { .backend = capo_backend(), .dialect = capo_dialect(), .writes = true };
    query = keys_where_needed(query);
    Frame frame = { .query = query };
    compiler.frame = &frame;
    compile_text(&compiler, "UPDATE ");
    compile_quoted(&compiler, query->model->table);
    for (size_t i = 0; i < count; i++) {
        compile_text(&compiler, i ? ", " : " SET ");
        compile_quoted(&compiler, assignments[i].field->column);
        compile_text(&compiler, " = ");
        compile_value(&compiler, assignments[i].expression);
    }
    Sql sql = query->none ? SQL_EMPTY : put_condition(&compiler, " WHERE ", query->where);
    return finish(&compiler, ret, sql);
}

Compiled *compile_value_alone(const Query *query, const Expression *value)
{
    Compiled *ret = capo_alloc_struct(Compiled);
    Compiler compiler = { .backend = capo_backend(), .dialect = capo_dialect() };
    Frame frame = { .query = query };
    compiler.frame = &frame;
    compile_text(&compiler, "SELECT ");
    compile_value(&compiler, value);
    return finish(&compiler, ret, SQL_OK);
}

Compiled *compile_delete(Query *query)
{
    Compiled *ret = capo_alloc_struct(Compiled);
    Compiler compiler = { .backend = capo_backend(), .dialect = capo_dialect(), .writes = true };
    query = keys_where_needed(query);
    Frame frame = { .query = query };
    compiler.frame = &frame;
    compile_text(&compiler, "DELETE FROM ");
    compile_quoted(&compiler, query->model->table);
    Sql sql = query->none ? SQL_EMPTY : put_condition(&compiler, " WHERE ", query->where);
    return finish(&compiler, ret, sql);
}

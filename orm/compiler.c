/* SPDX-License-Identifier: BSD-3-Clause */
/* Queries as SQL: SELECT with its joins, grouping and order, totals over a subquery, UPDATE and DELETE.
 *
 * A compilation works on a clone, since ordering and select_related add joins. What the statement gives back is described in
 * Compiled: the type of each column, and where instances and annotations stand in a row. */
#include "query.h"
#include <string.h>

typedef struct Column { Expression *expression; const char *as; } Column;

typedef struct Plan {
    Query *query;
    Column *columns; size_t n_columns, capacity;
    OrderTerm *order; size_t n_order, order_capacity;
    Expression *where, *having, *qualify;   /* qualify: over windows, which are computed behind HAVING */
    Expression **group; size_t n_group, group_capacity;
    bool grouped, meta_order;
    size_t first_annotation, n_annotations;
    RelatedLoad *root;
} Plan;

static Sql put_select(Compiler *compiler, const Query *query, int depth, const Frame *outer, bool name_outputs, Compiled *ret);

#define GROW(list, count, capacity)                                                                                            \
    do {                                                                                                                       \
        if ((count) == (capacity)) {                                                                                           \
            size_t more_ = (capacity) ? (capacity) * 2 : 16;                                                                   \
            (list) = capo_realloc((list), (capacity) * sizeof *(list), more_ * sizeof *(list));                                \
            (capacity) = more_;                                                                                                \
        }                                                                                                                      \
    } while (0)

static void add_column(Plan *plan, Expression *expression, const char *as)
{
    GROW(plan->columns, plan->n_columns, plan->capacity);
    plan->columns[plan->n_columns++] = (Column){ expression, as };
}

static Expression *column_at(int join, const Field *field)
{
    Expression *column = expression_new(X_COLUMN);
    column->join = join;
    column->column = field;
    column->type = type_of_field(field);
    return column;
}

/* --- what is selected ------------------------------------------------------------------------------------------------------------ */

static bool is_deferred(const Query *query, const Field *field)
{
    if (!query->n_deferred || field->primary_key)
        return false;
    bool named = false;
    for (size_t i = 0; i < query->n_deferred; i++)
        named |= !strcmp(query->deferred[i], field->name) || !strcmp(query->deferred[i], field->attname);
    for (size_t i = 0; query->deferred_only && i < query->n_deferred; i++)     /* only("author__name") keeps the key to the author */
        named |= !strncmp(query->deferred[i], field->name, strlen(field->name)) && !strncmp(query->deferred[i] + strlen(field->name), "__", 2);
    return named != query->deferred_only;
}

static RelatedLoad *load_model(Plan *plan, Model *model, int join, bool top)
{
    RelatedLoad *load = capo_alloc_struct(RelatedLoad);
    load->model = model;
    load->first = plan->n_columns;
    load->fields = capo_alloc_array(model->n_fields + 1, sizeof *load->fields);
    for (size_t i = 0; i < model->n_fields; i++) {
        if (top && is_deferred(plan->query, model->fields[i]))
            continue;
        load->fields[load->n_fields++] = model->fields[i];
        add_column(plan, column_at(join, model->fields[i]), NULL);
    }
    return load;
}

static _Noreturn void raise_no_relation(const Model *model, const char *name)
{
    const char *names[64];
    size_t count = 0;
    Buffer choices = { 0 };
    for (size_t i = 0; i < model->n_fields && count < 64; i++)
        if (capo_field_is_relation(model->fields[i]->kind))
            names[count++] = model->fields[i]->name;
    for (size_t i = 0; i < model->n_reverse && count < 64; i++)
        if (model->reverse[i]->kind == FIELD_ONE_TO_ONE && model->reverse[i]->related_query_name)
            names[count++] = model->reverse[i]->related_query_name;
    for (size_t i = 0; i < count; i++)
        capo_put_format(&choices, "%s%s", i ? ", " : "", names[i]);
    capo_raise(ERROR_FIELD, "Invalid field name(s) given in select_related: '%s'. Choices are: %s%s", name,
               count ? capo_buffer_text(&choices) : "(none)", capo_did_you_mean(name, names, count));
}

/* Loads one path of select_related below `load`; parts that another path has are shared. */
static void load_related(Plan *plan, RelatedLoad *load, int join, const char *path)
{
    const char *end = strstr(path, "__");
    char *name = end ? capo_strndup(path, (size_t)(end - path)) : capo_strdup(path);
    const Field *field = capo_field(load->model, name);
    bool forward = field && (field->kind == FIELD_FOREIGN_KEY || field->kind == FIELD_ONE_TO_ONE) && !strcmp(field->name, name);
    if (!forward) {
        field = NULL;
        for (size_t i = 0; i < load->model->n_reverse; i++)
            if (load->model->reverse[i]->kind == FIELD_ONE_TO_ONE && load->model->reverse[i]->related_query_name &&
                !strcmp(load->model->reverse[i]->related_query_name, name))
                field = load->model->reverse[i];
    }
    if (!field)
        raise_no_relation(load->model, name);
    if (forward && load == plan->root && is_deferred(plan->query, field))
        capo_raise(ERROR_FIELD, "Field %s.%s cannot be both deferred and traversed using select_related at the same time.", load->model->name, name);
    Path walked = path_walk(NULL, load->model, name, true);
    JoinedPath joined = query_setup_joins(plan->query, &walked, join, NULL);
    RelatedLoad *child = NULL;
    for (size_t i = 0; i < load->n_children; i++)
        if (load->children[i]->field == field)
            child = load->children[i];
    if (!child) {
        child = load_model(plan, walked.model, joined.join, false);
        child->field = field;
        child->reverse = !forward;
        RelatedLoad **children = capo_alloc_array(load->n_children + 1, sizeof *children);
        if (load->n_children)
            memcpy(children, load->children, load->n_children * sizeof *children);
        children[load->n_children++] = child;
        load->children = children;
    }
    if (end)
        load_related(plan, child, joined.join, end + 2);
}

static Expression *annotation_named(const Query *query, const char *name)
{
    for (size_t i = 0; i < query->n_annotations; i++)
        if (!strcmp(query->annotations[i].name, name))
            return query->annotations[i].expression;
    return NULL;
}

static void plan_columns(Plan *plan)
{
    Query *query = plan->query;
    if (query->constant_select) {
        add_column(plan, expression_value(capo_value_int(1), type_of(FIELD_INTEGER)), "a");
        return;
    }
    if (query->n_explicit_select) {
        for (size_t i = 0; i < query->n_explicit_select; i++)
            add_column(plan, query->explicit_select[i], query->explicit_select[i]->as);
    } else if (query->values) {
        for (size_t i = 0; i < query->n_selected; i++) {
            const Selected *selected = &query->selected[i];
            add_column(plan, selected->annotation ? annotation_named(query, selected->name) : selected->expression,
                       selected->annotation ? selected->name : NULL);
        }
        return;
    } else {
        plan->root = load_model(plan, query->model, query_base(query), true);
    }
    plan->first_annotation = plan->n_columns;
    for (size_t i = 0; i < query->n_annotations; i++)
        if (query->annotations[i].selected) {
            add_column(plan, query->annotations[i].expression, query->annotations[i].name);
            plan->n_annotations++;
        }
    for (size_t i = 0; plan->root && i < query->n_related; i++)
        load_related(plan, plan->root, 0, query->related[i]);
}

/* --- order ----------------------------------------------------------------------------------------------------------------------- */

static void add_order(Plan *plan, OrderTerm term)
{
    GROW(plan->order, plan->n_order, plan->order_capacity);
    plan->order[plan->n_order++] = term;
}

typedef struct Seen { const Field *fields[MAX_JOINS]; size_t count; } Seen;

/* A path that ends at a relation follows the order of the model there, unless it names the key. */
static void order_by_path(Plan *plan, Model *model, int join, const char *path, bool descending, Seen *seen)
{
    if (*path == '-')
        descending ^= *path++ == '-';
    Query *query = plan->query;
    Path walked = path_walk(NULL, model, path, false);
    if (walked.used < walked.n_names && walked.relation)
        raise_unknown_name(join ? NULL : query, walked.model, walked.names[walked.used], strlen(walked.names[walked.used]));
    JoinedPath joined = query_setup_joins(query, &walked, join, NULL);
    const char *last = walked.names[walked.n_names - 1];
    bool by_key = !strcmp(last, "pk") || (walked.final && !strcmp(walked.final->attname, last) && strcmp(walked.final->name, last));
    if (walked.relation && !by_key && walked.model->ordering && walked.model->ordering[0] && walked.used == walked.n_names) {
        for (size_t i = 0; i < seen->count; i++)
            if (seen->fields[i] == walked.final)
                capo_raise(ERROR_FIELD, "Infinite loop caused by ordering.");
        if (seen->count == MAX_JOINS)
            capo_raise(ERROR_FIELD, "Infinite loop caused by ordering.");
        seen->fields[seen->count++] = walked.final;
        for (const char *const *name = walked.model->ordering; *name; name++)
            order_by_path(plan, walked.model, joined.join, *name, descending, seen);
        seen->count--;
        return;
    }
    query_trim_joins(query, &joined);
    Expression *expression = column_at(joined.join, joined.target);
    for (size_t i = walked.used; i < walked.n_names; i++) {
        Expression *part = transform_apply(expression, walked.names[i]);
        if (!part)
            capo_raise(ERROR_FIELD, "Cannot resolve keyword '%s' into field. Join on '%s' not permitted.", walked.names[i], walked.names[i - 1]);
        expression = part;
    }
    add_order(plan, (OrderTerm){ .expression = expression, .descending = descending });
}

static void order_term(Plan *plan, const OrderTerm *term)
{
    Query *query = plan->query;
    if (term->expression) {
        OrderTerm resolved = *term;
        add_order(plan, resolved);
        return;
    }
    const char *path = term->path;
    bool descending = term->descending;
    if (!strcmp(path, "?")) {
        add_order(plan, (OrderTerm){ .path = "?" });
        return;
    }
    const char *bare = path + (*path == '-');
    Expression *annotation = annotation_named(query, bare);
    if (annotation) {
        add_order(plan, (OrderTerm){ .expression = annotation, .path = bare, .descending = descending ^ (*path == '-'), .nulls = term->nulls });
        return;
    }
    Path walked = path_walk(query, query->model, bare, false);
    if (walked.annotation) {                                        /* a transform of an annotation */
        add_order(plan, (OrderTerm){ .expression = resolve_path(&(Scope){ .query = query }, bare), .descending = descending ^ (*path == '-') });
        return;
    }
    Seen seen = { .count = 0 };
    size_t first = plan->n_order;
    order_by_path(plan, query->model, query_base(query), path, descending, &seen);
    for (size_t i = first; i < plan->n_order; i++)
        plan->order[i].nulls = term->nulls;
}

static void plan_order(Plan *plan)
{
    Query *query = plan->query;
    if (query->no_order && !query->n_order)
        return;
    for (size_t i = 0; i < query->n_order; i++)
        order_term(plan, &query->order[i]);
    if (!query->n_order && query->model->ordering) {
        plan->meta_order = query->model->ordering[0] != NULL;
        if (query->grouping == GROUP_NONE || query->distinct)
            for (const char *const *name = query->model->ordering; *name; name++)
                order_term(plan, &(OrderTerm){ .path = *name });
    }
    for (size_t i = 0; query->reversed && i < plan->n_order; i++) {
        plan->order[i].descending ^= true;
        plan->order[i].nulls = plan->order[i].nulls == 1 ? 2 : plan->order[i].nulls == 2 ? 1 : 0;
    }
}

static size_t position_of(const Plan *plan, const OrderTerm *term)
{
    if (term->path && term->expression)
        for (size_t i = 0; i < plan->n_columns; i++)
            if (plan->columns[i].as && !strcmp(plan->columns[i].as, term->path))
                return i + 1;
    return 0;
}

/* --- WHERE, HAVING, GROUP BY ------------------------------------------------------------------------------------------------------ */

static Expression *and_of(Expression *a, Expression *b)
{
    return !a ? b : !b ? a : expression_node(AND, false, (Expression *[]){ a, b }, 2);
}

/* Conditions over aggregates go to HAVING, those over windows behind it; a node goes there whole unless it is an AND that can be taken apart. */
static void split_having(Plan *plan, Expression *node, bool negated)
{
    bool has_window = expression_has_window(node);
    if (!has_window && !expression_has_aggregate(node)) {
        plan->where = and_of(plan->where, node);
        return;
    }
    if (node->kind == X_NODE && node->connector == AND && !node->negated && !negated) {
        for (size_t i = 0; i < node->n_args; i++)
            split_having(plan, node->args[i], false);
        return;
    }
    if (has_window) {
        plan->qualify = and_of(plan->qualify, node);
        return;
    }
    plan->having = and_of(plan->having, node);
}

static void add_group(Plan *plan, Expression *expression)
{
    for (size_t i = 0; i < plan->n_group; i++)
        if (expression_equal(plan->group[i], expression))
            return;
    GROW(plan->group, plan->n_group, plan->group_capacity);
    plan->group[plan->n_group++] = expression;
}

/* What an expression needs in GROUP BY: itself, unless it is a constant or made of aggregates. The conditions of HAVING need only
 * the columns that they compare. */
static void group_columns(Plan *plan, Expression *expression, bool of_having)
{
    switch (expression->kind) {
    case X_VALUE: case X_AGGREGATE: case X_STAR: case X_NOTHING:
        return;
    case X_WINDOW:
        for (size_t i = 1; i < expression->n_args; i++)
            group_columns(plan, expression->args[i], of_having);
        for (size_t i = 0; i < expression->n_order; i++)
            group_columns(plan, expression->order[i].expression, of_having);
        return;
    default:
        break;
    }
    bool taken_apart = of_having && (expression->kind == X_NODE || expression->kind == X_LOOKUP);
    if (!expression_has_aggregate(expression) && !taken_apart) {
        add_group(plan, expression);
        return;
    }
    for (size_t i = 0; i < expression->n_args; i++)
        group_columns(plan, expression->args[i], of_having);
}

static void plan_group(Plan *plan)
{
    Query *query = plan->query;
    if (query->grouping == GROUP_NONE && !plan->having && !(plan->qualify && expression_has_aggregate(plan->qualify)))
        return;
    plan->grouped = true;
    if (query->grouping == GROUP_MODEL)
        for (size_t i = 0; i < query->model->n_fields; i++)
            if (!is_deferred(query, query->model->fields[i]))
                add_group(plan, column_at(0, query->model->fields[i]));
    for (size_t i = 0; query->grouping == GROUP_LISTED && i < query->n_group_by; i++)
        group_columns(plan, query->group_by[i], false);
    for (size_t i = 0; i < plan->n_columns; i++)
        group_columns(plan, plan->columns[i].expression, false);
    for (size_t i = 0; i < plan->n_order && !plan->meta_order; i++)
        if (plan->order[i].expression && !position_of(plan, &plan->order[i]))
            group_columns(plan, plan->order[i].expression, false);
    if (plan->having)
        group_columns(plan, plan->having, true);
    if (plan->qualify)                              /* its columns come out of the query beneath, which is grouped */
        group_columns(plan, plan->qualify, true);
}

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
            put_key(compiler, join->parent, join->direct ? join->field : join->field->target_field);
            compile_text(compiler, " = ");
            put_key(compiler, (int)i, join->direct ? join->field->target_field : join->field);
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
        size_t position = position_of(plan, term);
        if (!position || (term->nulls && compiler->dialect->nulls_by_condition)) {
            compile_order(compiler, term);
            continue;
        }
        capo_put_format(&compiler->sql, "%zu", position);
        compile_text(compiler, term->descending ? " DESC" : " ASC");
        compile_text(compiler, term->nulls == 1 ? " NULLS FIRST" : term->nulls == 2 ? " NULLS LAST" : "");
    }
}

static void put_limits(Compiler *compiler, const Query *query)
{
    if (query->limit >= 0)
        capo_put_format(&compiler->sql, " LIMIT %lld", (long long)query->limit);
    else if (query->offset)
        capo_put_format(&compiler->sql, " LIMIT %s", compiler->dialect->no_limit);
    if (query->offset)
        capo_put_format(&compiler->sql, " OFFSET %lld", (long long)query->offset);
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
            ret->types[i] = (OutputType){ .kind = FIELD_DECIMAL, .computed = true, .places = expression->kind == X_WRAP || expression->kind == X_CAST ? expression->type.places : -1 };
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
    for (size_t i = 0; i < query->n_order; i++) {
        const char *path = query->order[i].path;
        bool minus = path && *path == '-';
        size_t position = path ? union_position(first, path + minus, &plan) : 0;
        if (!position)
            capo_raise(ERROR_PROGRAMMING, "ORDER BY term does not match any column in the result set: '%s'.", path ? path : "an expression");
        bool descending = minus ^ query->order[i].descending ^ query->reversed;
        capo_put_format(&compiler->sql, "%s%zu%s", i ? ", " : " ORDER BY ", position, descending ? " DESC" : " ASC");
    }
    put_limits(compiler, query);
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
        add_column(plan, node, output->name);
    }
    return output;
}

/* Windows are computed when the rows are chosen and grouped, so that a condition over one stands around the query. */
static Sql put_qualified(Compiler *compiler, Plan *plan, bool name_outputs)
{
    size_t n_columns = plan->n_columns;
    Expression *condition = expression_map(plan->qualify, as_output, plan, 0);
    for (size_t i = 0; i < plan->n_order; i++)
        if (plan->order[i].expression && !position_of(plan, &plan->order[i]))
            plan->order[i].expression = expression_map(plan->order[i].expression, as_output, plan, 0);
    compile_text(compiler, plan->query->distinct ? "SELECT DISTINCT " : "SELECT ");
    for (size_t i = 0; i < n_columns; i++) {
        compile_text(compiler, i ? ", " : "");
        compile_quoted(compiler, "subquery");
        compile_text(compiler, ".");
        compile_quoted(compiler, output_name(plan, i));
        if (plan->columns[i].as || name_outputs) {
            compile_text(compiler, " AS ");
            compile_quoted(compiler, output_name(plan, i));
        }
    }
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
    if (query->where)
        split_having(&plan, query->where, false);
    if (ret)
        describe(ret, &plan);
    if (query->distinct)                                            /* SELECT DISTINCT orders by what it selects */
        for (size_t i = 0; i < plan.n_order; i++) {
            if (!plan.order[i].expression || position_of(&plan, &plan.order[i]))
                continue;
            bool there = false;
            for (size_t column = 0; column < plan.n_columns; column++)
                there |= expression_equal(plan.columns[column].expression, plan.order[i].expression);
            if (!there)
                add_column(&plan, plan.order[i].expression, NULL);
        }

    plan_group(&plan);
    if (plan.grouped && plan.meta_order)                            /* rows that were grouped have no order of their own */
        plan.n_order = 0;
    compiler->frame = &frame;
    Sql sql = plan.qualify ? put_qualified(compiler, &plan, name_outputs) : put_rows(compiler, &plan, query->distinct, name_outputs);
    if (sql != SQL_EMPTY) {
        put_order(compiler, &plan);
        put_limits(compiler, query);
        sql = SQL_OK;
    }
    compiler->frame = before;
    return sql;
}

Sql compile_subquery(Compiler *compiler, const Query *query, bool ordered)
{
    Query *copy = (Query *)query;
    if (!ordered && query->limit < 0 && !query->offset && !query->combinator) {
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
    if (joins <= 1 && !grouped && !query->distinct && !query_is_sliced(query) && !query->combinator)
        return query;
    Query *keys = query_clone(query);
    keys->n_related = 0;
    for (size_t i = 0; i < keys->n_annotations; i++)
        keys->annotations[i].selected = false;
    keys->values = false;
    Expression *key = column_at(query_base(keys), keys->model->pk);
    keys->explicit_select = capo_memdup(&key, sizeof key);
    keys->n_explicit_select = 1;
    if (!query_is_sliced(keys)) {
        keys->no_order = true;
        keys->n_order = 0;
    }
    Query *outer = capo_query_of(query->model);
    outer->no_order = true;
    query_base(outer);
    Expression *in = expression_lookup(lookup_row(LOOKUP_IN), column_at(0, outer->model->pk), capo_value_null(), NULL);
    in->query = keys;
    query_add_where(outer, in);
    return outer;
}

Compiled *compile_update(Query *query, const Assignment *assignments, size_t count)
{
    Compiled *ret = capo_alloc_struct(Compiled);
    Compiler compiler = { .backend = capo_backend(), .dialect = capo_dialect() };
    query = keys_where_needed(query);
    if (!query->n_joins)
        query_base(query);
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

Compiled *compile_delete(Query *query)
{
    Compiled *ret = capo_alloc_struct(Compiled);
    Compiler compiler = { .backend = capo_backend(), .dialect = capo_dialect() };
    query = keys_where_needed(query);
    if (!query->n_joins)
        query_base(query);
    Frame frame = { .query = query };
    compiler.frame = &frame;
    compile_text(&compiler, "DELETE FROM ");
    compile_quoted(&compiler, query->model->table);
    Sql sql = query->none ? SQL_EMPTY : put_condition(&compiler, " WHERE ", query->where);
    return finish(&compiler, ret, sql);
}

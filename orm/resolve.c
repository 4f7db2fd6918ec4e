/* SPDX-License-Identifier: BSD-3-Clause */
/* Names become columns, and one call of filter() becomes a tree of look-ups over joins.
 *
 * What decides the answers, after Django: a look-up over a to-many relation below a NOT is no join but EXISTS (split_exclude); a
 * negated look-up on a nullable column says IS NOT NULL beside it, so that NOT keeps rows with NULL; each node votes which joins
 * its rows must have, and the joins become INNER or LEFT by these votes. */
#include "query.h"
#include "options.h"
#include <string.h>

typedef struct Clause { Expression *where; JoinSet inner; } Clause;

static void too_deep(int depth)
{
    if (depth > MAX_CONDITION_DEPTH)
        capo_raise(ERROR_NOT_SUPPORTED, "Conditions or expressions are nested deeper than %d levels; give long lists to one ALL() or ANY().",
                   MAX_CONDITION_DEPTH);
}

static Expression *column_of(const JoinedPath *joined)
{
    Expression *column = tuple_column(joined->join, joined->target);
    column->related = joined->path.relation ? joined->path.model : NULL;
    column->many = joined->many;
    return column;
}

static JoinSet set_of(const JoinedPath *joined)
{
    JoinSet set = 0;
    for (size_t i = 0; i < joined->n_joins; i++)
        set |= (JoinSet)1 << joined->joins[i];
    return set;
}

/* Annotations may be what an aggregate() adds up; then they stay references, since grouped ones need a subquery. */
static Expression *annotation_reference(const Scope *scope, const Path *path, const char *text)
{
    Expression *expression = path->annotation;
    if (scope->summarize) {
        Expression *output = expression_new(X_OUTPUT);
        output->args = capo_memdup(&expression, sizeof expression);
        output->n_args = 1;
        output->type = expression->type;
        for (size_t i = 0; i < scope->query->n_annotations; i++)
            if (!strcmp(scope->query->annotations[i].name, path->names[0]))
                output->name = scope->query->annotations[i].name;
        expression = output;
    }
    for (size_t i = path->used; i < path->n_names; i++) {
        Expression *part = transform_apply(expression, path->names[i]);
        if (!part)
            capo_raise(ERROR_FIELD, "Unsupported lookup '%s' for %s or join on the field not permitted, in '%s'.", path->names[i],
                       capo_field_kind_name(expression->type.kind), text);
        expression = part;
    }
    return expression;
}

Expression *resolve_path(const Scope *scope, const char *text)
{
    Query *query = scope->query;
    for (size_t i = 0; i < scope->n_totals; i++)
        if (!strcmp(scope->total_names[i], text))
            return scope->totals[i];
    Path path = path_walk(query, query->model, text, false);
    for (size_t i = 0; path.annotation && scope->summarize && i < query->n_annotations; i++)
        if (!query->annotations[i].selected && !strcmp(query->annotations[i].name, path.names[0]))
            capo_raise(ERROR_FIELD, "Cannot aggregate over the '%s' alias. Use annotate() to promote it.", path.names[0]);
    if (path.annotation)
        return annotation_reference(scope, &path, text);
    if (path.used < path.n_names && path.relation)
        raise_unknown_name(query, path.model, path.names[path.used], strlen(path.names[path.used]));
    JoinedPath joined = query_setup_joins(query, &path, query_base(query), scope->reuse);
    query_trim_joins(query, &joined);
    if (scope->no_joins && joined.n_joins > 1)
        capo_raise(ERROR_FIELD, "Joined field references are not permitted in this query");
    if (scope->reuse)
        *scope->reuse |= set_of(&joined);
    Expression *expression = column_of(&joined);
    for (size_t i = path.used; i < path.n_names; i++) {
        Expression *part = transform_apply(expression, path.names[i]);
        if (!part)
            capo_raise(ERROR_FIELD, "Cannot resolve keyword '%s' into field. Join on '%s' not permitted.", path.names[i], path.names[i - 1]);
        expression = part;
    }
    return expression;
}

/* --- subqueries ------------------------------------------------------------------------------------------------------------------ */

/* What belongs to the query that the expression is of, as seen from `*context` queries further in. */
static Expression *further_in(void *context, Expression *node, int level)
{
    if (node->kind != X_COLUMN || node->level < level)
        return node;
    Expression *column = capo_memdup(node, sizeof *node);
    column->level += *(int *)context;
    return column;
}

/* X_OUTER is a name of a query around it; `level` of one says how many further out, as OuterRef(OuterRef("x")). */
static Expression *replace_outer(void *context, Expression *node, int level)
{
    const Scope *scope = context;
    if (node->kind != X_OUTER)
        return node;
    if (node->level) {
        Expression *nearer = capo_memdup(node, sizeof *node);
        nearer->level--;
        return nearer;
    }
    Expression *resolved = resolve_path(scope, node->name);
    if (expression_has_aggregate(resolved) || expression_has_window(resolved))
        capo_raise(ERROR_NOT_SUPPORTED, "A subquery refers to '%s', an aggregate or a window of the query around it.", node->name);
    return expression_map(resolved, further_in, &level, 0);
}

Query *resolve_outer(const Scope *scope, Query *inner)
{
    return query_map(inner, replace_outer, (void *)scope, 1);
}

/* --- expressions ----------------------------------------------------------------------------------------------------------------- */

static Clause build(const Scope *scope, Condition *condition, bool branch_negated, bool current_negated, bool split);

static Expression *resolve_condition(const Scope *scope, Condition *condition)
{
    Clause clause = build(scope, condition, false, false, false);
    query_promote(scope->query, clause.inner);
    return clause.where ? clause.where : expression_node(AND, false, NULL, 0);
}

/* An aggregate outside of references to annotations, which are computed beneath. */
static bool has_open_aggregate(const Expression *expression)
{
    if (expression->kind == X_AGGREGATE)
        return true;
    for (size_t i = 0; expression->kind != X_OUTPUT && i < expression->n_args; i++)
        if (has_open_aggregate(expression->args[i]))
            return true;
    return false;
}

static void check_aggregate(const Scope *scope, const Expression *aggregate)
{
    FieldKind kind = aggregate->args[0]->type.kind;
    bool counts = !strcmp(aggregate->name, "Count") || !strcmp(aggregate->name, "Min") || !strcmp(aggregate->name, "Max");
    if (!counts && !capo_dialect()->moments_add_up && (kind == FIELD_DATE || kind == FIELD_TIME || kind == FIELD_DATETIME))
        capo_raise(ERROR_NOT_SUPPORTED, "You cannot use %s on date/time fields: they are points in time, which have no sum.", aggregate->name);
    if (!strcmp(aggregate->name, "Count") && !capo_is_null(aggregate->value))
        capo_raise(ERROR_VALUE, "Count does not allow default.");
    for (size_t i = 0; i < aggregate->n_args && !scope->summarize; i++)    /* of aggregate(): said when there are rows to ask for */
        if (has_open_aggregate(aggregate->args[i]))
            capo_raise(ERROR_FIELD, "Cannot compute %s: its argument is an aggregate itself.", aggregate->name);
}

/* COUNT of a composite key counts its first column; nothing else is computed of one. */
static void refuse_tuples(Expression *expression)
{
    bool counts = expression->kind == X_AGGREGATE && !strcmp(expression->name, "Count");
    for (size_t i = 0; i < expression->n_args && expression->kind != X_LOOKUP && expression->kind != X_TUPLE; i++) {
        Expression *of = expression->args[i];
        if (of->kind != X_TUPLE)
            continue;
        if (!counts)
            tuple_refuse(expression->name ? capo_format("%s expression", expression->name) : "This expression", of);
        if (expression->distinct)
            capo_raise(ERROR_VALUE, "COUNT(DISTINCT) doesn't support composite primary keys");
        expression->args[i] = of->args[0];
    }
}

/* COMPARE(x, "year__gt", y): its arguments are resolved. */
static Expression *named_lookup(const Expression *lookup)
{
    size_t count;
    const char **names = path_split(lookup->name, &count);
    Expression *right = lookup->args[1];
    return lookup_build(lookup->args[0], names, count, right->kind == X_VALUE ? right->value : capo_value_object(&right->object));
}

Expression *resolve(const Scope *outer_scope, Expression *expression)
{
    Scope scope = *outer_scope;
    too_deep(++scope.depth);
    switch (expression->kind) {
    case X_PATH:
        return resolve_path(&scope, expression->name);
    case X_CONDITION:
        return resolve_condition(&scope, expression->condition);
    case X_OUTER: case X_COLUMN: case X_VALUE: case X_STAR: case X_NOTHING: case X_OUTPUT:
        return expression;
    default:
        break;
    }
    Expression *copy = capo_memdup(expression, sizeof *expression);
    copy->args = capo_memdup(expression->args, expression->n_args * sizeof *expression->args);
    for (size_t i = 0; i < copy->n_args; i++)
        copy->args[i] = resolve(&scope, copy->args[i]);
    refuse_tuples(copy);
    if (copy->condition)
        copy->filter = resolve_condition(&scope, copy->condition);
    copy->condition = NULL;
    if (copy->n_order) {
        copy->order = capo_memdup(copy->order, copy->n_order * sizeof *copy->order);
        for (size_t i = 0; i < copy->n_order; i++)
            copy->order[i].expression = copy->order[i].expression ? resolve(&scope, copy->order[i].expression)
                                                                  : resolve_path(&scope, copy->order[i].path);
    }
    if (copy->query)
        copy->query = resolve_outer(&scope, copy->query);
    if (copy->kind == X_AGGREGATE && value_expression(copy->value))
        copy->value.object = &resolve(&scope, value_expression(copy->value))->object;
    if (copy->kind == X_AGGREGATE)
        check_aggregate(&scope, copy);
    if (copy->kind == X_TRANSFORM)
        copy = transform_named(copy->name, copy->type.kind, copy->args[0], copy->zone, copy->transform && copy->transform->code == TRUNC);
    if (copy->kind == X_LOOKUP && copy->name)                       /* a look-up by name, as a value */
        return named_lookup(copy);
    if (copy->kind == X_LOOKUP && copy->n_args > 1 && copy->args[1]->kind == X_VALUE)
        return lookup_build(copy->args[0], &copy->lookup->name, 1, copy->args[1]->value);
    expression_infer(copy);
    return copy;
}

/* --- conditions --------------------------------------------------------------------------------------------------------------------- */

static Expression *null_test(Expression *column, bool is_null)
{
    return expression_lookup(lookup_row(LOOKUP_ISNULL), (Expression *)tuple_first(column), capo_value_bool(is_null), NULL);
}

static Expression *both(Expression *a, Expression *b, Connector connector)
{
    return expression_node(connector, false, (Expression *[]){ a, b }, 2);
}

/* Seen from the subquery: an F() alone is the outer query's; inside of arithmetic, functions and lists it is a name of the subquery's own
 * rows, which go back to the same row. */
static Expression *one_query_in(void *context, Expression *node, int level)
{
    if (node->kind != X_OUTER || level)
        return node;
    Expression *outer = expression_outer(node->name);
    outer->level = node->level + 1;
    (void)context;
    return outer;
}

static Value value_one_query_in(Value value)
{
    Expression *expression = value_expression(value);
    if (value.kind == VALUE_LIST) {
        List *list = capo_list_new();
        for (size_t i = 0; i < value.list->count; i++) {
            Expression *item = value_expression(value.list->items[i]);
            capo_list_add(list, item ? capo_value_object(expression_map(item, one_query_in, NULL, 0)) : value.list->items[i]);
        }
        return capo_value_list(list);
    }
    if (!expression)
        return value;
    return capo_value_object(expression->kind == X_PATH ? expression_outer(expression->name) : expression_map(expression, one_query_in, NULL, 0));
}

static Clause build_lookup_condition(const Scope *scope, Condition *condition, bool branch_negated, bool current_negated, bool split);

/* The joins of the first `count` steps of a path, from the model's own table on. */
static void joins_of_steps(const Query *query, const Path *path, size_t count, size_t *ret_joins)
{
    ret_joins[0] = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 1; k < query->n_joins; k++) {
            const Join *join = &query->joins[k];
            if ((size_t)join->parent == ret_joins[i] && join->field == path->steps[i].field && join->direct == path->steps[i].direct)
                ret_joins[i + 1] = k;
        }
}

/* NOT over a to-many relation: rows for which no related row meets the condition. */
static Clause split_exclude(const Scope *scope, const Condition *condition, const Path *path)
{
    Condition leaf = *condition;
    leaf.value = value_one_query_in(leaf.value);
    Query *inner = capo_query_of(scope->query->model);
    inner->no_order = true;
    query_add_filter(inner, capo_memdup(&leaf, sizeof leaf));

    size_t at = path->many_at, joins[MAX_JOINS + 1];
    const PathStep *step = &path->steps[at - 1];
    bool left = false;
    joins_of_steps(inner, path, at, joins);
    for (size_t i = 1; i <= at; i++)
        left |= inner->joins[joins[i]].outer;
    size_t last = inner->joins[joins[at]].outer ? at - 1 : at, root = joins[last];      /* what the key can do in the subquery itself needs no join */
    bool named = false;                                             /* unless the value names one of them */
    for (size_t i = 0; i < last; i++)
        named |= --inner->joins[joins[i]].references > 0;
    for (size_t i = 0; named && i < last; i++)
        inner->joins[joins[i]].references++;
    if (!inner->joins[root].references)
        inner->joins[root].references = 1;
    const Field *over = step->field->n_parts ? step->field : NULL;
    Expression *key = over ? tuple_of((int)root, last == at ? over->parts : over->target_parts, over->n_parts, over)
        : tuple_column((int)root, last == at ? step->field : step->field->target_field);

    Buffer prefix = { 0 };
    for (size_t i = 0; i < step->name; i++)
        capo_put_format(&prefix, "%s__", path->names[i]);
    size_t before_field = prefix.size;
    capo_put(&prefix, step->field->target_field->name);

    Expression *outer = NULL;
    for (size_t i = 0; scope->reuse && i < scope->query->n_joins; i++)
        if (*scope->reuse & (JoinSet)1 << i && !strcmp(scope->query->joins[i].alias, inner->joins[root].alias)) {
            outer = tuple_column((int)i, scope->query->joins[i].model->pk);       /* beside a look-up on the same related row: that row's key */
            key = tuple_column((int)root, inner->joins[root].model->pk);
            scope->query->joins[i].references++;
            break;
        }
    const Scope whole = { .query = scope->query, .depth = scope->depth };
    if (!outer && over) {
        outer = tuple_of(0, over->target_parts, over->n_parts, over);
        for (size_t i = 0; i < over->n_parts; i++)
            outer->args[i] = resolve_path(&whole, capo_format("%.*s%s", (int)before_field, prefix.data, over->target_parts[i]->name));
    } else if (!outer) {
        outer = resolve_path(&whole, prefix.data);
    }
    outer->level = 1;
    for (size_t i = 0; outer->kind == X_TUPLE && i < outer->n_args; i++)
        outer->args[i]->level = 1;
    query_add_where(inner, tuple_equal(key, outer));
    inner->constant_select = true;
    Clause clause = { .where = expression_subquery(X_EXISTS, resolve_outer(scope, inner), false) };
    if (left) {
        Clause null = build_lookup_condition(scope, capo_q(capo_format("%s__isnull", prefix.data), capo_value_bool(true)), true, true, true);
        clause.where = both(clause.where, null.where, OR);
    }
    return clause;
}

static Value resolve_value(const Scope *scope, Value value)
{
    Expression *expression = value_expression(value);
    if (expression)
        return capo_value_object(resolve(scope, expression));
    if (value.kind == VALUE_LIST) {
        bool any = false;
        for (size_t i = 0; i < value.list->count; i++)
            any |= value_expression(value.list->items[i]) != NULL;
        if (!any)
            return value;
        List *list = capo_list_new();
        for (size_t i = 0; i < value.list->count; i++)
            capo_list_add(list, resolve_value(scope, value.list->items[i]));
        return capo_value_list(list);
    }
    Query *query = value_query(value);
    return query ? capo_value_object(resolve_outer(scope, query)) : value;
}

static Clause build_lookup_condition(const Scope *scope, Condition *condition, bool branch_negated, bool current_negated, bool split)
{
    Query *query = scope->query;
    if (!*condition->path)
        capo_raise(ERROR_FIELD, "A condition has an empty name.");
    Path path = path_walk(query, query->model, condition->path, false);
    if (path.annotation) {
        Value value = resolve_value(scope, condition->value);
        Expression *left = path.annotation;
        if (scope->summarize) {
            Path bare = path;
            bare.n_names = bare.used;
            left = annotation_reference(scope, &bare, condition->path);
        }
        return (Clause){ .where = lookup_build(left, path.names + path.used, path.n_names - path.used, value) };
    }
    if (path.n_names - path.used > 1 && !path.used)
        capo_raise(ERROR_FIELD, "Invalid lookup \"%s\" for model %s.", condition->path, query->model->label);

    int before[MAX_JOINS];
    size_t n_before = query->n_joins;
    for (size_t i = 0; i < n_before; i++)
        before[i] = query->joins[i].references;
    Value value = resolve_value(scope, condition->value);
    JoinSet used = 0;
    for (size_t i = 0; i < query->n_joins; i++)
        if (i >= n_before || query->joins[i].references > before[i])
            used |= (JoinSet)1 << i;

    int base = query_base(query);
    if (path.many_at && branch_negated && split)
        return split_exclude(scope, condition, &path);
    JoinedPath joined = query_setup_joins(query, &path, base, scope->reuse);
    used |= set_of(&joined);
    query_trim_joins(query, &joined);
    if (scope->no_joins && joined.n_joins > 1)
        capo_raise(ERROR_FIELD, "Joined field references are not permitted in this query");
    if (scope->reuse)
        *scope->reuse |= set_of(&joined);
    Expression *column = column_of(&joined);
    if (path.relation && path.n_names - path.used > 1)
        capo_raise(ERROR_FIELD, "Related Field got invalid lookup: %s", path.names[path.used]);
    Expression *lookup = lookup_build(column, path.names + path.used, path.n_names - path.used, value);

    bool is_null_test = lookup->kind == X_LOOKUP && lookup->lookup->code == LOOKUP_ISNULL;
    bool wants_null = is_null_test && lookup->value.boolean;
    bool json_null = !is_null_test && lookup->kind == X_LOOKUP && lookup->n_args < 2 && !lookup->query && capo_is_null(condition->value);
    bool require_outer = wants_null && !current_negated;
    if (current_negated && !wants_null && !json_null) {
        require_outer = true;
        if (!is_null_test) {
            if (joined.target->null || query->joins[joined.join].outer)
                lookup = both(lookup, null_test(column, false), AND);
            Expression *right = value_expression(value);
            if (right && right->kind == X_COLUMN && !right->level && right->column->null)
                lookup = both(lookup, null_test(right, false), AND);
        }
    }
    return (Clause){ .where = lookup, .inner = require_outer ? 0 : used };
}

static Clause build(const Scope *outer_scope, Condition *condition, bool branch_negated, bool current_negated, bool split)
{
    Scope scope = *outer_scope;
    too_deep(++scope.depth);
    if (condition->depth > MAX_CONDITION_DEPTH)
        too_deep(condition->depth);
    if (condition->kind == CONDITION_LOOKUP)
        return build_lookup_condition(&scope, condition, branch_negated, current_negated, split);
    if (condition->kind == CONDITION_EXPRESSION) {
        if (condition->expression->kind == X_PATH)
            capo_raise(ERROR_FIELD, "Cannot filter against a non-conditional expression: F(\"%s\"). Write Q(\"%s\", true).", condition->expression->name,
                       condition->expression->name);
        if (condition->expression->kind == X_CONDITION)
            return build(&scope, condition->expression->condition, branch_negated, current_negated, split);
        Expression *resolved = resolve(&scope, condition->expression);
        if (resolved->type.kind != FIELD_BOOLEAN)
            capo_raise(ERROR_FIELD, "Cannot filter against a non-conditional expression.");
        if (!expression_is_condition(resolved))
            resolved = lookup_build(resolved, NULL, 0, capo_value_bool(true));
        return (Clause){ .where = resolved };
    }

    current_negated ^= condition->negated;
    branch_negated |= condition->negated;
    Connector connector = condition->kind == CONDITION_ALL ? AND : condition->kind == CONDITION_ANY ? OR : XOR;
    Connector effective = connector;
    if (current_negated && connector != XOR)
        effective = connector == AND ? OR : AND;
    unsigned votes[MAX_JOINS] = { 0 };
    Expression **args = capo_alloc_array(condition->count + 1, sizeof *args);
    size_t count = 0;
    for (size_t i = 0; i < condition->count; i++) {
        Clause clause = build(&scope, condition->children[i], branch_negated, current_negated, split);
        for (size_t join = 0; join < MAX_JOINS; join++)
            votes[join] += (unsigned)(clause.inner >> join & 1);
        if (clause.where)
            args[count++] = clause.where;
    }
    JoinSet promote = 0, demote = 0;
    for (size_t join = 0; join < scope.query->n_joins; join++) {
        if (!votes[join])
            continue;
        if (effective != AND && votes[join] < condition->count)
            promote |= (JoinSet)1 << join;
        if (effective == AND || (effective == OR && votes[join] == condition->count))
            demote |= (JoinSet)1 << join;
    }
    query_promote(scope.query, promote);
    query_demote(scope.query, demote);
    if (!count)
        return (Clause){ .where = NULL, .inner = demote };
    Expression *where = expression_node(connector, condition->negated, args, count);
    return (Clause){ .where = where, .inner = demote };
}

void query_add_where(Query *query, Expression *condition)
{
    size_t count = query->where ? query->where->n_args : 0;
    Expression **args = capo_alloc_array(count + 1, sizeof *args);
    if (count)
        memcpy(args, query->where->args, count * sizeof *args);
    args[count] = condition;
    query->where = expression_node(AND, false, args, count + 1);
}

void query_add_filter(Query *query, Condition *condition)
{
    JoinSet inner = 0, reuse = query->sticky;
    query->sticky = 0;
    for (size_t i = 0; i < query->n_joins; i++)
        if (query->joins[i].parent >= 0 && !query->joins[i].outer)
            inner |= (JoinSet)1 << i;
    Scope scope = { .query = query, .reuse = &reuse };
    if (condition->kind == CONDITION_LOOKUP || condition->kind == CONDITION_EXPRESSION)
        condition = capo_q_all((Condition *[]){ condition, NULL });
    Clause clause = build(&scope, condition, false, false, true);
    if (clause.where)
        query_add_where(query, clause.where);
    query_demote(query, inner);
}

/* --- relations with a condition of their own ---------------------------------------------------------------------------------------- */

/* "books__pages__gt" of the relation "books" is "long_books__pages__gt" of its name. */
static Condition *renamed(const Condition *condition, const FilteredRelation *filtered)
{
    Condition *copy = capo_memdup(condition, sizeof *condition);
    size_t size = strlen(filtered->path);
    if (condition->kind == CONDITION_EXPRESSION)
        capo_raise(ERROR_NOT_SUPPORTED, "The condition of the filtered relation '%s' is made of look-ups; an expression there is not supported.", filtered->name);
    if (condition->kind == CONDITION_LOOKUP && !strncmp(condition->path, filtered->path, size) && !strncmp(condition->path + size, "__", 2))
        copy->path = capo_format("%s%s", filtered->name, condition->path + size);
    copy->children = capo_alloc_array(condition->count + 1, sizeof *copy->children);
    for (size_t i = 0; i < condition->count; i++)
        copy->children[i] = renamed(condition->children[i], filtered);
    return copy;
}

void query_resolve_on(Query *query, int join)
{
    const FilteredRelation *filtered = query->joins[join].filtered;
    size_t n_joins = query->n_joins;
    bool outer[MAX_JOINS];
    int references[MAX_JOINS];
    for (size_t i = 0; i < n_joins; i++) {
        outer[i] = query->joins[i].outer;
        references[i] = query->joins[i].references;
    }
    Clause clause = build(&(Scope){ .query = query }, renamed(filtered->condition, filtered), false, false, false);
    if (query->n_joins > n_joins)
        capo_raise(ERROR_NOT_SUPPORTED, "The condition of the filtered relation '%s' goes over a further relation; it may name columns of %s only.", filtered->name,
                   query->joins[join].model->name);
    for (size_t i = 0; i < n_joins; i++) {                          /* it changes which rows are joined, not which there must be */
        query->joins[i].outer = outer[i];
        query->joins[i].references = references[i];
    }
    query->joins[join].on = clause.where;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What a SELECT is going to say, before a word is written: its columns, its order, which conditions stand where, its groups. */
#include "compiler.h"
#include <string.h>

#define GROW(list, count, capacity)                                                                                            \
    do {                                                                                                                       \
        if ((count) == (capacity)) {                                                                                           \
            size_t more_ = (capacity) ? (capacity) * 2 : 16;                                                                   \
            (list) = capo_realloc((list), (capacity) * sizeof *(list), more_ * sizeof *(list));                                \
            (capacity) = more_;                                                                                                \
        }                                                                                                                      \
    } while (0)

void plan_add_column(Plan *plan, Expression *expression, const char *as)
{
    for (size_t i = 0; expression->kind == X_TUPLE && i < expression->n_args; i++)
        plan_add_column(plan, expression->args[i], as);
    if (expression->kind == X_TUPLE)
        return;
    GROW(plan->columns, plan->n_columns, plan->capacity);
    plan->columns[plan->n_columns++] = (Column){ expression, as };
}

/* --- what is selected ------------------------------------------------------------------------------------------------------------ */

/* only("profile") or only("profile__bio") */
static bool is_named(const Query *query, const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < query->n_deferred; i++)
        if (!strncmp(query->deferred[i], name, size) && (!query->deferred[i][size] || !strncmp(query->deferred[i] + size, "__", 2)))
            return true;
    return false;
}

/* What is behind `prefix` (the path of a relation, "" for the rows themselves) in a name of only() or defer(); NULL where it is elsewhere. */
static const char *name_below(const char *path, const char *prefix)
{
    size_t size = strlen(prefix);
    if (!size)
        return path;
    return !strncmp(path, prefix, size) && !strncmp(path + size, "__", 2) ? path + size + 2 : NULL;
}

/* only() leaves out what it does not name, of a relation's row where it names a column of that; "author__name" keeps the key to the author. */
static bool is_deferred(const Query *query, const char *prefix, const Field *field)
{
    if (!query->n_deferred || field->in_key)
        return false;
    bool named = false, restricted = !*prefix || !query->deferred_only;
    for (size_t i = 0; i < query->n_deferred; i++) {
        const char *name = name_below(query->deferred[i], prefix);
        if (!name)
            continue;
        restricted = true;
        named |= !strcmp(name, field->name) || !strcmp(name, field->attname) || (query->deferred_only && name_below(name, field->name));
    }
    return restricted && named != query->deferred_only;
}

static RelatedLoad *load_model(Plan *plan, Model *model, int join, const char *prefix)
{
    RelatedLoad *load = capo_alloc_struct(RelatedLoad);
    load->model = model;
    load->first = plan->n_columns;
    load->join = join;
    load->fields = capo_alloc_array(model->n_fields + 1, sizeof *load->fields);
    for (size_t i = 0; i < model->n_fields; i++) {
        if (is_deferred(plan->query, prefix, model->fields[i]))
            continue;
        load->fields[load->n_fields++] = model->fields[i];
        plan_add_column(plan, tuple_column(query_join_of_field(plan->query, model, join, model->fields[i]), model->fields[i]), NULL);
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

/* Loads one path of select_related below `load`, which stands at `prefix`; parts that another path has are shared. */
static void load_related(Plan *plan, RelatedLoad *load, int join, const char *prefix, const char *path)
{
    const char *end = strstr(path, "__");
    char *name = end ? capo_strndup(path, (size_t)(end - path)) : capo_strdup(path);
    const char *here = *prefix ? capo_format("%s__%s", prefix, name) : name;
    const Field *field = capo_field(load->model, name);
    if (!field)
        field = capo_foreign_object(load->model, name);
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
    bool there = forward ? field->n_parts || !is_deferred(plan->query, prefix, field) : load != plan->root || !plan->query->deferred_only || is_named(plan->query, name);
    if (!there && !plan->query->related_all)
        capo_raise(ERROR_FIELD, "Field %s.%s cannot be both deferred and traversed using select_related at the same time.", load->model->name, name);
    Path walked = path_walk(NULL, load->model, name, true);
    JoinedPath joined = query_setup_joins(plan->query, &walked, join, NULL);
    RelatedLoad *child = NULL;
    for (size_t i = 0; i < load->n_children; i++)
        if (load->children[i]->field == field && load->children[i]->reverse != forward)     /* of itself: one field leads both ways */
            child = load->children[i];
    if (!child) {
        child = load_model(plan, walked.model, joined.join, here);
        child->field = field;
        child->reverse = !forward;
        RelatedLoad **children = capo_alloc_array(load->n_children + 1, sizeof *children);
        if (load->n_children)
            memcpy(children, load->children, load->n_children * sizeof *children);
        children[load->n_children++] = child;
        load->children = children;
    }
    if (end)
        load_related(plan, child, joined.join, here, end + 2);
}

static Expression *annotation_named(const Query *query, const char *name)
{
    for (size_t i = 0; i < query->n_annotations; i++)
        if (!strcmp(query->annotations[i].name, name))
            return query->annotations[i].expression;
    return NULL;
}

void plan_columns(Plan *plan)
{
    Query *query = plan->query;
    if (query->constant_select) {
        plan_add_column(plan, expression_value(capo_value_int(1), type_of(FIELD_INTEGER)), "a");
        return;
    }
    if (query->n_explicit_select) {
        for (size_t i = 0; i < query->n_explicit_select; i++)
            plan_add_column(plan, query->explicit_select[i], query->explicit_select[i]->as);
    } else if (query->values) {
        for (size_t i = 0; i < query->n_selected; i++) {
            const Selected *selected = &query->selected[i];
            plan_add_column(plan, selected->annotation ? annotation_named(query, selected->name) : selected->expression,
                       selected->annotation ? selected->name : NULL);
        }
        return;
    } else {
        plan->root = load_model(plan, query->model, query_base(query), "");
    }
    plan->first_annotation = plan->n_columns;
    for (size_t i = 0; i < query->n_annotations; i++)
        if (query->annotations[i].selected) {
            plan_add_column(plan, query->annotations[i].expression, query->annotations[i].name);
            plan->n_annotations++;
        }
    for (size_t i = 0; plan->root && i < query->n_related; i++)
        load_related(plan, plan->root, 0, "", query->related[i]);
}

void plan_distinct_on(Plan *plan)
{
    Query *query = plan->query;
    plan->distinct_on = capo_alloc_array(query->n_distinct_on + 1, sizeof *plan->distinct_on);
    for (size_t i = 0; i < query->n_distinct_on; i++)
        plan->distinct_on[plan->n_distinct_on++] = tuple_refuse("DISTINCT ON", resolve_path(&(Scope){ .query = query }, query->distinct_on[i]));
}

/* --- order ----------------------------------------------------------------------------------------------------------------------- */

static void add_order(Plan *plan, OrderTerm term)
{
    const Expression *tuple = term.expression && term.expression->kind == X_TUPLE ? term.expression : NULL;
    for (size_t i = 0; tuple && i < tuple->n_args; i++) {
        term.expression = tuple->args[i];
        add_order(plan, term);
    }
    if (tuple)
        return;
    GROW(plan->order, plan->n_order, plan->order_capacity);
    plan->order[plan->n_order++] = term;
}

/* The relations that orders of models have led over so far. */
typedef struct Seen { const Field *fields[MAX_JOINS]; bool direct[MAX_JOINS]; size_t count; } Seen;

static Expression *with_prefix(void *prefix, Expression *node, int level)
{
    return node->kind == X_PATH && !level && *(const char *)prefix ? expression_path(capo_format("%s%s", (const char *)prefix, node->name)) : node;
}

/* A path that ends at a relation follows the order of the model there, unless it names the key. */
static void order_by_path(Plan *plan, Model *model, int join, const char *prefix, const char *path, bool descending, Seen *seen);

/* The term of a model's Meta, reached over `prefix`: "author__". */
static void order_as_meta(Plan *plan, Model *model, int join, const char *prefix, const OrderTerm *term, bool descending, Seen *seen)
{
    size_t first = plan->n_order;
    if (term->expression)
        add_order(plan, (OrderTerm){ .expression = resolve(&(Scope){ .query = plan->query }, expression_map(term->expression, with_prefix, (void *)prefix, 0)),
                                     .descending = term->descending ^ descending });
    else if (!strcmp(term->path, "?"))
        add_order(plan, (OrderTerm){ .path = "?" });
    else
        order_by_path(plan, model, join, prefix, term->path, descending, seen);
    int nulls = !descending || !term->nulls ? term->nulls : 3 - term->nulls;
    for (size_t i = first; i < plan->n_order && nulls; i++)
        plan->order[i].nulls = nulls;
}

static void order_by_path(Plan *plan, Model *model, int join, const char *prefix, const char *path, bool descending, Seen *seen)
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
    if (walked.relation && !by_key && model_is_ordered(walked.model) && walked.used == walked.n_names) {
        bool direct = walked.steps[walked.n_steps - 1].direct;     /* to the model of a key, or back to the one that has it */
        for (size_t i = 0; i < seen->count; i++)
            if (seen->fields[i] == walked.final && seen->direct[i] == direct)
                capo_raise(ERROR_FIELD, "Infinite loop caused by ordering.");
        if (seen->count == MAX_JOINS)
            capo_raise(ERROR_FIELD, "Infinite loop caused by ordering.");
        seen->direct[seen->count] = direct;
        seen->fields[seen->count++] = walked.final;
        size_t count;
        OrderTerm *terms = model_order(walked.model, &count);
        for (size_t i = 0; i < count; i++)
            order_as_meta(plan, walked.model, joined.join, capo_format("%s%s__", prefix, path), &terms[i], descending, seen);
        seen->count--;
        return;
    }
    query_trim_joins(query, &joined);
    Expression *expression = tuple_column(joined.join, joined.target);
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
    if (term->expression) {                                         /* now, not when it was said: it may name an annotation that came behind it */
        OrderTerm resolved = *term;
        resolved.expression = resolve(&(Scope){ .query = query }, term->expression);
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
    order_by_path(plan, query->model, query_base(query), "", path, descending, &seen);
    for (size_t i = first; i < plan->n_order && term->nulls; i++)
        plan->order[i].nulls = term->nulls;
}

void plan_order(Plan *plan)
{
    Query *query = plan->query;
    if (query->no_order && !query->n_order)
        return;
    for (size_t i = 0; i < query->n_order; i++)
        order_term(plan, &query->order[i]);
    if (!query->n_order && (query->model->ordering || query->model->meta->ordering_by)) {
        size_t count;
        OrderTerm *terms = model_order(query->model, &count);
        plan->meta_order = terms != NULL;
        for (size_t i = 0; terms && i < count && (query->grouping == GROUP_NONE || query->distinct); i++)
            order_term(plan, &terms[i]);
    }
    for (size_t i = 0; query->reversed && i < plan->n_order; i++) {
        plan->order[i].descending ^= true;
        plan->order[i].nulls = plan->order[i].nulls == 1 ? 2 : plan->order[i].nulls == 2 ? 1 : 0;
    }
}

size_t plan_position_of(const Plan *plan, const OrderTerm *term)
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

void plan_conditions(Plan *plan)
{
    if (plan->query->where)
        split_having(plan, plan->query->where, false);
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
    bool taken_apart = expression->kind == X_TUPLE || (of_having && (expression->kind == X_NODE || expression->kind == X_LOOKUP));
    if (!expression_has_aggregate(expression) && !taken_apart) {
        add_group(plan, expression);
        return;
    }
    for (size_t i = 0; i < expression->n_args; i++)
        group_columns(plan, expression->args[i], of_having);
}

/* The key of a row says all the rest of it: columns beside it need no group of their own, unless HAVING compares them. */
static void collapse_groups(Plan *plan)
{
    JoinSet keyed = 0;
    size_t kept = 0;
    Plan having = { .query = plan->query };
    if (plan->having)
        group_columns(&having, plan->having, true);
    for (size_t i = 0; i < plan->n_group; i++)
        if (plan->group[i]->kind == X_COLUMN && !plan->group[i]->level && plan->group[i]->column->primary_key && plan->group[i]->column->model->managed)
            keyed |= (JoinSet)1 << plan->group[i]->join;
    for (size_t i = 0; i < plan->n_group; i++) {
        const Expression *column = plan->group[i];
        bool told = column->kind == X_COLUMN && !column->level && keyed & (JoinSet)1 << column->join && !column->column->primary_key;
        for (size_t compared = 0; told && compared < having.n_group; compared++)
            told = !expression_equal(having.group[compared], column);
        if (!told)
            plan->group[kept++] = plan->group[i];
    }
    plan->n_group = kept;
}

void plan_group(Plan *plan)
{
    Query *query = plan->query;
    if (query->grouping == GROUP_NONE && !plan->having && !(plan->qualify && expression_has_aggregate(plan->qualify)))
        return;
    plan->grouped = true;
    if (query->grouping == GROUP_MODEL)
        for (size_t i = 0; i < query->model->n_fields; i++)
            if (!is_deferred(query, "", query->model->fields[i]))
                add_group(plan, tuple_column(query_join_of_field(query, query->model, 0, query->model->fields[i]), query->model->fields[i]));
    for (size_t i = 0; query->grouping == GROUP_LISTED && i < query->n_group_by; i++)
        group_columns(plan, query->group_by[i], false);
    for (size_t i = 0; i < plan->n_columns; i++)
        group_columns(plan, plan->columns[i].expression, false);
    for (size_t i = 0; i < plan->n_order && !plan->meta_order; i++)
        if (plan->order[i].expression && !plan_position_of(plan, &plan->order[i]))
            group_columns(plan, plan->order[i].expression, false);
    if (plan->having)
        group_columns(plan, plan->having, true);
    if (plan->qualify)                              /* its columns come out of the query beneath, which is grouped */
        group_columns(plan, plan->qualify, true);
    if (capo_dialect()->groups_by_key)
        collapse_groups(plan);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Two queries as one: UNION and its like, and the conditions of two queries over one model joined by and, or, xor. */
#include "query.h"
#include <string.h>

/* --- set operations ---------------------------------------------------------------------------------------------------------------------- */

Query *query_combine(Query *query, Combinator combinator, Query *const *others, size_t count)
{
    bool is_union = combinator == COMBINE_UNION || combinator == COMBINE_UNION_ALL;
    for (size_t i = 0; i < count; i++)
        query_settle(others[i]);
    if (query->none && !is_union)
        return query;
    for (size_t i = 0; combinator == COMBINE_INTERSECTION && i < count; i++)
        if (others[i]->none)
            return others[i];
    if (query->none) {                                              /* a union of what is left: its first names the columns */
        Query **left = capo_alloc_array(count + 1, sizeof *left);
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
            if (!others[i]->none)
                left[n++] = others[i];
        return n > 1 ? query_combine(left[0], combinator, left + 1, n - 1) : n ? left[0] : query;
    }
    Query *clone = query_clone(query);
    Query *combined = capo_query_of(query->model);
    combined->combinator = combinator;
    combined->combined = capo_alloc_array(count + 1, sizeof *combined->combined);
    combined->combined[combined->n_combined++] = clone;
    for (size_t i = 0; i < count; i++)
        combined->combined[combined->n_combined++] = others[i];
    combined->no_order = true;
    combined->values = query->values;
    combined->selected = query->selected;
    combined->n_selected = query->n_selected;
    combined->annotations = query->annotations;
    combined->n_annotations = query->n_annotations;
    return combined;
}

typedef struct Moved { const int *map; } Moved;

static Expression *move_column(void *context, Expression *node, int level)
{
    if (node->kind != X_COLUMN || node->level != level)
        return node;
    Expression *moved = capo_memdup(node, sizeof *node);
    moved->join = ((const Moved *)context)->map[node->join];
    return moved;
}

/* a & b, a | b, a ^ b: the joins of b are made anew in a, to-many ones shared with a's for AND not, for OR yes, as Django does. */
Query *query_merge(Query *a, Query *b, Connector connector)
{
    query_settle(a);
    query_settle(b);
    query_refuse_slice(a, "combine");
    query_refuse_slice(b, "combine");
    if (a->model != b->model)
        capo_raise(ERROR_VALUE, "Cannot combine queries on two different base models.");
    if (a->distinct != b->distinct)
        capo_raise(ERROR_VALUE, "Cannot combine a unique query with a non-unique query.");
    if (a->none)
        return connector == AND ? a : b;
    if (b->none)
        return connector == AND ? b : a;
    Query *merged = query_clone(a);
    if (b->n_filtered)
        merged = capo_query_filtered(merged, b->filtered);
    int map[MAX_JOINS] = { query_base(merged) };
    JoinSet reuse = connector == AND ? 0 : ~(JoinSet)0, in_a = 0, in_b = 0;
    for (size_t i = 1; i < merged->n_joins; i++)
        in_a |= !merged->joins[i].outer ? (JoinSet)1 << i : 0;      /* unused ones as well: the other query may use them */
    for (size_t i = 1; i < b->n_joins; i++) {
        const Join *join = &b->joins[i];
        PathStep step = { .field = join->field, .direct = join->direct, .many = !join->direct && !join->field->unique,
                          .from = b->joins[join->parent].model, .to = join->model, .target = join->model->pk, .filtered = join->filtered };
        Path path = { .steps = &step, .n_steps = 1, .model = join->model, .target = step.target };
        JoinedPath joined = query_setup_joins(merged, &path, map[join->parent], &reuse);
        map[i] = joined.join;
        if (!join->references)
            query_unreference(merged, joined.join);
        reuse &= ~((JoinSet)1 << joined.join);
        if (!join->outer)
            in_b |= (JoinSet)1 << joined.join;
    }
    if (connector == OR) {
        query_promote(merged, (in_a | in_b) & ~(in_a & in_b));
        query_demote(merged, in_a & in_b);
    } else {
        query_demote(merged, in_a | in_b);
    }
    Moved moved = { map };
    Expression *left = merged->where, *right = b->where ? expression_map(b->where, move_column, &moved, 0) : NULL;
    merged->where = NULL;
    if (left && right)
        query_add_where(merged, expression_node(connector, false, (Expression *[]){ left, right }, 2));
    else if (connector == AND && (left || right))
        query_add_where(merged, left ? left : right);
    if (b->n_order) {
        merged->order = b->order;
        merged->n_order = b->n_order;
        merged->no_order = true;
    }
    return merged;
}

/* --- for users ----------------------------------------------------------------------------------------------------------------------------- */

Query *capo_query_union(Query *query, Query *other) { return query_combine(query, COMBINE_UNION, &other, 1); }
Query *capo_query_union_all(Query *query, Query *other) { return query_combine(query, COMBINE_UNION_ALL, &other, 1); }
Query *capo_query_intersection(Query *query, Query *other) { return query_combine(query, COMBINE_INTERSECTION, &other, 1); }
Query *capo_query_difference(Query *query, Query *other) { return query_combine(query, COMBINE_DIFFERENCE, &other, 1); }

Query *capo_query_and(Query *query, Query *other) { return query_merge(query, other, AND); }
Query *capo_query_or(Query *query, Query *other) { return query_merge(query, other, OR); }
Query *capo_query_xor(Query *query, Query *other) { return query_merge(query, other, XOR); }

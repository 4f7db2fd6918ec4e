/* SPDX-License-Identifier: BSD-3-Clause */
/* Refining queries. Each public call clones, changes the clone and gives it back; names are resolved at once, so that a wrong one
 * is found where it was written. */
#include "query.h"
#include "options.h"
#include "routing.h"
#include <ctype.h>
#include <string.h>

void query_settle(Query *query)
{
    if (!query->of)
        return;
    Query *whole = query_of_relation(query->of, query->of_accessor, query->of_key, query->relation.file, query->relation.line);
    whole->rows = query->rows;
    whole->n_rows = query->n_rows;
    whole->fetched = true;
    *query = *whole;
}

Query *query_clone(const Query *query)
{
    query_settle((Query *)query);
    Query *clone = capo_memdup(query, sizeof *query);
    if (query->n_joins)
        clone->joins = capo_memdup(query->joins, query->n_joins * sizeof *query->joins);
    clone->rows = NULL;
    clone->n_rows = 0;
    clone->fetched = false;
    clone->relation.whole = false;
    clone->sticky = query->sticky_held ? query->sticky : 0;
    clone->sticky_held = false;
    return clone;
}


Query *value_query(Value value)
{
    if (value.kind != VALUE_OBJECT || !value.object || value.object->ops != &capo_query_ops)
        return NULL;
    Query *query = (Query *)(void *)value.object;
    query_settle(query);
    return query;
}

Query *capo_query_of(Model *model)
{
    Query *query = capo_alloc_struct(Query);
    query->object.ops = &capo_query_ops;
    query->model = capo_model_in_use(model);
    query->limit = -1;
    return query;
}

Query *capo_query_none(Model *model)
{
    Query *query = capo_query_of(model);
    query->none = true;
    return query;
}

Query *query_of_rows(Model *model, Instance **rows, size_t count)
{
    Query *query = capo_query_of(model);
    query->rows = rows;
    query->n_rows = count;
    query->fetched = true;
    return query;
}

Model *capo_query_model(const Query *query)
{
    return query->model;
}

bool query_is_sliced(const Query *query)
{
    return query->limit >= 0 || query->offset > 0;
}

bool capo_query_is_ordered(const Query *query)
{
    return query->none || query->n_order ||
           (!query->no_order && model_is_ordered(query->model) && query->grouping == GROUP_NONE);
}

void query_refuse_slice(const Query *query, const char *what)
{
    if (query_is_sliced(query))
        capo_raise(ERROR_VALUE, "Cannot %s a query once a slice has been taken.", what);
}

void query_refuse_combined(const Query *query, const char *what)
{
    if (query->combinator)
        capo_raise(ERROR_NOT_SUPPORTED, "Calling QuerySet.%s() after %s() is not supported.", what,
                   query->combinator == COMBINE_INTERSECTION ? "intersection" : query->combinator == COMBINE_DIFFERENCE ? "difference" : "union");
}

/* --- filter ----------------------------------------------------------------------------------------------------------------------- */

static bool is_empty(const Condition *condition)
{
    return condition->kind != CONDITION_LOOKUP && condition->kind != CONDITION_EXPRESSION && !condition->count;
}

Query *capo_query_filter(Query *query, Condition *condition)
{
    query_refuse_combined(query, "filter");
    if (condition && !is_empty(condition))
        query_refuse_slice(query, "filter");
    Query *clone = query_clone(query);
    WITH_DATABASE(query_database(query, DATABASE_READ));
    if (condition)
        query_add_filter(clone, condition);
    return clone;
}

Query *capo_query_exclude(Query *query, Condition *condition)
{
    query_refuse_combined(query, "exclude");
    if (condition && !is_empty(condition))
        query_refuse_slice(query, "filter");
    Query *clone = query_clone(query);
    WITH_DATABASE(query_database(query, DATABASE_READ));
    if (condition)
        query_add_filter(clone, capo_q_not(condition));
    return clone;
}

/* --- order, slices, distinct ------------------------------------------------------------------------------------------------------- */

/* Raises ERROR_FIELD for a path that is none; "?", annotations and transforms are good. */
void query_check_path(Query *query, const char *path)
{
    path += *path == '-';
    Path walked = path_walk(query, query->model, path, false);
    if (walked.used == walked.n_names)
        return;
    if (walked.relation)
        raise_unknown_name(query, walked.model, walked.names[walked.used], strlen(walked.names[walked.used]));
    Query *scratch = query_clone(query);
    resolve_path(&(Scope){ .query = scratch }, path);
}

Query *query_order_terms(Query *query, const OrderTerm *terms, size_t count)
{
    query_refuse_slice(query, "reorder");
    Query *clone = query_clone(query);
    clone->no_order = true;                                         /* not Meta's */
    clone->order = capo_alloc_array(count + 1, sizeof *clone->order);
    clone->n_order = 0;
    for (size_t i = 0; i < count; i++) {
        OrderTerm term = terms[i];
        if (term.path) {
            term.path = capo_strdup(term.path);
            if (strcmp(term.path, "?"))
                query_check_path(clone, term.path);
        }
        clone->order[clone->n_order++] = term;
    }
    return clone;
}

Query *capo_query_order_by(Query *query, const char *const *paths)
{
    size_t count = 0;
    while (paths && paths[count])
        count++;
    OrderTerm *terms = capo_alloc_array(count + 1, sizeof *terms);
    for (size_t i = 0; i < count; i++)
        terms[i] = order_term_of(paths[i], false);
    return query_order_terms(query, terms, count);
}

static OrderTerm *terms_of_parts(const OrderPart *parts, size_t *ret_count)
{
    size_t count = 0;
    while (parts[count].of.kind != VALUE_NULL)
        count++;
    OrderTerm *terms = capo_alloc_array(count + 1, sizeof *terms);
    for (size_t i = 0; i < count; i++)
        terms[i] = (OrderTerm){ .expression = capo_expression_of(parts[i].of), .descending = parts[i].descending, .nulls = (int)parts[i].nulls };
    *ret_count = count;
    return terms;
}

Query *capo_query_order_with(Query *query, const OrderPart *parts)
{
    size_t count;
    OrderTerm *terms = terms_of_parts(parts, &count);
    return query_order_terms(query, terms, count);
}

bool model_is_ordered(const Model *model) { return (model->ordering && model->ordering[0]) || (!model->ordering && model->meta->ordering_by); }

OrderTerm *model_order(const Model *model, size_t *ret_count)
{
    size_t count = 0;
    if (!model->ordering && model->meta->ordering_by)
        return terms_of_parts(capo_model_ordering(model), ret_count);
    while (model->ordering && model->ordering[count])
        count++;
    OrderTerm *terms = capo_alloc_array(count + 1, sizeof *terms);
    for (size_t i = 0; i < count; i++)
        terms[i] = order_term_of(model->ordering[i], false);
    *ret_count = count;
    return count ? terms : NULL;
}

void query_add_slice(Query *query, int64_t offset, int64_t limit)
{
    if (offset < 0)
        capo_raise(ERROR_VALUE, "Negative indexing is not supported.");
    if (query->limit >= 0) {
        int64_t left = query->limit > offset ? query->limit - offset : 0;
        query->limit = limit < 0 || limit > left ? left : limit;
    } else {
        query->limit = limit;
    }
    if (__builtin_add_overflow(query->offset, offset, &query->offset))
        query->offset = INT64_MAX;
}

Query *capo_query_slice(Query *query, int64_t offset, int64_t limit)
{
    if (limit < 0)
        capo_raise(ERROR_VALUE, "A slice of %lld rows was asked for; 0 means all.", (long long)limit);
    if (query->fetched) {                                           /* of rows that are there already */
        size_t first = offset < 0 ? 0 : (size_t)offset < query->n_rows ? (size_t)offset : query->n_rows;
        size_t count = limit && (size_t)limit < query->n_rows - first ? (size_t)limit : query->n_rows - first;
        Instance **rows = capo_alloc_array(count + 1, sizeof *rows);
        memcpy(rows, query->rows + first, count * sizeof *rows);
        Query *slice = query_clone(query);
        query_add_slice(slice, offset, limit ? limit : -1);
        slice->rows = rows;
        slice->n_rows = count;
        slice->fetched = true;
        return slice;
    }
    Query *clone = query_clone(query);
    query_add_slice(clone, offset, limit ? limit : -1);
    return clone;
}

Query *capo_query_distinct(Query *query)
{
    query_refuse_combined(query, "distinct");
    query_refuse_slice(query, "create distinct fields of");
    Query *clone = query_clone(query);
    clone->distinct = true;
    return clone;
}

Query *capo_query_distinct_on(Query *query, const char *const *paths)
{
    Query *clone = capo_query_distinct(query);
    size_t count = 0;
    while (paths && paths[count])
        count++;
    clone->distinct_on = capo_alloc_array(count + 1, sizeof *clone->distinct_on);
    clone->n_distinct_on = count;
    for (size_t i = 0; i < count; i++) {
        query_check_path(clone, paths[i]);
        clone->distinct_on[i] = capo_strdup(paths[i]);
    }
    return clone;
}

static const char **copied_texts(const char *const *texts)
{
    size_t count = 0;
    while (texts && texts[count])
        count++;
    const char **copy = capo_alloc_array(count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = capo_strdup(texts[i]);
    return copy;
}

Query *capo_query_lock(Query *query, const RowLock *lock)
{
    query_refuse_combined(query, "select_for_update");
    if (lock && lock->nowait && lock->skip_locked)
        capo_raise(ERROR_VALUE, "FOR_UPDATE() takes .nowait or .skip_locked, not both.");
    Query *clone = query_clone(query);
    RowLock *own = lock ? capo_memdup(lock, sizeof *lock) : NULL;
    if (own)
        own->of = copied_texts(lock->of);
    clone->lock = own;
    return clone;
}

Query *capo_query_fetch_mode(Query *query, FetchMode mode)
{
    Query *clone = query_clone(query);
    clone->fetch = mode;
    return clone;
}

Query *capo_query_chunk(Query *query, size_t rows)
{
    if (!rows)
        capo_raise(ERROR_VALUE, "Chunk size must be strictly positive.");
    Query *clone = query_clone(query);
    clone->chunk = rows;
    return clone;
}

Query *capo_query_filtered(Query *query, const FilteredRelation *relations)
{
    Query *clone = query_clone(query);
    size_t count = 0;
    while (relations && relations[count].name)
        count++;
    FilteredRelation *list = capo_alloc_array(query->n_filtered + count + 1, sizeof *list);
    if (query->n_filtered)
        memcpy(list, query->filtered, query->n_filtered * sizeof *list);
    clone->filtered = list;
    for (size_t i = 0; i < count; i++) {
        const FilteredRelation *relation = &relations[i];
        query_check_alias(relation->name);
        if (strstr(relation->name, "__") || capo_field(query->model, relation->name) || capo_reverse_field(query->model, relation->name))
            capo_raise(ERROR_VALUE, "The filtered relation '%s' conflicts with a field on the model, or has a \"__\" in its name.", relation->name);
        if (!relation->condition)
            capo_raise(ERROR_VALUE, "The filtered relation '%s' has no condition.", relation->name);
        if (!path_walk(NULL, query->model, relation->path, true).relation)
            capo_raise(ERROR_VALUE, "The filtered relation '%s' is over '%s', which is no relation of %s.", relation->name, relation->path, query->model->name);
        list[clone->n_filtered++] = (FilteredRelation){ capo_strdup(relation->name), capo_strdup(relation->path), relation->condition };
    }
    return clone;
}

Query *capo_query_reverse(Query *query)
{
    query_refuse_slice(query, "reverse");
    Query *clone = query_clone(query);
    clone->reversed ^= true;
    return clone;
}

/* --- making one from options ---------------------------------------------------------------------------------------------------------- */

static bool mentions(const Condition *condition, Expression *const *annotations)
{
    for (size_t i = 0; condition->path && annotations[i]; i++)
        if (annotations[i]->as && !strncmp(condition->path, annotations[i]->as, strlen(annotations[i]->as)))
            return true;
    for (size_t i = 0; i < condition->count; i++)
        if (mentions(condition->children[i], annotations))
            return true;
    return false;
}

Query *capo_query_make(Model *model, const QueryOptions *options)
{
    const char *base = (const char *)options;
    if (model->swapped)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "%s cannot be asked: the site has %s in its place.", model->label, model->swapped->label);
    return query_make(model, options, condition_of_lookups(model, base + model->where_offset, NULL),
                      condition_of_lookups(model, base + model->exclude_offset, NULL));
}

Query *query_make(Model *model, const QueryOptions *options, Condition *where, Condition *exclude)
{
    Query *query = options->query ? options->query : capo_query_of(model);
    if (!capo_model_is(query->model, capo_model_in_use(model)))     /* a manager of a base may be given a proxy's or a child's rows */
        capo_bug("A query of %s was refined as one of %s.", query->model->label, model->label);
    query = options->using ? capo_query_using(query, options->using) : query_clone(query);
    WITH_DATABASE(query_database(query, DATABASE_READ));
    if (options->filtered)
        query = capo_query_filtered(query, options->filtered);
    Condition *late = NULL, *filter = options->filter;
    if (filter && ((options->annotate && mentions(filter, options->annotate)) || (options->alias && mentions(filter, options->alias)))) {
        late = filter;
        filter = NULL;
    }
    if (where && filter)
        where = capo_q_all((Condition *[]){ where, filter, NULL });
    else if (filter)
        where = filter;
    if (where)
        query = capo_query_filter(query, where);
    if (exclude)
        query = capo_query_exclude(query, exclude);
    if (options->alias)
        query = capo_query_alias(query, options->alias);
    if (options->annotate)
        query = capo_query_annotate(query, options->annotate);
    if (late)
        query = capo_query_filter(query, late);
    if (options->distinct)
        query = capo_query_distinct(query);
    if (options->distinct_on)
        query = capo_query_distinct_on(query, options->distinct_on);
    if (options->order_by)
        query = capo_query_order_by(query, options->order_by);
    else if (options->order)
        query = capo_query_order_with(query, options->order);
    else if (options->no_order)
        query = capo_query_order_by(query, LIST(NULL));
    if (options->reverse)
        query = capo_query_reverse(query);
    if (options->select_related)
        query = capo_query_select_related(query, options->select_related);
    if (options->prefetch)
        query = capo_query_prefetch(query, options->prefetch);
    if (options->prefetch_with)
        query = capo_query_prefetch_with(query, options->prefetch_with);
    if (options->only)
        query = capo_query_only(query, options->only);
    if (options->defer)
        query = capo_query_defer(query, options->defer);
    if (options->lock)
        query = capo_query_lock(query, options->lock);
    if (options->fetch)
        query = capo_query_fetch_mode(query, options->fetch);
    if (options->offset < 0 || options->limit < 0)
        capo_raise(ERROR_VALUE, "Negative indexing is not supported: .offset and .limit count rows from the start.");
    if (options->offset || options->limit)
        query = capo_query_slice(query, options->offset, options->limit);
    return query;
}

Query *capo_query_values(Query *query, const char *const *paths)
{
    size_t count = 0;
    while (paths && paths[count])
        count++;
    Query *clone = query_clone(query);
    query_set_values(clone, count ? paths : NULL, count);
    return clone;
}

Query *capo_query_only(Query *query, const char *const *paths)
{
    return query_only(query, paths, true);
}

Query *capo_query_defer(Query *query, const char *const *paths)
{
    return query_only(query, paths, false);
}

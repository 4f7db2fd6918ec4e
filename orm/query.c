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
    Query *whole = capo_instance_related_query(query->of, query->of_accessor);
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
    query->model = model;
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
           (!query->no_order && query->model->ordering && query->model->ordering[0] && query->grouping == GROUP_NONE);
}

static void refuse_slice(const Query *query, const char *what)
{
    if (query_is_sliced(query))
        capo_raise(ERROR_VALUE, "Cannot %s a query once a slice has been taken.", what);
}

static void refuse_combined(const Query *query, const char *what)
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
    refuse_combined(query, "filter");
    if (condition && !is_empty(condition))
        refuse_slice(query, "filter");
    Query *clone = query_clone(query);
    WITH_DATABASE(query_database(query, DATABASE_READ));
    if (condition)
        query_add_filter(clone, condition);
    return clone;
}

Query *capo_query_exclude(Query *query, Condition *condition)
{
    refuse_combined(query, "exclude");
    if (condition && !is_empty(condition))
        refuse_slice(query, "filter");
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
    refuse_slice(query, "reorder");
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
        if (term.expression) {
            term.expression = resolve(&(Scope){ .query = clone }, term.expression);
            if (term.expression->kind == X_COLUMN || term.expression->type.kind == FIELD_NONE)
                expression_infer(term.expression);
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
        terms[i].path = paths[i];
    return query_order_terms(query, terms, count);
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
    refuse_combined(query, "distinct");
    refuse_slice(query, "create distinct fields of");
    Query *clone = query_clone(query);
    clone->distinct = true;
    return clone;
}

Query *capo_query_reverse(Query *query)
{
    refuse_slice(query, "reverse");
    Query *clone = query_clone(query);
    clone->reversed ^= true;
    return clone;
}

/* --- what is loaded ----------------------------------------------------------------------------------------------------------------- */

static const char **append_texts(const char **old, size_t n_old, const char *const *more, size_t *ret_count)
{
    size_t count = 0;
    while (more && more[count])
        count++;
    const char **list = capo_alloc_array(n_old + count + 1, sizeof *list);
    for (size_t i = 0; i < n_old; i++)
        list[i] = old[i];
    for (size_t i = 0; i < count; i++)
        list[n_old + i] = capo_strdup(more[i]);
    *ret_count = n_old + count;
    return list;
}

/* Every key that is never null, and theirs, five deep as Django goes. */
static void add_all_related(Query *query, const Model *model, const char *prefix, int depth)
{
    for (size_t i = 0; i < model->n_fields; i++) {
        const Field *field = model->fields[i];
        if (field->null || !capo_field_is_relation(field->kind))
            continue;
        const char *path = capo_format("%s%s%s", prefix, *prefix ? "__" : "", field->name);
        query->related = append_texts(query->related, query->n_related, LIST(path), &query->n_related);
        if (depth < 5)
            add_all_related(query, field->target, path, depth + 1);
    }
}

Query *capo_query_select_related(Query *query, const char *const *paths)
{
    refuse_combined(query, "select_related");
    if (query->values)
        capo_raise(ERROR_VALUE, "Cannot call select_related() after .values() or .values_list()");
    Query *clone = query_clone(query);
    if (!paths)
        clone->n_related = 0;
    else if (!paths[0])
        add_all_related(clone, query->model, "", 1);
    else
        clone->related = append_texts(query->related, query->n_related, paths, &clone->n_related);
    return clone;
}

Query *query_prefetch_with(Query *query, const Prefetch *prefetch, size_t count)
{
    refuse_combined(query, "prefetch_related");
    Query *clone = query_clone(query);
    clone->prefetch = capo_alloc_array(query->n_prefetch + count + 1, sizeof *clone->prefetch);
    if (query->n_prefetch)
        memcpy(clone->prefetch, query->prefetch, query->n_prefetch * sizeof *query->prefetch);
    for (size_t i = 0; i < count; i++)
        clone->prefetch[clone->n_prefetch++] = prefetch[i];
    return clone;
}

Query *capo_query_prefetch(Query *query, const char *const *paths)
{
    if (!paths) {
        Query *clone = query_clone(query);
        clone->n_prefetch = 0;
        return clone;
    }
    size_t count = 0;
    while (paths[count])
        count++;
    Prefetch *list = capo_alloc_array(count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i].path = capo_strdup(paths[i]);
    return query_prefetch_with(query, list, count);
}

static void check_deferred(Model *model, const char *path)
{
    const char *end = strstr(path, "__");
    char *name = end ? capo_strndup(path, (size_t)(end - path)) : capo_strdup(path);
    const Field *field = !strcmp(name, "pk") ? model->pk : capo_field(model, name);
    const char *names[128];
    size_t count = 0;
    for (size_t i = 0; i < model->n_fields && count < 128; i++)
        names[count++] = model->fields[i]->name;
    if (field && end && field->target)
        check_deferred(field->target, end + 2);
    if (field)
        return;
    for (size_t i = 0; i < model->n_reverse; i++)
        if (model->reverse[i]->kind == FIELD_ONE_TO_ONE && model->reverse[i]->related_query_name && !strcmp(model->reverse[i]->related_query_name, name))
            return;
    capo_raise(ERROR_FIELD_DOES_NOT_EXIST, "%s has no field named '%s'.%s", model->name, name, capo_did_you_mean(name, names, count));
}

/* only() replaces what only() said and takes from defer(); defer() adds to defer() and takes from only(), as Django does. */
Query *query_only(Query *query, const char *const *paths, bool only)
{
    refuse_combined(query, only ? "only" : "defer");
    if (query->values)
        capo_raise(ERROR_VALUE, "Cannot call %s() after .values() or .values_list()", only ? "only" : "defer");
    Query *clone = query_clone(query);
    if (!paths) {
        clone->n_deferred = 0;
        clone->deferred_only = false;
        return clone;
    }
    for (const char *const *path = paths; *path; path++)
        check_deferred(clone->model, *path);
    const char *const *names = paths;
    if (only && clone->n_deferred && !clone->deferred_only) {       /* what was deferred stays so */
        size_t count = 0, n = 0;
        const char **kept = append_texts(NULL, 0, paths, &count);
        for (size_t i = 0; i < count; i++) {
            bool deferred = false;
            for (size_t old = 0; old < clone->n_deferred; old++)
                deferred |= !strcmp(clone->deferred[old], kept[i]);
            if (!deferred)
                kept[n++] = kept[i];
        }
        kept[n] = NULL;
        names = kept;
    }
    if (!only && clone->deferred_only) {
        size_t n = 0;
        const char **kept = capo_alloc_array(clone->n_deferred + 1, sizeof *kept);
        for (size_t i = 0; i < clone->n_deferred; i++) {
            bool gone = false;
            for (const char *const *path = paths; *path; path++)
                gone |= !strcmp(*path, clone->deferred[i]);
            if (!gone)
                kept[n++] = clone->deferred[i];
        }
        clone->deferred = kept;
        clone->n_deferred = n;
        if (!n)
            clone->deferred_only = false;
        return clone;
    }
    clone->deferred = append_texts(only ? NULL : query->deferred, only ? 0 : query->n_deferred, names, &clone->n_deferred);
    for (size_t i = 0; i < clone->n_deferred; i++)
        if (!strcmp(clone->deferred[i], "pk"))
            clone->deferred[i] = clone->model->pk->name;
    clone->deferred_only = only;
    return clone;
}

/* --- annotations and values ------------------------------------------------------------------------------------------------------------ */

/* An alias goes into SQL as a quoted name; quoting is enough, and still what no name needs is refused on every database. */
void query_check_alias(const char *name)
{
    if (!*name)
        capo_raise(ERROR_VALUE, "An annotation needs a name that is not empty.");
    if (strlen(name) > 63)
        capo_raise(ERROR_VALUE, "The column alias '%.20s…' is longer than 63 bytes, the most that all databases keep.", name);
    for (const char *at = name; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (c <= ' ' || c == 127 || strchr("\"'`#;[]%$.\\", c) || !strncmp(at, "--", 2) || !strncmp(at, "/*", 2) || !strncmp(at, "*/", 2))
            capo_raise(ERROR_VALUE, "Column aliases cannot contain whitespace characters, hashes, quotation marks, semicolons, percent or "
                       "dollar signs, periods, or SQL comments.");
    }
}

static bool conflicts(const Query *query, const char *name)
{
    if (query->values) {
        for (size_t i = 0; i < query->n_selected; i++)
            if (!query->selected[i].annotation && !strcmp(query->selected[i].name, name))
                return true;
        return false;
    }
    const Model *model = query->model;
    if (capo_field(model, name) && strcmp(name, "pk"))
        return true;
    for (size_t i = 0; i < model->n_reverse; i++)
        if (model->reverse[i]->related_query_name && !strcmp(model->reverse[i]->related_query_name, name))
            return true;
    return false;
}

static void add_selected(Query *query, Selected selected)
{
    Selected *list = capo_alloc_array(query->n_selected + 1, sizeof *list);
    if (query->n_selected)
        memcpy(list, query->selected, query->n_selected * sizeof *list);
    list[query->n_selected++] = selected;
    query->selected = list;
}

/* GROUP BY of values(): the columns selected so far, and annotations that are no aggregates. */
static void group_by_selected(Query *query)
{
    query->grouping = GROUP_LISTED;
    query->group_by = capo_alloc_array(query->n_selected + query->n_annotations + 1, sizeof *query->group_by);
    query->n_group_by = 0;
    for (size_t i = 0; i < query->n_selected; i++)
        if (!query->selected[i].annotation)
            query->group_by[query->n_group_by++] = query->selected[i].expression;
    for (size_t i = 0; i < query->n_annotations; i++)
        if (query->annotations[i].selected && !expression_has_aggregate(query->annotations[i].expression))
            query->group_by[query->n_group_by++] = query->annotations[i].expression;
}

void query_add_annotation(Query *query, Expression *expression, const char *name, bool selected)
{
    query_check_alias(name);
    if (conflicts(query, name))
        capo_raise(ERROR_VALUE, "The annotation '%s' conflicts with a field on the model.", name);
    Expression *resolved = resolve(&(Scope){ .query = query }, expression);
    if (resolved->kind == X_COLUMN && !resolved->as)                 /* so that it can be told from the column itself */
        resolved = capo_memdup(resolved, sizeof *resolved);
    Annotation *list = capo_alloc_array(query->n_annotations + 1, sizeof *list);
    if (query->n_annotations)
        memcpy(list, query->annotations, query->n_annotations * sizeof *list);
    size_t at = 0;
    while (at < query->n_annotations && strcmp(list[at].name, name))
        at++;
    bool replaced = at < query->n_annotations;
    query->n_annotations += !replaced;
    list[at] = (Annotation){ capo_strdup(name), resolved, selected };
    query->annotations = list;
    if (query->values && selected && !replaced)
        add_selected(query, (Selected){ list[at].name, resolved, true });
    if (expression_has_aggregate(resolved)) {
        if (query->values)
            group_by_selected(query);
        else
            query->grouping = GROUP_MODEL;
    }
}

Query *capo_query_annotate(Query *query, Expression *const *expressions)
{
    refuse_combined(query, "annotate");
    Query *clone = query_clone(query);
    for (size_t i = 0; expressions && expressions[i]; i++) {
        if (!expressions[i]->as)
            capo_raise(ERROR_VALUE, "Complex annotations require an alias: give .as to the one at place %zu.", i + 1);
        query_add_annotation(clone, expressions[i], expressions[i]->as, true);
    }
    return clone;
}

static const char *const *names_of_columns(const Query *query, size_t *ret_count)
{
    const char **names = capo_alloc_array(query->model->n_fields + query->n_annotations + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < query->model->n_fields; i++)
        names[count++] = query->model->fields[i]->attname;
    for (size_t i = 0; i < query->n_annotations; i++)
        if (query->annotations[i].selected)
            names[count++] = query->annotations[i].name;
    *ret_count = count;
    return names;
}

static bool has_annotation(const Query *query, const char *name)
{
    for (size_t i = 0; i < query->n_annotations; i++)
        if (!strcmp(query->annotations[i].name, name))
            return true;
    return false;
}

static Selected select_path(Query *query, const char *path)
{
    Path walked = path_walk(query, query->model, path, false);
    if (!walked.annotation && walked.used < walked.n_names && walked.relation)
        raise_unknown_name(query, walked.model, walked.names[walked.used], strlen(walked.names[walked.used]));
    if (walked.used < walked.n_names)
        query_check_alias(path);                                    /* a transform's name is what visitors may choose: a key of JSON */
    return (Selected){ .name = capo_strdup(path), .expression = resolve_path(&(Scope){ .query = query }, path) };
}

void query_set_values(Query *query, const char *const *paths, size_t count)
{
    query->n_related = 0;
    query->n_deferred = 0;
    if (query->grouping == GROUP_MODEL) {                            /* the rows stay what they were: one an instance */
        size_t n = 0;
        query->group_by = capo_alloc_array(query->model->n_fields + query->n_annotations + 1, sizeof *query->group_by);
        for (size_t i = 0; i < query->model->n_fields; i++)
            query->group_by[n++] = resolve_path(&(Scope){ .query = query }, query->model->fields[i]->attname);
        for (size_t i = 0; i < query->n_annotations; i++)
            if (query->annotations[i].selected && !expression_has_aggregate(query->annotations[i].expression))
                query->group_by[n++] = query->annotations[i].expression;
        query->grouping = GROUP_LISTED;
        query->n_group_by = n;
    }
    if (!paths)
        paths = names_of_columns(query, &count);
    Annotation *annotations = query->n_annotations ? capo_memdup(query->annotations, query->n_annotations * sizeof *annotations) : NULL;
    Selected *selected = capo_alloc_array(count + 1, sizeof *selected);
    size_t n = 0;
    for (size_t i = 0; i < query->n_annotations; i++)
        annotations[i].selected = false;
    for (size_t i = 0; i < count; i++) {
        if (!has_annotation(query, paths[i])) {
            selected[n++] = select_path(query, paths[i]);
            continue;
        }
        for (size_t j = 0; j < query->n_annotations; j++)
            if (!strcmp(annotations[j].name, paths[i])) {
                annotations[j].selected = true;
                selected[n++] = (Selected){ annotations[j].name, annotations[j].expression, true };
            }
    }
    query->annotations = annotations;
    query->selected = selected;
    query->n_selected = n;
    query->values = true;
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
    Query *query = options->query ? options->query : capo_query_of(model);
    if (query->model != model)
        capo_bug("A query of %s was refined as one of %s.", query->model->label, model->label);
    query = options->using ? capo_query_using(query, options->using) : query_clone(query);
    WITH_DATABASE(query_database(query, DATABASE_READ));
    const char *base = (const char *)options;
    Condition *where = condition_of_lookups(model, base + model->where_offset);
    Condition *exclude = condition_of_lookups(model, base + model->exclude_offset);
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
    for (size_t i = 0; options->alias && options->alias[i]; i++) {
        if (!options->alias[i]->as)
            capo_raise(ERROR_VALUE, "What .alias lists needs a name: AS(\"name\", …).");
        query_add_annotation(query, options->alias[i], options->alias[i]->as, false);
    }
    if (options->annotate)
        query = capo_query_annotate(query, options->annotate);
    if (late)
        query = capo_query_filter(query, late);
    if (options->distinct)
        query = capo_query_distinct(query);
    if (options->order_by)
        query = capo_query_order_by(query, options->order_by);
    else if (options->no_order)
        query = capo_query_order_by(query, LIST(NULL));
    if (options->reverse)
        query = capo_query_reverse(query);
    if (options->select_related)
        query = capo_query_select_related(query, options->select_related);
    if (options->prefetch)
        query = capo_query_prefetch(query, options->prefetch);
    if (options->offset < 0 || options->limit < 0)
        capo_raise(ERROR_VALUE, "Negative indexing is not supported: .offset and .limit count rows from the start.");
    if (options->offset || options->limit)
        query = capo_query_slice(query, options->offset, options->limit);
    return query;
}

/* --- set operations ---------------------------------------------------------------------------------------------------------------------- */

Query *query_combine(Query *query, Combinator combinator, Query *const *others, size_t count)
{
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
    refuse_slice(a, "combine");
    refuse_slice(b, "combine");
    if (a->model != b->model)
        capo_raise(ERROR_VALUE, "Cannot combine queries on two different base models.");
    if (a->distinct != b->distinct)
        capo_raise(ERROR_VALUE, "Cannot combine a unique query with a non-unique query.");
    if (a->none)
        return connector == AND ? a : b;
    if (b->none)
        return connector == AND ? b : a;
    Query *merged = query_clone(a);
    int map[MAX_JOINS] = { query_base(merged) };
    JoinSet reuse = connector == AND ? 0 : ~(JoinSet)0, in_a = 0, in_b = 0;
    for (size_t i = 1; i < merged->n_joins; i++)
        in_a |= merged->joins[i].references > 0 && !merged->joins[i].outer ? (JoinSet)1 << i : 0;
    for (size_t i = 1; i < b->n_joins; i++) {
        const Join *join = &b->joins[i];
        PathStep step = { .field = join->field, .direct = join->direct, .many = !join->direct && !join->field->unique,
                          .from = b->joins[join->parent].model, .to = join->model, .target = join->model->pk };
        Path path = { .steps = &step, .n_steps = 1, .model = join->model, .target = step.target };
        JoinedPath joined = query_setup_joins(merged, &path, map[join->parent], &reuse);
        map[i] = joined.join;
        if (!join->references)
            query_unreference(merged, joined.join);
        reuse &= ~((JoinSet)1 << joined.join);
        if (join->references && !join->outer)
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

Query *capo_query_union(Query *query, Query *other)
{
    return query_combine(query, COMBINE_UNION, &other, 1);
}

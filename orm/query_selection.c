/* SPDX-License-Identifier: BSD-3-Clause */
/* What a query gives back: related rows and deferred columns of its instances, annotations, values(). */
#include "query.h"
#include <string.h>

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
    query_refuse_combined(query, "select_related");
    if (query->values)
        capo_raise(ERROR_VALUE, "Cannot call select_related() after .values() or .values_list()");
    Query *clone = query_clone(query);
    if (!paths || !paths[0] || query->related_all)                  /* all, and named ones, take each other's place */
        clone->n_related = 0;
    clone->related_all = paths && !paths[0];
    if (clone->related_all)
        add_all_related(clone, query->model, "", 1);
    else if (paths)
        clone->related = append_texts(query->related, clone->n_related, paths, &clone->n_related);
    return clone;
}

Query *query_prefetch_with(Query *query, const Prefetching *prefetch, size_t count)
{
    query_refuse_combined(query, "prefetch_related");
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
    Prefetching *list = capo_alloc_array(count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i].path = capo_strdup(paths[i]);
    return query_prefetch_with(query, list, count);
}

Query *capo_query_prefetch_with(Query *query, const Prefetching *prefetches)
{
    size_t count = 0;
    while (prefetches && prefetches[count].path)
        count++;
    Prefetching *list = capo_alloc_array(count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++) {
        size_t queries = 0;
        while (prefetches[i].queries && prefetches[i].queries[queries])
            queries++;
        list[i] = (Prefetching){ .path = capo_strdup(prefetches[i].path), .to_attr = prefetches[i].to_attr ? capo_strdup(prefetches[i].to_attr) : NULL,
            .query = prefetches[i].query, .queries = queries ? capo_memdup(prefetches[i].queries, (queries + 1) * sizeof *prefetches[i].queries) : NULL };
    }
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
    query_refuse_combined(query, only ? "only" : "defer");
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
            clone->deferred[i] = capo_key_part(clone->model->pk, 0)->name;
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
    if ((capo_field(model, name) && strcmp(name, "pk")) || capo_foreign_object(model, name))
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
    bool there = false;
    for (size_t i = 0; i < query->n_selected; i++)
        there |= query->selected[i].annotation && !strcmp(query->selected[i].name, name);
    if (query->values && selected && !there)
        add_selected(query, (Selected){ list[at].name, resolved, true });
    if (expression_has_aggregate(resolved)) {
        if (query->values)
            group_by_selected(query);
        else
            query->grouping = GROUP_MODEL;
    }
}

Query *capo_query_alias(Query *query, Expression *const *expressions)
{
    query_refuse_combined(query, "alias");
    Query *clone = query_clone(query);
    for (size_t i = 0; expressions && expressions[i]; i++) {
        if (!expressions[i]->as)
            capo_raise(ERROR_VALUE, "What .alias lists needs a name: AS(\"name\", …).");
        query_add_annotation(clone, expressions[i], expressions[i]->as, false);
    }
    return clone;
}

Query *capo_query_annotate(Query *query, Expression *const *expressions)
{
    query_refuse_combined(query, "annotate");
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
                if (!query->annotations[j].selected)
                    capo_raise(ERROR_FIELD, "Cannot select the '%s' alias. Use annotate() to promote it.", paths[i]);
                annotations[j].selected = true;
                selected[n++] = (Selected){ annotations[j].name, annotations[j].expression, true };
            }
    }
    query->annotations = annotations;
    query->selected = selected;
    query->n_selected = n;
    query->values = true;
}

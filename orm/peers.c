/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows that came together: what reading a relation of one of them does, and the warning about queries that come row by row.
 *
 * A result's rows share one Peers where its query has a fetch mode, or in development. In a release FETCH_ONE has none, and costs a
 * comparison with NULL at a read that asks the database anyway. */
#include "instance.h"
#include "query.h"
#include <capo/web.h>
#include <string.h>

/* The relations of a result that were read row by row, with how many rows. */
typedef struct LazyRead { const char *name; size_t rows; LazyKind kind; struct LazyRead *next; } LazyRead;

struct Peers {
    Instance **rows; size_t count;
    FetchMode mode;
    LazyRead *reads;
};

enum { MOST_PLACES = 1024 };
static int watched = -1;
static void (*reporter)(const char *message);

void capo_peers_watch(int on, void (*report)(const char *message))
{
    watched = on;
    reporter = report;
}

static bool watches(void)
{
    return watched < 0 ? capo_in_debug() : watched;
}

/* --- who came together ---------------------------------------------------------------------------------------------------------- */

static void meet(Instance **rows, size_t count, FetchMode mode)
{
    if (!count || (count == 1 && mode == FETCH_ONE))
        return;
    Peers *peers = capo_alloc_struct(Peers);
    *peers = (Peers){ .rows = rows, .count = count, .mode = mode };
    for (size_t i = 0; i < count; i++)
        rows[i]->state->peers = peers;
}

static void meet_tree(const RelatedLoad *tree, Instance **rows, size_t count, FetchMode mode)
{
    meet(rows, count, mode);
    for (size_t child = 0; child < tree->n_children; child++) {
        const RelatedLoad *load = tree->children[child];
        Instance **others = capo_alloc_array(count + 1, sizeof *others), *other;
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
            if ((load->reverse ? capo_instance_cached_reverse : capo_instance_cached)(rows[i], load->field, &other) && other)
                others[n++] = other;
        meet_tree(load, others, n, mode);
    }
}

void peers_meet(const RelatedLoad *tree, Instance **rows, size_t count, FetchMode mode)
{
    if (mode != FETCH_ONE || (count > 1 && watches()))
        meet_tree(tree, rows, count, mode);
}

FetchMode peers_mode(const Instance *self)
{
    return self->state->peers ? self->state->peers->mode : FETCH_ONE;
}

/* --- a read ------------------------------------------------------------------------------------------------------------------------ */

/* Whether this place was not warned about yet. */
static bool is_new(const char *file, int line, const char *name)
{
    static uint32_t seen[MOST_PLACES];
    static size_t count;
    const char *place = capo_format("%s:%d:%s", file, line, name);
    uint32_t hash = capo_hash(place, strlen(place)) | 1;
    for (size_t i = 0; i < count; i++)
        if (seen[i] == hash)
            return false;
    if (count == MOST_PLACES)
        return false;
    seen[count++] = hash;
    return true;
}

static void find_place(const char **file, int *line)
{
    if (*file)
        return;
    *file = "?";
    if (capo_template_here)
        capo_template_here(file, line);
}

static const char *advice(const Instance *self, const char *name, LazyKind kind)
{
    bool reverse;
    const Field *relation = relation_of_accessor(self->model, name, &reverse);
    if (!relation)
        return "load the column with the rows: it was left out by .only or .defer";
    if (kind == LAZY_REFINED)
        return capo_format("load them for all rows with .prefetch_with = PREFETCHES(PREFETCH(\"%s\", .query = …))", name);
    if (kind == LAZY_COUNT)
        return capo_format("count it in the query, .annotate = EXPRESSIONS(COUNT(\"%s\"))", reverse ? relation->related_query_name : relation->name);
    bool one = relation->kind != FIELD_MANY_TO_MANY && (!reverse || relation->kind == FIELD_ONE_TO_ONE);
    return capo_format("load it for all rows with .%s = LIST(\"%s\"), or capo_prefetch() behind the query", one ? "select_related" : "prefetch", name);
}

static void warn_of_rows(Instance *self, const char *name, LazyKind kind, const char *file, int line)
{
    Peers *peers = self->state->peers;
    LazyRead *read = peers->reads;
    while (read && (read->kind != kind || strcmp(read->name, name)))
        read = read->next;
    if (!read) {
        read = capo_alloc_struct(LazyRead);
        *read = (LazyRead){ .name = capo_strdup(name), .kind = kind, .next = peers->reads };
        peers->reads = read;
    }
    if (++read->rows != 2)
        return;
    find_place(&file, &line);
    if (!is_new(file, line, name))
        return;
    const char *message = capo_format("%s:%d: %s.%s is %s row by row, with a query for each of %zu rows: %s.", file, line, self->model->name, name,
                                      kind == LAZY_COUNT ? "counted" : "read", peers->count, advice(self, name, kind));
    if (reporter)
        reporter(message);
    else
        capo_log(LOG_WARNING, "%s", message);
}

/* The column of all rows that lack it. */
static void load_column(Peers *peers, const Field *field)
{
    List *keys = capo_list_new();
    for (size_t i = 0; i < peers->count; i++)
        if (capo_field_is_deferred(peers->rows[i], field))
            capo_list_add(keys, capo_instance_pk(peers->rows[i]));
    Query *query = capo_query_filter(capo_query_of(field->model), capo_q("pk__in", capo_value_list(keys)));
    Map *found = capo_query_in_bulk(capo_query_only(query, LIST(field->name)), NULL, NULL);
    for (size_t i = 0; i < peers->count; i++) {
        Instance *other = capo_query_bulk_row(found, capo_instance_pk(peers->rows[i]));
        if (other && capo_field_is_deferred(peers->rows[i], field))
            capo_field_load(peers->rows[i], field, capo_field_value(other, field));
    }
}

bool peers_read(Instance *self, const char *name, const char *file, int line)
{
    Peers *peers = self->state->peers;
    if (!peers)
        return false;
    bool reverse;
    switch (peers->mode) {
    case FETCH_ONE:
        if (peers->count > 1)
            warn_of_rows(self, name, LAZY_READ, file, line);
        return false;
    case FETCH_RAISE:
        find_place(&file, &line);
        capo_raise_at(file, line, "", ERROR_FETCH_BLOCKED, NULL, "%s:%d: fetching of %s.%s blocked: its query was made with FETCH_RAISE and did not load it; %s.",
                      file, line, self->model->name, name, advice(self, name, LAZY_READ));
    case FETCH_PEERS:
        if (relation_of_accessor(self->model, name, &reverse))
            prefetch_related(peers->rows, peers->count, &(Prefetching){ .path = name }, 1);
        else
            load_column(peers, capo_field(self->model, name));
        return true;
    }
    return false;
}

void peers_refined(Instance *self, const char *name, LazyKind kind, const char *file, int line)
{
    Peers *peers = self->state->peers;
    if (peers && peers->mode == FETCH_ONE && peers->count > 1)
        warn_of_rows(self, name, kind, file, line);
}

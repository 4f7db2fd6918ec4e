/* SPDX-License-Identifier: BSD-3-Clause */
/* The ORM: instances, queries, transactions, raw SQL.
 *
 *     Post *post = capo_get_or_404(Post, .where = { .slug = EQ(slug) });
 *     capo_set(post, published, capo_now());          // an OPTIONAL field; others are assigned: post->title = "…"
 *     capo_save(post);                                // writes the columns that changed
 *
 *     Query *drafts = capo_query(Post, .where = { .published = IS_NULL(true) }, .order_by = LIST("-id"), .limit = 10);
 *     for (Post **p = capo_fetch(Post, .query = drafts); *p; p++)
 *         capo_log(LOG_INFO, "%s", (*p)->title);
 *
 * A Query is lazy and immutable; it is one filter() call in Django's sense, which matters over to-many relations: `.query = q`
 * refines q by a further call. Names in `.where` and `.set` are checked by the compiler; names in texts (Q, order_by, …) when
 * the query is made, which raises ERROR_FIELD with "did you mean". Every value is bound, every name quoted.
 * Outside a database's reach all of these raise ERROR_OPERATIONAL with a sentence. */
#pragma once
#include "model.h"
#include <capo/error.h>
#include <capo/arena.h>

/* --- look-ups: .where = { .views = GTE(10), .author = HAS(User, .username = EQ("ann")) } ------------------------------- */

typedef struct Lookup { const char *name; Value value; } Lookup;       /* the pointer first: `.views = 10` does not compile */
#define CAPO_LOOKUP(name_, x) { .name = (name_), .value = VALUE(x) }
#define EQ(x) CAPO_LOOKUP("exact", x)                   /* a null text: is null */
#define NE(x) CAPO_LOOKUP("ne", x)                      /* not (… = x): rows with NULL are kept, as exclude() does */
#define IEXACT(x) CAPO_LOOKUP("iexact", x)
#define CONTAINS(x) CAPO_LOOKUP("contains", x)
#define ICONTAINS(x) CAPO_LOOKUP("icontains", x)
#define STARTSWITH(x) CAPO_LOOKUP("startswith", x)
#define ISTARTSWITH(x) CAPO_LOOKUP("istartswith", x)
#define ENDSWITH(x) CAPO_LOOKUP("endswith", x)
#define IENDSWITH(x) CAPO_LOOKUP("iendswith", x)
#define REGEX(x) CAPO_LOOKUP("regex", x)
#define IREGEX(x) CAPO_LOOKUP("iregex", x)
#define GT(x) CAPO_LOOKUP("gt", x)
#define GTE(x) CAPO_LOOKUP("gte", x)
#define LT(x) CAPO_LOOKUP("lt", x)
#define LTE(x) CAPO_LOOKUP("lte", x)
#define YEAR(x) CAPO_LOOKUP("year", x)
#define MONTH(x) CAPO_LOOKUP("month", x)
#define DAY(x) CAPO_LOOKUP("day", x)
#define ON_DATE(x) CAPO_LOOKUP("date", x)
#define IS_NULL(x) { .name = "isnull", .value = capo_value_bool(x) }
#define RANGE(low, high) { .name = "range", .value = capo_value_pair(VALUE(low), VALUE(high)) }
/* A List *, a Query * (as a subquery) or a Value: IN(ids). VALUES("a", 1) makes a list of up to 16 values. */
#define IN(x) CAPO_LOOKUP("in", x)
#define VALUES(...) capo_values_list((const Value[]){ CAPO_EACH_VALUE(__VA_ARGS__) },                                         \
                                     sizeof((const Value[]){ CAPO_EACH_VALUE(__VA_ARGS__) }) / sizeof(Value))
/* Any look-up by Django's name: LOOKUP("week_day", 1). */
#define LOOKUP(name_, x) CAPO_LOOKUP(name_, x)
/* Over a relation, to one or to many: .author = HAS(User, .username = EQ("ann")) */
#define HAS(M, ...) (&(const M##_lookups){ __VA_ARGS__ })
Value capo_value_pair(Value low, Value high);
List *capo_values_list(const Value *values, size_t count);

/* Conditions by path, where the name is not known in C, or for or/not:
 *     .filter = ANY(Q("title__icontains", term), ALL(Q("views__gt", 10), NOT(Q("author__username", "ann"))))
 * A value may be F("other_field"). */
#define Q(path, x) capo_q_word((path), VALUE(x))
#define ALL(...) capo_q_all((Condition *const[]){ __VA_ARGS__, NULL })
#define ANY(...) capo_q_any((Condition *const[]){ __VA_ARGS__, NULL })
#define XOR(...) capo_q_odd((Condition *const[]){ __VA_ARGS__, NULL })      /* of two: one alone; of more: an odd number of them */
#define NOT(condition) capo_q_not(condition)
Condition *capo_q(const char *path, Value value);
Condition *capo_q_word(const char *path, Value value);     /* the same, but that 1 and 0 are what C's true and false are: for …__isnull */
Condition *capo_q_all(Condition *const *conditions);       /* NULL entries cannot be; an empty list is always true */
Condition *capo_q_any(Condition *const *conditions);
Condition *capo_q_odd(Condition *const *conditions);
Condition *capo_q_list(bool any, Condition *const *conditions, size_t count);
Condition *capo_q_not(Condition *condition);

/* Whether a row of the model with these values meets the condition, as the database sees it (Django's Q.check); what says NULL holds. Raises
 * ERROR_FIELD where the condition names a field that has no value here, or one that is not the row's own.
 *     capo_condition_check(&Post_model, Q("views__gt", 10), capo_map(V("views", 12)))                                       */
bool capo_condition_check(Model *model, Condition *condition, const Map *values);

/* --- changes: .set = { .views = PLUS(1) } ------------------------------------------------------------------------------- */

typedef struct FieldChange { const char *operation; Value value; } FieldChange;
#define TO(x) { .operation = "=", .value = VALUE(x) }               /* TO(F("other")): another column's value */
#define TO_NULL { .operation = "=", .value = { .kind = VALUE_NULL } }
#define PLUS(x) { .operation = "+", .value = VALUE(x) }
#define MINUS(x) { .operation = "-", .value = VALUE(x) }
#define TIMES(x) { .operation = "*", .value = VALUE(x) }
/* A column's value, for TO(), Q() and order: F("author__username"). */
#define F(path) capo_f(path)
Value capo_f(const char *path);
/* What a word for expressions gave, a query as a subquery, or any other value as a literal. */
Expression *capo_expression_of(Value value);

/* --- expressions ----------------------------------------------------------------------------------------------------------- */

typedef struct AggregateOptions {
    const char *function, *of;          /* "Count", path or "*" */
    const char *as;                     /* default: path__count */
    bool distinct;
    Condition *filter;
    Value default_value;                /* instead of NULL where there is no row */
    Value with;                         /* the second argument: StringAgg's separator, the other number of Corr and its like */
    const char *const *order_by;        /* of the values that StringAgg, ArrayAgg and JSONBAgg join: LIST("-views nulls last") */
} AggregateOptions;
#define CAPO_AGGREGATE(function_, path, ...) capo_aggregate_of(&(AggregateOptions){ .function = (function_), .of = (path) __VA_OPT__(,) __VA_ARGS__ })
#define COUNT(path, ...) CAPO_AGGREGATE("Count", path, __VA_ARGS__)
#define SUM(path, ...) CAPO_AGGREGATE("Sum", path, __VA_ARGS__)
#define AVG(path, ...) CAPO_AGGREGATE("Avg", path, __VA_ARGS__)
#define MINIMUM(path, ...) CAPO_AGGREGATE("Min", path, __VA_ARGS__)
#define MAXIMUM(path, ...) CAPO_AGGREGATE("Max", path, __VA_ARGS__)
/* The short names, where <sys/param.h> has not taken them for the smaller and the larger of two numbers. */
#if !defined MIN && !defined MAX
#define MIN MINIMUM
#define MAX MAXIMUM
#endif
#define EXPRESSIONS(...) ((Expression *const[]){ __VA_ARGS__, NULL })
Expression *capo_aggregate_of(const AggregateOptions *options);

/* Both as plain data, for files: { "views__gte": 0 }, { "ANY": [ …, … ] }, { "FN": ["Lower", { "F": "title" }] }. From data they raise
 * ERROR_VALUE, the end of a sentence: "has a …". */
Value capo_condition_data(const Condition *condition);
Value capo_expression_data(const Expression *expression);
Condition *capo_condition_from_data(Value data);
Value capo_expression_from_data(Value data);                /* a value, a column, an expression */
/* NULL: it is good. */
const char *capo_expression_data_error(Value data, bool condition);
/* The data with one field called otherwise. */
Value capo_expression_data_renamed(Value data, const char *old_name, const char *new_name, bool condition);

/* --- parts of queries ------------------------------------------------------------------------------------------------------ */

/* SELECT … FOR UPDATE (Django's select_for_update): .lock = FOR_UPDATE(), FOR_UPDATE(.skip_locked = true). Reading such a query outside of
 * a transaction raises ERROR_TRANSACTION. SQLite has no locks of rows, and ignores it: there a transaction that writes has the database to
 * itself. What a database has not raises ERROR_NOT_SUPPORTED: MariaDB has neither .of nor .no_key. */
typedef struct RowLock {
    bool nowait;                        /* ERROR_OPERATIONAL at once where somebody else has a row, instead of waiting */
    bool skip_locked;                   /* leaves such rows out */
    bool no_key;                        /* FOR NO KEY UPDATE: others may still add rows that point here */
    const char *const *of;              /* locks these only: "self", paths of .select_related; NULL: all that are joined */
} RowLock;
#define FOR_UPDATE(...) (&(const RowLock){ __VA_ARGS__ })

/* A prefetch with a query of its own (Django's Prefetch), whose rows may go beside the relation, under a name:
 *     Author **authors = capo_fetch(Author, .prefetch_with = PREFETCHES(
 *         PREFETCH("books", .query = capo_query(Book, .where = { .pages = GT(300) }), .to_attr = "long_books")));
 *     for (Book **b = capo_prefetched(Book, authors[0], "long_books"); *b; b++) … */
struct Query;
typedef struct Prefetching {
    const char *path, *to_attr;
    struct Query *query;
    struct Query *const *queries;       /* over a generic key (generic.h, Django's GenericPrefetch): QUERIES(…), one for a model, others their base rows */
} Prefetching;
#define QUERIES(...) ((struct Query *const[]){ __VA_ARGS__, NULL })
#define PREFETCH(path_, ...) { .path = (path_) __VA_OPT__(,) __VA_ARGS__ }
#define PREFETCHES(...) ((const Prefetching[]){ __VA_ARGS__, { 0 } })

/* A relation under another name, whose join has a condition of its own, so that rows without such a related row stay:
 *     .filtered = FILTERED({ "long_books", "books", Q("books__pages__gt", 300) }), .annotate = EXPRESSIONS(COUNT("long_books", .as = "n"))
 * The condition names columns of the relation itself only: no further relation behind it. */
typedef struct FilteredRelation { const char *name, *path; Condition *condition; } FilteredRelation;
#define FILTERED(...) ((const FilteredRelation[]){ __VA_ARGS__, { 0 } })

/* What reading a relation (capo_related, templates) or a deferred column does that was not loaded with its row. In DEBUG, FETCH_ONE warns
 * with file and line, or the template's, when it reads for one row of a result after the other: once for each place. */
typedef enum FetchMode {
    FETCH_ONE,                          /* one statement for this row */
    FETCH_PEERS,                        /* one statement for all rows that came with it, to-many relations too */
    FETCH_RAISE,                        /* ERROR_FETCH_BLOCKED: whatever is read must have been asked for */
} FetchMode;

/* --- queries --------------------------------------------------------------------------------------------------------------- */

/* The options of capo_query, capo_get, capo_update, … `.where` and `.filter` are one filter() call, `.exclude` is an exclude() behind
 * it, `.annotate` comes behind both; a `.filter` that names an annotation is a call behind `.annotate`. */
#define CAPO_QUERY_OPTIONS                                                                                                     \
    struct Query *query;                        /* refine this one; NULL: all rows of the model */                             \
    Condition *filter;                          /* besides .where */                                                           \
    Expression *const *annotate;                                                                                               \
    Expression *const *alias;                   /* as .annotate, but not selected: names for .filter and .order_by */         \
    const char *const *order_by;                /* "-published", "author__username nulls last", "?", a name of .annotate */    \
    const OrderPart *order;                     /* instead, by expressions: ORDERS(…) of expressions.h */                      \
    const char *const *select_related;          /* joins these foreign keys into the same SELECT; LIST(NULL): all that are never null */                            \
    const char *using;                          /* the alias of a database: databases.h */                                     \
    const char *const *prefetch;                /* loads these relations in one query each */                                  \
    const struct Prefetching *prefetch_with;    /* the same by queries of your own: PREFETCHES(PREFETCH("tags", …)) */         \
    const char *const *only, *const *defer;     /* loads these columns only, or all but these */                               \
    const char *const *distinct_on;             /* PostgreSQL: of the rows that agree in these, the first in order */          \
    const struct RowLock *lock;                 /* FOR_UPDATE(): the rows are this transaction's until its end */              \
    const struct FilteredRelation *filtered;    /* relations under a name of their own, joined with a condition */             \
    FetchMode fetch;                            /* what reading a relation that was not loaded does */                         \
    int64_t offset, limit;                      /* rows; limit 0: all */                                                       \
    bool distinct, reverse, no_order

typedef struct QueryOptions { CAPO_QUERY_OPTIONS; } QueryOptions;

#define CAPO_OPTIONS(M, ...) ((const QueryOptions *)(const void *)&(const M##_query){ __VA_ARGS__ })
#define capo_query(M, ...) capo_query_make(&M##_model, CAPO_OPTIONS(M, __VA_ARGS__))
/* Exactly one, else raises ERROR_DOES_NOT_EXIST or ERROR_MULTIPLE_OBJECTS_RETURNED. */
#define capo_get(M, ...) ((M *)capo_options_get(&M##_model, CAPO_OPTIONS(M, __VA_ARGS__)))
/* Exactly one, or raises 404. */
#define capo_get_or_404(M, ...) ((M *)capo_options_get_or_404(&M##_model, CAPO_OPTIONS(M, __VA_ARGS__)))
/* The first or last in order (by primary key where there is none), or NULL. */
#define capo_first(M, ...) ((M *)capo_options_first(&M##_model, CAPO_OPTIONS(M, __VA_ARGS__)))
#define capo_last(M, ...) ((M *)capo_query_last(capo_query(M, __VA_ARGS__)))
/* All rows: an array that ends with NULL. */
#define capo_fetch(M, ...) ((M **)capo_options_rows(&M##_model, CAPO_OPTIONS(M, __VA_ARGS__), NULL))
#define capo_count(M, ...) capo_query_count(capo_query(M, __VA_ARGS__))
#define capo_exists(M, ...) capo_options_exist(&M##_model, CAPO_OPTIONS(M, __VA_ARGS__))
/* UPDATE of all rows that match, in one statement; how many. .set may not be empty. */
#define capo_update(M, ...) capo_query_update_set(&M##_model, CAPO_OPTIONS(M, __VA_ARGS__))
/* DELETE of all that match and what goes with them, in one transaction; how many rows in all tables. */
#define capo_delete_all(M, ...) capo_query_delete(capo_query(M, __VA_ARGS__))
/* The latest or the earliest by .order_by, else by Meta's .get_latest_by; raises ERROR_DOES_NOT_EXIST where there is none. */
#define capo_latest(M, ...) ((M *)capo_query_latest_of(&M##_model, CAPO_OPTIONS(M, __VA_ARGS__), true))
#define capo_earliest(M, ...) ((M *)capo_query_latest_of(&M##_model, CAPO_OPTIONS(M, __VA_ARGS__), false))
/* The rows whose key (or another unique field) is in the list, by that key:
 *     Map *books = capo_in_bulk(Book, VALUES("alpha", "beta"), "slug");
 *     Book *alpha = capo_bulk_row(Book, books, "alpha");              // or NULL
 * NULL for the list: all rows; NULL for the field: the primary key. */
#define capo_in_bulk(M, keys, field, ...) capo_query_in_bulk(capo_query(M, __VA_ARGS__), (keys), (field))
#define capo_bulk_row(M, rows, key) ((M *)capo_query_bulk_row((rows), VALUE(key)))
/* The row that .where names with EQ, or a new one with those values and .set's; *ret_created may be NULL. Safe in a race. update_or_create
 * locks the row while it changes it; .create_set, where given, is what a new row gets instead of .set. */
#define capo_get_or_create(M, ret_created, ...) ((M *)capo_query_get_or_create(&M##_model, CAPO_OPTIONS(M, __VA_ARGS__), (ret_created)))
#define capo_update_or_create(M, ret_created, ...) ((M *)capo_query_update_or_create(&M##_model, CAPO_OPTIONS(M, __VA_ARGS__), (ret_created)))
/* Runs the body once a row, reading in batches: memory stays bounded, since the rows of a batch are gone when the next is read (keep
 * values, not rows). What the body allocates lives as long as the unit, as everywhere. Leave with break or return as you like. A transaction that
 * was open before may not end in the body: the next row would raise ERROR_TRANSACTION.
 *     capo_each(Post, post, .where = { … }) { … }                                                                             */
#define capo_each(M, row, ...)                                                                                                 \
    for (struct QueryCursor *capo_cursor_##row __attribute__((cleanup(capo_cursor_leave))) = capo_cursor_open(capo_query(M, __VA_ARGS__)); capo_cursor_##row; \
         capo_cursor_leave(&capo_cursor_##row))                                                                                \
        for (M *row; (row = (M *)capo_cursor_next(capo_cursor_##row)); )
struct QueryCursor *capo_cursor_open(Query *query);
Instance *capo_cursor_next(struct QueryCursor *cursor);
void capo_cursor_leave(struct QueryCursor **cursor);                    /* NULL: done already */
/* How many rows capo_each and its like read at once, 200 without it: .query = capo_query_chunk(query, 2000) */
Query *capo_query_chunk(Query *query, size_t rows);
/* The rows for a {% for %} of a page that is streamed, in batches as capo_each reads them (Django's iterator()):
 *     return capo_render_stream(req, "report.html", V("posts", capo_query_iterator(capo_query(Post))));                       */
Object *capo_query_iterator(Query *query);

/* The same without a C type, for code that works on any model (forms, admin, migrations). Each gives a new Query. */
Query *capo_query_make(Model *model, const QueryOptions *options_with_where);
/* The query made and run in one call. A statement of the same shape is compiled once for the process: other values, .limit and .offset
 * reuse it (which of them qualify: orm/query_shape.h). */
Instance *capo_options_get(Model *model, const QueryOptions *options);
Instance *capo_options_get_or_404(Model *model, const QueryOptions *options);
Instance *capo_options_first(Model *model, const QueryOptions *options);
Instance **capo_options_rows(Model *model, const QueryOptions *options, size_t *ret_count);
bool capo_options_exist(Model *model, const QueryOptions *options);
Query *capo_query_of(Model *model);                                 /* all rows, default order */
Query *capo_query_none(Model *model);
Query *capo_query_filter(Query *query, Condition *condition);
Query *capo_query_exclude(Query *query, Condition *condition);
Query *capo_query_order_by(Query *query, const char *const *paths); /* replaces; LIST(NULL) clears Meta's too */
Query *capo_query_order_with(Query *query, const OrderPart *order); /* by expressions; ends with an entry without one */
Query *capo_query_slice(Query *query, int64_t offset, int64_t limit);
Query *capo_query_select_related(Query *query, const char *const *paths);
Query *capo_query_prefetch(Query *query, const char *const *paths);
Query *capo_query_annotate(Query *query, Expression *const *expressions);
Query *capo_query_distinct(Query *query);
/* Rows become these columns (NULL: all), read by capo_values and its like; an aggregate annotated behind this groups by them:
 *     capo_values(capo_query_annotate(capo_query_values(posts, LIST("author__name")), EXPRESSIONS(COUNT("id", .as = "n"))), NULL) */
Query *capo_query_values(Query *query, const char *const *paths);
/* Loads these columns only, or all but these; the others are read when they are asked for. */
Query *capo_query_only(Query *query, const char *const *paths);
Query *capo_query_defer(Query *query, const char *const *paths);
Query *capo_query_alias(Query *query, Expression *const *expressions);          /* as annotate, but not selected */
Query *capo_query_distinct_on(Query *query, const char *const *paths);          /* PostgreSQL; .order_by begins with them */
Query *capo_query_lock(Query *query, const RowLock *lock);
Query *capo_query_fetch_mode(Query *query, FetchMode mode);
Query *capo_query_filtered(Query *query, const FilteredRelation *relations);
Query *capo_query_prefetch_with(Query *query, const Prefetching *prefetches);
/* Rows of one query and of others, whose columns agree; then only order, slice, values and count. union: without duplicates. */
Query *capo_query_union(Query *query, Query *other);
Query *capo_query_union_all(Query *query, Query *other);
Query *capo_query_intersection(Query *query, Query *other);
Query *capo_query_difference(Query *query, Query *other);
/* One query whose rows meet the conditions of both (Django's &), of at least one (|), or of one alone (^). Both are of one model. */
Query *capo_query_and(Query *query, Query *other);
Query *capo_query_or(Query *query, Query *other);
Query *capo_query_xor(Query *query, Query *other);
Query *capo_query_reverse(Query *query);
Model *capo_query_model(const Query *query);
bool capo_query_is_ordered(const Query *query);
/* No two rows can change places: it is ordered by unique columns that are never null, the last of them at the latest. */
bool capo_query_is_totally_ordered(const Query *query);

Instance **capo_query_rows(Query *query, size_t *ret_count);        /* runs once, keeps the result */
Instance *capo_query_get(Query *query);
Instance *capo_query_get_or_404(Query *query);
Instance *capo_query_first(Query *query);
Instance *capo_query_last(Query *query);
Instance *capo_query_latest(Query *query, const char *const *fields);       /* NULL: Meta's .get_latest_by */
Instance *capo_query_earliest(Query *query, const char *const *fields);
Instance *capo_query_latest_of(Model *model, const QueryOptions *options, bool latest);
Map *capo_query_in_bulk(Query *query, List *keys, const char *field);
Instance *capo_query_bulk_row(const Map *rows, Value key);
/* Whether this row is among the query's. */
#define capo_contains(query, object) capo_query_contains((query), &(object)->capo)
bool capo_query_contains(Query *query, const Instance *instance);
int64_t capo_query_count(Query *query);
bool capo_query_exists(Query *query);
int64_t capo_query_update_set(Model *model, const QueryOptions *options_with_set);
/* Changes end with a NULL field name. */
typedef struct NamedChange { const char *field; FieldChange change; } NamedChange;
int64_t capo_query_update(Query *query, const NamedChange *changes);
int64_t capo_query_delete(Query *query);
Instance *capo_query_get_or_create(Model *model, const QueryOptions *options, bool *ret_created);
Instance *capo_query_update_or_create(Model *model, const QueryOptions *options, bool *ret_created);
/* Rows as maps, or lists of lists: paths may span relations and name annotations. NULL paths: all columns. */
List *capo_values(Query *query, const char *const *paths);
List *capo_values_tuples(Query *query, const char *const *paths);
/* One path, as a flat list. */
List *capo_values_flat(Query *query, const char *path);
/* Totals over the query: a map by name. */
Map *capo_aggregate(Query *query, Expression *const *expressions);
/* Distinct dates truncated to "year", "month", "week" or "day", ascending, "-field": descending. Local dates for datetimes. */
List *capo_query_dates(Query *query, const char *field, const char *kind);
/* Distinct datetimes truncated in the zone (NULL: the current one): kinds as above, and "hour", "minute", "second". */
List *capo_query_datetimes(Query *query, const char *field, const char *kind, const TimeZone *zone);
/* The SELECT, with its parameters filled in for reading (never for running). */
const char *capo_sql(Query *query);
/* How the database would run it, as a text: capo_explain(query), capo_explain(query, .format = "json", .analyze = true). Formats:
 * PostgreSQL text, json, xml, yaml; MariaDB text (a table's rows), json; SQLite none. .analyze runs it and measures (not on SQLite). An
 * option or a format that the database has not raises ERROR_VALUE. */
typedef struct ExplainOptions {
    const char *format;
    bool analyze;
    const char *const *options;         /* PostgreSQL's own: LIST("verbose", "buffers"), "timing=off" */
} ExplainOptions;
#define capo_explain(query, ...) capo_query_explain((query), &(const ExplainOptions){ __VA_ARGS__ })
const char *capo_query_explain(Query *query, const ExplainOptions *options);
/* A look-up path exists and its last part is a look-up this field knows: for paths that visitors send. NULL: it is good;
 * else a sentence. *ret_field: the field it ends at. */
const char *capo_lookup_path_error(Model *model, const char *path, Field **ret_field);

/* --- managers ----------------------------------------------------------------------------------------------------------------- */

/* A manager is a function that narrows, orders or annotates rows; what methods of a QuerySet are in Django is the same here:
 *     Query *live(Query *rows)     { return capo_query(Post, .query = rows, .where = { .deleted = EQ(false) }); }
 *     Query *popular(Query *rows)  { return capo_query(Post, .query = rows, .order_by = LIST("-views")); }
 * live(NULL) are all live posts, popular(live(NULL)) the same in another order, live(capo_related_query(ann, "posts")) Ann's.
 * META(.managers = MANAGERS({ "objects", live }, { "everything" })) gives them names. The first is the default manager, unless
 * .default_manager_name names another: the admin, forms' choices, dumpdata and to-many relations start from it. The base manager (all
 * rows, or .base_manager_name) is what follows a key to its object, reads a row again, and finds what a delete takes along. */
#define capo_manager(M, name) capo_manager_rows(&M##_model, (name))
Query *capo_manager_rows(Model *model, const char *name);           /* raises ERROR_FIELD for a name that is none */
Query *capo_default_rows(Model *model);
Query *capo_base_rows(Model *model);
/* Whether there is a base manager, so that rows may be missing from capo_base_rows(). */
bool capo_has_base_manager(const Model *model);
bool capo_has_default_manager(const Model *model);

/* --- instances -------------------------------------------------------------------------------------------------------------- */

/* A new one with its fields' defaults, not yet in the database. */
#define capo_new(M) ((M *)capo_instance_new(&M##_model))
/* INSERT, or UPDATE of what changed since it was loaded or saved (nothing changed: no statement). */
#define capo_save(object) capo_instance_save(&(object)->capo)
/* Deletes it and what goes with it; how many rows. */
#define capo_delete(object) capo_instance_delete(&(object)->capo)
#define capo_refresh(object) capo_instance_refresh(&(object)->capo)
/* The same for these fields alone: capo_save_fields(post, "title", "body"), whose row must be there still. */
#define capo_save_fields(object, ...) capo_instance_save_fields(&(object)->capo, LIST(__VA_ARGS__))
#define capo_refresh_fields(object, ...) capo_instance_refresh_with(&(object)->capo, LIST(__VA_ARGS__), NULL)
/* From this query, which may lock the row, load relations or leave columns out; ERROR_DOES_NOT_EXIST where the object is not in it. */
#define capo_refresh_from(object, query) capo_instance_refresh_with(&(object)->capo, NULL, (query))
/* INSERT, even where a row of this key is there (ERROR_INTEGRITY); UPDATE, even where none is (ERROR_OPERATIONAL). */
#define capo_force_insert(object) capo_instance_insert(&(object)->capo)
#define capo_force_update(object) capo_instance_update(&(object)->capo)
/* The column is computed by the database when the object is next saved, and is in the object behind it: counters without a race,
 *     capo_set_expression(book, views, ADD(F("views"), 1));
 *     capo_save(book);                                    // UPDATE … SET views = views + 1 RETURNING views
 * Of a new object it may name no column. Assigning the member before the save changes nothing: the expression wins. */
#define capo_set_expression(object, field, x) ((void)sizeof((object)->field), capo_instance_set_expression(&(object)->capo, #field, VALUE(x)))
/* The object behind or before this one by a date or a time that is never null, rows of one moment by key; raises ERROR_DOES_NOT_EXIST at
 * the end. A query narrows it: capo_next_by(post, published, published_posts()); NULL: all rows. */
#define capo_next_by(object, field, query) ((__typeof__(object))capo_instance_neighbour(&(object)->capo, #field, true, (query)))
#define capo_previous_by(object, field, query) ((__typeof__(object))capo_instance_neighbour(&(object)->capo, #field, false, (query)))
/* The order that people gave to the rows of a parent, of a model with ORDER_WITH_RESPECT_TO (get_RELATED_order, set_RELATED_order):
 *     List *keys = capo_get_order(question, Answer);          // of its answers, in order
 *     capo_set_order(question, Answer, VALUES(3, 1, 2));       // their keys; rows of other parents stay as they are
 * New rows come last. The neighbours of one; they raise ERROR_DOES_NOT_EXIST at the ends. */
#define capo_get_order(parent, M) capo_ordered_keys(&(parent)->capo, &M##_model)
#define capo_set_order(parent, M, keys) capo_ordered_set(&(parent)->capo, &M##_model, (keys))
#define capo_next_in_order(object) ((__typeof__(object))capo_ordered_neighbour(&(object)->capo, true))
#define capo_previous_in_order(object) ((__typeof__(object))capo_ordered_neighbour(&(object)->capo, false))
/* Sets an OPTIONAL field that is not text: numbers, times, keys; and back to NULL. */
#define capo_set(object, field, x) ((object)->field = (__typeof__((object)->field)){ .value = (x), .present = true })
#define capo_set_null(object, field) ((object)->field = (__typeof__((object)->field)){ .present = false })
/* The related object of a foreign key: cached, else one query; NULL for a null key. capo_related(post, author) */
#define capo_related(object, relation) ((__typeof__((object)->relation))capo_instance_related(&(object)->capo, #relation))
/* Loads relations for all of these instances, of one model, in one query each: rows is an array that ends with NULL, as capo_fetch gives it.
 *     capo_prefetch(books, LIST("author", "genres"));
 *     capo_prefetch_with(books, PREFETCHES(PREFETCH("genres", .query = …))); */
#define capo_prefetch(rows, paths) capo_prefetch_rows((Instance *const *)(void *)(rows), (paths))
#define capo_prefetch_with(rows, prefetches) capo_prefetch_rows_with((Instance *const *)(void *)(rows), (prefetches))
/* The rows that a PREFETCH with .to_attr put under a name: an array that ends with NULL; of a relation to one object, it or nothing. */
#define capo_prefetched(M, object, name) ((M **)capo_instance_prefetched_as(&(object)->capo, (name)))
/* Both ways over to-many relations: a Query of the other side. capo_related_query(post, "comments") */
#define capo_related_query(object, accessor) capo_instance_related_query(&(object)->capo, (accessor))
/* Many-to-many: `others` are keys or instances, a List or a single one. */
#define capo_add(object, accessor, others) capo_instance_many(&(object)->capo, (accessor), MANY_ADD, VALUE(others))
#define capo_remove(object, accessor, others) capo_instance_many(&(object)->capo, (accessor), MANY_REMOVE, VALUE(others))
#define capo_set_all(object, accessor, others) capo_instance_many(&(object)->capo, (accessor), MANY_SET, VALUE(others))
#define capo_clear(object, accessor) capo_instance_many(&(object)->capo, (accessor), MANY_CLEAR, capo_value_null())
typedef enum ManyOperation { MANY_ADD, MANY_REMOVE, MANY_SET, MANY_CLEAR } ManyOperation;
void capo_instance_many(Instance *self, const char *accessor, ManyOperation operation, Value others);
/* With options: capo_add_with(band, "members", ringo, .through_defaults = capo_map(V("joined", 1962))). */
typedef struct ManyOptions {
    Map *through_defaults;              /* further columns of a new row of the join model */
    bool one_by_one;                    /* over a foreign key: each object is saved, with its hooks, instead of one UPDATE (bulk=False) */
    bool clear;                         /* capo_set_all: takes all out first, instead of those that are too many */
} ManyOptions;
#define capo_add_with(object, accessor, others, ...) capo_instance_many_with(&(object)->capo, (accessor), MANY_ADD, VALUE(others), &(const ManyOptions){ __VA_ARGS__ })
#define capo_remove_with(object, accessor, others, ...) capo_instance_many_with(&(object)->capo, (accessor), MANY_REMOVE, VALUE(others), &(const ManyOptions){ __VA_ARGS__ })
#define capo_set_all_with(object, accessor, others, ...) capo_instance_many_with(&(object)->capo, (accessor), MANY_SET, VALUE(others), &(const ManyOptions){ __VA_ARGS__ })
void capo_instance_many_with(Instance *self, const char *accessor, ManyOperation operation, Value others, const ManyOptions *options);

Instance *capo_instance_new(Model *model);
void capo_instance_save(Instance *self);
void capo_instance_save_fields(Instance *self, const char *const *fields);      /* update_fields */
/* As a fixture is loaded: every value as it is, no time of now, and receivers are told by .raw that other rows may be missing. */
void capo_instance_save_raw(Instance *self);
void capo_instance_insert(Instance *self);                                       /* force_insert */
void capo_instance_update(Instance *self);                                       /* force_update */
void capo_instance_set_expression(Instance *self, const char *field, Value expression);
void capo_instance_refresh_with(Instance *self, const char *const *fields, Query *query);
List *capo_ordered_keys(const Instance *parent, Model *model);
void capo_ordered_set(const Instance *parent, Model *model, const List *keys);
Instance *capo_ordered_neighbour(Instance *self, bool next);
Instance *capo_instance_neighbour(Instance *self, const char *field, bool next, Query *query);
int64_t capo_instance_delete(Instance *self);
void capo_instance_refresh(Instance *self);
/* A row of it is in the database, as far as is known: it was read or saved, and not deleted (Django: not _state.adding). */
bool capo_instance_is_saved(const Instance *self);
/* The names of the columns that were left out when it was read, and are read when they are asked for; ends with NULL (get_deferred_fields). */
#define capo_deferred_fields(object) capo_instance_deferred(&(object)->capo)
const char *const *capo_instance_deferred(const Instance *self);
/* The value holds a model's instance: (Instance *)value.object. */
bool capo_is_instance(Value value);
/* The default of a field, converted to its kind; null where it has none. Calls default_function. */
Value capo_field_default(const Field *field);
#define capo_instance_related(self, relation) capo_instance_related_at((self), (relation), __FILE__, __LINE__)
Instance *capo_instance_related_at(Instance *self, const char *relation, const char *file, int line);
#define capo_instance_related_query(self, accessor) capo_instance_related_query_at((self), (accessor), __FILE__, __LINE__)
Query *capo_instance_related_query_at(Instance *self, const char *accessor, const char *file, int line);
void capo_prefetch_rows(Instance *const *rows, const char *const *paths);
void capo_prefetch_rows_with(Instance *const *rows, const Prefetching *prefetches);
Instance **capo_instance_prefetched_as(const Instance *self, const char *name);
/* Makes one with these values and inserts it (Django's create()): capo_create(Post, .set = { .title = TO("Hello"), .author_id = TO(ann->id) }).
 * What .set leaves out has its default. */
#define capo_create(M, ...) ((M *)capo_query_create(&M##_model, CAPO_OPTIONS(M, __VA_ARGS__)))
Instance *capo_query_create(Model *model, const QueryOptions *options_with_set);
/* An object as plain data, which JSON can hold and a cache can keep beyond this unit, and back: its columns, whether it is in the database and in
 * which, what was changed and not saved. Related objects are not in it. A field that the data lacks is read when it is asked for; ERROR_VALUE
 * where it is another model's; data of another version of Capo is warned about.
 *     capo_cache_set("top", capo_pack(post), 60);      Post *post = capo_unpack(Post, value);                                   */
#define capo_pack(object) capo_instance_pack(&(object)->capo)
#define capo_unpack(M, data) ((M *)capo_instance_unpack(&M##_model, (data)))
Value capo_instance_pack(const Instance *self);
Instance *capo_instance_unpack(Model *model, Value data);
/* INSERT of many in few statements, keys filled in. The array has `count` instances of one model. */
void capo_bulk_create(Instance *const *instances, size_t count);
/* The same, but what clashes with a row that is there: BULK_IGNORE skips it (and, on SQLite and MariaDB, a row that lacks a value); BULK_UPDATE
 * sets `update` of that row, which the fields of `unique` name: they must be given on SQLite and PostgreSQL (ERROR_VALUE), and MariaDB takes any
 * unique key and no names (ERROR_NOT_SUPPORTED). Keys are not filled in then. How many rows were written. */
typedef enum BulkConflict { BULK_FAIL, BULK_IGNORE, BULK_UPDATE } BulkConflict;
typedef struct BulkOptions {
    BulkConflict conflict;
    const char *const *update, *const *unique;
    const char *using;                  /* the alias of a database: databases.h */
    int batch_size;                     /* rows of one statement; 0: as many as the database takes. Negative: ERROR_VALUE */
} BulkOptions;
int64_t capo_bulk_create_with(Instance *const *instances, size_t count, const BulkOptions *options);
/* UPDATE of these fields of many instances in few statements, also by expressions (capo_set_expression), whose values are then read. How many
 * rows there were. */
int64_t capo_bulk_update(Instance *const *instances, size_t count, const char *const *fields);
/* The same with `.update` as the fields, and a batch_size. */
int64_t capo_bulk_update_with(Instance *const *instances, size_t count, const BulkOptions *options);
Value capo_field_value(const Instance *self, const Field *field);               /* of a column: key for relations */
/* Converts as to_python does; raises ERROR_VALIDATION for what the field cannot take. */
void capo_field_assign(Instance *self, const Field *field, Value value);
Value capo_instance_pk(const Instance *self);
const char *capo_instance_text(Instance *self);                                  /* __str__ */
/* A path of names as templates have it: "author.username". */
bool capo_instance_lookup(Instance *self, const char *name, size_t size, Value *ret);
/* Whether the field differs from what was loaded. */
bool capo_field_changed(const Instance *self, const Field *field);
/* Label of the current choice (get_status_display), or the value's text: capo_display(post, status). */
#define capo_display(object, field) ((void)sizeof((object)->field), capo_field_display(&(object)->capo, capo_field((object)->capo.model, #field)))
const char *capo_field_display(Instance *self, const Field *field);
/* The converted value, or raises ERROR_VALIDATION: null, blank, choices, length, limits, validators as Field.clean does. */
Value capo_field_clean(const Field *field, Value value, bool form_empty_ok);
/* to_python alone. */
Value capo_field_to_python(const Field *field, Value value);

/* ValidationError's content: what Error.detail is for ERROR_VALIDATION. */
typedef struct ValidationError { const char *field, *code, *message; struct ValidationError *next; } ValidationError;
_Noreturn void capo_invalid_field(const char *field, const char *code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Model.full_clean: fields (but those excluded), the model's clean, unique and unique_together, constraints. The errors, or NULL. */
const ValidationError *capo_instance_full_clean(Instance *self, const char *const *exclude);
const ValidationError *capo_instance_unique_errors(Instance *self, const char *const *exclude);

/* What a delete would take along: Django's NestedObjects, for the confirmation page. */
typedef struct DeletePlan {
    struct DeleteNode { Instance *instance; struct DeleteNode *children, *next; } *tree;
    struct DeleteCount { Model *model; int64_t count; } *counts; size_t n_counts;      /* many-to-many rows too */
    Instance **protected_by; size_t n_protected;
} DeletePlan;
DeletePlan *capo_delete_plan(Instance *const *instances, size_t count);

/* --- transactions ------------------------------------------------------------------------------------------------------- */

/* Begins a transaction, or a savepoint inside one. What is not committed when the unit of work ends, or when a raise unwinds
 * past, is rolled back. */
#define capo_begin(...) capo_begin_with(&(const TransactionOptions){ __VA_ARGS__ })
typedef struct TransactionOptions {
    const char *using;                  /* an alias (databases.h); capo_commit and capo_rollback end the innermost, of whatever database */
    bool no_savepoint;                  /* inside another: cheaper, but its rollback leaves nothing but a rollback to the outer one */
    bool durable;                       /* ERROR_TRANSACTION inside another of the same database: what it commits is to be kept */
    const char *isolation;              /* of the outermost: "read committed", "repeatable read", "serializable"; SQLite is always that */
    bool for_test;                      /* the test runner's, around a test: does not count for .durable */
} TransactionOptions;
void capo_begin_with(const TransactionOptions *options);
void capo_commit(void);
void capo_rollback(void);
/* After the outermost commit; dropped on rollback. */
void capo_on_commit(void (*function)(void *), void *argument);
bool capo_in_transaction(void);

/* A point in the transaction begun last to which it can go back, made and ended by hand where capo_begin() and capo_rollback() do not fit,
 * say from one round of a loop to the next. Its number; 0: no transaction is open, and with 0 the other two do nothing.
 * Going back undoes what came since, functions for the commit too, and forgives a statement that failed since; the point itself stays.
 * Committing forgets the point and keeps what came since. Those made after it end with it, and all with the transaction or inner
 * transaction that they were made in: a bug where one is used later, or inside a transaction that was begun since. */
int64_t capo_savepoint(void);
void capo_savepoint_commit(int64_t savepoint);
void capo_savepoint_rollback(int64_t savepoint);
/* Whether the transaction begun last (a savepoint inside another, say) can end in nothing but its rollback. Setting it makes its
 * capo_commit() roll back without a word: for a view under .atomic_requests that answers without raising. Taking that back is possible
 * as long as no statement failed. Raises ERROR_TRANSACTION outside of one. */
bool capo_get_rollback(void);
void capo_set_rollback(bool rollback);

/* --- errors ---------------------------------------------------------------------------------------------------------------- */

/* What databases report, in one hierarchy for all of them (Django's DatabaseError and what is below it): ERROR_INTEGRITY, ERROR_OPERATIONAL,
 * ERROR_PROGRAMMING, ERROR_DATA, ERROR_NOT_SUPPORTED, ERROR_TRANSACTION. True for those. */
bool capo_is_database_error(const Error *error);
/* The database's own five letters or digits for it (SQLSTATE, "23505"); "" where it has none, as SQLite. */
const char *capo_database_error_state(const Error *error);

/* --- raw SQL ------------------------------------------------------------------------------------------------------------- */

/* Parameters are `?`, bound; `??` is a question mark itself. capo_sql_rows gives a list of maps; capo_sql_run how many rows changed. */
#define capo_sql_rows(sql, ...) capo_sql_rows_with((sql), (const Value[]){ __VA_OPT__(CAPO_EACH_VALUE(__VA_ARGS__),) { 0 } }, CAPO_COUNT_ARGS(__VA_ARGS__))
#define capo_sql_run(sql, ...) capo_sql_run_with((sql), (const Value[]){ __VA_OPT__(CAPO_EACH_VALUE(__VA_ARGS__),) { 0 } }, CAPO_COUNT_ARGS(__VA_ARGS__))
List *capo_sql_rows_with(const char *sql, const Value *parameters, size_t count);
int64_t capo_sql_run_with(const char *sql, const Value *parameters, size_t count);
/* Instances from a SELECT whose columns are the model's. */
#define capo_raw(M, sql, ...) ((M **)capo_raw_rows(&M##_model, (sql), (const Value[]){ __VA_OPT__(CAPO_EACH_VALUE(__VA_ARGS__),) { 0 } }, CAPO_COUNT_ARGS(__VA_ARGS__)))
Instance **capo_raw_rows(Model *model, const char *sql, const Value *parameters, size_t count);

/* In DEBUG and tests: the statements that the unit sent. */
typedef struct LoggedQuery { const char *sql; int64_t microseconds; } LoggedQuery;
const LoggedQuery *capo_logged_queries(size_t *ret_count);

/* --- pages (Django's Paginator) ---------------------------------------------------------------------------------------- */

/* The page that ?page= names: get_page()'s way, so a bad number gives the first page and one too large the last. In templates:
 * object_list, number, has_next, has_previous, next_page_number, previous_page_number, paginator.count, .num_pages, … */
typedef struct QueryPage QueryPage;
struct Request;
QueryPage *capo_paginate(struct Request *req, Query *query, int64_t per_page);
QueryPage *capo_page(Query *query, int64_t number, int64_t per_page);

/* --- of the macros above ------------------------------------------------------------------------------------------------- */
#define CAPO_COUNT_ARGS(...) CAPO_COUNT_ARGS_(0 __VA_OPT__(,) __VA_ARGS__, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define CAPO_COUNT_ARGS_(zero, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, n, ...) n
#define CAPO_EACH_VALUE(...) CAPO_EACH_PASTE(CAPO_EACH_VALUE_, CAPO_COUNT_ARGS(__VA_ARGS__))(__VA_ARGS__)
#define CAPO_EACH_PASTE(a, b) CAPO_EACH_PASTE_(a, b)
#define CAPO_EACH_PASTE_(a, b) a##b
#define CAPO_EACH_VALUE_1(a) VALUE(a)
#define CAPO_EACH_VALUE_2(a, ...) VALUE(a), CAPO_EACH_VALUE_1(__VA_ARGS__)
#define CAPO_EACH_VALUE_3(a, ...) VALUE(a), CAPO_EACH_VALUE_2(__VA_ARGS__)
#define CAPO_EACH_VALUE_4(a, ...) VALUE(a), CAPO_EACH_VALUE_3(__VA_ARGS__)
#define CAPO_EACH_VALUE_5(a, ...) VALUE(a), CAPO_EACH_VALUE_4(__VA_ARGS__)
#define CAPO_EACH_VALUE_6(a, ...) VALUE(a), CAPO_EACH_VALUE_5(__VA_ARGS__)
#define CAPO_EACH_VALUE_7(a, ...) VALUE(a), CAPO_EACH_VALUE_6(__VA_ARGS__)
#define CAPO_EACH_VALUE_8(a, ...) VALUE(a), CAPO_EACH_VALUE_7(__VA_ARGS__)
#define CAPO_EACH_VALUE_9(a, ...) VALUE(a), CAPO_EACH_VALUE_8(__VA_ARGS__)
#define CAPO_EACH_VALUE_10(a, ...) VALUE(a), CAPO_EACH_VALUE_9(__VA_ARGS__)
#define CAPO_EACH_VALUE_11(a, ...) VALUE(a), CAPO_EACH_VALUE_10(__VA_ARGS__)
#define CAPO_EACH_VALUE_12(a, ...) VALUE(a), CAPO_EACH_VALUE_11(__VA_ARGS__)
#define CAPO_EACH_VALUE_13(a, ...) VALUE(a), CAPO_EACH_VALUE_12(__VA_ARGS__)
#define CAPO_EACH_VALUE_14(a, ...) VALUE(a), CAPO_EACH_VALUE_13(__VA_ARGS__)
#define CAPO_EACH_VALUE_15(a, ...) VALUE(a), CAPO_EACH_VALUE_14(__VA_ARGS__)
#define CAPO_EACH_VALUE_16(a, ...) VALUE(a), CAPO_EACH_VALUE_15(__VA_ARGS__)

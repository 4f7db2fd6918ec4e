/* SPDX-License-Identifier: BSD-3-Clause */
/* The query side of the ORM, inside: expressions, joins, the state of a Query, and what its files ask of each other.
 *
 *     condition.c     Q, ALL, ANY, NOT, F and the reading of .where, .exclude and .set
 *     expression.c    expressions as users build them, copying, walking, output types
 *     joins.c         paths to joins: sharing, promotion to LEFT, trimming
 *     resolve.c       names become columns; one call of filter()
 *     lookups.c       the table of look-ups and transforms; what values they take
 *     query.c         refining: every public call that gives a new Query
 *     compiler.c      SELECT, UPDATE, DELETE as SQL of the Backend; compiler_expression.c: expressions and conditions
 *     query_run.c     rows to instances, get, first, count, exists, cursors; query_values.c: rows to maps and lists
 *
 * A Query is immutable once it was handed out: refining clones it. What expressions and conditions point to never changes, so
 * clones share it; only the arrays of a Query are its own. Columns name their table by the number of a join in the query that
 * is `level` queries outside, so a subquery needs no renaming when it moves; SQL aliases are made by the compiler. */
#pragma once
#include "internal.h"

enum { MAX_JOINS = 64 };                    /* also SQLite's limit; sets of joins are bits of a uint64_t */
enum { MAX_CONDITION_DEPTH = 150 };         /* nested conditions: what a fiber's stack bears with room to spare */
typedef uint64_t JoinSet;

/* What a value is: decides how it is compared, converted on the way in and on the way out. */
typedef struct OutputType {
    FieldKind kind;                         /* FIELD_NONE: not known */
    const Field *field;                     /* where it is that of one column */
    bool computed;                          /* not a column: the database may give another kind of value */
    bool mixed;                             /* cannot be told: its parts are of several classes (kind is FIELD_NONE) */
    int digits;                             /* decimals: how many in all; 0: any number */
    int places;                             /* decimals: digits behind the point; -1: as computed; -2: a key of JSON */
    const TimeZone *zone;                   /* a datetime that was truncated in this zone: its text is local */
} OutputType;

typedef enum ExpressionKind {
    X_PATH,             /* F("a__b"): a name that is not resolved yet */
    X_OUTER,            /* OuterRef("a__b"): a name of the query around this one */
    X_CONDITION,        /* a Condition as an expression, not resolved yet */
    X_VALUE, X_STAR, X_COLUMN,
    X_CALL,             /* a function: row of functions[] */
    X_AGGREGATE, X_COMBINE, X_NEGATE,
    X_CASE,             /* args: condition, result, condition, result, …, default */
    X_CAST, X_WRAP,     /* to `type` */
    X_SUBQUERY, X_EXISTS,
    X_TRANSFORM,        /* a part of args[0]: year, date, a JSON key */
    X_NODE,             /* and/or/xor of args */
    X_LOOKUP,           /* args[0] lookup args[1], or value */
    X_NOTHING,          /* a condition that no row meets */
    X_OUTPUT,           /* a column, by name, of the query beneath an aggregate */
    X_WINDOW,           /* args[0] over (partition_by, order) */
    X_RAW,              /* SQL by hand: name, with "?" for args */
    X_COLLATE,          /* args[0] by the collation `name` */
    X_TUPLE,            /* the columns of a composite key, in args (tuple.c) */
} ExpressionKind;

typedef enum Connector { AND, OR, XOR } Connector;

typedef struct OrderTerm {
    Expression *expression;                 /* or NULL */
    const char *path;                       /* "author__name", "-pages", "?"; NULL with an expression */
    bool descending;
    int nulls;                              /* 1 first, 2 last, 0 the database's own */
} OrderTerm;

struct Expression {
    Object object;                          /* so that F() is a Value */
    ExpressionKind kind;
    OutputType type;
    const char *name;                       /* path, function, operator, output column */
    const char *as;                         /* the name it is annotated under */
    Expression **args;
    size_t n_args;
    Value value;
    Condition *condition;                   /* X_CONDITION; X_AGGREGATE: its filter before it is resolved */
    Expression *filter;                     /* X_AGGREGATE */
    Query *query;                           /* X_SUBQUERY, X_EXISTS, X_LOOKUP in */
    const struct LookupRow *lookup;
    const struct TransformRow *transform;
    const struct FunctionRow *function;
    const TimeZone *zone;                   /* X_TRANSFORM of a datetime; NULL: the current one */
    int join, level;                        /* X_COLUMN */
    const Field *column;
    Model *related;                         /* X_COLUMN at the end of a relation: instances of this compare with it */
    Connector connector;
    bool negated, distinct, many;           /* many: X_COLUMN over a to-many relation */
    OrderTerm *order; size_t n_order;       /* X_WINDOW, ordered aggregates */
    size_t n_partition;                     /* X_WINDOW: args behind the first */
    const char *frame;
};

typedef enum ConditionKind { CONDITION_LOOKUP, CONDITION_ALL, CONDITION_ANY, CONDITION_XOR, CONDITION_EXPRESSION } ConditionKind;
struct Condition {
    ConditionKind kind;
    bool negated;
    int depth;
    const char *path;
    Value value;
    Expression *expression;
    Condition **children;
    size_t count;
};

typedef struct Join {
    Model *model;
    const char *alias;                      /* in the outermost query; deeper ones: a letter and a number */
    int parent;                             /* -1: the FROM table */
    const Field *field;                     /* the foreign key that joins them */
    bool direct;                            /* the key is the parent's */
    bool nullable, outer;                   /* outer: LEFT */
    int references;                         /* 0: not in the SQL */
    const FilteredRelation *filtered; Expression *on;       /* and a condition beside the key */
} Join;

/* One step of a path from model to model. */
typedef struct PathStep {
    const Field *field;
    bool direct, many;
    Model *from, *to;
    const Field *target;                    /* the column of `to` that stands for the relation */
    size_t name;                            /* which name of the path it belongs to */
    const FilteredRelation *filtered;       /* under a name of its own, with a condition */
} PathStep;

typedef struct Path {
    PathStep *steps; size_t n_steps;
    Model *model;                           /* where it ends */
    const Field *final;                     /* the last field; of a reverse relation, the key of the other model */
    bool relation;                          /* it ends at a relation */
    const Field *target;                    /* the column it stands for */
    const char **names; size_t n_names, used;   /* names behind `used` are transforms and look-ups */
    Expression *annotation;                 /* the first name is an annotation's */
    size_t many_at;                         /* steps up to the first to-many one, that one included; 0: none */
} Path;

typedef struct JoinedPath {
    Path path;
    int joins[MAX_JOINS]; size_t n_joins;   /* the first is the base */
    const Field *target; int join;          /* after trimming */
    bool many;
} JoinedPath;

typedef struct Annotation { const char *name; Expression *expression; bool selected; } Annotation;
/* One column of values(): a resolved column or the name of an annotation. */
typedef struct Selected { const char *name; Expression *expression; bool annotation; } Selected;

typedef enum Grouping { GROUP_NONE, GROUP_MODEL, GROUP_LISTED } Grouping;
typedef enum Combinator { COMBINE_NONE, COMBINE_UNION, COMBINE_UNION_ALL, COMBINE_INTERSECTION, COMBINE_DIFFERENCE } Combinator;

struct Query {
    Object object;
    Model *model;
    Join *joins; size_t n_joins;
    Expression *where;                      /* an AND node, or NULL */
    Annotation *annotations; size_t n_annotations;
    bool values;                            /* rows are the selected columns, not instances */
    Selected *selected; size_t n_selected;  /* values(): in order, annotations made later behind */
    Grouping grouping;
    Expression **group_by; size_t n_group_by;
    OrderTerm *order; size_t n_order;
    bool no_order, reversed, no_meta_order; /* no_order: cleared; no_meta_order: an explicit order was given */
    bool distinct, none;
    int64_t offset, limit;                  /* limit -1: all */
    const char **related; size_t n_related; bool related_all;       /* select_related paths; those of all keys that are not null */
    const char **deferred; size_t n_deferred; bool deferred_only;   /* only() or defer() */
    Prefetching *prefetch; size_t n_prefetch;
    const char **distinct_on; size_t n_distinct_on;     /* `distinct` too */
    const RowLock *lock;
    const FilteredRelation *filtered; size_t n_filtered;
    FetchMode fetch;
    size_t chunk;                           /* rows of a cursor's batch; 0: CURSOR_BATCH */
    Combinator combinator;
    Query **combined; size_t n_combined;
    bool constant_select;                   /* EXISTS: SELECT 1 */
    Expression **explicit_select; size_t n_explicit_select;   /* what a subquery gives, where it is neither rows nor values */
    const char *using;                      /* the alias of a database; NULL: as the router says */
    const Instance *hint;                   /* at hand for the router: whose relation is read */
    /* what it came from, for the accessors of relations */
    Instance *owner; const Field *owner_field;  /* rows of a reverse relation: their key is known to be the owner */
    bool prefetching;                       /* each of its rows will know another one that it was loaded for */
    JoinSet sticky;                         /* joins that a filter() may share: those of the accessor itself */
    bool sticky_held;                       /* by the query as the accessor gave it: one step further the joins are shared no more */
    Instance *of; const char *of_accessor; Value of_key;    /* of an accessor: its rows are there, its condition is not yet (query_settle) */
    struct { Instance *of; const char *accessor, *file; int line; bool whole; } relation;      /* of an accessor, and who asked; whole: not refined */
    /* the result, once it ran */
    Instance **rows; size_t n_rows; bool fetched;
};

/* --- expression.c ------------------------------------------------------------------------------------------------------------ */

Expression *expression_new(ExpressionKind kind);
Expression *expression_value(Value value, OutputType type);
Expression *expression_path(const char *path);
Expression *expression_outer(const char *path);
Expression *expression_call(const char *function, Expression **args, size_t n_args);
Expression *expression_combine(const char *operator, Expression *left, Expression *right);
Expression *expression_case(Expression **pairs_and_default, size_t count, OutputType type);
Expression *expression_cast(ExpressionKind kind, Expression *of, OutputType type);
Expression *expression_subquery(ExpressionKind kind, Query *query, bool negated);
Expression *expression_condition(Condition *condition);
Expression *expression_lookup(const struct LookupRow *row, Expression *left, Value value, Expression *right);
Expression *expression_node(Connector connector, bool negated, Expression **args, size_t count);
/* One term of order_by as users write it: "-path nulls last"; with `as_expression` the path is one. */
OrderTerm order_term_of(const char *text, bool as_expression);
OrderTerm *order_terms_of(const char *const *texts, size_t *ret_count);
Expression *expression_aggregate(const char *function, Expression *of, bool distinct, Condition *filter, Value default_value);
/* An expression inside a Value, or NULL. */
Expression *value_expression(Value value);
Query *value_query(Value value);
Value value_copy(Value value);
OutputType type_of(FieldKind kind);
OutputType type_of_field(const Field *field);
OutputType type_of_value(Value value);
bool type_is_number(FieldKind kind);
/* The kind of Python's output_field rules for a resolved tree; sets expression->type. */
void expression_infer(Expression *expression);
/* Raises ERROR_FIELD for a function of arguments of several classes whose own type was not given: when its type is needed. */
void expression_check_type(const Expression *expression);
/* The same tree with each node that `replace` maps to another node replaced; nodes are copied only where needed. */
typedef Expression *Replace(void *context, Expression *node, int level);
Expression *expression_map(Expression *expression, Replace *replace, void *context, int level);
Query *query_map(Query *query, Replace *replace, void *context, int level);
bool expression_has_aggregate(const Expression *expression);
bool expression_has_window(const Expression *expression);
bool expression_has_subquery(const Expression *expression);
/* A function that gives several rows for one. */
bool expression_has_set(const Expression *expression);
/* Calls visit for every column of this query in the tree, at its level. */
typedef void VisitColumn(void *context, const Expression *column);
void expression_columns(const Expression *expression, int level, VisitColumn *visit, void *context);
bool expression_equal(const Expression *a, const Expression *b);
bool expression_is_condition(const Expression *expression);

/* --- joins.c ------------------------------------------------------------------------------------------------------------------ */

/* Splits at "__" and walks; raises ERROR_FIELD where the first name is none, or where `complete` and a name is left. */
Path path_walk(const Query *query, Model *model, const char *path, bool complete);
const char **path_split(const char *path, size_t *ret_count);
int query_base(Query *query);
/* Joins the path; NULL reuse: any join may be shared. */
JoinedPath query_setup_joins(Query *query, const Path *path, int from, JoinSet *reuse);
/* The join whose table has the column of this field of the model that stands at `join`: that one's, or a parent's that is joined now. */
int query_join_of_field(Query *query, Model *model, int join, const Field *field);
void query_trim_joins(Query *query, JoinedPath *joined);
void query_promote(Query *query, JoinSet joins);
void query_demote(Query *query, JoinSet joins);
void query_unreference(Query *query, int join);
/* The names that a path may begin with, sorted, and nearest ones: the sentence of ERROR_FIELD. */
_Noreturn void raise_unknown_name(const Query *query, const Model *model, const char *name, size_t size);

/* --- resolve.c ---------------------------------------------------------------------------------------------------------------- */

typedef struct Scope {
    Query *query;
    JoinSet *reuse;                         /* NULL: any */
    bool no_joins;                          /* updates: F may not span */
    bool summarize;                         /* aggregate(): annotations may be aggregated over */
    const char **total_names; Expression **totals; size_t n_totals;     /* and what this aggregate() has computed so far */
    int depth;
} Scope;
Expression *resolve(const Scope *scope, Expression *expression);
/* One call of filter() on a query that is ours to change. */
void query_add_filter(Query *query, Condition *condition);
void query_add_where(Query *query, Expression *condition);
/* Resolves the condition of a filtered relation whose join was just made. */
void query_resolve_on(Query *query, int join);
Expression *resolve_path(const Scope *scope, const char *path);
/* A subquery's references to names of the query around it become columns of it. */
Query *resolve_outer(const Scope *scope, Query *inner);

/* --- lookups.c ---------------------------------------------------------------------------------------------------------------- */

typedef enum LookupCode {
    LOOKUP_EXACT, LOOKUP_IEXACT, LOOKUP_CONTAINS, LOOKUP_ICONTAINS, LOOKUP_STARTSWITH, LOOKUP_ISTARTSWITH, LOOKUP_ENDSWITH,
    LOOKUP_IENDSWITH, LOOKUP_REGEX, LOOKUP_IREGEX, LOOKUP_GT, LOOKUP_GTE, LOOKUP_LT, LOOKUP_LTE, LOOKUP_IN, LOOKUP_RANGE,
    LOOKUP_ISNULL, LOOKUP_OWN, LOOKUP_JSON_CONTAINS, LOOKUP_JSON_CONTAINED_BY, LOOKUP_HAS_KEY, LOOKUP_HAS_KEYS, LOOKUP_HAS_ANY_KEYS,
    LOOKUP_CODES
} LookupCode;
typedef struct LookupRow { const char *name; LookupCode code; bool json_only, pattern, ordered; const char *left_wild, *right_wild; const struct DatabaseLookup *own; } LookupRow;

typedef enum TransformCode {
    PART_YEAR, PART_ISO_YEAR, PART_QUARTER, PART_MONTH, PART_WEEK, PART_DAY, PART_WEEK_DAY, PART_ISO_WEEK_DAY,
    PART_HOUR, PART_MINUTE, PART_SECOND, PART_DATE, PART_TIME, PART_KEY, PART_KEY_TEXT, TRUNC,
} TransformCode;
typedef struct TransformRow { const char *name; TransformCode code; bool of_date, of_datetime, of_time, of_duration; FieldKind gives; } TransformRow;

const LookupRow *lookup_row(LookupCode code);
const LookupRow *lookup_find(const char *name);
/* Whether this type knows the look-up, in Django's rules. */
bool lookup_applies(const LookupRow *row, const Expression *left);
/* A transform of a value of this type: NULL there is none. */
Expression *transform_apply(Expression *of, const char *name);
Expression *transform_named(const char *name, FieldKind gives, Expression *of, const TimeZone *zone, bool truncate);
/* own_functions.c: those of the apps; NULL: none of them. bilateral: it is meant for both sides of a look-up. */
Expression *own_transform(Expression *of, const char *name, bool *ret_bilateral);
const LookupRow *own_lookup(const Expression *left, const char *name);
/* postgresql_lookups.c: of arrays, hstores and ranges. A part gives NULL for what it is none of, has_part says it of those with a name;
 * compare gives the look-up with its right side bound as that wants it, NULL: it is one like any other. */
Expression *postgresql_part(Expression *of, const char *name);
bool postgresql_has_part(const Expression *left, const char *name);
const LookupRow *postgresql_lookup(const Expression *left, const char *name);
Expression *postgresql_compare(const LookupRow *row, Expression *left, Value value);
const LookupRow *postgresql_lookup_of_expression(const LookupRow *row, const Expression *left);
const LookupRow *postgresql_lookup_of_query(const LookupRow *row, const Expression *left);
/* left lookup value, with the names behind the column (transforms, then a look-up). Raises ERROR_FIELD, ERROR_VALUE, ERROR_VALIDATION. */
Expression *lookup_build(Expression *left, const char *const *names, size_t n_names, Value value);
/* A value as this type takes it in comparisons; raises as above. */
Value lookup_prepare(const Expression *left, Value value, LookupCode code);
/* A key of a JSON document that counts in a list. */
bool text_is_index(const char *text, int *ret);

/* --- tuple.c ------------------------------------------------------------------------------------------------------------------- */

/* The field's column there, or the columns of a composite key. */
Expression *tuple_column(int join, const Field *field);
/* Of these columns, which a composite key or a relation over several columns (`of`) has. */
Expression *tuple_of(int join, Field *const *parts, size_t n_parts, const Field *of);
/* The first of its columns, of others themselves: where one stands for all, since they are null together. */
const Expression *tuple_first(const Expression *expression);
/* Raises ERROR_VALUE where the argument is a composite key; else it is given back. */
Expression *tuple_refuse(const char *what, Expression *argument);
/* As lookup_build, of a composite key. */
Expression *tuple_lookup(Expression *left, const char *const *names, size_t n_names, Value value);
/* Its columns as a list of expressions. */
Value tuple_values(const Expression *tuple);
/* Both are columns, or both composite keys of the same model. */
Expression *tuple_equal(Expression *key, Expression *outer);

/* --- compiler ----------------------------------------------------------------------------------------------------------------- */


/* select_related: which model's columns stand where in a row. */
typedef struct RelatedLoad {
    Model *model;
    const Field *field; bool reverse;       /* how it hangs on the one above; NULL for the row itself */
    int join;
    size_t first;                           /* its first column */
    const Field **fields; size_t n_fields;
    struct RelatedLoad **children; size_t n_children;
} RelatedLoad;

typedef struct Compiled {
    bool empty;                             /* no row can match: there is nothing to send */
    const char *sql;
    Value *parameters; size_t n_parameters;
    OutputType *types; size_t n_columns;
    const char **names;                     /* of annotations and of values */
    size_t first_annotation, n_annotations;
    size_t first_value;                     /* columns before it are for ORDER BY of a DISTINCT or a union */
    RelatedLoad *root;
    const struct RowPlan *rows;             /* rows.h; NULL: not made yet, or there is none */
} Compiled;

typedef struct Frame { const Query *query; int depth; const struct Frame *outer; bool bare; } Frame;     /* bare: columns without their table */
typedef struct Compiler {
    const Backend *backend;
    const Dialect *dialect;
    Buffer sql;
    Value *parameters; size_t n_parameters, capacity;
    const Frame *frame;
    int depth;
    bool writes;                            /* an UPDATE or DELETE, outside of its subqueries */
    bool literals;                          /* values are written into the SQL: for schemas, where no parameter can stand */
} Compiler;

Compiled *compile_select(const Query *query);
/* LIMIT (negative: none) and OFFSET. */
void compile_limits(Compiler *compiler, int64_t limit, int64_t offset);
/* The text with its wildcards escaped, between those of the look-up: "a\\%%". */
Value lookup_pattern(const struct LookupRow *row, Value text);
/* Whether no row of such a column can have this number. */
bool integer_out_of_range(FieldKind kind, int64_t n, const Dialect *dialect);
/* `outputs` over the rows of `inner` (or over the query itself where inner is NULL): one row. */
Compiled *compile_totals(Query *query, Query *inner, Expression **outputs, const char **names, size_t count);
typedef struct Assignment { const Field *field; Expression *expression; } Assignment;
Compiled *compile_update(Query *query, const Assignment *assignments, size_t count);
Compiled *compile_delete(Query *query);
/* The UPDATE of such changes, which are of the one table. */
Compiled *query_compile_update(const Query *query, const NamedChange *changes);
/* SELECT of one value, which names no column. */
Compiled *compile_value_alone(const Query *query, const Expression *value);
Sql compile(Compiler *compiler, const Expression *expression);
/* ordered: as a value the first row is taken, so that the order counts; as a set it does not. */
Sql compile_subquery(Compiler *compiler, const Query *query, bool ordered);
Sql compile_lookup(Compiler *compiler, const Expression *lookup);
void compile_tuple(Compiler *compiler, const Expression *tuple);
void compile_tuple_list(Compiler *compiler, const Expression *tuple, const List *keys);
Sql compile_own_lookup(Compiler *compiler, const Expression *lookup);
/* compiler_aggregate.c; the parts of an aggregate are for dialects: the value that is added up, with the filter where no clause of
 * its own has it; " ORDER BY …"; " FILTER (WHERE …)", with `also` beside the aggregate's own. */
Sql compile_aggregate(Compiler *compiler, const Expression *aggregate);
void compile_aggregate_value(Compiler *compiler, const Expression *aggregate);
void compile_aggregate_order(Compiler *compiler, const Expression *aggregate);
void compile_aggregate_filter(Compiler *compiler, const Expression *aggregate, Expression *also);
void compile_quoted(Compiler *compiler, const char *name);
void compile_parameter(Compiler *compiler, Value value, OutputType type);
void compile_text(Compiler *compiler, const char *sql);
/* The same with arguments between: for dialects. compile_list: conditions as values. */
void compile_list(Compiler *compiler, Expression *const *args, size_t count, const char *separator);
/* "$1" to "$9" in a template are the arguments. */
void compile_template(Compiler *compiler, const char *sql, Expression *const *args, size_t count);
/* One expression where a value must stand: a condition in brackets, TRUE or FALSE for one that says nothing. */
void compile_value(Compiler *compiler, const Expression *expression);
/* One term of ORDER BY that has an expression. */
void compile_order(Compiler *compiler, const OrderTerm *term);
/* The left side of a comparison. */
void compile_left(Compiler *compiler, const Expression *left);
/* A field of this kind without a model: how a computed value is stored. */
const Field *plain_field(OutputType type);
/* A parameter as it is: no cast, no conversion. */
void compile_bound(Compiler *compiler, Value value);
void compile_format(Compiler *compiler, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Not SQL's NULL: the word of JSON. */
bool expression_is_json_null(const Expression *expression);
bool expression_is_json_key(const Expression *expression);
/* The column below nested keys, and their path as SQLite and MariaDB write it: $."a"[0]; quotes and backslashes escaped as in JSON. */
const Expression *compile_json_path(const Expression *expression, Buffer *path);
const char *frame_alias(const Frame *frame, int join);

/* --- query.c and what runs queries -------------------------------------------------------------------------------------------- */

Query *query_clone(const Query *query);
/* Gives a query of capo_query_prefetched() the condition that it stands for; nothing to do for all others. */
void query_settle(Query *query);
void query_add_annotation(Query *query, Expression *expression, const char *name, bool selected);
void query_set_values(Query *query, const char *const *paths, size_t count);
/* The order that the model's Meta gives, as terms that are not resolved. NULL: none. */
OrderTerm *model_order(const Model *model, size_t *ret_count);
bool model_is_ordered(const Model *model);
/* Raises where the query is a union or its like; `what` is the method, as Django names it. */
void query_refuse_combined(const Query *query, const char *what);
void query_refuse_slice(const Query *query, const char *what);
void query_check_path(Query *query, const char *path);
bool query_is_sliced(const Query *query);
Query *query_combine(Query *query, Combinator combinator, Query *const *others, size_t count);
Query *query_merge(Query *a, Query *b, Connector connector);
Query *query_order_terms(Query *query, const OrderTerm *terms, size_t count);
Query *query_only(Query *query, const char *const *paths, bool only);
void query_check_alias(const char *name);
void query_add_slice(Query *query, int64_t offset, int64_t limit);
Query *query_prefetch_with(Query *query, const Prefetching *prefetch, size_t count);
/* Raises where the query locks rows and no transaction is open, and compiles it. */
Compiled *query_compile(const Query *query);
/* Distinct truncated dates or datetimes, as a values() query; "-path": descending. */
Query *query_dates(Query *query, const char *path, const char *kind, bool datetimes, const TimeZone *zone);
Expression *query_dates_expression(Query *query, const char *path, const char *kind, bool datetimes, const TimeZone *zone);
/* What get_or_create and update_or_create set in a row. */
typedef struct RowChanges { NamedChange *items; size_t count; } RowChanges;
/* The one row of the query, or a new one with both; update_or_create: `set` for a row that is there, `create_set` for a new one. */
Instance *query_find_or_create(Query *query, const RowChanges *where, const RowChanges *set, bool *ret_created);
Instance *query_update_or_create(Query *query, const RowChanges *where, const RowChanges *set, const RowChanges *create_set, bool *ret_created);
int64_t query_update_expressions(Query *query, const char *const *fields, Expression *const *values, size_t count);
/* Rows as converted values. */
typedef struct ValueRows { Value **rows; size_t count, n_columns; const char **names; } ValueRows;
ValueRows query_value_rows(Query *query);
/* Runs what did not run yet of queries that do not depend on each other, in one flight where the database can; capo_query_rows() gives the rows. */
void query_rows_together(Query *const *queries, size_t count);
void prefetch_related(Instance *const *instances, size_t count, const Prefetching *prefetch, size_t n_prefetch);
/* The rows of one result, and of what select_related loaded with them, get to know each other (peers.c). */
void peers_meet(const RelatedLoad *tree, Instance **rows, size_t count, FetchMode mode);
Query *query_of_rows(Model *model, Instance **rows, size_t count);
void query_add_relation(Query *query, const Field *relation, bool reverse, const Value *keys, size_t count, const char *annotate);
/* The relation that an accessor names: a many-to-many field, or the key that points here. */
const Field *relation_of_accessor(const Model *model, const char *accessor, bool *ret_reverse);
Value convert_cell(OutputType type, Value raw);
extern const ObjectOps capo_query_ops;

/* SPDX-License-Identifier: BSD-3-Clause */
/* Expressions: values that the database computes, for .annotate, TO(), and the right side of look-ups.
 *
 *     capo_query(Post, .annotate = EXPRESSIONS(
 *         AS("shout", FN(Upper, F("title"))),
 *         AS("name", FN(Concat, F("author__first_name"), " ", F("author__last_name"))),
 *         AS("kind", CASE(WHEN(Q("views__gt", 100), "hot"), WHEN(Q("views__gt", 10), "warm"), ELSE("cold"))),
 *         AS("place", WINDOW(FN(Rank), .partition_by = LIST("author"), .order_by = LIST("-views"))),
 *         AS("latest", SUBQUERY(capo_query_values(capo_query(Comment, .filter = Q("post", OUTER("pk")), .order_by = LIST("-id"), .limit = 1),
 *                                                 LIST("body"))))),
 *         .filter = EXISTS(capo_query(Comment, .filter = Q("post", OUTER("pk")))), .order_by = LIST("place"));
 *
 * Each word is a Value and takes Values: F("views") is a column, everything else a literal, which is bound. A text is a text here, not a
 * path as in Django's functions. Names are resolved when the query is made, which raises ERROR_FIELD with "did you mean".
 * https://docs.djangoproject.com/en/5.2/ref/models/expressions/ and …/database-functions/ say what each does. *
 * Not part of <capo.h>, since the words are short: include it in the files that use it. */
#pragma once
#include "orm.h"

/* An expression under a name: an attribute of the instances (capo_instance_lookup, templates), a name for .filter and .order_by. */
#define AS(name, x) capo_as((name), VALUE(x))
Expression *capo_as(const char *name, Value value);

/* A function by Django's name, with up to 16 arguments: FN(Lower, F("name")), FN(Round, F("price"), 1), FN(JSONObject, "id", F("pk")).
 *   Text:   Upper Lower Length Trim LTrim RTrim Left Right Substr Replace Concat StrIndex Repeat Reverse LPad RPad Chr Ord MD5 SHA1 SHA256
 *   Number: Abs Ceil Floor Round Sqrt Power Mod Exp Ln Log Pi Sign Sin Cos Tan Random
 *   Choice: Coalesce NullIf Greatest Least        JSON: JSONObject (key, value, key, value, …)
 *   Window: RowNumber Rank DenseRank PercentRank CumeDist Ntile Lag Lead FirstValue LastValue NthValue, in WINDOW() only
 * Raises ERROR_FIELD for a name that there is not, or for arguments of several types whose result has none (wrap it in OUTPUT). */
#define FN(Name, ...) capo_function(#Name, (const Value[]){ __VA_OPT__(CAPO_EACH_VALUE(__VA_ARGS__),) { 0 } }, CAPO_COUNT_ARGS(__VA_ARGS__))
Value capo_function(const char *name, const Value *arguments, size_t count);

/* Arithmetic: numbers; dates with durations; the difference of two dates or times is a duration. */
#define ADD(a, b) capo_combined("+", VALUE(a), VALUE(b))
#define SUB(a, b) capo_combined("-", VALUE(a), VALUE(b))
#define MUL(a, b) capo_combined("*", VALUE(a), VALUE(b))
#define DIV(a, b) capo_combined("/", VALUE(a), VALUE(b))            /* of two integers: the database's own, whole on SQLite and PostgreSQL */
#define MOD(a, b) capo_combined("%", VALUE(a), VALUE(b))
#define POW(a, b) capo_combined("^", VALUE(a), VALUE(b))
Value capo_combined(const char *operator, Value left, Value right);

/* The first branch whose condition holds; without ELSE, NULL where none does. */
typedef struct CaseBranch { Condition *condition; Value result; } CaseBranch;
#define CASE(...) capo_case((const CaseBranch[]){ __VA_ARGS__ }, sizeof((const CaseBranch[]){ __VA_ARGS__ }) / sizeof(CaseBranch))
#define WHEN(condition_, x) { .condition = (condition_), .result = VALUE(x) }
#define ELSE(x) { .result = VALUE(x) }
Value capo_case(const CaseBranch *branches, size_t count);

/* CAST(x AS …), and the type alone, for the reader of the result (Django's ExpressionWrapper). */
#define CAST(x, kind) capo_cast(VALUE(x), (kind), true)
#define OUTPUT(x, kind) capo_cast(VALUE(x), (kind), false)
Value capo_cast(Value value, FieldKind kind, bool in_database);

/* A part or a truncation of a date, time or datetime, in the current time zone: year iso_year quarter month week day week_day
 * iso_week_day hour minute second; TRUNC also date and time. */
#define EXTRACT(part, x) capo_part((part), VALUE(x), false)
#define TRUNC_TO(part, x) capo_part((part), VALUE(x), true)
Value capo_part(const char *part, Value value, bool truncate);

/* A query as a value: its one column (capo_query_values), its first row. OUTER names a column of the query around it. */
#define SUBQUERY(query) capo_subquery(query)
#define OUTER(path) capo_outer(path)
Value capo_subquery(Query *query);
Value capo_outer(const char *path);
/* Whether the query has a row: a condition, for .filter, ALL, ANY, NOT and WHEN. */
#define EXISTS(query) capo_exists_in(query)
Condition *capo_exists_in(Query *query);

/* A function or an aggregate over the rows around each row; the rows stay. A .filter on its name is a condition around the query. */
typedef struct WindowOptions {
    const char *const *partition_by;        /* paths */
    const char *const *order_by;            /* "-views" */
    struct { bool given; int64_t from, to; } rows;          /* ROWS(-1, 1): from the row before to the one behind */
} WindowOptions;
#define ROWS(from_, to_) { true, (from_), (to_) }
#define UNBOUNDED_PRECEDING INT64_MIN
#define UNBOUNDED_FOLLOWING INT64_MAX
#define WINDOW(x, ...) capo_window(VALUE(x), &(const WindowOptions){ __VA_ARGS__ })
Value capo_window(Value of, const WindowOptions *options);

/* An aggregate over an expression: TOTAL(Sum, MUL(F("price"), F("pieces")), .as = "worth", .default_value = VALUE(0)). */
#define TOTAL(Name, x, ...) capo_total(#Name, VALUE(x), &(const AggregateOptions){ __VA_ARGS__ })
Expression *capo_total(const char *function, Value of, const AggregateOptions *options);
/* The same as a value, for WINDOW(OVER(Sum, F("views")), .order_by = LIST("id")). */
#define OVER(Name, x) capo_over(#Name, VALUE(x))
Value capo_over(const char *function, Value of);

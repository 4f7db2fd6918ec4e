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
 *   Text:   Upper Lower Length Trim LTrim RTrim Left Right Substr Replace Concat StrIndex Repeat Reverse LPad RPad Chr Ord
 *           MD5 SHA1 SHA224 SHA256 SHA384 SHA512 (PostgreSQL: SHA1 wants its extension pgcrypto)
 *   Number: Abs Ceil Floor Round Sqrt Power Mod Exp Ln Log Pi Sign Random Sin Cos Tan Cot ASin ACos ATan ATan2 Degrees Radians
 *   Choice: Coalesce NullIf Greatest Least        JSON: JSONObject (key, value, key, value, …) JSONArray
 *   Made:   Now UUID4 UUID7                       PostgreSQL: RandomUUID TransactionNow Unnest GenerateSeries and what is below
 *   Window: RowNumber Rank DenseRank PercentRank CumeDist Ntile Lag Lead FirstValue LastValue NthValue, in WINDOW() only
 * Raises ERROR_FIELD for a name that there is not, or for arguments of several types whose result has none (wrap it in OUTPUT);
 * ERROR_NOT_SUPPORTED for what another database has. An app's own are DatabaseFunction rows, below. */
#define FN(Name, ...) capo_function(#Name, (const Value[]){ __VA_OPT__(CAPO_EACH_VALUE(__VA_ARGS__),) { 0 } }, CAPO_COUNT_ARGS(__VA_ARGS__))
Value capo_function(const char *name, const Value *arguments, size_t count);

/* Arithmetic: numbers; dates with durations; the difference of two dates or times is a duration. */
#define ADD(a, b) capo_combined("+", VALUE(a), VALUE(b))
#define SUB(a, b) capo_combined("-", VALUE(a), VALUE(b))
#define MUL(a, b) capo_combined("*", VALUE(a), VALUE(b))
#define DIV(a, b) capo_combined("/", VALUE(a), VALUE(b))            /* of two integers: the database's own, whole on SQLite and PostgreSQL */
#define MOD(a, b) capo_combined("%", VALUE(a), VALUE(b))
#define POW(a, b) capo_combined("^", VALUE(a), VALUE(b))
/* Bits of integers. */
#define BITAND(a, b) capo_combined("&", VALUE(a), VALUE(b))
#define BITOR(a, b) capo_combined("|", VALUE(a), VALUE(b))
#define BITXOR(a, b) capo_combined("#", VALUE(a), VALUE(b))
#define SHIFT_LEFT(a, b) capo_combined("<<", VALUE(a), VALUE(b))
#define SHIFT_RIGHT(a, b) capo_combined(">>", VALUE(a), VALUE(b))
Value capo_combined(const char *operator, Value left, Value right);

/* The text, compared and ordered by a collation of the database: COLLATE(F("name"), "NOCASE"). Letters, digits, '_', '-' and '.'. */
#define COLLATE(x, collation) capo_collate(VALUE(x), (collation))
Value capo_collate(Value value, const char *collation);
/* SQL by hand, in brackets; parameters are `?`, bound; `??` is a question mark. OUTPUT says what it gives: OUTPUT(RAW("views % ?", 7), FIELD_INTEGER).
 * Never put text from outside into the SQL itself. */
#define RAW(sql, ...) capo_raw_expression((sql), (const Value[]){ __VA_OPT__(CAPO_EACH_VALUE(__VA_ARGS__),) { 0 } }, CAPO_COUNT_ARGS(__VA_ARGS__))
Value capo_raw_expression(const char *sql, const Value *parameters, size_t count);
/* A look-up as a value, true or false: AS("long", COMPARE(F("pages"), "gt", 300)); names as in paths: "published__year", "in". */
#define COMPARE(x, lookup, y) capo_compared(VALUE(x), (lookup), VALUE(y))
Value capo_compared(Value left, const char *lookup, Value right);
/* A value that is true or false as a condition: HOLDS(COMPARE(FN(Length, F("title")), "gt", F("pages"))). */
#define HOLDS(x) capo_holds(VALUE(x))
Condition *capo_holds(Value value);
/* A key of a JSON document as text, where a path gives JSON: JSON_TEXT("meta__author__name") (Django's KT). */
#define JSON_TEXT(path) capo_json_text_key(path)
Value capo_json_text_key(const char *path);
/* JSON's null, which is a value, unlike SQL's NULL: Q("meta", JSON_NULL), .set = { .meta = TO(JSON_NULL) }. */
#define JSON_NULL capo_json_null()
Value capo_json_null(void);

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
/* To a decimal of so many digits, so many of them behind the point. SQLite has no such type: there the number stays as long as it is. */
#define CAST_DECIMAL(x, digits, places) capo_cast_decimal(VALUE(x), (digits), (places))
Value capo_cast_decimal(Value value, int digits, int places);

/* The letters of a text, or the members of an array, from `from` on to just before `to`, counted from 0 (Django's F("name")[0:3]); to -1: to the
 * end. Raises ERROR_VALUE for other numbers below 0, for an end that is not behind the start, and where it is neither text nor array. */
#define SLICE(path, from, to) capo_sliced((path), (from), (to))
Value capo_sliced(const char *path, int from, int to);

/* A part or a truncation of a date, time or datetime, in the current time zone: year iso_year quarter month week day week_day
 * iso_week_day hour minute second; TRUNC also date and time. */
#define EXTRACT(part, x) capo_part((part), VALUE(x), false)
#define TRUNC_TO(part, x) capo_part((part), VALUE(x), true)
Value capo_part(const char *part, Value value, bool truncate);
/* The same in a zone of its own: EXTRACT_IN("hour", F("at"), "Europe/Berlin"). Raises ERROR_VALUE for a zone that there is not. */
#define EXTRACT_IN(part, x, zone) capo_part_in((part), VALUE(x), false, (zone))
#define TRUNC_IN(part, x, zone) capo_part_in((part), VALUE(x), true, (zone))
Value capo_part_in(const char *part, Value value, bool truncate, const char *zone);

/* A query as a value: its one column (capo_query_values), its first row. OUTER names a column of the query around it. */
#define SUBQUERY(query) capo_subquery(query)
#define OUTER(path) capo_outer(path)
Value capo_subquery(Query *query);
/* All rows of the query's one column as an array: ARRAY_SUBQUERY(capo_query_values(…)). PostgreSQL. */
#define ARRAY_SUBQUERY(query) capo_array_subquery(query)
Value capo_array_subquery(Query *query);
Value capo_outer(const char *path);
/* Whether the query has a row: a condition, for .filter, ALL, ANY, NOT and WHEN. */
#define EXISTS(query) capo_exists_in(query)
Condition *capo_exists_in(Query *query);

/* An order by expressions, of a query and of Meta: .order = ORDERS(ORDER(FN(Lower, F("name"))), ORDER(F("views"), .descending = true, .nulls = NULLS_LAST)),
 * META(.ordering_by = ORDERS(…)). A text is a text here: F("name") is a column. */
#define ORDERS(...) ((const OrderPart[]){ __VA_ARGS__, { .descending = false } })
#define ORDER(x, ...) { .of = VALUE(x) __VA_OPT__(,) __VA_ARGS__ }

/* A function or an aggregate over the rows around each row; the rows stay. A .filter on its name is a condition around the query. */
typedef struct WindowFrame { bool given; int64_t from, to; } WindowFrame;
typedef struct WindowOptions {
    const char *const *partition_by;        /* paths */
    const char *const *order_by;            /* "-views", "-views nulls last" */
    WindowFrame rows;                       /* ROWS(-1, 1): from the row before to the one behind */
    WindowFrame range;                      /* RANGED(-10, 0): rows whose .order_by is within 10 below; bounds other than 0 and UNBOUNDED… want a number there */
    const char *exclude;                    /* of the frame: "current row", "group", "ties", "no others"; MariaDB has none: ERROR_NOT_SUPPORTED */
} WindowOptions;
#define ROWS(from_, to_) { true, (from_), (to_) }
#define RANGED(from_, to_) { true, (from_), (to_) }
#define UNBOUNDED_PRECEDING INT64_MIN
#define UNBOUNDED_FOLLOWING INT64_MAX
#define WINDOW(x, ...) capo_window(VALUE(x), &(const WindowOptions){ __VA_ARGS__ })
Value capo_window(Value of, const WindowOptions *options);

/* An aggregate over an expression: TOTAL(Sum, MUL(F("price"), F("pieces")), .as = "worth", .default_value = VALUE(0)).
 *   Count Sum Avg Min Max   StdDev Variance (of all), StdDevSample VarianceSample (of a sample)   AnyValue: any that is not NULL
 *   StringAgg: texts joined, TOTAL(StringAgg, F("tags__name"), .as = "tags", .with = VALUE(", "), .order_by = LIST("tags__name"));
 *              .order_by wants SQLite 3.44; with .distinct SQLite joins by "," only
 *   BitAnd BitOr BitXor of integers   BoolAnd BoolOr   JSONBAgg: a JSON list, .order_by as of StringAgg
 *   PostgreSQL: ArrayAgg, and of two numbers, .with the second: Corr CovarPop CovarSample RegrAvgX RegrAvgY RegrCount RegrIntercept RegrR2
 *   RegrSlope RegrSXX RegrSXY RegrSYY
 * Over no rows, or over NULL alone, all but Count and RegrCount are NULL, or .default_value. */
#define TOTAL(Name, x, ...) capo_total(#Name, VALUE(x), &(const AggregateOptions){ __VA_ARGS__ })
Expression *capo_total(const char *function, Value of, const AggregateOptions *options);
/* The same as a value, for WINDOW(OVER(Sum, F("views")), .order_by = LIST("id")). */
#define OVER(Name, x) capo_over(#Name, VALUE(x))
Value capo_over(const char *function, Value of);

/* --- an app's own functions, transforms and look-ups: `.functions = …, .lookups = …` of its App row --------------------------------
 *
 *     const DatabaseFunction shop_functions[] = {
 *         { .name = "Soundex", .sql = "SOUNDEX($1)", .sqlite = "", .least = 1, .most = 1, .gives = FIELD_TEXT },
 *         { .name = "Half", .sql = "($1) / 2", .least = 1, .most = 1, .transform = "half", .of = FIELD_INTEGER },
 *         { 0 } };
 *     const DatabaseLookup shop_lookups[] = { { .name = "divides_by", .of = FIELD_INTEGER, .sql = "MOD($1, $2) = 0", .sqlite = "$1 % $2 = 0" }, { 0 } };
 *
 *     capo_query(Line, .annotate = EXPRESSIONS(AS("sound", FN(Soundex, F("name")))), .filter = ALL(Q("pieces__half__gt", 3), Q("pieces__divides_by", 2)))
 *
 * In SQL "$1" to "$9" are the arguments, compiled and bound; SQL with neither these nor a bracket at its
 * end is a name, called with all of them between commas. */
typedef struct DatabaseFunction {
    const char *name;                       /* for FN(), TOTAL() and OVER(); NULL: a transform alone */
    const char *sql;                        /* everywhere but where one of the next says otherwise; "": that database has none */
    const char *sqlite, *postgresql, *mysql;
    FieldKind gives;                        /* FIELD_NONE: what the first argument is */
    int least, most;                        /* how many arguments; most -1: any number */
    bool aggregate, window_only;
    const char *transform;                  /* the name in paths, of columns of the kind `of`: FIELD_TEXT: all texts; FIELD_INTEGER: all integers */
    FieldKind of;
    bool set_returning;                     /* gives several rows for one: counts and totals are made over those */
    bool bilateral;                         /* the transform is of both sides of the look-up behind it */
} DatabaseFunction;
typedef struct DatabaseLookup {
    const char *name;
    FieldKind of;                           /* as above; FIELD_NONE: everything */
    const char *sql, *sqlite, *postgresql, *mysql;
} DatabaseLookup;

/* --- PostgreSQL: search of texts ------------------------------------------------------------------------------------------------------
 *
 *     Value vector = FN(SearchVector, F("title"), F("body")), query = FN(SearchQuery, terms);
 *     capo_query(Post, .annotate = EXPRESSIONS(AS("rank", FN(SearchRank, vector, query))), .filter = HOLDS(COMPARE(vector, "search", query)),
 *                .order_by = LIST("-rank"))
 *
 * SearchVector (texts), SearchQuery (plain words), SearchPhrase, SearchWeb (quotes, or, -) and SearchRaw (operators) of one text, SearchRank
 * (vector, query), SearchHeadline (text, query); the look-up "search" of texts and vectors: Q("body__search", terms).
 * With the extension pg_trgm: TrigramSimilarity, TrigramDistance (text, text), TrigramWordSimilarity, TrigramStrictWordSimilarity (word, text), the look-ups
 * trigram_similar, trigram_word_similar, trigram_strict_word_similar. With unaccent: Unaccent, and the transform: Q("name__unaccent__icontains", x). */

/* SPDX-License-Identifier: BSD-3-Clause */
/* SQL beside the models: rows as plain structs, one statement for many rows, and statements built from names and values.
 *
 *     typedef struct Sale { const char *city; int64_t pieces; double worth; } Sale;
 *     static const ColumnRow sale_columns[] = { COLUMN(Sale, city), COLUMN(Sale, pieces), COLUMN(Sale, worth), { 0 } };
 *
 *     size_t count;
 *     Sale *sales = capo_sql_structs(Sale, sale_columns, &count, "SELECT city, SUM(n) AS pieces, SUM(price) AS worth FROM sale WHERE year = ? GROUP BY city", 2026);
 *
 *     List *cities = capo_table_rows("city", .columns = LIST("name", "population"), .where = Q("population__gt", 100000), .order_by = LIST("-population"), .limit = 10);
 *     capo_table_insert("city", capo_map(V("name", "Ulm"), V("population", 126000)));
 *
 * Values are bound, names are quoted; nothing here needs a model. Not part of <capo.h>: include it in the files that use it.
 * Plain capo_sql_rows, capo_sql_run and capo_raw are in orm.h. */
#pragma once
#include "orm.h"

/* --- rows as structs ------------------------------------------------------------------------------------------------------- */

/* A column of the result and the member that it goes to; a list ends with { 0 }. The member's type says how it is read: int64_t, int,
 * bool, double, texts, Date, Time, DateTime, Duration, Decimal, Uuid, Bytes, Value (as it comes). Of a NULL a member is zero: a text NULL. */
typedef struct ColumnRow { const char *name; size_t offset; int type; } ColumnRow;
#define COLUMN(Struct, member) COLUMN_AS(Struct, member, #member)
/* The column is called otherwise. */
#define COLUMN_AS(Struct, member, column) { .name = (column), .offset = offsetof(Struct, member), .type = CAPO_COLUMN_TYPE(((Struct *)NULL)->member) }
enum { COLUMN_INT64, COLUMN_INT, COLUMN_BOOL, COLUMN_DOUBLE, COLUMN_TEXT, COLUMN_DATE, COLUMN_TIME, COLUMN_DATETIME, COLUMN_DURATION, COLUMN_DECIMAL,
       COLUMN_UUID, COLUMN_BYTES, COLUMN_VALUE };
#define CAPO_COLUMN_TYPE(x) _Generic((x), long: COLUMN_INT64, long long: COLUMN_INT64, int: COLUMN_INT, bool: COLUMN_BOOL, double: COLUMN_DOUBLE, \
    const char *: COLUMN_TEXT, char *: COLUMN_TEXT, Date: COLUMN_DATE, Time: COLUMN_TIME, DateTime: COLUMN_DATETIME, Duration: COLUMN_DURATION, \
    Decimal: COLUMN_DECIMAL, Uuid: COLUMN_UUID, Bytes: COLUMN_BYTES, Value: COLUMN_VALUE)

/* An array of *ret_count structs (ret_count may be NULL; a zeroed one stands at the end). Raises ERROR_FIELD where the statement gives no
 * column of a name, with those that it gives; ERROR_DATA for a number that an int cannot hold. */
#define capo_sql_structs(Struct, columns, ret_count, sql, ...)                                                                 \
    ((Struct *)capo_sql_structs_with(sizeof(Struct), (columns), (ret_count), (sql), CAPO_PARAMETERS(__VA_ARGS__)))
void *capo_sql_structs_with(size_t size, const ColumnRow *columns, size_t *ret_count, const char *sql, const Value *parameters, size_t count);
#define CAPO_PARAMETERS(...) (const Value[]){ __VA_OPT__(CAPO_EACH_VALUE(__VA_ARGS__),) { 0 } }, CAPO_COUNT_ARGS(__VA_ARGS__)

/* A query's values as structs (Django's values_list(named=True)): columns are paths and names of annotations; those that the query has not
 * been told with capo_query_values are selected.
 *     Writer *writers = capo_values_structs(Writer, writer_columns, &count, capo_query(Author, .annotate = EXPRESSIONS(COUNT("books", .as = "n"))));  */
#define capo_values_structs(Struct, columns, ret_count, query) ((Struct *)capo_values_structs_with(sizeof(Struct), (columns), (ret_count), (query)))
void *capo_values_structs_with(size_t size, const ColumnRow *columns, size_t *ret_count, Query *query);

/* A statement's whole result: the names of its columns, its cells row by row, how many rows it changed. */
typedef struct SqlResult {
    size_t n_rows, n_columns;
    const char *const *names;
    const Value *cells;                     /* n_rows * n_columns; raw, as capo_sql_rows gives them */
    int64_t changes, last_id;               /* last_id: the key that an INSERT made, on SQLite and MariaDB */
} SqlResult;
#define capo_sql_result(sql, ...) capo_sql_result_with((sql), CAPO_PARAMETERS(__VA_ARGS__))
SqlResult *capo_sql_result_with(const char *sql, const Value *parameters, size_t count);

/* Runs one statement for each row of parameters (lists), in a transaction, in one flight where the database can; how many rows changed.
 *     capo_sql_each("UPDATE city SET population = ? WHERE name = ?", rows);                                                   */
int64_t capo_sql_each(const char *sql, const List *rows);

/* A function of the database (PostgreSQL: SELECT * FROM name(…)) or a procedure (MariaDB: CALL name(…)); SQLite has none: ERROR_NOT_SUPPORTED. */
#define capo_sql_call(name, ...) capo_sql_call_with((name), CAPO_PARAMETERS(__VA_ARGS__))
SqlResult *capo_sql_call_with(const char *name, const Value *parameters, size_t count);

/* capo_raw whose columns are called otherwise than the model's (Django's translations): NAMES({ "first", "first_name" }). Fields that are not
 * selected are read when they are asked for; columns that are no fields are annotations. */
typedef struct ColumnName { const char *column, *field; } ColumnName;
#define NAMES(...) ((const ColumnName[]){ __VA_ARGS__, { 0 } })
#define capo_raw_named(M, names, sql, ...) ((M **)capo_raw_named_rows(&M##_model, (names), (sql), CAPO_PARAMETERS(__VA_ARGS__)))
Instance **capo_raw_named_rows(Model *model, const ColumnName *names, const char *sql, const Value *parameters, size_t count);

/* --- statements without models ------------------------------------------------------------------------------------------------ */

/* Columns are names, or "table.column" where several tables are joined. Conditions are those of queries (Q, ALL, ANY, NOT, F), with columns
 * for fields: Q("city.population__gt", 1000), Q("name", F("country.name")), Q("name__startswith", "A"), Q("code__in", codes). The look-ups
 * are those that suit the value. Results are as capo_sql_rows gives them: raw, a database's own kinds. */
typedef struct TableJoin { const char *table, *left, *right; bool outer; } TableJoin;      /* ON left = right; outer: LEFT JOIN */
#define JOINS(...) ((const TableJoin[]){ __VA_ARGS__, { 0 } })
typedef struct TableQuery {
    const char *table;
    const TableJoin *joins;                 /* JOINS({ "country", "city.country_code", "country.code" }) */
    const char *const *columns;             /* NULL: all; with .compute: none besides */
    Expression *const *compute;             /* EXPRESSIONS(COUNT("*", .as = "n"), AS("double", MUL(F("population"), 2))) */
    Condition *where, *having;
    const char *const *group_by, *const *order_by;      /* order: "-population", a name of .compute */
    int64_t offset, limit;                  /* limit 0: all */
    bool distinct;
} TableQuery;
#define capo_table_rows(table_, ...) capo_table_select(&(const TableQuery){ .table = (table_) __VA_OPT__(,) __VA_ARGS__ })
#define capo_table_sql(table_, ...) capo_table_text(&(const TableQuery){ .table = (table_) __VA_OPT__(,) __VA_ARGS__ })
#define capo_table_structs(Struct, columns_, ret_count, table_, ...)                                                           \
    ((Struct *)capo_table_structs_with(sizeof(Struct), (columns_), (ret_count), &(const TableQuery){ .table = (table_) __VA_OPT__(,) __VA_ARGS__ }))
List *capo_table_select(const TableQuery *query);
const char *capo_table_text(const TableQuery *query);       /* for reading, as capo_sql */
void *capo_table_structs_with(size_t size, const ColumnRow *columns, size_t *ret_count, const TableQuery *query);
/* One row, a map of columns; a list of maps with the same columns. How many rows were written. */
int64_t capo_table_insert(const char *table, const Map *row);
int64_t capo_table_insert_all(const char *table, const List *rows);
/* Values may be expressions: capo_map(V("population", ADD(F("population"), 1))). NULL for the condition: all rows. How many there were. */
int64_t capo_table_update(const char *table, const Map *set, Condition *where);
int64_t capo_table_delete(const char *table, Condition *where);

/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the ORM share: fields and their storage, the database, its backends, instances from rows.
 *
 *     query side:  SQL text + Values  ->  capo_database_run()  ->  ResultSet of raw cells  ->  capo_instance_load()
 *
 * A backend is one row, a table of functions (`struct Backend`); sqlite.c has the first. Everything above the backend speaks to
 * capo_database_run() and asks capo_backend() for spellings, so that PostgreSQL and MariaDB are further rows. */
#pragma once
#include <capo/databases.h>
#include <capo/integrity.h>
#include <capo/orm.h>
#include <capo/schema.h>
#include <capo/unit.h>

/* --- fields.c ----------------------------------------------------------------------------------------------------------- */

/* What a column holds and what the member of the struct is; keys have that of the column they refer to. */
typedef enum Storage {
    STORAGE_INT, STORAGE_TEXT, STORAGE_REAL, STORAGE_DECIMAL, STORAGE_BOOL, STORAGE_DATE, STORAGE_TIME, STORAGE_DATETIME,
    STORAGE_DURATION, STORAGE_UUID, STORAGE_BINARY, STORAGE_JSON, STORAGE_ARRAY, STORAGE_HSTORE, STORAGE_RANGE,
} Storage;
enum { STORAGE_KINDS = STORAGE_RANGE + 1 };
Storage capo_field_storage(const Field *field);
/* The plain field whose kind the column has: for a key the field it refers to, and so on; else the field itself. */
const Field *capo_column_field(const Field *field);
bool capo_field_is_positive(FieldKind kind);
bool capo_field_is_automatic(FieldKind kind);
/* The field's default in the running arena, converted to its kind; null where it has none. Calls default_function. */
Value capo_field_default(const Field *field);

/* registry.c: the apps whose models are prepared. */
const struct App *const *capo_known_apps(size_t *ret_count);

struct Field *capo_field_from_row(Arena *arena, Model *model, const FieldRow *row);
const char *capo_field_problem(const Field *field);
const char *capo_file_field_problem(const Field *field);       /* files.c: of FILE and IMAGE */
const char *capo_field_choices_problem(const Field *field);
/* A name of so many letters at most (0: any), the last four of a longer one a digest of it: Django's truncate_name. */
const char *capo_short_name(const char *name, int longest);
char *capo_meta_index_name(const char *table, const char *const *columns_with_order);
/* The same of another kind of index: "_gin" instead of "_idx". */
char *capo_meta_index_name_suffix(const char *table, const char *const *columns_with_order, const char *suffix);

/* --- meta.c --------------------------------------------------------------------------------------------------------------- */

/* Meta's .ordering_by, in the running unit's memory; NULL: none. */
const OrderPart *capo_model_ordering(const Model *model);
/* Sets model->meta, a copy in the arena, and counts its indexes and constraints. */
void capo_meta_read(Arena *arena, Model *model);

/* --- literal.c, constraint_sql.c ---------------------------------------------------------------------------------------------- */

/* The value as SQL that needs no parameter, safe whatever it holds. Raises ERROR_VALUE for what no database stores. */
void capo_put_literal(Buffer *out, Value value);
/* The text of a comment: a plain literal, where no introducer may stand. */
void capo_put_comment(Buffer *out, const char *text);
/* SQL over the columns of a row, with literals: for CHECK, WHERE of an index, generated columns. Raises ERROR_FIELD where it would
 * need another table. */
const char *capo_condition_sql(const Model *model, Condition *condition);
const char *capo_expression_sql(const Model *model, Expression *expression);
/* Calls `see` for each path that they name: "author", "title__lower". */
void capo_condition_paths(const Condition *condition, void (*see)(void *context, const char *path), void *context);
void capo_expression_paths(const Expression *expression, void (*see)(void *context, const char *path), void *context);
/* computed.c: the column's DEFAULT, "5" or "(…)", and "GENERATED ALWAYS AS (…) STORED". NULL: none. */
const char *capo_column_default(const Field *field);
const char *capo_column_generated(const Field *field);
/* The field was not set, and has a default that only the database can compute. */
bool capo_is_left_to_database(const Instance *self, const Field *field);
/* A db_default that is a literal: an instance has it from the start. */
bool capo_has_literal_default(const Field *field);
Value capo_literal_default(const Field *field);
/* What stands for it among the values of an INSERT. */
void capo_put_database_default(Buffer *sql, const Field *field);
/* The fields that an INSERT of these rows is to give back: generated ones, and those left to the database. How many. */
size_t capo_computed_fields(Instance *const *instances, size_t count, const Field *const *fields, size_t n_fields, const Field **ret);
/* Reads the generated columns of a row that was updated. */
void capo_read_generated(Instance *self, const Model *level);
/* " ON DELETE CASCADE" of a foreign key; "" where the framework does it. */
const char *capo_on_delete_sql(const Field *field);
/* Whether SQL by hand names the column. */
bool capo_sql_names_column(const char *sql, const char *column);
/* What of the constraint the current database lacks, so that it is not there: "unique constraints with conditions". NULL: nothing. */
const char *capo_constraint_lack(const Model *model, const ConstraintInfo *constraint);
/* constraint_check.c: whether the database would refuse the instance; those that concern a field of `exclude` are not asked for. */
bool capo_constraint_fails(Instance *self, const ConstraintInfo *constraint, const char *const *exclude);
const char *capo_constraint_message(const ConstraintInfo *constraint);
/* clean.c: what full_clean says of a constraint that does not hold, the field (NULL: none) and the code; "Post with this Slug already exists."
 * of these fields, and of one with its .error_messages. */
const char *capo_constraint_words(const Model *model, const ConstraintInfo *one, const char **ret_field, const char **ret_code);
const char *capo_unique_words(const Model *model, const char *const *names);
const char *capo_unique_field_words(const Model *model, const Field *field);
const char *capo_field_words(const Field *field, const char *code, const char *otherwise);
/* A copy of what stands between the marks, in the running unit's memory; lists of names between ", ". For backends that read messages. */
const char *capo_text_between(const char *text, const char *start, const char *end);
const char *const *capo_names_between(const char *text, const char *start, const char *end);
char *arena_format(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- postgresql_fields.c: lists, maps and ranges of columns ------------------------------------------------------------------------- */

/* Members that are pointers to what may change in place. */
static inline bool capo_storage_is_held(Storage storage) { return storage >= STORAGE_ARRAY; }
static inline bool capo_field_is_range(FieldKind kind) { return kind >= FIELD_INTEGER_RANGE && kind <= FIELD_DATETIME_RANGE; }
/* Kinds that PostgreSQL alone has. */
static inline bool capo_field_is_postgresqls(FieldKind kind) { return kind >= FIELD_ARRAY && kind <= FIELD_DATETIME_RANGE; }
/* to_python, and what stands in the column, as PostgreSQL spells it; both by what the field's base is. */
Value capo_held_to_python(const Field *field, Value value);
Value capo_held_to_column(const Field *field, Value value);
/* Of a cell: a list of the driver's, or the text that PostgreSQL writes. */
Value capo_held_from_column(const Field *field, Value raw);
/* A copy that does not change with it. */
Value capo_held_copy(Value value);
/* As fixtures have it: "1 02:03:04.000005". */
const char *capo_duration_string(Duration duration);
/* For fixtures: JSON in a text, as Django has it. */
Value capo_held_to_plain(const Field *field, Value value);
/* Raises ValidationErrors of size and members. */
void capo_held_check(const Field *field, Value value);
/* "PostgreSQL alone has …" of the first such field; NULL: the current database has all. */
const char *capo_schema_lack(const Model *model);

/* --- backends ------------------------------------------------------------------------------------------------------------ */

/* One connection; a backend's own struct begins with it. It serves one fiber at a time, unless the pool shares it (pool.h). */
typedef struct Connection {
    const struct Backend *backend;
    bool in_use;
    bool lost;                              /* the server is gone, or what is left of a statement: closed as soon as nobody uses it */
    bool shared;                            /* by many fibers at a time */
    bool retired;                           /* closed when it comes back: its server has become one for reading only, say, and another may be in its place */
    struct Pool *pool;
    struct Fiber *holder;                   /* who it is lent to */
    struct Connection *next_lent;
    int64_t opened, used;                   /* when it was opened and last given back; monotonic microseconds */
    unsigned generation;                    /* capo_database_generation() when it was opened */
    size_t in_flight;                       /* statements sent and not answered yet */
    int64_t waiting_since;                  /* the first of them */
    struct DatabaseCursor *cursors;         /* those of its transaction, the last one first */
} Connection;
typedef struct DatabaseAddress DatabaseAddress;     /* pool.h */
typedef struct Database Database;           /* one URL: its backend and connections; database.c */

/* All rows of a statement, copied into the arena. Cells are raw: null, int, real, text, bytes, as the driver gave them (drivers
 * with richer types may give those); capo_from_column() makes the field's value of one. */
typedef struct ResultSet {
    size_t n_rows, n_columns;
    const char **names;                     /* of columns */
    Value *cells;                           /* n_rows * n_columns */
    int64_t changes;                        /* rows that INSERT, UPDATE or DELETE touched */
    int64_t last_id;                        /* key that the last INSERT made, of its last row */
    int64_t id_step;                        /* from one row's key to the next; 0: 1 */
    struct RowSink *into;                   /* rows.h: set for run() and cursor_fetch() where instances are wanted; a backend that gives cells sets it to NULL */
} ResultSet;
#define capo_cell(result, row, column) ((result)->cells[(row) * (result)->n_columns + (column)])

/* What went wrong, below the line where raising is allowed. code: an ErrorCode, 0: nothing. An Error that the database raised has
 * one as its detail. */
typedef struct DatabaseFailure {
    int code;
    bool busy;                              /* try again after a pause */
    bool unsent;                            /* the statement did not reach the database: nothing happened */
    bool lost, answered;                    /* the connection broke under it; after something of the answer had come */
    bool stale;                             /* it was prepared before the tables changed: it is prepared anew when it comes again */
    bool unknown;                           /* what was sent may have happened: its answer never came */
    bool conflict;                          /* with another transaction (deadlock, serialization): the whole of it may be tried again */
    char state[6];                          /* SQLSTATE, where the database has them */
    BrokenConstraint broken;                /* of ERROR_INTEGRITY: which constraint it was */
    const char *message;
} DatabaseFailure;

/* One of many: capo_database_run_many(). `into`: NULL, or where its rows are to become instances at once (rows.h). */
typedef struct Statement { const char *sql; const Value *parameters; size_t count; struct RowSink *into; } Statement;

/* DATABASE_READ_ONCE: a SELECT written by hand, whose functions may change something: never sent twice. */
typedef enum DatabaseUse { DATABASE_READ, DATABASE_WRITE, DATABASE_READ_ONCE } DatabaseUse;

/* A look-up's spelling: "%s" stands for the bound right side. */
typedef struct LookupOperator { const char *lookup, *format; } LookupOperator;

struct Compiler; struct FunctionRow;
/* What a compiled condition is: SQL_EMPTY: no row can match; SQL_FULL: every row does; nothing was written for these two. */
typedef enum Sql { SQL_OK, SQL_EMPTY, SQL_FULL } Sql;

/* How a database spells SQL: a table of words and of functions that write. backends/sqlite_dialect.c and its neighbours. */
typedef struct Dialect {
    char quote;                             /* of identifiers, doubled inside */
    int name_length;                        /* longest name of an index; 200 where there is no limit, as Django */
    size_t max_parameters;                  /* of one statement */
    const char *list_format, *integer_list_format;      /* a subquery of the members of a JSON list, "%s" the list */
    bool tuples_by_values;                  /* (a, b) IN (VALUES (1, 2), (3, 4)), else IN ((1, 2), (3, 4)) */
    bool returning;                         /* INSERT … RETURNING */
    bool returning_update;                  /* UPDATE … RETURNING */
    bool ddl_in_transaction;
    bool postgresql_kinds;                  /* arrays, hstore, ranges, vectors of words */
    bool for_update;                        /* SELECT … FOR UPDATE */
    bool lock_of, lock_no_key;              /* … FOR NO KEY UPDATE OF a table */
    bool distinct_on;                       /* SELECT DISTINCT ON (…) */
    const char *call_procedure;             /* "CALL "; NULL: there are none */
    bool on_conflict;                       /* INSERT … ON CONFLICT DO NOTHING, DO UPDATE SET x = excluded.x */
    bool aggregate_filter;                  /* SUM(x) FILTER (WHERE …), else SUM(CASE …) */
    bool backslashes;                       /* a backslash in a quoted text may be an escape */
    bool typed_literals;                    /* 'x'::type, E'\\' */
    bool groups_by_key;                     /* the key of a table in GROUP BY stands for all its columns */
    bool defers_constraints;                /* keys are checked when the transaction ends, so that rows of a ring can go one after another */
    bool ordered_aggregates;                /* STRING_AGG(x ORDER BY y) */
    bool frame_exclusion;                   /* ROWS … EXCLUDE CURRENT ROW */
    bool texts_only;                        /* a number is no text, where a look-up wants one */
    bool ignores_null;                      /* an INSERT that ignores what clashes leaves out rows with a NULL that may not be, too */
    bool fits_decimals;                     /* rounds decimals to the column's digits itself, and refuses those that are too long */
    bool booleans;                          /* TRUE and FALSE are values of a type of their own, not 1 and 0 */
    bool numbered;                          /* $1: equal values share a number, so that equal expressions are equal texts (GROUP BY) */
    bool big_integers;                      /* numbers past 64 bits can be compared with integers */
    bool logical_xor;                       /* a XOR b is an operator, unknown where one side is */
    bool moments_add_up;                    /* SUM and AVG of dates and times are left to the database to refuse */
    bool native_uuids;                      /* compared as texts with their hyphens */
    bool intervals;                         /* durations are a type of their own, and are read from text */
    bool narrow_integers;                   /* smallint and integer have 16 and 32 bits, and larger numbers are in no row */
    bool not_a_number;                      /* floats may be NaN, and dates infinite */
    bool unsigned_integers;                 /* those of positive kinds use the bit of the sign, too */
    bool json_keys;                         /* a key of a JSON document comes back as JSON, not as a bare number or text */
    bool returns_keys;                      /* the key that an INSERT made is known from RETURNING alone */
    bool brackets_in_union;                 /* (SELECT …) UNION (SELECT …), else SELECT * FROM (SELECT …) */
    const char *default_word;               /* among the values of an INSERT: the column's default; NULL: it is spelled out */
    const char *no_key;                     /* in VALUES, where the database makes the key of a table without other columns: "NULL" */
    const char *excluded;                   /* behind it, the value that was to be inserted into column "%s": "VALUES(%s)" */
    const char *insert_ignore, *on_duplicate;   /* "INSERT IGNORE INTO " instead of ON CONFLICT DO NOTHING; " ON DUPLICATE KEY UPDATE " instead of DO UPDATE */
    bool nulls_by_condition;                /* no NULLS FIRST in ORDER BY: "x IS NULL" is ordered by before */
    bool decimals_in_brackets;              /* the result of decimal arithmetic is cast to NUMERIC: it would be a real */
    bool rounds_fractions;                  /* ROUND has no negative precision */
    bool reads_apart;                       /* an UPDATE or DELETE cannot read its own table in a subquery */
    bool hex_texts;                         /* _utf8mb4 x'…' in DDL; else CONVERT(x'…' USING utf8mb4), whose collation may clash */
    bool negative_indexes;                  /* $[-1] in a path of JSON; else $[last] */
    const char *random;                     /* "RAND()" */
    const char *no_limit;                   /* LIMIT for OFFSET alone: "-1" */
    const char *begin;                      /* starts a transaction that will write */
    const char *begin_isolated, *set_isolation;     /* the same with an isolation level, "%s"; or what goes before it. NULL: it has one alone */
    const LookupOperator *operators;        /* ends with { 0 } */
    bool plain_iexact;                      /* iexact compares texts, else it is a LIKE whose wildcards are escaped */
    const LookupOperator *pattern_operators;/* the same where the right side is an expression, "%s" its SQL, to be escaped there */
    const char *pattern_escape;             /* escapes %, _ and \ in SQL: "REPLACE(… %s …)" */
    const struct FunctionRow *functions;    /* those spelled otherwise than in functions.c; ends with { 0 }; may be NULL */

    /* How the left side of a look-up (a LookupCode) is written, "%s" itself. NULL: as it is. */
    const char *(*left)(int lookup, FieldKind kind);
    /* "?" or "$3" */
    void (*put_placeholder)(Buffer *sql, int number);
    /* The type that a placeholder for this field is cast to where it is not understood without: "jsonb". NULL: none. */
    const char *(*parameter_type)(const Field *field);
    /* The same where nothing beside the placeholder tells what it is: SELECT ?, CASE … THEN ?. NULL: none. */
    const char *(*value_type)(const Field *field);
    /* INSERT of rows as an array for each column: "SELECT … FROM …", and its parameters, one for each column; values[column * count + row].
     * NULL, with nothing written: one of them has no such form. No function: none ever has. */
    Value *(*put_rows)(Buffer *sql, const Field *const *columns, size_t n_columns, Value *values, size_t count);
    /* The keys of a look-up "in" as one parameter of "= ANY(…)": one text for any number of them. Null: they have no such form. No function: there is none. */
    Value (*keys)(const Field *column, Value *values, size_t count);
    /* DDL type of the column: "varchar(200)", and its CHECK or NULL; `column` is quoted already. */
    const char *(*column_type)(const Field *field);
    const char *(*column_check)(const Field *field, const char *quoted_column);
    /* SQL of a part or a truncation of `sql`, an expression of this kind (FIELD_DATE, FIELD_TIME, FIELD_DATETIME); the zone
     * converts datetimes. `gives`: what the truncation is read as. False: there is no such part. */
    bool (*put_extract)(Buffer *out, const char *part, FieldKind kind, const char *sql, const char *zone);
    bool (*put_trunc)(Buffer *out, const char *part, FieldKind kind, FieldKind gives, const char *sql, const char *zone);
    /* A cast to date or time in the zone: part "date" or "time". */
    bool (*put_cast)(Buffer *out, const char *part, const char *sql, const char *zone);

    /* The words before a SELECT that is to be explained; raises ERROR_VALUE for an option that there is not. */
    void (*put_explain)(Buffer *sql, const ExplainOptions *options);

    /* These write what they are given into the compiler. A value bound for a comparison with this type; null is written NULL. */
    void (*parameter)(struct Compiler *compiler, Value value, const Field *field);
    void (*cast)(struct Compiler *compiler, const Expression *cast);
    /* Dates, times and durations added and subtracted; `difference`: of two dates or times. */
    void (*combine_moments)(struct Compiler *compiler, const Expression *combined, bool difference);
    /* A database function, an aggregate, and operators that are no matter of another word. False: write it as its row says. */
    bool (*call)(struct Compiler *compiler, const Expression *call);
    bool (*aggregate)(struct Compiler *compiler, const Expression *aggregate);
    bool (*combine)(struct Compiler *compiler, const Expression *combined);
    /* A key of a JSON document, and a look-up on a document or a key; *ret_done false: it is a look-up like any other. */
    void (*json_key)(struct Compiler *compiler, const Expression *key);
    Sql (*json_lookup)(struct Compiler *compiler, const Expression *lookup, bool *ret_done);
} Dialect;

typedef struct Backend {
    const char *name;                       /* "sqlite": the URL's scheme */
    const char *title;                      /* "SQLite" */
    const Dialect *dialect;
    const struct SchemaBackend *schema;

    bool provisional;                       /* what it is in truth is known from its first connection, which has another backend */
    bool networked;                         /* any number of connections, each of which writes; else one writes and others read */
    bool shares;                            /* run() may be called by many fibers on one connection: it pipelines */
    /* A connection of its own; the Failure says why not. */
    Connection *(*open)(const DatabaseAddress *address, bool read_only, DatabaseFailure *failure);
    /* The database lives in the one connection that opened it: it is used for reading too. */
    bool (*is_private)(const DatabaseAddress *address);
    /* What may stand in a URL besides our own options, ends with NULL; NULL: nothing. May be in the arena. */
    const char *const *(*option_names)(void);
    /* `forked`: it is the parent process's, who is to notice nothing. */
    void (*close)(Connection *connection, bool forked);
    /* Whether the server still answers; NULL: it is never in doubt. */
    bool (*ping)(Connection *connection);
    /* May it be lent again: no transaction is open, nothing is on its way. NULL: always. */
    bool (*is_clean)(Connection *connection);
    /* After a failure inside a transaction: the database has ended all of it by itself. NULL: it waits for a ROLLBACK. */
    bool (*has_rolled_back)(Connection *connection);
    /* Runs one statement to its end. On failure nothing of it is left. Parameters are all kinds of Value (a list or a map is
     * bound as JSON text). At most `max_rows` rows where that is not 0. */
    bool (*run)(Connection *connection, const char *sql, const Value *parameters, size_t count, ResultSet *ret, DatabaseFailure *failure);
    /* Many statements in one flight: all or, where one fails, none from it on; ret[i].into is set as for run(). NULL: they are run one by one. */
    bool (*run_many)(Connection *connection, const Statement *statements, size_t count, ResultSet *ret, DatabaseFailure *failure);
    /* The same read in batches. */
    void *(*cursor_open)(Connection *connection, const char *sql, const Value *parameters, size_t count, DatabaseFailure *failure);
    bool (*cursor_fetch)(void *cursor, size_t max_rows, ResultSet *ret, DatabaseFailure *failure);
    void (*cursor_close)(void *cursor);
} Backend;

extern const Backend capo_sqlite_backend;
#ifdef CAPO_HAS_POSTGRESQL
extern const Backend capo_postgresql_backend;
#endif
#ifdef CAPO_HAS_MYSQL
/* "mysql:" may be either; "mariadb:" says it. */
extern const Backend capo_mysql_backend, capo_mariadb_backend, capo_oracle_mysql_backend;
#endif
extern const Dialect capo_sqlite_dialect, capo_postgresql_dialect, capo_mariadb_dialect, capo_mysql_dialect;
/* postgresql_rows.c */
Value *capo_postgresql_put_rows(Buffer *sql, const Field *const *columns, size_t n_columns, Value *values, size_t count);
Value capo_postgresql_keys(const Field *column, Value *values, size_t count);

/* --- database.c: the current database -------------------------------------------------------------------------------------- */

/* The backend of the running unit's database, known from the URL without connecting; but where a "mysql:" may be MariaDB or MySQL, it
 * asks the server once. As long as that does not answer it passes for MariaDB. */
const Backend *capo_backend(void);
const Dialect *capo_dialect(void);
/* Its name alone, "mysql" say, without asking anybody. */
const char *capo_backend_name(void);
int capo_database_name_length(void);
/* The longest name of a table on the site's default database, as far as its URL says; 0: any. */
int capo_database_table_length(void);
char capo_database_quote(void);
/* Another database for this process: tests. NULL goes back to settings' one. Connections of the former are closed.
 *     capo_database_open("sqlite::memory:"); */
void capo_database_open(const char *url);
/* For `capo test`: databases of its own in place of the site's (scratch.c), their aliases, and their end. Lasts as long as the unit. */
void capo_scratch_databases_open(void);
const char *const *capo_scratch_databases(void);
void capo_scratch_databases_drop(void);
/* Of a URL's scheme; raises ERROR_IMPROPERLY_CONFIGURED for one that is none, or that this build lacks. */
const Backend *capo_backend_of_url(const char *url);
/* How many forks lie between this process and its first ancestor: what was opened under another number is the parent's. */
unsigned capo_database_generation(void);
void capo_database_close(void);

/* A new connection, before anything else runs on it: settings' function has its turn. Raises what that raises. */
void capo_connection_created(Connection *connection);
/* Raises what a backend reported, with it as the error's detail. */
/* What a driver answers with: code and message into the failure. False. */
bool capo_database_fails(DatabaseFailure *failure, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
_Noreturn void capo_raise_failure(const DatabaseFailure *failure);
/* That of an error; NULL: it has none. And a copy for another arena. */
const DatabaseFailure *capo_failure_of(const Error *error);
const DatabaseFailure *capo_failure_copy(Arena *arena, const DatabaseFailure *failure);
/* Of a statement's text, or of what one is found by: nothing that a visitor chooses decides by it, so that it needs no secret (capo_hash has one, and takes ten
 * times as long). */
uint64_t quick_hash(const char *bytes, size_t size);

/* Runs one statement: in the unit's transaction, else by itself on a connection for reading or writing. Raises
 * ERROR_INTEGRITY, ERROR_OPERATIONAL, …; inside a transaction that breaks it until its rollback. */
ResultSet *capo_database_run(const char *sql, const Value *parameters, size_t count, DatabaseUse use);
/* The same; where the backend can, its rows become instances at once, else result->into is NULL and there are cells. */
ResultSet *capo_database_run_into(const char *sql, const Value *parameters, size_t count, DatabaseUse use, struct RowSink *into);
/* Several statements at once, which cost one round trip where the backend can; results[i] of statements[i], with ->into as of
 * capo_database_run_into(). Outside a transaction writes are one of their own. */
ResultSet *capo_database_run_many(const Statement *statements, size_t count, DatabaseUse use);
/* Rows in batches, for capo_each. Close is also registered with capo_defer; closing twice is not allowed. */
typedef struct DatabaseCursor DatabaseCursor;
DatabaseCursor *capo_database_cursor(const char *sql, const Value *parameters, size_t count);
ResultSet *capo_database_cursor_fetch(DatabaseCursor *cursor, size_t max_rows);     /* n_rows 0: the end */
ResultSet *capo_database_cursor_fetch_into(DatabaseCursor *cursor, size_t max_rows, struct RowSink *into);
void capo_database_cursor_close(DatabaseCursor *cursor);
/* Ends those of a transaction's connection that were opened after a number, which capo_database_last_cursor() gave then: their rows cannot be read
 * any more (ERROR_TRANSACTION). Never raises. */
void capo_database_end_cursors(Connection *connection, uint64_t since);
uint64_t capo_database_last_cursor(void);
/* Statements sent since the process began, transaction control not counted: for capo_test_query_count. */
size_t capo_database_statements(void);
/* NULL; a test that wants to be there when the nth statement runs sets it. */
extern void (*capo_before_statement)(const char *sql);
/* `"table"."column"` and the like: quotes one identifier, doubling quotes inside. */
void capo_put_name(Buffer *sql, const char *name);
char *capo_quote_name(const char *name);
/* A placeholder for a value of this field, with a cast where the database wants one. */
void capo_put_placeholder(Buffer *sql, int number, const Field *field);
/* The same where it stands alone. */
void capo_put_value_placeholder(Buffer *sql, int number, const Field *field);
/* The statement with its parameters filled in, for reading (capo_sql, the query log). Control bytes are escaped. */
char *capo_sql_filled(const char *sql, const Value *parameters, size_t count);

/* explain.c, for dialects: the format as it is spelled in a list that ends with NULL, or NULL where none is asked for; others raise. */
const char *explain_format(const ExplainOptions *options, const char *const *formats);
/* One of .options in capitals, its value apart: "timing=off" is "TIMING OFF". Raises for what is no word. */
const char *explain_option(const char *option);
void explain_no_options(const ExplainOptions *options);

/* SQL by hand with "?" for its parameters as the database wants them; among them "??" is a question mark. */
const char *capo_sql_numbered(const char *sql, size_t count);
/* Numbered, and run as a read or a write by its first word. */
ResultSet *capo_sql_run_raw(const char *sql, const Value *parameters, size_t count);
/* raw.c: rows as structs, see sql.h. */
struct ColumnRow;
void *capo_structs_of(const ResultSet *result, size_t size, const struct ColumnRow *columns, size_t *ret_count);
/* The end of a quoted text, name or comment that begins at sql[i], or i where none does. */
size_t capo_sql_skip_quoted(const char *sql, size_t i);

/* --- convert.c: values to and from columns ---------------------------------------------------------------------------------- */

/* get_db_prep_value: the value as the column stores it, ready to be bound. Raises ERROR_VALUE or ERROR_VALIDATION for what the
 * field cannot take. An expression (a Value of kind object) is left alone. */
Value capo_to_column(const Field *field, Value value);
/* from_db_value: the field's value of a raw cell. */
Value capo_from_column(const Field *field, Value raw);
/* The same by kind, for expressions without a field. */
Value capo_from_storage(Storage storage, Value raw, int decimal_places);
/* "%.15g" with a point, whatever the locale. */
char *capo_real_text(double number, int digits);
/* Dates and times as SQLite's columns spell them; datetimes in UTC. The writers return the size and put a NUL behind. */
bool capo_read_column_date(const char *text, size_t size, int64_t *ret_days);
bool capo_read_column_datetime(const char *text, size_t size, int64_t *ret_microseconds);
bool capo_read_column_time(const char *text, size_t size, int64_t *ret_microseconds);
size_t capo_write_column_date(char *ret, int64_t days);                 /* 16 bytes of room */
size_t capo_write_column_time(char *ret, int64_t microseconds);         /* 32 */
size_t capo_write_column_datetime(char *ret, int64_t microseconds);     /* 48 */
int64_t capo_days_of(int year, int month, int day);

/* --- instance.c --------------------------------------------------------------------------------------------------------------- */

/* An instance from raw cells: fields[i] of cells[i]; fields[i] NULL skips the cell. All columns must be there, or the rest counts as
 * deferred: read from the database when asked for. */
Instance *capo_instance_load(Model *model, Field *const *fields, const Value *cells, size_t count);
/* Puts the related object of a forward key (select_related, prefetch), NULL: there is none. Also sets the struct's pointer. */
void capo_instance_cache(Instance *self, const Field *relation, Instance *other);
/* There is no row for its key, until the key changes: a query was asked for it that leaves it out. */
void capo_instance_cache_none(Instance *self, const Field *relation);
/* The one object on the other side of a one-to-one that points here. */
void capo_instance_cache_reverse(Instance *self, const Field *relation, Instance *other);
/* What prefetch found for an accessor (a many-to-many field's name or a reverse accessor): NULL-ended, `count` of them. A Query from
 * capo_instance_related_query() then answers from it. */
void capo_instance_prefetched(Instance *self, const char *accessor, Instance **others, size_t count);
bool capo_instance_get_prefetched(const Instance *self, const char *accessor, Instance ***ret_others, size_t *ret_count);
/* The same, asked for; false: nothing is known yet. */
bool capo_instance_cached_reverse(const Instance *self, const Field *relation, Instance **ret_other);
/* The cached related object; false: nothing is known yet. */
bool capo_instance_cached(const Instance *self, const Field *relation, Instance **ret_other);
/* An annotation's value, by name; read with attribute access. */
void capo_instance_annotate(Instance *self, const char *name, Value value);
/* The value as given, without conversion or checks beyond the member's type: NULL-able by kind null. */
/* The days that a date has, from 1 January 1 to 31 December 9999; and what PostgreSQL calls "infinity" and "-infinity" as the last and first of
 * them, as for Django. */
#define DAY_US INT64_C(86400000000)
#define CAPO_FIRST_DAY INT64_C(-719162)
#define CAPO_LAST_DAY INT64_C(2932896)
bool capo_is_infinity(const char *text, FieldKind kind, Value *ret);
/* The whole numbers that a column of this kind holds; where the dialect's hold more than 64 bits, those that a member does. */
void capo_integer_bounds(FieldKind kind, const Dialect *dialect, int64_t *ret_least, int64_t *ret_most);
void capo_field_store(Instance *self, const Field *field, Value value);
/* Rows as they are, without hooks and times of their own: for fixtures. Those to insert all give their key, or none does. */
void capo_instances_write(Instance *const *instances, size_t count, bool update);
void capo_instance_insert_using(Instance *self, const char *alias);
void capo_instance_save_fields_using(Instance *self, const char *const *fields, const char *alias);
/* True for values of kind object that are instances. */
bool capo_is_instance(Value value);
extern const ObjectOps capo_instance_ops;
/* Query side: the query of a to-many accessor of an instance knows whose it is, and answers from what was prefetched for it. */
Query *capo_query_related_to(Query *query, Instance *self, const char *accessor, const char *file, int line);
/* The rows that an accessor leads to, from an instance whose key of the relation is this (related.c). */
Query *query_of_relation(Instance *self, const char *accessor, Value key, const char *file, int line);
/* What was prefetched for this relation, as a query whose condition is made when it is needed, for this key of the instance; NULL: nothing was. */
Query *capo_query_prefetched(Instance *self, const Field *field, bool forward, Value key, const char *file, int line);

/* --- transaction.c ------------------------------------------------------------------------------------------------------------ */

/* The unit's open transaction's connection, or NULL; raises ERROR_TRANSACTION in a broken one. */
Connection *capo_transaction_connection(void);
bool capo_in_transaction_of(const Database *database);

/* SPDX-License-Identifier: BSD-3-Clause */
/* PostgreSQL's driver: values there and back, errors by kind, many fibers on one connection. Needs a server: CAPO_TEST_POSTGRESQL, as
 * tests/servers/start prints it; script/test has one. Without it these tests say so and pass. */
#include <capo/testing.h>
#ifdef CAPO_HAS_POSTGRESQL
#include <capo/loop.h>
#include "database_servers.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool open_with(const char *options) { return open_server("postgresql", options, NULL); }

#define NEEDS_SERVER() do { if (!open_with("")) return; } while (0)

#define ONE(sql) capo_to_text(one_value(sql, NULL, 0))

static const char *described(Value value)
{
    static const char *const kinds[] = { "null", "bool", "int", "real", "decimal", "text", "safe", "bytes", "date", "time", "datetime", "duration", "uuid", "list", "map" };
    return capo_format("%s%s %s", value.flags & VALUE_FLAG_NAIVE ? "naive " : "", kinds[value.kind], value.kind == VALUE_BYTES
                       ? capo_format("%u:%02x", value.size, value.size ? value.bytes[value.size - 1] : 0) : capo_to_text(value));
}

/* The first execution brings text, the later ones binary. */
static void expect_three_times(const char *sql, Value parameter, const char *wanted)
{
    for (int i = 0; i < 3; i++)
        EXPECT_TEXT(described(one_value(sql, &parameter, 1)), wanted);
}

TEST(postgresql_every_kind_there_and_back)
{
    if (!open_with("?pool_shared=1"))       /* one connection: the second time is the same statement */
        return;
    const char *same = "SELECT $1";
    expect_three_times(same, capo_value_bool(true), "bool True");
    expect_three_times(same, capo_value_bool(false), "bool False");
    expect_three_times(same, capo_value_int(0), "int 0");
    expect_three_times(same, capo_value_int(INT32_MIN), "int -2147483648");
    expect_three_times(same, capo_value_int(INT64_MIN), "int -9223372036854775808");
    expect_three_times(same, capo_value_int(INT64_MAX), "int 9223372036854775807");
    expect_three_times(same, capo_value_real(0.1), "real 0.1");
    expect_three_times(same, capo_value_real(-1e300), "real -1e+300");
    expect_three_times(same, capo_value_real(5e-324), "real 5e-324");
    expect_three_times(same, capo_value_real(INFINITY), "real inf");
    expect_three_times(same, capo_value_text("it's \"q\" ; -- \\ €𝄞"), "text it's \"q\" ; -- \\ €𝄞");
    expect_three_times(same, capo_value_text(""), "text ");
    expect_three_times(same, capo_value_bytes("\0\1\xff", 3), "bytes 3:ff");
    expect_three_times(same, capo_value_bytes("", 0), "bytes 0:00");
    expect_three_times(same, capo_value_date(capo_date(2026, 11, 22)), "date 2026-11-22");
    expect_three_times(same, capo_value_date(capo_date(1, 1, 1)), "date 0001-01-01");
    expect_three_times(same, capo_value_date(capo_date(9999, 12, 31)), "date 9999-12-31");
    expect_three_times(same, capo_value_date(capo_date(1969, 12, 31)), "date 1969-12-31");
    expect_three_times(same, capo_value_time(capo_time(8, 30, 0, 5)), "time 08:30:00.000005");
    expect_three_times(same, capo_value_time(capo_time(23, 59, 59, 999999)), "time 23:59:59.999999");
    expect_three_times(same, capo_value_datetime((DateTime){ INT64_C(1795336200000000) }), "datetime 2026-11-22 08:30:00+00:00");
    expect_three_times(same, capo_value_datetime((DateTime){ -1 }), "datetime 1969-12-31 23:59:59.999999+00:00");
    expect_three_times(same, capo_value_datetime((DateTime){ INT64_C(-62135596800000000) }), "datetime 0001-01-01 00:00:00+00:00");
    Value naive = capo_value_datetime((DateTime){ INT64_C(1795336200123456) });
    naive.flags = VALUE_FLAG_NAIVE;
    expect_three_times(same, naive, "naive datetime 2026-11-22 08:30:00.123456");
    expect_three_times(same, capo_value_duration((Duration){ 1 }), "duration 0:00:00.000001");
    expect_three_times(same, capo_value_duration((Duration){ -1 }), "duration -1 day, 23:59:59.999999");
    expect_three_times(same, capo_value_duration((Duration){ INT64_C(-86400000000) * 3 - 5 * 3600000000 - 250000 }), "duration -4 days, 18:59:59.750000");
    expect_three_times(same, capo_value_duration((Duration){ INT64_C(86400000000) * 400 + 500000 }), "duration 400 days, 0:00:00.500000");
    Uuid uuid;
    EXPECT(capo_parse_uuid("12345678-1234-5678-1234-567812345678", &uuid));
    expect_three_times(same, capo_value_uuid(uuid), "uuid 12345678-1234-5678-1234-567812345678");
    expect_three_times(same, capo_value_list(capo_list_of(capo_value_strings(LIST("a", "b\"")))), "text [\"a\", \"b\\\"\"]");
    expect_three_times("SELECT $1::int", capo_value_null(), "null None");
    expect_three_times("SELECT $1::text", capo_value_null(), "null None");
}

TEST(postgresql_decimals_keep_their_zeros)
{
    if (!open_with("?pool_shared=1"))
        return;
    static const char *const numbers[] = {
        "0", "0.00", "-0.10", "1.50", "12345678901234567890.123456789012345678900", "-3", "10000", "0.0001", "0.00001", "100000000", "99999.99990", "1000000000000000000000000000000",
        "0.000000000000000000000000000001", "-10000.00010000",
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        expect_three_times("SELECT $1", capo_value_decimal((Decimal){ numbers[i] }), capo_format("decimal %s", numbers[i]));
    expect_three_times("SELECT $1", capo_value_decimal((Decimal){ "1.5E+3" }), "decimal 1500");
    expect_three_times("SELECT 'NaN'::numeric + $1", capo_value_decimal((Decimal){ "1" }), "decimal NaN");
}

TEST(postgresql_types_that_only_the_server_has)
{
    if (!open_with("?pool_shared=1"))
        return;
    for (int i = 0; i < 3; i++) {
        EXPECT_TEXT(ONE("SELECT '10.0.0.1'::inet"), "10.0.0.1");
        EXPECT_TEXT(ONE("SELECT 0.1::real"), "0.1");
        EXPECT_TEXT(ONE("SELECT 7::smallint"), "7");
        EXPECT_TEXT(ONE("SELECT '1 year 2 mons -3 days -04:05:06.7'::interval"), "421 days, 19:54:53.300000");
        EXPECT_TEXT(ONE("SELECT 'infinity'::timestamptz"), "infinity");
        EXPECT_TEXT(ONE("SELECT '-infinity'::date"), "-infinity");
        EXPECT_TEXT(ONE("SELECT '24:00'::time"), "24:00:00");
        EXPECT_TEXT(ONE("SELECT '{\"a\": [1, null]}'::json"), "{\"a\": [1, null]}");
        EXPECT_TEXT(ONE("SELECT ARRAY[1,NULL,3]"), "[1, None, 3]");
        EXPECT_TEXT(ONE("SELECT ARRAY[['a','NULL'],['q\"\\','{,}']]::text[]"), "[['a', 'NULL'], ['q\"\\\\', '{,}']]");
        EXPECT_TEXT(ONE("SELECT '{}'::int[]"), "[]");
        EXPECT_TEXT(ONE("SELECT 'x  '::char(3)"), "x  ");
        EXPECT_TEXT(ONE("SELECT 12.5::money"), "$12.50");
        EXPECT_TEXT(ONE("SELECT now() AT TIME ZONE 'UTC' - now() AT TIME ZONE 'UTC'"), "0:00:00");
        EXPECT_TEXT(ONE("SELECT pg_typeof(1)"), "integer");
    }
}

TEST(postgresql_large_results_and_parameters)
{
    NEEDS_SERVER();
    for (int i = 0; i < 3; i++) {
        ResultSet *result = capo_database_run("SELECT n, 'row ' || n, n % 7 = 0, NULLIF(n % 2, 0) FROM generate_series(1, 5000) n", NULL, 0, DATABASE_READ);
        EXPECT_INT(result->n_rows, 5000);
        EXPECT_INT(result->n_columns, 4);
        EXPECT_TEXT(result->names[2], "?column?");
        for (size_t row = 0; row < 5000; row++) {
            EXPECT_INT(capo_cell(result, row, 0).integer, (long long)row + 1);
            EXPECT_TEXT(capo_cell(result, row, 1).text, capo_format("row %zu", row + 1));
            EXPECT(capo_cell(result, row, 2).boolean == ((row + 1) % 7 == 0));
            EXPECT(capo_is_null(capo_cell(result, row, 3)) == ((row + 1) % 2 == 0));
        }
    }
    size_t size = 8 << 20;
    char *text = capo_alloc(size + 1);
    memset(text, 'x', size);
    Value value = capo_value_text_n(text, size);
    EXPECT_INT(one_value("SELECT length($1)", &value, 1).integer, (long long)size);
    EXPECT_INT(one_value("SELECT $1", &value, 1).size, (long long)size);
}

/* --- errors --- */

static void expect_error(int code, const char *sql, const char *part, const char *state)
{
    const Error *error = EXPECT_RAISES(code, run_sql, (char *)sql);
    if (!strstr(error->message, part))
        capo_test_fail(__FILE__, __LINE__, "%s: expected \"%s\" in \"%s\"", sql, part, error->message);
    EXPECT(error->detail != NULL);
    EXPECT_TEXT(((const DatabaseFailure *)error->detail)->state, state);
}

static void nul_text(void *unused)
{
    (void)unused;
    Value value = capo_value_text_n("a\0b", 3);
    capo_database_run("SELECT $1", &value, 1, DATABASE_READ);
}

static void wrong_count(void *unused)
{
    (void)unused;
    capo_database_run("SELECT $1::int + $2::int", &(Value){ .kind = VALUE_INT, .integer = 1 }, 1, DATABASE_READ);
}

TEST(postgresql_errors_by_kind)
{
    NEEDS_SERVER();
    run_sql("DROP TABLE IF EXISTS kinds");
    run_sql("CREATE TABLE kinds (id bigint PRIMARY KEY, name varchar(3) NOT NULL, n smallint CHECK (n > 0), other bigint REFERENCES kinds)");
    run_sql("INSERT INTO kinds VALUES (1, 'a', 1, NULL)");
    expect_error(ERROR_INTEGRITY, "INSERT INTO kinds VALUES (1, 'a', 1, NULL)", "duplicate key value violates unique constraint \"kinds_pkey\". Key (id)=(1) already exists.", "23505");
    expect_error(ERROR_INTEGRITY, "INSERT INTO kinds VALUES (2, NULL, 1, NULL)", "null value in column \"name\"", "23502");
    expect_error(ERROR_INTEGRITY, "INSERT INTO kinds VALUES (2, 'a', 0, NULL)", "check constraint", "23514");
    expect_error(ERROR_INTEGRITY, "INSERT INTO kinds VALUES (2, 'a', 1, 9)", "foreign key", "23503");
    expect_error(ERROR_DATA, "INSERT INTO kinds VALUES (2, 'abcd', 1, NULL)", "too long", "22001");
    expect_error(ERROR_DATA, "INSERT INTO kinds VALUES (2, 'a', 40000, NULL)", "out of range", "22003");
    expect_error(ERROR_DATA, "SELECT 1/0", "division by zero", "22012");
    expect_error(ERROR_PROGRAMMING, "SELECT * FROM nowhere", "relation \"nowhere\" does not exist. Run `migrate`", "42P01");
    expect_error(ERROR_PROGRAMMING, "SELECT nothing FROM kinds", "column \"nothing\" does not exist. Run `migrate`", "42703");
    expect_error(ERROR_PROGRAMMING, "SELEC 1", "syntax error", "42601");
    expect_error(ERROR_PROGRAMMING, "SELECT 1; SELECT 2", "multiple commands", "42601");
    expect_error(ERROR_NOT_SUPPORTED, "COPY kinds TO STDOUT", "COPY", "");
    EXPECT_TEXT(EXPECT_RAISES(ERROR_VALUE, nul_text, NULL)->message, "A string literal cannot contain NUL (0x00) characters.");
    EXPECT(strstr(EXPECT_RAISES(ERROR_PROGRAMMING, wrong_count, NULL)->message, "requires 2") != NULL);
    EXPECT_TEXT(ONE("SELECT count(*) FROM kinds"), "1");
    EXPECT_INT(capo_database_run("UPDATE kinds SET n = 5", NULL, 0, DATABASE_WRITE)->changes, 1);
    EXPECT_INT(capo_database_run("SELECT 1", NULL, 0, DATABASE_READ)->changes, 0);
    ResultSet *made = capo_database_run("INSERT INTO kinds VALUES (7, 'x', 1, 1), (8, 'y', 1, 7) RETURNING id, name", NULL, 0, DATABASE_WRITE);
    EXPECT_INT(made->changes, 2);
    EXPECT_TEXT(capo_to_text(capo_cell(made, 1, 1)), "y");
    run_sql("DROP TABLE kinds");
}

/* The tables change under a statement that is prepared: at once for this process, and for others' statements by a second try. */
TEST(postgresql_prepared_statements_follow_the_tables)
{
    if (!open_with("?pool_shared=1"))
        return;
    run_sql("DROP TABLE IF EXISTS changing");
    run_sql("CREATE TABLE changing (a int)");
    run_sql("INSERT INTO changing VALUES (1)");
    for (int i = 0; i < 3; i++)
        EXPECT_INT(capo_database_run("SELECT * FROM changing", NULL, 0, DATABASE_READ)->n_columns, 1);
    run_sql("ALTER TABLE changing ADD b text DEFAULT 'x'");         /* on another connection than the shared one */
    for (int i = 0; i < 3; i++)
        EXPECT_INT(capo_database_run("SELECT * FROM changing", NULL, 0, DATABASE_READ)->n_columns, 2);
    capo_begin();
    EXPECT_INT(capo_database_run("SELECT * FROM changing", NULL, 0, DATABASE_READ)->n_columns, 2);
    run_sql("ALTER TABLE changing DROP a");
    EXPECT_INT(capo_database_run("SELECT * FROM changing", NULL, 0, DATABASE_READ)->n_columns, 1);
    capo_commit();
    EXPECT_TEXT(ONE("SELECT * FROM changing"), "x");
    run_sql("DROP TABLE changing");
}

TEST(postgresql_many_statements_are_kept_and_old_ones_go)
{
    if (!open_with("?pool_shared=1"))
        return;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 600; i++)
            EXPECT_INT(one_value(capo_format("SELECT %d", i), NULL, 0).integer, i);
    int64_t kept = one_value("SELECT count(*) FROM pg_prepared_statements", NULL, 0).integer;
    EXPECT(kept > 150 && kept <= 257);
}

/* Raw SQL is written with "?" on every database; "??" is the operator of jsonb. */
TEST(postgresql_raw_sql_with_question_marks)
{
    NEEDS_SERVER();
    List *rows = capo_sql_rows("SELECT ?::int + ?::int AS sum, '?' AS mark, (ARRAY[1, ?::int])[2] AS second, '{\"a\": 1}'::jsonb ?? 'a' AS has", 1, 2, 7);
    Map *row = rows->items[0].map;
    EXPECT_INT(capo_map_get(row, "sum")->integer, 3);
    EXPECT_TEXT(capo_to_text(*capo_map_get(row, "mark")), "?");
    EXPECT_INT(capo_map_get(row, "second")->integer, 7);
    EXPECT(capo_map_get(row, "has")->boolean);
    EXPECT_TEXT(capo_sql_filled("SELECT $2, '$1', $1[1]", (Value[]){ capo_value_int(1), capo_value_text("it's") }, 2), "SELECT 'it''s', '$1', 1[1]");
    size_t count;
    const LoggedQuery *log = capo_logged_queries(&count);
    EXPECT(strstr(log[count - 1].sql, "SELECT 1::int + 2::int AS sum") != NULL);
}

/* --- many fibers --- */

typedef struct Worker { int number, fails, answers; bool done; } Worker;

static void fail_sometimes(void *argument)
{
    Worker *worker = argument;
    Value value = capo_value_int(worker->answers % 7 == worker->number % 7 ? 0 : worker->number + 1);
    EXPECT_INT(one_value("SELECT 1000 * $1::int / $1::int", &value, 1).integer, 1000);
}

static void work(void *argument)
{
    Worker *worker = argument;
    for (int i = 0; i < 20; i++) {
        const Error *error = capo_try(fail_sometimes, worker);
        if (error && error->code == ERROR_DATA)
            worker->fails++;
        else if (error)
            capo_reraise(error);
        Value values[] = { capo_value_int(worker->number), capo_value_text(capo_format("%d/%d", worker->number, i)) };
        ResultSet *result = capo_database_run("SELECT $1::int, $2::text", values, 2, DATABASE_READ);
        EXPECT_INT(capo_cell(result, 0, 0).integer, worker->number);
        EXPECT_TEXT(capo_cell(result, 0, 1).text, values[1].text);
        worker->answers++;
    }
}

static void worker_done(void *argument, Unit *unit, const Error *error)
{
    (void)unit;
    ((Worker *)argument)->done = !error;
    if (error)
        fprintf(stderr, "worker: %s\n", error->message);
}

TEST(postgresql_sixty_four_fibers_on_two_connections)
{
    NEEDS_SERVER();
    static Worker workers[64];
    memset(workers, 0, sizeof workers);
    for (int i = 0; i < 64; i++) {
        workers[i].number = i;
        capo_fiber_start("worker", work, &workers[i], worker_done, false);
    }
    int done = 0;
    for (int turns = 0; turns < 2000 && done < 64; turns++) {
        capo_sleep(0.005);
        done = 0;
        for (int i = 0; i < 64; i++)
            done += workers[i].done;
    }
    EXPECT_INT(done, 64);
    for (int i = 0; i < 64; i++) {
        EXPECT_INT(workers[i].answers, 20);
        EXPECT_INT(workers[i].fails, i % 7 < 6 ? 3 : 2);
    }
    DatabaseFigures figures = capo_database_figures();
    EXPECT_INT(figures.in_use, 0);
    EXPECT_INT(figures.in_flight, 0);
    EXPECT_INT(figures.shared, 2);
    EXPECT(figures.open <= 12);
}

typedef struct Sleeper { const char *sql; bool ended; int code; } Sleeper;

static void sleep_in_database(void *argument)
{
    const Sleeper *sleeper = argument;
    capo_database_run(sleeper->sql, NULL, 0, DATABASE_READ);
}

static void sleeper_done(void *argument, Unit *unit, const Error *error)
{
    (void)unit;
    Sleeper *sleeper = argument;
    sleeper->ended = true;
    sleeper->code = error ? error->code : 0;
}

/* A fiber that is cancelled leaves; the others' answers are still theirs, and the server stops what was cancelled. */
TEST(postgresql_cancelled_fibers_leave_the_others_alone)
{
    NEEDS_SERVER();
    static Sleeper sleepers[8];
    Fiber *fibers[8];
    for (int i = 0; i < 8; i++) {
        sleepers[i] = (Sleeper){ .sql = i % 2 ? "SELECT pg_sleep(0.02)" : "SELECT pg_sleep(0.01), 1" };
        fibers[i] = capo_fiber_start("sleeper", sleep_in_database, &sleepers[i], sleeper_done, false);
    }
    fiber_yield();
    capo_sleep(0.005);
    for (int i = 0; i < 8; i += 2)
        if (!sleepers[i].ended)
            fiber_cancel(fibers[i]);
    for (int i = 0, ended = 0; i < 500 && ended < 8; i++) {
        capo_sleep(0.01);
        ended = 0;
        for (int k = 0; k < 8; k++)
            ended += sleepers[k].ended;
    }
    while (capo_database_figures().in_flight)           /* what was abandoned is still on the server */
        capo_sleep(0.01);
    for (int i = 0; i < 8; i++) {
        EXPECT(sleepers[i].ended);
        EXPECT(sleepers[i].code == 0 || (i % 2 == 0 && sleepers[i].code == ERROR_ABORTED));
    }
    for (int i = 0; i < 20; i++)
        EXPECT_INT(one_value("SELECT $1::int", &(Value){ .kind = VALUE_INT, .integer = i }, 1).integer, i);
}

static void long_transaction(void *argument)
{
    (void)argument;
    capo_begin();
    capo_database_run("SELECT pg_sleep(30) /* cancel me */", NULL, 0, DATABASE_WRITE);
}

TEST(postgresql_a_cancelled_transaction_is_stopped_on_the_server)
{
    NEEDS_SERVER();
    Sleeper sleeper = { 0 };
    Fiber *fiber = capo_fiber_start("long", long_transaction, &sleeper, sleeper_done, false);
    const char *count = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%/* cancel me %' AND state = 'active' AND pid <> pg_backend_pid()";
    for (int i = 0; i < 200 && one_value(count, NULL, 0).integer == 0; i++)
        capo_sleep(0.01);
    EXPECT_INT(one_value(count, NULL, 0).integer, 1);
    fiber_cancel(fiber);
    for (int i = 0; i < 200 && one_value(count, NULL, 0).integer; i++)
        capo_sleep(0.01);
    EXPECT_INT(one_value(count, NULL, 0).integer, 0);
    EXPECT(sleeper.ended);
    EXPECT_INT(sleeper.code, ERROR_ABORTED);
    EXPECT_INT(capo_database_figures().in_use, 0);
}

/* --- many at once, cursors, transactions --- */

TEST(postgresql_many_statements_in_one_flight)
{
    NEEDS_SERVER();
    run_sql("DROP TABLE IF EXISTS flight");
    run_sql("CREATE TABLE flight (n int PRIMARY KEY)");
    Value numbers[50];
    Statement statements[50];
    for (int i = 0; i < 50; i++) {
        numbers[i] = capo_value_int(i);
        statements[i] = (Statement){ "INSERT INTO flight VALUES ($1) RETURNING n * 2", &numbers[i], 1 };
    }
    ResultSet *results = capo_database_run_many(statements, 50, DATABASE_WRITE);
    for (int i = 0; i < 50; i++)
        EXPECT_INT(capo_cell(&results[i], 0, 0).integer, 2 * i);
    EXPECT_TEXT(ONE("SELECT count(*) FROM flight"), "50");
    run_sql("DROP TABLE flight");
}

static void half_wrong(void *unused)
{
    (void)unused;
    Value numbers[] = { capo_value_int(1), capo_value_int(1), capo_value_int(2) };
    Statement statements[3];
    for (int i = 0; i < 3; i++)
        statements[i] = (Statement){ "INSERT INTO flight VALUES ($1)", &numbers[i], 1 };
    capo_database_run_many(statements, 3, DATABASE_WRITE);
}

TEST(postgresql_a_flight_that_fails_leaves_nothing)
{
    NEEDS_SERVER();
    run_sql("DROP TABLE IF EXISTS flight");
    run_sql("CREATE TABLE flight (n int PRIMARY KEY)");
    EXPECT_RAISES(ERROR_INTEGRITY, half_wrong, NULL);
    EXPECT_TEXT(ONE("SELECT count(*) FROM flight"), "0");
    run_sql("DROP TABLE flight");
}

static size_t read_all(size_t batch)
{
    Value most = capo_value_int(10000);
    DatabaseCursor *cursor = capo_database_cursor("SELECT n, 'text ' || n FROM generate_series(1, $1::int) n", &most, 1);
    size_t rows = 0;
    for (;;) {
        ResultSet *result = capo_database_cursor_fetch(cursor, batch);
        if (!result->n_rows)
            break;
        for (size_t i = 0; i < result->n_rows; i++) {
            EXPECT_INT(capo_cell(result, i, 0).integer, (long long)++rows);
            EXPECT_TEXT(capo_cell(result, i, 1).text, capo_format("text %zu", rows));
        }
    }
    capo_database_cursor_close(cursor);
    return rows;
}

TEST(postgresql_cursors_alone_and_in_a_transaction)
{
    NEEDS_SERVER();
    EXPECT_INT(read_all(1000), 10000);
    EXPECT_INT(read_all(777), 10000);
    EXPECT_INT(capo_database_figures().in_use, 0);
    capo_begin();
    EXPECT_INT(read_all(1000), 10000);
    EXPECT_TEXT(ONE("SELECT 5"), "5");
    capo_commit();
    EXPECT_INT(capo_database_figures().in_use, 0);
    /* one is left half read: the end of the unit closes it */
    DatabaseCursor *cursor = capo_database_cursor("SELECT generate_series(1, 100)", NULL, 0);
    EXPECT_INT(capo_database_cursor_fetch(cursor, 10)->n_rows, 10);
}

static void in_transaction(void *unused)
{
    (void)unused;
    capo_begin();
    run_sql("INSERT INTO units VALUES (1)");
    capo_raise(404, "away");
}

TEST(postgresql_transactions_and_savepoints)
{
    NEEDS_SERVER();
    run_sql("DROP TABLE IF EXISTS units");
    run_sql("CREATE TABLE units (n int PRIMARY KEY)");
    EXPECT_RAISES(404, in_transaction, NULL);
    EXPECT_TEXT(ONE("SELECT count(*) FROM units"), "0");
    capo_begin();
    run_sql("INSERT INTO units VALUES (1)");
    capo_begin();
    EXPECT_RAISES(ERROR_INTEGRITY, run_sql, "INSERT INTO units VALUES (1)");
    EXPECT_RAISES(ERROR_TRANSACTION, run_sql, "SELECT 1");
    capo_rollback();
    capo_begin();
    run_sql("INSERT INTO units VALUES (2)");
    capo_commit();
    EXPECT_RAISES(ERROR_VALUE, nul_text, NULL);             /* never reached the database: the transaction goes on */
    run_sql("INSERT INTO units VALUES (3)");
    capo_commit();
    EXPECT_TEXT(ONE("SELECT string_agg(n::text, ',' ORDER BY n) FROM units"), "1,2,3");
    EXPECT_INT(capo_database_figures().in_use, 0);
    run_sql("DROP TABLE units");
}

/* Two units that take each other's locks. */
typedef struct Crossing { int first, second, code; int *holding; bool ended, conflict; const char *said; } Crossing;

static void cross(void *argument)
{
    const Crossing *crossing = argument;
    capo_begin();
    run_sql(capo_format("UPDATE crossing SET n = n + 1 WHERE id = %d", crossing->first));
    for (++*crossing->holding; *crossing->holding < 2;)
        capo_sleep(0.005);
    run_sql(capo_format("UPDATE crossing SET n = n + 1 WHERE id = %d", crossing->second));
    capo_commit();
}

static void crossing_done(void *argument, Unit *unit, const Error *error)
{
    (void)unit;
    Crossing *crossing = argument;
    crossing->ended = true;
    crossing->code = error ? error->code : 0;
    crossing->conflict = error && error->detail && ((const DatabaseFailure *)error->detail)->conflict;
    crossing->said = error && strstr(error->message, "Deadlock") ? "deadlock" : "";
}

TEST(postgresql_a_deadlock_is_named)
{
    NEEDS_SERVER();
    run_sql("DROP TABLE IF EXISTS crossing");
    run_sql("CREATE TABLE crossing AS SELECT 1 AS id, 0 AS n UNION SELECT 2, 0");
    int holding = 0;
    Crossing one = { 1, 2, .holding = &holding }, two = { 2, 1, .holding = &holding };
    capo_fiber_start("one", cross, &one, crossing_done, false);
    capo_fiber_start("two", cross, &two, crossing_done, false);
    for (int i = 0; i < 500 && !(one.ended && two.ended); i++)
        capo_sleep(0.01);
    EXPECT(one.ended && two.ended);
    EXPECT(!one.code != !two.code);
    const Crossing *victim = one.code ? &one : &two;
    EXPECT_INT(victim->code, ERROR_OPERATIONAL);
    EXPECT(victim->conflict);
    EXPECT_TEXT(victim->said, "deadlock");
    EXPECT_TEXT(ONE("SELECT sum(n) FROM crossing"), "2");
    run_sql("DROP TABLE crossing");
}

TEST(postgresql_statement_and_lock_timeouts)
{
    if (!open_with("?statement_timeout=100ms&lock_timeout=50ms"))
        return;
    int64_t started = capo_monotonic_us();
    expect_error(ERROR_OPERATIONAL, "SELECT pg_sleep(10)", "statement timeout", "57014");
    EXPECT(capo_monotonic_us() - started < 3000000);
    EXPECT_TEXT(ONE("SELECT current_setting('lock_timeout')"), "50ms");
    EXPECT_TEXT(ONE("SELECT current_setting('TimeZone')"), "UTC");
}

TEST(postgresql_a_slow_statement_takes_a_connection_of_its_own)
{
    if (!open_with("?pool_shared=1"))
        return;
    EXPECT_TEXT(ONE("SELECT 'quick'"), "quick");
    capo_database_run("SELECT pg_sleep(0.06)", NULL, 0, DATABASE_READ);         /* the first time nobody knows */
    Sleeper sleeper = { .sql = "SELECT pg_sleep(0.06)" };
    capo_fiber_start("slow", sleep_in_database, &sleeper, sleeper_done, false);
    fiber_yield();
    capo_sleep(0.01);
    EXPECT_INT(capo_database_figures().in_use, 1);
    EXPECT_TEXT(ONE("SELECT 'quick'"), "quick");
    EXPECT(!sleeper.ended);
    while (!sleeper.ended)
        capo_sleep(0.01);
    EXPECT_INT(sleeper.code, 0);
}
#endif

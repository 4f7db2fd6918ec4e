/* SPDX-License-Identifier: BSD-3-Clause */
/* MariaDB's driver: values there and back, errors by kind, many fibers, cancelled ones. Needs a server: CAPO_TEST_MYSQL, as tests/servers/start
 * prints it; script/test has one. Without it these tests say so and pass. */
#include <capo/testing.h>
#ifdef CAPO_HAS_MYSQL
#include <capo/loop.h>
#include "database_servers.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool open_with(const char *options) { return open_server("mysql", options, NULL); }

#define NEEDS_SERVER() do { if (!open_with("")) return; } while (0)

#define ONE(sql) capo_to_text(one_value(sql, NULL, 0))

static const char *described(Value value)
{
    static const char *const kinds[] = { "null", "bool", "int", "real", "decimal", "text", "safe", "bytes", "date", "time", "datetime", "duration", "uuid", "list", "map" };
    return capo_format("%s %s", kinds[value.kind], value.kind == VALUE_BYTES ? capo_format("%u:%02x", value.size, value.size ? value.bytes[value.size - 1] : 0) : capo_to_text(value));
}

/* Through a column: what is stored is what comes back. */
static void expect_stored(const char *column, Value value, const char *wanted)
{
    run_sql("DELETE FROM kinds");
    capo_database_run(capo_format("INSERT INTO kinds (id, %s) VALUES (1, ?)", column), &value, 1, DATABASE_WRITE);
    for (int i = 0; i < 2; i++)
        EXPECT_TEXT(described(one_value(capo_format("SELECT %s FROM kinds", column), NULL, 0)), wanted);
    EXPECT_TEXT(described(capo_cell(capo_database_run(capo_format("SHOW COLUMNS FROM kinds WHERE Field = '%s'", column), NULL, 0, DATABASE_READ), 0, 0)), capo_format("text %s", column));
}

TEST(mysql_every_kind_there_and_back)
{
    NEEDS_SERVER();
    run_sql("DROP TABLE IF EXISTS kinds");
    run_sql("CREATE TABLE kinds (id bigint PRIMARY KEY, b bool, i integer, n bigint, u bigint unsigned, f double, d numeric(30, 10), t longtext, v varchar(40), bytes longblob, "
            "day date, clock time(6), moment datetime(6), identity uuid, doc json, bits bit(9))");
    expect_stored("b", capo_value_bool(true), "int 1");
    expect_stored("i", capo_value_int(-7), "int -7");
    expect_stored("n", capo_value_int(INT64_MIN), "int -9223372036854775808");
    expect_stored("n", capo_value_int(INT64_MAX), "int 9223372036854775807");
    expect_stored("u", capo_value_decimal((Decimal){ "18446744073709551615" }), "decimal 18446744073709551615");
    expect_stored("f", capo_value_real(0.1), "real 0.1");
    expect_stored("f", capo_value_real(-1e300), "real -1e+300");
    expect_stored("d", capo_value_decimal((Decimal){ "-12345678901234567890.1234567890" }), "decimal -12345678901234567890.1234567890");
    expect_stored("d", capo_value_decimal((Decimal){ "1.5" }), "decimal 1.5000000000");
    expect_stored("t", capo_value_text("it's \"q\" ; -- \\ €𝄞"), "text it's \"q\" ; -- \\ €𝄞");
    expect_stored("t", capo_value_text(""), "text ");
    expect_stored("v", capo_value_text("v"), "text v");
    expect_stored("bytes", capo_value_bytes("\0\1\xff", 3), "bytes 3:ff");
    expect_stored("bytes", capo_value_bytes("", 0), "bytes 0:00");
    expect_stored("day", capo_value_date(capo_date(2026, 11, 22)), "date 2026-11-22");
    expect_stored("day", capo_value_date(capo_date(9999, 12, 31)), "date 9999-12-31");
    expect_stored("clock", capo_value_time(capo_time(23, 59, 59, 999999)), "time 23:59:59.999999");
    expect_stored("moment", capo_value_datetime((DateTime){ INT64_C(1795336200000005) }), "datetime 2026-11-22 08:30:00.000005+00:00");
    expect_stored("moment", capo_value_datetime((DateTime){ -1 }), "datetime 1969-12-31 23:59:59.999999+00:00");
    expect_stored("n", capo_value_duration((Duration){ -90000001 }), "int -90000001");
    Uuid uuid;
    EXPECT(capo_parse_uuid("12345678-1234-5678-8234-567812345678", &uuid));
    expect_stored("identity", capo_value_uuid(uuid), "text 12345678-1234-5678-8234-567812345678");
    expect_stored("doc", capo_value_list(capo_list_of(capo_value_strings(LIST("a", "b\"")))), "text [\"a\", \"b\\\"\"]");
    expect_stored("bits", capo_value_int(259), "int 259");
    expect_stored("t", capo_value_null(), "null None");
    expect_stored("moment", capo_value_null(), "null None");
    size_t size = 3 << 20;
    char *large = capo_alloc(size + 1);
    memset(large, 'x', size);
    Value value = capo_value_text_n(large, size);
    EXPECT_INT(one_value("SELECT LENGTH(?)", &value, 1).integer, (long long)size);
    EXPECT_INT(one_value("SELECT ?", &value, 1).size, (long long)size);
    EXPECT_TEXT(described(one_value("SELECT CAST('-838:59:59' AS TIME)", NULL, 0)), "duration -35 days, 1:00:01");
    EXPECT_TEXT(ONE("SELECT @@time_zone"), "+00:00");
    EXPECT(strstr(ONE("SELECT @@sql_mode"), "STRICT_TRANS_TABLES") != NULL);
    run_sql("DROP TABLE kinds");
}

/* One text with parameters of other types gives columns of other types. */
TEST(mysql_types_of_parameters_change_between_executions)
{
    if (!open_with("?pool_size=1&statement_timeout=2s"))
        return;
    const char *sql = "SELECT seq * ? AS x FROM seq_1_to_3 ORDER BY seq";
    for (int i = 0; i < 3; i++) {
        EXPECT_TEXT(described(capo_cell(capo_database_run(sql, (Value[]){ capo_value_int(2) }, 1, DATABASE_READ), 2, 0)), "int 6");
        EXPECT_TEXT(described(capo_cell(capo_database_run(sql, (Value[]){ capo_value_real(1.5) }, 1, DATABASE_READ), 2, 0)), "real 4.5");
        EXPECT_TEXT(described(capo_cell(capo_database_run(sql, (Value[]){ capo_value_decimal((Decimal){ "0.50" }) }, 1, DATABASE_READ), 2, 0)), "decimal 1.50");
        EXPECT_TEXT(described(capo_cell(capo_database_run(sql, (Value[]){ capo_value_null() }, 1, DATABASE_READ), 2, 0)), "null None");
    }
}

/* --- errors --- */

static void expect_error(int code, const char *sql, const char *part)
{
    const Error *error = EXPECT_RAISES(code, run_sql, (char *)sql);
    if (!strstr(error->message, part))
        capo_test_fail(__FILE__, __LINE__, "%s: expected \"%s\" in \"%s\"", sql, part, error->message);
}

static void wrong_count(void *unused)
{
    (void)unused;
    capo_database_run("SELECT ? + ?", &(Value){ .kind = VALUE_INT, .integer = 1 }, 1, DATABASE_READ);
}

TEST(mysql_errors_by_kind)
{
    NEEDS_SERVER();
    run_sql("DROP TABLE IF EXISTS errors");
    run_sql("CREATE TABLE errors (id bigint PRIMARY KEY AUTO_INCREMENT, name varchar(3) NOT NULL, n smallint CHECK (n > 0), other bigint, FOREIGN KEY (other) REFERENCES errors (id)) ENGINE=InnoDB");
    EXPECT_INT(capo_database_run("INSERT INTO errors (name, n) VALUES ('a', 1)", NULL, 0, DATABASE_WRITE)->last_id, 1);
    expect_error(ERROR_INTEGRITY, "INSERT INTO errors VALUES (1, 'a', 1, NULL)", "Duplicate entry '1' for key 'PRIMARY'");
    expect_error(ERROR_INTEGRITY, "INSERT INTO errors VALUES (2, NULL, 1, NULL)", "cannot be null");
    expect_error(ERROR_INTEGRITY, "INSERT INTO errors VALUES (2, 'a', 0, NULL)", "CONSTRAINT");
    expect_error(ERROR_INTEGRITY, "INSERT INTO errors VALUES (2, 'a', 1, 9)", "foreign key");
    expect_error(ERROR_DATA, "INSERT INTO errors VALUES (2, 'abcd', 1, NULL)", "too long");
    expect_error(ERROR_DATA, "INSERT INTO errors VALUES (2, 'a', 40000, NULL)", "Out of range");
    expect_error(ERROR_PROGRAMMING, "SELECT * FROM nowhere", "doesn't exist. Run `migrate`");
    expect_error(ERROR_OPERATIONAL, "SELECT nothing FROM errors", "Unknown column 'nothing'");
    expect_error(ERROR_PROGRAMMING, "SELEC 1", "syntax");
    expect_error(ERROR_PROGRAMMING, "SELECT 1; SELECT 2", "syntax");
    EXPECT(strstr(EXPECT_RAISES(ERROR_PROGRAMMING, wrong_count, NULL)->message, "2 placeholders, and 1 values") != NULL);
    EXPECT_TEXT(ONE("SELECT COUNT(*) FROM errors"), "1");
    EXPECT_INT(capo_database_run("UPDATE errors SET n = 5", NULL, 0, DATABASE_WRITE)->changes, 1);
    EXPECT_INT(capo_database_run("UPDATE errors SET n = 5", NULL, 0, DATABASE_WRITE)->changes, 1);      /* rows found, as Django counts */
    EXPECT_INT(capo_database_run("SELECT 1", NULL, 0, DATABASE_READ)->changes, 0);
    ResultSet *made = capo_database_run("INSERT INTO errors (name, n) VALUES ('x', 1), ('y', 1) RETURNING id, name", NULL, 0, DATABASE_WRITE);
    EXPECT_INT(made->changes, 2);
    EXPECT_TEXT(capo_to_text(capo_cell(made, 1, 1)), "y");
    run_sql("ALTER TABLE errors ADD extra int DEFAULT 3");
    for (int i = 0; i < 2; i++)
        EXPECT_INT(capo_database_run("SELECT * FROM errors", NULL, 0, DATABASE_READ)->n_columns, 5);
    run_sql("ALTER TABLE errors DROP extra");
    EXPECT_INT(capo_database_run("SELECT * FROM errors", NULL, 0, DATABASE_READ)->n_columns, 4);
    run_sql("DROP TABLE errors");
}

TEST(mysql_many_statements_are_kept_and_old_ones_go)
{
    if (!open_with("?pool_size=1"))
        return;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 400; i++)
            EXPECT_INT(one_value(capo_format("SELECT %d", i), NULL, 0).integer, i);
    ResultSet *count = capo_database_run("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'", NULL, 0, DATABASE_READ);
    int64_t kept = strtoll(capo_cell(count, 0, 1).text, NULL, 10);
    EXPECT(kept > 60 && kept < 2000);
    EXPECT_INT(capo_database_figures().open, 1);
}

/* --- many fibers --- */

typedef struct Worker { int number, answers; bool ended; int code; const char *sql; } Worker;

static void work(void *argument)
{
    Worker *worker = argument;
    for (int i = 0; i < 10; i++) {
        Value values[] = { capo_value_int(worker->number), capo_value_text(capo_format("%d/%d", worker->number, i)) };
        ResultSet *result = capo_database_run("SELECT ?, ?", values, 2, DATABASE_READ);
        EXPECT_INT(capo_cell(result, 0, 0).integer, worker->number);
        EXPECT_TEXT(capo_cell(result, 0, 1).text, values[1].text);
        worker->answers++;
    }
}

static void run_slow(void *argument)
{
    const Worker *worker = argument;
    if (worker->number)
        capo_begin();
    capo_database_run(worker->sql, NULL, 0, DATABASE_WRITE);
}

static void worker_done(void *argument, Unit *unit, const Error *error)
{
    (void)unit;
    Worker *worker = argument;
    worker->ended = true;
    worker->code = error ? error->code : 0;
}

TEST(mysql_thirty_fibers_on_four_connections)
{
    if (!open_with("?pool_size=4&pool_wait=30s"))
        return;
    static Worker workers[30];
    memset(workers, 0, sizeof workers);
    for (int i = 0; i < 30; i++) {
        workers[i].number = i;
        capo_fiber_start("worker", work, &workers[i], worker_done, false);
    }
    for (int i = 0; i < 30; i++) {
        wait_for(&workers[i].ended);
        EXPECT_INT(workers[i].code, 0);
        EXPECT_INT(workers[i].answers, 10);
    }
    EXPECT_INT(capo_database_figures().in_use, 0);
    EXPECT(capo_database_figures().open <= 4);
}

/* Other fibers run while a statement does, and one that is cancelled is stopped on the server, its transaction undone. */
TEST(mysql_cancelled_statements_are_stopped_on_the_server)
{
    NEEDS_SERVER();
    for (int in_transaction = 0; in_transaction < 2; in_transaction++) {
        const char *count = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(30)%'";
        Worker slow = { .number = in_transaction, .sql = "SELECT SLEEP(30)" };
        Fiber *fiber = capo_fiber_start("slow", run_slow, &slow, worker_done, false);
        for (int i = 0; i < 400 && one_value(count, NULL, 0).integer == 0; i++)
            capo_sleep(0.01);
        EXPECT_INT(one_value(count, NULL, 0).integer, 1);
        fiber_cancel(fiber);
        wait_for(&slow.ended);
        EXPECT_INT(slow.code, ERROR_ABORTED);
        for (int i = 0; i < 400 && one_value(count, NULL, 0).integer; i++)
            capo_sleep(0.01);
        EXPECT_INT(one_value(count, NULL, 0).integer, 0);
        EXPECT_INT(capo_database_figures().in_use, 0);
    }
}

static size_t read_all(size_t batch)
{
    Value most = capo_value_int(3000);
    DatabaseCursor *cursor = capo_database_cursor("SELECT seq, CONCAT('text ', seq) FROM seq_1_to_10000 WHERE seq <= ?", &most, 1);
    size_t rows = 0;
    for (;;) {
        ResultSet *result = capo_database_cursor_fetch(cursor, batch);
        if (!result->n_rows)
            break;
        for (size_t i = 0; i < result->n_rows; i++) {
            EXPECT_INT(capo_cell(result, i, 0).integer, (long long)++rows);
            EXPECT_TEXT(capo_cell(result, i, 1).text, capo_format("text %zu", rows));
        }
        if (capo_in_transaction())
            EXPECT_TEXT(ONE("SELECT 5"), "5");          /* between the batches, on the same connection */
    }
    capo_database_cursor_close(cursor);
    return rows;
}

TEST(mysql_cursors_alone_and_in_a_transaction)
{
    NEEDS_SERVER();
    EXPECT_INT(read_all(1000), 3000);
    EXPECT_INT(read_all(77), 3000);
    EXPECT_INT(capo_database_figures().in_use, 0);
    capo_begin();
    EXPECT_INT(read_all(1000), 3000);
    capo_commit();
    EXPECT_INT(capo_database_figures().in_use, 0);
    DatabaseCursor *cursor = capo_database_cursor("SELECT seq FROM seq_1_to_10000", NULL, 0);
    EXPECT_INT(capo_database_cursor_fetch(cursor, 10)->n_rows, 10);         /* left half read: the end of the unit closes it */
}

static void in_transaction(void *unused)
{
    (void)unused;
    capo_begin();
    run_sql("INSERT INTO units VALUES (1)");
    capo_raise(404, "away");
}

TEST(mysql_transactions_and_savepoints)
{
    NEEDS_SERVER();
    run_sql("DROP TABLE IF EXISTS units");
    run_sql("CREATE TABLE units (n int PRIMARY KEY) ENGINE=InnoDB");
    EXPECT_RAISES(404, in_transaction, NULL);
    EXPECT_TEXT(ONE("SELECT COUNT(*) FROM units"), "0");
    capo_begin();
    run_sql("INSERT INTO units VALUES (1)");
    capo_begin();
    EXPECT_RAISES(ERROR_INTEGRITY, run_sql, "INSERT INTO units VALUES (1)");
    EXPECT_RAISES(ERROR_TRANSACTION, run_sql, "SELECT 1");
    capo_rollback();
    capo_begin();
    run_sql("INSERT INTO units VALUES (2)");
    capo_commit();
    capo_commit();
    EXPECT_TEXT(ONE("SELECT GROUP_CONCAT(n ORDER BY n) FROM units"), "1,2");
    Statement statements[] = { { "INSERT INTO units VALUES (7)", NULL, 0 }, { "SELECT COUNT(*) FROM units", NULL, 0 } };
    ResultSet *results = capo_database_run_many(statements, 2, DATABASE_WRITE);
    EXPECT_INT(capo_cell(&results[1], 0, 0).integer, 3);
    EXPECT_INT(capo_database_figures().in_use, 0);
    run_sql("DROP TABLE units");
}

TEST(mysql_statement_timeout)
{
    if (!open_with("?statement_timeout=100ms&lock_timeout=2s"))
        return;
    int64_t started = capo_monotonic_us();
    expect_error(ERROR_OPERATIONAL, "SELECT COUNT(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b WHERE a.seq + b.seq = 3", "The statement was ended");
    EXPECT(capo_monotonic_us() - started < 4000000);
    EXPECT_TEXT(ONE("SELECT @@innodb_lock_wait_timeout"), "2");
    expect_error(ERROR_PROGRAMMING, "SELECT * FROM nowhere", "nowhere");
}

static void ask(void *unused)
{
    (void)unused;
    ONE("SELECT 1");
}

TEST(mysql_refusals_are_sentences_without_the_password)
{
    NEEDS_SERVER();
    const char *port = strrchr(getenv("CAPO_TEST_MYSQL"), ':') + 1;
    run_sql("CREATE OR REPLACE USER odd@'127.0.0.1' IDENTIFIED BY 'p@:/?#%''&'");
    capo_database_open(capo_format("mysql://odd:p%%40%%3A%%2F%%3F%%23%%25'%%26@127.0.0.1:%.5s", port));
    EXPECT_TEXT(ONE("SELECT 3"), "3");
    capo_database_open(capo_format("mysql://odd:wrongsecret@127.0.0.1:%.5s", port));
    const char *message = EXPECT_RAISES(ERROR_OPERATIONAL, ask, NULL)->message;
    EXPECT(strstr(message, "Access denied for user 'odd'") && !strstr(message, "wrongsecret"));
    capo_database_open("mariadb://capo:capo@127.0.0.1:1/capo");
    message = EXPECT_RAISES(ERROR_OPERATIONAL, ask, NULL)->message;
    EXPECT(strstr(message, "mariadb://capo@127.0.0.1:1/capo cannot be used") && !strstr(message, "capo:capo"));
    capo_database_open(capo_format("mysql://capo:capo@127.0.0.1:%.5s/nowhere", port));
    EXPECT(strstr(EXPECT_RAISES(ERROR_OPERATIONAL, ask, NULL)->message, "nowhere") != NULL);
    capo_database_open(capo_format("%s?sslmode=perhaps", getenv("CAPO_TEST_MYSQL")));
    EXPECT(strstr(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, ask, NULL)->message, "sslmode=perhaps") != NULL);
}
#endif

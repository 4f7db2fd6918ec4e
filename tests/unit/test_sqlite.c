/* SPDX-License-Identifier: BSD-3-Clause */
/* The database beneath the ORM: statements and values, errors in sentences, SQL functions, cursors, waiting for locks. */
#include <capo/testing.h>
#include <capo/loop.h>
#include "../../orm/internal.h"
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], file[96], url[128];

static void remove_folder(void *unused)
{
    (void)unused;
    const char *const names[] = { "", "-wal", "-shm", "-journal" };
    capo_database_close();
    chmod(folder, 0700);
    for (int i = 0; i < 4; i++)
        unlink(capo_format("%s%s", file, names[i]));
    rmdir(folder);
}

static void scratch_file(void)
{
    strcpy(folder, "/tmp/capo-sqlite-XXXXXX");
    EXPECT(mkdtemp(folder) != NULL);
    snprintf(file, sizeof file, "%s/db.sqlite3", folder);
    snprintf(url, sizeof url, "sqlite:%s", file);
    capo_database_open(url);
    capo_defer(remove_folder, NULL);
}

static void close_database(void *unused)
{
    (void)unused;
    capo_database_close();
}

static void scratch_memory(void)
{
    capo_database_open("sqlite::memory:");
    capo_defer(close_database, NULL);
}

static Value one_value(const char *sql, Value parameter)
{
    ResultSet *result = capo_database_run(sql, &parameter, parameter.kind == VALUE_NULL ? 0 : 1, DATABASE_READ);
    EXPECT_INT(result->n_rows, 1);
    return capo_cell(result, 0, 0);
}
#define ONE(sql) capo_to_text(one_value(sql, capo_value_null()))
#define ONE_OF(sql, x) capo_to_text(one_value(sql, VALUE(x)))

TEST(sqlite_binds_every_kind)
{
    scratch_memory();
    EXPECT_TEXT(ONE_OF("SELECT ?", INT64_MIN), "-9223372036854775808");
    EXPECT_TEXT(ONE_OF("SELECT ?", 1.5), "1.5");
    EXPECT_TEXT(ONE_OF("SELECT ?", "it's \"q\" ; --"), "it's \"q\" ; --");
    EXPECT_TEXT(ONE_OF("SELECT ?", (bool)true), "1");
    EXPECT_TEXT(ONE_OF("SELECT typeof(?)", ((Decimal){ "9.90" })), "text");
    EXPECT_TEXT(ONE_OF("SELECT ?", capo_date(2026, 11, 22)), "2026-11-22");
    EXPECT_TEXT(ONE_OF("SELECT ?", capo_time(8, 30, 0, 5)), "08:30:00.000005");
    EXPECT_TEXT(ONE_OF("SELECT ?", ((DateTime){ INT64_C(1795336200000000) })), "2026-11-22 08:30:00");
    EXPECT_TEXT(ONE_OF("SELECT ?", ((DateTime){ -1 })), "1969-12-31 23:59:59.999999");
    EXPECT_TEXT(ONE_OF("SELECT ?", ((Duration){ 90000000 })), "90000000");
    Uuid uuid;
    EXPECT(capo_parse_uuid("12345678-1234-5678-1234-567812345678", &uuid));
    EXPECT_TEXT(ONE_OF("SELECT ?", uuid), "12345678123456781234567812345678");
    EXPECT_TEXT(capo_to_text(one_value("SELECT hex(?)", capo_value_bytes("\0\1", 2))), "0001");
    EXPECT_TEXT(capo_to_text(one_value("SELECT ?", capo_value_list(capo_list_of(capo_value_strings(LIST("a", "b")))))), "[\"a\", \"b\"]");
}

/* SEC-280: a value is bound, so whatever it holds comes back byte for byte, and the statement's text is the same. */
TEST(sec_280_hostile_texts_round_trip)
{
    scratch_memory();
    capo_sql_run("CREATE TABLE t (id integer PRIMARY KEY, x text)");
    uint32_t seed = 12345;
    for (int i = 0; i < 2000; i++) {
        static const char *const pieces[] = { "'", "\"", ";", "--", "/*", "\\", "%", "_", "?", "$1", "`", "\n", "DROP TABLE t", "\xc3\xa9", "\xf0\x9f\x98\x80", "a", "]" };
        Buffer text = { 0 };
        for (int k = 0; k < 8; k++) {
            seed = seed * 1664525 + 1013904223;
            capo_put(&text, pieces[(seed >> 16) % (sizeof pieces / sizeof *pieces)]);
        }
        capo_sql_run("INSERT INTO t (x) VALUES (?)", capo_buffer_text(&text));
        EXPECT_TEXT(ONE("SELECT x FROM t ORDER BY id DESC LIMIT 1"), capo_buffer_text(&text));
    }
    EXPECT_TEXT(ONE("SELECT count(*) FROM t"), "2000");
}

static void run_sql(void *sql) { capo_sql_run_with(sql, NULL, 0); }
#define EXPECT_SQL_ERROR(code, sql, sentence) EXPECT_TEXT(EXPECT_RAISES(code, run_sql, (void *)(sql))->message, sentence)

TEST(sqlite_errors_are_classes_and_sentences)
{
    scratch_memory();
    capo_sql_run("CREATE TABLE t (id integer PRIMARY KEY, x text NOT NULL UNIQUE, y integer CHECK (y > 0))");
    capo_sql_run("INSERT INTO t (x, y) VALUES ('a', 1)");
    EXPECT_SQL_ERROR(ERROR_INTEGRITY, "INSERT INTO t (x, y) VALUES ('a', 1)", "UNIQUE constraint failed: t.x");
    EXPECT_SQL_ERROR(ERROR_INTEGRITY, "INSERT INTO t (x, y) VALUES (NULL, 1)", "NOT NULL constraint failed: t.x");
    EXPECT_SQL_ERROR(ERROR_INTEGRITY, "INSERT INTO t (x, y) VALUES ('b', 0)", "CHECK constraint failed: y > 0");
    EXPECT_SQL_ERROR(ERROR_OPERATIONAL, "SELECT * FROM blog_post", "no such table: blog_post. Run `migrate`.");
    EXPECT_SQL_ERROR(ERROR_OPERATIONAL, "SELECT \"z\" FROM t", "no such column: z. Run `migrate`.");
    EXPECT_SQL_ERROR(ERROR_PROGRAMMING, "SELEC 1", "near \"SELEC\": syntax error");
    EXPECT_SQL_ERROR(ERROR_PROGRAMMING, "SELECT ?", "The statement has 1 placeholders, and 0 values were given.");
    EXPECT_SQL_ERROR(ERROR_PROGRAMMING, "SELECT 1; DROP TABLE t", "One statement at a time: there is more behind the first one, \" DROP TABLE t\".");
}

static void open_and_select(void *database)
{
    capo_database_open(database);
    ONE("SELECT 1");
}

TEST(sqlite_says_why_it_cannot_open)
{
    scratch_file();
    EXPECT_TEXT(EXPECT_RAISES(ERROR_OPERATIONAL, open_and_select, "sqlite:/tmp/capo-none/db.sqlite3")->message,
                "The database /tmp/capo-none/db.sqlite3 cannot be opened: the folder /tmp/capo-none does not exist. Create it, or change DATABASE_URL.");
    EXPECT_TEXT(EXPECT_RAISES(ERROR_OPERATIONAL, open_and_select, "sqlite:/tmp")->message,
                "The database /tmp cannot be opened: it is a folder. Name a file in DATABASE_URL.");
    EXPECT_TEXT(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, open_and_select, "sqlit:x")->message,
                "DATABASE_URL begins with \"sqlit:\", and there is no such database here. Did you mean 'sqlite'? Write for example sqlite:db.sqlite3, "
                "postgresql://user:password@host/database or mysql://user:password@host/database.");
    EXPECT_INT(capo_write_file(file, "this is no database, but a text of some length", 46), 0);
    EXPECT_TEXT(EXPECT_RAISES(ERROR_OPERATIONAL, open_and_select, url)->message,
                capo_format("The file %s is not an SQLite database, or it is damaged (file is not a database).", file));
}

TEST(sqlite_survives_on_disk_and_readers_see_it)
{
    scratch_file();
    capo_sql_run("CREATE TABLE t (x text)");
    capo_sql_run("INSERT INTO t VALUES (?)", "kept");
    EXPECT_TEXT(ONE("SELECT x FROM t"), "kept");
    capo_database_open(url);
    EXPECT_TEXT(ONE("SELECT x FROM t"), "kept");
    EXPECT_TEXT(ONE("PRAGMA journal_mode"), "wal");
    EXPECT_TEXT(ONE("PRAGMA foreign_keys"), "1");
}

/* A connection for reading cannot write, whatever is sent to it. */
static void write_through_reader(void *unused)
{
    (void)unused;
    capo_database_run("INSERT INTO t VALUES ('x')", NULL, 0, DATABASE_READ);
}

TEST(sqlite_readers_only_read)
{
    scratch_file();
    capo_sql_run("CREATE TABLE t (x text)");
    EXPECT_RAISES(ERROR_OPERATIONAL, write_through_reader, NULL);
}

TEST(sqlite_functions_are_djangos)
{
    scratch_memory();
    EXPECT_TEXT(ONE("SELECT django_datetime_extract('hour', '2026-11-22 23:30:00', 'America/Chicago', 'UTC')"), "17");
    EXPECT_TEXT(ONE("SELECT django_datetime_extract('week_day', '2026-11-22 08:30:00', NULL, NULL)"), "1");
    EXPECT_TEXT(ONE("SELECT django_date_extract('week', '2027-01-01')"), "53");
    EXPECT_TEXT(ONE("SELECT django_date_extract('iso_year', '2027-01-01')"), "2026");
    EXPECT_TEXT(ONE("SELECT django_date_extract('quarter', '2026-11-22')"), "4");
    EXPECT_TEXT(ONE("SELECT django_time_extract('minute', '08:31:02')"), "31");
    EXPECT_TEXT(ONE("SELECT django_datetime_trunc('month', '2026-12-01 03:00:00', 'America/Chicago', 'UTC')"), "2026-11-01 00:00:00");
    EXPECT_TEXT(ONE("SELECT django_date_trunc('week', '2026-11-22', NULL, NULL)"), "2026-11-16");
    EXPECT_TEXT(ONE("SELECT django_time_trunc('hour', '08:31:02', NULL, NULL)"), "08:00:00");
    EXPECT_TEXT(ONE("SELECT django_datetime_cast_date('2026-11-22 01:00:00', 'America/Chicago', 'UTC')"), "2026-11-21");
    EXPECT_TEXT(ONE("SELECT django_datetime_cast_time('2026-11-22 01:00:00.5', 'UTC', 'UTC')"), "01:00:00.500000");
    EXPECT_TEXT(ONE("SELECT django_datetime_extract('year', NULL, NULL, NULL)"), "None");
    EXPECT_TEXT(ONE("SELECT django_timestamp_diff('2026-11-22 01:00:00', '2026-11-21 01:00:00')"), "86400000000");
    EXPECT_TEXT(ONE("SELECT django_format_dtdelta('+', '2026-11-22 01:00:00', 1000000)"), "2026-11-22 01:00:01");
    EXPECT_TEXT(ONE("SELECT 'Hello' REGEXP '^h'"), "0");
    EXPECT_TEXT(ONE("SELECT 'Hello' REGEXP '(?i)^h\\w+$'"), "1");
    EXPECT_SQL_ERROR(ERROR_PROGRAMMING, "SELECT 'a' REGEXP '('", EXPECT_RAISES(ERROR_PROGRAMMING, run_sql, "SELECT 'a' REGEXP '('")->message);
    EXPECT_TEXT(ONE("SELECT LPAD('a', 4, 'xy')"), "xyxa");
    EXPECT_TEXT(ONE("SELECT RPAD('abc', 2, 'x')"), "ab");
    EXPECT_TEXT(ONE("SELECT REVERSE('a\xc3\xa9')"), "\xc3\xa9" "a");
    EXPECT_TEXT(ONE("SELECT MD5('abc')"), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_TEXT(ONE("SELECT SHA256('')"), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_TEXT(ONE("SELECT SHA1('abc')"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_TEXT(ONE("SELECT SHA1(REPEAT('a', 1000))"), "291e9a6c66994949b57ba5e650361e98fc36b1ba");
    EXPECT_TEXT(ONE("SELECT SHA224('abc')"), "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
    EXPECT_TEXT(ONE("SELECT substr(SHA384('abc'), 1, 32)"), "cb00753f45a35e8bb5a03d699ac65007");
    EXPECT_TEXT(ONE("SELECT POWER(2, 10)"), "1024");
    EXPECT_TEXT(ONE("SELECT CEILING(1.2) || FLOOR(-1.2)"), "2.0-2.0");
    EXPECT_TEXT(ONE("SELECT SIGN(-3)"), "-1");
    EXPECT_TEXT(ONE("SELECT STDDEV_POP(x) FROM (SELECT 2 AS x UNION ALL SELECT 4)"), "1.0");
    EXPECT_TEXT(ONE("SELECT VAR_SAMP(x) FROM (SELECT 2 AS x)"), "None");
    EXPECT_TEXT(ONE("SELECT RAND() < 1"), "1");
}

TEST(sqlite_cursors_read_in_batches)
{
    scratch_file();
    capo_sql_run("CREATE TABLE t (x integer)");
    capo_sql_run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250) INSERT INTO t SELECT i FROM n");
    DatabaseCursor *cursor = capo_database_cursor("SELECT x FROM t ORDER BY x", NULL, 0);
    int64_t sum = 0;
    int batches = 0;
    for (ResultSet *rows; (rows = capo_database_cursor_fetch(cursor, 100))->n_rows; batches++) {
        for (size_t i = 0; i < rows->n_rows; i++)
            sum += capo_cell(rows, i, 0).integer;
        EXPECT_TEXT(ONE("SELECT count(*) FROM t"), "250");
    }
    capo_database_cursor_close(cursor);
    EXPECT_INT(sum, 250 * 251 / 2);
    EXPECT_INT(batches, 3);
}

/* In memory there is one connection: the body of a loop may write through it. */
TEST(sqlite_cursors_in_memory_let_others_write)
{
    scratch_memory();
    capo_sql_run("CREATE TABLE t (x integer)");
    capo_sql_run("INSERT INTO t VALUES (1), (2), (3), (4)");
    DatabaseCursor *cursor = capo_database_cursor("SELECT x FROM t WHERE x < 5 ORDER BY rowid", NULL, 0);
    int n = 0;
    for (ResultSet *rows; (rows = capo_database_cursor_fetch(cursor, 2))->n_rows; n += (int)rows->n_rows)
        capo_sql_run("INSERT INTO t VALUES (?)", 10);
    capo_database_cursor_close(cursor);
    EXPECT_INT(n, 4);
    EXPECT_TEXT(ONE("SELECT count(*) FROM t"), "6");
}

/* SEC-302: a pattern that makes others backtrack for years is linear here. */
TEST(sec_302_patterns_are_linear)
{
    scratch_memory();
    int64_t start = capo_monotonic_us();
    char *text = capo_alloc(20001);
    memset(text, 'a', 20000);
    EXPECT_TEXT(ONE_OF("SELECT (? || '!') REGEXP '^(a+)+$'", text), "0");
    EXPECT(capo_monotonic_us() - start < 2000000);
}

/* SEC-304: the log shows no control bytes and no hashes of passwords. */
TEST(sec_304_log_is_clean)
{
    size_t count;
    scratch_memory();
    ONE_OF("SELECT ?", "a\x1b[31m\n'b");
    ONE_OF("SELECT ?", "argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA");
    const LoggedQuery *log = capo_logged_queries(&count);
    EXPECT_TEXT(log[count - 2].sql, "SELECT 'a\\x1b[31m\\x0a''b'");
    EXPECT_TEXT(log[count - 1].sql, "SELECT '********'");
}

/* A child opens connections of its own; its parent's go on. */
TEST(sqlite_after_a_fork)
{
    int status;
    scratch_file();
    capo_sql_run("CREATE TABLE t (x text)");
    ONE("SELECT count(*) FROM t");
    pid_t child = fork();
    if (child == 0) {
        capo_sql_run("INSERT INTO t VALUES ('child')");
        _exit(strcmp(ONE("SELECT x FROM t"), "child") ? 1 : 0);
    }
    EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status));
    EXPECT_INT(WEXITSTATUS(status), 0);
    capo_sql_run("INSERT INTO t VALUES ('parent')");
    EXPECT_TEXT(ONE("SELECT group_concat(x) FROM t"), "child,parent");
}

/* SEC-301: ever new statements do not grow the process. */
TEST(sec_301_statement_cache_is_capped)
{
    scratch_memory();
    for (int i = 0; i < 3000; i++)
        EXPECT_TEXT(ONE(capo_format("SELECT %d", i)), capo_format("%d", i));
}

/* SEC-290: a question mark inside a text, a name or a comment is no placeholder. */
TEST(sec_290_placeholders_only_in_code)
{
    scratch_memory();
    const char *sql = "SELECT '?' || \"?\".x /* ? */ || ? FROM (SELECT 'a' AS x) AS \"?\" -- ?";
    EXPECT_TEXT(ONE_OF(sql, "b"), "?ab");
    EXPECT_TEXT(capo_sql_filled(sql, &(Value){ .kind = VALUE_TEXT, .text = "it's\n", .size = 5 }, 1),
                "SELECT '?' || \"?\".x /* ? */ || 'it''s\\x0a' FROM (SELECT 'a' AS x) AS \"?\" -- ?");
}

/* SEC-291: names are quoted by doubling. */
TEST(sec_291_names_are_quoted)
{
    scratch_memory();
    const char *const names[] = { "a\"b", "select", "a]b`c'd", "\xc3\xa9t\xc3\xa9", "x; DROP TABLE y" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        capo_sql_run(capo_format("CREATE TABLE %s (x text)", capo_quote_name(names[i])));
        EXPECT_TEXT(ONE_OF("SELECT name FROM sqlite_master WHERE name = ?", names[i]), names[i]);
    }
}

TEST(sqlite_logs_statements)
{
    scratch_memory();
    size_t before = capo_database_statements(), count;
    ONE_OF("SELECT ?", "x");
    EXPECT_INT(capo_database_statements() - before, 1);
    const LoggedQuery *log = capo_logged_queries(&count);
    EXPECT_TEXT(log[count - 1].sql, "SELECT 'x'");
}

static void hold_lock(sqlite3 **ret)
{
    EXPECT_INT(sqlite3_open(file, ret), SQLITE_OK);
    EXPECT_INT(sqlite3_exec(*ret, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
}

static bool others_ran;
static void end_other_lock(void *db)
{
    others_ran = true;
    capo_sleep(0.05);
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
}

static int ticks;
static bool ended;
static void tick(void *unused)
{
    (void)unused;
    for (ticks = 0; !ended; ticks++)
        capo_sleep(0.001);
}

#define LONG_STATEMENT "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500000) SELECT count(*) FROM n"

/* A statement that works long lets other fibers run meanwhile. */
TEST(sqlite_long_statements_let_others_run)
{
    if (!capo_fiber_current())
        return;
    scratch_file();
    ended = false;
    capo_fiber_start("tick", tick, NULL, NULL, false);
    EXPECT_TEXT(ONE(LONG_STATEMENT), "1500000");
    ended = true;
    if (ticks < 3)
        capo_test_fail(__FILE__, __LINE__, "%d ticks", ticks);
    capo_sleep(0.01);
}

static void run_long(void *unused)
{
    (void)unused;
    ONE(LONG_STATEMENT);
}

static char long_code[32];
static void long_done(void *unused, struct Unit *unit, const Error *error)
{
    (void)unused;
    (void)unit;
    snprintf(long_code, sizeof long_code, "%s", error ? error->name : "none");
    ended = true;
}

/* One whose fiber is cancelled (its client went away) stops, and its connection is good for the next. */
TEST(sqlite_long_statements_can_be_cancelled)
{
    if (!capo_fiber_current())
        return;
    scratch_file();
    ended = false;
    Fiber *fiber = capo_fiber_start("long", run_long, NULL, long_done, true);
    fiber_cancel(fiber);
    for (int i = 0; i < 2000 && !ended; i++)
        capo_sleep(0.002);
    EXPECT(ended);
    EXPECT_TEXT(long_code, "RequestAborted");
    EXPECT_TEXT(ONE("SELECT 1"), "1");
}

/* Another process has the lock: this fiber waits, others go on, and the write succeeds. */
TEST(sqlite_waits_for_other_processes)
{
    sqlite3 *other;
    scratch_file();
    capo_sql_run("CREATE TABLE t (x text)");
    hold_lock(&other);
    others_ran = false;
    if (capo_fiber_current()) {
        capo_fiber_start("unlock", end_other_lock, other, NULL, false);
        capo_sql_run("INSERT INTO t VALUES ('x')");
        EXPECT(others_ran);
    }
    sqlite3_close_v2(other);
}

TEST(sqlite_read_only_file)
{
    if (geteuid() == 0)
        return;             /* root may write everything */
    scratch_file();
    capo_sql_run("CREATE TABLE t (x text)");
    capo_database_close();
    chmod(file, 0400);
    chmod(folder, 0500);
    capo_database_open(url);
    const Error *error = EXPECT_RAISES(ERROR_OPERATIONAL, run_sql, "INSERT INTO t VALUES ('x')");
    EXPECT(strstr(error->message, "is read-only") != NULL);
}

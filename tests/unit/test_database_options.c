/* SPDX-License-Identifier: BSD-3-Clause */
/* What may stand behind the '?' of a database's URL: each option does what docs/databases.md says, and no other is taken. The database
 * under test is opened with them (CAPO_TEST_DATABASE; else SQLite in memory). */
#include <capo/testing.h>
#include <capo/loop.h>
#include "../orm/models.h"
#include "database_under_test.h"
#include "database_servers.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void close_database(void *unused) { (void)unused; capo_database_close(); }

static const char *url_under_test(void)
{
    const char *url = getenv("CAPO_TEST_DATABASE");
    return url && *url ? url : "sqlite::memory:";
}

/* Without opening it. */
static bool under_test(const char *kind) { return !strcmp(capo_backend_of_url(url_under_test())->name, kind); }

static void open_with(const char *options)
{
    capo_database_open(capo_format("%s%s", url_under_test(), options));
    capo_defer(close_database, NULL);
}

static void parse(void *url) { parsed_url(url); }
static const char *refusal(const char *url) { return EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, parse, (char *)url)->message; }

/* --- names and values --- */

TEST(options_unknown_ones_are_named_with_those_there_are)
{
    EXPECT_TEXT(refusal("sqlite:db.sqlite3?pool_sise=4"),
                "DATABASE_URL has the option \"pool_sise\", which SQLite does not know. Did you mean 'pool_size'? Its options are pool_size, pool_wait, statement_timeout, "
                "lock_timeout, timeout, init_command, transaction_mode.");
    EXPECT(strstr(refusal("sqlite:db.sqlite3?search_path=a"), "\"search_path\", which SQLite does not know") != NULL);
    EXPECT(strstr(refusal("sqlite:db.sqlite3?conn_max_age=60"), "does not know. Its options are") != NULL);
#ifdef CAPO_HAS_POSTGRESQL
    const char *said = refusal("postgresql://u:hush@host/db?conn_max_age=60");
    EXPECT(strstr(said, "\"conn_max_age\", which PostgreSQL does not know. It is pool_max_age here. Its options are pool_size, ") != NULL);
    EXPECT(strstr(said, "; of its driver: ") && strstr(said, ", sslmode, ") && strstr(said, " service, ") && !strstr(said, "hush"));
    EXPECT(strstr(refusal("postgresql://host/db?DISABLE_SERVER_SIDE_CURSORS=true"), "It is server_cursors=off here.") != NULL);
    EXPECT(strstr(refusal("postgresql://host/db?ssl_mode=require"), "It is sslmode here.") != NULL);
    EXPECT(strstr(refusal("postgresql://host/db?client_encoding=LATIN1"), "\"client_encoding\", which PostgreSQL does not know") != NULL);
    EXPECT_TEXT(capo_database_option(parsed_url("postgresql://host/db?target_session_attrs=read-write"), "target_session_attrs"), "read-write");
    EXPECT_TEXT(capo_database_option(parsed_url("postgresql:///?service=site"), "service"), "site");
    EXPECT_TEXT(refusal("postgresql://host/db?prepared=perhaps"), "prepared=perhaps in DATABASE_URL is neither on nor off.");
    EXPECT(parsed_url("postgresql://host/db?prepared=off&server_cursors=false")->no_prepared && !parsed_url("postgresql://host/db?prepared=on")->no_prepared);
#endif
#ifdef CAPO_HAS_MYSQL
    EXPECT(strstr(refusal("mysql://host/db?unix_socket=/run/x"), "which MariaDB does not know. It is socket here.") != NULL);
    EXPECT(strstr(refusal("mysql://host/db?prepared=off"), "\"prepared\", which MariaDB does not know") != NULL);
    EXPECT(strstr(refusal("mysql://host/db?charset=latin1"), "charset=latin1 in DATABASE_URL is not spoken") != NULL);
    parsed_url("mysql://host/db?charset=utf8mb4");
#endif
    EXPECT_TEXT(refusal("sqlite:db.sqlite3?transaction_mode=soon"), "transaction_mode=soon in DATABASE_URL is no way to begin a transaction: deferred, immediate or exclusive.");
    EXPECT_TEXT(refusal("sqlite:db.sqlite3?timeout=long"), "timeout=long in DATABASE_URL is no time: write 30s, 500ms, 5min or a number of seconds.");
}

TEST(options_of_a_file_stand_behind_its_path)
{
    const DatabaseAddress *address = parsed_url("sqlite:/var/lib/site.sqlite3?timeout=20&transaction_mode=deferred&init_command=PRAGMA%20cache_size%3D1&statement_timeout=2s");
    EXPECT_TEXT(address->database, "/var/lib/site.sqlite3");
    EXPECT_TEXT(address->shown, "sqlite:/var/lib/site.sqlite3");
    EXPECT_INT(address->lock_timeout, 20000);
    EXPECT_INT(address->statement_timeout, 2000);
    EXPECT_TEXT(address->transaction_mode, "DEFERRED");
    EXPECT_TEXT(address->init_command, "PRAGMA cache_size=1");
    EXPECT_TEXT(parsed_url("sqlite:///db.sqlite3?timeout=1")->database, "db.sqlite3");
    EXPECT_TEXT(parsed_url("sqlite:////var/db")->database, "/var/db");
    EXPECT_INT(parsed_url("sqlite:db.sqlite3")->lock_timeout, 5000);
    EXPECT_INT(parsed_url("sqlite:db.sqlite3")->pool_size, 8);
}

/* --- each kind of database --- */

TEST(options_init_command_runs_on_each_new_connection)
{
    if (under_test("sqlite")) {
        open_with("?init_command=PRAGMA%20cache_size%3D-777%3B%20PRAGMA%20temp_store%3D1");
        EXPECT_INT(number("PRAGMA cache_size"), -777);
        EXPECT_INT(number("PRAGMA temp_store"), 1);
        EXPECT_INT(number("PRAGMA foreign_keys"), 1);           /* of ourselves, always */
    } else if (under_test("postgresql")) {
        open_with("?pool_size=1&init_command=SET%20work_mem%3D'777kB'%3B%20SET%20application_name%3D'a%3Bb'");
        EXPECT_TEXT(text_of_cell("SELECT current_setting('work_mem')", 0), "777kB");
        EXPECT_TEXT(text_of_cell("SELECT current_setting('application_name')", 0), "a;b");
    } else {
        open_with("?init_command=SET%20SESSION%20sort_buffer_size%3D77824%3B%20SET%20%40site%3D'a%3Bb'");
        EXPECT_INT(number("SELECT @@SESSION.sort_buffer_size"), 77824);
        EXPECT_TEXT(text_of_cell("SELECT @site", 0), "a;b");
    }
    open_with("?init_command=NONSENSE%20HERE");
    const Error *error = EXPECT_RAISES(ERROR_PROGRAMMING, run_sql, "SELECT 1");
    EXPECT(strstr(error->message, "failed at \"NONSENSE HERE\"") != NULL);
    EXPECT_INT(capo_database_figures().in_use, 0);
}

TEST(options_statement_timeout_ends_a_statement_on_each_database)
{
    open_with("?statement_timeout=100ms");
    int64_t started = capo_monotonic_us();
    const char *slow = under_test("sqlite") ? "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000000) SELECT max(i) FROM n"
        : under_test("postgresql") ? "SELECT count(*) FROM generate_series(1, 300000000)"
        : "SELECT COUNT(*) FROM information_schema.COLLATIONS a, information_schema.COLLATIONS b, information_schema.COLLATIONS c, information_schema.COLLATIONS d "
          "WHERE a.ID + b.ID + c.ID + d.ID = -3";
    const Error *error = EXPECT_RAISES(ERROR_OPERATIONAL, run_sql, (char *)slow);
    EXPECT(strstr(error->message, "The statement was ended") != NULL);
    EXPECT(capo_monotonic_us() - started < 4000000);
    EXPECT_INT(number("SELECT 1"), 1);
}

typedef struct Locker { bool began, ended; int code; char message[256]; double seconds; } Locker;

static void lock_row(void *argument)
{
    Locker *locker = argument;
    capo_begin();
    capo_sql_run("UPDATE library_genre SET name = name");
    locker->began = true;
    capo_sleep(locker->seconds);
    capo_commit();
}

static void locker_done(void *argument, Unit *unit, const Error *error)
{
    Locker *locker = argument;
    (void)unit;
    locker->ended = true;
    locker->code = error ? error->code : 0;
    snprintf(locker->message, sizeof locker->message, "%s", error ? error->message : "");
}

/* Of a file: two programs, as which two connections of our own stand in. */
static void lock_of_a_file(void)
{
    char path[] = "/tmp/capo-options-XXXXXX";
    int fd = mkstemp(path);
    EXPECT(fd >= 0);
    close(fd);
    capo_database_open(capo_format("sqlite:%s?timeout=200ms&transaction_mode=immediate", path));
    run_sql("CREATE TABLE t (n int)");
    DatabaseFailure failure = { 0 };
    ResultSet ignored = { 0 };
    const DatabaseAddress *address = parsed_url(capo_format("sqlite:%s", path));
    Connection *other = capo_sqlite_backend.open(address, false, &failure);
    EXPECT(other && capo_sqlite_backend.run(other, "BEGIN IMMEDIATE", NULL, 0, &ignored, &failure));
    int64_t started = capo_monotonic_us();
    const Error *error = EXPECT_RAISES(ERROR_OPERATIONAL, run_sql, "INSERT INTO t VALUES (1)");
    int64_t took = capo_monotonic_us() - started;
    EXPECT(strstr(error->message, "is locked") != NULL);
    EXPECT(took >= 200000 && took < 3000000);
    EXPECT(capo_sqlite_backend.run(other, "ROLLBACK", NULL, 0, &ignored, &failure));
    capo_sqlite_backend.close(other, false);
    run_sql("INSERT INTO t VALUES (1)");
    capo_database_close();
    for (int i = 0; i < 3; i++)
        unlink(capo_format("%s%s", path, i == 1 ? "-wal" : i ? "-shm" : ""));
}

TEST(options_lock_timeout_ends_the_wait_on_each_database)
{
    capo_test_database();
    if (database_is("sqlite")) {
        lock_of_a_file();
        return;
    }
    capo_sql_run("INSERT INTO library_genre (name) VALUES (?)", "x");
    open_with("?lock_timeout=1s&pool_size=4");
    Locker first = { .seconds = 3 }, second = { 0 };
    capo_fiber_start("first", lock_row, &first, locker_done, false);
    wait_for(&first.began);
    int64_t started = capo_monotonic_us();
    capo_fiber_start("second", lock_row, &second, locker_done, false);
    wait_for(&second.ended);
    int64_t took = capo_monotonic_us() - started;
    EXPECT_INT(second.code, ERROR_OPERATIONAL);
    EXPECT(strstr(second.message, "A lock was not free in time") != NULL);
    EXPECT(took >= 800000 && took < 2800000);
    wait_for(&first.ended);
    EXPECT_INT(first.code, 0);
}

/* --- SQLite --- */

TEST(options_a_timeout_inside_a_transaction_leaves_no_half_of_it)
{
    if (!under_test("sqlite"))
        return;
    open_with("?statement_timeout=50ms");
    run_sql("CREATE TABLE t (n int)");
    run_sql("INSERT INTO t VALUES (1)");
    capo_begin();
    run_sql("INSERT INTO t VALUES (2)");
    capo_begin();
    /* SQLite ends the whole transaction where a change is interrupted. */
    EXPECT_RAISES(ERROR_OPERATIONAL, run_sql, "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000000) SELECT max(i) FROM n");
    capo_rollback();
    EXPECT_RAISES(ERROR_TRANSACTION, run_sql, "INSERT INTO t VALUES (3)");
    capo_rollback();
    EXPECT_INT(number("SELECT count(*) FROM t"), 1);
    capo_begin();
    run_sql("INSERT INTO t VALUES (4)");
    capo_commit();
    EXPECT_INT(number("SELECT count(*) FROM t"), 2);
}

static void begin_transaction(void *unused) { (void)unused; capo_begin(); }

TEST(options_transaction_mode_of_sqlite)
{
    if (!under_test("sqlite"))
        return;
    char path[] = "/tmp/capo-options-XXXXXX";
    int fd = mkstemp(path);
    EXPECT(fd >= 0);
    close(fd);
    DatabaseFailure failure = { 0 };
    ResultSet ignored = { 0 };
    Connection *other = capo_sqlite_backend.open(parsed_url(capo_format("sqlite:%s", path)), false, &failure);
    EXPECT(other && capo_sqlite_backend.run(other, "BEGIN IMMEDIATE", NULL, 0, &ignored, &failure));
    capo_database_open(capo_format("sqlite:%s?timeout=20ms", path));
    EXPECT_RAISES(ERROR_OPERATIONAL, begin_transaction, NULL);      /* a transaction of ours will write: it waits at once */
    capo_database_open(capo_format("sqlite:%s?timeout=20ms&transaction_mode=deferred", path));
    capo_begin();
    EXPECT_INT(number("SELECT 1"), 1);
    EXPECT_RAISES(ERROR_OPERATIONAL, run_sql, "CREATE TABLE t (n int)");
    capo_rollback();
    capo_sqlite_backend.close(other, false);
    capo_database_close();
    for (int i = 0; i < 3; i++)
        unlink(capo_format("%s%s", path, i == 1 ? "-wal" : i ? "-shm" : ""));
}

/* --- poolers and schemas --- */

TEST(options_nothing_prepared_and_no_cursors_behind_a_pooler)
{
    capo_test_database();
    if (database_is("sqlite"))
        return;
    capo_sql_run("INSERT INTO library_genre (name) VALUES (?), (?), (?)", "a", "b", "c");
    open_with(database_is("postgresql") ? "?pool_size=1&pool_shared=0&prepared=off&server_cursors=off" : "?pool_size=1&server_cursors=off");
    for (int round = 0; round < 2; round++) {
        Buffer seen = { 0 };
        capo_each(Genre, genre, .query = capo_query_chunk(capo_query(Genre, .order_by = LIST("name")), 2)) {
            capo_put(&seen, genre->name);
            if (database_is("postgresql"))
                EXPECT_INT(number("SELECT count(*) FROM pg_cursors WHERE name LIKE 'capo%'"), 0);
        }
        EXPECT_TEXT(capo_buffer_text(&seen), "abc");
    }
    EXPECT_INT(capo_count(Genre, .where = { .name = GT("a") }), 2);
    if (database_is("postgresql"))
        EXPECT_INT(number("SELECT count(*) FROM pg_prepared_statements"), 0);
    capo_begin();
    EXPECT_INT(capo_count(Genre), 3);
    capo_commit();
}

TEST(options_search_path_of_postgresql)
{
    capo_test_database();
    if (!database_is("postgresql"))
        return;
    run_sql("DROP SCHEMA IF EXISTS \"Tenant a\" CASCADE");
    run_sql("CREATE SCHEMA \"Tenant a\"");
    run_sql("CREATE TABLE \"Tenant a\".library_genre (LIKE public.library_genre INCLUDING ALL)");
    run_sql("INSERT INTO \"Tenant a\".library_genre (id, name) VALUES (1, 'theirs')");
    EXPECT_INT(capo_count(Genre), 0);
    open_with("?search_path=%22Tenant%20a%22%2Cpublic");
    EXPECT_TEXT(((Genre *)capo_get(Genre))->name, "theirs");
    open_with("?options=-csearch_path%3Dpublic");
    EXPECT_INT(capo_count(Genre), 0);
    run_sql("DROP SCHEMA \"Tenant a\" CASCADE");
}

TEST(options_service_file_of_postgresql)
{
    if (!under_test("postgresql"))
        return;
    const DatabaseAddress *address = parsed_url(url_under_test());
    char path[] = "/tmp/capo-service-XXXXXX";
    int fd = mkstemp(path);
    const char *text = capo_format("[site]\nhost=%s\nport=%d\nuser=%s\npassword=%s\ndbname=%s\n", address->host, address->port, address->user, address->password, address->database);
    EXPECT(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    setenv("PGSERVICEFILE", path, 1);
    capo_database_open("postgresql:///?service=site");
    capo_defer(close_database, NULL);
    EXPECT_TEXT(text_of_cell("SELECT current_database()", 0), address->database);
    unsetenv("PGSERVICEFILE");
    unlink(path);
}

/* --- idle connections --- */

TEST(options_idle_connections_are_closed_also_when_nobody_asks)
{
    if (under_test("sqlite"))
        return;
    capo_test_database();
    open_with(under_test("postgresql") ? "?pool_size=4&pool_shared=1&pool_max_idle=150ms&pool_min_idle=2" : "?pool_size=4&pool_max_idle=150ms&pool_min_idle=2");
    Locker lockers[4];
    for (int i = 0; i < 4; i++) {
        lockers[i] = (Locker){ .seconds = 0.05 };
        capo_fiber_start("locker", lock_row, &lockers[i], locker_done, false);
    }
    for (int i = 0; i < 4; i++)
        wait_for(&lockers[i].ended);
    EXPECT_INT(number("SELECT 1"), 1);
    DatabaseFigures before = capo_database_figures();
    EXPECT(before.open >= 4);
    EXPECT_INT(before.retired, 0);
    capo_sleep(0.6);                                        /* nothing but the timer runs meanwhile */
    DatabaseFigures after = capo_database_figures();
    EXPECT_INT(after.open, 2);
    EXPECT_INT(after.retired, before.open - 2);
    EXPECT_INT(after.lost, 0);
    EXPECT_INT(number("SELECT 2"), 2);
    open_with("?pool_max_idle=50ms&pool_min_idle=0");
    EXPECT_INT(number("SELECT 3"), 3);
    EXPECT_INT(capo_database_figures().open, 1);
    capo_sleep(0.3);
    EXPECT_INT(capo_database_figures().open, 0);
    EXPECT_INT(number("SELECT 4"), 4);
}

/* --- MariaDB and MySQL --- */

static void insert_long(void *unused) { (void)unused; capo_sql_run("INSERT INTO library_genre (name) VALUES (?)", "a name that is longer than any column of a genre can be, and so must not be cut off: strict mode refuses it. And so on, up to the end "
    "of two hundred and fifty-five letters, which is what the longest of these columns takes, if it is one of those that take so many and not of those that take less."); }

TEST(options_session_of_mysql_is_strict_utf8mb4_and_read_committed)
{
    capo_test_database();
    if (!database_is("mysql"))
        return;
    capo_sql_run("INSERT INTO library_genre (name) VALUES (?)", "caf\u00e9 \U0001F600");
    EXPECT_TEXT(((Genre *)capo_get(Genre, .where = { .name = ENDSWITH("\U0001F600") }))->name, "caf\u00e9 \U0001F600");
    EXPECT_TEXT(text_of_cell("SELECT @@character_set_client", 0), "utf8mb4");
    EXPECT_TEXT(text_of_cell("SELECT @@character_set_connection", 0), "utf8mb4");
    EXPECT_TEXT(text_of_cell("SELECT ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'library_genre'", 0), "InnoDB");
    EXPECT(strstr(text_of_cell("SELECT @@SESSION.sql_mode", 0), "STRICT_TRANS_TABLES") != NULL);
    EXPECT_RAISES(ERROR_DATA, insert_long, NULL);
    open_with("?isolation=serializable");
    EXPECT_TEXT(text_of_cell("SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation')", 1), "SERIALIZABLE");
    open_with("");
    EXPECT_TEXT(text_of_cell("SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation')", 1), "READ-COMMITTED");
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What is left half done: cursors that outlive their transaction, failures between statements, hooks that fail after the commit. Whatever a
 * unit leaves behind, no other unit's transaction may notice, and what was told as committed is there. */
#include <capo/testing.h>
#include "../orm/models.h"
#include "database_under_test.h"
#include "scratch_folder.h"
#include "../../orm/internal.h"
#include "../../orm/transaction.h"
#include <capo/loop.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void close_database(void *unused)
{
    (void)unused;
    capo_database_close();
}

/* The one under test; SQLite's as a file, where reading and writing have connections of their own. */
static void open_numbers(const char *options)
{
    const char *url = getenv("CAPO_TEST_DATABASE");
    if (url && *url) {
        open_empty_database();
        capo_database_open(capo_format("%s%s", url, options));
    } else {
        enter_scratch_folder();
        capo_database_open(capo_format("sqlite:numbers.sqlite3%s", options));
        capo_defer(close_database, NULL);
    }
    capo_sql_run("CREATE TABLE numbers (n integer PRIMARY KEY, m integer)");
    for (int i = 0; i < 60; i += 6)
        capo_sql_run(capo_format("INSERT INTO numbers VALUES (%d, 0), (%d, 0), (%d, 0), (%d, 0), (%d, 0), (%d, 0)", i, i + 1, i + 2, i + 3, i + 4, i + 5));
}

static int64_t ask(const char *sql) { return atoll(capo_to_text(capo_cell(capo_database_run(sql, NULL, 0, DATABASE_READ), 0, 0))); }
static void run_sql(void *sql) { capo_database_run(sql, NULL, 0, DATABASE_WRITE); }
static void commit(void *unused) { (void)unused; capo_commit(); }
static bool is_sqlite(void)
{
    const char *url = getenv("CAPO_TEST_DATABASE");
    return !url || !*url;
}

static void wait_for(const volatile bool *flag)
{
    for (int i = 0; i < 2000 && !*flag; i++)
        capo_sleep(0.005);
    EXPECT(*flag);
}

static void fetch_more(void *cursor) { capo_database_cursor_fetch(cursor, 10); }

/* --- cursors --- */

static DatabaseCursor *half_read(void)
{
    DatabaseCursor *cursor = capo_database_cursor("SELECT n FROM numbers ORDER BY n", NULL, 0);
    EXPECT_INT(capo_database_cursor_fetch(cursor, 10)->n_rows, 10);
    return cursor;
}

typedef struct Other { bool began, ended, go; int code; } Other;

/* A transaction of another unit, on the connection that is free. */
static void add_two(void *argument)
{
    Other *other = argument;
    capo_begin();
    run_sql("INSERT INTO numbers VALUES (100, 1)");
    other->began = true;
    while (!other->go)
        capo_sleep(0.002);
    run_sql("INSERT INTO numbers VALUES (101, 1)");
    capo_commit();
}

static void other_ended(void *argument, Unit *unit, const Error *error)
{
    (void)unit;
    Other *other = argument;
    other->code = error ? error->code : 0;
    other->began = other->ended = true;
}

typedef struct Leaving { Other *other; bool rolls_back, fetches; Other end; } Leaving;

static void leave_and_end(void *argument)
{
    Leaving *leaving = argument;
    capo_begin();
    DatabaseCursor *cursor = half_read();
    if (leaving->rolls_back)
        capo_rollback();
    else
        capo_commit();
    capo_fiber_start("other", add_two, leaving->other, other_ended, false);
    while (!leaving->other->began)
        capo_sleep(0.002);
    if (leaving->fetches)
        EXPECT(strstr(EXPECT_RAISES(ERROR_TRANSACTION, fetch_more, cursor)->message, "is over") != NULL);
}

static void leaving_ended(void *argument, Unit *unit, const Error *error) { other_ended(&((Leaving *)argument)->end, unit, error); }

/* The unit ends while another has its connection: closing what it left open must not be heard there. */
TEST(broken_units_a_cursor_ends_with_its_transaction)
{
    open_numbers(is_sqlite() ? "" : "?pool_size=1");
    for (int way = 0; way < 4; way++) {
        Other other = { 0 };
        Leaving leaving = { &other, way % 2, way / 2, { 0 } };
        capo_fiber_start("leaving", leave_and_end, &leaving, leaving_ended, false);
        wait_for(&leaving.end.ended);
        EXPECT_INT(leaving.end.code, 0);
        other.go = true;
        wait_for(&other.ended);
        EXPECT_INT(other.code, 0);
        EXPECT_INT(ask("SELECT COUNT(*) FROM numbers WHERE m = 1"), 2);
        run_sql("DELETE FROM numbers WHERE m = 1");
        EXPECT_INT(capo_database_figures().in_use, 0);
        EXPECT_INT(capo_database_figures().lost, 0);
    }
}

/* A rollback to a savepoint takes the cursors with it that were opened since; the transaction goes on. */
TEST(broken_units_a_cursor_ends_with_its_savepoint)
{
    open_numbers("");
    capo_begin();
    run_sql("INSERT INTO numbers VALUES (100, 1)");
    DatabaseCursor *outer = half_read();
    capo_begin();
    DatabaseCursor *inner = half_read();
    capo_rollback();
    EXPECT_INT(capo_database_cursor_fetch(outer, 10)->n_rows, 10);
    EXPECT(strstr(EXPECT_RAISES(ERROR_TRANSACTION, fetch_more, inner)->message, "is over") != NULL);
    int64_t point = capo_savepoint();
    DatabaseCursor *third = half_read();
    capo_savepoint_rollback(point);
    EXPECT_RAISES(ERROR_TRANSACTION, fetch_more, third);
    capo_database_cursor_close(third);
    capo_database_cursor_close(inner);
    capo_database_cursor_close(outer);
    run_sql("INSERT INTO numbers VALUES (101, 1)");
    capo_commit();
    EXPECT_INT(ask("SELECT COUNT(*) FROM numbers WHERE m = 1"), 2);
}

static void loop_and_leave(void *argument)
{
    Other *other = argument;
    for (int i = 0; i < 12; i++)
        capo_each(Genre, genre, .order_by = LIST("id")) {
            if (genre->id > 0)
                break;
        }
    other->ended = true;
}

static int64_t first_id(void)
{
    capo_each(Genre, genre, .order_by = LIST("id"))
        return genre->id;
    return 0;
}

/* Each break would keep a connection to the end of the unit. */
TEST(broken_units_a_loop_that_is_left_gives_its_connection_back)
{
    capo_test_database();
    for (int i = 0; i < 300; i++)
        capo_sql_run("INSERT INTO library_genre (name) VALUES (?)", capo_format("genre %d", i));
    size_t in_use = capo_database_figures().in_use;
    Other other = { 0 };
    loop_and_leave(&other);
    EXPECT_INT(capo_database_figures().in_use, in_use);
    for (int i = 0; i < 12; i++)
        EXPECT_INT(first_id(), 1);
    EXPECT_INT(capo_database_figures().in_use, in_use);
}

/* The rows beyond the tenth cannot be read: what came before is lost with the transaction, and nobody says that it was kept. */
TEST(broken_units_a_fetch_that_fails_breaks_its_transaction)
{
    open_numbers("");
    const char *sql = database_is("postgresql") ? "SELECT 1 / (n - 30) FROM numbers ORDER BY n"
        : is_sqlite() ? "SELECT abs(CASE n WHEN 30 THEN -9223372036854775808 ELSE n END) FROM numbers ORDER BY n" : NULL;
    if (!sql)
        return;                             /* the server has all rows before it gives the first */
    capo_begin();
    run_sql("INSERT INTO numbers VALUES (100, 1)");
    DatabaseCursor *cursor = capo_database_cursor(sql, NULL, 0);
    EXPECT_INT(capo_database_cursor_fetch(cursor, 10)->n_rows, 10);
    const Error *error = NULL;
    for (int i = 0; i < 5 && !error; i++)
        error = capo_try(fetch_more, cursor);
    EXPECT(error && capo_is_database_error(error));
    EXPECT_RAISES(ERROR_TRANSACTION, commit, NULL);
    EXPECT(!capo_in_transaction());
    EXPECT_INT(ask("SELECT COUNT(*) FROM numbers WHERE n = 100"), 0);
}

typedef struct Nested { Other end; int *holding; int wanted; } Nested;

/* All hold one connection when each asks for its second. */
static void write_in_a_loop(void *argument)
{
    Nested *nested = argument;
    DatabaseCursor *cursor = half_read();
    for (++*nested->holding; *nested->holding < nested->wanted;)
        capo_sleep(0.002);
    DatabaseCursor *inner = half_read();
    capo_begin();
    run_sql(capo_format("INSERT INTO numbers VALUES (%d, 1)", 100 + nested->end.code));
    capo_commit();
    capo_database_cursor_close(inner);
    capo_database_cursor_close(cursor);
}

static void nested_ended(void *argument, Unit *unit, const Error *error) { other_ended(&((Nested *)argument)->end, unit, error); }

TEST(broken_units_those_that_hold_a_connection_do_not_wait_for_each_other)
{
    open_numbers("?pool_size=3&pool_wait=2s");
    int holding = 0;
    Nested all[3];
    int64_t since = capo_monotonic_us();
    for (int i = 0; i < 3; i++) {
        all[i] = (Nested){ { .code = i }, &holding, 3 };
        capo_fiber_start("nested", write_in_a_loop, &all[i], nested_ended, false);
    }
    for (int i = 0; i < 3; i++) {
        wait_for(&all[i].end.ended);
        EXPECT_INT(all[i].end.code, 0);
    }
    EXPECT(capo_monotonic_us() - since < 2000000);
    EXPECT_INT(ask("SELECT COUNT(*) FROM numbers WHERE m = 1"), 3);
    EXPECT_INT(capo_database_figures().in_use, 0);
    EXPECT(capo_database_figures().open <= 3 + 2);      /* and those that are shared, or SQLite's that writes */
}

/* --- hooks --- */

static int runs;

static void meet_a_conflict(void *unused)
{
    (void)unused;
    DatabaseFailure *failure = capo_alloc_struct(DatabaseFailure);
    *failure = (DatabaseFailure){ .code = ERROR_OPERATIONAL, .conflict = true };
    capo_raise_detail(ERROR_OPERATIONAL, failure, "Deadlock, in what a hook does by itself");
}

static void add_with_a_hook(void *unused)
{
    (void)unused;
    runs++;
    run_sql(capo_format("INSERT INTO numbers VALUES (%d, 1)", 100 + runs));
    capo_on_commit(meet_a_conflict, NULL);
}

static void retry_with_a_hook(void *unused) { capo_retry(add_with_a_hook, unused); }

/* What was committed is not done a second time since something behind the commit failed. */
TEST(broken_units_a_hook_that_fails_is_no_reason_to_try_again)
{
    open_numbers("");
    runs = 0;
    EXPECT_RAISES(ERROR_OPERATIONAL, retry_with_a_hook, NULL);
    EXPECT_INT(runs, 1);
    EXPECT_INT(ask("SELECT COUNT(*) FROM numbers WHERE m = 1"), 1);
}

/* --- tables that change under prepared statements --- */

static size_t columns_of(const char *sql) { return capo_database_run(sql, NULL, 0, DATABASE_READ)->n_columns; }

TEST(broken_units_all_columns_are_those_of_now)
{
    open_numbers("");
    for (int i = 0; i < 3; i++)
        EXPECT_INT(columns_of("SELECT * FROM numbers"), 2);
    run_sql("ALTER TABLE numbers ADD COLUMN k integer DEFAULT 7");
    ResultSet *rows = capo_database_run("SELECT * FROM numbers", NULL, 0, DATABASE_READ);
    EXPECT_INT(rows->n_columns, 3);
    EXPECT_TEXT(rows->names[2], "k");
    EXPECT_INT(capo_cell(rows, 59, 2).integer, 7);
    run_sql("ALTER TABLE numbers DROP COLUMN k");
    run_sql("ALTER TABLE numbers DROP COLUMN m");
    rows = capo_database_run("SELECT * FROM numbers", NULL, 0, DATABASE_READ);
    EXPECT_INT(rows->n_columns, 1);
    EXPECT_TEXT(rows->names[0], "n");
}

static void in_another_program(char *sql)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        capo_loop_after_fork();
        _exit(capo_try(run_sql, sql) != NULL);
    }
    EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Whichever of the connections it travels by, each of which has the old plan. */
TEST(broken_units_reads_survive_a_change_of_tables_on_each_connection)
{
    open_numbers("");
    DatabaseCursor *held[3];
    for (int i = 0; i < 3; i++) {                           /* three connections know the statement */
        held[i] = capo_database_cursor("SELECT n FROM numbers", NULL, 0);
        EXPECT_INT(columns_of("SELECT * FROM numbers WHERE n >= 0"), 2);
    }
    for (int i = 0; i < 3; i++)
        capo_database_cursor_close(held[i]);
    for (int i = 0; i < 3; i++) {
        capo_begin();
        EXPECT_INT(columns_of("SELECT * FROM numbers WHERE n >= 0"), 2);
        capo_commit();
    }
    in_another_program("ALTER TABLE numbers ADD COLUMN k integer DEFAULT 7");
    for (int i = 0; i < 6; i++)
        EXPECT_INT(columns_of("SELECT * FROM numbers WHERE n >= 0"), 3);
    Statement both[] = { { "SELECT * FROM numbers WHERE n >= 0", NULL, 0 }, { "SELECT * FROM numbers WHERE n >= 1", NULL, 0 } };
    EXPECT_INT(capo_database_run_many(both, 2, DATABASE_READ)[1].n_columns, 3);
}

static int64_t number_of_key(const char *sql) { return capo_sql_run_raw(sql, NULL, 0)->n_rows ? 1 : 0; }
static void insert_returning(void *sql) { number_of_key(sql); }

/* Where the library cannot read the rows that come back, since they are others than those of before, the row is there all the same. */
TEST(broken_units_an_insert_that_gives_rows_is_made_once)
{
    static char insert[] = "INSERT INTO keys (k) VALUES (5) RETURNING *";
    open_numbers("");
    if (database_is("mysql") && database_is_oracle_mysql())
        return;                                             /* no RETURNING */
    run_sql(database_is("mysql") ? "CREATE TABLE `keys` (k integer)" : "CREATE TABLE keys (k integer)");
    char *sql = database_is("mysql") ? "INSERT INTO `keys` (k) VALUES (5) RETURNING *" : insert;
    for (int i = 0; i < 3; i++)
        EXPECT_INT(number_of_key(sql), 1);
    in_another_program(database_is("mysql") ? "ALTER TABLE `keys` ADD COLUMN l integer" : "ALTER TABLE keys ADD COLUMN l integer");
    const Error *error = capo_try(insert_returning, sql);
    EXPECT(!error || capo_outcome_is_unknown(error));
    EXPECT_INT(ask(database_is("mysql") ? "SELECT COUNT(*) FROM `keys`" : "SELECT COUNT(*) FROM keys"), 4);
}

/* --- cursors and savepoints while statements of the driver's own are on their way --- */

TEST(broken_units_an_inner_rollback_after_a_change_of_tables_leaves_the_outer_one)
{
    open_numbers("");
    if (database_is("mysql"))
        return;                             /* DDL commits there */
    capo_begin();
    for (int i = 0; i < 3; i++)
        EXPECT_INT(ask("SELECT COUNT(*) FROM numbers"), 60);
    run_sql("INSERT INTO numbers VALUES (100, 1)");
    capo_begin();
    run_sql("CREATE TABLE more (n integer)");
    capo_rollback();
    run_sql("INSERT INTO numbers VALUES (101, 1)");
    capo_commit();
    EXPECT_INT(ask("SELECT COUNT(*) FROM numbers WHERE m = 1"), 2);
}

/* --- a child of a fork in the middle of a transaction --- */

static void fork_and_unwind(void *ret_status)
{
    capo_begin();
    run_sql("INSERT INTO numbers VALUES (100, 1)");
    DatabaseCursor *cursor = half_read();
    pid_t child = fork();
    if (child == 0) {
        capo_loop_after_fork();
        const Error *error = capo_try(run_sql, "INSERT INTO numbers VALUES (999, 1)");
        *(int *)ret_status = error && error->code == ERROR_OPERATIONAL ? 77 : 1;
        capo_raise(418, "the child leaves");
    }
    int status;
    EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status));
    *(int *)ret_status = WEXITSTATUS(status);
    EXPECT_INT(capo_database_cursor_fetch(cursor, 10)->n_rows, 10);
    run_sql("INSERT INTO numbers VALUES (101, 1)");
    capo_database_cursor_close(cursor);
    capo_commit();
}

TEST(broken_units_a_child_leaves_its_parents_transaction_alone)
{
    open_numbers("");
    pid_t parent = getpid();
    int status = 0;
    const Error *error = capo_try(fork_and_unwind, &status);
    if (getpid() != parent)
        _exit(error && error->code == 418 ? status : 2);
    EXPECT_TEXT(error ? error->message : "", "");
    EXPECT_INT(status, 77);
    EXPECT_INT(ask("SELECT COUNT(*) FROM numbers WHERE m = 1"), 2);
}

/* --- a change that is given up in the middle --- */

typedef struct Stopped { Other end; bool began; int first, second; } Stopped;

static void long_change(void *began)
{
    *(bool *)began = true;
    run_sql(database_is("sqlite") ? "UPDATE numbers SET m = (WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 100000000) SELECT MAX(i) FROM c)"
            : database_is("postgresql") ? "UPDATE numbers SET m = 5 WHERE n < 5 AND pg_sleep(0.2) IS NOT NULL" : "UPDATE numbers SET m = 5 WHERE n < 5 AND SLEEP(0.2) = 0");
}

/* It catches what ends it, and goes on as if nothing were. */
static void go_on(void *argument)
{
    Stopped *stopped = argument;
    capo_begin();
    run_sql("INSERT INTO numbers VALUES (100, 1)");
    const Error *error = capo_try(long_change, &stopped->began);
    stopped->first = error ? error->code : 0;
    error = capo_try(run_sql, "INSERT INTO numbers VALUES (101, 1)");
    stopped->second = error ? error->code : 0;
    if (!error)
        capo_commit();
}

static void stopped_ended(void *argument, Unit *unit, const Error *error) { other_ended(&((Stopped *)argument)->end, unit, error); }

/* SQLite undoes the whole transaction then: what came after would be alone, and kept. */
TEST(broken_units_what_follows_a_change_that_was_given_up_is_not_kept_alone)
{
    open_numbers("");
    Stopped stopped = { .first = 0 };
    Fiber *fiber = capo_fiber_start("stopped", go_on, &stopped, stopped_ended, false);
    wait_for(&stopped.began);
    capo_sleep(0.02);
    fiber_cancel(fiber);
    wait_for(&stopped.end.ended);
    EXPECT_INT(stopped.first, ERROR_ABORTED);
    int64_t kept = ask("SELECT COUNT(*) FROM numbers WHERE n >= 100");
    EXPECT(kept == 0 || (kept == 2 && !stopped.second));
    EXPECT_INT(capo_database_figures().in_use, 0);
}

/* --- MariaDB and MySQL --- */

TEST(broken_units_mysql_what_follows_ddl_in_a_transaction_is_undone_with_it)
{
    open_numbers("");
    if (!database_is("mysql"))
        return;
    capo_begin();
    run_sql("INSERT INTO numbers VALUES (100, 1)");
    run_sql("CREATE TABLE more (n integer)");           /* commits what came before */
    run_sql("INSERT INTO numbers VALUES (101, 1)");
    capo_rollback();
    EXPECT_INT(ask("SELECT COUNT(*) FROM numbers WHERE m = 1"), 1);
    EXPECT_INT(ask("SELECT MAX(n) FROM numbers"), 100);
}

TEST(broken_units_mysql_a_procedure_leaves_nothing_unread)
{
    open_numbers("?pool_size=1");
    if (!database_is("mysql"))
        return;
    run_sql("CREATE PROCEDURE two_answers(k int) BEGIN SELECT n FROM numbers WHERE n < k; SELECT 77; INSERT INTO numbers VALUES (200 + k, 1); END");
    Value three = capo_value_int(3);
    for (int i = 0; i < 2; i++) {
        EXPECT_INT(capo_database_run("CALL two_answers(2)", NULL, 0, DATABASE_WRITE)->n_rows, 2);
        EXPECT_INT(ask("SELECT 5"), 5);
        EXPECT_INT(capo_database_run("CALL two_answers(?)", &three, 1, DATABASE_WRITE)->n_rows, 3);
        EXPECT_INT(ask("SELECT 6"), 6);
        EXPECT_INT(ask("SELECT COUNT(*) FROM numbers WHERE m = 1"), 2);
        run_sql("DELETE FROM numbers WHERE m = 1");
    }
    EXPECT_INT(capo_database_figures().lost, 0);
    run_sql("DROP PROCEDURE two_answers");
}

/* The server has so many for all clients together; what this connection keeps is the first to go. */
TEST(broken_units_mysql_statements_beyond_the_servers_number)
{
    open_numbers("?pool_size=1");
    if (!database_is("mysql"))
        return;
    const char *most = capo_to_text(capo_cell(capo_database_run("SELECT @@max_prepared_stmt_count", NULL, 0, DATABASE_READ), 0, 0));
    for (int i = 0; i < 5; i++)
        EXPECT_INT(ask(capo_format("SELECT %d + n FROM numbers WHERE n = 0", i)), i);
    run_sql("SET GLOBAL max_prepared_stmt_count = 3");
    const Error *error = NULL;
    for (int i = 0; i < 20 && !error; i++) {
        Value value = capo_value_int(i);
        error = capo_try(run_sql, capo_format("UPDATE numbers SET m = %d WHERE n = 0", i));
        if (!error)
            EXPECT_INT(capo_cell(capo_database_run("SELECT m FROM numbers WHERE m = ?", &value, 1, DATABASE_READ), 0, 0).integer, i);
    }
    run_sql(capo_format("SET GLOBAL max_prepared_stmt_count = %s", most));
    EXPECT_TEXT(error ? error->message : "", "");
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Statements of PostgreSQL on their way (orm/backends/postgresql_flight.c): what counts as an answer, and when a statement is over.
 * Needs a server, as test_postgresql.c. */
#include <capo/testing.h>
#ifdef CAPO_HAS_POSTGRESQL
#include <capo/loop.h>
#include "database_servers.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- a statement is over with its Sync, and no sooner --- */

static void orphan_alone(void *unused)
{
    (void)unused;
    run_sql("INSERT INTO flight_child VALUES (1, 77)");
}

static void orphan_in_a_transaction(void *unused)
{
    capo_begin();
    orphan_alone(unused);
    capo_commit();
}

static void orphan_in_a_flight(void *unused)
{
    (void)unused;
    Statement statements[] = { { "INSERT INTO flight_child VALUES (2, NULL)", NULL, 0 }, { "INSERT INTO flight_child VALUES (1, 77)", NULL, 0 } };
    capo_database_run_many(statements, 2, DATABASE_WRITE);
}

/* The foreign keys of models are checked when the transaction ends: of a statement by itself after its answer, with the Sync. */
TEST(postgresql_a_statement_alone_that_breaks_a_deferred_rule_is_refused)
{
    if (!open_server("postgresql", "", NULL))
        return;
    run_sql("DROP TABLE IF EXISTS flight_child, flight_parent");
    run_sql("CREATE TABLE flight_parent (id int PRIMARY KEY)");
    run_sql("CREATE TABLE flight_child (id int PRIMARY KEY, parent int REFERENCES flight_parent DEFERRABLE INITIALLY DEFERRED)");
    void (*const all[])(void *) = { orphan_alone, orphan_alone, orphan_in_a_transaction, orphan_in_a_flight };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const Error *error = EXPECT_RAISES(ERROR_INTEGRITY, all[i], NULL);
        EXPECT(strstr(error->message, "foreign key") != NULL);
        EXPECT(!capo_outcome_is_unknown(error));
        EXPECT_INT(number("SELECT count(*) FROM flight_child"), 0);
    }
    run_sql("INSERT INTO flight_parent VALUES (77)");
    orphan_alone(NULL);
    EXPECT_INT(number("SELECT count(*) FROM flight_child"), 1);
    run_sql("DROP TABLE flight_child, flight_parent");
}

static void insert_doomed(void *unused)
{
    (void)unused;
    run_sql("INSERT INTO flight_doomed VALUES (1)");
}

/* The server says that it has inserted the row, and dies where it should commit. */
TEST(postgresql_a_server_that_dies_under_the_end_of_a_statement_has_done_nothing)
{
    if (!open_server("postgresql", "", NULL))
        return;
    run_sql("DROP TABLE IF EXISTS flight_doomed");
    run_sql("CREATE TABLE flight_doomed (id int)");
    run_sql("CREATE OR REPLACE FUNCTION flight_die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$");
    run_sql("CREATE CONSTRAINT TRIGGER flight_death AFTER INSERT ON flight_doomed DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION flight_die()");
    const Error *error = EXPECT_RAISES(ERROR_OPERATIONAL, insert_doomed, NULL);
    EXPECT(capo_outcome_is_unknown(error));
    EXPECT(strstr(error->message, "terminating connection") != NULL);
    EXPECT_INT(number("SELECT count(*) FROM flight_doomed"), 0);
    run_sql("DROP TABLE flight_doomed");
    run_sql("DROP FUNCTION flight_die");
}

/* --- the statements of one turn of the loop --- */

enum { TRAVELLERS = 24, LONG = 3000000 };
typedef struct Traveller { int number; const char *text; bool started, ended, writes; int code; int64_t got; } Traveller;

static void travel(void *argument)
{
    Traveller *self = argument;
    self->started = true;
    if (self->writes) {
        Value values[] = { capo_value_int(self->number), capo_value_text(self->text) };
        self->got = capo_sql_run_with("INSERT INTO flight_log (id, t) VALUES (?, ?)", values, 2) ? self->number : -1;
        return;
    }
    Value values[] = { capo_value_text(self->text), capo_value_int(self->number) };
    ResultSet *rows = capo_database_run("SELECT length($1::text), $2::bigint", values, 2, DATABASE_READ);
    self->got = capo_cell(rows, 0, 0).integer == (int64_t)strlen(self->text) ? capo_cell(rows, 0, 1).integer : -1;
}

static void arrived(void *argument, Unit *unit, const Error *error)
{
    (void)unit;
    Traveller *self = argument;
    self->ended = true;
    self->code = error ? error->code : 0;
}

static Traveller *many_travellers(const char *text, bool writes)
{
    Traveller *all = capo_alloc_array(TRAVELLERS, sizeof *all);
    for (int i = 0; i < TRAVELLERS; i++) {
        all[i] = (Traveller){ .number = i + 1, .text = text, .writes = writes };
        capo_fiber_start("traveller", travel, &all[i], arrived, false);
    }
    return all;
}

static void expect_arrived(Traveller *all)
{
    for (int i = 0; i < TRAVELLERS; i++) {
        wait_for(&all[i].ended);
        EXPECT_INT(all[i].code, 0);
        EXPECT_INT(all[i].got, all[i].number);
    }
}

static char *long_text(void)
{
    char *text = capo_alloc(LONG + 1);
    memset(text, 'x', LONG);
    text[LONG] = 0;
    return text;
}

/* Also where one of them is larger than what a socket takes, and behind 256 others that are kept, where each new one ends an old. */
TEST(postgresql_statements_of_a_turn_go_together_and_come_back_to_their_own)
{
    if (!open_server("postgresql", "?pool_shared=1", NULL))
        return;
    int64_t pid = number("SELECT pg_backend_pid()::bigint");
    expect_arrived(many_travellers("short", false));
    for (int round = 0; round < 3; round++) {
        Traveller *all = many_travellers("short", false);
        all[1].text = all[7].text = long_text();
        expect_arrived(all);
    }
    for (int i = 0; i < 400; i++)
        EXPECT_INT(number(capo_format("SELECT %d::bigint", i)), i);
    expect_arrived(many_travellers("short", false));
    DatabaseFigures figures = capo_database_figures();
    EXPECT_INT(figures.shared, 1);
    EXPECT_INT(figures.in_flight, 0);
    EXPECT_INT(figures.lost, 0);
    EXPECT_INT(number("SELECT pg_backend_pid()::bigint"), pid);
}

/* Who is cancelled before his statement went off never sends it. */
TEST(postgresql_a_statement_of_a_fiber_that_is_cancelled_in_its_turn_is_not_sent)
{
    if (!open_server("postgresql", "?pool_shared=1", NULL))
        return;
    run_sql("DROP TABLE IF EXISTS flight_log");
    run_sql("CREATE TABLE flight_log (id int PRIMARY KEY, t text)");
    EXPECT_INT(number("SELECT 1::bigint"), 1);
    Traveller all[6] = { { 0 } };
    Fiber *fibers[6];
    for (int i = 0; i < 6; i++) {
        all[i] = (Traveller){ .number = i + 1, .text = "x", .writes = true };
        fibers[i] = capo_fiber_start("traveller", travel, &all[i], arrived, false);
    }
    fiber_yield();                          /* they run before this one goes on, in the same turn of the loop or the one before */
    EXPECT(all[5].started);
    size_t in_flight = capo_database_figures().in_flight;
    fiber_cancel(fibers[0]);
    fiber_cancel(fibers[3]);
    fiber_cancel(fibers[5]);
    for (int i = 0; i < 6; i++) {
        wait_for(&all[i].ended);
        EXPECT_INT(all[i].code, i == 0 || i == 3 || i == 5 ? ERROR_ABORTED : 0);
    }
    EXPECT(in_flight <= 6);
    EXPECT_INT(capo_database_figures().in_flight, 0);
    EXPECT(number("SELECT count(*) FROM flight_log WHERE id IN (2, 3, 5)") == 3);
    EXPECT_INT(number("SELECT 2::bigint"), 2);
    run_sql("DROP TABLE flight_log");
}

/* What libpq says of a broken connection is no answer to a read. */
TEST(postgresql_a_read_that_was_not_answered_travels_by_another_connection)
{
    const char *url;
    if (!open_server("postgresql", "", &url))
        return;
    run_sql("DROP TABLE IF EXISTS flight_log");
    run_sql("CREATE TABLE flight_log (id int PRIMARY KEY, t text)");
    Proxy *proxy = start_proxy(url);
    capo_database_open(through(proxy, url, "?pool_shared=1"));
    EXPECT_INT(number("SELECT 1::bigint"), 1);
    EXPECT_INT(capo_database_figures().opened, 1);
    proxy_limit(proxy, false, 0);           /* the next answer is cut off */
    EXPECT_INT(number("SELECT 2::bigint"), 2);
    EXPECT_INT(capo_database_figures().opened, 2);
    EXPECT_INT(capo_database_figures().lost, 1);
    expect_arrived(many_travellers("x", true));
    EXPECT_INT(number("SELECT count(*) FROM flight_log"), TRAVELLERS);
    EXPECT_INT(capo_database_figures().in_flight, 0);
    run_sql("DROP TABLE flight_log");
}

/* --- what is not sent twice, and whose time limit it is --- */

static void select_by_hand(void *ret_runs) { *(int64_t *)ret_runs = capo_sql_run_raw("SELECT nextval('flight_runs')", NULL, 0)->cells[0].integer; }

/* A SELECT written by hand may call a function that changes something. */
TEST(postgresql_a_select_by_hand_is_sent_once)
{
    const char *url;
    int64_t runs = 0;
    if (!open_server("postgresql", "", &url))
        return;
    run_sql("DROP SEQUENCE IF EXISTS flight_runs");
    run_sql("CREATE SEQUENCE flight_runs");
    Proxy *proxy = start_proxy(url);
    capo_database_open(through(proxy, url, "?pool_shared=1"));
    select_by_hand(&runs);
    EXPECT_INT(runs, 1);
    proxy_limit(proxy, false, 0);           /* the answer is cut off */
    const Error *error = EXPECT_RAISES(ERROR_OPERATIONAL, select_by_hand, &runs);
    EXPECT(capo_outcome_is_unknown(error));
    EXPECT_INT(number("SELECT last_value FROM flight_runs"), 2);
    run_sql("DROP SEQUENCE flight_runs");
}

static int n_sleepers_ended, n_sleepers_timed_out;

static void sleep_long(void *unused)
{
    (void)unused;
    capo_database_run("SELECT pg_sleep(1)", NULL, 0, DATABASE_READ);
}

static void sleeper_ended(void *argument, Unit *unit, const Error *error)
{
    (void)argument, (void)unit;
    n_sleepers_ended++;
    n_sleepers_timed_out += error && strstr(error->message, "The statement was ended") != NULL;
}

/* Five seconds behind the limit of the one that runs the server counts as gone; those that stand behind it have not begun. */
TEST(postgresql_a_queue_of_slow_statements_is_no_sign_of_a_dead_server)
{
    enum { SLEEPERS = 56 };
    if (!getenv("CAPO_FAULT_SERVERS") || !open_server("postgresql", "?pool_shared=1&pool_size=1&statement_timeout=100ms", NULL))
        return;
    EXPECT_INT(number("SELECT 1::bigint"), 1);
    n_sleepers_ended = n_sleepers_timed_out = 0;
    for (int i = 0; i < SLEEPERS; i++)
        capo_fiber_start("sleeper", sleep_long, NULL, sleeper_ended, false);
    for (int i = 0; i < 200 && n_sleepers_ended < SLEEPERS; i++)
        capo_sleep(0.1);
    EXPECT_INT(n_sleepers_ended, SLEEPERS);
    EXPECT_INT(n_sleepers_timed_out, SLEEPERS);
    EXPECT_INT(capo_database_figures().lost, 0);
}

/* The primary has become a replica, and another is the primary: the connections of before are of no use for writing. */
TEST(postgresql_connections_for_reading_only_are_replaced)
{
    const char *url;
    int failed = 0;
    if (!open_server("postgresql", "", &url))
        return;
    run_sql("DROP TABLE IF EXISTS flight_log");
    run_sql("CREATE TABLE flight_log (id int)");
    run_sql("ALTER ROLE CURRENT_USER IN DATABASE capo SET default_transaction_read_only = on");
    capo_database_open(url);
    EXPECT_INT(number("SELECT 1::bigint"), 1);
    capo_begin();
    run_sql("SET TRANSACTION READ WRITE");
    run_sql("ALTER ROLE CURRENT_USER IN DATABASE capo RESET default_transaction_read_only");
    capo_commit();
    for (int i = 0; i < 8; i++)
        failed += capo_try(run_sql, "INSERT INTO flight_log VALUES (1)") != NULL;
    EXPECT(failed >= 1 && failed <= 3);
    EXPECT_INT(number("SELECT count(*) FROM flight_log"), 8 - failed);
    capo_database_open(url);
    run_sql("DROP TABLE flight_log");
}
#endif

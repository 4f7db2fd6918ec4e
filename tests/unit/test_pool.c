/* SPDX-License-Identifier: BSD-3-Clause */
/* URLs of databases, and the pool: exhausted, waited for, cancelled, forked. */
#include <capo/testing.h>
#ifdef CAPO_HAS_POSTGRESQL
#include "database_servers.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- URLs --- */

TEST(pool_url_is_taken_apart_and_decoded)
{
    DatabaseAddress *full = parsed_url("postgresql://us%40er:p%3Aa%2Fs%25s@db.example.com:6543/my%20db?sslmode=require&pool_size=7&pool_wait=250ms&statement_timeout=30");
    EXPECT_TEXT(full->scheme, "postgresql");
    EXPECT_TEXT(full->user, "us@er");
    EXPECT_TEXT(full->password, "p:a/s%s");
    EXPECT_TEXT(full->host, "db.example.com");
    EXPECT_INT(full->port, 6543);
    EXPECT_TEXT(full->database, "my db");
    EXPECT_TEXT(capo_database_option(full, "sslmode"), "require");
    EXPECT_INT(full->pool_size, 7);
    EXPECT_INT(full->pool_wait, 250);
    EXPECT_INT(full->statement_timeout, 30000);
    EXPECT_TEXT(full->shown, "postgresql://us@er@db.example.com:6543/my db");
    DatabaseAddress *bare = parsed_url("postgres:///site");
    EXPECT(!bare->user && !bare->password && !bare->host && !bare->port);
    EXPECT_TEXT(bare->database, "site");
    DatabaseAddress *folder = parsed_url("postgresql://u@%2Fvar%2Frun%2Fpostgresql/site");
    EXPECT_TEXT(folder->host, "/var/run/postgresql");
    EXPECT_TEXT(parsed_url("postgresql:///site?host=/tmp&user=me&password=x%26y")->password, "x&y");
    DatabaseAddress *six = parsed_url("mysql://[::1]:3307/site");
    EXPECT_TEXT(six->host, "::1");
    EXPECT_TEXT(six->shown, "mysql://[::1]:3307/site");
    EXPECT_TEXT(parsed_url("sqlite:db.sqlite3")->shown, "sqlite:db.sqlite3");
    EXPECT_TEXT(parsed_url("postgresql://a:x@y@host/db")->host, "host");        /* the last '@' ends the password */
}

static void parse(void *url) { parsed_url(url); }

TEST(pool_wrong_urls_are_named_without_the_password)
{
    static const char *const wrong[] = {
        "postgresql://u:hush@host:port/db", "postgresql://u:hush%zz@host/db", "postgresql://u:hush@host:99999/db", "postgresql://u:hush@host/db?pool_size=0",
        "postgresql://u:hush@host/db?pool_wait=soon", "postgresql://u:hush@host/db?alone", "postgresql://u:hush@host/db?pool_size=7x", "postgresql://u:hush%00@host/db",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        EXPECT(!strstr(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, parse, (char *)wrong[i])->message, "hush"));
    EXPECT_TEXT(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, parse, "postgresql://host/db?pool_size=many")->message, "pool_size=many in DATABASE_URL is no number from 1 to 10000.");
    EXPECT_TEXT(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, parse, "postgresql://host/db?pool_wait=5parsecs")->message,
                "pool_wait=5parsecs in DATABASE_URL is no time: write 30s, 500ms, 5min or a number of seconds.");
}

/* --- with a server --- */

static const char *server_url;

static bool open_with(const char *options) { return open_server("postgresql", options, &server_url); }

typedef struct Holder { double seconds; bool began, ended; int code; char message[256]; } Holder;

static void hold(void *argument)
{
    Holder *holder = argument;
    capo_begin();
    holder->began = true;
    capo_sleep(holder->seconds);
    capo_commit();
}

static void holder_done(void *argument, Unit *unit, const Error *error)
{
    (void)unit;
    Holder *holder = argument;
    holder->ended = true;
    holder->code = error ? error->code : 0;
    snprintf(holder->message, sizeof holder->message, "%s", error ? error->message : "");
}

TEST(pool_exhausted_says_so_after_the_wait_limit_and_recovers)
{
    if (!open_with("?pool_size=2&pool_wait=100ms"))
        return;
    Holder holders[2] = { { .seconds = 0.6 }, { .seconds = 0.6 } }, late = { 0 };
    for (int i = 0; i < 2; i++)
        capo_fiber_start("holder", hold, &holders[i], holder_done, false);
    wait_for(&holders[0].began);
    wait_for(&holders[1].began);
    EXPECT_INT(capo_database_figures().in_use, 2);
    int64_t started = capo_monotonic_us();
    capo_fiber_start("late", hold, &late, holder_done, false);
    capo_sleep(0.02);
    EXPECT_INT(capo_database_figures().waiting, 1);
    EXPECT_INT(number("SELECT 1"), 1);                      /* shared connections go on */
    wait_for(&late.ended);
    EXPECT(capo_monotonic_us() - started >= 100000);
    EXPECT_INT(late.code, 503);
    EXPECT(strstr(late.message, "All 2 connections to postgresql://capo@127.0.0.1:") && strstr(late.message, "are in use") && !strstr(late.message, ":capo@"));
    wait_for(&holders[0].ended);
    wait_for(&holders[1].ended);
    EXPECT_INT(holders[0].code + holders[1].code, 0);
    late = (Holder){ 0 };
    capo_fiber_start("late", hold, &late, holder_done, false);
    wait_for(&late.ended);
    EXPECT_INT(late.code, 0);
    EXPECT_INT(capo_database_figures().in_use, 0);
    EXPECT_INT(capo_database_figures().waiting, 0);
}

TEST(pool_of_two_serves_forty_in_turn)
{
    if (!open_with("?pool_size=2"))
        return;
    Holder holders[40];
    for (int i = 0; i < 40; i++) {
        holders[i] = (Holder){ .seconds = 0.002 };
        capo_fiber_start("holder", hold, &holders[i], holder_done, false);
    }
    for (int i = 0; i < 40; i++) {
        wait_for(&holders[i].ended);
        EXPECT_INT(holders[i].code, 0);
    }
    EXPECT(capo_database_figures().open <= 4);
    EXPECT_INT(capo_database_figures().opened, 2);
}

TEST(pool_waiters_that_are_cancelled_leave_the_queue_whole)
{
    if (!open_with("?pool_size=1"))
        return;
    Holder first = { .seconds = 0.1 }, others[6] = { { 0 } };
    Fiber *fibers[6];
    capo_fiber_start("first", hold, &first, holder_done, false);
    wait_for(&first.began);
    for (int i = 0; i < 6; i++)
        fibers[i] = capo_fiber_start("other", hold, &others[i], holder_done, false);
    capo_sleep(0.01);
    for (int i = 0; i < 6; i += 2)
        fiber_cancel(fibers[i]);
    for (int i = 0; i < 6; i++) {
        wait_for(&others[i].ended);
        EXPECT_INT(others[i].code, i % 2 ? 0 : ERROR_ABORTED);
    }
    EXPECT_INT(capo_database_figures().in_use, 0);
    EXPECT_INT(capo_database_figures().waiting, 0);
    EXPECT_INT(capo_database_figures().opened, 1);
}

TEST(pool_connections_grow_old_and_idle_ones_are_asked)
{
    if (!open_with("?pool_shared=0&pool_max_age=50ms"))
        return;
    int64_t first = number("SELECT pg_backend_pid()::bigint");
    EXPECT_INT(number("SELECT pg_backend_pid()::bigint"), first);
    capo_sleep(0.07);
    EXPECT(number("SELECT pg_backend_pid()::bigint") != first);
    EXPECT_INT(capo_database_figures().open, 1);
    capo_database_open(capo_format("%s?pool_shared=0&pool_check_after=10ms", server_url));
    first = number("SELECT pg_backend_pid()::bigint");
    capo_sleep(0.02);
    EXPECT_INT(number("SELECT pg_backend_pid()::bigint"), first);
}

/* The server ends a connection that nobody uses: noticed before it is lent again. */
TEST(pool_a_connection_that_the_server_closed_is_not_lent)
{
    if (!open_with("?pool_size=2"))
        return;
    Holder holder = { 0 };
    capo_fiber_start("holder", hold, &holder, holder_done, false);
    wait_for(&holder.ended);
    EXPECT_INT(number("SELECT 1"), 1);
    /* all of this process but the one that asks */
    run_sql(capo_format("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'capo' AND pid <> pg_backend_pid() AND datname = current_database() "
                        "AND client_port IN (SELECT client_port FROM pg_stat_activity WHERE state = 'idle')"));
    capo_sleep(0.05);
    for (int i = 0; i < 10; i++) {
        capo_begin();
        EXPECT_INT(number("SELECT 2"), 2);
        capo_commit();
        EXPECT_INT(number("SELECT 3"), 3);
    }
    EXPECT_INT(capo_database_figures().in_use, 0);
}

static void insert_one(void *unused)
{
    (void)unused;
    run_sql("INSERT INTO broken VALUES (9)");
}

TEST(pool_a_transaction_whose_connection_broke_is_over)
{
    if (!open_with(""))
        return;
    run_sql("DROP TABLE IF EXISTS broken");
    run_sql("CREATE TABLE broken (n int)");
    capo_begin();
    run_sql("INSERT INTO broken VALUES (1)");
    capo_begin();
    EXPECT_RAISES(ERROR_OPERATIONAL, run_sql, "SELECT pg_terminate_backend(pg_backend_pid())");
    EXPECT_RAISES(ERROR_OPERATIONAL, insert_one, NULL);
    capo_rollback();
    EXPECT(strstr(EXPECT_RAISES(ERROR_OPERATIONAL, insert_one, NULL)->message, "broke in this transaction") != NULL);
    capo_rollback();
    EXPECT_INT(number("SELECT count(*) FROM broken"), 0);
    insert_one(NULL);
    EXPECT_INT(number("SELECT count(*) FROM broken"), 1);
    EXPECT_INT(capo_database_figures().in_use, 0);
    run_sql("DROP TABLE broken");
}

/* --- a server that is away --- */

typedef struct Asker { bool *stop; int running, refused, others; } Asker;

static void read_one(void *unused)
{
    (void)unused;
    number("SELECT 1");
}

static void keep_asking(void *argument)
{
    Asker *asker = argument;
    for (asker->running++; !*asker->stop;) {
        const Error *error = capo_try(read_one, NULL);
        *(error && error->code == ERROR_OPERATIONAL ? &asker->refused : &asker->others) += 1;
        capo_sleep(0.004);
    }
    asker->running--;
}

/* Many ask and one of them is sent: at most after a quarter of a second, so that nobody waits for longer than that when it is back. */
TEST(pool_asks_a_server_that_is_away_a_few_times_a_second)
{
    bool stop = false;
    Asker asker = { .stop = &stop };
    if (!open_with(""))
        return;
    capo_database_open("postgresql://nobody:x@127.0.0.1:1/nothing");
    for (int i = 0; i < 6; i++)
        capo_fiber_start("asker", keep_asking, &asker, NULL, false);
    capo_sleep(1.0);
    uint64_t failed = capo_database_figures().failed;
    EXPECT(failed >= 3 && failed <= 6 + 8);     /* all six at first; then after 50, 100, 200, 250, 250, … ms */
    for (int i = 0; i < 100 && capo_database_figures().failed == failed; i++)
        capo_sleep(0.01);
    EXPECT(capo_database_figures().failed > failed);
    stop = true;
    for (int i = 0; i < 200 && asker.running; i++)
        capo_sleep(0.01);
    EXPECT_INT(asker.running, 0);
    EXPECT(asker.refused > 60);
    EXPECT_INT(asker.others, 0);
}

/* A child has connections of its own, and its parent's stay good. */
TEST(pool_after_a_fork_the_child_opens_its_own)
{
    if (!open_with(""))
        return;
    Holder holder = { 0 };
    capo_fiber_start("holder", hold, &holder, holder_done, false);
    wait_for(&holder.ended);
    int64_t pid = number("SELECT pg_backend_pid()::bigint");
    int ends[2];
    EXPECT(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        capo_loop_after_fork();
        int64_t others = 0;
        for (int i = 0; i < 5; i++)
            others = number("SELECT pg_backend_pid()::bigint");
        capo_begin();
        others = others != pid && number("SELECT 7") == 7 ? others : 0;
        capo_commit();
        _exit(write(ends[1], &others, sizeof others) == sizeof others ? 0 : 1);
    }
    int64_t seen = 0;
    close(ends[1]);
    EXPECT(read(ends[0], &seen, sizeof seen) == sizeof seen);
    close(ends[0]);
    int status;
    EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT(seen && seen != pid);
    for (int i = 0; i < 5; i++)
        EXPECT_INT(number("SELECT pg_backend_pid()::bigint"), pid);
    capo_begin();
    EXPECT_INT(number("SELECT 8"), 8);
    capo_commit();
    EXPECT_INT(capo_database_figures().lost, 0);
}
#endif

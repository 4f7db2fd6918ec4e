/* SPDX-License-Identifier: BSD-3-Clause */
/* Transactions: nesting, unwinding, what runs after a commit, and what a failed statement leaves possible. */
#include <capo/testing.h>
#include <capo/loop.h>
#include "../orm/models.h"
#include "database_under_test.h"
#include "../../orm/internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *names(void)
{
    ResultSet *result = capo_database_run("SELECT name FROM library_genre ORDER BY id", NULL, 0, DATABASE_READ);
    Buffer names = { 0 };
    for (size_t i = 0; i < result->n_rows; i++)
        capo_put_format(&names, "%s%s", i ? "," : "", capo_to_text(capo_cell(result, i, 0)));
    return capo_buffer_text(&names);
}

static void add(const char *name)
{
    capo_sql_run("INSERT INTO library_genre (name) VALUES (?)", name);
}

TEST(transactions_commit_and_roll_back)
{
    capo_test_database();
    EXPECT(!capo_in_transaction());
    capo_begin();
    EXPECT(capo_in_transaction());
    add("a");
    capo_commit();
    capo_begin();
    add("b");
    capo_rollback();
    EXPECT(!capo_in_transaction());
    EXPECT_TEXT(names(), "a");
}

TEST(transactions_nest_as_savepoints)
{
    capo_test_database();
    capo_begin();
    add("a");
    capo_begin();
    add("b");
    capo_begin();
    add("c");
    capo_commit();
    capo_rollback();
    capo_begin();
    add("d");
    capo_commit();
    capo_commit();
    EXPECT_TEXT(names(), "a,d");
}

static void begin_and_raise(void *unused)
{
    (void)unused;
    capo_begin();
    add("x");
    capo_begin();
    add("y");
    capo_raise(404, "gone");
}

TEST(a_raise_rolls_back_what_it_leaves)
{
    capo_test_database();
    capo_begin();
    add("a");
    EXPECT_RAISES(404, begin_and_raise, NULL);
    EXPECT(capo_in_transaction());
    EXPECT_TEXT(names(), "a");
    capo_commit();
    EXPECT_RAISES(404, begin_and_raise, NULL);
    EXPECT(!capo_in_transaction());
    EXPECT_TEXT(names(), "a");
}

static void begin_and_end(void *unused)
{
    (void)unused;
    capo_begin();
    add("x");
}

/* SEC-300: a unit that ends inside a transaction leaves nothing behind, and the connection is free again. */
TEST(sec_300_a_unit_that_ends_rolls_back)
{
    capo_test_database();
    Unit unit = { 0 };
    Arena *arena = arena_new();
    EXPECT(!capo_unit_run(&unit, arena, "test", begin_and_end, NULL));
    arena_free(arena);
    EXPECT(!capo_in_transaction());
    add("a");
    EXPECT_TEXT(names(), "a");
}

static void fail(void *unused)
{
    (void)unused;
    capo_sql_run("INSERT INTO library_genre (name) VALUES (NULL)");
}
static void read_names(void *unused)
{
    (void)unused;
    names();
}
static void commit(void *unused)
{
    (void)unused;
    capo_commit();
}

TEST(a_failed_statement_breaks_its_transaction)
{
    capo_test_database();
    capo_begin();
    add("a");
    EXPECT_RAISES(ERROR_INTEGRITY, fail, NULL);
    EXPECT_RAISES(ERROR_TRANSACTION, read_names, NULL);
    capo_rollback();
    EXPECT_TEXT(names(), "");

    capo_begin();
    add("b");
    capo_begin();
    EXPECT_RAISES(ERROR_INTEGRITY, fail, NULL);
    capo_rollback();
    add("c");
    capo_commit();
    EXPECT_TEXT(names(), "b,c");

    capo_begin();
    EXPECT_RAISES(ERROR_INTEGRITY, fail, NULL);
    EXPECT_RAISES(ERROR_TRANSACTION, commit, NULL);
    EXPECT(!capo_in_transaction());
}

/* Foreign keys are checked at the commit, as Django's are; MariaDB's at each statement. */
TEST(a_commit_may_fail)
{
    capo_test_database();
    if (database_is("mysql"))
        return;
    capo_begin();
    capo_sql_run("INSERT INTO library_profile (author_id, bio) VALUES (99, '')");
    EXPECT_RAISES(ERROR_INTEGRITY, commit, NULL);
    EXPECT(!capo_in_transaction());
    add("a");
    EXPECT_TEXT(names(), "a");
}

static char said[32];
static void say(void *text) { strcat(said, text); }

TEST(on_commit_waits_for_the_outermost)
{
    capo_test_database();
    said[0] = '\0';
    capo_on_commit(say, "0");
    EXPECT_TEXT(said, "0");
    capo_begin();
    capo_on_commit(say, "1");
    capo_begin();
    capo_on_commit(say, "2");
    capo_commit();
    capo_begin();
    capo_on_commit(say, "lost");
    capo_rollback();
    capo_on_commit(say, "3");
    EXPECT_TEXT(said, "0");
    capo_commit();
    EXPECT_TEXT(said, "0123");
}

/* SEC-299: nothing is lost when many fibers change one row. */
static int finished;
static char file[64];

static void increment(void *unused)
{
    (void)unused;
    capo_begin();
    ResultSet *result = capo_database_run("SELECT n FROM counter", NULL, 0, DATABASE_READ);
    int64_t n = capo_cell(result, 0, 0).integer;
    fiber_yield();
    capo_sql_run("UPDATE counter SET n = ?", n + 1);
    capo_commit();
    finished++;
}

static void remove_file(void *unused)
{
    (void)unused;
    capo_database_close();
    unlink(file);
    unlink(capo_format("%s-wal", file));
    unlink(capo_format("%s-shm", file));
}

TEST(sec_299_fibers_increment_one_row)
{
    if (!capo_fiber_current())
        return;
    snprintf(file, sizeof file, "/tmp/capo-counter-%d.sqlite3", (int)getpid());
    capo_database_open(capo_format("sqlite:%s", file));
    capo_defer(remove_file, NULL);
    capo_sql_run("CREATE TABLE counter (n integer)");
    capo_sql_run("INSERT INTO counter VALUES (0)");
    finished = 0;
    for (int i = 0; i < 50; i++)
        capo_fiber_start("increment", increment, NULL, NULL, false);
    for (int i = 0; i < 1000 && finished < 50; i++)
        capo_sleep(0.005);
    EXPECT_INT(finished, 50);
    ResultSet *result = capo_database_run("SELECT n FROM counter", NULL, 0, DATABASE_READ);
    EXPECT_INT(capo_cell(result, 0, 0).integer, 50);
}

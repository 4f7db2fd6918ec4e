/* SPDX-License-Identifier: BSD-3-Clause */
/* Savepoints by hand, and a transaction that is marked for its rollback. */
#include <capo/testing.h>
#include "../orm/models.h"
#include "database_under_test.h"
#include "../../orm/internal.h"
#include <stdlib.h>

static void add(const char *name) { capo_sql_run("INSERT INTO library_genre (name) VALUES (?)", name); }
static void add_nothing(void *unused) { (void)unused; capo_sql_run("INSERT INTO library_genre (name) VALUES (NULL)"); }
static void add_late(void *unused) { (void)unused; add("late"); }
static void commit_point(void *point) { capo_savepoint_commit(*(int64_t *)point); }
static void go_back(void *point) { capo_savepoint_rollback(*(int64_t *)point); }
static void ask_flag(void *unused) { (void)unused; capo_get_rollback(); }
static void take_back_flag(void *unused) { (void)unused; capo_set_rollback(false); }

static const char *names(void)
{
    Buffer out = { 0 };
    ResultSet *result = capo_database_run("SELECT name FROM library_genre ORDER BY name", NULL, 0, DATABASE_READ);
    for (size_t i = 0; i < result->n_rows; i++)
        capo_put_format(&out, "%s%s", i ? "," : "", capo_to_text(capo_cell(result, i, 0)));
    return out.size ? capo_buffer_text(&out) : "";
}

TEST(savepoints_by_hand_go_back_and_go_on)
{
    capo_test_database();
    capo_begin();
    add("a");
    int64_t first = capo_savepoint();
    EXPECT(first > 0);
    add("b");
    int64_t second = capo_savepoint();
    add("c");
    capo_savepoint_rollback(second);
    EXPECT_TEXT(names(), "a,b");
    add("d");
    capo_savepoint_rollback(second);                /* it stays: once more */
    EXPECT_TEXT(names(), "a,b");
    add("e");
    capo_savepoint_commit(second);
    EXPECT_TEXT(names(), "a,b,e");
    capo_savepoint_rollback(first);                 /* what was kept since goes too */
    EXPECT_TEXT(names(), "a");
    add("f");
    capo_commit();
    EXPECT_TEXT(names(), "a,f");
}

TEST(savepoints_forgive_a_statement_that_failed)
{
    capo_test_database();
    capo_begin();
    for (int i = 0; i < 4; i++) {
        int64_t point = capo_savepoint();
        add(capo_format("n%d", i));
        if (i % 2) {
            EXPECT_RAISES(ERROR_INTEGRITY, add_nothing, NULL);
            EXPECT(capo_get_rollback());
            EXPECT_RAISES(ERROR_TRANSACTION, add_late, NULL);
            EXPECT_RAISES(ERROR_TRANSACTION, commit_point, &point);
            capo_savepoint_rollback(point);
            EXPECT(!capo_get_rollback());
        } else {
            capo_savepoint_commit(point);
        }
    }
    capo_commit();
    EXPECT_TEXT(names(), "n0,n2");
}

static int calls;
static void count_call(void *amount) { calls += *(int *)amount; }

TEST(savepoints_drop_what_was_to_run_after_the_commit)
{
    capo_test_database();
    static int one = 1, ten = 10, hundred = 100;
    calls = 0;
    Unit *unit = capo_unit;
    EXPECT(unit != NULL);
    capo_begin();
    capo_on_commit(count_call, &one);
    int64_t point = capo_savepoint();
    capo_on_commit(count_call, &ten);
    capo_savepoint_rollback(point);
    capo_on_commit(count_call, &hundred);
    capo_commit();
    EXPECT_INT(calls, 101);
}

TEST(savepoints_end_with_their_transaction)
{
    capo_test_database();
    EXPECT_INT(capo_savepoint(), 0);                /* outside of one: nothing to go back to */
    capo_savepoint_rollback(0);
    capo_savepoint_commit(0);
    capo_begin();
    int64_t outer = capo_savepoint();
    capo_begin();
    add("x");
    const Error *error = EXPECT_RAISES(500, go_back, &outer);
    EXPECT(strstr(error->message, "not of the transaction begun last") != NULL);
    int64_t inner = capo_savepoint();
    capo_rollback();
    EXPECT_RAISES(500, go_back, &inner);
    add("y");
    capo_savepoint_rollback(outer);
    capo_commit();
    EXPECT_TEXT(names(), "");
}

TEST(savepoints_of_an_inner_transaction_without_one)
{
    capo_test_database();
    capo_begin();
    add("kept");
    int64_t point = capo_savepoint();
    capo_begin(.no_savepoint = true);
    add("x");
    capo_rollback();                                /* leaves the outer one nothing but a rollback, or a savepoint before it */
    EXPECT_RAISES(ERROR_TRANSACTION, add_late, NULL);
    capo_savepoint_rollback(point);
    add("more");
    capo_commit();
    EXPECT_TEXT(names(), "kept,more");
}

TEST(transactions_marked_for_rollback_end_so_without_a_word)
{
    capo_test_database();
    EXPECT_RAISES(ERROR_TRANSACTION, ask_flag, NULL);
    EXPECT_RAISES(ERROR_TRANSACTION, take_back_flag, NULL);
    calls = 0;
    static int one = 1;
    capo_begin();
    add("a");
    capo_on_commit(count_call, &one);
    EXPECT(!capo_get_rollback());
    capo_set_rollback(true);
    EXPECT(capo_get_rollback());
    EXPECT_RAISES(ERROR_TRANSACTION, add_late, NULL);
    capo_commit();
    EXPECT(!capo_in_transaction());
    EXPECT_TEXT(names(), "");
    EXPECT_INT(calls, 0);

    capo_begin();
    add("b");
    capo_begin();
    add("c");
    capo_set_rollback(true);
    capo_commit();
    capo_set_rollback(true);
    capo_set_rollback(false);
    add("d");
    capo_commit();
    EXPECT_TEXT(names(), "b,d");

    capo_begin();
    EXPECT_RAISES(ERROR_INTEGRITY, add_nothing, NULL);
    EXPECT_RAISES(ERROR_TRANSACTION, take_back_flag, NULL);
    capo_rollback();
}

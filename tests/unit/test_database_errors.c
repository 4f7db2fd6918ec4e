/* SPDX-License-Identifier: BSD-3-Clause */
/* What goes wrong is called the same on each database; the log says what was sent and how long it took. */
#include "query_library.h"
#include "../../orm/internal.h"
#include <capo/databases.h>
#include <capo/loop.h>

static void save_twin(void *unused)
{
    (void)unused;
    Author *author = capo_new(Author);
    author->name = "twin";
    author->email = "Ann@example.com";
    capo_save(author);
}


static void run(void *sql) { capo_sql_run(sql); }
static void read(void *sql) { capo_sql_rows(sql); }
static void get_none(void *unused) { (void)unused; capo_get(Author, .where = { .name = EQ("nobody") }); }
static void get_many(void *unused) { (void)unused; capo_get(Book); }
static void no_such_path(void *unused) { (void)unused; capo_count(Book, .filter = Q("athor__name", "Ann")); }
static void no_such_field(void *unused) { (void)unused; capo_refresh_fields(capo_get(Author, .where = { .name = EQ("Ann") }), "nmae"); }
static void no_such_update(void *unused)
{
    (void)unused;
    Author *gone = capo_get(Author, .where = { .name = EQ("Cid") });
    capo_delete_all(Author, .where = { .name = EQ("Cid") });
    gone->name = "late";
    capo_force_update(gone);
}

typedef struct Wrong { int code; void (*function)(void *); const char *sql, *name; bool of_database, has_state; } Wrong;

TEST(errors_of_databases_are_one_hierarchy)
{
    query_library();
    bool sqlite = database_is("sqlite");
    const Wrong all[] = {
        { ERROR_INTEGRITY, save_twin, NULL, "IntegrityError", true, true },
        { ERROR_INTEGRITY, run, "UPDATE library_author SET name = NULL", "IntegrityError", true, true },
        { ERROR_PROGRAMMING, run, "SELEC nonsense", "ProgrammingError", true, true },
        /* as Django: SQLite does not tell a missing table from other troubles */
        { sqlite ? ERROR_OPERATIONAL : ERROR_PROGRAMMING, read, "SELECT * FROM nowhere", sqlite ? "OperationalError" : "ProgrammingError", true, true },
        { ERROR_DOES_NOT_EXIST, get_none, NULL, "DoesNotExist" },
        { ERROR_MULTIPLE_OBJECTS_RETURNED, get_many, NULL, "MultipleObjectsReturned" },
        { ERROR_FIELD, no_such_path, NULL, "FieldError" },
        { ERROR_FIELD_DOES_NOT_EXIST, no_such_field, NULL, "FieldDoesNotExist" },
        { ERROR_OPERATIONAL, no_such_update, NULL, "OperationalError", true, false },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const Error *error = EXPECT_RAISES(all[i].code, all[i].function, (char *)all[i].sql);
        EXPECT_TEXT(error->name, all[i].name);
        EXPECT_INT(capo_is_database_error(error), all[i].of_database);
        EXPECT_INT(strlen(capo_database_error_state(error)), all[i].has_state && !sqlite ? 5 : 0);
    }
    if (!sqlite)
        EXPECT_INT(EXPECT_RAISES(ERROR_DATA, run, "UPDATE library_book SET pages = 99999999999")->code, ERROR_DATA);
    EXPECT(!capo_is_database_error(NULL));
}

TEST(errors_and_statements_are_in_the_log_with_their_times)
{
    query_library();
    size_t before, after;
    capo_logged_queries(&before);
    EXPECT_INT(capo_count(Author, .where = { .name = EQ("Ann") }), 1);
    EXPECT_RAISES(ERROR_PROGRAMMING, run, "SELEC nonsense");
    const char *slow = database_is("sqlite") ? "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT max(i) AS n FROM n"
                     : database_is("postgresql") ? "SELECT pg_sleep(0.02)" : "SELECT SLEEP(0.02) AS n";
    capo_sql_rows(slow);
    const LoggedQuery *log = capo_logged_queries(&after);
    EXPECT_INT(after - before, 3);
    EXPECT(strstr(log[before].sql, "SELECT COUNT(*)") && strstr(log[before].sql, "Ann"));   /* with its values filled in */
    EXPECT_TEXT(log[before + 1].sql, "SELEC nonsense");
    EXPECT_TEXT(log[before + 2].sql, slow);
    EXPECT(log[before + 2].microseconds >= (database_is("sqlite") ? 500 : 20000));
    EXPECT(log[before].microseconds >= 0 && log[before].microseconds < 5000000);
}

static void count_by(void *pattern) { capo_count(Book, .filter = Q("title__regex", (const char *)pattern)); }

/* The server refuses them while it runs what it had prepared: the next run of the same statement is like any other. */
TEST(errors_while_a_statement_runs_leave_it_as_it_was)
{
    query_library();
    EXPECT_INT(capo_count(Book, .filter = Q("title__regex", "a$")), 3);
    for (int i = 0; i < 3; i++) {
        const Error *error = capo_try(count_by, i % 2 ? "[a" : "(");
        EXPECT(error && capo_is_database_error(error));
        EXPECT_INT(capo_count(Book, .filter = Q("title__regex", "a$")), 3);
    }
    EXPECT_INT(capo_database_figures().in_use, 0);
}

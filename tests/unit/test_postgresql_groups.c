/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads of one statement that end with one Sync (orm/backends/postgresql_flight.c): nobody may notice, whatever happens to one of them.
 * Needs a server, as test_postgresql.c. */
#include <capo/testing.h>
#ifdef CAPO_HAS_POSTGRESQL
#include <capo/loop.h>
#include "database_servers.h"
#include <string.h>

#define CAPO_MODELS "../../tests/unit/test_postgresql_groups.def"
#include <capo/declare_models.h>
#define CAPO_MODELS "../../tests/unit/test_postgresql_groups.def"
#include <capo/define_models.h>

static const App app = { .name = "flight", .models = models };

enum { READERS = 12, ROUNDS = 400 };        /* fewer than a group takes; until a statement has company, which a slow machine puts off */
typedef struct Reader { int64_t id; bool started, ended, cancelled; int code; int64_t got, quotient, unit; } Reader;

static void read_errand(void *argument)
{
    Reader *self = argument;
    self->started = true;
    Errand *errand = capo_get(Errand, .where = { .id = EQ(self->id) });
    self->got = errand->id;
    self->quotient = errand->quotient;
    self->unit = errand->unit;
}

static void ended(void *argument, Unit *unit, const Error *error)
{
    (void)unit;
    Reader *self = argument;
    self->ended = true;
    self->code = error ? error->code : 0;
}

static Reader *start_readers(int64_t first, Fiber **ret_fibers)
{
    Reader *all = capo_alloc_array(READERS, sizeof *all);
    for (int i = 0; i < READERS; i++) {
        all[i] = (Reader){ .id = first + i };
        Fiber *fiber = capo_fiber_start("reader", read_errand, &all[i], ended, false);
        if (ret_fibers)
            ret_fibers[i] = fiber;
    }
    return all;
}

static Reader *readers(int64_t first)
{
    Reader *all = start_readers(first, NULL);
    for (int i = 0; i < READERS; i++)
        wait_for(&all[i].ended);
    return all;
}

/* Everybody has his own row, but for the one whose row cannot be read. */
static void expect_right(const Reader *all, int64_t failing, int code)
{
    for (int i = 0; i < READERS; i++) {
        EXPECT_INT(all[i].code, all[i].id == failing ? code : 0);
        EXPECT_INT(all[i].got, all[i].id == failing ? 0 : all[i].id);
        EXPECT_INT(all[i].quotient, all[i].id == failing ? 0 : all[i].id * 2);
    }
}

static int different_units(const Reader *all)
{
    int different = 0;
    for (int i = 0; i < READERS; i++) {
        bool seen = all[i].code != 0;
        for (int k = 0; k < i; k++)
            seen = seen || (!all[k].code && all[k].unit == all[i].unit);
        different += !seen;
    }
    return different;
}

/* Runs it until its readers share transactions. False: they never did. */
static bool have_company(void)
{
    int different = READERS;
    for (int round = 0; different == READERS && round < ROUNDS; round++) {
        Reader *all = readers(901);
        expect_right(all, 0, 0);
        different = different_units(all);
    }
    return different < READERS;
}

/* The view's quotient is twice the id, by what `effect` makes of it: an SQL function's body in PL/pgSQL over "wanted". */
static bool open_errands(const char *options, const char *effect, const char **ret_url)
{
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .apps = APPS(&app) });
    capo_models_prepare(APPS(&app));
    if (!open_server("postgresql", options, ret_url))
        return false;
    run_sql("DROP VIEW IF EXISTS flight_errand");
    run_sql("DROP TABLE IF EXISTS flight_child, flight_parent, flight_note");
    run_sql("CREATE TABLE flight_note (id bigint)");
    run_sql("CREATE TABLE flight_parent (id bigint PRIMARY KEY)");
    run_sql("CREATE TABLE flight_child (parent bigint REFERENCES flight_parent DEFERRABLE INITIALLY DEFERRED)");
    run_sql((char *)capo_format("CREATE OR REPLACE FUNCTION flight_effect(wanted bigint) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN %s RETURN wanted * 2; END $$", effect));
    run_sql("CREATE VIEW flight_errand AS SELECT id, flight_effect(id) AS quotient, txid_current() AS unit FROM generate_series(1, 1000) AS id");
    EXPECT(have_company());
    return true;
}

static void drop_errands(void)
{
    EXPECT_INT(capo_database_figures().in_flight, 0);
    run_sql("DROP VIEW flight_errand");
    run_sql("DROP FUNCTION flight_effect");
    run_sql("DROP TABLE flight_child, flight_parent, flight_note");
}

/* The first goes off at once, the others of that turn together. */
TEST(postgresql_reads_of_one_statement_share_a_transaction)
{
    if (!open_errands("?pool_shared=1", "", NULL))
        return;
    expect_right(readers(1), 0, 0);
    EXPECT(have_company());
    drop_errands();
}

TEST(postgresql_a_read_that_fails_takes_nobody_with_it)
{
    if (!open_errands("?pool_shared=1", "IF wanted = 6 THEN RETURN 1 / (wanted - 6); END IF; INSERT INTO flight_note VALUES (wanted);", NULL))
        return;
    Reader *all = readers(1);
    expect_right(all, 6, ERROR_DATA);
    EXPECT_INT(different_units(all), READERS - 1);
    /* What a view writes was written once. */
    EXPECT_INT(number("SELECT count(*) FROM flight_note WHERE id <= 12"), READERS - 1);
    EXPECT_INT(number("SELECT count(DISTINCT id) FROM flight_note WHERE id <= 12"), READERS - 1);
    /* It keeps to itself for a while, and then has company again. */
    all = readers(101);
    expect_right(all, 0, 0);
    EXPECT_INT(different_units(all), READERS);
    EXPECT(have_company());
    drop_errands();
}

/* The end of the shared transaction is refused, and nobody can say for whom. */
TEST(postgresql_a_group_whose_end_is_refused_goes_again_one_by_one)
{
    if (!open_errands("?pool_shared=1", "IF wanted = 6 THEN INSERT INTO flight_child VALUES (wanted); END IF; INSERT INTO flight_note VALUES (wanted);", NULL))
        return;
    Reader *all = readers(1);
    expect_right(all, 6, ERROR_INTEGRITY);
    EXPECT_INT(different_units(all), READERS - 1);
    EXPECT_INT(number("SELECT count(*) FROM flight_note WHERE id <= 12"), READERS - 1);
    EXPECT_INT(number("SELECT count(*) FROM flight_child"), 0);
    drop_errands();
}

TEST(postgresql_a_slow_read_has_no_company)
{
    if (!open_errands("?pool_shared=1", "IF wanted = 6 THEN PERFORM pg_sleep(0.02); END IF;", NULL))
        return;
    expect_right(readers(1), 0, 0);
    Reader *all = readers(101);
    expect_right(all, 0, 0);
    EXPECT_INT(different_units(all), READERS);
    drop_errands();
}

/* A statement that the program wrote itself may do anything: it has a transaction of its own. */
static void read_unit(void *argument)
{
    Reader *self = argument;
    self->unit = number("SELECT txid_current()::bigint");
}

TEST(postgresql_raw_statements_share_no_transaction)
{
    if (!open_errands("?pool_shared=1", "", NULL))
        return;
    for (int round = 0; round < 2; round++) {
        Reader all[READERS] = { { 0 } };
        for (int i = 0; i < READERS; i++)
            capo_fiber_start("reader", read_unit, &all[i], ended, false);
        for (int i = 0; i < READERS; i++)
            wait_for(&all[i].ended);
        EXPECT_INT(different_units(all), READERS);
    }
    drop_errands();
}

/* Whoever is cancelled is not asked for again when his group fails. */
TEST(postgresql_cancelled_members_of_a_group_that_fails_leave_nothing_behind)
{
    if (!open_errands("?pool_shared=1", "IF wanted = 6 THEN PERFORM pg_sleep(0.1); RETURN 1 / (wanted - 6); END IF; INSERT INTO flight_note VALUES (wanted);", NULL))
        return;
    Fiber *fibers[READERS];
    Reader *all = start_readers(1, fibers);
    wait_for(&all[0].ended);                /* the first, which went alone: the group is on its way */
    int cancelled = 0;
    for (int i = 3; i < READERS; i += 3) {
        if (all[i].ended)                   /* where they had no company */
            continue;
        fiber_cancel(fibers[i]);
        all[i].cancelled = true;
        cancelled++;
    }
    for (int i = 0; i < READERS; i++) {
        wait_for(&all[i].ended);
        EXPECT_INT(all[i].code, all[i].cancelled ? ERROR_ABORTED : all[i].id == 6 ? ERROR_DATA : 0);
    }
    int64_t noted = number("SELECT count(*) FROM flight_note WHERE id <= 12");
    EXPECT(noted >= READERS - 1 - cancelled && noted < READERS);
    expect_right(readers(101), 0, 0);
    drop_errands();
}

/* Cut anywhere in the answers: what has come without its Sync is no answer, and is asked for again. */
TEST(postgresql_a_group_that_is_cut_gives_no_wrong_answer)
{
    const char *url;
    if (!open_errands("", "", &url))
        return;
    Proxy *proxy = start_proxy(url);
    capo_database_open(through(proxy, url, "?pool_shared=1&pool_size=4"));
    int together = 0;
    for (long limit = 0; limit < 1500; limit += 61) {
        together += have_company();
        proxy_limit(proxy, false, limit);
        Reader *all = start_readers(1, NULL);
        for (int i = 0; i < READERS; i++) {
            wait_for(&all[i].ended);
            EXPECT(all[i].code == 0 || all[i].code == ERROR_OPERATIONAL);
            EXPECT_INT(all[i].got, all[i].code ? 0 : all[i].id);
            EXPECT_INT(all[i].quotient, all[i].code ? 0 : all[i].id * 2);
        }
        proxy_limit(proxy, false, -1);
        EXPECT_INT(capo_database_figures().in_flight, 0);
    }
    EXPECT(together > 0);
    drop_errands();
}
#endif

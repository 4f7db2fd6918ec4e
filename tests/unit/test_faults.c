/* SPDX-License-Identifier: BSD-3-Clause */
/* Databases under faults: connections cut at every point, servers killed under load, deadlocks, full disks. Whatever happens: an
 * answer is right, a unit is there whole or not at all, what was acknowledged is there, an error that is not "unknown" means that nothing
 * is, no connection is leaked, and a second after the server is back all is well. tests/suites/faults has servers for these. */
#include <capo/testing.h>
#if defined CAPO_HAS_POSTGRESQL && defined CAPO_HAS_MYSQL
#include "database_servers.h"
#include <capo/loop.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void expect_no_leaks(void)
{
    DatabaseFigures figures = capo_database_figures();
    EXPECT_INT(figures.in_use, 0);
    EXPECT_INT(figures.in_flight, 0);
    EXPECT_INT(figures.waiting, 0);
}

/* --- connections that are cut --- */

/* Each try has a number of its own: a COMMIT that was cut off may still be carried out later. */
typedef struct Cut { int number, runs; int64_t rows; } Cut;

static void write_two(void *argument)
{
    Cut *cut = argument;
    char *insert = capo_format("INSERT INTO cuts VALUES (%d)", cut->number);
    cut->runs++;
    run_sql(insert);
    number("SELECT count(*) FROM cuts");
    run_sql(insert);
}

static void in_a_transaction(void *argument) { capo_retry(write_two, argument); }

static void alone(void *argument)
{
    Cut *cut = argument;
    cut->runs++;
    run_sql(capo_format("INSERT INTO cuts VALUES (%d), (%d)", cut->number, cut->number));
}

static void count_rows(void *argument)
{
    Cut *cut = argument;
    cut->rows = number(capo_format("SELECT count(*) FROM cuts WHERE n = %d", cut->number));
}

static void read_all(void *argument)
{
    Cut *cut = argument;
    cut->rows = -1;
    cut->rows = capo_database_run("SELECT n FROM many WHERE n <= 40 ORDER BY n", NULL, 0, DATABASE_READ)->n_rows;
}

/* Where the cut hit a connection being made, the pool pauses; within a second all is well. */
static void when_back(void (*function)(void *), Cut *cut)
{
    const Error *error = NULL;
    for (int i = 0; i < 50 && (!i || error); i++) {
        if (error)
            capo_sleep(0.02);
        error = capo_try(function, cut);
    }
    if (error)
        capo_reraise(error);
}

static void warm_up(void *cut)
{
    capo_begin();
    count_rows(cut);
    capo_commit();
    count_rows(cut);
}

/* After each number of bytes in either direction: first with connections that are open already, so that it is the statements that are cut, then
 * with new ones, where it is the greeting too. A pool that was told of no server would pause and send nothing, so each try has its own. */
static void cut_everywhere(Proxy *proxy, const char *url, void (*work)(void *), bool begins, long step)
{
    static int tries;
    int cuts = 0, committed = 0, unknown = 0;
    for (int sweep = 0; sweep < 4; sweep++)
        for (long limit = 1 + sweep / 2; limit < 9000; limit += sweep < 2 ? step : 5 * step) {
            bool upwards = sweep % 2, is_new = sweep >= 2;
            Cut cut = { .number = ++tries };
            if (is_new)
                capo_database_open(url);
            else
                when_back(warm_up, &cut);
            proxy_limit(proxy, upwards, limit);
            const Error *error = capo_try(work, &cut);
            bool whole = proxy_limit(proxy, upwards, -1) >= 0;
            if (error)
                EXPECT_INT(error->code, ERROR_OPERATIONAL);
            bool is_unknown = capo_outcome_is_unknown(error);
            EXPECT(!whole || !error);
            EXPECT(cut.runs <= 1);
            if (error && is_unknown)
                capo_sleep(0.02);           /* the server may be at it still */
            expect_no_leaks();
            when_back(count_rows, &cut);
            EXPECT(cut.rows == 0 || cut.rows == 2);
            EXPECT(error || cut.rows == 2);
            EXPECT(!error || is_unknown || cut.rows == 0);
            cuts += error != NULL;
            committed += !error;
            unknown += is_unknown;
            if (whole && !error)
                break;
        }
    EXPECT(cuts > 5);
    EXPECT(committed >= 2);
    EXPECT(unknown > 0);
    EXPECT(!begins || unknown < cuts / 2);  /* until COMMIT is sent nothing can have happened */
}

static void cut_reads(Proxy *proxy, long step)
{
    for (int upwards = 0; upwards < 2; upwards++)
        for (long limit = 1; limit < 9000; limit += step) {
            Cut cut = { 0 };
            proxy_limit(proxy, upwards, limit);
            const Error *error = capo_try(read_all, &cut);
            bool whole = proxy_limit(proxy, upwards, -1) >= 0;
            if (error)
                EXPECT_INT(error->code, ERROR_OPERATIONAL);
            EXPECT(error || cut.rows == 40);
            EXPECT(!capo_outcome_is_unknown(error));
            expect_no_leaks();
            when_back(read_all, &cut);
            EXPECT_INT(cut.rows, 40);
            if (whole)
                break;
        }
}

static void drop_cuts(void *unused)
{
    (void)unused;
    when_back(run_sql, (Cut *)(void *)"DROP TABLE IF EXISTS cuts");
    when_back(run_sql, (Cut *)(void *)"DROP TABLE IF EXISTS many");
}

static void cut(const char *kind)
{
    const char *url;
    /* The suite takes its time; but a new connection to PostgreSQL costs several milliseconds of SCRAM. */
    long step = !getenv("CAPO_FAULT_SERVERS") ? 17 : *kind == 'p' ? 3 : 1;
    if (!open_server(kind, "", &url))
        return;
    Proxy *proxy = start_proxy(url);
    url = through(proxy, url, "");
    capo_database_open(url);
    drop_cuts(NULL);
    run_sql("CREATE TABLE cuts (n int)");
    run_sql("CREATE TABLE many (n int)");
    for (int i = 0; i < 100; i += 10)
        run_sql(capo_format("INSERT INTO many VALUES (%d), (%d), (%d), (%d), (%d), (%d), (%d), (%d), (%d), (%d)", i + 1, i + 2, i + 3, i + 4, i + 5, i + 6, i + 7,
                            i + 8, i + 9, i + 10));
    cut_everywhere(proxy, url, in_a_transaction, true, step);
    cut_everywhere(proxy, url, alone, false, step);
    cut_reads(proxy, step);
    EXPECT(capo_database_figures().open <= 3);
    drop_cuts(NULL);
}

TEST(faults_postgresql_cut_at_every_point) { cut("postgresql"); }
TEST(faults_mysql_cut_at_every_point) { cut("mysql"); }

/* --- a server that is killed --- */

enum { MOST_UNITS = 40000, ACCOUNTS = 20, WRITERS = 8, READERS = 4 };
typedef enum Outcome { UNTRIED, ACKNOWLEDGED, REFUSED, UNKNOWN } Outcome;
static unsigned char outcomes[MOST_UNITS];
typedef struct Load { bool stop; int units, good, failed, running, others; char wrong[200]; int64_t last_good; } Load;
static Load load;

static void move(void *argument)
{
    int unit = *(int *)argument, from = unit % ACCOUNTS, to = (unit + 1 + unit / ACCOUNTS % (ACCOUNTS - 1)) % ACCOUNTS;
    run_sql(capo_format("INSERT INTO units VALUES (%d, 1)", unit));
    run_sql(capo_format("UPDATE accounts SET balance = balance - 1 WHERE n = %d", from));
    run_sql(capo_format("UPDATE accounts SET balance = balance + 1 WHERE n = %d", to));
    run_sql(capo_format("INSERT INTO units VALUES (%d, 2)", unit));
}

static void move_with_retry(void *unit) { capo_retry(move, unit, .attempts = 10); }

static void read_sum(void *unused)
{
    (void)unused;
    ResultSet *rows = capo_database_run("SELECT SUM(balance), COUNT(*) FROM accounts", NULL, 0, DATABASE_READ);
    const char *sum = capo_to_text(capo_cell(rows, 0, 0)), *count = capo_to_text(capo_cell(rows, 0, 1));
    if (!*load.wrong && (strcmp(sum, "2000") || strcmp(count, "20")))
        snprintf(load.wrong, sizeof load.wrong, "after %d units %zu rows of %zu columns: %s, %s", load.units, rows->n_rows, rows->n_columns, sum, count);
}

static void note(const Error *error)
{
    if (!error)
        load.last_good = capo_monotonic_us();
    else if (error->code != ERROR_OPERATIONAL && error->code != 503)
        load.others++;
    *(error ? &load.failed : &load.good) += 1;
    capo_sleep(error ? 0.01 : 0.002);
}

static void keep_moving(void *unused)
{
    (void)unused;
    for (load.running++; !load.stop && load.units < MOST_UNITS - 1;) {
        int unit = ++load.units;
        const Error *error = capo_try(move_with_retry, &unit);
        outcomes[unit] = !error ? ACKNOWLEDGED : capo_outcome_is_unknown(error) ? UNKNOWN : REFUSED;
        note(error);
    }
    load.running--;
}

static void keep_reading(void *unused)
{
    (void)unused;
    for (load.running++; !load.stop;)
        note(capo_try(read_sum, NULL));
    load.running--;
}

/* Each unit whole or not at all, and as its caller was told. */
static void check_units(void)
{
    static unsigned char parts[MOST_UNITS];
    memset(parts, 0, sizeof parts);
    ResultSet *rows = capo_database_run("SELECT id, part FROM units", NULL, 0, DATABASE_READ);
    for (size_t i = 0; i < rows->n_rows; i++)
        parts[capo_cell(rows, i, 0).integer] |= (unsigned char)capo_cell(rows, i, 1).integer;
    int half = 0, missing = 0, unwanted = 0, acknowledged = 0;
    for (int unit = 1; unit <= load.units; unit++) {
        half += parts[unit] == 1 || parts[unit] == 2;
        missing += outcomes[unit] == ACKNOWLEDGED && !parts[unit];
        unwanted += outcomes[unit] == REFUSED && parts[unit];
        acknowledged += outcomes[unit] == ACKNOWLEDGED;
    }
    EXPECT_INT(half, 0);
    EXPECT_INT(missing, 0);
    EXPECT_INT(unwanted, 0);
    EXPECT(acknowledged > 50);
    read_sum(NULL);
}

/* Microseconds for which this thread was ready to run and the machine did other things. */
static int64_t kept_waiting(void)
{
    long long ran = 0, waited = 0;
    FILE *file = fopen("/proc/self/schedstat", "r");
    if (file && fscanf(file, "%lld %lld", &ran, &waited) != 2)
        waited = 0;
    if (file)
        fclose(file);
    return waited / 1000;
}

static void expect_recovery(int64_t back)
{
    int64_t busy = kept_waiting();
    while (load.last_good < back && capo_monotonic_us() - back < 5000000)
        capo_sleep(0.005);
    busy = kept_waiting() - busy;
    /* a quarter of a second is the longest pause */
    EXPECT(load.last_good > back);
    EXPECT(load.last_good - back - busy < 1000000);
    capo_sleep(0.6);
    int failed = load.failed, good = load.good;
    for (int i = 0; i < 1000 && load.good < good + 60; i++)
        capo_sleep(0.01);
    EXPECT(load.good >= good + 60);
    EXPECT_INT(load.failed, failed);
}

static void kill_under_load(const char *kind)
{
    const char *url = own_server("SERVER_SAFE", kind);
    if (!url)
        return;
    capo_database_open(url);
    run_sql(capo_format("CREATE TABLE units (id int, part int)%s", *kind == 'm' ? " ENGINE=InnoDB" : ""));
    run_sql("CREATE TABLE accounts (n int PRIMARY KEY, balance int)");
    for (int i = 0; i < ACCOUNTS; i++)
        run_sql(capo_format("INSERT INTO accounts VALUES (%d, 100)", i));
    load = (Load){ 0 };
    memset(outcomes, 0, sizeof outcomes);
    for (int i = 0; i < WRITERS + READERS; i++)
        capo_fiber_start("load", i < WRITERS ? keep_moving : keep_reading, NULL, NULL, false);
    for (int i = 0; i < 2000 && load.good < 200; i++)
        capo_sleep(0.01);
    EXPECT(load.good >= 200);
    EXPECT_INT(load.failed, 0);
    const char *rounds = getenv("CAPO_FAULT_ROUNDS");
    for (int round = 0, n = rounds ? atoi(rounds) : 2; round < n; round++) {
        servers("stop %s --kill %s", own_server_folder(), kind);
        int failed = load.failed;
        for (int i = 0; i < 500 && load.failed < failed + 20; i++)
            capo_sleep(0.01);
        EXPECT(load.failed >= failed + 20);
        servers("start %s %s", own_server_folder(), kind);
        expect_recovery(capo_monotonic_us());
    }
    if (*kind == 'p') {                     /* kill -9 of one of its processes: it throws all out and recovers */
        int victim = atoi(text_of_cell("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() LIMIT 1", 0));
        if (victim > 1 && kill(victim, SIGKILL) == 0) {
            int failed = load.failed;
            for (int i = 0; i < 300 && load.failed == failed; i++)
                capo_sleep(0.01);
            EXPECT(load.failed > failed);
            for (int i = 0; i < 500 && capo_monotonic_us() - load.last_good > 20000; i++)
                capo_sleep(0.01);
            expect_recovery(capo_monotonic_us());
        }
    }
    load.stop = true;
    for (int i = 0; i < 1000 && load.running; i++)
        capo_sleep(0.01);
    EXPECT_INT(load.running, 0);
    EXPECT_INT(load.others, 0);
    check_units();
    EXPECT_TEXT(load.wrong, "");
    expect_no_leaks();
    EXPECT(capo_database_figures().open <= 12);
    const char *connections = *kind == 'p' ? "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                                           : "SELECT count(*) FROM information_schema.processlist WHERE db = 'capo'";
    EXPECT(number(connections) <= 12);
}

TEST(faults_postgresql_killed_under_load) { kill_under_load("postgresql"); }
TEST(faults_mysql_killed_under_load) { kill_under_load("mysql"); }

/* --- conflicts --- */

typedef struct Conflict { int first, second, runs; bool ended, met, waits; const char *isolation; struct Conflict *other; int code; bool conflict; char message[200]; } Conflict;

static void cross(void *argument)
{
    Conflict *self = argument;
    self->runs++;
    run_sql(capo_format("UPDATE crossing SET n = n + 1 WHERE id = %d", self->first));
    self->met = true;
    for (int i = 0; i < 200 && !self->other->met; i++)     /* both hold their first row, the first time */
        capo_sleep(0.005);
    run_sql(capo_format("UPDATE crossing SET n = n + 1 WHERE id = %d", self->second));
}

static void cross_once(void *argument)
{
    capo_begin();
    cross(argument);
    capo_commit();
}

static void cross_with_retry(void *argument) { capo_retry(cross, argument); }

/* Each reads what the other writes: in some order of the two one would have seen the other. */
static void write_skew(void *argument)
{
    Conflict *self = argument;
    self->runs++;
    int64_t sum = atoll(text_of_cell("SELECT SUM(n) FROM crossing", 0));
    self->met = true;
    for (int i = 0; i < 200 && !self->other->met; i++)
        capo_sleep(0.005);
    run_sql(capo_format("UPDATE crossing SET n = %lld WHERE id = %d", (long long)sum + 1, self->first));
}

static void skew_with_retry(void *argument) { capo_retry(write_skew, argument, .isolation = "serializable"); }

static void skew_once(void *argument)
{
    capo_begin(.isolation = "serializable");
    write_skew(argument);
    capo_commit();
}

static void conflict_ended(void *argument, Unit *unit, const Error *error)
{
    (void)unit;
    Conflict *self = argument;
    self->code = error ? error->code : 0;
    self->conflict = capo_is_conflict(error);
    snprintf(self->message, sizeof self->message, "%s", error ? error->message : "");
    self->ended = true;
}

static void meet(Conflict *two, void (*function)(void *))
{
    run_sql("DROP TABLE IF EXISTS crossing");
    run_sql("CREATE TABLE crossing (id int PRIMARY KEY, n int)");
    run_sql("INSERT INTO crossing VALUES (1, 0), (2, 0)");
    two[0] = (Conflict){ .first = 1, .second = 2, .other = &two[1] };
    two[1] = (Conflict){ .first = 2, .second = 1, .other = &two[0] };
    for (int i = 0; i < 2; i++)
        capo_fiber_start("conflict", function, &two[i], conflict_ended, false);
    wait_for(&two[0].ended);
    wait_for(&two[1].ended);
    expect_no_leaks();
}

static void conflicts(const char *kind)
{
    Conflict two[2];
    if (!open_server(kind, "", NULL))
        return;
    meet(two, cross_once);
    EXPECT_INT((two[0].code != 0) + (two[1].code != 0), 1);
    Conflict *loser = &two[two[1].code != 0];
    EXPECT_INT(loser->code, ERROR_OPERATIONAL);
    EXPECT(loser->conflict);
    EXPECT(capo_starts_with(loser->message, "Deadlock: "));
    EXPECT_TEXT(text_of_cell("SELECT SUM(n) FROM crossing", 0), "2");

    meet(two, cross_with_retry);
    EXPECT_INT(two[0].code + two[1].code, 0);
    EXPECT_INT(two[0].runs + two[1].runs, 3);
    EXPECT_TEXT(text_of_cell("SELECT SUM(n) FROM crossing", 0), "4");

    meet(two, skew_once);
    EXPECT_INT((two[0].code != 0) + (two[1].code != 0), 1);
    loser = &two[two[1].code != 0];
    EXPECT(loser->conflict);
    EXPECT(capo_starts_with(loser->message, *kind == 'p' ? "Serialization failure: " : "Deadlock: "));
    meet(two, skew_with_retry);
    EXPECT_INT(two[0].code + two[1].code, 0);
    EXPECT_TEXT(text_of_cell("SELECT MAX(n) FROM crossing", 0), "2");
    run_sql("DROP TABLE crossing");
}

TEST(faults_postgresql_conflicts_are_named_and_tried_again) { conflicts("postgresql"); }
TEST(faults_mysql_conflicts_are_named_and_tried_again) { conflicts("mysql"); }

static void break_rule(void *runs)
{
    ++*(int *)runs;
    run_sql("INSERT INTO crossing VALUES (1, 1)");
    run_sql("INSERT INTO crossing VALUES (1, 1)");
}

static void retry_break(void *runs) { capo_retry(break_rule, runs); }

static void retry_inside(void *runs)
{
    capo_begin();
    capo_retry(break_rule, runs);
    capo_commit();
}

TEST(faults_retry_is_for_conflicts_outside_of_transactions)
{
    int runs = 0;
    capo_database_open("sqlite::memory:");
    run_sql("CREATE TABLE crossing (id int PRIMARY KEY, n int)");
    EXPECT_RAISES(ERROR_INTEGRITY, retry_break, &runs);
    EXPECT_INT(runs, 1);
    EXPECT_INT(number("SELECT COUNT(*) FROM crossing"), 0);
    EXPECT(strstr(EXPECT_RAISES(500, retry_inside, &runs)->message, "inside a transaction") != NULL);
    EXPECT_INT(runs, 1);
    EXPECT(!capo_in_transaction());
    capo_database_close();
}

static void open_chaos(void *unused)
{
    (void)unused;
    capo_database_open("postgresql://host/db?isolation=chaos");
}

TEST(faults_isolation_of_the_url)
{
    if (!open_server("postgresql", "?isolation=repeatable%20read", NULL))
        return;
    capo_begin();
    EXPECT_TEXT(text_of_cell("SELECT current_setting('transaction_isolation')", 0), "repeatable read");
    capo_commit();
    capo_begin(.isolation = "serializable");
    EXPECT_TEXT(text_of_cell("SELECT current_setting('transaction_isolation')", 0), "serializable");
    capo_commit();
    EXPECT(strstr(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, open_chaos, NULL)->message, "isolation=chaos") != NULL);
    if (!open_server("mysql", "?isolation=SERIALIZABLE", NULL))
        return;
    EXPECT_TEXT(text_of_cell("SELECT @@tx_isolation", 0), "SERIALIZABLE");
    open_server("mysql", "", NULL);
    EXPECT_TEXT(text_of_cell("SELECT @@tx_isolation", 0), "READ-COMMITTED");
}

/* --- a pool that is empty --- */

typedef struct Holder { bool began, ended; int code; } Holder;

static void hold(void *argument)
{
    capo_begin();
    ((Holder *)argument)->began = true;
    capo_sleep(0.4);
    capo_commit();
}

static void holder_ended(void *argument, Unit *unit, const Error *error)
{
    (void)unit;
    *(Holder *)argument = (Holder){ true, true, error ? error->code : 0 };
}

TEST(faults_mysql_pool_exhausted)
{
    if (!open_server("mysql", "?pool_size=2&pool_wait=100ms", NULL))
        return;
    Holder three[3] = { { 0 } };
    for (int i = 0; i < 2; i++) {
        capo_fiber_start("holder", hold, &three[i], holder_ended, false);
        wait_for(&three[i].began);
    }
    int64_t since = capo_monotonic_us();
    capo_fiber_start("late", hold, &three[2], holder_ended, false);
    wait_for(&three[2].ended);
    EXPECT_INT(three[2].code, 503);
    EXPECT(capo_monotonic_us() - since >= 100000);
    wait_for(&three[0].ended);
    wait_for(&three[1].ended);
    EXPECT_INT(three[0].code + three[1].code, 0);
    EXPECT_INT(capo_database_figures().exhausted, 1);
    EXPECT_INT(capo_database_figures().waited, 1);
    expect_no_leaks();
}

/* --- a full disk --- */

static void fill(void *argument)
{
    int *acknowledged = argument;
    char *text = capo_random_string(8000, NULL);
    for (int i = 0; i < 3000; i++) {
        Value values[] = { capo_value_int(*acknowledged + 1), capo_value_text(text) };
        capo_begin();
        capo_sql_run_with("INSERT INTO filling (id, t) VALUES (?, ?)", values, 2);
        capo_sql_run_with("INSERT INTO filling (id, t) VALUES (?, ?)", values, 2);
        capo_commit();
        ++*acknowledged;
    }
}

static void expect_full(const char *said)
{
    int acknowledged = 0;
    const Error *error = EXPECT_RAISES(ERROR_OPERATIONAL, fill, &acknowledged);
    EXPECT(strstr(error->message, said) != NULL);
    EXPECT(!capo_outcome_is_unknown(error));
    EXPECT(acknowledged > 3);
    expect_no_leaks();
    EXPECT_INT(number("SELECT COUNT(*) FROM filling"), 2 * acknowledged);
    EXPECT_INT(number("SELECT COUNT(DISTINCT id) FROM filling"), acknowledged);
    run_sql("CREATE TABLE beside (n int)");         /* service goes on where there is room */
    run_sql("INSERT INTO beside VALUES (1)");
    run_sql("DROP TABLE beside");
}

/* The same again, once there is room. */
static void expect_room(const char *create)
{
    run_sql("DROP TABLE filling");
    run_sql((char *)create);
    Value values[] = { capo_value_int(1), capo_value_text("small") };
    EXPECT_INT(capo_sql_run_with("INSERT INTO filling (id, t) VALUES (?, ?)", values, 2), 1);
    run_sql("DROP TABLE filling");
    expect_no_leaks();
}

static const char *space(void)
{
    const char *folder = getenv("CAPO_FAULT_SPACE");
    if (!folder)
        fprintf(stderr, "skipped: CAPO_FAULT_SPACE names no small file system; tests/suites/faults makes one where it may\n");
    return folder;
}

TEST(faults_postgresql_disk_full)
{
    const char *folder = space();
    if (!folder || !open_server("postgresql", "", NULL))
        return;
    run_sql(capo_format("CREATE TABLESPACE small LOCATION '%s/postgresql'", folder));
    static char create[] = "CREATE TABLE filling (id int, t text) TABLESPACE small";
    run_sql(create);
    run_sql("ALTER TABLE filling ALTER t SET STORAGE EXTERNAL");
    expect_full("The server's disk is full");
    expect_room(create);
    run_sql("DROP TABLESPACE small");
}

TEST(faults_mysql_disk_full)
{
    const char *folder = space();
    if (!folder || !open_server("mysql", "", NULL))
        return;
    char *create = capo_format("CREATE TABLE filling (id int, t text) ENGINE=InnoDB DATA DIRECTORY='%s/mysql'", folder);
    run_sql(create);
    expect_full("The server's disk is full");
    expect_room(create);
}

TEST(faults_sqlite_disk_full)
{
    char name[] = "/tmp/capo-full-XXXXXX";
    const char *folder = space();
    EXPECT(mkdtemp(name) != NULL);
    capo_database_open(capo_format("sqlite:%s/full", folder ? folder : name));
    run_sql("CREATE TABLE filling (id int, t text)");
    if (!folder)
        run_sql("PRAGMA max_page_count = 300");
    int acknowledged = 0;
    EXPECT(strstr(EXPECT_RAISES(ERROR_OPERATIONAL, fill, &acknowledged)->message, "disk is full") != NULL);
    EXPECT(acknowledged > 3);
    EXPECT_INT(number("SELECT COUNT(*) FROM filling"), 2 * acknowledged);
    EXPECT_TEXT(text_of_cell("PRAGMA integrity_check", 0), "ok");
    if (!folder) {                          /* a WAL needs room to give room */
        expect_room("CREATE TABLE filling (id int, t text)");
    }
    expect_no_leaks();
    capo_database_close();
    static const char *const ends[] = { "", "-wal", "-shm" };
    for (int i = 0; i < 3; i++)
        unlink(capo_format("%s/full%s", folder ? folder : name, ends[i]));
    rmdir(name);
}
#endif

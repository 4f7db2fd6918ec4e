/* SPDX-License-Identifier: BSD-3-Clause */
/* Transfers between accounts while connections are killed one by one and fibers are cancelled: each sum that is read is right, each answer is that of its
 * own question, each unit is there whole or not at all, and as its caller was told. CAPO_FAULT_ROUNDS says how many kills, 25 without it. */
#include <capo/testing.h>
#include "database_under_test.h"
#include "scratch_folder.h"
#include "../../orm/internal.h"
#include <capo/loop.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_UNITS = 100000, ACCOUNTS = 20, WRITERS = 8, READERS = 5, WAYS = 5, TOTAL = 100 * ACCOUNTS };
typedef enum Outcome { UNTRIED, ACKNOWLEDGED, REFUSED, UNKNOWN } Outcome;
typedef struct Chaos { bool stop; int units, good, failed, cancelled, running, others; unsigned char outcomes[MOST_UNITS]; char wrong[400], other[300]; Fiber *writers[WRITERS]; } Chaos;
static Chaos chaos;

static int rounds(int usual)
{
    const char *text = getenv("CAPO_FAULT_ROUNDS");
    return text ? atoi(text) : usual;
}

static void run_sql(void *sql) { capo_database_run(sql, NULL, 0, DATABASE_WRITE); }

static int64_t ask(const char *sql) { return atoll(capo_to_text(capo_cell(capo_database_run(sql, NULL, 0, DATABASE_READ), 0, 0))); }

static void __attribute__((format(printf, 1, 2))) wrong(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!*chaos.wrong)
        vsnprintf(chaos.wrong, sizeof chaos.wrong, format, args);
    va_end(args);
}

/* --- units --- */

static void add(int account, int amount)
{
    Value values[] = { capo_value_int(amount), capo_value_int(account) };
    int64_t changed = capo_sql_run_with("UPDATE accounts SET balance = balance + ? WHERE n = ?", values, 2);
    if (changed != 1)
        wrong("an UPDATE of account %d by %d changed %lld rows", account, amount, (long long)changed);
}

static void note_part(int unit, int part)
{
    Value values[] = { capo_value_int(unit), capo_value_int(part) };
    capo_sql_run_with("INSERT INTO units VALUES (?, ?)", values, 2);
}

/* Always in the order of the accounts, or now and then against it, for deadlocks. */
static void two_accounts(int unit, int *ret_from, int *ret_to)
{
    *ret_from = unit % ACCOUNTS;
    *ret_to = (*ret_from + 1 + unit / ACCOUNTS % (ACCOUNTS - 1)) % ACCOUNTS;
    if (unit % 3 && *ret_from > *ret_to) {
        int from = *ret_from;
        *ret_from = *ret_to;
        *ret_to = from;
    }
}

static void raise_inside(void *argument)
{
    capo_begin();
    add(*(int *)argument, 1000);
    capo_raise(418, "not this");
}

static void move(void *argument)
{
    int unit = *(int *)argument, way = unit % WAYS, from, to;
    two_accounts(unit, &from, &to);
    note_part(unit, 1);
    if (way == 2) {                             /* rows half read, and left */
        DatabaseCursor *cursor = capo_database_cursor("SELECT n, balance FROM accounts ORDER BY n", NULL, 0);
        capo_database_cursor_fetch(cursor, 3);
    }
    add(from, -1);
    if (way == 1 || way == 4) {
        const Error *error = capo_try(raise_inside, &to);
        if (error->code != 418)
            capo_reraise(error);
    }
    add(to, 1);
    note_part(unit, 2);
}

/* Several statements at once, which are a transaction of their own. */
static void move_in_one_flight(int unit)
{
    int from, to;
    two_accounts(unit, &from, &to);
    Statement statements[] = {
        { capo_format("INSERT INTO units VALUES (%d, 1)", unit), NULL, 0 },
        { capo_format("UPDATE accounts SET balance = balance - 1 WHERE n = %d", from), NULL, 0 },
        { capo_format("UPDATE accounts SET balance = balance + 1 WHERE n = %d", to), NULL, 0 },
        { capo_format("INSERT INTO units VALUES (%d, 2)", unit), NULL, 0 },
    };
    capo_database_run_many(statements, 4, DATABASE_WRITE);
}

static void one_unit(void *argument)
{
    int unit = *(int *)argument;
    if (unit % WAYS == 3)
        move_in_one_flight(unit);
    else
        capo_retry(move, argument, .attempts = 10);
}

/* --- reading --- */

static void expect_sum(int64_t sum, int64_t count, const char *how)
{
    if (sum != TOTAL || count != ACCOUNTS)
        wrong("%s after %d units: %lld of %lld accounts", how, chaos.units, (long long)sum, (long long)count);
}

static void read_sum(void *argument)
{
    int number = ++*(int *)argument;
    const char *sql = "SELECT SUM(balance), COUNT(*) FROM accounts";
    if (number % 4 == 0) {
        ResultSet *rows = capo_database_run(sql, NULL, 0, DATABASE_READ);
        expect_sum(atoll(capo_to_text(capo_cell(rows, 0, 0))), capo_cell(rows, 0, 1).integer, "a sum");
    } else if (number % 4 == 1) {               /* whose answer is it? */
        Value value = capo_value_int(1000000 + number * 100 + rand() % 100);
        ResultSet *rows = capo_database_run(capo_sql_numbered("SELECT CAST(? AS DECIMAL(12)) AS it", 1), &value, 1, DATABASE_READ);
        if (rows->n_rows != 1 || atoll(capo_to_text(capo_cell(rows, 0, 0))) != value.integer)
            wrong("asked for %lld and given %s", (long long)value.integer, rows->n_rows ? capo_to_text(capo_cell(rows, 0, 0)) : "nothing");
    } else if (number % 4 == 2) {
        Statement statements[] = { { sql, NULL, 0 }, { "SELECT n, balance FROM accounts ORDER BY n", NULL, 0 } };
        ResultSet *results = capo_database_run_many(statements, 2, DATABASE_READ);
        int64_t sum = 0;
        for (size_t i = 0; i < results[1].n_rows; i++)
            sum += capo_cell(&results[1], i, 1).integer;
        expect_sum(atoll(capo_to_text(capo_cell(&results[0], 0, 0))), capo_cell(&results[0], 0, 1).integer, "the first of a flight");
        expect_sum(sum, (int64_t)results[1].n_rows, "the rows of a flight");
    } else {
        DatabaseCursor *cursor = capo_database_cursor("SELECT n, balance FROM accounts ORDER BY n", NULL, 0);
        int64_t sum = 0, count = 0;
        for (ResultSet *rows; (rows = capo_database_cursor_fetch(cursor, 7))->n_rows; count += (int64_t)rows->n_rows)
            for (size_t i = 0; i < rows->n_rows; i++)
                sum += capo_cell(rows, i, 1).integer;
        capo_database_cursor_close(cursor);
        expect_sum(sum, count, "rows in batches");
    }
}

/* --- the load --- */

static void note(const Error *error)
{
    if (error && error->code == ERROR_ABORTED) {
        chaos.cancelled++;
    } else if (error && error->code != ERROR_OPERATIONAL && error->code != 503) {
        chaos.others++;
        snprintf(chaos.other, sizeof chaos.other, "%s: %s", error->name, error->message);
    }
    *(error ? &chaos.failed : &chaos.good) += 1;
    capo_sleep(error ? 0.003 : 0.001);
}

static void try_note(void *error) { note(error); }

static void keep_moving(void *unused)
{
    (void)unused;
    while (!chaos.stop && chaos.units < MOST_UNITS - 1) {
        int unit = ++chaos.units;
        const Error *error = capo_try(one_unit, &unit);
        chaos.outcomes[unit] = !error ? ACKNOWLEDGED : capo_outcome_is_unknown(error) || error->code == ERROR_ABORTED ? UNKNOWN : REFUSED;
        const Error *cancelled = capo_try(try_note, (Error *)error);
        chaos.cancelled += cancelled != NULL;   /* while it sleeps */
    }
}

static void keep_reading(void *unused)
{
    (void)unused;
    for (int number = rand() % 4; !chaos.stop;)
        note(capo_try(read_sum, &number));
}

static void load_ended(void *argument, Unit *unit, const Error *error)
{
    (void)argument, (void)unit;
    chaos.running--;
    if (error)
        wrong("a fiber of the load ended with %s", error->message);
}

static void make_accounts(void)
{
    const char *engine = database_is("mysql") ? " ENGINE=InnoDB" : "";
    run_sql(capo_format("CREATE TABLE units (id integer, part integer)%s", engine));
    run_sql(capo_format("CREATE TABLE accounts (n integer PRIMARY KEY, balance integer)%s", engine));
    for (int i = 0; i < ACCOUNTS; i++)
        run_sql(capo_format("INSERT INTO accounts VALUES (%d, 100)", i));
}

static void check_units(const unsigned char *outcomes, int units)
{
    static unsigned char parts[MOST_UNITS];
    memset(parts, 0, sizeof parts);
    ResultSet *rows = capo_database_run("SELECT id, part FROM units", NULL, 0, DATABASE_READ);
    int twice = 0, half = 0, missing = 0, unwanted = 0;
    for (size_t i = 0; i < rows->n_rows; i++) {
        unsigned char *at = &parts[capo_cell(rows, i, 0).integer], part = (unsigned char)capo_cell(rows, i, 1).integer;
        twice += (*at & part) != 0;
        *at |= part;
    }
    for (int unit = 1; unit <= units; unit++) {
        half += parts[unit] == 1 || parts[unit] == 2;
        missing += outcomes[unit] == ACKNOWLEDGED && !parts[unit];
        unwanted += outcomes[unit] == REFUSED && parts[unit];
    }
    EXPECT_INT(twice, 0);
    EXPECT_INT(half, 0);
    EXPECT_INT(missing, 0);
    EXPECT_INT(unwanted, 0);
    EXPECT_INT(ask("SELECT SUM(balance) FROM accounts"), TOTAL);
}

static void kill_one(void *unused)
{
    (void)unused;
    if (database_is("postgresql")) {
        run_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1");
        return;
    }
    ResultSet *rows = capo_database_run("SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID() ORDER BY RAND() LIMIT 1", NULL, 0,
                                        DATABASE_READ);
    if (rows->n_rows)
        run_sql(capo_format("KILL %s %lld", rand() % 4 ? "CONNECTION" : "QUERY", (long long)capo_cell(rows, 0, 0).integer));
}

TEST(chaos_of_killed_connections_and_cancelled_fibers)
{
    const char *url = getenv("CAPO_TEST_DATABASE");
    chaos = (Chaos){ 0 };
    if (url && *url) {
        open_empty_database();
        capo_database_open(capo_format("%s?pool_size=6", url));
    } else {
        enter_scratch_folder();
        capo_database_open("sqlite:accounts.sqlite3");
    }
    make_accounts();
    for (int i = 0; i < WRITERS + READERS; i++) {
        Fiber *fiber = capo_fiber_start("load", i < WRITERS ? keep_moving : keep_reading, NULL, load_ended, false);
        chaos.running++;
        if (i < WRITERS)
            chaos.writers[i] = fiber;
    }
    for (int round = 0, n = rounds(25); round < n && !*chaos.wrong && !chaos.others; round++) {
        capo_sleep(0.004 + rand() % 30 / 1000.0);
        if (url && *url)
            chaos.failed += capo_try(kill_one, NULL) != NULL;       /* itself one of those that are killed */
        if (round % 2)
            fiber_cancel(chaos.writers[rand() % WRITERS]);
    }
    int good = chaos.good;
    for (int i = 0; i < 500 && chaos.good < good + 40; i++)
        capo_sleep(0.01);
    EXPECT_TEXT(chaos.wrong, "");
    EXPECT_TEXT(chaos.other, "");
    EXPECT(chaos.good >= good + 40);
    chaos.stop = true;
    for (int i = 0; i < 1000 && chaos.running; i++)
        capo_sleep(0.01);
    EXPECT_INT(chaos.running, 0);
    check_units(chaos.outcomes, chaos.units);
    EXPECT_TEXT(chaos.wrong, "");
    DatabaseFigures figures = capo_database_figures();
    EXPECT_INT(figures.in_use, 0);
    EXPECT_INT(figures.in_flight, 0);
    EXPECT_INT(figures.waiting, 0);
    if (getenv("CAPO_FAULT_ROUNDS"))
        fprintf(stderr, "%d units, %d good, %d failed of which %d cancelled; %llu connections lost\n", chaos.units, chaos.good, chaos.failed, chaos.cancelled,
                (unsigned long long)figures.lost);
}

/* --- SQLite: the process itself is killed --- */

static void move_for_ever(void *argument)
{
    int *told = argument;
    for (int unit = *told + 1; unit < MOST_UNITS; unit++) {
        one_unit(&unit);
        *told = unit;                           /* in memory that outlives this process */
    }
}

TEST(chaos_of_killed_processes_on_sqlite)
{
    static unsigned char outcomes[MOST_UNITS];
    enter_scratch_folder();
    capo_database_open("sqlite:accounts.sqlite3");
    make_accounts();
    capo_database_close();
    int *told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(told != MAP_FAILED);
    memset(outcomes, UNKNOWN, sizeof outcomes);
    for (int round = 0, n = rounds(12); round < n; round++) {
        int before = *told, status;
        pid_t child = fork();
        if (child == 0) {
            capo_loop_after_fork();
            capo_database_open("sqlite:accounts.sqlite3");
            _exit(capo_try(move_for_ever, told) != NULL);
        }
        usleep((useconds_t)(5000 + rand() % 25000));
        kill(child, SIGKILL);
        EXPECT(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
        memset(outcomes + before + 1, ACKNOWLEDGED, (size_t)(*told - before));
        ++*told;                                /* the one that it was at may be there or not, and is not tried again */
        capo_database_open("sqlite:accounts.sqlite3");
        check_units(outcomes, *told);
        EXPECT_TEXT(capo_to_text(capo_cell(capo_database_run("PRAGMA integrity_check", NULL, 0, DATABASE_READ), 0, 0)), "ok");
        capo_database_close();
    }
    EXPECT(*told > 12);
    munmap(told, sizeof *told);
}

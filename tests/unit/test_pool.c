/* SPDX-License-Identifier: BSD-3-Clause */
/* URLs of databases, and the pool under stress: exhausted, cut, forked, its server killed and started again. The latter need real servers
 * (CAPO_TEST_POSTGRESQL, and tests/servers/start for one of their own); without them they say so and pass. */
#include <capo/testing.h>
#ifdef CAPO_HAS_POSTGRESQL
#include "../../orm/pool.h"
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- URLs --- */

static void free_arena(void *arena) { arena_free(arena); }

static DatabaseAddress *parsed(const char *url)
{
    Arena *arena = arena_new();
    capo_defer(free_arena, arena);
    return capo_database_address(arena, url);
}

TEST(pool_url_is_taken_apart_and_decoded)
{
    DatabaseAddress *full = parsed("postgresql://us%40er:p%3Aa%2Fs%25s@db.example.com:6543/my%20db?sslmode=require&pool_size=7&pool_wait=250ms&statement_timeout=30");
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
    DatabaseAddress *bare = parsed("postgres:///site");
    EXPECT(!bare->user && !bare->password && !bare->host && !bare->port);
    EXPECT_TEXT(bare->database, "site");
    DatabaseAddress *folder = parsed("postgresql://u@%2Fvar%2Frun%2Fpostgresql/site");
    EXPECT_TEXT(folder->host, "/var/run/postgresql");
    EXPECT_TEXT(parsed("postgresql:///site?host=/tmp&user=me&password=x%26y")->password, "x&y");
    DatabaseAddress *six = parsed("mysql://[::1]:3307/site");
    EXPECT_TEXT(six->host, "::1");
    EXPECT_TEXT(six->shown, "mysql://[::1]:3307/site");
    EXPECT_TEXT(parsed("sqlite:db.sqlite3")->shown, "sqlite:db.sqlite3");
    EXPECT_TEXT(parsed("postgresql://a:x@y@host/db")->host, "host");        /* the last '@' ends the password */
}

static void parse(void *url) { parsed(url); }

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

static void close_database(void *unused)
{
    (void)unused;
    capo_database_close();
}

static bool open_with(const char *options)
{
    server_url = getenv("CAPO_TEST_POSTGRESQL");
    if (!server_url) {
        fprintf(stderr, "skipped, since CAPO_TEST_POSTGRESQL is not set: eval \"$(tests/servers/start build/servers)\"\n");
        return false;
    }
    capo_database_open(capo_format("%s%s", server_url, options));
    capo_defer(close_database, NULL);
    return true;
}

static void run_sql(void *sql) { capo_database_run(sql, NULL, 0, DATABASE_WRITE); }

static int64_t number(const char *sql) { return capo_cell(capo_database_run(sql, NULL, 0, DATABASE_READ), 0, 0).integer; }

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

static void wait_for(const bool *flag)
{
    for (int i = 0; i < 2000 && !*flag; i++)
        capo_sleep(0.005);
    EXPECT(*flag);
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

/* --- a proxy that cuts --- */

/* Forwards connections to the server; after `limit` bytes in one direction it cuts the connection. */
typedef struct Proxy {
    int listener, port, server_port;
    pthread_mutex_t mutex;                  /* of the next two */
    long limit;                             /* bytes that may still pass, negative: any number */
    bool upwards;                           /* which direction is counted: to the server */
    volatile bool stop;
    pthread_t thread;
} Proxy;

/* What was left of the former limit. */
static long set_limit(Proxy *proxy, bool upwards, long limit)
{
    pthread_mutex_lock(&proxy->mutex);
    long before = proxy->limit;
    proxy->upwards = upwards;
    proxy->limit = limit;
    pthread_mutex_unlock(&proxy->mutex);
    return before;
}

enum { MOST_PAIRS = 16 };

static int connect_to(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* False: the connection is to be cut. */
static bool forward(Proxy *proxy, int from, int to, bool upwards)
{
    char bytes[4096];
    ssize_t size = read(from, bytes, sizeof bytes);
    bool cut = false;
    if (size <= 0)
        return false;
    pthread_mutex_lock(&proxy->mutex);
    if (proxy->limit >= 0 && upwards == proxy->upwards) {
        cut = size >= proxy->limit;
        size = cut ? proxy->limit : size;
        proxy->limit = cut ? -1 : proxy->limit - size;
    }
    pthread_mutex_unlock(&proxy->mutex);
    for (ssize_t sent = 0; sent < size;) {
        ssize_t n = send(to, bytes + sent, (size_t)(size - sent), MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        sent += n;
    }
    return !cut;
}

static void *run_proxy(void *argument)
{
    Proxy *proxy = argument;
    int pairs[MOST_PAIRS][2];
    size_t n = 0;
    while (!proxy->stop) {
        struct pollfd entries[1 + 2 * MOST_PAIRS] = { { proxy->listener, POLLIN, 0 } };
        for (size_t i = 0; i < n; i++) {
            entries[1 + 2 * i] = (struct pollfd){ pairs[i][0], POLLIN, 0 };
            entries[2 + 2 * i] = (struct pollfd){ pairs[i][1], POLLIN, 0 };
        }
        if (poll(entries, 1 + 2 * n, 20) <= 0)
            continue;
        for (size_t i = n; i-- > 0;) {
            bool good = !entries[1 + 2 * i].revents || forward(proxy, pairs[i][0], pairs[i][1], true);
            good = good && (!entries[2 + 2 * i].revents || forward(proxy, pairs[i][1], pairs[i][0], false));
            if (good)
                continue;
            close(pairs[i][0]);
            close(pairs[i][1]);
            n--;
            memmove(pairs[i], pairs[n], sizeof *pairs);
        }
        if (entries[0].revents && n < MOST_PAIRS) {
            int client = accept(proxy->listener, NULL, NULL), server = client < 0 ? -1 : connect_to(proxy->server_port);
            if (server < 0 && client >= 0)
                close(client);
            if (server >= 0) {
                pairs[n][0] = client;
                pairs[n++][1] = server;
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        close(pairs[i][0]);
        close(pairs[i][1]);
    }
    return NULL;
}

static void stop_proxy(void *argument)
{
    Proxy *proxy = argument;
    capo_database_close();
    proxy->stop = true;
    pthread_join(proxy->thread, NULL);
    close(proxy->listener);
}

static Proxy *start_proxy(const char *url)
{
    Proxy *proxy = capo_alloc_struct(Proxy);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    pthread_mutex_init(&proxy->mutex, NULL);
    proxy->limit = -1;
    proxy->server_port = parsed(url)->port;
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT(bind(proxy->listener, (struct sockaddr *)&address, size) == 0 && listen(proxy->listener, 16) == 0);
    EXPECT(getsockname(proxy->listener, (struct sockaddr *)&address, &size) == 0);
    proxy->port = ntohs(address.sin_port);
    EXPECT(pthread_create(&proxy->thread, NULL, run_proxy, proxy) == 0);
    capo_defer(stop_proxy, proxy);
    return proxy;
}

static const char *through(const Proxy *proxy, const char *url, const char *options)
{
    const DatabaseAddress *address = parsed(url);
    return capo_format("%s://%s:%s@127.0.0.1:%d/%s%s", address->scheme, address->user, address->password, proxy->port, address->database, options);
}

/* Each try has a number of its own: a COMMIT that was cut off may still be carried out later. */
static void transfer(void *argument)
{
    char *insert = capo_format("INSERT INTO cuts VALUES (%d)", *(int *)argument);
    capo_begin();
    run_sql(insert);
    number("SELECT count(*) FROM cuts");
    run_sql(insert);
    capo_commit();
}

typedef struct Count { int tries; int64_t rows; } Count;

static void count_rows(void *argument)
{
    Count *count = argument;
    count->rows = number(capo_format("SELECT count(*) FROM cuts WHERE n = %d", count->tries));
}

/* Where the cut hit a connection being made, the pool pauses; within a second all is well. */
static int64_t rows_of(int tries)
{
    Count count = { tries, -1 };
    const Error *error = NULL;
    for (int i = 0; i < 50 && (!i || error); i++) {
        if (error)
            capo_sleep(0.02);
        error = capo_try(count_rows, &count);
    }
    if (error)
        capo_reraise(error);
    return count.rows;
}

static void read_cuts(void *unused)
{
    (void)unused;
    number("SELECT count(*) FROM cuts");
}

/* The connection is cut after each number of bytes, in either direction, of a transaction: all of it is there or nothing, what
 * succeeded is there, the next statement finds a connection, and none is leaked. */
static void cut_everywhere(const char *url, const char *options, long step)
{
    Proxy *proxy = start_proxy(url);
    int tries = 0, cut = 0, committed = 0;
    capo_database_open(through(proxy, url, options));
    run_sql("DROP TABLE IF EXISTS cuts");
    run_sql("CREATE TABLE cuts (n int)");
    for (int upwards = 0; upwards < 2; upwards++)
        for (long limit = 1; limit < 6000; limit += step) {
            tries++;
            set_limit(proxy, upwards, limit);
            const Error *error = capo_try(transfer, &tries);
            if (error)
                EXPECT_INT(error->code, ERROR_OPERATIONAL);
            bool whole = set_limit(proxy, upwards, -1) >= 0;
            int64_t rows = rows_of(tries);
            EXPECT(rows == 0 || rows == 2);
            EXPECT(error || rows == 2);
            EXPECT_INT(capo_database_figures().in_use, 0);
            cut += error != NULL;
            committed += !error;
            if (whole && !error)
                break;
        }
    EXPECT(cut > 10);
    EXPECT(committed >= 2);
    for (long limit = 1; limit < 300; limit += step) {      /* a read alone is tried again by itself, unless its answer had begun */
        set_limit(proxy, limit % 2, limit);
        const Error *error = capo_try(read_cuts, NULL);
        if (error)
            EXPECT_INT(error->code, ERROR_OPERATIONAL);
        set_limit(proxy, false, -1);
        EXPECT_INT(capo_database_figures().in_use, 0);
    }
    rows_of(0);
    run_sql("DROP TABLE cuts");
    EXPECT_INT(capo_database_figures().in_use, 0);
    EXPECT_INT(capo_database_figures().in_flight, 0);
    EXPECT(capo_database_figures().open <= 3);
}

TEST(pool_postgresql_cut_at_every_point_of_a_transaction)
{
    if (!open_with(""))
        return;
    cut_everywhere(server_url, "", 7);
}

#ifdef CAPO_HAS_MYSQL
TEST(pool_mysql_cut_at_every_point_of_a_transaction)
{
    const char *url = getenv("CAPO_TEST_MYSQL");
    if (!url) {
        fprintf(stderr, "skipped, since CAPO_TEST_MYSQL is not set\n");
        return;
    }
    cut_everywhere(url, "", 5);
}
#endif

/* --- a server of its own: killed, started again, with TLS --- */

static char own_folder[64];

typedef struct ShellCommand { const char *line; int status; char output[512]; } ShellCommand;

/* On a helper thread. */
static void run_command(void *argument)
{
    ShellCommand *command = argument;
    FILE *pipe = popen(command->line, "r");
    size_t size = pipe ? fread(command->output, 1, sizeof command->output - 1, pipe) : 0;
    command->output[size] = '\0';
    command->status = pipe ? pclose(pipe) : -1;
}

static const char *servers(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *servers(const char *format, ...)
{
    ShellCommand *command = capo_alloc_struct(ShellCommand);
    const char *root = getenv("root");
    va_list args;
    va_start(args, format);
    command->line = capo_format("%s/tests/servers/%s", root ? root : ".", capo_vformat(format, args));
    va_end(args);
    capo_offload(run_command, command);
    if (command->status)
        capo_test_fail(__FILE__, __LINE__, "%s: exit status %d %s", command->line, command->status, command->output);
    return capo_strndup(command->output, strcspn(command->output, "\n"));
}

static void remove_server(void *unused)
{
    (void)unused;
    ShellCommand command = { .line = capo_format("%s/tests/servers/stop %s --kill; rm -rf %s", getenv("root") ? getenv("root") : ".", own_folder, own_folder) };
    capo_database_close();
    run_command(&command);
}

/* The URL, or NULL: there are no servers here. */
static const char *own_server(const char *environment, const char *name)
{
    if (!getenv("CAPO_TEST_POSTGRESQL") || access(capo_format("%s/tests/servers/start", getenv("root") ? getenv("root") : "."), X_OK)) {
        fprintf(stderr, "skipped: no database servers, or tests/servers/start is not below this folder\n");
        return NULL;
    }
    strcpy(own_folder, "/tmp/capo-server-XXXXXX");
    EXPECT(mkdtemp(own_folder) != NULL && chmod(own_folder, 0755) == 0);
    capo_defer(remove_server, NULL);
    if (*environment)
        setenv(environment, "1", 1);
    const char *output = servers("start %s %s", own_folder, name);
    if (*environment)
        unsetenv(environment);
    return strchr(output, '=') + 1;
}

typedef struct Load { bool stop; int good, failed, running, wrong; int64_t last_good; } Load;

static void ask(void *argument)
{
    Load *load = argument;
    Value value = capo_value_int(load->good);
    ResultSet *result = capo_database_run("SELECT $1::int + 1", &value, 1, DATABASE_READ);
    load->wrong += capo_cell(result, 0, 0).integer != value.integer + 1;
}

static void ask_in_transaction(void *argument)
{
    capo_begin();
    ask(argument);
    capo_commit();
}

static void keep_asking(void *argument)
{
    Load *load = argument;
    for (int i = load->running++; !load->stop; i++) {
        const Error *error = capo_try(i % 4 ? ask : ask_in_transaction, load);
        if (error && error->code != ERROR_OPERATIONAL && error->code != 503)
            load->wrong++;
        *(error ? &load->failed : &load->good) += 1;
        if (!error)
            load->last_good = capo_monotonic_us();
        capo_sleep(error ? 0.01 : 0.002);
    }
    load->running--;
}

TEST(pool_server_killed_and_started_again_under_load)
{
    const char *url = own_server("", "postgresql");
    if (!url)
        return;
    capo_database_open(url);
    static Load load;
    load = (Load){ 0 };
    for (int i = 0; i < 12; i++)
        capo_fiber_start("load", keep_asking, &load, NULL, false);
    for (int i = 0; i < 500 && load.good < 50; i++)
        capo_sleep(0.01);
    EXPECT(load.good >= 50 && !load.failed);
    for (int round = 0; round < 2; round++) {
        servers("stop %s --kill postgresql", own_folder);
        int failed = load.failed;
        capo_sleep(0.2);
        for (int i = 0; i < 500 && load.failed == failed; i++)
            capo_sleep(0.01);
        EXPECT(load.failed > failed);
        servers("start %s postgresql", own_folder);
        int64_t back = capo_monotonic_us();
        while (load.last_good < back && capo_monotonic_us() - back < 3000000)
            capo_sleep(0.01);
        EXPECT(load.last_good > back && load.last_good - back < 1500000);     /* 0.5 s the longest pause, the rest for a busy machine */
        failed = load.failed;
        capo_sleep(0.6);
        int good = load.good;
        failed = load.failed;
        for (int i = 0; i < 500 && load.good < good + 20; i++)
            capo_sleep(0.01);
        EXPECT(load.good >= good + 20);
        EXPECT_INT(load.failed, failed);
    }
    load.stop = true;
    for (int i = 0; i < 500 && load.running; i++)
        capo_sleep(0.01);
    EXPECT_INT(load.running, 0);
    EXPECT_INT(load.wrong, 0);
    EXPECT_INT(capo_database_figures().in_use, 0);
    EXPECT_INT(capo_database_figures().in_flight, 0);
    EXPECT(capo_database_figures().open <= 12);
}

static void ask_one(void *unused)
{
    (void)unused;
    number("SELECT 1");
}

static const char *refusal(const char *url)
{
    capo_database_open(url);
    return EXPECT_RAISES(ERROR_OPERATIONAL, ask_one, NULL)->message;
}

TEST(pool_postgresql_tls_passwords_and_refusals)
{
    const char *url = own_server("SERVER_TLS", "postgresql");
    if (!url)
        return;
    const char *port = strrchr(url, ':') + 1;
    const char *encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    capo_database_open(capo_format("%s?sslmode=disable", url));
    EXPECT(!capo_cell(capo_database_run(encrypted, NULL, 0, DATABASE_READ), 0, 0).boolean);
    run_sql("CREATE ROLE odd LOGIN PASSWORD 'p@:/?#%''&'");
    capo_database_open(capo_format("%s?sslmode=require", url));
    for (int i = 0; i < 3; i++)
        EXPECT(capo_cell(capo_database_run(encrypted, NULL, 0, DATABASE_READ), 0, 0).boolean);
    EXPECT_INT(number("SELECT sum(length(repeat('x', 20000) || n)) FROM generate_series(1, 9) n"), 180009);
    capo_database_open(capo_format("postgresql://capo:capo@localhost:%s?sslmode=verify-full&sslrootcert=%s/postgresql/server.crt", port, own_folder));
    EXPECT(capo_cell(capo_database_run(encrypted, NULL, 0, DATABASE_READ), 0, 0).boolean);
    const char *message = refusal(capo_format("%s?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt", url));
    EXPECT(strstr(message, "certificate") || strstr(message, "root"));
    capo_database_open(capo_format("postgresql://odd:p%%40%%3A%%2F%%3F%%23%%25'%%26@127.0.0.1:%s", port));
    EXPECT_INT(number("SELECT 3"), 3);
    message = refusal(capo_format("postgresql://odd:wrongsecret@127.0.0.1:%s", port));
    EXPECT(strstr(message, "password authentication failed for user \"odd\"") && !strstr(message, "wrongsecret"));
    message = refusal(capo_format("postgresql://capo:capo@127.0.0.1:%.5s/nowhere", port));
    EXPECT(strstr(message, "database \"nowhere\" does not exist") != NULL);
    message = refusal("postgresql://capo:capo@127.0.0.1:1/capo");
    EXPECT(strstr(message, "refused") && !strstr(message, "capo:capo"));
    int64_t started = capo_monotonic_us();
    message = refusal("postgresql://capo:capo@no-such-host.invalid/capo");
    EXPECT(strstr(message, "no-such-host.invalid") != NULL);
    capo_database_open(capo_format("%s?sslmod=require", url));
    EXPECT(strstr(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, ask_one, NULL)->message, "sslmod") != NULL);
    EXPECT(capo_monotonic_us() - started < 20000000);
}
#endif

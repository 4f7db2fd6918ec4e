/* SPDX-License-Identifier: BSD-3-Clause */
#include "database_servers.h"
#include <capo/testing.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void free_arena(void *arena) { arena_free(arena); }

DatabaseAddress *parsed_url(const char *url)
{
    Arena *arena = arena_new();
    capo_defer(free_arena, arena);
    return capo_database_address(arena, url);
}

static void close_database(void *unused)
{
    (void)unused;
    capo_database_close();
}

bool open_server(const char *kind, const char *options, const char **ret_url)
{
    const char *variable = strcmp(kind, "mysql") ? "CAPO_TEST_POSTGRESQL" : "CAPO_TEST_MYSQL", *url = getenv(variable);
    if (!url) {
        fprintf(stderr, "skipped, since %s is not set: eval \"$(tests/servers/start build/servers)\"\n", variable);
        return false;
    }
    capo_database_open(capo_format("%s%s", url, options));
    capo_defer(close_database, NULL);
    if (ret_url)
        *ret_url = url;
    return true;
}

void run_sql(void *sql) { capo_database_run(sql, NULL, 0, DATABASE_WRITE); }

Value one_value(const char *sql, const Value *parameters, size_t count)
{
    ResultSet *result = capo_database_run(sql, parameters, count, DATABASE_READ);
    EXPECT_INT(result->n_rows, 1);
    return capo_cell(result, 0, 0);
}

int64_t number(const char *sql) { return one_value(sql, NULL, 0).integer; }

const char *text_of_cell(const char *sql, size_t column)
{
    ResultSet *result = capo_database_run(sql, NULL, 0, DATABASE_READ);
    return result->n_rows ? capo_to_text(capo_cell(result, 0, column)) : "";
}

void wait_for(const volatile bool *flag)
{
    for (int i = 0; i < 2000 && !*flag; i++)
        capo_sleep(0.005);
    EXPECT(*flag);
}

long proxy_limit(Proxy *proxy, bool upwards, long limit)
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
                setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
                setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
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

Proxy *start_proxy(const char *url)
{
    Proxy *proxy = capo_alloc_struct(Proxy);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    pthread_mutex_init(&proxy->mutex, NULL);
    proxy->limit = -1;
    proxy->server_port = parsed_url(url)->port;
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT(bind(proxy->listener, (struct sockaddr *)&address, size) == 0 && listen(proxy->listener, 16) == 0);
    EXPECT(getsockname(proxy->listener, (struct sockaddr *)&address, &size) == 0);
    proxy->port = ntohs(address.sin_port);
    EXPECT(pthread_create(&proxy->thread, NULL, run_proxy, proxy) == 0);
    capo_defer(stop_proxy, proxy);
    return proxy;
}

const char *through(const Proxy *proxy, const char *url, const char *options)
{
    const DatabaseAddress *address = parsed_url(url);
    return capo_format("%s://%s:%s@127.0.0.1:%d/%s%s", address->scheme, address->user, address->password, proxy->port, address->database, options);
}

/* --- servers of a test's own --- */

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

const char *servers(const char *format, ...)
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
const char *own_server(const char *environment, const char *name)
{
    if (!getenv("CAPO_FAULT_SERVERS") || access(capo_format("%s/tests/servers/start", getenv("root") ? getenv("root") : "."), X_OK)) {
        fprintf(stderr, "skipped: servers to kill are a matter of tests/suites/faults\n");
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

const char *own_server_folder(void) { return own_folder; }

/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections to MariaDB and MySQL: made, and ended. Connecting looks names up and speaks TLS, so all of it is done on a helper thread. */
#include "mysql.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Connecting {
    MYSQL *mysql;
    const DatabaseAddress *address;
    const char *set_up, *isolation, *socket;
    bool good, needs_tls, lacks_tls;
    int64_t id_step;
} Connecting;

static const char *option(const DatabaseAddress *address, const char *name) { return capo_database_option(address, name); }

static bool is_one_of(const char *word, const char *const *words)
{
    for (; word && *words; words++)
        if (!strcmp(word, *words))
            return true;
    return false;
}

/* sslmode and sslrootcert, in the words of PostgreSQL's URLs. */
static bool set_tls(MYSQL *mysql, const DatabaseAddress *address, DatabaseFailure *failure)
{
    static const char *const modes[] = { "disable", "prefer", "require", "verify-ca", "verify-full", NULL };
    const char *mode = option(address, "sslmode"), *root = option(address, "sslrootcert");
    my_bool on = 1;
    bool verified = mode && !strncmp(mode, "verify", 6);
    /* Who may be somebody else is not given a password in clear, however politely the server asks for it. MySQL's own ways give it to whoever shows a key or a
     * certificate, and there is no other for its accounts; but a MariaDB does not ask for them. */
    if (!verified)
        mysql_optionsv(mysql, MARIADB_OPT_RESTRICTED_AUTH, strcmp(address->scheme, "mariadb")
            ? "mysql_native_password,mysql_old_password,client_ed25519,unix_socket,auth_socket,auth_gssapi_client,parsec,caching_sha2_password,sha256_password"
            : "mysql_native_password,mysql_old_password,client_ed25519,unix_socket,auth_socket,auth_gssapi_client,parsec");
    if (mode && !is_one_of(mode, modes))
        return capo_database_fails(failure, ERROR_IMPROPERLY_CONFIGURED, "sslmode=%s in DATABASE_URL is not known: disable, prefer, require, verify-ca or verify-full.", mode);
    if (!mode || !strcmp(mode, "disable"))
        return true;
    if (root)
        mysql_optionsv(mysql, MYSQL_OPT_SSL_CA, root);
    mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &on);
    if (verified)
        mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
    return true;
}

static bool say(MYSQL *mysql, const char *sql) { return mysql_real_query(mysql, sql, strlen(sql)) == 0; }

/* 0: it was not answered. */
static int64_t ask_number(MYSQL *mysql, const char *sql)
{
    MYSQL_RES *result = say(mysql, sql) ? mysql_store_result(mysql) : NULL;
    MYSQL_ROW row = result ? mysql_fetch_row(result) : NULL;
    int64_t number = row && row[0] ? strtoll(row[0], NULL, 10) : 0;
    if (result)
        mysql_free_result(result);
    return number;
}

/* On a helper thread: no arena, no fiber; waits block this thread alone. */
static void connect_on_helper(void *argument)
{
    Connecting *connecting = argument;
    const DatabaseAddress *address = connecting->address;
    const char *host = connecting->socket ? NULL : address->host;
    connecting->good = mysql_real_connect(connecting->mysql, host, address->user, address->password, *address->database ? address->database : NULL,
                                          (unsigned)address->port, connecting->socket, CLIENT_FOUND_ROWS | CLIENT_REMEMBER_OPTIONS) != NULL;
    /* The library goes on without TLS where the server has none. */
    connecting->lacks_tls = connecting->good && connecting->needs_tls && !mysql_get_ssl_cipher(connecting->mysql);
    connecting->good = connecting->good && !connecting->lacks_tls && say(connecting->mysql, connecting->set_up) && say(connecting->mysql, connecting->isolation);
    if (connecting->good && !mariadb_connection(connecting->mysql)) {
        /* The library says utf8mb4_general_ci, which MySQL's own texts, of another collation, cannot be compared with. */
        connecting->good = say(connecting->mysql, "SET SESSION collation_connection = @@default_collation_for_utf8mb4");
        connecting->id_step = ask_number(connecting->mysql, "SELECT @@SESSION.auto_increment_increment");
        connecting->good = connecting->good && connecting->id_step > 0;
    }
    if (!connecting->good || !address->statement_timeout)
        return;
    char limit[80];
    if (mariadb_connection(connecting->mysql))
        snprintf(limit, sizeof limit, "SET SESSION max_statement_time = %.3f", address->statement_timeout / 1000.0);
    else
        snprintf(limit, sizeof limit, "SET SESSION max_execution_time = %d", address->statement_timeout);
    connecting->good = say(connecting->mysql, limit);
}

/* The session is the same whatever the server's configuration says: strict, UTC. Django's too, isolation included. */
static const char *set_up_of(const DatabaseAddress *address)
{
    Buffer sql = { 0 };
    /* Not ONLY_FULL_GROUP_BY, which MySQL sets: it does not know that the `?` of an expression in GROUP BY is that of the same one among the columns. */
    capo_put(&sql, "SET SESSION time_zone = '+00:00', sql_auto_is_null = 0, sql_mode = REPLACE(IF(FIND_IN_SET('STRICT_TRANS_TABLES', @@sql_mode), @@sql_mode, "
             "CONCAT_WS(',', NULLIF(@@sql_mode, ''), 'STRICT_TRANS_TABLES')), 'ONLY_FULL_GROUP_BY', '')");
    if (address->lock_timeout)
        capo_put_format(&sql, ", innodb_lock_wait_timeout = %d", address->lock_timeout < 1000 ? 1 : address->lock_timeout / 1000);
    return capo_buffer_text(&sql);
}

static void set_options(MYSQL *mysql, const DatabaseAddress *address)
{
    unsigned seconds = (unsigned)(address->connect_timeout + 999) / 1000, limit = (unsigned)(address->statement_timeout + 999) / 1000 + 5;
    my_bool off = 0;
    unsigned tcp = MYSQL_PROTOCOL_TCP;
    if (address->port)                      /* "localhost" is a socket to the library, whatever port was named */
        mysql_optionsv(mysql, MYSQL_OPT_PROTOCOL, &tcp);
    if (seconds)
        mysql_optionsv(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
    if (address->statement_timeout)         /* where not even the server's own limit is heard of, it is gone */
        mysql_optionsv(mysql, MYSQL_OPT_READ_TIMEOUT, &limit);
    mysql_optionsv(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_optionsv(mysql, MYSQL_OPT_LOCAL_INFILE, &off);
    mysql_optionsv(mysql, MARIADB_OPT_IO_WAIT, mysql_on_wait);
}

static void close_mysql(void *mysql) { mysql_close(mysql); }

Connection *mysql_connection_open(const DatabaseAddress *address, bool read_only, DatabaseFailure *failure)
{
    (void)read_only;
    static bool begun;
    if (!begun)
        mysql_server_init(0, NULL, NULL);
    begun = true;
    MYSQL *mysql = mysql_must(mysql_init(NULL));
    capo_defer(close_mysql, mysql);
    set_options(mysql, address);
    Connecting *connecting = capo_alloc_struct(Connecting);
    const char *socket = option(address, "socket");
    *connecting = (Connecting){ mysql, address, set_up_of(address),
        capo_format("SET SESSION TRANSACTION ISOLATION LEVEL %s", address->isolation ? address->isolation : "READ COMMITTED"), socket ? socket : address->host && *address->host == '/' ? address->host : NULL, false };
    const char *mode = option(address, "sslmode");
    connecting->needs_tls = mode && strcmp(mode, "disable") && strcmp(mode, "prefer");
    bool good = set_tls(mysql, address, failure);
    if (good)
        capo_offload(connect_on_helper, connecting);
    if (!good || !connecting->good) {
        if (good) {
            snprintf(failure->state, sizeof failure->state, "08001");
            capo_database_fails(failure, ERROR_OPERATIONAL, "The database %s cannot be used: %s.", address->shown,
                 connecting->lacks_tls ? "the server does not speak SSL, and sslmode asks for it" : mysql_error(mysql));
        }
        capo_defer_cancel(close_mysql, mysql);
        mysql_close(mysql);
        return NULL;
    }
    MysqlConnection *connection = mysql_must(calloc(1, sizeof *connection));
    *connection = (MysqlConnection){ .head = { .backend = mariadb_connection(mysql) ? &capo_mariadb_backend : &capo_oracle_mysql_backend, .generation = capo_database_generation() },
                                     .mysql = mysql, .address = address, .id_step = connecting->id_step };
    capo_defer_cancel(close_mysql, mysql);
    mysql_watch(connection);
    return &connection->head;
}

/* --- the end --- */

typedef struct Order { MYSQL *mysql; char *host, *user, *password, *socket; unsigned port; unsigned long thread; } Order;

static void *kill_statement(void *argument)
{
    Order *order = argument;
    char sql[64];
    if (mysql_real_connect(order->mysql, order->host, order->user, order->password, NULL, order->port, order->socket, 0)) {
        snprintf(sql, sizeof sql, "KILL CONNECTION %lu", order->thread);
        mysql_real_query(order->mysql, sql, strlen(sql));
    }
    mysql_close(order->mysql);
    free(order->host);
    free(order->user);
    free(order->password);
    free(order->socket);
    free(order);
    return NULL;
}

static char *copied(const char *text) { return text ? mysql_must(strdup(text)) : NULL; }

/* Tells the server to stop what nobody waits for any more, by a connection and a thread of its own. */
static void cancel_statement(const MysqlConnection *connection)
{
    const DatabaseAddress *address = connection->address;
    Order *order = mysql_must(calloc(1, sizeof *order));
    unsigned seconds = 5;
    DatabaseFailure ignored;
    *order = (Order){ .mysql = mysql_must(mysql_init(NULL)), .user = copied(address->user), .password = copied(address->password), .port = (unsigned)address->port,
                      .thread = mysql_thread_id(connection->mysql) };
    const char *socket = option(address, "socket");
    order->socket = copied(socket ? socket : address->host && *address->host == '/' ? address->host : NULL);
    order->host = order->socket ? NULL : copied(address->host);
    mysql_optionsv(order->mysql, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
    set_tls(order->mysql, address, &ignored);
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failure = pthread_create(&thread, &attributes, kill_statement, order);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failure)
        kill_statement(order);
}

void mysql_connection_close(Connection *head, bool forked)
{
    MysqlConnection *connection = (MysqlConnection *)head;
    int fd = mysql_get_socket(connection->mysql);
    mysql_unwatch(connection);
    if (forked || head->lost) {
        /* What the library says in farewell goes nowhere: to the parent's server, or into a connection that may block. */
        int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (!forked && head->in_flight)
            cancel_statement(connection);
        if (nowhere < 0 || (fd >= 0 && dup2(nowhere, fd) < 0)) {
            free(connection);               /* and the library's memory is left alone */
            return;
        }
        close(nowhere);
    }
    mysql_close(connection->mysql);             /* first: the statements know then that there is nobody to tell */
    for (size_t i = 0; i < MYSQL_SETS; i++)
        for (size_t k = 0; k < MYSQL_WAYS; k++)
            mysql_statement_free(connection->statements[i][k]);
    for (size_t i = 0; i < connection->n_orphans; i++)
        mysql_stmt_close(connection->orphans[i]);
    free(connection->orphans);
    free(connection);
    mysql_stopped = NULL;
}

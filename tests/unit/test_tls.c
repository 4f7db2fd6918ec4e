/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS to the servers, and what is refused: certificates, passwords, hosts, names. On servers of the tests' own, with certificates made by
 * openssl for this. */
#include <capo/testing.h>
#if defined CAPO_HAS_POSTGRESQL && defined CAPO_HAS_MYSQL
#include "database_servers.h"
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

static void open_url(void *url) { capo_database_open(url); }

TEST(tls_postgresql_certificates_passwords_and_refusals)
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
    capo_database_open(capo_format("postgresql://capo:capo@localhost:%s?sslmode=verify-full&sslrootcert=%s/postgresql/server.crt", port, own_server_folder()));
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
    EXPECT(strstr(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, open_url, capo_format("%s?sslmod=require", url))->message, "sslmod") != NULL);
    EXPECT(capo_monotonic_us() - started < 20000000);
}

static void run_sql_on(const char *url, const char *sql)
{
    capo_database_open(url);
    run_sql((char *)sql);
}

static const char *cipher(void) { return text_of_cell("SHOW SESSION STATUS LIKE 'Ssl_cipher'", 1); }

TEST(tls_mysql_certificates_passwords_and_refusals)
{
    const char *url = own_server("SERVER_TLS", "mysql");
    if (!url)
        return;
    const char *port = capo_strndup(strrchr(url, ':') + 1, 5), *root = capo_format("%s/mysql/server.crt", own_server_folder());
    capo_database_open(capo_format("%s?sslmode=disable", url));
    EXPECT_TEXT(cipher(), "");
    capo_database_open(capo_format("%s?sslmode=require", url));
    for (int i = 0; i < 3; i++)
        EXPECT(*cipher());
    EXPECT_INT(number("SELECT LENGTH(REPEAT('x', 100000))"), 100000);
    run_sql("CREATE USER capo@localhost IDENTIFIED BY 'capo'");
    capo_database_open(capo_format("mysql://capo:capo@127.0.0.1:%s/capo?sslmode=verify-ca&sslrootcert=%s", port, root));
    EXPECT(*cipher());
    capo_database_open(capo_format("mysql://capo:capo@localhost:%s/capo?sslmode=verify-full&sslrootcert=%s", port, root));
    EXPECT(*cipher());
    const char *message = refusal(capo_format("%s?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt", url));
    EXPECT(strstr(message, "ertificate") != NULL);
    message = refusal(capo_format("%s?sslmode=verify-ca&sslrootcert=/nowhere.crt", url));
    EXPECT(strstr(message, "nowhere") || strstr(message, "ertificate") || strstr(message, "SSL"));
    run_sql_on(capo_format("%s?sslmode=require", url), "CREATE USER strict@'127.0.0.1' IDENTIFIED BY 'pw' REQUIRE SSL");
    message = refusal(capo_format("mysql://strict:pw@127.0.0.1:%s?sslmode=disable", port));
    EXPECT(strstr(message, "Access denied") && !strstr(message, "pw@"));
    capo_database_open(capo_format("mysql://strict:pw@127.0.0.1:%s?sslmode=require", port));
    EXPECT_INT(number("SELECT 1"), 1);
    capo_database_open(capo_format("%s?sslmode=maybe", url));
    EXPECT(strstr(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, ask_one, NULL)->message, "sslmode=maybe") != NULL);
}

/* Who speaks no TLS is not trusted with a password where it is required. */
TEST(tls_is_not_given_up_where_the_server_has_none)
{
    const char *url;
    if (!open_server("postgresql", "?sslmode=require", &url))
        return;
    EXPECT(strstr(refusal(capo_format("%s?sslmode=require", url)), "SSL") != NULL);
    if (!open_server("mysql", "", &url))
        return;
    EXPECT(strstr(refusal(capo_format("%s?sslmode=require", url)), "SSL") || strstr(refusal(capo_format("%s?sslmode=require", url)), "TLS"));
}

/* --- one who stands in the server's place --- */

typedef struct Impostor { int listener, port; size_t given; pthread_t thread; } Impostor;

/* MariaDB's greeting; then it asks for a log-in of MySQL's, in which the password itself is given away, and counts what it gets. */
static void *serve_impostor(void *argument)
{
    static const char greeting[] = "\x53\0\0\0" "\x0a" "10.11.6-MariaDB\0" "\1\0\0\0" "12345678\0" "\x0b\xa2" "\x2d" "\2\0" "\x08\0" "\x15" "\0\0\0\0\0\0\0\0\0\0"
                                   "123456789012\0" "mysql_native_password";
    static const char other_way[] = "\x2c\0\0\2" "\xfe" "caching_sha2_password\0" "12345678901234567890";
    Impostor *impostor = argument;
    char answer[1024];
    int client = accept(impostor->listener, NULL, NULL);
    if (client < 0)
        return NULL;
    ssize_t size = send(client, greeting, sizeof greeting, MSG_NOSIGNAL);
    size = size > 0 ? recv(client, answer, sizeof answer, 0) : size;
    size = size > 0 ? send(client, other_way, sizeof other_way, MSG_NOSIGNAL) : size;
    size = size > 0 ? recv(client, answer, sizeof answer, 0) : size;
    impostor->given = size > 0 ? (size_t)size : 0;
    close(client);
    return NULL;
}

static size_t given_to_impostor(const char *scheme)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    Impostor impostor = { .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    EXPECT(bind(impostor.listener, (struct sockaddr *)&address, size) == 0 && listen(impostor.listener, 1) == 0);
    EXPECT(getsockname(impostor.listener, (struct sockaddr *)&address, &size) == 0);
    EXPECT(pthread_create(&impostor.thread, NULL, serve_impostor, &impostor) == 0);
    refusal(capo_format("%s://capo:secret@127.0.0.1:%d/test", scheme, ntohs(address.sin_port)));
    pthread_join(impostor.thread, NULL);
    close(impostor.listener);
    capo_database_close();
    return impostor.given;
}

TEST(tls_mariadb_logs_in_by_no_way_of_mysqls)
{
    EXPECT_INT(given_to_impostor("mariadb"), 0);
    EXPECT_INT(given_to_impostor("mysql"), 36);         /* it may be one */
}
#endif

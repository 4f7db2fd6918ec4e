/* SPDX-License-Identifier: BSD-3-Clause */
/* What tests of databases under faults share: connecting, a proxy that cuts, servers of their own that they kill and start again.
 *
 * Servers are named by CAPO_TEST_POSTGRESQL and CAPO_TEST_MYSQL; tests/servers/start makes those of a test's own. Without them a test
 * says so and passes. */
#pragma once
#include "../../orm/internal.h"
#include "../../orm/pool.h"
#include <pthread.h>

DatabaseAddress *parsed_url(const char *url);
/* Opens the server of this kind ("postgresql", "mysql") with these options of a URL, "?pool_size=2"; closed when the test ends. False:
 * there is none. *ret_url, where given: its URL without the options. */
bool open_server(const char *kind, const char *options, const char **ret_url);
/* For capo_try and EXPECT_RAISES: the SQL as the argument. */
void run_sql(void *sql);
/* The one cell of a SELECT; and where it is an integer. */
Value one_value(const char *sql, const Value *parameters, size_t count);
int64_t number(const char *sql);
/* A cell of the first row of a SELECT or SHOW as a text. */
const char *text_of_cell(const char *sql, size_t column);
/* Waits for it, ten seconds at most. */
void wait_for(const volatile bool *flag);

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
long proxy_limit(Proxy *proxy, bool upwards, long limit);
/* Ends with the test, after the database was closed. */
Proxy *start_proxy(const char *url);
/* The URL by way of the proxy. */
const char *through(const Proxy *proxy, const char *url, const char *options);

/* A server of the test's own, gone when it ends: its URL; NULL: there are none here. `environment` is set while it is made
 * ("SERVER_TLS", "SERVER_SAFE", or ""). */
const char *own_server(const char *environment, const char *name);
/* Where it lives. */
const char *own_server_folder(void);
/* tests/servers/…: "stop %s --kill mysql"; the first line of what it says. */
const char *servers(const char *format, ...) __attribute__((format(printf, 1, 2)));

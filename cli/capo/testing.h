/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of a project, and a client that needs no socket.
 *
 *     TEST(drafts_stay_hidden)
 *     {
 *         Client *client = capo_client();
 *         EXPECT_STATUS(capo_client_get(client, "/blog/draft/"), 404);
 *     }
 *
 * `capo test` runs them all, or those whose name contains its argument. Each runs in a transaction of its own on a scratch
 * database (all migrations applied, in memory for SQLite), and is rolled back. Test files are compiled only into the test
 * program, which lists them: meson's `capo_tests`. A failed EXPECT ends its test. */
#pragma once
#include <capo.h>

typedef struct TestCase { const char *name, *file; int line; void (*run)(void); struct TestCase *next; } TestCase;
void capo_test_register(TestCase *test);
/* The one constructor in Capo: test files register themselves, since they are compiled as a whole or not at all. */
#define TEST(name_)                                                                                                            \
    static void test_##name_(void);                                                                                            \
    __attribute__((constructor)) static void register_##name_(void)                                                            \
    {                                                                                                                          \
        static TestCase test = { .name = #name_, .file = __FILE__, .line = __LINE__, .run = test_##name_ };                    \
        capo_test_register(&test);                                                                                             \
    }                                                                                                                          \
    static void test_##name_(void)

/* Loads fixtures as loaddata finds them, all or none: capo_test_fixtures("users", "posts"). */
#define capo_test_fixtures(...) capo_test_fixtures_of(LIST(__VA_ARGS__))
void capo_test_fixtures_of(const char *const *labels);

typedef struct Client Client;
typedef struct ClientResponse {
    int status;
    const char *body; size_t size;
    const char *location;                   /* of a redirect */
    const char *content_type;
    const QueryDict *headers;
    const char *const *templates;           /* names of all that were rendered for it, in order, parents and includes too; NULL at the end */
    Map *context;                           /* what they saw: all names of the first, then what later ones had besides; NULL: none rendered */
} ClientResponse;
Client *capo_client(void);                                                      /* keeps cookies; follows nothing */
ClientResponse *capo_client_get(Client *client, const char *url);
#define capo_client_post(client, url, ...) capo_client_post_with((client), (url), CAPO_VARS(__VA_ARGS__))
ClientResponse *capo_client_post_with(Client *client, const char *url, const Var *fields);      /* lists repeat the key; CSRF not enforced */
/* A value of capo_client_post that is an upload, which makes the body multipart: V("cover", capo_client_file("boat.png", "image/png", bytes, size)). */
Value capo_client_file(const char *name, const char *content_type, const void *bytes, size_t size);
ClientResponse *capo_client_request(Client *client, const char *method, const char *url, const char *content_type, const char *body, size_t size);
void capo_client_header(Client *client, const char *name, const char *value);   /* sent with every further request */
void capo_client_enforce_csrf(Client *client);
void capo_client_login(Client *client, AUTH_USER_MODEL *user);                      /* force_login */

_Noreturn void capo_test_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define EXPECT(condition) do { if (!(condition)) capo_test_fail(__FILE__, __LINE__, "expected %s", #condition); } while (0)
#define EXPECT_INT(actual, wanted) capo_expect_int(__FILE__, __LINE__, #actual, (long long)(actual), (long long)(wanted))
#define EXPECT_TEXT(actual, wanted) capo_expect_text(__FILE__, __LINE__, #actual, (actual), (wanted))
#define EXPECT_STATUS(response, wanted) capo_expect_status(__FILE__, __LINE__, (response), (wanted))
#define EXPECT_CONTAINS(response, text) capo_expect_contains(__FILE__, __LINE__, (response), (text), true)
#define EXPECT_NOT_CONTAINS(response, text) capo_expect_contains(__FILE__, __LINE__, (response), (text), false)
/* Whether a template of this name was rendered for the answer (assertTemplateUsed). */
#define EXPECT_TEMPLATE(response, name) capo_expect_template(__FILE__, __LINE__, (response), (name), true)
#define EXPECT_NOT_TEMPLATE(response, name) capo_expect_template(__FILE__, __LINE__, (response), (name), false)
#define EXPECT_REDIRECT(response, to) capo_expect_redirect(__FILE__, __LINE__, (response), (to))
#define EXPECT_QUERIES(n, statement) do { size_t before_ = capo_test_query_count(); statement; capo_expect_int(__FILE__, __LINE__, "queries of " #statement, (long long)(capo_test_query_count() - before_), (n)); } while (0)
/* The function must raise this code; the error, for its message. */
#define EXPECT_RAISES(code, function, argument) capo_expect_raises(__FILE__, __LINE__, (code), (function), (argument))
void capo_expect_int(const char *file, int line, const char *what, long long actual, long long wanted);
void capo_expect_text(const char *file, int line, const char *what, const char *actual, const char *wanted);
void capo_expect_status(const char *file, int line, const ClientResponse *response, int wanted);
void capo_expect_contains(const char *file, int line, const ClientResponse *response, const char *text, bool wanted);
void capo_expect_template(const char *file, int line, const ClientResponse *response, const char *name, bool wanted);
void capo_expect_redirect(const char *file, int line, const ClientResponse *response, const char *to);
const Error *capo_expect_raises(const char *file, int line, int code, void (*function)(void *), void *argument);
size_t capo_test_query_count(void);
/* CPU time of this process, helper threads included: for tests that a function is linear. Time on the wall depends on the neighbours. */
int64_t capo_test_cpu_us(void);
/* What the statement costs: the least of three, since caches and neighbours only add. */
#define CPU_US_OF(statement) ({ int64_t least_ = INT64_MAX; for (int i_ = 0; i_ < 3; i_++) { int64_t from_ = capo_test_cpu_us(); statement; \
    int64_t took_ = capo_test_cpu_us() - from_; least_ = took_ < least_ ? took_ : least_; } least_; })
void capo_freeze_time(DateTime now);            /* until the test ends */

/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of core/web: a request through the whole of capo_handle, in the test's own unit, and what would be sent. */
#pragma once
#include <capo/server.h>
#include <capo/testing.h>
#include <stdlib.h>
#include <string.h>

#define TEST_KEY "a secret key of forty characters or more"
#define HEADERS(...) ((const struct QueryItem[]){ __VA_ARGS__ __VA_OPT__(,) { 0 } })

typedef struct Asked {
    int status;
    const char *all;                /* as sent */
    const char *body;
} Asked;

/* headers ends with a NULL key; body NULL: none; https: over TLS. */
static inline Asked ask_as(const char *scheme, const char *method, const char *target, const struct QueryItem *headers, const char *body)
{
    struct QueryItem items[16];
    size_t n = 0;
    for (; headers && headers->key && n < 15; headers++)
        items[n++] = *headers;
    if (body)
        items[n++] = (struct QueryItem){ "Content-Type", "application/x-www-form-urlencoded" };
    Request *req = capo_request_make(&(RawRequest){ .method = method, .target = target, .headers = items, .n_headers = n, .body = body,
                                                    .body_size = body ? strlen(body) : 0, .remote_address = "192.0.2.1", .scheme = scheme });
    Response *res = capo_handle(req);
    Buffer out = { 0 };
    capo_response_write(req, res, &out);
    char *text = capo_buffer_text(&out), *end = strstr(text, "\r\n\r\n");
    return (Asked){ .status = res->status, .all = text, .body = end ? end + 4 : "" };
}

static inline Asked ask(const char *method, const char *target, const struct QueryItem *headers, const char *body)
{
    return ask_as("http", method, target, headers, body);
}

/* The value of a header of the answer; NULL: it has none. */
static inline const char *header_of(Asked asked, const char *name)
{
    const char *at = strcasestr(asked.all, capo_format("\r\n%s: ", name));
    if (!at || at > asked.body)
        return NULL;
    at += strlen(name) + 4;
    return capo_strndup(at, strcspn(at, "\r"));
}

/* The value of a cookie that the answer sets; NULL: it sets none of the name. */
static inline const char *cookie_of(Asked asked, const char *name)
{
    const char *at = strcasestr(asked.all, capo_format("\r\nSet-Cookie: %s=", name));
    if (!at)
        return NULL;
    at += strlen("\r\nSet-Cookie: =") + strlen(name);
    return capo_strndup(at, strcspn(at, ";\r"));
}

#define EXPECT_HAS(text, part) do { const char *text_ = (text); if (!text_ || !strstr(text_, (part)))                              \
    capo_test_fail(__FILE__, __LINE__, "no \"%s\" in:\n%.3000s", (part), text_ ? text_ : "NULL"); } while (0)
#define EXPECT_HAS_NOT(text, part) do { const char *text_ = (text); if (text_ && strstr(text_, (part)))                            \
    capo_test_fail(__FILE__, __LINE__, "\"%s\" in:\n%.3000s", (part), text_); } while (0)

/* SPDX-License-Identifier: BSD-3-Clause */
/* Cross-site request forgery. */
#include "asking.h"

static Response *form(Request *req)
{
    const char *token = capo_csrf_token(req);
    EXPECT_TEXT(capo_csrf_token(req), token);
    return capo_text("%s", token);
}
static Response *plain(Request *req) { (void)req; return capo_text("ok"); }
static Response *rotate(Request *req) { capo_csrf_rotate(req); return capo_text("rotated"); }
static const Route urls[] = {
    { "form/", form }, { "post/", plain }, { "exempt/", plain, .csrf_exempt = true }, { "rotate/", rotate, .csrf_exempt = true }, { 0 }
};

static void use(Settings settings)
{
    settings.secret_key = TEST_KEY;
    settings.urls = urls;
    settings.middleware = MIDDLEWARE(capo_common_middleware, capo_csrf_middleware);
    capo_web_hooks = (WebHooks){ 0 };
    capo_settings_init(&settings);
}

static const char secret[] = "abcdefghijklmnopqrstuvwxyz012345";
static const char *cookie(void) { return capo_format("csrftoken=%s", secret); }

static int post(const char *scheme, const char *cookies, const char *token, const char *header, const char *value)
{
    return ask_as(scheme, "POST", "/post/", HEADERS({ "Cookie", cookies }, { header, value }), token ? capo_format("csrfmiddlewaretoken=%s", token) : "a=1").status;
}

static const char *masked(const char *for_cookie)
{
    return ask("GET", "/form/", HEADERS({ "Cookie", for_cookie }), NULL).body;
}

TEST(csrf_tokens_are_masked_anew_and_the_cookie_holds_the_secret)
{
    use((Settings){ 0 });
    Asked asked = ask("GET", "/form/", NULL, NULL);
    EXPECT_INT(strlen(asked.body), 64);
    const char *made = cookie_of(asked, "csrftoken");
    EXPECT_INT(strlen(made), 32);
    EXPECT_HAS(asked.all, "; Max-Age=31449600");
    EXPECT_HAS(asked.all, "SameSite=Lax");
    EXPECT_HAS(asked.all, "Secure");
    EXPECT_HAS_NOT(asked.all, "HttpOnly");
    EXPECT_HAS(header_of(asked, "Vary"), "Cookie");            /* SEC-177 */
    const char *again = masked(capo_format("csrftoken=%s", made));
    EXPECT(strcmp(again, asked.body) != 0);
    EXPECT_INT(post("http", capo_format("csrftoken=%s", made), again, NULL, NULL), 200);
    EXPECT_INT(post("http", capo_format("csrftoken=%s", made), asked.body, NULL, NULL), 200);
    EXPECT(!cookie_of(ask("GET", "/post/", NULL, NULL), "csrftoken"));
}

/* Made by Django 3.2 of this secret: a mask and the masked secret. */
TEST(csrf_reads_tokens_of_django)
{
    use((Settings){ 0 });
    EXPECT_INT(post("http", cookie(), "rzEs3U8fpf6NIOKIcdtEiwf8yrjbQFtcrAGv7ZemxogYU1YXsuLXCRBvWQ92Iyn7", NULL, NULL), 200);
}

/* SEC-173 */
TEST(csrf_refuses_what_has_no_good_token)
{
    use((Settings){ 0 });
    const char *good = masked(cookie());
    EXPECT_INT(post("http", cookie(), good, NULL, NULL), 200);
    EXPECT_INT(post("http", cookie(), secret, NULL, NULL), 200);
    EXPECT_INT(post("http", cookie(), NULL, "X-CSRFToken", good), 200);
    EXPECT_INT(post("http", cookie(), NULL, NULL, NULL), 403);
    EXPECT_INT(post("http", "a=b", good, NULL, NULL), 403);
    EXPECT_INT(post("http", cookie(), capo_strndup(good, 63), NULL, NULL), 403);
    EXPECT_INT(post("http", cookie(), capo_format("%sA", good), NULL, NULL), 403);
    EXPECT_INT(post("http", cookie(), masked("csrftoken=ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"), NULL, NULL), 403);
    EXPECT_INT(post("http", "csrftoken=short", good, NULL, NULL), 403);
    char *flipped = capo_strdup(good);
    flipped[40] = flipped[40] == 'a' ? 'b' : 'a';
    EXPECT_INT(post("http", cookie(), flipped, NULL, NULL), 403);
    flipped[40] = '-';
    EXPECT_INT(post("http", cookie(), flipped, NULL, NULL), 403);
    EXPECT_INT(ask("PUT", "/post/", HEADERS({ "Cookie", cookie() }), NULL).status, 403);
    EXPECT_INT(ask("DELETE", "/post/", HEADERS({ "Cookie", cookie() }, { "X-CSRFToken", good }), NULL).status, 200);
    EXPECT_INT(ask("POST", "/exempt/", NULL, "a=1").status, 200);
    EXPECT_INT(ask("POST", "/nowhere/", NULL, "a=1").status, 404);
    EXPECT_INT(ask("OPTIONS", "/post/", NULL, NULL).status, 200);
}

/* SEC-174 */
TEST(csrf_origin_and_referer)
{
    use((Settings){ .allowed_hosts = LIST("site.example"), .csrf_trusted_origins = LIST("https://friend.example", "https://*.wild.example") });
    const char *good = masked(cookie());
    static const struct { const char *scheme, *header, *value; int status; } cases[] = {
        { "http", "Origin", "http://testserver", 200 }, { "http", "Origin", "https://testserver", 403 }, { "https", "Origin", "https://testserver", 200 },
        { "http", "Origin", "null", 403 }, { "http", "Origin", "http://evil.example", 403 }, { "https", "Origin", "https://friend.example", 200 },
        { "https", "Origin", "http://friend.example", 403 }, { "https", "Origin", "https://a.wild.example", 200 },
        { "https", "Origin", "https://evilwild.example", 403 }, { "https", "Origin", "https://friend.example.evil", 403 },
        { "https", "Origin", "https://friend.example:444", 403 }, { "http", "Origin", "", 403 },
        { "https", "X-Nothing", "x", 403 }, { "https", "Referer", "https://testserver/x", 200 }, { "https", "Referer", "http://testserver/x", 403 },
        { "https", "Referer", "https://evil.example/testserver", 403 }, { "https", "Referer", "https://friend.example/", 200 },
        { "https", "Referer", "x", 403 }, { "https", "Referer", "https:///x", 403 }, { "http", "Referer", "https://evil.example/", 200 },
        { "http", "Sec-Fetch-Site", "cross-site", 403 }, { "http", "Sec-Fetch-Site", "same-origin", 200 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = post(cases[i].scheme, cookie(), good, cases[i].header, cases[i].value);
        if (status != cases[i].status)
            capo_test_fail(__FILE__, __LINE__, "%s with %s: %s gives %d", cases[i].scheme, cases[i].header, cases[i].value, status);
    }
}

TEST(csrf_failure_says_why_only_in_debug)
{
    use((Settings){ 0 });
    Asked asked = ask("POST", "/post/", NULL, "a=1");
    EXPECT_HAS(asked.body, "CSRF verification failed. Request aborted.");
    EXPECT_HAS_NOT(asked.body, "CSRF cookie not set.");
    use((Settings){ .debug = true });
    EXPECT_HAS(ask("POST", "/post/", NULL, "a=1").body, "CSRF cookie not set.");
    EXPECT_HAS(ask("POST", "/post/", HEADERS({ "Origin", "http://<x>" }), "a=1").body, "Origin checking failed - http://&lt;x&gt; does not match");
}

TEST(csrf_rotation_makes_a_new_secret)
{
    use((Settings){ 0 });
    const char *made = cookie_of(ask("POST", "/rotate/", HEADERS({ "Cookie", cookie() }), "a=1"), "csrftoken");
    EXPECT(made && strlen(made) == 32 && strcmp(made, secret) != 0);
    made = cookie_of(ask("GET", "/post/", HEADERS({ "Cookie", "csrftoken=bad!" }), NULL), "csrftoken");
    EXPECT(made && strlen(made) == 32);
}

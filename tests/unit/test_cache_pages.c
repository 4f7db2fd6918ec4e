/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers and fragments from the cache: what is kept, for whom, and for how long; Cache-Control. */
#include "asking.h"
#include <capo/cache.h>
#include <capo/loop.h>
#include <capo/templates.h>
#include <capo/unit.h>

static int made;

static Response *count(Request *req) { (void)req; return capo_text("made %d\n", ++made); }
static Response *by_language(Request *req)
{
    Response *res = capo_text("%d in %s\n", ++made, capo_header(req, "Accept-Language"));
    capo_vary(res, "Accept-Language");
    return res;
}
static Response *with_header(Request *req)
{
    Response *res = count(req);
    const char *value = capo_param(req, "value");
    capo_set_header(res, capo_param(req, "name"), value);
    return res;
}
static Response *with_cookie(Request *req) { Response *res = count(req); capo_set_cookie(res, "a", "b"); return res; }
static Response *with_token(Request *req) { return capo_text("%d %s\n", ++made, capo_csrf_token(req)); }
static Response *read_cookie(Request *req) { const char *c = capo_cookie(req, "who"); return capo_text("%d %s\n", ++made, c ? c : "nobody"); }
static Response *read_session(Request *req) { return capo_text("%d %s\n", ++made, capo_to_text(capo_session_get(req, "who"))); }
static Response *write_session(Request *req) { capo_session_set(req, "who", VALUE("me")); return capo_text("%d\n", ++made); }
static Response *show_messages(Request *req) { return capo_text("%d %zu\n", ++made, capo_messages(req)->count); }
static Response *add_message(Request *req) { capo_message(req, MESSAGE_INFO, "hi"); return capo_text("%d\n", ++made); }
static Response *with_status(Request *req) { int64_t status = 0; capo_to_int(VALUE(capo_param(req, "s")), &status);
    Response *res = capo_response((int)status, NULL); capo_put_format(&res->body, "%d", ++made); return res; }
static void write_stream(ResponseStream *stream, void *argument) { (void)argument; capo_stream_format(stream, "%d", ++made); }
static Response *streamed(Request *req) { (void)req; return capo_stream("text/plain", write_stream, NULL); }
static Response *slow(Request *req) { capo_sleep(0.03); return count(req); }
static Response *raises(Request *req) { (void)req; made++; capo_raise(500, "broken"); }
static Response *headers(Request *req) { Response *res = count(req); capo_set_header(res, "X-Own", "kept"); capo_set_header(res, "ETag", "\"1\""); return res; }
static Response *elsewhere(Request *req) { return capo_cache_page(req, 60, count, .using = "pages", .key_prefix = "p"); }
static Response *page(Request *req) { return capo_render(req, "cache_page.html", V("n", ++made), V("by", capo_param(req, "by"))); }
static Response *token_page(Request *req) { return capo_render(req, "cache_token.html", V("n", ++made)); }

static const Route urls[] = {
    { "count/", count, .cache_seconds = 60 }, { "not/", count }, { "language/", by_language, .cache_seconds = 60 },
    { "header/", with_header, .cache_seconds = 60 }, { "cookie/", with_cookie, .cache_seconds = 60 }, { "token/", with_token, .cache_seconds = 60 },
    { "read-cookie/", read_cookie, .cache_seconds = 60 }, { "session/", read_session, .cache_seconds = 60 },
    { "write-session/", write_session, .cache_seconds = 60 }, { "messages/", show_messages, .cache_seconds = 60 },
    { "add-message/", add_message, .cache_seconds = 60 }, { "status/", with_status, .cache_seconds = 60 },
    { "stream/", streamed, .cache_seconds = 60 }, { "slow/", slow, .cache_seconds = 60 }, { "raises/", raises, .cache_seconds = 60 },
    { "headers/", headers, .cache_seconds = 60 }, { "elsewhere/", elsewhere }, { "page/", page }, { "token-page/", token_page }, { "plain-session/", read_session },
    { 0 }
};
#define FILE_OF(name, text) { "templates/" name, text, sizeof(text) - 1 }
static const EmbeddedFile files[] = {
    FILE_OF("cache_page.html", "{% load cache %}{{ n }} {% cache 60 part by %}{{ n }}{% endcache %} {% cache 60 other using=\"pages\" %}{{ n }}{% endcache %}"),
    FILE_OF("cache_token.html", "{% load cache %}{% cache 60 token %}{{ n }}{% csrf_token %}{% endcache %}"), { 0 }
};
static const App inside = { .name = "inside", .files = files };

static Map *no_session(const char *key) { (void)key; return capo_map(V("who", "a visitor")); }
static void save_session(const char *key, const Map *data, DateTime expires, bool new) { (void)key, (void)data, (void)expires, (void)new; }
static void remove_session(const char *key) { (void)key; }
static const SessionStore store = { no_session, save_session, remove_session };
static Response *sessions(Request *req, const Next *next) { return capo_session_middleware_with(req, next, &store); }

static void use_with(Middleware *const *middleware)
{
    capo_web_hooks = (WebHooks){ 0 };
    capo_caches_configure(NULL);
    capo_settings_init(&(Settings){ .secret_key = TEST_KEY, .urls = urls, .apps = APPS(&inside), .allowed_hosts = LIST("*"), .middleware = middleware,
                                    .caches = CACHES({ "default", .max_entries = 5000 }, { "pages" }) });
    made = 0;
}

static void use(void)
{
    use_with(MIDDLEWARE(sessions, capo_csrf_middleware, capo_messages_middleware));
}

static const char *get(const char *target) { return ask("GET", target, NULL, NULL).body; }
static int times_made(const char *target, const struct QueryItem *with)
{
    made = 0;
    ask("GET", target, with, NULL);
    ask("GET", target, with, NULL);
    return made;
}

TEST(page_cache_keeps_answers)
{
    use();
    DateTime start = { 1800000000000000 };
    capo_freeze_time(start);
    Asked first = ask("GET", "/count/?a=1", NULL, NULL);
    EXPECT_TEXT(first.body, "made 1\n");
    EXPECT_TEXT(header_of(first, "Cache-Control"), "max-age=60");
    EXPECT_TEXT(header_of(first, "Expires"), "Fri, 15 Jan 2027 08:01:00 GMT");
    EXPECT(!header_of(first, "Age"));
    capo_freeze_time((DateTime){ start.microseconds + 59000000 });
    Asked second = ask("GET", "/count/?a=1", NULL, NULL);
    EXPECT_TEXT(second.body, "made 1\n");
    EXPECT_TEXT(header_of(second, "Age"), "59");
    EXPECT_TEXT(header_of(second, "Expires"), "Fri, 15 Jan 2027 08:01:00 GMT");
    EXPECT_TEXT(header_of(second, "Content-Type"), "text/plain; charset=utf-8");
    capo_freeze_time((DateTime){ start.microseconds + 60000000 });
    EXPECT_TEXT(get("/count/?a=1"), "made 2\n");
    EXPECT_INT(times_made("/not/", NULL), 2);
    EXPECT_INT(times_made("/headers/", NULL), 1);
    Asked kept = ask("GET", "/headers/", NULL, NULL);
    EXPECT_TEXT(header_of(kept, "X-Own"), "kept");
    EXPECT_TEXT(header_of(kept, "ETag"), "\"1\"");
}

TEST(page_cache_head_and_methods)
{
    use();
    EXPECT_INT(ask("HEAD", "/count/", NULL, NULL).status, 200);
    EXPECT_TEXT(get("/count/"), "made 2\n");                   /* what HEAD made was not kept */
    Asked head = ask("HEAD", "/count/", NULL, NULL);
    EXPECT_TEXT(header_of(head, "Content-Length"), "7");
    EXPECT_TEXT(head.body, "");
    EXPECT_INT(made, 2);
    use_with(MIDDLEWARE(NULL));
    ask("POST", "/count/", NULL, "a=1");
    ask("POST", "/count/", NULL, "a=1");
    EXPECT_INT(made, 2);
}

TEST(page_cache_varies)
{
    use();
    EXPECT_TEXT(ask("GET", "/language/", HEADERS({ "Accept-Language", "de" }), NULL).body, "1 in de\n");
    EXPECT_TEXT(ask("GET", "/language/", HEADERS({ "Accept-Language", "en" }), NULL).body, "2 in en\n");
    EXPECT_TEXT(ask("GET", "/language/", HEADERS({ "Accept-Language", "de" }), NULL).body, "1 in de\n");
    EXPECT_TEXT(ask("GET", "/language/", HEADERS({ "Accept-Language", "en" }), NULL).body, "2 in en\n");
}

/* SEC-371 */
TEST(page_cache_vary_on_everything)
{
    use();
    static const char *const stars[] = { "*", "%20*%20", "Cookie,%20*", "*,Cookie" };
    for (size_t i = 0; i < sizeof stars / sizeof *stars; i++)
        EXPECT_INT(times_made(capo_format("/header/?name=Vary&value=%s", stars[i]), NULL), 2);
    EXPECT_INT(times_made("/header/?name=Vary&value=Accept,Accept,%20,", NULL), 1);
}

/* SEC-372 */
TEST(page_cache_private_answers)
{
    use();
    static const char *const kinds[] = { "private", "Private", "PRIVATE=%22x,y%22", "no-store", "NO-STORE,max-age=9", "max-age=9,%20No-Cache", "private%20",
        "no-cache=%22Set-Cookie%22" };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        EXPECT_INT(times_made(capo_format("/header/?name=Cache-Control&value=%s", kinds[i]), NULL), 2);
    EXPECT_INT(times_made("/header/?name=Cache-Control&value=public", NULL), 1);
    EXPECT_INT(times_made("/header/?name=Cache-Control&value=x=%22,private,%22", NULL), 1);
}

/* SEC-373 */
TEST(page_cache_authorised_requests)
{
    use();
    Asked asked = ask("GET", "/count/", HEADERS({ "Authorization", "Basic eDp5" }), NULL);
    EXPECT_TEXT(asked.body, "made 1\n");
    EXPECT_HAS(header_of(asked, "Vary"), "Authorization");
    EXPECT_TEXT(get("/count/"), "made 2\n");
    EXPECT_TEXT(ask("GET", "/count/", HEADERS({ "Authorization", "Basic eDp5" }), NULL).body, "made 3\n");
    EXPECT_TEXT(get("/count/"), "made 2\n");
}

/* SEC-374, SEC-168, SEC-177: what sets a cookie or depends on one is for its visitor alone, though its headers come later. */
TEST(page_cache_personal_answers)
{
    use();
    const struct QueryItem *me = HEADERS({ "Cookie", "sessionid=abcdefghijklmnopqrstuvwxyzabcdef; who=me" });
    EXPECT_INT(times_made("/cookie/", NULL), 2);
    EXPECT_INT(times_made("/token/", NULL), 2);
    EXPECT_INT(times_made("/write-session/", NULL), 2);
    EXPECT_INT(times_made("/add-message/", NULL), 2);
    EXPECT_INT(times_made("/read-cookie/", me), 2);
    EXPECT_INT(times_made("/session/", me), 2);
    Asked asked = ask("GET", "/session/", me, NULL);
    EXPECT_HAS(asked.body, "a visitor");
    EXPECT_HAS(header_of(asked, "Vary"), "Cookie");
    EXPECT_HAS(header_of(asked, "Cache-Control"), "private");
    EXPECT_HAS(header_of(ask("GET", "/session/", NULL, NULL), "Cache-Control"), "private");
    EXPECT_HAS(header_of(ask("GET", "/session/", NULL, NULL), "Cache-Control"), "private");
    EXPECT_HAS_NOT(get("/session/"), "a visitor");
    EXPECT_HAS_NOT(get("/read-cookie/"), "me");
    /* for those who bring no cookie it is the same page, and none of theirs for who does */
    EXPECT_INT(times_made("/read-cookie/", NULL), 0);
    EXPECT_HAS(ask("GET", "/read-cookie/", me, NULL).body, "me");
    EXPECT_HAS(ask("GET", "/session/", me, NULL).body, "a visitor");
    /* a page without messages may be kept, one that shows some may not */
    EXPECT_INT(times_made("/messages/", NULL), 1);
}

/* SEC-375: everything that the answer may depend on is in the key. */
TEST(page_cache_keys)
{
    use();
    EXPECT_TEXT(get("/count/"), "made 1\n");
    static const char *const others[] = { "/count/?", "/count/?a=1&b=2", "/count/?b=2&a=1", "/count/?a=1;b=2", "/count/?a=1%26b=2" };
    for (size_t i = 1; i < sizeof others / sizeof *others; i++)
        EXPECT_TEXT(get(others[i]), capo_format("made %zu\n", i + 1));
    made = 100;
    EXPECT_TEXT(ask("GET", "/count/", HEADERS({ "Host", "other.example" }), NULL).body, "made 101\n");
    EXPECT_TEXT(ask_as("https", "GET", "/count/", NULL, NULL).body, "made 102\n");
    EXPECT_TEXT(ask("GET", "/count/", HEADERS({ "X-Forwarded-Host", "evil" }, { "X-Forwarded-Proto", "https" }), NULL).body, "made 1\n");
    EXPECT_TEXT(ask("GET", "/count/", HEADERS({ "Content-Length", "3" }), "a=1").body, "made 103\n");       /* a body is not in the key */
    EXPECT_TEXT(get("/elsewhere/"), "made 104\n");
    EXPECT_TEXT(get("/elsewhere/"), "made 104\n");
    capo_cache_clear();
    EXPECT_TEXT(get("/elsewhere/"), "made 104\n");
    capo_cache_clear(.using = "pages");
    EXPECT_TEXT(get("/elsewhere/"), "made 105\n");
}

/* SEC-376 */
TEST(page_cache_other_statuses)
{
    use();
    static const int statuses[] = { 201, 204, 206, 301, 304, 404, 500, 503 };
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        EXPECT_INT(times_made(capo_format("/status/?s=%d", statuses[i]), NULL), 2);
    EXPECT_INT(times_made("/status/?s=200", NULL), 1);
    EXPECT_INT(times_made("/raises/", NULL), 2);
    EXPECT_INT(times_made("/stream/", NULL), 2);
}

static int left;
static Fiber *waiting;
static int right;
static void ask_slow(void *target) { right += strcmp(get(target), "made 2\n") == 0; }
static void slow_done(void *target, Unit *unit, const Error *error) { (void)target, (void)unit, (void)error; left--; fiber_wake(waiting); }

/* SEC-379: at the expiry of an answer one request makes it anew, and the others wait for that one. */
TEST(page_cache_makes_it_anew_once)
{
    use();
    DateTime start = capo_now();
    capo_freeze_time(start);
    get("/slow/");
    capo_freeze_time((DateTime){ start.microseconds + 61000000 });
    waiting = capo_fiber_current();
    right = 0;
    for (left = 0; left < 300; left++)
        capo_fiber_start("asks", ask_slow, (void *)"/slow/", slow_done, false);
    while (left > 0)
        fiber_park(10000);
    EXPECT_INT(made, 2);
    EXPECT_INT(right, 300);
}

TEST(page_cache_for_the_whole_site)
{
    use_with(MIDDLEWARE(sessions, capo_cache_middleware, capo_csrf_middleware));
    EXPECT_INT(times_made("/not/", NULL), 1);
    EXPECT_TEXT(header_of(ask("GET", "/not/", NULL, NULL), "Cache-Control"), "max-age=600");
    EXPECT_INT(times_made("/header/?name=Cache-Control&value=max-age=0", NULL), 2);
    EXPECT_TEXT(header_of(ask("GET", "/header/?name=Cache-Control&value=max-age=5", NULL, NULL), "Cache-Control"), "max-age=5");
    EXPECT_INT(times_made("/token/", NULL), 2);
    /* before the sessions: what they mark as private is not kept */
    use_with(MIDDLEWARE(capo_cache_middleware, sessions, capo_csrf_middleware));
    EXPECT_INT(times_made("/not/", NULL), 1);
    EXPECT_INT(times_made("/plain-session/", NULL), 2);
    EXPECT_INT(times_made("/token/", NULL), 2);
}

/* --- fragments --- */

TEST(template_cache_keys)
{
    use();
    EXPECT_TEXT(capo_template_fragment_key("spam"), "template.cache.spam.d41d8cd98f00b204e9800998ecf8427e");
    EXPECT_TEXT(capo_template_fragment_key("foo", VALUE("abc")), "template.cache.foo.493e283d571a73056196f1a68efd0f66");
    EXPECT_TEXT(capo_template_fragment_key("bar", VALUE("abc"), VALUE("efg")), "template.cache.bar.6dea8a060de1015db00d42ef115e770e");
    EXPECT_TEXT(capo_template_fragment_key("u", VALUE(12), VALUE("\xc3\xa9"), capo_value_null(), VALUE((bool)true), VALUE(1.5)),
                "template.cache.u.0278ad9dee8d6c38be3d5cf0fe6cbe33");
}

TEST(template_cache_expires_and_is_dropped)
{
    use();
    DateTime start = capo_now();
    capo_freeze_time(start);
    EXPECT_TEXT(get("/page/?by=a"), "1 1 1");
    EXPECT_TEXT(get("/page/?by=b"), "2 2 1");
    EXPECT_TEXT(get("/page/?by=a"), "3 1 1");
    EXPECT(capo_cache_delete(capo_template_fragment_key("part", VALUE("a"))));
    EXPECT_TEXT(get("/page/?by=a"), "4 4 1");
    EXPECT(capo_cache_delete(capo_template_fragment_key("other"), .using = "pages"));
    EXPECT_TEXT(get("/page/?by=b"), "5 2 5");
    capo_freeze_time((DateTime){ start.microseconds + 60000000 });
    EXPECT_TEXT(get("/page/?by=b"), "6 6 6");
    /* the cache of this name, where there is one */
    capo_caches_configure(CACHES({ "template_fragments" }, { "pages" }));
    get("/page/?by=c");
    EXPECT(capo_cache_has(capo_template_fragment_key("part", VALUE("c")), .using = "template_fragments"));
    EXPECT(!capo_cache_has(capo_template_fragment_key("part", VALUE("c"))));
}

/* SEC-177: a token in a fragment would be another visitor's. */
TEST(template_cache_keeps_no_csrf_token)
{
    use();
    const char *first = get("/token-page/"), *second = get("/token-page/");
    EXPECT_HAS(first, "1<input");
    EXPECT_HAS(second, "2<input");
}

/* --- headers --- */

static const char *controlled(const char *before, const char *directives)
{
    Response *res = capo_text("x");
    capo_set_header(res, "Cache-Control", before);
    capo_cache_control(res, directives);
    return capo_get_header(res, "Cache-Control");
}

TEST(cache_control_is_patched)
{
    EXPECT_TEXT(controlled(NULL, "public, max-age=60"), "public, max-age=60");
    EXPECT_TEXT(controlled("max-age=60", "max-age=30"), "max-age=30");
    EXPECT_TEXT(controlled("max-age=30", "max-age=60"), "max-age=30");
    EXPECT_TEXT(controlled("private, max-age=30", "public"), "max-age=30, public");
    EXPECT_TEXT(controlled("public", "private"), "private");
    EXPECT_TEXT(controlled("Private=\"a, b\" , s-maxage=1", "no-transform"), "private=\"a, b\", s-maxage=1, no-transform");
    EXPECT_TEXT(controlled("no-cache=\"Set-Cookie\"", "no-cache=Link"), "no-cache=\"Set-Cookie, Link\"");
    EXPECT_TEXT(controlled("no-cache", "no-cache=Link"), "no-cache");
    EXPECT_TEXT(controlled("no-cache=Link", "no-cache"), "no-cache");
    EXPECT_TEXT(controlled(",, ,", "must-revalidate,"), "must-revalidate");
    Response *res = capo_text("x");
    EXPECT_INT(capo_max_age(res), -1);
    capo_freeze_time((DateTime){ 1800000000000000 });
    capo_cache_for(res, 90);
    EXPECT_INT(capo_max_age(res), 90);
    EXPECT_TEXT(capo_get_header(res, "Expires"), "Fri, 15 Jan 2027 08:01:30 GMT");
    EXPECT(capo_has_cache_directive(res, "max-age") && !capo_has_cache_directive(res, "public"));
    capo_never_cache(res);
    EXPECT_TEXT(capo_get_header(res, "Cache-Control"), "max-age=0, no-cache, no-store, must-revalidate, private");
    res = capo_text("x");
    capo_never_cache(res);
    EXPECT_TEXT(capo_get_header(res, "Expires"), "Fri, 15 Jan 2027 08:00:00 GMT");
}

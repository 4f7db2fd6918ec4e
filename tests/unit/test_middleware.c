/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts, slashes, redirects, security headers, static files. */
#include "asking.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static Response *hello(Request *req) { (void)req; return capo_text("hello\n"); }
static Response *go(Request *req) { return capo_redirect_to(req, 302, capo_param(req, "to"), CAPO_VARS()); }
static Response *raise_500(Request *req) { (void)req; capo_raise(500, "x"); }
static const Route urls[] = {
    { "", hello, "home" }, { "page/", hello, "page" }, { "stay/", hello, .no_append_slash = true }, { "<path:p>/deep/", hello },
    { "go", go }, { "500/", raise_500 }, { 0 }
};

static const EmbeddedFile embedded[] = {
    { "static/css/site.css", "body{}", 6 }, { "static/index", "plain", 5 }, { "templates/x.html", "secret", 6 }, { 0 }
};
static const App inside = { .name = "inside", .files = embedded };

static void use(Settings settings)
{
    settings.secret_key = TEST_KEY;
    settings.urls = urls;
    settings.apps = APPS(&inside);
    static Middleware *const usual[] = { capo_security_middleware, capo_common_middleware, capo_clickjacking_middleware, NULL };
    settings.middleware = settings.middleware ? settings.middleware : usual;
    capo_web_hooks = (WebHooks){ 0 };
    capo_settings_init(&settings);
}

typedef struct HostCase { const char *host; int status; } HostCase;

static void ask_host(void *argument)
{
    HostCase *about = argument;
    about->status = ask("GET", "/", HEADERS({ "Host", about->host }), NULL).status;
}

/* The parser refuses some already. */
static int status_for_host(const char *host)
{
    HostCase about = { .host = host };
    const Error *error = capo_try(ask_host, &about);
    return error ? error->status : about.status;
}

/* SEC-134 */
TEST(hosts_are_parsed_strictly)
{
    use((Settings){ .allowed_hosts = LIST("*") });
    static const char *const good[] = { "example.com", "example.com:80", "EXAMPLE.com", "127.0.0.1:8000", "[::1]", "[::1]:80", "a-b.c-d" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        EXPECT_INT(status_for_host(good[i]), 200);
    static const char *const bad[] = { "good.example@evil", "good.example:80:80", "[::1", "::1", "a.example,b.example", "a.example.", ".a", "a..b",
        "a:", "a:port", "a:123456", "a:99999", "a/b", "a b", "a?b", "a#b", "a\\b", "[::1]x", "[x]", "a_b", "\xc3\xa9.example" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (status_for_host(bad[i]) != 400)
            capo_test_fail(__FILE__, __LINE__, "the host '%s' was taken", bad[i]);
    char *long_host = capo_alloc(301);
    memset(long_host, 'a', 300);
    EXPECT_INT(status_for_host(long_host), 400);
}

/* SEC-135, SEC-136, SEC-137 */
TEST(hosts_must_be_allowed)
{
    use((Settings){ .allowed_hosts = LIST(".example.com", "Other.Example") });
    EXPECT_INT(status_for_host("example.com"), 200);
    EXPECT_INT(status_for_host("a.b.EXAMPLE.com:8000"), 200);
    EXPECT_INT(status_for_host("other.example"), 200);
    EXPECT_INT(status_for_host("evilexample.com"), 400);
    EXPECT_INT(status_for_host("example.com.evil"), 400);
    EXPECT_INT(status_for_host("sub.other.example"), 400);
    EXPECT_INT(status_for_host("localhost"), 400);
    EXPECT_INT(ask("GET", "/", HEADERS({ "Host", "evil" }, { "X-Forwarded-Host", "example.com" }), NULL).status, 400);
    use((Settings){ .debug = true });
    EXPECT_INT(status_for_host("localhost:8000"), 200);
    EXPECT_INT(status_for_host("a.localhost"), 200);
    EXPECT_INT(status_for_host("127.0.0.1"), 200);
    EXPECT_INT(status_for_host("[::1]:80"), 200);
    EXPECT_INT(status_for_host("example.com"), 400);
    use((Settings){ 0 });
    EXPECT_INT(status_for_host("localhost"), 400);
}

/* SEC-130 */
TEST(slashes_are_appended_on_this_host_only)
{
    use((Settings){ 0 });
    Asked asked = ask("GET", "/page?a=1&b=%2F", NULL, NULL);
    EXPECT_INT(asked.status, 301);
    EXPECT_TEXT(header_of(asked, "Location"), "/page/?a=1&b=%2F");
    EXPECT_INT(ask("GET", "/stay", NULL, NULL).status, 404);
    EXPECT_INT(ask("GET", "/nowhere", NULL, NULL).status, 404);
    static const char *const tricks[] = { "//evil.example/deep", "///evil.example/deep", "/%5Cevil.example/deep", "/%09/evil.example/deep",
                                          "/%2Fevil.example/deep" };
    for (size_t i = 0; i < sizeof tricks / sizeof *tricks; i++) {
        const char *location = header_of(ask("GET", tricks[i], NULL, NULL), "Location");
        if (location && (location[0] != '/' || location[1] == '/' || location[1] == '\\' || location[1] == '\t'))
            capo_test_fail(__FILE__, __LINE__, "%s leads to %s", tricks[i], location);
    }
    use((Settings){ .debug = true });
    asked = ask("POST", "/page", NULL, "a=1");
    EXPECT_INT(asked.status, 500);
    EXPECT_HAS(asked.body, "would lose what was sent");
}

/* SEC-132. 1: safe on example.com. Django 3.2 gave the same answers for all that have no note. */
TEST(urls_that_stay_here)
{
    static const struct { const char *url; bool safe; } cases[] = {
        { "/", 1 }, { "/view/?param=http://example.com", 1 }, { "/view/?param=https://example.com", 1 }, { "/view?param=ftp://example.com", 1 },
        { "view/?param=//example.com", 1 }, { "https://example.com/", 1 }, { "HTTPS://example.com/", 1 }, { "//example.com/", 1 },
        { "http://example.com/ingredient/123456", 1 }, { "/url%20with%20spaces/", 1 }, { "path/http:2222222222", 1 }, { "?x=1", 1 }, { "a:b/c", 0 },
        { "http://example.com", 1 }, { "http:///example.com", 0 }, { "https:///example.com", 0 }, { "ftp://example.com", 0 },
        { "\\\\example.com", 1 }, { "\\\\\\example.com", 0 }, { "/\\\\/example.com", 0 }, { "\\\\\\evil", 0 }, { "\\//evil.example", 0 },
        { "///example.com", 0 }, { "//evil.example", 0 }, { "/\\evil.example", 0 }, { "\\/evil.example", 0 }, { "http:\\\\evil.example", 0 },
        { "http://evil.example", 0 }, { "http:/evil.example", 0 }, { "http:evil.example", 0 }, { "http:999999999", 0 }, { "http:/\\evil", 0 },
        { "https:1029415385", 0 }, { "javascript:alert(1)", 0 }, { "jAvAsCrIpT:alert(1)", 0 }, { "\njavascript:alert(x)", 0 },
        { "\x08//example.com", 0 }, { "java\nscript:alert(x)", 0 }, { "\rjavascript:alert(x)", 0 }, { "\tjavascript:alert(x)", 0 },
        { "javascript\t:alert(1)", 0 }, { "vbscript:x", 0 }, { "data:text/html,x", 0 }, { "mailto:test@example.com", 0 }, { "file:///etc/passwd", 0 },
        { "http://otherserver\\@example.com", 0 }, { "http:\\\\testserver\\@example.com", 0 }, { "http://testserver\\me:pass@example.com", 0 },
        { "http://user@example.com", 0 }, { "http://example.com@evil.example", 0 }, { "http://example.com:80@evil.example/", 0 },
        { "http://example.com.evil.example", 0 }, { "http://evilexample.com", 0 }, { "//example.com:80/", 0 }, { "http://[::1]/", 0 },
        { "", 0 }, { "   ", 0 }, { " /x", 1 }, { "http://2001:cdba:0000:0000:0000:0000:3257:9652]/", 0 }, { "http://2001:cdba:0000:0000:0000:0000:3257:9652/", 0 },
        { "/a\x7f", 0 }, { "/a\x01", 0 }, { "/\t/evil.example", 0 }, { "//", 0 }, { "/ /evil", 1 }, { "http://", 0 }, { "https://", 0 }, { ":", 1 }, { "://evil", 1 },
        { "http:\\\\example.com", 0 }, { "\\\\evil.example/x", 0 }, { "////evil.example", 0 }, { "/////x", 0 }, { "\\\\\\\\evil", 0 },
        { "/..//evil", 1 }, { "..//evil", 1 }, { "http://example.com\\@evil", 0 }, { "http://example.com/\\@evil", 1 }, { "#fragment", 1 }, { "http://example.com#@evil", 1 },
        { "http://example.com?@evil", 1 }, { "http:// example.com", 0 }, { "tel:123", 0 }, { "blob:x", 0 }, { "x-y.z+1:q", 0 }, { "1a:x", 1 }, { "//example.com", 1 },
        { "//EXAMPLE.com/", 1 }, { "ws://example.com/", 0 }, { "//example.com.", 0 }, { "//.example.com", 0 }, { "//example.com%00.evil", 0 },
        { "//example.com%2eevil", 0 }, { "http://example.com%40evil", 0 }, { "/%2F/evil", 1 }, { "/%5Cevil", 1 }, { "//a@b", 0 }, { "http://example.com:", 0 }, { "HTTP://EXAMPLE.COM", 1 }, { "JavaScript:x", 0 }, { "/x?next=//evil", 1 }, { "\xc2\x85//evil", 0 }, { "\xe3\x80\x80//evil", 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (capo_url_is_safe(cases[i].url, "example.com", false) != cases[i].safe)
            capo_test_fail(__FILE__, __LINE__, "'%s' is %ssafe", cases[i].url, cases[i].safe ? "not " : "");
    EXPECT(sizeof cases / sizeof *cases >= 100);
    EXPECT(!capo_url_is_safe("http://example.com/", "example.com", true));
    EXPECT(!capo_url_is_safe("//example.com/", "example.com", true));
    EXPECT(capo_url_is_safe("https://example.com/", "example.com", true));
    EXPECT(capo_url_is_safe("/x", NULL, true));
    EXPECT(!capo_url_is_safe("//x", NULL, false));
    EXPECT(!capo_url_is_safe(NULL, "example.com", false));
    char *long_url = capo_alloc(3073);
    memset(long_url, '/', 1);
    memset(long_url + 1, 'a', 3071);
    EXPECT(!capo_url_is_safe(long_url, "example.com", false));
}

/* SEC-133 */
TEST(redirects_resolve_names_and_refuse_schemes)
{
    use((Settings){ 0 });
    EXPECT_TEXT(header_of(ask("GET", "/go?to=page", NULL, NULL), "Location"), "/page/");
    EXPECT_TEXT(header_of(ask("GET", "/go?to=/x%20y/%C3%A9", NULL, NULL), "Location"), "/x%20y/%C3%A9");
    EXPECT_TEXT(header_of(ask("GET", "/go?to=https://other.example/a", NULL, NULL), "Location"), "https://other.example/a");
    EXPECT_TEXT(header_of(ask("GET", "/go?to=../x", NULL, NULL), "Location"), "../x");
    EXPECT_INT(ask("GET", "/go?to=javascript:alert(1)//.", NULL, NULL).status, 400);
    EXPECT_INT(ask("GET", "/go?to=ftp://x/", NULL, NULL).status, 400);
    EXPECT_INT(ask("GET", "/go?to=/a%0d%0aX:y", NULL, NULL).status, 400);
    EXPECT_INT(ask("GET", "/go?to=nowhere", NULL, NULL).status, 500);
    char *long_url = capo_alloc(3001);
    memset(long_url, 'a', 3000);
    EXPECT_INT(ask("GET", capo_format("/go?to=/%s", long_url), NULL, NULL).status, 400);
}

/* SEC-144 */
TEST(security_headers_are_on_every_answer)
{
    use((Settings){ .hsts_seconds = 60, .middleware = MIDDLEWARE(capo_security_middleware, capo_clickjacking_middleware, capo_common_middleware) });
    static const char *const paths[] = { "/", "/nowhere/", "/page", "/500/", "/static/css/site.css", "/go?to=/" };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        Asked asked = ask_as("https", "GET", paths[i], NULL, NULL);
        EXPECT_TEXT(header_of(asked, "X-Content-Type-Options"), "nosniff");
        EXPECT_TEXT(header_of(asked, "Referrer-Policy"), "same-origin");
        EXPECT_TEXT(header_of(asked, "Cross-Origin-Opener-Policy"), "same-origin");
        EXPECT_TEXT(header_of(asked, "X-Frame-Options"), "DENY");
        EXPECT_TEXT(header_of(asked, "Strict-Transport-Security"), "max-age=60");
    }
    EXPECT(!header_of(ask("GET", "/", NULL, NULL), "Strict-Transport-Security"));
    use((Settings){ .ssl_redirect = true });
    Asked asked = ask("GET", "/page/?a=1", NULL, NULL);
    EXPECT_INT(asked.status, 301);
    EXPECT_TEXT(header_of(asked, "Location"), "https://testserver/page/?a=1");
    EXPECT_INT(ask_as("https", "GET", "/page/", NULL, NULL).status, 200);
}

TEST(static_files_are_served_with_a_tag)
{
    use((Settings){ 0 });
    EXPECT_TEXT(capo_static_url("css/a b.css"), "/static/css/a%20b.css");
    Asked asked = ask("GET", "/static/css/site.css", NULL, NULL);
    EXPECT_INT(asked.status, 200);
    EXPECT_TEXT(asked.body, "body{}");
    EXPECT_TEXT(header_of(asked, "Content-Type"), "text/css; charset=utf-8");
    const char *tag = header_of(asked, "ETag");
    asked = ask("GET", "/static/css/site.css", HEADERS({ "If-None-Match", tag }), NULL);
    EXPECT_INT(asked.status, 304);
    EXPECT_TEXT(asked.body, "");
    EXPECT_TEXT(header_of(ask("GET", "/static/index", NULL, NULL), "Content-Type"), "application/octet-stream");
    EXPECT_INT(ask("POST", "/static/css/site.css", NULL, "").status, 405);
}

/* SEC-080, SEC-088, SEC-089 */
TEST(static_files_stay_in_their_folder)
{
    use((Settings){ .debug = true });
    static const char *const paths[] = { "/static/../templates/x.html", "/static/%2e%2e/templates/x.html", "/static/%252e%252e/templates/x.html",
        "/static/..;/templates/x.html", "/static/..%5ctemplates%5cx.html", "/static/.%2e/templates/x.html", "/static/css/", "/static/css",
        "/static//etc/passwd", "/static//evil.example/..", "/static/%5cevil", "/static/%c0%ae%c0%ae/x", "/static/css/site.css.",
        "/static/css/site.css/", "/static/", "/static/.git/config" };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        Asked asked = ask("GET", paths[i], NULL, NULL);
        if (asked.status != 404)
            capo_test_fail(__FILE__, __LINE__, "%s gives %d", paths[i], asked.status);
    }
    Asked asked = ask("GET", "/static/css/site.css", HEADERS({ "X-Sendfile", "/etc/passwd" }, { "X-Accel-Redirect", "/etc/passwd" }), NULL);
    EXPECT_TEXT(asked.body, "body{}");
}

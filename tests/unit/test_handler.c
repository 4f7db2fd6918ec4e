/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a request: layers, guards, errors, debug pages. */
#include "asking.h"
#include <capo/signals.h>
#include <stdio.h>

static Response *hello(Request *req) { (void)req; return capo_text("hello\n"); }
static Response *args(Request *req)
{
    return capo_text("%s %lld %s %s", capo_arg(req, "slug"), (long long)capo_int_arg(req, "n"), capo_arg(req, "kind"),
                     capo_arg_or_null(req, "other") ? "other" : "none");
}
static Response *raise_404(Request *req) { (void)req; capo_raise(404, "no post called <x>"); }
static Response *raise_403(Request *req) { (void)req; capo_raise(403, "secret reason"); }
static Response *raise_410(Request *req) { (void)req; capo_raise(410, "secret reason"); }
static Response *raise_500(Request *req) { capo_post_dict(req); capo_raise(ERROR_FIELD, "canary <script>"); }
static Response *missing_argument(Request *req) { return capo_text("%s", capo_arg(req, "slgu")); }
static Response *null_view(Request *req) { (void)req; return NULL; }

static const Route urls[] = {
    { "", hello, "home" },
    { "<slug:slug>/<int:n>/", args, .arguments = ARGUMENTS(TEXT_ARGUMENT("kind", "extra")) },
    { "get/", hello, .methods = GET },
    { "post/", hello, .methods = POST | PUT },
    { "404/", raise_404 }, { "403/", raise_403 }, { "410/", raise_410 }, { "500/", raise_500 },
    { "null/", null_view }, { "missing/<slug:slug>/", missing_argument },
    { "private/", hello, .login_required = true },
    { "adders/", hello, .permission = "blog.add_post" },
    { "no-slash", hello }, { "stay/", hello, .no_append_slash = true },
    { 0 }
};

static void use(Settings settings)
{
    settings.secret_key = settings.secret_key ? settings.secret_key : TEST_KEY;
    settings.urls = urls;
    capo_web_hooks = (WebHooks){ 0 };
    capo_settings_init(&settings);
}

TEST(handler_runs_the_view_with_its_arguments)
{
    use((Settings){ 0 });
    EXPECT_HAS(ask("GET", "/", NULL, NULL).all, "HTTP/1.1 200 OK\r\n");
    EXPECT_TEXT(ask("GET", "/some-slug/42/", NULL, NULL).body, "some-slug 42 extra none");
    EXPECT_INT(ask("GET", "/nowhere/", NULL, NULL).status, 404);
}

static char signals_heard[128];

static void hear(SignalEvent *event)
{
    size_t size = strlen(signals_heard);
    snprintf(signals_heard + size, sizeof signals_heard - size, "%s %s%s;", event->signal->name, event->request->path, event->error ? " failed" : "");
}

TEST(handler_sends_signals)
{
    SignalReceiver receivers[] = { RECEIVER(&capo_request_started, hear), RECEIVER(&capo_request_finished, hear), RECEIVER(&capo_got_request_exception, hear) };
    use((Settings){ 0 });
    signals_heard[0] = '\0';
    for (int i = 0; i < 3; i++)
        capo_connect(&receivers[i]);
    ask("GET", "/", NULL, NULL);
    EXPECT_TEXT(signals_heard, "request_started /;request_finished /;");
    signals_heard[0] = '\0';
    ask("GET", "/500/", NULL, NULL);
    ask("GET", "/404/", NULL, NULL);
    EXPECT_TEXT(signals_heard, "request_started /500/;got_request_exception /500/ failed;request_finished /500/;"
                               "request_started /404/;request_finished /404/;");
    for (int i = 0; i < 3; i++)
        EXPECT(capo_disconnect(&receivers[i]));
}

/* SEC-140 */
TEST(handler_numbers_do_not_wrap)
{
    use((Settings){ 0 });
    EXPECT_TEXT(ask("GET", "/s/9223372036854775807/", NULL, NULL).body, "s 9223372036854775807 extra none");
    static const char *const numbers[] = { "9223372036854775808", "18446744073709551617", "99999999999999999999", "+1", "-0", "%D9%A3",
        "1111111111111111111111111111111111111111" };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        EXPECT_INT(ask("GET", capo_format("/s/%s/", numbers[i]), NULL, NULL).status, 404);
}

TEST(handler_answers_methods)
{
    use((Settings){ 0 });
    Asked asked = ask("POST", "/get/", NULL, "a=1");
    EXPECT_INT(asked.status, 405);
    EXPECT_TEXT(header_of(asked, "Allow"), "GET, HEAD, OPTIONS");
    EXPECT_INT(ask("HEAD", "/get/", NULL, NULL).status, 200);
    EXPECT_TEXT(ask("HEAD", "/get/", NULL, NULL).body, "");
    asked = ask("OPTIONS", "/post/", NULL, NULL);
    EXPECT_INT(asked.status, 200);
    EXPECT_TEXT(header_of(asked, "Allow"), "POST, PUT, OPTIONS");
    EXPECT_INT(ask("GET", "/post/", NULL, NULL).status, 405);
    EXPECT_INT(ask("DELETE", "/", NULL, NULL).status, 200);
    EXPECT_INT(ask("BREW", "/get/", NULL, NULL).status, 405);
}

/* --- layers ------------------------------------------------------------------------------------------------------------------------- */

static Response *outer(Request *req, const Next *next)
{
    Response *res = capo_next(req, next);
    capo_set_header(res, "X-Outer", capo_format("saw %d", res->status));
    return res;
}
static Response *short_cut(Request *req, const Next *next)
{
    if (capo_param(req, "stop"))
        return capo_text("stopped");
    if (capo_param(req, "raise"))
        capo_raise(403, "no");
    return capo_next(req, next);
}

TEST(handler_layers_see_a_response_whatever_happens)
{
    use((Settings){ .middleware = MIDDLEWARE(outer, short_cut) });
    EXPECT_TEXT(header_of(ask("GET", "/", NULL, NULL), "X-Outer"), "saw 200");
    EXPECT_TEXT(ask("GET", "/?stop=1", NULL, NULL).body, "stopped");
    EXPECT_TEXT(header_of(ask("GET", "/?raise=1", NULL, NULL), "X-Outer"), "saw 403");
    EXPECT_TEXT(header_of(ask("GET", "/nowhere/", NULL, NULL), "X-Outer"), "saw 404");
    EXPECT_TEXT(header_of(ask("GET", "/500/", NULL, NULL), "X-Outer"), "saw 500");
    EXPECT_TEXT(header_of(ask("GET", "/null/", NULL, NULL), "X-Outer"), "saw 500");
}

/* --- guards ------------------------------------------------------------------------------------------------------------------------- */

static const char *granted;
static bool has_permission(Request *req, const char *permission)
{
    (void)req;
    return granted && (!*permission || strcmp(granted, permission) == 0);
}

TEST(handler_guards_ask_who_is_there)
{
    use((Settings){ .login_url = "/in/" });
    EXPECT_INT(ask("GET", "/private/", NULL, NULL).status, 500);       /* nobody can say: refused */
    capo_web_hooks.has_permission = has_permission;
    granted = NULL;
    Asked asked = ask("GET", "/private/?a=1&b=%20", NULL, NULL);
    EXPECT_INT(asked.status, 302);
    EXPECT_TEXT(header_of(asked, "Location"), "/in/?next=/private/%3Fa%3D1%26b%3D%2520");
    EXPECT_INT(ask("GET", "/adders/", NULL, NULL).status, 302);
    granted = "";
    EXPECT_INT(ask("GET", "/private/", NULL, NULL).status, 200);
    EXPECT_INT(ask("GET", "/adders/", NULL, NULL).status, 403);
    granted = "blog.add_post";
    EXPECT_INT(ask("GET", "/adders/", NULL, NULL).status, 200);
    capo_web_hooks = (WebHooks){ 0 };
}

/* --- errors ------------------------------------------------------------------------------------------------------------------------- */

/* SEC-142, SEC-389: a visitor learns the status and nothing else. */
TEST(handler_errors_tell_visitors_nothing)
{
    use((Settings){ 0 });
    static const struct { const char *path; int status; } cases[] = {
        { "/404/", 404 }, { "/403/", 403 }, { "/410/", 410 }, { "/500/", 500 }, { "/null/", 500 }, { "/missing/x/", 500 },
        { "/%3Cscript%3Ealert(1)%3C/script%3E", 404 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Asked asked = ask("GET", cases[i].path, NULL, NULL);
        EXPECT_INT(asked.status, cases[i].status);
        EXPECT_HAS(asked.body, "<!DOCTYPE html>");
        static const char *const leaks[] = { "secret reason", "canary", "no post called", "alert(1)", "raise_", ".c", TEST_KEY, "bug:" };
        for (size_t j = 0; j < sizeof leaks / sizeof *leaks; j++)
            EXPECT_HAS_NOT(asked.body, leaks[j]);
    }
}

TEST(handler_failures_have_a_reference)
{
    use((Settings){ 0 });
    const char *first = strstr(ask("GET", "/500/", NULL, NULL).body, "Reference: <code>"), *second = strstr(ask("GET", "/500/", NULL, NULL).body, "Reference: <code>");
    EXPECT(first && second && strncmp(first, second, 27) != 0);
    EXPECT_HAS_NOT(ask("GET", "/404/", NULL, NULL).body, "Reference");
}

static Response *own_404(Request *req)
{
    Response *res = capo_html(404, "own ");
    capo_put(&res->body, capo_request_error(req)->message);
    return res;
}
static Response *failing_page(Request *req) { (void)req; capo_raise(500, "the page fails too"); }

TEST(handler_own_error_pages)
{
    use((Settings){ .handler404 = own_404, .handler500 = failing_page });
    EXPECT_TEXT(ask("GET", "/404/", NULL, NULL).body, "own no post called <x>");
    Asked asked = ask("GET", "/500/", NULL, NULL);
    EXPECT_INT(asked.status, 500);
    EXPECT_HAS(asked.body, "Something went wrong");
}

/* SEC-143 */
TEST(handler_debug_404_lists_the_routes)
{
    use((Settings){ .debug = true, .middleware = MIDDLEWARE(capo_common_middleware) });
    Asked asked = ask("GET", "/nowhere/%3Cb%3E", NULL, NULL);
    EXPECT_INT(asked.status, 404);
    EXPECT_HAS(asked.body, "/&lt;slug:slug&gt;/&lt;int:n&gt;/");
    EXPECT_HAS(asked.body, "[name='home']");
    EXPECT_HAS_NOT(asked.body, "<b>");
    EXPECT_HAS(asked.body, "/nowhere/&lt;b&gt;");
    asked = ask("GET", "/404/", NULL, NULL);
    EXPECT_HAS(asked.body, "no post called &lt;x&gt;");
    EXPECT_HAS(asked.body, "raise_404");
}

/* SEC-143, SEC-388: canaries in everything that is secret. */
TEST(handler_debug_500_shows_the_stack_and_masks_secrets)
{
    use((Settings){ .debug = true, .middleware = MIDDLEWARE(capo_common_middleware), .database = "postgresql://me:canary-db@host/x" });
    Asked asked = ask("POST", "/500/?q=%3Ci%3E&api_key=canary-query",
                      HEADERS({ "Cookie", "sessionid=canary-cookie" }, { "Authorization", "Basic canary-auth" }, { "X-CSRFToken", "canary-token" }),
                      "title=shown&password=canary-form&csrfmiddlewaretoken=canary-csrf");
    EXPECT_INT(asked.status, 500);
    EXPECT_HAS(asked.body, "FieldError at /500/");
    EXPECT_HAS(asked.body, "canary &lt;script&gt;");
    EXPECT_HAS(asked.body, "raise_500");
    EXPECT_HAS(asked.body, "test_handler.c");
    EXPECT_HAS(asked.body, "class=\"here\"");
    EXPECT_HAS(asked.body, "shown");
    EXPECT_HAS(asked.body, "&lt;i&gt;");
    static const char *const secrets[] = { "canary-db", "canary-query", "canary-cookie", "canary-auth", "canary-token", "canary-form",
                                           "canary-csrf", TEST_KEY, "<script", "<form", "<a " };
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        EXPECT_HAS_NOT(asked.body, secrets[i]);
    asked = ask("POST", "/500/", HEADERS({ "Host", "evil.example" }), "");
    EXPECT_INT(asked.status, 400);
    EXPECT_HAS_NOT(asked.body, "FieldError");
}

static const char *extra(Request *req, const Error *error) { (void)req; (void)error; return "<section>EXTRA</section>"; }

TEST(handler_debug_page_asks_the_higher_floors)
{
    use((Settings){ .debug = true, .middleware = MIDDLEWARE(capo_common_middleware) });
    capo_web_hooks.debug_extra = extra;
    EXPECT_HAS(ask("GET", "/500/", NULL, NULL).body, "<section>EXTRA</section>");
    capo_web_hooks = (WebHooks){ 0 };
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Content-Security-Policy: settings' policies, what views say instead, and nonces. */
#include "asking.h"
#include <capo/cache.h>
#include <capo/templates.h>

static Response *plain(Request *req) { (void)req; return capo_text("hello\n"); }
static Response *page(Request *req) { return capo_render(req, "page.html"); }
static Response *page_without(Request *req) { return capo_render(req, "without.html"); }
static Response *page_stream(Request *req) { return capo_render_stream(req, "page.html"); }
static Response *fragment(Request *req) { return capo_render(req, "fragment.html"); }
static Response *fails(Request *req) { (void)req; capo_raise(500, "x"); }

static Response *looser(Request *req)
{
    Response *res = capo_render(req, "page.html");
    capo_csp_override(res, CSP({ "script-src", LIST("https://example.com", CSP_NONCE) }));
    capo_csp_report_only_override(res, NULL);
    return res;
}

static Response *without_policy(Request *req)
{
    Response *res = plain(req);
    capo_csp_override(res, NULL);
    return res;
}

static Response *own_header(Request *req)
{
    Response *res = plain(req);
    capo_set_header(res, "Content-Security-Policy", "sandbox");
    return res;
}

static const char *injected;

static Response *from_outside(Request *req)
{
    Response *res = plain(req);
    capo_csp_override(res, CSP({ "script-src", LIST(injected) }));
    return res;
}

static const Route urls[] = {
    { "plain", plain }, { "page", page }, { "page_without", page_without }, { "stream", page_stream }, { "fails", fails }, { "fragment", fragment },
    { "looser", looser }, { "none", without_policy }, { "own", own_header }, { "outside", from_outside }, { "kept", page, .cache_seconds = 60 },
    { "kept_without", page_without, .cache_seconds = 60 }, { 0 }
};

#define FILE_OF(path_, text_) { "templates/" path_, text_, sizeof(text_) - 1 }
static const EmbeddedFile embedded[] = {
    FILE_OF("page.html", "[{% if csp_nonce %}made{% endif %}]<script {% csp_nonce_attr %}>{{ csp_nonce }}</script>[{% if csp_nonce %}made{% endif %}]"),
    FILE_OF("without.html", "no script"),
    FILE_OF("fragment.html", "{% load cache %}{% cache 60 x %}{{ csp_nonce }}{% endcache %}"), { 0 }
};
static const App inside = { .name = "inside", .files = embedded };
static const char *const self[] = { CSP_SELF, NULL }, *const self_and_nonce[] = { CSP_SELF, CSP_NONCE, NULL }, *const only_nonce[] = { CSP_NONCE, NULL };
static const CspDirective strict[] = { { "default-src", self }, { "script-src", self_and_nonce }, { "style-src", only_nonce }, { "upgrade-insecure-requests" }, { 0 } };

static void use(Settings settings)
{
    settings.secret_key = TEST_KEY;
    settings.urls = urls;
    settings.apps = APPS(&inside);
    static Middleware *const usual[] = { capo_csp_middleware, NULL };
    settings.middleware = settings.middleware ? settings.middleware : usual;
    capo_web_hooks = (WebHooks){ 0 };
    settings.allowed_hosts = LIST("testserver");
    capo_settings_init(&settings);
}

#define POLICY "Content-Security-Policy"
#define REPORT "Content-Security-Policy-Report-Only"

static Asked get(const char *path)
{
    return ask("GET", path, NULL, NULL);
}

/* The nonce in a page's script. */
static const char *nonce_of(Asked asked)
{
    const char *at = strstr(asked.body, "nonce=\"");
    return at ? capo_strndup(at + 7, strcspn(at + 7, "\"")) : "";
}

TEST(csp_headers_of_settings)
{
    use((Settings){ 0 });
    EXPECT(!header_of(get("/plain"), POLICY));
    EXPECT(!header_of(get("/plain"), REPORT));
    use((Settings){ .csp = strict });
    EXPECT_TEXT(header_of(get("/plain"), POLICY), "default-src 'self'; script-src 'self'; style-src 'none'; upgrade-insecure-requests");
    EXPECT(!header_of(get("/plain"), REPORT));
    use((Settings){ .csp_report_only = CSP({ "default-src", LIST(CSP_NONE) }, { "report-uri", LIST("/csp/?a=1") }) });
    EXPECT(!header_of(get("/plain"), POLICY));
    EXPECT_TEXT(header_of(get("/plain"), REPORT), "default-src 'none'; report-uri /csp/?a=1");
}

TEST(csp_nonce_is_made_when_it_is_used)
{
    use((Settings){ .csp = strict, .csp_report_only = strict });
    Asked first = get("/page"), second = get("/page");
    const char *nonce = nonce_of(first);
    EXPECT_INT(strlen(nonce), 22);
    EXPECT_INT(strspn(nonce, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 22);
    EXPECT(strcmp(nonce, nonce_of(second)) != 0);
    EXPECT_TEXT(first.body, capo_format("[]<script nonce=\"%s\">%s</script>[made]", nonce, nonce));
    const char *policy = capo_format("default-src 'self'; script-src 'self' 'nonce-%s'; style-src 'nonce-%s'; upgrade-insecure-requests", nonce, nonce);
    EXPECT_TEXT(header_of(first, POLICY), policy);
    EXPECT_TEXT(header_of(first, REPORT), policy);
    EXPECT_HAS_NOT(header_of(get("/page_without"), POLICY), "nonce");
    /* a stream renders after its headers */
    Asked stream = get("/stream");
    EXPECT_HAS(header_of(stream, POLICY), capo_format("'nonce-%s'", nonce_of(stream)));
}

TEST(csp_nonce_is_absent_without_its_layer)
{
    static Middleware *const others[] = { capo_common_middleware, NULL };
    use((Settings){ .csp = strict, .middleware = others });
    Asked asked = get("/page");
    EXPECT_TEXT(asked.body, "[]<script >None</script>[]");
    EXPECT(!header_of(asked, POLICY));
    use((Settings){ 0 });
    EXPECT_TEXT(get("/page").body, "[]<script ></script>[]");
}

TEST(csp_of_a_view)
{
    use((Settings){ .csp = strict, .csp_report_only = strict });
    Asked asked = get("/looser");
    EXPECT_TEXT(header_of(asked, POLICY), capo_format("script-src https://example.com 'nonce-%s'", nonce_of(asked)));
    EXPECT(!header_of(asked, REPORT));
    asked = get("/none");
    EXPECT(!header_of(asked, POLICY));
    EXPECT(header_of(asked, REPORT));
    EXPECT_TEXT(header_of(get("/own"), POLICY), "sandbox");
    /* core's pages have a style of their own inline, and nothing that runs */
    EXPECT_TEXT(header_of(get("/fails"), POLICY), "default-src 'none'; style-src 'unsafe-inline'");
    use((Settings){ .csp = strict, .debug = true });
    EXPECT_TEXT(header_of(get("/fails"), POLICY), "default-src 'none'; style-src 'unsafe-inline'");
    use((Settings){ 0 });
    EXPECT(!header_of(get("/fails"), POLICY));
}

static void use_again(void *policy)
{
    use((Settings){ .csp = policy });
}

TEST(csp_refuses_what_would_be_another_directive)
{
    static const char *const bad[] = { "https://a.example; script-src *", "a, default-src *", "a b", "a\r\nX: y", "\xc3\xa9.example", "", "a\tb" };
    use((Settings){ .csp = strict });
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        injected = bad[i];
        EXPECT_INT(get("/outside").status, 500);
        CspDirective policy[] = { { "img-src", LIST(bad[i]) }, { 0 } };
        const Error *error = capo_try(use_again, policy);
        EXPECT(error && error->code == ERROR_IMPROPERLY_CONFIGURED);
    }
    injected = "https://a.example";
    EXPECT_TEXT(header_of(get("/outside"), POLICY), "script-src https://a.example");
}

TEST(csp_nonces_are_kept_by_no_cache)
{
    use((Settings){ .csp = strict });
    capo_cache_clear();
    Asked first = get("/kept"), second = get("/kept");
    EXPECT(strcmp(nonce_of(first), nonce_of(second)) != 0);
    EXPECT_HAS(header_of(second, POLICY), nonce_of(second));
    EXPECT(!header_of(second, "Age"));
    get("/kept_without");
    EXPECT(header_of(get("/kept_without"), "Age"));
    const char *fragment_text = get("/fragment").body;
    EXPECT_INT(strlen(fragment_text), 22);
    EXPECT(strcmp(fragment_text, get("/fragment").body) != 0);
}

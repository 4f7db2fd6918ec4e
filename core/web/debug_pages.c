/* SPDX-License-Identifier: BSD-3-Clause */
/* The pages of DEBUG: a 404 with the routes that were tried, a 500 with message, C stack and source lines, request and settings.
 *
 * Shown only in DEBUG and to a host that is ours. Every value is escaped; what a name calls a secret is shown as asterisks; the
 * pages hold no forms, links or scripts. */
#include "web_internal.h"
#include "backtrace.h"
#include <stdlib.h>
#include <string.h>

static const char style[] =
    ":root{color-scheme:light dark;--line:#8884;--soft:#8881}"
    "body{font:15px/1.5 system-ui,sans-serif;margin:0}"
    "header,section{padding:1rem max(1rem,calc(50vw - 32rem));border-bottom:1px solid var(--line)}header{background:#c4170c22}"
    "h1{font-size:1.4rem;margin:0}h2{font-size:1.05rem;margin:.2rem 0 .6rem}p{margin:.3rem 0}"
    "pre,code,td,th{font:13px/1.5 ui-monospace,monospace}pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.15rem .8rem .15rem 0;"
    "border-top:1px solid var(--line);overflow-wrap:anywhere}th{width:14rem;font-weight:600}"
    "ol.stack{padding:0;list-style:none}ol.stack li{border-top:1px solid var(--line);padding:.4rem 0}"
    ".lines{background:var(--soft);padding:.4rem;border-radius:4px}.here{background:#c4170c33;display:inline-block;width:100%}"
    "mark{background:#c4170c44;color:inherit;border-radius:2px}body{overflow-wrap:anywhere}th{width:min(14rem,35vw)}pre+h2{margin-top:1rem}"
    ".dim{opacity:.65}";

static void put(Buffer *out, const char *text)
{
    capo_put_escaped(out, text, strlen(text));
}

static Response *page_begin(int status, const char *title)
{
    Response *res = capo_response(status, "text/html; charset=utf-8");
    capo_put(&res->body, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"robots\" content=\"noindex\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    put(&res->body, title);
    capo_put_format(&res->body, "</title>\n<style>%s</style>\n</head>\n<body>\n<header>\n<h1>", style);
    put(&res->body, title);
    capo_put(&res->body, "</h1>\n");
    capo_never_cache(res);
    csp_of_own_page(res);
    return res;
}

static Response *page_end(Response *res)
{
    capo_put(&res->body, "<section class=\"dim\"><p>You see this page because DEBUG is on. Without it, visitors get a plain page for status ");
    capo_put_format(&res->body, "%d.</p></section>\n</body>\n</html>\n", res->status);
    return res;
}

static void put_row(Buffer *out, const char *name, const char *value)
{
    capo_put(out, "<tr><th scope=\"row\">");
    put(out, name);
    capo_put(out, "</th><td>");
    put(out, value ? value : "");
    capo_put(out, "</td></tr>\n");
}

/* --- 404 ----------------------------------------------------------------------------------------------------------------------------- */

static void put_route(const char *pattern, const char *name, const Route *route, void *context)
{
    (void)route;
    Buffer *out = context;
    capo_put(out, "<li><code>/");
    put(out, pattern);
    capo_put(out, "</code>");
    if (name) {
        capo_put(out, " <span class=\"dim\">[name='");
        put(out, name);
        capo_put(out, "']</span>");
    }
    capo_put(out, "</li>\n");
}

Response *debug_page_404(Request *req, const Error *error)
{
    Response *res = page_begin(404, "Page not found (404)");
    Buffer *out = &res->body;
    capo_put(out, "<p>");
    put(out, error->message);
    capo_put(out, "</p>\n<table>\n");
    put_row(out, "Request", capo_format("%s %s", req->method_name, capo_full_path(req)));
    if (req->route)
        put_row(out, "Raised by", capo_format("%s (%s:%d), in the view of the route '%s'", error->function, error->file, error->line,
                                              web_state(req)->match.node->pattern));
    capo_put(out, "</table>\n</header>\n");
    if (!req->route) {
        capo_put(out, "<section>\n<h2>These routes were tried, in this order</h2>\n<ol>\n");
        capo_each_route(put_route, out);
        capo_put(out, "</ol>\n<p>The path ");
        capo_put(out, "<code>");
        put(out, req->path);
        capo_put(out, "</code> matched none of them.</p>\n</section>\n");
    }
    return page_end(res);
}

/* --- 500 ----------------------------------------------------------------------------------------------------------------------------- */

static void put_source(Buffer *out, const char *file, int line)
{
    enum { AROUND = 4 };
    size_t size;
    const char *text = capo_read_file(file, &size);
    if (!text)
        return;
    capo_put(out, "<pre class=\"lines\">");
    int number = 1;
    for (const char *at = text; *at && number <= line + AROUND; number++) {
        size_t length = strcspn(at, "\n");
        if (number >= line - AROUND) {
            capo_put_format(out, "%s%5d  ", number == line ? "<span class=\"here\">" : "", number);
            capo_put_escaped(out, at, length);
            capo_put(out, number == line ? "</span>\n" : "\n");
        }
        at += length + (at[length] == '\n');
    }
    capo_put(out, "</pre>");
}

static void put_stack(Buffer *out, const Error *error)
{
    size_t count;
    const StackFrame *frames = backtrace_resolve(error, &count);
    capo_put(out, "<section>\n<h2>Stack, innermost first</h2>\n<ol class=\"stack\">\n");
    for (size_t i = 0; i < count; i++) {
        capo_put(out, "<li><code>");
        put(out, frames[i].function);
        capo_put(out, "</code> <span class=\"dim\">");
        put(out, frames[i].file ? capo_format("%s:%d", frames[i].file, frames[i].line) : frames[i].object);
        capo_put(out, "</span>");
        if (frames[i].file && i < 12)
            put_source(out, frames[i].file, frames[i].line);
        capo_put(out, "</li>\n");
    }
    capo_put(out, "</ol>\n</section>\n");
}

static void put_dict(Buffer *out, const char *title, const QueryDict *dict)
{
    if (!dict || !dict->count)
        return;
    capo_put_format(out, "<h2>%s</h2>\n<table>\n", title);
    for (size_t i = 0; i < dict->count; i++)
        put_row(out, dict->items[i].key, name_is_secret(dict->items[i].key) ? SECRET_SHOWN : dict->items[i].value);
    capo_put(out, "</table>\n");
}

static void put_request(Buffer *out, Request *req)
{
    static const char *const headers[] = { "Host", "User-Agent", "Accept", "Accept-Language", "Content-Type", "Content-Length", "Origin", "Referer",
                                           "X-Requested-With", "Cookie", "Authorization", "X-CSRFToken", "X-Forwarded-For", "X-Forwarded-Proto" };
    capo_put(out, "<section>\n<h2>Request</h2>\n<table>\n");
    put_row(out, "Method", req->method_name);
    put_row(out, "Path", req->path);
    put_row(out, "Address", req->remote_address);
    put_row(out, "Route", req->route ? web_state(req)->match.node->pattern : "none");
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        const char *value = capo_header(req, headers[i]);
        if (value)
            put_row(out, headers[i], name_is_secret(headers[i]) ? SECRET_SHOWN : value);
    }
    capo_put(out, "</table>\n");
    put_dict(out, "Query", capo_params(req));
    /* Only what was read already: reading a body here might fail as the view did. */
    put_dict(out, "Form", req->internal->post);
    capo_put(out, "</section>\n");
}

/* postgresql://user:password@host/: the password is not shown. */
static const char *database_shown(const char *url)
{
    const char *scheme = strstr(url, "://"), *at = scheme ? strrchr(scheme, '@') : NULL, *colon = scheme ? strchr(scheme + 3, ':') : NULL;
    if (!at || !colon || colon > at)
        return url;
    return capo_format("%.*s:%s%s", (int)(colon - url), url, SECRET_SHOWN, at);
}

static void put_settings(Buffer *out)
{
    const Settings *settings = capo_settings();
    capo_put(out, "<section>\n<h2>Settings</h2>\n<table>\n");
    put_row(out, "name", settings->name);
    put_row(out, "debug", settings->debug ? "true" : "false");
    put_row(out, "database", database_shown(settings->database));
    put_row(out, "secret_key", SECRET_SHOWN);
    put_row(out, "allowed_hosts", capo_join(settings->allowed_hosts, ", "));
    Buffer apps = { 0 };
    for (size_t i = 0; settings->apps[i]; i++)
        capo_put_format(&apps, "%s%s", i ? ", " : "", settings->apps[i]->name);
    put_row(out, "apps", capo_buffer_text(&apps));
    put_row(out, "time_zone", settings->time_zone);
    put_row(out, "static_url", settings->static_url);
    put_row(out, "login_url", settings->login_url);
    capo_put(out, "</table>\n</section>\n");
}

Response *debug_page_500(Request *req, const Error *error)
{
    Response *res = page_begin(error->status, capo_format("%s at %s", error->name, req->path));
    Buffer *out = &res->body;
    capo_put(out, "<pre>");
    put(out, error->message);
    capo_put(out, "</pre>\n<p class=\"dim\">");
    put(out, capo_format("raised by %s, %s:%d", error->function, error->file, error->line));
    capo_put(out, "</p>\n</header>\n");
    const char *extra = capo_web_hooks.debug_extra ? capo_web_hooks.debug_extra(req, error) : NULL;
    if (extra)
        capo_put(out, extra);
    put_stack(out, error);
    put_request(out, req);
    put_settings(out);
    return page_end(res);
}

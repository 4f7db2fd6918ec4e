/* SPDX-License-Identifier: BSD-3-Clause */
/* Core's own plain pages, and what is a secret. */
#include "web_internal.h"
#include <string.h>
#include <strings.h>

static const char page_style[] =
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 1rem}"
    "h1{font-size:1.5rem;margin:0 0 .5rem}pre{white-space:pre-wrap}";

Response *plain_page(int status, const char *title, const char *text, const char *html)
{
    Response *res = capo_response(status, "text/html; charset=utf-8");
    const char *escaped = capo_escape(title);
    capo_put_format(&res->body, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"robots\" content=\"noindex\">\n"
                    "<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n<h1>%s</h1>\n", escaped, page_style, escaped);
    if (*text) {
        capo_put(&res->body, "<p>");
        capo_put_escaped(&res->body, text, strlen(text));
        capo_put(&res->body, "</p>\n");
    }
    capo_put(&res->body, html);
    capo_put(&res->body, "</body>\n</html>\n");
    csp_of_own_page(res);
    return res;
}

bool name_is_secret(const char *name)
{
    static const char *const words[] = { "api", "auth", "token", "key", "secret", "pass", "signature", "cookie", "session", "csrf", "credential" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(name, words[i]))
            return true;
    return false;
}

bool cookies_are_secure(Request *req)
{
    const Settings *settings = capo_settings();
    return capo_is_secure(req) || (!settings->debug && !settings->insecure_cookies);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What core leaves to higher floors: error pages from templates, the debug page's extras, and what every template sees. */
#include <capo.h>
#include "embedded_site.h"
#include <stdio.h>
#include <string.h>

extern const EmbeddedFile capo_site_files[] __attribute__((weak));

const EmbeddedFile *cli_embedded_site_files(void)
{
    return capo_site_files;
}

typedef struct Page { Request *req; const Error *error; Response *response; } Page;

static void render_error_page(void *argument)
{
    Page *page = argument;
    const char *name = capo_format("%d.html", page->error->status);
    if (!capo_find_file("templates", name, NULL))
        return;
    /* 500.html is rendered without the request, as in Django: what failed may be what the context needs */
    if (page->error->status >= 500) {
        page->response = capo_html(page->error->status, capo_render_to_text(NULL, name, capo_map_new()));
        return;
    }
    page->response = capo_render_status(page->req, page->error->status, name, V("exception", page->error->message),
                                        V("request_path", page->req->path));
}

static Response *error_page(Request *req, const Error *error)
{
    Page page = { req, error, NULL };
    const Error *second = capo_try(render_error_page, &page);
    if (second) {
        capo_log(LOG_ERROR, "The template %d.html failed too: %s", error->status, second->message);
        return NULL;
    }
    return page.response;
}

static const char *debug_extra(Request *req, const Error *error)
{
    (void)req;
    Buffer out = { 0 };
    const char *template_lines = capo_template_debug_html(error);
    if (template_lines)
        capo_put(&out, template_lines);
    size_t n = 0;
    const LoggedQuery *queries = capo_logged_queries(&n);
    if (n) {
        capo_put_format(&out, "<section><h2>SQL: %zu statement%s</h2><ol class=\"sql\">", n, n == 1 ? "" : "s");
        for (size_t i = 0; i < n; i++) {
            capo_put(&out, "<li><code>");
            capo_put_escaped(&out, queries[i].sql, strlen(queries[i].sql));
            capo_put_format(&out, "</code> <small>%.1f ms</small></li>", (double)queries[i].microseconds / 1000);
        }
        capo_put(&out, "</ol></section>");
    }
    return out.size ? capo_buffer_text(&out) : NULL;
}

static List *sql_queries(void)
{
    size_t n = 0;
    const LoggedQuery *queries = capo_logged_queries(&n);
    List *list = capo_list_new();
    for (size_t i = 0; i < n; i++)
        capo_list_add(list, capo_value_map(capo_map(V("sql", queries[i].sql),
                                                    V("time", capo_format("%.3f", (double)queries[i].microseconds / 1e6)))));
    return list;
}

void cli_wire_pages(void)
{
    capo_web_hooks.log_extra = capo_template_debug_text;
    capo_web_hooks.sql_queries = sql_queries;
    capo_web_hooks.error_page = error_page;
    capo_web_hooks.debug_extra = debug_extra;
}

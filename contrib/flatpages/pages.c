/* SPDX-License-Identifier: BSD-3-Clause */
/* Showing a flat page: by the middleware where nothing else answers, or by a route. */
#include <capo/flatpages.h>
#include <capo/templates.h>
#include <string.h>

static FlatPage *find_page(const char *url, const Site *site)
{
    return capo_first(FlatPage, .where = { .url = EQ(url), .sites = HAS(Site, .id = EQ(site->id)) });
}

static Response *show(Request *req, const FlatPage *page)
{
    if (page->registration_required && !capo_user(req))
        return capo_login_redirect(req);
    bool own = page->template_name && *page->template_name;
    const char *const names[] = { own ? page->template_name : "flatpages/default.html", own ? "flatpages/default.html" : NULL, NULL };
    Map *shown = capo_map(V("pk", (int64_t)page->id), V("id", (int64_t)page->id), V("url", page->url), V("title", capo_value_safe(page->title)),
                          V("content", capo_value_safe(page->content)), V("enable_comments", page->enable_comments),
                          V("template_name", page->template_name), V("registration_required", page->registration_required),
                          V("get_absolute_url", capo_flatpage_url(page)));
    return capo_render_first(req, names, V("flatpage", shown));
}

/* NULL: there is none. */
static Response *answer(Request *req, const char *url)
{
    if (*url != '/')
        url = capo_format("/%s", url);
    const Site *site = capo_current_site(req);
    FlatPage *page = find_page(url, site);
    if (page)
        return show(req, page);
    if (capo_ends_with(url, "/") || !find_page(capo_format("%s/", url), site))
        return NULL;
    return capo_redirect_permanent(req, capo_format("%s/", capo_url_quote(req->path, "/:@&+$,!*'()")));
}

Response *capo_flatpage_view(Request *req)
{
    Response *res = answer(req, capo_arg(req, "url"));
    if (!res)
        capo_raise(404, "There is no flat page %s.", capo_arg(req, "url"));
    return res;
}

typedef struct Fallback { Request *req; Response *res; } Fallback;

static void fall_back(void *argument)
{
    Fallback *job = argument;
    job->res = answer(job->req, job->req->path);
}

/* NULL: no page, or none that can be shown. */
static Response *fallback(Request *req)
{
    Fallback job = { .req = req };
    const Error *error = capo_try(fall_back, &job);
    if (error && (capo_settings()->debug || error->code == ERROR_ABORTED))
        capo_reraise(error);
    if (error)
        capo_log(LOG_ERROR, "The flat page %s cannot be shown: %s: %s", req->path, error->name, error->message);
    return job.res;
}

/* Where no route leads, the page is looked for first: no error page is made, and nothing said in the log, for what is there. */
Response *capo_flatpage_middleware(Request *req, const Next *next)
{
    Response *page = req->route ? NULL : fallback(req);
    if (page)
        return page;
    Response *res = capo_next(req, next);
    page = req->route && res->status == 404 ? fallback(req) : NULL;
    return page ? page : res;
}

const Route capo_flatpage_urls[] = {
    { "<path:url>", capo_flatpage_view, "django.contrib.flatpages.views.flatpage" },
    { 0 }
};

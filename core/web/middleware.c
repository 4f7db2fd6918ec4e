/* SPDX-License-Identifier: BSD-3-Clause */
/* The small layers: security headers, host check and slashes, clickjacking. Csrf, session and messages have files of their own. */
#include "web_internal.h"
#include <string.h>

static void set_default(Response *res, const char *name, const char *value)
{
    if (!capo_get_header(res, name))
        capo_set_header(res, name, value);
}

Response *capo_security_middleware(Request *req, const Next *next)
{
    const Settings *settings = capo_settings();
    bool secure = capo_is_secure(req);
    static const Var none[] = { { 0 } };
    Response *res = settings->ssl_redirect && !secure
        ? capo_redirect_to(req, 301, capo_format("https://%s%s", capo_host(req), capo_full_path(req)), none) : capo_next(req, next);
    if (settings->hsts_seconds && secure)
        set_default(res, "Strict-Transport-Security", capo_format("max-age=%lld", (long long)settings->hsts_seconds));
    set_default(res, "X-Content-Type-Options", "nosniff");
    set_default(res, "Referrer-Policy", settings->referrer_policy);
    set_default(res, "Cross-Origin-Opener-Policy", "same-origin");
    return res;
}

/* The path with a slash behind it, where only that leads to a route; NULL: it does not, or the route wants none. */
static char *path_with_slash(Request *req)
{
    if (req->route || capo_ends_with(req->path, "/"))
        return NULL;
    const Route *route = capo_resolve(capo_format("%s/", req->path), NULL, NULL);
    if (!route || route->no_append_slash)
        return NULL;
    /* Never "//host", which would be another site's. */
    const char *path = req->path + strspn(req->path, "/");
    const char *quoted = capo_url_quote(path, "/:@&+$,!*'()");
    return capo_format("/%s/%s%s", quoted, *req->query_string ? "?" : "", req->query_string);
}

Response *capo_common_middleware(Request *req, const Next *next)
{
    capo_host(req);
    char *with_slash = path_with_slash(req);
    if (!with_slash)
        return capo_next(req, next);
    if (capo_settings()->debug && (req->method & (POST | PUT | PATCH | DELETE)))
        capo_bug("%s was sent to %s, whose route ends with '/'. A redirect there would lose what was sent: let the form's action be %s/",
                 req->method_name, req->path, req->path);
    static const Var none[] = { { 0 } };
    return capo_redirect_to(req, 301, with_slash, none);
}

Response *capo_clickjacking_middleware(Request *req, const Next *next)
{
    Response *res = capo_next(req, next);
    set_default(res, "X-Frame-Options", capo_settings()->x_frame_options);
    return res;
}

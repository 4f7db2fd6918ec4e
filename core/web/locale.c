/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a site's catalogues are, which language a request gets, and the view that sets it. */
#include "settings_internal.h"
#include "web_internal.h"
#include "../i18n/internal.h"
#include <string.h>
#include <strings.h>

static int find_catalog_file(int place, const char *name, CatalogSource *ret)
{
    const Settings *settings = capo_settings();
    int n_paths = 0, n_apps = 0;
    while (settings->locale_paths[n_paths])
        n_paths++;
    while (settings->apps[n_apps])
        n_apps++;
    if (place >= n_paths + n_apps)
        return -1;
    const SourceFile *file = place < n_paths ? file_beneath(settings->locale_paths[place], name)
                                             : capo_find_app_file(settings->apps[place - n_paths], "locale", name);
    if (!file)
        return 0;
    *ret = (CatalogSource){ file->text, file->size, file->path, file->changed_ns, file->embedded };
    return 1;
}

void locale_configure(const Settings *settings, const Settings *declared)
{
    i18n_configure(&(I18nSetup){
        .language_code = settings->language_code, .languages = settings->languages, .formats = settings->formats,
        .plain = { .date = declared->date_format, .datetime = declared->datetime_format, .time = declared->time_format },
        .no_translations = settings->no_i18n, .debug = settings->debug, .find = find_catalog_file,
    });
}

/* --- the language of a request ----------------------------------------------------------------------------------------------------- */

const char *capo_language_of(Request *req)
{
    const Settings *settings = capo_settings();
    const char *code = capo_supported_language(capo_cookie(req, settings->language_cookie_name), false);
    if (code)
        return code;
    const char *header = capo_header(req, "Accept-Language");
    for (const AcceptedLanguage *accepted = capo_accept_language(header ? header : ""); accepted->code; accepted++) {
        if (strcmp(accepted->code, "*") == 0)
            break;
        if ((code = capo_supported_language(accepted->code, false)) != NULL)
            return code;
    }
    code = capo_supported_language(settings->language_code, false);
    return code ? code : settings->language_code;
}

Response *capo_locale_middleware(Request *req, const Next *next)
{
    const char *code = capo_language_of(req);
    capo_activate_language(code);
    Response *res = capo_next(req, next);
    capo_vary(res, "Accept-Language");
    if (!capo_get_header(res, "Content-Language"))
        capo_set_header(res, "Content-Language", capo_language() ? capo_language() : code);
    return res;
}

/* --- choosing -------------------------------------------------------------------------------------------------------------------------- */

/* Where the visitor wants to go on, if that is ours; else the page that the form stood on; else "/". NULL: nothing asks for a page. */
static const char *next_page(Request *req)
{
    const char *next = capo_post(req, "next"), *host = capo_host(req), *accept = capo_header(req, "Accept");
    bool secure = capo_is_secure(req);
    if (!next)
        next = capo_param(req, "next");
    if (next && !*next)
        next = NULL;
    if (!next && accept && !strstr(accept, "text/html") && !strstr(accept, "*/*"))
        return NULL;
    if (!capo_url_is_safe(next, host, secure))
        next = capo_header(req, "Referer");
    return capo_url_is_safe(next, host, secure) ? next : "/";
}

Response *capo_set_language(Request *req)
{
    const Settings *settings = capo_settings();
    const char *next = next_page(req);
    static const Var none[] = { { 0 } };
    Response *res = next ? capo_redirect_to(req, 302, next, none) : capo_response(204, "text/html; charset=utf-8");
    const char *wanted = req->method == POST ? capo_post(req, "language") : NULL;
    const char *code = wanted ? capo_supported_language(wanted, true) : NULL;
    if (code && strcasecmp(code, wanted) == 0)
        capo_set_cookie(res, settings->language_cookie_name, code, .max_age = settings->language_cookie_age, .path = "/", .same_site = "Lax",
                        .secure = cookies_are_secure(req));
    return res;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Redirects: to a route's name, a path or a URL; and whether a target that a visitor gave stays on this host. */
#include "web_internal.h"
#include <string.h>
#include <strings.h>

enum { URL_LIMIT = 2048 };

static bool is_scheme_char(char c, bool first)
{
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (!first && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'));
}

/* Bytes of "scheme" in "scheme:…"; 0: there is none. */
static size_t scheme_size(const char *url)
{
    size_t size = 0;
    while (is_scheme_char(url[size], size == 0))
        size++;
    return url[size] == ':' ? size : 0;
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f || ((unsigned char)text[0] == 0xc2 && (unsigned char)text[1] < 0xa0))
            return true;
    return false;
}

static bool same_host(const char *netloc, size_t size, const char *host)
{
    return host && strlen(host) == size && strncasecmp(netloc, host, size) == 0;
}

static bool is_safe_as_written(const char *url, const char *host, bool require_https)
{
    if (capo_starts_with(url, "///"))       /* browsers take three and more slashes as two */
        return false;
    size_t scheme = scheme_size(url);
    const char *rest = scheme ? url + scheme + 1 : url;
    bool has_netloc = capo_starts_with(rest, "//");
    size_t netloc = has_netloc ? strcspn(rest + 2, "/?#") : 0;
    if (scheme) {
        bool http = scheme == 4 && strncasecmp(url, "http", 4) == 0, https = scheme == 5 && strncasecmp(url, "https", 5) == 0;
        if (netloc == 0 || !(https || (http && !require_https)))
            return false;
    } else if (has_netloc && require_https) {
        return false;                       /* "//host" is taken as http */
    }
    return !has_netloc || same_host(rest + 2, netloc, host);
}

bool capo_url_is_safe(const char *url, const char *host, bool require_https)
{
    if (!url || strnlen(url, URL_LIMIT + 1) > URL_LIMIT)
        return false;
    if (has_control(url) || !*(url = capo_strip(url)))
        return false;
    char *slashed = capo_strdup(url);       /* browsers take '\' as '/' */
    for (char *c = slashed; *c; c++)
        if (*c == '\\')
            *c = '/';
    return is_safe_as_written(url, host, require_https) && is_safe_as_written(slashed, host, require_https);
}

static bool looks_like_url(const char *to)
{
    return *to == '/' || capo_starts_with(to, "./") || capo_starts_with(to, "../") || *to == '?' || strstr(to, "://");
}

static const char *resolve_target(const char *to, const Var *arguments)
{
    if (looks_like_url(to))
        return to;
    if (!strpbrk(to, "/."))
        return capo_reverse_with(to, arguments);
    char *url = capo_reverse_or_null(to, arguments);
    return url ? url : to;
}

Response *capo_redirect_to(Request *req, int status, const char *to, const Var *arguments)
{
    (void)req;
    if (strnlen(to, URL_LIMIT + 1) > URL_LIMIT)
        capo_raise(ERROR_SUSPICIOUS_OPERATION, "A redirect to a URL of more than %d characters was refused.", URL_LIMIT);
    const char *url = resolve_target(to, arguments);
    if (has_control(url))
        capo_raise(ERROR_SUSPICIOUS_OPERATION, "A redirect to a URL with control characters was refused.");
    size_t scheme = scheme_size(url);
    if (scheme && !(scheme == 4 && strncasecmp(url, "http", 4) == 0) && !(scheme == 5 && strncasecmp(url, "https", 5) == 0))
        capo_raise(ERROR_SUSPICIOUS_OPERATION, "A redirect to a URL with the scheme '%s' was refused; only http and https are allowed.",
                   capo_strndup(url, scheme));
    Response *res = capo_response(status, "text/html; charset=utf-8");
    capo_set_header(res, "Location", capo_url_quote(url, "/#%[]=:;$&()+,!?*@'~"));
    return res;
}

Response *capo_login_redirect(Request *req)
{
    static const Var none[] = { { 0 } };
    const char *login = resolve_target(capo_settings()->login_url, none);
    const char *next = capo_url_quote(capo_full_path(req), "/");
    return capo_redirect_to(req, 302, capo_format("%s%cnext=%s", login, strchr(login, '?') ? '&' : '?', next), none);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The Host header: parsed strictly, and one of ours, before anything believes it.
 *
 * A host is a name of letters, digits, '-' and '.', or an IPv6 address in brackets, with a port or without. Patterns of
 * allowed_hosts are matched by label: ".example.com" is example.com and all below it, never "evilexample.com". X-Forwarded-Host
 * is not looked at. */
#include "web_internal.h"
#include <string.h>
#include <strings.h>

enum { HOST_LIMIT = 255 };

static bool name_chars(const char *text, size_t size)
{
    if (size == 0 || text[0] == '.' || text[size - 1] == '.')
        return false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        if (!letter && !(c == '.' && text[i + 1] != '.'))
            return false;
    }
    return true;
}

static bool ipv6_chars(const char *text, size_t size)
{
    size_t colons = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[i] | 32;
        if (text[i] == ':')
            colons++;
        else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || text[i] == '.'))
            return false;
    }
    return colons >= 2;
}

static bool port_digits(const char *text)
{
    size_t size = strspn(text, "0123456789");
    if (size == 0 || size > 5 || text[size])
        return false;
    int port = 0;
    for (size_t i = 0; i < size; i++)
        port = port * 10 + text[i] - '0';
    return port <= 65535;
}

bool host_split(const char *host, const char **ret_name, const char **ret_port)
{
    size_t total = strlen(host), size;
    if (total == 0 || total > HOST_LIMIT)
        return false;
    if (*host == '[') {
        const char *close = strchr(host, ']');
        if (!close || !ipv6_chars(host + 1, (size_t)(close - host - 1)))
            return false;
        size = (size_t)(close - host + 1);
    } else {
        size = strcspn(host, ":");
        if (!name_chars(host, size))
            return false;
    }
    const char *port = NULL;
    if (host[size]) {
        if (host[size] != ':' || !port_digits(host + size + 1))
            return false;
        port = host + size + 1;
    }
    char *name = capo_strndup(host, size);
    for (char *c = name; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c |= 32;
    *ret_name = name;
    if (ret_port)
        *ret_port = port;
    return true;
}

/* `name` is in lower case; ASCII letters of the pattern may be in either. */
static bool name_matches(const char *name, const char *pattern)
{
    if (strcmp(pattern, "*") == 0)
        return true;
    if (*pattern != '.')
        return strcasecmp(name, pattern) == 0;
    size_t n = strlen(name), p = strlen(pattern);
    return strcasecmp(name, pattern + 1) == 0 || (n > p && strcasecmp(name + n - p, pattern) == 0);
}

bool host_matches(const char *host, const char *pattern)
{
    const char *name;
    return host_split(host, &name, NULL) && name_matches(name, pattern);
}

static bool host_allowed(Request *req, const char *name)
{
    static const char *const local[] = { ".localhost", "127.0.0.1", "[::1]", NULL };
    const Settings *settings = capo_settings();
    const char *const *patterns = settings->debug && !settings->allowed_hosts[0] ? local : settings->allowed_hosts;
    for (size_t i = 0; patterns[i]; i++)
        if (name_matches(name, patterns[i]))
            return true;
    return !req->internal->connection && strcmp(name, "testserver") == 0;      /* the test client's own */
}

const char *capo_host(Request *req)
{
    if (req->internal->host)
        return req->internal->host;
    const char *host = capo_header(req, "Host"), *name;
    if (!host)
        capo_raise(ERROR_SUSPICIOUS_OPERATION, "The request has no Host header.");
    if (!host_split(host, &name, NULL))
        capo_raise(ERROR_SUSPICIOUS_OPERATION, "Invalid HTTP_HOST header: '%.300s'. It is not a host name with an optional port.", host);
    if (!host_allowed(req, name))
        capo_raise(ERROR_SUSPICIOUS_OPERATION, "Invalid HTTP_HOST header: '%s'. You may need to add '%s' to ALLOWED_HOSTS.", host, name);
    return req->internal->host = host;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* E-mail addresses, URLs, domain names, slugs and IP addresses by hand-written scanners: one pass each, after a check of the length. */
#include <capo/syntax.h>
#include <capo/arena.h>
#include <capo/buffer.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

enum { EMAIL_MAX = 320, URL_MAX = 2048, DOMAIN_MAX = 255, HOST_MAX = 253, LABEL_MAX = 63, IPV6_MAX = 39, IPV6_MAPPED_MAX = 45 };

static bool is_ascii_alnum(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* --- domain names ----------------------------------------------------------------------------------------------------------- */

typedef struct DomainRules { bool idna, final_dot, digits_at_top; } DomainRules;

static bool label_letter(uint32_t c, bool idna)
{
    return is_ascii_alnum(c) || (idna && c >= 0xa1 && c <= 0xffff && c != 0xfffd);
}

/* Letters and hyphens, or a punycode label: what may stand behind the last dot. */
static bool top_label_good(const char *at, const char *end, const DomainRules *rules)
{
    size_t length = capo_utf8_length(at, (size_t)(end - at));
    if (length < 2 || length > LABEL_MAX)
        return false;
    if (rules->digits_at_top || (end - at >= 5 && !strncasecmp(at, "xn--", 4)))
        return true;
    while (at < end) {
        uint32_t c = capo_utf8_next(&at, end);
        if (c >= '0' && c <= '9')
            return false;
    }
    return true;
}

/* At least two labels of 1 to 63 characters that neither begin nor end with a hyphen. */
static bool domain_good(const char *text, size_t size, const DomainRules *rules)
{
    const char *end = text + size, *label = text;
    if (rules->final_dot && size && end[-1] == '.')
        end--;
    for (int labels = 1; ; labels++) {
        const char *at = label;
        uint32_t c = 0;
        size_t length = 0;
        while (at < end && *at != '.') {
            c = capo_utf8_next(&at, end);
            if (!label_letter(c, rules->idna) && !(c == '-' && length > 0))
                return false;
            length++;
        }
        if (length < 1 || length > LABEL_MAX || c == '-')
            return false;
        if (at >= end)
            return labels > 1 && top_label_good(label, end, rules);
        label = at + 1;
    }
}

bool capo_is_domain_name(const char *text, size_t size, bool accept_idna)
{
    DomainRules rules = { .idna = accept_idna, .final_dot = true, .digits_at_top = !accept_idna };
    return size <= DOMAIN_MAX * 4 && capo_utf8_length(text, size) <= DOMAIN_MAX && domain_good(text, size, &rules);
}

/* --- IP addresses --------------------------------------------------------------------------------------------------------------- */

static bool ipv4_parse(const char *text, size_t size, uint8_t *ret_bytes)
{
    if (size < 7 || size > 15)
        return false;
    size_t at = 0;
    for (int part = 0; part < 4; part++) {
        size_t first = at;
        int number = 0;
        for (; at < size && text[at] >= '0' && text[at] <= '9' && at - first < 4; at++)
            number = number * 10 + (text[at] - '0');
        if (at == first || number > 255 || at - first > 3 || (text[first] == '0' && at - first > 1))
            return false;
        ret_bytes[part] = (uint8_t)number;
        if (part < 3 && (at >= size || text[at++] != '.'))
            return false;
    }
    return at == size;
}

bool capo_is_ipv4(const char *text, size_t size)
{
    uint8_t bytes[4];
    return ipv4_parse(text, size, bytes);
}

/* The eight groups; a tail in IPv4's form fills the last two. */
static bool ipv6_parse(const char *text, size_t size, uint16_t ret_groups[8])
{
    if (size < 2 || size > IPV6_MAPPED_MAX)
        return false;
    uint16_t groups[8] = { 0 };
    int count = 0, gap = -1;
    size_t at = 0;
    if (text[0] == ':') {
        if (text[1] != ':')
            return false;
        gap = 0;
        at = 2;
    }
    while (at < size) {
        size_t first = at;
        unsigned number = 0;
        for (; at < size && at - first < 5; at++) {
            char c = text[at];
            int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
            if (digit < 0)
                break;
            number = number * 16 + (unsigned)digit;
        }
        if (at < size && text[at] == '.') {
            uint8_t bytes[4];
            if (count > 6 || !ipv4_parse(text + first, size - first, bytes))
                return false;
            groups[count++] = (uint16_t)(bytes[0] << 8 | bytes[1]);
            groups[count++] = (uint16_t)(bytes[2] << 8 | bytes[3]);
            at = size;
            break;
        }
        if (at == first || at - first > 4 || count == 8)
            return false;
        groups[count++] = (uint16_t)number;
        if (at == size)
            break;
        if (text[at++] != ':' || at == size)
            return false;
        if (text[at] == ':') {
            if (gap >= 0)
                return false;
            gap = count;
            at++;
        }
    }
    if (gap < 0 ? count != 8 : count > 7)
        return false;
    memset(ret_groups, 0, 8 * sizeof *ret_groups);
    int front = gap < 0 ? count : gap;
    memcpy(ret_groups, groups, (size_t)front * sizeof *groups);
    memcpy(ret_groups + 8 - (count - front), groups + front, (size_t)(count - front) * sizeof *groups);
    return true;
}

bool capo_is_ipv6(const char *text, size_t size, bool allow_zone)
{
    uint16_t groups[8];
    if (size > IPV6_MAX)
        return false;
    const char *zone = allow_zone ? memchr(text, '%', size) : NULL;
    if (zone) {
        size_t zone_size = size - (size_t)(zone - text) - 1;
        if (zone_size == 0 || memchr(zone + 1, '%', zone_size))
            return false;
        for (size_t i = 0; i < zone_size; i++)
            if ((unsigned char)zone[1 + i] <= ' ' || zone[1 + i] == 0x7f)
                return false;
        size = (size_t)(zone - text);
    }
    return ipv6_parse(text, size, groups);
}

char *capo_ipv6_clean(const char *text, size_t size, bool unpack_ipv4)
{
    uint16_t groups[8];
    if (!ipv6_parse(text, size, groups))
        return NULL;
    bool mapped = !groups[0] && !groups[1] && !groups[2] && !groups[3] && !groups[4] && groups[5] == 0xffff;
    if (mapped)
        return capo_format("%s%d.%d.%d.%d", unpack_ipv4 ? "" : "::ffff:", groups[6] >> 8, groups[6] & 255, groups[7] >> 8, groups[7] & 255);
    int best = -1, best_size = 1;
    for (int i = 0; i < 8; i++) {
        int run = 0;
        while (i + run < 8 && !groups[i + run])
            run++;
        if (run > best_size) {
            best = i;
            best_size = run;
        }
    }
    Buffer out = { 0 };
    bool colon = false;
    for (int i = 0; i < 8; i++) {
        if (i == best) {
            capo_put(&out, "::");
            i += best_size - 1;
            colon = false;
            continue;
        }
        capo_put_format(&out, "%s%x", colon ? ":" : "", groups[i]);
        colon = true;
    }
    return capo_buffer_text(&out);
}

/* --- e-mail ------------------------------------------------------------------------------------------------------------------------ */

static bool is_atom(unsigned char c)
{
    return is_ascii_alnum(c) || (c && strchr("-!#$%&'*+/=?^_`{}|~", c));
}

static bool email_user_good(const char *text, size_t size)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + size;
    if (size >= 2 && *at == '"' && end[-1] == '"') {
        for (at++, end--; at < end; at++) {
            unsigned char c = *at;
            if (c == '\\') {
                if (++at >= end)
                    return false;
                c = *at;
                if (!((c >= 1 && c <= 9) || c == 11 || c == 12 || (c >= 14 && c <= 127)))
                    return false;
            } else if (!((c >= 1 && c <= 8) || c == 11 || c == 12 || (c >= 14 && c <= 31) || c == '!' || (c >= '#' && c <= 127))) {
                return false;
            }
        }
        return true;
    }
    bool dot = true;
    for (; at < end; at++) {
        if (*at == '.' && dot)
            return false;
        if (*at != '.' && !is_atom(*at))
            return false;
        dot = *at == '.';
    }
    return size && !dot;
}

static bool email_domain_good(const char *text, size_t size)
{
    static const DomainRules rules = { .idna = true };
    if (size >= 2 && text[0] == '[' && text[size - 1] == ']')
        return capo_is_ipv4(text + 1, size - 2) || capo_is_ipv6(text + 1, size - 2, false);
    return domain_good(text, size, &rules);
}

bool capo_is_email_with(const char *text, size_t size, const char *const *allowed_domains)
{
    static const char *const localhost[] = { "localhost", NULL };
    if (size > EMAIL_MAX * 4 || capo_utf8_length(text, size) > EMAIL_MAX)
        return false;
    const char *sign = memrchr(text, '@', size);
    if (!sign || !email_user_good(text, (size_t)(sign - text)))
        return false;
    const char *domain = sign + 1;
    size_t domain_size = size - (size_t)(domain - text);
    for (const char *const *allowed = allowed_domains ? allowed_domains : localhost; *allowed; allowed++)
        if (strlen(*allowed) == domain_size && !memcmp(*allowed, domain, domain_size))
            return true;
    return email_domain_good(domain, domain_size);
}

bool capo_is_email(const char *text, size_t size)
{
    return capo_is_email_with(text, size, NULL);
}

/* --- slugs ------------------------------------------------------------------------------------------------------------------------- */

bool capo_is_slug(const char *text, size_t size, bool allow_unicode)
{
    const char *at = text, *end = text + size;
    while (at < end) {
        uint32_t c = capo_utf8_next(&at, end);
        if (c != '-' && !(c < 128 || allow_unicode ? capo_is_word(c) : false))
            return false;
    }
    return size > 0;
}

/* --- URLs -------------------------------------------------------------------------------------------------------------------------- */

/* Python's urlsplit refuses a host in which a character turns into a delimiter when it is normalised: "℀" is "a/c". */
static bool normalises_to_delimiter(const char *at, const char *end)
{
    while (at < end) {
        uint32_t c = capo_utf8_next(&at, end);
        utf8proc_int32_t parts[32];
        int boundary = 0;
        if (c < 128)
            continue;
        utf8proc_ssize_t count = utf8proc_decompose_char((utf8proc_int32_t)c, parts, 32, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &boundary);
        for (utf8proc_ssize_t i = 0; i < count && i < 32; i++)
            if (parts[i] < 128 && parts[i] > 0 && strchr("/?#@:", (int)parts[i]))
                return true;
    }
    return false;
}

static bool userinfo_good(const char *at, const char *end)
{
    const char *colon = memchr(at, ':', (size_t)(end - at));
    if (at == end || colon == at || (colon && memchr(colon + 1, ':', (size_t)(end - colon - 1))))
        return false;
    return !memchr(at, '@', (size_t)(end - at));
}

/* Digits behind the last colon. */
static bool port_good(const char *at, const char *end)
{
    if (end - at < 1 || end - at > 5)
        return false;
    for (; at < end; at++)
        if (*at < '0' || *at > '9')
            return false;
    return true;
}

static bool host_good(const char *at, const char *end)
{
    static const DomainRules rules = { .idna = true, .final_dot = true };
    const char *port = NULL;
    if (at < end && *at == '[') {
        const char *close = memchr(at, ']', (size_t)(end - at));
        if (!close || (close + 1 < end && close[1] != ':'))
            return false;
        return capo_is_ipv6(at + 1, (size_t)(close - at - 1), false) && (close + 1 == end || port_good(close + 2, end));
    }
    if ((port = memchr(at, ':', (size_t)(end - at)))) {
        if (!port_good(port + 1, end))
            return false;
        end = port;
    }
    size_t size = (size_t)(end - at);
    if (size == 9 && !strncasecmp(at, "localhost", 9))
        return true;
    if (capo_is_ipv4(at, size))
        return at[0] != '0' || at[1] == '.';
    return size && capo_utf8_length(at, size) <= HOST_MAX && domain_good(at, size, &rules) && !normalises_to_delimiter(at, end);
}

bool capo_is_url(const char *text, size_t size, const char *const *schemes)
{
    static const char *const usual[] = { "http", "https", "ftp", "ftps", NULL };
    if (size > URL_MAX * 4 || capo_utf8_length(text, size) > URL_MAX)
        return false;
    const char *end = text + size, *split = memmem(text, size, "://", 3);
    if (!split)
        return false;
    bool known = false;
    for (const char *const *scheme = schemes ? schemes : usual; *scheme; scheme++)
        known |= strlen(*scheme) == (size_t)(split - text) && !strncasecmp(*scheme, text, (size_t)(split - text));
    if (!known)
        return false;
    const char *host = split + 3, *path = host;
    for (const char *at = host; at < end; ) {
        uint32_t c = capo_utf8_next(&at, end);
        if (c < ' ' || c == 0x7f || capo_is_space(c))
            return false;
    }
    while (path < end && *path != '/' && *path != '?' && *path != '#')
        path++;
    const char *sign = memrchr(host, '@', (size_t)(path - host));
    if (sign && !userinfo_good(host, sign))
        return false;
    return host_good(sign ? sign + 1 : host, path);
}

/* --- names of files ----------------------------------------------------------------------------------------------------------- */

const char *capo_file_extension(const char *file_name)
{
    const char *slash = strrchr(file_name, '/'), *base = slash ? slash + 1 : file_name;
    const char *dot = strrchr(base, '.');
    while (*base == '.')
        base++;
    return dot && dot >= base ? capo_lower(dot + 1) : "";
}

bool capo_has_extension(const char *file_name, const char *const *extensions)
{
    const char *extension = capo_file_extension(file_name);
    for (; *extensions; extensions++)
        if (!strcasecmp(*extensions, extension))
            return true;
    return false;
}

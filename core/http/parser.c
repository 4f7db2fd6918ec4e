/* SPDX-License-Identifier: BSD-3-Clause */
/* The request line and the headers. One pass over the bytes; tables say what a byte may be. */
#include "parser.h"
#include <errno.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

const HttpLimits http_default_limits = { .line = 8192, .header = 8192, .head = 32768, .n_headers = HTTP_MAX_HEADERS };

static const struct { int error, status; } refusals[] = {
    { EBADMSG, 400 }, { ERANGE, 413 }, { ENAMETOOLONG, 414 }, { EILSEQ, 415 }, { ENOTSUP, 417 }, { E2BIG, 431 }, { ENOSYS, 501 },
    { EPROTONOSUPPORT, 505 },
};

int http_refusal(int error)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (refusals[i].error == -error)
            return refusals[i].status;
    return 400;
}

enum { TOKEN = 1, TARGET = 2, HOST_NAME = 4, HEX = 8 };

#define ALNUM_ROWS(bits, hex)                                                                                                  \
    ['0' ... '9'] = (bits) | (hex), ['A' ... 'F'] = (bits) | (hex), ['G' ... 'Z'] = (bits), ['a' ... 'f'] = (bits) | (hex),    \
    ['g' ... 'z'] = (bits)

/* A target is any printable ASCII but '#' and the blank; a token is RFC 9110's, and '_' is told apart below. */
static const uint8_t kinds[256] = {
    ALNUM_ROWS(TOKEN | TARGET | HOST_NAME, HEX),
    ['!'] = TOKEN | TARGET, ['$'] = TOKEN | TARGET, ['%'] = TOKEN | TARGET, ['&'] = TOKEN | TARGET, ['\''] = TOKEN | TARGET,
    ['*'] = TOKEN | TARGET, ['+'] = TOKEN | TARGET, ['-'] = TOKEN | TARGET | HOST_NAME, ['.'] = TOKEN | TARGET | HOST_NAME,
    ['^'] = TOKEN | TARGET, ['_'] = TOKEN | TARGET, ['`'] = TOKEN | TARGET, ['|'] = TOKEN | TARGET, ['~'] = TOKEN | TARGET,
    ['#'] = TOKEN,
    ['"'] = TARGET, ['('] = TARGET, [')'] = TARGET, [','] = TARGET, ['/'] = TARGET, [':'] = TARGET, [';'] = TARGET, ['<'] = TARGET,
    ['='] = TARGET, ['>'] = TARGET, ['?'] = TARGET, ['@'] = TARGET, ['['] = TARGET, ['\\'] = TARGET, [']'] = TARGET,
    ['{'] = TARGET, ['}'] = TARGET,
};

static inline bool is_kind(char c, uint8_t kind)
{
    return kinds[(unsigned char)c] & kind;
}

bool http_is_token(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!is_kind(text[i], TOKEN))
            return false;
    return size > 0;
}

static inline char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

static bool same_word(const char *text, const char *lower_case, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (lower(text[i]) != lower_case[i])
            return false;
    return true;
}

bool http_slice_is(Slice slice, const char *lower_case)
{
    size_t size = strlen(lower_case);
    return slice.size == size && same_word(slice.at, lower_case, size);
}

/* The end of a field value: the first control byte besides HTAB. */
static const char *value_end(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i low = _mm_set1_epi8(0x1f), tab = _mm_set1_epi8('\t'), delete = _mm_set1_epi8(0x7f);
    while (end - at >= 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)at);
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, low), bytes);
        __m128i bad = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), control), _mm_cmpeq_epi8(bytes, delete));
        int mask = _mm_movemask_epi8(bad);
        if (mask)
            return at + __builtin_ctz((unsigned)mask);
        at += 16;
    }
#endif
    while (at < end && ((unsigned char)*at >= ' ' || *at == '\t') && *at != 0x7f)
        at++;
    return at;
}

/* --- the parts of a target --- */

/* Every '%' with two hex digits, and none of them a NUL; in the query a lone '%' stays, as Django has it. */
static bool escapes_valid(const char *at, const char *end, bool strict)
{
    while ((at = memchr(at, '%', (size_t)(end - at)))) {
        bool whole = end - at >= 3 && is_kind(at[1], HEX) && is_kind(at[2], HEX);
        if (strict && !whole)
            return false;
        if (whole && at[1] == '0' && at[2] == '0')
            return false;
        at += whole ? 3 : 1;
    }
    return true;
}

bool http_host_valid(const char *host, size_t size)
{
    const char *at = host, *end = host + size;
    if (size == 0 || size > 255 + 6)
        return false;
    if (*at == '[') {
        const char *close = memchr(at, ']', size);
        if (!close || close - at < 3 || close - at > 46 || !memchr(at, ':', (size_t)(close - at)))
            return false;
        for (const char *c = at + 1; c < close; c++)
            if (!is_kind(*c, HEX) && *c != ':' && *c != '.')
                return false;
        at = close + 1;
    } else {
        while (at < end && is_kind(*at, HOST_NAME))
            at++;
        if (at == host || at - host > 255)
            return false;
    }
    if (at == end)
        return true;
    if (*at++ != ':' || at == end || end - at > 5)
        return false;
    unsigned port = 0;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9')
            return false;
        port = port * 10 + (unsigned)(*at - '0');
    }
    return port <= 65535;
}

static void split_query(ParsedRequest *ret, const char *path, const char *end)
{
    const char *mark = memchr(path, '?', (size_t)(end - path));
    const char *path_end = mark ? mark : end;
    ret->path = (Slice){ path, (uint32_t)(path_end - path) };
    ret->query = mark ? (Slice){ mark + 1, (uint32_t)(end - mark - 1) } : (Slice){ end, 0 };
}

static int parse_target(ParsedRequest *ret)
{
    const char *at = ret->target.at, *end = at + ret->target.size;
    if (*at == '/') {
        split_query(ret, at, end);
    } else if (ret->target.size == 1 && *at == '*') {
        if (ret->method.size != 7 || memcmp(ret->method.at, "OPTIONS", 7) != 0)
            return -EBADMSG;
        ret->asterisk = true;
        ret->path = ret->target;
        ret->query = (Slice){ end, 0 };
    } else {
        size_t scheme = end - at >= 7 && same_word(at, "http://", 7) ? 7 : end - at >= 8 && same_word(at, "https://", 8) ? 8 : 0;
        if (!scheme)
            return -EBADMSG;
        const char *authority = at + scheme, *path = authority;
        while (path < end && *path != '/' && *path != '?')
            path++;
        if (!http_host_valid(authority, (size_t)(path - authority)))
            return -EBADMSG;
        ret->authority = (Slice){ authority, (uint32_t)(path - authority) };
        split_query(ret, path, end);
        if (ret->path.size == 0)
            ret->path = (Slice){ "/", 1 };
    }
    if (!escapes_valid(ret->path.at, ret->path.at + ret->path.size, true) ||
        !escapes_valid(ret->query.at, ret->query.at + ret->query.size, false))
        return -EBADMSG;
    return 0;
}

/* --- headers with a meaning for the connection --- */

typedef struct KnownRow { const char *name; uint8_t size; uint8_t known; bool single; } KnownRow;

/* Sorted by size; `single`: a second one could be read in two ways, so it is refused. */
static const KnownRow known_rows[] = {
    { "host", 4, KNOWN_HOST, true },
    { "cookie", 6, KNOWN_COOKIE, false },
    { "expect", 6, KNOWN_EXPECT, true },
    { "origin", 6, KNOWN_ORIGIN, true },
    { "referer", 7, KNOWN_REFERER, false },
    { "upgrade", 7, KNOWN_UPGRADE, true },
    { "connection", 10, KNOWN_CONNECTION, false },
    { "user-agent", 10, KNOWN_USER_AGENT, false },
    { "content-type", 12, KNOWN_CONTENT_TYPE, true },
    { "authorization", 13, KNOWN_AUTHORIZATION, true },
    { "content-range", 13, KNOWN_CONTENT_RANGE, true },
    { "content-length", 14, KNOWN_CONTENT_LENGTH, true },
    { "content-encoding", 16, KNOWN_CONTENT_ENCODING, true },
    { "transfer-encoding", 17, KNOWN_TRANSFER_ENCODING, true },
    { "if-modified-since", 17, KNOWN_IF_MODIFIED_SINCE, false },
};
enum { KNOWN_ROWS = sizeof known_rows / sizeof *known_rows };
/* One more than the first row of each size; 0: none has it. */
static const uint8_t row_of_size[32] = {
    [4] = 1, [6] = 2, [7] = 5, [10] = 7, [12] = 9, [13] = 10, [14] = 12, [16] = 13, [17] = 14,
};

static const KnownRow *known_row(const char *name, size_t size)
{
    if (size >= sizeof row_of_size || !row_of_size[size])
        return NULL;
    for (size_t i = row_of_size[size] - 1u; i < KNOWN_ROWS && known_rows[i].size == size; i++)
        if (same_word(name, known_rows[i].name, size))
            return &known_rows[i];
    return NULL;
}

static int parse_length(ParsedRequest *ret, Slice value)
{
    if (value.size == 0 || (value.size > 1 && value.at[0] == '0'))
        return -EBADMSG;
    uint64_t length = 0;
    for (size_t i = 0; i < value.size; i++)
        if (value.at[i] < '0' || value.at[i] > '9')
            return -EBADMSG;
    if (value.size > 18)
        return -ERANGE;
    for (size_t i = 0; i < value.size; i++)
        length = length * 10 + (uint64_t)(value.at[i] - '0');
    ret->content_length = length;
    ret->has_length = true;
    return 0;
}

static void parse_connection(Slice value, bool *ret_close, bool *ret_keep)
{
    const char *at = value.at, *end = at + value.size;
    while (at < end) {
        while (at < end && (*at == ' ' || *at == '\t' || *at == ','))
            at++;
        const char *word = at;
        while (at < end && *at != ',')
            at++;
        const char *word_end = at;
        while (word_end > word && (word_end[-1] == ' ' || word_end[-1] == '\t'))
            word_end--;
        Slice option = { word, (uint32_t)(word_end - word) };
        if (http_slice_is(option, "close"))
            *ret_close = true;
        else if (http_slice_is(option, "keep-alive"))
            *ret_keep = true;
    }
}

static const Slice *known(const ParsedRequest *ret, KnownHeader header)
{
    return ret->known[header] ? &ret->headers[ret->known[header] - 1].value : NULL;
}

/* What the headers together mean: framing, host, connection. */
static int interpret(ParsedRequest *ret)
{
    const Slice *length = known(ret, KNOWN_CONTENT_LENGTH), *coding = known(ret, KNOWN_TRANSFER_ENCODING);
    const Slice *host = known(ret, KNOWN_HOST), *expect = known(ret, KNOWN_EXPECT), *encoding = known(ret, KNOWN_CONTENT_ENCODING);
    int error;
    if (coding) {
        if (length || ret->minor == 0)
            return -EBADMSG;
        if (!http_slice_is(*coding, "chunked"))
            return http_is_token(coding->at, coding->size) ? -ENOSYS : -EBADMSG;
        ret->chunked = true;
    } else if (length && (error = parse_length(ret, *length)) < 0) {
        return error;
    }
    if (host ? !http_host_valid(host->at, host->size) : ret->minor == 1)
        return -EBADMSG;
    if (encoding && !http_slice_is(*encoding, "identity"))
        return -EILSEQ;
    if (expect && ret->minor == 1) {
        if (!http_slice_is(*expect, "100-continue"))
            return -ENOTSUP;
        ret->expect_continue = ret->chunked || ret->content_length > 0;
    }
    bool close = false, keep = false;
    if (ret->known[KNOWN_CONNECTION])
        for (size_t i = ret->known[KNOWN_CONNECTION] - 1u; i < ret->n_headers; i++)
            if (ret->headers[i].name.size == 10 && same_word(ret->headers[i].name.at, "connection", 10))
                parse_connection(ret->headers[i].value, &close, &keep);
    ret->keep_alive = !close && (ret->minor == 1 || keep);
    return 0;
}

/* --- the head --- */

/* Where a head is not complete yet: the bytes after `seen` are looked at once. 1: its end is there. */
static int look_for_end(const char *bytes, size_t size, size_t seen, const HttpLimits *limits)
{
    const char *at = bytes + (seen > 3 ? seen - 3 : 0), *end = bytes + size;
    for (;;) {
        const char *feed = memchr(at, '\n', (size_t)(end - at)), *line_end = feed ? feed : end;
        const char *cr = memchr(at, '\r', (size_t)(line_end - at));
        if ((cr && cr + 1 < line_end) || (feed && (feed == bytes || feed[-1] != '\r')))
            return -EBADMSG;
        if (!feed)
            break;
        if (feed - bytes >= 3 && feed[-2] == '\n')
            return 1;               /* what follows is no business of the head */
        at = feed + 1;
    }
    enum { LINE_REST = 16 };        /* " HTTP/1.1", line ends */
    if (size > limits->line + LINE_REST && !memchr(bytes, '\n', limits->line + LINE_REST))
        return -ENAMETOOLONG;
    return size > limits->head ? -E2BIG : -EAGAIN;
}

static int parse_line(ParsedRequest *ret, const char **ret_at, const char *end, const HttpLimits *limits)
{
    const char *at = *ret_at, *start = at;
    while (at < end && is_kind(*at, TOKEN))
        at++;
    ret->method = (Slice){ start, (uint32_t)(at - start) };
    if (ret->method.size > 32)
        return -ENOSYS;
    if (at == end)
        return -EAGAIN;
    if (*at != ' ' || at == start)
        return -EBADMSG;
    const char *target = ++at;
    while (at < end && is_kind(*at, TARGET))
        at++;
    if ((size_t)(at - start) > limits->line)
        return -ENAMETOOLONG;
    if (at == end)
        return -EAGAIN;
    if (*at != ' ' || at == target)
        return -EBADMSG;
    ret->target = (Slice){ target, (uint32_t)(at - target) };
    at++;
    /* exactly "HTTP/1.x" and the line's end; as far as it has come, it must fit */
    static const char form[] = "HTTP/d.d\r\n";
    for (size_t i = 0; i < sizeof form - 1; i++, at++) {
        if (at == end)
            return -EAGAIN;
        if (form[i] == 'd' ? *at < '0' || *at > '9' : *at != form[i])
            return -EBADMSG;
    }
    if (at[-5] != '1' || (at[-3] != '0' && at[-3] != '1'))
        return -EPROTONOSUPPORT;
    ret->minor = at[-3] - '0';
    *ret_at = at;
    return 0;
}

static int parse_header(ParsedRequest *ret, const char **ret_at, const char *end, const HttpLimits *limits)
{
    const char *at = *ret_at, *start = at;
    bool underscore = false;
    while (at < end && is_kind(*at, TOKEN)) {
        underscore |= *at == '_';
        at++;
    }
    const char *name_end = at;
    if ((size_t)(at - start) > limits->header)
        return -E2BIG;
    if (at == end)
        return -EAGAIN;
    if (*at != ':' || at == start)
        return -EBADMSG;
    at++;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    const char *value = at;
    at = value_end(at, end);
    if ((size_t)(at - start) > limits->header)
        return -E2BIG;
    const char *stop = at;
    if (at == end)
        return -EAGAIN;
    if (*at++ != '\r')
        return -EBADMSG;
    if (at == end)
        return -EAGAIN;
    if (*at++ != '\n')
        return -EBADMSG;
    while (stop > value && (stop[-1] == ' ' || stop[-1] == '\t'))
        stop--;
    *ret_at = at;
    if (ret->n_headers >= limits->n_headers || ret->n_headers >= HTTP_MAX_HEADERS)
        return -E2BIG;
    /* X_Real_IP must never pass for X-Real-IP where somebody maps both to one name: dropped, as nginx does */
    if (underscore)
        return 0;
    const KnownRow *row = known_row(start, (size_t)(name_end - start));
    if (row) {
        if (ret->known[row->known]) {
            if (row->single)
                return -EBADMSG;
        } else {
            ret->known[row->known] = (uint16_t)(ret->n_headers + 1);
        }
    }
    ret->headers[ret->n_headers++] =
        (HeaderSlice){ { start, (uint32_t)(name_end - start) }, { value, (uint32_t)(stop - value) } };
    return 0;
}

int http_parse_head(ParsedRequest *ret, const char *bytes, size_t size, size_t seen, const HttpLimits *limits)
{
    int result;
    if (seen > 0 && (result = look_for_end(bytes, size, seen, limits)) < 0)
        return result;
    const char *at = bytes, *end = bytes + size;
    memset(ret, 0, offsetof(ParsedRequest, headers));
    if (size > 0 && *at == '\r') {          /* one empty line before a request, as RFC 9112 2.2 asks */
        if (size == 1)
            return -EAGAIN;
        if (at[1] != '\n')
            return -EBADMSG;
        at += 2;
    }
    result = parse_line(ret, &at, end, limits);
    for (unsigned lines = 0; result == 0; lines++) {
        if (at == end) {
            result = -EAGAIN;
        } else if (*at == '\r') {
            if (end - at < 2)
                result = -EAGAIN;
            else if (at[1] != '\n')
                return -EBADMSG;
            else
                break;
        } else {
            /* dropped headers count as well */
            result = lines >= limits->n_headers ? -E2BIG : parse_header(ret, &at, end, limits);
        }
    }
    if (result == -EAGAIN && size > limits->head)
        return -E2BIG;
    if (result < 0)
        return result;
    at += 2;
    if ((size_t)(at - bytes) > limits->head)
        return -E2BIG;
    if (ret->method.size == 7 && memcmp(ret->method.at, "CONNECT", 7) == 0)
        return -ENOSYS;
    if (ret->method.size == 5 && memcmp(ret->method.at, "TRACE", 5) == 0)
        return -ENOSYS;
    if ((result = parse_target(ret)) < 0 || (result = interpret(ret)) < 0)
        return result;
    return (int)(at - bytes);
}

const Slice *http_find_header(const ParsedRequest *parsed, const char *name, size_t size, size_t *at)
{
    for (; *at < parsed->n_headers; ++*at) {
        const HeaderSlice *header = &parsed->headers[*at];
        if (header->name.size != size)
            continue;
        size_t i = 0;
        while (i < size && lower(header->name.at[i]) == lower(name[i]))
            i++;
        if (i == size) {
            ++*at;
            return &header->value;
        }
    }
    return NULL;
}

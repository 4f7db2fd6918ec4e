/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters on text: case, padding, cutting, quoting. All linear in their input. */
#include "filters.h"
#include "../core/base/utf8.h"
#include <capo/i18n.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static Value text_of(Buffer *out)
{
    return capo_buffer_value(out, false);
}

static Value addslashes(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    Buffer out = { 0 };
    for (uint32_t i = 0; i < v.size; i++) {
        if (strchr("\\\"'", v.text[i]) && v.text[i])
            capo_put_char(&out, '\\');
        capo_put_char(&out, v.text[i]);
    }
    return text_of(&out);
}

static Value capfirst(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    const char *at = v.text, *end = at + v.size;
    Buffer out = { 0 };
    if (at < end)
        capo_utf8_next(&at, end);
    capo_put_upper(&out, v.text, (size_t)(at - v.text));
    capo_put_bytes(&out, at, (size_t)(end - at));
    return text_of(&out);
}

static Value pad(const char *filter, Value v, Value arg, int side)
{
    int64_t width = capo_python_int_or_raise(filter, arg), length = capo_length(v), left = 0, right;
    if (width > MAX_WIDTH)
        capo_raise(ERROR_VALUE, "The filter '%s' pads to at most %d characters, not %lld.", filter, MAX_WIDTH, (long long)width);
    int64_t missing = width > length ? width - length : 0;
    if (side < 0)
        left = missing;
    else if (side == 0)
        left = missing / 2 + (missing & width & 1);     /* as Python's str.center */
    right = missing - left;
    Buffer out = { 0 };
    while (left-- > 0)
        capo_put_char(&out, ' ');
    capo_put_bytes(&out, v.text, v.size);
    while (right-- > 0)
        capo_put_char(&out, ' ');
    return text_of(&out);
}

static Value center(const Filtering *f, Value v, Value arg) { (void)f; return pad("center", v, arg, 0); }
static Value ljust(const Filtering *f, Value v, Value arg) { (void)f; return pad("ljust", v, arg, 1); }
static Value rjust(const Filtering *f, Value v, Value arg) { (void)f; return pad("rjust", v, arg, -1); }

static Value cut(const Filtering *f, Value v, Value arg)
{
    (void)f;
    if (!capo_is_text(arg))
        capo_raise(ERROR_VALUE, "The filter 'cut' needs a text, not '%.100s'.", capo_to_text(arg));
    if (arg.size == 0)
        return v;
    Buffer out = { 0 };
    const char *at = v.text, *end = at + v.size;
    for (const char *found; (found = memmem(at, (size_t)(end - at), arg.text, arg.size)) != NULL; at = found + arg.size)
        capo_put_bytes(&out, at, (size_t)(found - at));
    capo_put_bytes(&out, at, (size_t)(end - at));
    return capo_buffer_value(&out, v.kind == VALUE_SAFE && !(arg.size == 1 && arg.text[0] == ';'));
}

static Value iriencode(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    Buffer out = { 0 };
    capo_put_iri(&out, v.text, v.size);
    return text_of(&out);
}

void capo_put_iri(Buffer *out, const char *text, size_t size)
{
    capo_put_quoted(out, text, size, "/#%[]=:;$&()+,!?*@'~");
}

static Value lower(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    Buffer out = { 0 };
    capo_put_lower(&out, v.text, v.size);
    return text_of(&out);
}

static Value upper(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    Buffer out = { 0 };
    capo_put_upper(&out, v.text, v.size);
    return text_of(&out);
}

static Value make_list(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    return capo_value_list(capo_list_of(v));
}

static Value phone2numeric(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    if (!capo_is_text(v))
        capo_raise(ERROR_VALUE, "The filter 'phone2numeric' needs a text, not '%.100s'.", capo_to_text(v));
    Buffer lowered = { 0 };
    capo_put_lower(&lowered, v.text, v.size);
    for (size_t i = 0; i < lowered.size; i++)
        if (lowered.data[i] >= 'a' && lowered.data[i] <= 'z')
            lowered.data[i] = "22233344455566677778889999"[lowered.data[i] - 'a'];
    return text_of(&lowered);
}

static Value slugify(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    Buffer out = { 0 };
    capo_put_slug(&out, v.text, v.size, false);
    return text_of(&out);
}

/* Python's str.title, then Django's repairs: "Don'T" and "1St" get their small letters back. */
void capo_put_title(Buffer *out, const char *text, size_t size)
{
    const char *at = text, *end = text + size;
    bool in_word = false;
    size_t start = out->size;
    while (at < end) {
        const char *from = at;
        uint32_t point = utf8_next(&at, end);
        if (point < 0x80) {
            bool letter = (point | 32) >= 'a' && (point | 32) <= 'z';
            capo_put_char(out, (char)(!letter ? point : in_word ? point | 32 : point & ~32u));
            in_word = letter;
            continue;
        }
        size_t length = (size_t)(at - from);
        Buffer lowered = { 0 }, raised = { 0 };
        capo_put_lower(&lowered, from, length);
        capo_put_upper(&raised, from, length);
        bool cased = lowered.size != raised.size || memcmp(lowered.data, raised.data, raised.size) != 0;
        if (!cased) {
            capo_put_bytes(out, from, length);
        } else if (in_word) {
            capo_put_bytes(out, lowered.data, lowered.size);
        } else {
            /* of one that becomes several only the first is large: "ﬁ" is "Fi" */
            int32_t own = utf8proc_totitle((int32_t)point);     /* some have one letter that is neither: "ǆ" is "ǅ" */
            if ((own != (int32_t)point && own != 0x1E9E) || utf8proc_category((int32_t)point) == UTF8PROC_CATEGORY_LT) {     /* "ß" is "Ss" */
                char bytes[4];
                capo_put_bytes(out, bytes, capo_utf8_encode((uint32_t)own, bytes));
                in_word = true;
                continue;
            }
            const char *first = raised.data, *stop = raised.data + raised.size;
            while (first < stop && !capo_is_cased(capo_utf8_next(&first, stop)))
                ;
            capo_put_bytes(out, raised.data, (size_t)(first - raised.data));
            capo_put_lower(out, first, (size_t)(raised.data + raised.size - first));
        }
        in_word = cased;
    }
    for (size_t i = start + 1; i < out->size; i++) {
        char *c = &out->data[i];
        const char *before = c - 1;
        while (before > out->data + start && ((unsigned char)*before & 0xC0) == 0x80)
            before--;
        bool after_digit = *c >= 'A' && *c <= 'Z' && capo_digit_value(capo_utf8_next(&before, c)) >= 0;
        bool after_apostrophe = i > start + 1 && c[-1] == '\'' && c[-2] >= 'a' && c[-2] <= 'z';
        if (*c >= 'A' && *c <= 'Z' && (after_digit || after_apostrophe))
            *c |= 32;
    }
}

static Value title(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    Buffer out = { 0 };
    capo_put_title(&out, v.text, v.size);
    return text_of(&out);
}

static Value truncate(Value v, Value arg, bool words, bool html)
{
    int64_t length;
    IntResult result = capo_python_int(arg, &length);
    if (result == INT_VALUE_ERROR)
        return v;
    if (result == INT_TYPE_ERROR)
        capo_raise(ERROR_VALUE, "Text is cut to a number of %s, not to '%.100s'.", words ? "words" : "characters", capo_to_text(arg));
    Buffer out = { 0 };
    const char *sign = words ? " \xE2\x80\xA6" : capo_pgettext("String to return when truncating text", "%(truncated_text)s\xE2\x80\xA6");
    if (html)
        capo_put_truncated_html(&out, v.text, v.size, length, words, sign);
    else
        capo_put_truncated(&out, v.text, v.size, length, words, sign);
    return text_of(&out);
}

static Value truncatechars(const Filtering *f, Value v, Value arg) { (void)f; return truncate(v, arg, false, false); }
static Value truncatechars_html(const Filtering *f, Value v, Value arg) { (void)f; return truncate(v, arg, false, true); }
static Value truncatewords(const Filtering *f, Value v, Value arg) { (void)f; return truncate(v, arg, true, false); }
static Value truncatewords_html(const Filtering *f, Value v, Value arg) { (void)f; return truncate(v, arg, true, true); }

static Value urlencode(const Filtering *f, Value v, Value arg)
{
    Buffer out = { 0 };
    if (f->has_argument && v.size && arg.kind != VALUE_NULL && !capo_is_text(arg))
        capo_raise(ERROR_VALUE, "The filter 'urlencode' needs a text of safe characters, not '%.100s'.", capo_to_text(arg));
    Buffer safe = { 0 };            /* a letter beyond ASCII is never left as it is */
    for (const char *at = f->has_argument && arg.kind != VALUE_NULL ? capo_to_text(arg) : "/"; *at; at++)
        if ((unsigned char)*at < 0x80)
            capo_put_char(&safe, *at);
    capo_put_quoted(&out, v.text, v.size, capo_buffer_text(&safe));
    return text_of(&out);
}

static Value wordcount(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    return capo_value_int(utf8_count_words(v.text, v.text + v.size));
}

static Value wordwrap(const Filtering *f, Value v, Value arg)
{
    (void)f;
    Buffer out = { 0 };
    capo_put_wrapped(&out, v.text, v.size, capo_python_int_or_raise("wordwrap", arg));
    return text_of(&out);
}

/* --- stringformat: Python's % ----------------------------------------------------------------------------------------------------------- */

static void put_padded(Buffer *out, const char *flags, int64_t width, const char *sign, const char *prefix, Value body, bool number)
{
    int64_t length = (int64_t)(strlen(sign) + strlen(prefix)) + capo_length(body), missing = width > length ? width - length : 0;
    bool left = strchr(flags, '-'), zero = number && strchr(flags, '0') && !left;
    for (int64_t i = 0; i < missing && !left && !zero; i++)
        capo_put_char(out, ' ');
    capo_put(out, sign);
    capo_put(out, prefix);
    for (int64_t i = 0; i < missing && zero; i++)
        capo_put_char(out, '0');
    capo_put_bytes(out, body.text, body.size);
    for (int64_t i = 0; i < missing && left; i++)
        capo_put_char(out, ' ');
}

static Value put_integer(char conversion, const char *flags, int64_t precision, const char *digits, const char **ret_prefix)
{
    Buffer out = { 0 };
    for (int64_t i = (int64_t)strlen(digits); i < precision; i++)
        capo_put_char(&out, '0');
    capo_put(&out, conversion == 'X' ? capo_upper(digits) : digits);
    if (strchr(flags, '#'))
        *ret_prefix = conversion == 'o' ? "0o" : conversion == 'x' ? "0x" : conversion == 'X' ? "0X" : "";
    return text_of(&out);
}

/* One directive; false: Python would raise ValueError or TypeError. */
static bool put_directive(Buffer *out, char conversion, const char *flags, int64_t width, int64_t precision, Value v)
{
    const char *sign = "", *prefix = "";
    bool number = v.kind == VALUE_INT || v.kind == VALUE_BOOL || v.kind == VALUE_REAL || v.kind == VALUE_DECIMAL;
    Value body;
    if (strchr("sra", conversion)) {
        Buffer text = { 0 };
        if (conversion == 's')
            capo_put_value(&text, v);
        else
            capo_put_repr(&text, v);
        const char *at = capo_buffer_text(&text), *start = at, *end = at + text.size;
        for (int64_t i = 0; at < end && (precision < 0 || i < precision); i++)
            capo_utf8_next(&at, end);
        body = capo_value_copy_n(start, (size_t)(at - start));
        put_padded(out, flags, width, "", "", body, false);
        return true;
    }
    if (conversion == 'c') {
        char bytes[4];
        if (v.kind == VALUE_BOOL)
            v = capo_value_int(v.boolean);
        if (capo_is_whole(v) && (v.kind != VALUE_INT || v.integer < 0 || v.integer > 0x10FFFF))
            capo_raise(ERROR_VALUE, "stringformat: there is no character %.40s.", capo_to_text(v));
        if (v.kind == VALUE_INT)
            body = capo_value_copy_n(bytes, capo_utf8_encode((uint32_t)v.integer, bytes));
        else if (capo_is_text(v) && capo_length(v) == 1)
            body = v;
        else
            return false;
        put_padded(out, flags, width, "", "", body, false);
        return true;
    }
    if (strchr("diuoxX", conversion)) {
        Value whole;
        if (!number || (strchr("oxX", conversion) && !capo_is_whole(v) && v.kind != VALUE_BOOL))
            return false;
        if (v.kind == VALUE_REAL && isinf(v.real))
            capo_raise(ERROR_VALUE, "stringformat: %s is no whole number.", capo_to_text(v));
        if (!capo_to_whole(v, &whole))
            return false;
        const char *digits = capo_whole_text(whole, conversion == 'o' ? 8 : strchr("xX", conversion) ? 16 : 10);
        sign = *digits == '-' ? "-" : "";
        body = put_integer(conversion, flags, precision, digits + (*digits == '-'), &prefix);
        if (!*sign)
            sign = strchr(flags, '+') ? "+" : strchr(flags, ' ') ? " " : "";
        put_padded(out, flags, width, sign, prefix, body, true);
        return true;
    }
    if (strchr("eEfFgG", conversion)) {
        double real;
        if (!number || !capo_python_float(v, &real))
            return false;
        if (precision > 400)
            precision = 400;
        int places = precision < 0 ? 6 : (int)precision;
        double magnitude = fabs(real);
        char *digits = strchr("fF", conversion) ? capo_format(strchr(flags, '#') ? "%#.*f" : "%.*f", places, magnitude)
                     : strchr("eE", conversion) ? capo_format(strchr(flags, '#') ? "%#.*e" : "%.*e", places, magnitude)
                                                : capo_format(strchr(flags, '#') ? "%#.*g" : "%.*g", places, magnitude);
        if (conversion < 'a')
            digits = capo_upper(digits);
        sign = signbit(real) && !isnan(real) ? "-" : strchr(flags, '+') ? "+" : strchr(flags, ' ') ? " " : "";
        put_padded(out, flags, width, sign, "", capo_value_text(digits), true);
        return true;
    }
    return false;
}

/* What follows the directive, where "%%" is a percent sign; false: it asks for a second value. */
static bool put_rest(Buffer *out, const char *at, const char *end)
{
    for (; at < end; at++) {
        if (*at == '%' && (++at == end || *at != '%'))
            return false;
        capo_put_char(out, *at);
    }
    return true;
}

static Value stringformat(const Filtering *f, Value v, Value arg)
{
    (void)f;
    Value format = capo_value_to_text(arg);
    const char *at = format.text, *end = at + format.size;
    Buffer out = { 0 };
    char flags[8] = "";
    size_t n_flags = 0;
    int64_t width = 0, precision = -1;
    if (v.kind == VALUE_NULL && (v.flags & VALUE_FLAG_MISSING))
        v = capo_value_text("");
    while (at < end && strchr("-+ #0", *at) && n_flags < sizeof flags - 1)
        flags[n_flags++] = *at++;
    for (; at < end && *at >= '0' && *at <= '9' && width < MAX_WIDTH; at++)
        width = width * 10 + *at - '0';
    if (at < end && *at == '.') {
        precision = 0;
        for (at++; at < end && *at >= '0' && *at <= '9' && precision < MAX_WIDTH; at++)
            precision = precision * 10 + *at - '0';
    }
    while (at < end && strchr("hlL", *at))
        at++;
    /* A width of Python's is not bounded; ours is, as a visitor's value may be the argument. */
    if (at >= end || width >= MAX_WIDTH || precision >= MAX_WIDTH)
        return capo_value_text("");
    if (*at == '%' && !memchr(at + 1, '%', (size_t)(end - at - 1)) && (v.kind == VALUE_MAP || v.kind == VALUE_LIST))
        return capo_value_text(capo_format("%%%s", at + 1));      /* Python takes these for arguments by name */
    if (*at == '%' || !put_directive(&out, *at, flags, width, precision, v) || !put_rest(&out, at + 1, end))
        return capo_value_text("");
    return text_of(&out);
}

const Filter capo_text_filters[] = {
    { "addslashes", addslashes, .is_safe = true, .text = true },
    { "capfirst", capfirst, .is_safe = true, .text = true },
    { "center", center, ARGUMENT_REQUIRED, .is_safe = true, .text = true },
    { "cut", cut, ARGUMENT_REQUIRED, .text = true },
    { "iriencode", iriencode, .is_safe = true, .text = true },
    { "ljust", ljust, ARGUMENT_REQUIRED, .is_safe = true, .text = true },
    { "lower", lower, .is_safe = true, .text = true },
    { "make_list", make_list, .text = true },
    { "phone2numeric", phone2numeric, .is_safe = true },
    { "rjust", rjust, ARGUMENT_REQUIRED, .is_safe = true, .text = true },
    { "slugify", slugify, .is_safe = true, .text = true },
    { "stringformat", stringformat, ARGUMENT_REQUIRED, .is_safe = true },
    { "title", title, .is_safe = true, .text = true },
    { "truncatechars", truncatechars, ARGUMENT_REQUIRED, .is_safe = true, .text = true },
    { "truncatechars_html", truncatechars_html, ARGUMENT_REQUIRED, .is_safe = true, .text = true },
    { "truncatewords", truncatewords, ARGUMENT_REQUIRED, .is_safe = true, .text = true },
    { "truncatewords_html", truncatewords_html, ARGUMENT_REQUIRED, .is_safe = true, .text = true },
    { "upper", upper, .text = true },
    { "urlencode", urlencode, ARGUMENT_OPTIONAL, .text = true },
    { "wordcount", wordcount, .text = true },
    { "wordwrap", wordwrap, ARGUMENT_REQUIRED, .is_safe = true, .text = true },
    { 0 }
};

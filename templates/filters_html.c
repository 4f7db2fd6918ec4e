/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters that know HTML: escaping, what is safe, line breaks, links, scripts. */
#include "filters.h"
#include <string.h>

Value capo_conditional_escape(Value v)
{
    if (v.kind == VALUE_SAFE)
        return v;
    Buffer out = { 0 };
    if (v.kind == VALUE_OBJECT && v.object->ops->html && v.object->ops->html(v.object, &out))
        return capo_buffer_value(&out, true);
    v = capo_value_to_text(v);
    if (strcspn(v.text, "&<>\"'") == v.size) {
        v.kind = VALUE_SAFE;
        return v;
    }
    capo_put_escaped(&out, v.text, v.size);
    return capo_buffer_value(&out, true);
}

static Value escape(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    return capo_conditional_escape(v);
}

static Value force_escape(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    Buffer out = { 0 };
    capo_put_escaped(&out, v.text, v.size);
    return capo_buffer_value(&out, true);
}

static Value each_item(const Filtering *f, const char *filter, Value v, bool safe)
{
    List *list = capo_list_new();
    void *state = NULL;
    Value item;
    if (!capo_iterable(v))
        capo_raise(ERROR_VALUE, "The filter '%s' needs a list, not '%.100s'.", filter, capo_to_text(v));
    while (capo_iterate(v, &state, &item)) {
        capo_step(f->context);
        if (safe) {
            item = capo_value_to_text(item);
            item.kind = VALUE_SAFE;
        } else {
            item = capo_conditional_escape(item);
        }
        capo_list_add(list, item);
    }
    return capo_value_list(list);
}

static Value escapeseq(const Filtering *f, Value v, Value arg) { (void)arg; return each_item(f, "escapeseq", v, false); }
static Value safeseq(const Filtering *f, Value v, Value arg) { (void)arg; return each_item(f, "safeseq", v, true); }

static Value safe(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    v.kind = VALUE_SAFE;
    return v;
}

static Value escapejs(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    Buffer out = { 0 };
    for (uint32_t i = 0; i < v.size; i++) {
        unsigned char c = (unsigned char)v.text[i];
        if (c < 32 || strchr("\\'\"><&=-;`", c))
            capo_put_format(&out, "\\u%04X", c);
        else if (c == 0xE2 && i + 2 < v.size && (unsigned char)v.text[i + 1] == 0x80 && ((unsigned char)v.text[i + 2] | 1) == 0xA9) {
            capo_put(&out, (unsigned char)v.text[i + 2] == 0xA8 ? "\\u2028" : "\\u2029");
            i += 2;
        } else {
            capo_put_char(&out, (char)c);
        }
    }
    return capo_buffer_value(&out, true);
}

static Value json_script(const Filtering *f, Value v, Value arg)
{
    Buffer json = { 0 }, out = { 0 };
    capo_json_put_javascript(&json, v);
    if (f->has_argument && capo_truth(arg)) {
        Value id = capo_conditional_escape(arg);
        capo_put(&out, "<script id=\"");
        capo_put_bytes(&out, id.text, id.size);
        capo_put(&out, "\" type=\"application/json\">");
    } else {
        capo_put(&out, "<script type=\"application/json\">");
    }
    const char *at = capo_buffer_text(&json), *end = at + json.size;
    while (at < end) {
        unsigned char c = (unsigned char)*at;
        if (c == '<' || c == '>' || c == '&') {
            capo_put_format(&out, "\\u%04X", c);
            at++;
        } else if (c < 0x80) {
            capo_put_char(&out, (char)c);
            at++;
        } else {                    /* json.dumps writes ASCII only */
            uint32_t point = capo_utf8_next(&at, end);
            if (point < 0x10000)
                capo_put_format(&out, "\\u%04x", point);
            else
                capo_put_format(&out, "\\u%04x\\u%04x", 0xD800 + ((point - 0x10000) >> 10), 0xDC00 + ((point - 0x10000) & 0x3FF));
        }
    }
    capo_put(&out, "</script>");
    return capo_buffer_value(&out, true);
}

static Value linebreaks(const Filtering *f, Value v, Value arg)
{
    (void)arg;
    Buffer out = { 0 };
    capo_put_linebreaks(&out, v.text, v.size, f->autoescape && v.kind != VALUE_SAFE);
    return capo_buffer_value(&out, true);
}

static Value linebreaksbr(const Filtering *f, Value v, Value arg)
{
    (void)arg;
    Buffer out = { 0 };
    capo_put_linebreaksbr(&out, v.text, v.size, f->autoescape && v.kind != VALUE_SAFE);
    return capo_buffer_value(&out, true);
}

static Value linenumbers(const Filtering *f, Value v, Value arg)
{
    (void)arg;
    bool escaping = f->autoescape && v.kind != VALUE_SAFE;
    size_t lines = 1;
    for (uint32_t i = 0; i < v.size; i++)
        lines += v.text[i] == '\n';
    int width = 1;
    for (size_t n = lines; n >= 10; n /= 10)
        width++;
    Buffer out = { 0 };
    const char *at = v.text, *end = at + v.size;
    for (size_t n = 1; n <= lines; n++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop)
            stop = end;
        capo_put_format(&out, "%s%0*zu. ", n > 1 ? "\n" : "", width, n);
        if (escaping)
            capo_put_escaped(&out, at, (size_t)(stop - at));
        else
            capo_put_bytes(&out, at, (size_t)(stop - at));
        at = stop < end ? stop + 1 : end;
    }
    return capo_buffer_value(&out, true);
}

static Value striptags(const Filtering *f, Value v, Value arg)
{
    (void)f, (void)arg;
    Buffer out = { 0 };
    capo_put_stripped(&out, v.text, v.size);
    return capo_buffer_value(&out, false);
}

static Value urlize(const Filtering *f, Value v, Value arg)
{
    (void)arg;
    Buffer out = { 0 };
    capo_put_urlized(&out, v.text, v.size, v.kind == VALUE_SAFE, true, f->autoescape, URLIZE_WHOLE);
    return capo_buffer_value(&out, true);
}

static Value urlizetrunc(const Filtering *f, Value v, Value arg)
{
    Buffer out = { 0 };
    capo_put_urlized(&out, v.text, v.size, v.kind == VALUE_SAFE, true, f->autoescape, capo_python_int_or_raise("urlizetrunc", arg));
    return capo_buffer_value(&out, true);
}

const Filter capo_html_filters[] = {
    { "escape", escape, .is_safe = true },
    { "escapejs", escapejs, .text = true },
    { "escapeseq", escapeseq, .is_safe = true },
    { "force_escape", force_escape, .is_safe = true, .text = true },
    { "json_script", json_script, ARGUMENT_OPTIONAL, .is_safe = true },
    { "linebreaks", linebreaks, .is_safe = true, .text = true },
    { "linebreaksbr", linebreaksbr, .is_safe = true, .text = true },
    { "linenumbers", linenumbers, .is_safe = true, .text = true },
    { "safe", safe, .is_safe = true, .text = true },
    { "safeseq", safeseq, .is_safe = true },
    { "striptags", striptags, .is_safe = true, .text = true },
    { "urlize", urlize, .is_safe = true, .text = true },
    { "urlizetrunc", urlizetrunc, ARGUMENT_REQUIRED, .is_safe = true, .text = true },
    { 0 }
};

/* SPDX-License-Identifier: BSD-3-Clause */
/* What a response says about keeping it: Cache-Control (RFC 9111, 5.2), Expires, Vary. */
#include "request_internal.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

typedef struct Directive { const char *name, *value; } Directive;      /* value NULL: none */
typedef struct Directives { Directive *items; size_t count, capacity; } Directives;

static void add_directive(Directives *list, Directive directive)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 8;
        list->items = capo_realloc(list->items, list->capacity * sizeof(Directive), capacity * sizeof(Directive));
        list->capacity = capacity;
    }
    list->items[list->count++] = directive;
}

/* Appends what the text says; a comma within quotes separates nothing. Names in lower case, values as they stand. */
static void read_directives(Directives *list, const char *text)
{
    while (*text) {
        text += strspn(text, " \t,");
        const char *start = text;
        for (bool quoted = false; *text && (quoted || *text != ','); text++)
            quoted ^= *text == '"';
        const char *part = start;
        size_t size = (size_t)(text - start);
        capo_trim(&part, &size);
        if (size == 0)
            continue;
        char *word = capo_strndup(part, size), *equals = strchr(word, '=');
        if (equals) {
            *equals = 0;
            const char *name = word;
            size_t name_size = strlen(word);
            capo_trim(&name, &name_size);
            add_directive(list, (Directive){ capo_lower(capo_strndup(name, name_size)), capo_strip(equals + 1) });
        } else {
            add_directive(list, (Directive){ capo_lower(word), NULL });
        }
    }
}

static Directive *find_directive(Directives *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return &list->items[i];
    return NULL;
}

static bool number_of(const Directive *directive, int64_t *ret)
{
    const char *text = directive && directive->value ? directive->value : "";
    if (*text == '"')
        text++;
    char *end;
    long long number = strtoll(text, &end, 10);
    if (end == text || (*end && *end != '"') || number < 0)
        return false;
    *ret = number;
    return true;
}

bool capo_has_cache_directive(const Response *res, const char *name)
{
    const char *text = capo_get_header(res, "Cache-Control");
    Directives list = { 0 };
    if (text)
        read_directives(&list, text);
    return find_directive(&list, name) != NULL;
}

int64_t capo_max_age(const Response *res)
{
    const char *text = capo_get_header(res, "Cache-Control");
    Directives list = { 0 };
    int64_t age;
    if (text)
        read_directives(&list, text);
    return number_of(find_directive(&list, "max-age"), &age) ? age : -1;
}

/* The opposite goes; of two ages the lower stays. */
static void merge(Directives *list, Directive fresh)
{
    static const struct { const char *name, *opposite; } rows[] = { { "private", "public" }, { "public", "private" } };
    for (size_t i = 0; i < 2; i++) {
        Directive *opposite = strcmp(fresh.name, rows[i].name) == 0 ? find_directive(list, rows[i].opposite) : NULL;
        if (opposite) {
            memmove(opposite, opposite + 1, (size_t)(list->items + list->count - opposite - 1) * sizeof *opposite);
            list->count--;
        }
    }
    Directive *known = find_directive(list, fresh.name);
    int64_t old, new;
    if (!known)
        add_directive(list, fresh);
    else if (strcmp(fresh.name, "no-cache") == 0 && known->value)
        known->value = fresh.value ? capo_format("\"%.*s, %.*s\"", (int)strcspn(known->value + (*known->value == '"'), "\""),
                                                 known->value + (*known->value == '"'), (int)strcspn(fresh.value + (*fresh.value == '"'), "\""),
                                                 fresh.value + (*fresh.value == '"')) : NULL;
    else if (strcmp(fresh.name, "no-cache") == 0 || (strcmp(fresh.name, "max-age") == 0 && number_of(known, &old) && number_of(&fresh, &new) && old < new))
        return;
    else
        known->value = fresh.value;
}

void capo_cache_control(Response *res, const char *directives)
{
    const char *now = capo_get_header(res, "Cache-Control");
    Directives list = { 0 }, fresh = { 0 };
    if (now)
        read_directives(&list, now);
    read_directives(&fresh, directives);
    for (size_t i = 0; i < fresh.count; i++)
        merge(&list, fresh.items[i]);
    Buffer out = { 0 };
    for (size_t i = 0; i < list.count; i++)
        capo_put_format(&out, "%s%s%s%s", i ? ", " : "", list.items[i].name, list.items[i].value ? "=" : "",
                        list.items[i].value ? list.items[i].value : "");
    capo_set_header(res, "Cache-Control", out.size ? out.data : NULL);
}

static void set_expires(Response *res, int64_t seconds_from_now)
{
    char date[HTTP_DATE_SIZE + 1];
    http_date_put(date, capo_now().microseconds / 1000000 + seconds_from_now);
    if (!capo_get_header(res, "Expires"))
        capo_set_header(res, "Expires", date);
}

void capo_cache_for(Response *res, int64_t seconds)
{
    enum { TEN_YEARS = 315360000 };
    seconds = seconds < 0 ? 0 : seconds > TEN_YEARS ? TEN_YEARS : seconds;
    set_expires(res, seconds);
    capo_cache_control(res, capo_format("max-age=%lld", (long long)seconds));
}

void capo_never_cache(Response *res)
{
    set_expires(res, 0);
    capo_set_header(res, "Cache-Control", "max-age=0, no-cache, no-store, must-revalidate, private");
}

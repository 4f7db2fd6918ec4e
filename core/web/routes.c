/* SPDX-License-Identifier: BSD-3-Clause */
/* From a path to its route: rows are tried in order and the first that matches wins; an include that leads nowhere is passed by.
 *
 * The path is matched as a whole, decoded, in one form only: nothing is normalised, so what the access rules see is what is
 * dispatched. A row is literals and captures; most are refused by the first literal's memcmp. Within a row captures are
 * greedy and give back as a regular expression would, with a memory of dead ends, so that no path takes more than square time. */
#include "routes.h"
#include <string.h>

typedef struct Matcher {
    const Segment *segments;
    size_t n_segments;
    const char *begin, *end;
    bool whole;
    Capture *captures;
    const char *rest;
    uint8_t *dead;          /* a bit for each (segment, place); NULL: too few captures to be worth it */
} Matcher;

static size_t reach(const RouteConverter *converter, const char *at, const char *end)
{
    if (converter->fixed_size)
        return (size_t)(end - at) >= converter->fixed_size && converter->accepts(at, converter->fixed_size) ? converter->fixed_size : 0;
    if (converter->regex)
        return (size_t)(end - at);
    const char *stop = at;
    while (stop < end && converter->char_class((unsigned char)*stop))
        stop++;
    return (size_t)(stop - at);
}

static bool regex_takes(const RouteConverter *converter, const char *text, size_t size)
{
    regmatch_t whole = { .rm_so = 0, .rm_eo = (regoff_t)size };
    return regexec(converter->regex, text, 1, &whole, REG_STARTEND) == 0;
}

static bool match_at(Matcher *m, size_t i, size_t capture, const char *at)
{
    while (i < m->n_segments && !m->segments[i].converter) {
        const Segment *literal = &m->segments[i];
        if ((size_t)(m->end - at) < literal->size || memcmp(at, literal->text, literal->size) != 0)
            return false;
        at += literal->size;
        i++;
    }
    if (i == m->n_segments) {
        m->rest = at;
        return !m->whole || at == m->end;
    }
    size_t bit = i * (size_t)(m->end - m->begin + 1) + (size_t)(at - m->begin);
    if (m->dead && m->dead[bit / 8] >> bit % 8 & 1)
        return false;
    const Segment *segment = &m->segments[i], *next = i + 1 < m->n_segments ? segment + 1 : NULL;
    const RouteConverter *converter = segment->converter;
    size_t longest = reach(converter, at, m->end), shortest = converter->fixed_size ? converter->fixed_size : 1;
    if (!next && m->whole)
        shortest = (size_t)(m->end - at) > shortest ? (size_t)(m->end - at) : shortest;     /* only one length can do */
    for (size_t size = longest; size >= shortest; size--) {
        if (next && !next->converter && (at + size == m->end || at[size] != *next->text))
            continue;
        if (converter->regex && !regex_takes(converter, at, size))
            continue;
        if (match_at(m, i + 1, capture + 1, at + size)) {
            m->captures[capture] = (Capture){ .converter = converter, .name = segment->text, .text = at, .size = size };
            return true;
        }
    }
    if (m->dead)
        m->dead[bit / 8] |= (uint8_t)(1 << bit % 8);
    return false;
}

bool segments_match(const Segment *segments, size_t n_segments, size_t n_captures, const char *text, size_t size, bool whole,
                    Capture *ret_captures, const char **ret_rest)
{
    Matcher m = { .segments = segments, .n_segments = n_segments, .begin = text, .end = text + size, .whole = whole, .captures = ret_captures };
    if (n_captures >= 3)
        m.dead = capo_alloc(n_segments * (size + 1) / 8 + 1);
    if (!match_at(&m, 0, 0, text))
        return false;
    for (size_t i = 0; i < n_captures; i++)
        if (ret_captures[i].converter->accepts && !ret_captures[i].converter->accepts(ret_captures[i].text, ret_captures[i].size))
            return false;
    if (ret_rest)
        *ret_rest = m.rest;
    return true;
}

/* As Django's RegexPattern: found anywhere, but whole where it ends with '$'. With names, groups without one do not count. */
static bool match_regex(const RouteNode *node, const char *at, const char *end, size_t before, Capture *captures, size_t *ret_count,
                        const char **ret_rest)
{
    const RouteRegex *regex = node->regex;
    RegexSpan groups[REGEX_GROUPS];
    bool whole = !node->route->include && capo_ends_with(regex->pattern, "$") && !capo_ends_with(regex->pattern, "\\$"), named = false;
    if (!route_regex_match(regex, at, end, false, whole, groups, ret_rest))
        return false;
    for (int i = 0; i < regex->n_groups; i++)
        named |= regex->names[i] != NULL;
    size_t count = 0;
    for (int i = 0; i < regex->n_groups; i++) {
        if (named && (!regex->names[i] || !groups[i].from))
            continue;
        captures[count] = (Capture){ .name = named ? regex->names[i] : capo_format("%zu", before + count), .text = groups[i].from,
                                     .size = groups[i].from ? (size_t)(groups[i].to - groups[i].from) : 0, .by_number = !named };
        count++;
    }
    *ret_count = count;
    return true;
}

static bool match_children(const RouteNode *parent, const char *at, const char *end, size_t n_captures, RouteMatch *ret)
{
    for (const RouteNode *node = parent->children, *stop = node + parent->n_children; node < stop; node++) {
        const Segment *first = node->segments;
        size_t captured = node->n_captures;
        if (node->n_segments && !first->converter && ((size_t)(end - at) < first->size || memcmp(at, first->text, first->size) != 0))
            continue;
        const char *rest;
        if (node->regex ? !match_regex(node, at, end, n_captures, ret->captures + n_captures, &captured, &rest)
                        : !segments_match(node->segments, node->n_segments, node->n_captures, at, (size_t)(end - at), !node->route->include,
                                          ret->captures + n_captures, &rest))
            continue;
        for (size_t i = 0; i < captured; i++)
            ret->captures[n_captures + i].node = node;
        if (node->route->include) {
            if (match_children(node, rest, end, n_captures + captured, ret))
                return true;
            continue;
        }
        ret->node = node;
        ret->n_captures = n_captures + captured;
        return true;
    }
    return false;
}

bool routes_match(const char *path, RouteMatch *ret)
{
    if (*path != '/')
        return false;
    return match_children(routes_root(), path + 1, path + strlen(path), 0, ret);
}

/* --- arguments ---------------------------------------------------------------------------------------------------------------- */

/* As Django's converters' to_python: int gives a number (a decimal past 64 bits), uuid a UUID, the others text. */
static Value capture_value(const Capture *capture)
{
    if (!capture->text)
        return capo_value_null();
    Value text = capo_value_copy_n(capture->text, capture->size);
    if (!capture->converter)
        return text;
    if (strcmp(capture->converter->name, "int") == 0) {
        int64_t number;
        if (capo_to_int(text, &number))
            return capo_value_int(number);
        const char *digits = text.text;
        while (*digits == '0' && digits[1])
            digits++;
        return capo_value_decimal((Decimal){ digits });
    }
    Uuid uuid;
    if (strcmp(capture->converter->name, "uuid") == 0 && capo_parse_uuid(text.text, &uuid))
        return capo_value_uuid(uuid);
    return text;
}

static const Capture *find_capture(const RouteMatch *match, const RouteNode *node, const char *name)
{
    for (size_t i = match->n_captures; i-- > 0;)
        if (match->captures[i].node == node && strcmp(match->captures[i].name, name) == 0)
            return &match->captures[i];
    return NULL;
}

bool routes_argument(const RouteMatch *match, const char *name, Value *ret)
{
    for (const RouteNode *node = match->node; node && node->route; node = node->parent) {
        for (const Var *extra = node->route->arguments; extra && extra->name; extra++)
            if (strcmp(extra->name, name) == 0) {
                *ret = extra->value;
                return true;
            }
        const Capture *capture = find_capture(match, node, name);
        if (capture) {
            *ret = capture_value(capture);
            return true;
        }
    }
    return false;
}

static size_t add_argument(const RouteMatch *match, Var *vars, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(vars[i].name, name) == 0)
            return count;
    vars[count].name = name;
    routes_argument(match, name, &vars[count].value);
    return count + 1;
}

static void outer_first(const RouteMatch *match, const RouteNode *node, Var *vars, size_t *count)
{
    if (!node->route)
        return;
    outer_first(match, node->parent, vars, count);
    for (size_t i = 0; i < match->n_captures; i++)
        if (match->captures[i].node == node)
            *count = add_argument(match, vars, *count, match->captures[i].name);
    for (const Var *extra = node->route->arguments; extra && extra->name; extra++)
        *count = add_argument(match, vars, *count, extra->name);
}

const Var *routes_arguments(const RouteMatch *match)
{
    size_t most = match->n_captures + 1, count = 0;
    for (const RouteNode *node = match->node; node && node->route; node = node->parent)
        for (const Var *extra = node->route->arguments; extra && extra->name; extra++)
            most++;
    Var *vars = capo_alloc_array(most, sizeof *vars);
    outer_first(match, match->node, vars, &count);
    return vars;
}

/* --- public ------------------------------------------------------------------------------------------------------------------- */

const Route *capo_resolve(const char *path, const char **ret_name, const Var **ret_arguments)
{
    RouteMatch match;
    if (!routes_match(path, &match))
        return NULL;
    if (ret_name)
        *ret_name = match.node->name;
    if (ret_arguments)
        *ret_arguments = routes_arguments(&match);
    return match.node->route;
}

static void each_below(const RouteNode *parent, void (*see)(const char *, const char *, const Route *, void *), void *context)
{
    for (size_t i = 0; i < parent->n_children; i++) {
        const RouteNode *node = &parent->children[i];
        if (node->route->include)
            each_below(node, see, context);
        else
            see(node->pattern, node->name, node->route, context);
    }
}

void capo_each_route(void (*see)(const char *pattern, const char *name, const Route *route, void *context), void *context)
{
    each_below(routes_root(), see, context);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiles a Route list into a tree of nodes; every mistake in it is a sentence that names the row. */
#include "routes.h"
#include <string.h>

static RouteNode *root;
static const RouteConverter *converters;
static size_t n_converters;

const RouteNode *routes_root(void)
{
    if (!root)
        capo_bug("a route was asked for before capo_settings_init");
    return root;
}

/* --- converters -------------------------------------------------------------------------------------------------------------- */

static bool class_str(unsigned char c) { return c != '/'; }
static bool class_int(unsigned char c) { return c >= '0' && c <= '9'; }
static bool class_path(unsigned char c) { return c != '\n'; }
static bool class_slug(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

/* Lower case with hyphens, and nothing else: one UUID has one URL. */
static bool accepts_uuid(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? text[i] != '-' : !((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
            return false;
    }
    return true;
}

static const RouteConverter built_in[] = {
    { "str", .char_class = class_str },
    { "int", .char_class = class_int },
    { "slug", .char_class = class_slug },
    { "uuid", .fixed_size = 36, .accepts = accepts_uuid },
    { "path", .char_class = class_path },
};
enum { N_BUILT_IN = sizeof built_in / sizeof *built_in };

static regex_t *compile_pattern(const Converter *converter)
{
    if (!converter->pattern || !*converter->pattern)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The converter '%s' has no .pattern.", converter->name);
    regex_t *regex = arena_alloc(settings_arena(), sizeof *regex);
    int status = regcomp(regex, capo_format("^(%s)$", converter->pattern), REG_EXTENDED);
    if (status != 0) {
        char why[128];
        regerror(status, regex, why, sizeof why);
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The pattern '%s' of the converter '%s' is no POSIX extended regular expression: %s.",
                   converter->pattern, converter->name, why);
    }
    if (regex->re_nsub > 1)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The pattern '%s' of the converter '%s' has a group; write it without.", converter->pattern,
                   converter->name);
    return regex;
}

static void compile_converters(const Converter *own)
{
    size_t n_own = 0;
    while (own && own[n_own].name)
        n_own++;
    RouteConverter *all = arena_alloc(settings_arena(), (N_BUILT_IN + n_own) * sizeof *all);
    memcpy(all, built_in, sizeof built_in);
    for (size_t i = 0; i < n_own; i++)
        all[N_BUILT_IN + i] = (RouteConverter){ .name = own[i].name, .accepts = own[i].accepts, .regex = compile_pattern(&own[i]) };
    converters = all;
    n_converters = N_BUILT_IN + n_own;
}

static const RouteConverter *find_converter(const char *name, size_t size, const Route *route)
{
    /* From the end, so that a site may replace a built-in one. */
    for (size_t i = n_converters; i-- > 0;)
        if (strlen(converters[i].name) == size && memcmp(converters[i].name, name, size) == 0)
            return &converters[i];
    const char **names = capo_alloc_array(n_converters, sizeof *names);
    for (size_t i = 0; i < n_converters; i++)
        names[i] = converters[i].name;
    char *wanted = capo_strndup(name, size);
    capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The route '%s' uses the converter '%s', which there is not.%s There are: str, int, slug, uuid, "
               "path, and those of settings' .converters.", route->path, wanted, capo_did_you_mean(wanted, names, n_converters));
}

/* --- one row ----------------------------------------------------------------------------------------------------------------- */

static bool is_identifier(const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
        if (!letter && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return size > 0;
}

static void compile_capture(RouteNode *node, Segment *segment, const char *inner, size_t size)
{
    const Route *route = node->route;
    const char *colon = memchr(inner, ':', size);
    const char *name = colon ? colon + 1 : inner;
    size_t name_size = size - (size_t)(name - inner);
    for (size_t i = 0; i < size; i++)
        if (strchr(" \t\n\r\v\f", inner[i]))
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The route '%s' has white space between angle brackets <...>.", route->path);
    if (!is_identifier(name, name_size))
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The route '%s' has the argument name '%s', which is no name: it must begin with a letter "
                   "or '_' and hold only letters, digits and '_'.", route->path, capo_strndup(name, name_size));
    for (const Segment *other = node->segments; other < segment; other++)
        if (other->converter && other->size == name_size && memcmp(other->text, name, name_size) == 0)
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The route '%s' uses the argument name '%s' more than once.", route->path, other->text);
    *segment = (Segment){ .converter = colon ? find_converter(inner, (size_t)(colon - inner), route) : find_converter("str", 3, route),
                          .text = arena_strndup(settings_arena(), name, name_size), .size = name_size };
}

static void compile_segments(RouteNode *node)
{
    const char *path = node->route->path;
    size_t most = 1;
    for (const char *c = path; *c; c++)
        most += 2 * (*c == '<');
    node->segments = arena_alloc(settings_arena(), most * sizeof *node->segments);
    for (const char *at = path; *at;) {
        Segment *segment = &node->segments[node->n_segments];
        if (*at == '<') {
            const char *close = strchr(at, '>');
            if (!close)
                capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The route '%s' has a '<' without '>'.", path);
            compile_capture(node, segment, at + 1, (size_t)(close - at - 1));
            node->n_captures++;
            at = close + 1;
        } else {
            size_t size = strcspn(at, "<");
            *segment = (Segment){ .text = arena_strndup(settings_arena(), at, size), .size = size };
            at += size;
        }
        node->n_segments++;
    }
}

static void compile_regex(RouteNode *node)
{
    const char *error;
    node->regex = route_regex_compile(node->route->path, &error);
    if (!node->regex)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The route '%s' is no regular expression: %s.", node->route->path, error);
    node->n_captures = (size_t)node->regex->n_groups;
}

static size_t captures_to(const RouteNode *node)
{
    size_t count = 0;
    for (; node; node = node->parent)
        count += node->n_captures;
    return count;
}

static void check_row(const Route *route, const char *before)
{
    if (*route->path == '/' && !route->regex)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The route '%s' below '/%s' begins with '/'; the prefix has it already: leave it out.",
                   route->path, before);
    if (!route->view == !route->include)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The route '%s%s' has %s; it needs one of them.", before, route->path,
                   route->view ? "both a view and an include" : "neither a view nor an include");
    if (route->name && strchr(route->name, ':'))
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The route '%s%s' has the name '%s'; a name holds no ':', which parts namespaces.", before,
                   route->path, route->name);
}

static const char *joined(const char *a, const char *b)
{
    return *a ? settings_strdup(capo_format("%s:%s", a, b)) : b;
}

static void compile_rows(RouteNode *parent, const Route *rows, int depth)
{
    if (depth > INCLUDE_DEPTH_LIMIT)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The routes at '%s' include each other more than %d levels deep; does a list include itself?",
                   parent->pattern, INCLUDE_DEPTH_LIMIT);
    for (const Route *row = rows; row->path; row++)
        parent->n_children++;
    parent->children = arena_alloc(settings_arena(), (parent->n_children + 1) * sizeof *parent->children);
    for (size_t i = 0; i < parent->n_children; i++) {
        RouteNode *node = &parent->children[i];
        const Route *row = &rows[i];
        check_row(row, parent->pattern);
        *node = (RouteNode){ .route = row, .parent = parent, .space = parent->space,
                             .pattern = settings_strdup(capo_format("%s%s", parent->pattern,
                                                                  row->regex && *row->path == '^' && *parent->pattern ? row->path + 1 : row->path)) };
        if (row->regex)
            compile_regex(node);
        else
            compile_segments(node);
        if (captures_to(node) > CAPTURES_LIMIT)
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The route '%s' has more than %d arguments.", node->pattern, CAPTURES_LIMIT);
        if (row->include) {
            if (row->name)
                node->space = joined(parent->space, row->name);
            compile_rows(node, row->include, depth + 1);
        } else if (row->name) {
            node->name = joined(parent->space, row->name);
        }
    }
}

static bool is_path_here(const char *url)
{
    return *url == '/' && url[1];
}

/* The site's rows, and before them one for static files where they are served from here. In DEBUG one for uploaded files stands behind
 * all: outside of it a site says itself who may have them. */
static const Route *with_files(const Settings *settings)
{
    bool media = settings->debug && is_path_here(settings->media_url);
    size_t count = 0, n = 0;
    while (settings->urls[count].path)
        count++;
    Route *rows = arena_alloc(settings_arena(), (count + 3) * sizeof *rows);
    if (is_path_here(settings->static_url))
        rows[n++] = (Route){ .path = settings_strdup(capo_format("%s<path:path>", settings->static_url + 1)), .view = capo_serve_static, .methods = GET };
    memcpy(rows + n, settings->urls, count * sizeof *rows);
    n += count;
    if (media)
        rows[n++] = (Route){ .path = settings_strdup(capo_format("%s<path:path>", settings->media_url + 1)), .view = capo_serve_media, .methods = GET };
    return rows;
}

void routes_compile(const Settings *settings)
{
    compile_converters(settings->converters);
    RouteNode *top = arena_alloc(settings_arena(), sizeof *top);
    top->pattern = top->space = "";
    compile_rows(top, with_files(settings), 1);
    root = top;
}

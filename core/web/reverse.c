/* SPDX-License-Identifier: BSD-3-Clause */
/* From a route's name and arguments to its URL (Django's reverse).
 *
 * Of several routes with one name the last that takes these arguments is it. An argument that its converter would not match
 * is no match, so a URL made here always leads back to the route. The result is percent-encoded and never begins with "//". */
#include "routes.h"
#include <string.h>

/* What may stand in a path as it is: RFC 3986's sub-delimiters, and '/', ':', '@'. */
static const char path_safe[] = "!$&'()*+,;=/~:@";

typedef struct Search {
    const char *name;               /* without namespaces */
    const Var *arguments;
    size_t n_arguments;
    bool positional;
    bool names_only;                /* the arguments have no values yet: their names and number count */
    const RouteNode *scope;         /* the include that the namespaces led to, or the root */
    char *found;
    Buffer candidates;              /* patterns of this name, for the message */
} Search;

static const Var *find_var(const Var *vars, const char *name)
{
    for (; vars && vars->name; vars++)
        if (strcmp(vars->name, name) == 0)
            return vars;
    return NULL;
}

/* An extra argument of the route or of an include between it and the scope. */
static const Var *find_default(const Search *search, const RouteNode *node, const char *name)
{
    for (; node != search->scope && node->route; node = node->parent) {
        const Var *var = find_var(node->route->arguments, name);
        if (var)
            return var;
    }
    return NULL;
}

static bool has_capture(const RouteNode *node, const char *name)
{
    for (; node; node = node->parent)
        for (size_t i = 0; i < node->n_segments; i++)
            if (node->segments[i].converter && strcmp(node->segments[i].text, name) == 0)
                return true;
    return false;
}

static bool names_fit(const Search *search, const RouteNode *node)
{
    for (size_t i = 0; i < search->n_arguments; i++) {
        const Var *given = &search->arguments[i];
        if (has_capture(node, given->name))
            continue;
        const Var *extra = find_default(search, node, given->name);
        if (!extra || (!search->names_only && !capo_equal(extra->value, given->value)))
            return false;
    }
    return true;
}

static size_t chain_of(const RouteNode *node, const RouteNode *chain[], size_t *ret_segments, size_t *ret_captures)
{
    size_t depth = 0;
    for (; node; node = node->parent)
        chain[depth++] = node;
    *ret_segments = *ret_captures = 0;
    for (size_t i = 0; i < depth; i++) {
        *ret_segments += chain[i]->n_segments;
        *ret_captures += chain[i]->n_captures;
    }
    return depth;
}

/* Quoted, behind a slash; a second slash would make a host of what follows. */
static char *url_of(const char *path, size_t size)
{
    Buffer url = { 0 };
    capo_put(&url, *path == '/' ? "/%2F" : "/");
    capo_put_quoted(&url, path + (*path == '/'), size - (*path == '/'), path_safe);
    return capo_buffer_text(&url);
}

/* --- chains with regular expressions ------------------------------------------------------------------------------------------- */

/* A plain row as the one form that it has. */
static size_t forms_of_node(const RouteNode *node, RegexForm **ret_forms)
{
    if (node->regex)
        return route_regex_forms(node->regex, ret_forms);
    RegexForm *form = *ret_forms = capo_alloc_struct(RegexForm);
    form->pieces = capo_alloc_array(node->n_segments + 1, sizeof *form->pieces);
    for (size_t i = 0; i < node->n_segments; i++) {
        const Segment *segment = &node->segments[i];
        form->pieces[form->count++] = segment->converter ? (RegexPiece){ NULL, segment->text } : (RegexPiece){ segment->text, NULL };
    }
    return 1;
}

/* What was made must match each row in turn, from where the one before it ended. */
static bool chain_matches(const RouteNode *const chain[], size_t depth, const char *text, size_t size)
{
    const char *at = text, *end = text + size;
    while (depth-- > 0) {
        const RouteNode *node = chain[depth];
        RegexSpan groups[REGEX_GROUPS];
        Capture captures[CAPTURES_LIMIT];
        if (node->regex ? !route_regex_match(node->regex, at, end, true, false, groups, &at)
                        : !segments_match(node->segments, node->n_segments, node->n_captures, at, (size_t)(end - at), depth == 0, captures, &at))
            return false;
    }
    return true;
}

typedef struct Way {
    const RegexPiece *pieces[64];
    size_t count, n_parameters;
} Way;

static char *write_way(const Search *search, const RouteNode *node, const RouteNode *const chain[], size_t depth, const Way *way)
{
    if (search->positional && search->n_arguments != way->n_parameters)
        return NULL;
    size_t taken = 0;
    for (size_t i = 0; !search->positional && i < search->n_arguments; i++) {
        bool wanted = false;
        for (size_t j = 0; j < way->count && !wanted; j++)
            wanted = way->pieces[j]->parameter && strcmp(way->pieces[j]->parameter, search->arguments[i].name) == 0;
        const Var *extra = wanted ? NULL : find_default(search, node, search->arguments[i].name);
        if (!wanted && (!extra || (!search->names_only && !capo_equal(extra->value, search->arguments[i].value))))
            return NULL;
    }
    Buffer path = { 0 };
    const Var *used[sizeof way->pieces / sizeof *way->pieces] = { NULL };
    for (size_t i = 0; i < way->count; i++) {
        const RegexPiece *piece = way->pieces[i];
        if (piece->text) {
            capo_put(&path, piece->text);
            continue;
        }
        bool again = *piece->parameter == '\2';         /* a back reference takes no argument of its own */
        const Var *given = NULL;
        for (size_t j = 0; again && j < i && !given; j++)
            if (used[j] && strcmp(way->pieces[j]->parameter, piece->parameter + 1) == 0)
                given = used[j];
        if (!again)
            given = search->positional ? &search->arguments[taken++] : find_var(search->arguments, piece->parameter);
        if (!given)
            return NULL;
        used[i] = given;
        capo_put_value(&path, given->value);
    }
    const char *text = capo_buffer_text(&path);
    if (search->names_only)
        return capo_strdup("");
    if (strlen(text) != path.size || !chain_matches(chain, depth, text, path.size))
        return NULL;
    return url_of(text, path.size);
}

/* Tries the forms of each row in turn with all of those behind it. */
static char *try_ways(const Search *search, const RouteNode *node, const RouteNode *const chain[], size_t depth, size_t left, Way *way)
{
    if (left == 0)
        return write_way(search, node, chain, depth, way);
    RegexForm *forms;
    size_t n_forms = forms_of_node(chain[left - 1], &forms);
    char *url = NULL;
    for (size_t i = 0; i < n_forms && !url; i++) {
        Way longer = *way;
        for (size_t j = 0; j < forms[i].count && longer.count < sizeof way->pieces / sizeof *way->pieces; j++) {
            const RegexPiece *piece = &forms[i].pieces[j];
            longer.n_parameters += piece->parameter && *piece->parameter != '\2';
            longer.pieces[longer.count++] = piece;
        }
        url = try_ways(search, node, chain, depth, left - 1, &longer);
    }
    return url;
}

static char *try_node(const Search *search, const RouteNode *node)
{
    const RouteNode *chain[INCLUDE_DEPTH_LIMIT + 2];
    size_t n_segments, n_captures, depth = chain_of(node, chain, &n_segments, &n_captures), taken = 0, n = 0;
    for (size_t i = 0; i < depth; i++)
        if (chain[i]->regex)
            return try_ways(search, node, chain, depth, depth, &(Way){ 0 });
    if (search->positional ? search->n_arguments != n_captures : !names_fit(search, node))
        return NULL;
    Segment *segments = capo_alloc_array(n_segments + 1, sizeof *segments);
    Buffer path = { 0 };
    while (depth-- > 0) {
        for (size_t i = 0; i < chain[depth]->n_segments; i++) {
            const Segment *segment = &chain[depth]->segments[i];
            segments[n++] = *segment;
            if (!segment->converter) {
                capo_put_bytes(&path, segment->text, segment->size);
                continue;
            }
            const Var *given = search->positional ? &search->arguments[taken++] : find_var(search->arguments, segment->text);
            if (!given)
                return NULL;
            capo_put_value(&path, given->value);
        }
    }
    const char *text = capo_buffer_text(&path);
    Capture captures[CAPTURES_LIMIT];
    if (search->names_only)
        return capo_strdup("");
    if (!segments_match(segments, n, n_captures, text, path.size, true, captures, NULL) || strlen(text) != path.size)
        return NULL;
    return url_of(text, path.size);
}

static void search_below(Search *search, const RouteNode *parent)
{
    for (size_t i = parent->n_children; i-- > 0 && !search->found;) {
        const RouteNode *node = &parent->children[i];
        if (node->route->include) {
            if (!node->route->name)
                search_below(search, node);
        } else if (node->route->name && strcmp(node->route->name, search->name) == 0) {
            search->found = try_node(search, node);
            if (!search->found)
                capo_put_format(&search->candidates, "%s'/%s'", search->candidates.size ? ", " : "", node->pattern);
        }
    }
}

/* --- namespaces --------------------------------------------------------------------------------------------------------------- */

static bool is_named(const char *text, const char *name, size_t size)
{
    return text && strlen(text) == size && memcmp(text, name, size) == 0;
}

static const RouteNode *find_instance(const RouteNode *parent, const char *space, size_t size)
{
    for (size_t i = 0; i < parent->n_children; i++) {
        const RouteNode *node = &parent->children[i];
        if (!node->route->include)
            continue;
        if (!node->route->name) {
            const RouteNode *below = find_instance(node, space, size);
            if (below)
                return below;
        } else if (is_named(node->route->name, space, size)) {
            return node;
        }
    }
    return NULL;
}

/* The last instance of an app below, or the one of this instance name where `instance` is given. */
static const RouteNode *find_app(const RouteNode *parent, const char *app, size_t size, const char *instance, size_t instance_size)
{
    for (size_t i = parent->n_children; i-- > 0;) {
        const RouteNode *node = &parent->children[i];
        if (!node->route->include)
            continue;
        if (!node->route->name) {
            const RouteNode *below = find_app(node, app, size, instance, instance_size);
            if (below)
                return below;
        } else if (is_named(node->route->app_name, app, size) && (!instance || is_named(node->route->name, instance, instance_size))) {
            return node;
        }
    }
    return NULL;
}

/* The include that "a:b:" of the name leads to; NULL: there is none. A namespace may be an app's name: then the instance that
 * the current app names is meant, else the one that is called like the app, else the last. */
static const RouteNode *find_scope(const char **name, const char *current)
{
    const RouteNode *scope = routes_root();
    for (const char *colon; (colon = strchr(*name, ':')) != NULL; *name = colon + 1) {
        size_t size = (size_t)(colon - *name), current_size = current ? strcspn(current, ":") : 0;
        const RouteNode *found = current_size ? find_app(scope, *name, size, current, current_size) : NULL;
        if (!found) {
            bool own_instance = find_app(scope, *name, size, *name, size) != NULL;
            found = own_instance ? NULL : find_app(scope, *name, size, NULL, 0);
        }
        if (!found)
            found = find_instance(scope, *name, size);
        if (!found)
            return NULL;
        bool along = current_size && is_named(found->route->name, current, current_size);
        current = along && current[current_size] ? current + current_size + 1 : NULL;
        scope = found;
    }
    return scope;
}

/* --- messages ----------------------------------------------------------------------------------------------------------------- */

typedef struct NameList { const char *names[512]; size_t count; } NameList;

static void note_name(const char *pattern, const char *name, const Route *route, void *context)
{
    (void)pattern, (void)route;
    NameList *list = context;
    for (size_t i = 0; i < list->count; i++)
        if (name && strcmp(list->names[i], name) == 0)
            return;
    if (name && list->count < sizeof list->names / sizeof *list->names)
        list->names[list->count++] = name;
}

static const char *no_such_name(const char *name)
{
    enum { SHOWN = 30 };
    NameList *list = capo_alloc_struct(NameList);
    capo_each_route(note_name, list);
    const char *nearest = capo_did_you_mean(name, list->names, list->count);
    Buffer there = { 0 };
    for (size_t i = 0; !*nearest && i < list->count && i < SHOWN; i++)
        capo_put_format(&there, "%s%s", i ? ", " : " There are: ", list->names[i]);
    if (there.size)
        capo_put(&there, list->count > SHOWN ? ", …" : ".");
    return capo_format("There is no route with the name '%s'.%s%s", name, nearest, capo_buffer_text(&there));
}

static const char *no_such_arguments(const char *name, const Search *search)
{
    Buffer given = { 0 };
    for (size_t i = 0; i < search->n_arguments; i++) {
        capo_put(&given, i ? ", " : "");
        if (!search->positional)
            capo_put_format(&given, "%s%s", search->arguments[i].name, search->names_only ? "" : "=");
        if (!search->names_only)
            capo_put_repr(&given, search->arguments[i].value);
        else if (search->positional)
            capo_put(&given, "…");
    }
    Search copy = *search;
    return capo_format("The route '%s' was given %s; that does not fit %s.", name, given.size ? capo_buffer_text(&given) : "no arguments",
                       capo_buffer_text(&copy.candidates));
}

/* The row that the name stands for, with the arguments that it stands for before those given. */
static void search_alias(Search *search)
{
    Var first[ALIAS_ARGUMENTS + 1] = { { 0 } };
    const char *name = search->scope->route->alias(search->name, first);
    if (!name)
        return;
    size_t n_first = 0;
    while (n_first < ALIAS_ARGUMENTS && first[n_first].name)
        n_first++;
    Var *all = capo_alloc_array(n_first + search->n_arguments + 1, sizeof *all);
    memcpy(all, first, n_first * sizeof *all);
    if (search->n_arguments)
        memcpy(all + n_first, search->arguments, search->n_arguments * sizeof *all);
    for (size_t i = 0; search->positional && i < n_first; i++)
        all[i].name = "";
    search->name = name;
    search->arguments = all;
    search->n_arguments += n_first;
    search_below(search, search->scope);
}

/* The URL, or NULL with *ret_problem: why there is none. */
static char *reverse(const char *full_name, const Var *arguments, const char *current_app, bool names_only, const char **ret_problem)
{
    Search search = { .name = full_name, .arguments = arguments, .names_only = names_only };
    while (arguments && arguments[search.n_arguments].name) {
        bool positional = !*arguments[search.n_arguments].name;
        if (search.n_arguments && positional != search.positional)
            capo_raise(ERROR_VALUE, "The route '%s' was given both named arguments and ones in order; use one kind.", full_name);
        search.positional = positional;
        search.n_arguments++;
    }
    search.scope = find_scope(&search.name, current_app);
    if (search.scope)
        search_below(&search, search.scope);
    if (search.scope && !search.found && !search.candidates.size && search.scope->route && search.scope->route->alias)
        search_alias(&search);
    if (!search.found && ret_problem)
        *ret_problem = search.candidates.size ? no_such_arguments(full_name, &search) : no_such_name(full_name);
    return search.found;
}

static char *reverse_or_raise(const char *name, const Var *arguments, const char *current_app)
{
    const char *problem = "";
    char *url = reverse(name, arguments, current_app, false, &problem);
    if (!url)
        capo_raise(ERROR_NO_REVERSE_MATCH, "%s", problem);
    return url;
}

char *capo_reverse_with(const char *name, const Var *arguments)
{
    return reverse_or_raise(name, arguments, NULL);
}

char *capo_reverse_or_null(const char *name, const Var *arguments)
{
    return reverse(name, arguments, NULL, false, NULL);
}

char *capo_reverse_in(const char *name, const Var *arguments, const char *current_app)
{
    return reverse_or_raise(name, arguments, current_app);
}

char *capo_reverse_in_or_null(const char *name, const Var *arguments, const char *current_app)
{
    return reverse(name, arguments, current_app, false, NULL);
}

const char *capo_reverse_problem(const char *name, const char *const *arguments)
{
    size_t count = 0;
    while (arguments && arguments[count])
        count++;
    Var *vars = capo_alloc_array(count + 1, sizeof *vars);
    for (size_t i = 0; i < count; i++)
        vars[i].name = arguments[i];
    const char *problem = NULL;
    reverse(name, vars, NULL, true, &problem);
    return problem;
}

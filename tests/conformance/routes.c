/* SPDX-License-Identifier: BSD-3-Clause */
/* Cases of routes: a route table as JSON, and a path to resolve in it or a name to reverse. */
#include "conformance.h"
#include "../../core/web/routes.h"
#include <capo/web.h>
#include <string.h>

static Response *no_view(Request *req)
{
    (void)req;
    return NULL;
}

static const Var *vars_of(Value map)
{
    size_t count = map.kind == VALUE_MAP ? map.map->count : 0;
    Var *vars = capo_alloc_array(count + 1, sizeof *vars);
    for (size_t i = 0; i < count; i++)
        vars[i] = (Var){ .name = map.map->entries[i].key.text, .value = conformance_decode(map.map->entries[i].value) };
    return vars;
}

static const Route *routes_of(Value rows)
{
    Route *routes = capo_alloc_array(rows.list->count + 1, sizeof *routes);
    for (size_t i = 0; i < rows.list->count; i++) {
        Value row = rows.list->items[i], include = case_get(row, "include"), extra = case_get(row, "kwargs");
        Route *route = &routes[i];
        if (!case_text(row, "path"))
            case_skip("a route by regular expression");
        route->path = case_text(row, "path");
        if (include.kind == VALUE_LIST)
            route->include = routes_of(include);
        else
            route->view = no_view;
        route->name = include.kind == VALUE_LIST ? case_text(row, "namespace") : case_text(row, "name");
        route->app_name = case_text(row, "app_name");
        route->arguments = extra.kind == VALUE_MAP ? vars_of(extra) : NULL;
        if (include.kind == VALUE_LIST && !route->name)
            route->name = route->app_name;
    }
    return routes;
}

static void put_strings(Map *answer, const char *key, List *list)
{
    capo_map_set(answer, key, capo_value_list(list));
}

static void spaces_of(const RouteNode *node, List *spaces, List *apps)
{
    if (!node->route)
        return;
    spaces_of(node->parent, spaces, apps);
    if (node->route->include && node->route->name)
        capo_list_add(spaces, VALUE(node->route->name));
    if (node->route->include && node->route->app_name)
        capo_list_add(apps, VALUE(node->route->app_name));
}

/* The only decimals that a route gives are integers past 64 bits. */
static Value with_integer_tag(Value value)
{
    if (value.kind == VALUE_DECIMAL)
        value.tag = CASE_INTEGER;
    return value;
}

static Value resolve(Value test_case)
{
    RouteMatch match;
    if (!routes_match(case_text(test_case, "path"), &match))
        return capo_value_map(capo_map(V("status", 404)));
    Map *kwargs = capo_map_new();
    for (const Var *var = routes_arguments(&match); var->name; var++)
        capo_map_set(kwargs, var->name, with_integer_tag(var->value));
    List *spaces = capo_list_new(), *apps = capo_list_new();
    spaces_of(match.node, spaces, apps);
    Map *answer = capo_map(V("name", match.node->route->name), V("view_name", match.node->name), V("args", capo_list_new()),
                           V("kwargs", kwargs), V("route", match.node->pattern));
    put_strings(answer, "namespaces", spaces);
    put_strings(answer, "app_names", apps);
    return capo_value_map(answer);
}

static Value reverse(Value test_case)
{
    Value args = case_get(test_case, "args"), kwargs = case_get(test_case, "kwargs");
    const Var *vars = vars_of(kwargs);
    if (args.kind == VALUE_LIST && args.list->count) {
        size_t named = kwargs.kind == VALUE_MAP ? kwargs.map->count : 0;
        Var *positional = capo_alloc_array(args.list->count + named + 1, sizeof *positional);
        memcpy(positional + args.list->count, vars, named * sizeof *vars);
        for (size_t i = 0; i < args.list->count; i++)
            positional[i] = (Var){ .name = "", .value = conformance_decode(args.list->items[i]) };
        vars = positional;
    }
    char *url = capo_reverse_in(case_text(test_case, "viewname"), vars, case_text(test_case, "current_app"));
    return capo_value_map(capo_map(V("url", url)));
}

Value conformance_routes(Value test_case)
{
    capo_settings_init(&(Settings){ .name = "conformance", .secret_key = "a key that is only for these cases here",
                                    .urls = routes_of(case_get(test_case, "urlpatterns")) });
    return strcmp(case_text(test_case, "op"), "resolve") == 0 ? resolve(test_case) : reverse(test_case);
}

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

static const char *text_of(const Map *map, const char *key)
{
    Value value = conformance_get(map, key);
    return capo_is_text(value) ? value.text : NULL;
}

static const Var *vars_of(Value map)
{
    size_t count = map.kind == VALUE_MAP ? map.map->count : 0;
    Var *vars = capo_alloc_array(count + 1, sizeof *vars);
    for (size_t i = 0; i < count; i++)
        vars[i] = (Var){ .name = map.map->entries[i].key.text, .value = conformance_value(map.map->entries[i].value) };
    return vars;
}

static const Route *routes_of(Value rows)
{
    Route *routes = capo_alloc_array(rows.list->count + 1, sizeof *routes);
    for (size_t i = 0; i < rows.list->count; i++) {
        Value row = rows.list->items[i], include = conformance_get(row.map, "include"), extra = conformance_get(row.map, "kwargs");
        Route *route = &routes[i];
        route->regex = text_of(row.map, "re_path") != NULL;
        route->path = text_of(row.map, route->regex ? "re_path" : "path");
        if (include.kind == VALUE_LIST)
            route->include = routes_of(include);
        else
            route->view = no_view;
        route->name = include.kind == VALUE_LIST ? text_of(row.map, "namespace") : text_of(row.map, "name");
        route->app_name = text_of(row.map, "app_name");
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

static Value resolve(const Map *test)
{
    RouteMatch match;
    if (!routes_match(text_of(test, "path"), &match))
        return capo_value_map(capo_map(V("status", 404)));
    Map *kwargs = capo_map_new();
    List *args = capo_list_new();
    bool named = false;
    for (size_t i = 0; i < match.n_captures; i++)
        named |= !match.captures[i].by_number;
    for (const Var *var = routes_arguments(&match); var->name; var++) {
        bool by_number = false;
        for (size_t i = 0; i < match.n_captures; i++)
            by_number |= match.captures[i].by_number && strcmp(match.captures[i].name, var->name) == 0;
        if (!by_number)
            capo_map_set(kwargs, var->name, var->value);
        else if (!named)
            capo_list_add(args, var->value);
    }
    List *spaces = capo_list_new(), *apps = capo_list_new();
    spaces_of(match.node, spaces, apps);
    Map *answer = capo_map(V("name", match.node->route->name), V("view_name", match.node->name), V("args", args),
                           V("kwargs", kwargs), V("route", match.node->pattern));
    put_strings(answer, "namespaces", spaces);
    put_strings(answer, "app_names", apps);
    return capo_value_map(answer);
}

static Value reverse(const Map *test)
{
    Value args = conformance_get(test, "args"), kwargs = conformance_get(test, "kwargs");
    const Var *vars = vars_of(kwargs);
    if (args.kind == VALUE_LIST && args.list->count) {
        size_t named = kwargs.kind == VALUE_MAP ? kwargs.map->count : 0;
        Var *positional = capo_alloc_array(args.list->count + named + 1, sizeof *positional);
        memcpy(positional + args.list->count, vars, named * sizeof *vars);
        for (size_t i = 0; i < args.list->count; i++)
            positional[i] = (Var){ .name = "", .value = conformance_value(args.list->items[i]) };
        vars = positional;
    }
    char *url = capo_reverse_in(text_of(test, "viewname"), vars, text_of(test, "current_app"));
    return capo_value_map(capo_map(V("url", url)));
}

void conformance_use_routes(Value rows)
{
    capo_settings_init(&(Settings){ .name = "conformance", .secret_key = "a key that is only for these cases here",
                                    .urls = routes_of(rows) });
}

Value conformance_routes(const Map *test)
{
    conformance_use_routes(conformance_get(test, "urlpatterns"));
    return strcmp(text_of(test, "op"), "resolve") == 0 ? resolve(test) : reverse(test);
}

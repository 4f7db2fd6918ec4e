/* SPDX-License-Identifier: BSD-3-Clause */
/* The running request, and what its route captured. */
#include "web_internal.h"
#include <capo/unit.h>
#include <string.h>

Request *capo_request(void)
{
    return capo_unit ? capo_unit->slots[UNIT_REQUEST] : NULL;
}

WebState *web_state(Request *req)
{
    if (!req->internal->web)
        req->internal->web = capo_alloc_struct(WebState);
    return req->internal->web;
}

static Value argument(Request *req, const char *name)
{
    Value value;
    const RouteMatch *match = &web_state(req)->match;
    if (match->node && routes_argument(match, name, &value))
        return value;
    const char *names[CAPTURES_LIMIT];
    for (size_t i = 0; i < match->n_captures; i++)
        names[i] = match->captures[i].name;
    capo_bug("the route '%s' has no argument '%s'.%s", match->node ? match->node->pattern : req->path, name,
             capo_did_you_mean(name, names, match->n_captures));
}

const char *capo_arg(Request *req, const char *name)
{
    return capo_to_text(argument(req, name));
}

int64_t capo_int_arg(Request *req, const char *name)
{
    Value value = argument(req, name);
    int64_t number;
    if (!capo_to_int(value, &number))
        capo_raise(404, "The argument '%s' of %s is '%s', which is no number that fits in 64 bits.", name, req->path, capo_to_text(value));
    return number;
}

const char *capo_arg_or_null(Request *req, const char *name)
{
    Value value;
    const RouteMatch *match = &web_state(req)->match;
    return match->node && routes_argument(match, name, &value) ? capo_to_text(value) : NULL;
}

const char *capo_route_space(Request *req)
{
    const RouteMatch *match = &web_state(req)->match;
    return match->node ? match->node->space : "";
}

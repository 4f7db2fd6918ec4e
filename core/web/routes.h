/* SPDX-License-Identifier: BSD-3-Clause */
/* The compiled route table: a tree of nodes, one for each row of a Route list, made once at start (routes_compile.c), matched
 * against paths (routes.c) and read backwards by name (reverse.c). */
#pragma once
#include "settings_internal.h"
#include "route_regex.h"
#include <regex.h>

enum { CAPTURES_LIMIT = 24, INCLUDE_DEPTH_LIMIT = 16 };

/* One converter: how far a text of its kind reaches from `at`. Those of `classes` take any non-empty run of their characters. */
typedef struct RouteConverter {
    const char *name;
    bool (*char_class)(unsigned char c);    /* NULL: fixed or own */
    size_t fixed_size;                      /* of uuid */
    bool (*accepts)(const char *text, size_t size);
    regex_t *regex;                         /* of an own converter, anchored at both ends */
} RouteConverter;

typedef struct Segment {
    const RouteConverter *converter;        /* NULL: a literal */
    const char *text;                       /* the literal, or the capture's name */
    size_t size;
} Segment;

typedef struct RouteNode {
    const Route *route;                     /* NULL: the root */
    struct RouteNode *parent, *children;
    size_t n_children;
    Segment *segments;
    size_t n_segments, n_captures;          /* of a regular expression n_captures is the number of its groups */
    RouteRegex *regex;                      /* instead of segments */
    const char *pattern;                    /* from the root: "blog/<slug:slug>/" */
    const char *name;                       /* with namespaces: "blog:detail"; NULL */
    const char *space;                      /* the namespaces alone: "blog"; "" */
} RouteNode;

typedef struct Capture {
    const RouteConverter *converter;
    const char *name, *text;                /* the text is a slice of the path, without an end; NULL: a group that took no part */
    size_t size;
    bool by_number;                         /* of a group without a name */
    const RouteNode *node;                  /* that captured it */
} Capture;

typedef struct RouteMatch {
    const RouteNode *node;
    size_t n_captures;
    Capture captures[CAPTURES_LIMIT];
} RouteMatch;

const RouteNode *routes_root(void);
/* Whether a path (with its leading '/') leads to a route; *ret is written only then. */
bool routes_match(const char *path, RouteMatch *ret);
/* Matches segments against the text: all of it when `whole`, else as far as they reach (*ret_rest). */
bool segments_match(const Segment *segments, size_t n_segments, size_t n_captures, const char *text, size_t size, bool whole,
                    Capture *ret_captures, const char **ret_rest);
/* The value of an argument of this match, extra arguments before captured ones, inner before outer. */
bool routes_argument(const RouteMatch *match, const char *name, Value *ret);
/* All of them as a list that ends with a NULL name. */
const Var *routes_arguments(const RouteMatch *match);

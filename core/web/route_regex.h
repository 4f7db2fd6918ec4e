/* SPDX-License-Identifier: BSD-3-Clause */
/* Regular expressions of routes (.regex = true), in Python's notation as Django's re_path has it: classes, groups with and
 * without names, alternatives, quantifiers greedy and lazy, look-ahead and look-behind, back references. Matching takes a bounded number of steps:
 * a pattern that would need more matches nothing. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { REGEX_GROUPS = 16 };

typedef struct RouteRegex {
    const char *pattern;
    struct RegexNode *first;            /* a group of alternatives: the whole */
    int n_groups;                       /* capturing ones */
    const char *names[REGEX_GROUPS];    /* NULL: by number */
} RouteRegex;

typedef struct RegexSpan { const char *from, *to; } RegexSpan;     /* from NULL: the group took no part */

/* Compiles into memory of the settings; NULL with a sentence in *ret_error. */
RouteRegex *route_regex_compile(const char *pattern, const char **ret_error);
/* Finds the first place that matches (only `text` itself when anchored; all of it when whole). *ret_end: behind the match. */
bool route_regex_match(const RouteRegex *regex, const char *text, const char *end, bool anchored, bool whole,
                       RegexSpan ret_groups[REGEX_GROUPS], const char **ret_end);

/* What a pattern can be written out as (Django's regex_helper): texts with parameters between, an entry for each way that optional
 * groups may go. */
typedef struct RegexPiece { const char *text, *parameter; } RegexPiece;            /* one of both */
typedef struct RegexForm { RegexPiece *pieces; size_t count; } RegexForm;
/* In the unit's arena; 0 forms: the pattern cannot be reversed. */
size_t route_regex_forms(const RouteRegex *regex, RegexForm **ret_forms);

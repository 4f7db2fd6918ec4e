/* SPDX-License-Identifier: BSD-3-Clause */
/* PostgreSQL's own kinds of fields. A model that has one is refused on other databases, by `check` and when its table is to be made.
 *
 *     MODEL(Event)
 *         ARRAY(tags, CHAR, .max_length = 20)                     // the options are those of each member
 *         OPTIONAL(ARRAY, board, INTEGER, .dimensions = 2, .size = 3)
 *         HSTORE(notes)                                           // the extension hstore: CREATE EXTENSION
 *         DATETIME_RANGE(during)
 *         SEARCH_VECTOR(words)
 *     END_MODEL
 *
 *     event->tags = VALUES("c", "sql");                           // a List *: ->count, ->items[i]
 *     event->notes = capo_map(V("by", "Ann"), V("of", capo_value_null()));     // a Map *: texts, or null
 *     event->during = SPAN(from, until);                          // a ValueRange *: ->lower, ->upper
 *
 *     capo_fetch(Event, .where = { .tags = OVERLAP(VALUES("c", "rust")), .during = CONTAINS(capo_now()) })
 *     capo_fetch(Event, .filter = ALL(Q("tags__0", "c"), Q("tags__len__gt", 1), Q("notes__by", "Ann"), Q("during__startswith__year", 2026)))
 *
 * A member of NULL is the database's NULL; of a field that is never NULL, capo_new() gives an empty list or map. Look-ups:
 *   arrays   contains contained_by overlap (a list, or a query of one column)   transforms: len, 0 (a member), 0_2 (the first two)
 *   hstore   contains contained_by has_key has_keys has_any_keys                transforms: a key, keys, values
 *   ranges   contains (a value or a range) contained_by overlap fully_lt fully_gt not_lt not_gt adjacent_to
 *            transforms: startswith endswith isempty lower_inc lower_inf upper_inc upper_inf
 *   numbers, dates: contained_by (a range) */
#pragma once
#include <stdbool.h>
#include <capo/value.h>

/* What a field of a range holds. A null end: there is none. It is an object: VALUE(range) is a Value, which prints as "[1, 5)" and has
 * lower, upper, lower_inc, upper_inc and isempty in templates. */
typedef struct ValueRange {
    Object object;
    Value lower, upper;
    bool lower_inc, upper_inc;              /* the end itself belongs to it */
    bool empty;                             /* no value is in it; the rest says nothing */
} ValueRange;
/* From `lower` on, to just before `upper`; with other bounds "[]" "()" "(]": SPAN_OF(1, 5, "[]"). Raises ERROR_VALUE for others. Whether
 * the ends are in order is the database's to say: ERROR_DATA. */
#define SPAN(lower, upper) capo_range(VALUE(lower), VALUE(upper), "[)")
#define SPAN_OF(lower, upper, bounds) capo_range(VALUE(lower), VALUE(upper), (bounds))
#define NO_END capo_value_null()
ValueRange *capo_range(Value lower, Value upper, const char *bounds);
ValueRange *capo_range_empty(void);
/* The range in a Value; NULL: it is none. */
ValueRange *capo_value_range(Value value);

#define OVERLAP(x) CAPO_LOOKUP("overlap", x)
#define CONTAINED_BY(x) CAPO_LOOKUP("contained_by", x)

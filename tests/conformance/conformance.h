/* SPDX-License-Identifier: BSD-3-Clause */
/* The conformance program: `conformance KIND` reads a case a line, as JSON, and answers a line each. A kind is a row in main.c. */
#pragma once
#include <capo/arena.h>
#include <capo/error.h>
#include <capo/value.h>

/* Answers one case: a map for "actual". A raise becomes {"exception": its name}. */
Value conformance_validators(const Map *test);
Value conformance_forms(const Map *test);
Value conformance_passwords(const Map *test);
Value conformance_routes(const Map *test);
Value conformance_templates(const Map *test);
Value conformance_utils(const Map *test);

Value conformance_orm(const Map *test);

/* The words behind KIND on the command line; ends with NULL. */
extern const char *const *conformance_words;

/* A tagged value of a case ({"$date": "2026-11-22"}) as a Value, at any depth; and a Value as what JSON shows of it. */
Value conformance_value(Value json);
Value conformance_json(Value value);
/* A route table of a case: the site's, until the next one. */
void conformance_use_routes(Value rows);
/* A member of a map, null where it is not there. */
Value conformance_get(const Map *map, const char *key);

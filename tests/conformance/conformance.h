/* SPDX-License-Identifier: BSD-3-Clause */
/* `conformance KIND` answers cases of ../shared/conformance with the framework's own functions: one JSON line in, one out.
 *
 * To add a kind: write KIND.c with one function, and add its row to the table in main.c and its file to tests/meson.build. */
#pragma once
#include <capo/arena.h>
#include <capo/error.h>
#include <capo/value.h>

/* The case as JSON has it; the result is `actual`. What it raises becomes {"exception": name}. */
typedef Value ConformanceAnswer(Value test_case);
ConformanceAnswer conformance_routes;

/* What a case of this name holds, or null. */
Value case_get(Value test_case, const char *name);
const char *case_text(Value test_case, const char *name);
/* Ends the case as not supported. */
_Noreturn void case_skip(const char *why);

/* The tag of a decimal that stands for an integer past 64 bits: written as a JSON number. */
enum { CASE_INTEGER = 1 };

/* {"$date": …} and the like as values, and back; members of lists and maps too. */
Value conformance_decode(Value json);
void conformance_encode(Buffer *out, Value value);

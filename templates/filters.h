/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of filters share. */
#pragma once
#include "engine.h"

/* Python's int(): whether it works, and how it fails where a filter tells the ways apart. */
typedef enum { INT_OK, INT_VALUE_ERROR, INT_TYPE_ERROR } IntResult;
IntResult capo_python_whole(Value value, Value *ret);
/* The same where only its place between -2^63 and 2^63 counts: what is past them is the nearest of the two. */
IntResult capo_python_int(Value value, int64_t *ret);
/* int() that raises where Python would. */
int64_t capo_python_int_or_raise(const char *filter, Value value);
Value capo_python_whole_or_raise(const char *filter, Value value);
/* Python's float(): false where it raises. */
bool capo_python_float(Value value, double *ret);

/* The longest padding or repetition that a filter makes out of a number. */
enum { MAX_WIDTH = 100000 };

void capo_put_title(Buffer *out, const char *text, size_t size);
void capo_put_truncated_html(Buffer *out, const char *text, size_t size, int64_t length, bool words, const char *sign);
/* The sign of what was cut stands behind it, or around it where the sign holds "%(truncated_text)s". */
void capo_put_truncated(Buffer *out, const char *text, size_t size, int64_t length, bool words, const char *sign);
void capo_put_stripped(Buffer *out, const char *text, size_t size);
/* A link's text is cut to `limit` characters, unless that is URLIZE_WHOLE. */
#define URLIZE_WHOLE INT64_MAX
void capo_put_urlized(Buffer *out, const char *text, size_t size, bool safe, bool nofollow, bool autoescape, int64_t limit);
/* smart_urlquote: each part of an address unquoted once and quoted again. */
void capo_put_smart_url(Buffer *out, const char *url, size_t size);
/* White space between tags left out; what stands before the first and behind the last stays. */
void capo_put_spaceless(Buffer *out, const char *text, size_t size);
/* Words as Django's smart_split: quoted parts stay together. NULL at the end. */
char **capo_smart_split(const char *text, size_t size);
void capo_put_wrapped(Buffer *out, const char *text, size_t size, int64_t width);
/* Where a line ends as str.splitlines has it: *ret_next is behind its end. */
const char *capo_line_end(const char *at, const char *end, const char **ret_next);
/* pprint.pformat: in lines of at most 80 characters, keys in order. */
void capo_put_pretty(Buffer *out, Value value);
void capo_put_linebreaks(Buffer *out, const char *text, size_t size, bool autoescape);
void capo_put_linebreaksbr(Buffer *out, const char *text, size_t size, bool autoescape);
/* "2 hours, 5 minutes"; false where a date cannot be compared. */
bool capo_put_timesince(Context *context, Buffer *out, Value then, Value now, bool until, int depth);
/* The same with units that a catalogue may have under a context: "naturaltime-past". */
bool capo_put_timesince_as(const char *message_context, Context *context, Buffer *out, Value then, Value now, bool until, int depth);
/* With no-break spaces for spaces. */
void capo_put_unbroken(Buffer *out, const char *text);
/* conditional_escape. */
Value capo_conditional_escape(Value value);

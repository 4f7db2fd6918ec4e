/* SPDX-License-Identifier: BSD-3-Clause */
/* Is this text an e-mail address, a URL, a slug, an IP address? And does it match a pattern?
 *
 *     if (!capo_is_email(text, size)) …
 *     const char *error;
 *     Pattern *pattern = capo_pattern("^[A-Z]{2}-\\d+$", 0, &error);
 *     if (capo_pattern_search(pattern, text, size)) …
 *
 * The rules are those of Django's validators. All of it is linear in the text, whatever the text: lengths are checked first, and
 * the patterns run on a set of states instead of backtracking. Texts are UTF-8; a NUL inside is a character like another. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool capo_is_email(const char *text, size_t size);
/* The same, with further domains that need no dot. The list ends with NULL; NULL: "localhost". */
bool capo_is_email_with(const char *text, size_t size, const char *const *allowed_domains);
/* schemes ends with NULL, lower case; NULL: http, https, ftp, ftps. At most 2048 characters. */
bool capo_is_url(const char *text, size_t size, const char *const *schemes);
/* accept_idna: letters of any script. A final dot is allowed, at most 255 characters. */
bool capo_is_domain_name(const char *text, size_t size, bool accept_idna);
/* The part of the last component behind its last dot, in small letters; "": it has none, as ".profile". Whether it is one of these, in any
 * case; the list ends with NULL. */
const char *capo_file_extension(const char *file_name);
bool capo_has_extension(const char *file_name, const char *const *extensions);
bool capo_is_slug(const char *text, size_t size, bool allow_unicode);
/* Four decimal parts without leading zeros. */
bool capo_is_ipv4(const char *text, size_t size);
/* RFC 4291 text, with an IPv4 tail allowed, with a zone ("%eth0") where allow_zone. */
bool capo_is_ipv6(const char *text, size_t size, bool allow_zone);
/* Lower case, the longest run of zeros as "::", IPv4-mapped as ::ffff:1.2.3.4 (or 1.2.3.4 where unpack_ipv4). NULL: no IPv6. */
char *capo_ipv6_clean(const char *text, size_t size, bool unpack_ipv4);

/* A decimal digit of any script, Python's \d. */
bool capo_is_digit(uint32_t c);

/* --- patterns ---------------------------------------------------------------------------------------------------------------
 * Python's syntax without what cannot run in linear time: literals, . [a-z] [^…] \d \w \s \D \W \S \b \B \A \Z ^ $ | ( ) (?: ) (?P<n> )
 * * + ? {m,n} and their lazy forms. No look-around, no back-references. Also (?i) (?s) (?m) at the start. */
typedef struct Pattern Pattern;
enum { PATTERN_IGNORE_CASE = 1, PATTERN_DOT_ALL = 2, PATTERN_MULTILINE = 4 };
/* NULL: *ret_error says what is wrong with it, or that it is too large (more than 20,000 steps). Lives in the unit's arena. */
Pattern *capo_pattern(const char *source, int flags, const char **ret_error);
/* Whether it matches anywhere in the text (Python's search). Time: steps of the pattern times size of the text. */
bool capo_pattern_search(const Pattern *pattern, const char *text, size_t size);

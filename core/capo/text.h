/* SPDX-License-Identifier: BSD-3-Clause */
/* Texts of addresses, headers and files: Django's utils.http, encoding and text.
 *
 *     capo_set_header(res, "Content-Disposition", capo_content_disposition(true, "Ümläut.pdf"));
 *     const char *token = capo_base64url(bytes, size);
 *
 * Results live in the unit's arena; inputs are not changed. What has a size may hold NULs. */
#pragma once
#include <capo/value.h>

/* --- addresses --- */
/* Percent-encoded parts that are UTF-8 become its characters, reserved ones stay (RFC 3987, 3.2): "/%E2%99%A5%20" is "/♥%20". */
void capo_put_uri_to_iri(Buffer *out, const char *text, size_t size);
/* A path as part of a URL: what would begin a query, a fragment or a parameter is encoded. Not twice: "%" is, too. */
void capo_put_uri_path(Buffer *out, const char *text, size_t size);
/* A path of the file system as part of a URL; backslashes are slashes. */
void capo_put_file_uri(Buffer *out, const char *text, size_t size);
/* "//x" would be another host's address: the second slash is encoded. */
void capo_put_one_slash(Buffer *out, const char *text, size_t size);
/* A pattern ".example.com" means the domain and those below it; case-blind. An empty one means none. */
bool capo_is_same_domain(const char *host, const char *pattern);
/* a=1&b=x+y; `each`: a list's items are values of their own. Raises ERROR_VALUE for a null. */
void capo_put_query(Buffer *out, Value pairs, bool each);

/* --- numbers and bytes in addresses --- */
char *capo_base36(uint64_t number);
/* Of at most 13 digits, in any case, as Python's int(text, 36); false: it is none. */
bool capo_base36_parse(const char *text, size_t size, Value *ret);
/* Base64 with - and _ and without padding (RFC 4648, 5); back, with or without it. False: cut off in a byte. */
char *capo_base64url(const void *bytes, size_t size);
bool capo_base64url_parse(const char *text, size_t size, uint8_t **ret_bytes, size_t *ret_size);
/* The common form with + and / and padding; back, with white space between. */
char *capo_base64(const void *bytes, size_t size);
bool capo_base64_parse(const char *text, size_t size, uint8_t **ret_bytes, size_t *ret_size);

/* --- headers --- */
/* "attachment; filename=…" (RFC 6266), with the encoded form for names that are not plain; NULL: inline and without a name. */
char *capo_content_disposition(bool attachment, const char *name);
/* "text/html; charset=utf-8": the part before the first semicolon in small letters, and the rest as a map; charsets of RFC 2231
 * parameters are UTF-8, ASCII and Latin-1. */
char *capo_header_parameters(const char *text, Map **ret_parameters);
/* The tags of If-None-Match: "*", or quoted ones up to the first that is malformed. */
List *capo_etags(const char *text);
/* In quotes, where it is not so yet. */
char *capo_quote_etag(const char *text);
/* Seconds since 1970 as "Sun, 06 Nov 1994 08:49:37 GMT"; and back from all three forms of RFC 9110 5.6.7. */
char *capo_http_date(int64_t seconds);
bool capo_http_date_parse(const char *text, int64_t *ret_seconds);

/* --- files and lists --- */
/* Letters, digits, "-", "_" and "."; spaces are "_", all else is gone. Raises ERROR_SUSPICIOUS_OPERATION where nothing is left, or "." or "..". */
char *capo_valid_file_name(const char *name, size_t size);
/* "a, b or c" */
char *capo_text_list(const char *const *texts, const char *last_word);
/* "\r\n" and "\r" are "\n". */
void capo_put_newlines(Buffer *out, const char *text, size_t size);

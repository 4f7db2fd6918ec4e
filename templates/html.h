/* SPDX-License-Identifier: BSD-3-Clause */
/* A lenient HTML tokenizer (it splits as Python's html.parser does), and character references. Linear. */
#pragma once
#include <capo/buffer.h>

typedef enum { HTML_END, HTML_TEXT, HTML_START, HTML_START_END, HTML_CLOSE, HTML_REFERENCE, HTML_OTHER } HtmlKind;

typedef struct HtmlTokens {
    const char *at, *end;
    bool whole_only;                /* what is not whole at the end is left out, as by a parser that waits for more */
    bool keep_references;           /* references are tokens; else part of texts */
    HtmlKind kind;
    const char *text;               /* the token as it stands */
    size_t size;
    const char *name;               /* of the tag; of a reference: without & and ; */
    size_t name_size;
    const char *no_close, *no_comment, *no_quote[2];    /* from there on none comes */
    char raw[8];                    /* within <script> or <style> */
} HtmlTokens;

bool capo_html_next(HtmlTokens *tokens);
/* html.unescape: "&lt;" to "<"; what is no reference stays. */
void capo_put_unescaped(Buffer *out, const char *text, size_t size);
bool capo_html_is_void(const char *name, size_t size);

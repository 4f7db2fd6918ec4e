/* SPDX-License-Identifier: BSD-3-Clause */
/* What the two targets of templates share: an input taken apart into pieces by the byte FF, which UTF-8 never has, and an engine
 * that finds its templates in them. The first template is "t"; a further one may begin with a line that is its name, else they are
 * "u", "v", "w". A name ending in "@2" is a second template of that name, in the folder searched next. */
#pragma once
#include "../../templates/engine.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Aborts, so that libFuzzer keeps the input. */
#define HOLD(condition) do { if (!(condition)) { fprintf(stderr, "does not hold: %s\n", #condition); abort(); } } while (0)

enum { MAX_PIECES = 12, MAX_NAME = 60 };
typedef struct TemplatePiece { char name[MAX_NAME]; const char *text; size_t size; int place; } TemplatePiece;
typedef struct Pieces { TemplatePiece items[MAX_PIECES]; size_t count; } Pieces;

/* The next piece of the input: up to FF or the end. */
static inline bool next_piece(const char **at, const char *end, const char **ret_text, size_t *ret_size)
{
    if (*at > end)
        return false;
    const char *stop = *at < end ? memchr(*at, 0xFF, (size_t)(end - *at)) : NULL;
    if (!stop)
        stop = end;
    *ret_text = *at;
    *ret_size = (size_t)(stop - *at);
    *at = stop + 1;
    return true;
}

static inline void read_templates(Pieces *pieces, const char *at, const char *end)
{
    const char *text;
    size_t size;
    while (pieces->count < MAX_PIECES && next_piece(&at, end, &text, &size)) {
        TemplatePiece *piece = &pieces->items[pieces->count];
        *piece = (TemplatePiece){ .text = text, .size = size };
        const char *line = size && pieces->count ? memchr(text, '\n', size) : NULL;
        if (line && line > text && line - text < MAX_NAME && !memchr(text, '{', (size_t)(line - text)) && !memchr(text, 0, (size_t)(line - text))) {
            memcpy(piece->name, text, (size_t)(line - text));
            piece->text = line + 1;
            piece->size = size - (size_t)(line + 1 - text);
            size_t length = strlen(piece->name);
            if (length > 2 && strcmp(piece->name + length - 2, "@2") == 0) {
                piece->name[length - 2] = 0;
                piece->place = 1;
            }
        } else {
            piece->name[0] = (char)('t' + pieces->count % 7);
        }
        pieces->count++;
    }
}

static inline bool find_piece(const Engine *engine, const char *name, int place, TemplateSource *ret, const char **ret_tried)
{
    const Pieces *pieces = engine->data;
    if (ret_tried)
        *ret_tried = "the input";
    for (int folder = place; folder < 2; folder++)
        for (size_t i = 0; i < pieces->count; i++)
            if (pieces->items[i].place == folder && strcmp(pieces->items[i].name, name) == 0) {
                *ret = (TemplateSource){ .text = pieces->items[i].text, .size = pieces->items[i].size, .place = folder, .path = name };
                return true;
            }
    return false;
}

/* Every error says something, its places are there, and can be shown. */
static inline void hold_error(const Error *error)
{
    HOLD(error->message && *error->message && error->status >= 400);
    HOLD(strncmp(error->message, "bug: ", 5) != 0);
    HOLD(error->code != ERROR_TEMPLATE_SYNTAX || capo_template_place(error));
    for (const TemplatePlace *place = capo_template_place(error); place; place = place->from) {
        HOLD(place->name && place->source && place->line >= 1 && place->column >= 1);
        int lines = 1;
        for (size_t i = 0; i < place->size; i++)
            lines += place->source[i] == '\n';
        HOLD(place->line <= lines);
    }
    const char *html = capo_template_debug_html(error), *text = capo_template_debug_text(error);
    HOLD((!html || *html) && (!text || *text));
}

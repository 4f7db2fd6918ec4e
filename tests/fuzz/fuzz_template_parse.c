/* SPDX-License-Identifier: BSD-3-Clause */
/* libFuzzer: template source, lexed and parsed. Any bytes are a template or an error with a place in it, and the same one each
 * time. template_pieces.h has the form of an input.
 * sources: core/base core/loop core/http core/files core/web core/i18n core/cache templates */
#include "template_pieces.h"

typedef struct Job { Engine *engine; const Pieces *pieces; size_t at; bool twice; } Job;

static void compile(void *argument)
{
    Job *job = argument;
    const TemplatePiece *piece = &job->pieces->items[job->at];
    TemplateSource source = { .text = piece->text, .size = piece->size, .place = piece->place, .path = piece->name };
    const Template *template = capo_template_compile(job->engine, piece->name, &source, false);
    HOLD(template->size == piece->size && (!piece->size || memcmp(template->source, piece->text, piece->size) == 0));
}

static void unit_body(void *argument)
{
    Job *job = argument;
    for (job->at = 0; job->at < job->pieces->count; job->at++) {
        const Error *error = capo_try(compile, job), *again = capo_try(compile, job);
        HOLD(!error == !again);
        if (!error)
            continue;
        hold_error(error);
        HOLD(error->code == ERROR_TEMPLATE_SYNTAX || error->code == ERROR_TEMPLATE_DOES_NOT_EXIST);
        HOLD(strcmp(error->message, again->message) == 0);
    }
    capo_template_release_all(job->engine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Pieces pieces = { .count = 0 };
    read_templates(&pieces, (const char *)data, (const char *)data + size);
    Engine engine = { .find = find_piece, .data = &pieces, .static_prefix = "/static/", .media_prefix = "/media/" };
    Arena *arena = arena_new();
    Unit unit = { 0 };
    Job job = { .engine = &engine, .pieces = &pieces };
    capo_template_engine = &engine;
    const Error *error = capo_unit_run(&unit, arena, "fuzzing", unit_body, &job);
    HOLD(!error);
    arena_free(arena);
    return 0;
}

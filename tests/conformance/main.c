/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a case a line and answers a line, in order, flushing as it goes. Each case is a unit of work of its own. */
#include "conformance.h"
#include <capo/unit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct { const char *name; ConformanceAnswer *answer; } kinds[] = {
    { "routes", conformance_routes },
};

enum { SKIPPED = 6000 };

typedef struct Case {
    ConformanceAnswer *answer;
    const char *line;
    size_t size;
    Value id;
    Buffer out;
} Case;

Value case_get(Value test_case, const char *name)
{
    Value *found = test_case.kind == VALUE_MAP ? capo_map_get(test_case.map, name) : NULL;
    return found ? *found : capo_value_null();
}

const char *case_text(Value test_case, const char *name)
{
    Value found = case_get(test_case, name);
    return capo_is_text(found) ? found.text : NULL;
}

void case_skip(const char *why)
{
    capo_raise(SKIPPED, "%s", why);
}

static void answer_case(void *argument)
{
    Case *this_case = argument;
    Value test_case;
    const char *error;
    if (!capo_json_parse(this_case->line, this_case->size, &test_case, &error))
        capo_raise(ERROR_VALUE, "%s", error);
    this_case->id = case_get(test_case, "id");
    Buffer out = { 0 };
    conformance_encode(&out, this_case->answer(test_case));
    this_case->out = out;
}

static void answer_line(void *argument)
{
    Case *this_case = argument;
    const Error *error = capo_try(answer_case, this_case);
    Buffer line = { 0 };
    capo_put(&line, "{\"id\": ");
    capo_json_put(&line, this_case->id, 0);
    if (!error) {
        capo_put(&line, ", \"actual\": ");
        capo_put_bytes(&line, this_case->out.data, this_case->out.size);
    } else if (error->code == SKIPPED) {
        capo_put(&line, ", \"skipped\": ");
        capo_json_put(&line, VALUE(error->message), 0);
    } else {
        capo_put(&line, ", \"actual\": ");
        capo_json_put(&line, capo_value_map(capo_map(V("exception", error->name), V("message", error->message))), 0);
    }
    capo_put(&line, "}\n");
    fwrite(line.data, 1, line.size, stdout);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    ConformanceAnswer *answer = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (argc > 1 && strcmp(argv[1], kinds[i].name) == 0)
            answer = kinds[i].answer;
    if (!answer) {
        fprintf(stderr, "usage: conformance KIND < cases\nkinds:");
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            fprintf(stderr, " %s", kinds[i].name);
        fprintf(stderr, "\n");
        return 2;
    }
    char *line = NULL;
    size_t room = 0;
    Arena *arena = arena_new();
    for (ssize_t size; (size = getline(&line, &room, stdin)) > 0;) {
        Case this_case = { .answer = answer, .line = line, .size = (size_t)size };
        Unit unit;
        const Error *error = capo_unit_run(&unit, arena, "case", answer_line, &this_case);
        if (error)
            fprintf(stderr, "conformance: %s\n", error->message);
        arena_reset(arena);
    }
    arena_free(arena);
    free(line);
    return 0;
}

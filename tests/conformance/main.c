/* SPDX-License-Identifier: BSD-3-Clause */
/* build/tests/conformance KIND < cases.jsonl: holds the framework's own functions against recorded answers. See the README beside
 * the cases for their form. */
#include "conformance.h"
#include <capo/unit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct { const char *name; Value (*answer)(const Map *test); } kinds[] = {
    { "forms", conformance_forms },
    { "orm", conformance_orm },
    { "passwords", conformance_passwords },
    { "routes", conformance_routes },
    { "templates", conformance_templates },
    { "utils", conformance_utils },
    { "validators", conformance_validators },
};

const char *const *conformance_words;

typedef struct Line { const char *text; size_t size; Value (*answer)(const Map *test); const Map *test; Value actual; Buffer out; } Line;

static void answer(void *argument)
{
    Line *line = argument;
    line->actual = line->answer(line->test);
}

/* {"$integer": "123"} is how an answer says an integer past 64 bits, which JSON shows as a plain number. */
static void put_answer(Buffer *out, const char *text)
{
    static const char tag[] = "{\"$integer\": \"";
    for (const char *found; (found = strstr(text, tag)); ) {
        const char *digits = found + sizeof tag - 1;
        size_t size = strspn(digits, "-0123456789");
        capo_put_bytes(out, text, (size_t)(found - text));
        capo_put_bytes(out, digits, size);
        text = digits + size + strlen("\"}");
    }
    capo_put(out, text);
    capo_put_char(out, '\n');
}

/* Python's JSON has Infinity and NaN, which JSON has not: outside of texts they become {"$float": "inf"}. */
static char *without_infinity(const char *line, size_t *size)
{
    static const struct { const char *word, *tagged; } words[] = {
        { "-Infinity", "{\"$float\": \"-inf\"}" }, { "Infinity", "{\"$float\": \"inf\"}" }, { "NaN", "{\"$float\": \"nan\"}" } };
    Buffer out = { 0 };
    bool quoted = false;
    for (size_t i = 0; i < *size; i++) {
        size_t word = quoted ? 3 : 0;
        while (word < 3 && strncmp(line + i, words[word].word, strlen(words[word].word)))
            word++;
        if (word < 3) {
            capo_put(&out, words[word].tagged);
            i += strlen(words[word].word) - 1;
            continue;
        }
        quoted ^= line[i] == '"';
        capo_put_char(&out, line[i]);
        if (line[i] == '\\' && i + 1 < *size)
            capo_put_char(&out, line[++i]);
    }
    *size = out.size;
    return capo_buffer_text(&out);
}

static void run(void *argument)
{
    Line *line = argument;
    const char *problem = NULL;
    Value json;
    line->text = without_infinity(line->text, &line->size);
    if (!capo_json_parse(line->text, line->size, &json, &problem) || json.kind != VALUE_MAP) {
        capo_put_format(&line->out, "{\"id\": null, \"skipped\": \"the line is no JSON object\"}\n");
        return;
    }
    line->test = json.map;
    const Error *error = capo_try(answer, line);
    if (error && error->code == ERROR_NOT_SUPPORTED) {
        Map *skipped = capo_map(V("id", conformance_get(json.map, "id")), V("skipped", error->message));
        capo_json_put(&line->out, capo_value_map(skipped), 0);
        capo_put_char(&line->out, '\n');
        return;
    }
    if (error)
        line->actual = capo_value_map(capo_map(V("exception", error->name), V("message", error->message)));
    Map *result = capo_map(V("id", conformance_get(json.map, "id")), V("actual", conformance_json(line->actual)));
    put_answer(&line->out, capo_json_text(capo_value_map(result), 0));
}

int main(int argc, char **argv)
{
    Line line = { 0 };
    for (size_t i = 0; argc > 1 && i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(argv[1], kinds[i].name))
            line.answer = kinds[i].answer;
    if (!line.answer) {
        fprintf(stderr, "usage: conformance KIND < cases.jsonl\nkinds:");
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            fprintf(stderr, " %s", kinds[i].name);
        fprintf(stderr, "\n");
        return 2;
    }
    conformance_words = (const char *const *)argv + 2;
    Arena *arena = arena_new();
    char *text = NULL;
    size_t capacity = 0;
    for (ssize_t size; (size = getline(&text, &capacity, stdin)) > 0; arena_reset(arena)) {
        line.text = text;
        line.size = (size_t)size;
        line.out = (Buffer){ 0 };
        Unit unit = { 0 };
        const Error *error = capo_unit_run(&unit, arena, "conformance", run, &line);
        if (error)
            printf("{\"id\": null, \"skipped\": \"%s\"}\n", error->name);
        else
            fwrite(line.out.data, 1, line.out.size, stdout);
        fflush(stdout);
    }
    free(text);
    arena_free(arena);
    return 0;
}

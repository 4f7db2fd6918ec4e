/* SPDX-License-Identifier: BSD-3-Clause */
/* libFuzzer: template source, compiled and rendered with a context of many kinds of values. An error or an output, never a crash.
 * The bytes up to the first NUL are the template `t`; what follows is the template `u`, which `t` may include or extend.
 * sources: core/base core/i18n core/loop core/cache core/http core/web templates */
#include "../../templates/engine.h"
#include <string.h>

typedef struct Sources { const char *texts[2]; size_t sizes[2]; } Sources;

static bool find(const Engine *engine, const char *name, int place, TemplateSource *ret, const char **ret_tried)
{
    (void)ret_tried;
    const Sources *sources = engine->data;
    int which = strcmp(name, "t") == 0 ? 0 : strcmp(name, "u") == 0 ? 1 : -1;
    if (which < 0 || place > 0)
        return false;
    *ret = (TemplateSource){ .text = sources->texts[which], .size = sources->sizes[which] };
    return true;
}

typedef struct Job { Engine *engine; Buffer out; } Job;

static void render(void *argument)
{
    Job *job = argument;
    Context *context = capo_context_for(job->engine, NULL);
    List *list = capo_list_new();
    for (int i = 0; i < 3; i++)
        capo_list_add(list, capo_value_map(capo_map(V("n", i), V("s", "<\xC3\xA9>"))));
    const Var vars[] = {
        V("x", "a <b> http://example.com/ \xFF"), V("n", 3), V("f", -1.5), V("l", list), V("d", capo_map(V("k", "v"), V("0", 1))),
        V("date", (Date){ 20000 }), V("time", (Time){ 1 }), V("dt", (DateTime){ 1 }), V("dec", (Decimal){ "1E+30" }), { 0 },
    };
    for (const Var *var = vars; var->name; var++)
        capo_context_set(context, var->name, var->value);
    capo_context_set(context, "safe", capo_value_safe("<i>&amp;</i>"));
    capo_template_run(capo_template_get(job->engine, "t"), context, &job->out);
}

static void unit_body(void *argument)
{
    const Error *error = capo_try(render, argument);
    if (error)
        capo_template_debug_html(error);
    capo_template_release_all(((Job *)argument)->engine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *nul = size ? memchr(text, 0, size) : NULL;
    size_t first = nul ? (size_t)(nul - text) : size;
    Sources sources = { { text, nul ? nul + 1 : "" }, { first, nul ? size - first - 1 : 0 } };
    Engine engine = { .find = find, .data = &sources,
                      .static_prefix = "/static/", .media_prefix = "/media/" };
    Arena *arena = arena_new();
    Unit unit = { 0 };
    Job job = { .engine = &engine };
    capo_template_engine = &engine;
    capo_unit_run(&unit, arena, "fuzzing", unit_body, &job);
    capo_template_fragments_clear();
    arena_free(arena);
    return 0;
}

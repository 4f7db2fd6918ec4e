/* SPDX-License-Identifier: BSD-3-Clause */
/* Limits of templates: what a source, a context or an object of the context would go beyond is an error, in bounded time and memory;
 * and what a rendering changes for a while is put back when something in it fails. */
#include "../../templates/engine.h"
#include <capo/testing.h>
#include <string.h>

static bool find_in_map(const Engine *engine, const char *name, int place, TemplateSource *ret, const char **ret_tried)
{
    Value *source = place == 0 ? capo_map_get(engine->data, name) : NULL;
    if (ret_tried)
        *ret_tried = "memory";
    if (source)
        *ret = (TemplateSource){ .text = source->text, .size = source->size, .path = name };
    return source != NULL;
}

typedef struct Job { Engine *engine; const Map *variables; Context *context; Buffer out; } Job;

static void render_template(void *argument)
{
    Job *job = argument;
    job->context = capo_context_for(job->engine, NULL);
    for (size_t i = 0; job->variables && i < job->variables->count; i++)
        capo_context_set(job->context, job->variables->entries[i].key.text, job->variables->entries[i].value);
    capo_template_run(capo_template_get(job->engine, "t"), job->context, &job->out);
}

static const char *render_limited(const Map *templates, const Map *variables, size_t memory, int64_t steps)
{
    Engine engine = { .find = find_in_map, .data = templates,
                      .static_prefix = "/", .media_prefix = "/", .max_memory = memory, .max_steps = steps };
    Job job = { .engine = &engine, .variables = variables };
    const Error *error = capo_try(render_template, &job);
    capo_template_release_all(&engine);
    return error ? capo_format("%s: %s", error->name, error->message) : capo_buffer_text(&job.out);
}

#define RENDER(source, ...) render_limited(capo_map(V("t", source)), capo_map(__VA_ARGS__), 0, 0)
#define EXPECT_WORDS(text, words) expect_words(__LINE__, (text), (words))

static void expect_words(int line, const char *text, const char *words)
{
    if (!strstr(text, words))
        capo_test_fail(__FILE__, line, "expected '%s' in: %.300s", words, text);
}

/* --- values that stand within themselves --------------------------------------------------------------------------------------- */

TEST(template_limits_values_in_a_circle)
{
    List *list = capo_list_new();
    capo_list_add(list, VALUE(1));
    capo_list_add(list, VALUE(list));
    Map *map = capo_map(V("a", list));
    capo_map_set(map, "b", VALUE(map));
    EXPECT_TEXT(RENDER("{{ x }} {{ x|pprint }} {{ m }}", V("x", list), V("m", map)), "[1, [...]] [1, &lt;Recursion on list&gt;] {&#x27;a&#x27;: [1, [...]], &#x27;b&#x27;: {...}}");
    EXPECT_TEXT(RENDER("{{ x|length }}{{ x.1.1.1.0 }}{{ x|join:'-' }}", V("x", list)), "211-[1, [...]]");
    EXPECT_WORDS(RENDER("{{ x|unordered_list }}", V("x", list)), "at most 32 deep");
    EXPECT_WORDS(RENDER("{{ x|json_script:'a' }}", V("x", list)), "stands within itself");
    List *other = capo_list_new();
    capo_list_add(other, VALUE(1));
    capo_list_add(other, VALUE(other));
    EXPECT_TEXT(RENDER("{% if x == y %}same{% endif %}", V("x", list), V("y", list)), "same");
    EXPECT_WORDS(RENDER("{% if x == y %}{% endif %}", V("x", list), V("y", other)), "nested too deeply");
    List *deep = capo_list_new();
    for (int i = 0; i < 5000; i++) {
        List *outer = capo_list_new();
        capo_list_add(outer, VALUE(deep));
        deep = outer;
    }
    EXPECT_WORDS(RENDER("{{ x }}", V("x", deep)), "more than 200 deep");
    EXPECT_WORDS(RENDER("{{ x|unordered_list }}", V("x", deep)), "more than 200 deep");
    EXPECT_WORDS(RENDER("{{ x|json_script }}", V("x", deep)), "more than 200 deep");
}

/* --- time and memory of a rendering -------------------------------------------------------------------------------------------- */

typedef struct Numbers { Object object; int64_t length, end; } Numbers;

static int64_t numbers_length(Object *self) { return ((Numbers *)self)->length; }
static bool numbers_next(Object *self, void **state, Value *ret)
{
    int64_t at = (int64_t)(intptr_t)*state;
    if (at >= ((Numbers *)self)->end)
        return false;
    *state = (void *)(intptr_t)(at + 1);
    *ret = capo_value_int(at);
    return true;
}
static const ObjectOps numbers_ops = { .type_name = "Numbers", .length = numbers_length, .next = numbers_next };

static Value numbers(int64_t length, int64_t end)
{
    Numbers *object = capo_alloc_struct(Numbers);
    *object = (Numbers){ { &numbers_ops }, length, end };
    return capo_value_object(object);
}

TEST(template_limits_endless_iterators)
{
    static const char *const sources[] = { "{% for a in x %}{% endfor %}", "{{ x|join:'' }}", "{% if 'a' in x %}{% endif %}{{ x|join:'' }}", "{{ x|escapeseq|join:'' }}",
                                           "{% regroup x by a as g %}" };
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        const Map *templates = capo_map(V("t", capo_format("\n%s", sources[i])));
        const char *said = render_limited(templates, capo_map_of((const Var[]){ { "x", numbers(INT64_MAX, INT64_MAX) }, { 0 } }), 0, 10000);
        EXPECT_WORDS(said, "more than 10000 rounds");
        EXPECT_WORDS(said, "line 2");
    }
    const Map *once = capo_map_of((const Var[]){ { "x", numbers(-1, INT64_MAX) }, { 0 } });
    EXPECT_WORDS(render_limited(capo_map(V("t", "{{ x|slice:'2' }}{{ x|last }}")), once, 0, 0), "ValueError");
    /* a length that promises more than there is */
    const Map *liar = capo_map_of((const Var[]){ { "x", numbers(9, 2) }, { 0 } });
    EXPECT_TEXT(render_limited(capo_map(V("t", "{% for a in x %}{{ a }}{% endfor %}{{ x|last }}{{ x|first }}{{ x|slice:'5:9' }}")), liar, 0, 0), "010[]");
}

TEST(template_limits_rounds_and_memory)
{
    /* each includes the next twice: 2 to the 50th, never more than 50 deep */
    Map *templates = capo_map(V("t", "{% include 'p0' %}"));
    for (int i = 0; i < 50; i++)
        capo_map_set(templates, capo_format("p%d", i), VALUE(i < 49 ? capo_format("{%% include 'p%d' %%}{%% include 'p%d' %%}", i + 1, i + 1) : "x"));
    EXPECT_WORDS(render_limited(templates, NULL, 0, 20000), "more than 20000 rounds");
    /* a text that doubles with each step */
    Buffer source = { 0 };
    for (int i = 0; i < 60; i++)
        capo_put(&source, "{% with x=x|add:x %}");
    for (int i = 0; i < 60; i++)
        capo_put(&source, "{% endwith %}");
    EXPECT_WORDS(render_limited(capo_map(V("t", capo_buffer_text(&source))), capo_map(V("x", "0123456789abcdef")), 8 << 20, 0), "more than 8 MiB of memory");
    /* nothing is printed, and still memory is taken */
    const Map *many = capo_map_of((const Var[]){ { "n", numbers(100000, 100000) }, { "x", capo_value_text(capo_format("%10000s", "")) }, { 0 } });
    EXPECT_WORDS(render_limited(capo_map(V("t", "{% for a in n %}{% if x|upper|length %}{% endif %}{% endfor %}")), many, 16 << 20, 0), "more than 16 MiB of memory");
}

TEST(template_limits_source)
{
    Buffer source = { 0 };
    while (source.size <= MAX_SOURCE)
        capo_put(&source, "0123456789012345678901234567890123456789012345678901234567890123456789");
    EXPECT_WORDS(RENDER(capo_buffer_text(&source)), "are the most");
    Map *nul = capo_map_new();
    capo_map_set(nul, "t", capo_value_text_n("a\0b\n{{ x\0y }}", 13));
    EXPECT_WORDS(render_limited(nul, NULL, 0, 0), "NUL byte in it. (template t, line 2");
    capo_map_set(nul, "t", capo_value_text_n("a\0b{% comment %}{{ x\0y }}{% endcomment %}", 42));
    EXPECT(strlen(render_limited(nul, NULL, 0, 0)) == 1);
}

/* --- values of no calendar -------------------------------------------------------------------------------------------------------- */

TEST(template_limits_dates_beyond_the_calendar)
{
    const Var values[] = { { "a", capo_value_date((Date){ INT32_MAX }) }, { "b", capo_value_datetime((DateTime){ INT64_MIN }) },
                           { "c", capo_value_datetime((DateTime){ INT64_MAX }) }, { "d", capo_value_duration((Duration){ INT64_MIN }) }, { 0 } };
    static const char *const uses[] = { "{{ a }}", "{{ b }}", "{{ c|date:'c r U W o' }}", "{{ b|timesince:c }}", "{{ b|timeuntil:c }}", "{{ d }}", "{{ b|timesince }}",
                                        "{{ a.isoformat }}{{ b.year }}{{ d.total_seconds }}{{ d.days }}" };
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        EXPECT(*render_limited(capo_map(V("t", uses[i])), capo_map_of(values), 0, 0) != 0);
    EXPECT_TEXT(render_limited(capo_map(V("t", "[{{ a|add:d }}{{ b|add:d }}{{ c|add:c }}]")), capo_map_of(values), 0, 0), "[]");
}

/* --- what fails within a condition leaves nothing behind ------------------------------------------------------------------------------ */

TEST(template_limits_a_failed_condition_restores_all)
{
    const Map *templates = capo_map(
        V("t", "{% extends 'u' %}{% block b %}{% if block.super|upper == 'X' %}{% endif %}{{ x }}|{{ block.name }}|{{ y }}{% endblock %}{% block c %}c{{ block.super }}{% endblock %}"),
        V("u", "{% block b %}{% autoescape off %}{% with y=1 %}{{ x }}{{ x|cut:missing }}{% endwith %}{% endautoescape %}{% endblock %} {% block c %}d{% endblock %}{{ x }}"));
    /* block.super fails in the middle of autoescape off: what comes behind is escaped, and block.super is what it was */
    EXPECT_TEXT(render_limited(templates, capo_map(V("x", "<")), 0, 0), "&lt;|b| cd&lt;");
    const Map *again = capo_map(
        V("t", "{% extends 'u' %}{% block b %}{% if block.super|cut:missing == 'X' %}{% endif %}[{{ block.super }}]{% endblock %}"),
        V("u", "{% block b %}{{ x }}{% endblock %}"));
    EXPECT_TEXT(render_limited(again, capo_map(V("x", "<")), 0, 0), "[&lt;]");
    const Map *third = capo_map(
        V("t", "{% extends 'u' %}{% block b %}{% if block.super|upper == 'X' %}{% endif %}[{{ block.super }}]{% endblock %}"),
        V("u", "{% extends 'v' %}{% block b %}{{ y.0 }}{{ block.super }}{% if not y %}{{ x|cut:missing }}{% endif %}{% endblock %}"),
        V("v", "{% block b %}v{% endblock %}"));
    EXPECT_WORDS(render_limited(third, capo_map(V("x", "<")), 0, 0), "missing");
    EXPECT_TEXT(render_limited(third, capo_map(V("x", "<"), V("y", "1")), 0, 0), "[1v]");
}

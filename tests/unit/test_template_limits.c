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
    /* found by fuzzing: a control character is no blank, neither for the table of tags nor for the tag */
    EXPECT_WORDS(RENDER("{% load i18n %}{% get_available_languages\x13 as ls %}"), "There is no tag 'get_available_languages\x13'");
    EXPECT_TEXT(RENDER("{% load i18n %}{% get_current_language\x1F" "as ls %}x"), "x");
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

/* --- time by the size of the input: four times the text takes about four times as long, never sixteen times ------------------------------ */

static const char *repeated(const char *part, size_t size)
{
    Buffer out = { 0 };
    while (out.size < size)
        capo_put(&out, part);
    return capo_buffer_text(&out);
}

static void expect_linear(const char *what, const char *part, const Map *templates, const Map *quarter, const Map *whole)
{
    int64_t small = 0, large = 0;
    for (int tries = 0; tries < 3; tries++) {       /* neighbours only add: one good pair is enough */
        Arena *arena = arena_new();
        Unit unit;
        Job jobs[2];
        for (int i = 0; i < 2; i++) {
            Engine engine = { .find = find_in_map, .data = quarter ? templates : i ? whole : templates, .quiet = true };
            jobs[i] = (Job){ .engine = &engine, .variables = quarter ? i ? whole : quarter : NULL };
            int64_t start = capo_test_cpu_us();
            (void)!capo_unit_run(&unit, arena, "linear", render_template, &jobs[i]);
            *(i ? &large : &small) = capo_test_cpu_us() - start;
            capo_template_release_all(&engine);
        }
        arena_free(arena);
        if (large < 9 * small + 30000)
            return;
    }
    capo_test_fail(__FILE__, __LINE__, "%s on repeated '%s': %lld us for a quarter, %lld us for the whole", what, part, (long long)small, (long long)large);
}

/* SEC-224 to 227: what visitors write, through every filter that walks over it. */
TEST(template_limits_filters_are_linear)
{
    static const char *const uses[] = {
        "{{ x|truncatechars:99999999 }}", "{{ x|truncatechars_html:99999999 }}", "{{ x|truncatewords:99999999 }}", "{{ x|truncatewords_html:99999999 }}", "{{ x|truncatechars_html:9 }}",
        "{{ x|striptags }}", "{{ x|urlize }}", "{{ x|urlizetrunc:9 }}", "{{ x|wordwrap:9 }}", "{{ x|linebreaks }}{{ x|linebreaksbr }}{{ x|linenumbers }}", "{{ x|slugify }}", "{{ x|title }}",
        "{{ x|upper }}{{ x|lower }}{{ x|capfirst }}{{ x|addslashes }}", "{{ x|escapejs }}{{ x|json_script }}{{ x|force_escape }}", "{{ x|iriencode }}{{ x|urlencode }}{{ x|phone2numeric }}",
        "{{ x|wordcount }}{{ x|length }}{{ x|first }}{{ x|last }}{{ x|random }}", "{{ x|make_list|join:',' }}", "{{ x|slice:':-1' }}{{ x|slice:'::-1' }}", "{{ x|cut:'a' }}{{ x|cut:'<' }}",
        "{{ x|pprint }}", "{{ x|center:9 }}{{ x|stringformat:'s' }}{{ x|stringformat:x }}", "{{ n|date:x }}{{ d|date:x }}{{ d|time:x }}", "{{ n|yesno:x }}{{ n|pluralize:x }}{{ n|add:x }}",
        "{{ x|floatformat:2 }}{{ x|floatformat:x }}{{ x|filesizeformat }}{{ x|divisibleby:2 }}", "{{ l|dictsort:x }}", "{{ x|unordered_list }}", "{% spaceless %}{{ x|safe }}{% endspaceless %}",
        "{% filter striptags|linebreaks|urlize %}{{ x|safe }}{% endfilter %}", "{% load humanize %}{{ x|intcomma }}{{ x|intword }}{{ x|ordinal }}",
        "{% load i18n %}{% blocktranslate %}{{ x }}{% endblocktranslate %}{% translate x %}", "{% if x in x %}{% endif %}{% if x == x %}{% endif %}{% include x %}", "{% load tz %}{{ d|timezone:x }}",
    };
    static const char *const parts[] = { "<", ">", "</a>", "<a ", "<a href='", "&lt;", "&", "&#", "(", "[.", "a.com)", "http://a.b/", ";&", "<!--", "<![", "<?", "\xC3\x9F", "\xEF\xAC\x81", "e\xCC\x81", "\xCC\x81\xCC\x96",
                                         "a@", "a@b.", ":.", "x", " ", "\n", "\t", "\r\n", "\xE2\x80\xA8", "'", "\"", "\\", "%", "%a", ".", "a.", "9", "9,", "-", "\xFF", "\xE2\x82", "<br/>\n ", "<b>", "{{", "a," };
    enum { SIZE = 16 * 1024 };
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        List *list = capo_list_new();
        capo_list_add(list, VALUE(capo_map(V("a", 1))));
        const char *whole = repeated(parts[p], SIZE), *quarter = repeated(parts[p], SIZE / 4);
        const Map *large = capo_map(V("x", whole), V("n", 1), V("d", (DateTime){ 0 }), V("l", list));
        const Map *small = capo_map(V("x", quarter), V("n", 1), V("d", (DateTime){ 0 }), V("l", list));
        for (size_t u = 0; u < sizeof uses / sizeof *uses; u++)
            expect_linear(uses[u], parts[p], capo_map(V("t", uses[u])), small, large);
    }
}

TEST(template_limits_sources_are_linear)
{
    static const char *const parts[] = {
        "{{", "}}", "{%", "%}", "{#", "#}", "{", "{{ ", "{% x", "{{ x", "{{ x }}", "{{ x|upper }}", "{# a #}", "{{\n", "{%\n", "{{ '", "{{ \"", "{{ x|", "{{ x|add:'", "{{ _('", "{% if ", "{% if x %}{% endif %}",
        "{% comment %}", "{% comment %}{% endcomment %}", "{% verbatim %}", "{% verbatim %}{{ x }}{% endverbatim %}", "{% with a=1 %}{% endwith %}", "{% raw", "\n", "\r", "x",
    };
    static const char *const insides[][2] = {
        { "{{ x", "|upper" }, { "{{ x", ".a" }, { "{{ ", "'" }, { "{{ ", "\"a\"" }, { "{{ x|add:'", "\\'" }, { "{{ ", "x" }, { "{{ ", "|" }, { "{{ x|add:", "1" }, { "{{ -", "1" }, { "{{ ", "1_" }, { "{% x ", "\\\" " },
        { "{% x ", "\" " }, { "{% x ", "'a " }, { "{% x ", "_('a " }, { "{% if x ", "and x " }, { "{% if ", "x" }, { "{% firstof ", "x " }, { "{% cycle ", "'a' " }, { "{% url 'a' ", "x " }, { "{{ ", "\xFF" }, { "{{ ", "\xC3\xA9" },
        { "{% blocktranslate %}{{ x }}", "a\n " }, { "{% for ", "a, " }, { "{% ", "\xC2\xA0" },
    };
    enum { SIZE = 32 * 1024 };
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++)
        expect_linear("source", parts[p], capo_map(V("t", repeated(parts[p], SIZE / 4))), NULL, capo_map(V("t", repeated(parts[p], SIZE))));
    for (size_t p = 0; p < sizeof insides / sizeof *insides; p++) {
        const char *const *inside = insides[p], *end = inside[0][1] == '{' ? " }}" : " %}";
        expect_linear(inside[0], inside[1], capo_map(V("t", capo_format("%s%s%s", inside[0], repeated(inside[1], SIZE / 4), end))), NULL,
                      capo_map(V("t", capo_format("%s%s%s", inside[0], repeated(inside[1], SIZE), end))));
    }
}

/* SEC-228: numbers of any size, through all that prints numbers. */
TEST(sec_228_numbers_of_any_size)
{
    const char *nines = repeated("9", 1000000);
    const Var values[] = { { "a", capo_value_decimal((Decimal){ "1E+400" }) }, { "b", capo_value_decimal((Decimal){ "-1E-999999" }) }, { "c", capo_value_real(1e308 * 10) },
                           { "d", capo_value_real(-(1e308 * 10) + 1e308 * 10) }, { "e", capo_value_text(nines) }, { "f", capo_value_decimal((Decimal){ nines }) },
                           { "g", capo_value_int(INT64_MIN) }, { 0 } };
    static const char *const uses[] = { "floatformat", "floatformat:'-3g'", "floatformat:999", "floatformat:-999999999999", "intcomma", "intword", "ordinal", "apnumber", "filesizeformat", "pluralize",
                                        "stringformat:'d'", "stringformat:'.999999f'", "stringformat:'99999999999999999999d'", "stringformat:'e'", "date", "time", "add:1", "add:a", "add:g", "get_digit:2",
                                        "divisibleby:3", "localize", "unlocalize", "yesno", "json_script", "timesince", "naturaltime", "naturalday", "length", "center:f" };
    for (size_t u = 0; u < sizeof uses / sizeof *uses; u++)
        for (const Var *value = values; value->name; value++) {
            const Map *templates = capo_map(V("t", capo_format("{%% load humanize l10n %%}{{ %s|%s }}", value->name, uses[u])));
            int64_t start = capo_test_cpu_us();
            size_t size = strlen(render_limited(templates, capo_map_of(values), 0, 0));
            if (size > 1500000 || capo_test_cpu_us() - start > 3000000)
                capo_test_fail(__FILE__, __LINE__, "{{ %s|%s }} gives %zu bytes in %lld us", value->name, uses[u], size, (long long)(capo_test_cpu_us() - start));
        }
    EXPECT(strlen(render_limited(capo_map(V("t", "{{ a }} {{ b }} {{ c }} {{ d }} {{ g }} {% widthratio a b c %}")), capo_map_of(values), 0, 0)) < 200);
}

/* SEC-231: a name with a NUL in it is not another template's. */
TEST(sec_231_names_with_odd_bytes)
{
    static const char *const names[] = { "u\0../../etc/passwd", "\0", "..\0", "u\n", "\xFF", "//u", "a/../u/", "u#", "#", "u#\0" };
    static const size_t sizes[] = { 19, 1, 3, 2, 1, 3, 7, 2, 1, 3 };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const Map *templates = capo_map(V("t", "{% include x %}"), V("u", "found"));
        const char *said = render_limited(templates, capo_map_of((const Var[]){ { "x", capo_value_text_n(names[i], sizes[i]) }, { 0 } }), 0, 0);
        EXPECT(strcmp(said, "found") == 0 ? names[i][0] == 'u' : strncmp(said, "Template", 8) == 0);
    }
}

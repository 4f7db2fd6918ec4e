/* SPDX-License-Identifier: BSD-3-Clause */
/* What templates cost: memory of a rendering in proportion to its output, compilation in proportion to the source, and links between
 * templates that are looked up once. bench/templates measures the time. */
#include "../../templates/engine.h"
#include <capo/testing.h>
#include <string.h>

static const Map *sources;
static int look_ups;

static bool find_counted(const Engine *of, const char *name, int place, TemplateSource *ret, const char **ret_tried)
{
    const Value *source = place == 0 ? capo_map_get(sources, name) : NULL;
    (void)of;
    look_ups++;
    *ret_tried = "memory";
    if (source)
        *ret = (TemplateSource){ .text = source->text, .size = source->size, .path = name };
    return source != NULL;
}

static Engine engine = { .find = find_counted };

typedef struct Job { const Map *variables; Buffer out; } Job;

static void render(void *argument)
{
    Job *job = argument;
    Context *context = capo_context_for(&engine, NULL);
    for (size_t i = 0; job->variables && i < job->variables->count; i++)
        capo_context_set(context, job->variables->entries[i].key.text, job->variables->entries[i].value);
    capo_template_run(capo_template_get(&engine, "t"), context, &job->out);
}

static const char *text_of(const Map *variables)
{
    Job job = { .variables = variables };
    const Error *error = capo_try(render, &job);
    return error ? error->message : capo_buffer_text(&job.out);
}

/* --- memory ------------------------------------------------------------------------------------------------------------------------------- */

/* AddressSanitizer tells of each malloc; without it only the arena is looked at. */
extern int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void *, size_t), void (*)(const volatile void *)) __attribute__((weak));
static size_t small_mallocs;
static bool watching;
static void on_malloc(const volatile void *piece, size_t size)
{
    (void)piece;
    small_mallocs += watching && size < 8 * 1024;       /* the arena's blocks are larger */
}
static void on_free(const volatile void *piece) { (void)piece; }

typedef struct Cost { size_t output, arena; } Cost;

/* The second rendering of a template in an arena of its own: the first has compiled it. */
static Cost cost_of(const Map *variables)
{
    Cost cost = { 0 };
    Arena *arena = arena_new();
    for (int i = 0; i < 2; i++) {
        Unit unit = { 0 };
        Job job = { .variables = variables };
        watching = i == 1;
        const Error *error = capo_unit_run(&unit, arena, "test", render, &job);
        watching = false;
        EXPECT(!error);
        cost = (Cost){ job.out.size, arena_size(arena) };
        arena_reset(arena);
    }
    arena_free(arena);
    return cost;
}

static const Map *rows(int count)
{
    List *list = capo_list_new();
    for (int i = 0; i < count; i++) {
        DateTime day = { (int64_t)i * 86400 * 1000000 };
        capo_list_add(list, capo_value_map(capo_map(V("id", i), V("title", "Seven <small> ships & more"), V("stock", i % 20), V("rating", i * 0.19),
            V("published", day), V("tags", capo_value_strings(LIST("old", "green", "<wild>"))),
            V("body", "The quick brown fox jumps over\na lazy dog & away.\n\nSeven small ships sail round an island of old stones and trees."))));
    }
    return capo_map(V("rows", list));
}

/* What twice the rows cost more, against how much longer the output is: three times that, and four blocks of the arena. Each piece
 * has a gap behind it under AddressSanitizer, which matters where pieces are small. */
extern void __asan_poison_memory_region(void volatile *, size_t) __attribute__((weak));
static void expect_in_proportion(const char *source)
{
    enum { COUNT = 2000 };
    sources = capo_map(V("t", source), V("part", "<i>{{ row.title }}</i>"),
                       V("base", "<html>{% block a %}{% endblock %}</html>"), V("middle", "{% extends 'base' %}{% block a %}[{% block b %}{% endblock %}]{% endblock %}"));
    Cost once = cost_of(rows(COUNT)), twice = cost_of(rows(2 * COUNT));
    capo_template_release_all(&engine);
    EXPECT(twice.output - once.output > COUNT * 20);
    size_t times = __asan_poison_memory_region ? 6 : 3;
    if (twice.arena - once.arena > times * (twice.output - once.output) + 4 * 32 * 1024)
        capo_test_fail(__FILE__, __LINE__, "%zu bytes of output took %zu of the arena, %zu took %zu: %s", once.output, once.arena, twice.output,
                       twice.arena, source);
}

TEST(template_memory_in_proportion_to_the_output)
{
    if (__sanitizer_install_malloc_and_free_hooks)
        __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    small_mallocs = 0;
    expect_in_proportion("{% for row in rows %}<tr{% if row.stock == 0 %} class='out'{% elif row.stock < 10 %} class='low'{% endif %}>"
                         "<td>{{ forloop.counter }}</td><td>{{ row.id }}</td><td>{{ row.title }}</td></tr>{% endfor %}");
    expect_in_proportion("{% for row in rows %}<tr><td>{{ row.id }}</td><td>{{ row.body }}</td></tr>{% endfor %}");
    expect_in_proportion("{% extends 'middle' %}{% block b %}{{ block.super }}{% for row in rows %}{% include 'part' %}{% include 'part' with row=row only %}"
                         "{% endfor %}{% endblock %}");
    expect_in_proportion("{% for row in rows %}<p id='{{ row.title|slugify }}'>{{ row.title|upper }} {{ row.title|urlencode }} {{ row.published|date:'j F Y, H:i' }} "
                         "{{ row.stock }} piece{{ row.stock|pluralize }}, {{ row.rating|floatformat:2 }} {{ row.stock|yesno:'yes,no' }} "
                         "{{ row.missing|default:'none'|lower|capfirst }} {{ row.body|truncatewords:6 }} {{ row.body|linebreaks }} "
                         "{{ row.tags|join:', ' }} ({{ row.tags|length }}) {{ row.body|wordcount }} {{ row.title|title }}</p>{% endfor %}");
    EXPECT_INT(small_mallocs, 0);
}

/* --- links ------------------------------------------------------------------------------------------------------------------------------------ */

TEST(template_links_are_looked_up_once)
{
    sources = capo_map(V("t", "{% extends 'base' %}{% block a %}{% for i in 'abc' %}{% include 'part' %}{% endfor %}{% endblock %}"),
                       V("base", "<{% block a %}{% endblock %}>"), V("part", "({{ i }})"));
    look_ups = 0;
    EXPECT_TEXT(text_of(NULL), "<(a)(b)(c)>");
    EXPECT_INT(look_ups, 3);
    EXPECT_TEXT(text_of(NULL), "<(a)(b)(c)>");
    EXPECT_INT(look_ups, 3);
    /* links do not outlive what they lead to */
    capo_template_release_all(&engine);
    sources = capo_map(V("t", "{% extends 'base' %}{% block a %}{% include 'part' %}{% endblock %}"), V("base", "[{% block a %}{% endblock %}]"),
                       V("part", "new"));
    EXPECT_TEXT(text_of(NULL), "[new]");
    capo_template_release_all(&engine);
}

TEST(template_links_are_none_in_debug)
{
    engine.debug = true;
    sources = capo_map(V("t", "{% extends 'base' %}{% block a %}{% include 'part' %}{% endblock %}"), V("base", "<{% block a %}{% endblock %}>"), V("part", "old"));
    EXPECT_TEXT(text_of(NULL), "<old>");
    sources = capo_map(V("t", "{% extends 'base' %}{% block a %}{% include 'part' %}{% endblock %}"), V("base", "[{% block a %}{% endblock %}]"), V("part", "new"));
    EXPECT_TEXT(text_of(NULL), "[new]");
    capo_template_release_all(&engine);
    engine.debug = false;
}

/* What a template extends depends on the way that led to it: "a" below "b" is another than "b" below "a". */
static bool find_in_two_places(const Engine *of, const char *name, int place, TemplateSource *ret, const char **ret_tried)
{
    (void)of;
    static const char *const texts[2][2] = { { "{% extends 'b' %}", "<a>{% block x %}{% endblock %}" }, { "{% extends 'a' %}", "<b>{% block x %}{% endblock %}" } };
    *ret_tried = "memory";
    if (place > 1)
        return false;
    *ret = (TemplateSource){ .text = texts[*name - 'a'][place], .size = strlen(texts[*name - 'a'][place]), .path = name, .place = place };
    return true;
}

static void render_named(void *name)
{
    Buffer out = { 0 };
    Engine *of = capo_template_engine;
    capo_template_run(capo_template_get(of, name), capo_context_for(of, NULL), &out);
    capo_raise(ERROR_VALUE, "%s", capo_buffer_text(&out));
}

TEST(template_links_of_extends_depend_on_the_way)
{
    Engine two = { .find = find_in_two_places }, *before = capo_template_engine;
    capo_template_engine = &two;
    const char *texts[4];
    for (int i = 0; i < 4; i++)
        texts[i] = capo_try(render_named, i % 2 ? "b" : "a")->message;
    capo_template_release_all(&two);
    capo_template_engine = before;
    for (int i = 0; i < 4; i++)
        EXPECT_TEXT(texts[i], i % 2 ? "<b>" : "<a>");
}

/* --- compiling -------------------------------------------------------------------------------------------------------------------------------- */

static void compile(const char *piece, int count)
{
    Buffer source = { 0 };
    for (int i = 0; i < count; i++)
        capo_put_format(&source, piece, i);
    TemplateSource text = { .text = capo_buffer_text(&source), .size = source.size };
    capo_template_compile(&engine, "t", &text, false);
}

TEST(template_compiles_in_linear_time)
{
    static const char *const pieces[] = {
        "<p>{{ post%1$d.title|default:\"none\"|upper }}</p>\n", "{%% if a%1$d == 1 and b or not c %%}x{%% else %%}y{%% endif %%}",
        "{%% for x in rows%1$d %%}{{ x }}{%% endfor %%}", "{%% with a%1$d=b %%}{%% endwith %%}", "{%% include \"a%1$d\" with x=1 %%}",
    };
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        int64_t small = CPU_US_OF(compile(pieces[i], 2000)), large = CPU_US_OF(compile(pieces[i], 16000));
        if (large > 8 * small * 3 + 10000)
            capo_test_fail(__FILE__, __LINE__, "8 times the source took %lld microseconds after %lld: %s", (long long)large, (long long)small, pieces[i]);
    }
}

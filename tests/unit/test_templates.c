/* SPDX-License-Identifier: BSD-3-Clause */
/* The template language: what needs code (the rest is in tests/templates): loaders, own tags and
 * filters, errors and their places, recursion, and the rows of the security plan. */
#include "../../templates/engine.h"
#include <capo/testing.h>
#include <string.h>

static bool find_in_map(const Engine *engine, const char *name, int place, TemplateSource *ret, const char **ret_tried)
{
    const Map *const *folders = engine->data;
    for (int i = 0; folders[i]; i++) {
        Value *source = i >= place ? capo_map_get(folders[i], name) : NULL;
        if (source) {
            *ret = (TemplateSource){ .text = source->text, .size = source->size, .place = i, .path = name };
            return true;
        }
    }
    if (ret_tried)
        *ret_tried = "memory";
    return false;
}

static char *no_route(const Context *context, const char *name, const Var *arguments, bool quiet)
{
    (void)context, (void)arguments;
    if (!quiet)
        capo_raise(ERROR_NO_REVERSE_MATCH, "no route %s", name);
    return NULL;
}

static Value shout(Value value, Value argument)
{
    return VALUE(capo_format("%s%s", capo_to_text(value), capo_truth(argument) ? capo_to_text(argument) : "!"));
}

static Value twice(Context *context, const TagArguments *arguments)
{
    (void)context;
    Value text = capo_tag_argument(arguments, "text");
    return VALUE(capo_format("%s%s", capo_to_text(text), capo_to_text(text)));
}

static Map *badge(Context *context, const TagArguments *arguments)
{
    (void)context;
    return capo_map_of((const Var[]){ { "label", capo_tag_argument(arguments, "label") }, { 0 } });
}

static Value boxed(Context *context, const TagArguments *arguments, Value content)
{
    (void)context, (void)arguments;
    return capo_value_safe(capo_format("[%s]", content.text));
}

static const TemplateFilter own_filters[] = { { "shout", shout, ARGUMENT_OPTIONAL }, { 0 } };
static const TemplateTag own_tags[] = {
    { "twice", .simple = twice, .arguments = "text" }, { "badge", .inclusion = badge, .template = "badge", .arguments = "label" }, { "box", .block = boxed }, { 0 }
};
static const TagLibrary own_libraries[] = { { "own", .filters = own_filters, .tags = own_tags }, { 0 } };

static const TagLibrary *libraries(size_t i)
{
    return i == 0 ? own_libraries : NULL;
}

typedef struct Rendering { const Map *folders[3]; const char *entry; const Map *variables; bool debug; Buffer out; } Rendering;

typedef struct Body { Engine *engine; Rendering *job; } Body;

static void render_body(void *argument)
{
    const Body *body = argument;
    Context *context = capo_context_for(body->engine, NULL);
    for (size_t i = 0; body->job->variables && i < body->job->variables->count; i++)
        capo_context_set(context, body->job->variables->entries[i].key.text, body->job->variables->entries[i].value);
    capo_template_run(capo_template_get(body->engine, body->job->entry), context, &body->job->out);
}

/* With an engine of its own, which is gone afterwards also where the rendering fails. */
static void render_now(void *argument)
{
    Rendering *job = argument;
    Engine engine = { .find = find_in_map, .data = job->folders, .reverse = no_route, .debug = job->debug,
                      .static_prefix = "/static/", .media_prefix = "/media/" };
    Engine *before = capo_template_engine;
    const TagLibrary *(*libraries_before)(size_t) = capo_template_app_libraries;
    capo_template_engine = &engine;
    capo_template_app_libraries = libraries;
    const Error *error = capo_try(render_body, &(Body){ &engine, job });
    capo_template_release_all(&engine);
    capo_template_engine = before;
    capo_template_app_libraries = libraries_before;
    if (error)
        capo_reraise(error);
}

/* What the template `t` gives with these variables, or "Error: message". */
static const char *render_map(const Map *templates, const Map *variables)
{
    Rendering *job = capo_alloc_struct(Rendering);
    job->folders[0] = templates;
    job->entry = "t";
    job->variables = variables;
    const Error *error = capo_try(render_now, job);
    if (error)
        return capo_format("%s: %s", error->name, error->message);
    return capo_buffer_text(&job->out);
}

#define RENDER(source, ...) render_map(capo_map(V("t", source)), capo_map(__VA_ARGS__))

static bool begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

#define EXPECT_ERROR(text, name, words) do { const char *text_ = (text); if (!begins(text_, name) || !strstr(text_, words))           \
    capo_test_fail(__FILE__, __LINE__, "expected %s with '%s', got: %.300s", name, words, text_); } while (0)

/* --- what needs code -------------------------------------------------------------------------------------------------------------------- */

TEST(templates_own_tags_and_filters)
{
    const Map *templates = capo_map(V("t", "{% load own %}{{ x|shout }} {{ x|shout:'?' }} {% twice x %} {% twice text=x as y %}{{ y }} "
                                           "{% badge x %} {% box %}{{ x }}{% endbox %}"), V("badge", "<i>{{ label }}{{ x }}</i>"));
    EXPECT_TEXT(render_map(templates, capo_map(V("x", "a&"))), "a&amp;! a&amp;? a&amp;a&amp; a&amp;a&amp; <i>a&amp;</i> [a&amp;]");
    EXPECT_ERROR(RENDER("{{ x|shout }}"), "TemplateSyntaxError", "{% load own %}");
    EXPECT_TEXT(RENDER("{% load twice from own %}{% twice 'b' %}"), "bb");
    EXPECT_ERROR(RENDER("{% load twice from own %}{{ x|shout }}"), "TemplateSyntaxError", "shout");
    EXPECT_ERROR(RENDER("{% load owl %}"), "TemplateSyntaxError", "own");
}

TEST(templates_errors_name_place_and_remedy)
{
    EXPECT_ERROR(RENDER("a\n  {% endfro %}"), "TemplateSyntaxError", "template t, line 2, column 3");
    EXPECT_ERROR(RENDER("{% fro x in y %}"), "TemplateSyntaxError", "Did you mean 'for'?");
    EXPECT_ERROR(RENDER("{{ x|uper }}"), "TemplateSyntaxError", "Did you mean 'upper'?");
    EXPECT_ERROR(RENDER("{% if x %}a\nb"), "TemplateSyntaxError", "'elif' or 'else' or 'endif'. (template t, line 1, column 1)");
    EXPECT_ERROR(RENDER("{% extends 'gone' %}"), "TemplateDoesNotExist", "memory");
}

TEST(templates_debug_html_shows_the_line)
{
    Rendering job = { .folders = { capo_map(V("t", "one\n{% bad<tag> %}\nthree")) }, .entry = "t" };
    const Error *error = capo_try(render_now, &job);
    EXPECT(error != NULL);
    const char *html = capo_template_debug_html(error);
    EXPECT(html && strstr(html, "<span class=\"here\">    2  {% bad&lt;tag&gt; %}</span>"));
    Rendering other = { .folders = { capo_map(V("t", "one\n\n{{ x|cut:y }}")) }, .entry = "t" };
    error = capo_try(render_now, &other);
    EXPECT(error != NULL);
    html = capo_template_debug_html(error);
    EXPECT(html && strstr(html, "<span class=\"here\">    3  <mark>{{ x|cut:y }}</mark></span>"));
}

TEST(templates_same_name_extends_the_next_folder)
{
    Rendering job = { .folders = { capo_map(V("t", "{% extends 't' %}{% block b %}<{{ block.super }}>{% endblock %}")),
                                   capo_map(V("t", "2{% block b %}x{% endblock %}")) }, .entry = "t" };
    render_now(&job);
    EXPECT_TEXT(capo_buffer_text(&job.out), "2<x>");
}

static int changes;
static bool find_changing(const Engine *engine, const char *name, int place, TemplateSource *ret, const char **ret_tried)
{
    (void)engine, (void)name, (void)ret_tried;
    const char *text = changes ? "new {{ x }}" : "old {{ x }}{% include 'other' %}";
    *ret = (TemplateSource){ .text = text, .size = strlen(text), .place = place };
    return place == 0;
}

/* SEC-236: a template that is replaced while it renders stays whole until the rendering ends. */
TEST(sec_236_template_replaced_while_rendering)
{
    Engine engine = { .find = find_changing, .debug = true };
    changes = 0;
    const Template *old = capo_template_get(&engine, "t");
    changes = 1;
    const Template *fresh = capo_template_get(&engine, "t");
    EXPECT(old != fresh);
    Buffer out = { 0 };
    Context *context = capo_context_for(&engine, NULL);
    capo_context_set(context, "x", VALUE(1));
    capo_template_run(old, context, &out);
    EXPECT_TEXT(capo_buffer_text(&out), "old 1new 1");
    EXPECT(capo_template_get(&engine, "t") == fresh);
    capo_template_release_all(&engine);
}

/* --- security rows ------------------------------------------------------------------------------------------------------------------------ */

TEST(sec_220_escaped_by_default)
{
    const Map *templates = capo_map(V("t", "{{ x }}<a b=\"{{ x }}\">{% include 'i' %}{% filter upper %}{{ x }}{% endfilter %}"), V("i", "{{ x }}"));
    EXPECT_TEXT(render_map(templates, capo_map(V("x", "<&>\"'"))),
                "&lt;&amp;&gt;&quot;&#x27;<a b=\"&lt;&amp;&gt;&quot;&#x27;\">&lt;&amp;&gt;&quot;&#x27;&LT;&AMP;&GT;&QUOT;&#X27;");
}

TEST(sec_221_safe_and_unsafe_joined)
{
    EXPECT_TEXT(RENDER("{{ s|add:x }}", V("s", capo_value_safe("<b>")), V("x", "<i>")), "&lt;b&gt;&lt;i&gt;");
    EXPECT_TEXT(RENDER("{{ l|join:s }}", V("s", capo_value_safe("<b>")), V("l", capo_value_strings(LIST("<", ">")))), "&lt;<b>&gt;");
    EXPECT_TEXT(RENDER("{{ s|cut:'&' }}", V("s", capo_value_safe("&lt;"))), "lt;");
    EXPECT_TEXT(RENDER("{{ s|cut:';' }}", V("s", capo_value_safe("&lt;"))), "&amp;lt");
    EXPECT_TEXT(RENDER("{{ s|upper }}", V("s", capo_value_safe("&lt;"))), "&amp;LT;");
    EXPECT_TEXT(RENDER("{{ s|slice:':2' }}", V("s", capo_value_text("<b>"))), "&lt;b");
}

TEST(sec_222_debug_and_unclosed)
{
    EXPECT_TEXT(RENDER("{% debug %}", V("x", "<secret>")), "");
    Rendering job = { .folders = { capo_map(V("t", "{% debug %}")) }, .entry = "t", .variables = capo_map(V("x", "<b>")), .debug = true };
    render_now(&job);
    EXPECT(strstr(capo_buffer_text(&job.out), "&lt;b&gt;") && !strstr(capo_buffer_text(&job.out), "<b>"));
    EXPECT_ERROR(RENDER("{% comment %}"), "TemplateSyntaxError", "endcomment");
    EXPECT_ERROR(RENDER("{% verbatim %}{{ x }}"), "TemplateSyntaxError", "endverbatim");
    EXPECT_ERROR(RENDER("{% autoescape of %}{% endautoescape %}"), "TemplateSyntaxError", "'on' or 'off'");
}

TEST(sec_223_scripts_cannot_be_left)
{
    const char *bad = "</script><!--\xE2\x80\xA8'\"\\\x01&";
    EXPECT_TEXT(RENDER("{{ x|escapejs }}", V("x", bad)), "\\u003C/script\\u003E\\u003C!\\u002D\\u002D\\u2028\\u0027\\u0022\\u005C\\u0001\\u0026");
    const char *json = RENDER("{{ x|json_script:i }}", V("x", bad), V("i", "i\"d"));
    EXPECT_TEXT(json, "<script id=\"i&quot;d\" type=\"application/json\">\"\\u003C/script\\u003E\\u003C!--\\u2028'\\\"\\\\\\u0001\\u0026\"</script>");
}

static const char *repeated(const char *part, size_t size)
{
    Buffer out = { 0 };
    while (out.size < size)
        capo_put(&out, part);
    return capo_buffer_text(&out);
}

/* A megabyte through each filter that Django once had quadratic. Quadratic would be minutes; the bound is for sanitizers. */
TEST(sec_224_to_227_linear_on_a_megabyte)
{
    static const char *const filters[] = { "truncatechars_html:5000000", "truncatewords_html:5000000", "truncatechars_html:10", "striptags", "urlize",
                                           "urlizetrunc:5", "wordwrap:5", "linebreaks", "slugify", "title", "addslashes", "upper", "linenumbers" };
    static const char *const parts[] = { "<", "</a>", "<a ", "&lt;", "(", "[.", "a.com)", ";&", "&amp;", "<!--", "<a x='", "<a x=\"", "\xC3\x9F", "\xEF\xAC\x81", "a@", "a@b.", ":.", "x" };
    enum { SIZE = 200000 };
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        const char *text = repeated(parts[p], SIZE);
        for (size_t f = 0; f < sizeof filters / sizeof *filters; f++) {
            int64_t start = capo_test_cpu_us();
            RENDER(capo_format("{{ x|%s }}", filters[f]), V("x", text));
            int64_t took = capo_test_cpu_us() - start;
            if (took > 4000000)
                capo_test_fail(__FILE__, __LINE__, "%s on %s took %lld ms", filters[f], parts[p], (long long)took / 1000);
        }
    }
}

TEST(sec_225_nested_incomplete_tags)
{
    EXPECT_TEXT(RENDER("{{ x|striptags }}", V("x", "<<b>script>alert(1)<</b>/script>")), "alert(1)");
    EXPECT_TEXT(RENDER("{{ x|striptags }}", V("x", "a<b>c</b> & d")), "ac &amp; d");
}

TEST(sec_226_only_known_schemes_become_links)
{
    EXPECT_TEXT(RENDER("{{ x|urlize }}", V("x", "javascript:alert(1)")), "javascript:alert(1)");
    EXPECT_TEXT(RENDER("{{ x|urlize }}", V("x", "http://a.b/\"onclick='x'")), "<a href=\"http://a.b/\" rel=\"nofollow\">http://a.b/</a>&quot;onclick=&#x27;x&#x27;");
    EXPECT(!strstr(RENDER("{{ x|urlize }}", V("x", capo_format("http://%s", repeated("a", 2100)))), "<a"));
}

TEST(sec_228_digits_are_capped)
{
    EXPECT_TEXT(RENDER("{{ x|floatformat:2 }}", V("x", "1e1000000000")), "1e1000000000");
    EXPECT_TEXT(RENDER("{{ x|floatformat:2 }}", V("x", "1e-1000000000")), "1e-1000000000");
    EXPECT_TEXT(RENDER("{{ x }}", V("x", (Decimal){ "1E+1000000" })), "1e+1000000");
    EXPECT_TEXT(RENDER("{{ x|floatformat:2000000 }}", V("x", "1.5")), "1.5");
    EXPECT(strlen(RENDER("{% load humanize %}{{ x|intcomma }}", V("x", repeated("9", 100000)))) < 140000);
}

TEST(sec_229_no_gigabytes_out_of_a_number)
{
    EXPECT_ERROR(RENDER("{{ 'x'|ljust:1000000000 }}"), "ValueError", "at most");
    EXPECT_ERROR(RENDER("{{ 'x'|center:1000000000 }}"), "ValueError", "at most");
    EXPECT_TEXT(RENDER("{{ 'x'|stringformat:'1000000000s' }}"), "");
    EXPECT(strlen(RENDER("{% lorem 1000000000 w %}")) < 200000);
}

TEST(sec_230_only_declared_names)
{
    EXPECT_ERROR(RENDER("{{ x._secret }}"), "TemplateSyntaxError", "underscores");
    EXPECT_ERROR(RENDER("{{ _x }}"), "TemplateSyntaxError", "underscores");
    Map *row = capo_map(V("_secret", 1));
    List *list = capo_list_new();
    capo_list_add(list, VALUE(row));
    EXPECT_TEXT(RENDER("{{ x|dictsort:'_secret' }}", V("x", list)), "");
    EXPECT_TEXT(RENDER("{{ x|date:f }}", V("x", "text"), V("f", "SECRET_KEY")), "");
}

static void find_outside(void *name)
{
    capo_template_engine = NULL;
    capo_template(name);
}

TEST(sec_231_names_stay_in_the_template_folders)
{
    EXPECT_ERROR(RENDER("{% include '../../etc/passwd' %}"), "TemplateSyntaxError", "outside");
    EXPECT_ERROR(RENDER("{% include x %}", V("x", "./../../etc/passwd")), "TemplateSyntaxError", "outside");
    capo_settings_init(&(Settings){ .name = "templates", .secret_key = "a secret key of forty characters or more" });
    static const char *const names[] = { "../../../etc/passwd", "/etc/passwd", "a/../../../etc/passwd", "", ".", "..", "a//b" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        EXPECT_RAISES(ERROR_TEMPLATE_DOES_NOT_EXIST, find_outside, (void *)names[i]);
}

TEST(sec_232_recursion_is_an_error_with_a_place)
{
    EXPECT_ERROR(RENDER("a\n{% include 't' %}"), "TemplateSyntaxError", "line 2");
    EXPECT_ERROR(RENDER("{% extends 't' %}"), "TemplateDoesNotExist", "extends itself");
    const Map *circle = capo_map(V("t", "{% extends 'u' %}"), V("u", "{% extends 't' %}"));
    EXPECT_ERROR(render_map(circle, NULL), "TemplateDoesNotExist", "extends itself");
    EXPECT_ERROR(RENDER(repeated("{% if x %}", 100000)), "TemplateSyntaxError", "nested");
    EXPECT_ERROR(RENDER(capo_format("{%% if %s x %%}{%% endif %%}", repeated("not ", 40000))), "TemplateSyntaxError", "nested");
    EXPECT_ERROR(RENDER("{% partialdef p inline %}{% partial p %}{% endpartialdef %}"), "TemplateSyntaxError", "without end");
}

TEST(sec_233_texts_never_are_formats)
{
    EXPECT_TEXT(RENDER("{% load i18n %}{% trans x %}|{% blocktrans %}%s %n {{ x }} 100%{% endblocktrans %}", V("x", "%s%n{0}")),
                "%s%n{0}|%s %n %s%n{0} 100%");
    EXPECT_TEXT(RENDER("{{ d|date:'%Y%j' }}", V("d", capo_date(2026, 11, 2))), "%2026%2");
    EXPECT_ERROR(RENDER("{% %s %}"), "TemplateSyntaxError", "'%s'");
}

TEST(sec_235_bad_utf8_is_passed_over)
{
    static const char *const filters[] = { "upper", "lower", "title", "capfirst", "slugify", "truncatechars:3", "truncatewords:1", "make_list",
                                           "wordwrap:2", "urlize", "length", "first", "last", "striptags", "center:20", "truncatechars_html:2", "escapejs", "slice:'::-1'" };
    static const char *const texts[] = { "\xFF", "a\xC3", "\xE2\x82", "\xF0\x9F\x98", "\x80\x80", "a\xED\xA0\x80z" };
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            EXPECT(RENDER(capo_format("{{ x|%s }}", filters[i]), V("x", texts[k])) != NULL);
}

/* SEC-237: pieces of templates in any order give an output or an error, in bounded time. tests/fuzz goes further. */
TEST(sec_237_pieces_in_any_order)
{
    static const char *const pieces[] = { "{%", "%}", "{{", "}}", "{#", "#}", " if ", " x ", "|", ":", "upper", "'", "\"", "for a in x", " endif ", " endfor ", "block b", "endblock",
                                          "extends 't'", "include 'u'", "\n", "<", ".", "0", "_(", ")", "with x=1", "endwith", "cycle 1 2 as c", "load i18n", "blocktrans", "endblocktrans" };
    uint64_t seed = 7;
    for (int round = 0; round < 3000; round++) {
        Buffer source = { 0 };
        for (int i = 0; i < 14; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            capo_put(&source, pieces[(seed >> 33) % (sizeof pieces / sizeof *pieces)]);
        }
        render_map(capo_map(V("t", capo_buffer_text(&source)), V("u", "{{ x }}")), capo_map(V("x", "ab")));
    }
}

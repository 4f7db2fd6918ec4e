/* SPDX-License-Identifier: BSD-3-Clause */
/* The own tags and filters that docs/templates.md shows. The test templates_docs_own_tags holds the page against this file, and the
 * page's examples are rendered with them. */
#include <capo.h>
#include "example_tags.h"
#include <ctype.h>
#include <string.h>

/* {{ user.name|initials }} */
static Value initials(Value value, Value argument)
{
    Buffer out = { 0 };
    bool begins = true;
    (void)argument;
    for (const char *at = value.text; *at; at++) {
        if (begins && isalpha((unsigned char)*at))
            capo_put_char(&out, (char)toupper((unsigned char)*at));
        begins = *at == ' ';
    }
    return VALUE(capo_buffer_text(&out));
}

/* {{ text|mark:"word" }}: HTML, so what comes from outside is escaped unless the template says that it need not be. */
static Value mark(Value value, Value argument, bool autoescape)
{
    const char *text = capo_to_text(value), *word = capo_to_text(argument), *found = *word ? strstr(text, word) : NULL;
    if (!found)
        return value;
    const char *before = capo_strndup(text, (size_t)(found - text)), *after = found + strlen(word);
    if (autoescape && value.kind != VALUE_SAFE)
        before = capo_escape(before), word = capo_escape(word), after = capo_escape(after);
    return capo_value_safe(capo_format("%s<mark>%s</mark>%s", before, word, after));
}

static const TemplateFilter filters[] = {
    { "initials", initials, .stringfilter = true },
    { "mark", .with_autoescape = mark, .argument = ARGUMENT_REQUIRED },
    { 0 }
};

/* {% reading_time post.body %}, {% reading_time post.body speed=300 as minutes %} */
static Value reading_time(Context *context, const TagArguments *arguments)
{
    int64_t words = 1, speed = 200;
    (void)context;
    for (const char *at = capo_to_text(capo_tag_argument(arguments, "text")); *at; at++)
        words += *at == ' ';
    capo_to_int(capo_tag_argument(arguments, "speed"), &speed);
    return VALUE(speed > 0 ? (words + speed - 1) / speed : 0);
}

/* {% badge "New" kind="hot" %} renders badge.html. */
static Map *badge(Context *context, const TagArguments *arguments)
{
    (void)context;
    return capo_map(V("label", capo_tag_argument(arguments, "label")), V("kind", capo_tag_argument(arguments, "kind")));
}

/* {% panel "Notes" %}…{% endpanel %} */
static Value panel(Context *context, const TagArguments *arguments, Value content)
{
    (void)context;
    return capo_value_safe(capo_format("<section><h2>%s</h2>%s</section>", capo_escape(capo_to_text(capo_tag_argument(arguments, "title"))),
                                       content.text));
}

/* {% repeat 3 %}…{% between %}, {% endrepeat %}: a syntax of its own. */
typedef struct Repeat { TemplateExpression *times; TemplateNode *body, *between; } Repeat;

static void render_repeat(const void *data, Context *context, Buffer *out)
{
    const Repeat *repeat = data;
    int64_t times = 0;
    capo_to_int(capo_tag_evaluate(repeat->times, context), &times);
    for (int64_t i = 0; i < times && i < 1000; i++) {
        if (i > 0)
            capo_tag_render(repeat->between, context, out);
        capo_tag_render(repeat->body, context, out);
    }
}

static TemplateNode *compile_repeat(TemplateParser *parser)
{
    size_t count;
    char **words = capo_tag_words(parser, &count);
    if (count != 2)
        capo_tag_fail(parser, "'%s' takes one argument: how often", words[0]);
    Repeat *repeat = capo_tag_alloc(parser, sizeof *repeat);
    repeat->times = capo_tag_expression(parser, words[1]);
    repeat->body = capo_tag_body(parser, LIST("between", "endrepeat"));
    if (strcmp(capo_tag_words(parser, &count)[0], "between") == 0)
        repeat->between = capo_tag_body(parser, LIST("endrepeat"));
    return capo_tag_node(parser, render_repeat, repeat);
}

static const TemplateTag tags[] = {
    { "reading_time", .simple = reading_time, .arguments = "text, speed=200" },
    { "badge", .inclusion = badge, .template = "badge.html", .arguments = "label, kind='plain'" },
    { "panel", .block = panel, .arguments = "title" },
    { "repeat", .compile = compile_repeat },
    { 0 }
};

const TagLibrary blog_libraries[] = { { "blog_extras", filters, tags }, { 0 } };

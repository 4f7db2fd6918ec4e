/* SPDX-License-Identifier: BSD-3-Clause */
/* Own tags and filters: rows of the App, used after {% load blog_extras %} (or everywhere: TemplateOptions.builtins).
 *
 *     static Value shout(Value value, Value argument) { return VALUE(capo_format("%s!", capo_to_text(value))); }
 *     static Value repeat(Context *context, const TagArguments *arguments)             // {% repeat word times=3 as text %}
 *     {
 *         …capo_to_text(capo_tag_argument(arguments, "word"))…
 *     }
 *     const TemplateFilter blog_filters[] = { { "shout", shout }, { 0 } };
 *     const TemplateTag blog_tags[] = { { "repeat", .simple = repeat, .arguments = "word, times=2" }, { 0 } };
 *     const TagLibrary blog_libraries[] = { { "blog_extras", blog_filters, blog_tags }, { 0 } };
 *     const App blog = { .name = "blog", .tags = blog_libraries };
 *
 * All of these functions run in the request, may query and wait, and may raise: the error page then shows the line of C and the
 * line of the template. */
#pragma once
#include <capo/templates.h>

/* --- filters -------------------------------------------------------------------------------------------------------------- */

typedef struct TemplateFilter {
    const char *name;
    Value (*function)(Value value, Value argument);
    enum { ARGUMENT_NONE, ARGUMENT_OPTIONAL, ARGUMENT_REQUIRED } argument;      /* where none is given it is null */
    bool is_safe;               /* safe input gives safe output */
    bool stringfilter;          /* gets its value as text */
    bool expects_localtime;     /* gets aware datetimes in the current time zone */
    Value (*with_autoescape)(Value value, Value argument, bool autoescape);     /* instead of function: needs_autoescape */
} TemplateFilter;

/* --- tags ----------------------------------------------------------------------------------------------------------------- */

/* Arguments of a tag by the names of its row: {% greet user.name big=True %}. */
typedef struct TagArguments {
    const struct TemplateTag *tag;
    const struct TagSignature *signature;   /* private */
    const Value *values;                    /* in the order of the row's .arguments, without rest and extra */
    List *rest;                             /* of "*rest" */
    Map *extra;                             /* of "**extra" */
} TagArguments;
/* The value of an argument, or its default. A name that is not in .arguments: a bug. */
Value capo_tag_argument(const TagArguments *arguments, const char *name);

typedef struct TemplateParser TemplateParser;
typedef struct TemplateNode TemplateNode;           /* one compiled tag, or a list of them */
typedef struct Expression TemplateExpression;

/* One of .simple, .inclusion, .block and .compile. */
typedef struct TemplateTag {
    const char *name;
    /* As Python writes parameters: "user, size=10, *rest, key=None, **extra". Defaults are numbers, texts in quotes, True, False, None.
     * NULL: it takes none. What does not fit is a TemplateSyntaxError when the template is compiled. */
    const char *arguments;
    /* A simple tag: its value is printed, escaped unless safe, or kept by `as name`. */
    Value (*simple)(Context *context, const TagArguments *arguments);
    /* An inclusion tag: `template` is rendered with the map that it gives, and csrf_token. */
    Map *(*inclusion)(Context *context, const TagArguments *arguments);
    const char *template;
    /* A block tag: gets its rendered content; what it gives is printed, escaped unless safe, or kept by `as name`. */
    Value (*block)(Context *context, const TagArguments *arguments, Value content);
    const char *end;                        /* what closes it; default "end<name>" */
    /* A tag of its own syntax. */
    TemplateNode *(*compile)(TemplateParser *parser);
} TemplateTag;

typedef struct TagLibrary { const char *name; const TemplateFilter *filters; const TemplateTag *tags; } TagLibrary;

/* --- a tag of its own syntax: compile once, render often ----------------------------------------------------------------
 *
 *     typedef struct Repeat { TemplateExpression *times; TemplateNode *body; } Repeat;      // {% repeat 3 %}…{% endrepeat %}
 *
 *     static void render_repeat(const void *data, Context *context, Buffer *out)
 *     {
 *         const Repeat *repeat = data;
 *         int64_t times = 0;
 *         capo_to_int(capo_tag_evaluate(repeat->times, context), &times);
 *         for (int64_t i = 0; i < times; i++)
 *             capo_tag_render(repeat->body, context, out);
 *     }
 *
 *     static TemplateNode *compile_repeat(TemplateParser *parser)
 *     {
 *         size_t count;
 *         char **words = capo_tag_words(parser, &count);
 *         if (count != 2)
 *             capo_tag_fail(parser, "'%s' takes one argument: how often", words[0]);
 *         Repeat *repeat = capo_tag_alloc(parser, sizeof *repeat);
 *         repeat->times = capo_tag_expression(parser, words[1]);
 *         repeat->body = capo_tag_body(parser, LIST("endrepeat"));
 *         return capo_tag_node(parser, render_repeat, repeat);
 *     }
 *
 * What is compiled lives as long as the template and is never changed afterwards, since many requests render it at a time;
 * what a rendering remembers is capo_context_memory. */

/* The words of the tag, its name the first; quoted parts stay whole. NULL at the end. */
char **capo_tag_words(TemplateParser *parser, size_t *ret_count);
/* Memory of the template, zeroed. */
void *capo_tag_alloc(TemplateParser *parser, size_t size);
/* "post.title|upper", "'text'", "3": a word as an expression; a mistake in it raises. */
TemplateExpression *capo_tag_expression(TemplateParser *parser, const char *word);
/* Compiles what follows up to one of these tags, which capo_tag_words gives next. An end that never comes raises, with the place of
 * this tag. {% if %}-like tags call it again while the word is not the last: capo_tag_body(parser, LIST("else", "endrepeat")). */
TemplateNode *capo_tag_body(TemplateParser *parser, const char *const *ends);
/* The source as it stands up to this end tag, uncompiled. */
const char *capo_tag_raw_body(TemplateParser *parser, const char *end);
/* The node that render(data, …) prints. */
TemplateNode *capo_tag_node(TemplateParser *parser, void (*render)(const void *data, Context *context, Buffer *out), const void *data);
/* Raises ERROR_TEMPLATE_SYNTAX with the place of the tag. */
_Noreturn void capo_tag_fail(TemplateParser *parser, const char *format, ...) __attribute__((format(printf, 2, 3), cold));

/* The value now. What is missing is null with VALUE_FLAG_MISSING. */
Value capo_tag_evaluate(const TemplateExpression *expression, Context *context);
void capo_tag_render(const TemplateNode *body, Context *context, Buffer *out);
/* Appends as {{ value }} does: localised, and escaped unless safe or autoescape is off. */
void capo_tag_print(Context *context, Value value, Buffer *out);

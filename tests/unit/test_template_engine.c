/* SPDX-License-Identifier: BSD-3-Clause */
/* The engine as people use it: loaders, options, reloading, partials by name, own tags and filters, the context, context processors,
 * errors and the way that led there, missing variables, the checks, the test client's record. All by the public headers. */
#include "example_tags.h"
#include "query_library.h"
#include "scratch_folder.h"
#include <capo/server.h>
#include <capo/testing.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char key[] = "a secret key of forty characters or more";

/* --- helpers -------------------------------------------------------------------------------------------------------------------- */

/* A folder of the test's own as working directory, with templates/ in it. */
static void enter_folder(void)
{
    enter_scratch_folder();
    (void)!system("mkdir -p templates shop/templates");
}

static void put(const char *path, const char *text)
{
    EXPECT_INT(capo_write_file(path, text, strlen(text)), 0);
}

static const App shop = { .name = "shop", .tags = blog_libraries };

/* A site whose templates are these: SITE({ "a.html", "…" }, …) */
#define SITE(...) SITE_WITH((TemplateOptions){ 0 }, __VA_ARGS__)
#define SITE_WITH(options_, ...)                                                                                               \
    do {                                                                                                                       \
        static const TemplateText rows_[] = { __VA_ARGS__, { 0 } };                                                            \
        static const TemplateLoader loader_ = { .name = "texts", .find = capo_find_in_texts, .list = capo_list_texts, .data = rows_ }; \
        static const TemplateLoader *const loaders_[] = { &loader_, NULL };                                                    \
        static TemplateOptions kept_;                                                                                          \
        kept_ = (options_);                                                                                                    \
        kept_.loaders = loaders_;                                                                                              \
        start_site(&kept_);                                                                                                    \
    } while (0)

static const char *const extras_builtins[] = { "blog_extras", "humanize", NULL }, *const wrong_builtins[] = { "blog_extra", NULL },
                  *const own_builtins[] = { "own", "blog_extras", NULL };

static bool debug;

static void debug_off(void *unused)
{
    (void)unused;
    debug = false;
}

static void turn_debug_on(void)
{
    debug = true;
    capo_defer(debug_off, NULL);
}

static Response *hello(Request *req);
static const Route urls[] = { { "", hello, "home" }, { "posts/<int:pk>/<slug:slug>/", hello, "post" }, { "raise/", hello, "raise" }, { 0 } };

static void start_site(const TemplateOptions *options)
{
    capo_settings_init(&(Settings){ .secret_key = key, .apps = APPS(&shop), .templates = options, .urls = urls, .debug = debug,
                                    .middleware = MIDDLEWARE(capo_messages_middleware), .allowed_hosts = LIST("*") });
}

#define RENDER(name, ...) capo_render_to_text(NULL, (name), capo_map(__VA_ARGS__))

typedef struct Wanted { const char *name; const Map *variables; } Wanted;

static void render_wanted(void *argument)
{
    const Wanted *wanted = argument;
    capo_render_to_text(NULL, wanted->name, wanted->variables);
}

/* The error of rendering it. */
static const Error *failure_of(const char *name, const Map *variables)
{
    const Error *error = capo_try(render_wanted, &(Wanted){ name, variables });
    if (!error)
        capo_test_fail(__FILE__, __LINE__, "'%s' was to fail, and did not", name);
    return error;
}

static void expect_has(int line, const char *text, const char *part)
{
    if (!text || !strstr(text, part))
        capo_test_fail(__FILE__, line, "no '%s' in: %s", part, text ? text : "NULL");
}
#define EXPECT_HAS(text, part) expect_has(__LINE__, (text), (part))
/* Rendering `name` raises this, with `part` in its message. */
#define EXPECT_FAILS(template_name, code_, part)                                                                               \
    do {                                                                                                                       \
        const Error *error_ = failure_of((template_name), capo_map_new());                                                     \
        if (error_->code != (code_))                                                                                           \
            capo_test_fail(__FILE__, __LINE__, "%s: %s", error_->name, error_->message);                                       \
        expect_has(__LINE__, error_->message, (part));                                                                         \
    } while (0)

/* What is written to the log meanwhile. */
static const char *log_of(void (*work)(void *), void *argument)
{
    FILE *file = tmpfile();
    EXPECT(file != NULL);
    fflush(stderr);
    int saved = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    const Error *error = capo_try(work, argument);
    dup2(saved, STDERR_FILENO);
    close(saved);
    char *text = capo_alloc(65536);
    rewind(file);
    text[fread(text, 1, 65535, file)] = 0;
    fclose(file);
    if (error)
        capo_reraise(error);
    return text;
}

static Request *request_for(const char *target)
{
    static const struct QueryItem headers[] = { { "Host", "testserver" } };
    return capo_request_make(&(RawRequest){ .method = "GET", .target = target, .headers = (struct QueryItem *)headers, .n_headers = 1,
                                            .remote_address = "192.0.2.1", .scheme = "http" });
}

/* --- loaders -------------------------------------------------------------------------------------------------------------------- */

static const TemplateLoader two_texts = TEXT_LOADER({ "a.html", "text a" }), dark_or_plain = FOLDER_LOADER("dark", "plain"),
                            first_and_second = FOLDER_LOADER("first", "second");

TEST(templates_loaders_in_order)
{
    enter_folder();
    (void)!system("mkdir -p dark plain");
    put("templates/a.html", "site a");
    put("templates/b.html", "site b");
    put("dark/b.html", "dark b");
    put("plain/b.html", "plain b");
    put("plain/c.html", "plain c");
    put("shop/templates/shop.html", "shop");
    static const TemplateLoader *const loaders[] = { &two_texts, &dark_or_plain, &capo_site_loader, NULL };
    start_site(&(TemplateOptions){ .loaders = loaders });
    EXPECT_TEXT(RENDER("a.html"), "text a");
    EXPECT_TEXT(RENDER("b.html"), "dark b");
    EXPECT_TEXT(RENDER("c.html"), "plain c");
    EXPECT_TEXT(RENDER("shop.html"), "shop");
    EXPECT_TEXT(capo_template_origin(capo_template("a.html")).loader, "texts");
    EXPECT_TEXT(capo_template_origin(capo_template("c.html")).path, "plain/c.html");
    EXPECT_TEXT(capo_template_origin(capo_template("shop.html")).path, "shop/templates/shop.html");
    EXPECT_TEXT(capo_template_origin(capo_template("shop.html")).loader, "site");
    EXPECT(capo_template_origin(capo_template_from_string("x", "y")).path == NULL);
    const char *message = failure_of("gone.html", NULL)->message;
    EXPECT_HAS(message, "the loader 'texts', dark/gone.html, plain/gone.html, templates/gone.html, shop/templates/gone.html");
    /* a folder's template cannot be left */
    EXPECT_FAILS("../templates/a.html", ERROR_TEMPLATE_DOES_NOT_EXIST, "There is no template");
}

TEST(templates_same_name_through_all_loaders)
{
    enter_folder();
    (void)!system("mkdir -p first second");
    put("first/t.html", "{% extends 't.html' %}{% block a %}1{{ block.super }}{% endblock %}");
    put("second/t.html", "{% extends 't.html' %}{% block a %}2{{ block.super }}{% endblock %}");
    put("templates/t.html", "{% extends 't.html' %}{% block a %}3{{ block.super }}{% endblock %}");
    put("shop/templates/t.html", "<{% block a %}4{% endblock %}>");
    static const TemplateLoader *const loaders[] = { &first_and_second, &capo_site_loader, NULL };
    start_site(&(TemplateOptions){ .loaders = loaders });
    EXPECT_TEXT(RENDER("t.html"), "<1234>");
    start_site(NULL);
    EXPECT_TEXT(RENDER("t.html"), "<34>");
    /* each of the site's own folders is a place too */
    capo_settings_init(&(Settings){ .secret_key = key, .apps = APPS(&shop), .template_directories = LIST("first", "second", "templates") });
    EXPECT_TEXT(RENDER("t.html"), "<1234>");
}

static int times_asked;

static bool find_number(const TemplateLoader *loader, const char *name, int place, TemplateSource *ret, List *tried)
{
    times_asked++;
    if (place > 0 || strspn(name, "0123456789") != strlen(name)) {
        capo_list_add(tried, VALUE(capo_format("the %s", (const char *)loader->data)));
        return false;
    }
    const char *text = capo_format("{{ x }} of %s", name);
    *ret = (TemplateSource){ .text = text, .size = strlen(text), .path = capo_format("number:%s", name) };
    return true;
}

TEST(templates_loader_of_ones_own)
{
    static const TemplateLoader numbers = { .name = "numbers", .find = find_number, .data = "numbers" };
    static const TemplateLoader *const loaders[] = { &numbers, NULL };
    start_site(&(TemplateOptions){ .loaders = loaders });
    times_asked = 0;
    EXPECT_TEXT(RENDER("12", V("x", 3)), "3 of 12");
    EXPECT_TEXT(RENDER("12", V("x", 4)), "4 of 12");
    EXPECT_INT(times_asked, 1);             /* compiled once and kept */
    EXPECT_TEXT(capo_template_origin(capo_template("12")).path, "number:12");
    EXPECT_HAS(failure_of("twelve", NULL)->message, "the numbers");
}

/* Sources by name; a name without one fails. How often each was asked for is counted. */
static const struct { const char *name, *source; } linked_texts[] = {
    { "page", "{% extends 'base' %}{% block a %}{% if x %}{% include 'lost' %}{% include 'wrong' %}{% endif %}{% include './part#row' %}{% include y %}{% endblock %}" },
    { "base", "<{% block a %}{% endblock %}>" }, { "part", "{% partialdef row %}row{% if x %}{% include 'page' %}{% endif %}{% endpartialdef %}" },
    { "wrong", "{% if %}" }, { "itself", "{% extends 'itself' %}" }, { "ring", "{% if x %}{% include 'ring' %}{% endif %}." }, { 0 }
};
static unsigned linked_asked[16];

static bool find_linked(const TemplateLoader *loader, const char *name, int place, TemplateSource *ret, List *tried)
{
    (void)loader;
    size_t i = 0;
    while (linked_texts[i].name && strcmp(linked_texts[i].name, name) != 0)
        i++;
    linked_asked[i]++;
    if (place > 0 || !linked_texts[i].name) {
        capo_list_add(tried, VALUE("nowhere"));
        return false;
    }
    *ret = (TemplateSource){ .text = linked_texts[i].source, .size = strlen(linked_texts[i].source) };
    return true;
}

TEST(templates_link_constant_names_at_load)
{
    static const TemplateLoader loader = { .name = "linked", .find = find_linked };
    static const TemplateLoader *const loaders[] = { &loader, NULL };
    start_site(&(TemplateOptions){ .loaders = loaders });
    memset(linked_asked, 0, sizeof linked_asked);
    capo_template("page");
    /* page, base, part, wrong, itself, ring, lost */
    static const unsigned wanted[] = { 1, 1, 1, 1, 0, 0, 1 };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        EXPECT_INT(linked_asked[i], wanted[i]);
    EXPECT_TEXT(RENDER("ring"), ".");
    /* what is linked is not asked for again, what was missing or wrong is, and only where it is rendered */
    EXPECT_HAS(failure_of("page", capo_map(V("x", 1)))->message, "lost");
    EXPECT_INT(linked_asked[1], 1);
    EXPECT_INT(linked_asked[6], 2);
    EXPECT_INT(linked_asked[3], 1);
    EXPECT_HAS(failure_of("page", capo_map(V("y", "wrong")))->message, "Unexpected end of expression");
    EXPECT(failure_of("itself", NULL)->code == ERROR_TEMPLATE_DOES_NOT_EXIST);
}

TEST(templates_reload_in_debug_only)
{
    enter_folder();
    for (int round = 0; round < 2; round++) {
        put("templates/base.html", "[{% block a %}{% endblock %}{% include 'part.html' %}]");
        put("templates/page.html", "{% extends 'base.html' %}{% block a %}page{% endblock %}");
        put("templates/part.html", " part");
        if (round == 1)
            turn_debug_on();
        start_site(NULL);
        EXPECT_TEXT(RENDER("page.html"), "[page part]");
        /* same size, within the same tick of the clock */
        put("templates/part.html", " PART");
        EXPECT_TEXT(RENDER("page.html"), round ? "[page PART]" : "[page part]");
        put("templates/base.html", "({% block a %}{% endblock %}{% include 'part.html' %})");
        EXPECT_TEXT(RENDER("page.html"), round ? "(page PART)" : "[page part]");
        put("templates/page.html", "{% extends 'base.html' %}{% block a %}PAGE{% endblock %}");
        EXPECT_TEXT(RENDER("page.html"), round ? "(PAGE PART)" : "[page part]");
    }
}

static void select_of(void *names)
{
    capo_template_select(names);
}

TEST(templates_first_that_exists)
{
    SITE({ "b.html", "b {{ x }}" }, { "c.html", "c" }, { "bad.html", "{% if %}" });
    Buffer out = { 0 };
    capo_template_render(capo_template_select(LIST("a.html", "b.html", "c.html")), capo_context_new(NULL, capo_map(V("x", 1))), &out);
    EXPECT_TEXT(capo_buffer_text(&out), "b 1");
    Response *res = capo_render_first(request_for("/"), LIST("a.html", "b.html#no", "c.html"), V("x", 1));
    EXPECT_TEXT(capo_buffer_text(&res->body), "c");
    const Error *error = capo_try(select_of, (void *)LIST("x.html", "c.html#row"));
    EXPECT(error && error->code == ERROR_TEMPLATE_DOES_NOT_EXIST);
    EXPECT_HAS(error->message, "There is no template 'x.html'");
    EXPECT_HAS(error->message, "The template 'c.html' has no partial 'row'. It has no partials.");
    error = capo_try(select_of, (void *)LIST("bad.html", "c.html"));
    EXPECT(error && error->code == ERROR_TEMPLATE_SYNTAX);
}

TEST(templates_partials_by_name)
{
    SITE({ "list.html", "{% extends 'base.html' %}{% block a %}{% partialdef row inline %}<{{ x }}>{% endpartialdef %}{% partial row %}{% endblock %}"
                        "{% partialdef two %}{% partial row %}2{% endpartialdef %}" },
         { "base.html", "base {% block a %}{% endblock %}" }, { "page.html", "{% include 'list.html#row' with x=7 %}{% include name %}" },
         { "wrong.html", "{% partial rwo %}{% partialdef row %}{% endpartialdef %}" });
    EXPECT_TEXT(RENDER("list.html", V("x", 1)), "base <1><1>");
    EXPECT_TEXT(RENDER("list.html#row", V("x", 1)), "<1>");
    EXPECT_TEXT(RENDER("list.html#two", V("x", 1)), "<1>2");
    EXPECT_TEXT(RENDER("list.html#", V("x", 1)), "base <1><1>");
    EXPECT_TEXT(RENDER("page.html", V("x", 1), V("name", "list.html#two")), "<7><1>2");
    EXPECT_TEXT(capo_template_origin(capo_template("list.html#row")).name, "list.html#row");
    EXPECT_FAILS("list.html#ro", ERROR_TEMPLATE_DOES_NOT_EXIST, "'list.html' has no partial 'ro'. It has: 'row', 'two'.");
    EXPECT_FAILS("wrong.html", ERROR_TEMPLATE_SYNTAX, "It has: 'row'.");
    EXPECT_FAILS("#row", ERROR_TEMPLATE_DOES_NOT_EXIST, "There is no template ''");
}

/* --- options --------------------------------------------------------------------------------------------------------------------- */

TEST(templates_options_of_the_engine)
{
    SITE_WITH(((TemplateOptions){ .string_if_invalid = "(%s?)", .no_autoescape = true, .builtins = extras_builtins }),
              { "t.html", "{{ nothing }} {{ x }} {{ x|initials }} {{ 1234|intcomma }}" });
    EXPECT_TEXT(RENDER("t.html", V("x", "<a b>")), "(nothing?) <a b> B 1,234");
    SITE({ "t.html", "{{ nothing }} {{ x }}" }, { "u.html", "{{ x|initials }}" });
    EXPECT_TEXT(RENDER("t.html", V("x", "<a b>")), " &lt;a b&gt;");
    EXPECT_FAILS("u.html", ERROR_TEMPLATE_SYNTAX, "{% load blog_extras %}");
    SITE_WITH(((TemplateOptions){ .builtins = wrong_builtins }), { "t.html", "x" });
    EXPECT_FAILS("t.html", ERROR_TEMPLATE_SYNTAX, "'blog_extra' is not a registered tag library. Did you mean 'blog_extras'?");
}

/* --- own tags and filters ---------------------------------------------------------------------------------------------------------- */

/* The page's blocks of C stand in the file that is compiled here. */
TEST(templates_docs_own_tags)
{
    size_t size;
    const char *page = capo_read_file("docs/templates.md", &size), *source = capo_read_file("tests/unit/example_tags.c", &size);
    if (!page) {
        page = capo_read_file("../docs/templates.md", &size);
        source = capo_read_file("../tests/unit/example_tags.c", &size);
    }
    EXPECT(page && source);
    const char *from = strstr(page, "## Own tags and filters"), *to = from ? strstr(from, "\n## ") : NULL;
    EXPECT(from && to);
    int blocks = 0;
    for (const char *at = from; (at = strstr(at, "```c")) != NULL && at < to; blocks++) {
        at += strcspn(at, "\n") + 1;                /* "```c" or "```c continues" */
        const char *end = strstr(at, "```");
        EXPECT(end != NULL);
        char *text = capo_strndup(at, (size_t)(end - at));
        if (!strstr(source, text))
            capo_test_fail(__FILE__, __LINE__, "docs/templates.md shows C that tests/unit/example_tags.c does not have:\n%s", text);
        at = end;
    }
    EXPECT_INT(blocks, 4);
}

static Value all_of_them(Context *context, const TagArguments *arguments)
{
    (void)context;
    Value a = capo_tag_argument(arguments, "a"), b = capo_tag_argument(arguments, "b"), c = capo_tag_argument(arguments, "c");
    return VALUE(capo_format("%s %s %s %s %s", capo_to_text(a), capo_to_text(b), capo_to_text(c), capo_to_text(VALUE(arguments->rest)),
                             capo_to_text(VALUE(arguments->extra))));
}

static Value asks_wrongly(Context *context, const TagArguments *arguments)
{
    (void)context;
    return capo_tag_argument(arguments, "txet");
}

static Value twice_is(Value value, Value argument) { return VALUE(capo_format("%s%s", capo_to_text(value), capo_to_text(argument))); }
static Value zone_of(Value value, Value argument)
{
    (void)argument;
    return capo_value_bool(value.flags & VALUE_FLAG_OWN_ZONE);
}

static void render_raw(const void *data, Context *context, Buffer *out)
{
    capo_tag_print(context, VALUE((const char *)data), out);
}

static TemplateNode *compile_raw(TemplateParser *parser)
{
    return capo_tag_node(parser, render_raw, capo_tag_raw_body(parser, "endraw"));
}

/* {% count %}: remembers within one rendering. */
static void render_count(const void *data, Context *context, Buffer *out)
{
    Value *memory = capo_context_memory(context, data);
    *memory = capo_value_int((memory->kind == VALUE_INT ? memory->integer : 0) + 1);
    capo_tag_print(context, *memory, out);
}

static TemplateNode *compile_count(TemplateParser *parser)
{
    return capo_tag_node(parser, render_count, capo_tag_alloc(parser, 1));
}

/* {% scope %}: what a tag may do with the context. */
static Value use_context(Context *context, const TagArguments *arguments)
{
    (void)arguments;
    Buffer out = { 0 };
    Value value;
    capo_context_push(context);
    capo_context_set(context, "x", VALUE("inner"));
    capo_put(&out, capo_to_text(*capo_map_get(capo_context_flatten(context), "x")));
    capo_context_pop(context);
    capo_context_update(context, capo_map(V("x", "updated"), V("y", 2)));
    capo_context_get(context, "x", &value);
    capo_put_format(&out, " %s %s", capo_to_text(value), capo_to_text(capo_context_setdefault(context, "y", VALUE(3))));
    capo_put_format(&out, " %s", capo_context_remove(context, "y") && !capo_context_get(context, "y", &value) ? "gone" : "there");
    capo_context_pop(context);
    capo_context_get(context, "x", &value);
    capo_put_format(&out, " %s %s", capo_to_text(value), capo_to_text(capo_context_setdefault(context, "z", VALUE(4))));
    Context *fresh = capo_context_fresh(context, capo_map(V("q", "<q>")));
    capo_put(&out, capo_context_get(fresh, "x", &value) ? " seen " : " fresh ");
    capo_template_render(capo_template_from_string("{{ q }}{{ x }}", NULL), fresh, &out);
    capo_put_format(&out, " %d", capo_context_request(context) != NULL);
    return capo_value_safe(capo_buffer_text(&out));
}

static const TemplateFilter own_filters[] = {
    { "is_twice", twice_is, ARGUMENT_OPTIONAL, .is_safe = true }, { "own_zone", zone_of }, { "local_zone", zone_of, .expects_localtime = true }, { 0 }
};
static const TemplateTag own_tags[] = {
    { "all", "a, b=2, *rest, c='x, y', **extra", .simple = all_of_them }, { "few", "a, b=None, *, c=True", .simple = all_of_them },
    { "wrong", "text", .simple = asks_wrongly }, { "raw", .compile = compile_raw }, { "count", .compile = compile_count },
    { "scope", .simple = use_context }, { "bad_row", "a b", .simple = all_of_them }, { "bad_default", "a=b", .simple = all_of_them }, { "empty_row" }, { 0 }
};
static const TemplateFilter empty_filters[] = { { "none" }, { 0 } };
static Buffer problems;
static void note_problem(const TemplateProblem *problem);
static const TagLibrary own_libraries[] = { { "own", own_filters, own_tags }, { "empty", empty_filters, NULL }, { 0 } };

TEST(templates_own_arguments)
{
    SITE_WITH(((TemplateOptions){ .libraries = own_libraries, .builtins = own_builtins }),
        { "all.html", "{% all 1 %}|{% all 1 3 4 5 c=6 d=7 %}|{% all b=x a=y %}|{% all 1 as v %}{{ v|length }}" },
        { "many.html", "{% few 1 2 3 %}" }, { "lacks.html", "{% few b=3 %}" }, { "unknown.html", "{% few 1 cc=2 %}" }, { "twice.html", "{% few 1 a=2 %}" },
        { "double.html", "{% all 1 z=2 z=3 %}" }, { "after.html", "{% few b=2 1 %}" }, { "few.html", "{% few 1 c=x %}" }, { "wrong.html", "{% wrong 1 %}" },
        { "row.html", "{% bad_row 1 %}" }, { "default.html", "{% bad_default 1 %}" }, { "empty.html", "{% empty_row %}" });
    EXPECT_TEXT(RENDER("all.html", V("x", "<")), "1 2 x, y [] {}|1 3 6 [4, 5] {&#x27;d&#x27;: 7}| &lt; x, y [] {}|14");
    EXPECT_FAILS("many.html", ERROR_TEMPLATE_SYNTAX, "'few' received too many positional arguments; it takes (a, b=None, *, c=True).");
    EXPECT_FAILS("lacks.html", ERROR_TEMPLATE_SYNTAX, "'few' did not receive value(s) for the argument(s): 'a'");
    EXPECT_FAILS("unknown.html", ERROR_TEMPLATE_SYNTAX, "'few' received unexpected keyword argument 'cc'; it takes (a, b=None, *, c=True).");
    EXPECT_FAILS("twice.html", ERROR_TEMPLATE_SYNTAX, "'few' received multiple values for keyword argument 'a'");
    EXPECT_FAILS("double.html", ERROR_TEMPLATE_SYNTAX, "'all' received multiple values for keyword argument 'z'");
    EXPECT_FAILS("after.html", ERROR_TEMPLATE_SYNTAX, "'few' received some positional argument(s) after some keyword argument(s)");
    EXPECT_FAILS("row.html", ERROR_TEMPLATE_SYNTAX, "'a b' is no name");
    EXPECT_FAILS("default.html", ERROR_TEMPLATE_SYNTAX, "the default 'b' is no number, text in quotes, True, False or None");
    EXPECT_FAILS("empty.html", ERROR_TEMPLATE_SYNTAX, "needs one of .simple, .inclusion, .block and .compile");
    EXPECT_FAILS("wrong.html", 500, "The tag 'wrong' asks for its argument 'txet', which its row does not declare: .arguments = \"text\". Did you mean 'text'?");
}

TEST(templates_own_filter_flags)
{
    SITE_WITH(((TemplateOptions){ .libraries = own_libraries }),
        { "safe.html", "{% load own %}{{ x|is_twice }} {{ x|safe|is_twice:x }} {{ x|is_twice:'!' }}" },
        { "zone.html", "{% load own tz %}{{ d|timezone:'Asia/Tokyo'|own_zone }} {{ d|timezone:'Asia/Tokyo'|local_zone }}" },
        { "none.html", "{% load empty %}{{ x|none }}" }, { "argument.html", "{% load own %}{{ d|own_zone:1 }}" },
        { "some.html", "{% load is_twice from own %}{{ x|is_twice }}{% count %}" }, { "from.html", "{% load is_twic from own %}" });
    EXPECT_TEXT(RENDER("safe.html", V("x", "<")), "&lt;None << &lt;!");
    EXPECT_TEXT(RENDER("zone.html", V("d", capo_now())), "True False");
    EXPECT_FAILS("none.html", ERROR_TEMPLATE_SYNTAX, "The row of the filter 'none' (library 'empty')");
    EXPECT_FAILS("from.html", ERROR_TEMPLATE_SYNTAX, "'is_twic' is not a tag or filter of the tag library 'own'. Did you mean 'is_twice'?");
    EXPECT_FAILS("some.html", ERROR_TEMPLATE_SYNTAX, "There is no tag 'count'. Load its library before it: {% load own %}.");
}

TEST(templates_own_syntax)
{
    SITE_WITH(((TemplateOptions){ .libraries = own_libraries, .builtins = own_builtins }),
        { "raw.html", "{% raw %}{{ x }}<{% if %}{% endraw %}" }, { "count.html", "{% for i in 'ab' %}{% count %}{% endfor %}{% count %}" },
        { "open.html", "a\n {% repeat 2 %}x{% between %}y" }, { "words.html", "{% repeat %}" }, { "expression.html", "{% repeat a..b| %}{% endrepeat %}" },
        { "nested.html", "{% repeat n %}{% repeat 2 %}{{ x }}{% endrepeat %}{% between %} {% endrepeat %}" }, { "inner.html", "{% repeat 2 %}{% fro %}{% endrepeat %}" });
    EXPECT_TEXT(RENDER("raw.html"), "{{ x }}&lt;{% if %}");
    EXPECT_TEXT(RENDER("count.html"), "121");
    EXPECT_TEXT(RENDER("count.html"), "121");
    EXPECT_TEXT(RENDER("nested.html", V("n", 2), V("x", "<")), "&lt;&lt; &lt;&lt;");
    EXPECT_FAILS("open.html", ERROR_TEMPLATE_SYNTAX, "The tag 'repeat' is never closed: looked for 'endrepeat'. (template open.html, line 2, column 2)");
    EXPECT_FAILS("words.html", ERROR_TEMPLATE_SYNTAX, "'repeat' takes one argument: how often (template words.html, line 1, column 1)");
    EXPECT_FAILS("expression.html", ERROR_TEMPLATE_SYNTAX, "template expression.html, line 1");
    EXPECT_FAILS("inner.html", ERROR_TEMPLATE_SYNTAX, "Did you mean 'for'?");
}

TEST(templates_context_as_tags_see_it)
{
    SITE_WITH(((TemplateOptions){ .libraries = own_libraries, .builtins = own_builtins }),
        { "t.html", "{% with x='outer' %}{% scope %}{% endwith %} {{ x }}{{ y }}" });
    EXPECT_TEXT(RENDER("t.html"), "inner updated 2 gone outer 4 fresh &lt;q&gt; 0 ");
}

/* --- context processors --------------------------------------------------------------------------------------------------------- */

static void own_processor(Request *req, Map *variables)
{
    capo_map_set(variables, "shop_name", VALUE("Corner"));
    capo_map_set(variables, "shop_path", VALUE(req->path));
}

static Response *hello(Request *req)
{
    if (capo_ends_with(req->path, "raise/"))
        capo_raise(ERROR_VALUE, "the view failed");
    return capo_render(req, "page.html", V("x", 1), V("shop_path", "mine"));
}

TEST(templates_context_processors_are_listed)
{
    static ContextProcessor *const listed[] = { capo_request_processor, capo_i18n_processor, capo_tz_processor, capo_static_processor,
                                                capo_media_processor, own_processor, NULL };
    SITE_WITH(((TemplateOptions){ .context_processors = listed }),
        { "t.html", "{{ request.path }} {{ LANGUAGE_BIDI }} {% if LANGUAGES %}{{ LANGUAGE_CODE|slice:':2' }}{% endif %} {{ TIME_ZONE }} {{ STATIC_URL }} {{ MEDIA_URL }} "
                    "{{ shop_name }} {{ shop_path }}|{{ messages }}{{ user }}|{{ csrf_token|length }}" });
    EXPECT_TEXT(capo_render_to_text(request_for("/a/"), "t.html", capo_map(V("shop_path", "mine"))), "/a/ False en UTC /static/ /media/ Corner mine||64");
    /* no request, no processors */
    EXPECT_TEXT(RENDER("t.html"), "       ||0");
}

static void render_in_engine(void *engine)
{
    capo_render_to_text_using(engine, NULL, "t.html", NULL);
}

static const TemplateLoader pages_of_engine = TEXT_LOADER({ "t.html", "page {{ x }} {% include 'part.html' %}" }, { "part.html", "[page's]" }, { "only_pages.html", "a" });
static const TemplateLoader mails_of_engine = TEXT_LOADER({ "t.html", "mail {{ x }}{{ missing }}{{ shop_name }} {% include 'part.html' %}" }, { "part.html", "[mail's]" },
                                                    { "only_mail.html", "b {{ x }}" }, { "broken.html", "{% if %}" });

TEST(templates_of_several_engines)
{
    static const TemplateLoader *const page_loaders[] = { &pages_of_engine, NULL }, *const mail_loaders[] = { &mails_of_engine, NULL };
    static ContextProcessor *const own[] = { own_processor, NULL };
    static const TemplateOptions more[] = { { .name = "mail", .loaders = mail_loaders, .no_autoescape = true, .string_if_invalid = "?", .context_processors = own }, { 0 } };
    static const TemplateOptions options = { .loaders = page_loaders, .more = more };
    start_site(&options);
    Map *x = capo_map(V("x", "<x>"));
    EXPECT_TEXT(RENDER("t.html", V("x", "<x>")), "page &lt;x&gt; [page's]");            /* the first engine has it */
    EXPECT_TEXT(capo_render_to_text_using("mail", NULL, "t.html", x), "mail <x>?? [mail's]");
    EXPECT_TEXT(capo_render_to_text_using("mail", request_for("/"), "t.html", x), "mail <x>?Corner [mail's]");
    EXPECT_TEXT(capo_render_to_text_using("capo", NULL, "t.html", x), "page &lt;x&gt; [page's]");
    EXPECT_TEXT(RENDER("only_mail.html", V("x", "<x>")), "b <x>");                      /* and this one only the second */
    EXPECT_TEXT(capo_template_origin(capo_template("only_pages.html")).name, "only_pages.html");
    EXPECT_TEXT(capo_template_origin(capo_template_select(LIST("nowhere.html", "only_mail.html", "only_pages.html"))).name, "only_mail.html");
    Response *res = capo_render_using(request_for("/"), "mail", "only_mail.html", V("x", "&"));
    EXPECT_TEXT(capo_buffer_text(&res->body), "b &");
    const Error *error = failure_of("nowhere.html", NULL);
    EXPECT(error->code == ERROR_TEMPLATE_DOES_NOT_EXIST);
    EXPECT_HAS(error->message, "In the engine 'mail'");
    EXPECT(failure_of("broken.html", NULL)->code == ERROR_TEMPLATE_SYNTAX);
    error = capo_try(render_in_engine, (void *)"mails");
    EXPECT(error && error->code == ERROR_IMPROPERLY_CONFIGURED);
    EXPECT_HAS(error->message, "Did you mean 'mail'?");
    EXPECT_INT(capo_templates_check(note_problem), 7);
    static const TemplateOptions twice[] = { { .name = "capo" }, { 0 } }, wrong = { .more = twice };
    start_site(&wrong);
    EXPECT(failure_of("t.html", NULL)->code == ERROR_IMPROPERLY_CONFIGURED);
    start_site(NULL);
}

TEST(templates_debug_processor)
{
    turn_debug_on();
    SITE({ "t.html", "{{ debug }} {{ sql_queries|length }}{% for level, n in DEFAULT_MESSAGE_LEVELS.items %} {{ level }}={{ n }}{% endfor %}" });
    EXPECT_TEXT(capo_render_to_text(request_for("/"), "t.html", NULL), "True 0 DEBUG=10 INFO=20 SUCCESS=25 WARNING=30 ERROR=40");
    debug = false;
    SITE({ "t.html", "[{{ debug }}{{ sql_queries }}]" });
    EXPECT_TEXT(capo_render_to_text(request_for("/"), "t.html", NULL), "[]");
}

/* A rendering within a condition or a tag that fails, and whose failure is caught there, leaves the rendering around it whole. */
static void try_body(void *argument)
{
    const void *const *job = argument;
    capo_tag_render(job[0], (Context *)job[1], (Buffer *)job[2]);
}

static void render_attempt(const void *data, Context *context, Buffer *out)
{
    Buffer own = { 0 };
    const Error *error = capo_try(try_body, (void *)(const void *[]){ data, context, &own });
    capo_put(out, error ? "(failed)" : capo_buffer_text(&own));
}

static TemplateNode *compile_attempt(TemplateParser *parser)
{
    return capo_tag_node(parser, render_attempt, capo_tag_body(parser, LIST("endattempt")));
}

static const TemplateTag attempt_tags[] = { { "attempt", .compile = compile_attempt }, { 0 } };
static const TagLibrary attempt_libraries[] = { { "attempts", NULL, attempt_tags }, { 0 } };

TEST(templates_caught_failures_leave_the_context_whole)
{
    SITE_WITH(((TemplateOptions){ .libraries = attempt_libraries }),
        { "base.html", "[{% block a %}{% with x=2 %}{% include 'bad.html' %}{% endwith %}{% endblock %}{{ x }}{% block b %}b{% endblock %}]" },
        { "bad.html", "{% autoescape off %}{{ x|default:missing.name }}{{ x|add:nothing }}{% endautoescape %}" },
        { "child.html", "{% extends 'base.html' %}{% block a %}{% if block.super|length > 2 %}never{% else %}no{% endif %}{% if block.super|length > 2 %}never{% endif %}"
                        "{{ x }}{{ y }}{% endblock %}{% block b %}<{{ block.super }}>{% endblock %}" },
        { "tag.html", "{% load attempts %}{% attempt %}{% with x=3 %}{% include 'bad.html' %}{% endwith %}{% endattempt %}{{ x }}{{ y }}"
                      "{% attempt %}{{ x }}{% endattempt %}{% include 'more.html' %}" },
        { "more.html", "+{{ y }}" });
    EXPECT_TEXT(RENDER("child.html", V("x", 1), V("y", "&")), "[no1&amp;1<b>]");
    EXPECT_TEXT(RENDER("tag.html", V("x", 1), V("y", "&")), "(failed)1&amp;1+&amp;");
}

/* A release: the files of the project and of its apps are in the program. */
TEST(templates_inside_the_program)
{
    enter_folder();
    static const char t[] = "{% extends 't.html' %}{% block a %}1{{ block.super }}{% endblock %}", of_shop[] = "<{% block a %}2{% endblock %}>";
    static const EmbeddedFile own[] = { { "templates/t.html", t, sizeof t - 1 }, { "shop/templates/t.html", of_shop, sizeof of_shop - 1 },
                                        { "shop/templates/u.html", "u", 1 }, { 0 } };
    capo_settings_init(&(Settings){ .secret_key = key, .apps = APPS(&shop), .files = own });
    EXPECT_TEXT(RENDER("t.html"), "<12>");
    EXPECT_TEXT(RENDER("u.html"), "u");
    EXPECT_HAS(failure_of("v.html", NULL)->message, "templates/v.html inside the program");
    problems = (Buffer){ 0 };
    EXPECT_INT(capo_templates_check(note_problem), 3);
    EXPECT_TEXT(capo_buffer_text(&problems), "");
}

/* --- what templates must not do -------------------------------------------------------------------------------------------------- */

/* Nothing that changes data has a name in a template (Django's alters_data); reading has. */
TEST(templates_change_nothing)
{
    query_library();
    SITE({ "t.html", "{{ book.delete }}{{ book.save }}{{ book.capo }}{{ book.author.books.delete }}{{ book.author.delete }}{{ books.delete }}{{ books.update }}{{ books.all.delete }}"
                     "{{ books.create }}{{ books.clear }}{{ book.genres.clear }}{{ book.genres.add }}{{ book.genres.remove }}{{ book.genres.set }}{{ books.first.delete }}"
                     "{{ request.session.flush }}{{ request.COOKIES }}{{ request.META }}{{ settings.SECRET_KEY }}{{ map.clear }}{{ map.pop }}{{ list.clear }}{{ list.sort }}"
                     "{{ book.title }} {{ books.count }} {{ book.genres.count }} {{ list|length }}{{ map.a }}" });
    Map *map = capo_map(V("a", 1));
    Value list = capo_value_strings(LIST("b", "a"));
    Book *book = capo_get(Book, .where = { .title = EQ("Alpha") });
    EXPECT_TEXT(capo_render_to_text(request_for("/"), "t.html", capo_map(OBJ("book", book), V("books", capo_query(Book)), V("map", map), V("list", list))),
                "Alpha 4 2 21");
    EXPECT_INT(capo_count(Book), 4);
    EXPECT_INT(list.list->count, 2);
    EXPECT_TEXT(list.list->items[0].text, "b");
}

/* --- errors ----------------------------------------------------------------------------------------------------------------------- */

static Value fails(Value value, Value argument)
{
    (void)argument;
    capo_raise(ERROR_VALUE, "cannot take %s", capo_to_text(value));
}

static const TemplateFilter failing_filters[] = { { "fails", fails }, { 0 } };
static const TagLibrary failing_libraries[] = { { "failing", failing_filters, NULL }, { 0 } };

TEST(templates_errors_tell_the_way_there)
{
    SITE_WITH(((TemplateOptions){ .libraries = failing_libraries }),
        { "base.html", "<html>\n  {% block content %}{% endblock %}\n" },
        { "list.html", "{% extends \"base.html\" %}\n{% block content %}\n{% for x in 'ab' %}{% include 'row.html' %}{% endfor %}\n{% endblock %}" },
        { "row.html", "{% load failing %}\n<tr>\n  <td>{{ x|fails }}</td>\n</tr>\n<b>" }, { "syntax.html", "{% include 'broken.html' %}" },
        { "broken.html", "1\n {% fro %}" });
    const Error *error = failure_of("list.html", NULL);
    EXPECT_TEXT(error->message, "cannot take a");
    EXPECT_HAS(error->function, "fails");           /* the line of C */
    const TemplatePlace *place = capo_template_place(error);
    EXPECT(place && place->from && place->from->from && place->from->from->from && !place->from->from->from->from);
    EXPECT_TEXT(place->name, "row.html");
    EXPECT_INT(place->line, 3);
    EXPECT_INT(place->column, 7);
    EXPECT_TEXT(place->tag, "{{ x|fails }}");
    const char *text = capo_template_debug_text(error);
    EXPECT_TEXT(text, "  template row.html, line 3, column 7\n"
                      "       1 | {% load failing %}\n"
                      "       2 | <tr>\n"
                      "  >    3 |   <td>{{ x|fails }}</td>\n"
                      "         |       ^\n"
                      "       4 | </tr>\n"
                      "       5 | <b>\n"
                      "  from list.html, line 3: {% include 'row.html' %}\n"
                      "  from base.html, line 2: {% block content %}\n"
                      "  from list.html, line 1: {% extends \"base.html\" %}\n");
    const char *html = capo_template_debug_html(error);
    EXPECT_HAS(html, "<span class=\"here\">    3    &lt;td&gt;<mark>{{ x|fails }}</mark>&lt;/td&gt;</span>");
    EXPECT_HAS(html, "<li><code>base.html</code>, line 2: <code>{% block content %}</code></li>");
    text = capo_template_debug_text(failure_of("syntax.html", NULL));
    EXPECT_HAS(text, "template broken.html, line 2, column 2\n");
    EXPECT_HAS(text, "  from syntax.html, line 1: {% include 'broken.html' %}\n");
    EXPECT(capo_template_debug_text(failure_of("nowhere.html", NULL)) == NULL);
}

static void ask_for_page(void *status)
{
    static const struct QueryItem headers[] = { { "Host", "testserver" } };
    Request *req = capo_request_make(&(RawRequest){ .method = "GET", .target = "/", .headers = (struct QueryItem *)headers, .n_headers = 1,
                                                    .remote_address = "127.0.0.1", .scheme = "http" });
    Response *res = capo_handle(req);
    *(int *)status = res->status;
    if (capo_web_hooks.log_extra == NULL)
        capo_test_fail(__FILE__, __LINE__, "nothing adds the template's lines to the log");
}

TEST(templates_errors_are_in_the_log_with_their_lines)
{
    const char *(*before)(const Error *) = capo_web_hooks.log_extra;
    capo_web_hooks.log_extra = capo_template_debug_text;
    SITE_WITH(((TemplateOptions){ .libraries = failing_libraries }), { "page.html", "{% load failing %}\n{{ x|fails }}" });
    int status = 0;
    const char *text = log_of(ask_for_page, &status);
    capo_web_hooks.log_extra = before;
    EXPECT_INT(status, 500);
    EXPECT_HAS(text, "ValueError: cannot take 1");
    EXPECT_HAS(text, "template page.html, line 2, column 1");
    EXPECT_HAS(text, ">    2 | {{ x|fails }}");
}

TEST(templates_errors_name_what_was_near)
{
    turn_debug_on();
    SITE({ "filter.html", "{{ x|defualt:1 }}" }, { "stray.html", "{% endif %}" }, { "argument.html", "{{ x|default:pots }}" },
         { "deep.html", "{{ x|default:post.titel }}" }, { "include.html", "{% include 'filtr.html' %}" }, { "url.html", "\n{% url 'psot' %}" },
         { "url_arguments.html", "{% url 'post' pk=1 %}" });
    EXPECT_FAILS("filter.html", ERROR_TEMPLATE_SYNTAX, "There is no filter 'defualt'. Did you mean 'default'?");
    EXPECT_FAILS("stray.html", ERROR_TEMPLATE_SYNTAX, "The tag 'endif' closes nothing");
    EXPECT_FAILS("include.html", ERROR_TEMPLATE_DOES_NOT_EXIST, "There is no template 'filtr.html'. Did you mean 'filter.html'?");
    const Error *error = failure_of("argument.html", capo_map(V("post", 1)));
    EXPECT_INT(error->code, ERROR_VARIABLE_DOES_NOT_EXIST);
    EXPECT_HAS(error->message, "There is no variable 'pots'. Did you mean 'post'?");
    error = failure_of("deep.html", capo_map(V("post", capo_map(V("title", "x")))));
    EXPECT_HAS(error->message, "'post' is a map, which has no 'titel'. Did you mean 'title'?");
    error = failure_of("url.html", NULL);
    EXPECT_INT(error->code, ERROR_NO_REVERSE_MATCH);
    EXPECT_HAS(error->message, "Did you mean 'post'?");
    EXPECT_INT(capo_template_place(error)->line, 2);
    EXPECT_HAS(failure_of("url_arguments.html", NULL)->message, "The route 'post' was given pk=1; that does not fit '/posts/<int:pk>/<slug:slug>/'.");
}

static void render_it(void *name)
{
    RENDER(name, V("post", capo_map(V("title", "x"))), V("page", 1));
}

TEST(templates_missing_variables_are_logged_in_debug)
{
    turn_debug_on();
    SITE({ "t.html", "{% for i in 'ab' %}{{ pge }}{% endfor %}\n{{ post.titel|upper }}{{ page }}" },
         { "quiet.html", "{{ a|default:'x' }}{{ b|default_if_none:'y' }}{% if c %}{% endif %}{% firstof d e 'f' %}{% for g in h %}{% endfor %}{% with i=j.k %}{% endwith %}" });
    const char *text = log_of(render_it, (void *)"t.html");
    const char *first = strstr(text, "t.html:1: {{ pge }} prints nothing: There is no variable 'pge'. Did you mean 'page'?");
    EXPECT(first != NULL);
    EXPECT(strstr(first + 20, "{{ pge }}") == NULL);           /* once a rendering */
    EXPECT_HAS(text, "t.html:2: {{ post.titel|upper }} prints nothing: 'post' is a map, which has no 'titel'. Did you mean 'title'?");
    text = log_of(render_it, (void *)"quiet.html");
    if (strstr(text, "{{ a") || strstr(text, "{{ b") || strstr(text, "{{ c") || strstr(text, "{{ d") || strstr(text, "{{ h"))
        capo_test_fail(__FILE__, __LINE__, "what is handled was told: %s", text);
    SITE_WITH(((TemplateOptions){ .quiet = true }), { "t.html", "{{ pge }}" });
    EXPECT_TEXT(log_of(render_it, (void *)"t.html"), "");
    debug = false;
    SITE({ "t.html", "{{ pge }}" });
    EXPECT_TEXT(log_of(render_it, (void *)"t.html"), "");
}

TEST(templates_cycles_are_named)
{
    SITE({ "a.html", "{% include 'b.html' %}" }, { "b.html", "{% if 1 %}{% include 'a.html' %}{% endif %}" },
         { "c.html", "{% extends 'd.html' %}" }, { "d.html", "{% extends 'c.html' %}" }, { "e.html", "{% include 'e.html' %}" });
    EXPECT_FAILS("a.html", ERROR_TEMPLATE_SYNTAX, "'a.html' -> 'b.html' -> 'a.html'");
    EXPECT_FAILS("c.html", ERROR_TEMPLATE_DOES_NOT_EXIST, "'c.html' -> 'd.html' -> 'c.html'");
    EXPECT_FAILS("e.html", ERROR_TEMPLATE_SYNTAX, "'e.html' -> 'e.html'");
}

/* --- checks ----------------------------------------------------------------------------------------------------------------------- */

static void note_problem(const TemplateProblem *problem)
{
    capo_put_format(&problems, "%s:%d:%d: %s%s\n", problem->path ? problem->path : problem->template, problem->line, problem->column,
                    problem->level == CHECK_ERROR ? "" : problem->level == CHECK_WARNING ? "warning: " : "note: ", problem->text);
}

static const char *problems_of_site(size_t n_wanted)
{
    problems = (Buffer){ 0 };
    EXPECT_INT(capo_templates_check(note_problem), n_wanted);
    return capo_buffer_text(&problems);
}

TEST(templates_check_finds_what_is_wrong)
{
    SITE({ "base.html", "{% block content %}{% endblock %}{% block foot %}{% endblock %}" },
         { "good.html", "{% extends 'base.html' %}{% block content %}{% block inner %}{% endblock %}{% include 'part.html#row' %}{% include other %}{% endblock %}"
                        "{% url 'post' pk=x slug=y %}{% url 'post' x y %}{% url 'home' %}{% url 'gone' as u %}{% url name %}" },
         { "part.html", "{% partialdef row %}{% endpartialdef %}{% partialdef shown %}{% endpartialdef %}{% partial shown %}" },
         { "child.html", "{% extends 'good.html' %}{% block inner %}{% endblock %}" });
    EXPECT_TEXT(problems_of_site(4), "");
    SITE({ "base.html", "{% block content %}{% endblock %}" }, { "a.html", "{% extends 'base.html' %}\n{% block contnt %}{% endblock %}" },
         { "b.html", "\n  {{ x|uper }}" }, { "c.html", "{% extends 'bsae.html' %}" }, { "d.html", "x {% include 'a.html#row' %}{% partial p %}" },
         { "e.html", "{% url 'post' pk=1 %}\n{% url 'pst' %}\n{% url 'post' 1 2 3 %}" }, { "f.html", "{% extends 'b.html' %}" }, { "g.html", "{% extends 'g.html' %}" },
         { "h.html", "{% partialdef lonely %}{% endpartialdef %}{% load nothing %}" });
    const char *text = problems_of_site(9);
    EXPECT_HAS(text, "a.html:2:1: warning: No parent has a block 'contnt', so this one is never shown. Did you mean 'content'?\n");
    EXPECT_HAS(text, "b.html:2:3: There is no filter 'uper'. Did you mean 'upper'?\n");
    EXPECT_HAS(text, "c.html:1:1: There is no template 'bsae.html' to extend.");
    EXPECT_HAS(text, "d.html:1:3: The template 'a.html' has no partial 'row'. It has no partials.\n");
    EXPECT_HAS(text, "d.html:1:29: Partial 'p' is not defined in the current template.");
    EXPECT_HAS(text, "e.html:1:1: The route 'post' was given pk; that does not fit '/posts/<int:pk>/<slug:slug>/'.\n");
    EXPECT_HAS(text, "e.html:2:1: There is no route with the name 'pst'. Did you mean 'post'?\n");
    EXPECT_HAS(text, "e.html:3:1: The route 'post' was given …, …, …; that does not fit");
    EXPECT_HAS(text, "g.html:1:1: There is no further template 'g.html' to extend.\n");
    EXPECT_HAS(text, "h.html:1:43: 'nothing' is not a registered tag library.");
    EXPECT(!strstr(text, "f.html"));        /* its parent's mistake is told once, where it is */
}

/* --- the test client --------------------------------------------------------------------------------------------------------------- */

TEST(templates_client_records_what_was_rendered)
{
    SITE({ "base.html", "{% block a %}{% endblock %}" }, { "page.html", "{% extends 'base.html' %}{% block a %}{% include 'part.html' with y='two' %}{% endblock %}" },
         { "part.html", "{{ x }}{{ y }}" });
    Client *client = capo_client();
    ClientResponse *page = capo_client_get(client, "/"), *missing = capo_client_get(client, "/nowhere/");
    EXPECT_TEXT(page->body, "1two");
    EXPECT_TEMPLATE(page, "page.html");
    EXPECT_TEMPLATE(page, "base.html");
    EXPECT_TEMPLATE(page, "part.html");
    EXPECT_NOT_TEMPLATE(page, "other.html");
    EXPECT_TEXT(page->templates[0], "page.html");
    EXPECT(page->templates[3] == NULL);
    EXPECT_INT(capo_map_get(page->context, "x")->integer, 1);
    EXPECT_TEXT(capo_map_get(page->context, "y")->text, "two");
    EXPECT_TEXT(capo_map_get(page->context, "shop_path")->text, "mine");
    EXPECT(capo_map_get(page->context, "request") != NULL);
    EXPECT(missing->templates[0] == NULL && missing->context == NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The template language by example: the data files of tests/templates, and the examples of docs/template*.md.
 *
 * tests/templates/README.md tells the form of the files. Each is a test of its own, called by its folder and name: tags/for.txt is
 * template_tag_for, filters/add.txt template_filter_add. A failed test tells every case of its file that went wrong, with its line.
 *
 * In the documentation a fenced block ```django is an example when a block ```html or ```text, its output, follows before the next heading;
 * between them may stand a block ```json, its context, and further ```django blocks whose info line names them ("```django base.html"). */
#include "../../core/base/clock.h"
#include "../../templates/engine.h"
#include "../conformance/conformance.h"
#include <capo/i18n.h>
#include <capo/testing.h>
#include "example_tags.h"
#include <capo/web.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The routes that `{% url %}` finds. */
static Response *no_view(Request *req) { (void)req; return NULL; }
static const Route shop_urls[] = { { "", no_view, "index" }, { "cart/<str:item>/", no_view, "cart" }, { 0 } };
static const Route urls[] = {
    { "", no_view, "home" }, { "posts/", no_view, "posts" }, { "posts/<int:pk>/", no_view, "post" },
    { "archive/<int:year>/<slug:tag>/", no_view, "archive" }, { "shop/", .name = "shop", .include = shop_urls }, { 0 }
};

typedef struct Example {
    const char *title;
    int line;                       /* of its title, or of its first block */
    Map *templates;                 /* the one called "t" is rendered */
    const char *context, *settings; /* JSON, or NULL */
    const char *output, *error;     /* one of them */
} Example;

static bool find_in_example(const Engine *engine, const char *name, int place, TemplateSource *ret, const char **ret_tried)
{
    Value *source = place == 0 ? capo_map_get(engine->data, name) : NULL;
    if (ret_tried)
        *ret_tried = "the example";
    if (source)
        *ret = (TemplateSource){ .text = source->text, .size = source->size, .path = name };
    return source != NULL;
}

static char *reverse(const Context *context, const char *name, const Var *arguments, bool quiet)
{
    (void)context;
    return quiet ? capo_reverse_or_null(name, arguments) : capo_reverse_with(name, arguments);
}

static const Map *json_map(const char *json)
{
    Value value = capo_value_null();
    const char *problem = "a map is wanted";
    if (json && (!capo_json_parse(json, strlen(json), &value, &problem) || value.kind != VALUE_MAP))
        capo_raise(ERROR_VALUE, "JSON that cannot be read: %s", problem);
    return json ? value.map : capo_map_new();
}

static bool switched(const Map *settings, const char *name, bool otherwise)
{
    Value value = conformance_get(settings, name);
    return value.kind == VALUE_BOOL ? value.boolean : otherwise;
}

static const char *setting(const Map *settings, const char *name, const char *otherwise)
{
    Value value = conformance_get(settings, name);
    return capo_is_text(value) ? value.text : otherwise;
}

/* A misspelt setting would be passed over in silence. */
static void know_settings(const Map *settings)
{
    static const char known[] = " autoescape debug string_if_invalid time_zone use_tz now thousand_separator localise language request ";
    for (size_t i = 0; i < settings->count; i++)
        if (!strstr(known, capo_format(" %s ", settings->entries[i].key.text)))
            capo_raise(ERROR_VALUE, "There is no setting '%s'; there are:%s", settings->entries[i].key.text, known);
}

/* What a template sees of "/posts/?page=2". */
static Value request_of(const char *url)
{
    const char *query = strchrnul(url, '?');
    Map *map = capo_map(V("path", capo_strndup(url, (size_t)(query - url))));
    query += *query == '?';
    capo_map_set(map, "GET", capo_value_object(capo_dict_parse(query, strlen(query))));
    return capo_value_map(map);
}

typedef struct Job { const Example *example; Engine engine; Buffer out; } Job;

static void render_example(void *argument)
{
    Job *job = argument;
    const Map *settings = json_map(job->example->settings), *variables = json_map(job->example->context);
    know_settings(settings);
    job->engine = (Engine){
        .find = find_in_example, .data = job->example->templates, .reverse = reverse, .libraries = blog_libraries,
        .string_if_invalid = setting(settings, "string_if_invalid", NULL), .autoescape_off = !switched(settings, "autoescape", true),
        .debug = switched(settings, "debug", false), .no_time_zone = !switched(settings, "use_tz", true),
        .no_localisation = !switched(settings, "localise", true), .thousand_separator = switched(settings, "thousand_separator", false),
        .static_prefix = "/static/", .media_prefix = "/media/",
    };
    capo_template_engine = &job->engine;
    capo_set_default_time_zone(capo_time_zone(setting(settings, "time_zone", "UTC")));
    DateTime now;
    if (!capo_parse_datetime(setting(settings, "now", "2026-11-22T09:30:00"), capo_time_zone_utc(), &now))
        capo_raise(ERROR_VALUE, "The setting 'now' is no time.");
    capo_clock_frozen = now.microseconds;
    Context *context = capo_context_for(&job->engine, NULL);
    const char *url = setting(settings, "request", NULL);
    if (url) {
        capo_context_set(context, "request", request_of(url));
        capo_context_set(context, "csrf_token", VALUE("token"));
    }
    for (size_t i = 0; i < variables->count; i++)
        capo_context_set(context, variables->entries[i].key.text, conformance_value(variables->entries[i].value));
    capo_activate_language(setting(settings, "language", "en-us"));
    capo_template_run(capo_template_get(&job->engine, "t"), context, &job->out);
}

static char *without_last_breaks(const char *text)
{
    size_t size = strlen(text);
    while (size && text[size - 1] == '\n')
        size--;
    return capo_strndup(text, size);
}

/* What is wrong with it, or NULL. An error matches by its name and, after ": ", a part of its message. */
static const char *problem_of(const Example *example)
{
    if (!example->output && !example->error)
        return "it has neither an output nor an error";
    Job *job = capo_alloc_struct(Job);
    job->example = example;
    Engine *before = capo_template_engine;
    const TimeZone *default_before = capo_default_time_zone();
    const Error *error = capo_try(render_example, job);
    capo_clock_frozen = INT64_MIN;
    capo_set_default_time_zone(default_before);
    capo_deactivate_language();
    capo_template_release_all(&job->engine);
    capo_template_fragments_clear();
    capo_template_engine = before;
    char *got = error ? capo_format("%s: %s", error->name, error->message) : without_last_breaks(capo_buffer_text(&job->out));
    if (example->output && (error || strcmp(got, example->output) != 0))
        return capo_format("expected\n%s\ngot\n%s", example->output, got);
    if (!example->error)
        return NULL;
    char *words = strstr(example->error, ": ");
    size_t size = words ? (size_t)(words - example->error) : strlen(example->error);
    bool same = error && strlen(error->name) == size && strncmp(error->name, example->error, size) == 0;
    return same && (!words || strstr(error->message, words + 2)) ? NULL : capo_format("expected the error\n%s\ngot\n%s", example->error, got);
}

static bool begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static void add_problem(Buffer *problems, const Example *example)
{
    const char *problem = problem_of(example);
    if (problem)
        capo_put_format(problems, "line %d: %s: %s\n", example->line, example->title, problem);
}

/* The lines of a text, one after another. */
typedef struct Lines { const char *at; int number; } Lines;

static char *next_line(Lines *lines)
{
    if (!*lines->at)
        return NULL;
    const char *end = strchrnul(lines->at, '\n');
    char *line = capo_strndup(lines->at, (size_t)(end - lines->at));
    lines->at = *end ? end + 1 : end;
    lines->number++;
    return line;
}

/* --- tests/templates ---------------------------------------------------------------------------------------------------------------------- */

static void end_section(Example *example, const char *section, Buffer *text)
{
    char *content = without_last_breaks(capo_buffer_text(text));
    if (begins(section, "template"))
        capo_map_set(example->templates, section[8] ? section + 9 : "t", capo_value_text(content));
    else if (strcmp(section, "context") == 0)
        example->context = content;
    else if (strcmp(section, "settings") == 0)
        example->settings = content;
    else if (strcmp(section, "output") == 0)
        example->output = content;
    else if (strcmp(section, "error") == 0)
        example->error = content;
    else
        capo_raise(ERROR_VALUE, "line %d: there is no section '%s'", example->line, section);
    *text = (Buffer){ 0 };
}

static void run_file(const char *path)
{
    const char *source = capo_read_file(path, NULL);
    EXPECT(source != NULL);
    Lines lines = { source, 0 };
    Example example = { 0 };
    const char *section = NULL;
    Buffer problems = { 0 }, text = { 0 };
    int count = 0;
    for (bool more = true; more;) {
        const char *line = next_line(&lines);
        more = line != NULL;
        bool title = line && begins(line, "=== ");
        if (section && (!line || title || begins(line, "--- "))) {
            end_section(&example, section, &text);
            if (line && !title)
                section = line + 4;
            if (!line || title) {
                add_problem(&problems, &example);
                count++;
            }
        } else if (line && section) {
            capo_put_format(&text, "%s\n", line);
        }
        if (title) {
            example = (Example){ .title = line + 4, .line = lines.number, .templates = capo_map_new() };
            section = "template";
        }
    }
    if (problems.size || count == 0)
        capo_test_fail(path, 1, "%s", count ? capo_buffer_text(&problems) : "there are no cases in it");
}

/* Tests have no argument: the one that runs is known by its place among the files. */
typedef struct FileTest { TestCase test; char path[160], name[80]; } FileTest;
static FileTest *file_tests;
static size_t n_file_tests;
extern TestCase *running_test;

static void run_file_test(void)
{
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .urls = urls });
    run_file(((FileTest *)running_test)->path);
}

static const char *const folders[][2] = { { "language", "language" }, { "tags", "tag" }, { "filters", "filter" }, { "humanize", "humanize" } };

__attribute__((constructor)) static void register_files(void)
{
    static const char *const roots[] = { "tests/templates", "../tests/templates" };
    glob_t found = { 0 };
    for (size_t r = 0; r < 2 && !found.gl_pathc; r++)
        for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
            char pattern[120];
            snprintf(pattern, sizeof pattern, "%s/%s/*.txt", roots[r], folders[i][0]);
            glob(pattern, found.gl_pathc ? GLOB_APPEND : 0, NULL, &found);
        }
    file_tests = calloc(found.gl_pathc + 1, sizeof *file_tests);
    for (size_t i = 0; file_tests && i < found.gl_pathc; i++) {
        FileTest *test = &file_tests[n_file_tests++];
        const char *path = found.gl_pathv[i], *name = strrchr(path, '/') + 1;
        snprintf(test->path, sizeof test->path, "%s", path);
        for (size_t k = 0; k < sizeof folders / sizeof *folders; k++)
            if (begins(strstr(path, "templates/") + 10, folders[k][0]))
                snprintf(test->name, sizeof test->name, "template_%s_%.*s", folders[k][1], (int)(strlen(name) - 4), name);
        test->test = (TestCase){ .name = test->name, .file = test->path, .line = 1, .run = run_file_test };
        capo_test_register(&test->test);
    }
    if (found.gl_pathc)
        globfree(&found);
}
static bool has_file(const char *kind, const char *name)
{
    const char *wanted = capo_format("template_%s_%s", kind, name);
    for (size_t i = 0; i < n_file_tests; i++)
        if (strcmp(file_tests[i].name, wanted) == 0)
            return true;
    return false;
}

/* Old names of two tags; their cases are with the new ones. */
static bool is_old_name(const char *name)
{
    return strcmp(name, "trans") == 0 || strcmp(name, "blocktrans") == 0;
}

/* Calls see(kind, name) for every tag and filter that Capo brings along. */
static void each_builtin(void (*see)(const char *kind, const char *name, void *data), void *data)
{
    static const BuiltinTag *const tags[] = { capo_logic_tags, capo_inherit_tags, capo_output_tags };
    static const Filter *const filters[] = { capo_text_filters, capo_html_filters, capo_list_filters, capo_number_filters, capo_date_filters };
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        for (const BuiltinTag *tag = tags[i]; tag->name; tag++)
            see("tag", tag->name, data);
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        for (const Filter *filter = filters[i]; filter->name; filter++)
            see("filter", filter->name, data);
    for (const Library *library = capo_builtin_libraries; library->name; library++) {
        for (const BuiltinTag *tag = library->tags; tag && tag->name; tag++)
            if (!is_old_name(tag->name))
                see("tag", tag->name, data);
        for (const Filter *filter = library->filters; filter && filter->name; filter++)
            see(strcmp(library->name, "humanize") == 0 ? "humanize" : "filter", filter->name, data);
    }
}

static void want_file(const char *kind, const char *name, void *missing)
{
    if (!has_file(kind, name))
        capo_put_format(missing, " %s:%s", kind, name);
}

/* A new tag or filter comes with its file. */
TEST(template_every_tag_and_filter_has_a_file)
{
    Buffer missing = { 0 };
    each_builtin(want_file, &missing);
    EXPECT_TEXT(capo_buffer_text(&missing), "");
}

/* --- docs/template*.md -------------------------------------------------------------------------------------------------------------------- */

/* What the examples of the documentation are rendered with; template-filters.md says so to its readers. */
static const char docs_settings[] = "{\"request\": \"/posts/?page=2&tag=c\"}";

static char *read_docs(const char *name)
{
    char *text = capo_read_file(capo_format("docs/%s", name), NULL);
    if (!text)
        text = capo_read_file(capo_format("../docs/%s", name), NULL);
    if (!text)
        capo_test_fail(__FILE__, __LINE__, "there is no docs/%s", name);
    return text;
}

/* The text up to the line that ends the block. */
static char *read_block(Lines *lines)
{
    Buffer text = { 0 };
    for (char *line; (line = next_line(lines)) && strcmp(line, "```") != 0;)
        capo_put_format(&text, "%s\n", line);
    return without_last_breaks(capo_buffer_text(&text));
}

/* Renders the examples of a page, whose every template is one where `strict`, and gives how many there were. */
static int run_docs(const char *name, bool strict)
{
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .urls = urls });
    Lines lines = { read_docs(name), 0 };
    Example example = { .templates = capo_map_new(), .settings = docs_settings };
    const char *heading = "";
    Buffer problems = { 0 };
    int count = 0;
    for (char *line; (line = next_line(&lines));) {
        if (line[0] == '#') {
            if (strict && capo_map_get(example.templates, "t"))
                capo_put_format(&problems, "line %d: %s: it has no output\n", example.line, example.title);
            heading = line;
            example = (Example){ .templates = capo_map_new(), .settings = docs_settings };
        }
        if (!begins(line, "```") || !line[3])
            continue;
        int number = lines.number;
        char *text = read_block(&lines);
        if (begins(line, "```django")) {
            capo_map_set(example.templates, line[9] ? line + 10 : "t", capo_value_text(text));
            example.title = heading;
            example.line = number;
        } else if (strcmp(line, "```json") == 0) {
            example.context = text;
        } else if ((strcmp(line, "```html") == 0 || strcmp(line, "```text") == 0) && capo_map_get(example.templates, "t")) {
            example.output = text;
            add_problem(&problems, &example);
            count++;
            example = (Example){ .templates = capo_map_new(), .settings = docs_settings };
        }
    }
    if (problems.size)
        capo_test_fail(name, 1, "%s", capo_buffer_text(&problems));
    return count;
}

TEST(template_docs_of_tags_are_true)
{
    EXPECT(run_docs("template-tags.md", true) >= 40);
}

TEST(template_docs_of_filters_are_true)
{
    EXPECT(run_docs("template-filters.md", true) >= 70);
}

TEST(template_docs_of_the_language_are_true)
{
    run_docs("templates.md", false);
}

typedef struct Pages { const char *tags, *filters; Buffer missing; } Pages;

static void want_section(const char *kind, const char *name, void *data)
{
    Pages *pages = data;
    if (!strstr(strcmp(kind, "tag") == 0 ? pages->tags : pages->filters, capo_format("\n### %s\n", name)))
        capo_put_format(&pages->missing, " %s:%s", kind, name);
}

/* A new tag or filter comes with a section of the documentation. */
TEST(template_docs_tell_every_tag_and_filter)
{
    Pages pages = { .tags = read_docs("template-tags.md"), .filters = read_docs("template-filters.md") };
    each_builtin(want_section, &pages);
    EXPECT_TEXT(capo_buffer_text(&pages.missing), "");
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Libraries of tags and filters: the framework's, those of the settings, those of the apps; what {% load %} makes of them; and what a
 * message says about a name that none of them has. */
#include "engine.h"
#include <string.h>

const Library capo_builtin_libraries[] = {
    { "cache", .tags = capo_cache_tags },
    { "humanize", .filters = capo_humanize_filters },
    { "i18n", .tags = capo_i18n_tags, .filters = capo_i18n_filters },
    { "l10n", .tags = capo_l10n_tags, .filters = capo_l10n_filters },
    { "static", .tags = capo_static_tags },
    { "tz", .tags = capo_tz_tags, .filters = capo_tz_filters },
    { 0 }
};

static const Library *find_builtin_library(const char *name)
{
    for (const Library *library = capo_builtin_libraries; library->name; library++)
        if (strcmp(library->name, name) == 0)
            return library;
    return NULL;
}

/* The i-th table of libraries besides the framework's: the engine's own, then the apps'. NULL past the last. */
static const TagLibrary *own_libraries(const Parser *parser, size_t i)
{
    static const TagLibrary none[] = { { 0 } };
    if (i == 0)
        return parser->template->engine->libraries ? parser->template->engine->libraries : none;
    return capo_template_app_libraries ? capo_template_app_libraries(i - 1) : NULL;
}

static const TagLibrary *find_own_library(const Parser *parser, const char *name)
{
    for (size_t i = 0; own_libraries(parser, i); i++)
        for (const TagLibrary *library = own_libraries(parser, i); library->name; library++)
            if (strcmp(library->name, name) == 0)
                return library;
    return NULL;
}

/* --- loading -------------------------------------------------------------------------------------------------------------------- */

static void load_tag(Parser *parser, const char *name, const BuiltinTag *builtin, const TemplateTag *custom)
{
    LoadedTag *tag = capo_parse_alloc(parser, sizeof *tag);
    *tag = (LoadedTag){ .name = name, .builtin = builtin, .custom = custom, .next = parser->tags };
    parser->tags = tag;
}

static void load_filter(Parser *parser, const Filter *filter)
{
    LoadedFilter *loaded = capo_parse_alloc(parser, sizeof *loaded);
    *loaded = (LoadedFilter){ .filter = *filter, .next = parser->filters };
    parser->filters = loaded;
}

static bool load_framework_library(Parser *parser, const Library *library, const char *only)
{
    bool found = false;
    for (const BuiltinTag *tag = library->tags; tag && tag->name; tag++)
        if (!only || strcmp(only, tag->name) == 0) {
            load_tag(parser, tag->name, tag, NULL);
            found = true;
        }
    for (const Filter *filter = library->filters; filter && filter->name; filter++)
        if (!only || strcmp(only, filter->name) == 0) {
            load_filter(parser, filter);
            found = true;
        }
    return found;
}

static bool load_own_library(Parser *parser, const TagLibrary *library, const char *only)
{
    bool found = false;
    for (const TemplateTag *tag = library->tags; tag && tag->name; tag++)
        if (!only || strcmp(only, tag->name) == 0) {
            load_tag(parser, tag->name, NULL, tag);
            found = true;
        }
    for (const TemplateFilter *filter = library->filters; filter && filter->name; filter++)
        if (!only || strcmp(only, filter->name) == 0) {
            if (!filter->function && !filter->with_autoescape)
                capo_parse_fail(parser, "The row of the filter '%s' (library '%s') has neither a function nor .with_autoescape.",
                                filter->name, library->name);
            load_filter(parser, &(Filter){ .name = filter->name, .argument = filter->argument, .is_safe = filter->is_safe,
                                           .text = filter->stringfilter, .local_time = filter->expects_localtime, .custom = filter });
            found = true;
        }
    return found;
}

static _Noreturn void no_such_library(Parser *parser, const char *name)
{
    const char *names[256];
    size_t count = 0;
    for (size_t i = 0; capo_builtin_libraries[i].name; i++)
        names[count++] = capo_builtin_libraries[i].name;
    for (size_t i = 0; own_libraries(parser, i); i++)
        for (const TagLibrary *row = own_libraries(parser, i); row->name && count + 1 < sizeof names / sizeof *names; row++)
            names[count++] = row->name;
    names[count] = NULL;
    capo_parse_fail(parser, "'%s' is not a registered tag library.%s There are: %s.", name, capo_did_you_mean(name, names, count),
                    capo_join(names, ", "));
}

/* Loads all of a library, or only what is called `only`. False: there is no such thing in it. */
static bool load_library(Parser *parser, const char *name, const char *only)
{
    const Library *library = find_builtin_library(name);
    const TagLibrary *own = library ? NULL : find_own_library(parser, name);
    if (!library && !own)
        no_such_library(parser, name);
    return library ? load_framework_library(parser, library, only) : load_own_library(parser, own, only);
}

static const char *names_of_library(Parser *parser, const char *library, const char *name)
{
    const Library *builtin = find_builtin_library(library);
    const TagLibrary *own = builtin ? NULL : find_own_library(parser, library);
    const char *names[256];
    size_t count = 0, room = sizeof names / sizeof *names;
    for (const BuiltinTag *row = builtin ? builtin->tags : NULL; row && row->name && count < room; row++)
        names[count++] = row->name;
    for (const Filter *row = builtin ? builtin->filters : NULL; row && row->name && count < room; row++)
        names[count++] = row->name;
    for (const TemplateTag *row = own ? own->tags : NULL; row && row->name && count < room; row++)
        names[count++] = row->name;
    for (const TemplateFilter *row = own ? own->filters : NULL; row && row->name && count < room; row++)
        names[count++] = row->name;
    return capo_did_you_mean(name, names, count);
}

Node *capo_load_compile(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count >= 4 && strcmp(bits[count - 2], "from") == 0) {
        for (size_t i = 1; i < count - 2; i++)
            if (!load_library(parser, bits[count - 1], bits[i]))
                capo_parse_fail(parser, "'%s' is not a tag or filter of the tag library '%s'.%s", bits[i], bits[count - 1],
                                names_of_library(parser, bits[count - 1], bits[i]));
    } else {
        for (size_t i = 1; i < count; i++)
            load_library(parser, bits[i], NULL);
    }
    return NULL;
}

void capo_parser_builtins(Parser *parser)
{
    for (const char *const *name = parser->template->engine->builtins; name && *name; name++)
        load_library(parser, *name, NULL);
}

/* --- what a message says about unknown names ---------------------------------------------------------------------------------- */

/* The library that has a tag or filter of this name and only needs to be loaded; NULL: none. */
static const char *library_of(const Parser *parser, const char *name, bool tag)
{
    for (const Library *library = capo_builtin_libraries; library->name; library++) {
        for (const BuiltinTag *row = library->tags; tag && row && row->name; row++)
            if (strcmp(row->name, name) == 0)
                return library->name;
        for (const Filter *row = library->filters; !tag && row && row->name; row++)
            if (strcmp(row->name, name) == 0)
                return library->name;
    }
    for (size_t i = 0; own_libraries(parser, i); i++)
        for (const TagLibrary *library = own_libraries(parser, i); library->name; library++) {
            for (const TemplateTag *row = library->tags; tag && row && row->name; row++)
                if (strcmp(row->name, name) == 0)
                    return library->name;
            for (const TemplateFilter *row = library->filters; !tag && row && row->name; row++)
                if (strcmp(row->name, name) == 0)
                    return library->name;
        }
    return NULL;
}

const char *capo_parser_hint(Parser *parser, const char *name, bool tag)
{
    const char *names[512];
    size_t count = 0, room = sizeof names / sizeof *names;
    const char *library = library_of(parser, name, tag);
    if (library)
        return capo_format(" Load its library before it: {%% load %s %%}.", library);
    for (LoadedTag *row = parser->tags; tag && row && count < room; row = row->next)
        names[count++] = row->name;
    for (LoadedFilter *row = parser->filters; !tag && row && count < room; row = row->next)
        names[count++] = row->filter.name;
    for (size_t i = 0; tag && capo_builtin_tags[i]; i++)
        for (const BuiltinTag *row = capo_builtin_tags[i]; row->name && count < room; row++)
            names[count++] = row->name;
    for (size_t i = 0; !tag && capo_builtin_filters[i]; i++)
        for (const Filter *row = capo_builtin_filters[i]; row->name && count < room; row++)
            names[count++] = row->name;
    return capo_did_you_mean(name, names, count);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* {% load flatpages %}{% get_flatpages '/about/' for user as pages %}: the current site's flat pages, those below an address, and those for logged-in
 * people where a user is given who is one. */
#include "flatpages_internal.h"
#include <string.h>

typedef struct PagesTag { TemplateExpression *prefix, *user; const char *name; } PagesTag;

static bool is_logged_in(Value user)
{
    Value is;
    return user.kind == VALUE_OBJECT && capo_lookup(user, "is_authenticated", strlen("is_authenticated"), &is) && capo_truth(is);
}

static void render_pages(const void *data, Context *context, Buffer *out)
{
    (void)out;
    const PagesTag *tag = data;
    Query *pages = capo_query(FlatPage, .where = { .sites = HAS(Site, .id = EQ(capo_current_site(capo_context_request(context))->id)) });
    if (tag->prefix)
        pages = capo_query(FlatPage, .query = pages, .where = { .url = STARTSWITH(capo_to_text(capo_tag_evaluate(tag->prefix, context))) });
    if (!tag->user || !is_logged_in(capo_tag_evaluate(tag->user, context)))
        pages = capo_query(FlatPage, .query = pages, .where = { .registration_required = EQ((bool)false) });
    capo_context_set(context, tag->name, VALUE(pages));
}

static TemplateNode *compile_pages(TemplateParser *parser)
{
    size_t count;
    char **words = capo_tag_words(parser, &count);
    bool user = count >= 5;
    if (count < 3 || count > 6 || strcmp(words[count - 2], "as") != 0 || (user && strcmp(words[count - 4], "for") != 0))
        capo_tag_fail(parser, "%s expects a syntax of %s ['url_starts_with'] [for user] as context_name", words[0], words[0]);
    PagesTag *tag = capo_tag_alloc(parser, sizeof *tag);
    tag->prefix = count % 2 == 0 ? capo_tag_expression(parser, words[1]) : NULL;
    tag->user = user ? capo_tag_expression(parser, words[count - 3]) : NULL;
    tag->name = words[count - 1];
    return capo_tag_node(parser, render_pages, tag);
}

static const TemplateTag tags[] = { { "get_flatpages", .compile = compile_pages }, { 0 } };

const TagLibrary flatpages_libraries[] = { { "flatpages", .tags = tags }, { 0 } };

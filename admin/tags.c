/* SPDX-License-Identifier: BSD-3-Clause */
/* {% load log %}{% get_admin_log 10 as entries for_user user %}: what was done in the admin, in any template; and what templates know
 * of an entry besides its columns. {% load admin_urls %}: addresses of the admin's pages. */
#include "admin_internal.h"
#include <capo/template_tags.h>
#include <string.h>

bool capo_log_entry_property(void *instance, const char *name, Value *ret)
{
    LogEntry *entry = instance;
    static const struct { const char *name; int flag; } flags[] = {
        { "is_addition", LOG_ADDITION }, { "is_change", LOG_CHANGE }, { "is_deletion", LOG_DELETION },
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strcmp(flags[i].name, name) == 0) {
            *ret = capo_value_bool(entry->action_flag == flags[i].flag);
            return true;
        }
    if (strcmp(name, "get_change_message") == 0) {
        *ret = capo_value_text(admin_log_text(entry));
        return true;
    }
    if (strcmp(name, "get_admin_url") == 0) {
        const char *url = admin_log_url(entry);
        *ret = url ? capo_value_text(url) : capo_value_null();
        return true;
    }
    return false;
}

typedef struct LogTag { int64_t limit; const char *name; TemplateExpression *user; } LogTag;

static void render_log_tag(const void *data, Context *context, Buffer *out)
{
    (void)out;
    const LogTag *tag = data;
    Query *query = capo_query(LogEntry, .select_related = LIST("user", "content_type"));
    if (tag->user) {
        /* a user's key, or a user, who may be nobody */
        Value user = capo_tag_evaluate(tag->user, context), key;
        if (user.kind != VALUE_OBJECT || !capo_lookup(user, "pk", 2, &key))
            key = user;
        int64_t id;
        query = capo_to_int(key, &id) ? capo_query(LogEntry, .query = query, .where = { .user_id = EQ(id) }) : capo_query_none(&LogEntry_model);
    }
    capo_context_set(context, tag->name, VALUE(capo_query_slice(query, 0, tag->limit)));
}

static TemplateNode *compile_log_tag(TemplateParser *parser)
{
    size_t count;
    char **words = capo_tag_words(parser, &count);
    if (count != 4 && count != 6)
        capo_tag_fail(parser, "'%s' is written {%% %s 10 as entries %%} or {%% %s 10 as entries for_user user %%}", words[0], words[0], words[0]);
    LogTag *tag = capo_tag_alloc(parser, sizeof *tag);
    if (strspn(words[1], "0123456789") != strlen(words[1]) || !capo_to_int(capo_value_text(words[1]), &tag->limit))
        capo_tag_fail(parser, "First argument to '%s' must be an integer", words[0]);
    if (strcmp(words[2], "as") != 0)
        capo_tag_fail(parser, "Second argument to '%s' must be 'as'", words[0]);
    if (count == 6 && strcmp(words[4], "for_user") != 0)
        capo_tag_fail(parser, "Fourth argument to '%s' must be 'for_user'", words[0]);
    tag->name = words[3];
    tag->user = count == 6 ? capo_tag_expression(parser, words[5]) : NULL;
    return capo_tag_node(parser, render_log_tag, tag);
}

static const TemplateTag log_tags[] = { { "get_admin_log", .compile = compile_log_tag }, { 0 } };

/* {% url opts|admin_urlname:'change' object.pk|admin_urlquote %} */
static Value admin_urlname(Value opts, Value page)
{
    Value app, model;
    if (!capo_lookup(opts, "app_label", 9, &app) || !capo_lookup(opts, "model_name", 10, &model))
        capo_raise(ERROR_VALUE, "The filter admin_urlname is for what the admin's pages call opts, which has app_label and model_name.");
    return capo_value_text(capo_format("admin:%s_%s_%s", capo_to_text(app), capo_to_text(model), capo_to_text(page)));
}

static Value admin_urlquote(Value key, Value unused)
{
    (void)unused;
    return capo_value_text(admin_quote_key(capo_to_text(key)));
}

static const TemplateFilter url_filters[] = { { "admin_urlname", admin_urlname, ARGUMENT_REQUIRED }, { "admin_urlquote", admin_urlquote }, { 0 } };

const TagLibrary admin_libraries[] = { { "log", .tags = log_tags }, { "admin_urls", .filters = url_filters }, { 0 } };

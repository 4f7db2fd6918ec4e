/* SPDX-License-Identifier: BSD-3-Clause */
/* The admin's URLs: Django's, below wherever the site put them. Keys are quoted in Django's way, so that a key with a slash is one
 * part of a path. */
#include "admin_internal.h"
#include <string.h>

const char *admin_root(void)
{
    return capo_reverse("admin:index");
}

const char *admin_app_url(const char *app_label)
{
    return capo_format("%s%s/", admin_root(), app_label);
}

const char *admin_list_url(const Model *model)
{
    return capo_format("%s%s/%s/", admin_root(), model->app, model->name_lower);
}

const char *admin_add_url(const Model *model)
{
    return capo_format("%sadd/", admin_list_url(model));
}

typedef struct Alias { const char *name; const Model *model; const char *page; } Alias;

static void match_alias(const ModelAdmin *admin, void *context)
{
    static const struct { const char *of_django, *ours; } pages[] = {
        { "_changelist", "changelist" }, { "_add", "add" }, { "_change", "change" }, { "_delete", "delete" }, { "_history", "history" },
        { "_password_change", "password" },
    };
    Alias *alias = context;
    const char *before = capo_format("%s_%s", admin->model->app, admin->model->name_lower);
    if (!capo_starts_with(alias->name, before))
        return;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strcmp(alias->name + strlen(before), pages[i].of_django) == 0) {
            alias->model = admin->model;
            alias->page = pages[i].ours;
        }
}

const char *admin_url_alias(const char *name, Var *ret_arguments)
{
    Alias alias = { .name = name };
    admin_each(match_alias, &alias);
    if (!alias.model || (strcmp(alias.page, "password") == 0 && alias.model != capo_user_model()))
        return NULL;
    ret_arguments[0] = (Var){ "app_label", capo_value_text(alias.model->app) };
    ret_arguments[1] = (Var){ "model_name", capo_value_text(alias.model->name_lower) };
    return alias.page;
}

const char *admin_key_text(const Instance *object)
{
    return capo_to_text(capo_instance_pk(object));
}

const char *admin_object_url(const Instance *object, const char *page)
{
    return capo_format("%s%s/%s/", admin_list_url(object->model), capo_url_quote(admin_quote_key(admin_key_text(object)), ""), page);
}

static bool is_reserved(char c)
{
    return strchr(":/_#?;@&=+$,\"[]<>%\n\\", c) != NULL;
}

const char *admin_quote_key(const char *key)
{
    Buffer out = { 0 };
    for (const char *at = key; *at; at++)
        if (is_reserved(*at))
            capo_put_format(&out, "_%02X", (unsigned char)*at);
        else
            capo_put_char(&out, *at);
    return capo_buffer_text(&out);
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

const char *admin_unquote_key(const char *key)
{
    Buffer out = { 0 };
    for (const char *at = key; *at; at++) {
        int high = *at == '_' ? hex(at[1]) : -1, low = high >= 0 ? hex(at[2]) : -1;
        if (low >= 0 && is_reserved((char)(high * 16 + low))) {
            capo_put_char(&out, (char)(high * 16 + low));
            at += 2;
        } else {
            capo_put_char(&out, *at);
        }
    }
    return capo_buffer_text(&out);
}

const char *admin_url_with(const char *url, const char *name, const char *value)
{
    return capo_format("%s%c%s=%s", url, strchr(url, '?') ? '&' : '?', name, capo_url_quote(value, ""));
}

const char *admin_url_keeping(Request *req, const char *url)
{
    const char *filters = capo_param(req, "_changelist_filters");
    return filters && *filters ? admin_url_with(url, "_changelist_filters", filters) : url;
}

const char *admin_list_url_back(AdminPage *page)
{
    const char *filters = capo_param(page->req, "_changelist_filters"), *url = admin_list_url(page->model);
    if (!filters || !*filters)
        return url;
    /* Parsed and written again: what comes out is a query and nothing else. */
    return capo_format("%s?%s", url, capo_dict_urlencode(capo_dict_parse(filters, strlen(filters))));
}

bool admin_url_is_linkable(const char *url)
{
    static const char *const schemes[] = { "http://", "https://", "ftp://", "mailto:", NULL };
    for (const char *at = url; *at; at++)
        if ((unsigned char)*at <= ' ' || *at == '\\' || *at == 0x7f)
            return false;
    for (const char *const *scheme = schemes; *scheme; scheme++)
        if (strncasecmp(url, *scheme, strlen(*scheme)) == 0)
            return true;
    return url[0] == '/' && url[1] != '/';
}

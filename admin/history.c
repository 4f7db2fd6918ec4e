/* SPDX-License-Identifier: BSD-3-Clause */
/* What was done to one object, oldest first, a hundred to a page; and the way from an object to its page on the site. */
#include "admin_internal.h"

enum { PER_PAGE = 100 };

static const char *page_url(void *context, int64_t number)
{
    (void)context;
    return capo_format("?p=%lld", (long long)number);
}

static const char *user_text(LogEntry *entry)
{
    AnyUser *user = capo_related(entry, user);
    if (!user)
        return "";
    const char *full = capo_user_full_name(user);
    return full && *full ? capo_format("%s (%s)", capo_username(user), full) : capo_username(user);
}

Response *admin_history_page(AdminPage *page)
{
    const char *key = capo_arg(page->req, "object_id");
    Instance *object = admin_object(page, key);
    if (!object)
        return admin_gone(page, key);
    if (!admin_may(page->req, page->admin, MAY_VIEW, object))
        capo_raise(403, "You may not view this %s.", page->model->verbose_name);
    Query *query = capo_query(LogEntry, .where = { .object_id = EQ(admin_key_text(object)), .content_type_id = EQ(capo_content_type(page->model)->id) },
                              .select_related = LIST("user"), .order_by = LIST("action_time", "id"));
    int64_t count = capo_query_count(query), pages = count ? (count + PER_PAGE - 1) / PER_PAGE : 1, number = capo_int_param(page->req, "p", 1);
    number = number < 1 ? 1 : number > pages ? pages : number;
    List *entries = capo_list_new();
    for (LogEntry **entry = capo_fetch(LogEntry, .query = capo_query_slice(query, (number - 1) * PER_PAGE, PER_PAGE)); *entry; entry++)
        capo_list_add(entries, VALUE(capo_map(V("time", capo_format_datetime((*entry)->action_time, "N j, Y, P")),
            V("iso", admin_time_attribute((*entry)->action_time)), V("user", user_text(*entry)), V("message", admin_log_text(*entry)))));
    Map *context = admin_context(page->req, page, capo_format("Change history: %s", capo_instance_text(object)));
    admin_model_crumbs(context, page, true);
    admin_crumb(context, capo_instance_text(object), admin_object_url(object, "change"));
    admin_crumb(context, "History", NULL);
    capo_map_set(context, "entries", VALUE(entries));
    capo_map_set(context, "entry_count", VALUE(count));
    if (pages > 1)
        capo_map_set(context, "pages", VALUE(admin_page_links(number, pages, page_url, NULL)));
    return admin_answer(page->req, 200, admin_template(page, "object_history.html"), context);
}

Response *admin_view_on_site_page(AdminPage *page)
{
    ContentType *type = capo_first(ContentType, .where = { .id = EQ(capo_int_arg(page->req, "content_type_id")) });
    Model *model = type ? capo_content_type_model(type) : NULL;
    page->admin = model ? capo_model_admin(model) : NULL;
    if (!page->admin || !model->meta->absolute_url)
        capo_raise(404, "This kind of object has no page on the site.");
    page->model = model;
    Instance *object = admin_object(page, admin_quote_key(capo_arg(page->req, "object_id")));
    if (!object || !admin_may(page->req, page->admin, MAY_VIEW, object))
        capo_raise(404, "%s with ID “%s” doesn’t exist.", model->verbose_name, capo_arg(page->req, "object_id"));
    const char *url = model->meta->absolute_url(object);
    if (!url || !admin_url_is_linkable(url))
        capo_raise(404, "This %s has no page on the site.", model->verbose_name);
    return capo_redirect(page->req, url);
}

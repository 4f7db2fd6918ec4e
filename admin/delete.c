/* SPDX-License-Identifier: BSD-3-Clause */
/* Deleting one object or the chosen ones. First a page says what would go along; what is protected, or what the person may not
 * delete, forbids it there, and again when the answer comes back. */
#include "admin_internal.h"
#include <string.h>

enum { MOST_NODES = 500 };

typedef struct Doom {
    AdminPage *page;
    DeletePlan *plan;
    List *nodes, *counts, *lacking, *protected;
    int64_t shown, left_out;
} Doom;

static Map *node_map(AdminPage *page, Instance *object)
{
    const ModelAdmin *admin = capo_model_admin(object->model);
    bool linked = admin && admin_may(page->req, admin, MAY_VIEW, object);
    return capo_map(V("model", admin_capital(object->model->verbose_name)), V("text", capo_instance_text(object)),
                    V("url", linked ? admin_object_url(object, "change") : NULL));
}

static void lack(Doom *doom, Model *model)
{
    for (size_t i = 0; i < doom->lacking->count; i++)
        if (strcmp(doom->lacking->items[i].text, model->verbose_name) == 0)
            return;
    capo_list_add(doom->lacking, VALUE(model->verbose_name));
}

static List *walk(Doom *doom, struct DeleteNode *node)
{
    List *list = capo_list_new();
    for (; node; node = node->next) {
        const ModelAdmin *admin = capo_model_admin(node->instance->model);
        if (admin && !admin_may(doom->page->req, admin, MAY_DELETE, node->instance))
            lack(doom, node->instance->model);
        bool shown = doom->shown < MOST_NODES;
        List *children = walk(doom, node->children);
        if (!shown) {
            doom->left_out++;
            continue;
        }
        doom->shown++;
        Map *map = node_map(doom->page, node->instance);
        if (children->count)
            capo_map_set(map, "children", VALUE(children));
        capo_list_add(list, VALUE(map));
    }
    return list;
}

static Doom *doom_of(AdminPage *page, Instance *const *objects, size_t count)
{
    Doom *doom = capo_alloc_struct(Doom);
    doom->page = page;
    doom->plan = capo_delete_plan(objects, count);
    doom->lacking = capo_list_new();
    doom->counts = capo_list_new();
    doom->protected = capo_list_new();
    doom->nodes = walk(doom, doom->plan->tree);
    for (size_t i = 0; i < doom->plan->n_counts; i++) {
        Model *model = doom->plan->counts[i].model;
        const ModelAdmin *admin = capo_model_admin(model);
        if (admin && !admin_may(page->req, admin, MAY_DELETE, NULL))
            lack(doom, model);
        if (doom->plan->counts[i].count > 0)
            capo_list_add(doom->counts, VALUE(capo_map(V("name", admin_capital(model->verbose_name_plural)), V("count", doom->plan->counts[i].count))));
    }
    for (size_t i = 0; i < doom->plan->n_protected && i < MOST_NODES; i++)
        capo_list_add(doom->protected, VALUE(node_map(page, doom->plan->protected_by[i])));
    return doom;
}

static bool is_forbidden(const Doom *doom)
{
    return doom->lacking->count || doom->protected->count;
}

/* `what`: "the post “Bread”" or "the selected posts". */
static Map *doom_context(AdminPage *page, Doom *doom, const char *title, const char *what, bool several)
{
    Map *context = admin_context(page->req, page, title);
    capo_map_set(context, "sentence", VALUE(capo_format("Are you sure you want to delete %s? All of the following %srelated items will be deleted:",
                                                        what, several ? "objects and their " : "")));
    capo_map_set(context, "lacking_sentence", VALUE(capo_format("Deleting %s would result in deleting related objects, but your account "
        "doesn't have permission to delete the following types of objects:", what)));
    capo_map_set(context, "protected_sentence", VALUE(capo_format("Deleting %s would require deleting the following protected related objects:", what)));
    capo_map_set(context, "perms_lacking", VALUE(doom->lacking));
    capo_map_set(context, "protected", VALUE(doom->protected));
    capo_map_set(context, "counts", VALUE(doom->counts));
    capo_map_set(context, "deleted_objects", VALUE(doom->nodes));
    capo_map_set(context, "more_objects", VALUE(doom->left_out));
    return context;
}

static void delete_one(AdminPage *page, Instance *object)
{
    capo_admin_log(page->req, object, LOG_DELETION, "");
    if (page->admin->delete_model)
        page->admin->delete_model(page->req, object);
    else
        capo_instance_delete(object);
}

Response *admin_delete_page(AdminPage *page)
{
    Request *req = page->req;
    const char *key = capo_arg(req, "object_id"), *name = page->model->verbose_name;
    Instance *object = admin_object(page, key);
    if (!(object ? admin_may(req, page->admin, MAY_DELETE, object) : page->can_delete))
        capo_raise(403, "You may not delete this %s.", name);
    if (!object)
        return admin_gone(page, key);
    Doom *doom = doom_of(page, (Instance *const[]){ object }, 1);
    const char *text = capo_instance_text(object), *key_text = admin_key_text(object);
    if (req->method == POST) {
        if (is_forbidden(doom))
            capo_raise(403, "This %s cannot be deleted: something that goes with it may not be.", name);
        capo_begin();
        delete_one(page, object);
        capo_commit();
        if (page->is_popup) {
            Map *data = capo_map(V("action", "delete"), V("value", key_text));
            Map *context = capo_map(V("popup_response_data", capo_json_text(VALUE(data), 0)));
            return admin_answer(req, 200, "admin/popup_response.html", context);
        }
        capo_message(req, MESSAGE_SUCCESS, "The %s “%s” was deleted successfully.", name, text);
        return capo_redirect(req, page->can_view ? admin_list_url_back(page) : admin_root());
    }
    Map *context = doom_context(page, doom, doom->lacking->count || doom->protected->count ? capo_format("Cannot delete %s", name) : "Are you sure?",
                                capo_format("the %s “%s”", name, text), false);
    admin_model_crumbs(context, page, true);
    admin_crumb(context, text, admin_url_keeping(req, admin_object_url(object, "change")));
    admin_crumb(context, "Delete", NULL);
    capo_map_set(context, "back_url", VALUE(admin_url_keeping(req, admin_object_url(object, "change"))));
    return admin_answer(req, 200, admin_template(page, "delete_confirmation.html"), context);
}

Response *admin_delete_selected(ChangeList *list, Query *chosen, bool confirmed)
{
    AdminPage *page = list->page;
    size_t count;
    Instance **objects = capo_query_rows(chosen, &count);
    const char *things = count == 1 ? page->model->verbose_name : page->model->verbose_name_plural;
    Doom *doom = doom_of(page, objects, count);
    for (size_t i = 0; i < count; i++)
        if (!admin_may(page->req, page->admin, MAY_DELETE, objects[i]))
            lack(doom, page->model);
    if (confirmed) {
        if (is_forbidden(doom))
            capo_raise(403, "These %s cannot be deleted: something that goes with them may not be.", things);
        if (count) {
            capo_begin();
            for (size_t i = 0; i < count; i++)
                if (page->admin->delete_queryset)
                    capo_admin_log(page->req, objects[i], LOG_DELETION, "");
                else
                    delete_one(page, objects[i]);
            if (page->admin->delete_queryset)
                page->admin->delete_queryset(page->req, chosen);
            capo_commit();
            capo_message(page->req, MESSAGE_SUCCESS, "Successfully deleted %zu %s.", count, things);
        }
        return NULL;
    }
    Map *context = doom_context(page, doom, is_forbidden(doom) ? capo_format("Cannot delete %s", things) : "Are you sure?",
                                capo_format("the selected %s", things), true);
    admin_model_crumbs(context, page, true);
    admin_crumb(context, "Delete multiple objects", NULL);
    capo_map_set(context, "selected", capo_value_strings(capo_dict_get_list(capo_post_dict(page->req), "_selected_action")));
    capo_map_set(context, "select_across", VALUE(capo_post(page->req, "select_across")));
    capo_map_set(context, "back_url", VALUE(capo_full_path(page->req)));
    return admin_answer(page->req, 200, admin_template(page, "delete_selected_confirmation.html"), context);
}

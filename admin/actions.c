/* SPDX-License-Identifier: BSD-3-Clause */
/* What is done to the chosen rows of a list: the rows of `.actions`, and delete_selected. The rows are always those of the list as it
 * is filtered, so that a forged key outside what the person sees changes nothing. */
#include "admin_internal.h"
#include <string.h>

static bool may_run(AdminPage *page, const char *permission)
{
    if (!permission)
        return true;
    if (strcmp(permission, "add") == 0)
        return page->can_add;
    if (strcmp(permission, "change") == 0)
        return page->can_change;
    if (strcmp(permission, "delete") == 0)
        return page->can_delete;
    if (strcmp(permission, "view") == 0)
        return page->can_view;
    return capo_has_permission(page->user, strchr(permission, '.') ? permission : capo_permission_name(permission, page->model));
}

static bool offers_delete(AdminPage *page)
{
    return page->can_delete && !page->admin->no_delete_selected;
}

List *admin_list_actions(AdminPage *page)
{
    List *actions = capo_list_new();
    if (offers_delete(page))
        capo_list_add(actions, VALUE(capo_map(V("name", "delete_selected"),
                                              V("label", capo_format("Delete selected %s", page->model->verbose_name_plural)))));
    if (page->admin->export_fields && page->can_view)
        capo_list_add(actions, VALUE(capo_map(V("name", "export_csv"),
                                              V("label", capo_format("Export selected %s as CSV", page->model->verbose_name_plural)))));
    const size_t most = sizeof page->admin->actions / sizeof *page->admin->actions;
    for (size_t i = 0; i < most && page->admin->actions[i].name; i++) {
        const AdminAction *action = &page->admin->actions[i];
        if (may_run(page, action->permission))
            capo_list_add(actions, VALUE(capo_map(V("name", action->name), V("label", action->description ? action->description : admin_capital(action->name)))));
    }
    return actions;
}

static const AdminAction *named_action(AdminPage *page, const char *name)
{
    const size_t most = sizeof page->admin->actions / sizeof *page->admin->actions;
    for (size_t i = 0; i < most && page->admin->actions[i].name; i++)
        if (strcmp(page->admin->actions[i].name, name) == 0)
            return may_run(page, page->admin->actions[i].permission) ? &page->admin->actions[i] : NULL;
    return NULL;
}

static Response *back_to_list(ChangeList *list)
{
    return capo_redirect(list->page->req, capo_full_path(list->page->req));
}

static Response *ask_first(ChangeList *list, const AdminAction *action, Query *chosen)
{
    enum { SHOWN = 200 };
    AdminPage *page = list->page;
    int64_t count = capo_query_count(chosen);
    List *nodes = capo_list_new();
    Instance **rows = capo_query_rows(capo_query_slice(chosen, 0, SHOWN), NULL);
    for (; *rows; rows++)
        capo_list_add(nodes, VALUE(capo_map(V("model", admin_capital(page->model->verbose_name)), V("text", capo_instance_text(*rows)),
                                            V("url", admin_object_url(*rows, "change")))));
    Map *context = admin_context(page->req, page, "Are you sure?");
    admin_model_crumbs(context, page, true);
    admin_crumb(context, action->description, NULL);
    capo_map_set(context, "sentence", VALUE(capo_format("Are you sure? “%s” will be done to %lld %s:", action->description, (long long)count,
        count == 1 ? page->model->verbose_name : page->model->verbose_name_plural)));
    capo_map_set(context, "chosen", VALUE(nodes));
    capo_map_set(context, "more_objects", VALUE((int64_t)(count > SHOWN ? count - SHOWN : 0)));
    capo_map_set(context, "selected", capo_value_strings(capo_dict_get_list(capo_post_dict(page->req), "_selected_action")));
    capo_map_set(context, "action", VALUE(action->name));
    capo_map_set(context, "select_across", VALUE(capo_post(page->req, "select_across")));
    capo_map_set(context, "back_url", VALUE(capo_full_path(page->req)));
    return admin_answer(page->req, 200, admin_template(page, "action_confirmation.html"), context);
}

/* The tick boxes' keys, as many as there are; one that cannot be a key of the model finds nothing. */
static Query *chosen_rows(ChangeList *list, const char **keys)
{
    List *values = capo_list_new();
    for (; *keys; keys++) {
        int64_t number;
        if (capo_field_is_integer(list->model->pk->kind) || list->model->pk->kind == FIELD_BIG_AUTO || list->model->pk->kind == FIELD_AUTO) {
            if (capo_to_int(VALUE(*keys), &number))
                capo_list_add(values, VALUE(number));
        } else {
            capo_list_add(values, VALUE(*keys));
        }
    }
    return capo_query_filter(list->query, Q("pk__in", values));
}

Response *admin_run_action(ChangeList *list)
{
    AdminPage *page = list->page;
    Request *req = page->req;
    const char *name = capo_post(req, "action"), *across = capo_post(req, "select_across");
    const char **keys = capo_dict_get_list(capo_post_dict(req), "_selected_action");
    bool everywhere = across && strcmp(across, "1") == 0;
    if (!name || !*name) {
        capo_message(req, MESSAGE_WARNING, "No action selected.");
        return back_to_list(list);
    }
    if (!keys[0] && !everywhere) {
        capo_message(req, MESSAGE_WARNING, "Items must be selected in order to perform actions on them. No items have been changed.");
        return back_to_list(list);
    }
    Query *chosen = everywhere ? list->query : chosen_rows(list, keys);
    bool yes = capo_post(req, "post") != NULL;
    if (strcmp(name, "delete_selected") == 0 && offers_delete(page)) {
        Response *res = admin_delete_selected(list, chosen, yes);
        return res ? res : back_to_list(list);
    }
    if (strcmp(name, "export_csv") == 0 && page->admin->export_fields && page->can_view)
        return admin_export(list, chosen);
    const AdminAction *action = named_action(page, name);
    if (!action) {
        capo_message(req, MESSAGE_WARNING, "No action selected.");
        return back_to_list(list);
    }
    if (action->confirm && !yes)
        return ask_first(list, action, chosen);
    action->run(req, chosen);
    return back_to_list(list);
}

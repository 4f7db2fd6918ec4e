/* SPDX-License-Identifier: BSD-3-Clause */
/* Users: added in two steps (name and password, then everything else), and the form that sets another person's password. */
#include "admin_internal.h"
#include <capo/integrity.h>
#include <string.h>

static List *one_fieldset(AdminForm *about, const char *const *names)
{
    List *lines = capo_list_new(), *sets = capo_list_new();
    for (; *names; names++) {
        List *fields = capo_list_new();
        if (!capo_form_field(about->form, *names))
            continue;
        capo_list_add(fields, VALUE(admin_field_map(about, *names)));
        capo_list_add(lines, VALUE(capo_map(V("fields", fields))));
    }
    capo_list_add(sets, VALUE(capo_map(V("index", 0), V("lines", lines))));
    return sets;
}

static void put_errors(Map *context, AdminForm *about)
{
    List *links = capo_list_new();
    admin_error_links(about, links);
    capo_map_set(context, "has_errors", VALUE((bool)true));
    capo_map_set(context, "error_count", VALUE(capo_form_error_count(about->form)));
    capo_map_set(context, "error_links", VALUE(links));
    capo_map_set(context, "non_field_errors", capo_value_strings(capo_form_errors(about->form, NULL)));
}

static const char *const *names_of(Form *form)
{
    size_t count;
    FormField **fields = capo_form_fields(form, &count);
    const char **names = capo_alloc_array(count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = fields[i]->name;
    return names;
}

typedef struct NewUser { Request *req; Form *form; Instance *user; } NewUser;

static void create_user(void *argument)
{
    NewUser *new = argument;
    capo_begin();
    new->user = (Instance *)capo_user_creation_form_save(new->form);
    capo_admin_log(new->req, new->user, LOG_ADDITION, "[{\"added\": {}}]");
    capo_commit();
}

/* NULL: another request took the name meanwhile, which the form says. */
static Instance *created_user(const AdminPage *page, Form *form)
{
    NewUser new = { .req = page->req, .form = form };
    const Error *error = capo_try(create_user, &new);
    const ValidationError *refused = error ? capo_integrity_errors(capo_instance_new(page->model), error) : NULL;
    if (error && !refused)
        capo_reraise(error);
    if (refused)
        capo_add_error(form, refused->field && capo_form_field(form, refused->field) ? refused->field : NULL, refused->code, "%s", refused->message);
    return refused ? NULL : new.user;
}

Response *admin_user_add_page(AdminPage *page)
{
    Request *req = page->req;
    /* Who may add but not change would make users that nobody looks at, and who may do both could make a superuser: as in Django,
     * adding needs both. */
    if (!page->can_change)
        capo_raise(403, "Your user does not have the “Change user” permission. In order to add users, both “Add user” and “Change user” are needed.");
    Form *form = capo_user_creation_form(req->method == POST ? capo_post_dict(req) : NULL);
    Instance *user = req->method == POST && capo_form_is_valid(form) ? created_user(page, form) : NULL;
    if (user) {
        const char *text = capo_instance_text(user), *url = admin_object_url(user, "change");
        if (page->is_popup) {
            Map *data = capo_map(V("value", admin_key_text(user)), V("obj", text));
            return admin_answer(req, 200, "admin/popup_response.html", capo_map(V("popup_response_data", capo_json_text(VALUE(data), 0))));
        }
        const char *done = capo_format("The %s “<a href=\"%s\">%s</a>” was added successfully.", capo_escape(page->model->verbose_name),
                                       capo_escape(url), capo_escape(text));
        bool another = capo_post(req, "_addanother") != NULL;
        capo_message_html(req, MESSAGE_SUCCESS, capo_format("%s %s", done, another ? "You may add another user below." : "You may edit it again below."));
        return capo_redirect(req, another ? admin_add_url(page->model) : url);
    }
    AdminForm about = { .page = page, .admin = page->admin, .model = page->model, .form = form, .instance = capo_instance_new(page->model) };
    Map *context = admin_context(req, page, "Add user");
    admin_model_crumbs(context, page, true);
    admin_crumb(context, "Add user", NULL);
    capo_map_set(context, "form_intro", VALUE(capo_format("First, enter a %s and password. Then, you’ll be able to edit more user options.",
                                                          capo_field(page->model, page->model->meta->username_field)->verbose_name)));
    capo_map_set(context, "form_id", VALUE("user_form"));
    capo_map_set(context, "fieldsets", VALUE(one_fieldset(&about, names_of(form))));
    const char *const on[] = { "has_submit_row", "show_save", "show_save_and_continue", "show_save_and_add_another", "can_change" };
    for (size_t i = 0; i < sizeof on / sizeof *on; i++)
        capo_map_set(context, on[i], VALUE((bool)(!page->is_popup || i < 2)));
    if (req->method == POST)
        put_errors(context, &about);
    return admin_answer(req, 200, admin_template(page, "change_form.html"), context);
}

Response *admin_password_page(AdminPage *page)
{
    Request *req = page->req;
    const char *key = capo_arg(req, "object_id");
    if (page->model != capo_user_model())
        capo_raise(404, "Only users have a password.");
    Instance *object = admin_object(page, key);
    if (!(object ? admin_may(req, page->admin, MAY_CHANGE, object) : page->can_change))
        capo_raise(403, "You may not change this user.");
    if (!object)
        return admin_gone(page, key);
    AnyUser *user = (AnyUser *)object;
    Form *form = capo_admin_password_form(user, req->method == POST ? capo_post_dict(req) : NULL);
    if (req->method == POST && capo_form_is_valid(form)) {
        capo_set_password(user, capo_to_text(capo_form_value(form, "password1")));
        capo_begin();
        capo_instance_save(object);
        capo_admin_log(req, object, LOG_CHANGE, "[{\"changed\": {\"fields\": [\"password\"]}}]");
        capo_commit();
        if (capo_equal(capo_instance_pk(object), capo_instance_pk((Instance *)page->user)))
            capo_update_session_auth_hash(req, user);
        capo_message(req, MESSAGE_SUCCESS, "Password changed successfully.");
        return capo_redirect(req, admin_object_url(object, "change"));
    }
    AdminForm about = { .page = page, .admin = page->admin, .model = page->model, .form = form, .instance = object };
    Map *context = admin_context(req, page, capo_format("Change password: %s", capo_username(user)));
    admin_model_crumbs(context, page, true);
    admin_crumb(context, capo_username(user), admin_object_url(object, "change"));
    admin_crumb(context, "Change password", NULL);
    capo_map_set(context, "form_intro", VALUE(capo_value_safe(capo_format("Enter a new password for the user <strong>%s</strong>.", capo_escape(capo_username(user))))));
    capo_map_set(context, "form_id", VALUE("user_form"));
    capo_map_set(context, "fieldsets", VALUE(one_fieldset(&about, LIST("usable_password", "password1", "password2"))));
    capo_map_set(context, "has_submit_row", VALUE((bool)true));
    capo_map_set(context, "password_submit", VALUE("Change password"));
    if (req->method == POST)
        put_errors(context, &about);
    return admin_answer(req, 200, admin_template(page, "change_form.html"), context);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Adding and changing one object with its inlines: one form, one transaction, one log entry. Who may only view sees the same page
 * without inputs, and a POST from them is refused whatever it holds. */
#include "admin_internal.h"
#include <capo/integrity.h>
#include <string.h>

typedef struct ObjectPage {
    AdminPage *page;
    Instance *object;               /* NULL: adding */
    bool adding, read_only, as_new;
    const char *text, *version;     /* of the object, before the form wrote into it */
    Form *form;
    AdminInline *inlines; size_t n_inlines;
} ObjectPage;

/* --- what the URL fills in: ?title=x&tags=1,2 ------------------------------------------------------------------------------------ */

static const Var *initial_values(AdminPage *page)
{
    const QueryDict *params = capo_params(page->req);
    Var *initial = capo_alloc_array(params->count + 1, sizeof *initial);
    size_t count = 0;
    for (size_t i = 0; i < params->count; i++) {
        Field *field = capo_field(page->model, params->items[i].key);
        if (!field || !field->editable)
            continue;
        Value value = VALUE(params->items[i].value);
        if (field->kind == FIELD_MANY_TO_MANY) {
            List *keys = capo_list_new();
            for (char **part = capo_split(params->items[i].value, ',', NULL); *part; part++)
                capo_list_add(keys, VALUE((const char *)*part));
            value = VALUE(keys);
        }
        initial[count++] = (Var){ .name = field->name, .value = value };
    }
    return initial;
}

static const char *prepopulated(const ModelAdmin *admin, Model *model)
{
    List *rules = capo_list_new();
    for (size_t i = 0; i < sizeof admin->prepopulated_fields / sizeof *admin->prepopulated_fields && admin->prepopulated_fields[i].field; i++) {
        const Prepopulated *rule = &admin->prepopulated_fields[i];
        Field *field = capo_field(model, rule->field);
        capo_list_add(rules, VALUE(capo_map(V("name", rule->field), V("from", capo_value_strings(rule->from)),
            V("maxLength", field && field->max_length ? field->max_length : 50), V("allowUnicode", (bool)(field && field->allow_unicode)))));
    }
    return rules->count ? capo_json_text(VALUE(rules), 0) : NULL;
}

/* What the form's fields held when it was opened: it travels with the form, so that two people who edit the same object do not
 * overwrite each other unseen. Fields that the form does not have (counters, times of change) do not matter. */
static const char *version_of(Instance *object, const char *const *names)
{
    Buffer values = { 0 };
    for (; *names; names++) {
        Field *field = capo_field(object->model, *names);
        if (!field || field->kind == FIELD_MANY_TO_MANY)
            continue;
        capo_put_format(&values, "%s=", *names);
        capo_put_repr(&values, capo_field_value(object, field));
        capo_put_char(&values, '\n');
    }
    return capo_strndup(capo_salted_hmac("capo.admin.version", capo_buffer_text(&values), NULL), 20);
}

/* --- building ------------------------------------------------------------------------------------------------------------------------- */

static void build_form(ObjectPage *about)
{
    AdminPage *page = about->page;
    Request *req = page->req;
    const QueryDict *data = req->method == POST ? capo_post_dict(req) : NULL;
    FormOptions options = { .instance = about->object };
    if (about->adding && !data)
        options.initial = initial_values(page);
    const char *const *names = about->read_only ? LIST(NULL) : admin_edited_names(page->admin, page->model);
    if (about->object && !about->read_only)
        about->version = version_of(about->object, names);
    about->form = capo_model_form_new(page->model, names, NULL, data, data ? req : NULL, &options);
    admin_dress_form(page, page->admin, about->form);
    if (page->admin->prepare_form)
        page->admin->prepare_form(req, about->form, about->object);
}

static Instance *parent_of(ObjectPage *about)
{
    return about->object ? about->object : capo_form_instance(about->form);
}

/* --- saving --------------------------------------------------------------------------------------------------------------------------- */

/* A client that sends no version is trusted to know what it does, as Django's would be. */
static bool was_changed_meanwhile(ObjectPage *about)
{
    const char *sent = capo_post(about->page->req, "_version");
    return sent && about->version && strcmp(sent, about->version) != 0;
}

static bool is_all_valid(ObjectPage *about)
{
    bool good = capo_form_is_valid(about->form);
    if (good && was_changed_meanwhile(about)) {
        capo_add_error(about->form, NULL, "changed_meanwhile", "While you were editing, somebody else changed this %s. Its history says what. "
                       "Save again to keep your version instead.", about->page->model->verbose_name);
        good = false;
    }
    Instance *parent = good ? capo_form_instance(about->form) : parent_of(about);
    about->inlines = admin_inlines(about->page, parent, about->read_only, capo_post_dict(about->page->req), &about->n_inlines);
    for (size_t i = 0; i < about->n_inlines; i++) {
        AdminInline *inline_ = &about->inlines[i];
        if (inline_->can_add || inline_->can_change || inline_->can_delete)
            good &= capo_formset_is_valid(inline_->formset);
    }
    return good;
}

static void save_object(void *argument)
{
    ObjectPage *about = argument;
    AdminPage *page = about->page;
    Instance *object = capo_form_instance(about->form);
    if (page->admin->save_model)
        page->admin->save_model(page->req, object, about->form, !about->adding);
    else
        capo_instance_save(object);
    capo_form_save_many(about->form);
}

static void save_all(void *argument)
{
    ObjectPage *about = argument;
    AdminPage *page = about->page;
    Instance *object = capo_form_instance(about->form);
    List *message = capo_list_new();
    if (about->adding) {
        capo_list_add(message, VALUE(capo_map(V("added", capo_map_new()))));
    } else {
        const char *const *labels = admin_changed_labels(about->form);
        if (labels[0])
            capo_list_add(message, VALUE(capo_map(V("changed", capo_map(V("fields", capo_value_strings(labels)))))));
    }
    capo_begin();
    const Error *error = capo_try(save_object, about);
    if (error) {
        capo_form_refused(about->form, error);
        capo_reraise(error);
    }
    for (size_t i = 0; i < about->n_inlines; i++)
        admin_inline_save(&about->inlines[i], message);
    capo_admin_log(page->req, object, about->adding ? LOG_ADDITION : LOG_CHANGE, capo_json_text(VALUE(message), 0));
    capo_commit();
}

static size_t count_errors(const ObjectPage *about)
{
    size_t count = capo_form_error_count(about->form);
    for (size_t i = 0; i < about->n_inlines; i++)
        count += capo_formset_error_count(about->inlines[i].formset);
    return count;
}

/* The rows that are not in the database yet: they are new again where the transaction that inserts them is rolled back. */
static Instance **new_instances(const ObjectPage *about)
{
    size_t room = 2, count = 0;
    for (size_t i = 0; i < about->n_inlines; i++)
        room += capo_formset_count(about->inlines[i].formset);
    Instance **instances = capo_alloc_array(room, sizeof *instances);
    if (about->adding)
        instances[count++] = capo_form_instance(about->form);
    for (size_t i = 0; i < about->n_inlines; i++)
        for (size_t k = 0; k < capo_formset_count(about->inlines[i].formset); k++) {
            Instance *instance = capo_form_instance_uncleaned(capo_formset_form(about->inlines[i].formset, k));
            if (!capo_instance_is_saved(instance))
                instances[count++] = instance;
        }
    instances[count] = NULL;
    return instances;
}

/* False: another request was faster than the validation, and a constraint of the database refused the row; the forms say which. */
static bool is_saved(ObjectPage *about)
{
    Instance **new = new_instances(about);
    const Error *error = capo_try(save_all, about);
    if (error && !count_errors(about))
        capo_reraise(error);
    for (; error && *new; new++)
        if (capo_instance_is_saved(*new))
            capo_instance_unsave(*new, capo_value_null());
    return !error;
}

static Response *popup_answer(AdminPage *page, Map *data)
{
    return admin_answer(page->req, 200, "admin/popup_response.html", capo_map(V("popup_response_data", capo_json_text(VALUE(data), 0))));
}

static Response *after_save(ObjectPage *about, Instance *object)
{
    AdminPage *page = about->page;
    Request *req = page->req;
    const char *name = page->model->verbose_name, *text = capo_instance_text(object), *key = admin_key_text(object);
    if (page->is_popup) {
        Map *data = capo_map(V("value", key), V("obj", text));
        if (!about->adding) {
            capo_map_set(data, "action", VALUE("change"));
            capo_map_set(data, "new_value", VALUE(key));
        }
        return popup_answer(page, data);
    }
    bool may_change = admin_may(req, page->admin, MAY_CHANGE, object);
    const char *url = admin_url_keeping(req, admin_object_url(object, "change")), *shown = capo_escape(text);
    if (may_change || page->can_view)
        shown = capo_format("<a href=\"%s\">%s</a>", capo_escape(url), shown);
    const char *done = capo_format("The %s “%s” was %s successfully.", capo_escape(name), shown, about->adding ? "added" : "changed");
    bool goes_on = capo_post(req, "_continue") || (about->as_new && !capo_post(req, "_save") && may_change);
    if (goes_on) {
        capo_message_html(req, MESSAGE_SUCCESS, may_change ? capo_format("%s You may edit it again below.", done) : done);
        return capo_redirect(req, page->can_view || may_change ? url : admin_root());
    }
    if (capo_post(req, "_addanother")) {
        capo_message_html(req, MESSAGE_SUCCESS, capo_format("%s You may add another %s below.", done, capo_escape(name)));
        return capo_redirect(req, admin_url_keeping(req, admin_add_url(page->model)));
    }
    capo_message_html(req, MESSAGE_SUCCESS, done);
    return capo_redirect(req, page->can_view ? admin_list_url_back(page) : admin_root());
}

/* --- showing -------------------------------------------------------------------------------------------------------------------------- */

static void add_buttons(ObjectPage *about, Map *context)
{
    AdminPage *page = about->page;
    const ModelAdmin *admin = page->admin;
    bool change = !about->adding, saves = !about->read_only, popup = page->is_popup;
    bool may_delete = change && admin_may(page->req, admin, MAY_DELETE, about->object);
    const struct { const char *name; bool on; } buttons[] = {
        { "has_submit_row", true },
        { "show_save", saves },
        { "show_save_and_continue", saves && !popup },
        { "show_save_and_add_another", saves && !popup && page->can_add && (!admin->save_as || about->adding) },
        { "show_save_as_new", saves && !popup && change && admin->save_as && page->can_add },
        { "show_delete_link", may_delete && !popup },
        { "show_close", !saves && !popup },
        { "can_change", about->adding ? page->can_change : saves },
        { "save_on_top", admin->save_on_top },
    };
    for (size_t i = 0; i < sizeof buttons / sizeof *buttons; i++)
        capo_map_set(context, buttons[i].name, VALUE((bool)buttons[i].on));
    capo_map_set(context, "close_url", VALUE(page->can_view ? admin_list_url_back(page) : admin_root()));
    if (!change)
        return;
    capo_map_set(context, "delete_url", VALUE(admin_url_keeping(page->req, admin_object_url(about->object, "delete"))));
    capo_map_set(context, "history_url", VALUE(admin_url_keeping(page->req, admin_object_url(about->object, "history"))));
    if (page->model->meta->absolute_url && !admin->no_view_on_site)
        capo_map_set(context, "view_on_site_url", VALUE(capo_format("%sr/%lld/%s/", admin_root(),
            (long long)capo_content_type(page->model)->id, capo_url_quote(admin_key_text(about->object), ""))));
}

static void add_errors(ObjectPage *about, Map *context)
{
    List *links = capo_list_new();
    admin_error_links(&(AdminForm){ .page = about->page, .form = about->form }, links);
    size_t count = capo_form_error_count(about->form);
    for (size_t i = 0; i < about->n_inlines; i++)
        count += admin_inline_errors(&about->inlines[i], links);
    capo_map_set(context, "has_errors", VALUE((bool)true));
    capo_map_set(context, "error_count", VALUE(count));
    capo_map_set(context, "error_links", VALUE(links));
    capo_map_set(context, "non_field_errors", capo_value_strings(capo_form_errors(about->form, NULL)));
}

static Response *show_form(ObjectPage *about)
{
    AdminPage *page = about->page;
    Model *model = page->model;
    const char *verb = about->adding ? "Add" : about->read_only ? "View" : "Change";
    Map *context = admin_context(page->req, page, capo_format("%s %s", verb, model->verbose_name));
    admin_model_crumbs(context, page, true);
    const char *text = about->adding ? capo_format("Add %s", model->verbose_name) : about->text;
    admin_crumb(context, text, NULL);
    if (!about->adding)
        capo_map_set(context, "subtitle", VALUE(text));
    AdminForm form = { .page = page, .admin = page->admin, .model = model, .form = about->form, .instance = parent_of(about),
                       .read_only = about->read_only, .may_relate = true };
    bool aside;
    List *inlines = capo_list_new();
    capo_map_set(context, "fieldsets", VALUE(admin_fieldset_list(&form, &aside)));
    capo_map_set(context, "has_aside", VALUE(aside));
    bool multipart = capo_form_is_multipart(about->form);
    for (size_t i = 0; i < about->n_inlines; i++) {
        capo_list_add(inlines, VALUE(admin_inline_map(&about->inlines[i])));
        multipart = multipart || capo_formset_is_multipart(about->inlines[i].formset);
    }
    capo_map_set(context, "inlines", VALUE(inlines));
    capo_map_set(context, "is_multipart", VALUE(multipart));
    capo_map_set(context, "form_id", VALUE(capo_format("%s_form", model->name_lower)));
    capo_map_set(context, "change", VALUE((bool)!about->adding));
    capo_map_set(context, "version", VALUE(about->version));
    capo_map_set(context, "prepopulated", VALUE(about->read_only ? NULL : prepopulated(page->admin, model)));
    add_buttons(about, context);
    if (page->req->method == POST)
        add_errors(about, context);
    return admin_answer(page->req, 200, admin_template(page, "change_form.html"), context);
}

/* The admin's row with what its hooks say for this person and object. */
static void ask_hooks(ObjectPage *about)
{
    const ModelAdmin *admin = about->page->admin;
    if (!admin->get_readonly_fields && !admin->get_fieldsets)
        return;
    ModelAdmin *own = capo_memdup(admin, sizeof *admin);
    if (admin->get_readonly_fields)
        own->readonly_fields = admin->get_readonly_fields(about->page->req, about->object);
    if (admin->get_fieldsets)
        own->fieldsets = admin->get_fieldsets(about->page->req, about->object);
    about->page->admin = own;
}

static Response *object_form(ObjectPage *about)
{
    ask_hooks(about);
    build_form(about);
    if (about->page->req->method == POST) {
        if (is_all_valid(about) && is_saved(about))
            return after_save(about, capo_form_instance(about->form));
    } else {
        about->inlines = admin_inlines(about->page, parent_of(about), about->read_only, NULL, &about->n_inlines);
    }
    return show_form(about);
}

Response *admin_add_page(AdminPage *page)
{
    if (!page->can_add)
        capo_raise(403, "You may not add %s.", page->model->verbose_name_plural);
    if (page->model == capo_user_model())
        return admin_user_add_page(page);
    return object_form(&(ObjectPage){ .page = page, .adding = true });
}

Response *admin_change_page(AdminPage *page)
{
    Request *req = page->req;
    const char *key = capo_arg(req, "object_id");
    Instance *object = admin_object(page, key);
    if (!(object ? admin_may(req, page->admin, MAY_VIEW, object) : page->can_view))
        capo_raise(403, "You may not view this %s.", page->model->verbose_name);
    if (!object)
        return admin_gone(page, key);
    bool may_change = admin_may(req, page->admin, MAY_CHANGE, object);
    if (req->method == POST && page->admin->save_as && capo_post(req, "_saveasnew")) {
        if (!page->can_add)
            capo_raise(403, "You may not add %s.", page->model->verbose_name_plural);
        return object_form(&(ObjectPage){ .page = page, .adding = true, .as_new = true });
    }
    if (req->method == POST && !may_change)
        capo_raise(403, "You may not change this %s.", page->model->verbose_name);
    return object_form(&(ObjectPage){ .page = page, .object = object, .text = capo_instance_text(object), .read_only = !may_change });
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The site: which models are registered, who may enter, what each page shows around its content, and the pages that belong to no
 * model. Every page goes through within_admin: anonymous people are sent to the login whatever the URL is, so that URLs cannot be
 * probed; answers are never cached, cannot be framed and run no inline script. */
#include "admin_internal.h"
#include <string.h>

#define CAPO_MODELS "capo/admin_models.def"
#include <capo/define_models.h>

AdminSite capo_admin_site;

/* --- the registry --------------------------------------------------------------------------------------------------------- */

void admin_each(void (*see)(const ModelAdmin *admin, void *context), void *context)
{
    for (const App *const *app = capo_apps(); *app; app++)
        for (const ModelAdmin *row = (*app)->admin; row && row->model; row++)
            see(row, context);
    if (capo_app("auth"))
        for (const ModelAdmin *row = admin_auth_rows; row->model; row++)
            if (!row->model->swapped && capo_model_admin(row->model) == row)
                see(row, context);
}

/* A site's own row for User or Group stands before the admin's. */
const ModelAdmin *capo_model_admin(const Model *model)
{
    for (const App *const *app = capo_apps(); *app; app++)
        for (const ModelAdmin *row = (*app)->admin; row && row->model; row++)
            if (row->model == model)
                return row;
    if (capo_app("auth"))
        for (const ModelAdmin *row = admin_auth_rows; row->model; row++)
            if (row->model == model)
                return row;
    return NULL;
}

const ModelAdmin *admin_named(const char *app_label, const char *model_name)
{
    Model *model = app_label && model_name ? capo_model_of(app_label, model_name) : NULL;
    return model ? capo_model_admin(model) : NULL;
}

const char *admin_capital(const char *text)
{
    if (!text || !*text)
        return text;
    const char *at = text;
    capo_utf8_next(&at, text + strlen(text));
    return capo_format("%s%s", capo_upper(capo_strndup(text, (size_t)(at - text))), at);
}

const char *admin_app_name(const char *app_label)
{
    const App *app = capo_app(app_label);
    return app && app->verbose_name ? app->verbose_name : admin_capital(app_label);
}

bool admin_listed(const char *const *names, const char *name)
{
    for (; names && *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

const AdminColumn *admin_column(const ModelAdmin *admin, const char *name)
{
    for (const AdminColumn *column = admin->columns; column && column->name; column++)
        if (strcmp(column->name, name) == 0)
            return column;
    return admin->model == capo_user_model() && strcmp(name, "password") == 0 ? &admin_password_column : NULL;
}

const char *admin_empty(const ModelAdmin *admin)
{
    if (admin->empty_value_display)
        return admin->empty_value_display;
    return capo_admin_site.empty_value_display ? capo_admin_site.empty_value_display : "-";
}

/* --- rights ---------------------------------------------------------------------------------------------------------------- */

bool admin_may_model(Request *req, Model *model, AdminRight right)
{
    static const char *const words[] = { [MAY_ADD] = "add", [MAY_CHANGE] = "change", [MAY_DELETE] = "delete", [MAY_VIEW] = "view" };
    AnyUser *user = capo_user(req);
    if (!user)
        return false;
    if (capo_has_permission(user, capo_permission_name(words[right], model)))
        return true;
    return right == MAY_VIEW && capo_has_permission(user, capo_permission_name("change", model));
}

bool admin_may(Request *req, const ModelAdmin *admin, AdminRight right, Instance *instance)
{
    switch (right) {
    case MAY_ADD:    return admin->has_add ? admin->has_add(req) : admin_may_model(req, admin->model, right);
    case MAY_CHANGE: return admin->has_change ? admin->has_change(req, instance) : admin_may_model(req, admin->model, right);
    case MAY_DELETE: return admin->has_delete ? admin->has_delete(req, instance) : admin_may_model(req, admin->model, right);
    case MAY_VIEW:
        if (admin->has_view)
            return admin->has_view(req, instance) || admin_may(req, admin, MAY_CHANGE, instance);
        return admin_may_model(req, admin->model, right) || admin_may(req, admin, MAY_CHANGE, instance);
    }
    return false;
}

static bool may_enter(const AnyUser *user)
{
    return user && capo_user_is(user, "is_active") && capo_user_is(user, "is_staff");
}

/* --- queries ----------------------------------------------------------------------------------------------------------------- */

Query *admin_query_for(Request *req, const ModelAdmin *admin)
{
    Query *query = capo_default_rows(admin->model);
    if (admin->queryset)
        query = admin->queryset(req, query);
    return admin->ordering ? capo_query_order_by(query, admin->ordering) : query;
}

Query *admin_query(AdminPage *page)
{
    return admin_query_for(page->req, page->admin);
}

typedef struct Fetch { Query *query; Condition *condition; const char *key; Instance *instance; } Fetch;

static void fetch_one(void *argument)
{
    Fetch *fetch = argument;
    fetch->instance = capo_query_first(capo_query_filter(fetch->query, Q("pk", fetch->key)));
}

Instance *admin_object(AdminPage *page, const char *quoted_key)
{
    Fetch fetch = { .query = admin_query(page), .key = admin_unquote_key(quoted_key) };
    const Error *error = capo_try(fetch_one, &fetch);
    if (error && error->code != ERROR_VALUE && error->code != ERROR_VALIDATION && error->code != ERROR_DATA)
        capo_reraise(error);
    return error ? NULL : fetch.instance;
}

Response *admin_gone(AdminPage *page, const char *quoted_key)
{
    capo_message(page->req, MESSAGE_WARNING, "%s with ID “%s” doesn’t exist. Perhaps it was deleted?", page->model->verbose_name,
                 admin_unquote_key(quoted_key));
    return capo_redirect(page->req, admin_root());
}

/* --- what is around the content -------------------------------------------------------------------------------------------------- */

typedef struct Collecting { Request *req; AdminPage *page; List *apps; const char *only_app; bool for_index; } Collecting;

static void collect_model(const ModelAdmin *admin, void *context)
{
    Collecting *about = context;
    Model *model = admin->model;
    if ((about->only_app && strcmp(about->only_app, model->app) != 0) || admin->hide_from_index)
        return;
    bool add = admin_may(about->req, admin, MAY_ADD, NULL), change = admin_may(about->req, admin, MAY_CHANGE, NULL);
    bool view = change || admin_may(about->req, admin, MAY_VIEW, NULL), delete = admin_may(about->req, admin, MAY_DELETE, NULL);
    if (!add && !view && !delete)
        return;
    Map *app = NULL;
    for (size_t i = 0; i < about->apps->count && !app; i++)
        if (strcmp(capo_map_get(about->apps->items[i].map, "app_label")->text, model->app) == 0)
            app = about->apps->items[i].map;
    if (!app) {
        app = capo_map(V("name", admin_app_name(model->app)), V("app_label", model->app), V("app_url", admin_app_url(model->app)),
                       V("models", capo_list_new()));
        capo_list_add(about->apps, VALUE(app));
    }
    bool current = about->page && about->page->model == model;
    if (current)
        capo_map_set(app, "is_current", VALUE((bool)true));
    Map *row = capo_map(V("name", admin_capital(model->verbose_name_plural)), V("model_name", model->name_lower),
                        V("verbose_name", model->verbose_name), V("object_name", model->name), V("is_current", (bool)current),
                        V("view_only", (bool)!change));
    if (view)
        capo_map_set(row, "admin_url", VALUE(admin_list_url(model)));
    if (add)
        capo_map_set(row, "add_url", VALUE(admin_add_url(model)));
    capo_list_add(capo_map_get(app, "models")->list, VALUE(row));
}

/* By name, in place; lists of a screenful. */
static void sort_by_name(List *list)
{
    for (size_t i = 1; i < list->count; i++)
        for (size_t j = i; j > 0; j--) {
            const char *a = capo_lower(capo_map_get(list->items[j - 1].map, "name")->text);
            const char *b = capo_lower(capo_map_get(list->items[j].map, "name")->text);
            if (strcmp(a, b) <= 0)
                break;
            Value swapped = list->items[j];
            list->items[j] = list->items[j - 1];
            list->items[j - 1] = swapped;
        }
}

static List *app_list(Request *req, AdminPage *page, const char *only_app)
{
    Collecting about = { .req = req, .page = page, .apps = capo_list_new(), .only_app = only_app };
    admin_each(collect_model, &about);
    sort_by_name(about.apps);
    for (size_t i = 0; i < about.apps->count; i++)
        sort_by_name(capo_map_get(about.apps->items[i].map, "models")->list);
    return about.apps;
}

/* What templates would know of the user under this name. */
static Value property(AnyUser *user, const char *name)
{
    Value value;
    return capo_instance_lookup((Instance *)user, name, strlen(name), &value) ? value : capo_value_null();
}

static const char *property_text(AnyUser *user, const char *name)
{
    Value value = property(user, name);
    return capo_is_text(value) ? value.text : "";
}

Map *admin_context(Request *req, AdminPage *page, const char *title)
{
    const AdminSite *site = &capo_admin_site;
    AnyUser *user = capo_user(req);
    bool inside = may_enter(user), popup = page && page->is_popup;
    Map *context = capo_map(V("title", title), V("site_title", site->title ? site->title : "Capo site admin"),
        V("site_header", site->header ? site->header : "Capo administration"), V("site_url", site->site_url ? site->site_url : "/"), V("index_url", admin_root()), V("has_permission", inside), V("is_popup", (bool)popup),
        V("logout_url", capo_format("%slogout/", admin_root())),
        V("password_change_url", capo_format("%spassword_change/", admin_root())), V("breadcrumbs", capo_list_new()));
    if (inside) {
        const char *name = property_text(user, "get_short_name");
        capo_map_set(context, "user_name", VALUE(*name ? name : capo_username(user)));
        capo_map_set(context, "can_change_password", capo_value_bool(capo_truth(property(user, "has_usable_password"))));
        capo_map_set(context, "messages", VALUE(capo_messages(req)));
        capo_map_set(context, "available_apps", VALUE(app_list(req, page, NULL)));
        admin_crumb(context, "Home", admin_root());
    }
    if (page && page->model) {
        Model *model = page->model;
        capo_map_set(context, "app_label", VALUE(model->app));
        capo_map_set(context, "opts", VALUE(capo_map(V("app_label", model->app), V("model_name", model->name_lower),
            V("verbose_name", model->verbose_name), V("verbose_name_plural", model->verbose_name_plural))));
        capo_map_set(context, "has_add_permission", VALUE(page->can_add));
    }
    return context;
}

void admin_crumb(Map *context, const char *title, const char *url)
{
    capo_list_add(capo_map_get(context, "breadcrumbs")->list, VALUE(capo_map(V("title", title), V("url", url))));
}

void admin_model_crumbs(Map *context, AdminPage *page, bool link_model)
{
    admin_crumb(context, admin_app_name(page->model->app), admin_app_url(page->model->app));
    const char *list = page->can_view ? admin_list_url_back(page) : NULL;
    admin_crumb(context, admin_capital(page->model->verbose_name_plural), link_model ? list : NULL);
}

const char *admin_template(AdminPage *page, const char *name)
{
    const char *own = capo_format("admin/%s/%s/%s", page->model->app, page->model->name_lower, name);
    if (capo_find_file("templates", own, NULL))
        return own;
    own = capo_format("admin/%s/%s", page->model->app, name);
    return capo_find_file("templates", own, NULL) ? own : capo_format("admin/%s", name);
}

/* The admin's own policy, whatever the site's is: nothing inline, but what a site's template in its place gives the nonce to. */
static void protect(Request *req, Response *res)
{
    static const char *const self[] = { CSP_SELF, NULL }, *const given[] = { CSP_SELF, CSP_NONCE, NULL }, *const images[] = { CSP_SELF, "data:", NULL };
    static const char *const none[] = { CSP_NONE, NULL };
    static const CspDirective policy[] = {
        { "default-src", none }, { "script-src", given }, { "style-src", given }, { "img-src", images }, { "connect-src", self },
        { "form-action", self }, { "frame-ancestors", none }, { "base-uri", none }, { 0 }
    };
    capo_never_cache(res);
    capo_set_header(res, "Content-Security-Policy", capo_csp_text(req, policy));
    capo_set_header(res, "X-Frame-Options", "DENY");
}

Response *admin_answer(Request *req, int status, const char *template, Map *context)
{
    Response *res = capo_response(status, "text/html; charset=utf-8");
    capo_render_into(&res->body, req, template, context);
    protect(req, res);
    return res;
}

/* --- the gate -------------------------------------------------------------------------------------------------------------------- */

typedef struct Visit { AdminPage *page; AdminView *view; Response *res; } Visit;

static void visit_page(void *argument)
{
    Visit *visit = argument;
    AdminPage *page = visit->page;
    if (page->req->route && capo_arg_or_null(page->req, "model_name")) {
        page->admin = admin_named(capo_arg(page->req, "app_label"), capo_arg(page->req, "model_name"));
        if (!page->admin)
            capo_raise(404, "The admin has no model %s.%s.", capo_arg(page->req, "app_label"), capo_arg(page->req, "model_name"));
        page->model = page->admin->model;
        page->can_add = admin_may(page->req, page->admin, MAY_ADD, NULL);
        page->can_change = admin_may(page->req, page->admin, MAY_CHANGE, NULL);
        page->can_delete = admin_may(page->req, page->admin, MAY_DELETE, NULL);
        page->can_view = admin_may(page->req, page->admin, MAY_VIEW, NULL);
    }
    visit->res = visit->view(page);
}

static Response *error_page(Request *req, const Error *error)
{
    static const struct { int status; const char *title; } kinds[] = {
        { 400, "Bad request" }, { 403, "Permission denied" }, { 404, "Page not found" },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].status == error->status) {
            Map *context = admin_context(req, NULL, kinds[i].title);
            capo_map_set(context, "reason", VALUE(error->message));
            return admin_answer(req, error->status, capo_format("admin/%d.html", error->status), context);
        }
    capo_reraise(error);
}

static Response *to_login(Request *req)
{
    Response *res = capo_redirect(req, capo_format("%slogin/?next=%s", admin_root(), capo_url_quote(capo_full_path(req), "/")));
    capo_never_cache(res);
    return res;
}

static Response *within_admin(Request *req, AdminView *view)
{
    if (!may_enter(capo_user(req)))
        return to_login(req);
    AdminPage page = { .req = req, .user = capo_user(req), .is_popup = capo_param(req, "_popup") || (req->method == POST && capo_post(req, "_popup")) };
    Visit visit = { .page = &page, .view = view };
    const Error *error = capo_try(visit_page, &visit);
    Response *res = error ? error_page(req, error) : visit.res;
    protect(req, res);
    return res;
}

typedef struct OwnView { Request *req; View *view; Response *res; } OwnView;

static void run_own(void *argument)
{
    OwnView *own = argument;
    own->res = own->view(own->req);
}

Response *capo_admin_view(Request *req, View *view)
{
    if (!may_enter(capo_user(req)))
        return to_login(req);
    OwnView own = { .req = req, .view = view };
    const Error *error = capo_try(run_own, &own);
    Response *res = error ? error_page(req, error) : own.res;
    if (!res)
        capo_bug("a view inside the admin returned NULL");
    protect(req, res);
    return res;
}

Response *capo_admin_render(Request *req, const char *title, const char *template, const Var *variables)
{
    Map *context = admin_context(req, NULL, title);
    admin_crumb(context, title, NULL);
    for (; variables && variables->name; variables++)
        capo_map_set(context, variables->name, variables->value);
    return admin_answer(req, 200, template, context);
}

/* --- pages without a model --------------------------------------------------------------------------------------------------------- */

static Response *index_page(AdminPage *page)
{
    Map *context = admin_context(page->req, page, capo_admin_site.index_title ? capo_admin_site.index_title : "Site administration");
    capo_map_set(context, "breadcrumbs", VALUE(capo_list_new()));
    capo_map_set(context, "app_list", VALUE(app_list(page->req, page, NULL)));
    capo_map_set(context, "admin_log", VALUE(admin_recent(page->req, 10)));
    return admin_answer(page->req, 200, "admin/index.html", context);
}

static Response *app_index_page(AdminPage *page)
{
    const char *label = capo_arg(page->req, "app_label");
    List *apps = app_list(page->req, page, label);
    if (apps->count == 0)
        capo_raise(404, "The requested admin page does not exist.");
    const char *name = admin_app_name(label);
    Map *context = admin_context(page->req, page, capo_format("%s administration", name));
    capo_map_set(context, "app_label", VALUE(label));
    capo_map_set(context, "app_list", VALUE(apps));
    admin_crumb(context, name, NULL);
    const char *own = capo_format("admin/%s/app_index.html", label);
    return admin_answer(page->req, 200, capo_find_file("templates", own, NULL) ? own : "admin/app_index.html", context);
}

static Response *unknown_page(AdminPage *page)
{
    size_t size = strlen(page->req->path);
    const char *slashed = capo_format("%s/", page->req->path), *name = NULL;
    if (size && page->req->path[size - 1] != '/' && capo_resolve(slashed, &name, NULL) && name && !capo_ends_with(name, "admin:unknown"))
        return capo_redirect_permanent(page->req, capo_url_quote(slashed, "/"));
    capo_raise(404, "The requested admin page does not exist.");
}

/* A form of text inputs as the template's fields. */
static List *plain_fields(Form *form)
{
    List *fields = capo_list_new();
    size_t count;
    FormField **row = capo_form_fields(form, &count);
    for (size_t i = 0; i < count; i++) {
        Buffer html = { 0 };
        capo_form_put_field(form, row[i]->name, NULL, &html);
        capo_list_add(fields, VALUE(capo_map(V("name", row[i]->name), V("label", admin_form_label(row[i])), V("id", capo_form_field_id(form, row[i]->name)),
            V("html", capo_value_safe(capo_buffer_text(&html))), V("required", (bool)!row[i]->optional),
            V("help_text", capo_value_safe(row[i]->help_text)), V("errors", capo_value_strings(capo_form_errors(form, row[i]->name))))));
    }
    return fields;
}

static const char *login_target(Request *req)
{
    const char *next = req->method == POST ? capo_post(req, "next") : NULL;
    if (!next)
        next = capo_param(req, "next");
    return next && *next && capo_url_is_safe(next, capo_host(req), capo_is_secure(req)) ? next : admin_root();
}

static const char *staff_only(void)
{
    const Model *model = capo_user_model();
    return capo_format("Please enter the correct %s and password for a staff account. Note that both fields may be case-sensitive.",
                       capo_field(model, model->meta->username_field)->verbose_name);
}

static Response *login_view(Request *req)
{
    if (req->method == GET && may_enter(capo_user(req)))
        return capo_redirect(req, login_target(req));
    Form *form = capo_authentication_form(req, req->method == POST ? capo_post_dict(req) : NULL);
    List *problems = capo_list_new();
    if (req->method == POST) {
        AnyUser *user = capo_form_is_valid(form) ? capo_authentication_form_user(form) : NULL;
        if (may_enter(user)) {
            capo_login(req, user);
            Response *res = capo_redirect(req, login_target(req));
            protect(req, res);
            return res;
        }
        bool must_wait = capo_form_error_count(form) && capo_form_errors(form, NULL)[0] && strstr(capo_form_errors(form, NULL)[0], "Please wait");
        bool typed = capo_post(req, "username") && *capo_post(req, "username") && capo_post(req, "password") && *capo_post(req, "password");
        if (typed)
            capo_list_add(problems, VALUE(must_wait ? capo_form_errors(form, NULL)[0] :
                                          staff_only()));
    }
    Map *context = admin_context(req, NULL, "Log in");
    capo_map_set(context, "has_permission", VALUE((bool)false));
    capo_map_set(context, "fields", VALUE(plain_fields(form)));
    capo_map_set(context, "form", VALUE(form));
    capo_map_set(context, "non_field_errors", VALUE(problems));
    capo_map_set(context, "has_errors", VALUE(req->method == POST));
    capo_map_set(context, "error_note", VALUE(capo_form_error_count(form) == 1 ? "Please correct the error below." : "Please correct the errors below."));
    capo_map_set(context, "next", VALUE(login_target(req)));
    capo_map_set(context, "login_action", VALUE(capo_full_path(req)));
    AnyUser *user = capo_user(req);
    if (user && req->method == GET) {
        capo_map_set(context, "not_allowed", VALUE((bool)true));
        capo_map_set(context, "user_name", VALUE(capo_username(user)));
    }
    return admin_answer(req, 200, "admin/login.html", context);
}

static Response *logout_view(Request *req)
{
    capo_logout(req);
    Map *context = admin_context(req, NULL, "Logged out");
    capo_map_set(context, "has_permission", VALUE((bool)false));
    return admin_answer(req, 200, "admin/logged_out.html", context);
}

static Response *password_change_page(AdminPage *page)
{
    Request *req = page->req;
    Form *form = capo_password_change_form(page->user, req->method == POST ? capo_post_dict(req) : NULL);
    if (req->method == POST && capo_form_is_valid(form)) {
        capo_set_password(page->user, capo_to_text(capo_form_value(form, "new_password1")));
        capo_instance_save((Instance *)page->user);
        capo_update_session_auth_hash(req, page->user);
        return capo_redirect(req, capo_format("%spassword_change/done/", admin_root()));
    }
    Map *context = admin_context(req, page, "Password change");
    admin_crumb(context, "Password change", NULL);
    capo_map_set(context, "form_id", VALUE("password_change_form"));
    capo_map_set(context, "form_intro", VALUE("Please enter your old password, for security’s sake, and then enter your new password "
                                              "twice so we can verify you typed it in correctly."));
    List *lines = capo_list_new(), *fields = plain_fields(form), *links = capo_list_new();
    for (size_t i = 0; i < fields->count; i++) {
        List *one = capo_list_new();
        capo_list_add(one, fields->items[i]);
        capo_list_add(lines, VALUE(capo_map(V("fields", one))));
    }
    List *fieldsets = capo_list_new();
    capo_list_add(fieldsets, VALUE(capo_map(V("lines", lines), V("index", 0))));
    admin_error_links(&(AdminForm){ .page = page, .form = form }, links);
    capo_map_set(context, "fieldsets", VALUE(fieldsets));
    capo_map_set(context, "has_errors", VALUE((bool)(req->method == POST)));
    capo_map_set(context, "error_links", VALUE(links));
    capo_map_set(context, "error_count", VALUE(capo_form_error_count(form)));
    capo_map_set(context, "has_submit_row", VALUE((bool)true));
    capo_map_set(context, "password_submit", VALUE("Change my password"));
    return admin_answer(req, 200, "admin/change_form.html", context);
}

static Response *password_change_done_page(AdminPage *page)
{
    Map *context = admin_context(page->req, page, "Password change successful");
    admin_crumb(context, "Password change", NULL);
    return admin_answer(page->req, 200, "admin/password_change_done.html", context);
}

/* Django's clients ask for a catalogue of translations; the scripts here carry their words in the pages. */
static Response *jsi18n_page(AdminPage *page)
{
    (void)page;
    Response *res = capo_response(200, "text/javascript; charset=utf-8");
    capo_put(&res->body, "globalThis.gettext = (text) => text;\n");
    return res;
}

#define PAGE(view, page) static Response *view(Request *req) { return within_admin(req, page); }
PAGE(index_view, index_page)
PAGE(app_index_view, app_index_page)
PAGE(password_change_view, password_change_page)
PAGE(password_change_done_view, password_change_done_page)
PAGE(jsi18n_view, jsi18n_page)
PAGE(autocomplete_view, admin_autocomplete_page)
PAGE(view_on_site_view, admin_view_on_site_page)
PAGE(changelist_view, admin_changelist_page)
PAGE(add_view, admin_add_page)
PAGE(change_view, admin_change_page)
PAGE(delete_view, admin_delete_page)
PAGE(history_view, admin_history_page)
PAGE(password_view, admin_password_page)
PAGE(unknown_view, unknown_page)
#undef PAGE

/* /admin/blog/post/7/ is the old URL of the change page. */
static Response *object_page(AdminPage *page)
{
    return capo_redirect(page->req, capo_format("%s%s/change/", admin_list_url(page->model), capo_url_quote(capo_arg(page->req, "object_id"), "")));
}
static Response *object_view(Request *req) { return within_admin(req, object_page); }

static const Route pages[] = {
    { "",                                                       index_view,                "index", .methods = GET },
    { "login/",                                                 login_view,                "login", .methods = GET | POST },
    { "logout/",                                                logout_view,               "logout", .methods = POST },
    { "password_change/",                                       password_change_view,      "password_change" },
    { "password_change/done/",                                  password_change_done_view, "password_change_done" },
    { "jsi18n/",                                                jsi18n_view,               "jsi18n" },
    { "autocomplete/",                                          autocomplete_view,         "autocomplete" },
    { "r/<int:content_type_id>/<path:object_id>/",              view_on_site_view,         "view_on_site" },
    { "<str:app_label>/",                                       app_index_view,            "app_list" },
    { "<str:app_label>/<str:model_name>/",                      changelist_view,           "changelist" },
    { "<str:app_label>/<str:model_name>/add/",                  add_view,                  "add" },
    { "<str:app_label>/<str:model_name>/<str:object_id>/",      object_view,               "object" },
    { "<str:app_label>/<str:model_name>/<str:object_id>/change/",   change_view,           "change" },
    { "<str:app_label>/<str:model_name>/<str:object_id>/delete/",   delete_view,           "delete" },
    { "<str:app_label>/<str:model_name>/<str:object_id>/history/",  history_view,          "history" },
    { "<str:app_label>/<str:model_name>/<str:object_id>/password/", password_view,         "password" },
    { "<path:url>",                                             unknown_view,              "unknown", .no_append_slash = true },
    { 0 }
};

/* The names are in the namespace "admin", each page of a model also by Django's name: capo_reverse("admin:blog_post_change", V("object_id", 7)) */
const Route capo_admin_urls[] = {
    { "", .include = pages, .name = "admin", .app_name = "admin", .alias = admin_url_alias },
    { 0 }
};

/* URLs and forms of the pages hold one key. */
static void refuse_composite(const ModelAdmin *admin, void *unused)
{
    (void)unused;
    if (admin->model->pk && admin->model->pk->kind == FIELD_COMPOSITE_KEY)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The model %s has a composite primary key, so it cannot be registered with admin.", admin->model->name);
}

static void ready(void)
{
    capo_add_widgets(admin_widgets);
    admin_each(refuse_composite, NULL);
}

extern const EmbeddedFile capo_admin_files[];

const App capo_admin = {
    .name = "admin",
    .files = capo_admin_files,
    .verbose_name = "Administration",
    .models = models,
    .tags = admin_libraries,
    .checks = admin_checks,
    .ready = ready,
    .needs = APPS(&capo_auth),
    .default_auto_field = "AutoField",          /* 32 bits, as Django's */
};

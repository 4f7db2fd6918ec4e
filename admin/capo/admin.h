/* SPDX-License-Identifier: BSD-3-Clause */
/* The admin: a panel for every model that an app lists.
 *
 *     const ModelAdmin blog_admin[] = {
 *         ADMIN(Post, .list_display = LIST("title", "author"), .search_fields = LIST("title"),
 *                     .inlines = { { INLINE(Comment), .extra = 0, .style = TABULAR } }),
 *         ADMIN(Tag),
 *         { 0 }
 *     };
 *
 * URLs, form names and sentences are Django's. Names of fields in the options are checked at start (`check`). */
#pragma once
#include <capo/forms.h>
#include <capo/auth.h>

extern const App capo_admin;
extern const Route capo_admin_urls[];       /* { "admin/", .include = capo_admin_urls } */

/* is_addition, is_change, is_deletion, get_change_message, get_admin_url: of a LogEntry in templates. */
bool capo_log_entry_property(void *entry, const char *name, Value *ret);

#define CAPO_MODELS "capo/admin_models.def"
#include <capo/declare_models.h>            /* LogEntry */

typedef enum InlineStyle { TABULAR, STACKED } InlineStyle;

typedef struct Inline {
    Model *model;
    const char *fk_name;
    int extra, min_num, max_num;            /* empty forms; extra: 0 is 0 here */
    InlineStyle style;
    const char *const *fields, *const *exclude, *const *readonly_fields;
    bool no_delete, no_add, no_change, show_change_link;
    const char *verbose_name, *verbose_name_plural;
    const char *const *ordering;
} Inline;
#define INLINE(M) .model = &M##_model

typedef struct AdminAction {
    const char *name, *description;
    void (*run)(Request *req, Query *chosen);
    const char *permission;                 /* "change": needed on the model; NULL: none */
    bool confirm;                           /* asks on a page of its own first */
} AdminAction;

/* A name in `fields` may be "first_name,last_name": on one line. aside: in the column at the right, where there is room. */
typedef struct Fieldset { const char *name; const char *const *fields; const char *description; bool collapse, aside; } Fieldset;
typedef struct Prepopulated { const char *field; const char *const *from; } Prepopulated;
/* A computed column or read-only field: its name stands in list_display or readonly_fields. */
typedef struct AdminColumn {
    const char *name, *description;
    Value (*value)(void *instance);         /* capo_value_safe for HTML */
    const char *ordering;                   /* path to sort by */
    bool boolean;
    const char *empty;
} AdminColumn;
/* An own filter in the list: ?name=value */
typedef struct AdminFilter {
    const char *name, *title;
    const FieldChoice *choices;
    Query *(*apply)(Request *req, Query *query, const char *value);
} AdminFilter;

typedef struct ModelAdmin {
    Model *model;
    const char *const *list_display;        /* fields, "__str__" (the default), paths over keys ("author__email") and names of .columns */
    const char *const *list_display_links;
    const char *const *list_filter;         /* fields, paths ("author__is_active") and names of .filters; no other look-ups are taken from the URL */
    const char *const *list_editable;
    const char *const *search_fields;       /* "title" (contains), "^title" (starts with), "=title" (is), "author__username" */
    const char *search_help_text;
    const char *const *ordering;
    const char *const *list_select_related;
    const char *date_hierarchy;
    const char *const *export_fields;       /* offers "Export selected … as CSV" with these columns, named as in list_display */
    int list_per_page, list_max_show_all;   /* 100, 200 */
    const char *const *fields, *const *exclude, *const *readonly_fields;
    const Fieldset *fieldsets;              /* FIELDSETS(…) */
    const Prepopulated prepopulated_fields[8];
    const char *const *autocomplete_fields, *const *raw_id_fields, *const *radio_fields, *const *filter_horizontal, *const *filter_vertical;
    const Inline inlines[8];
    const AdminAction actions[16];
    const AdminColumn *columns;             /* COLUMNS(…) */
    const AdminFilter *filters;             /* named in list_filter */
    const FieldOverride *overrides;
    const char *empty_value_display;        /* "-" */
    bool save_as, save_on_top, no_view_on_site, no_delete_selected, hide_from_index;
    /* hooks; each may be NULL */
    Query *(*queryset)(Request *req, Query *query);
    bool (*has_add)(Request *req);
    bool (*has_change)(Request *req, void *instance);      /* instance NULL: in general */
    bool (*has_delete)(Request *req, void *instance);
    bool (*has_view)(Request *req, void *instance);
    /* In place of readonly_fields and fieldsets, by person and object; instance NULL: adding. */
    const char *const *(*get_readonly_fields)(Request *req, void *instance);
    const Fieldset *(*get_fieldsets)(Request *req, void *instance);
    void (*save_model)(Request *req, void *instance, Form *form, bool change);      /* instead of capo_save */
    void (*delete_model)(Request *req, void *instance);
    void (*delete_queryset)(Request *req, Query *chosen);   /* "Delete selected"; default: delete_model, or capo_delete, of each */
    void (*prepare_form)(Request *req, Form *form, void *instance);
} ModelAdmin;
#define ADMIN(M, ...) { .model = &M##_model, __VA_ARGS__ }
/* For a user model of the site's own (auth.h): ADMIN(User, USER_ADMIN), or a row of one's own with
 *     .fieldsets = FIELDSETS(USER_FIELDSETS, { "Contact", LIST("phone") })
 * where the model has the fields of ABSTRACT_USER. Whatever the row says, users are added in two steps, and `password` is never editable:
 * it shows how it is kept, and leads to its form. */
#define USER_FIELDSETS                                                                                                         \
    { NULL, LIST("username", "password") },                                                                                    \
    { "Personal info", LIST("first_name,last_name", "email") },                                                                \
    { "Permissions", LIST("is_active", "is_staff", "is_superuser", "groups", "user_permissions") },                            \
    { "Important dates", LIST("last_login", "date_joined"), .aside = true }
#define USER_ADMIN                                                                                                             \
    .list_display = LIST("username", "email", "first_name", "last_name", "is_staff"),                                          \
    .list_filter = LIST("is_staff", "is_superuser", "is_active", "groups"),                                                    \
    .search_fields = LIST("username", "first_name", "last_name", "email"), .ordering = LIST("username"),                       \
    .filter_horizontal = LIST("groups", "user_permissions"), .fieldsets = FIELDSETS(USER_FIELDSETS)
#define FIELDSETS(...) ((const Fieldset[]){ __VA_ARGS__, { 0 } })
#define COLUMNS(...) ((const AdminColumn[]){ __VA_ARGS__, { 0 } })
#define ADMIN_FILTERS(...) ((const AdminFilter[]){ __VA_ARGS__, { 0 } })

/* Names on every page; an app's ready() may set them. */
typedef struct AdminSite {
    const char *header, *title, *index_title;   /* "Capo administration", "Capo site admin", "Site administration" */
    const char *site_url;                       /* of "View site"; "" for none; default "/" */
    const char *empty_value_display;            /* "-" */
} AdminSite;
extern AdminSite capo_admin_site;

/* Pages of one's own inside the admin, for active staff (others are sent to its login), never cached, with its strict CSP:
 *     Response *report(Request *req) { return capo_admin_view(req, show_report); }
 *     static Response *show_report(Request *req) { return capo_admin_render(req, "Report", "shop/report.html", CAPO_VARS(V("sold", n))); }
 * The template begins with {% extends "admin/base_site.html" %} and fills the block `content`. Rights are the view's own to check. */
Response *capo_admin_view(Request *req, View *view);
Response *capo_admin_render(Request *req, const char *title, const char *template, const Var *variables);

/* Its registered row, or NULL. */
const ModelAdmin *capo_model_admin(const Model *model);
enum { LOG_ADDITION = 1, LOG_CHANGE = 2, LOG_DELETION = 3 };
/* An entry of the history: LOG_ADDITION, …; message as Django's JSON. Templates get entries by {% load log %}{% get_admin_log 10 as entries %}. */
void capo_admin_log(Request *req, Instance *object, int flag, const char *change_message);

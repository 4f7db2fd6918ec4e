/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the admin share. A page that stands for a model gets an AdminPage: who asks, for which model, and what the
 * person may do; the views are straight-line code over it, and answer with a Response or raise 403, 404 and 400.
 *
 *     sites.c         the registry, the gate that all pages go through, index, log in and out, own password
 *     changelist.c    the list: parameters, query, pages            list_columns.c  its columns and cells
 *     filters.c       its filters and date hierarchy                actions.c       what is done to chosen rows
 *     change_form.c   add and change                                form_fields.c   fieldsets and fields of a form
 *     inlines.c       children on their parent's form               widgets.c       form widgets of the admin's own
 *     delete.c history.c log.c tags.c users.c auth_admin.c autocomplete.c export.c display.c checks.c urls.c */
#pragma once
#include <capo/admin.h>
#include <capo/arena.h>
#include <capo/template_tags.h>

typedef struct AdminPage {
    Request *req;
    AnyUser *user;
    const ModelAdmin *admin;            /* NULL on pages without a model */
    Model *model;
    bool is_popup;
    bool can_add, can_change, can_delete, can_view;     /* in general; admin_may asks for an instance */
} AdminPage;

typedef Response *AdminView(AdminPage *page);
typedef enum AdminRight { MAY_ADD, MAY_CHANGE, MAY_DELETE, MAY_VIEW } AdminRight;

/* --- sites.c --- */
/* Whether this user may; `instance` NULL: in general. MAY_VIEW includes those who may change. */
bool admin_may(Request *req, const ModelAdmin *admin, AdminRight right, Instance *instance);
/* The same for a model that need not be registered. */
bool admin_may_model(Request *req, Model *model, AdminRight right);
/* Variables of every page, with this title. A map to add to and hand to admin_answer. */
Map *admin_context(Request *req, AdminPage *page_or_null, const char *title);
/* Adds a crumb; url NULL: the page itself. */
void admin_crumb(Map *context, const char *title, const char *url);
/* Crumbs Home › app › model; link_model: the model is not the page itself. */
void admin_model_crumbs(Map *context, AdminPage *page, bool link_model);
Response *admin_answer(Request *req, int status, const char *template, Map *context);
/* "admin/blog/post/NAME", "admin/blog/NAME" or "admin/NAME": the first that exists. */
const char *admin_template(AdminPage *page, const char *name);
const char *admin_capital(const char *text);                    /* its first letter as a capital */
const char *admin_app_name(const char *app_label);
/* The model's ordinary query: all rows, the queryset hook, the admin's ordering. */
Query *admin_query(AdminPage *page);
Query *admin_query_for(Request *req, const ModelAdmin *admin);
/* The row that a URL names, or NULL: within the queryset hook, and not for keys that cannot be. */
Instance *admin_object(AdminPage *page, const char *quoted_key);
/* Message and redirect for a row that is not there. */
Response *admin_gone(AdminPage *page, const char *quoted_key);
bool admin_listed(const char *const *names, const char *name);     /* NULL lists hold nothing */
const AdminColumn *admin_column(const ModelAdmin *admin, const char *name);
const char *admin_empty(const ModelAdmin *admin);
const ModelAdmin *admin_named(const char *app_label, const char *model_name);
/* Calls see(app, admin, context) for every registered model. */
void admin_each(void (*see)(const ModelAdmin *admin, void *context), void *context);

/* --- urls.c --- */
const char *admin_root(void);                                       /* "/admin/" */
const char *admin_app_url(const char *app_label);
const char *admin_list_url(const Model *model);
const char *admin_add_url(const Model *model);
/* "/admin/blog/post/7/change/"; page: "change", "delete", "history", "password" */
const char *admin_object_url(const Instance *object, const char *page);
/* Route.alias: Django's names of a model's pages, "blog_post_change" for "change" of blog.post. */
const char *admin_url_alias(const char *name, Var *ret_arguments);
const char *admin_quote_key(const char *key);                       /* Django's quote(): '_' and reserved bytes as _XX */
const char *admin_unquote_key(const char *key);
const char *admin_key_text(const Instance *object);
/* url with ?name=value added; the value is escaped for URLs. */
const char *admin_url_with(const char *url, const char *name, const char *value);
/* The list's query travels to the forms as _changelist_filters, and back to the list. */
const char *admin_url_keeping(Request *req, const char *url);
const char *admin_list_url_back(AdminPage *page);
/* An http, https, ftp or mailto URL, or a path: what may become a link. */
bool admin_url_is_linkable(const char *url);

/* --- display.c: values as HTML --- */
Value admin_icon(const char *name, const char *class_name, const char *words);
/* How a list cell or read-only field shows a value; *ret_empty: it is the text for nothing. */
Value admin_display(const Field *field_or_null, Instance *owner, Value value, const char *empty, bool *ret_empty);
Value admin_boolean(Value value);
/* The value of a path over relations ("author__email"); *ret_field: the field at its end or NULL, *ret_owner its instance. */
Value admin_path_value(Instance *instance, const char *path, const Field **ret_field, Instance **ret_owner);
/* The fields along a path; false: one is unknown. *ret_many: it crosses a to-many relation. */
bool admin_path_field(Model *model, const char *path, Field **ret_field, bool *ret_many);
/* Title of a column, field or filter: the verbose name. */
const char *admin_label_for(const ModelAdmin *admin, Model *model, const char *name);
/* "1 2 3 … 9 10" as maps for the template; url(page) by admin_url_with-like text: prefix + number. */
List *admin_page_links(int64_t number, int64_t pages, const char *(*url)(void *context, int64_t page), void *context);

/* --- log.c --- */
void admin_log_addition(Request *req, Instance *object, List *message);
List *admin_recent(Request *req, int limit);
const char *admin_log_text(const LogEntry *entry);
const char *admin_log_url(LogEntry *entry);                         /* of the object's page; NULL: it has none */
const char *admin_time_attribute(DateTime time);

/* --- tags.c --- */
extern const TagLibrary admin_libraries[];

/* --- form_fields.c --- */
typedef struct AdminForm {
    AdminPage *page;
    const ModelAdmin *admin;            /* or what stands for it in an inline */
    Model *model;
    Form *form;
    Instance *instance;
    bool read_only;                     /* view permission alone */
    bool may_relate;                    /* links to add and change related objects */
    bool in_table;                      /* inputs carry their label themselves */
} AdminForm;
/* Names in order, without repeats; a name of a line may be "first_name,last_name". */
const char *const *admin_field_names(const ModelAdmin *admin, Model *model, const Fieldset **ret_fieldsets);
/* Those of them that are edited: in the model's form and not read-only. */
const char *const *admin_edited_names(const ModelAdmin *admin, Model *model);
bool admin_is_read_only(const ModelAdmin *admin, Model *model, const char *name);
/* Gives the fields of a model form the admin's widgets. */
void admin_dress_form(AdminPage *page, const ModelAdmin *admin, Form *form);
List *admin_fieldset_list(AdminForm *form, bool *ret_aside);
Map *admin_field_map(AdminForm *form, const char *name);
/* "First name", where the field says nothing else. */
const char *admin_form_label(const FormField *field);
const char *const *admin_changed_labels(Form *form);         /* of the fields that the visitor changed; ends with NULL */
void admin_error_links(AdminForm *form, List *links);

/* --- inlines.c --- */
typedef struct AdminInline {
    const Inline *row;
    const ModelAdmin *admin;            /* what the inline's options would be as a ModelAdmin */
    AdminPage *page;
    Model *model;
    Field *key;                         /* the foreign key to the parent */
    const char *prefix;
    Formset *formset;
    bool can_add, can_change, can_delete, can_view;
} AdminInline;
/* Those the person may see; *ret_count of them. */
AdminInline *admin_inlines(AdminPage *page, Instance *parent, bool parent_read_only, const QueryDict *data, size_t *ret_count);
Map *admin_inline_map(AdminInline *inline_);
size_t admin_inline_errors(AdminInline *inline_, List *links);
/* Saves and adds to the change message. */
void admin_inline_save(AdminInline *inline_, List *message);

/* --- changelist.c, actions.c, filters.c, list_columns.c --- */
typedef struct ListColumn {
    const char *name, *label, *ordering;        /* ordering NULL: cannot be sorted by */
    const Field *field;                         /* at the end of its path, or NULL */
    const AdminColumn *computed;
    bool numeric, link;
} ListColumn;

typedef struct ChangeList {
    AdminPage *page;
    const ModelAdmin *admin;
    Model *model;
    QueryDict *params;                          /* of the URL, without p and e */
    ListColumn *columns; size_t n_columns;
    int *sorted; size_t n_sorted;               /* column number as in `o`, times two, plus one where descending; first is foremost */
    const char *search;
    const char *const *actions_names;
    Query *root, *query;
    List *filters;                              /* for the template */
    bool has_active_filters, facets;
    bool is_narrowed;                           /* by a search, a filter or a date */
    Value date_hierarchy;
    int64_t count, full_count, per_page, number, pages;
    bool show_all, can_show_all, editable, has_actions;
    const char *to_field;
    Instance **rows; size_t n_rows;
    Formset *formset;
    const char *invalid;                        /* why the parameters cannot be taken */
} ChangeList;
const char *admin_list_query_string(ChangeList *list, const char *const *remove_prefixes, const Var *changes);
void admin_list_columns(ChangeList *list);
List *admin_list_headers(ChangeList *list);
List *admin_list_rows(ChangeList *list);
/* Rows of the query in which search_fields hold all words of the search. */
Query *admin_search(Query *query, const ModelAdmin *admin, const char *search);
/* Applies list_filter and date_hierarchy to list->query; raises 400 for what is not allowed, ERROR_VALUE for what cannot be. */
void admin_list_filter(ChangeList *list);
/* (name, label) of the actions that the person may run. */
List *admin_list_actions(AdminPage *page);
/* The answer to a POST that runs an action on chosen rows. */
Response *admin_run_action(ChangeList *list);

AdminView admin_changelist_page, admin_add_page, admin_change_page, admin_delete_page, admin_history_page, admin_password_page,
    admin_autocomplete_page, admin_user_add_page, admin_view_on_site_page;
/* --- export.c --- */
Response *admin_export(ChangeList *list, Query *chosen);
/* --- delete.c: NULL when it was done --- */
Response *admin_delete_selected(ChangeList *list, Query *chosen, bool confirmed);

/* --- auth_admin.c, widgets.c, checks.c --- */
extern const ModelAdmin admin_auth_rows[];
extern const AdminColumn admin_password_column;         /* of the site's user model, whatever its row says */
extern const FormWidget admin_widgets[];
extern const SystemCheck admin_checks[];

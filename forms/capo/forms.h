/* SPDX-License-Identifier: BSD-3-Clause */
/* Forms: fields, validation, HTML, forms from models, formsets.
 *
 *     CommentForm *form = capo_form(CommentForm, req);         // bound to the body when the request is a POST
 *     if (capo_is_valid(form)) {
 *         Comment *comment = capo_form_object(form);           // of a MODEL_FORM: the instance, filled, not saved
 *         …
 *     }
 *     return capo_render(req, "page.html", V("form", form->capo));     // {{ form }}, {{ form.email.errors }}, …
 *
 * The struct of a form (declare_forms.h) holds the cleaned, typed values after capo_is_valid. Messages, codes, ids and names are
 * Django's: id_email, "This field is required." */
#pragma once
#include <capo/orm.h>
#include <capo/files.h>
#include <capo/request.h>

typedef struct Form Form;
typedef struct FormField FormField;
typedef struct FormType FormType;
typedef struct Formset Formset;
typedef struct FormWidget FormWidget;

/* --- declared forms ------------------------------------------------------------------------------------------------------- */

#define capo_form(F, req, ...) ((F *)capo_form_make(&F##_form, (req), &(FormOptions){ __VA_ARGS__ }))
typedef struct FormOptions {
    const QueryDict *data;              /* default: the request's body when it is a POST, else unbound */
    struct Instance *instance;          /* model forms: the row to edit; &post->capo */
    const Var *initial;                 /* CAPO_VARS(V("name", "x")) */
    const char *prefix;                 /* "comments-0": names become comments-0-name */
    const char *auto_id;                /* "id_%s" */
    bool empty_permitted;               /* formsets: an untouched extra form is valid */
    bool unbound;                       /* even when the request is a POST */
} FormOptions;
void *capo_form_make(const FormType *type, Request *req, const FormOptions *options);
#define capo_is_valid(form) capo_form_is_valid((form)->capo)
#define capo_form_object(form) ((void *)capo_form_instance((form)->capo))

/* The kinds of form fields: a row each in forms/fields.c, Django's class in `name`. */
typedef enum FormFieldKind {
    FORM_CHAR, FORM_INTEGER, FORM_FLOAT, FORM_DECIMAL, FORM_BOOLEAN, FORM_NULL_BOOLEAN, FORM_DATE, FORM_TIME, FORM_DATETIME,
    FORM_SPLIT_DATETIME, FORM_DURATION, FORM_EMAIL, FORM_URL, FORM_SLUG, FORM_UUID, FORM_IP_ADDRESS, FORM_JSON, FORM_REGEX,
    FORM_CHOICE, FORM_TYPED_CHOICE, FORM_MULTIPLE_CHOICE, FORM_TYPED_MULTIPLE_CHOICE, FORM_MODEL_CHOICE, FORM_MODEL_MULTIPLE_CHOICE,
    FORM_FILE, FORM_IMAGE, FORM_FILE_PATH, FORM_INLINE_KEY,
    FORM_SIMPLE_ARRAY, FORM_HELD, FORM_RANGE,   /* of model fields of PostgreSQL's kinds: a text with commas, JSON, two inputs */
    FORM_KINDS
} FormFieldKind;

/* What may stand behind a field's name in forms.def. */
#define CAPO_FORM_OPTIONS                                                                                                      \
    const char *label;              /* default: the name with spaces and a capital */                                          \
    const char *help_text;          /* HTML, as in Django */                                                                   \
    const char *initial;                                                                                                       \
    const char *widget;             /* "textarea", "password", "radio", "hidden", …: a row of forms/widgets.c */               \
    const Var *attrs;               /* of the widget: CAPO_VARS(V("rows", 4)); static: .attrs needs constants */               \
    bool optional;                  /* not required: empty gives "", 0 or NULL */                                              \
    bool disabled;                  /* shown, and what a visitor sends for it is ignored */                                    \
    Validator *const *validators;                                                                                              \
    const char *const *error_messages       /* pairs: code, message */
typedef struct FormPlainOptions { CAPO_FORM_OPTIONS; } FormPlainOptions;
typedef struct FormBooleanOptions { CAPO_FORM_OPTIONS; bool required /* must be ticked */; } FormBooleanOptions;
typedef struct FormTextOptions { CAPO_FORM_OPTIONS; int min_length, max_length; bool no_strip, allow_unicode; const char *pattern, *assume_scheme; } FormTextOptions;
typedef struct FormNumberOptions { CAPO_FORM_OPTIONS; FieldLimit minimum, maximum, step; } FormNumberOptions;
typedef struct FormDecimalOptions { CAPO_FORM_OPTIONS; FieldLimit minimum, maximum, step; int max_digits, decimal_places; } FormDecimalOptions;
typedef struct FormDateOptions { CAPO_FORM_OPTIONS; const char *const *input_formats; } FormDateOptions;
typedef struct FormIpOptions { CAPO_FORM_OPTIONS; const char *protocol; bool unpack_ipv4; } FormIpOptions;
typedef struct FormChoiceOptions { CAPO_FORM_OPTIONS; const FieldChoice *choices; } FormChoiceOptions;
typedef struct FormModelOptions {
    CAPO_FORM_OPTIONS;
    Query *(*query)(void);          /* which rows may be chosen; default: all */
    const char *empty_label;        /* "---------" */
    const char *(*label_from)(Instance *instance);
} FormModelOptions;
typedef struct FormFileOptions { CAPO_FORM_OPTIONS; int max_length; const char *const *extensions; bool allow_empty_file; } FormFileOptions;

/* One word of forms.def. */
typedef struct FormRow {
    const char *name;
    FormFieldKind kind;
    bool null;                      /* written in OPTIONAL() */
    bool textarea;                  /* TEXT */
    Model *target;                  /* MODEL_CHOICE, MODEL_MULTIPLE_CHOICE */
    FieldKind coerce;               /* INTEGER_CHOICE */
    union {
        FormPlainOptions plain;     /* first in each: may be read whatever the kind */
        FormBooleanOptions boolean; FormTextOptions text; FormNumberOptions number; FormDecimalOptions decimal; FormDateOptions date; FormIpOptions ip;
        FormChoiceOptions choice; FormModelOptions model; FormFileOptions file;
    } options;
} FormRow;

/* What FORM and MODEL_FORM become. */
struct FormType {
    const char *name;
    const FormRow *rows;                /* FORM's words; ends with { 0 } */
    const FieldLayout *(*layout)(void);
    size_t size;
    Model *model;                       /* MODEL_FORM */
    struct FormMeta {
        const char *const *fields;      /* LIST("name", "email"); model forms: required, or .all_fields */
        const char *const *exclude;
        bool all_fields;
        void (*clean)(Form *form);      /* Form.clean: capo_form_value, capo_add_error */
        const struct FieldClean { const char *field; Value (*clean)(Form *form, Value value); } *clean_fields;   /* clean_<field> */
        const struct FieldOverride *overrides;      /* widgets, labels, help texts; ends with { 0 } */
        const char *error_css_class, *required_css_class;   /* of the rows of such fields; the latter of their labels too */
    } meta;
};
typedef struct FieldOverride { const char *field, *widget, *label, *help_text; } FieldOverride;
#define FIELD_OVERRIDES(...) ((const FieldOverride[]){ __VA_ARGS__, { 0 } })
#define CLEAN_FIELDS(...) ((const struct FieldClean[]){ __VA_ARGS__, { 0 } })

/* --- at run time, any form: what admin and formsets use --------------------------------------------------------------- */

/* One field of a form. Open: make one, set what differs, add it. Zero is Django's default but for the names below. */
struct FormField {
    const char *name;
    FormFieldKind kind;
    bool optional;                      /* required=False */
    bool disabled, no_strip, allow_unicode;
    bool strip;                         /* FORM_REGEX, which keeps white space else */
    bool localize;                      /* numbers may have commas between thousands */
    const char *label, *help_text, *label_suffix;
    Value initial;
    const char *widget;                 /* name of a row of widgets.c; NULL: the kind's own */
    const Var *attrs;                   /* of the widget: CAPO_VARS(V("rows", 4)) */
    int min_length, max_length;
    FieldLimit minimum, maximum, step;
    bool big_integers;                  /* FORM_INTEGER: past 64 bits too, as decimals */
    int max_digits;                     /* 0: none */
    int decimal_places;                 /* with max_digits, or where it is not 0 */
    bool any_decimal_places;            /* max_digits alone limits */
    const char *pattern;                /* FORM_REGEX, and further for texts */
    const char *const *input_formats;   /* dates and times: strptime's; default: Django's English ones */
    const FieldChoice *choices;         /* choice kinds */
    List *choice_list;                  /* the same made at run time: maps with value, label, group */
    Query *query;                       /* model choices */
    const char *empty_label;            /* model choice: "---------"; "" for none */
    const char *(*label_from)(Instance *instance);
    Instance *known;                    /* model choice: this row needs no query */
    FieldKind coerce;                   /* typed choices */
    const char *protocol;               /* "both", "IPv4", "IPv6" */
    bool unpack_ipv4;
    const char *assume_scheme;          /* of a URL without one: "http" */
    const char *const *extensions;      /* of a file's name */
    bool allow_empty_file;
    const char *path, *match;           /* FORM_FILE_PATH */
    bool recursive, allow_folders, no_files;
    Validator *const *validators;
    const char *const *error_messages;  /* pairs */
    const Field *model_field;           /* where it came from */
    bool null_empty;                    /* empty text is null (empty_value=None) */
    void *argument;                     /* free for own widgets */
};

/* Django's Field.clean: the value of one field, without a form. False: *ret_errors says why. `raw` is what the widget took. */
bool capo_form_field_clean(const FormField *field, Value raw, Value *ret, const ValidationError **ret_errors);
bool capo_form_field_has_changed(const FormField *field, Value initial, Value raw);
const char *capo_form_kind_name(FormFieldKind kind);            /* "CharField" */
/* A file as a Value, as file widgets take it; and back, NULL for what is none. */
Value capo_value_file(const UploadedFile *file);
const UploadedFile *capo_value_as_file(Value value);
/* The choices as maps with value, label, group (null where none), those of model choices from the query. */
List *capo_form_field_choices(const FormField *field);

/* A declared form without its typed struct in sight: what formsets use. */
Form *capo_form_of_type(const FormType *type, const QueryDict *data_or_null, Request *files_or_null, const FormOptions *options);
Form *capo_form_new(const QueryDict *data_or_null, Request *files_or_null, const FormOptions *options);
FormField *capo_form_add_field(Form *form, const FormField *field);     /* copied; gives the copy */
/* The form field of a model field (formfield()); NULL: it has none. */
FormField *capo_form_field_for(const Field *field);
/* A model form without a declared type. fields NULL: all editable. */
Form *capo_model_form_new(Model *model, const char *const *fields, const char *const *exclude, const QueryDict *data_or_null,
                          Request *files_or_null, const FormOptions *options);
void capo_form_set_clean(Form *form, void (*clean)(Form *form));

bool capo_form_is_valid(Form *form);                    /* cleans at first use */
bool capo_form_is_bound(const Form *form);
bool capo_form_has_changed(Form *form);
const char *const *capo_form_changed_data(Form *form);  /* names, NULL at the end */
Value capo_form_value(Form *form, const char *field);   /* cleaned_data; null where it failed */
bool capo_form_has_value(Form *form, const char *field);
void capo_form_set_value(Form *form, const char *field, Value value);
/* field NULL: a non-field error. Removes the cleaned value, as add_error does. */
void capo_add_error(Form *form, const char *field, const char *code, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Messages of a field ("__all__" or NULL: non-field), NULL at the end. */
const char *const *capo_form_errors(Form *form, const char *field);
size_t capo_form_error_count(Form *form);
Map *capo_form_errors_map(Form *form);                  /* {field: [message, …]} for JSON */
FormField **capo_form_fields(Form *form, size_t *ret_count);
FormField *capo_form_field(Form *form, const char *name);
/* The instance of a model form: the one given or a new one. Cleaning writes the good values into it (also of a form with errors, as
 * in Django: do not save it then). */
Instance *capo_form_instance(Form *form);
/* The same without cleaning: for .prepare, which may still change fields. */
Instance *capo_form_instance_uncleaned(Form *form);
/* Saves the instance and its many-to-many fields, in a transaction; raises ERROR_VALUE for a form with errors, and ERROR_INTEGRITY where the
 * database refuses the row: another request was faster than this form's validation. */
Instance *capo_form_save(Form *form);
/* The same, where such a refusal is an error of the form like any other (integrity.h): false, it is shown again.
 *     if (capo_is_valid(form) && capo_form_try_save(form->capo))
 *         return capo_redirect(req, "blog:index");
 *     return capo_render(req, "blog/edit.html", V("form", form->capo));                                  */
bool capo_form_try_save(Form *form);
/* For what saves by itself: adds the words of the constraint that the error is about; false: of none of the form's model. */
bool capo_form_refused(Form *form, const Error *error);
void capo_form_save_many(Form *form);                   /* save_m2m after an own capo_save */
const char *capo_form_prefix(const Form *form);
bool capo_form_is_multipart(const Form *form);

/* HTML. A Form as a Value prints as Django's as_div; form.as_p, .as_table, .as_ul, .hidden_fields, .visible_fields, .errors,
 * .non_field_errors; iterating gives bound fields: .label_tag, .errors, .help_text, .id_for_label, .html_name, .value, … */
void capo_form_put_field(Form *form, const char *field, const Var *attrs, Buffer *out);      /* the widget alone */
const char *capo_form_html_name(Form *form, const char *field);
const char *capo_form_field_id(Form *form, const char *field);
Value capo_form_bound_value(Form *form, const char *field);     /* what the widget shows */
Value capo_form_bound_field(Form *form, const char *field);     /* BoundField object for templates */

/* --- widgets: a row each in forms/widgets.c ------------------------------------------------------------------------------ */

/* What a widget is given to print. */
typedef struct WidgetContext {
    const FormField *field;
    const char *name, *id;              /* id NULL: none */
    Value value;                        /* as capo_form_bound_value has it */
    const Var *attrs;                   /* further ones, which win over the field's */
    bool required, invalid;
    const char *described_by;
    bool has_initial;                   /* a file is there already */
    Form *form;
} WidgetContext;
struct FormWidget {
    const char *name;                   /* "text", "textarea", "select", "split_datetime", … */
    const char *input_type;             /* for <input type=…>; NULL */
    void (*put)(const FormWidget *widget, const WidgetContext *context, Buffer *out);
    /* The raw value out of the body: a text, list, bool, uploaded file or null. NULL: the last text of this name. */
    Value (*take)(const FormWidget *widget, const FormField *field, const QueryDict *data, Request *files, const char *name);
    bool (*omitted)(const FormWidget *widget, const QueryDict *data, const char *name);     /* NULL: no such name in the body */
    bool is_hidden, needs_multipart;
    bool use_fieldset;                  /* several inputs: <fieldset> and <legend> instead of a label */
    bool multiple;                      /* several values may be chosen */
    Value (*format)(const FormField *field, Value value);       /* the value as shown: dates as text */
    const Var *attrs;                   /* every one of this kind has them: cols, rows, class */
};
/* The attributes of a widget in Django's order, for own ones: those of its row and of the field, maxlength, min, …, required,
 * disabled, aria-invalid, aria-describedby, id. True prints the name alone; false and null nothing. */
Map *capo_widget_attributes(const FormWidget *widget, const WidgetContext *context);
void capo_put_attributes(const Map *attributes, Buffer *out);
/* The value as the text that an input shows; false: none. */
bool capo_widget_text(const FormWidget *widget, const WidgetContext *context, Value *ret);
/* The choices of the field, each a map: value, label, group, selected. */
List *capo_widget_options(const FormWidget *widget, const WidgetContext *context);
/* Prints as the row of this name does: for a widget that wraps another. */
void capo_widget_put(const char *name, const WidgetContext *context, Buffer *out);
/* "select", …: what the field is shown by; a name that there is not is a bug. */
const FormWidget *capo_widget(const char *name);
const FormWidget *capo_form_field_widget(const FormField *field);
/* Further widgets of an app; rows must stay. Ends with { 0 }. */
void capo_add_widgets(const FormWidget *widgets);

/* --- formsets --------------------------------------------------------------------------------------------------------------- */

typedef struct FormsetOptions {
    const char *prefix;                 /* "form"; inline: the accessor ("comments", "comment_set") */
    int extra;                          /* set .extra_set for 0 */
    bool extra_set, no_delete, can_order, no_delete_extra;
    int min_num, max_num;               /* max_num 0: 1000 (set .max_num_set for 0) */
    bool max_num_set, validate_max, validate_min;
    const char *const *fields, *const *exclude;
    Query *query;                       /* model formsets: the rows; default all, by key */
    void (*prepare)(Form *form, void *argument);    /* each form after it is made: read-only fields, widgets, … */
    void *argument;
    const FormType *form;               /* plain formsets: what each form is */
    List *initial;                      /* plain formsets: a map a form */
    void (*clean)(Formset *formset);    /* over all forms: capo_formset_add_error */
    const char *fk_name;                /* inline: which key, where the child has several to the parent */
} FormsetOptions;
Formset *capo_formset_new(Request *req, const QueryDict *data_or_null, const FormsetOptions *options);
Formset *capo_model_formset_new(Model *model, Request *req, const QueryDict *data_or_null, const FormsetOptions *options);
/* Children of a parent by a foreign key. The parent may be unsaved until capo_formset_save. */
Formset *capo_inline_formset_new(Instance *parent, Model *child, Request *req, const QueryDict *data_or_null, const FormsetOptions *options);
bool capo_formset_is_valid(Formset *formset);
size_t capo_formset_count(const Formset *formset);
size_t capo_formset_initial_count(const Formset *formset);
Form *capo_formset_form(Formset *formset, size_t index);
Form *capo_formset_empty_form(Formset *formset);        /* with __prefix__ */
bool capo_formset_is_deleted(Formset *formset, size_t index);
const char *const *capo_formset_errors(Formset *formset);       /* non-form errors */
/* Of all forms but the deleted ones, and the formset's own. */
size_t capo_formset_error_count(Formset *formset);
void capo_formset_add_error(Formset *formset, const char *code, const char *format, ...) __attribute__((format(printf, 3, 4)));
void capo_formset_put_management(Formset *formset, Buffer *out);
const char *capo_formset_prefix(const Formset *formset);
bool capo_formset_is_multipart(Formset *formset);
bool capo_formset_has_changed(Formset *formset);
/* Saves, deletes, and says what: arrays end with NULL. In a transaction. */
typedef struct FormsetResult { Instance **created, **changed, **deleted; const char *const **changed_fields; } FormsetResult;
FormsetResult capo_formset_save(Formset *formset);
Field *capo_inline_foreign_key(Model *parent, Model *child, const char *fk_name);   /* raises ERROR_IMPROPERLY_CONFIGURED */

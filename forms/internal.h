/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of forms/ share: a field kind as a row, the inside of a form, and the way HTML is put together. */
#pragma once
#include <capo/forms.h>
#include <capo/validators.h>

/* --- fields.c, numbers.c: cleaning -------------------------------------------------------------------------------------------- */

/* Errors of one field while it is cleaned; in order. */
typedef struct FieldErrors { ValidationError *first, *last; size_t count; } FieldErrors;

/* Adds a message: the field's own for this code, else the kind's. `params` fill its placeholders. */
void capo_form_field_fail(const FormField *field, FieldErrors *errors, const char *code, const Var *params);
void capo_form_field_fail_problem(const FormField *field, FieldErrors *errors, const Problem *problem);

typedef struct FormKind {
    const char *name;                       /* Django's class */
    const char *widget;                     /* row of widgets.c */
    const char *const *messages;            /* pairs besides "required" and "invalid" */
    const char *invalid;                    /* message of "invalid" */
    /* Django's to_python. False: failed, said in errors. */
    bool (*to_python)(const FormField *field, Value raw, Value *ret, FieldErrors *errors);
    /* Django's validate, beyond "required". */
    void (*validate)(const FormField *field, Value value, FieldErrors *errors);
    /* Built-in validators, as Django's run_validators. Not for empty values. */
    void (*check)(const FormField *field, Value value, FieldErrors *errors);
    bool (*has_changed)(const FormField *field, Value initial, Value raw);
    bool text;                              /* a CharField: min_length, max_length, NUL */
    bool strip_always;
    bool any_empty;                         /* false and {} are values like others: no "required" check of its own */
} FormKind;
const FormKind *capo_form_kind(FormFieldKind kind);
static inline bool capo_form_is_file(const FormField *field) { return field->kind == FORM_FILE || field->kind == FORM_IMAGE; }

bool capo_form_is_empty(Value value);            /* null, "", [], {} */
bool capo_form_integer(const FormField *field, Value raw, Value *ret, FieldErrors *errors);
bool capo_form_float(const FormField *field, Value raw, Value *ret, FieldErrors *errors);
bool capo_form_decimal(const FormField *field, Value raw, Value *ret, FieldErrors *errors);
void capo_form_check_number(const FormField *field, Value value, FieldErrors *errors);
void capo_form_validate_finite(const FormField *field, Value value, FieldErrors *errors);
/* A limit as a value: an integer where it is one, exact for what DECIMAL compares. */
Value capo_form_limit(const FormField *field, FieldLimit limit);
/* dates.c */
bool capo_form_date(const FormField *field, Value raw, Value *ret, FieldErrors *errors);
bool capo_form_time(const FormField *field, Value raw, Value *ret, FieldErrors *errors);
bool capo_form_datetime(const FormField *field, Value raw, Value *ret, FieldErrors *errors);
bool capo_form_split_datetime(const FormField *field, Value raw, Value *ret, FieldErrors *errors);
bool capo_form_duration(const FormField *field, Value raw, Value *ret, FieldErrors *errors);
/* Texts for inputs: "2026-11-22", "08:30:00", "2026-11-22 08:30:00" in the current zone. */
Value capo_form_format_value(const FormField *field, Value value);
/* postgresql_fields.c */
bool capo_form_simple_array(const FormField *field, Value raw, Value *ret, FieldErrors *errors);
bool capo_form_held(const FormField *field, Value raw, Value *ret, FieldErrors *errors);
bool capo_form_range(const FormField *field, Value raw, Value *ret, FieldErrors *errors);
bool capo_form_held_changed(const FormField *field, Value initial, Value raw);
Value capo_form_held_value(const FormField *field, Value value);
Value capo_form_range_end(Value value, int index);
/* choices.c */
bool capo_form_choice(const FormField *field, Value raw, Value *ret, FieldErrors *errors);
bool capo_form_choices(const FormField *field, Value raw, Value *ret, FieldErrors *errors);
void capo_form_validate_choice(const FormField *field, Value value, FieldErrors *errors);
void capo_form_validate_choices(const FormField *field, Value value, FieldErrors *errors);
bool capo_form_choices_changed(const FormField *field, Value initial, Value raw);
bool capo_form_model_choice(const FormField *field, Value raw, Value *ret, FieldErrors *errors);
bool capo_form_model_choices(const FormField *field, Value raw, Value *ret, FieldErrors *errors);
bool capo_form_inline_key(const FormField *field, Value raw, Value *ret, FieldErrors *errors);
bool capo_form_never_changed(const FormField *field, Value initial, Value raw);
bool capo_form_model_changed(const FormField *field, Value initial, Value raw);
/* The choices of all kinds but the model ones. */
List *capo_form_plain_choices(const FormField *field);
/* Coerces a clean choice (TypedChoiceField). */
bool capo_form_coerce(const FormField *field, Value value, Value *ret);
/* What a select compares with: keys of instances, texts of others. */
Value capo_form_prepare_value(const FormField *field, Value value);

/* --- form.c: the inside of a form --------------------------------------------------------------------------------------------------- */

Instance *capo_form_value_instance(Value value);     /* NULL: none */

/* A field in its form: Django's BoundField. The first member makes it an object for templates. */
typedef struct BoundField {
    Object object;
    Form *form;
    FormField *field;
    const char *html_name;
    const char *html_id;            /* NULL: auto_id is off */
    Value raw;                      /* out of the body, once `taken` */
    bool taken;
    FieldErrors errors;
    Value value;                    /* cleaned, where `has_value` */
    bool has_value;
} BoundField;

struct Form {
    Object object;
    const FormType *type;           /* NULL: made at run time */
    void *declared;                 /* the typed struct, whose first member points here */
    const QueryDict *data;
    Request *files;
    bool bound, cleaned, cleaning, empty_permitted, no_required_attribute;
    const char *prefix, *auto_id, *label_suffix;
    Map *initial;                   /* of the form: wins over the fields' */
    BoundField **fields;
    size_t n_fields, capacity;
    FieldErrors errors;             /* non-field ones */
    void (*clean)(Form *form);
    const struct FieldClean *clean_fields;
    /* Errors may be hung in by a formset and by model forms. */
    void (*post_clean)(Form *form);
    Model *model;
    Instance *instance;
    const char *const *model_fields;    /* of the instance that the form edits; NULL at the end */
    const char *inline_key;         /* inline formsets: the field that refers to the parent; checked for uniqueness only */
    Formset *formset;
    const char *const *changed;     /* names, once asked for */
};

BoundField *capo_form_find(Form *form, const char *name);     /* NULL: none */
Value capo_form_raw_value(BoundField *bound);
Value capo_form_initial_value(const BoundField *bound);
void capo_form_full_clean(Form *form);
void capo_form_add_validation_errors(Form *form, const ValidationError *errors);
const char *capo_form_label(const FormField *field);
extern const ObjectOps capo_form_ops, capo_form_field_ops;
/* error_list.c */
Value capo_form_field_errors(BoundField *bound);
Value capo_form_non_field_errors(Form *form);
Value capo_form_error_dict(Form *form);
Value capo_form_html_value(bool (*html)(Object *self, Buffer *out), Object *self);       /* what it prints, as safe text */
bool capo_form_is_named(const char *name, size_t size, const char *wanted);
void capo_form_put_errors(const FieldErrors *errors, const char *class, const char *field_id, Buffer *out);
Value capo_form_error_list(const FieldErrors *errors, const char *class, const char *field_id);
/* html.c */
void capo_form_put_as(Form *form, const char *style, Buffer *out);       /* "div", "p", "table", "ul" */
/* model_form.c */
void capo_form_set_model(Form *form, Model *model, Instance *instance, const char *const *fields, const char *const *exclude);
void capo_form_model_post_clean(Form *form);
bool capo_form_names(const char *const *names, const char *name);        /* whether a list holds a name */

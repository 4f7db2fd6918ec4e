/* SPDX-License-Identifier: BSD-3-Clause */
/* Model.full_clean: fields, the model's own clean, uniqueness, constraints. Mistakes come as a list, those of the whole object with a
 * NULL field. */
#include "composite_key.h"
#include "instance.h"
#include "routing.h"
#include <string.h>

typedef struct Errors { ValidationError *first, *last; } Errors;

static void add(Errors *errors, const char *field, const char *code, const char *message)
{
    ValidationError *error = capo_alloc_struct(ValidationError);
    *error = (ValidationError){ .field = field, .code = code, .message = message };
    if (errors->last)
        errors->last->next = error;
    else
        errors->first = error;
    errors->last = error;
}

/* What was raised, under this field where it names none itself. */
static void add_raised(Errors *errors, const char *field, const Error *error)
{
    if (error->code != ERROR_VALIDATION)
        capo_reraise(error);
    for (const ValidationError *one = error->detail; one; one = one->next)
        add(errors, one->field ? one->field : field, one->code, one->message);
    if (!error->detail)
        add(errors, field, "invalid", error->message);
}

static bool is_in(const char *const *names, const char *name)
{
    for (; names && *names; names++)
        if (!strcmp(*names, name))
            return true;
    return false;
}

static bool has_error(const Errors *errors, const char *field)
{
    for (const ValidationError *error = errors->first; error; error = error->next)
        if (error->field && !strcmp(error->field, field))
            return true;
    return false;
}

static const char *capital(const char *text)
{
    char *copy = capo_strdup(text);
    if (copy[0] >= 'a' && copy[0] <= 'z')
        copy[0] = (char)(copy[0] - 'a' + 'A');
    return copy;
}

const char *capo_field_words(const Field *field, const char *code, const char *otherwise)
{
    for (const char *const *pair = field->error_messages; pair && pair[0] && pair[1]; pair += 2)
        if (!strcmp(pair[0], code))
            return pair[1];
    return otherwise;
}

/* --- uniqueness --- */

/* Whether another row has these values. A date, where given, is compared by its parts in the current zone. */
typedef struct Wanted { const Field *field; Value value; } Wanted;

static bool exists_another(Instance *self, const Wanted *wanted, size_t count)
{
    WITH_DATABASE(database_for(self->model, self, NULL, DATABASE_WRITE));
    const Model *model = capo_local_field(wanted[0].field)->model;     /* a parent, where it is a column of its table */
    Buffer sql = { 0 };
    Value *values = capo_alloc_array(count + capo_key_size(model->pk), sizeof *values), key = capo_instance_pk(self);
    capo_put_format(&sql, "SELECT 1 FROM %s WHERE ", capo_quote_name(model->table));
    for (size_t i = 0; i < count; i++) {
        values[i] = capo_to_column(wanted[i].field, wanted[i].value);
        capo_put(&sql, i ? " AND " : "");
        capo_put_name(&sql, wanted[i].field->column);
        capo_put(&sql, " = ");
        capo_put_placeholder(&sql, (int)i + 1, wanted[i].field);
    }
    if (self->state->saved && !capo_is_null(key))
        count = key_put_differs(&sql, model->pk, key, values, count);
    capo_put(&sql, " LIMIT 1");
    return capo_database_run(capo_buffer_text(&sql), values, count, DATABASE_READ)->n_rows > 0;
}

const char *capo_unique_field_words(const Model *model, const Field *field)
{
    return capo_field_words(field, "unique", capo_format("%s with this %s already exists.", capital(model->verbose_name), capital(field->verbose_name)));
}

static void check_unique_field(Instance *self, const Field *field, Errors *errors)
{
    Value value = capo_field_value(self, field);
    if (capo_is_null(value) || (field->primary_key && self->state->saved))
        return;
    if (!exists_another(self, &(Wanted){ field, value }, 1))
        return;
    add(errors, field->name, "unique", capo_unique_field_words(capo_local_field(field)->model, field));
}

/* "A, B and C" */
static const char *label_list(const Model *model, const char *const *names)
{
    Buffer text = { 0 };
    size_t count = 0;
    while (names[count])
        count++;
    for (size_t i = 0; i < count; i++) {
        capo_put(&text, !i ? "" : i + 1 == count ? " and " : ", ");
        capo_put(&text, capital(capo_field(model, names[i])->verbose_name));
    }
    return capo_buffer_text(&text);
}

const char *capo_unique_words(const Model *model, const char *const *names)
{
    return capo_format("%s with this %s already exists.", capital(model->verbose_name), label_list(model, names));
}

static void check_together(Instance *self, const Model *level, const char *const *names, const char *const *exclude, Errors *errors)
{
    const Model *model = self->model;
    Wanted wanted[16];
    size_t count = 0;
    for (size_t i = 0; names[i] && count < 16; i++) {
        const Field *field = capo_field(model, names[i]);
        Value value = capo_field_value(self, field);
        if (is_in(exclude, field->name) || capo_is_null(value))
            return;
        wanted[count++] = (Wanted){ field, value };
    }
    if (count && exists_another(self, wanted, count))
        add(errors, NULL, "unique_together", capo_unique_words(level, names));
}

static void check_composite_key(Instance *self, const char *const *exclude, Errors *errors)
{
    const Field *key = self->model->pk;
    const char **names = capo_alloc_array(key->n_parts + 1, sizeof *names);
    for (size_t i = 0; i < key->n_parts; i++)
        names[i] = key->parts[i]->name;
    check_together(self, self->model, names, exclude, errors);
}

/* A constraint over fields that says nothing of its own has the words of unique and unique_together. */
const char *capo_constraint_words(const Model *model, const ConstraintInfo *one, const char **ret_field, const char **ret_code)
{
    *ret_field = NULL;
    if (!one->unique || one->condition || one->violation_message) {
        *ret_code = one->violation_code ? one->violation_code : one->name;
        return capo_constraint_message(one);
    }
    const Field *only = one->unique[1] ? NULL : capo_field(model, one->unique[0]);
    *ret_field = only ? only->name : NULL;
    *ret_code = only ? "unique" : "unique_together";
    return only ? capo_unique_field_words(model, only) : capo_unique_words(model, one->unique);
}

static void check_constraint(Instance *self, const ConstraintInfo *one, const char *const *exclude, Errors *errors)
{
    if (!capo_constraint_fails(self, one, exclude))
        return;
    const char *field, *code, *message = capo_constraint_words(self->model, one, &field, &code);
    add(errors, field, code, message);
}

/* The model that this one has rows or a table of; an abstract base's Meta is its own. NULL: it stands alone. */
static const Model *base_of(const Model *model) { return model->inheritance == INHERITS_COLUMNS ? NULL : model->base; }

static void check_constraints(Instance *self, const char *const *exclude, bool uniqueness, Errors *errors)
{
    for (const Model *level = self->model; level; level = base_of(level)) {
        const ConstraintInfo *constraints = level->n_constraints ? capo_model_constraints(level) : NULL;
        Instance *row = level == self->model || !constraints ? self : capo_instance_as(self, level);
        for (size_t i = 0; i < level->n_constraints; i++)
            if (uniqueness == (!constraints[i].check && !constraints[i].check_sql && !constraints[i].own))
                check_constraint(row, &constraints[i], exclude, errors);
    }
}

/* A part of a column: EXTRACT(month FROM …), in the current zone where it is a datetime. */
static void put_part(Buffer *sql, const Field *dated, const char *part)
{
    const char *zone = dated->kind == FIELD_DATETIME ? capo_time_zone_name(capo_current_time_zone()) : NULL, *column = capo_quote_name(dated->column);
    if (!strcmp(part, "date"))
        capo_dialect()->put_cast(sql, "date", column, zone);
    else
        capo_dialect()->put_extract(sql, part, dated->kind, column, zone);
}

/* As Django: "date" is the whole day, "month" and "year" are those numbers alone, whatever the year of the month; the code is that of a date for all,
 * and NULL is a value like others. */
static void check_unique_for(Instance *self, const Field *field, const char *date_name, const char *part, Errors *errors)
{
    const Model *model = self->model;
    const Field *dated = capo_field(model, date_name);
    Value value = capo_field_value(self, field), date = dated ? capo_field_value(self, dated) : capo_value_null();
    Buffer sql = { 0 };
    Value *values = capo_alloc_array(2 + capo_key_size(model->pk), sizeof *values);
    size_t n = 0;
    if (capo_is_null(date))
        return;
    Date day = date.kind == VALUE_DATETIME ? capo_local_date(date.datetime) : date.date;
    DateParts parts = { 0 };
    capo_date_parts(day, &parts.year, &parts.month, &parts.day);
    bool whole = !strcmp(part, "date");
    capo_put_format(&sql, "SELECT 1 FROM %s WHERE %s %s", capo_quote_name(model->table), capo_quote_name(field->column), capo_is_null(value) ? "IS NULL" : "= ");
    if (!capo_is_null(value)) {
        values[n++] = capo_to_column(field, value);
        capo_put_placeholder(&sql, (int)n, field);
    }
    capo_put(&sql, " AND ");
    if (whole && dated->kind == FIELD_DATE)
        capo_put_name(&sql, dated->column);
    else
        put_part(&sql, dated, part);
    capo_put(&sql, " = ");
    values[n++] = whole ? capo_value_date(day) : capo_value_int(!strcmp(part, "month") ? parts.month : parts.year);
    capo_dialect()->put_placeholder(&sql, (int)n);
    if (self->state->saved)
        n = key_put_differs(&sql, model->pk, capo_instance_pk(self), values, n);
    if (capo_database_run(capo_buffer_text(&sql), values, n, DATABASE_READ)->n_rows)
        add(errors, field->name, "unique_for_date", capo_field_words(field, "unique_for_date", capo_format("%s must be unique for %s %s.", capital(field->verbose_name),
                                                                                                          capital(dated->verbose_name), part)));
}

static void check_unique(Instance *self, const char *const *exclude, Errors *errors)
{
    const Model *model = self->model;
    if (model->pk->kind == FIELD_COMPOSITE_KEY)
        check_composite_key(self, exclude, errors);
    for (const Model *level = model; level; level = base_of(level))
        for (size_t i = 0; level->unique_together && level->unique_together[i]; i++)
            check_together(self, level, level->unique_together[i], exclude, errors);
    for (size_t i = 0; i < model->n_fields; i++)
        if (model->fields[i]->unique && !is_in(exclude, model->fields[i]->name))
            check_unique_field(self, model->fields[i], errors);
    for (size_t i = 0; i < model->n_fields; i++) {
        const Field *field = model->fields[i];
        const struct { const char *date, *part; } dates[] = { { field->unique_for_date, "date" }, { field->unique_for_year, "year" }, { field->unique_for_month, "month" } };
        for (size_t k = 0; k < 3; k++)
            if (dates[k].date && !is_in(exclude, field->name) && !is_in(exclude, dates[k].date))
                check_unique_for(self, field, dates[k].date, dates[k].part, errors);
    }
    check_constraints(self, exclude, true, errors);
}

/* --- all of it --- */

typedef struct CleanCall { Instance *self; const Field *field; } CleanCall;

static void clean_field(void *argument)
{
    const CleanCall *call = argument;
    Value value = capo_field_clean(call->field, capo_field_value(call->self, call->field), false);
    capo_field_store(call->self, call->field, value);
}

static bool is_empty(Value value)
{
    return capo_is_null(value) || ((capo_is_text(value) || value.kind == VALUE_BYTES) && !value.size)
        || (value.kind == VALUE_LIST && !value.list->count) || (value.kind == VALUE_MAP && !value.map->count);
}

static void clean_model(void *argument)
{
    Instance *self = argument;
    self->model->meta->clean(self);
}

const ValidationError *capo_instance_unique_errors(Instance *self, const char *const *exclude)
{
    Errors errors = { 0 };
    check_unique(self, exclude, &errors);
    return errors.first;
}

const ValidationError *capo_instance_full_clean(Instance *self, const char *const *exclude)
{
    const Model *model = self->model;
    Errors errors = { 0 };
    const Error *error;
    for (size_t i = 0; i < model->n_fields; i++) {
        const Field *field = model->fields[i];
        if (is_in(exclude, field->name) || capo_field_is_deferred(self, field) || field->generated || capo_is_left_to_database(self, field))
            continue;
        Value value = capo_field_value(self, field);
        if ((field->blank && is_empty(value)) || (field->primary_key && capo_is_null(value) && capo_field_is_automatic(field->kind)))
            continue;
        error = capo_try(clean_field, &(CleanCall){ self, field });
        if (error)
            add_raised(&errors, field->name, error);
    }
    if (model->meta->clean && model->size) {
        error = capo_try(clean_model, self);
        if (error)
            add_raised(&errors, NULL, error);
    }
    /* A field that is wrong by itself is not looked up. */
    size_t n = 0;
    while (exclude && exclude[n])
        n++;
    const char **wider = capo_alloc_array(n + model->n_fields + 1, sizeof *wider);
    if (n)
        memcpy(wider, exclude, n * sizeof *wider);
    for (size_t i = 0; i < model->n_fields; i++)
        if (has_error(&errors, model->fields[i]->name))
            wider[n++] = model->fields[i]->name;
    check_unique(self, wider, &errors);
    check_constraints(self, wider, false, &errors);
    return errors.first;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Constraints that a database named, found again in the model: what it says of them becomes the words of full_clean.
 *
 * Names come first: those of Meta, then those that the schema editor and the databases make for columns. Then columns. What neither says
 * (a foreign key of SQLite) is asked of the database once more. */
#include "instance.h"
#include "routing.h"
#include <capo/integrity.h>
#include <string.h>

const BrokenConstraint *capo_broken_constraint(const Error *error)
{
    const DatabaseFailure *failure = error && error->code == ERROR_INTEGRITY ? capo_failure_of(error) : NULL;
    return failure && failure->broken.kind ? &failure->broken : NULL;
}

static bool same(const char *a, const char *b) { return a && b && !strcmp(a, b); }

/* Whether the constraint's columns are those of these fields, in any order. */
static bool are_columns(const Model *model, const char *const *names, const char *const *columns)
{
    size_t n = 0, m = 0;
    while (columns && columns[m])
        m++;
    for (; names[n]; n++) {
        const Field *field = capo_field(model, names[n]);
        bool found = false;
        for (size_t i = 0; i < m && field; i++)
            found |= same(columns[i], field->column);
        if (!found)
            return false;
    }
    return n && n == m;
}

static const ValidationError *one_error(const char *field, const char *code, const char *message)
{
    return capo_memdup(&(ValidationError){ .field = field, .code = code, .message = message }, sizeof(ValidationError));
}

static const ValidationError *error_of_constraint(const Model *model, const ConstraintInfo *one)
{
    const char *field, *code, *message = capo_constraint_words(model, one, &field, &code);
    return one_error(field, code, message);
}

static const ValidationError *of_meta(const Model *model, const BrokenConstraint *broken)
{
    const ConstraintInfo *constraints = capo_model_constraints(model);
    for (size_t i = 0; i < model->n_constraints; i++)
        if (same(constraints[i].name, broken->name))
            return error_of_constraint(model, &constraints[i]);
    /* SQLite says the columns alone: a constraint over all rows is meant rather than one over some. */
    for (int conditional = 0; conditional < 2 && broken->kind == BROKEN_UNIQUE; conditional++)
        for (size_t i = 0; i < model->n_constraints; i++)
            if (constraints[i].unique && !constraints[i].condition == !conditional && are_columns(model, constraints[i].unique, broken->columns))
                return error_of_constraint(model, &constraints[i]);
    return NULL;
}

/* A key of several columns is as a set of them that is unique together. */
static const ValidationError *of_composite_key(const Model *model, const BrokenConstraint *broken)
{
    if (model->pk->kind != FIELD_COMPOSITE_KEY)
        return NULL;
    const char **names = capo_alloc_array(model->pk->n_parts + 1, sizeof *names);
    for (size_t i = 0; i < model->pk->n_parts; i++)
        names[i] = model->pk->parts[i]->name;
    bool named = same(broken->name, "PRIMARY") || same(broken->name, capo_format("%s_pkey", model->table));
    return named || are_columns(model, names, broken->columns) ? one_error(NULL, "unique_together", capo_unique_words(model, names)) : NULL;
}

static const ValidationError *of_together(const Model *model, const BrokenConstraint *broken)
{
    for (size_t i = 0; model->unique_together && model->unique_together[i]; i++) {
        const char *const *names = model->unique_together[i], *columns[17];
        size_t n = 0;
        for (; names[n] && n < 16; n++)
            columns[n] = capo_field(model, names[n])->column;
        columns[n] = NULL;
        if (are_columns(model, names, broken->columns) || same(broken->name, capo_index_name(model->table, columns, "_uniq")))
            return one_error(NULL, "unique_together", capo_unique_words(model, names));
    }
    return NULL;
}

/* Names that databases and the schema editor give to what stands beside one column. */
static bool names_column(const BrokenConstraint *broken, const Model *model, const Field *field, const char *suffix, const char *ending)
{
    const char *const columns[] = { field->column, NULL };
    if (broken->columns)
        return same(broken->columns[0], field->column) && !broken->columns[1];
    return same(broken->name, field->column) || same(broken->name, capo_index_name(model->table, columns, suffix))
        || same(broken->name, capo_format("%s_%s_%s", model->table, field->column, ending)) || same(broken->name, capo_format("%s.%s", model->table, field->column));
}

static const ValidationError *of_unique_field(const Model *model, const BrokenConstraint *broken)
{
    for (size_t i = 0; i < model->n_fields; i++) {
        const Field *field = model->fields[i];
        bool is_key = field->primary_key && (same(broken->name, "PRIMARY") || same(broken->name, capo_format("%s_pkey", model->table)));
        if (is_key || (field->unique && names_column(broken, model, field, "_uniq", "key")))
            return one_error(field->name, "unique", capo_unique_field_words(model, field));
    }
    return NULL;
}

/* The column's own check: a positive number. SQLite gives the expression, which begins with the column. */
static const ValidationError *of_positive_field(const Model *model, const BrokenConstraint *broken)
{
    for (size_t i = 0; i < model->n_fields; i++) {
        const Field *field = model->fields[i];
        if (!capo_field_is_positive(capo_column_field(field)->kind))
            continue;
        const char *quoted = capo_quote_name(field->column);
        if (names_column(broken, model, field, "_check", "check") || (broken->name && capo_starts_with(broken->name, capo_format("%s ", quoted))))
            return one_error(field->name, "min_value", capo_field_words(field, "min_value", "Ensure this value is greater than or equal to 0."));
    }
    return NULL;
}

typedef struct Looked { const Field *field; Value value; } Looked;

static void look_for_target(void *argument)
{
    const Looked *looked = argument;
    capo_field_clean(looked->field, looked->value, true);
}

/* The keys that point to no row; where the database names one, that alone. */
static const ValidationError *of_foreign_key(Instance *self, const Model *model, const BrokenConstraint *broken)
{
    for (size_t i = 0; i < model->n_fields; i++) {
        const Field *field = model->fields[i];
        if (!field->target || !field->db_constraint || (broken->columns && !same(broken->columns[0], field->column)))
            continue;
        Looked looked = { field, capo_field_value(self, field) };
        const Error *error = capo_is_null(looked.value) ? NULL : capo_try(look_for_target, &looked);
        if (error && error->code == ERROR_VALIDATION) {
            const ValidationError *detail = error->detail;
            return one_error(field->name, detail && detail->code ? detail->code : "invalid", error->message);
        }
    }
    return NULL;
}

static const ValidationError *of_null(const Model *model, const BrokenConstraint *broken)
{
    for (size_t i = 0; i < model->n_fields && broken->columns; i++)
        if (same(model->fields[i]->column, broken->columns[0]))
            return one_error(model->fields[i]->name, "null", capo_field_words(model->fields[i], "null", "This field cannot be null."));
    return NULL;
}

static const ValidationError *of_level(Instance *self, const Model *model, const BrokenConstraint *broken)
{
    const ValidationError *found = NULL;
    if (broken->table && strcmp(broken->table, model->table))
        return NULL;
    switch (broken->kind) {
    case BROKEN_UNIQUE:
        if (!(found = of_meta(model, broken)) && !(found = of_composite_key(model, broken)) && !(found = of_together(model, broken)))
            found = of_unique_field(model, broken);
        break;
    case BROKEN_CHECK:
        if (!(found = of_meta(model, broken)))
            found = of_positive_field(model, broken);
        break;
    case BROKEN_EXCLUSION:
        found = of_meta(model, broken);
        break;
    case BROKEN_FOREIGN_KEY:
        found = of_foreign_key(self, model, broken);
        break;
    case BROKEN_NOT_NULL:
        found = of_null(model, broken);
        break;
    case BROKEN_NOTHING:
        break;
    }
    return found;
}

const ValidationError *capo_integrity_errors(Instance *self, const Error *error)
{
    const BrokenConstraint *broken = capo_broken_constraint(error);
    if (!broken)
        return NULL;
    WITH_DATABASE(database_for(self->model, self, NULL, DATABASE_WRITE));
    for (const Model *level = self->model; level; level = level->base && level->inheritance != INHERITS_COLUMNS ? level->base : NULL) {
        const ValidationError *found = of_level(self, level, broken);
        if (found)
            return found;
    }
    return NULL;
}

void capo_instance_unsave(Instance *self, Value key)
{
    self->state->saved = false;
    if (capo_field_is_automatic(capo_column_field(self->model->pk)->kind) && !self->model->pk->target)
        capo_field_store(self, self->model->pk, key);
}

static void save_in_transaction(void *self)
{
    capo_begin();
    capo_instance_save(self);
    capo_commit();
}

const ValidationError *capo_instance_try_save(Instance *self)
{
    bool was_saved = self->state->saved;
    Value key = capo_instance_pk(self);
    const Error *error = capo_try(save_in_transaction, self);
    if (!error)
        return NULL;
    if (!was_saved)
        capo_instance_unsave(self, key);
    const ValidationError *errors = capo_integrity_errors(self, error);
    if (!errors)
        capo_reraise(error);
    return errors;
}

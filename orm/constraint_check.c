/* SPDX-License-Identifier: BSD-3-Clause */
/* The constraints of Meta held against an instance before it is written: what full_clean and model forms say. The database is asked, with
 * the values of the row that would be written standing for a table of one row, so that its own rules of comparing count. */
#include "instance.h"
#include "query.h"
#include "routing.h"
#include <ctype.h>
#include <string.h>

/* The fields of the row that a condition or an expression names, those of generated columns included. */
typedef struct Named {
    const Model *model;
    bool *wanted;                       /* by position */
    bool generated;                     /* one of them is computed */
} Named;

static void want(void *context, const char *path)
{
    Named *named = context;
    const char *end = strstr(path, "__");
    const Field *field = capo_field(named->model, end ? capo_strndup(path, (size_t)(end - path)) : path);
    if (!field || !field->column || named->wanted[field->position])
        return;
    named->wanted[field->position] = true;
    if (!field->generated)
        return;
    named->generated = true;
    capo_expression_paths(capo_field_expression(field), want, named);
}

static Named named_new(const Model *model)
{
    return (Named){ .model = model, .wanted = capo_alloc_array(model->n_fields + 1, sizeof(bool)) };
}

static void want_fields(Named *named, const char *const *fields)
{
    for (size_t i = 0; fields && fields[i]; i++)
        want(named, fields[i]);
}

static void want_parts(Named *named, const IndexPart *parts)
{
    for (; parts && parts->of.kind != VALUE_NULL; parts++)
        capo_expression_paths(capo_expression_of(parts->of), want, named);
}

static bool any_excluded(const Named *named, const char *const *exclude)
{
    for (size_t i = 0; i < named->model->n_fields; i++)
        for (const char *const *name = exclude; named->wanted[i] && name && *name; name++)
            if (!strcmp(*name, named->model->fields[i]->name))
                return true;
    return false;
}

/* A statement with its parameters. */
typedef struct Asking { Buffer sql; Value *values; size_t count, room; } Asking;

static void put_value(Asking *asking, const Field *field, Value value, bool alone)
{
    if (asking->count == asking->room) {
        size_t room = asking->room ? 2 * asking->room : 16;
        asking->values = capo_realloc(asking->values, asking->room * sizeof(Value), room * sizeof(Value));
        asking->room = room;
    }
    asking->values[asking->count++] = capo_to_column(field, value);
    (alone ? capo_put_value_placeholder : capo_put_placeholder)(&asking->sql, (int)asking->count, field);
}

/* (SELECT ? AS "views", …) AS one_row: what the instance has; around it what the database would compute of that. */
static void put_row(Asking *asking, Instance *self, const Named *named)
{
    const Model *model = self->model;
    bool any = false;
    capo_put(&asking->sql, named->generated ? "(SELECT values_given.*" : "(SELECT ");
    for (size_t i = 0; named->generated && i < model->n_fields; i++)
        if (named->wanted[i] && model->fields[i]->generated)
            capo_put_format(&asking->sql, ", (%s) AS %s", capo_expression_sql(model, capo_field_expression(model->fields[i])),
                            capo_quote_name(model->fields[i]->column));
    capo_put(&asking->sql, named->generated ? " FROM (SELECT " : "");
    for (size_t i = 0; i < model->n_fields; i++) {
        const Field *field = model->fields[i];
        if (!named->wanted[i] || field->generated)
            continue;
        capo_put(&asking->sql, any ? ", " : "");
        put_value(asking, field, capo_field_value(self, field), true);
        capo_put_format(&asking->sql, " AS %s", capo_quote_name(field->column));
        any = true;
    }
    capo_put(&asking->sql, any ? "" : "1 AS nothing");
    capo_put(&asking->sql, named->generated ? ") AS values_given) AS one_row" : ") AS one_row");
}

static bool answers(Asking *asking)
{
    return capo_database_run(capo_buffer_text(&asking->sql), asking->values, asking->count, DATABASE_READ)->n_rows > 0;
}

/* --- CHECK --- */

bool capo_sql_names_column(const char *sql, const char *column)
{
    size_t size = strlen(column);
    for (const char *at = strstr(sql, column); at; at = strstr(at + 1, column))
        if ((at == sql || (!isalnum((unsigned char)at[-1]) && at[-1] != '_')) && !isalnum((unsigned char)at[size]) && at[size] != '_')
            return true;
    return false;
}

/* Unknown (NULL) holds, as in SQL. */
static bool fails_check(Instance *self, const ConstraintInfo *one, const char *const *exclude)
{
    Named named = named_new(self->model);
    Asking asking = { 0 };
    const char *condition = one->check_sql;
    if (one->check) {
        capo_condition_paths(one->check, want, &named);
        condition = capo_condition_sql(self->model, one->check);
    }
    for (size_t i = 0; one->check_sql && i < self->model->n_fields; i++)
        if (capo_sql_names_column(one->check_sql, self->model->fields[i]->column))
            want(&named, self->model->fields[i]->name);
    if (any_excluded(&named, exclude))
        return false;
    capo_put_format(&asking.sql, "SELECT 1 WHERE NOT (SELECT (%s) FROM ", condition);
    put_row(&asking, self, &named);
    capo_put_char(&asking.sql, ')');
    return answers(&asking);
}

bool capo_condition_check(Model *model, Condition *condition, const Map *values)
{
    WITH_DATABASE(database_for(model, NULL, NULL, DATABASE_READ));
    Instance *row = capo_instance_new(model);
    Named named = named_new(model), given = named_new(model);
    Asking asking = { 0 };
    for (size_t i = 0; values && i < values->count; i++) {
        const char *name = values->entries[i].key.text;
        const Field *field = capo_field(model, name);
        if (!field || !field->column)
            capo_raise(ERROR_FIELD, "%s has no field named '%s' with a column.", model->name, name);
        capo_field_assign(row, field, values->entries[i].value);
        given.wanted[field->position] = true;
    }
    capo_condition_paths(condition, want, &named);
    for (size_t i = 0; i < model->n_fields; i++)
        if (named.wanted[i] && !given.wanted[i] && !model->fields[i]->generated)
            capo_raise(ERROR_FIELD, "The condition names '%s', for which there is no value.", model->fields[i]->name);
    capo_put_format(&asking.sql, "SELECT 1 WHERE NOT (SELECT (%s) FROM ", capo_condition_sql(model, condition));
    put_row(&asking, row, &named);
    capo_put_char(&asking.sql, ')');
    return !answers(&asking);
}

/* --- UNIQUE and EXCLUDE --- */

/* One column or expression of another row against the same of this one. False: NULL clashes with nothing. */
static bool put_same_field(Asking *asking, Instance *self, const ConstraintInfo *one, const Field *field)
{
    Value value = capo_field_value(self, field);
    if (field->generated) {
        Named named = named_new(self->model);
        want(&named, field->name);
        capo_put_format(&asking->sql, "%s = (SELECT %s FROM ", capo_quote_name(field->column), capo_quote_name(field->column));
        put_row(asking, self, &named);
        capo_put_char(&asking->sql, ')');
        return true;
    }
    if (capo_is_null(value) && !one->nulls_not_distinct)
        return false;
    capo_put_name(&asking->sql, field->column);
    capo_put(&asking->sql, capo_is_null(value) ? " IS NULL" : " = ");
    if (!capo_is_null(value))
        put_value(asking, field, value, false);
    return true;
}

static void put_same_parts(Asking *asking, Instance *self, const IndexPart *parts, const char *const *operators)
{
    Named named = named_new(self->model);
    want_parts(&named, parts);
    for (size_t i = 0; parts[i].of.kind != VALUE_NULL; i++) {
        const char *sql = capo_expression_sql(self->model, capo_expression_of(parts[i].of));
        capo_put_format(&asking->sql, "%s(%s) %s (SELECT %s FROM ", i ? " AND " : "", sql, operators ? operators[i] : "=", sql);
        put_row(asking, self, &named);
        capo_put_char(&asking->sql, ')');
    }
}

static void put_condition(Asking *asking, Instance *self, Condition *condition)
{
    Named named = named_new(self->model);
    const char *sql = capo_condition_sql(self->model, condition);
    capo_condition_paths(condition, want, &named);
    capo_put_format(&asking->sql, " AND (%s) AND EXISTS (SELECT 1 FROM ", sql);
    put_row(asking, self, &named);
    capo_put_format(&asking->sql, " WHERE %s)", sql);
}

static bool clashes(Instance *self, const ConstraintInfo *one, const char *const *exclude)
{
    const Model *model = self->model;
    Named named = named_new(model);
    Asking asking = { 0 };
    want_fields(&named, one->unique);
    want_parts(&named, one->unique_parts);
    want_parts(&named, one->exclude);
    if (one->condition)
        capo_condition_paths(one->condition, want, &named);
    if (any_excluded(&named, exclude))
        return false;
    capo_put_format(&asking.sql, "SELECT 1 FROM %s WHERE ", capo_quote_name(model->table));
    for (size_t i = 0; one->unique && one->unique[i]; i++) {
        capo_put(&asking.sql, i ? " AND " : "");
        if (!put_same_field(&asking, self, one, capo_field(model, one->unique[i])))
            return false;
    }
    if (one->unique_parts || one->exclude)
        put_same_parts(&asking, self, one->unique_parts ? one->unique_parts : one->exclude, one->exclude ? one->operators : NULL);
    if (one->condition)
        put_condition(&asking, self, one->condition);
    if (self->state->saved && !capo_is_null(capo_instance_pk(self))) {
        capo_put(&asking.sql, " AND NOT (");
        for (size_t i = 0; i < capo_key_size(model->pk); i++) {
            const Field *part = capo_key_part(model->pk, i);
            capo_put_format(&asking.sql, "%s%s = ", i ? " AND " : "", capo_quote_name(part->column));
            put_value(&asking, part, capo_key_part_value(model->pk, capo_instance_pk(self), i), false);
        }
        capo_put_char(&asking.sql, ')');
    }
    capo_put(&asking.sql, " LIMIT 1");
    return answers(&asking);
}

/* --- both --- */

bool capo_constraint_fails(Instance *self, const ConstraintInfo *constraint, const char *const *exclude)
{
    WITH_DATABASE(database_for(self->model, self, NULL, DATABASE_WRITE));
    if (capo_constraint_lack(self->model, constraint))
        return false;
    if (constraint->own) {
        Named named = named_new(self->model);
        want_fields(&named, constraint->fields);
        return constraint->own->fails && self->model->size && !any_excluded(&named, exclude) && constraint->own->fails(self, constraint);
    }
    return constraint->check || constraint->check_sql ? fails_check(self, constraint, exclude) : clashes(self, constraint, exclude);
}

const char *capo_constraint_message(const ConstraintInfo *constraint)
{
    return constraint->violation_message ? constraint->violation_message : capo_format("Constraint “%s” is violated.", constraint->name);
}

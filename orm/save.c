/* SPDX-License-Identifier: BSD-3-Clause */
/* Saving: INSERT, UPDATE of what changed, several at once, and reading again. */
#include "instance.h"
#include "routing.h"
#include <string.h>

void capo_put_columns(Buffer *sql, const Model *model)
{
    for (size_t i = 0; i < model->n_fields; i++) {
        if (i)
            capo_put(sql, ", ");
        capo_put_name(sql, model->fields[i]->column);
    }
}

ResultSet *capo_select_where(const Model *model, const Field *by, Value key)
{
    Buffer sql = { 0 };
    capo_put(&sql, "SELECT ");
    capo_put_columns(&sql, model);
    capo_put(&sql, " FROM ");
    capo_put_name(&sql, model->table);
    capo_put(&sql, " WHERE ");
    capo_put_name(&sql, by->column);
    capo_put(&sql, " = ");
    capo_put_placeholder(&sql, 1, by);
    Value bound = capo_to_column(by, key);
    return capo_database_run(capo_buffer_text(&sql), &bound, 1, DATABASE_READ);
}

/* --- before a row is written --- */

/* A new object belongs where those are that it points to. */
static void adopt_database(const Instance *self)
{
    for (size_t i = 0; !self->state->database && i < self->model->n_fields; i++) {
        Instance *other;
        if (self->model->fields[i]->target && capo_instance_cached(self, self->model->fields[i], &other) && other)
            self->state->database = other->state->database;
    }
}

static void check_relations(Instance *self)
{
    for (size_t i = 0; i < self->model->n_fields; i++) {
        const Field *field = self->model->fields[i];
        Instance *other;
        if (!field->target || capo_field_is_deferred(self, field) || !capo_instance_cached(self, field, &other) || !other)
            continue;
        if (capo_is_null(capo_field_value(other, field->target_field)))
            capo_raise(ERROR_VALUE, "save() prohibited to prevent data loss due to unsaved related object '%s'. Save the %s first.", field->name,
                       other->model->name);
        if (capo_several_databases && !capo_allow_relation(self, other))
            capo_raise(ERROR_VALUE, "%s.%s cannot be the %s %s: the routers forbid relations between the databases '%s' and '%s'.", self->model->name, field->name,
                       other->model->name, capo_to_text(capo_instance_pk(other)), self->state->database, other->state->database);
    }
}

static void set_automatic(Instance *self, const Field *field)
{
    DateTime now = capo_now();
    switch (field->kind) {
    case FIELD_DATE:
        capo_field_store(self, field, capo_value_date(capo_local_date(now)));
        break;
    case FIELD_TIME:
        capo_field_store(self, field, capo_value_time(capo_local_time(now)));
        break;
    default:
        capo_field_store(self, field, capo_value_datetime(now));
        break;
    }
}

static void set_automatic_fields(Instance *self, bool created)
{
    for (size_t i = 0; i < self->model->n_fields; i++) {
        const Field *field = self->model->fields[i];
        if (field->auto_now || (field->auto_now_add && created))
            set_automatic(self, field);
    }
}

static Value column_value(Instance *self, const Field *field)
{
    return capo_to_column(field, capo_field_value(self, field));
}

/* --- statements --- */

static bool is_left_to_database(Instance *self, const Field *field)
{
    return field->primary_key && capo_field_is_automatic(field->kind) && capo_is_null(capo_instance_pk(self));
}

/* Not among the columns of an INSERT: a key that the database makes (but of a table without other columns), and what it computes. */
static bool is_left_out(const Field *field, bool made)
{
    return field->generated || (made && field->primary_key && field->model->n_fields > 1);
}

/* INSERT of instances that all give their key or all leave it to the database. */
static int64_t insert_rows(Instance *const *instances, size_t count, const char *on_conflict)
{
    for (size_t i = 0; i < count; i++)
        if (instances[i]->state->expressions)
            capo_compute_expressions(instances[i]);
    const Model *model = instances[0]->model;
    const Dialect *dialect = capo_dialect();
    bool made = is_left_to_database(instances[0], model->pk);
    Buffer sql = { 0 };
    size_t n = 0, n_columns = 0;
    Value *values = capo_alloc_array(count * model->n_fields, sizeof *values);
    const Field **back = capo_alloc_array(model->n_fields + 1, sizeof *back);
    bool ignore = !strcmp(on_conflict, " ");
    capo_put(&sql, ignore ? dialect->insert_ignore : "INSERT INTO ");
    capo_put_name(&sql, model->table);
    capo_put(&sql, " (");
    for (size_t i = 0; i < model->n_fields; i++) {
        if (is_left_out(model->fields[i], made))
            continue;
        capo_put(&sql, n_columns++ ? ", " : "");
        capo_put_name(&sql, model->fields[i]->column);
    }
    capo_put(&sql, ") VALUES ");
    for (size_t row = 0; row < count; row++) {
        capo_put(&sql, row ? ", (" : "(");
        size_t column = 0;
        for (size_t i = 0; i < model->n_fields; i++) {
            const Field *field = model->fields[i];
            if (is_left_out(field, made))
                continue;
            capo_put(&sql, column++ ? ", " : "");
            if (made && field == model->pk) {
                capo_put(&sql, dialect->no_key);
            } else if (field->has_db_default && capo_is_left_to_database(instances[row], field)) {
                capo_put_database_default(&sql, field);
            } else {
                values[n++] = column_value(instances[row], field);
                capo_put_placeholder(&sql, (int)n, field);
            }
        }
        capo_put_char(&sql, ')');
    }
    capo_put(&sql, on_conflict);
    if (*on_conflict)
        return capo_database_run(capo_buffer_text(&sql), values, n, DATABASE_WRITE)->changes;
    size_t n_back = capo_computed_fields(instances, count, back);
    bool returns_key = made && dialect->returning && (count > 1 || dialect->returns_keys || n_back);
    if (returns_key)
        back[n_back++] = model->pk;
    for (size_t i = 0; i < n_back; i++)
        capo_put_format(&sql, "%s%s", i ? ", " : " RETURNING ", capo_quote_name(back[i]->column));
    ResultSet *result = capo_database_run(capo_buffer_text(&sql), values, n, DATABASE_WRITE);
    for (size_t row = 0; row < count; row++) {
        for (size_t i = 0; i < n_back; i++)
            capo_field_store(instances[row], back[i], capo_from_column(back[i], capo_cell(result, row, i)));
        if (made && !returns_key)
            capo_field_store(instances[row], model->pk, capo_value_int(result->last_id - (int64_t)(count - 1 - row)));
        capo_instance_settle(instances[row]);
    }
    return (int64_t)count;
}

/* UPDATE of these fields where the key is; how many rows there were. */
static int64_t update_row(Instance *self, const Field *const *fields, size_t count)
{
    if (self->state->expressions)
        return capo_update_with_expressions(self, fields, count);
    const Model *model = self->model;
    Buffer sql = { 0 };
    Value *values = capo_alloc_array(count + 1, sizeof *values);
    capo_put(&sql, "UPDATE ");
    capo_put_name(&sql, model->table);
    capo_put(&sql, " SET ");
    for (size_t i = 0; i < count; i++) {
        capo_put(&sql, i ? ", " : "");
        capo_put_name(&sql, fields[i]->column);
        capo_put(&sql, " = ");
        capo_put_placeholder(&sql, (int)i + 1, fields[i]);
        values[i] = column_value(self, fields[i]);
    }
    capo_put(&sql, " WHERE ");
    capo_put_name(&sql, model->pk->column);
    capo_put(&sql, " = ");
    capo_put_placeholder(&sql, (int)count + 1, model->pk);
    values[count] = column_value(self, model->pk);
    int64_t changes = capo_database_run(capo_buffer_text(&sql), values, count + 1, DATABASE_WRITE)->changes;
    if (changes)
        capo_read_generated(self);
    return changes;
}

static size_t changed_fields(Instance *self, const Field **ret, bool all)
{
    const Model *model = self->model;
    size_t n = 0, automatic = 0;
    for (size_t i = 0; i < model->n_fields; i++) {
        const Field *field = model->fields[i];
        if (field == model->pk || field->generated || capo_field_is_deferred(self, field) || capo_is_left_to_database(self, field))
            continue;
        bool changed = all || capo_has_expression(self, field) || capo_field_changed(self, field);
        if (changed || field->auto_now)
            ret[n++] = field;
        automatic += !changed && field->auto_now;
    }
    return n == automatic && !all ? 0 : n;      /* a time of the last change alone is no change */
}

static void write_row(Instance *self, bool force_insert)
{
    const Model *model = self->model;
    InstanceState *state = self->state;
    Value key = capo_instance_pk(self);
    bool same_key = state->saved && database_is_origin(state->database) && !capo_is_null(key) && !capo_field_changed(self, model->pk);
    const Field **fields = capo_alloc_array(model->n_fields, sizeof *fields);
    if (!force_insert && same_key) {
        size_t count = changed_fields(self, fields, false);
        if (!count)
            return;
        set_automatic_fields(self, false);
        if (update_row(self, fields, count)) {
            capo_instance_settle(self);
            return;
        }
    } else if (!force_insert && !capo_is_null(key) && (state->saved || !model->pk->has_default) && model->n_fields > 1) {
        /* Made by hand with a key: the row may be there already, as Django looks. */
        size_t count = changed_fields(self, fields, true);
        set_automatic_fields(self, false);
        if (update_row(self, fields, count)) {
            capo_instance_settle(self);
            return;
        }
    }
    set_automatic_fields(self, true);
    insert_rows(&self, 1, "");
}

void capo_instances_write(Instance *const *instances, size_t count, bool update)
{
    const Model *model = instances[0]->model;
    if (!update) {
        insert_rows(instances, count, "");
        return;
    }
    const Field **fields = capo_alloc_array(model->n_fields, sizeof *fields);
    for (size_t i = 0; i < count; i++) {
        size_t n = changed_fields(instances[i], fields, true);
        if (n)
            update_row(instances[i], fields, n);
        capo_instance_settle(instances[i]);
    }
}

static void save(Instance *self, bool force_insert, const char *using)
{
    if (capo_several_databases && !self->state->saved)
        adopt_database(self);
    WITH_DATABASE(database_for(self->model, self, using, DATABASE_WRITE));
    const MetaOptions *meta = self->model->meta;
    bool created = force_insert || !self->state->saved || capo_is_null(capo_instance_pk(self)) || capo_field_changed(self, self->model->pk);
    bool hooks = self->model->size && (meta->pre_save || meta->post_save);
    check_relations(self);
    if (hooks)
        capo_begin();
    if (hooks && meta->pre_save)
        meta->pre_save(self, created);
    write_row(self, force_insert);
    if (hooks && meta->post_save)
        meta->post_save(self, created);
    if (hooks)
        capo_commit();
}

void capo_instance_save(Instance *self) { save(self, false, NULL); }
void capo_instance_insert(Instance *self) { save(self, true, NULL); }
void capo_instance_save_using(Instance *self, const char *alias) { save(self, false, alias); }
void capo_instance_insert_using(Instance *self, const char *alias) { save(self, true, alias); }

/* This field is in the database as it is here. */
void capo_settle_field(Instance *self, const Field *field)
{
    Value value = capo_field_value(self, field);
    if (capo_field_storage(field) == STORAGE_JSON && !capo_is_null(value))
        value = capo_value_text(capo_json_text(value, 0));
    capo_member_store(self->state->original, field, value);
}

void capo_instance_save_fields(Instance *self, const char *const *names) { capo_instance_save_fields_using(self, names, NULL); }

void capo_instance_save_fields_using(Instance *self, const char *const *names, const char *alias)
{
    WITH_DATABASE(database_for(self->model, self, alias, DATABASE_WRITE));
    const Model *model = self->model;
    const MetaOptions *meta = model->meta;
    const Field **fields = capo_alloc_array(model->n_fields + 1, sizeof *fields);
    size_t count = 0;
    bool hooks = model->size && (meta->pre_save || meta->post_save);
    for (size_t i = 0; names[i]; i++) {
        const Field *field = capo_field(model, names[i]);
        if (!field || !field->column || field == model->pk || field->generated)
            capo_raise(ERROR_VALUE, "%s cannot save the field \"%s\": it has no such column, it is the key, or the database computes it.", model->name, names[i]);
        if (count < model->n_fields)
            fields[count++] = field;
    }
    if (!count)
        return;
    check_relations(self);
    if (hooks)
        capo_begin();
    if (hooks && meta->pre_save)
        meta->pre_save(self, false);
    for (size_t i = 0; i < count; i++)
        if (fields[i]->auto_now)
            set_automatic(self, fields[i]);
    if (!update_row(self, fields, count))
        capo_raise(ERROR_OPERATIONAL, "%s %s was not saved: its row is not in the table any more.", model->name, capo_to_text(capo_instance_pk(self)));
    for (size_t i = 0; i < count; i++)
        capo_settle_field(self, fields[i]);
    self->state->saved = true;
    self->state->database = database_origin();
    if (hooks && meta->post_save)
        meta->post_save(self, false);
    if (hooks)
        capo_commit();
}

/* --- many at once --- */

static const Field *column_named(const Model *model, const char *name, const char *option)
{
    const Field *field = capo_field(model, name);
    if (!field || !field->column)
        capo_raise(ERROR_FIELD_DOES_NOT_EXIST, "%s has no field named '%s' with a column (%s).", model->name, name, option);
    return field;
}

static const char *conflict_clause(const Model *model, const BulkOptions *options)
{
    Buffer sql = { 0 };
    if (!options || options->conflict == BULK_FAIL)
        return "";
    const Dialect *dialect = capo_dialect();
    if (!dialect->on_conflict && options->unique && options->unique[0])
        capo_raise(ERROR_NOT_SUPPORTED, "%s does not support updating conflicts with specifying unique fields that can trigger the upsert.", capo_backend()->title);
    if (!dialect->on_conflict && options->conflict == BULK_IGNORE)
        return " ";                                                 /* the statement begins with INSERT IGNORE */
    capo_put(&sql, dialect->on_conflict ? " ON CONFLICT" : dialect->on_duplicate);
    if (options->unique && options->unique[0]) {
        capo_put(&sql, " (");
        for (size_t i = 0; options->unique[i]; i++) {
            capo_put(&sql, i ? ", " : "");
            capo_put_name(&sql, column_named(model, options->unique[i], ".unique")->column);
        }
        capo_put_char(&sql, ')');
    }
    if (options->conflict == BULK_IGNORE) {
        capo_put(&sql, " DO NOTHING");
        return capo_buffer_text(&sql);
    }
    if (!options->update || !options->update[0])
        capo_raise(ERROR_VALUE, "BULK_UPDATE needs .update: the fields to set where a row is there already.");
    capo_put(&sql, dialect->on_conflict ? " DO UPDATE SET " : "");
    for (size_t i = 0; options->update[i]; i++) {
        const char *column = capo_quote_name(column_named(model, options->update[i], ".update")->column);
        capo_put_format(&sql, dialect->on_conflict ? "%s%s = excluded.%s" : "%s%s = VALUES(%s)", i ? ", " : "", column, column);
    }
    return capo_buffer_text(&sql);
}

static size_t batch_size(const BulkOptions *options, size_t most)
{
    if (options && options->batch_size < 0)
        capo_raise(ERROR_VALUE, "Batch size must be a positive integer.");
    return options && options->batch_size && (size_t)options->batch_size < most ? (size_t)options->batch_size : most;
}

int64_t capo_bulk_create_with(Instance *const *instances, size_t count, const BulkOptions *options)
{
    int64_t written = 0;
    if (!count)
        return 0;
    const Model *model = instances[0]->model;
    WITH_DATABASE(database_for(model, NULL, options ? options->using : NULL, DATABASE_WRITE));
    const char *on_conflict = conflict_clause(model, options);
    size_t batch = batch_size(options, capo_dialect()->max_parameters / model->n_fields);
    Instance **chosen = capo_alloc_array(count, sizeof *chosen);
    for (size_t i = 0; i < count; i++) {
        if (instances[i]->model != model)
            capo_bug("capo_bulk_create() was given a %s and a %s; all must be of one model.", model->label, instances[i]->model->label);
        check_relations(instances[i]);
        set_automatic_fields(instances[i], true);
    }
    capo_begin();
    for (int made = 0; made < 2; made++) {
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
            if (is_left_to_database(instances[i], model->pk) == made)
                chosen[n++] = instances[i];
        for (size_t i = 0; i < n; i += batch)
            written += insert_rows(chosen + i, n - i < batch ? n - i : batch, on_conflict);
    }
    capo_commit();
    return written;
}

void capo_bulk_create(Instance *const *instances, size_t count) { capo_bulk_create_with(instances, count, NULL); }

/* SET x = CASE WHEN id = ? THEN ? … END. A batch holds as many rows as the database takes parameters. */
static int64_t update_rows(Instance *const *instances, size_t count, const Field *const *fields, size_t n_fields)
{
    const Model *model = instances[0]->model;
    Buffer sql = { 0 };
    Value *values = capo_alloc_array(count * (2 * n_fields + 1), sizeof *values);
    size_t n = 0;
    const char *key = capo_quote_name(model->pk->column);
    capo_put_format(&sql, "UPDATE %s SET ", capo_quote_name(model->table));
    for (size_t f = 0; f < n_fields; f++) {
        capo_put_format(&sql, "%s%s = CASE", f ? ", " : "", capo_quote_name(fields[f]->column));
        for (size_t i = 0; i < count; i++) {
            capo_put_format(&sql, " WHEN %s = ", key);
            values[n++] = column_value(instances[i], model->pk);
            capo_put_placeholder(&sql, (int)n, model->pk);
            capo_put(&sql, " THEN ");
            values[n++] = column_value(instances[i], fields[f]);
            capo_put_value_placeholder(&sql, (int)n, fields[f]);
        }
        capo_put(&sql, " END");
    }
    capo_put_format(&sql, " WHERE %s IN (", key);
    for (size_t i = 0; i < count; i++) {
        capo_put(&sql, i ? ", " : "");
        values[n++] = column_value(instances[i], model->pk);
        capo_put_placeholder(&sql, (int)n, model->pk);
    }
    capo_put_char(&sql, ')');
    return capo_database_run(capo_buffer_text(&sql), values, n, DATABASE_WRITE)->changes;
}

int64_t capo_bulk_update(Instance *const *instances, size_t count, const char *const *names)
{
    return capo_bulk_update_with(instances, count, &(BulkOptions){ .update = names });
}

int64_t capo_bulk_update_with(Instance *const *instances, size_t count, const BulkOptions *options)
{
    const char *const *names = options->update;
    int64_t changes = 0;
    size_t n_fields = 0;
    if (!names || !names[0])
        capo_raise(ERROR_VALUE, "Field names must be given to bulk_update().");
    if (!count)
        return 0;
    const Model *model = instances[0]->model;
    WITH_DATABASE(database_for(model, NULL, options->using, DATABASE_WRITE));
    const Field **fields = capo_alloc_array(model->n_fields + 1, sizeof *fields);
    for (size_t i = 0; names[i]; i++) {
        const Field *field = column_named(model, names[i], "capo_bulk_update()");
        if (field->primary_key)
            capo_raise(ERROR_VALUE, "bulk_update() cannot be used with primary key fields.");
        if (field->generated)
            capo_raise(ERROR_VALUE, "bulk_update() cannot be used with generated fields.");
        if (n_fields < model->n_fields)
            fields[n_fields++] = field;
    }
    for (size_t i = 0; i < count; i++) {
        if (instances[i]->model != model)
            capo_bug("capo_bulk_update() was given a %s and a %s; all must be of one model.", model->label, instances[i]->model->label);
        if (capo_is_null(capo_instance_pk(instances[i])))
            capo_raise(ERROR_VALUE, "All bulk_update() objects must have a primary key set.");
        check_relations(instances[i]);
    }
    size_t most = capo_dialect()->max_parameters / (2 * n_fields + 1);
    size_t batch = batch_size(options, most > 500 ? 500 : most);        /* SQLite's limit of the depth of an expression is 1000 */
    capo_begin();
    for (size_t i = 0; i < count; i += batch)
        changes += update_rows(instances + i, count - i < batch ? count - i : batch, fields, n_fields);
    capo_commit();
    for (size_t i = 0; i < count; i++)
        for (size_t f = 0; f < n_fields; f++)
            capo_settle_field(instances[i], fields[f]);
    return changes;
}

void capo_instance_refresh(Instance *self) { capo_instance_refresh_using(self, NULL); }

void capo_instance_refresh_using(Instance *self, const char *alias)
{
    WITH_DATABASE(database_for(self->model, self, alias, DATABASE_READ));
    const Model *model = self->model;
    Value key = capo_instance_pk(self);
    ResultSet *result = capo_is_null(key) ? NULL : capo_select_where(model, model->pk, key);
    if (!result || !result->n_rows)
        capo_raise(ERROR_DOES_NOT_EXIST, "%s matching query does not exist.", model->name);
    capo_instance_forget_all(self);
    for (size_t i = 0; i < model->n_fields; i++)
        capo_field_store(self, model->fields[i], capo_from_column(model->fields[i], capo_cell(result, 0, i)));
    capo_instance_settle(self);
}

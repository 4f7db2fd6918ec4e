/* SPDX-License-Identifier: BSD-3-Clause */
/* Saving: INSERT, UPDATE of what changed, several at once, and reading again. */
#include "instance.h"
#include "composite_key.h"
#include "routing.h"
#include <capo/model_signals.h>
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
    Value *bound = capo_alloc_array(capo_key_size(by), sizeof *bound);
    size_t n = key_put_equals(&sql, by, key, bound, 0);
    return capo_database_run(capo_buffer_text(&sql), bound, n, DATABASE_READ);
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
        if (!field->target || (!self->state->related && !capo_object_member(self, field)) || capo_field_is_deferred(self, field) || !capo_instance_cached(self, field, &other) || !other)
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

static void set_automatic_fields(Instance *self, const Model *level, bool created)
{
    size_t n_fields;
    const Field *const *fields = capo_level_fields(self->model, level, &n_fields);
    for (size_t i = 0; i < n_fields; i++) {
        const Field *field = fields[i];
        if (field->auto_now || (field->auto_now_add && created))
            set_automatic(self, field);
    }
}

Value capo_column_value(Instance *self, const Field *field)
{
    Value value = capo_field_value(self, field);
    return capo_is_json_null(field, value) ? capo_value_text("null") : capo_to_column(field, value);
}

/* --- statements --- */

/* UPDATE of these fields of the level's table where the key is; how many rows there were. */
static int64_t update_row(Instance *self, const Model *level, const Field *const *fields, size_t count)
{
    if (self->state->expressions)
        return capo_update_with_expressions(self, level, fields, count);
    const Field *pk = capo_level_key(self->model, level);
    Buffer sql = { 0 };
    Value *values = capo_alloc_array(count + capo_key_size(pk), sizeof *values);
    capo_put(&sql, "UPDATE ");
    capo_put_name(&sql, level->table);
    capo_put(&sql, " SET ");
    for (size_t i = 0; i < count; i++) {
        capo_put(&sql, i ? ", " : "");
        capo_put_name(&sql, fields[i]->column);
        capo_put(&sql, " = ");
        capo_put_placeholder(&sql, (int)i + 1, fields[i]);
        values[i] = capo_column_value(self, fields[i]);
    }
    capo_put(&sql, " WHERE ");
    count = key_put_equals(&sql, pk, capo_field_value(self, pk), values, count);
    int64_t changes = capo_database_run(capo_buffer_text(&sql), values, count, DATABASE_WRITE)->changes;
    if (changes)
        capo_read_generated(self, level);
    return changes;
}

static size_t changed_fields(Instance *self, const Model *level, const Field **ret, bool all)
{
    const Field *pk = capo_level_key(self->model, level);
    size_t n = 0, automatic = 0, n_fields;
    const Field *const *fields = capo_level_fields(self->model, level, &n_fields);
    for (size_t i = 0; i < n_fields; i++) {
        const Field *field = fields[i];
        if (field == pk || field->in_key || field->generated || capo_field_is_deferred(self, field) || capo_is_left_to_database(self, field))
            continue;
        bool changed = all || capo_has_expression(self, field) || capo_field_changed(self, field);
        if (changed || field->auto_now)
            ret[n++] = field;
        automatic += !changed && field->auto_now;
    }
    return n == automatic && !all ? 0 : n;      /* a time of the last change alone is no change */
}

/* UPDATE, after a look whether the row is there where Meta asks for one. */
static bool update_level(Instance *self, const Model *level, const Field *const *fields, size_t count)
{
    if (!level->meta->select_on_save)
        return update_row(self, level, fields, count) > 0;
    const Field *pk = capo_level_key(self->model, level);
    Buffer sql = { 0 };
    Value *key = capo_alloc_array(capo_key_size(pk), sizeof *key);
    capo_put_format(&sql, "SELECT 1 FROM %s WHERE ", capo_quote_name(level->table));
    size_t bound = key_put_equals(&sql, pk, capo_field_value(self, pk), key, 0);
    if (!capo_database_run(capo_buffer_text(&sql), key, bound, DATABASE_WRITE)->n_rows)
        return false;
    update_row(self, level, fields, count);
    return true;
}

typedef struct Writing { bool same_key, force_insert, raw; } Writing;

/* The row of the level's table, behind that of its parent; true: by INSERT. */
static bool write_level(Instance *self, const Model *level, Writing writing)
{
    const Model *parent = capo_parent_level(level);
    if (parent && !writing.raw)             /* a fixture has the parent's row by itself */
        writing.force_insert |= write_level(self, parent, writing);
    const Field *pk = capo_level_key(self->model, level);
    const Field **fields = capo_alloc_array(self->model->n_fields + 1, sizeof *fields);
    bool has_key = !capo_is_null(capo_field_value(self, pk));
    if (!writing.force_insert && writing.same_key) {
        size_t count = changed_fields(self, level, fields, false);
        if (!count)
            return false;
        if (!writing.raw)
            set_automatic_fields(self, level, false);
        if (update_level(self, level, fields, count))
            return false;
    } else if (!writing.force_insert && has_key && (self->state->saved || !pk->has_default)) {
        /* Made by hand with a key: the row may be there already, as Django looks. */
        size_t count = changed_fields(self, level, fields, true);
        if (!writing.raw)
            set_automatic_fields(self, level, false);
        if (count && update_level(self, level, fields, count))
            return false;
    }
    if (!writing.raw) {
        set_automatic_fields(self, level, true);
        capo_order_new_rows(&self, 1, level);
    }
    capo_insert_rows(&self, 1, level, "");
    return true;
}

static bool write_row(Instance *self, bool force_insert, bool raw)
{
    const InstanceState *state = self->state;
    if (state->files && !raw)
        capo_commit_files(self, NULL);
    Writing writing = { .force_insert = force_insert, .raw = raw };
    writing.same_key = state->saved && database_is_origin(state->database) && !capo_is_null(capo_instance_pk(self))
        && !capo_field_changed(self, self->model->pk);
    bool inserted = write_level(self, self->model->concrete, writing);
    capo_instance_settle(self);
    return inserted;
}

/* Who is told of a save: the model's own hooks and the receivers of the signals. */
static bool is_heard(const Model *model)
{
    const MetaOptions *meta = model->meta;
    return (model->size && (meta->pre_save || meta->post_save)) || (capo_pre_save.count && capo_has_receivers(&capo_pre_save, model))
        || (capo_post_save.count && capo_has_receivers(&capo_post_save, model));
}

static void tell(Instance *self, bool after, bool created, bool raw, const char *const *fields)
{
    const MetaOptions *meta = self->model->meta;
    void (*hook)(void *, bool) = after ? meta->post_save : meta->pre_save;
    if (hook && self->model->size && !raw)
        hook(self, created);
    capo_send_event(after ? &capo_post_save : &capo_pre_save,
                    &(SignalEvent){ .sender = self->model, .instance = self, .created = created, .raw = raw, .update_fields = fields });
}

void capo_instances_write(Instance *const *instances, size_t count, bool update)
{
    const Model *level = instances[0]->model->concrete;         /* a fixture has a parent's row by itself */
    const Field **fields = capo_alloc_array(instances[0]->model->n_fields + 1, sizeof *fields);
    if (!update)
        capo_insert_rows(instances, count, level, "");
    for (size_t i = 0; i < count; i++) {
        size_t n = update ? changed_fields(instances[i], level, fields, true) : 0;
        if (n)
            update_row(instances[i], level, fields, n);
        capo_instance_settle(instances[i]);
    }
}

static void save(Instance *self, bool force_insert, bool raw, const char *using)
{
    if (capo_several_databases && !self->state->saved)
        adopt_database(self);
    WITH_DATABASE(database_for(self->model, self, using, DATABASE_WRITE));
    bool created = force_insert || !self->state->saved || capo_is_null(capo_instance_pk(self)) || capo_field_changed(self, self->model->pk);
    bool heard = is_heard(self->model), together = heard || capo_parent_level(self->model->concrete);
    if (!raw)
        check_relations(self);
    if (together)
        capo_begin();
    if (heard)
        tell(self, false, created, raw, NULL);
    bool inserted = write_row(self, force_insert, raw);
    if (heard)
        tell(self, true, inserted, raw, NULL);
    if (together)
        capo_commit();
}

void capo_instance_save(Instance *self) { save(self, false, false, NULL); }
void capo_instance_insert(Instance *self) { save(self, true, false, NULL); }
void capo_instance_save_raw(Instance *self) { save(self, false, true, NULL); }
void capo_instance_save_using(Instance *self, const char *alias) { save(self, false, false, alias); }
void capo_instance_insert_using(Instance *self, const char *alias) { save(self, true, false, alias); }

/* This field is in the database as it is here. */
void capo_settle_field(Instance *self, const Field *field)
{
    Value value = capo_field_value(self, field);
    if (capo_field_storage(field) == STORAGE_JSON && !capo_is_null(value))
        value = capo_value_text(capo_json_text(value, 0));
    else if (capo_storage_is_held(capo_field_storage(field)))
        value = capo_held_copy(value);
    capo_member_store(self->state->original, field, value);
}

void capo_instance_save_fields(Instance *self, const char *const *names) { capo_instance_save_fields_using(self, names, NULL); }

void capo_instance_save_fields_using(Instance *self, const char *const *names, const char *alias)
{
    WITH_DATABASE(database_for(self->model, self, alias, DATABASE_WRITE));
    const Model *model = self->model;
    const Field **fields = capo_alloc_array(model->n_fields + 1, sizeof *fields);
    size_t count = 0;
    bool heard = is_heard(model), together = heard || capo_parent_level(model->concrete);
    for (size_t i = 0; names[i]; i++) {
        const Field *field = capo_field(model, names[i]);
        if (!field || !field->column || field == model->pk || field->in_key || field->generated)
            capo_raise(ERROR_VALUE, "%s cannot save the field \"%s\": it has no such column, it is the key, or the database computes it.", model->name, names[i]);
        if (count < model->n_fields)
            fields[count++] = field;
    }
    if (!count)
        return;
    check_relations(self);
    if (together)
        capo_begin();
    if (heard)
        tell(self, false, false, false, names);
    for (size_t i = 0; i < count; i++) {
        if (fields[i]->auto_now)
            set_automatic(self, fields[i]);
        if (self->state->files)
            capo_commit_files(self, fields[i]);
    }
    int64_t changes = 0;
    for (const Model *level = model->concrete; level; level = capo_parent_level(level)) {
        const Field **here = capo_alloc_array(count, sizeof *here);
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
            if (capo_local_field(fields[i])->model == level)
                here[n++] = fields[i];
        changes += n ? update_row(self, level, here, n) : 0;
    }
    if (!changes)
        capo_raise(ERROR_OPERATIONAL, "%s %s was not saved: its row is not in the table any more.", model->name, capo_to_text(capo_instance_pk(self)));
    for (size_t i = 0; i < count; i++)
        capo_settle_field(self, fields[i]);
    self->state->saved = true;
    self->state->database = database_origin();
    if (heard)
        tell(self, true, false, false, names);
    if (together)
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
    bool targeted = options->unique && options->unique[0];
    if (dialect->insert_ignore && options->conflict == BULK_IGNORE && !targeted)
        return " ";                                                 /* the statement begins with INSERT IGNORE */
    if (dialect->on_conflict && options->conflict == BULK_UPDATE && !targeted)
        capo_raise(ERROR_VALUE, "Unique fields that can trigger the upsert must be provided (.unique).");
    capo_put(&sql, dialect->on_conflict ? " ON CONFLICT" : dialect->on_duplicate);
    for (size_t i = 0; targeted && options->unique[i]; i++) {
        const Field *field = !strcmp(options->unique[i], "pk") ? model->pk : column_named(model, options->unique[i], ".unique");
        for (size_t part = 0; part < capo_key_size(field); part++) {
            capo_put(&sql, i || part ? ", " : " (");
            capo_put_name(&sql, capo_key_part(field, part)->column);
        }
    }
    capo_put(&sql, targeted ? ")" : "");
    if (options->conflict == BULK_IGNORE) {
        capo_put(&sql, " DO NOTHING");
        return capo_buffer_text(&sql);
    }
    if (!options->update || !options->update[0])
        capo_raise(ERROR_VALUE, "BULK_UPDATE needs .update: the fields to set where a row is there already.");
    capo_put(&sql, dialect->on_conflict ? " DO UPDATE SET " : "");
    for (size_t i = 0; options->update[i]; i++) {
        const Field *field = column_named(model, options->update[i], ".update");
        const char *column = capo_quote_name(field->column);
        if (field == model->pk || field->in_key)
            capo_raise(ERROR_VALUE, "bulk_create() cannot be used with primary keys in .update.");
        capo_put_format(&sql, "%s%s = ", i ? ", " : "", column);
        capo_put_format(&sql, dialect->excluded, column);
    }
    return capo_buffer_text(&sql);
}

/* Of one INSERT with a parameter for each value, to a server: with more of them, memory for the parameters costs more than the trips. */
enum { MOST_ROWS = 2000 };

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
    const Model *level = model->concrete;
    if (capo_parent_level(level))
        capo_raise(ERROR_VALUE, "Can't bulk create a multi-table inherited model.");
    const char *on_conflict = conflict_clause(model, options);
    size_t most = capo_dialect()->max_parameters / model->n_fields;
    if (capo_backend()->networked && !capo_dialect()->put_rows && most > MOST_ROWS)
        most = MOST_ROWS;
    size_t batch = batch_size(options, most);
    Instance **chosen = capo_alloc_array(count, sizeof *chosen);
    bool automatic = false;
    for (size_t i = 0; i < model->n_fields; i++)
        automatic = automatic || model->fields[i]->auto_now || model->fields[i]->auto_now_add;
    for (size_t i = 0; i < count; i++) {
        if (instances[i]->model != model)
            capo_bug("capo_bulk_create() was given a %s and a %s; all must be of one model.", model->label, instances[i]->model->label);
        check_relations(instances[i]);
        if (automatic)
            set_automatic_fields(instances[i], level, true);
        if (instances[i]->state->files)
            capo_commit_files(instances[i], NULL);
    }
    capo_begin();
    capo_order_new_rows(instances, count, level);
    for (int made = 0; made < 2; made++) {
        size_t n = 0;
        for (size_t i = 0; i < count; i++)
            if (capo_makes_key(instances[i], model->pk) == made)
                chosen[n++] = instances[i];
        for (size_t i = 0; i < n; i += batch)
            written += capo_insert_rows(chosen + i, n - i < batch ? n - i : batch, level, on_conflict);
        for (size_t i = 0; i < n && !*on_conflict; i++)
            capo_instance_settle(chosen[i]);
    }
    capo_commit();
    return written;
}

void capo_bulk_create(Instance *const *instances, size_t count) { capo_bulk_create_with(instances, count, NULL); }

/* SET x = CASE WHEN id = ? THEN ? … END. A batch holds as many rows as the database takes parameters. */
static int64_t update_rows(Instance *const *instances, size_t count, const Model *level, const Field *const *fields, size_t n_fields)
{
    const Field *pk = capo_level_key(instances[0]->model, level);
    for (size_t i = 0; i < count; i++)
        for (size_t f = 0; f < n_fields && instances[i]->state->expressions; f++)
            if (capo_has_expression(instances[i], fields[f]))
                return capo_update_rows_with_expressions(instances, count, level, fields, n_fields);
    Buffer sql = { 0 };
    size_t n = 0, key_size = capo_key_size(pk);
    Value *values = capo_alloc_array(count * ((key_size + 1) * n_fields + key_size), sizeof *values);
    capo_put_format(&sql, "UPDATE %s SET ", capo_quote_name(level->table));
    for (size_t f = 0; f < n_fields; f++) {
        capo_put_format(&sql, "%s%s = CASE", f ? ", " : "", capo_quote_name(fields[f]->column));
        for (size_t i = 0; i < count; i++) {
            capo_put(&sql, " WHEN ");
            n = key_put_equals(&sql, pk, capo_field_value(instances[i], pk), values, n);
            capo_put(&sql, " THEN ");
            values[n++] = capo_column_value(instances[i], fields[f]);
            capo_put_value_placeholder(&sql, (int)n, fields[f]);
        }
        capo_put(&sql, " END");
    }
    Value *keys = capo_alloc_array(count, sizeof *keys);
    for (size_t i = 0; i < count; i++)
        keys[i] = capo_field_value(instances[i], pk);
    capo_put(&sql, " WHERE ");
    n = key_put_in(&sql, pk, keys, count, values, n);
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
        if (field->in_key)
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
        for (size_t f = 0; f < n_fields && instances[i]->state->files; f++)
            capo_commit_files(instances[i], fields[f]);
    }
    size_t key_size = capo_key_size(model->pk), most = capo_dialect()->max_parameters / ((key_size + 1) * n_fields + key_size);
    size_t batch = batch_size(options, most > 500 ? 500 : most);        /* SQLite's limit of the depth of an expression is 1000 */
    capo_begin();
    for (const Model *level = model->concrete; level; level = capo_parent_level(level)) {
        const Field **here = capo_alloc_array(n_fields, sizeof *here);
        size_t n = 0;
        int64_t changed = 0;
        for (size_t f = 0; f < n_fields; f++)
            if (capo_local_field(fields[f])->model == level)
                here[n++] = fields[f];
        for (size_t i = 0; n && i < count; i += batch)
            changed += update_rows(instances + i, count - i < batch ? count - i : batch, level, here, n);
        changes = changed > changes ? changed : changes;
    }
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
    Instance *fresh = capo_is_null(key) ? NULL : capo_load_one(self->model, model->pk, key);
    if (!fresh)
        capo_raise(ERROR_DOES_NOT_EXIST, "%s matching query does not exist.", model->name);
    capo_instance_forget_all(self);
    for (size_t i = 0; i < model->n_fields; i++)
        capo_field_store(self, model->fields[i], capo_field_value(fresh, model->fields[i]));
    capo_instance_settle(self);
}

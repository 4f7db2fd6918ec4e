/* SPDX-License-Identifier: BSD-3-Clause */
/* The schema editor of databases that can alter tables: PostgreSQL, MariaDB. What differs between them is in their SchemaWords.
 *
 * Constraints have the names that Django gives them. One is dropped by the name that it has in the database, since a table may have
 * been made by hand or by an older version; while SQL is only collected nobody may look, and Django's name is taken. */
#include "../schema.h"
#include <string.h>

static const SchemaWords *words(void) { return capo_backend()->schema->words; }

__attribute__((format(printf, 2, 3)))
static void run(SchemaEditor *editor, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    capo_schema_run(editor, capo_vformat(format, args), NULL, 0);
    va_end(args);
}

/* --- names --- */

static const char *constraint_name(const char *table, const Field *field, const char *suffix)
{
    const char *const columns[] = { field->column, NULL };
    return capo_index_name(table, columns, suffix);
}

static const char *foreign_key_name(const char *table, const Field *field)
{
    return constraint_name(table, field, capo_format("_fk_%s_%s", field->target->table, field->target_field->column));
}

static void drop_constraints(SchemaEditor *editor, const char *table, const char *column, char kind, const char *usual_name)
{
    const char *format = kind == 'f' ? words()->drop_foreign_key : kind == 'u' ? words()->drop_unique : kind == 'p' ? words()->drop_primary_key : words()->drop_check;
    if (editor->collects) {
        run(editor, format, capo_quote_name(table), capo_quote_name(usual_name));
        return;
    }
    List *names = capo_schema_constraint_names(editor, table, column, kind);
    for (size_t i = 0; i < names->count; i++) {
        if (kind == 'u')
            capo_schema_free_index(editor, table, names->items[i].text);
        run(editor, format, capo_quote_name(table), capo_quote_name(names->items[i].text));
    }
}

/* --- columns --- */

static bool is_identity(const Field *field) { return field->primary_key && capo_field_is_automatic(field->kind); }

/* A comment of a column or a table. NULL takes it away. */
static void comment(SchemaEditor *editor, const Model *model, const Field *field, const char *text)
{
    Buffer sql = { 0 };
    capo_put_format(&sql, field ? "COMMENT ON COLUMN %s.%s IS " : "COMMENT ON TABLE %s IS ", capo_quote_name(model->table), field ? capo_quote_name(field->column) : "");
    if (text)
        capo_put_comment(&sql, text);
    else
        capo_put(&sql, "NULL");
    capo_schema_run(editor, capo_buffer_text(&sql), NULL, 0);
}

/* What follows the column's name, as Django writes it; with a default where it has none of its own. */
static char *definition_with(const Field *field, const char *other_default)
{
    const Dialect *dialect = capo_dialect();
    const Field *column = capo_column_field(field);
    const char *check = dialect->column_check(field, capo_quote_name(field->column));
    Buffer sql = { 0 };
    capo_put(&sql, dialect->column_type(field));
    if (column->db_collation)
        capo_put_format(&sql, " COLLATE %s", capo_quote_name(column->db_collation));
    const char *generated = capo_column_generated(field), *own_default = capo_column_default(field), *db_default = own_default ? own_default : other_default;
    if (generated || db_default)
        capo_put_format(&sql, generated ? " %s" : " DEFAULT %s", generated ? generated : db_default);
    if (!generated)
        capo_put(&sql, field->null ? " NULL" : " NOT NULL");
    if (field->primary_key)
        capo_put(&sql, " PRIMARY KEY");
    else if (field->unique)
        capo_put_format(&sql, " UNIQUE%s%s", *capo_schema_tablespace(field->model, field) ? " USING INDEX" : "", capo_schema_tablespace(field->model, field));
    if (is_identity(field))
        capo_put(&sql, words()->identity);
    if (field->db_comment && !capo_backend()->schema->comments_apart) {
        capo_put(&sql, " COMMENT ");
        capo_put_comment(&sql, field->db_comment);
    }
    if (check && !generated)                    /* the last: behind it MariaDB takes no other word */
        capo_put_format(&sql, " CHECK (%s)", check);
    return capo_buffer_text(&sql);
}

static char *definition(const Field *field) { return definition_with(field, NULL); }

static const char *foreign_key_sql(const char *table, const Field *field)
{
    return capo_format("ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s)%s%s", capo_quote_name(table),
                       capo_quote_name(foreign_key_name(table, field)), capo_quote_name(field->column), capo_quote_name(field->target->table),
                       capo_quote_name(field->target_field->column), capo_on_delete_sql(field), words()->deferrable);
}

static bool has_foreign_key(const Field *field) { return field->target && field->db_constraint; }

void capo_altering_create_model(SchemaEditor *editor, Model *model)
{
    Buffer sql = { 0 };
    capo_put_format(&sql, "CREATE TABLE %s (", capo_quote_name(model->table));
    for (size_t i = 0; i < model->n_fields; i++)
        capo_put_format(&sql, "%s%s %s", i ? ", " : "", capo_quote_name(model->fields[i]->column), definition(model->fields[i]));
    capo_schema_put_key(&sql, model);
    for (const IndexSpec *spec = capo_schema_constraints(model); spec->name; spec++)
        capo_put_format(&sql, ", %s", spec->sql);
    capo_put_format(&sql, ")%s", words()->table_options);
    const SchemaBackend *schema = capo_backend()->schema;
    const char *table_comment = model->meta->db_table_comment;
    if (table_comment && !schema->comments_apart) {
        capo_put(&sql, " COMMENT = ");
        capo_put_comment(&sql, table_comment);
    }
    if (model->meta->db_tablespace && schema->tablespaces)
        capo_put_format(&sql, " TABLESPACE %s", capo_quote_name(model->meta->db_tablespace));
    capo_schema_run(editor, capo_buffer_text(&sql), NULL, 0);
    if (table_comment && schema->comments_apart)
        comment(editor, model, NULL, table_comment);
    for (size_t i = 0; i < model->n_fields && schema->comments_apart; i++)
        if (model->fields[i]->db_comment)
            comment(editor, model, model->fields[i], model->fields[i]->db_comment);
    for (size_t i = 0; i < model->n_fields; i++)
        if (has_foreign_key(model->fields[i]))
            capo_schema_defer(editor, model->table, model->fields[i]->target->table, foreign_key_sql(model->table, model->fields[i]));
}

static bool same_text(const char *a, const char *b) { return a == b || (a && b && !strcmp(a, b)); }

static bool has_constraint(const IndexSpec *specs, const IndexSpec *wanted)
{
    for (; specs->name; specs++)
        if (!strcmp(specs->name, wanted->name) && !strcmp(specs->sql, wanted->sql))
            return true;
    return false;
}

/* Those that only the old model has go before its columns change, those that only the new one has come when they have. */
static void drop_old_constraints(SchemaEditor *editor, const IndexSpec *before, const Model *new_model)
{
    const IndexSpec *after = capo_schema_constraints(new_model);
    for (const IndexSpec *spec = before; spec->name; spec++)
        if (!has_constraint(after, spec)) {
            capo_schema_free_index(editor, new_model->table, spec->name);
            capo_schema_run(editor, spec->drop, NULL, 0);
        }
}

static void add_new_constraints(SchemaEditor *editor, const IndexSpec *before, const Model *new_model)
{
    for (const IndexSpec *spec = capo_schema_constraints(new_model); spec->name; spec++)
        if (!has_constraint(before, spec))
            run(editor, "ALTER TABLE %s ADD %s", capo_quote_name(new_model->table), spec->sql);
}

/* Foreign keys that wait for the commit hinder an ALTER of their table in the same transaction. */
static void check_now(SchemaEditor *editor)
{
    if (words()->check_now)
        capo_schema_run(editor, words()->check_now, NULL, 0);
}

static void fill(SchemaEditor *editor, const Model *model, const Field *field, Value value, bool only_null)
{
    Buffer sql = { 0 };
    const char *column = capo_quote_name(field->column);
    capo_put_format(&sql, "UPDATE %s SET %s = ", capo_quote_name(model->table), column);
    capo_put_placeholder(&sql, 1, field);
    if (only_null)
        capo_put_format(&sql, " WHERE %s IS NULL", column);
    capo_schema_run(editor, capo_buffer_text(&sql), &value, 1);
    check_now(editor);
}

/* The value as a default of the column, which gives it to all rows without writing them; NULL: it must be written. The statement must be the same when
 * it comes again, so a value that a clock or a function made is none; nor has MySQL defaults for large texts. Other kinds are written. */
static const char *passing_default(const Field *field, Value given, Value value)
{
    bool made = field->auto_now || field->auto_now_add || (capo_is_null(given) && field->default_function);
    FieldKind kind = capo_column_field(field)->kind;
    bool plain = capo_field_is_integer(kind) || kind == FIELD_BOOLEAN || kind == FIELD_FLOAT || kind == FIELD_DECIMAL || kind == FIELD_DATE
        || (capo_field_is_text(kind) && (kind != FIELD_TEXT || strcmp(capo_backend()->name, "mysql") != 0));
    Buffer sql = { 0 };
    if (made || !plain || capo_column_default(field))
        return NULL;
    capo_put_literal(&sql, value);
    return capo_buffer_text(&sql);
}

/* A column that must have a value has it as its default for a moment, as in Django; or comes in three steps: it may be NULL, gets the value, and then
 * must not be NULL. */
void capo_altering_add_column(SchemaEditor *editor, Model *old_model, Model *new_model, Field *field, Value given)
{
    Value value = capo_schema_effective_default(field, given);
    Field first = *field;
    bool filled = !capo_is_null(value) && !is_identity(field) && !field->generated;
    const char *passing = filled ? passing_default(field, given, value) : NULL;
    if (filled && !passing)
        first.null = true;
    run(editor, "ALTER TABLE %s ADD COLUMN %s %s", capo_quote_name(new_model->table), capo_quote_name(field->column), definition_with(&first, passing));
    if (passing)
        run(editor, "ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT", capo_quote_name(new_model->table), capo_quote_name(field->column));
    if (field->db_comment && capo_backend()->schema->comments_apart)
        comment(editor, new_model, field, field->db_comment);
    if (filled && !passing)
        fill(editor, new_model, field, value, false);
    if (filled && !passing && !field->null)
        words()->alter_type(editor, new_model, &first, field);
    if (has_foreign_key(field))
        capo_schema_defer(editor, new_model->table, field->target->table, foreign_key_sql(new_model->table, field));
    capo_altering_alter_constraints(editor, old_model, new_model);
}

void capo_altering_remove_column(SchemaEditor *editor, Model *old_model, Model *new_model, Field *field)
{
    const IndexSpec *constraints = capo_schema_constraints(old_model);
    capo_schema_run_deferred(editor, old_model->table);
    drop_old_constraints(editor, constraints, new_model);
    if (has_foreign_key(field))
        drop_constraints(editor, old_model->table, field->column, 'f', foreign_key_name(old_model->table, field));
    capo_schema_change_indexes(editor, old_model, new_model);
    run(editor, "ALTER TABLE %s DROP COLUMN %s%s", capo_quote_name(new_model->table), capo_quote_name(field->column),
        words()->check_now ? " CASCADE" : "");
    add_new_constraints(editor, constraints, new_model);
}

/* --- altering --- */

/* The keys of other tables that refer to this field. */
static size_t references_to(const Model *model, const Field *field, Field **ret)
{
    size_t count = 0;
    for (size_t i = 0; i < model->n_reverse; i++)
        if (model->reverse[i]->column && model->reverse[i]->target_field == field && model->reverse[i]->model->managed)
            ret[count++] = model->reverse[i];
    return count;
}

static void retype_references(SchemaEditor *editor, const Model *new_model, const Field *old_field, const Field *new_field)
{
    Field **keys = capo_alloc_array(new_model->n_reverse + 1, sizeof *keys);
    size_t count = references_to(new_model, new_field, keys);
    for (size_t i = 0; i < count; i++)
        if (has_foreign_key(keys[i]))
            drop_constraints(editor, keys[i]->model->table, keys[i]->column, 'f', foreign_key_name(keys[i]->model->table, keys[i]));
    words()->alter_type(editor, new_model, old_field, new_field);
    for (size_t i = 0; i < count; i++) {
        Field before = *keys[i];
        before.target_field = (Field *)old_field;
        before.known_storage = 0;
        IndexSpec was, is;
        bool had = capo_schema_pattern_index(keys[i]->model, &before, &was), has = capo_schema_pattern_index(keys[i]->model, keys[i], &is);
        if (had && !has)
            capo_schema_drop_index(editor, keys[i]->model, &was);
        words()->alter_type(editor, keys[i]->model, &before, keys[i]);
        if (has && !had)
            run(editor, "%s", is.sql);
        if (has_foreign_key(keys[i]))
            capo_schema_defer(editor, keys[i]->model->table, keys[i]->target->table, foreign_key_sql(keys[i]->model->table, keys[i]));
    }
}

/* What the column's DEFAULT says now. MODIFY has said it already where the type changed; it does no harm twice. */
static void alter_default(SchemaEditor *editor, const Model *model, const Field *field, const char *db_default)
{
    const char *table = capo_quote_name(model->table), *column = capo_quote_name(field->column);
    if (db_default)
        run(editor, "ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s", table, column, db_default);
    else
        run(editor, "ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT", table, column);
}

static void fill_with_default(SchemaEditor *editor, const Model *model, const Field *field)
{
    const char *column = capo_quote_name(field->column);
    run(editor, "UPDATE %s SET %s = %s WHERE %s IS NULL", capo_quote_name(model->table), column, capo_column_default(field), column);
    check_now(editor);
}

/* The name, and those of the indexes that are called after it; the database carries it into all else. The old field is called so from here on, and what
 * remains to be changed are the differences to that. */
static void rename_column(SchemaEditor *editor, const Model *old_model, Field *old_field, const char *column)
{
    const IndexSpec *before = capo_schema_indexes(old_model);
    run(editor, "ALTER TABLE %s RENAME COLUMN %s TO %s", capo_quote_name(old_model->table), capo_quote_name(old_field->column), capo_quote_name(column));
    old_field->column = column;
    capo_schema_follow_column(editor, old_model, before);
}

void capo_altering_alter_column(SchemaEditor *editor, Model *old_model, Model *new_model, Field *old_field, Field *new_field, Value given)
{
    const Dialect *dialect = capo_dialect();
    const char *table = new_model->table;
    const char *old_type = dialect->column_type(old_field), *new_type = dialect->column_type(new_field);
    const char *column = capo_quote_name(new_field->column);
    const char *old_check = dialect->column_check(old_field, column), *new_check = dialect->column_check(new_field, column);
    bool renamed = strcmp(old_field->column, new_field->column) != 0;
    bool retyped = strcmp(old_type, new_type) || is_identity(old_field) != is_identity(new_field)
        || !same_text(capo_column_field(old_field)->db_collation, capo_column_field(new_field)->db_collation);
    bool rekeyed = has_foreign_key(old_field) && (!has_foreign_key(new_field) || retyped || strcmp(old_field->target->table, new_field->target->table)
                                                  || strcmp(old_field->target_field->column, new_field->target_field->column)
                                                  || strcmp(capo_on_delete_sql(old_field), capo_on_delete_sql(new_field)));
    const char *old_default = capo_column_default(old_field), *new_default = capo_column_default(new_field);
    bool recommented = !same_text(old_field->db_comment, new_field->db_comment), apart = capo_backend()->schema->comments_apart;
    const Field as_was = *old_field;
    const IndexSpec *constraints = NULL;
    capo_schema_refuse_generated(old_field, new_field);
    capo_schema_run_deferred(editor, table);
    if (renamed && !words()->renames_checks) {
        constraints = capo_schema_constraints(old_model);
        drop_old_constraints(editor, constraints, new_model);
    }
    if (renamed)
        rename_column(editor, old_model, old_field, new_field->column);
    Field as_new = *old_field;
    as_new.known_storage = 0;
    if (retyped && old_default) {
        alter_default(editor, old_model, old_field, NULL);
        as_new.has_db_default = false;
        old_default = NULL;
    }
    if (rekeyed)
        drop_constraints(editor, table, old_field->column, 'f', foreign_key_name(table, &as_was));
    if (old_field->unique && !new_field->unique && !old_field->primary_key)
        drop_constraints(editor, table, old_field->column, 'u', constraint_name(table, &as_was, "_uniq"));
    if (old_check && !same_text(old_check, new_check))
        drop_constraints(editor, table, old_field->column, 'c', constraint_name(table, &as_was, "_check"));
    if (!constraints) {
        constraints = capo_schema_constraints(old_model);
        drop_old_constraints(editor, constraints, new_model);
    }
    capo_schema_drop_old_indexes(editor, old_model, new_model);
    if (old_field->primary_key && !new_field->primary_key)
        drop_constraints(editor, table, new_field->column, 'p', capo_format("%s_pkey", table));
    if (old_field->null && !new_field->null) {
        Value value = capo_schema_effective_default(new_field, given);
        if (!capo_is_null(value) && !is_identity(new_field)) {
            /* The value is of the new type: where that differs, the type comes first, and the column may be NULL until it is filled. */
            Field between = *new_field;
            between.null = true;
            if (retyped)
                words()->alter_type(editor, new_model, &as_new, &between);
            fill(editor, new_model, new_field, value, true);
            as_new = retyped ? between : as_new;
            retyped = false;
        }
    }
    if (old_field->null && !new_field->null && new_default)
        fill_with_default(editor, new_model, new_field);
    if (retyped && new_field->unique)
        retype_references(editor, new_model, &as_new, new_field);
    else if (retyped || as_new.null != new_field->null || (recommented && !apart))
        words()->alter_type(editor, new_model, &as_new, new_field);
    if (!same_text(old_default, new_default))
        alter_default(editor, new_model, new_field, new_default);
    if (recommented && apart)
        comment(editor, new_model, new_field, new_field->db_comment);
    if (new_field->primary_key && !old_field->primary_key)
        run(editor, "ALTER TABLE %s ADD PRIMARY KEY (%s)", capo_quote_name(table), column);
    else if (new_field->unique && !old_field->unique && !new_field->primary_key)
        run(editor, "ALTER TABLE %s ADD CONSTRAINT %s UNIQUE (%s)", capo_quote_name(table), capo_quote_name(constraint_name(table, new_field, "_uniq")), column);
    if (new_check && !same_text(old_check, new_check))
        run(editor, "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s)", capo_quote_name(table), capo_quote_name(constraint_name(table, new_field, "_check")), new_check);
    add_new_constraints(editor, constraints, new_model);
    capo_schema_create_new_indexes(editor, old_model, new_model);
    old_field->column = as_was.column;
    if (has_foreign_key(new_field) && (rekeyed || !has_foreign_key(old_field)))
        capo_schema_defer(editor, table, new_field->target->table, foreign_key_sql(table, new_field));
}

void capo_altering_alter_constraints(SchemaEditor *editor, Model *old_model, Model *new_model)
{
    const IndexSpec *constraints = capo_schema_constraints(old_model);
    drop_old_constraints(editor, constraints, new_model);
    add_new_constraints(editor, constraints, new_model);
    capo_schema_change_indexes(editor, old_model, new_model);
}

void capo_altering_alter_join_table(SchemaEditor *editor, Field *old_field, Field *new_field)
{
    Model *before = old_field->through, *after = new_field->through;
    capo_schema_run_deferred(editor, before->table);            /* foreign keys that name its columns as they are called now */
    if (strcmp(before->table, after->table))
        run(editor, "ALTER TABLE %s RENAME TO %s", capo_quote_name(before->table), capo_quote_name(after->table));
    for (size_t i = 0; i < 3; i++) {
        Field *old_column = before->fields[i], *new_column = after->fields[i];
        Field as_new = *old_column;
        if (strcmp(old_column->column, new_column->column))
            run(editor, "ALTER TABLE %s RENAME COLUMN %s TO %s", capo_quote_name(after->table), capo_quote_name(old_column->column),
                capo_quote_name(new_column->column));
        as_new.column = new_column->column;
        bool retyped = strcmp(capo_dialect()->column_type(old_column), capo_dialect()->column_type(new_column)) != 0;
        bool rekeyed = has_foreign_key(old_column) && (retyped || strcmp(old_column->target->table, new_column->target->table) != 0);
        if (rekeyed)
            drop_constraints(editor, after->table, new_column->column, 'f', foreign_key_name(before->table, old_column));
        if (retyped)
            words()->alter_type(editor, after, &as_new, new_column);
        if (rekeyed && has_foreign_key(new_column))
            capo_schema_defer(editor, after->table, new_column->target->table, foreign_key_sql(after->table, new_column));
    }
    capo_schema_rename_indexes(editor, before, after);
}

void capo_altering_table_comment(SchemaEditor *editor, const Model *model)
{
    const char *text = model->meta->db_table_comment;
    Buffer sql = { 0 };
    if (capo_backend()->schema->comments_apart) {
        comment(editor, model, NULL, text);
        return;
    }
    capo_put_format(&sql, "ALTER TABLE %s COMMENT = ", capo_quote_name(model->table));
    capo_put_comment(&sql, text ? text : "");
    capo_schema_run(editor, capo_buffer_text(&sql), NULL, 0);
}

void capo_altering_check(SchemaEditor *editor) { check_now(editor); }

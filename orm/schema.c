/* SPDX-License-Identifier: BSD-3-Clause */
/* The schema editor: tables and indexes out of models. What differs by database is behind capo_backend()->schema.
 *
 * Names of indexes and constraints are Django's, made from the models alone, so that a statement can be written without asking the
 * database what is there. That is what lets sqlmigrate print it. */
#include "composite_key.h"
#include "schema.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

SchemaEditor *capo_schema_open(bool collect_sql)
{
    SchemaEditor *editor = capo_alloc_struct(SchemaEditor);
    editor->collects = collect_sql;
    return editor;
}

static bool is_about(const DeferredStatement *statement, const char *table)
{
    return !table || !strcmp(statement->table, table) || !strcmp(statement->target, table);
}

void capo_schema_defer(SchemaEditor *editor, const char *table, const char *target, const char *sql)
{
    DeferredStatement *statement = capo_alloc_struct(DeferredStatement);
    *statement = (DeferredStatement){ .table = table, .target = target, .sql = sql };
    if (editor->last_deferred)
        editor->last_deferred->next = statement;
    else
        editor->deferred = statement;
    editor->last_deferred = statement;
}

/* Takes those about this table (NULL: all) out of the list, and runs them where asked. */
static void take_deferred(SchemaEditor *editor, const char *table, bool run)
{
    DeferredStatement *statement = editor->deferred, *kept = NULL, *last = NULL;
    editor->deferred = editor->last_deferred = NULL;
    while (statement) {
        DeferredStatement *next = statement->next;
        statement->next = NULL;
        if (!is_about(statement, table)) {
            if (last)
                last->next = statement;
            else
                kept = statement;
            last = statement;
        } else if (run) {
            capo_schema_run(editor, statement->sql, NULL, 0);
        }
        statement = next;
    }
    editor->deferred = kept;
    editor->last_deferred = last;
}

void capo_schema_run_deferred(SchemaEditor *editor, const char *table) { take_deferred(editor, table, true); }
void capo_schema_forget_deferred(SchemaEditor *editor, const char *table) { take_deferred(editor, table, false); }

void capo_schema_close(SchemaEditor *editor)
{
    capo_schema_run_deferred(editor, NULL);
    if (!editor->collects)
        capo_backend()->schema->check(editor);
}

const char *capo_schema_collected_sql(SchemaEditor *editor) { return capo_buffer_text(&editor->collected); }
bool capo_schema_is_collecting(const SchemaEditor *editor) { return editor->collects; }
const char *capo_schema_backend(void) { return capo_backend_name(); }
void capo_schema_enforce_foreign_keys(bool on) { capo_backend()->schema->enforce_foreign_keys(on); }

void capo_schema_watch(SchemaEditor *editor, const SchemaWatch *watch) { editor->watch = watch; }

bool capo_schema_begin_step(SchemaEditor *editor, const char *what, bool repeatable)
{
    if (editor->collects)
        capo_put_format(&editor->collected, "%s\n-- THIS OPERATION CANNOT BE WRITTEN AS SQL\n", what);
    return !editor->collects && (!editor->watch || editor->watch->begins(editor->watch->self, what, repeatable));
}

void capo_schema_end_step(SchemaEditor *editor, const char *what)
{
    if (editor->watch)
        editor->watch->after(editor->watch->self, what);
}

static List *looked_up(SchemaEditor *editor, const char *table, const char *column, char kind, List *found)
{
    return editor->watch ? editor->watch->looked(editor->watch->self, capo_format("%c %s %s", kind, table, column), found) : found;
}

List *capo_schema_constraint_names(SchemaEditor *editor, const char *table, const char *column, char kind)
{
    return looked_up(editor, table, column, kind, capo_backend()->schema->words->constraint_names(table, column, kind));
}

List *capo_schema_index_names(SchemaEditor *editor, const char *table, const char *columns, char kind)
{
    return looked_up(editor, table, columns, kind, capo_backend()->schema->index_names(table, columns, kind));
}

void capo_schema_run(SchemaEditor *editor, const char *sql, const Value *parameters, size_t count)
{
    if (!editor->collects) {
        if (editor->watch && !editor->watch->before(editor->watch->self, sql))
            return;
        capo_database_run(sql, parameters, count, DATABASE_WRITE);
        capo_schema_end_step(editor, sql);
        return;
    }
    capo_put(&editor->collected, capo_sql_filled(sql, parameters, count));
    capo_put(&editor->collected, ";\n");
}

void capo_schema_put_key(Buffer *sql, const Model *model)
{
    if (model->pk->kind != FIELD_COMPOSITE_KEY)
        return;
    capo_put(sql, ", PRIMARY KEY ");
    key_put_columns(sql, model->pk);
}

/* --- models --- */

/* The model as its table has it: a child without the columns of its parents. */
static Model *table_of(Model *model)
{
    if (model->inheritance != INHERITS_TABLE)
        return model;
    Model *table = capo_memdup(model, sizeof *model);
    table->fields = capo_alloc_array(model->n_fields, sizeof *table->fields);
    table->many = capo_alloc_array(model->n_many + 1, sizeof *table->many);
    table->n_fields = table->n_many = 0;
    for (size_t i = 0; i < model->n_fields; i++)
        if (!model->fields[i]->inherited)
            table->fields[table->n_fields++] = model->fields[i];
    for (size_t i = 0; i < model->n_many; i++)
        if (!model->many[i]->inherited)
            table->many[table->n_many++] = model->many[i];
    return table;
}

static bool has_own_table(const Field *many) { return many->through && many->through->auto_created; }

static void refuse_lack(const Model *model)
{
    const char *lack = capo_schema_lack(model);
    if (lack)
        capo_raise(ERROR_NOT_SUPPORTED, "%s", lack);
}

void capo_schema_create_model(SchemaEditor *editor, Model *model)
{
    if (!capo_model_is_migrated(model))
        return;
    model = table_of(model);
    refuse_lack(model);
    capo_backend()->schema->create_model(editor, model);
    capo_schema_create_indexes(editor, model);
    for (size_t i = 0; i < model->n_many; i++)
        if (has_own_table(model->many[i]))
            capo_schema_create_model(editor, model->many[i]->through);
}

void capo_schema_delete_model(SchemaEditor *editor, Model *model)
{
    if (!capo_model_is_migrated(model))
        return;
    model = table_of(model);
    for (size_t i = 0; i < model->n_many; i++)
        if (has_own_table(model->many[i]))
            capo_schema_delete_model(editor, model->many[i]->through);
    capo_schema_forget_deferred(editor, model->table);
    capo_schema_run(editor, capo_format(capo_backend()->schema->words ? "DROP TABLE %s CASCADE" : "DROP TABLE %s", capo_quote_name(model->table)), NULL, 0);
}

void capo_schema_rename_table(SchemaEditor *editor, Model *old_model, Model *new_model)
{
    old_model = table_of(old_model);
    new_model = table_of(new_model);
    if (strcmp(old_model->table, new_model->table)) {
        capo_schema_run_deferred(editor, old_model->table);
        capo_schema_run(editor, capo_format("ALTER TABLE %s RENAME TO %s", capo_quote_name(old_model->table), capo_quote_name(new_model->table)), NULL, 0);
        capo_schema_rename_indexes(editor, old_model, new_model);
    }
    for (size_t i = 0; i < new_model->n_many; i++) {
        Field *before = capo_field(old_model, new_model->many[i]->name);
        if (before && before->kind == FIELD_MANY_TO_MANY && has_own_table(before) && has_own_table(new_model->many[i]))
            capo_backend()->schema->alter_join_table(editor, before, new_model->many[i]);
    }
}

/* --- fields --- */

Value capo_schema_effective_default(const Field *field, Value given)
{
    if (!capo_is_null(given))
        return capo_to_column(field, given);
    if (field->has_default)
        return capo_to_column(field, capo_field_default(field));
    if (field->null || field->target || field->primary_key || field->has_db_default || field->generated)
        return capo_value_null();
    if (field->blank && field->kind == FIELD_BINARY)
        return capo_value_bytes("", 0);
    if (field->blank && capo_field_is_text(field->kind) && field->kind != FIELD_IP_ADDRESS)
        return capo_value_text("");
    if (field->kind == FIELD_BOOLEAN)                   /* what a new struct has, and a box that is not ticked */
        return capo_value_bool(false);
    if (!field->auto_now && !field->auto_now_add)
        return capo_value_null();
    DateTime now = capo_now();
    switch (capo_field_storage(field)) {
    case STORAGE_DATE:
        return capo_value_date(capo_local_date(now));
    case STORAGE_TIME:
        return capo_value_time(capo_local_time(now));
    default:
        return capo_value_datetime(now);
    }
}

void capo_schema_add_field(SchemaEditor *editor, Model *old_model, Model *new_model, Field *field, Value default_value)
{
    refuse_lack(new_model);
    if (field->kind != FIELD_MANY_TO_MANY)
        capo_backend()->schema->add_column(editor, table_of(old_model), table_of(new_model), field, default_value);
    else if (has_own_table(field))
        capo_schema_create_model(editor, field->through);
}

void capo_schema_remove_field(SchemaEditor *editor, Model *old_model, Model *new_model, Field *field)
{
    if (field->kind != FIELD_MANY_TO_MANY)
        capo_backend()->schema->remove_column(editor, table_of(old_model), table_of(new_model), field);
    else if (has_own_table(field))
        capo_schema_delete_model(editor, field->through);
}

void capo_schema_alter_field(SchemaEditor *editor, Model *old_model, Model *new_model, Field *old_field, Field *new_field, Value default_value)
{
    bool was_many = old_field->kind == FIELD_MANY_TO_MANY, is_many = new_field->kind == FIELD_MANY_TO_MANY;
    if (was_many != is_many)
        capo_raise(ERROR_VALUE, "%s.%s cannot be altered into %s: one is many-to-many and the other is not. Remove the field and add it again.",
                   old_model->label, old_field->name, capo_field_kind_name(new_field->kind));
    if (!was_many) {
        capo_backend()->schema->alter_column(editor, table_of(old_model), table_of(new_model), old_field, new_field, default_value);
        return;
    }
    if (has_own_table(old_field) && has_own_table(new_field))
        capo_backend()->schema->alter_join_table(editor, old_field, new_field);
    else if (has_own_table(old_field) != has_own_table(new_field))
        capo_raise(ERROR_VALUE, "%s.%s cannot be altered: adding or removing .through= is not possible. Remove the field and add it again.",
                   old_model->label, old_field->name);
}

void capo_schema_alter_meta(SchemaEditor *editor, Model *old_model, Model *new_model)
{
    old_model = table_of(old_model);
    new_model = table_of(new_model);
    if (capo_schema_same_constraints(old_model, new_model))
        capo_schema_change_indexes(editor, old_model, new_model);
    else
        capo_backend()->schema->alter_constraints(editor, old_model, new_model);
}

void capo_schema_alter_table_comment(SchemaEditor *editor, Model *model)
{
    if (capo_backend()->schema->comments)
        capo_altering_table_comment(editor, model);
}

void capo_schema_refuse_generated(const Field *old_field, const Field *new_field)
{
    bool same = old_field->generated == new_field->generated && (!new_field->generated || old_field->db_persist == new_field->db_persist);
    if (same && new_field->generated)
        same = !strcmp(capo_column_generated(old_field), capo_column_generated(new_field));
    if (!same)
        capo_raise(ERROR_VALUE, "%s.%s: a generated column cannot be altered. Remove the field and add it again with the new definition.",
                   new_field->model->label, new_field->name);
}

/* --- SQL by hand --- */

static bool is_word(const char *sql, size_t at, const char *word)
{
    size_t size = strlen(word);
    bool begins = !at || (!isalnum((unsigned char)sql[at - 1]) && sql[at - 1] != '_');
    return begins && !strncasecmp(sql + at, word, size) && !isalnum((unsigned char)sql[at + size]) && sql[at + size] != '_';
}

/* The end of the statement that begins at sql: its semicolon outside of quotes, comments and a trigger's body, in which BEGIN and
 * CASE count up and END counts down. */
static size_t statement_size(const char *sql)
{
    bool is_trigger = false;
    int depth = 0;
    for (size_t i = 0; sql[i];) {
        size_t end = capo_sql_skip_quoted(sql, i);
        if (end > i) {
            i = end;
            continue;
        }
        is_trigger = is_trigger || is_word(sql, i, "TRIGGER");
        if (is_trigger && (is_word(sql, i, "BEGIN") || is_word(sql, i, "CASE")))
            depth++;
        else if (depth && is_word(sql, i, "END"))
            depth--;
        if (sql[i] == ';' && !depth)
            return i + 1;
        i++;
    }
    return strlen(sql);
}

void capo_schema_execute(SchemaEditor *editor, const char *sql, const Value *parameters, size_t count)
{
    if (count) {
        capo_schema_run(editor, capo_sql_numbered(sql, count), parameters, count);
        return;
    }
    while (*sql) {
        size_t size = statement_size(sql);
        char *one = capo_strip(capo_strndup(sql, size)), *end = one + strlen(one);
        while (end > one && (end[-1] == ';' || isspace((unsigned char)end[-1])))
            *--end = '\0';
        if (*one)
            capo_schema_run(editor, one, NULL, 0);
        sql += size;
    }
}

void capo_schema_reset_sequence(const Model *model)
{
    if (capo_field_is_automatic(model->pk->kind) && capo_backend()->schema->reset_sequence)
        capo_backend()->schema->reset_sequence(model);
}

/* --- as it is --- */

List *capo_schema_tables(void) { return capo_backend()->schema->tables(); }
List *capo_schema_columns(const char *table) { return capo_backend()->schema->columns(table); }
char *capo_schema_describe(const char *table) { return capo_backend()->schema->describe(table); }

bool capo_schema_has_table(const char *table)
{
    List *tables = capo_schema_tables();
    for (size_t i = 0; i < tables->count; i++)
        if (!strcmp(tables->items[i].text, table))
            return true;
    return false;
}

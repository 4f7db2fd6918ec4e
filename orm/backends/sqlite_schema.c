/* SPDX-License-Identifier: BSD-3-Clause */
/* The schema on SQLite. What its ALTER TABLE lacks is done by a rebuild, in SQLite's documented order: create new__table, copy,
 * drop the old one, rename, create the indexes. Foreign keys of other tables name the table by its text and so lead to the new one;
 * they must be switched off meanwhile, since dropping a table deletes its rows. The counter of AUTOINCREMENT is taken along, or
 * keys of deleted rows would be given again. */
#include "../schema.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What follows the column's name in CREATE TABLE, as Django writes it. */
static char *definition(const Field *field)
{
    const Dialect *dialect = capo_dialect();
    Buffer sql = { 0 };
    const char *type = dialect->column_type(field), *check = dialect->column_check(field, capo_quote_name(field->column));
    const Field *column = capo_column_field(field);
    capo_put(&sql, type);
    if (column->db_collation) {
        capo_put(&sql, " COLLATE ");
        capo_put_name(&sql, column->db_collation);
    }
    const char *generated = capo_column_generated(field), *db_default = capo_column_default(field);
    if (generated || db_default)
        capo_put_format(&sql, generated ? " %s" : " DEFAULT %s", generated ? generated : db_default);
    if (!generated)
        capo_put(&sql, field->null ? " NULL" : " NOT NULL");
    if (check)
        capo_put_format(&sql, " CHECK (%s)", check);
    if (field->primary_key)
        capo_put(&sql, " PRIMARY KEY");
    else if (field->unique)
        capo_put(&sql, " UNIQUE");
    if (field->primary_key && capo_field_is_automatic(field->kind))
        capo_put(&sql, " AUTOINCREMENT");
    if (field->target && field->db_constraint) {
        capo_put(&sql, " REFERENCES ");
        capo_put_name(&sql, field->target->table);
        capo_put(&sql, " (");
        capo_put_name(&sql, field->target_field->column);
        capo_put_format(&sql, ")%s DEFERRABLE INITIALLY DEFERRED", capo_on_delete_sql(field));
    }
    return capo_buffer_text(&sql);
}

static void create_table(SchemaEditor *editor, const Model *model, const char *table)
{
    Buffer sql = { 0 };
    capo_put(&sql, "CREATE TABLE ");
    capo_put_name(&sql, table);
    capo_put(&sql, " (");
    for (size_t i = 0; i < model->n_fields; i++) {
        capo_put(&sql, i ? ", " : "");
        capo_put_name(&sql, model->fields[i]->column);
        capo_put_char(&sql, ' ');
        capo_put(&sql, definition(model->fields[i]));
    }
    capo_schema_put_key(&sql, model);
    for (const IndexSpec *spec = capo_schema_constraints(model); spec->name; spec++)
        capo_put_format(&sql, ", %s", spec->sql);
    capo_put_char(&sql, ')');
    capo_schema_run(editor, capo_buffer_text(&sql), NULL, 0);
}

static void create_model(SchemaEditor *editor, Model *model) { create_table(editor, model, model->table); }

/* --- the rebuild --- */

static bool enforces_foreign_keys(void)
{
    ResultSet *result = capo_database_run("PRAGMA foreign_keys", NULL, 0, DATABASE_WRITE);
    return result->n_rows && capo_cell(result, 0, 0).integer;
}

/* Where a column of the new table comes from: a column of the old one, or a value; both: the value where the column is NULL. `otherwise`:
 * SQL instead of the value. */
typedef struct ColumnSource { const char *column; Value value; bool has_value; const char *otherwise; } ColumnSource;

static void copy_rows(SchemaEditor *editor, const Model *new_model, const char *from, const char *to, const ColumnSource *sources)
{
    Buffer sql = { 0 }, select = { 0 };
    Value *values = capo_alloc_array(new_model->n_fields, sizeof *values);
    size_t n = 0, count = 0;
    capo_put(&sql, "INSERT INTO ");
    capo_put_name(&sql, to);
    capo_put(&sql, " (");
    for (size_t i = 0; i < new_model->n_fields; i++) {
        const ColumnSource *source = &sources[i];
        if (!source->column && !source->has_value)
            continue;
        capo_put(&sql, n ? ", " : "");
        capo_put(&select, n++ ? ", " : "");
        capo_put_name(&sql, new_model->fields[i]->column);
        if (source->column && (source->has_value || source->otherwise))
            capo_put(&select, "coalesce(");
        if (source->column)
            capo_put_name(&select, source->column);
        if (source->column && source->otherwise)
            capo_put_format(&select, ", %s)", source->otherwise);
        if (source->column && source->has_value)
            capo_put(&select, ", ");
        if (source->has_value) {
            capo_put_char(&select, '?');
            values[count++] = source->value;
        }
        if (source->column && source->has_value)
            capo_put_char(&select, ')');
    }
    capo_put(&sql, ") SELECT ");
    capo_put(&sql, capo_buffer_text(&select));
    capo_put(&sql, " FROM ");
    capo_put_name(&sql, from);
    capo_schema_run(editor, capo_buffer_text(&sql), values, count);
}

static void keep_counter(SchemaEditor *editor, const char *from, const char *to)
{
    Value names[] = { capo_value_text(to), capo_value_text(from) };
    capo_schema_run(editor, "DELETE FROM sqlite_sequence WHERE name = ?", names, 1);
    capo_schema_run(editor, "INSERT INTO sqlite_sequence (name, seq) SELECT ?, seq FROM sqlite_sequence WHERE name = ?", names, 2);
}

/* The triggers of the table, which go with it when it is dropped: their SQL. While SQL is only collected nobody may look. */
static ResultSet *triggers_of(SchemaEditor *editor, const char *table)
{
    Value name = capo_value_text(table);
    if (editor->collects)
        return capo_alloc_struct(ResultSet);
    return capo_database_run("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE ORDER BY name", &name, 1, DATABASE_WRITE);
}

static void rebuild(SchemaEditor *editor, const char *table, bool has_counter, const Model *new_model, const ColumnSource *sources)
{
    const char *copy = capo_format("new__%s", table);
    if (!editor->collects && enforces_foreign_keys())
        capo_raise(ERROR_NOT_SUPPORTED, "SQLite cannot rebuild the table %s while foreign keys are enforced: call capo_schema_enforce_foreign_keys(false) "
                   "before the transaction begins.", table);
    create_table(editor, new_model, copy);
    copy_rows(editor, new_model, table, copy, sources);
    if (has_counter && capo_field_is_automatic(new_model->pk->kind))
        keep_counter(editor, table, copy);
    ResultSet *triggers = triggers_of(editor, table);
    capo_schema_run(editor, capo_format("DROP TABLE %s", capo_quote_name(table)), NULL, 0);
    /* Triggers and views that name the table stand without it for a moment; the old way of renaming does not look at them. */
    capo_schema_run(editor, "PRAGMA legacy_alter_table = ON", NULL, 0);
    capo_schema_run(editor, capo_format("ALTER TABLE %s RENAME TO %s", capo_quote_name(copy), capo_quote_name(table)), NULL, 0);
    capo_schema_run(editor, "PRAGMA legacy_alter_table = OFF", NULL, 0);
    capo_schema_create_indexes(editor, new_model);
    for (size_t i = 0; i < triggers->n_rows; i++)
        capo_schema_run(editor, capo_to_text(capo_cell(triggers, i, 0)), NULL, 0);
}

/* Each new column from the old one of the same field; `renamed` pairs the one that changed its name. */
static ColumnSource *same_sources(const Model *old_model, const Model *new_model)
{
    ColumnSource *sources = capo_alloc_array(new_model->n_fields, sizeof *sources);
    for (size_t i = 0; i < new_model->n_fields; i++)
        for (size_t k = 0; k < old_model->n_fields && !new_model->fields[i]->generated; k++)
            if (!strcmp(old_model->fields[k]->column, new_model->fields[i]->column))
                sources[i].column = old_model->fields[k]->column;
    return sources;
}

static bool has_counter(const Model *model) { return capo_field_is_automatic(model->pk->kind); }

/* Tables whose keys hold the type of this field's column, which changed: their columns change with it. */
static void rebuild_references(SchemaEditor *editor, const Model *model, const Field *field)
{
    const Model **done = capo_alloc_array(model->n_reverse + 1, sizeof *done);
    size_t n_done = 0;
    for (size_t i = 0; i < model->n_reverse; i++) {
        const Field *key = model->reverse[i];
        const Model *other = key->model;
        bool seen = other == model || !key->column || key->target_field != field;
        for (size_t k = 0; k < n_done; k++)
            seen = seen || done[k] == other;
        if (seen || !other->managed)
            continue;
        done[n_done++] = other;
        rebuild(editor, other->table, has_counter(other), other, same_sources(other, other));
    }
}

/* --- changes --- */

static void add_column(SchemaEditor *editor, Model *old_model, Model *new_model, Field *field, Value given)
{
    Value value = capo_schema_effective_default(field, given);
    if (field->null && !field->unique && !field->has_db_default && !field->generated && capo_is_null(value) && capo_schema_same_constraints(old_model, new_model)) {
        capo_schema_run(editor, capo_format("ALTER TABLE %s ADD COLUMN %s %s", capo_quote_name(new_model->table), capo_quote_name(field->column),
                                            definition(field)), NULL, 0);
        capo_schema_change_indexes(editor, old_model, new_model);
        return;
    }
    ColumnSource *sources = same_sources(old_model, new_model);
    /* A key that counts up by itself is left out of the copy: SQLite fills it. */
    if (!(field->primary_key && capo_field_is_automatic(field->kind)) && !field->generated && !(field->has_db_default && capo_is_null(value)))
        sources[field->position] = (ColumnSource){ .value = value, .has_value = true };
    rebuild(editor, new_model->table, has_counter(old_model), new_model, sources);
}

static void remove_column(SchemaEditor *editor, Model *old_model, Model *new_model, Field *field)
{
    (void)field;
    rebuild(editor, new_model->table, has_counter(old_model), new_model, same_sources(old_model, new_model));
}

/* Whether the table refers to this field of its own. */
static bool refers_to_itself(const Model *model, const Field *field)
{
    for (size_t i = 0; i < model->n_fields; i++)
        if (model->fields[i]->target_field == field)
            return true;
    return false;
}

static bool uses_column(const Model *model, const char *column)
{
    const char *quoted = capo_format("%s", capo_quote_name(column));
    for (IndexSpec *spec = capo_schema_indexes(model); spec->name; spec++)
        if (strstr(spec->sql, quoted))
            return true;
    return model->n_constraints > 0;
}

static void alter_column(SchemaEditor *editor, Model *old_model, Model *new_model, Field *old_field, Field *new_field, Value given)
{
    const Dialect *dialect = capo_dialect();
    bool renamed = strcmp(old_field->column, new_field->column) != 0;
    /* An automatic key is an integer always, but the columns that refer to it follow its kind. */
    bool retyped = old_field->kind != new_field->kind || strcmp(dialect->column_type(old_field), dialect->column_type(new_field)) != 0;
    bool referred = retyped && new_field->unique;
    Field as_new = *old_field;
    as_new.known_storage = 0;
    capo_schema_refuse_generated(old_field, new_field);
    if (renamed) {
        /* SQLite carries the new name into indexes, and into the foreign keys of other tables. */
        capo_schema_run(editor, capo_format("ALTER TABLE %s RENAME COLUMN %s TO %s", capo_quote_name(new_model->table),
                                            capo_quote_name(old_field->column), capo_quote_name(new_field->column)), NULL, 0);
        as_new.column = new_field->column;
    }
    bool same = !strcmp(definition(&as_new), definition(new_field)) && capo_schema_same_constraints(old_model, new_model)
        && !(referred && refers_to_itself(new_model, new_field));
    if (same && (!renamed || !uses_column(new_model, new_field->column))) {
        if (!renamed)
            capo_schema_change_indexes(editor, old_model, new_model);
        if (referred)
            rebuild_references(editor, new_model, new_field);
        return;
    }
    ColumnSource *sources = same_sources(old_model, new_model);
    if (!new_field->generated)
        sources[new_field->position].column = new_field->column;
    if (old_field->null && !new_field->null) {
        sources[new_field->position].value = capo_schema_effective_default(new_field, given);
        sources[new_field->position].has_value = !capo_is_null(sources[new_field->position].value);
        if (!sources[new_field->position].has_value)
            sources[new_field->position].otherwise = capo_column_default(new_field);
    }
    rebuild(editor, new_model->table, has_counter(old_model), new_model, sources);
    if (referred)
        rebuild_references(editor, new_model, new_field);
}

static void alter_constraints(SchemaEditor *editor, Model *old_model, Model *new_model)
{
    rebuild(editor, new_model->table, has_counter(old_model), new_model, same_sources(old_model, new_model));
}

static void rename_column(SchemaEditor *editor, const Model *model, const Field *old_field, const Field *new_field)
{
    if (strcmp(old_field->column, new_field->column))
        capo_schema_run(editor, capo_format("ALTER TABLE %s RENAME COLUMN %s TO %s", capo_quote_name(model->table),
                                            capo_quote_name(old_field->column), capo_quote_name(new_field->column)), NULL, 0);
}

static void alter_join_table(SchemaEditor *editor, Field *old_field, Field *new_field)
{
    Model *before = old_field->through, *after = new_field->through;
    bool same = !strcmp(before->table, after->table);
    for (size_t i = 0; i < 3; i++)
        same = same && !strcmp(before->fields[i]->column, after->fields[i]->column)
            && !strcmp(definition(before->fields[i]), definition(after->fields[i]));
    if (same)
        return;
    if (strcmp(before->table, after->table))
        capo_schema_run(editor, capo_format("ALTER TABLE %s RENAME TO %s", capo_quote_name(before->table), capo_quote_name(after->table)), NULL, 0);
    rename_column(editor, after, old_field->through_source, new_field->through_source);
    rename_column(editor, after, old_field->through_target, new_field->through_target);
    rebuild(editor, after->table, true, after, same_sources(after, after));
}

/* --- foreign keys --- */

static void enforce_foreign_keys(bool on)
{
    if (capo_in_transaction())
        capo_bug("capo_schema_enforce_foreign_keys() inside a transaction: SQLite takes no notice of it there.");
    capo_database_run(on ? "PRAGMA foreign_keys = ON" : "PRAGMA foreign_keys = OFF", NULL, 0, DATABASE_WRITE);
    capo_database_run("PRAGMA legacy_alter_table = OFF", NULL, 0, DATABASE_WRITE);      /* a rebuild that failed may have left it */
}

static void check_foreign_keys(SchemaEditor *editor)
{
    (void)editor;
    if (enforces_foreign_keys())
        return;
    ResultSet *broken = capo_database_run("PRAGMA foreign_key_check", NULL, 0, DATABASE_WRITE);
    if (!broken->n_rows)
        return;
    const char *table = capo_to_text(capo_cell(broken, 0, 0)), *parent = capo_to_text(capo_cell(broken, 0, 2));
    ResultSet *keys = capo_database_run(capo_format("PRAGMA foreign_key_list(%s)", capo_quote_name(table)), NULL, 0, DATABASE_WRITE);
    const char *column = "?";
    for (size_t i = 0; i < keys->n_rows; i++)
        if (capo_equal(capo_cell(keys, i, 0), capo_cell(broken, 0, 3)))
            column = capo_to_text(capo_cell(keys, i, 3));
    capo_raise(ERROR_INTEGRITY, "The row in table '%s' with rowid %s has an invalid foreign key: %s leads to no row of %s.", table,
               capo_to_text(capo_cell(broken, 0, 1)), column, parent);
}

/* --- as it is --- */

static List *tables(void)
{
    ResultSet *result = capo_database_run("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
                                          NULL, 0, DATABASE_READ);
    List *names = capo_list_new();
    for (size_t i = 0; i < result->n_rows; i++)
        capo_list_add(names, capo_cell(result, i, 0));
    return names;
}

static List *columns(const char *table)
{
    ResultSet *result = capo_database_run(capo_format("PRAGMA table_xinfo(%s)", capo_quote_name(table)), NULL, 0, DATABASE_READ);
    List *names = capo_list_new();
    for (size_t i = 0; i < result->n_rows; i++)
        capo_list_add(names, capo_cell(result, i, 1));
    return names;
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

typedef struct Lines { const char **items; size_t count, room; } Lines;

static void add_line(Lines *lines, const char *line)
{
    if (lines->count == lines->room) {
        size_t room = lines->room ? 2 * lines->room : 16;
        lines->items = capo_realloc(lines->items, lines->room * sizeof *lines->items, room * sizeof *lines->items);
        lines->room = room;
    }
    lines->items[lines->count++] = line;
}

static const char *text_at(ResultSet *result, size_t row, size_t column)
{
    Value value = capo_cell(result, row, column);
    return capo_is_null(value) ? "" : capo_to_text(value);
}

static void describe_columns(Lines *lines, const char *table)
{
    ResultSet *result = capo_database_run(capo_format("PRAGMA table_xinfo(%s)", capo_quote_name(table)), NULL, 0, DATABASE_READ);
    for (size_t i = 0; i < result->n_rows; i++)
        add_line(lines, capo_format("column %s %s%s%s%s%s%s", text_at(result, i, 1), capo_lower(text_at(result, i, 2)),
                 capo_cell(result, i, 3).integer ? " NOT NULL" : "", capo_cell(result, i, 5).integer ? " PRIMARY KEY" : "",
                 capo_is_null(capo_cell(result, i, 4)) ? "" : " DEFAULT ", text_at(result, i, 4),
                 capo_cell(result, i, 6).integer == 2 ? " VIRTUAL" : capo_cell(result, i, 6).integer == 3 ? " STORED" : ""));
    result = capo_database_run(capo_format("PRAGMA foreign_key_list(%s)", capo_quote_name(table)), NULL, 0, DATABASE_READ);
    for (size_t i = 0; i < result->n_rows; i++)
        add_line(lines, capo_format("foreign key %s to %s (%s) on delete %s", text_at(result, i, 3), text_at(result, i, 2), text_at(result, i, 4),
                 text_at(result, i, 6)));
}

static void describe_indexes(Lines *lines, const char *table)
{
    ResultSet *result = capo_database_run(capo_format("PRAGMA index_list(%s)", capo_quote_name(table)), NULL, 0, DATABASE_READ);
    for (size_t i = 0; i < result->n_rows; i++) {
        Buffer line = { 0 };
        const char *name = text_at(result, i, 1), *origin = text_at(result, i, 3);
        ResultSet *columns = capo_database_run(capo_format("PRAGMA index_xinfo(%s)", capo_quote_name(name)), NULL, 0, DATABASE_READ);
        if (!strcmp(origin, "pk"))
            continue;
        capo_put(&line, !strcmp(origin, "u") ? "unique (" : capo_cell(result, i, 2).integer ? capo_format("unique index %s (", name)
                 : capo_format("index %s (", name));
        for (size_t k = 0, n = 0; k < columns->n_rows; k++) {
            if (!capo_cell(columns, k, 5).integer)
                continue;
            capo_put(&line, n++ ? ", " : "");
            capo_put(&line, text_at(columns, k, 2));
            capo_put(&line, capo_cell(columns, k, 3).integer ? " DESC" : "");
        }
        capo_put_char(&line, ')');
        add_line(lines, capo_buffer_text(&line));
    }
}

static List *index_names(const char *table, const char *columns, char kind)
{
    Value parameters[] = { capo_value_text(table), capo_value_int(kind == 'u'), capo_value_text(columns) };
    ResultSet *found = capo_database_run("SELECT name FROM pragma_index_list(?) AS list WHERE \"unique\" = ? AND NOT partial AND origin = 'c' AND "
                                         "(SELECT group_concat(coalesce(name, ''), char(10)) FROM (SELECT name FROM pragma_index_info(list.name) ORDER BY seqno)) = ? "
                                         "ORDER BY 1", parameters, 3, DATABASE_WRITE);
    List *names = capo_list_new();
    for (size_t i = 0; i < found->n_rows; i++)
        capo_list_add(names, capo_cell(found, i, 0));
    return names;
}

/* The text in brackets that begins at sql[at]. */
static const char *bracketed(const char *sql, size_t at)
{
    size_t start = at;
    for (int depth = 0; sql[at]; at++) {
        size_t quoted = capo_sql_skip_quoted(sql, at);
        if (quoted > at) {
            at = quoted - 1;
            continue;
        }
        depth += sql[at] == '(' ? 1 : sql[at] == ')' ? -1 : 0;
        if (!depth)
            break;
    }
    return capo_strndup(sql + start, strnlen(sql + start, at + 1 - start));
}

/* What indexes say beyond columns: expressions and conditions. */
static void describe_index_sql(Lines *lines, const char *table)
{
    Value name = capo_value_text(table);
    ResultSet *result = capo_database_run("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", &name, 1, DATABASE_READ);
    for (size_t i = 0; i < result->n_rows; i++) {
        const char *sql = text_at(result, i, 1), *columns = strstr(sql, " (");
        if (columns && (strstr(columns, "(") != strrchr(columns, '(') || strstr(columns, ") WHERE ")))
            add_line(lines, capo_format("index %s of%s", text_at(result, i, 0), columns));
    }
}

/* CHECKs, names of constraints and AUTOINCREMENT stand in the table's SQL only. */
static void describe_sql(Lines *lines, const char *table)
{
    Value name = capo_value_text(table);
    ResultSet *result = capo_database_run("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", &name, 1, DATABASE_READ);
    const char *sql = result->n_rows ? text_at(result, 0, 0) : "";
    for (size_t i = 0; sql[i];) {
        size_t end = capo_sql_skip_quoted(sql, i);
        if (end > i) {
            i = end;
            continue;
        }
        if (!strncasecmp(sql + i, "AUTOINCREMENT", 13))
            add_line(lines, "autoincrement");
        if (!strncasecmp(sql + i, "CONSTRAINT ", 11)) {
            size_t stop = capo_sql_skip_quoted(sql, i + 11);
            add_line(lines, capo_format("constraint %.*s", (int)(stop - i - 11), sql + i + 11));
        }
        if (!strncasecmp(sql + i, "CHECK ", 6))
            add_line(lines, capo_format("check %s", bracketed(sql, i + 6 + strspn(sql + i + 6, " "))));
        if (!strncasecmp(sql + i, "ALWAYS AS ", 10))
            add_line(lines, capo_format("generated %s", bracketed(sql, i + 10)));
        i++;
    }
}

static char *describe(const char *table)
{
    Lines lines = { 0 };
    Buffer out = { 0 };
    describe_columns(&lines, table);
    describe_indexes(&lines, table);
    describe_index_sql(&lines, table);
    describe_sql(&lines, table);
    if (lines.count)
        qsort(lines.items, lines.count, sizeof *lines.items, compare_lines);
    for (size_t i = 0; i < lines.count; i++)
        capo_put_format(&out, "%s\n", lines.items[i]);
    return capo_buffer_text(&out);
}

const SchemaBackend capo_sqlite_schema = {
    .foreign_key_defaults = true, .virtual_columns = true, .index_conditions = true, .index_parts = true,
    .create_model = create_model, .add_column = add_column, .remove_column = remove_column, .alter_column = alter_column,
    .alter_constraints = alter_constraints, .alter_join_table = alter_join_table, .enforce_foreign_keys = enforce_foreign_keys,
    .check = check_foreign_keys, .tables = tables, .columns = columns, .describe = describe, .index_names = index_names,
};

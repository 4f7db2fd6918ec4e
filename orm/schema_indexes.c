/* SPDX-License-Identifier: BSD-3-Clause */
/* The indexes that a model wants beside its table's own constraints: of fields, of unique_together, of Meta.
 *
 * Those of fields and of unique_together have names that are made from the table and the columns, as Django's. One is dropped by the name
 * that it has in the database all the same, found by its columns: Django leaves the names as they are where a table is renamed. */
#include "schema.h"
#include <string.h>

typedef struct Specs { IndexSpec *items; size_t count; } Specs;

static const char *drop_index(const Model *model, const char *name)
{
    const SchemaWords *words = capo_backend()->schema->words;
    bool has_table = words && words->index_has_table;
    return has_table ? capo_format(words->drop_index, capo_quote_name(model->table), capo_quote_name(name))
                     : capo_format("DROP INDEX IF EXISTS %s", capo_quote_name(name));
}

const char *capo_schema_tablespace(const Model *model, const Field *field)
{
    const char *tablespace = field && field->db_tablespace ? field->db_tablespace : model->meta->db_tablespace;
    return tablespace && *tablespace && capo_backend()->schema->tablespaces ? capo_format(" TABLESPACE %s", capo_quote_name(tablespace)) : "";
}

static void add_index(Specs *specs, const Model *model, const char *name, const char *const *columns, bool unique, const Field *field)
{
    Buffer sql = { 0 };
    capo_put(&sql, unique ? "CREATE UNIQUE INDEX " : "CREATE INDEX ");
    capo_put_name(&sql, name);
    capo_put(&sql, " ON ");
    capo_put_name(&sql, model->table);
    capo_put(&sql, " (");
    for (size_t i = 0; columns[i]; i++) {
        capo_put(&sql, i ? ", " : "");
        capo_put_name(&sql, columns[i]);
    }
    capo_put_format(&sql, ")%s", capo_schema_tablespace(model, field));
    specs->items[specs->count++] = (IndexSpec){ name, capo_buffer_text(&sql), drop_index(model, name), unique ? 'u' : 'i', columns };
}

/* Uniqueness over several columns: a constraint where tables can be altered, a unique index in SQLite; both as Django. */
static void add_unique(Specs *specs, const Model *model, const char *name, const char *const *columns)
{
    const SchemaWords *words = capo_backend()->schema->words;
    if (!words) {
        add_index(specs, model, name, columns, true, NULL);
        return;
    }
    Buffer sql = { 0 };
    capo_put_format(&sql, "ALTER TABLE %s ADD CONSTRAINT %s UNIQUE (", capo_quote_name(model->table), capo_quote_name(name));
    for (size_t i = 0; columns[i]; i++) {
        capo_put(&sql, i ? ", " : "");
        capo_put_name(&sql, columns[i]);
    }
    capo_put_char(&sql, ')');
    specs->items[specs->count++] = (IndexSpec){ name, capo_buffer_text(&sql),
                                                capo_format(words->drop_unique, capo_quote_name(model->table), capo_quote_name(name)), 'u', columns };
}

bool capo_schema_pattern_index(const Model *model, const Field *field, IndexSpec *ret)
{
    const SchemaWords *words = capo_backend()->schema->words;
    const char **columns = capo_alloc_array(2, sizeof *columns);
    columns[0] = field->column;
    const char *pattern = words && words->pattern_class && (field->db_index || field->unique) ? words->pattern_class(capo_column_field(field)) : NULL;
    if (!pattern)
        return false;
    const char *name = capo_index_name(model->table, columns, "_like");
    *ret = (IndexSpec){ name, capo_format("CREATE INDEX %s ON %s (%s %s)%s", capo_quote_name(name), capo_quote_name(model->table),
                                          capo_quote_name(field->column), pattern, capo_schema_tablespace(model, field)), drop_index(model, name), 'l', columns };
    return true;
}

/* The index of a field, and the further one for LIKE. */
static void add_field_indexes(Specs *specs, const Model *model, const Field *field)
{
    const SchemaWords *words = capo_backend()->schema->words;
    const char **columns = capo_alloc_array(2, sizeof *columns);
    columns[0] = field->column;
    bool indexed = field->db_index && !field->unique && !(words && words->can_index && !words->can_index(field))
        && !(words && words->key_has_index && field->target && field->db_constraint);
    if (indexed)
        add_index(specs, model, capo_index_name(model->table, columns, ""), columns, false, field);
    specs->count += capo_schema_pattern_index(model, field, &specs->items[specs->count]);
}

static size_t list_size(const char *const *list)
{
    size_t count = 0;
    while (list[count])
        count++;
    return count;
}

static const char **columns_of(const Model *model, const char *const *fields)
{
    size_t count = list_size(fields);
    const char **columns = capo_alloc_array(count + 1, sizeof *columns);
    for (size_t i = 0; i < count; i++)
        columns[i] = capo_field(model, fields[i])->column;
    return columns;
}

IndexSpec *capo_schema_indexes(const Model *model)
{
    size_t together = 0;
    while (model->unique_together && model->unique_together[together])
        together++;
    Specs specs = { .items = capo_alloc_array(together + 2 * model->n_fields + model->n_indexes + model->n_constraints + 1, sizeof(IndexSpec)) };
    for (size_t i = 0; i < together; i++) {
        const char **columns = columns_of(model, model->unique_together[i]);
        add_unique(&specs, model, capo_index_name(model->table, columns, "_uniq"), columns);
    }
    for (size_t i = 0; i < model->n_fields; i++)
        add_field_indexes(&specs, model, model->fields[i]);
    specs.count += capo_schema_meta_indexes(model, specs.items + specs.count);
    return specs.items;
}

/* By what it says: also for constraints. */
static bool has_index(const IndexSpec *specs, const IndexSpec *wanted)
{
    for (; specs->name; specs++)
        if (!strcmp(specs->name, wanted->name) && !strcmp(specs->sql, wanted->sql))
            return true;
    return false;
}

void capo_schema_create_indexes(SchemaEditor *editor, const Model *model)
{
    for (IndexSpec *spec = capo_schema_indexes(model); spec->name; spec++)
        capo_schema_run(editor, spec->sql, NULL, 0);
}

static bool is_of_meta(const Model *model, const char *name)
{
    const IndexInfo *indexes = capo_model_indexes(model);
    const ConstraintInfo *constraints = capo_model_constraints(model);
    bool found = false;
    for (size_t i = 0; i < model->n_indexes; i++)
        found |= !strcmp(indexes[i].name, name);
    for (size_t i = 0; i < model->n_constraints; i++)
        found |= !strcmp(constraints[i].name, name);
    return found;
}

/* The name of the model's index in the database, where its table is called so by now; NULL: it is not there. While SQL is only collected nobody may
 * look, and the name is the one that it would be given. */
static const char *name_now(SchemaEditor *editor, const Model *model, const char *table, const IndexSpec *spec)
{
    if (!spec->kind || editor->collects)
        return spec->name;
    List *names = capo_schema_index_names(editor, table, capo_join(spec->columns, "\n"), spec->kind);
    const char *other = NULL;
    for (size_t i = 0; i < names->count; i++) {
        const char *name = capo_to_text(names->items[i]);
        if (!strcmp(name, spec->name))
            return spec->name;
        if (!other && !is_of_meta(model, name))
            other = name;
    }
    return other;
}

static const char *drop_of(const char *table, const IndexSpec *spec, const char *name)
{
    const SchemaWords *words = capo_backend()->schema->words;
    const char *format = !words ? NULL : spec->kind == 'u' ? words->drop_unique : words->index_has_table ? words->drop_index : NULL;
    return format ? capo_format(format, capo_quote_name(table), capo_quote_name(name)) : capo_format("DROP INDEX IF EXISTS %s", capo_quote_name(name));
}

void capo_schema_free_index(SchemaEditor *editor, const char *table, const char *name)
{
    const SchemaWords *words = capo_backend()->schema->words;
    if (!words || !words->key_has_index || editor->collects)
        return;
    List *columns = capo_schema_constraint_names(editor, table, name, 'k');
    for (size_t i = 0; i < columns->count; i++) {
        const char *column = capo_to_text(columns->items[i]);
        capo_schema_run(editor, capo_format("CREATE INDEX %s ON %s (%s)", capo_quote_name(capo_index_name(table, (const char *const[]){ column, NULL }, "")),
                                            capo_quote_name(table), capo_quote_name(column)), NULL, 0);
    }
}

void capo_schema_drop_index(SchemaEditor *editor, const Model *model, const IndexSpec *spec)
{
    const char *name = name_now(editor, model, model->table, spec);
    if (name)
        capo_schema_free_index(editor, model->table, name);
    if (!spec->kind)
        capo_schema_run(editor, spec->drop, NULL, 0);
    else if (name)
        capo_schema_run(editor, drop_of(model->table, spec, name), NULL, 0);
}

void capo_schema_drop_old_indexes(SchemaEditor *editor, const Model *old_model, const Model *new_model)
{
    const IndexSpec *before = capo_schema_indexes(old_model), *after = capo_schema_indexes(new_model);
    for (const IndexSpec *spec = before; spec->name; spec++)
        if (!has_index(after, spec))
            capo_schema_drop_index(editor, old_model, spec);
}

void capo_schema_create_new_indexes(SchemaEditor *editor, const Model *old_model, const Model *new_model)
{
    const IndexSpec *before = capo_schema_indexes(old_model), *after = capo_schema_indexes(new_model);
    for (const IndexSpec *spec = after; spec->name; spec++)
        if (!has_index(before, spec))
            capo_schema_run(editor, spec->sql, NULL, 0);
}

void capo_schema_change_indexes(SchemaEditor *editor, const Model *old_model, const Model *new_model)
{
    capo_schema_drop_old_indexes(editor, old_model, new_model);
    capo_schema_create_new_indexes(editor, old_model, new_model);
}

static void rename_to(SchemaEditor *editor, const char *table, const char *name, const char *new_name)
{
    const SchemaWords *words = capo_backend()->schema->words;
    const char *from = capo_quote_name(name), *to = capo_quote_name(new_name);
    capo_schema_run(editor, words->index_has_table ? capo_format(words->rename_index, capo_quote_name(table), from, to)
                                                   : capo_format(words->rename_index, from, to), NULL, 0);
}

void capo_schema_follow_column(SchemaEditor *editor, const Model *model, const IndexSpec *before)
{
    for (const IndexSpec *after = capo_schema_indexes(model); after->name; after++, before++) {
        IndexSpec there = *after;
        there.name = before->name;
        const char *name = after->kind && strcmp(after->name, before->name) ? name_now(editor, model, model->table, &there) : NULL;
        if (name)
            rename_to(editor, model->table, name, after->name);
    }
}

/* The index of the same kind over the same fields: the columns of a join table may be called otherwise. */
static const IndexSpec *counterpart(const IndexSpec *specs, const IndexSpec *from, const IndexSpec *spec)
{
    size_t number = 0;
    for (const IndexSpec *before = from; before != spec; before++)
        number += before->kind == spec->kind;
    for (; specs->name; specs++)
        if (specs->kind == spec->kind && !number--)
            return specs;
    return NULL;
}

static bool same_number(const IndexSpec *a, const IndexSpec *b)
{
    size_t counts[128] = { 0 };
    for (; a->name; a++)
        counts[(unsigned char)a->kind % 128]++;
    for (; b->name; b++)
        counts[(unsigned char)b->kind % 128]--;
    return !counts['i'] && !counts['l'] && !counts['u'];
}

/* The table is called as new_model says already. Indexes that are called after their table are called after its new name, so that another table may
 * come in its place; where an index cannot be renamed it is made anew, before the old one goes. Those with a name of their own go with the table. */
void capo_schema_rename_indexes(SchemaEditor *editor, const Model *old_model, const Model *new_model)
{
    const SchemaWords *words = capo_backend()->schema->words;
    Model moved_model = *old_model;
    moved_model.table = new_model->table;
    const IndexSpec *before = capo_schema_indexes(old_model), *moved = capo_schema_indexes(&moved_model), *after = capo_schema_indexes(new_model);
    bool paired = same_number(before, after);
    for (size_t i = 0; before[i].name; i++) {
        const IndexSpec *new = paired ? counterpart(after, before, &before[i]) : has_index(after, &moved[i]) ? &moved[i] : NULL;
        IndexSpec there = moved[i];                 /* its columns are called as they are now */
        there.name = before[i].name;
        there.columns = new ? new->columns : moved[i].columns;
        if (!before[i].kind || (new && !strcmp(before[i].name, new->name)))
            continue;
        const char *name = name_now(editor, old_model, new_model->table, &there);
        if (new && name && words && words->rename_index) {
            rename_to(editor, new_model->table, name, new->name);
            continue;
        }
        if (new)
            capo_schema_run(editor, new->sql, NULL, 0);
        if (name)
            capo_schema_run(editor, drop_of(new_model->table, &there, name), NULL, 0);
    }
    for (const IndexSpec *spec = after; spec->name && !paired; spec++)
        if (spec->kind && !has_index(moved, spec))
            capo_schema_run(editor, spec->sql, NULL, 0);
}

bool capo_schema_same_constraints(const Model *a, const Model *b)
{
    const IndexSpec *one = capo_schema_constraints(a), *other = capo_schema_constraints(b), *spec;
    size_t n_one = 0, n_other = 0;
    for (spec = one; spec->name; spec++, n_one++)
        if (!has_index(other, spec))
            return false;
    for (spec = other; spec->name; spec++)
        n_other++;
    return n_one == n_other;
}


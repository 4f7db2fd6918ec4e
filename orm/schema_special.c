/* SPDX-License-Identifier: BSD-3-Clause */
/* What PostgreSQL can do to a table without standing in the way of those who use it, and the objects that belong to no table. Elsewhere
 * the plain thing is done, or nothing. */
#include "schema.h"
#include <string.h>

static bool is_postgresql(void) { return !strcmp(capo_backend_name(), "postgresql"); }

static const IndexSpec *named(const IndexSpec *specs, const char *name)
{
    for (; specs->name; specs++)
        if (!strcmp(specs->name, name))
            return specs;
    return NULL;
}

static void refuse_transaction(const SchemaEditor *editor, const char *name)
{
    if (!editor->collects && capo_in_transaction())
        capo_raise(ERROR_NOT_SUPPORTED, "The index %s cannot be made or removed concurrently inside a transaction: write \"atomic\": false in the migration.", name);
}

/* "CREATE INDEX …" to "CREATE INDEX CONCURRENTLY …" */
static const char *concurrently(const char *sql)
{
    const char *at = strstr(sql, "INDEX ");
    return at ? capo_format("%.*sINDEX CONCURRENTLY %s", (int)(at - sql), sql, at + strlen("INDEX ")) : sql;
}

static void run_index(SchemaEditor *editor, const Model *model, const char *name, bool adds)
{
    const IndexSpec *spec = named(capo_schema_indexes(model), name);
    if (!spec)                                  /* one that this database does not have */
        return;
    const char *sql = adds ? spec->sql : spec->drop;
    if (is_postgresql()) {
        refuse_transaction(editor, name);
        sql = concurrently(sql);
    }
    capo_schema_run(editor, sql, NULL, 0);
}

void capo_schema_add_index_concurrently(SchemaEditor *editor, Model *model, const char *name) { run_index(editor, model, name, true); }
void capo_schema_remove_index_concurrently(SchemaEditor *editor, Model *model, const char *name) { run_index(editor, model, name, false); }

void capo_schema_add_constraint_not_valid(SchemaEditor *editor, Model *old_model, Model *new_model, const char *name)
{
    const IndexSpec *spec = is_postgresql() ? named(capo_schema_constraints(new_model), name) : NULL;
    if (!is_postgresql()) {
        capo_schema_alter_meta(editor, old_model, new_model);
        return;
    }
    if (!spec || !strstr(spec->sql, " CHECK ("))
        capo_raise(ERROR_VALUE, "The constraint %s of %s cannot be added NOT VALID: it is no check.", name, new_model->label);
    capo_schema_run(editor, capo_format("ALTER TABLE %s ADD %s NOT VALID", capo_quote_name(new_model->table), spec->sql), NULL, 0);
}

void capo_schema_validate_constraint(SchemaEditor *editor, Model *model, const char *name)
{
    if (is_postgresql())
        capo_schema_run(editor, capo_format("ALTER TABLE %s VALIDATE CONSTRAINT %s", capo_quote_name(model->table), capo_quote_name(name)), NULL, 0);
}

void capo_schema_extension(SchemaEditor *editor, const char *name, bool creates)
{
    if (is_postgresql())
        capo_schema_run(editor, capo_format(creates ? "CREATE EXTENSION IF NOT EXISTS %s" : "DROP EXTENSION IF EXISTS %s", capo_quote_name(name)), NULL, 0);
}

void capo_schema_collation(SchemaEditor *editor, const char *name, const char *locale, const char *provider, bool not_deterministic)
{
    Buffer sql = { 0 };
    if (!is_postgresql())
        return;
    if (!locale) {
        capo_schema_run(editor, capo_format("DROP COLLATION %s", capo_quote_name(name)), NULL, 0);
        return;
    }
    bool known = !provider || !strcmp(provider, "libc") || !strcmp(provider, "icu");
    if (!known)
        capo_raise(ERROR_VALUE, "The collation %s has the provider \"%s\"; it may be \"libc\" or \"icu\".", name, provider);
    capo_put_format(&sql, "CREATE COLLATION %s (locale=", capo_quote_name(name));
    capo_put_literal(&sql, capo_value_text(locale));
    capo_put_format(&sql, ", provider=%s%s)", provider ? provider : "libc", not_deterministic ? ", deterministic=false" : "");
    capo_schema_run(editor, capo_buffer_text(&sql), NULL, 0);
}

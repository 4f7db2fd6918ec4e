/* SPDX-License-Identifier: BSD-3-Clause */
/* Which migrations are applied: the table django_migrations, column for column Django's. Beside it stands a table of ours with the
 * checksum of what each file said when it was applied, so that an edited history can be told. */
#include "migration.h"
#include "journal.h"
#include <string.h>

static const FieldRow applied_rows[] = {
    { .name = "id", .kind = FIELD_BIG_AUTO },
    { .name = "app", .kind = FIELD_CHAR, .options.text = { .max_length = 255 } },
    { .name = "name", .kind = FIELD_CHAR, .options.text = { .max_length = 255 } },
    { .name = "applied", .kind = FIELD_DATETIME },
    { .name = "Meta", .kind = FIELD_META, .options.meta = { .db_table = "django_migrations" } },
    { 0 }
};
static const FieldRow checksum_rows[] = {
    { .name = "id", .kind = FIELD_BIG_AUTO },
    { .name = "app", .kind = FIELD_CHAR, .options.text = { .max_length = 255 } },
    { .name = "name", .kind = FIELD_CHAR, .options.text = { .max_length = 255 } },
    { .name = "checksum", .kind = FIELD_CHAR, .options.text = { .max_length = 64 } },
    { .name = "Meta", .kind = FIELD_META, .options.meta = { .db_table = "capo_migration_checksums" } },
    { 0 }
};

static bool is_prepared(void)
{
    return capo_schema_has_table("django_migrations") && capo_schema_has_table("capo_migration_checksums")
        && (capo_schema_has_transactions() || capo_schema_has_table("capo_migration_journal"));
}

void recorder_make_table(const char *table, const char *name, const FieldRow *rows)
{
    if (capo_schema_has_table(table))
        return;
    Model *model = capo_alloc_struct(Model);
    *model = (Model){ .name = name, .app = "migrations", .rows = rows };
    capo_models_resolve(&model, 1);
    SchemaEditor *editor = capo_schema_open(false);
    capo_schema_create_model(editor, model);
    capo_schema_close(editor);
}

/* Another run may do the same at the moment: it is asked again inside the transaction. */
void recorder_prepare(void)
{
    if (is_prepared())
        return;
    capo_begin();
    recorder_make_table("django_migrations", "Migration", applied_rows);
    recorder_make_table("capo_migration_checksums", "MigrationChecksum", checksum_rows);
    journal_prepare();
    capo_commit();
}

static const char *text_in(const Map *row, const char *column)
{
    Value *value = capo_map_get(row, column);
    return value ? capo_to_text(*value) : "";
}

static DateTime moment_in(const Map *row, const char *column)
{
    Value *value = capo_map_get(row, column);
    DateTime moment = { 0 };
    if (value && value->kind == VALUE_DATETIME)
        return value->datetime;
    if (value)
        capo_parse_datetime(capo_to_text(*value), capo_time_zone("UTC"), &moment);
    return moment;
}

Map *recorder_applied(void)
{
    Map *applied = capo_map_new();
    if (!capo_schema_has_table("django_migrations"))
        return applied;
    List *rows = capo_sql_rows("SELECT app, name, applied FROM django_migrations ORDER BY id");
    for (size_t i = 0; i < rows->count; i++) {
        const Map *row = rows->items[i].map;
        capo_map_set(applied, capo_format("%s.%s", text_in(row, "app"), text_in(row, "name")), capo_value_datetime(moment_in(row, "applied")));
    }
    return applied;
}

Map *recorder_checksums(void)
{
    Map *checksums = capo_map_new();
    if (!capo_schema_has_table("capo_migration_checksums"))
        return checksums;
    List *rows = capo_sql_rows("SELECT app, name, checksum FROM capo_migration_checksums");
    for (size_t i = 0; i < rows->count; i++) {
        const Map *row = rows->items[i].map;
        capo_map_set(checksums, capo_format("%s.%s", text_in(row, "app"), text_in(row, "name")), capo_value_text(text_in(row, "checksum")));
    }
    return checksums;
}

void recorder_add_replaced(const MigrationKey *key)
{
    capo_sql_run("INSERT INTO django_migrations (app, name, applied) VALUES (?, ?, ?)", key->app, key->name, capo_now());
}

void recorder_add(const Migration *migration)
{
    recorder_add_replaced(&(MigrationKey){ migration->app, migration->name });
    capo_sql_run("DELETE FROM capo_migration_checksums WHERE app = ? AND name = ?", migration->app, migration->name);
    capo_sql_run("INSERT INTO capo_migration_checksums (app, name, checksum) VALUES (?, ?, ?)", migration->app, migration->name,
                 migration_checksum(migration));
}

void recorder_remove(const char *app, const char *name)
{
    capo_sql_run("DELETE FROM django_migrations WHERE app = ? AND name = ?", app, name);
    capo_sql_run("DELETE FROM capo_migration_checksums WHERE app = ? AND name = ?", app, name);
}

int recorder_count(const char *app, const char *name)
{
    List *rows = capo_sql_rows("SELECT COUNT(*) AS n FROM django_migrations WHERE app = ? AND name = ?", app, name);
    int64_t count = 0;
    Value *value = rows->count ? capo_map_get(rows->items[0].map, "n") : NULL;
    return value && capo_to_int(*value, &count) ? (int)count : 0;
}

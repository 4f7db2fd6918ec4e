/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of migrate, and two at once that have to wait for each other; inspectdb. */
#include "migrating.h"
#include "../orm/models.h"
#include "../../migrations/inspect.h"
#include <capo/loop.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *migrate_with(MigrateOptions options)
{
    Buffer out = { 0 };
    options.say = keep_line;
    options.self = &out;
    capo_migrate(&options);
    return capo_buffer_text(&out);
}

/* --- the lock -------------------------------------------------------------------------------------------------------------------------- */

/* Until somebody says go, by a file. */
static void take_long(MigrationModels *models)
{
    (void)models;
    for (int i = 0; i < 2000 && access(capo_format("%s/go", migrating_app.directory), F_OK); i++)
        capo_sleep(0.01);
    capo_sql_run("INSERT INTO mig_post (title, views) VALUES ('once', 1)");
}

static const MigrationFunction functions[] = { { "take_long", take_long, capo_migration_nothing }, { 0 } };

static void is_locked(void *unused)
{
    (void)unused;
    if (capo_schema_lock(0.2, 0)) {
        capo_schema_unlock();
        capo_raise(ERROR_VALUE, "the lock was free");
    }
}

static void say_go_soon(void *unused)
{
    (void)unused;
    usleep(1500000);
    capo_write_file(capo_format("%s/go", migrating_app.directory), "", 0);
}

TEST(migrate_waits_for_another_and_says_so)
{
    start_migrating();
    migrating_app.migration_functions = functions;
    file("0001_initial", NULL, POST ", {\"RunFunction\": {\"function\": \"take_long\"}}");
    int other = in_a_process(migrate_all, NULL);
    open_again();
    int not_locked = 1;
    for (int i = 0; i < 100 && not_locked; i++) {
        usleep(50000);
        not_locked = end_of_process(in_a_process(is_locked, NULL));
    }
    EXPECT_INT(not_locked, 0);
    open_again();
    int third = in_a_process(say_go_soon, NULL);
    char *said = migrate(NULL, NULL);
    EXPECT_INT(end_of_process(other), 0);
    EXPECT_INT(end_of_process(third), 0);
    EXPECT(strstr(said, "Another migrate is at work on this database; waiting for it to end.\n") == said);
    EXPECT(strstr(said, "  No migrations to apply.\n") != NULL);
    EXPECT_INT(first_number("SELECT COUNT(*) FROM mig_post"), 1);
    EXPECT(capo_schema_lock(0.2, 0));           /* free again */
    capo_schema_unlock();
}

typedef struct Held { int to_parent, to_child; } Held;

/* Another session that reads the table and does not end its transaction. */
static void hold_the_table(void *argument)
{
    const Held *held = argument;
    char byte = 'x';
    capo_begin();
    capo_sql_run("UPDATE mig_post SET views = 3");
    EXPECT_INT(write(held->to_parent, &byte, 1), 1);
    EXPECT(read(held->to_child, &byte, 1) >= 0);
    capo_rollback();
}

static void migrate_briefly(void *unused)
{
    (void)unused;
    capo_migrate(&(MigrateOptions){ .lock_timeout = 1 });
}

TEST(migrate_gives_up_after_its_lock_timeout)
{
    start_migrating();
    if (database_is("sqlite"))                  /* which waits for a writer as long as it always does */
        return;
    file("0001_initial", NULL, POST);
    migrate(NULL, NULL);
    capo_sql_run("INSERT INTO mig_post (title, views) VALUES ('a', 1)");
    file("0002_more", "0001_initial", ADD_SUBTITLE);
    int up[2], down[2];
    EXPECT(pipe(up) == 0 && pipe(down) == 0);
    Held held = { up[1], down[0] };
    int holder = in_a_process(hold_the_table, &held);
    char byte;
    EXPECT_INT(read(up[0], &byte, 1), 1);
    open_again();
    const Error *error = EXPECT_RAISES(ERROR_MIGRATION, migrate_briefly, NULL);
    EXPECT(strcasestr(error->message, "lock") != NULL);
    EXPECT_INT(write(down[1], "x", 1), 1);
    EXPECT_INT(end_of_process(holder), 0);
    for (int i = 0; i < 2; i++) {
        close(up[i]);
        close(down[i]);
    }
    migrate(NULL, NULL);
    EXPECT_TEXT(first_text("SELECT title, views, subtitle FROM mig_post"), "a1it's");
}

/* --- further options ---------------------------------------------------------------------------------------------------------------------- */

static FieldRow book_rows[] = {
    { .name = "id", .kind = FIELD_BIG_AUTO },
    { .name = "title", .kind = FIELD_CHAR, .options.text = { .max_length = 100 } },
    { .name = "Meta", .kind = FIELD_META },
    { 0 }
};
static Model book = { .name = "Book", .rows = book_rows };
static Model *const models[] = { &book, NULL };
static void migrate_all_of(void *options) { capo_migrate(options); }
static App plain_app = { .name = "migplain", .models = models };

TEST(migrate_run_syncdb_makes_tables_of_apps_without_migrations)
{
    start_migrating();
    file("0001_initial", NULL, POST);
    plain_app.directory = migrating_other;
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .apps = APPS(&migrating_app, &plain_app), .database = migrating_url });
    capo_models_prepare(capo_apps());
    migrate(NULL, NULL);
    EXPECT(!capo_schema_has_table("migplain_book"));
    EXPECT(strstr(migrate_with((MigrateOptions){ .run_syncdb = true }), "Synchronizing apps without migrations:\n    Creating table migplain_book\n") != NULL);
    EXPECT_INT(first_number("SELECT COUNT(*) FROM migplain_book"), 0);
    EXPECT(strstr(migrate_with((MigrateOptions){ .run_syncdb = true, .app = "migplain" }), "Creating") == NULL);
}

static void keep_part(void *buffer, const char *text) { capo_put(buffer, text); }

TEST(migrate_says_as_much_as_is_wanted)
{
    start_migrating();
    file("0001_initial", NULL, POST);
    EXPECT_TEXT(migrate_with((MigrateOptions){ .verbosity = -1 }), "");
    EXPECT(strstr(migrate_with((MigrateOptions){ .app = "mig", .target = "zero", .verbosity = 1 }), "  Unapplying mig.0001_initial... OK\n") != NULL);
    char *said = migrate_with((MigrateOptions){ .verbosity = 2 }), *took = strstr(said, "  Applying mig.0001_initial... OK (");
    EXPECT(took && strtod(took + strlen("  Applying mig.0001_initial... OK ("), &took) < 60 && strncmp(took, "s)\n", 3) == 0);
    EXPECT(strstr(said, "Running pre-migrate handlers for application mig\n") < took && strstr(took, "Running post-migrate handlers for application mig\n"));
    /* the line is begun before the work is */
    Buffer out = { 0 };
    file("0002_bad", "0001_initial", "{\"RunSQL\": {\"forwards\": \"SELEKT\"}}");
    MigrateOptions options = { .say = keep_line, .begin = keep_part, .self = &out };
    EXPECT(capo_try(migrate_all_of, &options) != NULL);
    EXPECT(capo_ends_with(capo_buffer_text(&out), "  Applying mig.0002_bad... "));
    unlink(capo_format("%s/migrations/0002_bad.json", migrating_directory));
    out = (Buffer){ 0 };
    migrate_all_of(&(MigrateOptions){ .app = "mig", .target = "zero", .fake = true, .say = keep_line, .begin = keep_part, .self = &out });
    EXPECT(strstr(capo_buffer_text(&out), "  Unapplying mig.0001_initial... FAKED\n") != NULL);
}

static void prune_everything(void *unused)
{
    (void)unused;
    migrate_with((MigrateOptions){ .prune = true });
}

static void prune_mig(void *unused)
{
    (void)unused;
    migrate_with((MigrateOptions){ .app = "mig", .prune = true });
}

TEST(migrate_prune_forgets_what_has_no_file)
{
    start_migrating();
    file("0001_initial", NULL, POST);
    file("0002_more", "0001_initial", ADD_SUBTITLE);
    migrate(NULL, NULL);
    EXPECT(strstr(migrate_with((MigrateOptions){ .app = "mig", .prune = true }), "  No migrations to prune.\n") != NULL);
    unlink(capo_format("%s/migrations/0002_more.json", migrating_directory));
    EXPECT_TEXT(migrate_with((MigrateOptions){ .app = "mig", .prune = true }), "Pruning migrations:\n  Pruning mig.0002_more OK\n");
    EXPECT_INT(recorder_count("mig", "0002_more"), 0);
    EXPECT_INT(recorder_count("mig", "0001_initial"), 1);
    EXPECT(strstr(EXPECT_RAISES(ERROR_COMMAND, prune_everything, NULL)->message, "only when an app is specified") != NULL);
    /* a squashed one may not be recorded everywhere yet */
    file_with(migrating_directory, "0001_squashed", "\"replaces\": [[\"mig\", \"0000_gone\"]], \"initial\": true,", "");
    unlink(capo_format("%s/migrations/0001_initial.json", migrating_directory));
    EXPECT(strstr(EXPECT_RAISES(ERROR_COMMAND, prune_mig, NULL)->message, "mig.0001_squashed has \"replaces\" still") != NULL);
}

/* --- inspectdb ------------------------------------------------------------------------------------------------------------------------------- */

TEST(inspectdb_writes_models)
{
    start_migrating();
    capo_sql_run("CREATE TABLE owner (code varchar(9) NOT NULL PRIMARY KEY, email varchar(50) NOT NULL UNIQUE)");
    capo_sql_run(capo_format("CREATE TABLE a_pet (n integer NOT NULL PRIMARY KEY, %s smallint NULL, owner_id varchar(9) NOT NULL, born date NULL, place point NULL, "
                             "weight decimal(5, 2) NOT NULL, UNIQUE (owner_id, born), FOREIGN KEY (owner_id) REFERENCES owner (code))", capo_quote_name("int")));
    List *notes = capo_list_new();
    EXPECT_TEXT(inspect_text(inspect_model("inspected", "owner", inspect_tables(true, true), notes), notes),
        "MODEL_KEY(Owner, CHAR, code, .max_length = 9)\n    CHAR(email, .max_length = 50, .unique = true)\n"
        "    META(.db_table = \"owner\", .unmanaged = true)\nEND_MODEL\n");
    EXPECT_TEXT(inspect_text(inspect_model("inspected", "a_pet", inspect_tables(true, true), notes), notes), capo_format("%s%s%s",
        "/* a_pet: column place: Capo has no kind of field for its type, point. */\n", database_is("sqlite") ? "MODEL_KEY(APet, BIG_AUTO, n)\n" : "MODEL_KEY(APet, INTEGER, n)\n",
        "    OPTIONAL(SMALL_INTEGER, int_field, .db_column = \"int\")\n    FOREIGN_KEY(owner, Owner, .on_delete = DO_NOTHING)\n    OPTIONAL(DATE, born)\n"
        "    DECIMAL(weight, .max_digits = 5, .decimal_places = 2)\n"
        "    META(.db_table = \"a_pet\", .unmanaged = true, .unique_together = UNIQUE_TOGETHER(LIST(\"owner\", \"born\")))\nEND_MODEL\n"));
    capo_sql_run("CREATE VIEW seen AS SELECT code FROM owner");
    EXPECT_INT(inspect_tables(false, false)->count, 2);
    EXPECT_TEXT(capo_to_text(capo_value_list(inspect_tables(true, true))), "['a_pet', 'owner', 'seen']");
}

TEST(inspectdb_takes_any_names)
{
    start_migrating();
    if (!database_is("sqlite"))
        return;                         /* the others have no columns without a name */
    capo_sql_run("CREATE TABLE capo (capo integer PRIMARY KEY, \"pk\" varchar(99999999999), \"\" integer, \"a-b\" integer, a_b integer)");
    List *notes = capo_list_new();
    EXPECT_TEXT(inspect_text(inspect_model("inspected", "capo", inspect_tables(true, true), notes), notes),
        "/* capo: a column without a name is left out. */\nMODEL_KEY(Capo, BIG_AUTO, capo_field, .db_column = \"capo\")\n"
        "    OPTIONAL(CHAR, pk_field, .max_length = 2147483647, .db_column = \"pk\")\n    OPTIONAL(INTEGER, a_b, .db_column = \"a-b\")\n"
        "    OPTIONAL(INTEGER, a_b_2, .db_column = \"a_b\")\n    META(.db_table = \"capo\", .unmanaged = true)\nEND_MODEL\n");
}

static const char *columns_text(const char *table)
{
    Buffer text = { 0 };
    const char *line;
    for (char *rest = capo_schema_describe(table); (line = strsep(&rest, "\n"));)
        if (capo_starts_with(line, "column ")) {
            const char *fixed = strstr(line, " char(");     /* texts of a fixed length become CHAR */
            capo_put_format(&text, "%.*s%s\n", fixed ? (int)(fixed - line) : (int)strlen(line), line, fixed ? capo_format(" varchar(%s", fixed + 6) : "");
        }
    return capo_buffer_text(&text);
}

/* The models of what is there make the same columns. */
TEST(inspectdb_comes_round)
{
    capo_test_database();
    List *tables = inspect_tables(false, false);
    ProjectState *state = state_new();
    Map *wanted = capo_map_new();
    EXPECT(tables->count > 8);
    for (size_t i = 0; i < tables->count; i++) {
        const char *table = capo_to_text(tables->items[i]);
        List *notes = capo_list_new();
        ModelState *model = inspect_model("inspected", table, tables, notes);
        for (size_t n = 0; n < notes->count; n++)
            EXPECT(strstr(capo_to_text(notes->items[n]), "a guess") != NULL);
        state_put(state, model_state_new("inspected", model->name, model->fields, model->n_fields, map_without(model->options, "managed")));
        capo_map_set(wanted, table, VALUE(columns_text(table)));
    }
    open_empty_database();
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; i < state->count; i++)
        capo_schema_create_model(editor, state_model(state, "inspected", state->models[i]->name));
    capo_schema_close(editor);
    for (size_t i = 0; i < tables->count; i++)
        EXPECT_TEXT(columns_text(capo_to_text(tables->items[i])), capo_to_text(*capo_map_get(wanted, capo_to_text(tables->items[i]))));
}

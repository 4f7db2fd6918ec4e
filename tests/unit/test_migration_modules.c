/* SPDX-License-Identifier: BSD-3-Clause */
/* .migration_modules: migrations of an app in another folder, or switched off; and the file that makes two branches a conflict, with git itself. */
#include "migrating.h"
#include <capo/web.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const FieldRow tag_rows[] = {
    { .name = "id", .kind = FIELD_BIG_AUTO },
    { .name = "name", .kind = FIELD_CHAR, .options.text = { .max_length = 40 } },
    { .name = "Meta", .kind = FIELD_META },
    { 0 }
};
static Model tag = { .name = "Tag", .rows = tag_rows };
static Model *const tag_models[] = { &tag, NULL };
static const FieldRow note_rows[] = {
    { .name = "id", .kind = FIELD_BIG_AUTO },
    { .name = "tag", .kind = FIELD_FOREIGN_KEY, .target = &tag, .options.relation = { .on_delete = CASCADE } },
    { .name = "Meta", .kind = FIELD_META },
    { 0 }
};
static Model note = { .name = "Note", .rows = note_rows };
static Model *const note_models[] = { &note, NULL };

static char *say_of(Buffer *out) { return capo_buffer_text(out); }

static App tags_app = { .name = "modtags", .directory = migrating_other, .models = tag_models };
static App notes_app = { .name = "modnotes", .directory = migrating_directory, .models = note_models };

static void site(const MigrationModule *modules)
{
    start_migrating();
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .apps = APPS(&tags_app, &notes_app), .database = migrating_url,
                                    .migration_modules = modules });
    capo_models_prepare(capo_apps());
}

static char *make(MakeOptions options)
{
    Buffer out = { 0 };
    options.say = keep_line;
    options.self = &out;
    int count = capo_make_migrations(&options);
    capo_put_format(&out, "%d", count);
    return say_of(&out);
}

static void make_switched_off(void *app) { make((MakeOptions){ .apps = LIST(app) }); }
static void make_empty_switched_off(void *app) { make((MakeOptions){ .apps = LIST(app), .empty = true }); }

TEST(migrations_live_in_another_folder)
{
    const char *folder = capo_format("/tmp/capo-modules-%d/deep/tags", (int)getpid());
    site(MIGRATION_MODULES({ "modtags", folder }));
    EXPECT_TEXT(make((MakeOptions){ 0 }), capo_format("Migrations for 'modtags':\n  %s/0001_initial.json\n    + Create model Tag\nMigrations for 'modnotes':\n"
                                                      "  %s/migrations/0001_initial.json\n    + Create model Note\n2", folder, migrating_directory));
    EXPECT_INT(access(capo_format("%s/0001_initial.json", folder), F_OK), 0);
    EXPECT(access(capo_format("%s/migrations/0001_initial.json", migrating_other), F_OK) != 0);
    EXPECT(strstr(migrate(NULL, NULL), "Applying modtags.0001_initial... OK") != NULL);
    EXPECT(capo_schema_has_table("modtags_tag") && capo_schema_has_table("modnotes_note"));
    EXPECT_TEXT(make((MakeOptions){ .check = true }), "0");
    /* in the program of a release it is found there too */
    static EmbeddedFile inside[] = { { "moved/0001_initial.json", "{\"operations\": []}", 18 }, { 0 } };
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .apps = APPS(&tags_app), .files = inside,
                                    .migration_modules = MIGRATION_MODULES({ "modtags", "moved" }) });
    EXPECT_TEXT(capo_list_files("migrations", &tags_app)[0], "0001_initial.json");
    EXPECT(capo_find_app_file(&tags_app, "migrations", "0001_initial.json") != NULL);
    EXPECT_INT(system(capo_format("rm -r /tmp/capo-modules-%d", (int)getpid())), 0);
}

TEST(migrations_are_switched_off)
{
    site(MIGRATION_MODULES({ "modtags", NULL }));
    file_with(migrating_other, "0001_initial", "\"initial\": true,", "{\"CreateModel\": {\"name\": \"Wrong\", \"fields\": {" ID "}}}");
    EXPECT(strstr(EXPECT_RAISES(ERROR_COMMAND, make_switched_off, "modtags")->message, "The app modtags has its migrations switched off") != NULL);
    EXPECT_RAISES(ERROR_COMMAND, make_empty_switched_off, "modtags");
    /* another app's migration refers to its model, and depends on nothing of it */
    EXPECT(strstr(make((MakeOptions){ 0 }), "Create model Note\n1") != NULL);
    const SourceFile *made = capo_find_app_file(&notes_app, "migrations", "0001_initial.json");
    EXPECT(made && strstr(made->text, "modtags.Tag") && !strstr(made->text, "[\"modtags\""));
    Buffer out = { 0 };
    capo_migrate(&(MigrateOptions){ .run_syncdb = true, .say = keep_line, .self = &out });
    EXPECT(strstr(say_of(&out), "    Creating table modtags_tag\n") && strstr(say_of(&out), "Applying modnotes.0001_initial... OK"));
    EXPECT(!capo_schema_has_table("modtags_wrong"));
    capo_sql_run("INSERT INTO modtags_tag (name) VALUES ('t')");
    capo_sql_run("INSERT INTO modnotes_note (tag_id) VALUES (1)");
    EXPECT_INT(first_number("SELECT COUNT(*) FROM modnotes_note"), 1);
    /* what files of others say of its migrations is passed over; operations on what refers to it work */
    file_with(migrating_directory, "0002_more", "\"dependencies\": [[\"modnotes\", \"0001_initial\"], [\"modtags\", \"0007_gone\"]],",
              "{\"AddField\": {\"model\": \"Note\", \"name\": \"other\", \"field\": {\"kind\": \"ForeignKey\", \"to\": \"modtags.Tag\", \"on_delete\": \"CASCADE\", "
              "\"null\": true, \"related_name\": \"+\"}}}");
    EXPECT(strstr(migrate(NULL, NULL), "Applying modnotes.0002_more... OK") != NULL);
    EXPECT(strstr(capo_sql_migrate("modnotes", "0002", false), "modtags_tag") != NULL);
    EXPECT_INT(capo_schema_columns("modnotes_note")->count, 3);
    expect_sound_keys();
}

/* --- --update --------------------------------------------------------------------------------------------------------------------------------- */

#define TAG_FIELD "\"tag\": {\"kind\": \"ForeignKey\", \"to\": \"modtags.Tag\", \"on_delete\": \"CASCADE\"}"
#define NUMBER(name) ", \"" name "\": {\"kind\": \"IntegerField\", \"default\": 0}"

static void update_all(void *unused)
{
    (void)unused;
    make((MakeOptions){ .update = true });
}

static void keep_path(void *buffer, const char *path) { capo_put_format(buffer, "wrote %s\n", strrchr(path, '/') + 1); }

static void start_updating(void)
{
    site(NULL);
    file_with(migrating_other, "0001_initial", "\"initial\": true,", "{\"CreateModel\": {\"name\": \"Tag\", \"fields\": {" ID ", \"name\": {\"kind\": \"CharField\", \"max_length\": 40}}}}");
    file_with(migrating_directory, "0001_initial", "\"initial\": true, \"dependencies\": [[\"modtags\", \"0001_initial\"]],",
              "{\"CreateModel\": {\"name\": \"Note\", \"fields\": {" ID ", " TAG_FIELD NUMBER("extra") NUMBER("more") "}}}");
}

static void update_named(void *unused)
{
    (void)unused;
    make((MakeOptions){ .update = true, .name = "named" });
}

/* Two apps, and there is something in the way of the second one's file. */
TEST(makemigrations_updates_all_or_none)
{
    start_updating();
    file_with(migrating_other, "0002_more", "\"dependencies\": [[\"modtags\", \"0001_initial\"]],",
              "{\"AddField\": {\"model\": \"Tag\", \"name\": \"extra\", \"field\": {\"kind\": \"IntegerField\", \"default\": 0}}}, {\"RunSQL\": {\"forwards\": \"SELECT 1\"}}");
    const char *obstacle = capo_format("%s/migrations/0001_named.json", migrating_directory);
    EXPECT_INT(mkdir(obstacle, 0700), 0);
    EXPECT(strstr(EXPECT_RAISES(ERROR_COMMAND, update_named, NULL)->message, "Nothing was written.") != NULL);
    EXPECT(access(capo_format("%s/migrations/0002_named.json", migrating_other), F_OK) != 0);
    EXPECT_INT(rmdir(obstacle), 0);
    EXPECT(strstr(make((MakeOptions){ .update = true }), "\n2") != NULL);
}

TEST(makemigrations_updates_the_last_migration)
{
    start_updating();
    file_with(migrating_directory, "0002_remove_note_extra", "\"dependencies\": [[\"modnotes\", \"0001_initial\"]],",
              "{\"RemoveField\": {\"model\": \"Note\", \"name\": \"extra\"}}");
    const char *dry = make((MakeOptions){ .update = true, .dry_run = true });
    EXPECT(strstr(dry, "0002_remove_note_extra_remove_note_more.json\n    - Remove field extra from note\n    - Remove field more from note\n1") != NULL);
    EXPECT(capo_find_app_file(&notes_app, "migrations", "0002_remove_note_extra.json") != NULL);
    Buffer out = { 0 };
    capo_make_migrations(&(MakeOptions){ .update = true, .wrote = keep_path, .self = &out });
    EXPECT_TEXT(say_of(&out), "wrote 0002_remove_note_extra_remove_note_more.json\n");
    EXPECT(!capo_find_app_file(&notes_app, "migrations", "0002_remove_note_extra.json"));
    EXPECT_TEXT(make((MakeOptions){ .check = true }), "0");
    EXPECT_TEXT(make((MakeOptions){ .update = true }), "0");
    migrate(NULL, NULL);
    EXPECT_INT(capo_schema_columns("modnotes_note")->count, 2);
    EXPECT_TEXT(capo_strip(capo_strdup(capo_find_app_file(&notes_app, "migrations", "max_migration.txt")->text)), "0002_remove_note_extra_remove_note_more");
    /* the first one, whose name says nothing; the removed fields were never there */
    start_updating();
    EXPECT(strstr(make((MakeOptions){ .update = true }), "0001_initial_updated.json\n    + Create model Note\n1") != NULL);
    const SourceFile *updated = capo_find_app_file(&notes_app, "migrations", "0001_initial_updated.json");
    EXPECT(updated && !strstr(updated->text, "more") && strstr(updated->text, "[\"modtags\", \"0001_initial\"]"));
    /* not what others have already */
    start_updating();
    migrate(NULL, NULL);
    EXPECT(strstr(EXPECT_RAISES(ERROR_COMMAND, update_all, NULL)->message, "Cannot update applied migration 'modnotes.0001_initial'.") != NULL);
    start_updating();
    file_with(migrating_other, "0002_after", "\"dependencies\": [[\"modtags\", \"0001_initial\"], [\"modnotes\", \"0001_initial\"]],", "");
    EXPECT(strstr(EXPECT_RAISES(ERROR_COMMAND, update_all, NULL)->message, "Cannot update migration 'modnotes.0001_initial' that migration 'modtags.0002_after' depends on.") != NULL);
    start_updating();
    file_with(migrating_directory, "0001_initial", "\"initial\": true, \"replaces\": [[\"modnotes\", \"0000_gone\"]], \"dependencies\": [[\"modtags\", \"0001_initial\"]],",
              "{\"CreateModel\": {\"name\": \"Note\", \"fields\": {" ID ", " TAG_FIELD NUMBER("more") "}}}");
    EXPECT(strstr(EXPECT_RAISES(ERROR_COMMAND, update_all, NULL)->message, "Cannot update squash migration") != NULL);
    site(NULL);
    EXPECT(strstr(EXPECT_RAISES(ERROR_COMMAND, update_all, NULL)->message, "has no migration, cannot update last migration.") != NULL);
}

/* --- two branches ------------------------------------------------------------------------------------------------------------------------------ */

static int git(const char *words)
{
    int status = system(capo_format("cd %s && git -c user.name=t -c user.email=t@example.com -c init.defaultBranch=main %s >git.log 2>&1", migrating_directory, words));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char *newest(void)
{
    const SourceFile *file = capo_find_app_file(&migrating_app, "migrations", "max_migration.txt");
    return file ? capo_strndup(file->text, file->size) : "(none)";
}

static void migrate_any(void *unused)
{
    migrate_all(unused);
}

TEST(two_branches_are_a_conflict_of_a_file)
{
    static const char *const mig[] = { "mig", NULL };
    start_migrating();
    file("0001_initial", NULL, "");
    EXPECT_INT(git("init"), 0);
    EXPECT_TEXT(newest(), "(none)");
    make((MakeOptions){ .apps = mig, .empty = true, .name = "start" });
    EXPECT_TEXT(newest(), "0002_start\n");
    EXPECT_INT(git("add migrations") || git("commit -m start") || git("checkout -b left"), 0);
    make((MakeOptions){ .apps = mig, .empty = true, .name = "left" });
    EXPECT_INT(git("add migrations") || git("commit -m left") || git("checkout main") || git("checkout -b right"), 0);
    EXPECT_TEXT(newest(), "0002_start\n");
    make((MakeOptions){ .apps = mig, .empty = true, .name = "right" });
    EXPECT_INT(git("add migrations") || git("commit -m right"), 0);
    EXPECT_INT(git("merge left"), 1);                           /* whoever merges is told */
    EXPECT(strstr(newest(), "<<<<<<<") && strstr(newest(), "0003_left") && strstr(newest(), "0003_right"));
    EXPECT(strstr(EXPECT_RAISES(ERROR_COMMAND, migrate_any, NULL)->message, "'makemigrations --merge' joins them") != NULL);
    EXPECT(strstr(make((MakeOptions){ .merge = true }), "0004_merge_0003_left_0003_right.json\n1") != NULL);
    EXPECT_TEXT(newest(), "0004_merge_0003_left_0003_right\n");
    EXPECT_INT(git("add migrations") || git("commit -m merged"), 0);
    EXPECT_TEXT(make((MakeOptions){ .check = true }), "0");
    EXPECT(strstr(migrate(NULL, NULL), "Applying mig.0004_merge_0003_left_0003_right... OK") != NULL);
    /* one that was taken away: --check says so, the next makemigrations mends it */
    unlink(capo_format("%s/migrations/0004_merge_0003_left_0003_right.json", migrating_directory));
    unlink(capo_format("%s/migrations/0003_left.json", migrating_directory));
    const char *said = make((MakeOptions){ .check = true });
    EXPECT(strstr(said, "max_migration.txt does not say that 0003_right is the newest migration; makemigrations writes it anew.\n1") != NULL);
    make((MakeOptions){ .dry_run = true });
    EXPECT_TEXT(newest(), "0004_merge_0003_left_0003_right\n");
    make((MakeOptions){ 0 });
    EXPECT_TEXT(newest(), "0003_right\n");
    /* a squashed one is the newest then */
    capo_squash_migrations(&(SquashOptions){ .app = "mig", .last = "0003", .say = keep_line, .self = &(Buffer){ 0 } });
    EXPECT_TEXT(newest(), "0001_squashed_0003_right\n");
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Operations that become one, move over each other or stand in the way; squashed migrations, also such as are partly applied. */
#include "migrating.h"
#include <string.h>
#include <unistd.h>

#define FIELD(name) "{\"AddField\": {\"model\": \"Post\", \"name\": \"" name "\", \"field\": {\"kind\": \"IntegerField\", \"default\": 0}}}"
#define MODEL(name) "{\"CreateModel\": {\"name\": \"" name "\", \"fields\": {" ID "}}}"
#define KEY(model, to) "{\"AddField\": {\"model\": \"" model "\", \"name\": \"key\", \"field\": {\"kind\": \"ForeignKey\", \"to\": \"mig." to "\", \"on_delete\": \"CASCADE\"}}}"

/* What the operations are called after optimizing, one a line. */
static char *optimized(const char *operations)
{
    const char *text = capo_format("{\"dependencies\": [], \"operations\": [%s]}", operations);
    Migration *migration = migration_parse("mig", "0001_x", "0001_x.json", text, strlen(text));
    Buffer names = { 0 };
    size_t count;
    Operation **list = operations_optimized(migration->operations, migration->n_operations, "mig", &count);
    for (size_t i = 0; i < count; i++)
        capo_put_format(&names, "%s%s\n", operation_describe(list[i]), list[i]->kind == CREATE_MODEL ? capo_format(" (%zu)", list[i]->n_fields) : "");
    /* whatever it does, the state is the same */
    ProjectState *before = migration_state(migration, state_new()), *after;
    Migration shorter = *migration;
    shorter.operations = list;
    shorter.n_operations = count;
    after = migration_state(&shorter, state_new());
    EXPECT_INT(after->count, before->count);
    for (size_t i = 0; i < before->count; i++) {
        const ModelState *one = before->models[i], *other = state_find(after, one->app, one->name);
        EXPECT(other && other->n_fields == one->n_fields && capo_equal(capo_value_map(one->options), capo_value_map(other->options)));
        for (size_t f = 0; f < one->n_fields; f++)
            EXPECT(field_state_equal(one->fields[f], model_state_field(other, one->fields[f]->name)));
    }
    return capo_buffer_text(&names);
}

TEST(optimizer_joins_what_is_said_of_a_created_model)
{
    EXPECT_TEXT(optimized(POST "," FIELD("n")), "Create model Post (4)\n");
    EXPECT_TEXT(optimized(POST ",{\"RemoveField\": {\"model\": \"post\", \"name\": \"views\"}}"), "Create model Post (2)\n");
    EXPECT_TEXT(optimized(POST ",{\"RenameField\": {\"model\": \"Post\", \"old_name\": \"views\", \"new_name\": \"seen\"}}"), "Create model Post (3)\n");
    EXPECT_TEXT(optimized(POST ",{\"AlterField\": {\"model\": \"Post\", \"name\": \"views\", \"field\": {\"kind\": \"BigIntegerField\"}}}"), "Create model Post (3)\n");
    EXPECT_TEXT(optimized(POST ",{\"AddIndex\": {\"model\": \"Post\", \"name\": \"i\", \"fields\": [\"views\"]}}, {\"RenameIndex\": {\"model\": \"Post\", \"old_name\": \"i\", \"new_name\": \"j\"}}"),
                "Create model Post (3)\n");
    EXPECT_TEXT(optimized(POST ",{\"AlterUniqueTogether\": {\"model\": \"Post\", \"unique_together\": [[\"title\", \"views\"]]}}"), "Create model Post (3)\n");
    EXPECT_TEXT(optimized(POST ",{\"RenameModel\": {\"old_name\": \"Post\", \"new_name\": \"Note\"}}"), "Create model Note (3)\n");
    EXPECT_TEXT(optimized(POST "," FIELD("a") "," FIELD("b") "," FIELD("c") "," FIELD("d") "," FIELD("e") "," FIELD("f") "," FIELD("g") "," FIELD("h")), "Create model Post (11)\n");
    EXPECT_TEXT(optimized(POST "," FIELD("n") ",{\"DeleteModel\": {\"name\": \"Post\"}}"), "");
    EXPECT_TEXT(optimized(POST ",{\"AlterModelTable\": {\"model\": \"Post\", \"table\": \"p\"}}"), "Create model Post (3)\n");
    EXPECT_TEXT(optimized(POST ",{\"AlterModelTableComment\": {\"model\": \"Post\", \"comment\": \"all\"}}"), "Create model Post (3)\n");
}

/* Django's takes it through, and the relation leads nowhere. */
TEST(optimizer_leaves_renames_behind_what_has_the_old_name)
{
    EXPECT_TEXT(optimized(POST "," COMMENT ",{\"RenameModel\": {\"old_name\": \"Post\", \"new_name\": \"Note\"}},{\"RemoveField\": {\"model\": \"Comment\", \"name\": \"text\"}}"),
                "Create model Post (3)\nCreate model Comment (2)\nRename model Post to Note\n");
    EXPECT_TEXT(optimized(POST "," COMMENT ",{\"RenameModel\": {\"old_name\": \"Post\", \"new_name\": \"Note\"}}"),
                "Create model Post (3)\nCreate model Comment (3)\nRename model Post to Note\n");
    const char *by_code = "{\"AddField\": {\"model\": \"Post\", \"name\": \"code\", \"field\": {\"kind\": \"IntegerField\", \"unique\": true}}},{\"CreateModel\": {\"name\": \"Vote\", \"fields\": {" ID
        ", \"post\": {\"kind\": \"ForeignKey\", \"to\": \"mig.Post\", \"to_field\": \"code\", \"on_delete\": \"CASCADE\"}}}}";
    EXPECT_TEXT(optimized(capo_format("%s,%s,%s", POST, by_code, "{\"RenameField\": {\"model\": \"Post\", \"old_name\": \"code\", \"new_name\": \"kode\"}}")),
                "Create model Post (4)\nCreate model Vote (2)\nRename field code on post to kode\n");
}

#define CHANGE(kind, of, old, new) "{\"" kind "\": {" of "\"old_name\": \"" old "\", \"new_name\": \"" new "\"}}"
#define OF_POST "\"model\": \"Post\", "

TEST(optimizer_takes_renames_there_and_back_away)
{
    const char *post = POST ",{\"RunSQL\": {\"forwards\": \"SELECT 1\"}},";
    EXPECT_TEXT(optimized(capo_format("%s%s,%s", post, CHANGE("RenameField", OF_POST, "views", "seen"), CHANGE("RenameField", OF_POST, "seen", "views"))),
                "Create model Post (3)\nRaw SQL operation\n");
    EXPECT_TEXT(optimized(capo_format("%s%s,%s", post, CHANGE("RenameModel", "", "Post", "Note"), CHANGE("RenameModel", "", "Note", "Post"))),
                "Create model Post (3)\nRaw SQL operation\n");
    EXPECT_TEXT(optimized(capo_format("%s%s,%s", POST ",{\"AddIndex\": {\"model\": \"Post\", \"name\": \"i\", \"fields\": [\"views\"]}},{\"RunSQL\": {\"forwards\": \"SELECT 1\"}},",
                                      CHANGE("RenameIndex", OF_POST, "i", "j"), CHANGE("RenameIndex", OF_POST, "j", "i"))), "Create model Post (3)\nRaw SQL operation\n");
}

TEST(optimizer_moves_over_what_does_not_concern_it)
{
    EXPECT_TEXT(optimized(POST "," MODEL("Tag") "," FIELD("n")), "Create model Tag (1)\nCreate model Post (4)\n");
    /* a key to what comes later: the model moves behind it */
    EXPECT_TEXT(optimized(MODEL("A") "," MODEL("B") "," KEY("A", "B")), "Create model B (1)\nCreate model A (2)\n");
    /* what refers to it is a barrier, unless that can move too */
    EXPECT_TEXT(optimized(POST "," COMMENT "," FIELD("n")), "Create model Post (4)\nCreate model Comment (3)\n");
    EXPECT_TEXT(optimized(MODEL("A") "," MODEL("B") "," KEY("B", "A") "," KEY("A", "B")), "Create model A (1)\nCreate model B (2)\nAdd field key to a\n");
    EXPECT_TEXT(optimized(POST ",{\"RunSQL\": {\"forwards\": \"SELECT 1\"}}," FIELD("n")), "Create model Post (3)\nRaw SQL operation\nAdd field n to post\n");
    EXPECT_TEXT(optimized(POST ",{\"RunSQL\": {\"forwards\": \"SELECT 1\", \"elidable\": true}}," FIELD("n")), "Create model Post (4)\n");
}

#define PROXY "{\"CreateModel\": {\"name\": \"Draft\", \"fields\": {}, \"options\": {\"proxy\": true, \"bases\": [\"mig.Post\"]}}}"

TEST(optimizer_keeps_a_proxy_behind_its_model)
{
    EXPECT_TEXT(optimized(POST "," PROXY "," FIELD("n")), "Create model Post (4)\nCreate model Draft (0)\n");
    EXPECT_TEXT(optimized(POST "," PROXY ",{\"RemoveField\": {\"model\": \"Post\", \"name\": \"views\"}}"), "Create model Post (2)\nCreate model Draft (0)\n");
}

TEST(optimizer_joins_operations_on_fields)
{
#define ALTER(kind) "{\"AlterField\": {\"model\": \"Post\", \"name\": \"n\", \"field\": {\"kind\": \"" kind "\"}}}"
#define RENAME(a, b) "{\"RenameField\": {\"model\": \"Post\", \"old_name\": \"" a "\", \"new_name\": \"" b "\"}}"
#define REMOVE(a) "{\"RemoveField\": {\"model\": \"Post\", \"name\": \"" a "\"}}"
#define BARRIER POST ",{\"RunSQL\": {\"forwards\": \"SELECT 1\"}},"
#define KEPT "Create model Post (3)\nRaw SQL operation\n"
    EXPECT_TEXT(optimized(BARRIER FIELD("n") "," ALTER("TextField")), KEPT "Add field n to post\n");
    EXPECT_TEXT(optimized(BARRIER FIELD("n") "," RENAME("n", "m")), KEPT "Add field m to post\n");
    EXPECT_TEXT(optimized(BARRIER FIELD("n") "," REMOVE("n")), KEPT);
    EXPECT_TEXT(optimized(BARRIER FIELD("n") "," FIELD("m") "," REMOVE("n")), KEPT "Add field m to post\n");
    EXPECT_TEXT(optimized(BARRIER RENAME("views", "a") "," RENAME("a", "b")), KEPT "Rename field views on post to b\n");
    EXPECT_TEXT(optimized(BARRIER RENAME("views", "n") "," ALTER("TextField") "," ALTER("BigIntegerField")), KEPT "Rename field views on post to n\nAlter field n on post\n");
    EXPECT_TEXT(optimized(BARRIER REMOVE("views") ",{\"DeleteModel\": {\"name\": \"Post\"}}"), KEPT "Delete model Post\n");
    EXPECT_TEXT(optimized(BARRIER "{\"AddIndex\": {\"model\": \"Post\", \"name\": \"i\", \"fields\": [\"views\"]}}, {\"RemoveIndex\": {\"model\": \"Post\", \"name\": \"i\"}}"), KEPT);
    EXPECT_TEXT(optimized(BARRIER "{\"RenameModel\": {\"old_name\": \"Post\", \"new_name\": \"A\"}}, {\"RenameModel\": {\"old_name\": \"A\", \"new_name\": \"B\"}}"),
                KEPT "Rename model Post to B\n");
}

/* --- squashing -------------------------------------------------------------------------------------------------------------------------- */

static char *squash(SquashOptions options)
{
    Buffer out = { 0 };
    options.say = keep_line;
    options.self = &out;
    options.app = "mig";
    capo_squash_migrations(&options);
    return capo_buffer_text(&out);
}

static void squash_all(void *last) { squash((SquashOptions){ .last = last }); }

static void three_migrations(void)
{
    start_migrating();
    file("0001_initial", NULL, POST "," COMMENT);
    file("0002_more", "0001_initial", ADD_SUBTITLE "," FIELD("n"));
    file("0003_less", "0002_more", "{\"RemoveField\": {\"model\": \"Post\", \"name\": \"n\"}}, {\"RunSQL\": {\"forwards\": \"SELECT 1\", \"backwards\": \"\", \"elidable\": true}}");
}

TEST(squash_makes_one_of_many)
{
    three_migrations();
    migrate(NULL, NULL);
    capo_sql_run("DELETE FROM capo_migration_checksums");
    char *wanted = database_text();
    char *said = squash((SquashOptions){ .last = "0003" });
    EXPECT(strstr(said, " - 0001_initial\n - 0002_more\n - 0003_less\n  Optimized from 6 operations to 2 operations.\n") != NULL);
    /* the SQL of each can be read */
    EXPECT(strstr(capo_sql_migrate("mig", "0002", false), "subtitle") && strstr(capo_sql_migrate("mig", "0001_squashed", false), "Create model Comment"));
    EXPECT(!strstr(capo_sql_migrate("mig", "0001_initial", false), "subtitle"));
    const char *path = capo_format("%s/migrations/0001_squashed_0003_less.json", migrating_directory);
    EXPECT(access(path, F_OK) == 0);
    /* where all are applied it is too, and is recorded */
    EXPECT_INT(capo_unapplied_count(), 0);
    EXPECT(strstr(migrate(NULL, NULL), "No migrations to apply.") != NULL);
    EXPECT_INT(recorder_count("mig", "0001_squashed_0003_less"), 1);
    EXPECT_RAISES(ERROR_COMMAND, squash_all, "0001_squashed");
    /* a new database is made by it alone, and is the same */
    migrate("mig", "zero");
    EXPECT_INT(first_number("SELECT COUNT(*) FROM django_migrations"), 0);
    EXPECT(strstr(migrate(NULL, NULL), "Running migrations:\n  Applying mig.0001_squashed_0003_less... OK\n") != NULL);
    for (const char *const *name = LIST("0001_initial", "0002_more", "0003_less"); *name; name++)
        EXPECT_INT(recorder_count("mig", *name), 1);
    capo_sql_run("DELETE FROM django_migrations WHERE name = '0001_squashed_0003_less'");
    capo_sql_run("DELETE FROM capo_migration_checksums");
    EXPECT_TEXT(database_text(), wanted);
    /* the old files are gone and the list too: an ordinary migration, applied */
    migrate(NULL, NULL);
    for (const char *const *name = LIST("0001_initial", "0002_more", "0003_less"); *name; name++)
        unlink(capo_format("%s/migrations/%s.json", migrating_directory, *name));
    EXPECT_INT(capo_unapplied_count(), 0);
}

/* Where only some of what it replaces is applied, those go on one by one, and it counts when they are through. */
TEST(squash_waits_where_only_a_part_is_applied)
{
    three_migrations();
    migrate("mig", "0002");
    squash((SquashOptions){ .last = "0003", .no_optimize = true });
    file("0004_after", "0001_squashed_0003_less", FIELD("m"));
    file_with(migrating_other, "0001_initial", "\"initial\": true, \"dependencies\": [[\"mig\", \"0003_less\"]],", MODEL("Note"));
    char *said = migrate(NULL, NULL);
    EXPECT(strstr(said, "  Applying mig.0003_less... OK\n") != NULL);
    EXPECT(strstr(said, "0001_squashed") == NULL);
    migrate(NULL, NULL);
    EXPECT_INT(recorder_count("mig", "0001_squashed_0003_less"), 1);
    EXPECT_INT(recorder_count("mig", "0004_after"), 1);
    EXPECT_INT(capo_unapplied_count(), 0);
}

/* "__latest__" is the end of the series, whichever of the two stands and whatever its followers call it. */
TEST(squash_is_not_the_latest_where_others_follow)
{
    for (int applied = 0; applied < 2; applied++) {
        three_migrations();
        if (applied)
            migrate("mig", "0002");
        squash((SquashOptions){ .last = "0003", .no_optimize = true });
        file("0004_after", applied ? "0001_squashed_0003_less" : "0003_less", FIELD("m"));
        file_with(migrating_other, "0001_initial", "\"initial\": true, \"dependencies\": [[\"mig\", \"__latest__\"]],", MODEL("Note"));
        EXPECT(strstr(migrate("migother", NULL), "Applying mig.0004_after... OK\n  Applying migother.0001_initial... OK") != NULL);
    }
}

static void squash_as(void *name) { squash((SquashOptions){ .last = "0003", .name = name }); }

TEST(squash_takes_no_path_for_a_name)
{
    three_migrations();
    for (const char *const *name = LIST("../../x", "a/b", "a b", ""); *name; name++)
        EXPECT(strstr(EXPECT_RAISES(ERROR_COMMAND, squash_as, (void *)*name)->message, "must be made of letters, digits and") != NULL);
}

TEST(squash_from_the_middle_with_a_name)
{
    three_migrations();
    squash((SquashOptions){ .first = "0002", .last = "0003", .name = "both" });
    const char *text = capo_read_file(capo_format("%s/migrations/0002_both.json", migrating_directory), NULL);
    EXPECT(strstr(text, "\"replaces\": [[\"mig\", \"0002_more\"], [\"mig\", \"0003_less\"]],\n  \"dependencies\": [[\"mig\", \"0001_initial\"]],") != NULL);
    EXPECT(!strstr(text, "initial\": true") && strstr(text, "\"subtitle\"") && !strstr(text, "\"n\""));
    migrate(NULL, NULL);
    EXPECT_INT(capo_schema_columns("mig_post")->count, 4);
}

TEST(optimizemigration_rewrites_a_file)
{
    start_migrating();
    file("0001_initial", NULL, POST "," FIELD("n"));
    Buffer out = { 0 };
    SquashOptions options = { .app = "mig", .last = "0001", .check = true, .say = keep_line, .self = &out };
    EXPECT(capo_optimize_migration(&options));
    EXPECT(strstr(capo_read_file(capo_format("%s/migrations/0001_initial.json", migrating_directory), NULL), "AddField") != NULL);
    options.check = false;
    EXPECT(capo_optimize_migration(&options));
    EXPECT(strstr(capo_read_file(capo_format("%s/migrations/0001_initial.json", migrating_directory), NULL), "AddField") == NULL);
    EXPECT(!capo_optimize_migration(&options));
    EXPECT(strstr(capo_buffer_text(&out), "Optimizing from 2 operations to 1 operations.\n") && strstr(capo_buffer_text(&out), "No optimizations possible.\n"));
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* "AUTH_USER_MODEL" in migrations. This program has no user model of its own, so that it stands for auth.User; tests/members has one. */
#include <capo/testing.h>
#include "../../migrations/migration.h"
#include <string.h>

static Migration *parse(const char *app, const char *name, const char *text)
{
    return migration_parse(app, name, capo_format("%s/migrations/%s.json", app, name), text, strlen(text));
}

#define USER "{\"operations\": [{\"CreateModel\": {\"name\": \"User\", \"fields\": {\"id\": {\"kind\": \"AutoField\", \"primary_key\": true}},"  \
             " \"options\": {\"swappable\": \"AUTH_USER_MODEL\"}}}]}"
#define NOTE(to, more) "{\"dependencies\": [[\"AUTH_USER_MODEL\", \"__first__\"]], \"operations\": [{\"CreateModel\": {\"name\": \"Note\", \"fields\": {"   \
             "\"id\": {\"kind\": \"AutoField\", \"primary_key\": true}, \"author\": {\"kind\": \"ForeignKey\", \"to\": \"" to "\", \"on_delete\": \"CASCADE\"" more "}}}}]}"

static void use_no_apps(void)
{
    static const App *const none[] = { NULL };
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .apps = none, .database = "sqlite::memory:" });
}

TEST(migrations_name_the_user_model_by_its_choice)
{
    use_no_apps();
    Migration *user = parse("auth", "0001_initial", USER), *note = parse("notes", "0001_initial", NOTE("AUTH_USER_MODEL", ""));
    EXPECT_TEXT(note->dependencies[0].app, "auth");
    EXPECT_TEXT(field_state_text(note->operations[0]->fields[1], "to"), "auth.User");
    const char *text = migration_text(note);
    EXPECT(strstr(text, "[[\"AUTH_USER_MODEL\", \"__first__\"]]") != NULL);
    EXPECT(strstr(text, "\"to\": \"AUTH_USER_MODEL\"") != NULL);
    /* by its label, it is written as the choice all the same, unless the field says that the model itself is meant */
    EXPECT_TEXT(migration_text(parse("notes", "0001_initial", NOTE("auth.User", ""))), text);
    text = migration_text(parse("notes", "0001_initial", NOTE("auth.User", ", \"swappable\": false")));
    EXPECT(strstr(text, "\"to\": \"auth.User\"") != NULL);

    MigrationGraph *graph = graph_of((Migration *[]){ note, user }, 2, NULL);
    MigrationNode **plan = graph_full_plan(graph);
    EXPECT_TEXT(migration_label(plan[0]->migration), "auth.0001_initial");
    EXPECT_TEXT(migration_label(plan[1]->migration), "notes.0001_initial");
    EXPECT(graph_find(graph, "auth", MIGRATION_FIRST) == plan[0] && graph_find(graph, "auth", MIGRATION_LATEST) == plan[0]);
    ProjectState *state = graph_state(graph);
    EXPECT(!model_state_is_swapped(state_find(state, "auth", "User")));
    EXPECT(capo_field(state_model(state, "notes", "Note"), "author")->target == state_model(state, "auth", "User")
           || !strcmp(capo_field(state_model(state, "notes", "Note"), "author")->target->label, "auth.User"));
}

/* A new key to the user model depends on the first migration of its app, not on the last as it happens to be here. */
TEST(makemigrations_depends_on_the_user_model_by_its_choice)
{
    use_no_apps();
    MigrationKey after[] = { { "auth", "0001_initial" }, { 0 } };
    Migration *user = parse("auth", "0001_initial", USER), second = { .app = "auth", .name = "0002_more", .dependencies = after };
    MigrationGraph *graph = graph_of((Migration *[]){ user, &second }, 2, NULL);
    ProjectState *from = graph_state(graph), *to = migration_state(parse("notes", "x", NOTE("AUTH_USER_MODEL", "")), from);
    size_t count;
    DetectedApp *apps = detect_changes(from, to, graph, NULL, NULL, NULL, &count);
    EXPECT_INT(count, 1);
    EXPECT_TEXT(apps[0].migrations[0]->dependencies[0].app, "auth");
    EXPECT_TEXT(apps[0].migrations[0]->dependencies[0].name, MIGRATION_FIRST);
    EXPECT(strstr(migration_text(apps[0].migrations[0]), "[[\"AUTH_USER_MODEL\", \"__first__\"]]") != NULL);
}

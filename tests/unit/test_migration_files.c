/* SPDX-License-Identifier: BSD-3-Clause */
/* Migration files: layout, reading back, and a sentence with the line for each mistake. */
#include <capo/testing.h>
#include "migrating.h"
#include <string.h>

static const char good[] =
"{\n"
"  \"initial\": true,\n"
"  \"dependencies\": [[\"auth\", \"0001_initial\"]],\n"
"  \"operations\": [\n"
"    {\n"
"      \"CreateModel\": {\n"
"        \"name\": \"Tag\",\n"
"        \"fields\": {\n"
"          \"id\": { \"kind\": \"BigAutoField\", \"primary_key\": true },\n"
"          \"name\": { \"kind\": \"CharField\", \"max_length\": 50, \"unique\": true }\n"
"        },\n"
"        \"options\": {\n"
"          \"ordering\": [\"name\"]\n"
"        }\n"
"      }\n"
"    },\n"
"    {\n"
"      \"AddField\": {\n"
"        \"model\": \"Tag\",\n"
"        \"name\": \"color\",\n"
"        \"field\": { \"kind\": \"CharField\", \"max_length\": 7 },\n"
"        \"one_off_default\": \"#fff\"\n"
"      }\n"
"    },\n"
"    { \"RenameField\": { \"model\": \"Tag\", \"old_name\": \"color\", \"new_name\": \"colour\" } },\n"
"    { \"RunSQL\": { \"forwards\": { \"sqlite\": \"SELECT 1\", \"postgresql\": [\"SELECT 2\"] }, \"backwards\": \"\" } }\n"
"  ]\n"
"}\n";

static Migration *parse(const char *text)
{
    return migration_parse("blog", "0001_initial", "blog/migrations/0001_initial.json", text, strlen(text));
}

TEST(migration_file_is_read_and_written_the_same)
{
    Migration *migration = parse(good);
    EXPECT(migration->initial && !migration->non_atomic);
    EXPECT_INT(migration->n_operations, 4);
    EXPECT_TEXT(migration->dependencies[0].app, "auth");
    EXPECT_TEXT(operation_describe(migration->operations[0]), "Create model Tag");
    EXPECT_TEXT(operation_describe(migration->operations[2]), "Rename field color on tag to colour");
    const char *text = migration_text(migration);
    EXPECT_TEXT(text, good);
    EXPECT_TEXT(migration_checksum(parse(text)), migration_checksum(migration));
}

TEST(migration_layout_does_not_change_the_checksum)
{
    const char *spread = "{\"operations\":[{\"DeleteModel\":\n{\"name\":\n\"Tag\"}}], \"dependencies\":[]}";
    const char *dense = "{\"dependencies\":[],\"operations\":[{\"DeleteModel\":{\"name\":\"Tag\"}}]}";
    const char *other = "{\"dependencies\":[],\"operations\":[{\"DeleteModel\":{\"name\":\"Tug\"}}]}";
    EXPECT_TEXT(migration_checksum(parse(spread)), migration_checksum(parse(dense)));
    EXPECT(strcmp(migration_checksum(parse(other)), migration_checksum(parse(dense))) != 0);
}

TEST(migration_operations_add_up_to_a_state)
{
    ProjectState *state = migration_state(parse(good), state_new());
    ModelState *tag = state_find(state, "blog", "tag");
    EXPECT(tag != NULL);
    EXPECT_INT(tag->n_fields, 3);
    EXPECT(model_state_field(tag, "colour") != NULL);
    EXPECT(model_state_field(tag, "color") == NULL);
    EXPECT_TEXT(model_state_table(tag), "blog_tag");
    /* spelt out defaults are no difference */
    FieldState *plain = field_state_new("x", FIELD_CHAR, capo_map(V("max_length", 5)));
    FieldState *verbose = field_state_new("x", FIELD_CHAR, capo_map(V("max_length", 5), V("null", (bool)false), V("editable", (bool)true), V("help_text", "")));
    EXPECT(field_state_equal(plain, verbose));
    EXPECT(!field_state_equal(plain, field_state_with(plain, "null", capo_value_bool(true))));
}

/* Each broken text, and words that the sentence must hold. */
static const struct { const char *text, *wanted; } broken[] = {
    { "{\n\"operations\": [\n", "0001_initial.json, line 3" },
    { "{\"operations\": [],\n \"operations\": []}", "line 2" },
    { "[]", "must be an object" },
    { "{}", "needs \"operations\"" },
    { "{\n \"operation\": [] }", "line 2: a migration has no \"operation\". Did you mean 'operations'?" },
    { "{\"operations\": {}}", "must be a list of operations" },
    { "{\"operations\": [\n 1]}", "line 2: an operation must be an object" },
    { "{\"operations\": [{ },\n {}]}", "line 1: an operation must be an object" },
    { "{\"operations\": [\n\n{\"AddFeild\": {}}]}", "line 3: there is no operation AddFeild. Did you mean 'AddField'?" },
    { "{\"operations\": [{\"DeleteModel\": {\"name\": \"A\"}},\n{\"DeleteModel\": {\n \"nmae\": \"A\"}}]}", "line 3: DeleteModel has no \"nmae\". Did you mean 'name'?" },
    { "{\"operations\": [\n{\"DeleteModel\": {}}]}", "line 2: DeleteModel lacks \"name\"." },
    { "{\"operations\": [{\"DeleteModel\": {\"name\": 4}}]}", "\"name\" must be a text" },
    { "{\"operations\": [{\"DeleteModel\": {\"name\": \"a; DROP\"}}]}", "is no name" },
    { "{\"operations\": [{\"CreateModel\": {\"name\": \"A\", \"fields\": {\"id\":\n {\"kind\": \"BigAutoField\"}}}}]}", "\"primary_key\": true, and none does" },
    { "{\"operations\": [{\"CreateModel\": {\"name\": \"A\", \"fields\": {\"id\": {\"kind\": \"BigAutoField\", \"primary_key\": true},\n\n \"t\": {\"kind\": \"CharFeild\"}}}}]}",
      "line 3: there is no field kind CharFeild. Did you mean 'CharField'?" },
    { "{\"operations\": [{\"AddField\": {\"model\": \"A\", \"name\": \"t\", \"field\": {\"kind\": \"CharField\",\n \"max_lenght\": 5}}}]}",
      "line 2: \"max_lenght\" is not an option of CharField. Did you mean 'max_length'?" },
    { "{\"operations\": [{\"AddField\": {\"model\": \"A\", \"name\": \"t\", \"field\": {\"kind\": \"CharField\",\n \"max_length\": \"5\"}}}]}", "line 2: \"max_length\" must be a whole number" },
    { "{\"operations\": [{\"AddField\": {\"model\": \"A\", \"name\": \"t\", \"field\": {\"kind\": \"ForeignKey\"}}}]}", "needs \"to\"" },
    { "{\"operations\": [{\"AddField\": {\"model\": \"A\", \"name\": \"t\", \"field\": {\"kind\": \"ForeignKey\", \"to\": \"a.B\", \"on_delete\": \"CASCDE\"}}}]}", "Did you mean 'CASCADE'?" },
    { "{\"operations\": [{\"AlterModelOptions\": {\"model\": \"A\", \"options\": {\"db_table\": \"x\"}}}]}", "operation of its own" },
    { "{\"operations\": [{\"AddIndex\": {\"model\": \"A\", \"name\": \"i\", \"fields\": []}}]}", "must name a field" },
    { "{\"operations\": [{\"AddConstraint\": {\"model\": \"A\", \"name\": \"i\", \"constraint\": {\"check\": \"a\", \"unique\": [\"b\"]}}}]}", "\"constraint\" must be" },
    { "{\"operations\": [{\"RunSQL\": {\"forwards\": {\"oracle\": \"x\"}}}]}", "has no \"oracle\"" },
    { "{\"operations\": [{\"RunSQL\": {\"forwards\": [[\"x\"]]}}]}", "must be a text, a list of statements" },
    { "{\"dependencies\": [[\"a\"]], \"operations\": []}", "must be [\"app\", \"migration\"]" },
    { "{\"atomic\": \"no\", \"operations\": []}", "\"atomic\" must be true or false" },
    { "\xff\xfe{}", "is not JSON" },
};

static void parse_broken(void *text) { parse(text); }

TEST(broken_migration_files_are_answered_with_a_line)
{
    start_migrating();
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        const Error *error = EXPECT_RAISES(ERROR_MIGRATION, parse_broken, (void *)broken[i].text);
        if (!strstr(error->message, broken[i].wanted))
            capo_test_fail(__FILE__, __LINE__, "%s\n  answered: %s\n  wanted: %s", broken[i].text, error->message, broken[i].wanted);
        EXPECT(strstr(error->message, "blog/migrations/0001_initial.json, line") != NULL);
    }
}

/* Every prefix and every single changed byte of a good file: an answer, never a crash. */
TEST(cut_and_garbled_migration_files_never_crash)
{
    size_t size = sizeof good - 1, refused = 0;
    start_migrating();
    for (size_t i = 0; i < size; i++) {
        char *text = capo_strndup(good, i);
        refused += capo_try(parse_broken, text) != NULL;
    }
    EXPECT_INT(refused, size - 1);                  /* but for the last, which lacks its line end only */
    for (size_t i = 0; i < size; i++) {
        char *text = capo_strdup(good);
        text[i] = "x{}[]\",:0\n"[i % 10];
        const Error *error = capo_try(parse_broken, text);
        EXPECT(!error || error->code == ERROR_MIGRATION);
    }
}

/* A state that breaks half-way names migration and operation. */
static void add_up(void *text) { migration_state(parse(text), state_new()); }

TEST(impossible_operations_are_named)
{
    static const struct { const char *text, *wanted; } cases[] = {
        { "{\"operations\": [{\"DeleteModel\": {\"name\": \"Gone\"}}]}", "operation 1 (Delete model Gone): DeleteModel: blog has no model Gone" },
        { "{\"operations\": [{\"CreateModel\": {\"name\": \"A\", \"fields\": {\"id\": {\"kind\": \"BigAutoField\", \"primary_key\": true}}}},"
          "{\"RemoveField\": {\"model\": \"a\", \"name\": \"ix\"}}]}", "operation 2 (Remove field ix from a): RemoveField: blog.A has no field ix at this point." },
        { "{\"operations\": [{\"CreateModel\": {\"name\": \"A\", \"fields\": {\"id\": {\"kind\": \"BigAutoField\", \"primary_key\": true}}}},"
          "{\"RemoveIndex\": {\"model\": \"a\", \"name\": \"ix\"}}]}", "no index called ix" },
        { "{\"operations\": [{\"CreateModel\": {\"name\": \"A\", \"fields\": {\"id\": {\"kind\": \"BigAutoField\", \"primary_key\": true}}}},"
          "{\"CreateModel\": {\"name\": \"a\", \"fields\": {\"id\": {\"kind\": \"BigAutoField\", \"primary_key\": true}}}}]}", "has a model a already" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const Error *error = EXPECT_RAISES(ERROR_MIGRATION, add_up, (void *)cases[i].text);
        if (!strstr(error->message, cases[i].wanted))
            capo_test_fail(__FILE__, __LINE__, "answered: %s\n  wanted: %s", error->message, cases[i].wanted);
    }
}

/* A historical model of each kind, made from a file, gives the same state again. */
TEST(historical_models_say_what_the_file_says)
{
    static const char text[] = "{\"operations\": ["
        "{\"CreateModel\": {\"name\": \"Author\", \"fields\": {\"code\": {\"kind\": \"CharField\", \"primary_key\": true, \"max_length\": 9}}}},"
        "{\"CreateModel\": {\"name\": \"Post\", \"fields\": {"
        "\"id\": {\"kind\": \"BigAutoField\", \"primary_key\": true},"
        "\"title\": {\"kind\": \"CharField\", \"max_length\": 200, \"default\": \"it's\", \"db_index\": true, \"help_text\": \"h\", \"verbose_name\": \"the title\"},"
        "\"slug\": {\"kind\": \"SlugField\", \"allow_unicode\": true},"
        "\"plain_slug\": {\"kind\": \"SlugField\", \"db_index\": false, \"max_length\": 80},"
        "\"author\": {\"kind\": \"ForeignKey\", \"to\": \"blog.Author\", \"on_delete\": \"PROTECT\", \"related_name\": \"posts\", \"null\": true, \"blank\": true, \"db_column\": \"who\"},"
        "\"editor\": {\"kind\": \"OneToOneField\", \"to\": \"blog.Author\", \"on_delete\": \"SET_NULL\", \"related_name\": \"+\", \"null\": true, \"blank\": true},"
        "\"parent\": {\"kind\": \"ForeignKey\", \"to\": \"blog.Post\", \"on_delete\": \"CASCADE\", \"db_index\": false},"
        "\"price\": {\"kind\": \"DecimalField\", \"max_digits\": 8, \"decimal_places\": 2, \"default\": \"1.50\"},"
        "\"count\": {\"kind\": \"PositiveIntegerField\", \"default\": 0, \"choices\": [[\"0\", \"none\"], [\"1\", \"one\", \"some\"]], \"editable\": false},"
        "\"ratio\": {\"kind\": \"FloatField\", \"default\": 0.5},"
        "\"open\": {\"kind\": \"BooleanField\", \"default\": true},"
        "\"made\": {\"kind\": \"DateTimeField\", \"auto_now_add\": true},"
        "\"day\": {\"kind\": \"DateField\", \"auto_now\": true, \"unique_for_date\": \"made\"},"
        "\"ip\": {\"kind\": \"GenericIPAddressField\", \"protocol\": \"IPv4\"},"
        "\"data\": {\"kind\": \"JSONField\", \"null\": true, \"blank\": true},"
        "\"key\": {\"kind\": \"UUIDField\", \"unique\": true},"
        "\"fans\": {\"kind\": \"ManyToManyField\", \"to\": \"blog.Author\", \"related_name\": \"liked\", \"db_table\": \"fans\", \"blank\": true},"
        "\"links\": {\"kind\": \"ManyToManyField\", \"to\": \"blog.Post\", \"symmetrical\": false, \"related_name\": \"linked\"}"
        "}, \"options\": {\"db_table\": \"posts\", \"ordering\": [\"-made\"], \"verbose_name\": \"article\", \"unique_together\": [[\"author\", \"title\"]],"
        " \"indexes\": {\"by_day\": [\"day\", \"-made\"]}, \"constraints\": {\"positive\": {\"check\": \"price > 0\"}, \"one\": {\"unique\": [\"ip\", \"day\"]}},"
        " \"permissions\": {\"publish\": \"May publish\"}, \"default_permissions\": []}}}]}";
    ProjectState *state = migration_state(parse(text), state_new());
    Model **models = state_render(state);
    ProjectState *again = state_of(models, state->count);
    Migration one = { .app = "blog", .name = "x" }, two = one;
    for (int i = 0; i < 2; i++) {
        ProjectState *s = i ? again : state;
        Migration *m = i ? &two : &one;
        m->operations = capo_alloc_array(s->count + 1, sizeof *m->operations);
        for (size_t k = 0; k < s->count; k++) {
            const ModelState *model = s->models[k];
            m->operations[m->n_operations++] = OPERATION(.kind = CREATE_MODEL, .model = model->name, .fields = model->fields, .n_fields = model->n_fields,
                                                         .options = model->options);
        }
    }
    EXPECT_TEXT(migration_text(&two), migration_text(&one));
    Model *post = state_model(state, "blog", "post");
    EXPECT_TEXT(post->table, "posts");
    EXPECT_TEXT(capo_field(post, "author")->column, "who");
    EXPECT_INT(post->size, 0);
}

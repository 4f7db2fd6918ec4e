/* SPDX-License-Identifier: BSD-3-Clause */
/* The autodetector: two states in, migrations out. States are written as files have them. */
#include <capo/testing.h>
#include <capo/buffer.h>
#include "../../migrations/migration.h"
#include <string.h>

#define ID "\"id\": {\"kind\": \"BigAutoField\", \"primary_key\": true}"
#define TITLE "\"title\": {\"kind\": \"CharField\", \"max_length\": 200}"
#define MODEL_(name, fields) "{\"CreateModel\": {\"name\": \"" name "\", \"fields\": {" ID fields "}}}"
#define MODEL_OPTIONS(name, fields, options) "{\"CreateModel\": {\"name\": \"" name "\", \"fields\": {" ID fields "}, \"options\": {" options "}}}"
#define KEY(field, to) ", \"" field "\": {\"kind\": \"ForeignKey\", \"to\": \"" to "\", \"on_delete\": \"CASCADE\", \"related_name\": \"+\"}"

/* Apps and their operations: "blog", "[…]", "shop", "[…]", NULL. */
static ProjectState *state_text(const char *const *apps)
{
    ProjectState *state = state_new();
    for (; apps && apps[0]; apps += 2) {
        const char *text = capo_format("{\"operations\": [%s]}", apps[1]);
        state = migration_state(migration_parse(apps[0], "x", "x.json", text, strlen(text)), state);
    }
    return state;
}

/* Answers in order: "y", "n", or what is typed; NULL at the end. Questions asked are kept. */
typedef struct Answers { const char *const *next; Buffer asked; } Answers;

static const char *answer(void *self, const char *question)
{
    Answers *answers = self;
    capo_put_format(&answers->asked, "%s\n", question);
    return *answers->next ? *answers->next++ : NULL;
}

static bool confirm(void *self, const char *question)
{
    const char *given = answer(self, question);
    return given && *given == 'y';
}

/* Every migration: its name, what it depends on, its operations. */
static char *changes_text(DetectedApp *apps, size_t count)
{
    Buffer text = { 0 };
    for (size_t i = 0; i < count; i++)
        for (size_t m = 0; m < apps[i].count; m++) {
            Migration *migration = apps[i].migrations[m];
            capo_put_format(&text, "%s", migration_label(migration));
            for (MigrationKey *key = migration->dependencies; key && key->app; key++)
                capo_put_format(&text, " <%s.%s", key->app, key->name);
            capo_put(&text, "\n");
            for (size_t o = 0; o < migration->n_operations; o++)
                capo_put_format(&text, "  %s\n", operation_describe(migration->operations[o]));
        }
    return capo_buffer_text(&text);
}

static ProjectState *last_from;

static char *detect(const char *const *from, const char *const *to, const char *const *answers, Answers *ret)
{
    Answers given = { .next = answers };
    Questioner questioner = { .confirm = confirm, .ask = answer, .self = &given };
    /* the old state counts as one migration of each app */
    Migration *old[8] = { 0 };
    size_t n_old = 0, count;
    for (const char *const *app = from; app && app[0]; app += 2)
        if (*app[1]) {
            old[n_old] = capo_alloc_struct(Migration);
            *old[n_old++] = (Migration){ .app = app[0], .name = "0001_initial" };
        }
    MigrationGraph *graph = graph_of(old, n_old, NULL);
    last_from = state_text(from);
    ProjectState *target = state_text(to);
    DetectedApp *apps = detect_changes(last_from, target, graph, NULL, NULL, &questioner, &count);
    /* what was detected leads to the new state, whatever it was: nothing is left to detect */
    Migration **all = capo_alloc_array(64, sizeof *all);
    size_t n_all = 0;
    for (size_t i = 0; i < n_old; i++)
        all[n_all++] = old[i];
    for (size_t i = 0; i < count; i++)
        for (size_t m = 0; m < apps[i].count; m++) {
            const char *text = migration_text(apps[i].migrations[m]);
            all[n_all++] = migration_parse(apps[i].app, apps[i].migrations[m]->name, "x.json", text, strlen(text));
        }
    MigrationGraph *after = graph_of(all, n_all, NULL);
    ProjectState *reached = last_from;
    for (MigrationNode **node = graph_full_plan(after); *node; node++)
        reached = migration_state((*node)->migration, reached);
    size_t left;
    DetectedApp *rest = detect_changes(reached, target, after, NULL, NULL, NULL, &left);
    if (left)
        capo_test_fail(__FILE__, __LINE__, "after\n%s there is left\n%s", changes_text(apps, count), changes_text(rest, left));
    if (ret)
        *ret = given;
    return changes_text(apps, count);
}

#define STATE(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NOBODY ((const char *const[]){ NULL })

TEST(detects_nothing_between_equal_states)
{
    EXPECT_TEXT(detect(STATE("blog", MODEL_("Post", ", " TITLE)), STATE("blog", MODEL_("Post", ", " TITLE)), NOBODY, NULL), "");
}

TEST(detects_created_models_in_order_of_their_relations)
{
    EXPECT_TEXT(detect(STATE("blog", ""), STATE("blog", MODEL_("Comment", "") "," MODEL_("Author", "") "," MODEL_("Post", KEY("author", "blog.Author"))), NOBODY, NULL),
                "blog.0001_initial\n  Create model Comment\n  Create model Author\n  Create model Post\n");
}

TEST(detects_circles_and_breaks_them)
{
    ProjectState *one = state_text(STATE("blog", MODEL_("A", "") "," MODEL_("B", KEY("a", "blog.A")) ",{\"AddField\": {\"model\": \"A\", \"name\": \"b\", \"field\": "
        "{\"kind\": \"ForeignKey\", \"to\": \"blog.B\", \"on_delete\": \"CASCADE\", \"related_name\": \"+\"}}}"));
    size_t count;
    DetectedApp *apps = detect_changes(state_new(), one, graph_of(NULL, 0, NULL), NULL, NULL, NULL, &count);
    EXPECT_TEXT(changes_text(apps, count), "blog.0001_initial\n  Create model B\n  Create model A\n  Add field a to b\n");
}

TEST(detects_across_apps)
{
    EXPECT_TEXT(detect(STATE("shop", "", "blog", ""), STATE("blog", MODEL_("Post", ""), "shop", MODEL_("Order", KEY("post", "blog.Post"))), NOBODY, NULL),
                "blog.0001_initial\n  Create model Post\nshop.0001_initial <blog.0001_initial\n  Create model Order\n");
    /* one app has migrations already */
    EXPECT_TEXT(detect(STATE("blog", MODEL_("Post", "")), STATE("blog", MODEL_("Post", ""), "shop", MODEL_("Order", KEY("post", "blog.Post"))), NOBODY, NULL),
                "shop.0001_initial <blog.0001_initial\n  Create model Order\n");
    /* two apps that need each other: one is cut in two */
    EXPECT_TEXT(detect(NULL, STATE("a", MODEL_("A1", ""), "b", MODEL_("B1", KEY("k", "a.A1")), "a", MODEL_("A2", KEY("k", "b.B1"))), NOBODY, NULL),
                "a.0001_initial\n  Create model A1\na.0002_initial <a.0001_initial <b.0001_initial\n  Create model A2\n"
                "b.0001_initial <a.0001_initial\n  Create model B1\n");
}

TEST(detects_fields)
{
    const char *const *from = STATE("blog", MODEL_("Post", ", " TITLE ", \"old\": {\"kind\": \"IntegerField\", \"default\": 1}"));
    EXPECT_TEXT(detect(from, STATE("blog", MODEL_("Post", ", " TITLE ", \"subtitle\": {\"kind\": \"CharField\", \"max_length\": 9, \"default\": \"\"}")), NOBODY, NULL),
                "blog.0002_remove_post_old_post_subtitle <blog.0001_initial\n  Remove field old from post\n  Add field subtitle to post\n");
    EXPECT_TEXT(detect(from, STATE("blog", MODEL_("Post", ", \"title\": {\"kind\": \"CharField\", \"max_length\": 300}, \"old\": {\"kind\": \"IntegerField\", \"default\": 1}")), NOBODY, NULL),
                "blog.0002_alter_post_title <blog.0001_initial\n  Alter field title on post\n");
    /* between a column and a many-to-many there is no altering */
    EXPECT_TEXT(detect(from, STATE("blog", MODEL_("Post", ", " TITLE ", \"old\": {\"kind\": \"ManyToManyField\", \"to\": \"blog.Post\"}")), NOBODY, NULL),
                "blog.0002_remove_post_old_post_old <blog.0001_initial\n  Remove field old from post\n  Add field old to post\n");
}

/* Nothing is taken away where a column can become the other. */
TEST(detects_changed_kinds)
{
    const char *const *from = STATE("blog", MODEL_("Post", ", \"of\": {\"kind\": \"ForeignKey\", \"to\": \"blog.Post\", \"on_delete\": \"CASCADE\", \"null\": true}"));
    EXPECT_TEXT(detect(from, STATE("blog", MODEL_("Post", ", \"of\": {\"kind\": \"IntegerField\", \"null\": true}")), NOBODY, NULL),
                "blog.0002_alter_post_of <blog.0001_initial\n  Alter field of on post\n");
    EXPECT_TEXT(detect(from, STATE("blog", "{\"CreateModel\": {\"name\": \"Post\", \"fields\": {\"id\": {\"kind\": \"IntegerField\", \"primary_key\": true},"
                "\"of\": {\"kind\": \"ForeignKey\", \"to\": \"blog.Post\", \"on_delete\": \"CASCADE\", \"null\": true}}}}"), NOBODY, NULL),
                "blog.0002_alter_post_id <blog.0001_initial\n  Alter field id on post\n");
}

TEST(asks_about_renamed_fields)
{
    const char *const *from = STATE("blog", MODEL_OPTIONS("Post", ", " TITLE, "\"ordering\": [\"-title\"], \"indexes\": {\"i\": [\"title\"]}, \"constraints\": {\"c\": {\"check\": \"title > ''\"}}"));
    const char *const *to = STATE("blog", MODEL_OPTIONS("Post", ", \"headline\": {\"kind\": \"CharField\", \"max_length\": 200}",
        "\"ordering\": [\"-headline\"], \"indexes\": {\"i\": [\"headline\"]}, \"constraints\": {\"c\": {\"check\": \"headline > ''\"}}"));
    Answers asked;
    EXPECT_TEXT(detect(from, to, STATE("y"), &asked),
                "blog.0002_remove_post_c_rename_title_post_headline_post_c <blog.0001_initial\n  Remove constraint c from model post\n"
                "  Rename field title on post to headline\n  Create constraint c on model post\n");
    EXPECT_TEXT(capo_buffer_text(&asked.asked), "Was post.title renamed to post.headline (a CharField)?\n");
    EXPECT_TEXT(detect(from, to, STATE("n", "1", "x"), &asked),
                "blog.0002_remove_post_i_remove_post_c_remove_post_title_and_more <blog.0001_initial\n  Remove index i from post\n"
                "  Remove constraint c from model post\n  Remove field title from post\n  Add field headline to post\n  Change Meta options on post\n"
                "  Create index i on field(s) headline of model post\n  Create constraint c on model post\n");
    /* a column pinned to its old name moves nothing */
    EXPECT_TEXT(detect(STATE("blog", MODEL_("Post", ", " TITLE)),
                       STATE("blog", MODEL_("Post", ", \"name\": {\"kind\": \"CharField\", \"max_length\": 200, \"db_column\": \"title\"}")), STATE("y"), NULL),
                "blog.0002_alter_post_title_rename_title_post_name <blog.0001_initial\n  Alter field title on post\n  Rename field title on post to name\n");
}

TEST(asks_about_renamed_models)
{
    const char *const *from = STATE("blog", MODEL_("Post", ", " TITLE KEY("self", "blog.Post")) "," MODEL_("Comment", KEY("post", "blog.Post")));
    const char *const *to = STATE("blog", MODEL_("Article", ", " TITLE KEY("self", "blog.Article")) "," MODEL_("Comment", KEY("post", "blog.Article")));
    Answers asked;
    EXPECT_TEXT(detect(from, to, STATE("y"), &asked), "blog.0002_rename_post_article <blog.0001_initial\n  Rename model Post to Article\n");
    EXPECT_TEXT(capo_buffer_text(&asked.asked), "Was the model blog.Post renamed to Article?\n");
    EXPECT_TEXT(detect(from, to, STATE("n"), &asked),
                "blog.0002_article_alter_comment_post_delete_post <blog.0001_initial\n  Create model Article\n  Alter field post on comment\n  Delete model Post\n");
    /* another case of letters only */
    EXPECT_TEXT(detect(STATE("blog", MODEL_("post", "")), STATE("blog", MODEL_("Post", "")), NOBODY, NULL), "blog.0002_rename_post_post <blog.0001_initial\n  Rename model post to Post\n");
}

static void detect_without_input(void *to)
{
    Questioner nobody = { .no_input = true };
    size_t count;
    detect_changes(last_from, to, graph_of(&(Migration *){ &(Migration){ .app = "blog", .name = "0001_initial" } }, 1, NULL), NULL, NULL, &nobody, &count);
}

TEST(no_input_never_guesses)
{
    last_from = state_text(STATE("blog", MODEL_("Post", ", " TITLE)));
    const Error *error = EXPECT_RAISES(ERROR_COMMAND, detect_without_input, state_text(STATE("blog", MODEL_("Article", ", " TITLE))));
    EXPECT(strstr(error->message, "Was the model blog.Post renamed to Article?") != NULL);
    error = EXPECT_RAISES(ERROR_COMMAND, detect_without_input, state_text(STATE("blog", MODEL_("Post", ", \"name\": {\"kind\": \"CharField\", \"max_length\": 200}"))));
    EXPECT(strstr(error->message, "Was post.title renamed to post.name") != NULL);
    error = EXPECT_RAISES(ERROR_COMMAND, detect_without_input, state_text(STATE("blog", MODEL_("Post", ", " TITLE ", \"n\": {\"kind\": \"IntegerField\"}"))));
    EXPECT(strstr(error->message, "'n' on post") == NULL && strstr(error->message, "non-nullable field 'n' to post") != NULL);
    EXPECT(strstr(error->message, "--noinput") != NULL);
    /* what needs no answer is done */
    detect_without_input(state_text(STATE("blog", MODEL_("Post", ""))));
}

static void detect_and_give_up(void *answers)
{
    detect(STATE("blog", MODEL_("Post", "")), STATE("blog", MODEL_("Post", ", \"n\": {\"kind\": \"IntegerField\"}")), answers, NULL);
}

TEST(asks_for_a_one_off_default)
{
    Answers asked;
    const char *const *from = STATE("blog", MODEL_("Post", ""));
    detect(from, STATE("blog", MODEL_("Post", ", \"n\": {\"kind\": \"IntegerField\"}")), STATE("7", "1", "seven", "7"), &asked);
    EXPECT(strstr(capo_buffer_text(&asked.asked), "It is impossible to add a non-nullable field 'n' to post without specifying a default.") != NULL);
    EXPECT(strstr(capo_buffer_text(&asked.asked), "wants a whole number") != NULL);
    /* in the file, beside the field */
    Answers given = { .next = STATE("1", "today or so", "'2026-11-22T08:30'") };
    Questioner questioner = { .confirm = confirm, .ask = answer, .self = &given };
    size_t count;
    DetectedApp *apps = detect_changes(state_text(from), state_text(STATE("blog", MODEL_("Post", ", \"at\": {\"kind\": \"DateTimeField\"}"))),
        graph_of(&(Migration *){ &(Migration){ .app = "blog", .name = "0001_initial" } }, 1, NULL), NULL, "when", &questioner, &count);
    EXPECT_TEXT(migration_text(apps[0].migrations[0]), "{\n  \"dependencies\": [[\"blog\", \"0001_initial\"]],\n  \"operations\": [\n"
        "    {\n      \"AddField\": {\n        \"model\": \"Post\",\n        \"name\": \"at\",\n        \"field\": { \"kind\": \"DateTimeField\" },\n"
        "        \"one_off_default\": \"2026-11-22T08:30\"\n      }\n    }\n  ]\n}\n");
    EXPECT_TEXT(apps[0].migrations[0]->name, "0002_when");
    /* null to not null may be left alone */
    const char *const *loose = STATE("blog", MODEL_("Post", ", \"n\": {\"kind\": \"IntegerField\", \"null\": true}"));
    EXPECT_TEXT(detect(loose, STATE("blog", MODEL_("Post", ", \"n\": {\"kind\": \"IntegerField\"}")), STATE("2"), &asked),
                "blog.0002_alter_post_n <blog.0001_initial\n  Alter field n on post\n");
    EXPECT_RAISES(ERROR_COMMAND, detect_and_give_up, (void *)STATE("2"));
    EXPECT_RAISES(ERROR_COMMAND, detect_and_give_up, (void *)STATE("1", "exit"));
    EXPECT_RAISES(ERROR_COMMAND, detect_and_give_up, (void *)NOBODY);
}

#define MANY(more) ", \"tags\": {\"kind\": \"ManyToManyField\", \"to\": \"blog.Tag\"" more "}"
#define TAGGED(more) MODEL_("Tag", "") "," MODEL_("Post", "") "," MODEL_("Link", KEY("p", "blog.Post") KEY("t", "blog.Tag")) "," \
                     MODEL_("Mark", KEY("p", "blog.Post") KEY("t", "blog.Tag")) "," MODEL_("Owner", MANY(more))
#define THROUGH(model) ", \"through\": \"blog." model "\""

static void detect_through(void *states)
{
    const char *const *both = states;
    detect(STATE("blog", both[0]), STATE("blog", both[1]), NOBODY, NULL);
}

TEST(refuses_a_through_that_comes_or_goes)
{
    const char *own = TAGGED(""), *with = TAGGED(THROUGH("Link"));
    const char *said = EXPECT_RAISES(ERROR_COMMAND, detect_through, (void *)STATE(own, with))->message;
    EXPECT(strstr(said, "blog.Owner.tags: \"through\" was added. The rows of the join table cannot follow by themselves.") != NULL);
    said = EXPECT_RAISES(ERROR_COMMAND, detect_through, (void *)STATE(with, own))->message;
    EXPECT(strstr(said, "\"through\" was taken away") && strstr(said, "copy the rows with a RunFunction"));
    /* another model in its place: the tables are those models' own business */
    EXPECT_TEXT(detect(STATE("blog", with), STATE("blog", TAGGED(THROUGH("Mark"))), NOBODY, NULL),
                "blog.0002_alter_owner_tags <blog.0001_initial\n  Alter field tags on owner\n");
}

#define UNIQUE_MADE ", \"token\": {\"kind\": \"CharField\", \"max_length\": 40, \"unique\": true, \"default_function\": true}"

static void detect_unique(void *answers)
{
    detect(STATE("blog", MODEL_("Post", "")), STATE("blog", MODEL_("Post", UNIQUE_MADE)), answers, NULL);
}

TEST(asks_about_moments_and_unique_defaults)
{
    Answers asked;
    const char *const *from = STATE("blog", MODEL_("Post", ""));
    /* auto_now_add: Enter is now */
    EXPECT_TEXT(detect(from, STATE("blog", MODEL_("Post", ", \"made\": {\"kind\": \"DateTimeField\", \"auto_now_add\": true}")), STATE("1", ""), &asked),
                "blog.0002_post_made <blog.0001_initial\n  Add field made to post\n");
    EXPECT(strstr(capo_buffer_text(&asked.asked), "It is impossible to add the field 'made' with 'auto_now_add' to post without providing a default.") != NULL);
    EXPECT(strstr(capo_buffer_text(&asked.asked), "You can accept the default 'now' by pressing 'Enter'.") != NULL);
    /* a function that is called once makes no unique values */
    EXPECT_TEXT(detect(from, STATE("blog", MODEL_("Post", UNIQUE_MADE)), STATE("x", "1"), &asked), "blog.0002_post_token <blog.0001_initial\n  Add field token to post\n");
    EXPECT(strstr(capo_buffer_text(&asked.asked), "The default of the unique field blog.Post.token is made by a function, which is called once for all rows") != NULL);
    EXPECT_TEXT(EXPECT_RAISES(ERROR_COMMAND, detect_unique, (void *)STATE("2"))->message, "Nothing was written.");
    EXPECT_RAISES(ERROR_COMMAND, detect_unique, (void *)NOBODY);
    last_from = state_text(from);
    const Error *error = EXPECT_RAISES(ERROR_COMMAND, detect_without_input, state_text(STATE("blog", MODEL_("Post", UNIQUE_MADE))));
    EXPECT(strstr(error->message, "In three migrations it goes:") && strstr(error->message, "without --noinput"));
    /* a new model has no rows */
    EXPECT_TEXT(detect(from, STATE("blog", MODEL_("Post", "") "," MODEL_("Key", UNIQUE_MADE)), NOBODY, NULL), "blog.0002_key <blog.0001_initial\n  Create model Key\n");
}

TEST(detects_meta)
{
    const char *const *from = STATE("blog", MODEL_OPTIONS("Post", ", " TITLE ", \"n\": {\"kind\": \"IntegerField\"}",
        "\"unique_together\": [[\"title\", \"n\"]], \"indexes\": {\"a\": [\"n\"], \"b\": [\"title\"]}, \"constraints\": {\"c\": {\"unique\": [\"n\"]}}"));
    EXPECT_TEXT(detect(from, STATE("blog", MODEL_OPTIONS("Post", ", " TITLE ", \"n\": {\"kind\": \"IntegerField\"}",
        "\"db_table\": \"posts\", \"verbose_name\": \"article\", \"indexes\": {\"a\": [\"-n\"], \"z\": [\"title\"]}, \"constraints\": {\"c\": {\"unique\": [\"n\", \"title\"]}}")), NOBODY, NULL),
        "blog.0002_remove_post_a_rename_b_z_remove_post_c_and_more <blog.0001_initial\n  Remove index a from post\n  Rename index b on post to z\n"
        "  Remove constraint c from model post\n  Alter unique_together for post (0 constraint(s))\n  Rename table for post to posts\n  Change Meta options on post\n"
        "  Create index a on field(s) -n of model post\n  Create constraint c on model post\n");
    /* a set goes before its field does */
    EXPECT_TEXT(detect(from, STATE("blog", MODEL_OPTIONS("Post", ", " TITLE, "\"indexes\": {\"b\": [\"title\"]}")), NOBODY, NULL),
        "blog.0002_remove_post_a_remove_post_c_and_more <blog.0001_initial\n  Remove index a from post\n  Remove constraint c from model post\n"
        "  Alter unique_together for post (0 constraint(s))\n  Remove field n from post\n");
}

TEST(detects_deleted_models)
{
    EXPECT_TEXT(detect(STATE("blog", MODEL_("Author", "") "," MODEL_("Post", KEY("author", "blog.Author"))), STATE("blog", ""), NOBODY, NULL),
                "blog.0002_delete_post_delete_author <blog.0001_initial\n  Delete model Post\n  Delete model Author\n");
    EXPECT_TEXT(detect(STATE("blog", MODEL_("Author", ""), "shop", MODEL_("Order", KEY("who", "blog.Author"))), STATE("shop", MODEL_("Order", "")), NOBODY, NULL),
                "shop.0002_remove_order_who <shop.0001_initial <blog.0001_initial\n  Remove field who from order\n"
                "blog.0002_delete_author <blog.0001_initial <shop.0002_remove_order_who\n  Delete model Author\n");
    /* a circle */
    EXPECT_TEXT(detect(STATE("blog", MODEL_("A", "") "," MODEL_("B", KEY("a", "blog.A")) ",{\"AddField\": {\"model\": \"A\", \"name\": \"b\", \"field\": "
        "{\"kind\": \"ForeignKey\", \"to\": \"blog.B\", \"on_delete\": \"CASCADE\", \"related_name\": \"+\"}}}"), STATE("blog", ""), NOBODY, NULL),
        "blog.0002_remove_b_a_delete_a_delete_b <blog.0001_initial\n  Remove field a from b\n  Delete model A\n  Delete model B\n");
}

static void load_graph(void *migrations)
{
    size_t count = 0;
    while (((Migration **)migrations)[count])
        count++;
    graph_refuse_conflicts(graph_of(migrations, count, NULL));
}

TEST(graph_names_what_is_wrong)
{
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more" });
    MigrationKey to_b[] = { { "b", "1" }, { 0 } }, to_a[] = { { "a", "1" }, { 0 } }, nowhere[] = { { "b", "2" }, { 0 } };
    Migration a = { .app = "a", .name = "1", .dependencies = to_b }, b = { .app = "b", .name = "1", .dependencies = to_a };
    const Error *error = EXPECT_RAISES(ERROR_MIGRATION, load_graph, ((Migration *[]){ &a, &b, NULL }));
    EXPECT(strstr(error->message, "a.1, which depends on b.1, which depends on a.1") != NULL);
    Migration c = { .app = "a", .name = "1", .dependencies = nowhere }, d = { .app = "b", .name = "1" };
    error = EXPECT_RAISES(ERROR_MIGRATION, load_graph, ((Migration *[]){ &c, &d, NULL }));
    EXPECT(strstr(error->message, "a.1: depends on b.2, which does not exist") != NULL);
    Migration e = { .app = "a", .name = "0002_x", .dependencies = to_a }, f = { .app = "a", .name = "0002_y", .dependencies = to_a }, root = { .app = "a", .name = "1" };
    error = EXPECT_RAISES(ERROR_COMMAND, load_graph, ((Migration *[]){ &root, &e, &f, NULL }));
    EXPECT(strstr(error->message, "(0002_x, 0002_y in a)") != NULL);
    EXPECT(strstr(error->message, "makemigrations --merge") != NULL);
}

/* A squashed migration stands for those that it replaces, unless a part of them is applied. */
TEST(graph_takes_squashed_migrations)
{
    MigrationKey on_1[] = { { "a", "1" }, { 0 } }, on_2[] = { { "a", "2" }, { 0 } }, both[] = { { "a", "1" }, { "a", "2" }, { 0 } };
    Migration m1 = { .app = "a", .name = "1" }, m2 = { .app = "a", .name = "2", .dependencies = on_1 }, m3 = { .app = "a", .name = "3", .dependencies = on_2 };
    Migration squash = { .app = "a", .name = "1_squashed", .replaces = both };
    Migration *all[] = { &m1, &m2, &m3, &squash };
    Map *part = capo_map(V("a.1", 1));
    EXPECT_INT(graph_of(all, 4, NULL)->count, 2);
    EXPECT_INT(graph_of(all, 4, capo_map_new())->count, 2);
    EXPECT_INT(graph_of(all, 4, part)->count, 3);
    EXPECT(graph_find(graph_of(all, 4, part), "a", "1_squashed") == NULL);
}

TEST(graph_orders_by_run_before)
{
    MigrationKey before_a[] = { { "a", "1" }, { 0 } };
    Migration a = { .app = "a", .name = "1" }, z = { .app = "z", .name = "1", .run_before = before_a };
    MigrationGraph *graph = graph_of((Migration *[]){ &a, &z }, 2, NULL);
    MigrationNode **plan = graph_full_plan(graph);
    EXPECT_TEXT(migration_label(plan[0]->migration), "z.1");
    EXPECT_TEXT(migration_label(plan[1]->migration), "a.1");
    EXPECT_TEXT(migration_label(graph_forwards_plan(graph, graph_find(graph, "a", "1"))[0]->migration), "z.1");
    EXPECT_TEXT(migration_label(graph_backwards_plan(graph, graph_find(graph, "z", "1"))[0]->migration), "a.1");
}

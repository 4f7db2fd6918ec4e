/* SPDX-License-Identifier: BSD-3-Clause */
/* Names in the catalogue: how they are made, shortened, and found again in a database whose names somebody else made. */
#include "migrating.h"
#include "../../orm/schema.h"
#include <string.h>

#define SHELF "{\"CreateModel\": {\"name\": \"Shelf\", \"fields\": {" ID ", \"name\": {\"kind\": \"CharField\", \"max_length\": 40, \"db_index\": true}," \
              "\"room\": {\"kind\": \"IntegerField\", \"db_index\": true}}, \"options\": {\"unique_together\": [[\"name\", \"room\"]], \"indexes\": {\"own_idx\": [\"room\"]}}}}"
#define BARE_NAME "{\"AlterField\": {\"model\": \"%s\", \"name\": \"name\", \"field\": {\"kind\": \"CharField\", \"max_length\": 40}}}"
#define BARE_ROOM "{\"AlterField\": {\"model\": \"%s\", \"name\": \"room\", \"field\": {\"kind\": \"IntegerField\"}}}"
#define NOT_TOGETHER "{\"AlterUniqueTogether\": {\"model\": \"%s\", \"unique_together\": []}}"

/* The name of the table's index over these columns, which is not Meta's. */
static const char *index_over(const char *table, const char *columns, char kind)
{
    SchemaEditor *editor = capo_schema_open(false);
    List *names = capo_schema_index_names(editor, table, columns, kind);
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(capo_to_text(names->items[i]), "own_idx"))
            return capo_strdup(capo_to_text(names->items[i]));
    return NULL;
}

static void rename_index(const char *table, const char *columns, const char *list, char kind, const char *name)
{
    const char *old = index_over(table, columns, kind);
    EXPECT(old != NULL);
    if (database_is("postgresql"))
        capo_sql_run(capo_format("ALTER INDEX %s RENAME TO %s", capo_quote_name(old), capo_quote_name(name)));
    else if (database_is("mysql"))
        capo_sql_run(capo_format("ALTER TABLE %s RENAME INDEX %s TO %s", table, capo_quote_name(old), capo_quote_name(name)));
    else {
        capo_sql_run(capo_format("DROP INDEX %s", capo_quote_name(old)));
        capo_sql_run(capo_format("CREATE%s INDEX %s ON %s (%s)", kind == 'u' ? " UNIQUE" : "", capo_quote_name(name), table, list));
    }
}

/* As Django leaves them where the table was renamed once. */
static void start_with_others_names(void)
{
    start_migrating();
    file("0001_initial", NULL, SHELF);
    migrate(NULL, NULL);
    rename_index("mig_shelf", "name\nroom", "name, room", 'u', "mig_old_name_room_1_uniq");
    rename_index("mig_shelf", "name", "name", 'i', "mig_old_name_1");
    rename_index("mig_shelf", "room", "room", 'i', "mig_old_room_1");
    if (database_is("postgresql"))
        rename_index("mig_shelf", "name", "name", 'l', "mig_old_name_1_like");
}

static void break_the_check(void *unused)
{
    (void)unused;
    capo_sql_run("INSERT INTO mig_post (id, title, views) VALUES (1, 'a', 1)");
    capo_sql_run("INSERT INTO mig_vote (post_id, place, wort) VALUES (1, 0, 'a')");
}

TEST(indexes_are_found_by_their_columns)
{
    start_with_others_names();
    file("0002_bare", "0001_initial", capo_format(BARE_NAME "," BARE_ROOM "," NOT_TOGETHER, "Shelf", "Shelf", "Shelf"));
    migrate(NULL, NULL);
    EXPECT(strstr(capo_schema_describe("mig_shelf"), "mig_old") == NULL);
    EXPECT(index_over("mig_shelf", "name\nroom", 'u') == NULL && index_over("mig_shelf", "room", 'i') == NULL && index_over("mig_shelf", "name", 'i') == NULL);
    EXPECT(strstr(capo_schema_describe("mig_shelf"), "own_idx") != NULL);
}

TEST(indexes_follow_a_renamed_table)
{
    start_with_others_names();
    file("0002_rename", "0001_initial", "{\"RenameModel\": {\"old_name\": \"Shelf\", \"new_name\": \"Board\"}}");
    migrate(NULL, NULL);
    EXPECT(strstr(capo_schema_describe("mig_board"), "mig_old") == NULL);
    EXPECT_TEXT(index_over("mig_board", "name", 'i'), capo_index_name("mig_board", LIST("name"), ""));
    EXPECT_TEXT(index_over("mig_board", "name\nroom", 'u'), capo_index_name("mig_board", LIST("name", "room"), "_uniq"));
    if (database_is("postgresql"))
        EXPECT_TEXT(index_over("mig_board", "name", 'l'), capo_index_name("mig_board", LIST("name"), "_like"));
    /* in the place of the old one another may come */
    file("0003_shelf", "0002_rename", "{\"CreateModel\": {\"name\": \"Shelf\", \"fields\": {" ID ", \"name\": {\"kind\": \"CharField\", \"max_length\": 40, \"db_index\": true}}}}");
    migrate(NULL, NULL);
    migrate("mig", "0001");
    EXPECT_TEXT(index_over("mig_shelf", "name\nroom", 'u'), capo_index_name("mig_shelf", LIST("name", "room"), "_uniq"));
}

/* Nothing is dropped and built anew: on MariaDB a foreign key may need the index. */
TEST(indexes_and_constraints_follow_a_renamed_column)
{
    start_migrating();
    file("0001_initial", NULL, POST ", {\"CreateModel\": {\"name\": \"Vote\", \"fields\": {" ID ", \"post\": {\"kind\": \"ForeignKey\", \"to\": \"mig.Post\", \"on_delete\": \"CASCADE\"},"
         "\"rank\": {\"kind\": \"IntegerField\", \"db_index\": true}, \"word\": {\"kind\": \"CharField\", \"max_length\": 9, \"unique\": true}},"
         "\"options\": {\"unique_together\": [[\"word\", \"rank\"]], \"indexes\": {\"vote_i\": [\"post\", \"-rank\"]},"
         "\"constraints\": {\"vote_u\": {\"unique\": [\"post\", \"rank\"]}, \"vote_c\": {\"check\": {\"rank__gt\": 0}}}}}}");
    file("0002_rename", "0001_initial", "{\"RenameField\": {\"model\": \"Vote\", \"old_name\": \"rank\", \"new_name\": \"place\"}},"
         "{\"RenameField\": {\"model\": \"Vote\", \"old_name\": \"word\", \"new_name\": \"wort\"}}");
    migrate("mig", "0001");
    char *before = capo_schema_describe("mig_vote");
    migrate("mig", "0002");
    EXPECT_TEXT(index_over("mig_vote", "place", 'i'), capo_index_name("mig_vote", LIST("place"), ""));
    EXPECT_TEXT(index_over("mig_vote", "wort\nplace", 'u'), capo_index_name("mig_vote", LIST("wort", "place"), "_uniq"));
    EXPECT(strstr(capo_schema_describe("mig_vote"), "rank") == NULL);
    if (!database_is("sqlite"))                 /* which builds the table anew */
        EXPECT(strstr(capo_sql_migrate("mig", "0002", false), "DROP") == NULL);
    EXPECT_RAISES(ERROR_INTEGRITY, break_the_check, NULL);
    migrate("mig", "0001");
    EXPECT_TEXT(capo_schema_describe("mig_vote"), before);
}

/* MariaDB has no index of its own for a key that another one begins with, and gives that up only for another. */
TEST(an_index_goes_on_which_a_foreign_key_rests)
{
    start_migrating();
    file("0001_initial", NULL, POST ", {\"CreateModel\": {\"name\": \"Vote\", \"fields\": {" ID ", \"post\": {\"kind\": \"ForeignKey\", \"to\": \"mig.Post\", \"on_delete\": \"CASCADE\"},"
         "\"other\": {\"kind\": \"OneToOneField\", \"to\": \"mig.Post\", \"on_delete\": \"CASCADE\", \"related_name\": \"+\"}, \"rank\": {\"kind\": \"IntegerField\"}},"
         "\"options\": {\"unique_together\": [[\"post\", \"rank\"]]}}}");
    file("0002_index", "0001_initial", "{\"AlterUniqueTogether\": {\"model\": \"Vote\", \"unique_together\": []}}, {\"AddIndex\": {\"model\": \"Vote\", \"name\": \"vote_i\", \"fields\": [\"post\", \"rank\"]}},"
         "{\"AlterField\": {\"model\": \"Vote\", \"name\": \"other\", \"field\": {\"kind\": \"ForeignKey\", \"to\": \"mig.Post\", \"on_delete\": \"CASCADE\", \"related_name\": \"+\"}}}");
    file("0003_none", "0002_index", "{\"RemoveIndex\": {\"model\": \"Vote\", \"name\": \"vote_i\"}}, {\"AddConstraint\": {\"model\": \"Vote\", \"name\": \"vote_u\", \"constraint\": {\"unique\": [\"post\", \"rank\"]}}},"
         "{\"RemoveConstraint\": {\"model\": \"Vote\", \"name\": \"vote_u\"}}");
    migrate(NULL, NULL);
    if (!database_is("sqlite"))
        EXPECT_INT((int)capo_schema_constraint_names(capo_schema_open(false), "mig_vote", "post_id", 'f')->count, 1);
    migrate("mig", "zero");
}

/* Join tables have the names of the models in their columns, and their foreign keys may be still to come. */
TEST(a_model_is_renamed_behind_new_relations_to_it)
{
    start_migrating();
    file("0001_initial", NULL, POST);
    file("0002_tag", "0001_initial", "{\"CreateModel\": {\"name\": \"Tag\", \"fields\": {" ID ", \"posts\": {\"kind\": \"ManyToManyField\", \"to\": \"mig.Post\"}}}},"
                                     "{\"RenameModel\": {\"old_name\": \"Post\", \"new_name\": \"Article\"}}");
    migrate(NULL, NULL);
    EXPECT(strstr(capo_schema_describe("mig_tag_posts"), "article_id") != NULL);
    capo_sql_run("INSERT INTO mig_article (title, views) VALUES ('a', 1)");
    capo_sql_run("INSERT INTO mig_tag (id) VALUES (7)");
    capo_sql_run("INSERT INTO mig_tag_posts (tag_id, article_id) SELECT 7, id FROM mig_article");
    expect_sound_keys();
}

/* The words of a column in an order that every database takes. */
TEST(columns_have_all_their_words)
{
    start_migrating();
    file("0001_initial", NULL, "{\"CreateModel\": {\"name\": \"Box\", \"fields\": {" ID
         ", \"size\": {\"kind\": \"PositiveIntegerField\", \"unique\": true, \"null\": true, \"db_default\": 4, \"db_comment\": \"it's big\"},"
         "\"data\": {\"kind\": \"JSONField\", \"db_comment\": \"of the box\"}}}}");
    migrate(NULL, NULL);
    capo_sql_run("INSERT INTO mig_box (data) VALUES ('{}')");
    EXPECT_INT(first_number("SELECT size FROM mig_box"), 4);
    if (!database_is("sqlite"))
        EXPECT(strstr(capo_schema_describe("mig_box"), "it's big") && strstr(capo_schema_describe("mig_box"), "of the box"));
}

#define LONG "ARatherLongNameOfAModelThatIsNearlyFiftyLetters"
TEST(long_names_of_tables_are_shortened_as_djangos)
{
    start_migrating();
    file("0001_initial", NULL, "{\"CreateModel\": {\"name\": \"" LONG "\", \"fields\": {" ID ", \"the_best_of_friends\": {\"kind\": \"ManyToManyField\", \"to\": \"mig." LONG "\"}}}}");
    migrate(NULL, NULL);
    EXPECT(capo_schema_has_table("mig_aratherlongnameofamodelthatisnearlyfiftyletters"));
    EXPECT(capo_schema_has_table(database_is("sqlite") ? "mig_aratherlongnameofamodelthatisnearlyfiftyletters_the_best_of_friends"
                                 : database_is("mysql") ? "mig_aratherlongnameofamodelthatisnearlyfiftyletters_the_best91b5"
                                                        : "mig_aratherlongnameofamodelthatisnearlyfiftyletters_the_bes91b5"));
    EXPECT_TEXT(capo_short_name("mig_x", 63), "mig_x");
}

/* Letters are counted and not bytes: a name is never cut inside one. */
TEST(names_of_indexes_are_cut_between_letters)
{
    EXPECT_TEXT(capo_meta_index_name("app_straße", LIST("größenordnung")), "app_straße_größeno_b91f8f_idx");
    open_empty_database();
    if (database_is("postgresql"))
        EXPECT_TEXT(capo_index_name("äöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöü", LIST("größengrößengrößengrößengrößengrößen"), "_uniq"), "äöüäöüäöüäöüäöüäöüäöüäöü_größengrößengrößengrößen_f1a03dfa_uniq");
}

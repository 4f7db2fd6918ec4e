/* SPDX-License-Identifier: BSD-3-Clause */
/* lintmigrations: what locks or rewrites a table with rows is told, with the operation and the way round; what does not is not. */
#include "migrating.h"
#include <string.h>
#include <unistd.h>

static char *lint(bool all)
{
    Buffer out = { 0 };
    int count = capo_lint_migrations(&(LintOptions){ .all = all, .say = keep_line, .self = &out });
    capo_put_format(&out, "%d\n", count);
    return capo_buffer_text(&out);
}

static void lint_nothing(void *unused)
{
    (void)unused;
    capo_lint_migrations(&(LintOptions){ .apps = LIST("mgi"), .say = keep_line });
}

TEST(lint_names_what_locks_or_rewrites)
{
    start_migrating();
    file("0001_initial", NULL, POST ", {\"AddIndex\": {\"model\": \"Post\", \"name\": \"own\", \"fields\": [\"views\"]}}");
    EXPECT_TEXT(lint(false), "0\n");                        /* a new table has no rows */
    migrate(NULL, NULL);
    file("0002_free", "0001_initial", "{\"AddField\": {\"model\": \"Post\", \"name\": \"note\", \"field\": {\"kind\": \"TextField\", \"null\": true}}},"
         "{\"AlterModelOptions\": {\"model\": \"Post\", \"options\": {\"verbose_name\": \"x\"}}}," COMMENT);
    EXPECT_TEXT(lint(false), "0\n");
    file("0003_hard", "0002_free", "{\"AlterField\": {\"model\": \"Post\", \"name\": \"views\", \"field\": {\"kind\": \"CharField\", \"max_length\": 20}}}," ADD_SUBTITLE
         ", {\"RunSQL\": {\"forwards\": \"UPDATE mig_post SET views = '0'\"}}, {\"RemoveField\": {\"model\": \"Post\", \"name\": \"note\"}}");
    char *said = lint(false);
    const char *type = database_is("sqlite") ? "operation 1 (Alter field views on post): the table is built anew"
        : database_is("mysql") ? "operation 1 (Alter field views on post): the table may be copied" : "operation 1 (Alter field views on post): nobody can use the table while it is rewritten";
    EXPECT(strstr(said, capo_format("0003_hard.json, %s", type)) != NULL);
    /* the new column's default fills it without writing a row */
    EXPECT_INT(strstr(said, "operation 2 (Add field subtitle to post): ") != NULL, database_is("sqlite"));
    EXPECT(strstr(said, "    Instead: ") && capo_ends_with(said, "and can be run again.\n4\n") == database_is("sqlite"));
    EXPECT(strstr(said, "operation 3 (Raw SQL operation): every row is written in one transaction.") != NULL);
    EXPECT(strstr(said, "operation 4 (Remove field note from post): ") != NULL);
    EXPECT(strstr(said, "0002_free") == NULL);
    migrate(NULL, NULL);
    EXPECT_TEXT(lint(false), "0\n");                        /* what is applied is done */
    EXPECT(strcmp(lint(true), "0\n") != 0);
    EXPECT(!capo_schema_has_table("new__mig_post"));
    /* people's own SQL begins with spaces and comments */
    file("0004_own", "0003_hard", "{\"RunSQL\": {\"forwards\": \"\\n  -- all of them\\n  /* really */ UPDATE mig_post SET views = '1'\"}}");
    EXPECT(strstr(lint(false), "operation 1 (Raw SQL operation): every row is written in one transaction.") != NULL);
    const Error *error = EXPECT_RAISES(ERROR_COMMAND, lint_nothing, NULL);
    EXPECT(strstr(error->message, "There is no app called mgi among the site's apps. Did you mean 'mig'?") != NULL);
}

/* --- what is advised ------------------------------------------------------------------------------------------------------------------------ */

/* The migrations that the linter's lines make, behind 0001: as many as it names. False: it had no lines. */
static bool follow(const char *said)
{
    int number = 2;
    const char *after = "0001_initial";
    bool any = false;
    unlink(capo_format("%s/migrations/0002_asked.json", migrating_directory));
    const char *instead = strstr(said, "    Instead");
    if (!instead || !strstr(instead, ":\n        {"))
        return false;
    const char *behind = strchr(instead, '\n');                     /* of the first message */
    while (strncmp(behind, "\n    ", 5) == 0)
        behind = strchr(behind + 1, '\n');
    instead = capo_strndup(instead, (size_t)(behind - instead));
    for (const char *part = instead; part; number++) {
        const char *line_end = strchr(part, '\n'), *next = strstr(line_end, "    and in the next migration:\n"), *end = next ? next : line_end + strlen(line_end);
        bool atomic = !strstr(capo_strndup(part, (size_t)(line_end - part)), "\"atomic\": false");
        char *operations = capo_strndup(line_end, (size_t)(end - line_end));
        Buffer joined = { 0 };
        const char *line;
        for (char *rest = operations; (line = strsep(&rest, "\n"));)
            if (*capo_strip(line))
                capo_put_format(&joined, "%s%s", joined.size ? "," : "", line);
        const char *name = capo_format("%04d_advised", number);
        file_with(migrating_directory, name, capo_format("%s\"dependencies\": [[\"mig\", \"%s\"]],", atomic ? "" : "\"atomic\": false,", after), capo_buffer_text(&joined));
        after = name;
        part = next;
        any = true;
    }
    return any;
}

static const char *const locking[][2] = {
    { "an index", "{\"AddIndex\": {\"model\": \"Post\", \"name\": \"mig_i\", \"fields\": [\"-views\", \"title\"]}}" },
    { "a check", "{\"AddConstraint\": {\"model\": \"Post\", \"name\": \"mig_c\", \"constraint\": {\"check\": {\"views__gte\": -1}}}}" },
    { "a unique constraint", "{\"AddConstraint\": {\"model\": \"Post\", \"name\": \"mig_u\", \"constraint\": {\"unique\": [\"views\", \"title\"]}}}" },
    { "unique together", "{\"AlterUniqueTogether\": {\"model\": \"Post\", \"unique_together\": [[\"views\", \"title\"]]}}" },
    { "a required field", "{\"AlterField\": {\"model\": \"Post\", \"name\": \"rank\", \"field\": {\"kind\": \"IntegerField\"}}}" },
    { "an indexed field", "{\"AlterField\": {\"model\": \"Post\", \"name\": \"note\", \"field\": {\"kind\": \"CharField\", \"max_length\": 50, \"db_index\": true}}}" },
    { "a key of a number", "{\"AlterField\": {\"model\": \"Post\", \"name\": \"like\", \"field\": {\"kind\": \"ForeignKey\", \"to\": \"mig.Post\", \"on_delete\": \"CASCADE\", "
      "\"null\": true, \"db_column\": \"like\"}}}" },
    { "a new indexed field", "{\"AddField\": {\"model\": \"Post\", \"name\": \"new\", \"field\": {\"kind\": \"IntegerField\", \"default\": 0, \"db_index\": true}}}" },
    { "a new key", "{\"AddField\": {\"model\": \"Post\", \"name\": \"up\", \"field\": {\"kind\": \"ForeignKey\", \"to\": \"mig.Post\", \"on_delete\": \"CASCADE\", \"null\": true}}}" },
};

static void start_with_rows(void)
{
    start_migrating();
    file("0001_initial", NULL, "{\"CreateModel\": {\"name\": \"Post\", \"fields\": {" ID ", \"title\": {\"kind\": \"CharField\", \"max_length\": 200},"
         "\"views\": {\"kind\": \"IntegerField\", \"default\": 0}, \"rank\": {\"kind\": \"IntegerField\", \"null\": true},"
         "\"note\": {\"kind\": \"CharField\", \"max_length\": 50}, \"like\": {\"kind\": \"BigIntegerField\", \"null\": true}}}}");
    migrate(NULL, NULL);
    capo_sql_run("INSERT INTO mig_post (title, views, \"rank\", note) VALUES ('a', 1, 2, 'n'), ('b', 2, 3, 'n')");
}

/* Without the words that say by which of two ways a constraint was made; the places of columns are the same. */
static char *shape(void) { return table_text("mig_post"); }

/* Whoever writes what is advised has nothing said against it, and the same table in the end; and can go back. */
TEST(lint_advises_what_it_has_nothing_against)
{
    start_migrating();
    if (!database_is("postgresql"))
        return;
    for (size_t i = 0; i < sizeof locking / sizeof *locking; i++) {
        start_with_rows();
        file("0002_asked", "0001_initial", locking[i][1]);
        char *said = lint(false), *before = shape();
        EXPECT(strstr(said, "0002_asked.json, operation 1 (") && strstr(said, "migrate --lock-timeout 2"));
        migrate(NULL, NULL);
        char *wanted = shape();
        start_with_rows();
        if (!follow(said))
            capo_test_fail(__FILE__, __LINE__, "%s: there are no lines to follow in\n%s", locking[i][0], said);
        char *again = lint(false);
        if (strcmp(again, "0\n") != 0)
            capo_test_fail(__FILE__, __LINE__, "%s: of what was advised\n%s it is said\n%s", locking[i][0], said, again);
        migrate(NULL, NULL);
        if (strcmp(shape(), wanted) != 0)
            capo_test_fail(__FILE__, __LINE__, "%s: followed\n%s it is\n%swanted\n%s", locking[i][0], said, shape(), wanted);
        migrate("mig", "0001");
        EXPECT_TEXT(shape(), before);
    }
}

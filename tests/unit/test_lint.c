/* SPDX-License-Identifier: BSD-3-Clause */
/* lintmigrations: what locks or rewrites a table with rows is told, with the operation and the way round; what does not is not. */
#include "migrating.h"
#include <string.h>

static char *lint(bool all)
{
    Buffer out = { 0 };
    int count = capo_lint_migrations(&(LintOptions){ .all = all, .say = keep_line, .self = &out });
    capo_put_format(&out, "%d\n", count);
    return capo_buffer_text(&out);
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
    EXPECT(strstr(said, "operation 2 (Add field subtitle to post): ") && strstr(said, "    Instead: "));
    EXPECT(strstr(said, "operation 3 (Raw SQL operation): every row is written in one transaction.") != NULL);
    EXPECT(strstr(said, "operation 4 (Remove field note from post): ") != NULL);
    EXPECT(strstr(said, "0002_free") == NULL);
    migrate(NULL, NULL);
    EXPECT_TEXT(lint(false), "0\n");                        /* what is applied is done */
    EXPECT(strcmp(lint(true), "0\n") != 0);
    EXPECT(!capo_schema_has_table("new__mig_post"));
}

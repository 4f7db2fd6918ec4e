/* SPDX-License-Identifier: BSD-3-Clause */
/* Migrations of PostgreSQL's kinds of fields: made, added to rows that are there, changed, taken away; refused elsewhere. */
#include "migrating.h"
#include <string.h>

#define SHELF "{\"CreateModel\": {\"name\": \"Shelf\", \"fields\": {" ID ", \"tags\": {\"kind\": \"ArrayField\", \"base\": \"CharField\", \"max_length\": 3}}}}"
#define FIELD(operation, name, rest) "{\"" operation "\": {\"model\": \"Shelf\", \"name\": \"" name "\", \"field\": {" rest "}}}"

TEST(postgresql_fields_are_migrated)
{
    start_migrating();
    file("0001_initial", NULL, SHELF);
    if (!database_is("postgresql")) {
        EXPECT(strstr(EXPECT_RAISES(ERROR_MIGRATION, migrate_all, NULL)->message, "mig.Shelf.tags needs PostgreSQL, which alone has ArrayFields"));
        return;
    }
    migrate(NULL, NULL);
    capo_sql_run("INSERT INTO mig_shelf (tags) VALUES ('{abc,d}')");
    file("0002_more", "0001_initial",
         FIELD("AddField", "board", "\"kind\": \"ArrayField\", \"base\": \"IntegerField\", \"dimensions\": 2, \"default\": \"[[1, 2]]\"") ", "
         FIELD("AddField", "words", "\"kind\": \"ArrayField\", \"base\": \"TextField\", \"size\": 3, \"default\": \"[]\"") ", "
         FIELD("AddField", "days", "\"kind\": \"DateRangeField\", \"null\": true, \"db_index\": true") ", "
         FIELD("AddField", "ages", "\"kind\": \"IntegerRangeField\", \"null\": true") ", "
         FIELD("AlterField", "tags", "\"kind\": \"ArrayField\", \"base\": \"CharField\", \"max_length\": 9"));
    migrate(NULL, NULL);
    EXPECT_TEXT(first_text("SELECT concat_ws(' ', tags, board, words, COALESCE(days::text, 'none'), ages) FROM mig_shelf"), "{abc,d} {{1,2}} {} none");
    EXPECT(strstr(table_text("mig_shelf"), "column tags character varying(9)[] NOT NULL"));
    EXPECT(strstr(table_text("mig_shelf"), "column ages int4range\n"));
    file("0003_other", "0002_more",
         FIELD("AlterField", "board", "\"kind\": \"ArrayField\", \"base\": \"BigIntegerField\", \"dimensions\": 2") ", "
         "{\"RenameField\": {\"model\": \"Shelf\", \"old_name\": \"tags\", \"new_name\": \"labels\"}}, {\"RemoveField\": {\"model\": \"Shelf\", \"name\": \"days\"}}");
    migrate(NULL, NULL);
    EXPECT(strstr(table_text("mig_shelf"), "column board bigint[] NOT NULL") && !strstr(table_text("mig_shelf"), "days"));
    EXPECT_TEXT(first_text("SELECT concat_ws(' ', labels, board) FROM mig_shelf"), "{abc,d} {{1,2}}");
    migrate("mig", "0001");
    EXPECT(strstr(table_text("mig_shelf"), "column tags character varying(3)[] NOT NULL"));
    EXPECT_TEXT(first_text("SELECT tags::text FROM mig_shelf"), "{abc,d}");
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The catalogue as introspection.h tells it, of tables that the models made and of one that nobody's model did; and what a database can do. */
#include "query_library.h"
#include <capo/introspection.h>
#include <capo/schema.h>
#include "../../orm/schema.h"

static const DatabaseColumn *column_of(const char *table, const char *name)
{
    for (const DatabaseColumn *at = capo_database_columns(table, NULL); at->name; at++)
        if (!strcmp(at->name, name))
            return at;
    capo_test_fail(__FILE__, __LINE__, "%s has no column %s", table, name);
}

/* "author_id>library_author.id cascade…" of each constraint of that kind: its columns, and where to. */
static char *constraints(const char *table, DatabaseConstraintKind kind)
{
    size_t count;
    const DatabaseConstraint *all = capo_database_constraints(table, &count);
    List *texts = capo_list_new();
    for (size_t i = 0; i < count; i++) {
        Buffer out = { 0 };
        if (all[i].kind != kind)
            continue;
        for (size_t k = 0; all[i].columns[k]; k++)
            capo_put_format(&out, "%s%s", k ? "," : "", *all[i].columns[k] ? all[i].columns[k] : "()");
        if (kind == CONSTRAINT_FOREIGN_KEY)
            capo_put_format(&out, ">%s.%s", all[i].to_table, all[i].to_columns[0]);
        if (kind == CONSTRAINT_INDEX && all[i].unique)
            capo_put(&out, " unique");
        capo_list_add(texts, capo_value_text(capo_buffer_text(&out)));
    }
    Buffer line = { 0 };
    for (const char *last = ""; last;) {            /* sorted, each once */
        const char *least = NULL;
        for (size_t i = 0; i < texts->count; i++)
            if (strcmp(texts->items[i].text, last) > 0 && (!least || strcmp(texts->items[i].text, least) < 0))
                least = texts->items[i].text;
        if (least)
            capo_put_format(&line, "%s%s", line.size ? "; " : "", least);
        last = least;
    }
    return line.size ? capo_buffer_text(&line) : "";
}

TEST(introspection_of_the_models_tables)
{
    query_library();
    size_t count;
    bool found = false;
    const DatabaseTable *tables = capo_database_tables(&count);
    EXPECT(count > 4 && !tables[count].name);
    for (size_t i = 0; i < count; i++)
        found = found || (!strcmp(tables[i].name, "library_book") && tables[i].kind == TABLE_PLAIN);
    EXPECT(found);
    EXPECT(!capo_database_columns("nowhere", &count)->name);
    EXPECT_INT(count, 0);
    const DatabaseColumn *id = column_of("library_book", "id"), *title = column_of("library_book", "title"), *editor = column_of("library_book", "editor_id");
    EXPECT(id->primary_key && id->counts_up && !id->null && !id->json && !id->generated);
    EXPECT(!title->primary_key && !title->counts_up && !title->null && !title->default_sql && !title->collation);
    EXPECT(strstr(title->type, database_is("postgresql") ? "character varying(" : "varchar("));
    EXPECT(editor->null);
    EXPECT(column_of("library_kind", "data")->json && !column_of("library_kind", "name")->json);
    EXPECT_TEXT(constraints("library_book", CONSTRAINT_PRIMARY_KEY), "id");
    EXPECT_TEXT(constraints("library_book", CONSTRAINT_FOREIGN_KEY), "author_id>library_author.id; country_id>library_country.code; editor_id>library_author.id; sequel_of_id>library_book.id");
    EXPECT_TEXT(constraints("library_author", CONSTRAINT_UNIQUE), "email");
    EXPECT(strstr(constraints("library_book", CONSTRAINT_INDEX), "published; ") && strstr(constraints("library_book", CONSTRAINT_INDEX), "status,published"));
}

static const char *check_named(const char *table, const char *name)
{
    size_t count;
    const DatabaseConstraint *all = capo_database_constraints(table, &count);
    for (size_t i = 0; i < count; i++)
        if (all[i].kind == CONSTRAINT_CHECK && !strcmp(all[i].name, name))
            return all[i].definition;
    return "";
}

TEST(introspection_of_a_table_that_no_model_made)
{
    capo_test_database();
    capo_sql_run("CREATE TABLE odd_one (a integer NOT NULL, b varchar(9) DEFAULT 'x', c integer GENERATED ALWAYS AS (a + 1) STORED, "
                 "PRIMARY KEY (a, b), CONSTRAINT odd_check CHECK (a > 0 AND b <> 'CHECK (no)'), CONSTRAINT odd_pair UNIQUE (b, c))");
    capo_sql_run("CREATE INDEX odd_index ON odd_one (c, a)");
    capo_sql_run("CREATE VIEW odd_view AS SELECT a FROM odd_one");
    bool seen = false;
    for (const DatabaseTable *table = capo_database_tables(NULL); table->name; table++)
        seen = seen || (!strcmp(table->name, "odd_view") && table->kind == TABLE_VIEW);
    EXPECT(seen);
    EXPECT(column_of("odd_one", "a")->primary_key && column_of("odd_one", "b")->primary_key && !column_of("odd_one", "c")->primary_key);
    EXPECT(!column_of("odd_one", "a")->counts_up && column_of("odd_one", "c")->generated && column_of("odd_one", "c")->null);
    EXPECT(strchr(column_of("odd_one", "b")->default_sql, 'x'));
    EXPECT(!column_of("odd_one", "c")->default_sql);
    EXPECT_TEXT(constraints("odd_one", CONSTRAINT_PRIMARY_KEY), "a,b");
    EXPECT_TEXT(constraints("odd_one", CONSTRAINT_UNIQUE), "b,c");
    EXPECT_TEXT(constraints("odd_one", CONSTRAINT_INDEX), "c,a");
    const char *check = check_named("odd_one", "odd_check");
    EXPECT(strstr(check, "0") && strstr(check, "CHECK (no)"));
    EXPECT_TEXT(column_of("odd_view", "a")->name, "a");
    if (capo_database_features().expression_indexes) {
        capo_sql_run("CREATE UNIQUE INDEX odd_lower ON odd_one ((LOWER(b)), a)");
        EXPECT(strstr(constraints("odd_one", CONSTRAINT_INDEX), "(),a unique"));
        EXPECT_TEXT(constraints("odd_one", CONSTRAINT_UNIQUE), "b,c");
    }
    if (capo_database_features().conditional_indexes) {
        capo_sql_run("CREATE UNIQUE INDEX odd_some ON odd_one (c) WHERE a > 5");
        if (database_is("postgresql"))
            EXPECT(strstr(constraints("odd_one", CONSTRAINT_INDEX), "c unique"));
    }
    capo_sql_run("DROP VIEW odd_view");
}

TEST(features_of_the_database_are_what_it_does)
{
    query_library();
    DatabaseFeatures can = capo_database_features();
    EXPECT_TEXT(can.name, capo_schema_backend());
    EXPECT_TEXT(can.title, database_is("sqlite") ? "SQLite" : database_is("postgresql") ? "PostgreSQL" : database_is_oracle_mysql() ? "MySQL" : "MariaDB");
    EXPECT(strchr("123456789", capo_database_version()[0]) && strchr(capo_database_version(), '.'));
    EXPECT_INT(can.many_writers, !database_is("sqlite"));
    capo_begin();
    capo_sql_run("CREATE TABLE odd_two (a integer)");
    capo_rollback();
    EXPECT_INT(capo_schema_has_table("odd_two"), !can.ddl_in_transactions);
    if (!can.ddl_in_transactions)
        capo_sql_run("DROP TABLE odd_two");
    EXPECT_INT(strstr(capo_sql(capo_query(Book, .lock = FOR_UPDATE())), "FOR UPDATE") != NULL, can.row_locks);
    EXPECT(can.max_parameters >= 999 && can.max_name_length >= 63);
}

/* MariaDB opens all tables of all databases, its own catalogue's among them, for a join that says a part's database or table by another's
 * columns only. */
TEST(introspection_asks_of_one_database)
{
    query_library();
    size_t count, first, n_asked = 0;
    if (!database_is("mysql") || database_is_oracle_mysql())
        return;
    capo_logged_queries(&first);
    capo_database_columns("library_book", NULL);
    capo_database_constraints("library_book", &count);
    capo_schema_describe("library_book");
    for (const char *kind = "ufcpk"; *kind; kind++)
        EXPECT(capo_backend()->schema->words->constraint_names("library_book", "title", *kind));
    capo_backend()->schema->index_names("library_book", "title", 'u');
    const LoggedQuery *log = capo_logged_queries(&count);
    for (size_t i = first; i < count; i++) {
        if (!strstr(log[i].sql, "information_schema"))
            continue;
        const ResultSet *plan = capo_sql_run_raw(capo_format("EXPLAIN %s", log[i].sql), NULL, 0);
        for (size_t row = 0; row < plan->n_rows; row++) {
            const char *extra = capo_to_text(capo_cell(plan, row, plan->n_columns - 1));
            if (strstr(extra, "Scanned all"))
                capo_test_fail(__FILE__, __LINE__, "%s: %s", extra, log[i].sql);
        }
        n_asked++;
    }
    EXPECT(n_asked > 9);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* MariaDB's and MySQL's part of the schema editor: their words, and the catalogue. */
#include "../schema.h"
#include <string.h>
#include <strings.h>

/* MODIFY states the column anew: what is not said again is lost. */
static void alter_type(SchemaEditor *editor, const Model *model, const Field *old_field, const Field *new_field)
{
    (void)old_field;
    const char *collation = capo_column_field(new_field)->db_collation, *db_default = capo_column_default(new_field);
    Buffer sql = { 0 };
    capo_put_format(&sql, "ALTER TABLE %s MODIFY %s %s", capo_quote_name(model->table), capo_quote_name(new_field->column), capo_dialect()->column_type(new_field));
    if (collation)
        capo_put_format(&sql, " COLLATE %s", capo_quote_name(collation));
    if (db_default)
        capo_put_format(&sql, " DEFAULT %s", db_default);
    capo_put(&sql, new_field->null ? " NULL" : " NOT NULL");
    if (new_field->primary_key && capo_field_is_automatic(new_field->kind))
        capo_put(&sql, " AUTO_INCREMENT");
    if (new_field->db_comment) {
        capo_put(&sql, " COMMENT ");
        capo_put_comment(&sql, new_field->db_comment);
    }
    capo_schema_run(editor, capo_buffer_text(&sql), NULL, 0);
}

static List *first_column(const char *sql, const Value *parameters, size_t count)
{
    ResultSet *result = capo_database_run(sql, parameters, count, DATABASE_READ);
    List *list = capo_list_new();
    for (size_t i = 0; i < result->n_rows; i++)
        capo_list_add(list, capo_value_to_text(capo_cell(result, i, 0)));
    return list;
}

static bool is_mariadb(void) { return capo_backend()->schema == &capo_mariadb_schema; }

/* A check that came with a column has the column's name; one that was added has its own. */
static List *constraint_names(const char *table, const char *column, char kind)
{
    Value parameters[] = { capo_value_text(table), capo_value_text(column), capo_value_text(kind == 'f' ? "FOREIGN KEY" : kind == 'p' ? "PRIMARY KEY" : "UNIQUE") };
    /* Database and table are said of each part: what is only compared with a column of another makes MariaDB open every table of every database,
     * its own catalogue among them, where it has crashed. */
    if (kind == 'k')
        return first_column("SELECT s.COLUMN_NAME FROM information_schema.STATISTICS s JOIN information_schema.KEY_COLUMN_USAGE k ON k.COLUMN_NAME = s.COLUMN_NAME "
                            "WHERE s.TABLE_SCHEMA = DATABASE() AND s.TABLE_NAME = ? AND s.INDEX_NAME = ? AND s.SEQ_IN_INDEX = 1 "
                            "AND k.TABLE_SCHEMA = DATABASE() AND k.TABLE_NAME = ? AND k.REFERENCED_TABLE_NAME IS NOT NULL "
                            "AND NOT EXISTS (SELECT 1 FROM information_schema.STATISTICS o WHERE o.TABLE_SCHEMA = DATABASE() AND o.TABLE_NAME = ? "
                            "AND o.COLUMN_NAME = s.COLUMN_NAME AND o.SEQ_IN_INDEX = 1 AND o.INDEX_NAME <> s.INDEX_NAME) GROUP BY s.COLUMN_NAME",
                            (Value[]){ parameters[0], parameters[1], parameters[0], parameters[0] }, 4);
    if (kind == 'c') {
        parameters[1] = capo_value_text(capo_format("%%%s%%", capo_quote_name(column)));
        if (!is_mariadb())
            return first_column("SELECT k.CONSTRAINT_NAME FROM information_schema.CHECK_CONSTRAINTS k JOIN information_schema.TABLE_CONSTRAINTS c "
                                "ON c.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND c.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND c.CONSTRAINT_TYPE = 'CHECK' "
                                "WHERE k.CONSTRAINT_SCHEMA = DATABASE() AND c.TABLE_NAME = ? AND k.CHECK_CLAUSE LIKE ?", parameters, 2);
        return first_column("SELECT CONSTRAINT_NAME FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = ? "
                            "AND CHECK_CLAUSE LIKE ? AND LEVEL = 'Table'", parameters, 2);
    }
    return first_column("SELECT k.CONSTRAINT_NAME FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.TABLE_CONSTRAINTS c "
                        "ON c.CONSTRAINT_NAME = k.CONSTRAINT_NAME WHERE k.TABLE_SCHEMA = DATABASE() AND k.TABLE_NAME = ? "
                        "AND c.TABLE_SCHEMA = DATABASE() AND c.TABLE_NAME = ? AND c.CONSTRAINT_TYPE = ? "
                        "GROUP BY k.CONSTRAINT_NAME HAVING COUNT(*) = 1 AND MAX(k.COLUMN_NAME) = ?",
                        (Value[]){ parameters[0], parameters[0], parameters[2], parameters[1] }, 4);
}

static List *index_names(const char *table, const char *columns, char kind)
{
    Value parameters[] = { capo_value_text(table), capo_value_int(kind != 'u'), capo_value_text(columns) };
    return first_column("SELECT INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND NON_UNIQUE = ? AND INDEX_NAME <> 'PRIMARY' "
                        "GROUP BY INDEX_NAME HAVING GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX SEPARATOR '\n') = ? ORDER BY 1", parameters, 3);
}

/* Long texts and bytes cannot be indexed without a length. */
static bool can_index(const Field *field)
{
    FieldKind kind = capo_column_field(field)->kind;
    return kind != FIELD_TEXT && kind != FIELD_BINARY && kind != FIELD_JSON;
}

static List *tables(void)
{
    return first_column("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' "
                        "ORDER BY BINARY TABLE_NAME", NULL, 0);
}

static List *columns(const char *table)
{
    Value name = capo_value_text(table);
    return first_column("SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION",
                        &name, 1);
}

static void enforce_foreign_keys(bool on) { (void)on; }

static char *describe(const char *table)
{
    Value name[] = { capo_value_text(table), capo_value_text(table), capo_value_text(table), capo_value_text(table) };
    Buffer out = { 0 };
    const char *checks = is_mariadb() ? "SELECT CONCAT('check ', CHECK_CLAUSE) FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = ? "
        : "SELECT CONCAT('check ', k.CHECK_CLAUSE) FROM information_schema.CHECK_CONSTRAINTS k JOIN information_schema.TABLE_CONSTRAINTS c "
          "ON c.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND c.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND c.CONSTRAINT_TYPE = 'CHECK' "
          "WHERE k.CONSTRAINT_SCHEMA = DATABASE() AND c.TABLE_NAME = ? ";
    List *lines = first_column(capo_format("%s%sORDER BY 1",
        "SELECT CONCAT('column ', COLUMN_NAME, ' ', COLUMN_TYPE, IF(IS_NULLABLE = 'NO', ' NOT NULL', ''), IF(EXTRA <> '', CONCAT(' ', EXTRA), ''), "
        "IF(COALESCE(GENERATION_EXPRESSION, '') = '', '', CONCAT(' AS ', GENERATION_EXPRESSION)), IF(COLUMN_COMMENT <> '', CONCAT(' COMMENT ', COLUMN_COMMENT), ''), "
        "IF(COLUMN_DEFAULT IS NULL OR COLUMN_DEFAULT = 'NULL', '', CONCAT(' DEFAULT ', COLUMN_DEFAULT)), "
        "IF(COLLATION_NAME IS NULL OR COLLATION_NAME = @@collation_database, '', CONCAT(' COLLATE ', COLLATION_NAME))) AS line "
        "FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? "
        "UNION ALL SELECT CONCAT(IF(INDEX_NAME = 'PRIMARY', 'primary key', IF(NON_UNIQUE, CONCAT('index ', INDEX_NAME), 'unique')), ' (', "
        "GROUP_CONCAT(CONCAT(COALESCE(COLUMN_NAME, '(expression)'), IF(COLLATION = 'D', ' DESC', '')) ORDER BY SEQ_IN_INDEX SEPARATOR ', '), ')') "
        "FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? GROUP BY INDEX_NAME, NON_UNIQUE "
        "UNION ALL SELECT CONCAT('foreign key ', k.CONSTRAINT_NAME, ' ', k.COLUMN_NAME, ' to ', k.REFERENCED_TABLE_NAME, ' (', k.REFERENCED_COLUMN_NAME, ')') "
        "FROM information_schema.KEY_COLUMN_USAGE k WHERE k.TABLE_SCHEMA = DATABASE() AND k.TABLE_NAME = ? AND k.REFERENCED_TABLE_NAME IS NOT NULL "
        "UNION ALL ", checks), name, 4);
    for (size_t i = 0; i < lines->count; i++)
        capo_put_format(&out, "%s\n", lines->items[i].text);
    return capo_buffer_text(&out);
}

/* --- what a statement changes --- */

static const char *next_word(const char **sql)
{
    const char *from = *sql += strspn(*sql, " \t\r\n");
    Buffer word = { 0 };
    char quote = *from == '`' || *from == '"' ? *from : '\0';
    if (quote) {
        for (from++; *from && !(*from == quote && from[1] != quote); from++)
            capo_put_char(&word, *from == quote ? *from++ : *from);
        *sql = from + (*from != '\0');
    } else {
        size_t size = strcspn(from, " \t\r\n(;`\".");
        size = size ? size : strlen(from) ? 1 : 0;
        capo_put_bytes(&word, from, size);
        *sql = from + size;
    }
    return capo_buffer_text(&word);
}

/* The table of ALTER TABLE t, CREATE TABLE t, DROP TABLE t, CREATE UNIQUE INDEX i ON t. NULL: it is about something else, or
 * about several. */
static const char *table_of(const char *sql)
{
    const char *word = next_word(&sql), *verb = word;
    for (word = next_word(&sql); *word && strcasecmp(word, "TABLE") != 0 && strcasecmp(word, "INDEX") != 0; word = next_word(&sql))
        if (strcasecmp(word, "VIEW") == 0 || strcasecmp(word, "TRIGGER") == 0 || strcasecmp(word, "PROCEDURE") == 0 || strcasecmp(word, "FUNCTION") == 0)
            return NULL;
    if (strcasecmp(verb, "RENAME") == 0 || !*word)
        return NULL;
    if (strcasecmp(word, "INDEX") == 0)
        while (*word && strcasecmp(word, "ON") != 0)
            word = next_word(&sql);
    do
        word = next_word(&sql);
    while (strcasecmp(word, "IF") == 0 || strcasecmp(word, "NOT") == 0 || strcasecmp(word, "EXISTS") == 0);
    return *word ? word : NULL;
}

/* The table as it is, whole; the server knows more of it than describe() says. Of other statements all that the database has. */
static char *fingerprint(const char *sql)
{
    const char *table = table_of(sql);
    if (!table) {
        List *all = first_column(
            "SELECT SHA2(CONCAT_WS('/', (SELECT GROUP_CONCAT(TABLE_NAME, TABLE_TYPE, TABLE_COMMENT ORDER BY TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()), "
            "(SELECT GROUP_CONCAT(SHA2(VIEW_DEFINITION, 256) ORDER BY TABLE_NAME) FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()), "
            "(SELECT GROUP_CONCAT(TRIGGER_NAME, SHA2(ACTION_STATEMENT, 256) ORDER BY TRIGGER_NAME) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()), "
            "(SELECT GROUP_CONCAT(ROUTINE_NAME, SHA2(ROUTINE_DEFINITION, 256) ORDER BY ROUTINE_NAME) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE())), 256)", NULL, 0);
        return capo_strdup(all->items[0].text);
    }
    Value name = capo_value_text(table);
    if (!first_column("SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?", &name, 1)->count)
        return capo_format("%s: absent", table);
    ResultSet *made = capo_database_run(capo_format("SHOW CREATE TABLE %s", capo_quote_name(table)), NULL, 0, DATABASE_READ);
    const char *text = capo_to_text(capo_cell(made, 0, 1)), *counter = strstr(text, " AUTO_INCREMENT=");
    Buffer kept = { 0 };
    capo_put_bytes(&kept, text, counter ? (size_t)(counter - text) : strlen(text));
    if (counter)                        /* rows move it */
        capo_put(&kept, counter + 16 + strspn(counter + 16, "0123456789"));
    return capo_buffer_text(&kept);
}

#define SHARED_WORDS \
    .identity = " AUTO_INCREMENT", .table_options = "", .deferrable = "", .drop_foreign_key = "ALTER TABLE %s DROP FOREIGN KEY %s", .drop_unique = "ALTER TABLE %s DROP INDEX %s", \
    .drop_primary_key = "ALTER TABLE %s DROP PRIMARY KEY /* %s */", .drop_index = "ALTER TABLE %s DROP INDEX %s", .index_has_table = true, \
    .rename_index = "ALTER TABLE %s RENAME INDEX %s TO %s", .key_has_index = true, \
    .can_index = can_index, .alter_type = alter_type, .constraint_names = constraint_names
static const SchemaWords words = { SHARED_WORDS, .renames_checks = true, .drop_check = "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s" };
static const SchemaWords mysql_words = { SHARED_WORDS, .drop_check = "ALTER TABLE %s DROP CHECK %s" };

#define SHARED \
    .comments = true, .virtual_columns = true, .create_model = capo_altering_create_model, .add_column = capo_altering_add_column, \
    .remove_column = capo_altering_remove_column, .alter_column = capo_altering_alter_column, .alter_constraints = capo_altering_alter_constraints, \
    .alter_join_table = capo_altering_alter_join_table, .enforce_foreign_keys = enforce_foreign_keys, .check = capo_altering_check, \
    .tables = tables, .columns = columns, .describe = describe, .index_names = index_names, .fingerprint = fingerprint, \
    .try_lock = "SELECT GET_LOCK(CONCAT('capo_migrate_', LEFT(SHA2(DATABASE(), 256), 32)), 0)", \
    .lock_timeout = "SET SESSION lock_wait_timeout = CEILING(%1$g), innodb_lock_wait_timeout = CEILING(%1$g)"
const SchemaBackend capo_mariadb_schema = { .words = &words, SHARED };
const SchemaBackend capo_mysql_schema = { .words = &mysql_words, SHARED, .index_parts = true };

/* SPDX-License-Identifier: BSD-3-Clause */
/* The catalogue of each database, by three questions: what tables there are, a table's columns, its constraints. What is made of the
 * answers is the same for all. */
#include "schema.h"
#include <capo/introspection.h>
#include <string.h>
#include <strings.h>

/* Tables: name, what ('t', 'v', 'p'). Columns, in order: name, type, not_null, in_key, counts, is_json, is_generated, default_sql, collation.
 * Keys, indexes and checks, which may be one question, by kind, name and place: kind ('p', 'u', 'f', 'c', 'i', 'x'), name, is_unique, col,
 * ref_table, ref_column, definition. `?` is the table, as often as there is one. */
typedef struct Catalogue { const char *tables, *columns, *keys, *indexes, *checks; } Catalogue;

static const Catalogue sqlite = {
    "SELECT name, CASE type WHEN 'view' THEN 'v' ELSE 't' END AS what FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    "SELECT name, lower(type) AS type, \"notnull\" OR pk > 0 AS not_null, pk > 0 AS in_key, "
    "pk = 1 AND lower(type) = 'integer' AND (SELECT SUM(pk > 0) FROM pragma_table_info(?)) = 1 AS counts, "
    "EXISTS (SELECT 1 FROM sqlite_master m WHERE m.name = ? AND instr(upper(m.sql), upper('JSON_VALID(\"' || c.name || '\")')) > 0) AS is_json, "
    "hidden > 1 AS is_generated, dflt_value AS default_sql, NULL AS collation FROM pragma_table_xinfo(?) c WHERE hidden <> 1 ORDER BY cid",
    "SELECT 'p' AS kind, '' AS name, 1 AS is_unique, name AS col, NULL AS ref_table, NULL AS ref_column, NULL AS definition, pk AS place FROM pragma_table_info(?) WHERE pk > 0 "
    "UNION ALL SELECT CASE WHEN l.\"unique\" AND NOT l.partial AND NOT EXISTS (SELECT 1 FROM pragma_index_info(l.name) WHERE cid < 0) THEN 'u' ELSE 'i' END, l.name, l.\"unique\", "
    "coalesce(i.name, ''), NULL, NULL, (SELECT sql FROM sqlite_master m WHERE m.name = l.name), i.seqno "
    "FROM pragma_index_list(?) l JOIN pragma_index_info(l.name) i WHERE l.origin <> 'pk' "
    "UNION ALL SELECT 'f', CAST(id AS text), 0, \"from\", \"table\", \"to\", NULL, seq FROM pragma_foreign_key_list(?) ORDER BY 1, 2, 8",
};

static const Catalogue postgresql = {
    "SELECT c.relname::text AS name, CASE WHEN c.relispartition THEN 'p' WHEN c.relkind IN ('v', 'm') THEN 'v' ELSE 't' END AS what FROM pg_class c "
    "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(c.oid) AND c.relnamespace NOT IN "
    "(SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\\_%' OR nspname = 'information_schema') ORDER BY c.relname COLLATE \"C\"",
    "SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, CASE WHEN a.attnotnull THEN 1 ELSE 0 END AS not_null, "
    "CASE WHEN a.attnum = ANY ((SELECT x.conkey FROM pg_constraint x WHERE x.conrelid = c.oid AND x.contype = 'p')::smallint[]) THEN 1 ELSE 0 END AS in_key, "
    "CASE WHEN a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%' THEN 1 ELSE 0 END AS counts, "
    "CASE WHEN a.atttypid IN ('json'::regtype, 'jsonb'::regtype) THEN 1 ELSE 0 END AS is_json, CASE WHEN a.attgenerated <> '' THEN 1 ELSE 0 END AS is_generated, "
    "CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS default_sql, "
    "(SELECT l.collname::text FROM pg_collation l WHERE l.oid = a.attcollation AND l.collname <> 'default') AS collation "
    "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum "
    "WHERE c.relname::text = ? AND pg_table_is_visible(c.oid) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
    "SELECT x.contype::text AS kind, x.conname::text AS name, CASE WHEN x.contype IN ('p', 'u') THEN 1 ELSE 0 END AS is_unique, coalesce(a.attname::text, '') AS col, "
    "f.relname::text AS ref_table, b.attname::text AS ref_column, CASE WHEN x.contype = 'c' THEN pg_get_expr(x.conbin, x.conrelid) ELSE pg_get_constraintdef(x.oid) END AS definition, "
    "k.place AS place FROM pg_constraint x JOIN pg_class c ON c.oid = x.conrelid LEFT JOIN LATERAL unnest(x.conkey, x.confkey) WITH ORDINALITY AS k(here, there, place) ON true "
    "LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.here LEFT JOIN pg_class f ON f.oid = x.confrelid "
    "LEFT JOIN pg_attribute b ON b.attrelid = x.confrelid AND b.attnum = k.there "
    "WHERE c.relname::text = ? AND pg_table_is_visible(c.oid) AND x.contype IN ('p', 'u', 'f', 'c', 'x') "
    "UNION ALL SELECT 'i', n.relname::text, CASE WHEN i.indisunique THEN 1 ELSE 0 END, coalesce(a.attname::text, ''), NULL, NULL, pg_get_indexdef(i.indexrelid), k.place "
    "FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class n ON n.oid = i.indexrelid "
    "CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(here, place) LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.here AND k.here <> 0 "
    "WHERE c.relname::text = ? AND pg_table_is_visible(c.oid) AND k.place <= i.indnkeyatts AND NOT EXISTS (SELECT 1 FROM pg_constraint x WHERE x.conindid = i.indexrelid AND x.contype IN ('p', 'u', 'x')) "
    "ORDER BY 1, 2, 8",
};

#define MYSQL_TABLES "SELECT TABLE_NAME AS name, IF(TABLE_TYPE = 'BASE TABLE', 't', 'v') AS what FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ORDER BY BINARY TABLE_NAME"
#define MYSQL_COLUMNS(is_json) \
    "SELECT COLUMN_NAME AS name, LOWER(COLUMN_TYPE) AS type, IS_NULLABLE = 'NO' AS not_null, COLUMN_KEY = 'PRI' AS in_key, EXTRA LIKE '%auto_increment%' AS counts, " is_json " AS is_json, " \
    "COALESCE(GENERATION_EXPRESSION, '') <> '' AS is_generated, NULLIF(COLUMN_DEFAULT, 'NULL') AS default_sql, " \
    "NULLIF(CONVERT(COLLATION_NAME USING ascii), CONVERT(@@collation_database USING ascii)) AS collation " \
    "FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION"
/* Indexes of keys are among them, and are left out below. One statement for all would be shorter, and MariaDB 10.11 crashes where it is
 * executed a second time. Database and table are said of each part of a join, or MariaDB opens all tables of all databases. */
#define MYSQL_KEYS \
    "SELECT CASE c.CONSTRAINT_TYPE WHEN 'PRIMARY KEY' THEN 'p' WHEN 'UNIQUE' THEN 'u' ELSE 'f' END AS kind, k.CONSTRAINT_NAME AS name, c.CONSTRAINT_TYPE <> 'FOREIGN KEY' AS is_unique, " \
    "k.COLUMN_NAME AS col, k.REFERENCED_TABLE_NAME AS ref_table, k.REFERENCED_COLUMN_NAME AS ref_column, NULL AS definition " \
    "FROM information_schema.KEY_COLUMN_USAGE k " \
    "JOIN information_schema.TABLE_CONSTRAINTS c ON c.CONSTRAINT_NAME = k.CONSTRAINT_NAME " \
    "WHERE k.TABLE_SCHEMA = DATABASE() AND k.TABLE_NAME = ? AND c.TABLE_SCHEMA = DATABASE() AND c.TABLE_NAME = ? AND c.CONSTRAINT_TYPE IN ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY') ORDER BY 1, 2, k.ORDINAL_POSITION"
#define MYSQL_INDEXES(expression) \
    "SELECT 'i' AS kind, INDEX_NAME AS name, NON_UNIQUE = 0 AS is_unique, COALESCE(COLUMN_NAME, '') AS col, NULL AS ref_table, NULL AS ref_column, " expression " AS definition " \
    "FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY INDEX_NAME, SEQ_IN_INDEX"

static const Catalogue mariadb = {
    MYSQL_TABLES,
    MYSQL_COLUMNS("EXISTS (SELECT 1 FROM information_schema.CHECK_CONSTRAINTS k WHERE k.CONSTRAINT_SCHEMA = DATABASE() AND k.TABLE_NAME = ? "
                  "AND k.CHECK_CLAUSE LIKE CONCAT('%json_valid(`', COLUMN_NAME, '`)%'))"),
    MYSQL_KEYS, MYSQL_INDEXES("NULL"),
    "SELECT 'c' AS kind, CONSTRAINT_NAME AS name, 0 AS is_unique, '' AS col, NULL AS ref_table, NULL AS ref_column, CHECK_CLAUSE AS definition "
    "FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY CONSTRAINT_NAME",
};

/* MySQL has JSON as a type, and no tables in its list of checks. */
static const Catalogue mysql = {
    MYSQL_TABLES, MYSQL_COLUMNS("DATA_TYPE = 'json'"),
    MYSQL_KEYS, MYSQL_INDEXES("EXPRESSION"),
    "SELECT 'c' AS kind, k.CONSTRAINT_NAME AS name, 0 AS is_unique, '' AS col, NULL AS ref_table, NULL AS ref_column, k.CHECK_CLAUSE AS definition "
    "FROM information_schema.CHECK_CONSTRAINTS k JOIN information_schema.TABLE_CONSTRAINTS c ON c.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA "
    "AND c.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND c.CONSTRAINT_TYPE = 'CHECK' WHERE k.CONSTRAINT_SCHEMA = DATABASE() AND c.TABLE_NAME = ? ORDER BY k.CONSTRAINT_NAME",
};

static const Catalogue *catalogue(void)
{
    const SchemaBackend *schema = capo_backend()->schema;
    return schema == &capo_sqlite_schema ? &sqlite : schema == &capo_postgresql_schema ? &postgresql : schema == &capo_mysql_schema ? &mysql : &mariadb;
}

static ResultSet *ask(const char *sql, const char *table)
{
    Value parameters[8];
    size_t count = 0;
    for (const char *at = sql; (at = strchr(at, '?')); at++)        /* there is none in a quoted text above */
        parameters[count++] = capo_value_text(table);
    return capo_sql_run_raw(sql, parameters, count);
}

static const char *text_at(const ResultSet *result, size_t row, size_t column)
{
    Value value = capo_cell(result, row, column);
    return value.kind == VALUE_NULL ? NULL : value.kind == VALUE_BYTES ? capo_strndup((const char *)value.bytes, value.size) : capo_to_text(value);
}

static bool flag_at(const ResultSet *result, size_t row, size_t column) { return capo_truth(capo_cell(result, row, column)); }

const DatabaseTable *capo_database_tables(size_t *ret_count)
{
    ResultSet *result = ask(catalogue()->tables, NULL);
    DatabaseTable *tables = capo_alloc_array(result->n_rows + 1, sizeof *tables);
    for (size_t i = 0; i < result->n_rows; i++) {
        char what = *text_at(result, i, 1);
        tables[i] = (DatabaseTable){ text_at(result, i, 0), what == 'v' ? TABLE_VIEW : what == 'p' ? TABLE_PARTITION : TABLE_PLAIN };
    }
    if (ret_count)
        *ret_count = result->n_rows;
    return tables;
}

const DatabaseColumn *capo_database_columns(const char *table, size_t *ret_count)
{
    ResultSet *result = ask(catalogue()->columns, table);
    DatabaseColumn *columns = capo_alloc_array(result->n_rows + 1, sizeof *columns);
    for (size_t i = 0; i < result->n_rows; i++)
        columns[i] = (DatabaseColumn){ .name = text_at(result, i, 0), .type = text_at(result, i, 1), .null = !flag_at(result, i, 2), .primary_key = flag_at(result, i, 3),
                                       .counts_up = flag_at(result, i, 4), .json = flag_at(result, i, 5), .generated = flag_at(result, i, 6),
                                       .default_sql = text_at(result, i, 7), .collation = text_at(result, i, 8) };
    if (ret_count)
        *ret_count = result->n_rows;
    return columns;
}

/* --- constraints --- */

static DatabaseConstraintKind kind_of(char letter)
{
    switch (letter) {
    case 'p': return CONSTRAINT_PRIMARY_KEY;
    case 'u': return CONSTRAINT_UNIQUE;
    case 'f': return CONSTRAINT_FOREIGN_KEY;
    case 'c': return CONSTRAINT_CHECK;
    case 'x': return CONSTRAINT_EXCLUSION;
    default: return CONSTRAINT_INDEX;
    }
}

typedef struct Constraints { DatabaseConstraint *items; size_t count, room; } Constraints;

static void add(Constraints *all, DatabaseConstraint one)
{
    if (all->count + 1 >= all->room) {
        size_t more = all->room ? 2 * all->room : 8;
        all->items = capo_realloc(all->items, all->room * sizeof *all->items, more * sizeof *all->items);
        all->room = more;
    }
    all->items[all->count++] = one;
    all->items[all->count] = (DatabaseConstraint){ 0 };
}

static void add_check(Constraints *all, const char *name, const char *condition)
{
    static const char *const none[] = { NULL };
    add(all, (DatabaseConstraint){ .name = name, .kind = CONSTRAINT_CHECK, .columns = none, .to_columns = none, .definition = condition });
}

static bool is_word(char c) { return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (unsigned char)c >= 0x80; }

/* The end of what stands in the brackets that open at sql[at]. */
static size_t closing(const char *sql, size_t at)
{
    for (int depth = 0; sql[at];) {
        size_t end = capo_sql_skip_quoted(sql, at);
        if (end > at) {
            at = end;
            continue;
        }
        depth += sql[at] == '(' ? 1 : sql[at] == ')' ? -1 : 0;
        if (!depth)
            return at;
        at++;
    }
    return at;
}

/* SQLite keeps its checks in the words that made the table alone: CONSTRAINT "name" CHECK (…), or without a name behind a column. */
static void read_checks(const char *table, Constraints *checks)
{
    ResultSet *result = ask("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", table);
    const char *sql = result->n_rows ? text_at(result, 0, 0) : NULL, *name = "";
    bool names = false;
    for (size_t at = 0; sql && sql[at];) {
        size_t end = capo_sql_skip_quoted(sql, at);
        if (end > at) {
            if (names)
                name = capo_strndup(sql + at + 1, end - at - 2);
            names = false;
            at = end;
        } else if (is_word(sql[at])) {
            for (end = at; is_word(sql[end]); end++)
                ;
            if (names)
                name = capo_strndup(sql + at, end - at);
            bool is_check = !names && end - at == 5 && !strncasecmp(sql + at, "CHECK", 5);
            names = !names && end - at == 10 && !strncasecmp(sql + at, "CONSTRAINT", 10);
            at = end;
            if (!is_check)
                continue;
            at += strspn(sql + at, " \t\r\n");
            end = closing(sql, at);
            add_check(checks, name, capo_strndup(sql + at + 1, end > at ? end - at - 1 : 0));
            name = "";
            at = end;
        } else {
            name = sql[at] == ',' ? "" : name;
            at++;
        }
    }
}

static void read_constraints(const ResultSet *result, Constraints *ret)
{
    for (size_t from = 0, to; from < result->n_rows; from = to) {
        const char *kind = text_at(result, from, 0), *name = text_at(result, from, 1);
        for (to = from; to < result->n_rows && !strcmp(text_at(result, to, 0), kind) && !strcmp(text_at(result, to, 1), name); to++)
            ;
        const char **columns = capo_alloc_array(to - from + 1, sizeof *columns), **to_columns = capo_alloc_array(to - from + 1, sizeof *to_columns);
        size_t n = 0;
        for (size_t i = from; i < to; i++) {
            const char *column = text_at(result, i, 3), *target = text_at(result, i, 5);
            if (!*column && *kind == 'c')
                continue;
            columns[n] = column;
            to_columns[n++] = *kind == 'f' && !target ? "" : target;
        }
        /* SQLite's foreign keys have a number, which says nothing. */
        add(ret, (DatabaseConstraint){ .name = *kind == 'f' && catalogue() == &sqlite ? "" : name, .kind = kind_of(*kind), .unique = flag_at(result, from, 2), .columns = columns,
                                       .to_columns = to_columns, .to_table = text_at(result, from, 4), .definition = text_at(result, from, 6) });
    }
}

static bool has_expression(const DatabaseConstraint *index)
{
    for (const char *const *column = index->columns; *column; column++)
        if (!**column)
            return true;
    return false;
}

/* Of a key and its index one is told: the key, but of one over expressions, whose columns the key does not know. */
static void add_indexes(const Constraints *indexes, Constraints *all)
{
    for (size_t i = 0; i < indexes->count; i++) {
        size_t k = 0;
        while (k < all->count && !(all->items[k].unique && !strcmp(all->items[k].name, indexes->items[i].name)))
            k++;
        if (k == all->count)
            add(all, indexes->items[i]);
        else if (has_expression(&indexes->items[i]))
            all->items[k] = indexes->items[i];
    }
}

const DatabaseConstraint *capo_database_constraints(const char *table, size_t *ret_count)
{
    Constraints all = { 0 }, indexes = { 0 };
    const Catalogue *questions = catalogue();
    read_constraints(ask(questions->keys, table), &all);
    if (questions->indexes)
        read_constraints(ask(questions->indexes, table), &indexes);
    add_indexes(&indexes, &all);
    if (questions->checks)
        read_constraints(ask(questions->checks, table), &all);
    else if (questions == &sqlite)
        read_checks(table, &all);
    if (ret_count)
        *ret_count = all.count;
    return all.items ? all.items : capo_alloc_struct(DatabaseConstraint);
}

/* --- what it can do --- */

DatabaseFeatures capo_database_features(void)
{
    const Backend *backend = capo_backend();
    const Dialect *dialect = backend->dialect;
    const SchemaBackend *schema = backend->schema;
    return (DatabaseFeatures){
        .name = backend->name, .title = backend->title, .many_writers = backend->networked, .ddl_in_transactions = !schema->fingerprint,
        .returning = dialect->returning, .returning_updates = dialect->returning_update, .row_locks = dialect->for_update, .row_locks_of = dialect->lock_of,
        .no_key_locks = dialect->lock_no_key, .isolation_levels = dialect->begin_isolated || dialect->set_isolation, .deferred_keys = dialect->defers_constraints,
        .conflict_targets = dialect->on_conflict, .distinct_on = dialect->distinct_on, .aggregate_filters = dialect->aggregate_filter,
        .ordered_aggregates = dialect->ordered_aggregates, .frame_exclusion = dialect->frame_exclusion, .procedures = dialect->call_procedure != NULL,
        .native_uuids = dialect->native_uuids, .native_booleans = dialect->booleans, .intervals = dialect->intervals, .conditional_indexes = schema->index_conditions,
        .expression_indexes = schema->index_parts, .covering_indexes = schema->index_include, .index_methods = schema->index_methods,
        .exclusion_constraints = schema->exclusion, .deferrable_unique = schema->deferrable_unique, .nulls_not_distinct = schema->nulls_not_distinct,
        .virtual_columns = schema->virtual_columns, .comments = schema->comments, .tablespaces = schema->tablespaces,
        .max_parameters = dialect->max_parameters, .max_name_length = dialect->name_length,
    };
}

const char *capo_database_version(void)
{
    const char *name = capo_backend_name();
    return text_at(ask(!strcmp(name, "sqlite") ? "SELECT sqlite_version()" : !strcmp(name, "postgresql") ? "SELECT current_setting('server_version')" : "SELECT VERSION()", NULL), 0, 0);
}

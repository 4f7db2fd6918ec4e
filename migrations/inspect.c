/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the catalogue by three questions for each database: what tables there are, a table's columns, its keys. What is made of the
 * answers is the same for all, and Django's: a model is called after its table, a foreign key after its column without "_id". */
#include "inspect.h"
#include <capo/buffer.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Tables: name, what ('t', 'v', 'p'). Columns: name, type, not_null, counts, is_json. Keys, by kind, name and place: kind ('p', 'u', 'f'), name,
 * col, ref_table, ref_column. `?` is the table, as often as there is one. */
typedef struct Catalogue { const char *backend, *tables, *columns, *keys; size_t columns_names, keys_names; } Catalogue;

static const Catalogue catalogues[] = {
    { "sqlite",
      "SELECT name, CASE type WHEN 'view' THEN 'v' ELSE 't' END AS what FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
      "SELECT name, lower(type) AS type, \"notnull\" OR pk > 0 AS not_null, "
      "pk = 1 AND lower(type) = 'integer' AND (SELECT SUM(pk > 0) FROM pragma_table_info(?)) = 1 AS counts, "
      "EXISTS (SELECT 1 FROM sqlite_master m WHERE m.name = ? AND instr(upper(m.sql), upper('JSON_VALID(\"' || c.name || '\")')) > 0) AS is_json "
      "FROM pragma_table_info(?) c ORDER BY cid",
      "SELECT 'p' AS kind, '' AS name, name AS col, NULL AS ref_table, NULL AS ref_column, pk AS place FROM pragma_table_info(?) WHERE pk > 0 "
      "UNION ALL SELECT 'u', l.name, i.name, NULL, NULL, i.seqno FROM pragma_index_list(?) l JOIN pragma_index_info(l.name) i "
      "WHERE l.\"unique\" AND l.origin <> 'pk' AND NOT l.partial "
      "UNION ALL SELECT 'f', CAST(id AS text), \"from\", \"table\", \"to\", seq FROM pragma_foreign_key_list(?) ORDER BY 1, 2, 6", 3, 3 },
    { "postgresql",
      "SELECT c.relname::text AS name, CASE WHEN c.relispartition THEN 'p' WHEN c.relkind IN ('v', 'm') THEN 'v' ELSE 't' END AS what FROM pg_class c "
      "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(c.oid) AND c.relnamespace NOT IN "
      "(SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\\_%' OR nspname = 'information_schema') ORDER BY c.relname COLLATE \"C\"",
      "SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, CASE WHEN a.attnotnull THEN 1 ELSE 0 END AS not_null, "
      "CASE WHEN a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%' THEN 1 ELSE 0 END AS counts, 0 AS is_json "
      "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum "
      "WHERE c.relname::text = ? AND pg_table_is_visible(c.oid) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
      "SELECT x.contype::text AS kind, x.conname::text AS name, a.attname::text AS col, f.relname::text AS ref_table, b.attname::text AS ref_column "
      "FROM pg_constraint x JOIN pg_class c ON c.oid = x.conrelid CROSS JOIN LATERAL unnest(x.conkey, x.confkey) WITH ORDINALITY AS k(here, there, place) "
      "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.here LEFT JOIN pg_class f ON f.oid = x.confrelid "
      "LEFT JOIN pg_attribute b ON b.attrelid = x.confrelid AND b.attnum = k.there "
      "WHERE c.relname::text = ? AND pg_table_is_visible(c.oid) AND x.contype IN ('p', 'u', 'f') ORDER BY 1, 2, k.place", 1, 1 },
    { "mysql",
      "SELECT TABLE_NAME AS name, IF(TABLE_TYPE = 'BASE TABLE', 't', 'v') AS what FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ORDER BY BINARY TABLE_NAME",
      "SELECT COLUMN_NAME AS name, LOWER(COLUMN_TYPE) AS type, IS_NULLABLE = 'NO' AS not_null, EXTRA LIKE '%auto_increment%' AS counts, "
      "EXISTS (SELECT 1 FROM information_schema.CHECK_CONSTRAINTS k WHERE k.CONSTRAINT_SCHEMA = DATABASE() AND k.TABLE_NAME = ? "
      "AND k.CHECK_CLAUSE LIKE CONCAT('%json_valid(`', COLUMN_NAME, '`)%')) AS is_json "
      "FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION",
      "SELECT CASE c.CONSTRAINT_TYPE WHEN 'PRIMARY KEY' THEN 'p' WHEN 'UNIQUE' THEN 'u' ELSE 'f' END AS kind, k.CONSTRAINT_NAME AS name, k.COLUMN_NAME AS col, "
      "k.REFERENCED_TABLE_NAME AS ref_table, k.REFERENCED_COLUMN_NAME AS ref_column FROM information_schema.KEY_COLUMN_USAGE k "
      "JOIN information_schema.TABLE_CONSTRAINTS c ON c.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND c.TABLE_NAME = k.TABLE_NAME AND c.CONSTRAINT_NAME = k.CONSTRAINT_NAME "
      "WHERE k.TABLE_SCHEMA = DATABASE() AND k.TABLE_NAME = ? ORDER BY 1, 2, k.ORDINAL_POSITION", 2, 1 },
};

static const Catalogue *catalogue(void)
{
    for (size_t i = 0; i < sizeof catalogues / sizeof *catalogues; i++)
        if (strcmp(catalogues[i].backend, capo_schema_backend()) == 0)
            return &catalogues[i];
    capo_raise(ERROR_COMMAND, "inspectdb does not know the catalogue of %s.", capo_schema_backend());
}

static List *ask(const char *sql, const char *table, size_t names)
{
    Value parameters[] = { capo_value_text(table), capo_value_text(table), capo_value_text(table) };
    return capo_sql_rows_with(sql, parameters, names);
}

static const char *text_in(const Map *row, const char *column)
{
    Value *value = capo_map_get(row, column);
    return value && value->kind != VALUE_NULL ? capo_to_text(*value) : "";
}

static bool flag_in(const Map *row, const char *column)
{
    Value *value = capo_map_get(row, column);
    return value && capo_truth(*value);
}

List *inspect_tables(bool views, bool partitions)
{
    List *rows = capo_sql_rows_with(catalogue()->tables, NULL, 0), *names = capo_list_new();
    for (size_t i = 0; i < rows->count; i++) {
        const char *what = text_in(rows->items[i].map, "what");
        if (*what == 't' || (*what == 'v' && views) || (*what == 'p' && partitions))
            capo_list_add(names, capo_value_text(text_in(rows->items[i].map, "name")));
    }
    return names;
}

/* --- names ------------------------------------------------------------------------------------------------------------------------------- */

/* Every type of the public headers. */
static const char *const type_names[] = {
#include "type_names.h"
    NULL
};

static bool is_listed(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static const char *bare_model_name(const char *table)
{
    Buffer name = { 0 };
    bool begins = true;
    for (const char *c = table; *c; c++) {
        bool word = isalnum((unsigned char)*c) && (unsigned char)*c < 0x80;
        if (word)
            capo_put_char(&name, begins ? (char)toupper((unsigned char)*c) : *c);
        begins = !word;
    }
    const char *text = name.size ? capo_buffer_text(&name) : "Table";
    if (isdigit((unsigned char)*text))
        text = capo_format("Table%s", text);
    return is_listed(type_names, text) ? capo_format("%sTable", text) : text;
}

/* A number behind it where an earlier one of all tables has the name. */
static const char *model_name(const List *tables, const char *table)
{
    const char *name = bare_model_name(table);
    int before = 0;
    for (size_t i = 0; i < tables->count && strcmp(capo_to_text(tables->items[i]), table) != 0; i++)
        before += same_name(bare_model_name(capo_to_text(tables->items[i])), name);
    return before ? capo_format("%s%d", name, before + 1) : name;
}

/* A C identifier that is no word of the language nor of the compiler, and as Django wants it: without "__" and "_" at the end. */
static const char *field_name(const char *column)
{
    static const char *const words[] = { "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto",
        "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void",
        "volatile", "while", "bool", "true", "false", "asm", "typeof", "linux", "unix", "offsetof", "errno", "stdin", "stdout", "stderr", "assert", "pk", NULL };
    Buffer name = { 0 };
    for (const char *c = column; *c; c++) {
        bool word = isalnum((unsigned char)*c) && (unsigned char)*c < 0x80;
        if (word)
            capo_put_char(&name, (char)tolower((unsigned char)*c));
        else if (name.size && name.data[name.size - 1] != '_')
            capo_put_char(&name, '_');
    }
    while (name.size && name.data[name.size - 1] == '_')
        name.size--;
    const char *text = name.size ? capo_strndup(name.data, name.size) : "field";
    if (isdigit((unsigned char)*text))
        text = capo_format("number_%s", text);
    return is_listed(words, text) ? capo_format("%s_field", text) : text;
}

/* Whether the struct has a member of this name: a relation has two. */
static bool has_member(const ModelState *model, const char *name)
{
    for (size_t i = 0; i < model->n_fields; i++)
        if (strcmp(model->fields[i]->name, name) == 0
            || (capo_field_is_relation(model->fields[i]->kind) && strcmp(capo_format("%s_id", model->fields[i]->name), name) == 0))
            return true;
    return false;
}

static bool clashes(const ModelState *model, const FieldState *field, const char *name)
{
    return has_member(model, name) || (capo_field_is_relation(field->kind) && has_member(model, capo_format("%s_id", name)));
}

/* --- types --------------------------------------------------------------------------------------------------------------------------------- */

typedef struct TypeRow { const char *name; FieldKind kind; } TypeRow;
static const TypeRow types[] = {
    { "bigint unsigned", FIELD_POSITIVE_BIG_INTEGER }, { "bigint", FIELD_BIG_INTEGER }, { "int8", FIELD_BIG_INTEGER },
    { "integer unsigned", FIELD_POSITIVE_INTEGER }, { "int unsigned", FIELD_POSITIVE_INTEGER }, { "integer", FIELD_INTEGER }, { "int", FIELD_INTEGER },
    { "mediumint unsigned", FIELD_POSITIVE_INTEGER }, { "mediumint", FIELD_INTEGER },
    { "smallint unsigned", FIELD_POSITIVE_SMALL_INTEGER }, { "smallint", FIELD_SMALL_INTEGER }, { "tinyint unsigned", FIELD_POSITIVE_SMALL_INTEGER },
    { "tinyint", FIELD_SMALL_INTEGER }, { "bool", FIELD_BOOLEAN }, { "boolean", FIELD_BOOLEAN },
    { "character varying", FIELD_CHAR }, { "varchar", FIELD_CHAR }, { "nvarchar", FIELD_CHAR }, { "character", FIELD_CHAR }, { "char", FIELD_CHAR }, { "nchar", FIELD_CHAR },
    { "text", FIELD_TEXT }, { "longtext", FIELD_TEXT }, { "mediumtext", FIELD_TEXT }, { "tinytext", FIELD_TEXT }, { "clob", FIELD_TEXT },
    { "blob", FIELD_BINARY }, { "bytea", FIELD_BINARY }, { "longblob", FIELD_BINARY }, { "mediumblob", FIELD_BINARY }, { "tinyblob", FIELD_BINARY },
    { "varbinary", FIELD_BINARY }, { "binary", FIELD_BINARY },
    { "date", FIELD_DATE }, { "datetime", FIELD_DATETIME }, { "timestamp", FIELD_DATETIME }, { "timestamp with time zone", FIELD_DATETIME },
    { "timestamp without time zone", FIELD_DATETIME }, { "time", FIELD_TIME }, { "time without time zone", FIELD_TIME }, { "interval", FIELD_DURATION },
    { "decimal", FIELD_DECIMAL }, { "numeric", FIELD_DECIMAL }, { "real", FIELD_FLOAT }, { "double", FIELD_FLOAT }, { "double precision", FIELD_FLOAT },
    { "float", FIELD_FLOAT }, { "uuid", FIELD_UUID }, { "json", FIELD_JSON }, { "jsonb", FIELD_JSON }, { "inet", FIELD_IP_ADDRESS },
    { NULL, FIELD_NONE }
};

/* "varchar(20)": its kind, and the numbers between the brackets. */
static FieldKind kind_of(const char *type, bool is_json, Map *options)
{
    const char *open = strchr(type, '('), *close = open ? strchr(open, ')') : NULL;
    const char *name = open && close ? capo_format("%.*s%s", (int)(open - type), type, close + 1) : type;
    int first = open ? atoi(open + 1) : 0, second = open && strchr(open, ',') ? atoi(strchr(open, ',') + 1) : 0;
    FieldKind kind = FIELD_NONE;
    if (strcmp(type, "tinyint(1)") == 0)
        return FIELD_BOOLEAN;
    for (const TypeRow *row = types; row->name && kind == FIELD_NONE; row++)
        if (strcasecmp(row->name, name) == 0)
            kind = row->kind;
    if (kind == FIELD_CHAR && !first)
        kind = FIELD_TEXT;
    if (kind == FIELD_TEXT && is_json)
        kind = FIELD_JSON;
    if (kind == FIELD_CHAR)
        capo_map_set(options, "max_length", VALUE(first));
    if (kind == FIELD_DECIMAL) {
        capo_map_set(options, "max_digits", VALUE(first ? first : 10));
        capo_map_set(options, "decimal_places", VALUE(first ? second : 5));
    }
    return kind;
}

/* --- models -------------------------------------------------------------------------------------------------------------------------------- */

/* How many columns the key of this name and kind has. */
static size_t key_size(const List *keys, const char *kind, const char *name)
{
    size_t size = 0;
    for (size_t i = 0; i < keys->count; i++)
        size += strcmp(text_in(keys->items[i].map, "kind"), kind) == 0 && strcmp(text_in(keys->items[i].map, "name"), name) == 0;
    return size;
}

/* The key of this kind over the column alone. */
static const Map *key_of(const List *keys, const char *kind, const char *column)
{
    for (size_t i = 0; i < keys->count; i++) {
        const Map *key = keys->items[i].map;
        if (strcmp(text_in(key, "kind"), kind) == 0 && strcmp(text_in(key, "col"), column) == 0 && key_size(keys, kind, text_in(key, "name")) == 1)
            return key;
    }
    return NULL;
}

static const char *pk_column(const List *keys)
{
    const char *column = NULL;
    for (size_t i = 0; i < keys->count; i++)
        if (*text_in(keys->items[i].map, "kind") == 'p')
            column = column ? "" : text_in(keys->items[i].map, "col");
    return column && *column ? column : NULL;
}

static size_t keys_to(const List *keys, const char *table)
{
    size_t count = 0;
    for (size_t i = 0; i < keys->count; i++)
        count += *text_in(keys->items[i].map, "kind") == 'f' && strcmp(text_in(keys->items[i].map, "ref_table"), table) == 0;
    return count;
}

/* Whether the name under which rows of the table find those that refer to them is one of its columns' too. */
static bool has_column_called(const char *table, const char *name)
{
    List *columns = ask(catalogue()->columns, table, catalogue()->columns_names);
    for (size_t i = 0; i < columns->count; i++)
        if (strcmp(field_name(text_in(columns->items[i].map, "name")), name) == 0)
            return true;
    return false;
}

static FieldKind kind_of_column(const char *table, const char *column)
{
    List *columns = ask(catalogue()->columns, table, catalogue()->columns_names);
    for (size_t i = 0; i < columns->count; i++)
        if (strcmp(text_in(columns->items[i].map, "name"), column) == 0)
            return kind_of(text_in(columns->items[i].map, "type"), false, capo_map_new());
    return FIELD_NONE;
}

/* A relation's member has the C type of the other's key, so what it refers to must have it too. */
static bool can_refer(const Map *key)
{
    const char *to = text_in(key, "ref_table"), *to_column = text_in(key, "ref_column");
    const char *target_pk = pk_column(ask(catalogue()->keys, to, catalogue()->keys_names));
    if (!target_pk || !*to_column || strcmp(target_pk, to_column) == 0)
        return target_pk != NULL;
    FieldKind one = kind_of_column(to, target_pk), two = kind_of_column(to, to_column);
    return one == two || (capo_field_is_integer(one) && capo_field_is_integer(two)) || (capo_field_is_text(one) && capo_field_is_text(two));
}

/* Where things are written down while a table is looked at. */
typedef struct Inspection { const char *app, *table; const List *tables; List *keys, *notes; const char *key; } Inspection;

static void note(const Inspection *inspection, const char *sentence) { capo_list_add(inspection->notes, capo_value_text(sentence)); }

static FieldState *relation_of(const Inspection *inspection, const Map *key, const char *column, bool unique, Map *options)
{
    const char *to = text_in(key, "ref_table"), *to_column = text_in(key, "ref_column"), *own = capo_lower(model_name(inspection->tables, inspection->table));
    const char *target_pk = pk_column(ask(catalogue()->keys, to, catalogue()->keys_names));
    const char *bare = capo_ends_with(column, "_id") && strlen(column) > 3 ? capo_strndup(column, strlen(column) - 3) : column;
    const char *name = field_name(bare);
    capo_map_set(options, "to", capo_value_text(capo_format("%s.%s", inspection->app, model_name(inspection->tables, to))));
    capo_map_set(options, "on_delete", capo_value_text("DO_NOTHING"));
    if (*to_column && target_pk && strcmp(to_column, target_pk) != 0)
        capo_map_set(options, "to_field", capo_value_text(field_name(to_column)));
    if (strcmp(capo_format("%s_id", name), column) != 0)
        capo_map_set(options, "db_column", capo_value_text(column));
    if (keys_to(inspection->keys, to) > 1 || has_column_called(to, own) || has_column_called(to, capo_format("%s_set", own)))
        capo_map_set(options, "related_name", capo_value_text(capo_format("%s_%s_set", own, name)));
    return field_state_new(name, unique ? FIELD_ONE_TO_ONE : FIELD_FOREIGN_KEY, options);
}

static FieldState *field_of(const Inspection *inspection, const Map *row)
{
    Map *options = capo_map_new();
    const char *column = text_in(row, "name"), *type = text_in(row, "type"), *name = field_name(column);
    const Map *relation = key_of(inspection->keys, "f", column);
    bool unique = key_of(inspection->keys, "u", column) != NULL, is_key = inspection->key && strcmp(column, inspection->key) == 0;
    if (is_key)
        capo_map_set(options, "primary_key", capo_value_bool(true));
    if (!flag_in(row, "not_null") && !is_key) {
        capo_map_set(options, "null", capo_value_bool(true));
        capo_map_set(options, "blank", capo_value_bool(true));
    }
    if (relation && !is_key && can_refer(relation))
        return relation_of(inspection, relation, column, unique, options);
    if (relation && is_key)
        note(inspection, capo_format("its key %s refers to %s too, which a key here cannot say", column, text_in(relation, "ref_table")));
    else if (relation)
        note(inspection, capo_format("column %s refers to %s.%s, which is no key that a relation here can lead to", column, text_in(relation, "ref_table"),
                                     text_in(relation, "ref_column")));
    FieldKind kind = kind_of(type, flag_in(row, "is_json"), options);
    if (kind == FIELD_NONE) {
        note(inspection, capo_format("column %s: Capo has no kind of field for its type, %s", column, *type ? type : "none"));
        return NULL;
    }
    if (kind == FIELD_DECIMAL && !strchr(type, '('))
        note(inspection, capo_format("column %s: the digits of a %s are a guess", column, type));
    if (is_key && flag_in(row, "counts"))
        kind = kind == FIELD_BIG_INTEGER || strcmp(capo_schema_backend(), "sqlite") == 0 ? FIELD_BIG_AUTO : kind == FIELD_SMALL_INTEGER ? FIELD_SMALL_AUTO : FIELD_AUTO;
    if (unique && !is_key)
        capo_map_set(options, "unique", capo_value_bool(true));
    if (!is_key && strcmp(name, "id") == 0)
        name = "id_field";                      /* what a model calls a key of its own */
    if (strcmp(name, column) != 0)
        capo_map_set(options, "db_column", capo_value_text(column));
    return field_state_new(name, kind, options);
}

static const char *name_of_column(const ModelState *model, const char *column)
{
    for (size_t i = 0; i < model->n_fields; i++) {
        const char *named = field_state_text(model->fields[i], "db_column"), *name = model->fields[i]->name;
        bool relation = capo_field_is_relation(model->fields[i]->kind);
        if (strcmp(named ? named : relation ? capo_format("%s_id", name) : name, column) == 0)
            return name;
    }
    return NULL;
}

static List *together_of(const ModelState *model, const List *keys)
{
    List *lists = capo_list_new();
    for (size_t i = 0; i < keys->count; i++) {
        const char *key = text_in(keys->items[i].map, "name");
        bool first = !i || strcmp(text_in(keys->items[i - 1].map, "name"), key) != 0 || strcmp(text_in(keys->items[i - 1].map, "kind"), "u") != 0;
        if (*text_in(keys->items[i].map, "kind") != 'u' || !first || key_size(keys, "u", key) < 2)
            continue;
        List *names = capo_list_new();
        bool whole = true;
        for (size_t k = i; k < keys->count && strcmp(text_in(keys->items[k].map, "name"), key) == 0; k++) {
            const char *name = name_of_column(model, text_in(keys->items[k].map, "col"));
            whole &= name != NULL;
            capo_list_add(names, capo_value_text(name));
        }
        if (whole)
            capo_list_add(lists, capo_value_list(names));
    }
    return lists;
}

/* The key over several columns, where there is a field for each that may not be null; NULL. `kind` and `name` say which of the table's keys. */
static FieldState *composite_key(const ModelState *model, const List *keys, const char *kind, const char *key_name)
{
    List *names = capo_list_new();
    for (size_t i = 0; i < keys->count; i++) {
        const Map *key = keys->items[i].map;
        if (strcmp(text_in(key, "kind"), kind) != 0 || strcmp(text_in(key, "name"), key_name) != 0)
            continue;
        const char *name = name_of_column(model, text_in(key, "col"));
        if (!name || field_state_flag(model_state_field(model, name), "null"))
            return NULL;
        capo_list_add(names, capo_value_text(name));
    }
    Map *options = capo_map_new();
    capo_map_set(options, "fields", capo_value_list(names));
    capo_map_set(options, "primary_key", capo_value_bool(true));
    return names->count > 1 ? field_state_new("pk", FIELD_COMPOSITE_KEY, options) : NULL;
}

/* A unique column that is never null stands for a primary key that is not there. */
static const char *column_for_key(const List *columns, const List *keys)
{
    for (size_t i = 0; i < columns->count; i++) {
        const char *column = text_in(columns->items[i].map, "name");
        if (flag_in(columns->items[i].map, "not_null") && key_of(keys, "u", column))
            return column;
    }
    return NULL;
}

static bool has_primary_key(const List *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        if (*text_in(keys->items[i].map, "kind") == 'p')
            return true;
    return false;
}

ModelState *inspect_model(const char *app, const char *table, const List *tables, List *notes)
{
    const Catalogue *questions = catalogue();
    List *columns = ask(questions->columns, table, questions->columns_names), *keys = ask(questions->keys, table, questions->keys_names);
    if (!columns->count)
        capo_raise(ERROR_COMMAND, "There is no table %s in this database.", table);
    bool keyless = !has_primary_key(keys);
    Inspection inspection = { .app = app, .table = table, .tables = tables, .keys = keys, .notes = notes, .key = keyless ? column_for_key(columns, keys) : pk_column(keys) };
    ModelState *model = model_state_new(app, model_name(tables, table), NULL, 0, NULL);
    for (size_t i = 0; i < columns->count; i++) {
        const Map *row = columns->items[i].map;
        FieldState *field = field_of(&inspection, row);
        if (!field)
            continue;
        const char *name = field->name;
        for (int n = 2; clashes(model, field, field->name); n++)
            field = field_state_named(field_state_with(field, "db_column", capo_value_text(text_in(row, "name"))), capo_format("%s_%d", name, n));
        model_state_put_field(model, field);
    }
    FieldState *composite = inspection.key ? NULL : composite_key(model, keys, "p", keyless ? "" : text_in(keys->items[0].map, "name"));
    for (size_t i = 0; keyless && !inspection.key && !composite && i < keys->count; i++)
        composite = composite_key(model, keys, "u", text_in(keys->items[i].map, "name"));
    if (composite)
        model_state_put_field(model, composite);
    if (keyless && (inspection.key || composite))
        note(&inspection, "it has no primary key; what is unique and never null stands for it");
    Map *options = capo_map_new();
    capo_map_set(options, "db_table", capo_value_text(table));
    capo_map_set(options, "managed", capo_value_bool(false));
    capo_map_set(options, "unique_together", capo_value_list(together_of(model, keys)));
    return model_state_new(app, model->name, model->fields, model->n_fields, options);
}

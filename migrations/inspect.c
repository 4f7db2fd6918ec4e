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
      "pk = 1 AND lower(type) = 'integer' AND EXISTS (SELECT 1 FROM sqlite_master WHERE name = ? AND upper(sql) LIKE '%AUTOINCREMENT%') AS counts, "
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

static const char *model_name(const char *table)
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
    return isdigit((unsigned char)*text) ? capo_format("Table%s", text) : text;
}

/* A C identifier that is no word of the language, nor one that the ORM's own names need. */
static const char *field_name(const char *column)
{
    static const char *const words[] = { "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto",
        "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void",
        "volatile", "while", "bool", "true", "false", "asm", "typeof", "pk", NULL };
    Buffer name = { 0 };
    for (const char *c = column; *c; c++) {
        bool word = isalnum((unsigned char)*c) && (unsigned char)*c < 0x80;
        if (word)
            capo_put_char(&name, (char)tolower((unsigned char)*c));
        else if (name.size && name.data[name.size - 1] != '_' && c[1])
            capo_put_char(&name, '_');
    }
    const char *text = name.size ? capo_buffer_text(&name) : "field";
    if (isdigit((unsigned char)*text))
        text = capo_format("number_%s", text);
    for (const char *const *word = words; *word; word++)
        if (strcmp(*word, text) == 0)
            return capo_format("%s_field", text);
    return text;
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

typedef struct Table { List *columns, *keys; } Table;

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

static FieldState *relation_of(const char *app, const char *table, const List *keys, const Map *key, const char *column, bool unique, Map *options)
{
    const char *to = text_in(key, "ref_table"), *to_column = text_in(key, "ref_column");
    const char *target_pk = pk_column(ask(catalogue()->keys, to, catalogue()->keys_names));
    const char *bare = capo_ends_with(column, "_id") && strlen(column) > 3 ? capo_strndup(column, strlen(column) - 3) : column;
    const char *name = field_name(bare);
    capo_map_set(options, "to", capo_value_text(capo_format("%s.%s", app, model_name(to))));
    capo_map_set(options, "on_delete", capo_value_text("DO_NOTHING"));
    if (*to_column && target_pk && strcmp(to_column, target_pk) != 0)
        capo_map_set(options, "to_field", capo_value_text(field_name(to_column)));
    if (strcmp(capo_format("%s_id", name), column) != 0)
        capo_map_set(options, "db_column", capo_value_text(column));
    if (keys_to(keys, to) > 1)
        capo_map_set(options, "related_name", capo_value_text(capo_format("%s_%s_set", capo_lower(model_name(table)), name)));
    return field_state_new(name, unique ? FIELD_ONE_TO_ONE : FIELD_FOREIGN_KEY, options);
}

static FieldState *field_of(const char *app, const char *table, const List *keys, const Map *row, bool is_key, List *notes)
{
    Map *options = capo_map_new();
    const char *column = text_in(row, "name"), *type = text_in(row, "type"), *name = field_name(column);
    const Map *relation = key_of(keys, "f", column);
    bool unique = key_of(keys, "u", column) != NULL;
    if (is_key)
        capo_map_set(options, "primary_key", capo_value_bool(true));
    if (!flag_in(row, "not_null") && !is_key) {
        capo_map_set(options, "null", capo_value_bool(true));
        capo_map_set(options, "blank", capo_value_bool(true));
    }
    if (relation)
        return relation_of(app, table, keys, relation, column, unique || is_key, options);
    FieldKind kind = kind_of(type, flag_in(row, "is_json"), options);
    if (kind == FIELD_NONE) {
        capo_list_add(notes, capo_value_text(capo_format("column %s: Capo has no kind of field for its type, %s", column, type)));
        return NULL;
    }
    if (kind == FIELD_DECIMAL && !strchr(type, '('))
        capo_list_add(notes, capo_value_text(capo_format("column %s: the digits of a %s are a guess", column, type)));
    if (is_key && flag_in(row, "counts"))
        kind = kind == FIELD_BIG_INTEGER || strcmp(capo_schema_backend(), "sqlite") == 0 ? FIELD_BIG_AUTO : kind == FIELD_SMALL_INTEGER ? FIELD_SMALL_AUTO : FIELD_AUTO;
    if (unique && !is_key)
        capo_map_set(options, "unique", capo_value_bool(true));
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

/* The key over several columns, where there is a field for each; NULL. */
static FieldState *composite_key(const ModelState *model, const List *keys)
{
    List *names = capo_list_new();
    for (size_t i = 0; i < keys->count; i++) {
        const Map *key = keys->items[i].map;
        const char *name = strcmp(text_in(key, "kind"), "p") == 0 ? name_of_column(model, text_in(key, "col")) : NULL;
        if (strcmp(text_in(key, "kind"), "p") != 0)
            continue;
        if (!name)
            return NULL;
        capo_list_add(names, capo_value_text(name));
    }
    Map *options = capo_map_new();
    capo_map_set(options, "fields", capo_value_list(names));
    capo_map_set(options, "primary_key", capo_value_bool(true));
    return names->count > 1 ? field_state_new("pk", FIELD_COMPOSITE_KEY, options) : NULL;
}

ModelState *inspect_model(const char *app, const char *table, List *notes)
{
    const Catalogue *questions = catalogue();
    List *columns = ask(questions->columns, table, questions->columns_names), *keys = ask(questions->keys, table, questions->keys_names);
    if (!columns->count)
        capo_raise(ERROR_COMMAND, "There is no table %s in this database.", table);
    const char *key = pk_column(keys);
    ModelState *model = model_state_new(app, model_name(table), NULL, 0, NULL);
    for (size_t i = 0; i < columns->count; i++) {
        const Map *row = columns->items[i].map;
        FieldState *field = field_of(app, table, keys, row, key && strcmp(text_in(row, "name"), key) == 0, notes);
        if (!field)
            continue;
        for (int n = 2; model_state_field(model, field->name); n++)
            field = field_state_named(field_state_with(field, "db_column", capo_value_text(text_in(row, "name"))), capo_format("%s_%d", field->name, n));
        model_state_put_field(model, field);
    }
    FieldState *composite = key ? NULL : composite_key(model, keys);
    if (composite)
        model_state_put_field(model, composite);
    if (!key && !composite)
        capo_list_add(notes, capo_value_text("it has no primary key: a column that differs in each row can be made one with MODEL_KEY"));
    Map *options = capo_map_new();
    capo_map_set(options, "db_table", capo_value_text(table));
    capo_map_set(options, "managed", capo_value_bool(false));
    capo_map_set(options, "unique_together", capo_value_list(together_of(model, keys)));
    return model_state_new(app, model->name, model->fields, model->n_fields, options);
}

/* --- text ------------------------------------------------------------------------------------------------------------------------------------ */

static const char *word_of(FieldKind kind)
{
    static const struct { FieldKind kind; const char *word; } words[] = {
        { FIELD_AUTO, "AUTO" }, { FIELD_BIG_AUTO, "BIG_AUTO" }, { FIELD_SMALL_AUTO, "SMALL_AUTO" }, { FIELD_CHAR, "CHAR" }, { FIELD_TEXT, "TEXT" },
        { FIELD_INTEGER, "INTEGER" }, { FIELD_BIG_INTEGER, "BIG_INTEGER" }, { FIELD_SMALL_INTEGER, "SMALL_INTEGER" },
        { FIELD_POSITIVE_INTEGER, "POSITIVE_INTEGER" }, { FIELD_POSITIVE_BIG_INTEGER, "POSITIVE_BIG_INTEGER" }, { FIELD_POSITIVE_SMALL_INTEGER, "POSITIVE_SMALL_INTEGER" },
        { FIELD_FLOAT, "FLOAT" }, { FIELD_DECIMAL, "DECIMAL" }, { FIELD_BOOLEAN, "BOOLEAN" }, { FIELD_DATE, "DATE" }, { FIELD_TIME, "TIME" }, { FIELD_DATETIME, "DATETIME" },
        { FIELD_DURATION, "DURATION" }, { FIELD_UUID, "UUID" }, { FIELD_BINARY, "BINARY" }, { FIELD_JSON, "JSON" }, { FIELD_IP_ADDRESS, "IP_ADDRESS" },
        { FIELD_FOREIGN_KEY, "FOREIGN_KEY" }, { FIELD_ONE_TO_ONE, "ONE_TO_ONE" },
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].kind == kind)
            return words[i].word;
    capo_bug("inspectdb has no word for the field kind %d.", (int)kind);
}

static void put_options(Buffer *out, const FieldState *field)
{
    for (size_t i = 0; i < field->options->count; i++) {
        const char *name = capo_to_text(field->options->entries[i].key);
        Value value = field->options->entries[i].value;
        if (strcmp(name, "to") == 0 || strcmp(name, "null") == 0 || strcmp(name, "blank") == 0 || strcmp(name, "primary_key") == 0)
            continue;
        bool bare = strcmp(name, "on_delete") == 0;
        capo_put_format(out, ", .%s = ", name);
        if (capo_is_text(value) && !bare)
            capo_json_put(out, value, 0);
        else
            capo_put(out, value.kind == VALUE_BOOL ? (value.boolean ? "true" : "false") : capo_to_text(value));
    }
}

char *inspect_text(const ModelState *model, const List *notes)
{
    const FieldState *key = model_state_pk(model);
    Buffer out = { 0 };
    for (size_t i = 0; i < notes->count; i++)
        capo_put_format(&out, "/* %s: %s. */\n", model_state_table(model), capo_to_text(notes->items[i]));
    bool usual = !key || (key->kind == FIELD_BIG_AUTO && strcmp(key->name, "id") == 0 && !field_state_text(key, "db_column"));
    bool relation_key = key && capo_field_is_relation(key->kind);
    if (key && key->kind == FIELD_COMPOSITE_KEY) {
        const Value *names = capo_map_get(key->options, "fields");
        capo_put_format(&out, "MODEL_KEYS(%s", model->name);
        for (size_t i = 0; i < names->list->count; i++)
            capo_put_format(&out, ", %s", capo_to_text(names->list->items[i]));
        capo_put(&out, ")\n");
    } else if (usual || relation_key) {
        capo_put_format(&out, "MODEL(%s)\n", model->name);
    } else {
        capo_put_format(&out, "MODEL_KEY(%s, %s, %s", model->name, word_of(key->kind), key->name);
        put_options(&out, key);
        capo_put(&out, ")\n");
    }
    for (size_t i = 0; i < model->n_fields; i++) {
        const FieldState *field = model->fields[i];
        const char *to = field_state_text(field, "to");
        bool null = field_state_flag(field, "null");
        if (field == key && !relation_key)
            continue;
        capo_put_format(&out, null ? "    OPTIONAL(%s, %s" : "    %s(%s", word_of(field->kind), field->name);
        if (to)
            capo_put_format(&out, ", %s", strchr(to, '.') + 1);
        put_options(&out, field);
        capo_put(&out, ")\n");
    }
    capo_put(&out, "    META(.db_table = ");
    capo_json_put(&out, capo_value_text(model_state_table(model)), 0);
    capo_put(&out, ", .unmanaged = true");
    Value *together = capo_map_get(model->options, "unique_together");
    for (size_t i = 0; together && i < together->list->count; i++) {
        capo_put(&out, i ? ", LIST(" : ", .unique_together = UNIQUE_TOGETHER(LIST(");
        List *names = together->list->items[i].list;
        for (size_t n = 0; n < names->count; n++)
            capo_put_format(&out, "%s\"%s\"", n ? ", " : "", capo_to_text(names->items[n]));
        capo_put(&out, ")");
    }
    capo_put(&out, together ? "))\nEND_MODEL\n" : ")\nEND_MODEL\n");
    return capo_buffer_text(&out);
}

void capo_inspect_database(const InspectOptions *options)
{
    List *tables = options->tables && options->tables[0] ? capo_value_strings(options->tables).list : inspect_tables(options->views, options->partitions);
    options->say(options->self, "/* Made by inspectdb from the database that is there. Look through it: rename models and fields, set .on_delete of each key,\n"
                                " * and take .unmanaged away where migrations are to make and change the table. */\n");
    for (size_t i = 0; i < tables->count; i++) {
        List *notes = capo_list_new();
        ModelState *model = inspect_model("inspected", capo_to_text(tables->items[i]), notes);
        options->say(options->self, inspect_text(model, notes));
    }
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Models out of what the catalogue says (introspection.h), as Django makes them: a model is called after its table, a foreign
 * key after its column without "_id". */
#include "inspect.h"
#include <capo/buffer.h>
#include <capo/introspection.h>
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Rows as maps: name, type, not_null, counts, is_json. */
static List *columns_of(const char *table)
{
    List *rows = capo_list_new();
    for (const DatabaseColumn *column = capo_database_columns(table, NULL); column->name; column++) {
        Map *row = capo_map_new();
        capo_map_set(row, "name", capo_value_text(column->name));
        capo_map_set(row, "type", capo_value_text(column->type));
        capo_map_set(row, "not_null", capo_value_bool(!column->null));
        capo_map_set(row, "counts", capo_value_bool(column->counts_up));
        capo_map_set(row, "is_json", capo_value_bool(column->json));
        if (!column->generated || strcmp(capo_schema_backend(), "sqlite") != 0)
            capo_list_add(rows, capo_value_map(row));
    }
    return rows;
}

/* A row for each column of a key, unique or foreign: kind ('p', 'u', 'f'), name, col, ref_table, ref_column. */
static List *keys_of(const char *table)
{
    List *rows = capo_list_new();
    size_t count;
    const DatabaseConstraint *all = capo_database_constraints(table, &count);
    for (size_t i = 0; i < count; i++) {
        const char *kind = all[i].kind == CONSTRAINT_PRIMARY_KEY ? "p" : all[i].kind == CONSTRAINT_UNIQUE ? "u" : all[i].kind == CONSTRAINT_FOREIGN_KEY ? "f" : NULL;
        for (size_t k = 0; kind && all[i].columns[k]; k++) {
            Map *row = capo_map_new();
            capo_map_set(row, "kind", capo_value_text(kind));
            capo_map_set(row, "name", capo_value_text(*all[i].name ? all[i].name : capo_format("%zu", i)));
            capo_map_set(row, "col", capo_value_text(all[i].columns[k]));
            if (*kind == 'f') {
                capo_map_set(row, "ref_table", capo_value_text(all[i].to_table));
                capo_map_set(row, "ref_column", capo_value_text(all[i].to_columns[k]));
            }
            capo_list_add(rows, capo_value_map(row));
        }
    }
    return rows;
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
    List *names = capo_list_new();
    for (const DatabaseTable *table = capo_database_tables(NULL); table->name; table++)
        if (table->kind == TABLE_PLAIN || (table->kind == TABLE_VIEW && views) || (table->kind == TABLE_PARTITION && partitions))
            capo_list_add(names, capo_value_text(table->name));
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

/* A C identifier that is no word of the language nor of the compiler, no member that each row has, and as Django wants it: without "__" and "_" at the end. */
static const char *field_name(const char *column)
{
    static const char *const words[] = { "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto",
        "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void",
        "volatile", "while", "bool", "true", "false", "asm", "typeof", "linux", "unix", "offsetof", "errno", "stdin", "stdout", "stderr", "assert", "pk", "capo", NULL };
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
    { "int4range", FIELD_INTEGER_RANGE }, { "int8range", FIELD_BIG_INTEGER_RANGE }, { "numrange", FIELD_DECIMAL_RANGE }, { "daterange", FIELD_DATE_RANGE },
    { "tstzrange", FIELD_DATETIME_RANGE }, { "hstore", FIELD_HSTORE }, { "tsvector", FIELD_SEARCH_VECTOR },
    { NULL, FIELD_NONE }
};

/* SQLite takes any number in a type. */
static int number_at(const char *text)
{
    long number = strtol(text, NULL, 10);
    return number < 0 ? 0 : number > INT_MAX ? INT_MAX : (int)number;
}

/* "varchar(20)": its kind, and the numbers between the brackets. */
static FieldKind kind_of(const char *type, bool is_json, Map *options)
{
    const char *open = strchr(type, '('), *close = open ? strchr(open, ')') : NULL;
    const char *name = open && close ? capo_format("%.*s%s", (int)(open - type), type, close + 1) : type;
    int first = open ? number_at(open + 1) : 0, second = open && strchr(open, ',') ? number_at(strchr(open, ',') + 1) : 0;
    FieldKind kind = FIELD_NONE;
    if (strcmp(type, "tinyint(1)") == 0)
        return FIELD_BOOLEAN;
    if (capo_ends_with(type, "[]")) {
        FieldKind base = kind_of(capo_strndup(type, strlen(type) - 2), false, options);
        capo_map_set(options, "base", capo_value_text(capo_field_kind_name(base)));
        return base ? FIELD_ARRAY : FIELD_NONE;
    }
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
    List *columns = columns_of(table);
    for (size_t i = 0; i < columns->count; i++)
        if (strcmp(field_name(text_in(columns->items[i].map, "name")), name) == 0)
            return true;
    return false;
}

static FieldKind kind_of_column(const char *table, const char *column)
{
    List *columns = columns_of(table);
    for (size_t i = 0; i < columns->count; i++)
        if (strcmp(text_in(columns->items[i].map, "name"), column) == 0)
            return kind_of(text_in(columns->items[i].map, "type"), false, capo_map_new());
    return FIELD_NONE;
}

/* A relation's member has the C type of the other's key, so what it refers to must have it too. */
static bool can_refer(const Map *key)
{
    const char *to = text_in(key, "ref_table"), *to_column = text_in(key, "ref_column");
    const char *target_pk = pk_column(keys_of(to));
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
    const char *target_pk = pk_column(keys_of(to));
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
    if (!*column) {
        note(inspection, "a column without a name is left out");
        return NULL;
    }
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

/* What the database calls the primary key (SQLite: ""); NULL: there is none. */
static const char *primary_key_name(const List *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        if (*text_in(keys->items[i].map, "kind") == 'p')
            return text_in(keys->items[i].map, "name");
    return NULL;
}

ModelState *inspect_model(const char *app, const char *table, const List *tables, List *notes)
{
    List *columns = columns_of(table), *keys = keys_of(table);
    if (!columns->count)
        capo_raise(ERROR_COMMAND, "There is no table %s in this database.", table);
    const char *primary = primary_key_name(keys);
    bool keyless = !primary;
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
    FieldState *composite = inspection.key ? NULL : composite_key(model, keys, "p", keyless ? "" : primary);
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

/* SPDX-License-Identifier: BSD-3-Clause */
/* The model of a table as it stands in a models.def. */
#include "inspect.h"
#include <capo/buffer.h>
#include <string.h>

static const char *word_of(FieldKind kind)
{
    static const struct { FieldKind kind; const char *word; } words[] = {
        { FIELD_AUTO, "AUTO" }, { FIELD_BIG_AUTO, "BIG_AUTO" }, { FIELD_SMALL_AUTO, "SMALL_AUTO" }, { FIELD_CHAR, "CHAR" }, { FIELD_TEXT, "TEXT" },
        { FIELD_INTEGER, "INTEGER" }, { FIELD_BIG_INTEGER, "BIG_INTEGER" }, { FIELD_SMALL_INTEGER, "SMALL_INTEGER" },
        { FIELD_POSITIVE_INTEGER, "POSITIVE_INTEGER" }, { FIELD_POSITIVE_BIG_INTEGER, "POSITIVE_BIG_INTEGER" }, { FIELD_POSITIVE_SMALL_INTEGER, "POSITIVE_SMALL_INTEGER" },
        { FIELD_FLOAT, "FLOAT" }, { FIELD_DECIMAL, "DECIMAL" }, { FIELD_BOOLEAN, "BOOLEAN" }, { FIELD_DATE, "DATE" }, { FIELD_TIME, "TIME" }, { FIELD_DATETIME, "DATETIME" },
        { FIELD_DURATION, "DURATION" }, { FIELD_UUID, "UUID" }, { FIELD_BINARY, "BINARY" }, { FIELD_JSON, "JSON" }, { FIELD_IP_ADDRESS, "IP_ADDRESS" },
        { FIELD_ARRAY, "ARRAY" }, { FIELD_HSTORE, "HSTORE" }, { FIELD_SEARCH_VECTOR, "SEARCH_VECTOR" },
        { FIELD_INTEGER_RANGE, "INTEGER_RANGE" }, { FIELD_BIG_INTEGER_RANGE, "BIG_INTEGER_RANGE" }, { FIELD_DECIMAL_RANGE, "DECIMAL_RANGE" },
        { FIELD_DATE_RANGE, "DATE_RANGE" }, { FIELD_DATETIME_RANGE, "DATETIME_RANGE" },
        { FIELD_FOREIGN_KEY, "FOREIGN_KEY" }, { FIELD_ONE_TO_ONE, "ONE_TO_ONE" },
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].kind == kind)
            return words[i].word;
    capo_bug("inspectdb has no word for the field kind %d.", (int)kind);
}

/* As C writes it: names of tables and columns may hold anything. */
static void put_text(Buffer *out, const char *text)
{
    capo_put_char(out, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            capo_put_format(out, "\\%c", *c);
        else if ((unsigned char)*c < 0x20 || *c == 0x7f || (*c == '?' && c[1] == '?'))      /* nor may it begin a trigraph */
            capo_put_format(out, "\\%03o", *c);
        else
            capo_put_char(out, *c);
    }
    capo_put_char(out, '"');
}

/* In a comment, which it must not end. */
static void put_note(Buffer *out, const char *table, const char *sentence)
{
    char *text = capo_format("%s: %s", table, sentence);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || (c > text && c[-1] == '*' && *c == '/') || (c > text && c[-1] == '/' && *c == '*'))
            *c = ' ';
    capo_put_format(out, "/* %s. */\n", text);
}

static void put_options(Buffer *out, const FieldState *field)
{
    for (size_t i = 0; i < field->options->count; i++) {
        const char *name = capo_to_text(field->options->entries[i].key);
        Value value = field->options->entries[i].value;
        if (strcmp(name, "to") == 0 || strcmp(name, "null") == 0 || strcmp(name, "blank") == 0 || strcmp(name, "primary_key") == 0 || strcmp(name, "base") == 0)
            continue;
        bool bare = strcmp(name, "on_delete") == 0;
        capo_put_format(out, ", .%s = ", name);
        if (capo_is_text(value) && !bare)
            put_text(out, capo_to_text(value));
        else
            capo_put(out, value.kind == VALUE_BOOL ? (value.boolean ? "true" : "false") : capo_to_text(value));
    }
}

char *inspect_text(const ModelState *model, const List *notes)
{
    const FieldState *key = model_state_pk(model);
    Buffer out = { 0 };
    for (size_t i = 0; i < notes->count; i++)
        put_note(&out, model_state_table(model), capo_to_text(notes->items[i]));
    if (!key)
        capo_put(&out, "#if 0   /* No primary key: name a column that differs in each row in MODEL_KEY(), or several in MODEL_KEYS(). */\n");
    bool usual = !key || (key->kind == FIELD_BIG_AUTO && strcmp(key->name, "id") == 0 && !field_state_text(key, "db_column"));
    if (key && key->kind == FIELD_COMPOSITE_KEY) {
        const Value *names = capo_map_get(key->options, "fields");
        capo_put_format(&out, "MODEL_KEYS(%s", model->name);
        for (size_t i = 0; i < names->list->count; i++)
            capo_put_format(&out, ", %s", capo_to_text(names->list->items[i]));
        capo_put(&out, ")\n");
    } else if (usual) {
        capo_put_format(&out, "MODEL(%s)\n", model->name);
    } else {
        capo_put_format(&out, "MODEL_KEY(%s, %s, %s", model->name, word_of(key->kind), key->name);
        put_options(&out, key);
        capo_put(&out, ")\n");
    }
    for (size_t i = 0; i < model->n_fields; i++) {
        const FieldState *field = model->fields[i];
        const char *to = field_state_text(field, "to");
        bool null = field_state_flag(field, "null") && field->kind != FIELD_SEARCH_VECTOR;
        if (field == key)
            continue;
        capo_put_format(&out, null ? "    OPTIONAL(%s, %s" : "    %s(%s", word_of(field->kind), field->name);
        if (to)
            capo_put_format(&out, ", %s", strchr(to, '.') + 1);
        if (field->kind == FIELD_ARRAY)
            capo_put_format(&out, ", %s", word_of(capo_field_kind(field_state_text(field, "base"))));
        put_options(&out, field);
        capo_put(&out, ")\n");
    }
    capo_put(&out, "    META(.db_table = ");
    put_text(&out, model_state_table(model));
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
    if (!key)
        capo_put(&out, "#endif\n");
    return capo_buffer_text(&out);
}

void capo_inspect_database(const InspectOptions *options)
{
    InspectCatalogue catalogue = { inspect_tables(true, true), capo_map_new(), capo_map_new() };
    List *tables = options->tables && options->tables[0] ? capo_value_strings(options->tables).list : inspect_tables(options->views, options->partitions);
    options->say(options->self, "/* Made by inspectdb from the database that is there. Look through it: rename models and fields, set .on_delete of each key,\n"
                                " * and take .unmanaged away where migrations are to make and change the table. */\n");
    for (size_t i = 0; i < tables->count; i++) {
        List *notes = capo_list_new();
        ModelState *model = inspect_model_of(&catalogue, "inspected", capo_to_text(tables->items[i]), notes);
        options->say(options->self, inspect_text(model, notes));
    }
}

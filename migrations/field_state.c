/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of a field as data: one table says for each what it is called, which kinds have it, where it stands in Field (to
 * read the compiled models) and in FieldRow (to build historical ones).
 *
 * What never reaches a table or a historical model stays out: validators, limits, error messages, the words of forms.
 * A default made by a C function is noted as "default_function": true; the function itself is looked up in the compiled model
 * when rows need it. */
#include "state.h"
#include <capo/orm.h>
#include <capo/buffer.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KIND(k) (1ull << FIELD_##k)
#define AUTOS (KIND(AUTO) | KIND(BIG_AUTO) | KIND(SMALL_AUTO))
#define TEXTS (KIND(CHAR) | KIND(TEXT) | KIND(SLUG) | KIND(EMAIL) | KIND(URL))
#define FILES (KIND(FILE) | KIND(IMAGE))
#define MOMENTS (KIND(DATE) | KIND(TIME) | KIND(DATETIME))
#define KEYS (KIND(FOREIGN_KEY) | KIND(ONE_TO_ONE))
#define RELATIONS (KEYS | KIND(MANY_TO_MANY))
#define ALL_KINDS (~0ull)
#define COLUMNS (ALL_KINDS & ~KIND(MANY_TO_MANY) & ~KIND(COMPOSITE_KEY))

/* Where the plain ones are. `field` and `row` are -1 for those that code below reads and writes by name. */
typedef struct OptionRow {
    const char *name;
    OptionType type;
    uint64_t kinds;
    int field, row;
    bool inverted;                  /* the row says the contrary: no_db_constraint */
    bool normally;                  /* the default of a bool */
} OptionRow;
#define AT(field_member, row_member) (int)offsetof(Field, field_member), (int)offsetof(FieldRow, options.row_member)
#define BY_NAME -1, -1

static const OptionRow options_table[] = {
    { "verbose_name", OPTION_TEXT, ALL_KINDS, BY_NAME },
    { "fields", OPTION_NAMES, KIND(COMPOSITE_KEY), BY_NAME },
    { "primary_key", OPTION_BOOL, COLUMNS | KIND(COMPOSITE_KEY), (int)offsetof(Field, primary_key), -1 },
    { "to", OPTION_MODEL, RELATIONS, BY_NAME },
    { "on_delete", OPTION_ON_DELETE, KEYS, BY_NAME },
    { "related_name", OPTION_TEXT, RELATIONS, BY_NAME },
    { "related_query_name", OPTION_TEXT, RELATIONS, BY_NAME },
    { "to_field", OPTION_TEXT, KEYS, BY_NAME },
    { "db_constraint", OPTION_BOOL, KEYS, AT(db_constraint, relation.no_db_constraint), .inverted = true, .normally = true },
    { "parent_link", OPTION_BOOL, KIND(ONE_TO_ONE), AT(parent_link, relation.parent_link) },
    { "limit_choices_to", OPTION_TEXT, KEYS, AT(limit_choices_to, relation.limit_choices_to) },
    { "limit_choices_to", OPTION_TEXT, KIND(MANY_TO_MANY), AT(limit_choices_to, many.limit_choices_to) },
    { "db_table", OPTION_TEXT, KIND(MANY_TO_MANY), BY_NAME },
    { "through", OPTION_MODEL, KIND(MANY_TO_MANY), BY_NAME },
    { "through_fields", OPTION_NAMES, KIND(MANY_TO_MANY), BY_NAME },
    { "symmetrical", OPTION_BOOL, KIND(MANY_TO_MANY), BY_NAME, .normally = true },
    { "swappable", OPTION_BOOL, RELATIONS, BY_NAME, .normally = true },
    { "max_length", OPTION_INT, TEXTS, AT(max_length, text.max_length) },
    { "max_length", OPTION_INT, KIND(FILE_PATH), AT(max_length, path.max_length) },
    { "max_length", OPTION_INT, FILES, AT(max_length, file.max_length) },
    { "db_collation", OPTION_TEXT, TEXTS, AT(db_collation, text.db_collation) },
    { "allow_unicode", OPTION_BOOL, KIND(SLUG), AT(allow_unicode, text.allow_unicode) },
    { "max_digits", OPTION_INT, KIND(DECIMAL), AT(max_digits, decimal.max_digits) },
    { "decimal_places", OPTION_INT, KIND(DECIMAL), AT(decimal_places, decimal.decimal_places) },
    { "base", OPTION_TEXT, KIND(ARRAY), BY_NAME },
    { "max_length", OPTION_INT, KIND(ARRAY), BY_NAME },
    { "max_digits", OPTION_INT, KIND(ARRAY), BY_NAME },
    { "decimal_places", OPTION_INT, KIND(ARRAY), BY_NAME },
    { "size", OPTION_INT, KIND(ARRAY), BY_NAME },
    { "dimensions", OPTION_INT, KIND(ARRAY), BY_NAME },
    { "auto_now", OPTION_BOOL, MOMENTS, AT(auto_now, date.auto_now) },
    { "auto_now_add", OPTION_BOOL, MOMENTS, AT(auto_now_add, date.auto_now_add) },
    { "unique_for_date", OPTION_TEXT, COLUMNS, AT(unique_for_date, common.unique_for_date) },
    { "unique_for_month", OPTION_TEXT, COLUMNS, AT(unique_for_month, common.unique_for_month) },
    { "unique_for_year", OPTION_TEXT, COLUMNS, AT(unique_for_year, common.unique_for_year) },
    { "protocol", OPTION_TEXT, KIND(IP_ADDRESS), AT(protocol, ip.protocol) },
    { "unpack_ipv4", OPTION_BOOL, KIND(IP_ADDRESS), AT(unpack_ipv4, ip.unpack_ipv4) },
    { "path", OPTION_TEXT, KIND(FILE_PATH), AT(path, path.path) },
    { "match", OPTION_TEXT, KIND(FILE_PATH), AT(match, path.match) },
    { "recursive", OPTION_BOOL, KIND(FILE_PATH), AT(recursive, path.recursive) },
    { "allow_folders", OPTION_BOOL, KIND(FILE_PATH), AT(allow_folders, path.allow_folders) },
    { "upload_to", OPTION_TEXT, FILES, AT(upload_to, file.upload_to) },
    { "storage", OPTION_TEXT, FILES, AT(storage, file.storage) },
    { "width_field", OPTION_TEXT, KIND(IMAGE), AT(width_field, file.width_field) },
    { "height_field", OPTION_TEXT, KIND(IMAGE), AT(height_field, file.height_field) },
    { "null", OPTION_BOOL, COLUMNS, BY_NAME },
    { "blank", OPTION_BOOL, ALL_KINDS, AT(blank, common.blank) },
    { "default", OPTION_SCALAR, COLUMNS & ~AUTOS, BY_NAME },
    { "default_function", OPTION_BOOL, COLUMNS & ~AUTOS, BY_NAME },
    { "db_default", OPTION_EXPRESSION, COLUMNS & ~AUTOS, BY_NAME },
    { "generated", OPTION_EXPRESSION, COLUMNS & ~AUTOS & ~RELATIONS, BY_NAME },
    { "db_persist", OPTION_BOOL, COLUMNS & ~AUTOS & ~RELATIONS, AT(db_persist, common.db_persist) },
    { "db_comment", OPTION_TEXT, COLUMNS, AT(db_comment, common.db_comment) },
    { "db_tablespace", OPTION_TEXT, COLUMNS, AT(db_tablespace, common.db_tablespace) },
    { "choices", OPTION_CHOICES, COLUMNS & ~AUTOS, BY_NAME },
    { "unique", OPTION_BOOL, COLUMNS, BY_NAME },
    { "db_index", OPTION_BOOL, COLUMNS, BY_NAME },
    { "db_column", OPTION_TEXT, COLUMNS, BY_NAME },
    { "editable", OPTION_BOOL, COLUMNS | KIND(MANY_TO_MANY), BY_NAME, .normally = true },
    { "custom", OPTION_TEXT, COLUMNS, BY_NAME },
    { "help_text", OPTION_TEXT, ALL_KINDS, BY_NAME },
    { 0 }
};

static const char *const on_delete_names[] = {
    [CASCADE] = "CASCADE", [PROTECT] = "PROTECT", [RESTRICT] = "RESTRICT", [SET_NULL] = "SET_NULL", [SET_DEFAULT] = "SET_DEFAULT",
    [DO_NOTHING] = "DO_NOTHING", [SET_VALUE] = "SET_VALUE", [DB_CASCADE] = "DB_CASCADE", [DB_SET_NULL] = "DB_SET_NULL", [DB_SET_DEFAULT] = "DB_SET_DEFAULT",
};
enum { ON_DELETES = sizeof on_delete_names / sizeof *on_delete_names };

static bool has_kind(const OptionRow *row, FieldKind kind)
{
    return row->kinds & (1ull << kind);
}

static const OptionRow *option_row(FieldKind kind, const char *name)
{
    for (const OptionRow *row = options_table; row->name; row++)
        if (has_kind(row, kind) && strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

/* Whether an option of this kind has this value when nobody wrote it. */
static bool is_default(const OptionRow *row, FieldKind kind, bool is_key, Value value)
{
    if (value.kind == VALUE_NULL)
        return true;
    if (strcmp(row->name, "db_index") == 0)
        return value.boolean == (kind == FIELD_SLUG || kind == FIELD_FOREIGN_KEY) || is_key || kind == FIELD_ONE_TO_ONE;
    if (strcmp(row->name, "unique") == 0)
        return value.boolean == (kind == FIELD_ONE_TO_ONE) || is_key;
    if (strcmp(row->name, "max_length") == 0 && (kind == FIELD_SLUG || kind == FIELD_URL || kind == FIELD_FILE_PATH || capo_field_is_file(kind)))
        return value.integer == (kind == FIELD_SLUG ? 50 : kind == FIELD_URL ? 200 : 100);
    switch (row->type) {
    case OPTION_BOOL: return value.boolean == row->normally;
    case OPTION_INT: return value.integer == 0;
    case OPTION_TEXT: return value.size == 0 || (strcmp(row->name, "protocol") == 0 && strcasecmp(value.text, "both") == 0);
    case OPTION_CHOICES:
    case OPTION_NAMES: return value.list->count == 0;
    default: return false;
    }
}

Map *map_copy(const Map *map)
{
    Map *copy = capo_map_new();
    for (size_t i = 0; map && i < map->count; i++)
        capo_map_set_value(copy, map->entries[i].key, map->entries[i].value);
    return copy;
}

Map *map_without(const Map *map, const char *key)
{
    Map *copy = map_copy(map);
    capo_map_remove(copy, key);
    return copy;
}

FieldState *field_state_new(const char *name, FieldKind kind, Map *options)
{
    Value *key = options ? capo_map_get(options, "primary_key") : NULL;
    bool is_key = key && key->boolean;
    FieldState *field = capo_alloc_struct(FieldState);
    *field = (FieldState){ .name = name, .kind = kind, .options = capo_map_new() };
    for (const OptionRow *row = options_table; row->name && options; row++) {
        Value *value = has_kind(row, kind) ? capo_map_get(options, row->name) : NULL;
        if (value && !is_default(row, kind, is_key, *value))
            capo_map_set(field->options, row->name, *value);
    }
    return field;
}

FieldState *field_state_named(const FieldState *field, const char *name)
{
    FieldState *copy = capo_memdup(field, sizeof *field);
    copy->name = name;
    return copy;
}

FieldState *field_state_with(const FieldState *field, const char *option, Value value)
{
    Map *options = map_copy(field->options);
    capo_map_set(options, option, value);
    return field_state_new(field->name, field->kind, options);
}

Value field_state_option(const FieldState *field, const char *option)
{
    Value *value = capo_map_get(field->options, option);
    if (value)
        return *value;
    const OptionRow *row = option_row(field->kind, option);
    if (!row || row->type != OPTION_BOOL)
        return capo_value_null();
    for (int b = 0; b < 2; b++)
        if (is_default(row, field->kind, false, capo_value_bool(b)))
            return capo_value_bool(b);
    return capo_value_bool(false);
}

bool field_state_flag(const FieldState *field, const char *option)
{
    Value value = field_state_option(field, option);
    return value.kind == VALUE_BOOL && value.boolean;
}

const char *field_state_text(const FieldState *field, const char *option)
{
    Value *value = capo_map_get(field->options, option);
    return value && capo_is_text(*value) ? value->text : NULL;
}

static bool option_equal(const char *option, const Value *a, const Value *b)
{
    if (!a || !b)
        return a == b;
    if ((strcmp(option, "to") == 0 || strcmp(option, "through") == 0) && capo_is_text(*a) && capo_is_text(*b))
        return same_name(a->text, b->text);
    /* true is not 1 in a file, though it is to capo_equal */
    if ((a->kind == VALUE_BOOL) != (b->kind == VALUE_BOOL))
        return false;
    return capo_equal(*a, *b);
}

bool field_state_equal_but(const FieldState *a, const FieldState *b, const char *const *options)
{
    if (a->kind != b->kind)
        return false;
    for (const OptionRow *row = options_table; row->name; row++) {
        bool skip = !has_kind(row, a->kind);
        for (const char *const *o = options; o && *o; o++)
            skip |= strcmp(*o, row->name) == 0;
        if (!skip && !option_equal(row->name, capo_map_get(a->options, row->name), capo_map_get(b->options, row->name)))
            return false;
    }
    return true;
}

bool field_state_equal(const FieldState *a, const FieldState *b)
{
    return field_state_equal_but(a, b, NULL);
}

/* --- from the compiled models ------------------------------------------------------------------------------------------------- */

Value state_plain_value(Value value)
{
    switch (value.kind) {
    case VALUE_DATE: return capo_value_text(capo_date_iso(value.date));
    case VALUE_TIME: return capo_value_text(capo_time_iso(value.time));
    case VALUE_DATETIME: return capo_value_text(capo_datetime_iso(value.datetime, capo_time_zone("UTC")));
    case VALUE_SAFE: case VALUE_DECIMAL: case VALUE_DURATION: case VALUE_UUID: return capo_value_text(capo_to_text(value));
    case VALUE_BYTES: return capo_value_copy_n((const char *)value.bytes, value.size);
    default: return value;
    }
}

static Value default_of(const Field *field)
{
    if (!field->has_default || field->default_function)
        return capo_value_null();
    int64_t number;
    if (field->kind == FIELD_BOOLEAN)
        return capo_value_bool(capo_truth(field->default_value));
    if (field->kind == FIELD_DECIMAL)
        return capo_value_text(capo_to_text(field->default_value));
    if (capo_field_is_integer(field->kind) && capo_to_int(field->default_value, &number))
        return capo_value_int(number);
    return state_plain_value(field->default_value);
}

static Value choices_of(const FieldChoice *choices)
{
    List *list = capo_list_new();
    for (; choices && choices->value; choices++) {
        List *choice = capo_list_new();
        capo_list_add(choice, VALUE(choices->value));
        capo_list_add(choice, VALUE(choices->label));
        if (choices->group)
            capo_list_add(choice, VALUE(choices->group));
        capo_list_add(list, capo_value_list(choice));
    }
    return capo_value_list(list);
}

static Value text_unless(const char *text, const char *normal)
{
    return text && (!normal || strcmp(text, normal) != 0) ? capo_value_text(text) : capo_value_null();
}

static char *spaced(const char *name)
{
    char *copy = capo_strdup(name);
    for (char *c = copy; *c; c++)
        if (*c == '_')
            *c = ' ';
    return copy;
}


/* Where an array's row has what its members are like; NULL: another option. */
static const int *array_option(const FieldRow *row, const char *option)
{
    const ArrayOptions *options = &row->options.array;
    const struct { const char *name; const int *at; } known[] = {
        { "base", (const int *)&options->base }, { "max_length", &options->max_length }, { "max_digits", &options->max_digits },
        { "decimal_places", &options->decimal_places }, { "size", &options->size }, { "dimensions", &options->dimensions },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, option) == 0)
            return known[i].at;
    return NULL;
}

/* What the option is on a resolved field, for those that the table has no offset for. */
static Value option_of(const Field *field, const char *option)
{
    const Model *model = field->model;
    bool many = field->kind == FIELD_MANY_TO_MANY;
    if (strcmp(option, "verbose_name") == 0) {
        if (field->auto_created && strcmp(field->name, "id") == 0)
            return capo_value_null();
        return text_unless(field->verbose_name, spaced(field->name));
    }
    if (strcmp(option, "to") == 0)
        return capo_value_text(field->target ? field->target->label : field->target_name);
    if (strcmp(option, "on_delete") == 0)
        return capo_value_text((int)field->on_delete < ON_DELETES ? on_delete_names[field->on_delete] : NULL);
    if (strcmp(option, "fields") == 0) {
        List *names = capo_list_new();
        for (size_t i = 0; i < field->n_parts; i++)
            capo_list_add(names, capo_value_text(field->parts[i]->name));
        return capo_value_list(names);
    }
    if (strcmp(option, "related_name") == 0) {
        const char *accessor = field->kind == FIELD_ONE_TO_ONE ? model->name_lower : capo_format("%s_set", model->name_lower);
        /* a many-to-many to itself that is symmetrical has no accessor of its own */
        if (many && field->target == model && field->symmetrical)
            return capo_value_null();
        return field->related_name ? text_unless(field->related_name, accessor) : capo_value_text("+");
    }
    if (strcmp(option, "related_query_name") == 0) {
        Value related_name = option_of(field, "related_name");
        if (!field->related_name || (many && field->target == model && field->symmetrical))
            return capo_value_null();
        return text_unless(field->related_query_name, related_name.kind == VALUE_NULL ? model->name_lower : field->related_name);
    }
    if (strcmp(option, "to_field") == 0)
        return field->target_field && field->target_field != field->target->pk ? capo_value_text(field->target_field->name) : capo_value_null();
    if (strcmp(option, "db_table") == 0) {
        if (field->through && !field->through->auto_created)
            return capo_value_null();
        return text_unless(field->db_table, capo_format("%s_%s", model->table, field->name));
    }
    if (strcmp(option, "through") == 0)
        return field->through && !field->through->auto_created ? capo_value_text(field->through->label) : capo_value_null();
    if (strcmp(option, "through_fields") == 0)
        return field->row && field->row->options.many.through_fields ? capo_value_strings(field->row->options.many.through_fields) : capo_value_null();
    if (strcmp(option, "symmetrical") == 0)
        return capo_value_bool(field->target != model || field->symmetrical);
    if (strcmp(option, "swappable") == 0)
        return capo_value_bool(!field->row || !(many ? field->row->options.many.not_swappable : field->row->options.relation.not_swappable));
    if (field->kind == FIELD_ARRAY && array_option(field->row, option))
        return strcmp(option, "base") == 0 ? capo_value_text(capo_field_kind_name(field->row->options.array.base)) : capo_value_int(*array_option(field->row, option));
    if (strcmp(option, "null") == 0)
        return capo_value_bool(field->null && !field->generated);
    if (strcmp(option, "default") == 0)
        return default_of(field);
    if (strcmp(option, "default_function") == 0)
        return capo_value_bool(field->default_function != NULL);
    if (strcmp(option, "db_default") == 0)
        return field->has_db_default ? capo_expression_data(capo_field_expression(field)) : capo_value_null();
    if (strcmp(option, "generated") == 0)
        return field->generated ? capo_expression_data(capo_field_expression(field)) : capo_value_null();
    if (strcmp(option, "choices") == 0)
        return choices_of(field->choices);
    if (strcmp(option, "unique") == 0)
        return capo_value_bool(field->unique);
    if (strcmp(option, "db_index") == 0)
        return capo_value_bool(field->db_index);
    if (strcmp(option, "db_column") == 0)
        return text_unless(field->column, field->attname);
    if (strcmp(option, "editable") == 0)
        return capo_value_bool(field->editable || field->generated || field->auto_now || field->auto_now_add || (AUTOS & (1ull << field->kind)));
    if (strcmp(option, "help_text") == 0)
        return text_unless(field->help_text, "");
    if (strcmp(option, "custom") == 0)
        return capo_value_text(field->custom ? field->custom->name : NULL);
    return capo_value_null();
}

FieldState *field_state_of(const Field *field)
{
    Map *options = capo_map_new();
    for (const OptionRow *row = options_table; row->name; row++) {
        if (!has_kind(row, field->kind))
            continue;
        const char *at = row->field < 0 ? NULL : (const char *)field + row->field;
        Value value = !at ? option_of(field, row->name)
            : row->type == OPTION_BOOL ? capo_value_bool(*(const bool *)at)
            : row->type == OPTION_INT ? capo_value_int(*(const int *)at)
            : capo_value_text(*(const char *const *)at);
        /* auto_now and automatic keys imply it */
        if (strcmp(row->name, "blank") == 0 && (field->generated || field->auto_now || field->auto_now_add || (AUTOS & (1ull << field->kind))))
            continue;
        if (value.kind != VALUE_NULL)
            capo_map_set(options, row->name, value);
    }
    return field_state_new(field->name, field->kind, options);
}

/* --- into rows ------------------------------------------------------------------------------------------------------------------ */

static const char **names_of(const List *list)
{
    const char **names = capo_alloc_array(list->count + 1, sizeof *names);
    for (size_t i = 0; i < list->count; i++)
        names[i] = capo_to_text(list->items[i]);
    return names;
}

static FieldDefault default_to_row(Value value)
{
    switch (value.kind) {
    case VALUE_BOOL: return (FieldDefault){ .kind = DEFAULT_INT, .integer = value.boolean };
    case VALUE_INT: return (FieldDefault){ .kind = DEFAULT_INT, .integer = value.integer };
    case VALUE_REAL: return (FieldDefault){ .kind = DEFAULT_REAL, .real = value.real };
    case VALUE_NULL: return (FieldDefault){ 0 };
    default: return (FieldDefault){ .kind = DEFAULT_TEXT, .text = capo_to_text(value) };
    }
}

static const FieldChoice *choices_to_row(const List *list)
{
    FieldChoice *choices = capo_alloc_array(list->count + 1, sizeof *choices);
    for (size_t i = 0; i < list->count; i++) {
        const List *choice = list->items[i].list;
        choices[i] = (FieldChoice){ .value = capo_to_text(choice->items[0]), .label = capo_to_text(choice->items[1]),
                                    .group = choice->count > 2 ? capo_to_text(choice->items[2]) : NULL };
    }
    return choices;
}

static void option_to_row(const FieldState *field, FieldRow *row, const char *option, Value value)
{
    bool many = field->kind == FIELD_MANY_TO_MANY;
    CommonOptions *common = &row->options.common;
    if (field->kind == FIELD_ARRAY && array_option(row, option))
        *(int *)array_option(row, option) = strcmp(option, "base") == 0 ? (int)capo_field_kind(value.text) : (int)value.integer;
    else if (strcmp(option, "verbose_name") == 0)
        common->verbose_name = value.text;
    else if (strcmp(option, "custom") == 0) {
        common->custom = capo_custom_field(value.text);
        if (!common->custom)
            capo_raise(ERROR_MIGRATION, "The field %s is of the custom kind %s, which no model has any more: keep a field of it, or take \"custom\" out of "
                       "the migrations and make them plain fields.", field->name, value.text);
    } else if (strcmp(option, "on_delete") == 0) {
        for (int i = 0; i < ON_DELETES; i++)
            if (on_delete_names[i] && strcmp(on_delete_names[i], value.text) == 0)
                row->options.relation.on_delete = i;
    } else if (strcmp(option, "related_name") == 0)
        *(many ? &row->options.many.related_name : &row->options.relation.related_name) = value.text;
    else if (strcmp(option, "related_query_name") == 0)
        *(many ? &row->options.many.related_query_name : &row->options.relation.related_query_name) = value.text;
    else if (strcmp(option, "to_field") == 0)
        row->options.relation.to_field = value.text;
    else if (strcmp(option, "db_table") == 0)
        row->options.many.db_table = value.text;
    else if (strcmp(option, "fields") == 0)
        row->key_names = capo_join(names_of(value.list), ", ");
    else if (strcmp(option, "through_fields") == 0)
        row->options.many.through_fields = names_of(value.list);
    else if (strcmp(option, "symmetrical") == 0)
        row->options.many.not_symmetrical = !value.boolean;
    else if (strcmp(option, "null") == 0)
        row->null = value.boolean;
    else if (strcmp(option, "default") == 0)
        common->default_value = default_to_row(value);
    else if (strcmp(option, "db_default") == 0)
        common->db_default = value.kind == VALUE_MAP ? (FieldDefault){ .kind = DEFAULT_EXPRESSION, .expression = capo_expression_of(capo_expression_from_data(value)) }
                                                     : default_to_row(value);
    else if (strcmp(option, "generated") == 0)
        row->generated = true, row->expression = capo_expression_from_data(value);
    else if (strcmp(option, "choices") == 0)
        common->choices = choices_to_row(value.list);
    else if (strcmp(option, "unique") == 0)
        common->unique = value.boolean;
    else if (strcmp(option, "db_index") == 0)
        common->db_index = value.boolean, common->no_db_index = !value.boolean;
    else if (strcmp(option, "db_column") == 0)
        common->db_column = value.text;
    else if (strcmp(option, "editable") == 0)
        common->not_editable = !value.boolean;
    else if (strcmp(option, "help_text") == 0)
        common->help_text = value.text;
}

void field_state_to_row(const FieldState *field, FieldRow *ret)
{
    *ret = (FieldRow){ .name = field->name, .kind = field->kind };
    for (const OptionRow *row = options_table; row->name; row++) {
        Value *value = has_kind(row, field->kind) ? capo_map_get(field->options, row->name) : NULL;
        if (!value)
            continue;
        char *at = row->row < 0 ? NULL : (char *)ret + row->row;
        if (!at)
            option_to_row(field, ret, row->name, *value);
        else if (row->type == OPTION_BOOL)
            *(bool *)at = value->boolean != row->inverted;
        else if (row->type == OPTION_INT)
            *(int *)at = (int)value->integer;
        else
            *(const char **)at = value->text;
    }
}

/* --- from files ----------------------------------------------------------------------------------------------------------------- */

static bool is_names(Value value)
{
    if (value.kind != VALUE_LIST)
        return false;
    for (size_t i = 0; i < value.list->count; i++)
        if (value.list->items[i].kind != VALUE_TEXT)
            return false;
    return true;
}

static bool each_item(Value value, bool (*good)(Value))
{
    for (size_t i = 0; value.kind == VALUE_LIST && i < value.list->count; i++)
        if (!good(value.list->items[i]))
            return false;
    for (size_t i = 0; value.kind == VALUE_MAP && i < value.map->count; i++)
        if (!good(value.map->entries[i].value))
            return false;
    return value.kind == VALUE_LIST || value.kind == VALUE_MAP;
}

static bool is_choice(Value value)
{
    return is_names(value) && (value.list->count == 2 || value.list->count == 3);
}

static bool is_text(Value value)
{
    return value.kind == VALUE_TEXT;
}

static const char *each_error(Value value, const char *what, const char *(*error_of)(Value))
{
    if (value.kind != VALUE_MAP)
        return capo_format("must be an object: each %s's name, and what it is.", what);
    for (size_t i = 0; i < value.map->count; i++) {
        const char *error = error_of(value.map->entries[i].value);
        if (error)
            return capo_format("has the %s \"%s\", which %s", what, capo_to_text(value.map->entries[i].key), error);
    }
    return NULL;
}

const char *option_type_error(OptionType type, Value value)
{
    bool scalar = value.kind == VALUE_BOOL || value.kind == VALUE_INT || value.kind == VALUE_REAL || value.kind == VALUE_TEXT;
    switch (type) {
    case OPTION_BOOL: return value.kind == VALUE_BOOL ? NULL : "must be true or false.";
    case OPTION_INT: return value.kind == VALUE_INT && value.integer >= 0 && value.integer <= INT32_MAX ? NULL : "must be a whole number, 0 or more.";
    case OPTION_TEXT: return is_text(value) ? NULL : "must be a text.";
    case OPTION_SCALAR: return scalar ? NULL : "must be a number, a text, true or false.";
    case OPTION_NAMES: return is_names(value) ? NULL : "must be a list of names.";
    case OPTION_CHOICES: return value.kind == VALUE_LIST && each_item(value, is_choice) ? NULL : "must be a list of [value, label] or [value, label, group], all texts.";
    case OPTION_MODEL: return is_text(value) && value.size ? NULL : "must be a model, as \"app.Model\".";
    case OPTION_NAME_LISTS: return value.kind == VALUE_LIST && each_item(value, is_names) ? NULL : "must be a list of lists of field names.";
    case OPTION_TEXTS: return value.kind == VALUE_MAP && each_item(value, is_text) ? NULL : "must be an object of texts.";
    case OPTION_EXPRESSION:
        if (value.kind == VALUE_LIST)
            return "must be a value or an expression, as { \"FN\": [\"Now\"] }.";
        return capo_expression_data_error(value, false) ? capo_format("%s.", capo_expression_data_error(value, false)) : NULL;
    case OPTION_INDEXES: return each_error(value, "index", meta_index_error);
    case OPTION_CONSTRAINTS: return each_error(value, "constraint", meta_constraint_error);
    case OPTION_ON_DELETE: break;
    }
    for (int i = 0; i < ON_DELETES; i++)
        if (on_delete_names[i] && is_text(value) && strcmp(on_delete_names[i], value.text) == 0)
            return NULL;
    return capo_format("must be one of CASCADE, PROTECT, RESTRICT, SET_NULL, SET_DEFAULT, DO_NOTHING, SET_VALUE, DB_CASCADE, DB_SET_NULL, DB_SET_DEFAULT.%s",
                       is_text(value) ? capo_did_you_mean(value.text, on_delete_names + 1, ON_DELETES - 1) : "");
}

const char *field_state_option_error(FieldKind kind, const char *option, Value value)
{
    const OptionRow *row = option_row(kind, option);
    if (row)
        return option_type_error(row->type, value);
    const char *names[sizeof options_table / sizeof *options_table];
    size_t count = 0;
    for (row = options_table; row->name; row++)
        if (has_kind(row, kind))
            names[count++] = row->name;
    return capo_format("is not an option of %s.%s", capo_field_kind_name(kind), capo_did_you_mean(option, names, count));
}

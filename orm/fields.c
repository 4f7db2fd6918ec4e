/* SPDX-License-Identifier: BSD-3-Clause */
/* Field kinds, and how a row of models.def becomes a Field: its options with Django's defaults applied, and what is wrong with
 * them in sentences. Relations are resolved in model.c, once all models are known. */
#include "internal.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Which member of FieldRow.options a kind has. */
typedef enum { OPTIONS_PLAIN, OPTIONS_TEXT, OPTIONS_INTEGER, OPTIONS_REAL, OPTIONS_DECIMAL, OPTIONS_DATE, OPTIONS_IP, OPTIONS_PATH, OPTIONS_FILE, OPTIONS_ARRAY,
               OPTIONS_RELATION, OPTIONS_MANY } OptionsKind;

/* Each kind: Django's class, the options that its word takes, what its column is like. */
static const struct KindRow {
    const char *name;
    OptionsKind options;
    bool text, integer, relation, positive, automatic;
    int max_length;                         /* where none is written */
    FieldKind ends;                         /* of a range: what it reaches from and to */
} kinds[FIELD_KINDS] = {
    [FIELD_AUTO]                   = { "AutoField", OPTIONS_PLAIN, .integer = true, .automatic = true },
    [FIELD_BIG_AUTO]               = { "BigAutoField", OPTIONS_PLAIN, .integer = true, .automatic = true },
    [FIELD_SMALL_AUTO]             = { "SmallAutoField", OPTIONS_PLAIN, .integer = true, .automatic = true },
    [FIELD_CHAR]                   = { "CharField", OPTIONS_TEXT, .text = true },
    [FIELD_TEXT]                   = { "TextField", OPTIONS_TEXT, .text = true },
    [FIELD_SLUG]                   = { "SlugField", OPTIONS_TEXT, .text = true, .max_length = 50 },
    [FIELD_EMAIL]                  = { "EmailField", OPTIONS_TEXT, .text = true, .max_length = 254 },
    [FIELD_URL]                    = { "URLField", OPTIONS_TEXT, .text = true, .max_length = 200 },
    [FIELD_FILE_PATH]              = { "FilePathField", OPTIONS_PATH, .text = true, .max_length = 100 },
    [FIELD_FILE]                   = { "FileField", OPTIONS_FILE, .text = true, .max_length = 100 },
    [FIELD_IMAGE]                  = { "ImageField", OPTIONS_FILE, .text = true, .max_length = 100 },
    [FIELD_IP_ADDRESS]             = { "GenericIPAddressField", OPTIONS_IP, .text = true, .max_length = 39 },
    [FIELD_INTEGER]                = { "IntegerField", OPTIONS_INTEGER, .integer = true },
    [FIELD_BIG_INTEGER]            = { "BigIntegerField", OPTIONS_INTEGER, .integer = true },
    [FIELD_SMALL_INTEGER]          = { "SmallIntegerField", OPTIONS_INTEGER, .integer = true },
    [FIELD_POSITIVE_INTEGER]       = { "PositiveIntegerField", OPTIONS_INTEGER, .integer = true, .positive = true },
    [FIELD_POSITIVE_BIG_INTEGER]   = { "PositiveBigIntegerField", OPTIONS_INTEGER, .integer = true, .positive = true },
    [FIELD_POSITIVE_SMALL_INTEGER] = { "PositiveSmallIntegerField", OPTIONS_INTEGER, .integer = true, .positive = true },
    [FIELD_FLOAT]                  = { "FloatField", OPTIONS_REAL },
    [FIELD_DECIMAL]                = { "DecimalField", OPTIONS_DECIMAL },
    [FIELD_BOOLEAN]                = { "BooleanField", OPTIONS_PLAIN },
    [FIELD_DATE]                   = { "DateField", OPTIONS_DATE },
    [FIELD_TIME]                   = { "TimeField", OPTIONS_DATE },
    [FIELD_DATETIME]               = { "DateTimeField", OPTIONS_DATE },
    [FIELD_DURATION]               = { "DurationField", OPTIONS_PLAIN },
    [FIELD_UUID]                   = { "UUIDField", OPTIONS_PLAIN, .max_length = 32 },
    [FIELD_BINARY]                 = { "BinaryField", OPTIONS_PLAIN },
    [FIELD_JSON]                   = { "JSONField", OPTIONS_PLAIN },
    [FIELD_ARRAY]                  = { "ArrayField", OPTIONS_ARRAY },
    [FIELD_HSTORE]                 = { "HStoreField", OPTIONS_PLAIN },
    [FIELD_SEARCH_VECTOR]          = { "SearchVectorField", OPTIONS_PLAIN },
    [FIELD_INTEGER_RANGE]          = { "IntegerRangeField", OPTIONS_PLAIN, .ends = FIELD_INTEGER },
    [FIELD_BIG_INTEGER_RANGE]      = { "BigIntegerRangeField", OPTIONS_PLAIN, .ends = FIELD_BIG_INTEGER },
    [FIELD_DECIMAL_RANGE]          = { "DecimalRangeField", OPTIONS_PLAIN, .ends = FIELD_DECIMAL },
    [FIELD_DATE_RANGE]             = { "DateRangeField", OPTIONS_PLAIN, .ends = FIELD_DATE },
    [FIELD_DATETIME_RANGE]         = { "DateTimeRangeField", OPTIONS_PLAIN, .ends = FIELD_DATETIME },
    [FIELD_FOREIGN_KEY]            = { "ForeignKey", OPTIONS_RELATION, .relation = true },
    [FIELD_ONE_TO_ONE]             = { "OneToOneField", OPTIONS_RELATION, .relation = true },
    [FIELD_MANY_TO_MANY]           = { "ManyToManyField", OPTIONS_MANY, .relation = true },
    [FIELD_COMPOSITE_KEY]          = { "CompositePrimaryKey", OPTIONS_PLAIN },
};

const char *capo_field_kind_name(FieldKind kind)
{
    return kind > FIELD_NONE && kind < FIELD_KINDS && kinds[kind].name ? kinds[kind].name : "Field";
}

FieldKind capo_field_kind(const char *name)
{
    for (int i = 0; i < FIELD_KINDS; i++)
        if (kinds[i].name && !strcmp(kinds[i].name, name))
            return (FieldKind)i;
    return FIELD_NONE;
}

bool capo_field_is_text(FieldKind kind) { return kind < FIELD_KINDS && kinds[kind].text; }
bool capo_field_is_integer(FieldKind kind) { return kind < FIELD_KINDS && kinds[kind].integer; }
bool capo_field_is_relation(FieldKind kind) { return kind < FIELD_KINDS && kinds[kind].relation; }
bool capo_field_is_positive(FieldKind kind) { return kind < FIELD_KINDS && kinds[kind].positive; }
bool capo_field_is_automatic(FieldKind kind) { return kind < FIELD_KINDS && kinds[kind].automatic; }

void capo_integer_bounds(FieldKind kind, const Dialect *dialect, int64_t *ret_least, int64_t *ret_most)
{
    bool positive = capo_field_is_positive(kind), is_unsigned = positive && dialect->unsigned_integers;
    bool is_small = kind == FIELD_SMALL_AUTO || kind == FIELD_SMALL_INTEGER || kind == FIELD_POSITIVE_SMALL_INTEGER;
    bool is_plain = kind == FIELD_AUTO || kind == FIELD_INTEGER || kind == FIELD_POSITIVE_INTEGER;
    int64_t most = !dialect->narrow_integers ? INT64_MAX : is_small ? INT16_MAX : is_plain ? INT32_MAX : INT64_MAX;
    *ret_least = positive ? 0 : -most - 1;
    *ret_most = is_unsigned && most < INT64_MAX ? 2 * most + 1 : most;
}

Cardinality capo_field_cardinality(const Field *field, bool from_target)
{
    switch (field->kind) {
    case FIELD_ONE_TO_ONE: return ONE_TO_ONE_SIDE;
    case FIELD_FOREIGN_KEY: return from_target ? ONE_TO_MANY_SIDE : MANY_TO_ONE_SIDE;
    case FIELD_MANY_TO_MANY: return MANY_TO_MANY_SIDE;
    default: return NOT_RELATED;
    }
}

const Field *capo_column_field(const Field *field)
{
    /* A chain of keys that are keys ends at a plain column; a ring of them was refused when the models were resolved. */
    for (int i = 0; i < 32 && field->target_field && field->kind != FIELD_MANY_TO_MANY; i++)
        field = field->target_field;
    return field;
}

Storage capo_field_storage(const Field *field)
{
    if (field->known_storage)
        return (Storage)(field->known_storage - 1);
    switch (capo_column_field(field)->kind) {
    case FIELD_FLOAT: return STORAGE_REAL;
    case FIELD_DECIMAL: return STORAGE_DECIMAL;
    case FIELD_BOOLEAN: return STORAGE_BOOL;
    case FIELD_DATE: return STORAGE_DATE;
    case FIELD_TIME: return STORAGE_TIME;
    case FIELD_DATETIME: return STORAGE_DATETIME;
    case FIELD_DURATION: return STORAGE_DURATION;
    case FIELD_UUID: return STORAGE_UUID;
    case FIELD_BINARY: return STORAGE_BINARY;
    case FIELD_JSON: return STORAGE_JSON;
    case FIELD_ARRAY: return STORAGE_ARRAY;
    case FIELD_HSTORE: return STORAGE_HSTORE;
    case FIELD_INTEGER_RANGE: case FIELD_BIG_INTEGER_RANGE: case FIELD_DECIMAL_RANGE: case FIELD_DATE_RANGE: case FIELD_DATETIME_RANGE: return STORAGE_RANGE;
    default: return kinds[capo_column_field(field)->kind].integer ? STORAGE_INT : STORAGE_TEXT;
    }
}

char *arena_format(Arena *arena, const char *format, ...)
{
    va_list args;
    char *made;
    va_start(args, format);
    int size = vasprintf(&made, format, args);
    va_end(args);
    if (size < 0)
        abort();                /* as every allocation: a process without memory ends */
    char *text = arena_strndup(arena, made, (size_t)size);
    free(made);
    return text;
}

static char *capital_first(Arena *arena, const char *text)
{
    char *copy = arena_strndup(arena, text, strlen(text));
    if (copy[0] >= 'a' && copy[0] <= 'z')
        copy[0] = (char)(copy[0] - 'a' + 'A');
    return copy;
}

static char *with_spaces(Arena *arena, const char *name)
{
    char *copy = arena_strndup(arena, name, strlen(name));
    for (char *c = copy; *c; c++)
        if (*c == '_')
            *c = ' ';
    return copy;
}

/* The written default as a Value: an int for a boolean is a boolean, a number for a decimal is its text. Other texts stay text;
 * capo_field_default() converts them at each use. */
static Value default_of(Arena *arena, const FieldDefault *written, FieldKind kind)
{
    switch (written->kind) {
    case DEFAULT_INT:
        if (kind == FIELD_BOOLEAN)
            return capo_value_bool(written->integer != 0);
        if (kind == FIELD_FLOAT)
            return capo_value_real((double)written->integer);
        if (kind == FIELD_DECIMAL)
            return capo_value_decimal((Decimal){ arena_format(arena, "%lld", (long long)written->integer) });
        return capo_value_int(written->integer);
    case DEFAULT_REAL:
        if (kind == FIELD_DECIMAL)
            return capo_value_decimal((Decimal){ arena_format(arena, "%.15g", written->real) });
        return capo_value_real(written->real);
    case DEFAULT_TEXT:
        return (Value){ .kind = VALUE_TEXT, .text = written->text, .size = (uint32_t)strlen(written->text) };
    default:
        return capo_value_null();
    }
}

static void read_options(Field *field, const FieldRow *row)
{
    switch (kinds[row->kind].options) {
    case OPTIONS_TEXT:
        field->max_length = row->options.text.max_length;
        field->min_length = row->options.text.min_length;
        field->db_collation = row->options.text.db_collation;
        field->allow_unicode = row->options.text.allow_unicode;
        field->strip = !row->options.text.no_strip;
        break;
    case OPTIONS_INTEGER:
        field->minimum = row->options.integer.minimum;
        field->maximum = row->options.integer.maximum;
        break;
    case OPTIONS_REAL:
        field->minimum = row->options.real.minimum;
        field->maximum = row->options.real.maximum;
        break;
    case OPTIONS_DECIMAL:
        field->minimum = row->options.decimal.minimum;
        field->maximum = row->options.decimal.maximum;
        field->max_digits = row->options.decimal.max_digits;
        field->decimal_places = row->options.decimal.decimal_places;
        break;
    case OPTIONS_DATE:
        field->auto_now = row->options.date.auto_now;
        field->auto_now_add = row->options.date.auto_now_add;
        break;
    case OPTIONS_IP:
        field->protocol = row->options.ip.protocol;
        field->unpack_ipv4 = row->options.ip.unpack_ipv4;
        break;
    case OPTIONS_PATH:
        field->path = row->options.path.path;
        field->match = row->options.path.match;
        field->recursive = row->options.path.recursive;
        field->allow_folders = row->options.path.allow_folders;
        field->max_length = row->options.path.max_length;
        break;
    case OPTIONS_FILE:
        field->upload_to = row->options.file.upload_to;
        field->storage = row->options.file.storage;
        field->width_field = row->options.file.width_field;
        field->height_field = row->options.file.height_field;
        field->max_length = row->options.file.max_length;
        break;
    case OPTIONS_RELATION:
        field->on_delete = row->options.relation.on_delete;
        field->related_name = row->options.relation.related_name;
        field->related_query_name = row->options.relation.related_query_name;
        field->db_constraint = !row->options.relation.no_db_constraint;
        field->limit_choices_to = row->options.relation.limit_choices_to;
        field->parent_link = row->options.relation.parent_link;
        break;
    case OPTIONS_MANY:
        field->related_name = row->options.many.related_name;
        field->related_query_name = row->options.many.related_query_name;
        field->limit_choices_to = row->options.many.limit_choices_to;
        field->db_table = row->options.many.db_table;
        field->db_constraint = true;
        break;
    case OPTIONS_ARRAY:
        field->size = row->options.array.size;
        break;
    case OPTIONS_PLAIN:
        break;
    }
}

/* A field without a column: what the members of an array and the ends of a range are. */
static Field *base_of(Arena *arena, Model *model, const FieldRow *row)
{
    FieldRow *base = arena_alloc(arena, sizeof *base);
    *base = (FieldRow){ .name = row->name, .kind = kinds[row->kind].ends };
    if (row->kind == FIELD_ARRAY) {
        const ArrayOptions *options = &row->options.array;
        base->kind = options->base;
        if (options->dimensions > 1) {
            base->kind = FIELD_ARRAY;
            base->options.array = (ArrayOptions){ .base = options->base, .max_length = options->max_length, .max_digits = options->max_digits,
                .decimal_places = options->decimal_places, .size = options->size, .dimensions = options->dimensions - 1 };
        } else if (kinds[base->kind].options == OPTIONS_TEXT) {
            base->options.text.max_length = options->max_length;
        } else if (base->kind == FIELD_DECIMAL) {
            base->options.decimal.max_digits = options->max_digits;
            base->options.decimal.decimal_places = options->decimal_places;
        }
    }
    return base->kind ? capo_field_from_row(arena, model, base) : NULL;
}

/* What is wrong with the members that an array is to have; NULL: nothing. */
static const char *array_problem(const Field *field)
{
    const char *name = field->name, *of = field->model->label;
    const Field *base = field->base;
    while (base && base->kind == FIELD_ARRAY)
        base = base->base;
    if (!base)
        return capo_format("%s.%s: an array says what its members are: ARRAY(%s, CHAR, .max_length = 20).", of, name, name);
    bool plain = kinds[base->kind].text || kinds[base->kind].integer || (capo_field_storage(base) >= STORAGE_REAL && capo_field_storage(base) <= STORAGE_UUID);
    plain |= base->kind == FIELD_JSON || capo_field_is_range(base->kind);
    if (!plain || kinds[base->kind].automatic || base->kind == FIELD_FILE_PATH)
        return capo_format("%s.%s: the members of an array are texts, numbers, true or false, dates and times, UUIDs, JSON, or ranges.", of, name);
    if (base->kind == FIELD_CHAR && base->max_length <= 0)
        return capo_format("%s.%s: an array of CHAR needs .max_length, of each member (or use TEXT).", of, name);
    if (base->kind == FIELD_DECIMAL && (base->max_digits <= 0 || base->decimal_places < 0 || base->decimal_places > base->max_digits))
        return capo_format("%s.%s: an array of DECIMAL needs .max_digits and .decimal_places, of each member.", of, name);
    if (field->size < 0)
        return capo_format("%s.%s: .size must be positive, and is %d.", of, name, field->size);
    return NULL;
}

Field *capo_field_from_row(Arena *arena, Model *model, const FieldRow *row)
{
    const struct KindRow *kind = &kinds[row->kind];
    const CommonOptions *common = &row->options.common;
    Field *field = arena_alloc(arena, sizeof *field);
    *field = (Field){ .model = model, .name = row->name, .attname = row->name, .kind = row->kind, .row = row,
        .null = row->null, .blank = common->blank || row->null, .unique = common->unique, .editable = !common->not_editable,
        .help_text = common->help_text ? common->help_text : "", .choices = common->choices, .choices_function = common->choices_function, .validators = common->validators,
        .error_messages = common->error_messages, .custom = common->custom, .default_function = common->default_function, .strip = true,
        .layout = { -1, -1, -1, -1, -1, -1 } };
    read_options(field, row);
    field->base = base_of(arena, model, row);
    if (!field->max_length)
        field->max_length = kind->max_length;
    if (row->kind == FIELD_FOREIGN_KEY || row->kind == FIELD_ONE_TO_ONE)
        field->attname = arena_format(arena, "%s_id", row->name);
    if (row->kind != FIELD_MANY_TO_MANY && row->kind != FIELD_COMPOSITE_KEY)
        field->column = common->db_column ? common->db_column : field->attname;
    if (row->kind == FIELD_ONE_TO_ONE)
        field->unique = true;
    field->db_index = common->db_index || ((row->kind == FIELD_SLUG || row->kind == FIELD_FOREIGN_KEY) && !common->no_db_index);
    if (field->auto_now || field->auto_now_add) {
        field->editable = false;
        field->blank = true;
    }
    if (kind->automatic || row->generated)
        field->blank = true;
    if (row->generated) {
        field->null = true;
        field->editable = false;
    }
    if (row->kind == FIELD_BINARY || row->kind == FIELD_SEARCH_VECTOR)
        field->editable = false;
    if (kind->positive && (!field->minimum.set || field->minimum.value < 0))
        field->minimum = (FieldLimit)LIMIT(0);
    field->has_db_default = common->db_default.kind != DEFAULT_NONE;
    field->generated = row->generated;
    field->db_persist = common->db_persist;
    field->db_comment = common->db_comment;
    field->unique_for_date = common->unique_for_date;
    field->unique_for_month = common->unique_for_month;
    field->unique_for_year = common->unique_for_year;
    field->db_tablespace = common->db_tablespace;
    field->has_default = common->default_value.kind != DEFAULT_NONE || common->default_function;
    field->default_value = default_of(arena, &common->default_value, row->kind);
    field->verbose_name = common->verbose_name ? common->verbose_name : with_spaces(arena, row->name);
    field->label = common->label ? common->label : capital_first(arena, field->verbose_name);
    return field;
}

/* The sentence about the first thing that is wrong with the field by itself, or NULL. */
const char *capo_field_problem(const Field *field)
{
    const char *name = field->name, *of = field->model->label;
    size_t size = strlen(name);
    if (size == 0 || name[size - 1] == '_')
        return capo_format("%s.%s: a field's name must not end with an underscore.", of, name);
    if (strstr(name, "__"))
        return capo_format("%s.%s: a field's name must not contain \"__\", which separates names in look-ups.", of, name);
    if (!strcmp(name, "pk") && field->kind != FIELD_COMPOSITE_KEY)
        return capo_format("%s.%s: \"pk\" always names the primary key; call the field something else.", of, name);
    switch (field->kind) {
    case FIELD_CHAR:
        if (field->max_length <= 0)
            return capo_format("%s.%s: a CHAR field needs .max_length (or use TEXT for text of any length).", of, name);
        break;
    case FIELD_SLUG: case FIELD_EMAIL: case FIELD_URL: case FIELD_FILE_PATH: case FIELD_TEXT:
        if (field->max_length < 0)
            return capo_format("%s.%s: .max_length must be positive, and is %d.", of, name, field->max_length);
        break;
    case FIELD_FILE: case FIELD_IMAGE:
        return capo_file_field_problem(field);
    case FIELD_ARRAY:
        if (array_problem(field))
            return array_problem(field);
        break;
    case FIELD_DECIMAL:
        if (field->max_digits <= 0)
            return capo_format("%s.%s: a DECIMAL field needs .max_digits (all digits) and .decimal_places (those behind the point).", of, name);
        if (field->decimal_places < 0 || field->decimal_places > field->max_digits)
            return capo_format("%s.%s: .decimal_places is %d and must be between 0 and .max_digits, which is %d.", of, name,
                               field->decimal_places, field->max_digits);
        break;
    case FIELD_IP_ADDRESS:
        if (field->protocol && strcasecmp(field->protocol, "both") && strcasecmp(field->protocol, "ipv4") && strcasecmp(field->protocol, "ipv6"))
            return capo_format("%s.%s: .protocol is \"%s\" and must be \"both\", \"IPv4\" or \"IPv6\".", of, name, field->protocol);
        if (field->unpack_ipv4 && field->protocol && strcasecmp(field->protocol, "both"))
            return capo_format("%s.%s: .unpack_ipv4 is for .protocol = \"both\" only.", of, name);
        break;
    case FIELD_FOREIGN_KEY: case FIELD_ONE_TO_ONE:
        if (field->on_delete == ON_DELETE_UNSET)
            return capo_format("%s.%s: say what happens to a %s when its %s is deleted: .on_delete = CASCADE, PROTECT, RESTRICT, "
                               "SET_NULL, SET_DEFAULT, SET_VALUE, DO_NOTHING, DB_CASCADE, DB_SET_NULL or DB_SET_DEFAULT.", of, name, field->model->name, name);
        if ((field->on_delete == SET_NULL || field->on_delete == DB_SET_NULL) && !field->null)
            return capo_format("%s.%s: .on_delete = %s needs a field that can be NULL: write OPTIONAL(%s, %s, …).", of, name,
                               field->on_delete == SET_NULL ? "SET_NULL" : "DB_SET_NULL", field->kind == FIELD_FOREIGN_KEY ? "FOREIGN_KEY" : "ONE_TO_ONE", name);
        if (field->on_delete == DB_SET_DEFAULT && !field->has_db_default)
            return capo_format("%s.%s: .on_delete = DB_SET_DEFAULT needs a .db_default.", of, name);
        if (field->on_delete == SET_VALUE && !field->row->options.relation.set_to && field->model->size)
            return capo_format("%s.%s: .on_delete = SET_VALUE needs .set_to, a function that gives the key.", of, name);
        if (field->on_delete == SET_DEFAULT && !field->has_default)
            return capo_format("%s.%s: .on_delete = SET_DEFAULT needs a .default_value.", of, name);
        break;
    default:
        break;
    }
    if (field->min_length > 0 && field->max_length > 0 && field->min_length > field->max_length)
        return capo_format("%s.%s: .min_length %d is more than .max_length %d.", of, name, field->min_length, field->max_length);
    if (field->minimum.set && field->maximum.set && field->minimum.value > field->maximum.value)
        return capo_format("%s.%s: .minimum %.15g is more than .maximum %.15g.", of, name, field->minimum.value, field->maximum.value);
    if ((field->auto_now && field->auto_now_add) || ((field->auto_now || field->auto_now_add) && field->has_default))
        return capo_format("%s.%s: .auto_now, .auto_now_add and a default exclude each other.", of, name);
    return capo_field_choices_problem(field);
}

/* --- names of indexes ------------------------------------------------------------------------------------------------------ */

/* MD5 of the parts, the first `length` hex digits: Django's names_digest. */
static void names_digest(const char *table, const char *const *names, const char *last, int length, char *ret)
{
    Buffer text = { 0 };
    char hex[33];
    capo_put(&text, table);
    for (size_t i = 0; names[i]; i++)
        capo_put(&text, names[i]);
    capo_put(&text, last);
    capo_md5_hex(capo_buffer_text(&text), text.size, hex);
    snprintf(ret, (size_t)length + 1, "%.*s", length, hex);
}

/* The first so many letters, not bytes. */
static char *first_letters(const char *text, int count)
{
    const char *at = text, *end = text + strlen(text);
    while (at < end && count-- > 0)
        capo_utf8_next(&at, end);
    return capo_strndup(text, (size_t)(at - text));
}

static int letters(const char *text) { return (int)capo_utf8_length(text, strlen(text)); }

const char *capo_short_name(const char *name, int longest)
{
    char digest[5];
    if (!longest || letters(name) <= longest)
        return name;
    names_digest(name, (const char *const[]){ NULL }, "", 4, digest);
    return capo_format("%s%s", first_letters(name, longest - 4), digest);
}

char *capo_index_name(const char *table, const char *const *columns, const char *suffix)
{
    const int longest = capo_database_name_length();
    char digest[9];
    names_digest(table, columns, "", 8, digest);
    char *joined = capo_join(columns, "_");
    char *tail = capo_format("%s%s", digest, suffix);
    char *name = capo_format("%s_%s_%s", table, joined, tail);
    if (letters(name) <= longest)
        return name;
    tail = first_letters(tail, longest / 3);
    int other = (longest - letters(tail)) / 2 - 1;
    name = capo_format("%s_%s_%s", first_letters(table, other), first_letters(joined, other), tail);
    if (name[0] == '_' || isdigit((unsigned char)name[0]))
        name = capo_format("D%s", first_letters(name, letters(name) - 1));
    return name;
}

/* The name of a Meta index without one: at most 30 characters, as Django's Index.set_name_with_model. */
char *capo_meta_index_name(const char *table, const char *const *columns_with_order)
{
    return capo_meta_index_name_suffix(table, columns_with_order, "idx");
}

char *capo_meta_index_name_suffix(const char *table, const char *const *columns_with_order, const char *suffix)
{
    char digest[7];
    const char *column = columns_with_order[0] + (columns_with_order[0][0] == '-');
    names_digest(table, columns_with_order, suffix, 6, digest);
    char *name = capo_format("%s_%s_%s_%s", first_letters(table, 11), first_letters(column, 7), digest, suffix);
    if (name[0] == '_' || isdigit((unsigned char)name[0]))
        name[0] = 'D';
    return name;
}

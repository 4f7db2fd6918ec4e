/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a migration's file. It may have been edited by hand, so each mistake is answered with the file, the line and what is wrong.
 *
 * jansson parses and says where the syntax breaks; for what is wrong behind that, the path of names and indexes that led to the
 * place is followed through the text once more, which is valid JSON by then, to count the lines. */
#include "operations.h"
#include <capo/buffer.h>
#include <ctype.h>
#include <jansson.h>
#include <string.h>

/* Where the reader is: a step down for each name or index. */
typedef struct Step { const char *key; size_t index; const struct Step *up; } Step;
typedef struct Reader { const char *app, *path, *text; } Reader;
enum { NESTED_OPERATIONS = 4 };

/* --- finding the line ---------------------------------------------------------------------------------------------------------------- */

static const char *skip_space(const char *c)
{
    return c + strspn(c, " \t\r\n");
}

/* Behind a value; strings hide their brackets. */
static const char *skip_value(const char *c)
{
    int depth = 0;
    do {
        if (*c == '"') {
            for (c++; *c && *c != '"'; c++)
                if (*c == '\\' && c[1])
                    c++;
        } else if (*c == '{' || *c == '[') {
            depth++;
        } else if (*c == '}' || *c == ']') {
            depth--;
        } else if (!depth) {
            return c + strcspn(c, ",]} \t\r\n");
        }
        c += *c != 0;
    } while (*c && depth);
    return c;
}

/* The member or item that the step names, NULL where the text has none: then the whole is meant. */
static const char *find_step(const char *c, const Step *step, const char **ret_key)
{
    bool object = *c == '{';
    c = skip_space(c + 1);
    for (size_t i = 0; *c && *c != '}' && *c != ']'; i++) {
        const char *key = c;
        bool found = i == step->index && !step->key;
        if (object) {
            const char *end = skip_value(c);
            found = step->key && (size_t)(end - c) == strlen(step->key) + 2 && strncmp(c + 1, step->key, strlen(step->key)) == 0;
            c = skip_space(skip_space(end) + 1);
        }
        if (found) {
            *ret_key = key;
            return c;
        }
        c = skip_space(skip_value(c));
        if (*c == ',')
            c = skip_space(c + 1);
    }
    return NULL;
}

static const char *find_place(const char *text, const Step *step, const char **ret_key)
{
    if (!step)
        return *ret_key = skip_space(text);
    const char *inside = find_place(text, step->up, ret_key);
    return inside && (*inside == '{' || *inside == '[') ? find_step(inside, step, ret_key) : NULL;
}

_Noreturn static void fail(const Reader *reader, const Step *step, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void fail(const Reader *reader, const Step *step, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *sentence = capo_vformat(format, args), *place = reader->text;
    va_end(args);
    find_place(reader->text, step, &place);
    int line = 1;
    for (const char *c = reader->text; c < place; c++)
        line += *c == '\n';
    capo_raise(ERROR_MIGRATION, "%s, line %d: %s", reader->path, line, sentence);
}

/* --- values --------------------------------------------------------------------------------------------------------------------------- */

static Value value_of(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_TRUE: case JSON_FALSE: return capo_value_bool(json_is_true(json));
    case JSON_INTEGER: return capo_value_int(json_integer_value(json));
    case JSON_REAL: return capo_value_real(json_real_value(json));
    case JSON_STRING: return capo_value_copy_n(json_string_value(json), json_string_length(json));
    case JSON_ARRAY: {
        List *list = capo_list_new();
        for (size_t i = 0; i < json_array_size(json); i++)
            capo_list_add(list, value_of(json_array_get(json, i)));
        return capo_value_list(list);
    }
    case JSON_OBJECT: {
        Map *map = capo_map_new();
        const char *key;
        json_t *member;
        json_object_foreach((json_t *)json, key, member)
            capo_map_set(map, capo_strdup(key), value_of(member));
        return capo_value_map(map);
    }
    default: return capo_value_null();
    }
}

static const char *text_of(const Reader *reader, const Step *at, const json_t *json, const char *what)
{
    if (!json_is_string(json) || !json_string_length(json))
        fail(reader, at, "%s must be a text.", what);
    return capo_strndup(json_string_value(json), json_string_length(json));
}

static bool is_name(const char *text)
{
    if (!isalpha((unsigned char)*text) && *text != '_')
        return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && *text != '_')
            return false;
    return true;
}

static const char *name_of(const Reader *reader, const Step *at, const json_t *json, const char *what)
{
    const char *name = text_of(reader, at, json, what);
    if (!is_name(name) || strlen(name) > 100)
        fail(reader, at, "%s \"%s\" is no name: letters, digits and \"_\" only, 100 at most.", what, name);
    return name;
}

static bool flag_of(const Reader *reader, const json_t *json, const char *name, bool normally)
{
    Step step = { .key = name };
    const json_t *member = json_object_get(json, name);
    if (member && !json_is_boolean(member))
        fail(reader, &step, "\"%s\" must be true or false.", name);
    return member ? json_is_true(member) : normally;
}

/* Refuses members that nobody knows. `names` ends with NULL. */
static void refuse_unknown(const Reader *reader, const Step *up, const json_t *json, const char *const *names, const char *what)
{
    size_t count = 0;
    const char *key;
    json_t *member;
    while (names[count])
        count++;
    json_object_foreach((json_t *)json, key, member) {
        bool known = false;
        for (size_t i = 0; i < count; i++)
            known |= strcmp(names[i], key) == 0;
        Step step = { .key = key, .up = up };
        if (!known)
            fail(reader, &step, "%s has no \"%s\".%s", what, key, capo_did_you_mean(key, names, count));
    }
}

/* --- fields and options ------------------------------------------------------------------------------------------------------------------ */

static FieldKind kind_of(const Reader *reader, const Step *up, const json_t *json)
{
    Step step = { .key = "kind", .up = up };
    if (!json_object_get(json, "kind"))
        fail(reader, up, "this field has no \"kind\": \"CharField\" or another of Django's field classes.");
    const char *name = text_of(reader, &step, json_object_get(json, "kind"), "\"kind\"");
    FieldKind kind = capo_field_kind(name);
    if (kind != FIELD_NONE)
        return kind;
    const char *names[FIELD_KINDS];
    size_t count = 0;
    for (int k = FIELD_NONE + 1; k < FIELD_META; k++)
        names[count++] = capo_field_kind_name((FieldKind)k);
    fail(reader, &step, "there is no field kind %s.%s", name, capo_did_you_mean(name, names, count));
}

static FieldState *field_of(const Reader *reader, const Step *up, const json_t *json, const char *name)
{
    if (!json_is_object(json))
        fail(reader, up, "a field must be an object: { \"kind\": \"CharField\", … }.");
    FieldKind kind = kind_of(reader, up, json);
    Map *options = capo_map_new();
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)json, key, member) {
        if (strcmp(key, "kind") == 0)
            continue;
        Step step = { .key = key, .up = up };
        Value value = value_of(member);
        const char *error = field_state_option_error(kind, key, value);
        bool names_model = strcmp(key, "to") == 0 || strcmp(key, "through") == 0;
        if (!error && names_model)
            error = swappable_error(value.text);
        if (error)
            fail(reader, &step, "\"%s\" %s", key, error);
        capo_map_set(options, capo_strdup(key), names_model ? capo_value_text(swappable_label(value.text)) : value);
    }
    if (capo_field_is_relation(kind) && !capo_map_get(options, "to"))
        fail(reader, up, "a %s needs \"to\": the model that it refers to, as \"app.Model\".", capo_field_kind_name(kind));
    if (capo_field_is_relation(kind) && kind != FIELD_MANY_TO_MANY && !capo_map_get(options, "on_delete"))
        fail(reader, up, "a %s needs \"on_delete\".", capo_field_kind_name(kind));
    if (kind == FIELD_DECIMAL && !capo_map_get(options, "max_digits"))
        fail(reader, up, "a DecimalField needs \"max_digits\" and \"decimal_places\".");
    return field_state_new(name, kind, options);
}

static Map *meta_of(const Reader *reader, const Step *up, const json_t *json, bool plain)
{
    Map *options = capo_map_new();
    const char *key;
    json_t *member;
    if (!json_is_object(json))
        fail(reader, up, "\"options\" must be an object.");
    json_object_foreach((json_t *)json, key, member) {
        Step step = { .key = key, .up = up };
        Value value = value_of(member);
        const char *error = model_state_option_error(key, value);
        if (!error && plain && !model_state_is_plain_option(key))
            error = "is not for AlterModelOptions: it changes the table and has an operation of its own.";
        if (error)
            fail(reader, &step, "\"%s\" %s", key, error);
        capo_map_set(options, capo_strdup(key), value);
    }
    return options;
}

static void read_fields(const Reader *reader, const Step *up, const json_t *json, Operation *op)
{
    const char *key;
    json_t *member;
    if (!json_is_object(json))
        fail(reader, up, "\"fields\" must be an object: each field's name, and what it is.");
    if (!json_object_size(json)) {          /* a proxy; of another model it is said that it has no key when it is made */
        op->fields = capo_alloc_array(1, sizeof *op->fields);
        return;
    }
    op->fields = capo_alloc_array(json_object_size(json) + 1, sizeof *op->fields);
    int keys = 0;
    json_object_foreach((json_t *)json, key, member) {
        Step step = { .key = key, .up = up };
        if (!is_name(key) || strlen(key) > 100)
            fail(reader, &step, "the field \"%s\" has no good name: letters, digits and \"_\" only, 100 at most.", key);
        FieldState *field = field_of(reader, &step, member, capo_strdup(key));
        keys += field_state_flag(field, "primary_key");
        op->fields[op->n_fields++] = field;
    }
    if (keys != 1)
        fail(reader, up, "one field must have \"primary_key\": true, and %s does.", keys ? "more than one" : "none");
}

static bool good_sql_list(Value list)
{
    for (size_t i = 0; i < list.list->count; i++) {
        Value item = list.list->items[i];
        bool pair = item.kind == VALUE_LIST && item.list->count == 2 && capo_is_text(item.list->items[0]) && item.list->items[1].kind == VALUE_LIST;
        if (!capo_is_text(item) && !pair)
            return false;
    }
    return true;
}

static Value sql_of(const Reader *reader, const Step *up, const json_t *json, const char *name)
{
    static const char *const backends[] = { "sqlite", "postgresql", "mysql", NULL };
    Value sql = value_of(json);
    bool good = capo_is_text(sql) || (sql.kind == VALUE_LIST && good_sql_list(sql));
    if (sql.kind == VALUE_MAP) {
        refuse_unknown(reader, up, json, backends, capo_format("\"%s\" by database", name));
        good = true;
        for (size_t i = 0; i < sql.map->count; i++) {
            Value each = sql.map->entries[i].value;
            good &= capo_is_text(each) || (each.kind == VALUE_LIST && good_sql_list(each));
        }
    }
    if (!good)
        fail(reader, up, "\"%s\" must be a text, a list of statements (each a text, or [text, [parameters]]), or an object of these by \"sqlite\", "
             "\"postgresql\", \"mysql\".", name);
    return sql;
}

/* --- operations ------------------------------------------------------------------------------------------------------------------------- */

static Operation **operations_of(const Reader *reader, const Step *up, const json_t *json, int depth, size_t *ret_count);

static void read_member(const Reader *reader, const Step *at, const json_t *json, const OperationMember *member, Operation *op, int depth)
{
    char *place = (char *)op + member->offset;
    const char *quoted = capo_format("\"%s\"", member->name);
    OptionType type = member->type == MEMBER_NAMES ? OPTION_NAMES : OPTION_NAME_LISTS;
    Value value;
    const char *error;
    switch (member->type) {
    case MEMBER_NAME: *(const char **)place = name_of(reader, at, json, quoted); break;
    case MEMBER_TEXT: *(const char **)place = text_of(reader, at, json, quoted); break;
    case MEMBER_FIELD: op->field = field_of(reader, at, json, op->name); break;
    case MEMBER_FIELDS: read_fields(reader, at, json, op); break;
    case MEMBER_META:
    case MEMBER_PLAIN_META: op->options = meta_of(reader, at, json, member->type == MEMBER_PLAIN_META); break;
    case MEMBER_CONSTRAINT:
    case MEMBER_INDEX:
    case MEMBER_NAMES:
    case MEMBER_NAME_LISTS:
    case MEMBER_ONE_OFF:
        value = value_of(json);
        if (member->type == MEMBER_CONSTRAINT || member->type == MEMBER_INDEX) {
            error = member->type == MEMBER_INDEX ? value.kind == VALUE_MAP ? meta_index_error(value) : "must be an object." : meta_constraint_error(value);
            if (error)
                fail(reader, at, "%s %s", quoted, error);
            op->options = value.map;
            break;
        }
        error = member->type == MEMBER_ONE_OFF ? option_type_error(OPTION_SCALAR, value) : option_type_error(type, value);
        if (!error && member->type == MEMBER_NAMES && !value.list->count)
            error = "must name a field at least.";
        if (error)
            fail(reader, at, "%s %s", quoted, error);
        if (member->type == MEMBER_ONE_OFF)
            op->one_off = value;
        else
            op->list = value.list;
        break;
    case MEMBER_FLAG:
        if (!json_is_boolean(json))
            fail(reader, at, "%s must be true or false.", quoted);
        *(bool *)place = json_is_true(json);
        break;
    case MEMBER_SQL: *(Value *)place = sql_of(reader, at, json, member->name); break;
    case MEMBER_OPERATIONS: *(Operation ***)place = operations_of(reader, at, json, depth + 1, NULL); break;
    }
}

/* Its name in the file, and its kind or, of the site's own, its row. */
static OperationKind operation_kind(const Reader *reader, const Step *up, const json_t *json, const char **ret_name, const MigrationOperation **ret_custom)
{
    enum { OWN = 64 };
    const char *names[OPERATION_KINDS + OWN], *key = json_is_object(json) ? json_object_iter_key(json_object_iter((json_t *)json)) : NULL;
    size_t count = 0;
    if (!key || json_object_size(json) != 1)
        fail(reader, up, "an operation must be an object with one member, as { \"AddField\": { … } }.");
    for (int kind = 1; kind < CUSTOM; kind++) {
        if (strcmp(operation_rows[kind].name, key) == 0) {
            *ret_name = operation_rows[kind].name;
            return (OperationKind)kind;
        }
        names[count++] = operation_rows[kind].name;
    }
    *ret_custom = custom_operation(reader->app, key);
    if (*ret_custom) {
        *ret_name = capo_strdup(key);
        return CUSTOM;
    }
    count += custom_operation_names(reader->app, names + count, OWN);
    Step step = { .key = key, .up = up };
    fail(reader, &step, "there is no operation %s.%s", key, capo_did_you_mean(key, names, count));
}

/* One of the site's own: its row says which members it has, or nothing of them. */
static Operation *custom_of(const Reader *reader, const Step *at, const json_t *body, Operation *op)
{
    const char *const *lists[] = { op->custom->required, op->custom->optional };
    const char *names[65] = { NULL };
    size_t count = 0;
    for (size_t l = 0; l < 2; l++)
        for (const char *const *name = lists[l]; name && *name && count < 64; name++)
            names[count++] = *name;
    if (lists[0] || lists[1])
        refuse_unknown(reader, at, body, names, op->name);
    for (const char *const *name = lists[0]; name && *name; name++)
        if (!json_object_get(body, *name))
            fail(reader, at, "%s lacks \"%s\".", op->name, *name);
    op->options = value_of(body).map;
    op->elidable = op->custom->elidable;
    const char *error = custom_error(op, reader->app);
    if (error)
        fail(reader, at, "%s %s", op->name, error);
    return operation_new(op);
}

static Operation *operation_of(const Reader *reader, const Step *up, const json_t *json, int depth)
{
    const char *name, *names[8];
    size_t count = 0;
    const MigrationOperation *custom = NULL;
    Operation op = { .kind = operation_kind(reader, up, json, &name, &custom) };
    Step step = { .key = name, .up = up };
    const json_t *body = json_object_get(json, name);
    if (!json_is_object(body))
        fail(reader, &step, "%s must be an object with its members.", name);
    op.custom = custom;
    if (custom) {
        op.name = name;
        return custom_of(reader, &step, body, &op);
    }
    const OperationMember *members = operation_rows[op.kind].members;
    for (const OperationMember *m = members; m->name; m++)
        names[count++] = m->name;
    names[count] = NULL;
    refuse_unknown(reader, &step, body, names, name);
    for (const OperationMember *m = members; m->name; m++) {
        const json_t *json_member = json_object_get(body, m->name);
        Step inside = { .key = m->name, .up = &step };
        if (json_member)
            read_member(reader, &inside, json_member, m, &op, depth);
        else if (m->required)
            fail(reader, &step, "%s lacks \"%s\".", name, m->name);
    }
    return operation_new(&op);
}

static Operation **operations_of(const Reader *reader, const Step *up, const json_t *json, int depth, size_t *ret_count)
{
    if (!json_is_array(json))
        fail(reader, up, "\"%s\" must be a list of operations.", up->key);
    if (depth > NESTED_OPERATIONS)
        fail(reader, up, "operations are nested more than %d deep.", NESTED_OPERATIONS);
    size_t count = json_array_size(json);
    Operation **operations = capo_alloc_array(count + 1, sizeof *operations);
    for (size_t i = 0; i < count; i++) {
        Step step = { .index = i, .up = up };
        operations[i] = operation_of(reader, &step, json_array_get(json, i), depth);
    }
    if (ret_count)
        *ret_count = count;
    return operations;
}

/* --- the file ------------------------------------------------------------------------------------------------------------------------------ */

static MigrationKey *keys_of(const Reader *reader, const json_t *json, const char *name)
{
    Step up = { .key = name };
    const json_t *list = json_object_get(json, name);
    if (list && !json_is_array(list))
        fail(reader, &up, "\"%s\" must be a list of [\"app\", \"migration\"].", name);
    MigrationKey *keys = capo_alloc_array(json_array_size(list) + 1, sizeof *keys);
    for (size_t i = 0; i < json_array_size(list); i++) {
        Step step = { .index = i, .up = &up };
        const json_t *pair = json_array_get(list, i);
        if (json_array_size(pair) != 2 || !json_is_string(json_array_get(pair, 0)) || !json_is_string(json_array_get(pair, 1)))
            fail(reader, &step, "each of \"%s\" must be [\"app\", \"migration\"].", name);
        const char *app = capo_strdup(json_string_value(json_array_get(pair, 0))), *label = swappable_label(app);
        if (label != app)
            app = capo_strndup(label, strcspn(label, "."));
        keys[i] = (MigrationKey){ app, capo_strdup(json_string_value(json_array_get(pair, 1))) };
    }
    return keys;
}

static void release(void *json)
{
    json_decref(json);
}

Migration *migration_parse(const char *app, const char *name, const char *path, const char *text, size_t size)
{
    static const char *const members[] = { "initial", "atomic", "dependencies", "run_before", "replaces", "operations", NULL };
    Reader reader = { app, path, text };
    json_error_t error;
    json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        capo_raise(ERROR_MIGRATION, "%s, line %d, column %d: this is not JSON: %s.", path, error.line, error.column, error.text);
    capo_defer(release, json);
    if (!json_is_object(json))
        fail(&reader, NULL, "a migration must be an object with \"dependencies\" and \"operations\".");
    refuse_unknown(&reader, NULL, json, members, "a migration");
    Migration *migration = capo_alloc_struct(Migration);
    *migration = (Migration){ .app = app, .name = name, .path = path,
        .initial = flag_of(&reader, json, "initial", false), .not_initial = !flag_of(&reader, json, "initial", true), .non_atomic = !flag_of(&reader, json, "atomic", true),
        .dependencies = keys_of(&reader, json, "dependencies"), .replaces = keys_of(&reader, json, "replaces"),
        .run_before = keys_of(&reader, json, "run_before") };
    Step step = { .key = "operations" };
    if (!json_object_get(json, "operations"))
        fail(&reader, NULL, "a migration needs \"operations\", a list that may be empty.");
    migration->operations = operations_of(&reader, &step, json_object_get(json, "operations"), 0, &migration->n_operations);
    return migration;
}

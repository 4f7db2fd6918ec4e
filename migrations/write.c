/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes a migration's file, laid out for reading and for diffs: a line for each field, each option and each small operation.
 *
 * What fits in a line is written in one, except for what people edit and compare: the migration itself, its list of operations, the body
 * of CreateModel, its fields and options. The text ends with a line end, and the same migration always gives the same text. */
#include "migration.h"
#include <capo/buffer.h>
#include <capo/web.h>
#include <sodium.h>
#include <string.h>

enum { LINE = 120, STEP = 2 };

static bool always_broken(const char *key)
{
    static const char *const keys[] = { "operations", "fields", "options", "CreateModel", "indexes", "constraints", "state_operations",
                                        "database_operations", NULL };
    for (const char *const *k = keys; key && *k; k++)
        if (strcmp(*k, key) == 0)
            return true;
    return false;
}

/* Whether something inside must stand on lines of its own. */
static bool has_broken(Value value)
{
    if (value.kind == VALUE_MAP)
        for (size_t i = 0; i < value.map->count; i++) {
            Value inner = value.map->entries[i].value;
            if ((always_broken(capo_to_text(value.map->entries[i].key)) && inner.kind == VALUE_MAP && inner.map->count) || has_broken(inner))
                return true;
        }
    for (size_t i = 0; value.kind == VALUE_LIST && i < value.list->count; i++)
        if (has_broken(value.list->items[i]))
            return true;
    return false;
}

/* In one line; objects with a space inside their braces. */
static void put_inline(Buffer *out, Value value)
{
    if (value.kind == VALUE_MAP && value.map->count) {
        for (size_t i = 0; i < value.map->count; i++) {
            capo_put(out, i ? ", " : "{ ");
            capo_json_put(out, value.map->entries[i].key, 0);
            capo_put(out, ": ");
            put_inline(out, value.map->entries[i].value);
        }
        capo_put(out, " }");
    } else if (value.kind == VALUE_LIST && value.list->count) {
        for (size_t i = 0; i < value.list->count; i++) {
            capo_put(out, i ? ", " : "[");
            put_inline(out, value.list->items[i]);
        }
        capo_put(out, "]");
    } else {
        capo_json_put(out, value, 0);
    }
}

static void put_layout(Buffer *out, Value value, int indent, size_t column, bool broken)
{
    bool map = value.kind == VALUE_MAP && value.map->count, list = value.kind == VALUE_LIST && value.list->count;
    Buffer line = { 0 };
    if ((!map && !list) || (!broken && !has_broken(value))) {
        put_inline(&line, value);
        if ((!map && !list) || column + capo_utf8_length(line.data, line.size) <= LINE) {
            capo_put_bytes(out, line.data, line.size);
            return;
        }
    }
    capo_put(out, map ? "{" : "[");
    size_t count = map ? value.map->count : value.list->count;
    for (size_t i = 0; i < count; i++) {
        const char *key = map ? capo_to_text(value.map->entries[i].key) : NULL;
        size_t before = out->size;
        capo_put_format(out, "%s\n%*s", i ? "," : "", indent + STEP, "");
        before += i ? 2 : 1;
        if (map) {
            capo_json_put(out, value.map->entries[i].key, 0);
            capo_put(out, ": ");
        }
        Value inner = map ? value.map->entries[i].value : value.list->items[i];
        put_layout(out, inner, indent + STEP, out->size - before, key && always_broken(key));
    }
    capo_put_format(out, "\n%*s%s", indent, "", map ? "}" : "]");
}

/* --- what is written ---------------------------------------------------------------------------------------------------------------------- */

static Value value_of_field(const FieldState *field)
{
    Map *map = capo_map_new();
    capo_map_set(map, "kind", VALUE(capo_field_kind_name(field->kind)));
    for (size_t i = 0; i < field->options->count; i++)
        capo_map_set_value(map, field->options->entries[i].key, field->options->entries[i].value);
    for (const char *const *model = LIST("to", "through"); *model; model++)
        if (capo_map_get(map, *model))
            capo_map_set(map, *model, swappable_written(field, *capo_map_get(map, *model)));
    return capo_value_map(map);
}

static Value value_of_operations(Operation *const *operations);

static Value value_of_member(const Operation *op, const OperationMember *member)
{
    const char *place = (const char *)op + member->offset;
    Map *fields = capo_map_new();
    switch (member->type) {
    case MEMBER_NAME: case MEMBER_TEXT: return capo_value_text(*(const char *const *)place);
    case MEMBER_FLAG: return *(const bool *)place ? capo_value_bool(true) : capo_value_null();
    case MEMBER_FIELD: return value_of_field(op->field);
    case MEMBER_FIELDS:
        for (size_t i = 0; i < op->n_fields; i++)
            capo_map_set(fields, op->fields[i]->name, value_of_field(op->fields[i]));
        return capo_value_map(fields);
    case MEMBER_META: return op->options && op->options->count ? capo_value_map(op->options) : capo_value_null();
    case MEMBER_PLAIN_META: return capo_value_map(op->options ? op->options : capo_map_new());
    case MEMBER_CONSTRAINT: case MEMBER_INDEX: return op->options ? capo_value_map(op->options) : capo_value_null();
    case MEMBER_NAMES: case MEMBER_NAME_LISTS: return op->list ? capo_value_list(op->list) : capo_value_null();
    case MEMBER_ONE_OFF: return state_plain_value(op->one_off);
    case MEMBER_SQL: return *(const Value *)place;
    case MEMBER_OPERATIONS: return *(Operation *const *const *)place ? value_of_operations(*(Operation *const *const *)place) : capo_value_null();
    }
    return capo_value_null();
}

static Value value_of_operations(Operation *const *operations)
{
    List *list = capo_list_new();
    for (; *operations; operations++) {
        Map *body = capo_map_new(), *outer = capo_map_new();
        if ((*operations)->kind == CUSTOM)
            body = (*operations)->options;
        for (const OperationMember *m = operation_rows[(*operations)->kind].members; m->name; m++) {
            Value value = value_of_member(*operations, m);
            if (value.kind != VALUE_NULL)
                capo_map_set(body, m->name, value);
        }
        capo_map_set(outer, operation_name(*operations), capo_value_map(body));
        capo_list_add(list, capo_value_map(outer));
    }
    return capo_value_list(list);
}

static Value value_of_keys(const MigrationKey *keys)
{
    List *list = capo_list_new();
    for (; keys && keys->app; keys++) {
        List *pair = capo_list_new();
        bool of_users = strcmp(keys->name, MIGRATION_FIRST) == 0 && capo_starts_with(swappable_label(AUTH_USER_CHOICE), capo_format("%s.", keys->app));
        capo_list_add(pair, VALUE(of_users ? AUTH_USER_CHOICE : keys->app));
        capo_list_add(pair, VALUE(keys->name));
        capo_list_add(list, capo_value_list(pair));
    }
    return capo_value_list(list);
}

char *operation_text(const Operation *operation)
{
    return capo_json_text(value_of_operations((Operation *const[]){ (Operation *)operation, NULL }), 0);
}

char *migration_text(const Migration *migration)
{
    Map *map = capo_map_new();
    if (migration->initial || migration->not_initial)
        capo_map_set(map, "initial", capo_value_bool(migration->initial));
    if (migration->non_atomic)
        capo_map_set(map, "atomic", capo_value_bool(false));
    if (migration->replaces && migration->replaces->app)
        capo_map_set(map, "replaces", value_of_keys(migration->replaces));
    capo_map_set(map, "dependencies", value_of_keys(migration->dependencies));
    if (migration->run_before && migration->run_before->app)
        capo_map_set(map, "run_before", value_of_keys(migration->run_before));
    Operation **operations = capo_alloc_array(migration->n_operations + 1, sizeof *operations);
    for (size_t i = 0; i < migration->n_operations; i++)
        operations[i] = migration->operations[i];
    capo_map_set(map, "operations", value_of_operations(operations));
    Buffer out = { 0 };
    put_layout(&out, capo_value_map(map), 0, 0, true);
    capo_put(&out, "\n");
    return capo_buffer_text(&out);
}

const char *migration_checksum(const Migration *migration)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char *hex = capo_alloc(2 * sizeof hash + 1);
    const char *text = migration_text(migration);
    crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
    return sodium_bin2hex(hex, 2 * sizeof hash + 1, hash, sizeof hash);
}

const char *migrations_folder(const App *app)
{
    const MigrationModule *module = capo_migration_module(app);
    return module ? module->folder : capo_format("%s/migrations", app->directory ? app->directory : app->name);
}

char *migration_path(const App *app, const char *name)
{
    return capo_format("%s/%s.json", migrations_folder(app), name);
}

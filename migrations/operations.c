/* SPDX-License-Identifier: BSD-3-Clause */
/* Every operation: its members in a file, its words, what it does to a state and to a database. The table at the foot has a row
 * each; database.c beside it has what needs more than one line of schema editing. */
#include "operations.h"
#include "database.h"
#include <capo/buffer.h>
#include <ctype.h>
#include <string.h>

Operation *operation_new(const Operation *operation)
{
    return capo_memdup(operation, sizeof *operation);
}

static char *names_text(const List *list)
{
    Buffer text = { 0 };
    for (size_t i = 0; i < list->count; i++)
        capo_put_format(&text, "%s%s", i ? ", " : "", capo_to_text(list->items[i]));
    return capo_buffer_text(&text);
}

/* --- states ------------------------------------------------------------------------------------------------------------------------ */

static ModelState *need_model(const Operation *op, const char *app, const ProjectState *state)
{
    ModelState *model = state_find(state, app, op->model);
    if (model)
        return model;
    const char **names = capo_alloc_array(state->count + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < state->count; i++)
        if (strcmp(state->models[i]->app, app) == 0)
            names[count++] = state->models[i]->name;
    capo_raise(ERROR_MIGRATION, "%s: %s has no model %s at this point.%s", operation_rows[op->kind].name, app, op->model,
               capo_did_you_mean(op->model, names, count));
}

/* A copy of the model, in the state already, to be edited. */
ModelState *operation_edit_model(const Operation *op, const char *app, ProjectState *state)
{
    ModelState *old = need_model(op, app, state), *copy = model_state_clone(old);
    state_replace(state, old, copy);
    return copy;
}

static FieldState *need_field(const Operation *op, const ModelState *model, const char *name)
{
    FieldState *field = model_state_field(model, name);
    if (field)
        return field;
    const char **names = capo_alloc_array(model->n_fields + 1, sizeof *names);
    for (size_t i = 0; i < model->n_fields; i++)
        names[i] = model->fields[i]->name;
    capo_raise(ERROR_MIGRATION, "%s: %s.%s has no field %s at this point.%s", operation_rows[op->kind].name, model->app, model->name, name,
               capo_did_you_mean(name, names, model->n_fields));
}

static void refuse_field(const Operation *op, const ModelState *model, const char *name)
{
    if (model_state_field(model, name))
        capo_raise(ERROR_MIGRATION, "%s: %s.%s has a field %s already.", operation_rows[op->kind].name, model->app, model->name, name);
}

static void create_model_state(const Operation *op, const char *app, ProjectState *state)
{
    if (state_find(state, app, op->model))
        capo_raise(ERROR_MIGRATION, "CreateModel: %s has a model %s already.", app, op->model);
    state_put(state, model_state_new(app, op->model, op->fields, op->n_fields, op->options));
}

static void delete_model_state(const Operation *op, const char *app, ProjectState *state)
{
    const ModelState *gone = need_model(op, app, state);
    const char *label = model_state_label(gone);
    for (size_t i = 0; i < state->count; i++)
        for (size_t f = 0; f < state->models[i]->n_fields; f++) {
            const FieldState *field = state->models[i]->fields[f];
            const char *to = field_state_text(field, "to");
            if (state->models[i] != gone && to && same_name(state_label(state->models[i]->app, to), label))
                capo_raise(ERROR_MIGRATION, "DeleteModel: %s is still referred to by %s.%s. Remove that field first.", label,
                           model_state_label(state->models[i]), field->name);
        }
    state_remove(state, app, op->model);
}

static FieldState *relabelled(const char *app, FieldState *field, const char *option, const char *old_label, const char *new_label)
{
    const char *text = field_state_text(field, option);
    return text && same_name(state_label(app, text), old_label) ? field_state_with(field, option, capo_value_text(new_label)) : field;
}

static void rename_model_state(const Operation *op, const char *app, ProjectState *state)
{
    ModelState *model = operation_edit_model(op, app, state);
    const char *old_label = model_state_label(model), *new_label = capo_format("%s.%s", app, op->new_name);
    if (state_find(state, app, op->new_name) && !same_name(op->model, op->new_name))
        capo_raise(ERROR_MIGRATION, "RenameModel: %s has a model %s already.", app, op->new_name);
    model->name = op->new_name;
    for (size_t i = 0; i < state->count; i++) {
        ModelState *copy = model_state_clone(state->models[i]);
        for (size_t f = 0; f < copy->n_fields; f++)
            copy->fields[f] = relabelled(copy->app, relabelled(copy->app, copy->fields[f], "to", old_label, new_label), "through", old_label, new_label);
        if (model_state_base(copy) && same_name(model_state_base(copy), old_label))
            operation_set_option(copy, "bases", capo_value_strings(LIST(new_label)));
        state_replace(state, state->models[i], copy);
    }
}

void operation_set_option(ModelState *model, const char *name, Value value)
{
    Map *options = map_copy(model->options);
    capo_map_set(options, name, value);
    model->options = model_state_new(model->app, model->name, NULL, 0, options)->options;
}

static void alter_table_state(const Operation *op, const char *app, ProjectState *state)
{
    operation_set_option(operation_edit_model(op, app, state), "db_table", capo_value_text(op->table));
}

static void alter_options_state(const Operation *op, const char *app, ProjectState *state)
{
    ModelState *model = operation_edit_model(op, app, state);
    for (const char *const *name = model_state_plain_options; *name; name++) {
        Value *value = capo_map_get(op->options, *name);
        operation_set_option(model, *name, value ? *value : capo_value_null());
    }
}

static void unique_together_state(const Operation *op, const char *app, ProjectState *state)
{
    ModelState *model = operation_edit_model(op, app, state);
    for (size_t i = 0; i < op->list->count; i++)
        for (size_t f = 0; f < op->list->items[i].list->count; f++)
            need_field(op, model, capo_to_text(op->list->items[i].list->items[f]));
    operation_set_option(model, "unique_together", capo_value_list(op->list));
}

static void add_field_state(const Operation *op, const char *app, ProjectState *state)
{
    ModelState *model = operation_edit_model(op, app, state);
    refuse_field(op, model, op->name);
    model_state_put_field(model, op->field);
}

static void remove_field_state(const Operation *op, const char *app, ProjectState *state)
{
    ModelState *model = operation_edit_model(op, app, state);
    need_field(op, model, op->name);
    model_state_remove_field(model, op->name);
}

static void alter_field_state(const Operation *op, const char *app, ProjectState *state)
{
    ModelState *model = operation_edit_model(op, app, state);
    need_field(op, model, op->name);
    model_state_put_field(model, op->field);
}

/* The list with one field's name replaced, also behind "-". */
static Value renamed_in_list(Value list, const char *old_name, const char *new_name)
{
    List *copy = capo_list_new();
    for (size_t i = 0; i < list.list->count; i++) {
        Value item = list.list->items[i];
        const char *text = capo_is_text(item) ? item.text : "";
        bool minus = text[0] == '-';
        if (item.kind == VALUE_LIST)
            item = renamed_in_list(item, old_name, new_name);
        else if (strcmp(text + minus, old_name) == 0)
            item = capo_value_text(capo_format("%s%s", minus ? "-" : "", new_name));
        capo_list_add(copy, item);
    }
    return capo_value_list(copy);
}

/* Each of the model's indexes or constraints, with the field's name replaced. */
static void rename_in_map(ModelState *model, const char *option, Value (*renamed)(Value, const char *, const char *), const Operation *op)
{
    Value *value = capo_map_get(model->options, option);
    Map *copy = value ? map_copy(value->map) : NULL;
    for (size_t i = 0; copy && i < copy->count; i++)
        copy->entries[i].value = renamed(copy->entries[i].value, op->name, op->new_name);
    if (copy)
        operation_set_option(model, option, capo_value_map(copy));
}

static void rename_field_state(const Operation *op, const char *app, ProjectState *state)
{
    static const char *const lists[] = { "unique_together", "ordering", NULL };
    ModelState *model = operation_edit_model(op, app, state);
    const char *label = model_state_label(model);
    need_field(op, model, op->name);
    refuse_field(op, model, op->new_name);
    for (size_t i = 0; i < model->n_fields; i++) {
        if (strcmp(model->fields[i]->name, op->name) == 0)
            model->fields[i] = field_state_named(model->fields[i], op->new_name);
        Value *key = capo_map_get(model->fields[i]->options, "fields");
        if (key)
            model->fields[i] = field_state_with(model->fields[i], "fields", renamed_in_list(*key, op->name, op->new_name));
        for (const char *const *name = (const char *const[]){ "unique_for_date", "unique_for_month", "unique_for_year", NULL }; *name; name++) {
            const char *date = field_state_text(model->fields[i], *name);
            if (date && strcmp(date, op->name) == 0)
                model->fields[i] = field_state_with(model->fields[i], *name, capo_value_text(op->new_name));
        }
    }
    for (const char *const *name = lists; *name; name++) {
        Value *value = capo_map_get(model->options, *name);
        if (value)
            operation_set_option(model, *name, renamed_in_list(*value, op->name, op->new_name));
    }
    rename_in_map(model, "indexes", meta_index_renamed, op);
    rename_in_map(model, "constraints", meta_constraint_renamed, op);
    Value *respect = capo_map_get(model->options, "order_with_respect_to");
    if (respect && strcmp(respect->text, op->name) == 0)
        operation_set_option(model, "order_with_respect_to", capo_value_text(op->new_name));
    Value *latest = capo_map_get(model->options, "get_latest_by");
    if (latest && strcmp(latest->text, op->name) == 0)
        operation_set_option(model, "get_latest_by", capo_value_text(op->new_name));
    for (size_t i = 0; i < state->count; i++) {
        ModelState *other = model_state_clone(state->models[i]);
        for (size_t f = 0; f < other->n_fields; f++) {
            FieldState *field = other->fields[f];
            const char *to = field_state_text(field, "to"), *to_field = field_state_text(field, "to_field");
            const char *through = field_state_text(field, "through");
            Value *pair = capo_map_get(field->options, "through_fields");
            if (to && to_field && same_name(state_label(other->app, to), label) && strcmp(to_field, op->name) == 0)
                other->fields[f] = field_state_with(field, "to_field", capo_value_text(op->new_name));
            if (through && pair && same_name(state_label(other->app, through), label))
                other->fields[f] = field_state_with(field, "through_fields", renamed_in_list(*pair, op->name, op->new_name));
        }
        state_replace(state, state->models[i], other);
    }
}

/* An edited copy of the map of indexes or constraints. */
static Map *option_map(const ModelState *model, const char *option)
{
    Value *value = capo_map_get(model->options, option);
    return value ? map_copy(value->map) : capo_map_new();
}

void operation_need_named(const Operation *op, const ModelState *model, const Map *map, const char *what)
{
    const char **names = capo_alloc_array(map->count + 1, sizeof *names);
    for (size_t i = 0; i < map->count; i++)
        names[i] = capo_to_text(map->entries[i].key);
    if (!capo_map_get(map, op->name))
        capo_raise(ERROR_MIGRATION, "%s: %s.%s has no %s called %s at this point.%s", operation_rows[op->kind].name, model->app, model->name, what,
                   op->name, capo_did_you_mean(op->name, names, map->count));
}

static void add_index_state(const Operation *op, const char *app, ProjectState *state)
{
    ModelState *model = operation_edit_model(op, app, state);
    Map *indexes = option_map(model, "indexes");
    if (capo_map_get(indexes, op->name))
        capo_raise(ERROR_MIGRATION, "AddIndex: %s.%s has an index %s already.", app, model->name, op->name);
    if (!op->list == !op->options)
        capo_raise(ERROR_MIGRATION, "AddIndex: %s of %s.%s needs either \"fields\" or \"index\".", op->name, app, model->name);
    Value *named = op->options ? capo_map_get(op->options, "fields") : NULL;
    const List *fields = op->list ? op->list : named ? named->list : capo_list_new();
    for (size_t i = 0; i < fields->count; i++) {
        const char *name = capo_to_text(fields->items[i]);
        need_field(op, model, name + (name[0] == '-'));
    }
    capo_map_set(indexes, op->name, op->options ? capo_value_map(op->options) : capo_value_list(op->list));
    operation_set_option(model, "indexes", capo_value_map(indexes));
}

static void remove_index_state(const Operation *op, const char *app, ProjectState *state)
{
    ModelState *model = operation_edit_model(op, app, state);
    Map *indexes = option_map(model, "indexes");
    operation_need_named(op, model, indexes, "index");
    capo_map_remove(indexes, op->name);
    operation_set_option(model, "indexes", capo_value_map(indexes));
}

static void rename_index_state(const Operation *op, const char *app, ProjectState *state)
{
    ModelState *model = operation_edit_model(op, app, state);
    Map *indexes = option_map(model, "indexes"), *renamed = capo_map_new();
    operation_need_named(op, model, indexes, "index");
    for (size_t i = 0; i < indexes->count; i++) {
        bool it = strcmp(capo_to_text(indexes->entries[i].key), op->name) == 0;
        capo_map_set(renamed, it ? op->new_name : capo_to_text(indexes->entries[i].key), indexes->entries[i].value);
    }
    operation_set_option(model, "indexes", capo_value_map(renamed));
}

static void add_constraint_state(const Operation *op, const char *app, ProjectState *state)
{
    ModelState *model = operation_edit_model(op, app, state);
    Map *constraints = option_map(model, "constraints");
    Value *unique = capo_map_get(op->options, "unique");
    if (capo_map_get(constraints, op->name))
        capo_raise(ERROR_MIGRATION, "AddConstraint: %s.%s has a constraint %s already.", app, model->name, op->name);
    for (size_t i = 0; unique && i < unique->list->count; i++)
        need_field(op, model, capo_to_text(unique->list->items[i]));
    capo_map_set(constraints, op->name, capo_value_map(op->options));
    operation_set_option(model, "constraints", capo_value_map(constraints));
}

static void remove_constraint_state(const Operation *op, const char *app, ProjectState *state)
{
    ModelState *model = operation_edit_model(op, app, state);
    Map *constraints = option_map(model, "constraints");
    operation_need_named(op, model, constraints, "constraint");
    capo_map_remove(constraints, op->name);
    operation_set_option(model, "constraints", capo_value_map(constraints));
}

static void nested_state(const Operation *op, const char *app, ProjectState *state)
{
    for (Operation **inner = op->state_operations; inner && *inner; inner++)
        operation_rows[(*inner)->kind].change_state(*inner, app, state);
}

static void no_state(const Operation *op, const char *app, ProjectState *state)
{
    (void)op; (void)app; (void)state;
}

ProjectState *operation_state(const Operation *operation, const char *app, const ProjectState *state)
{
    ProjectState *copy = state_clone(state);
    operation_rows[operation->kind].change_state(operation, app, copy);
    return copy;
}

/* --- words (Django's) ---------------------------------------------------------------------------------------------------------------- */

static const char *describe_create_model(const Operation *op) { return capo_format("Create model %s", op->model); }
static const char *describe_delete_model(const Operation *op) { return capo_format("Delete model %s", op->model); }
static const char *describe_rename_model(const Operation *op) { return capo_format("Rename model %s to %s", op->model, op->new_name); }
static const char *describe_table(const Operation *op)
{
    return capo_format("Rename table for %s to %s", capo_lower(op->model), op->table ? op->table : "(default)");
}
static const char *describe_options(const Operation *op) { return capo_format("Change Meta options on %s", capo_lower(op->model)); }
static const char *describe_together(const Operation *op)
{
    return capo_format("Alter unique_together for %s (%zu constraint(s))", capo_lower(op->model), op->list->count);
}
static const char *describe_add_field(const Operation *op) { return capo_format("Add field %s to %s", op->name, capo_lower(op->model)); }
static const char *describe_remove_field(const Operation *op) { return capo_format("Remove field %s from %s", op->name, capo_lower(op->model)); }
static const char *describe_alter_field(const Operation *op) { return capo_format("Alter field %s on %s", op->name, capo_lower(op->model)); }
static const char *describe_rename_field(const Operation *op)
{
    return capo_format("Rename field %s on %s to %s", op->name, capo_lower(op->model), op->new_name);
}
static const char *describe_add_index(const Operation *op)
{
    Value *fields = op->options ? capo_map_get(op->options, "fields") : NULL;
    const List *list = op->list ? op->list : fields ? fields->list : NULL;
    return list ? capo_format("Create index %s on field(s) %s of model %s", op->name, names_text(list), capo_lower(op->model))
                : capo_format("Create index %s on expressions of model %s", op->name, capo_lower(op->model));
}
static const char *describe_remove_index(const Operation *op) { return capo_format("Remove index %s from %s", op->name, capo_lower(op->model)); }
static const char *describe_rename_index(const Operation *op)
{
    return capo_format("Rename index %s on %s to %s", op->name, capo_lower(op->model), op->new_name);
}
static const char *describe_add_constraint(const Operation *op)
{
    return capo_format("Create constraint %s on model %s", op->name, capo_lower(op->model));
}
static const char *describe_remove_constraint(const Operation *op)
{
    return capo_format("Remove constraint %s from model %s", op->name, capo_lower(op->model));
}
static const char *describe_sql(const Operation *op) { (void)op; return "Raw SQL operation"; }
static const char *describe_function(const Operation *op) { return capo_format("Run function %s", op->name); }
static const char *describe_separate(const Operation *op) { (void)op; return "Custom state/database change combination"; }

static const char *fragment_create_model(const Operation *op) { return capo_lower(op->model); }
static const char *fragment_delete_model(const Operation *op) { return capo_format("delete_%s", capo_lower(op->model)); }
static const char *fragment_rename_model(const Operation *op) { return capo_format("rename_%s_%s", capo_lower(op->model), capo_lower(op->new_name)); }
static const char *fragment_table(const Operation *op) { return capo_format("alter_%s_table", capo_lower(op->model)); }
static const char *fragment_options(const Operation *op) { return capo_format("alter_%s_options", capo_lower(op->model)); }
static const char *fragment_together(const Operation *op) { return capo_format("alter_%s_unique_together", capo_lower(op->model)); }
static const char *fragment_add(const Operation *op) { return capo_format("%s_%s", capo_lower(op->model), capo_lower(op->name)); }
static const char *fragment_remove(const Operation *op) { return capo_format("remove_%s_%s", capo_lower(op->model), capo_lower(op->name)); }
static const char *fragment_alter(const Operation *op) { return capo_format("alter_%s_%s", capo_lower(op->model), capo_lower(op->name)); }
static const char *fragment_rename_field(const Operation *op)
{
    return capo_format("rename_%s_%s_%s", capo_lower(op->name), capo_lower(op->model), capo_lower(op->new_name));
}
static const char *fragment_rename_index(const Operation *op) { return capo_format("rename_%s_%s", capo_lower(op->name), capo_lower(op->new_name)); }

const char *operation_name(const Operation *operation)
{
    return operation->kind == CUSTOM ? operation->name : operation_rows[operation->kind].name;
}

char operation_symbol(const Operation *operation)
{
    return operation->custom && operation->custom->symbol ? operation->custom->symbol : operation_rows[operation->kind].symbol;
}

const char *operation_describe(const Operation *operation)
{
    return operation_rows[operation->kind].describe(operation);
}

/* Only letters, digits and "_", as it becomes a file's name. */
const char *operation_fragment(const Operation *operation)
{
    const OperationRow *row = &operation_rows[operation->kind];
    if (!row->fragment)
        return NULL;
    const char *made = row->fragment(operation);
    if (!made)
        return NULL;
    char *text = capo_strdup(made), *end = text;
    for (char *c = text; *c; c++) {
        bool word = isalnum((unsigned char)*c) || *c == '_' || (unsigned char)*c >= 0x80;
        if (word || end == text || end[-1] != '_')
            *end++ = word ? *c : '_';
    }
    *end = 0;
    return text;
}

bool operation_is_about(const Operation *operation, const char *model)
{
    return operation->model && same_name(operation->model, model);
}

bool operation_reversible(const Operation *operation, const char *app)
{
    if (operation->kind == RUN_SQL)
        return operation->backwards.kind != VALUE_NULL;
    if (operation->kind == RUN_FUNCTION)
        return migration_function(app, operation->name)->backwards != NULL;
    if (operation->kind == CUSTOM)
        return custom_reversible(operation, app);
    for (Operation **inner = operation->database_operations; inner && *inner; inner++)
        if (!operation_reversible(*inner, app))
            return false;
    return true;
}

/* --- the table ------------------------------------------------------------------------------------------------------------------------ */

#define MEMBER(name_, type_, member, required_) { .name = (name_), .type = MEMBER_##type_, .offset = offsetof(Operation, member), .required = (required_) }
#define MEMBERS(...) ((const OperationMember[]){ __VA_ARGS__, { 0 } })
#define OF_MODEL MEMBER("model", NAME, model, true)
#define NAMED MEMBER("name", NAME, name, true)
#define COLLATION MEMBER("name", TEXT, name, true), MEMBER("locale", TEXT, locale, true), MEMBER("provider", TEXT, provider, false), \
                  MEMBER("not_deterministic", FLAG, not_deterministic, false)

const OperationRow operation_rows[OPERATION_KINDS] = {
    [CREATE_MODEL] = { "CreateModel", '+', MEMBERS(MEMBER("name", NAME, model, true), MEMBER("fields", FIELDS, fields, true), MEMBER("options", META, options, false)),
                       describe_create_model, fragment_create_model, create_model_state, database_create_model },
    [DELETE_MODEL] = { "DeleteModel", '-', MEMBERS(MEMBER("name", NAME, model, true)),
                       describe_delete_model, fragment_delete_model, delete_model_state, database_delete_model },
    [RENAME_MODEL] = { "RenameModel", '~', MEMBERS(MEMBER("old_name", NAME, model, true), MEMBER("new_name", NAME, new_name, true)),
                       describe_rename_model, fragment_rename_model, rename_model_state, database_rename_model },
    [ALTER_MODEL_TABLE] = { "AlterModelTable", '~', MEMBERS(OF_MODEL, MEMBER("table", TEXT, table, false)),
                            describe_table, fragment_table, alter_table_state, database_alter_table },
    [ALTER_MODEL_OPTIONS] = { "AlterModelOptions", '~', MEMBERS(OF_MODEL, MEMBER("options", PLAIN_META, options, true)),
                              describe_options, fragment_options, alter_options_state, database_nothing },
    [ALTER_UNIQUE_TOGETHER] = { "AlterUniqueTogether", '~', MEMBERS(OF_MODEL, MEMBER("unique_together", NAME_LISTS, list, true)),
                                describe_together, fragment_together, unique_together_state, database_alter_meta },
    [ADD_FIELD] = { "AddField", '+', MEMBERS(OF_MODEL, NAMED, MEMBER("field", FIELD, field, true), MEMBER("one_off_default", ONE_OFF, one_off, false)),
                    describe_add_field, fragment_add, add_field_state, database_add_field },
    [REMOVE_FIELD] = { "RemoveField", '-', MEMBERS(OF_MODEL, NAMED), describe_remove_field, fragment_remove, remove_field_state, database_remove_field },
    [ALTER_FIELD] = { "AlterField", '~', MEMBERS(OF_MODEL, NAMED, MEMBER("field", FIELD, field, true), MEMBER("one_off_default", ONE_OFF, one_off, false)),
                      describe_alter_field, fragment_alter, alter_field_state, database_alter_field },
    [RENAME_FIELD] = { "RenameField", '~', MEMBERS(OF_MODEL, MEMBER("old_name", NAME, name, true), MEMBER("new_name", NAME, new_name, true)),
                       describe_rename_field, fragment_rename_field, rename_field_state, database_rename_field },
    [ADD_INDEX] = { "AddIndex", '+', MEMBERS(OF_MODEL, MEMBER("name", TEXT, name, true), MEMBER("fields", NAMES, list, false), MEMBER("index", INDEX, options, false)),
                    describe_add_index, fragment_add, add_index_state, database_alter_meta },
    [REMOVE_INDEX] = { "RemoveIndex", '-', MEMBERS(OF_MODEL, MEMBER("name", TEXT, name, true)),
                       describe_remove_index, fragment_remove, remove_index_state, database_alter_meta },
    [RENAME_INDEX] = { "RenameIndex", '~', MEMBERS(OF_MODEL, MEMBER("old_name", TEXT, name, true), MEMBER("new_name", TEXT, new_name, true)),
                       describe_rename_index, fragment_rename_index, rename_index_state, database_alter_meta },
    [ADD_CONSTRAINT] = { "AddConstraint", '+', MEMBERS(OF_MODEL, MEMBER("name", TEXT, name, true), MEMBER("constraint", CONSTRAINT, options, true)),
                         describe_add_constraint, fragment_add, add_constraint_state, database_alter_meta },
    [REMOVE_CONSTRAINT] = { "RemoveConstraint", '-', MEMBERS(OF_MODEL, MEMBER("name", TEXT, name, true)),
                            describe_remove_constraint, fragment_remove, remove_constraint_state, database_alter_meta },
    [RUN_SQL] = { "RunSQL", 's', MEMBERS(MEMBER("forwards", SQL, forwards, true), MEMBER("backwards", SQL, backwards, false),
                                         MEMBER("state_operations", OPERATIONS, state_operations, false), MEMBER("elidable", FLAG, elidable, false)),
                  describe_sql, NULL, nested_state, database_sql },
    [RUN_FUNCTION] = { "RunFunction", 'f', MEMBERS(MEMBER("function", TEXT, name, true), MEMBER("elidable", FLAG, elidable, false)),
                       describe_function, NULL, no_state, database_function },
    [SEPARATE_DATABASE_AND_STATE] = { "SeparateDatabaseAndState", '?', MEMBERS(MEMBER("database_operations", OPERATIONS, database_operations, false),
                                                                               MEMBER("state_operations", OPERATIONS, state_operations, false)),
                                      describe_separate, NULL, nested_state, database_separate },
    [ALTER_ORDER_WITH_RESPECT_TO] = { "AlterOrderWithRespectTo", '~', MEMBERS(OF_MODEL, MEMBER("order_with_respect_to", TEXT, name, false)),
                                      describe_order, fragment_order, order_state, database_alter_order },
    [ALTER_MODEL_TABLE_COMMENT] = { "AlterModelTableComment", '~', MEMBERS(OF_MODEL, MEMBER("comment", TEXT, comment, false)),
                                    describe_table_comment, fragment_table_comment, table_comment_state, database_table_comment },
    [ALTER_CONSTRAINT] = { "AlterConstraint", '~', MEMBERS(OF_MODEL, MEMBER("name", TEXT, name, true), MEMBER("constraint", CONSTRAINT, options, true)),
                           describe_alter_constraint, fragment_alter, alter_constraint_state, database_nothing },
    [ADD_INDEX_CONCURRENTLY] = { "AddIndexConcurrently", '+', MEMBERS(OF_MODEL, MEMBER("name", TEXT, name, true), MEMBER("fields", NAMES, list, false),
                                                                      MEMBER("index", INDEX, options, false)),
                                 describe_add_concurrently, fragment_add, add_index_state, database_add_index_concurrently },
    [REMOVE_INDEX_CONCURRENTLY] = { "RemoveIndexConcurrently", '-', MEMBERS(OF_MODEL, MEMBER("name", TEXT, name, true)),
                                    describe_remove_concurrently, fragment_remove, remove_index_state, database_remove_index_concurrently },
    [ADD_CONSTRAINT_NOT_VALID] = { "AddConstraintNotValid", '+', MEMBERS(OF_MODEL, MEMBER("name", TEXT, name, true), MEMBER("constraint", CONSTRAINT, options, true)),
                                   describe_not_valid, fragment_add, add_constraint_state, database_add_not_valid },
    [VALIDATE_CONSTRAINT] = { "ValidateConstraint", '~', MEMBERS(OF_MODEL, MEMBER("name", TEXT, name, true)),
                              describe_validate, fragment_validate, validate_state, database_validate },
    [CREATE_EXTENSION] = { "CreateExtension", '+', MEMBERS(MEMBER("name", TEXT, name, true)), describe_extension, fragment_extension, no_state, database_create_extension },
    [CREATE_COLLATION] = { "CreateCollation", '+', MEMBERS(COLLATION), describe_create_collation, fragment_create_collation, no_state, database_create_collation },
    [CUSTOM] = { "", '?', (const OperationMember[]){ { 0 } }, describe_custom, fragment_custom, custom_state, database_custom },
    [REMOVE_COLLATION] = { "RemoveCollation", '-', MEMBERS(COLLATION), describe_remove_collation, fragment_remove_collation, no_state, database_remove_collation },
};

/* SPDX-License-Identifier: BSD-3-Clause */
/* Operations beside the everyday ones: comments, constraints that change in words alone, and PostgreSQL's: indexes without a lock,
 * constraints in two steps, extensions, collations. On a database that has no such thing they do what it can: a plain index, a plain
 * constraint, nothing. operations.c has their rows. */
#include "operations.h"
#include "database.h"
#include <string.h>

/* --- states --- */

void table_comment_state(const Operation *op, const char *app, ProjectState *state)
{
    operation_set_option(operation_edit_model(op, app, state), "db_table_comment", op->comment ? capo_value_text(op->comment) : capo_value_null());
}

void order_state(const Operation *op, const char *app, ProjectState *state)
{
    ModelState *model = operation_edit_model(op, app, state);
    if (op->name && !model_state_field(model, op->name))
        capo_raise(ERROR_MIGRATION, "AlterOrderWithRespectTo: %s.%s has no field %s at this point.", app, model->name, op->name);
    operation_set_option(model, "order_with_respect_to", capo_value_text(op->name));
}

void alter_constraint_state(const Operation *op, const char *app, ProjectState *state)
{
    ModelState *model = operation_edit_model(op, app, state);
    Value *value = capo_map_get(model->options, "constraints");
    Map *constraints = value ? map_copy(value->map) : capo_map_new();
    operation_need_named(op, model, constraints, "constraint");
    capo_map_set(constraints, op->name, capo_value_map(op->options));
    operation_set_option(model, "constraints", capo_value_map(constraints));
}

void validate_state(const Operation *op, const char *app, ProjectState *state)
{
    const ModelState *model = operation_edit_model(op, app, state);
    Value *value = capo_map_get(model->options, "constraints");
    operation_need_named(op, model, value ? value->map : capo_map_new(), "constraint");
}

/* --- databases --- */

static Model *managed(const char *app, ProjectState *state, const Operation *op)
{
    Model *model = state_model(state, app, op->model);
    return model->managed ? model : NULL;
}

DATABASE_CHANGE(database_table_comment)
{
    Model *model = managed(app, after, op);
    (void)before; (void)backwards;
    if (model)
        capo_schema_alter_table_comment(editor, model);
}

static void change_index(const Operation *op, const char *app, SchemaEditor *editor, ProjectState *before, ProjectState *after, bool adds)
{
    Model *model = managed(app, adds ? after : before, op);
    if (model)
        (adds ? capo_schema_add_index_concurrently : capo_schema_remove_index_concurrently)(editor, model, op->name);
}

DATABASE_CHANGE(database_add_index_concurrently) { change_index(op, app, editor, before, after, !backwards); }
DATABASE_CHANGE(database_remove_index_concurrently) { change_index(op, app, editor, before, after, backwards); }

DATABASE_CHANGE(database_add_not_valid)
{
    Model *model = managed(app, after, op);
    if (backwards)
        database_alter_meta(op, app, editor, before, after, backwards);
    else if (model)
        capo_schema_add_constraint_not_valid(editor, state_model(before, app, op->model), model, op->name);
}

DATABASE_CHANGE(database_validate)
{
    Model *model = managed(app, after, op);
    (void)before;
    if (model && !backwards)
        capo_schema_validate_constraint(editor, model, op->name);
}

DATABASE_CHANGE(database_create_extension)
{
    (void)app; (void)before; (void)after;
    capo_schema_extension(editor, op->name, !backwards);
}

static void change_collation(const Operation *op, SchemaEditor *editor, bool creates)
{
    capo_schema_collation(editor, op->name, creates ? op->locale ? op->locale : "" : NULL, op->provider, op->not_deterministic);
}

DATABASE_CHANGE(database_create_collation)
{
    (void)app; (void)before; (void)after;
    change_collation(op, editor, !backwards);
}

DATABASE_CHANGE(database_remove_collation)
{
    (void)app; (void)before; (void)after;
    change_collation(op, editor, backwards);
}

/* --- words --- */

const char *describe_table_comment(const Operation *op) { return capo_format("Alter %s table comment", capo_lower(op->model)); }
const char *describe_alter_constraint(const Operation *op) { return capo_format("Alter constraint %s on %s", op->name, capo_lower(op->model)); }
const char *describe_add_concurrently(const Operation *op) { return capo_format("Concurrently create index %s of model %s", op->name, capo_lower(op->model)); }
const char *describe_remove_concurrently(const Operation *op) { return capo_format("Concurrently remove index %s from %s", op->name, capo_lower(op->model)); }
const char *describe_not_valid(const Operation *op)
{
    return capo_format("Create not valid constraint %s on model %s", op->name, capo_lower(op->model));
}
const char *describe_validate(const Operation *op) { return capo_format("Validate constraint %s on model %s", op->name, capo_lower(op->model)); }
const char *describe_order(const Operation *op)
{
    return capo_format("Set order_with_respect_to on %s to %s", capo_lower(op->model), op->name ? op->name : "nothing");
}
const char *describe_extension(const Operation *op) { return capo_format("Creates extension %s", op->name); }
const char *describe_create_collation(const Operation *op) { return capo_format("Create collation %s", op->name); }
const char *describe_remove_collation(const Operation *op) { return capo_format("Remove collation %s", op->name); }

const char *fragment_table_comment(const Operation *op) { return capo_format("alter_%s_table_comment", capo_lower(op->model)); }
const char *fragment_validate(const Operation *op) { return capo_format("%s_validate_%s", capo_lower(op->model), capo_lower(op->name)); }
const char *fragment_order(const Operation *op) { return capo_format("alter_%s_order_with_respect_to", capo_lower(op->model)); }
const char *fragment_extension(const Operation *op) { return capo_format("create_extension_%s", capo_lower(op->name)); }
const char *fragment_create_collation(const Operation *op) { return capo_format("create_collation_%s", capo_lower(op->name)); }
const char *fragment_remove_collation(const Operation *op) { return capo_format("remove_collation_%s", capo_lower(op->name)); }

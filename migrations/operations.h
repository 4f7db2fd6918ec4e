/* SPDX-License-Identifier: BSD-3-Clause */
/* What operations.c, whose table has a row for each operation, and operations_special.c ask of each other. */
#pragma once
#include "migration.h"

/* A copy of the model, in the state already, to be edited. Raises where the state has no such model. */
ModelState *operation_edit_model(const Operation *op, const char *app, ProjectState *state);
void operation_set_option(ModelState *model, const char *name, Value value);
/* Raises where the map has none of the operation's name. */
void operation_need_named(const Operation *op, const ModelState *model, const Map *map, const char *what);

void table_comment_state(const Operation *op, const char *app, ProjectState *state);
void alter_constraint_state(const Operation *op, const char *app, ProjectState *state);
void order_state(const Operation *op, const char *app, ProjectState *state);
void validate_state(const Operation *op, const char *app, ProjectState *state);

/* --- custom.c --- */
/* The row called "CreateView" of the app, or "app.CreateView" of another; NULL: there is none. */
const MigrationOperation *custom_operation(const char *app, const char *name);
size_t custom_operation_names(const char *app, const char **names, size_t room);
/* What its row says of its members: NULL, or the end of a sentence. */
const char *custom_error(const Operation *op, const char *app);
bool custom_reversible(const Operation *op, const char *app);
const char *describe_custom(const Operation *op);
const char *fragment_custom(const Operation *op);
void custom_state(const Operation *op, const char *app, ProjectState *state);

const char *describe_table_comment(const Operation *op);
const char *describe_alter_constraint(const Operation *op);
const char *describe_add_concurrently(const Operation *op);
const char *describe_remove_concurrently(const Operation *op);
const char *describe_not_valid(const Operation *op);
const char *describe_order(const Operation *op);
const char *fragment_order(const Operation *op);
const char *describe_validate(const Operation *op);
const char *describe_extension(const Operation *op);
const char *describe_create_collation(const Operation *op);
const char *describe_remove_collation(const Operation *op);

const char *fragment_table_comment(const Operation *op);
const char *fragment_validate(const Operation *op);
const char *fragment_extension(const Operation *op);
const char *fragment_create_collation(const Operation *op);
const char *fragment_remove_collation(const Operation *op);

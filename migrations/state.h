/* SPDX-License-Identifier: BSD-3-Clause */
/* Models as data: what the migrations of all apps add up to, and what the compiled models are, in one form, so that they can be
 * compared, written to files and made into historical models.
 *
 *     ProjectState *now = state_of_models();              // the compiled models
 *     ProjectState *then = state_new();                   // then operation_state(op, then) for each operation
 *     Model *post = state_model(then, "blog", "Post");    // a Model like any other, with size 0
 *
 * FieldState and ModelState are never changed once a ProjectState holds them: an edit makes a new one. So a state is cloned by
 * copying a list of pointers, and two states may share what did not change between them. */
#pragma once
#include <capo/model.h>
#include <capo/arena.h>
#include <capo/error.h>
#include <capo/value.h>

/* `options`: by Django's names, in the order of the table in field_state.c, without those that have their default. */
typedef struct FieldState { const char *name; FieldKind kind; Map *options; } FieldState;

/* `options`: of Meta, without defaults; "indexes" is a map of name to fields, "constraints" a map of name to a map. */
typedef struct ModelState {
    const char *app, *name;
    FieldState **fields; size_t n_fields;
    Map *options;
} ModelState;

typedef struct ProjectState {
    ModelState **models; size_t count;
    Model **rendered, **parts;          /* as `models`, made at first use: all, or each with what stands around it */
} ProjectState;

/* --- field_state.c: options of fields ---------------------------------------------------------------------------------------- */

/* What a value in a file must look like. */
typedef enum OptionType { OPTION_BOOL, OPTION_INT, OPTION_TEXT, OPTION_SCALAR, OPTION_NAMES, OPTION_CHOICES, OPTION_ON_DELETE, OPTION_MODEL,
                          OPTION_NAME_LISTS, OPTION_TEXTS, OPTION_INDEXES, OPTION_CONSTRAINTS, OPTION_EXPRESSION } OptionType;
FieldState *field_state_new(const char *name, FieldKind kind, Map *options);
FieldState *field_state_of(const Field *field);
/* Another name, the same else. */
FieldState *field_state_named(const FieldState *field, const char *name);
/* The same with one option set; null takes it away. */
FieldState *field_state_with(const FieldState *field, const char *option, Value value);
/* The option, or its default for this kind. */
Value field_state_option(const FieldState *field, const char *option);
bool field_state_flag(const FieldState *field, const char *option);
const char *field_state_text(const FieldState *field, const char *option);      /* NULL: not set */
bool field_state_equal(const FieldState *a, const FieldState *b);
/* Equal but for these options. */
bool field_state_equal_but(const FieldState *a, const FieldState *b, const char *const *options);
/* Null: good. Else what is wrong with the option, as the end of a sentence: "is not an option of CharField. Did you mean …?" */
const char *field_state_option_error(FieldKind kind, const char *option, Value value);
/* Fills the row; its target is the caller's. */
void field_state_to_row(const FieldState *field, FieldRow *row);
/* The value as JSON has it: dates and the like as ISO texts. */
Value state_plain_value(Value value);
/* Whether a value in a file fits the type. NULL or the end of a sentence: "must be true or false". */
const char *option_type_error(OptionType type, Value value);

/* --- state.c: models and the project ------------------------------------------------------------------------------------------ */

ProjectState *state_new(void);
ProjectState *state_clone(const ProjectState *state);
/* Of the compiled models (capo_all_models), or of these. */
ProjectState *state_of_models(void);
ProjectState *state_of(Model *const *models, size_t count);
ModelState *model_state_of(const Model *model);
ModelState *model_state_new(const char *app, const char *name, FieldState **fields, size_t n_fields, Map *options);
ModelState *model_state_clone(const ModelState *model);
const char *model_state_option_error(const char *option, Value value);
/* The options of Meta that touch no table: what AlterModelOptions sets. NULL at the end. */
extern const char *const model_state_plain_options[];
bool model_state_is_plain_option(const char *option);
/* Names are case-blind, as Django has it for models. NULL: there is none. */
ModelState *state_find(const ProjectState *state, const char *app, const char *name);
ModelState *state_find_label(const ProjectState *state, const char *label);
FieldState *model_state_field(const ModelState *model, const char *name);
FieldState *model_state_pk(const ModelState *model);
/* The field is the key, or a part of a composite one. */
bool model_state_in_key(const ModelState *model, const char *name);
const char *model_state_label(const ModelState *model);
/* The table's name: db_table, else app_model. */
const char *model_state_table(const ModelState *model);
bool model_state_managed(const ModelState *model);
/* The label of the model that this one is a child or a proxy of; NULL: none. */
const char *model_state_base(const ModelState *model);
bool model_state_is_proxy(const ModelState *model);
/* Whether the site has another model in its place: then it has no table here. */
bool model_state_is_swapped(const ModelState *model);
/* These change the state in place: for operations, on a clone. */
void state_put(ProjectState *state, ModelState *model);                 /* replaces the one of this name, or adds it */
void state_remove(ProjectState *state, const char *app, const char *name);
void state_replace(ProjectState *state, const ModelState *old, ModelState *model);
void model_state_put_field(ModelState *model, FieldState *field);       /* replaces or adds */
void model_state_remove_field(ModelState *model, const char *name);

/* "blog.Post" for an option "to" or "through" that may lack the app. */
const char *state_label(const char *app, const char *text);
bool same_name(const char *a, const char *b);

/* --- swappable.c: "AUTH_USER_MODEL" in files stands for the label of the site's user model ---------------------------------------- */

/* The label that a text means, in an option "to" or "through", or as the app of a dependency; any other text is itself. */
const char *swappable_label(const char *text);
/* The contrary: what a file says of this field's target. */
Value swappable_written(const FieldState *field, Value label);
/* NULL: good. Else the end of a sentence about a target that the site has another model for. */
const char *swappable_error(const char *text);
/* Whether it is the site's user model. */
bool swappable_is_user_model(const char *app, const char *name);
/* `to` with the swapped models of `from`, which the compiled models do not have: the same on both sides. */
const ProjectState *swappable_kept(const ProjectState *from, const ProjectState *to);

/* --- meta_state.c: indexes and constraints, as values of the maps in Meta's options --------------------------------------------- */

Value meta_index_value(const IndexOptions *index);
Value meta_constraint_value(const ConstraintOptions *constraint);
IndexOptions meta_index_of(const char *name, Value value);
ConstraintOptions meta_constraint_of(const char *name, Value value);
/* NULL: good. Else the end of a sentence: "must be …". */
const char *meta_index_error(Value value);
const char *meta_constraint_error(Value value);
/* With one field called otherwise; SQL by hand stays as it is. */
Value meta_index_renamed(Value value, const char *old_name, const char *new_name);
Value meta_constraint_renamed(Value value, const char *old_name, const char *new_name);
/* Whether they name the field. */
bool meta_index_names(Value value, const char *field);
bool meta_constraint_names(Value value, const char *field);
bool meta_constraint_is_sql(Value value);               /* a check that may name any column */

/* --- render.c ------------------------------------------------------------------------------------------------------------------------ */

/* The resolved historical model, for the schema editor: the models around it may have nothing but their key. Raises ERROR_MIGRATION
 * where there is none, or where a relation leads nowhere. */
Model *state_model(ProjectState *state, const char *app, const char *name);
/* All of them in full, as `models`; state_model() gives these from then on. */
Model **state_render(ProjectState *state);

/* Maps without an entry; a copy where it is there. */
Map *map_without(const Map *map, const char *key);
Map *map_copy(const Map *map);

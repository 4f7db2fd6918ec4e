/* SPDX-License-Identifier: BSD-3-Clause */
/* Meta of a model: read from models.def, copied to where it lives, its indexes named, its constraints checked.
 *
 * A Meta of models.def stands in a function (`declare`, define_models.h), since conditions and expressions are no constants: its lists are
 * gone when that returns. They are copied when the models are prepared; conditions and expressions, which live in a unit of work, are made
 * anew in each unit that asks for them. */
#include "model_resolver.h"
#include "query.h"
#include <ctype.h>
#include <string.h>

struct ModelReader {
    Arena *arena;                       /* where the lists go */
    void (*see)(MetaOptions *all, const MetaOptions *meta);     /* NULL: nobody asked for it */
    MetaOptions *all;
    const char *field;                  /* whose expression is wanted; NULL: none */
    Expression *expression;
};

/* --- copies --- */

static void *copy_list(Arena *arena, const void *list, size_t item, size_t count)
{
    if (!list)
        return NULL;
    void *copy = arena_alloc(arena, (count + 1) * item);        /* the last one ends it */
    memcpy(copy, list, (count + 1) * item);
    return copy;
}

static size_t length(const char *const *names)
{
    size_t count = 0;
    while (names && names[count])
        count++;
    return count;
}

static const char *const *copy_names(Arena *arena, const char *const *names)
{
    return copy_list(arena, names, sizeof *names, length(names));
}

static const char *const *const *copy_name_lists(Arena *arena, const char *const *const *lists)
{
    size_t count = 0;
    while (lists && lists[count])
        count++;
    const char *const **copy = copy_list(arena, lists, sizeof *lists, count);
    for (size_t i = 0; i < count; i++)
        copy[i] = copy_names(arena, lists[i]);
    return copy;
}

static const IndexPart *copy_parts(Arena *arena, const IndexPart *parts)
{
    size_t count = 0;
    while (parts && parts[count].of.kind != VALUE_NULL)
        count++;
    return copy_list(arena, parts, sizeof *parts, count);
}

static const OrderPart *copy_order(Arena *arena, const OrderPart *parts)
{
    size_t count = 0;
    while (parts && parts[count].of.kind != VALUE_NULL)
        count++;
    return copy_list(arena, parts, sizeof *parts, count);
}

static bool is_index(const IndexOptions *row) { return row->name || row->fields || row->parts; }
static bool is_constraint(const ConstraintOptions *row)
{
    return row->name || row->unique || row->unique_parts || row->check || row->check_sql || row->exclude || row->own;
}

static const IndexOptions *copy_indexes(Arena *arena, const IndexOptions *rows)
{
    size_t count = 0;
    while (rows && is_index(&rows[count]))
        count++;
    IndexOptions *copy = copy_list(arena, rows, sizeof *rows, count);
    for (size_t i = 0; i < count; i++) {
        copy[i].fields = copy_names(arena, rows[i].fields);
        copy[i].parts = copy_parts(arena, rows[i].parts);
        copy[i].include = copy_names(arena, rows[i].include);
        copy[i].opclasses = copy_names(arena, rows[i].opclasses);
    }
    return copy;
}

static const ConstraintOptions *copy_constraints(Arena *arena, const ConstraintOptions *rows)
{
    size_t count = 0;
    while (rows && is_constraint(&rows[count]))
        count++;
    ConstraintOptions *copy = copy_list(arena, rows, sizeof *rows, count);
    for (size_t i = 0; i < count; i++) {
        copy[i].unique = copy_names(arena, rows[i].unique);
        copy[i].unique_parts = copy_parts(arena, rows[i].unique_parts);
        copy[i].include = copy_names(arena, rows[i].include);
        copy[i].opclasses = copy_names(arena, rows[i].opclasses);
        copy[i].exclude = copy_parts(arena, rows[i].exclude);
        copy[i].operators = copy_names(arena, rows[i].operators);
        copy[i].fields = copy_names(arena, rows[i].fields);
    }
    return copy;
}

/* Of rows whose first member is their name, up to the one without. */
static void *copy_named(Arena *arena, const void *rows, size_t size, size_t *ret_count)
{
    const char *name;
    for (*ret_count = 0; rows; ++*ret_count) {
        memcpy(&name, (const char *)rows + *ret_count * size, sizeof name);
        if (!name)
            break;
    }
    return copy_list(arena, rows, size, *ret_count);
}

static const ForeignObject *copy_foreign_objects(Arena *arena, const ForeignObject *objects)
{
    size_t count;
    ForeignObject *copy = copy_named(arena, objects, sizeof *objects, &count);
    for (size_t i = 0; i < count; i++) {
        copy[i].from = copy_names(arena, objects[i].from);
        copy[i].to = copy_names(arena, objects[i].to);
    }
    return copy;
}

static void copy_meta(Arena *arena, const MetaOptions *meta, MetaOptions *ret)
{
    size_t n_permissions = 0;
    while (meta->permissions && meta->permissions[n_permissions].codename)
        n_permissions++;
    *ret = *meta;
    ret->ordering = copy_names(arena, meta->ordering);
    ret->ordering_by = copy_order(arena, meta->ordering_by);
    ret->required_db_features = copy_names(arena, meta->required_db_features);
    ret->unique_together = copy_name_lists(arena, meta->unique_together);
    ret->default_permissions = copy_names(arena, meta->default_permissions);
    ret->natural_key = copy_names(arena, meta->natural_key);
    ret->required_fields = copy_names(arena, meta->required_fields);
    size_t count;
    ret->managers = copy_named(arena, meta->managers, sizeof *meta->managers, &count);
    ret->generic_keys = copy_named(arena, meta->generic_keys, sizeof *meta->generic_keys, &count);
    ret->foreign_objects = copy_foreign_objects(arena, meta->foreign_objects);
    ret->generic_relations = copy_named(arena, meta->generic_relations, sizeof *meta->generic_relations, &count);
    ret->permissions = copy_list(arena, meta->permissions, sizeof *meta->permissions, n_permissions);
    ret->indexes = copy_indexes(arena, meta->indexes);
    ret->constraints = copy_constraints(arena, meta->constraints);
}

void capo_read_meta(ModelReader *reader, const MetaOptions *meta)
{
    MetaOptions copy;
    if (!reader->see)
        return;
    copy_meta(reader->arena, meta, &copy);
    reader->see(reader->all, &copy);
}

void capo_read_expression(ModelReader *reader, const char *field, Expression *expression)
{
    if (reader->field && !strcmp(reader->field, field))
        reader->expression = expression;
}

void capo_meta_each(Arena *arena, const Model *model, void (*see)(MetaOptions *all, const MetaOptions *meta), MetaOptions *all)
{
    ModelReader reader = { .arena = arena, .see = see, .all = all };
    if (model->declare)
        model->declare(&reader);
    for (const FieldRow *row = model->rows; !model->declare && row->name; row++)
        if (row->kind == FIELD_META)
            capo_read_meta(&reader, &row->options.meta);
}

void capo_meta_read(Arena *arena, Model *model)
{
    const MetaOptions *meta = model->meta = resolver_meta_of(arena, model);
    for (model->n_indexes = 0; meta->indexes && is_index(&meta->indexes[model->n_indexes]); )
        model->n_indexes++;
    for (model->n_constraints = 0; meta->constraints && is_constraint(&meta->constraints[model->n_constraints]); )
        model->n_constraints++;
}

/* --- what is asked for later --- */

/* Those that stand in model->meta belong to the unit that prepared the models, unless they were made with it: historical models. */
static const MetaOptions *fresh_meta(const Model *model)
{
    bool declared = false;
    for (const Model *one = model; one && !declared; one = one->base)
        declared = one->declare != NULL;
    if (!declared)
        return model->meta;
    const MetaOptions *meta = resolver_meta_of(capo_arena(), model);
    for (size_t i = 0; i < model->n_indexes; i++)
        ((IndexOptions *)meta->indexes)[i].name = model->meta->indexes[i].name;
    return meta;
}

const IndexInfo *capo_model_indexes(const Model *model)
{
    return model->n_indexes ? fresh_meta(model)->indexes : NULL;
}

const ConstraintInfo *capo_model_constraints(const Model *model)
{
    return model->n_constraints ? fresh_meta(model)->constraints : NULL;
}

const OrderPart *capo_model_ordering(const Model *model) { return model->meta->ordering_by ? fresh_meta(model)->ordering_by : NULL; }

static Expression *literal_of(const Field *field, const FieldDefault *literal)
{
    Value value = literal->kind == DEFAULT_TEXT ? capo_value_text(literal->text) : literal->kind == DEFAULT_REAL ? capo_value_real(literal->real)
        : capo_value_int(literal->integer);
    return expression_value(capo_field_to_python(field, value), type_of_field(field));
}

Expression *capo_field_expression(const Field *field)
{
    while (field->inherited)
        field = field->inherited;
    const FieldDefault *db_default = &field->row->options.common.db_default;
    ModelReader reader = { .arena = capo_arena(), .field = field->name };
    if (!field->generated && !field->has_db_default)
        return NULL;
    if (!field->generated && db_default->kind != DEFAULT_EXPRESSION)
        return literal_of(field, db_default);
    for (const Model *model = field->model; model && !reader.expression; model = model->base)
        if (model->declare)
            model->declare(&reader);
    if (reader.expression)
        return reader.expression;
    return field->generated ? capo_expression_of(field->row->expression) : db_default->expression;
}

/* --- mistakes --- */

typedef struct Checking { Resolver *resolver; const Model *model; const char *option; } Checking;

#define problem(checking, format, ...) resolver_problem((checking)->resolver, "%s: " format, (checking)->model->label __VA_OPT__(,) __VA_ARGS__)

static void check_columns(const Checking *checking, const char *const *names)
{
    for (size_t i = 0; names && names[i]; i++) {
        const char *name = names[i] + (names[i][0] == '-');
        Field *field = capo_field(checking->model, name);
        if (!field)
            problem(checking, "%s names \"%s\", a field that it does not have.%s", checking->option, name, resolver_suggestion(checking->model, name));
        else if (!field->column)
            problem(checking, "%s names \"%s\", which is many-to-many and has no column.", checking->option, name);
    }
}

static void check_path(void *context, const char *path)
{
    const Checking *checking = context;
    const char *end = strstr(path, "__");
    const char *name = end ? capo_strndup(path, (size_t)(end - path)) : path;
    if (!capo_field(checking->model, name))
        problem(checking, "%s names \"%s\", and %s has no field \"%s\".%s", checking->option, path, checking->model->label, name,
                resolver_suggestion(checking->model, name));
}

static void check_parts(const Checking *checking, const IndexPart *parts)
{
    for (; parts && parts->of.kind != VALUE_NULL; parts++)
        capo_expression_paths(capo_expression_of(parts->of), check_path, (void *)checking);
}

static void name_index(const Checking *checking, IndexOptions *row)
{
    const Model *model = checking->model;
    size_t n = length(row->fields);
    if (row->name && strlen(row->name) > 30)
        problem(checking, "the index name \"%s\" is longer than 30 characters.", row->name);
    if (row->name && (row->name[0] == '_' || isdigit((unsigned char)row->name[0])))
        problem(checking, "the index name \"%s\" begins with %s.", row->name, row->name[0] == '_' ? "an underscore" : "a digit");
    if (!row->name && (row->parts || row->condition || row->include))
        problem(checking, "an index with .parts, .condition or .include needs a .name.");
    if (row->name || !n)
        return;
    const char **columns = capo_alloc_array(n + 1, sizeof *columns);
    for (size_t k = 0; k < n; k++) {
        Field *field = capo_field(model, row->fields[k] + (row->fields[k][0] == '-'));
        const char *column = field && field->column ? field->column : row->fields[k];
        columns[k] = row->fields[k][0] == '-' ? capo_format("-%s", column) : column;
    }
    const char *name = row->method ? capo_meta_index_name_suffix(model->table, columns, row->method) : capo_meta_index_name(model->table, columns);
    row->name = arena_format(checking->resolver->arena, "%s", name);
}

static void check_index(const Checking *checking, IndexOptions *row)
{
    static const char *const methods[] = { "btree", "hash", "gin", "gist", "spgist", "brin", "bloom" };
    size_t n = length(row->fields), n_methods = sizeof methods / sizeof *methods;
    bool known = !row->method;
    check_columns(checking, row->fields);
    check_columns(checking, row->include);
    check_parts(checking, row->parts);
    if (row->condition)
        capo_condition_paths(row->condition, check_path, (void *)checking);
    if (!n == !row->parts)
        problem(checking, "an index of .indexes has %s.", n ? "both .fields and .parts" : "no fields");
    if (row->opclasses && (!n || length(row->opclasses) != n))
        problem(checking, ".opclasses of an index has as many names as .fields.");
    for (size_t i = 0; i < n_methods && !known; i++)
        known = !strcmp(methods[i], row->method);
    if (!known)
        problem(checking, "there is no index .method \"%s\".%s", row->method, capo_did_you_mean(row->method, methods, n_methods));
    name_index(checking, row);
}

/* The first name; what is behind it is looked at when a query is made. */
static void check_order_path(void *context, const char *path)
{
    const Checking *checking = context;
    const char *end = strstr(path, "__"), *name = end ? capo_strndup(path, (size_t)(end - path)) : path;
    if (!capo_field(checking->model, name) && !capo_reverse_field(checking->model, name))
        problem(checking, "%s names \"%s\", a field that it does not have.%s", checking->option, path, resolver_suggestion(checking->model, name));
}

static void check_constraint(const Checking *checking, const ConstraintOptions *row)
{
    const char *name = row->name ? row->name : "without a name";
    bool unique = row->unique || row->unique_parts;
    if (!row->name)
        problem(checking, "each of .constraints needs a .name.");
    if ((row->check != NULL) + (row->check_sql != NULL) + (row->unique != NULL) + (row->unique_parts != NULL) + (row->exclude != NULL) + (row->own != NULL) != 1)
        problem(checking, "the constraint %s needs one of .unique, .unique_parts, .check, .check_sql, .exclude and .own.", name);
    if (row->unique && !row->unique[0])
        problem(checking, "the constraint %s is .unique over no fields.", name);
    check_columns(checking, row->unique);
    if (row->own && (!row->own->name || !row->own->sql))
        problem(checking, "the kind of the constraint %s needs a .name and .sql.", name);
    if (row->fields && !row->own)
        problem(checking, "the constraint %s: .fields is for .own.", name);
    check_columns(checking, row->fields);
    check_columns(checking, row->include);
    check_parts(checking, row->unique_parts);
    check_parts(checking, row->exclude);
    if (row->check)
        capo_condition_paths(row->check, check_path, (void *)checking);
    if (row->condition)
        capo_condition_paths(row->condition, check_path, (void *)checking);
    if ((row->condition || row->deferrable) && !unique && !row->exclude)
        problem(checking, "the constraint %s: .condition and .deferrable are for .unique and .exclude.", name);
    if (row->deferrable && (row->condition || row->unique_parts))
        problem(checking, "the constraint %s: .deferrable goes with neither .condition nor .unique_parts.", name);
    if (row->deferrable && (row->include || row->opclasses))
        problem(checking, "the constraint %s: .deferrable goes with neither .include nor .opclasses.", name);
    if (row->opclasses && (!row->unique || length(row->opclasses) != length(row->unique)))
        problem(checking, "the constraint %s: .opclasses has as many names as .unique.", name);
    size_t n_excluded = 0;
    while (row->exclude && row->exclude[n_excluded].of.kind != VALUE_NULL)
        n_excluded++;
    if (row->exclude && length(row->operators) != n_excluded)
        problem(checking, "the constraint %s: .operators has one for each of .exclude.", name);
}

void capo_meta_check(Resolver *resolver, Model *model)
{
    for (const OrderPart *part = model->meta->ordering_by; part && part->of.kind != VALUE_NULL; part++)
        capo_expression_paths(capo_expression_of(part->of), check_order_path, &(Checking){ resolver, model, ".ordering_by" });
    for (size_t i = 0; i < model->n_indexes; i++)
        check_index(&(Checking){ resolver, model, ".indexes" }, (IndexOptions *)&model->meta->indexes[i]);
    for (size_t i = 0; i < model->n_constraints; i++)
        check_constraint(&(Checking){ resolver, model, ".constraints" }, &model->meta->constraints[i]);
}

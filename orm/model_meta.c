/* SPDX-License-Identifier: BSD-3-Clause */
/* Meta: whether the names in it are names of the model, and what is made of its indexes and constraints. */
#include "model_resolver.h"
#include <string.h>

/* --- what it says, all in all --- */

/* An option that is written counts over one that was there before. Options are pointers, behind them switches (MetaOptions). */
static void lay_over(MetaOptions *meta, const MetaOptions *more)
{
    const size_t pointers = offsetof(MetaOptions, unmanaged);
    for (size_t at = 0; at < pointers; at += sizeof(void *)) {
        void *option;
        memcpy(&option, (const char *)more + at, sizeof option);
        if (option)
            memcpy((char *)meta + at, &option, sizeof option);
    }
    for (size_t at = pointers; at < sizeof *meta; at++)
        ((char *)meta)[at] |= ((const char *)more)[at];
}

static void lay_rows_over(MetaOptions *meta, const Model *model)
{
    if (model->base && model->inheritance == INHERITS_COLUMNS) {
        lay_rows_over(meta, model->base);
        meta->db_table = meta->model_name = meta->swappable = NULL;
    }
    for (const FieldRow *row = model->rows; row->name; row++)
        if (row->kind == FIELD_META)
            lay_over(meta, &row->options.meta);
}

/* Of a base with a table Django's classes inherit methods and managers, the order, and nothing else of Meta. */
static MetaOptions inherited_from(const MetaOptions *base)
{
    return (MetaOptions){ .ordering = base->ordering, .get_latest_by = base->get_latest_by, .display = base->display,
        .display_function = base->display_function, .absolute_url = base->absolute_url, .property = base->property, .clean = base->clean,
        .natural_key = base->natural_key, .managers = base->managers, .default_manager_name = base->default_manager_name, .base_manager_name = base->base_manager_name,
        .pre_save = base->pre_save, .post_save = base->post_save, .pre_delete = base->pre_delete, .post_delete = base->post_delete };
}

const MetaOptions *resolver_meta_of(Arena *arena, const Model *model)
{
    MetaOptions *meta = arena_alloc(arena, sizeof *meta);
    if (model->base && model->inheritance != INHERITS_COLUMNS)
        *meta = inherited_from(resolver_meta_of(arena, model->base));
    lay_rows_over(meta, model);
    return meta;
}

/* --- what it names --- */

static const char *const transforms[] = { "year", "iso_year", "month", "day", "week", "week_day", "iso_week_day", "quarter", "date",
    "time", "hour", "minute", "second", "lower", "upper", "length", NULL };

static void check_path(Resolver *resolver, const Model *model, const char *path, const char *option)
{
    const Model *at = model;
    Field *field = NULL;
    for (const char *part = path; part;) {
        const char *end = strstr(part, "__");
        char *name = end ? capo_strndup(part, (size_t)(end - part)) : capo_strdup(part);
        bool known = false;
        if (field && !field->target) {
            known = field->kind == FIELD_JSON;
            for (size_t i = 0; transforms[i]; i++)
                known = known || !strcmp(transforms[i], name);
        } else {
            field = capo_field(at, name);
            Field *reverse = field ? NULL : capo_reverse_field(at, name);
            known = field || reverse;
            at = field ? field->target : reverse ? reverse->model : at;
            if (!at)
                at = model;
        }
        if (!known) {
            resolver_problem(resolver, "%s: %s names \"%s\", and %s has no field \"%s\".%s", model->label, option, path, at->label, name, resolver_suggestion(at, name));
            return;
        }
        part = end ? end + 2 : NULL;
    }
}

static void check_columns(Resolver *resolver, const Model *model, const char *const *names, const char *option)
{
    for (size_t i = 0; names[i]; i++) {
        const char *name = names[i] + (names[i][0] == '-');
        Field *field = capo_field(model, name);
        if (!field)
            resolver_problem(resolver, "%s: %s names \"%s\", a field that it does not have.%s", model->label, option, name, resolver_suggestion(model, name));
        else if (!field->column)
            resolver_problem(resolver, "%s: %s names \"%s\", which is many-to-many and has no column.", model->label, option, name);
    }
}

static void make_indexes(Resolver *resolver, Model *model)
{
    size_t count = 0;
    while (model->meta->indexes && model->meta->indexes[count].fields)
        count++;
    IndexInfo *indexes = arena_alloc(resolver->arena, count * sizeof *indexes);
    for (size_t i = 0; i < count; i++) {
        const IndexOptions *row = &model->meta->indexes[i];
        check_columns(resolver, model, row->fields, ".indexes");
        indexes[i] = (IndexInfo){ .name = row->name, .fields = row->fields };
        size_t n = 0;
        while (row->fields[n])
            n++;
        if (!n)
            resolver_problem(resolver, "%s: an index of .indexes has no fields.", model->label);
        if (row->name && strlen(row->name) > 30)
            resolver_problem(resolver, "%s: the index name \"%s\" is longer than 30 characters.", model->label, row->name);
        if (row->name || !n)
            continue;
        const char **columns = capo_alloc_array(n + 1, sizeof *columns);
        for (size_t k = 0; k < n; k++) {
            Field *field = capo_field(model, row->fields[k] + (row->fields[k][0] == '-'));
            const char *column = field && field->column ? field->column : row->fields[k];
            columns[k] = row->fields[k][0] == '-' ? capo_format("-%s", column) : column;
        }
        indexes[i].name = arena_format(resolver->arena, "%s", capo_meta_index_name(model->table, columns));
    }
    model->indexes = indexes;
    model->n_indexes = count;
}

static void make_constraints(Resolver *resolver, Model *model)
{
    const ConstraintOptions *rows = model->meta->constraints;
    size_t count = 0;
    while (rows && (rows[count].name || rows[count].unique || rows[count].check))
        count++;
    ConstraintInfo *constraints = arena_alloc(resolver->arena, count * sizeof *constraints);
    for (size_t i = 0; i < count; i++) {
        constraints[i] = (ConstraintInfo){ rows[i].name, rows[i].unique, rows[i].check, rows[i].violation_message };
        if (!rows[i].name)
            resolver_problem(resolver, "%s: each of .constraints needs a .name.", model->label);
        if (!rows[i].unique == !rows[i].check)
            resolver_problem(resolver, "%s: the constraint %s needs either .unique or .check.", model->label, rows[i].name ? rows[i].name : "without a name");
        if (rows[i].unique)
            check_columns(resolver, model, rows[i].unique, ".constraints");
    }
    model->constraints = constraints;
    model->n_constraints = count;
}

static void check_manager(Resolver *resolver, const Model *model, const char *name, const char *option)
{
    const char *names[64];
    size_t count = 0;
    for (const NamedManager *manager = model->meta->managers; manager && manager->name && count < 64; manager++) {
        if (name && !strcmp(manager->name, name))
            return;
        names[count++] = manager->name;
    }
    if (name)
        resolver_problem(resolver, "%s: %s names \"%s\", which is none of .managers.%s", model->label, option, name,
                         capo_did_you_mean(name, names, count));
}

void resolver_check_meta(Resolver *resolver, Model *model)
{
    const MetaOptions *meta = model->meta;
    for (size_t i = 0; model->ordering && model->ordering[i]; i++) {
        const char *path = model->ordering[i];
        if (strcmp(path, "?"))
            check_path(resolver, model, path + (path[0] == '-'), ".ordering");
    }
    for (size_t i = 0; model->unique_together && model->unique_together[i]; i++) {
        check_columns(resolver, model, model->unique_together[i], ".unique_together");
        for (size_t k = 0; model->unique_together[i][k]; k++) {
            Field *field = capo_field(model, model->unique_together[i][k]);
            if (field)
                field->unique_together_hint = true;
        }
    }
    if (meta->display)
        check_path(resolver, model, meta->display, ".display");
    if (meta->get_latest_by)
        check_path(resolver, model, meta->get_latest_by + (meta->get_latest_by[0] == '-'), ".get_latest_by");
    for (const char *const *path = meta->natural_key; path && *path; path++)
        check_path(resolver, model, *path, ".natural_key");
    check_manager(resolver, model, meta->default_manager_name, ".default_manager_name");
    check_manager(resolver, model, meta->base_manager_name, ".base_manager_name");
    for (size_t i = 0; i < model->n_fields; i++) {
        const char *date = model->fields[i]->unique_for_date;
        if (date)
            check_path(resolver, model, date, ".unique_for_date");
    }
    make_indexes(resolver, model);
    make_constraints(resolver, model);
}

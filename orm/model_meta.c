/* SPDX-License-Identifier: BSD-3-Clause */
/* Meta: what its rows and those of bases say together, and whether the names in it are names of the model. */
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

static void lay_rows_over(Arena *arena, MetaOptions *meta, const Model *model)
{
    if (model->base && model->inheritance == INHERITS_COLUMNS) {
        lay_rows_over(arena, meta, model->base);
        meta->db_table = meta->model_name = meta->swappable = NULL;
    }
    capo_meta_each(arena, model, lay_over, meta);
}

/* Of a base with a table Django's classes inherit methods and managers, the order, and nothing else of Meta. */
static MetaOptions inherited_from(const MetaOptions *base)
{
    static const char *const own_order[] = { ORDER_FIELD, NULL };
    return (MetaOptions){ .ordering = base->order_with_respect_to ? own_order : base->ordering, .ordering_by = base->order_with_respect_to ? NULL : base->ordering_by,
        .from_db = base->from_db, .get_latest_by = base->get_latest_by, .display = base->display,
        .display_function = base->display_function, .absolute_url = base->absolute_url, .property = base->property, .clean = base->clean,
        .username_field = base->username_field, .email_field = base->email_field, .required_fields = base->required_fields,
        .natural_key = base->natural_key, .managers = base->managers, .default_manager_name = base->default_manager_name, .base_manager_name = base->base_manager_name,
        .pre_save = base->pre_save, .post_save = base->post_save, .pre_delete = base->pre_delete, .post_delete = base->post_delete };
}

const MetaOptions *resolver_meta_of(Arena *arena, const Model *model)
{
    MetaOptions *meta = arena_alloc(arena, sizeof *meta);
    if (model->base && model->inheritance != INHERITS_COLUMNS)
        *meta = inherited_from(resolver_meta_of(arena, model->base));
    lay_rows_over(arena, meta, model);
    if (meta->username_field && !meta->display && !meta->display_function)
        meta->display = meta->username_field;
    if (meta->username_field && !meta->natural_key) {
        const char **key = arena_alloc(arena, 2 * sizeof *key);
        key[0] = meta->username_field;
        meta->natural_key = key;
    }
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
            if (!field)
                field = capo_foreign_object(at, name);
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

/* Where an IMAGE keeps its size. */
static void check_size_field(Resolver *resolver, Model *model, const char *name, const char *option)
{
    Field *field = name ? resolver_scan_field(model, name) : NULL;
    if (name && !field)
        check_path(resolver, model, name, option);
    else if (name && !capo_field_is_integer(field->kind))
        resolver_problem(resolver, "%s: %s names \"%s\", which holds no whole numbers: make it a POSITIVE_INTEGER.", model->label, option, name);
}

void resolver_check_meta(Resolver *resolver, Model *model)
{
    const MetaOptions *meta = model->meta;
    for (size_t i = 0; model->ordering && model->ordering[i]; i++) {
        const char *path = model->ordering[i], *nulls = strstr(path, " nulls ");
        if (nulls && (!strcmp(nulls, " nulls first") || !strcmp(nulls, " nulls last")))
            path = capo_strndup(path, (size_t)(nulls - path));
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
    if (model->ordering && meta->ordering_by && !model->base)
        resolver_problem(resolver, "%s: Meta has both .ordering and .ordering_by.", model->label);
    for (const char *const *feature = meta->required_db_features; feature && *feature; feature++)
        if (!resolver_knows_feature(*feature))
            resolver_problem(resolver, "%s: .required_db_features names \"%s\", which is no feature of databases.%s", model->label, *feature, resolver_feature_like(*feature));
    if (meta->required_db_vendor && strcmp(meta->required_db_vendor, "sqlite") && strcmp(meta->required_db_vendor, "postgresql") && strcmp(meta->required_db_vendor, "mysql"))
        resolver_problem(resolver, "%s: .required_db_vendor is \"%s\"; it may be \"sqlite\", \"postgresql\" or \"mysql\".", model->label, meta->required_db_vendor);
    if (meta->display)
        check_path(resolver, model, meta->display, ".display");
    if (meta->get_latest_by)
        check_path(resolver, model, meta->get_latest_by + (meta->get_latest_by[0] == '-'), ".get_latest_by");
    for (const GenericKey *key = meta->generic_keys; key && key->name; key++)
        for (int i = 0; i < 2; i++)
            if (!resolver_scan_field(model, i ? key->key : key->type))
                resolver_problem(resolver, "%s: the generic key \"%s\" names the field \"%s\", which it does not have.%s", model->label, key->name,
                                 i ? key->key : key->type, resolver_suggestion(model, i ? key->key : key->type));
    for (const char *const *path = meta->natural_key; path && *path; path++)
        check_path(resolver, model, *path, ".natural_key");
    if (meta->order_with_respect_to) {
        const char *name = meta->order_with_respect_to;
        if (!resolver_scan_field(model, name) || !resolver_scan_field(model, name)->column)
            resolver_problem(resolver, "%s: ORDER_WITH_RESPECT_TO names \"%s\", and %s has no such field.%s", model->label, name, model->label,
                             resolver_suggestion(model, name));
        if (!resolver_scan_field(model, ORDER_FIELD))
            resolver_problem(resolver, "%s: .order_with_respect_to is written by the word ORDER_WITH_RESPECT_TO(%s), which makes the column too.", model->label, name);
        if (meta->ordering && model->inheritance == INHERITS_NOTHING)
            resolver_problem(resolver, "%s: .ordering and ORDER_WITH_RESPECT_TO cannot be used together.", model->label);
    }
    if (meta->username_field)
        check_path(resolver, model, meta->username_field, ".username_field");
    if (meta->email_field)
        check_path(resolver, model, meta->email_field, ".email_field");
    for (const char *const *name = meta->required_fields; name && *name; name++)
        check_path(resolver, model, *name, ".required_fields");
    check_manager(resolver, model, meta->default_manager_name, ".default_manager_name");
    check_manager(resolver, model, meta->base_manager_name, ".base_manager_name");
    for (size_t i = 0; i < model->n_fields; i++) {
        const Field *field = model->fields[i];
        if (field->unique_for_date)
            check_path(resolver, model, field->unique_for_date, ".unique_for_date");
        if (field->unique_for_month)
            check_path(resolver, model, field->unique_for_month, ".unique_for_month");
        if (field->unique_for_year)
            check_path(resolver, model, field->unique_for_year, ".unique_for_year");
        check_size_field(resolver, model, field->width_field, ".width_field");
        check_size_field(resolver, model, field->height_field, ".height_field");
    }
    capo_meta_check(resolver, model);
}

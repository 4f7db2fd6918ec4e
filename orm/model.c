/* SPDX-License-Identifier: BSD-3-Clause */
/* From rows to models: names, columns, tables, keys, relations both ways, join models of many-to-many fields, and every mistake
 * of a declaration as a sentence before anything is served.
 *
 * The steps go over all models one after the other, since models refer to each other in any order: names, fields, targets,
 * join models, reverse relations, name tables, Meta. Mistakes are collected and raised together. */
#include "model_resolver.h"
#include <capo/web.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void resolver_problem(Resolver *resolver, const char *format, ...)
{
    va_list args;
    if (resolver->problems.size)
        capo_put_char(&resolver->problems, '\n');
    va_start(args, format);
    capo_put_vformat(&resolver->problems, format, args);
    va_end(args);
}

char *resolver_lower(Arena *arena, const char *text)
{
    char *copy = arena_strndup(arena, text, strlen(text));
    for (char *c = copy; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return copy;
}

/* "BlogPost" -> "blog post", "HTTPServer" -> "http server": Django's camel_case_to_spaces. */
static char *camel_to_spaces(Arena *arena, const char *name)
{
    size_t size = strlen(name), n = 0;
    char *text = arena_alloc(arena, 2 * size + 1);
    for (size_t i = 0; i < size; i++) {
        bool upper = isupper((unsigned char)name[i]);
        if (i && upper && (islower((unsigned char)name[i - 1]) || (i + 1 < size && islower((unsigned char)name[i + 1]))))
            text[n++] = ' ';
        text[n++] = (char)tolower((unsigned char)name[i]);
    }
    return text;
}

static void append(Arena *arena, Field ***array, size_t *count, Field *field)
{
    if ((*count & (*count - 1)) == 0) {             /* full at each power of two */
        Field **larger = arena_alloc(arena, (*count ? 2 * *count : 1) * sizeof *larger);
        if (*count)
            memcpy(larger, *array, *count * sizeof *larger);
        *array = larger;
    }
    (*array)[(*count)++] = field;
}

static bool is_listed(const Resolver *resolver, const Model *model)
{
    for (size_t i = 0; i < resolver->count; i++)
        if (resolver->models[i] == model)
            return true;
    return false;
}

/* --- 1: names --- */

/* Meta's .app_label: the app must be one of the site's. */
static void take_app(Resolver *resolver, Model *model)
{
    const char *label = model->meta->app_label;
    bool known = !resolver->apps;
    size_t n_known;
    const App *const *earlier = capo_known_apps(&n_known);
    for (const App *const *app = resolver->apps; app && *app && !known; app++)
        known = !strcmp((*app)->name, label);
    for (size_t i = 0; i < n_known && !known; i++)
        known = !strcmp(earlier[i]->name, label);
    if (known)
        model->app = label;
    else
        resolver_problem(resolver, "%s: its .app_label is \"%s\", which is none of the site's apps. Add it to settings' .apps.", model->name, label);
}

static const char *const own_order[] = { ORDER_FIELD, NULL };

static void name_model(Resolver *resolver, Model *model)
{
    Arena *arena = resolver->arena;
    if (!model->app)
        capo_bug("the model %s has no .app; capo_models_resolve() wants it set.", model->name);
    capo_meta_read(arena, model);
    const MetaOptions *meta = model->meta;
    model->fields = model->many = model->reverse = NULL;
    model->n_fields = model->n_many = model->n_reverse = 0;
    model->pk = model->parent_link = NULL;
    model->names = NULL;
    model->concrete = model;
    if (meta->app_label)
        take_app(resolver, model);
    if (meta->model_name)
        model->name = meta->model_name;
    model->label = arena_format(arena, "%s.%s", model->app, model->name);
    model->label_lower = resolver_lower(arena, model->label);
    model->name_lower = resolver_lower(arena, model->name);
    model->table = meta->db_table ? meta->db_table : arena_format(arena, "%s", capo_short_name(capo_format("%s_%s", model->app, model->name_lower), capo_database_table_length()));
    model->verbose_name = meta->verbose_name ? meta->verbose_name : camel_to_spaces(arena, model->name);
    model->verbose_name_plural = meta->verbose_name_plural ? meta->verbose_name_plural : arena_format(arena, "%ss", model->verbose_name);
    model->ordering = meta->order_with_respect_to ? own_order : meta->ordering;
    model->unique_together = meta->unique_together;
    model->managed = !meta->unmanaged;
}

/* --- 2: fields --- */

/* Join tables have the site's kind whatever their app says: so Django's migrations make them. */
static FieldKind default_key_kind(Resolver *resolver, const Model *model)
{
    const App *app = NULL;
    for (const App *const *a = model->auto_created ? NULL : resolver->apps; a && *a && !app; a++)
        if (!strcmp((*a)->name, model->app))
            app = *a;
    const char *name = capo_default_auto_field(app);
    FieldKind kind = capo_field_kind(name);
    if (capo_field_is_automatic(kind))
        return kind;
    resolver_problem(resolver, "The default_auto_field of %s is \"%s\"; it may be \"AutoField\", \"BigAutoField\" or \"SmallAutoField\".",
                     app ? app->name : "the settings", name);
    return FIELD_BIG_AUTO;
}

static void add_field(Resolver *resolver, Model *model, Field *field)
{
    for (size_t other = 0; other < model->n_fields + model->n_many; other++) {
        Field *earlier = other < model->n_fields ? model->fields[other] : model->many[other - model->n_fields];
        if (!strcasecmp(earlier->name, field->name) || !strcmp(earlier->attname, field->attname))
            resolver_problem(resolver, "%s has two fields called %s.", model->label, field->name);
        else if (field->column && earlier->column && !strcasecmp(earlier->column, field->column) && !earlier->inherited == !field->inherited)
            resolver_problem(resolver, "%s.%s and %s.%s have the same column \"%s\".", model->label, earlier->name, model->label, field->name,
                    field->column);
    }
    if (field->kind == FIELD_COMPOSITE_KEY) {
        model->pk = field;
        return;
    }
    if (field->kind == FIELD_MANY_TO_MANY) {
        field->position = (int)model->n_many;
        append(resolver->arena, &model->many, &model->n_many, field);
        return;
    }
    field->position = field->slot = (int)model->n_fields;
    append(resolver->arena, &model->fields, &model->n_fields, field);
}

/* The fields of these rows, those of an EXTENDED_MODEL's base first: its struct begins with the base's. */
static void add_rows(Resolver *resolver, Model *model, const Model *from)
{
    const FieldLayout *layout = from->layout ? from->layout() : NULL;
    if (from->base && from->inheritance == INHERITS_COLUMNS)
        add_rows(resolver, model, from->base);
    for (size_t i = 0; from->rows[i].name; i++) {
        const FieldRow *row = &from->rows[i];
        if (row->kind == FIELD_META)
            continue;
        Field *field = capo_field_from_row(resolver->arena, model, row);
        if (layout)
            field->layout = layout[i];
        if (row->default_key)
            field->kind = default_key_kind(resolver, model);
        const char *sentence = capo_field_problem(field);
        if (sentence)
            resolver_problem(resolver, "%s", sentence);
        add_field(resolver, model, field);
    }
}

static void add_inherited(Resolver *resolver, Model *model, const Field *of)
{
    Field *field = arena_alloc(resolver->arena, sizeof *field);
    *field = *of;
    field->model = model;
    field->inherited = of;
    add_field(resolver, model, field);
}

/* A child's key: one to one with the parent's, and in the struct the same member. */
static void add_parent_link(Resolver *resolver, Model *model)
{
    Field *link = NULL;
    const Field *key = model->base->pk;
    if (key->kind == FIELD_COMPOSITE_KEY) {
        resolver_problem(resolver, "%s is a CHILD_MODEL of %s, whose key is composite: no row can point to one of its rows.", model->label, model->base->label);
        return;
    }
    for (size_t i = 0; i < model->n_fields && !model->size; i++)
        if (!model->fields[i]->inherited && model->fields[i]->row->options.relation.parent_link)
            link = model->fields[i];
    if (!link) {
        FieldRow *row = arena_alloc(resolver->arena, sizeof *row);
        *row = (FieldRow){ .name = model->meta->parent_link ? model->meta->parent_link : arena_format(resolver->arena, "%s_ptr", model->base->name_lower),
            .kind = FIELD_ONE_TO_ONE, .target = model->base, .primary_key = true,
            .options.relation = { .on_delete = CASCADE, .parent_link = true } };
        link = capo_field_from_row(resolver->arena, model, row);
        link->layout = (FieldLayout){ key->layout.value, -1, -1, -1, -1, -1 };
        link->auto_created = true;
        add_field(resolver, model, link);
    }
    link->editable = false;
    link->slot = capo_own_field(model, key)->slot;
    model->parent_link = link;
}

static void make_fields(Resolver *resolver, Model *model)
{
    Model *base = model->base;
    bool inherits = base && model->inheritance != INHERITS_COLUMNS;
    if (model->n_fields)                        /* made already, as another's base */
        return;
    if (base && base->abstract != (model->inheritance == INHERITS_COLUMNS) && base->swapped != model)
        resolver_problem(resolver, base->abstract ? "%s is made from the abstract %s, which has no table: make it an EXTENDED_MODEL."
                         : "%s is an EXTENDED_MODEL of %s, which is not abstract: make it a CHILD_MODEL or a PROXY_MODEL.", model->label, base->name);
    if (inherits && is_listed(resolver, base))
        make_fields(resolver, base);
    if (inherits && !base->n_fields) {
        resolver_problem(resolver, "%s is made from the model %s, whose app is not among the site's apps. Add it to settings' .apps.",
                         model->label, base->name);
        return;
    }
    for (size_t i = 0; inherits && i < base->n_fields; i++)
        add_inherited(resolver, model, base->fields[i]);
    for (size_t i = 0; inherits && i < base->n_many; i++)
        add_inherited(resolver, model, base->many[i]);
    size_t n_inherited = model->n_fields + model->n_many;
    add_rows(resolver, model, model);
    if (model->inheritance == INHERITS_TABLE)
        add_parent_link(resolver, model);
    if (model->inheritance == INHERITS_ALL) {
        model->concrete = base->concrete;
        model->table = base->table;
        model->parent_link = base->parent_link;
        model->managed = false;                 /* whoever makes tables passes it by */
        if (model->n_fields + model->n_many > n_inherited)
            resolver_problem(resolver, "%s is a PROXY_MODEL and cannot have fields of its own.", model->label);
    }
    if (!model->n_fields)
        resolver_problem(resolver, "%s has no fields.", model->label);
    else
        resolver_find_key(resolver, model);
}

/* What the steps made of the base's relations, for the fields that stand for them. */
static void complete_inherited(Model *model)
{
    for (size_t i = 0; i < model->n_fields + model->n_many; i++) {
        Field *field = i < model->n_fields ? model->fields[i] : model->many[i - model->n_fields];
        if (!field->inherited)
            continue;
        Field kept = *field;
        *field = *field->inherited;
        field->model = model;
        field->inherited = kept.inherited;
        field->position = kept.position;
        field->slot = kept.slot;
        field->layout = kept.layout;
    }
}

static void complete_bases(Resolver *resolver, Model *model)
{
    if (!model->base || model->inheritance == INHERITS_COLUMNS)
        return;
    if (is_listed(resolver, model->base))
        complete_bases(resolver, model->base);
    complete_inherited(model);
}

/* --- 3: targets --- */

static Model *find_model(const Resolver *resolver, const char *label)
{
    for (size_t i = 0; i < resolver->count; i++)
        if (!strcasecmp(resolver->models[i]->label, label))
            return resolver->models[i];
    return resolver->temporary ? NULL : capo_model(label);
}

static void find_target(Resolver *resolver, Field *field)
{
    const FieldRow *row = field->row;
    Model *target = row->target ? row->target : row->to ? find_model(resolver, row->to) : NULL;
    if (target && target->swapped)
        target = target->swapped;
    if (!target || !target->label) {
        resolver_problem(resolver, "%s.%s points to the model %s, whose app is not among the site's apps. Add it to settings' .apps.",
                field->model->label, field->name, target ? target->name : row->to ? row->to : "(none)");
        return;
    }
    field->target = target;
    field->target_name = target->label;
    if (field->kind == FIELD_MANY_TO_MANY)
        field->symmetrical = target == field->model && !row->options.many.not_symmetrical;
}

Field *resolver_scan_field(const Model *model, const char *name)
{
    for (size_t i = 0; i < model->n_fields; i++)
        if (!strcmp(model->fields[i]->name, name) || !strcmp(model->fields[i]->attname, name))
            return model->fields[i];
    for (size_t i = 0; i < model->n_many; i++)
        if (!strcmp(model->many[i]->name, name))
            return model->many[i];
    return NULL;
}

const char *resolver_suggestion(const Model *model, const char *name)
{
    const char *names[256];
    size_t count = 0;
    for (size_t i = 0; i < model->n_fields && count < 256; i++)
        names[count++] = model->fields[i]->name;
    for (size_t i = 0; i < model->n_many && count < 256; i++)
        names[count++] = model->many[i]->name;
    return capo_did_you_mean(name, names, count);
}

static void find_target_field(Resolver *resolver, Field *field)
{
    if (!field->target)
        return;
    field->target_field = field->target->pk;
    const FieldRow *row = field->row;
    bool is_swapped = row->target && row->target->swapped, is_number = capo_field_storage(field->target->pk) == STORAGE_INT;
    if (is_swapped && field->model->size && field->kind != FIELD_MANY_TO_MANY && !is_number && !row->options.relation.any_key)
        resolver_problem(resolver, "%s.%s points to %s, in whose place the site has %s, and the struct's member has no room for a key of its "
                         "kind, a %s: write AUTH_USER_MODEL as the target.", field->model->label, field->name, row->target->label,
                         field->target->label, capo_field_kind_name(field->target->pk->kind));
    const char *to_field = field->kind == FIELD_MANY_TO_MANY ? NULL : field->row->options.relation.to_field;
    if (!to_field && field->target_field && field->target_field->kind == FIELD_COMPOSITE_KEY)
        resolver_problem(resolver, "%s.%s points to %s, whose key is composite: relations to such models are not supported.", field->model->label, field->name,
                         field->target->label);
    if (!to_field)
        return;
    Field *wanted = resolver_scan_field(field->target, to_field);
    if (!wanted || !wanted->column)
        resolver_problem(resolver, "%s.%s: .to_field names %s, which %s does not have.%s", field->model->label, field->name, to_field,
                field->target->label, resolver_suggestion(field->target, to_field));
    else if (!wanted->unique || wanted->kind == FIELD_COMPOSITE_KEY)
        resolver_problem(resolver, "%s.%s: .to_field names %s.%s, which must be .unique = true.", field->model->label, field->name,
                field->target->label, wanted->name);
    else if (field->model->size && field->target->size && wanted != field->target->pk
             && capo_field_storage(wanted) != capo_field_storage(field->target->pk))
        resolver_problem(resolver, "%s.%s: .to_field names %s.%s, a %s, but the struct's member has the type of %s's key, a %s.",
                field->model->label, field->name, field->target->label, wanted->name, capo_field_kind_name(wanted->kind),
                field->target->label, capo_field_kind_name(field->target->pk->kind));
    else
        field->target_field = wanted;
}

/* --- 4: join models --- */

static Model *make_through(Resolver *resolver, Field *field)
{
    Arena *arena = resolver->arena;
    Model *owner = field->model, *target = field->target;
    Model *through = arena_alloc(arena, sizeof *through);
    FieldRow *rows = arena_alloc(arena, 5 * sizeof *rows);
    const char *from = owner->name_lower, *to = target->name_lower;
    if (!strcmp(from, to)) {
        from = arena_format(arena, "from_%s", from);
        to = arena_format(arena, "to_%s", to);
    }
    const char *name = arena_format(arena, "%s_%s", owner->name, field->name);
    const char *hidden = arena_format(arena, "%s+", name);
    const char **pair = arena_alloc(arena, 3 * sizeof *pair);
    const char *const **together = arena_alloc(arena, 2 * sizeof *together);
    pair[0] = from;
    pair[1] = to;
    together[0] = pair;
    rows[0] = (FieldRow){ .name = "id", .kind = FIELD_BIG_AUTO, .default_key = true };
    rows[1] = (FieldRow){ .name = from, .kind = FIELD_FOREIGN_KEY, .target = owner,
        .options.relation = { .on_delete = CASCADE, .related_name = hidden } };
    rows[2] = (FieldRow){ .name = to, .kind = FIELD_FOREIGN_KEY, .target = target,
        .options.relation = { .on_delete = CASCADE, .related_name = hidden } };
    rows[3] = (FieldRow){ .name = "Meta", .kind = FIELD_META, .options.meta = {
        .db_table = field->db_table ? field->db_table : arena_format(arena, "%s", capo_short_name(capo_format("%s_%s", owner->table, field->name), capo_database_table_length())),
        .verbose_name = arena_format(arena, "%s-%s relationship", from, to),
        .verbose_name_plural = arena_format(arena, "%s-%s relationships", from, to),
        .unique_together = together, .unmanaged = !owner->managed && !target->managed } };
    *through = (Model){ .name = name, .rows = rows, .app = owner->app, .auto_created = true };
    return through;
}

/* The join model's key to `target`: the one that through_fields names, else the only one; of two to the same model (a relation
 * to itself) the first is the source. */
static Field *through_key(Resolver *resolver, Field *field, Model *target, int which)
{
    Model *through = field->through;
    const char *const *names = field->row->options.many.through_fields;
    if (names && names[0] && names[1]) {
        Field *key = resolver_scan_field(through, names[which]);
        if (!key || key->target != target)
            resolver_problem(resolver, "%s.%s: .through_fields names %s, which is not a key of %s to %s.%s", field->model->label, field->name,
                    names[which], through->label, target->label, key ? "" : resolver_suggestion(through, names[which]));
        return key;
    }
    Field *found = NULL;
    int seen = 0, wanted = field->model == field->target ? which : 0;
    for (size_t i = 0; i < through->n_fields; i++)
        if (through->fields[i]->target == target && seen++ == wanted)
            found = through->fields[i];
    if (!found)
        resolver_problem(resolver, "%s.%s: its .through model %s has no FOREIGN_KEY to %s.", field->model->label, field->name, through->label, target->label);
    else if (seen > (field->model == field->target ? 2 : 1))
        resolver_problem(resolver, "%s.%s: its .through model %s has more than one FOREIGN_KEY to %s; say which with .through_fields.",
                field->model->label, field->name, through->label, target->label);
    return found;
}

static void find_through(Resolver *resolver, Field *field)
{
    if (!field->target || !field->through)
        return;
    field->through_source = through_key(resolver, field, field->model, 0);
    field->through_target = through_key(resolver, field, field->target, 1);
    field->db_table = field->through->table;
    if (field->through_target && field->through_target->target_field)
        field->target_field = field->through_target->target_field;
}

/* --- 5: the other side of relations --- */

/* related_name with %(class)s, %(model_name)s and %(app_label)s filled in. */
static const char *fill_name(Arena *arena, const Model *model, const char *name)
{
    const struct { const char *key, *value; } keys[] = {
        { "%(class)s", model->name_lower }, { "%(model_name)s", model->name_lower }, { "%(app_label)s", model->app },
    };
    for (size_t i = 0; name && i < sizeof keys / sizeof *keys; i++) {
        const char *at = strstr(name, keys[i].key);
        if (at) {
            char *filled = arena_format(arena, "%.*s%s%s", (int)(at - name), name, keys[i].value, at + strlen(keys[i].key));
            return fill_name(arena, model, resolver_lower(arena, filled));
        }
    }
    return name;
}

static void name_reverse(Resolver *resolver, Field *field)
{
    Arena *arena = resolver->arena;
    const Model *model = field->model;
    const char *written = fill_name(arena, model, field->related_name ? field->related_name : model->meta->default_related_name);
    const char *query_name = fill_name(arena, model, field->related_query_name);
    field->hidden_relation = field->symmetrical || (written && capo_ends_with(written, "+"));
    if (field->hidden_relation) {
        field->related_name = NULL;
        field->related_query_name = query_name ? query_name : written ? written : arena_format(arena, "%s_rel_+", field->name);
        return;
    }
    field->related_query_name = query_name ? query_name : written ? written : model->name_lower;
    field->related_name = written ? written
        : field->kind == FIELD_ONE_TO_ONE ? model->name_lower : arena_format(arena, "%s_set", model->name_lower);
}

/* What helps where two relations have one name at their target: a user model that the program was not compiled for clashes with auth.User. */
static const char *advice_on_clash(Arena *arena, const Model *one, const Model *other)
{
    const Model *own = one->meta->swappable ? other : other->meta->swappable ? one : NULL;
    if (!own || !own->meta->username_field)
        return "Give .related_name to one of them.";
    return arena_format(arena, "If %s is to be the site's user model, compile all of the program with -DAUTH_USER_MODEL=%s (in meson.build: "
                        "add_project_arguments); else give .related_name to one of them.", own->label, own->name);
}

static void check_reverse(Resolver *resolver, Field *field)
{
    Model *target = field->target->concrete;
    const char *label = field->model->label, *name = field->name;
    if (field->hidden_relation)
        return;
    for (int which = 0; which < 2; which++) {
        const char *wanted = which ? field->related_query_name : field->related_name;
        const char *what = which ? "reverse query name" : "reverse accessor";
        Field *clash = resolver_scan_field(target, wanted);
        if (clash)
            resolver_problem(resolver, "%s.%s: its %s \"%s\" clashes with the field %s.%s. Rename that field, or give .related_name.", label, name,
                    what, wanted, target->label, clash->name);
        for (size_t i = 0; i < target->n_reverse; i++) {
            Field *other = target->reverse[i];
            if (other->hidden_relation || other == field || strcmp(which ? other->related_query_name : other->related_name, wanted))
                continue;
            resolver_problem(resolver, "%s.%s: its %s \"%s\" clashes with that of %s.%s. %s", label, name, what, wanted,
                    other->model->label, other->name, advice_on_clash(resolver->arena, other->model, field->model));
            break;
        }
    }
}

void resolver_link_reverse(Resolver *resolver, Field *field)
{
    if (!field->target)
        return;
    name_reverse(resolver, field);
    Model *target = field->target->concrete;    /* a proxy has the relations of its base */
    if (resolver->temporary && !is_listed(resolver, target))
        return;
    if (field->model->size || !resolver->temporary)     /* between two migrations names may clash for a moment */
        check_reverse(resolver, field);
    append(resolver->arena, &target->reverse, &target->n_reverse, field);
}

/* --- generic relations --- */

static void link_generic(Resolver *resolver, Model *model)
{
    for (const GenericRelation *relation = model->meta->generic_relations; relation && relation->name; relation++) {
        const GenericKey *key = NULL;
        for (const GenericKey *one = relation->model->meta ? relation->model->meta->generic_keys : NULL; one && one->name && !key; one++)
            if (!relation->generic_key || !strcmp(one->name, relation->generic_key))
                key = one;
        const Field *column = key ? resolver_scan_field(relation->model, key->key) : NULL, *type = key ? resolver_scan_field(relation->model, key->type) : NULL;
        if (!column || !type || !type->target) {
            resolver_problem(resolver, "%s: the generic relation \"%s\" leads to %s, which has no generic key%s%s with a type and a key.", model->label,
                             relation->name, relation->model->name, relation->generic_key ? " " : "", relation->generic_key ? relation->generic_key : "");
            continue;
        }
        Field *field = arena_alloc(resolver->arena, sizeof *field);
        *field = *column;
        if (model->pk->kind == FIELD_COMPOSITE_KEY) {
            resolver_problem(resolver, "%s: its key is composite, and generic relations of such models are not supported.", model->label);
            continue;
        }
        field->kind = FIELD_FOREIGN_KEY;
        field->target = model;
        field->target_name = model->label;
        field->target_field = model->pk;
        field->related_name = field->related_query_name = relation->name;
        field->on_delete = CASCADE;
        field->db_constraint = field->unique = false;
        field->generic_type = type;
        field->known_storage = 0;
        check_reverse(resolver, field);
        append(resolver->arena, &model->reverse, &model->n_reverse, field);
    }
}

/* --- all steps --- */

/* Puts a join model behind its owner and the owner's earlier ones. */
static void insert_through(Resolver *resolver, Model *owner, Model *through)
{
    Model **models = arena_alloc(resolver->arena, (resolver->count + 1) * sizeof *models);
    size_t at = 0;
    while (resolver->models[at] != owner)
        at++;
    for (at++; at < resolver->count && resolver->models[at]->auto_created; at++)
        ;
    memcpy(models, resolver->models, at * sizeof *models);
    models[at] = through;
    memcpy(models + at + 1, resolver->models + at, (resolver->count - at) * sizeof *models);
    resolver->models = models;
    resolver->count++;
}

static void each_relation(Resolver *resolver, Model *model, void (*see)(Resolver *, Field *))
{
    for (size_t i = 0; i < model->n_fields; i++)
        if (capo_field_is_relation(model->fields[i]->kind) && !model->fields[i]->inherited)
            see(resolver, model->fields[i]);
    for (size_t i = 0; i < model->n_many; i++)
        if (!model->many[i]->inherited)
            see(resolver, model->many[i]);
}

static void make_throughs(Resolver *resolver, Model *model)
{
    for (size_t i = 0; i < model->n_many; i++) {
        Field *field = model->many[i];
        if (!field->target || field->inherited)
            continue;
        if (field->row->options.many.through) {
            field->through = field->row->options.many.through;
            if (!field->through->label)
                resolver_problem(resolver, "%s.%s: its .through model %s is not in any of the site's apps.", model->label, field->name, field->through->name);
            continue;
        }
        if (model->pk->kind == FIELD_COMPOSITE_KEY || field->target->pk->kind == FIELD_COMPOSITE_KEY) {
            resolver_problem(resolver, "%s.%s: %s has a composite key, and many-to-many relations of such models are not supported.", model->label, field->name,
                             model->pk->kind == FIELD_COMPOSITE_KEY ? model->label : field->target->label);
            continue;
        }
        Model *through = make_through(resolver, field);
        field->through = through;
        name_model(resolver, through);
        make_fields(resolver, through);
        each_relation(resolver, through, find_target);
        insert_through(resolver, model, through);
    }
}

static void check_tables(Resolver *resolver)
{
    for (size_t i = 0; i < resolver->count; i++)
        for (size_t k = 0; k < i; k++) {
            Model *a = resolver->models[k], *b = resolver->models[i];
            if (!strcmp(a->label_lower, b->label_lower))
                resolver_problem(resolver, "Two models are called %s.", b->label);
            else if (a->managed && b->managed && !strcasecmp(a->table, b->table))
                resolver_problem(resolver, "%s and %s both have the table \"%s\".", a->label, b->label, b->table);
        }
}

void resolver_run(Resolver *resolver)
{
    Model **given = resolver->models;
    size_t n_given = resolver->count;
    for (size_t i = 0; i < n_given; i++)
        name_model(resolver, given[i]);
    for (size_t i = 0; i < n_given; i++)
        make_fields(resolver, given[i]);
    for (size_t i = 0; i < n_given; i++)
        each_relation(resolver, given[i], find_target);
    if (!resolver->problems.size)
        for (size_t i = 0; i < n_given; i++)
            make_throughs(resolver, given[i]);
    for (size_t i = 0; i < resolver->count; i++)
        each_relation(resolver, resolver->models[i], find_target_field);
    if (!resolver->problems.size)
        for (size_t i = 0; i < n_given; i++)
            for (size_t k = 0; k < given[i]->n_many; k++)
                if (!given[i]->many[k]->inherited)
                    find_through(resolver, given[i]->many[k]);
    check_tables(resolver);
    if (!resolver->problems.size)
        for (size_t i = 0; i < resolver->count; i++)
            each_relation(resolver, resolver->models[i], resolver_link_reverse);
    for (size_t i = 0; !resolver->problems.size && i < resolver->count; i++)
        if (resolver->models[i]->concrete == resolver->models[i])
            link_generic(resolver, resolver->models[i]);
    for (size_t i = 0; !resolver->problems.size && i < resolver->count; i++)
        resolver_link_foreign(resolver, resolver->models[i]);
    if (!resolver->problems.size) {
        for (size_t i = 0; i < resolver->count; i++)
            complete_bases(resolver, resolver->models[i]);
        for (size_t i = 0; i < resolver->count; i++)
            resolver_make_names(resolver->arena, resolver->models[i]);
        size_t n_earlier;
        Model *const *earlier = capo_all_models(&n_earlier);
        for (size_t i = 0; !resolver->temporary && i < n_earlier; i++)      /* which may be pointed at now */
            resolver_make_names(resolver->arena, earlier[i]);
        for (size_t i = 0; i < resolver->count; i++)
            resolver_check_meta(resolver, resolver->models[i]);
    }
    if (resolver->problems.size) {
        /* Half-resolved models must not be taken for whole ones by a later call. */
        for (size_t i = 0; i < n_given; i++)
            given[i]->label = NULL;
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "%s", capo_buffer_text(&resolver->problems));
    }
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* From rows to models: names, columns, tables, keys, relations both ways, join models of many-to-many fields, and every mistake
 * of a declaration as a sentence before anything is served.
 *
 * The steps go over all models one after the other, since models refer to each other in any order: names, fields, targets,
 * join models, reverse relations, name tables, Meta. Mistakes are collected and raised together. */
#include "internal.h"
#include <capo/web.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct Resolver {
    Arena *arena;
    bool temporary;                     /* capo_models_resolve: leave models outside the list as they are */
    const App *const *apps;             /* of capo_models_prepare */
    Model **models; size_t count;       /* join models stand behind their owner */
    Buffer problems;
} Resolver;

/* All prepared models, for the life of the process. */
static struct { Arena *arena; Model **models; size_t count; const App **apps; size_t n_apps; } registry;

/* A model's names: open addressing; `field` by name and attname, `reverse` by accessor and query name. */
typedef struct NameEntry { const char *name; Field *field, *reverse; } NameEntry;
typedef struct Names { size_t mask; NameEntry entries[]; } Names;

static const MetaOptions no_meta;

static void problem(Resolver *resolver, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void problem(Resolver *resolver, const char *format, ...)
{
    va_list args;
    if (resolver->problems.size)
        capo_put_char(&resolver->problems, '\n');
    va_start(args, format);
    capo_put_vformat(&resolver->problems, format, args);
    va_end(args);
}

static char *lower(Arena *arena, const char *text)
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

static void name_model(Resolver *resolver, Model *model)
{
    Arena *arena = resolver->arena;
    const MetaOptions *meta = &no_meta;
    if (!model->app)
        capo_bug("the model %s has no .app; capo_models_resolve() wants it set.", model->name);
    for (const FieldRow *row = model->rows; row->name; row++)
        if (row->kind == FIELD_META)
            meta = &row->options.meta;
    model->meta = meta;
    model->fields = model->many = model->reverse = NULL;
    model->n_fields = model->n_many = model->n_reverse = 0;
    model->indexes = NULL;
    model->constraints = NULL;
    model->n_indexes = model->n_constraints = 0;
    model->pk = NULL;
    model->names = NULL;
    if (meta->model_name)
        model->name = meta->model_name;
    model->label = arena_format(arena, "%s.%s", model->app, model->name);
    model->label_lower = lower(arena, model->label);
    model->name_lower = lower(arena, model->name);
    model->table = meta->db_table ? meta->db_table : arena_format(arena, "%s_%s", model->app, model->name_lower);
    model->verbose_name = meta->verbose_name ? meta->verbose_name : camel_to_spaces(arena, model->name);
    model->verbose_name_plural = meta->verbose_name_plural ? meta->verbose_name_plural : arena_format(arena, "%ss", model->verbose_name);
    model->ordering = meta->ordering;
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
    problem(resolver, "The default_auto_field of %s is \"%s\"; it may be \"AutoField\", \"BigAutoField\" or \"SmallAutoField\".",
            app ? app->name : "the settings", name);
    return FIELD_BIG_AUTO;
}

static void make_fields(Resolver *resolver, Model *model)
{
    const FieldLayout *layout = model->layout ? model->layout() : NULL;
    for (size_t i = 0; model->rows[i].name; i++) {
        const FieldRow *row = &model->rows[i];
        if (row->kind == FIELD_META)
            continue;
        Field *field = capo_field_from_row(resolver->arena, model, row);
        if (layout)
            field->layout = layout[i];
        if (row->default_key)
            field->kind = default_key_kind(resolver, model);
        for (size_t other = 0; other < model->n_fields + model->n_many; other++) {
            Field *earlier = other < model->n_fields ? model->fields[other] : model->many[other - model->n_fields];
            if (!strcasecmp(earlier->name, field->name) || !strcmp(earlier->attname, field->attname))
                problem(resolver, "%s has two fields called %s.", model->label, field->name);
            else if (field->column && earlier->column && !strcasecmp(earlier->column, field->column))
                problem(resolver, "%s.%s and %s.%s have the same column \"%s\".", model->label, earlier->name, model->label, field->name,
                        field->column);
        }
        const char *sentence = capo_field_problem(field);
        if (sentence)
            problem(resolver, "%s", sentence);
        if (field->kind == FIELD_MANY_TO_MANY) {
            field->position = (int)model->n_many;
            append(resolver->arena, &model->many, &model->n_many, field);
            continue;
        }
        if (row->primary_key || (!model->pk && !model->n_fields && !model->size))
            model->pk = field;
        field->position = (int)model->n_fields;
        append(resolver->arena, &model->fields, &model->n_fields, field);
    }
    if (!model->n_fields) {
        problem(resolver, "%s has no fields.", model->label);
        return;
    }
    if (!model->pk || model->size)
        model->pk = model->fields[0];           /* MODEL puts `id` there, MODEL_KEY its key */
    for (size_t i = 0; i < model->n_fields; i++)
        if (model->fields[i]->row->primary_key)
            model->pk = model->fields[i];
    Field *pk = model->pk;
    pk->primary_key = pk->unique = true;
    pk->db_index = false;
    if (capo_field_is_automatic(pk->kind)) {
        pk->auto_created = !strcmp(pk->name, "id") && !pk->row->options.common.verbose_name;
        if (pk->auto_created)
            pk->verbose_name = pk->label = "ID";
    } else if (pk->null) {
        problem(resolver, "%s.%s: a primary key cannot be OPTIONAL.", model->label, pk->name);
    }
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
    if (!target || !target->label) {
        problem(resolver, "%s.%s points to the model %s, whose app is not among the site's apps. Add it to settings' .apps.",
                field->model->label, field->name, target ? target->name : row->to ? row->to : "(none)");
        return;
    }
    field->target = target;
    field->target_name = target->label;
    if (field->kind == FIELD_MANY_TO_MANY)
        field->symmetrical = target == field->model && !row->options.many.not_symmetrical;
}

static Field *scan_field(const Model *model, const char *name)
{
    for (size_t i = 0; i < model->n_fields; i++)
        if (!strcmp(model->fields[i]->name, name) || !strcmp(model->fields[i]->attname, name))
            return model->fields[i];
    for (size_t i = 0; i < model->n_many; i++)
        if (!strcmp(model->many[i]->name, name))
            return model->many[i];
    return NULL;
}

static const char *suggestion(const Model *model, const char *name)
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
    const char *to_field = field->kind == FIELD_MANY_TO_MANY ? NULL : field->row->options.relation.to_field;
    if (!to_field)
        return;
    Field *wanted = scan_field(field->target, to_field);
    if (!wanted || !wanted->column)
        problem(resolver, "%s.%s: .to_field names %s, which %s does not have.%s", field->model->label, field->name, to_field,
                field->target->label, suggestion(field->target, to_field));
    else if (!wanted->unique)
        problem(resolver, "%s.%s: .to_field names %s.%s, which must be .unique = true.", field->model->label, field->name,
                field->target->label, wanted->name);
    else if (field->model->size && field->target->size && wanted != field->target->pk
             && capo_field_storage(wanted) != capo_field_storage(field->target->pk))
        problem(resolver, "%s.%s: .to_field names %s.%s, a %s, but the struct's member has the type of %s's key, a %s.",
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
        .db_table = field->db_table ? field->db_table : arena_format(arena, "%s_%s", owner->table, field->name),
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
        Field *key = scan_field(through, names[which]);
        if (!key || key->target != target)
            problem(resolver, "%s.%s: .through_fields names %s, which is not a key of %s to %s.%s", field->model->label, field->name,
                    names[which], through->label, target->label, key ? "" : suggestion(through, names[which]));
        return key;
    }
    Field *found = NULL;
    int seen = 0, wanted = field->model == field->target ? which : 0;
    for (size_t i = 0; i < through->n_fields; i++)
        if (through->fields[i]->target == target && seen++ == wanted)
            found = through->fields[i];
    if (!found)
        problem(resolver, "%s.%s: its .through model %s has no FOREIGN_KEY to %s.", field->model->label, field->name, through->label, target->label);
    else if (seen > (field->model == field->target ? 2 : 1))
        problem(resolver, "%s.%s: its .through model %s has more than one FOREIGN_KEY to %s; say which with .through_fields.",
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
            return fill_name(arena, model, lower(arena, filled));
        }
    }
    return name;
}

static void name_reverse(Resolver *resolver, Field *field)
{
    Arena *arena = resolver->arena;
    const Model *model = field->model;
    const char *written = fill_name(arena, model, field->related_name);
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

static void check_reverse(Resolver *resolver, Field *field)
{
    Model *target = field->target;
    const char *label = field->model->label, *name = field->name;
    if (field->hidden_relation)
        return;
    for (int which = 0; which < 2; which++) {
        const char *wanted = which ? field->related_query_name : field->related_name;
        const char *what = which ? "reverse query name" : "reverse accessor";
        Field *clash = scan_field(target, wanted);
        if (clash)
            problem(resolver, "%s.%s: its %s \"%s\" clashes with the field %s.%s. Rename that field, or give .related_name.", label, name,
                    what, wanted, target->label, clash->name);
        for (size_t i = 0; i < target->n_reverse; i++) {
            Field *other = target->reverse[i];
            if (other->hidden_relation || other == field || strcmp(which ? other->related_query_name : other->related_name, wanted))
                continue;
            problem(resolver, "%s.%s: its %s \"%s\" clashes with that of %s.%s. Give .related_name to one of them.", label, name, what, wanted,
                    other->model->label, other->name);
            break;
        }
    }
}

static void link_reverse(Resolver *resolver, Field *field)
{
    if (!field->target)
        return;
    name_reverse(resolver, field);
    if (resolver->temporary && !is_listed(resolver, field->target))
        return;
    if (field->model->size || !resolver->temporary)     /* between two migrations names may clash for a moment */
        check_reverse(resolver, field);
    append(resolver->arena, &field->target->reverse, &field->target->n_reverse, field);
}

/* --- 6: name tables --- */

static NameEntry *slot(Names *names, const char *name)
{
    uint32_t hash = 2166136261u;
    for (const char *c = name; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    for (size_t i = hash & names->mask;; i = (i + 1) & names->mask)
        if (!names->entries[i].name || !strcmp(names->entries[i].name, name))
            return &names->entries[i];
}

static void put_name(Names *names, const char *name, Field *field, Field *reverse)
{
    NameEntry *entry = slot(names, name);
    entry->name = name;
    if (field && !entry->field)
        entry->field = field;
    if (reverse && !entry->reverse)
        entry->reverse = reverse;
}

/* Keys have the storage of the column that they refer to, so that this comes after the relations are resolved. */
static void note_storage(Field *field)
{
    field->known_storage = 0;
    field->known_storage = (uint8_t)(1 + capo_field_storage(field));
}

static void make_names(Arena *arena, Model *model)
{
    for (size_t i = 0; i < model->n_fields; i++)
        note_storage(model->fields[i]);
    size_t wanted = 2 * (2 * (model->n_fields + model->n_many + model->n_reverse) + 1), size = 16;
    while (size < wanted)
        size *= 2;
    Names *names = arena_alloc(arena, sizeof *names + size * sizeof *names->entries);
    names->mask = size - 1;
    put_name(names, "pk", model->pk, NULL);
    for (size_t i = 0; i < model->n_fields; i++)
        put_name(names, model->fields[i]->name, model->fields[i], NULL);
    for (size_t i = 0; i < model->n_fields; i++)
        put_name(names, model->fields[i]->attname, model->fields[i], NULL);
    for (size_t i = 0; i < model->n_many; i++)
        put_name(names, model->many[i]->name, model->many[i], NULL);
    for (size_t i = 0; i < model->n_reverse; i++)
        put_name(names, model->reverse[i]->related_query_name, NULL, model->reverse[i]);
    for (size_t i = 0; i < model->n_reverse; i++)
        if (model->reverse[i]->related_name)
            put_name(names, model->reverse[i]->related_name, NULL, model->reverse[i]);
    model->names = names;
}

/* --- 7: Meta --- */

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
            problem(resolver, "%s: %s names \"%s\", and %s has no field \"%s\".%s", model->label, option, path, at->label, name, suggestion(at, name));
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
            problem(resolver, "%s: %s names \"%s\", a field that it does not have.%s", model->label, option, name, suggestion(model, name));
        else if (!field->column)
            problem(resolver, "%s: %s names \"%s\", which is many-to-many and has no column.", model->label, option, name);
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
            problem(resolver, "%s: an index of .indexes has no fields.", model->label);
        if (row->name && strlen(row->name) > 30)
            problem(resolver, "%s: the index name \"%s\" is longer than 30 characters.", model->label, row->name);
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
            problem(resolver, "%s: each of .constraints needs a .name.", model->label);
        if (!rows[i].unique == !rows[i].check)
            problem(resolver, "%s: the constraint %s needs either .unique or .check.", model->label, rows[i].name ? rows[i].name : "without a name");
        if (rows[i].unique)
            check_columns(resolver, model, rows[i].unique, ".constraints");
    }
    model->constraints = constraints;
    model->n_constraints = count;
}

static void check_meta(Resolver *resolver, Model *model)
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
    for (size_t i = 0; i < model->n_fields; i++) {
        const char *date = model->fields[i]->unique_for_date;
        if (date)
            check_path(resolver, model, date, ".unique_for_date");
    }
    make_indexes(resolver, model);
    make_constraints(resolver, model);
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
        if (capo_field_is_relation(model->fields[i]->kind))
            see(resolver, model->fields[i]);
    for (size_t i = 0; i < model->n_many; i++)
        see(resolver, model->many[i]);
}

static void make_throughs(Resolver *resolver, Model *model)
{
    for (size_t i = 0; i < model->n_many; i++) {
        Field *field = model->many[i];
        if (!field->target)
            continue;
        if (field->row->options.many.through) {
            field->through = field->row->options.many.through;
            if (!field->through->label)
                problem(resolver, "%s.%s: its .through model %s is not in any of the site's apps.", model->label, field->name, field->through->name);
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
                problem(resolver, "Two models are called %s.", b->label);
            else if (a->managed && b->managed && !strcasecmp(a->table, b->table))
                problem(resolver, "%s and %s both have the table \"%s\".", a->label, b->label, b->table);
        }
}

static void resolve(Resolver *resolver)
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
                find_through(resolver, given[i]->many[k]);
    check_tables(resolver);
    if (!resolver->problems.size)
        for (size_t i = 0; i < resolver->count; i++)
            each_relation(resolver, resolver->models[i], link_reverse);
    if (!resolver->problems.size) {
        for (size_t i = 0; i < resolver->count; i++)
            make_names(resolver->arena, resolver->models[i]);
        for (size_t i = 0; !resolver->temporary && i < registry.count; i++)
            make_names(resolver->arena, registry.models[i]);
        for (size_t i = 0; i < resolver->count; i++)
            check_meta(resolver, resolver->models[i]);
    }
    if (resolver->problems.size) {
        /* Half-resolved models must not be taken for whole ones by a later call. */
        for (size_t i = 0; i < n_given; i++)
            given[i]->label = NULL;
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "%s", capo_buffer_text(&resolver->problems));
    }
}

void capo_models_resolve(Model **models, size_t count)
{
    Resolver resolver = { .arena = capo_arena(), .temporary = true, .count = count };
    resolver.models = capo_memdup(models, count * sizeof *models);
    resolve(&resolver);
}

static bool is_prepared(const App *app)
{
    for (size_t i = 0; i < registry.n_apps; i++)
        if (registry.apps[i] == app)
            return true;
    return false;
}

void capo_models_prepare(const App *const *apps)
{
    if (!registry.arena)
        registry.arena = arena_new();
    Resolver resolver = { .arena = registry.arena, .apps = apps };
    size_t n_new = 0, n_models = 0;
    for (size_t i = 0; apps[i]; i++) {
        if (is_prepared(apps[i]))
            continue;
        for (size_t k = 0; k < registry.n_apps; k++)
            if (!strcmp(registry.apps[k]->name, apps[i]->name))
                problem(&resolver, "Two apps are called \"%s\". The name prefixes tables and permissions and must be unique.", apps[i]->name);
        for (size_t k = 0; k < i; k++)
            if (apps[k] != apps[i] && !strcmp(apps[k]->name, apps[i]->name))
                problem(&resolver, "Two apps are called \"%s\". The name prefixes tables and permissions and must be unique.", apps[i]->name);
        n_new++;
        for (size_t k = 0; apps[i]->models && apps[i]->models[k]; k++)
            n_models++;
    }
    if (!n_new)
        return;
    Model **models = arena_alloc(registry.arena, n_models * sizeof *models);
    size_t n = 0;
    for (size_t i = 0; apps[i]; i++)
        for (size_t k = 0; !is_prepared(apps[i]) && apps[i]->models && apps[i]->models[k]; k++) {
            models[n] = apps[i]->models[k];
            models[n++]->app = apps[i]->name;
        }
    resolver.models = models;
    resolver.count = n;
    resolve(&resolver);

    Model **all = arena_alloc(registry.arena, (registry.count + resolver.count + 1) * sizeof *all);
    if (registry.count)
        memcpy(all, registry.models, registry.count * sizeof *all);
    memcpy(all + registry.count, resolver.models, resolver.count * sizeof *all);
    registry.models = all;
    registry.count += resolver.count;
    const App **known = arena_alloc(registry.arena, (registry.n_apps + n_new) * sizeof *known);
    size_t n_known = registry.n_apps;
    if (n_known)
        memcpy(known, registry.apps, n_known * sizeof *known);
    for (size_t i = 0; apps[i]; i++)
        if (!is_prepared(apps[i]))
            known[n_known++] = apps[i];
    registry.n_apps = n_known;
    registry.apps = known;
}

Model *const *capo_all_models(size_t *ret_count)
{
    if (ret_count)
        *ret_count = registry.count;
    return registry.models;
}

Model *capo_model(const char *label)
{
    for (size_t i = 0; i < registry.count; i++)
        if (!strcasecmp(registry.models[i]->label, label))
            return registry.models[i];
    return NULL;
}

Model *capo_model_of(const char *app, const char *name_lower)
{
    for (size_t i = 0; i < registry.count; i++)
        if (!strcmp(registry.models[i]->app, app) && !strcasecmp(registry.models[i]->name_lower, name_lower))
            return registry.models[i];
    return NULL;
}

static const NameEntry *named(const Model *model, const char *name)
{
    if (!model->names)
        capo_bug("the model %s is used before capo_models_prepare() knew it. Is its app among settings' .apps?", model->name);
    return slot(model->names, name);
}

Field *capo_field(const Model *model, const char *name) { return named(model, name)->field; }
Field *capo_reverse_field(const Model *model, const char *name) { return named(model, name)->reverse; }

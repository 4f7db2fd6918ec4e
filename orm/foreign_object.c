/* SPDX-License-Identifier: BSD-3-Clause */
/* Relations over several columns: Meta's .foreign_objects as fields that have no column, and the object behind one. joins.c joins them. */
#include "instance.h"
#include "model_resolver.h"
#include "query.h"
#include "routing.h"
#include <string.h>

/* The other's columns are to say one row at most: they have its key, a unique field, or a unique set among them. */
static bool has_all(const Field *relation, const char *const *names, const Field *key)
{
    size_t count = 0;
    for (; key ? count < capo_key_size(key) : names[count] != NULL; count++) {
        const Field *wanted = key ? capo_key_part(key, count) : resolver_scan_field(relation->target, names[count]);
        bool there = false;
        for (size_t i = 0; i < relation->n_parts; i++)
            there |= relation->target_parts[i] == wanted;
        if (!there)
            return false;
    }
    return count > 0;
}

static bool is_unique(const Field *relation)
{
    const Model *target = relation->target;
    bool unique = has_all(relation, NULL, target->pk);
    for (size_t i = 0; i < relation->n_parts; i++)
        unique |= relation->target_parts[i]->unique;
    for (size_t i = 0; target->unique_together && target->unique_together[i]; i++)
        unique |= has_all(relation, target->unique_together[i], NULL);
    for (size_t i = 0; i < target->n_constraints; i++)
        unique |= target->meta->constraints[i].unique && !target->meta->constraints[i].condition && has_all(relation, target->meta->constraints[i].unique, NULL);
    return unique;
}

static Field *part_named(Resolver *resolver, const Model *model, const Model *of, const char *relation, const char *name)
{
    Field *field = resolver_scan_field(of, name);
    if (field && field->column && !field->inherited)
        return field;
    resolver_problem(resolver, "%s: .foreign_objects: \"%s\" names \"%s\", which is no field of %s with a column in its table.%s", model->label, relation, name,
                     of->name, resolver_suggestion(of, name));
    return NULL;
}

static Field *link_one(Resolver *resolver, Model *model, const ForeignObject *object)
{
    Field *field = arena_alloc(resolver->arena, sizeof *field);
    size_t n = 0, n_to = 0;
    while (object->from && object->from[n])
        n++;
    while (object->to && object->to[n_to])
        n_to++;
    if (!object->model || !object->model->label || !n || n != n_to) {
        resolver_problem(resolver, "%s: .foreign_objects: \"%s\" needs a model of the site's apps, and as many fields of it as of this one.", model->label, object->name);
        return NULL;
    }
    *field = (Field){ .model = model, .name = object->name, .attname = object->name, .kind = FIELD_FOREIGN_KEY, .null = true, .target = object->model,
                      .target_name = object->model->label, .on_delete = object->on_delete ? object->on_delete : DO_NOTHING, .related_name = object->related_name,
                      .related_query_name = object->related_query_name, .n_parts = n, .row = model->rows,
                      .verbose_name = object->name, .label = object->name, .help_text = "", .layout = { -1, -1, -1, -1, -1, -1 } };
    field->parts = arena_alloc(resolver->arena, n * sizeof *field->parts);
    field->target_parts = arena_alloc(resolver->arena, n * sizeof *field->target_parts);
    for (size_t i = 0; i < n; i++) {
        field->parts[i] = part_named(resolver, model, model, object->name, object->from[i]);
        field->target_parts[i] = part_named(resolver, model, object->model, object->name, object->to[i]);
        if (!field->parts[i] || !field->target_parts[i])
            return NULL;
        if (capo_field_storage(field->parts[i]) != capo_field_storage(field->target_parts[i]))
            resolver_problem(resolver, "%s: .foreign_objects: \"%s\" compares %s with %s.%s, which is of another kind.", model->label, object->name,
                             object->from[i], object->model->name, object->to[i]);
    }
    field->target_field = field->target_parts[0];
    if (field->on_delete != DO_NOTHING && field->on_delete != CASCADE && field->on_delete != PROTECT && field->on_delete != RESTRICT)
        resolver_problem(resolver, "%s: .foreign_objects: the .on_delete of \"%s\" may be CASCADE, PROTECT, RESTRICT or DO_NOTHING: it has no column that could be set.",
                         model->label, object->name);
    if (resolver_scan_field(model, object->name))
        resolver_problem(resolver, "%s: .foreign_objects: \"%s\" is a field too.", model->label, object->name);
    if (!is_unique(field))
        resolver_problem(resolver, "%s: .foreign_objects: \"%s\" may lead to several rows: no set of the fields that it names is unique in %s.", model->label,
                         object->name, object->model->name);
    return field;
}

void resolver_link_foreign(Resolver *resolver, Model *model)
{
    size_t count = 0;
    model->foreign = NULL;
    model->n_foreign = 0;
    while (model->meta->foreign_objects && model->meta->foreign_objects[count].name)
        count++;
    if (count)
        model->foreign = arena_alloc(resolver->arena, count * sizeof *model->foreign);
    for (size_t i = 0; i < count; i++) {
        Field *field = link_one(resolver, model, &model->meta->foreign_objects[i]);
        if (!field)
            continue;
        model->foreign[model->n_foreign++] = field;
        resolver_link_reverse(resolver, field);
    }
}

Field *capo_foreign_object(const Model *model, const char *name)
{
    for (size_t i = 0; i < model->concrete->n_foreign; i++)
        if (!strcmp(model->concrete->foreign[i]->name, name))
            return model->concrete->foreign[i];
    return NULL;
}

Value relation_value(const Instance *row, const Field *relation, bool of_target)
{
    if (!relation->n_parts)
        return capo_field_value(row, of_target ? relation->target_field : relation);
    List *values = capo_list_new();
    for (size_t i = 0; i < relation->n_parts; i++) {
        Value part = capo_field_value(row, of_target ? relation->target_parts[i] : relation->parts[i]);
        if (capo_is_null(part))
            return part;
        capo_list_add(values, part);
    }
    return capo_value_list(values);
}

Condition *relation_condition(const Field *relation, bool of_target, Value value)
{
    Condition **equal = capo_alloc_array(relation->n_parts + 1, sizeof *equal);
    for (size_t i = 0; i < relation->n_parts; i++)
        equal[i] = capo_q((of_target ? relation->target_parts[i] : relation->parts[i])->attname, value.list->items[i]);
    return capo_q_all(equal);
}

Instance *related_over_columns(Instance *self, const Field *relation, const char *file, int line)
{
    Instance *other;
    Value value = relation_value(self, relation, false);
    if (capo_is_null(value))
        return NULL;
    if (capo_instance_cached(self, relation, &other) || (self->state->peers && peers_read(self, relation->name, file, line) && capo_instance_cached(self, relation, &other)))
        return other;
    WITH_DATABASE(database_for(relation->target, self, NULL, DATABASE_READ));
    Query *query = capo_query_filter(capo_base_rows(relation->target), relation_condition(relation, true, value));
    other = capo_query_rows(capo_query_slice(query, 0, 1), NULL)[0];
    if (other)
        capo_instance_cache(self, relation, other);
    return other;
}

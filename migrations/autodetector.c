/* SPDX-License-Identifier: BSD-3-Clause */
/* What changed between two states, as operations.
 *
 * The detector holds the state as it is *now*: each operation that it plans is done to that state at once, so that every later step
 * compares against what will really be there. At the end both states say the same. The steps, in this order, for all apps:
 * renamed models, renamed fields, what must go before a field can go (constraints, indexes, unique_together), created models in
 * the order of their relations (a circle is broken by a later AddField), removed, added and altered fields, tables and options, new
 * indexes and constraints, deleted models. */
#include "detector.h"
#include <string.h>

static const char **references(const char *app, const Operation *op, const FieldState *gone)
{
    size_t count = 0, room = 2 * (op->n_fields + 2) + 2;
    const char **labels = capo_alloc_array(room, sizeof *labels);
    for (size_t i = 0; i < op->n_fields + 2; i++) {
        const FieldState *field = i < op->n_fields ? op->fields[i] : i == op->n_fields ? op->field : gone;
        const char *to = field ? field_state_text(field, "to") : NULL, *through = field ? field_state_text(field, "through") : NULL;
        if (to)
            labels[count++] = state_label(app, to);
        if (through)
            labels[count++] = state_label(app, through);
    }
    Value *bases = op->kind == CREATE_MODEL && op->options ? capo_map_get(op->options, "bases") : NULL;
    if (bases && bases->list->count)
        labels[count++] = state_label(app, capo_to_text(bases->list->items[0]));
    return labels;
}

static void plan_with(Detector *detector, const char *app, Operation *op, const FieldState *gone)
{
    if ((detector->count & (detector->count - 1)) == 0) {
        Planned *larger = capo_alloc_array(detector->count ? 2 * detector->count : 1, sizeof *larger);
        for (size_t i = 0; i < detector->count; i++)
            larger[i] = detector->planned[i];
        detector->planned = larger;
    }
    detector->planned[detector->count++] = (Planned){ .app = app, .operation = op, .refers = references(app, op, gone) };
    detector->now = operation_state(op, app, detector->now);
}

#define plan(detector, app, ...) plan_with((detector), (app), OPERATION(__VA_ARGS__), NULL)

static Value *option(const ModelState *model, const char *name)
{
    return capo_map_get(model->options, name);
}

static bool same_option(const ModelState *a, const ModelState *b, const char *name)
{
    Value *left = option(a, name), *right = option(b, name);
    return left && right ? capo_equal(*left, *right) : left == right;
}

/* Runs a step for each model that both states have. `now` is looked up anew: a step before may have changed it. */
static void each_kept(Detector *detector, void (*step)(Detector *, const ModelState *now, const ModelState *to))
{
    for (size_t i = 0; i < detector->to->count; i++) {
        const ModelState *to = detector->to->models[i], *now = state_find(detector->now, to->app, to->name);
        if (now)
            step(detector, now, to);
    }
}

/* --- renames ---------------------------------------------------------------------------------------------------------------------------- */

static bool same_fields(const ModelState *a, const ModelState *b)
{
    static const char *const relations[] = { "to", "through", NULL };
    bool same = a->n_fields == b->n_fields;
    for (size_t i = 0; same && i < a->n_fields; i++) {
        const FieldState *other = model_state_field(b, a->fields[i]->name);
        same = other && field_state_equal_but(a->fields[i], other, relations);
    }
    return same;
}

static void find_renamed_models(Detector *detector)
{
    for (size_t i = 0; i < detector->to->count; i++) {
        const ModelState *new = detector->to->models[i], *same = state_find(detector->now, new->app, new->name);
        if (same && strcmp(same->name, new->name) != 0)             /* Post, formerly post: the table keeps its name */
            plan(detector, new->app, .kind = RENAME_MODEL, .model = same->name, .new_name = new->name);
        for (size_t k = 0; !same && k < detector->now->count; k++) {
            const ModelState *old = detector->now->models[k];
            if (strcmp(old->app, new->app) != 0 || state_find(detector->to, old->app, old->name) || !same_fields(old, new))
                continue;
            if (!ask_renamed_model(detector->questioner, old, new))
                continue;
            plan(detector, new->app, .kind = RENAME_MODEL, .model = old->name, .new_name = new->name);
            break;
        }
    }
}

static const char *column_of(const FieldState *field)
{
    const char *column = field_state_text(field, "db_column");
    bool key = field->kind == FIELD_FOREIGN_KEY || field->kind == FIELD_ONE_TO_ONE;
    return column ? column : key ? capo_format("%s_id", field->name) : field->name;
}

/* Whether the old field could be the new one under another name: all the same, or its column pinned to the old name. */
static bool could_be_renamed(const FieldState *old, const FieldState *new)
{
    static const char *const column[] = { "db_column", NULL };
    const char *pinned = field_state_text(new, "db_column");
    return field_state_equal(old, new) || (pinned && strcmp(pinned, column_of(old)) == 0 && field_state_equal_but(old, new, column));
}

/* A check that is SQL by hand cannot follow: one that changes with the renamed field goes first and comes back at the end. */
static void drop_changed_checks(Detector *detector, const ModelState *now, const ModelState *to)
{
    Value *old = option(now, "constraints"), *new = option(to, "constraints");
    for (size_t i = 0; old && i < old->map->count; i++) {
        const char *name = capo_to_text(old->map->entries[i].key);
        Value *same = new ? capo_map_get(new->map, name) : NULL;
        if (meta_constraint_is_sql(old->map->entries[i].value) && !(same && capo_equal(*same, old->map->entries[i].value)))
            plan(detector, to->app, .kind = REMOVE_CONSTRAINT, .model = to->name, .name = name);
    }
}

static void find_renamed_fields(Detector *detector, const ModelState *now, const ModelState *to)
{
    for (size_t i = 0; i < to->n_fields; i++) {
        FieldState *new = to->fields[i];
        if (model_state_field(now, new->name))
            continue;
        for (size_t k = 0; k < now->n_fields; k++) {
            const FieldState *old = now->fields[k];
            if (model_state_field(to, old->name) || !could_be_renamed(old, new) || !ask_renamed_field(detector->questioner, to, old, new))
                continue;
            drop_changed_checks(detector, now, to);
            if (!field_state_equal(old, new))           /* the column stays: it is named first, then the field */
                plan(detector, to->app, .kind = ALTER_FIELD, .model = to->name, .name = old->name,
                     .field = field_state_with(old, "db_column", capo_value_text(column_of(old))));
            plan(detector, to->app, .kind = RENAME_FIELD, .model = to->name, .name = old->name, .new_name = new->name);
            now = state_find(detector->now, to->app, to->name);
            break;
        }
    }
}

/* --- what stands in the way ---------------------------------------------------------------------------------------------------------------- */

/* The name under which an index of these fields is to be there, if it is not there now. */
static const char *renamed_index(const Value *now, const Value *to, Value fields)
{
    for (size_t i = 0; to && i < to->map->count; i++) {
        const char *name = capo_to_text(to->map->entries[i].key);
        if (capo_equal(to->map->entries[i].value, fields) && !capo_map_get(now->map, name))
            return name;
    }
    return NULL;
}

static void remove_indexes(Detector *detector, const ModelState *now, const ModelState *to)
{
    for (size_t i = 0; ; i++) {
        Value *old = option(now, "indexes"), *new = option(to, "indexes");
        if (!old || i >= old->map->count)
            return;
        const char *name = capo_to_text(old->map->entries[i].key);
        Value fields = old->map->entries[i].value, *same = new ? capo_map_get(new->map, name) : NULL;
        if (same && capo_equal(*same, fields))
            continue;
        const char *other = same ? NULL : renamed_index(old, new, fields);
        if (other) {
            plan(detector, to->app, .kind = RENAME_INDEX, .model = to->name, .name = name, .new_name = other);
        } else {
            plan(detector, to->app, .kind = REMOVE_INDEX, .model = to->name, .name = name);
            i--;
        }
        now = state_find(detector->now, to->app, to->name);
    }
}

/* All but what full_clean says of it. */
static Map *without_words(const Map *constraint) { return map_without(map_without(constraint, "violation_code"), "violation_message"); }

static void remove_constraints(Detector *detector, const ModelState *now, const ModelState *to)
{
    Value *old = option(now, "constraints"), *new = option(to, "constraints");
    for (size_t i = 0; old && i < old->map->count; i++) {
        const char *name = capo_to_text(old->map->entries[i].key);
        Value *same = new ? capo_map_get(new->map, name) : NULL;
        if (same && capo_equal(*same, old->map->entries[i].value))
            continue;
        if (same && capo_equal(capo_value_map(without_words(same->map)), capo_value_map(without_words(old->map->entries[i].value.map))))
            plan(detector, to->app, .kind = ALTER_CONSTRAINT, .model = to->name, .name = name, .options = same->map);
        else
            plan(detector, to->app, .kind = REMOVE_CONSTRAINT, .model = to->name, .name = name);
    }
}

static bool has_list(const Value *lists, Value list)
{
    for (size_t i = 0; lists && i < lists->list->count; i++)
        if (capo_equal(lists->list->items[i], list))
            return true;
    return false;
}

static void reduce_unique_together(Detector *detector, const ModelState *now, const ModelState *to)
{
    Value *old = option(now, "unique_together"), *new = option(to, "unique_together");
    List *left = capo_list_new();
    for (size_t i = 0; old && i < old->list->count; i++)
        if (has_list(new, old->list->items[i]))
            capo_list_add(left, old->list->items[i]);
    if (old && left->count < old->list->count)
        plan(detector, to->app, .kind = ALTER_UNIQUE_TOGETHER, .model = to->name, .list = left);
}

/* An order by a field that goes, or by none any more, is given up before it. */
static void drop_order(Detector *detector, const ModelState *now, const ModelState *to)
{
    Value *old = option(now, "order_with_respect_to"), *new = option(to, "order_with_respect_to");
    if (old && (!new || !model_state_field(to, old->text)))
        plan(detector, to->app, .kind = ALTER_ORDER_WITH_RESPECT_TO, .model = to->name);
}

/* --- created models ------------------------------------------------------------------------------------------------------------------------- */

enum { NEW, ON_PATH, CREATED };

typedef struct Creation { Detector *detector; const ModelState **models; int *marks; size_t count; } Creation;

static bool names_field(const char *option, Value value, const char *name)
{
    if (!strcmp(option, "indexes"))
        return meta_index_names(value, name);
    if (!strcmp(option, "constraints"))
        return meta_constraint_is_sql(value) || meta_constraint_names(value, name);
    for (size_t i = 0; i < value.list->count; i++)
        if (!strcmp(capo_to_text(value.list->items[i]), name))
            return true;
    return false;
}

/* Meta without what needs fields that come later; the last steps add it then. SQL by hand may name any column: it waits too. */
static Map *options_without(const ModelState *model, FieldState *const *later, size_t n_later)
{
    Map *options = map_copy(model->options);
    for (size_t i = 0; i < n_later; i++)
        for (const char *const *name = (const char *const[]){ "unique_together", "indexes", "constraints", "order_with_respect_to", NULL }; *name; name++) {
            Value *value = capo_map_get(options, *name);
            bool needs = value && capo_is_text(*value) && !strcmp(value->text, later[i]->name);
            for (size_t k = 0; value && value->kind == VALUE_LIST && k < value->list->count; k++)
                needs |= names_field(*name, value->list->items[k], later[i]->name);
            for (size_t k = 0; value && value->kind == VALUE_MAP && k < value->map->count; k++)
                needs |= names_field(*name, value->map->entries[k].value, later[i]->name);
            if (needs)
                options = map_without(options, *name);
        }
    return options;
}

static void create(Creation *creation, size_t at);

/* Whether the target of the relation is there by the time that this model is created; creates it where that is possible. */
static bool ready(Creation *creation, const ModelState *model, const FieldState *field, const char *option_name)
{
    const char *text = field_state_text(field, option_name), *to_field = field_state_text(field, "to_field");
    if (!text)
        return true;
    const char *label = state_label(model->app, text);
    if (same_name(label, model_state_label(model)))
        return true;
    for (size_t i = 0; i < creation->count; i++)
        if (same_name(model_state_label(creation->models[i]), label)) {
            if (strcmp(option_name, "to") == 0)         /* a join model refers back to here: it comes behind, and the field then */
                create(creation, i);
            return creation->marks[i] == CREATED;
        }
    const ModelState *target = state_find_label(creation->detector->now, label);
    return target && (!to_field || model_state_field(target, to_field));
}

static void create(Creation *creation, size_t at)
{
    const ModelState *model = creation->models[at];
    if (creation->marks[at] != NEW)
        return;
    creation->marks[at] = ON_PATH;
    for (size_t i = 0; model_state_base(model) && i < creation->count; i++)
        if (same_name(model_state_label(creation->models[i]), model_state_base(model)))
            create(creation, i);
    FieldState **fields = capo_alloc_array(model->n_fields + 1, sizeof *fields), **later = capo_alloc_array(model->n_fields + 1, sizeof *later);
    size_t n_fields = 0, n_later = 0;
    for (size_t i = 0; i < model->n_fields; i++) {
        bool good = ready(creation, model, model->fields[i], "to");
        good &= ready(creation, model, model->fields[i], "through");
        if (good)
            fields[n_fields++] = model->fields[i];
        else if (model_state_in_key(model, model->fields[i]->name))
            capo_raise(ERROR_COMMAND, "%s.%s is part of the key and points to a model that needs this one first: such a circle cannot be created.",
                       model_state_label(model), model->fields[i]->name);
        else
            later[n_later++] = model->fields[i];
    }
    creation->marks[at] = CREATED;
    plan(creation->detector, model->app, .kind = CREATE_MODEL, .model = model->name, .fields = fields, .n_fields = n_fields,
         .options = options_without(model, later, n_later));
}

static void create_models(Detector *detector)
{
    Creation creation = { .detector = detector };
    creation.models = capo_alloc_array(detector->to->count + 1, sizeof *creation.models);
    creation.marks = capo_alloc_array(detector->to->count + 1, sizeof *creation.marks);
    for (size_t i = 0; i < detector->to->count; i++)
        if (!state_find(detector->now, detector->to->models[i]->app, detector->to->models[i]->name))
            creation.models[creation.count++] = detector->to->models[i];
    for (size_t i = 0; i < creation.count; i++)
        create(&creation, i);
    /* what broke a circle */
    for (size_t i = 0; i < creation.count; i++) {
        const ModelState *model = creation.models[i], *now = state_find(detector->now, model->app, model->name);
        for (size_t f = 0; f < model->n_fields; f++)
            if (!model_state_field(now, model->fields[f]->name) && !field_state_text(model->fields[f], "to_field"))
                plan(detector, model->app, .kind = ADD_FIELD, .model = model->name, .name = model->fields[f]->name, .field = model->fields[f]);
    }
}

/* --- fields ----------------------------------------------------------------------------------------------------------------------------------- */

static const char *key_text(const FieldState *key)
{
    const Value *names = capo_map_get(key->options, "fields");
    return names ? capo_json_text(*names, 0) : key->name;
}

static void refuse_other_key(Detector *detector, const ModelState *now, const ModelState *to)
{
    const FieldState *old = model_state_pk(now), *new = model_state_pk(to);
    (void)detector;
    if (model_state_is_proxy(now) != model_state_is_proxy(to) || !same_option(now, to, "bases"))
        capo_raise(ERROR_COMMAND, "%s: what it is made from changed. Its rows cannot follow by themselves. Make a new model under another name, copy the "
                   "rows with a RunFunction, and delete the old one.", model_state_label(to));
    if (old && new && strcmp(key_text(old), key_text(new)) != 0)
        capo_raise(ERROR_COMMAND, "%s: its primary key was %s and is now %s. That is no change that rows and the keys of other tables survive by "
                   "themselves. Keep the key, or make a new model, copy the rows with a RunFunction, and delete the old one.",
                   model_state_label(to), key_text(old), key_text(new));
}

static bool alterable(const ModelState *model, const FieldState *old, const FieldState *new)
{
    bool old_many = old->kind == FIELD_MANY_TO_MANY, new_many = new->kind == FIELD_MANY_TO_MANY;
    if (old_many != new_many)
        return false;
    const char *before = field_state_text(old, "through"), *after = field_state_text(new, "through");
    if (old_many && (!before != !after))
        capo_raise(ERROR_COMMAND, "%s.%s: \"through\" was %s. The rows of the join table cannot follow by themselves. Give the field another name "
                   "first, copy the rows with a RunFunction, then remove the old field.", model_state_label(model), new->name, after ? "added" : "taken away");
    return true;
}

/* A generated column is not altered but made anew: it holds nothing that would be lost. */
static bool same_generated(const FieldState *old, const FieldState *new)
{
    const Value *before = capo_map_get(old->options, "generated"), *after = capo_map_get(new->options, "generated");
    bool same = before && after ? capo_equal(*before, *after) : before == after;
    return same && field_state_flag(old, "db_persist") == field_state_flag(new, "db_persist");
}

static bool is_generated(const FieldState *field) { return capo_map_get(field->options, "generated") != NULL; }

/* Those that are computed of others go before these, */
static void remove_fields(Detector *detector, const ModelState *now, const ModelState *to)
{
    for (int generated = 1; generated >= 0; generated--)
        for (size_t i = 0; i < now->n_fields; i++) {
            const FieldState *old = now->fields[i], *new = model_state_field(to, old->name);
            if (is_generated(old) == generated && (!new || !alterable(to, old, new) || !same_generated(old, new)))
                plan_with(detector, to->app, OPERATION(.kind = REMOVE_FIELD, .model = to->name, .name = old->name), old);
        }
}

static bool has_default(const FieldState *field)
{
    return field_state_flag(field, "default_function") || capo_map_get(field->options, "default") || capo_map_get(field->options, "db_default")
        || is_generated(field);
}

/* Whether rows that are there already can be given something without asking. */
static bool fills_itself(const FieldState *field)
{
    bool blank_text = capo_field_is_text(field->kind) && field_state_flag(field, "blank");
    return field->kind == FIELD_MANY_TO_MANY || field_state_flag(field, "null") || has_default(field) || blank_text || field_state_flag(field, "auto_now");
}

static void add_field(Detector *detector, const ModelState *to, FieldState *new)
{
    bool created_now = false;               /* a model of this run has no rows yet */
    for (size_t k = 0; k < detector->count; k++)
        created_now |= detector->planned[k].operation->kind == CREATE_MODEL && operation_is_about(detector->planned[k].operation, to->name)
            && strcmp(detector->planned[k].app, to->app) == 0;
    bool same_for_all = field_state_flag(new, "default_function") && (field_state_flag(new, "unique") || field_state_flag(new, "primary_key"));
    if (!created_now && same_for_all && !ask_unique_default(detector->questioner, to, new))
        capo_raise(ERROR_COMMAND, "Nothing was written.");
    Value one_off = created_now || fills_itself(new) ? capo_value_null() : ask_one_off(detector->questioner, to, new, false);
    plan(detector, to->app, .kind = ADD_FIELD, .model = to->name, .name = new->name, .field = new, .one_off = one_off);
}

/* and come behind them. */
static void add_fields(Detector *detector, const ModelState *now, const ModelState *to)
{
    for (int generated = 0; generated < 2; generated++)
        for (size_t i = 0; i < to->n_fields; i++) {
            now = state_find(detector->now, to->app, to->name);
            if (is_generated(to->fields[i]) == generated && !model_state_field(now, to->fields[i]->name))
                add_field(detector, to, to->fields[i]);
        }
}

static void alter_fields(Detector *detector, const ModelState *now, const ModelState *to)
{
    for (size_t i = 0; i < to->n_fields; i++) {
        FieldState *new = to->fields[i];
        const FieldState *old = model_state_field(now, new->name);
        if (!old || field_state_equal(old, new))
            continue;
        bool tightened = field_state_flag(old, "null") && !field_state_flag(new, "null") && !has_default(new) && new->kind != FIELD_MANY_TO_MANY;
        Value one_off = tightened ? ask_one_off(detector->questioner, to, new, true) : capo_value_null();
        plan_with(detector, to->app, OPERATION(.kind = ALTER_FIELD, .model = to->name, .name = new->name, .field = new, .one_off = one_off), old);
        now = state_find(detector->now, to->app, to->name);
    }
}

/* --- Meta --------------------------------------------------------------------------------------------------------------------------------------- */

static void alter_options(Detector *detector, const ModelState *now, const ModelState *to)
{
    Value *table = option(to, "db_table");
    if (!same_option(now, to, "db_table"))
        plan(detector, to->app, .kind = ALTER_MODEL_TABLE, .model = to->name, .table = table ? table->text : NULL);
    if (!same_option(now, to, "db_table_comment"))
        plan(detector, to->app, .kind = ALTER_MODEL_TABLE_COMMENT, .model = to->name,
             .comment = option(to, "db_table_comment") ? option(to, "db_table_comment")->text : NULL);
    bool same = true;
    Map *options = capo_map_new();
    for (const char *const *name = model_state_plain_options; *name; name++) {
        same &= same_option(now, to, *name);
        if (option(to, *name))
            capo_map_set(options, *name, *option(to, *name));
    }
    if (!same)
        plan(detector, to->app, .kind = ALTER_MODEL_OPTIONS, .model = to->name, .options = options);
}

static bool same_lists(const Value *a, const Value *b)
{
    if (!a || !b || a->list->count != b->list->count)
        return a == b;
    for (size_t i = 0; i < a->list->count; i++)
        if (!has_list(b, a->list->items[i]))
            return false;
    return true;
}

static void plan_index(Detector *detector, const ModelState *to, const char *name, Value index)
{
    bool plain = index.kind == VALUE_LIST;
    plan(detector, to->app, .kind = ADD_INDEX, .model = to->name, .name = name, .list = plain ? index.list : NULL, .options = plain ? NULL : index.map);
}

static void add_indexes(Detector *detector, const ModelState *now, const ModelState *to)
{
    Value *together = option(to, "unique_together"), *indexes = option(to, "indexes"), *constraints = option(to, "constraints");
    Value *old_indexes = option(now, "indexes"), *old_constraints = option(now, "constraints");
    if (!same_lists(option(now, "unique_together"), together))
        plan(detector, to->app, .kind = ALTER_UNIQUE_TOGETHER, .model = to->name, .list = together ? together->list : capo_list_new());
    if (option(to, "order_with_respect_to") && !same_option(now, to, "order_with_respect_to"))
        plan(detector, to->app, .kind = ALTER_ORDER_WITH_RESPECT_TO, .model = to->name, .name = option(to, "order_with_respect_to")->text);
    for (size_t i = 0; indexes && i < indexes->map->count; i++) {
        const char *name = capo_to_text(indexes->map->entries[i].key);
        if (!old_indexes || !capo_map_get(old_indexes->map, name))
            plan_index(detector, to, name, indexes->map->entries[i].value);
    }
    for (size_t i = 0; constraints && i < constraints->map->count; i++) {
        const char *name = capo_to_text(constraints->map->entries[i].key);
        if (!old_constraints || !capo_map_get(old_constraints->map, name))
            plan(detector, to->app, .kind = ADD_CONSTRAINT, .model = to->name, .name = name, .options = constraints->map->entries[i].value.map);
    }
}

/* --- deleted models -------------------------------------------------------------------------------------------------------------------------------- */

/* A relation of another model, of those that still are, to this one. */
static const ModelState *referrer(const ProjectState *state, const ModelState *model, const FieldState **ret_field)
{
    const char *label = model_state_label(model);
    for (size_t i = 0; i < state->count; i++)
        for (size_t f = 0; state->models[i] != model && f < state->models[i]->n_fields; f++) {
            const FieldState *field = state->models[i]->fields[f];
            for (const char *const *name = (const char *const[]){ "through", "to", NULL }; *name; name++) {
                const char *text = field_state_text(field, *name);
                if (text && same_name(state_label(state->models[i]->app, text), label)) {
                    *ret_field = field;
                    return state->models[i];
                }
            }
        }
    return NULL;
}

/* A child or a proxy of it is still there, and goes first. */
static bool is_base(const ProjectState *state, const ModelState *model)
{
    for (size_t i = 0; i < state->count; i++)
        if (model_state_base(state->models[i]) && same_name(model_state_base(state->models[i]), model_state_label(model)))
            return true;
    return false;
}

static void delete_models(Detector *detector)
{
    for (;;) {
        const ModelState *free_one = NULL, *bound = NULL, *holder = NULL;
        const FieldState *field = NULL, *holding = NULL;
        for (size_t i = 0; i < detector->now->count && !free_one; i++) {
            const ModelState *old = detector->now->models[i];
            if (state_find(detector->to, old->app, old->name))
                continue;
            if (is_base(detector->now, old))
                continue;
            const ModelState *other = referrer(detector->now, old, &field);
            if (!other)
                free_one = old;
            else if (!bound)
                bound = old, holder = other, holding = field;
        }
        if (free_one)
            plan_with(detector, free_one->app, OPERATION(.kind = DELETE_MODEL, .model = free_one->name, .fields = free_one->fields, .n_fields = free_one->n_fields), NULL);
        else if (bound)                         /* only circles are left: one relation goes first */
            plan_with(detector, holder->app, OPERATION(.kind = REMOVE_FIELD, .model = holder->name, .name = holding->name), holding);
        else
            return;
    }
}

void detect_operations(Detector *detector)
{
    find_renamed_models(detector);
    each_kept(detector, find_renamed_fields);
    each_kept(detector, refuse_other_key);
    each_kept(detector, remove_indexes);
    each_kept(detector, remove_constraints);
    each_kept(detector, reduce_unique_together);
    each_kept(detector, drop_order);
    create_models(detector);
    each_kept(detector, remove_fields);
    each_kept(detector, add_fields);
    each_kept(detector, alter_fields);
    each_kept(detector, alter_options);
    each_kept(detector, add_indexes);
    delete_models(detector);
}

DetectedApp *detect_changes(const ProjectState *from, const ProjectState *to, const MigrationGraph *graph, const char *const *only,
                            const char *name, Questioner *questioner, size_t *ret_count)
{
    Detector detector = { .now = state_clone(from), .to = swappable_kept(from, to), .questioner = questioner };
    detect_operations(&detector);
    return arrange_operations(&detector, graph, only, name, ret_count);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The ORM cases: chains of query steps, operations, and their answers as JSON. ORM.md beside the cases has the form. */
#include "orm.h"
#include <capo/unit.h>
#include <stdlib.h>
#include <string.h>

/* --- chains --- */

typedef struct Chain { Query *query; OrmForm form; } Chain;

static const char *const *texts(const List *list, size_t from)
{
    const char **array = capo_alloc_array(list->count + 1, sizeof *array);
    for (size_t i = from; i < list->count; i++) {
        if (!capo_is_text(list->items[i]))
            capo_raise(ERROR_VALUE, "A name is expected here.");
        array[i - from] = list->items[i].text;
    }
    return array;
}

static void step_annotate(Chain *chain, const List *step, bool selected)
{
    Query *query = query_clone(chain->query);
    if (query->combinator)
        query = capo_query_annotate(query, NULL);
    const Map *map = step->items[1].map;
    for (size_t i = 0; i < map->count; i++) {
        Value json = map->entries[i].value;
        if (!orm_is_expression(json))
            capo_raise(ERROR_VALUE, "QuerySet.annotate() received non-expression(s).");
        Expression *expression = orm_expression(json);
        query_add_annotation(query, expression, map->entries[i].key.text, selected);
    }
    chain->query = query;
}

static void step_values(Chain *chain, const List *step, OrmForm form)
{
    Query *query = query_clone(chain->query);
    const char **names = capo_alloc_array(step->count + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 1; i < step->count; i++) {
        Value item = step->items[i];
        if (item.kind == VALUE_MAP) {
            bool named = !orm_is_expression(item);
            const char *name = named ? item.map->entries[0].key.text : capo_format("expression%zu", i);
            query_add_annotation(query, orm_expression(named ? item.map->entries[0].value : item), name, true);
            names[count++] = name;
        } else {
            names[count++] = item.text;
        }
    }
    query_set_values(query, step->count > 1 ? names : NULL, count);
    chain->query = query;
    chain->form = form;
}

static void step_order(Chain *chain, const List *step)
{
    OrderTerm *terms = capo_alloc_array(step->count + 1, sizeof *terms);
    size_t count = 0;
    for (size_t i = 1; i < step->count; i++) {
        Value item = step->items[i];
        OrderTerm term = { 0 };
        if (item.kind == VALUE_MAP && (capo_map_get(item.map, "asc") || capo_map_get(item.map, "desc"))) {
            term.descending = capo_map_get(item.map, "desc") != NULL;
            Value of = *capo_map_get(item.map, term.descending ? "desc" : "asc"), nulls = conformance_get(item.map, "nulls");
            term.nulls = !capo_is_text(nulls) ? 0 : nulls.text[0] == 'f' ? 1 : 2;
            term.expression = capo_is_text(of) ? expression_path(of.text) : orm_expression(of);
        } else if (capo_is_text(item)) {
            term.path = item.text;
        } else {
            term.expression = orm_expression(item);
        }
        terms[count++] = term;
    }
    chain->query = query_order_terms(chain->query, terms, count);
}

static void step_slice(Chain *chain, const List *step)
{
    Value from = step->items[1], to = step->count > 2 ? step->items[2] : capo_value_null();
    int64_t first = capo_is_null(from) ? 0 : from.integer;
    if (first < 0 || (!capo_is_null(to) && to.integer < 0))
        capo_raise(ERROR_VALUE, "Negative indexing is not supported.");
    Query *query = query_clone(chain->query);
    query_add_slice(query, first, capo_is_null(to) ? -1 : to.integer > first ? to.integer - first : 0);
    chain->query = query;
}

static void step_prefetch(Chain *chain, const List *step)
{
    Prefetching *list = capo_alloc_array(step->count + 1, sizeof *list);
    size_t count = 0;
    for (size_t i = 1; i < step->count; i++) {
        Value item = step->items[i];
        Prefetching prefetch = { 0 };
        if (capo_is_null(item)) {
            chain->query = capo_query_prefetch(chain->query, NULL);
            continue;
        }
        if (item.kind == VALUE_MAP) {
            OrmForm form;
            Value query = conformance_get(item.map, "query"), to_attr = conformance_get(item.map, "to_attr");
            prefetch.path = conformance_get(item.map, "path").text;
            prefetch.query = query.kind == VALUE_MAP ? orm_query(query.map, &form) : NULL;
            prefetch.to_attr = capo_is_text(to_attr) ? to_attr.text : NULL;
        } else {
            prefetch.path = item.text;
        }
        list[count++] = prefetch;
    }
    chain->query = query_prefetch_with(chain->query, list, count);
}

static void step_combine(Chain *chain, const List *step, Combinator combinator)
{
    Query **others = capo_alloc_array(step->count + 1, sizeof *others);
    size_t count = 0;
    for (size_t i = 1; i < step->count; i++) {
        OrmForm form;
        if (step->items[i].kind == VALUE_MAP)
            others[count++] = orm_query(step->items[i].map, &form);
        else if (combinator == COMBINE_UNION)
            combinator = COMBINE_UNION_ALL;
    }
    chain->query = query_combine(chain->query, combinator, others, count);
}

static void step_dates(Chain *chain, const List *step, bool datetimes)
{
    Value order = step->count > 3 ? step->items[3] : capo_value_null(), tz = step->count > 4 ? step->items[4] : capo_value_null();
    bool descending = capo_is_text(order) && !strcmp(order.text, "DESC");
    if (capo_is_text(order) && strcmp(order.text, "ASC") && !descending)
        capo_raise(ERROR_VALUE, "'order' must be either 'ASC' or 'DESC'.");
    Query *query = query_clone(chain->query);
    Expression *part = query_dates_expression(query, step->items[1].text, step->items[2].text, datetimes, capo_is_text(tz) ? capo_time_zone(tz.text) : NULL);
    query_add_where(query, expression_lookup(lookup_row(LOOKUP_ISNULL), part->args[0], capo_value_bool(false), NULL));
    query_add_annotation(query, part, "datefield", true);
    query_set_values(query, LIST("datefield"), 1);
    query->distinct = true;
    chain->query = query_order_terms(query, &(OrderTerm){ .path = descending ? "-datefield" : "datefield" }, 1);
    chain->form = FORM_FLAT;
}

static void take_step(Chain *chain, const List *step)
{
    const char *word = step->items[0].text;
    Value first = step->count > 1 ? step->items[1] : capo_value_null();
    OrmForm form;
#define IS(name) (!strcmp(word, name))
    if (IS("filter"))
        chain->query = capo_query_filter(chain->query, orm_conditions(step, 1));
    else if (IS("exclude"))
        chain->query = capo_query_exclude(chain->query, orm_conditions(step, 1));
    else if (IS("annotate") || IS("alias"))
        step_annotate(chain, step, IS("annotate"));
    else if (IS("values"))
        step_values(chain, step, FORM_MAPS);
    else if (IS("values_list"))
        step_values(chain, step, FORM_LISTS);
    else if (IS("flat"))
        step_values(chain, step, FORM_FLAT);
    else if (IS("distinct")) {
        chain->query = step->count > 1 ? capo_query_distinct_on(chain->query, texts(step, 1)) : capo_query_distinct(chain->query);
    } else if (IS("order_by"))
        step_order(chain, step);
    else if (IS("reverse"))
        chain->query = capo_query_reverse(chain->query);
    else if (IS("slice"))
        step_slice(chain, step);
    else if (IS("none")) {
        chain->query = query_clone(chain->query);
        chain->query->none = true;
    } else if (IS("select_related"))
        chain->query = capo_query_select_related(chain->query, step->count > 1 && capo_is_null(first) ? NULL : texts(step, 1));
    else if (IS("prefetch"))
        step_prefetch(chain, step);
    else if (IS("only") || IS("defer"))
        chain->query = query_only(chain->query, capo_is_null(first) ? NULL : texts(step, 1), IS("only"));
    else if (IS("union"))
        step_combine(chain, step, COMBINE_UNION);
    else if (IS("intersection"))
        step_combine(chain, step, COMBINE_INTERSECTION);
    else if (IS("difference"))
        step_combine(chain, step, COMBINE_DIFFERENCE);
    else if (IS("and") || IS("or") || IS("xor"))
        chain->query = query_merge(chain->query, orm_query(first.map, &form), IS("and") ? AND : IS("or") ? OR : XOR);
    else if (IS("dates") || IS("datetimes"))
        step_dates(chain, step, IS("datetimes"));
    else
        capo_raise(ERROR_NOT_SUPPORTED, "The step '%s' is not known.", word);
#undef IS
}

static Instance *owner_of(const Map *from)
{
    Model *model = orm_model(conformance_get(from, "model").text);
    return capo_query_get(capo_query_filter(capo_query_of(model), capo_q("pk", conformance_get(from, "pk"))));
}

Query *orm_query(const Map *map, OrmForm *ret_form)
{
    Value from = conformance_get(map, "from"), steps = conformance_get(map, "chain");
    Chain chain = { 0 };
    if (from.kind == VALUE_MAP)
        chain.query = capo_instance_related_query(owner_of(from.map), conformance_get(from.map, "accessor").text);
    else
        chain.query = capo_query_of(orm_model(conformance_get(map, "model").text));
    for (size_t i = 0; steps.kind == VALUE_LIST && i < steps.list->count; i++)
        take_step(&chain, steps.list->items[i].list);
    *ret_form = chain.form;
    return chain.query;
}

/* --- answers --- */

static Value json_of(Value value)
{
    if (value.kind == VALUE_DATETIME) {
        char *iso;
        int minutes = value.tag ? value.tag - 1000 : 0;
        DateTime local = { value.datetime.microseconds + (int64_t)minutes * 60000000 };
        iso = capo_datetime_iso(local, capo_time_zone("UTC"));
        int size = (int)strlen(iso) - 6;
        int away = minutes < 0 ? -minutes : minutes;
        const char *offset = value.flags & VALUE_FLAG_NAIVE ? "" : capo_format("%c%02d:%02d", minutes < 0 ? '-' : '+', away / 60, away % 60);
        return capo_value_map(capo_map(V("$datetime", capo_format("%.*s%s", size, iso, offset))));
    }
    if (value.kind == VALUE_BYTES) {
        Buffer hex = { 0 };
        for (size_t i = 0; i < value.size; i++)
            capo_put_format(&hex, "%02x", value.bytes[i]);
        return capo_value_map(capo_map(V("$bytes", capo_buffer_text(&hex))));
    }
    if (value.kind == VALUE_LIST) {
        List *list = capo_list_new();
        for (size_t i = 0; i < value.list->count; i++)
            capo_list_add(list, json_of(value.list->items[i]));
        return capo_value_list(list);
    }
    if (value.kind == VALUE_MAP) {
        Map *map = capo_map_new();
        for (size_t i = 0; i < value.map->count; i++)
            capo_map_set_value(map, value.map->entries[i].key, json_of(value.map->entries[i].value));
        return capo_value_map(map);
    }
    if (value.kind == VALUE_OBJECT && capo_is_instance(value))
        return json_of(capo_instance_pk((Instance *)(void *)value.object));
    return value;
}

static int compare_keys(const void *a, const void *b)
{
    int result = 0;
    capo_compare(*(const Value *)a, *(const Value *)b, &result);
    return result;
}

static const Map *running;                                          /* the case */

/* A query of the case's own was given for the prefetch of this accessor: its order counts. */
static bool prefetched_by_query(const char *accessor)
{
    Value chain = conformance_get(running, "chain");
    for (size_t i = 0; chain.kind == VALUE_LIST && i < chain.list->count; i++)
        for (size_t k = 1; k < chain.list->items[i].list->count; k++) {
            Value item = chain.list->items[i].list->items[k], path = item.kind == VALUE_MAP ? conformance_get(item.map, "path") : capo_value_null();
            if (capo_is_text(path) && capo_ends_with(path.text, accessor))
                return true;
        }
    return false;
}

static int compare_instances(const void *a, const void *b)
{
    Value one = capo_instance_pk(*(Instance *const *)a), other = capo_instance_pk(*(Instance *const *)b);
    return compare_keys(&one, &other);
}

static Value show_path(Instance *instance, const char *path)
{
    const char *dot = strchr(path, '.');
    char *name = dot ? capo_strndup(path, (size_t)(dot - path)) : capo_strdup(path);
    bool reverse = false;
    const Field *relation = relation_of_accessor(instance->model, name, &reverse);
    if (relation && (relation->kind == FIELD_MANY_TO_MANY || (reverse && relation->kind != FIELD_ONE_TO_ONE))) {
        Instance **rows;
        size_t count;
        bool prefetched = capo_instance_get_prefetched(instance, name, &rows, &count);
        if (!prefetched)
            rows = capo_query_rows(capo_instance_related_query(instance, name), &count);
        bool own_order = prefetched && prefetched_by_query(name);
        if (!own_order && count && !capo_query_is_ordered(capo_instance_related_query(instance, name))) {     /* "else sorted by pk" */
            rows = capo_memdup(rows, count * sizeof *rows);
            qsort(rows, count, sizeof *rows, compare_instances);
        }
        List *list = capo_list_new();
        for (size_t i = 0; i < count; i++)
            capo_list_add(list, dot ? show_path(rows[i], dot + 1) : capo_instance_pk(rows[i]));
        if (!prefetched && !dot)
            qsort(list->items, list->count, sizeof *list->items, compare_keys);
        return capo_value_list(list);
    }
    if (relation) {
        Instance *none;
        if (!reverse && !relation->null && capo_instance_cached(instance, relation, &none) && !none)
            return capo_value_map(capo_map(V("$missing", (bool)true)));
        Instance *other = capo_instance_related(instance, name);
        if (!other)
            return reverse ? capo_value_map(capo_map(V("$missing", (bool)true))) : capo_value_null();
        return dot ? show_path(other, dot + 1) : capo_instance_pk(other);
    }
    Value value;
    if (!capo_instance_lookup(instance, name, strlen(name), &value))
        capo_raise(ERROR_FIELD, "%s has no attribute '%s'.", instance->model->name, name);
    if (dot && value.kind == VALUE_LIST) {
        List *list = capo_list_new();
        for (size_t i = 0; i < value.list->count; i++)
            capo_list_add(list, show_path((Instance *)(void *)value.list->items[i].object, dot + 1));
        return capo_value_list(list);
    }
    if (dot && capo_is_instance(value))                             /* to_attr of a relation to one */
        return show_path((Instance *)(void *)value.object, dot + 1);
    return value;
}

static Value row_of(Query *query, Instance *instance, Value show)
{
    bool annotated = false;
    if (!instance)
        return capo_value_null();
    for (size_t i = 0; i < query->n_annotations; i++)
        annotated |= query->annotations[i].selected;
    if (!annotated && show.kind != VALUE_LIST)
        return capo_instance_pk(instance);
    Map *map = capo_map_new();
    capo_map_set(map, "pk", capo_instance_pk(instance));
    for (size_t i = 0; i < query->n_annotations; i++)
        if (query->annotations[i].selected) {
            Value value;
            capo_instance_lookup(instance, query->annotations[i].name, strlen(query->annotations[i].name), &value);
            capo_map_set(map, query->annotations[i].name, value);
        }
    for (size_t i = 0; show.kind == VALUE_LIST && i < show.list->count; i++)
        capo_map_set(map, show.list->items[i].text, show_path(instance, show.list->items[i].text));
    return capo_value_map(map);
}

static List *rows_of(Query *query, OrmForm form, Value show)
{
    List *list = capo_list_new();
    if (form == FORM_MAPS)
        return capo_values(query, NULL);
    if (form == FORM_LISTS)
        return capo_values_tuples(query, NULL);
    if (form == FORM_FLAT) {
        List *rows = capo_values_tuples(query, NULL);
        for (size_t i = 0; i < rows->count; i++)
            capo_list_add(list, rows->items[i].list->items[0]);
        return list;
    }
    size_t count;
    Instance **rows = capo_query_rows(query, &count);
    for (size_t i = 0; i < count; i++)
        capo_list_add(list, row_of(query, rows[i], show));
    return list;
}

static Value first_row(Query *query, OrmForm form, Value show)
{
    List *rows = rows_of(query, form, show);
    return rows->count ? rows->items[0] : capo_value_null();
}

/* --- operations --- */

typedef struct Case { const Map *test; Map *actual; size_t before; bool writes; } Case;

static Value end_row(Query *query, OrmForm form, Value show, bool last)
{
    bool ordered = capo_query_is_ordered(query);
    if (last)
        query = ordered ? capo_query_reverse(query) : capo_query_order_by(query, LIST("-pk"));
    else if (!ordered)
        query = capo_query_order_by(query, LIST("pk"));
    query = query_clone(query);
    query_add_slice(query, 0, 1);
    return first_row(query, form, show);
}

static Value extreme(Query *query, OrmForm form, const Map *test, bool latest)
{
    Value args = conformance_get(test, "args"), show = conformance_get(test, "show");
    const char *own[] = { query->model->meta->get_latest_by, NULL };
    const char *const *paths = args.kind == VALUE_LIST ? texts(args.list, 0) : own;
    if (!paths[0]) {
        if (!query->model->meta->get_latest_by)
            capo_raise(ERROR_VALUE, "earliest() and latest() require either fields as positional arguments or 'get_latest_by' in the model's Meta.");
        paths = own;
    }
    if (query_is_sliced(query))
        capo_raise(ERROR_VALUE, "Cannot change a query once a slice has been taken.");
    query = capo_query_order_by(query, paths);
    if (latest)
        query = capo_query_reverse(query);
    query = query_clone(query);
    query_add_slice(query, 0, 1);
    List *rows = rows_of(query, form, show);
    if (!rows->count)
        capo_raise(ERROR_DOES_NOT_EXIST, "%s matching query does not exist.", query->model->name);
    return rows->items[0];
}

static Value get_one(Query *query, OrmForm form, const Map *test)
{
    Value args = conformance_get(test, "args"), show = conformance_get(test, "show");
    if (args.kind == VALUE_LIST && args.list->count)
        query = capo_query_filter(query, orm_conditions(args.list, 0));
    if (form == FORM_INSTANCES)
        return row_of(query, capo_query_get(query), show);
    List *rows = rows_of(query, form, show);
    if (rows->count != 1)
        capo_raise(rows->count ? ERROR_MULTIPLE_OBJECTS_RETURNED : ERROR_DOES_NOT_EXIST, "get() found %zu rows.", rows->count);
    return rows->items[0];
}

static Value totals(Query *query, const Map *test)
{
    const Map *what = conformance_get(test, "what").map;
    Expression **expressions = capo_alloc_array(what->count + 1, sizeof *expressions);
    for (size_t i = 0; i < what->count; i++) {
        expressions[i] = orm_expression(what->entries[i].value);
        expressions[i]->as = what->entries[i].key.text;
    }
    return capo_value_map(capo_aggregate(query, expressions));
}

static Value in_bulk(Query *query, const Map *test)
{
    Value args = orm_value(conformance_get(test, "args")), field = conformance_get(test, "field");
    Map *map = capo_query_in_bulk(query, args.kind == VALUE_LIST ? args.list : NULL, capo_is_text(field) ? field.text : NULL);
    List *list = capo_list_new();
    for (size_t i = 0; i < map->count; i++)
        capo_list_add(list, capo_value_pair(map->entries[i].key, map->entries[i].value));
    return capo_value_list(list);
}

static Value update(Query *query, const Map *test)
{
    const Map *set = conformance_get(test, "set").map;
    const char **names = capo_alloc_array(set->count + 1, sizeof *names);
    Expression **values = capo_alloc_array(set->count + 1, sizeof *values);
    for (size_t i = 0; i < set->count; i++) {
        names[i] = set->entries[i].key.text;
        Value value = orm_value(set->entries[i].value);
        values[i] = value_expression(value);
        if (!values[i]) {
            values[i] = expression_new(X_VALUE);
            values[i]->value = value;
        }
    }
    return capo_value_int(query_update_expressions(query, names, values, set->count));
}

static void assign(Instance *instance, const Map *values)
{
    for (size_t i = 0; i < values->count; i++) {
        const char *name = values->entries[i].key.text;
        Value value = orm_value(values->entries[i].value);
        Field *field = !strcmp(name, "pk") ? instance->model->pk : capo_field(instance->model, name);
        if (!field)
            capo_raise(ERROR_FIELD, "%s() got unexpected keyword arguments: '%s'", instance->model->name, name);
        if (value_expression(value)) {
            capo_instance_set_expression(instance, name, value);
            continue;
        }
        /* What C's types refuse: a key where the relation's own name wants an object. */
        if (field->target && !strcmp(name, field->name) && !capo_is_instance(value) && !capo_is_null(value))
            capo_raise(ERROR_VALUE, "Cannot assign \"%s\": \"%s.%s\" must be a \"%s\" instance.", capo_to_text(value), instance->model->name, name, field->target->name);
        if (capo_is_instance(value) && field->target)
            value = capo_field_value((Instance *)(void *)value.object, field->target_field);
        capo_field_assign(instance, field, value);
    }
}

static Value create(Query *query, const Map *test)
{
    Instance *instance = capo_instance_new(query->model);
    assign(instance, conformance_get(test, "values").map);
    if (query->owner && query->owner_field)
        capo_field_assign(instance, query->owner_field, capo_field_value(query->owner, query->owner_field->target_field));
    capo_instance_insert(instance);
    Value from = conformance_get(test, "from");
    if (from.kind == VALUE_MAP && !query->owner)
        capo_instance_many(owner_of(from.map), conformance_get(from.map, "accessor").text, MANY_ADD, capo_value_object(instance));
    return capo_value_null();
}

static Value save(Query *query, const Map *test)
{
    const Map *options = conformance_get(test, "kwargs").map;
    bool fresh = capo_truth(conformance_get(test, "new"));
    Instance *instance = fresh ? capo_instance_new(query->model)
                               : capo_query_get(capo_query_filter(query, capo_q("pk", conformance_get(test, "pk"))));
    if (fresh)
        capo_field_assign(instance, query->model->pk, conformance_get(test, "pk"));
    assign(instance, conformance_get(test, "set").map);
    Value fields = conformance_get(options, "update_fields");
    bool insert = options && capo_truth(conformance_get(options, "force_insert")), update = options && capo_truth(conformance_get(options, "force_update"));
    if (options && options->count > (size_t)insert + update + (fields.kind == VALUE_LIST))
        capo_raise(ERROR_NOT_SUPPORTED, "save() has no such option.");
    if (insert)
        capo_instance_insert(instance);
    else if (update)
        capo_instance_update(instance);
    else if (fields.kind == VALUE_LIST)
        capo_instance_save_fields(instance, texts(fields.list, 0));
    else
        capo_instance_save(instance);
    return capo_value_null();
}

static Value bulk_create(Query *query, const Map *test)
{
    List *objects = conformance_get(test, "objs").list;
    Instance **rows = capo_alloc_array(objects->count + 1, sizeof *rows);
    for (size_t i = 0; i < objects->count; i++)
        assign(rows[i] = capo_instance_new(query->model), objects->items[i].map);
    Value kwargs = conformance_get(test, "kwargs");
    BulkOptions options = { 0 };
    if (kwargs.kind == VALUE_MAP) {
        Value update = conformance_get(kwargs.map, "update_fields"), unique = conformance_get(kwargs.map, "unique_fields");
        options.conflict = capo_truth(conformance_get(kwargs.map, "ignore_conflicts")) ? BULK_IGNORE
                         : capo_truth(conformance_get(kwargs.map, "update_conflicts")) ? BULK_UPDATE : BULK_FAIL;
        options.update = update.kind == VALUE_LIST ? texts(update.list, 0) : NULL;
        options.unique = unique.kind == VALUE_LIST ? texts(unique.list, 0) : NULL;
        options.batch_size = capo_map_get(kwargs.map, "batch_size") ? (int)conformance_get(kwargs.map, "batch_size").integer : 0;
    }
    capo_bulk_create_with(rows, objects->count, &options);
    return capo_value_int((int64_t)objects->count);
}

static Value bulk_update(Query *query, const Map *test)
{
    List *objects = conformance_get(test, "objs").list;
    Instance **rows = capo_alloc_array(objects->count + 1, sizeof *rows);
    for (size_t i = 0; i < objects->count; i++) {
        rows[i] = capo_query_get(capo_query_filter(query, capo_q("pk", conformance_get(objects->items[i].map, "pk"))));
        assign(rows[i], objects->items[i].map);
    }
    Value kwargs = conformance_get(test, "kwargs");
    BulkOptions options = { .update = texts(conformance_get(test, "fields").list, 0) };
    if (kwargs.kind == VALUE_MAP && capo_map_get(kwargs.map, "batch_size"))
        options.batch_size = (int)conformance_get(kwargs.map, "batch_size").integer;
    return capo_value_int(capo_bulk_update_with(rows, objects->count, &options));
}

/* The values of get_or_create's look-up or defaults. */
static RowChanges row_changes(const Model *model, const Map *test, const char *name, const char *otherwise)
{
    Value values = conformance_get(test, name);
    if (values.kind != VALUE_MAP && otherwise)
        values = conformance_get(test, otherwise);
    RowChanges changes = { 0 };
    if (values.kind != VALUE_MAP)
        return changes;
    changes.items = capo_alloc_array(values.map->count + 1, sizeof *changes.items);
    for (size_t i = 0; i < values.map->count; i++)
        if (!strstr(values.map->entries[i].key.text, "__")) {
            const char *key = values.map->entries[i].key.text;
            changes.items[changes.count++] = (NamedChange){ !strcmp(key, "pk") ? model->pk->name : key, { "=", orm_value(values.map->entries[i].value) } };
        }
    return changes;
}

static Value get_or_create(Query *query, const Map *test, bool update)
{
    const Map *lookup = conformance_get(test, "lookup").map;
    Condition **conditions = capo_alloc_array(lookup->count + 1, sizeof *conditions);
    for (size_t i = 0; i < lookup->count; i++)
        conditions[i] = capo_q(lookup->entries[i].key.text, orm_value(lookup->entries[i].value));
    query = capo_query_filter(query, capo_q_list(false, conditions, lookup->count));
    RowChanges where = row_changes(query->model, test, "lookup", NULL), set = row_changes(query->model, test, "defaults", NULL);
    RowChanges create_set = row_changes(query->model, test, "create_defaults", "defaults");
    bool created = false;
    Instance *instance = update ? query_update_or_create(query, &where, &set, &create_set, &created)
                                : query_find_or_create(query, &where, &set, &created);
    return capo_value_pair(capo_value_bool(created), created ? capo_value_null() : capo_instance_pk(instance));
}

static Value change_many(const Map *test, ManyOperation operation)
{
    const Map *from = conformance_get(test, "from").map;
    Value args = conformance_get(test, "args");
    List *list = capo_list_new();
    Instance *owner = owner_of(from);
    const char *accessor = conformance_get(from, "accessor").text;
    bool reverse = false;
    const Field *relation = relation_of_accessor(owner->model, accessor, &reverse);
    for (size_t i = 0; args.kind == VALUE_LIST && i < args.list->count; i++) {
        Value item = orm_value(args.list->items[i]);
        if (capo_truth(conformance_get(test, "as_objects")) && item.kind != VALUE_OBJECT)
            item = capo_value_object(capo_query_get(capo_query_filter(capo_query_of(reverse ? relation->model : relation->target), capo_q("pk", item))));
        capo_list_add(list, item);
    }
    capo_instance_many(owner, accessor, operation, capo_value_list(list));
    return capo_value_null();
}

static int compare_counts(const void *a, const void *b)
{
    return strcmp(((const struct DeleteCount *)a)->model->name, ((const struct DeleteCount *)b)->model->name);
}

/* All that went, and how many rows of each model. */
static Value orm_delete(Query *query)
{
    struct DeleteCount *counts = NULL;
    size_t n_counts = 0;
    int64_t total = capo_query_delete_counting(query, &counts, &n_counts);
    Map *map = capo_map_new();
    if (n_counts)
        qsort(counts, n_counts, sizeof *counts, compare_counts);
    for (size_t i = 0; i < n_counts; i++)
        capo_map_set(map, counts[i].model->name, capo_value_int(counts[i].count));
    return capo_value_pair(capo_value_int(total), capo_value_map(map));
}

static Value answer_op(Case *test, Query *query, OrmForm form)
{
    Value op = conformance_get(test->test, "op"), show = conformance_get(test->test, "show"), args = conformance_get(test->test, "args");
    const char *word = capo_is_text(op) ? op.text : "list";
#define IS(name) (!strcmp(word, name))
    if (IS("count"))
        return capo_value_int(capo_query_count(query));
    if (IS("exists"))
        return capo_value_bool(capo_query_exists(query));
    if (IS("first") || IS("last"))
        return end_row(query, form, show, IS("last"));
    if (IS("earliest") || IS("latest"))
        return extreme(query, form, test->test, IS("latest"));
    if (IS("get"))
        return get_one(query, form, test->test);
    if (IS("index")) {
        Query *one = query_clone(query);
        query_add_slice(one, args.list->items[0].integer, 1);
        List *rows = rows_of(one, form, show);
        if (!rows->count)
            capo_raise(ERROR_VALUE, "list index out of range");
        return rows->items[0];
    }
    if (IS("aggregate"))
        return totals(query, test->test);
    if (IS("in_bulk"))
        return in_bulk(query, test->test);
    if (IS("contains")) {
        if (form != FORM_INSTANCES)
            capo_raise(ERROR_VALUE, "Cannot call QuerySet.contains() after .values() or .values_list().");
        return capo_value_bool(capo_query_exists(capo_query_filter(query, capo_q("pk", orm_value(args.list->items[0])))));
    }
    if (IS("update"))
        return update(query, test->test);
    if (IS("delete"))
        return orm_delete(query);
    if (IS("create"))
        return create(query, test->test);
    if (IS("save"))
        return save(query, test->test);
    if (IS("bulk_create"))
        return bulk_create(query, test->test);
    if (IS("bulk_update"))
        return bulk_update(query, test->test);
    if (IS("get_or_create") || IS("update_or_create"))
        return get_or_create(query, test->test, IS("update_or_create"));
    if (IS("add"))
        return change_many(test->test, MANY_ADD);
    if (IS("remove"))
        return change_many(test->test, MANY_REMOVE);
    if (IS("set"))
        return change_many(test->test, MANY_SET);
    if (IS("clear"))
        return change_many(test->test, MANY_CLEAR);
#undef IS
    capo_raise(ERROR_NOT_SUPPORTED, "The operation '%s' is not known.", word);
}

static bool is_write(const char *op)
{
    static const char *const writes[] = { "update", "delete", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "save",
                                          "add", "remove", "set", "clear" };
    for (size_t i = 0; op && i < sizeof writes / sizeof *writes; i++)
        if (!strcmp(writes[i], op))
            return true;
    return false;
}

/* A slice with a step is a list of the slice's rows: every so many of them. */
static List *every(const Map *test, List *rows)
{
    Value chain = conformance_get(test, "chain");
    List *last = chain.kind == VALUE_LIST && chain.list->count ? chain.list->items[chain.list->count - 1].list : NULL;
    if (!last || last->count < 4 || strcmp(last->items[0].text, "slice") || last->items[3].kind != VALUE_INT)
        return rows;
    List *some = capo_list_new();
    for (size_t i = 0; i < rows->count; i += (size_t)last->items[3].integer)
        capo_list_add(some, rows->items[i]);
    return some;
}

static void run(void *argument)
{
    Case *test = argument;
    OrmForm form;
    Value op = conformance_get(test->test, "op"), check = conformance_get(test->test, "check");
    Query *query = orm_query(test->test, &form);
    if (!capo_is_text(op) || !strcmp(op.text, "list"))
        capo_map_set(test->actual, "rows", json_of(capo_value_list(every(test->test, rows_of(query, form, conformance_get(test->test, "show"))))));
    else
        capo_map_set(test->actual, "value", json_of(answer_op(test, query, form)));
    capo_map_set(test->actual, "queries", capo_value_int((int64_t)(capo_database_statements() - test->before)));
    if (test->writes && !strcmp(capo_backend()->name, "sqlite") && capo_sql_rows("PRAGMA foreign_key_check")->count)
        capo_raise(ERROR_INTEGRITY, "A foreign key has no row to point at.");
    if (test->writes && !strcmp(capo_backend()->name, "postgresql"))
        capo_sql_run("SET CONSTRAINTS ALL IMMEDIATE");
    if (check.kind != VALUE_LIST)
        return;
    List *after = capo_list_new();
    for (size_t i = 0; i < check.list->count; i++) {
        Query *look = orm_query(check.list->items[i].map, &form);
        capo_list_add(after, json_of(capo_value_list(rows_of(look, form, capo_value_null()))));
    }
    capo_map_set(test->actual, "after", capo_value_list(after));
}

Value conformance_orm(const Map *map)
{
    orm_prepare();
    running = map;
    Value op = conformance_get(map, "op"), tz = conformance_get(map, "tz");
    Case test = { .test = map, .actual = capo_map_new(), .writes = is_write(capo_is_text(op) ? op.text : NULL) };
    capo_activate_time_zone(capo_time_zone(capo_is_text(tz) ? tz.text : "UTC"));
    test.before = capo_database_statements();
    if (test.writes)
        capo_begin();
    const Error *error = capo_try(run, &test);
    if (test.writes)
        capo_rollback();
    if (error)
        return capo_value_map(capo_map(V("exception", error->name), V("message", error->message)));
    return capo_value_map(test.actual);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* list_filter and date_hierarchy: which parameters of the URL narrow the list, and the links that offer them. Only the paths that the
 * admin lists may be filtered by, and of a listed relation only its key: any other look-up could be used to guess, letter by letter,
 * what the person may not see. */
#include "admin_internal.h"
#include <string.h>

/* A panel with more choices than these helps nobody; the chosen one is always among them. */
enum { MOST_CHOICES = 500 };

/* One filter. `keys` are the parameters it reads; it narrows by `chosen` (or by its own function). */
typedef struct FilterSpec {
    const char *name, *title;
    Field *field;
    const AdminFilter *own;
    const char *own_value;
    const char *keys[4];
    Condition *chosen;
    bool crosses_many;              /* a row could be found several times */
    List *choices;
    Condition **offered; size_t n_offered;      /* of each choice; NULL: all rows */
} FilterSpec;

static const char *parameter(ChangeList *list, const char *key)
{
    return key ? capo_dict_get(list->params, key) : NULL;
}

static bool means_true(const char *text)
{
    return *text && strcmp(text, "0") != 0 && strcasecmp(text, "false") != 0;
}

static Query *narrowed(FilterSpec *spec, ChangeList *list, Query *query, Condition *condition)
{
    if (spec->own)
        return spec->own_value ? spec->own->apply(list->page->req, query, spec->own_value) : query;
    if (!condition)
        return query;
    Query *found = capo_query_filter(query, condition);
    return spec->crosses_many ? capo_query_filter(query, Q("pk__in", capo_value_object(capo_query_order_by(found, LIST(NULL))))) : found;
}

/* A choice: the link that sets `changes` and drops the filter's other parameters. */
static void offer(ChangeList *list, FilterSpec *spec, const char *text, bool selected, Condition *condition, const Var *changes)
{
    const char *prefixes[5] = { 0 };
    QueryDict *whole = list->params, *rest = capo_dict_copy(whole);
    for (size_t i = 0; i < 4 && spec->keys[i]; i++)
        capo_dict_remove(rest, spec->keys[i]);
    list->params = rest;
    const char *url = admin_list_query_string(list, prefixes, changes);
    list->params = whole;
    capo_list_add(spec->choices, VALUE(capo_map(V("text", text), V("url", url), V("selected", selected))));
    spec->offered = capo_realloc(spec->offered, spec->n_offered * sizeof(Condition *), (spec->n_offered + 1) * sizeof(Condition *));
    spec->offered[spec->n_offered++] = condition;
}

/* --- the kinds --------------------------------------------------------------------------------------------------------------------- */

static void own_filter(ChangeList *list, FilterSpec *spec)
{
    spec->keys[0] = spec->own->name;
    spec->own_value = parameter(list, spec->own->name);
    offer(list, spec, "All", !spec->own_value, NULL, NULL);
    bool known = !spec->own_value;
    for (const FieldChoice *choice = spec->own->choices; choice && choice->value; choice++) {
        bool selected = spec->own_value && strcmp(spec->own_value, choice->value) == 0;
        known |= selected;
        offer(list, spec, choice->label, selected, NULL, CAPO_VARS(V(spec->own->name, choice->value)));
    }
    if (!known)
        capo_raise(ERROR_VALUE, "The filter %s has no choice %s.", spec->own->name, spec->own_value);
}

static void boolean_filter(ChangeList *list, FilterSpec *spec)
{
    const char *exact = spec->keys[0] = capo_format("%s__exact", spec->name), *isnull = spec->keys[1] = capo_format("%s__isnull", spec->name);
    const char *value = parameter(list, exact), *null = parameter(list, isnull);
    if (value) {
        bool on = strcmp(value, "1") == 0 || strcmp(value, "True") == 0;
        if (!on && strcmp(value, "0") != 0 && strcmp(value, "False") != 0)
            capo_raise(ERROR_VALUE, "“%s” value must be either True or False.", value);
        spec->chosen = Q(exact, on);
        value = on ? "1" : "0";
    } else if (null) {
        spec->chosen = Q(isnull, (bool)means_true(null));
    }
    offer(list, spec, "All", !value && !null, NULL, NULL);
    offer(list, spec, "Yes", value && *value == '1', Q(exact, (bool)true), CAPO_VARS(V(exact, "1")));
    offer(list, spec, "No", value && *value == '0', Q(exact, (bool)false), CAPO_VARS(V(exact, "0")));
    if (spec->field->null)
        offer(list, spec, "Unknown", null != NULL, Q(isnull, (bool)true), CAPO_VARS(V(isnull, "True")));
}

static void choices_filter(ChangeList *list, FilterSpec *spec)
{
    const char *exact = spec->keys[0] = capo_format("%s__exact", spec->name), *isnull = spec->keys[1] = capo_format("%s__isnull", spec->name);
    const char *value = parameter(list, exact), *null = parameter(list, isnull);
    if (value)
        spec->chosen = Q(exact, value);
    else if (null)
        spec->chosen = Q(isnull, (bool)means_true(null));
    offer(list, spec, "All", !value && !null, NULL, NULL);
    for (const FieldChoice *choice = capo_field_choices(spec->field); choice && choice->label; choice++)
        if (choice->value && *choice->value)
            offer(list, spec, choice->label, value && strcmp(value, choice->value) == 0, Q(exact, choice->value), CAPO_VARS(V(exact, choice->value)));
    if (spec->field->null)
        offer(list, spec, admin_empty(list->admin), null != NULL, Q(isnull, (bool)true), CAPO_VARS(V(isnull, "True")));
}

/* A day as the field has it: an instant of the current zone's midnight, or a date. */
static Value day_value(const Field *field, int year, int month, int day)
{
    if (field->kind == FIELD_DATE)
        return VALUE(capo_date(year, month, day));
    DateParts parts = { .year = year, .month = month, .day = day };
    return VALUE(capo_instant(&parts, NULL));
}

static Value day_of(const Field *field, Date date)
{
    int year, month, day;
    capo_date_parts(date, &year, &month, &day);
    return day_value(field, year, month, day);
}

static Condition *between(const char *from_key, Value from, const char *to_key, Value to)
{
    return ALL(Q(from_key, from), Q(to_key, to));
}

static void date_filter(ChangeList *list, FilterSpec *spec)
{
    const char *since = spec->keys[0] = capo_format("%s__gte", spec->name), *until = spec->keys[1] = capo_format("%s__lt", spec->name);
    const char *isnull = spec->keys[2] = capo_format("%s__isnull", spec->name);
    const char *from = parameter(list, since), *to = parameter(list, until), *null = parameter(list, isnull);
    Condition *parts[3];
    size_t count = 0;
    if (from)
        parts[count++] = Q(since, from);
    if (to)
        parts[count++] = Q(until, to);
    if (null)
        parts[count++] = Q(isnull, (bool)means_true(null));
    if (count)
        spec->chosen = capo_q_list(false, parts, count);
    offer(list, spec, "Any date", !count, NULL, NULL);
    Date today = capo_today();
    int year, month, day;
    capo_date_parts(today, &year, &month, &day);
    Value tomorrow = day_of(spec->field, (Date){ today.days + 1 });
    const struct { const char *text; Value from, to; } spans[] = {
        { "Today",       day_of(spec->field, today),                      tomorrow },
        { "Past 7 days", day_of(spec->field, (Date){ today.days - 7 }),   tomorrow },
        { "This month",  day_value(spec->field, year, month, 1),          day_value(spec->field, year + month / 12, month % 12 + 1, 1) },
        { "This year",   day_value(spec->field, year, 1, 1),              day_value(spec->field, year + 1, 1, 1) },
    };
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        const char *first = capo_to_text(spans[i].from), *last = capo_to_text(spans[i].to);
        offer(list, spec, spans[i].text, from && to && !null && strcmp(from, first) == 0 && strcmp(to, last) == 0,
              between(since, spans[i].from, until, spans[i].to), CAPO_VARS(V(since, first), V(until, last)));
    }
    if (spec->field->null) {
        offer(list, spec, "No date", null && means_true(null), Q(isnull, (bool)true), CAPO_VARS(V(isnull, "True")));
        offer(list, spec, "Has date", null && !means_true(null), Q(isnull, (bool)false), CAPO_VARS(V(isnull, "False")));
    }
}

static void related_filter(ChangeList *list, FilterSpec *spec)
{
    Field *local = capo_field(spec->field->model, spec->field->name);
    Model *target = local == spec->field && spec->field->target ? spec->field->target : spec->field->model;
    const char *exact = spec->keys[0] = capo_format("%s__%s__exact", spec->name, target->pk->name);
    const char *isnull = spec->keys[1] = capo_format("%s__isnull", spec->name);
    const char *value = parameter(list, exact), *null = parameter(list, isnull);
    if (value)
        spec->chosen = Q(exact, value);
    else if (null)
        spec->chosen = Q(isnull, (bool)means_true(null));
    offer(list, spec, "All", !value && !null, NULL, NULL);
    const ModelAdmin *target_admin = capo_model_admin(target);
    Query *all = capo_default_rows(target);
    if (target_admin && target_admin->ordering)
        all = capo_query_order_by(all, target_admin->ordering);
    bool found = false;
    for (Instance **row = capo_query_rows(capo_query_slice(all, 0, MOST_CHOICES), NULL); *row; row++) {
        const char *key = admin_key_text(*row);
        bool chosen = value && strcmp(value, key) == 0;
        found |= chosen;
        offer(list, spec, capo_instance_text(*row), chosen, Q(exact, key), CAPO_VARS(V(exact, key)));
    }
    Instance *beyond = value && !found ? capo_query_first(capo_query_filter(capo_default_rows(target), Q("pk", value))) : NULL;
    if (beyond)
        offer(list, spec, capo_instance_text(beyond), true, Q(exact, value), CAPO_VARS(V(exact, value)));
    if (spec->field->null || spec->field->kind == FIELD_MANY_TO_MANY)
        offer(list, spec, admin_empty(list->admin), null && means_true(null), Q(isnull, (bool)true), CAPO_VARS(V(isnull, "True")));
}

static void all_values_filter(ChangeList *list, FilterSpec *spec)
{
    const char *exact = spec->keys[0] = spec->name, *isnull = spec->keys[1] = capo_format("%s__isnull", spec->name);
    const char *value = parameter(list, exact), *null = parameter(list, isnull);
    if (value)
        spec->chosen = Q(exact, value);
    else if (null)
        spec->chosen = Q(isnull, (bool)means_true(null));
    offer(list, spec, "All", !value && !null, NULL, NULL);
    Query *values = capo_query_distinct(capo_query_order_by(list->root, LIST(spec->name)));
    List *there = capo_values_flat(capo_query_slice(values, 0, MOST_CHOICES), spec->name);
    bool empty = false;
    for (size_t i = 0; i < there->count; i++) {
        if (capo_is_null(there->items[i])) {
            empty = true;
            continue;
        }
        const char *text = capo_to_text(there->items[i]);
        offer(list, spec, *text ? text : admin_empty(list->admin), value && strcmp(value, text) == 0, Q(exact, text), CAPO_VARS(V(exact, text)));
    }
    if (empty)
        offer(list, spec, admin_empty(list->admin), null && means_true(null), Q(isnull, (bool)true), CAPO_VARS(V(isnull, "True")));
}

static void read_filter(ChangeList *list, FilterSpec *spec)
{
    spec->choices = capo_list_new();
    for (const AdminFilter *own = list->admin->filters; own && own->name; own++)
        if (strcmp(own->name, spec->name) == 0)
            spec->own = own;
    if (spec->own) {
        spec->title = spec->own->title ? spec->own->title : spec->name;
        own_filter(list, spec);
        return;
    }
    bool many = false;
    if (!admin_path_field(list->model, spec->name, &spec->field, &many))
        capo_bug("The admin of %s filters by %s, which is no field.", list->model->label, spec->name);
    spec->title = admin_label_for(list->admin, list->model, spec->name);
    bool related = capo_field_is_relation(spec->field->kind);
    spec->crosses_many = many && !related;
    if (related)
        related_filter(list, spec);
    else if (spec->field->kind == FIELD_BOOLEAN)
        boolean_filter(list, spec);
    else if (capo_field_has_choices(spec->field))
        choices_filter(list, spec);
    else if (spec->field->kind == FIELD_DATE || spec->field->kind == FIELD_DATETIME)
        date_filter(list, spec);
    else
        all_values_filter(list, spec);
}

/* --- what the URL may ask -------------------------------------------------------------------------------------------------------- */

/* Of a listed path: itself, a look-up of it, and for a relation its key. */
static bool is_within(Model *model, const char *key, const char *path)
{
    size_t size = strlen(path);
    if (!capo_starts_with(key, path) || (key[size] && strncmp(key + size, "__", 2) != 0))
        return false;
    Field *field = NULL;
    if (!key[size] || !admin_path_field(model, path, &field, NULL) || !capo_field_is_relation(field->kind))
        return field || !key[size];
    const char *rest = key + size + 2, *end = strstr(rest, "__");
    const char *first = end ? capo_strndup(rest, (size_t)(end - rest)) : rest;
    Model *target = capo_field(field->model, field->name) == field && field->target ? field->target : field->model;
    if (strcmp(first, "pk") == 0 || strcmp(first, target->pk->name) == 0)
        return true;
    return !capo_field(target, first) && !capo_reverse_field(target, first);
}

static bool is_allowed(ChangeList *list, const char *key)
{
    const ModelAdmin *admin = list->admin;
    for (const char *const *path = admin->list_filter; path && *path; path++)
        if (is_within(list->model, key, *path))
            return true;
    if (admin->date_hierarchy && is_within(list->model, key, admin->date_hierarchy))
        return true;
    return is_within(list->model, key, "pk") || is_within(list->model, key, list->model->pk->name);
}

static Condition *free_lookup(ChangeList *list, const char *key, const char *value)
{
    char *first = capo_strdup(key), *end = strstr(first, "__");
    if (end)
        *end = '\0';
    bool known = strcmp(first, "pk") == 0 || capo_field(list->model, first) || capo_reverse_field(list->model, first);
    if (!known)
        capo_raise(ERROR_FIELD, "%s is no field of %s.", first, list->model->label);
    if (!is_allowed(list, key))
        capo_raise(400, "Filtering by %s not allowed", key);
    Field *field = NULL;
    const char *wrong = capo_lookup_path_error(list->model, key, &field);
    if (wrong)
        capo_raise(ERROR_FIELD, "%s", wrong);
    if (capo_ends_with(key, "__isnull"))
        return Q(key, (bool)means_true(value));
    if (capo_ends_with(key, "__in")) {
        size_t count;
        char **parts = capo_split(value, ',', &count);
        List *values = capo_list_new();
        for (size_t i = 0; i < count && i < 1000; i++)
            capo_list_add(values, VALUE((const char *)parts[i]));
        return Q(key, values);
    }
    return Q(key, value);
}

/* --- date hierarchy -------------------------------------------------------------------------------------------------------------------- */

static void add_date(ChangeList *list, List *choices, const char *path, Date date, int depth, bool linked)
{
    static const char *const formats[] = { "Y", "F Y", "F j" };
    int year, month, day;
    capo_date_parts(date, &year, &month, &day);
    const char *year_key = capo_format("%s__year", path), *month_key = capo_format("%s__month", path), *day_key = capo_format("%s__day", path);
    Var changes[4] = { V(year_key, year) };
    if (depth > 0)
        changes[1] = (Var)V(month_key, month);
    if (depth > 1)
        changes[2] = (Var)V(day_key, day);
    const char *url = admin_list_query_string(list, LIST(capo_format("%s__", path)), changes);
    capo_list_add(choices, VALUE(capo_map(V("title", capo_format_date(date, formats[depth])), V("url", linked ? url : NULL))));
}

static Date date_of(Value value)
{
    return value.kind == VALUE_DATE ? value.date : capo_local_date(value.datetime);
}

static void read_hierarchy(ChangeList *list, const char *path, bool *used)
{
    static const char *const parts[] = { "year", "month", "day" };
    int64_t asked[3] = { 0, 1, 1 };
    int depth = 0;
    Field *field = NULL;
    admin_path_field(list->model, path, &field, NULL);
    for (int i = 0; i < 3; i++) {
        const char *key = capo_format("%s__%s", path, parts[i]), *text = capo_dict_get(list->params, key);
        for (size_t j = 0; j < list->params->count; j++)
            used[j] |= strcmp(list->params->items[j].key, key) == 0;
        if (text && depth == i) {
            if (!capo_to_int(VALUE(text), &asked[i]))
                capo_raise(ERROR_VALUE, "%s is no %s.", text, parts[i]);
            depth = i + 1;
        }
    }
    int year = (int)asked[0], month = (int)asked[1], day = (int)asked[2];
    Date from = { 0 };
    if (depth) {
        list->is_narrowed = true;
        if (asked[0] < 1 || asked[0] > 9998 || asked[1] < 1 || asked[1] > 12 || asked[2] < 1 || asked[2] > 31 || !capo_date_valid(year, month, day))
            capo_raise(ERROR_VALUE, "There is no such day.");
        from = capo_date(year, month, day);
        Value to = depth == 3 ? day_of(field, (Date){ from.days + 1 })
                 : depth == 2 ? day_value(field, year + month / 12, month % 12 + 1, 1) : day_value(field, year + 1, 1, 1);
        list->query = capo_query_filter(list->query, between(capo_format("%s__gte", path), day_of(field, from), capo_format("%s__lt", path), to));
    }
    List *choices = capo_list_new();
    Map *back = NULL;
    int shown = depth;
    if (depth == 3) {
        add_date(list, choices, path, from, 2, false);
    } else {
        List *dates = capo_query_dates(list->query, path, parts[shown]);
        /* With a single year or month the next level says more. */
        while (depth == 0 && dates->count == 1 && shown < 2)
            dates = capo_query_dates(list->query, path, parts[++shown]);
        for (size_t i = 0; i < dates->count && i < 400; i++)
            if (!capo_is_null(dates->items[i]))
                add_date(list, choices, path, date_of(dates->items[i]), shown, true);
    }
    if (depth == 1)
        back = capo_map(V("title", "All dates"), V("url", admin_list_query_string(list, LIST(capo_format("%s__", path)), NULL)));
    if (depth > 1) {
        List *one = capo_list_new();
        add_date(list, one, path, from, depth - 2, true);
        back = one->items[0].map;
    }
    if (choices->count || back)
        list->date_hierarchy = VALUE(capo_map(V("label", admin_label_for(list->admin, list->model, path)), V("choices", choices), V("back", back)));
}

/* --- all together --------------------------------------------------------------------------------------------------------------------- */

static bool is_of_the_list(const char *key)
{
    return admin_listed(LIST("q", "o", "ot", "all", "_popup", "_to_field", "_facets", "_changelist_filters"), key);
}

static void add_counts(ChangeList *list, FilterSpec *specs, size_t count, size_t which)
{
    FilterSpec *spec = &specs[which];
    Query *others = list->root;
    for (size_t i = 0; i < count; i++)
        if (i != which)
            others = narrowed(&specs[i], list, others, specs[i].chosen);
    others = capo_query_order_by(admin_search(others, list->admin, list->search), LIST(NULL));
    for (size_t i = 0; i < spec->n_offered && i < 50; i++) {
        Map *choice = spec->choices->items[i].map;
        if (spec->own || i == 0)
            continue;
        capo_map_set(choice, "has_count", VALUE((bool)true));
        capo_map_set(choice, "count", VALUE(capo_query_count(narrowed(spec, list, others, spec->offered[i]))));
    }
}

void admin_list_filter(ChangeList *list)
{
    const char *const *names = list->admin->list_filter;
    size_t count = 0;
    while (names && names[count])
        count++;
    FilterSpec *specs = capo_alloc_array(count + 1, sizeof *specs);
    bool *used = capo_alloc_array(list->params->count + 1, sizeof *used);
    list->filters = capo_list_new();
    for (size_t i = 0; i < count; i++) {
        specs[i].name = names[i];
        read_filter(list, &specs[i]);
        bool active = specs[i].chosen || specs[i].own_value;
        for (size_t j = 0; j < list->params->count; j++)
            for (size_t k = 0; k < 4 && specs[i].keys[k]; k++)
                used[j] |= strcmp(list->params->items[j].key, specs[i].keys[k]) == 0;
        list->query = narrowed(&specs[i], list, list->query, specs[i].chosen);
        list->has_active_filters |= active;
        list->is_narrowed |= active;
    }
    if (list->admin->date_hierarchy)
        read_hierarchy(list, list->admin->date_hierarchy, used);
    for (size_t i = 0; i < list->params->count; i++) {
        const char *key = list->params->items[i].key;
        if (used[i] || is_of_the_list(key))
            continue;
        FilterSpec free_spec = { .name = key };
        admin_path_field(list->model, key, NULL, &free_spec.crosses_many);
        list->query = narrowed(&free_spec, list, list->query, free_lookup(list, key, list->params->items[i].value));
        list->has_active_filters = list->is_narrowed = true;
    }
    for (size_t i = 0; i < count; i++) {
        if (specs[i].choices->count < 2)
            continue;
        if (list->facets)
            add_counts(list, specs, count, i);
        Map *filter = capo_map(V("title", specs[i].title), V("choices", specs[i].choices), V("active", (bool)(specs[i].chosen || specs[i].own_value)));
        for (size_t j = 0; j < specs[i].choices->count; j++)
            if (capo_truth(*capo_map_get(specs[i].choices->items[j].map, "selected")))
                capo_map_set(filter, "current", *capo_map_get(specs[i].choices->items[j].map, "text"));
        capo_list_add(list->filters, VALUE(filter));
    }
}

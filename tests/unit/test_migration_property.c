/* SPDX-License-Identifier: BSD-3-Clause */
/* Random series of model edits, with rows present, through makemigrations' detector, the files and migrate. After each step
 *   - the migrated schema is the one that the models give when created afresh,
 *   - every row and value that should have stayed is what it was, and new columns hold their default,
 *   - going back gives the schema of before, and forwards again that of after;
 * and at the end everything goes back to zero.
 *
 * CAPO_TEST_SEED and CAPO_TEST_SERIES (how many series) say what to run; a failure names seed and step. */
#include "migrating.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 14, SERIES = 6, SERIES_ON_SERVERS = 2, MOST_MODELS = 4, MOST_FIELDS = 7 };

static App app = { .name = "prop", .directory = migrating_directory };

/* --- chance -------------------------------------------------------------------------------------------------------------------------------- */

static uint64_t chance;

static unsigned dice(unsigned sides)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (unsigned)(chance >> 11) % sides;
}

/* --- one step's edit ------------------------------------------------------------------------------------------------------------------------- */

typedef struct Edit {
    ProjectState *from, *to;
    const char *what;
    const char *old_model, *new_model;          /* renamed */
    const char *model, *old_field, *new_field;  /* renamed; `model` is also that of a new or altered field */
    const char *field;                          /* added or tightened */
    const char *one_off;                        /* what is typed for it */
    bool no_way_back;                           /* with rows: a key or a unique column cannot be made again */
    bool asks_rename;
} Edit;

static unsigned counter;

static ModelState *any_model(ProjectState *state)
{
    return state->models[dice((unsigned)state->count)];
}

/* A copy that is in the state already. */
static ModelState *edited(ProjectState *state, ModelState *model)
{
    ModelState *copy = model_state_clone(model);
    state_replace(state, model, copy);
    return copy;
}

static void set_option(ProjectState *state, ModelState *model, const char *name, Value value)
{
    Map *options = map_copy(model->options);
    capo_map_set(options, name, value);
    state_replace(state, model, model_state_new(model->app, model->name, model->fields, model->n_fields, options));
}

static bool is_relation(const FieldState *field) { return capo_field_is_relation(field->kind); }

/* Not the key. NULL: the model has no such field. */
static FieldState *any_field(const ModelState *model, bool column_only)
{
    for (int i = 0; i < 20 && model->n_fields > 1; i++) {
        FieldState *field = model->fields[1 + dice((unsigned)model->n_fields - 1)];
        if (!column_only || field->kind != FIELD_MANY_TO_MANY)
            return field;
    }
    return NULL;
}

static int64_t number(const char *sql)
{
    List *rows = capo_sql_rows_with(sql, NULL, 0);
    int64_t n = -1;
    if (rows->count)
        capo_to_int(rows->items[0].map->entries[0].value, &n);
    return n;
}

static Model *model_now(ProjectState *state, const ModelState *model) { return state_model(state, "prop", model->name); }

/* MariaDB indexes no text of unknown length, and Django refuses it there too. */
static bool can_be_indexed(const FieldState *field) { return field->kind != FIELD_TEXT || !database_is("mysql"); }

/* No value twice, and none missing, so that it may become unique. */
static bool all_differ(ProjectState *state, const ModelState *model, const FieldState *field)
{
    Model *now = model_now(state, model);
    const char *column = capo_field(now, field->name)->column;
    return number(capo_format("SELECT CASE WHEN COUNT(*) = COUNT(DISTINCT %s) THEN 1 ELSE 0 END FROM %s", capo_quote_name(column), capo_quote_name(now->table))) == 1;
}

/* A new field for a model that may have rows; *ret_one_off: what to type where it is asked for. */
static FieldState *new_field(ProjectState *state, const ModelState *model, Edit *edit)
{
    static const FieldKind kinds[] = { FIELD_CHAR, FIELD_TEXT, FIELD_INTEGER, FIELD_BIG_INTEGER, FIELD_POSITIVE_INTEGER, FIELD_BOOLEAN, FIELD_DATETIME,
                                       FIELD_DECIMAL, FIELD_FLOAT, FIELD_SLUG, FIELD_FOREIGN_KEY, FIELD_MANY_TO_MANY, FIELD_ONE_TO_ONE, FIELD_DATE };
    FieldKind kind = kinds[dice(sizeof kinds / sizeof *kinds)];
    const char *name = capo_format("f%u", ++counter), *typed = NULL;
    Map *options = capo_map_new();
    bool null = dice(3) == 0, with_default = dice(2);
    switch (kind) {
    case FIELD_CHAR:
        capo_map_set(options, "max_length", VALUE((int)(20 + dice(50))));
        typed = "it's \"one\"; off?";
        if (with_default)
            capo_map_set(options, "default", VALUE("d'f%s"));
        break;
    case FIELD_SLUG: case FIELD_TEXT: typed = "typed"; break;
    case FIELD_BOOLEAN: typed = "True"; break;
    case FIELD_DATETIME: typed = "2026-11-22T08:30:00+00:00"; break;
    case FIELD_DATE: typed = "2026-11-22"; break;
    case FIELD_DECIMAL:
        capo_map_set(options, "max_digits", VALUE(8));
        capo_map_set(options, "decimal_places", VALUE(2));
        typed = "12.25";
        break;
    case FIELD_FLOAT: typed = "0.5"; break;
    case FIELD_FOREIGN_KEY: case FIELD_ONE_TO_ONE: case FIELD_MANY_TO_MANY: {
        ModelState *target = any_model(state);
        capo_map_set(options, "to", VALUE(model_state_label(target)));
        capo_map_set(options, "related_name", VALUE(capo_format("r%u", counter)));
        if (kind == FIELD_MANY_TO_MANY)
            break;
        capo_map_set(options, "on_delete", VALUE("CASCADE"));
        int64_t key = edit ? number(capo_format("SELECT MAX(id) FROM %s", capo_quote_name(model_now(edit->from, target)->table))) : 0;
        null |= kind == FIELD_ONE_TO_ONE || key <= 0;
        typed = capo_format("%lld", (long long)key);
        break;
    }
    default:
        typed = "7";
        if (with_default)
            capo_map_set(options, "default", VALUE(3));
        if (kind != FIELD_POSITIVE_INTEGER && !null && dice(3) == 0)
            capo_map_set(options, "db_index", capo_value_bool(true));
    }
    if (null && kind != FIELD_MANY_TO_MANY)
        capo_map_set(options, "null", capo_value_bool(true));
    if (edit) {
        edit->model = model->name;
        edit->field = name;
        edit->one_off = capo_map_get(options, "default") ? NULL : typed;
    }
    return field_state_new(name, kind, options);
}

static void add_model(Edit *edit)
{
    FieldState *fields[5] = { field_state_new("id", FIELD_BIG_AUTO, capo_map(V("primary_key", (bool)true))) };
    size_t count = 1, wanted = 2 + dice(3);
    const char *name = capo_format("Model%c%u", 'A' + (int)dice(26), ++counter);
    if (edit->to->count == MOST_MODELS)
        return;
    edit->what = "add a model";
    while (count < wanted && (edit->to->count || count < 3)) {
        ProjectState *others = edit->to->count ? edit->to : NULL;
        fields[count++] = others ? new_field(others, NULL, NULL)
            : field_state_new(capo_format("f%u", ++counter), FIELD_INTEGER, capo_map_new());
    }
    state_put(edit->to, model_state_new("prop", name, fields, count, NULL));
}

static void remove_from_lists(ProjectState *state, const char *model, const char *field)
{
    for (const char *const *name = LIST("unique_together", "indexes", "constraints"); *name; name++) {
        ModelState *now = state_find(state, "prop", model);
        Value *value = capo_map_get(now->options, *name);
        if (value && strstr(capo_json_text(*value, 0), capo_format("%s", field)))
            set_option(state, now, *name, capo_value_null());
    }
}

static void delete_model(Edit *edit)
{
    if (edit->to->count < 2)
        return;
    const ModelState *gone = any_model(edit->to);
    const char *label = model_state_label(gone), *name = gone->name;
    edit->what = "delete a model";
    for (size_t i = 0; i < edit->to->count; i++) {
        ModelState *model = edited(edit->to, edit->to->models[i]);
        for (size_t f = model->n_fields; f-- > 0;) {
            const char *to = field_state_text(model->fields[f], "to"), *field = model->fields[f]->name;
            if (!to || !same_name(to, label))
                continue;
            model_state_remove_field(model, field);
            remove_from_lists(edit->to, model->name, field);
            model = edited(edit->to, state_find(edit->to, "prop", model->name));
            edit->no_way_back = true;
        }
    }
    state_remove(edit->to, "prop", name);
}

static void rename_model(Edit *edit)
{
    const ModelState *model = any_model(edit->to);
    edit->what = "rename a model";
    edit->old_model = model->name;
    edit->new_model = capo_format("Renamed%u", ++counter);
    edit->asks_rename = true;
    edit->to = operation_state(OPERATION(.kind = RENAME_MODEL, .model = edit->old_model, .new_name = edit->new_model), "prop", edit->to);
}

static void add_field(Edit *edit)
{
    ModelState *model = any_model(edit->to);
    if (model->n_fields >= MOST_FIELDS)
        return;
    edit->what = "add a field";
    FieldState *field = new_field(edit->to, model, edit);
    model_state_put_field(edited(edit->to, model), field);
}

static void remove_field(Edit *edit)
{
    ModelState *model = any_model(edit->to);
    const FieldState *field = any_field(model, false);
    if (!field || model->n_fields < 3)
        return;
    edit->what = "remove a field";
    edit->no_way_back = field_state_flag(field, "unique") || capo_map_get(model->options, "unique_together") || capo_map_get(model->options, "constraints")
        || (!field_state_flag(field, "null") && field->kind != FIELD_MANY_TO_MANY && !capo_map_get(field->options, "default"));
    model_state_remove_field(edited(edit->to, model), field->name);
    remove_from_lists(edit->to, model->name, field->name);
}

static void rename_field(Edit *edit)
{
    ModelState *model = any_model(edit->to);
    const FieldState *field = any_field(model, false);
    if (!field)
        return;
    edit->what = "rename a field";
    edit->asks_rename = true;
    edit->model = model->name;
    edit->old_field = field->name;
    edit->new_field = capo_format("g%u", ++counter);
    Value *constraints = capo_map_get(model->options, "constraints");
    edit->to = operation_state(OPERATION(.kind = RENAME_FIELD, .model = model->name, .name = field->name, .new_name = edit->new_field), "prop", edit->to);
    if (constraints && strstr(capo_json_text(*constraints, 0), field->name))        /* a CHECK names the column: its text is for people to change */
        set_option(edit->to, state_find(edit->to, "prop", edit->model), "constraints", capo_value_null());
}

static void alter_field(Edit *edit)
{
    ModelState *model = any_model(edit->to);
    FieldState *field = any_field(model, true), *altered = NULL;
    if (!field)
        return;
    bool null = field_state_flag(field, "null"), unique = field_state_flag(field, "unique"), relation = is_relation(field);
    switch (dice(7)) {
    case 0:
        altered = field_state_with(field, "null", capo_value_bool(!null));
        edit->no_way_back = relation || !null;
        if (null && unique)
            return;
        if (null && relation && number(capo_format("SELECT COUNT(*) FROM %s WHERE %s IS NULL", capo_quote_name(model_now(edit->from, model)->table),
                                                   capo_quote_name(capo_field(model_now(edit->from, model), field->name)->column))))
            return;
        if (null && !capo_map_get(field->options, "default")) {
            edit->model = model->name;
            edit->field = field->name;
            edit->one_off = relation ? "1" : field->kind == FIELD_BOOLEAN ? "False" : field->kind == FIELD_DATETIME || field->kind == FIELD_DATE ? "2020-01-02" : "8";
        } else if (null) {
            edit->model = model->name;
            edit->field = field->name;
        }
        break;
    case 1:
        if (relation || !can_be_indexed(field) || (!unique && !all_differ(edit->from, model, field)))
            return;
        altered = field_state_with(field, "unique", capo_value_bool(!unique));
        break;
    case 2:
        if (unique)
            return;
        altered = field_state_with(field, "db_index", capo_value_bool(!field_state_flag(field, "db_index")));
        break;
    case 3:
        if (field->kind != FIELD_CHAR)
            return;
        altered = field_state_with(field, "max_length", VALUE((int)field_state_option(field, "max_length").integer + 10));
        break;
    case 4:
        if (field->kind == FIELD_INTEGER || field->kind == FIELD_BIG_INTEGER)
            altered = field_state_new(field->name, field->kind == FIELD_INTEGER ? FIELD_BIG_INTEGER : FIELD_INTEGER, field->options);
        else if (field->kind == FIELD_CHAR && (!database_is("mysql") || (!unique && !field_state_flag(field, "db_index") && !model->options->count)))
            altered = field_state_new(field->name, FIELD_TEXT, map_without(field->options, "max_length"));
        break;
    case 5:
        altered = field_state_with(field, "db_column", field_state_text(field, "db_column") ? capo_value_null() : VALUE(capo_format("a \"column\" %u", ++counter)));
        if (capo_map_get(model->options, "constraints"))
            return;
        break;
    default:
        if (field->kind == FIELD_INTEGER || field->kind == FIELD_BIG_INTEGER)
            altered = field_state_with(field, "default", VALUE((int)dice(100)));
        else
            altered = field_state_with(field, "help_text", VALUE(capo_format("help %u", ++counter)));
    }
    if (!altered)
        return;
    edit->what = "alter a field";
    model_state_put_field(edited(edit->to, model), altered);
}

static void alter_key(Edit *edit)
{
    ModelState *model = any_model(edit->to);
    const FieldState *key = model_state_pk(model);
    edit->what = "alter a key";
    model_state_put_field(edited(edit->to, model), field_state_new("id", key->kind == FIELD_AUTO ? FIELD_BIG_AUTO : FIELD_AUTO, key->options));
}

static const char *check_of(const Field *field)
{
    const char *column = capo_quote_name(field->column);
    return capo_field_is_text(field->kind) ? capo_format("%s IS NULL OR %s <> 'never;'", column, column) : capo_format("%s IS NULL OR %s IS NOT NULL", column, column);
}

static void alter_meta(Edit *edit)
{
    ModelState *model = any_model(edit->to);
    const FieldState *one = any_field(model, true), *two = any_field(model, true);
    if (!one || !two || !can_be_indexed(one) || !can_be_indexed(two))
        return;
    List *names = capo_list_new(), *lists = capo_list_new();
    capo_list_add(names, VALUE(one->name));
    if (two != one)
        capo_list_add(names, VALUE(two->name));
    capo_list_add(lists, capo_value_list(names));
    Map *map = capo_map_new();
    const char *name = capo_format("n%u", ++counter), *option = NULL;
    Value value = capo_value_null();
    bool differ = all_differ(edit->from, model, one) && !is_relation(one);
    switch (dice(4)) {
    case 0:
        option = "unique_together";
        if (!capo_map_get(model->options, option) && differ && two != one)
            value = capo_value_list(lists);
        break;
    case 1:
        option = "indexes";
        capo_map_set(map, name, capo_value_list(names));
        if (!capo_map_get(model->options, option) || dice(2))
            value = capo_value_map(map);
        break;
    case 2:
        option = "constraints";
        if (capo_map_get(model->options, option))
            break;
        if (differ && dice(2))
            capo_map_set(map, name, capo_value_map(capo_map(V("unique", names))));
        else
            capo_map_set(map, name, capo_value_map(capo_map(V("check", check_of(capo_field(model_now(edit->from, model), one->name))))));
        value = capo_value_map(map);
        break;
    default:
        option = "db_table";
        value = capo_map_get(model->options, option) ? capo_value_null() : VALUE(capo_format("a \"table\" %u", counter));
    }
    edit->what = capo_format("alter %s", option);
    set_option(edit->to, model, option, value);
}

static void (*const edits[])(Edit *) = { add_model, delete_model, rename_model, add_field, add_field, add_field, remove_field, rename_field, rename_field,
                                         alter_field, alter_field, alter_field, alter_meta, alter_meta, alter_key };

/* --- rows ---------------------------------------------------------------------------------------------------------------------------------------- */

static Value value_for(const Model *model, const Field *field, bool *ret_skip)
{
    unsigned n = ++counter;
    if (field->target) {
        const char *column = capo_quote_name(field->column);
        const char *unused = field->unique ? capo_format("WHERE id NOT IN (SELECT %s FROM %s WHERE %s IS NOT NULL)", column, capo_quote_name(model->table), column) : "";
        int64_t key = number(capo_format("SELECT MAX(id) FROM %s %s", capo_quote_name(field->target->table), unused));
        *ret_skip |= key <= 0 && !field->null;
        return key > 0 && (!field->null || dice(2)) ? capo_value_int(key) : capo_value_null();
    }
    if (field->null && dice(3) == 0)
        return capo_value_null();
    switch (field->kind) {
    case FIELD_BOOLEAN: return capo_value_bool(n % 2);
    case FIELD_FLOAT: return capo_value_real(n + 0.5);
    case FIELD_DECIMAL: return capo_value_decimal((Decimal){ capo_format("%u.25", n) });
    case FIELD_DATE: return capo_value_date((Date){ (int)n });
    case FIELD_DATETIME: return capo_value_datetime((DateTime){ (int64_t)n * 1000003 });
    default: return capo_field_is_integer(field->kind) ? capo_value_int(n) : VALUE(capo_format("v%u 'x'", n));
    }
}

static void insert_row(const Model *model)
{
    Buffer sql = { 0 }, marks = { 0 };
    Value values[32];
    size_t count = 0;
    bool skip = false;
    for (size_t i = 0; i < model->n_fields; i++) {
        if (model->fields[i] == model->pk)
            continue;
        values[count] = value_for(model, model->fields[i], &skip);
        capo_put_format(&sql, "%s%s", count ? ", " : "", capo_quote_name(model->fields[i]->column));
        capo_put(&marks, count++ ? ", ?" : "?");
    }
    if (skip)
        return;
    const char *statement = count ? capo_format("INSERT INTO %s (%s) VALUES (%s)", capo_quote_name(model->table), capo_buffer_text(&sql), capo_buffer_text(&marks))
                                  : capo_format(database_is("mysql") ? "INSERT INTO %s () VALUES ()" : "INSERT INTO %s DEFAULT VALUES", capo_quote_name(model->table));
    capo_sql_run_with(statement, values, count);
}

static void insert_rows(ProjectState *state)
{
    for (size_t i = 0; i < state->count; i++) {
        Model *model = model_now(state, state->models[i]);
        for (unsigned n = dice(3); n; n--)
            insert_row(model);
        for (size_t m = 0; m < model->n_many; m++) {
            const Field *many = model->many[m];
            capo_sql_run_with(capo_format("INSERT %s INTO %s (%s, %s) SELECT (SELECT MAX(id) FROM %s), MAX(id) FROM %s HAVING MAX(id) > 0 AND EXISTS (SELECT 1 FROM %s)%s",
                database_is("sqlite") ? "OR IGNORE" : database_is("mysql") ? "IGNORE" : "",
                capo_quote_name(many->through->table), capo_quote_name(many->through_source->column), capo_quote_name(many->through_target->column),
                capo_quote_name(model->table), capo_quote_name(many->target->table), capo_quote_name(model->table), database_is("postgresql") ? " ON CONFLICT DO NOTHING" : ""), NULL, 0);
        }
    }
}

static List *table_rows(const Model *model)
{
    return capo_sql_rows_with(capo_format("SELECT * FROM %s ORDER BY id", capo_quote_name(model->table)), NULL, 0);
}

/* All rows of all tables, by the label that a join model keeps under another name too: "Post" and "Post.tags". */
static Map *all_rows(ProjectState *state)
{
    Map *rows = capo_map_new();
    for (size_t i = 0; i < state->count; i++) {
        Model *model = model_now(state, state->models[i]);
        capo_map_set(rows, model->name, capo_value_list(table_rows(model)));
        for (size_t m = 0; m < model->n_many; m++)
            capo_map_set(rows, capo_format("%s.%s", model->name, model->many[m]->name), capo_value_list(table_rows(model->many[m]->through)));
    }
    return rows;
}

static const char *former(const char *name, const char *old, const char *new)
{
    return new && strcmp(name, new) == 0 ? old : name;
}

static Value column_in(const List *rows, size_t row, const char *column)
{
    Value *value = capo_map_get(rows->items[row].map, column);
    EXPECT(value != NULL);
    return *value;
}

/* What the database holds for a value that was typed, or for the default. */
static Value stored(const Field *field, Value value)
{
    List *rows = capo_sql_rows_with("SELECT ? AS v", (Value[]){ capo_to_column(field, capo_field_to_python(field, value)) }, 1);
    return *capo_map_get(rows->items[0].map, "v");
}

/* Numbers of a decimal column come back as numbers where they went in as text. */
static bool same_value(Value a, Value b)
{
    double x, y;
    return capo_equal(a, b) || (capo_to_real(a, &x) && capo_to_real(b, &y) && x == y);
}

static void compare_rows(const Edit *edit, const Map *before)
{
    for (size_t i = 0; i < edit->to->count; i++) {
        Model *model = model_now(edit->to, edit->to->models[i]);
        const char *old_name = former(model->name, edit->old_model, edit->new_model);
        const Value *old_value = capo_map_get(before, old_name);
        if (!old_value)
            continue;
        Model *old = state_model(edit->from, "prop", old_name);
        const List *was = old_value->list, *is = table_rows(model);
        EXPECT_INT(is->count, was->count);
        bool touched = edit->model && strcmp(edit->model, model->name) == 0;
        for (size_t f = 0; f < model->n_fields; f++) {
            const Field *field = model->fields[f];
            const char *old_field_name = touched ? former(field->name, edit->old_field, edit->new_field) : field->name;
            const Field *old_field = capo_field(old, old_field_name);
            bool is_the_one = touched && edit->field && strcmp(edit->field, field->name) == 0;
            /* a parameter alone has no type of these, to tell how the server keeps it */
            bool typed = field->kind == FIELD_DATE || field->kind == FIELD_DATETIME || field->kind == FIELD_BOOLEAN;
            if (is_the_one && typed && !database_is("sqlite"))
                continue;
            for (size_t r = 0; r < is->count; r++) {
                Value now = column_in(is, r, field->column), then = old_field ? column_in(was, r, old_field->column) : capo_value_null();
                if (is_the_one && capo_is_null(then) && (!field->null || field->has_default)) {
                    if (field->has_default && !edit->one_off)
                        then = stored(field, field->default_value);
                    else if (edit->one_off && !field->null)
                        then = stored(field, capo_value_text(edit->one_off));
                    else if (old_field)
                        then = capo_value_null();
                }
                if (!same_value(now, then))
                    capo_test_fail(__FILE__, __LINE__, "%s.%s of row %zu is %s and was %s", model->name, field->name, r, capo_to_text(now), capo_to_text(then));
            }
        }
        for (size_t m = 0; m < model->n_many; m++) {
            const Field *many = model->many[m];
            const char *old_field_name = touched ? former(many->name, edit->old_field, edit->new_field) : many->name;
            const Value *pairs = capo_map_get(before, capo_format("%s.%s", old_name, old_field_name));
            if (!pairs)
                continue;
            const Field *old_many = capo_field(old, old_field_name);
            const List *now = table_rows(many->through);
            EXPECT_INT(now->count, pairs->list->count);
            for (size_t r = 0; r < now->count; r++) {
                EXPECT(capo_equal(column_in(now, r, many->through_source->column), column_in(pairs->list, r, old_many->through_source->column)));
                EXPECT(capo_equal(column_in(now, r, many->through_target->column), column_in(pairs->list, r, old_many->through_target->column)));
            }
        }
    }
}

/* --- schemas ------------------------------------------------------------------------------------------------------------------------------------ */

static char *schema_text(void)
{
    Buffer text = { 0 };
    List *tables = capo_schema_tables();
    for (size_t i = 0; i < tables->count; i++) {
        const char *table = capo_to_text(tables->items[i]);
        if (strcmp(table, "django_migrations") != 0 && strncmp(table, "capo_migration_", 15) != 0)
            capo_put_format(&text, "%s:\n%s\n", table, table_text(table));
    }
    return capo_buffer_text(&text);
}

static char *fresh_schema(ProjectState *state)
{
    capo_database_open(other_database());
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; i < state->count; i++)
        capo_schema_create_model(editor, model_now(state, state->models[i]));
    capo_schema_close(editor);
    char *text = schema_text();
    open_again();
    return text;
}

/* --- the run -------------------------------------------------------------------------------------------------------------------------------------- */

typedef struct Series {
    uint64_t seed;
    ProjectState *state;
    Migration *migrations[2 * STEPS + 4]; size_t count;
    int step;
    const char *what, *file_text;
} Series;

static bool confirm(void *self, const char *question)
{
    (void)question;
    return ((const Edit *)self)->asks_rename;
}

static const char *answer(void *self, const char *question)
{
    const Edit *edit = self;
    if (!edit->one_off)
        capo_test_fail(__FILE__, __LINE__, "nobody should be asked: %s", question);
    return strstr(question, "Select an option") ? "1" : edit->one_off;
}

static void write_migrations(Series *series, Edit *edit)
{
    MigrationGraph *graph = graph_of(series->migrations, series->count, NULL);
    Questioner questioner = { .confirm = confirm, .ask = answer, .self = edit };
    size_t n_apps;
    DetectedApp *apps = detect_changes(edit->from, edit->to, graph, NULL, NULL, &questioner, &n_apps);
    for (size_t m = 0; n_apps && m < apps[0].count; m++) {
        const char *text = migration_text(apps[0].migrations[m]), *path = migration_path(&app, apps[0].migrations[m]->name);
        series->file_text = text;
        EXPECT_INT(capo_write_file(path, text, strlen(text)), 0);
        series->migrations[series->count++] = migration_parse("prop", apps[0].migrations[m]->name, path, text, strlen(text));
    }
}

static void go_to(const char *name)
{
    capo_migrate(&(MigrateOptions){ .app = "prop", .target = name });
}

static void one_step(void *argument)
{
    Series *series = argument;
    Edit edit = { 0 };
    insert_rows(series->state);                 /* before the edit is chosen: it looks at the rows */
    for (int tries = 0; !edit.what && tries < 50; tries++) {
        edit = (Edit){ .from = series->state, .to = state_clone(series->state) };
        (series->state->count ? edits[dice(sizeof edits / sizeof *edits)] : add_model)(&edit);
    }
    series->what = edit.what;
    Map *before = all_rows(edit.from);
    char *schema_before = schema_text();
    size_t count_before = series->count;
    write_migrations(series, &edit);
    if (series->count == count_before)
        return;
    go_to(NULL);
    char *schema_after = schema_text();
    EXPECT_TEXT(schema_after, fresh_schema(edit.to));
    compare_rows(&edit, before);
    expect_sound_keys();
    if (!edit.no_way_back && dice(2)) {
        go_to(count_before ? series->migrations[count_before - 1]->name : "zero");
        EXPECT_TEXT(schema_text(), schema_before);
        go_to(NULL);
        EXPECT_TEXT(schema_text(), schema_after);
    }
    series->state = edit.to;
}

/* In one transaction, at whose end foreign keys are looked at; MariaDB looks at once, unless it is told not to. */
static void empty_tables(ProjectState *state)
{
    capo_schema_enforce_foreign_keys(false);
    capo_begin();
    if (database_is("mysql"))
        capo_sql_run("SET FOREIGN_KEY_CHECKS = 0");
    for (size_t i = 0; i < state->count; i++) {
        Model *model = model_now(state, state->models[i]);
        capo_sql_run_with(capo_format("DELETE FROM %s", capo_quote_name(model->table)), NULL, 0);
        for (size_t m = 0; m < model->n_many; m++)
            capo_sql_run_with(capo_format("DELETE FROM %s", capo_quote_name(model->many[m]->through->table)), NULL, 0);
    }
    if (database_is("mysql"))
        capo_sql_run("SET FOREIGN_KEY_CHECKS = 1");
    capo_commit();
    capo_schema_enforce_foreign_keys(true);
}

static void run_series(uint64_t seed)
{
    Series series = { .seed = seed, .state = state_new() };
    chance = seed * 2654435761u + 88172645463325252u;
    counter = 0;
    start_migrating();
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .apps = APPS(&app), .database = migrating_url });
    for (; series.step < STEPS; series.step++) {
        const Error *error = capo_try(one_step, &series);
        if (error)
            capo_test_fail(__FILE__, __LINE__, "CAPO_TEST_SEED=%llu CAPO_TEST_SERIES=1, step %d (%s): %s (%s:%d)\n%s", (unsigned long long)seed, series.step,
                           series.what, error->message, error->file, error->line, series.file_text ? series.file_text : "");
    }
    empty_tables(series.state);
    go_to("zero");
    EXPECT_TEXT(schema_text(), "");
}

TEST(migrated_schema_is_the_fresh_schema_and_rows_stay)
{
    const char *seed = getenv("CAPO_TEST_SEED"), *series = getenv("CAPO_TEST_SERIES");
    uint64_t first = seed ? strtoull(seed, NULL, 10) : 20261122, count = series ? strtoull(series, NULL, 10) : getenv("CAPO_TEST_DATABASE") ? SERIES_ON_SERVERS : SERIES;
    for (uint64_t i = 0; i < count; i++)
        run_series(first + i);
}

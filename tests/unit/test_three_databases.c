/* SPDX-License-Identifier: BSD-3-Clause */
/* The databases held against each other: random models, rows and queries, the same on SQLite, PostgreSQL and MariaDB in one process, must
 * give the same answers. A few seeds here; CAPO_PROPERTY_SEEDS=200 for more, CAPO_PROPERTY_FIRST=17 from there on.
 *
 * Left out is what Django's databases answer differently too: where NULLs are ordered, the case of letters, the digits of averages and
 * of floating-point sums, the zeros at the end of SQLite's decimal sums. */
#include <capo/testing.h>
#if defined CAPO_HAS_POSTGRESQL && defined CAPO_HAS_MYSQL
#include "../../orm/query.h"
#include "../../orm/routing.h"
#include "database_servers.h"
#include <capo/schema.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_FIELDS = 9, ROWS_OF_PARENT = 12, ROWS_OF_CHILD = 30, QUERIES = 40, MOST_TEXTS = 8 };
static unsigned seed;
static unsigned chance(unsigned n) { return (unsigned)rand_r(&seed) % n; }

/* --- random models --- */

typedef struct Made { Model *parent, *child; } Made;
static const FieldKind kinds[] = { FIELD_INTEGER, FIELD_BIG_INTEGER, FIELD_SMALL_INTEGER, FIELD_CHAR, FIELD_TEXT, FIELD_BOOLEAN, FIELD_DECIMAL, FIELD_DATE, FIELD_DATETIME,
                                   FIELD_UUID, FIELD_DURATION, FIELD_FLOAT };

static Model *make_model(const char *name, Model *parent)
{
    FieldRow *rows = capo_alloc_array(MOST_FIELDS + 4, sizeof *rows);
    size_t n = 0, wanted = 3 + chance(MOST_FIELDS - 3);
    rows[n++] = (FieldRow){ .name = "id", .kind = FIELD_BIG_AUTO };
    for (size_t i = 0; i < wanted; i++) {
        FieldRow *row = &rows[n++];
        *row = (FieldRow){ .name = capo_format("f%zu", i), .kind = i ? kinds[chance(sizeof kinds / sizeof *kinds)] : FIELD_INTEGER, .null = i && chance(3) == 0 };
        if (row->kind == FIELD_CHAR)
            row->options.text.max_length = 30;
        if (row->kind == FIELD_DECIMAL) {
            row->options.decimal.max_digits = 9;
            row->options.decimal.decimal_places = 2;
        }
        row->options.common.db_index = chance(4) == 0 && row->kind != FIELD_TEXT;
    }
    if (parent) {
        rows[n] = (FieldRow){ .name = "parent", .kind = FIELD_FOREIGN_KEY, .null = chance(2) == 0, .target = parent };
        rows[n].options.relation.on_delete = CASCADE;
        rows[n++].options.relation.related_name = "children";
    }
    Model *model = capo_alloc_struct(Model);
    *model = (Model){ .name = name, .app = "random", .rows = rows };
    return model;
}

/* --- random values --- */

static Value random_value(const Field *field)
{
    static const char *const texts[MOST_TEXTS] = { "", "a", "ab", "abc", "b a", "ba%", "a_b", "x'y" };
    switch (field->kind) {
    case FIELD_CHAR: case FIELD_TEXT:
        return VALUE(texts[chance(MOST_TEXTS)]);
    case FIELD_BOOLEAN:
        return capo_value_bool(chance(2));
    case FIELD_DECIMAL:
        return capo_value_decimal((Decimal){ capo_format("%d.%02u", (int)chance(40) - 20, chance(4) * 25) });
    case FIELD_FLOAT:
        return capo_value_real(((int)chance(40) - 20) / 4.0);
    case FIELD_DATE:
        return capo_value_date((Date){ capo_days_of(2023 + (int)chance(3), 1 + (int)chance(12), 1 + (int)chance(28)) });
    case FIELD_DATETIME:
        return capo_value_datetime((DateTime){ INT64_C(1700000000000000) + chance(1000) * INT64_C(39600000001) });
    case FIELD_DURATION:
        return capo_value_duration((Duration){ ((int64_t)chance(20) - 5) * INT64_C(1800000001) });
    case FIELD_UUID: {
        Uuid uuid = { { 0 } };
        uuid.bytes[0] = (uint8_t)chance(4);
        uuid.bytes[15] = (uint8_t)chance(3);
        return capo_value_uuid(uuid);
    }
    case FIELD_BIG_INTEGER:
        return capo_value_int(((int64_t)chance(9) - 4) * (chance(2) ? 1 : INT64_C(3000000000)));
    default:
        return capo_value_int((int)chance(11) - 5);
    }
}

typedef struct Cells { Value *items; size_t rows, fields; } Cells;

static Cells random_rows(const Model *model, size_t count)
{
    Cells cells = { capo_alloc_array(count * model->n_fields, sizeof(Value)), count, model->n_fields };
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < model->n_fields; k++) {
            const Field *field = model->fields[k];
            Value *cell = &cells.items[i * model->n_fields + k];
            if (field == model->pk)
                *cell = capo_value_int((int64_t)i + 1);
            else if (field->null && chance(4) == 0)
                *cell = capo_value_null();
            else
                *cell = field->target ? capo_value_int(1 + chance(ROWS_OF_PARENT)) : random_value(field);
        }
    return cells;
}

static void insert(Model *model, const Cells *cells)
{
    Instance **instances = capo_alloc_array(cells->rows, sizeof *instances);
    for (size_t i = 0; i < cells->rows; i++) {
        instances[i] = capo_instance_new(model);
        for (size_t k = 0; k < model->n_fields; k++)
            capo_field_assign(instances[i], model->fields[k], cells->items[i * cells->fields + k]);
    }
    capo_bulk_create(instances, cells->rows);
}

/* --- random questions: made once, as data, and asked everywhere --- */

typedef struct Leaf { const char *path; Value value; } Leaf;
typedef struct Question {
    int kind;
    bool of_child, reverse, distinct, sliced;
    Leaf leaves[4]; int n_leaves, shape;
    const char *path, *group, *function;
} Question;

static const Field *some_field(const Model *model, bool (*good)(const Field *))
{
    for (int i = 0; i < 200; i++) {
        const Field *field = model->fields[chance((unsigned)model->n_fields)];
        if (!field->target && field != model->pk && (!good || good(field)))
            return field;
    }
    return capo_field(model, "f0");
}

static bool is_number(const Field *field) { return capo_field_is_integer(field->kind) || field->kind == FIELD_DECIMAL; }
static bool is_ordered(const Field *field) { return field->kind != FIELD_UUID && field->kind != FIELD_BOOLEAN && !capo_field_is_text(field->kind); }
static bool is_group(const Field *field) { return field->kind != FIELD_FLOAT && field->kind != FIELD_TEXT; }

static Leaf random_leaf(const Made *made, bool of_child)
{
    const Model *model = of_child ? made->child : made->parent;
    const char *before = "";
    if (chance(4) == 0) {
        before = of_child ? "parent__" : "children__";
        model = of_child ? made->parent : made->child;
    }
    const Field *field = some_field(model, NULL);
    static const char *const plain[] = { "exact", "in", "isnull", "exact" }, *const ordered[] = { "gt", "gte", "lt", "lte", "range", "exact", "in", "isnull" };
    static const char *const texts[] = { "contains", "startswith", "endswith", "exact", "in", "isnull", "icontains", "iexact" };
    static const char *const dates[] = { "year", "month", "day", "week_day", "quarter", "gt", "range", "isnull", "year__gte", "iso_week_day" };
    static const char *const moments[] = { "year", "month", "hour", "date", "lt", "gte", "isnull", "minute__gt" };
    const char *lookup = field->kind == FIELD_DATE ? dates[chance(10)] : field->kind == FIELD_DATETIME ? moments[chance(8)] : capo_field_is_text(field->kind) ? texts[chance(8)]
        : is_ordered(field) ? ordered[chance(8)] : plain[chance(4)];
    Value value = random_value(field);
    if (!strcmp(lookup, "isnull"))
        value = capo_value_bool(chance(2));
    else if (!strcmp(lookup, "range"))
        value = capo_value_pair(value, random_value(field));
    else if (!strcmp(lookup, "in"))
        value = capo_value_list(capo_values_list((Value[]){ value, random_value(field), random_value(field) }, chance(4)));
    else if (!strncmp(lookup, "year", 4))
        value = capo_value_int(2022 + chance(4));
    else if (!strcmp(lookup, "date"))
        value = capo_value_date(capo_local_date(value.datetime));
    else if (field->kind == FIELD_DATE && strcmp(lookup, "gt"))
        value = capo_value_int(1 + chance(7));
    else if (!strcmp(lookup, "month") || !strcmp(lookup, "hour") || !strcmp(lookup, "minute__gt"))
        value = capo_value_int(1 + chance(12));
    return (Leaf){ capo_format("%s%s__%s", before, field->name, lookup), value };
}

static Question random_question(const Made *made)
{
    Question question = { .kind = (int)chance(7), .of_child = chance(2), .reverse = chance(2), .distinct = chance(4) == 0, .sliced = chance(4) == 0,
                          .n_leaves = 1 + (int)chance(4), .shape = (int)chance(6) };
    const Model *model = question.of_child ? made->child : made->parent;
    for (int i = 0; i < question.n_leaves; i++)
        question.leaves[i] = random_leaf(made, question.of_child);
    static const char *const functions[] = { "Sum", "Min", "Max", "Count" };
    question.function = functions[chance(4)];
    question.path = some_field(model, !strcmp(question.function, "Sum") ? is_number : !strcmp(question.function, "Count") ? NULL : is_ordered)->name;
    question.group = some_field(model, is_group)->name;
    return question;
}

static Condition *condition_of(const Question *question)
{
    Condition *all[5] = { NULL };
    for (int i = 0; i < question->n_leaves; i++) {
        all[i] = capo_q(question->leaves[i].path, question->leaves[i].value);
        if (question->shape == 3 && i == 0)
            all[i] = capo_q_not(all[i]);
    }
    Condition *joined = question->shape % 2 ? capo_q_any(all) : capo_q_all(all);
    return question->shape == 4 ? capo_q_not(joined) : joined;
}

/* --- the answer, as a text --- */

typedef struct Asking { const Made *made; const Question *question; const char *answer, *sql; } Asking;

static void ask(void *argument)
{
    Asking *asking = argument;
    const Question *question = asking->question;
    Model *model = question->of_child ? asking->made->child : asking->made->parent;
    Query *query = capo_query_filter(capo_query_of(model), condition_of(question));
    asking->sql = capo_sql(query);
    switch (question->kind) {
    case 0: case 1: {
        query = capo_query_order_by(question->distinct ? capo_query_distinct(query) : query, LIST("id"));
        if (question->reverse)
            query = capo_query_reverse(query);
        if (question->sliced)
            query = capo_query_slice(query, 2, 5);
        asking->answer = capo_to_text(capo_value_list(capo_values_flat(query, "id")));
        break;
    }
    case 2:
        asking->answer = capo_format("%lld of %d", (long long)capo_query_count(question->distinct ? capo_query_distinct(query) : query), capo_query_exists(query));
        break;
    case 3: {
        Value x = *capo_map_get(capo_aggregate(query, EXPRESSIONS(capo_aggregate_of(&(AggregateOptions){ question->function, question->path, .as = "x" }))), "x");
        asking->answer = capo_to_text(x.kind == VALUE_DECIMAL ? capo_value_real(capo_decimal_to_double(x.decimal)) : x);
        break;
    }
    case 4: {
        query = capo_query_annotate(capo_query_values(query, (const char *const[]){ question->group, NULL }), EXPRESSIONS(COUNT("id", .as = "n")));
        List *rows = capo_values(capo_query_order_by(query, LIST(NULL)), NULL);
        List *texts = capo_list_new();
        for (size_t i = 0; i < rows->count; i++)
            capo_list_add(texts, capo_value_text(capo_to_text(rows->items[i])));
        for (size_t i = 1; i < texts->count; i++)               /* where NULL stands is the database's matter */
            for (size_t k = i; k && strcmp(texts->items[k - 1].text, texts->items[k].text) > 0; k--) {
                Value swapped = texts->items[k];
                texts->items[k] = texts->items[k - 1];
                texts->items[k - 1] = swapped;
            }
        asking->answer = capo_to_text(capo_value_list(texts));
        break;
    }
    case 5:
        asking->answer = capo_to_text(capo_value_list(capo_values(capo_query_order_by(query, LIST("id")), NULL)));
        break;
    default: {
        capo_begin();
        Query *ours = capo_query_filter(capo_query_of(model), capo_q("pk__in", capo_value_list(capo_values_flat(query, "id"))));
        int64_t changed = capo_query_update(ours, (NamedChange[]){ { "f0", PLUS(3) }, { 0 } }), gone = question->reverse ? capo_query_delete(ours) : 0;
        asking->answer = capo_format("%lld changed, %lld gone, %s", (long long)changed, (long long)gone,
                                     capo_to_text(capo_value_map(capo_aggregate(capo_query_of(model), EXPRESSIONS(SUM("f0", .as = "x"))))));
        capo_rollback();
    }
    }
}

/* --- the three of them --- */

static const char *aliases[4];

static void drop(Made *made)
{
    for (const char *const *alias = aliases; *alias; alias++) {
        capo_use_database(*alias);
        SchemaEditor *editor = capo_schema_open(false);
        capo_schema_delete_model(editor, made->child);
        capo_schema_delete_model(editor, made->parent);
        capo_schema_close(editor);
    }
    capo_use_database(NULL);
}

static int try_seed(unsigned number)
{
    int differences = 0;
    seed = number;
    Made made;
    made.parent = make_model("Parent", NULL);
    made.child = make_model("Child", made.parent);
    capo_models_resolve((Model *[]){ made.parent, made.child }, 2);
    Cells parents = random_rows(made.parent, ROWS_OF_PARENT), children = random_rows(made.child, ROWS_OF_CHILD);
    for (const char *const *alias = aliases; *alias; alias++) {
        capo_use_database(*alias);
        SchemaEditor *editor = capo_schema_open(false);
        capo_schema_create_model(editor, made.parent);
        capo_schema_create_model(editor, made.child);
        capo_schema_close(editor);
        insert(made.parent, &parents);
        insert(made.child, &children);
    }
    for (int i = 0; i < QUERIES; i++) {
        Question question = random_question(&made);
        const char *first = NULL;
        for (const char *const *alias = aliases; *alias; alias++) {
            capo_use_database(*alias);
            Asking asking = { &made, &question, "", "" };
            const Error *error = capo_try(ask, &asking);
            const char *answer = error ? capo_format("%s: %s", error->name, error->code == ERROR_FIELD || error->code == ERROR_VALUE ? error->message : "") : asking.answer;
            if (error && error->code != ERROR_FIELD && error->code != ERROR_VALUE) {
                fprintf(stderr, "seed %u, question %d on %s: %s\n    %s\n", number, i, *alias, error->message, asking.sql);
                differences++;
            }
            first = first ? first : answer;
            if (strcmp(first, answer)) {
                fprintf(stderr, "seed %u, question %d: %s says\n    %s\n%s says\n    %s\n    %s\n", number, i, aliases[0], first, *alias, answer, asking.sql);
                differences++;
            }
        }
    }
    drop(&made);
    return differences;
}

static const char *fresh(const char *variable)
{
    const char *url = getenv(variable);
    if (!url)
        return NULL;
    capo_database_open(url);
    run_sql("DROP DATABASE IF EXISTS test_property");
    run_sql("CREATE DATABASE test_property");
    return capo_format("%.*s/test_property", (int)(strrchr(url, '/') - url), url);
}

static void close_database(void *unused)
{
    (void)unused;
    capo_use_database(NULL);
    capo_database_close();
}

static int number_of(const char *variable, int otherwise) { return getenv(variable) ? atoi(getenv(variable)) : otherwise; }

TEST(three_databases_give_the_same_answers)
{
    const char *postgresql = fresh("CAPO_TEST_POSTGRESQL"), *mysql = fresh("CAPO_TEST_MYSQL");
    DatabaseSettings rows[3] = { { 0 } };
    size_t n = 0;
    if (postgresql)
        rows[n++] = (DatabaseSettings){ "postgresql", postgresql };
    if (mysql)
        rows[n++] = (DatabaseSettings){ "mysql", mysql };
    if (!n) {
        fprintf(stderr, "skipped, since there is no server beside SQLite: eval \"$(tests/servers/start build/servers)\"\n");
        return;
    }
    capo_database_open("sqlite::memory:");
    capo_defer(close_database, NULL);
    capo_databases_set(rows, NULL);
    aliases[0] = "default";
    for (size_t i = 0; i <= n; i++)
        aliases[i + 1] = i < n ? rows[i].alias : NULL;
    int differences = 0, count = number_of("CAPO_PROPERTY_SEEDS", 4), first = number_of("CAPO_PROPERTY_FIRST", 1);
    for (int i = 0; i < count; i++)
        differences += try_seed((unsigned)(first + i));
    EXPECT_INT(differences, 0);
}
#endif

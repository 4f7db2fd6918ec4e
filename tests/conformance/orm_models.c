/* SPDX-License-Identifier: BSD-3-Clause */
/* The library of the ORM cases: models from orm-models.json as rows without C structs, rows from orm-fixture.json. */
#include "orm.h"
#include <capo/schema.h>
#include <capo/unit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct { Model *models; size_t count; bool ready; Arena *arena; const char *problem; } library;

static const struct { const char *name; FieldKind kind; } kinds[] = {
    { "auto", FIELD_BIG_AUTO }, { "char", FIELD_CHAR }, { "text", FIELD_TEXT }, { "slug", FIELD_SLUG }, { "email", FIELD_EMAIL },
    { "url", FIELD_URL }, { "smallint", FIELD_SMALL_INTEGER }, { "int", FIELD_INTEGER }, { "bigint", FIELD_BIG_INTEGER },
    { "positive", FIELD_POSITIVE_INTEGER }, { "float", FIELD_FLOAT }, { "decimal", FIELD_DECIMAL }, { "bool", FIELD_BOOLEAN },
    { "date", FIELD_DATE }, { "time", FIELD_TIME }, { "datetime", FIELD_DATETIME }, { "duration", FIELD_DURATION },
    { "uuid", FIELD_UUID }, { "json", FIELD_JSON }, { "binary", FIELD_BINARY }, { "foreign_key", FIELD_FOREIGN_KEY },
    { "one_to_one", FIELD_ONE_TO_ONE }, { "many_to_many", FIELD_MANY_TO_MANY },
};

static const struct { const char *name; OnDelete action; } actions[] = {
    { "cascade", CASCADE }, { "protect", PROTECT }, { "restrict", RESTRICT }, { "set_null", SET_NULL },
};

Model *orm_model(const char *name)
{
    for (size_t i = 0; i < library.count; i++)
        if (!strcmp(library.models[i].name, name))
            return &library.models[i];
    capo_raise(ERROR_FIELD, "The library has no model %s.", name);
}

static const char *text(const Map *map, const char *key)
{
    Value value = conformance_get(map, key);
    return capo_is_text(value) ? value.text : NULL;
}

static bool truth(const Map *map, const char *key)
{
    return capo_truth(conformance_get(map, key));
}

static int number(const Map *map, const char *key)
{
    return (int)conformance_get(map, key).integer;
}

static const char *const *strings(Value list)
{
    if (list.kind != VALUE_LIST)
        return NULL;
    const char **array = capo_alloc_array(list.list->count + 1, sizeof *array);
    for (size_t i = 0; i < list.list->count; i++)
        array[i] = list.list->items[i].text;
    return array;
}

static Value new_uuid(void) { return VALUE(capo_uuid_random()); }

static FieldDefault default_of(Value value)
{
    switch (value.kind) {
    case VALUE_BOOL: return (FieldDefault){ .kind = DEFAULT_INT, .integer = value.boolean };
    case VALUE_INT: return (FieldDefault){ .kind = DEFAULT_INT, .integer = value.integer };
    case VALUE_TEXT: return (FieldDefault){ .kind = DEFAULT_TEXT, .text = value.text };
    default: return (FieldDefault){ .kind = DEFAULT_NONE };
    }
}

static void read_relation(FieldRow *row, const Map *field, const char *model)
{
    const char *to = text(field, "to");
    row->target = orm_model(!strcmp(to, "self") ? model : to);
    if (row->kind == FIELD_MANY_TO_MANY) {
        row->options.many.related_name = text(field, "related_name");
        row->options.many.db_table = text(field, "table");
        row->options.many.not_symmetrical = conformance_get(field, "symmetrical").kind == VALUE_BOOL && !truth(field, "symmetrical");
        if (text(field, "through"))
            row->options.many.through = orm_model(text(field, "through"));
        return;
    }
    row->options.relation.related_name = text(field, "related_name");
    row->options.relation.related_query_name = text(field, "related_query_name");
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (!strcmp(actions[i].name, text(field, "on_delete")))
            row->options.relation.on_delete = actions[i].action;
}

static FieldRow read_field(const Map *field, const char *model)
{
    FieldRow row = { .name = text(field, "name"), .null = truth(field, "null") };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].name, text(field, "kind")))
            row.kind = kinds[i].kind;
    if (capo_field_is_relation(row.kind)) {
        read_relation(&row, field, model);
        return row;
    }
    Value otherwise = conformance_get(field, "default");
    row.options.common.unique = truth(field, "unique");
    row.options.common.blank = truth(field, "blank");
    if (text(field, "column") && strcmp(text(field, "column"), row.name))
        row.options.common.db_column = text(field, "column");
    if (row.kind == FIELD_UUID && capo_is_text(otherwise))
        row.options.common.default_function = new_uuid;
    else
        row.options.common.default_value = default_of(otherwise);
    if (row.kind == FIELD_DECIMAL) {
        row.options.decimal.max_digits = number(field, "max_digits");
        row.options.decimal.decimal_places = number(field, "decimal_places");
    }
    if (capo_field_is_text(row.kind) && row.kind != FIELD_TEXT)
        row.options.text.max_length = number(field, "max_length");
    return row;
}

static void read_model(Model *model, const Map *json)
{
    List *fields = conformance_get(json, "fields").list;
    FieldRow *rows = capo_alloc_array(fields->count + 2, sizeof *rows);
    for (size_t i = 0; i < fields->count; i++)
        rows[i] = read_field(fields->items[i].map, model->name);
    MetaOptions *meta = &rows[fields->count].options.meta;
    rows[fields->count].name = "Meta";
    rows[fields->count].kind = FIELD_META;
    meta->ordering = strings(conformance_get(json, "ordering"));
    meta->db_table = text(json, "table");
    meta->get_latest_by = text(json, "get_latest_by");
    Value together = conformance_get(json, "unique_together"), constraints = conformance_get(json, "constraints");
    if (together.kind == VALUE_LIST) {
        const char *const **sets = capo_alloc_array(together.list->count + 1, sizeof *sets);
        for (size_t i = 0; i < together.list->count; i++)
            sets[i] = strings(together.list->items[i]);
        meta->unique_together = (const char *const *const *)sets;
    }
    if (constraints.kind == VALUE_LIST) {
        ConstraintOptions *options = capo_alloc_array(constraints.list->count + 1, sizeof *options);
        for (size_t i = 0; i < constraints.list->count; i++)
            options[i] = (ConstraintOptions){ .name = text(constraints.list->items[i].map, "name"),
                                              .unique = strings(conformance_get(constraints.list->items[i].map, "unique")) };
        meta->constraints = options;
    }
    model->rows = rows;
}

static Value read_json(const char *path)
{
    size_t size;
    char *content = capo_read_file(path, &size);
    const char *problem = NULL;
    Value json;
    if (!content || !capo_json_parse(content, size, &json, &problem))
        capo_raise(ERROR_COMMAND, "%s cannot be read: %s", path, problem ? problem : "no such file");
    return json;
}

static void load_row(const Map *row)
{
    const char *label = text(row, "model");
    Model *model = NULL;
    for (size_t i = 0; i < library.count; i++)
        if (!strcmp(library.models[i].label_lower, label))
            model = &library.models[i];
    const Map *fields = conformance_get(row, "fields").map;
    Instance *instance = capo_instance_new(model);
    capo_field_assign(instance, model->pk, capo_field_to_python(model->pk, conformance_get(row, "pk")));
    for (size_t i = 0; i < fields->count; i++) {
        Field *field = capo_field(model, fields->entries[i].key.text);
        Value value = fields->entries[i].value;
        if (field->kind == FIELD_MANY_TO_MANY)
            continue;
        if (field->kind == FIELD_BINARY && capo_is_text(value)) {
            static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            uint8_t *bytes = capo_alloc(value.size + 1);
            size_t size = 0;
            uint32_t bits = 0;
            int have = 0;
            for (size_t at = 0; at < value.size && value.text[at] != '='; at++) {
                bits = bits << 6 | (uint32_t)(strchr(alphabet, value.text[at]) - alphabet);
                if ((have += 6) >= 8)
                    bytes[size++] = (uint8_t)(bits >> (have -= 8));
            }
            value = capo_value_bytes(bytes, size);
        }
        capo_field_assign(instance, field, capo_is_null(value) || field->kind == FIELD_JSON ? value : capo_field_to_python(field, value));
    }
    capo_instance_insert(instance);
}

static void load_many(const Map *row)
{
    const char *label = text(row, "model");
    const Map *fields = conformance_get(row, "fields").map;
    for (size_t i = 0; i < library.count; i++) {
        Model *model = &library.models[i];
        for (size_t j = 0; !strcmp(model->label_lower, label) && j < model->n_many; j++) {
            Value others = conformance_get(fields, model->many[j]->name);
            Model *through = model->many[j]->through;
            for (size_t k = 0; others.kind == VALUE_LIST && through->auto_created && k < others.list->count; k++) {
                char *sql = capo_format("INSERT INTO %s (%s, %s) VALUES (?, ?)", capo_quote_name(through->table),
                                        capo_quote_name(model->many[j]->through_source->column), capo_quote_name(model->many[j]->through_target->column));
                capo_sql_run(sql, conformance_get(row, "pk"), others.list->items[k]);
            }
        }
    }
}

static void prepare(void *argument)
{
    (void)argument;
    const char *fixture = conformance_words[0];
    if (!fixture)
        capo_raise(ERROR_COMMAND, "The orm kind takes the path of orm-fixture.json.");
    const char *slash = strrchr(fixture, '/');
    char *models = capo_format("%.*sorm-models.json", slash ? (int)(slash - fixture + 1) : 0, fixture);
    List *list = read_json(models).list;
    library.models = capo_alloc_array(list->count, sizeof *library.models);
    library.count = list->count;
    for (size_t i = 0; i < list->count; i++) {
        library.models[i].name = text(list->items[i].map, "model");
        library.models[i].app = "library";
    }
    for (size_t i = 0; i < list->count; i++)
        read_model(&library.models[i], list->items[i].map);
    Model **all = capo_alloc_array(list->count, sizeof *all);
    for (size_t i = 0; i < list->count; i++)
        all[i] = &library.models[i];
    capo_models_resolve(all, list->count);
    const char *url = getenv("DATABASE_URL");
    capo_database_open(url && *url ? url : "sqlite::memory:");
    capo_begin();
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; i < list->count; i++)
        capo_schema_create_model(editor, all[i]);
    capo_schema_close(editor);
    capo_commit();
    List *rows = read_json(fixture).list;
    capo_begin();
    for (size_t i = 0; i < rows->count; i++)
        load_row(rows->items[i].map);
    for (size_t i = 0; i < rows->count; i++)
        load_many(rows->items[i].map);
    for (size_t i = 0; i < list->count; i++) {
        capo_schema_reset_sequence(all[i]);
        for (size_t k = 0; k < all[i]->n_many; k++)
            capo_schema_reset_sequence(all[i]->many[k]->through);
    }
    capo_commit();
}

/* The models live as long as the program, in an arena and a unit of their own. */
void orm_prepare(void)
{
    if (library.problem)
        capo_raise(ERROR_COMMAND, "%s", library.problem);
    if (library.ready)
        return;
    library.arena = arena_new();
    Unit unit = { .outer = capo_unit };
    const Error *error = capo_unit_run(&unit, library.arena, "the library", prepare, NULL);
    if (error) {
        static char problem[1000];
        snprintf(problem, sizeof problem, "The library cannot be made: %s", error->message);
        library.problem = problem;
        capo_raise(ERROR_COMMAND, "%s", problem);
    }
    library.ready = true;
}

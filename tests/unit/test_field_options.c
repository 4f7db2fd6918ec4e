/* SPDX-License-Identifier: BSD-3-Clause */
/* Choices in all their forms, and options of fields that forms, messages and tables show. */
#include <capo/testing.h>
#include <capo/expressions.h>
#include <capo/forms.h>
#include "../../orm/internal.h"
#include "../../migrations/migration.h"
#include "database_under_test.h"
#include <string.h>

/* Of any header: an enumeration that no model knows. */
INTEGER_CHOICES(Weekday, (MONDAY, 1, "Monday"), (SUNDAY, 7, "Sunday"))

static const FieldChoice *shelves(void);
static void only_loud(Value value);
static void not_odd(Value value);
static Value code(const Field *field, Value value);
static Value decode(const Field *field, Value raw);
static const CustomField coded_json = { .name = "options.Coded", .to_db = code, .from_db = decode };
#define CAPO_MODELS "../../tests/unit/test_field_options.def"
#include <capo/declare_models.h>
#define CAPO_MODELS "../../tests/unit/test_field_options.def"
#include <capo/define_models.h>

static const App options = { .name = "options", .models = models };

static bool has_shelf;
static const FieldChoice *shelves(void) { return capo_choices_copy(has_shelf ? CHOICES({ "a1", "First" }, { "b2", "Second" }) : CHOICES({ "a1", "First" })); }

static void only_loud(Value value)
{
    const char *text = capo_to_text(value);
    if (text[strcspn(text, "abcdefghijklmnopqrstuvwxyz")])
        capo_invalid("quiet", "%s is quiet.", text);
}

static void not_odd(Value value)
{
    if (strlen(capo_to_text(value)) % 2)
        capo_invalid("odd", "%s is odd.", capo_to_text(value));
}

static void open_options(void)
{
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .apps = APPS(&options) });
    capo_models_prepare(APPS(&options));
    open_empty_database();
    has_shelf = false;
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; models[i]; i++)
        capo_schema_create_model(editor, models[i]);
    capo_schema_close(editor);
}

static const char *texts(List *list)
{
    Buffer text = { 0 };
    for (size_t i = 0; i < list->count; i++)
        capo_put_format(&text, "%s%s", i ? "," : "", capo_to_text(list->items[i]));
    return capo_buffer_text(&text);
}

static const char *mistakes(Instance *one)
{
    Buffer text = { 0 };
    for (const ValidationError *error = capo_instance_full_clean(one, NULL); error; error = error->next)
        capo_put_format(&text, "%s%s/%s: %s", text.size ? "; " : "", error->field ? error->field : "-", error->code, error->message);
    return text.size ? capo_buffer_text(&text) : "";
}

static const char *rendered(const char *source, const Map *variables)
{
    Buffer out = { 0 };
    capo_template_render(capo_template_from_string(source, "test"), capo_context_new(NULL, variables), &out);
    return capo_buffer_text(&out);
}

/* --- enumerations --- */

TEST(enumerations_have_values_labels_and_names)
{
    open_options();
    EXPECT_TEXT(texts(capo_choice_values(Status)), "d,p,g");
    EXPECT_TEXT(texts(capo_choice_labels(Status)), "Draft,Public,Gone");
    EXPECT_TEXT(texts(capo_choice_names(Status)), "STATUS_DRAFT,STATUS_PUBLIC,STATUS_GONE");
    EXPECT_TEXT(texts(capo_choice_values(Level)), "0,1,-5");
    EXPECT_TEXT(texts(capo_choice_names(Colour)), "COLOUR_RED");              /* the empty one is none of them, as in Django */
    EXPECT_TEXT(capo_choice(Level, LEVEL_BELOW)->label, "Below");
    EXPECT_TEXT(capo_choice(Level, "1")->name, "LEVEL_LOW");
    EXPECT_TEXT(capo_choice(Status, "g")->group, "Old");
    EXPECT_TEXT(capo_choice(Colour, (const char *)NULL)->label, "(Any colour)");
    EXPECT(!capo_choice(Status, "x"));
    EXPECT(!capo_choice(Level, 2));
    EXPECT_TEXT(capo_choice_named(Status, "STATUS_PUBLIC")->value, "p");
    EXPECT(!capo_choice_named(Status, "PUBLIC"));
    char copy[] = "p";
    EXPECT(capo_is(Status, copy, STATUS_PUBLIC));
    EXPECT(!capo_is(Status, copy, STATUS_DRAFT));
    EXPECT_TEXT(rendered("{% for c in list %}{{ c.name }}={{ c.value }}:{{ c.label }};{% endfor %}", capo_map(V("list", capo_choice_list(Weekday)))),
                "MONDAY=1:Monday;SUNDAY=7:Sunday;");
    EXPECT_INT(SUNDAY, 7);
}

TEST(enumerations_are_choices_of_fields)
{
    open_options();
    Item *item = capo_new(Item);
    EXPECT(capo_is(Status, item->status, STATUS_DRAFT));
    EXPECT_INT(item->level, LEVEL_LOW);
    item->status = STATUS_PUBLIC;
    switch ((Level)item->level) {
    case LEVEL_NONE: case LEVEL_BELOW: EXPECT(false); break;
    case LEVEL_LOW: item->level = LEVEL_BELOW; break;
    }
    EXPECT_TEXT(mistakes(&item->capo), "-/item_public_has_level: Constraint “item_public_has_level” is violated.");
    item->level = LEVEL_LOW;
    EXPECT_TEXT(mistakes(&item->capo), "");
    capo_save(item);
    EXPECT_INT(capo_count(Item, .where = { .status = EQ(STATUS_PUBLIC), .level = IN(VALUES(LEVEL_LOW, LEVEL_NONE)) }), 1);
    EXPECT_INT(capo_update(Item, .where = { .level = LT(LEVEL_NONE) }, .set = { .status = TO(STATUS_GONE) }), 0);
    EXPECT_TEXT(capo_display(item, status), "Public");
    EXPECT_TEXT(rendered("{{ item.status }} {{ item.get_status_display }} {{ item.get_level_display }} {{ item.get_colour_display }}", capo_map(OBJ("item", item))),
                "p Public Low (Any colour)");
    item->status = "x";
    item->level = 7;
    EXPECT_TEXT(mistakes(&item->capo), "status/invalid_choice: Value 'x' is not a valid choice.; level/invalid_choice: Value 7 is not a valid choice.");
}

static Form *item_form(const char *body)
{
    return capo_model_form_new(&Item_model, LIST("status", "level", "colour", "size", "shelf"), NULL, body ? capo_dict_parse(body, strlen(body)) : NULL, NULL, NULL);
}

TEST(choices_reach_forms_and_migrations)
{
    open_options();
    const char *html = rendered("{{ form }}", capo_map(V("form", item_form(NULL))));
    EXPECT(strstr(html, "<option value=\"d\" selected>Draft</option>"));
    EXPECT(strstr(html, "<optgroup label=\"Old\">"));
    EXPECT(strstr(html, "<option value=\"-5\">Below</option>"));
    EXPECT(strstr(html, "<option value=\"\" selected>(Any colour)</option>"));
    EXPECT(strstr(html, "First") && !strstr(html, "Second"));
    has_shelf = true;
    EXPECT(capo_form_is_valid(item_form("status=p&level=1&colour=r&size=x&shelf=b2")));
    has_shelf = false;
    Form *form = item_form("status=q&level=2&colour=b&size=z&shelf=b2");
    EXPECT(!capo_form_is_valid(form));
    for (const char *const *name = LIST("status", "level", "colour", "size", "shelf"); *name; name++)
        EXPECT(capo_form_errors(form, *name)[0]);
    ModelState *state = model_state_of(&Item_model);
    EXPECT_TEXT(capo_json_text(field_state_option(model_state_field(state, "status"), "choices"), 0),
                "[[\"d\", \"Draft\"], [\"p\", \"Public\"], [\"g\", \"Gone\", \"Old\"]]");
    EXPECT_TEXT(capo_json_text(field_state_option(model_state_field(state, "level"), "choices"), 0), "[[\"0\", \"None\"], [\"1\", \"Low\"], [\"-5\", \"Below\"]]");
    EXPECT(capo_is_null(field_state_option(model_state_field(state, "shelf"), "choices")));
}

static const FieldChoice wrong_number[] = { { "one", "One" }, { 0 } };
static const FieldRow wrong_rows[] = {
    { .name = "id", .kind = FIELD_BIG_AUTO, .primary_key = true }, { .name = "n", .kind = FIELD_INTEGER, .options.integer = { .choices = wrong_number } }, { 0 }
};
static Model wrong_model = { .name = "Wrong", .app = "wrong", .rows = wrong_rows };
static void resolve_wrong(void *unused) { (void)unused; capo_models_resolve((Model *[]){ &wrong_model }, 1); }

TEST(choices_of_numbers_are_numbers)
{
    open_options();
    EXPECT(strstr(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, resolve_wrong, NULL)->message,
                  "wrong.Wrong.n: the choice \"one\" is to be written as a whole number in digits."));
}

/* --- words of messages, help, validators --- */

TEST(error_messages_by_their_code)
{
    open_options();
    Tool *tool = capo_new(Tool);
    tool->name = "";
    tool->weight = 0;
    EXPECT_TEXT(mistakes(&tool->capo), "name/blank: A tool has a name.; weight/min_value: Lighter than air?");
    tool->name = "hammers";
    EXPECT_TEXT(mistakes(&tool->capo), "name/quiet: Speak up.; name/odd: hammers is odd.; name/max_length: Not so long.; weight/min_value: Lighter than air?");
    tool->name = "SAWS";
    tool->weight = 1;
    EXPECT_TEXT(mistakes(&tool->capo), "");
    capo_save(tool);
    Tool *other = capo_new(Tool);
    other->name = "SAWS";
    other->weight = 2;
    EXPECT_TEXT(mistakes(&other->capo), "name/unique: There is one already.");
    Form *form = capo_model_form_new(&Tool_model, NULL, NULL, capo_dict_parse("name=SAWS&weight=x", 18), NULL, NULL);
    EXPECT(!capo_form_is_valid(form));
    EXPECT_TEXT(capo_form_errors(form, "name")[0], "There is one already.");
    EXPECT_TEXT(capo_form_errors(form, "weight")[0], "Enter a whole number.");        /* the form field's own, as in Django */
}

TEST(help_texts_are_shown_and_kept)
{
    open_options();
    Form *form = capo_model_form_new(&Tool_model, NULL, NULL, NULL, NULL, NULL);
    const char *html = rendered("{{ form }}", capo_map(V("form", form)));
    EXPECT(strstr(html, "<div class=\"helptext\" id=\"id_name_helptext\">As on the <box>.</div>"));        /* HTML, as in Django: the developer's */
    EXPECT_TEXT(field_state_text(model_state_field(model_state_of(&Tool_model), "name"), "help_text"), "As on the <box>.");
}

TEST(validators_are_called_each)
{
    open_options();
    Tool *tool = capo_new(Tool);
    tool->name = "saw";
    tool->weight = 1;
    EXPECT_TEXT(mistakes(&tool->capo), "name/quiet: Speak up.; name/odd: saw is odd.");
    Form *form = capo_model_form_new(&Tool_model, NULL, NULL, capo_dict_parse("name=saw&weight=1", 17), NULL, NULL);
    EXPECT(!capo_form_is_valid(form));
    EXPECT_TEXT(capo_form_errors(form, "name")[0], "Speak up.");
    EXPECT_TEXT(capo_form_errors(form, "name")[1], "saw is odd.");
    tool->name = "";                                            /* nothing to be shouted: they are not called */
    EXPECT_TEXT(mistakes(&tool->capo), "name/blank: A tool has a name.");
}

/* --- tables and columns --- */

TEST(small_keys_count_up)
{
    open_options();
    const char *wanted = database_is("postgresql") ? "column id smallint NOT NULL identity" : database_is("mysql") ? "smallint" : "integer";
    EXPECT(strcasestr(capo_schema_describe("options_box"), wanted));
    Box *a = capo_new(Box), *b = capo_new(Box);
    a->name = b->name = "b";
    capo_save(a);
    capo_save(b);
    EXPECT_INT(a->id, 1);
    EXPECT_INT(b->id, 2);
    capo_set(b, within_id, a->id);
    capo_save(b);
    EXPECT_TEXT(capo_related(b, within)->name, "b");
    EXPECT_TEXT(capo_field_kind_name(Box_model.pk->kind), "SmallAutoField");
    EXPECT_TEXT(capo_field_kind_name(model_state_field(model_state_of(&Box_model), "id")->kind), "SmallAutoField");
}

TEST(tables_are_named_and_commented)
{
    open_options();
    EXPECT_INT(capo_sql_rows(capo_format("SELECT * FROM %s", capo_quote_name("the tools")))->count, 0);
    Tool *tool = capo_new(Tool);
    tool->name = "SAWS";
    capo_save(tool);
    Box *box = capo_new(Box);
    box->name = "b";
    capo_save(box);
    capo_add(box, "tools", tool->id);
    EXPECT_INT(capo_sql_rows(capo_format("SELECT * FROM %s", capo_quote_name("box \"tools\"")))->count, 1);
    EXPECT_INT(capo_count(Box, .where = { .tools = HAS(Tool, .name = EQ("SAWS")) }), 1);
    EXPECT_INT(capo_query_count(capo_related_query(tool, "boxes")), 1);
    EXPECT_TEXT(field_state_text(model_state_field(model_state_of(&Box_model), "tools"), "db_table"), "box \"tools\"");
    if (database_is("sqlite"))
        return;
    EXPECT_TEXT(capo_to_text(capo_sql_rows(database_is("mysql")
        ? "SELECT TABLE_COMMENT AS c FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'the tools'"
        : "SELECT obj_description('\"the tools\"'::regclass) AS c")->items[0].map->entries[0].value), "what's there");
}

TEST(tablespaces_of_tables_and_indexes)
{
    open_options();
    SchemaEditor *editor = capo_schema_open(true);
    capo_schema_create_model(editor, &Kept_model);
    capo_schema_close(editor);
    const char *sql = capo_schema_collected_sql(editor);
    bool there = database_is("postgresql");
    EXPECT(!strstr(sql, "TABLESPACE") == !there);               /* left out where there are none, as in Django */
    if (!there)
        return;
    EXPECT(strstr(sql, "\"other\" varchar(9) NOT NULL UNIQUE USING INDEX TABLESPACE \"pg_default\""));
    EXPECT(strstr(sql, ") TABLESPACE \"pg_default\";"));
    EXPECT(strstr(sql, "(\"word\") TABLESPACE \"pg_default\""));
    EXPECT(strstr(sql, "(\"word\" varchar_pattern_ops) TABLESPACE \"pg_default\""));
}

TEST(collations_of_columns)
{
    open_options();
    const char *collation = database_is("sqlite") ? "NOCASE" : database_is("mysql") ? "utf8mb4_general_ci" : "blind";
    if (database_is("postgresql")) {
        capo_sql_run("DROP COLLATION IF EXISTS blind");
        capo_sql_run("CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
    }
    const FieldRow rows[] = {
        { .name = "id", .kind = FIELD_BIG_AUTO, .primary_key = true },
        { .name = "word", .kind = FIELD_CHAR, .options.text = { .max_length = 3, .unique = true, .db_collation = collation } }, { 0 }
    };
    Model *word = capo_alloc_struct(Model);
    *word = (Model){ .name = "Word", .app = "options", .rows = capo_memdup(rows, sizeof rows) };
    capo_models_resolve(&word, 1);
    SchemaEditor *editor = capo_schema_open(false);
    capo_schema_create_model(editor, word);
    capo_schema_close(editor);
    for (int i = 0; i < 2; i++) {
        Instance *one = capo_instance_new(word);
        capo_field_assign(one, capo_field(word, "word"), capo_value_text(i ? "aBc" : "longer"));
        EXPECT_TEXT(mistakes(one), i ? "" : "word/max_length: Ensure this value has at most 3 characters (it has 6).");
        if (i)
            capo_instance_save(one);
    }
    EXPECT_INT(capo_query_count(capo_query_filter(capo_query_of(word), Q("word", "AbC"))), 1);
    capo_sql_run("DROP TABLE options_word");
    if (database_is("postgresql"))
        capo_sql_run("DROP COLLATION blind");
}

TEST(fields_tell_what_they_are)
{
    open_options();
    const Field *within = capo_field(&Box_model, "within"), *best = capo_field(&Box_model, "best"), *tools = capo_field(&Box_model, "tools");
    EXPECT_INT(capo_field_cardinality(within, false), MANY_TO_ONE_SIDE);
    EXPECT_INT(capo_field_cardinality(within, true), ONE_TO_MANY_SIDE);
    EXPECT_INT(capo_field_cardinality(best, true), ONE_TO_ONE_SIDE);
    EXPECT_INT(capo_field_cardinality(tools, false), MANY_TO_MANY_SIDE);
    EXPECT_INT(capo_field_cardinality(capo_field(&Box_model, "name"), false), NOT_RELATED);
    EXPECT(within->hidden_relation && !best->hidden_relation);
    EXPECT(within->target == &Box_model && within->target_field == Box_model.pk && tools->target == &Tool_model);
    EXPECT(within->column && !tools->column);                                   /* concrete */
    EXPECT(capo_field(&Item_model, "id")->auto_created && !capo_field(&Item_model, "level")->auto_created);
    EXPECT(tools->through->auto_created && tools->through_source->target == &Box_model);
    EXPECT(capo_field_is_relation(within->kind) && !capo_field_is_relation(FIELD_CHAR));
    EXPECT(best->unique && best->null && best->blank && best->editable);
    EXPECT_TEXT(best->attname, "best_id");
    EXPECT_TEXT(best->verbose_name, "best");
}

TEST(constraints_are_a_list_of_meta)
{
    open_options();
    EXPECT_INT(Item_model.n_constraints, 1);
    EXPECT_TEXT(capo_model_constraints(&Item_model)[0].name, "item_public_has_level");
    EXPECT(strstr(capo_schema_describe("options_item"), database_is("sqlite") ? "item_public_has_level" : "CHECK") || database_is("mysql"));
    EXPECT(strstr(capo_json_text(capo_value_map(model_state_of(&Item_model)->options), 0), "item_public_has_level"));
}

/* --- JSON --- */

/* A date is written as { "on": "2026-01-31" }, and read as a date again. */
static Value changed(Value value, Value (*change)(Value))
{
    if (value.kind == VALUE_LIST) {
        List *list = capo_list_new();
        for (size_t i = 0; i < value.list->count; i++)
            capo_list_add(list, changed(value.list->items[i], change));
        return capo_value_list(list);
    }
    value = change(value);
    if (value.kind != VALUE_MAP)
        return value;
    Map *map = capo_map_new();
    for (size_t i = 0; i < value.map->count; i++)
        capo_map_set_value(map, value.map->entries[i].key, changed(value.map->entries[i].value, change));
    return capo_value_map(map);
}

static Value date_to_map(Value value)
{
    return value.kind == VALUE_DATE ? capo_value_map(capo_map(V("on", capo_date_iso(value.date)))) : value;
}

static Value map_to_date(Value value)
{
    Value *on = value.kind == VALUE_MAP && value.map->count == 1 ? capo_map_get(value.map, "on") : NULL;
    Date date;
    return on && capo_is_text(*on) && capo_parse_date(on->text, &date) ? VALUE(date) : value;
}

static Value code(const Field *field, Value value) { (void)field; return capo_value_text(capo_json_text(changed(value, date_to_map), 0)); }

static Value decode(const Field *field, Value raw)
{
    Value parsed;
    const char *error;
    (void)field;
    return capo_is_text(raw) && capo_json_parse(raw.text, raw.size, &parsed, &error) ? changed(parsed, map_to_date) : raw;
}

TEST(json_in_code_and_database)
{
    open_options();
    Paper *paper = capo_new(Paper);
    paper->data = capo_value_map(capo_map(V("n", 1), V("day", capo_date(2026, 1, 31)), V("list", VALUES("a", 2))));
    paper->coded = capo_value_map(capo_map(V("from", capo_date(2026, 1, 31)), V("days", VALUES(capo_date(2026, 2, 1), 3))));
    capo_save(paper);
    Paper *found = capo_get(Paper, .filter = Q("data__n", 1));
    EXPECT_TEXT(capo_json_text(found->data, 0), "{\"n\": 1, \"day\": \"2026-01-31\", \"list\": [\"a\", 2]}");
    EXPECT(capo_map_get(found->coded.map, "from")->kind == VALUE_DATE);
    EXPECT(capo_map_get(found->coded.map, "days")->list->items[0].kind == VALUE_DATE);
    EXPECT_INT(capo_map_get(found->coded.map, "days")->list->items[1].integer, 3);
    EXPECT_INT(capo_count(Paper, .filter = Q("coded__from__on", "2026-01-31")), 1);
    EXPECT(!found->perhaps.present);
    EXPECT_INT(capo_count(Paper, .filter = Q("perhaps__isnull", capo_value_bool(true))), 1);
    capo_map_set(found->data.map, "n", VALUE(2));               /* changed in place: it is noticed */
    capo_save(found);
    EXPECT_INT(capo_count(Paper, .filter = Q("data__n", 2)), 1);
    found->data = JSON_NULL;                                    /* the document null, which is not the database's NULL */
    capo_set(found, perhaps, JSON_NULL);
    EXPECT_TEXT(mistakes(&found->capo), "");
    capo_save(found);
    EXPECT(capo_is_null(found->data) && !found->perhaps.present);
    EXPECT_INT(capo_count(Paper, .filter = ALL(Q("data", JSON_NULL), Q("perhaps", JSON_NULL))), 1);
    EXPECT_INT(capo_count(Paper, .filter = Q("perhaps__isnull", capo_value_bool(true))), 0);
    capo_set(found, perhaps, capo_value_map(capo_map(V("a", 1))));
    capo_save(found);
    capo_set(found, perhaps, capo_value_null());
    capo_save(found);
    EXPECT_INT(capo_count(Paper, .filter = Q("perhaps__isnull", capo_value_bool(true))), 1);
    Paper *fresh = capo_new(Paper);
    fresh->data = JSON_NULL;
    fresh->coded = capo_value_int(1);
    capo_bulk_create((Instance *const *)&fresh, 1);
    EXPECT_INT(capo_count(Paper, .filter = Q("data", JSON_NULL)), 2);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Arrays, hstores, ranges and vectors of words: on PostgreSQL what they hold and how they are looked up, elsewhere that they are refused. */
#include <capo/testing.h>
#include <capo/expressions.h>
#include <capo/forms.h>
#include <capo/serializers.h>
#include "../../orm/internal.h"
#include "../../migrations/inspect.h"
#include "../../migrations/state.h"
#include <capo/integrity.h>
#include "database_under_test.h"
#include <string.h>

#define CAPO_MODELS "../../tests/unit/test_postgresql_fields.def"
#include <capo/declare_models.h>
#define CAPO_MODELS "../../tests/unit/test_postgresql_fields.def"
#include <capo/define_models.h>

static const App theatre = { .name = "theatre", .models = models };

static void create(void *unused)
{
    (void)unused;
    SchemaEditor *editor = capo_schema_open(false);
    capo_schema_create_model(editor, &Show_model);
    capo_schema_close(editor);
}

static void check(void *unused)
{
    (void)unused;
    capo_schema_check(&Show_model);
}

static void open_theatre_models(void)
{
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .apps = APPS(&theatre) });
    capo_models_prepare(APPS(&theatre));
    open_empty_database();
}

/* False: it is another database, which refused the table. */
static bool open_theatre(void)
{
    open_theatre_models();
    if (database_is("postgresql")) {
        capo_sql_run("CREATE EXTENSION IF NOT EXISTS hstore");
        create(NULL);
        return true;
    }
    const char *sentence = capo_format("theatre.Show.tags needs PostgreSQL, which alone has ArrayFields; this database is %s.", database_is("sqlite") ? "SQLite" : database_is_oracle_mysql() ? "MySQL" : "MariaDB");
    EXPECT_TEXT(EXPECT_RAISES(ERROR_NOT_SUPPORTED, create, NULL)->message, sentence);
    EXPECT_TEXT(EXPECT_RAISES(ERROR_NOT_SUPPORTED, check, NULL)->message, sentence);
    return false;
}

static Show *show(const char *name, List *tags)
{
    Show *one = capo_new(Show);
    one->name = name;
    if (tags)
        one->tags = tags;
    return one;
}

static Show *again(const Show *one) { return capo_get(Show, .where = { .id = EQ(one->id) }); }

/* The names of the rows that match. */
static const char *found(Condition *condition)
{
    Buffer out = { 0 };
    for (Show **one = capo_fetch(Show, .filter = condition); *one; one++)
        capo_put_format(&out, "%s%s", out.size ? "," : "", (*one)->name);
    return out.size ? capo_buffer_text(&out) : "";
}

static const char *json(Value value) { return capo_json_text(value, 0); }

static const char *mistake(Show *one)
{
    const ValidationError *error = capo_instance_full_clean(&one->capo, NULL);
    return error ? capo_format("%s/%s: %s", error->field, error->code, error->message) : "";
}

static void save_show(void *one) { capo_save((Show *)one); }

TEST(postgresql_arrays_are_lists)
{
    if (!open_theatre())
        return;
    Show *one = show("a", VALUES("x", "it's \"\\ {,}", "NULL"));
    one->board = VALUES(VALUES(1, 2), VALUES(3, capo_value_null()));
    one->days = VALUES(capo_date(2026, 1, 31));
    one->prices = VALUES("1.5", 2);
    one->moments = VALUES((DateTime){ INT64_C(1767225600123456) });
    Uuid uuid = capo_uuid_random();
    one->codes = VALUES(uuid);
    one->flags = VALUES((bool)true, (bool)false);
    EXPECT_TEXT(mistake(one), "");
    capo_save(one);
    for (int i = 0; i < 3; i++) {                               /* text at first, binary where the driver has it */
        Show *same = again(one);
        EXPECT_TEXT(json(VALUE(same->tags)), "[\"x\", \"it's \\\"\\\\ {,}\", \"NULL\"]");
        EXPECT_TEXT(json(VALUE(same->board)), "[[1, 2], [3, null]]");
        EXPECT(same->days->count == 1 && same->days->items[0].kind == VALUE_DATE);
        EXPECT(same->prices->items[0].kind == VALUE_DECIMAL);
        EXPECT_TEXT(same->prices->items[1].decimal.text, "2.00");
        EXPECT_INT(same->moments->items[0].datetime.microseconds, 1767225600123456);
        EXPECT(capo_equal(same->codes->items[0], VALUE(uuid)));
        EXPECT(same->flags->items[0].kind == VALUE_BOOL && same->flags->items[0].boolean && !same->flags->items[1].boolean);
    }
    Show *none = show("none", NULL);
    capo_save(none);
    none = again(none);
    EXPECT(none->tags && !none->tags->count && !none->board);
    capo_list_add(none->tags, VALUE("new"));                    /* changed in place: it is noticed */
    EXPECT(capo_field_changed(&none->capo, capo_field(&Show_model, "tags")));
    EXPECT(!capo_field_changed(&none->capo, capo_field(&Show_model, "board")));
    capo_save(none);
    EXPECT_TEXT(json(VALUE(again(none)->tags)), "[\"new\"]");
    EXPECT_INT(capo_update(Show, .where = { .name = EQ("none") }, .set = { .tags = TO(VALUES("p", "q")), .board = TO_NULL }), 1);
    EXPECT_TEXT(json(VALUE(again(none)->tags)), "[\"p\", \"q\"]");
    Show *bulk[] = { show("b1", VALUES("1")), show("b2", NULL) };
    capo_bulk_create((Instance *const *)bulk, 2);
    EXPECT_INT(capo_count(Show, .where = { .tags = EQ(VALUES("1")) }), 1);
}

TEST(postgresql_arrays_are_validated)
{
    if (!open_theatre())
        return;
    EXPECT_TEXT(mistake(show("a", VALUES("1", "2", "3", "4", "5"))), "tags/max_length: List contains 5 items, it should contain no more than 4.");
    EXPECT_TEXT(mistake(show("a", VALUES("1", "1234567890123"))),
                "tags/item_invalid: Item 2 in the array did not validate: Ensure this value has at most 12 characters (it has 13).");
    Show *one = show("a", NULL);
    one->board = VALUES(VALUES(1, 2), VALUES(3));
    EXPECT_TEXT(mistake(one), "board/nested_array_mismatch: Nested arrays must have the same length.");
    one->board = NULL;
    one->tags = VALUES(capo_value_text_n("a\0b", 3));
    EXPECT(strstr(EXPECT_RAISES(ERROR_VALUE, save_show, one)->message, "NUL"));
    one->tags = VALUES("1234567890123");                            /* not cut by the database either */
    EXPECT(EXPECT_RAISES(ERROR_DATA, save_show, one));
}

TEST(postgresql_arrays_are_looked_up)
{
    if (!open_theatre())
        return;
    capo_save(show("a", VALUES("c", "sql", "web")));
    capo_save(show("b", VALUES("sql")));
    Show *one = show("c", NULL);
    one->board = VALUES(VALUES(1, 2), VALUES(3, 4));
    capo_save(one);
    EXPECT_TEXT(found(Q("tags__contains", VALUES("sql"))), "a,b");
    EXPECT_TEXT(found(Q("tags__contains", VALUES("sql", "c"))), "a");
    EXPECT_TEXT(found(Q("tags__contained_by", VALUES("sql", "x"))), "b,c");
    EXPECT_TEXT(found(Q("tags__overlap", VALUES("web", "none"))), "a");
    EXPECT_TEXT(found(Q("tags", VALUES("sql"))), "b");
    EXPECT_TEXT(found(Q("tags__len", 3)), "a");
    EXPECT_TEXT(found(Q("tags__len__lt", 2)), "b,c");
    EXPECT_TEXT(found(Q("tags__0", "sql")), "b");
    EXPECT_TEXT(found(Q("tags__1__startswith", "sq")), "a");
    EXPECT_TEXT(found(Q("tags__0_2", VALUES("c", "sql"))), "a");
    EXPECT_TEXT(found(Q("tags__0_2__len", 2)), "a");
    EXPECT_TEXT(found(Q("board__1__0", 3)), "c");
    EXPECT_TEXT(found(NOT(Q("tags__contains", VALUES("c")))), "b,c");
    EXPECT_TEXT(found(Q("tags__contains", F("tags"))), "a,b,c");
    EXPECT_TEXT(found(Q("tags__overlap", capo_query_values(capo_query(Show, .where = { .name = EQ("b") }), LIST("tags__0")))), "a,b");
    EXPECT_INT(capo_count(Show, .where = { .tags = OVERLAP(VALUES("c")) }), 1);
    EXPECT_INT(capo_count(Show, .where = { .tags = CONTAINED_BY(VALUES("sql")) }), 2);
    EXPECT_TEXT(json(capo_values_flat(capo_query(Show, .where = { .name = EQ("a") }, .annotate = EXPRESSIONS(AS("some", SLICE("tags", 1, -1)))), "some")->items[0]), "[\"sql\", \"web\"]");
    List *all = capo_values_flat(capo_query(Show, .annotate = EXPRESSIONS(AS("names", ARRAY_SUBQUERY(capo_query_values(capo_query(Show), LIST("name"))))), .limit = 1), "names");
    EXPECT_TEXT(json(all->items[0]), "[\"a\", \"b\", \"c\"]");
}

TEST(postgresql_arrays_are_compared_as_the_column_is)
{
    if (!open_theatre())
        return;
    Show *one = show("a", NULL), *two = show("b", NULL);
    one->row = VALUES(1, 2);
    one->atoms_of = VALUES(50, 2, 1);
    one->board = VALUES(VALUES(1, 2), VALUES(3, 4));
    one->pauses = VALUES((Duration){ INT64_C(2) * 86400000000 + 1 }, (Duration){ -1 });
    two->row = VALUES(3);
    two->atoms_of = VALUES(4);
    two->board = VALUES(VALUES(5, 6));
    capo_save(one);
    capo_save(two);
    EXPECT_TEXT(found(Q("atoms_of__contains", F("row"))), "a");             /* bigint[] and integer[] */
    EXPECT_TEXT(found(Q("row__contained_by", F("atoms_of"))), "a");
    EXPECT_TEXT(found(NOT(Q("atoms_of__overlap", F("row")))), "b");
    EXPECT_TEXT(found(Q("board__contains", VALUES(4))), "a");               /* of all members, however deep */
    EXPECT_TEXT(found(Q("board__overlap", VALUES(9, 6))), "b");
    EXPECT_TEXT(found(Q("board__contains", VALUES(VALUES(4)))), "a");
    EXPECT_INT(again(one)->pauses->items[0].duration.microseconds, INT64_C(2) * 86400000000 + 1);
    EXPECT_TEXT(capo_to_text(capo_cell(capo_database_run("SELECT pauses::text FROM theatre_show WHERE name = 'a'", NULL, 0, DATABASE_READ), 0, 0)),
                "{\"2 days 00:00:00.000001\",-00:00:00.000001}");
}

static void unnest(void *unused)
{
    (void)unused;
    capo_fetch(Show, .annotate = EXPRESSIONS(AS("tag", FN(Unnest, F("tags")))));
}

TEST(postgresql_functions_that_give_rows)
{
    if (!open_theatre()) {
        EXPECT(strstr(EXPECT_RAISES(ERROR_NOT_SUPPORTED, unnest, NULL)->message, "has no function 'Unnest'"));
        return;
    }
    capo_save(show("a", VALUES("c", "sql", "web")));
    capo_save(show("b", VALUES("sql")));
    capo_save(show("none", NULL));
    Query *tags = capo_query(Show, .annotate = EXPRESSIONS(AS("tag", FN(Unnest, F("tags")))));
    EXPECT_TEXT(json(VALUE(capo_values_flat(tags, "tag"))), "[\"c\", \"sql\", \"web\", \"sql\"]");
    EXPECT_INT(capo_query_count(tags), 4);                      /* as many as there are when it is read */
    Map *totals = capo_aggregate(tags, EXPRESSIONS(COUNT("tag", .as = "all"), COUNT("tag", .distinct = true, .as = "each"), MAXIMUM("tag", .as = "last")));
    EXPECT_TEXT(json(VALUE(totals)), "{\"all\": 4, \"each\": 3, \"last\": \"web\"}");
    EXPECT_INT(capo_count(Show, .alias = EXPRESSIONS(AS("tag", FN(Unnest, F("tags"))))), 3);
}

TEST(postgresql_arrays_of_documents_and_ranges)
{
    if (!open_theatre())
        return;
    Show *one = show("a", NULL);
    one->papers = VALUES(capo_map(V("it's", "\"a\", {b}")), VALUES(1, VALUES(2)), "text, \\", 3, (bool)true, capo_value_null());
    one->shifts = VALUES(SPAN(1, 5), capo_range_empty(), capo_value_null(), SPAN(7, NO_END));
    one->seasons = VALUES(SPAN_OF(capo_date(2026, 1, 1), capo_date(2026, 1, 31), "[]"));
    EXPECT_TEXT(mistake(one), "");
    capo_save(one);
    capo_save(show("none", NULL));
    for (int i = 0; i < 8; i++) {
        Show *same = again(one);
        EXPECT_TEXT(json(VALUE(same->papers)), "[{\"it's\": \"\\\"a\\\", {b}\"}, [1, [2]], \"text, \\\\\", 3, true, null]");
        EXPECT_TEXT(capo_to_text(same->shifts->items[0]), "[1, 5)");
        EXPECT(capo_value_range(same->shifts->items[1])->empty && capo_is_null(same->shifts->items[2]));
        EXPECT(capo_is_null(capo_value_range(same->shifts->items[3])->upper));
        EXPECT_TEXT(capo_date_iso(capo_value_range(same->seasons->items[0])->upper.date), "2026-02-01");
        EXPECT(!capo_field_changed(&same->capo, capo_field(&Show_model, "papers")) && !capo_field_changed(&same->capo, capo_field(&Show_model, "shifts")));
    }
    EXPECT_TEXT(found(Q("papers__contains", VALUES(VALUES(1, VALUES(2))))), "a");
    EXPECT_TEXT(found(Q("papers__overlap", VALUES("none", 3))), "a");
    EXPECT_TEXT(found(Q("papers__len", 6)), "a");
    EXPECT_TEXT(found(Q("papers__0__it's__icontains", "{b}")), "a");
    EXPECT_TEXT(found(Q("shifts__contains", VALUES(SPAN(7, NO_END)))), "a");
    EXPECT_TEXT(found(Q("shifts__0__contains", 3)), "a");
    EXPECT_TEXT(found(Q("shifts__0__startswith", 2)), "");
    EXPECT_TEXT(found(Q("seasons__0__endswith__year", 2026)), "a");
    Buffer out = { 0 };
    Serializer *serializer = capo_serializer_open(&(SerializeOptions){ .buffer = &out });
    capo_serialize(serializer, capo_query(Show, .where = { .name = EQ("a") }));
    capo_serializer_close(serializer);
    const char *papers = json(VALUE(one->papers));
    capo_delete_all(Show);
    capo_load_text(capo_buffer_text(&out), NULL);
    Show *loaded = capo_get(Show);
    EXPECT_TEXT(json(VALUE(loaded->papers)), papers);
    EXPECT_TEXT(capo_to_text(loaded->shifts->items[0]), "[1, 5)");
    EXPECT(capo_value_range(loaded->shifts->items[1])->empty);
}

TEST(postgresql_hstores_are_maps)
{
    if (!open_theatre())
        return;
    Show *one = show("a", NULL), *two = show("b", NULL);
    one->notes = capo_map(V("by", "Ann"), V("it's \"=>, \\", "a,b => c"), V("of", capo_value_null()));
    two->notes = capo_map(V("by", "Bob"), V("at", "home"));
    EXPECT_TEXT(mistake(one), "");
    capo_save(one);
    capo_save(two);
    Show *same = again(one);
    EXPECT_INT(same->notes->count, 3);
    EXPECT_TEXT(capo_to_text(*capo_map_get(same->notes, "it's \"=>, \\")), "a,b => c");
    EXPECT(capo_is_null(*capo_map_get(same->notes, "of")));
    capo_map_set(same->notes, "by", VALUE("Eve"));
    capo_save(same);
    EXPECT_TEXT(found(Q("notes__by", "Eve")), "a");
    EXPECT_TEXT(found(Q("notes__by__startswith", "B")), "b");
    EXPECT_TEXT(found(Q("notes__of__isnull", capo_value_bool(true))), "a,b");
    EXPECT_TEXT(found(Q("notes__has_key", "at")), "b");
    EXPECT_TEXT(found(Q("notes__has_keys", VALUES("by", "at"))), "b");
    EXPECT_TEXT(found(Q("notes__has_any_keys", VALUES("of", "at"))), "a,b");
    EXPECT_TEXT(found(Q("notes__contains", capo_map(V("by", "Bob")))), "b");
    EXPECT_TEXT(found(Q("notes__contained_by", capo_map(V("by", "Bob"), V("at", "home"), V("x", "y")))), "b");
    EXPECT_TEXT(found(Q("notes__keys__contains", VALUES("at"))), "b");
    EXPECT_TEXT(found(Q("notes__values__overlap", VALUES("home"))), "b");
    EXPECT_TEXT(found(Q("notes__x' OR 1=1 --", "y")), "");      /* a key is a parameter */
    Show *wrong = show("c", NULL);
    wrong->notes = capo_map(V("k", capo_value_text_n("a\0b", 3)));
    EXPECT(strstr(EXPECT_RAISES(ERROR_VALUE, save_show, wrong)->message, "NUL"));
    wrong->notes = capo_map(V("n", 1));
    EXPECT_TEXT(mistake(wrong), "notes/not_a_string: The value of “n” is not a string or null.");
    capo_save(wrong);                                           /* what is no text is written as one */
    EXPECT_TEXT(found(Q("notes__n", "1")), "c");
}

TEST(postgresql_ranges_have_ends)
{
    if (!open_theatre())
        return;
    DateTime from = { INT64_C(1767225600000000) }, until = { INT64_C(1767312000000000) };
    Show *one = show("a", NULL), *two = show("b", NULL);
    one->ages = SPAN_OF(6, 12, "[]");
    one->atoms = SPAN(INT64_C(5000000000), NO_END);
    one->cost = SPAN_OF("1.50", "2", "()");
    one->season = SPAN(capo_date(2026, 1, 1), capo_date(2026, 2, 1));
    one->during = SPAN(from, until);
    two->ages = capo_range_empty();
    EXPECT_TEXT(mistake(one), "");
    capo_save(one);
    capo_save(two);
    Show *same = again(one);
    EXPECT_INT(same->ages->lower.integer, 6);
    EXPECT_INT(same->ages->upper.integer, 13);                  /* whole numbers and days have one form: "[)" */
    EXPECT(same->ages->lower_inc && !same->ages->upper_inc);
    EXPECT(capo_is_null(same->atoms->upper) && same->atoms->lower.integer == 5000000000);
    EXPECT_TEXT(capo_to_text(VALUE(same->cost)), "(1.50, 2)");
    EXPECT_TEXT(capo_to_text(VALUE(same->season)), capo_format("[%s, %s)", capo_to_text(VALUE(capo_date(2026, 1, 1))), capo_to_text(VALUE(capo_date(2026, 2, 1)))));
    EXPECT(same->during->lower.datetime.microseconds == from.microseconds && same->during->upper.datetime.microseconds == until.microseconds);
    EXPECT(again(two)->ages->empty && !again(two)->during);
    EXPECT(!capo_field_changed(&same->capo, capo_field(&Show_model, "during")));
    same->during->upper = NO_END;
    capo_save(same);
    EXPECT(capo_is_null(again(one)->during->upper));
}

TEST(postgresql_ranges_are_looked_up)
{
    if (!open_theatre())
        return;
    for (int i = 0; i < 4; i++) {
        Show *one = show(capo_format("%c", 'a' + i), NULL);
        one->ages = i < 3 ? SPAN(10 * i, 10 * i + 10) : capo_range_empty();
        one->season = SPAN(capo_date(2026, 1 + i, 1), capo_date(2026, 2 + i, 1));
        one->atoms = i ? SPAN(i, NO_END) : NULL;
        capo_set(one, born, capo_date(2020 + i, 5, 5));
        capo_save(one);
    }
    EXPECT_TEXT(found(Q("ages__contains", 10)), "b");
    EXPECT_TEXT(found(Q("ages__contains", SPAN(12, 15))), "b");
    EXPECT_TEXT(found(Q("ages__contained_by", SPAN(0, 20))), "a,b,d");
    EXPECT_TEXT(found(Q("ages__overlap", SPAN(5, 15))), "a,b");
    EXPECT_TEXT(found(Q("ages__fully_lt", SPAN(20, 30))), "a,b");
    EXPECT_TEXT(found(Q("ages__fully_gt", SPAN(0, 10))), "b,c");
    EXPECT_TEXT(found(Q("ages__not_lt", SPAN(10, 20))), "b,c");
    EXPECT_TEXT(found(Q("ages__not_gt", SPAN(10, 20))), "a,b");
    EXPECT_TEXT(found(Q("ages__adjacent_to", SPAN(10, 20))), "a,c");
    EXPECT_TEXT(found(Q("ages", SPAN(0, 10))), "a");
    EXPECT_TEXT(found(Q("ages__isempty", capo_value_bool(true))), "d");
    EXPECT_TEXT(found(Q("ages__startswith", 10)), "b");
    EXPECT_TEXT(found(Q("ages__startswith__gt", 5)), "b,c");
    EXPECT_TEXT(found(Q("ages__endswith__lte", 20)), "a,b");
    EXPECT_TEXT(found(Q("season__startswith__month", 2)), "b");
    EXPECT_TEXT(found(Q("season__contains", capo_date(2026, 3, 15))), "c");
    EXPECT_TEXT(found(Q("atoms__upper_inf", capo_value_bool(true))), "b,c,d");
    EXPECT_TEXT(found(Q("ages__lower_inc", capo_value_bool(true))), "a,b,c");
    EXPECT_TEXT(found(Q("atoms__contains", 2)), "b,c");
    EXPECT_TEXT(found(Q("ages__overlap", F("ages"))), "a,b,c");
    EXPECT_TEXT(found(Q("born__contained_by", SPAN(capo_date(2021, 1, 1), capo_date(2022, 12, 31)))), "b,c");
    EXPECT_TEXT(found(Q("id__contained_by", SPAN(2, 4))), "b,c");
    capo_update(Show, .set = { .rank = TO(F("id")), .score = TO(1.5) });
    EXPECT_TEXT(found(Q("rank__contained_by", SPAN(2, 4))), "b,c");         /* smallint has no range of its own */
    EXPECT_TEXT(found(Q("rank__contained_by", F("ages"))), "a");
    EXPECT_TEXT(found(Q("score__contained_by", SPAN("1.5", 2))), "a,b,c,d");
    EXPECT_TEXT(found(Q("score__contained_by", SPAN(2, NO_END))), "");
    EXPECT_INT(capo_count(Show, .where = { .ages = OVERLAP(SPAN(5, 15)), .season = CONTAINS(capo_date(2026, 1, 5)) }), 1);
}

TEST(postgresql_infinite_days_are_the_last_there_are)
{
    if (!open_theatre())
        return;
    capo_save(show("a", NULL));
    capo_sql_run("UPDATE theatre_show SET season = '[2026-01-01,infinity)', during = '[-infinity,2026-01-01 00:00+00]', days = '{infinity,2026-01-01}', moments = '{-infinity}'");
    Show *one = capo_get(Show);
    EXPECT_TEXT(capo_date_iso(one->season->upper.date), "9999-12-31");
    EXPECT_TEXT(capo_datetime_iso(one->during->lower.datetime, capo_time_zone_utc()), "0001-01-01T00:00:00+00:00");
    EXPECT_TEXT(capo_date_iso(one->days->items[0].date), "9999-12-31");
    EXPECT_TEXT(capo_datetime_iso(one->moments->items[0].datetime, capo_time_zone_utc()), "0001-01-01T00:00:00+00:00");
}

TEST(postgresql_search_vectors_are_kept)
{
    if (!open_theatre())
        return;
    Show *one = show("Walking the dogs", NULL);
    capo_save(one);
    EXPECT(!again(one)->words);
    capo_sql_run("UPDATE theatre_show SET words = to_tsvector('english', name)");
    EXPECT_TEXT(again(one)->words, "'dog':3 'walk':1");
    EXPECT_INT(capo_count(Show, .filter = Q("words__search", "dogs")), 1);
    EXPECT_INT(capo_count(Show, .filter = Q("words__search", "cats")), 0);
    EXPECT(!capo_form_field_for(capo_field(&Show_model, "words")));
}

/* --- migrations, fixtures, forms --- */

TEST(postgresql_fields_in_migrations)
{
    bool there = open_theatre();
    ModelState *state = model_state_of(&Show_model);
    EXPECT_TEXT(json(capo_value_map(model_state_field(state, "tags")->options)), "{\"base\": \"CharField\", \"max_length\": 12, \"size\": 4, \"blank\": true}");
    EXPECT_TEXT(json(capo_value_map(model_state_field(state, "board")->options)), "{\"base\": \"IntegerField\", \"dimensions\": 2, \"null\": true, \"blank\": true}");
    FieldRow row;
    field_state_to_row(model_state_field(state, "prices"), &row);
    EXPECT(row.kind == FIELD_ARRAY && row.options.array.base == FIELD_DECIMAL && row.options.array.max_digits == 6 && row.options.array.decimal_places == 2);
    EXPECT_TEXT(capo_field_kind_name(model_state_field(state, "season")->kind), "DateRangeField");
    if (!there)
        return;
    const char *fresh = capo_schema_describe("theatre_show");
    EXPECT(strstr(fresh, "column tags character varying(12)[] NOT NULL") && strstr(fresh, "column board integer[]") && strstr(fresh, "column during tstzrange"));
    EXPECT(strstr(fresh, "column notes hstore NOT NULL") && strstr(fresh, "column words tsvector"));
    SchemaEditor *editor = capo_schema_open(false);
    Model *historical = state_model(state_of(models, 1), "theatre", "Show");
    capo_schema_delete_model(editor, historical);
    capo_schema_create_model(editor, historical);
    capo_schema_close(editor);
    EXPECT_TEXT(capo_schema_describe("theatre_show"), fresh);
    Instance *one = capo_instance_new(historical);
    capo_field_assign(one, capo_field(historical, "name"), VALUE("h"));
    capo_field_assign(one, capo_field(historical, "tags"), VALUE(VALUES("a", "b")));
    capo_field_assign(one, capo_field(historical, "ages"), VALUE(SPAN(1, 5)));
    capo_instance_save(one);
    EXPECT_TEXT(found(ALL(Q("tags__len", 2), Q("ages__contains", 4))), "h");
}

TEST(postgresql_fields_in_fixtures)
{
    if (!open_theatre())
        return;
    Show *one = show("a", VALUES("x", "it's"));
    one->board = VALUES(VALUES(1, 2), VALUES(3, 4));
    one->days = VALUES(capo_date(2026, 1, 31));
    one->notes = capo_map(V("by", "Ann"), V("of", capo_value_null()));
    one->ages = SPAN(1, 5);
    one->during = SPAN((DateTime){ INT64_C(1767225600000000) }, NO_END);
    one->pauses = VALUES((Duration){ INT64_C(86400000000) + 1 });
    capo_save(one);
    Buffer out = { 0 };
    Serializer *serializer = capo_serializer_open(&(SerializeOptions){ .buffer = &out });
    capo_serialize(serializer, capo_query(Show));
    capo_serializer_close(serializer);
    const char *text = capo_buffer_text(&out);
    EXPECT(strstr(text, "\"tags\": \"[\\\"x\\\", \\\"it's\\\"]\""));
    EXPECT(strstr(text, "\"pauses\": \"[\\\"1 00:00:00.000001\\\"]\""));
    EXPECT(strstr(text, "\"ages\": \"{\\\"bounds\\\": \\\"[)\\\", \\\"lower\\\": \\\"1\\\", \\\"upper\\\": \\\"5\\\"}\""));
    capo_delete_all(Show);
    capo_load_text(text, NULL);
    Show *same = capo_get(Show);
    EXPECT_TEXT(json(VALUE(same->tags)), "[\"x\", \"it's\"]");
    EXPECT_TEXT(json(VALUE(same->board)), "[[1, 2], [3, 4]]");
    EXPECT(same->days->items[0].kind == VALUE_DATE && same->ages->upper.integer == 5);
    EXPECT(capo_is_null(*capo_map_get(same->notes, "of")) && capo_is_null(same->during->upper));
    EXPECT_INT(same->during->lower.datetime.microseconds, 1767225600000000);
}

static Form *form_of(const char *body, Show *instance)
{
    return capo_model_form_new(&Show_model, LIST("name", "tags", "board", "notes", "ages", "season"), NULL, body ? capo_dict_parse(body, strlen(body)) : NULL,
                               NULL, instance ? &(FormOptions){ .instance = &instance->capo } : NULL);
}

static const char *input(Form *form, const char *name)
{
    Buffer out = { 0 };
    capo_form_put_field(form, name, NULL, &out);
    return capo_buffer_text(&out);
}

TEST(postgresql_fields_in_forms)
{
    bool there = open_theatre();
    Form *form = form_of("name=a&tags=x,+y&board=[[1,2]]&notes={\"by\":+\"Ann\",+\"n\":+1}&ages_0=1&ages_1=5&season_0=&season_1=2026-02-01", NULL);
    if (there) {
        EXPECT(capo_form_is_valid(form));
        Show *one = (Show *)capo_form_save(form);
        one = again(one);
        EXPECT_TEXT(json(VALUE(one->tags)), "[\"x\", \"y\"]");
        EXPECT_TEXT(json(VALUE(one->board)), "[[1, 2]]");
        EXPECT_TEXT(json(VALUE(one->notes)), "{\"n\": \"1\", \"by\": \"Ann\"}");
        EXPECT(one->ages->lower.integer == 1 && capo_is_null(one->season->lower) && one->season->upper.kind == VALUE_DATE);
        form = form_of(NULL, one);
        EXPECT_TEXT(input(form, "tags"), "<input type=\"text\" name=\"tags\" value=\"x,y\" id=\"id_tags\">");
        EXPECT(strstr(input(form, "board"), "[[1, 2]]</textarea>") && strstr(input(form, "notes"), "&quot;by&quot;: &quot;Ann&quot;"));
        EXPECT_TEXT(input(form, "season"), "<input type=\"text\" name=\"season_0\" id=\"id_season_0\"><input type=\"text\" name=\"season_1\" value=\"2026-02-01\" id=\"id_season_1\">");
        form = form_of("name=a&tags=x,y&board=[[1,2]]&notes={\"by\":+\"Ann\",+\"n\":+\"1\"}&ages_0=1&ages_1=5&season_0=&season_1=2026-02-01", one);
        EXPECT(!capo_form_has_changed(form));
    }
    form = form_of("name=a&tags=1234567890123,b&board=x&notes=[&ages_0=5&ages_1=1&season_0=x", NULL);
    EXPECT(!capo_form_is_valid(form));
    EXPECT_TEXT(capo_form_errors(form, "tags")[0], "Item 1 in the array did not validate: Ensure this value has at most 12 characters (it has 13).");
    EXPECT_TEXT(capo_form_errors(form, "board")[0], "Could not load JSON data.");
    EXPECT_TEXT(capo_form_errors(form, "notes")[0], "Could not load JSON data.");
    EXPECT_TEXT(capo_form_errors(form, "ages")[0], "The start of the range must not exceed the end of the range.");
    EXPECT_TEXT(capo_form_errors(form, "season")[0], "Enter a valid date.");
    Buffer deep = { 0 };
    capo_put(&deep, "name=a&tags=x&notes={}&board=");
    for (int i = 0; i < 100000; i++)
        capo_put_char(&deep, '{');
    EXPECT(!capo_form_is_valid(form_of(capo_buffer_text(&deep), NULL)));
}

/* The messages of one field, or its value. */
static const char *sent(const char *name, const char *body)
{
    Form *form = capo_model_form_new(&Show_model, LIST(name), NULL, capo_dict_parse(body, strlen(body)), NULL, NULL);
    Buffer out = { 0 };
    if (capo_form_is_valid(form))
        return json(capo_form_value(form, name));
    for (const char *const *error = capo_form_errors(form, name); *error; error++)
        capo_put_format(&out, "%s%s", out.size ? " " : "", *error);
    return capo_buffer_text(&out);
}

TEST(postgresql_fields_in_forms_are_read_as_their_parts_are)
{
    open_theatre_models();
    EXPECT_TEXT(sent("row", "row=1,x,,3.5"), "Item 2 in the array did not validate: Enter a whole number. Item 4 in the array did not validate: Enter a whole number.");
    EXPECT_TEXT(sent("row", "row=1,,3"), "Item 2 in the array did not validate: This field is required.");
    EXPECT_TEXT(sent("row", "row=+1+,2"), "[1, 2]");
    EXPECT_TEXT(sent("tags", "tags=a,,b"), "Item 2 in the array did not validate: This field is required.");
    EXPECT_TEXT(sent("days", "days=10/25/2006,2026-02-30"), "Item 2 in the array did not validate: Enter a valid date.");
    EXPECT_TEXT(sent("days", "days=10/25/2006"), "[\"2006-10-25\"]");               /* as a date field by itself takes it */
    EXPECT_TEXT(sent("prices", "prices=1.5,1.505"), "Item 2 in the array did not validate: Ensure that there are no more than 2 decimal places.");
    EXPECT_TEXT(sent("pauses", "pauses=2147483648"), "[\"P24855DT03H14M08S\"]");
    EXPECT_TEXT(sent("board", "board="), "[]");
    EXPECT_TEXT(sent("papers", "papers=[{\"a\":+1},+[2]]"), "[{\"a\": 1}, [2]]");
    EXPECT_TEXT(sent("shifts", "shifts=[[1,5],{\"lower\":+7}]"), "[{\"bounds\": \"[)\", \"lower\": 1, \"upper\": 5}, {\"bounds\": \"[)\", \"lower\": 7, \"upper\": null}]");
    EXPECT_TEXT(sent("notes", "notes=[1]"), "Input must be a JSON dictionary.");
    EXPECT_TEXT(sent("notes", "notes={1"), "Could not load JSON data.");
    EXPECT_TEXT(sent("ages", "ages_0=x&ages_1=y"), "Enter a whole number.");
    EXPECT_TEXT(sent("ages", "ages_0=&ages_1=7"), "{\"bounds\": \"()\", \"lower\": null, \"upper\": 7}");
    EXPECT_TEXT(sent("season", "season_0=10/25/2006&season_1=x"), "Enter a valid date.");
}

TEST(postgresql_fields_are_inspected)
{
    if (!open_theatre())
        return;
    List *notes = capo_list_new();
    const char *text = inspect_text(inspect_model("theatre", "theatre_show", inspect_tables(true, true), notes), notes);
    EXPECT(strstr(text, "    ARRAY(tags, CHAR, .max_length = 12)\n"));
    EXPECT(strstr(text, "    OPTIONAL(ARRAY, board, INTEGER)\n"));
    EXPECT(strstr(text, "    OPTIONAL(ARRAY, prices, DECIMAL, .max_digits = 6, .decimal_places = 2)\n"));
    EXPECT(strstr(text, "    HSTORE(notes)\n") && strstr(text, "    OPTIONAL(DATETIME_RANGE, during)\n") && strstr(text, "    SEARCH_VECTOR(words)\n"));
    EXPECT_INT(notes->count, 0);
}

TEST(postgresql_exclusions_have_their_words)
{
    if (!open_theatre())
        return;
    capo_save(show("a", NULL));
    Stay *one = capo_new(Stay), *other = capo_new(Stay);
    one->nights = SPAN(capo_date(2026, 1, 1), capo_date(2026, 1, 5));
    other->nights = SPAN(capo_date(2026, 1, 4), capo_date(2026, 1, 8));
    SchemaEditor *editor = capo_schema_open(false);
    capo_schema_create_model(editor, &Stay_model);
    capo_schema_close(editor);
    EXPECT(!capo_try_save(one));
    const ValidationError *error = capo_instance_full_clean(&other->capo, NULL);
    EXPECT(error && !strcmp(error->message, "Somebody stays then."));
    error = capo_try_save(other);
    EXPECT(error && !strcmp(error->message, "Somebody stays then.") && !strcmp(error->code, "stay_nights"));
    other->nights->lower = VALUE(capo_date(2026, 1, 5));
    EXPECT(!capo_try_save(other));
}

TEST(postgresql_fields_go_all_ways)
{
    if (!open_theatre())
        return;
    Show *one = show("a", VALUES("x")), *two = show("b", VALUES("y"));
    one->ages = SPAN(1, 5);
    one->days = VALUES(capo_date(2026, 1, 31));
    capo_save(one);
    capo_save(two);
    one->tags = VALUES("it's", "{2}");
    two->ages = SPAN(7, NO_END);
    one->notes = two->notes = capo_map(V("k", "v"));
    two->board = VALUES(VALUES(1), VALUES(2));
    EXPECT_INT(capo_bulk_update((Instance *const[]){ &one->capo, &two->capo }, 2, LIST("tags", "ages", "notes", "board")), 2);
    EXPECT_TEXT(json(VALUE(again(one)->tags)), "[\"it's\", \"{2}\"]");
    EXPECT_TEXT(json(VALUE(again(two)->board)), "[[1], [2]]");
    EXPECT_TEXT(capo_to_text(VALUE(again(two)->ages)), "[7, None)");
    EXPECT_INT(again(one)->notes->count, 1);
    Show *deferred = capo_get(Show, .where = { .name = EQ("a") }, .defer = LIST("tags", "ages"));
    Value tags = capo_field_value(&deferred->capo, capo_field(&Show_model, "tags"));
    EXPECT_TEXT(json(tags), "[\"it's\", \"{2}\"]");
    EXPECT_INT(deferred->tags->count, 2);
    EXPECT(!capo_field_changed(&deferred->capo, capo_field(&Show_model, "tags")));
    deferred->tags = VALUES("gone");
    capo_refresh(deferred);
    EXPECT_TEXT(deferred->tags->items[0].text, "it's");
    List *rows = capo_values(capo_query(Show, .order_by = LIST("ages"), .annotate = EXPRESSIONS(AS("first", F("tags__0")), AS("n", F("tags__len")), AS("low", F("ages__startswith")))),
                             LIST("first", "n", "low", "ages", "notes", "days"));
    EXPECT_TEXT(json(VALUE(rows)), "[{\"first\": \"it's\", \"n\": 2, \"low\": 1, \"ages\": {\"bounds\": \"[)\", \"lower\": 1, \"upper\": 5}, \"notes\": {\"k\": \"v\"}, \"days\": [\"2026-01-31\"]}, "
                "{\"first\": \"y\", \"n\": 1, \"low\": 7, \"ages\": {\"bounds\": \"[)\", \"lower\": 7, \"upper\": null}, \"notes\": {\"k\": \"v\"}, \"days\": null}]");
    EXPECT_INT(capo_update(Show, .set = { .tags = TO(F("tags")), .notes = TO(capo_map(V("z", "1"))) }), 2);
    EXPECT_TEXT(found(Q("notes__z", "1")), "a,b");
    bool created;
    Show *three = capo_get_or_create(Show, &created, .where = { .tags = EQ(VALUES("new")) }, .set = { .name = TO("c"), .ages = TO(SPAN(1, 2)) });
    EXPECT(created && three->tags->count == 1);
    EXPECT_INT(again(three)->ages->upper.integer, 2);
    EXPECT_TEXT(found(Q("tags__in", VALUES(VALUES("new"), VALUES("y")))), "b,c");
    EXPECT_TEXT(found(Q("ages__in", VALUES(SPAN(1, 2)))), "c");
    EXPECT_TEXT(found(Q("tags__gt", VALUES("it"))), "a,b,c");
    EXPECT_INT(capo_delete_all(Show, .filter = Q("ages__contains", 1)), 2);
}

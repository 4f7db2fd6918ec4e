/* SPDX-License-Identifier: BSD-3-Clause */
/* Models whose key is made of several columns: Django 5.2's CompositePrimaryKey. */
#include <capo/admin.h>
#include <capo/expressions.h>
#include <capo/forms.h>
#include <capo/generic.h>
#include <capo/schema.h>
#include <capo/serializers.h>
#include <capo/testing.h>
#include <capo/web.h>
#include "../../migrations/inspect.h"
#include "../../migrations/migration.h"
#include "../../orm/internal.h"
#include "../../orm/loader.h"
#include "database_under_test.h"
#include <string.h>

#define CAPO_MODELS "../../tests/orm/keys.def"
#include <capo/declare_models.h>
#define CAPO_MODELS "../../tests/orm/keys.def"
#include <capo/define_models.h>

static const App keys = { .name = "keys", .models = models };

static void make_tables(void)
{
    size_t count;
    Model *const *all = capo_all_models(&count);
    capo_begin();
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; i < count; i++)
        if ((!strcmp(all[i]->app, "keys") || !strcmp(all[i]->app, "contenttypes")) && !all[i]->auto_created)
            capo_schema_create_model(editor, all[i]);
    capo_schema_close(editor);
    capo_commit();
}

static Hall *make_hall(const char *name)
{
    Hall *hall = capo_new(Hall);
    hall->name = name;
    capo_save(hall);
    return hall;
}

static Seat *make_seat(const Hall *hall, int number, const char *colour)
{
    Seat *seat = capo_new(Seat);
    seat->hall_id = hall->id;
    seat->number = number;
    if (colour)
        seat->colour = colour;
    capo_save(seat);
    return seat;
}

static Hall *first, *second;

/* Two halls with three and two seats. */
static void open_halls(void)
{
    capo_models_prepare(APPS(&capo_contenttypes, &keys));
    open_empty_database();
    make_tables();
    first = make_hall("first");
    second = make_hall("second");
    for (int i = 1; i <= 3; i++)
        make_seat(first, i, NULL);
    make_seat(second, 1, "blue");
    make_seat(second, 2, "blue");
}

static const char *text_of(List *list) { return capo_json_text(capo_value_list(list), 0); }

/* The seats as "1/2 1/3": hall and number, in the query's order. */
static const char *seats(Query *query)
{
    Buffer text = { 0 };
    size_t count;
    Instance **rows = capo_query_rows(query, &count);
    for (size_t i = 0; i < count; i++) {
        const Seat *seat = (const Seat *)(const void *)rows[i];
        capo_put_format(&text, "%s%d/%lld", i ? " " : "", seat->hall_id == first->id ? 1 : 2, (long long)seat->number);
    }
    return capo_buffer_text(&text);
}
#define seats_where(condition) seats(capo_query(Seat, .filter = (condition), .order_by = LIST("pk")))

TEST(FLD_008_composite_key_saves_reads_and_deletes)
{
    open_halls();
    EXPECT_TEXT(Seat_model.pk->name, "pk");
    EXPECT_INT(Seat_model.n_fields, 4);
    Seat *seat = capo_get(Seat, .where = { .hall_id = EQ(first->id), .number = EQ(2) });
    EXPECT(capo_equal(capo_instance_pk(&seat->capo), capo_value_list(VALUES(first->id, 2))));
    seat->colour = "green";
    capo_set(seat, price, 12);
    capo_save(seat);
    EXPECT_INT(capo_count(Seat, .where = { .colour = EQ("green") }), 1);
    EXPECT_INT(capo_count(Seat), 5);
    Seat *again = capo_get(Seat, .filter = Q("pk", VALUES(first->id, 2)));
    EXPECT_TEXT(again->colour, "green");
    capo_update(Seat, .where = { .number = EQ(2) }, .set = { .price = TO(7) });
    capo_refresh(again);
    EXPECT_INT(again->price.value, 7);
    capo_update(Seat, .set = { .price = PLUS(1) });
    capo_refresh_fields(again, "price");
    EXPECT_INT(again->price.value, 8);
    again->colour = "grey";
    capo_save_fields(again, "colour");
    capo_force_update(again);
    EXPECT_INT(capo_delete(again), 1);
    EXPECT_TEXT(seats(capo_query(Seat, .order_by = LIST("-pk"))), "2/2 2/1 1/3 1/1");
    EXPECT_INT(capo_delete(first), 3);                              /* the hall and what cascades */
    EXPECT_TEXT(seats(capo_query(Seat, .order_by = LIST("pk"))), "2/1 2/2");
    EXPECT_INT(capo_delete_all(Seat, .where = { .hall = HAS(Hall, .name = EQ("second")), .number = EQ(1) }), 1);
    EXPECT_INT(capo_count(Seat), 1);
}

static void insert_twice(void *unused) { (void)unused; Seat *seat = capo_new(Seat); seat->hall_id = first->id; seat->number = 1; capo_force_insert(seat); }
static void save_key(void *unused) { (void)unused; Seat *seat = capo_get(Seat, .where = { .number = EQ(3) }); capo_save_fields(seat, "number"); }
static void update_key(void *unused)
{
    (void)unused;
    Seat *seat = capo_get(Seat, .where = { .number = EQ(3) });
    capo_bulk_update((Instance *[]){ &seat->capo }, 1, LIST("number"));
}

TEST(FLD_008_composite_key_made_by_hand)
{
    open_halls();
    const Error *twice = EXPECT_RAISES(ERROR_INTEGRITY, insert_twice, NULL);
    const ValidationError *why = capo_integrity_errors(&capo_new(Seat)->capo, twice);
    EXPECT_TEXT(why ? why->message : "", "Seat with this Hall and Number already exists.");
    EXPECT_RAISES(ERROR_VALUE, save_key, NULL);
    EXPECT_RAISES(ERROR_VALUE, update_key, NULL);
    Seat *seat = make_seat(first, 1, "white");                      /* the row is there: UPDATE, as Django's save() */
    EXPECT_INT(capo_count(Seat), 5);
    EXPECT_TEXT(capo_get(Seat, .filter = Q("pk", VALUES(first->id, 1)))->colour, "white");
    seat->number = 9;                                               /* another key: another row */
    capo_save(seat);
    EXPECT_TEXT(seats_where(Q("colour", "white")), "1/1 1/9");
    Seat *zero = make_seat(second, 0, NULL);                        /* zero is a number like any other */
    EXPECT(!capo_is_null(capo_instance_pk(&zero->capo)));
    EXPECT_INT(capo_delete(zero), 1);
    EXPECT(!capo_instance_is_saved(&zero->capo));
}

TEST(LKP_022_composite_key_lookups)
{
    open_halls();
    Value two = capo_value_list(VALUES(first->id, 2));
    EXPECT_TEXT(seats_where(capo_q("pk", two)), "1/2");
    EXPECT_TEXT(seats_where(NOT(capo_q("pk", two))), "1/1 1/3 2/1 2/2");
    EXPECT_TEXT(seats_where(capo_q("pk__gt", two)), "1/3 2/1 2/2");
    EXPECT_TEXT(seats_where(capo_q("pk__gte", two)), "1/2 1/3 2/1 2/2");
    EXPECT_TEXT(seats_where(capo_q("pk__lt", two)), "1/1");
    EXPECT_TEXT(seats_where(capo_q("pk__lte", two)), "1/1 1/2");
    EXPECT_TEXT(seats_where(Q("pk__in", VALUES(VALUES(first->id, capo_value_null()), VALUES(second->id, 2)))), "2/2");     /* none has a NULL */
    EXPECT_TEXT(seats_where(Q("pk__in", VALUES(VALUES(first->id, 3), VALUES(second->id, 1), VALUES(second->id, 9)))), "1/3 2/1");
    EXPECT_TEXT(seats_where(NOT(Q("pk__in", VALUES(VALUES(first->id, 3), VALUES(second->id, 1))))), "1/1 1/2 2/2");
    EXPECT_TEXT(seats_where(Q("pk__in", capo_list_new())), "");
    EXPECT_TEXT(seats_where(Q("pk__isnull", false)), "1/1 1/2 1/3 2/1 2/2");
    EXPECT_TEXT(seats_where(Q("pk__in", capo_query(Seat, .where = { .colour = EQ("blue") }))), "2/1 2/2");
    EXPECT_TEXT(seats_where(Q("pk__in", capo_query_values(capo_query(Seat, .where = { .number = EQ(2) }), LIST("hall", "number")))), "1/2 2/2");
    EXPECT_TEXT(seats_where(Q("pk", VALUES(F("hall"), F("number")))), "1/1 1/2 1/3 2/1 2/2");
    List *many = capo_list_new();                                   /* more than one statement's worth of ORs */
    for (int i = 0; i < 3000; i++)
        capo_list_add(many, capo_value_list(VALUES(second->id, i)));
    EXPECT_TEXT(seats_where(Q("pk__in", many)), "2/1 2/2");
}

static void filter_by(void *condition) { capo_query_count(capo_query(Seat, .filter = condition)); }
static void annotate_key(void *unused) { (void)unused; capo_query(Seat, .annotate = EXPRESSIONS(AS("x", FN(Lower, F("pk"))))); }
static void sum_key(void *unused) { (void)unused; capo_aggregate(capo_query(Seat), EXPRESSIONS(MAX("pk", .as = "x"))); }
static void key_in_one(void *unused) { (void)unused; capo_count(Hall, .filter = Q("id__in", capo_query(Seat))); }

TEST(LKP_022_composite_key_lookups_that_there_are_not)
{
    open_halls();
    EXPECT_RAISES(ERROR_FIELD, filter_by, Q("pk__contains", VALUES(1, 2)));
    EXPECT_RAISES(ERROR_FIELD, filter_by, Q("pk__number", 2));
    EXPECT_RAISES(ERROR_VALUE, filter_by, Q("pk", 2));
    EXPECT_RAISES(ERROR_VALUE, filter_by, Q("pk", VALUES(1)));
    EXPECT_RAISES(ERROR_VALUE, filter_by, Q("pk", VALUES(1, 2, 3)));
    EXPECT_RAISES(ERROR_VALUE, filter_by, Q("pk__in", VALUES(1, 2)));
    EXPECT_RAISES(ERROR_VALUE, filter_by, Q("pk", VALUES(1, "many")));
    EXPECT_RAISES(ERROR_VALUE, filter_by, Q("pk__isnull", 3));
    EXPECT_RAISES(ERROR_VALUE, filter_by, Q("pk__in", capo_query_values(capo_query(Seat), LIST("number"))));
    EXPECT_RAISES(ERROR_VALUE, annotate_key, NULL);
    EXPECT_RAISES(ERROR_VALUE, sum_key, NULL);
    EXPECT_RAISES(ERROR_VALUE, key_in_one, NULL);
}

TEST(FLD_008_composite_key_in_queries)
{
    open_halls();
    EXPECT_INT(capo_count(Seat), 5);
    EXPECT(capo_exists(Seat, .where = { .number = EQ(3) }));
    EXPECT_INT(capo_first(Seat)->number, 1);
    EXPECT_INT(capo_last(Seat)->number, 2);
    EXPECT(capo_last(Seat)->hall_id == second->id);
    EXPECT_TEXT(seats(capo_query(Stool)), "2/2 2/1 1/3 1/2 1/1");   /* a proxy, ordered by -pk */
    EXPECT_TEXT(text_of(capo_values_tuples(capo_query(Seat, .where = { .colour = EQ("blue") }, .order_by = LIST("pk")), LIST("number", "pk", "colour"))),
                capo_format("[[1, [%lld, 1], \"blue\"], [2, [%lld, 2], \"blue\"]]", (long long)second->id, (long long)second->id));
    EXPECT_TEXT(text_of(capo_values_flat(capo_query(Seat, .where = { .number = EQ(3) }), "pk")), capo_format("[[%lld, 3]]", (long long)first->id));
    Map *totals = capo_aggregate(capo_query(Seat), EXPRESSIONS(COUNT("pk", .as = "n"), MAX("number", .as = "most")));
    EXPECT_INT(capo_map_get(totals, "n")->integer, 5);
    EXPECT_INT(capo_map_get(totals, "most")->integer, 3);
    EXPECT_INT(capo_query_count(capo_query(Seat, .distinct = true)), 5);
    EXPECT_INT(capo_query_count(capo_query(Seat, .limit = 2)), 2);
    Map *found = capo_in_bulk(Seat, VALUES(VALUES(first->id, 1), VALUES(second->id, 2)), NULL);
    EXPECT_INT(found->count, 2);
    EXPECT_TEXT(capo_bulk_row(Seat, found, VALUES(second->id, 2))->colour, "blue");
    EXPECT(!capo_bulk_row(Seat, found, VALUES(second->id, 1)));
    EXPECT(capo_contains(capo_query(Seat, .where = { .number = EQ(2) }), capo_bulk_row(Seat, found, VALUES(second->id, 2))));
    EXPECT(!capo_contains(capo_query(Seat, .where = { .number = EQ(2) }), capo_bulk_row(Seat, found, VALUES(first->id, 1))));
    Seat *few = capo_fetch(Seat, .only = LIST("colour"), .order_by = LIST("pk"), .limit = 1)[0];
    EXPECT(few->hall_id == first->id && few->number == 1);          /* the key is always loaded */
    Value price = capo_field_value(&few->capo, capo_field(&Seat_model, "price"));       /* and by it the rest, when it is asked for */
    EXPECT(capo_is_null(price));
    size_t n = 0;
    capo_each(Seat, seat, .order_by = LIST("pk"))
        n += seat->number > 0;
    EXPECT_INT(n, 5);
    EXPECT(capo_query_is_totally_ordered(capo_query(Seat, .order_by = LIST("pk"))));
    EXPECT(capo_query_is_totally_ordered(capo_query(Seat, .order_by = LIST("number", "hall_id"))));
    EXPECT(!capo_query_is_totally_ordered(capo_query(Seat, .order_by = LIST("number"))));
    EXPECT_INT(capo_update(Seat, .where = { .hall = HAS(Hall, .name = EQ("second")) }, .set = { .price = TO(3) }), 2);
    EXPECT_TEXT(seats_where(Q("price", 3)), "2/1 2/2");
}

TEST(FLD_008_composite_key_in_sets_of_queries)
{
    open_halls();
    Query *blue = capo_query(Seat, .where = { .colour = EQ("blue") }), *third = capo_query(Seat, .where = { .number = EQ(3) });
    EXPECT_TEXT(seats(capo_query_order_by(capo_query_union(blue, third), LIST("-pk"))), "2/2 2/1 1/3");
    EXPECT_INT(capo_query_count(capo_query_union(blue, third)), 3);
    EXPECT_TEXT(seats(capo_query_order_by(capo_query_or(blue, third), LIST("pk"))), "1/3 2/1 2/2");
    /* what is left out of all rows is read for all of them at once */
    Seat **rows = capo_fetch(Seat, .only = LIST("price"), .order_by = LIST("pk"), .fetch = FETCH_PEERS);
    EXPECT_QUERIES(1, for (Seat **seat = rows; *seat; seat++) capo_field_value(&(*seat)->capo, capo_field(&Seat_model, "colour")));
    EXPECT_TEXT(rows[4]->colour, "blue");
    rows = capo_fetch(Seat, .prefetch = LIST("hall"), .order_by = LIST("pk"));
    EXPECT_QUERIES(0, EXPECT_TEXT(rows[4]->hall->name, "second"));
    EXPECT_INT(capo_query_count(capo_query(Seat, .distinct = true, .order_by = LIST("pk"))), 5);
    capo_update(Seat, .query = capo_query(Seat, .order_by = LIST("pk")), .where = { .hall = HAS(Hall, .name = EQ("first")), .number = LT(3) }, .set = { .price = PLUS(0), .colour = TO("new") });
    EXPECT_TEXT(seats_where(Q("colour", "new")), "1/1 1/2");
    EXPECT_INT(capo_delete_all(Seat, .filter = Q("hall__seats__colour", "blue")), 2);
    EXPECT_TEXT(seats(capo_query(Seat, .order_by = LIST("pk"))), "1/1 1/2 1/3");
}

TEST(FLD_008_composite_key_grouped_and_annotated)
{
    open_halls();
    Query *grouped = capo_query(Seat, .annotate = EXPRESSIONS(COUNT("hall__seats__number", .as = "n")), .order_by = LIST("pk"));
    EXPECT_INT(capo_query_count(capo_query_filter(grouped, Q("n", 2))), 2);
    EXPECT_TEXT(seats(capo_query_filter(grouped, Q("n", 2))), "2/1 2/2");
    List *rows = capo_values_tuples(capo_query_annotate(capo_query_values(capo_query(Seat, .order_by = LIST("pk")), LIST("pk")), EXPRESSIONS(COUNT("hall", .as = "n"))), NULL);
    EXPECT_INT(rows->count, 5);
    EXPECT_TEXT(capo_json_text(rows->items[0], 0), capo_format("[[%lld, 1], 1]", (long long)first->id));
    Hall **halls = capo_fetch(Hall, .annotate = EXPRESSIONS(COUNT("seats", .as = "n")), .order_by = LIST("-n"));
    Value n;
    EXPECT(capo_instance_lookup(&halls[0]->capo, "n", 1, &n) && n.integer == 3);
    EXPECT_INT(capo_count(Hall, .filter = Q("seats__number", 3)), 1);
    EXPECT_INT(capo_count(Hall, .filter = NOT(Q("seats__number", 3))), 1);
    make_hall("empty");
    EXPECT_INT(capo_count(Hall, .filter = Q("seats__isnull", true)), 1);
    Seat *seat = capo_get(Seat, .where = { .number = EQ(3) });
    EXPECT_TEXT(capo_get(Hall, .filter = Q("seats", capo_value_object(&seat->capo)))->name, "first");
    EXPECT_INT(capo_count(Hall, .filter = NOT(Q("seats", capo_value_object(&seat->capo)))), 2);
    Query *outer = capo_query(Hall, .filter = EXISTS(capo_query(Seat, .filter = ALL(Q("hall", OUTER("pk")), Q("colour", "blue")))));
    EXPECT_INT(capo_query_count(outer), 1);
}

TEST(FLD_008_composite_key_relations_and_prefetch)
{
    open_halls();
    Seat *seat = capo_get(Seat, .where = { .number = EQ(3) }, .select_related = LIST("hall"));
    EXPECT_TEXT(seat->hall->name, "first");
    Hall **halls = capo_fetch(Hall, .prefetch = LIST("seats"));
    EXPECT_INT(capo_query_count(capo_related_query(halls[0], "seats")), 3);
    EXPECT_INT(capo_query_count(capo_related_query(second, "seats")), 2);
    Caller *ann = capo_new(Caller);
    ann->name = "Ann";
    capo_save(ann);
    capo_add_with(ann, "halls", VALUES(first->id, second->id), .through_defaults = capo_map(V("times", 4)));
    EXPECT_INT(capo_count(Visit, .where = { .times = EQ(4) }), 2);
    capo_remove(ann, "halls", first->id);
    EXPECT_TEXT(capo_get(Visit)->times == 4 ? capo_related(capo_get(Visit), hall)->name : "", "second");
    EXPECT_INT(capo_count(Caller, .filter = Q("halls__name", "second")), 1);
    EXPECT_INT(capo_count(Hall, .filter = Q("guests__name", "Ann")), 1);
    capo_set_all(ann, "halls", VALUES(first->id));
    EXPECT_TEXT(capo_fetch(Caller, .prefetch = LIST("halls"))[0]->halls[0]->name, "first");
    EXPECT_INT(capo_delete(ann), 2);
    EXPECT_INT(capo_count(Visit), 0);
}

static Entry *make_entry(const char *name, const Hall *hall, int place)
{
    Entry *entry = capo_new(Entry);
    entry->name = name;
    entry->hall_id = hall->id;
    if (place)
        capo_set(entry, place, place);
    capo_save(entry);
    return entry;
}

static const char *entries(Query *query) { return text_of(capo_values_flat(query, "name")); }

TEST(REL_013_relations_over_several_columns)
{
    open_halls();
    make_entry("ann", first, 2);
    make_entry("bob", second, 1);
    make_entry("cid", second, 9);                                   /* no such seat */
    make_entry("dan", first, 0);
    capo_update(Seat, .filter = Q("pk", VALUES(first->id, 2)), .set = { .colour = TO("gold") });
    EXPECT_TEXT(entries(capo_query(Entry, .filter = Q("seat__colour", "gold"))), "[\"ann\"]");
    EXPECT_TEXT(entries(capo_query(Entry, .filter = Q("seat__colour__in", VALUES("gold", "blue")))), "[\"ann\", \"bob\"]");
    EXPECT_TEXT(entries(capo_query(Entry, .filter = Q("seat__isnull", true))), "[\"cid\", \"dan\"]");
    EXPECT_TEXT(entries(capo_query(Entry, .filter = NOT(Q("seat__colour", "gold")))), "[\"bob\", \"cid\", \"dan\"]");
    EXPECT_TEXT(entries(capo_query(Entry, .filter = ANY(Q("seat__colour", "gold"), Q("name", "cid")))), "[\"ann\", \"cid\"]");
    EXPECT_TEXT(entries(capo_query(Entry, .filter = Q("seat__hall__name", "second"))), "[\"bob\"]");
    EXPECT_TEXT(entries(capo_query(Entry, .filter = Q("seat__number", F("place")))), "[\"ann\", \"bob\"]");
    Seat *gold = capo_get(Seat, .where = { .colour = EQ("gold") });
    EXPECT_TEXT(entries(capo_query(Entry, .filter = Q("seat", capo_value_object(&gold->capo)))), "[\"ann\"]");
    EXPECT_TEXT(entries(capo_query(Entry, .filter = Q("seat__pk", VALUES(second->id, 1)))), "[\"bob\"]");
    EXPECT_TEXT(entries(capo_query(Entry, .filter = Q("seat__isnull", false), .order_by = LIST("-seat"))), "[\"bob\", \"ann\"]");
    EXPECT_TEXT(text_of(capo_values_tuples(capo_query(Entry), LIST("name", "seat__colour"))),
                "[[\"ann\", \"gold\"], [\"bob\", \"blue\"], [\"cid\", null], [\"dan\", null]]");
    EXPECT_INT(capo_map_get(capo_aggregate(capo_query(Entry), EXPRESSIONS(COUNT("seat", .as = "n"))), "n")->integer, 2);
    /* the object itself */
    Entry **rows = capo_fetch(Entry, .select_related = LIST("seat__hall"));
    EXPECT_QUERIES(0, EXPECT_TEXT(((Seat *)(void *)capo_instance_related(&rows[0]->capo, "seat"))->hall->name, "first"));
    rows = capo_fetch(Entry);
    Seat *seat;
    EXPECT_QUERIES(1, seat = (Seat *)(void *)capo_instance_related(&rows[1]->capo, "seat"));
    EXPECT_TEXT(seat->colour, "blue");
    EXPECT_QUERIES(0, (void)capo_instance_related(&rows[1]->capo, "seat"));
    EXPECT(!capo_instance_related(&rows[2]->capo, "seat") && !capo_instance_related(&rows[3]->capo, "seat"));
    capo_set(rows[1], place, 2);                                    /* other columns, another seat */
    EXPECT_INT(((Seat *)(void *)capo_instance_related(&rows[1]->capo, "seat"))->number, 2);
    Value shown;
    EXPECT(capo_instance_lookup(&rows[0]->capo, "seat.colour", 11, &shown));
    EXPECT_TEXT(capo_to_text(shown), "gold");
    EXPECT_INT(capo_update(Entry, .filter = Q("seat__colour", "gold"), .set = { .name = TO("ANN") }), 1);
    EXPECT_INT(capo_delete_all(Entry, .filter = Q("seat__colour", "gold")), 1);
    EXPECT_INT(capo_delete(gold), 1);                               /* nothing goes with it */
    EXPECT_INT(capo_count(Entry), 3);
}

static void resolve_one(void *model) { capo_models_resolve((Model *[]){ model }, 1); }

static const char *wrong_object(const ForeignObject *object)
{
    FieldRow *rows = capo_alloc_array(4, sizeof *rows);
    rows[0] = (FieldRow){ .name = "id", .kind = FIELD_BIG_AUTO };
    rows[1] = (FieldRow){ .name = "place", .kind = FIELD_INTEGER };
    ForeignObject *objects = capo_alloc_array(2, sizeof *objects);
    objects[0] = *object;
    rows[2] = (FieldRow){ .name = "Meta", .kind = FIELD_META, .options.meta = { .foreign_objects = objects } };
    Model *model = capo_alloc_struct(Model);
    *model = (Model){ .name = "Odd", .app = "keys", .rows = rows };
    return capo_expect_raises(__FILE__, __LINE__, ERROR_IMPROPERLY_CONFIGURED, resolve_one, model)->message;
}

TEST(REL_013_mistakes_are_sentences)
{
    open_halls();
    EXPECT(strstr(wrong_object(&(ForeignObject){ "seat", &Seat_model, LIST("place"), LIST("number") }), "may lead to several rows") != NULL);
    EXPECT(strstr(wrong_object(&(ForeignObject){ "seat", &Seat_model, LIST("plaice"), LIST("number") }), "names \"plaice\"") != NULL);
    EXPECT(strstr(wrong_object(&(ForeignObject){ "seat", &Seat_model, LIST("place"), LIST("hall", "number") }), "as many fields") != NULL);
    EXPECT(strstr(wrong_object(&(ForeignObject){ "seat", &Seat_model, LIST("place", "id"), LIST("colour", "number") }), "another kind") != NULL);
    EXPECT(strstr(wrong_object(&(ForeignObject){ "place", &Seat_model, LIST("id", "place"), LIST("hall", "number") }), "is a field too") != NULL);
}

TEST(FLD_008_composite_key_bulk)
{
    open_halls();
    Instance *rows[300];
    for (int i = 0; i < 300; i++) {
        Seat *seat = capo_new(Seat);
        seat->hall_id = second->id;
        seat->number = 100 + i;
        rows[i] = &seat->capo;
    }
    capo_bulk_create(rows, 300);
    EXPECT_INT(capo_count(Seat), 305);
    for (int i = 0; i < 300; i++)
        capo_set((Seat *)(void *)rows[i], price, i);
    EXPECT_INT(capo_bulk_update(rows, 300, LIST("price")), 300);
    EXPECT_INT(capo_get(Seat, .filter = Q("pk", VALUES(second->id, 250)))->price.value, 150);
    EXPECT_INT(capo_get(Seat, .where = { .hall_id = EQ(first->id), .number = EQ(1) })->price.present, 0);
    EXPECT_INT(capo_bulk_create_with(rows, 2, &(BulkOptions){ .conflict = BULK_IGNORE }) <= 2, 1);
    EXPECT_INT(capo_count(Seat), 305);
    bool created;
    Seat *seat = capo_update_or_create(Seat, &created, .where = { .hall_id = EQ(first->id), .number = EQ(1) }, .set = { .colour = TO("pink") });
    EXPECT(!created);
    EXPECT_TEXT(seat->colour, "pink");
    capo_update_or_create(Seat, &created, .where = { .hall_id = EQ(first->id), .number = EQ(77) }, .set = { .colour = TO("pink") });
    EXPECT(created);
    capo_get_or_create(Seat, &created, .where = { .hall_id = EQ(first->id), .number = EQ(77) });
    EXPECT(!created);
    EXPECT_TEXT(seats_where(Q("colour", "pink")), "1/1 1/77");
    EXPECT_INT(capo_query_delete(capo_query(Seat, .where = { .number = GTE(100) })), 300);
}

static Reading *make_reading(const char *code, double level)
{
    Reading *reading = capo_new(Reading);
    EXPECT(capo_parse_uuid("0f8fad5b-d9cb-469f-a165-70867728950e", &reading->sensor));
    reading->day = capo_date(2026, 11, 23);
    reading->code = code;
    reading->level = level;
    return reading;
}

static const char *errors_of(Instance *self)
{
    Buffer text = { 0 };
    for (const ValidationError *error = capo_instance_full_clean(self, NULL); error; error = error->next)
        capo_put_format(&text, "%s%s", text.size ? " | " : "", error->message);
    return capo_buffer_text(&text);
}

TEST(FLD_008_composite_key_of_other_kinds)
{
    open_halls();
    capo_save(make_reading("a", 1.5));
    capo_save(make_reading("b", 2.5));
    Reading *reading = capo_get(Reading, .where = { .code = EQ("b") });
    EXPECT_INT(capo_count(Reading, .filter = Q("pk", capo_instance_pk(&reading->capo))), 1);
    EXPECT_INT(capo_count(Reading, .filter = Q("pk__gte", capo_instance_pk(&reading->capo))), 1);
    EXPECT_INT(capo_count(Reading, .filter = Q("pk__in", VALUES(capo_instance_pk(&reading->capo)))), 1);
    reading->level = 3;
    capo_save(reading);
    EXPECT(capo_get(Reading, .where = { .code = EQ("b") })->level == 3);
    EXPECT_TEXT(errors_of(&reading->capo), "");                     /* itself is no clash */
    EXPECT_TEXT(errors_of(&make_reading("a", 9)->capo), "Reading with this Sensor, Day and Code already exists.");
    EXPECT_TEXT(errors_of(&make_reading("c", 1.5)->capo), "Reading with this Day and Level already exists.");
    reading->level = 1.5;
    EXPECT_TEXT(errors_of(&reading->capo), "Reading with this Day and Level already exists.");
}

TEST(FLD_008_composite_key_fixtures)
{
    open_halls();
    capo_save(make_reading("b", 2.5));
    Buffer out = { 0 };
    Serializer *serializer = capo_serializer_open(&(SerializeOptions){ .buffer = &out });
    capo_serialize(serializer, capo_query(Hall));
    capo_serialize(serializer, capo_query(Seat));
    capo_serialize(serializer, capo_query(Reading));
    capo_serializer_close(serializer);
    const char *text = capo_strdup(capo_buffer_text(&out));
    EXPECT(strstr(text, capo_format("{\"model\": \"keys.seat\", \"pk\": [%lld, 3], \"fields\": {\"hall\": %lld, \"number\": 3, \"colour\": \"red\", \"price\": null}}",
                                    (long long)first->id, (long long)first->id)) != NULL);
    EXPECT(strstr(text, "\"pk\": [\"0f8fad5b-d9cb-469f-a165-70867728950e\", \"2026-11-23\", \"b\"]") != NULL);
    capo_delete_all(Reading);
    capo_update(Seat, .set = { .colour = TO("none") });
    capo_delete_all(Seat, .where = { .number = EQ(1) });
    for (int twice = 0; twice < 2; twice++) {
        capo_load_text(text, &(LoadOptions){ .name = "keys.json" });
        EXPECT_TEXT(seats_where(Q("colour", "red")), "1/1 1/2 1/3");
        EXPECT_INT(capo_count(Seat), 5);
        EXPECT_INT(capo_count(Reading, .where = { .code = EQ("b"), .level = EQ(2.5) }), 1);
    }
    capo_load_text("[{\"model\": \"keys.seat\", \"fields\": {\"hall\": 1, \"number\": 8}}]", &(LoadOptions){ .name = "nokey.json" });
    EXPECT_INT(capo_count(Seat, .where = { .number = EQ(8) }), 1);
}

TEST(FLD_008_composite_key_raw_rows_and_text)
{
    open_halls();
    Seat **rows = capo_raw(Seat, "SELECT hall_id, number, colour FROM keys_seat WHERE number = ?", 3);
    EXPECT_INT(rows[0]->number, 3);
    EXPECT(capo_is_null(capo_field_value(&rows[0]->capo, capo_field(&Seat_model, "price"))));
    Seat *same = capo_get(Seat, .where = { .number = EQ(3) });
    EXPECT(capo_equal(capo_value_object(&rows[0]->capo), capo_value_object(&same->capo)));
    EXPECT_TEXT(capo_instance_text(&same->capo), capo_format("Seat object ([%lld, 3])", (long long)first->id));
}

/* --- refused ------------------------------------------------------------------------------------------------------------------------ */

static const FieldRow id = { .name = "id", .kind = FIELD_BIG_AUTO };
static void resolve(void *rows)
{
    Model *model = capo_alloc_struct(Model), *other = capo_alloc_struct(Model);
    *model = (Model){ .name = "Pair", .app = "keys", .rows = (const FieldRow *)rows };
    FieldRow *pointing = capo_alloc_array(3, sizeof *pointing);
    pointing[0] = id;
    pointing[1] = (FieldRow){ .name = "pair", .kind = FIELD_FOREIGN_KEY, .target = model, .options.relation = { .on_delete = CASCADE } };
    *other = (Model){ .name = "Pointing", .app = "keys", .rows = pointing };
    capo_models_resolve((Model *[]){ model, other }, 2);
}

#define KEY_OF(names) ((FieldRow[]){ { .name = "pk", .kind = FIELD_COMPOSITE_KEY, .primary_key = true, .key_names = (names) }, \
    { .name = "a", .kind = FIELD_INTEGER }, { .name = "b", .kind = FIELD_INTEGER, .null = true }, { .name = "c", .kind = FIELD_AUTO }, { 0 } })

TEST(FLD_008_composite_keys_that_cannot_be)
{
    open_halls();
    const char *message = capo_expect_raises(__FILE__, __LINE__, ERROR_IMPROPERLY_CONFIGURED, resolve, KEY_OF("a, b"))->message;
    EXPECT(strstr(message, "a part of the key cannot be OPTIONAL") != NULL);
    message = capo_expect_raises(__FILE__, __LINE__, ERROR_IMPROPERLY_CONFIGURED, resolve, KEY_OF("a, c"))->message;
    EXPECT(strstr(message, "cannot be a number that counts up") != NULL);
    message = capo_expect_raises(__FILE__, __LINE__, ERROR_IMPROPERLY_CONFIGURED, resolve, KEY_OF("a, d"))->message;
    EXPECT(strstr(message, "its key names \"d\"") != NULL);
    message = capo_expect_raises(__FILE__, __LINE__, ERROR_IMPROPERLY_CONFIGURED, resolve, KEY_OF("a"))->message;
    EXPECT(strstr(message, "two fields at least") != NULL);
    EXPECT(strstr(message, "Pointing.pair points to keys.Pair, whose key is composite: relations to such models are not supported") != NULL);
}

static const ModelAdmin rows_of_admin[] = { { .model = &Seat_model }, { 0 } };
static const App with_admin = { .name = "with_admin", .admin = rows_of_admin };
static void start_admin(void *unused) { (void)unused; capo_admin.ready(); }
static void stick(void *unused) { (void)unused; Sticker *sticker = capo_new(Sticker); capo_set_generic(sticker, "thing", capo_first(Seat)); }
static void make_formset(void *unused) { (void)unused; capo_model_formset_new(&Seat_model, NULL, NULL, NULL); }

TEST(FLD_008_composite_key_is_not_for_the_admin_or_formsets)
{
    open_halls();
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .apps = APPS(&with_admin) });
    EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, start_admin, NULL);
    EXPECT_RAISES(ERROR_NOT_SUPPORTED, make_formset, NULL);
    EXPECT_RAISES(ERROR_VALUE, stick, NULL);
    Value key;
    EXPECT(capo_instance_lookup(&capo_first(Seat)->capo, "pk", 2, &key));
    EXPECT_TEXT(capo_json_text(key, 0), capo_format("[%lld, 1]", (long long)first->id));
}

/* --- migrations ------------------------------------------------------------------------------------------------------------------------ */

#define COUNTED "\"id\": {\"kind\": \"BigAutoField\", \"primary_key\": true}"
#define PAIR "{\"CreateModel\": {\"name\": \"Hall\", \"fields\": {" COUNTED "}}}, {\"CreateModel\": {\"name\": \"Pair\", \"fields\": {" \
    "\"pk\": {\"kind\": \"CompositePrimaryKey\", \"fields\": [\"hall\", \"n\"], \"primary_key\": true}, " \
    "\"hall\": {\"kind\": \"ForeignKey\", \"to\": \"mig.Hall\", \"on_delete\": \"CASCADE\"}, \"n\": {\"kind\": \"IntegerField\"}, " \
    "\"text\": {\"kind\": \"CharField\", \"max_length\": 9}}}}"

static ProjectState *state_text(const char *operations)
{
    const char *text = capo_format("{\"operations\": [%s]}", operations);
    return migration_state(migration_parse("mig", "0001_initial", "x.json", text, strlen(text)), state_new());
}

TEST(FLD_008_composite_key_in_the_state)
{
    open_halls();
    ModelState *state = model_state_of(&Seat_model);
    EXPECT_TEXT(capo_json_text(capo_value_map(model_state_pk(state)->options), 0), "{\"fields\": [\"hall\", \"number\"], \"primary_key\": true}");
    ProjectState *of = state_of((Model *[]){ &Hall_model, &Seat_model }, 2);
    Model *historical = state_model(of, "keys", "Seat");
    EXPECT_INT(historical->pk->n_parts, 2);
    Instance *row = capo_query_get(capo_query_filter(capo_query_of(historical), Q("pk", VALUES(first->id, 2))));
    EXPECT_TEXT(capo_to_text(capo_field_value(row, capo_field(historical, "colour"))), "red");
    /* what makemigrations writes is read again */
    ModelState *hall = model_state_of(&Hall_model);
    Operation *operations[] = { OPERATION(.kind = CREATE_MODEL, .model = hall->name, .fields = hall->fields, .n_fields = hall->n_fields, .options = hall->options),
                                OPERATION(.kind = CREATE_MODEL, .model = state->name, .fields = state->fields, .n_fields = state->n_fields, .options = state->options) };
    const char *written = migration_text(&(Migration){ .app = "keys", .name = "0001_initial", .operations = operations, .n_operations = 2 });
    ProjectState *read = migration_state(migration_parse("keys", "0001_initial", "x.json", written, strlen(written)), state_new());
    EXPECT_TEXT(capo_json_text(capo_value_map(model_state_pk(state_find(read, "keys", "Seat"))->options), 0), "{\"fields\": [\"hall\", \"number\"], \"primary_key\": true}");
    /* and inspectdb finds it in the database */
    List *notes = capo_list_new();
    const char *text = inspect_text(inspect_model("inspected", "keys_seat", inspect_tables(true, true), notes), notes);
    EXPECT(strstr(text, "MODEL_KEYS(KeysSeat, hall, number)\n    FOREIGN_KEY(hall, KeysHall, .on_delete = DO_NOTHING)\n    INTEGER(number)\n") != NULL);
    EXPECT_INT(notes->count, 0);
    /* a renamed part stays a part */
    ProjectState *renamed = state_text(PAIR ", {\"RenameField\": {\"model\": \"Pair\", \"old_name\": \"n\", \"new_name\": \"m\"}}");
    EXPECT_TEXT(state_model(renamed, "mig", "Pair")->pk->parts[1]->name, "m");
}

typedef struct Change { const char *from, *to; } Change;
static void detect(void *argument)
{
    const Change *change = argument;
    size_t count;
    Migration old = { .app = "mig", .name = "0001_initial" }, *list[] = { &old };
    Questioner questioner = { 0 };
    detect_changes(state_text(change->from), state_text(change->to), graph_of(list, 1, NULL), NULL, NULL, &questioner, &count);
}

TEST(FLD_008_composite_key_is_not_changed_by_migrations)
{
    open_halls();
    char *three = capo_strdup(PAIR), *at = strstr(three, "\"n\"], ");
    const char *wider = capo_format("%.*s\"n\", \"text\"], %s", (int)(at - three), three, at + 6);
    EXPECT_RAISES(ERROR_COMMAND, detect, (&(Change){ PAIR, wider }));
    EXPECT_RAISES(ERROR_COMMAND, detect, (&(Change){ wider, PAIR }));
    const char *plain = "{\"CreateModel\": {\"name\": \"Hall\", \"fields\": {" COUNTED "}}}, {\"CreateModel\": {\"name\": \"Pair\", \"fields\": {" COUNTED "}}}";
    EXPECT_RAISES(ERROR_COMMAND, detect, (&(Change){ PAIR, plain }));
    EXPECT_RAISES(ERROR_COMMAND, detect, (&(Change){ plain, PAIR }));
}

static void insert_pair(void *unused) { (void)unused; capo_sql_run("INSERT INTO mig_pair (hall_id, n, text) VALUES (1, 2, ?)", "longer than nine"); }

TEST(FLD_008_composite_key_survives_a_changed_column)
{
    open_halls();
    const char *alter = ", {\"AlterField\": {\"model\": \"Pair\", \"name\": \"text\", \"field\": {\"kind\": \"CharField\", \"max_length\": 90}}}";
    const char *add = ", {\"AddField\": {\"model\": \"Pair\", \"name\": \"more\", \"field\": {\"kind\": \"IntegerField\", \"null\": true}}}";
    ProjectState *before = state_text(PAIR), *between = state_text(capo_format("%s%s", PAIR, alter)), *after = state_text(capo_format("%s%s%s", PAIR, alter, add));
    Model *old = state_model(before, "mig", "Pair"), *middle = state_model(between, "mig", "Pair"), *new = state_model(after, "mig", "Pair");
    capo_schema_enforce_foreign_keys(false);
    capo_begin();
    SchemaEditor *editor = capo_schema_open(false);
    capo_schema_create_model(editor, state_model(before, "mig", "Hall"));
    capo_schema_create_model(editor, old);
    capo_schema_alter_field(editor, old, middle, capo_field(old, "text"), capo_field(middle, "text"), capo_value_null());
    capo_schema_add_field(editor, middle, new, capo_field(new, "more"), capo_value_null());
    capo_schema_close(editor);
    capo_commit();
    capo_schema_enforce_foreign_keys(true);
    capo_sql_run("INSERT INTO mig_hall (id) VALUES (1)");
    insert_pair(NULL);
    EXPECT_RAISES(ERROR_INTEGRITY, insert_pair, NULL);
}

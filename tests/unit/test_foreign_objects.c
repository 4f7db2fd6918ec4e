/* SPDX-License-Identifier: BSD-3-Clause */
/* Relations over several columns: their other side, prefetches, and what a delete does with them. */
#include <capo/expressions.h>
#include <capo/schema.h>
#include <capo/testing.h>
#include "../../orm/internal.h"
#include "database_under_test.h"
#include <string.h>

#define CAPO_MODELS "../../tests/unit/test_foreign_objects.def"
#include <capo/declare_models.h>
#define CAPO_MODELS "../../tests/unit/test_foreign_objects.def"
#include <capo/define_models.h>

static const App ship = { .name = "ship", .models = models };
static Deck *first, *second;

static Deck *make_deck(const char *name)
{
    Deck *deck = capo_new(Deck);
    deck->name = name;
    capo_save(deck);
    return deck;
}

static void make_cabin(const Deck *deck, int number, const char *colour)
{
    Cabin *cabin = capo_new(Cabin);
    cabin->deck_id = deck->id;
    cabin->number = number;
    cabin->colour = colour;
    capo_save(cabin);
}

static void make_passenger(const char *name, const Deck *deck, int berth)
{
    Passenger *passenger = capo_new(Passenger);
    passenger->name = name;
    passenger->deck_id = deck->id;
    if (berth)
        capo_set(passenger, berth, berth);
    capo_save(passenger);
}

static void make_locker(const char *colour, const Deck *deck, int berth)
{
    Locker *locker = capo_new(Locker);
    locker->colour = colour;
    locker->deck_id = deck->id;
    locker->berth = berth;
    capo_save(locker);
}

/* Cabins a to d; ann and bob in a, cid in c, dan nowhere, eve in a cabin that is not there. */
static void open_cabins(void)
{
    size_t count;
    capo_models_prepare(APPS(&ship));
    open_empty_database();
    Model *const *all = capo_all_models(&count);
    capo_begin();
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(all[i]->app, "ship"))
            capo_schema_create_model(editor, all[i]);
    capo_schema_close(editor);
    capo_commit();
    first = make_deck("first");
    second = make_deck("second");
    make_cabin(first, 1, "a");
    make_cabin(first, 2, "b");
    make_cabin(second, 1, "c");
    make_cabin(second, 2, "d");
    make_passenger("ann", first, 1);
    make_passenger("bob", first, 1);
    make_passenger("cid", second, 1);
    make_passenger("dan", second, 0);
    make_passenger("eve", second, 9);
    make_locker("red", first, 1);
    make_locker("blue", second, 2);
}

static const char *cabins(Condition *condition)
{
    return capo_json_text(capo_value_list(capo_values_flat(capo_query(Cabin, .filter = condition, .order_by = LIST("pk")), "colour")), 0);
}

static const char *names(Query *query) { return capo_json_text(capo_value_list(capo_values_flat(query, "name")), 0); }
static Cabin *cabin(const char *colour) { return capo_get(Cabin, .where = { .colour = EQ(colour) }); }
static Cabin *cabin_of(Passenger *passenger) { return (Cabin *)(void *)capo_instance_related(&passenger->capo, "cabin"); }

TEST(REL_013_the_other_side_in_look_ups)
{
    open_cabins();
    EXPECT_TEXT(cabins(Q("passengers__name", "ann")), "[\"a\"]");
    EXPECT_TEXT(cabins(Q("passengers__name__in", VALUES("ann", "bob", "cid"))), "[\"a\", \"a\", \"c\"]");
    EXPECT_TEXT(cabins(Q("passengers__isnull", true)), "[\"b\", \"d\"]");
    EXPECT_TEXT(cabins(Q("passengers__isnull", false)), "[\"a\", \"a\", \"c\"]");
    EXPECT_TEXT(cabins(NOT(Q("passengers__name", "ann"))), "[\"b\", \"c\", \"d\"]");        /* no passenger of theirs is ann's */
    EXPECT_TEXT(cabins(NOT(Q("passengers__berth", 1))), "[\"b\", \"d\"]");
    EXPECT_TEXT(cabins(ANY(Q("passengers__name", "cid"), Q("colour", "d"))), "[\"c\", \"d\"]");
    EXPECT_TEXT(cabins(Q("locker__colour", "blue")), "[\"d\"]");
    EXPECT_TEXT(cabins(ALL(Q("locker__isnull", false), NOT(Q("passengers__isnull", true)))), "[\"a\"]");
    Passenger *cid = capo_get(Passenger, .where = { .name = EQ("cid") });
    EXPECT_TEXT(cabins(Q("passengers", capo_value_object(&cid->capo))), "[\"c\"]");
    EXPECT_TEXT(cabins(Q("passengers__in", capo_query(Passenger, .where = { .name = STARTSWITH("b") }))), "[\"a\"]");
    List *rows = capo_values_tuples(capo_query(Cabin, .annotate = EXPRESSIONS(COUNT("passengers", .as = "n")), .order_by = LIST("pk")), LIST("colour", "n"));
    EXPECT_TEXT(capo_json_text(capo_value_list(rows), 0), "[[\"a\", 2], [\"b\", 0], [\"c\", 1], [\"d\", 0]]");
    EXPECT_TEXT(names(capo_query(Passenger, .filter = Q("cabin__passengers__name", "bob"))), "[\"ann\", \"bob\"]");
    EXPECT_TEXT(names(capo_query(Passenger, .filter = Q("cabin__locker__colour", "red"))), "[\"ann\", \"bob\"]");
    EXPECT_TEXT(names(capo_query(Passenger, .filter = NOT(Q("cabin__locker__colour", "red")))), "[\"cid\", \"dan\", \"eve\"]");
    EXPECT_INT(capo_update(Cabin, .filter = Q("passengers__name", "cid"), .set = { .colour = TO("C") }), 1);
    EXPECT_TEXT(cabins(Q("passengers__deck__name", "second")), "[\"C\"]");
}

static void add(void *guest) { capo_add(cabin("a"), "passengers", ((Passenger *)guest)->id); }

TEST(REL_013_the_other_side_as_an_accessor)
{
    open_cabins();
    Cabin *a = cabin("a"), *b = cabin("b");
    EXPECT_TEXT(names(capo_related_query(a, "passengers")), "[\"ann\", \"bob\"]");
    EXPECT_INT(capo_query_count(capo_related_query(b, "passengers")), 0);
    EXPECT_TEXT(names(capo_query(Passenger, .query = capo_related_query(a, "passengers"), .where = { .name = EQ("bob") })), "[\"bob\"]");
    EXPECT_INT(capo_query_count(capo_related_query(a, "locker_set")), 1);
    Passenger **rows = capo_fetch(Passenger, .query = capo_related_query(a, "passengers"));
    EXPECT_QUERIES(0, EXPECT(cabin_of(rows[1]) == a));                           /* they know whose they are */
    EXPECT(strstr(EXPECT_RAISES(ERROR_NOT_SUPPORTED, add, rows[0])->message, "several columns"));
}

TEST(REL_013_is_prefetched)
{
    open_cabins();
    Passenger **rows;
    EXPECT_QUERIES(2, rows = capo_fetch(Passenger, .prefetch = LIST("cabin")));
    EXPECT_QUERIES(0, {
        EXPECT_TEXT(cabin_of(rows[0])->colour, "a");
        EXPECT(cabin_of(rows[0]) == cabin_of(rows[1]));
        EXPECT_TEXT(cabin_of(rows[2])->colour, "c");
        EXPECT(!cabin_of(rows[3]) && !cabin_of(rows[4]));
    });
    capo_set(rows[4], berth, 2);                                                /* what was found to be nothing counts no longer */
    EXPECT_TEXT(cabin_of(rows[4])->colour, "d");
    rows[0]->deck_id = second->id;
    EXPECT_TEXT(cabin_of(rows[0])->colour, "c");
    Cabin **all;
    EXPECT_QUERIES(3, all = capo_fetch(Cabin, .prefetch = LIST("passengers__cabin", "locker_set"), .order_by = LIST("pk")));
    EXPECT_QUERIES(0, {
        EXPECT_TEXT(((Passenger *)(void *)capo_query_rows(capo_related_query(all[0], "passengers"), NULL)[1])->name, "bob");
        EXPECT_INT(capo_query_count(capo_related_query(all[0], "passengers")), 2);
        EXPECT_INT(capo_query_count(capo_related_query(all[1], "passengers")), 0);
        EXPECT_INT(capo_query_count(capo_related_query(all[3], "locker_set")), 1);
        EXPECT(cabin_of((Passenger *)(void *)capo_query_rows(capo_related_query(all[2], "passengers"), NULL)[0]) == all[2]);
    });
    all = capo_fetch(Cabin, .order_by = LIST("pk"),
                     .prefetch_with = PREFETCHES(PREFETCH("passengers", .query = capo_query(Passenger, .where = { .name = NE("ann") }), .to_attr = "others")));
    EXPECT_TEXT(((Passenger *)(void *)capo_instance_prefetched_as(&all[0]->capo, "others")[0])->name, "bob");
    EXPECT(!capo_instance_prefetched_as(&all[1]->capo, "others")[0]);
    rows = capo_fetch(Passenger, .fetch = FETCH_PEERS);
    EXPECT_QUERIES(1, { cabin_of(rows[0]); cabin_of(rows[2]); cabin_of(rows[4]); });
}

TEST(REL_013_many_keys_are_prefetched)
{
    open_cabins();
    enum { MANY = 3000 };
    Instance **rows = capo_alloc_array(MANY, sizeof *rows);
    for (int i = 0; i < MANY; i++) {
        Passenger *passenger = capo_new(Passenger);
        passenger->name = "x";
        passenger->deck_id = i % 2 ? first->id : second->id;
        capo_set(passenger, berth, i % 1000 + 1);
        rows[i] = &passenger->capo;
    }
    capo_bulk_create(rows, MANY);
    Passenger **all = capo_fetch(Passenger, .prefetch = LIST("cabin"), .where = { .name = EQ("x") });
    int found = 0;
    EXPECT_QUERIES(0, for (int i = 0; i < MANY; i++) found += cabin_of(all[i]) != NULL);
    EXPECT_INT(found, 6);                                                       /* two places a thousand, each in one deck */
}

static void delete_logged(void *unused) { (void)unused; capo_delete_all(Logged); }

TEST(REL_013_goes_or_stays_when_the_other_is_deleted)
{
    open_cabins();
    EXPECT_INT(capo_delete(cabin("a")), 2);                                      /* and its locker, but neither passenger */
    EXPECT_INT(capo_count(Locker), 1);
    EXPECT_INT(capo_count(Passenger), 5);
    EXPECT_INT(capo_delete_all(Cabin, .where = { .deck_id = EQ(second->id) }), 3);
    EXPECT_INT(capo_count(Locker), 0);
    Logged *logged = capo_new(Logged), *undated = capo_new(Logged);
    capo_set(logged, day, capo_date(2026, 1, 2));
    logged->watch = 3;
    capo_save(logged);
    capo_save(undated);
    Claim *claim = capo_new(Claim);
    capo_set(claim, day, logged->day.value);
    claim->watch = 3;
    capo_save(claim);
    EXPECT(capo_instance_related(&claim->capo, "logged"));
    EXPECT(strstr(EXPECT_RAISES(ERROR_PROTECTED, delete_logged, NULL)->message, "'Claim.logged'"));
    capo_delete(claim);
    EXPECT_INT(capo_delete_all(Logged), 2);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Models made from others: abstract bases, children with a row in each of two tables, proxies. */
#include <capo/testing.h>
#include "../orm/family.h"
#include "database_under_test.h"
#include <capo/schema.h>
#include <string.h>

static Restaurant *make_restaurant(const char *name, Town *town, int seats)
{
    Restaurant *restaurant = capo_new(Restaurant);
    restaurant->place.name = name;
    restaurant->place.town_id = town->id;
    restaurant->serves_pizza = true;
    restaurant->seats = seats;
    capo_save(restaurant);
    return restaurant;
}

TEST(abstract_base_gives_columns_and_meta)
{
    family_database();
    EXPECT(!capo_model("family.Stamped"));
    EXPECT_TEXT(Letter_model.table, "family_letter");
    EXPECT_TEXT(Letter_model.pk->name, "id");
    EXPECT_TEXT(Letter_model.ordering[0], "-note");
    EXPECT_TEXT(Letter_model.meta->get_latest_by, "created");
    EXPECT_TEXT(Letter_model.meta->display, "title");
    Letter *letter = capo_new(Letter);
    letter->title = "Dear all";
    letter->stamp.note = "b";
    letter->town_id = make_town("Rome")->id;
    capo_save(letter);
    EXPECT(letter->stamp.id > 0 && letter->stamp.created.microseconds > 0);
    Stamped *stamp = &letter->stamp;                    /* code of the base takes them all */
    stamp->note = "c";
    capo_save(stamp);
    Letter *again = capo_get(Letter, .where = { .stamp = { .note = EQ("c") }, .title = STARTSWITH("Dear") });
    EXPECT_TEXT(again->title, "Dear all");
    EXPECT_INT(capo_update(Letter, .set = { .stamp = { .note = TO("d") } }), 1);
    capo_refresh(again);
    EXPECT_TEXT(again->stamp.note, "d");
    EXPECT_INT(capo_count(Town, .filter = Q("letter_things__note", "d")), 1);      /* default_related_name */
}

TEST(child_model_has_two_rows)
{
    family_database();
    Town *rome = make_town("Rome");
    Restaurant *luigi = make_restaurant("Luigi", rome, 20);
    EXPECT(luigi->place.id > 0);
    EXPECT_INT(capo_count(Place), 1);
    EXPECT_TEXT(Restaurant_model.pk->name, "place_ptr");
    EXPECT_TEXT(Restaurant_model.pk->column, "place_ptr_id");
    EXPECT(capo_equal(capo_instance_pk(&luigi->capo), capo_value_int(luigi->place.id)));
    List *columns = capo_schema_columns("family_restaurant");
    EXPECT_INT(columns->count, 3);
    Restaurant *found = capo_get(Restaurant, .where = { .place = { .name = EQ("Luigi") }, .seats = GTE(20) });
    EXPECT_TEXT(found->place.name, "Luigi");
    EXPECT(found->serves_pizza && found->place.id == luigi->place.id && found->place.town_id == rome->id);
    EXPECT_TEXT(capo_instance_text(&found->capo), "Luigi");
    /* both tables in one save; only what changed */
    found->place.name = "Luigi's";
    found->seats = 30;
    capo_save(found);
    EXPECT_TEXT(capo_get(Place)->name, "Luigi's");
    EXPECT_INT(capo_get(Restaurant, .filter = Q("town__name", "Rome"))->seats, 30);
    EXPECT_INT(capo_count(Restaurant, .filter = Q("pk", luigi->place.id)), 1);
    EXPECT_INT(capo_count(Restaurant, .order_by = LIST("-name"), .filter = Q("id__in", VALUES(luigi->place.id))), 1);
}

TEST(child_and_parent_lead_to_each_other)
{
    family_database();
    Town *rome = make_town("Rome");
    Restaurant *luigi = make_restaurant("Luigi", rome, 20);
    Place *plain = capo_new(Place);
    plain->name = "Park";
    plain->town_id = rome->id;
    capo_save(plain);
    Place *place = capo_get(Place, .where = { .name = EQ("Luigi") });
    Restaurant *child = (Restaurant *)capo_instance_related(&place->capo, "restaurant");
    EXPECT_INT(child->seats, 20);
    EXPECT(capo_instance_related(&plain->capo, "restaurant") == NULL);
    Place *parent = (Place *)capo_instance_related(&luigi->capo, "place_ptr");
    EXPECT_TEXT(parent->name, "Luigi");
    EXPECT_INT(capo_count(Place, .filter = Q("restaurant__seats", 20)), 1);
    EXPECT_INT(capo_count(Place, .filter = capo_q("restaurant__isnull", capo_value_bool(true))), 1);
    /* what refers to the parent is the child's too */
    Review *review = capo_new(Review);
    review->place_id = luigi->place.id;
    review->stars = 4;
    capo_save(review);
    EXPECT_INT(capo_query_count(capo_related_query(luigi, "reviews")), 1);
    EXPECT_INT(capo_count(Restaurant, .filter = Q("reviews__stars", 4)), 1);
    capo_add(luigi, "visitors", rome->id);
    EXPECT_INT(capo_query_count(capo_related_query(luigi, "visitors")), 1);
    EXPECT_INT(capo_count(Restaurant, .filter = Q("visitors__name", "Rome")), 1);
    EXPECT_INT(capo_count(Town, .filter = Q("places__restaurant__seats", 20)), 1);
}

TEST(child_of_a_child)
{
    family_database();
    Trattoria *trattoria = capo_new(Trattoria);
    trattoria->restaurant.place.name = "Da Anna";
    trattoria->restaurant.place.town_id = make_town("Bari")->id;
    trattoria->restaurant.seats = 12;
    trattoria->region = "Apulia";
    capo_save(trattoria);
    Trattoria *found = capo_get(Trattoria, .where = { .restaurant = { .place = { .name = EQ("Da Anna") }, .seats = EQ(12) }, .region = EQ("Apulia") });
    EXPECT_TEXT(found->restaurant.place.name, "Da Anna");
    EXPECT_INT(found->restaurant.seats, 12);
    EXPECT_INT(capo_count(Restaurant), 1);
    EXPECT_INT(capo_count(Trattoria, .filter = Q("town__name", "Bari")), 1);
    found->restaurant.place.name = "Da Carla";
    found->region = "Bari";
    capo_save(found);
    EXPECT_TEXT(capo_get(Place)->name, "Da Carla");
    EXPECT_INT(capo_delete(found), 3);
    EXPECT_INT(capo_count(Place) + capo_count(Restaurant) + capo_count(Trattoria), 0);
}

TEST(child_is_deleted_with_its_parent_and_the_reverse)
{
    family_database();
    Town *rome = make_town("Rome");
    Restaurant *luigi = make_restaurant("Luigi", rome, 20), *mario = make_restaurant("Mario", rome, 5);
    Review *review = capo_new(Review);
    review->place_id = luigi->place.id;
    review->stars = 4;
    capo_save(review);
    EXPECT_INT(capo_delete(luigi), 3);                  /* restaurant, place, review */
    EXPECT_INT(capo_count(Place), 1);
    EXPECT_INT(capo_count(Review), 0);
    EXPECT_INT(capo_delete(capo_get(Place, .where = { .id = EQ(mario->place.id) })), 2);
    EXPECT_INT(capo_count(Restaurant), 0);
    make_restaurant("Luigi", rome, 20);
    EXPECT_INT(capo_delete_all(Restaurant, .where = { .seats = EQ(20) }), 2);
    EXPECT_INT(capo_count(Place), 0);
}

static void create_many(void *unused)
{
    (void)unused;
    capo_bulk_create((Instance *const[]){ &capo_new(Restaurant)->capo }, 1);
}

TEST(child_columns_are_updated_in_their_tables)
{
    family_database();
    Town *rome = make_town("Rome");
    make_restaurant("Luigi", rome, 20);
    make_restaurant("Mario", rome, 5);
    EXPECT_INT(capo_update(Restaurant, .where = { .seats = GT(6) }, .set = { .place = { .name = TO("Gino") }, .seats = PLUS(1) }), 1);
    Restaurant *gino = capo_get(Restaurant, .where = { .place = { .name = EQ("Gino") } });
    EXPECT_INT(gino->seats, 21);
    EXPECT_INT(capo_update(Restaurant, .set = { .place = { .closed = TO(true) } }), 2);
    EXPECT_INT(capo_query_count(capo_manager(Place, "everything")), 2);
    Restaurant *both[] = { capo_get(Restaurant, .where = { .place = { .name = EQ("Mario") } }), gino };
    both[0]->place.name = "Maria";
    both[0]->seats = 6;
    both[1]->place.name = "Gina";
    both[1]->seats = 7;
    EXPECT_INT(capo_bulk_update((Instance *const[]){ &both[0]->capo, &both[1]->capo }, 2, LIST("name", "seats")), 2);
    EXPECT_INT(capo_get(Restaurant, .where = { .place = { .name = EQ("Maria") } })->seats, 6);
    EXPECT_RAISES(ERROR_VALUE, create_many, NULL);
    capo_instance_save_fields(&both[0]->capo, LIST("name"));
    List *values = capo_values(capo_query(Restaurant, .order_by = LIST("name")), LIST("name", "seats", "town__name"));
    EXPECT_TEXT(capo_to_text(capo_value_list(values)), "[{'name': 'Gina', 'seats': 7, 'town__name': 'Rome'}, {'name': 'Maria', 'seats': 6, 'town__name': 'Rome'}]");
}

TEST(child_columns_may_be_deferred)
{
    family_database();
    make_restaurant("Luigi", make_town("Rome"), 20);
    Instance *row = capo_query_first(capo_query_only(capo_query(Restaurant), LIST("seats")));
    EXPECT_TEXT(capo_to_text(capo_field_value(row, capo_field(&Restaurant_model, "name"))), "Luigi");
    row = capo_query_first(capo_query(Place, .select_related = LIST("restaurant", "town")));
    EXPECT_QUERIES(0, capo_instance_related(row, "restaurant"));
    Restaurant *child = (Restaurant *)capo_instance_related(row, "restaurant");
    EXPECT_TEXT(child->place.name, "Luigi");
}

TEST(proxy_shares_its_table)
{
    family_database();
    Town *rome = make_town("Rome");
    Shop *shop = capo_new(Shop);
    shop->name = "Baker";
    shop->town_id = rome->id;
    capo_save(shop);
    EXPECT(shop->capo.model == &Shop_model);
    EXPECT_TEXT(Shop_model.table, "family_place");
    EXPECT_TEXT(Shop_model.verbose_name, "corner shop");
    EXPECT_TEXT(Shop_model.ordering[0], "-name");
    Place *place = capo_get(Place, .where = { .name = EQ("Baker") });
    EXPECT(place->capo.model == &Place_model && place->id == shop->id);
    EXPECT(capo_equal(capo_value_object(&place->capo), capo_value_object(&shop->capo)));
    Review *review = capo_new(Review);
    review->place = place;
    review->shop = shop;
    review->stars = 5;
    capo_save(review);
    EXPECT_INT(capo_query_count(capo_related_query(shop, "reviews")), 1);
    EXPECT_INT(capo_count(Shop, .filter = Q("reviews__stars", 5)), 1);
    EXPECT_INT(capo_count(Review, .filter = Q("shop__name", "Baker")), 1);
    EXPECT_TEXT(capo_get(Review, .select_related = LIST("shop"))->shop->name, "Baker");
    EXPECT_INT(capo_delete(shop), 2);
    EXPECT_INT(capo_count(Place), 0);
}

static void resolve_one(void *model)
{
    capo_models_resolve((Model *[]){ model }, 1);
}

TEST(mistakes_of_inheritance_are_sentences)
{
    static const FieldRow none[] = { { 0 } };
    static const FieldRow extra[] = { { .name = "more", .kind = FIELD_INTEGER }, { 0 } };
    Model base = { .name = "Base", .app = "odd", .rows = extra, .abstract = true };
    Model child = { .name = "Child", .app = "odd", .rows = none, .base = &base, .inheritance = INHERITS_TABLE };
    const Error *error = capo_try(resolve_one, &child);
    EXPECT(error && error->code == ERROR_IMPROPERLY_CONFIGURED && strstr(error->message, "make it an EXTENDED_MODEL"));
}

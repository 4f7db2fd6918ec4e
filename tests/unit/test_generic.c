/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys to a row of any model, and their other side. */
#include <capo/testing.h>
#include <capo/templates.h>
#include "../orm/family.h"
#include <string.h>

static Remark *make_remark(const char *text, Instance *about)
{
    Remark *remark = capo_new(Remark);
    remark->text = text;
    capo_instance_set_generic(&remark->capo, "about", about);
    capo_save(remark);
    return remark;
}

TEST(generic_keys_point_anywhere)
{
    family_database();
    Town *oslo = make_town("Oslo"), *bern = make_town("Bern");
    Letter *letter = capo_new(Letter);
    letter->title = "Dear all";
    letter->town_id = oslo->id;
    capo_save(letter);
    Remark *cold = make_remark("cold", &oslo->capo);
    make_remark("small", &bern->capo);
    Remark *long_one = make_remark("long", &letter->capo);
    EXPECT_TEXT(((Town *)capo_generic_object(cold, "about"))->name, "Oslo");
    EXPECT_TEXT(((Letter *)capo_generic_object(long_one, "about"))->title, "Dear all");
    Value value;
    EXPECT(capo_instance_lookup(&cold->capo, "about.name", 10, &value));
    EXPECT_TEXT(capo_to_text(value), "Oslo");
    EXPECT_INT(capo_query_count(capo_related_query(oslo, "remarks")), 1);
    EXPECT_INT(capo_count(Town, .filter = Q("remarks__text", "small")), 1);
    EXPECT_INT(capo_count(Town, .filter = Q("remarks__text", "long")), 0);      /* the key alone would match */
    EXPECT_TEXT(capo_get(Town, .filter = NOT(Q("remarks__text", "small")))->name, "Oslo");
    Town **towns = capo_fetch(Town, .prefetch = LIST("remarks"));
    EXPECT_QUERIES(0, capo_list_of(capo_value_object((void *)capo_related_query(towns[0], "remarks"))));
    EXPECT_QUERIES(2, EXPECT_INT(capo_query_count(capo_query_filter(capo_related_query(towns[0], "remarks"), Q("text", "small"))), 1));     /* the type's row */
    EXPECT_INT(capo_list_of(capo_value_object((void *)capo_related_query(towns[0], "remarks")))->count, 1);
    List *counts = capo_values(capo_query(Town, .annotate = EXPRESSIONS(COUNT("remarks")), .order_by = LIST("name")), LIST("name", "remarks__count"));
    EXPECT_TEXT(capo_to_text(capo_value_list(counts)), "[{'name': 'Bern', 'remarks__count': 1}, {'name': 'Oslo', 'remarks__count': 1}]");
}

TEST(generic_relations_are_changed_and_deleted)
{
    family_database();
    Town *oslo = make_town("Oslo"), *bern = make_town("Bern");
    Letter *letter = capo_new(Letter);
    letter->title = "Dear all";
    letter->town_id = bern->id;
    capo_save(letter);
    Remark *cold = make_remark("cold", &bern->capo);
    Remark *of_letter = make_remark("long", &letter->capo);
    capo_add(oslo, "remarks", cold->id);
    EXPECT_INT(capo_query_count(capo_related_query(oslo, "remarks")), 1);
    EXPECT_INT(capo_query_count(capo_related_query(bern, "remarks")), 0);
    make_remark("dark", &oslo->capo);
    capo_remove(oslo, "remarks", cold->id);
    EXPECT_INT(capo_count(Remark), 2);
    EXPECT_INT(capo_delete(oslo), 2);                   /* its remark goes with it */
    EXPECT_TEXT(capo_get(Remark)->text, "long");        /* that of the letter, whose key is the same, stays */
    EXPECT_INT(of_letter->about_id, letter->stamp.id);
    make_remark("grey", &bern->capo);
    capo_clear(bern, "remarks");
    EXPECT_INT(capo_count(Remark), 1);
}

TEST(select_on_save_asks_first)
{
    family_database();
    Town *oslo = make_town("Oslo");
    Remark *remark = make_remark("cold", &oslo->capo);
    remark->text = "warm";
    EXPECT_QUERIES(2, capo_save(remark));               /* SELECT, UPDATE */
    oslo->name = "Bergen";
    EXPECT_QUERIES(1, capo_save(oslo));
    EXPECT_TEXT(capo_get(Remark)->text, "warm");
}

static void set_unsaved(void *remark)
{
    Town *town = capo_new(Town);
    capo_instance_set_generic(remark, "about", &town->capo);
}

TEST(generic_keys_want_saved_objects)
{
    family_database();
    Remark *remark = capo_new(Remark);
    EXPECT_RAISES(ERROR_VALUE, set_unsaved, &remark->capo);
    EXPECT(capo_generic_object(remark, "about") == NULL);
}

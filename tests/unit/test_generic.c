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

static Letter *make_letter(const Town *town)
{
    return capo_create(Letter, .set = { .title = TO("Dear all"), .town_id = TO(town->id) });
}

TEST(generic_keys_point_anywhere)
{
    family_database();
    Town *oslo = make_town("Oslo"), *bern = make_town("Bern");
    Letter *letter = make_letter(oslo);
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
    Letter *letter = make_letter(bern);
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

static void prefetch_one_query(void *unused)
{
    (void)unused;
    capo_fetch(Remark, .prefetch_with = PREFETCHES(PREFETCH("about", .query = capo_query(Town))));
}

static void prefetch_values(void *unused)
{
    (void)unused;
    capo_fetch(Remark, .prefetch_with = PREFETCHES(PREFETCH("about", .queries = QUERIES(capo_query_values(capo_query(Town), LIST("name"))))));
}

static void prefetch_towns_of_all(void *unused)
{
    (void)unused;
    capo_fetch(Remark, .prefetch = LIST("about__places"));
}

TEST(generic_keys_are_prefetched_with_a_query_for_each_model)
{
    family_database();
    Town *oslo = make_town("Oslo"), *bern = make_town("Bern");
    Letter *letter = make_letter(oslo);
    make_remark("a cold", &oslo->capo);
    make_remark("b long", &letter->capo);
    make_remark("c small", &bern->capo);
    make_remark("d grey", &oslo->capo);
    Remark *gone = make_remark("e gone", &bern->capo);
    gone->about_id = 999;
    capo_save(gone);
    Remark **all = NULL;
    EXPECT_QUERIES(4, all = capo_fetch(Remark, .prefetch = LIST("about")));         /* remarks, types, towns, letters */
    EXPECT_QUERIES(0, (void)capo_generic_object(all[0], "about"));
    EXPECT_TEXT(((Town *)capo_generic_object(all[0], "about"))->name, "Oslo");
    EXPECT_TEXT(((Letter *)capo_generic_object(all[1], "about"))->title, "Dear all");
    EXPECT_TEXT(((Town *)capo_generic_object(all[2], "about"))->name, "Bern");
    EXPECT(capo_generic_object(all[0], "about") == capo_generic_object(all[3], "about"));
    EXPECT_QUERIES(0, EXPECT(!capo_generic_object(all[4], "about")));
    /* own queries: one loads a relation, the other narrows */
    all = capo_fetch(Remark, .prefetch_with = PREFETCHES(PREFETCH("about", .queries = QUERIES(
        capo_query(Letter, .select_related = LIST("town")), capo_query(Town, .where = { .name = EQ("Bern") })))));
    EXPECT_QUERIES(0, EXPECT_TEXT(((Letter *)capo_generic_object(all[1], "about"))->town->name, "Oslo"));
    EXPECT(!capo_generic_object(all[0], "about") && capo_generic_object(all[2], "about"));
    /* under another name */
    all = capo_fetch(Remark, .prefetch_with = PREFETCHES(PREFETCH("about", .queries = QUERIES(capo_query(Town, .where = { .name = EQ("Bern") })), .to_attr = "place")));
    EXPECT_TEXT(capo_prefetched(Town, all[2], "place")[0]->name, "Bern");
    EXPECT(!capo_prefetched(Town, all[0], "place")[0]);
    EXPECT_TEXT(((Town *)capo_generic_object(all[0], "about"))->name, "Oslo");
    /* a key that changed is followed anew; one that was set is known */
    all = capo_fetch(Remark, .prefetch = LIST("about"));
    all[0]->about_id = bern->id;
    EXPECT_TEXT(((Town *)capo_generic_object(all[0], "about"))->name, "Bern");
    capo_set_generic(all[0], "about", letter);
    EXPECT_QUERIES(0, EXPECT(capo_generic_object(all[0], "about") == letter));
    /* further on, over rows of one model */
    Query *of_towns = capo_query(Remark, .where = { .text = IN(VALUES("a cold", "c small")) });
    EXPECT_QUERIES(4, all = capo_fetch(Remark, .query = of_towns, .prefetch = LIST("about__places")));
    EXPECT_RAISES(ERROR_FIELD, prefetch_towns_of_all, NULL);
    EXPECT_RAISES(ERROR_VALUE, prefetch_one_query, NULL);
    EXPECT_RAISES(ERROR_VALUE, prefetch_values, NULL);
}

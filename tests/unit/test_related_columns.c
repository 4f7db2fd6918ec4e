/* SPDX-License-Identifier: BSD-3-Clause */
/* Which related rows and which of their columns a query brings along, and that nothing is asked for twice. */
#include <capo/testing.h>
#include "migrating.h"
#include <capo/schema.h>
#include <string.h>

#define CAPO_MODELS "../../tests/unit/test_related_columns.def"
#include <capo/declare_models.h>
#define CAPO_MODELS "../../tests/unit/test_related_columns.def"
#include <capo/define_models.h>

static const App walk = { .name = "walk", .models = models };

/* North, Middle and South, one behind the other; North has two guides, South one. */
static void open_walk(void)
{
    capo_models_prepare(APPS(&walk));
    open_empty_database();
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; models[i]; i++)
        capo_schema_create_model(editor, models[i]);
    capo_schema_close(editor);
    int64_t next = 0;
    for (int i = 2; i >= 0; i--) {
        Stop *stop = capo_new(Stop);
        stop->name = ((const char *[]){ "North", "Middle", "South" })[i];
        stop->height = 100 * (i + 1);
        if (next)
            capo_set(stop, next_id, next);
        capo_save(stop);
        next = stop->id;
    }
    for (int i = 0; i < 3; i++) {
        Guide *guide = capo_new(Guide);
        guide->name = capo_format("G%d", i);
        guide->pages = 10 * i;
        guide->stop_id = i < 2 ? 3 : 1;
        capo_save(guide);
    }
}

static const char *attribute(Instance *self, const char *path)
{
    Value value;
    return capo_instance_lookup(self, path, strlen(path), &value) ? capo_to_text(value) : "none";
}

TEST(related_columns_of_both_sides_of_one_relation)
{
    open_walk();
    Stop **stops;
    EXPECT_QUERIES(1, stops = capo_fetch(Stop, .select_related = LIST("next", "previous")));
    EXPECT_QUERIES(0, EXPECT_TEXT(attribute(&stops[1]->capo, "next.name"), "South"));
    EXPECT_QUERIES(0, EXPECT_TEXT(attribute(&stops[1]->capo, "previous.name"), "North"));
    EXPECT_QUERIES(0, EXPECT_TEXT(attribute(&stops[2]->capo, "previous.name"), "none"));
    EXPECT_QUERIES(0, EXPECT_TEXT(attribute(&stops[0]->capo, "next.name"), "none"));
    EXPECT_QUERIES(2, stops = capo_fetch(Stop, .prefetch = LIST("next__previous")));       /* who comes before the next one is known */
    EXPECT_QUERIES(0, EXPECT_TEXT(attribute(&stops[1]->capo, "next.previous.name"), "Middle"));
}

TEST(related_columns_are_left_out_by_only_and_defer)
{
    open_walk();
    Guide **guides;
    EXPECT_QUERIES(1, guides = capo_fetch(Guide, .select_related = LIST("stop"), .only = LIST("name", "stop__name")));
    EXPECT_QUERIES(0, EXPECT_TEXT(attribute(&guides[0]->capo, "stop.name"), "North"));
    EXPECT_QUERIES(1, EXPECT_TEXT(attribute(&guides[0]->capo, "stop.height"), "100"));
    EXPECT_QUERIES(1, EXPECT_TEXT(attribute(&guides[0]->capo, "pages"), "0"));
    EXPECT_QUERIES(1, guides = capo_fetch(Guide, .select_related = LIST("stop"), .defer = LIST("stop__height")));
    EXPECT_QUERIES(0, EXPECT_TEXT(attribute(&guides[1]->capo, "pages"), "10"));
    EXPECT_QUERIES(0, EXPECT_TEXT(attribute(&guides[1]->capo, "stop.name"), "North"));
    EXPECT_QUERIES(1, EXPECT_TEXT(attribute(&guides[1]->capo, "stop.height"), "100"));
    EXPECT_QUERIES(1, guides = capo_fetch(Guide, .select_related = LIST("stop"), .only = LIST("name", "stop")));      /* the whole of it */
    EXPECT_QUERIES(0, EXPECT_TEXT(attribute(&guides[0]->capo, "stop.height"), "100"));
}

static void key_of_a_key(void *unused)
{
    (void)unused;
    capo_fetch(Guide, .select_related = LIST("stop__next"), .only = LIST("name", "stop__name"));
}

TEST(related_columns_all_take_the_place_of_some)
{
    open_walk();
    EXPECT_TEXT(EXPECT_RAISES(ERROR_FIELD, key_of_a_key, NULL)->message,
                "Field Stop.next cannot be both deferred and traversed using select_related at the same time.");
    Query *all = capo_query_select_related(capo_query(Stop, .select_related = LIST("next")), LIST(NULL));
    EXPECT_QUERIES(2, EXPECT_TEXT(attribute(capo_query_rows(all, NULL)[1], "next.name"), "South"));       /* next may be null: not among all */
    Query *some = capo_query_select_related(capo_query_select_related(capo_query(Guide), LIST(NULL)), LIST("stop__next"));
    EXPECT_QUERIES(1, EXPECT_TEXT(attribute(capo_query_rows(some, NULL)[0], "stop.next.name"), "Middle"));
}

static void read_stop(void *guide) { capo_related((Guide *)guide, stop); }

TEST(related_columns_prefetched_are_not_read_again)
{
    open_walk();
    Query *low = capo_query(Stop, .where = { .height = LT(200) });
    Guide **guides;
    EXPECT_QUERIES(1, guides = (Guide **)capo_query_rows(capo_query_prefetch_with(capo_query(Guide, .select_related = LIST("stop")), PREFETCHES(PREFETCH("stop", .query = low))), NULL));
    EXPECT_QUERIES(0, EXPECT_TEXT(attribute(&guides[2]->capo, "stop.name"), "South"));
    /* By a query that leaves one out: it is none, until another key is set. */
    EXPECT_QUERIES(2, guides = (Guide **)capo_query_rows(capo_query_prefetch_with(capo_query(Guide), PREFETCHES(PREFETCH("stop", .query = low))), NULL));
    EXPECT_QUERIES(0, EXPECT_TEXT(attribute(&guides[0]->capo, "stop.name"), "North"));
    EXPECT_TEXT(EXPECT_RAISES(ERROR_DOES_NOT_EXIST, read_stop, guides[2])->message, "Guide has no stop among the rows that were prefetched.");
    guides[2]->stop_id = 2;
    EXPECT_TEXT(attribute(&guides[2]->capo, "stop.name"), "Middle");
    Query *named = capo_query(Stop, .where = { .name = EQ("nobody") });
    Stop **stops = (Stop **)capo_query_rows(capo_query_prefetch_with(capo_query(Stop), PREFETCHES(PREFETCH("next", .query = named))), NULL);
    EXPECT_QUERIES(0, EXPECT_TEXT(attribute(&stops[1]->capo, "next"), "None"));
}

/* G0 passes North, of which G1 (10 pages) is a guide, and South, of which G2 is. */
TEST(related_manager_excludes_by_other_rows_of_its_own_model)
{
    open_walk();
    Guide *guide = capo_get(Guide, .where = { .name = EQ("G0") });
    capo_add(guide, "passes", capo_values_list((Value[]){ VALUE(1), VALUE(3) }, 2));
    Query *left = capo_query_exclude(capo_related_query(guide, "passes"), Q("guides__pages", 10));
    EXPECT_INT(capo_query_count(left), 1);
    EXPECT_TEXT(((Stop *)capo_query_rows(left, NULL)[0])->name, "South");
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Children of models, where all of their tables count: reading again, full_clean, fixtures, related rows, the key's name. */
#include <capo/serializers.h>
#include <capo/testing.h>
#include "../orm/family.h"
#include "../../orm/loader.h"
#include "database_under_test.h"
#include <string.h>

static SeasonTicket *make_ticket(const char *row, int number, const char *holder)
{
    SeasonTicket *season = capo_new(SeasonTicket);
    season->ticket.row = row;
    season->ticket.number = number;
    season->months = 3;
    season->holder = holder;
    return season;
}

static SeasonTicket *saved_ticket(const char *row, int number, const char *holder)
{
    SeasonTicket *season = make_ticket(row, number, holder);
    capo_save(season);
    return season;
}

static const char *errors_of(Instance *self)
{
    Buffer text = { 0 };
    for (const ValidationError *error = capo_instance_full_clean(self, NULL); error; error = error->next)
        capo_put_format(&text, "%s%s: %s", text.size ? " | " : "", error->field ? error->field : "-", error->message);
    return capo_buffer_text(&text);
}

TEST(OPT_044_parent_link_has_the_name_that_meta_gives)
{
    family_database();
    SeasonTicket *season = saved_ticket("A", 1, "Ann");
    EXPECT_TEXT(SeasonTicket_model.pk->name, "base");
    EXPECT_TEXT(SeasonTicket_model.pk->column, "base_id");
    EXPECT(SeasonTicket_model.pk->parent_link && SeasonTicket_model.pk == SeasonTicket_model.parent_link);
    EXPECT_INT(capo_count(SeasonTicket, .filter = Q("base", season->ticket.id)), 1);
    EXPECT_TEXT(((Ticket *)(void *)capo_instance_related(&season->capo, "base"))->row, "A");
}

TEST(child_is_read_again_by_the_names_of_all_its_tables)
{
    family_database();
    SeasonTicket *season = saved_ticket("A", 1, "Ann");
    capo_update(Ticket, .set = { .row = TO("B"), .number = TO(9) });
    capo_update(SeasonTicket, .set = { .months = TO(12) });
    capo_instance_refresh_with(&season->capo, LIST("row", "months"), NULL);
    EXPECT_TEXT(season->ticket.row, "B");
    EXPECT_INT(season->months, 12);
    EXPECT_INT(season->ticket.number, 1);                           /* was not asked for */
    capo_refresh(season);
    EXPECT_INT(season->ticket.number, 9);
    season->months = 1;
    capo_save(season);                                              /* nothing of the other table is written */
    EXPECT_INT(capo_get(Ticket)->number, 9);
}

TEST(child_is_cleaned_by_what_its_parents_say)
{
    family_database();
    saved_ticket("A", 1, "Ann");
    EXPECT_TEXT(errors_of(&make_ticket("A", 2, "Bob")->capo), "");
    EXPECT_TEXT(errors_of(&make_ticket("A", 1, "Bob")->capo), "-: Ticket with this Row and Number already exists.");
    EXPECT_TEXT(errors_of(&make_ticket("B", 1, "Ann")->capo), "holder: Season ticket with this Holder already exists.");
    SeasonTicket *free = make_ticket("B", 1, "Bob");
    free->ticket.price = 0;
    EXPECT_TEXT(errors_of(&free->capo), "-: A ticket costs something.");
    SeasonTicket *ann = capo_get(SeasonTicket, .where = { .holder = EQ("Ann") });
    EXPECT_TEXT(errors_of(&ann->capo), "");                         /* its own rows are no clash */
    ann->ticket.number = 5;
    EXPECT_TEXT(errors_of(&ann->capo), "");
    CheapTicket *cheap = capo_new(CheapTicket);
    cheap->row = "A";
    cheap->number = 1;
    cheap->price = -1;
    EXPECT_TEXT(errors_of(&cheap->capo), "-: Ticket with this Row and Number already exists. | -: A ticket costs something.");
}

TEST(children_are_dumped_and_loaded)
{
    family_database();
    saved_ticket("A", 1, "Ann");
    saved_ticket("A", 2, "Bob");
    Buffer out = { 0 };
    Serializer *serializer = capo_serializer_open(&(SerializeOptions){ .buffer = &out });
    capo_serialize(serializer, capo_query(SeasonTicket));           /* the child before the parent: the keys are looked at afterwards */
    capo_serialize(serializer, capo_query(Ticket));
    capo_serializer_close(serializer);
    const char *text = capo_strdup(capo_buffer_text(&out));
    EXPECT(strstr(text, "\"fields\": {\"months\": 3, \"holder\": \"Ann\"}") != NULL);
    EXPECT(strstr(text, "\"fields\": {\"row\": \"A\", \"number\": 1, \"price\": 10}") != NULL);
    capo_delete_all(Ticket);
    EXPECT_INT(capo_count(SeasonTicket), 0);
    for (int twice = 0; twice < 2; twice++) {
        capo_load_text(text, &(LoadOptions){ .name = "tickets.json" });
        EXPECT_INT(capo_count(SeasonTicket), 2);
        EXPECT_INT(capo_get(SeasonTicket, .where = { .holder = EQ("Bob") })->ticket.number, 2);
    }
    EXPECT_INT(capo_delete(capo_get(Ticket, .where = { .number = EQ(1) })), 2);         /* through the parent, with the child's row */
    EXPECT_INT(capo_count(SeasonTicket), 1);
}

TEST(child_columns_are_selected_across_the_link)
{
    family_database();
    Town *rome = make_town("Rome");
    Restaurant *luigi = capo_new(Restaurant);
    luigi->place.name = "Luigi";
    luigi->place.town_id = rome->id;
    capo_save(luigi);
    Restaurant *found = capo_fetch(Restaurant, .select_related = LIST("town"))[0];
    EXPECT_QUERIES(0, capo_instance_related(&found->capo, "town"));
    EXPECT_TEXT(((Town *)(void *)capo_instance_related(&found->capo, "town"))->name, "Rome");
    found = capo_fetch(Restaurant, .select_related = LIST("place_ptr__town"))[0];
    EXPECT_TEXT(found->place.name, "Luigi");
    found = capo_fetch(Restaurant, .defer = LIST("name"))[0];
    EXPECT_QUERIES(1, capo_field_value(&found->capo, capo_field(&Restaurant_model, "name")));
    EXPECT_TEXT(found->place.name, "Luigi");
    found = capo_fetch(Restaurant, .only = LIST("name"))[0];
    EXPECT_TEXT(found->place.name, "Luigi");
    EXPECT_QUERIES(1, capo_field_value(&found->capo, capo_field(&Restaurant_model, "seats")));
    EXPECT_INT(found->seats, 10);
    found = capo_fetch(Restaurant, .prefetch = LIST("town"))[0];
    EXPECT_QUERIES(0, capo_instance_related(&found->capo, "town"));
}

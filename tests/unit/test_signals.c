/* SPDX-License-Identifier: BSD-3-Clause */
/* The dispatcher, and what models, relations and requests send. */
#include <capo/testing.h>
#include <capo/model_signals.h>
#include "../orm/family.h"
#include "../orm/models.h"
#include <string.h>

/* What was heard since the test began. */
static char heard[512];

static void note(const char *text)
{
    strncat(heard, text, sizeof heard - strlen(heard) - 2);
    strcat(heard, " ");
}

static void connect_for_test(const SignalReceiver *receiver)
{
    heard[0] = '\0';
    capo_connect(receiver);
}

/* --- the dispatcher --- */

static Signal order_paid = { .name = "order_paid" };
static int shop, other_shop;

static void say_number(SignalEvent *event)
{
    note(capo_to_text(capo_event_value(event, "number")));
    event->response = capo_value_text("told");
}

static void fail(SignalEvent *event)
{
    (void)event;
    capo_raise(ERROR_VALUE, "no");
}

static void send_one(void *unused)
{
    (void)unused;
    capo_send(&order_paid, &shop, V("number", 1));
}

TEST(signals_reach_their_receivers)
{
    SignalReceiver all = RECEIVER(&order_paid, say_number), one = RECEIVER(&order_paid, say_number, .sender = &shop);
    connect_for_test(&all);
    capo_connect(&all);                                 /* once */
    EXPECT(capo_has_receivers(&order_paid, &shop) && capo_has_receivers(&order_paid, NULL));
    SignalResponse *responses = capo_send(&order_paid, &shop, V("number", 7));
    EXPECT_TEXT(heard, "7 ");
    EXPECT(responses[0].function == say_number && !responses[1].function);
    EXPECT_TEXT(capo_to_text(responses[0].response), "told");
    capo_connect(&one);
    capo_send(&order_paid, &shop, V("number", 8));
    capo_send(&order_paid, &other_shop, V("number", 9));
    EXPECT_TEXT(heard, "7 8 8 9 ");
    EXPECT(capo_disconnect(&all) && !capo_disconnect(&all) && capo_disconnect(&one));
    EXPECT(!capo_send(&order_paid, &shop, V("number", 10))[0].function);
    EXPECT_TEXT(heard, "7 8 8 9 ");
    SignalReceiver first = RECEIVER(&order_paid, say_number, .dispatch_uid = "x"), second = RECEIVER(&order_paid, fail, .dispatch_uid = "x");
    capo_connect(&first);
    capo_connect(&second);
    EXPECT_INT(order_paid.count, 1);
    EXPECT(capo_disconnect(&second));
    EXPECT_INT(order_paid.count, 0);
}

TEST(signals_may_be_sent_robustly)
{
    SignalReceiver bad = RECEIVER(&order_paid, fail), good = RECEIVER(&order_paid, say_number);
    connect_for_test(&bad);
    capo_connect(&good);
    SignalResponse *responses = capo_send_robust(&order_paid, NULL, V("number", 3));
    EXPECT(responses[0].error && responses[0].error->code == ERROR_VALUE && !responses[1].error);
    EXPECT_TEXT(heard, "3 ");
    EXPECT_RAISES(ERROR_VALUE, send_one, NULL);
    EXPECT_TEXT(heard, "3 ");
    capo_disconnect(&bad);
    capo_disconnect(&good);
}

/* --- models --- */

static void of_town(SignalEvent *event)
{
    Town *town = event->instance;
    note(capo_format("%s:%s%s%s%s", event->signal->name, town->name, event->created ? ":created" : "", event->raw ? ":raw" : "",
                     event->update_fields ? ":fields" : ""));
}

static void refuse_rome(SignalEvent *event)
{
    if (!strcmp(((Town *)event->instance)->name, "Rome"))
        capo_raise(ERROR_VALUE, "not Rome");
}

static void make_rome(void *unused)
{
    (void)unused;
    make_town("Rome");
}

TEST(saves_and_deletes_are_told)
{
    static const SignalReceiver table[] = {
        RECEIVER(&capo_pre_save, of_town, .sender = &Town_model),
        RECEIVER(&capo_post_save, of_town, .sender_name = "family.Town"),
        RECEIVER(&capo_pre_delete, of_town, .sender = &Town_model),
        RECEIVER(&capo_post_delete, of_town, .sender = &Town_model),
        { 0 }
    };
    family_database();
    heard[0] = '\0';
    capo_connect_all(table);
    Town *town = make_town("Oslo");
    EXPECT_TEXT(heard, "pre_save:Oslo:created post_save:Oslo:created ");
    heard[0] = '\0';
    capo_save(town);
    capo_instance_save_fields(&town->capo, LIST("name"));
    EXPECT_TEXT(heard, "pre_save:Oslo post_save:Oslo pre_save:Oslo:fields post_save:Oslo:fields ");
    heard[0] = '\0';
    Place *place = capo_new(Place);                     /* another model: nobody is told */
    place->name = "Park";
    place->town_id = town->id;
    capo_save(place);
    EXPECT_TEXT(heard, "");
    EXPECT_INT(capo_delete_all(Town), 2);               /* loaded, since somebody listens */
    EXPECT_TEXT(heard, "pre_delete:Oslo post_delete:Oslo ");
    heard[0] = '\0';
    town = capo_new(Town);
    town->name = "Bern";
    capo_instance_save_raw(&town->capo);
    EXPECT_TEXT(heard, "pre_save:Bern:created:raw post_save:Bern:created:raw ");
    capo_update(Town, .set = { .name = TO("Basel") });
    capo_bulk_create((Instance *const[]){ &capo_new(Town)->capo }, 1);
    EXPECT_TEXT(heard, "pre_save:Bern:created:raw post_save:Bern:created:raw ");
    for (const SignalReceiver *r = table; r->function; r++)
        EXPECT(capo_disconnect(r));
}

TEST(a_receiver_that_raises_undoes_the_save)
{
    SignalReceiver receiver = RECEIVER(&capo_post_save, refuse_rome, .sender = &Town_model);
    family_database();
    connect_for_test(&receiver);
    EXPECT_RAISES(ERROR_VALUE, make_rome, NULL);
    EXPECT_INT(capo_count(Town), 0);
    capo_disconnect(&receiver);
    make_rome(NULL);
    EXPECT_INT(capo_count(Town), 1);
}

static void of_init(SignalEvent *event)
{
    note(capo_format("%s%s", event->signal->name, event->instance ? "+" : ""));
}

TEST(new_and_loaded_instances_are_told)
{
    SignalReceiver before = RECEIVER(&capo_pre_init, of_init, .sender = &Town_model), after = RECEIVER(&capo_post_init, of_init, .sender = &Town_model);
    family_database();
    connect_for_test(&before);
    capo_connect(&after);
    make_town("Oslo");
    capo_get(Town);
    EXPECT_TEXT(heard, "pre_init post_init+ pre_init post_init+ ");
    capo_disconnect(&before);
    capo_disconnect(&after);
    EXPECT_INT(family_prepared, 2);                     /* from the table of the app, before the models were used */
}

/* --- many-to-many --- */

static void of_visitors(SignalEvent *event)
{
    static const char *const names[] = { "pre_add", "post_add", "pre_remove", "post_remove", "pre_clear", "post_clear" };
    note(capo_format("%s%s:%s:%zu", names[event->action], event->reverse ? "(reverse)" : "", event->model->name,
                     event->keys ? event->keys->count : 0));
}

TEST(changes_of_many_to_many_are_told)
{
    family_database();
    Town *oslo = make_town("Oslo"), *bern = make_town("Bern");
    Place *place = capo_new(Place);
    place->name = "Park";
    place->town_id = oslo->id;
    capo_save(place);
    SignalReceiver receiver = RECEIVER(&capo_m2m_changed, of_visitors, .sender = capo_field(&Place_model, "visitors")->through);
    connect_for_test(&receiver);
    capo_add(place, "visitors", oslo->id);
    EXPECT_TEXT(heard, "pre_add:Town:1 post_add:Town:1 ");
    heard[0] = '\0';
    capo_add(place, "visitors", oslo->id);              /* it was there */
    EXPECT_TEXT(heard, "");
    capo_set_all(place, "visitors", VALUES(bern->id));
    EXPECT_TEXT(heard, "pre_remove:Town:1 post_remove:Town:1 pre_add:Town:1 post_add:Town:1 ");
    heard[0] = '\0';
    capo_remove(bern, "visited", place->id);
    EXPECT_TEXT(heard, "pre_remove(reverse):Place:1 post_remove(reverse):Place:1 ");
    heard[0] = '\0';
    capo_add(place, "visitors", VALUES(bern->id, oslo->id));
    capo_clear(place, "visitors");
    EXPECT_TEXT(heard, "pre_add:Town:2 post_add:Town:2 pre_clear:Town:0 post_clear:Town:0 ");
    EXPECT_INT(capo_query_count(capo_related_query(place, "visitors")), 0);
    capo_disconnect(&receiver);
}

/* --- managers --- */

TEST(managers_narrow_what_users_start_from)
{
    family_database();
    Town *oslo = make_town("Oslo");
    for (int closed = 0; closed < 2; closed++) {
        Place *place = capo_new(Place);
        place->name = closed ? "Closed" : "Open";
        place->closed = closed;
        place->town_id = oslo->id;
        capo_save(place);
    }
    EXPECT_INT(capo_count(Place), 2);                                       /* all rows, unless a manager is asked */
    EXPECT_INT(capo_query_count(family_open(NULL)), 1);
    EXPECT_INT(capo_query_count(capo_manager(Place, "objects")), 1);
    EXPECT_INT(capo_query_count(capo_manager(Place, "everything")), 2);
    EXPECT_INT(capo_query_count(capo_default_rows(&Place_model)), 1);
    EXPECT_INT(capo_query_count(capo_default_rows(&Shop_model)), 2);       /* its own default_manager_name */
    EXPECT_INT(capo_query_count(capo_base_rows(&Place_model)), 2);
    EXPECT_INT(capo_query_count(capo_related_query(oslo, "places")), 1);    /* a related manager is a default one */
    EXPECT_INT(capo_query_count(family_open(capo_query(Place, .where = { .name = STARTSWITH("C") }))), 0);
    EXPECT_INT(capo_query_count(capo_manager(Restaurant, "objects")), 0);   /* a parent's managers are a child's too */
    Town *town = capo_get(Town, .prefetch = LIST("places"));
    EXPECT_INT(capo_list_of(capo_value_object(capo_related_query(town, "places")))->count, 1);
}

/* What methods of a QuerySet are in Django. */
static Query *from_z(Query *rows) { return capo_query(Place, .query = rows, .order_by = LIST("-name")); }
static Query *named(Query *rows, const char *start) { return capo_query(Place, .query = rows, .where = { .name = STARTSWITH(start) }); }

TEST(functions_of_rows_chain_and_are_managers)
{
    family_database();
    Town *oslo = make_town("Oslo"), *bern = make_town("Bern");
    for (const char *const *name = LIST("Bar", "Baths", "Airport", "Barn"); *name; name++) {
        Place *place = capo_new(Place);
        place->name = *name;
        place->closed = strcmp(*name, "Baths") == 0;
        place->town_id = strcmp(*name, "Barn") ? oslo->id : bern->id;
        capo_save(place);
    }
    EXPECT_TEXT(capo_to_text(capo_value_list(capo_values_flat(from_z(family_open(NULL)), "name"))), "['Barn', 'Bar', 'Airport']");
    EXPECT_TEXT(capo_to_text(capo_value_list(capo_values_flat(named(from_z(family_open(NULL)), "Ba"), "name"))), "['Barn', 'Bar']");
    EXPECT_TEXT(capo_to_text(capo_value_list(capo_values_flat(from_z(named(capo_related_query(oslo, "places"), "B")), "name"))), "['Bar']");
    EXPECT_TEXT(capo_to_text(capo_value_list(capo_values_flat(from_z(capo_manager(Place, "everything")), "name"))), "['Baths', 'Barn', 'Bar', 'Airport']");
}

static void ask_nobody(void *unused)
{
    (void)unused;
    capo_manager(Place, "object");
}

TEST(an_unknown_manager_is_named)
{
    family_database();
    EXPECT_RAISES(ERROR_FIELD, ask_nobody, NULL);
}

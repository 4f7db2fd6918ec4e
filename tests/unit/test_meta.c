/* SPDX-License-Identifier: BSD-3-Clause */
/* What Meta says: order by expressions, the app, databases that a model is not for, the latest, permissions; and what an object knows of itself. */
#include <capo/auth.h>
#include <capo/databases.h>
#include <capo/expressions.h>
#include <capo/schema.h>
#include <capo/testing.h>
#include <capo/web.h>
#include "../../migrations/migration.h"
#include "../../orm/internal.h"
#include "database_under_test.h"
#include <string.h>

const char *track_url(const void *track);
void note_track(void *track);

#define CAPO_MODELS "../../tests/orm/meta.def"
#include <capo/declare_models.h>
#define CAPO_MODELS "../../tests/orm/meta.def"
#include <capo/define_models.h>

static const App meta = { .name = "meta", .models = models }, other = { .name = "meta_other" };
static int noted;

const char *track_url(const void *track) { return capo_format("/tracks/%lld/", (long long)((const Track *)track)->id); }
void note_track(void *track) { noted += ((Track *)track)->name != NULL; }

static void make_tables(SchemaEditor *editor)
{
    size_t count;
    Model *const *all = capo_all_models(&count);
    for (size_t i = 0; i < count; i++)
        if ((!strcmp(all[i]->app, "meta") || !strcmp(all[i]->app, "meta_other")) && !all[i]->auto_created)
            capo_schema_create_model(editor, all[i]);
}

static void open_meta(void)
{
    capo_models_prepare(APPS(&meta, &other, &capo_contenttypes, &capo_auth));
    open_empty_database();
    capo_begin();
    SchemaEditor *editor = capo_schema_open(false);
    make_tables(editor);
    capo_schema_close(editor);
    capo_commit();
    noted = 0;
}

static Track *make_track(const char *name, int rank, const char *released)
{
    Track *track = capo_new(Track);
    track->name = name;
    if (rank)
        capo_set(track, rank, rank);
    if (released)
        EXPECT(capo_parse_date(released, &track->released));
    capo_save(track);
    return track;
}

static void make_tracks(void)
{
    make_track("delta", 0, "2021-05-01");
    make_track("Bravo", 2, NULL);
    make_track("alpha", 2, NULL);
    make_track("Charlie", 9, "1999-01-01");
    make_track("Echo", 0, NULL);
}

static const char *names(Query *query)
{
    List *flat = capo_values_flat(query, "name");
    Buffer text = { 0 };
    for (size_t i = 0; i < flat->count; i++)
        capo_put_format(&text, "%s%s", i ? " " : "", capo_to_text(flat->items[i]));
    return capo_buffer_text(&text);
}

/* --- order ------------------------------------------------------------------------------------------------------------------------- */

TEST(META_009_ordering_by_expressions_and_nulls)
{
    open_meta();
    make_tracks();
    EXPECT_TEXT(names(capo_query(Track)), "Charlie alpha Bravo delta Echo");
    EXPECT_TEXT(names(capo_query(Single)), "Charlie alpha Bravo delta Echo");       /* a proxy has the order of its base */
    EXPECT_TEXT(names(capo_query(Track, .reverse = true)), "Echo delta Bravo alpha Charlie");
    EXPECT_TEXT(capo_first(Track)->name, "Charlie");
    EXPECT_TEXT(capo_last(Track)->name, "Echo");
    EXPECT_TEXT(capo_fetch(Track, .where = { .rank = EQ(2) })[1]->name, "Bravo");
    EXPECT(capo_query_is_ordered(capo_query(Track)) && !capo_query_is_totally_ordered(capo_query(Track)));
    EXPECT_TEXT(names(capo_query(Track, .order_by = LIST("name"), .where = { .rank = EQ(9) })), "Charlie");
    for (Track **track = capo_fetch(Track, .no_order = true); *track; track++) {
        capo_create(Play, .set = { .track_id = TO((*track)->id), .times = TO((*track)->rank.value + 1) });
        capo_create(Play, .set = { .track_id = TO((*track)->id), .times = TO(0) });
    }
    Play **plays = capo_fetch(Play, .select_related = LIST("track"));               /* "-track" is the order of tracks, turned round */
    const char *wanted[] = { "Echo", "Echo", "delta", "delta", "Bravo", "Bravo", "alpha", "alpha", "Charlie", "Charlie" };
    for (size_t i = 0; i < 10; i++) {
        EXPECT_TEXT(plays[i]->track->name, wanted[i]);
        EXPECT(i % 2 ? plays[i]->times > 0 : plays[i]->times == 0);
    }
    EXPECT_INT((int)capo_values_flat(capo_query_order_by(capo_query(Track), LIST("plays", "id")), "id")->count, 10);    /* there and back is no circle */
    for (int place = 0; place < 4; place++) {
        Chart *chart = capo_new(Chart);
        if (place > 1)
            capo_set(chart, place, place);
        capo_save(chart);
    }
    Chart **charts = capo_fetch(Chart);
    EXPECT(!charts[0]->place.present && !charts[1]->place.present && charts[0]->id > charts[1]->id);
    EXPECT(charts[2]->place.value == 2 && charts[3]->place.value == 3);
}

TEST(QS_008_order_by_fields_expressions_nulls_and_chance)
{
    open_meta();
    make_tracks();
    EXPECT_TEXT(names(capo_query(Track, .order = ORDERS(ORDER(FN(Lower, F("name")))))), "alpha Bravo Charlie delta Echo");
    EXPECT_TEXT(names(capo_query(Track, .order = ORDERS(ORDER(FN(Lower, F("name")), .descending = true)))), "Echo delta Charlie Bravo alpha");
    EXPECT_TEXT(names(capo_query(Track, .order = ORDERS(ORDER(F("rank"), .nulls = NULLS_FIRST), ORDER(FN(Lower, F("name")))))), "delta Echo alpha Bravo Charlie");
    EXPECT_TEXT(names(capo_query(Track, .order = ORDERS(ORDER(FN(Coalesce, F("rank"), 5)), ORDER(FN(Lower, F("name")))))), "alpha Bravo delta Echo Charlie");
    EXPECT_TEXT(names(capo_query(Track, .order_by = LIST("-rank nulls last", "released", "-id"), .where = { .rank = GT(0) })), "Charlie alpha Bravo");
    EXPECT_TEXT(names(capo_query(Track, .alias = EXPRESSIONS(AS("low", FN(Lower, F("name")))), .order_by = LIST("-low"))), "Echo delta Charlie Bravo alpha");
    EXPECT_TEXT(names(capo_query_order_with(capo_query(Track, .order_by = LIST("id")), ORDERS(ORDER(F("rank"), .nulls = NULLS_LAST), ORDER(F("id"))))),
                "Bravo alpha Charlie delta Echo");
    /* an expression may name what is annotated later, or anew; of a query that was put together with another it stays what it says */
    Query *later = capo_query_order_with(capo_query(Track), ORDERS(ORDER(F("low"), .descending = true)));
    EXPECT_TEXT(names(capo_query(Track, .query = later, .annotate = EXPRESSIONS(AS("low", FN(Lower, F("name")))))), "Echo delta Charlie Bravo alpha");
    EXPECT_TEXT(names(capo_query(Track, .query = later, .annotate = EXPRESSIONS(AS("low", SUB(0, F("id")))))), "delta Bravo alpha Charlie Echo");
    EXPECT_TEXT(names(capo_query_or(capo_query(Track, .where = { .rank = EQ(9) }), capo_query(Track, .where = { .rank = EQ(2) }, .order = ORDERS(ORDER(FN(Lower, F("name"))))))),
                "alpha Bravo Charlie");
    make_track("Foxtrot", 1, NULL);
    EXPECT_TEXT(capo_first(Track, .order = ORDERS(ORDER(FN(Length, F("name")), .descending = true), ORDER(FN(Lower, F("name")))))->name, "Charlie");
    EXPECT_INT(capo_values_flat(capo_query(Track, .order_by = LIST("?")), "name")->count, 6);
    EXPECT(strstr(capo_sql(capo_query(Track, .order_by = LIST("?"))), "RAND") || strstr(capo_sql(capo_query(Track, .order_by = LIST("?"))), "RANDOM"));
    EXPECT_INT(capo_count(Play, .filter = Q("track__in", capo_query(Track, .order = ORDERS(ORDER(FN(Lower, F("name")))), .limit = 0))), 0);
}

static void order_by_nothing(void *unused) { (void)unused; (void)capo_fetch(Track, .order = ORDERS(ORDER(FN(Lower, F("nothing"))))); }

TEST(QS_008_order_by_a_name_that_is_none)
{
    open_meta();
    EXPECT_RAISES(ERROR_FIELD, order_by_nothing, NULL);
}

/* --- the latest, URLs, permissions --------------------------------------------------------------------------------------------------- */

static void latest_of_nothing(void *unused) { (void)unused; capo_latest(Chart); }

TEST(META_006_get_latest_by)
{
    open_meta();
    make_tracks();
    EXPECT_TEXT(capo_latest(Track)->name, "delta");
    EXPECT_TEXT(capo_earliest(Track)->name, "Charlie");
    EXPECT_TEXT(capo_earliest(Track, .where = { .rank = EQ(2) }, .order_by = LIST("id"))->name, "Bravo");
    EXPECT_TEXT(capo_latest(Single)->name, "delta");
    EXPECT_RAISES(ERROR_VALUE, latest_of_nothing, NULL);            /* no .get_latest_by and no .order_by */
}

TEST(INST_009_get_absolute_url)
{
    open_meta();
    Track *track = make_track("alpha", 1, NULL);
    Value url;
    EXPECT(capo_instance_lookup(&track->capo, "get_absolute_url", 16, &url));
    EXPECT_TEXT(capo_to_text(url), capo_format("/tracks/%lld/", (long long)track->id));
    EXPECT(capo_instance_lookup(&capo_get(Single)->capo, "get_absolute_url", 16, &url));
    Chart *chart = capo_create(Chart);
    EXPECT(!capo_instance_lookup(&chart->capo, "get_absolute_url", 16, &url));
}

TEST(META_010_permissions)
{
    open_meta();
    capo_begin();
    SchemaEditor *editor = capo_schema_open(false);
    capo_schema_create_model(editor, &ContentType_model);
    capo_schema_create_model(editor, &Permission_model);
    capo_schema_close(editor);
    capo_commit();
    capo_auth_create_permissions();
    List *made = capo_values_flat(capo_query(Permission, .filter = Q("codename__endswith", "_track"), .order_by = LIST("codename")), "codename");
    EXPECT_TEXT(capo_json_text(capo_value_list(made), 0), "[\"play_track\", \"rate_track\", \"view_track\"]");
    EXPECT_TEXT(capo_get(Permission, .where = { .codename = EQ("play_track") })->name, "May play");
    EXPECT_TEXT(capo_get(Permission, .where = { .codename = EQ("rate_track") })->name, "Can rate track");
    EXPECT_INT(capo_count(Permission, .filter = Q("codename__endswith", "_chart")), 4);
}

/* --- whose it is, and where its table is ------------------------------------------------------------------------------------------------ */

static const FieldRow counted = { .name = "id", .kind = FIELD_BIG_AUTO };
static void prepare(void *options)
{
    FieldRow *rows = capo_alloc_array(3, sizeof *rows);
    rows[0] = counted;
    rows[1] = (FieldRow){ .name = "Meta", .kind = FIELD_META, .options.meta = *(const MetaOptions *)options };
    Model *model = capo_alloc_struct(Model);
    *model = (Model){ .name = "Odd", .rows = rows };
    App *app = capo_alloc_struct(App);
    Model **list = capo_alloc_array(2, sizeof *list);
    list[0] = model;
    *app = (App){ .name = "meta_odd", .models = list };
    capo_models_prepare((const App *[]){ app, NULL });
}
static const char *refused(const MetaOptions *options)
{
    return capo_expect_raises(__FILE__, __LINE__, ERROR_IMPROPERLY_CONFIGURED, prepare, (void *)options)->message;
}

TEST(META_002_app_label)
{
    open_meta();
    EXPECT_TEXT(Stranger_model.app, "meta_other");
    EXPECT_TEXT(Stranger_model.label, "meta_other.Stranger");
    EXPECT_TEXT(Stranger_model.table, "meta_other_stranger");
    EXPECT(capo_model("meta_other.Stranger") == &Stranger_model && !capo_model("meta.Stranger"));
    EXPECT_TEXT(model_state_of(&Stranger_model)->app, "meta_other");
    EXPECT_INT(capo_create(Stranger, .set = { .name = TO("x") })->id, 1);
    EXPECT(strstr(refused(&(MetaOptions){ .app_label = "no_such_app" }), "none of the site's apps") != NULL);
}

TEST(META_007_unmanaged_models_have_tables_of_their_own)
{
    open_meta();
    EXPECT(!Legacy_model.managed && !capo_schema_has_table("legacy_table"));
    EXPECT(!capo_model_is_migrated(&Legacy_model));
    EXPECT(capo_map_get(model_state_of(&Legacy_model)->options, "managed") != NULL);
    capo_sql_run("CREATE TABLE legacy_table (id INTEGER PRIMARY KEY, name VARCHAR(30))");
    capo_sql_run("INSERT INTO legacy_table (id, name) VALUES (4, 'old')");
    EXPECT_TEXT(capo_get(Legacy)->name, "old");                     /* and are read and written like others */
    EXPECT_INT(capo_update(Legacy, .set = { .name = TO("new") }), 1);
    capo_begin();
    SchemaEditor *editor = capo_schema_open(false);
    capo_schema_delete_model(editor, &Legacy_model);
    capo_schema_close(editor);
    capo_commit();
    EXPECT(capo_schema_has_table("legacy_table"));
}

TEST(META_012_required_databases)
{
    open_meta();
    EXPECT(capo_schema_has_table("meta_onpostgresql") == database_is("postgresql"));
    EXPECT(capo_schema_has_table("meta_withpartialindexes") == !database_is("mysql"));
    EXPECT(capo_database_has("supports_partial_indexes") == !database_is("mysql"));
    EXPECT(capo_database_has("can_distinct_on_fields") == database_is("postgresql"));
    EXPECT(strstr(refused(&(MetaOptions){ .required_db_vendor = "oracle" }), "required_db_vendor") != NULL);
    EXPECT(strstr(refused(&(MetaOptions){ .required_db_features = LIST("supports_partial_index") }), "Did you mean") != NULL);
    /* migrations know it, and pass by what changes such a table */
    const char *text = "{\"operations\": [{\"CreateModel\": {\"name\": \"Only\", \"fields\": {\"id\": {\"kind\": \"BigAutoField\", \"primary_key\": true}}, "
        "\"options\": {\"required_db_vendor\": \"postgresql\"}}}, {\"AddField\": {\"model\": \"Only\", \"name\": \"n\", \"field\": {\"kind\": \"IntegerField\", \"default\": 0}}}]}";
    Migration *migration = migration_parse("mig", "0001_initial", "x.json", text, strlen(text));
    ProjectState *before = state_new();
    capo_begin();
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; i < migration->n_operations; i++) {
        ProjectState *after = operation_state(migration->operations[i], "mig", before);
        operation_change_database(migration->operations[i], "mig", editor, before, after, false);
        before = after;
    }
    capo_schema_close(editor);
    capo_commit();
    EXPECT(capo_schema_has_table("mig_only") == database_is("postgresql"));
    EXPECT(capo_map_get(model_state_of(&OnPostgresql_model)->options, "required_db_vendor") != NULL);
}

/* --- what an object knows of itself ------------------------------------------------------------------------------------------------------ */

TEST(INST_005_from_db_and_the_state_of_an_object)
{
    open_meta();
    Track *track = capo_new(Track);
    track->name = "alpha";
    EXPECT(!capo_instance_is_saved(&track->capo) && !capo_database_of(track));
    capo_save(track);
    EXPECT(capo_instance_is_saved(&track->capo));
    EXPECT_TEXT(capo_database_of(track), "default");
    EXPECT_INT(noted, 0);
    make_track("bravo", 1, NULL);
    EXPECT(capo_fetch(Track)[1] != NULL);
    EXPECT_INT(noted, 2);
    capo_get(Single, .where = { .name = EQ("alpha") });             /* a proxy's rows too */
    EXPECT_INT(noted, 3);
    capo_delete(track);
    EXPECT(!capo_instance_is_saved(&track->capo));
}

TEST(INST_006_deferred_fields)
{
    open_meta();
    make_track("alpha", 1, NULL);
    Track *track = capo_get(Track, .only = LIST("name"));
    const char *const *left_out = capo_deferred_fields(track);
    EXPECT_TEXT(left_out[0], "rank");
    EXPECT_TEXT(left_out[1], "released");
    EXPECT(!left_out[2]);
    EXPECT_INT(capo_field_value(&track->capo, capo_field(&Track_model, "rank")).integer, 1);
    EXPECT_TEXT(capo_deferred_fields(track)[0], "released");
    EXPECT(!capo_deferred_fields(capo_get(Track))[0]);
    EXPECT(!capo_deferred_fields(capo_new(Track))[0]);
}

static void unpack_as_track(void *value) { (void)capo_unpack(Track, *(Value *)value); }

TEST(INST_013_objects_as_plain_data_and_back)
{
    open_meta();
    Parcel *parcel = capo_new(Parcel);
    parcel->text = "it's “here”";
    capo_set(parcel, price, ((Decimal){ "12.50" }));
    parcel->sent = (DateTime){ 1700000000123456 };
    parcel->day = capo_date(2024, 2, 29);
    parcel->hour = (Time){ 3723000001 };
    parcel->taken = (Duration){ -90061000001 };
    EXPECT(capo_parse_uuid("0f8fad5b-d9cb-469f-a165-70867728950e", &parcel->code));
    parcel->bytes = (Bytes){ (const uint8_t *)"\0\1\377", 3 };
    parcel->data = capo_value_map(capo_map(V("a", capo_value_list(VALUES(1, "b")))));
    capo_save(parcel);
    parcel = capo_get(Parcel);
    parcel->text = "changed";
    Value data, read;
    const char *wrong, *json = capo_json_text(capo_pack(parcel), 0);
    EXPECT(capo_json_parse(json, strlen(json), &data, &wrong));
    Parcel *again = capo_unpack(Parcel, data);
    EXPECT(again->id == parcel->id && again->sent.microseconds == 1700000000123456 && again->day.days == parcel->day.days);
    EXPECT(again->hour.microseconds == parcel->hour.microseconds && again->taken.microseconds == -90061000001);
    EXPECT(!memcmp(&again->code, &parcel->code, sizeof(Uuid)) && again->bytes.size == 3 && !memcmp(again->bytes.data, "\0\1\377", 3));
    EXPECT_TEXT(again->price.value.text, "12.50");
    EXPECT_TEXT(capo_json_text(again->data, 0), "{\"a\": [1, \"b\"]}");
    EXPECT(!again->track_id.present);
    EXPECT_TEXT(again->text, "changed");
    EXPECT(capo_instance_is_saved(&again->capo));
    EXPECT_QUERIES(0, capo_field_value(&again->capo, capo_field(&Parcel_model, "price")));
    EXPECT_QUERIES(1, capo_save(again));                            /* what was changed, and not yet saved, still is */
    EXPECT_TEXT(capo_get(Parcel)->text, "changed");
    EXPECT_QUERIES(0, capo_save(again));
    Parcel *new = capo_unpack(Parcel, capo_pack(capo_new(Parcel)));
    EXPECT(!capo_instance_is_saved(&new->capo));
    /* columns that were left out are read when they are asked for */
    again = capo_unpack(Parcel, capo_pack(capo_get(Parcel, .only = LIST("day"))));
    EXPECT_QUERIES(1, read = capo_field_value(&again->capo, capo_field(&Parcel_model, "text")));
    EXPECT_TEXT(capo_to_text(read), "changed");
    EXPECT_RAISES(ERROR_VALUE, unpack_as_track, &data);
    Value text = capo_value_text("x");
    EXPECT_RAISES(ERROR_VALUE, unpack_as_track, &text);
}

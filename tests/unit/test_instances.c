/* SPDX-License-Identifier: BSD-3-Clause */
/* Instances: defaults, every kind of field there and back, saving what changed, relations, cleaning in Django's words. */
#include <capo/testing.h>
#include <capo/expressions.h>
#include "../orm/models.h"
#include "database_under_test.h"
#include "../../orm/internal.h"
#include <string.h>

static const char *text_of(Instance *self, const char *name)
{
    Value value;
    EXPECT(capo_lookup(capo_value_object(self), name, strlen(name), &value));
    return capo_to_text(value);
}

/* With SQLite's quotes and without the RETURNING of a new row's key. */
static const char *last_sql(void)
{
    size_t count;
    const LoggedQuery *log = capo_logged_queries(&count);
    char *sql = count ? capo_strdup(log[count - 1].sql) : "";
    for (char *quote = sql; (quote = strchr(quote, '`'));)
        *quote = '"';
    char *returning = strstr(sql, " RETURNING ");
    if (returning)
        *returning = '\0';
    return sql;
}

/* What a database says of a missing value and of one that is there already. */
static const char *not_null(const char *table, const char *column)
{
    return database_is("sqlite") ? capo_format("NOT NULL constraint failed: %s.%s", table, column) :
           database_is("mysql") ? capo_format("Column '%s' cannot be null", column) :
           capo_format("null value in column \"%s\" of relation \"%s\" violates not-null constraint", column, table);
}

static const char *not_unique(const char *table, const char *column)
{
    return database_is("sqlite") ? capo_format("UNIQUE constraint failed: %s.%s", table, column) :
           database_is("mysql") ? "Duplicate entry" : "duplicate key value violates unique constraint";
}

TEST(new_instances_have_defaults)
{
    capo_test_models();
    Kind *kind = capo_new(Kind);
    EXPECT_TEXT(kind->name, "");
    EXPECT_TEXT(kind->slug, "none");
    EXPECT_TEXT(kind->address, "127.0.0.1");
    EXPECT_INT(kind->small, -3);
    EXPECT(kind->real == 1.5 && kind->active);
    EXPECT_TEXT(kind->price.text, "9.90");
    EXPECT_TEXT(capo_date_iso(kind->day), "2026-11-22");
    EXPECT_INT(kind->hour.microseconds, (8 * 60 + 30) * INT64_C(60000000));
    EXPECT_INT(kind->length.microseconds, INT64_C(3600000000));
    EXPECT_TEXT(capo_json_text(kind->data, 0), "{\"a\": 1}");
    EXPECT(kind->code.bytes[6] >> 4 == 4);
    EXPECT(kind->o_char == NULL && !kind->o_integer.present && !kind->o_data.present);
    EXPECT_INT(kind->id, 0);
    EXPECT(!capo_instance_is_saved(&kind->capo));
    EXPECT_TEXT(text_of(&kind->capo, "pk"), "None");
}

/* Every kind is written and read again, with and without a value. */
TEST(every_kind_survives_the_database)
{
    capo_test_database();
    Kind *kind = capo_new(Kind);
    kind->name = "a'b\"\xc3\xa9";
    kind->bytes = (Bytes){ (const uint8_t *)"\0\1\xff", 3 };
    kind->big = INT64_MIN;
    kind->positive_big = INT64_MAX;
    kind->real = 0.1;
    kind->price = (Decimal){ "-1234.5" };
    kind->data = capo_value_list(capo_list_of(capo_value_strings(LIST("x", "\xc3\xa9"))));
    capo_save(kind);
    capo_save(kind);
    Kind *again = capo_new(Kind);
    again->id = kind->id;
    capo_refresh(again);
    for (size_t i = 0; i < Kind_model.n_fields; i++) {
        const Field *field = Kind_model.fields[i];
        Value a = capo_field_value(&kind->capo, field), b = capo_field_value(&again->capo, field);
        if (!capo_equal(a, b) || (a.kind == VALUE_NULL) != field->null)
            capo_test_fail(__FILE__, __LINE__, "%s: %s became %s", field->name, capo_to_text(a), capo_to_text(b));
    }
    EXPECT_TEXT(again->price.text, "-1234.50");
    EXPECT_INT(again->bytes.size, 3);
    EXPECT_TEXT(capo_json_text(again->data, 0), "[\"x\", \"\\u00e9\"]");

    again->o_char = "c";
    again->o_text = "";
    capo_set(again, o_integer, 0);
    capo_set(again, o_real, 0.5);
    capo_set(again, o_price, ((Decimal){ "0.10" }));
    capo_set(again, o_active, false);
    capo_set(again, o_day, capo_date(2000, 2, 29));
    capo_set(again, o_hour, capo_time(23, 59, 59, 999999));
    capo_set(again, o_moment, ((DateTime){ -5 }));
    capo_set(again, o_length, ((Duration){ -1 }));
    capo_set(again, o_code, kind->code);
    capo_set(again, o_bytes, ((Bytes){ (const uint8_t *)"", 0 }));
    capo_set(again, o_data, capo_value_bool(false));
    capo_save(again);
    capo_refresh(kind);
    EXPECT_TEXT(kind->o_char, "c");
    EXPECT_TEXT(kind->o_text, "");
    EXPECT(kind->o_integer.present && kind->o_integer.value == 0);
    EXPECT_TEXT(kind->o_price.value.text, "0.10");
    EXPECT(kind->o_active.present && !kind->o_active.value);
    EXPECT_TEXT(capo_date_iso(kind->o_day.value), "2000-02-29");
    EXPECT_INT(kind->o_hour.value.microseconds, INT64_C(86399999999));
    EXPECT_INT(kind->o_moment.value.microseconds, -5);
    EXPECT_INT(kind->o_length.value.microseconds, -1);
    EXPECT(kind->o_bytes.present && kind->o_bytes.value.size == 0);
    EXPECT(kind->o_data.present && kind->o_data.value.kind == VALUE_BOOL);
    capo_set_null(kind, o_day);
    kind->o_char = NULL;
    capo_save(kind);
    capo_refresh(again);
    EXPECT(!again->o_day.present && !again->o_char && again->o_hour.present);
}

TEST(save_writes_what_changed)
{
    capo_test_database();
    Author *ann = capo_test_author("ann");
    EXPECT_INT(ann->id, 1);
    EXPECT_TEXT(last_sql(), "INSERT INTO \"library_author\" (\"name\", \"email\") VALUES ('ann', 'ann@example.com')");
    EXPECT_QUERIES(0, capo_save(ann));
    ann->name = "anna";
    EXPECT(capo_field_changed(&ann->capo, capo_field(&Author_model, "name")));
    EXPECT(!capo_field_changed(&ann->capo, capo_field(&Author_model, "email")));
    EXPECT_QUERIES(1, capo_save(ann));
    EXPECT_TEXT(last_sql(), "UPDATE \"library_author\" SET \"name\" = 'anna' WHERE \"id\" = 1");
    ann->name = capo_strdup("anna");
    EXPECT_QUERIES(0, capo_save(ann));
    /* A copy: without its key it is a new row. */
    ann->id = 0;
    ann->email = "copy@example.com";
    capo_save(ann);
    EXPECT_INT(ann->id, 2);
    EXPECT_INT(capo_count(Author), 2);
    /* Its row went meanwhile: it is written anew, as Django does. */
    capo_sql_run("DELETE FROM library_author WHERE id = 2");
    ann->name = "back";
    capo_save(ann);
    EXPECT_INT(capo_count(Author), 2);
    EXPECT_TEXT(capo_get(Author, .where = { .id = EQ(2) })->email, "copy@example.com");
}

TEST(json_changes_in_place_are_seen)
{
    capo_test_database();
    Kind *kind = capo_new(Kind);
    kind->name = "j";
    capo_save(kind);
    kind = capo_get(Kind, .where = { .name = EQ("j") });
    EXPECT(!capo_field_changed(&kind->capo, capo_field(&Kind_model, "data")));
    capo_map_set(kind->data.map, "b", VALUE(2));
    EXPECT(capo_field_changed(&kind->capo, capo_field(&Kind_model, "data")));
    capo_save(kind);
    capo_refresh(kind);
    EXPECT_TEXT(capo_json_text(kind->data, 0), "{\"a\": 1, \"b\": 2}");
}

TEST(times_set_themselves)
{
    capo_test_database();
    Kind *kind = capo_new(Kind);
    kind->name = "t";
    capo_freeze_time((DateTime){ 1000000 });
    capo_save(kind);
    EXPECT_INT(kind->created.microseconds, 1000000);
    EXPECT_INT(kind->changed.microseconds, 1000000);
    capo_freeze_time((DateTime){ 2000000 });
    EXPECT_QUERIES(0, capo_save(kind));
    kind->text = "x";
    capo_save(kind);
    capo_refresh(kind);
    EXPECT_INT(kind->created.microseconds, 1000000);
    EXPECT_INT(kind->changed.microseconds, 2000000);
}

TEST(own_keys)
{
    capo_test_database();
    Country *country = capo_new(Country);
    country->code = "de";
    country->name = "Germany";
    capo_save(country);
    EXPECT_TEXT(capo_instance_text(&country->capo), "Germany (de)");
    Country *same = capo_new(Country);
    same->code = "de";
    same->name = "Deutschland";
    capo_save(same);
    EXPECT_INT(capo_count(Country), 1);
    capo_refresh(country);
    EXPECT_TEXT(country->name, "Deutschland");
}

static void save_book(void *self) { capo_save((Book *)self); }
static void insert_country(void *self) { capo_instance_insert(&((Country *)self)->capo); }

TEST(relations_follow_pointer_and_key)
{
    capo_test_database();
    Author *ann = capo_test_author("ann"), *ben = capo_test_author("ben");
    Book *one = capo_test_book("One", ann);
    EXPECT(capo_related(one, author) != ann);
    EXPECT_TEXT(capo_related(one, author)->name, "ann");
    EXPECT_QUERIES(0, (void)capo_related(one, author));
    one->author = ben;                              /* the pointer leads, the key follows */
    capo_save(one);
    EXPECT_INT(one->author_id, ben->id);
    one->author_id = ann->id;                       /* the key leads, the object is loaded anew */
    EXPECT_TEXT(capo_related(one, author)->name, "ann");
    EXPECT(capo_related(one, editor) == NULL);
    capo_set(one, editor_id, ben->id);
    EXPECT_TEXT(capo_related(one, editor)->name, "ben");

    Author *fresh = capo_new(Author);
    fresh->name = "new";
    one->author = fresh;
    EXPECT_TEXT(EXPECT_RAISES(ERROR_VALUE, save_book, one)->message,
                "save() prohibited to prevent data loss due to unsaved related object 'author'. Save the Author first.");
    fresh->email = "n@example.com";
    capo_save(fresh);
    capo_save(one);
    EXPECT_INT(one->author_id, fresh->id);
    Book *nobody = capo_new(Book);
    nobody->title = "Nobody's";
    EXPECT(strstr(EXPECT_RAISES(ERROR_INTEGRITY, save_book, nobody)->message, not_null("library_book", "author_id")));
    Country *country = capo_new(Country);
    country->code = "fr";
    capo_save(country);
    EXPECT(strstr(EXPECT_RAISES(ERROR_INTEGRITY, insert_country, country)->message, not_unique("library_country", "code")));
}

TEST(one_to_one_both_ways)
{
    capo_test_database();
    Author *ann = capo_test_author("ann"), *ben = capo_test_author("ben");
    Profile *profile = capo_new(Profile);
    Value value;
    profile->author_id = ann->id;
    profile->bio = "b";
    capo_save(profile);
    EXPECT_TEXT(((Profile *)capo_instance_related(&ann->capo, "profile"))->bio, "b");
    EXPECT_QUERIES(0, capo_instance_related(&ann->capo, "profile"));
    EXPECT(capo_instance_lookup(&ann->capo, "profile.author.name", 19, &value));
    EXPECT_TEXT(capo_to_text(value), "ann");
    EXPECT(!capo_instance_lookup(&ben->capo, "profile", 7, &value));
}

TEST(templates_ask_instances)
{
    capo_test_database();
    Author *ann = capo_test_author("ann");
    Book *one = capo_test_book("One", ann);
    EXPECT_TEXT(text_of(&one->capo, "title"), "One");
    EXPECT_TEXT(text_of(&one->capo, "author_id"), "1");
    EXPECT_TEXT(text_of(&one->capo, "author"), "ann");
    EXPECT_TEXT(text_of(&one->capo, "get_status_display"), "Draft");
    EXPECT_TEXT(text_of(&one->capo, "editor"), "None");
    EXPECT_TEXT(capo_to_text(capo_value_object(one)), "One");
    Value value;
    EXPECT(!capo_lookup(capo_value_object(one), "nothing", 7, &value));
    EXPECT(capo_equal(capo_value_object(one), capo_value_object(capo_get(Book))));
    EXPECT(!capo_equal(capo_value_object(one), capo_value_object(ann)));
    EXPECT(capo_truth(capo_value_object(one)));
    EXPECT(capo_lookup(capo_value_object(ann), "books", 5, &value));
    EXPECT_INT(capo_query_count((Query *)value.object), 1);
    EXPECT_TEXT(capo_instance_text(capo_instance_new(&Membership_model)), "Membership object (None)");
}

static List *keys(int64_t a, int64_t b)
{
    List *list = capo_list_new();
    capo_list_add(list, VALUE(a));
    if (b)
        capo_list_add(list, VALUE(b));
    return list;
}

static int64_t related_count(Instance *self, const char *accessor) { return capo_query_count(capo_instance_related_query(self, accessor)); }

TEST(many_to_many_is_kept)
{
    capo_test_database();
    Author *ann = capo_test_author("ann"), *ben = capo_test_author("ben"), *cid = capo_test_author("cid");
    Book *one = capo_test_book("One", ann);
    Genre *genres[3];
    for (int i = 0; i < 3; i++) {
        genres[i] = capo_new(Genre);
        genres[i]->name = capo_format("g%d", i);
        capo_save(genres[i]);
    }
    capo_add(one, "genres", keys(1, 2));
    capo_add(one, "genres", capo_value_object(genres[0]));
    EXPECT_INT(related_count(&one->capo, "genres"), 2);
    EXPECT_INT(related_count(&genres[0]->capo, "books"), 1);
    capo_set_all(one, "genres", keys(2, 3));
    EXPECT_INT(related_count(&genres[0]->capo, "books"), 0);
    EXPECT_INT(related_count(&genres[2]->capo, "books"), 1);
    capo_remove(one, "genres", 2);
    EXPECT_INT(related_count(&one->capo, "genres"), 1);
    capo_clear(genres[2], "books");
    EXPECT_INT(related_count(&one->capo, "genres"), 0);

    capo_add(ann, "friends", keys(ben->id, cid->id));
    EXPECT_INT(related_count(&ben->capo, "friends"), 1);
    capo_remove(ben, "friends", ann->id);
    EXPECT_INT(related_count(&ann->capo, "friends"), 1);
    capo_add(ann, "follows", ben->id);
    EXPECT_INT(related_count(&ben->capo, "follows"), 0);
    EXPECT_INT(related_count(&ben->capo, "followers"), 1);

    Club *club = capo_new(Club);
    club->name = "c";
    capo_save(club);
    capo_add(club, "members", ann->id);
    EXPECT_TEXT(capo_get(Membership)->role, "member");

    capo_add(ben, "books", one->id);                /* over a plain key: the row's key changes */
    capo_refresh(one);
    EXPECT_INT(one->author_id, ben->id);
    capo_add(cid, "edited", one->id);
    capo_set_all(cid, "edited", capo_value_list(capo_list_new()));
    capo_refresh(one);
    EXPECT(!one->editor_id.present);
}

TEST(bulk_create_fills_keys)
{
    capo_test_database();
    Instance *genres[300];
    for (int i = 0; i < 300; i++) {
        Genre *genre = capo_new(Genre);
        genre->name = capo_format("g%03d", i);
        genres[i] = &genre->capo;
    }
    EXPECT_QUERIES(1, capo_bulk_create(genres, 300));
    EXPECT_INT(((Genre *)genres[299])->id, 300);
    EXPECT_TEXT(capo_get(Genre, .where = { .id = EQ(17) })->name, "g016");
    EXPECT_QUERIES(0, capo_instance_save(genres[3]));
}

TEST(bulk_create_meets_rows_that_are_there)
{
    capo_test_database();
    Author *ann = capo_test_author("ann"), *ben = capo_new(Author), *other = capo_new(Author);
    ben->name = "ben";
    ben->email = "ben@example.com";
    other->name = "another ann";
    other->email = ann->email;
    Instance *both[] = { &ben->capo, &other->capo };
    EXPECT_INT(capo_bulk_create_with(both, 2, &(BulkOptions){ .conflict = BULK_IGNORE }), 1);
    EXPECT_INT(capo_count(Author), 2);
    EXPECT_INT(capo_bulk_create_with(both, 2, &(BulkOptions){ .conflict = BULK_UPDATE, .update = LIST("name"),
                                                     .unique = database_is("mysql") ? NULL : LIST("email") }),
               database_is("mysql") ? 3 : 2);                       /* MariaDB counts a row that it changed twice */
    capo_refresh(ann);
    EXPECT_TEXT(ann->name, "another ann");
    EXPECT_INT(capo_count(Author), 2);
}

TEST(bulk_update_writes_many)
{
    capo_test_database();
    Instance *kinds[3];
    for (int i = 0; i < 3; i++) {
        Kind *kind = capo_new(Kind);
        kind->name = capo_format("k%d", i);
        capo_save(kind);
        kind->price = (Decimal){ capo_format("%d.50", i) };
        kind->data = VALUE(i);
        capo_set(kind, o_day, capo_date(2026, 1, i + 1));
        kinds[i] = &kind->capo;
    }
    ((Kind *)kinds[2])->o_day.present = false;
    EXPECT_QUERIES(1, EXPECT_INT(capo_bulk_update(kinds, 3, LIST("price", "data", "o_day")), 3));
    EXPECT_QUERIES(0, capo_instance_save(kinds[0]));
    for (int i = 0; i < 3; i++) {
        capo_instance_refresh(kinds[i]);
        EXPECT_TEXT(((Kind *)kinds[i])->price.text, capo_format("%d.50", i));
        EXPECT_INT(((Kind *)kinds[i])->data.integer, i);
        EXPECT(((Kind *)kinds[i])->o_day.present == (i < 2));
    }
}

static void conflict_without_target(void *row)
{
    capo_bulk_create_with((Instance *[]){ row }, 1, &(BulkOptions){ .conflict = BULK_UPDATE, .update = LIST("name") });
}

TEST(bulk_create_says_which_unique_key_may_clash)
{
    capo_test_database();
    Author *ann = capo_test_author("ann"), *again = capo_new(Author);
    again->id = ann->id;
    again->name = "again";
    again->email = "again@example.com";
    if (!database_is("mysql")) {
        EXPECT_TEXT(EXPECT_RAISES(ERROR_VALUE, conflict_without_target, &again->capo)->message,
                    "Unique fields that can trigger the upsert must be provided (.unique).");
        capo_bulk_create_with((Instance *[]){ &again->capo }, 1, &(BulkOptions){ .conflict = BULK_UPDATE, .update = LIST("name"), .unique = LIST("pk") });
    } else {
        conflict_without_target(&again->capo);
    }
    capo_refresh(ann);
    EXPECT_TEXT(ann->name, "again");
    EXPECT_TEXT(ann->email, "ann@example.com");
}

TEST(bulk_update_computes_expressions)
{
    capo_test_database();
    Author *ann = capo_test_author("ann");
    Book *books[3];
    for (int i = 0; i < 3; i++) {
        books[i] = capo_test_book(capo_format("b%d", i), ann);
        books[i]->pages = 10 + i;
        capo_save(books[i]);
    }
    Instance *rows[] = { &books[0]->capo, &books[1]->capo, &books[2]->capo };
    books[0]->pages = 50;
    capo_set_expression(books[1], pages, MUL(F("pages"), 2));
    capo_set_expression(books[2], pages, ADD(F("pages"), 1));
    capo_set_expression(books[2], title, FN(Upper, F("title")));
    EXPECT_INT(capo_bulk_update(rows, 3, LIST("pages", "title")), 3);
    EXPECT_INT(books[1]->pages, 22);
    EXPECT_TEXT(books[2]->title, "B2");
    EXPECT_QUERIES(0, capo_instance_save(rows[1]));
    for (int i = 0; i < 3; i++) {
        capo_instance_refresh(rows[i]);
        EXPECT_INT(books[i]->pages, ((int[]){ 50, 22, 13 })[i]);
        EXPECT_TEXT(books[i]->title, ((const char *[]){ "b0", "b1", "B2" })[i]);
    }
}

TEST(hooks_see_saves)
{
    capo_test_database();
    Book *one = capo_test_book("One", capo_test_author("ann"));
    one->pages = 3;
    capo_save(one);
    EXPECT_TEXT(capo_test_hooks, "pre-insert One;inserted One;pre-update One;updated One;");
}

TEST(save_fields_saves_those)
{
    capo_test_database();
    Author *ann = capo_test_author("ann");
    ann->name = "x";
    ann->email = "x@example.com";
    capo_instance_save_fields(&ann->capo, LIST("name"));
    EXPECT_TEXT(last_sql(), "UPDATE \"library_author\" SET \"name\" = 'x' WHERE \"id\" = 1");
    EXPECT(capo_field_changed(&ann->capo, capo_field(&Author_model, "email")));
    capo_refresh(ann);
    EXPECT_TEXT(ann->email, "ann@example.com");
}

/* --- cleaning --- */

static struct { const char *field; Value value; } cleaned;
static void clean(void *unused)
{
    (void)unused;
    capo_field_clean(capo_field(&Kind_model, cleaned.field), cleaned.value, false);
}

static const char *message(const char *field, Value value)
{
    cleaned.field = field;
    cleaned.value = value;
    const Error *error = capo_try(clean, NULL);
    if (!error)
        return "";
    EXPECT_INT(error->code, ERROR_VALIDATION);
    return error->message;
}
#define EXPECT_CLEAN(field, x, wanted) EXPECT_TEXT(message(field, VALUE(x)), wanted)

TEST(fields_clean_in_djangos_words)
{
    capo_test_database();
    EXPECT_CLEAN("name", "ok", "");
    EXPECT_CLEAN("name", "", "This field cannot be blank.");
    EXPECT_TEXT(message("name", capo_value_null()), "This field cannot be null.");
    EXPECT_CLEAN("name", "12345678901234567890123456789012345678901", "Ensure this value has at most 40 characters (it has 41).");
    EXPECT_TEXT(message("text", capo_value_text_n("a\0b", 3)), "Null characters are not allowed.");
    EXPECT_CLEAN("integer", "x", "“x” value must be an integer.");
    EXPECT_CLEAN("integer", " 12 ", "");
    EXPECT_CLEAN("small", 11, "Ensure this value is less than or equal to 10.");
    EXPECT_CLEAN("small", -11, "Ensure this value is greater than or equal to -10.");
    EXPECT_CLEAN("positive", -1, "Ensure this value is greater than or equal to 0.");
    EXPECT_CLEAN("real", "1,5", "“1,5” value must be a float.");
    EXPECT_CLEAN("price", "x", "“x” value must be a decimal number.");
    EXPECT_CLEAN("price", "1.234", "Ensure that there are no more than 2 decimal places.");
    EXPECT_CLEAN("price", "1234567.1", "Ensure that there are no more than 6 digits before the decimal point.");
    EXPECT_CLEAN("price", "1234567.123", "Ensure that there are no more than 8 digits in total.");
    EXPECT_CLEAN("active", "maybe", "“maybe” value must be either True or False.");
    EXPECT_CLEAN("o_active", "maybe", "“maybe” value must be either True, False, or None.");
    EXPECT_CLEAN("day", "22.11.2026", "“22.11.2026” value has an invalid date format. It must be in YYYY-MM-DD format.");
    EXPECT_CLEAN("day", "2026-02-30", "“2026-02-30” value has the correct format (YYYY-MM-DD) but it is an invalid date.");
    EXPECT_CLEAN("hour", "x", "“x” value has an invalid format. It must be in HH:MM[:ss[.uuuuuu]] format.");
    EXPECT_CLEAN("hour", "25:00", "“25:00” value has the correct format (HH:MM[:ss[.uuuuuu]]) but it is an invalid time.");
    EXPECT_CLEAN("moment", "x", "“x” value has an invalid format. It must be in YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] format.");
    EXPECT_CLEAN("moment", "2026-11-22 25:00", "“2026-11-22 25:00” value has the correct format (YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ]) but it is an invalid date/time.");
    EXPECT_CLEAN("length", "x", "“x” value has an invalid format. It must be in [DD] [[HH:]MM:]ss[.uuuuuu] format.");
    EXPECT_CLEAN("code", "x", "“x” is not a valid UUID.");
    EXPECT_CLEAN("email", "x", "Enter a valid email address.");
    EXPECT_CLEAN("email", "", "");
    EXPECT_CLEAN("url", "x", "Enter a valid URL.");
    EXPECT_CLEAN("slug", "a b", "Enter a valid “slug” consisting of letters, numbers, underscores or hyphens.");
    EXPECT_CLEAN("address", "1.2.3", "Enter a valid IPv4 or IPv6 address.");
    EXPECT_TEXT(message("o_day", capo_value_null()), "");
}

static const char *errors_of(const ValidationError *error)
{
    Buffer text = { 0 };
    for (; error; error = error->next)
        capo_put_format(&text, "%s: %s\n", error->field ? error->field : "-", error->message);
    return capo_buffer_text(&text);
}

TEST(full_clean_finds_all)
{
    capo_test_database();
    Author *ann = capo_test_author("ann");
    capo_test_book("One", ann);
    Book *two = capo_new(Book);
    two->title = "Untitled";
    two->slug = "a b";
    two->author_id = 99;
    two->status = "z";
    two->pages = 10001;
    EXPECT_TEXT(errors_of(capo_instance_full_clean(&two->capo, NULL)),
                "slug: Enter a valid “slug” consisting of letters, numbers, underscores or hyphens.\n"
                "author: author instance with id 99 does not exist.\nstatus: Value 'z' is not a valid choice.\n"
                "title: A book has a title.\n-: Too many pages.\n");
    two->title = "Banned";
    two->slug = "one";
    two->author_id = ann->id;
    two->status = "p";
    two->pages = 1;
    EXPECT_TEXT(errors_of(capo_instance_full_clean(&two->capo, NULL)), "-: This book is banned.\n-: Book with this Author and Slug already exists.\n");
    two->title = "Two";
    EXPECT_TEXT(errors_of(capo_instance_full_clean(&two->capo, LIST("slug"))), "");
    Author *again = capo_new(Author);
    again->name = "x";
    again->email = "ann@example.com";
    EXPECT_TEXT(errors_of(capo_instance_full_clean(&again->capo, NULL)), "email: Author with this Email already exists.\n");
    EXPECT_TEXT(errors_of(capo_instance_unique_errors(&ann->capo, NULL)), "");
}

static void assign(void *self) { capo_field_assign(&((Kind *)self)->capo, capo_field(&Kind_model, "name"), capo_value_text_n("a\0b", 3)); }

/* SEC-296: a NUL is refused, never cut. */
TEST(sec_296_nul_is_refused)
{
    capo_test_database();
    EXPECT_RAISES(ERROR_VALIDATION, assign, capo_new(Kind));
}

TEST(historical_instances_keep_values)
{
    capo_test_database();
    static const FieldRow rows[] = { { .name = "id", .kind = FIELD_BIG_AUTO }, { .name = "name", .kind = FIELD_CHAR, .options.text.max_length = 30 }, { 0 } };
    Model *genre = capo_alloc_struct(Model);
    *genre = (Model){ .name = "Genre", .app = "library", .rows = rows };
    capo_models_resolve((Model *[]){ genre }, 1);
    Instance *self = capo_instance_new(genre);
    capo_field_assign(self, capo_field(genre, "name"), VALUE("old"));
    capo_instance_save(self);
    EXPECT_TEXT(capo_get(Genre)->name, "old");
    capo_field_assign(self, capo_field(genre, "name"), VALUE("new"));
    capo_instance_save(self);
    EXPECT_TEXT(last_sql(), "UPDATE \"library_genre\" SET \"name\" = 'new' WHERE \"id\" = 1");
    capo_instance_refresh(self);
    EXPECT_TEXT(text_of(self, "name"), "new");
    EXPECT_INT(capo_instance_delete(self), 1);
    EXPECT_INT(capo_count(Genre), 0);
}

TEST(raw_sql_gives_instances)
{
    capo_test_database();
    capo_test_author("ann");
    capo_test_author("ben");
    Author **rows = capo_raw(Author, "SELECT id, name, 7 AS seven FROM library_author WHERE name > ? ORDER BY id", "a");
    EXPECT_TEXT(rows[1]->name, "ben");
    EXPECT(rows[2] == NULL);
    EXPECT_TEXT(text_of(&rows[0]->capo, "seven"), "7");
    EXPECT_TEXT(text_of(&rows[0]->capo, "email"), "ann@example.com");         /* read when asked for */
    EXPECT_TEXT(capo_to_text(capo_value_list(capo_sql_rows("SELECT name FROM library_author WHERE id = ?", 1))), "[{'name': 'ann'}]");
    EXPECT_INT(capo_sql_run("UPDATE library_author SET name = ?", "x"), 2);
}

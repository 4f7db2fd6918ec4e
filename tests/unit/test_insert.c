/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows that are inserted together are in the table what they are when they are inserted one by one, whatever form the database gets them in. */
#include "query_library.h"
#include "../../orm/instance.h"
#include "../orm/family.h"

static Kind *make_kind(int i, const char *prefix)
{
    Kind *kind = capo_new(Kind);
    kind->name = capo_format("%s %d \xc3\xa9'\"\\{},", prefix, i);
    kind->text = i ? "NULL" : "";
    kind->file = "/tmp/x";
    kind->code = (Uuid){ { 1, 2, 3, [15] = (uint8_t)i } };
    kind->integer = i ? INT32_MIN : INT32_MAX;
    kind->big = i ? INT64_MIN : INT64_MAX;
    kind->small = -10;
    kind->real = i / 3.0;
    kind->active = i & 1;
    kind->price = (Decimal){ i ? "-0.05" : "123456.78" };
    kind->moment = (DateTime){ i ? INT64_C(-1) : INT64_C(4102444800000001) };
    kind->day = capo_date(i ? 1 : 9999, 12, 31);
    kind->hour = (Time){ i ? INT64_C(86399999999) : 0 };
    kind->length = (Duration){ i ? INT64_C(-90061000001) : INT64_C(90061000001) };
    kind->bytes = (Bytes){ (const uint8_t *)"a\0b", i ? 3 : 0 };
    kind->data = capo_value_list(capo_values_list((Value[]){ VALUE(i), VALUE("\xc3\xa9\"") }, 2));
    if (i == 2) {
        kind->o_char = "";
        kind->o_text = "long";
        capo_set(kind, o_integer, 0);
        capo_set(kind, o_small, 7);
        capo_set(kind, o_real, -0.5);
        capo_set(kind, o_active, false);
        capo_set(kind, o_price, (Decimal){ "1.50" });
        capo_set(kind, o_day, capo_date(2024, 2, 29));
        capo_set(kind, o_hour, (Time){ 1 });
        capo_set(kind, o_moment, moment("2024-02-29T23:59:59.999999"));
        capo_set(kind, o_length, (Duration){ -1 });
        capo_set(kind, o_code, capo_uuid_random());
        capo_set(kind, o_data, capo_value_map(capo_map_new()));
    }
    return kind;
}

static void expect_same_rows(const Instance *a, const Instance *b)
{
    for (size_t i = 0; i < a->model->n_fields; i++) {
        const Field *field = a->model->fields[i];
        Value of_a = capo_field_value(a, field), of_b = capo_field_value(b, field);
        bool own = field->primary_key || field->auto_now || field->auto_now_add || !strcmp(field->name, "name") || !strcmp(field->name, "o_code");
        bool same = of_a.kind == of_b.kind && (own || of_a.kind == VALUE_NULL || capo_equal(of_a, of_b));
        EXPECT_TEXT(capo_format("%s: %s", field->name, same ? "" : capo_to_text(of_a)), capo_format("%s: %s", field->name, same ? "" : capo_to_text(of_b)));
    }
}

/* With an address of the internet, which has no array, and without. */
TEST(insert_of_many_is_the_insert_of_each)
{
    query_library();
    for (int with_address = 0; with_address < 2; with_address++) {
        Instance *together[3], *alone[3];
        for (int i = 0; i < 3; i++) {
            Kind *a = make_kind(i, with_address ? "Together at" : "Together"), *b = make_kind(i, with_address ? "Alone at" : "Alone");
            together[i] = &a->capo;
            alone[i] = &b->capo;
            if (with_address)
                a->o_address = b->o_address = "10.0.0.1";
            capo_save(b);
        }
        capo_bulk_create(together, 3);
        for (int i = 0; i < 3; i++) {
            EXPECT(capo_instance_is_saved(together[i]) && ((Kind *)together[i])->id > 0);
            Instance *in_table = capo_query_get(capo_query(Kind, .where = { .id = EQ(((Kind *)together[i])->id) }));
            EXPECT_TEXT(((Kind *)in_table)->name, ((Kind *)together[i])->name);
            expect_same_rows(in_table, capo_query_get(capo_query(Kind, .where = { .id = EQ(((Kind *)alone[i])->id) })));
        }
    }
}

TEST(insert_of_many_keeps_their_order_and_keys)
{
    query_library();
    enum { COUNT = 700 };
    Instance *rows[COUNT];
    for (int i = 0; i < COUNT; i++) {
        Genre *genre = capo_new(Genre);
        genre->name = capo_format("genre %d", i);
        rows[i] = &genre->capo;
        if (i >= COUNT - 2)
            genre->id = 10000 + i;                      /* who give their key go by themselves */
    }
    EXPECT_INT(capo_bulk_create_with(rows, COUNT, &(BulkOptions){ .batch_size = 300 }), COUNT);
    for (int i = 0; i < COUNT; i++)
        EXPECT_INT(capo_get(Genre, .where = { .name = EQ(capo_format("genre %d", i)) })->id, ((Genre *)rows[i])->id);
    EXPECT_INT(((Genre *)rows[COUNT - 1])->id, 10000 + COUNT - 1);
    EXPECT_INT(((Genre *)rows[1])->id, ((Genre *)rows[0])->id + 1);
}

static void too_long(void *unused)
{
    (void)unused;
    Genre *a = capo_new(Genre), *b = capo_new(Genre);
    a->name = "short";
    b->name = "much longer than the thirty characters that there are";
    capo_bulk_create((Instance *const[]){ &a->capo, &b->capo }, 2);
}

static void twice(void *unused)
{
    (void)unused;
    Genre *a = capo_new(Genre), *b = capo_new(Genre);
    a->name = b->name = "twice";
    capo_bulk_create((Instance *const[]){ &a->capo, &b->capo }, 2);
}

static void unsaved(void *unused)
{
    (void)unused;
    Book *a = capo_new(Book), *b = capo_new(Book);
    a->title = b->title = "x";
    a->author = capo_new(Author);
    b->author_id = 1;
    capo_bulk_create((Instance *const[]){ &a->capo, &b->capo }, 2);
}

TEST(insert_of_many_is_refused_as_that_of_each)
{
    query_library();
    EXPECT_RAISES(ERROR_INTEGRITY, twice, NULL);
    EXPECT_RAISES(ERROR_VALUE, unsaved, NULL);
    if (strcmp(capo_backend()->name, "sqlite"))
        EXPECT_RAISES(ERROR_DATA, too_long, NULL);
    EXPECT_INT(capo_count(Genre), 3);
    EXPECT_INT(capo_count(Book), 4);
}

TEST(insert_of_many_ignores_and_updates)
{
    query_library();
    Genre *old = capo_new(Genre), *fresh = capo_new(Genre);
    old->name = "poetry";
    fresh->name = "drama";
    Instance *const both[] = { &old->capo, &fresh->capo };
    capo_bulk_create_with(both, 2, &(BulkOptions){ .conflict = BULK_IGNORE });
    EXPECT_INT(capo_count(Genre), 4);
    Genre *again = capo_get(Genre, .where = { .name = EQ("drama") });
    Genre *one = capo_new(Genre), *two = capo_new(Genre);
    one->id = again->id;
    one->name = "opera";
    two->id = again->id + 1;
    two->name = "song";
    BulkOptions update = { .conflict = BULK_UPDATE, .update = LIST("name"), .unique = strcmp(capo_backend()->name, "mysql") ? LIST("id") : NULL };
    capo_bulk_create_with((Instance *const[]){ &one->capo, &two->capo }, 2, &update);
    EXPECT_TEXT(capo_get(Genre, .where = { .id = EQ(again->id) })->name, "opera");
    EXPECT_INT(capo_count(Genre), 5);
}

/* The objects behind keys, and keys that change behind them, count as they do for one row. */
TEST(insert_of_many_takes_keys_of_objects)
{
    query_library();
    Author *cid = capo_get(Author, .where = { .name = EQ("Cid") });
    Book *a = capo_new(Book), *b = capo_new(Book);
    a->title = a->slug = "a";
    b->title = b->slug = "b";
    a->author = cid;
    b->author_id = cid->id;
    capo_bulk_create((Instance *const[]){ &a->capo, &b->capo }, 2);
    EXPECT_INT(capo_query_count(capo_related_query(cid, "books")), 2);
    family_database();
    Ware *pen = capo_new(Ware), *cup = capo_new(Ware);
    pen->name = "Pen";
    cup->name = "Cup";
    pen->price = cup->price = (Decimal){ "12.50" };
    capo_bulk_create((Instance *const[]){ &pen->capo, &cup->capo }, 2);
    EXPECT_TEXT(capo_get(Ware, .where = { .name = EQ("Cup") })->price.text, "12.50");
}

/* The text of one row is kept: it must not be that of another row's columns. */
TEST(insert_of_one_is_right_whatever_was_inserted_before)
{
    query_library();
    for (int i = 0; i < 6; i++) {
        Author *author = capo_new(Author);
        author->name = capo_format("Number %d", i);
        author->email = capo_format("%d@example.com", i);
        if (i % 3 == 1)
            author->id = 700 + i;           /* a key of its own is a column more */
        capo_save(author);
        EXPECT(i % 3 == 1 ? author->id == 700 + i : author->id > 0);
        Author *read = capo_get(Author, .where = { .id = EQ(author->id) });
        EXPECT_TEXT(read->name, author->name);
        EXPECT_TEXT(read->email, author->email);
        Club *club = capo_new(Club);
        club->name = author->name;
        capo_save(club);
        EXPECT_TEXT(capo_get(Club, .where = { .id = EQ(club->id) })->name, author->name);
    }
}

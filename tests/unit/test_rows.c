/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows that become instances at once are those that are made from their cells: each query is asked both ways, the second time with somebody who
 * listens to instances being made, for whom they are made one by one. */
#include "query_library.h"
#include <capo/model_signals.h>
#include "../../orm/instance.h"
#include "../orm/family.h"

static void listen(SignalEvent *event) { (void)event; }
static const SignalReceiver listener = RECEIVER(&capo_post_init, listen);
static void stop_listening(void *unused) { (void)unused; capo_disconnect(&listener); }

static const char *where(const Instance *row, const Field *field) { return capo_format("%s.%s", row->model->name, field->name); }

static void expect_same_value(const char *what, Value a, Value b)
{
    bool same = a.kind == b.kind && a.flags == b.flags && (a.kind == VALUE_NULL || capo_equal(a, b));
    EXPECT_TEXT(capo_format("%s %d %s", what, a.kind, same ? "" : capo_to_text(a)), capo_format("%s %d %s", what, b.kind, same ? "" : capo_to_text(b)));
}

static void expect_same(Instance *a, Instance *b, int depth)
{
    EXPECT(!a == !b);
    if (!a || depth > 3)
        return;
    const Model *model = a->model;
    EXPECT(model == b->model && a->ops == b->ops);
    EXPECT_INT(a->state->saved, b->state->saved);
    EXPECT_INT(!a->state->peers, !b->state->peers);
    EXPECT(a->state->database == b->state->database);
    for (size_t i = 0; i < model->n_fields; i++) {
        const Field *field = model->fields[i];
        bool deferred = capo_field_is_deferred(a, field);
        EXPECT_INT(deferred, capo_field_is_deferred(b, field));
        expect_same_value(where(a, field), capo_member_value((char *)a, field), capo_member_value((char *)b, field));
        expect_same_value(where(a, field), capo_member_value(a->state->original, field), capo_member_value(b->state->original, field));
        EXPECT(!capo_field_changed(a, field));
        Instance *of_a = NULL, *of_b = NULL;
        if (!field->target)
            continue;
        EXPECT_INT(capo_instance_cached(a, field, &of_a), capo_instance_cached(b, field, &of_b));
        expect_same(of_a, of_b, depth + 1);
        if (field->layout.object >= 0)
            EXPECT(*(Instance **)(void *)((char *)a + field->layout.object) == of_a);
    }
    for (size_t i = 0; i < model->n_reverse; i++) {
        Instance *of_a = NULL, *of_b = NULL;
        EXPECT_INT(capo_instance_cached_reverse(a, model->reverse[i], &of_a), capo_instance_cached_reverse(b, model->reverse[i], &of_b));
        expect_same(of_a, of_b, depth + 1);
    }
}

static Instance **fresh_rows(const Query *query, size_t *ret_count) { return capo_query_rows(query_clone(query), ret_count); }

static size_t expect_both_ways(const Query *asked)
{
    size_t count, count_by_one, streamed = 0;
    const Query *query = query_is_sliced(asked) ? asked : capo_query_order_by(query_clone(asked), LIST("pk"));      /* a server may change its plan in between */
    fresh_rows(query, &count);              /* PostgreSQL's cells are texts at first, and go another way */
    Instance **rows = fresh_rows(query, &count);
    capo_connect(&listener);
    capo_defer(stop_listening, NULL);
    Instance **by_one = fresh_rows(query, &count_by_one);
    stop_listening(NULL);
    EXPECT_INT(count, count_by_one);
    EXPECT(!rows[count] && !by_one[count]);
    for (size_t i = 0; i < count && i < count_by_one; i++)
        expect_same(rows[i], by_one[i], 0);
    struct QueryCursor *cursor = capo_cursor_open(query_clone(query));
    for (Instance *row; (row = capo_cursor_next(cursor)); streamed++)
        if (streamed < count)
            expect_same(row, by_one[streamed], 0);
    EXPECT_INT(streamed, count);
    return count;
}

static void make_kinds(void)
{
    for (int i = 0; i < 3; i++) {
        Kind *kind = capo_new(Kind);
        kind->name = capo_format("Kind %d \xc3\xa9", i);
        kind->file = "/tmp/x";
        kind->integer = -i;
        kind->big = INT64_MIN + i;
        kind->real = i / 3.0;
        kind->active = i & 1;
        kind->moment = (DateTime){ i == 1 ? -62135596800000000 + 1 : INT64_C(1795336200000000) + i };
        kind->day = capo_date(1 + i * 1000, 2 + i, 28);
        kind->bytes = (Bytes){ (const uint8_t *)"a\0b", 3 };
        kind->data = capo_value_list(capo_values_list((Value[]){ VALUE(i), VALUE("x") }, 2));
        if (i != 2) {
            kind->o_char = "";
            kind->o_text = "long";
            capo_set(kind, o_integer, 0);
            capo_set(kind, o_real, 0.0);
            capo_set(kind, o_active, false);
            capo_set(kind, o_price, (Decimal){ "1.50" });
            capo_set(kind, o_day, capo_date(2024, 2, 29));
            capo_set(kind, o_hour, (Time){ 1 });
            capo_set(kind, o_moment, moment("2024-02-29T23:59:59.999999"));
            capo_set(kind, o_length, (Duration){ -1 });
            capo_set(kind, o_code, capo_uuid_random());
            capo_set(kind, o_data, capo_value_map(capo_map_new()));
        }
        capo_save(kind);
    }
}

TEST(rows_of_every_kind_are_the_same_both_ways)
{
    query_library();
    make_kinds();
    EXPECT_INT(expect_both_ways(capo_query_of(&Kind_model)), 3);
    EXPECT_INT(expect_both_ways(capo_query(Kind, .only = LIST("o_day", "data"))), 3);
    EXPECT_INT(expect_both_ways(capo_query(Kind, .defer = LIST("name", "o_text", "data"))), 3);
    EXPECT_INT(expect_both_ways(capo_query(Kind, .limit = 1)), 1);
    EXPECT_INT(expect_both_ways(capo_query(Kind, .where = { .name = EQ("nobody") })), 0);
    Kind *kind = capo_first(Kind, .only = LIST("integer"), .order_by = LIST("-integer"));
    EXPECT_INT(kind->integer, 0);
    EXPECT_TEXT(capo_to_text(capo_field_value(&kind->capo, capo_field(&Kind_model, "name"))), "Kind 0 \xc3\xa9");   /* deferred: read now */
    EXPECT(!capo_field_is_deferred(&kind->capo, capo_field(&Kind_model, "name")));
}

TEST(rows_with_related_ones_are_the_same_both_ways)
{
    query_library();
    Profile *profile = capo_new(Profile);
    profile->author_id = 1;
    profile->bio = "Writes.";
    capo_save(profile);
    EXPECT_INT(expect_both_ways(capo_query(Book, .select_related = LIST("author", "editor", "country"))), 4);
    EXPECT_INT(expect_both_ways(capo_query(Book, .select_related = LIST("author__profile", "sequel_of__author"))), 4);
    EXPECT_INT(expect_both_ways(capo_query(Profile, .select_related = LIST("author"))), 1);
    EXPECT_INT(expect_both_ways(capo_query(Author, .select_related = LIST("profile"))), 3);
    EXPECT_INT(expect_both_ways(capo_query(Book, .select_related = LIST("author"), .only = LIST("title", "author__name"))), 4);
    EXPECT_INT(expect_both_ways(capo_query(Book, .fetch = FETCH_PEERS, .select_related = LIST("editor"))), 4);
    EXPECT_INT(expect_both_ways(capo_query(Book, .prefetch = LIST("genres"), .select_related = LIST("editor"))), 4);
    Author *ann = capo_get(Author, .where = { .id = EQ(1) });
    EXPECT_INT(expect_both_ways(capo_related_query(ann, "books")), 2);
    EXPECT_INT(expect_both_ways(capo_query(Book, .annotate = EXPRESSIONS(COUNT("genres", .as = "n")), .select_related = LIST("author"), .order_by = LIST("id"))), 4);
}

TEST(rows_of_made_models_are_the_same_both_ways)
{
    family_database();
    Town *rome = make_town("Rome");
    for (int i = 0; i < 2; i++) {
        Trattoria *trattoria = capo_new(Trattoria);
        trattoria->restaurant.place.name = capo_format("Da %d", i);
        trattoria->restaurant.place.town_id = rome->id;
        trattoria->restaurant.seats = 5 + i;
        trattoria->region = "Lazio";
        capo_save(trattoria);
        Ware *ware = capo_new(Ware);
        ware->name = "Pen";
        ware->price = (Decimal){ "12.50" };
        if (i)
            capo_set(ware, old_price, (Decimal){ "13.00" });
        capo_save(ware);
        Review *review = capo_new(Review);
        review->place_id = trattoria->restaurant.place.id;
        if (i)
            capo_set(review, shop_id, trattoria->restaurant.place.id);
        review->stars = 3;
        capo_save(review);
        Letter *letter = capo_new(Letter);
        letter->title = "Dear";
        letter->town_id = rome->id;
        capo_save(letter);
    }
    EXPECT_INT(expect_both_ways(capo_query_of(&Trattoria_model)), 2);
    EXPECT_INT(expect_both_ways(capo_query_of(&Restaurant_model)), 2);
    EXPECT_INT(expect_both_ways(capo_query_of(&Shop_model)), 2);
    EXPECT_INT(expect_both_ways(capo_query_of(&Ware_model)), 2);
    EXPECT_INT(expect_both_ways(capo_query(Letter, .select_related = LIST("town"))), 2);
    EXPECT_INT(expect_both_ways(capo_query(Review, .select_related = LIST("place__town", "shop"))), 2);
    EXPECT_INT(expect_both_ways(capo_query(Restaurant, .select_related = LIST("place_ptr"))), 2);
}

/* A value that the member cannot hold, and columns of other types than the model's. */
TEST(rows_with_columns_of_other_types_are_the_same_both_ways)
{
    query_library();
    make_kinds();
    if (strcmp(capo_backend()->name, "postgresql"))
        return;
    capo_sql_run("ALTER TABLE library_kind ALTER integer TYPE smallint, ALTER o_integer TYPE bigint, ALTER big TYPE numeric, ALTER slug TYPE text, ALTER text TYPE char(30), "
                 "ALTER o_moment TYPE timestamp");
    EXPECT_INT(expect_both_ways(capo_query_of(&Kind_model)), 3);
    capo_sql_run("ALTER TABLE library_kind ALTER integer TYPE numeric, ALTER o_integer TYPE text, ALTER o_real TYPE real, ALTER active TYPE integer USING active::integer");
    EXPECT_INT(expect_both_ways(capo_query_of(&Kind_model)), 3);
    capo_sql_run("ALTER TABLE library_kind ALTER o_real TYPE numeric");
    EXPECT_INT(expect_both_ways(capo_query_of(&Kind_model)), 3);
}

/* SQLite's columns hold what they are given. */
TEST(rows_with_cells_of_other_kinds_are_the_same_both_ways)
{
    query_library();
    make_kinds();
    if (strcmp(capo_backend()->name, "sqlite"))
        return;
    capo_sql_run("UPDATE library_kind SET text = 5, integer = 1.5, big = '12x', real = 7, active = 2, day = '2024-13-01', moment = '2024-02-30 10:00:00', "
                 "length = 'x', o_integer = x'00ff', o_active = 'yes', o_real = '1e', o_moment = '2024-02-29T23:59:59Z', o_day = '2024-02-29 ', "
                 "o_text = x'6162', slug = 1e300 WHERE name LIKE 'Kind 0%'");
    capo_sql_run("UPDATE library_kind SET o_moment = '2024-12-31 10:00:00.5', moment = '2024-01-31 23:59:59', o_real = 5, o_length = 1.5 WHERE name LIKE 'Kind 1%'");
    EXPECT_INT(expect_both_ways(capo_query_of(&Kind_model)), 3);
}

/* A view has rows without a key: they are rows all the same. */
TEST(rows_without_a_key_are_rows)
{
    query_library();
    capo_sql_run("ALTER TABLE library_genre RENAME TO library_real_genre");
    capo_sql_run("CREATE VIEW library_genre AS SELECT CASE WHEN name = 'poetry' THEN NULL ELSE id END AS id, name FROM library_real_genre");
    EXPECT_INT(expect_both_ways(capo_query(Genre, .order_by = LIST("name"))), 3);
    EXPECT_TEXT(column(capo_query(Genre, .order_by = LIST("name")), "name"), "fantasy poetry science");
    capo_sql_run("DROP VIEW library_genre");
    capo_sql_run("ALTER TABLE library_real_genre RENAME TO library_genre");
}

static bool read_moment(const char *text, int64_t *ret) { return capo_read_column_datetime(text, strlen(text), ret); }

/* The short way of the usual spelling says what the parts say, and takes nothing that is no datetime. */
TEST(rows_have_datetimes_of_every_day)
{
    int64_t seen, day = capo_days_of(1, 1, 1);
    for (; day < capo_days_of(10000, 1, 1); day += 13) {
        char text[48];
        capo_write_column_datetime(text, day * INT64_C(86400000000) + 86399 * INT64_C(1000000) + 7);
        EXPECT(read_moment(text, &seen) && seen == day * INT64_C(86400000000) + 86399 * INT64_C(1000000) + 7);
        text[19] = '\0';
        EXPECT(read_moment(text, &seen) && seen == day * INT64_C(86400000000) + 86399 * INT64_C(1000000));
    }
    static const char good[] = "2024-11-12 13:14:15.123456";
    for (size_t i = 0; i < sizeof good - 1; i++) {
        bool digit = good[i] >= '0' && good[i] <= '9';
        for (int c = 1; c < 256; c++) {
            char text[sizeof good];
            memcpy(text, good, sizeof good);
            text[i] = (char)c;
            bool still = digit ? c >= '0' && c <= '9' : c == good[i] || (i == 10 && c == 'T');
            bool zone = (i == 20 && (c == '+' || c == '-')) || (i == 25 && c == 'Z');      /* "15.+23456", "15.12345Z" */
            if (!still && !zone)
                EXPECT_TEXT(read_moment(text, &seen) ? text : "", "");
        }
    }
    EXPECT(!read_moment("2024-02-30 00:00:00", &seen) && !read_moment("0000-01-01 00:00:00", &seen) && !read_moment("2024-00-10 00:00:00", &seen));
    EXPECT(!read_moment("2024-01-10 24:00:00", &seen) && !read_moment("2024-01-10 00:60:00", &seen) && !read_moment("2024-01-10 00:00:60", &seen));
    EXPECT(read_moment("2024-02-29 00:00:00", &seen) && seen == capo_days_of(2024, 2, 29) * INT64_C(86400000000));
}

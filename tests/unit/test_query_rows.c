/* SPDX-License-Identifier: BSD-3-Clause */
/* Queries and their rows: look-ups, order, slices, values, one row, updates, cursors, and queries as template objects. */
#include "query_library.h"

TEST(query_rows_by_lookup)
{
    query_library();
    EXPECT_TEXT(ids(capo_query(Book, .where = { .title = EQ("Alpha") })), "1");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .title = NE("Alpha") })), "2 3 4");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .title = ICONTAINS("ALPHA") })), "1");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .title = ENDSWITH("a") })), "1 2 3");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .title = REGEX("^[AB]") })), "1 2");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .pages = GT(100), .status = EQ("d") })), "2 3 4");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .pages = RANGE(200, 300) })), "2 3");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .id = IN(VALUES(1, 3, 99)) })), "1 3");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = IS_NULL(true) })), "3");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = YEAR(2021) })), "2 4");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = LOOKUP("month__gte", 6) })), "2 4");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = LOOKUP("week_day", 1) })), "1");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = ON_DATE(capo_date(2021, 12, 31)) })), "4");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = LOOKUP("hour", 10) })), "1");
    capo_activate_time_zone(capo_time_zone("Europe/Berlin"));
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = YEAR(2022) })), "4");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .published = ON_DATE(capo_date(2022, 1, 1)) })), "4");
    capo_activate_time_zone(NULL);
}

TEST(query_rows_over_relations)
{
    query_library();
    EXPECT_TEXT(ids(capo_query(Book, .where = { .author = HAS(Author, .name = EQ("Ann")) })), "1 2");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .genres = HAS(Genre, .name = EQ("fantasy")) })), "1 2");
    EXPECT_TEXT(ids(capo_query(Author, .filter = Q("books__genres__name", "science"))), "2");
    EXPECT_TEXT(ids(capo_query(Author, .filter = Q("books__isnull", (bool)true))), "3");
    EXPECT_TEXT(ids(capo_query(Author, .filter = Q("edited__pages", 300))), "1");
    EXPECT_TEXT(ids(capo_query(Book, .filter = Q("author", capo_value_object(capo_get(Author, .where = { .id = EQ(2) }))))), "3 4");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .author_id = IN(capo_query(Author, .where = { .name = EQ("Bob") })) })), "3 4");
    EXPECT_TEXT(ids(capo_query(Book, .where = { .country = HAS(Country, .name = STARTSWITH("Ger")) })), "4");
    EXPECT_TEXT(ids(capo_query(Book, .exclude = { .genres = HAS(Genre, .name = EQ("fantasy")) })), "3 4");
    EXPECT_TEXT(ids(capo_query(Book, .exclude = { .country_id = EQ("DE") })), "1 2 3");
    EXPECT_TEXT(ids(capo_query(Book, .filter = Q("author__id", F("editor_id")))), "");
    EXPECT_TEXT(ids(capo_query(Book, .filter = NOT(Q("author__id", F("editor_id"))))), "1 2 3 4");
    /* one call: one row has both; two calls: rows for each */
    Condition *fantasy = Q("genres__name", "fantasy"), *poetry = Q("genres__name", "poetry");
    EXPECT_TEXT(ids(capo_query(Book, .filter = ALL(fantasy, poetry))), "");
    EXPECT_TEXT(ids(capo_query(Book, .query = capo_query(Book, .filter = fantasy), .filter = poetry)), "1");
    EXPECT_TEXT(ids(capo_query(Book, .filter = ANY(fantasy, poetry))), "1 1 2");
    EXPECT_TEXT(ids(capo_query(Book, .filter = ANY(fantasy, poetry), .distinct = true)), "1 2");
}

TEST(query_rows_order_and_slices)
{
    query_library();
    EXPECT_TEXT(column(capo_query_of(&Book_model), "id"), "4 1 2 3");                 /* Meta's: by title */
    EXPECT_TEXT(column(capo_query(Book, .order_by = LIST("-pages")), "id"), "4 3 2 1");
    EXPECT_TEXT(column(capo_query(Book, .order_by = LIST("-author", "pages")), "id"), "3 4 1 2");
    EXPECT_TEXT(column(capo_query(Book, .reverse = true), "id"), "3 2 1 4");
    EXPECT_TEXT(column(capo_query(Book, .order_by = LIST("pages"), .offset = 1, .limit = 2), "id"), "2 3");
    Query *slice = capo_query_slice(capo_query(Book, .order_by = LIST("pages")), 1, 2);
    EXPECT_INT(capo_query_count(slice), 2);
    EXPECT_TEXT(column(capo_query_slice(slice, 1, 5), "id"), "3");
    EXPECT_INT(capo_query_count(capo_query(Book, .order_by = LIST("?"))), 4);
    EXPECT(capo_query_is_ordered(capo_query_of(&Book_model)) && !capo_query_is_ordered(capo_query(Book, .no_order = true)));
}

static void filter_slice(void *query) { capo_query_filter(query, Q("id", 1)); }
static void get_title(void *title) { capo_get(Book, .where = { .title = EQ((const char *)title) }); }
static void get_any(void *unused) { (void)unused; (void)capo_get(Book, .where = { .id = GT(1) }); }
static void get_or_404(void *unused) { (void)unused; (void)capo_get_or_404(Book, .where = { .id = EQ(99) }); }

TEST(query_rows_one)
{
    query_library();
    EXPECT_TEXT(capo_get(Book, .where = { .slug = EQ("beta") })->title, "Beta");
    const Error *error = EXPECT_RAISES(ERROR_DOES_NOT_EXIST, get_title, (void *)"none");
    EXPECT_TEXT(error->message, "Book matching query does not exist.");
    error = EXPECT_RAISES(ERROR_MULTIPLE_OBJECTS_RETURNED, get_any, NULL);
    EXPECT_TEXT(error->message, "get() returned more than one Book -- it returned 3!");
    EXPECT_RAISES(404, get_or_404, NULL);
    EXPECT_TEXT(capo_first(Book)->title, "100% Delta_x");
    EXPECT_TEXT(capo_last(Book)->title, "Gamma");
    EXPECT_INT(capo_first(Book, .no_order = true)->id, 1);
    EXPECT_INT(capo_last(Book, .no_order = true)->id, 4);
    EXPECT(!capo_first(Book, .where = { .id = EQ(99) }));
    EXPECT(capo_exists(Book, .where = { .pages = GTE(400) }) && !capo_exists(Book, .where = { .pages = GT(400) }));
    EXPECT_RAISES(ERROR_VALUE, filter_slice, capo_query(Book, .limit = 1));
}

TEST(query_rows_run_once)
{
    query_library();
    Query *query = capo_query(Book, .order_by = LIST("id"));
    size_t count;
    EXPECT_QUERIES(1, capo_query_rows(query, &count));
    EXPECT_INT(count, 4);
    EXPECT_QUERIES(0, EXPECT_INT(capo_query_count(query), 4));
    EXPECT_QUERIES(0, EXPECT(capo_query_exists(query)));
    EXPECT_QUERIES(0, EXPECT_INT(((Book *)capo_query_first(query))->id, 1));
    Book **rows = capo_fetch(Book, .query = query, .where = { .id = LT(3) });
    EXPECT(rows[0] && rows[1] && !rows[2]);
    EXPECT_QUERIES(0, EXPECT_INT(capo_query_count(capo_query_none(&Book_model)), 0));
}

TEST(query_rows_select_related)
{
    query_library();
    Book **books;
    EXPECT_QUERIES(1, books = capo_fetch(Book, .select_related = LIST("author", "country", "editor"), .order_by = LIST("id")));
    EXPECT_QUERIES(0, EXPECT_TEXT(capo_related(books[0], author)->name, "Ann"));
    EXPECT_QUERIES(0, EXPECT(capo_related(books[0], country) == NULL));
    EXPECT_TEXT(books[3]->country->name, "Germany");
    EXPECT_TEXT(books[2]->editor->name, "Ann");
    EXPECT(!books[0]->editor);
    EXPECT_QUERIES(1, EXPECT_TEXT(capo_related(capo_get(Book, .where = { .id = EQ(1) }, .select_related = LIST("author")), author)->name, "Ann"));
}

TEST(query_rows_values)
{
    query_library();
    List *rows = capo_values(capo_query(Book, .where = { .id = EQ(4) }), LIST("title", "author__name", "country"));
    EXPECT_TEXT(capo_json_text(capo_value_list(rows), 0), "[{\"title\": \"100% Delta_x\", \"author__name\": \"Bob\", \"country\": \"DE\"}]");
    rows = capo_values_tuples(capo_query(Book, .order_by = LIST("id"), .limit = 2), LIST("id", "genres__name"));
    EXPECT_TEXT(capo_to_text(capo_value_list(rows)), "[[1, 'fantasy'], [1, 'poetry']]");
    EXPECT_INT(capo_values(capo_query_of(&Genre_model), NULL)->count, 3);
    EXPECT_INT(capo_values(capo_query_of(&Book_model), NULL)->items[0].map->count, Book_model.n_fields);
    EXPECT_TEXT(column(capo_query(Book, .order_by = LIST("id")), "published__year"), "2020 2021 None 2021");
    EXPECT_TEXT(capo_to_text(capo_value_list(capo_query_dates(capo_query_of(&Book_model), "published", "year"))),
                "[datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)]");
    EXPECT_INT(capo_query_dates(capo_query_of(&Book_model), "published", "month")->count, 3);
}

static void set_nothing(void *unused) { (void)unused; capo_update(Book, .where = { .id = EQ(1) }); }
static void update_slice(void *unused) { (void)unused; capo_query_update(capo_query(Book, .limit = 1), (NamedChange[]){ { "pages", TO(1) }, { 0 } }); }

TEST(query_rows_update)
{
    query_library();
    EXPECT_INT(capo_update(Book, .where = { .id = EQ(1) }, .set = { .pages = PLUS(5), .title = TO("A") }), 1);
    EXPECT_INT(capo_get(Book, .where = { .title = EQ("A") })->pages, 105);
    EXPECT_INT(capo_update(Book, .where = { .author = HAS(Author, .name = EQ("Bob")) }, .set = { .pages = TIMES(2) }), 2);
    EXPECT_TEXT(column(capo_query(Book, .order_by = LIST("id")), "pages"), "105 200 600 800");
    EXPECT_INT(capo_update(Book, .where = { .genres = HAS(Genre, .name = EQ("fantasy")) }, .set = { .slug = TO(F("title")) }), 2);
    EXPECT_TEXT(column(capo_query(Book, .where = { .id = EQ(2) }), "slug"), "Beta");
    EXPECT_INT(capo_update(Book, .where = { .id = EQ(4) }, .set = { .country_id = TO_NULL, .published = TO_NULL }), 1);
    EXPECT_INT(capo_count(Book, .where = { .country_id = IS_NULL(true) }), 4);
    EXPECT_QUERIES(0, EXPECT_INT(capo_update(Book, .where = { .id = IN(capo_list_new()) }, .set = { .pages = TO(1) }), 0));
    EXPECT_RAISES(ERROR_VALUE, set_nothing, NULL);
    EXPECT_RAISES(ERROR_VALUE, update_slice, NULL);
    EXPECT_INT(capo_query_update(capo_query(Book, .where = { .id = EQ(3) }), (NamedChange[]){ { "author", TO(1) }, { 0 } }), 1);
    EXPECT_INT(capo_count(Book, .where = { .author_id = EQ(1) }), 3);
}

TEST(query_rows_get_or_create)
{
    query_library();
    bool created = true;
    Genre *genre = capo_get_or_create(Genre, &created, .where = { .name = EQ("poetry") });
    EXPECT(!created && genre->id == 2);
    genre = capo_get_or_create(Genre, &created, .where = { .name = EQ("drama") });
    EXPECT(created && genre->id == 4);
    Author *author = capo_update_or_create(Author, &created, .where = { .email = EQ("Ann@example.com") }, .set = { .name = TO("Anne") });
    EXPECT(!created && author->id == 1);
    EXPECT_TEXT(capo_get(Author, .where = { .id = EQ(1) })->name, "Anne");
    author = capo_update_or_create(Author, &created, .where = { .email = EQ("dot@example.com") }, .set = { .name = TO("Dot") });
    EXPECT(created);
    EXPECT_TEXT(capo_get(Author, .where = { .email = EQ("dot@example.com") })->name, "Dot");
    EXPECT_INT(capo_update_or_create(Book, NULL, .where = { .slug = EQ("alpha") }, .set = { .pages = PLUS(1) })->pages, 101);
}

static void clash(void *unused)
{
    (void)unused;
    (void)capo_get_or_create(Author, NULL, .where = { .name = EQ("Zed"), .email = EQ("Ann@example.com") });
}

static void no_value(void *unused)
{
    (void)unused;
    (void)capo_get_or_create(Genre, NULL, .where = { .name = EQ("new") }, .set = { .name = PLUS(1) });
}

/* A unique key that is not the one asked for is an error, and the transaction around it goes on. */
TEST(query_sec_299_get_or_create_that_clashes)
{
    query_library();
    capo_begin();
    EXPECT_RAISES(ERROR_INTEGRITY, clash, NULL);
    EXPECT_RAISES(ERROR_VALUE, no_value, NULL);
    EXPECT_INT(capo_count(Author), 3);
    (void)capo_get_or_create(Genre, NULL, .where = { .name = EQ("kept") });
    capo_commit();
    EXPECT(capo_exists(Genre, .where = { .name = EQ("kept") }));
    EXPECT(!capo_exists(Genre, .where = { .name = EQ("new") }));
}

TEST(query_rows_values_queries_only_and_union)
{
    query_library();
    Query *by_author = capo_query_values(capo_query_of(&Book_model), LIST("author__name"));
    by_author = capo_query_order_by(capo_query_annotate(by_author, EXPRESSIONS(SUM("pages", .as = "s"))), LIST("s"));
    EXPECT_TEXT(capo_json_text(capo_value_list(capo_values(by_author, NULL)), 0),
                "[{\"author__name\": \"Ann\", \"s\": 300}, {\"author__name\": \"Bob\", \"s\": 700}]");
    EXPECT_INT(capo_query_count(by_author), 2);
    size_t count;
    Instance **rows = capo_query_rows(capo_query_only(capo_query(Book, .order_by = LIST("id")), LIST("title")), &count);
    Value pages;
    EXPECT_QUERIES(0, EXPECT_TEXT(((Book *)rows[0])->title, "Alpha"));
    EXPECT_QUERIES(1, EXPECT(capo_instance_lookup(rows[0], "pages", 5, &pages)));
    EXPECT_INT(pages.integer, 100);
    Query *both = capo_query_union(capo_query(Book, .where = { .id = EQ(1) }), capo_query(Book, .where = { .pages = LT(300) }));
    EXPECT_INT(capo_query_count(both), 2);
    EXPECT_TEXT(column(capo_query_order_by(both, LIST("-title")), "title"), "Beta Alpha");
}

TEST(query_rows_each_reads_in_batches)
{
    query_library();
    for (int i = 0; i < 1000; i++) {
        Genre *genre = capo_new(Genre);
        genre->name = capo_format("g%04d", i);
        capo_save(genre);
    }
    int64_t sum = 0, count = 0;
    capo_each(Genre, genre, .where = { .name = STARTSWITH("g") }, .order_by = LIST("id")) {
        sum += genre->id;
        count++;
    }
    EXPECT_INT(count, 1000);
    EXPECT_INT(sum, 1000 * 3 + 1000 * 1001 / 2);
    capo_each(Genre, genre, .order_by = LIST("id")) {
        if (genre->id == 300)
            break;
        count--;
    }
    EXPECT_INT(count, 1000 - 299);
    capo_each(Genre, genre, .where = { .id = IN(capo_list_new()) })
        EXPECT(!genre);
}

/* Rows that templates take one by one: those of a batch are gone with the next, and related ones are found. */
TEST(query_rows_iterator_in_templates)
{
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more" });
    query_library();
    for (int i = 0; i < 1000; i++) {
        Genre *genre = capo_new(Genre);
        genre->name = capo_format("g%04d", i);
        capo_save(genre);
    }
    const Template *template = capo_template_from_string("{% for g in rows %}{% ifchanged g.name|slice:':2' %}[{{ g.name }}]{% endifchanged %}"
                                                         "{% if forloop.last %}last{% endif %}{% empty %}none{% endfor %}", "rows");
    Context *context = capo_context_new(NULL, capo_map(V("rows", capo_query_iterator(capo_query(Genre, .order_by = LIST("name"))))));
    Buffer out = { 0 };
    capo_template_render(template, context, &out);
    EXPECT_TEXT(capo_buffer_text(&out), "[fantasy][g0000][poetry][science]");
    out = (Buffer){ 0 };
    template = capo_template_from_string("{% for b in rows %}{{ b.author.name }}: {{ b.title }}, {% empty %}none{% endfor %}", "rows");
    context = capo_context_new(NULL, capo_map(V("rows", capo_query_iterator(capo_query(Book, .order_by = LIST("id"), .where = { .pages = LTE(300) })))));
    capo_template_render(template, context, &out);
    EXPECT_TEXT(capo_buffer_text(&out), "Ann: Alpha, Ann: Beta, Bob: Gamma, ");
}

TEST(query_rows_as_template_objects)
{
    query_library();
    Value query = capo_value_object(capo_query(Genre, .order_by = LIST("name")));
    EXPECT_TEXT(capo_to_text(query), "<QuerySet [<Genre: fantasy>, <Genre: poetry>, <Genre: science>]>");
    EXPECT_INT(capo_length(query), 3);
    EXPECT(capo_truth(query));
    EXPECT(!capo_truth(capo_value_object(capo_query_none(&Genre_model))));
    void *state = NULL;
    Value item, found;
    EXPECT(capo_iterate(query, &state, &item));
    EXPECT(capo_lookup(item, "name", 4, &found));
    EXPECT_TEXT(found.text, "fantasy");
    EXPECT(capo_lookup(query, "count", 5, &found));
    EXPECT_INT(found.integer, 3);
    EXPECT(capo_lookup(query, "first", 5, &found) && capo_lookup(query, "1", 1, &item));
    EXPECT(capo_lookup(query, "all", 3, &found));
    EXPECT(!capo_lookup(query, "delete", 6, &found));
}

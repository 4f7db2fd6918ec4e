/* SPDX-License-Identifier: BSD-3-Clause */
/* Look-ups into JSON documents, and PostgreSQL's search of texts. */
#include "query_library.h"
#include <capo/expressions.h>

static Value parsed(const char *text)
{
    Value value;
    const char *error;
    EXPECT(capo_json_parse(text, strlen(text), &value, &error));
    return value;
}

/* Keys 1 to 6. */
static void documents(void)
{
    static const char *const texts[] = { "{\"a\": 1, \"b\": {\"c\": [10, 20, {\"d\": \"deep\"}]}}", "{\"a\": \"x\", \"n\": null}", "[1, 2, 3]", "\"just text\"",
                                         "{\"a\": true, \"it's \\\"q\\\"\": \"%\"}", "{}" };
    capo_test_database();
    for (size_t i = 0; i < 6; i++) {
        Kind *kind = capo_new(Kind);
        kind->name = capo_format("%zu", i + 1);
        kind->data = parsed(texts[i]);
        capo_save(kind);
    }
}

static const char *found(Condition *condition) { return column(capo_query(Kind, .filter = condition), "name"); }

TEST(json_keys_and_indexes)
{
    documents();
    EXPECT_TEXT(found(Q("data__a", 1)), "1");
    EXPECT_TEXT(found(Q("data__a", "x")), "2");
    EXPECT_TEXT(found(Q("data__a", (bool)true)), "5");
    EXPECT_TEXT(found(Q("data__b__c__0", 10)), "1");
    EXPECT_TEXT(found(Q("data__b__c__2__d", "deep")), "1");
    EXPECT_TEXT(found(Q("data__b__c__0__gt", 9)), "1");
    EXPECT_TEXT(found(Q("data__1", 2)), "3");
    EXPECT_TEXT(found(Q("data__n", capo_value_null())), "2");                   /* JSON's null */
    EXPECT_TEXT(found(Q("data__n__isnull", (bool)false)), "2");                 /* the key is there */
    EXPECT_TEXT(found(Q("data__a__isnull", (bool)true)), "3 4 6");
    if (!database_is("sqlite"))                                                 /* whose paths cannot name a key with quotation marks */
        EXPECT_TEXT(found(Q("data__it's \"q\"__startswith", "%")), "5");
    EXPECT_TEXT(found(Q("data__a__in", capo_value_list(VALUES("x", "y")))), "2");
    EXPECT_TEXT(found(Q("data__a__icontains", "X")), "2");
    EXPECT_TEXT(found(Q("data", parsed("[1, 2, 3]"))), "3");
    EXPECT_TEXT(found(Q("data", "just text")), "4");
    EXPECT_TEXT(found(Q("data__icontains", "JUST")), "4");                      /* in the whole document, blind to case */
    if (database_is("postgresql"))                                              /* counted from the end */
        EXPECT_TEXT(found(Q("data__-1", 3)), "3");
}

TEST(json_keys_that_are_there)
{
    documents();
    EXPECT_TEXT(found(Q("data__has_key", "a")), "1 2 5");
    if (!database_is("sqlite"))
        EXPECT_TEXT(found(Q("data__has_key", "it's \"q\"")), "5");
    EXPECT_TEXT(found(Q("data__b__has_key", "c")), "1");
    EXPECT_TEXT(found(Q("data__has_keys", capo_value_list(VALUES("a", "n")))), "2");
    EXPECT_TEXT(found(Q("data__has_any_keys", capo_value_list(VALUES("b", "n")))), "1 2");
    EXPECT_TEXT(found(NOT(Q("data__has_key", "a"))), "3 4 6");
}

static void contains(void *unused) { (void)unused; found(Q("data__contains", parsed("{\"a\": 1}"))); }
static void contained(void *unused) { (void)unused; found(Q("data__contained_by", parsed("{\"a\": 1}"))); }

TEST(json_documents_in_documents)
{
    documents();
    if (database_is("sqlite")) {
        EXPECT_RAISES(ERROR_NOT_SUPPORTED, contains, NULL);
        EXPECT_RAISES(ERROR_NOT_SUPPORTED, contained, NULL);
        return;
    }
    EXPECT_TEXT(found(Q("data__contains", parsed("{\"a\": 1}"))), "1");
    EXPECT_TEXT(found(Q("data__contains", parsed("{\"b\": {\"c\": [20]}}"))), "1");
    EXPECT_TEXT(found(Q("data__contains", parsed("[3]"))), "3");
    EXPECT_TEXT(found(Q("data__b__contains", parsed("{\"c\": [10]}"))), "1");
    EXPECT_TEXT(found(Q("data__contained_by", parsed("{\"a\": \"x\", \"n\": null, \"more\": 1}"))), "2 6");
}

TEST(json_texts_of_keys_and_nulls)
{
    documents();
    Query *rows = capo_query(Kind, .annotate = EXPRESSIONS(AS("x", JSON_TEXT("data__b__c__2__d"))), .filter = Q("x__startswith", "de"));
    EXPECT_TEXT(column(rows, "x"), "deep");
    EXPECT_TEXT(column(capo_query(Kind, .annotate = EXPRESSIONS(AS("x", F("data__b__c__1"))), .filter = Q("name", "1")), "x"), "20");
    /* JSON's null is a value, SQL's NULL is none */
    EXPECT_INT(capo_update(Kind, .where = { .name = EQ("6") }, .set = { .o_data = TO(JSON_NULL) }), 1);
    EXPECT_TEXT(found(Q("o_data", JSON_NULL)), "6");
    EXPECT_TEXT(found(Q("o_data__isnull", (bool)true)), "1 2 3 4 5");
    EXPECT_INT(capo_update(Kind, .where = { .name = EQ("6") }, .set = { .o_data = TO_NULL }), 1);
    EXPECT_TEXT(found(Q("o_data", JSON_NULL)), "");
}

/* --- PostgreSQL's search --- */

static void searched(void *unused) { (void)unused; found(Q("text__search", "x")); }

static void add_text(const char *name, const char *text)
{
    Kind *kind = capo_new(Kind);
    kind->name = name;
    kind->text = text;
    capo_save(kind);
}

TEST(search_of_texts)
{
    capo_test_database();
    if (!database_is("postgresql")) {
        EXPECT(strstr(EXPECT_RAISES(ERROR_NOT_SUPPORTED, searched, NULL)->message, "search"));
        return;
    }
    add_text("one", "The quick foxes jumped over lazy dogs; the dogs slept.");
    add_text("two", "A dog sleeps.");
    add_text("three", "Nothing of the kind.");
    EXPECT_TEXT(found(Q("text__search", "dog")), "one two");
    EXPECT_TEXT(found(Q("text__search", "jumping foxes")), "one");
    Value vector = FN(SearchVector, F("name"), F("text"));
    EXPECT_TEXT(found(HOLDS(COMPARE(vector, "search", "three"))), "three");
    EXPECT_TEXT(found(HOLDS(COMPARE(vector, "search", FN(SearchPhrase, "lazy dogs")))), "one");
    EXPECT_TEXT(found(HOLDS(COMPARE(vector, "search", FN(SearchWeb, "dog -fox")))), "two");
    EXPECT_TEXT(found(HOLDS(COMPARE(vector, "search", FN(SearchRaw, "fox | kind")))), "one three");
    Query *ranked = capo_query(Kind, .annotate = EXPRESSIONS(AS("rank", FN(SearchRank, vector, FN(SearchQuery, "dog")))), .filter = Q("rank__gt", 0), .order_by = LIST("-rank"));
    EXPECT_TEXT(column(ranked, "name"), "one two");
    EXPECT_TEXT(column(capo_query(Kind, .annotate = EXPRESSIONS(AS("x", FN(SearchHeadline, F("text"), FN(SearchQuery, "dog")))), .filter = Q("name", "two")), "x"),
                "A <b>dog</b> sleeps.");
}

TEST(search_by_trigrams_and_without_accents)
{
    capo_test_database();
    if (!database_is("postgresql"))
        return;
    capo_sql_run("CREATE EXTENSION pg_trgm");
    capo_sql_run("CREATE EXTENSION unaccent");
    add_text("Katy Stevens", "Frédéric");
    add_text("Steven", "Émile");
    add_text("Bob", "Zoe");
    EXPECT_TEXT(found(Q("name__trigram_similar", "Katie Stephens")), "Katy Stevens");
    EXPECT_TEXT(found(Q("name__trigram_word_similar", "Steven")), "Katy Stevens Steven");
    EXPECT_TEXT(found(Q("name__trigram_strict_word_similar", "Stevens")), "Katy Stevens Steven");
    Query *near = capo_query(Kind, .annotate = EXPRESSIONS(AS("x", FN(TrigramSimilarity, F("name"), "Steven")), AS("far", FN(TrigramDistance, F("name"), "Steven"))),
                             .filter = ALL(Q("x__gt", 0.9), Q("far__lt", 0.1)));
    EXPECT_TEXT(column(near, "name"), "Steven");
    EXPECT_INT(capo_count(Kind, .filter = HOLDS(COMPARE(FN(TrigramWordSimilarity, "Steven", F("name")), "gt", 0.6))), 2);
    EXPECT_INT(capo_count(Kind, .filter = HOLDS(COMPARE(FN(TrigramStrictWordSimilarity, "Steven", F("name")), "gt", 0.99))), 1);
    EXPECT_TEXT(found(Q("text__unaccent", "Emile")), "Steven");
    EXPECT_TEXT(found(Q("text__unaccent", "Emilé")), "Steven");
    EXPECT_TEXT(found(Q("text__unaccent__icontains", "FRED")), "Katy Stevens");
    EXPECT_TEXT(found(Q("text__unaccent__in", capo_value_list(VALUES("Emile", "Zoé")))), "Bob Steven");
}

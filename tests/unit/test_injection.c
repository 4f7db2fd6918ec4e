/* SPDX-License-Identifier: BSD-3-Clause */
/* Hostile text in every place of the ORM that takes text, on each database (tests/suites/orm): as a value it comes back byte by byte and
 * the statement's text is the same whatever it is; as a name it is refused. After Django's own CVEs, whose ids stand beside. */
#include <capo/testing.h>
#include <capo/expressions.h>
#include "../orm/models.h"
#include "../../orm/query.h"
#include "database_under_test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const hostile[] = {
    "'", "\"", "`", "\\", "\\'", "''", "'; DROP TABLE library_author; --", "\" OR 1=1 --", "` OR 1=1 #", "x' OR 'a'='a", "%", "_", "%%", "?", "$1", "$$", "$x$", ":name",
    "%s", "%(x)s", "{}", "--", "/*", "*/", "/* */", "#", ";", "\n", "\r\n", "\t", "\x1b[31m", "\x7f", "a.b", "a b", " ", "", "name\"", "name`", "name'", "name;", "name--x",
    "name) FROM library_author --", "1) UNION SELECT 1 --", "name\" FROM \"library_author\" --", "'||(SELECT 1)||'", "\\x27", "\xef\xbc\x87", "\xca\xbc", "caf\xc3\xa9'",
    "\xe2\x80\xa8", "[0]", "$.a", "\"]", "a\"b", "2147483648", "-1", "0x41", "NULL", "null", "true", "E'\\''", "U&\"x\"", "N'x'", "x'41'", "BINARY 'a'", "sleep(5)", "pg_sleep(5)",
    "name__", "__name", "name____exact", "name__exact__exact", "-name", "--name", "-", "?name", "+name", "name desc", "name,id", "name asc; SELECT 1",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'",
};
enum { N_HOSTILE = sizeof hostile / sizeof *hostile };

/* More of the same, put together by chance, the same at each run. */
static const char *made(unsigned *seed)
{
    Buffer out = { 0 };
    for (int n = 1 + rand_r(seed) % 4; n-- > 0;)
        capo_put(&out, hostile[(unsigned)rand_r(seed) % N_HOSTILE]);
    return capo_buffer_text(&out);
}

static int rounds(void)
{
    const char *more = getenv("CAPO_INJECTION_ROUNDS");
    return more ? atoi(more) : 120;
}

static void fill(void)
{
    capo_test_database();
    for (int i = 0; i < 3; i++) {
        Kind *kind = capo_new(Kind);
        kind->name = capo_format("kind %d", i);
        kind->text = "plain";
        capo_save(kind);
    }
}

static void expect_whole(void)
{
    EXPECT_INT(capo_count(Kind), 3);
    EXPECT_INT(capo_count(Author), 0);          /* and the table is there */
}

static const char *shape(Query *query) { return compile_select(query)->sql; }

/* --- values: SEC-280, CVE-2014-0474 --- */

/* A look-up of each kind that takes a text; the statement is the same for any text. */
TEST(injection_sec_280_values_of_every_lookup_are_bound)
{
    static const char *const paths[] = {
        "name", "name__exact", "name__iexact", "name__contains", "name__icontains", "name__startswith", "name__istartswith", "name__endswith", "name__iendswith",
        "name__gt", "name__lte", "name__in", "name__range", "text", "slug", "email__contains", "url", "file", "data__key", "data__key__contains", "data__a__icontains",
        "data__has_key", "data__contains", "o_text__iexact",
    };
    unsigned seed = 1;
    fill();
    for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
        bool list = capo_ends_with(paths[p], "__in") || capo_ends_with(paths[p], "__range");
        if (capo_starts_with(paths[p], "data__") && capo_ends_with(paths[p], "__contains") && database_is("sqlite"))
            continue;                           /* which it has not */
        const char *plain = NULL;
        for (int i = 0; i < N_HOSTILE + rounds() / 4; i++) {
            const char *text = i < N_HOSTILE ? hostile[i] : made(&seed);
            Value value = list ? capo_value_pair(VALUE(text), VALUE("b")) : VALUE(text);
            Query *query = capo_query_filter(capo_query_of(&Kind_model), capo_q(paths[p], value));
            const char *sql = shape(query);
            plain = plain ? plain : shape(capo_query_filter(capo_query_of(&Kind_model), capo_q(paths[p], list ? capo_value_pair(VALUE("a"), VALUE("b")) : VALUE("a"))));
            if (strcmp(paths[p], "data__has_key"))      /* whose path is a value, but a whole number has another form */
                EXPECT_TEXT(sql, plain);
            capo_query_count(query);
            capo_sql(query);                    /* for reading */
        }
    }
    expect_whole();
}

static void save_kind(void *kind) { capo_save((Kind *)kind); }

TEST(injection_sec_280_values_come_back_as_they_were)
{
    unsigned seed = 2;
    capo_test_database();
    for (int i = 0; i < N_HOSTILE + rounds(); i++) {
        const char *text = i < N_HOSTILE ? hostile[i] : made(&seed);
        Kind *kind = capo_new(Kind);
        kind->name = capo_format("%d", i);
        kind->text = text;
        Map *data = capo_map_new();
        if (*text)
            capo_map_set(data, text, VALUE(text));
        capo_map_set(data, "list", capo_value_list(capo_values_list((Value[]){ VALUE(text) }, 1)));
        kind->data = capo_value_map(data);
        const Error *error = capo_try(save_kind, kind);
        EXPECT(!error);
        Kind *read = capo_get(Kind, .where = { .text = EQ(text), .name = EQ(kind->name) });
        EXPECT_TEXT(read->text, text);
        EXPECT(capo_equal(read->data, kind->data));
        EXPECT_INT(capo_update(Kind, .where = { .id = EQ(read->id) }, .set = { .o_text = TO(text) }), 1);
        EXPECT_INT(capo_count(Kind, .filter = ALL(Q("text__contains", text), Q("id", read->id))), 1);
        EXPECT_INT(capo_count(Kind, .filter = ALL(Q("o_text__startswith", F("text")), Q("id", read->id))), 1);
        EXPECT_INT(capo_delete(read), 1);
    }
    EXPECT_INT(capo_count(Kind), 0);
}

/* % and _ are letters: a text finds itself and not its neighbours. SEC-289 */
TEST(injection_sec_289_wildcards_are_letters)
{
    static const char *const pairs[][2] = { { "a%c", "abc" }, { "a_c", "abc" }, { "a\\c", "a\\\\c" }, { "%", "x" }, { "_", "x" }, { "\\%", "\\x" } };
    capo_test_database();
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        for (int k = 0; k < 2; k++) {
            Kind *kind = capo_new(Kind);
            kind->name = capo_format("%zu %d", i, k);
            kind->text = pairs[i][k];
            capo_save(kind);
        }
        static const char *const lookups[] = { "text__contains", "text__icontains", "text__startswith", "text__iendswith", "text__iexact" };
        for (size_t k = 0; k < sizeof lookups / sizeof *lookups; k++)
            EXPECT_INT(capo_count(Kind, .filter = ALL(capo_q(lookups[k], VALUE(pairs[i][0])), Q("name__startswith", capo_format("%zu ", i)))), 1);
        EXPECT_INT(capo_count(Kind, .filter = ALL(Q("text__contains", F("text")), Q("name__startswith", capo_format("%zu ", i)))), 2);
    }
}

/* --- JSON keys: SEC-283, SEC-284, CVE-2019-14234, CVE-2024-42005, CVE-2024-53908 --- */

static const char *json_key;
static void ask_key(void *unused)
{
    (void)unused;
    capo_query_count(capo_query_filter(capo_query_of(&Kind_model), capo_q(capo_format("data__%s", json_key), VALUE("x"))));
}
static void ask_deep_key(void *unused)
{
    (void)unused;
    capo_query_count(capo_query_filter(capo_query_of(&Kind_model), capo_q(capo_format("data__a__%s__b__gt", json_key), VALUE(1))));
}
static void has_key(void *unused)
{
    (void)unused;
    capo_query_count(capo_query_filter(capo_query_of(&Kind_model), capo_q("data__has_key", VALUE(json_key))));
}
static void has_keys(void *unused)
{
    (void)unused;
    capo_query_count(capo_query_filter(capo_query_of(&Kind_model), capo_q("data__has_any_keys", capo_value_list(capo_values_list((Value[]){ VALUE(json_key), VALUE("b") }, 2)))));
}
static void select_key(void *unused)
{
    (void)unused;
    capo_values(capo_query_of(&Kind_model), (const char *const[]){ capo_format("data__%s", json_key), NULL });
}
static void order_by_key(void *unused)
{
    (void)unused;
    capo_query_rows(capo_query_order_by(capo_query_of(&Kind_model), (const char *const[]){ capo_format("data__%s", json_key), NULL }), NULL);
}
static void key_as_expression(void *unused)
{
    (void)unused;
    capo_values(capo_query_annotate(capo_query_of(&Kind_model), EXPRESSIONS(COUNT(capo_format("data__%s", json_key), .as = "n"))), NULL);
}

/* It runs, or is refused before it reaches the database: what the database complains of was SQL. */
static void expect_no_sql(void (*function)(void *), const char *text)
{
    const Error *error = capo_try(function, NULL);
    bool refused = error && (error->code == ERROR_FIELD || error->code == ERROR_VALUE || error->code == ERROR_NOT_SUPPORTED || error->code == ERROR_VALIDATION
                             || error->code == ERROR_FIELD_DOES_NOT_EXIST);
    if (error && !refused)
        capo_test_fail(__FILE__, __LINE__, "with \"%s\": %s %s", text, error->name, error->message);
}

TEST(injection_sec_284_json_keys_cve_2019_14234_cve_2024_42005_cve_2024_53908)
{
    static void (*const ways[])(void *) = { ask_key, ask_deep_key, has_key, has_keys, select_key, order_by_key, key_as_expression };
    unsigned seed = 3;
    fill();
    for (int i = 0; i < N_HOSTILE + rounds() / 3; i++) {
        json_key = i < N_HOSTILE ? hostile[i] : made(&seed);
        for (size_t k = 0; k < sizeof ways / sizeof *ways; k++)
            expect_no_sql(ways[k], json_key);
    }
    expect_whole();
}

/* A key finds its own member and no other, but for those that the database's paths cannot name: on SQLite with a quote or a backslash, which have
 * no escape there; on MariaDB beginning with a hyphen, which it takes for a number from the end. */
static bool has_no_path(const char *key)
{
    return database_is("sqlite") ? key[strcspn(key, "\"\\\n\r\t\x1b\x7f")] != '\0' : database_is("mysql") && *key == '-';
}

TEST(injection_sec_284_json_keys_are_found)
{
    capo_test_database();
    for (int i = 0; i < N_HOSTILE; i++) {
        if (!*hostile[i])
            continue;
        Kind *kind = capo_new(Kind);
        kind->name = capo_format("%d", i);
        Map *data = capo_map_new();
        capo_map_set(data, hostile[i], VALUE(1));
        kind->data = capo_value_map(data);
        capo_save(kind);
    }
    for (int i = 0; i < N_HOSTILE; i++)
        if (*hostile[i] && !has_no_path(hostile[i])) {
            List *names = capo_values_flat(capo_query_filter(capo_query_of(&Kind_model), capo_q("data__has_key", VALUE(hostile[i]))), "name");
            if (names->count != 1)
                capo_test_fail(__FILE__, __LINE__, "the key \"%s\" was found %zu times", hostile[i], names->count);
            EXPECT_TEXT(capo_to_text(names->items[0]), capo_format("%d", i));
        }
}

/* --- names: SEC-281, SEC-282, SEC-285 --- */

static const char *name;
static void order_by(void *unused)
{
    (void)unused;
    capo_query_rows(capo_query_order_by(capo_query_of(&Kind_model), (const char *const[]){ name, NULL }), NULL);
}
static void order_annotated(void *unused)
{
    (void)unused;
    Query *query = capo_query_annotate(capo_query_of(&Kind_model), EXPRESSIONS(COUNT("id", .as = "n")));
    capo_query_rows(capo_query_order_by(query, (const char *const[]){ name, "n", NULL }), NULL);
}
static void path(void *unused)
{
    (void)unused;
    capo_query_count(capo_query_filter(capo_query_of(&Kind_model), capo_q(name, VALUE("x"))));
}
static void path_behind(void *unused)
{
    (void)unused;
    capo_query_count(capo_query_filter(capo_query_of(&Kind_model), capo_q(capo_format("name__%s", name), VALUE("x"))));
}
static void excluded(void *unused)
{
    (void)unused;
    capo_query_count(capo_query_exclude(capo_query_of(&Kind_model), capo_q(name, VALUE("x"))));
}
static void column_named(void *unused)
{
    (void)unused;
    if (*name)                                  /* F("") is a bug of the program */
        capo_query_count(capo_query_filter(capo_query_of(&Kind_model), capo_q("name", capo_f(name))));
}
static void values_named(void *unused)
{
    (void)unused;
    capo_values(capo_query_of(&Kind_model), (const char *const[]){ name, NULL });
}
static void only_named(void *unused)
{
    (void)unused;
    capo_query_rows(capo_query_only(capo_query_of(&Kind_model), (const char *const[]){ name, NULL }), NULL);
}
static void related_named(void *unused)
{
    (void)unused;
    capo_query_rows(capo_query_select_related(capo_query_of(&Book_model), (const char *const[]){ name, NULL }), NULL);
}
static void prefetch_named(void *unused)
{
    (void)unused;
    Author *author = capo_new(Author);
    author->name = "x";
    author->email = "x@example.com";
    capo_begin();
    capo_save(author);
    capo_query_rows(capo_query_prefetch(capo_query_of(&Author_model), (const char *const[]){ name, NULL }), NULL);
    capo_rollback();
}
static void counted_named(void *unused)
{
    (void)unused;
    capo_aggregate(capo_query_of(&Kind_model), EXPRESSIONS(COUNT(name, .as = "n")));
}
static void dates_named(void *unused)
{
    (void)unused;
    capo_query_dates(capo_query_of(&Kind_model), name, "year");
}
static void dates_of_kind(void *unused)
{
    (void)unused;
    capo_query_dates(capo_query_of(&Kind_model), "day", name);
}
static void updated(void *unused)
{
    (void)unused;
    capo_query_update(capo_query_none(&Kind_model), (NamedChange[]){ { name, TO("x") }, { 0 } });
}
static void changed_by(void *unused)
{
    (void)unused;
    capo_query_update(capo_query_of(&Kind_model), (NamedChange[]){ { "integer", { .operation = name, .value = VALUE(1) } }, { 0 } });
}

/* Unknown names are refused, in CVE-2021-35042's place (order_by), CVE-2026-1312's (an alias with a period), CVE-2022-34265's (parts of dates)
 * and everywhere else that a name is a text; a path that visitors send is checked by capo_lookup_path_error (CVE-2025-64459: names of the inside). */
TEST(injection_sec_281_sec_285_sec_286_names_cve_2021_35042_cve_2022_34265_cve_2025_64459_cve_2026_1312)
{
    static void (*const ways[])(void *) = { order_by, order_annotated, path, path_behind, excluded, column_named, values_named, only_named, related_named, prefetch_named,
                                            counted_named, dates_named, dates_of_kind, updated, changed_by };
    static const char *const more[] = { "_connector", "_negated", "name__regex)", "library_kind.name", "\"library_kind\".\"name\"", "n.x", "n\"; SELECT 1", "year' FROM day", "id)" };
    unsigned seed = 4;
    fill();
    for (int i = 0; i < N_HOSTILE + 9 + rounds() / 3; i++) {
        name = i < N_HOSTILE ? hostile[i] : i < N_HOSTILE + 9 ? more[i - N_HOSTILE] : made(&seed);
        for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
            if (ways[k] == changed_by && (!*name || !strcmp(name, "-")))
                continue;                       /* an operation: it changes rows */
            expect_no_sql(ways[k], name);
        }
        Field *field;
        bool known = !strncmp(name, "name", 4) && (!name[4] || !strcmp(name, "name__exact"));
        EXPECT(known || capo_lookup_path_error(&Kind_model, name, &field));
    }
    expect_whole();
}

static void annotate_as(void *unused)
{
    (void)unused;
    capo_values(capo_query_annotate(capo_query_of(&Kind_model), EXPRESSIONS(COUNT("id", .as = name))), NULL);
}
static void alias_as(void *unused)
{
    (void)unused;
    capo_fetch(Kind, .alias = EXPRESSIONS(COUNT("id", .as = name)), .order_by = LIST("id"));
}
static void aggregate_as(void *unused)
{
    (void)unused;
    capo_aggregate(capo_query_of(&Kind_model), EXPRESSIONS(COUNT("id", .as = name)));
}
static void values_as(void *unused)
{
    (void)unused;
    capo_values(capo_query_annotate(capo_query_values(capo_query_of(&Kind_model), LIST("slug")), EXPRESSIONS(SUM("integer", .as = name))), NULL);
}

static bool is_dangerous(const char *text)
{
    return text[strcspn(text, " \t\n\r\x1b\x7f\"'`;#")] || strstr(text, "--") || strstr(text, "/*") || strstr(text, "*/") || !*text;
}

/* CVE-2022-28346, CVE-2025-57833, CVE-2025-59681 (backtick and "#"), CVE-2026-1287 (control bytes), CVE-2025-13372 ("$" on PostgreSQL) */
TEST(injection_sec_282_aliases_cve_2022_28346_cve_2025_57833_cve_2025_59681_cve_2025_13372_cve_2026_1287)
{
    static void (*const ways[])(void *) = { annotate_as, alias_as, aggregate_as, values_as };
    unsigned seed = 5;
    fill();
    for (int i = 0; i < N_HOSTILE + rounds() / 3; i++) {
        name = i < N_HOSTILE ? hostile[i] : made(&seed);
        for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
            expect_no_sql(ways[k], name);
            if (is_dangerous(name) && !capo_try(ways[k], NULL))
                capo_test_fail(__FILE__, __LINE__, "way %zu: the alias \"%s\" was taken", k, name);
        }
    }
    expect_whole();
}

/* --- arguments that are no values: SEC-287, CVE-2020-7471 --- */

static void text_arguments(void *unused)
{
    (void)unused;
    Query *query = capo_query_annotate(capo_query_of(&Kind_model), EXPRESSIONS(AS("a", FN(Replace, F("name"), name, name)), AS("b", FN(Concat, F("name"), name)),
                                       AS("c", FN(StrIndex, F("name"), name)), AS("d", FN(Coalesce, F("o_char"), name))));
    capo_values(query, LIST("a", "b", "c", "d"));
}
static void padded(void *unused)
{
    (void)unused;
    capo_values(capo_query_annotate(capo_query_of(&Kind_model), EXPRESSIONS(AS("a", FN(LPad, F("name"), 20, name)))), LIST("a"));
}
static void part_named(void *unused)
{
    (void)unused;
    capo_values(capo_query_annotate(capo_query_of(&Kind_model), EXPRESSIONS(AS("a", EXTRACT(name, F("day"))))), LIST("a"));
}
static void trunc_named(void *unused)
{
    (void)unused;
    capo_values(capo_query_annotate(capo_query_of(&Kind_model), EXPRESSIONS(AS("a", TRUNC_TO(name, F("moment"))))), LIST("a"));
}
static void function_named(void *unused)
{
    (void)unused;
    capo_values(capo_query_annotate(capo_query_of(&Kind_model), EXPRESSIONS(AS("a", capo_function(name, (const Value[]){ F("text") }, 1)))), LIST("a"));
}
static void operator_named(void *unused)
{
    (void)unused;
    if (strcmp(name, "%") && strcmp(name, "-") && strcmp(name, "#"))
        capo_values(capo_query_annotate(capo_query_of(&Kind_model), EXPRESSIONS(AS("a", capo_combined(name, F("integer"), VALUE(1))))), LIST("a"));
}

TEST(injection_sec_286_sec_287_arguments_cve_2020_7471_cve_2022_34265)
{
    static void (*const names[])(void *) = { part_named, trunc_named, function_named, operator_named };
    unsigned seed = 6;
    fill();
    for (int i = 0; i < N_HOSTILE + rounds() / 3; i++) {
        name = i < N_HOSTILE ? hostile[i] : made(&seed);
        text_arguments(NULL);
        if (*name)
            padded(NULL);
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            expect_no_sql(names[k], name);
    }
    expect_whole();
}

/* --- SQL by hand: SEC-290 --- */

TEST(injection_sec_290_placeholders_only_where_they_are_code)
{
    fill();
    List *rows = capo_sql_rows("SELECT '?' AS a, ? AS b /* ? */, '''?''' AS c -- ?\n", "x");
    const Map *row = rows->items[0].map;
    EXPECT_TEXT(capo_to_text(*capo_map_get(row, "a")), "?");
    EXPECT_TEXT(capo_to_text(*capo_map_get(row, "b")), "x");
    EXPECT_TEXT(capo_to_text(*capo_map_get(row, "c")), "'?'");
    for (int i = 0; i < N_HOSTILE; i++) {
        rows = capo_sql_rows(database_is("postgresql") ? "SELECT CAST(? AS text) AS x" : "SELECT ? AS x", hostile[i]);
        EXPECT_TEXT(capo_to_text(*capo_map_get(rows->items[0].map, "x")), hostile[i]);
    }
    expect_whole();
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Arena, errors, buffers, values, JSON. */
#include <capo/testing.h>
#include <capo/unit.h>
#include <math.h>
#include <string.h>

TEST(arena_gives_zeroed_aligned_memory)
{
    for (size_t size = 0; size < 5000; size = size * 2 + 1) {
        unsigned char *p = capo_alloc(size);
        EXPECT(((uintptr_t)p & 15) == 0);
        for (size_t i = 0; i < size; i++)
            EXPECT(p[i] == 0);
        memset(p, 0xAA, size);
    }
    char *big = capo_alloc(1 << 20);
    big[(1 << 20) - 1] = 1;
}

static int order[4], n_order;
static void note(void *argument) { order[n_order++] = (int)(intptr_t)argument; }

TEST(arena_runs_cleanups_last_in_first_out)
{
    n_order = 0;
    Arena *arena = arena_new();
    arena_defer(arena, note, (void *)1);
    ArenaMark mark = arena_mark(arena);
    arena_defer(arena, note, (void *)2);
    arena_defer(arena, note, (void *)3);
    arena_unwind(arena, mark);
    EXPECT_INT(n_order, 2);
    EXPECT(order[0] == 3 && order[1] == 2);
    arena_reset(arena);
    EXPECT_INT(n_order, 3);
    arena_free(arena);
}

static void raise_404(void *slug)
{
    capo_defer(note, (void *)7);
    capo_raise(404, "no post called %s", (char *)slug);
}

static void raise_nested(void *slug)
{
    const Error *inner = capo_try(raise_404, slug);
    EXPECT(inner && inner->code == 404);
    capo_reraise(inner);
}

TEST(raise_unwinds_to_the_innermost_try)
{
    n_order = 0;
    const Error *error = capo_try(raise_nested, "draft");
    EXPECT(error != NULL);
    EXPECT_INT(error->status, 404);
    EXPECT_TEXT(error->message, "no post called draft");
    EXPECT_TEXT(error->name, "Http404");
    EXPECT_INT(n_order, 1);
    EXPECT_INT(order[0], 7);
}

static void overflow(void *unused) { (void)unused; volatile size_t many = SIZE_MAX / 2; capo_alloc_array(many, 3); }

TEST(SEC_398_an_array_that_overflows_raises)
{
    EXPECT_RAISES(500, overflow, NULL);
}

TEST(nearest_name)
{
    const char *const names[] = { "title", "author", "published" };
    EXPECT_TEXT(capo_nearest("auhtor", names, 3), "author");
    EXPECT_TEXT(capo_nearest("zzzz", names, 3), NULL);
    EXPECT_TEXT(capo_did_you_mean("titel", names, 3), " Did you mean 'title'?");
}

TEST(buffer_escapes)
{
    Buffer out = { 0 };
    capo_put_escaped(&out, "<a href=\"x\">'&", 14);
    EXPECT_TEXT(capo_buffer_text(&out), "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;");
    Buffer empty = { 0 };
    EXPECT_TEXT(capo_buffer_text(&empty), "");
    Buffer number = { 0 };
    capo_put_int(&number, INT64_MIN);
    EXPECT_TEXT(capo_buffer_text(&number), "-9223372036854775808");
}

TEST(values_print_as_python_prints)
{
    EXPECT_TEXT(capo_to_text(VALUE(1.0)), "1.0");
    EXPECT_TEXT(capo_to_text(VALUE(0.1)), "0.1");
    EXPECT_TEXT(capo_to_text(VALUE(1e16)), "1e+16");
    EXPECT_TEXT(capo_to_text(VALUE(123456789012345680.0)), "1.2345678901234568e+17");
    EXPECT_TEXT(capo_to_text(VALUE(0.0001)), "0.0001");
    EXPECT_TEXT(capo_to_text(VALUE(0.00001)), "1e-05");
    EXPECT_TEXT(capo_to_text(VALUE(-2.5)), "-2.5");
    EXPECT_TEXT(capo_to_text(capo_value_bool(true)), "True");
    EXPECT_TEXT(capo_to_text(capo_value_null()), "None");
    List *list = capo_list_new();
    capo_list_add(list, VALUE(1));
    capo_list_add(list, VALUE("it's"));
    capo_list_add(list, VALUE("a\n"));
    EXPECT_TEXT(capo_to_text(VALUE(list)), "[1, \"it's\", 'a\\n']");
    EXPECT_TEXT(capo_to_text(VALUE(capo_map(V("a", 1), V("b", "x")))), "{'a': 1, 'b': 'x'}");
}

TEST(values_compare_as_python_compares)
{
    EXPECT(capo_equal(VALUE(1), VALUE(1.0)));
    EXPECT(capo_equal(VALUE(1), capo_value_bool(true)));
    EXPECT(!capo_equal(VALUE("1"), VALUE(1)));
    EXPECT(capo_equal(VALUE("a"), capo_value_safe("a")));
    int order_of;
    EXPECT(capo_compare(VALUE("a"), VALUE("b"), &order_of) && order_of < 0);
    EXPECT(!capo_compare(VALUE("a"), VALUE(1), &order_of));
    EXPECT(!capo_compare(VALUE(NAN), VALUE(1), &order_of));
    EXPECT(!capo_truth(VALUE("")) && !capo_truth(VALUE(0)) && capo_truth(VALUE("0")));
    int64_t n;
    EXPECT(capo_to_int(VALUE(" 12 "), &n) && n == 12);
    EXPECT(!capo_to_int(VALUE("12x"), &n) && !capo_to_int(VALUE(""), &n) && !capo_to_int(VALUE("99999999999999999999"), &n));
}

TEST(maps_keep_order_and_find)
{
    Map *map = capo_map_new();
    for (int i = 0; i < 1000; i++)
        capo_map_set(map, capo_format("k%d", i), VALUE(i));
    capo_map_set(map, "k5", VALUE("five"));
    EXPECT_INT(map->count, 1000);
    EXPECT_TEXT(capo_map_get(map, "k5")->text, "five");
    EXPECT_INT(capo_map_get(map, "k999")->integer, 999);
    EXPECT(capo_map_get(map, "k1000") == NULL);
    EXPECT(capo_map_remove(map, "k0"));
    EXPECT_TEXT(map->entries[0].key.text, "k1");
    EXPECT_INT(capo_map_get(map, "k999")->integer, 999);
}

TEST(json_reads_and_writes)
{
    Value v;
    const char *error = NULL;
    const char *text = "{\"b\": [1, 2.5, null, true, \"x\\u00e9\"], \"a\": {}}";
    EXPECT(capo_json_parse(text, strlen(text), &v, &error));
    EXPECT_TEXT(capo_json_text(v, 0), text);
    EXPECT(!capo_json_parse("{\"a\":}", 6, &v, &error));
    EXPECT(strstr(error, "ine 1") != NULL);
    EXPECT_TEXT(capo_json_text(VALUE(capo_map(V("a", VALUE(capo_list_new())))), 1), "{\n \"a\": []\n}");
}

TEST(SEC_404_deep_json_is_refused)
{
    Buffer deep = { 0 };
    for (int i = 0; i < 100000; i++)
        capo_put_char(&deep, '[');
    Value v;
    const char *error = NULL;
    EXPECT(!capo_json_parse(deep.data, deep.size, &v, &error));
    EXPECT(strstr(error, "nested") != NULL);
}

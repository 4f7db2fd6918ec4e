/* SPDX-License-Identifier: BSD-3-Clause */
/* Filters that have a short way for what they mostly get: it must say what the long way says. */
#include <capo/templates.h>
#include <capo/testing.h>
#include <capo/text.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const Settings settings = { .secret_key = "a secret key of forty characters or more" };

static const char *shown(const Template *template, Value x, Value n)
{
    Buffer out = { 0 };
    capo_template_render(template, capo_context_new(NULL, capo_map(V("x", x), V("n", n))), &out);
    return capo_buffer_text(&out);
}

/* A text as the number of places takes the long way. */
static void expect_same(const Template *template, double x, int places)
{
    const char *fast = shown(template, capo_value_real(x), capo_value_int(places));
    const char *slow = shown(template, capo_value_real(x), capo_value_text(capo_format("%d", places)));
    if (strcmp(fast, slow) != 0)
        capo_test_fail(__FILE__, __LINE__, "%.17g|floatformat:%d is %s, and by all its digits %s", x, places, fast, slow);
}

TEST(template_fast_floatformat_is_exact)
{
    capo_settings_init(&settings);
    const Template *template = capo_template_from_string("{{ x|floatformat:n }}", "x");
    static const double odd[] = { 0, -0.0, 0.5, 1.5, 2.5, -0.5, 0.05, 0.005, 1.005, 2.675, 0.125, 0.375, 34.0, 34.26, -0.004, -0.005, 0.9999999, 999999.9999995,
                                  1e8, 999999999, 999999999.5, 1e9, 1e15, 1e22, 1e-7, 123456.789, 0.1 + 0.2, 1.0000000000000002, 5e-324, 12345678.5 };
    for (int places = -7; places <= 7; places++)
        for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
            expect_same(template, odd[i], places);
    srand48(7);
    for (int i = 0; i < 4000; i++) {
        int places = (int)(lrand48() % 15) - 7;
        double step = pow(10, (double)(lrand48() % 9)), x = (double)(lrand48() % 2000001 - 1000000) / step;
        expect_same(template, x, places);                                   /* many are halves */
        expect_same(template, nextafter(x, 1e9), places);
        expect_same(template, x + 0.5 / step, places);
    }
    EXPECT_TEXT(shown(template, capo_value_int(-34), capo_value_int(2)), "-34.00");
    EXPECT_TEXT(shown(template, capo_value_int(1234567890123), capo_value_int(1)), "1234567890123.0");
}

TEST(template_fast_filesizeformat_rounds_as_python)
{
    capo_settings_init(&settings);
    const Template *template = capo_template_from_string("{{ x|filesizeformat }}", "x");
    static const struct { int64_t bytes; const char *text; } cases[] = {        /* halves go to the even digit: 1.25 is 1.2, 1.75 is 1.8 */
        { 1023, "1023\xC2\xA0" "bytes" }, { 1024, "1.0\xC2\xA0KB" }, { 1280, "1.2\xC2\xA0KB" }, { 1792, "1.8\xC2\xA0KB" }, { 1281, "1.3\xC2\xA0KB" },
        { 1048575, "1024.0\xC2\xA0KB" }, { 1048576, "1.0\xC2\xA0MB" }, { 1310720, "1.2\xC2\xA0MB" }, { 1073741824, "1.0\xC2\xA0GB" },
        { -1280, "-1.2\xC2\xA0KB" }, { 1125899906842624 * 3000, "3000.0\xC2\xA0PB" }, { 0, "0\xC2\xA0" "bytes" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        EXPECT_TEXT(shown(template, capo_value_int(cases[i].bytes), capo_value_null()), cases[i].text);
}

static const char *random_text(const char *const *pieces, size_t n_pieces)
{
    Buffer out = { 0 };
    for (long i = lrand48() % 40; i > 0; i--)
        capo_put(&out, pieces[(size_t)lrand48() % n_pieces]);
    return capo_buffer_text(&out);
}

TEST(template_fast_slugs_are_those_of_the_long_way)
{
    static const char *const pieces[] = { "a", "Z", "9", " ", "-", "_", "!", "\t", "\x1c", "\x7f", "Word", "--", "__", " - ", "\r\n", "&", "\x01" };
    srand48(11);
    for (int i = 0; i < 3000; i++) {
        const char *text = random_text(pieces, sizeof pieces / sizeof *pieces);
        /* what is not ASCII takes the long way; the accent goes */
        const char *slow = capo_slugify(capo_format("%s\xC3\xA9", text), false);
        EXPECT_TEXT(capo_slugify(capo_format("%se", text), false), slow);
        EXPECT_TEXT(capo_slugify(capo_format("e%s", text), true), capo_slugify(capo_format("\xEF\xBD\x85%s", text), false));     /* a wide e */
    }
}

TEST(template_fast_words_are_counted_one_by_one)
{
    static const char *const pieces[] = { "a", " ", "word", "\n", "\t", "\x1c", "\x1b", "\xC3\xA9", "\xC2\xA0", "\xE2\x80\x83", "\x0e", "\x08", "longer than sixteen bytes",
                                          "                 ", "\x85", "\x7f", "!" };
    capo_settings_init(&settings);
    const Template *template = capo_template_from_string("{{ x|wordcount }}", "x");
    srand48(13);
    for (int i = 0; i < 3000; i++) {
        const char *text = random_text(pieces, sizeof pieces / sizeof *pieces), *at = text, *end = at + strlen(at);
        int64_t words = 0;
        for (bool in_word = false; at < end;) {
            bool space = capo_is_space(capo_utf8_next(&at, end));
            words += !space && !in_word;
            in_word = !space;
        }
        EXPECT_TEXT(shown(template, capo_value_text(text), capo_value_null()), capo_format("%lld", (long long)words));
    }
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <capo/testing.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

TEST(text_escape)
{
    EXPECT_TEXT(capo_escape("a < b & 'c' \"d\" >"), "a &lt; b &amp; &#x27;c&#x27; &quot;d&quot; &gt;");
    const char *plain = "nothing";
    EXPECT(capo_escape(plain) == plain);
}

TEST(text_url_quote)
{
    EXPECT_TEXT(capo_url_quote("/a b/ü?", "/"), "/a%20b/%C3%BC%3F");
    EXPECT_TEXT(capo_url_quote("~-._/", ""), "~-._%2F");
}

TEST(text_url_unquote)
{
    size_t size;
    EXPECT_TEXT(capo_url_unquote("a%20b+c", 7, true, NULL), "a b c");
    EXPECT_TEXT(capo_url_unquote("a%20b+c", 7, false, NULL), "a b+c");
    EXPECT_TEXT(capo_url_unquote("%", 1, false, NULL), "%");
    EXPECT_TEXT(capo_url_unquote("%4", 2, false, NULL), "%4");
    EXPECT_TEXT(capo_url_unquote("%zz%41", 6, false, NULL), "%zzA");
    EXPECT_TEXT(capo_url_unquote("%FFx", 4, false, NULL), "\xEF\xBF\xBDx");
    capo_url_unquote("a%00b", 5, false, &size);
    EXPECT_INT(size, 3);
}

TEST(text_utf8)
{
    EXPECT(capo_utf8_valid("aäß€😀", strlen("aäß€😀")));
    EXPECT_INT(capo_utf8_length("aäß€😀", strlen("aäß€😀")), 5);
    static const char *const bad[] = { "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80", "\xF8\x88\x80\x80\x80", "a\xC3" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        EXPECT(!capo_utf8_valid(bad[i], strlen(bad[i])));
    EXPECT(capo_utf8_valid("\xEF\xBF\xBD", 3));
    char bytes[4];
    for (uint32_t c = 0; c <= 0x10FFFF; c += 7) {
        size_t size = capo_utf8_encode(c, bytes);
        const char *at = bytes;
        uint32_t again = capo_utf8_next(&at, bytes + size);
        EXPECT(again == (c >= 0xD800 && c <= 0xDFFF ? 0xFFFD : c));
        EXPECT(at == bytes + size);
    }
}

TEST(text_case)
{
    EXPECT_TEXT(capo_lower("ÄÖÜ İ ΣΑΣ"), "äöü i̇ σας");
    EXPECT_TEXT(capo_upper("straße ﬁn ŉ"), "STRASSE FIN ʼN");
    EXPECT_TEXT(capo_upper("éa1_"), "ÉA1_");
}

TEST(text_strip_and_split)
{
    EXPECT_TEXT(capo_strip("\t a b\u00a0\u2003\n"), "a b");
    EXPECT_TEXT(capo_strip(" \n "), "");
    size_t count;
    char **parts = capo_split(",a", ',', &count);
    EXPECT_INT(count, 2);
    EXPECT_TEXT(parts[0], "");
    EXPECT_TEXT(parts[1], "a");
    EXPECT(parts[2] == NULL);
    EXPECT_TEXT(capo_join((const char *const *)parts, "-"), "-a");
    EXPECT(capo_starts_with("abc", "ab") && !capo_starts_with("ab", "abc"));
    EXPECT(capo_ends_with("abc", "bc") && !capo_ends_with("c", "bc"));
}

TEST(text_slugify)
{
    EXPECT_TEXT(capo_slugify(" Joel is a slug ", false), "joel-is-a-slug");
    EXPECT_TEXT(capo_slugify("Un éléphant à l'orée du bois", false), "un-elephant-a-loree-du-bois");
    EXPECT_TEXT(capo_slugify("你好 World", true), "你好-world");
    EXPECT_TEXT(capo_slugify("你好", false), "");
    EXPECT_TEXT(capo_slugify("__strip__underscore-value___", false), "strip__underscore-value");
    EXPECT_TEXT(capo_slugify("--strip-dash-value---", false), "strip-dash-value");
    EXPECT_TEXT(capo_slugify("-_- a -- _b_ -_-", false), "a-_b");
}

TEST(text_random)
{
    char *a = capo_random_string(32, NULL), *b = capo_random_string(32, NULL);
    EXPECT_INT(strlen(a), 32);
    EXPECT(strcmp(a, b) != 0);
    EXPECT_INT(strspn(capo_random_string(200, "xy"), "xy"), 200);
}

TEST(text_constant_time_equal)
{
    EXPECT(capo_constant_time_equal("abc", 3, "abc", 3));
    EXPECT(!capo_constant_time_equal("abc", 3, "abd", 3));
    EXPECT(!capo_constant_time_equal("abc", 3, "ab", 2));
    EXPECT(capo_constant_time_equal("", 0, "", 0));
}

TEST(text_files)
{
    char *path = capo_format("/tmp/capo-text-%d", (int)getpid());
    size_t size;
    EXPECT_INT(capo_write_file(path, "one", 3), 0);
    EXPECT_INT(capo_write_file(path, "two\0!", 5), 0);
    char *text = capo_read_file(path, &size);
    EXPECT_INT(size, 5);
    EXPECT(memcmp(text, "two\0!", 6) == 0);
    unlink(path);
    EXPECT(capo_read_file(path, NULL) == NULL && errno == ENOENT);
    EXPECT(capo_read_file("/", NULL) == NULL && errno == EISDIR);
    EXPECT_INT(capo_write_file("/nowhere/at/all", "x", 1), -ENOENT);
}

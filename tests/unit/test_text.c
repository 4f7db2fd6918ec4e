/* SPDX-License-Identifier: BSD-3-Clause */
#include <capo/testing.h>
#include <capo/text.h>
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
        for (int before = 0; before < 17; before++) {          /* several bytes are looked at together */
            const char *text = capo_format("%.*s%s%.*s", before, "abcdefghijklmnopq", bad[i], before, "abcdefghijklmnopq");
            EXPECT(!capo_utf8_valid(text, strlen(text)));
            EXPECT(capo_utf8_valid(text, (size_t)before));
        }
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

static const char *put_text(void (*put)(Buffer *out, const char *text, size_t size), const char *text)
{
    Buffer out = { 0 };
    put(&out, text, strlen(text));
    return capo_buffer_text(&out);
}

TEST(text_addresses)
{
    EXPECT_TEXT(put_text(capo_put_uri_to_iri, "/%E2%99%A5%20%41%E2%99?q=%ff"), "/\xE2\x99\xA5%20A%E2%99?q=%ff");
    EXPECT_TEXT(put_text(capo_put_uri_path, "/a?b#c;d%"), "/a%3Fb%23c%3Bd%25");
    EXPECT_TEXT(put_text(capo_put_file_uri, "a\\\xC3\xBC.txt"), "a/%C3%BC.txt");
    EXPECT_TEXT(put_text(capo_put_one_slash, "//evil.example/"), "/%2Fevil.example/");
    EXPECT_TEXT(put_text(capo_put_one_slash, "/x"), "/x");
    EXPECT(capo_is_same_domain("a.example.com", ".Example.com") && capo_is_same_domain("example.com", ".example.com"));
    EXPECT(!capo_is_same_domain("badexample.com", ".example.com") && !capo_is_same_domain("example.com", ""));
    Buffer query = { 0 };
    List *list = capo_list_new();
    capo_list_add(list, VALUE(1));
    capo_list_add(list, VALUE("b c&"));
    capo_put_query(&query, capo_value_map(capo_map(V("a", list), V("x", "y"))), true);
    EXPECT_TEXT(capo_buffer_text(&query), "a=1&a=b+c%26&x=y");
}

TEST(text_tokens)
{
    Value number;
    EXPECT_TEXT(capo_base36(818469960), "django");
    EXPECT(capo_base36_parse("1Y2P0IJ32E8E8", 13, &number) && capo_is_whole(number));
    EXPECT_TEXT(capo_to_text(number), "9223372036854775808");
    EXPECT(!capo_base36_parse("", 0, &number) && !capo_base36_parse("a b", 3, &number) && !capo_base36_parse("zzzzzzzzzzzzzz", 14, &number));
    uint8_t *bytes;
    size_t size;
    EXPECT_TEXT(capo_base64url("\xFF\xEF", 2), "_-8");
    EXPECT(capo_base64url_parse("_-8=", 4, &bytes, &size) && size == 2 && memcmp(bytes, "\xFF\xEF", 2) == 0);
    EXPECT(!capo_base64url_parse("Y", 1, &bytes, &size));
}

TEST(text_headers)
{
    Map *parameters;
    int64_t seconds;
    EXPECT_TEXT(capo_content_disposition(true, "a \"b\".txt"), "attachment; filename=\"a \\\"b\\\".txt\"");
    EXPECT_TEXT(capo_content_disposition(false, "\xC3\xBC"), "inline; filename*=utf-8''%C3%BC");
    EXPECT(!capo_content_disposition(false, NULL));
    EXPECT_TEXT(capo_header_parameters("Text/HTML ; a=\"x;\\\"y\"; T*=iso-8859-1''%FC", &parameters), "text/html");
    EXPECT_TEXT(capo_to_text(*capo_map_get(parameters, "a")), "x;\"y");
    EXPECT_TEXT(capo_to_text(*capo_map_get(parameters, "t")), "\xC3\xBC");
    EXPECT_INT(capo_etags("\"a\", W/\"b\", c")->count, 2);
    EXPECT_TEXT(capo_quote_etag("a"), "\"a\"");
    EXPECT_TEXT(capo_quote_etag("W/\"a\""), "W/\"a\"");
    EXPECT_TEXT(capo_http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT(capo_http_date_parse("Sunday, 06-Nov-94 08:49:37 GMT", &seconds) && seconds == 784111777);
    EXPECT(!capo_http_date_parse("Sun, 31 Feb 1994 08:49:37 GMT", &seconds) && !capo_http_date_parse("Sun, 06 Nov 94 08:49:37 GMT", &seconds));
}

static void make_file_name(void *name)
{
    capo_valid_file_name(name, strlen(name));
}

TEST(text_files_and_lists)
{
    EXPECT_TEXT(capo_valid_file_name("  ../a b?\xC3\xBC.txt", 15), "..a_b\xC3\xBC.txt");
    EXPECT_RAISES(ERROR_SUSPICIOUS_OPERATION, make_file_name, "?/");
    EXPECT_TEXT(capo_text_list((const char *[]){ "a", "b", "c", NULL }, "or"), "a, b or c");
    EXPECT_TEXT(capo_text_list((const char *[]){ NULL }, "or"), "");
    EXPECT_TEXT(put_text(capo_put_newlines, "a\r\nb\rc\n"), "a\nb\nc\n");
}

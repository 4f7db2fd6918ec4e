/* SPDX-License-Identifier: BSD-3-Clause */
/* Validators and patterns: what conformance/validators.jsonl does not hold, and SECURITY.md's rows. */
#include "../../cli/capo/testing.h"
#include <capo/validators.h>
#include <string.h>

static bool search(const char *pattern, const char *text)
{
    const char *error = NULL;
    Pattern *compiled = capo_pattern(pattern, 0, &error);
    if (!compiled)
        capo_test_fail(__FILE__, __LINE__, "pattern %s: %s", pattern, error);
    return capo_pattern_search(compiled, text, strlen(text));
}

static const char *pattern_error(const char *pattern)
{
    const char *error = "none";
    return capo_pattern(pattern, 0, &error) ? "none" : error;
}

TEST(patterns_match_as_python_has_it)
{
    static const struct { const char *pattern, *text; bool matches; } cases[] = {
        { "", "", true }, { "a", "xay", true }, { "^a", "ba", false }, { "a$", "a\n", true }, { "a\\Z", "a\n", false },
        { "^(?:ab|cd)+$", "abcdab", true }, { "^(?:ab|cd)+$", "abc", false }, { "^a{2,3}$", "a", false }, { "^a{2,3}$", "aa", true },
        { "^a{2,3}$", "aaaa", false }, { "^a{2,}$", "aaaaa", true }, { "^a{,2}$", "", true }, { "^a{,2}$", "aaa", false },
        { "^(a|b|)c$", "c", true }, { "^(a|b|)c$", "bc", true }, { "^[^a-c]+$", "xyz", true }, { "^[^a-c]+$", "xbz", false },
        { "^\\d+$", "１２３", true }, { "^\\w+$", "naïve_1", true }, { "^\\S+$", "a\xc2\xa0" "b", false }, { "\\bfoo\\b", "a foo b", true },
        { "\\bfoo\\b", "afoo", false }, { "(?i)^straße$", "STRAßE", true }, { "^.$", "é", true }, { "a.c", "a\nc", false },
        { "(?s)a.c", "a\nc", true }, { "^(a{0,2}b){2}$", "abaab", true }, { "^(a{0,2}b){2}$", "aaabb", false }, { "^x*?y+?$", "xxy", true },
        { "^(?P<year>[0-9]{4})-x$", "2026-x", true }, { "^[]a]+$", "]a", true }, { "^[a\\-z]+$", "a-z", true }, { "a{x", "a{x", true },
        { "^(?:(?:a|b)*c|d)$", "ababc", true }, { "^(?:(?:a|b)*c|d)$", "d", true }, { "^\\u00e9$", "é", true }, { "^(a+b?)*$", "aabab", true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (search(cases[i].pattern, cases[i].text) != cases[i].matches)
            capo_test_fail(__FILE__, __LINE__, "%s in \"%s\" should %s", cases[i].pattern, cases[i].text, cases[i].matches ? "match" : "not match");
}

TEST(patterns_that_are_wrong_say_why)
{
    EXPECT(strstr(pattern_error("(a"), "not closed"));
    EXPECT(strstr(pattern_error("a)"), "no ( before"));
    EXPECT(strstr(pattern_error("[a"), "not closed"));
    EXPECT(strstr(pattern_error("*a"), "nothing to repeat"));
    EXPECT(strstr(pattern_error("a**"), "repeated"));
    EXPECT(strstr(pattern_error("(a)\\1"), "back-references"));
    EXPECT(strstr(pattern_error("(?=a)"), "not supported"));
    EXPECT(strstr(pattern_error("a\\"), "backslash"));
    EXPECT(strstr(pattern_error("[b-a]"), "backwards"));
    EXPECT(strstr(pattern_error("((a{1000}){1000}){1000}"), "too large"));
}

/* SEC-254, SEC-255: what makes a backtracking engine run for years is linear here. */
TEST(sec_255_hostile_patterns_are_linear)
{
    size_t size = 200000;
    char *text = capo_alloc(size + 2);
    memset(text, 'a', size);
    text[size] = '!';
    int64_t start = capo_test_cpu_us();
    EXPECT(!search("^(a+)+$", text));
    EXPECT(!search("^(a|aa)+$", text));
    EXPECT(!search("^([a-z]+)*[a-z]+$", text));
    EXPECT(capo_test_cpu_us() - start < 5000000);
}

static bool valid(bool (*check)(Value value, Problem *ret), const char *text, size_t size)
{
    Problem problem;
    return check(capo_value_text_n(text, size), &problem);
}

static bool check_url(Value value, Problem *ret) { return capo_check_url(value, NULL, ret); }
static bool check_slug(Value value, Problem *ret) { return capo_check_slug(value, false, ret); }
static bool check_unicode_slug(Value value, Problem *ret) { return capo_check_slug(value, true, ret); }
static bool check_domain(Value value, Problem *ret) { return capo_check_domain_name(value, true, ret); }
static bool check_list(Value value, Problem *ret) { return capo_check_integer_list(value, ",", true, ret); }

static const struct { const char *name; bool (*check)(Value value, Problem *ret); const char *good; } checks[] = {
    { "email", capo_check_email, "a@b.co" }, { "url", check_url, "http://a.co/x" }, { "slug", check_slug, "a-b" },
    { "unicode slug", check_unicode_slug, "é-b" }, { "domain", check_domain, "a.co" }, { "ipv4", capo_check_ipv4, "1.2.3.4" },
    { "ipv6", capo_check_ipv6, "::1" }, { "ipv46", capo_check_ipv46, "::1" }, { "integer", capo_check_integer, "-12" },
    { "integer list", check_list, "1,-2" },
};

/* SEC-250: a megabyte of what is worst for each is refused, and fast. */
TEST(sec_250_validators_are_linear)
{
    static const char *const pieces[] = { "a.", ".", ":", "1", "1.", "@", "a@", "-", "%", "\xc3\xa9", "[", "xn--", "http://", "0:", "," };
    int64_t start = capo_test_cpu_us();
    for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
        size_t width = strlen(pieces[p]), size = 1000000 / width * width;
        char *text = capo_alloc(size + 16);
        for (size_t i = 0; i < size; i += width)
            memcpy(text + i, pieces[p], width);
        for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
            bool digits = strstr(checks[i].name, "integer") && !strcmp(pieces[p], "1");
            bool slug = strstr(checks[i].name, "slug") && (!strcmp(pieces[p], "-") || !strcmp(pieces[p], "1") || !strcmp(pieces[p], "xn--")
                || (i == 3 && !strcmp(pieces[p], "\xc3\xa9")));
            if (valid(checks[i].check, text, size) != (digits || slug))
                capo_test_fail(__FILE__, __LINE__, "%s of a megabyte of %s", checks[i].name, pieces[p]);
        }
    }
    EXPECT(capo_test_cpu_us() - start < 10000000);
}

/* SEC-251: the match goes to the very end. */
TEST(sec_251_newlines_and_tabs_are_refused)
{
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        const char *good = checks[i].good;
        EXPECT(valid(checks[i].check, good, strlen(good)));
        const char *const bad[] = { capo_format("%s\n", good), capo_format("\n%s", good), capo_format("%s\t", good),
            capo_format("%.1s\t%s", good, good + 1), capo_format("%s ", good), capo_format("%s\r\n", good) };
        for (size_t b = 0; b < sizeof bad / sizeof *bad; b++)
            if (valid(checks[i].check, bad[b], strlen(bad[b])))
                capo_test_fail(__FILE__, __LINE__, "%s takes \"%s\"", checks[i].name, bad[b]);
        char *nul = capo_format("%sx", good);
        nul[strlen(good)] = 0;
        EXPECT(!valid(checks[i].check, nul, strlen(good) + 1));
    }
}

/* SEC-252 */
TEST(sec_252_odd_ip_addresses)
{
    static const char *const bad4[] = { "010.0.0.1", "1.2.3.04", "1.2.3", "1.2.3.4.5", "256.1.1.1", "0x7f.1.1.1", "1..2.3", "" };
    for (size_t i = 0; i < sizeof bad4 / sizeof *bad4; i++)
        EXPECT(!valid(capo_check_ipv4, bad4[i], strlen(bad4[i])));
    static const char *const bad6[] = { ":", ":::", "1::2::3", "12345::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1.2.3.04", "::1%", "1:2:3:4:5:6:7:1.2.3.4", "::g" };
    for (size_t i = 0; i < sizeof bad6 / sizeof *bad6; i++)
        EXPECT(!valid(capo_check_ipv6, bad6[i], strlen(bad6[i])));
    EXPECT_TEXT(capo_ipv6_clean("2001:0DB8:0:0:0:0:0:1", 21, false), "2001:db8::1");
    EXPECT_TEXT(capo_ipv6_clean("0:0:0:0:0:0:0:0", 15, false), "::");
    EXPECT_TEXT(capo_ipv6_clean("1:0:0:2:0:0:0:3", 15, false), "1:0:0:2::3");
    EXPECT_TEXT(capo_ipv6_clean("::ffff:10.0.0.1", 15, true), "10.0.0.1");
    EXPECT_TEXT(capo_ipv6_clean("::ffff:0a00:0001", 16, false), "::ffff:10.0.0.1");
}

/* SEC-253 */
TEST(sec_253_odd_urls)
{
    static const char *const bad[] = { "javascript:alert(1)", "data:text/html,x", "http://\x01.com", "//a.co", "http://a.co:123456/",
        "http://\xe2\x84\x80.com" /* becomes a/c when normalised */, "http://user:p:w@a.co", "http://[::1", "http://[::1]x/", "HTTP//a.co" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (valid(check_url, bad[i], strlen(bad[i])))
            capo_test_fail(__FILE__, __LINE__, "takes %s", bad[i]);
    EXPECT(valid(check_url, "https://exämple.com/ü?q=1#x", strlen("https://exämple.com/ü?q=1#x")));
}

static void validate_bad_email(void *unused) { (void)unused; capo_validate_email(VALUE("x")); }

TEST(validators_raise_with_code_and_message)
{
    const Error *error = EXPECT_RAISES(ERROR_VALIDATION, validate_bad_email, NULL);
    EXPECT_TEXT(error->message, "Enter a valid email address.");
    EXPECT_TEXT(((const ValidationError *)error->detail)->code, "invalid");
    capo_validate_email(VALUE("a@b.co"));
    capo_validate_image_file_extension(VALUE("x/photo.JPG"));
}

TEST(validators_of_decimals)
{
    static const char *const bad[] = { "sNaN", "-sNaN", "NaN", "Infinity", "1E+5", "0.001", "1000" };
    Problem problem;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        EXPECT(!capo_check_decimal(capo_value_decimal((Decimal){ bad[i] }), 3, 2, &problem));
    EXPECT(capo_check_decimal(capo_value_decimal((Decimal){ "0E+3" }), 3, 2, &problem));
    EXPECT(capo_check_decimal(capo_value_decimal((Decimal){ "1.12" }), 3, 2, &problem));
}

TEST(messages_take_their_parameters)
{
    Problem problem;
    EXPECT(!capo_check_max_length(VALUE("日本語"), 1, &problem));
    EXPECT_TEXT(capo_problem_text(&problem, NULL), "Ensure this value has at most 1 character (it has 3).");
    EXPECT_TEXT(capo_problem_text(&problem, "%(show_value)d > %(limit_value)s, 100%%, %(unknown)s"), "3 > 1, 100%, %(unknown)s");
}

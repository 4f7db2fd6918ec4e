/* SPDX-License-Identifier: BSD-3-Clause */
#include <capo/testing.h>

static const char *parsed(const char *text)
{
    Decimal d;
    return capo_parse_decimal(text, &d) ? d.text : "none";
}

TEST(decimal_parse_as_python_prints)
{
    EXPECT_TEXT(parsed("12.50"), "12.50");
    EXPECT_TEXT(parsed(" +007.0 "), "7.0");
    EXPECT_TEXT(parsed(".5"), "0.5");
    EXPECT_TEXT(parsed("-0"), "-0");
    EXPECT_TEXT(parsed("1e3"), "1E+3");
    EXPECT_TEXT(parsed("1.5e-10"), "1.5E-10");
    EXPECT_TEXT(parsed("0.000001"), "0.000001");
    EXPECT_TEXT(parsed("0.0000001"), "1E-7");
    EXPECT_TEXT(parsed("nan"), "none");
    EXPECT_TEXT(parsed("Infinity"), "none");
    EXPECT_TEXT(parsed(""), "none");
    EXPECT_TEXT(parsed("1.2.3"), "none");
    EXPECT_TEXT(parsed("1e"), "none");
    EXPECT_TEXT(parsed("1e99999999999999999999"), "none");
}

static const char *rounded(const char *text, int places, bool even)
{
    return capo_decimal_quantize((Decimal){ text }, places, even).text;
}

TEST(decimal_quantize)
{
    EXPECT_TEXT(rounded("2.5", 0, false), "3");
    EXPECT_TEXT(rounded("2.5", 0, true), "2");
    EXPECT_TEXT(rounded("2.51", 0, true), "3");
    EXPECT_TEXT(rounded("-9.995", 2, false), "-10.00");
    EXPECT_TEXT(rounded("1E+3", 2, false), "1000.00");
    EXPECT_TEXT(rounded("0.004", 2, false), "0.00");
    EXPECT_TEXT(rounded("0.005", 2, false), "0.01");
    EXPECT_TEXT(rounded("1E-400", 3, false), "0.000");
    EXPECT_TEXT(rounded("0E+10", 2, false), "0.00");
    EXPECT_TEXT(rounded("12", 3, false), "12.000");
}

static void too_long(void *unused)
{
    (void)unused;
    capo_decimal_quantize((Decimal){ "1E+999999999" }, 2, false);
}

static void sum_too_long(void *unused)
{
    (void)unused;
    capo_decimal_add((Decimal){ "1E+999999999" }, (Decimal){ "1" });
}

/* A short text must not become a gigabyte: CVE-2024-38875's kin. */
TEST(decimal_bounds_exponents)
{
    EXPECT_RAISES(ERROR_VALUE, too_long, NULL);
    EXPECT_RAISES(ERROR_VALUE, sum_too_long, NULL);
    EXPECT_INT(capo_decimal_compare((Decimal){ "1E+999999999" }, (Decimal){ "9E+999999998" }), 1);
}

TEST(decimal_compare_and_add)
{
    EXPECT_INT(capo_decimal_compare((Decimal){ "1.0" }, (Decimal){ "1" }), 0);
    EXPECT_INT(capo_decimal_compare((Decimal){ "-1.1" }, (Decimal){ "-1" }), -1);
    EXPECT_INT(capo_decimal_compare((Decimal){ "0.00" }, (Decimal){ "-0" }), 0);
    EXPECT_INT(capo_decimal_compare((Decimal){ "10" }, (Decimal){ "9.99" }), 1);
    EXPECT_TEXT(capo_decimal_add((Decimal){ "1.10" }, (Decimal){ "2.9" }).text, "4.00");
    EXPECT_TEXT(capo_decimal_add((Decimal){ "1" }, (Decimal){ "-1.5" }).text, "-0.5");
    EXPECT_TEXT(capo_decimal_add((Decimal){ "-1" }, (Decimal){ "1" }).text, "0");
    EXPECT_TEXT(capo_decimal_add((Decimal){ "999" }, (Decimal){ "1" }).text, "1000");
    int whole, places;
    capo_decimal_digits((Decimal){ "0012.340" }, &whole, &places);
    EXPECT_INT(whole, 2);
    EXPECT_INT(places, 3);
    capo_decimal_digits((Decimal){ "0.05" }, &whole, &places);
    EXPECT_INT(whole, 0);
    EXPECT_INT(places, 2);
}

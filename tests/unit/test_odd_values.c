/* SPDX-License-Identifier: BSD-3-Clause */
/* Values at the edges of what fields hold: refused before the database does, in Django 5.2's words, and as each database has it. */
#include <capo/forms.h>
#include <capo/schema.h>
#include <capo/testing.h>
#include "../../orm/internal.h"
#include "database_under_test.h"
#include <math.h>
#include <string.h>

#define CAPO_MODELS "../../tests/unit/test_odd_values.def"
#include <capo/declare_models.h>
#define CAPO_MODELS "../../tests/unit/test_odd_values.def"
#include <capo/define_models.h>

static const App odds = { .name = "odds", .models = models };

static void open_odds(void)
{
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .apps = APPS(&odds) });
    capo_models_prepare(APPS(&odds));
    open_empty_database();
    SchemaEditor *editor = capo_schema_open(false);
    capo_schema_create_model(editor, &Odd_model);
    capo_schema_close(editor);
}

typedef struct Cleaning { const char *field; Value value; } Cleaning;

static void clean(void *argument)
{
    Cleaning *cleaning = argument;
    cleaning->value = capo_field_clean(capo_field(&Odd_model, cleaning->field), cleaning->value, false);
}

/* "code: message" of each mistake, or the value. */
static const char *cleaned(const char *field, Value value)
{
    Cleaning cleaning = { field, value };
    const Error *error = capo_try(clean, &cleaning);
    Buffer out = { 0 };
    if (!error)
        return capo_to_text(cleaning.value);
    for (const ValidationError *one = error->detail; one; one = one->next)
        capo_put_format(&out, "%s%s: %s", out.size ? "; " : "", one->code, one->message);
    return capo_buffer_text(&out);
}
#define EXPECT_CLEANED(field, x, wanted) EXPECT_TEXT(cleaned(field, VALUE(x)), wanted)

static Value decimal(const char *text) { return capo_value_decimal((Decimal){ text }); }

TEST(whole_numbers_are_held_against_their_column)
{
    open_odds();
    bool narrow = !database_is("sqlite"), is_unsigned = database_is("mysql");
    EXPECT_CLEANED("plain", 2147483647, "2147483647");
    EXPECT_CLEANED("plain", 2147483648, narrow ? "max_value: Ensure this value is less than or equal to 2147483647." : "2147483648");
    EXPECT_CLEANED("plain", -2147483649, narrow ? "min_value: Ensure this value is greater than or equal to -2147483648." : "-2147483649");
    EXPECT_CLEANED("small", 32768, narrow ? "max_value: Ensure this value is less than or equal to 32767." : "32768");
    EXPECT_CLEANED("few", 65536, is_unsigned ? "max_value: Ensure this value is less than or equal to 65535." : narrow
        ? "max_value: Ensure this value is less than or equal to 32767." : "65536");
    EXPECT_CLEANED("few", -1, "min_value: Ensure this value is greater than or equal to 0.");
    EXPECT_CLEANED("positive", 4294967295, is_unsigned || !narrow ? "4294967295" : "max_value: Ensure this value is less than or equal to 2147483647.");
    EXPECT_CLEANED("limited", 6000000000, "max_value: No more than five.");             /* one mistake, the nearer limit's */
    EXPECT_CLEANED("limited", -6000000000, "min_value: Ensure this value is greater than or equal to -5.");
    EXPECT_CLEANED("big", "9223372036854775807", "9223372036854775807");
    EXPECT_CLEANED("big", "9223372036854775808", "max_value: Ensure this value is less than or equal to 9223372036854775807.");
    EXPECT_CLEANED("big", " -99999999999999999999 ", "min_value: Ensure this value is greater than or equal to -9223372036854775808.");
    EXPECT_CLEANED("big", 1e300, "max_value: Ensure this value is less than or equal to 9223372036854775807.");
    EXPECT_CLEANED("big", "9223372036854775808x", "invalid: “9223372036854775808x” value must be an integer.");
    EXPECT_CLEANED("big", INFINITY, "invalid: “inf” value must be an integer.");
    EXPECT_TEXT(cleaned("big", decimal("9223372036854775807.9")), "9223372036854775807");
    EXPECT_TEXT(cleaned("plain", decimal("-1.99")), "-1");                              /* cut, not rounded */
    EXPECT_TEXT(cleaned("plain", decimal("NaN")), "invalid: “NaN” value must be an integer.");
    Form *form = capo_model_form_new(&Odd_model, LIST("plain"), NULL, capo_dict_parse("plain=3000000000", 16), NULL, NULL);
    EXPECT(capo_form_is_valid(form) != narrow);                                         /* not the database's error 500 */
}

TEST(positive_numbers_use_the_whole_column)
{
    open_odds();
    Odd *odd = capo_new(Odd);
    int most = database_is("postgresql") ? 32767 : 65535;
    capo_set(odd, few, most);
    capo_save(odd);
    EXPECT_INT(capo_count(Odd, .where = { .few = EQ(most) }), 1);
    EXPECT_INT(capo_count(Odd, .where = { .few = GTE(most) }), 1);
    EXPECT_INT(capo_count(Odd, .where = { .few = LT(1000000) }), 1);
    EXPECT_INT(capo_count(Odd, .where = { .few = EQ(1000000) }), 0);
    EXPECT_INT(capo_count(Odd, .where = { .few = GT(-1) }), 1);
    EXPECT(capo_first(Odd, .where = { .few = EQ(most) }) && !capo_first(Odd, .where = { .few = EQ(-1) }));
}

TEST(odd_values_have_djangos_words)
{
    open_odds();
    EXPECT_CLEANED("maybe", "x", "invalid: “x” value must be either True, False, or None.");
    EXPECT_TEXT(cleaned("maybe", decimal("0.00")), "False");
    EXPECT_CLEANED("address", "1::2::3", "invalid: Enter a valid IPv6 address.");
    EXPECT_CLEANED("address", "a name that is longer than any address may be", "invalid: Enter a valid IPv4 or IPv6 address.");
    EXPECT_CLEANED("slug", "a b c d", "invalid: Enter a valid “slug” consisting of letters, numbers, underscores or hyphens.; "
                                      "max_length: Ensure this value has at most 5 characters (it has 7).");
    EXPECT_CLEANED("moment", "0001-01-01T00:00:00+01:00", "invalid_datetime: “0001-01-01T00:00:00+01:00” value has the correct format "
                                                         "(YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ]) but it is an invalid date/time.");
    EXPECT_CLEANED("moment", "9999-12-31 23:59:59-00:01", "invalid_datetime: “9999-12-31 23:59:59-00:01” value has the correct format "
                                                         "(YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ]) but it is an invalid date/time.");
    EXPECT(capo_is_text(capo_field_clean(capo_field(&Odd_model, "data"), capo_value_text_n("a\0b", 3), false)));    /* JSON writes it as \u0000 */
}

TEST(decimals_become_whole_numbers_exactly)
{
    int64_t n;
    EXPECT(capo_to_int(decimal("9007199254740993.5"), &n) && n == 9007199254740993);
    EXPECT(capo_to_int(decimal("-9223372036854775808"), &n) && n == INT64_MIN);
    EXPECT(!capo_to_int(decimal("9223372036854775808"), &n) && !capo_to_int(decimal("NaN"), &n) && !capo_to_int(decimal("Infinity"), &n));
    EXPECT(!capo_to_int(VALUE(-9.25e18), &n) && !capo_to_int(VALUE(9.2233720368547758e18), &n));
    EXPECT(capo_to_int(VALUE(9.2e18), &n) && capo_to_int(decimal("1e-400"), &n) && n == 0);
}

static Odd *only(void) { return capo_get(Odd); }
static void read_only(void *unused) { (void)unused; only(); }

TEST(what_django_reads_of_postgresqls_own_values)
{
    open_odds();
    if (!database_is("postgresql"))
        return;
    capo_sql_run("INSERT INTO odds_odd (day, moment, span) VALUES ('infinity', '-infinity', '1 year 2 mons 3 days 00:00:01')");
    for (int i = 0; i < 8; i++) {                                   /* text at first, binary where the driver has it */
        Odd *odd = only();
        EXPECT_TEXT(capo_date_iso(odd->day.value), "9999-12-31");
        EXPECT_TEXT(capo_datetime_iso(odd->moment.value, capo_time_zone_utc()), "0001-01-01T00:00:00+00:00");
        EXPECT_INT(odd->span.value.microseconds, INT64_C(428) * 86400000000 + 1000000);
    }
    EXPECT_TEXT(capo_to_text(capo_values_flat(capo_query(Odd), "day")->items[0]), capo_to_text(VALUE(capo_date(9999, 12, 31))));
    capo_sql_run("UPDATE odds_odd SET day = '-infinity', moment = 'infinity', span = '-1 year -1 mon'");
    EXPECT_TEXT(capo_date_iso(only()->day.value), "0001-01-01");
    EXPECT_TEXT(capo_datetime_iso(only()->moment.value, capo_time_zone_utc()), "9999-12-31T23:59:59.999999+00:00");
    EXPECT_INT(only()->span.value.microseconds, INT64_C(-395) * 86400000000);
}

static void save_odd(void *odd) { capo_save((Odd *)odd); }

TEST(not_a_number_is_postgresqls)
{
    open_odds();
    Odd *odd = capo_new(Odd);
    capo_set(odd, real, NAN);
    if (!database_is("postgresql")) {
        EXPECT(strstr(EXPECT_RAISES(ERROR_VALUE, save_odd, odd)->message, "expected a number but got nan"));
        return;
    }
    capo_save(odd);
    EXPECT(isnan(only()->real.value));
    EXPECT_INT(capo_count(Odd, .where = { .real = EQ(NAN) }), 1);   /* there it equals itself, and is more than all others */
    EXPECT_INT(capo_count(Odd, .where = { .real = GT(1e300) }), 1);
}

TEST(numbers_past_64_bits_are_no_zero)
{
    open_odds();
    if (!database_is("mysql"))
        return;
    capo_sql_run("INSERT INTO odds_odd (most) VALUES (18446744073709551615)");
    EXPECT(strstr(EXPECT_RAISES(ERROR_DATA, read_only, NULL)->message, "Odd.most is 18446744073709551615"));
    EXPECT_TEXT(capo_to_text(capo_values_flat(capo_query(Odd), "most")->items[0]), "18446744073709551615");
}

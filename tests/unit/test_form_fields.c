/* SPDX-License-Identifier: BSD-3-Clause */
/* Form fields one by one: what conformance/forms.jsonl does not hold, and SECURITY.md's rows. */
#include "../../cli/capo/testing.h"
#include <capo/syntax.h>
#include <string.h>

static const char *problem(const FormField *field, Value raw)
{
    const ValidationError *errors = NULL;
    Value value;
    return capo_form_field_clean(field, raw, &value, &errors) ? NULL : errors->message;
}

static Value clean(const FormField *field, Value raw)
{
    const ValidationError *errors = NULL;
    Value value = capo_value_null();
    if (!capo_form_field_clean(field, raw, &value, &errors))
        capo_test_fail(__FILE__, __LINE__, "\"%s\": %s", capo_to_text(raw), errors->message);
    return value;
}
#define FIELD(...) (&(FormField){ .name = "field", __VA_ARGS__ })
#define FAILS(message, raw, ...) EXPECT_TEXT(problem(FIELD(__VA_ARGS__), VALUE(raw)), message)
#define GIVES(text, raw, ...) EXPECT_TEXT(capo_to_text(clean(FIELD(__VA_ARGS__), VALUE(raw))), text)
static const char whole[] = "Enter a whole number.", number[] = "Enter a number.";

/* SEC-256: no wrap, nothing but a typed error. */
TEST(sec_256_integers)
{
    GIVES("2147483648", "2147483648", .kind = FORM_INTEGER);
    GIVES("9223372036854775807", "9223372036854775807", .kind = FORM_INTEGER);
    GIVES("-9223372036854775808", "-9223372036854775808", .kind = FORM_INTEGER);
    GIVES("9223372036854775808", "9223372036854775808", .kind = FORM_INTEGER, .big_integers = true);
    FAILS("Ensure this value is less than or equal to 9223372036854775807.", "9223372036854775808", .kind = FORM_INTEGER);
    FAILS("Ensure this value is greater than or equal to -9223372036854775808.", "-9223372036854775809", .kind = FORM_INTEGER);
    FAILS("Ensure this value is less than or equal to 9223372036854775807.", "9223372036854775808", .kind = FORM_INTEGER, .maximum = LIMIT(9223372036854775807.0));
    GIVES("1", "+1", .kind = FORM_INTEGER);
    GIVES("50", "５０", .kind = FORM_INTEGER);
    GIVES("0", "-0", .kind = FORM_INTEGER);
    static const char *const bad[] = { "1e5", "0x10", "1,000", "--1", "1-", "_1", "1_", "1__0", "1.5", ".", "-", "€5", "1 2" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        FAILS(whole, bad[i], .kind = FORM_INTEGER);
    char *digits = capo_alloc(1000001);
    memset(digits, '9', 1000000);
    int64_t start = capo_test_cpu_us();
    FAILS(whole, digits, .kind = FORM_INTEGER);
    FAILS(number, digits, .kind = FORM_FLOAT);
    FAILS(number, digits, .kind = FORM_DECIMAL);
    EXPECT(capo_test_cpu_us() - start < 2000000);
}

/* SEC-257 */
TEST(sec_257_decimals_and_floats)
{
    static const char *const bad[] = { "1e1000000", "1e-1000000", "1e99999999999999999999", "NaN", "sNaN", "Infinity", "-inf", "1,5", "0x1p3", "e5", "1e", "." };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        FAILS(number, bad[i], .kind = FORM_DECIMAL);
    static const char *const bad_float[] = { "NaN", "inf", "-Infinity", "1e400", "1,5", "0x1p3", "1__0", "e5" };
    for (size_t i = 0; i < sizeof bad_float / sizeof *bad_float; i++)
        FAILS(number, bad_float[i], .kind = FORM_FLOAT);
    GIVES("1.2E+3", "1.2e3", .kind = FORM_DECIMAL);
    GIVES("0.10", "00.10", .kind = FORM_DECIMAL);
    FAILS("Ensure that there are no more than 5 digits in total.", "1e6", .kind = FORM_DECIMAL, .max_digits = 5, .decimal_places = 2);
    FAILS("Ensure that there are no more than 2 decimal places.", "1.234", .kind = FORM_DECIMAL, .max_digits = 5, .decimal_places = 2);
    FAILS("Ensure that there are no more than 0 decimal places.", "1.5", .kind = FORM_DECIMAL, .max_digits = 5);
}

/* SEC-258: lengths are code points, NUL is refused. */
TEST(sec_258_texts)
{
    GIVES("日本語", "日本語", .max_length = 3);
    FAILS("Ensure this value has at most 2 characters (it has 3).", "日本語", .max_length = 2);
    EXPECT_TEXT(problem(FIELD(), capo_value_text_n("a\0b", 3)), "Null characters are not allowed.");
    static const FormFieldKind kinds[] = { FORM_EMAIL, FORM_URL, FORM_SLUG, FORM_UUID, FORM_IP_ADDRESS, FORM_INTEGER, FORM_FLOAT, FORM_DECIMAL,
        FORM_DATE, FORM_TIME, FORM_DATETIME, FORM_DURATION, FORM_JSON, FORM_CHOICE };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!problem(FIELD(.kind = kinds[i], .choices = CHOICES({ "1", "1" })), capo_value_text_n("1\0", 2)))
            capo_test_fail(__FILE__, __LINE__, "%s takes a NUL", capo_form_kind_name(kinds[i]));
}

/* SEC-261: only what is offered; many at once cost one pass. */
TEST(sec_261_choices)
{
    const FieldChoice *choices = CHOICES({ "a", "A" }, { "b", "B" });
    FAILS("Select a valid choice. c is not one of the available choices.", "c", .kind = FORM_CHOICE, .choices = choices);
    FAILS("Select a valid choice. a  is not one of the available choices.", "a ", .kind = FORM_CHOICE, .choices = choices);
    List *many = capo_list_new(), *offered = capo_list_new();
    for (int i = 0; i < 100000; i++)
        capo_list_add(many, capo_value_text(capo_format("%d", i)));
    for (int i = 0; i < 50000; i++)
        capo_list_add(offered, capo_value_map(capo_map(V("value", i), V("label", i))));
    int64_t start = capo_test_cpu_us();
    EXPECT_TEXT(problem(FIELD(.kind = FORM_MULTIPLE_CHOICE, .choice_list = offered), capo_value_list(many)),
                "Select a valid choice. 50000 is not one of the available choices.");
    EXPECT(capo_test_cpu_us() - start < 5000000);
}

/* SEC-262 */
TEST(sec_262_the_wrong_shape)
{
    List *list = capo_list_new();
    capo_list_add(list, VALUE("a"));
    static const FormFieldKind kinds[] = { FORM_EMAIL, FORM_URL, FORM_SLUG, FORM_UUID, FORM_IP_ADDRESS, FORM_INTEGER, FORM_FLOAT, FORM_DECIMAL,
        FORM_DATE, FORM_TIME, FORM_DATETIME, FORM_DURATION, FORM_CHOICE, FORM_FILE };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        EXPECT(problem(FIELD(.kind = kinds[i]), capo_value_list(list)));
        EXPECT(problem(FIELD(.kind = kinds[i]), capo_value_map(capo_map(V("a", 1)))));
    }
    FAILS("Enter a list of values.", "a", .kind = FORM_MULTIPLE_CHOICE);
    FAILS("Enter a list of values.", "2026-11-22", .kind = FORM_SPLIT_DATETIME);
    EXPECT(problem(FIELD(.kind = FORM_JSON), capo_value_text(capo_format("%0*d", 0, 0))) == NULL);
    char *deep = capo_alloc(100001);
    memset(deep, '[', 100000);
    FAILS("Enter a valid JSON.", deep, .kind = FORM_JSON);
}

TEST(fields_split_datetime)
{
    List *parts = capo_list_new();
    capo_list_add(parts, VALUE("2026-11-22"));
    capo_list_add(parts, VALUE("08:30"));
    EXPECT_TEXT(capo_datetime_iso(clean(FIELD(.kind = FORM_SPLIT_DATETIME), capo_value_list(parts)).datetime, NULL), "2026-11-22T08:30:00+00:00");
    parts->items[1] = VALUE("x");
    EXPECT_TEXT(problem(FIELD(.kind = FORM_SPLIT_DATETIME), capo_value_list(parts)), "Enter a valid time.");
    parts->items[1] = VALUE("");
    EXPECT_TEXT(problem(FIELD(.kind = FORM_SPLIT_DATETIME), capo_value_list(parts)), "This field is required.");
    EXPECT_TEXT(problem(FIELD(.kind = FORM_SPLIT_DATETIME, .optional = true), capo_value_list(parts)), "Enter a valid time.");
    parts->items[0] = VALUE("");
    EXPECT(capo_is_null(clean(FIELD(.kind = FORM_SPLIT_DATETIME, .optional = true), capo_value_list(parts))));
}

/* Local times that the clocks skip, or show twice. */
TEST(fields_datetimes_in_their_zone)
{
    capo_activate_time_zone(capo_time_zone("Europe/Berlin"));
    EXPECT_TEXT(capo_datetime_iso(clean(FIELD(.kind = FORM_DATETIME), VALUE("2026-07-01 12:00")).datetime, capo_time_zone("UTC")), "2026-07-01T10:00:00+00:00");
    EXPECT_TEXT(capo_datetime_iso(clean(FIELD(.kind = FORM_DATETIME), VALUE("2026-07-01T12:00:00+05:00")).datetime, capo_time_zone("UTC")), "2026-07-01T07:00:00+00:00");
    FAILS("2026-03-29 02:30:00 couldn’t be interpreted in time zone Europe/Berlin; it may be ambiguous or it may not exist.", "2026-03-29 02:30", .kind = FORM_DATETIME);
    FAILS("2026-10-25 02:30:00 couldn’t be interpreted in time zone Europe/Berlin; it may be ambiguous or it may not exist.", "2026-10-25 02:30", .kind = FORM_DATETIME);
    EXPECT(!problem(FIELD(.kind = FORM_DATETIME), VALUE("2026-10-25 03:30")));
    EXPECT(!problem(FIELD(.kind = FORM_DATETIME), VALUE("2026-10-25 01:30")));
}

static void even(Value value)
{
    if (value.integer % 2)
        capo_invalid("odd", "%lld is odd.", (long long)value.integer);
}

static void breaks(Value value)
{
    (void)value;
    capo_raise(ERROR_OPERATIONAL, "gone");
}

static void clean_breaking(void *unused)
{
    (void)unused;
    problem(FIELD(.validators = VALIDATORS(breaks)), VALUE("x"));
}

TEST(fields_own_validators_and_messages)
{
    FAILS("3 is odd.", "3", .kind = FORM_INTEGER, .validators = VALIDATORS(even));
    FAILS("Even, please.", "3", .kind = FORM_INTEGER, .validators = VALIDATORS(even), .error_messages = LIST("odd", "Even, please.", NULL));
    FAILS("At most 5, not 7.", "7", .kind = FORM_INTEGER, .maximum = LIMIT(5), .error_messages = LIST("max_value", "At most %(limit_value)s, not %(show_value)s.", NULL));
    EXPECT_RAISES(ERROR_OPERATIONAL, clean_breaking, NULL);
}

TEST(fields_know_what_changed)
{
    EXPECT(!capo_form_field_has_changed(FIELD(.kind = FORM_INTEGER), VALUE(5), VALUE("5")));
    EXPECT(!capo_form_field_has_changed(FIELD(.kind = FORM_INTEGER), VALUE("5"), VALUE("05")));
    EXPECT(capo_form_field_has_changed(FIELD(.kind = FORM_INTEGER), VALUE(5), VALUE("x")));
    EXPECT(!capo_form_field_has_changed(FIELD(), capo_value_null(), VALUE("")));
    EXPECT(!capo_form_field_has_changed(FIELD(.kind = FORM_DATE), VALUE(capo_date(2026, 11, 22)), VALUE("11/22/2026")));
    EXPECT(!capo_form_field_has_changed(FIELD(.kind = FORM_DATETIME), VALUE(((DateTime){ 1795336200LL * 1000000 + 7 })), VALUE("2026-11-22 08:30:00")));
    EXPECT(!capo_form_field_has_changed(FIELD(.kind = FORM_MULTIPLE_CHOICE), capo_value_strings(LIST("a", "b")), capo_value_strings(LIST("b", "a"))));
    EXPECT(capo_form_field_has_changed(FIELD(.kind = FORM_MULTIPLE_CHOICE), capo_value_strings(LIST("a", "b")), capo_value_strings(LIST("b"))));
    EXPECT(!capo_form_field_has_changed(FIELD(.kind = FORM_BOOLEAN), capo_value_null(), capo_value_bool(false)));
    EXPECT(!capo_form_field_has_changed(FIELD(.kind = FORM_INTEGER, .disabled = true), VALUE(5), VALUE("6")));
    EXPECT(!capo_form_field_has_changed(FIELD(.kind = FORM_DECIMAL), capo_value_decimal((Decimal){ "9.90" }), VALUE("9.9")));
}

TEST(fields_files)
{
    UploadedFile file = { .field = "f", .name = "a.txt", .size = 3, .path = "/tmp/x" };
    EXPECT(capo_value_as_file(clean(FIELD(.kind = FORM_FILE), capo_value_file(&file))) == &file);
    EXPECT_TEXT(problem(FIELD(.kind = FORM_FILE, .extensions = LIST("pdf")), capo_value_file(&file)),
                "File extension “txt” is not allowed. Allowed extensions are: pdf.");
    EXPECT_TEXT(problem(FIELD(.kind = FORM_FILE, .max_length = 4), capo_value_file(&file)), "Ensure this filename has at most 4 characters (it has 5).");
    EXPECT_TEXT(problem(FIELD(.kind = FORM_FILE, .optional = true), capo_value_bool(true)), "Please either submit a file or check the clear checkbox, not both.");
    EXPECT_TEXT(problem(FIELD(.kind = FORM_FILE), capo_value_null()), "This field is required.");
    file.size = 0;
    EXPECT_TEXT(problem(FIELD(.kind = FORM_FILE), capo_value_file(&file)), "The submitted file is empty.");
}

/* Any bytes at all: a value or a sentence, never anything else. The sanitizers watch. */
TEST(fields_take_any_bytes)
{
    static const char *const pieces[] = { "1", "-", "+", ".", ",", "e", "E", "_", ":", "/", "@", "[", "]", "{", "}", "\"", "'", " ", "\t", "\n", "T", "Z", "P", "D", "H",
        "http://", "a", "x", "\xc3\xa9", "\xff", "\xe2\x82", "\xf0\x9f\x98\x80", "\xd9\xa3", "\xed\xa0\x80", "%", "%eth0", "::", "2026", "-11-22", "08:30", "null", "inf", "Nov", " 22, " };
    enum { N = sizeof pieces / sizeof *pieces };
    uint32_t seed = 20261122;
    for (int round = 0; round < 5000; round++) {
        Buffer text = { 0 };
        seed = seed * 1664525 + 1013904223;
        for (uint32_t k = seed >> 28; k > 0; k--) {
            seed = seed * 1664525 + 1013904223;
            capo_put(&text, pieces[(seed >> 16) % N]);
            if ((seed & 0x3f0) == 0)
                capo_put_char(&text, 0);
        }
        Value raw = capo_value_text_n(capo_buffer_text(&text), text.size), value;
        for (int kind = 0; kind < FORM_KINDS; kind++) {
            if (kind == FORM_MODEL_CHOICE || kind == FORM_MODEL_MULTIPLE_CHOICE)
                continue;
            FormField field = { .name = "field", .kind = (FormFieldKind)kind, .optional = round & 1, .choices = CHOICES({ "1", "One" }), .max_digits = 4,
                                .decimal_places = 2, .unpack_ipv4 = round & 2, .localize = round & 4, .minimum = LIMIT(-5), .step = LIMIT(0.5) };
            const ValidationError *errors = NULL;
            if (!capo_form_field_clean(&field, raw, &value, &errors))
                EXPECT(errors && errors->message && errors->message[0] && errors->code);
            capo_form_field_has_changed(&field, VALUE("1"), raw);
        }
        const char *error = NULL;
        Pattern *pattern = strlen(raw.text) == raw.size ? capo_pattern(raw.text, 0, &error) : NULL;
        if (pattern)
            capo_pattern_search(pattern, raw.text, raw.size);
        else if (strlen(raw.text) == raw.size)
            EXPECT(error && *error);
    }
}

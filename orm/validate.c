/* SPDX-License-Identifier: BSD-3-Clause */
/* What a field makes of a value that comes from outside, and what is wrong with it, in Django's words: to_python, clean. */
#include "composite_key.h"
#include "routing.h"
#include <capo/syntax.h>
#include <math.h>
#include <string.h>
#include <strings.h>

/* --- raising --- */

void capo_invalid(const char *code, const char *format, ...)
{
    va_list args;
    ValidationError *error = capo_alloc_struct(ValidationError);
    va_start(args, format);
    *error = (ValidationError){ .code = code, .message = capo_vformat(format, args) };
    va_end(args);
    capo_raise_detail(ERROR_VALIDATION, error, "%s", error->message);
}

void capo_invalid_field(const char *field, const char *code, const char *format, ...)
{
    va_list args;
    ValidationError *error = capo_alloc_struct(ValidationError);
    va_start(args, format);
    *error = (ValidationError){ .field = field, .code = code, .message = capo_vformat(format, args) };
    va_end(args);
    capo_raise_detail(ERROR_VALIDATION, error, "%s", error->message);
}

/* The field's own message for the code, with %(value)s filled in; else the one given. */
static const char *message_of(const Field *field, const char *code, Value value, const char *otherwise)
{
    for (const char *const *pair = field->error_messages; pair && pair[0] && pair[1]; pair += 2)
        if (!strcmp(pair[0], code)) {
            const char *at = strstr(pair[1], "%(value)s");
            return at ? capo_format("%.*s%s%s", (int)(at - pair[1]), pair[1], capo_to_text(value), at + 9) : pair[1];
        }
    return otherwise;
}

static _Noreturn void refuse(const Field *field, const char *code, Value value, const char *rest)
{
    const char *message = message_of(field, code, value, NULL);
    capo_invalid(code, "%s", message ? message : capo_format("\u201c%s\u201d %s", capo_to_text(value), rest));
}

static const char *shown(Value value)
{
    Buffer text = { 0 };
    capo_put_repr(&text, value);
    return capo_buffer_text(&text);
}

/* --- to_python --- */

/* No NaN, no Infinity. */
static bool is_finite(Decimal decimal)
{
    const char *text = decimal.text ? decimal.text : "0";
    text += *text == '-' || *text == '+';
    return *text == '.' || (*text >= '0' && *text <= '9');
}

/* Of what capo_to_int() does not take: a number all the same, but for 64 bits. */
static bool is_whole_number(Value value)
{
    if (value.kind == VALUE_REAL || value.kind == VALUE_DECIMAL)
        return value.kind == VALUE_REAL ? isfinite(value.real) : is_finite(value.decimal);
    const char *digits = capo_is_text(value) ? capo_strip(value.text) : "";
    digits += *digits == '-' || *digits == '+';
    return *digits && !digits[strspn(digits, "0123456789")];
}

static const char *least_words(const Field *field, Value value, const char *least)
{
    return message_of(field, "min_value", value, capo_format("Ensure this value is greater than or equal to %s.", least));
}

static const char *most_words(const Field *field, Value value, const char *most)
{
    return message_of(field, "max_value", value, capo_format("Ensure this value is less than or equal to %s.", most));
}

static Value python_int(const Field *field, Value value)
{
    int64_t n;
    if (capo_to_int(value, &n))
        return capo_value_int(n);
    if (!is_whole_number(value))
        refuse(field, "invalid", value, "value must be an integer.");
    int64_t least, most;                    /* past 64 bits, which no column and no member holds */
    bool negative = capo_strip(capo_to_text(value))[0] == '-';
    capo_integer_bounds(field->kind, capo_dialect(), &least, &most);
    capo_invalid(negative ? "min_value" : "max_value", "%s", negative ? least_words(field, value, capo_format("%lld", (long long)least))
                                                                      : most_words(field, value, capo_format("%lld", (long long)most)));
}

static Value python_bool(const Field *field, Value value)
{
    static const char *const yes[] = { "t", "True", "1" }, *const no[] = { "f", "False", "0" };
    if (value.kind == VALUE_INT && (value.integer == 0 || value.integer == 1))
        return capo_value_bool(value.integer);
    if (value.kind == VALUE_REAL && (value.real == 0 || value.real == 1))
        return capo_value_bool(value.real == 1);
    if (value.kind == VALUE_DECIMAL && is_finite(value.decimal) && (capo_equal(value, capo_value_int(0)) || capo_equal(value, capo_value_int(1))))
        return capo_value_bool(capo_truth(value));
    if (capo_is_text(value) && value.size == 0 && field->null)
        return capo_value_null();
    for (int i = 0; capo_is_text(value) && i < 3; i++) {
        if (!strcmp(value.text, yes[i]))
            return capo_value_bool(true);
        if (!strcmp(value.text, no[i]))
            return capo_value_bool(false);
    }
    if (field->null)            /* a message of its own, but the same code */
        capo_invalid("invalid", "%s", message_of(field, "invalid_nullable", value, capo_format("\u201c%s\u201d value must be either True, False, or None.", capo_to_text(value))));
    refuse(field, "invalid", value, "value must be either True or False.");
}

/* Two digits a group with the separators of the pattern ("dddd-dd-dd"), as a date's form that may still be no date. */
static bool has_form(const char *text, const char *form)
{
    for (; *form; form++, text++)
        if (*form == 'd' ? *text < '0' || *text > '9' : *text != *form)
            return false;
    return true;
}

static Value python_date(const Field *field, Value value)
{
    Date date;
    if (value.kind == VALUE_DATETIME)
        return capo_value_date(capo_local_date(value.datetime));
    if (capo_is_text(value)) {
        if (capo_parse_date(value.text, &date))
            return capo_value_date(date);
        if (value.size == 10 && has_form(value.text, "dddd-dd-dd"))
            refuse(field, "invalid_date", value, "value has the correct format (YYYY-MM-DD) but it is an invalid date.");
    }
    refuse(field, "invalid", value, "value has an invalid date format. It must be in YYYY-MM-DD format.");
}

static Value python_time(const Field *field, Value value)
{
    Time time;
    if (value.kind == VALUE_DATETIME)
        return capo_value_time(capo_local_time(value.datetime));
    if (capo_is_text(value)) {
        if (capo_parse_time(value.text, &time))
            return capo_value_time(time);
        if (has_form(value.text, "dd:dd"))
            refuse(field, "invalid_time", value, "value has the correct format (HH:MM[:ss[.uuuuuu]]) but it is an invalid time.");
    }
    refuse(field, "invalid", value, "value has an invalid format. It must be in HH:MM[:ss[.uuuuuu]] format.");
}

/* In UTC, where what has an offset may lie outside. */
static bool has_four_digits(DateTime moment)
{
    return moment.microseconds >= CAPO_FIRST_DAY * DAY_US && moment.microseconds < (CAPO_LAST_DAY + 1) * DAY_US;
}

static Value python_datetime(const Field *field, Value value)
{
    DateTime instant;
    Date date;
    if (value.kind == VALUE_DATE || (capo_is_text(value) && capo_parse_date(value.text, &date))) {
        DateParts parts = { 0 };
        if (value.kind == VALUE_DATE)
            date = value.date;
        capo_date_parts(date, &parts.year, &parts.month, &parts.day);
        return capo_value_datetime(capo_instant(&parts, NULL));
    }
    if (capo_is_text(value)) {
        if (capo_parse_datetime(value.text, NULL, &instant) && has_four_digits(instant))
            return capo_value_datetime(instant);
        if (value.size == 10 && has_form(value.text, "dddd-dd-dd"))
            refuse(field, "invalid_date", value, "value has the correct format (YYYY-MM-DD) but it is an invalid date.");
        if (has_form(value.text, "dddd-dd-dd dd:dd") || has_form(value.text, "dddd-dd-ddTdd:dd"))
            refuse(field, "invalid_datetime", value,
                   "value has the correct format (YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ]) but it is an invalid date/time.");
    }
    refuse(field, "invalid", value, "value has an invalid format. It must be in YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] format.");
}

static Value python_decimal(const Field *field, Value value)
{
    Decimal decimal;
    if (value.kind == VALUE_INT)
        return capo_value_decimal(capo_decimal_from_int(value.integer));
    if (value.kind == VALUE_BOOL)
        return capo_value_decimal(capo_decimal_from_int(value.boolean));
    if (value.kind == VALUE_REAL && isfinite(value.real)) {
        const char *text = capo_real_text(value.real, field->max_digits ? field->max_digits : 15);
        if (capo_parse_decimal(text, &decimal))
            return capo_value_decimal(decimal);
    }
    if (capo_is_text(value) && capo_parse_decimal(value.text, &decimal))
        return capo_value_decimal(decimal);
    refuse(field, "invalid", value, "value must be a decimal number.");
}

static Value python_ip(const Field *field, Value value)
{
    (void)field;
    value = capo_value_to_text(value);
    const char *stripped = capo_strip(value.text);
    if (strchr(stripped, ':')) {
        const char *clean = capo_ipv6_clean(stripped, strlen(stripped), field->unpack_ipv4);
        if (!clean)
            capo_invalid("invalid", "%s", message_of(field, "invalid", value, "Enter a valid IPv6 address."));
        stripped = clean;
    }
    return capo_value_text(stripped);
}

Value capo_field_to_python(const Field *field, Value value)
{
    if (field->kind == FIELD_COMPOSITE_KEY)
        return key_to_python(field, value);
    Duration duration;
    Uuid uuid;
    double real;
    field = capo_column_field(field);
    if (capo_is_null(value))
        return capo_value_null();
    if (field->custom && field->custom->to_python)
        value = field->custom->to_python(field, value);
    if (capo_is_null(value))
        return value;
    switch (capo_field_storage(field)) {
    case STORAGE_INT:
        return value.kind == VALUE_INT ? value : python_int(field, value);
    case STORAGE_TEXT:
        return field->kind == FIELD_IP_ADDRESS ? python_ip(field, value)
            : value.kind == VALUE_TEXT ? value : capo_is_text(value) ? capo_value_text_n(value.text, value.size) : capo_value_to_text(value);
    case STORAGE_REAL:
        if (value.kind == VALUE_REAL)
            return value;
        if (value.kind == VALUE_BOOL)
            return capo_value_real(value.boolean);
        if (!capo_to_real(value, &real))
            refuse(field, "invalid", value, "value must be a float.");
        return capo_value_real(real);
    case STORAGE_DECIMAL:
        return value.kind == VALUE_DECIMAL && is_finite(value.decimal) ? value : python_decimal(field, value);
    case STORAGE_BOOL:
        return value.kind == VALUE_BOOL ? value : python_bool(field, value);
    case STORAGE_DATE:
        return value.kind == VALUE_DATE ? value : python_date(field, value);
    case STORAGE_TIME:
        return value.kind == VALUE_TIME ? value : python_time(field, value);
    case STORAGE_DATETIME:
        return value.kind == VALUE_DATETIME ? value : python_datetime(field, value);
    case STORAGE_DURATION:
        if (value.kind == VALUE_DURATION)
            return value;
        if (capo_is_text(value) && capo_parse_duration(value.text, &duration))
            return capo_value_duration(duration);
        refuse(field, "invalid", value, "value has an invalid format. It must be in [DD] [[HH:]MM:]ss[.uuuuuu] format.");
    case STORAGE_UUID:
        if (value.kind == VALUE_UUID)
            return value;
        if (capo_is_text(value) && capo_parse_uuid(value.text, &uuid))
            return capo_value_uuid(uuid);
        refuse(field, "invalid", value, "is not a valid UUID.");
    case STORAGE_BINARY:
        return capo_is_text(value) ? capo_value_bytes(value.text, value.size) : value;
    case STORAGE_JSON:
        return value;
    case STORAGE_ARRAY: case STORAGE_HSTORE: case STORAGE_RANGE:
        return capo_held_to_python(field, value);
    }
    return value;
}

/* --- clean: several mistakes of one field are reported together --- */

typedef struct Mistakes { const ValidationError *first; ValidationError *last; } Mistakes;

static void add(Mistakes *mistakes, const char *code, const char *message)
{
    ValidationError *error = capo_alloc_struct(ValidationError);
    *error = (ValidationError){ .code = code, .message = message };
    if (mistakes->last)
        mistakes->last->next = error;
    else
        mistakes->first = error;
    mistakes->last = error;
}

static void check_limits(const Field *field, Value value, Mistakes *mistakes)
{
    double number;
    bool is_decimal = field->kind == FIELD_DECIMAL;
    if (!capo_field_is_integer(field->kind) && field->kind != FIELD_FLOAT && !is_decimal)
        return;
    if (!capo_to_real(value, &number))
        return;
    int64_t least = INT64_MIN, most = INT64_MAX;
    if (value.kind == VALUE_INT)
        capo_integer_bounds(field->kind, capo_dialect(), &least, &most);
    if (field->minimum.set && number < field->minimum.value)
        add(mistakes, "min_value", least_words(field, value, capo_real_text(field->minimum.value, 15)));
    else if (value.kind == VALUE_INT && value.integer < least)
        add(mistakes, "min_value", least_words(field, value, capo_format("%lld", (long long)least)));
    if (field->maximum.set && number > field->maximum.value)
        add(mistakes, "max_value", most_words(field, value, capo_real_text(field->maximum.value, 15)));
    else if (value.kind == VALUE_INT && value.integer > most)
        add(mistakes, "max_value", most_words(field, value, capo_format("%lld", (long long)most)));
    if (is_decimal) {
        int whole, places;
        capo_decimal_digits(value.decimal, &whole, &places);
        int most_whole = field->max_digits - field->decimal_places;
        if (whole + places > field->max_digits)
            add(mistakes, "max_digits", capo_format("Ensure that there are no more than %d digit%s in total.", field->max_digits,
                                                    field->max_digits == 1 ? "" : "s"));
        else if (places > field->decimal_places)
            add(mistakes, "max_decimal_places", capo_format("Ensure that there are no more than %d decimal place%s.", field->decimal_places,
                                                            field->decimal_places == 1 ? "" : "s"));
        else if (whole > most_whole)
            add(mistakes, "max_whole_digits", capo_format("Ensure that there are no more than %d digit%s before the decimal point.", most_whole,
                                                          most_whole == 1 ? "" : "s"));
    }
}

static void check_text(const Field *field, Value value, Mistakes *mistakes)
{
    if (!capo_is_text(value) || field->kind == FIELD_IP_ADDRESS || field->kind == FIELD_JSON)       /* of an address check_kind() says enough */
        return;
    int length = (int)capo_utf8_length(value.text, value.size);
    if (field->max_length && length > field->max_length)
        add(mistakes, "max_length", message_of(field, "max_length", value, capo_format(
            "Ensure this value has at most %d character%s (it has %d).", field->max_length, field->max_length == 1 ? "" : "s", length)));
    if (field->min_length && length < field->min_length)
        add(mistakes, "min_length", message_of(field, "min_length", value, capo_format(
            "Ensure this value has at least %d character%s (it has %d).", field->min_length, field->min_length == 1 ? "" : "s", length)));
    if (memchr(value.text, '\0', value.size))
        add(mistakes, "null_characters_not_allowed", "Null characters are not allowed.");
}

static void check_extension(const Field *field, Value value, Mistakes *mistakes)
{
    const char *const *extensions = field->row ? field->row->options.file.extensions : NULL;
    if (extensions && !capo_has_extension(value.text, extensions))
        add(mistakes, "invalid_extension", message_of(field, "invalid_extension", value, capo_format("File extension “%s” is not allowed. Allowed extensions are: %s.",
            capo_file_extension(value.text), capo_join(extensions, ", "))));
}

static void check_kind(const Field *field, Value value, Mistakes *mistakes)
{
    const char *message = NULL;
    switch (field->kind) {
    case FIELD_EMAIL:
        message = capo_is_email(value.text, value.size) ? NULL : "Enter a valid email address.";
        break;
    case FIELD_URL:
        message = capo_is_url(value.text, value.size, NULL) ? NULL : "Enter a valid URL.";
        break;
    case FIELD_SLUG:
        if (!capo_is_slug(value.text, value.size, field->allow_unicode))
            message = field->allow_unicode ? "Enter a valid “slug” consisting of Unicode letters, numbers, underscores, or hyphens."
                : "Enter a valid “slug” consisting of letters, numbers, underscores or hyphens.";
        break;
    case FIELD_FILE: case FIELD_IMAGE:
        check_extension(field, value, mistakes);
        break;
    case FIELD_IP_ADDRESS:
        if (field->protocol && !strcasecmp(field->protocol, "ipv4"))
            message = capo_is_ipv4(value.text, value.size) ? NULL : "Enter a valid IPv4 address.";
        else if (field->protocol && !strcasecmp(field->protocol, "ipv6"))
            message = capo_is_ipv6(value.text, value.size, true) ? NULL : "Enter a valid IPv6 address.";
        else if (!capo_is_ipv4(value.text, value.size) && !capo_is_ipv6(value.text, value.size, true))
            message = "Enter a valid IPv4 or IPv6 address.";
        break;
    default:
        break;
    }
    if (message)
        add(mistakes, "invalid", message_of(field, "invalid", value, message));
}

typedef struct ValidatorCall { Validator *validator; Value value; } ValidatorCall;
static void call_validator(void *argument)
{
    const ValidatorCall *call = argument;
    call->validator(call->value);
}

static void run_validators(const Field *field, Value value, Mistakes *mistakes)
{
    for (Validator *const *validator = field->validators; validator && *validator; validator++) {
        const Error *error = capo_try(call_validator, &(ValidatorCall){ *validator, value });
        if (!error)
            continue;
        if (error->code != ERROR_VALIDATION)
            capo_reraise(error);
        for (const ValidationError *one = error->detail; one; one = one->next)
            add(mistakes, one->code, message_of(field, one->code ? one->code : "invalid", value, one->message));
        if (!error->detail)
            add(mistakes, "invalid", error->message);
    }
}

static void check_target(const Field *field, Value value)
{
    WITH_DATABASE(database_for(field->target, NULL, NULL, DATABASE_READ));
    Buffer sql = { 0 };
    capo_put(&sql, "SELECT 1 FROM ");
    capo_put_name(&sql, field->target->table);
    capo_put(&sql, " WHERE ");
    capo_put_name(&sql, field->target_field->column);
    capo_put(&sql, " = ");
    capo_put_placeholder(&sql, 1, field->target_field);
    capo_put(&sql, " LIMIT 1");
    Value key = capo_to_column(field, value);
    if (capo_database_run(capo_buffer_text(&sql), &key, 1, DATABASE_READ)->n_rows)
        return;
    capo_invalid("invalid", "%s", message_of(field, "invalid", value, capo_format("%s instance with %s %s does not exist.",
                 field->target->verbose_name, field->target_field->name, shown(value))));
}

static bool is_empty(Value value)
{
    return capo_is_null(value) || ((capo_is_text(value) || value.kind == VALUE_BYTES) && value.size == 0)
        || (value.kind == VALUE_LIST && value.list->count == 0) || (value.kind == VALUE_MAP && value.map->count == 0);
}

static void check_presence(const Field *field, Value value, bool form_empty_ok)
{
    if (capo_field_has_choices(field) && !is_empty(value) && !capo_choice_of(capo_field_choices(field), value))
        capo_invalid("invalid_choice", "%s", message_of(field, "invalid_choice", value, capo_format("Value %s is not a valid choice.", shown(value))));
    if (capo_is_null(value) && !field->null && !(form_empty_ok && field->blank))
        capo_invalid("null", "%s", message_of(field, "null", value, "This field cannot be null."));
    if (is_empty(value) && !field->blank && !form_empty_ok && !(capo_is_null(value) && field->null))
        capo_invalid("blank", "%s", message_of(field, "blank", value, "This field cannot be blank."));
}

Value capo_field_clean(const Field *field, Value value, bool form_empty_ok)
{
    Mistakes mistakes = { 0 };
    const Field *column = capo_column_field(field);
    if (value.kind == VALUE_OBJECT && capo_is_instance(value))
        value = capo_to_column(field, value);
    value = capo_field_to_python(field, value);
    /* As Django: a field that no form shows is not asked for its choices, null and blank. */
    if (field->editable)
        check_presence(field, value, form_empty_ok);
    if (is_empty(value))
        return value;
    if (field->target)
        check_target(field, value);
    if (column == field)
        check_kind(column, value, &mistakes);
    run_validators(field, value, &mistakes);
    if (!capo_field_is_file(column->kind))              /* a name that is too long is cut when the file is written */
        check_text(column, value, &mistakes);
    check_limits(column, value, &mistakes);
    if (!mistakes.first && capo_storage_is_held(capo_field_storage(field)))
        capo_held_check(field, value);
    if (mistakes.first)
        capo_raise_detail(ERROR_VALIDATION, mistakes.first, "%s", mistakes.first->message);
    return value;
}

Value capo_field_default(const Field *field)
{
    if (!field->has_default)
        return capo_value_null();
    Value value = field->default_function ? field->default_function() : field->default_value;
    if (capo_field_storage(field) == STORAGE_JSON && capo_is_text(value) && !field->default_function) {
        /* DEFAULT("{}") is JSON text; what is none is a text. */
        const char *error;
        Value parsed;
        return capo_json_parse(value.text, value.size, &parsed, &error) ? parsed : value;
    }
    return capo_field_to_python(field, value);
}

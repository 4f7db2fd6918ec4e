/* SPDX-License-Identifier: BSD-3-Clause */
/* The kinds of form fields, a row each at the foot of the file, and what is common to all: Django's Field.clean is to_python, then
 * validate, then the validators. To add a kind: a name in forms.h, its row here, its case in a test. */
#include "internal.h"
#include <capo/images.h>
#include <string.h>
#include <strings.h>

/* --- messages -------------------------------------------------------------------------------------------------------------------- */

static const char *message_of(const char *const *pairs, const char *code)
{
    for (; pairs && pairs[0] && pairs[1]; pairs += 2)
        if (!strcmp(pairs[0], code))
            return pairs[1];
    return NULL;
}

void capo_form_field_fail_problem(const FormField *field, FieldErrors *errors, const Problem *problem)
{
    ValidationError *error = capo_alloc_struct(ValidationError);
    *error = (ValidationError){ .field = field->name, .code = problem->code,
                                .message = capo_problem_text(problem, message_of(field->error_messages, problem->code)) };
    if (errors->last)
        errors->last->next = error;
    else
        errors->first = error;
    errors->last = error;
    errors->count++;
}

void capo_form_field_fail(const FormField *field, FieldErrors *errors, const char *code, const Var *params)
{
    const FormKind *kind = capo_form_kind(field->kind);
    const char *message = message_of(kind->messages, code);
    if (!message)
        message = !strcmp(code, "required") ? "This field is required." : kind->invalid;
    capo_form_field_fail_problem(field, errors, &(Problem){ .code = code, .message = message, .params = params });
}

bool capo_form_is_empty(Value value)
{
    switch ((ValueKind)value.kind) {
    case VALUE_NULL: return true;
    case VALUE_TEXT: case VALUE_SAFE: return value.size == 0;
    case VALUE_LIST: return value.list->count == 0;
    case VALUE_MAP: return value.map->count == 0;
    default: return false;
    }
}

/* --- texts ------------------------------------------------------------------------------------------------------------------------- */

static bool text_to_python(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    (void)errors;
    if (!capo_form_is_empty(raw)) {
        Value text = capo_value_to_text(raw);
        const char *at = text.text;
        size_t size = text.size;
        if (field->kind == FORM_REGEX ? field->strip : !field->no_strip || capo_form_kind(field->kind)->strip_always)
            capo_trim(&at, &size);
        if (size)
            return *ret = at + size == text.text + text.size ? capo_value_text_n(at, size) : capo_value_copy_n(at, size), true;
    }
    *ret = field->null_empty ? capo_value_null() : capo_value_text("");
    return true;
}

static void check_text(const FormField *field, Value value, FieldErrors *errors)
{
    Problem problem;
    int max_length = field->max_length ? field->max_length : field->kind == FORM_EMAIL ? 320 : field->kind == FORM_IP_ADDRESS ? 39 : 0;
    if (field->min_length && !capo_check_min_length(value, field->min_length, &problem))
        capo_form_field_fail_problem(field, errors, &problem);
    if (max_length && !capo_check_max_length(value, max_length, &problem))
        capo_form_field_fail_problem(field, errors, &problem);
    if (!capo_check_null_characters(value, &problem))
        capo_form_field_fail_problem(field, errors, &problem);
    if (field->pattern && !capo_check_pattern(value, field->pattern, 0, false, &problem))
        capo_form_field_fail_problem(field, errors, &problem);
}

static void check_email(const FormField *field, Value value, FieldErrors *errors)
{
    Problem problem;
    if (!capo_check_email(value, &problem))
        capo_form_field_fail_problem(field, errors, &problem);
    check_text(field, value, errors);
}

static void check_url(const FormField *field, Value value, FieldErrors *errors)
{
    Problem problem;
    if (!capo_check_url(value, NULL, &problem))
        capo_form_field_fail_problem(field, errors, &problem);
    check_text(field, value, errors);
}

static void check_slug(const FormField *field, Value value, FieldErrors *errors)
{
    Problem problem;
    if (!capo_check_slug(value, field->allow_unicode, &problem))
        capo_form_field_fail_problem(field, errors, &problem);
    check_text(field, value, errors);
}

/* --- URLs: a text without a scheme gets one --------------------------------------------------------------------------------------- */

/* What stands before the first colon is a scheme where it begins with a letter and holds no slash; the validator says which are good. */
static bool has_scheme(Value text)
{
    const char *colon = memchr(text.text, ':', text.size);
    char first = text.text[0];
    bool letter = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
    return colon && letter && !memchr(text.text, '/', (size_t)(colon - text.text));
}

static bool url_to_python(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    enum { URL_MAX = 2048 };
    const char *scheme = field->assume_scheme ? field->assume_scheme : "http";
    if (!text_to_python(field, raw, ret, errors) || capo_form_is_empty(*ret) || ret->size > URL_MAX * 4 || has_scheme(*ret))
        return true;
    Buffer out = { 0 };
    capo_put_format(&out, "%s:%s", scheme, capo_starts_with(ret->text, "//") ? "" : "//");
    capo_put_bytes(&out, ret->text, ret->size);
    *ret = capo_value_text_n(capo_buffer_text(&out), out.size);
    return true;
}

/* --- UUID, IP address, JSON -------------------------------------------------------------------------------------------------------- */

static bool uuid_to_python(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    if (raw.kind == VALUE_UUID)
        return *ret = raw, true;
    Value text;
    text_to_python(field, raw, &text, errors);
    if (capo_form_is_empty(text))
        return *ret = capo_value_null(), true;
    Uuid uuid;
    if (!capo_is_text(text) || text.size > 100 || !capo_parse_uuid(text.text, &uuid)) {
        capo_form_field_fail(field, errors, "invalid", NULL);
        return false;
    }
    *ret = capo_value_uuid(uuid);
    return true;
}

static bool ip_to_python(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    if (!text_to_python(field, raw, ret, errors) || capo_form_is_empty(*ret) || !memchr(ret->text, ':', ret->size))
        return true;
    size_t limit = field->max_length ? (size_t)field->max_length : 39;
    char *clean = ret->size <= limit ? capo_ipv6_clean(ret->text, ret->size, field->unpack_ipv4) : NULL;
    if (!clean) {
        capo_form_field_fail_problem(field, errors, &(Problem){ .code = "invalid", .message = "This is not a valid IPv6 address." });
        return false;
    }
    *ret = capo_value_text(clean);
    return true;
}

static void check_ip(const FormField *field, Value value, FieldErrors *errors)
{
    Problem problem;
    bool v4 = field->protocol && !strcasecmp(field->protocol, "ipv4"), v6 = field->protocol && !strcasecmp(field->protocol, "ipv6");
    if (!(v4 ? capo_check_ipv4 : v6 ? capo_check_ipv6 : capo_check_ipv46)(value, &problem))
        capo_form_field_fail_problem(field, errors, &problem);
    check_text(field, value, errors);
}

static bool json_to_python(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    const char *problem;
    if (field->disabled || !capo_is_text(raw))
        return *ret = raw, true;
    if (raw.size == 0)
        return *ret = capo_value_null(), true;
    if (!memchr(raw.text, 0, raw.size) && capo_json_parse(raw.text, raw.size, ret, &problem))
        return true;
    capo_form_field_fail(field, errors, "invalid", CAPO_VARS(V("value", raw)));
    return false;
}

static bool json_changed(const FormField *field, Value initial, Value raw)
{
    FieldErrors errors = { 0 };
    Value value;
    return !json_to_python(field, raw, &value, &errors) || !capo_equal(initial, value);
}

/* --- booleans ----------------------------------------------------------------------------------------------------------------------- */

static bool boolean_to_python(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    (void)field, (void)errors;
    bool no = capo_is_text(raw) && (!strcasecmp(raw.text, "false") || !strcmp(raw.text, "0"));
    *ret = capo_value_bool(!no && capo_truth(raw));
    return true;
}

static void validate_boolean(const FormField *field, Value value, FieldErrors *errors)
{
    if (!capo_truth(value) && !field->optional)
        capo_form_field_fail(field, errors, "required", NULL);
}

static bool boolean_changed(const FormField *field, Value initial, Value raw)
{
    Value before, after;
    boolean_to_python(field, initial, &before, NULL);
    boolean_to_python(field, raw, &after, NULL);
    return before.boolean != after.boolean;
}

static bool one_of(Value value, const char *const *words)
{
    for (; capo_is_text(value) && *words; words++)
        if (!strcmp(value.text, *words))
            return true;
    return false;
}

static bool null_boolean_to_python(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    (void)field, (void)errors;
    static const char *const yes[] = { "True", "true", "1", NULL }, *const no[] = { "False", "false", "0", NULL };
    *ret = raw.kind == VALUE_BOOL ? raw : one_of(raw, yes) ? capo_value_bool(true) : one_of(raw, no) ? capo_value_bool(false) : capo_value_null();
    return true;
}

/* --- files --------------------------------------------------------------------------------------------------------------------------- */

typedef struct FileObject { Object object; const UploadedFile *file; } FileObject;

static bool file_get(Object *self, const char *name, size_t size, Value *ret)
{
    const UploadedFile *file = ((FileObject *)self)->file;
    if (size == 4 && !memcmp(name, "name", 4))
        *ret = capo_value_text(file->name);
    else if (size == 4 && !memcmp(name, "size", 4))
        *ret = capo_value_int(file->size);
    else if (size == 12 && !memcmp(name, "content_type", 12))
        *ret = capo_value_text(file->content_type);
    else
        return false;
    return true;
}

static const char *file_text(Object *self)
{
    return ((FileObject *)self)->file->name;
}

static bool file_truth(Object *self)
{
    return ((FileObject *)self)->file->name[0] != 0;
}

static const ObjectOps file_ops = { .type_name = "UploadedFile", .get = file_get, .text = file_text, .truth = file_truth };

Value capo_value_file(const UploadedFile *file)
{
    if (!file)
        return capo_value_null();
    FileObject *object = capo_alloc_struct(FileObject);
    *object = (FileObject){ .object.ops = &file_ops, .file = file };
    return capo_value_object(object);
}

const UploadedFile *capo_value_as_file(Value value)
{
    return value.kind == VALUE_OBJECT && value.object->ops == &file_ops ? ((FileObject *)value.object)->file : NULL;
}

/* false means "clear what is there", and is kept for an optional field. */
static bool file_to_python(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    if (capo_form_is_empty(raw) || (raw.kind == VALUE_BOOL && !raw.boolean)) {
        *ret = raw.kind == VALUE_BOOL && field->optional ? raw : capo_value_null();
        return true;
    }
    if (raw.kind == VALUE_BOOL) {
        capo_form_field_fail(field, errors, "contradiction", NULL);
        return false;
    }
    const UploadedFile *file = capo_value_as_file(raw);
    if (!file || !file->name[0]) {
        capo_form_field_fail(field, errors, "invalid", NULL);
        return false;
    }
    int length = (int)capo_utf8_length(file->name, strlen(file->name));
    if (field->max_length && length > field->max_length) {
        Problem problem = { .code = "max_length", .message = field->max_length == 1
            ? "Ensure this filename has at most %(max)d character (it has %(length)d)."
            : "Ensure this filename has at most %(max)d characters (it has %(length)d).",
            .params = CAPO_VARS(V("max", field->max_length), V("length", length)) };
        capo_form_field_fail_problem(field, errors, &problem);
        return false;
    }
    if (!field->allow_empty_file && file->size == 0) {
        capo_form_field_fail(field, errors, "empty", NULL);
        return false;
    }
    *ret = raw;
    return true;
}

/* What the file says that it is does not count: its first bytes do. */
static bool image_to_python(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    ImageInfo image;
    if (!file_to_python(field, raw, ret, errors))
        return false;
    const UploadedFile *file = capo_value_as_file(*ret);
    if (!file || capo_image_file(file->path, &image))
        return true;
    capo_form_field_fail(field, errors, "invalid_image", NULL);
    return false;
}

static void check_file(const FormField *field, Value value, FieldErrors *errors)
{
    Problem problem;
    const UploadedFile *file = capo_value_as_file(value);
    if (file && field->kind == FORM_IMAGE && !capo_check_image_extension(file->name, &problem))
        capo_form_field_fail_problem(field, errors, &problem);
    if (file && !capo_check_file_extension(file->name, field->extensions, &problem))
        capo_form_field_fail_problem(field, errors, &problem);
}

static bool file_changed(const FormField *field, Value initial, Value raw)
{
    (void)initial;
    return !field->disabled && !capo_is_null(raw);
}

/* --- cleaning ------------------------------------------------------------------------------------------------------------------------ */

/* Own validators raise; what they raise besides ERROR_VALIDATION goes on. */
typedef struct OwnValidator { Validator *validator; Value value; } OwnValidator;

static void run_validator(void *argument)
{
    OwnValidator *own = argument;
    own->validator(own->value);
}

static void run_own_validators(const FormField *field, Value value, FieldErrors *errors)
{
    for (Validator *const *validator = field->validators; validator && *validator; validator++) {
        const Error *error = capo_try(run_validator, &(OwnValidator){ *validator, value });
        if (!error)
            continue;
        if (error->code != ERROR_VALIDATION)
            capo_reraise(error);
        const ValidationError *detail = error->detail;
        const char *message = detail && detail->code ? message_of(field->error_messages, detail->code) : NULL;
        ValidationError *copy = capo_alloc_struct(ValidationError);
        *copy = (ValidationError){ .field = field->name, .code = detail && detail->code ? detail->code : "invalid",
                                   .message = message ? message : detail ? detail->message : error->message };
        if (errors->last)
            errors->last->next = copy;
        else
            errors->first = copy;
        errors->last = copy;
        errors->count++;
    }
}

bool capo_form_field_clean(const FormField *field, Value raw, Value *ret, const ValidationError **ret_errors)
{
    const FormKind *kind = capo_form_kind(field->kind);
    FieldErrors errors = { 0 };
    Value value = capo_value_null();
    if (kind->to_python(field, raw, &value, &errors)) {
        if (!kind->any_empty && !field->optional && capo_form_is_empty(value))
            capo_form_field_fail(field, &errors, "required", NULL);
        else if (kind->validate)
            kind->validate(field, value, &errors);
        if (!errors.count && !capo_form_is_empty(value)) {
            if (kind->check)
                kind->check(field, value, &errors);
            run_own_validators(field, value, &errors);
        }
        if (!errors.count && (field->kind == FORM_TYPED_CHOICE || field->kind == FORM_TYPED_MULTIPLE_CHOICE)
            && !capo_form_coerce(field, value, &value))
            capo_form_field_fail(field, &errors, "invalid_choice", CAPO_VARS(V("value", value)));
    }
    *ret_errors = errors.first;
    if (errors.count)
        return false;
    *ret = value;
    return true;
}

bool capo_form_field_has_changed(const FormField *field, Value initial, Value raw)
{
    const FormKind *kind = capo_form_kind(field->kind);
    if (field->disabled)
        return false;
    if (kind->has_changed)
        return kind->has_changed(field, initial, raw);
    FieldErrors errors = { 0 };
    Value value = capo_value_null(), before = initial;
    if (!kind->to_python(field, raw, &value, &errors))
        return true;
    if (field->kind == FORM_TYPED_CHOICE)
        before = capo_is_null(before) ? before : capo_value_to_text(before);
    /* The initial value may be a text that stands for a number or a date. */
    else if (!kind->text && capo_is_text(before) && !kind->to_python(field, before, &before, &errors))
        return true;
    if (kind->text && !capo_form_is_empty(before))
        before = capo_value_to_text(before);
    if (before.kind == VALUE_DATETIME && value.kind == VALUE_DATETIME)
        return before.datetime.microseconds / 1000000 != value.datetime.microseconds / 1000000;
    if (before.kind == VALUE_TIME && value.kind == VALUE_TIME)
        return before.time.microseconds / 1000000 != value.time.microseconds / 1000000;
    bool empty_before = capo_is_null(before) || (capo_is_text(before) && !before.size);
    bool empty_after = capo_is_null(value) || (capo_is_text(value) && !value.size);
    return empty_before || empty_after ? empty_before != empty_after : !capo_equal(before, value);
}

/* --- the rows -------------------------------------------------------------------------------------------------------------------------- */

#define MESSAGES(...) ((const char *const[]){ __VA_ARGS__, NULL, NULL })
#define NOT_AMONG "Select a valid choice. %(value)s is not one of the available choices."
#define INVALID_LIST "Enter a list of values."
#define FILE_MESSAGES "missing", "No file was submitted.", "empty", "The submitted file is empty.",                              \
    "contradiction", "Please either submit a file or check the clear checkbox, not both."

static const FormKind kinds[FORM_KINDS] = {
    [FORM_CHAR] = { "CharField", "text", .to_python = text_to_python, .check = check_text, .text = true },
    [FORM_INTEGER] = { "IntegerField", "number", .invalid = "Enter a whole number.", .to_python = capo_form_integer, .check = capo_form_check_number },
    [FORM_FLOAT] = { "FloatField", "number", .invalid = "Enter a number.", .to_python = capo_form_float,
        .validate = capo_form_validate_finite, .check = capo_form_check_number },
    [FORM_DECIMAL] = { "DecimalField", "number", .invalid = "Enter a number.", .to_python = capo_form_decimal, .check = capo_form_check_number },
    [FORM_BOOLEAN] = { "BooleanField", "checkbox", .to_python = boolean_to_python, .validate = validate_boolean,
        .has_changed = boolean_changed, .any_empty = true },
    [FORM_NULL_BOOLEAN] = { "NullBooleanField", "null_boolean_select", .to_python = null_boolean_to_python, .any_empty = true },
    [FORM_DATE] = { "DateField", "date", .invalid = "Enter a valid date.", .to_python = capo_form_date },
    [FORM_TIME] = { "TimeField", "time", .invalid = "Enter a valid time.", .to_python = capo_form_time },
    [FORM_DATETIME] = { "DateTimeField", "datetime", .invalid = "Enter a valid date/time.", .to_python = capo_form_datetime },
    [FORM_SPLIT_DATETIME] = { "SplitDateTimeField", "split_datetime", .invalid = INVALID_LIST, .to_python = capo_form_split_datetime,
        .messages = MESSAGES("invalid_date", "Enter a valid date.", "invalid_time", "Enter a valid time.") },
    [FORM_DURATION] = { "DurationField", "text", .invalid = "Enter a valid duration.", .to_python = capo_form_duration,
        .messages = MESSAGES("overflow", "The number of days must be between %(min_days)s and %(max_days)s.") },
    [FORM_EMAIL] = { "EmailField", "email", .to_python = text_to_python, .check = check_email, .text = true, .strip_always = true },
    [FORM_URL] = { "URLField", "url", .invalid = "Enter a valid URL.", .to_python = url_to_python, .check = check_url, .text = true, .strip_always = true },
    [FORM_SLUG] = { "SlugField", "text", .to_python = text_to_python, .check = check_slug, .text = true },
    [FORM_UUID] = { "UUIDField", "text", .invalid = "Enter a valid UUID.", .to_python = uuid_to_python },
    [FORM_IP_ADDRESS] = { "GenericIPAddressField", "text", .to_python = ip_to_python, .check = check_ip, .text = true, .strip_always = true },
    [FORM_JSON] = { "JSONField", "textarea", .invalid = "Enter a valid JSON.", .to_python = json_to_python, .has_changed = json_changed },
    [FORM_REGEX] = { "RegexField", "text", .to_python = text_to_python, .check = check_text, .text = true },
    [FORM_CHOICE] = { "ChoiceField", "select", .to_python = capo_form_choice, .validate = capo_form_validate_choice, .text = true,
        .messages = MESSAGES("invalid_choice", NOT_AMONG) },
    [FORM_TYPED_CHOICE] = { "TypedChoiceField", "select", .to_python = capo_form_choice, .validate = capo_form_validate_choice,
        .messages = MESSAGES("invalid_choice", NOT_AMONG) },
    [FORM_MULTIPLE_CHOICE] = { "MultipleChoiceField", "select_multiple", .to_python = capo_form_choices, .validate = capo_form_validate_choices,
        .has_changed = capo_form_choices_changed, .messages = MESSAGES("invalid_choice", NOT_AMONG, "invalid_list", INVALID_LIST) },
    [FORM_TYPED_MULTIPLE_CHOICE] = { "TypedMultipleChoiceField", "select_multiple", .to_python = capo_form_choices,
        .validate = capo_form_validate_choices, .has_changed = capo_form_choices_changed,
        .messages = MESSAGES("invalid_choice", NOT_AMONG, "invalid_list", INVALID_LIST) },
    [FORM_MODEL_CHOICE] = { "ModelChoiceField", "select", .to_python = capo_form_model_choice, .has_changed = capo_form_model_changed,
        .messages = MESSAGES("invalid_choice", "Select a valid choice. That choice is not one of the available choices.") },
    [FORM_MODEL_MULTIPLE_CHOICE] = { "ModelMultipleChoiceField", "select_multiple", .to_python = capo_form_model_choices,
        .has_changed = capo_form_choices_changed, .messages = MESSAGES("invalid_choice", NOT_AMONG, "invalid_list", INVALID_LIST,
            "invalid_pk_value", "“%(pk)s” is not a valid value.") },
    [FORM_FILE] = { "FileField", "clearable_file", .invalid = "No file was submitted. Check the encoding type on the form.",
        .to_python = file_to_python, .check = check_file, .has_changed = file_changed,
        .messages = MESSAGES(FILE_MESSAGES) },
    [FORM_IMAGE] = { "ImageField", "clearable_file", .invalid = "No file was submitted. Check the encoding type on the form.",
        .to_python = image_to_python, .check = check_file, .has_changed = file_changed, .messages = MESSAGES(FILE_MESSAGES,
            "invalid_image", "Upload a valid image. The file you uploaded was either not an image or a corrupted image.") },
    [FORM_INLINE_KEY] = { "InlineForeignKeyField", "hidden", .to_python = capo_form_inline_key, .has_changed = capo_form_never_changed, .any_empty = true,
        .messages = MESSAGES("invalid_choice", "The inline value did not match the parent instance.") },
    [FORM_SIMPLE_ARRAY] = { "SimpleArrayField", "text", .to_python = capo_form_simple_array, .has_changed = capo_form_held_changed,
        .messages = MESSAGES("item_invalid", "Item %(nth)s in the array did not validate: %(problem)s") },
    [FORM_HELD] = { "HStoreField", "textarea", .to_python = capo_form_held, .has_changed = capo_form_held_changed,
        .messages = MESSAGES("invalid_json", "Could not load JSON data.", "invalid_format", "Input must be a JSON dictionary.") },
    [FORM_RANGE] = { "RangeField", "range", .invalid = "Enter two valid values.", .to_python = capo_form_range, .has_changed = capo_form_held_changed,
        .messages = MESSAGES("bound_ordering", "The start of the range must not exceed the end of the range.") },
    [FORM_FILE_PATH] = { "FilePathField", "select", .to_python = capo_form_choice, .validate = capo_form_validate_choice, .text = true,
        .messages = MESSAGES("invalid_choice", NOT_AMONG) },
};

const FormKind *capo_form_kind(FormFieldKind kind)
{
    if ((unsigned)kind >= FORM_KINDS || !kinds[kind].name)
        capo_bug("a form field has the kind %d, which there is not", (int)kind);
    return &kinds[kind];
}

const char *capo_form_kind_name(FormFieldKind kind)
{
    return capo_form_kind(kind)->name;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Users: making them, their names and passwords. */
#include "auth_internal.h"
#include <string.h>

void capo_validate_username(Value value)
{
    Value text = capo_value_to_text(value);
    const char *at = text.text, *end = at + text.size;
    bool good = text.size > 0;
    while (good && at < end) {
        uint32_t c = capo_utf8_next(&at, end);
        /* \w of Python: letters and digits of any script, and _. What is no letter changes nothing when its case is folded. */
        good = (c < 128 && (strchr("@.+-_", (int)c) || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'))) ||
               (c >= 128 && capo_is_word(c));
    }
    if (!good)
        capo_invalid("invalid", "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.");
}

/* The part behind the last '@' in small letters, as Django's normalize_email. */
static const char *normalize_email(const char *email)
{
    if (!email)
        return "";
    const char *at = strrchr(email, '@');
    return at ? capo_format("%.*s@%s", (int)(at - email), email, capo_lower(at + 1)) : email;
}

/* A new user with these values, unsaved. Texts are normalized as names and addresses are. */
static AnyUser *user_of(const Map *fields, const char *password, bool super)
{
    const Model *model = capo_user_model();
    AnyUser *user = auth_user(capo_instance_new((Model *)model));
    const char *name = model->meta->username_field, *email = model->meta->email_field;
    for (size_t i = 0; i < fields->count; i++) {
        const char *field = capo_to_text(fields->entries[i].key);
        Value value = fields->entries[i].value;
        if (capo_is_text(value) && email && strcmp(field, email) == 0)
            value = VALUE(normalize_email(value.text));
        if (capo_is_text(value) && name && strcmp(field, name) == 0)
            value = VALUE(capo_normalize(value.text));
        auth_assign(user, field, value);
    }
    if (super) {
        auth_assign(user, "is_staff", capo_value_bool(true));
        auth_assign(user, "is_superuser", capo_value_bool(true));
    }
    capo_set_password(user, password);
    return user;
}

static AnyUser *create_user(const char *username, const char *email, const char *password, bool super)
{
    const MetaOptions *meta = capo_user_model()->meta;
    const Field *field = auth_username_field();
    if (!username || !*username)
        capo_raise(ERROR_VALUE, "The given %s must be set", field->name);
    if (field->max_length && capo_utf8_length(username, strlen(username)) > (size_t)field->max_length)
        capo_raise(ERROR_VALUE, "A %s may have %d characters at most.", field->verbose_name, field->max_length);
    Map *fields = capo_map(V(field->name, username));
    if (meta->email_field && strcmp(meta->email_field, field->name) != 0)
        capo_map_set(fields, meta->email_field, VALUE(email ? email : ""));
    AnyUser *user = user_of(fields, password, super);
    capo_instance_save(auth_instance(user));
    return user;
}

AnyUser *capo_create_user(const char *username, const char *email, const char *password)
{
    return create_user(username, email, password, false);
}

AnyUser *capo_create_superuser(const char *username, const char *email, const char *password)
{
    return create_user(username, email, password, true);
}

AnyUser *capo_create_superuser_of(const Map *fields, const char *password)
{
    AnyUser *user = user_of(fields, password, true);
    const ValidationError *wrong = capo_instance_full_clean(auth_instance(user), LIST("password"));
    if (wrong)
        capo_raise(ERROR_VALIDATION, "%s: %s", wrong->field ? wrong->field : "the user", wrong->message);
    capo_instance_save(auth_instance(user));
    return user;
}

void capo_set_password(AnyUser *user, const char *password)
{
    auth_assign(user, "password", VALUE(capo_make_password(password)));
}

bool capo_check_password(AnyUser *user, const char *password)
{
    bool outdated;
    if (capo_verify_password(password, auth_text(user, "password"), &outdated) != 1)
        return false;
    if (outdated) {
        capo_set_password(user, password);
        capo_instance_save_fields(auth_instance(user), LIST("password"));
    }
    return true;
}

void auth_spend_time(const char *password)
{
    capo_make_password(password ? password : "");
}

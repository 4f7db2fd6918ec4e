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

static User *create_user(const char *username, const char *email, const char *password, bool super)
{
    if (!username || !*username)
        capo_raise(ERROR_VALUE, "The given username must be set");
    if (capo_utf8_length(username, strlen(username)) > USERNAME_LENGTH)
        capo_raise(ERROR_VALUE, "A username may have %d characters at most.", USERNAME_LENGTH);
    User *user = capo_new(User);
    user->username = capo_normalize(username);
    user->email = normalize_email(email);
    user->is_staff = user->is_superuser = super;
    capo_set_password(user, password);
    capo_save(user);
    return user;
}

User *capo_create_user(const char *username, const char *email, const char *password)
{
    return create_user(username, email, password, false);
}

User *capo_create_superuser(const char *username, const char *email, const char *password)
{
    return create_user(username, email, password, true);
}

void capo_set_password(User *user, const char *password)
{
    user->password = capo_make_password(password);
}

bool capo_check_password(User *user, const char *password)
{
    bool outdated;
    if (capo_verify_password(password, user->password, &outdated) != 1)
        return false;
    if (outdated) {
        capo_set_password(user, password);
        capo_instance_save_fields(&user->capo, LIST("password"));
    }
    return true;
}

void auth_spend_time(const char *password)
{
    capo_make_password(password ? password : "");
}

const char *capo_user_full_name(const User *user)
{
    return capo_strip(capo_format("%s %s", user->first_name ? user->first_name : "", user->last_name ? user->last_name : ""));
}

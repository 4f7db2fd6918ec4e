/* SPDX-License-Identifier: BSD-3-Clause */
/* The site's user model, auth.User or its own: found by names, since the library does not know its struct. */
#include "auth_internal.h"
#include <string.h>

Model *capo_user_model(void)
{
    return capo_model_in_use(&AnyUser_model);
}

const Field *auth_field(const char *name)
{
    const Field *field = capo_field(capo_user_model(), name);
    return field && field->column ? field : NULL;
}

Value auth_value(const AnyUser *user, const char *name)
{
    const Field *field = auth_field(name);
    return field ? capo_field_value(auth_instance(user), field) : capo_value_null();
}

const char *auth_text(const AnyUser *user, const char *name)
{
    Value value = auth_value(user, name);
    return capo_is_text(value) ? value.text : NULL;
}

void auth_assign(AnyUser *user, const char *name, Value value)
{
    const Field *field = auth_field(name);
    if (field)
        capo_field_assign(auth_instance(user), field, value);
}

const Field *auth_username_field(void)
{
    const Model *model = capo_user_model();
    const char *name = model->meta->username_field;
    if (!name)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The user model %s does not say by which field people log in: write META(.username_field = …).",
                   model->label);
    return capo_field(model, name);
}

Value auth_key(const AnyUser *user)
{
    return capo_instance_pk(auth_instance(user));
}

bool auth_same_user(const AnyUser *user, Value key)
{
    return strcmp(capo_to_text(auth_key(user)), capo_to_text(key)) == 0;
}

const char *capo_username(const AnyUser *user)
{
    return capo_to_text(capo_field_value(auth_instance(user), auth_username_field()));
}

/* Django's AbstractBaseUser says is_active = True for a model without the field. */
bool capo_user_is(const AnyUser *user, const char *flag)
{
    const Field *field = auth_field(flag);
    const MetaOptions *meta = capo_user_model()->meta;
    Value value;
    if (field)
        return capo_truth(capo_field_value(auth_instance(user), field));
    if (meta->property && meta->property(auth_instance(user), flag, &value))
        return capo_truth(value);
    return strcmp(flag, "is_active") == 0;
}

const char *capo_user_full_name(const AnyUser *user)
{
    const char *first = auth_text(user, "first_name"), *last = auth_text(user, "last_name");
    return capo_strip(capo_format("%s %s", first ? first : "", last ? last : ""));
}

bool capo_user_property(void *instance, const char *name, Value *ret)
{
    const AnyUser *user = instance;
    if (strcmp(name, "is_active") == 0 || strcmp(name, "is_authenticated") == 0)
        *ret = capo_value_bool(true);
    else if (strcmp(name, "is_staff") == 0 || strcmp(name, "is_superuser") == 0 || strcmp(name, "is_anonymous") == 0)
        *ret = capo_value_bool(false);
    else if (strcmp(name, "get_username") == 0)
        *ret = capo_value_text(capo_username(user));
    else if (strcmp(name, "get_full_name") == 0)
        *ret = capo_value_text(capo_user_full_name(user));
    else if (strcmp(name, "get_short_name") == 0)
        *ret = capo_value_text(auth_text(user, "first_name") ? auth_text(user, "first_name") : "");
    else if (strcmp(name, "has_usable_password") == 0)
        *ret = capo_value_bool(capo_password_is_usable(auth_text(user, "password")));
    else
        return false;
    return true;
}

AnyUser *capo_find_user(const char *username)
{
    const Field *field = auth_username_field();
    /* The length comes before the normalising, whose time grows with it. */
    if (strnlen(username, USERNAME_LENGTH * 4 + 1) > USERNAME_LENGTH * 4)
        return NULL;
    return auth_user(capo_query_first(capo_query_filter(capo_default_rows(capo_user_model()), Q(field->name, capo_normalize(username)))));
}

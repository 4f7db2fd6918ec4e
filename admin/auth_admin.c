/* SPDX-License-Identifier: BSD-3-Clause */
/* Users and groups in the admin. A password is never shown, not even its hash: only how it is kept, and the way to its form. */
#include "admin_internal.h"
#include <string.h>

static const char *algorithm(const User *user)
{
    if (!user->password || !*user->password || !capo_password_is_usable(user->password))
        return "No password set.";
    const char *end = strchr(user->password, '$');
    if (!end)
        return "Invalid password format or unknown hashing algorithm.";
    return capo_format("algorithm: %s", capo_strndup(user->password, (size_t)(end - user->password)));
}

static Value password_summary(void *instance)
{
    const char *text = capo_escape(algorithm(instance));
    if (!admin_may(capo_request(), capo_model_admin(&User_model), MAY_CHANGE, instance))
        return capo_value_safe(text);
    return capo_value_safe(capo_format("%s <a class=\"button\" href=\"../password/\">Reset password</a>", text));
}

const ModelAdmin admin_auth_rows[] = {
    ADMIN(Group,
        .search_fields = LIST("name"),
        .ordering = LIST("name"),
        .filter_horizontal = LIST("permissions")),
    ADMIN(User,
        .list_display = LIST("username", "email", "first_name", "last_name", "is_staff"),
        .list_filter = LIST("is_staff", "is_superuser", "is_active", "groups"),
        .search_fields = LIST("username", "first_name", "last_name", "email"),
        .ordering = LIST("username"),
        .filter_horizontal = LIST("groups", "user_permissions"),
        .readonly_fields = LIST("password"),
        .columns = COLUMNS({ "password", "password", password_summary }),
        .fieldsets = FIELDSETS(
            { NULL, LIST("username", "password") },
            { "Personal info", LIST("first_name,last_name", "email") },
            { "Permissions", LIST("is_active", "is_staff", "is_superuser", "groups", "user_permissions") },
            { "Important dates", LIST("last_login", "date_joined"), .aside = true })),
    { 0 }
};

/* SPDX-License-Identifier: BSD-3-Clause */
/* Users and groups in the admin. A password is never shown, not even its hash: only how it is kept, and the way to its form. */
#include "admin_internal.h"
#include <string.h>

static const char *algorithm(Instance *user)
{
    const char *encoded = capo_to_text(capo_field_value(user, capo_field(user->model, "password")));
    if (!*encoded || !capo_password_is_usable(encoded))
        return "No password set.";
    const char *end = strchr(encoded, '$');
    if (!end)
        return "Invalid password format or unknown hashing algorithm.";
    return capo_format("algorithm: %s", capo_strndup(encoded, (size_t)(end - encoded)));
}

static Value password_summary(void *instance)
{
    const char *text = capo_escape(algorithm(instance));
    if (!admin_may(capo_request(), capo_model_admin(capo_user_model()), MAY_CHANGE, instance))
        return capo_value_safe(text);
    return capo_value_safe(capo_format("%s <a class=\"button\" href=\"../password/\">Reset password</a>", text));
}

const AdminColumn admin_password_column = { "password", "password", password_summary };

const ModelAdmin admin_auth_rows[] = {
    ADMIN(Group,
        .search_fields = LIST("name"),
        .ordering = LIST("name"),
        .filter_horizontal = LIST("permissions")),
    ADMIN(AuthUser, USER_ADMIN),
    { 0 }
};

/* SPDX-License-Identifier: BSD-3-Clause */
/* Mistakes around users and sessions, before serving; those of settings are cli/command_check.c's. */
#include "auth_internal.h"
#include <string.h>

static bool has_layer(Middleware *layer)
{
    Middleware *const *layers = capo_settings()->middleware;
    for (size_t i = 0; layers && layers[i]; i++)
        if (layers[i] == layer)
            return true;
    return false;
}

static void check_middleware(void (*report)(const CheckMessage *))
{
    if (!capo_settings()->middleware)
        return;
    if (has_layer(capo_auth_middleware) && !has_layer(capo_session_middleware))
        report(&(CheckMessage){ CHECK_ERROR, "auth.E101", "capo_auth_middleware is in settings' .middleware, and capo_session_middleware is not.",
                                .hint = "Put capo_session_middleware before it, or leave .middleware out." });
    if (!has_layer(capo_csrf_middleware))
        report(&(CheckMessage){ CHECK_WARNING, "security.W003", "capo_csrf_middleware is not in settings' .middleware: other sites can send "
                                "forms here in a visitor's name.", .hint = "Put it behind capo_session_middleware." });
}

static void check_user_model(void (*report)(const CheckMessage *))
{
    const Model *model = capo_user_model();
    const char *name = model->meta ? model->meta->username_field : NULL;
    const Field *field = name ? capo_field(model, name) : NULL;
    if (!model->label || !capo_app(model->app)) {
        report(&(CheckMessage){ CHECK_ERROR, "auth.E105", capo_format("The program is compiled for the user model %s, whose app is not among the site's apps.",
                                model->name), .hint = "Add it to settings' .apps." });
        return;
    }
    if (!field)
        report(&(CheckMessage){ CHECK_ERROR, "auth.E102", capo_format("The user model %s does not say by which field people log in.", model->label),
                                .hint = "Write META(.username_field = …), or begin the model with ABSTRACT_USER." });
    else if (!field->unique)
        report(&(CheckMessage){ CHECK_ERROR, "auth.E003", capo_format("%s.%s is the field by which people log in, and must be unique.", model->label, name),
                                .hint = "Add .unique = true to it." });
    if (!capo_field(model, "password") || !capo_field(model, "last_login"))
        report(&(CheckMessage){ CHECK_ERROR, "auth.E103", capo_format("The user model %s has no password and last_login.", model->label),
                                .hint = "Begin it with ABSTRACT_BASE_USER or ABSTRACT_USER." });
    for (const char *const *required = model->meta->required_fields; name && required && *required; required++)
        if (strcmp(*required, name) == 0)
            report(&(CheckMessage){ CHECK_ERROR, "auth.E002", capo_format("The .username_field of %s must not be among its .required_fields.", model->label) });
}

const SystemCheck auth_checks[] = {
    { "user_model", false, check_user_model },
    { "auth_middleware", false, check_middleware },
    { 0 }
};

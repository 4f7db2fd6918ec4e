/* SPDX-License-Identifier: BSD-3-Clause */
/* The auth app: its models, and the row that a site lists. */
#include <capo/auth.h>
#include <capo/migrations.h>
#include "auth_internal.h"

#define CAPO_MODELS "capo/auth_models.def"
#include <capo/define_models.h>

extern const EmbeddedFile capo_auth_files[];

static void ready(void)
{
    auth_add_context();
    capo_after_migrate(capo_auth_create_permissions);
    capo_after_rename(auth_follow_rename);
}

const App capo_auth = {
    .name = "auth",
    .verbose_name = "Authentication and Authorization",
    .models = models,
    .checks = auth_checks,
    .needs = APPS(&capo_contenttypes, &capo_sessions),
    .default_auto_field = "AutoField",          /* 32 bits, as Django's */
    .ready = ready,
    .files = capo_auth_files,
};

Value capo_value_now(void)
{
    return VALUE(capo_now());
}

const char *capo_permission_text(const void *permission)
{
    Permission *about = (Permission *)permission;
    ContentType *type = capo_related(about, content_type);
    return capo_format("%s | %s | %s", type ? type->app_label : "", type ? type->model : "", about->name);
}

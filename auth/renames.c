/* SPDX-License-Identifier: BSD-3-Clause */
/* A renamed model keeps its content type, with what generic keys and the admin's log say of it, and its permissions, with those that were
 * given to people and groups. */
#include "auth_internal.h"
#include <capo/schema.h>
#include <string.h>

/* The model's own names for it: "change_post", "Can change post". What else stands in a row of permissions is somebody's own and stays. */
static void rename_permission(ContentType *type, const char *action, const Model *before, const Model *after)
{
    const char *codename = capo_format("%s_%s", action, before->name_lower), *wanted = capo_format("%s_%s", action, after->name_lower);
    Permission *permission = capo_first(Permission, .where = { .content_type_id = EQ(type->id), .codename = EQ(codename) });
    if (!permission || capo_exists(Permission, .where = { .content_type_id = EQ(type->id), .codename = EQ(wanted) }))
        return;
    permission->codename = wanted;
    if (strcmp(permission->name, capo_format("Can %s %s", action, before->verbose_name)) == 0)
        permission->name = capo_format("Can %s %s", action, after->verbose_name);
    capo_save(permission);
}

void auth_follow_rename(const Model *before, const Model *after)
{
    static const char *const usual[] = { "add", "change", "delete", "view", NULL };
    if (strcmp(before->name_lower, after->name_lower) == 0 || !capo_schema_has_table(ContentType_model.table))
        return;
    ContentType *type = capo_first(ContentType, .where = { .app_label = EQ(before->app), .model = EQ(before->name_lower) });
    ContentType *renamed = capo_first(ContentType, .where = { .app_label = EQ(after->app), .model = EQ(after->name_lower) });
    if (!type == !renamed)
        return;                                     /* none; or both, and nobody can say whose rows are whose */
    if (!renamed) {                                 /* else an interrupted migration goes on */
        type->model = after->name_lower;
        capo_save(type);
    }
    type = renamed ? renamed : type;
    if (!capo_schema_has_table(Permission_model.table))
        return;
    const char *const *actions = before->meta->default_permissions ? before->meta->default_permissions : usual;
    for (; *actions; actions++)
        rename_permission(type, *actions, before, after);
}

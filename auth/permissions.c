/* SPDX-License-Identifier: BSD-3-Clause */
/* Permissions: "blog.add_post". A user has those given to him and to his groups; a superuser all; an inactive user none.
 *
 * A user's set is read once in a unit of work (two queries) and kept there. */
#include "auth_internal.h"
#include <capo/schema.h>
#include <capo/unit.h>
#include <stdlib.h>
#include <string.h>

typedef struct Known { struct Known *next; int64_t user_id; Map *permissions; } Known;

static void add_all(Map *into, Query *permissions)
{
    List *rows = capo_values_tuples(permissions, LIST("content_type__app_label", "codename"));
    for (size_t i = 0; i < rows->count; i++) {
        List *row = rows->items[i].list;
        capo_map_set(into, capo_format("%s.%s", capo_to_text(row->items[0]), capo_to_text(row->items[1])), capo_value_bool(true));
    }
}

static Map *permissions_of(User *user)
{
    for (Known *known = capo_unit->slots[UNIT_AUTH]; known; known = known->next)
        if (known->user_id == user->id)
            return known->permissions;
    Map *permissions = capo_map_new();
    if (user->is_active && user->is_superuser) {
        add_all(permissions, capo_query(Permission, .no_order = true));
    } else if (user->is_active) {
        add_all(permissions, capo_query(Permission, .filter = Q("user__id", user->id), .no_order = true));
        add_all(permissions, capo_query(Permission, .filter = Q("group__user__id", user->id), .no_order = true));
    }
    Known *known = capo_alloc_struct(Known);
    *known = (Known){ .next = capo_unit->slots[UNIT_AUTH], .user_id = user->id, .permissions = permissions };
    capo_unit->slots[UNIT_AUTH] = known;
    return permissions;
}

bool capo_has_permission(User *user, const char *permission)
{
    if (!user || !user->is_active)
        return false;
    return user->is_superuser || capo_map_get(permissions_of(user), permission) != NULL;
}

bool capo_has_module_permission(User *user, const char *app)
{
    if (!user || !user->is_active)
        return false;
    if (user->is_superuser)
        return true;
    Map *permissions = permissions_of(user);
    size_t size = strlen(app);
    for (size_t i = 0; i < permissions->count; i++) {
        const char *name = permissions->entries[i].key.text;
        if (strncmp(name, app, size) == 0 && name[size] == '.')
            return true;
    }
    return false;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *const *capo_all_permissions(User *user)
{
    Map *permissions = permissions_of(user);
    const char **names = capo_alloc_array(permissions->count + 1, sizeof *names);
    for (size_t i = 0; i < permissions->count; i++)
        names[i] = permissions->entries[i].key.text;
    qsort(names, permissions->count, sizeof *names, by_text);
    return names;
}

const char *capo_permission_name(const char *action, const Model *model)
{
    return capo_format("%s.%s_%s", model->app, action, model->name_lower);
}

/* --- the rows of permissions --- */

static void wanted(Map *have, List *missing, int64_t type, const char *codename, const char *name)
{
    const char *key = capo_format("%lld.%s", (long long)type, codename);
    if (capo_map_get(have, key))
        return;
    capo_map_set(have, key, capo_value_bool(true));
    Permission *permission = capo_new(Permission);
    permission->content_type_id = type;
    permission->codename = codename;
    permission->name = name;
    capo_list_add(missing, capo_value_object(&permission->capo));
}

void capo_auth_create_permissions(void)
{
    static const char *const usual[] = { "add", "change", "delete", "view", NULL };
    if (!capo_schema_has_table(Permission_model.table) || !capo_schema_has_table(ContentType_model.table))
        return;                                     /* this very migrate took them back */
    capo_begin();
    Map *have = capo_map_new();
    List *rows = capo_values_tuples(capo_query(Permission, .no_order = true), LIST("content_type_id", "codename"));
    for (size_t i = 0; i < rows->count; i++)
        capo_map_set(have, capo_format("%s.%s", capo_to_text(rows->items[i].list->items[0]), capo_to_text(rows->items[i].list->items[1])),
                     capo_value_bool(true));
    Map *types = capo_map_new();
    for (ContentType **type = capo_fetch(ContentType); *type; type++)
        capo_map_set(types, capo_format("%s.%s", (*type)->app_label, (*type)->model), VALUE((*type)->id));

    List *missing = capo_list_new();
    size_t count;
    Model *const *all = capo_all_models(&count);
    for (size_t i = 0; i < count; i++) {
        const Model *model = all[i];
        if (model->auto_created)
            continue;
        Value *known = capo_map_get(types, model->label_lower);
        int64_t type = known ? known->integer : capo_content_type(model)->id;
        const char *const *actions = model->meta->default_permissions ? model->meta->default_permissions : usual;
        for (; *actions; actions++)
            wanted(have, missing, type, capo_format("%s_%s", *actions, model->name_lower), capo_format("Can %s %s", *actions, model->verbose_name));
        for (const PermissionOptions *own = model->meta->permissions; own && own->codename; own++)
            wanted(have, missing, type, own->codename, own->name);
    }
    if (missing->count) {
        Instance **instances = capo_alloc_array(missing->count, sizeof *instances);
        for (size_t i = 0; i < missing->count; i++)
            instances[i] = (Instance *)missing->items[i].object;
        capo_bulk_create(instances, missing->count);
    }
    capo_commit();
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Permissions: "blog.add_post". A user has those given to him and to his groups; a superuser all; an inactive user none.
 *
 * A user's set is read once in a unit of work (two queries) and kept there. */
#include "auth_internal.h"
#include <capo/schema.h>
#include <capo/unit.h>
#include <stdlib.h>
#include <string.h>

typedef struct Known { struct Known *next; const char *user_key; Map *permissions; } Known;

static void add_all(Map *into, Query *permissions)
{
    List *rows = capo_values_tuples(permissions, LIST("content_type__app_label", "codename"));
    for (size_t i = 0; i < rows->count; i++) {
        List *row = rows->items[i].list;
        capo_map_set(into, capo_format("%s.%s", capo_to_text(row->items[0]), capo_to_text(row->items[1])), capo_value_bool(true));
    }
}

/* "user" for the field user_permissions, "group__user" for groups: where permissions look for the user. A model without the field has none. */
static void add_over(Map *into, const char *field_name, const char *path, const AnyUser *user)
{
    const Field *field = capo_field(capo_user_model(), field_name);
    if (field && field->kind == FIELD_MANY_TO_MANY)
        add_all(into, capo_query(Permission, .filter = Q(capo_format("%s%s__pk", path, field->related_query_name), auth_key(user)), .no_order = true));
}

static Map *permissions_of(AnyUser *user)
{
    const char *key = capo_to_text(auth_key(user));
    for (Known *known = capo_unit->slots[UNIT_AUTH]; known; known = known->next)
        if (strcmp(known->user_key, key) == 0)
            return known->permissions;
    Map *permissions = capo_map_new();
    if (capo_user_is(user, "is_active") && capo_user_is(user, "is_superuser")) {
        add_all(permissions, capo_query(Permission, .no_order = true));
    } else if (capo_user_is(user, "is_active")) {
        add_over(permissions, "user_permissions", "", user);
        add_over(permissions, "groups", "group__", user);
    }
    Known *known = capo_alloc_struct(Known);
    *known = (Known){ .next = capo_unit->slots[UNIT_AUTH], .user_key = capo_strdup(key), .permissions = permissions };
    capo_unit->slots[UNIT_AUTH] = known;
    return permissions;
}

bool capo_has_permission(AnyUser *user, const char *permission)
{
    if (!user || !capo_user_is(user, "is_active"))
        return false;
    return capo_user_is(user, "is_superuser") || capo_map_get(permissions_of(user), permission) != NULL;
}

bool capo_has_module_permission(AnyUser *user, const char *app)
{
    if (!user || !capo_user_is(user, "is_active"))
        return false;
    if (capo_user_is(user, "is_superuser"))
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

const char *const *capo_all_permissions(AnyUser *user)
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

/* SPDX-License-Identifier: BSD-3-Clause */
/* `user` and `perms` in templates: {% if user.is_authenticated and perms.blog.add_post %}. Both ask the database only when a
 * template asks them. */
#include "auth_internal.h"
#include <capo/templates.h>
#include <string.h>

static bool named(const char *name, size_t size, const char *wanted)
{
    return strlen(wanted) == size && memcmp(name, wanted, size) == 0;
}

/* --- nobody ---------------------------------------------------------------------------------------------------------------------- */

static bool anonymous_get(Object *self, const char *name, size_t size, Value *ret)
{
    (void)self;
    static const char *const no[] = { "is_authenticated", "is_active", "is_staff", "is_superuser" };
    static const char *const empty[] = { "username", "get_username", "first_name", "last_name", "email", "get_full_name", "get_short_name" };
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (named(name, size, no[i])) {
            *ret = capo_value_bool(false);
            return true;
        }
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
        if (named(name, size, empty[i])) {
            *ret = capo_value_text("");
            return true;
        }
    *ret = named(name, size, "is_anonymous") ? capo_value_bool(true) : capo_value_null();
    return named(name, size, "is_anonymous") || named(name, size, "id") || named(name, size, "pk");
}

static const char *anonymous_text(Object *self)
{
    (void)self;
    return "AnonymousUser";
}

static const ObjectOps anonymous_ops = { .type_name = "AnonymousUser", .get = anonymous_get, .text = anonymous_text };
static Object anonymous = { &anonymous_ops };

/* --- `user`: found when it is looked at ------------------------------------------------------------------------------------------ */

typedef struct LazyUser { Object object; Request *req; } LazyUser;

static Value real_user(Object *self)
{
    AnyUser *user = capo_user(((LazyUser *)self)->req);
    return user ? capo_value_object(auth_instance(user)) : capo_value_object(&anonymous);
}

static bool lazy_get(Object *self, const char *name, size_t size, Value *ret)
{
    return capo_lookup(real_user(self), name, size, ret);
}

static const char *lazy_text(Object *self)
{
    return capo_to_text(real_user(self));
}

static bool lazy_equal(Object *self, Value other)
{
    if (other.kind == VALUE_OBJECT && other.object == self)
        return true;
    return capo_equal(real_user(self), other);
}

/* As a callable it is replaced by the user before a template compares or iterates. */
static bool lazy_call(Object *self, Value *ret)
{
    *ret = real_user(self);
    return true;
}

static const ObjectOps lazy_ops = { .type_name = "User", .get = lazy_get, .text = lazy_text, .equal = lazy_equal, .call = lazy_call };

/* --- `perms` ------------------------------------------------------------------------------------------------------------------------ */

typedef struct Permissions { Object object; Request *req; const char *app; } Permissions;

static bool permissions_get(Object *self, const char *name, size_t size, Value *ret);

static bool permissions_truth(Object *self)
{
    Permissions *permissions = (Permissions *)self;
    AnyUser *user = capo_user(permissions->req);
    return user && (!permissions->app || capo_has_module_permission(user, permissions->app));
}

static const char *permissions_text(Object *self)
{
    const char *app = ((Permissions *)self)->app;
    return app ? capo_format("permissions of %s", app) : "permissions";
}

static const ObjectOps permissions_ops = { .type_name = "Permissions", .get = permissions_get, .truth = permissions_truth,
                                           .text = permissions_text };

static Permissions *permissions_new(Request *req, const char *app)
{
    Permissions *permissions = capo_alloc_struct(Permissions);
    *permissions = (Permissions){ { &permissions_ops }, req, app };
    return permissions;
}

/* perms.blog gives those of an app, perms.blog.add_post a boolean; perms["blog.add_post"] too. */
static bool permissions_get(Object *self, const char *name, size_t size, Value *ret)
{
    Permissions *permissions = (Permissions *)self;
    char *text = capo_strndup(name, size);
    if (!permissions->app && !strchr(text, '.')) {
        *ret = capo_value_object(permissions_new(permissions->req, text));
        return true;
    }
    AnyUser *user = capo_user(permissions->req);
    const char *full = permissions->app ? capo_format("%s.%s", permissions->app, text) : text;
    *ret = capo_value_bool(user && capo_has_permission(user, full));
    return true;
}

void capo_auth_processor(Request *req, Map *variables)
{
    LazyUser *user = capo_alloc_struct(LazyUser);
    *user = (LazyUser){ { &lazy_ops }, req };
    capo_map_set(variables, "user", capo_value_object(user));
    capo_map_set(variables, "perms", capo_value_object(permissions_new(req, NULL)));
}

void auth_add_context(void)
{
    static bool added;
    if (!added)
        capo_add_context_processor(capo_auth_processor);
    added = true;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The site's user model in migrations. An app that is used on several sites cannot know its label: its files say "AUTH_USER_MODEL" as the
 * target of a relation and ["AUTH_USER_MODEL", "__first__"] as a dependency. Both are read as what they mean on this site, so that the rest of
 * migrations/ knows labels only, and written back as they were. */
#include "migration.h"
#include <string.h>

const char *swappable_label(const char *text)
{
    const char *label = capo_swappable_label(text);
    return label ? label : text;
}

bool swappable_is_user_model(const char *app, const char *name)
{
    return same_name(capo_format("%s.%s", app, name), capo_swappable_label(AUTH_USER_CHOICE));
}

Value swappable_written(const FieldState *field, Value label)
{
    bool of_users = capo_is_text(label) && field_state_flag(field, "swappable") && same_name(label.text, capo_swappable_label(AUTH_USER_CHOICE));
    return of_users ? VALUE(AUTH_USER_CHOICE) : label;
}

const char *swappable_error(const char *text)
{
    const char *own = capo_swappable_label(AUTH_USER_CHOICE);
    if (!same_name(text, "auth.User") || same_name(own, "auth.User"))
        return NULL;
    return capo_format("names auth.User, in whose place this site has %s: a user model is chosen before the first migration. Where the app is to "
                       "work with any, write \"" AUTH_USER_CHOICE "\", and [\"" AUTH_USER_CHOICE "\", \"" MIGRATION_FIRST "\"] as a dependency.", own);
}

const ProjectState *swappable_kept(const ProjectState *from, const ProjectState *to)
{
    ProjectState *all = NULL;
    for (size_t i = 0; i < from->count; i++) {
        ModelState *model = from->models[i];
        if (!model_state_is_swapped(model) || state_find(to, model->app, model->name))
            continue;
        if (!all)
            all = state_clone(to);
        state_put(all, model);
    }
    return all ? all : to;
}

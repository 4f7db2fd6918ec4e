/* SPDX-License-Identifier: BSD-3-Clause */
#include "club.h"
#include <string.h>

#define CAPO_MODELS "club/models.def"
#include <capo/define_models.h>

Value club_uuid(void)
{
    return VALUE(capo_uuid_random());
}

/* The admin asks for is_staff: here that is the committee. */
bool club_member_property(void *instance, const char *name, Value *ret)
{
    const Member *member = instance;
    if (strcmp(name, "is_staff") != 0)
        return capo_user_property(instance, name, ret);
    *ret = VALUE(member->is_committee);
    return true;
}

static const ModelAdmin admin[] = {
    ADMIN(Member, .list_display = LIST("email", "display_name", "is_committee"), .search_fields = LIST("email"), .filter_horizontal = LIST("groups"),
          .fieldsets = FIELDSETS({ NULL, LIST("email", "password", "display_name", "phone") },
                                 { "Rights", LIST("is_active", "is_committee", "is_superuser", "groups", "user_permissions") })),
    ADMIN(Note, .list_display = LIST("text", "author"), .autocomplete_fields = LIST("author")),
    { 0 }
};

const App club = { .name = "club", .models = models, .admin = admin, .needs = APPS(&capo_auth) };

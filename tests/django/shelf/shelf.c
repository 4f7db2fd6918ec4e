/* SPDX-License-Identifier: BSD-3-Clause */
#include "shelf.h"

#define CAPO_MODELS "shelf/models.def"
#include <capo/define_models.h>

Value shelf_uuid(void)
{
    return VALUE(capo_uuid_random());
}

static const ModelAdmin admin[] = {
    ADMIN(Maker), ADMIN(Country), ADMIN(Label),
    ADMIN(Item, .list_display = LIST("name", "state", "price", "maker"), .list_filter = LIST("state"), .search_fields = LIST("name")),
    { 0 }
};

const App shelf = { .name = "shelf", .models = models, .admin = admin };

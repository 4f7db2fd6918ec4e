/* SPDX-License-Identifier: BSD-3-Clause */
#include "people.h"

#define CAPO_MODELS "people/models.def"
#include <capo/define_models.h>

static const ModelAdmin admin[] = { ADMIN(User, USER_ADMIN), ADMIN(Badge), { 0 } };

const App people = { .name = "people", .models = models, .admin = admin, .needs = APPS(&capo_auth) };

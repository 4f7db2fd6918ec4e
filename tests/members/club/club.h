/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once
#include <capo.h>

Value club_uuid(void);
bool club_member_property(void *member, const char *name, Value *ret);

#define CAPO_MODELS "club/models.def"
#include <capo/declare_models.h>

extern const App club;

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once
#include <capo.h>

#define CAPO_MODELS "people/models.def"
#include <capo/declare_models.h>

extern const App people;

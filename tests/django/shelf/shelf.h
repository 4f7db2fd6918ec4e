/* SPDX-License-Identifier: BSD-3-Clause */
/* An app that a Django project has too: the tests of tests/suites/django-database. */
#pragma once
#include <capo.h>

Value shelf_uuid(void);

#define CAPO_MODELS "shelf/models.def"
#include <capo/declare_models.h>

extern const App shelf;

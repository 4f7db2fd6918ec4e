/* SPDX-License-Identifier: BSD-3-Clause */
/* The models of family.def. */
#pragma once
#include <capo/orm.h>
#include <capo/web.h>

/* The default manager of places. */
Query *family_open(Query *rows);

#define CAPO_MODELS "../../tests/orm/family.def"
#include <capo/declare_models.h>

extern const App capo_test_family;
/* Prepares the models and makes their tables in an empty database. */
void family_database(void);
Town *make_town(const char *name);

/* SPDX-License-Identifier: BSD-3-Clause */
/* The models of family.def. */
#pragma once
#include <capo/auth.h>
#include <capo/generic.h>
#include <capo/orm.h>
#include <capo/web.h>

/* The default manager of places. */
Query *family_open(Query *rows);
extern const CustomField family_cents;

#define CAPO_MODELS "../../tests/orm/family.def"
#include <capo/declare_models.h>

extern const App capo_test_family;
/* How many of its models class_prepared told it of, of the two that its table asks for. */
extern int family_prepared;
/* Prepares the models and makes their tables in an empty database. */
void family_database(void);
Town *make_town(const char *name);

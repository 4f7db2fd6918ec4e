/* SPDX-License-Identifier: BSD-3-Clause */
/* Of the `orm` kind: models and fixture from JSON (orm_models.c), expressions and conditions from JSON (orm_expressions.c). */
#pragma once
#include "conformance.h"
#include "../../orm/query.h"
#include "../../orm/options.h"
#include "../../orm/delete.h"

/* Once: opens DATABASE_URL, creates the tables and loads the fixture; later calls do nothing. */
void orm_prepare(void);
Model *orm_model(const char *name);
/* A chain from the map's "model" or "from". ret_form: see OrmForm. */
typedef enum OrmForm { FORM_INSTANCES, FORM_MAPS, FORM_LISTS, FORM_FLAT } OrmForm;
Query *orm_query(const Map *map, OrmForm *ret_form);
Condition *orm_conditions(const List *list, size_t from);
Condition *orm_condition(Value json);
Expression *orm_expression(Value json);
/* A right side: a literal, an expression, an instance, a query. */
Value orm_value(Value json);
/* Whether a JSON map is an expression, not a literal. */
bool orm_is_expression(Value json);

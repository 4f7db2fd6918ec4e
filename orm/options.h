/* SPDX-License-Identifier: BSD-3-Clause */
/* The options structs of capo_query and its like, read through the field layouts. See condition.c. */
#pragma once
#include <capo/orm.h>

/* The look-ups of a .where or .exclude struct as one condition, or NULL where none is set. With `values`, one for each look-up but isnull
 * in the order of the fields, instead of the struct's own. */
Condition *condition_of_lookups(Model *model, const void *lookups, const Value *values);
/* capo_query_make with these two conditions instead of those of .where and .exclude. */
Query *query_make(Model *model, const QueryOptions *options, Condition *where, Condition *exclude);
/* The changes of a .set struct; ends with a NULL name. */
NamedChange *changes_of_struct(Model *model, const void *changes, size_t *ret_count);
Condition *condition_of_expression(Expression *expression);
Condition *capo_q_xor(Condition *const *conditions, size_t count);

/* SPDX-License-Identifier: BSD-3-Clause */
/* Between compiler_plan.c, which decides what a SELECT says, and compiler.c, which writes it. */
#pragma once
#include "query.h"

typedef struct Column { Expression *expression; const char *as; } Column;

typedef struct Plan {
    Query *query;
    Column *columns; size_t n_columns, capacity;
    OrderTerm *order; size_t n_order, order_capacity;
    Expression *where, *having, *qualify;   /* qualify: over windows, which are computed behind HAVING */
    Expression **group; size_t n_group, group_capacity;
    bool grouped, meta_order;
    size_t first_annotation, n_annotations;
    RelatedLoad *root;
    Expression **distinct_on; size_t n_distinct_on;
} Plan;

/* In this order; then the arrays of the Plan are as they will be written. */
void plan_columns(Plan *plan);
void plan_order(Plan *plan);
void plan_conditions(Plan *plan);
void plan_group(Plan *plan);
/* Behind plan_columns: resolves what DISTINCT ON names. */
void plan_distinct_on(Plan *plan);

void plan_add_column(Plan *plan, Expression *expression, const char *as);
/* The number of the selected column that a term orders by, 1 the first; 0: none of them. */
size_t plan_position_of(const Plan *plan, const OrderTerm *term);

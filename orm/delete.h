/* SPDX-License-Identifier: BSD-3-Clause */
/* The collector, for code that wants the numbers by model. */
#pragma once
#include "internal.h"

/* Nothing refers to the model and it has no hooks: its rows may go without being loaded. */
bool capo_can_fast_delete(const Model *model);
/* Deletes them (of one model) and what goes with them; how many rows, and how many of each model. origin: for the signals. */
int64_t capo_delete_instances(Instance *const *instances, size_t count, const void *origin, struct DeleteCount **ret_counts, size_t *ret_n_counts);
int64_t capo_query_delete_counting(Query *query, struct DeleteCount **ret_counts, size_t *ret_n_counts);

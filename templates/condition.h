/* SPDX-License-Identifier: BSD-3-Clause */
/* Conditions of {% if %}. */
#pragma once
#include "engine.h"

typedef struct Condition Condition;
/* The words behind `if`; a mistake is an error of the parser's current tag. */
Condition *capo_condition_compile(Parser *parser, char **words, size_t count);
bool capo_condition_true(const Condition *condition, Context *context);

/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of database functions: how each is called, what it takes and what it gives. */
#pragma once
#include "query.h"

typedef enum Gives {
    GIVES_FIRST, GIVES_TEXT, GIVES_INTEGER, GIVES_FLOAT, GIVES_NUMBER, GIVES_BOOLEAN, GIVES_DATETIME, GIVES_UUID, GIVES_JSON, GIVES_MIXED, GIVES_PAIRS, GIVES_KIND
} Gives;

/* sql: "name" is called with its arguments between commas; with $1 to $9 in it, or its brackets, it is a template. */
typedef struct FunctionRow {
    const char *name;                       /* Django's */
    const char *sql;
    Gives gives;
    int least, most;                        /* arguments; most -1: any number */
    bool aggregate, window_only;
    bool ordered;                           /* an aggregate whose values have an order */
    const char *only;                       /* the one database that has it: "postgresql" */
    FieldKind kind;                         /* GIVES_KIND */
    const struct DatabaseFunction *own;     /* of an app: own_functions.c */
} FunctionRow;

const FunctionRow *function_find(const char *name);
/* What the options of an aggregate say besides its first argument: the second one, an order. */
void expression_order_aggregate(Expression *aggregate, const AggregateOptions *options);
Expression *expression_call_of(const FunctionRow *row, Expression *const *args, size_t n_args);

/* The row as this database spells it; raises ERROR_NOT_SUPPORTED for another one's. */
const FunctionRow *compile_function_row(const Compiler *compiler, const FunctionRow *row);

/* --- own_functions.c: rows of the apps; NULL: none has the name --- */
const FunctionRow *own_function(const char *name);
const char *own_function_sql(const Compiler *compiler, const struct DatabaseFunction *row);

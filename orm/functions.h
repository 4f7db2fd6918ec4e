/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of database functions: how each is called, what it takes and what it gives. */
#pragma once
#include "query.h"

typedef enum Gives { GIVES_FIRST, GIVES_TEXT, GIVES_INTEGER, GIVES_FLOAT, GIVES_NUMBER, GIVES_DATETIME, GIVES_JSON, GIVES_MIXED, GIVES_PAIRS } Gives;

/* sql: "name" is called with its arguments between commas; with $1, $2 in it, or its brackets, it is a template. */
typedef struct FunctionRow {
    const char *name;                       /* Django's */
    const char *sql;
    Gives gives;
    int least, most;                        /* arguments; most -1: any number */
    bool aggregate, window_only;
} FunctionRow;

const FunctionRow *function_find(const char *name);

/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys in SQL, of one column or of several: a composite key's value is a list with a value for each part. */
#pragma once
#include "internal.h"

/* The key of an instance's members; null where one of its parts is. */
Value key_value(const char *base, const Field *key);
/* The key of a row's raw cells, one for each of its columns. */
Value key_of_cells(const Field *key, const Value *cells);
/* A list as the parts take it; raises ERROR_VALIDATION. Only of a composite key. */
Value key_to_python(const Field *key, Value value);
/* `"a" = $1 AND "b" = $2`: the parameters go to values[bound], the new count is returned. Room for capo_key_size(key) is needed. */
size_t key_put_equals(Buffer *sql, const Field *key, Value value, Value *values, size_t bound);
/* ` AND NOT ("a" = $1 AND "b" = $2)` */
size_t key_put_differs(Buffer *sql, const Field *key, Value value, Value *values, size_t bound);
/* `"a" IN ($1, $2)`, `("a", "b") IN (($1, $2), ($3, $4))` */
size_t key_put_in(Buffer *sql, const Field *key, const Value *keys, size_t count, Value *values, size_t bound);
/* `("a", "b")` */
void key_put_columns(Buffer *sql, const Field *key);

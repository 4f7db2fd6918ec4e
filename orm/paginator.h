/* SPDX-License-Identifier: BSD-3-Clause */
/* The elided range of page numbers, for tests and the admin. */
#pragma once
#include <capo/value.h>

/* Numbers and "…". */
List *paginator_elided_range(int64_t number, int64_t pages, int64_t on_each_side, int64_t on_ends);

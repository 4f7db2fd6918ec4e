/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Of the two pieces, one behind the other. */
void auth_sha1(const void *first, size_t first_size, const void *second, size_t second_size, uint8_t ret[20]);

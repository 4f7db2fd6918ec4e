/* SPDX-License-Identifier: BSD-3-Clause */
/* What password strings of other times need. No arena: they run on helper threads. Never for anything new. */
#pragma once
#include "../core/base/digests.h"

enum { SHA256_SIZE = 32 };

void pbkdf2_sha1(const void *password, size_t size, const void *salt, size_t salt_size, uint32_t rounds, uint8_t ret_hash[SHA1_SIZE]);
void pbkdf2_sha256(const void *password, size_t size, const void *salt, size_t salt_size, uint32_t rounds,
                   uint8_t ret_hash[SHA256_SIZE]);

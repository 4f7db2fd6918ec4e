/* SPDX-License-Identifier: BSD-3-Clause */
/* Between the files of auth/. */
#pragma once
#include <capo/auth.h>

/* Spends the time of a password check, so that an unknown user cannot be told from a wrong password. */
void auth_spend_time(const char *password);

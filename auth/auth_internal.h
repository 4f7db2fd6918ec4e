/* SPDX-License-Identifier: BSD-3-Clause */
/* Between the files of auth/. */
#pragma once
#include <capo/auth.h>
#include <capo/forms.h>

/* Spends the time of a password check, so that an unknown user cannot be told from a wrong password. */
void auth_spend_time(const char *password);

/* throttle.c: seconds that this name from this address has to wait before its next try; 0: none. */
int64_t auth_login_wait(Request *req, const char *username);
void auth_login_failed(Request *req, const char *username);
void auth_login_succeeded(Request *req, const char *username);

/* context.c: `user` and `perms` for templates. */
void auth_add_context(void);

extern const SystemCheck auth_checks[];

enum { USERNAME_LENGTH = 150, PASSWORD_BYTES = 4096 };

/* SPDX-License-Identifier: BSD-3-Clause */
/* Between the files of auth/. */
#pragma once
#include <capo/auth.h>
#include <capo/forms.h>

/* user_model.c: the members of a user, whichever model the site has. NULL: the model has no such field. */
const Field *auth_field(const char *name);
Value auth_value(const AnyUser *user, const char *field);      /* null: no such field */
const char *auth_text(const AnyUser *user, const char *field); /* NULL: null, or no such field */
void auth_assign(AnyUser *user, const char *field, Value value);
const Field *auth_username_field(void);
Value auth_key(const AnyUser *user);
bool auth_same_user(const AnyUser *user, Value key);
/* The instance that it is; and back. */
static inline Instance *auth_instance(const AnyUser *user) { return (Instance *)user; }
static inline AnyUser *auth_user(Instance *instance) { return (AnyUser *)instance; }

/* Spends the time of a password check, so that an unknown user cannot be told from a wrong password. */
void auth_spend_time(const char *password);

/* throttle.c: seconds that this name from this address has to wait before its next try; 0: none. */
int64_t auth_login_wait(Request *req, const char *username);
void auth_login_failed(Request *req, const char *username);
void auth_login_succeeded(Request *req, const char *username);

/* renames.c: content types and permissions follow a renamed model. For capo_after_rename(). */
void auth_follow_rename(const Model *before, const Model *after);

/* context.c: `user` and `perms` for templates. */
void auth_add_context(void);

extern const SystemCheck auth_checks[];

enum { USERNAME_LENGTH = 254, PASSWORD_BYTES = 4096 };

/* SPDX-License-Identifier: BSD-3-Clause */
/* Users, groups, permissions, sessions in the database, log-in (Django's contenttypes, sessions and auth, same tables).
 *
 *     User *user = capo_user(req);                     // NULL: anonymous
 *     if (!user) return capo_redirect_to_login(req);
 *     if (!capo_has_permission(user, "blog.add_post")) capo_raise(403, "You may not add posts.");
 *
 * Routes say the same in a row: .login_required = true, .permission = "blog.add_post". */
#pragma once
#include <capo/orm.h>
#include <capo/web.h>

/* Named in auth_models.def. */
Value capo_value_now(void);                                 /* default: the time of creation */
const char *capo_permission_text(const void *permission);  /* "blog | post | Can add post" */
bool capo_user_property(void *user, const char *name, Value *ret);     /* is_authenticated, get_full_name, … in templates */
void capo_validate_username(Value value);                  /* letters, digits and @/./+/-/_ */

#define CAPO_MODELS "capo/contenttypes_models.def"
#include <capo/declare_models.h>        /* ContentType */
#define CAPO_MODELS "capo/sessions_models.def"
#include <capo/declare_models.h>        /* SessionRow; its label is sessions.Session */
#define CAPO_MODELS "capo/auth_models.def"
#include <capo/declare_models.h>        /* Permission, Group, User; LogEntry is admin's */

extern const App capo_auth;             /* brings the two others: settings need not list them */
extern const App capo_contenttypes, capo_sessions;
/* The context processor (templates.h) that gives templates `user` and `perms`; on unless settings list theirs. */
void capo_auth_processor(Request *req, Map *variables);
extern const Route capo_auth_urls[];    /* login/, logout/, password_change/, password_change/done/ (django.contrib.auth.urls) */

/* --- users --- */
User *capo_create_user(const char *username, const char *email, const char *password);       /* password NULL: unusable */
User *capo_create_superuser(const char *username, const char *email, const char *password);
void capo_set_password(User *user, const char *password);              /* hashes on a helper thread; does not save */
bool capo_check_password(User *user, const char *password);            /* rehashes and saves where the string is outdated */
const char *capo_user_full_name(const User *user);

/* The logged-in user of the request, or NULL. One query at first use. */
User *capo_user(Request *req);
/* The user with this name and password, active, or NULL; takes equal time for unknown names. */
User *capo_authenticate(Request *req, const char *username, const char *password);
void capo_login(Request *req, User *user);                             /* rotates session key and CSRF token */
void capo_logout(Request *req);                                        /* flushes the session */
void capo_update_session_auth_hash(Request *req, User *user);          /* stay logged in after an own password change */
Response *capo_redirect_to_login(Request *req);
Response *capo_session_middleware(Request *req, const Next *next);
Response *capo_auth_middleware(Request *req, const Next *next);
int64_t capo_clear_sessions(void);                                     /* removes the expired ones; how many */

/* --- permissions: "app.action_model" --- */
bool capo_has_permission(User *user, const char *permission);          /* superusers have all; inactive users none */
bool capo_has_module_permission(User *user, const char *app);
const char *const *capo_all_permissions(User *user);                    /* sorted; NULL at the end */
/* "blog.change_post" */
const char *capo_permission_name(const char *action, const Model *model);
/* After migrate: rows of content types and permissions for all models. */
void capo_auth_create_permissions(void);
ContentType *capo_content_type(const Model *model);
Model *capo_content_type_model(ContentType *type);                      /* NULL: stale */

/* --- password strings (docs: Django's formats) --- */
char *capo_make_password(const char *password);                         /* argon2id; NULL: unusable "!…" */
/* 1 right, 0 wrong, -1 malformed. *ret_outdated may be NULL. */
int capo_verify_password(const char *password, const char *encoded, bool *ret_outdated);
int capo_verify_password_n(const char *password, size_t size, const char *encoded, bool *ret_outdated);    /* with NULs inside */
bool capo_password_is_usable(const char *encoded);
/* Django's four validators; messages, NULL at the end; none: good. */
const char *const *capo_validate_password(const char *password, User *user_or_null);
const char *const *capo_password_help_texts(void);

/* --- forms that admin uses too --- */
struct Form;
struct Form *capo_authentication_form(Request *req, const QueryDict *data_or_null);      /* username, password; get_user: */
User *capo_authentication_form_user(struct Form *form);
struct Form *capo_user_creation_form(const QueryDict *data_or_null);                     /* username, password1, password2 */
struct Form *capo_set_password_form(User *user, const QueryDict *data_or_null);          /* new_password1, new_password2 */
struct Form *capo_password_change_form(User *user, const QueryDict *data_or_null);       /* old_password + the two */
struct Form *capo_admin_password_form(User *user, const QueryDict *data_or_null);        /* password1, password2 */

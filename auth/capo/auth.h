/* SPDX-License-Identifier: BSD-3-Clause */
/* Users, groups, permissions, sessions in the database, log-in (Django's contenttypes, sessions and auth, same tables).
 *
 *     User *user = capo_user(req);                     // NULL: anonymous
 *     if (!user) return capo_redirect_to_login(req);
 *     if (!capo_has_permission(user, "blog.add_post")) capo_raise(403, "You may not add posts.");
 *
 * Routes say the same in a row: .login_required = true, .permission = "blog.add_post".
 *
 * A user model of the site's own (Django's AUTH_USER_MODEL) is declared like any model, with the words of <capo/user_words.h>,
 *     MODEL(User)                                      MODEL(Member)
 *         ABSTRACT_USER                                    ABSTRACT_BASE_USER
 *         CHAR(phone, .max_length = 30, .blank = true)     PERMISSIONS_MIXIN
 *     END_MODEL                                            EMAIL(email, .unique = true)
 *                                                          META(.username_field = "email")
 *                                                      END_MODEL
 * and named where the program is compiled, for all of its files: -DAUTH_USER_MODEL=User, or =Member. Everything here then speaks of that
 * struct, auth_user is not made, and keys to users are FOREIGN_KEY(author, AUTH_USER_MODEL, …). What a model does not have (is_staff,
 * is_superuser, is_active) its Meta's .property may answer; else it is false, and is_active true. The choice is made before the first
 * migrate: it cannot be changed in a database that has users. */
#pragma once
#include <capo/orm.h>
#include <capo/web.h>
#include <capo/user_words.h>

/* Named in the models. */
Value capo_value_now(void);                                 /* default: the time of creation */
const char *capo_permission_text(const void *permission);  /* "blog | post | Can add post" */
/* is_authenticated, get_full_name, … in templates. Meta's .property of an own user model ends with it: return capo_user_property(…). */
bool capo_user_property(void *user, const char *name, Value *ret);
void capo_validate_username(Value value);                  /* letters, digits and @/./+/-/_ */

#define CAPO_MODELS "capo/contenttypes_models.def"
#include <capo/declare_models.h>        /* ContentType */
#define CAPO_MODELS "capo/sessions_models.def"
#include <capo/declare_models.h>        /* SessionRow; its label is sessions.Session */
#define CAPO_MODELS "capo/auth_models.def"
#include <capo/declare_models.h>        /* Permission, Group, AuthUser; LogEntry is admin's */

/* AUTH_USER_MODEL is the site's own, as the program was compiled; else User, which is auth.User; inside the library it is AnyUser, whose
 * members nobody knows. As the target of a key, AnyUser takes a user's key of whatever kind. */
#define CAPO_PASTE(a, b) CAPO_PASTE_(a, b)
#define CAPO_PASTE_(a, b) a##b
#if defined CAPO_LIBRARY
#define AUTH_USER_MODEL AnyUser
typedef struct AnyUser AnyUser;
typedef AuthUser_lookups AnyUser_lookups;
#define AnyUser_model AuthUser_model
#else
#if defined AUTH_USER_MODEL
typedef struct AUTH_USER_MODEL AUTH_USER_MODEL;
extern Model CAPO_PASTE(AUTH_USER_MODEL, _model);
__attribute__((weak)) Model *const capo_site_user_model = &CAPO_PASTE(AUTH_USER_MODEL, _model);
typedef struct CAPO_PASTE(AUTH_USER_MODEL, _lookups) CAPO_PASTE(AUTH_USER_MODEL, _lookups);
#else
#define AUTH_USER_MODEL User
typedef AuthUser User;
typedef AuthUser_key User_key;
typedef AuthUser_lookups User_lookups;
typedef AuthUser_changes User_changes;
typedef AuthUser_query User_query;
#define User_model AuthUser_model
/* Found beside a capo_site_user_model, some files were compiled without the choice: refused at start. */
__attribute__((weak)) const bool capo_site_has_auth_user = true;
#endif
typedef AUTH_USER_MODEL AnyUser;
typedef CAPO_PASTE(AUTH_USER_MODEL, _lookups) AnyUser_lookups;
#endif
typedef union AnyUser_key { int64_t integer; Uuid uuid; const char *text; } AnyUser_key;

extern const App capo_auth;             /* brings the two others: settings need not list them */
extern const App capo_contenttypes, capo_sessions;
/* The context processor (templates.h) that gives templates `user` and `perms`; on unless settings list theirs. */
void capo_auth_processor(Request *req, Map *variables);
extern const Route capo_auth_urls[];    /* login/, logout/, password_change/, password_change/done/ (django.contrib.auth.urls) */

/* --- users --- */
Model *capo_user_model(void);                               /* the site's: its own or auth.User (get_user_model) */
/* `username` is what people log in by, the model's .username_field; `email` goes to its .email_field, where that is another. A model that
 * requires more fields is made by hand: capo_new, the fields, capo_set_password, capo_save. Raises ERROR_VALUE for an empty username. */
AUTH_USER_MODEL *capo_create_user(const char *username, const char *email, const char *password);       /* password NULL: unusable */
AUTH_USER_MODEL *capo_create_superuser(const char *username, const char *email, const char *password);
/* The same from values by field name, with whatever fields the model has; checked by full_clean, which raises ERROR_VALIDATION. */
AUTH_USER_MODEL *capo_create_superuser_of(const Map *fields, const char *password);
void capo_set_password(AUTH_USER_MODEL *user, const char *password);              /* hashes on a helper thread; does not save */
bool capo_check_password(AUTH_USER_MODEL *user, const char *password);            /* rehashes and saves where the string is outdated */
const char *capo_username(const AUTH_USER_MODEL *user);                           /* what he or she logs in by */
/* First and last name, where the model has such and they are filled in; else "". */
const char *capo_user_full_name(const AUTH_USER_MODEL *user);
/* The user who logs in by this, NULL: nobody. Not for authentication: it takes less time for unknown names. */
AUTH_USER_MODEL *capo_find_user(const char *username);
/* A flag of the user, as a field or a property: "is_active", "is_staff", "is_superuser". */
bool capo_user_is(const AUTH_USER_MODEL *user, const char *flag);

/* The logged-in user of the request, or NULL. One query at first use. */
AUTH_USER_MODEL *capo_user(Request *req);
/* The user with this name and password, active, or NULL; takes equal time for unknown names. */
AUTH_USER_MODEL *capo_authenticate(Request *req, const char *username, const char *password);
void capo_login(Request *req, AUTH_USER_MODEL *user);                             /* rotates session key and CSRF token */
void capo_logout(Request *req);                                                   /* flushes the session */
void capo_update_session_auth_hash(Request *req, AUTH_USER_MODEL *user);          /* stay logged in after an own password change */
Response *capo_redirect_to_login(Request *req);
Response *capo_session_middleware(Request *req, const Next *next);
Response *capo_auth_middleware(Request *req, const Next *next);
int64_t capo_clear_sessions(void);                                     /* removes the expired ones; how many */

/* --- permissions: "app.action_model" --- */
bool capo_has_permission(AUTH_USER_MODEL *user, const char *permission);          /* superusers have all; inactive users none */
bool capo_has_module_permission(AUTH_USER_MODEL *user, const char *app);
const char *const *capo_all_permissions(AUTH_USER_MODEL *user);                    /* sorted; NULL at the end */
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
const char *const *capo_validate_password(const char *password, AUTH_USER_MODEL *user_or_null);
const char *const *capo_password_help_texts(void);

/* --- forms that admin uses too --- */
struct Form;
struct Form *capo_authentication_form(Request *req, const QueryDict *data_or_null);      /* username, password; get_user: */
AUTH_USER_MODEL *capo_authentication_form_user(struct Form *form);
/* The field by which people log in, what else has to be there, password1, password2. */
struct Form *capo_user_creation_form(const QueryDict *data_or_null);
/* The user that the valid form describes, saved. */
AUTH_USER_MODEL *capo_user_creation_form_save(struct Form *form);
struct Form *capo_set_password_form(AUTH_USER_MODEL *user, const QueryDict *data_or_null);          /* new_password1, new_password2 */
struct Form *capo_password_change_form(AUTH_USER_MODEL *user, const QueryDict *data_or_null);       /* old_password + the two */
struct Form *capo_admin_password_form(AUTH_USER_MODEL *user, const QueryDict *data_or_null);        /* password1, password2 */

/* SPDX-License-Identifier: BSD-3-Clause */
/* The fields of users as words of models.def: what a user model of a site's own begins with (auth.h says how). Each stands for the class
 * of that name in Django.
 *
 *     ABSTRACT_USER           all that auth.User has: a site's own user model that only adds fields
 *     ABSTRACT_BASE_USER      password and last_login alone: the model says the rest, and which field people log in by
 *     PERMISSIONS_MIXIN       is_superuser, groups and user_permissions, besides ABSTRACT_BASE_USER
 *
 * Meta may be written after them as usual; what it says counts over what they say. */
#pragma once

#define ABSTRACT_BASE_USER                                                                                                                \
    CHAR(password, .max_length = 128)                                                                                                   \
    OPTIONAL(DATETIME, last_login, .verbose_name = "last login")                                                                        \
    META(.property = capo_user_property)

#define PERMISSIONS_MIXIN                                                                                                                 \
    BOOLEAN(is_superuser, .verbose_name = "superuser status", .default_value = DEFAULT(0),                                              \
            .help_text = "Designates that this user has all permissions without explicitly assigning them.")                            \
    MANY_TO_MANY(groups, Group, .blank = true, .related_name = "user_set", .related_query_name = "user",                                \
                 .help_text = "The groups this user belongs to. A user will get all permissions granted to each of their groups.")     \
    MANY_TO_MANY(user_permissions, Permission, .blank = true, .related_name = "user_set", .related_query_name = "user",                 \
                 .verbose_name = "user permissions", .help_text = "Specific permissions for this user.")

#define ABSTRACT_USER                                                                                                                     \
    ABSTRACT_BASE_USER                                                                                                                  \
    PERMISSIONS_MIXIN                                                                                                                   \
    CHAR(username, .max_length = 150, .unique = true, .validators = VALIDATORS(capo_validate_username),                                 \
         .help_text = "Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",                                         \
         .error_messages = LIST("unique", "A user with that username already exists."))                                                 \
    CHAR(first_name, .max_length = 150, .blank = true, .verbose_name = "first name")                                                    \
    CHAR(last_name, .max_length = 150, .blank = true, .verbose_name = "last name")                                                      \
    EMAIL(email, .blank = true, .verbose_name = "email address")                                                                        \
    BOOLEAN(is_staff, .verbose_name = "staff status", .default_value = DEFAULT(0),                                                      \
            .help_text = "Designates whether the user can log into this admin site.")                                                   \
    BOOLEAN(is_active, .verbose_name = "active", .default_value = DEFAULT(1),                                                           \
            .help_text = "Designates whether this user should be treated as active. Unselect this instead of deleting accounts.")      \
    DATETIME(date_joined, .verbose_name = "date joined", .default_function = capo_value_now)                                            \
    META(.verbose_name = "user", .verbose_name_plural = "users", .username_field = "username", .email_field = "email",                 \
         .required_fields = LIST("email"))

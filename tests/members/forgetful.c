/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiled without -DAUTH_USER_MODEL, in a program that has it: User is another struct here than the site's users are. */
#include <capo.h>

const char *capo_test_forgetful(void)
{
    User *user = capo_find_user("ann@example.com");
    return user ? user->username : NULL;
}

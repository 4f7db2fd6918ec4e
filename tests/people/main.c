/* SPDX-License-Identifier: BSD-3-Clause */
/* A site whose user model is auth.User and a field more, for tests/suites/user-model: compiled with -DAUTH_USER_MODEL=User. */
#include "people/people.h"

static Response *phone(Request *req)
{
    User *user = capo_user(req);
    return capo_text("%s\n", user ? user->phone : "nobody");
}

static const Route urls[] = {
    { "admin/", .include = capo_admin_urls },
    { "accounts/", .include = capo_auth_urls },
    { "phone/", phone },
    { 0 }
};

int main(int argc, char **argv)
{
    return capo_main(argc, argv, &(Settings){
        .name = "people",
        .apps = APPS(&capo_admin, &capo_auth, &people),
        .urls = urls,
        .database = "sqlite:people.sqlite3",
    });
}

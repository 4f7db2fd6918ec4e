/* SPDX-License-Identifier: BSD-3-Clause */
/* The Capo site over the tables of the Django project beside it. */
#include "shelf/shelf.h"
#include <capo/flatpages.h>
#include <capo/sites.h>

static Response *whoami(Request *req)
{
    User *user = capo_user(req);
    return capo_text("%s", user ? user->username : "nobody");
}

static const Route urls[] = {
    { "admin/", .include = capo_admin_urls },
    { "whoami/", whoami },
    { 0 }
};

int main(int argc, char **argv)
{
    return capo_main(argc, argv, &(Settings){ .name = "shelves", .apps = APPS(&capo_admin, &capo_sites, &capo_flatpages, &shelf), .urls = urls, .insecure_cookies = true });
}

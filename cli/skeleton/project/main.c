/* The site: its settings, its URLs, its program. `capo migrate`, `capo runserver` and every other command run it. */
#include <capo.h>
#include "home/home.h"

static const Route urls[] = {
    { "admin/", .include = capo_admin_urls },
    { "", .include = home_urls, .name = "home" },
    { 0 }
};

int main(int argc, char **argv)
{
    return capo_main(argc, argv, &(Settings){
        .name     = "@name@",
        .apps     = APPS(&capo_admin, &capo_auth, &home),
        .urls     = urls,
        .database = "sqlite:db.sqlite3",    /* DATABASE_URL, SECRET_KEY, DEBUG, PORT … of the environment or .env override */
    });
}

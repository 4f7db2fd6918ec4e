/* SPDX-License-Identifier: BSD-3-Clause */
/* Databases for tests, in place of the site's: SQLite's in memory, on a server one beside the site's, called test_ and its name, which is made
 * anew before the tests and dropped after them. A replica is its primary then. */
#include "pool.h"
#include "routing.h"
#include <capo/web.h>
#include <string.h>

typedef struct Scratch { const char *alias, *site_url, *url, *name; } Scratch;      /* name NULL: in memory */
static Scratch *scratch;
static size_t n_scratch;

static Scratch scratch_of(const char *alias, const char *url)
{
    const Backend *backend = capo_backend_of_url(url);
    const DatabaseAddress *address = capo_database_address(capo_arena(), url);
    const char *query = strchr(url, '?');
    if (!backend->networked)
        return (Scratch){ alias, url, capo_format("sqlite::memory:%s", query ? query : ""), NULL };
    if (!*address->database)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The URL of the database '%s' names no database, so there is none to put test_ before. Write %s/name.", alias, address->shown);
    const char *path = strchr(strstr(url, "://") + 3, '/');
    size_t size = strcspn(path + 1, "?");
    return (Scratch){ alias, url, capo_format("%.*s/test_%.*s%s", (int)(path - url), url, (int)size, path + 1, query ? query : ""), capo_format("test_%s", address->database) };
}

/* By the site's own database, which its user may enter. */
static void run_beside(const Scratch *one, const char *format)
{
    capo_database_open(one->site_url);
    Buffer sql = { 0 };
    capo_put_format(&sql, format, capo_quote_name(one->name));
    capo_sql_run(capo_buffer_text(&sql));
}

void capo_scratch_databases_open(void)
{
    const Settings *settings = capo_settings();
    size_t count = 0;
    while (settings->databases && settings->databases[count].alias)
        count++;
    scratch = capo_alloc_array(count + 1, sizeof *scratch);
    DatabaseSettings *rows = capo_alloc_array(count + 1, sizeof *rows);
    scratch[0] = scratch_of("default", settings->database ? settings->database : "sqlite:db.sqlite3");
    n_scratch = 1;
    for (size_t i = 0; i < count; i++) {
        rows[i] = settings->databases[i];
        if (rows[i].replica_of)
            continue;
        scratch[n_scratch] = scratch_of(rows[i].alias, rows[i].url);
        rows[i].url = scratch[n_scratch++].url;
    }
    for (size_t i = 0; i < n_scratch; i++)
        if (scratch[i].name) {
            run_beside(&scratch[i], "DROP DATABASE IF EXISTS %s");
            run_beside(&scratch[i], capo_starts_with(scratch[i].site_url, "postgres") ? "CREATE DATABASE %s" : "CREATE DATABASE %s CHARACTER SET utf8mb4");
        }
    capo_database_open(scratch[0].url);
    capo_databases_set(rows, settings->database_routers);
    database_mirror(true);
}

const char *const *capo_scratch_databases(void)
{
    const char **aliases = capo_alloc_array(n_scratch + 1, sizeof *aliases);
    for (size_t i = 0; i < n_scratch; i++)
        aliases[i] = scratch[i].alias;
    return aliases;
}

void capo_scratch_databases_drop(void)
{
    for (size_t i = 0; i < n_scratch; i++)
        if (scratch[i].name)
            run_beside(&scratch[i], "DROP DATABASE IF EXISTS %s");
    n_scratch = 0;
    database_mirror(false);
    capo_database_close();
}

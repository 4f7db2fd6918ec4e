/* SPDX-License-Identifier: BSD-3-Clause */
/* One migrator at a time, and whether what was interrupted had been done.
 *
 * The lock is the session's, on the connection that does all the work: where a process is killed, its session lives on in the server until
 * its last statement ends, and so does the lock. Whoever waits for it therefore never sees half a statement. */
#include "schema.h"
#include "transaction.h"
#include <ctype.h>
#include <capo/loop.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <unistd.h>

enum { PAUSE_MS = 50 };

/* SQLite's: a process has it once. -1: not held. */
static int folder = -1;

static bool try_folder(const char *path)
{
    if (path[0] == '\0' || strcmp(path, ":memory:") == 0)
        return true;
    const char *slash = strrchr(path, '/');
    int fd = open(slash ? capo_strndup(path, slash == path ? 1 : (size_t)(slash - path)) : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return true;                    /* the statement that comes will say it better */
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        close(fd);
        return false;
    }
    folder = fd;
    return true;
}

static bool try_lock(const char *sql)
{
    int64_t got = 0;
    ResultSet *result = capo_database_run(sql ? sql : "PRAGMA database_list", NULL, 0, DATABASE_WRITE);
    if (!sql)
        return try_folder(result->n_rows ? capo_to_text(capo_cell(result, 0, 2)) : "");
    Value value = result->n_rows ? capo_cell(result, 0, 0) : capo_value_null();
    return capo_is_text(value) ? value.text[0] == 't' : capo_to_int(value, &got) && got;
}

bool capo_schema_lock(double seconds, double lock_timeout)
{
    const SchemaBackend *schema = capo_backend()->schema;
    int64_t since = capo_monotonic_us();
    if (schema->try_lock)
        capo_database_keep();
    while (!try_lock(schema->try_lock)) {
        if (seconds >= 0 && (double)(capo_monotonic_us() - since) > seconds * 1e6) {
            capo_database_keep_no_more();
            return false;
        }
        capo_sleep(PAUSE_MS / 1000.0);
    }
    if (schema->lock_timeout && lock_timeout > 0)
        capo_database_run(capo_format(schema->lock_timeout, lock_timeout), NULL, 0, DATABASE_WRITE);
    return true;
}

void capo_schema_unlock(void)
{
    capo_database_keep_no_more();
    if (folder >= 0)
        close(folder);
    folder = -1;
}

bool capo_schema_has_transactions(void) { return !capo_backend()->schema->fingerprint; }

/* The first word, behind comments. */
static const char *first_word(const char *sql)
{
    for (;;) {
        sql += strspn(sql, " \t\r\n(");
        const char *end = strncmp(sql, "/*", 2) == 0 ? strstr(sql, "*/") : NULL;
        if (end)
            sql = end + 2;
        else if (strncmp(sql, "--", 2) == 0 || *sql == '#')
            sql += strcspn(sql, "\n");
        else
            return sql;
    }
}

bool capo_schema_is_ddl(const char *sql)
{
    static const char *const words[] = { "ALTER", "CREATE", "DROP", "RENAME", "TRUNCATE", "GRANT", "REVOKE", "ANALYZE", "OPTIMIZE", "REPAIR", "LOCK", "UNLOCK" };
    const char *word = first_word(sql);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncasecmp(word, words[i], strlen(words[i])) == 0 && !isalnum((unsigned char)word[strlen(words[i])]))
            return true;
    return false;
}

char *capo_schema_fingerprint(const char *sql)
{
    const SchemaBackend *schema = capo_backend()->schema;
    return schema->fingerprint ? schema->fingerprint(first_word(sql)) : capo_strdup("");
}

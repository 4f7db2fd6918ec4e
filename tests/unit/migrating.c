/* SPDX-License-Identifier: BSD-3-Clause */
#include "migrating.h"
#include <capo/loop.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

char migrating_directory[64], migrating_other[80], migrating_url[256];
App migrating_app = { .name = "mig", .directory = migrating_directory };
App migrating_other_app = { .name = "migother", .directory = migrating_other };

static void remove_tree(const char *path)
{
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char name[512];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (unlink(name) != 0)
            remove_tree(name);
    }
    if (folder)
        closedir(folder);
    rmdir(path);
}

static void clean(void *path)
{
    capo_database_open(NULL);
    remove_tree(path);
}

static const char *url_of_server(void)
{
    const char *url = getenv("CAPO_TEST_DATABASE");
    return url && *url && strncmp(url, "sqlite", 6) ? url : NULL;
}

void open_again(void)
{
    capo_database_open(migrating_url);
}

void start_migrating(void)
{
    strcpy(migrating_directory, "/tmp/capo-migrate-XXXXXX");
    EXPECT(mkdtemp(migrating_directory) != NULL);
    snprintf(migrating_other, sizeof migrating_other, "%s/other", migrating_directory);
    EXPECT_INT(mkdir(migrating_other, 0700), 0);
    EXPECT_INT(mkdir(capo_format("%s/migrations", migrating_directory), 0700), 0);
    EXPECT_INT(mkdir(capo_format("%s/migrations", migrating_other), 0700), 0);
    capo_defer(clean, capo_strdup(migrating_directory));
    if (url_of_server())
        snprintf(migrating_url, sizeof migrating_url, "%s", url_of_server());
    else
        snprintf(migrating_url, sizeof migrating_url, "sqlite:%s/db.sqlite3", migrating_directory);
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .apps = APPS(&migrating_app, &migrating_other_app),
                                    .database = migrating_url });
    open_empty_database();
    open_again();
}

const char *other_database(void)
{
    if (!url_of_server())
        return "sqlite::memory:";
    bool there = first_number(capo_format("SELECT COUNT(*) FROM %s = 'test_other'", database_is("mysql") ? "information_schema.SCHEMATA WHERE SCHEMA_NAME"
                                                                                                : "pg_database WHERE datname")) > 0;
    /* PostgreSQL does not drop one to which somebody is connected still: it is emptied by its tables. */
    if (!there)
        capo_sql_run(database_is("mysql") ? "CREATE DATABASE test_other CHARACTER SET utf8mb4" : "CREATE DATABASE test_other");
    const char *slash = strrchr(url_of_server(), '/');
    const char *url = capo_format("%.*s/test_other", (int)(slash - url_of_server()), url_of_server());
    const char *normal = capo_strdup(url_of_server());
    setenv("CAPO_TEST_DATABASE", url, 1);
    open_empty_database();
    setenv("CAPO_TEST_DATABASE", normal, 1);
    open_again();
    return url;
}

void expect_sound_keys(void)
{
    if (!database_is("sqlite"))
        return;
    EXPECT_INT(first_number("SELECT COUNT(*) FROM pragma_foreign_key_check"), 0);
    EXPECT_INT(first_number("PRAGMA foreign_keys"), 1);
    EXPECT_TEXT(first_text("PRAGMA integrity_check"), "ok");
}

void file_with(const char *folder, const char *name, const char *head, const char *operations)
{
    const char *text = capo_format("{%s \"operations\": [%s]}", head, operations);
    EXPECT_INT(capo_write_file(capo_format("%s/migrations/%s.json", folder, name), text, strlen(text)), 0);
}

void file(const char *name, const char *after, const char *operations)
{
    file_with(migrating_directory, name, after ? capo_format("\"dependencies\": [[\"mig\", \"%s\"]],", after) : "\"initial\": true,", operations);
}

void keep_line(void *self, const char *line)
{
    capo_put_format(self, "%s\n", line);
}

char *migrate(const char *app, const char *target)
{
    Buffer out = { 0 };
    capo_migrate(&(MigrateOptions){ .app = app, .target = target, .say = keep_line, .self = &out });
    return capo_buffer_text(&out);
}

void migrate_all(void *unused)
{
    (void)unused;
    migrate(NULL, NULL);
}

void migrate_to(void *target)
{
    migrate("mig", target);
}

char *database_text(void)
{
    Buffer text = { 0 };
    List *tables = capo_schema_tables();
    for (size_t i = 0; i < tables->count; i++) {
        const char *table = capo_to_text(tables->items[i]), *quoted = capo_quote_name(table);
        capo_put_format(&text, "%s\n%s\n", table, capo_schema_describe(table));
        bool own = strcmp(table, "django_migrations") == 0 || strcmp(table, "capo_migration_checksums") == 0;
        if (strcmp(table, "sqlite_sequence") == 0)
            continue;
        List *rows = capo_sql_rows_with(own ? capo_format("SELECT app, name FROM %s ORDER BY 1, 2", quoted)
                                            : capo_format("SELECT * FROM %s ORDER BY 1", quoted), NULL, 0);
        capo_put_format(&text, "%s\n", capo_json_text(capo_value_list(rows), 0));
    }
    return capo_buffer_text(&text);
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Where the name in a line of describe() ends: it may hold spaces and quotes itself. */
static const char *behind_name(const char *line)
{
    const char *end = NULL;
    if (strncmp(line, "constraint ", 11) == 0)
        return strstr(line, " FOREIGN KEY");
    if (strncmp(line, "index ", 6) == 0)
        return strstr(line, " (");
    if (strncmp(line, "foreign key ", 12) == 0 && (end = strstr(line, " to ")))
        for (end--; end > line && *end != ' ';)
            end--;
    return end;
}

char *table_text(const char *table)
{
    char *all = capo_schema_describe(table);
    const char *lines[200], *line;
    size_t count = 0;
    Buffer text = { 0 };
    if (database_is("sqlite"))
        return all;
    for (char *rest = all; (line = strsep(&rest, "\n")) && count < 200;) {
        const char *behind = behind_name(line);
        lines[count++] = behind ? capo_format("%s%s", line[0] == 'f' ? "foreign key" : line[0] == 'i' ? "index" : "constraint", behind) : line;
    }
    qsort(lines, count, sizeof *lines, by_text);
    for (size_t i = 0; i < count; i++)
        capo_put_format(&text, "%s\n", lines[i]);
    return capo_buffer_text(&text);
}

int64_t first_number(const char *sql)
{
    List *rows = capo_sql_rows_with(sql, NULL, 0);
    int64_t n = -1;
    if (rows->count)
        capo_to_int(rows->items[0].map->entries[0].value, &n);
    return n;
}

const char *first_text(const char *sql)
{
    List *rows = capo_sql_rows_with(sql, NULL, 0);
    Buffer text = { 0 };
    for (size_t i = 0; rows->count && i < rows->items[0].map->count; i++)
        capo_put(&text, capo_to_text(rows->items[0].map->entries[i].value));
    return rows->count ? capo_buffer_text(&text) : "(no row)";
}

int in_a_process(void (*function)(void *), void *argument)
{
    capo_database_open(NULL);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        capo_loop_after_fork();
        open_again();
        const Error *error = capo_try(function, argument);
        if (error)
            fprintf(stderr, "in a process of its own: %s\n", error->message);
        fflush(NULL);
        _exit(error != NULL);
    }
    return child;
}

int end_of_process(int process)
{
    int status = -1;
    if (waitpid(process, &status, 0) != process)
        return -1000;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

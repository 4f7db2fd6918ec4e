/* SPDX-License-Identifier: BSD-3-Clause */
/* What a person does to a database as a whole: emptying it, setting the counters of its keys right, opening its own shell. */
#include "schema.h"
#include "pool.h"
#include "routing.h"
#include <stdlib.h>
#include <string.h>

static void add(List *statements, const char *sql)
{
    capo_list_add(statements, capo_value_text(sql));
}

static const char *literal(const char *text)
{
    Buffer out = { 0 };
    capo_put_literal(&out, capo_value_text(text));
    return capo_buffer_text(&out);
}

static bool counts_up(const Model *model)
{
    return capo_field_is_automatic(model->pk->kind);
}

List *capo_schema_flush_sql(Model *const *models, size_t count)
{
    List *statements = capo_list_new();
    const char *backend = capo_backend_name();
    Buffer names = { 0 };
    if (!count)
        return statements;
    if (!strcmp(backend, "postgresql")) {
        for (size_t i = 0; i < count; i++)
            capo_put_format(&names, "%s%s", i ? ", " : "", capo_quote_name(models[i]->table));
        add(statements, capo_format("TRUNCATE %s RESTART IDENTITY", capo_buffer_text(&names)));
        return statements;
    }
    bool mysql = !strcmp(backend, "mysql");
    if (mysql)
        add(statements, "SET FOREIGN_KEY_CHECKS = 0");
    for (size_t i = 0; i < count; i++)
        add(statements, capo_format("DELETE FROM %s", capo_quote_name(models[i]->table)));
    if (mysql)
        add(statements, "SET FOREIGN_KEY_CHECKS = 1");
    for (size_t i = 0; i < count; i++)
        if (mysql && counts_up(models[i]))
            add(statements, capo_format("ALTER TABLE %s AUTO_INCREMENT = 1", capo_quote_name(models[i]->table)));
        else if (counts_up(models[i]))
            capo_put_format(&names, "%s%s", names.size ? ", " : "", literal(models[i]->table));
    if (names.size)
        add(statements, capo_format("UPDATE \"sqlite_sequence\" SET \"seq\" = 0 WHERE \"name\" IN (%s)", capo_buffer_text(&names)));
    return statements;
}

const char *capo_schema_sequence_sql(const Model *model)
{
    if (!counts_up(model) || strcmp(capo_backend_name(), "postgresql") != 0)
        return NULL;
    const char *table = capo_quote_name(model->table), *column = capo_quote_name(model->pk->column);
    return capo_format("SELECT setval(pg_get_serial_sequence(%s, %s), coalesce(max(%s), 1), max(%s) IS NOT null) FROM %s", literal(table), literal(model->pk->column), column,
                       column, table);
}

/* --- its own shell --- */

typedef struct Words { const char *items[48]; size_t count; } Words;

static void put(Words *words, const char *word)
{
    if (words->count < sizeof words->items / sizeof *words->items - 1)
        words->items[words->count++] = word;
}

static const char **ended(const Words *words)
{
    return capo_memdup(words->items, (words->count + 1) * sizeof *words->items);
}

/* As libpq reads it: words apart by spaces, of which one inside a word has a backslash. */
static const char *postgresql_options(const DatabaseAddress *address)
{
    Buffer out = { 0 };
    const char *given = capo_database_option(address, "options");
    capo_put(&out, given ? given : "");
    if (address->search_path)
        capo_put_format(&out, "%s-c search_path=", given ? " " : "");
    for (const char *c = address->search_path; c && *c; c++)
        capo_put_format(&out, *c == ' ' || *c == '\\' ? "\\%c" : "%c", *c);
    return out.size ? capo_buffer_text(&out) : "";
}

const char **capo_database_client(const char *const *more, const char ***ret_environment)
{
    const DatabaseAddress *address = database_current()->address;
    Words words = { 0 }, environment = { 0 };
    if (!strcmp(capo_backend_name(), "sqlite")) {
        put(&words, "sqlite3");
        put(&words, address->database);
    } else if (!strcmp(capo_backend_name(), "postgresql")) {
        put(&words, "psql");
        if (address->user)
            put(&words, capo_format("--username=%s", address->user));
        if (address->host)
            put(&words, capo_format("--host=%s", address->host));
        if (address->port)
            put(&words, capo_format("--port=%d", address->port));
        if (*address->database || !capo_database_option(address, "service"))           /* which has a name of its own */
            put(&words, capo_format("--dbname=%s", *address->database ? address->database : "postgres"));
        if (address->password)
            put(&environment, capo_format("PGPASSWORD=%s", address->password));
        for (const DatabaseOption *option = address->options; option->name; option++)
            if (capo_starts_with(option->name, "ssl") || !strcmp(option->name, "service") || !strcmp(option->name, "passfile"))
                put(&environment, capo_format("PG%s=%s", capo_upper(option->name), option->value));
        const char *options = postgresql_options(address);
        if (*options)
            put(&environment, capo_format("PGOPTIONS=%s", options));
    } else {
        put(&words, "mariadb");
        if (address->user)
            put(&words, capo_format("--user=%s", address->user));
        const char *mode = capo_database_option(address, "sslmode"), *root = capo_database_option(address, "sslrootcert"), *socket = capo_database_option(address, "socket");
        bool is_path = address->host && *address->host == '/';
        if (address->host && !is_path)
            put(&words, capo_format("--host=%s", address->host));
        if (address->port) {
            put(&words, capo_format("--port=%d", address->port));
            put(&words, "--protocol=tcp");
        }
        if (socket || is_path)
            put(&words, capo_format("--socket=%s", socket ? socket : address->host));
        if (mode && strcmp(mode, "disable"))
            put(&words, !strncmp(mode, "verify", 6) ? "--ssl-verify-server-cert" : "--ssl");
        if (root)
            put(&words, capo_format("--ssl-ca=%s", root));
        put(&words, "--default-character-set=utf8mb4");
        if (address->password)
            put(&environment, capo_format("MYSQL_PWD=%s", address->password));
    }
    for (; more && *more; more++)
        put(&words, *more);
    if (!strcmp(capo_backend_name(), "mysql") && *address->database)
        put(&words, address->database);
    *ret_environment = ended(&environment);
    return ended(&words);
}

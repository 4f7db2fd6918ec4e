/* SPDX-License-Identifier: BSD-3-Clause */
/* Every command that a site's program has. To add one: a row here, its function in a file of its own, its line in docs/commands.md. */
#include "cli_internal.h"

#define NO_INPUT { "--noinput", NULL, "Ask nothing." }
#define DATABASE { "--database", "ALIAS", "another one than the default" }

const Command cli_framework_commands[] = {
    { "runserver", "Serve for development: DEBUG pages, one process, at 127.0.0.1:8000.", cli_runserver, OPTIONS_LIST(
        { "address", NULL, "PORT or ADDRESS:PORT; PORT of the environment, else 127.0.0.1:8000" },
        { "--noreload", NULL, "do not watch the sources (`capo runserver` only)" }) },
    { "serve", "Serve for real: a supervisor and its workers.", cli_serve, OPTIONS_LIST(
        { "--bind", "ADDRESS:PORT", "where to listen, or unix:PATH; may be given again", .many = true },
        { "--workers", "N", "processes; default: one a CPU" }) },
    { "makemigrations", "Write migrations for what changed in the models.", cli_makemigrations, .no_database = true, .options = OPTIONS_LIST(
        { "app", NULL, "only these apps", .many = true },
        { "--name", "NAME", "of the file, behind its number" },
        { "--dry-run", NULL, "show what would be written" },
        { "--check", NULL, "write nothing; exit status 1 when something is missing" },
        { "--empty", NULL, "an empty migration, to be filled by hand" },
        { "--merge", NULL, "join branches of one app" },
        { "--update", NULL, "put it into the last migration, which is not applied yet" },
        { "--scriptable", NULL, "only the files' paths on standard output; all else on standard error" },
        NO_INPUT) },
    { "migrate", "Bring the database up to date, or to a migration by name.", cli_migrate, OPTIONS_LIST(
        { "app", NULL, "only this app" },
        { "migration", NULL, "name, prefix or number to go to; `zero` takes all back" },
        { "--database", "ALIAS", "one of settings' .databases" }, { "--fake", NULL, "record as applied without running" },
        { "--fake-initial", NULL, "the same for first migrations whose tables are there" },
        { "--plan", NULL, "show what would be done" },
        { "--check", NULL, "exit status 1 when something is unapplied" },
        { "--run-syncdb", NULL, "also make the tables of apps without migrations" },
        { "--prune", NULL, "of one app: forget what is recorded and has no file any more" },
        { "--lock-timeout", "SECONDS", "how long a statement may wait for a table that others use" },
        { "--verbosity", "N", "0: says nothing; 1; 2: also how long each took", .short_name = "-v" },
        NO_INPUT) },
    { "showmigrations", "List the migrations and which are applied.", cli_showmigrations, OPTIONS_LIST(
        { "app", NULL, "only these apps", .many = true }, { "--database", "ALIAS", "one of settings' .databases" },
        { "--plan", NULL, "in the order of application" }) },
    { "sqlmigrate", "Print the SQL of a migration.", cli_sqlmigrate, OPTIONS_LIST(
        { "app", NULL, "the app", .required = true }, { "migration", NULL, "name or prefix", .required = true },
        { "--database", "ALIAS", "one of settings' .databases: its kind of SQL" }, { "--backwards", NULL, "the SQL that takes it back" }) },
    { "squashmigrations", "Make one migration of many.", cli_squashmigrations, .no_database = true, .options = OPTIONS_LIST(
        { "app", NULL, "the app", .required = true }, { "first", NULL, "name or prefix; with one name alone all up to it are squashed", .required = true },
        { "last", NULL, "name or prefix" },
        { "--squashed-name", "NAME", "of the file, behind its number" }, { "--no-optimize", NULL, "keep all operations as they are" }, NO_INPUT) },
    { "optimizemigration", "Write a migration with fewer operations that do the same.", cli_optimizemigration, .no_database = true, .options = OPTIONS_LIST(
        { "app", NULL, "the app", .required = true }, { "migration", NULL, "name or prefix", .required = true },
        { "--check", NULL, "write nothing; exit status 1 when it can be optimized" }) },
    { "lintmigrations", "Name operations that lock or rewrite large tables, and the safe way round.", cli_lintmigrations, OPTIONS_LIST(
        { "app", NULL, "only these apps", .many = true }, { "--all", NULL, "also migrations that are applied" }) },
    { "inspectdb", "Print the database that there is as models.", cli_inspectdb, .options = OPTIONS_LIST(
        { "table", NULL, "only these tables", .many = true }, { "--include-views", NULL, "also views" },
        { "--include-partitions", NULL, "also partitions (PostgreSQL)" }) },
    { "createsuperuser", "Make a user who may do everything.", cli_createsuperuser, OPTIONS_LIST(
        { "--database", "ALIAS", "one of settings' .databases" }, { "--username", "NAME", "log-in name" }, { "--email", "ADDRESS", "e-mail address" },
        { "--noinput", NULL, "ask nothing; the password is CAPO_SUPERUSER_PASSWORD" }) },
    { "changepassword", "Set the password of a user.", cli_changepassword, OPTIONS_LIST(
        { "username", NULL, "whose", .required = true }, { "--database", "ALIAS", "one of settings' .databases" },
        { "--noinput", NULL, "ask nothing; the password is CAPO_SUPERUSER_PASSWORD" }) },
    { "check", "Look for mistakes in settings, models, routes, admin and templates.", cli_check, .no_database = true, .options = OPTIONS_LIST(
        { "--deploy", NULL, "also what matters on the open Internet" }, { "--templates", NULL, "also compile every template and follow its names" }) },
    { "routes", "List the URLs: pattern, name, methods.", cli_routes, .no_database = true },
    { "test", "Run the tests on a scratch database.", cli_test, .no_database = true, .options = OPTIONS_LIST(
        { "name", NULL, "only tests with this in their name or file", .many = true }, { "--list", NULL, "name them only" }) },
    { "render", "Print a template rendered with a context.", cli_render, .no_database = true, .options = OPTIONS_LIST(
        { "template", NULL, "its name", .required = true }, { "--context", "FILE.json", "variables" },
        { "--language", "CODE", "that it speaks: de, pt-br" }) },
    { "makemessages", "Bring the texts of sources and templates into the translators' catalogues (.po).", cli_makemessages, .no_database = true, .options = OPTIONS_LIST(
        { "language", NULL, "codes, de or pt-br; without one those that there are", .many = true }) },
    { "compilemessages", "Make the catalogues of languages (.mo) from what translators wrote (.po).", cli_compilemessages, .no_database = true },
    { "dbshell", "Open the database's own shell; what stands behind -- goes to it.", cli_dbshell, .no_database = true, .options = OPTIONS_LIST(
        DATABASE, { "argument", NULL, "of the database's program, behind --", .many = true }) },
    { "dumpdata", "Write rows as a fixture, which loaddata and Django load.", cli_dumpdata, OPTIONS_LIST(
        { "label", NULL, "app or app.Model; default: all", .many = true },
        { "--all", NULL, "by the base manager: also rows that the default one hides", .short_name = "-a" },
        { "--format", "FORMAT", "json (default) or jsonl" },
        { "--indent", "N", "spaces a level; default: all on one line" },
        { "--exclude", "LABEL", "an app or app.Model that is left out; may be given again", .many = true, .short_name = "-e" },
        { "--natural-foreign", NULL, "relations by natural keys, where models have them" },
        { "--natural-primary", NULL, "no primary keys where models have natural ones" },
        { "--pks", "KEYS", "only these rows of the one model, with commas" },
        { "--output", "FILE", "instead of standard output; packed where it ends in .gz", .short_name = "-o" }, DATABASE) },
    { "loaddata", "Load fixtures: all of them, or nothing.", cli_loaddata, OPTIONS_LIST(
        { "fixture", NULL, "name in an app's fixtures/, path, or - for standard input", .required = true, .many = true },
        { "--app", "APP", "only in the fixtures/ of this app" },
        { "--format", "FORMAT", "json or jsonl, where the name does not say; for standard input" },
        { "--exclude", "LABEL", "an app or app.Model that is left out; may be given again", .many = true, .short_name = "-e" },
        { "--ignorenonexistent", NULL, "pass over models and fields that are not there", .short_name = "-i" }, DATABASE) },
    { "flush", "Delete all rows of all models; the tables stay.", cli_flush, OPTIONS_LIST(NO_INPUT, DATABASE) },
    { "sqlflush", "Print the SQL of flush.", cli_sqlflush, OPTIONS_LIST(DATABASE) },
    { "sqlsequencereset", "Print the SQL that sets the counters of keys behind the largest key.", cli_sqlsequencereset, OPTIONS_LIST(
        { "app", NULL, "of these apps", .required = true, .many = true }, DATABASE) },
    { "startapp", "Make a new app and add it to the site.", cli_startapp, .no_database = true, .options = OPTIONS_LIST(
        { "name", NULL, "a C identifier in lower case", .required = true }) },
    { 0 }
};

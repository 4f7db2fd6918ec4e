/* SPDX-License-Identifier: BSD-3-Clause */
/* makemigrations, migrate, showmigrations, sqlmigrate: the floor migrations/ does the work, these talk. */
#include <capo.h>
#include "cli_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say_line(void *self, const char *line)
{
    (void)self;
    capo_say("%s", line);
}

static bool line_is_open;

/* Seen before the work is done. */
static void begin_line(void *self, const char *text)
{
    (void)self;
    printf("%s", text);
    cli_flush_output();
    line_is_open = true;
}

static void end_line(void *self, const char *line)
{
    say_line(self, line);
    line_is_open = false;
}

static void run_migrate(void *options) { capo_migrate(options); }

static void say_aside(void *self, const char *line)
{
    (void)self;
    fprintf(stderr, "%s\n", line);
}

static void say_nothing(void *self, const char *path)
{
    (void)self; (void)path;
}

/* --scriptable: questions leave standard output to the paths. */
static const char *ask_where(const char *prompt)
{
    if (!capo_option_set("--scriptable"))
        return cli_ask(prompt, false);
    fputs(prompt, stderr);
    return cli_ask("", false);
}

static bool confirm(void *self, const char *question)
{
    (void)self;
    for (;;) {
        const char *answer = ask_where(capo_format("%s [y/N] ", question));
        if (!answer || !*answer || answer[0] == 'n' || answer[0] == 'N')
            return false;
        if (answer[0] == 'y' || answer[0] == 'Y')
            return true;
        capo_say("Please answer y or n.");
    }
}

static const char *ask(void *self, const char *question)
{
    (void)self;
    return ask_where(capo_format("%s\n>>> ", question));
}

int cli_makemigrations(void)
{
    Questioner questioner = { .confirm = confirm, .ask = ask, .no_input = capo_option_set("--noinput") || !cli_is_interactive() };
    const char *const *apps = capo_option_values("app");
    bool check = capo_option_set("--check"), scriptable = capo_option_set("--scriptable");
    int n = capo_make_migrations(&(MakeOptions){
        .apps = apps[0] ? apps : NULL, .name = capo_option("--name"), .dry_run = capo_option_set("--dry-run"), .check = check,
        .empty = capo_option_set("--empty"), .merge = capo_option_set("--merge"), .update = capo_option_set("--update"), .questioner = &questioner,
        .say = scriptable ? say_aside : say_line, .wrote = scriptable ? say_line : say_nothing });
    if (n == 0 && !capo_option_set("--merge"))              /* which says so itself */
        (scriptable ? say_aside : say_line)(NULL, "No changes detected");
    return check && n > 0 ? 1 : 0;
}

static double seconds_of(const char *option)
{
    const char *text = capo_option(option);
    char *end = NULL;
    double seconds = text ? strtod(text, &end) : 0;
    if (text && (end == text || *end || seconds <= 0))
        capo_raise(ERROR_COMMAND, "%s wants a number of seconds, and '%s' is none.", option, text);
    return seconds;
}

/* As MigrateOptions has it. */
static int verbosity(void)
{
    const char *text = capo_option("--verbosity");
    if (text && (strlen(text) != 1 || *text < '0' || *text > '3'))
        capo_raise(ERROR_COMMAND, "--verbosity wants 0, 1, 2 or 3, and not '%s'.", text);
    return !text ? 0 : *text == '0' ? -1 : *text - '0';
}

int cli_migrate(void)
{
    MigrateOptions options = {
        .app = capo_option("app"), .target = capo_option("migration"), .fake = capo_option_set("--fake"),
        .fake_initial = capo_option_set("--fake-initial"), .plan = capo_option_set("--plan"), .run_syncdb = capo_option_set("--run-syncdb"),
        .prune = capo_option_set("--prune"), .lock_timeout = seconds_of("--lock-timeout"), .verbosity = verbosity(), .say = end_line, .begin = begin_line };
    if (capo_option_set("--check")) {
        int n = capo_planned_count(&options);
        if (n > 0)
            capo_say("%d unapplied migration%s.", n, n == 1 ? "" : "s");
        return n > 0;
    }
    const Error *error = capo_try(run_migrate, &options);
    if (error && line_is_open)
        capo_say("%s", "");                     /* the error has a line of its own */
    if (error)
        capo_reraise(error);
    return 0;
}

static void show(const char *app)
{
    const char *current = NULL;
    for (MigrationStatus *status = capo_migration_status(app); status->app; status++) {
        if (!current || strcmp(current, status->app) != 0)
            capo_say("%s", status->app);
        current = status->app;
        capo_say(" [%c] %s", status->applied ? 'X' : ' ', status->name);
    }
    if (!current && app)
        capo_say("%s\n (no migrations)", app);
}

int cli_showmigrations(void)
{
    const char *const *apps = capo_option_values("app");
    if (capo_option_set("--plan")) {
        for (MigrationStatus *status = capo_migration_status(NULL); status->app; status++)
            capo_say("[%c]  %s.%s", status->applied ? 'X' : ' ', status->app, status->name);
        return 0;
    }
    if (apps[0]) {
        for (; *apps; apps++)
            show(*apps);
        return 0;
    }
    for (const App *const *app = capo_apps(); *app; app++)
        if ((*app)->models)
            show((*app)->name);
    return 0;
}

int cli_sqlmigrate(void)
{
    capo_say("%s", capo_sql_migrate(capo_option("app"), capo_option("migration"), capo_option_set("--backwards")));
    return 0;
}

int cli_squashmigrations(void)
{
    Questioner questioner = { .confirm = confirm, .ask = ask, .no_input = capo_option_set("--noinput") || !cli_is_interactive() };
    const char *first = capo_option("first"), *last = capo_option("last");
    capo_squash_migrations(&(SquashOptions){ .app = capo_option("app"), .first = last ? first : NULL, .last = last ? last : first,
        .name = capo_option("--squashed-name"), .no_optimize = capo_option_set("--no-optimize"), .questioner = &questioner, .say = say_line });
    return 0;
}

int cli_optimizemigration(void)
{
    bool check = capo_option_set("--check");
    bool can = capo_optimize_migration(&(SquashOptions){ .app = capo_option("app"), .last = capo_option("migration"), .check = check, .say = say_line });
    return check && can;
}

int cli_inspectdb(void)
{
    const char *const *tables = capo_option_values("table");
    capo_inspect_database(&(InspectOptions){ .tables = tables[0] ? tables : NULL, .views = capo_option_set("--include-views"),
        .partitions = capo_option_set("--include-partitions"), .say = say_line });
    return 0;
}

int cli_lintmigrations(void)
{
    const char *const *apps = capo_option_values("app");
    int count = capo_lint_migrations(&(LintOptions){ .apps = apps[0] ? apps : NULL, .all = capo_option_set("--all"), .say = say_line });
    if (!count)
        capo_say("Nothing locks or rewrites a table that has rows.");
    return count > 0;
}

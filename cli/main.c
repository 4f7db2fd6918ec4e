/* SPDX-License-Identifier: BSD-3-Clause */
/* The program of a site: settings, apps, then the command that was asked for, as a unit of work in a fiber. */
#include <capo.h>
#include <capo/unit.h>
#include "cli_internal.h"
#include "embedded_site.h"
#include <signal.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Middleware *const capo_default_middleware[] = {
    capo_security_middleware,
    capo_csp_middleware,
    capo_session_middleware,
    capo_common_middleware,
    capo_csrf_middleware,
    capo_auth_middleware,
    capo_messages_middleware,
    capo_clickjacking_middleware,
    NULL
};

static const char *program_name = "capo";

const char *cli_program(void)
{
    return program_name;
}

const Command *const *cli_commands(void)
{
    size_t n = 0, room = 64;
    const Command **all = capo_alloc_array(room, sizeof *all);
    const Command *tables[64] = { cli_framework_commands };
    size_t n_tables = 1;
    const Settings *settings = capo_settings();
    for (const App *const *app = capo_apps(); app && *app && n_tables < 62; app++)
        if ((*app)->commands)
            tables[n_tables++] = (*app)->commands;
    if (settings->commands)
        tables[n_tables++] = settings->commands;
    for (size_t t = 0; t < n_tables; t++)
        for (const Command *c = tables[t]; c->name && n < room - 1; c++)
            all[n++] = c;
    return all;
}

static void print_help(void)
{
    capo_say("usage: %s COMMAND [arguments]\n\nCommands:", program_name);
    for (const Command *const *c = cli_commands(); *c; c++)
        capo_say("  %-18s %s", (*c)->name, (*c)->help);
    capo_say("\n`%s COMMAND --help` says what a command takes.", program_name);
}

static const Command *find_command(const char *name)
{
    const Command *found = NULL;
    for (const Command *const *c = cli_commands(); *c; c++)
        if (strcmp((*c)->name, name) == 0)
            found = *c;             /* a project's own command of that name comes later, and wins */
    return found;
}

/* What core leaves to the higher floors. */
static bool has_permission(Request *req, const char *permission)
{
    AnyUser *user = capo_user(req);
    return user && (permission[0] == 0 || capo_has_permission(user, permission));
}

/* What the view raises rolls back. */
Response *cli_atomic_view(Request *req, View *view)
{
    capo_begin();
    Response *res = view(req);
    capo_commit();
    return res;
}

static void wire_the_floors(void)
{
    capo_web_hooks.atomic_view = cli_atomic_view;
    capo_web_hooks.has_permission = has_permission;
    cli_wire_pages();
}

static void warn_of_unapplied_migrations(void)
{
    int n = capo_unapplied_count();
    if (n > 0)
        fprintf(stderr, "You have %d unapplied migration%s. Your project may not work properly until you apply %s: run `%s migrate`.\n", n,
                n == 1 ? "" : "s", n == 1 ? "it" : "them", program_name);
}

static void count_unapplied(void *unused)
{
    (void)unused;
    warn_of_unapplied_migrations();
}

typedef struct Run { const Settings *declared; char **args; int status; } Run;

static void run_command(void *argument)
{
    Run *run = argument;
    Settings declared = *run->declared;
    if (!declared.files)
        declared.files = cli_embedded_site_files();
    if (!declared.middleware)
        declared.middleware = capo_default_middleware;
    capo_settings_init(&declared);
    wire_the_floors();
    const char *name = run->args[0];
    if (!name || strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        const Command *about = name && run->args[1] ? find_command(run->args[1]) : NULL;
        if (about)
            cli_command_help(program_name, about);
        else
            print_help();
        run->status = 0;
        return;
    }
    const Command *command = find_command(name);
    if (!command) {
        const char *names[64];
        size_t n = 0;
        for (const Command *const *c = cli_commands(); *c && n < 64; c++)
            names[n++] = (*c)->name;
        fprintf(stderr, "%s: there is no command %s.%s `%s help` lists them.\n", program_name, name, capo_did_you_mean(name, names, n), program_name);
        run->status = 2;
        return;
    }
    for (char **a = run->args + 1; *a && strcmp(*a, "--") != 0; a++)
        if (strcmp(*a, "--help") == 0 || strcmp(*a, "-h") == 0) {
            cli_command_help(program_name, command);
            run->status = 0;
            return;
        }
    if (!cli_parse_options(program_name, command, run->args + 1)) {
        run->status = 2;
        return;
    }
    capo_models_prepare(capo_apps());
    for (const App *const *app = capo_apps(); app && *app; app++)
        if ((*app)->ready)
            (*app)->ready();
    capo_unit->what = capo_format("command %s", command->name);
    if (!command->no_database) {
        if (cli_run_checks(false, true) > 0)
            capo_raise(ERROR_COMMAND, "The checks above found errors; %s was not run. Mend them first (`%s check` shows them again).", command->name, program_name);
        if (strcmp(command->name, "runserver") == 0 || strcmp(command->name, "serve") == 0) {
            const Error *error = capo_try(count_unapplied, NULL);
            if (error)
                fprintf(stderr, "%s\n", error->message);
        }
    }
    if (capo_option("--database"))         /* all that the command does */
        capo_use_database(capo_option("--database"));
    run->status = command->run();
}

/* A full disk behind `inspectdb > models.def`. Whoever closed a pipe has had enough, and is told nothing. */
static bool is_output_lost(void)
{
    int reason = cli_flush_output();
    if (reason && reason != EPIPE)
        fprintf(stderr, "%s: Standard output cannot be written: %s.\n", program_name, strerror(reason));
    return reason != 0;
}

int capo_main(int argc, char **argv, const Settings *settings)
{
    if (argc > 0) {
        const char *slash = strrchr(argv[0], '/');
        program_name = slash ? slash + 1 : argv[0];
    }
    const char *called = getenv("CAPO_CALLED_AS");      /* `capo migrate` runs build/mysite migrate: its help speaks of capo */
    if (called)
        program_name = called;
    signal(SIGPIPE, SIG_IGN);
    static char *none[] = { NULL };
    Run run = { settings, argc > 1 ? argv + 1 : none, 1 };
    const Error *error = capo_fiber_main("start", run_command, &run);
    if (error) {
        fprintf(stderr, "%s: %s\n", program_name, error->message);
        if (error->code != ERROR_COMMAND && error->code != ERROR_IMPROPERLY_CONFIGURED && error->code != ERROR_MIGRATION && error->code != ERROR_OPERATIONAL)
            fprintf(stderr, "    (%s at %s:%d)\n", error->name, error->file, error->line);
        return 1;
    }
    return is_output_lost() ? 1 : run.status;
}

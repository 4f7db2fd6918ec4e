/* SPDX-License-Identifier: BSD-3-Clause */
/* Between the files of cli/. */
#pragma once
#include <capo/cli.h>

/* Remembers the arguments (ending with NULL) for capo_option; false after a message on standard error. Needs a unit of work. */
bool cli_parse_options(const char *program, const Command *command, char **args);
void cli_command_help(const char *program, const Command *command);

/* 0, or why something of standard output was lost, since the program began. */
int cli_flush_output(void);

/* The name that the program was called by, for messages. */
const char *cli_program(void);
/* Every command: the framework's, the apps', the settings'. NULL at the end; in the running arena. */
const Command *const *cli_commands(void);
extern const Command cli_framework_commands[];

int cli_runserver(void);
int cli_serve(void);
int cli_makemigrations(void);
int cli_migrate(void);
int cli_showmigrations(void);
int cli_sqlmigrate(void);
int cli_squashmigrations(void);
int cli_optimizemigration(void);
int cli_inspectdb(void);
int cli_lintmigrations(void);
int cli_createsuperuser(void);
int cli_changepassword(void);
int cli_check(void);
int cli_routes(void);
int cli_test(void);
int cli_render(void);
int cli_compilemessages(void);
int cli_makemessages(void);
int cli_dbshell(void);
int cli_dumpdata(void);
int cli_loaddata(void);
int cli_flush(void);
int cli_sqlflush(void);
int cli_sqlsequencereset(void);
int cli_startapp(void);
int cli_startproject(void);

/* Runs the checks of framework, apps and settings; prints what is said. How many errors. */
int cli_run_checks(bool deploy, bool quiet);
/* Directory that `capo` was installed under ("/usr/local"), from the running program; NULL when unknown. */
const char *cli_prefix(void);
/* A line typed on the terminal, without its end; NULL at end of input. `secret`: without echo. */
char *cli_ask(const char *prompt, bool secret);
bool cli_is_interactive(void);
/* The view inside a transaction: settings' .atomic_requests. */
Response *cli_atomic_view(Request *req, View *view);

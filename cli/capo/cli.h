/* SPDX-License-Identifier: BSD-3-Clause */
/* The program: main() is capo_main, and every command is a row.
 *
 *     int main(int argc, char **argv)
 *     {
 *         return capo_main(argc, argv, &(Settings){ .name = "mysite", .apps = APPS(&capo_admin, &capo_auth, &blog), .urls = urls });
 *     }                                                                                                                        */
#pragma once
#include <capo/web.h>

/* Runs the command that the arguments name; `help` without any. The exit status: 0, 1 for an error, 2 for wrong usage. */
int capo_main(int argc, char **argv, const Settings *settings);

typedef struct CommandOption {
    const char *name;               /* "--plan", or "app" for a positional one */
    const char *value;              /* what follows: "NAME"; NULL: a switch */
    const char *help;
    bool required, many;
    const char *short_name;         /* "-o" */
} CommandOption;
typedef struct Command {
    const char *name, *help;
    int (*run)(void);               /* exit status; asks for its options by name */
    const CommandOption *options;   /* ends with { 0 } */
    bool no_database;               /* no warning of unapplied migrations and no checks */
} Command;
#define OPTIONS_LIST(...) ((const CommandOption[]){ __VA_ARGS__, { 0 } })
/* The value of an option of the running command, or NULL. */
const char *capo_option(const char *name);
bool capo_option_set(const char *name);
/* All values of a positional option that takes many; NULL at the end. */
const char *const *capo_option_values(const char *name);
void capo_say(const char *format, ...) __attribute__((format(printf, 1, 2)));       /* to standard output, with a line end */

/* The middleware of a site that names none: security, csp, session, common, csrf, auth, messages, clickjacking. */
extern Middleware *const capo_default_middleware[];

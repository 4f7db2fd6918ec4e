/* SPDX-License-Identifier: BSD-3-Clause */
/* Command lines: what a row's options say, and help made of the same rows. */
#include <capo/arena.h>
#include <capo/error.h>
#include "cli_internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The parsed options of the command that runs: a process runs one. */
static struct { const CommandOption *option; const char **values; size_t count; } parsed[32];
static size_t n_parsed;

static bool is_switch(const CommandOption *option)
{
    return option->name[0] == '-';
}

static void remember(const CommandOption *option, const char *value)
{
    for (size_t i = 0; i < n_parsed; i++)
        if (parsed[i].option == option) {
            parsed[i].values = realloc(parsed[i].values, (parsed[i].count + 2) * sizeof(char *));
            parsed[i].values[parsed[i].count++] = value;
            parsed[i].values[parsed[i].count] = NULL;
            return;
        }
    if (n_parsed == sizeof parsed / sizeof *parsed)
        return;
    parsed[n_parsed].option = option;
    parsed[n_parsed].values = malloc(2 * sizeof(char *));
    parsed[n_parsed].values[0] = value;
    parsed[n_parsed].values[1] = NULL;
    parsed[n_parsed++].count = 1;
}

/* "a", or "--a" for the question "a". */
static bool same_name(const CommandOption *option, const char *name)
{
    return strcmp(option->name, name) == 0 || (is_switch(option) && strcmp(option->name + 2, name) == 0);
}

const char *capo_option(const char *name)
{
    for (size_t i = 0; i < n_parsed; i++)
        if (same_name(parsed[i].option, name))
            return parsed[i].values[parsed[i].count - 1];
    return NULL;
}

bool capo_option_set(const char *name)
{
    for (size_t i = 0; i < n_parsed; i++)
        if (same_name(parsed[i].option, name))
            return true;
    return false;
}

const char *const *capo_option_values(const char *name)
{
    static const char *const none[] = { NULL };
    for (size_t i = 0; i < n_parsed; i++)
        if (same_name(parsed[i].option, name))
            return parsed[i].values;
    return none;
}

static const CommandOption *find_switch(const CommandOption *options, const char *name, size_t size)
{
    for (const CommandOption *o = options; o && o->name; o++)
        if (is_switch(o) && ((strlen(o->name) == size && memcmp(o->name, name, size) == 0)
                             || (o->short_name && strlen(o->short_name) == size && memcmp(o->short_name, name, size) == 0)))
            return o;
    return NULL;
}

bool cli_parse_options(const char *program, const Command *command, char **args)
{
    const CommandOption *positional = command->options;
    bool only_positional = false;
    for (; *args; args++) {
        const char *arg = *args;
        if (!only_positional && strcmp(arg, "--") == 0) {
            only_positional = true;
            continue;
        }
        if (!only_positional && arg[0] == '-' && arg[1]) {
            size_t size = strcspn(arg, "=");
            const CommandOption *option = find_switch(command->options, arg, size);
            if (!option) {
                const char *names[32];
                size_t n = 0;
                for (const CommandOption *o = command->options; o && o->name && n < 32; o++)
                    if (is_switch(o))
                        names[n++] = o->name;
                fprintf(stderr, "%s %s: there is no option %.*s.%s See `%s %s --help`.\n", program, command->name, (int)size, arg,
                        capo_did_you_mean(capo_strndup(arg, size), names, n), program, command->name);
                return false;
            }
            if (!option->value) {
                if (arg[size]) {
                    fprintf(stderr, "%s %s: %s takes no value.\n", program, command->name, option->name);
                    return false;
                }
                remember(option, "");
            } else if (arg[size]) {
                remember(option, arg + size + 1);
            } else if (args[1]) {
                remember(option, *++args);
            } else {
                fprintf(stderr, "%s %s: %s needs a value: %s %s.\n", program, command->name, option->name, option->name, option->value);
                return false;
            }
            continue;
        }
        while (positional && positional->name && is_switch(positional))
            positional++;
        if (!positional || !positional->name) {
            fprintf(stderr, "%s %s: what is %s for? See `%s %s --help`.\n", program, command->name, arg, program, command->name);
            return false;
        }
        remember(positional, arg);
        if (!positional->many)
            positional++;
    }
    for (const CommandOption *o = command->options; o && o->name; o++)
        if (o->required && !capo_option_set(o->name)) {
            fprintf(stderr, "%s %s: %s is missing. See `%s %s --help`.\n", program, command->name, o->name, program, command->name);
            return false;
        }
    return true;
}

void cli_command_help(const char *program, const Command *command)
{
    printf("usage: %s %s", program, command->name);
    for (const CommandOption *o = command->options; o && o->name; o++) {
        const char *open = o->required ? "" : "[", *close = o->required ? "" : "]";
        if (is_switch(o))
            printf(" %s%s%s%s%s", open, o->name, o->value ? " " : "", o->value ? o->value : "", close);
        else
            printf(" %s%s%s%s", open, o->name, close, o->many ? "…" : "");
    }
    printf("\n\n%s\n", command->help);
    if (command->options && command->options->name)
        printf("\n");
    for (const CommandOption *o = command->options; o && o->name; o++) {
        char left[64];
        snprintf(left, sizeof left, "%s%s%s%s%s", o->short_name ? o->short_name : "", o->short_name ? ", " : "", o->name, o->value && is_switch(o) ? " " : "", o->value && is_switch(o) ? o->value : "");
        printf("  %-24s %s\n", left, o->help ? o->help : "");
    }
}

void capo_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    cli_flush_output();
}

static int lost;

int cli_flush_output(void)
{
    errno = 0;
    bool good = fflush(stdout) == 0 && !ferror(stdout);
    if (!good && !lost)
        lost = errno ? errno : EIO;
    return lost;
}

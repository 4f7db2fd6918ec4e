/* SPDX-License-Identifier: BSD-3-Clause */
/* The `capo` tool: makes projects, and in one builds what changed and runs the project's program.
 *
 *     capo startproject mysite
 *     capo migrate                     in it: ninja, then build/mysite migrate
 *
 * Headers, library and capo-embed are found from the tool's own place (PREFIX/bin/capo). */
#include <capo.h>
#include "cli_internal.h"
#include "tool_internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const Command tool_commands[] = {
    { "startproject", "Make a new site.", cli_startproject, OPTIONS_LIST(
        { "name", NULL, "small letters, digits and _", .required = true }, { "directory", NULL, "where; default: a folder of that name" }) },
    { "version", "Print Capo's version.", tool_version },
    { "build", "In a project: build its program; --release: one optimised file with everything inside.", tool_build, OPTIONS_LIST(
        { "--release", NULL, "into build-release/, without sanitizers, with all files inside, stripped" }) },
    { 0 }
};

int tool_version(void)
{
    capo_say("capo %s", CAPO_VERSION);
    return 0;
}

const char *cli_prefix(void)
{
    char path[4096];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    if (size <= 0)
        return NULL;
    path[size] = 0;
    char *slash = strrchr(path, '/');
    if (!slash)
        return NULL;
    *slash = 0;                             /* PREFIX/bin */
    slash = strrchr(path, '/');
    if (!slash || strcmp(slash, "/bin") != 0)
        return NULL;
    *slash = 0;
    return path[0] ? capo_strdup(path) : "/";
}

/* PATH and PKG_CONFIG_PATH begin with our own prefix. */
static void use_own_place(void)
{
    const char *prefix = cli_prefix();
    if (!prefix)
        return;
    const char *path = getenv("PATH"), *pkg = getenv("PKG_CONFIG_PATH");
    setenv("PATH", capo_format("%s/bin:%s", prefix, path ? path : "/usr/bin:/bin"), 1);
    Buffer where = { 0 };
    capo_put_format(&where, "%s/lib/pkgconfig:%s/lib/%s/pkgconfig:%s/lib64/pkgconfig", prefix, prefix, CAPO_MULTIARCH, prefix);
    if (pkg && *pkg)
        capo_put_format(&where, ":%s", pkg);
    setenv("PKG_CONFIG_PATH", capo_buffer_text(&where), 1);
}

Project *tool_project(void)
{
    char here[4096];
    if (!getcwd(here, sizeof here))
        return NULL;
    for (;;) {
        char *meson = capo_read_file(capo_format("%s/meson.build", here), NULL);
        const char *name = meson ? strstr(meson, "project('") : NULL;
        if (name && strstr(meson, "dependency('capo')")) {
            name += strlen("project('");
            Project *project = capo_alloc_struct(Project);
            project->root = capo_strdup(here);
            project->name = capo_strndup(name, strcspn(name, "'"));
            return project;
        }
        char *slash = strrchr(here, '/');
        if (!slash || slash == here)
            return NULL;
        *slash = 0;
    }
}

/* Runs a program; its output, both streams, into *ret_output where given, else to ours. The exit status. */
int tool_run(const char *const *args, char **ret_output)
{
    int pipes[2];
    if (ret_output && pipe(pipes) != 0)
        capo_raise(ERROR_COMMAND, "No pipe for %s: %s.", args[0], strerror(errno));
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        capo_raise(ERROR_COMMAND, "%s cannot be started: %s.", args[0], strerror(errno));
    if (child == 0) {
        if (ret_output) {
            dup2(pipes[1], 1);
            dup2(pipes[1], 2);
            close(pipes[0]);
            close(pipes[1]);
        }
        execvp(args[0], (char *const *)args);
        fprintf(stderr, "capo: %s cannot be started: %s. Install it (apt install meson ninja-build gcc pkg-config).\n", args[0], strerror(errno));
        _exit(127);
    }
    if (ret_output) {
        close(pipes[1]);
        Buffer out = { 0 };
        char chunk[8192];
        ssize_t n;
        while ((n = read(pipes[0], chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR))
            if (n > 0)
                capo_put_bytes(&out, chunk, (size_t)n);
        close(pipes[0]);
        *ret_output = capo_buffer_text(&out);
    }
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* ninja's output without its own progress lines: the compiler's words. */
static char *compiler_words(const char *output)
{
    Buffer out = { 0 };
    for (const char *line = output; *line; ) {
        size_t size = strcspn(line, "\n");
        bool noise = line[0] == '[' || strncmp(line, "FAILED:", 7) == 0 || strncmp(line, "ninja:", 6) == 0 ||
                     (size > 3 && (strncmp(line, "cc ", 3) == 0 || strncmp(line, "ccache ", 7) == 0 || strncmp(line, "gcc ", 4) == 0 || strncmp(line, "clang ", 6) == 0));
        if (!noise) {
            capo_put_bytes(&out, line, size);
            capo_put_char(&out, '\n');
        }
        line += size + (line[size] == '\n');
    }
    return out.size ? capo_buffer_text(&out) : capo_strdup(output);
}

bool tool_compile(const Project *project, const char *target, char **ret_errors)
{
    char *output;
    const char *build = capo_format("%s/build", project->root);
    if (access(capo_format("%s/build.ninja", build), F_OK) != 0) {
        const char *setup[] = { "meson", "setup", build, project->root, NULL };
        if (tool_run(setup, &output) != 0) {
            *ret_errors = output;
            return false;
        }
    }
    const char *ninja[] = { "ninja", "-C", build, target, NULL };
    int status = tool_run(ninja, &output);
    *ret_errors = status == 0 ? output : compiler_words(output);
    return status == 0;
}

/* Warnings of a build that went well are worth seeing too. */
static void show_warnings(const char *output)
{
    if (strstr(output, "warning:"))
        fputs(compiler_words(output), stderr);
}

int tool_build(void)
{
    Project *project = tool_project();
    if (!project)
        capo_raise(ERROR_COMMAND, "No project here or above: its meson.build would name dependency('capo'). `capo startproject NAME` makes one.");
    char *errors;
    if (!capo_option_set("--release")) {
        bool good = tool_compile(project, project->name, &errors);
        if (!good)
            fputs(errors, stderr);
        else
            show_warnings(errors);
        return !good;
    }
    const char *build = capo_format("%s/build-release", project->root);
    if (access(capo_format("%s/build.ninja", build), F_OK) != 0) {
        const char *setup[] = { "meson", "setup", build, project->root, "--buildtype=release", "-Db_sanitize=none", "-Db_lundef=true", "--strip", NULL };
        if (tool_run(setup, &errors) != 0) {
            fputs(errors, stderr);
            return 1;
        }
    }
    const char *ninja[] = { "ninja", "-C", build, project->name, NULL };
    if (tool_run(ninja, &errors) != 0) {
        fputs(compiler_words(errors), stderr);
        return 1;
    }
    const char *strip[] = { "strip", capo_format("%s/%s", build, project->name), NULL };
    tool_run(strip, &errors);
    capo_say("%s/%s", build, project->name);
    return 0;
}

static void help(const Project *project)
{
    capo_say("usage: capo COMMAND [arguments]\n\nCommands anywhere:");
    for (const Command *c = tool_commands; c->name; c++)
        capo_say("  %-18s %s", c->name, c->help);
    capo_say("  %-18s %s", "help", "Print this.");
    if (!project) {
        capo_say("\nIn a project's folder there are more. `capo startproject mysite` makes one.");
        return;
    }
    capo_say("\nIn %s:", project->name);
    for (const Command *c = cli_framework_commands; c->name; c++)
        capo_say("  %-18s %s", c->name, c->help);
    capo_say("and its own. `capo COMMAND --help` says what a command takes.");
}

/* "capo help migrate". False: it is none of ours, and perhaps the project's own. */
static bool help_of(const char *name)
{
    const Command *tables[] = { tool_commands, cli_framework_commands };
    for (size_t i = 0; i < 2; i++)
        for (const Command *c = tables[i]; c->name; c++)
            if (strcmp(c->name, name) == 0) {
                cli_command_help("capo", c);
                return true;
            }
    return false;
}

typedef struct Call { char **args; int status; } Call;

static void run(void *argument)
{
    Call *call = argument;
    const char *name = call->args[0];
    use_own_place();
    Project *project = tool_project();
    if (!name || strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        const char *about = name ? call->args[1] : NULL;
        bool helped = about && help_of(about);
        if (!helped && !(about && project))
            help(project);
        if (helped || !(about && project))
            return;
    }
    if (strcmp(name, "--version") == 0)
        name = "version";
    for (const Command *c = tool_commands; c->name; c++) {
        if (strcmp(c->name, name) != 0)
            continue;
        for (char **a = call->args + 1; *a; a++)
            if (strcmp(*a, "--help") == 0 || strcmp(*a, "-h") == 0) {
                cli_command_help("capo", c);
                return;
            }
        call->status = cli_parse_options("capo", c, call->args + 1) ? c->run() : 2;
        return;
    }
    if (!project) {
        const char *names[40];
        size_t n = 0;
        for (const Command *c = tool_commands; c->name; c++)
            names[n++] = c->name;
        for (const Command *c = cli_framework_commands; c->name; c++)
            if (strcmp(c->name, name) == 0)
                capo_raise(ERROR_COMMAND, "`%s` is for a project, and there is none here or above (a meson.build with dependency('capo')). "
                           "`capo startproject NAME` makes one.", name);
        fprintf(stderr, "capo: there is no command %s.%s `capo help` lists them.\n", name, capo_did_you_mean(name, names, n));
        call->status = 2;
        return;
    }
    if (chdir(project->root) != 0)
        capo_raise(ERROR_COMMAND, "%s cannot be entered: %s.", project->root, strerror(errno));
    bool reload = strcmp(name, "runserver") == 0;
    for (char **a = call->args + 1; *a; a++)
        if (strcmp(*a, "--noreload") == 0 || strcmp(*a, "--help") == 0 || strcmp(*a, "-h") == 0)
            reload = false;
    if (reload) {
        call->status = tool_watch(project, call->args);
        return;
    }
    char *errors;
    const char *target = strcmp(name, "test") == 0 ? capo_format("%s-tests", project->name) : project->name;
    if (!tool_compile(project, target, &errors)) {
        fputs(errors, stderr);
        capo_raise(ERROR_COMMAND, "%s does not compile; %s was not run.", project->name, name);
    }
    show_warnings(errors);
    const char *program = capo_format("%s/build/%s", project->root, target);
    setenv("CAPO_CALLED_AS", "capo", 1);
    fflush(stdout);
    execv(program, (char *const *)call->args - 1);
    capo_raise(ERROR_COMMAND, "%s cannot be run: %s.", program, strerror(errno));
}

int main(int argc, char **argv)
{
    static char *none[] = { NULL };
    Call call = { argc > 1 ? argv + 1 : none, 0 };
    const Error *error = capo_fiber_main("capo", run, &call);
    if (error) {
        fprintf(stderr, "capo: %s\n", error->message);
        return 1;
    }
    return call.status;
}

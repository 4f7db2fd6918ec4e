/* SPDX-License-Identifier: BSD-3-Clause */
/* Between tool.c and watch.c. */
#pragma once
#include <capo/cli.h>

typedef struct Project { const char *root, *name; } Project;

/* The project at or above the working directory: a meson.build with dependency('capo'). NULL: none. */
Project *tool_project(void);
/* Builds one target of the project. *ret_errors: the compiler's words, or ninja's output of a build that went well. */
bool tool_compile(const Project *project, const char *target, char **ret_errors);
int tool_run(const char *const *args, char **ret_output);
/* runserver with rebuild: serves until Ctrl-C. */
int tool_watch(const Project *project, char **args);
int tool_version(void);
int tool_build(void);

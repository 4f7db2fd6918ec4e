/* SPDX-License-Identifier: BSD-3-Clause */
/* Asking a person. */
#include <capo/arena.h>
#include "cli_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

bool cli_is_interactive(void)
{
    return isatty(STDIN_FILENO);
}

char *cli_ask(const char *prompt, bool secret)
{
    struct termios before, quiet;
    bool hidden = secret && tcgetattr(STDIN_FILENO, &before) == 0;
    if (hidden) {                               /* before the question, since it drops what was typed already */
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    fputs(prompt, stdout);
    fflush(stdout);
    char *line = NULL;
    size_t room = 0;
    ssize_t size = getline(&line, &room, stdin);
    if (hidden) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        putchar('\n');
    }
    char *answer = NULL;
    if (size >= 0) {
        while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
            size--;
        answer = capo_strndup(line, (size_t)size);
    }
    free(line);
    return answer;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Variables from outside: the environment first, then the file .env of the working directory.
 *
 * A line of .env is NAME=value, with or without `export` before it; '#' begins a comment where a value has not begun. A value in
 * single quotes is taken as it is, in double quotes \n \t \" \\ are escapes. A line that is neither stops the program: a
 * mistyped SECRET_KEY must not be passed over in silence. */
#include "settings_internal.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Variable {
    struct Variable *next;
    const char *name, *value;
} Variable;

static Variable *variables;
static bool loaded;

_Noreturn static void bad_line(int number, const char *why)
{
    capo_raise(ERROR_IMPROPERLY_CONFIGURED, "Line %d of .env was not understood: %s. A line reads NAME=value, or begins with #.", number,
               why);
}

static bool name_char(char c, bool first)
{
    return isalpha((unsigned char)c) || c == '_' || (!first && isdigit((unsigned char)c));
}

/* The value that begins at `at`, up to the end of its line at `end`. */
static char *parse_value(const char *at, const char *end, int number)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    if (at < end && (*at == '"' || *at == '\'')) {
        char quote = *at++;
        char *value = arena_alloc(settings_arena(), (size_t)(end - at) + 1), *to = value;
        while (at < end && *at != quote) {
            if (quote == '"' && *at == '\\' && at + 1 < end) {
                at++;
                *to++ = *at == 'n' ? '\n' : *at == 't' ? '\t' : *at;
                at++;
            } else {
                *to++ = *at++;
            }
        }
        if (at == end)
            bad_line(number, quote == '"' ? "the quote \" is not closed" : "the quote ' is not closed");
        for (at++; at < end && (*at == ' ' || *at == '\t'); at++)
            ;
        if (at < end && *at != '#')
            bad_line(number, "there is text behind the closing quote");
        *to = 0;
        return value;
    }
    const char *stop = at;
    while (stop < end && !(*stop == '#' && stop > at && (stop[-1] == ' ' || stop[-1] == '\t')))
        stop++;
    while (stop > at && isspace((unsigned char)stop[-1]))
        stop--;
    return arena_strndup(settings_arena(), at, (size_t)(stop - at));
}

static void parse_line(const char *at, const char *end, int number)
{
    while (at < end && isspace((unsigned char)*at))
        at++;
    if (at == end || *at == '#')
        return;
    if (end - at > 7 && memcmp(at, "export", 6) == 0 && (at[6] == ' ' || at[6] == '\t'))
        for (at += 7; at < end && (*at == ' ' || *at == '\t'); at++)
            ;
    const char *name = at;
    while (at < end && name_char(*at, at == name))
        at++;
    const char *name_end = at;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    if (name_end == name || at == end || *at != '=')
        bad_line(number, "a name and '=' were expected");
    Variable *variable = arena_alloc(settings_arena(), sizeof *variable);
    variable->name = arena_strndup(settings_arena(), name, (size_t)(name_end - name));
    variable->value = parse_value(at + 1, end, number);
    variable->next = variables;     /* a later line of the same name wins, as in a shell */
    variables = variable;
}

void environment_load(void)
{
    variables = NULL;
    loaded = true;
    size_t size;
    char *text = capo_read_file(".env", &size);
    if (!text) {
        if (errno != ENOENT)
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The file .env could not be read: %s.", strerror(errno));
        return;
    }
    if (memchr(text, 0, size))
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The file .env holds a NUL byte; it must be plain text in UTF-8.");
    const char *at = text, *end = text + size;
    if (size >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    for (int number = 1; at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = stop ? stop : end;
        parse_line(at, line_end > at && line_end[-1] == '\r' ? line_end - 1 : line_end, number);
        at = stop ? stop + 1 : end;
    }
}

const char *capo_env(const char *name)
{
    const char *value = getenv(name);
    if (value)
        return value;
    if (!loaded)
        environment_load();
    for (const Variable *variable = variables; variable; variable = variable->next)
        if (strcmp(variable->name, name) == 0)
            return variable->value;
    return NULL;
}

enum { DEBUG_KEY_LENGTH = 50 };

const char *environment_debug_key(void)
{
    const char *path = ".capo-secret-key";
    size_t size;
    char *text = capo_read_file(path, &size);
    if (text && strlen(capo_strip(text)) >= DEBUG_KEY_LENGTH)
        return settings_strdup(capo_strip(text));
    char *key = capo_random_string(DEBUG_KEY_LENGTH, NULL);
    /* Two programs that start at once must agree: the one that links the file first wins. */
    char *temporary = capo_format("%s.%ld", path, (long)getpid());
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool written = fd >= 0 && write(fd, key, DEBUG_KEY_LENGTH) == DEBUG_KEY_LENGTH && write(fd, "\n", 1) == 1;
    if (fd >= 0)
        written = close(fd) == 0 && written;
    if (text)
        unlink(path);       /* too short: cut by a full disk, or made by hand */
    bool linked = written && link(temporary, path) == 0;
    bool taken = !linked && errno == EEXIST;
    if (fd >= 0)
        unlink(temporary);
    if (taken && (text = capo_read_file(path, &size)) != NULL && *capo_strip(text))
        return settings_strdup(capo_strip(text));
    if (!linked)
        capo_warn("SECRET_KEY is not set and %s could not be written here: the key of this run is lost at its end, and with it all "
                  "log-ins. Set SECRET_KEY, or start in a folder that can be written.", path);
    return settings_strdup(key);
}

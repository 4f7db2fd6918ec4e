/* SPDX-License-Identifier: BSD-3-Clause */
/* startproject and startapp: copies of cli/skeleton/ (embedded) with the name filled in. Nothing that exists is overwritten. */
#include <capo.h>
#include "cli_internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern const EmbeddedFile capo_skeleton_files[];

/* Names that would not compile, or would be another thing. */
static const char *const taken[] = {
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float", "for", "goto", "if",
    "inline", "int", "long", "main", "register", "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef",
    "typeof", "union", "unsigned", "void", "volatile", "while", "bool", "true", "false", "models", "urls", "capo", "test", "tests", "static",
    "templates", "migrations", "admin", "auth", "build", "stdin", "stdout", "index", "time", "signal", "link", "read", "write", "open", "exit",
};

static void check_name(const char *name, const char *what)
{
    if (!(name[0] >= 'a' && name[0] <= 'z') || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] || strlen(name) > 40)
        capo_raise(ERROR_COMMAND, "'%s' is not a name for %s: use small letters, digits and _, beginning with a letter, at most 40.", name, what);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcmp(name, taken[i]) == 0)
            capo_raise(ERROR_COMMAND, "'%s' cannot name %s: C or Capo uses that word itself. Choose another.", name, what);
}

static void make_folders(const char *path)
{
    char *copy = capo_strdup(path);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(copy, 0777) != 0 && errno != EEXIST)
            capo_raise(ERROR_COMMAND, "The folder %s cannot be made: %s.", copy, strerror(errno));
        *slash = '/';
    }
}

static char *fill_in(const char *text, size_t size, const char *name, const char *secret)
{
    Buffer out = { 0 };
    for (size_t i = 0; i < size; ) {
        if (strncmp(text + i, "@name@", 6) == 0) {
            capo_put(&out, name);
            i += 6;
        } else if (strncmp(text + i, "@secret@", 8) == 0) {
            capo_put(&out, secret);
            i += 8;
        } else {
            capo_put_char(&out, text[i++]);
        }
    }
    return capo_buffer_text(&out);
}

/* The files of one skeleton folder, below `target`. First looks that none is there. */
static void copy_skeleton(const char *folder, const char *target, const char *name)
{
    static const struct { const char *from, *to; } dotted[] = { { "gitignore", ".gitignore" }, { "env", ".env" } };
    size_t skip = strlen(folder);
    const char *secret = capo_random_string(60, NULL);
    for (int pass = 0; pass < 2; pass++)
        for (const EmbeddedFile *file = capo_skeleton_files; file->path; file++) {
            if (strncmp(file->path, folder, skip) != 0 || file->path[skip] != '/')
                continue;
            const char *relative = fill_in(file->path + skip + 1, strlen(file->path + skip + 1), name, secret);
            for (size_t i = 0; i < sizeof dotted / sizeof *dotted; i++)
                if (strcmp(relative, dotted[i].from) == 0)
                    relative = dotted[i].to;
            const char *path = capo_format("%s/%s", target, relative);
            if (pass == 0) {
                if (access(path, F_OK) == 0)
                    capo_raise(ERROR_COMMAND, "%s is there already; nothing was written. Choose another name or folder.", path);
                continue;
            }
            make_folders(path);
            const char *text = fill_in((const char *)file->bytes, file->size, name, secret);
            int error = capo_write_file(path, text, strlen(text));
            if (error)
                capo_raise(ERROR_COMMAND, "%s cannot be written: %s.", path, strerror(-error));
            if (strcmp(relative, ".env") == 0)
                chmod(path, 0600);
        }
}

static void make_folder(const char *path)
{
    make_folders(capo_format("%s/x", path));
}

int cli_startproject(void)
{
    const char *name = capo_option("name"), *folder = capo_option("directory");
    check_name(name, "a project");
    if (!folder)
        folder = name;
    copy_skeleton("project", folder, name);
    copy_skeleton("app", capo_format("%s/home", folder), "home");
    make_folder(capo_format("%s/home/migrations", folder));
    capo_say("Made %s. Next:\n    cd %s\n    capo migrate\n    capo createsuperuser\n    capo runserver", folder, folder);
    return 0;
}

/* Puts `line` behind the last line of main.c that begins with `prefix`; false: there is none. */
static bool insert_behind(Buffer *out, const char *text, const char *prefix, const char *line)
{
    const char *last = NULL;
    for (const char *at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (capo_starts_with(at, prefix))
            last = at;
    if (!last)
        return false;
    const char *end = strchr(last, '\n');
    end = end ? end + 1 : last + strlen(last);
    capo_put_bytes(out, text, (size_t)(end - text));
    capo_put(out, line);
    capo_put(out, end);
    return true;
}

static void rewrite(const char *path, const char *text)
{
    int error = capo_write_file(path, text, strlen(text));
    if (error)
        capo_raise(ERROR_COMMAND, "%s cannot be written: %s.", path, strerror(-error));
}

/* Adds the include, the row in APPS() and the URLs to main.c. What it cannot find it asks the person to do. */
static void register_app(const char *name)
{
    char *text = capo_read_file("main.c", NULL);
    if (!text)
        capo_raise(ERROR_COMMAND, "main.c cannot be read here: %s. Run this in the project's folder.", strerror(errno));
    Buffer included = { 0 };
    if (!insert_behind(&included, text, "#include", capo_format("#include \"%s/%s.h\"\n", name, name)))
        goto by_hand;
    text = capo_buffer_text(&included);
    char *apps = strstr(text, "APPS(");
    char *close = apps ? strchr(apps, ')') : NULL;
    if (!close)
        goto by_hand;
    Buffer listed = { 0 };
    capo_put_bytes(&listed, text, (size_t)(close - text));
    capo_put_format(&listed, ", &%s%s", name, close);
    text = capo_buffer_text(&listed);
    char *route = strstr(text, "Route urls[]");
    char *admin = route ? strstr(route, "capo_admin_urls") : NULL;
    char *line_end = admin ? strchr(admin, '\n') : NULL;
    if (line_end) {
        Buffer routed = { 0 };
        capo_put_bytes(&routed, text, (size_t)(line_end + 1 - text));
        capo_put_format(&routed, "    { \"%s/\", .include = %s_urls, .name = \"%s\" },\n%s", name, name, name, line_end + 1);
        text = capo_buffer_text(&routed);
    }
    rewrite("main.c", text);
    char *meson = capo_read_file("meson.build", NULL);
    Buffer built = { 0 };
    if (!meson || !insert_behind(&built, meson, "subdir(", capo_format("subdir('%s')\n", name)))
        capo_say("Add subdir('%s') to meson.build: no other subdir() stands there to follow.", name);
    else
        rewrite("meson.build", capo_buffer_text(&built));
    return;
by_hand:
    capo_say("main.c does not look as expected; add to it by hand:\n    #include \"%s/%s.h\"\n    &%s in APPS(…)\n    { \"%s/\", .include = %s_urls, "
             ".name = \"%s\" } in urls\nand subdir('%s') to meson.build.", name, name, name, name, name, name, name);
}

int cli_startapp(void)
{
    const char *name = capo_option("name");
    check_name(name, "an app");
    if (capo_app(name))
        capo_raise(ERROR_COMMAND, "There is an app called %s already.", name);
    copy_skeleton("app", name, name);
    make_folder(capo_format("%s/migrations", name));
    register_app(name);
    capo_say("Made the app %s and added it to main.c and meson.build. Its URLs are at /%s/. Declare models in %s/models.def.", name, name, name);
    return 0;
}

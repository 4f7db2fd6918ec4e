/* SPDX-License-Identifier: BSD-3-Clause */
/* compilemessages: each locale/LL/LC_MESSAGES/NAME.po of the project and its apps becomes NAME.mo beside it. */
#include "../core/i18n/po.h"
#include "cli_internal.h"
#include <capo/arena.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int n_made, n_failed;

static void compile_file(const char *path)
{
    size_t size;
    char *text = capo_read_file(path, &size);
    if (!text) {
        fprintf(stderr, "%s: it cannot be read: %s.\n", path, strerror(errno));
        n_failed++;
        return;
    }
    Buffer made = { 0 };
    int line;
    const char *why;
    if (!po_compile(text, size, &made, &line, &why)) {
        fprintf(stderr, "%s:%d: %s.\n", path, line, why);
        n_failed++;
        return;
    }
    char *to = capo_format("%.*smo", (int)strlen(path) - 2, path);
    int error = capo_write_file(to, made.data, made.size);
    if (error) {
        fprintf(stderr, "%s: it cannot be written: %s.\n", to, strerror(-error));
        n_failed++;
        return;
    }
    capo_say("%s", to);
    n_made++;
}

static void close_folder(void *folder)
{
    closedir(folder);
}

/* Calls see(path) for what is in the folder; none is no mistake. */
static void each_in(const char *path, void (*see)(const char *path))
{
    DIR *folder = opendir(path);
    if (!folder)
        return;
    capo_defer(close_folder, folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.')
            see(capo_format("%s/%s", path, entry->d_name));
    capo_defer_cancel(close_folder, folder);
    closedir(folder);
}

static void see_file(const char *path)
{
    if (capo_ends_with(path, ".po"))
        compile_file(path);
}

static void see_language(const char *path)
{
    each_in(capo_format("%s/LC_MESSAGES", path), see_file);
}

int cli_compilemessages(void)
{
    n_made = n_failed = 0;
    for (const char *const *path = capo_settings()->locale_paths; *path; path++)
        each_in(*path, see_language);
    for (const App *const *app = capo_apps(); *app; app++)
        each_in(capo_format("%s/locale", (*app)->directory ? (*app)->directory : (*app)->name), see_language);
    if (!n_made && !n_failed)
        fprintf(stderr, "There is no catalogue: locale/LL/LC_MESSAGES/django.po was looked for, in the project and its apps.\n");
    return n_failed || !n_made;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of the site by kind and name: "templates" "blog/post_list.html", "static" "css/site.css", "migrations" "0001_initial.json".
 *
 * An App (or the project) with `.files` has them inside the program; one without reads them from disk, each time anew. The project's
 * own come first, then the apps' in the order of settings. A name is looked up below its folder and nowhere else (files/beneath.c). */
#include "settings_internal.h"
#include "../files/files_internal.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_LIMIT = 16 };

static void close_fd(void *argument)
{
    close((int)(intptr_t)argument);
}

/* The whole file, or NULL. It may grow or shrink while it is read: what was there is what is given. */
static const SourceFile *read_from_disk(const char *directory, const char *name, const App *app)
{
    int fd = capo_open_beneath(directory, name);
    if (fd < 0)
        return NULL;
    capo_defer(close_fd, (void *)(intptr_t)fd);
    struct stat status;
    SourceFile *file = NULL;
    if (fstat(fd, &status) == 0) {
        Buffer text = { 0 };
        for (;;) {
            size_t room = text.size == 0 && status.st_size > 0 ? (size_t)status.st_size + 1 : 16384;
            char *to = capo_buffer_reserve(&text, room);
            ssize_t n = read(fd, to, room);
            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0)
                break;
            text.size += (size_t)n;
        }
        file = capo_alloc_struct(SourceFile);
        capo_put_char(&text, 0);
        *file = (SourceFile){ .path = capo_format("%s/%s", directory, name), .text = text.data, .size = text.size - 1, .app = app,
                              .changed_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec };
    }
    capo_defer_cancel(close_fd, (void *)(intptr_t)fd);
    close(fd);
    return file;
}

/* `folder` is "templates", or "blog/templates" among the project's own files. */
static const SourceFile *find_embedded(const EmbeddedFile *files, const char *folder, const char *name, const App *app)
{
    size_t folder_size = strlen(folder);
    for (const EmbeddedFile *file = files; file->path; file++) {
        if (strncmp(file->path, folder, folder_size) != 0 || file->path[folder_size] != '/' || strcmp(file->path + folder_size + 1, name) != 0)
            continue;
        SourceFile *found = capo_alloc_struct(SourceFile);
        *found = (SourceFile){ .path = file->path, .text = file->bytes, .size = file->size, .app = app, .embedded = true };
        return found;
    }
    return NULL;
}

const MigrationModule *capo_migration_module(const App *app)
{
    for (const MigrationModule *row = capo_settings()->migration_modules; row && row->app; row++)
        if (strcmp(row->app, app->name) == 0)
            return row;
    return NULL;
}

static const MigrationModule *elsewhere(const App *app, const char *kind)
{
    return app && strcmp(kind, "migrations") == 0 ? capo_migration_module(app) : NULL;
}

static const char *app_directory(const App *app, const char *kind)
{
    return capo_format("%s/%s", app->directory ? app->directory : app->name, kind);
}

/* Folders of the project itself for this kind; NULL at the end. */
static const char *const *project_directories(const char *kind)
{
    static const char *const none[] = { NULL };
    const Settings *settings = capo_settings();
    return strcmp(kind, "templates") == 0 ? settings->template_directories :
           strcmp(kind, "static") == 0 ? settings->static_directories : none;
}

static void note(Buffer *tried, const char *where)
{
    if (tried->size)
        capo_put(tried, ", ");
    capo_put(tried, where);
}

static const SourceFile *find_in(const App *app, const char *kind, const char *name, Buffer *tried)
{
    const EmbeddedFile *files = app && app->files ? app->files : capo_settings()->files;
    if (files) {
        /* a release holds the files of the project's apps among its own: "blog/templates/…" */
        const char *folder = app && !app->files ? app_directory(app, kind) : kind;
        note(tried, capo_format("%s/%s inside the program (%s)", folder, name, app && app->files ? app->name : "the project"));
        const SourceFile *file = find_embedded(files, folder, name, app);
        if (file || (app && app->files))
            return file;
    }
    if (app) {
        note(tried, capo_format("%s/%s", app_directory(app, kind), name));
        return read_from_disk(app_directory(app, kind), name, app);
    }
    for (const char *const *directory = project_directories(kind); *directory; directory++) {
        note(tried, capo_format("%s/%s", *directory, name));
        const SourceFile *file = read_from_disk(*directory, name, NULL);
        if (file)
            return file;
    }
    return NULL;
}

const SourceFile *file_beneath(const char *directory, const char *name)
{
    if (!file_name_is_safe(name))
        return NULL;
    const EmbeddedFile *files = capo_settings()->files;
    const SourceFile *file = files ? find_embedded(files, directory, name, NULL) : NULL;
    return file ? file : read_from_disk(directory, name, NULL);
}

const SourceFile *capo_find_app_file(const App *app, const char *kind, const char *name)
{
    Buffer tried = { 0 };
    const MigrationModule *module = elsewhere(app, kind);
    if (module)
        return module->folder ? file_beneath(module->folder, name) : NULL;
    return file_name_is_safe(name) ? find_in(app, kind, name, &tried) : NULL;
}

const SourceFile *capo_find_file_below(const char *directory, const char *name)
{
    return file_name_is_safe(name) ? read_from_disk(directory, name, NULL) : NULL;
}

const SourceFile *capo_find_file(const char *kind, const char *name, const char **ret_tried)
{
    if (!file_name_is_safe(name)) {
        if (ret_tried)
            *ret_tried = "nowhere: the name is not one below a folder";
        return NULL;
    }
    Buffer tried = { 0 };
    const SourceFile *file = find_in(NULL, kind, name, &tried);
    const App *const *apps = capo_apps();
    for (size_t i = 0; !file && apps[i]; i++)
        file = find_in(apps[i], kind, name, &tried);
    if (ret_tried)
        *ret_tried = capo_buffer_text(&tried);
    return file;
}

/* --- listing ---------------------------------------------------------------------------------------------------------------- */

typedef struct Names {
    const char **items;
    size_t count, capacity;
} Names;

static void add_name(Names *names, const char *name)
{
    if (names->count == names->capacity) {
        size_t capacity = names->capacity ? 2 * names->capacity : 32;
        names->items = capo_realloc(names->items ? names->items : capo_alloc(1), names->capacity * sizeof *names->items,
                                    capacity * sizeof *names->items);
        names->capacity = capacity;
    }
    names->items[names->count++] = name;
}

static void list_directory(Names *names, const char *directory, const char *prefix, int depth)
{
    DIR *folder = opendir(directory);
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        char *path = capo_format("%s/%s", directory, entry->d_name), *name = capo_format("%s%s", prefix, entry->d_name);
        struct stat status;
        if (stat(path, &status) != 0)
            continue;
        if (S_ISREG(status.st_mode) && file_name_is_safe(name))
            add_name(names, name);
        else if (S_ISDIR(status.st_mode) && depth < DEPTH_LIMIT)
            list_directory(names, path, capo_format("%s/", name), depth + 1);
    }
    closedir(folder);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **sorted(Names *names)
{
    if (names->count > 1)
        qsort(names->items, names->count, sizeof *names->items, compare_names);
    size_t kept = 0;        /* two folders of the project may hold the same name */
    for (size_t i = 0; i < names->count; i++)
        if (kept == 0 || strcmp(names->items[kept - 1], names->items[i]) != 0)
            names->items[kept++] = names->items[i];
    names->count = kept;
    add_name(names, NULL);
    return names->items;
}

const char **capo_list_files(const char *kind, const App *app)
{
    Names names = { 0 };
    const MigrationModule *module = elsewhere(app, kind);
    bool inside = app && app->files && !module;
    const EmbeddedFile *files = inside ? app->files : capo_settings()->files;
    const char *folder = module ? module->folder : app && !inside ? app_directory(app, kind) : kind;
    if (!folder)
        return sorted(&names);
    size_t folder_size = strlen(folder);
    for (const EmbeddedFile *file = files; file && file->path; file++)
        if (strncmp(file->path, folder, folder_size) == 0 && file->path[folder_size] == '/')
            add_name(&names, file->path + folder_size + 1);
    if (app && !inside && names.count == 0)
        list_directory(&names, folder, "", 0);
    if (!app)
        for (const char *const *directory = project_directories(kind); *directory; directory++)
            list_directory(&names, *directory, "", 0);
    return sorted(&names);
}

const char **capo_list_files_below(const char *directory)
{
    Names names = { 0 };
    list_directory(&names, directory, "", 0);
    return sorted(&names);
}

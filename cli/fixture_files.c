/* SPDX-License-Identifier: BSD-3-Clause */
/* Where fixtures are, and reading and writing them: plain or as gzip (zlib reads both). */
#include <capo.h>
#include <capo/serializers.h>
#include "fixture_files.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { PIECE = 64 * 1024 };

static const char *format_of_part(const char *part)
{
    for (const char *const *format = capo_serializer_formats; *format; format++)
        if (strcmp(*format, part) == 0)
            return *format;
    return NULL;
}

/* "a/b.json.gz" is a/b in the format json, packed; what is no ending of ours belongs to the name. */
static FixtureName taken_apart(const char *label)
{
    FixtureName name = { .name = label };
    if (capo_ends_with(name.name, ".gz")) {
        name.name = capo_strndup(name.name, strlen(name.name) - 3);
        name.packed = true;
    }
    const char *dot = strrchr(name.name, '.');
    if (dot && dot > name.name && dot[-1] != '/' && !strchr(dot, '/') && format_of_part(dot + 1)) {
        name.format = format_of_part(dot + 1);
        name.name = capo_strndup(name.name, (size_t)(dot - name.name));
    }
    return name;
}

typedef struct Search { FixtureName wanted; const char *format; Fixture *found; size_t count; const char *label; } Search;

/* Whether this file is one of those that the label may mean. */
static void consider(Search *search, const char *where, const char *path, const App *app, size_t *in_this_folder)
{
    FixtureName is = taken_apart(path);
    const char *wanted_format = search->wanted.format ? search->wanted.format : search->format;
    if (strcmp(is.name, search->wanted.name) != 0 || !is.format || (wanted_format && strcmp(is.format, wanted_format) != 0)
        || (search->wanted.packed && !is.packed))
        return;
    if ((*in_this_folder)++)
        capo_raise(ERROR_COMMAND, "Multiple fixtures named '%s' in %s. Aborting.", search->wanted.name, where);
    Fixture *larger = capo_alloc_array(search->count + 2, sizeof *larger);
    for (size_t i = 0; i < search->count; i++)
        larger[i] = search->found[i];
    larger[search->count++] = (Fixture){ .path = *where ? capo_format("%s/%s", where, path) : path, .format = is.format, .app = app, .name = path };
    search->found = larger;
}

/* On disk beside each other: the four that a label can be. */
static void look_in_folder(Search *search, const char *folder)
{
    static const char *const endings[] = { ".json", ".json.gz", ".jsonl", ".jsonl.gz" };
    size_t found = 0;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const char *path = capo_format("%s%s", search->wanted.name, endings[i]);
        if (access(*folder ? capo_format("%s/%s", folder, path) : path, R_OK) == 0)
            consider(search, folder, path, NULL, &found);
    }
}

/* The settings', without such as are looked through anyway: there each name would be found twice. */
static const char *const *fixture_directories(void)
{
    static const char *const usual[] = { "fixtures", NULL };
    const char *const *folders = capo_settings()->fixture_directories ? capo_settings()->fixture_directories : usual;
    for (const char *const *folder = folders; *folder; folder++) {
        for (const char *const *other = folders; other < folder; other++)
            if (strcmp(*other, *folder) == 0)
                capo_raise(ERROR_IMPROPERLY_CONFIGURED, "settings' .fixture_directories has '%s' twice.", *folder);
        for (const App *const *app = capo_apps(); *app; app++)
            if (strcmp(capo_format("%s/fixtures", (*app)->directory ? (*app)->directory : (*app)->name), *folder) == 0)
                capo_raise(ERROR_IMPROPERLY_CONFIGURED, "settings' .fixture_directories has '%s', where the fixtures of the app %s are looked for anyway.", *folder, (*app)->name);
    }
    return folders;
}

Fixture *fixture_find(const char *label, const char *format, const char *only_app)
{
    Search search = { .wanted = taken_apart(label), .format = format, .label = label, .found = capo_alloc_array(1, sizeof(Fixture)) };
    if (*label == '/') {
        look_in_folder(&search, "");
        return search.found;
    }
    for (const App *const *app = capo_apps(); *app; app++) {
        if (only_app && strcmp((*app)->name, only_app) != 0)
            continue;
        const char *folder = capo_format("%s/fixtures", (*app)->directory ? (*app)->directory : (*app)->name);
        if (!(*app)->files) {
            look_in_folder(&search, folder);
            continue;
        }
        size_t found = 0;
        for (const char **file = capo_list_files("fixtures", *app); *file; file++)
            consider(&search, folder, *file, *app, &found);
    }
    if (only_app)
        return search.found;
    for (const char *const *folder = fixture_directories(); *folder; folder++)
        look_in_folder(&search, *folder);
    look_in_folder(&search, "");
    return search.found;
}

/* --- reading --- */

static void close_packed(void *file)
{
    gzclose(file);
}

static void read_packed(gzFile file, const char *path, void (*take)(void *self, const char *text, size_t size), void *self)
{
    char *piece = capo_alloc(PIECE);
    for (;;) {
        int size = gzread(file, piece, PIECE);
        int code = Z_OK;
        const char *why = size < 0 ? gzerror(file, &code) : NULL;
        if (size < 0)
            capo_raise(ERROR_COMMAND, "The fixture %s cannot be read: %s.", path, code == Z_ERRNO ? strerror(errno) : why);
        if (size == 0 && !gzeof(file))
            capo_raise(ERROR_COMMAND, "The fixture %s ends in the middle of its compressed data.", path);
        if (size == 0)
            break;
        take(self, piece, (size_t)size);
    }
}

/* Files inside the program are small: a packed one is given to zlib by a file without a name. */
static int as_file(const SourceFile *file)
{
    FILE *temporary = tmpfile();
    if (!temporary || fwrite(file->text, 1, file->size, temporary) != file->size || fflush(temporary) != 0)
        capo_raise(ERROR_COMMAND, "The fixture %s cannot be unpacked: %s.", file->path, strerror(errno));
    int fd = dup(fileno(temporary));
    fclose(temporary);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

void fixture_read(const Fixture *fixture, void (*take)(void *self, const char *text, size_t size), void *self)
{
    int fd;
    if (fixture->app) {
        const SourceFile *file = capo_find_app_file(fixture->app, "fixtures", fixture->name);
        if (!file)
            capo_raise(ERROR_COMMAND, "The fixture %s cannot be read.", fixture->path);
        fd = as_file(file);
    } else {
        fd = fixture->path ? open(fixture->path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);
        if (fd < 0)
            capo_raise(ERROR_COMMAND, "The fixture %s cannot be read: %s.", fixture->path ? fixture->path : "of standard input", strerror(errno));
    }
    gzFile file = gzdopen(fd, "rb");
    capo_defer(close_packed, file);
    read_packed(file, fixture->path ? fixture->path : "of standard input", take, self);
    capo_defer_cancel(close_packed, file);
    gzclose(file);
}

/* --- writing --- */

struct FixtureOutput { const char *path, *target, *unfinished; gzFile packed; FILE *plain; int file; };     /* `file`: the same once more, to be forced to the disk */

static void give_up(void *argument)
{
    FixtureOutput *output = argument;
    if (output->packed)
        gzclose(output->packed);
    else
        fclose(output->plain);
    close(output->file);
    if (output->unfinished)
        unlink(output->unfinished);
}

/* One beside the wanted file, or beside what a link leads to; it gets the rights of what is there. A pipe or a device is written to as it is. */
static int open_unfinished(FixtureOutput *output)
{
    struct stat status;
    bool there = stat(output->path, &status) == 0;
    if (there && !S_ISREG(status.st_mode))
        return open(output->path, O_WRONLY | O_CLOEXEC);
    char *real = there ? realpath(output->path, NULL) : NULL;
    output->target = real ? capo_strdup(real) : output->path;
    free(real);
    char *unfinished = capo_format("%s.XXXXXX", output->target);
    int file = mkostemp(unfinished, O_CLOEXEC);
    if (file < 0)
        return -1;
    mode_t mask = umask(0);
    umask(mask);
    fchmod(file, there ? status.st_mode & 07777 : 0666 & ~mask);
    output->unfinished = unfinished;
    return file;
}

FixtureOutput *fixture_create(const char *path)
{
    FixtureOutput *output = capo_alloc_struct(FixtureOutput);
    if (!path) {
        output->plain = stdout;
        return output;
    }
    output->path = path;
    int file = open_unfinished(output);
    if (file < 0)
        capo_raise(ERROR_COMMAND, "%s cannot be written: %s.", path, strerror(errno));
    output->file = fcntl(file, F_DUPFD_CLOEXEC, 0);
    if (capo_ends_with(path, ".gz"))
        output->packed = gzdopen(file, "wb");
    else
        output->plain = fdopen(file, "wb");
    capo_defer(give_up, output);
    return output;
}

void fixture_write(void *self, const char *text, size_t size)
{
    FixtureOutput *output = self;
    bool good = output->packed ? gzwrite(output->packed, text, (unsigned)size) == (int)size : fwrite(text, 1, size, output->plain) == size;
    if (!good)
        capo_raise(ERROR_COMMAND, "%s cannot be written: %s.", output->path ? output->path : "Standard output", strerror(errno));
}

void fixture_finish(FixtureOutput *output)
{
    if (!output->path) {
        if (fflush(stdout) != 0)
            capo_raise(ERROR_COMMAND, "Standard output cannot be written: %s.", strerror(errno));
        return;
    }
    capo_defer_cancel(give_up, output);
    bool good = output->packed ? gzclose(output->packed) == Z_OK : fclose(output->plain) == 0;
    good = good && (!output->unfinished || (fsync(output->file) == 0 && rename(output->unfinished, output->target) == 0));
    int reason = errno;
    close(output->file);
    if (good)
        return;
    if (output->unfinished)
        unlink(output->unfinished);
    capo_raise(ERROR_COMMAND, "%s cannot be written: %s.", output->path, strerror(reason));
}

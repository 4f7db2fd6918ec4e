/* SPDX-License-Identifier: BSD-3-Clause */
/* The storage on disk. A file comes to be as a whole: it is written without a name (O_TMPFILE) or under one that nobody asks for, gets its
 * mode by its descriptor, is forced to the disk, and only then linked, which fails where the name is taken. A process that dies on
 * the way leaves nothing that has the name.
 *
 * What waits for the disk runs on a helper thread: such a job knows no arena and raises nothing; it leaves a negative errno. */
#include "files_internal.h"
#include <capo/loop.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MODE = 0644, DIRECTORY_MODE = 0777, COPY_BYTES = 64 * 1024 };

typedef struct Disk { char *location; int file_mode, directory_mode; } Disk;

static void *open_disk(const StorageSettings *settings)
{
    if (!settings->location || !*settings->location)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The storage '%s' of settings' .storages keeps files on disk and has no .location, the folder for them.", settings->name);
    Disk *disk = malloc(sizeof *disk);
    char *location = strdup(settings->location);
    if (!disk || !location) {
        free(disk);
        free(location);
        capo_raise(503, "There is no memory left for the storage '%s'.", settings->name);
    }
    *disk = (Disk){ .location = location, .file_mode = settings->file_mode ? settings->file_mode : FILE_MODE, .directory_mode = settings->directory_mode };
    return disk;
}

static void close_disk(void *state)
{
    Disk *disk = state;
    free(disk->location);
    free(disk);
}

/* --- folders --------------------------------------------------------------------------------------------------------------------- */

/* One level; there already is as good. A mode that was asked for is set on the descriptor, past the umask. */
static int make_folder(const Disk *disk, int parent, const char *name)
{
    if (mkdirat(parent, name, DIRECTORY_MODE) != 0)
        return errno == EEXIST ? 0 : -errno;
    int made = disk->directory_mode ? openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    int result = disk->directory_mode && (made < 0 || fchmod(made, (mode_t)disk->directory_mode) != 0) ? -errno : 0;
    if (made >= 0)
        close(made);
    if (fsync(parent) != 0 && !result)
        result = -errno;
    return result;
}

/* The location is the site's own word: links and dots in it are meant. */
static int make_location(const Disk *disk)
{
    char path[4096];
    size_t size = strlen(disk->location);
    if (size >= sizeof path)
        return -ENAMETOOLONG;
    memcpy(path, disk->location, size + 1);
    for (char *slash = path; slash; ) {
        slash = strchr(slash + 1, '/');
        if (slash)
            *slash = 0;
        int result = make_folder(disk, AT_FDCWD, path);
        if (result == -EBADF)               /* fsync of no descriptor: the working directory is not ours to force */
            result = 0;
        if (result)
            return result;
        if (slash)
            *slash = '/';
    }
    return 0;
}

static int open_location(const Disk *disk, bool make)
{
    int root = open(disk->location, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root >= 0 || errno != ENOENT || !make)
        return root >= 0 ? root : -errno;
    int result = make_location(disk);
    if (result)
        return result;
    root = open(disk->location, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return root >= 0 ? root : -errno;
}

/* The folder that holds the name, as a descriptor; *ret_last: the name's last part. */
static int open_parent(const Disk *disk, const char *name, bool make, const char **ret_last)
{
    char folder[STORED_NAME_LIMIT + 1] = "";
    const char *slash = strrchr(name, '/');
    *ret_last = slash ? slash + 1 : name;
    int root = open_location(disk, make);
    if (root < 0 || !slash)
        return root;
    memcpy(folder, name, (size_t)(slash - name));
    int at = open_beneath(root, folder, O_RDONLY | O_DIRECTORY), result = at >= 0 ? at : -errno;
    if (result != -ENOENT || !make) {
        close(root);
        return result;
    }
    /* Each missing level in the one above it, which is opened from the root again: a link that came meanwhile leads nowhere. */
    for (size_t done = 0; folder[done]; ) {
        size_t end = done + strcspn(folder + done, "/");
        char parent[sizeof folder], part[sizeof folder];
        snprintf(parent, sizeof parent, "%.*s", (int)(done ? done - 1 : 0), folder);
        snprintf(part, sizeof part, "%.*s", (int)(end - done), folder + done);
        int above = open_beneath(root, parent, O_RDONLY | O_DIRECTORY);
        result = above < 0 ? -errno : make_folder(disk, above, part);
        if (above >= 0)
            close(above);
        if (result < 0) {
            close(root);
            return result;
        }
        done = end + (folder[end] == '/');
    }
    at = open_beneath(root, folder, O_RDONLY | O_DIRECTORY);
    result = at >= 0 ? at : -errno;
    close(root);
    return result;
}

/* --- writing --------------------------------------------------------------------------------------------------------------------- */

typedef struct Writing {
    const Disk *disk;
    const char *name;
    const FileContent *content;
    bool overwrite;
    int result;
    char temporary[48];                 /* ".capo-…"; "": it has no name */
} Writing;

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        bytes += n;
        size -= (size_t)n;
    }
    return 0;
}

static int copy_file(int to, const char *path)
{
    char *block = malloc(COPY_BYTES);
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), result = from < 0 ? -errno : block ? 0 : -ENOMEM;
    while (!result) {
        ssize_t n = read(from, block, COPY_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            result = n < 0 ? -errno : 0;
            break;
        }
        result = write_all(to, block, (size_t)n);
    }
    if (from >= 0)
        close(from);
    free(block);
    return result;
}

static void name_temporary(Writing *writing)
{
    uint8_t random[16] = { 0 };
    char hex[2 * sizeof random + 1];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        memcpy(random, &writing, sizeof writing);       /* O_EXCL refuses a name that is taken, however it came about */
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(hex + 2 * i, 3, "%02x", random[i]);
    snprintf(writing->temporary, sizeof writing->temporary, ".capo-%s", hex);
}

/* Not every file system has files without a name, and without /proc they could not get one. */
static int begin_file(Writing *writing, int folder)
{
    int fd = access("/proc/self/fd", X_OK) == 0 ? openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600) : -1;
    if (fd >= 0)
        return fd;
    name_temporary(writing);
    fd = openat(folder, writing->temporary, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        writing->temporary[0] = 0;
    return fd < 0 ? -errno : fd;
}

static int link_as(Writing *writing, int folder, int fd, const char *name)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    bool unnamed = !writing->temporary[0];
    return linkat(unnamed ? AT_FDCWD : folder, unnamed ? path : writing->temporary, folder, name, unnamed ? AT_SYMLINK_FOLLOW : 0) == 0 ? 0 : -errno;
}

/* Gives the file its name. */
static int publish(Writing *writing, int folder, int fd, const char *last)
{
    if (writing->overwrite && !writing->temporary[0]) {
        Writing named = *writing;
        name_temporary(&named);
        int result = link_as(writing, folder, fd, named.temporary);
        if (result)
            return result;
        memcpy(writing->temporary, named.temporary, sizeof named.temporary);
    }
    int result = writing->overwrite ? renameat(folder, writing->temporary, folder, last) == 0 ? 0 : -errno : link_as(writing, folder, fd, last);
    /* a file system without links */
    if (!writing->overwrite && writing->temporary[0] && (result == -EPERM || result == -EOPNOTSUPP || result == -ENOSYS))
        result = renameat2(folder, writing->temporary, folder, last, RENAME_NOREPLACE) == 0 ? 0 : -errno;
    return result;
}

static void write_job(void *argument)
{
    Writing *writing = argument;
    const char *last;
    int folder = open_parent(writing->disk, writing->name, true, &last);
    if (folder < 0) {
        writing->result = folder;
        return;
    }
    int fd = begin_file(writing, folder), result = fd < 0 ? fd : 0;
    if (!result)
        result = writing->content->path ? copy_file(fd, writing->content->path) : write_all(fd, writing->content->bytes, writing->content->size);
    if (!result && (fchmod(fd, (mode_t)writing->disk->file_mode) != 0 || fsync(fd) != 0))
        result = -errno;
    if (!result)
        result = publish(writing, folder, fd, last);
    if (writing->temporary[0])
        unlinkat(folder, writing->temporary, 0);        /* gone already where it was renamed */
    if (!result && fsync(folder) != 0)
        result = -errno;
    if (fd >= 0)
        close(fd);
    close(folder);
    writing->result = result;
}

static int write_disk(void *state, const char *name, const FileContent *content, bool overwrite)
{
    Writing writing = { .disk = state, .name = name, .content = content, .overwrite = overwrite };
    capo_offload(write_job, &writing);
    return writing.result;
}

/* --- reading, looking, removing ------------------------------------------------------------------------------------------------------- */

static int descriptor(void *state, const char *name)
{
    const Disk *disk = state;
    int fd = capo_open_beneath(disk->location, name);
    return fd >= 0 ? fd : -errno;
}

static ssize_t read_disk(void *state, const char *name, int64_t offset, void *into, size_t size)
{
    int fd = descriptor(state, name);
    if (fd < 0)
        return fd;
    ssize_t n;
    do
        n = pread(fd, into, size, offset);
    while (n < 0 && errno == EINTR);
    int reason = errno;
    close(fd);
    return n < 0 ? -reason : n;
}

static int64_t microseconds(struct timespec moment)
{
    return (int64_t)moment.tv_sec * 1000000 + moment.tv_nsec / 1000;
}

static int look_disk(void *state, const char *name, StoredFacts *ret)
{
    struct stat status;
    const char *last;
    int folder = open_parent(state, name, false, &last);
    if (folder < 0)
        return folder == -ENOTDIR ? -ENOENT : folder;
    /* A link, or what is no file, has the name too: it is not free. */
    int result = fstatat(folder, last, &status, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : -errno;
    close(folder);
    if (result)
        return result;
    *ret = (StoredFacts){ .size = status.st_size, .modified_us = microseconds(status.st_mtim), .accessed_us = microseconds(status.st_atim),
                          .created_us = microseconds(status.st_ctim) };
    return 0;
}

static int remove_disk(void *state, const char *name)
{
    const char *last;
    int folder = open_parent(state, name, false, &last);
    if (folder < 0)
        return folder;
    int result = unlinkat(folder, last, 0) == 0 ? 0 : -errno;
    close(folder);
    return result;
}

static void list_disk(void *state, const char *folder, void (*found)(void *context, const char *name, bool is_folder), void *context)
{
    const Disk *disk = state;
    int root = open_location(disk, false);
    if (root < 0)
        return;
    int fd = open_beneath(root, folder, O_RDONLY | O_DIRECTORY);
    close(root);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (!entries) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL; ) {
        struct stat status;
        if (entry->d_name[0] == '.' || fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))
            found(context, entry->d_name, S_ISDIR(status.st_mode));
    }
    closedir(entries);
}

static char *path_disk(void *state, const char *name)
{
    const Disk *disk = state;
    return capo_format("%s%s%s", disk->location, capo_ends_with(disk->location, "/") ? "" : "/", name);
}

const StorageBackend capo_filesystem_storage = {
    .name = "file system", .open = open_disk, .close = close_disk, .write = write_disk, .read = read_disk, .remove = remove_disk, .look = look_disk,
    .list = list_disk, .path = path_disk, .descriptor = descriptor,
};

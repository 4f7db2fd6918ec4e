/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening files below a folder and nowhere else: a name with "..", a leading '/', a backslash or a component that begins with '.' is no
 * name, and the kernel resolves the rest beneath the folder's handle, so that a symbolic link cannot lead out either. */
#include "files_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

bool file_name_is_safe(const char *name)
{
    if (!*name || strlen(name) > STORED_NAME_LIMIT || strchr(name, '\\'))
        return false;
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    for (const char *part = name;;) {
        size_t size = strcspn(part, "/");
        if (size == 0 || *part == '.')
            return false;
        if (!part[size])
            return true;
        part += size + 1;
    }
}

/* Where openat2 is missing or forbidden: each component by itself, and no symbolic links at all. */
static int open_by_components(int folder, const char *name, int flags)
{
    int at = fcntl(folder, F_DUPFD_CLOEXEC, 0);
    while (at >= 0) {
        size_t size = strcspn(name, "/");
        char part[STORED_PART_LIMIT + 1];
        if (size >= sizeof part) {
            close(at);
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(part, name, size);
        part[size] = 0;
        bool last = !name[size];
        int next = openat(at, size ? part : ".", last ? flags | O_NOFOLLOW : O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_DIRECTORY);
        int reason = errno;
        close(at);
        errno = reason;
        if (last)
            return next;
        at = next;
        name += size + 1;
    }
    return -1;
}

int open_beneath(int folder, const char *name, int flags)
{
    struct open_how how = { .flags = (uint64_t)flags | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
    int fd = (int)syscall(SYS_openat2, folder, *name ? name : ".", &how, sizeof how);
    return fd < 0 && (errno == ENOSYS || errno == EPERM) ? open_by_components(folder, name, flags | O_CLOEXEC) : fd;
}

int capo_open_beneath(const char *directory, const char *name)
{
    if (!file_name_is_safe(name)) {
        errno = ENOENT;
        return -1;
    }
    int folder = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -1;
    int fd = open_beneath(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    int reason = errno;
    close(folder);
    struct stat status;
    if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))) {
        close(fd);
        errno = ENOENT;
        return -1;
    }
    errno = reason;
    return fd;
}

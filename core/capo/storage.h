/* SPDX-License-Identifier: BSD-3-Clause */
/* Storages: where files live that outlast a request, what visitors uploaded and what the site writes for them (Django's Storage).
 *
 *     FileStorage *media = capo_storage(NULL);                                 // "default"
 *     const char *name = capo_storage_save(media, "reports/june.csv", capo_content_text(csv), 0);
 *     return capo_redirect(req, capo_storage_url(media, name));                // "/media/reports/june.csv"
 *
 * A name is a path below the storage: relative, with '/' between its parts, none of which is "." or ".." or begins with a '.'. Whatever
 * a name was made of, the final one is checked before anything is touched: ERROR_SUSPICIOUS_OPERATION, a 400, for one that is none.
 *
 * A site has the storage "default", the folder of settings' .media_root, without any setting. Others are rows of `.storages`:
 *
 *     .media_root = "/srv/mysite/media",
 *     .storages = STORAGES({ "private", .location = "/srv/mysite/private" },
 *                          { "invoices", .backend = &my_object_store, .options = &(MyStore){ .bucket = "invoices" } }),
 *
 * The one on disk (capo_filesystem_storage) creates each file as a whole: its bytes and its directory are on the disk (fsync) when
 * capo_storage_save returns, and until then nobody finds the name. Two who save one name at once get two files. Modes are exact whatever
 * the umask. A symbolic link may lead to another place below the folder, never out of it. Disk work runs on helper threads.
 *
 * All calls may wait, and raise: 404 for a file that is not there, 507 where the disk is full, 500 for what else the system refuses,
 * ERROR_NOT_SUPPORTED for what this storage cannot. Results live in the arena of the running unit. */
#pragma once
#include <sys/types.h>
#include "request.h"

typedef struct FileStorage FileStorage;

/* What is written: bytes, or a file on disk (the temporary one of an upload). `name` is what it was called where it came from. */
typedef struct FileContent {
    const char *name;
    const char *path;                   /* NULL: the bytes */
    const void *bytes;
    size_t size;                        /* of the bytes */
} FileContent;
FileContent capo_content_bytes(const char *name, const void *bytes, size_t size);
FileContent capo_content(const char *name, const char *text);
#define capo_content_text(text) capo_content(NULL, (text))
/* An upload of this request; its file is gone with the request, unless it was saved. */
FileContent capo_content_upload(const UploadedFile *upload);

/* --- the files of a storage --- */

/* The storage of this alias; NULL: "default". Raises ERROR_IMPROPERLY_CONFIGURED for one that the settings have not. */
FileStorage *capo_storage(const char *alias);
bool capo_storage_is_known(const char *alias);
/* All of the settings, "default" first. */
FileStorage *const *capo_storages(size_t *ret_count);
const char *capo_storage_alias(const FileStorage *storage);
/* Writes the content under this name, or, where that is taken, under one with seven random characters before its ending
 * ("june_Kq3xZ0a.csv"): the name that it got. max_length: the most characters of that name, whose stem is cut (0: no limit).
 * NULL for the name: the content's own, made valid. */
const char *capo_storage_save(FileStorage *storage, const char *name, FileContent content, int max_length);
/* Also of a name that is not there: false, -, nothing happens. */
bool capo_storage_exists(FileStorage *storage, const char *name);
void capo_storage_delete(FileStorage *storage, const char *name);
int64_t capo_storage_size(FileStorage *storage, const char *name);
/* For browsers; NULL: the storage has no addresses. Of one with .signed_for the address carries a signature and its time. */
const char *capo_storage_url_or_null(FileStorage *storage, const char *name);
const char *capo_storage_url(FileStorage *storage, const char *name);
/* On this machine's disk; NULL: the storage keeps its files elsewhere. */
const char *capo_storage_path_or_null(FileStorage *storage, const char *name);
const char *capo_storage_path(FileStorage *storage, const char *name);
/* When it was last written, last read (where the disk keeps that) and when it came here: on disk mtime, atime and ctime. */
DateTime capo_storage_modified(FileStorage *storage, const char *name);
DateTime capo_storage_accessed(FileStorage *storage, const char *name);
DateTime capo_storage_created(FileStorage *storage, const char *name);
/* The folders and files directly below a folder ("": the storage itself), sorted; each list ends with NULL. */
void capo_storage_list(FileStorage *storage, const char *folder, const char *const **ret_folders, const char *const **ret_files);

/* Reading, piece by piece; closed at the end of the unit of work at the latest. */
typedef struct StoredFile StoredFile;
StoredFile *capo_storage_open(FileStorage *storage, const char *name);
StoredFile *capo_upload_open(const UploadedFile *upload);                   /* an upload, before it is saved or instead */
size_t capo_stored_read(StoredFile *file, void *into, size_t size);         /* 0: at the end */
void capo_stored_seek(StoredFile *file, int64_t offset);
int64_t capo_stored_size(StoredFile *file);
/* The whole file with a NUL behind it, at most CAPO_BUFFER_MAX. *ret_size may be NULL. */
const char *capo_storage_read(FileStorage *storage, const char *name, size_t *ret_size);

/* --- names --- */

/* As save() would choose: the name itself, if it is free and not too long. */
const char *capo_storage_available_name(FileStorage *storage, const char *name, int max_length);
/* The folder as it is, and behind it the last part made valid: letters, digits, '_', '-' and '.', no '.' at its beginning, at most 255
 * bytes. "covers/../../My Photo!.png" is refused, "covers/My Photo!.png" is "covers/My_Photo.png". */
const char *capo_storage_generate_name(const char *name);
/* Raises ERROR_SUSPICIOUS_OPERATION unless it is a name as said above. */
void capo_storage_check_name(const char *name);

/* Opens a regular file for reading that lies beneath the folder, whatever links and dots the name holds; -1 with errno. The
 * caller closes it. */
int capo_open_beneath(const char *directory, const char *name);

/* --- settings --- */

typedef struct StorageBackend StorageBackend;
typedef struct StoredFacts { int64_t size, modified_us, accessed_us, created_us; } StoredFacts;      /* bytes; microseconds since 1970 */
typedef struct StorageSettings {
    const char *name;                   /* "default", "private": the alias */
    const StorageBackend *backend;      /* NULL: capo_filesystem_storage */
    const char *location;               /* its folder; "default": settings' .media_root */
    const char *base_url;               /* what addresses begin with, '/' at the end; "default": settings' .media_url. None: no addresses */
    int file_mode, directory_mode;      /* 0640; 0: 0644, and for directories what the umask leaves of 0777 */
    bool allow_overwrite;               /* saving a name that is there replaces the file, as a whole */
    int64_t signed_for;                 /* seconds that an address is good: it is signed, for capo_serve_media of this storage */
    const void *options;                /* of a back end of one's own; must stay */
} StorageSettings;
#define STORAGES(...) ((const StorageSettings[]){ __VA_ARGS__, { 0 } })

/* Files below .location, which is made when it is first needed. */
extern const StorageBackend capo_filesystem_storage;
/* Files in the memory of this process, for tests: nothing touches the disk, and all is gone with it. */
extern const StorageBackend capo_memory_storage;

/* A back end of one's own, an object store say. Names that it is given have been checked. It is called from fibers: it may wait, and raise
 * for what went wrong; where it says so it returns -ENOENT or -EEXIST instead. */
struct StorageBackend {
    const char *name;
    void *(*open)(const StorageSettings *settings);     /* once in a process, at first use; what it gives is `state` */
    void (*close)(void *state);
    /* All of the content or nothing. -EEXIST: the name is taken, and `overwrite` not asked for. */
    int (*write)(void *state, const char *name, const FileContent *content, bool overwrite);
    /* Bytes from the offset on: how many, 0 at the end; -ENOENT. */
    ssize_t (*read)(void *state, const char *name, int64_t offset, void *into, size_t size);
    int (*remove)(void *state, const char *name);       /* -ENOENT */
    /* What there is of a name; -ENOENT. */
    int (*look)(void *state, const char *name, StoredFacts *ret);
    /* Calls found(context, name, is_folder) for each entry directly below the folder. NULL: cannot. */
    void (*list)(void *state, const char *folder, void (*found)(void *context, const char *name, bool is_folder), void *context);
    char *(*url)(void *state, const char *name);        /* NULL: .base_url and the quoted name */
    char *(*path)(void *state, const char *name);       /* NULL: it has no files on this machine */
    /* A descriptor for reading, which the caller closes; negative: an errno. NULL: by read(). */
    int (*descriptor)(void *state, const char *name);
};

/* What settings call. Storages of rows that are gone or differ are closed. Raises ERROR_IMPROPERLY_CONFIGURED. */
void capo_storages_configure(const StorageSettings *rows, const char *media_root, const char *media_url);
/* A storage beside those of the settings, for .storage_function of a field: from a row that must stay, the same at each call. */
FileStorage *capo_storage_of(const StorageSettings *row);
/* For tests of a project: all that are on disk keep their files below this folder from now on, each in one of its name; NULL: where their
 * rows say. The text must stay. */
void capo_storages_move(const char *folder);
/* The row that it was made of, defaults filled in. */
const StorageSettings *capo_storage_settings(const FileStorage *storage);
/* A descriptor for reading, or -1 where the storage has none to give; -ENOENT. The caller closes it. */
int capo_storage_descriptor(FileStorage *storage, const char *name);

/* SPDX-License-Identifier: BSD-3-Clause */
/* Storages as the site sees them: the rows of settings, names that are safe and free, and the calls of the interface on any back end. */
#include "files_internal.h"
#include <capo/loop.h>
#include <capo/text.h>
#include <capo/time.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RANDOM_CHARACTERS = 7, LONGEST_ENDING = 32, TRIES = 100, READ_BYTES = 64 * 1024, MOST_STORAGES = 64 };

struct FileStorage {
    StorageSettings settings;           /* texts of its own */
    const StorageSettings *row;         /* capo_storage_of: whose it is */
    void *state;
    bool open;
};

UrlSigner *storage_url_signer;
/* Those of the settings, the first of them "default", and those of rows beside them. */
static FileStorage *storages[MOST_STORAGES], *others[MOST_STORAGES];
static size_t n_storages, n_others;
static const char *moved_to;

static void close_storage(FileStorage *storage)
{
    if (storage->open && storage->settings.backend->close)
        storage->settings.backend->close(storage->state);
    storage->open = false;
}

/* --- the storages of the site --------------------------------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_settings(const StorageSettings *a, const StorageSettings *b)
{
    return same_text(a->name, b->name) && same_text(a->location, b->location) && same_text(a->base_url, b->base_url) && a->backend == b->backend &&
           a->file_mode == b->file_mode && a->directory_mode == b->directory_mode && a->allow_overwrite == b->allow_overwrite &&
           a->signed_for == b->signed_for && a->options == b->options;
}

static void check_row(const StorageSettings *row)
{
    if (row->base_url && !(capo_ends_with(row->base_url, "/") && (*row->base_url == '/' || capo_starts_with(row->base_url, "http://") ||
                                                                  capo_starts_with(row->base_url, "https://"))))
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The address of the storage '%s' is '%s'; it must begin with '/' (or http://, https://) and end with '/'.",
                   row->name, row->base_url);
    if ((row->file_mode | row->directory_mode) & ~0777)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The storage '%s' has a mode that is not one of 0001 to 0777 (write it with the leading 0).", row->name);
    if (row->signed_for < 0 || (row->signed_for && !row->base_url))
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The storage '%s' has a .signed_for that is negative, or no .base_url to sign.", row->name);
    if (row->backend == &capo_filesystem_storage && (!row->location || !*row->location))
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The storage '%s' of settings' .storages keeps files on disk and has no .location, the folder for them.", row->name);
}

static const char *keep(const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        capo_raise(503, "There is no memory left for the storages of the settings.");
    return copy;
}

static FileStorage *make_storage(const StorageSettings *settings)
{
    FileStorage *storage = calloc(1, sizeof *storage);
    if (!storage)
        capo_raise(503, "There is no memory left for the storages of the settings.");
    storage->settings = *settings;
    storage->settings.name = keep(settings->name);
    storage->settings.location = keep(settings->location);
    storage->settings.base_url = keep(settings->base_url);
    return storage;
}

static void end_storage(FileStorage *storage)
{
    close_storage(storage);
    free((char *)storage->settings.name);
    free((char *)storage->settings.location);
    free((char *)storage->settings.base_url);
    free(storage);
}

static FileStorage *take_row(const StorageSettings *settings)
{
    for (size_t i = 0; i < n_storages; i++)
        if (storages[i] && same_settings(&storages[i]->settings, settings)) {
            FileStorage *taken = storages[i];
            storages[i] = NULL;
            return taken;
        }
    return make_storage(settings);
}

/* "default" first, defaults filled in, all of them checked: how many. */
static size_t checked_rows(const StorageSettings *rows, const char *media_root, const char *media_url, StorageSettings ret[MOST_STORAGES])
{
    size_t n = 1;
    ret[0] = (StorageSettings){ .name = "default" };
    for (const StorageSettings *row = rows; row && row->name; row++) {
        for (const StorageSettings *other = rows; other < row; other++)
            if (strcmp(other->name, row->name) == 0)
                capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The storage '%s' stands twice in settings' .storages.", row->name);
        if (n == MOST_STORAGES)
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "Settings' .storages has more than %d rows.", MOST_STORAGES - 1);
        ret[strcmp(row->name, "default") == 0 ? 0 : n++] = *row;
    }
    ret[0].location = ret[0].location ? ret[0].location : media_root;
    ret[0].base_url = ret[0].base_url ? ret[0].base_url : media_url;
    for (size_t i = 0; i < n; i++) {
        ret[i].backend = ret[i].backend ? ret[i].backend : &capo_filesystem_storage;
        check_row(&ret[i]);
    }
    return n;
}

void capo_storages_configure(const StorageSettings *rows, const char *media_root, const char *media_url)
{
    StorageSettings checked[MOST_STORAGES];
    FileStorage *made[MOST_STORAGES];
    size_t n = checked_rows(rows, media_root, media_url, checked);
    for (size_t i = 0; i < n; i++)
        made[i] = take_row(&checked[i]);
    for (size_t i = 0; i < n_storages; i++)
        if (storages[i])
            end_storage(storages[i]);
    memcpy(storages, made, n * sizeof *made);
    n_storages = n;
}

static FileStorage *find_storage(const char *alias)
{
    if (!n_storages)
        capo_storages_configure(NULL, "media", "/media/");
    for (size_t i = 0; i < n_storages; i++)
        if (strcmp(storages[i]->settings.name, alias) == 0)
            return storages[i];
    return NULL;
}

bool capo_storage_is_known(const char *alias) { return find_storage(alias ? alias : "default") != NULL; }

FileStorage *const *capo_storages(size_t *ret_count)
{
    find_storage("default");
    *ret_count = n_storages;
    return storages;
}

FileStorage *capo_storage(const char *alias)
{
    FileStorage *storage = find_storage(alias ? alias : "default");
    if (storage)
        return storage;
    const char *names[MOST_STORAGES];
    for (size_t i = 0; i < n_storages; i++)
        names[i] = storages[i]->settings.name;
    capo_raise(ERROR_IMPROPERLY_CONFIGURED, "Settings' .storages has no storage '%s'.%s", alias, capo_did_you_mean(alias, names, n_storages));
}

FileStorage *capo_storage_of(const StorageSettings *row)
{
    for (size_t i = 0; i < n_others; i++)
        if (others[i]->row == row)
            return others[i];
    if (n_others == MOST_STORAGES)
        capo_bug("capo_storage_of was called for more than %d rows: they must stay the same", MOST_STORAGES);
    StorageSettings settings = *row;
    settings.name = row->name ? row->name : "";
    settings.backend = settings.backend ? settings.backend : &capo_filesystem_storage;
    check_row(&settings);
    others[n_others] = make_storage(&settings);
    others[n_others]->row = row;
    return others[n_others++];
}

const char *capo_storage_alias(const FileStorage *storage) { return storage->settings.name; }
const StorageSettings *capo_storage_settings(const FileStorage *storage) { return &storage->settings; }

void capo_storages_move(const char *folder)
{
    moved_to = folder;
    for (size_t i = 0; i < n_storages + n_others; i++) {
        FileStorage *storage = i < n_storages ? storages[i] : others[i - n_storages];
        if (storage->settings.backend == &capo_filesystem_storage)
            close_storage(storage);
    }
}

static void *state_of(FileStorage *storage)
{
    if (!storage->open) {
        StorageSettings settings = storage->settings;
        if (moved_to && settings.backend == &capo_filesystem_storage)
            settings.location = capo_format("%s/%s", moved_to, settings.name);
        storage->state = settings.backend->open ? settings.backend->open(&settings) : NULL;
        storage->open = true;
    }
    return storage->state;
}

/* --- names ---------------------------------------------------------------------------------------------------------------------------- */

void capo_storage_check_name(const char *name)
{
    if (!name || !file_name_is_safe(name) || !capo_utf8_valid(name, strlen(name)))
        capo_raise(ERROR_SUSPICIOUS_OPERATION, "'%.200s' is no name for a file in a storage: it must be a path below it, without \"..\", without parts that begin with "
                   "a dot, and without backslashes and control characters.", name ? name : "");
}

const char *capo_storage_generate_name(const char *name)
{
    char *slashed = capo_strdup(name);
    for (char *c = slashed; *c; c++)
        *c = *c == '\\' ? '/' : *c;
    char *slash = strrchr(slashed, '/'), *last = slash ? slash + 1 : slashed;
    char *valid = capo_valid_file_name(last, strlen(last));
    valid += strspn(valid, ".");
    if (!*valid)
        capo_raise(ERROR_SUSPICIOUS_OPERATION, "No file name can be made of '%.100s'.", last);
    Buffer out = { 0 };
    /* "a//b/./c" is "a/b/c", as normpath has it; ".." stays, and is refused below. */
    for (char *part = slashed; slash && part < last; ) {
        size_t size = strcspn(part, "/");
        if (size && !(size == 1 && *part == '.')) {
            capo_put_bytes(&out, part, size);
            capo_put_char(&out, '/');
        } else if (part == slashed && !size) {
            capo_put_char(&out, '/');           /* an absolute path is not one below */
        }
        part += size + 1;
    }
    capo_put(&out, valid);
    const char *made = capo_buffer_text(&out);
    capo_storage_check_name(made);
    return made;
}

/* What stays at the end when a name is made shorter or another: ".png", ".tar.gz". */
static const char *ending_of(const char *last)
{
    const char *dot = strchr(last, '.'), *only = strrchr(last, '.');
    if (dot && dot > last && strlen(dot) <= LONGEST_ENDING)
        return dot;
    return only && only > last && strlen(only) <= LONGEST_ENDING ? only : last + strlen(last);
}

static bool is_short_enough(const char *name, const char *last, int max_length)
{
    return strlen(last) <= STORED_PART_LIMIT && strlen(name) <= STORED_NAME_LIMIT && (!max_length || capo_utf8_length(name, strlen(name)) <= (size_t)max_length);
}

/* folder/stem_Kq3xZ0a.ending, with the stem cut at a character until it is short enough. */
static const char *other_name(const char *name, int max_length)
{
    const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name, *ending = ending_of(last);
    size_t stem = (size_t)(ending - last);
    const char *random = capo_random_string(RANDOM_CHARACTERS, NULL);
    while (stem) {
        const char *made = capo_format("%.*s%.*s_%s%s", (int)(last - name), name, (int)stem, last, random, ending);
        if (is_short_enough(made, made + (last - name), max_length))
            return made;
        do
            stem--;
        while (stem && ((unsigned char)last[stem] & 0xc0) == 0x80);
    }
    capo_raise(ERROR_SUSPICIOUS_OPERATION, "Storage can not find an available filename for \"%.200s\". Please make sure that the corresponding file field allows "
               "sufficient \"max_length\".", name);
}

const char *capo_storage_available_name(FileStorage *storage, const char *name, int max_length)
{
    const char *slash = strrchr(name, '/'), *made = name;
    bool good = is_short_enough(name, slash ? slash + 1 : name, max_length);
    if (good)
        capo_storage_check_name(name);
    for (int i = 0; i < TRIES; i++) {
        if (good && (storage->settings.allow_overwrite || !capo_storage_exists(storage, made)))
            return made;
        made = other_name(name, max_length);
        good = true;
        capo_storage_check_name(made);
    }
    capo_raise(500, "No free name like '%.200s' was found in the storage '%s' in %d tries.", name, storage->settings.name, TRIES);
}

/* --- content ---------------------------------------------------------------------------------------------------------------------------- */

FileContent capo_content_bytes(const char *name, const void *bytes, size_t size) { return (FileContent){ .name = name, .bytes = bytes, .size = size }; }
FileContent capo_content(const char *name, const char *text) { return capo_content_bytes(name, text, strlen(text)); }
FileContent capo_content_upload(const UploadedFile *upload) { return (FileContent){ .name = upload->name, .path = upload->path }; }

/* --- the calls ---------------------------------------------------------------------------------------------------------------------------- */

static _Noreturn void failed(const FileStorage *storage, const char *what, const char *name, int error)
{
    bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    if (error == ENOENT)
        capo_raise(404, "There is no file '%s' in the storage '%s'.", name, storage->settings.name);
    if (error == EXDEV || error == ELOOP)
        capo_raise(ERROR_SUSPICIOUS_OPERATION, "The file '%s' of the storage '%s' could not be %s: a link on the way leads out of it.", name, storage->settings.name, what);
    capo_raise(full ? 507 : error == EMFILE || error == ENFILE ? 503 : 500, "The file '%s' of the storage '%s' could not be %s: %s.", name,
               storage->settings.name, what, strerror(error));
}

const char *capo_storage_save(FileStorage *storage, const char *name, FileContent content, int max_length)
{
    if (!name && !content.name)
        capo_bug("capo_storage_save was given neither a name nor a content that has one.");
    void *state = state_of(storage);
    const char *wanted = name ? name : capo_storage_generate_name(content.name);
    for (int i = 0; i < TRIES; i++) {
        const char *free_name = capo_storage_available_name(storage, wanted, max_length);
        int result = storage->settings.backend->write(state, free_name, &content, storage->settings.allow_overwrite);
        if (result == 0)
            return free_name;
        if (result != -EEXIST)              /* somebody was quicker: another name */
            failed(storage, "written", free_name, -result);
    }
    failed(storage, "written", wanted, EEXIST);
}

static bool look(FileStorage *storage, const char *name, StoredFacts *ret)
{
    void *state = state_of(storage);
    capo_storage_check_name(name);
    int result = storage->settings.backend->look(state, name, ret);
    if (result && result != -ENOENT)
        failed(storage, "looked at", name, -result);
    return result == 0;
}

static StoredFacts facts_of(FileStorage *storage, const char *name)
{
    StoredFacts facts = { 0 };
    if (!look(storage, name, &facts))
        failed(storage, "looked at", name, ENOENT);
    return facts;
}

bool capo_storage_exists(FileStorage *storage, const char *name) { return look(storage, name, &(StoredFacts){ 0 }); }
int64_t capo_storage_size(FileStorage *storage, const char *name) { return facts_of(storage, name).size; }
DateTime capo_storage_modified(FileStorage *storage, const char *name) { return (DateTime){ facts_of(storage, name).modified_us }; }
DateTime capo_storage_accessed(FileStorage *storage, const char *name) { return (DateTime){ facts_of(storage, name).accessed_us }; }
DateTime capo_storage_created(FileStorage *storage, const char *name) { return (DateTime){ facts_of(storage, name).created_us }; }

void capo_storage_delete(FileStorage *storage, const char *name)
{
    void *state = state_of(storage);
    capo_storage_check_name(name);
    int result = storage->settings.backend->remove(state, name);
    if (result && result != -ENOENT)
        failed(storage, "deleted", name, -result);
}

const char *capo_storage_url_or_null(FileStorage *storage, const char *name)
{
    const StorageSettings *settings = &storage->settings;
    void *state = state_of(storage);
    capo_storage_check_name(name);
    const char *url = settings->backend->url ? settings->backend->url(state, name)
        : settings->base_url ? capo_format("%s%s", settings->base_url, capo_url_quote(name, "/!~*'()")) : NULL;
    return url && settings->signed_for && !settings->backend->url && storage_url_signer ? storage_url_signer(storage, name, url) : url;
}

const char *capo_storage_url(FileStorage *storage, const char *name)
{
    const char *url = capo_storage_url_or_null(storage, name);
    if (!url)
        capo_raise(ERROR_VALUE, "The file '%s' is not accessible via a URL: the storage '%s' has no .base_url.", name, storage->settings.name);
    return url;
}

const char *capo_storage_path_or_null(FileStorage *storage, const char *name)
{
    void *state = state_of(storage);
    capo_storage_check_name(name);
    return storage->settings.backend->path ? storage->settings.backend->path(state, name) : NULL;
}

const char *capo_storage_path(FileStorage *storage, const char *name)
{
    const char *path = capo_storage_path_or_null(storage, name);
    if (!path)
        capo_raise(ERROR_NOT_SUPPORTED, "The file '%s' has no path: the storage '%s' (%s) does not keep it on this machine's disk.", name, storage->settings.name,
                   storage->settings.backend->name);
    return path;
}

int capo_storage_descriptor(FileStorage *storage, const char *name)
{
    void *state = state_of(storage);
    capo_storage_check_name(name);
    return storage->settings.backend->descriptor ? storage->settings.backend->descriptor(state, name) : -1;
}

/* --- listing ------------------------------------------------------------------------------------------------------------------------------ */

typedef struct Entries { List *folders, *files; } Entries;

static void note_entry(void *context, const char *name, bool is_folder)
{
    Entries *entries = context;
    capo_list_add(is_folder ? entries->folders : entries->files, capo_value_text(capo_strdup(name)));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *const *sorted_once(const List *list)
{
    const char **names = capo_alloc_array(list->count + 1, sizeof *names);
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        names[i] = list->items[i].text;
    if (list->count)
        qsort(names, list->count, sizeof *names, by_text);
    for (size_t i = 0; i < list->count; i++)
        if (!kept || strcmp(names[kept - 1], names[i]) != 0)
            names[kept++] = names[i];
    names[kept] = NULL;
    return names;
}

void capo_storage_list(FileStorage *storage, const char *folder, const char *const **ret_folders, const char *const **ret_files)
{
    Entries entries = { capo_list_new(), capo_list_new() };
    void *state = state_of(storage);
    if (*folder)
        capo_storage_check_name(folder);
    if (!storage->settings.backend->list)
        capo_raise(ERROR_NOT_SUPPORTED, "The storage '%s' (%s) cannot list its files.", storage->settings.name, storage->settings.backend->name);
    storage->settings.backend->list(state, folder, note_entry, &entries);
    if (ret_folders)
        *ret_folders = sorted_once(entries.folders);
    if (ret_files)
        *ret_files = sorted_once(entries.files);
}

/* --- reading ------------------------------------------------------------------------------------------------------------------------------ */

struct StoredFile {
    FileStorage *storage;               /* NULL: an upload */
    const char *name;
    int64_t at, size;
    int fd;                             /* -1: by the back end's read() */
};

static void close_stored(void *argument)
{
    StoredFile *file = argument;
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

StoredFile *capo_storage_open(FileStorage *storage, const char *name)
{
    StoredFile *file = capo_alloc_struct(StoredFile);
    *file = (StoredFile){ .storage = storage, .name = capo_strdup(name), .size = capo_storage_size(storage, name), .fd = -1 };
    if (!storage->settings.backend->descriptor)
        return file;
    int fd = capo_storage_descriptor(storage, name);
    if (fd < 0)
        failed(storage, "opened", name, -fd);
    file->fd = fd;
    capo_defer(close_stored, file);
    off_t end = lseek(fd, 0, SEEK_END);
    file->size = end < 0 ? file->size : end;
    return file;
}

StoredFile *capo_upload_open(const UploadedFile *upload)
{
    StoredFile *file = capo_alloc_struct(StoredFile);
    *file = (StoredFile){ .name = upload->name, .size = upload->size, .fd = open(upload->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) };
    if (file->fd < 0)
        capo_raise(500, "The upload '%s' could not be opened again: %s.", upload->name, strerror(errno));
    capo_defer(close_stored, file);
    return file;
}

size_t capo_stored_read(StoredFile *file, void *into, size_t size)
{
    ssize_t n;
    if (file->at >= file->size)
        return 0;
    do
        n = file->fd >= 0 ? pread(file->fd, into, size, file->at)
                          : file->storage->settings.backend->read(state_of(file->storage), file->name, file->at, into, size);
    while (n < 0 && file->fd >= 0 && errno == EINTR);
    if (n < 0 && !file->storage)
        capo_raise(500, "The upload '%s' could not be read: %s.", file->name, strerror(errno));
    if (n < 0)
        failed(file->storage, "read", file->name, file->fd >= 0 ? errno : (int)-n);
    file->at += n;
    return (size_t)n;
}

void capo_stored_seek(StoredFile *file, int64_t offset)
{
    if (offset < 0)
        capo_bug("capo_stored_seek was asked to go to %lld, before the file begins.", (long long)offset);
    file->at = offset;
}

int64_t capo_stored_size(StoredFile *file) { return file->size; }

const char *capo_storage_read(FileStorage *storage, const char *name, size_t *ret_size)
{
    StoredFile *file = capo_storage_open(storage, name);
    Buffer out = { 0 };
    if (file->size > (int64_t)CAPO_BUFFER_MAX)
        capo_raise(500, "The file '%s' of the storage '%s' has %lld bytes, too many to be read at once.", name, storage->settings.name, (long long)file->size);
    for (;;) {
        size_t room = out.size < (size_t)file->size ? (size_t)file->size - out.size : READ_BYTES;
        size_t n = capo_stored_read(file, capo_buffer_reserve(&out, room), room);
        if (!n)
            break;
        out.size += n;
    }
    close_stored(file);
    if (ret_size)
        *ret_size = out.size;
    capo_buffer_reserve(&out, 1)[0] = 0;
    return out.data;
}

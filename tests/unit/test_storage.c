/* SPDX-License-Identifier: BSD-3-Clause */
/* Storages: names, whole files, modes, links, and what comes out over HTTP. Ids are rows of the security list. */
#include "files_fixture.h"
#include "asking.h"
#include <capo/loop.h>
#include <capo/server.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

static const char *read_text(FileStorage *storage, const char *name) { return capo_storage_read(storage, name, NULL); }

static const char *joined(const char *const *names) { return capo_join(names, " "); }

/* Both that the library has promise the same. */
static void keeps_files(FileStorage *storage)
{
    EXPECT(!capo_storage_exists(storage, "a/b.txt"));
    EXPECT_TEXT(capo_storage_save(storage, "a/b.txt", capo_content_text("one"), 0), "a/b.txt");
    EXPECT(capo_storage_exists(storage, "a/b.txt"));
    EXPECT_TEXT(read_text(storage, "a/b.txt"), "one");
    EXPECT_INT(capo_storage_size(storage, "a/b.txt"), 3);
    const DateTime moments[] = { capo_storage_modified(storage, "a/b.txt"), capo_storage_accessed(storage, "a/b.txt"), capo_storage_created(storage, "a/b.txt") };
    for (int i = 0; i < 3; i++)
        EXPECT(llabs(moments[i].microseconds - capo_now().microseconds) < 60000000);

    const char *second = capo_storage_save(storage, "a/b.txt", capo_content_text("two"), 0);
    EXPECT(capo_starts_with(second, "a/b_") && capo_ends_with(second, ".txt"));
    EXPECT_INT(strlen(second), strlen("a/b_1234567.txt"));
    EXPECT_TEXT(read_text(storage, "a/b.txt"), "one");
    EXPECT_TEXT(read_text(storage, second), "two");
    EXPECT_TEXT(capo_storage_save(storage, NULL, capo_content("My Photo!.png", ""), 0), "My_Photo.png");
    EXPECT_INT(capo_storage_size(storage, "My_Photo.png"), 0);

    StoredFile *file = capo_storage_open(storage, "a/b.txt");
    char piece[8];
    EXPECT_INT(capo_stored_size(file), 3);
    EXPECT_INT(capo_stored_read(file, piece, 2), 2);
    EXPECT_INT(capo_stored_read(file, piece, 2), 1);
    EXPECT_INT(capo_stored_read(file, piece, 2), 0);
    capo_stored_seek(file, 1);
    EXPECT_INT(capo_stored_read(file, piece, 8), 2);
    EXPECT(memcmp(piece, "ne", 2) == 0);
    capo_stored_seek(file, INT64_MAX);
    EXPECT_INT(capo_stored_read(file, piece, 8), 0);

    const char *const *folders, *const *files;
    capo_storage_save(storage, "a/c/d.txt", capo_content_text(""), 0);
    capo_storage_list(storage, "a", &folders, &files);
    EXPECT_TEXT(joined(folders), "c");
    EXPECT_TEXT(joined(files), capo_format("b.txt %s", second + 2));
    capo_storage_list(storage, "", &folders, &files);
    EXPECT_TEXT(joined(folders), "a");
    EXPECT_TEXT(joined(files), "My_Photo.png");

    capo_storage_delete(storage, "a/b.txt");
    capo_storage_delete(storage, "a/b.txt");
    capo_storage_delete(storage, "nowhere/at/all");
    EXPECT(!capo_storage_exists(storage, "a/b.txt"));
}

static void read_missing(void *storage) { capo_storage_read(storage, "not/there.txt", NULL); }
static void size_missing(void *storage) { capo_storage_size(storage, "not/there.txt"); }

TEST(storages_keep_files)
{
    files_storages();
    for (int i = 0; i < 2; i++) {
        FileStorage *storage = capo_storage(i ? "memory" : NULL);
        keeps_files(storage);
        EXPECT_RAISES(404, read_missing, storage);
        EXPECT_RAISES(404, size_missing, storage);
    }
}

static void unknown_storage(void *unused)
{
    (void)unused;
    capo_storage("privat");
}

static void path_of_memory(void *unused)
{
    (void)unused;
    capo_storage_path(capo_storage("memory"), "x.txt");
}

static void url_of_private(void *unused)
{
    (void)unused;
    capo_storage_url(capo_storage("private"), "x.txt");
}

static const char *ordinary_root;

static void wrong_settings(void *row)
{
    StorageSettings rows[2] = { *(const StorageSettings *)row };
    capo_storages_configure(rows, ordinary_root, "/media/");
}

TEST(storages_have_addresses_and_paths)
{
    const char *folder = ordinary_root = files_storages();
    EXPECT_TEXT(capo_storage_url(capo_storage(NULL), "a b/\xc3\xbc&?#.png"), "/media/a%20b/%C3%BC%26%3F%23.png");
    EXPECT_TEXT(capo_storage_path(capo_storage(NULL), "a/b.png"), capo_format("%s/a/b.png", folder));
    EXPECT(capo_storage_url_or_null(capo_storage("private"), "x.txt") == NULL);
    EXPECT(capo_storage_path_or_null(capo_storage("memory"), "x.txt") == NULL);
    EXPECT_RAISES(ERROR_VALUE, url_of_private, NULL);
    EXPECT_RAISES(ERROR_NOT_SUPPORTED, path_of_memory, NULL);
    const Error *error = EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, unknown_storage, NULL);
    EXPECT(strstr(error->message, "Did you mean 'private'?"));
    EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, wrong_settings, (&(StorageSettings){ "x" }));
    EXPECT(capo_storage_is_known("signed") && !capo_storage_is_known("x"));
    EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, wrong_settings, (&(StorageSettings){ "x", .location = "x", .base_url = "/media" }));
    EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, wrong_settings, (&(StorageSettings){ "x", .location = "x", .file_mode = 644 }));
    EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, wrong_settings, (&(StorageSettings){ "x", .location = "x", .signed_for = 9 }));
    EXPECT_TEXT(capo_storage_path(capo_storage(NULL), "a/b.png"), capo_format("%s/a/b.png", folder));   /* those that failed changed nothing */
}

/* --- names -------------------------------------------------------------------------------------------------------------------- */

typedef struct Attempt { FileStorage *storage; const char *name; int call; } Attempt;

static void attempt(void *argument)
{
    const Attempt *a = argument;
    switch (a->call) {
    case 0: capo_storage_save(a->storage, a->name, capo_content_text("x"), 0); break;
    case 1: capo_storage_open(a->storage, a->name); break;
    case 2: capo_storage_delete(a->storage, a->name); break;
    case 3: capo_storage_url(a->storage, a->name); break;
    case 4: capo_storage_exists(a->storage, a->name); break;
    case 5: capo_storage_path(a->storage, a->name); break;
    case 6: capo_storage_size(a->storage, a->name); break;
    case 7: capo_storage_list(a->storage, *a->name ? a->name : "..", NULL, NULL); break;
    }
}

static void generate(void *name) { capo_storage_generate_name(name); }

TEST(storage_sec340_names_stay_below)
{
    const char *folder = files_storages(), *outside = capo_format("%s/../outside.txt", folder);
    EXPECT_INT(capo_write_file(outside, "secret", 6), -ENOENT);         /* the storage's folder is made when it is first needed */
    capo_storage_save(capo_storage(NULL), "first.txt", capo_content_text(""), 0);
    EXPECT_INT(capo_write_file(outside, "secret", 6), 0);
    static const char *const bad[] = { "", ".", "..", "/", "/etc/passwd", "../outside.txt", "a/../../outside.txt", "a/..", "a/./b", "a//b", "a/", "/a", "a\\..\\b",
        "..\\outside.txt", ".hidden", "a/.git/config", "a\nb", "a\x7f" "b", "\xff\xfe.txt", "\xc0\xae\xc0\xae/x", NULL };
    for (int i = 0; i < 2; i++)
        for (const char *const *name = bad; *name; name++)
            for (int call = 0; call < 8; call++)
                EXPECT_RAISES(ERROR_SUSPICIOUS_OPERATION, attempt, &((Attempt){ capo_storage(i ? "memory" : NULL), *name, call }));
    static const char *const bad_parts[] = { "..", "a/../b.txt", "../b.txt", "/a/b.txt", "a\\..\\..\\b.txt", "", "a/", "a/...", "a/!?", "..;/x", NULL };
    for (const char *const *name = bad_parts; *name; name++)
        EXPECT_RAISES(ERROR_SUSPICIOUS_OPERATION, generate, (void *)*name);
    EXPECT_TEXT(capo_storage_generate_name("covers/My Photo!.png"), "covers/My_Photo.png");
    EXPECT_TEXT(capo_storage_generate_name("a//b/./c d.png"), "a/b/c_d.png");
    EXPECT_TEXT(capo_storage_generate_name("a\\b\\c.png"), "a/b/c.png");
    EXPECT_TEXT(capo_storage_generate_name("..htaccess"), "htaccess");
    EXPECT_TEXT(read_text(capo_storage("default"), "first.txt"), "");
    EXPECT_TEXT(capo_read_file(outside, NULL), "secret");
}

TEST(storage_names_are_free_and_short)
{
    files_storages();
    FileStorage *storage = capo_storage("memory");
    capo_storage_save(storage, "photos/boat.tar.gz", capo_content_text(""), 0);
    const char *name = capo_storage_available_name(storage, "photos/boat.tar.gz", 0);
    EXPECT(capo_starts_with(name, "photos/boat_") && capo_ends_with(name, ".tar.gz"));
    EXPECT_TEXT(capo_storage_available_name(storage, "photos/new.png", 14), "photos/new.png");
    name = capo_storage_available_name(storage, "photos/abcdefghij.png", 20);
    EXPECT(strlen(name) == 20 && capo_starts_with(name, "photos/a_") && capo_ends_with(name, ".png"));
    /* characters count, not bytes, but a part of a path has 255 bytes */
    name = capo_storage_available_name(storage, "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc.png", 14);
    EXPECT(capo_utf8_length(name, strlen(name)) == 14 && capo_utf8_valid(name, strlen(name)));
    Buffer longest = { 0 };
    for (int i = 0; i < 300; i++)
        capo_put(&longest, "\xc3\xa4");
    name = capo_storage_save(storage, capo_format("%s.png", capo_buffer_text(&longest)), capo_content_text("x"), 0);
    EXPECT(strlen(name) <= 255 && capo_ends_with(name, ".png") && capo_utf8_valid(name, strlen(name)));
}

static void no_room_for_a_name(void *storage) { capo_storage_available_name(storage, "photos/boat.png", 12); }

TEST(storage_names_that_cannot_be_short_enough)
{
    files_storages();
    const Error *error = EXPECT_RAISES(ERROR_SUSPICIOUS_OPERATION, no_room_for_a_name, capo_storage(NULL));
    EXPECT(strstr(error->message, "Storage can not find an available filename for \"photos/boat.png\""));
}

TEST(storage_sec116_ten_thousand_of_one_name)
{
    files_storages();
    FileStorage *storage = capo_storage("memory");
    for (int i = 0; i < 10000; i++)
        capo_storage_save(storage, "same.txt", capo_content_text(""), 0);
    const char *const *files;
    capo_storage_list(storage, "", NULL, &files);
    size_t count = 0;
    while (files[count])
        count++;
    EXPECT_INT(count, 10000);
}

TEST(storage_sec343_names_are_literal)
{
    const char *folder = files_storages();
    FileStorage *storage = capo_storage(NULL);
    static const char *const odd[] = { "*", "?", "[a-z]", "-rf", "a b", "$(x)", "%2e%2e", "~", NULL };
    capo_storage_save(storage, "a", capo_content_text("kept"), 0);
    for (const char *const *name = odd; *name; name++)
        EXPECT_TEXT(capo_storage_save(storage, *name, capo_content_text(*name), 0), *name);
    for (const char *const *name = odd; *name; name++) {
        EXPECT_TEXT(read_text(storage, *name), *name);
        capo_storage_delete(storage, *name);
        EXPECT(!capo_storage_exists(storage, *name));
    }
    EXPECT_TEXT(read_text(storage, "a"), "kept");
    EXPECT(access(capo_format("%s/a", folder), F_OK) == 0);
}

/* --- the disk -------------------------------------------------------------------------------------------------------------------- */

static int mode_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (int)(status.st_mode & 07777) : -1;
}

static int entries_of(const char *folder)
{
    DIR *listing = opendir(folder);
    int count = 0;
    for (struct dirent *entry; listing && (entry = readdir(listing)); )
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (listing)
        closedir(listing);
    return count;
}

/* Makes files with the umask of the process while the storage works. */
static void *other_writer(void *folder)
{
    for (int i = 0; i < 200; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/other-%d", (const char *)folder, i);
        int fd = open(path, O_CREAT | O_WRONLY, 0666);
        if (fd >= 0)
            close(fd);
    }
    return NULL;
}

TEST(storage_sec341_modes_are_exact)
{
    const char *folder = files_folder();
    mode_t before = umask(077);
    const char *modes[] = { "strict", "usual" };
    capo_storages_configure(STORAGES({ "strict", .location = capo_format("%s/strict", folder), .file_mode = 0640, .directory_mode = 0750 },
                                     { "usual", .location = capo_format("%s/usual", folder) }), capo_format("%s/m", folder), "/media/");
    pthread_t thread;
    EXPECT(pthread_create(&thread, NULL, other_writer, (void *)folder) == 0);
    for (int i = 0; i < 40; i++)
        for (int k = 0; k < 2; k++)
            capo_storage_save(capo_storage(modes[k]), capo_format("a/b/%d.txt", i), capo_content_text("x"), 0);
    pthread_join(thread, NULL);
    EXPECT_INT(umask(before), 077);                                             /* nobody touched it */
    EXPECT_INT(mode_of(capo_format("%s/strict/a/b/1.txt", folder)), 0640);
    EXPECT_INT(mode_of(capo_format("%s/strict/a/b", folder)), 0750);
    EXPECT_INT(mode_of(capo_format("%s/strict/a", folder)), 0750);              /* each level, not the last alone */
    EXPECT_INT(mode_of(capo_format("%s/strict", folder)), 0750);
    EXPECT_INT(mode_of(capo_format("%s/usual/a/b/1.txt", folder)), 0644);
    EXPECT_INT(mode_of(capo_format("%s/usual/a/b", folder)), 0700);
    for (int i = 0; i < 200; i++)
        EXPECT_INT(mode_of(capo_format("%s/other-%d", folder, i)), 0600);
    capo_storages_configure(NULL, "media", "/media/");
}

TEST(storage_sec082_links_do_not_lead_out)
{
    const char *folder = files_storages(), *out = files_folder();
    FileStorage *storage = capo_storage(NULL);
    capo_storage_save(storage, "real/x.txt", capo_content_text("in"), 0);
    EXPECT_INT(capo_write_file(capo_format("%s/secret.txt", out), "secret", 6), 0);
    EXPECT(symlink(out, capo_format("%s/away", folder)) == 0);
    EXPECT(symlink(capo_format("%s/secret.txt", out), capo_format("%s/leak.txt", folder)) == 0);
    EXPECT(symlink("real", capo_format("%s/alias", folder)) == 0);
    EXPECT_TEXT(read_text(storage, "alias/x.txt"), "in");                       /* a link that stays inside is one more name */
    for (int call = 0; call < 7; call++)
        if (call != 3 && call != 5)
            EXPECT_RAISES(ERROR_SUSPICIOUS_OPERATION, attempt, &((Attempt){ storage, "away/secret.txt", call }));
    EXPECT_RAISES(ERROR_SUSPICIOUS_OPERATION, attempt, &((Attempt){ storage, "leak.txt", 1 }));
    const char *saved = capo_storage_save(storage, "leak.txt", capo_content_text("mine"), 0);
    EXPECT(strcmp(saved, "leak.txt") != 0);                                     /* the name is taken, by a link */
    capo_storage_delete(storage, "leak.txt");                                   /* the link itself */
    EXPECT_TEXT(capo_read_file(capo_format("%s/secret.txt", out), NULL), "secret");
    EXPECT_INT(entries_of(out), 1);
}

static void save_large(void *storage)
{
    char *large = capo_alloc(3 << 20);
    capo_storage_save(storage, "large.bin", capo_content_bytes(NULL, large, 3 << 20), 0);
}

TEST(storage_sec345_half_a_file_is_none)
{
    const char *folder = files_folder();
    capo_storages_configure(STORAGES({ "default", .allow_overwrite = true }, { "new", .location = capo_format("%s/new", folder) }), folder, "/media/");
    FileStorage *over = capo_storage(NULL), *new = capo_storage("new");
    capo_storage_save(over, "large.bin", capo_content_text("old"), 0);
    capo_storage_save(new, "first.txt", capo_content_text(""), 0);
    struct rlimit before, low = { 1 << 20, RLIM_INFINITY };
    EXPECT(getrlimit(RLIMIT_FSIZE, &before) == 0);
    low.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    EXPECT(setrlimit(RLIMIT_FSIZE, &low) == 0);
    const Error *error = capo_try(save_large, over), *other = capo_try(save_large, new);
    EXPECT(setrlimit(RLIMIT_FSIZE, &before) == 0);
    EXPECT(error && error->code == 507 && other && other->code == 507);
    EXPECT_TEXT(read_text(over, "large.bin"), "old");
    EXPECT(!capo_storage_exists(new, "large.bin"));
    EXPECT_INT(entries_of(folder), 2);                                          /* large.bin and new/: no remains */
    EXPECT_INT(entries_of(capo_format("%s/new", folder)), 1);
    save_large(over);                                                           /* and it goes on */
    EXPECT_INT(capo_storage_size(over, "large.bin"), 3 << 20);
    EXPECT_INT(entries_of(folder), 2);
    capo_storages_configure(NULL, "media", "/media/");
}

/* This program again, as one that writes until it is killed. */
static pid_t start_writer(const char *folder)
{
    pid_t child = fork();
    if (child == 0) {
        setenv("CAPO_TEST_WRITE_INTO", folder, 1);
        execl("/proc/self/exe", "unit", "storage_sec345_killed_while_it_writes", NULL);
        _exit(127);
    }
    return child;
}

enum { WHOLE = 256 * 1024 };

static void write_until_killed(const char *folder)
{
    char *bytes = capo_alloc(WHOLE);
    memset(bytes, 'w', WHOLE);
    capo_storages_configure(NULL, folder, "/media/");
    for (;;)
        capo_storage_save(capo_storage(NULL), "n/file.bin", capo_content_bytes(NULL, bytes, WHOLE), 0);
}

TEST(storage_sec345_killed_while_it_writes)
{
    if (getenv("CAPO_TEST_WRITE_INTO"))
        write_until_killed(getenv("CAPO_TEST_WRITE_INTO"));
    const char *folder = files_folder(), *inside = capo_format("%s/n", folder);
    int checked = 0;
    for (int round = 0; round < 8; round++) {
        int before = entries_of(inside);
        pid_t writer = start_writer(folder);
        for (int i = 0; i < 4000 && entries_of(inside) < before + 3; i++)
            usleep(2000);
        usleep((useconds_t)round * 300);
        EXPECT(kill(writer, SIGKILL) == 0);
        EXPECT(waitpid(writer, NULL, 0) == writer);
        EXPECT(entries_of(inside) >= before + 3);
    }
    capo_storages_configure(NULL, folder, "/media/");
    const char *const *files;
    for (capo_storage_list(capo_storage(NULL), "n", NULL, &files); *files; files++, checked++) {
        size_t size;
        const char *bytes = capo_storage_read(capo_storage(NULL), capo_format("n/%s", *files), &size);
        EXPECT_INT(size, WHOLE);
        EXPECT(bytes[0] == 'w' && memcmp(bytes, bytes + 1, WHOLE - 1) == 0);
    }
    EXPECT(checked >= 24 - 8);                      /* at most one a round had no name yet */
    capo_storages_configure(NULL, "media", "/media/");
}

static void write_shared(void *round)
{
    const char *text = capo_format("text of %d", *(const int *)round);
    const char *name = capo_storage_save(capo_storage(NULL), "same/name.txt", capo_content_text(text), 0);
    EXPECT_TEXT(read_text(capo_storage(NULL), name), text);
}

TEST(storage_sec346_two_writers_of_one_name)
{
    const char *folder = files_storages();
    static int rounds[40];
    for (int i = 0; i < 40; i++) {
        rounds[i] = i;
        capo_fiber_start("writer", write_shared, &rounds[i], NULL, false);      /* their disk work runs on two threads at once */
    }
    for (int i = 0; i < 2000 && entries_of(capo_format("%s/same", folder)) < 40; i++)
        capo_sleep(0.005);
    EXPECT_INT(entries_of(capo_format("%s/same", folder)), 40);
}

/* --- over HTTP -------------------------------------------------------------------------------------------------------------------- */

static const Route urls[] = {
    { "media/<path:path>", capo_serve_media, .methods = GET },
    { "signed/<path:path>", capo_serve_media, .arguments = ARGUMENTS(TEXT_ARGUMENT("storage", "signed")) },
    { "memory/<path:path>", capo_serve_media, .arguments = ARGUMENTS(TEXT_ARGUMENT("storage", "memory")) },
    { 0 }
};

static void files_site(bool debug, const Route *routes)
{
    const char *folder = files_folder();
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .urls = routes, .allowed_hosts = LIST("*"), .debug = debug,
        .middleware = MIDDLEWARE(NULL), .media_root = capo_format("%s/media", folder), .storages = STORAGES({ "memory", .backend = &capo_memory_storage },
        { "signed", .location = capo_format("%s/signed", folder), .base_url = "/signed/", .signed_for = 60 }) });
}

TEST(storage_sec348_files_of_visitors_are_never_pages)
{
    files_site(false, urls);
    static const struct { const char *name, *type; bool shown; } files[] = {
        { "a.png", "image/png", true }, { "a.jpg", "image/jpeg", true }, { "a.mp4", "video/mp4", true }, { "a.txt", "text/plain; charset=utf-8", true },
        { "a.html", "application/octet-stream", false }, { "a.HTM", "application/octet-stream", false }, { "a.svg", "application/octet-stream", false },
        { "a.js", "application/octet-stream", false }, { "a.xml", "application/octet-stream", false }, { "a.pdf", "application/pdf", false },
        { "a.xhtml", "application/octet-stream", false }, { "a.wasm", "application/octet-stream", false }, { "noending", "application/octet-stream", false },
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        for (int memory = 0; memory < 2; memory++) {
            capo_storage_save(capo_storage(memory ? "memory" : NULL), files[i].name, capo_content_text("<script>alert(1)</script>"), 0);
            Asked answer = ask("GET", capo_format("/%s/%s", memory ? "memory" : "media", files[i].name), NULL, NULL);
            EXPECT_INT(answer.status, 200);
            EXPECT_TEXT(header_of(answer, "Content-Type"), files[i].type);
            EXPECT_TEXT(header_of(answer, "X-Content-Type-Options"), "nosniff");
            EXPECT_TEXT(header_of(answer, "Content-Security-Policy"), "default-src 'none'; style-src 'unsafe-inline'; sandbox");
            const char *disposition = header_of(answer, "Content-Disposition");
            EXPECT((disposition == NULL) == files[i].shown);
            if (disposition)
                EXPECT_TEXT(disposition, capo_format("attachment; filename=\"%s\"", files[i].name));
        }
    static const char *const bad[] = { "", "../x", "%2e%2e/x", "a/%2e%2e/%2e%2e/etc/passwd", "/etc/passwd", ".hidden", "a%5cb", "not-there.png", "..%2fsigned/bill.pdf", NULL };
    for (const char *const *path = bad; *path; path++)
        EXPECT(ask("GET", capo_format("/media/%s", *path), NULL, NULL).status == 404);
}

/* A busy server says so: the file is there, and what asks once more will have it. */
TEST(storage_media_when_no_descriptor_is_left)
{
    files_site(false, urls);
    capo_storage_save(capo_storage(NULL), "a.png", capo_content_text("picture"), 0);
    struct rlimit before, low = { 0 };
    EXPECT(getrlimit(RLIMIT_NOFILE, &before) == 0);
    low.rlim_max = before.rlim_max;
    EXPECT(setrlimit(RLIMIT_NOFILE, &low) == 0);
    int status = ask("GET", "/media/a.png", NULL, NULL).status;
    EXPECT(setrlimit(RLIMIT_NOFILE, &before) == 0);
    EXPECT_INT(status, 503);
    EXPECT_INT(ask("GET", "/media/a.png", NULL, NULL).status, 200);
}

TEST(storage_media_are_served_in_debug_alone)
{
    static const Route none[] = { { 0 } };
    for (int debug = 0; debug < 2; debug++) {
        files_site(debug, none);
        capo_storage_save(capo_storage(NULL), "a b.png", capo_content_text("picture"), 0);
        EXPECT_INT(ask("GET", capo_storage_url(capo_storage(NULL), "a b.png"), NULL, NULL).status, debug ? 200 : 404);
    }
    Asked answer = ask("GET", "/media/a%20b.png", NULL, NULL);
    EXPECT_TEXT(answer.body, "picture");
    Asked part = ask("GET", "/media/a%20b.png", HEADERS({ "Range", "bytes=1-3" }), NULL);
    EXPECT_INT(part.status, 206);
    EXPECT_TEXT(part.body, "ict");
    EXPECT_TEXT(header_of(part, "Content-Range"), "bytes 1-3/7");
    EXPECT_TEXT(header_of(part, "Content-Type"), "image/png");
    EXPECT_INT(ask("GET", "/media/a%20b.png", HEADERS({ "If-Modified-Since", header_of(answer, "Last-Modified") }), NULL).status, 304);
}

TEST(storage_sec347_signed_addresses)
{
    files_site(false, urls);
    FileStorage *storage = capo_storage("signed");
    DateTime now = capo_now();
    capo_freeze_time(now);
    capo_storage_save(storage, "bill.pdf", capo_content_text("1"), 0);
    capo_storage_save(storage, "bill2.pdf", capo_content_text("2"), 0);
    const char *url = capo_storage_url(storage, "bill.pdf"), *query = strchr(url, '?');
    EXPECT(capo_starts_with(url, "/signed/bill.pdf?signature="));
    Asked good = ask("GET", url, NULL, NULL);
    EXPECT_INT(good.status, 200);
    EXPECT_TEXT(good.body, "1");
    EXPECT_TEXT(header_of(good, "Cache-Control"), "private");
    EXPECT_INT(ask("GET", "/signed/bill.pdf", NULL, NULL).status, 403);
    EXPECT_INT(ask("GET", capo_format("/signed/bill2.pdf%s", query), NULL, NULL).status, 403);          /* of another file */
    char *altered = capo_strdup(url);
    altered[strlen(altered) - 1] = altered[strlen(altered) - 1] == 'A' ? 'B' : 'A';
    EXPECT_INT(ask("GET", altered, NULL, NULL).status, 403);
    capo_freeze_time((DateTime){ now.microseconds + 59 * INT64_C(1000000) });
    EXPECT_INT(ask("GET", url, NULL, NULL).status, 200);
    capo_freeze_time((DateTime){ now.microseconds + 62 * INT64_C(1000000) });
    EXPECT_INT(ask("GET", url, NULL, NULL).status, 403);                                                /* too late */
}

/* A storage that no settings name. */
static FileStorage *sounds_of_silence(void)
{
    static const StorageSettings row = { .name = "silence", .backend = &capo_memory_storage };
    return capo_storage_of(&row);
}

TEST(storage_uploads_wait_in_the_directory_of_the_settings)
{
    const char *folder = files_folder();
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .file_upload_temp_dir = folder });
    const char *body = "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: Text/Plain; charset=\"utf-8\"\r\n\r\nwords\r\n--XX--\r\n";
    const struct QueryItem headers[] = { { "Content-Type", "multipart/form-data; boundary=XX" } };
    Request *req = capo_request_make(&(RawRequest){ .method = "POST", .target = "/", .headers = headers, .n_headers = 1, .body = body, .body_size = strlen(body) });
    const UploadedFile *upload = capo_file(req, "f");
    EXPECT(capo_starts_with(upload->path, folder));
    EXPECT_INT(mode_of(upload->path), 0600);
    EXPECT_TEXT(upload->content_type, "text/plain");
    EXPECT_TEXT(upload->charset, "utf-8");
    char pieces[8];
    StoredFile *reading = capo_upload_open(upload);
    EXPECT_INT(capo_stored_size(reading), 5);
    EXPECT_INT(capo_stored_read(reading, pieces, 3), 3);
    EXPECT_INT(capo_stored_read(reading, pieces, 8), 2);
    EXPECT_INT(capo_stored_read(reading, pieces, 8), 0);
    FileContent content = capo_content_upload(upload);
    EXPECT_TEXT(content.name, "a.txt");
    EXPECT_TEXT(capo_storage_read(sounds_of_silence(), capo_storage_save(sounds_of_silence(), NULL, content, 0), NULL), "words");
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more" });
}

TEST(storages_move_for_the_tests_of_a_project)
{
    const char *folder = files_storages(), *scratch = files_folder();
    capo_storages_move(scratch);
    capo_storage_save(capo_storage(NULL), "a.txt", capo_content_text("x"), 0);
    capo_storage_save(capo_storage("private"), "b.txt", capo_content_text("y"), 0);
    EXPECT(access(capo_format("%s/default/a.txt", scratch), F_OK) == 0 && access(capo_format("%s/private/b.txt", scratch), F_OK) == 0);
    EXPECT(access(folder, F_OK) != 0);
    EXPECT_TEXT(capo_storage_path(capo_storage(NULL), "a.txt"), capo_format("%s/default/a.txt", scratch));
    capo_storages_move(NULL);
    EXPECT(!capo_storage_exists(capo_storage(NULL), "a.txt"));
}

/* --- a back end of one's own: as an object store would be ------------------------------------------------------------------------- */

typedef struct Bucket { char *key, *bytes; size_t size; bool out_of_reach; } Bucket;
static Bucket bucket;

static void *bucket_open(const StorageSettings *settings)
{
    bucket.key = strdup(settings->options);
    return &bucket;
}

static int bucket_write(void *state, const char *name, const FileContent *content, bool overwrite)
{
    Bucket *self = state;
    size_t size = content->size;
    if (self->out_of_reach)
        capo_raise(503, "The object store does not answer.");
    if (strcmp(self->key, name) == 0 && !overwrite)
        return -EEXIST;
    const char *bytes = content->path ? capo_read_file(content->path, &size) : content->bytes;
    free(self->key);
    free(self->bytes);
    self->key = strdup(name);
    self->bytes = malloc(size + 1);
    memcpy(self->bytes, bytes, self->size = size);
    return 0;
}

static ssize_t bucket_read(void *state, const char *name, int64_t offset, void *into, size_t size)
{
    const Bucket *self = state;
    if (strcmp(self->key, name) != 0)
        return -ENOENT;
    size = (size_t)offset >= self->size ? 0 : size < 3 ? size : 3;              /* in small pieces, as networks give them */
    if ((size_t)offset + size > self->size)
        size = self->size - (size_t)offset;
    memcpy(into, self->bytes + offset, size);
    return (ssize_t)size;
}

static int bucket_remove(void *state, const char *name) { return strcmp(((Bucket *)state)->key, name) == 0 ? ((Bucket *)state)->key[0] = 0, 0 : -ENOENT; }

static int bucket_look(void *state, const char *name, StoredFacts *ret)
{
    const Bucket *self = state;
    *ret = (StoredFacts){ .size = (int64_t)self->size };
    return strcmp(self->key, name) == 0 ? 0 : -ENOENT;
}

static char *bucket_url(void *state, const char *name)
{
    (void)state;
    return capo_format("https://store.example.com/%s?token=1", name);
}

static void save_to_bucket(void *storage) { capo_storage_save(storage, "b.txt", capo_content_text("later"), 0); }
static void list_bucket(void *storage) { capo_storage_list(storage, "", NULL, NULL); }

TEST(storage_of_ones_own)
{
    static const StorageBackend store = { .name = "bucket", .open = bucket_open, .write = bucket_write, .read = bucket_read, .remove = bucket_remove,
                                          .look = bucket_look, .url = bucket_url };
    const char *folder = files_folder();
    capo_storages_configure(STORAGES({ "default", .backend = &store, .options = "nothing" }), folder, "/media/");
    FileStorage *storage = capo_storage(NULL);
    EXPECT_TEXT(capo_storage_save(storage, "a.txt", capo_content_text("hello, world"), 0), "a.txt");
    EXPECT_TEXT(read_text(storage, "a.txt"), "hello, world");
    EXPECT_TEXT(capo_storage_url(storage, "a.txt"), "https://store.example.com/a.txt?token=1");
    const char *second = capo_storage_save(storage, "a.txt", capo_content_text("2"), 0);
    EXPECT(capo_starts_with(second, "a_"));
    bucket.out_of_reach = true;
    EXPECT_RAISES(503, save_to_bucket, storage);
    EXPECT_RAISES(ERROR_NOT_SUPPORTED, list_bucket, storage);
    EXPECT_TEXT(read_text(storage, second), "2");
    capo_storage_delete(storage, second);
    EXPECT(!capo_storage_exists(storage, second));
    free(bucket.key);
    free(bucket.bytes);
    bucket = (Bucket){ 0 };
    capo_storages_configure(NULL, "media", "/media/");
}

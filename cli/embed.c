/* SPDX-License-Identifier: BSD-3-Clause */
/* capo-embed: writes a C file that holds templates, static files and migrations, for a program that is one file.
 *
 *     capo-embed OUTPUT.c SYMBOL ROOT PREFIX…        e.g. capo-embed files.c capo_site_files . templates static blog
 *
 * Each PREFIX is a folder below ROOT that is walked; of an app's folder only templates/, static/, migrations/, locale/ and fixtures/ are taken, of
 * "+folder" everything. Without PREFIX the root is walked like an app's folder. An output that would be the same is left alone.
 * Stands alone: the build runs it before the library exists. A classic program: negative results, no arenas. */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct File { char *path, *name; size_t size; } File;
static File *files;
static size_t n_files;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const File *)a)->name, ((const File *)b)->name);
}

static bool is_kind(const char *folder)
{
    return strcmp(folder, "templates") == 0 || strcmp(folder, "static") == 0 || strcmp(folder, "migrations") == 0 || strcmp(folder, "locale") == 0
        || strcmp(folder, "fixtures") == 0;
}

/* What a catalogue is made of stays outside the program. */
static bool is_source(const char *name)
{
    size_t size = strlen(name);
    return size > 3 && (strcmp(name + size - 3, ".po") == 0 || (size > 4 && strcmp(name + size - 4, ".pot") == 0));
}

static int walk(const char *path, const char *name, bool inside)
{
    DIR *dir = opendir(path);
    if (!dir)
        return errno == ENOENT ? 0 : -errno;
    struct dirent *entry;
    int result = 0;
    while (result == 0 && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        char *sub_path, *sub_name;
        if (asprintf(&sub_path, "%s/%s", path, entry->d_name) < 0 || asprintf(&sub_name, "%s%s%s", name, *name ? "/" : "", entry->d_name) < 0)
            abort();
        struct stat info;
        if (stat(sub_path, &info) != 0) {
            result = -errno;
        } else if (S_ISDIR(info.st_mode)) {
            if (inside || is_kind(entry->d_name))
                result = walk(sub_path, sub_name, true);
        } else if (inside && S_ISREG(info.st_mode) && !is_source(entry->d_name)) {
            files = realloc(files, (n_files + 1) * sizeof *files);
            files[n_files++] = (File){ sub_path, sub_name, (size_t)info.st_size };
        }
    }
    closedir(dir);
    return result;
}

/* As numbers: no limit on length that a compiler may have for literals. */
static int put_bytes(FILE *out, const File *file, size_t index)
{
    FILE *in = fopen(file->path, "rb");
    if (!in)
        return -errno;
    fprintf(out, "static const unsigned char file_%zu[] = {", index);
    int c;
    size_t n = 0;
    while ((c = getc(in)) != EOF)
        fprintf(out, "%s%d,", n++ % 32 == 0 ? "\n" : "", c);
    fprintf(out, "0 };\n");
    fclose(in);
    files[index].size = n;
    return 0;
}

static int write_changed(const char *path, const char *text, size_t size)
{
    FILE *old = fopen(path, "rb");
    bool same = old != NULL;
    for (size_t i = 0; same && i <= size; i++)
        same = getc(old) == (i < size ? (unsigned char)text[i] : EOF);
    if (old)
        fclose(old);
    if (same)
        return 0;
    FILE *out = fopen(path, "wb");
    if (!out)
        return -errno;
    size_t written = fwrite(text, 1, size, out);
    return fclose(out) == 0 && written == size ? 0 : -EIO;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: capo-embed OUTPUT.c SYMBOL ROOT [PREFIX…]\n");
        return 2;
    }
    for (int i = 4; i < argc; i++) {
        char *path;
        const char *prefix = argv[i] + (argv[i][0] == '+');
        if (asprintf(&path, "%s/%s", argv[3], prefix) < 0)
            abort();
        int error = walk(path, prefix, is_kind(prefix) || argv[i][0] == '+');
        if (error) {
            fprintf(stderr, "capo-embed: %s: %s\n", path, strerror(-error));
            return 1;
        }
    }
    if (argc == 4 && walk(argv[3], "", false) != 0)
        return 1;
    if (n_files)
        qsort(files, n_files, sizeof *files, by_name);
    char *text = NULL;
    size_t text_size = 0;
    FILE *out = open_memstream(&text, &text_size);
    if (!out)
        abort();
    fprintf(out, "/* made by capo-embed */\n#include <capo/web.h>\n");
    for (size_t i = 0; i < n_files; i++)
        if (put_bytes(out, &files[i], i) != 0) {
            fprintf(stderr, "capo-embed: %s: %s\n", files[i].path, strerror(errno));
            return 1;
        }
    fprintf(out, "extern const EmbeddedFile %s[];\nconst EmbeddedFile %s[] = {\n", argv[2], argv[2]);
    for (size_t i = 0; i < n_files; i++)
        fprintf(out, "    { \"%s\", file_%zu, %zu },\n", files[i].name, i, files[i].size);
    fprintf(out, "    { 0 }\n};\n");
    if (fclose(out) != 0)
        abort();
    int error = write_changed(argv[1], text, text_size);
    if (error)
        fprintf(stderr, "capo-embed: %s: %s\n", argv[1], strerror(-error));
    return error != 0;
}

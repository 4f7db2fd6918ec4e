/* SPDX-License-Identifier: BSD-3-Clause */
/* The catalogues of a language: the files of all places, the dearest first, then those of the more general language, then the default
 * language's. They are found and read at a language's first use and kept for the life of the process: what a translation points to
 * stays valid. Only languages that have a row of their own or a file are kept, so that odd codes leave no trace. */
#include "internal.h"
#include "mo.h"
#include <capo/arena.h>
#include <capo/error.h>
#include <capo/time.h>
#include <string.h>
#include <strings.h>

enum { MAX_FILES = 64, RELOAD_US = 1000000 };

typedef struct CatalogFile {
    struct CatalogFile *next;
    char *name;                         /* "0 de/LC_MESSAGES/django.mo" */
    int64_t changed_ns;
    size_t size;
    bool good;
    MoFile mo;
} CatalogFile;

typedef struct Catalog {
    struct Catalog *next;
    char code[LANGUAGE_CODE_KEPT + 1];
    const CatalogFile **files;
    size_t n_files;
    int64_t checked_us;
    struct Catalog *fallback;
} Catalog;

static CatalogFile *all_files;
static Catalog *catalogs;

/* The file as read before, where it has not changed since; else read now. NULL: damaged, which is told once. */
static const CatalogFile *file_of(const char *key, const CatalogSource *source, const char **ret_why)
{
    CatalogFile *file = all_files;
    while (file && !(file->changed_ns == source->changed_ns && file->size == source->size && strcmp(file->name, key) == 0))
        file = file->next;
    if (file)
        return file->good ? file : NULL;
    file = i18n_keep(sizeof *file);
    file->name = i18n_keep_text(key);
    file->changed_ns = source->changed_ns;
    file->size = source->size;
    void *bytes = source->embedded ? NULL : i18n_keep(source->size + 1);
    if (bytes)
        memcpy(bytes, source->bytes, source->size);
    const char *why = NULL;
    file->good = mo_open(bytes ? bytes : source->bytes, source->size, &file->mo, &why) == 0;
    if (!file->good)
        *ret_why = why;
    file->next = all_files;
    all_files = file;
    return file->good ? file : NULL;
}

typedef struct Found { const CatalogFile *files[MAX_FILES]; size_t count; } Found;

static void add_file(Found *found, int place, const char *name, const CatalogSource *source)
{
    const char *why = NULL;
    const CatalogFile *file = file_of(capo_format("%d %s", place, name), source, &why);
    if (why)
        capo_warn("The catalogue %s is not used: %s.", source->path, why);
    for (size_t i = 0; i < found->count; i++)
        if (found->files[i] == file)
            return;
    if (file && found->count < MAX_FILES)
        found->files[found->count++] = file;
}

/* The files of a locale in one place; false: there is no such place. */
static bool look_in(Found *found, int place, const char *locale)
{
    static const char *const names[] = { "capo.mo", "django.mo" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        CatalogSource source = { 0 };
        char *name = capo_format("%s/LC_MESSAGES/%s", locale, names[i]);
        int there = i18n_setup.find(place, name, &source);
        if (there < 0)
            return false;
        if (there > 0)
            add_file(found, place, name, &source);
    }
    return true;
}

/* In each place the files of the language itself, then of the one that stands for it, then of the general one: so a project's "de"
 * goes before an app's "de_AT", as in Django. */
static void look_for(Found *found, const char *code)
{
    if (!i18n_setup.find || i18n_setup.no_translations)
        return;
    const LanguageInfo *row = i18n_language_row(code, strlen(code));
    const char *locales[3] = { capo_to_locale(code) };
    size_t n = 1;
    if (row && row->fallback)
        locales[n++] = capo_to_locale(row->fallback);
    if (strchr(locales[0], '_'))
        locales[n++] = capo_strndup(locales[0], strcspn(locales[0], "_"));
    for (int place = 0;; place++)
        for (size_t i = 0; i < n; i++)
            if (!look_in(found, place, locales[i]))
                return;
}

static void keep_found(Catalog *catalog, const Found *found)
{
    if (catalog->n_files == found->count &&
        (found->count == 0 || memcmp(catalog->files, found->files, found->count * sizeof *found->files) == 0))
        return;
    catalog->files = i18n_keep((found->count + 1) * sizeof *found->files);
    memcpy(catalog->files, found->files, found->count * sizeof *found->files);
    catalog->n_files = found->count;
}

static bool code_is_plain(const char *code, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!((code[i] | 32) >= 'a' && (code[i] | 32) <= 'z') && !(code[i] >= '0' && code[i] <= '9') && code[i] != '-' && code[i] != '@')
            return false;
    return size > 0 && size <= LANGUAGE_CODE_KEPT;
}

static Catalog *find_catalog(const char *code)
{
    for (Catalog *catalog = catalogs; catalog; catalog = catalog->next)
        if (strcmp(catalog->code, code) == 0)
            return catalog;
    return NULL;
}

static Catalog *add_catalog(const char *code, const Found *found)
{
    Catalog *catalog = i18n_keep(sizeof *catalog);
    memcpy(catalog->code, code, strlen(code) + 1);
    keep_found(catalog, found);
    catalog->checked_us = capo_monotonic_us();
    catalog->next = catalogs;
    catalogs = catalog;
    bool english = strncmp(code, "en", 2) == 0 && (!code[2] || code[2] == '-');
    if (!english && i18n_setup.language_code && strcasecmp(code, i18n_setup.language_code) != 0)
        catalog->fallback = i18n_catalog(i18n_setup.language_code);
    return catalog;
}

Catalog *i18n_catalog(const char *wanted)
{
    size_t size = strnlen(wanted, LANGUAGE_CODE_KEPT + 1);
    if (!code_is_plain(wanted, size))
        return NULL;
    char *code = capo_lower(wanted);
    for (;;) {
        Catalog *catalog = find_catalog(code);
        if (catalog)
            return catalog;
        Found found = { 0 };
        look_for(&found, code);
        if (i18n_language_row(code, strlen(code)) || (found.count && !strchr(code, '-')) ||
            (i18n_setup.language_code && strcasecmp(code, i18n_setup.language_code) == 0))
            return add_catalog(code, &found);
        bool own = false;               /* a file of this very locale, not only of the general language */
        char *locale = capo_to_locale(code);
        for (size_t i = 0; i < found.count && !own; i++)
            own = strncmp(strchr(found.files[i]->name, ' ') + 1, locale, strlen(locale)) == 0;
        if (own)
            return add_catalog(code, &found);
        char *hyphen = strrchr(code, '-');
        if (!hyphen)
            return NULL;
        *hyphen = 0;
    }
}

/* In DEBUG: whether files came, went or changed, looked at once a second. */
static void renew(Catalog *catalog)
{
    int64_t now = capo_monotonic_us();
    if (now - catalog->checked_us < RELOAD_US)
        return;
    Found found = { 0 };
    look_for(&found, catalog->code);
    keep_found(catalog, &found);
    catalog->checked_us = now;
}

static const char *find_in(Catalog *catalog, const char *context, const char *message, const char *many, double n)
{
    if (i18n_setup.debug)
        renew(catalog);
    for (size_t i = 0; i < catalog->n_files; i++) {
        const MoFile *mo = &catalog->files[i]->mo;
        size_t size;
        const char *text = mo_find(mo, context, message, &size);
        if (text && many)
            text = mo_nth(text, size, plural_form(&mo->plural, n));
        if (text && *text)
            return text;
    }
    return NULL;
}

const char *i18n_catalog_find(Catalog *catalog, const char *context, const char *message, const char *many, double n)
{
    const char *text = NULL;
    for (; catalog && !text; catalog = catalog->fallback)
        text = find_in(catalog, context, message, many, n);
    return text;
}

const char *i18n_catalog_word(Catalog *catalog, const char *context, const char *message, bool further)
{
    if (!catalog)
        return NULL;
    return further ? i18n_catalog_find(catalog, context, message, NULL, 0) : find_in(catalog, context, message, NULL, 0);
}

void i18n_catalogs_forget(void)
{
    catalogs = NULL;        /* not given back: a unit may still hold them */
}

void capo_check_catalogs(void (*report)(const char *path, const char *why, void *argument), void *argument)
{
    static const char *const names[] = { "capo.mo", "django.mo" };
    if (!i18n_setup.find)
        return;
    for (const LanguageInfo *language = capo_languages(); language->code; language++)
        for (int place = 0, there = 0; there >= 0; place++)
            for (size_t i = 0; i < 2 && there >= 0; i++) {
                CatalogSource source = { 0 };
                MoFile mo;
                const char *why;
                there = i18n_setup.find(place, capo_format("%s/LC_MESSAGES/%s", capo_to_locale(language->code), names[i]), &source);
                if (there <= 0)
                    continue;
                if (mo_open(source.bytes, source.size, &mo, &why) == 0)
                    mo_close(&mo);
                else
                    report(source.path, why, argument);
            }
}

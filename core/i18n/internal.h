/* SPDX-License-Identifier: BSD-3-Clause */
/* What core/web tells this folder at start, and what its files share. */
#pragma once
#include <capo/i18n.h>
#include <capo/unit.h>
#include <stddef.h>

/* One catalogue file: "de_AT/LC_MESSAGES/django.mo" of a place. The bytes live as long as the unit, or for ever where embedded. */
typedef struct CatalogSource { const void *bytes; size_t size; const char *path; int64_t changed_ns; bool embedded; } CatalogSource;

typedef struct I18nSetup {
    const char *language_code;
    const char *const *languages;           /* codes; NULL: all that have a row */
    const LocaleFormats *formats;           /* over the languages' own; a row without .language is for all; NULL: none */
    LocaleFormats plain;                    /* of settings: where translations are off, and for language_code */
    bool no_translations, debug;
    /* The file of this name in the place-th folder of catalogues, the dearest folder first: 1 found, 0 not there, -1 no such folder. */
    int (*find)(int place, const char *name, CatalogSource *ret);
} I18nSetup;

/* Takes new settings; what earlier ones made stays valid. Raises ERROR_IMPROPERLY_CONFIGURED for a language that no table knows. */
void i18n_configure(const I18nSetup *setup);
extern I18nSetup i18n_setup;

/* What a unit's slot holds; it lives in the unit's arena. */
typedef struct ActiveLanguage {
    const char *code;                       /* NULL: translations are off */
    struct Catalog *catalog;                /* NULL: of no use */
    const LocaleFormats *formats;
    const char *names;                      /* of dates, packed; NULL: the English ones */
} ActiveLanguage;
const ActiveLanguage *i18n_active(void);
void i18n_resolve(ActiveLanguage *active, const char *code);

enum { LANGUAGE_CODE_LIMIT = 500, LANGUAGE_CODE_KEPT = 40 };

/* Zeroed memory for the life of the process, and a copy of a text in it. */
void *i18n_keep(size_t size);
char *i18n_keep_text(const char *text);
size_t i18n_kept_size(void);

/* catalog.c */
struct Catalog *i18n_catalog(const char *code);
const char *i18n_catalog_find(struct Catalog *catalog, const char *context, const char *message, const char *many, double n);
/* A word of dates; without `further` only of the language's own catalogues. */
const char *i18n_catalog_word(struct Catalog *catalog, const char *context, const char *message, bool further);
void i18n_catalogs_forget(void);
/* formats.c */
const LocaleFormats *i18n_formats_for(const char *code);
void i18n_formats_forget(void);
/* names.c */
const char *i18n_names_for(const char *code);
void i18n_names_use(void);
/* languages.c */
const LanguageInfo *i18n_language_row(const char *code, size_t size);
void i18n_languages_configure(const char *const *codes);

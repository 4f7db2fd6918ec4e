/* SPDX-License-Identifier: BSD-3-Clause */
/* Languages: translated texts from gettext's catalogues, and how a language writes dates and numbers.
 *
 *     capo_message(req, MESSAGE_SUCCESS, "%s", capo_gettext("The post was saved."));
 *     const char *text = capo_ngettext("one comment", "many comments", n);
 *     const char *month = capo_pgettext("month name", "May");
 *
 * The current language is a property of the unit of work, as the time zone is: what one request activates no other sees. It is
 * the request's with capo_locale_middleware (web.h), else settings' language_code. Catalogues are the files of Django sites,
 * unchanged: LL/LC_MESSAGES/django.mo (or capo.mo, which goes first) below each of settings' .locale_paths ("locale"), then below each
 * app's locale/ in the order of settings' .apps; the first that has a message wins. Then the generic language ("de" for "de-at"),
 * then settings' language_code (not for a variant of English), then the message itself. In DEBUG a changed file is read anew
 * within a second; a release has them inside. See docs/i18n.md.
 *
 * What is given back is never NULL, lives as long as the process or the message, and is never to be used as a format of printf:
 * a translator may write what he likes. Holes are filled by name: capo_fill(capo_gettext("Hello %(name)s"), V("name", name)). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "value.h"

/* --- texts ------------------------------------------------------------------------------------------------------------------ */

const char *capo_gettext(const char *message);
/* The form for n, by the catalogue's own rule (Plural-Forms); without a translation `one` for 1, else `many`. */
const char *capo_ngettext(const char *one, const char *many, int64_t n);
/* With a context that tells two equal messages apart: "May" the month from "may" the verb. */
const char *capo_pgettext(const char *context, const char *message);
const char *capo_npgettext(const char *context, const char *one, const char *many, int64_t n);
/* Marks a text of a table for makemessages; it is translated where it is printed: capo_gettext(row->label). */
#define CAPO_NOOP(message) (message)
/* The text with its %(name)s holes filled (also %(name)d; "%%" is "%"). A hole without a value stays as it stands. */
#define capo_fill(text, ...) capo_fill_with((text), CAPO_VARS(__VA_ARGS__))
char *capo_fill_with(const char *text, const Var *values);
/* As capo_gettext and capo_ngettext, but NULL where no catalogue has it. context and many may be NULL. */
const char *capo_translation(const char *context, const char *message, const char *many, double n);

/* For checks: calls report for each file of settings' languages that is damaged, and so not used. */
void capo_check_catalogs(void (*report)(const char *path, const char *why, void *argument), void *argument);

/* --- the language of the unit ------------------------------------------------------------------------------------------------ */

/* Its code as activated, "de-at"; NULL: translations are switched off. */
const char *capo_language(void);
/* Until the unit ends. The code is as in LANGUAGES ("pt-br"); one that no table knows is kept and has the default's texts and formats.
 * NULL switches translations off: messages stay as they are, formats are those of settings (Django's deactivate_all). */
void capo_activate_language(const char *code);
/* Back to settings' language_code. */
void capo_deactivate_language(void);
/* Calls function(argument) in a language, also where it raises: the one before is current again behind it. */
void capo_with_language(const char *code, void (*function)(void *), void *argument);
/* The same by hand: what capo_language_override gives back is for capo_language_restore. */
void *capo_language_override(const char *code);
void capo_language_restore(void *before);
/* Written from right to left. */
bool capo_language_bidi(void);

typedef struct LanguageInfo {
    const char *code, *name, *local_name;       /* "pt-br", "Brazilian Portuguese", "Português Brasileiro" */
    bool right_to_left;
    const char *fallback;                       /* only this code is known: zh-tw stands for zh-hant */
} LanguageInfo;
/* "de-at" is "de" where it has no row of its own; NULL: unknown. */
const LanguageInfo *capo_language_info(const char *code);
/* Settings' .languages, in their order; ends with { 0 }. */
const LanguageInfo *capo_languages(void);

/* The code among settings' languages that serves `code`, or NULL: itself, then less and less special ones ("zh-hant-tw", "zh-hant",
 * "zh"); where not strict also another variant of the same language. Codes beyond 500 characters are cut at a '-' (refused where
 * strict), as Django's get_supported_language_variant. */
const char *capo_supported_language(const char *code, bool strict);
/* "pt-br" as the name of a folder: "pt_BR"; and back. */
char *capo_to_locale(const char *language);
char *capo_to_language(const char *locale);
/* The languages of an Accept-Language header, the dearest first; ends with a NULL code. None where it is malformed. A header beyond 500
 * characters counts up to the last comma before that. */
typedef struct AcceptedLanguage { const char *code; double quality; } AcceptedLanguage;
const AcceptedLanguage *capo_accept_language(const char *header);

/* --- formats --------------------------------------------------------------------------------------------------------------------- */

/* How a language writes dates and numbers. In a table of settings' .formats a NULL (or zero) member means the language's own. */
typedef struct LocaleFormats {
    const char *language;                       /* "de", "de-ch" */
    const char *date, *time, *datetime, *year_month, *month_day, *short_date, *short_datetime;      /* letters of capo_format_date */
    const char *decimal_separator, *thousand_separator;
    const char *grouping;                       /* digits of each group from the right, the last repeats: "3", "32"; "" none */
    int first_weekday;                          /* of a calendar's week: 1 Monday … 7 Sunday */
} LocaleFormats;
/* Of the current language; of settings where translations are off. */
const LocaleFormats *capo_formats(void);
const LocaleFormats *capo_formats_of(const char *language);
/* Those that no language has a say in: {% localize off %}. */
const LocaleFormats *capo_plain_formats(void);
/* The format of a setting's name, "DATE_FORMAT", "SHORT_DATETIME_FORMAT"; NULL: no such name. */
const char *capo_format_named(const LocaleFormats *formats, const char *name);
/* 0 Sunday … 6 Saturday, in the current language. */
int capo_first_day_of_week(void);

/* Django's numberformat: an int, real, decimal, or the text of one. places < 0: as many as there are; further ones are cut, not rounded. */
void capo_put_number_with(Buffer *out, Value number, int places, bool grouping, const LocaleFormats *formats);
/* What the bound of 200 is held against: digits, and the exponent of the last one. */
int64_t capo_number_size(const char *text);

/* SPDX-License-Identifier: BSD-3-Clause */
/* The current language, and texts in it. A slot of the unit holds what was found out about the language when it was activated, so
 * that a look-up costs a hash and a compare. */
#include "internal.h"
#include <capo/arena.h>
#include <capo/error.h>
#include <string.h>

I18nSetup i18n_setup = { .language_code = "en-us", .plain = { .language = "" } };

/* Of settings; made at first use, and anew with new settings. */
static ActiveLanguage default_language;
static bool default_known;

/* What new settings leave behind stays in it, since running units may point there. */
static Arena *kept;

void *i18n_keep(size_t size)
{
    if (!kept)
        kept = arena_new();
    return arena_alloc(kept, size);
}

size_t i18n_kept_size(void)
{
    return kept ? arena_size(kept) : 0;
}

char *i18n_keep_text(const char *text)
{
    size_t size = strlen(text);
    return memcpy(i18n_keep(size + 1), text, size + 1);
}

void i18n_configure(const I18nSetup *setup)
{
    i18n_languages_configure(setup->languages);
    i18n_setup = *setup;
    i18n_catalogs_forget();
    i18n_formats_forget();
    default_known = false;
    if (!setup->no_translations)
        i18n_names_use();
}

void i18n_resolve(ActiveLanguage *active, const char *code)
{
    *active = (ActiveLanguage){ .code = code, .formats = capo_plain_formats() };
    if (!code)
        return;
    active->formats = i18n_formats_for(code);
    active->names = i18n_names_for(code);
    active->catalog = i18n_catalog(code);
    if (!active->catalog && i18n_setup.language_code)
        active->catalog = i18n_catalog(i18n_setup.language_code);
}

const ActiveLanguage *i18n_active(void)
{
    if (capo_unit && capo_unit->slots[UNIT_LANGUAGE])
        return capo_unit->slots[UNIT_LANGUAGE];
    if (!default_known && !capo_unit) {         /* before anything runs: there is no memory to look with */
        static ActiveLanguage nothing;
        nothing = (ActiveLanguage){ .code = i18n_setup.language_code, .formats = capo_plain_formats() };
        return &nothing;
    }
    if (!default_known) {
        i18n_resolve(&default_language, i18n_setup.language_code);
        default_known = true;
    }
    return &default_language;
}

const char *capo_language(void)
{
    return i18n_active()->code;
}

void capo_activate_language(const char *code)
{
    capo_language_override(code);
}

void capo_deactivate_language(void)
{
    if (capo_unit)
        capo_unit->slots[UNIT_LANGUAGE] = NULL;
}

void *capo_language_override(const char *code)
{
    if (!capo_unit)
        return NULL;
    void *before = capo_unit->slots[UNIT_LANGUAGE];
    ActiveLanguage *active = capo_alloc_struct(ActiveLanguage);
    i18n_names_use();
    i18n_resolve(active, code ? capo_to_language(code) : NULL);
    capo_unit->slots[UNIT_LANGUAGE] = active;
    return before;
}

void capo_language_restore(void *before)
{
    if (capo_unit)
        capo_unit->slots[UNIT_LANGUAGE] = before;
}

void capo_with_language(const char *code, void (*function)(void *), void *argument)
{
    void *before = capo_language_override(code);
    capo_defer(capo_language_restore, before);
    function(argument);
    capo_language_restore(before);
    capo_defer_cancel(capo_language_restore, before);
}

bool capo_language_bidi(void)
{
    const char *code = capo_language();
    const LanguageInfo *info = code ? capo_language_info(code) : NULL;
    return info && info->right_to_left;
}

/* --- texts --------------------------------------------------------------------------------------------------------------------------- */

/* Catalogues have line ends as they are in Unix. */
static const char *with_plain_lines(const char *message)
{
    if (!strchr(message, '\r'))
        return message;
    Buffer out = { 0 };
    for (; *message; message++)
        if (*message != '\r')
            capo_put_char(&out, *message);
        else if (message[1] != '\n')
            capo_put_char(&out, '\n');
    return capo_buffer_text(&out);
}

const char *capo_translation(const char *context, const char *message, const char *many, double n)
{
    const ActiveLanguage *active = i18n_active();
    if (!active->catalog || !*message)
        return NULL;
    return i18n_catalog_find(active->catalog, context, with_plain_lines(message), many, n);
}

const char *capo_gettext(const char *message)
{
    return capo_pgettext(NULL, message);
}

const char *capo_ngettext(const char *one, const char *many, int64_t n)
{
    return capo_npgettext(NULL, one, many, n);
}

const char *capo_pgettext(const char *context, const char *message)
{
    const char *text = capo_translation(context, message, NULL, 0);
    return text ? text : message;
}

/* Beyond 2^53 a double has not all digits; the last six decide, and that the number is large. */
static double plural_number(int64_t n)
{
    enum { LAST = 1000000 };
    return n > INT64_C(1) << 53 || n < -(INT64_C(1) << 53) ? (double)(n % LAST) + (n < 0 ? -LAST : LAST) : (double)n;
}

const char *capo_npgettext(const char *context, const char *one, const char *many, int64_t n)
{
    const char *text = capo_translation(context, one, many, plural_number(n));
    if (!text && context)       /* as Django: the same without the context, which may be an older catalogue's */
        text = capo_translation(NULL, one, many, plural_number(n));
    return text ? text : n == 1 ? one : many;
}

char *capo_fill_with(const char *text, const Var *values)
{
    Buffer out = { 0 };
    for (const char *at = text; *at;) {
        size_t plain = strcspn(at, "%");
        capo_put_bytes(&out, at, plain);
        at += plain;
        if (!*at)
            break;
        if (at[1] == '%') {
            capo_put_char(&out, '%');
            at += 2;
            continue;
        }
        const char *close = at[1] == '(' ? strchr(at, ')') : NULL;
        const Var *var = values;
        if (close && (close[1] == 's' || close[1] == 'd')) {
            size_t size = (size_t)(close - at - 2);
            while (var->name && (strncmp(var->name, at + 2, size) != 0 || var->name[size]))
                var++;
            if (var->name) {
                capo_put_value(&out, var->value);
                at = close + 2;
                continue;
            }
        }
        capo_put_char(&out, *at++);
    }
    return capo_buffer_text(&out);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The words of dates in each language: what a catalogue says, under Django's messages, else the names below.
 *
 * The table is text, which costs no relocations: months | months beside a day where they differ | short months | weekdays from Monday |
 * short weekdays | halves of the day where there are words for them. script/locale-names prints it. */
#include "internal.h"
#include "../base/clock.h"
#include <string.h>
#include <strings.h>

static const char *const rows[] = {
@ROWS@
};

const char *i18n_names_for(const char *code)
{
    const LanguageInfo *info = i18n_language_row(code, strlen(code));
    if (info && info->fallback)
        code = info->fallback;
    for (size_t size = strlen(code);; size = strcspn(code, "-")) {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            if (strncasecmp(rows[i], code, size) == 0 && rows[i][size] == '|')
                return rows[i] + size + 1;
        if (!strchr(code, '-') || size == strcspn(code, "-"))
            return NULL;
    }
}

/* The index-th word of a section, or NULL: it has none. */
static const char *name_of(const char *names, int section, int index)
{
    for (; section > 0; section--)
        names += strcspn(names, "|") + 1;
    for (; index > 0 && *names != '|' && *names; index--) {
        names += strcspn(names, ",|");
        names += *names == ',';
    }
    size_t size = strcspn(names, ",|");
    return size ? capo_strndup(names, size) : NULL;
}

static const char *date_word(DateWord kind, int index, const char *english)
{
    static const struct { const char *context; int sections[2]; } kinds[] = {
        [WORD_MONTH] = { NULL, { 0, -1 } },
        [WORD_MONTH_ALT] = { "alt. month", { 1, 0 } },
        [WORD_MONTH_SHORT] = { NULL, { 2, -1 } },
        [WORD_MONTH_AP] = { "abbrev. month", { 2, -1 } },
        [WORD_WEEKDAY] = { NULL, { 3, -1 } },
        [WORD_WEEKDAY_SHORT] = { NULL, { 4, -1 } },
        [WORD_HALF] = { NULL, { 5, -1 } },
        [WORD_HALF_DOTTED] = { NULL, { 5, -1 } },
        [WORD_HOUR] = { NULL, { -1, -1 } },
    };
    const ActiveLanguage *active = i18n_active();
    /* A language with names of its own does not take them from the default language's catalogue. */
    const char *text = i18n_catalog_word(active->catalog, kinds[kind].context, english, !active->names);
    for (int i = 0; i < 2 && !text && active->names && kinds[kind].sections[i] >= 0; i++)
        text = name_of(active->names, kinds[kind].sections[i], index);
    return text;
}

void i18n_names_use(void)
{
    capo_date_word_hook = date_word;
}

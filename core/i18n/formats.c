/* SPDX-License-Identifier: BSD-3-Clause */
/* How each language writes dates and numbers, as Django's locales have it, and the overrides of settings.
 *
 * The table is text: date | time | datetime | year and month | month and day | short date | short datetime | first day of the week
 * (1 Monday) | decimal separator | thousand separator | sizes of groups of digits. A row is taken apart at its language's first use. */
#include "internal.h"
#include <capo/error.h>
#include <string.h>
#include <strings.h>

static const char rows[][108] = {
    "ar|j F، Y|g:i A|N j, Y, P|F Y|j F|d‏/m‏/Y|m/d/Y P|7|,|.|",
    "ar-dz|j F Y|H:i|j F Y H:i|F Y|j F|j F Y|j F Y H:i|7|,|.|3",
    "az|j E Y|G:i|j E Y, G:i|F Y|j F|d.m.Y|d.m.Y H:i|1|,|\u00a0|3",
    "bg|d F Y|H:i|N j, Y, P|F Y|j F|d.m.Y|m/d/Y P|7|,|\u00a0|",
    "bn|j F, Y|g:i A|N j, Y, P|F Y|j F|j M, Y|m/d/Y P|6|.|,|",
    "bs|j. N Y.|G:i|j. N. Y. G:i T|F Y.|j. F|Y M j|m/d/Y P|7|,|.|",
    "ca|j \\d\\e F \\d\\e Y|G:i|j \\d\\e F \\d\\e Y \\a \\l\\e\\s G:i|F \\d\\e\\l Y|j \\d\\e F|d/m/Y|d/m/Y G:i|1|,|.|3",
    "ckb|j F Y|G:i|j F Y، کاتژمێر G:i|F Y|j F|Y/n/j|Y/n/j، G:i|6|.|,|",
    "cs|j. E Y|G:i|j. E Y G:i|F Y|j. F|d.m.Y|d.m.Y G:i|1|,|\u00a0|3",
    "cy|j F Y|P|j F Y, P|F Y|j F|d/m/Y|d/m/Y P|1|.|,|3",
    "da|j. F Y|H:i|j. F Y H:i|F Y|j. F|d.m.Y|d.m.Y H:i|1|,|.|3",
    "de|j. F Y|H:i|j. F Y H:i|F Y|j. F|d.m.Y|d.m.Y H:i|1|,|.|3",
    "de-ch|j. F Y|H:i|j. F Y H:i|F Y|j. F|d.m.Y|d.m.Y H:i|1|,|\u00a0|3",
    "el|d/m/Y|P|d/m/Y P|F Y|j F|d/m/Y|d/m/Y P|7|,|.|3",
    "en|N j, Y|P|N j, Y, P|F Y|F j|m/d/Y|m/d/Y P|7|.|,|3",
    "en-au|j M Y|P|j M Y, P|F Y|j F|d/m/Y|d/m/Y P|7|.|,|3",
    "en-ca|j M Y|P|j M Y, P|F Y|j F|Y-m-d|Y-m-d P|7|.|\u00a0|3",
    "en-gb|j M Y|P|j M Y, P|F Y|j F|d/m/Y|d/m/Y P|1|.|,|3",
    "en-ie|j M Y|H:i|j M Y, H:i|F Y|j F|d/m/Y|d/m/Y H:i|7|.|,|3",
    "eo|j\\-\\a \\d\\e F Y|H:i|j\\-\\a \\d\\e F Y\\, \\j\\e H:i|F \\d\\e Y|j\\-\\a \\d\\e F|Y-m-d|Y-m-d H:i|1|,|\u00a0|3",
    "es|j \\d\\e F \\d\\e Y|H:i|j \\d\\e F \\d\\e Y \\a \\l\\a\\s H:i|F \\d\\e Y|j \\d\\e F|d/m/Y|d/m/Y H:i|1|,|.|3",
    "es-ar|j N Y|H:i|j N Y H:i|F Y|j \\d\\e F|d/m/Y|d/m/Y H:i|7|,|.|3",
    "es-co|j \\d\\e F \\d\\e Y|H:i|j \\d\\e F \\d\\e Y \\a \\l\\a\\s H:i|F \\d\\e Y|j \\d\\e F|d/m/Y|d/m/Y H:i|1|,|.|3",
    "es-mx|j \\d\\e F \\d\\e Y|H:i|j \\d\\e F \\d\\e Y \\a \\l\\a\\s H:i|F \\d\\e Y|j \\d\\e F|d/m/Y|d/m/Y H:i|1|.|,|3",
    "es-ni|j \\d\\e F \\d\\e Y|H:i|j \\d\\e F \\d\\e Y \\a \\l\\a\\s H:i|F \\d\\e Y|j \\d\\e F|d/m/Y|d/m/Y H:i|1|.|,|3",
    "es-pr|j \\d\\e F \\d\\e Y|H:i|j \\d\\e F \\d\\e Y \\a \\l\\a\\s H:i|F \\d\\e Y|j \\d\\e F|d/m/Y|d/m/Y H:i|7|.|,|3",
    "et|j. F Y|G:i|N j, Y, P|F Y|j. F|d.m.Y|m/d/Y P|7|,|\u00a0|",
    "eu|Y\\k\\o N j\\a|H:i|Y\\k\\o N j\\a, H:i|Y\\k\\o F|F\\r\\e\\n j\\a|Y-m-d|Y-m-d H:i|1|,|.|3",
    "fa|j F Y|G:i|j F Y، ساعت G:i|F Y|j F|Y/n/j|Y/n/j،‏ G:i|6|.|,|",
    "fi|j. E Y|G.i|j. E Y \\k\\e\\l\\l\\o G.i|F Y|j. F|j.n.Y|j.n.Y G.i|1|,|\u00a0|3",
    "fr|j F Y|H:i|j F Y H:i|F Y|j F|j N Y|j N Y H:i|1|,|\u00a0|3",
    "fr-be|j F Y|H:i|j F Y H:i|F Y|j F|d.m.Y|d.m.Y H:i|1|,|\u00a0|3",
    "fr-ca|j F Y|H\u00a0h\u00a0i|j F Y, H\u00a0h\u00a0i|F Y|j F|Y-m-d|Y-m-d H\u00a0h\u00a0i|1|,|\u00a0|3",
    "fr-ch|j F Y|H:i|j F Y H:i|F Y|j F|d.m.Y|d.m.Y H:i|1|,|\u00a0|3",
    "fy|N j, Y|P|N j, Y, P|F Y|F j|m/d/Y|m/d/Y P|7|.|,|",
    "ga|j F Y|H:i|N j, Y, P|F Y|j F|j M Y|m/d/Y P|7|.|,|",
    "gd|j F Y|h:ia|j F Y h:ia|F Y|j F|j M Y|j M Y h:ia|1|.|,|",
    "gl|j \\d\\e F \\d\\e Y|H:i|j \\d\\e F \\d\\e Y \\á\\s H:i|F \\d\\e Y|j \\d\\e F|d-m-Y|d-m-Y, H:i|1|,|.|",
    "he|j בF Y|H:i|j בF Y H:i|F Y|j בF|d/m/Y|d/m/Y H:i|7|.|,|",
    "hi|j F Y|g:i A|N j, Y, P|F Y|j F|d-m-Y|m/d/Y P|7|.|,|",
    "hr|j. E Y.|H:i|j. E Y. H:i|F Y.|j. F|j.m.Y.|j.m.Y. H:i|1|,|.|3",
    "hu|Y. F j.|H:i|Y. F j. H:i|Y. F|F j.|Y.m.d.|Y.m.d. H:i|1|,|\u00a0|3",
    "id|j N Y|G.i|j N Y, G.i|F Y|j F|d-m-Y|d-m-Y G.i|1|,|.|3",
    "ig|j F Y|P|j F Y P|F Y|j F|d.m.Y|d.m.Y H:i|1|.|,|3",
    "is|j. F Y|H:i|N j, Y, P|F Y|j. F|j.n.Y|m/d/Y P|7|,|.|3",
    "it|d F Y|H:i|l d F Y H:i|F Y|j F|d/m/Y|d/m/Y H:i|1|,|.|3",
    "ja|Y年n月j日|G:i|Y年n月j日G:i|Y年n月|n月j日|Y/m/d|Y/m/d G:i|7|.|,|",
    "ka|l, j F, Y|h:i a|j F, Y h:i a|F, Y|j F|j.M.Y|j.M.Y H:i|1|.| |3",
    "km|j ខែ F ឆ្នាំ Y|G:i|j ខែ F ឆ្នាំ Y, G:i|F Y|j F|j M Y|j M Y, G:i|7|,|.|",
    "kn|j F Y|h:i A|N j, Y, P|F Y|j F|j M Y|m/d/Y P|7|.|,|",
    "ko|Y년 n월 j일|A g:i|Y년 n월 j일 g:i A|Y년 n월|n월 j일|Y-n-j.|Y-n-j H:i|7|.|,|3",
    "ky|j E Y ж.|G:i|j E Y ж. G:i|F Y ж.|j F|d.m.Y|d.m.Y H:i|1|.|\u00a0|3",
    "lt|Y \\m. E j \\d.|H:i|Y \\m. E j \\d., H:i|Y \\m. F|E j \\d.|Y-m-d|Y-m-d H:i|1|,|.|3",
    "lv|Y. \\g\\a\\d\\a j. F|H:i|Y. \\g\\a\\d\\a j. F, H:i|Y. \\g. F|j. F|j.m.Y|j.m.Y H:i|1|,|\u00a0|3",
    "mk|d F Y|H:i|j. F Y H:i|F Y|j. F|j.m.Y|j.m.Y H:i|1|,|.|3",
    "ml|N j, Y|P|N j, Y, P|F Y|F j|m/d/Y|m/d/Y P|7|.|,|3",
    "mn|d F Y|g:i A|N j, Y, P|F Y|F j|j M Y|m/d/Y P|7|.|,|",
    "ms|j M Y|P|j M Y, P|F Y|j F|d/m/Y|d/m/Y P|7|.|,|3",
    "nb|j. F Y|H:i|j. F Y H:i|F Y|j. F|d.m.Y|d.m.Y H:i|1|,|\u00a0|3",
    "nl|j F Y|H:i|j F Y H:i|F Y|j F|j-n-Y|j-n-Y H:i|1|,|.|3",
    "nn|j. F Y|H:i|j. F Y H:i|F Y|j. F|d.m.Y|d.m.Y H:i|1|,|\u00a0|3",
    "pl|j E Y|H:i|j E Y H:i|F Y|j E|d-m-Y|d-m-Y  H:i|1|,|\u00a0|3",
    "pt|j \\d\\e F \\d\\e Y|H:i|j \\d\\e F \\d\\e Y à\\s H:i|F \\d\\e Y|j \\d\\e F|d/m/Y|d/m/Y H:i|7|,|.|3",
    "pt-br|j \\d\\e F \\d\\e Y|H:i|j \\d\\e F \\d\\e Y à\\s H:i|F \\d\\e Y|j \\d\\e F|d/m/Y|d/m/Y H:i|7|,|.|3",
    "ro|j F Y|H:i|j F Y, H:i|F Y|j F|d.m.Y|d.m.Y, H:i|1|,|.|3",
    "ru|j E Y г.|G:i|j E Y г. G:i|F Y г.|j F|d.m.Y|d.m.Y H:i|1|,|\u00a0|3",
    "sk|j. F Y|G:i|j. F Y G:i|F Y|j. F|d.m.Y|d.m.Y G:i|1|,|\u00a0|3",
    "sl|d. F Y|H:i|j. F Y. H:i|F Y|j. F|j. M. Y|j.n.Y. H:i|7|,|.|3",
    "sq|d F Y|g.i.A|N j, Y, P|F Y|j F|Y-m-d|m/d/Y P|7|,|.|",
    "sr|j. F Y.|H:i|j. F Y. H:i|F Y.|j. F|j.m.Y.|j.m.Y. H:i|1|,|.|3",
    "sr-latn|j. F Y.|H:i|j. F Y. H:i|F Y.|j. F|j.m.Y.|j.m.Y. H:i|1|,|.|3",
    "sv|j F Y|H:i|j F Y H:i|F Y|j F|Y-m-d|Y-m-d H:i|1|,|\u00a0|3",
    "ta|j F, Y|g:i A|N j, Y, P|F Y|j F|j M, Y|m/d/Y P|7|.|,|",
    "te|j F Y|g:i A|N j, Y, P|F Y|j F|j M Y|m/d/Y P|7|.|,|",
    "tg|j E Y г.|G:i|j E Y г. G:i|F Y г.|j F|d.m.Y|d.m.Y H:i|1|,|\u00a0|3",
    "th|j F Y|G:i|j F Y, G:i|F Y|j F|j M Y|j M Y, G:i|7|.|,|3",
    "tk|j E Y г.|G:i|j E Y г. G:i|F Y г.|j F|d.m.Y|d.m.Y H:i|1|,|\u00a0|3",
    "tr|d F Y|H:i|d F Y H:i|F Y|d F|d M Y|d M Y H:i|1|,|.|3",
    "ug|j F Y|G:i|N j, Y, P|F Y|j F|Y/m/d|Y/m/d G:i|1|.|,|3",
    "uk|d E Y р.|H:i|d E Y р. H:i|F Y|d F|d.m.Y|d.m.Y H:i|1|,|\u00a0|3",
    "uz|j-E, Y-\\y\\i\\l|G:i|j-E, Y-\\y\\i\\l G:i|F Y-\\y\\i\\l|j-E|d.m.Y|d.m.Y H:i|1|,|\u00a0|3",
    "vi|\\N\\gà\\y d \\t\\há\\n\\g n \\nă\\m Y|H:i|H:i \\N\\gà\\y d \\t\\há\\n\\g n \\nă\\m Y|F Y|j F|d-m-Y|H:i d-m-Y|7|,|.|",
    "zh-hans|Y年n月j日|H:i|Y年n月j日 H:i|Y年n月|m月j日|Y年n月j日|Y年n月j日 H:i|1|.||4",
    "zh-hant|Y年n月j日|H:i|Y年n月j日 H:i|Y年n月|m月j日|Y年n月j日|Y年n月j日 H:i|1|.||4",
};

enum { COLUMNS = 11 };

/* What is not said anywhere: Django's global settings. */
static const LocaleFormats global = {
    .language = "", .date = "N j, Y", .time = "P", .datetime = "N j, Y, P", .year_month = "F Y", .month_day = "F j", .short_date = "m/d/Y",
    .short_datetime = "m/d/Y P", .decimal_separator = ".", .thousand_separator = ",", .grouping = "", .first_weekday = 7,
};

/* Languages taken apart so far, with the overrides of the present settings. */
typedef struct Known { struct Known *next; LocaleFormats formats; } Known;
static Known *known;
static LocaleFormats plain;
static bool plain_known;

static const char *find_row(const char *code, size_t size)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strncasecmp(rows[i], code, size) == 0 && rows[i][size] == '|')
            return rows[i] + size + 1;
    return NULL;
}

static void take_apart(LocaleFormats *formats, const char *row)
{
    const char **const columns[COLUMNS] = {
        &formats->date, &formats->time, &formats->datetime, &formats->year_month, &formats->month_day, &formats->short_date,
        &formats->short_datetime, NULL, &formats->decimal_separator, &formats->thousand_separator, &formats->grouping,
    };
    char *copy = i18n_keep_text(row);
    for (size_t i = 0; i < COLUMNS; i++) {
        char *end = copy + strcspn(copy, "|");
        bool last = !*end;
        *end = 0;
        if (columns[i])
            *columns[i] = copy;
        else
            formats->first_weekday = *copy - '0';
        copy = last ? end : end + 1;
    }
}

static void lay_over(LocaleFormats *formats, const LocaleFormats *over)
{
    static const size_t texts[] = {
        offsetof(LocaleFormats, date), offsetof(LocaleFormats, time), offsetof(LocaleFormats, datetime), offsetof(LocaleFormats, year_month),
        offsetof(LocaleFormats, month_day), offsetof(LocaleFormats, short_date), offsetof(LocaleFormats, short_datetime),
        offsetof(LocaleFormats, decimal_separator), offsetof(LocaleFormats, thousand_separator), offsetof(LocaleFormats, grouping),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *text = *(const char *const *)((const char *)over + texts[i]);
        if (text)
            *(const char **)((char *)formats + texts[i]) = text;
    }
    if (over->first_weekday)
        formats->first_weekday = over->first_weekday;
}

/* The rows of settings for this very language, or for all. */
static void lay_settings_over(LocaleFormats *formats, const char *code, size_t size)
{
    for (const LocaleFormats *row = i18n_setup.formats; row && (row->language || row->date); row++)
        if (size == 0 ? !row->language || !*row->language
                      : row->language && strncasecmp(row->language, code, size) == 0 && !row->language[size])
            lay_over(formats, row);
}

const LocaleFormats *capo_plain_formats(void)
{
    if (!plain_known) {
        plain = global;
        lay_over(&plain, &i18n_setup.plain);
        lay_settings_over(&plain, "", 0);
        plain_known = true;
    }
    return &plain;
}

/* Of the language's own row, else of the general language, else of settings; over them what settings say about either. A format that
 * settings name without a language counts for their language_code. */
static LocaleFormats *make(const char *code)
{
    size_t size = strlen(code), generic = strcspn(code, "-");
    const char *row = find_row(code, size);
    if (!row)
        row = find_row(code, generic);
    Known *entry = i18n_keep(sizeof *entry);
    entry->formats = *capo_plain_formats();
    if (row)
        take_apart(&entry->formats, row);
    if (i18n_setup.language_code && strcasecmp(code, i18n_setup.language_code) == 0) {
        lay_over(&entry->formats, &i18n_setup.plain);
        lay_settings_over(&entry->formats, "", 0);
    }
    if (generic < size)
        lay_settings_over(&entry->formats, code, generic);
    lay_settings_over(&entry->formats, code, size);
    entry->formats.language = i18n_keep_text(code);
    entry->next = known;
    known = entry;
    return &entry->formats;
}

/* Whether anything is said about this very code: what is not is its general language, and nothing is kept of it. */
static bool has_own(const char *code)
{
    bool own = find_row(code, strlen(code)) || (i18n_setup.language_code && strcasecmp(code, i18n_setup.language_code) == 0);
    for (const LocaleFormats *row = i18n_setup.formats; row && (row->language || row->date) && !own; row++)
        own = row->language && strcasecmp(row->language, code) == 0;
    return own;
}

const LocaleFormats *i18n_formats_for(const char *wanted)
{
    if (strnlen(wanted, LANGUAGE_CODE_KEPT + 1) > LANGUAGE_CODE_KEPT)
        return capo_plain_formats();
    const LanguageInfo *info = i18n_language_row(wanted, strlen(wanted));
    char code[LANGUAGE_CODE_KEPT + 1];
    strcpy(code, info && info->fallback ? info->fallback : wanted);
    for (Known *entry = known; entry; entry = entry->next)
        if (strcasecmp(entry->formats.language, code) == 0)
            return &entry->formats;
    if (has_own(code))
        return make(code);
    char *hyphen = strchr(code, '-');
    if (hyphen)
        *hyphen = 0;
    return hyphen ? i18n_formats_for(code) : capo_plain_formats();
}

void i18n_formats_forget(void)
{
    known = NULL;           /* not given back: a unit may still hold them */
    plain_known = false;
}

const LocaleFormats *capo_formats(void)
{
    return i18n_active()->formats;
}

const LocaleFormats *capo_formats_of(const char *language)
{
    return language ? i18n_formats_for(language) : capo_plain_formats();
}

const char *capo_format_named(const LocaleFormats *formats, const char *name)
{
    const struct { const char *name, *format; } names[] = {
        { "DATE_FORMAT", formats->date }, { "DATETIME_FORMAT", formats->datetime }, { "TIME_FORMAT", formats->time },
        { "YEAR_MONTH_FORMAT", formats->year_month }, { "MONTH_DAY_FORMAT", formats->month_day },
        { "SHORT_DATE_FORMAT", formats->short_date }, { "SHORT_DATETIME_FORMAT", formats->short_datetime },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].format;
    return NULL;
}

int capo_first_day_of_week(void)
{
    return capo_formats()->first_weekday % 7;
}

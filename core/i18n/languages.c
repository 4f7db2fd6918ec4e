/* SPDX-License-Identifier: BSD-3-Clause */
/* Languages by code: their names in English and in themselves, and whether they are written from right to left; which of those that a
 * site has serves a visitor. Codes come from visitors: nothing is kept of them, and all is linear in at most 500 characters. */
#include "internal.h"
#include <capo/arena.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What a site that lists no languages offers, in the order of a menu. */
static const LanguageInfo offered[] = {
    { "af", "Afrikaans", "Afrikaans" }, { "ar", "Arabic", "العربيّة", true }, { "ar-dz", "Algerian Arabic", "العربية الجزائرية", true },
    { "ast", "Asturian", "asturianu" }, { "az", "Azerbaijani", "Azərbaycanca" }, { "bg", "Bulgarian", "български" },
    { "be", "Belarusian", "беларуская" }, { "bn", "Bengali", "বাংলা" }, { "br", "Breton", "brezhoneg" }, { "bs", "Bosnian", "bosanski" },
    { "ca", "Catalan", "català" }, { "ckb", "Central Kurdish (Sorani)", "کوردی", true }, { "cs", "Czech", "česky" },
    { "cy", "Welsh", "Cymraeg" }, { "da", "Danish", "dansk" }, { "de", "German", "Deutsch" }, { "dsb", "Lower Sorbian", "dolnoserbski" },
    { "el", "Greek", "Ελληνικά" }, { "en", "English", "English" }, { "en-au", "Australian English", "Australian English" },
    { "en-gb", "British English", "British English" }, { "eo", "Esperanto", "Esperanto" }, { "es", "Spanish", "español" },
    { "es-ar", "Argentinian Spanish", "español de Argentina" }, { "es-co", "Colombian Spanish", "español de Colombia" },
    { "es-mx", "Mexican Spanish", "español de Mexico" }, { "es-ni", "Nicaraguan Spanish", "español de Nicaragua" },
    { "es-ve", "Venezuelan Spanish", "español de Venezuela" }, { "et", "Estonian", "eesti" }, { "eu", "Basque", "Basque" },
    { "fa", "Persian", "فارسی", true }, { "fi", "Finnish", "suomi" }, { "fr", "French", "français" }, { "fy", "Frisian", "frysk" },
    { "ga", "Irish", "Gaeilge" }, { "gd", "Scottish Gaelic", "Gàidhlig" }, { "gl", "Galician", "galego" },
    { "he", "Hebrew", "עברית", true }, { "hi", "Hindi", "हिंदी" }, { "hr", "Croatian", "Hrvatski" },
    { "hsb", "Upper Sorbian", "hornjoserbsce" }, { "hu", "Hungarian", "Magyar" }, { "hy", "Armenian", "հայերեն" },
    { "ia", "Interlingua", "Interlingua" }, { "id", "Indonesian", "Bahasa Indonesia" }, { "ig", "Igbo", "Asụsụ Ìgbò" },
    { "io", "Ido", "ido" }, { "is", "Icelandic", "Íslenska" }, { "it", "Italian", "italiano" }, { "ja", "Japanese", "日本語" },
    { "ka", "Georgian", "ქართული" }, { "kab", "Kabyle", "taqbaylit" }, { "kk", "Kazakh", "Қазақ" }, { "km", "Khmer", "Khmer" },
    { "kn", "Kannada", "Kannada" }, { "ko", "Korean", "한국어" }, { "ky", "Kyrgyz", "Кыргызча" },
    { "lb", "Luxembourgish", "Lëtzebuergesch" }, { "lt", "Lithuanian", "Lietuviškai" }, { "lv", "Latvian", "latviešu" },
    { "mk", "Macedonian", "Македонски" }, { "ml", "Malayalam", "മലയാളം" }, { "mn", "Mongolian", "Mongolian" },
    { "mr", "Marathi", "मराठी" }, { "ms", "Malay", "Bahasa Melayu" }, { "my", "Burmese", "မြန်မာဘာသာ" },
    { "nb", "Norwegian Bokmål", "norsk (bokmål)" }, { "ne", "Nepali", "नेपाली" }, { "nl", "Dutch", "Nederlands" },
    { "nn", "Norwegian Nynorsk", "norsk (nynorsk)" }, { "os", "Ossetic", "Ирон" }, { "pa", "Punjabi", "Punjabi" },
    { "pl", "Polish", "polski" }, { "pt", "Portuguese", "Português" }, { "pt-br", "Brazilian Portuguese", "Português Brasileiro" },
    { "ro", "Romanian", "Română" }, { "ru", "Russian", "Русский" }, { "sk", "Slovak", "slovenčina" },
    { "sl", "Slovenian", "Slovenščina" }, { "sq", "Albanian", "shqip" }, { "sr", "Serbian", "српски" },
    { "sr-latn", "Serbian Latin", "srpski (latinica)" }, { "sv", "Swedish", "svenska" }, { "sw", "Swahili", "Kiswahili" },
    { "ta", "Tamil", "தமிழ்" }, { "te", "Telugu", "తెలుగు" }, { "tg", "Tajik", "тоҷикӣ" }, { "th", "Thai", "ภาษาไทย" },
    { "tk", "Turkmen", "Türkmençe" }, { "tr", "Turkish", "Türkçe" }, { "tt", "Tatar", "Татарча" }, { "udm", "Udmurt", "Удмурт" },
    { "ug", "Uyghur", "ئۇيغۇرچە", true }, { "uk", "Ukrainian", "Українська" }, { "ur", "Urdu", "اردو", true },
    { "uz", "Uzbek", "oʻzbek tili" }, { "vi", "Vietnamese", "Tiếng Việt" }, { "zh-hans", "Simplified Chinese", "简体中文" },
    { "zh-hant", "Traditional Chinese", "繁體中文" },
    { 0 }
};

/* Known by name or by what stands for them, but not offered. */
static const LanguageInfo known[] = {
    { "no", "Norwegian", "norsk" },
    { "zh-cn", .fallback = "zh-hans" }, { "zh-hk", .fallback = "zh-hant" }, { "zh-mo", .fallback = "zh-hant" },
    { "zh-my", .fallback = "zh-hans" }, { "zh-sg", .fallback = "zh-hans" }, { "zh-tw", .fallback = "zh-hant" },
    { 0 }
};

static const LanguageInfo *find_row(const LanguageInfo *row, const char *code, size_t size)
{
    for (; row->code; row++)
        if (strncasecmp(row->code, code, size) == 0 && !row->code[size])
            return row;
    return NULL;
}

const LanguageInfo *i18n_language_row(const char *code, size_t size)
{
    const LanguageInfo *row = find_row(offered, code, size);
    return row ? row : find_row(known, code, size);
}

const LanguageInfo *capo_language_info(const char *code)
{
    const LanguageInfo *row = i18n_language_row(code, strlen(code));
    if (row && row->fallback)
        return i18n_language_row(row->fallback, strlen(row->fallback));
    const char *hyphen = strchr(code, '-');
    return row || !hyphen ? row : i18n_language_row(code, (size_t)(hyphen - code));
}

/* --- what the site offers --------------------------------------------------------------------------------------------------------- */

static const LanguageInfo *of_settings;

void i18n_languages_configure(const char *const *codes)
{
    of_settings = NULL;
    if (!codes || !codes[0])
        return;
    size_t n = 0;
    while (codes[n])
        n++;
    LanguageInfo *rows = i18n_keep((n + 1) * sizeof *rows);
    for (size_t i = 0; i < n; i++) {
        const LanguageInfo *info = capo_language_info(codes[i]);
        if (!info) {
            const char *names[sizeof offered / sizeof *offered];
            for (size_t k = 0; k + 1 < sizeof offered / sizeof *offered; k++)
                names[k] = offered[k].code;
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The language '%.60s' in the setting languages is unknown.%s It is a code such as "
                       "'de', 'pt-br' or 'zh-hans'.", codes[i], capo_did_you_mean(codes[i], names, sizeof offered / sizeof *offered - 1));
        }
        rows[i] = *info;
        rows[i].code = codes[i];
        rows[i].fallback = NULL;
    }
    of_settings = rows;         /* kept: what earlier settings handed out stays valid */
}

const LanguageInfo *capo_languages(void)
{
    return of_settings ? of_settings : offered;
}

/* --- which one serves ---------------------------------------------------------------------------------------------------------------- */

/* The last '-' before `end`, or 0: there is none behind the first character. */
static size_t hyphen_before(const char *code, size_t end)
{
    while (end > 0 && code[end - 1] != '-')
        end--;
    return end > 0 ? end - 1 : 0;
}

const char *capo_supported_language(const char *code, bool strict)
{
    if (!code || !*code)
        return NULL;
    size_t size = strnlen(code, LANGUAGE_CODE_LIMIT + 1);
    if (size > LANGUAGE_CODE_LIMIT) {
        size = strict ? 0 : hyphen_before(code, LANGUAGE_CODE_LIMIT);
        if (!size)
            return NULL;
    }
    const LanguageInfo *found = find_row(capo_languages(), code, size), *row = i18n_language_row(code, size);
    if (!found && row && row->fallback)
        found = find_row(capo_languages(), row->fallback, strlen(row->fallback));
    size_t generic = size;
    for (size_t at = hyphen_before(code, size); at && !found; at = hyphen_before(code, at)) {
        found = find_row(capo_languages(), code, at);
        generic = at;
    }
    if (!found && !strict)
        for (const LanguageInfo *other = capo_languages(); other->code && !found; other++)
            if (strncasecmp(other->code, code, generic) == 0 && other->code[generic] == '-')
                found = other;
    return found ? found->code : NULL;
}

/* --- codes and folders ------------------------------------------------------------------------------------------------------------------ */

char *capo_to_locale(const char *language)
{
    char *text = capo_lower(language), *hyphen = strchr(text, '-');
    if (!hyphen || !hyphen[1]) {        /* what follows the third letter is left as it was written */
        Buffer out = { 0 };
        const char *at = language, *end = language + strlen(language);
        for (int i = 0; i < 3 && at < end; i++)
            capo_utf8_next(&at, end);
        capo_put_lower(&out, language, (size_t)(at - language));
        capo_put(&out, at);
        return capo_buffer_text(&out);
    }
    *hyphen = '_';
    char *country = hyphen + 1, *tail = strchr(country, '-');
    size_t size = tail ? (size_t)(tail - country) : strlen(country);
    Buffer out = { 0 };
    capo_put_bytes(&out, text, (size_t)(country - text));
    if (capo_utf8_length(country, size) > 2) {      /* "hans": Hans; "rs@latin": Rs@Latin */
        bool inside = false;
        for (const char *c = country, *end = country + size; c < end;) {
            const char *from = c;
            bool letter = capo_is_alphanumeric(capo_utf8_next(&c, end)) && !(*from >= '0' && *from <= '9');
            if (letter && !inside)
                capo_put_upper(&out, from, (size_t)(c - from));
            else
                capo_put_bytes(&out, from, (size_t)(c - from));
            inside = letter;
        }
    } else {
        capo_put_upper(&out, country, size);
    }
    if (tail && tail[1])
        capo_put(&out, tail);
    return capo_buffer_text(&out);
}

char *capo_to_language(const char *locale)
{
    char *text = capo_lower(locale), *line = strchr(text, '_');
    if (line)
        *line = '-';
    return text;
}

/* --- Accept-Language (RFC 9110, 12.5.4, as Django reads it: malformed is none) ------------------------------------------------------------ */

static bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || (*at >= '\t' && *at <= '\r')))
        at++;
    return at;
}

/* "en", "en-au", "x-y-z", "*": up to eight characters between hyphens. NULL: none. */
static const char *range_end(const char *at, const char *end)
{
    if (at < end && *at == '*')
        return at + 1;
    const char *part = at;
    while (at < end && is_letter(*at))
        at++;
    if (at == part || at - part > 8)
        return NULL;
    while (at < end && *at == '-') {
        part = ++at;
        while (at < end && (is_letter(*at) || is_digit(*at)))
            at++;
        if (at == part || at - part > 8)
            return NULL;
    }
    return at;
}

/* "0.8", "1.000". NULL: none. */
static const char *quality_end(const char *at, const char *end, double *ret)
{
    if (at == end || (*at != '0' && *at != '1'))
        return NULL;
    bool one = *at++ == '1';
    int thousandths = one ? 1000 : 0, place = 100;
    if (at < end && *at == '.') {
        at++;
        for (; place > 0 && at < end && is_digit(*at) && (!one || *at == '0'); place /= 10)
            thousandths += (*at++ - '0') * place;
    }
    *ret = thousandths / 1000.0;
    return at;
}

const AcceptedLanguage *capo_accept_language(const char *header)
{
    static const AcceptedLanguage none[1];
    size_t size = strnlen(header, LANGUAGE_CODE_LIMIT + 1), count = 1, n = 0;
    if (size > LANGUAGE_CODE_LIMIT) {
        size = LANGUAGE_CODE_LIMIT;
        while (size > 0 && header[size - 1] != ',')
            size--;
        if (size < 2)
            return none;
        size--;
    }
    char *text = capo_lower(capo_strndup(header, size));
    const char *at = text, *end = text + strlen(text);
    for (const char *comma = at; *comma; comma++)
        count += *comma == ',';
    AcceptedLanguage *found = capo_alloc_array(count + 1, sizeof *found);
    while (at < end) {
        AcceptedLanguage next = { at, 1 };
        const char *stop = range_end(at, end);
        if (!stop)
            return none;
        at = skip_blanks(stop, end);
        if (at < end && *at == ';') {
            at = skip_blanks(at + 1, end);
            if (end - at < 2 || at[0] != 'q' || at[1] != '=' || !(at = quality_end(at + 2, end, &next.quality)))
                return none;
            stop = at;
            at = skip_blanks(at, end);
        }
        if (at == end ? stop != end : *at != ',')       /* blanks at the end belong to nothing */
            return none;
        next.code = capo_strndup(next.code, strcspn(next.code, " \t\r\n\v\f;,"));
        if (at < end)
            at = skip_blanks(at + 1, end);
        size_t place = n++;                             /* equal ones stay in their order */
        for (; place > 0 && found[place - 1].quality < next.quality; place--)
            found[place] = found[place - 1];
        found[place] = next;
    }
    return found;
}

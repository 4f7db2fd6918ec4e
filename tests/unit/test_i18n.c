/* SPDX-License-Identifier: BSD-3-Clause */
/* Catalogues, plurals, languages, formats. The .mo files are written by the tests. */
#include "asking.h"
#include "../../core/i18n/internal.h"
#include "../../core/i18n/mo.h"
#include "../../core/i18n/po.h"
#include "scratch_folder.h"
#include <capo/i18n.h>
#include <capo/templates.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- writing catalogues ------------------------------------------------------------------------------------------------------- */

typedef struct Entry { const char *message, *many, *context, *translations[6]; } Entry;

static void put32(Buffer *out, uint32_t number, bool big_endian)
{
    if (big_endian)
        number = __builtin_bswap32(number);
    capo_put_bytes(out, &number, 4);
}

/* The file as msgfmt writes it, but unsorted and without a hash table; plural NULL: no rule. */
static Buffer mo_file(const char *plural, const Entry *entries, bool big_endian)
{
    uint32_t n = 1;
    while (entries[n - 1].message)
        n++;
    Buffer texts = { 0 }, out = { 0 };
    uint32_t *places = capo_alloc_array(n * 4, sizeof *places), start = 28 + n * 16;
    for (uint32_t half = 0; half < 2; half++)
        for (uint32_t i = 0; i < n; i++) {
            const Entry *entry = i ? &entries[i - 1] : NULL;
            size_t from = texts.size;
            if (!entry && half) {
                capo_put(&texts, "Project-Id-Version: test\nContent-Type: text/plain; charset=UTF-8\n");
                if (plural)
                    capo_put_format(&texts, "Plural-Forms: %s\n", plural);
            } else if (entry && !half) {
                capo_put_format(&texts, "%s%s%s", entry->context ? entry->context : "", entry->context ? "\4" : "", entry->message);
                if (entry->many) {
                    capo_put_char(&texts, 0);
                    capo_put(&texts, entry->many);
                }
            } else if (entry) {
                for (int k = 0; k < 6 && entry->translations[k]; k++) {
                    if (k)
                        capo_put_char(&texts, 0);
                    capo_put(&texts, entry->translations[k]);
                }
            }
            places[half * n * 2 + i * 2] = (uint32_t)(texts.size - from);
            places[half * n * 2 + i * 2 + 1] = start + (uint32_t)from;
            capo_put_char(&texts, 0);
        }
    put32(&out, 0x950412de, big_endian);
    put32(&out, 0, big_endian);
    put32(&out, n, big_endian);
    put32(&out, 28, big_endian);
    put32(&out, 28 + n * 8, big_endian);
    put32(&out, 0, big_endian);
    put32(&out, 0, big_endian);
    for (uint32_t i = 0; i < n * 4; i++)
        put32(&out, places[i], big_endian);
    capo_put_bytes(&out, texts.data, texts.size);
    return out;
}

static void put_catalog(const char *path, const char *plural, const Entry *entries)
{
    for (char *part = capo_strdup(path), *at = part; (at = strchr(at, '/')) != NULL; *at++ = '/') {
        *at = 0;
        mkdir(part, 0755);
    }
    Buffer mo = mo_file(plural, entries, false);
    EXPECT_INT(capo_write_file(path, mo.data, mo.size), 0);
}

static const char two_forms[] = "nplurals=2; plural=(n != 1);";
static const App shop = { .name = "shop" }, blog = { .name = "blog" };

static void use(Settings settings)
{
    settings.secret_key = TEST_KEY;
    settings.apps = APPS(&shop, &blog);
    capo_settings_init(&settings);
}

/* --- the files themselves --------------------------------------------------------------------------------------------------------- */

static const Entry some[] = {
    { "Hello", NULL, NULL, { "Hallo" } },
    { "May", NULL, "month", { "Mai" } },
    { "May", NULL, NULL, { "darf" } },
    { "%(n)s post", "%(n)s posts", NULL, { "%(n)s Beitrag", "%(n)s Beiträge" } },
    { "empty", NULL, NULL, { "" } },
    { 0 }
};

TEST(i18n_mo_files_of_both_byte_orders)
{
    for (int big = 0; big < 2; big++) {
        Buffer bytes = mo_file(two_forms, some, big);
        MoFile mo;
        const char *why = NULL;
        size_t size;
        EXPECT_INT(mo_open(bytes.data, bytes.size, &mo, &why), 0);
        EXPECT_TEXT(mo_find(&mo, NULL, "Hello", &size), "Hallo");
        EXPECT_TEXT(mo_find(&mo, "month", "May", &size), "Mai");
        EXPECT_TEXT(mo_find(&mo, NULL, "May", &size), "darf");
        EXPECT(!mo_find(&mo, "verb", "May", &size));
        EXPECT(!mo_find(&mo, NULL, "Hell", &size));
        const char *forms = mo_find(&mo, NULL, "%(n)s post", &size);
        EXPECT_TEXT(mo_nth(forms, size, 0), "%(n)s Beitrag");
        EXPECT_TEXT(mo_nth(forms, size, 1), "%(n)s Beiträge");
        EXPECT(!mo_nth(forms, size, 2) && !mo_nth(forms, size, -1));
        EXPECT_INT(plural_form(&mo.plural, 1), 0);
        EXPECT_INT(plural_form(&mo.plural, 0), 1);
        mo_close(&mo);
    }
}

/* Each byte of a good file set to odd values, and each cut: an answer or a reason, and the sanitizers are content. */
TEST(i18n_mo_files_that_are_damaged)
{
    Buffer bytes = mo_file(two_forms, some, false);
    static const unsigned char odd[] = { 0, 1, 4, 0x7f, 0x80, 0xff };
    int refused = 0;
    for (size_t i = 0; i < bytes.size; i++)
        for (size_t k = 0; k < sizeof odd; k++) {
            char *copy = capo_memdup(bytes.data, bytes.size);
            copy[i] = (char)odd[k];
            MoFile mo;
            const char *why = NULL;
            size_t size;
            if (mo_open(copy, bytes.size, &mo, &why) != 0) {
                EXPECT(why != NULL);
                refused++;
                continue;
            }
            const char *text = mo_find(&mo, NULL, "%(n)s post", &size);
            if (text)
                mo_nth(text, size, plural_form(&mo.plural, 5));
            mo_close(&mo);
        }
    EXPECT(refused > 500);
    for (size_t size = 0; size < bytes.size; size++) {
        char *copy = malloc(size ? size : 1);
        memcpy(copy, bytes.data, size);
        MoFile mo;
        const char *why = NULL;
        EXPECT(mo_open(copy, size, &mo, &why) != 0 && why);
        free(copy);
    }
}

/* A table of a million entries that all name one long string would take for ever; counts beyond the file are refused. */
TEST(i18n_mo_files_cannot_be_made_slow)
{
    enum { COUNT = 100000, SIZE = 28 + COUNT * 16 + 100001 };
    uint32_t *words = calloc(SIZE / 4 + 1, 4);
    memcpy(words, (uint32_t[]){ 0x950412de, 0, COUNT, 28, 28 + COUNT * 8 }, 20);
    for (uint32_t i = 0; i < COUNT * 2; i++) {
        words[7 + i * 2] = 100000;
        words[8 + i * 2] = 28 + COUNT * 16;
    }
    MoFile mo;
    const char *why = NULL;
    EXPECT(mo_open(words, SIZE, &mo, &why) != 0 && strstr(why, "damaged"));
    words[2] = 0xffffffff;
    EXPECT(mo_open(words, SIZE, &mo, &why) != 0);
    free(words);
}

/* --- plural rules ------------------------------------------------------------------------------------------------------------------- */

static const char *forms_of(const char *rule, const double *numbers, size_t count)
{
    PluralRule compiled;
    const char *why = NULL;
    if (plural_compile(rule, strlen(rule), &compiled, &why) != 0)
        return why;
    Buffer out = { 0 };
    for (size_t i = 0; i < count; i++)
        capo_put_int(&out, plural_form(&compiled, numbers[i]));
    plural_free(&compiled);
    return capo_buffer_text(&out);
}
#define FORMS(rule, ...) forms_of((rule), (double[]){ __VA_ARGS__ }, sizeof((double[]){ __VA_ARGS__ }) / sizeof(double))

TEST(i18n_plural_rules_of_languages)
{
    EXPECT_TEXT(FORMS("nplurals=2; plural=n != 1;", 0, 1, 2, 21, 1.5), "10111");
    EXPECT_TEXT(FORMS("nplurals=2; plural=(n > 1)", 0, 1, 2, 0.5), "0010");
    EXPECT_TEXT(FORMS("nplurals=1; plural=0;", 0, 1, 2), "000");
    EXPECT_TEXT(FORMS("nplurals=4; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : n%10==0 || "
                      "(n%10>=5 && n%10<=9) || (n%100>=11 && n%100<=14)? 2 : 3);", 1, 2, 5, 11, 12, 21, 22, 25, 100, 111, 1.5), "01222012223");
    EXPECT_TEXT(FORMS("nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);", 1, 2, 5, 12, 22, 112), "012212");
    EXPECT_TEXT(FORMS("nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 && n%100<=99 ? 4 : 5;",
                      0, 1, 2, 3, 10, 11, 99, 100, 102, 103), "0123344553");
    EXPECT_TEXT(FORMS("nplurals=2; plural=n%10!=1 || n%100==11;", 1, 11, 21), "010");
    EXPECT_TEXT(FORMS("nplurals=9; plural=1+2*3-n/2;", 2, 5), "65");
    EXPECT_TEXT(FORMS("nplurals=2; plural=!n;", 0, 1), "10");
    EXPECT_TEXT(FORMS("nplurals=2; plural=n>2==1;", 1, 3), "01");
    EXPECT_TEXT(FORMS("nplurals=20; plural=n%10;", -1, -10), "90");         /* as Python counts */
}

TEST(i18n_plural_rules_that_are_none)
{
    static const char *const bad[] = {
        "", "nplurals=2", "nplurals=2;", "nplurals=2; plural=", "nplurals=0; plural=0;", "nplurals=99; plural=0;", "nplurals=2; plural=n n;",
        "nplurals=2; plural=(n;", "nplurals=2; plural=n ? 1;", "nplurals=2; plural=n ? 1 :;", "nplurals=2; plural=x;", "nplurals=2; plural=n=1;",
        "nplurals=2; plural=99999999999;", "nplurals=INTEGER; plural=EXPRESSION;", "nplurals=2; plural=system(1);", "nplurals=2; plural=n; n;",
        "nplurals=2; plural=-1;", "plural=0; nplurals=2;",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        EXPECT(strstr(FORMS(bad[i], 1), " "));
    /* no form: a division by zero, a form that is not there */
    EXPECT_TEXT(FORMS("nplurals=2; plural=1/n;", 0, 1), "-11");
    EXPECT_TEXT(FORMS("nplurals=2; plural=1%n;", 0, 1), "-10");
    EXPECT_TEXT(FORMS("nplurals=2; plural=n;", 1, 2), "1-1");
    EXPECT_TEXT(FORMS("nplurals=2; plural=0-n;", 1), "-1");
    /* brackets and signs without end, parts without number */
    Buffer deep = { 0 }, long_one = { 0 };
    capo_put(&deep, "nplurals=2; plural=");
    capo_put(&long_one, "nplurals=2; plural=n");
    for (int i = 0; i < 480; i++) {
        capo_put_char(&deep, i % 3 ? '(' : '!');
        capo_put(&long_one, "+1");
    }
    EXPECT(strstr(FORMS(capo_buffer_text(&deep), 1), "too deeply"));
    EXPECT(strstr(FORMS(capo_buffer_text(&long_one), 1), "too many parts"));
}

/* --- looking up ------------------------------------------------------------------------------------------------------------------------ */

TEST(i18n_texts_of_catalogs)
{
    enter_scratch_folder();
    put_catalog("locale/de/LC_MESSAGES/django.mo", two_forms, some);
    use((Settings){ 0 });
    EXPECT_TEXT(capo_language(), "en-us");
    EXPECT_TEXT(capo_gettext("Hello"), "Hello");
    EXPECT_TEXT(capo_ngettext("%(n)s post", "%(n)s posts", 2), "%(n)s posts");
    capo_activate_language("de");
    EXPECT_TEXT(capo_language(), "de");
    EXPECT_TEXT(capo_gettext("Hello"), "Hallo");
    EXPECT_TEXT(capo_gettext("Unknown"), "Unknown");
    EXPECT_TEXT(capo_gettext(""), "");
    EXPECT_TEXT(capo_gettext("empty"), "empty");
    EXPECT_TEXT(capo_pgettext("month", "May"), "Mai");
    EXPECT_TEXT(capo_pgettext("none", "May"), "May");
    EXPECT_TEXT(capo_ngettext("%(n)s post", "%(n)s posts", 1), "%(n)s Beitrag");
    EXPECT_TEXT(capo_ngettext("%(n)s post", "%(n)s posts", 0), "%(n)s Beiträge");
    EXPECT_TEXT(capo_ngettext("one", "many", 1), "one");
    EXPECT_TEXT(capo_fill(capo_ngettext("%(n)s post", "%(n)s posts", 5), V("n", 5)), "5 Beiträge");
    EXPECT_TEXT(capo_fill("100%% %(a)s %(b)d %(c)s %s %n", V("a", "x"), V("b", 2)), "100% x 2 %(c)s %s %n");
    capo_activate_language(NULL);
    EXPECT(!capo_language());
    EXPECT_TEXT(capo_gettext("Hello"), "Hello");
    capo_deactivate_language();
    EXPECT_TEXT(capo_language(), "en-us");
}

/* A project's catalogue before an app's, an earlier app's before a later one's, "de_AT" before "de", and the site's language last. */
TEST(i18n_catalogs_are_found_in_order)
{
    enter_scratch_folder();
    put_catalog("locale/de/LC_MESSAGES/django.mo", two_forms, (Entry[]){ { "a", NULL, NULL, { "project" } }, { 0 } });
    put_catalog("more/de/LC_MESSAGES/django.mo", two_forms, (Entry[]){ { "a", NULL, NULL, { "more" } }, { "b", NULL, NULL, { "more" } }, { 0 } });
    put_catalog("shop/locale/de/LC_MESSAGES/django.mo", two_forms,
                (Entry[]){ { "b", NULL, NULL, { "shop" } }, { "c", NULL, NULL, { "shop" } }, { "f", NULL, NULL, { "shop" } }, { 0 } });
    put_catalog("blog/locale/de/LC_MESSAGES/django.mo", "nplurals=1; plural=0;",
                (Entry[]){ { "c", NULL, NULL, { "blog" } }, { "d", NULL, NULL, { "blog" } }, { "e", "es", NULL, { "one form" } }, { 0 } });
    put_catalog("blog/locale/de_AT/LC_MESSAGES/django.mo", NULL, (Entry[]){ { "d", NULL, NULL, { "Austria" } }, { 0 } });
    put_catalog("blog/locale/de/LC_MESSAGES/capo.mo", NULL, (Entry[]){ { "g", NULL, NULL, { "capo" } }, { 0 } });
    put_catalog("blog/locale/fr/LC_MESSAGES/django.mo", NULL, (Entry[]){ { "x", NULL, NULL, { "franc" } }, { "y", NULL, NULL, { "yeux" } }, { 0 } });
    use((Settings){ .language_code = "fr", .locale_paths = LIST("locale", "more") });
    capo_activate_language("de");
    static const char *const wanted[][2] = { { "a", "project" }, { "b", "more" }, { "c", "shop" }, { "d", "blog" }, { "x", "franc" }, { "g", "capo" } };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        EXPECT_TEXT(capo_gettext(wanted[i][0]), wanted[i][1]);
    EXPECT_TEXT(capo_ngettext("e", "es", 7), "one form");           /* by the rule of its own file */
    capo_activate_language("de-at");
    EXPECT_TEXT(capo_gettext("d"), "Austria");
    EXPECT_TEXT(capo_gettext("a"), "project");
    EXPECT_TEXT(capo_language(), "de-at");
    capo_activate_language("nn");
    EXPECT_TEXT(capo_gettext("y"), "yeux");
    capo_activate_language("en-gb");                                /* messages are English already */
    EXPECT_TEXT(capo_gettext("y"), "y");
    capo_activate_language("xx-yy");
    EXPECT_TEXT(capo_gettext("y"), "yeux");
    capo_activate_language("../../etc");
    EXPECT_TEXT(capo_gettext("y"), "yeux");
}

TEST(i18n_a_changed_catalog_is_read_anew_in_debug)
{
    enter_scratch_folder();
    put_catalog("locale/de/LC_MESSAGES/django.mo", NULL, (Entry[]){ { "a", NULL, NULL, { "before" } }, { 0 } });
    use((Settings){ .debug = true });
    capo_activate_language("de");
    const char *before = capo_gettext("a");
    EXPECT_TEXT(before, "before");
    put_catalog("locale/de/LC_MESSAGES/django.mo", NULL, (Entry[]){ { "a", NULL, NULL, { "afterwards" } }, { 0 } });
    usleep(1100000);
    EXPECT_TEXT(capo_gettext("a"), "afterwards");
    EXPECT_TEXT(before, "before");
}

TEST(i18n_catalogs_inside_the_program)
{
    enter_scratch_folder();
    Buffer mo = mo_file(two_forms, some, true);
    EmbeddedFile files[] = { { "locale/de/LC_MESSAGES/django.mo", mo.data, mo.size }, { "shop/locale/fr/LC_MESSAGES/django.mo", mo.data, mo.size }, { 0 } };
    use((Settings){ .files = files });
    capo_activate_language("de");
    EXPECT_TEXT(capo_gettext("Hello"), "Hallo");
    capo_activate_language("fr");
    EXPECT_TEXT(capo_gettext("Hello"), "Hallo");
    use((Settings){ 0 });
}

static void raise_in(void *unused)
{
    (void)unused;
    EXPECT_TEXT(capo_gettext("Hello"), "Hallo");
    capo_raise(418, "tea");
}

static void raise_in_german(void *unused)
{
    capo_with_language("de", raise_in, unused);
}

TEST(i18n_another_language_ends_also_with_a_raise)
{
    enter_scratch_folder();
    put_catalog("locale/de/LC_MESSAGES/django.mo", two_forms, some);
    use((Settings){ 0 });
    EXPECT_RAISES(418, raise_in_german, NULL);
    EXPECT_TEXT(capo_language(), "en-us");
    EXPECT_TEXT(capo_gettext("Hello"), "Hello");
}

static void report(const char *path, const char *why, void *argument)
{
    capo_put_format(argument, "%s: %s;", path, why);
}

TEST(i18n_damaged_catalogs_are_passed_over_and_told)
{
    enter_scratch_folder();
    put_catalog("locale/de/LC_MESSAGES/django.mo", "nplurals=2; plural=what;", some);
    put_catalog("locale/fr/LC_MESSAGES/django.mo", two_forms, some);
    use((Settings){ 0 });
    capo_activate_language("de");
    EXPECT_TEXT(capo_gettext("Hello"), "Hello");
    Buffer told = { 0 };
    capo_check_catalogs(report, &told);
    EXPECT_TEXT(capo_buffer_text(&told), "locale/de/LC_MESSAGES/django.mo: its plural expression has something that is neither n, a number nor a bracket;");
}

/* --- languages -------------------------------------------------------------------------------------------------------------------------- */

TEST(i18n_languages_that_are_supported)
{
    enter_scratch_folder();
    use((Settings){ .languages = LIST("en", "de", "pt-br", "zh-hans", "fr-ca") });
    static const struct { const char *code, *loose, *strict; } rows[] = {
        { "de", "de", "de" }, { "DE-at", "de", "de" }, { "pt", "pt-br", NULL }, { "pt-pt", "pt-br", NULL }, { "zh-cn", "zh-hans", "zh-hans" },
        { "zh-hans-tw", "zh-hans", "zh-hans" }, { "fr", "fr-ca", NULL }, { "it", NULL, NULL }, { "", NULL, NULL }, { "-", NULL, NULL },
        { "de'; drop", NULL, NULL }, { "en-us-x-y-z", "en", "en" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *loose = capo_supported_language(rows[i].code, false), *strict = capo_supported_language(rows[i].code, true);
        EXPECT_TEXT(loose ? loose : "none", rows[i].loose ? rows[i].loose : "none");
        EXPECT_TEXT(strict ? strict : "none", rows[i].strict ? rows[i].strict : "none");
    }
    EXPECT_TEXT(capo_languages()[2].name, "Brazilian Portuguese");
    EXPECT(!capo_languages()[5].code);
    EXPECT_TEXT(capo_language_info("ar-xx")->local_name, "العربيّة");
    EXPECT(capo_language_info("ar")->right_to_left && !capo_language_info("xx") && !capo_language_info(""));
    capo_activate_language("he");
    EXPECT(capo_language_bidi());
}

static void init(void *settings)
{
    capo_settings_init(settings);
}

TEST(i18n_an_unknown_language_of_settings_is_named)
{
    enter_scratch_folder();
    Settings settings = { .secret_key = TEST_KEY, .languages = LIST("de", "kligon") };
    EXPECT(strstr(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, init, &settings)->message, "'kligon'"));
}

/* SEC-066, SEC-360: headers and codes of any length cost no memory that stays, and no time to speak of. */
TEST(i18n_long_language_codes_leave_no_trace)
{
    enter_scratch_folder();
    use((Settings){ 0 });
    Buffer header = { 0 }, code = { 0 };
    for (int i = 0; i < 10000; i++)
        capo_put_format(&header, "x-%d;q=0.%d,", i, i % 10);
    for (int i = 0; i < 200; i++)
        capo_put(&code, "de-");
    EXPECT(capo_accept_language(capo_buffer_text(&header))[0].code != NULL);
    EXPECT_TEXT(capo_supported_language(capo_buffer_text(&code), false), "de");
    EXPECT(!capo_supported_language(capo_buffer_text(&code), true));
    capo_activate_language("de-warm");
    size_t before = i18n_kept_size();
    for (int i = 0; i < 2000; i++) {
        capo_activate_language(capo_format("de-%08x", i));
        capo_gettext("Hello");
        capo_formats();
    }
    EXPECT_INT((int64_t)(i18n_kept_size() - before), 0);
}

/* --- formats ------------------------------------------------------------------------------------------------------------------------------ */

static const char *number_in(const char *language, Value number, int places)
{
    Buffer out = { 0 };
    capo_put_number_with(&out, number, places, true, capo_formats_of(language));
    return capo_buffer_text(&out);
}

TEST(i18n_numbers_of_languages)
{
    enter_scratch_folder();
    use((Settings){ .formats = (const LocaleFormats[]){ { "hi", .grouping = "32", .thousand_separator = "," }, { "de-at", .decimal_separator = "·" }, { 0 } } });
    EXPECT_TEXT(number_in("en", VALUE(1234567.5), -1), "1,234,567.5");
    EXPECT_TEXT(number_in("de", VALUE(1234567.5), 2), "1.234.567,50");
    EXPECT_TEXT(number_in("de-ch", VALUE(1234567), -1), "1\u00a0234\u00a0567");
    EXPECT_TEXT(number_in("de-at", VALUE(1234.5), -1), "1.234·5");
    EXPECT_TEXT(number_in("hi", VALUE(1234567890), -1), "1,23,45,67,890");
    EXPECT_TEXT(number_in("hi", VALUE(-123), -1), "-123");
    EXPECT_TEXT(number_in("ja", VALUE(1234567), -1), "1234567");
    EXPECT_TEXT(number_in("fr-be", VALUE(((Decimal){ "-0.5" })), -1), "-0,5");
    EXPECT_TEXT(number_in(NULL, VALUE(1234.5), -1), "1234.5");
    capo_activate_language("de");
    EXPECT_INT(capo_first_day_of_week(), 1);
    capo_activate_language("ar");
    EXPECT_INT(capo_first_day_of_week(), 0);
    capo_activate_language("fa");
    EXPECT_INT(capo_first_day_of_week(), 6);
}

static const char *day_in(const char *language, const char *format)
{
    capo_activate_language(language);
    const char *named = capo_format_named(capo_formats(), format);
    return capo_format_date(capo_date(2026, 3, 22), named ? named : format);
}

TEST(i18n_dates_without_a_catalog)
{
    enter_scratch_folder();
    use((Settings){ 0 });
    EXPECT_TEXT(day_in("en", "DATE_FORMAT"), "March 22, 2026");
    EXPECT_TEXT(day_in("de", "DATE_FORMAT"), "22. März 2026");
    EXPECT_TEXT(day_in("de", "l, D, M"), "Sonntag, So, Mär");
    EXPECT_TEXT(day_in("ru", "DATE_FORMAT"), "22 марта 2026 г.");
    EXPECT_TEXT(day_in("ru", "F"), "Март");
    EXPECT_TEXT(day_in("pl", "j E Y / F"), "22 marca 2026 / marzec");
    EXPECT_TEXT(day_in("es", "DATE_FORMAT"), "22 de marzo de 2026");
    EXPECT_TEXT(day_in("fr-ca", "SHORT_DATE_FORMAT"), "2026-03-22");
    EXPECT_TEXT(day_in("ja", "DATE_FORMAT"), "2026年3月22日");
    EXPECT_TEXT(day_in("zh-tw", "l"), "週日");
    EXPECT_TEXT(day_in("pt-br", "F"), day_in("pt", "F"));
    EXPECT_TEXT(day_in("xx", "F"), "March");
    EXPECT_TEXT(day_in("de", "r") + 0, capo_format_date(capo_date(2026, 3, 22), "\\S\\u\\n, \\2\\2 \\M\\a\\r \\2\\0\\2\\6 \\0\\0:\\0\\0:\\0\\0 +\\0\\0\\0\\0"));
}

TEST(i18n_a_catalog_names_months_before_the_table)
{
    enter_scratch_folder();
    put_catalog("locale/de/LC_MESSAGES/django.mo", two_forms,
                (Entry[]){ { "March", NULL, NULL, { "Lenzing" } }, { "March", NULL, "alt. month", { "Lenzings" } }, { "mar", NULL, NULL, { "lnz" } },
                           { "March", NULL, "abbrev. month", { "Lenz." } }, { "Sunday", NULL, NULL, { "Sonnentag" } }, { "p.m.", NULL, NULL, { "nachm." } }, { 0 } });
    use((Settings){ .language_code = "de" });
    EXPECT_TEXT(day_in("de", "F E b M N l D"), "Lenzing Lenzings lnz Lnz Lenz. Sonnentag So");
    EXPECT_TEXT(day_in("fr", "F"), "mars");         /* its own name, not the default language's translation */
    EXPECT_TEXT(capo_format_time(capo_time(13, 5, 0, 0), "P"), "1:05 p.m.");
    capo_activate_language("de");
    EXPECT_TEXT(capo_format_time(capo_time(13, 5, 0, 0), "P"), "1:05 nachm.");
    EXPECT_TEXT(day_in("xx", "F"), "Lenzing");
}

TEST(i18n_formats_of_settings)
{
    enter_scratch_folder();
    use((Settings){ .date_format = "Y-m-d", .formats = (const LocaleFormats[]){ { "de", .date = "d.m.y", .first_weekday = 7 }, { 0 } } });
    EXPECT_TEXT(day_in("en-us", "DATE_FORMAT"), "2026-03-22");
    EXPECT_TEXT(day_in("en-us", "MONTH_DAY_FORMAT"), "March 22");
    EXPECT_TEXT(day_in("de", "DATE_FORMAT"), "22.03.26");
    EXPECT_INT(capo_first_day_of_week(), 0);
    EXPECT_TEXT(day_in("de-at", "DATE_FORMAT"), "22.03.26");
    EXPECT_TEXT(day_in("fr", "DATE_FORMAT"), "22 mars 2026");
}

/* --- PO files ----------------------------------------------------------------------------------------------------------------------------- */

#define PO_HEADER "msgid \"\"\nmsgstr \"\"\n\"Content-Type: text/plain; charset=UTF-8\\n\"\n\"Plural-Forms: nplurals=2; plural=n != 1;\\n\"\n\n"

TEST(i18n_po_files_are_compiled)
{
    static const char text[] = PO_HEADER
        "# a comment\n#: views.c:3\nmsgid \"Hello\"\nmsgstr \"Hal\"\n  \"lo\\n\\t\\\"\\\\\\101\"\n\n"
        "msgctxt \"month\"\nmsgid \"May\"\nmsgstr \"Mai\"\n#, fuzzy\nmsgid \"unsure\"\nmsgstr \"unsicher\"\n\nmsgid \"not yet\"\nmsgstr \"\"\n"
        "msgid \"%(n)s post\"\nmsgid_plural \"%(n)s posts\"\nmsgstr[0] \"ein Beitrag, 100%%\"\nmsgstr[1] \"%(n)s Beiträge\"\n#~ msgid \"old\"\n#~ msgstr \"alt\"\n";
    Buffer made = { 0 };
    int line = 0;
    const char *why = NULL;
    EXPECT(po_compile(text, sizeof text - 1, &made, &line, &why));
    MoFile mo;
    size_t size;
    EXPECT_INT(mo_open(made.data, made.size, &mo, &why), 0);
    EXPECT_INT(mo.count, 4);
    EXPECT_TEXT(mo_find(&mo, NULL, "Hello", &size), "Hallo\n\t\"\\A");
    EXPECT_TEXT(mo_find(&mo, "month", "May", &size), "Mai");
    EXPECT(!mo_find(&mo, NULL, "unsure", &size) && !mo_find(&mo, NULL, "not yet", &size) && !mo_find(&mo, NULL, "old", &size));
    const char *forms = mo_find(&mo, NULL, "%(n)s post", &size);
    EXPECT_TEXT(mo_nth(forms, size, plural_form(&mo.plural, 1)), "ein Beitrag, 100%%");
    EXPECT_TEXT(mo_nth(forms, size, plural_form(&mo.plural, 3)), "%(n)s Beiträge");
    mo_close(&mo);
}

/* SEC-233: a hole that the message has not is refused when the catalogue is made. */
TEST(i18n_po_files_that_are_wrong)
{
    static const struct { const char *text, *why; int line; } rows[] = {
        { "msgid \"a\"\nmsgstr \"%(b)s\"\n", "hole", 8 }, { "msgid \"a\"\nmsgstr \"x\nmsgid", "not closed", 7 },
        { "msgid \"a\"\nmsgstr \"x\" y\n", "behind a text", 7 }, { "msgid \"a\"\n", "no msgstr", 7 }, 
        { "msgid \"a\"\nmsgid_plural \"b\"\nmsgstr[1] \"x\"\n", "in this order", 8 }, { "what \"a\"\n", "was expected", 6 },
        { "msgid \"a\"\nmsgstr \"1\"\nmsgid \"a\"\nmsgstr \"2\"\n", "twice", 0 }, { "msgid \"a\"\nmsgstr \"\\q\"\n", "escape", 7 },
        { "msgid \"a\"\nmsgid_plural \"b\"\nmsgstr[0] \"x\"\n", "forms", 6 }, { "msgstr \"a\"\n", "two msgstr", 0 }, { "msgid \"a\"\nmsgstr \"\\0\"\n", "cannot hold", 7 },
        { "msgid \"a\"\nmsgstr \"\xff\"\n", "UTF-8", 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = capo_format("%s%s", PO_HEADER, rows[i].text);
        Buffer made = { 0 };
        int line = 0;
        const char *why = "";
        EXPECT(!po_compile(text, strlen(text), &made, &line, &why) && made.size == 0);
        EXPECT_TEXT(strstr(why, rows[i].why) ? "" : why, "");
        if (rows[i].line)
            EXPECT_INT(line, rows[i].line);
    }
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The language of a request, the view that sets it, and templates in languages. The catalogue is written by the test. */
#include "asking.h"
#include "scratch_folder.h"
#include <capo/i18n.h>
#include <capo/loop.h>
#include <capo/templates.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Messages and translations in turn, NULL at the end; "\1" stands for the NUL between plural forms. */
static void put_german(const char *const *texts)
{
    uint32_t n = 0, at;
    while (texts[n])
        n++;
    Buffer out = { 0 }, words = { 0 };
    capo_put_bytes(&out, (uint32_t[]){ 0x950412de, 0, n / 2, 28, 28 + n * 4, 0, 0 }, 28);
    at = 28 + n * 8;
    for (uint32_t half = 0; half < 2; half++)
        for (uint32_t i = half; i < n; i += 2) {
            uint32_t size = (uint32_t)strlen(texts[i]);
            capo_put_bytes(&out, (uint32_t[]){ size, at + (uint32_t)words.size }, 8);
            for (const char *c = texts[i]; *c; c++)
                capo_put_char(&words, *c == 1 ? 0 : *c);
            capo_put_char(&words, 0);
        }
    capo_put_bytes(&out, words.data, words.size);
    mkdir("locale", 0755);
    mkdir("locale/de", 0755);
    mkdir("locale/de/LC_MESSAGES", 0755);
    EXPECT_INT(capo_write_file("locale/de/LC_MESSAGES/django.mo", out.data, out.size), 0);
}

#define GERMAN(...) put_german((const char *const[]){ "", "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=n != 1;\n", __VA_ARGS__, NULL })

/* --- requests ------------------------------------------------------------------------------------------------------------------------ */

static Response *say(Request *req)
{
    (void)req;
    return capo_text("%s %s %s", capo_language(), capo_gettext("Hello"), capo_format_date(capo_date(2026, 5, 1), "F"));
}

static const Route urls[] = {
    { "", say, "say" },
    { "language/", capo_set_language, "set_language" },
    { 0 }
};

static void use_site(void)
{
    enter_scratch_folder();
    GERMAN("Hello", "Hallo");
    capo_settings_init(&(Settings){ .secret_key = TEST_KEY, .urls = urls, .allowed_hosts = LIST("example.com"), .languages = LIST("en", "de", "pt-br"),
                                    .middleware = MIDDLEWARE(capo_locale_middleware), .language_cookie_age = 3600 });
}

static const char *answer_to(const char *accept, const char *cookie)
{
    return ask("GET", "/", HEADERS({ "Host", "example.com" }, { accept ? "Accept-Language" : "X-None", accept ? accept : "" },
                                   { cookie ? "Cookie" : "X-No", cookie ? cookie : "" }), NULL).body;
}

TEST(i18n_language_of_a_request)
{
    use_site();
    EXPECT_TEXT(answer_to(NULL, NULL), "en Hello May");
    EXPECT_TEXT(answer_to("de-AT,en;q=0.8", NULL), "de Hallo Mai");
    EXPECT_TEXT(answer_to("en;q=0.8,de;q=0.9", NULL), "de Hallo Mai");
    EXPECT_TEXT(answer_to("fr,*", NULL), "en Hello May");
    EXPECT_TEXT(answer_to("de;q=broken", NULL), "en Hello May");
    EXPECT_TEXT(answer_to("pt-PT", NULL), "pt-br Hello maio");
    EXPECT_TEXT(answer_to("en", "django_language=de"), "de Hallo Mai");
    EXPECT_TEXT(answer_to("de", "django_language=xx"), "de Hallo Mai");
    Asked asked = ask("GET", "/", HEADERS({ "Host", "example.com" }, { "Accept-Language", "de" }), NULL);
    EXPECT(strstr(asked.all, "Content-Language: de\r\n"));
    EXPECT(strstr(asked.all, "Vary: Accept-Language\r\n"));
}

static const char *cookie_set_by(const Asked *asked)
{
    const char *found = strstr(asked->all, "Set-Cookie: ");
    return found ? capo_strndup(found + 12, strcspn(found + 12, "\r")) : "none";
}

static const char *location_of(const Asked *asked)
{
    const char *found = strstr(asked->all, "Location: ");
    return found ? capo_strndup(found + 10, strcspn(found + 10, "\r")) : "none";
}

TEST(i18n_set_language)
{
    use_site();
    const struct QueryItem *host = HEADERS({ "Host", "example.com" });
    Asked asked = ask("POST", "/language/", host, "language=de&next=/blog/?a=1");
    EXPECT_INT(asked.status, 302);
    EXPECT_TEXT(location_of(&asked), "/blog/?a=1");
    EXPECT(capo_starts_with(cookie_set_by(&asked), "django_language=de; "));
    EXPECT(strstr(cookie_set_by(&asked), "Max-Age=3600") && strstr(cookie_set_by(&asked), "SameSite=Lax"));
    /* not ours: a language, a place */
    asked = ask("POST", "/language/", host, "language=fr");
    EXPECT_TEXT(cookie_set_by(&asked), "none");
    EXPECT_TEXT(location_of(&asked), "/");
    asked = ask("POST", "/language/", host, "language=de;Domain=evil.example&next=//evil.example/");
    EXPECT_TEXT(cookie_set_by(&asked), "none");
    EXPECT_TEXT(location_of(&asked), "/");
    asked = ask("POST", "/language/", HEADERS({ "Host", "example.com" }, { "Referer", "http://example.com/page/" }), "language=de&next=https://evil.example/");
    EXPECT_TEXT(location_of(&asked), "http://example.com/page/");
    asked = ask("GET", "/language/?language=de", host, NULL);
    EXPECT_TEXT(cookie_set_by(&asked), "none");
    asked = ask("POST", "/language/", HEADERS({ "Host", "example.com" }, { "Accept", "application/json" }), "language=de");
    EXPECT_INT(asked.status, 204);
    EXPECT(capo_starts_with(cookie_set_by(&asked), "django_language=de; "));
}

/* --- templates -------------------------------------------------------------------------------------------------------------------------- */

static const char *rendered(const char *source, const Map *variables)
{
    Buffer out = { 0 };
    capo_template_render(capo_template_from_string(capo_format("{%% load i18n l10n humanize %%}%s", source), "test"), capo_context_new(NULL, variables), &out);
    return capo_buffer_text(&out);
}

static void use_templates(void)
{
    enter_scratch_folder();
    GERMAN("Hello", "Hallo", "50%% off", "50%% weniger", "month\4May", "Mai", "Hi %(name)s", "Servus %(name)s", "bad %(name)s", "schlecht %(other)s",
           "worse %(name)s", "schlechter %s %(name)d %", "%(n)s post", "x",
           "%(n)s post of %(name)s\1%(n)s posts of %(name)s", "%(n)s Beitrag von %(name)s\1%(name)s hat %(n)s Beiträge", "one two", "eins zwei",
           "<b>", "<i>&", "German", "Deutsch", "yes,no,maybe", "ja,nein,vielleicht", "%(num)d day\1%(num)d days", "%(num)d Tag\1%(num)d Tage",
           "a hour ago", "x", "%(size)d byte\1%(size)d bytes", "%(size)d Byte\1%(size)d Bytes", "%s MB", "%s Megabyte");
    capo_settings_init(&(Settings){ .secret_key = TEST_KEY, .languages = LIST("en", "de"), .use_thousand_separator = true });
    capo_activate_language("de");
}

TEST(i18n_templates_translate)
{
    use_templates();
    Map *map = capo_map_new();
    capo_map_set(map, "name", VALUE("<Ada>"));
    capo_map_set(map, "hello", VALUE("Hello"));
    capo_map_set(map, "month", VALUE("month"));
    static const char *const rows[][2] = {
        { "{% translate 'Hello' %}", "Hallo" }, { "{% trans hello %}", "Hallo" }, { "{% translate 'Hello' noop %}", "Hello" },
        { "{% translate 'Hello' as x %}[{{ x }}]", "[Hallo]" }, { "{% translate 'Hello'|upper %}", "HALLO" }, { "{% translate '50% off' %}", "50% weniger" },
        { "{% translate 'May' context month %}{% translate 'May' %}", "MaiMay" }, { "{{ _('Hello') }}", "Hallo" }, { "{{ missing|default:_('Hello') }}", "Hallo" },
        { "{% translate '<b>' %}", "<i>&" }, { "{% translate name %}", "&lt;Ada&gt;" },
        { "{% blocktranslate %}Hi {{ name }}{% endblocktranslate %}", "Servus &lt;Ada&gt;" },
        { "{% blocktranslate with name='Bo' %}Hi {{ name }}{% endblocktranslate %}", "Servus Bo" },
        { "{% blocktranslate asvar x %}Hi {{ name }}{% endblocktranslate %}[{{ x }}]", "[Servus &lt;Ada&gt;]" },
        { "{% blocktranslate context 'month' %}May{% endblocktranslate %}", "Mai" }, { "{% blocktranslate %}50% off{% endblocktranslate %}", "50% weniger" },
        { "{% blocktranslate trimmed %}\n  one\n  two\n{% endblocktranslate %}", "eins zwei" },
        /* holes that the message has not, or none that is one: the message itself */
        { "{% blocktranslate %}bad {{ name }}{% endblocktranslate %}", "bad &lt;Ada&gt;" },
        { "{% blocktranslate %}worse {{ name }}{% endblocktranslate %}", "worse &lt;Ada&gt;" },
        { "{% language 'en' %}{% translate 'Hello' %}{% endlanguage %}{% translate 'Hello' %}", "HelloHallo" },
        { "{% language None %}{% translate 'Hello' %}{% endlanguage %}", "Hello" },
        { "{% get_current_language as l %}{% get_current_language_bidi as b %}{{ l }}{{ b }}", "deFalse" },
        { "{% get_available_languages as all %}{% for c, n in all %}{{ c }}={{ n }};{% endfor %}", "en=English;de=Deutsch;" },
        { "{% get_language_info for 'de' as i %}{{ i.code }} {{ i.name }} {{ i.name_local }} {{ i.name_translated }} {{ i.bidi }}", "de German Deutsch Deutsch False" },
        { "{{ 'de'|language_name }} {{ 'de'|language_name_translated }}", "German Deutsch" }, { "{{ 1|yesno }} {{ 0|yesno }}", "ja nein" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        EXPECT_TEXT(rendered(rows[i][0], map), rows[i][1]);
}

TEST(i18n_templates_count)
{
    use_templates();
    Map *map = capo_map_new();
    capo_map_set(map, "who", VALUE("Bo"));
    static const struct { Value n; const char *text; } rows[] = {
        { { .kind = VALUE_INT, .integer = 1 }, "1 Beitrag von Bo" }, { { .kind = VALUE_INT, .integer = 0 }, "Bo hat 0 Beiträge" },
        { { .kind = VALUE_REAL, .real = 1.5 }, "Bo hat 1,5 Beiträge" }, { { .kind = VALUE_INT, .integer = 2000 }, "Bo hat 2.000 Beiträge" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        capo_map_set(map, "count", rows[i].n);
        EXPECT_TEXT(rendered("{% blocktranslate with name=who count n=count %}{{ n }} post of {{ name }}{% plural %}{{ n }} posts of {{ name }}"
                             "{% endblocktranslate %}", map), rows[i].text);
    }
}

TEST(i18n_templates_localise)
{
    use_templates();
    Map *map = capo_map_new();
    capo_map_set(map, "d", VALUE(capo_date(2026, 5, 1)));
    capo_map_set(map, "f", VALUE(1234.5));
    capo_map_set(map, "i", VALUE(1234567));
    static const char *const rows[][2] = {
        { "{{ d }}|{{ d|date }}|{{ d|date:'SHORT_DATE_FORMAT' }}|{{ d|date:'j. F Y' }}", "1. Mai 2026|1. Mai 2026|01.05.2026|1. Mai 2026" },
        { "{{ f }}|{{ i }}|{{ f|floatformat }}|{{ f|floatformat:'2u' }}|{{ i|intcomma }}", "1.234,5|1.234.567|1.234,5|1234.50|1.234.567" },
        { "{% localize off %}{{ f }} {{ i }} {{ d }}{% endlocalize %}", "1234.5 1234567 Mai 1, 2026" },
        { "{{ f|unlocalize }}|{% localize off %}{{ f|localize }}{% endlocalize %}", "1234.5|1.234,5" },
        { "{{ i|filesizeformat }}|{{ 1|filesizeformat }}", "1,2\u00a0Megabyte|1\u00a0Byte" },
        { "{% language 'fr' %}{{ d|date:'j F Y' }} {{ f }}{% endlanguage %}", "1 mai 2026 1\u00a0234,5" },
        { "{% language 'en' %}{{ d }} {{ f }}{% endlanguage %}", "May 1, 2026 1,234.5" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        EXPECT_TEXT(rendered(rows[i][0], map), rows[i][1]);
}

/* --- SEC-365: two requests at once, each in its own language --------------------------------------------------------------------------- */

typedef struct Visitor { const char *code, *hello; int rounds; bool good; } Visitor;

static void visit(void *argument)
{
    Visitor *visitor = argument;
    visitor->good = true;
    capo_activate_language(visitor->code);
    for (int i = 0; i < 20; i++) {
        visitor->good = visitor->good && strcmp(capo_language(), visitor->code) == 0 && strcmp(capo_gettext("Hello"), visitor->hello) == 0;
        capo_sleep(0.001);
    }
}

static void visited(void *argument, struct Unit *unit, const Error *error)
{
    Visitor *visitor = argument;
    (void)unit;
    visitor->good = visitor->good && !error;
    visitor->rounds--;
}

TEST(i18n_fibers_have_each_their_own_language)
{
    use_templates();
    capo_deactivate_language();
    static Visitor visitors[2];
    visitors[0] = (Visitor){ .code = "de", .hello = "Hallo", .rounds = 1 };
    visitors[1] = (Visitor){ .code = "en", .hello = "Hello", .rounds = 1 };
    for (int i = 0; i < 2; i++)
        capo_fiber_start("visitor", visit, &visitors[i], visited, false);
    while (visitors[0].rounds || visitors[1].rounds)
        capo_sleep(0.001);
    EXPECT(visitors[0].good && visitors[1].good);
    EXPECT_TEXT(capo_language(), "en-us");
}

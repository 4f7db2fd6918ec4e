/* SPDX-License-Identifier: BSD-3-Clause */
/* Dates, times, zones and URLs in templates of a site: what data files cannot hold. The outputs are those of Django 3.2 with the same zone. */
#include <capo/testing.h>
#include <string.h>

static Response *no_view(Request *req) { (void)req; return NULL; }
static const Route urls[] = { { "posts/<int:pk>/<slug:slug>/", no_view, "detail" }, { "", no_view, "home" }, { 0 } };

static const char *rendered(const char *source)
{
    DateTime when, later, soon;
    const TimeZone *utc = capo_time_zone("UTC");
    EXPECT(capo_parse_datetime("2026-11-22T07:05:09", utc, &when));
    later.microseconds = when.microseconds + (40 * 24 + 5) * INT64_C(3600000000);
    soon.microseconds = when.microseconds + 61 * INT64_C(60000000);
    Map *variables = capo_map(V("when", when), V("day", capo_date(2026, 2, 3)), V("t", capo_time(14, 30, 0, 0)), V("later", later), V("soon", soon),
                              V("none", capo_value_null()), V("name", "detail"));
    Buffer out = { 0 };
    capo_template_render(capo_template_from_string(source, "test"), capo_context_new(NULL, variables), &out);
    return capo_buffer_text(&out);
}

static void use_berlin(void)
{
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .urls = urls, .time_zone = "Europe/Berlin" });
    capo_activate_time_zone(NULL);
}

TEST(template_dates_print_as_in_django)
{
    use_berlin();
    static const struct { const char *source, *output; } cases[] = {
        { "{{ when|date:\"Y-m-d H:i:s e\" }}", "2026-11-22 08:05:09 CET" },
        { "{{ when|date }}", "Nov. 22, 2026" },
        { "{{ when|date:\"D j M y, P\" }}", "Sun 22 Nov 26, 8:05 a.m." },
        { "{{ day|date:\"l, jS F Y, z, W, t, L\" }}", "Tuesday, 3rd February 2026, 34, 6, 28, False" },
        { "{{ t|time }} {{ t|time:\"H:i\" }} {{ when|time:\"g:i A\" }}", "2:30 p.m. 14:30 8:05 AM" },
        { "{{ when }} {{ day }} {{ t }}", "Nov. 22, 2026, 8:05 a.m. Feb. 3, 2026 2:30 p.m." },
        { "{{ none|date }}|{{ \"x\"|date }}|{{ when|date:\"SHORT_DATE_FORMAT\" }}", "||11/22/2026" },
        { "{{ when|timesince:later }}", "1\xc2\xa0month, 1\xc2\xa0week" },
        { "{{ later|timeuntil:when }}", "1\xc2\xa0month, 1\xc2\xa0week" },
        { "{{ later|timesince:when }}", "0\xc2\xa0minutes" },
        { "{{ when|timesince:soon }}", "1\xc2\xa0hour, 1\xc2\xa0minute" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        EXPECT_TEXT(rendered(cases[i].source), cases[i].output);
}

TEST(template_zones_change_what_is_shown)
{
    use_berlin();
    EXPECT_TEXT(rendered("{% load tz %}{{ when|utc|date:\"H:i\" }} {{ when|timezone:\"America/New_York\"|date:\"H:i\" }} "
                         "{% localtime off %}{{ when|date:\"H:i\" }}{% endlocaltime %} {% timezone \"Asia/Tokyo\" %}{{ when|date:\"H:i\" }}"
                         "{% get_current_timezone as z %}{{ z }}{% endtimezone %} {{ when|date:\"H:i\" }}"), "07:05 02:05 07:05 16:05Asia/Tokyo 08:05");
}

TEST(template_now_is_now)
{
    use_berlin();
    capo_freeze_time((DateTime){ INT64_C(1795331109000000) });
    EXPECT_TEXT(rendered("{% now \"Y-m-d H:i\" %} {% now \"Y\" as year %}[{{ year }}]"), "2026-11-22 08:05 [2026]");
}

TEST(template_urls_are_reversed)
{
    use_berlin();
    EXPECT_TEXT(rendered("{% url \"home\" %} {% url name 7 \"a-b\" %} {% url \"detail\" slug=\"x\" pk=8 as u %}[{{ u }}]"), "/ /posts/7/a-b/ [/posts/8/x/]");
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <capo/testing.h>

TEST(time_calendar)
{
    int y, m, d;
    EXPECT_INT(capo_date(1970, 1, 1).days, 0);
    EXPECT_INT(capo_date(2000, 3, 1).days, 11017);
    for (int32_t days = -719162; days < 2932896; days += 97) {     /* years 1 to 9999 */
        capo_date_parts((Date){ days }, &y, &m, &d);
        EXPECT_INT(capo_date(y, m, d).days, days);
    }
    EXPECT_INT(capo_date_weekday(capo_date(2026, 11, 22)), 6);
    EXPECT_INT(capo_date_weekday(capo_date(1, 1, 1)), 0);
    EXPECT(!capo_date_valid(2023, 2, 29) && capo_date_valid(2024, 2, 29) && !capo_date_valid(1900, 2, 29) && !capo_date_valid(0, 1, 1));
}

static void no_such_day(void *unused)
{
    (void)unused;
    capo_date(2023, 2, 30);
}

TEST(time_no_such_day)
{
    EXPECT_RAISES(ERROR_VALUE, no_such_day, NULL);
}

static const char *there_and_back(const char *text, const char *zone)
{
    DateTime instant;
    if (!capo_parse_datetime(text, capo_time_zone(zone), &instant))
        return "none";
    return capo_datetime_iso(instant, capo_time_zone(zone));
}

TEST(time_zones)
{
    EXPECT_TEXT(there_and_back("2026-07-01T12:00", "Europe/Berlin"), "2026-07-01T12:00:00+02:00");
    EXPECT_TEXT(there_and_back("2026-01-01T12:00:00.5", "America/Chicago"), "2026-01-01T12:00:00.500000-06:00");
    /* twice there: the earlier; not there: the offset before, so it shows an hour on */
    EXPECT_TEXT(there_and_back("2026-10-25T02:30", "Europe/Berlin"), "2026-10-25T02:30:00+02:00");
    EXPECT_TEXT(there_and_back("2026-03-29T02:30", "Europe/Berlin"), "2026-03-29T03:30:00+02:00");
    /* behind the table, by the rule; the southern half of the year; before the table, local mean time */
    EXPECT_TEXT(there_and_back("2120-07-01T00:00", "Europe/Berlin"), "2120-07-01T00:00:00+02:00");
    EXPECT_TEXT(there_and_back("2120-01-01T00:00", "Australia/Sydney"), "2120-01-01T00:00:00+11:00");
    EXPECT_TEXT(there_and_back("2120-07-01T00:00", "Australia/Sydney"), "2120-07-01T00:00:00+10:00");
    EXPECT_TEXT(there_and_back("1800-01-01T00:00", "Europe/Berlin"), "1800-01-01T00:00:00+00:53:28");
    EXPECT_TEXT(there_and_back("2026-11-22T08:30:00+05:30", "UTC"), "2026-11-22T03:00:00+00:00");
    EXPECT(capo_time_zone("Nowhere/City") == NULL);
    EXPECT(capo_time_zone("../../../etc/passwd") == NULL);
    EXPECT(capo_time_zone("zone.tab") == NULL);
    EXPECT(capo_time_zone("") == NULL);
    EXPECT(capo_time_zone("Europe") == NULL);
    EXPECT_TEXT(capo_time_zone_name(capo_time_zone_fixed(9000, NULL)), "UTC+02:30");
    EXPECT(capo_time_zone_by_id(capo_time_zone_id(capo_time_zone("Asia/Tokyo"))) == capo_time_zone("Asia/Tokyo"));
}

TEST(time_zone_of_the_unit)
{
    capo_activate_time_zone(capo_time_zone("Asia/Tokyo"));
    DateTime instant;
    EXPECT(capo_parse_datetime("2026-11-22 00:30", NULL, &instant));
    EXPECT_TEXT(capo_datetime_iso(instant, capo_time_zone("UTC")), "2026-11-21T15:30:00+00:00");
    EXPECT_TEXT(capo_date_iso(capo_local_date(instant)), "2026-11-22");
    capo_activate_time_zone(NULL);
    EXPECT_TEXT(capo_date_iso(capo_local_date(instant)), "2026-11-21");
}

TEST(time_parse_date)
{
    Date date;
    static const char *const good[] = { "2026-11-22", "20261122", "2026-W47-7", "2026W477" };
    for (size_t i = 0; i < 4; i++) {
        EXPECT(capo_parse_date(good[i], &date));
        EXPECT_TEXT(capo_date_iso(date), "2026-11-22");
    }
    EXPECT(capo_parse_date("2026-1-2", &date));
    EXPECT_TEXT(capo_date_iso(date), "2026-01-02");
    static const char *const bad[] = { "", "2026", "2026-13-01", "2026-02-30", "2026-11-22x", "x2026-11-22", "2026-11-2a", "2025-W53-1" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        EXPECT(!capo_parse_date(bad[i], &date));
}

TEST(time_parse_durations)
{
    static const char *const rows[][2] = {
        { "3 04:05:06.7", "3 days, 4:05:06.700000" }, { "P3DT4H", "3 days, 4:00:00" }, { "-1 00:00:00", "-1 day, 0:00:00" },
        { "30", "0:00:30" }, { "15:30", "0:15:30" }, { "1:15:30", "1:15:30" }, { "-4:15:30", "-1 day, 19:44:30" },
        { "-P0DT1H", "-1 day, 23:00:00" }, { "PT0.000005S", "0:00:00.000005" }, { "4 days", "4 days, 0:00:00" },
        { "1 day 00:00:01", "1 day, 0:00:01" }, { "P4Y", "none" }, { "", "0:00:00" }, { "x", "none" }, { "1:", "none" },
        { "99999999999999999999", "none" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Duration duration;
        EXPECT_TEXT(capo_parse_duration(rows[i][0], &duration) ? capo_duration_text(duration) : "none", rows[i][1]);
    }
}

TEST(time_format_letters)
{
    Date date = capo_date(2026, 9, 2);
    EXPECT_TEXT(capo_format_date(date, "N j, Y"), "Sept. 2, 2026");
    EXPECT_TEXT(capo_format_date(date, "jS \\o\\f F, l D z t L W o w y m n b M"), "2nd of September, Wednesday Wed 245 30 False 36 2026 3 26 09 9 sep Sep");
    EXPECT_TEXT(capo_format_time(capo_time(12, 0, 0, 0), "P"), "noon");
    EXPECT_TEXT(capo_format_time(capo_time(0, 0, 0, 0), "P"), "midnight");
    EXPECT_TEXT(capo_format_time(capo_time(13, 5, 9, 42), "P f g G h H:i:s u A a"), "1:05 p.m. 1:05 1 13 01 13:05:09 000042 PM p.m.");
    DateTime instant;
    EXPECT(capo_parse_datetime("2026-07-01T12:00:01Z", NULL, &instant));
    capo_activate_time_zone(capo_time_zone("Europe/Berlin"));
    EXPECT_TEXT(capo_format_datetime(instant, "c|r|U|e|T|O|Z|I"),
                "2026-07-01T14:00:01+02:00|Wed, 01 Jul 2026 14:00:01 +0200|1782907201|CEST|CEST|+0200|7200|1");
    capo_activate_time_zone(NULL);
}

TEST(time_strftime_and_strptime)
{
    DateParts parts;
    EXPECT(capo_strptime("10/25/06 2:30 PM", "%m/%d/%y %I:%M %p", &parts));
    EXPECT_TEXT(capo_strftime(&parts, "%Y-%m-%d %H:%M:%S"), "2006-10-25 14:30:00");
    EXPECT(capo_strptime("25 October 2006", "%d %B %Y", &parts));
    EXPECT_TEXT(capo_strftime(&parts, "%a %A %b %B %j %y %p %%"), "Wed Wednesday Oct October 298 06 AM %");
    EXPECT(!capo_strptime("2006-02-30", "%Y-%m-%d", &parts));
    EXPECT(!capo_strptime("2006-02-3x", "%Y-%m-%d", &parts));
    EXPECT(!capo_strptime("2006-02-03 ", "%Y-%m-%d", &parts));
}

TEST(time_uuid)
{
    Uuid uuid, again;
    EXPECT(capo_parse_uuid("{12345678-1234-5678-1234-567812345678}", &uuid));
    EXPECT_TEXT(capo_uuid_text(&uuid), "12345678-1234-5678-1234-567812345678");
    EXPECT(capo_parse_uuid("urn:uuid:12345678-1234-5678-1234-567812345678", &again));
    EXPECT(!capo_parse_uuid("1234", &uuid) && !capo_parse_uuid("12345678-1234-5678-1234-56781234567g", &uuid));
    uuid = capo_uuid_random();
    EXPECT_INT(capo_uuid_text(&uuid)[14], '4');
}

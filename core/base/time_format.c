/* SPDX-License-Identifier: BSD-3-Clause */
/* Dates and times to texts: ISO, Python's str() of durations, Django's format letters, strftime. */
#include "clock.h"
#include <capo/arena.h>
#include <capo/error.h>
#include <stdlib.h>
#include <string.h>

static const char *const months[12] = { "January", "February", "March", "April", "May", "June", "July", "August", "September",
                                        "October", "November", "December" };
/* The Associated Press's way, which Django's N has. */
static const char *const months_ap[12] = { "Jan.", "Feb.", "March", "April", "May", "June", "July", "Aug.", "Sept.", "Oct.", "Nov.", "Dec." };
static const char *const months_short[12] = { "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec" };
static const char *const weekdays[7] = { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" };
static const char *const weekdays_short[7] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
static const char *const halves[2] = { "AM", "PM" }, *const halves_dotted[2] = { "a.m.", "p.m." }, *const hours[2] = { "midnight", "noon" };

const char *(*capo_date_word_hook)(DateWord kind, int index, const char *english);

static const char *word(DateWord kind, const char *const *english, int index)
{
    const char *found = capo_date_word_hook ? capo_date_word_hook(kind, index, english[index]) : NULL;
    return found ? found : english[index];
}

/* --- ISO -------------------------------------------------------------------------------------------------------------------- */

static void put_iso_date(Buffer *out, const DateParts *p)
{
    capo_put_format(out, "%04d-%02d-%02d", p->year, p->month, p->day);
}

static void put_iso_time(Buffer *out, const DateParts *p)
{
    capo_put_format(out, "%02d:%02d:%02d", p->hour, p->minute, p->second);
    if (p->microsecond)
        capo_put_format(out, ".%06d", p->microsecond);
}

/* +hh:mm, with :ss for offsets of old times that have seconds */
static void put_offset(Buffer *out, int offset, const char *colon)
{
    int absolute = abs(offset);
    capo_put_format(out, "%c%02d%s%02d", offset < 0 ? '-' : '+', absolute / 3600, colon, absolute / 60 % 60);
}

void capo_put_iso_datetime(Buffer *out, const DateParts *p, char separator)
{
    put_iso_date(out, p);
    capo_put_char(out, separator);
    put_iso_time(out, p);
    if (!p->zone)
        return;
    put_offset(out, p->offset, ":");
    if (p->offset % 60)
        capo_put_format(out, ":%02d", abs(p->offset) % 60);
}

static DateParts time_parts(Time time)
{
    return capo_wall((DateTime){ time.microseconds });
}

static DateParts date_parts(Date date)
{
    return capo_wall((DateTime){ capo_midnight_us(date) });
}

char *capo_date_iso(Date date)
{
    Buffer out = { 0 };
    DateParts parts = date_parts(date);
    put_iso_date(&out, &parts);
    return capo_buffer_text(&out);
}

char *capo_time_iso(Time time)
{
    Buffer out = { 0 };
    DateParts parts = time_parts(time);
    put_iso_time(&out, &parts);
    return capo_buffer_text(&out);
}

char *capo_datetime_iso(DateTime instant, const TimeZone *zone)
{
    Buffer out = { 0 };
    DateParts parts = capo_local(instant, zone);
    capo_put_iso_datetime(&out, &parts, 'T');
    return capo_buffer_text(&out);
}

/* Django's duration_iso_string. */
char *capo_duration_iso(Duration duration)
{
    uint64_t us = duration.microseconds < 0 ? 0 - (uint64_t)duration.microseconds : (uint64_t)duration.microseconds;
    uint64_t seconds = us / US_PER_SECOND;
    const char *fraction = us % US_PER_SECOND ? capo_format(".%06d", (int)(us % US_PER_SECOND)) : "";
    return capo_format("%sP%lluDT%02dH%02dM%02d%sS", duration.microseconds < 0 ? "-" : "", (unsigned long long)(seconds / 86400),
                       (int)(seconds / 3600 % 24), (int)(seconds / 60 % 60), (int)(seconds % 60), fraction);
}

char *capo_duration_text(Duration duration)
{
    int64_t us = duration.microseconds, rest = us % US_PER_DAY, days = us / US_PER_DAY - (rest < 0);
    rest += rest < 0 ? US_PER_DAY : 0;
    int64_t seconds = rest / US_PER_SECOND;
    Buffer out = { 0 };
    if (days)
        capo_put_format(&out, "%lld day%s, ", (long long)days, days == 1 || days == -1 ? "" : "s");
    capo_put_format(&out, "%lld:%02lld:%02lld", (long long)(seconds / 3600), (long long)(seconds / 60 % 60), (long long)(seconds % 60));
    if (rest % US_PER_SECOND)
        capo_put_format(&out, ".%06lld", (long long)(rest % US_PER_SECOND));
    return capo_buffer_text(&out);
}

/* --- Django's letters --------------------------------------------------------------------------------------------------------- */

static void iso_week(const DateParts *p, int *ret_year, int *ret_week)
{
    int week = (p->day_of_year - 1 - p->weekday + 10) / 7;
    int first = (p->weekday - (p->day_of_year - 1) % 7 + 7) % 7;        /* weekday of the first of January */
    bool leap = capo_days_in_month(p->year, 2) == 29;
    *ret_year = p->year;
    if (week < 1) {
        *ret_year = p->year - 1;
        bool leap_before = capo_days_in_month(p->year - 1, 2) == 29;
        int first_before = (first - (leap_before ? 366 : 365) % 7 + 7) % 7;
        week = first_before == 3 || (leap_before && first_before == 2) ? 53 : 52;
    } else if (week == 53 && first != 3 && !(leap && first == 2)) {
        *ret_year = p->year + 1;
        week = 1;
    }
    *ret_week = week;
}

static const char *suffix(int day)
{
    if (day >= 11 && day <= 13)
        return "th";
    return day % 10 == 1 ? "st" : day % 10 == 2 ? "nd" : day % 10 == 3 ? "rd" : "th";
}

static int hour12(const DateParts *p)
{
    return p->hour % 12 ? p->hour % 12 : 12;
}

/* Of a time that is there twice, or not at all, the offset is not told. */
static bool offset_is_certain(const DateParts *p)
{
    if (!p->zone)
        return false;
    if (!p->time_zone)
        return true;
    DateParts other = *p;
    other.fold = !p->fold;
    return capo_instant(p, p->time_zone).microseconds == capo_instant(&other, p->time_zone).microseconds;
}

static void put_letter(Buffer *out, const DateParts *p, char letter, DateFormatKind kind)
{
    int year, week;
    const char *name;
    switch (letter) {
    case 'a': capo_put(out, word(WORD_HALF_DOTTED, halves_dotted, p->hour > 11)); break;
    case 'A': capo_put(out, word(WORD_HALF, halves, p->hour > 11)); break;
    case 'b': capo_put(out, word(WORD_MONTH_SHORT, months_short, p->month - 1)); break;
    case 'c':
        if (kind == FORMAT_DATE)
            put_iso_date(out, p);
        else if (kind == FORMAT_TIME_AS_DATE)
            capo_put(out, capo_time_iso(capo_time(p->hour, p->minute, p->second, p->microsecond)));
        else
            capo_put_iso_datetime(out, p, 'T');
        break;
    case 'd': capo_put_padded(out, p->day, 2); break;
    case 'D': capo_put(out, word(WORD_WEEKDAY_SHORT, weekdays_short, p->weekday)); break;
    case 'e': capo_put(out, p->zone ? p->zone : ""); break;
    case 'E': capo_put(out, word(WORD_MONTH_ALT, months, p->month - 1)); break;
    case 'F': capo_put(out, word(WORD_MONTH, months, p->month - 1)); break;
    case 'f':
        capo_put_format(out, p->minute ? "%d:%02d" : "%d", hour12(p), p->minute);
        break;
    case 'g': capo_put_int(out, hour12(p)); break;
    case 'G': capo_put_int(out, p->hour); break;
    case 'h': capo_put_padded(out, hour12(p), 2); break;
    case 'H': capo_put_padded(out, p->hour, 2); break;
    case 'i': capo_put_padded(out, p->minute, 2); break;
    case 'I':
        if (offset_is_certain(p))
            capo_put_char(out, p->is_dst ? '1' : '0');
        break;
    case 'j': capo_put_int(out, p->day); break;
    case 'l': capo_put(out, word(WORD_WEEKDAY, weekdays, p->weekday)); break;
    case 'L': capo_put(out, capo_days_in_month(p->year, 2) == 29 ? "True" : "False"); break;
    case 'm': capo_put_padded(out, p->month, 2); break;
    case 'M':
        name = word(WORD_MONTH_SHORT, months_short, p->month - 1);
        capo_put_titled(out, name, strlen(name));
        break;
    case 'n': capo_put_int(out, p->month); break;
    case 'N': capo_put(out, word(WORD_MONTH_AP, months_ap, p->month - 1)); break;
    case 'o': iso_week(p, &year, &week); capo_put_int(out, year); break;
    case 'O':
        if (offset_is_certain(p))
            put_offset(out, p->offset, "");
        break;
    case 'P':
        if (p->minute == 0 && p->hour % 12 == 0) {
            capo_put(out, word(WORD_HOUR, hours, p->hour > 0));
        } else {
            put_letter(out, p, 'f', kind);
            capo_put_char(out, ' ');
            put_letter(out, p, 'a', kind);
        }
        break;
    case 'r':
        capo_put_format(out, "%.3s, %02d %.3s %04d %02d:%02d:%02d ", weekdays[p->weekday], p->day, months[p->month - 1], p->year,
                        p->hour, p->minute, p->second);
        put_offset(out, p->offset, "");
        if (p->offset % 60)
            capo_put_format(out, "%02d", abs(p->offset) % 60);
        break;
    case 's': capo_put_padded(out, p->second, 2); break;
    case 'S': capo_put(out, suffix(p->day)); break;
    case 't': capo_put_int(out, capo_days_in_month(p->year, p->month)); break;
    case 'T':
        if (offset_is_certain(p))
            capo_put(out, p->zone);
        break;
    case 'u': capo_put_format(out, "%06d", p->microsecond); break;
    case 'U': {
        int64_t us = capo_wall_from_parts(p).microseconds - (int64_t)p->offset * US_PER_SECOND;
        capo_put_int(out, us / US_PER_SECOND);
        break;
    }
    case 'w': capo_put_int(out, (p->weekday + 1) % 7); break;
    case 'W': iso_week(p, &year, &week); capo_put_int(out, week); break;
    case 'y': capo_put_padded(out, p->year % 100, 2); break;
    case 'Y': capo_put_padded(out, p->year, 4); break;
    case 'z': capo_put_int(out, p->day_of_year); break;
    case 'Z':
        if (offset_is_certain(p))
            capo_put_int(out, p->offset);
        break;
    }
}

/* What a letter of a format needs, and which values have none of it. */
enum {
    LETTER = 1,
    AS_GIVEN = 2,               /* shows what a naive time has, not the default zone */
    WANTS_CLOCK = 4,            /* a date has none */
    WANTS_DAY = 8,              /* a time of day has none */
    WANTS_DATE_OR_ZONE = 16,    /* nor has the filter `time` */
    WANTS_OFFSET = 32, OFFSET_OF_DATE = 64,
};
#define CLOCK (LETTER | WANTS_CLOCK)
#define DAY (LETTER | WANTS_DAY | WANTS_DATE_OR_ZONE)
static const uint8_t date_letters[256] = {
    ['a'] = CLOCK, ['A'] = CLOCK, ['b'] = DAY, ['c'] = LETTER | AS_GIVEN | WANTS_DATE_OR_ZONE, ['d'] = DAY, ['D'] = DAY, ['e'] = CLOCK | AS_GIVEN,
    ['E'] = DAY, ['f'] = CLOCK, ['F'] = DAY, ['g'] = CLOCK, ['G'] = CLOCK, ['h'] = CLOCK, ['H'] = CLOCK, ['i'] = CLOCK,
    ['I'] = LETTER | WANTS_DATE_OR_ZONE | WANTS_OFFSET, ['j'] = DAY, ['l'] = DAY, ['L'] = DAY, ['m'] = DAY, ['M'] = DAY, ['n'] = DAY, ['N'] = DAY,
    ['o'] = DAY, ['O'] = CLOCK | WANTS_OFFSET, ['P'] = CLOCK, ['r'] = DAY | WANTS_OFFSET | OFFSET_OF_DATE, ['s'] = CLOCK, ['S'] = DAY, ['t'] = DAY,
    ['T'] = CLOCK | WANTS_OFFSET, ['u'] = CLOCK, ['U'] = DAY | WANTS_OFFSET | OFFSET_OF_DATE, ['w'] = DAY, ['W'] = DAY, ['y'] = DAY, ['Y'] = DAY,
    ['z'] = DAY, ['Z'] = CLOCK | WANTS_OFFSET,
};
#undef CLOCK
#undef DAY

static const uint8_t lacking[] = {
    [FORMAT_DATE] = WANTS_CLOCK, [FORMAT_TIME_AS_DATE] = WANTS_DAY, [FORMAT_TIME] = WANTS_DATE_OR_ZONE, [FORMAT_TIME_OF_DATETIME] = WANTS_DATE_OR_ZONE,
    [FORMAT_NOTHING] = LETTER, [FORMAT_DATETIME] = 0,
};

char capo_put_date_format(Buffer *out, const DateParts *parts, DateFormatKind kind, const char *format)
{
    DateParts whole = *parts;
    /* A naive time is taken in the default zone for the letters that need an offset; only `e` and `c` tell. */
    uint8_t wants_zone = kind == FORMAT_DATE ? OFFSET_OF_DATE :
                         (kind == FORMAT_DATETIME || kind == FORMAT_TIME_OF_DATETIME) && !parts->zone ? WANTS_OFFSET : 0;
    if (kind == FORMAT_TIME || kind == FORMAT_TIME_AS_DATE)
        whole.zone = NULL;
    for (const char *at = format; *at; at++) {
        if (*at == '\\' && at[1] && at[1] != '\n') {
            capo_put_char(out, *++at);
            /* what follows an escaped backslash is still behind a backslash, and stands for itself */
            if (*at == '\\' && at[1] && at[1] != '\\')
                capo_put_char(out, *++at);
            continue;
        }
        uint8_t letter = date_letters[(unsigned char)*at];
        if (letter & lacking[kind])
            return *at;
        if (letter & wants_zone) {
            DateParts local = capo_local(capo_instant(parts, capo_default_time_zone()), capo_default_time_zone());
            whole.offset = local.offset;
            whole.is_dst = local.is_dst;
            whole.time_zone = local.time_zone;
            whole.zone = local.zone;
            wants_zone = 0;
        }
        if (letter)
            put_letter(out, letter & AS_GIVEN ? parts : &whole, *at, kind);
        else
            capo_put_char(out, *at);
    }
    return 0;
}

static char *format_kind(const DateParts *parts, DateFormatKind kind, const char *format)
{
    Buffer out = { 0 };
    char bad = capo_put_date_format(&out, parts, kind, format);
    if (bad)
        capo_raise(ERROR_VALUE, "The format '%s' has the letter '%c', which a %s has no value for.", format, bad,
                   kind == FORMAT_DATE ? "date" : "time of day");
    return capo_buffer_text(&out);
}

char *capo_format_parts(const DateParts *parts, const char *format)
{
    return format_kind(parts, FORMAT_DATETIME, format);
}

char *capo_format_date(Date date, const char *format)
{
    DateParts parts = date_parts(date);
    return format_kind(&parts, FORMAT_DATE, format);
}

char *capo_format_datetime(DateTime instant, const char *format)
{
    DateParts parts = capo_local(instant, NULL);
    return format_kind(&parts, FORMAT_DATETIME, format);
}

char *capo_format_time(Time time, const char *format)
{
    DateParts parts = time_parts(time);
    return format_kind(&parts, FORMAT_TIME, format);
}

/* --- strftime ------------------------------------------------------------------------------------------------------------------- */

char *capo_strftime(const DateParts *p, const char *format)
{
    Buffer out = { 0 };
    int year, week;
    for (const char *at = format; *at; at++) {
        if (*at != '%' || !at[1]) {
            capo_put_char(&out, *at);
            continue;
        }
        switch (*++at) {
        case 'a': capo_put_bytes(&out, weekdays[p->weekday], 3); break;
        case 'A': capo_put(&out, weekdays[p->weekday]); break;
        case 'b': case 'h': capo_put_bytes(&out, months[p->month - 1], 3); break;
        case 'B': capo_put(&out, months[p->month - 1]); break;
        case 'c': capo_put(&out, capo_strftime(p, "%a %b %e %H:%M:%S %Y")); break;
        case 'd': capo_put_format(&out, "%02d", p->day); break;
        case 'D': case 'x': capo_put(&out, capo_strftime(p, "%m/%d/%y")); break;
        case 'e': capo_put_format(&out, "%2d", p->day); break;
        case 'f': capo_put_format(&out, "%06d", p->microsecond); break;
        case 'F': put_iso_date(&out, p); break;
        case 'G': iso_week(p, &year, &week); capo_put_format(&out, "%04d", year); break;
        case 'H': capo_put_format(&out, "%02d", p->hour); break;
        case 'I': capo_put_format(&out, "%02d", hour12(p)); break;
        case 'j': capo_put_format(&out, "%03d", p->day_of_year); break;
        case 'm': capo_put_format(&out, "%02d", p->month); break;
        case 'M': capo_put_format(&out, "%02d", p->minute); break;
        case 'n': capo_put_char(&out, '\n'); break;
        case 'p': capo_put(&out, p->hour > 11 ? "PM" : "AM"); break;
        case 'R': capo_put(&out, capo_strftime(p, "%H:%M")); break;
        case 'S': capo_put_format(&out, "%02d", p->second); break;
        case 'T': case 'X': capo_put(&out, capo_strftime(p, "%H:%M:%S")); break;
        case 'u': capo_put_int(&out, p->weekday + 1); break;
        case 'U': capo_put_format(&out, "%02d", (p->day_of_year + 6 - (p->weekday + 1) % 7) / 7); break;
        case 'V': iso_week(p, &year, &week); capo_put_format(&out, "%02d", week); break;
        case 'w': capo_put_int(&out, (p->weekday + 1) % 7); break;
        case 'W': capo_put_format(&out, "%02d", (p->day_of_year + 6 - p->weekday) / 7); break;
        case 'y': capo_put_format(&out, "%02d", p->year % 100); break;
        case 'Y': capo_put_format(&out, "%04d", p->year); break;
        case 'z':
            if (p->zone)
                put_offset(&out, p->offset, "");
            break;
        case 'Z': capo_put(&out, p->zone ? p->zone : ""); break;
        case '%': capo_put_char(&out, '%'); break;
        default: capo_put_bytes(&out, (char[]){ '%', *at }, 2);
        }
    }
    return capo_buffer_text(&out);
}

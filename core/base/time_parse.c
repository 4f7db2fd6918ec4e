/* SPDX-License-Identifier: BSD-3-Clause */
/* Texts to dates and times: Django's parse_date and its sisters (ISO 8601 as Python 3.11's fromisoformat reads it, else Django's
 * own looser forms), and strptime.
 *
 * The readers return 1, 0 for a text of another form, or -1 for a well-formed one that names no day or hour. */
#include "clock.h"
#include <capo/arena.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Exactly n digits at *at; moves it on. */
static bool read_exact(const char **at, int n, int *ret)
{
    int number = 0;
    for (int i = 0; i < n; i++) {
        if (!is_digit((*at)[i]))
            return false;
        number = number * 10 + (*at)[i] - '0';
    }
    *at += n;
    *ret = number;
    return true;
}

/* Between 1 and most digits, as many as there are. */
static bool read_up_to(const char **at, int most, int *ret)
{
    int n = 0;
    while (n < most && is_digit((*at)[n]))
        n++;
    return n > 0 && read_exact(at, n, ret);
}

/* Digits of a fraction as microseconds: the first six count, the rest is passed over. */
static bool read_fraction(const char **at, int *ret)
{
    int n = 0, value = 0;
    for (; is_digit(**at); (*at)++, n++)
        if (n < 6)
            value = value * 10 + **at - '0';
    for (int i = n; i < 6; i++)
        value *= 10;
    *ret = value;
    return n > 0;
}

static bool at_end(const char *at)
{
    return !*at || (at[0] == '\n' && !at[1]);       /* as $ in Python's patterns */
}

static bool time_in_range(const DateParts *parts)
{
    return parts->hour < 24 && parts->minute < 60 && parts->second < 60;
}

/* --- what fromisoformat reads --------------------------------------------------------------------------------------------- */

/* A date of exactly `size` characters. */
static bool iso_date(const char *text, size_t size, int *year, int *month, int *day)
{
    const char *at = text, *end = text + size;
    int week, weekday = 1;
    if (size < 7 || !read_exact(&at, 4, year))
        return false;
    bool dash = *at == '-';
    at += dash;
    if (*at == 'W') {
        at++;
        if (!read_exact(&at, 2, &week))
            return false;
        if (at < end) {
            if ((*at == '-') != dash)
                return false;
            at += dash;
            if (!read_exact(&at, 1, &weekday))
                return false;
        }
        if (at != end || *year < 1 || week < 1 || week > 53 || weekday < 1 || weekday > 7)
            return false;
        int64_t fourth = capo_days_from_civil(*year, 1, 4);
        int64_t monday = fourth - capo_date_weekday((Date){ (int32_t)fourth });
        if (week == 53) {       /* only years that begin on a Thursday, or leap years on a Wednesday, have it */
            int first = capo_date_weekday((Date){ (int32_t)(fourth - 3) });
            if (first != 3 && !(first == 2 && capo_days_in_month(*year, 2) == 29))
                return false;
        }
        capo_civil_from_days(monday + (week - 1) * 7 + weekday - 1, year, month, day);
        return *year >= 1 && *year <= 9999;
    }
    if (!read_exact(&at, 2, month))
        return false;
    if (dash && (at >= end || *at++ != '-'))
        return false;
    return at < end && read_exact(&at, 2, day) && at == end && capo_date_valid(*year, *month, *day);
}

/* hh[[:]mm[[:]ss[.f]]] up to `end`. */
static bool iso_clock(const char *at, const char *end, int parts[4])
{
    bool colon = false;
    memset(parts, 0, 4 * sizeof *parts);
    for (int i = 0; i < 3; i++) {
        if (end - at < 2 || !read_exact(&at, 2, &parts[i]))
            return false;
        if (at == end)
            return true;
        if (i == 0)
            colon = *at == ':';
        if (i == 2)
            break;
        if (colon && *at++ != ':')
            return false;
    }
    if (*at != '.' && *at != ',')
        return false;
    at++;
    return at < end && read_fraction(&at, &parts[3]) && at == end;
}

static bool iso_time(const char *text, const char *end, DateParts *ret)
{
    int clock[4], offset[4] = { 0 };
    const char *zone = text;
    while (zone < end && !strchr("+-Z", *zone))
        zone++;
    if (!iso_clock(text, zone, clock))
        return false;
    ret->hour = clock[0];
    ret->minute = clock[1];
    ret->second = clock[2];
    ret->microsecond = clock[3];
    ret->zone = NULL;
    if (zone < end) {
        char sign = *zone++;
        if (sign == 'Z' ? zone != end : !iso_clock(zone, end, offset) || offset[0] > 23 || offset[1] > 59 || offset[2] > 59)
            return false;
        ret->offset = (offset[0] * 3600 + offset[1] * 60 + offset[2]) * (sign == '-' ? -1 : 1);
        ret->zone = "";
    }
    return time_in_range(ret);
}

/* Where the date ends in a date and time: the forms have different lengths, and any character may separate. */
static size_t iso_date_size(const char *text, size_t size)
{
    if (size < 7)
        return 0;
    if (size == 7)
        return 7;
    if (text[4] == '-') {
        if (text[5] != 'W')
            return 10;
        if (size > 8 && text[8] == '-')
            return size == 9 ? 0 : size > 10 && is_digit(text[10]) ? 8 : 10;
        return 8;
    }
    if (text[4] != 'W')
        return 8;
    size_t at = 7;
    while (at < size && is_digit(text[at]))
        at++;
    return at < 9 ? at : at % 2 == 0 ? 7 : 8;
}

static bool iso_datetime(const char *text, DateParts *ret)
{
    size_t size = strlen(text), date = iso_date_size(text, size);
    if (date == 0 || date > size || !iso_date(text, date, &ret->year, &ret->month, &ret->day))
        return false;
    if (date == size)
        return true;
    const char *at = text + date;
    capo_utf8_next(&at, text + size);
    return at < text + size && iso_time(at, text + size, ret);
}

/* --- Django's own forms ----------------------------------------------------------------------------------------------------- */

/* yyyy-m-d, and what follows. */
static const char *loose_date(const char *at, int *year, int *month, int *day)
{
    if (!read_exact(&at, 4, year) || *at++ != '-' || !read_up_to(&at, 2, month) || *at++ != '-' || !read_up_to(&at, 2, day))
        return NULL;
    return at;
}

/* h:mm[:ss[.f]], and what follows. */
static const char *loose_time(const char *at, DateParts *ret)
{
    if (!read_up_to(&at, 2, &ret->hour) || *at++ != ':' || !read_up_to(&at, 2, &ret->minute))
        return NULL;
    if (*at == ':' && is_digit(at[1])) {
        at++;
        read_up_to(&at, 2, &ret->second);
        if ((*at == '.' || *at == ',') && is_digit(at[1])) {
            at++;
            const char *start = at;
            read_fraction(&at, &ret->microsecond);
            if (at - start > 12)
                return NULL;
        }
    }
    return at;
}

int capo_read_date(const char *text, int *year, int *month, int *day)
{
    if (iso_date(text, strlen(text), year, month, day))
        return 1;
    const char *end = loose_date(text, year, month, day);
    if (!end || !at_end(end))
        return 0;
    return capo_date_valid(*year, *month, *day) ? 1 : -1;
}

int capo_read_time(const char *text, DateParts *ret)
{
    DateParts parts = { 0 };
    const char *end = text + strlen(text);
    if (iso_time(text + (*text == 'T'), end, &parts)) {
        *ret = parts;
        return 1;
    }
    parts = (DateParts){ 0 };
    end = loose_time(text, &parts);
    if (!end || !at_end(end))
        return 0;
    *ret = parts;
    return time_in_range(&parts) ? 1 : -1;
}

int capo_read_datetime(const char *text, DateParts *ret)
{
    DateParts parts = { 0 };
    if (iso_datetime(text, &parts)) {
        *ret = parts;
        return 1;
    }
    parts = (DateParts){ 0 };
    const char *at = loose_date(text, &parts.year, &parts.month, &parts.day);
    if (!at || (*at != 'T' && *at != ' ') || !(at = loose_time(at + 1, &parts)))
        return 0;
    while (isspace((unsigned char)*at))
        at++;
    if (*at == 'Z') {
        parts.zone = "";
        at++;
    } else if (*at == '+' || *at == '-') {
        int hours, minutes = 0, sign = *at++ == '-' ? -1 : 1;
        if (!read_exact(&at, 2, &hours))
            return 0;
        const char *more = at + (*at == ':');
        if (read_exact(&more, 2, &minutes))
            at = more;
        parts.offset = sign * (hours * 3600 + minutes * 60);
        parts.zone = "";
        if (hours > 23 || minutes > 59)
            return at_end(at) ? -1 : 0;
    }
    if (!at_end(at))
        return 0;
    if (!time_in_range(&parts) || !capo_date_valid(parts.year, parts.month, parts.day))
        return -1;
    *ret = parts;
    return 1;
}

bool capo_parse_date(const char *text, Date *ret)
{
    int year, month, day;
    if (capo_read_date(text, &year, &month, &day) != 1)
        return false;
    ret->days = (int32_t)capo_days_from_civil(year, month, day);
    return true;
}

bool capo_parse_time(const char *text, Time *ret)
{
    DateParts p;
    if (capo_read_time(text, &p) != 1)
        return false;
    ret->microseconds = (p.hour * 3600LL + p.minute * 60 + p.second) * US_PER_SECOND + p.microsecond;
    return true;
}

bool capo_parse_datetime(const char *text, const TimeZone *zone, DateTime *ret)
{
    DateParts parts;
    if (capo_read_datetime(text, &parts) != 1)
        return false;
    if (parts.zone)
        ret->microseconds = capo_wall_from_parts(&parts).microseconds - (int64_t)parts.offset * US_PER_SECOND;
    else
        *ret = capo_instant(&parts, zone);
    return true;
}

/* --- durations -------------------------------------------------------------------------------------------------------------- */

/* Exact to a microsecond, half to even, as Python's timedelta has it for what people write. */
static bool duration_add(__int128 *total, const char *digits, int n_digits, const char *fraction, int n_fraction, int64_t unit_us)
{
    __int128 whole = 0, part = 0, scale = 1;
    if (n_digits > 18)
        return false;
    for (int i = 0; i < n_digits; i++)
        whole = whole * 10 + digits[i] - '0';
    for (int i = 0; i < n_fraction && i < 15; i++) {
        part = part * 10 + fraction[i] - '0';
        scale *= 10;
    }
    __int128 product = part * unit_us, rounded = product / scale, rest = product % scale;
    if (rest * 2 > scale || (rest * 2 == scale && rounded % 2))
        rounded++;
    *total += whole * unit_us + rounded;
    return *total < ((__int128)1 << 100);
}

static bool duration_fits(__int128 us, Duration *ret)
{
    if (us > INT64_MAX || us < INT64_MIN)
        return false;
    ret->microseconds = (int64_t)us;
    return true;
}

static int count_digits(const char *at)
{
    int n = 0;
    while (is_digit(at[n]))
        n++;
    return n;
}

/* "[-]D days, " in front: *ret_days in microseconds. */
static const char *duration_days(const char *at, bool comma, __int128 *ret_days)
{
    const char *start = at;
    bool negative = *at == '-';
    at += negative;
    int n = count_digits(at);
    __int128 days = 0;
    if (n == 0 || at[n] != ' ' || !duration_add(&days, at, n, "", 0, US_PER_DAY))
        return start;
    at += n + 1;
    if (strncmp(at, "day", 3) == 0) {
        const char *word = at + 3 + (at[3] == 's');
        if (comma && word[0] == ',' && word[1] == ' ')
            at = word + 2;
        else if (!comma)
            at = word + (*word == ' ');
        else
            return start;
    } else if (!comma) {
        return start;
    }
    *ret_days = negative ? -days : days;
    return at;
}

/* [D days, ][-][[H:]M:]S[.f] */
static bool duration_standard(const char *at, Duration *ret)
{
    __int128 days = 0, rest = 0;
    at = duration_days(at, true, &days);
    bool negative = *at == '-';
    at += negative;
    const char *starts[3];
    int sizes[3], n = 0;
    for (;;) {
        sizes[n] = count_digits(at);
        starts[n] = at;
        if (sizes[n] == 0)
            return false;
        at += sizes[n++];
        if (*at != ':' || n == 3)
            break;
        at++;
    }
    const char *fraction = "";
    int n_fraction = 0;
    if (*at == '.' || *at == ',') {
        fraction = ++at;
        n_fraction = count_digits(at);
        if (n_fraction == 0 || n_fraction > 12)
            return false;
        at += n_fraction;
    }
    if (!at_end(at))
        return false;
    static const int64_t units[3] = { 1000000LL, 60000000LL, 3600000000LL };
    for (int i = 0; i < n; i++)
        if (!duration_add(&rest, starts[n - 1 - i], sizes[n - 1 - i], i ? "" : fraction, i ? 0 : n_fraction > 6 ? 6 : n_fraction, units[i]))
            return false;
    return duration_fits(days + (negative ? -rest : rest), ret);
}

/* [+-]P[nD][T[nH][nM][nS]], each with a fraction */
static bool duration_iso(const char *at, Duration *ret)
{
    static const struct { char letter; int64_t us; } units[] = {
        { 'D', US_PER_DAY }, { 'H', 3600000000LL }, { 'M', 60000000LL }, { 'S', 1000000LL },
    };
    __int128 total = 0;
    int sign = *at == '-' ? -1 : 1, unit = 0;
    at += *at == '-' || *at == '+';
    if (*at++ != 'P')
        return false;
    while (!at_end(at)) {
        if (*at == 'T' && unit <= 1 && (unit = 1, at[-1] != 'T')) {
            at++;
            unit = 1;
            if (at_end(at))
                break;
        }
        int n = count_digits(at), n_fraction = 0;
        const char *digits = at, *fraction = "";
        at += n;
        if (n && (*at == '.' || *at == ',')) {
            fraction = ++at;
            n_fraction = count_digits(at);
            at += n_fraction;
        }
        if (n == 0 || (*fraction && n_fraction == 0))
            return false;
        int last = unit == 0 ? 0 : 3;
        while (unit <= last && units[unit].letter != *at)
            unit++;
        if (unit > last || !duration_add(&total, digits, n, fraction, n_fraction, units[unit].us))
            return false;
        at++;
        if (unit == 0 && !at_end(at) && *at != 'T')
            return false;
        if (unit > 0)
            unit++;
    }
    return duration_fits(sign * total, ret);
}

/* PostgreSQL's: D days [+-]HH:MM:SS[.f] */
static bool duration_postgres(const char *at, Duration *ret)
{
    __int128 days = 0, rest = 0;
    at = duration_days(at, false, &days);
    if (at_end(at))
        return duration_fits(days, ret);
    int sign = *at == '-' ? -1 : 1, minutes, seconds, microseconds = 0;
    at += *at == '-' || *at == '+';
    int n = count_digits(at);
    if (n == 0 || !duration_add(&rest, at, n, "", 0, 3600000000LL))
        return false;
    at += n;
    if (*at++ != ':' || !read_exact(&at, 2, &minutes) || *at++ != ':' || !read_exact(&at, 2, &seconds))
        return false;
    if (*at == '.') {
        at++;
        if (count_digits(at) > 6 || !read_fraction(&at, &microseconds))
            return false;
    }
    rest += minutes * 60000000LL + seconds * 1000000LL + microseconds;
    return at_end(at) && duration_fits(days + sign * rest, ret);
}

int capo_read_duration(const char *text, Duration *ret)
{
    return duration_standard(text, ret) || duration_iso(text, ret) || duration_postgres(text, ret);
}

bool capo_parse_duration(const char *text, Duration *ret)
{
    return capo_read_duration(text, ret) == 1;
}

/* --- strptime ----------------------------------------------------------------------------------------------------------------- */

static const char *const month_names[12] = { "January", "February", "March", "April", "May", "June", "July", "August", "September",
                                             "October", "November", "December" };
static const char *const day_names[7] = { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" };

/* The index of the name at *at (full, or its first three letters), case-blind; -1: none. */
static int read_name(const char **at, const char *const *names, int count, bool full)
{
    for (int i = 0; i < count; i++) {
        size_t size = full ? strlen(names[i]) : 3;
        if (strncasecmp(*at, names[i], size) == 0) {
            *at += size;
            return i;
        }
    }
    return -1;
}

bool capo_strptime(const char *text, const char *format, DateParts *ret)
{
    DateParts parts = { .year = 1900, .month = 1, .day = 1 };
    int afternoon = -1, name = 0;
    const char *at = text;
    for (; *format; format++) {
        if (isspace((unsigned char)*format)) {          /* any white space stands for any amount of it */
            if (!isspace((unsigned char)*at))
                return false;
            while (isspace((unsigned char)*at))
                at++;
            while (isspace((unsigned char)format[1]))
                format++;
            continue;
        }
        if (*format != '%') {
            if (*at++ != *format)
                return false;
            continue;
        }
        bool good = true;
        switch (*++format) {
        case 'Y': good = read_exact(&at, 4, &parts.year); break;
        case 'y':
            good = read_exact(&at, 2, &parts.year);
            parts.year += parts.year < 69 ? 2000 : 1900;
            break;
        case 'm': good = read_up_to(&at, 2, &parts.month); break;
        case 'd': good = read_up_to(&at, 2, &parts.day); break;
        case 'H': good = read_up_to(&at, 2, &parts.hour); break;
        case 'I': good = read_up_to(&at, 2, &parts.hour) && parts.hour >= 1 && parts.hour <= 12; break;
        case 'M': good = read_up_to(&at, 2, &parts.minute); break;
        case 'S': good = read_up_to(&at, 2, &parts.second); break;
        case 'f': {
            const char *start = at;
            good = read_fraction(&at, &parts.microsecond) && at - start <= 6;
            break;
        }
        case 'b': case 'h': name = read_name(&at, month_names, 12, false); parts.month = name + 1; good = name >= 0; break;
        case 'B': name = read_name(&at, month_names, 12, true); parts.month = name + 1; good = name >= 0; break;
        case 'a': good = read_name(&at, day_names, 7, false) >= 0; break;
        case 'A': good = read_name(&at, day_names, 7, true) >= 0; break;
        case 'p':
            afternoon = strncasecmp(at, "pm", 2) == 0;
            good = afternoon || strncasecmp(at, "am", 2) == 0;
            at += good ? 2 : 0;
            break;
        case '%': good = *at++ == '%'; break;
        default: good = false;
        }
        if (!good)
            return false;
    }
    if (afternoon >= 0 && parts.hour >= 1 && parts.hour <= 12)
        parts.hour = parts.hour % 12 + afternoon * 12;
    if (*at || !capo_date_valid(parts.year, parts.month, parts.day) || !time_in_range(&parts))
        return false;
    DateParts whole = capo_wall(capo_wall_from_parts(&parts));
    *ret = whole;
    return true;
}

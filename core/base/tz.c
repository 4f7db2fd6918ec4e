/* SPDX-License-Identifier: BSD-3-Clause */
/* Time zones: the system's tz database (TZif files of RFC 9636 under /usr/share/zoneinfo), read once and kept for the life of the
 * process, and the POSIX rule at a file's end for the years behind its table.
 *
 * Zones are few and never freed; the table that holds them is written by one thread of a worker only, as all of Capo is. */
#include "clock.h"
#include <capo/arena.h>
#include <capo/unit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct ZoneType { int32_t offset; bool is_dst; char abbreviation[24]; } ZoneType;

/* When a half of the year begins, in the POSIX notation: "M3.2.0/2". */
typedef struct ZoneRule { char form; int month, week, day; int32_t time; } ZoneRule;

struct TimeZone {
    char name[48];
    uint16_t id;
    size_t n_transitions;
    int64_t *transitions;           /* UTC seconds, rising */
    uint8_t *kinds;                 /* the type from that transition on */
    ZoneType *types;
    size_t n_types;
    bool has_rule, has_dst;         /* behind the last transition */
    ZoneType standard, daylight;
    ZoneRule dst_start, dst_end;
};

enum { MAX_ZONES = 1024, MAX_FILE = 256 * 1024 };
static const TimeZone *zones[MAX_ZONES];
static size_t zone_count;
static const TimeZone *default_zone;

static TimeZone *zone_add(const char *name)
{
    if (zone_count >= MAX_ZONES - 1)
        return NULL;
    TimeZone *zone = calloc(1, sizeof *zone);
    if (!zone)
        return NULL;
    snprintf(zone->name, sizeof zone->name, "%s", name);
    zones[zone_count++] = zone;
    zone->id = (uint16_t)zone_count;
    return zone;
}

static bool zone_set_fixed(TimeZone *zone, int offset, const char *abbreviation)
{
    zone->has_rule = true;
    zone->standard.offset = offset;
    snprintf(zone->standard.abbreviation, sizeof zone->standard.abbreviation, "%s", abbreviation);
    return true;
}

/* --- the POSIX rule ------------------------------------------------------------------------------------------------------- */

static const char *read_number(const char *at, int *ret)
{
    int number = 0;
    if (*at < '0' || *at > '9')
        return NULL;
    while (*at >= '0' && *at <= '9' && number < 100000)
        number = number * 10 + *at++ - '0';
    *ret = number;
    return at;
}

static const char *read_offset(const char *at, int32_t *ret)
{
    int sign = 1, hours = 0, minutes = 0, seconds = 0;
    if (*at == '+' || *at == '-')
        sign = *at++ == '-' ? -1 : 1;
    if (!(at = read_number(at, &hours)))
        return NULL;
    if (*at == ':' && !(at = read_number(at + 1, &minutes)))
        return NULL;
    if (*at == ':' && !(at = read_number(at + 1, &seconds)))
        return NULL;
    if (hours > 167)
        return NULL;
    *ret = sign * (hours * 3600 + minutes * 60 + seconds);
    return at;
}

static const char *read_zone_name(const char *at, ZoneType *type)
{
    const char *start = at;
    size_t size;
    if (*at == '<') {
        start = ++at;
        at = strchr(at, '>');
        if (!at)
            return NULL;
        size = (size_t)(at++ - start);
    } else {
        while ((*at | 32) >= 'a' && (*at | 32) <= 'z')
            at++;
        size = (size_t)(at - start);
    }
    if (size == 0 || size >= sizeof type->abbreviation)
        return NULL;
    memcpy(type->abbreviation, start, size);
    return at;
}

static const char *read_rule(const char *at, ZoneRule *rule)
{
    rule->form = *at == 'M' || *at == 'J' ? *at++ : '0';
    rule->time = 7200;
    if (!(at = read_number(at, rule->form == 'M' ? &rule->month : &rule->day)))
        return NULL;
    if (rule->form == 'M') {
        if (*at != '.' || !(at = read_number(at + 1, &rule->week)) || *at != '.' || !(at = read_number(at + 1, &rule->day)))
            return NULL;
        if (rule->month < 1 || rule->month > 12 || rule->week < 1 || rule->week > 5 || rule->day > 6)
            return NULL;
    }
    return *at == '/' ? read_offset(at + 1, &rule->time) : at;
}

static bool zone_read_rule(TimeZone *zone, const char *at)
{
    int32_t west;
    if (!(at = read_zone_name(at, &zone->standard)) || !(at = read_offset(at, &west)))
        return false;
    zone->standard.offset = -west;
    zone->has_rule = true;
    if (!*at)
        return true;
    if (!(at = read_zone_name(at, &zone->daylight)))
        return false;
    zone->daylight.is_dst = true;
    zone->daylight.offset = zone->standard.offset + 3600;
    if (*at && *at != ',') {
        if (!(at = read_offset(at, &west)))
            return false;
        zone->daylight.offset = -west;
    }
    if (*at != ',' || !(at = read_rule(at + 1, &zone->dst_start)) || *at != ',' || !(at = read_rule(at + 1, &zone->dst_end)))
        return false;
    zone->has_dst = true;
    return true;
}

/* Local seconds since 1970 at which the rule strikes in a year. */
static int64_t rule_strikes(const ZoneRule *rule, int year)
{
    int64_t days;
    if (rule->form == 'M') {
        int64_t first = capo_days_from_civil(year, rule->month, 1);
        int sunday_based = (int)(((first + 4) % 7 + 7) % 7);
        int day = 1 + (rule->day - sunday_based + 7) % 7 + (rule->week - 1) * 7;
        while (day > capo_days_in_month(year, rule->month))
            day -= 7;
        days = first + day - 1;
    } else if (rule->form == 'J') {     /* 1 to 365, the leap day is never counted */
        days = capo_days_from_civil(year, 1, 1) + rule->day - 1 + (rule->day > 59 && capo_days_in_month(year, 2) == 29);
    } else {
        days = capo_days_from_civil(year, 1, 1) + rule->day;
    }
    return days * 86400 + rule->time;
}

static const ZoneType *type_by_rule(const TimeZone *zone, int64_t at)
{
    if (!zone->has_dst)
        return &zone->standard;
    int year, month, day;
    int64_t local = at + zone->standard.offset;
    capo_civil_from_days(local / 86400 - (local % 86400 < 0), &year, &month, &day);
    int64_t start = rule_strikes(&zone->dst_start, year) - zone->standard.offset;
    int64_t end = rule_strikes(&zone->dst_end, year) - zone->daylight.offset;
    bool daylight = start < end ? at >= start && at < end : at >= start || at < end;
    return daylight ? &zone->daylight : &zone->standard;
}

/* --- the file ------------------------------------------------------------------------------------------------------------- */

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const uint8_t *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

typedef struct TzHeader { uint32_t n_ut, n_std, n_leap, n_times, n_types, n_chars; } TzHeader;

static bool read_header(const uint8_t *p, size_t left, TzHeader *header)
{
    if (left < 44 || memcmp(p, "TZif", 4) != 0)
        return false;
    *header = (TzHeader){ be32(p + 20), be32(p + 24), be32(p + 28), be32(p + 32), be32(p + 36), be32(p + 40) };
    return header->n_times < 10000 && header->n_types > 0 && header->n_types <= 256 && header->n_chars < 10000 &&
           header->n_leap < 1000 && header->n_std <= 256 && header->n_ut <= 256;
}

static size_t body_size(const TzHeader *h, size_t time_size)
{
    return h->n_times * (time_size + 1) + h->n_types * 6 + h->n_chars + h->n_leap * (time_size + 4) + h->n_std + h->n_ut;
}

static bool zone_read_file(TimeZone *zone, const uint8_t *p, size_t size)
{
    TzHeader header;
    const uint8_t *end = p + size;
    size_t time_size = 4;
    if (!read_header(p, size, &header))
        return false;
    if (p[4] >= '2') {                  /* the 32-bit block comes first; behind it the same in 64 bits */
        size_t skip = 44 + body_size(&header, 4);
        if (skip > size || !read_header(p + skip, size - skip, &header))
            return false;
        p += skip;
        time_size = 8;
    }
    p += 44;
    if (body_size(&header, time_size) > (size_t)(end - p))
        return false;
    const uint8_t *kinds = p + header.n_times * time_size, *types = kinds + header.n_times;
    const uint8_t *chars = types + header.n_types * 6, *footer = p + body_size(&header, time_size);
    zone->n_transitions = header.n_times;
    zone->n_types = header.n_types;
    zone->transitions = calloc(header.n_times + 1, sizeof *zone->transitions);
    zone->kinds = calloc(header.n_times + 1, 1);
    zone->types = calloc(header.n_types, sizeof *zone->types);
    if (!zone->transitions || !zone->kinds || !zone->types)
        return false;
    for (uint32_t i = 0; i < header.n_times; i++) {
        zone->transitions[i] = time_size == 8 ? be64(p + i * 8) : (int32_t)be32(p + i * 4);
        zone->kinds[i] = kinds[i];
        if (kinds[i] >= header.n_types || (i && zone->transitions[i] <= zone->transitions[i - 1]))
            return false;
    }
    for (uint32_t i = 0; i < header.n_types; i++) {
        uint8_t at = types[i * 6 + 5];
        if (at >= header.n_chars)
            return false;
        zone->types[i].offset = (int32_t)be32(types + i * 6);
        zone->types[i].is_dst = types[i * 6 + 4] != 0;
        size_t length = strnlen((const char *)chars + at, header.n_chars - at);
        if (length >= sizeof zone->types[i].abbreviation)
            length = sizeof zone->types[i].abbreviation - 1;
        memcpy(zone->types[i].abbreviation, chars + at, length);
    }
    char rule[128] = "";
    if (time_size == 8 && footer < end && *footer == '\n') {
        size_t length = 0;
        while (footer + 1 + length < end && footer[1 + length] != '\n' && length < sizeof rule - 1)
            length++;
        memcpy(rule, footer + 1, length);
    }
    return !*rule || zone_read_rule(zone, rule);
}

static bool name_is_plain(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size >= sizeof ((TimeZone *)0)->name || name[0] == '/' || name[size - 1] == '/' || strstr(name, "//"))
        return false;
    for (const char *at = name; *at; at++)      /* no dot: neither ".." nor "zone.tab" */
        if (!((*at | 32) >= 'a' && (*at | 32) <= 'z') && !(*at >= '0' && *at <= '9') && !strchr("_+-/", *at))
            return false;
    return true;
}

const TimeZone *capo_time_zone_utc(void)
{
    static const TimeZone *utc;
    if (!utc) {
        TimeZone *zone = zone_add("UTC");
        if (zone && zone_set_fixed(zone, 0, "UTC"))
            utc = zone;
    }
    return utc;
}

const TimeZone *capo_time_zone(const char *name)
{
    if (!name || strcmp(name, "UTC") == 0)
        return name ? capo_time_zone_utc() : NULL;
    for (size_t i = 0; i < zone_count; i++)
        if (zones[i]->types && strcmp(zones[i]->name, name) == 0)
            return zones[i];
    if (!name_is_plain(name))
        return NULL;
    char path[128];
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    FILE *file = fopen(path, "rbe");
    if (!file)
        return NULL;
    uint8_t *bytes = malloc(MAX_FILE);
    size_t size = bytes ? fread(bytes, 1, MAX_FILE, file) : 0;
    fclose(file);
    TimeZone scratch = { .name = "" }, *zone = NULL;
    if (size > 0 && zone_read_file(&scratch, bytes, size) && (zone = zone_add(name))) {
        uint16_t id = zone->id;
        *zone = scratch;
        zone->id = id;
        snprintf(zone->name, sizeof zone->name, "%s", name);
    } else {
        free(scratch.transitions);
        free(scratch.kinds);
        free(scratch.types);
    }
    free(bytes);
    return zone;
}

const TimeZone *capo_time_zone_fixed(int offset, const char *name)
{
    char made[24];
    if (offset <= -86400 || offset >= 86400)
        return NULL;
    if (!name) {
        int size = snprintf(made, sizeof made, "UTC");
        int minutes = abs(offset) / 60;
        if (offset)
            size += snprintf(made + size, sizeof made - (size_t)size, "%c%02d:%02d", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
        if (offset % 60)
            snprintf(made + size, sizeof made - (size_t)size, ":%02d", abs(offset) % 60);
        name = made;
    }
    for (size_t i = 0; i < zone_count; i++)
        if (!zones[i]->types && zones[i]->standard.offset == offset && strcmp(zones[i]->name, name) == 0)
            return zones[i];
    TimeZone *zone = zone_add(name);
    if (zone)
        zone_set_fixed(zone, offset, name);
    return zone;
}

const char *capo_time_zone_name(const TimeZone *zone)
{
    return zone ? zone->name : capo_time_zone_name(capo_current_time_zone());
}

bool capo_time_zone_is_fixed(const TimeZone *zone, int *ret_offset)
{
    *ret_offset = zone->standard.offset;
    return !zone->types;
}

uint16_t capo_time_zone_id(const TimeZone *zone)
{
    return zone ? zone->id : 0;
}

const TimeZone *capo_time_zone_by_id(uint16_t id)
{
    return id > 0 && id <= zone_count ? zones[id - 1] : NULL;
}

const TimeZone *capo_default_time_zone(void)
{
    return default_zone ? default_zone : capo_time_zone_utc();
}

const TimeZone *capo_current_time_zone(void)
{
    if (capo_unit && capo_unit->slots[UNIT_TIME_ZONE])
        return capo_unit->slots[UNIT_TIME_ZONE];
    return capo_default_time_zone();
}

void capo_activate_time_zone(const TimeZone *zone)
{
    if (capo_unit)
        capo_unit->slots[UNIT_TIME_ZONE] = (void *)zone;
}

void capo_set_default_time_zone(const TimeZone *zone)
{
    default_zone = zone;
}

/* --- instants and local times --------------------------------------------------------------------------------------------- */

static const ZoneType *type_at(const TimeZone *zone, int64_t seconds)
{
    size_t low = 0, high = zone->n_transitions;
    if (high == 0)
        return zone->has_rule ? type_by_rule(zone, seconds) : &zone->types[0];
    if (seconds < zone->transitions[0]) {
        for (size_t i = 0; i < zone->n_types; i++)
            if (!zone->types[i].is_dst)
                return &zone->types[i];
        return &zone->types[0];
    }
    if (seconds >= zone->transitions[high - 1] && zone->has_rule)
        return type_by_rule(zone, seconds);
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (zone->transitions[middle] <= seconds)
            low = middle;
        else
            high = middle;
    }
    return &zone->types[zone->kinds[low]];
}

DateParts capo_local(DateTime instant, const TimeZone *zone)
{
    if (!zone)
        zone = capo_current_time_zone();
    int64_t us = capo_bounded_us(instant.microseconds), seconds = us / US_PER_SECOND - (us % US_PER_SECOND < 0);
    const ZoneType *type = type_at(zone, seconds);
    DateParts parts = capo_wall((DateTime){ us + (int64_t)type->offset * US_PER_SECOND });
    parts.offset = type->offset;
    parts.is_dst = type->is_dst;
    parts.zone = type->abbreviation;
    parts.time_zone = zone;
    /* the second of two equal wall times: the offset before was larger and would give this very time a while ago */
    const ZoneType *before = type_at(zone, seconds - 86400);
    if (before->offset > type->offset) {
        int64_t earlier = seconds + type->offset - before->offset;
        parts.fold = type_at(zone, earlier)->offset == before->offset;
    }
    return parts;
}

DateTime capo_instant(const DateParts *parts, const TimeZone *zone)
{
    if (!zone)
        zone = capo_current_time_zone();
    int64_t wall = capo_wall_from_parts(parts).microseconds;
    int64_t seconds = wall / US_PER_SECOND - (wall % US_PER_SECOND < 0);
    /* The offsets a day before and behind: where they differ a transition lies between, and either may be the right one. */
    int64_t before = type_at(zone, seconds - 86400)->offset, after = type_at(zone, seconds + 86400)->offset;
    bool before_fits = type_at(zone, seconds - before)->offset == before;
    bool after_fits = type_at(zone, seconds - after)->offset == after;
    int64_t offset = before;
    if (before_fits && after_fits)
        offset = parts->fold ? after : before;
    else if (after_fits && !before_fits)
        offset = after;
    else if (!before_fits && parts->fold)
        offset = after;
    return (DateTime){ wall - offset * US_PER_SECOND };
}

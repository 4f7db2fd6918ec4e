/* SPDX-License-Identifier: BSD-3-Clause */
/* Cases of Django's small functions for texts, dates and numbers: a row for each that the framework has. */
#include "conformance.h"
#include "../../core/base/clock.h"
#include "../../templates/filters.h"
#include <capo/i18n.h>
#include <capo/response.h>
#include <capo/syntax.h>
#include <capo/text.h>
#include <string.h>

typedef struct Call { const Map *test, *named; Value first, second; size_t count; Context *context; } Call;

static Value named(const Call *call, const char *name)
{
    return conformance_value(conformance_get(call->named, name));
}

static bool flag(const Call *call, const char *name, bool otherwise)
{
    Value value = named(call, name);
    return value.kind == VALUE_BOOL ? value.boolean : otherwise;
}

static Value text_of(Buffer *out)
{
    return capo_buffer_value(out, false);
}

static const Filter *find_filter(const Filter *row, const char *name)
{
    while (row->name && strcmp(row->name, name) != 0)
        row++;
    return row->name ? row : NULL;
}

static Value filtered(const Call *call, const Filter *table, const char *name, bool autoescape)
{
    Filtering filtering = { .context = call->context, .autoescape = autoescape, .has_argument = call->count > 1 };
    const Filter *filter = find_filter(table, name);
    Value value = filter->text ? capo_value_to_text(call->first) : call->first;
    return filter->function(&filtering, value, call->second);
}

static Value constant_time_compare(const Call *c)
{
    return capo_value_bool(capo_constant_time_equal(c->first.text, c->first.size, c->second.text, c->second.size));
}

static Value format_date(const Call *c, bool time)
{
    Buffer out = { 0 };
    if (!capo_put_date(c->context, &out, c->first, capo_to_text(c->second), time))
        capo_raise(ERROR_VALUE, "no value for a letter");
    return text_of(&out);
}

static Value dateformat(const Call *c) { return format_date(c, false); }
static Value timeformat(const Call *c) { return format_date(c, true); }

_Noreturn static void no_such_day(void)
{
    capo_raise(ERROR_VALUE, "well formed, but no day or time");
}

static Value parse_date(const Call *c)
{
    int year, month, day, result = capo_read_date(capo_to_text(c->first), &year, &month, &day);
    if (result < 0)
        no_such_day();
    return result ? capo_value_date(capo_date(year, month, day)) : capo_value_null();
}

static Value parse_time(const Call *c)
{
    DateParts parts;
    int result = capo_read_time(capo_to_text(c->first), &parts);
    if (result < 0)
        no_such_day();
    return result ? capo_value_time(capo_time(parts.hour, parts.minute, parts.second, parts.microsecond)) : capo_value_null();
}

static Value parse_datetime(const Call *c)
{
    DateParts parts;
    int result = capo_read_datetime(capo_to_text(c->first), &parts);
    if (result < 0)
        no_such_day();
    if (!result)
        return capo_value_null();
    bool aware = parts.zone != NULL;
    parts.zone = NULL;
    Buffer iso = { 0 };
    capo_put_iso_datetime(&iso, &parts, 'T');
    Map *map = capo_map(V("$datetime", text_of(&iso)));
    if (aware) {
        int minutes = parts.offset / 60;
        capo_map_set(map, "offset", VALUE(parts.offset));
        capo_map_set(map, "tzname", VALUE(!minutes ? "UTC" : capo_format("%c%02d%02d", minutes < 0 ? '-' : '+', (minutes < 0 ? -minutes : minutes) / 60,
                                                                         (minutes < 0 ? -minutes : minutes) % 60)));
    }
    return capo_value_map(map);
}

static Value parse_duration(const Call *c)
{
    Duration duration;
    return capo_read_duration(capo_to_text(c->first), &duration) ? capo_value_duration(duration) : capo_value_null();
}

static Value conditional_escape(const Call *c) { return capo_conditional_escape(c->first); }
static Value escape(const Call *c) { return filtered(c, capo_html_filters, "force_escape", true); }
static Value escapejs(const Call *c) { return filtered(c, capo_html_filters, "escapejs", true); }
static Value json_script(const Call *c) { return filtered(c, capo_html_filters, "json_script", true); }
static Value strip_tags(const Call *c) { return filtered(c, capo_html_filters, "striptags", true); }
static Value capfirst(const Call *c) { return filtered(c, capo_text_filters, "capfirst", true); }
static Value phone2numeric(const Call *c) { return filtered(c, capo_text_filters, "phone2numeric", true); }

static Value linebreaks(const Call *c)
{
    Buffer out = { 0 };
    Value text = capo_value_to_text(c->first);
    capo_put_linebreaks(&out, text.text, text.size, flag(c, "autoescape", false));
    return text_of(&out);
}

static Value urlize(const Call *c)
{
    Buffer out = { 0 };
    Value text = capo_value_to_text(c->first), limit = named(c, "trim_url_limit");
    capo_put_urlized(&out, text.text, text.size, c->first.kind == VALUE_SAFE, flag(c, "nofollow", false), flag(c, "autoescape", false),
                     limit.kind == VALUE_INT ? limit.integer : URLIZE_WHOLE);
    return text_of(&out);
}

static Value truncate(const Call *c, bool words)
{
    Buffer out = { 0 };
    Value text = capo_value_to_text(c->first), ellipsis = named(c, "truncate");
    const char *end = capo_is_text(ellipsis) ? ellipsis.text : words ? " \xE2\x80\xA6" : "\xE2\x80\xA6";
    if (!capo_is_text(ellipsis))
        end = "\xE2\x80\xA6";
    int64_t length = capo_python_int_or_raise("Truncator", c->second);
    if (flag(c, "html", false))
        capo_put_truncated_html(&out, text.text, text.size, length, words, end);
    else
        capo_put_truncated(&out, text.text, text.size, length, words, end);
    return text_of(&out);
}

static Value truncate_chars(const Call *c) { return truncate(c, false); }
static Value truncate_words(const Call *c) { return truncate(c, true); }

static Value slugify(const Call *c)
{
    Buffer out = { 0 };
    Value text = capo_value_to_text(c->first);
    capo_put_slug(&out, text.text, text.size, flag(c, "allow_unicode", false));
    return text_of(&out);
}

static Value wrap(const Call *c)
{
    Buffer out = { 0 };
    capo_put_wrapped(&out, c->first.text, c->first.size, capo_python_int_or_raise("wrap", c->second));
    return text_of(&out);
}

static Value since(const Call *c, bool until)
{
    Buffer out = { 0 };
    Value depth = named(c, "depth");
    if (depth.kind == VALUE_INT && depth.integer <= 0)
        capo_raise(ERROR_VALUE, "depth must be greater than 0.");
    if (!capo_put_timesince(c->context, &out, c->first, c->second, until, depth.kind == VALUE_INT ? (int)depth.integer : 2))
        capo_raise(ERROR_VALUE, "these dates cannot be compared");
    return text_of(&out);
}

static Value timesince(const Call *c) { return since(c, false); }
static Value timeuntil(const Call *c) { return since(c, true); }

static Value url_has_allowed_host_and_scheme(const Call *c)
{
    Value hosts = c->count > 1 ? c->second : named(c, "allowed_hosts");
    bool https = flag(c, "require_https", false), safe = false;
    const char *url = c->first.kind == VALUE_NULL ? NULL : capo_to_text(c->first);
    if (capo_is_text(hosts))
        safe = capo_url_is_safe(url, hosts.text, https);
    else if (hosts.kind != VALUE_LIST || hosts.list->count == 0)
        safe = capo_url_is_safe(url, NULL, https);
    for (size_t i = 0; hosts.kind == VALUE_LIST && i < hosts.list->count && !safe; i++)
        safe = capo_url_is_safe(url, capo_to_text(hosts.list->items[i]), https);
    return capo_value_bool(safe);
}

static Value is_valid_ipv6_address(const Call *c)
{
    return capo_value_bool(capo_is_text(c->first) && capo_is_ipv6(c->first.text, c->first.size, false));
}

static Value clean_ipv6_address(const Call *c)
{
    if (!capo_is_text(c->first))
        capo_raise(ERROR_VALIDATION, "no text");
    char *clean = capo_ipv6_clean(c->first.text, c->first.size, flag(c, "unpack_ipv4", false));
    if (!clean)
        capo_raise(ERROR_VALIDATION, "This is not a valid IPv6 address.");
    return capo_value_text(clean);
}

/* --- languages and numbers by locale ------------------------------------------------------------------------------------------------------- */

static Value to_locale(const Call *c) { return capo_value_text(capo_to_locale(capo_to_text(c->first))); }
static Value to_language(const Call *c) { return capo_value_text(capo_to_language(capo_to_text(c->first))); }

static Value parse_accept_lang_header(const Call *c)
{
    List *list = capo_list_new();
    for (const AcceptedLanguage *accepted = capo_accept_language(capo_to_text(c->first)); accepted->code; accepted++) {
        List *pair = capo_list_new();
        capo_list_add(pair, capo_value_text(accepted->code));
        capo_list_add(pair, capo_value_real(accepted->quality));
        capo_list_add(list, capo_value_list(pair));
    }
    return capo_value_list(list);
}

/* An argument by its place or name. */
static Value argument(const Call *c, size_t place, const char *name)
{
    Value args = conformance_get(c->test, "args");
    return place < args.list->count ? conformance_value(args.list->items[place]) : named(c, name);
}

static Value format_number(const Call *c)
{
    if (c->first.kind == VALUE_NULL || (capo_is_text(c->first) && c->first.size == 0))
        return capo_value_safe(capo_to_text(c->first));
    Value places = argument(c, 2, "decimal_pos"), sizes = argument(c, 3, "grouping"), separator = argument(c, 4, "thousand_sep");
    Value point = argument(c, 1, "decimal_sep"), localise = argument(c, 6, "use_l10n"), settings = conformance_get(c->test, "settings");
    Value by_default = settings.kind == VALUE_MAP ? conformance_get(settings.map, "USE_THOUSAND_SEPARATOR") : capo_value_null();
    bool grouping = (capo_is_null(localise) || capo_truth(localise)) && capo_truth(by_default);
    grouping = grouping || capo_truth(argument(c, 5, "force_grouping"));
    Buffer digits = { 0 }, out = { 0 };
    for (size_t i = 0; sizes.kind == VALUE_LIST && i < sizes.list->count; i++)
        capo_put(&digits, sizes.list->items[i].integer < 0 ? "-" : capo_to_text(sizes.list->items[i]));
    if (sizes.kind == VALUE_INT && sizes.integer)
        capo_put_int(&digits, sizes.integer);
    LocaleFormats formats = { .decimal_separator = capo_to_text(point), .thousand_separator = capo_is_text(separator) ? separator.text : "",
                              .grouping = capo_buffer_text(&digits) };
    capo_put_number_with(&out, c->first, places.kind == VALUE_INT ? (int)places.integer : -1, grouping, &formats);
    bool integer = capo_is_whole(c->first);
    bool plain = integer && !(grouping && digits.size) && !(places.kind == VALUE_INT && places.integer);
    return capo_buffer_value(&out, plain);
}

static Value put_by(const Call *c, void (*put)(Buffer *out, const char *text, size_t size))
{
    Buffer out = { 0 };
    if (capo_is_null(c->first))
        return c->first;
    Value text = capo_value_to_text(c->first);
    put(&out, text.text, text.size);
    return text_of(&out);
}

static Value escape_uri_path(const Call *c) { return put_by(c, capo_put_uri_path); }
static Value filepath_to_uri(const Call *c) { return put_by(c, capo_put_file_uri); }
static Value iri_to_uri(const Call *c) { return put_by(c, capo_put_iri); }
static Value uri_to_iri(const Call *c) { return put_by(c, capo_put_uri_to_iri); }
static Value smart_urlquote(const Call *c) { return put_by(c, capo_put_smart_url); }
static Value strip_spaces(const Call *c) { return put_by(c, capo_put_spaceless); }
static Value escape_leading_slashes(const Call *c) { return put_by(c, capo_put_one_slash); }
static Value normalize_newlines(const Call *c) { return put_by(c, capo_put_newlines); }

static Value duration_iso_string(const Call *c) { return capo_value_text(capo_duration_iso(c->first.duration)); }

static const char *text_or_raise(const Call *c)
{
    if (!capo_is_text(c->first))
        capo_raise(ERROR_VALUE, "no text");
    return c->first.text;
}

static Value base36_to_int(const Call *c)
{
    Value number;
    if (!capo_base36_parse(text_or_raise(c), c->first.size, &number))
        capo_raise(ERROR_VALUE, "no number");
    return number;
}

static Value int_to_base36(const Call *c)
{
    if (c->first.kind != VALUE_INT || c->first.integer < 0)
        capo_raise(ERROR_VALUE, "no positive integer");
    return capo_value_text(capo_base36((uint64_t)c->first.integer));
}

static Value content_disposition_header(const Call *c)
{
    return capo_value_text(capo_content_disposition(capo_truth(c->first), capo_is_null(c->second) ? NULL : capo_to_text(c->second)));
}

static Value http_date(const Call *c)
{
    int64_t seconds = 0;
    capo_to_int(c->first, &seconds);
    return capo_value_text(capo_http_date(seconds));
}

static Value parse_http_date_safe(const Call *c)
{
    int64_t seconds;
    return capo_http_date_parse(text_or_raise(c), &seconds) ? capo_value_int(seconds) : capo_value_null();
}

static Value parse_http_date(const Call *c)
{
    Value seconds = parse_http_date_safe(c);
    if (capo_is_null(seconds))
        capo_raise(ERROR_VALUE, "no date");
    return seconds;
}

static Value is_same_domain(const Call *c) { return capo_value_bool(capo_is_same_domain(capo_to_text(c->first), capo_to_text(c->second))); }
static Value parse_etags(const Call *c) { return capo_value_list(capo_etags(text_or_raise(c))); }
static Value quote_etag(const Call *c) { return capo_value_text(capo_quote_etag(text_or_raise(c))); }

static Value parse_header_parameters(const Call *c)
{
    Map *parameters;
    List *pair = capo_list_new();
    capo_list_add(pair, capo_value_text(capo_header_parameters(text_or_raise(c), &parameters)));
    capo_list_add(pair, capo_value_map(parameters));
    return capo_value_list(pair);
}

static Value urlencode(const Call *c)
{
    Buffer out = { 0 };
    capo_put_query(&out, c->first, c->count > 1 ? capo_truth(c->second) : flag(c, "doseq", false));
    return text_of(&out);
}

static Value urlsafe_base64_encode(const Call *c) { return capo_value_text(capo_base64url(c->first.bytes, c->first.size)); }

static Value urlsafe_base64_decode(const Call *c)
{
    uint8_t *bytes;
    size_t size;
    if (!capo_base64url_parse(text_or_raise(c), c->first.size, &bytes, &size))
        capo_raise(ERROR_VALUE, "not whole");
    return capo_value_bytes(bytes, size);
}

static Value get_text_list(const Call *c)
{
    size_t count = c->first.list->count;
    const char **texts = capo_alloc_array(count + 1, sizeof *texts);
    for (size_t i = 0; i < count; i++)
        texts[i] = capo_to_text(c->first.list->items[i]);
    return capo_value_text(capo_text_list(texts, c->count > 1 ? capo_to_text(c->second) : "or"));
}

static Value get_valid_filename(const Call *c)
{
    return capo_value_text(capo_valid_file_name(text_or_raise(c), c->first.size));
}

static Value smart_split(const Call *c)
{
    return capo_value_strings((const char *const *)capo_smart_split(text_or_raise(c), c->first.size));
}

static const struct { const char *name; Value (*run)(const Call *call); } functions[] = {
    { "crypto.constant_time_compare", constant_time_compare },
    { "dateformat.format", dateformat },
    { "dateformat.time_format", timeformat },
    { "dateparse.parse_date", parse_date },
    { "dateparse.parse_datetime", parse_datetime },
    { "dateparse.parse_duration", parse_duration },
    { "dateparse.parse_time", parse_time },
    { "duration.duration_iso_string", duration_iso_string },
    { "encoding.escape_uri_path", escape_uri_path },
    { "encoding.filepath_to_uri", filepath_to_uri },
    { "encoding.iri_to_uri", iri_to_uri },
    { "encoding.uri_to_iri", uri_to_iri },
    { "html.conditional_escape", conditional_escape },
    { "html.escape", escape },
    { "html.escapejs", escapejs },
    { "html.json_script", json_script },
    { "html.linebreaks", linebreaks },
    { "html.smart_urlquote", smart_urlquote },
    { "html.strip_spaces_between_tags", strip_spaces },
    { "html.strip_tags", strip_tags },
    { "html.urlize", urlize },
    { "http.base36_to_int", base36_to_int },
    { "http.content_disposition_header", content_disposition_header },
    { "http.escape_leading_slashes", escape_leading_slashes },
    { "http.http_date", http_date },
    { "http.int_to_base36", int_to_base36 },
    { "http.is_same_domain", is_same_domain },
    { "http.parse_etags", parse_etags },
    { "http.parse_header_parameters", parse_header_parameters },
    { "http.parse_http_date", parse_http_date },
    { "http.parse_http_date_safe", parse_http_date_safe },
    { "http.quote_etag", quote_etag },
    { "http.url_has_allowed_host_and_scheme", url_has_allowed_host_and_scheme },
    { "http.urlencode", urlencode },
    { "http.urlsafe_base64_decode", urlsafe_base64_decode },
    { "http.urlsafe_base64_encode", urlsafe_base64_encode },
    { "ipv6.clean_ipv6_address", clean_ipv6_address },
    { "ipv6.is_valid_ipv6_address", is_valid_ipv6_address },
    { "numberformat.format", format_number },
    { "text.Truncator.chars", truncate_chars },
    { "text.Truncator.words", truncate_words },
    { "text.capfirst", capfirst },
    { "text.get_text_list", get_text_list },
    { "text.get_valid_filename", get_valid_filename },
    { "text.normalize_newlines", normalize_newlines },
    { "text.phone2numeric", phone2numeric },
    { "text.slugify", slugify },
    { "text.smart_split", smart_split },
    { "text.wrap", wrap },
    { "timesince.timesince", timesince },
    { "timesince.timeuntil", timeuntil },
    { "translation.trans_real.parse_accept_lang_header", parse_accept_lang_header },
    { "translation.trans_real.to_language", to_language },
    { "translation.trans_real.to_locale", to_locale },
};

Value conformance_utils(const Map *test)
{
    const char *name = capo_to_text(conformance_get(test, "function"));
    Value args = conformance_value(conformance_get(test, "args")), kwargs = conformance_get(test, "kwargs"), settings = conformance_get(test, "settings");
    Value zone = settings.kind == VALUE_MAP ? conformance_get(settings.map, "TIME_ZONE") : capo_value_null();
    Engine engine = { .no_time_zone = true };
    Call call = { .test = test, .named = kwargs.kind == VALUE_MAP ? kwargs.map : NULL, .count = args.list->count,
                  .context = capo_context_for(&engine, NULL) };
    if (call.count > 0)
        call.first = args.list->items[0];
    if (call.count > 1)
        call.second = args.list->items[1];
    capo_set_default_time_zone(capo_time_zone(capo_is_text(zone) ? zone.text : "America/Chicago"));
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strcmp(functions[i].name, name) == 0)
            return capo_value_map(capo_map(V("result", functions[i].run(&call))));
    capo_raise(ERROR_NOT_SUPPORTED, "There is no %s.", name);
}

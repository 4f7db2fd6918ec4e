/* SPDX-License-Identifier: BSD-3-Clause */
/* The flat pages app: its model, and its form in the admin. */
#include "flatpages_internal.h"
#include <string.h>

#define CAPO_MODELS "capo/flatpages_models.def"
#include <capo/define_models.h>

const char *capo_flatpage_text(const void *page)
{
    const FlatPage *of = page;
    return capo_format("%s -- %s", of->url, of->title);
}

const char *capo_flatpage_url(const void *page)
{
    const char *url = ((const FlatPage *)page)->url, *rest = url ? url : "";
    rest += strspn(rest, "/");              /* "//host" would be another site's */
    return capo_format("/%s", capo_url_quote(rest, "/#%[]=:;$&()+,!?*@'~"));
}

/* --- the form in the admin --------------------------------------------------------------------------------------------------------- */

static bool is_plain(const char *url)
{
    for (const char *at = url, *end = at + strlen(at); at < end;) {
        uint32_t c = capo_utf8_next(&at, end);
        if (!capo_is_word(c) && !(c < 0x80 && c && strchr("-/.~", (int)c)))
            return false;
    }
    return *url;
}

/* One address has one page on a site. */
static void check_sites(Form *form, const char *url)
{
    Value sites = capo_form_value(form, "sites");
    Instance *instance = capo_form_instance_uncleaned(form);
    Value key = instance ? capo_instance_pk(instance) : capo_value_null(), chosen = capo_value_null();
    void *state = NULL;
    while (capo_iterate(sites, &state, &chosen)) {
        Value id;
        if (!capo_lookup(chosen, "pk", 2, &id))
            id = chosen;
        Query *others = capo_query_filter(capo_query_filter(capo_query_of(&FlatPage_model), Q("url", url)), Q("sites", id));
        if (key.kind != VALUE_NULL)
            others = capo_query_exclude(others, Q("pk", key));
        if (capo_query_exists(others))
            capo_add_error(form, NULL, "duplicate_url", "Flatpage with url %s already exists for site %s", url, capo_to_text(chosen));
    }
}

static void clean(Form *form)
{
    if (!capo_form_has_value(form, "url"))
        return;
    const char *url = capo_to_text(capo_form_value(form, "url"));
    if (!is_plain(url))
        capo_add_error(form, "url", "invalid", "This value must contain only letters, numbers, dots, underscores, dashes, slashes or tildes.");
    else if (*url != '/')
        capo_add_error(form, "url", "missing_leading_slash", "URL is missing a leading slash.");
    else if (!capo_ends_with(url, "/"))
        capo_add_error(form, "url", "missing_trailing_slash", "URL is missing a trailing slash.");
    if (capo_form_has_value(form, "sites"))
        check_sites(form, url);
}

static void prepare(Request *req, Form *form, void *instance)
{
    (void)req, (void)instance;
    capo_form_set_clean(form, clean);
}

static const ModelAdmin admin[] = {
    ADMIN(FlatPage,
        .list_display = LIST("url", "title"),
        .list_filter = LIST("sites", "registration_required"),
        .search_fields = LIST("url", "title"),
        .prepare_form = prepare,
        .overrides = FIELD_OVERRIDES({ "url", .help_text = "Example: “/about/contact/”. Make sure to have leading and trailing slashes." }),
        .fieldsets = FIELDSETS({ NULL, LIST("url", "title", "content", "sites") },
                               { "Advanced options", LIST("registration_required", "template_name"), .collapse = true })),
    { 0 }
};

extern const EmbeddedFile capo_flatpages_files[];

const App capo_flatpages = {
    .name = "flatpages",
    .verbose_name = "Flat Pages",
    .models = models,
    .admin = admin,
    .tags = flatpages_libraries,
    .needs = APPS(&capo_sites),
    .default_auto_field = "AutoField",          /* 32 bits, as Django's */
    .files = capo_flatpages_files,
};

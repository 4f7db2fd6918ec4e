/* SPDX-License-Identifier: BSD-3-Clause */
/* The sites app: its model, its rows in the admin, the first site, and the site of a request. */
#include <capo/cache.h>
#include <capo/migrations.h>
#include <capo/schema.h>
#include <capo/sites.h>
#include <string.h>

#define CAPO_MODELS "capo/sites_models.def"
#include <capo/define_models.h>

#define CACHE_KEY "capo.contrib.sites"
enum { CACHE_SECONDS = 60 };

void capo_validate_site_domain(Value value)
{
    Value text = capo_value_to_text(value);
    const char *at = text.text, *end = at + text.size;
    while (at < end)
        if (capo_is_space(capo_utf8_next(&at, end)))
            capo_invalid("invalid", "The domain name cannot contain any spaces or tabs.");
}

/* --- which site -------------------------------------------------------------------------------------------------------------------- */

static void forget(void *unused)
{
    (void)unused;
    capo_cache_delete(CACHE_KEY);
}

/* Again after the commit: others may have read what was there before it. */
static void changed(void)
{
    forget(NULL);
    capo_on_commit(forget, NULL);
}

void capo_site_saved(void *site, bool created)
{
    (void)site, (void)created;
    changed();
}

void capo_site_deleted(void *site)
{
    (void)site;
    changed();
}

static Value read_sites(void *unused)
{
    (void)unused;
    return capo_value_list(capo_values_tuples(capo_query(Site), LIST("id", "domain", "name")));
}

/* By id where it is not 0, else by domain; NULL: none. */
static Site *find_site(const List *sites, int64_t id, const char *domain)
{
    for (size_t i = 0; i < sites->count; i++) {
        const Value *row = sites->items[i].list->items;
        if (id ? row[0].integer != id : strcmp(capo_lower(row[1].text), domain) != 0)
            continue;
        Site *site = capo_new(Site);
        site->id = (int32_t)row[0].integer;
        site->domain = row[1].text;
        site->name = row[2].text;
        return site;
    }
    return NULL;
}

static const char *domains_of(const List *sites)
{
    enum { SHOWN = 20 };
    Buffer out = { 0 };
    for (size_t i = 0; i < sites->count && i < SHOWN; i++)
        capo_put_format(&out, "%s%s (%s)", i ? ", " : "", sites->items[i].list->items[1].text, capo_to_text(sites->items[i].list->items[0]));
    return out.size ? capo_buffer_text(&out) : "none";
}

Site *capo_current_site(Request *req)
{
    int64_t id = capo_settings()->site_id;
    const char *host = req ? capo_lower(capo_host(req)) : "";
    if (!capo_app("sites")) {
        Site *site = capo_new(Site);
        site->domain = site->name = host;
        return site;
    }
    if (!req && !id)
        capo_bug("the current site was asked for without a request; that needs the setting .site_id");
    const List *sites = capo_cache_get_or_set(CACHE_KEY, CACHE_SECONDS, read_sites, NULL).list;
    Site *site = find_site(sites, id, host);
    const char *port = strrchr(host, ':');
    if (!site && !id && port && !strchr(port, ']'))
        site = find_site(sites, 0, capo_strndup(host, (size_t)(port - host)));
    if (!site && id)
        capo_raise(ERROR_DOES_NOT_EXIST, "There is no site with the id %lld, which the setting site_id names. There are: %s.", (long long)id,
                   domains_of(sites));
    if (!site)
        capo_raise(ERROR_DOES_NOT_EXIST, "There is no site with the domain '%s'. There are: %s. Add it in the admin, or set site_id.", host,
                   domains_of(sites));
    return site;
}

/* --- the app ----------------------------------------------------------------------------------------------------------------------- */

/* A table without a row gets Django's first one, under settings' site_id. */
static void make_first(void)
{
    if (!capo_schema_has_table(Site_model.table) || capo_exists(Site))
        return;
    Site *site = capo_new(Site);
    int64_t id = capo_settings()->site_id;
    site->id = id > 1 ? (int32_t)id : 0;
    site->domain = site->name = "example.com";
    capo_save(site);
    if (site->id > 1)
        capo_schema_reset_sequence(&Site_model);
}

static void ready(void)
{
    capo_after_migrate(make_first);
}

static const ModelAdmin admin[] = {
    ADMIN(Site, .list_display = LIST("domain", "name"), .search_fields = LIST("domain", "name")),
    { 0 }
};

extern const EmbeddedFile capo_sites_files[];

const App capo_sites = {
    .name = "sites",
    .verbose_name = "Sites",
    .models = models,
    .admin = admin,
    .ready = ready,
    .default_auto_field = "AutoField",          /* 32 bits, as Django's */
    .files = capo_sites_files,
};

/* SPDX-License-Identifier: BSD-3-Clause */
/* The resolved settings: what main.c declares, over it the environment, under it the defaults; checked before anything runs.
 *
 * A mistake is one sentence (ERROR_IMPROPERLY_CONFIGURED) that names the setting, what it holds and what it may hold. */
#include "settings_internal.h"
#include "../files/files_internal.h"
#include <capo/cache.h>
#include <capo/server.h>
#include <capo/storage.h>
#include <capo/time.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SECRET_KEY_SHORTEST = 32 };

static Settings *resolved;
#define DEFAULT_AUTO_FIELD "BigAutoField"
static Arena *kept;

Arena *settings_arena(void)
{
    if (!kept)
        kept = arena_new();
    return kept;
}

char *settings_strdup(const char *text)
{
    return arena_strndup(settings_arena(), text, strlen(text));
}

const Settings *capo_settings(void)
{
    if (!resolved)
        capo_bug("capo_settings was asked before capo_settings_init");
    return resolved;
}

bool settings_debug(void)
{
    return resolved && resolved->debug;
}

bool capo_in_debug(void) { return settings_debug(); }

/* --- defaults: what zero stands for ---------------------------------------------------------------------------------------- */

static const struct { size_t offset; const char *value; } text_defaults[] = {
    { offsetof(Settings, name), "site" },
    { offsetof(Settings, database), "sqlite:db.sqlite3" },
    { offsetof(Settings, default_auto_field), DEFAULT_AUTO_FIELD },
    { offsetof(Settings, time_zone), "UTC" },
    { offsetof(Settings, language_code), "en-us" },
    { offsetof(Settings, language_cookie_name), "django_language" },
    { offsetof(Settings, static_url), "/static/" },
    { offsetof(Settings, media_root), "media" },
    { offsetof(Settings, media_url), "/media/" },
    { offsetof(Settings, login_url), "/accounts/login/" },
    { offsetof(Settings, login_redirect_url), "/accounts/profile/" },
    { offsetof(Settings, referrer_policy), "same-origin" },
    { offsetof(Settings, x_frame_options), "DENY" },
    { offsetof(Settings, date_format), "N j, Y" },
    { offsetof(Settings, datetime_format), "N j, Y, P" },
    { offsetof(Settings, time_format), "P" },
};

static const struct { const char *name; size_t offset; bool wide; int64_t value; } number_defaults[] = {
    { "session_cookie_age", offsetof(Settings, session_cookie_age), true, 1209600 },
    { "language_cookie_age", offsetof(Settings, language_cookie_age), true, 0 },
    { "hsts_seconds", offsetof(Settings, hsts_seconds), true, 0 },
    { "cache_middleware_seconds", offsetof(Settings, cache_middleware_seconds), true, 600 },
    { "data_upload_max_memory_size", offsetof(Settings, data_upload_max_memory_size), true, 2621440 },
    { "data_upload_max_number_fields", offsetof(Settings, data_upload_max_number_fields), true, 1000 },
    { "data_upload_max_number_files", offsetof(Settings, data_upload_max_number_files), true, 100 },
    { "upload_max_size", offsetof(Settings, upload_max_size), true, 104857600 },
    { "header_timeout", offsetof(Settings, header_timeout), false, 15 },
    { "body_timeout", offsetof(Settings, body_timeout), false, 60 },
    { "idle_timeout", offsetof(Settings, idle_timeout), false, 75 },
    { "write_timeout", offsetof(Settings, write_timeout), false, 60 },
    { "max_connections", offsetof(Settings, max_connections), false, 1024 },
    { "graceful_timeout", offsetof(Settings, graceful_timeout), false, 30 },
};

static void fill_defaults(Settings *settings)
{
    for (size_t i = 0; i < sizeof text_defaults / sizeof *text_defaults; i++) {
        const char **field = (const char **)((char *)settings + text_defaults[i].offset);
        if (!*field)
            *field = text_defaults[i].value;
    }
    for (size_t i = 0; i < sizeof number_defaults / sizeof *number_defaults; i++) {
        void *field = (char *)settings + number_defaults[i].offset;
        int64_t value = number_defaults[i].wide ? *(int64_t *)field : *(int *)field;
        if (value < 0)
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The setting %s is %lld; it must not be negative (0 stands for its default, %lld).",
                       number_defaults[i].name, (long long)value, (long long)number_defaults[i].value);
        if (value)
            continue;
        if (number_defaults[i].wide)
            *(int64_t *)field = number_defaults[i].value;
        else
            *(int *)field = (int)number_defaults[i].value;
    }
    static const char *const no_list[] = { NULL };
    static const char *const template_directories[] = { "templates", NULL };
    static const char *const static_directories[] = { "static", NULL };
    static const App *const no_apps[] = { NULL };
    static const Route no_routes[] = { { 0 } };
    if (!settings->apps)
        settings->apps = no_apps;
    if (!settings->urls)
        settings->urls = no_routes;
    if (!settings->template_directories)
        settings->template_directories = template_directories;
    if (!settings->static_directories)
        settings->static_directories = static_directories;
    static const char *const locale_paths[] = { "locale", NULL };
    if (!settings->locale_paths)
        settings->locale_paths = locale_paths;
    if (!settings->secret_key_fallbacks)
        settings->secret_key_fallbacks = no_list;
    if (!settings->csrf_trusted_origins)
        settings->csrf_trusted_origins = no_list;
    if (!settings->allowed_hosts)
        settings->allowed_hosts = no_list;
}

/* Lists written in place, APPS(…) and LIST(…), live only as long as the block that wrote them: the pointers are copied. */
static const size_t list_fields[] = {
    offsetof(Settings, apps), offsetof(Settings, secret_key_fallbacks), offsetof(Settings, allowed_hosts),
    offsetof(Settings, csrf_trusted_origins), offsetof(Settings, middleware), offsetof(Settings, static_directories),
    offsetof(Settings, template_directories), offsetof(Settings, languages), offsetof(Settings, locale_paths),
    offsetof(Settings, database_routers),
};

static void copy_lists(Settings *settings)
{
    for (size_t i = 0; i < sizeof list_fields / sizeof *list_fields; i++) {
        const void ***field = (const void ***)((char *)settings + list_fields[i]);
        size_t count = 0;
        while (*field && (*field)[count])
            count++;
        if (!*field)
            continue;
        const void **copy = arena_alloc(settings_arena(), (count + 1) * sizeof *copy);
        memcpy(copy, *field, count * sizeof *copy);
        *field = copy;
    }
}

static bool lists_app(const App *const *apps, const App *app)
{
    for (; *apps; apps++)
        if (*apps == app)
            return true;
    return false;
}

/* Each app that another needs stands behind that one, in the order of `needs`. */
static void add_needed_apps(Settings *settings)
{
    for (size_t i = 0; settings->apps[i]; i++) {
        size_t at = i + 1;
        for (const App *const *needed = settings->apps[i]->needs; needed && *needed; needed++) {
            if (lists_app(settings->apps, *needed))
                continue;
            size_t count = at;
            while (settings->apps[count])
                count++;
            const App **apps = arena_alloc(settings_arena(), (count + 2) * sizeof *apps);
            memcpy(apps, settings->apps, at * sizeof *apps);
            memcpy(apps + at + 1, settings->apps + at, (count - at) * sizeof *apps);
            apps[at++] = *needed;
            settings->apps = apps;
        }
    }
}

/* --- the environment -------------------------------------------------------------------------------------------------------- */

static bool env_bool(const char *name, bool otherwise)
{
    static const struct { const char *word; bool value; } words[] = {
        { "1", true },  { "true", true },   { "yes", true }, { "on", true },
        { "0", false }, { "false", false }, { "no", false }, { "off", false }, { "", false },
    };
    const char *text = capo_env(name);
    if (!text)
        return otherwise;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i].word) == 0)
            return words[i].value;
    capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The variable %s is '%s'; it may be 1, true, yes, on, or 0, false, no, off.", name, text);
}

static void env_text(const char *name, const char **field)
{
    const char *text = capo_env(name);
    if (text && *text)
        *field = settings_strdup(text);
}

static const char *const *comma_list(const char *text)
{
    size_t count, kept_count = 0;
    char **parts = capo_split(text, ',', &count);
    const char **list = arena_alloc(settings_arena(), (count + 1) * sizeof *list);
    for (size_t i = 0; i < count; i++) {
        const char *part = capo_strip(parts[i]);
        if (*part)
            list[kept_count++] = settings_strdup(part);
    }
    return list;
}

/* The rows are copied, with what the environment says of each: DATABASE_URL_STATS for "stats". */
static void copy_databases(Settings *settings)
{
    size_t count = 0;
    while (settings->databases && settings->databases[count].alias)
        count++;
    if (!count)
        return;
    DatabaseSettings *rows = arena_alloc(settings_arena(), (count + 1) * sizeof *rows);
    rows[count] = (DatabaseSettings){ 0 };
    for (size_t i = 0; i < count; i++) {
        DatabaseSettings *row = &rows[i];
        *row = settings->databases[i];
        size_t n_apps = 0, good = strspn(row->alias, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
        if (!good || row->alias[good] || strcmp(row->alias, "default") == 0)
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The alias '%s' in the setting .databases may hold only letters, digits and '_', and \"default\" is the "
                       "setting .database.", row->alias);
        for (size_t k = 0; k < i; k++)
            if (strcmp(rows[k].alias, row->alias) == 0)
                capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The alias '%s' stands twice in the setting .databases.", row->alias);
        char *variable = capo_format("DATABASE_URL_%s", row->alias);
        for (char *c = variable; *c; c++)
            *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
        env_text(variable, &row->url);
        if (!row->url || !*row->url)
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The database '%s' has no URL: give it one in the setting .databases, or as %s in the environment.", row->alias, variable);
        while (row->apps && row->apps[n_apps])
            n_apps++;
        if (row->apps) {
            const char **apps = arena_alloc(settings_arena(), (n_apps + 1) * sizeof *apps);
            memcpy(apps, row->apps, n_apps * sizeof *apps);
            row->apps = apps;
        }
    }
    settings->databases = rows;
}

static void apply_environment(Settings *settings)
{
    settings->debug = env_bool("DEBUG", settings->debug);
    env_text("DATABASE_URL", &settings->database);
    copy_databases(settings);
    env_text("SECRET_KEY", &settings->secret_key);
    env_text("TIME_ZONE", &settings->time_zone);
    env_text("MEDIA_ROOT", &settings->media_root);
    const char *hosts = capo_env("ALLOWED_HOSTS");
    if (hosts)
        settings->allowed_hosts = comma_list(hosts);
}

/* --- checks ----------------------------------------------------------------------------------------------------------------- */

static void check_secret_key(Settings *settings)
{
    if (!settings->secret_key || !*settings->secret_key) {
        if (!settings->debug)
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The setting SECRET_KEY is missing. It signs sessions and cookies, and every "
                       "installation needs its own: set the environment variable SECRET_KEY (or a line of .env) to %d or more "
                       "random characters. With DEBUG=1 one is made for you.", SECRET_KEY_SHORTEST);
        settings->secret_key = environment_debug_key();
    }
    size_t length = strlen(settings->secret_key);
    if (length < SECRET_KEY_SHORTEST && !settings->debug)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The setting SECRET_KEY has only %zu characters, which can be guessed. "
                   "Set it to %d or more random characters.", length, SECRET_KEY_SHORTEST);
    for (size_t i = 0; settings->secret_key_fallbacks[i]; i++)
        if (strlen(settings->secret_key_fallbacks[i]) < SECRET_KEY_SHORTEST && !settings->debug)
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "Number %zu of the setting secret_key_fallbacks has fewer than %d characters.", i + 1,
                       SECRET_KEY_SHORTEST);
}

static void check_app_name(const char *name, size_t position)
{
    if (!name || !*name)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "App number %zu in settings' .apps has no .name.", position);
    for (const char *c = name; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || *c == '_' || (c > name && *c >= '0' && *c <= '9')))
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The app name '%s' may hold only lower-case letters, digits and '_', and must not "
                       "begin with a digit: it is the prefix of tables and permissions.", name);
}

static void check_apps(const Settings *settings)
{
    for (size_t i = 0; settings->apps[i]; i++) {
        check_app_name(settings->apps[i]->name, i + 1);
        for (size_t j = 0; j < i; j++)
            if (strcmp(settings->apps[i]->name, settings->apps[j]->name) == 0)
                capo_raise(ERROR_IMPROPERLY_CONFIGURED, "Two apps have the name '%s' (numbers %zu and %zu in settings' .apps). The name "
                           "must be unique, since tables, permissions and migrations carry it: give one another .name.",
                           settings->apps[i]->name, j + 1, i + 1);
    }
}

static void check_header_value(const char *setting, const char *value)
{
    for (const char *c = value; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f || *c == ';')
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The setting %s holds ';' or a control character, which a header cannot carry.", setting);
}

static void check_origins(const char *const *origins)
{
    for (size_t i = 0; origins[i]; i++)
        if (!strstr(origins[i], "://"))
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "'%s' in the setting csrf_trusted_origins has no scheme: write 'https://%s'.", origins[i],
                       origins[i]);
}

static void check_hosts(const char *const *hosts)
{
    for (size_t i = 0; hosts[i]; i++)
        if (strpbrk(hosts[i], "/ ") || strstr(hosts[i], "://"))
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "'%s' in the setting allowed_hosts is not a host name: it has no scheme, path or space. "
                       "Examples: 'example.com', '.example.com' with all below it, '*' for any.", hosts[i]);
}

static void check_static_url(const char *url)
{
    if (!capo_ends_with(url, "/") || !(*url == '/' || capo_starts_with(url, "http://") || capo_starts_with(url, "https://")))
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The setting static_url is '%s'; it must begin with '/' (or http://, https://) and end with '/'.",
                   url);
}

static void check_frame_options(const char *value)
{
    if (strcasecmp(value, "DENY") != 0 && strcasecmp(value, "SAMEORIGIN") != 0)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The setting x_frame_options is '%s'; it may be DENY or SAMEORIGIN.", value);
}

/* What core/http asks of the settings: it stands below this folder. */
static void apply_server_limits(const Settings *settings)
{
    ServerLimits *limits = &capo_server_limits;
    limits->header_timeout = settings->header_timeout;
    limits->body_timeout = settings->body_timeout;
    limits->idle_timeout = settings->idle_timeout;
    limits->write_timeout = settings->write_timeout;
    limits->graceful_timeout = settings->graceful_timeout;
    limits->max_connections = settings->max_connections;
    limits->max_memory_body = settings->data_upload_max_memory_size;
    limits->max_body = settings->upload_max_size;
    limits->max_fields = settings->data_upload_max_number_fields;
    limits->max_files = settings->data_upload_max_number_files;
    limits->proxy_ssl_header = settings->proxy_ssl_header;
    limits->upload_directory = settings->file_upload_temp_dir;
}

void capo_settings_init(const Settings *declared)
{
    environment_load();
    Settings *settings = arena_alloc(settings_arena(), sizeof *settings);
    *settings = *declared;
    copy_lists(settings);
    apply_environment(settings);
    fill_defaults(settings);
    add_needed_apps(settings);
    check_secret_key(settings);
    check_apps(settings);
    check_hosts(settings->allowed_hosts);
    check_origins(settings->csrf_trusted_origins);
    check_static_url(settings->static_url);
    if (strcmp(settings->media_url, settings->static_url) == 0)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The settings media_url and static_url are both '%s'; uploaded files and the site's own need addresses apart.",
                   settings->media_url);
    check_header_value("referrer_policy", settings->referrer_policy);
    check_frame_options(settings->x_frame_options);
    csp_configure(settings);
    const TimeZone *zone = capo_time_zone(settings->time_zone);
    if (!zone)
        capo_raise(ERROR_IMPROPERLY_CONFIGURED, "The setting TIME_ZONE is '%s', which the system's tz database does not know. Examples: "
                   "'UTC', 'Europe/Berlin', 'America/New_York'.", settings->time_zone);
    capo_set_default_time_zone(zone);
    locale_configure(settings, declared);
    routes_compile(settings);
    capo_caches_configure(settings->caches);
    storage_url_signer = media_sign_url;
    capo_storages_configure(settings->storages, settings->media_root, settings->media_url);
    apply_server_limits(settings);
    resolved = settings;
}

const App *const *capo_apps(void)
{
    return capo_settings()->apps;
}

const App *capo_app(const char *name)
{
    const App *const *apps = capo_apps();
    for (size_t i = 0; apps[i]; i++)
        if (strcmp(apps[i]->name, name) == 0)
            return apps[i];
    return NULL;
}

const char *capo_default_database(void) { return resolved ? resolved->database : NULL; }

const char *capo_default_auto_field(const App *app)
{
    if (app && app->default_auto_field)
        return app->default_auto_field;
    return resolved ? resolved->default_auto_field : DEFAULT_AUTO_FIELD;
}

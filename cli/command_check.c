/* SPDX-License-Identifier: BSD-3-Clause */
/* check, routes, render: what looks at a site without serving it. */
#include <capo.h>
#include <capo/i18n.h>
#include <capo/schema.h>
#include "cli_internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int n_errors, n_warnings, n_infos;
static bool only_serious;

static void report(const CheckMessage *message)
{
    const char *level = message->level >= CHECK_ERROR ? "ERROR" : message->level >= CHECK_WARNING ? "WARNING" : "INFO";
    if (message->level >= CHECK_ERROR)
        n_errors++;
    else if (message->level >= CHECK_WARNING)
        n_warnings++;
    else
        n_infos++;
    if (only_serious && message->level < CHECK_WARNING)
        return;
    fprintf(stderr, "%s: %s%s%s%s%s%s\n", level, message->object ? message->object : "", message->object ? ": " : "",
            message->id ? capo_format("(%s) ", message->id) : "", message->text, message->hint ? "\n    HINT: " : "", message->hint ? message->hint : "");
}

static void run_table(const struct SystemCheck *checks, bool deploy)
{
    for (; checks && checks->name; checks++)
        if (!checks->deploy || deploy)
            checks->run(report);
}

/* The framework's own, about settings. */
static void check_secret_key(void (*say)(const CheckMessage *))
{
    const char *key = capo_settings()->secret_key;
    if (!key || strlen(key) < 50)
        say(&(CheckMessage){ CHECK_WARNING, "security.W009", "Your SECRET_KEY has less than 50 characters.", "Generate a long random text and keep it in the environment.", NULL });
}

static void check_debug(void (*say)(const CheckMessage *))
{
    if (capo_settings()->debug)
        say(&(CheckMessage){ CHECK_WARNING, "security.W018", "You should not have DEBUG set to true in deployment.", NULL, NULL });
}

static void check_hosts(void (*say)(const CheckMessage *))
{
    const char *const *hosts = capo_settings()->allowed_hosts;
    if (!hosts || !hosts[0])
        say(&(CheckMessage){ CHECK_WARNING, "security.W020", "ALLOWED_HOSTS must not be empty in deployment.", NULL, NULL });
    for (; hosts && *hosts; hosts++)
        if (strcmp(*hosts, "*") == 0)
            say(&(CheckMessage){ CHECK_WARNING, "security.W020", "ALLOWED_HOSTS holds '*': any Host header is believed.", NULL, NULL });
}

static void check_https(void (*say)(const CheckMessage *))
{
    if (!capo_settings()->ssl_redirect)
        say(&(CheckMessage){ CHECK_WARNING, "security.W008", "The setting ssl_redirect is not on.", "Set it, unless a proxy in front redirects to HTTPS.", NULL });
    if (capo_settings()->hsts_seconds == 0)
        say(&(CheckMessage){ CHECK_WARNING, "security.W004", "You have not set a value for hsts_seconds.", "Set it once the whole site is served over HTTPS only.", NULL });
    if (capo_settings()->insecure_cookies)
        say(&(CheckMessage){ CHECK_WARNING, "security.W012", "insecure_cookies is on: session cookies travel over plain HTTP.", NULL, NULL });
}

static void check_csp(void (*say)(const CheckMessage *))
{
    if (!capo_settings()->csp)
        say(&(CheckMessage){ CHECK_WARNING, "security.W100", "There is no Content-Security-Policy: a script that an attacker gets into a page runs.",
                             "Set csp, to try it first csp_report_only: CSP({ \"default-src\", LIST(CSP_SELF) }).", NULL });
}

static void tell_catalog(const char *path, const char *why, void *say)
{
    void (*report_to)(const CheckMessage *) = *(void (**)(const CheckMessage *))say;
    report_to(&(CheckMessage){ CHECK_ERROR, "translation.E101", capo_format("The catalogue cannot be used: %s.", why), "Compile it again from its .po file.", path });
}

static void check_catalogs(void (*say)(const CheckMessage *))
{
    capo_check_catalogs(tell_catalog, &say);
}

typedef struct SchemaCheck { const Model *model; List *warnings; } SchemaCheck;

static void try_schema(void *argument)
{
    const SchemaCheck *check = argument;
    capo_schema_check(check->model);
    capo_schema_warn(check->model, check->warnings);
}

static void know_backend(void *unused)
{
    (void)unused;
    capo_schema_backend();
}

/* What the tables cannot be on this database, and names and look-ups in conditions that there are not. */
static void check_schema(void (*say)(const CheckMessage *))
{
    size_t count;
    const Error *unknown = capo_try(know_backend, NULL);
    if (unknown) {
        say(&(CheckMessage){ CHECK_ERROR, "models.E100", unknown->message, NULL, NULL });
        return;
    }
    Model *const *all = capo_all_models(&count);
    for (size_t i = 0; i < count; i++) {
        SchemaCheck check = { all[i], capo_list_new() };
        const Error *error = all[i]->managed ? capo_try(try_schema, &check) : NULL;
        if (error)
            say(&(CheckMessage){ CHECK_ERROR, "models.E100", error->message, NULL, all[i]->label });
        for (size_t k = 0; k < check.warnings->count; k++)
            say(&(CheckMessage){ CHECK_WARNING, "models.W100", capo_to_text(check.warnings->items[k]), NULL, NULL });
    }
}

/* The path from the root, with one slash before each part and no "." among them; "" is the root itself. */
static const char *whole_path(const char *path)
{
    char here[4096];
    Buffer out = { 0 };
    const char *from = *path == '/' || !getcwd(here, sizeof here) ? path : capo_format("%s/%s", here, path);
    for (char **part = capo_split(from, '/', NULL); *part; part++)
        if (**part && strcmp(*part, ".") != 0)
            capo_put_format(&out, "/%s", *part);
    return capo_buffer_text(&out);
}

static bool is_within(const char *inner, const char *outer)
{
    size_t size = strlen(outer);
    return strncmp(inner, outer, size) == 0 && (inner[size] == '/' || !inner[size]);
}

/* Uploads among the site's own files would be templates, or be served as its static files. */
static void check_location(const StorageSettings *storage, void (*say)(const CheckMessage *))
{
    const Settings *settings = capo_settings();
    const char *const *const own[] = { settings->template_directories, settings->static_directories, settings->locale_paths };
    const char *location = storage->location ? whole_path(storage->location) : NULL;
    for (size_t i = 0; location && storage->backend == &capo_filesystem_storage && i < sizeof own / sizeof *own; i++)
        for (const char *const *folder = own[i]; folder && *folder; folder++)
            if (is_within(location, whole_path(*folder)) || is_within(whole_path(*folder), location))
                say(&(CheckMessage){ CHECK_ERROR, "files.E002", capo_format("The storage '%s' keeps what visitors upload in '%s', which is not apart from the "
                                     "site's own '%s'.", storage->name, storage->location, *folder), "Give it a folder of its own, \"media\" say.", NULL });
}

static void check_files(void (*say)(const CheckMessage *))
{
    size_t n_models, n_storages;
    Model *const *models = capo_all_models(&n_models);
    FileStorage *const *storages = capo_storages(&n_storages);
    for (size_t i = 0; i < n_models; i++)
        for (size_t k = 0; k < models[i]->n_fields; k++) {
            const Field *field = models[i]->fields[k];
            if (capo_field_is_file(field->kind) && !field->inherited && field->storage && !capo_storage_is_known(field->storage))
                say(&(CheckMessage){ CHECK_ERROR, "files.E001", capo_format("Its storage '%s' is not among settings' .storages.", field->storage), NULL,
                                     capo_format("%s.%s", models[i]->label, field->name) });
        }
    for (size_t i = 0; i < n_storages; i++)
        check_location(capo_storage_settings(storages[i]), say);
}

static const struct SystemCheck framework_checks[] = {
    { "files", false, check_files },
    { "schema", false, check_schema },
    { "catalogs", false, check_catalogs },
    { "secret key", true, check_secret_key },
    { "debug", true, check_debug },
    { "allowed hosts", true, check_hosts },
    { "https", true, check_https },
    { "content security policy", true, check_csp },
    { 0 }
};

int cli_run_checks(bool deploy, bool quiet)
{
    n_errors = n_warnings = n_infos = 0;
    only_serious = quiet;
    run_table(framework_checks, deploy);
    for (const App *const *app = capo_apps(); app && *app; app++)
        run_table((*app)->checks, deploy);
    run_table(capo_settings()->checks, deploy);
    return n_errors;
}

/* For editors and scripts: "file:line:column: error: message". */
static void report_template(const TemplateProblem *problem)
{
    const char *level = problem->level >= CHECK_ERROR ? "error" : problem->level >= CHECK_WARNING ? "warning" : "note";
    int *counter = problem->level >= CHECK_ERROR ? &n_errors : problem->level >= CHECK_WARNING ? &n_warnings : &n_infos;
    ++*counter;
    fprintf(stderr, "%s:%d:%d: %s: %s\n", problem->path ? problem->path : problem->template, problem->line, problem->column, level, problem->text);
}

int cli_check(void)
{
    cli_run_checks(capo_option_set("--deploy"), false);
    if (capo_option_set("--templates")) {
        size_t count = capo_templates_check(report_template);
        capo_say("%zu template%s compiled.", count, count == 1 ? "" : "s");
    }
    int n = n_errors + n_warnings + n_infos;
    capo_say("System check identified %s%s (%d error%s, %d warning%s).", n ? capo_format("%d ", n) : "no ", n == 1 ? "issue" : "issues", n_errors,
             n_errors == 1 ? "" : "s", n_warnings, n_warnings == 1 ? "" : "s");
    return n_errors > 0;
}

static void show_route(const char *pattern, const char *name, const Route *route, void *unused)
{
    (void)unused;
    static const struct { unsigned bit; const char *name; } methods[] = {
        { GET, "GET" }, { POST, "POST" }, { PUT, "PUT" }, { PATCH, "PATCH" }, { DELETE, "DELETE" } };
    Buffer allowed = { 0 };
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (route->methods & methods[i].bit)
            capo_put_format(&allowed, "%s%s", allowed.size ? "," : "", methods[i].name);
    capo_say("/%-50s %-32s %s%s%s", pattern, name ? name : "", route->methods ? capo_buffer_text(&allowed) : "any",
             route->login_required ? "  login" : "", route->permission ? capo_format("  needs %s", route->permission) : "");
}

int cli_routes(void)
{
    capo_each_route(show_route, NULL);
    return 0;
}

typedef struct Printed { Map *variables; Buffer out; } Printed;

static void print_template(void *argument)
{
    Printed *job = argument;
    capo_render_into(&job->out, NULL, capo_option("template"), job->variables);
}

int cli_render(void)
{
    Map *variables = capo_map_new();
    const char *file = capo_option("--context");
    if (file) {
        size_t size;
        char *text = capo_read_file(file, &size);
        if (!text)
            capo_raise(ERROR_COMMAND, "The context %s cannot be read: %s.", file, strerror(errno));
        Value value;
        const char *problem = NULL;
        if (!capo_json_parse(text, size, &value, &problem))
            capo_raise(ERROR_COMMAND, "The context %s is not JSON: %s", file, problem);
        if (value.kind != VALUE_MAP)
            capo_raise(ERROR_COMMAND, "The context %s must be a JSON object: {\"name\": value, …}.", file);
        variables = value.map;
    }
    const char *language = capo_option("--language");
    if (language && !capo_language_info(language))
        capo_raise(ERROR_COMMAND, "There is no language '%s'.", language);
    if (language)
        capo_activate_language(language);
    Printed job = { .variables = variables };
    const Error *error = capo_try(print_template, &job);
    if (error) {
        const char *lines = capo_template_debug_text(error);
        capo_raise(ERROR_COMMAND, "%s: %s%s%s", error->name, error->message, lines ? "\n" : "", lines ? lines : "");
    }
    fwrite(capo_buffer_text(&job.out), 1, job.out.size, stdout);
    cli_flush_output();
    return 0;
}

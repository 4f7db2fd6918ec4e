/* SPDX-License-Identifier: BSD-3-Clause */
/* dumpdata and loaddata: orm/ makes rows texts and texts rows, these talk. */
#include <capo.h>
#include <capo/databases.h>
#include <capo/serializers.h>
#include "cli_internal.h"
#include "fixture_files.h"
#include <capo/testing.h>
#include <stdlib.h>
#include <string.h>

static bool is_in(Model *const *models, const Model *model)
{
    for (; *models; models++)
        if (*models == model)
            return true;
    return false;
}

/* Of those named, or all: what is not excluded and has its table in this database. */
static Model **wanted_models(size_t *ret_count)
{
    const char *const *labels = capo_option_values("label");
    if (!labels[0]) {
        size_t n = 0;
        while (capo_apps()[n])
            n++;
        const char **all = capo_alloc_array(n + 1, sizeof *all);
        for (size_t i = 0; i < n; i++)
            all[i] = capo_apps()[i]->name;
        labels = all;
    }
    Model **models = capo_models_named(labels), **excluded = capo_models_named(capo_option_values("--exclude"));
    size_t count = 0;
    for (Model **model = models; *model; model++)
        if (!is_in(excluded, *model) && capo_allow_migrate(capo_database_alias(), (*model)->app, *model))
            models[count++] = *model;
    models[count] = NULL;
    *ret_count = count;
    return models;
}

static int spaces_of(const char *option)
{
    enum { MOST_SPACES = 16 };
    const char *text = capo_option(option);
    char *end = NULL;
    long spaces = text ? strtol(text, &end, 10) : 0;
    if (text && (end == text || *end || spaces < 0 || spaces > MOST_SPACES))
        capo_raise(ERROR_COMMAND, "%s wants a number of spaces from 0 to %d, and not '%s'.", option, MOST_SPACES, text);
    return (int)spaces;
}

int cli_dumpdata(void)
{
    bool natural = capo_option_set("--natural-foreign");
    const char *pks = capo_option("--pks"), *format = capo_option("--format");
    int indent = spaces_of("--indent");
    if (capo_option("--database"))
        capo_use_database(capo_option("--database"));
    size_t count;
    Model **models = wanted_models(&count);
    if (pks && (count != 1 || !capo_option_values("label")[0] || capo_option_values("label")[1]))
        capo_raise(ERROR_COMMAND, "You can only use --pks option with one model");
    if (natural)
        models = capo_models_by_dependency(models, count);
    FixtureOutput *output = fixture_create(capo_option("--output"));
    Serializer *serializer = capo_serializer_open(&(SerializeOptions){
        .format = format, .indent = indent, .natural_foreign = natural,
        .natural_primary = capo_option_set("--natural-primary"), .write = fixture_write, .self = output });
    for (; *models; models++) {
        Query *rows = capo_option_set("--all") ? capo_base_rows(*models) : capo_default_rows(*models);
        if (pks) {
            List *keys = capo_list_new();
            for (char **key = capo_split(pks, ',', NULL); *key; key++)
                capo_list_add(keys, VALUE(capo_strip(*key)));
            rows = capo_query_filter(rows, Q("pk__in", keys));
        }
        capo_serialize(serializer, rows);
    }
    capo_serializer_close(serializer);
    bool lacks_newline = !indent && (!format || strcmp(format, "jsonl") != 0);
    if (!capo_option("--output") && lacks_newline)
        fixture_write(output, "\n", 1);
    fixture_finish(output);
    return 0;
}

/* --- loaddata --- */

typedef struct Loading { Loader *loader; LoadOptions options; int64_t rows; } Loading;

static void take(void *self, const char *text, size_t size)
{
    Loading *loading = self;
    loading->rows = capo_load(loading->loader, text, size, &loading->options);
}

/* How many rows it had. */
static int64_t load(Loading *loading, const Fixture *fixture)
{
    loading->options.format = fixture->format;
    loading->options.name = fixture->path ? fixture->path : "-";
    int64_t before = loading->rows;
    fixture_read(fixture, take, loading);
    take(loading, "", 0);
    return loading->rows - before;
}

int64_t fixtures_load(const char *const *labels, const char *format, const char *only_app, const LoadOptions *options, int *ret_files)
{
    Loading loading = { .options = *options };
    *ret_files = 0;
    loading.loader = capo_loader_open();
    for (const char *const *label = labels; *label; label++) {
        Fixture input = { .format = format };
        if (strcmp(*label, "-") == 0 && !format)
            capo_raise(ERROR_COMMAND, "--format must be specified when reading from stdin.");
        Fixture *found = strcmp(*label, "-") == 0 ? (Fixture[]){ input, { 0 } } : fixture_find(*label, format, only_app);
        if (!found->path && strcmp(*label, "-") != 0)
            capo_raise(ERROR_COMMAND, "No fixture named '%s' found.", *label);
        do {
            if (load(&loading, found) == 0)
                capo_warn("No fixture data found for '%s'. (The file format may be invalid.)", *label);
            ++*ret_files;
        } while ((++found)->path);
    }
    return capo_loader_close(loading.loader);
}

int cli_loaddata(void)
{
    if (capo_option("--database"))
        capo_use_database(capo_option("--database"));
    int files;
    LoadOptions options = { .ignore_unknown = capo_option_set("--ignorenonexistent"), .exclude = capo_models_named(capo_option_values("--exclude")) };
    int64_t rows = fixtures_load(capo_option_values("fixture"), capo_option("--format"), capo_option("--app"), &options, &files);
    capo_say("Installed %lld object(s) from %d fixture(s)", (long long)rows, files);
    return 0;
}

void capo_test_fixtures_of(const char *const *labels)
{
    int files;
    fixtures_load(labels, NULL, NULL, &(LoadOptions){ 0 }, &files);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Where templates come from: the site's files, other folders, texts in the program, and loaders of the site's own, one behind the
 * other. A place of the engine is the loader's number and the place within it, so that a template that extends its own name finds
 * the next of any loader. */
#include "engine.h"
#include <capo/web.h>
#include <string.h>

enum { PLACE_BITS = 16, PLACES = 1 << PLACE_BITS };

bool capo_loaders_find(const Engine *engine, const char *name, int place, TemplateSource *ret, const char **ret_tried)
{
    const TemplateLoader *const *loaders = engine->data;
    List *tried = capo_list_new();
    int first = place >> PLACE_BITS, within = place & (PLACES - 1);
    for (int i = 0; loaders[i]; i++) {
        if (i < first)
            continue;
        if (i > first)
            within = 0;
        TemplateSource source = { 0 };
        if (!loaders[i]->find(loaders[i], name, within, &source, tried))
            continue;
        if (!source.text || source.place < within || source.place >= PLACES)
            capo_bug("The template loader '%s' gave place %d for '%s', where %d or a later one was asked for%s.", loaders[i]->name, source.place,
                     name, within, source.text ? "" : ", and no text");
        source.place += i << PLACE_BITS;
        *ret = source;
        return true;
    }
    if (ret_tried) {
        Buffer text = { 0 };
        for (size_t i = 0; i < tried->count; i++)
            capo_put_format(&text, "%s%s", i ? ", " : "", capo_to_text(tried->items[i]));
        *ret_tried = capo_buffer_text(&text);
    }
    return false;
}

const char *capo_loader_of(const Engine *engine, int place)
{
    return engine->find == capo_loaders_find ? ((const TemplateLoader *const *)engine->data)[place >> PLACE_BITS]->name : NULL;
}

const char *capo_loaders_near(const Engine *engine, const char *name)
{
    const char *best = "";
    if (engine->find != capo_loaders_find)
        return best;
    for (const TemplateLoader *const *loader = engine->data; *loader && !*best; loader++) {
        const char **names = (*loader)->list ? (*loader)->list(*loader) : NULL;
        size_t count = 0;
        while (names && names[count])
            count++;
        if (count)
            best = capo_did_you_mean(name, names, count);
    }
    return best;
}

static bool take(const SourceFile *file, int place, TemplateSource *ret)
{
    *ret = (TemplateSource){ .text = file->text, .size = file->size, .path = file->path, .place = place };
    return true;
}

static void note(List *tried, const char *where)
{
    capo_list_add(tried, capo_value_text(where));
}

/* --- the site ------------------------------------------------------------------------------------------------------------------- */

/* In the program: place 0 is the project's, n the n-th app's. From disk the project has a place for each of its folders, which the
 * apps' come behind. */
static bool find_in_site(const TemplateLoader *loader, const char *name, int place, TemplateSource *ret, List *tried)
{
    (void)loader;
    const Settings *settings = capo_settings();
    int own = 0;
    const SourceFile *file;
    if (settings->files) {
        own = 1;
        if (place == 0) {
            if ((file = capo_find_app_file(NULL, "templates", name)) != NULL)
                return take(file, 0, ret);
            note(tried, capo_format("templates/%s inside the program", name));
        }
    }
    for (; !settings->files && settings->template_directories[own]; own++) {
        if (own < place)
            continue;
        if ((file = capo_find_file_below(settings->template_directories[own], name)) != NULL)
            return take(file, own, ret);
        note(tried, capo_format("%s/%s", settings->template_directories[own], name));
    }
    const App *const *apps = capo_apps();
    for (int i = 0; apps && apps[i]; i++) {
        if (own + i < place)
            continue;
        if ((file = capo_find_app_file(apps[i], "templates", name)) != NULL)
            return take(file, own + i, ret);
        note(tried, capo_format("%s/templates/%s%s", apps[i]->directory ? apps[i]->directory : apps[i]->name, name,
                                apps[i]->files || settings->files ? " inside the program" : ""));
    }
    return false;
}

typedef struct Names { const char **items; size_t count; } Names;

static void add_names(Names *all, const char **names)
{
    size_t count = 0;
    while (names && names[count])
        count++;
    all->items = capo_realloc(all->items ? all->items : capo_alloc(1), all->count * sizeof *names, (all->count + count + 1) * sizeof *names);
    if (count)
        memcpy(all->items + all->count, names, count * sizeof *names);
    all->count += count;
    all->items[all->count] = NULL;
}

static const char **list_site(const TemplateLoader *loader)
{
    (void)loader;
    Names all = { 0 };
    add_names(&all, capo_list_files("templates", NULL));
    for (const App *const *app = capo_apps(); app && *app; app++)
        add_names(&all, capo_list_files("templates", *app));
    return all.items;
}

const TemplateLoader capo_site_loader = { .name = "site", .find = find_in_site, .list = list_site };

/* --- folders and texts --------------------------------------------------------------------------------------------------------- */

bool capo_find_in_folders(const TemplateLoader *loader, const char *name, int place, TemplateSource *ret, List *tried)
{
    const char *const *folders = loader->data;
    for (int i = 0; folders[i]; i++) {
        const SourceFile *file = i >= place ? capo_find_file_below(folders[i], name) : NULL;
        if (file)
            return take(file, i, ret);
        if (i >= place)
            note(tried, capo_format("%s/%s", folders[i], name));
    }
    return false;
}

const char **capo_list_folders(const TemplateLoader *loader)
{
    Names all = { 0 };
    for (const char *const *folder = loader->data; *folder; folder++)
        add_names(&all, capo_list_files_below(*folder));
    return all.items;
}

bool capo_find_in_texts(const TemplateLoader *loader, const char *name, int place, TemplateSource *ret, List *tried)
{
    for (const TemplateText *row = loader->data; place == 0 && row->name; row++)
        if (strcmp(row->name, name) == 0) {
            *ret = (TemplateSource){ .text = row->source, .size = strlen(row->source), .path = row->name };
            return true;
        }
    if (place == 0)
        note(tried, capo_format("the loader '%s'", loader->name));
    return false;
}

const char **capo_list_texts(const TemplateLoader *loader)
{
    size_t count = 0;
    const TemplateText *rows = loader->data;
    while (rows[count].name)
        count++;
    const char **names = capo_alloc_array(count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = rows[i].name;
    return names;
}

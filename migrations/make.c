/* SPDX-License-Identifier: BSD-3-Clause */
/* makemigrations: compares the compiled models with what the migrations add up to, and writes what leads from one to the other. */
#include "make.h"
#include <capo/buffer.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool has_directory(const App *app)
{
    struct stat status;
    if (capo_migration_module(app))
        return true;                    /* made as it is needed */
    return stat(app->directory ? app->directory : app->name, &status) == 0 && S_ISDIR(status.st_mode);
}

/* The apps that are the project's own: their folder is here, and they are not built in. */
static const char *const *own_apps(void)
{
    size_t count = 0;
    for (const App *const *app = capo_apps(); *app; app++)
        count++;
    const char **names = capo_alloc_array(count + 1, sizeof *names);
    count = 0;
    for (const App *const *app = capo_apps(); *app; app++)
        if (migrations_folder(*app) && (!(*app)->files || capo_migration_module(*app)))
            names[count++] = (*app)->name;
    return names;
}

const App *make_app_to_write(const char *name)
{
    const App *app = migration_app(name);
    if (!migrations_folder(app))
        capo_raise(ERROR_COMMAND, "The app %s has its migrations switched off by the settings' .migration_modules: none can be made.", name);
    if (app->files && !capo_migration_module(app))
        capo_raise(ERROR_COMMAND, "A migration of the app %s would have to be written, and its migrations are inside the program. Run this where the app is "
                   "developed.", name);
    if (!has_directory(app))
        capo_raise(ERROR_COMMAND, "The app %s has no folder '%s' here to write its migrations to. Run makemigrations in the project's folder.", name,
                   app->directory ? app->directory : app->name);
    return app;
}

void make_check_name(const char *name)
{
    for (const char *c = name; c && (*c || c == name); c++)
        if (!*c || !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *c))
            capo_raise(ERROR_COMMAND, "The migration name must be made of letters, digits and \"_\", and '%s' is not.", name);
}

/* --- writing: all files, or none --------------------------------------------------------------------------------------------------------- */

/* With those around it. */
static int make_folders(const char *path)
{
    for (const char *slash = strchr(path + 1, '/'); ; slash = strchr(slash + 1, '/')) {
        const char *folder = slash ? capo_strndup(path, (size_t)(slash - path)) : path;
        if (mkdir(folder, 0777) != 0 && errno != EEXIST)
            return -errno;
        if (!slash)
            return 0;
    }
}

void make_write_one(const App *app, const Migration *migration, bool over, Written **written)
{
    const char *path = migration_path(app, migration->name), *text = migration_text(migration);
    const char *directory = capo_strndup(path, (size_t)(strrchr(path, '/') - path));
    int error = make_folders(directory);
    if (!error && !over && access(path, F_OK) == 0)
        error = -EEXIST;
    if (!error)
        error = capo_write_file(path, text, strlen(text));
    if (!error) {
        Written *file = capo_alloc_struct(Written);
        *file = (Written){ path, *written };
        *written = file;
        return;
    }
    for (Written *file = *written; file; file = file->before)
        unlink(file->path);
    capo_raise(ERROR_COMMAND, "%s cannot be written: %s. Nothing was written.", path, strerror(-error));
}

/* With the graph as it is on disk now. */
static void write_newest(const Written *written)
{
    MigrationGraph *graph = graph_load(capo_apps(), NULL);
    for (const char *const *name = own_apps(); *name; name++) {
        const char *folder = capo_format("%s/", migrations_folder(capo_app(*name)));
        bool wrote = false;
        for (const Written *file = written; file; file = file->before)
            wrote |= capo_starts_with(file->path, folder);
        newest_write(graph, capo_app(*name), wrote);
    }
}

const char *make_write(const App *app, const Migration *migration, bool over)
{
    Written *written = NULL;
    make_write_one(app, migration, over, &written);
    write_newest(written);
    return migration_path(app, migration->name);
}

static void say(const MakeOptions *options, const char *line)
{
    if (options->say)
        options->say(options->self, line);
}

void make_announce(const MakeOptions *options, const App *app, const Migration *migration, bool first)
{
    if (first)
        say(options, capo_format("Migrations for '%s':", app->name));
    say(options, capo_format("  %s", migration_path(app, migration->name)));
    for (size_t i = 0; i < migration->n_operations; i++)
        say(options, capo_format("    %c %s", operation_symbol(migration->operations[i]), operation_describe(migration->operations[i])));
}

/* --- --empty and --merge -------------------------------------------------------------------------------------------------------------------- */

static int make_empty(const MakeOptions *options, const MigrationGraph *graph, Written **written)
{
    int count = 0;
    if (!options->apps || !options->apps[0])
        capo_raise(ERROR_COMMAND, "You must supply at least one app label when using --empty.");
    for (const char *const *name = options->apps; *name; name++, count++) {
        const App *app = make_app_to_write(*name);
        MigrationNode **leaves = graph_leaves(graph, *name);
        DateParts now = capo_local(capo_now(), NULL);
        const char *made = options->name ? options->name : leaves[0] ? capo_format("auto_%s", capo_strftime(&now, "%Y%m%d_%H%M")) : "initial";
        Migration migration = { .app = *name, .initial = !leaves[0] };
        migration.name = capo_format("%04d_%s", leaves[0] ? atoi(leaves[0]->migration->name) + 1 : 1, made);
        if (leaves[0])
            migration_add_dependency(&migration, *name, leaves[0]->migration->name);
        make_announce(options, app, &migration, true);
        if (!options->dry_run && !options->check)
            make_write_one(app, &migration, false, written);
    }
    return count;
}

static char *branch_text(MigrationNode **leaves)
{
    Buffer text = { 0 };
    for (; *leaves; leaves++) {
        capo_put_format(&text, "  Branch %s\n", (*leaves)->migration->name);
        for (size_t i = 0; i < (*leaves)->migration->n_operations; i++)
            capo_put_format(&text, "    %c %s\n", operation_symbol((*leaves)->migration->operations[i]),
                            operation_describe((*leaves)->migration->operations[i]));
    }
    return capo_buffer_text(&text);
}

static bool is_asked_for(const MakeOptions *options, const char *app)
{
    bool all = !options->apps || !options->apps[0], named = false;
    for (const char *const *name = options->apps; name && *name; name++)
        named |= strcmp(*name, app) == 0;
    return all || named;
}

static int make_merges(const MakeOptions *options, const MigrationGraph *graph, Written **written)
{
    enum { LONGEST = 47 };
    int count = 0;
    for (const App *const *app = capo_apps(); *app; app++) {
        MigrationNode **leaves = graph_leaves(graph, (*app)->name);
        if (!is_asked_for(options, (*app)->name) || !leaves[0] || !leaves[1] || !ask_merge(options->questioner, (*app)->name, branch_text(leaves)))
            continue;
        Migration migration = { .app = (*app)->name };
        Buffer made = { 0 };
        int number = 0;
        for (MigrationNode **leaf = leaves; *leaf; leaf++) {
            number = atoi((*leaf)->migration->name) > number ? atoi((*leaf)->migration->name) : number;
            capo_put_format(&made, "%s%s", made.size ? "_" : "", (*leaf)->migration->name);
            migration_add_dependency(&migration, (*app)->name, (*leaf)->migration->name);
        }
        DateParts now = capo_local(capo_now(), NULL);
        const char *name = capo_format("merge_%s", made.size <= LONGEST ? capo_buffer_text(&made) : capo_strftime(&now, "%Y%m%d_%H%M"));
        migration.name = capo_format("%04d_%s", number + 1, options->name ? options->name : name);
        make_announce(options, *app, &migration, true);
        if (!options->dry_run && !options->check)
            make_write_one(make_app_to_write((*app)->name), &migration, false, written);
        count++;
    }
    if (!count)
        say(options, "No conflicts detected to merge.");
    return count;
}

static int make_detected(const MakeOptions *options, const MigrationGraph *graph, Written **written)
{
    static Questioner silent = { .no_input = true };
    bool writes = !options->check && !options->dry_run;
    /* --check writes nothing, so it has nothing to ask */
    Questioner *questioner = options->check ? NULL : options->questioner ? options->questioner : &silent;
    const char *const *names = options->apps ? options->apps : own_apps();
    size_t n_apps;
    int count = 0;
    for (const char *const *name = options->apps; name && *name; name++)
        if (!migrations_folder(capo_app(*name)))
            make_app_to_write(*name);
    DetectedApp *apps = detect_changes(graph_state(graph), state_of_models(), graph, names, options->name, questioner, &n_apps);
    for (size_t i = 0; i < n_apps && writes; i++)
        make_app_to_write(apps[i].app);
    if (options->update && !options->check)
        return make_update(options, graph, apps, n_apps);
    for (size_t i = 0; i < n_apps; i++)
        for (size_t m = 0; m < apps[i].count; m++, count++) {
            const App *app = capo_app(apps[i].app);
            if (writes)
                make_write_one(app, apps[i].migrations[m], false, written);
            make_announce(options, app, apps[i].migrations[m], m == 0);
        }
    for (const char *const *name = names; *name; name++) {
        const char *sentence;
        if (!newest_is_wrong(graph, capo_app(*name), &sentence))
            continue;
        if (!writes)
            say(options, sentence);
        count += options->check;
    }
    return count;
}

void make_tell_paths(const MakeOptions *options, const Written *written)
{
    if (!written || !options->wrote)
        return;
    make_tell_paths(options, written->before);
    options->wrote(options->self, written->path);
}

int capo_make_migrations(const MakeOptions *options)
{
    MigrationGraph *graph = graph_load(capo_apps(), NULL);
    Written *written = NULL;
    int count;
    make_check_name(options->name);
    for (const char *const *name = options->apps; name && *name; name++)
        migration_app(*name);
    if (!options->merge)
        graph_refuse_conflicts(graph);
    if (options->merge)
        count = make_merges(options, graph, &written);
    else
        count = (options->empty ? make_empty : make_detected)(options, graph, &written);
    if (!options->check && !options->dry_run)
        write_newest(written);
    make_tell_paths(options, written);
    return count;
}

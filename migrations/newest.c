/* SPDX-License-Identifier: BSD-3-Clause */
/* max_migration.txt in a folder of migrations: the name of the newest one, and nothing else.
 *
 * Two branches that each make a migration change this one line, so that whoever brings them together is told by the version control, not by the next
 * migrate. makemigrations writes it, also over what a conflict left in it; it reads nothing from it but that it is right. */
#include "make.h"
#include <capo/buffer.h>
#include <string.h>

static const char *path_of(const App *app) { return capo_format("%s/max_migration.txt", migrations_folder(app)); }

/* NULL: the app has no such file, or no one newest migration. *ret_name: that. */
static const char *said_by(const MigrationGraph *graph, const App *app, const char **ret_name)
{
    MigrationNode **leaves = graph_leaves(graph, app->name);
    const SourceFile *file = leaves[0] && !leaves[1] ? capo_find_app_file(app, "migrations", "max_migration.txt") : NULL;
    *ret_name = leaves[0] && !leaves[1] ? leaves[0]->migration->name : NULL;
    return file ? capo_strip(capo_strndup(file->text, file->size)) : NULL;
}

bool newest_is_wrong(const MigrationGraph *graph, const App *app, const char **ret_sentence)
{
    const char *name, *said = migrations_folder(app) ? said_by(graph, app, &name) : NULL;
    if (!said || strcmp(said, name) == 0)
        return false;
    *ret_sentence = capo_format("  %s does not say that %s is the newest migration; makemigrations writes it anew.", path_of(app), name);
    return true;
}

void newest_write(const MigrationGraph *graph, const App *app, bool creates)
{
    const char *name, *said = said_by(graph, app, &name);
    if (!name || (!said && !creates) || (said && strcmp(said, name) == 0))
        return;
    const char *text = capo_format("%s\n", name);
    int error = capo_write_file(path_of(app), text, strlen(text));
    if (error)
        capo_raise(ERROR_COMMAND, "%s cannot be written: %s.", path_of(app), strerror(-error));
}

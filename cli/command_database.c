/* SPDX-License-Identifier: BSD-3-Clause */
/* flush, sqlflush, sqlsequencereset, dbshell: what is done to a database as a whole. */
#include <capo.h>
#include <capo/databases.h>
#include <capo/migrations.h>
#include <capo/schema.h>
#include <capo/serializers.h>
#include "cli_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void use_database(void)
{
    if (capo_option("--database"))
        capo_use_database(capo_option("--database"));
}

/* With join tables; only those that are there. */
static Model **models_with_tables(const char *const *apps, size_t *ret_count)
{
    size_t count, n = 0;
    Model *const *all = capo_all_models(&count);
    Model **found = capo_alloc_array(count + 1, sizeof *found);
    List *tables = capo_schema_tables();
    for (size_t i = 0; i < count; i++) {
        bool wanted = !apps, there = false;
        for (const char *const *app = apps; app && *app; app++)
            wanted |= strcmp(*app, all[i]->app) == 0;
        for (size_t t = 0; t < tables->count; t++)
            there |= strcmp(tables->items[t].text, all[i]->table) == 0;
        if (wanted && there && all[i]->managed && !all[i]->swapped && all[i]->concrete == all[i])
            found[n++] = all[i];
    }
    *ret_count = n;
    return found;
}

int cli_sqlflush(void)
{
    size_t count;
    use_database();
    Model **models = models_with_tables(NULL, &count);
    List *statements = capo_schema_flush_sql(models, count);
    if (!statements->count) {
        capo_say("No tables found.");
        return 0;
    }
    capo_say("BEGIN;");
    for (size_t i = 0; i < statements->count; i++)
        capo_say("%s;", statements->items[i].text);
    capo_say("COMMIT;");
    return 0;
}

int cli_flush(void)
{
    size_t count;
    use_database();
    if (!capo_option_set("--noinput")) {
        if (!cli_is_interactive())
            capo_raise(ERROR_COMMAND, "There is nobody to ask whether all data may go: standard input is not a terminal. Use --noinput.");
        const char *answer = cli_ask(capo_format("You have requested a flush of the database '%s'.\nThis will IRREVERSIBLY DESTROY all data in it, and return each "
                                                 "table to an empty state.\nAre you sure you want to do this?\n\n    Type 'yes' to continue, or 'no' to cancel: ",
                                                 capo_database_alias()), false);
        if (!answer || strcmp(answer, "yes") != 0) {
            capo_say("Flush cancelled.");
            return 0;
        }
    }
    Model **models = models_with_tables(NULL, &count);
    List *statements = capo_schema_flush_sql(models, count);
    capo_begin();
    for (size_t i = 0; i < statements->count; i++)
        capo_sql_run_with(statements->items[i].text, NULL, 0);
    capo_commit();
    capo_run_after_migrate();
    return 0;
}

int cli_sqlsequencereset(void)
{
    size_t count;
    use_database();
    for (const char *const *app = capo_option_values("app"); *app; app++)
        if (!capo_app(*app))
            capo_raise(ERROR_COMMAND, "There is no app called %s among the site's apps.", *app);
    Model **models = models_with_tables(capo_option_values("app"), &count);
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        const char *sql = capo_schema_sequence_sql(models[i]);
        if (sql && !any)
            capo_say("BEGIN;");
        if (sql)
            capo_say("%s;", sql);
        any |= sql != NULL;
    }
    capo_say(any ? "COMMIT;" : "-- No sequences found: this database counts on from the largest key by itself.");
    return 0;
}

int cli_dbshell(void)
{
    use_database();
    const char **environment, **words = capo_database_client(capo_option_values("argument"), &environment);
    for (; *environment; environment++)
        putenv((char *)*environment);
    execvp(words[0], (char *const *)words);
    int reason = errno;
    if (strcmp(words[0], "mariadb") == 0)       /* where the server is MySQL's, so is the program */
        execvp("mysql", (char *const *)words);
    capo_raise(ERROR_COMMAND, "The program %s cannot be started: %s. It comes with the database's client package.", words[0], strerror(reason));
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What the models of tests/orm/family.def need besides their declaration. */
#include "../orm/family.h"
#include "database_under_test.h"
#include <capo/schema.h>
#include <string.h>

#define CAPO_MODELS "../../tests/orm/family.def"
#include <capo/define_models.h>

const App capo_test_family = { .name = "family", .models = models };

Query *family_open(Query *rows)
{
    return capo_query(Place, .query = rows, .where = { .closed = EQ(false) });
}

void family_database(void)
{
    size_t count;
    capo_models_prepare(APPS(&capo_test_family));
    open_empty_database();
    Model *const *all = capo_all_models(&count);
    capo_begin();
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(all[i]->app, "family") && !all[i]->auto_created)
            capo_schema_create_model(editor, all[i]);
    capo_schema_close(editor);
    capo_commit();
}

Town *make_town(const char *name)
{
    Town *town = capo_new(Town);
    town->name = name;
    capo_save(town);
    return town;
}

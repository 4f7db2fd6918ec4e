/* SPDX-License-Identifier: BSD-3-Clause */
/* Migrations of models that are made from others: what is detected, written and run gives the tables that the models have. */
#include <capo/testing.h>
#include <capo/buffer.h>
#include "../../migrations/migration.h"
#include "../orm/family.h"
#include "database_under_test.h"
#include <string.h>

static ProjectState *family_state(void)
{
    size_t count, kept = 0;
    Model *const *all = capo_all_models(&count);
    Model **models = capo_alloc_array(count + 1, sizeof *models);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(all[i]->app, "family") && strcmp(all[i]->name, "Remark"))      /* whose target is another app's */
            models[kept++] = all[i];
    return state_of(models, kept);
}

static Migration *detect_one(ProjectState *from, ProjectState *to, size_t *ret_count)
{
    DetectedApp *apps = detect_changes(from, to, graph_of(NULL, 0, NULL), NULL, NULL, NULL, ret_count);
    if (!*ret_count)
        return NULL;
    EXPECT_INT(*ret_count, 1);
    EXPECT_INT(apps[0].count, 1);
    const char *text = migration_text(apps[0].migrations[0]);
    return migration_parse("family", "0001_initial", "x.json", text, strlen(text));
}

static char *schema_text(void)
{
    Buffer text = { 0 };
    List *tables = capo_schema_tables();
    for (size_t i = 0; i < tables->count; i++) {
        const char *table = capo_to_text(tables->items[i]);
        if (strncmp(table, "family_", 7) == 0 && strcmp(table, "family_remark") != 0)
            capo_put_format(&text, "%s:\n%s\n", table, capo_schema_describe(table));
    }
    return capo_buffer_text(&text);
}

/* Runs all operations; backwards from the last. */
static void run(const Migration *migration, bool backwards)
{
    ProjectState **states = capo_alloc_array(migration->n_operations + 1, sizeof *states);
    states[0] = state_new();
    for (size_t i = 0; i < migration->n_operations; i++)
        states[i + 1] = operation_state(migration->operations[i], "family", states[i]);
    capo_schema_enforce_foreign_keys(false);
    capo_begin();
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t k = 0; k < migration->n_operations; k++) {
        size_t i = backwards ? migration->n_operations - 1 - k : k;
        const Operation *op = migration->operations[i];
        operation_rows[op->kind].change_database(op, "family", editor, states[backwards ? i + 1 : i], states[backwards ? i : i + 1], backwards);
    }
    capo_schema_close(editor);
    capo_commit();
    capo_schema_enforce_foreign_keys(true);
}

TEST(inherited_models_are_migrated)
{
    size_t count;
    family_database();
    const char *wanted = schema_text();
    ProjectState *state = family_state();
    ModelState *shop = state_find(state, "family", "Shop"), *restaurant = state_find(state, "family", "Restaurant");
    EXPECT(model_state_is_proxy(shop) && !shop->n_fields);
    EXPECT_TEXT(model_state_base(shop), "family.Place");
    EXPECT_INT(restaurant->n_fields, 3);
    EXPECT(field_state_flag(model_state_field(restaurant, "place_ptr"), "parent_link"));
    EXPECT(!state_find(state, "family", "Stamped"));
    Migration *initial = detect_one(state_new(), state, &count);
    open_empty_database();
    run(initial, false);
    EXPECT_TEXT(schema_text(), wanted);
    ProjectState *reached = migration_state(initial, state_new());
    detect_one(reached, state, &count);
    EXPECT_INT(count, 0);                               /* what it adds up to is what the models say */
    /* the compiled models work on it, and so do the historical ones */
    Restaurant *luigi = capo_new(Restaurant);
    luigi->place.name = "Luigi";
    luigi->place.town_id = make_town("Rome")->id;
    capo_save(luigi);
    Model *then = state_model(reached, "family", "Restaurant");
    state_render(reached);
    then = state_model(reached, "family", "Restaurant");
    Instance *row = capo_query_get(capo_query_filter(capo_query_of(then), Q("name", "Luigi")));
    EXPECT_TEXT(capo_to_text(capo_field_value(row, capo_field(then, "name"))), "Luigi");
    capo_field_assign(row, capo_field(then, "name"), capo_value_text("Mario"));
    capo_field_assign(row, capo_field(then, "seats"), capo_value_int(7));
    capo_instance_save(row);
    capo_refresh(luigi);
    EXPECT_TEXT(luigi->place.name, "Mario");
    EXPECT_INT(luigi->seats, 7);
    Instance *made = capo_instance_new(then);
    capo_field_assign(made, capo_field(then, "name"), capo_value_text("Gino"));
    capo_field_assign(made, capo_field(then, "town"), capo_value_int(luigi->place.town_id));
    capo_field_assign(made, capo_field(then, "serves_pizza"), capo_value_bool(true));
    capo_field_assign(made, capo_field(then, "closed"), capo_value_bool(false));
    capo_instance_save(made);
    EXPECT_INT(capo_count(Restaurant), 2);
    run(initial, true);
    EXPECT_TEXT(schema_text(), "");
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What bench/database/run loads: a page without a query, one with a query for one row by its key, one with twenty, each row by a query of its own. */
#include <capo.h>
#include <stdlib.h>

#define CAPO_MODELS "../../bench/database/models.def"
#include <capo/declare_models.h>
#define CAPO_MODELS "../../bench/database/models.def"
#include <capo/define_models.h>

enum { ROWS = 10000, MOST = 500 };

static const App app = { .name = "bench", .models = models };

static int64_t random_key(void) { return random() % ROWS + 1; }

static Value as_map(const World *world)
{
    return capo_value_map(capo_map(V("id", world->id), V("randomNumber", world->number)));
}

static Response *text(Request *req)
{
    (void)req;
    return capo_text("Hello, world!\n");
}

static Response *one(Request *req)
{
    (void)req;
    return capo_json(as_map(capo_get(World, .where = { .id = EQ(random_key()) })));
}

static Response *several(Request *req)
{
    int64_t count = capo_int_param(req, "queries", 1);
    List *worlds = capo_list_new();
    for (int64_t i = 0; i < count && i < MOST; i++)
        capo_list_add(worlds, as_map(capo_get(World, .where = { .id = EQ(random_key()) })));
    return capo_json(worlds);
}

static void fill(void)
{
    Instance **rows = capo_alloc_array(ROWS, sizeof *rows);
    for (int i = 0; i < ROWS; i++) {
        World *world = capo_new(World);
        world->number = random_key();
        rows[i] = &world->capo;
    }
    capo_bulk_create(rows, ROWS);
}

static int make_table(void)
{
    capo_sql_run("CREATE TABLE world (id bigserial PRIMARY KEY, number integer NOT NULL)");
    fill();
    return 0;
}

static const Command commands[] = { { "fill", "Makes the table and its 10,000 rows.", make_table }, { 0 } };
static const Route urls[] = { { "text", text, "text" }, { "db", one, "db" }, { "queries", several, "queries" }, { 0 } };

int main(int argc, char **argv)
{
    return capo_main(argc, argv, &(Settings){ .name = "capo-database", .urls = urls, .apps = APPS(&app), .commands = commands });
}

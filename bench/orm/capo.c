/* SPDX-License-Identifier: BSD-3-Clause */
/* Capo's side of bench/orm/run, see work.h. Argument: the database's URL. `capo-orm URL fill` makes the tables and their rows. */
#include "work.h"
#include <capo/orm.h>
#include <capo/schema.h>
#include <capo/loop.h>
#include <capo/web.h>
#include <stdlib.h>
#include "../../orm/query_shape.h"

#define CAPO_MODELS "../../bench/orm/models.def"
#include <capo/declare_models.h>
#define CAPO_MODELS "../../bench/orm/models.def"
#include <capo/define_models.h>

static const App app = { .name = "bench", .models = models };
static Arena *arena;
static const char *url;

static void saw_item(const Item *item)
{
    saw_number(item->id);
    saw_text(item->name);
    saw_text(item->code);
    saw_text(item->note);
    saw_number(item->amount);
    saw_number(item->total);
    saw_number((int64_t)item->price);
    saw_number(item->active);
    saw_number(item->created.microseconds);
    saw_number(item->shelf_id);
}

static Item *new_item(int i)
{
    Item *item = capo_new(Item);
    item->name = "A new item of the shelf";
    item->code = "a-new-item";
    item->note = "Nobody has looked at it yet, and somebody should.";
    item->amount = i;
    item->total = i * 1000000007LL;
    item->price = i * 0.25;
    item->active = i & 1;
    item->created = (DateTime){ INT64_C(1795336200000000) + i };
    item->shelf_id = i % 50 + 1;
    return item;
}

static void get_one(int round)
{
    saw_item(capo_get(Item, .where = { .id = EQ(round % BULK + 1) }));
}

static void get_rows(int count)
{
    for (Item **item = capo_fetch(Item, .order_by = LIST("id"), .limit = count); *item; item++)
        saw_item(*item);
}

static void insert_one(int round)
{
    capo_save(new_item(round));
}

static void insert_many(void)
{
    Instance **items = capo_alloc_array(BULK, sizeof *items);
    for (int i = 0; i < BULK; i++)
        items[i] = &new_item(i)->capo;
    capo_bulk_create(items, BULK);
}

static void update_one(int round)
{
    capo_update(Item, .where = { .id = EQ(round % BULK + 1) }, .set = { .amount = TO(round % BULK) });
}

static void join_and_prefetch(void)
{
    for (Item **item = capo_fetch(Item, .order_by = LIST("id"), .limit = FEW, .select_related = LIST("shelf"), .prefetch = LIST("labels")); *item; item++) {
        saw_item(*item);
        saw_text(capo_related(*item, shelf)->name);
        size_t count;
        Instance **labels = capo_query_rows(capo_related_query(*item, "labels"), &count);
        for (size_t i = 0; i < count; i++)
            saw_text(((Label *)labels[i])->word);
    }
}

#define FIVE                                                                                                                   \
    .where = { .active = EQ(true), .amount = GTE(round), .created = LT(((DateTime){ 1795336200000000 })),                     \
               .code = STARTSWITH("a"), .shelf = HAS(Shelf, .name = EQ("x")) },                                               \
    .order_by = LIST("-created", "id"), .limit = 20

/* By the statement that is kept for the shape; and as at the first time. */
static void compile_five(int round)
{
    saw_number((int64_t)shape_compiled(&Item_model, CAPO_OPTIONS(Item, FIVE), SHAPE_ROWS)->n_parameters);
}

static void compile_five_anew(int round)
{
    saw_number((int64_t)compile_select(capo_query(Item, FIVE))->n_parameters);
}

typedef struct Work { const char *name; int round; } Work;

static void work(void *argument)
{
    const Work *self = argument;
    if (!strcmp(self->name, "get1"))
        get_one(self->round);
    else if (!strcmp(self->name, "get100"))
        get_rows(FEW);
    else if (!strcmp(self->name, "get10000"))
        get_rows(BULK);
    else if (!strcmp(self->name, "insert1"))
        insert_one(self->round);
    else if (!strcmp(self->name, "insert10000"))
        insert_many();
    else if (!strcmp(self->name, "update1"))
        update_one(self->round);
    else if (!strcmp(self->name, "join"))
        join_and_prefetch();
    else if (!strcmp(self->name, "compile"))
        compile_five(self->round);
    else if (!strcmp(self->name, "compile-anew"))
        compile_five_anew(self->round);
    else
        capo_raise(ERROR_VALUE, "no work is called %s", self->name);
}

/* As a request is: a unit of work whose arena is emptied behind it. */
static void run(const char *name, int round)
{
    Unit unit = { 0 };
    const Error *error = capo_unit_run(&unit, arena, "bench", work, &(Work){ name, round });
    if (error) {
        fprintf(stderr, "%s: %s\n", name, error->message);
        exit(1);
    }
    arena_reset(arena);
}

static void delete_new(void *unused)
{
    (void)unused;
    capo_sql_run("DELETE FROM bench_item WHERE id > ?", BULK);
    capo_sql_run("UPDATE bench_item SET amount = id WHERE amount <> id");
}

static void clean(void)
{
    Unit unit = { 0 };
    if (capo_unit_run(&unit, arena, "bench", delete_new, NULL))
        abort();
    arena_reset(arena);
}

static void fill(void)
{
    SchemaEditor *editor = capo_schema_open(false);
    capo_schema_create_model(editor, &Shelf_model);
    capo_schema_create_model(editor, &Item_model);
    capo_schema_create_model(editor, &Label_model);
    capo_schema_close(editor);
    capo_begin();
    Instance **rows = capo_alloc_array(BULK, sizeof *rows);
    for (int i = 0; i < 50; i++) {
        Shelf *shelf = capo_new(Shelf);
        shelf->name = capo_format("Shelf %d", i);
        rows[i] = &shelf->capo;
    }
    capo_bulk_create(rows, 50);
    for (int i = 0; i < BULK; i++) {
        Item *item = new_item(i);
        item->name = capo_format("Item number %d of this shelf", i);
        item->code = capo_format("item-%d", i);
        item->amount = i + 1;
        rows[i] = &item->capo;
    }
    capo_bulk_create(rows, BULK);
    for (int i = 0; i < 3 * FEW; i++) {
        Label *label = capo_new(Label);
        label->item_id = i / 3 + 1;
        label->word = capo_format("label %d", i);
        rows[i] = &label->capo;
    }
    capo_bulk_create(rows, 3 * FEW);
    capo_commit();
}

static void serve(void *filling)
{
    arena = arena_new();
    capo_settings_init(&(Settings){ .secret_key = "bench-bench-bench-bench-bench-bench-bench-bench", .apps = APPS(&app), .database = url });
    capo_models_prepare(APPS(&app));
    if (filling)
        fill();
    else
        answer_commands(run, clean);
    capo_database_close();
    arena_free(arena);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    url = argv[1];
    const Error *error = capo_fiber_main("bench", serve, argc > 2 ? argv[2] : NULL);
    if (error)
        fprintf(stderr, "%s\n", error->message);
    return error != NULL;
}

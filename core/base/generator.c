/* SPDX-License-Identifier: BSD-3-Clause */
/* Items that a function makes while they are gone through. Its memory is an arena that is emptied between two items, once it is full. */
#include <capo/unit.h>
#include <capo/value.h>

enum { FULL = 64 * 1024 };

typedef struct Generator {
    Object object;
    GeneratorNext *next;
    void *argument;
    Arena *arena;
    Value *ret;                     /* of the call that runs */
    bool ended, more;
} Generator;

static void free_arena(void *arena)
{
    arena_free(arena);
}

/* In a unit of its own inside the request's, so that what is kept for the life of the unit (the log of statements) is not kept here. */
static void share_slots(void)
{
    static const UnitSlot shared[] = { UNIT_REQUEST, UNIT_TIME_ZONE, UNIT_LANGUAGE };
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        capo_unit->slots[shared[i]] = capo_unit->outer->slots[shared[i]];
}

static void run_inside(const char *what, Arena *arena, void (*function)(void *), void *argument)
{
    Unit unit = { 0 };
    const Error *error = capo_unit_run(&unit, arena, what, function, argument);
    if (error)                      /* its text goes with the arena */
        capo_raise_at(error->file, error->line, error->function, error->code, NULL, "%s", error->message);
}

typedef struct Apart { void (*function)(void *); void *argument; } Apart;

static void call_apart(void *argument)
{
    Apart *apart = argument;
    share_slots();
    apart->function(apart->argument);
}

void capo_run_apart(void (*function)(void *), void *argument)
{
    Apart apart = { function, argument };
    Arena *arena = arena_new();
    capo_defer(free_arena, arena);
    run_inside(capo_unit->what, arena, call_apart, &apart);
    capo_defer_cancel(free_arena, arena);
    arena_free(arena);
}

static void call_next(void *argument)
{
    Generator *generator = argument;
    share_slots();
    generator->more = generator->next(generator->argument, generator->ret);
}

static bool generator_next(Object *self, void **state, Value *ret)
{
    Generator *generator = (Generator *)self;
    if (!*state && generator->arena)
        capo_bug("A generator can be gone through once only; make another one.");
    if (!generator->arena) {
        generator->arena = arena_new();
        capo_defer(free_arena, generator->arena);
    }
    *state = generator;
    if (generator->ended)
        return false;
    if (arena_size(generator->arena) > FULL)
        arena_reset(generator->arena);
    Value item;
    generator->ret = &item;
    run_inside(capo_unit->what, generator->arena, call_next, generator);
    generator->ended = !generator->more;
    if (generator->more)
        *ret = item;
    return generator->more;
}

static const ObjectOps generator_ops = { .type_name = "generator", .next = generator_next, .one_by_one = true };

Object *capo_generator(GeneratorNext *next, void *argument)
{
    Generator *generator = capo_alloc_struct(Generator);
    *generator = (Generator){ .object = { &generator_ops }, .next = next, .argument = argument };
    return &generator->object;
}

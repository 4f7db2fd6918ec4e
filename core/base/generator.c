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
static void call_next(void *argument)
{
    static const UnitSlot shared[] = { UNIT_REQUEST, UNIT_TIME_ZONE, UNIT_LANGUAGE };
    Generator *generator = argument;
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        capo_unit->slots[shared[i]] = capo_unit->outer->slots[shared[i]];
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
    Unit unit = { 0 };
    generator->ret = &item;
    const Error *error = capo_unit_run(&unit, generator->arena, capo_unit->what, call_next, generator);
    if (error)                      /* its text goes with the generator's arena */
        capo_raise_at(error->file, error->line, error->function, error->code, NULL, "%s", error->message);
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

/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files that make models of rows share: model.c (the steps), model_meta.c (step 7), registry.c (who knows them all). */
#pragma once
#include "internal.h"

typedef struct Resolver {
    Arena *arena;
    bool temporary;                     /* capo_models_resolve: leave models outside the list as they are */
    const struct App *const *apps;      /* of capo_models_prepare */
    Model **models; size_t count;       /* join models stand behind their owner */
    Buffer problems;
} Resolver;

/* Takes the steps over resolver->models; raises all problems together. */
void resolver_run(Resolver *resolver);
void resolver_problem(Resolver *resolver, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* " Did you mean …?" among the model's fields. */
const char *resolver_suggestion(const Model *model, const char *name);
char *resolver_lower(Arena *arena, const char *text);

/* model_key.c: behind the fields. */
void resolver_find_key(Resolver *resolver, Model *model);

/* registry.c */
void resolver_make_names(Arena *arena, Model *model);
/* A field by name or attname before the name tables are there. */
Field *resolver_scan_field(const Model *model, const char *name);

/* model_meta.c */
/* What the rows of Meta say together, over what the base has of it. */
const MetaOptions *resolver_meta_of(Arena *arena, const Model *model);
void resolver_check_meta(Resolver *resolver, Model *model);

/* model.c: names the relation's other side, and puts it among the target's. */
void resolver_link_reverse(Resolver *resolver, Field *field);

/* foreign_object.c: behind all fields and targets. */
void resolver_link_foreign(Resolver *resolver, Model *model);

/* requirements.c */
bool resolver_knows_feature(const char *name);
/* " Did you mean …?" */
const char *resolver_feature_like(const char *name);

/* meta.c */
/* Calls `see` for each Meta of the model alone, with its lists in the arena. */
void capo_meta_each(Arena *arena, const Model *model, void (*see)(MetaOptions *all, const MetaOptions *meta), MetaOptions *all);
/* Names the indexes, and says what is wrong with them and the constraints. The model's names are known. */
void capo_meta_check(Resolver *resolver, Model *model);

/* SPDX-License-Identifier: BSD-3-Clause */
/* The state beside an instance: for instance.c, save.c, related.c and delete.c. */
#pragma once
#include "internal.h"

/* What is known of one relation: by its field where the key is here, else by the accessor. */
typedef struct RelatedCache {
    const Field *relation;
    const char *accessor;
    bool known;
    Instance *one;
    Instance **many; size_t count;          /* prefetched */
    struct RelatedCache *next;
} RelatedCache;

typedef struct InstanceState {
    bool saved;
    char *original;                         /* a copy of the struct, or of `values`, as in the database */
    Value *values;                          /* instances of historical models */
    uint64_t *deferred;                     /* bits of fields that were not loaded; NULL: all were */
    RelatedCache *related;
    Map *annotations;
    const char *database;                   /* where it came from, once there are several; NULL: none yet, or "default" */
} InstanceState;

Value capo_member_value(const char *base, const Field *field);
void capo_member_store(char *base, const Field *field, Value value);
bool capo_field_is_deferred(const Instance *self, const Field *field);
/* Lets key and object of a relation agree. */
void capo_relation_sync(const Instance *self, const Field *field);
void capo_instance_settle(Instance *self);
void capo_instance_forget(Instance *self, const char *accessor);
void capo_instance_forget_all(Instance *self);
/* SELECT of all columns where the field is the key. */
ResultSet *capo_select_where(const Model *model, const Field *by, Value key);
void capo_put_columns(Buffer *sql, const Model *model);

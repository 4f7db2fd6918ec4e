/* SPDX-License-Identifier: BSD-3-Clause */
/* The schema editor, inside: what all databases share, and the table of what each does its own way. */
#pragma once
#include "internal.h"

struct SchemaEditor {
    bool collects;
    Buffer collected;
};

/* An index that a model wants: of a field, of unique_together, of Meta. */
typedef struct IndexSpec { const char *name, *sql; } IndexSpec;

typedef struct SchemaBackend {
    void (*create_model)(SchemaEditor *editor, Model *model);
    void (*add_column)(SchemaEditor *editor, Model *old_model, Model *new_model, Field *field, Value value);
    void (*remove_column)(SchemaEditor *editor, Model *old_model, Model *new_model, Field *field);
    void (*alter_column)(SchemaEditor *editor, Model *old_model, Model *new_model, Field *old_field, Field *new_field, Value value);
    void (*alter_constraints)(SchemaEditor *editor, Model *old_model, Model *new_model);
    void (*alter_join_table)(SchemaEditor *editor, Field *old_field, Field *new_field);
    void (*enforce_foreign_keys)(bool on);
    void (*check)(SchemaEditor *editor);                    /* at close: foreign keys hold */
    List *(*tables)(void);
    List *(*columns)(const char *table);
    char *(*describe)(const char *table);
} SchemaBackend;

extern const SchemaBackend capo_sqlite_schema;

/* Runs or collects one statement. */
void capo_schema_run(SchemaEditor *editor, const char *sql, const Value *parameters, size_t count);
/* The indexes beside the table's own constraints; ends with a NULL name. */
IndexSpec *capo_schema_indexes(const Model *model);
/* Drops those that only the old model has and creates those that only the new one has. */
void capo_schema_change_indexes(SchemaEditor *editor, const Model *old_model, const Model *new_model);
void capo_schema_create_indexes(SchemaEditor *editor, const Model *model);
bool capo_schema_same_constraints(const Model *a, const Model *b);
/* What existing rows get in a new column: the value given, the field's default, else Django's empty value. */
Value capo_schema_effective_default(const Field *field, Value given);

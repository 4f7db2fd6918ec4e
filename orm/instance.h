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
    const List *key;                        /* over several columns: what they said then */
    const Value *none_of;                   /* the key whose row was not among those that were prefetched: there is none, until the key changes */
    Instance **many; size_t count;          /* prefetched */
    struct RelatedCache *next;
} RelatedCache;

/* A column that the database computes at the next save (save_expressions.c). */
typedef struct SavedExpression { const Field *field; Expression *expression; struct SavedExpression *next; } SavedExpression;

typedef struct PendingFile PendingFile;     /* files.c */

typedef struct InstanceState {
    bool saved;
    char *original;                         /* a copy of the struct, or of `values`, as in the database */
    Value *values;                          /* instances of historical models */
    uint64_t *deferred;                     /* bits of fields that were not loaded; NULL: all were */
    RelatedCache *related;
    Map *annotations;
    SavedExpression *expressions;
    PendingFile *files;                     /* to be written before the row */
    struct Peers *peers;                    /* the rows that it came with; NULL: alone, or nobody asks (peers.c) */
    const char *database;                   /* where it came from, once there are several; NULL: none yet, or "default" */
} InstanceState;
typedef struct Peers Peers;

/* insert.c: INSERT into the table of `level`, their model or a parent of it, of instances that all give their key or all leave it to the database;
 * how many rows were written. `on_conflict`: what stands behind the rows, " " for one that begins with the dialect's insert_ignore. */
int64_t capo_insert_rows(Instance *const *instances, size_t count, const Model *level, const char *on_conflict);
/* The field is a key that the database is to make for this row. */
bool capo_makes_key(const Instance *self, const Field *field);
/* What an INSERT or an UPDATE binds for the column (save.c). */
Value capo_column_value(Instance *self, const Field *field);
Value capo_member_value(const char *base, const Field *field);
void capo_member_store(char *base, const Field *field, Value value);
bool capo_field_is_deferred(const Instance *self, const Field *field);
/* Without defaults. */
Instance *capo_instance_blank(Model *model);
/* What the name means on this model, as capo_field() and capo_reverse_field() say. */
void capo_find_name(const Model *model, const char *name, Field **ret_field, Field **ret_reverse);
/* What the struct's member for the object behind a key points to; NULL where there is none. */
Instance *capo_object_member(const Instance *self, const Field *field);
/* Lets key and object of a relation agree. */
void capo_relation_sync(const Instance *self, const Field *field);
/* JSON_NULL in the member of a JSON field: its column gets the document null, and the member is null once it is saved. */
bool capo_is_json_null(const Field *field, Value value);
/* The value of a deferred column, as the database has it. */
void capo_field_load(Instance *self, const Field *field, Value value);

/* SELECT of these columns of the row with this key. */
ResultSet *capo_select_columns(const Model *model, const Field *const *fields, size_t count, Value key);
/* What the database has in this column now is the value. */
void capo_settle_field(Instance *self, const Field *field);

/* --- save_expressions.c --- */

bool capo_has_expression(const Instance *self, const Field *field);
/* Before an INSERT: the expressions' values become the members'. */
void capo_compute_expressions(Instance *self);
/* UPDATE of these fields, those with an expression by it, whose values are read; how many rows there were. */
int64_t capo_update_with_expressions(Instance *self, const Model *level, const Field *const *fields, size_t count);
/* The same for many rows in one statement. */
int64_t capo_update_rows_with_expressions(Instance *const *instances, size_t count, const Model *level, const Field *const *fields, size_t n_fields);

/* --- files.c --- */

/* Writes the files that wait for it, of this field or (NULL) of all, and puts their names into the members. */
void capo_commit_files(Instance *self, const Field *only);
/* The file of a FILE or IMAGE field as templates see it. */
Value capo_field_file(Instance *self, const Field *field);

/* --- peers.c --- */

/* A relation or a deferred column of a row is about to be read from the database. True: it was read for all rows that it came with, and is
 * in its cache. Raises where the query forbids it; warns in development. A NULL file: the template that renders. */
bool peers_read(Instance *self, const char *name, const char *file, int line);
/* The same for a count of related rows, or for some of them, which is only warned about. */
typedef enum LazyKind { LAZY_READ, LAZY_COUNT, LAZY_REFINED } LazyKind;
void peers_refined(Instance *self, const char *name, LazyKind kind, const char *file, int line);
FetchMode peers_mode(const Instance *self);
/* For tests: -1 as in settings, 0, 1; and who gets the warnings instead of the log. */
void capo_peers_watch(int on, void (*report)(const char *message));
void capo_instance_settle(Instance *self);
void capo_instance_forget(Instance *self, const char *accessor);
void capo_instance_forget_all(Instance *self);
/* foreign_object.c: the values that join a row to the other side of a relation, of the row that has the relation or (of_target) of the one that it
 * leads to: its key; of several columns a list, or null where one of them is. */
Value relation_value(const Instance *row, const Field *relation, bool of_target);
/* Of a relation over several columns: that the rows of this side have these values. */
Condition *relation_condition(const Field *relation, bool of_target, Value value);
/* The object on the other side of a relation over several columns; NULL. */
Instance *related_over_columns(Instance *self, const Field *relation, const char *file, int line);
/* generic.c */
const GenericKey *capo_find_generic_key(const Model *model, const char *name);
/* The object of a generic key that is cached with the instance: of the type and key that it has now; false: none is. */
bool capo_generic_cached(const Instance *self, const GenericKey *key, Instance **ret);
void capo_generic_cache(Instance *self, const GenericKey *key, Instance *other);
/* The models of these types, NULL for one that is gone, in one query. */
Model **capo_generic_models(const List *types);
void capo_generic_many(Instance *self, const Field *field, const char *accessor, ManyOperation operation, const List *keys);
/* The row of the base manager where the field is the key; NULL. */
Instance *capo_load_one(Model *model, const Field *by, Value key);
/* SELECT of all columns where the field is the key: of a model without a parent. */
ResultSet *capo_select_where(const Model *model, const Field *by, Value key);
void capo_put_columns(Buffer *sql, const Model *model);

/* --- tables of a model (inheritance.c): a child has a row in each of several, its levels ------------------------------------------ */

/* The level above this one's table; NULL: it is the topmost. */
static inline const Model *capo_parent_level(const Model *level)
{
    return level->inheritance == INHERITS_TABLE ? level->base->concrete : NULL;
}
/* The field whose column it is: itself, or what it stands for. */
const Field *capo_local_field(const Field *field);
/* The model's fields that have their column in the level's table. */
const Field *const *capo_level_fields(const Model *model, const Model *level, size_t *ret_count);
/* The model's field that is the key of the level's table. */
const Field *capo_level_key(const Model *model, const Model *level);
/* What there is of an instance in a model that its own is made from, as one of that. */
Instance *capo_instance_as(Instance *self, const Model *base);
/* The parent's row of a child's instance, as an instance of the parent. */
/* ordered.c: new rows of a model with ORDER_WITH_RESPECT_TO come behind those of their parent. `level` is their model or a parent of it. */
void capo_order_new_rows(Instance *const *instances, size_t count, const Model *level);
Instance *capo_parent_instance(Instance *self);

/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows as text, and back: Django's serializers. A text that one of the two wrote, the other loads.
 *
 *     Buffer out = { 0 };
 *     Serializer *serializer = capo_serializer_open(&(SerializeOptions){ .buffer = &out, .indent = 2 });
 *     capo_serialize(serializer, capo_query(Post, .where = { .published = IS_NULL(false) }));
 *     capo_serializer_close(serializer);
 *
 *     int64_t n = capo_load_text(capo_buffer_text(&out), NULL);           // in a transaction of its own
 *
 * A row is {"model": "blog.post", "pk": 1, "fields": {"title": "Hello", "author": 3, "tags": [1, 2]}}: keys and many-to-many relations
 * (unless they have a join model of their own, whose rows stand for themselves) as primary keys, what JSON has no word for as text. Of a
 * model that was made from another only its own fields: the parent's row is one of its own.
 *
 * Nothing is lost: moments keep their microseconds, where Django's encoder cuts them to milliseconds; a moment of whole milliseconds
 * is text for text Django's. The one exception is Django's too: a JSON field's null and the column's NULL are both null.
 *
 * Natural keys: META(.natural_key = LIST("codename", "content_type")) names the fields that tell a row from all others, wherever it is
 * loaded; a key among them stands for the natural key of what it points to. Such rows may be written as {"author": ["ann"]} instead of
 * {"author": 3}, and are found by them. User, Group, Permission and ContentType have Django's. */
#pragma once
#include <capo/orm.h>

typedef struct SerializeOptions {
    const char *format;                 /* "json" (default); "jsonl": an object a line */
    int indent;                         /* json: spaces a level; 0: each object on one line */
    bool natural_foreign;               /* relations to models with a natural key are written as those */
    bool natural_primary;               /* rows of such models without their primary key: they get one where they are loaded */
    const char *const *fields;          /* only these; NULL: all */
    Buffer *buffer;                     /* where it is written to, … */
    void (*write)(void *self, const char *text, size_t size); void *self;      /* … or who writes it, piece by piece */
} SerializeOptions;
typedef struct Serializer Serializer;
/* Raises ERROR_COMMAND for a format that is none. */
Serializer *capo_serializer_open(const SerializeOptions *options);
/* Appends the rows, by primary key. They are read a thousand at a time, so that a table of any size takes little memory; rows that come
 * and go meanwhile may be in or not. The order of the query counts only for which rows its limit leaves. How many. */
int64_t capo_serialize(Serializer *serializer, Query *rows);
void capo_serializer_close(Serializer *serializer);
/* The rows as values (Django's "python" format): maps of "model", "pk" and "fields", whose values are as fields have them: dates, decimals, UUIDs, bytes. All
 * of them at once, in the memory of the unit. Of the options .natural_…, .fields; NULL: none. */
List *capo_serialize_values(Query *rows, const SerializeOptions *options);
/* All of "json", "jsonl", NULL at the end. */
extern const char *const capo_serializer_formats[];

typedef struct LoadOptions {
    const char *format;                 /* "json" (default), "jsonl" */
    const char *name;                   /* of the file, for messages */
    bool ignore_unknown;                /* leave out models and fields that are not there */
    Model *const *exclude;              /* NULL at the end: rows of these are passed over */
} LoadOptions;
/* A load in parts: many texts, one transaction. Rows are written as they are: no hooks, no auto_now, no validators. A row whose key is there is
 * replaced. What a row points to may come later, in another text too: keys are checked at the end, and a row that points nowhere is
 * named. After an error nothing is loaded.
 *     Loader *loader = capo_loader_open();
 *     capo_load(loader, "[{…}]", size, &(LoadOptions){ .name = "a.json" });  // pieces of any size, the last of a text with size 0
 *     int64_t rows = capo_loader_close(loader);                              // checks, sets the counters of keys, commits */
typedef struct Loader Loader;
Loader *capo_loader_open(void);
/* How many rows there were so far, those that wait for others among them; raises ERROR_COMMAND with the row and the reason. */
int64_t capo_load(Loader *loader, const char *text, size_t size, const LoadOptions *options);
int64_t capo_loader_close(Loader *loader);
/* All of it at once. */
int64_t capo_load_text(const char *text, const LoadOptions *options);
/* The same of rows as capo_serialize_values() gives them; a value may also be as text has it. */
int64_t capo_load_values(const List *rows, const LoadOptions *options);

/* The paths of a model's natural key, keys among them followed to plain fields; NULL: it has none. */
const char *const *capo_natural_key(const Model *model);
/* The models in an order in which what natural keys refer to comes first, where that is possible. Ends with NULL. */
Model **capo_models_by_dependency(Model *const *models, size_t count);
/* "shelf.item" of something else says what it is not: for commands. Raises ERROR_COMMAND. An app's name gives all of its models, a model's
 * label one; NULL at the end. Without proxies, swapped ones and join models that were made. */
Model **capo_models_named(const char *const *labels);

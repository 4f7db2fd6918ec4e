/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the file that CAPO_MODELS names and declares, for each MODEL(Post):
 *     Post            the struct of a row: capo (Instance), id, a member a field; author_id and author for a key
 *     Post_model      its Model
 *     Post_lookups    for .where and .exclude        Post_changes    for .set        Post_query    the options of capo_query
 * and undefines CAPO_MODELS. A model made from another (EXTENDED_MODEL, CHILD_MODEL, PROXY_MODEL: model_words.h) stands behind it,
 * in the same file or in one that was read before. In an app's header:
 *     #define CAPO_MODELS "blog/models.def"
 *     #include <capo/declare_models.h> */
#ifndef CAPO_MODELS
#error "define CAPO_MODELS as the path of a models.def before including declare_models.h"
#endif
#include "orm.h"
#include "model_words.h"

/* 1: the names, so that models may refer to each other in any order */
#undef TEXT_CHOICES
#undef INTEGER_CHOICES
#define TEXT_CHOICES(Name, ...) CAPO_TEXT_CHOICES(Name, __VA_ARGS__)
#define INTEGER_CHOICES(Name, ...) CAPO_INTEGER_CHOICES(Name, __VA_ARGS__)
#define CAPO_NAMES(name) typedef struct name name; typedef struct name##_lookups name##_lookups;                                \
    typedef struct name##_changes name##_changes; typedef struct name##_query name##_query; extern Model name##_model; struct name##_is_open {
#define MODEL(name) typedef int64_t name##_key; CAPO_NAMES(name)
#define MODEL_KEY(name, KIND, key, ...) typedef CAPO_C_##KIND name##_key; CAPO_NAMES(name)
#define MODEL_KEYS(name, ...) typedef struct a_model_with_MODEL_KEYS_is_no_target_of_keys name##_key; CAPO_NAMES(name)
#define ABSTRACT_MODEL(name) MODEL(name)
#define EXTENDED_MODEL(name, Base, base) typedef Base##_key name##_key; CAPO_NAMES(name)
#define CHILD_MODEL(name, Parent, parent) typedef Parent##_key name##_key; CAPO_NAMES(name)
#define PROXY_MODEL(name, Base) typedef Base name; typedef Base##_key name##_key; typedef Base##_lookups name##_lookups;       \
    typedef Base##_changes name##_changes; typedef Base##_query name##_query; extern Model name##_model; struct name##_is_open {
#define END_MODEL char capo_end; };
#define META(...)
#define CAPO_PLAIN(KIND, field, ...)
#define CAPO_NULLABLE(KIND, field, ...)
#define CAPO_RELATION(KIND, field, Target, ...)
#define CAPO_NULLABLE_RELATION(KIND, field, Target, ...)
#define CAPO_MANY(field, Target, ...)
#define CAPO_GENERATED(KIND, field, expression, ...)
#include CAPO_MODELS
/* Inside a struct that was left open this is the first error: */
extern int the_last_model_of_models_def_lacks_its_END_MODEL;
#undef CAPO_NAMES
#include "model_reading_end.h"
#undef TEXT_CHOICES
#undef INTEGER_CHOICES
#define TEXT_CHOICES(Name, ...)
#define INTEGER_CHOICES(Name, ...)

/* 2: the structs. That of a base comes first in that of a model made from it, so that a pointer to it is one to the base too. */
#define MODEL(name) struct name { Instance capo; int64_t id;
#define MODEL_KEY(name, KIND, key, ...) struct name { Instance capo; CAPO_C_##KIND key;
#define MODEL_KEYS(name, ...) struct name { Instance capo;
#define ABSTRACT_MODEL(name) MODEL(name)
#define EXTENDED_MODEL(name, Base, base) struct name { union { Instance capo; Base base; };
#define CHILD_MODEL(name, Parent, parent) struct name { union { Instance capo; Parent parent; };
#define PROXY_MODEL(name, Base) struct name##_is_a_proxy {
#define END_MODEL };
#define META(...)
#define CAPO_PLAIN(KIND, field, ...) CAPO_C_##KIND field;
#define CAPO_NULLABLE(KIND, field, ...) CAPO_NC_##KIND field;
#define CAPO_RELATION(KIND, field, Target, ...) Target##_key field##_id; Target *field;
#define CAPO_NULLABLE_RELATION(KIND, field, Target, ...) CAPO_NULL_C(Target##_key) field##_id; Target *field;
#define CAPO_MANY(field, Target, ...) Target *const *field;
#define CAPO_GENERATED(KIND, field, expression, ...) CAPO_NC_##KIND field;
#include CAPO_MODELS
#include "model_reading_end.h"

/* 3: the look-ups */
#define MODEL(name) struct name##_lookups { Lookup id;
#define MODEL_KEY(name, KIND, key, ...) struct name##_lookups { Lookup key;
#define MODEL_KEYS(name, ...) struct name##_lookups {
#define ABSTRACT_MODEL(name) MODEL(name)
#define EXTENDED_MODEL(name, Base, base) struct name##_lookups { Base##_lookups base;
#define CHILD_MODEL(name, Parent, parent) struct name##_lookups { Parent##_lookups parent;
#define PROXY_MODEL(name, Base) struct name##_proxy_lookups {
#define END_MODEL };
#define META(...)
#define CAPO_PLAIN(KIND, field, ...) Lookup field;
#define CAPO_NULLABLE(KIND, field, ...) Lookup field;
#define CAPO_RELATION(KIND, field, Target, ...) Lookup field##_id; const Target##_lookups *field;
#define CAPO_NULLABLE_RELATION(KIND, field, Target, ...) Lookup field##_id; const Target##_lookups *field;
#define CAPO_MANY(field, Target, ...) const Target##_lookups *field;
#define CAPO_GENERATED(KIND, field, expression, ...) Lookup field;
#include CAPO_MODELS
#include "model_reading_end.h"

/* 4: the changes */
#define MODEL(name) struct name##_changes { FieldChange id;
#define MODEL_KEY(name, KIND, key, ...) struct name##_changes { FieldChange key;
#define MODEL_KEYS(name, ...) struct name##_changes {
#define ABSTRACT_MODEL(name) MODEL(name)
#define EXTENDED_MODEL(name, Base, base) struct name##_changes { Base##_changes base;
#define CHILD_MODEL(name, Parent, parent) struct name##_changes { Parent##_changes parent;
#define PROXY_MODEL(name, Base) struct name##_proxy_changes {
#define END_MODEL };
#define META(...)
#define CAPO_PLAIN(KIND, field, ...) FieldChange field;
#define CAPO_NULLABLE(KIND, field, ...) FieldChange field;
#define CAPO_RELATION(KIND, field, Target, ...) FieldChange field##_id;
#define CAPO_NULLABLE_RELATION(KIND, field, Target, ...) FieldChange field##_id;
#define CAPO_MANY(field, Target, ...)
#define CAPO_GENERATED(KIND, field, expression, ...)
#include CAPO_MODELS
#include "model_reading_end.h"

/* 5: the options of a query */
#define MODEL(name) struct name##_query { CAPO_QUERY_OPTIONS; name##_lookups where, exclude; name##_changes set, create_set; };
#define MODEL_KEY(name, KIND, key, ...) MODEL(name)
#define MODEL_KEYS(name, ...) MODEL(name)
#define ABSTRACT_MODEL(name) MODEL(name)
#define EXTENDED_MODEL(name, Base, base) MODEL(name)
#define CHILD_MODEL(name, Parent, parent) MODEL(name)
#define PROXY_MODEL(name, Base)
#define END_MODEL
#define META(...)
#define CAPO_PLAIN(KIND, field, ...)
#define CAPO_NULLABLE(KIND, field, ...)
#define CAPO_RELATION(KIND, field, Target, ...)
#define CAPO_NULLABLE_RELATION(KIND, field, Target, ...)
#define CAPO_MANY(field, Target, ...)
#define CAPO_GENERATED(KIND, field, expression, ...)
#include CAPO_MODELS
#include "model_reading_end.h"

#include "model_words_end.h"
#undef CAPO_MODELS

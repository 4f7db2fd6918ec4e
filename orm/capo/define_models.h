/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the file that CAPO_MODELS names and defines each Post_model, and the list `models` for the App row. In one .c file of an
 * app, behind its header:
 *     #define CAPO_MODELS "blog/models.def"
 *     #include <capo/define_models.h> */
#ifndef CAPO_MODELS
#error "define CAPO_MODELS as the path of a models.def before including define_models.h"
#endif
#include "orm.h"
#include "model_words.h"

/* 6: where each field is in the structs; in a function, where a typedef can say which model this is */
#define MODEL(name) static const FieldLayout *name##_layout(void) {                                                           \
    typedef struct name Self; typedef struct name##_lookups Lookups; typedef struct name##_changes Changes;                   \
    static const FieldLayout layout[] = { CAPO_PLAIN(BIG_AUTO, id)
#define MODEL_KEY(name, KIND, key, ...) static const FieldLayout *name##_layout(void) {                                       \
    typedef struct name Self; typedef struct name##_lookups Lookups; typedef struct name##_changes Changes;                   \
    static const FieldLayout layout[] = { CAPO_PLAIN(KIND, key)
#define END_MODEL { -1, -1, -1, -1, -1, -1 } }; return layout; }
#define META(...) { -1, -1, -1, -1, -1, -1 },
#define CAPO_PLAIN(KIND, field, ...) { (int)offsetof(Self, field), -1, -1, (int)offsetof(Lookups, field), -1, (int)offsetof(Changes, field) },
#define CAPO_NULLABLE(KIND, field, ...) { (int)offsetof(Self, field), CAPO_NP_##KIND(Self, field), -1,                        \
    (int)offsetof(Lookups, field), -1, (int)offsetof(Changes, field) },
#define CAPO_RELATION(KIND, field, Target, ...) { (int)offsetof(Self, field##_id), -1, (int)offsetof(Self, field),            \
    (int)offsetof(Lookups, field##_id), (int)offsetof(Lookups, field), (int)offsetof(Changes, field##_id) },
#define CAPO_NULLABLE_RELATION(KIND, field, Target, ...) { (int)offsetof(Self, field##_id.value), (int)offsetof(Self, field##_id.present), \
    (int)offsetof(Self, field), (int)offsetof(Lookups, field##_id), (int)offsetof(Lookups, field), (int)offsetof(Changes, field##_id) },
#define CAPO_MANY(field, Target, ...) { -1, -1, (int)offsetof(Self, field), -1, (int)offsetof(Lookups, field), -1 },
#include CAPO_MODELS
#include "model_reading_end.h"

/* 7: the rows */
#define MODEL(M) static const FieldRow M##_rows[] = { { .name = "id", .kind = FIELD_BIG_AUTO, .default_key = true },
#define MODEL_KEY(M, KIND, key, ...) static const FieldRow M##_rows[] = { CAPO_PLAIN(KIND, key, __VA_ARGS__)
#define END_MODEL { 0 } };
#define META(...) { .name = "Meta", .kind = FIELD_META, .options.meta = { __VA_ARGS__ } },
#define CAPO_PLAIN(KIND, field, ...) { .name = #field, .kind = FIELD_##KIND, .options.CAPO_O_##KIND = { __VA_ARGS__ } },
#define CAPO_NULLABLE(KIND, field, ...) { .name = #field, .kind = FIELD_##KIND, .null = true, .options.CAPO_O_##KIND = { __VA_ARGS__ } },
#define CAPO_RELATION(KIND, field, Target, ...) { .name = #field, .kind = FIELD_##KIND, .target = &Target##_model, .options.relation = { __VA_ARGS__ } },
#define CAPO_NULLABLE_RELATION(KIND, field, Target, ...) { .name = #field, .kind = FIELD_##KIND, .null = true, .target = &Target##_model, .options.relation = { __VA_ARGS__ } },
#define CAPO_MANY(field, Target, ...) { .name = #field, .kind = FIELD_MANY_TO_MANY, .target = &Target##_model, .options.many = { __VA_ARGS__ } },
#include CAPO_MODELS
#include "model_reading_end.h"

/* 8: the models */
#define MODEL(name_) Model name_##_model = { .name = #name_, .rows = name_##_rows, .layout = name_##_layout, .size = sizeof(struct name_), \
    .where_offset = (int)offsetof(struct name_##_query, where), .exclude_offset = (int)offsetof(struct name_##_query, exclude), \
    .set_offset = (int)offsetof(struct name_##_query, set) };
#define MODEL_KEY(name, KIND, key, ...) MODEL(name)
#define END_MODEL
#define META(...)
#define CAPO_PLAIN(KIND, field, ...)
#define CAPO_NULLABLE(KIND, field, ...)
#define CAPO_RELATION(KIND, field, Target, ...)
#define CAPO_NULLABLE_RELATION(KIND, field, Target, ...)
#define CAPO_MANY(field, Target, ...)
#include CAPO_MODELS
#undef MODEL
#undef MODEL_KEY
/* 9: their list */
#define MODEL(name) &name##_model,
#define MODEL_KEY(name, KIND, key, ...) &name##_model,
static Model *const models[] = {
#include CAPO_MODELS
    NULL
};
#include "model_reading_end.h"

#include "model_words_end.h"
#undef CAPO_MODELS

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
#define CAPO_LAYOUT(name) static const FieldLayout *name##_layout(void) {                                                     \
    typedef name Self __attribute__((unused));                                                                                \
    typedef name##_lookups Lookups __attribute__((unused)); typedef name##_changes Changes __attribute__((unused));           \
    static const FieldLayout layout[] = {
#define MODEL(name) CAPO_LAYOUT(name) CAPO_PLAIN(BIG_AUTO, id)
#define MODEL_KEY(name, KIND, key, ...) CAPO_LAYOUT(name) CAPO_PLAIN(KIND, key)
#define MODEL_KEYS(name, ...) CAPO_LAYOUT(name) { -1, -1, -1, -1, -1, -1 },
#define ABSTRACT_MODEL(name) MODEL(name)
#define EXTENDED_MODEL(name, Base, base) CAPO_LAYOUT(name)
#define CHILD_MODEL(name, Parent, parent) CAPO_LAYOUT(name)
#define PROXY_MODEL(name, Base) CAPO_LAYOUT(name)
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
#define CAPO_GENERATED(KIND, field, expression, ...) { (int)offsetof(Self, field), CAPO_NP_##KIND(Self, field), -1, (int)offsetof(Lookups, field), -1, -1 },
#include CAPO_MODELS
#undef CAPO_LAYOUT
#include "model_reading_end.h"

/* 7: the rows */
#define MODEL(M) static const FieldRow M##_rows[] = { { .name = "id", .kind = FIELD_BIG_AUTO, .default_key = true },
#define MODEL_KEY(M, KIND, key, ...) static const FieldRow M##_rows[] = { CAPO_PLAIN(KIND, key, __VA_ARGS__)
#define MODEL_KEYS(M, ...) static const FieldRow M##_rows[] = { { .name = "pk", .kind = FIELD_COMPOSITE_KEY, .primary_key = true, .key_names = #__VA_ARGS__ },
#define ABSTRACT_MODEL(M) MODEL(M)
#define EXTENDED_MODEL(M, Base, base) static const FieldRow M##_rows[] = {
#define CHILD_MODEL(M, Parent, parent) static const FieldRow M##_rows[] = {
#define PROXY_MODEL(M, Base) static const FieldRow M##_rows[] = {
#define END_MODEL { 0 } };
#define META(...) { .name = "Meta", .kind = FIELD_META },
#define EXPRESSION(x) { .kind = DEFAULT_EXPRESSION }
#define CAPO_PLAIN(KIND, field, ...) { .name = #field, .kind = FIELD_##KIND, .options.CAPO_O_##KIND = { __VA_ARGS__ } },
#define CAPO_NULLABLE(KIND, field, ...) { .name = #field, .kind = FIELD_##KIND, .null = true, .options.CAPO_O_##KIND = { __VA_ARGS__ } },
#define CAPO_RELATION(KIND, field, Target, ...) { .name = #field, .kind = FIELD_##KIND, .target = &Target##_model, .options.relation = { __VA_ARGS__ } },
#define CAPO_NULLABLE_RELATION(KIND, field, Target, ...) { .name = #field, .kind = FIELD_##KIND, .null = true, .target = &Target##_model, .options.relation = { __VA_ARGS__ } },
#define CAPO_MANY(field, Target, ...) { .name = #field, .kind = FIELD_MANY_TO_MANY, .target = &Target##_model, .options.many = { __VA_ARGS__ } },
#define CAPO_GENERATED(KIND, field, expression, ...) { .name = #field, .kind = FIELD_##KIND, .null = true, .generated = true, .options.CAPO_O_##KIND = { __VA_ARGS__ } },
#include CAPO_MODELS
#include "model_reading_end.h"

/* 8: what is no constant: conditions and expressions are made anew in the unit that asks. Options of fields are read a second time for the
 * sake of .db_default = EXPRESSION(…). */
#define CAPO_DB_DEFAULT(KIND, field, ...) capo_read_default(capo_reader, #field, ((const FieldRow){ .options.CAPO_O_##KIND = { __VA_ARGS__ } }).options.common.db_default);
#define MODEL(M) static void M##_declare(ModelReader *capo_reader) { (void)capo_reader;
#define MODEL_KEY(M, KIND, key, ...) MODEL(M) CAPO_DB_DEFAULT(KIND, key, __VA_ARGS__)
#define MODEL_KEYS(M, ...) MODEL(M)
#define ABSTRACT_MODEL(M) MODEL(M)
#define EXTENDED_MODEL(M, Base, base) MODEL(M)
#define CHILD_MODEL(M, Parent, parent) MODEL(M)
#define PROXY_MODEL(M, Base) MODEL(M)
#define END_MODEL }
#define META(...) capo_read_meta(capo_reader, &(const MetaOptions){ __VA_ARGS__ });
#define EXPRESSION(x) { .kind = DEFAULT_EXPRESSION, .expression = capo_expression_of(VALUE(x)) }
#define CAPO_PLAIN(KIND, field, ...) CAPO_DB_DEFAULT(KIND, field, __VA_ARGS__)
#define CAPO_NULLABLE(KIND, field, ...) CAPO_DB_DEFAULT(KIND, field, __VA_ARGS__)
#define CAPO_RELATION(KIND, field, Target, ...) CAPO_DB_DEFAULT(KIND, field, __VA_ARGS__)
#define CAPO_NULLABLE_RELATION(KIND, field, Target, ...) CAPO_DB_DEFAULT(KIND, field, __VA_ARGS__)
#define CAPO_MANY(field, Target, ...)
#define CAPO_GENERATED(KIND, field, of, ...) capo_read_expression(capo_reader, #field, capo_expression_of(VALUE(of)));
#include CAPO_MODELS
#include "model_reading_end.h"
#undef CAPO_DB_DEFAULT

/* 9: the models */
#define CAPO_MODEL(name_, ...) Model name_##_model = { .name = #name_, .rows = name_##_rows, .layout = name_##_layout, .declare = name_##_declare, .size = sizeof(name_), \
    .where_offset = (int)offsetof(name_##_query, where), .exclude_offset = (int)offsetof(name_##_query, exclude), \
    .set_offset = (int)offsetof(name_##_query, set), .create_set_offset = (int)offsetof(name_##_query, create_set) __VA_OPT__(,) __VA_ARGS__ };
#define MODEL(name_) CAPO_MODEL(name_)
#define MODEL_KEY(name, KIND, key, ...) MODEL(name)
#define MODEL_KEYS(name, ...) MODEL(name)
#define ABSTRACT_MODEL(name_) CAPO_MODEL(name_, .abstract = true)
#define EXTENDED_MODEL(name_, Base, member) CAPO_MODEL(name_, .base = &Base##_model, .inheritance = INHERITS_COLUMNS)
#define CHILD_MODEL(name_, Parent, member) CAPO_MODEL(name_, .base = &Parent##_model, .inheritance = INHERITS_TABLE)
#define PROXY_MODEL(name_, Base) CAPO_MODEL(name_, .base = &Base##_model, .inheritance = INHERITS_ALL)
#define END_MODEL
#define META(...)
#define CAPO_PLAIN(KIND, field, ...)
#define CAPO_NULLABLE(KIND, field, ...)
#define CAPO_RELATION(KIND, field, Target, ...)
#define CAPO_NULLABLE_RELATION(KIND, field, Target, ...)
#define CAPO_MANY(field, Target, ...)
#define CAPO_GENERATED(KIND, field, expression, ...)
#include CAPO_MODELS
#undef MODEL
#undef MODEL_KEY
#undef MODEL_KEYS
#undef ABSTRACT_MODEL
#undef EXTENDED_MODEL
#undef CHILD_MODEL
#undef PROXY_MODEL
#undef CAPO_MODEL
/* 10: their list */
#define MODEL(name) &name##_model,
#define MODEL_KEY(name, KIND, key, ...) &name##_model,
#define MODEL_KEYS(name, ...) &name##_model,
#define ABSTRACT_MODEL(name)
#define EXTENDED_MODEL(name, Base, base) &name##_model,
#define CHILD_MODEL(name, Parent, parent) &name##_model,
#define PROXY_MODEL(name, Base) &name##_model,
static Model *const models[] = {
#include CAPO_MODELS
    NULL
};
#include "model_reading_end.h"

#include "model_words_end.h"
#undef CAPO_MODELS

/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the file that CAPO_FORMS names and defines each ContactForm_form. In one .c file of an app, behind its header. */
#ifndef CAPO_FORMS
#error "define CAPO_FORMS as the path of a forms.def before including define_forms.h"
#endif
#include "forms.h"
#include <capo/model_words.h>

/* 3: where each field is in the struct */
#define MODEL_FORM(name, Model_, ...)
#define FORM(name, ...) static const FieldLayout *name##_layout(void) { typedef struct name Self; static const FieldLayout layout[] = {
#define END_FORM { -1, -1, -1, -1, -1, -1 } }; return layout; }
#define META(...) { -1, -1, -1, -1, -1, -1 },
#define CAPO_PLAIN(KIND, field, ...) { (int)offsetof(Self, field), -1, -1, -1, -1, -1 },
#define CAPO_NULLABLE(KIND, field, ...) { (int)offsetof(Self, field), CAPO_NP_##KIND(Self, field), -1, -1, -1, -1 },
#define CAPO_RELATION(KIND, field, Target, ...) { -1, -1, (int)offsetof(Self, field), -1, -1, -1 },
#define CAPO_NULLABLE_RELATION(KIND, field, Target, ...) { -1, -1, (int)offsetof(Self, field), -1, -1, -1 },
#define CAPO_MANY(field, Target, ...) { -1, -1, (int)offsetof(Self, field), -1, -1, -1 },
#include CAPO_FORMS
#include "form_reading_end.h"

/* 4: the rows */
#define MODEL_FORM(name, Model_, ...)
#define FORM(name, ...) static const FieldRow name##_rows[] = {
#define END_FORM { 0 } };
#define META(...)
#define CAPO_PLAIN(KIND, field, ...) { .name = #field, .kind = FIELD_##KIND, .options.CAPO_O_##KIND = { __VA_ARGS__ } },
#define CAPO_NULLABLE(KIND, field, ...) { .name = #field, .kind = FIELD_##KIND, .null = true, .options.CAPO_O_##KIND = { __VA_ARGS__ } },
#define CAPO_RELATION(KIND, field, Target, ...) { .name = #field, .kind = FIELD_##KIND, .target = &Target##_model, .options.relation = { __VA_ARGS__ } },
#define CAPO_NULLABLE_RELATION(KIND, field, Target, ...) { .name = #field, .kind = FIELD_##KIND, .null = true, .target = &Target##_model, .options.relation = { __VA_ARGS__ } },
#define CAPO_MANY(field, Target, ...) { .name = #field, .kind = FIELD_MANY_TO_MANY, .target = &Target##_model, .options.many = { __VA_ARGS__ } },
#include CAPO_FORMS
#include "form_reading_end.h"

/* 5: the types */
#define MODEL_FORM(name_, Model_, ...) const FormType name_##_form = { .name = #name_, .size = sizeof(struct name_), .model = &Model_##_model, .meta = { __VA_ARGS__ } };
#define FORM(name_, ...) const FormType name_##_form = { .name = #name_, .rows = name_##_rows, .layout = name_##_layout, .size = sizeof(struct name_), .meta = { __VA_ARGS__ } };
#define END_FORM
#define META(...)
#define CAPO_PLAIN(KIND, field, ...)
#define CAPO_NULLABLE(KIND, field, ...)
#define CAPO_RELATION(KIND, field, Target, ...)
#define CAPO_NULLABLE_RELATION(KIND, field, Target, ...)
#define CAPO_MANY(field, Target, ...)
#include CAPO_FORMS
#include "form_reading_end.h"

#include <capo/model_words_end.h>
#undef CAPO_FORMS

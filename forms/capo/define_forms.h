/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the file that CAPO_FORMS names and defines each ContactForm_form. In one .c file of an app, behind its header:
 *     #define CAPO_FORMS "blog/forms.def"
 *     #include <capo/define_forms.h> */
#ifndef CAPO_FORMS
#error "define CAPO_FORMS as the path of a forms.def before including define_forms.h"
#endif
#include "forms.h"
#include "form_words.h"

/* 3: where each field is in the struct */
#define MODEL_FORM(name, Model_, ...)
#define FORM(name, ...) static const FieldLayout *name##_layout(void) { typedef struct name Self; static const FieldLayout layout[] = {
#define END_FORM { -1, -1, -1, -1, -1, -1 } }; return layout; }
#define CAPO_PLAIN(KIND, field, ...) { (int)offsetof(Self, field), -1, -1, -1, -1, -1 },
#define CAPO_NULLABLE(KIND, field, ...) { (int)offsetof(Self, field), CAPO_FP_##KIND(Self, field), -1, -1, -1, -1 },
#define CAPO_MODEL_CHOICE(KIND, field, Target, ...) { (int)offsetof(Self, field), -1, -1, -1, -1, -1 },
#include CAPO_FORMS
#include "form_reading_end.h"

/* 4: the rows */
#define MODEL_FORM(name, Model_, ...)
#define FORM(name_, ...) static const FormRow name_##_rows[] = {
#define END_FORM { 0 } };
#define CAPO_PLAIN(KIND, field, ...) { .name = #field, CAPO_FK_##KIND, .options.CAPO_FO_##KIND = { __VA_ARGS__ } },
#define CAPO_NULLABLE(KIND, field, ...) { .name = #field, CAPO_FK_##KIND, .null = true, .options.CAPO_FO_##KIND = { __VA_ARGS__ } },
#define CAPO_MODEL_CHOICE(KIND, field, Target, ...) { .name = #field, CAPO_FK_##KIND, .target = &Target##_model, .options.model = { __VA_ARGS__ } },
#include CAPO_FORMS
#include "form_reading_end.h"

/* 5: the types */
#define MODEL_FORM(name_, Model_, ...) const FormType name_##_form = { .name = #name_, .size = sizeof(struct name_), .model = &Model_##_model, .meta = { __VA_ARGS__ } };
#define FORM(name_, ...) const FormType name_##_form = { .name = #name_, .rows = name_##_rows, .layout = name_##_layout, .size = sizeof(struct name_), .meta = { __VA_ARGS__ } };
#define END_FORM
#define CAPO_PLAIN(KIND, field, ...)
#define CAPO_NULLABLE(KIND, field, ...)
#define CAPO_MODEL_CHOICE(KIND, field, Target, ...)
#include CAPO_FORMS
#include "form_reading_end.h"

#include "form_words_end.h"
#undef CAPO_FORMS

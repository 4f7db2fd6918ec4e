/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the file that CAPO_FORMS names and declares, for each FORM(ContactForm) and MODEL_FORM(CommentForm, Comment, …), the struct
 * (capo, and a member a field: the cleaned value) and its FormType ContactForm_form. */
#ifndef CAPO_FORMS
#error "define CAPO_FORMS as the path of a forms.def before including declare_forms.h"
#endif
#include "forms.h"
#include <capo/model_words.h>

/* 1: the names */
#define MODEL_FORM(name, Model_, ...) typedef struct name name; extern const FormType name##_form;
#define FORM(name, ...) typedef struct name name; extern const FormType name##_form; struct name##_is_open {
#define END_FORM char capo_end; };
#define META(...)
#define CAPO_PLAIN(KIND, field, ...)
#define CAPO_NULLABLE(KIND, field, ...)
#define CAPO_RELATION(KIND, field, Target, ...)
#define CAPO_NULLABLE_RELATION(KIND, field, Target, ...)
#define CAPO_MANY(field, Target, ...)
#include CAPO_FORMS
#include "form_reading_end.h"

/* 2: the structs */
#define MODEL_FORM(name, Model_, ...) struct name { struct Form *capo; };
#define FORM(name, ...) struct name { struct Form *capo;
#define END_FORM };
#define META(...)
#define CAPO_PLAIN(KIND, field, ...) CAPO_C_##KIND field;
#define CAPO_NULLABLE(KIND, field, ...) CAPO_NC_##KIND field;
#define CAPO_RELATION(KIND, field, Target, ...) Target *field;
#define CAPO_NULLABLE_RELATION(KIND, field, Target, ...) Target *field;
#define CAPO_MANY(field, Target, ...) Target *const *field;
#include CAPO_FORMS
#include "form_reading_end.h"

#include <capo/model_words_end.h>
#undef CAPO_FORMS

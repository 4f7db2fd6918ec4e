/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the file that CAPO_FORMS names and declares, for each FORM(ContactForm) and MODEL_FORM(CommentForm, Comment, …), the struct
 * (capo, and a member a field: the cleaned value) and its FormType ContactForm_form. In an app's header:
 *     #define CAPO_FORMS "blog/forms.def"
 *     #include <capo/declare_forms.h> */
#ifndef CAPO_FORMS
#error "define CAPO_FORMS as the path of a forms.def before including declare_forms.h"
#endif
#include "forms.h"
#include "form_words.h"

/* 1: the names */
#define MODEL_FORM(name, Model_, ...) typedef struct name name; extern const FormType name##_form;
#define FORM(name, ...) typedef struct name name; extern const FormType name##_form; struct name##_is_open {
#define END_FORM char capo_end; };
#define CAPO_PLAIN(KIND, field, ...)
#define CAPO_NULLABLE(KIND, field, ...)
#define CAPO_MODEL_CHOICE(KIND, field, Target, ...)
#include CAPO_FORMS
#include "form_reading_end.h"

/* 2: the structs */
#define MODEL_FORM(name, Model_, ...) struct name { struct Form *capo; };
#define FORM(name, ...) struct name { struct Form *capo;
#define END_FORM };
#define CAPO_PLAIN(KIND, field, ...) CAPO_FC_##KIND field;
#define CAPO_NULLABLE(KIND, field, ...) CAPO_FN_##KIND field;
#define CAPO_MODEL_CHOICE(KIND, field, Target, ...) CAPO_FC_##KIND(Target) field;
#include CAPO_FORMS
#include "form_reading_end.h"

#include "form_words_end.h"
#undef CAPO_FORMS

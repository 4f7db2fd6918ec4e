/* SPDX-License-Identifier: BSD-3-Clause */
/* The words of forms.def. Each reading (declare_forms.h, define_forms.h) defines the primitives
 *     FORM(name, meta…)  END_FORM  MODEL_FORM(name, Model, meta…)
 *     CAPO_PLAIN(KIND, field, options…)   CAPO_NULLABLE(KIND, field, options…)   CAPO_MODEL_CHOICE(KIND, field, Target, options…)
 * and includes the file again. To add a word: here, an #undef in form_words_end.h, and its five facts below. No include guard. */
#define CHAR(field, ...) CAPO_PLAIN(CHAR, field, __VA_ARGS__)
#define TEXT(field, ...) CAPO_PLAIN(TEXT, field, __VA_ARGS__)
#define SLUG(field, ...) CAPO_PLAIN(SLUG, field, __VA_ARGS__)
#define EMAIL(field, ...) CAPO_PLAIN(EMAIL, field, __VA_ARGS__)
#define URL(field, ...) CAPO_PLAIN(URL, field, __VA_ARGS__)
#define IP_ADDRESS(field, ...) CAPO_PLAIN(IP_ADDRESS, field, __VA_ARGS__)
#define INTEGER(field, ...) CAPO_PLAIN(INTEGER, field, __VA_ARGS__)
#define FLOAT(field, ...) CAPO_PLAIN(FLOAT, field, __VA_ARGS__)
#define DECIMAL(field, ...) CAPO_PLAIN(DECIMAL, field, __VA_ARGS__)
#define BOOLEAN(field, ...) CAPO_PLAIN(BOOLEAN, field, __VA_ARGS__)
#define DATE(field, ...) CAPO_PLAIN(DATE, field, __VA_ARGS__)
#define TIME(field, ...) CAPO_PLAIN(TIME, field, __VA_ARGS__)
#define DATETIME(field, ...) CAPO_PLAIN(DATETIME, field, __VA_ARGS__)
#define SPLIT_DATETIME(field, ...) CAPO_PLAIN(SPLIT_DATETIME, field, __VA_ARGS__)
#define DURATION(field, ...) CAPO_PLAIN(DURATION, field, __VA_ARGS__)
#define UUID(field, ...) CAPO_PLAIN(UUID, field, __VA_ARGS__)
#define JSON(field, ...) CAPO_PLAIN(JSON, field, __VA_ARGS__)
#define CHOICE(field, ...) CAPO_PLAIN(CHOICE, field, __VA_ARGS__)
#define INTEGER_CHOICE(field, ...) CAPO_PLAIN(INTEGER_CHOICE, field, __VA_ARGS__)
#define MULTIPLE_CHOICE(field, ...) CAPO_PLAIN(MULTIPLE_CHOICE, field, __VA_ARGS__)
#define FILE(field, ...) CAPO_PLAIN(FILE, field, __VA_ARGS__)
#define IMAGE(field, ...) CAPO_PLAIN(IMAGE, field, __VA_ARGS__)
#define MODEL_CHOICE(field, Target, ...) CAPO_MODEL_CHOICE(MODEL_CHOICE, field, Target, __VA_ARGS__)
#define MODEL_MULTIPLE_CHOICE(field, Target, ...) CAPO_MODEL_CHOICE(MODEL_MULTIPLE_CHOICE, field, Target, __VA_ARGS__)
/* A BOOLEAN is a check box: not ticked is false, unless it says .required = true.
 * Not required, and null where it is empty: OPTIONAL(INTEGER, age) gives form->age.present and form->age.value. A check box in
 * OPTIONAL is a choice of yes, no and unknown. */
#define OPTIONAL(KIND, field, ...) CAPO_NULLABLE(KIND, field, __VA_ARGS__)

#ifndef CAPO_FORM_TYPES
#define CAPO_FORM_TYPES
/* The C type of the cleaned value, */
#define CAPO_FC_CHAR const char *
#define CAPO_FC_TEXT const char *
#define CAPO_FC_SLUG const char *
#define CAPO_FC_EMAIL const char *
#define CAPO_FC_URL const char *
#define CAPO_FC_IP_ADDRESS const char *
#define CAPO_FC_INTEGER int64_t
#define CAPO_FC_FLOAT double
#define CAPO_FC_DECIMAL Decimal
#define CAPO_FC_BOOLEAN bool
#define CAPO_FC_DATE Date
#define CAPO_FC_TIME Time
#define CAPO_FC_DATETIME DateTime
#define CAPO_FC_SPLIT_DATETIME DateTime
#define CAPO_FC_DURATION Duration
#define CAPO_FC_UUID Uuid
#define CAPO_FC_JSON Value
#define CAPO_FC_CHOICE const char *
#define CAPO_FC_INTEGER_CHOICE int64_t
#define CAPO_FC_MULTIPLE_CHOICE const char *const *
#define CAPO_FC_FILE const UploadedFile *
#define CAPO_FC_IMAGE const UploadedFile *
#define CAPO_FC_MODEL_CHOICE(Target) Target *
#define CAPO_FC_MODEL_MULTIPLE_CHOICE(Target) Target *const *
/* and in OPTIONAL: pointers are NULL, others say so. */
#define CAPO_FORM_NULL(type) struct { type value; bool present; }
#define CAPO_FN_CHAR const char *
#define CAPO_FN_TEXT const char *
#define CAPO_FN_SLUG const char *
#define CAPO_FN_EMAIL const char *
#define CAPO_FN_URL const char *
#define CAPO_FN_IP_ADDRESS const char *
#define CAPO_FN_INTEGER CAPO_FORM_NULL(int64_t)
#define CAPO_FN_FLOAT CAPO_FORM_NULL(double)
#define CAPO_FN_DECIMAL CAPO_FORM_NULL(Decimal)
#define CAPO_FN_BOOLEAN CAPO_FORM_NULL(bool)
#define CAPO_FN_DATE CAPO_FORM_NULL(Date)
#define CAPO_FN_TIME CAPO_FORM_NULL(Time)
#define CAPO_FN_DATETIME CAPO_FORM_NULL(DateTime)
#define CAPO_FN_SPLIT_DATETIME CAPO_FORM_NULL(DateTime)
#define CAPO_FN_DURATION CAPO_FORM_NULL(Duration)
#define CAPO_FN_UUID CAPO_FORM_NULL(Uuid)
#define CAPO_FN_JSON CAPO_FORM_NULL(Value)
#define CAPO_FN_CHOICE const char *
#define CAPO_FN_INTEGER_CHOICE CAPO_FORM_NULL(int64_t)
#define CAPO_FN_MULTIPLE_CHOICE const char *const *
#define CAPO_FN_FILE const UploadedFile *
#define CAPO_FN_IMAGE const UploadedFile *
/* Where `present` is; -1: a pointer. */
#define CAPO_FP_(self, field) ((int)offsetof(self, field.present))
#define CAPO_FP_CHAR(self, field) -1
#define CAPO_FP_TEXT(self, field) -1
#define CAPO_FP_SLUG(self, field) -1
#define CAPO_FP_EMAIL(self, field) -1
#define CAPO_FP_URL(self, field) -1
#define CAPO_FP_IP_ADDRESS(self, field) -1
#define CAPO_FP_INTEGER CAPO_FP_
#define CAPO_FP_FLOAT CAPO_FP_
#define CAPO_FP_DECIMAL CAPO_FP_
#define CAPO_FP_BOOLEAN CAPO_FP_
#define CAPO_FP_DATE CAPO_FP_
#define CAPO_FP_TIME CAPO_FP_
#define CAPO_FP_DATETIME CAPO_FP_
#define CAPO_FP_SPLIT_DATETIME CAPO_FP_
#define CAPO_FP_DURATION CAPO_FP_
#define CAPO_FP_UUID CAPO_FP_
#define CAPO_FP_JSON CAPO_FP_
#define CAPO_FP_CHOICE(self, field) -1
#define CAPO_FP_INTEGER_CHOICE CAPO_FP_
#define CAPO_FP_MULTIPLE_CHOICE(self, field) -1
#define CAPO_FP_FILE(self, field) -1
#define CAPO_FP_IMAGE(self, field) -1
/* Which member of FormRow.options it has, */
#define CAPO_FO_CHAR text
#define CAPO_FO_TEXT text
#define CAPO_FO_SLUG text
#define CAPO_FO_EMAIL text
#define CAPO_FO_URL text
#define CAPO_FO_IP_ADDRESS ip
#define CAPO_FO_INTEGER number
#define CAPO_FO_FLOAT number
#define CAPO_FO_DECIMAL decimal
#define CAPO_FO_BOOLEAN boolean
#define CAPO_FO_DATE date
#define CAPO_FO_TIME date
#define CAPO_FO_DATETIME date
#define CAPO_FO_SPLIT_DATETIME date
#define CAPO_FO_DURATION plain
#define CAPO_FO_UUID plain
#define CAPO_FO_JSON plain
#define CAPO_FO_CHOICE choice
#define CAPO_FO_INTEGER_CHOICE choice
#define CAPO_FO_MULTIPLE_CHOICE choice
#define CAPO_FO_FILE file
#define CAPO_FO_IMAGE file
/* and what else its row says. TEXT is a char field in a textarea; options that follow may name another widget. */
#define CAPO_FK_CHAR .kind = FORM_CHAR
#define CAPO_FK_TEXT .kind = FORM_CHAR, .textarea = true
#define CAPO_FK_SLUG .kind = FORM_SLUG
#define CAPO_FK_EMAIL .kind = FORM_EMAIL
#define CAPO_FK_URL .kind = FORM_URL
#define CAPO_FK_IP_ADDRESS .kind = FORM_IP_ADDRESS
#define CAPO_FK_INTEGER .kind = FORM_INTEGER
#define CAPO_FK_FLOAT .kind = FORM_FLOAT
#define CAPO_FK_DECIMAL .kind = FORM_DECIMAL
#define CAPO_FK_BOOLEAN .kind = FORM_BOOLEAN
#define CAPO_FK_DATE .kind = FORM_DATE
#define CAPO_FK_TIME .kind = FORM_TIME
#define CAPO_FK_DATETIME .kind = FORM_DATETIME
#define CAPO_FK_SPLIT_DATETIME .kind = FORM_SPLIT_DATETIME
#define CAPO_FK_DURATION .kind = FORM_DURATION
#define CAPO_FK_UUID .kind = FORM_UUID
#define CAPO_FK_JSON .kind = FORM_JSON
#define CAPO_FK_CHOICE .kind = FORM_CHOICE
#define CAPO_FK_INTEGER_CHOICE .kind = FORM_TYPED_CHOICE, .coerce = FIELD_INTEGER
#define CAPO_FK_MULTIPLE_CHOICE .kind = FORM_MULTIPLE_CHOICE
#define CAPO_FK_FILE .kind = FORM_FILE
#define CAPO_FK_IMAGE .kind = FORM_IMAGE
#define CAPO_FK_MODEL_CHOICE .kind = FORM_MODEL_CHOICE
#define CAPO_FK_MODEL_MULTIPLE_CHOICE .kind = FORM_MODEL_MULTIPLE_CHOICE
#endif

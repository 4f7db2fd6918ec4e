/* SPDX-License-Identifier: BSD-3-Clause */
/* The words of models.def. Each reading (declare_models.h, define_models.h) defines the primitives
 *     MODEL(name)  MODEL_KEY(name, KIND, key, options…)  END_MODEL  META(options…)
 *     MODEL_KEYS(name, field, field…)          no id: the key is made of these fields together (Django's CompositePrimaryKey)
 *     ABSTRACT_MODEL(name)                     no table: fields and Meta for others
 *     EXTENDED_MODEL(name, Base, member)       a table of its own with the columns of Base too (Django's abstract inheritance)
 *     CHILD_MODEL(name, Parent, member)        a row here and one in the table of Parent, joined by key (multi-table inheritance)
 *     PROXY_MODEL(name, Base)                  the table and struct of Base with a Meta of its own
 *     CAPO_PLAIN(KIND, field, options…)           CAPO_NULLABLE(KIND, field, options…)
 *     CAPO_RELATION(KIND, field, Target, …)       CAPO_NULLABLE_RELATION(KIND, field, Target, …)      CAPO_MANY(field, Target, …)
 *     CAPO_GENERATED(KIND, field, expression, options…)
 * and includes the file again; the words themselves never change. To add a field kind: a word here, an #undef in
 * model_words_end.h, its C type below, its row in model.c. No include guard: meant to be read often. */
/* Enumerations (choices.h) are declared by the first reading alone. */
#undef TEXT_CHOICES
#undef INTEGER_CHOICES
#define TEXT_CHOICES(Name, ...)
#define INTEGER_CHOICES(Name, ...)
#define CHAR(field, ...) CAPO_PLAIN(CHAR, field, __VA_ARGS__)
#define TEXT(field, ...) CAPO_PLAIN(TEXT, field, __VA_ARGS__)
#define SLUG(field, ...) CAPO_PLAIN(SLUG, field, __VA_ARGS__)
#define EMAIL(field, ...) CAPO_PLAIN(EMAIL, field, __VA_ARGS__)
#define URL(field, ...) CAPO_PLAIN(URL, field, __VA_ARGS__)
#define FILE_PATH(field, ...) CAPO_PLAIN(FILE_PATH, field, __VA_ARGS__)
#define FILE(field, ...) CAPO_PLAIN(FILE, field, __VA_ARGS__)
#define IMAGE(field, ...) CAPO_PLAIN(IMAGE, field, __VA_ARGS__)
#define IP_ADDRESS(field, ...) CAPO_PLAIN(IP_ADDRESS, field, __VA_ARGS__)
#define INTEGER(field, ...) CAPO_PLAIN(INTEGER, field, __VA_ARGS__)
#define BIG_INTEGER(field, ...) CAPO_PLAIN(BIG_INTEGER, field, __VA_ARGS__)
#define SMALL_INTEGER(field, ...) CAPO_PLAIN(SMALL_INTEGER, field, __VA_ARGS__)
#define POSITIVE_INTEGER(field, ...) CAPO_PLAIN(POSITIVE_INTEGER, field, __VA_ARGS__)
#define POSITIVE_BIG_INTEGER(field, ...) CAPO_PLAIN(POSITIVE_BIG_INTEGER, field, __VA_ARGS__)
#define POSITIVE_SMALL_INTEGER(field, ...) CAPO_PLAIN(POSITIVE_SMALL_INTEGER, field, __VA_ARGS__)
#define FLOAT(field, ...) CAPO_PLAIN(FLOAT, field, __VA_ARGS__)
#define DECIMAL(field, ...) CAPO_PLAIN(DECIMAL, field, __VA_ARGS__)
#define BOOLEAN(field, ...) CAPO_PLAIN(BOOLEAN, field, __VA_ARGS__)
#define DATE(field, ...) CAPO_PLAIN(DATE, field, __VA_ARGS__)
#define TIME(field, ...) CAPO_PLAIN(TIME, field, __VA_ARGS__)
#define DATETIME(field, ...) CAPO_PLAIN(DATETIME, field, __VA_ARGS__)
#define DURATION(field, ...) CAPO_PLAIN(DURATION, field, __VA_ARGS__)
#define UUID(field, ...) CAPO_PLAIN(UUID, field, __VA_ARGS__)
#define BINARY(field, ...) CAPO_PLAIN(BINARY, field, __VA_ARGS__)
#define JSON(field, ...) CAPO_PLAIN(JSON, field, __VA_ARGS__)
/* PostgreSQL's: postgresql_fields.h. */
#define ARRAY(field, KIND, ...) CAPO_PLAIN(ARRAY, field, .base = FIELD_##KIND, __VA_ARGS__)
#define HSTORE(field, ...) CAPO_PLAIN(HSTORE, field, __VA_ARGS__)
#define INTEGER_RANGE(field, ...) CAPO_PLAIN(INTEGER_RANGE, field, __VA_ARGS__)
#define BIG_INTEGER_RANGE(field, ...) CAPO_PLAIN(BIG_INTEGER_RANGE, field, __VA_ARGS__)
#define DECIMAL_RANGE(field, ...) CAPO_PLAIN(DECIMAL_RANGE, field, __VA_ARGS__)
#define DATE_RANGE(field, ...) CAPO_PLAIN(DATE_RANGE, field, __VA_ARGS__)
#define DATETIME_RANGE(field, ...) CAPO_PLAIN(DATETIME_RANGE, field, __VA_ARGS__)
/* Written by the database or by UPDATE alone; in no form, and NULL until then. */
#define SEARCH_VECTOR(field, ...) CAPO_NULLABLE(SEARCH_VECTOR, field, __VA_ARGS__)
#define FOREIGN_KEY(field, Target, ...) CAPO_RELATION(FOREIGN_KEY, field, Target, __VA_ARGS__)
#define ONE_TO_ONE(field, Target, ...) CAPO_RELATION(ONE_TO_ONE, field, Target, __VA_ARGS__)
#define MANY_TO_MANY(field, Target, ...) CAPO_MANY(field, Target, __VA_ARGS__)
/* A column that the database computes of others of its row: GENERATED(INTEGER, area, MUL(F("width"), F("height")), .db_persist = true).
 * Its member is as of an OPTIONAL one, and is read back when the row was saved. */
#define GENERATED(KIND, field, expression, ...) CAPO_GENERATED(KIND, field, expression, __VA_ARGS__)
/* The rows of one parent have an order that people choose (Django's order_with_respect_to): ORDER_WITH_RESPECT_TO(question), last in the model.
 * It makes the member and column _order, and orders by it; orm.h has what reads and sets it. */
#define ORDER_WITH_RESPECT_TO(field) CAPO_PLAIN(INTEGER, _order, .not_editable = true, .default_value = DEFAULT(0)) META(.order_with_respect_to = #field)
/* Expressions of an index or a unique constraint: .parts = PARTS(PART(FN(Lower, F("title"))), PART(F("views"), .descending = true)) */
#define PARTS(...) ((const IndexPart[]){ __VA_ARGS__, { .descending = false } })
#define PART(x, ...) { .of = VALUE(x) __VA_OPT__(,) __VA_ARGS__ }
/* The column may be NULL, and forms may leave it empty: OPTIONAL(DATETIME, published, .db_index = true) */
#define OPTIONAL(KIND, field, ...) CAPO_OPTIONAL_##KIND(KIND, field, __VA_ARGS__)
#define CAPO_OPTIONAL_CHAR CAPO_NULLABLE
#define CAPO_OPTIONAL_TEXT CAPO_NULLABLE
#define CAPO_OPTIONAL_SLUG CAPO_NULLABLE
#define CAPO_OPTIONAL_EMAIL CAPO_NULLABLE
#define CAPO_OPTIONAL_URL CAPO_NULLABLE
#define CAPO_OPTIONAL_FILE_PATH CAPO_NULLABLE
#define CAPO_OPTIONAL_FILE CAPO_NULLABLE
#define CAPO_OPTIONAL_IMAGE CAPO_NULLABLE
#define CAPO_OPTIONAL_IP_ADDRESS CAPO_NULLABLE
#define CAPO_OPTIONAL_INTEGER CAPO_NULLABLE
#define CAPO_OPTIONAL_BIG_INTEGER CAPO_NULLABLE
#define CAPO_OPTIONAL_SMALL_INTEGER CAPO_NULLABLE
#define CAPO_OPTIONAL_POSITIVE_INTEGER CAPO_NULLABLE
#define CAPO_OPTIONAL_POSITIVE_BIG_INTEGER CAPO_NULLABLE
#define CAPO_OPTIONAL_POSITIVE_SMALL_INTEGER CAPO_NULLABLE
#define CAPO_OPTIONAL_FLOAT CAPO_NULLABLE
#define CAPO_OPTIONAL_DECIMAL CAPO_NULLABLE
#define CAPO_OPTIONAL_BOOLEAN CAPO_NULLABLE
#define CAPO_OPTIONAL_DATE CAPO_NULLABLE
#define CAPO_OPTIONAL_TIME CAPO_NULLABLE
#define CAPO_OPTIONAL_DATETIME CAPO_NULLABLE
#define CAPO_OPTIONAL_DURATION CAPO_NULLABLE
#define CAPO_OPTIONAL_UUID CAPO_NULLABLE
#define CAPO_OPTIONAL_BINARY CAPO_NULLABLE
#define CAPO_OPTIONAL_JSON CAPO_NULLABLE
#define CAPO_OPTIONAL_ARRAY(KIND, field, BASE, ...) CAPO_NULLABLE(KIND, field, .base = FIELD_##BASE, __VA_ARGS__)
#define CAPO_OPTIONAL_HSTORE CAPO_NULLABLE
#define CAPO_OPTIONAL_INTEGER_RANGE CAPO_NULLABLE
#define CAPO_OPTIONAL_BIG_INTEGER_RANGE CAPO_NULLABLE
#define CAPO_OPTIONAL_DECIMAL_RANGE CAPO_NULLABLE
#define CAPO_OPTIONAL_DATE_RANGE CAPO_NULLABLE
#define CAPO_OPTIONAL_DATETIME_RANGE CAPO_NULLABLE
#define CAPO_OPTIONAL_FOREIGN_KEY CAPO_NULLABLE_RELATION
#define CAPO_OPTIONAL_ONE_TO_ONE CAPO_NULLABLE_RELATION

#ifndef CAPO_MODEL_TYPES
#define CAPO_MODEL_TYPES
/* The C type of a field, and of an OPTIONAL one: text is NULL where it is null; others say so in `.present`. */
#define CAPO_C_AUTO int64_t
#define CAPO_C_BIG_AUTO int64_t
#define CAPO_C_SMALL_AUTO int64_t
#define CAPO_C_CHAR const char *
#define CAPO_C_TEXT const char *
#define CAPO_C_SLUG const char *
#define CAPO_C_EMAIL const char *
#define CAPO_C_URL const char *
#define CAPO_C_FILE_PATH const char *
#define CAPO_C_FILE const char *
#define CAPO_C_IMAGE const char *
#define CAPO_C_IP_ADDRESS const char *
#define CAPO_C_INTEGER int64_t
#define CAPO_C_BIG_INTEGER int64_t
#define CAPO_C_SMALL_INTEGER int64_t
#define CAPO_C_POSITIVE_INTEGER int64_t
#define CAPO_C_POSITIVE_BIG_INTEGER int64_t
#define CAPO_C_POSITIVE_SMALL_INTEGER int64_t
#define CAPO_C_FLOAT double
#define CAPO_C_DECIMAL Decimal
#define CAPO_C_BOOLEAN bool
#define CAPO_C_DATE Date
#define CAPO_C_TIME Time
#define CAPO_C_DATETIME DateTime
#define CAPO_C_DURATION Duration
#define CAPO_C_UUID Uuid
#define CAPO_C_BINARY Bytes
#define CAPO_C_JSON Value

#define CAPO_C_ARRAY List *
#define CAPO_C_HSTORE Map *
#define CAPO_C_INTEGER_RANGE ValueRange *
#define CAPO_C_BIG_INTEGER_RANGE ValueRange *
#define CAPO_C_DECIMAL_RANGE ValueRange *
#define CAPO_C_DATE_RANGE ValueRange *
#define CAPO_C_DATETIME_RANGE ValueRange *
#define CAPO_C_SEARCH_VECTOR const char *

#define CAPO_NULL_C(type) struct { type value; bool present; }
#define CAPO_NC_CHAR const char *
#define CAPO_NC_TEXT const char *
#define CAPO_NC_SLUG const char *
#define CAPO_NC_EMAIL const char *
#define CAPO_NC_URL const char *
#define CAPO_NC_FILE_PATH const char *
#define CAPO_NC_FILE const char *
#define CAPO_NC_IMAGE const char *
#define CAPO_NC_IP_ADDRESS const char *
#define CAPO_NC_INTEGER CAPO_NULL_C(int64_t)
#define CAPO_NC_BIG_INTEGER CAPO_NULL_C(int64_t)
#define CAPO_NC_SMALL_INTEGER CAPO_NULL_C(int64_t)
#define CAPO_NC_POSITIVE_INTEGER CAPO_NULL_C(int64_t)
#define CAPO_NC_POSITIVE_BIG_INTEGER CAPO_NULL_C(int64_t)
#define CAPO_NC_POSITIVE_SMALL_INTEGER CAPO_NULL_C(int64_t)
#define CAPO_NC_FLOAT CAPO_NULL_C(double)
#define CAPO_NC_DECIMAL CAPO_NULL_C(Decimal)
#define CAPO_NC_BOOLEAN CAPO_NULL_C(bool)
#define CAPO_NC_DATE CAPO_NULL_C(Date)
#define CAPO_NC_TIME CAPO_NULL_C(Time)
#define CAPO_NC_DATETIME CAPO_NULL_C(DateTime)
#define CAPO_NC_DURATION CAPO_NULL_C(Duration)
#define CAPO_NC_UUID CAPO_NULL_C(Uuid)
#define CAPO_NC_BINARY CAPO_NULL_C(Bytes)
#define CAPO_NC_JSON CAPO_NULL_C(Value)
#define CAPO_NC_ARRAY List *
#define CAPO_NC_HSTORE Map *
#define CAPO_NC_INTEGER_RANGE ValueRange *
#define CAPO_NC_BIG_INTEGER_RANGE ValueRange *
#define CAPO_NC_DECIMAL_RANGE ValueRange *
#define CAPO_NC_DATE_RANGE ValueRange *
#define CAPO_NC_DATETIME_RANGE ValueRange *
#define CAPO_NC_SEARCH_VECTOR const char *
/* Where an OPTIONAL field says that it is present; -1: a text or a pointer, which is NULL. */
#define CAPO_NP_CHAR(self, field) -1
#define CAPO_NP_TEXT(self, field) -1
#define CAPO_NP_SLUG(self, field) -1
#define CAPO_NP_EMAIL(self, field) -1
#define CAPO_NP_URL(self, field) -1
#define CAPO_NP_FILE_PATH(self, field) -1
#define CAPO_NP_FILE(self, field) -1
#define CAPO_NP_IMAGE(self, field) -1
#define CAPO_NP_IP_ADDRESS(self, field) -1
#define CAPO_NP_(self, field) ((int)offsetof(self, field.present))
#define CAPO_NP_INTEGER CAPO_NP_
#define CAPO_NP_BIG_INTEGER CAPO_NP_
#define CAPO_NP_SMALL_INTEGER CAPO_NP_
#define CAPO_NP_POSITIVE_INTEGER CAPO_NP_
#define CAPO_NP_POSITIVE_BIG_INTEGER CAPO_NP_
#define CAPO_NP_POSITIVE_SMALL_INTEGER CAPO_NP_
#define CAPO_NP_FLOAT CAPO_NP_
#define CAPO_NP_DECIMAL CAPO_NP_
#define CAPO_NP_BOOLEAN CAPO_NP_
#define CAPO_NP_DATE CAPO_NP_
#define CAPO_NP_TIME CAPO_NP_
#define CAPO_NP_DATETIME CAPO_NP_
#define CAPO_NP_DURATION CAPO_NP_
#define CAPO_NP_UUID CAPO_NP_
#define CAPO_NP_BINARY CAPO_NP_
#define CAPO_NP_JSON CAPO_NP_
#define CAPO_NP_ARRAY(self, field) -1
#define CAPO_NP_HSTORE(self, field) -1
#define CAPO_NP_INTEGER_RANGE(self, field) -1
#define CAPO_NP_BIG_INTEGER_RANGE(self, field) -1
#define CAPO_NP_DECIMAL_RANGE(self, field) -1
#define CAPO_NP_DATE_RANGE(self, field) -1
#define CAPO_NP_DATETIME_RANGE(self, field) -1
#define CAPO_NP_SEARCH_VECTOR(self, field) -1
/* Which member of FieldRow.options a kind's options are. */
#define CAPO_O_AUTO plain
#define CAPO_O_BIG_AUTO plain
#define CAPO_O_SMALL_AUTO plain
#define CAPO_O_CHAR text
#define CAPO_O_TEXT text
#define CAPO_O_SLUG text
#define CAPO_O_EMAIL text
#define CAPO_O_URL text
#define CAPO_O_FILE_PATH path
#define CAPO_O_FILE file
#define CAPO_O_IMAGE file
#define CAPO_O_IP_ADDRESS ip
#define CAPO_O_INTEGER integer
#define CAPO_O_BIG_INTEGER integer
#define CAPO_O_SMALL_INTEGER integer
#define CAPO_O_POSITIVE_INTEGER integer
#define CAPO_O_POSITIVE_BIG_INTEGER integer
#define CAPO_O_POSITIVE_SMALL_INTEGER integer
#define CAPO_O_FLOAT real
#define CAPO_O_DECIMAL decimal
#define CAPO_O_BOOLEAN boolean
#define CAPO_O_DATE date
#define CAPO_O_TIME date
#define CAPO_O_DATETIME date
#define CAPO_O_DURATION plain
#define CAPO_O_UUID plain
#define CAPO_O_BINARY plain
#define CAPO_O_JSON plain
#define CAPO_O_ARRAY array
#define CAPO_O_HSTORE plain
#define CAPO_O_INTEGER_RANGE plain
#define CAPO_O_BIG_INTEGER_RANGE plain
#define CAPO_O_DECIMAL_RANGE plain
#define CAPO_O_DATE_RANGE plain
#define CAPO_O_DATETIME_RANGE plain
#define CAPO_O_SEARCH_VECTOR plain
#define CAPO_O_FOREIGN_KEY relation
#define CAPO_O_ONE_TO_ONE relation
#endif

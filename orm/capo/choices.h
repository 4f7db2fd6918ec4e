/* SPDX-License-Identifier: BSD-3-Clause */
/* Choices: the values that a field may have, with their labels. As a list, where nobody else needs them by name:
 *
 *     CHAR(size, .max_length = 1, .choices = CHOICES({ "s", "Small", "Usual" }, { "m", "Middle", "Usual" }, { "x", "Huge" }))
 *
 * or as an enumeration, declared once (Django's TextChoices and IntegerChoices), in models.def before the model or in any header:
 *
 *     TEXT_CHOICES(Status,
 *         (STATUS_DRAFT,  "d", "Draft"),
 *         (STATUS_PUBLIC, "p", "Public"))
 *     INTEGER_CHOICES(Level, (LEVEL_LOW, 1, "Low"), (LEVEL_HIGH, 2, "High", "Rare"))        // the last one with a group
 *
 *     CHAR(status, .max_length = 1, .choices = Status_choices, .default_value = DEFAULT(STATUS_DRAFT))
 *     INTEGER(level, .choices = Level_choices, .default_value = DEFAULT(LEVEL_LOW))
 *
 *     post->status = STATUS_PUBLIC;
 *     switch ((Level)post->level) { case LEVEL_LOW: …            // the compiler counts the cases
 *     if (capo_is(Status, post->status, STATUS_PUBLIC)) …         // texts are compared as texts
 *     capo_fetch(Post, .where = { .status = EQ(STATUS_PUBLIC) })
 *     capo_choice(Status, post->status)->label
 *
 * A text's constant is an array of characters, and the type's name, Status, one for `const char *`; those of numbers are an enum. Up to
 * 256 choices. A value of NULL or "" is Django's __empty__: the label of what is not chosen. */
#pragma once
#include <capo/value.h>

/* The value is a text also for numbers: "1". The name is that of the constant, NULL in CHOICES(). */
typedef struct FieldChoice { const char *value, *label, *group, *name; } FieldChoice;
#define CHOICES(...) ((const FieldChoice[]){ __VA_ARGS__, { 0 } })

#define CAPO_TEXT_CHOICES(Name, ...)                                                                                           \
    typedef const char *Name __attribute__((unused));                                                                         \
    CAPO_EACH_CHOICE(CAPO_TEXT_CONSTANT, __VA_ARGS__)                                                                         \
    static const FieldChoice Name##_choices[] __attribute__((unused)) = { CAPO_EACH_CHOICE(CAPO_TEXT_ROW, __VA_ARGS__) { .value = NULL } };
#define CAPO_INTEGER_CHOICES(Name, ...)                                                                                        \
    typedef enum Name { CAPO_EACH_CHOICE(CAPO_INTEGER_CONSTANT, __VA_ARGS__) } Name;                                          \
    static const FieldChoice Name##_choices[] __attribute__((unused)) = { CAPO_EACH_CHOICE(CAPO_INTEGER_ROW, __VA_ARGS__) { .value = NULL } };
#define CAPO_TEXT_CONSTANT(constant, text, ...) static const char constant[] __attribute__((unused)) = text;
#define CAPO_TEXT_ROW(constant, text, ...) { .name = #constant, .value = text, .label = __VA_ARGS__ },
#define CAPO_INTEGER_CONSTANT(constant, number, ...) constant = number,
#define CAPO_INTEGER_ROW(constant, number, ...) { .name = #constant, .value = #number, .label = __VA_ARGS__ },

/* `macro` of each bracket: every round of the scan takes one, and there are some 300. */
#define CAPO_EACH_CHOICE(macro, ...) __VA_OPT__(CAPO_SCAN_256(CAPO_EACH_CHOICE_(macro, __VA_ARGS__)))
#define CAPO_EACH_CHOICE_(macro, bracket, ...) macro bracket __VA_OPT__(CAPO_EACH_CHOICE_AGAIN CAPO_NO_ARGUMENTS (macro, __VA_ARGS__))
#define CAPO_EACH_CHOICE_AGAIN() CAPO_EACH_CHOICE_
#define CAPO_NO_ARGUMENTS ()
#define CAPO_SCAN_256(...) CAPO_SCAN_64(CAPO_SCAN_64(CAPO_SCAN_64(CAPO_SCAN_64(__VA_ARGS__))))
#define CAPO_SCAN_64(...) CAPO_SCAN_16(CAPO_SCAN_16(CAPO_SCAN_16(CAPO_SCAN_16(__VA_ARGS__))))
#define CAPO_SCAN_16(...) CAPO_SCAN_4(CAPO_SCAN_4(CAPO_SCAN_4(CAPO_SCAN_4(__VA_ARGS__))))
#define CAPO_SCAN_4(...) CAPO_SCAN_1(CAPO_SCAN_1(CAPO_SCAN_1(__VA_ARGS__)))
#define CAPO_SCAN_1(...) __VA_ARGS__

#define TEXT_CHOICES(Name, ...) CAPO_TEXT_CHOICES(Name, __VA_ARGS__)
#define INTEGER_CHOICES(Name, ...) CAPO_INTEGER_CHOICES(Name, __VA_ARGS__)

/* Of an enumeration by its name. */
#define capo_choice(Name, value) capo_choice_of(Name##_choices, VALUE(value))
#define capo_choice_named(Name, constant) capo_choice_by_name(Name##_choices, (constant))
#define capo_is(Name, value, constant) (capo_choice_of(Name##_choices, VALUE(constant)) == capo_choice_of(Name##_choices, VALUE(value)))
#define capo_choice_values(Name) capo_choices_values(Name##_choices)
#define capo_choice_labels(Name) capo_choices_labels(Name##_choices)
#define capo_choice_names(Name) capo_choices_names(Name##_choices)
#define capo_choice_list(Name) capo_choices_list(Name##_choices)

/* The choice of this value, a number or its text; NULL: it is none of them. */
const FieldChoice *capo_choice_of(const FieldChoice *choices, Value value);
const FieldChoice *capo_choice_by_name(const FieldChoice *choices, const char *name);
/* A copy in the running unit's memory, for a .choices_function: CHOICES(…) ends with the function that says it. */
const FieldChoice *capo_choices_copy(const FieldChoice *choices);
/* Texts, in order, without the empty one, as in Django. */
List *capo_choices_values(const FieldChoice *choices);
List *capo_choices_labels(const FieldChoice *choices);
List *capo_choices_names(const FieldChoice *choices);
/* For templates: maps of value, label, group and name. */
List *capo_choices_list(const FieldChoice *choices);

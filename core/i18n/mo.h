/* SPDX-License-Identifier: BSD-3-Clause */
/* Catalogue files of GNU gettext (MO, "The Format of GNU MO Files") and the rules of plurals in their headers. Pure functions over
 * bytes: nothing is raised, nothing outside the bytes is read, whatever they hold. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A compiled expression of Plural-Forms. Zeroed: two forms, the first for 1. */
enum { PLURAL_NODES = 160, PLURAL_DEPTH = 40, PLURAL_LENGTH = 1000, PLURAL_FORMS = 32 };
typedef struct PluralNode { uint8_t op; uint8_t a, b, c; double number; } PluralNode;
typedef struct PluralRule { uint32_t n_forms, n_nodes; PluralNode *nodes; } PluralRule;

/* "nplurals=2; plural=n != 1;": numbers, n, ( ), ! * / % + - < > <= >= == != && || ?: as in C; malloc for the nodes. 0, or -EINVAL
 * and why. */
int plural_compile(const char *text, size_t size, PluralRule *ret, const char **ret_why);
void plural_free(PluralRule *rule);
/* The form for n, 0 and up; -1: the rule has none (it divides by zero, or gives a negative number). */
int plural_form(const PluralRule *rule, double n);

typedef struct MoFile {
    const uint8_t *bytes;
    size_t size;
    bool swapped;
    uint32_t count, originals, translations;    /* of strings; offsets of their tables */
    uint32_t *index, mask;                      /* string's number + 1, by hash of what stands before its first NUL */
    PluralRule plural;
} MoFile;

/* Checks everything once: bounds, ends, UTF-8, the header. The bytes are not copied and must stay. 0, or -EINVAL and why (a constant
 * sentence); then nothing is kept. */
int mo_open(const void *bytes, size_t size, MoFile *ret, const char **ret_why);
void mo_close(MoFile *mo);
/* The translation, NULs between its plural forms, or NULL; the one that begins with "context\4" where there is a context. */
const char *mo_find(const MoFile *mo, const char *context, const char *message, size_t *ret_size);
/* The form-th of NUL-separated texts, or NULL. */
const char *mo_nth(const char *texts, size_t size, int form);

/* SPDX-License-Identifier: BSD-3-Clause */
/* libFuzzer over catalogue files and plural rules. The first byte says which: a rule, a file as it is, or a file whose magic number is
 * put right. Held besides the sanitizers: what was accepted gives forms that there are, and finds what it holds.
 * sources: core/base core/i18n/mo.c core/i18n/plural.c core/loop */
#include "../../core/i18n/mo.h"
#include <stdlib.h>
#include <string.h>

#define HOLD(condition) do { if (!(condition)) abort(); } while (0)

static void fuzz_rule(const char *bytes, size_t size)
{
    PluralRule rule;
    const char *why = NULL;
    if (plural_compile(bytes, size, &rule, &why) != 0) {
        HOLD(why != NULL);
        return;
    }
    static const double numbers[] = { 0, 1, 2, 5, 11, 21, 100, 1.5, -1, 1e15 };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int form = plural_form(&rule, numbers[i]);
        HOLD(form >= -1 && form < (int)rule.n_forms);
    }
    plural_free(&rule);
}

static void fuzz_file(const char *bytes, size_t size)
{
    MoFile mo;
    const char *why = NULL;
    if (mo_open(bytes, size, &mo, &why) != 0) {
        HOLD(why != NULL);
        return;
    }
    static const char *const messages[] = { "", "a", "Hello", "%(n)s post" };
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        size_t found;
        const char *text = mo_find(&mo, i % 2 ? "c" : NULL, messages[i], &found);
        HOLD(!text || (text >= bytes && text + found < bytes + size && text[found] == 0));
        const char *form = text ? mo_nth(text, found, plural_form(&mo.plural, 2)) : NULL;
        HOLD(!form || form + strlen(form) <= text + found);
    }
    mo_close(&mo);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    char *copy = malloc(size);          /* of its very size, so that a byte too far is seen */
    memcpy(copy, data + 1, size - 1);
    if (data[0] % 3 == 0) {
        fuzz_rule(copy, size - 1);
    } else {
        if (data[0] % 3 == 1 && size > 12)
            memcpy(copy, "\xde\x12\x04\x95\0\0\0\0", 8);
        char *exact = realloc(copy, size > 1 ? size - 1 : 1);
        copy = exact ? exact : copy;
        fuzz_file(copy, size - 1);
    }
    free(copy);
    return 0;
}

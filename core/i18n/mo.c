/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading a catalogue file: one pass that checks all of it, then look-ups by a hash table of our own (the file's, if it has one, is
 * not to be trusted). Both byte orders. The strings of a file must not take more room than the file, else looking at each would
 * be quadratic for one whose entries share a string. */
#include "mo.h"
#include <capo/buffer.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

enum { HEADER_SIZE = 28 };

static uint32_t read32(const MoFile *mo, size_t offset)
{
    uint32_t number;
    memcpy(&number, mo->bytes + offset, 4);
    return mo->swapped ? __builtin_bswap32(number) : number;
}

static const char *nth(const MoFile *mo, uint32_t table, uint32_t i, uint32_t *ret_size)
{
    *ret_size = read32(mo, table + 8 * (size_t)i);
    return (const char *)mo->bytes + read32(mo, table + 8 * (size_t)i + 4);
}

static uint64_t hash_of(const char *context, size_t context_size, const char *message, size_t size)
{
    uint64_t hash = capo_hash(message, size);
    return context ? hash * 31 + capo_hash(context, context_size) : hash;
}

/* Each string of the table lies in the file, ends with NUL, is UTF-8. */
static bool table_is_sound(const MoFile *mo, uint32_t table, uint64_t *room)
{
    if (table > mo->size || (uint64_t)mo->count * 8 > mo->size - table)
        return false;
    for (uint32_t i = 0; i < mo->count; i++) {
        uint64_t size = read32(mo, table + 8 * (size_t)i), offset = read32(mo, table + 8 * (size_t)i + 4);
        if (offset + size >= mo->size || mo->bytes[offset + size] != 0 || size + 1 > *room)
            return false;
        *room -= size + 1;
        if (!capo_utf8_valid((const char *)mo->bytes + offset, size))
            return false;
    }
    return true;
}

static uint64_t key_hash(const char *text, size_t size)
{
    const char *context_end = memchr(text, 4, size);
    if (!context_end)
        return hash_of(NULL, 0, text, size);
    return hash_of(text, (size_t)(context_end - text), context_end + 1, size - (size_t)(context_end + 1 - text));
}

static bool make_index(MoFile *mo)
{
    uint32_t slots = 4;
    while (slots < mo->count * 2)
        slots *= 2;
    mo->mask = slots - 1;
    mo->index = calloc(slots, sizeof *mo->index);
    if (!mo->index)
        return false;
    for (uint32_t i = 0; i < mo->count; i++) {
        uint32_t size;
        const char *text = nth(mo, mo->originals, i, &size);
        uint32_t slot = (uint32_t)key_hash(text, strlen(text)) & mo->mask;
        while (mo->index[slot])
            slot = (slot + 1) & mo->mask;
        mo->index[slot] = i + 1;
    }
    return true;
}

/* The value of "Name: value\n" in the header text, or NULL. */
static const char *header_line(const char *text, const char *name, size_t *ret_size)
{
    for (size_t name_size = strlen(name); *text; text += strcspn(text, "\n"), text += *text == '\n')
        if (strncasecmp(text, name, name_size) == 0 && text[name_size] == ':') {
            text += name_size + 1;
            text += strspn(text, " \t");
            *ret_size = strcspn(text, "\n");
            return text;
        }
    return NULL;
}

static bool charset_is_utf8(const char *type, size_t size)
{
    static const char *const names[] = { "utf-8", "utf8", "us-ascii", "ascii", "charset" };      /* CHARSET: never filled in */
    const char *charset = memmem(type, size, "charset=", 8);
    if (!charset)
        return true;
    charset += 8;
    size_t name_size = 0;
    while (charset + name_size < type + size && !strchr(" ;\t\r", charset[name_size]))
        name_size++;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == name_size && strncasecmp(names[i], charset, name_size) == 0)
            return true;
    return false;
}

static const char *read_header(MoFile *mo)
{
    size_t size;
    const char *why = NULL, *header = mo_find(mo, NULL, "", &size);
    const char *type = header ? header_line(header, "Content-Type", &size) : NULL;
    if (type && !charset_is_utf8(type, size))
        return "its charset is not UTF-8: convert the .po file with msgconv -t UTF-8";
    const char *plural = header ? header_line(header, "Plural-Forms", &size) : NULL;
    if (plural)
        plural_compile(plural, size, &mo->plural, &why);
    return why;
}

int mo_open(const void *bytes, size_t size, MoFile *ret, const char **ret_why)
{
    MoFile mo = { .bytes = bytes, .size = size };
    if (size < HEADER_SIZE || size > INT32_MAX) {
        *ret_why = "it is too short for a catalogue";
        return -EINVAL;
    }
    uint32_t magic = read32(&mo, 0);
    mo.swapped = magic == 0xde120495;
    if (magic != 0x950412de && !mo.swapped) {
        *ret_why = "it does not begin as a catalogue does";
        return -EINVAL;
    }
    mo.count = read32(&mo, 8);
    mo.originals = read32(&mo, 12);
    mo.translations = read32(&mo, 16);
    if (read32(&mo, 4) >> 16 > 1) {
        *ret_why = "it is of a later form than is known";
        return -EINVAL;
    }
    uint64_t room = size;
    if (!table_is_sound(&mo, mo.originals, &room) || !table_is_sound(&mo, mo.translations, &room)) {
        *ret_why = "it is damaged: a text lies outside the file, does not end or is not UTF-8";
        return -EINVAL;
    }
    const char *why = make_index(&mo) ? read_header(&mo) : "there is no memory";
    if (why) {
        mo_close(&mo);
        *ret_why = why;
        return -EINVAL;
    }
    *ret = mo;
    return 0;
}

void mo_close(MoFile *mo)
{
    free(mo->index);
    plural_free(&mo->plural);
    *mo = (MoFile){ 0 };
}

static bool is_key(const char *text, const char *context, size_t context_size, const char *message)
{
    if (context) {
        if (strncmp(text, context, context_size) != 0 || text[context_size] != 4)
            return false;
        text += context_size + 1;
    }
    return strcmp(text, message) == 0;
}

const char *mo_find(const MoFile *mo, const char *context, const char *message, size_t *ret_size)
{
    size_t context_size = context ? strlen(context) : 0;
    uint32_t slot = (uint32_t)hash_of(context, context_size, message, strlen(message)) & mo->mask;
    for (; mo->index[slot]; slot = (slot + 1) & mo->mask) {
        uint32_t size;
        if (!is_key(nth(mo, mo->originals, mo->index[slot] - 1, &size), context, context_size, message))
            continue;
        const char *text = nth(mo, mo->translations, mo->index[slot] - 1, &size);
        *ret_size = size;
        return text;
    }
    return NULL;
}

const char *mo_nth(const char *texts, size_t size, int form)
{
    const char *end = texts + size;
    for (; form > 0 && texts; form--) {
        texts = memchr(texts, 0, (size_t)(end - texts));
        texts = texts ? texts + 1 : NULL;
    }
    return texts && form == 0 ? texts : NULL;
}

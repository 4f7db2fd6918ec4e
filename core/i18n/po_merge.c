/* SPDX-License-Identifier: BSD-3-Clause */
/* What sources hold now, and what translators wrote before, made to one PO file: for makemessages. The old file is taken apart into its
 * paragraphs; translations, remarks and flags of a text that is still there are carried over as they stand. */
#include "po.h"
#include <capo/arena.h>
#include <capo/value.h>
#include <stdlib.h>
#include <string.h>

/* A paragraph of the old file. */
typedef struct Old {
    const char *context, *one;
    const char *remarks, *flags, *translation;      /* whole lines; "" where there are none */
    bool has_one, plural, translated, obsolete, used;
} Old;

typedef struct OldFile { Old *entries; size_t count, capacity; Map *by_key; } OldFile;

static const char *key_of(const char *context, const char *one)
{
    return capo_format("%s%s%s", context ? context : "", context ? "\4" : "", one);
}

/* Adds what stands in the quotes of a line. */
static void add_quoted(Buffer *into, const char *line, size_t size)
{
    const char *at = memchr(line, '"', size), *end = line + size;
    if (!at)
        return;
    while (end > at + 1 && end[-1] != '"')
        end--;
    for (at++; at < end - 1; at++) {
        static const char names[] = "ntrabfv\"\\", values[] = "\n\t\r\a\b\f\v\"\\";
        const char *name = *at == '\\' && at + 1 < end - 1 ? strchr(names, at[1]) : NULL;
        capo_put_char(into, name ? values[name - names] : *at);
        at += name != NULL;
    }
}

static bool begins(const char *line, size_t size, const char *with)
{
    return size >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

static void read_paragraph(OldFile *file, const char *text, size_t size)
{
    Buffer context = { 0 }, one = { 0 }, many = { 0 }, remarks = { 0 }, flags = { 0 }, translation = { 0 }, said = { 0 }, *into = NULL;
    Old old = { 0 };
    bool has_context = false;
    for (const char *at = text, *end = text + size; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at);
        const char *line = at;
        at += length + 1;
        while (length && line[length - 1] == '\r')
            length--;
        if (begins(line, length, "#~")) {
            old.obsolete = true;
            size_t skip = length > 2 && line[2] == ' ' ? 3 : 2;
            line += skip;
            length -= skip;
        }
        if (begins(line, length, "#:") || begins(line, length, "#.") || begins(line, length, "#|"))
            continue;
        if (begins(line, length, "#")) {
            Buffer *kept = begins(line, length, "#,") ? &flags : &remarks;
            capo_put_bytes(kept, line, length);
            capo_put_char(kept, '\n');
            continue;
        }
        if (begins(line, length, "msgctxt"))
            into = &context, has_context = true;
        else if (begins(line, length, "msgid_plural"))
            into = &many, old.plural = true;
        else if (begins(line, length, "msgid"))
            into = &one, old.has_one = true;
        else if (begins(line, length, "msgstr"))
            into = &said;
        if (into)
            add_quoted(into, line, length);
        if (into == &said) {
            capo_put_bytes(&translation, line, length);
            capo_put_char(&translation, '\n');
        }
    }
    if (!old.has_one)
        return;
    old.context = has_context ? capo_buffer_text(&context) : NULL;
    old.one = capo_buffer_text(&one);
    old.remarks = capo_buffer_text(&remarks);
    old.flags = capo_buffer_text(&flags);
    old.translation = capo_buffer_text(&translation);
    old.translated = said.size > 0;
    if (file->count == file->capacity) {
        size_t capacity = file->capacity ? file->capacity * 2 : 64;
        file->entries = capo_realloc(file->entries, file->capacity * sizeof *file->entries, capacity * sizeof *file->entries);
        file->capacity = capacity;
    }
    const char *key = key_of(old.context, old.one);
    Value *known = capo_map_get(file->by_key, key);
    if (!known || file->entries[known->integer].obsolete)       /* one that is in use goes before one that was given up */
        capo_map_set(file->by_key, key, capo_value_int((int64_t)file->count));
    file->entries[file->count++] = old;
}

static void read_old(OldFile *file, const char *text, size_t size)
{
    const char *end = text + size, *start = text;
    file->by_key = capo_map_new();
    for (const char *at = text; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at)), *next = stop ? stop + 1 : end;
        bool blank = strspn(at, " \t\r") == (size_t)((stop ? stop : end) - at);
        if (blank || next == end) {
            read_paragraph(file, start, (size_t)((blank ? at : end) - start));
            start = next;
        }
        at = next;
    }
}

/* keyword "text", of several lines one by one. */
static void put_text(Buffer *out, const char *keyword, const char *text)
{
    bool lines = strchr(text, '\n') && strchr(text, '\n')[1];
    capo_put_format(out, "%s \"%s", keyword, lines ? "\"\n\"" : "");
    for (; *text; text++) {
        static const char values[] = "\n\t\r\a\b\f\v\"\\", names[] = "ntrabfv\"\\";
        const char *special = strchr(values, *text);
        if (special)
            capo_put_char(out, '\\');
        capo_put_char(out, special ? names[special - values] : *text);
        if (*text == '\n' && text[1])
            capo_put(out, "\"\n\"");
    }
    capo_put(out, "\"\n");
}

static int forms_of(const OldFile *file)
{
    Value *header = capo_map_get(file->by_key, "");
    const char *at = header ? strstr(file->entries[header->integer].translation, "nplurals=") : NULL;
    int forms = at ? atoi(at + strlen("nplurals=")) : 2;
    return forms >= 1 && forms <= 32 ? forms : 2;
}

static void put_entry(Buffer *out, const PoText *text, Old *old, int n_forms)
{
    bool carried = old && old->plural == (text->many != NULL) && *old->translation;
    if (out->size)
        capo_put_char(out, '\n');
    if (old)
        capo_put(out, old->remarks);
    for (const char *at = text->places; *at;) {
        size_t size = strcspn(at, " ");
        capo_put_format(out, "#: %.*s\n", (int)size, at);
        at += size + (at[size] == ' ');
    }
    if (old && carried && *old->flags)
        capo_put(out, old->flags);
    else if (strstr(text->one, "%(") || (text->many && strstr(text->many, "%(")))
        capo_put(out, "#, python-format\n");
    if (text->context)
        put_text(out, "msgctxt", text->context);
    put_text(out, "msgid", text->one);
    if (text->many)
        put_text(out, "msgid_plural", text->many);
    if (carried) {
        capo_put(out, old->translation);
        return;
    }
    for (int i = 0; text->many && i < n_forms; i++)
        capo_put_format(out, "msgstr[%d] \"\"\n", i);
    if (!text->many)
        capo_put(out, "msgstr \"\"\n");
}

/* What no source holds any more, for the day on which it comes back. */
static void put_obsolete(Buffer *out, const Old *old)
{
    Buffer whole = { 0 };
    if (old->context)
        put_text(&whole, "msgctxt", old->context);
    put_text(&whole, "msgid", old->one);
    capo_put(&whole, old->translation);
    capo_put(out, "\n");
    capo_put(out, old->remarks);
    for (const char *at = capo_buffer_text(&whole); *at;) {
        size_t size = strcspn(at, "\n") + 1;
        capo_put_format(out, "#~ %.*s", (int)size, at);
        at += size;
    }
}

void po_merge(const char *old_text, size_t size, const char *header, const PoText *texts, size_t count, Buffer *ret)
{
    OldFile file = { 0 };
    read_old(&file, old_text, size);
    if (!capo_map_get(file.by_key, "")) {
        capo_put(ret, header);
        read_paragraph(&file, header, strlen(header));
    } else {
        Old *own = &file.entries[capo_map_get(file.by_key, "")->integer];
        capo_put_format(ret, "%s%smsgid \"\"\n%s", own->remarks, own->flags, own->translation);
    }
    file.entries[capo_map_get(file.by_key, "")->integer].used = true;
    int n_forms = forms_of(&file);
    for (size_t i = 0; i < count; i++) {
        Value *known = capo_map_get(file.by_key, key_of(texts[i].context, texts[i].one));
        Old *old = known ? &file.entries[known->integer] : NULL;
        if (old)
            old->used = true;
        put_entry(ret, &texts[i], old, n_forms);
    }
    for (size_t i = 0; i < file.count; i++)
        if (!file.entries[i].used && file.entries[i].translated && !file.entries[i].plural)
            put_obsolete(ret, &file.entries[i]);
}

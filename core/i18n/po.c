/* SPDX-License-Identifier: BSD-3-Clause */
/* PO files to MO files, for compilemessages. Linear but for the sorting. */
#include "po.h"
#include "mo.h"
#include <capo/arena.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FORMS = PLURAL_FORMS };

typedef struct PoEntry {
    Buffer context, one, many, forms[MAX_FORMS];
    bool has_context, has_one, has_many, fuzzy, format;
    int n_forms, line;
} PoEntry;

typedef struct Message { const char *original, *translation; size_t original_size, translation_size; int line, n_forms; } Message;

typedef struct PoReader {
    const char *at, *end, *why;
    int line;
    PoEntry entry;
    Message *messages;
    size_t count, capacity;
} PoReader;

static bool fail(PoReader *reader, const char *why)
{
    if (!reader->why)
        reader->why = why;
    return false;
}

static bool read_escape(PoReader *reader, Buffer *into)
{
    static const char names[] = "ntrabfv\"\\", values[] = "\n\t\r\a\b\f\v\"\\";
    char c = *reader->at++;
    const char *name = c ? strchr(names, c) : NULL;
    unsigned number = 0;
    if (name) {
        capo_put_char(into, values[name - names]);
        return true;
    }
    if (c < '0' || c > '7')
        return fail(reader, "there is no such escape behind a backslash");
    for (reader->at--; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '7' && number < 32; reader->at++)
        number = number * 8 + (unsigned)(*reader->at - '0');
    if (number == 0 || number > 255)
        return fail(reader, "a text cannot hold that character");
    capo_put_char(into, (char)number);
    return true;
}

/* "…" and what follows up to the end of the line. */
static bool read_text(PoReader *reader, Buffer *into)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t'))
        reader->at++;
    if (reader->at == reader->end || *reader->at != '"')
        return fail(reader, "a text in quotes is missing");
    for (reader->at++; reader->at < reader->end && *reader->at != '"';) {
        if (*reader->at == '\n')
            return fail(reader, "a text is not closed on its line");
        if (*reader->at == '\\' && reader->at + 1 < reader->end) {
            reader->at++;
            if (!read_escape(reader, into))
                return false;
        } else {
            capo_put_char(into, *reader->at++);
        }
    }
    if (reader->at == reader->end)
        return fail(reader, "a text is not closed on its line");
    reader->at++;
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\r'))
        reader->at++;
    return reader->at == reader->end || *reader->at == '\n' || fail(reader, "there is something behind a text");
}

/* The end of the hole %(name)s at `at`, or NULL; "%%" is none. */
static const char *hole_end(const char *at)
{
    const char *close = at[1] == '(' ? strchr(at, ')') : NULL;
    return close && close[1] ? close + 2 : NULL;
}

static bool has_hole(const Buffer *text, const char *hole, size_t size)
{
    return text->size && memmem(text->data, text->size, hole, size);
}

/* Whether each hole of the translation is one of the message or of its plural. */
static bool holes_fit(const PoEntry *entry, Buffer *translation)
{
    for (const char *at = capo_buffer_text(translation); (at = strchr(at, '%')) != NULL;) {
        const char *end = hole_end(at);
        if (end && !has_hole(&entry->one, at, (size_t)(end - at)) && !has_hole(&entry->many, at, (size_t)(end - at)))
            return false;
        at += at[1] == '%' ? 2 : 1;
    }
    return true;
}

static void add_message(PoReader *reader, const Message *message)
{
    if (reader->count == reader->capacity) {
        size_t capacity = reader->capacity ? reader->capacity * 2 : 64;
        reader->messages = capo_realloc(reader->messages, reader->capacity * sizeof *reader->messages, capacity * sizeof *reader->messages);
        reader->capacity = capacity;
    }
    reader->messages[reader->count++] = *message;
}

static bool end_entry(PoReader *reader)
{
    PoEntry *entry = &reader->entry;
    bool translated = entry->has_one && entry->n_forms > 0;
    if (entry->has_one && !entry->n_forms)
        return fail(reader, "a msgid has no msgstr");
    for (int i = 0; i < entry->n_forms; i++)
        translated = translated && entry->forms[i].size > 0;
    if (translated && (!entry->fuzzy || !entry->one.size)) {
        Buffer original = { 0 }, translation = { 0 };
        if (entry->has_context)
            capo_put_format(&original, "%s\4", capo_buffer_text(&entry->context));
        capo_put(&original, capo_buffer_text(&entry->one));
        if (entry->has_many) {
            capo_put_char(&original, 0);
            capo_put(&original, capo_buffer_text(&entry->many));
        }
        for (int i = 0; i < entry->n_forms; i++) {
            if (i)
                capo_put_char(&translation, 0);
            capo_put(&translation, capo_buffer_text(&entry->forms[i]));
            if (entry->one.size && !holes_fit(entry, &entry->forms[i]))
                return fail(reader, "the translation above has a hole %(…) that its message has not");
        }
        add_message(reader, &(Message){ capo_buffer_text(&original), capo_buffer_text(&translation), original.size, translation.size, entry->line,
                                        entry->has_many ? entry->n_forms : 0 });
    }
    *entry = (PoEntry){ 0 };
    return true;
}

static bool take_word(PoReader *reader, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, word, size) != 0)
        return false;
    reader->at += size;
    return true;
}

/* Which text the line continues or begins; NULL: an error. */
static Buffer *begin_text(PoReader *reader)
{
    PoEntry *entry = &reader->entry;
    if (take_word(reader, "msgctxt") || take_word(reader, "msgid_plural") || take_word(reader, "msgid")) {
        char kind = reader->at[-1];         /* msgctxT, msgid_pluraL, msgiD */
        if (kind != 'l' && entry->n_forms && !end_entry(reader))
            return NULL;
        if (kind == 'l') {
            entry->has_many = true;
            return &entry->many;
        }
        entry->line = reader->line;
        *(kind == 't' ? &entry->has_context : &entry->has_one) = true;
        return kind == 't' ? &entry->context : &entry->one;
    }
    if (!take_word(reader, "msgstr") || !entry->has_one) {
        fail(reader, "msgid, msgid_plural, msgstr, msgctxt or a comment was expected");
        return NULL;
    }
    int form = 0;
    if (entry->has_many) {
        char *stop;
        if (!take_word(reader, "[") || (form = (int)strtol(reader->at, &stop, 10)) != entry->n_forms || form >= MAX_FORMS || *stop != ']') {
            fail(reader, "msgstr[0], msgstr[1] and so on were expected, in this order");
            return NULL;
        }
        reader->at = stop + 1;
    } else if (entry->n_forms) {
        fail(reader, "there are two msgstr");
        return NULL;
    }
    entry->n_forms = form + 1;
    return &entry->forms[form];
}

static bool read_line(PoReader *reader, Buffer **open)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\r'))
        reader->at++;
    if (reader->at == reader->end || *reader->at == '\n')
        return true;
    if (*reader->at == '#') {
        const char *stop = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
        size_t size = (size_t)((stop ? stop : reader->end) - reader->at);
        if (reader->entry.n_forms && !end_entry(reader))
            return false;
        if (size > 1 && reader->at[1] == ',')
            reader->entry.fuzzy = reader->entry.fuzzy || memmem(reader->at, size, "fuzzy", 5);
        reader->at += size;
        *open = NULL;
        return true;
    }
    if (*reader->at != '"')
        *open = begin_text(reader);
    else if (!*open)
        return fail(reader, "a text stands alone");
    return *open && read_text(reader, *open);
}

static int by_original(const void *a, const void *b)
{
    const Message *x = a, *y = b;
    size_t size = x->original_size < y->original_size ? x->original_size : y->original_size;
    int order = memcmp(x->original, y->original, size);
    return order ? order : (x->original_size > y->original_size) - (x->original_size < y->original_size);
}

static void put_file(const PoReader *reader, Buffer *out)
{
    uint32_t n = (uint32_t)reader->count, at = 28 + n * 16;
    capo_put_bytes(out, (uint32_t[]){ 0x950412de, 0, n, 28, 28 + n * 8, 0, at }, 28);
    for (int half = 0; half < 2; half++)
        for (uint32_t i = 0; i < n; i++) {
            const Message *message = &reader->messages[i];
            uint32_t size = (uint32_t)(half ? message->translation_size : message->original_size);
            capo_put_bytes(out, (uint32_t[]){ size, at }, 8);
            at += size + 1;
        }
    for (int half = 0; half < 2; half++)
        for (uint32_t i = 0; i < n; i++) {
            const Message *message = &reader->messages[i];
            capo_put_bytes(out, half ? message->translation : message->original, (half ? message->translation_size : message->original_size) + 1);
        }
}

/* What only the whole tells: twice the same, the charset and rule of the header, the number of forms. */
static bool check_whole(PoReader *reader, const Buffer *made)
{
    for (size_t i = 1; i < reader->count; i++)
        if (strcmp(reader->messages[i - 1].original, reader->messages[i].original) == 0) {
            reader->line = reader->messages[i].line;
            return fail(reader, "this message is there twice");
        }
    MoFile mo;
    reader->line = 1;
    if (mo_open(made->data, made->size, &mo, &reader->why) != 0)
        return false;
    for (size_t i = 0; i < reader->count && mo.plural.n_forms; i++)
        if (reader->messages[i].n_forms && reader->messages[i].n_forms != (int)mo.plural.n_forms) {
            reader->line = reader->messages[i].line;
            fail(reader, "this message has not as many forms as Plural-Forms says");
        }
    mo_close(&mo);
    return !reader->why;
}

bool po_compile(const char *text, size_t size, Buffer *ret, int *ret_line, const char **ret_why)
{
    PoReader reader = { .at = text, .end = text + size, .line = 1 };
    Buffer *open = NULL, made = { 0 };
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        reader.at += 3;
    bool good = !memchr(text, 0, size) || fail(&reader, "it holds a NUL");
    while (good && reader.at < reader.end) {
        good = read_line(&reader, &open);
        if (good && reader.at < reader.end) {
            reader.at++;
            reader.line++;
        }
    }
    good = good && end_entry(&reader);
    if (good) {
        if (reader.count)
            qsort(reader.messages, reader.count, sizeof *reader.messages, by_original);
        put_file(&reader, &made);
        good = check_whole(&reader, &made);
    }
    if (good)
        capo_put_bytes(ret, made.data, made.size);
    *ret_line = reader.line;
    *ret_why = reader.why;
    return good;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What the models of tests/orm need besides their declaration. */
#include "../orm/models.h"
#include "database_under_test.h"
#include "../../orm/internal.h"
#include <capo/expressions.h>
#include <capo/schema.h>
#include <stdio.h>
#include <string.h>

#define CAPO_MODELS "../../tests/orm/models.def"
#include <capo/define_models.h>

static const DatabaseFunction own_functions[] = {
    { .name = "Plus", .sql = "($1 + $2)", .least = 2, .most = 2 },
    { .name = "Largest", .sql = "MAX", .least = 1, .most = 1, .aggregate = true },
    { .transform = "doubled", .of = FIELD_INTEGER, .sql = "($1 * 2)", .least = 1, .most = 1 },
    { .transform = "shouted", .of = FIELD_TEXT, .sql = "UPPER", .least = 1, .most = 1, .bilateral = true },
    { 0 }
};
static const DatabaseLookup own_lookups[] = { { .name = "divides_by", .of = FIELD_INTEGER, .sql = "MOD($1, $2) = 0", .sqlite = "$1 % $2 = 0" }, { 0 } };

const App capo_test_library = { .name = "library", .models = models, .functions = own_functions, .lookups = own_lookups };
char capo_test_hooks[256];

static void note(const char *hook, const char *title)
{
    size_t size = strlen(capo_test_hooks);
    snprintf(capo_test_hooks + size, sizeof capo_test_hooks - size, "%s %s;", hook, title);
}

Value capo_test_uuid(void) { return VALUE(capo_uuid_random()); }
const char *capo_test_country_text(const void *country) { return capo_format("%s (%s)", ((const Country *)country)->name, ((const Country *)country)->code); }
void capo_test_book_pre_save(void *book, bool created) { note(created ? "pre-insert" : "pre-update", ((Book *)book)->title); }
void capo_test_book_post_save(void *book, bool created) { note(created ? "inserted" : "updated", ((Book *)book)->title); }
void capo_test_book_pre_delete(void *book) { note("pre-delete", ((Book *)book)->title); }
void capo_test_book_post_delete(void *book) { note("deleted", ((Book *)book)->title); }

void capo_test_book_clean(void *self)
{
    Book *book = self;
    if (book->title && !strcmp(book->title, "Untitled"))
        capo_invalid_field("title", "untitled", "A book has a title.");
    if (book->title && !strcmp(book->title, "Banned"))
        capo_invalid("banned", "This book is banned.");
}

void capo_test_models(void) { capo_models_prepare(APPS(&capo_test_library)); }

void capo_test_database(void)
{
    size_t count;
    capo_test_models();
    open_empty_database();
    Model *const *all = capo_all_models(&count);
    capo_begin();                               /* one connection for all of it */
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(all[i]->app, "library") && !all[i]->auto_created)
            capo_schema_create_model(editor, all[i]);
    capo_schema_close(editor);
    capo_commit();
    capo_test_hooks[0] = '\0';
}

Author *capo_test_author(const char *name)
{
    Author *self = capo_new(Author);
    self->name = name;
    self->email = capo_format("%s@example.com", name);
    capo_save(self);
    return self;
}

Book *capo_test_book(const char *title, Author *by)
{
    Book *self = capo_new(Book);
    self->title = title;
    self->slug = capo_slugify(title, false);
    self->author_id = by->id;
    capo_save(self);
    return self;
}

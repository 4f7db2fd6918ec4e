/* SPDX-License-Identifier: BSD-3-Clause */
/* Models out of rows: names, defaults, relations both ways, join models, and a sentence for every mistake. */
#include <capo/testing.h>
#include "../orm/models.h"
#include <string.h>

TEST(models_have_names)
{
    capo_test_models();
    EXPECT_TEXT(Book_model.label, "library.Book");
    EXPECT_TEXT(Book_model.label_lower, "library.book");
    EXPECT_TEXT(Book_model.table, "library_book");
    EXPECT_TEXT(Book_model.verbose_name, "book");
    EXPECT_TEXT(Book_model.verbose_name_plural, "books");
    EXPECT_TEXT(Country_model.verbose_name_plural, "countries");
    EXPECT(capo_model("Library.BOOK") == &Book_model);
    EXPECT(capo_model("library.nothing") == NULL);
    EXPECT(capo_model_of("library", "book") == &Book_model);
    capo_test_models();
    EXPECT(capo_model("library.book") == &Book_model);
}

TEST(models_have_a_key)
{
    capo_test_models();
    EXPECT_TEXT(Book_model.pk->name, "id");
    EXPECT(Book_model.pk->auto_created && Book_model.pk->primary_key && Book_model.pk->blank);
    EXPECT_TEXT(Book_model.pk->verbose_name, "ID");
    EXPECT_TEXT(Country_model.pk->name, "code");
    EXPECT(Country_model.pk->primary_key && Country_model.pk->unique && !Country_model.pk->auto_created);
    EXPECT(capo_field(&Country_model, "pk") == Country_model.pk);
}

TEST(model_fields_are_resolved)
{
    capo_test_models();
    Field *field = capo_field(&Book_model, "sequel_of_id");
    EXPECT(field && field == capo_field(&Book_model, "sequel_of"));
    EXPECT_TEXT(field->attname, "sequel_of_id");
    EXPECT_TEXT(field->column, "sequel_of_id");
    EXPECT_TEXT(field->verbose_name, "sequel of");
    EXPECT_TEXT(field->label, "Sequel of");
    EXPECT(field->target == &Book_model && field->target_field == Book_model.pk && field->null && field->blank && field->db_index);
    EXPECT(field->on_delete == CASCADE && field->db_constraint);
    EXPECT(capo_field(&Book_model, "country")->target_field == Country_model.pk);
    EXPECT_TEXT(capo_field(&Country_model, "name")->column, "country_name");
    EXPECT_INT(capo_field(&Kind_model, "slug")->max_length, 50);
    EXPECT(capo_field(&Kind_model, "slug")->db_index);
    EXPECT_INT(capo_field(&Kind_model, "email")->max_length, 254);
    EXPECT_INT(capo_field(&Kind_model, "url")->max_length, 200);
    EXPECT_INT(capo_field(&Kind_model, "file")->max_length, 100);
    EXPECT_INT(capo_field(&Kind_model, "address")->max_length, 39);
    EXPECT(!capo_field(&Kind_model, "created")->editable && capo_field(&Kind_model, "created")->blank);
    EXPECT(!capo_field(&Kind_model, "bytes")->editable);
    EXPECT(capo_field(&Kind_model, "positive")->minimum.set);
    EXPECT(capo_field(&Kind_model, "active")->default_value.kind == VALUE_BOOL);
    EXPECT(capo_field(&Kind_model, "o_active")->blank && !capo_field(&Kind_model, "name")->blank);
    EXPECT(capo_field(&Kind_model, "nothing") == NULL);
    EXPECT_INT(Kind_model.n_fields, 49);
    EXPECT_TEXT(capo_field_kind_name(capo_field(&Book_model, "author")->kind), "ForeignKey");
    EXPECT_INT(capo_field_kind("SlugField"), FIELD_SLUG);
}

TEST(models_know_who_points_at_them)
{
    capo_test_models();
    EXPECT(capo_reverse_field(&Author_model, "books") == capo_field(&Book_model, "author"));
    EXPECT(capo_reverse_field(&Author_model, "profile") == capo_field(&Profile_model, "author"));
    EXPECT(capo_reverse_field(&Author_model, "membership_set") == capo_field(&Membership_model, "author"));
    EXPECT(capo_reverse_field(&Author_model, "membership") == capo_field(&Membership_model, "author"));
    EXPECT(capo_reverse_field(&Author_model, "clubs") == capo_field(&Club_model, "members"));
    EXPECT(capo_reverse_field(&Genre_model, "books") == capo_field(&Book_model, "genres"));
    EXPECT(capo_reverse_field(&Country_model, "book_set") == capo_field(&Book_model, "country"));
    EXPECT(capo_reverse_field(&Country_model, "loan_set") == NULL);
    EXPECT(capo_field(&Loan_model, "country")->hidden_relation && !capo_field(&Loan_model, "country")->related_name);
    EXPECT(capo_field(&Author_model, "friends")->symmetrical && !capo_field(&Author_model, "follows")->symmetrical);
    EXPECT(capo_reverse_field(&Author_model, "followers") == capo_field(&Author_model, "follows"));
}

TEST(many_to_many_makes_a_join_model)
{
    capo_test_models();
    Field *genres = capo_field(&Book_model, "genres");
    Model *through = genres->through;
    EXPECT(through && through->auto_created && through == capo_model("library.Book_genres"));
    EXPECT_TEXT(through->table, "library_book_genres");
    EXPECT_TEXT(genres->through_source->column, "book_id");
    EXPECT_TEXT(genres->through_target->column, "genre_id");
    EXPECT_TEXT(through->verbose_name, "book-genre relationship");
    EXPECT_TEXT(through->unique_together[0][0], "book");
    Field *follows = capo_field(&Author_model, "follows");
    EXPECT_TEXT(follows->through_source->column, "from_author_id");
    EXPECT_TEXT(follows->through_target->column, "to_author_id");
    EXPECT(capo_field(&Club_model, "members")->through == &Membership_model);
    EXPECT_TEXT(capo_field(&Club_model, "members")->through_source->name, "club");
    EXPECT_TEXT(capo_field(&Club_model, "members")->through_target->name, "author");
    size_t count, seen = 0;
    Model *const *all = capo_all_models(&count);
    for (size_t i = 0; i + 1 < count; i++)
        if (all[i] == &Author_model) {
            EXPECT_TEXT(all[i + 1]->name, "Author_friends");
            EXPECT_TEXT(all[i + 2]->name, "Author_follows");
            seen++;
        }
    EXPECT_INT(seen, 1);
}

/* The names that Django 5.2 gives. */
TEST(index_names_are_djangos)
{
    capo_test_models();
    EXPECT_TEXT(capo_index_name("blog_post", LIST("author_id"), ""), "blog_post_author_id_dd7a8485");
    EXPECT_TEXT(capo_index_name("library_book", LIST("author_id", "slug"), "_uniq"), "library_book_author_id_slug_4468a01f_uniq");
    EXPECT_TEXT(capo_model_indexes(&Book_model)[0].name, "library_boo_status_a86b54_idx");
}

/* --- mistakes --- */

static Model *first, *second;

static void resolve_both(void *unused)
{
    (void)unused;
    capo_models_resolve((Model *[]){ first, second }, second ? 2 : 1);
}

static const char *mistake(const FieldRow *rows)
{
    first = capo_alloc_struct(Model);
    *first = (Model){ .name = "Thing", .app = "test", .rows = rows, .size = sizeof(Instance) };     /* as one with a struct */
    return capo_expect_raises(__FILE__, __LINE__, ERROR_IMPROPERLY_CONFIGURED, resolve_both, NULL)->message;
}

#define ROWS(...) ((const FieldRow[]){ { .name = "id", .kind = FIELD_BIG_AUTO }, __VA_ARGS__, { 0 } })
#define EXPECT_MISTAKE(sentence, ...) EXPECT_TEXT(mistake(ROWS(__VA_ARGS__)), sentence)

TEST(mistakes_of_a_field_are_sentences)
{
    EXPECT_MISTAKE("test.Thing.name: a CHAR field needs .max_length (or use TEXT for text of any length).", { .name = "name", .kind = FIELD_CHAR });
    EXPECT_MISTAKE("test.Thing.price: a DECIMAL field needs .max_digits (all digits) and .decimal_places (those behind the point).",
                   { .name = "price", .kind = FIELD_DECIMAL });
    EXPECT_MISTAKE("test.Thing.price: .decimal_places is 3 and must be between 0 and .max_digits, which is 2.",
                   { .name = "price", .kind = FIELD_DECIMAL, .options.decimal = { .max_digits = 2, .decimal_places = 3 } });
    EXPECT_MISTAKE("test.Thing.a__b: a field's name must not contain \"__\", which separates names in look-ups.", { .name = "a__b", .kind = FIELD_TEXT });
    EXPECT_MISTAKE("test.Thing.a_: a field's name must not end with an underscore.", { .name = "a_", .kind = FIELD_TEXT });
    EXPECT_MISTAKE("test.Thing has two fields called x.", { .name = "x", .kind = FIELD_TEXT }, { .name = "x", .kind = FIELD_INTEGER });
    EXPECT_MISTAKE("test.Thing.x and test.Thing.y have the same column \"x\".", { .name = "x", .kind = FIELD_TEXT },
                   { .name = "y", .kind = FIELD_INTEGER, .options.common.db_column = "x" });
}

TEST(mistake_of_a_user_model_that_the_program_is_not_compiled_for)
{
    const FieldRow key = { .name = "group", .kind = FIELD_FOREIGN_KEY, .to = "test.User", .options.relation = { .on_delete = CASCADE, .related_name = "user_set" } };
    second = capo_alloc_struct(Model);
    *second = (Model){ .name = "User", .app = "test", .size = sizeof(Instance),
                       .rows = ROWS(key, { .name = "Meta", .kind = FIELD_META, .options.meta = { .swappable = "AUTH_USER_MODEL" } }) };
    const char *said = mistake(ROWS(key, { .name = "Meta", .kind = FIELD_META, .options.meta = { .username_field = "group" } }));
    second = NULL;
    EXPECT(strstr(said, "If test.Thing is to be the site's user model, compile all of the program with -DAUTH_USER_MODEL=Thing (in meson.build: add_project_arguments); "
                        "else give .related_name to one of them.") != NULL);
}

TEST(mistakes_of_a_relation_are_sentences)
{
    EXPECT_MISTAKE("test.Thing.up: say what happens to a Thing when its up is deleted: .on_delete = CASCADE, PROTECT, RESTRICT, SET_NULL, "
                   "SET_DEFAULT, SET_VALUE, DO_NOTHING, DB_CASCADE, DB_SET_NULL or DB_SET_DEFAULT.", { .name = "up", .kind = FIELD_FOREIGN_KEY, .to = "test.Thing" });
    EXPECT_MISTAKE("test.Thing.up: .on_delete = SET_NULL needs a field that can be NULL: write OPTIONAL(FOREIGN_KEY, up, …).",
                   { .name = "up", .kind = FIELD_FOREIGN_KEY, .to = "test.Thing", .options.relation.on_delete = SET_NULL });
    EXPECT_MISTAKE("test.Thing.up points to the model test.Nothing, whose app is not among the site's apps. Add it to settings' .apps.",
                   { .name = "up", .kind = FIELD_FOREIGN_KEY, .to = "test.Nothing", .options.relation.on_delete = CASCADE });
    EXPECT_MISTAKE("test.Thing.down: its reverse accessor \"thing_set\" clashes with that of test.Thing.up. Give .related_name to one of them.\n"
                   "test.Thing.down: its reverse query name \"thing\" clashes with that of test.Thing.up. Give .related_name to one of them.",
                   { .name = "up", .kind = FIELD_FOREIGN_KEY, .to = "test.Thing", .options.relation.on_delete = CASCADE },
                   { .name = "down", .kind = FIELD_FOREIGN_KEY, .to = "test.Thing", .options.relation.on_delete = CASCADE });
    EXPECT_MISTAKE("test.Thing.up: its reverse accessor \"down\" clashes with the field test.Thing.down. Rename that field, or give .related_name.\n"
                   "test.Thing.up: its reverse query name \"down\" clashes with the field test.Thing.down. Rename that field, or give .related_name.",
                   { .name = "up", .kind = FIELD_FOREIGN_KEY, .to = "test.Thing", .options.relation = { .on_delete = CASCADE, .related_name = "down" } },
                   { .name = "down", .kind = FIELD_TEXT });
    EXPECT_MISTAKE("test.Thing.up: .to_field names name, which test.Thing does not have.",
                   { .name = "up", .kind = FIELD_FOREIGN_KEY, .to = "test.Thing", .options.relation = { .on_delete = CASCADE, .to_field = "name" } });
}

TEST(mistakes_of_meta_are_sentences)
{
    EXPECT_MISTAKE("test.Thing: .ordering names \"titel\", and test.Thing has no field \"titel\". Did you mean 'title'?",
                   { .name = "title", .kind = FIELD_TEXT }, { .name = "Meta", .kind = FIELD_META, .options.meta.ordering = LIST("-titel") });
    EXPECT_MISTAKE("test.Thing: .display names \"nam\", and test.Thing has no field \"nam\". Did you mean 'name'?",
                   { .name = "name", .kind = FIELD_TEXT }, { .name = "Meta", .kind = FIELD_META, .options.meta.display = "nam" });
    EXPECT_MISTAKE("test.Thing: .unique_together names \"nam\", a field that it does not have. Did you mean 'name'?",
                   { .name = "name", .kind = FIELD_TEXT },
                   { .name = "Meta", .kind = FIELD_META, .options.meta.unique_together = UNIQUE_TOGETHER(LIST("name", "nam")) });
    EXPECT_MISTAKE("test.Thing: .indexes names \"nam\", a field that it does not have. Did you mean 'name'?",
                   { .name = "name", .kind = FIELD_TEXT }, { .name = "Meta", .kind = FIELD_META, .options.meta.indexes = INDEXES({ .fields = LIST("nam") }) });
    EXPECT_MISTAKE("test.Thing: the constraint x needs one of .unique, .unique_parts, .check, .check_sql, .exclude and .own.",
                   { .name = "name", .kind = FIELD_TEXT }, { .name = "Meta", .kind = FIELD_META, .options.meta.constraints = CONSTRAINTS({ .name = "x" }) });
}

TEST(historical_models_need_no_struct)
{
    first = capo_alloc_struct(Model);
    second = capo_alloc_struct(Model);
    *first = (Model){ .name = "Owner", .app = "old", .rows = ROWS({ .name = "name", .kind = FIELD_CHAR, .options.text.max_length = 9 }) };
    *second = (Model){ .name = "Thing", .app = "old", .rows = ROWS(
        { .name = "owner", .kind = FIELD_FOREIGN_KEY, .to = "old.owner", .options.relation.on_delete = CASCADE },
        { .name = "code", .kind = FIELD_CHAR, .primary_key = true, .options.text.max_length = 9 },
        { .name = "friends", .kind = FIELD_MANY_TO_MANY, .to = "old.Owner", .options.many.related_name = "befriended" }) };
    resolve_both(NULL);
    second = NULL;
    Model *thing = capo_reverse_field(first, "thing")->model;
    EXPECT_TEXT(thing->pk->name, "code");
    EXPECT(capo_reverse_field(first, "befriended")->through->auto_created);
    EXPECT_TEXT(capo_reverse_field(first, "befriended")->through->table, "old_thing_friends");
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Formsets: the management form, counts and their limits, deleting, and rows of models with their parents. */
#include "../../cli/capo/testing.h"
#include "../orm/models.h"
#include <string.h>

#define CAPO_FORMS "unit/test_formsets.def"
#include <capo/declare_forms.h>
#define CAPO_FORMS "unit/test_formsets.def"
#include <capo/define_forms.h>

static const QueryDict *body(const char *text)
{
    return capo_dict_parse(text, strlen(text));
}

static Formset *lines(const char *text)
{
    return capo_formset_new(NULL, body(text), &(FormsetOptions){ .form = &LineForm_form, .max_num = 3, .min_num = 0 });
}

static const char *management(Formset *formset)
{
    Buffer out = { 0 };
    capo_formset_put_management(formset, &out);
    return capo_buffer_text(&out);
}

TEST(formsets_unbound)
{
    Formset *formset = capo_formset_new(NULL, NULL, &(FormsetOptions){ .form = &LineForm_form, .extra = 2 });
    EXPECT_INT(capo_formset_count(formset), 2);
    EXPECT(!capo_formset_is_valid(formset));
    EXPECT_TEXT(management(formset), "<input type=\"hidden\" name=\"form-TOTAL_FORMS\" value=\"2\" id=\"id_form-TOTAL_FORMS\">"
        "<input type=\"hidden\" name=\"form-INITIAL_FORMS\" value=\"0\" id=\"id_form-INITIAL_FORMS\">"
        "<input type=\"hidden\" name=\"form-MIN_NUM_FORMS\" value=\"0\" id=\"id_form-MIN_NUM_FORMS\">"
        "<input type=\"hidden\" name=\"form-MAX_NUM_FORMS\" value=\"1000\" id=\"id_form-MAX_NUM_FORMS\">");
    Buffer out = { 0 };
    capo_form_put_field(capo_formset_form(formset, 1), "text", NULL, &out);
    EXPECT_TEXT(capo_buffer_text(&out), "<input type=\"text\" name=\"form-1-text\" maxlength=\"10\" id=\"id_form-1-text\">");
    out = (Buffer){ 0 };
    capo_form_put_field(capo_formset_empty_form(formset), "DELETE", NULL, &out);
    EXPECT_TEXT(capo_buffer_text(&out), "<input type=\"checkbox\" name=\"form-__prefix__-DELETE\" id=\"id_form-__prefix__-DELETE\">");
}

TEST(formsets_validate_their_forms)
{
    Formset *formset = lines("form-TOTAL_FORMS=3&form-INITIAL_FORMS=0&form-0-text=a&form-0-n=1&form-1-text=&form-1-n=");
    EXPECT(capo_formset_is_valid(formset));                  /* the second and third are untouched */
    EXPECT_TEXT(capo_form_value(capo_formset_form(formset, 0), "text").text, "a");
    EXPECT(capo_formset_has_changed(formset));
    formset = lines("form-TOTAL_FORMS=2&form-INITIAL_FORMS=0&form-0-text=a&form-0-n=1&form-1-text=b&form-1-n=x");
    EXPECT(!capo_formset_is_valid(formset));
    EXPECT_INT(capo_formset_error_count(formset), 1);
    EXPECT_TEXT(capo_form_errors(capo_formset_form(formset, 1), "n")[0], "Enter a whole number.");
    formset = lines("form-TOTAL_FORMS=2&form-INITIAL_FORMS=0&form-0-text=a&form-0-n=1&form-1-text=b&form-1-n=x&form-1-DELETE=on");
    EXPECT(capo_formset_is_valid(formset));
    EXPECT(capo_formset_is_deleted(formset, 1) && !capo_formset_is_deleted(formset, 0));
}

/* SEC-259 */
TEST(sec_259_management_form_that_was_tampered_with)
{
    static const char missing[] = "ManagementForm data is missing or has been tampered with. Missing fields: form-TOTAL_FORMS, form-INITIAL_FORMS. "
        "You may need to file a bug report if the issue persists.";
    static const char *const bad[] = { "", "form-TOTAL_FORMS=x&form-INITIAL_FORMS=y", "form-TOTAL_FORMS=-1&form-INITIAL_FORMS=-5", "form-TOTAL_FORMS=99999999999999999999&form-INITIAL_FORMS=" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Formset *formset = lines(bad[i]);
        EXPECT(!capo_formset_is_valid(formset));
        EXPECT_INT(capo_formset_count(formset), 0);
        EXPECT_TEXT(capo_formset_errors(formset)[0], missing);
    }
    Formset *formset = lines("form-TOTAL_FORMS=1000000000&form-INITIAL_FORMS=1000000000");
    EXPECT_INT(capo_formset_count(formset), 1003);           /* max_num and a thousand */
    EXPECT(!capo_formset_is_valid(formset));
    EXPECT_TEXT(capo_formset_errors(formset)[0], "Please submit at most 3 forms.");
}

TEST(formsets_limits)
{
    const char *two = "form-TOTAL_FORMS=2&form-INITIAL_FORMS=0&form-0-text=a&form-0-n=1&form-1-text=b&form-1-n=2";
    Formset *formset = capo_formset_new(NULL, body(two), &(FormsetOptions){ .form = &LineForm_form, .max_num = 1, .validate_max = true });
    EXPECT(!capo_formset_is_valid(formset));
    EXPECT_TEXT(capo_formset_errors(formset)[0], "Please submit at most 1 form.");
    formset = capo_formset_new(NULL, body(two), &(FormsetOptions){ .form = &LineForm_form, .min_num = 3, .validate_min = true });
    EXPECT(!capo_formset_is_valid(formset));
    EXPECT_TEXT(capo_formset_errors(formset)[0], "Please submit at least 3 forms.");
    formset = capo_formset_new(NULL, body(two), &(FormsetOptions){ .form = &LineForm_form, .min_num = 2, .validate_min = true, .validate_max = true, .max_num = 2 });
    EXPECT(capo_formset_is_valid(formset));
}

TEST(formsets_of_a_model)
{
    capo_test_database();
    Author *ann = capo_test_author("Ann"), *bob = capo_test_author("Bob"), *eve = capo_test_author("Eve");
    FormsetOptions options = { .fields = LIST("name", "email"), .extra = 1 };
    Formset *formset = capo_model_formset_new(&Author_model, NULL, NULL, &options);
    EXPECT_INT(capo_formset_count(formset), 4);
    EXPECT_INT(capo_formset_initial_count(formset), 3);
    Buffer out = { 0 };
    capo_form_put_field(capo_formset_form(formset, 0), "id", NULL, &out);
    EXPECT_TEXT(capo_buffer_text(&out), capo_format("<input type=\"hidden\" name=\"form-0-id\" value=\"%lld\" id=\"id_form-0-id\">", (long long)ann->id));
    formset = capo_model_formset_new(&Author_model, NULL, body("form-TOTAL_FORMS=5&form-INITIAL_FORMS=3&form-0-id=1&form-0-name=Anna&form-0-email=Ann%40example.com"
        "&form-1-id=2&form-1-name=Bob&form-1-email=Bob%40example.com&form-2-id=3&form-2-name=Eve&form-2-email=Eve%40example.com&form-2-DELETE=on"
        "&form-3-id=&form-3-name=New&form-3-email=new%40example.com&form-4-id=&form-4-name=&form-4-email="), &options);
    if (!capo_formset_is_valid(formset))
        capo_test_fail(__FILE__, __LINE__, "%s", capo_json_text(capo_value_map(capo_form_errors_map(capo_formset_form(formset, 0))), 0));
    FormsetResult result = capo_formset_save(formset);
    EXPECT_TEXT(((Author *)result.created[0])->name, "New");
    EXPECT(result.created[1] == NULL);
    EXPECT_TEXT(((Author *)result.changed[0])->name, "Anna");
    EXPECT(result.changed[1] == NULL);
    EXPECT_TEXT(capo_join(result.changed_fields[0], ","), "name");
    EXPECT_TEXT(((Author *)result.deleted[0])->name, "Eve");
    EXPECT(result.deleted[1] == NULL);
    EXPECT_INT(capo_query_count(capo_query_of(&Author_model)), 3);
    (void)bob, (void)eve;
}

/* SEC-260: a key of a row outside the query, or of none, changes nothing. */
TEST(sec_260_formset_rows_outside_the_query)
{
    capo_test_database();
    capo_test_author("Ann");
    capo_test_author("Bob");
    FormsetOptions options = { .fields = LIST("name", "email"), .extra_set = true, .query = capo_query(Author, .where = { .name = EQ("Ann") }) };
    static const char *const keys[] = { "2", "99", "x", "" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        Formset *formset = capo_model_formset_new(&Author_model, NULL, body(capo_format(
            "form-TOTAL_FORMS=1&form-INITIAL_FORMS=1&form-0-id=%s&form-0-name=Evil&form-0-email=e%%40example.com", keys[i])), &options);
        EXPECT(!capo_formset_is_valid(formset));
        EXPECT(capo_form_errors(capo_formset_form(formset, 0), "id")[0] != NULL);
    }
    EXPECT_INT(capo_query_count(capo_query(Author, .where = { .name = EQ("Evil") })), 0);
}

TEST(formsets_duplicates_on_one_page)
{
    capo_test_database();
    Formset *formset = capo_model_formset_new(&Author_model, NULL, body("form-TOTAL_FORMS=2&form-INITIAL_FORMS=0&form-0-name=A&form-0-email=same%40example.com"
        "&form-1-name=B&form-1-email=same%40example.com"), &(FormsetOptions){ .fields = LIST("name", "email") });
    EXPECT(!capo_formset_is_valid(formset));
    EXPECT_TEXT(capo_formset_errors(formset)[0], "Please correct the duplicate data for email.");
    EXPECT_TEXT(capo_form_errors(capo_formset_form(formset, 1), NULL)[0], "Please correct the duplicate values below.");
}

TEST(formsets_inline)
{
    capo_test_database();
    Author *ann = capo_test_author("Ann");
    FormsetOptions options = { .fields = LIST("title", "slug", "status", "pages"), .extra = 1 };
    Formset *formset = capo_inline_formset_new(&ann->capo, &Book_model, NULL, NULL, &(FormsetOptions){ .fk_name = "author", .fields = options.fields });
    EXPECT_TEXT(capo_formset_prefix(formset), "books");
    EXPECT_INT(capo_formset_count(formset), 3);
    Buffer out = { 0 };
    capo_form_put_field(capo_formset_form(formset, 0), "author", NULL, &out);
    EXPECT_TEXT(capo_buffer_text(&out), "<input type=\"hidden\" name=\"books-0-author\" value=\"1\" id=\"id_books-0-author\">");
    options.fk_name = "author";
    /* A parent that is new with its children. */
    Author *bob = capo_new(Author);
    bob->name = "Bob";
    bob->email = "bob@example.com";
    formset = capo_inline_formset_new(&bob->capo, &Book_model, NULL, body("books-TOTAL_FORMS=2&books-INITIAL_FORMS=0&books-0-id=&books-0-author="
        "&books-0-title=One&books-0-slug=one&books-0-status=d&books-0-pages=1&books-1-status=d&books-1-pages=0"), &options);
    if (!capo_formset_is_valid(formset))
        capo_test_fail(__FILE__, __LINE__, "%s", capo_json_text(capo_value_map(capo_form_errors_map(capo_formset_form(formset, 0))), 0));
    capo_save(bob);
    FormsetResult result = capo_formset_save(formset);
    EXPECT_INT(((Book *)result.created[0])->author_id, bob->id);
    EXPECT(result.created[1] == NULL);
    /* Unique together with the parent, and a parent that is not this one. */
    formset = capo_inline_formset_new(&bob->capo, &Book_model, NULL, body(capo_format("books-TOTAL_FORMS=2&books-INITIAL_FORMS=1&books-0-id=%lld&books-0-author=%lld"
        "&books-0-title=One&books-0-slug=one&books-0-status=d&books-0-pages=1&books-1-title=Two&books-1-slug=one&books-1-status=d&books-1-pages=0&books-1-author=%lld",
        (long long)((Book *)result.created[0])->id, (long long)ann->id, (long long)bob->id)), &options);
    EXPECT(!capo_formset_is_valid(formset));
    EXPECT_TEXT(capo_form_errors(capo_formset_form(formset, 0), "author")[0], "The inline value did not match the parent instance.");
    EXPECT_TEXT(capo_formset_errors(formset)[0], "Please correct the duplicate data for slug.");
    EXPECT_TEXT(capo_form_errors(capo_formset_form(formset, 1), NULL)[0], "Book with this Author and Slug already exists.");
}

TEST(formsets_load_choices_once)
{
    capo_test_database();
    Author *ann = capo_test_author("Ann");
    Formset *formset = capo_inline_formset_new(&ann->capo, &Book_model, NULL, NULL, &(FormsetOptions){ .fk_name = "author", .fields = LIST("title", "editor"), .extra = 5 });
    size_t before = capo_test_query_count();
    Buffer out = { 0 };
    for (size_t i = 0; i < capo_formset_count(formset); i++)
        capo_form_put_field(capo_formset_form(formset, i), "editor", NULL, &out);
    EXPECT_INT(capo_test_query_count() - before, 1);
}

static void ask(void *name) { capo_inline_foreign_key(&Author_model, &Book_model, name); }

TEST(formsets_inline_which_key)
{
    capo_test_models();
    EXPECT_TEXT(capo_inline_foreign_key(&Club_model, &Membership_model, NULL)->name, "club");
    EXPECT_TEXT(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, ask, NULL)->message,
                "'library.Book' has more than one ForeignKey to 'library.Author'. You must specify a 'fk_name' attribute.");
    EXPECT_TEXT(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, ask, "x")->message, "'library.Book' has no ForeignKey named 'x' to 'library.Author'.");
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Forms of models: the form field of every kind, cleaning of the instance with uniqueness, saving, choices out of queries. */
#include "../../cli/capo/testing.h"
#include "../orm/models.h"
#include <string.h>

#define CAPO_FORMS "unit/test_model_forms.def"
#include <capo/declare_forms.h>
#define CAPO_FORMS "unit/test_model_forms.def"
#include <capo/define_forms.h>

static const QueryDict *body(const char *text)
{
    return capo_dict_parse(text, strlen(text));
}

static Genre *genre(const char *name)
{
    Genre *self = capo_new(Genre);
    self->name = name;
    capo_save(self);
    return self;
}

static const char *errors(Form *form)
{
    return capo_json_text(capo_value_map(capo_form_errors_map(form)), 0);
}

static const char *field_html(Form *form, const char *name)
{
    Buffer out = { 0 };
    capo_form_put_field(form, name, NULL, &out);
    return capo_buffer_text(&out);
}

TEST(model_forms_have_a_field_for_each_kind)
{
    capo_test_models();
    static const struct { const char *name; FormFieldKind kind; bool optional; const char *html; } wanted[] = {
        { "name", FORM_CHAR, false, "<input type=\"text\" name=\"name\" maxlength=\"40\" required id=\"id_name\">" },
        { "text", FORM_CHAR, true, "<textarea name=\"text\" cols=\"40\" rows=\"10\" id=\"id_text\">\n</textarea>" },
        { "slug", FORM_SLUG, false, "<input type=\"text\" name=\"slug\" value=\"none\" maxlength=\"50\" required id=\"id_slug\">" },
        { "email", FORM_EMAIL, true, "<input type=\"email\" name=\"email\" maxlength=\"254\" id=\"id_email\">" },
        { "url", FORM_URL, true, "<input type=\"url\" name=\"url\" maxlength=\"200\" id=\"id_url\">" },
        { "file", FORM_FILE_PATH, true, NULL },
        { "address", FORM_IP_ADDRESS, false, NULL },
        { "integer", FORM_INTEGER, false, "<input type=\"number\" name=\"integer\" value=\"0\" required id=\"id_integer\">" },
        { "big", FORM_INTEGER, false, "<input type=\"number\" name=\"big\" value=\"0\" min=\"-9223372036854775808\" max=\"9223372036854775807\" required id=\"id_big\">" },
        { "small", FORM_INTEGER, false, "<input type=\"number\" name=\"small\" value=\"-3\" min=\"-10\" max=\"10\" required id=\"id_small\">" },
        { "positive", FORM_INTEGER, false, "<input type=\"number\" name=\"positive\" value=\"1\" min=\"0\" required id=\"id_positive\">" },
        { "real", FORM_FLOAT, false, "<input type=\"number\" name=\"real\" value=\"1.5\" step=\"any\" required id=\"id_real\">" },
        { "price", FORM_DECIMAL, false, "<input type=\"number\" name=\"price\" value=\"9.90\" step=\"0.01\" required id=\"id_price\">" },
        { "active", FORM_BOOLEAN, true, "<input type=\"checkbox\" name=\"active\" id=\"id_active\" checked>" },
        { "day", FORM_DATE, false, "<input type=\"text\" name=\"day\" value=\"2026-11-22\" required id=\"id_day\">" },
        { "hour", FORM_TIME, false, "<input type=\"text\" name=\"hour\" value=\"08:30:00\" required id=\"id_hour\">" },
        { "moment", FORM_DATETIME, false, "<input type=\"text\" name=\"moment\" value=\"2026-11-22 08:30:00\" required id=\"id_moment\">" },
        { "length", FORM_DURATION, false, "<input type=\"text\" name=\"length\" value=\"01:00:00\" required id=\"id_length\">" },
        { "code", FORM_UUID, false, NULL },
        { "data", FORM_JSON, false, "<textarea name=\"data\" cols=\"40\" rows=\"10\" required id=\"id_data\">\n{&quot;a&quot;: 1}</textarea>" },
        { "o_active", FORM_NULL_BOOLEAN, true, "<select name=\"o_active\" id=\"id_o_active\">\n  <option value=\"unknown\" selected>Unknown</option>\n"
            "  <option value=\"true\">Yes</option>\n  <option value=\"false\">No</option>\n</select>" },
        { "o_price", FORM_DECIMAL, true, "<input type=\"number\" name=\"o_price\" step=\"0.01\" id=\"id_o_price\">" },
    };
    Form *form = capo_model_form_new(&Kind_model, NULL, NULL, NULL, NULL, NULL);
    EXPECT(!capo_form_field(form, "id") && !capo_form_field(form, "bytes") && !capo_form_field(form, "created") && !capo_form_field(form, "changed"));
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        FormField *field = capo_form_field(form, wanted[i].name);
        if (!field)
            capo_test_fail(__FILE__, __LINE__, "no field %s", wanted[i].name);
        EXPECT_TEXT(capo_form_kind_name(field->kind), capo_form_kind_name(wanted[i].kind));
        EXPECT_INT(field->optional, wanted[i].optional);
        if (wanted[i].html)
            EXPECT_TEXT(field_html(form, wanted[i].name), wanted[i].html);
    }
    EXPECT(capo_form_field(form, "o_char")->null_empty);
    EXPECT(!capo_form_field(form, "o_text")->null_empty);
}

TEST(model_forms_choices_and_relations)
{
    capo_test_database();
    capo_test_author("Ann");
    Form *form = capo_model_form_new(&Book_model, LIST("status", "author", "editor", "genres"), NULL, NULL, NULL, NULL);
    EXPECT_TEXT(field_html(form, "status"), "<select name=\"status\" id=\"id_status\">\n  <option value=\"d\" selected>Draft</option>\n"
        "  <option value=\"p\">Published</option>\n</select>");
    EXPECT_TEXT(field_html(form, "author"), "<select name=\"author\" required id=\"id_author\">\n  <option value=\"\" selected>---------</option>\n"
        "  <option value=\"1\">Ann</option>\n</select>");
    EXPECT(strstr(field_html(form, "editor"), "<select name=\"editor\" id=\"id_editor\">"));
    EXPECT_TEXT(field_html(form, "genres"), "<select name=\"genres\" id=\"id_genres\" multiple>\n</select>");
}

TEST(model_forms_save_an_instance)
{
    capo_test_database();
    Author *ann = capo_test_author("Ann");
    Genre *novel = genre("Novel"), *crime = genre("Crime");
    const char *text = capo_format("title=First&slug=first&author=%lld&genres=%lld&genres=%lld&status=p&pages=12&published=2026-11-22+08:30",
                                   (long long)ann->id, (long long)novel->id, (long long)crime->id);
    BookForm *form = capo_form(BookForm, NULL, .data = body(text));
    if (!capo_is_valid(form))
        capo_test_fail(__FILE__, __LINE__, "%s", errors(form->capo));
    Book *book = capo_form_object(form);
    EXPECT(!capo_instance_is_saved(&book->capo));
    EXPECT_TEXT(book->title, "First");
    EXPECT_INT(book->author_id, ann->id);
    EXPECT_INT(book->pages, 12);
    EXPECT(book->published.present);
    capo_form_save(form->capo);
    EXPECT(capo_instance_is_saved(&book->capo));
    EXPECT_INT(capo_query_count(capo_related_query(book, "genres")), 2);
    /* An edit: what was not sent of a field with a default keeps it; fields that are not in the form stay. */
    form = capo_form(BookForm, NULL, .instance = &book->capo, .data = body(capo_format("title=Second&slug=first&author=%lld&status=d&pages=", (long long)ann->id)));
    EXPECT(!capo_is_valid(form));
    EXPECT_TEXT(errors(form->capo), "{\"pages\": [\"This field is required.\"]}");
    book = capo_get(Book, .where = { .slug = EQ("first") });
    form = capo_form(BookForm, NULL, .instance = &book->capo, .data = body(capo_format("title=Second&slug=first&author=%lld&status=d&pages=3", (long long)ann->id)));
    EXPECT(capo_is_valid(form));
    EXPECT_TEXT(capo_join(capo_form_changed_data(form->capo), ","), "title,genres,status,pages,published");
    capo_form_save(form->capo);
    EXPECT_INT(capo_query_count(capo_query_of(&Book_model)), 1);
    EXPECT_INT(capo_query_count(capo_related_query(book, "genres")), 0);
    EXPECT(!book->published.present);
}

TEST(model_forms_uniqueness_and_the_models_clean)
{
    capo_test_database();
    capo_test_author("Ann");
    AuthorForm *form = capo_form(AuthorForm, NULL, .data = body("name=Other&email=Ann%40example.com"));
    EXPECT_TEXT(errors(form->capo), "{\"email\": [\"Author with this Email already exists.\"]}");
    const char *text = "title=T&slug=s&author=1&status=d&pages=1";
    capo_form_save(capo_form(BookForm, NULL, .data = body(text))->capo);
    BookForm *again = capo_form(BookForm, NULL, .data = body(text));
    EXPECT(strstr(errors(again->capo), "\"__all__\": [\"Book with this Author and Slug already exists.\""));
    again = capo_form(BookForm, NULL, .data = body("title=Untitled&slug=u&author=1&status=d&pages=20000"));
    EXPECT_TEXT(errors(again->capo), "{\"title\": [\"A book has a title.\"], \"__all__\": [\"Too many pages.\"]}");
    again = capo_form(BookForm, NULL, .data = body("title=Banned&slug=u&author=1&status=d&pages=2"));
    EXPECT_TEXT(errors(again->capo), "{\"__all__\": [\"This book is banned.\"]}");
    again = capo_form(BookForm, NULL, .data = body("title=X&slug=u&author=1&status=z&pages=99999999999999999999"));
    EXPECT_TEXT(errors(again->capo), "{\"status\": [\"Select a valid choice. z is not one of the available choices.\"], "
        "\"pages\": [\"Ensure this value is less than or equal to 9223372036854775807.\"]}");
}

static void save_invalid(void *form) { capo_form_save(form); }
static void make(void *type) { capo_form_make(type, NULL, &(FormOptions){ 0 }); }

TEST(model_forms_say_what_is_wrong_with_their_declaration)
{
    capo_test_database();
    EXPECT_TEXT(EXPECT_RAISES(500, make, (void *)&WrongForm_form)->message,
                "bug: the form WrongForm of the model Book must say .fields = LIST(…), or .all_fields = true");
    EXPECT_TEXT(EXPECT_RAISES(ERROR_FIELD, make, (void *)&MisspeltForm_form)->message, "Unknown field(s) (titel) specified for Book. Did you mean 'title'?");
    EXPECT_TEXT(EXPECT_RAISES(ERROR_FIELD, make, (void *)&HiddenForm_form)->message,
                "'created' cannot be specified for Kind model form as it is a non-editable field.");
    AuthorForm *form = capo_form(AuthorForm, NULL, .data = body("name="));
    EXPECT_TEXT(EXPECT_RAISES(ERROR_VALUE, save_invalid, form->capo)->message, "The Author could not be created because the data didn't validate.");
    EXPECT_INT(capo_query_count(capo_query_of(&Author_model)), 0);
}

/* SEC-261: a key that is not among the rows, or is no key; many at once. */
TEST(sec_261_keys_out_of_the_query)
{
    capo_test_database();
    Author *ann = capo_test_author("Ann"), *bob = capo_test_author("Bob");
    Genre *novel = genre("Novel");
    PickForm *form = capo_form(PickForm, NULL, .data = body(capo_format("author=%lld&genres=%lld", (long long)ann->id, (long long)novel->id)));
    EXPECT(capo_is_valid(form));
    EXPECT_TEXT(form->author->name, "Ann");
    EXPECT_TEXT(form->genres[0]->name, "Novel");
    EXPECT(form->genres[1] == NULL);
    form = capo_form(PickForm, NULL, .data = body("author=99&genres=x"));
    EXPECT_TEXT(errors(form->capo), "{\"author\": [\"Select a valid choice. That choice is not one of the available choices.\"], "
        "\"genres\": [\"\\u201cx\\u201d is not a valid value.\"]}");
    form = capo_form(PickForm, NULL, .data = body("author=1%27+OR+1%3D1&genres=1&genres=77"));
    EXPECT_TEXT(errors(form->capo), "{\"author\": [\"Select a valid choice. That choice is not one of the available choices.\"], "
        "\"genres\": [\"Select a valid choice. 77 is not one of the available choices.\"]}");
    Query *only_ann = capo_query(Author, .where = { .name = EQ("Ann") });
    Form *narrow = capo_form_new(body(capo_format("author=%lld", (long long)bob->id)), NULL, NULL);
    capo_form_add_field(narrow, &(FormField){ .name = "author", .kind = FORM_MODEL_CHOICE, .query = only_ann });
    EXPECT(!capo_form_is_valid(narrow));
    List *many = capo_list_new();
    for (int i = 0; i < 100000; i++)
        capo_list_add(many, capo_value_text(capo_format("%d", i)));
    FormField field = { .name = "genres", .kind = FORM_MODEL_MULTIPLE_CHOICE, .query = capo_query_of(&Genre_model) };
    const ValidationError *problems = NULL;
    Value value;
    EXPECT(!capo_form_field_clean(&field, capo_value_list(many), &value, &problems));
    EXPECT_TEXT(problems->message, "Enter a list of values.");
}

/* A key that refers to another field than the target's own key: what the page holds is that field. */
TEST(model_forms_with_a_to_field)
{
    capo_test_database();
    Country *country = capo_new(Country);
    country->code = "DE";
    country->name = "Germany";
    capo_instance_insert(&country->capo);
    capo_test_author("Ann");
    Form *form = capo_model_form_new(&Book_model, LIST("title", "slug", "author", "country"), NULL, body("title=T&slug=s&author=1&country=DE"), NULL, NULL);
    EXPECT_TEXT(errors(form), "{}");
    Book *book = (Book *)capo_form_save(form);
    EXPECT(book->country_id.present);
    EXPECT_TEXT(book->country_id.value, "DE");
    EXPECT(strstr(field_html(capo_model_form_new(&Book_model, LIST("country"), NULL, NULL, NULL, &(FormOptions){ .instance = &book->capo }), "country"),
                  "<option value=\"DE\" selected>Germany (DE)</option>"));
}

/* SEC-260: a model changes only in the fields of its form. */
TEST(sec_260_only_listed_fields_of_a_model)
{
    capo_test_database();
    capo_test_author("Ann");
    Form *form = capo_model_form_new(&Book_model, LIST("title", "slug", "author"), NULL, body("title=T&slug=s&author=1&pages=77&status=p&id=5"), NULL, NULL);
    EXPECT(capo_form_is_valid(form));
    Book *book = (Book *)capo_form_save(form);
    EXPECT_INT(book->id, 1);
    EXPECT_INT(book->pages, 0);
    EXPECT_TEXT(book->status, "d");
}

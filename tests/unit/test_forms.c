/* SPDX-License-Identifier: BSD-3-Clause */
/* Declared forms: binding, cleaning in order, errors, typed values, what templates see of them, and SECURITY.md's rows. */
#include "../../cli/capo/testing.h"
#include <string.h>

#define CAPO_FORMS "unit/test_forms.def"
#include <capo/declare_forms.h>

static Value contact_clean_subject(Form *form, Value value)
{
    (void)form;
    if (strstr(value.text, "spam"))
        capo_invalid("spam", "No %s, please.", "spam");
    return capo_value_text(capo_upper(value.text));
}

static void contact_clean(Form *form)
{
    if (capo_form_has_value(form, "sender") && !strcmp(capo_form_value(form, "sender").text, "no@example.com"))
        capo_add_error(form, "sender", "unwanted", "Not %s.", "you");
    if (capo_truth(capo_form_value(form, "cc_myself")) && !capo_form_has_value(form, "subject"))
        capo_invalid("help", "Say what the copy is about.");
}

#define CAPO_FORMS "unit/test_forms.def"
#include <capo/define_forms.h>

static const QueryDict *body(const char *text)
{
    return capo_dict_parse(text, strlen(text));
}

static ContactForm *contact(const char *text)
{
    return capo_form(ContactForm, NULL, .data = body(text));
}

static const char *html(Value value)
{
    Buffer out = { 0 };
    if (value.kind == VALUE_OBJECT && value.object->ops->html)
        value.object->ops->html(value.object, &out);
    else
        capo_put_value(&out, value);
    return capo_buffer_text(&out);
}

static Value get(Form *form, const char *path)
{
    Value value = capo_value_object(form);
    char **names = capo_split(path, '.', NULL);
    for (; *names; names++)
        if (!capo_lookup(value, *names, strlen(*names), &value))
            capo_test_fail(__FILE__, __LINE__, "%s has no %s", path, *names);
    return value;
}

TEST(forms_unbound_are_not_valid)
{
    ContactForm *form = capo_form(ContactForm, NULL);
    EXPECT(!capo_form_is_bound(form->capo));
    EXPECT(!capo_is_valid(form));
    EXPECT_INT(capo_form_error_count(form->capo), 0);
    EXPECT_TEXT(html(get(form->capo, "errors")), "");
}

TEST(forms_give_typed_values)
{
    ContactForm *form = contact("subject=+hello+&sender=a%40b.co&message=long+enough&cc_myself=on");
    EXPECT(capo_is_valid(form));
    EXPECT_TEXT(form->subject, "HELLO");                     /* stripped, then clean_subject */
    EXPECT_TEXT(form->sender, "a@b.co");
    EXPECT(form->cc_myself == true);
    form = contact("subject=x&sender=a%40b.co&message=long+enough");
    EXPECT(capo_is_valid(form));
    EXPECT(form->cc_myself == false);
}

TEST(forms_say_what_is_wrong)
{
    ContactForm *form = contact("subject=&sender=x&message=abc&cc_myself=on");
    EXPECT(!capo_is_valid(form));
    EXPECT_TEXT(capo_json_text(capo_value_map(capo_form_errors_map(form->capo)), 0),
        "{\"subject\": [\"This field is required.\"], \"sender\": [\"Enter a valid email address.\"], "
        "\"message\": [\"Ensure this value has at least 5 characters (it has 3).\"], \"__all__\": [\"Say what the copy is about.\"]}");
    EXPECT_INT(capo_form_error_count(form->capo), 4);
    form = contact("subject=spam&sender=no%40example.com&message=long+enough");
    EXPECT_TEXT(capo_form_errors(form->capo, "subject")[0], "No spam, please.");
    EXPECT_TEXT(capo_form_errors(form->capo, "sender")[0], "Not you.");
    EXPECT(!capo_form_has_value(form->capo, "sender"));
    EXPECT(capo_form_errors(form->capo, NULL)[0] == NULL);
}

TEST(forms_every_word_becomes_its_c_type)
{
    WideForm *form = capo_form(WideForm, NULL, .data = body("name=Ann&age=41&height=&weight=60.5&price=12.50&member=true&day=2026-11-22&at=08:30"
        "&sent=2026-11-22+08:30&published_0=2026-11-22&published_1=08:30&span=1+00:00:03&token=550e8400e29b41d4a716446655440000"
        "&data=%7B%22a%22%3A1%7D&link=example.com&slug=a-b&address=%3A%3A1&colour=g&size=2&tags=a&tags=c"));
    if (!capo_is_valid(form))
        capo_test_fail(__FILE__, __LINE__, "%s", capo_json_text(capo_value_map(capo_form_errors_map(form->capo)), 0));
    EXPECT_TEXT(form->name, "Ann");
    EXPECT_INT(form->age, 41);
    EXPECT(!form->height.present);
    EXPECT(form->weight == 60.5);
    EXPECT(form->price.present);
    EXPECT_TEXT(form->price.value.text, "12.50");
    EXPECT(form->member.present && form->member.value);
    EXPECT_TEXT(capo_date_iso(form->day.value), "2026-11-22");
    EXPECT_TEXT(capo_time_iso(form->at.value), "08:30:00");
    EXPECT(form->sent.value.microseconds == form->published.value.microseconds);
    EXPECT_INT(form->span.value.microseconds, (86400 + 3) * 1000000LL);
    EXPECT_TEXT(capo_uuid_text(&form->token.value), "550e8400-e29b-41d4-a716-446655440000");
    EXPECT_TEXT(capo_json_text(form->data.value, 0), "{\"a\": 1}");
    EXPECT_TEXT(form->link, "http://example.com");
    EXPECT_TEXT(form->slug, "a-b");
    EXPECT_TEXT(form->address, "::1");
    EXPECT_TEXT(form->colour, "g");
    EXPECT_INT(form->size, 2);
    EXPECT_TEXT(form->tags[0], "a");
    EXPECT_TEXT(form->tags[1], "c");
    EXPECT(form->tags[2] == NULL);
    EXPECT(form->upload == NULL);
}

TEST(forms_empty_optional_values)
{
    WideForm *form = capo_form(WideForm, NULL, .data = body("name=Ann&age=41&size=1"));
    EXPECT(capo_is_valid(form));
    EXPECT(!form->price.present && !form->member.present && !form->day.present && !form->token.present);
    EXPECT(form->link == NULL);
    EXPECT_TEXT(form->colour, "");
    EXPECT(form->tags && form->tags[0] == NULL);
    form = capo_form(WideForm, NULL, .data = body("age=151&size=3&tags=z&colour=x"));
    EXPECT_TEXT(capo_form_errors(form->capo, "name")[0], "Say your name.");
    EXPECT_TEXT(capo_form_errors(form->capo, "age")[0], "Ensure this value is less than or equal to 150.");
    EXPECT_TEXT(capo_form_errors(form->capo, "size")[0], "Select a valid choice. 3 is not one of the available choices.");
    EXPECT_TEXT(capo_form_errors(form->capo, "tags")[0], "Select a valid choice. z is not one of the available choices.");
}

TEST(forms_boxes_that_must_be_ticked)
{
    TermsForm *form = capo_form(TermsForm, NULL, .data = body(""));
    EXPECT_TEXT(capo_form_errors(form->capo, "agreed")[0], "This field is required.");
    EXPECT_TEXT(html(get(form->capo, "agreed.label_tag")), "<label for=\"id_agreed\" class=\"required\">I agree.</label>");
    EXPECT(capo_starts_with(html(get(form->capo, "as_p")), "<ul class=\"errorlist\" id=\"id_agreed_error\"><li>This field is required.</li></ul>  <p class=\"error required\">\n"));
    EXPECT(capo_is_valid(capo_form(TermsForm, NULL, .data = body("agreed=on"))));
}

TEST(forms_know_what_changed)
{
    const char *text = "subject=x&sender=a%40b.co&message=long+enough";
    ContactForm *form = capo_form(ContactForm, NULL, .data = body(text),
        .initial = CAPO_VARS(V("subject", "x"), V("sender", "a@b.co"), V("message", "another one")));
    EXPECT_TEXT(capo_form_changed_data(form->capo)[0], "message");
    EXPECT(capo_form_changed_data(form->capo)[1] == NULL);
    form = capo_form(ContactForm, NULL, .data = body(""), .empty_permitted = true);
    EXPECT(!capo_form_has_changed(form->capo));
    EXPECT(capo_is_valid(form));
}

TEST(forms_prefix_and_ids)
{
    ContactForm *form = capo_form(ContactForm, NULL, .prefix = "c-0", .data = body("c-0-subject=x&subject=y"));
    EXPECT_TEXT(html(get(form->capo, "subject")),
        "<input type=\"text\" name=\"c-0-subject\" value=\"x\" maxlength=\"20\" required aria-describedby=\"id_c-0-subject_helptext\" id=\"id_c-0-subject\">");
    form = capo_form(ContactForm, NULL, .auto_id = "");
    EXPECT_TEXT(html(get(form->capo, "sender.label_tag")), "Sender:");
    EXPECT_TEXT(html(get(form->capo, "sender")), "<input type=\"email\" name=\"sender\" maxlength=\"320\" required>");
}

/* As Django 5.2's as_div prints it. */
TEST(forms_as_div)
{
    LoginForm *form = capo_form(LoginForm, NULL, .data = body("username=&password=p&next=/x/"));
    EXPECT_TEXT(html(capo_value_object(form->capo)),
        "  <div>\n<label for=\"id_username\">Username:</label>\n<ul class=\"errorlist\" id=\"id_username_error\"><li>This field is required.</li></ul>\n"
        "<input type=\"text\" name=\"username\" maxlength=\"150\" required aria-invalid=\"true\" aria-describedby=\"id_username_error\" id=\"id_username\">\n"
        "  </div>\n  <div>\n<label for=\"id_password\">Password:</label>\n\n<input type=\"password\" name=\"password\" required id=\"id_password\">"
        "<input type=\"hidden\" name=\"next\" value=\"/x/\" id=\"id_next\">\n  </div>\n");
}

TEST(forms_as_p_table_ul)
{
    ContactForm *form = contact("subject=x&sender=&message=long+enough");
    const char *p = html(get(form->capo, "as_p"));
    EXPECT(strstr(p, "<ul class=\"errorlist\" id=\"id_sender_error\"><li>This field is required.</li></ul>  <p>\n<label for=\"id_sender\">Sender:</label>"));
    EXPECT(strstr(p, "<span class=\"helptext\" id=\"id_subject_helptext\">What is it about?</span>\n  </p>"));
    const char *table = html(get(form->capo, "as_table"));
    EXPECT(strstr(table, "<tr>\n    <th><label for=\"id_sender\">Sender:</label></th>\n    <td>\n<ul class=\"errorlist\" id=\"id_sender_error\">"));
    EXPECT(strstr(table, "<br>\n<span class=\"helptext\" id=\"id_subject_helptext\">"));
    const char *ul = html(get(form->capo, "as_ul"));
    EXPECT(strstr(ul, "<li>\n<ul class=\"errorlist\" id=\"id_sender_error\"><li>This field is required.</li></ul><label for=\"id_sender\">Sender:</label>\n"));
}

TEST(forms_as_templates_see_them)
{
    ContactForm *form = contact("subject=&sender=x&message=abc&cc_myself=on");
    EXPECT_TEXT(html(get(form->capo, "cc_myself.label_tag")), "<label for=\"id_cc_myself\">Send me a copy:</label>");
    EXPECT_TEXT(html(get(form->capo, "sender.errors")), "<ul class=\"errorlist\" id=\"id_sender_error\"><li>Enter a valid email address.</li></ul>");
    EXPECT_TEXT(html(get(form->capo, "non_field_errors")), "<ul class=\"errorlist nonfield\"><li>Say what the copy is about.</li></ul>");
    EXPECT_TEXT(html(get(form->capo, "subject.help_text")), "What is it about?");
    EXPECT_TEXT(capo_to_text(get(form->capo, "subject.widget_type")), "text");
    EXPECT_TEXT(capo_to_text(get(form->capo, "sender.value")), "x");
    EXPECT(!capo_truth(get(form->capo, "sender.is_hidden")));
    EXPECT(capo_truth(get(form->capo, "sender.field.required")));
    EXPECT_TEXT(html(get(form->capo, "errors")), "<ul class=\"errorlist\"><li>subject<ul class=\"errorlist\" id=\"id_subject_error\"><li>This field is required."
        "</li></ul></li><li>sender<ul class=\"errorlist\" id=\"id_sender_error\"><li>Enter a valid email address.</li></ul></li><li>message<ul class=\"errorlist\""
        " id=\"id_message_error\"><li>Ensure this value has at least 5 characters (it has 3).</li></ul></li><li>__all__<ul class=\"errorlist nonfield\"><li>"
        "Say what the copy is about.</li></ul></li></ul>");
    EXPECT_TEXT(capo_json_text(get(form->capo, "errors.sender"), 0), "[{\"message\": \"Enter a valid email address.\", \"code\": \"invalid\"}]");
    Buffer names = { 0 };
    Value field, name;
    for (void *state = NULL; capo_iterate(capo_value_object(form->capo), &state, &field); ) {
        EXPECT(capo_lookup(field, "name", 4, &name));
        capo_put_format(&names, "%s ", name.text);
    }
    EXPECT_TEXT(capo_buffer_text(&names), "subject sender message cc_myself ");
    WideForm *wide = capo_form(WideForm, NULL, .initial = CAPO_VARS(V("size", 2)));
    Buffer radios = { 0 };
    for (void *state = NULL; capo_iterate(get(wide->capo, "size"), &state, &field); )
        capo_put(&radios, html(field));
    EXPECT_TEXT(capo_buffer_text(&radios),
        "<label for=\"id_size_0\"><input type=\"radio\" name=\"size\" value=\"1\" required id=\"id_size_0\"> Small</label>"
        "<label for=\"id_size_1\"><input type=\"radio\" name=\"size\" value=\"2\" required id=\"id_size_1\" checked> Large</label>");
}

static Value clean_breaks(Form *form, Value value)
{
    (void)form, (void)value;
    capo_raise(ERROR_OPERATIONAL, "the database is gone");
}

static void ask(void *form) { capo_form_is_valid(form); }

/* SEC-263: a form whose cleaning broke off is not valid, also for one who catches that. */
TEST(sec_263_broken_cleaning_fails_closed)
{
    FormType type = ContactForm_form;
    type.meta.clean_fields = CLEAN_FIELDS({ "message", clean_breaks });
    Form *form = capo_form_of_type(&type, body("subject=x&sender=a%40b.co&message=long+enough"), NULL, NULL);
    EXPECT_RAISES(ERROR_OPERATIONAL, ask, form);
    EXPECT(!capo_form_is_valid(form));
}

/* SEC-260: what is sent for a disabled field, or for no field, changes nothing. */
TEST(sec_260_disabled_and_unknown_fields)
{
    Form *form = capo_form_new(body("kind=evil&name=x&is_admin=1"), NULL, NULL);
    capo_form_add_field(form, &(FormField){ .name = "kind", .disabled = true, .initial = VALUE("good") });
    capo_form_add_field(form, &(FormField){ .name = "name" });
    EXPECT(capo_form_is_valid(form));
    EXPECT_TEXT(capo_form_value(form, "kind").text, "good");
    EXPECT(!capo_form_has_value(form, "is_admin"));
    EXPECT_TEXT(capo_form_changed_data(form)[0], "name");
}

/* SEC-264: what is shown again is escaped; a password is not shown. */
TEST(sec_264_shown_again)
{
    static const char evil[] = "\"><script>alert('x')</script>";
    QueryDict *data = capo_dict_parse("", 0);
    const char *const names[] = { "username", "password", "next", "text", "pick", "bio", evil };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        capo_dict_set(data, names[i], evil);
    Form *form = capo_form_new(data, NULL, NULL);
    capo_form_add_field(form, &(FormField){ .name = "username", .label = evil, .kind = FORM_INTEGER });
    capo_form_add_field(form, &(FormField){ .name = "password", .widget = "password" });
    capo_form_add_field(form, &(FormField){ .name = "next", .widget = "hidden", .kind = FORM_INTEGER });
    capo_form_add_field(form, &(FormField){ .name = "bio", .widget = "textarea" });
    capo_form_add_field(form, &(FormField){ .name = "pick", .kind = FORM_CHOICE, .choices = CHOICES({ evil, evil, evil }) , .attrs = CAPO_VARS(V("title", evil)) });
    capo_form_add_field(form, &(FormField){ .name = "pick2", .kind = FORM_CHOICE, .widget = "radio", .choices = CHOICES({ evil, evil, evil }) });
    capo_form_add_field(form, &(FormField){ .name = evil, .kind = FORM_CHOICE });
    const char *const styles[] = { "as_div", "as_p", "as_table", "as_ul", "errors" };
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
        const char *page = html(get(form, styles[i]));
        if (strstr(page, "<script") || strstr(page, "'x'"))
            capo_test_fail(__FILE__, __LINE__, "%s lets it through: %s", styles[i], page);
    }
    EXPECT(!strstr(html(get(form, "password")), "value"));
}

static void ask_unknown(void *form) { capo_form_value(form, "sendr"); }

TEST(forms_unknown_names_are_bugs_that_say_so)
{
    const Error *error = EXPECT_RAISES(500, ask_unknown, contact("")->capo);
    EXPECT_TEXT(error->message, "bug: the form ContactForm has no field 'sendr'. Did you mean 'sender'?");
}

static const char *render(const char *source, Form *form)
{
    Buffer out = { 0 };
    capo_template_render(capo_template_from_string(source, "test"), capo_context_new(NULL, capo_map(V("form", form))), &out);
    return capo_buffer_text(&out);
}

TEST(forms_in_templates)
{
    capo_settings_init(&(Settings){ .name = "forms", .secret_key = "a secret key of forty characters or more" });
    LoginForm *form = capo_form(LoginForm, NULL, .data = body("username=&password=p&next=%3Cx%3E"));
    EXPECT_TEXT(render("{{ form }}", form->capo), html(capo_value_object(form->capo)));
    EXPECT_TEXT(render("{{ form.as_p }}", form->capo), html(get(form->capo, "as_p")));
    EXPECT_TEXT(render("{% for field in form %}{% if not field.is_hidden %}{{ field.label_tag }}{{ field }}{% if field.errors %}!{% endif %}\n{% endif %}{% endfor %}",
        form->capo),
        "<label for=\"id_username\">Username:</label><input type=\"text\" name=\"username\" maxlength=\"150\" required aria-invalid=\"true\" "
        "aria-describedby=\"id_username_error\" id=\"id_username\">!\n"
        "<label for=\"id_password\">Password:</label><input type=\"password\" name=\"password\" required id=\"id_password\">\n");
    EXPECT_TEXT(render("{{ form.username.errors }}{{ form.username.errors.0 }}|{{ form.next.value }}|{{ form.errors|length }}|{{ form.password.errors }}", form->capo),
        "<ul class=\"errorlist\" id=\"id_username_error\"><li>This field is required.</li></ul>This field is required.|&lt;x&gt;|1|");
    EXPECT_TEXT(render("{% for hidden in form.hidden_fields %}{{ hidden }}{% endfor %}{% if form.non_field_errors %}x{% endif %}", form->capo),
        "<input type=\"hidden\" name=\"next\" value=\"&lt;x&gt;\" id=\"id_next\">");
    WideForm *wide = capo_form(WideForm, NULL, .initial = CAPO_VARS(V("size", 2)));
    EXPECT_TEXT(render("{% for radio in form.size %}{{ radio.choice_label }}:{{ radio.tag }} {% endfor %}", wide->capo),
        "Small:<input type=\"radio\" name=\"size\" value=\"1\" required id=\"id_size_0\"> Large:<input type=\"radio\" name=\"size\" value=\"2\" required id=\"id_size_1\" checked> ");
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Widgets: the HTML is what Django prints for the same fields (with the <div> that 4.0 put in the place of <ul> around buttons). */
#include "../../cli/capo/testing.h"
#include <string.h>

static const char *shown(const FormField *field)
{
    Form *form = capo_form_new(NULL, NULL, NULL);
    Buffer out = { 0 };
    capo_form_add_field(form, field);
    capo_form_put_field(form, field->name, NULL, &out);
    return capo_buffer_text(&out);
}

#define SHOWN(wanted, ...) EXPECT_TEXT(shown(&(FormField){ __VA_ARGS__ }), wanted)
#define AB CHOICES({ "a", "A" }, { "b", "B" })

TEST(widgets_inputs)
{
    SHOWN("<input type=\"text\" name=\"name\" maxlength=\"10\" minlength=\"2\" required id=\"id_name\">", .name = "name", .max_length = 10, .min_length = 2);
    SHOWN("<input type=\"email\" name=\"email\" maxlength=\"320\" id=\"id_email\">", .name = "email", .kind = FORM_EMAIL, .optional = true);
    SHOWN("<textarea name=\"bio\" cols=\"40\" rows=\"10\" id=\"id_bio\">\n</textarea>", .name = "bio", .widget = "textarea", .optional = true);
    SHOWN("<textarea name=\"bio\" cols=\"40\" rows=\"4\" class=\"x\" id=\"id_bio\">\na &lt; b</textarea>", .name = "bio", .widget = "textarea",
          .optional = true, .attrs = CAPO_VARS(V("rows", 4), V("class", "x")), .initial = VALUE("a < b"));
    SHOWN("<input type=\"number\" name=\"age\" min=\"0\" max=\"150\" required id=\"id_age\">", .name = "age", .kind = FORM_INTEGER, .minimum = LIMIT(0), .maximum = LIMIT(150));
    SHOWN("<input type=\"number\" name=\"price\" step=\"0.01\" required id=\"id_price\">", .name = "price", .kind = FORM_DECIMAL, .max_digits = 5, .decimal_places = 2);
    SHOWN("<input type=\"number\" name=\"weight\" step=\"any\" required id=\"id_weight\">", .name = "weight", .kind = FORM_FLOAT);
    SHOWN("<input type=\"checkbox\" name=\"ok\" required id=\"id_ok\">", .name = "ok", .kind = FORM_BOOLEAN);
    SHOWN("<input type=\"checkbox\" name=\"ok\" id=\"id_ok\" checked>", .name = "ok", .kind = FORM_BOOLEAN, .optional = true, .initial = capo_value_bool(true));
    SHOWN("<input type=\"password\" name=\"secret\" required id=\"id_secret\">", .name = "secret", .widget = "password", .initial = VALUE("x"));
    SHOWN("<input type=\"hidden\" name=\"token\" value=\"t&quot;\" id=\"id_token\">", .name = "token", .widget = "hidden", .initial = VALUE("t\""));
    SHOWN("<input type=\"file\" name=\"upload\" required id=\"id_upload\">", .name = "upload", .kind = FORM_FILE);
    SHOWN("<input type=\"text\" name=\"uid\" disabled id=\"id_uid\">", .name = "uid", .kind = FORM_UUID, .optional = true, .disabled = true);
    SHOWN("<input type=\"text\" name=\"ip\" maxlength=\"39\" required id=\"id_ip\">", .name = "ip", .kind = FORM_IP_ADDRESS);
    SHOWN("<input type=\"url\" name=\"link\" maxlength=\"200\" required id=\"id_link\">", .name = "link", .kind = FORM_URL, .max_length = 200);
    SHOWN("<textarea name=\"data\" cols=\"40\" rows=\"10\" required id=\"id_data\">\n{&quot;a&quot;: 1}</textarea>", .name = "data", .kind = FORM_JSON,
          .initial = VALUE(capo_map(V("a", 1))));
}

TEST(widgets_dates)
{
    Value when = capo_value_datetime((DateTime){ 1795336200LL * 1000000 + 7 });       /* 2026-11-22 08:30 UTC */
    SHOWN("<input type=\"text\" name=\"day\" value=\"2026-11-22\" required id=\"id_day\">", .name = "day", .kind = FORM_DATE, .initial = VALUE(capo_date(2026, 11, 22)));
    SHOWN("<input type=\"text\" name=\"when\" value=\"2026-11-22 08:30:00\" required id=\"id_when\">", .name = "when", .kind = FORM_DATETIME, .initial = when);
    SHOWN("<input type=\"text\" name=\"when_0\" value=\"2026-11-22\" required id=\"id_when_0\"><input type=\"text\" name=\"when_1\" value=\"08:30:00\" required id=\"id_when_1\">",
          .name = "when", .kind = FORM_SPLIT_DATETIME, .initial = when);
    SHOWN("<input type=\"text\" name=\"span\" value=\"1 00:00:03\" required id=\"id_span\">", .name = "span", .kind = FORM_DURATION,
          .initial = VALUE(((Duration){ 86403LL * 1000000 })));
}

TEST(widgets_selects)
{
    SHOWN("<select name=\"maybe\" id=\"id_maybe\">\n  <option value=\"unknown\" selected>Unknown</option>\n  <option value=\"true\">Yes</option>\n"
          "  <option value=\"false\">No</option>\n</select>", .name = "maybe", .kind = FORM_NULL_BOOLEAN);
    SHOWN("<select name=\"colour\" id=\"id_colour\">\n  <option value=\"r\">Red</option>\n  <option value=\"g\" selected>&lt;Green&gt;</option>\n</select>",
          .name = "colour", .kind = FORM_CHOICE, .choices = CHOICES({ "r", "Red" }, { "g", "<Green>" }), .initial = VALUE("g"));
    SHOWN("<select name=\"kind\" required id=\"id_kind\">\n  <option value=\"\" selected>---------</option>\n  <optgroup label=\"Group A\">\n"
          "  <option value=\"1\">One</option>\n  <option value=\"2\">Two</option>\n  </optgroup>\n  <option value=\"3\">Three</option>\n</select>",
          .name = "kind", .kind = FORM_CHOICE, .choices = CHOICES({ "", "---------" }, { "1", "One", "Group A" }, { "2", "Two", "Group A" }, { "3", "Three" }));
    SHOWN("<select name=\"several\" required id=\"id_several\" multiple>\n  <option value=\"a\">A</option>\n  <option value=\"b\" selected>B</option>\n</select>",
          .name = "several", .kind = FORM_MULTIPLE_CHOICE, .choices = AB, .initial = capo_value_strings(LIST("b")));
}

TEST(widgets_buttons)
{
    SHOWN("<div id=\"id_radio\"><div>\n    <label for=\"id_radio_0\"><input type=\"radio\" name=\"radio\" value=\"a\" required id=\"id_radio_0\"> A</label>\n</div>"
          "<div>\n    <label for=\"id_radio_1\"><input type=\"radio\" name=\"radio\" value=\"b\" required id=\"id_radio_1\" checked> B</label>\n</div>\n</div>",
          .name = "radio", .kind = FORM_CHOICE, .widget = "radio", .choices = AB, .initial = VALUE("b"));
    SHOWN("<div id=\"id_boxes\"><div>\n    <label for=\"id_boxes_0\"><input type=\"checkbox\" name=\"boxes\" value=\"a\" id=\"id_boxes_0\"> A</label>\n</div>"
          "<div>\n    <label for=\"id_boxes_1\"><input type=\"checkbox\" name=\"boxes\" value=\"b\" id=\"id_boxes_1\" checked> B</label>\n</div>\n</div>",
          .name = "boxes", .kind = FORM_MULTIPLE_CHOICE, .widget = "checkbox_select_multiple", .choices = AB, .initial = capo_value_strings(LIST("b")));
}

static void ask(void *name) { capo_widget(name); }

static void put_stars(const FormWidget *widget, const WidgetContext *context, Buffer *out)
{
    capo_put(out, "<span class=\"stars\"");
    capo_put_attributes(capo_widget_attributes(widget, context), out);
    capo_put(out, ">");
    capo_widget_put("number", context, out);
    capo_put(out, "</span>");
}

TEST(widgets_of_apps)
{
    static const FormWidget own[] = { { "test_stars", .put = put_stars }, { 0 } };
    capo_add_widgets(own);
    SHOWN("<span class=\"stars\" required id=\"id_n\"><input type=\"number\" name=\"n\" required id=\"id_n\"></span>",
          .name = "n", .kind = FORM_INTEGER, .widget = "test_stars");
    const Error *error = EXPECT_RAISES(500, ask, "textara");
    EXPECT_TEXT(error->message, "bug: no widget is called textara. Did you mean 'textarea'?");
}

static Value taken(const char *body, const FormField *field)
{
    Form *form = capo_form_new(capo_dict_parse(body, strlen(body)), NULL, NULL);
    Value value;
    capo_form_add_field(form, field);
    EXPECT(capo_lookup(capo_form_bound_field(form, field->name), "data", 4, &value));
    return value;
}

TEST(widgets_take_values_out_of_the_body)
{
    EXPECT_TEXT(taken("a=1&a=2", &(FormField){ .name = "a" }).text, "2");
    EXPECT(capo_is_null(taken("b=1", &(FormField){ .name = "a" })));
    EXPECT_INT(taken("a=1&a=2", &(FormField){ .name = "a", .kind = FORM_MULTIPLE_CHOICE }).list->count, 2);
    EXPECT_INT(taken("", &(FormField){ .name = "a", .kind = FORM_MULTIPLE_CHOICE }).list->count, 0);
    EXPECT(taken("a=on", &(FormField){ .name = "a", .kind = FORM_BOOLEAN }).boolean);
    EXPECT(!taken("a=false", &(FormField){ .name = "a", .kind = FORM_BOOLEAN }).boolean);
    EXPECT(!taken("", &(FormField){ .name = "a", .kind = FORM_BOOLEAN }).boolean);
    EXPECT(taken("a=2", &(FormField){ .name = "a", .kind = FORM_NULL_BOOLEAN }).boolean);
    EXPECT(capo_is_null(taken("a=unknown", &(FormField){ .name = "a", .kind = FORM_NULL_BOOLEAN })));
    Value split = taken("a_0=2026-11-22&a_1=", &(FormField){ .name = "a", .kind = FORM_SPLIT_DATETIME });
    EXPECT_TEXT(split.list->items[0].text, "2026-11-22");
    EXPECT_TEXT(split.list->items[1].text, "");
}

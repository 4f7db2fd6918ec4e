/* SPDX-License-Identifier: BSD-3-Clause */
/* The forms of auth, which admin uses too: logging in, making a user, setting and changing a password. Names, labels and messages
 * are Django's. */
#include "auth_internal.h"
#include <string.h>

typedef struct Context {
    Request *req;
    AnyUser *user;                 /* whose password is set; of AuthenticationForm: who logged in */
} Context;

/* A form carries its context with its first field. */
static Context *context_of(Form *form)
{
    size_t count;
    return capo_form_fields(form, &count)[0]->argument;
}

static const char *text_of(Form *form, const char *field)
{
    Value value = capo_form_value(form, field);
    return capo_is_text(value) ? value.text : NULL;
}

static Form *form_begin(const QueryDict *data, Request *req, AnyUser *user, FormField *first)
{
    Context *context = capo_alloc_struct(Context);
    *context = (Context){ req, user };
    Form *form = capo_form_new(data, NULL, &(FormOptions){ 0 });
    first->argument = context;
    capo_form_add_field(form, first);
    return form;
}

/* Passwords are taken exactly as typed. */
static FormField password_field(const char *name, const char *label, const char *autocomplete, const char *help_text)
{
    return (FormField){ .name = name, .kind = FORM_CHAR, .label = label, .help_text = help_text, .no_strip = true, .widget = "password",
                        .attrs = capo_memdup(CAPO_VARS(V("autocomplete", autocomplete)), 2 * sizeof(Var)) };
}

static const char *help_as_list(void)
{
    Buffer html = { 0 };
    capo_put(&html, "<ul>");
    for (const char *const *text = capo_password_help_texts(); *text; text++)
        capo_put_format(&html, "<li>%s</li>", capo_escape(*text));
    capo_put(&html, "</ul>");
    return capo_buffer_text(&html);
}

/* --- logging in --------------------------------------------------------------------------------------------------------------------- */

static void clean_login(Form *form)
{
    Context *context = context_of(form);
    const char *username = text_of(form, "username"), *password = text_of(form, "password");
    if (!username || !password)
        return;
    int64_t wait = auth_login_wait(context->req, username);
    if (wait > 0) {
        capo_add_error(form, NULL, "throttled", "There were too many failed attempts to log in. Please wait %lld %s and try again.",
                       (long long)wait, capo_plural(wait, "second", "seconds"));
        return;
    }
    context->user = capo_authenticate(context->req, username, password);
    if (!context->user)
        capo_add_error(form, NULL, "invalid_login", "Please enter a correct %s and password. Note that both fields may be case-sensitive.",
                       auth_username_field()->verbose_name);
}

Form *capo_authentication_form(Request *req, const QueryDict *data)
{
    const Field *field = auth_username_field();
    FormField username = { .name = "username", .kind = FORM_CHAR, .label = field->label,
        .max_length = field->max_length ? field->max_length : USERNAME_LENGTH,
        .attrs = capo_memdup(CAPO_VARS(V("autofocus", (bool)true), V("autocapitalize", "none"), V("autocomplete", "username")), 4 * sizeof(Var)) };
    FormField password = password_field("password", "Password", "current-password", NULL);
    Form *form = form_begin(data, req, NULL, &username);
    capo_form_add_field(form, &password);
    capo_form_set_clean(form, clean_login);
    return form;
}

AnyUser *capo_authentication_form_user(Form *form)
{
    return context_of(form)->user;
}

/* --- new passwords -------------------------------------------------------------------------------------------------------------------- */

/* Both equal, and good for this user; errors stand at the second field. */
static void clean_new_password(Form *form, const char *first, const char *second, AnyUser *user)
{
    const char *a = text_of(form, first), *b = text_of(form, second);
    if (!a || !b)
        return;
    if (strcmp(a, b) != 0) {
        capo_add_error(form, second, "password_mismatch", "The two password fields didn’t match.");
        return;
    }
    if (strlen(b) > PASSWORD_BYTES) {
        capo_add_error(form, second, "password_too_long", "This password is too long. It must contain at most %d bytes.", PASSWORD_BYTES);
        return;
    }
    for (const char *const *message = capo_validate_password(b, user); *message; message++)
        capo_add_error(form, second, "password", "%s", *message);
}

static const char *unique_message(const Field *field)
{
    for (const char *const *pair = field->error_messages; pair && pair[0]; pair += 2)
        if (strcmp(pair[0], "unique") == 0)
            return pair[1];
    return capo_format("A user with that %s already exists.", field->verbose_name);
}

static void clean_creation(Form *form)
{
    AnyUser *user = auth_user(capo_instance_new(capo_user_model()));
    const Field *field = auth_username_field();
    const char *username = text_of(form, field->name);
    if (username) {
        auth_assign(user, field->name, VALUE(username));
        if (capo_query_exists(capo_query_filter(capo_base_rows(capo_user_model()), Q(capo_format("%s__iexact", field->name), username))))
            capo_add_error(form, field->name, "unique", "%s", unique_message(field));
    }
    clean_new_password(form, "password1", "password2", user);
}

/* A field of the model, with the model's own validators, which a form of its own would not ask. */
static FormField *model_field(const Field *field)
{
    FormField *row = capo_form_field_for(field);
    row->validators = field->validators;
    return row;
}

/* What must be there besides: the model's .required_fields that may not be empty. */
static bool is_asked(const Field *field)
{
    return field && field->column && !field->blank && field->editable && field != auth_username_field();
}

Form *capo_user_creation_form(const QueryDict *data)
{
    const Model *model = capo_user_model();
    FormField *username = model_field(auth_username_field());
    username->attrs = capo_memdup(CAPO_VARS(V("autocapitalize", "none"), V("autocomplete", "username"), V("autofocus", (bool)true)),
                                  4 * sizeof(Var));
    FormField first = password_field("password1", "Password", "new-password", help_as_list());
    FormField second = password_field("password2", "Password confirmation", "new-password", "Enter the same password as before, for verification.");
    Form *form = form_begin(data, NULL, NULL, username);
    for (const char *const *name = model->meta->required_fields; name && *name; name++)
        if (is_asked(capo_field(model, *name)))
            capo_form_add_field(form, model_field(capo_field(model, *name)));
    capo_form_add_field(form, &first);
    capo_form_add_field(form, &second);
    capo_form_set_clean(form, clean_creation);
    return form;
}

AnyUser *capo_user_creation_form_save(Form *form)
{
    AnyUser *user = auth_user(capo_instance_new(capo_user_model()));
    size_t count;
    FormField **fields = capo_form_fields(form, &count);
    for (size_t i = 0; i < count; i++)
        if (fields[i]->model_field)
            auth_assign(user, fields[i]->model_field->name, capo_form_value(form, fields[i]->name));
    auth_assign(user, auth_username_field()->name, VALUE(capo_normalize(capo_username(user))));
    capo_set_password(user, text_of(form, "password1"));
    capo_instance_save(auth_instance(user));
    return user;
}

static void clean_set(Form *form)
{
    clean_new_password(form, "new_password1", "new_password2", context_of(form)->user);
}

Form *capo_set_password_form(AnyUser *user, const QueryDict *data)
{
    FormField first = password_field("new_password1", "New password", "new-password", help_as_list());
    FormField second = password_field("new_password2", "New password confirmation", "new-password", NULL);
    Form *form = form_begin(data, NULL, user, &first);
    capo_form_add_field(form, &second);
    capo_form_set_clean(form, clean_set);
    return form;
}

static void clean_change(Form *form)
{
    AnyUser *user = context_of(form)->user;
    const char *old = text_of(form, "old_password");
    if (old && !(strlen(old) <= PASSWORD_BYTES && capo_check_password(user, old)))
        capo_add_error(form, "old_password", "password_incorrect", "Your old password was entered incorrectly. Please enter it again.");
    clean_set(form);
}

Form *capo_password_change_form(AnyUser *user, const QueryDict *data)
{
    FormField old = password_field("old_password", "Old password", "current-password", NULL);
    old.attrs = capo_memdup(CAPO_VARS(V("autocomplete", "current-password"), V("autofocus", (bool)true)), 3 * sizeof(Var));
    FormField first = password_field("new_password1", "New password", "new-password", help_as_list());
    FormField second = password_field("new_password2", "New password confirmation", "new-password", NULL);
    Form *form = form_begin(data, NULL, user, &old);
    capo_form_add_field(form, &first);
    capo_form_add_field(form, &second);
    capo_form_set_clean(form, clean_change);
    return form;
}

static void clean_admin(Form *form)
{
    clean_new_password(form, "password1", "password2", context_of(form)->user);
}

Form *capo_admin_password_form(AnyUser *user, const QueryDict *data)
{
    FormField first = password_field("password1", "Password", "new-password", help_as_list());
    first.attrs = capo_memdup(CAPO_VARS(V("autocomplete", "new-password"), V("autofocus", (bool)true)), 3 * sizeof(Var));
    FormField second = password_field("password2", "Password (again)", "new-password", "Enter the same password as before, for verification.");
    Form *form = form_begin(data, NULL, user, &first);
    capo_form_add_field(form, &second);
    capo_form_set_clean(form, clean_admin);
    return form;
}

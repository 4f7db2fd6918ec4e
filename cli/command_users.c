/* SPDX-License-Identifier: BSD-3-Clause */
/* createsuperuser and changepassword. */
#include <capo.h>
#include "cli_internal.h"
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct Creation { Map *fields; const char *password; } Creation;

static void create(void *argument)
{
    const Creation *creation = argument;
    capo_create_superuser_of(creation->fields, creation->password);
}

/* A password typed twice, and asked again while the validators complain and the person does not insist. */
static const char *ask_password(AnyUser *user)
{
    for (;;) {
        const char *password = cli_ask("Password: ", true);
        if (!password)
            capo_raise(ERROR_COMMAND, "Operation cancelled.");
        const char *again = cli_ask("Password (again): ", true);
        if (!again || strcmp(password, again) != 0) {
            fprintf(stderr, "Error: Your passwords didn't match.\n");
            continue;
        }
        if (!*password) {
            fprintf(stderr, "Error: Blank passwords aren't allowed.\n");
            continue;
        }
        const char *const *complaints = capo_validate_password(password, user);
        if (!complaints || !complaints[0])
            return password;
        for (; *complaints; complaints++)
            fprintf(stderr, "%s\n", *complaints);
        const char *insist = cli_ask("Bypass password validation and create user anyway? [y/N]: ", false);
        if (insist && (insist[0] == 'y' || insist[0] == 'Y'))
            return password;
    }
}

static const char *password_from_environment(void)
{
    const char *password = capo_env("CAPO_SUPERUSER_PASSWORD");
    if (!password || !*password)
        capo_raise(ERROR_COMMAND, "With --noinput the password is taken from the variable CAPO_SUPERUSER_PASSWORD; it is not set.");
    return password;
}

static bool is_taken(const char *username)
{
    const Model *model = capo_user_model();
    return capo_query_exists(capo_query_filter(capo_base_rows((Model *)model), Q(model->meta->username_field, capo_normalize(username))));
}

/* "--username" is the field by which people log in, whatever it is called; others have options of their own names, where a command has such, and
 * the variables CAPO_SUPERUSER_<FIELD>. */
static const char *given(const Field *field, bool is_username, bool no_input)
{
    const char *option = is_username ? "--username" : strcmp(field->name, "email") == 0 ? "--email" : NULL;
    const char *value = option ? capo_option(option) : NULL;
    if (!value && no_input)
        value = capo_env(capo_upper(capo_format("CAPO_SUPERUSER_%s", field->name)));
    if (!value && no_input && is_username)
        value = capo_env("CAPO_SUPERUSER_USERNAME");
    return value;
}

typedef struct Cleaning { const Field *field; Value raw, clean; } Cleaning;

static void clean(void *argument)
{
    Cleaning *cleaning = argument;
    cleaning->clean = capo_field_clean(cleaning->field, cleaning->raw, true);
}

/* What is wrong with the text; NULL: *ret is as the field takes it. */
static const char *problem_of(const Field *field, const char *text, Value *ret)
{
    Cleaning cleaning = { .field = field, .raw = VALUE(text) };
    const Error *error = capo_try(clean, &cleaning);
    if (error && error->code != ERROR_VALIDATION)
        capo_reraise(error);
    *ret = error ? capo_value_null() : cleaning.clean;
    return error ? error->message : NULL;
}

/* Null after saying what is wrong with the answer. */
static Value cleaned(const Field *field, const char *answer)
{
    Value value;
    const char *problem = problem_of(field, answer, &value);
    if (problem)
        fprintf(stderr, "Error: %s\n", problem);
    return value;
}

/* Of an option or a variable, which nobody can be asked for again. */
static Value taken(const Field *field, const char *given)
{
    Value value;
    const char *problem = problem_of(field, given, &value);
    if (problem)
        capo_raise(ERROR_COMMAND, "'%s' cannot be the %s: %s", given, field->verbose_name, problem);
    return value;
}

static Value ask_username(const Field *field)
{
    struct passwd *account = getpwuid(getuid());
    const char *login = field->kind != FIELD_CHAR ? NULL : account ? account->pw_name : "admin", *label = field->label;
    if (login && is_taken(login))
        login = NULL;
    for (;;) {
        const char *answer = cli_ask(login ? capo_format("%s (leave blank to use '%s'): ", label, login) : capo_format("%s: ", label), false);
        if (!answer)
            capo_raise(ERROR_COMMAND, "Operation cancelled.");
        Value value = *answer || !login ? cleaned(field, answer) : VALUE(login);
        if (capo_is_null(value))
            continue;
        bool empty = capo_is_text(value) && !value.size;
        if (!empty && !is_taken(capo_to_text(value)))
            return value;
        fprintf(stderr, !empty ? "Error: That %s is already taken.\n" : "Error: The %s may not be empty.\n", field->verbose_name);
    }
}

static Value ask_field(const Field *field)
{
    for (;;) {
        const char *what = capo_field_is_relation(field->kind) ? capo_format(" (%s.%s)", field->target->name, field->target_field->name) : "";
        const char *answer = cli_ask(capo_format("%s%s: ", field->label, what), false);
        if (!answer)
            capo_raise(ERROR_COMMAND, "Operation cancelled.");
        if (!*answer && field->blank)
            return VALUE("");
        Value value = cleaned(field, answer);
        if (!capo_is_null(value))
            return value;
    }
}

/* What must be said of a user: the field to log in by, then the model's .required_fields. */
static Map *fields_of_superuser(bool no_input)
{
    const Model *model = capo_user_model();
    const Field *username = capo_field(model, model->meta->username_field);
    Map *fields = capo_map_new();
    const char *name = given(username, true, no_input);
    if (!name && no_input)
        capo_raise(ERROR_COMMAND, "You must use --username with --noinput.");
    if (name && is_taken(name))
        capo_raise(ERROR_COMMAND, "Error: That %s is already taken.", username->verbose_name);
    capo_map_set(fields, username->name, name ? taken(username, name) : ask_username(username));
    for (const char *const *required = model->meta->required_fields; required && *required; required++) {
        const Field *field = capo_field(model, *required);
        const char *value = given(field, false, no_input);
        if (!value && no_input && !field->blank)
            capo_raise(ERROR_COMMAND, "With --noinput the %s is taken from the variable CAPO_SUPERUSER_%s; it is not set.", field->verbose_name, capo_upper(field->name));
        if (value || !no_input)
            capo_map_set(fields, field->name, value && *value ? taken(field, value) : value ? VALUE("") : ask_field(field));
    }
    return fields;
}

/* For the validators alone. */
static AnyUser *unsaved(const Map *fields)
{
    Instance *user = capo_instance_new(capo_user_model());
    for (size_t i = 0; i < fields->count; i++)
        capo_field_assign(user, capo_field(user->model, capo_to_text(fields->entries[i].key)), fields->entries[i].value);
    return (AnyUser *)user;
}

int cli_createsuperuser(void)
{
    bool no_input = capo_option_set("--noinput");
    if (!no_input && !cli_is_interactive())
        capo_raise(ERROR_COMMAND, "There is nobody to ask: standard input is not a terminal. Use --noinput with --username, --email and "
                   "CAPO_SUPERUSER_PASSWORD.");
    Creation creation = { .fields = fields_of_superuser(no_input) };
    creation.password = no_input ? password_from_environment() : ask_password(unsaved(creation.fields));
    const Error *error = capo_try(create, &creation);
    if (error)
        capo_raise(ERROR_COMMAND, "The user could not be made: %s", error->message);
    capo_say("Superuser created successfully.");
    return 0;
}

int cli_changepassword(void)
{
    const char *username = capo_option("username");
    AnyUser *user = capo_find_user(username);
    if (!user)
        capo_raise(ERROR_COMMAND, "user '%s' does not exist", username);
    capo_say("Changing password for user '%s'", username);
    bool no_input = capo_option_set("--noinput");
    if (!no_input && !cli_is_interactive())
        capo_raise(ERROR_COMMAND, "There is nobody to ask: standard input is not a terminal. Use --noinput with CAPO_SUPERUSER_PASSWORD.");
    capo_set_password(user, no_input ? password_from_environment() : ask_password(user));
    capo_instance_save((Instance *)user);
    capo_say("Password changed successfully for user '%s'", username);
    return 0;
}

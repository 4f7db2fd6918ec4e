/* SPDX-License-Identifier: BSD-3-Clause */
/* What makemigrations has to ask, and what it says where nobody answers.
 *
 * No questioner (NULL): nobody is asked, nothing is taken for a rename, and no value is given: for --check, which writes nothing. */
#include "migration.h"
#include <string.h>
#include <strings.h>

enum { ATTEMPTS = 20 };

_Noreturn static void refuse(const char *what, const char *advice)
{
    capo_raise(ERROR_COMMAND, "makemigrations cannot decide this without an answer: %s %s", what, advice);
}

bool ask_renamed_model(Questioner *questioner, const ModelState *old, const ModelState *new)
{
    if (!questioner)
        return false;
    const char *question = capo_format("Was the model %s.%s renamed to %s?", old->app, old->name, new->name);
    if (questioner->no_input)
        refuse(question, "Run it with a terminal, without --noinput; or write the migration by hand (RenameModel, or DeleteModel and CreateModel).");
    return questioner->confirm(questioner->self, question);
}

bool ask_renamed_field(Questioner *questioner, const ModelState *model, const FieldState *old, const FieldState *new)
{
    if (!questioner)
        return false;
    const char *name = capo_lower(model->name);
    const char *question = capo_format("Was %s.%s renamed to %s.%s (a %s)?", name, old->name, name, new->name, capo_field_kind_name(new->kind));
    if (questioner->no_input)
        refuse(question, "Run it with a terminal, without --noinput; or write the migration by hand (RenameField, or RemoveField and AddField).");
    return questioner->confirm(questioner->self, question);
}

bool ask_merge(Questioner *questioner, const char *app, const char *branches)
{
    const char *question = capo_format("Merging %s\n%s\nMerging will only work if the operations printed above do not conflict\n"
                                       "with each other (working on different fields or models)\nShould these migration branches be merged?", app, branches);
    if (!questioner || questioner->no_input)
        return true;
    return questioner->confirm(questioner->self, question);
}

bool ask_unique_default(Questioner *questioner, const ModelState *model, const FieldState *field)
{
    if (!questioner)
        return true;
    const char *name = model_state_label(model);
    const char *what = capo_format("The default of the unique field %s.%s is made by a function, which is called once for all rows that are there: they would get the same "
                                   "value, and more than one row is refused.", name, field->name);
    const char *steps = "In three migrations it goes: add the field as OPTIONAL and without .unique; fill it with a RunFunction, a value for each row; then make it "
                        "unique and required.";
    if (questioner->no_input)
        refuse(what, capo_format("%s Or run it with a terminal, without --noinput.", steps));
    const char *question = capo_format("%s\n%s\nPlease select a fix:\n 1) Go on: the table has at most one row, or this is the first of those migrations.\n"
                                       " 2) Quit and edit models.def.\nSelect an option:", what, steps);
    for (int i = 0; i < ATTEMPTS; i++) {
        const char *answer = questioner->ask(questioner->self, i ? "Please select a valid option:" : question);
        if (!answer || strcmp(answer, "2") == 0)
            break;
        if (strcmp(answer, "1") == 0)
            return true;
    }
    return false;
}

/* --- a one-off default ----------------------------------------------------------------------------------------------------------------------- */

static const char *unquoted(const char *text)
{
    size_t size = strlen(text);
    bool quoted = size >= 2 && (text[0] == '\'' || text[0] == '"') && text[size - 1] == text[0];
    return quoted ? capo_strndup(text + 1, size - 2) : text;
}

/* What was typed, as the field's value in a file. False: *ret_reason says what would be good. */
static bool typed_value(const FieldState *field, const char *typed, Value *ret, const char **ret_reason)
{
    const char *text = capo_strip(typed);
    Value number = capo_value_text(text);
    int64_t integer;
    double real;
    Date date;
    Time time;
    DateTime moment;
    Duration duration;
    Uuid uuid;
    Decimal decimal;
    bool now = strcasecmp(text, "now") == 0 || strcmp(text, "timezone.now") == 0 || strcasecmp(text, "today") == 0;
    *ret = capo_value_text(unquoted(text));
    if (capo_field_is_integer(field->kind)) {
        *ret_reason = "a whole number";
        return capo_to_int(number, &integer) && (*ret = capo_value_int(integer), true);
    }
    switch (field->kind) {
    case FIELD_FLOAT:
        *ret_reason = "a number";
        return capo_to_real(number, &real) && (*ret = capo_value_real(real), true);
    case FIELD_DECIMAL:
        *ret_reason = "a decimal number, as 12.50";
        return capo_parse_decimal(text, &decimal) && (*ret = capo_value_text(text), true);
    case FIELD_BOOLEAN:
        *ret_reason = "true or false";
        if (strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0)
            return *ret = capo_value_bool(true), true;
        return *ret = capo_value_bool(false), strcasecmp(text, "false") == 0 || strcmp(text, "0") == 0;
    case FIELD_DATE:
        *ret_reason = "a date as 2026-11-22, or now";
        if (now)
            *ret = capo_value_text(capo_date_iso(capo_today()));
        return now || capo_parse_date(ret->text, &date);
    case FIELD_TIME:
        *ret_reason = "a time as 08:30, or now";
        if (now)
            *ret = capo_value_text(capo_time_iso(capo_local_time(capo_now())));
        return now || capo_parse_time(ret->text, &time);
    case FIELD_DATETIME:
        *ret_reason = "a moment as 2026-11-22T08:30:00, or now";
        if (now)
            *ret = capo_value_text(capo_datetime_iso(capo_now(), capo_time_zone("UTC")));
        return now || capo_parse_datetime(ret->text, NULL, &moment);
    case FIELD_DURATION:
        *ret_reason = "a duration as 3 04:05:06";
        return capo_parse_duration(ret->text, &duration);
    case FIELD_UUID:
        *ret_reason = "a UUID";
        return capo_parse_uuid(ret->text, &uuid);
    case FIELD_FOREIGN_KEY: case FIELD_ONE_TO_ONE:
        *ret_reason = "the key of a row of the other table";
        if (capo_to_int(number, &integer))
            *ret = capo_value_int(integer);
        return *text != 0;
    default:
        *ret_reason = capo_format("a text of at most %lld characters", (long long)field_state_option(field, "max_length").integer);
        return field_state_option(field, "max_length").kind != VALUE_INT
            || (int64_t)capo_utf8_length(ret->text, strlen(ret->text)) <= field_state_option(field, "max_length").integer;
    }
}

_Noreturn static void give_up(const ModelState *model, const FieldState *field)
{
    capo_raise(ERROR_COMMAND, "Nothing was written. Give %s.%s a .default_value in models.def, or make it OPTIONAL, and run makemigrations again.",
               model_state_label(model), field->name);
}

Value ask_one_off(Questioner *questioner, const ModelState *model, const FieldState *field, bool may_ignore)
{
    if (!questioner)
        return capo_value_null();
    const char *name = capo_lower(model->name), *question;
    bool now_add = field_state_flag(field, "auto_now_add");
    if (may_ignore)
        question = capo_format("It is impossible to change a nullable field '%s' on %s to non-nullable without providing a default. This is because the "
                               "database needs something to populate existing rows.", field->name, name);
    else if (now_add)
        question = capo_format("It is impossible to add the field '%s' with 'auto_now_add' to %s without providing a default. This is because the database "
                               "needs something to populate existing rows.", field->name, name);
    else
        question = capo_format("It is impossible to add a non-nullable field '%s' to %s without specifying a default. This is because the database needs "
                               "something to populate existing rows.", field->name, name);
    if (questioner->no_input)
        refuse(question, capo_format("Give %s.%s a .default_value in models.def, make it OPTIONAL, or run makemigrations with a terminal, without --noinput.",
                                     model->name, field->name));
    const char *choices = capo_format("%s\nPlease select a fix:\n 1) Provide a one-off default now (will be set on all existing rows%s)\n%s",
        question, may_ignore ? " with a null value for this column" : "", may_ignore
        ? " 2) Ignore for now. Existing rows that contain NULL values will have to be handled manually, for example with a RunFunction or RunSQL operation.\n"
          " 3) Quit and manually define a default value in models.def.\nSelect an option:"
        : " 2) Quit and manually define a default value in models.def.\nSelect an option:");
    for (int i = 0;; i++) {
        const char *answer = i < ATTEMPTS ? questioner->ask(questioner->self, i ? "Please select a valid option:" : choices) : NULL;
        if (!answer || strcmp(answer, may_ignore ? "3" : "2") == 0)
            give_up(model, field);
        if (may_ignore && strcmp(answer, "2") == 0)
            return capo_value_null();
        if (strcmp(answer, "1") == 0)
            break;
    }
    const char *prompt = now_add ? "Please enter the default value. You can accept the default 'now' by pressing 'Enter'.\nType 'exit' to exit this prompt"
                                 : "Please enter the default value.\nType 'exit' to exit this prompt";
    for (int i = 0;; i++) {
        const char *answer = i < ATTEMPTS ? questioner->ask(questioner->self, prompt) : NULL, *reason = "";
        Value value;
        if (!answer || strcmp(answer, "exit") == 0)
            give_up(model, field);
        if (typed_value(field, now_add && !*answer ? "now" : answer, &value, &reason))
            return value;
        prompt = capo_format("That is not good: %s wants %s. Please enter the default value, or 'exit':", capo_field_kind_name(field->kind), reason);
    }
}

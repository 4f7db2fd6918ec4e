/* SPDX-License-Identifier: BSD-3-Clause */
/* Choices: from a table, from a list made at run time, from a folder. Those from a query are in model_choices.c. */
#include "internal.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --- where choices come from ------------------------------------------------------------------------------------------------------ */

static void add_choice(List *list, const char *value, const char *label, const char *group)
{
    capo_list_add(list, capo_value_map(capo_map(V("value", value), V("label", label ? label : value), V("group", group))));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in a folder, sorted; none where it cannot be read. */
static const char **folder_names(const char *path, size_t *ret_count)
{
    DIR *folder = opendir(path);
    size_t count = 0, capacity = 0;
    const char **names = NULL;
    for (struct dirent *entry; folder && (entry = readdir(folder)); ) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") || !strcmp(entry->d_name, "__pycache__"))
            continue;
        if (count == capacity) {
            names = capo_realloc(names, capacity * sizeof *names, (capacity * 2 + 16) * sizeof *names);
            capacity = capacity * 2 + 16;
        }
        names[count++] = capo_strdup(entry->d_name);
    }
    if (folder)
        closedir(folder);
    if (count)
        qsort(names, count, sizeof *names, by_name);
    *ret_count = count;
    return names;
}

enum { FOLDER_DEPTH_MAX = 32 };

static void add_folder(const FormField *field, const Pattern *match, List *list, const char *path, const char *shown, int depth)
{
    size_t count;
    const char **names = folder_names(path, &count);
    for (size_t i = 0; i < count; i++) {
        char *full = capo_format("%s%s%s", path, capo_ends_with(path, "/") ? "" : "/", names[i]);
        char *label = capo_format("%s%s", shown, names[i]);
        struct stat status;
        if (stat(full, &status) < 0)
            continue;
        bool folder = S_ISDIR(status.st_mode);
        if ((folder ? field->allow_folders : !field->no_files) && (!match || capo_pattern_search(match, names[i], strlen(names[i]))))
            add_choice(list, full, label, NULL);
        if (folder && field->recursive && depth < FOLDER_DEPTH_MAX)
            add_folder(field, match, list, full, capo_format("%s/", label), depth + 1);
    }
}

static List *path_choices(const FormField *field)
{
    List *list = capo_list_new();
    const char *error = NULL;
    Pattern *match = field->match ? capo_pattern(field->match, 0, &error) : NULL;
    if (error)
        capo_bug("the pattern %s of the form field %s cannot be used: %s", field->match, field->name, error);
    if (field->optional)
        add_choice(list, "", "---------", NULL);
    if (field->path)
        add_folder(field, match, list, field->path, "", 0);
    return list;
}

List *capo_form_plain_choices(const FormField *field)
{
    if (field->choice_list)
        return field->choice_list;
    if (field->kind == FORM_FILE_PATH)
        return path_choices(field);
    List *list = capo_list_new();
    for (const FieldChoice *choice = field->choices; choice && (choice->value || choice->label); choice++)
        add_choice(list, choice->value ? choice->value : "", choice->label, choice->group);
    return list;
}

/* --- one ------------------------------------------------------------------------------------------------------------------------------ */

bool capo_form_choice(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    (void)field, (void)errors;
    *ret = capo_form_is_empty(raw) ? capo_value_text("") : capo_value_to_text(raw);
    return true;
}

static bool is_choice(const FormField *field, Value value)
{
    if (!field->choice_list && field->kind != FORM_FILE_PATH) {
        for (const FieldChoice *choice = field->choices; choice && (choice->value || choice->label); choice++) {
            const char *text = choice->value ? choice->value : "";
            if (strlen(text) == value.size && !memcmp(text, value.text, value.size))
                return true;
        }
        return false;
    }
    List *choices = capo_form_plain_choices(field);
    for (size_t i = 0; i < choices->count; i++) {
        Value text = capo_value_to_text(*capo_map_get(choices->items[i].map, "value"));
        if (text.size == value.size && !memcmp(text.text, value.text, value.size))
            return true;
    }
    return false;
}

void capo_form_validate_choice(const FormField *field, Value value, FieldErrors *errors)
{
    if (!capo_form_is_empty(value) && !is_choice(field, value))
        capo_form_field_fail(field, errors, "invalid_choice", CAPO_VARS(V("value", value)));
}

/* --- several ------------------------------------------------------------------------------------------------------------------------- */

bool capo_form_choices(const FormField *field, Value raw, Value *ret, FieldErrors *errors)
{
    List *list = capo_list_new();
    *ret = capo_value_list(list);
    if (capo_form_is_empty(raw) || (raw.kind == VALUE_BOOL && !raw.boolean))
        return true;
    if (raw.kind != VALUE_LIST) {
        capo_form_field_fail(field, errors, "invalid_list", NULL);
        return false;
    }
    for (size_t i = 0; i < raw.list->count; i++)
        capo_list_add(list, capo_value_to_text(raw.list->items[i]));
    return true;
}

void capo_form_validate_choices(const FormField *field, Value value, FieldErrors *errors)
{
    /* A set of the choices, so that 100,000 ids cost one pass. */
    Map *known = capo_map_new();
    List *choices = capo_form_plain_choices(field);
    for (size_t i = 0; i < choices->count; i++)
        capo_map_set_value(known, capo_value_to_text(*capo_map_get(choices->items[i].map, "value")), capo_value_bool(true));
    for (size_t i = 0; i < value.list->count; i++)
        if (!capo_map_get_value(known, value.list->items[i])) {
            capo_form_field_fail(field, errors, "invalid_choice", CAPO_VARS(V("value", value.list->items[i])));
            return;
        }
}

/* Sets of texts that differ. */
bool capo_form_choices_changed(const FormField *field, Value initial, Value raw)
{
    (void)field;
    Map *before = capo_map_new(), *after = capo_map_new();
    for (int side = 0; side < 2; side++) {
        Value value = side ? raw : initial, item;
        if (!capo_iterable(value) || capo_is_text(value))
            continue;
        for (void *state = NULL; capo_iterate(value, &state, &item); )
            capo_map_set_value(side ? after : before, capo_value_to_text(capo_form_prepare_value(field, item)), capo_value_bool(true));
    }
    if (before->count != after->count)
        return true;
    for (size_t i = 0; i < before->count; i++)
        if (!capo_map_get_value(after, before->entries[i].key))
            return true;
    return false;
}

/* --- typed ---------------------------------------------------------------------------------------------------------------------------- */

static bool coerce_one(const FormField *field, Value text, Value *ret)
{
    FormField plain = { .name = field->name, .kind = FORM_CHAR };
    FieldErrors errors = { 0 };
    switch (field->coerce) {
    case FIELD_NONE: *ret = text; return true;
    case FIELD_FLOAT: return capo_form_float(&plain, text, ret, &errors);
    case FIELD_DECIMAL: return capo_form_decimal(&plain, text, ret, &errors);
    case FIELD_DATE: return capo_form_date(&plain, text, ret, &errors);
    case FIELD_DATETIME: return capo_form_datetime(&plain, text, ret, &errors);
    case FIELD_BOOLEAN:
        *ret = capo_value_bool(!strcmp(text.text, "True") || !strcmp(text.text, "true") || !strcmp(text.text, "1"));
        return true;
    default:
        if (capo_field_is_integer(field->coerce))
            return capo_form_integer(&plain, text, ret, &errors);
        *ret = text;
        return true;
    }
}

bool capo_form_coerce(const FormField *field, Value value, Value *ret)
{
    if (value.kind == VALUE_LIST) {
        List *list = capo_list_new();
        for (size_t i = 0; i < value.list->count; i++) {
            Value one;
            if (!coerce_one(field, value.list->items[i], &one))
                return false;
            capo_list_add(list, one);
        }
        *ret = capo_value_list(list);
        return true;
    }
    if (capo_form_is_empty(value)) {
        *ret = field->null_empty || (field->coerce && !capo_field_is_text(field->coerce)) ? capo_value_null() : capo_value_text("");
        return true;
    }
    return coerce_one(field, value, ret);
}

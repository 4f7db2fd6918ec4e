/* SPDX-License-Identifier: BSD-3-Clause */
/* Before serving: every name that a ModelAdmin's options hold must be something, and the sentence says what is wrong and where. The
 * ids are Django's. */
#include "admin_internal.h"
#include <string.h>

typedef void Report(const CheckMessage *message);
typedef struct Checking { Report *report; const ModelAdmin *admin; Model *model; } Checking;

__attribute__((format(printf, 4, 5)))
static void mistake(Checking *about, const char *id, const char *hint, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = capo_vformat(format, args);
    va_end(args);
    about->report(&(CheckMessage){ .level = CHECK_ERROR, .id = id, .text = text, .hint = hint, .object = capo_format("the admin of %s", about->model->label) });
}

/* What the model offers under names: fields, and the admin's computed columns. */
static const char *suggestion(Checking *about, const char *name)
{
    Model *model = about->model;
    const char *names[256];
    size_t count = 0;
    for (size_t i = 0; i < model->n_fields && count < 200; i++)
        names[count++] = model->fields[i]->name;
    for (size_t i = 0; i < model->n_many && count < 220; i++)
        names[count++] = model->many[i]->name;
    for (const AdminColumn *column = about->admin->columns; column && column->name && count < 250; column++)
        names[count++] = column->name;
    return capo_did_you_mean(name, names, count);
}

typedef enum { ANY_PATH, COLUMN, SHOWN_PATH, FORM_FIELD, SHOWN_FIELD, RELATION, ORDERING, SEARCH } Wanted;

static bool is_good(Checking *about, const char *name, Wanted wanted)
{
    const ModelAdmin *admin = about->admin;
    Field *field = NULL;
    bool many = false;
    switch (wanted) {
    case COLUMN:
        if (strcmp(name, "__str__") == 0 || admin_column(admin, name))
            return true;
        return admin_path_field(about->model, name, &field, &many) && !many;
    case SHOWN_PATH:
        return admin_column(admin, name) || admin_path_field(about->model, name, NULL, NULL);
    case FORM_FIELD:
        field = capo_field(about->model, name);
        return field && field->editable;
    case SHOWN_FIELD:
        return admin_column(admin, name) || capo_field(about->model, name);
    case RELATION:
        field = capo_field(about->model, name);
        return field && capo_field_is_relation(field->kind);
    case ORDERING:
        name += *name == '-';
        return strcmp(name, "?") == 0 || strcmp(name, "pk") == 0 || admin_path_field(about->model, name, NULL, NULL);
    case SEARCH:
        name += strchr("^=@", *name) != NULL;
        return capo_lookup_path_error(about->model, name, NULL) == NULL || admin_path_field(about->model, name, NULL, NULL);
    default:
        return strcmp(name, "pk") == 0 || admin_path_field(about->model, name, NULL, NULL);
    }
}

static void check_names(Checking *about, const char *option, const char *const *names, Wanted wanted, const char *id)
{
    for (; names && *names; names++) {
        if (is_good(about, *names, wanted))
            continue;
        const char *why = wanted == RELATION ? "which is not a foreign key or many-to-many field"
                        : wanted == FORM_FIELD ? "which is not an editable field" : wanted == COLUMN ? "which is not a field, a path over "
                          "foreign keys or a computed column (.columns); a many-to-many field cannot be a column" : "which is not a field of it";
        mistake(about, id, NULL, "The value of '%s' refers to '%s', %s.%s", option, *names, why, suggestion(about, *names));
    }
}

static void check_filters(Checking *about)
{
    for (const char *const *name = about->admin->list_filter; name && *name; name++) {
        bool own = false;
        for (const AdminFilter *filter = about->admin->filters; filter && filter->name; filter++)
            own |= strcmp(filter->name, *name) == 0;
        if (!own && !admin_path_field(about->model, *name, NULL, NULL))
            mistake(about, "admin.E116", NULL, "The value of 'list_filter' refers to '%s', which is neither a field nor a filter of .filters.%s", *name,
                    suggestion(about, *name));
    }
}

static void check_completion(Checking *about)
{
    check_names(about, "autocomplete_fields", about->admin->autocomplete_fields, RELATION, "admin.E037");
    for (const char *const *name = about->admin->autocomplete_fields; name && *name; name++) {
        Field *field = capo_field(about->model, *name);
        if (!field || !capo_field_is_relation(field->kind))
            continue;
        const ModelAdmin *target = capo_model_admin(field->target);
        if (!target)
            mistake(about, "admin.E039", capo_format("Add ADMIN(%s, .search_fields = LIST(…)) to an app's admin.", field->target->name),
                    "'%s' in 'autocomplete_fields' needs %s to be registered in the admin.", *name, field->target->label);
        else if (!target->search_fields)
            mistake(about, "admin.E040", NULL, "'%s' in 'autocomplete_fields' needs .search_fields in the admin of %s.", *name, field->target->label);
    }
}

static void check_inlines(Checking *about)
{
    for (size_t i = 0; i < sizeof about->admin->inlines / sizeof *about->admin->inlines && about->admin->inlines[i].model; i++) {
        const Inline *row = &about->admin->inlines[i];
        Model *child = row->model;
        size_t keys = 0;
        for (size_t j = 0; j < child->n_fields; j++)
            if (child->fields[j]->target == about->model && (!row->fk_name || strcmp(child->fields[j]->name, row->fk_name) == 0))
                keys++;
        if (keys != 1)
            mistake(about, "admin.E202", keys ? "Name the one in .fk_name." : NULL, "The inline %s has %s to %s%s%s%s.", child->label,
                    keys ? "several foreign keys" : "no foreign key", about->model->label, row->fk_name ? " called '" : "", row->fk_name ? row->fk_name : "",
                    row->fk_name ? "'" : "");
        Checking inner = { .report = about->report, .model = child, .admin = capo_model_admin(child) ? capo_model_admin(child) : &(ModelAdmin){ .model = child } };
        check_names(&inner, "inlines.fields", row->fields, SHOWN_FIELD, "admin.E002");
        check_names(&inner, "inlines.exclude", row->exclude, SHOWN_FIELD, "admin.E015");
        check_names(&inner, "inlines.readonly_fields", row->readonly_fields, SHOWN_FIELD, "admin.E035");
        check_names(&inner, "inlines.ordering", row->ordering, ORDERING, "admin.E033");
    }
}

static void check_forms(Checking *about)
{
    const ModelAdmin *admin = about->admin;
    if (admin->fields && admin->fieldsets)
        mistake(about, "admin.E005", NULL, "Both 'fieldsets' and 'fields' are specified.");
    const char *const *names = admin_field_names(admin, about->model, NULL);
    for (; *names; names++)
        if (!is_good(about, *names, SHOWN_FIELD))
            mistake(about, "admin.E002", NULL, "The form shows '%s', which is neither a field nor a computed column (.columns).%s", *names, suggestion(about, *names));
    for (size_t i = 0; i < sizeof admin->prepopulated_fields / sizeof *admin->prepopulated_fields && admin->prepopulated_fields[i].field; i++) {
        check_names(about, "prepopulated_fields", LIST(admin->prepopulated_fields[i].field), FORM_FIELD, "admin.E027");
        check_names(about, "prepopulated_fields", admin->prepopulated_fields[i].from, FORM_FIELD, "admin.E030");
    }
    for (const FieldOverride *override = admin->overrides; override && override->field; override++)
        check_names(about, "overrides", LIST(override->field), SHOWN_FIELD, "admin.E002");
}

static void check_list(Checking *about)
{
    const ModelAdmin *admin = about->admin;
    check_names(about, "list_display", admin->list_display, COLUMN, "admin.E108");
    const char *const *columns = admin->list_display ? admin->list_display : LIST("__str__");
    for (const char *const *name = admin->list_display_links; name && *name; name++)
        if (!admin_listed(columns, *name))
            mistake(about, "admin.E111", NULL, "The value of 'list_display_links' refers to '%s', which is not in 'list_display'.", *name);
    check_names(about, "export_fields", admin->export_fields, SHOWN_PATH, "admin.E108");
    check_names(about, "list_editable", admin->list_editable, FORM_FIELD, "admin.E125");
    for (const char *const *name = admin->list_editable; name && *name; name++)
        if (!admin_listed(columns, *name))
            mistake(about, "admin.E122", NULL, "The value of 'list_editable' refers to '%s', which is not in 'list_display'.", *name);
        else if (admin->list_display_links ? admin_listed(admin->list_display_links, *name) : strcmp(columns[0], *name) == 0)
            mistake(about, "admin.E124", NULL, "The value of 'list_editable' refers to '%s', which links to the object: a link cannot be edited.", *name);
    if (admin->date_hierarchy) {
        Field *field = NULL;
        admin_path_field(about->model, admin->date_hierarchy, &field, NULL);
        if (!field || (field->kind != FIELD_DATE && field->kind != FIELD_DATETIME))
            mistake(about, "admin.E128", NULL, "The value of 'date_hierarchy' is '%s', which is not a date or datetime field.%s", admin->date_hierarchy,
                    suggestion(about, admin->date_hierarchy));
    }
}

static void check_one(const ModelAdmin *admin, void *context)
{
    Checking about = { .report = *(Report **)context, .admin = admin, .model = admin->model };
    check_list(&about);
    check_filters(&about);
    check_names(&about, "search_fields", admin->search_fields, SEARCH, "admin.E126");
    check_names(&about, "ordering", admin->ordering, ORDERING, "admin.E033");
    check_names(&about, "list_select_related", admin->list_select_related, ANY_PATH, "admin.E117");
    check_names(&about, "readonly_fields", admin->readonly_fields, SHOWN_FIELD, "admin.E035");
    check_names(&about, "exclude", admin->exclude, SHOWN_FIELD, "admin.E015");
    check_names(&about, "raw_id_fields", admin->raw_id_fields, RELATION, "admin.E003");
    check_names(&about, "radio_fields", admin->radio_fields, FORM_FIELD, "admin.E022");
    check_names(&about, "filter_horizontal", admin->filter_horizontal, RELATION, "admin.E020");
    check_names(&about, "filter_vertical", admin->filter_vertical, RELATION, "admin.E020");
    check_completion(&about);
    check_inlines(&about);
    check_forms(&about);
}

static void check_model_admins(void (*report)(const CheckMessage *))
{
    admin_each(check_one, &report);
}

const SystemCheck admin_checks[] = {
    { .name = "admin", .run = check_model_admins },
    { 0 }
};

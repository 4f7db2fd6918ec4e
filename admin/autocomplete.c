/* SPDX-License-Identifier: BSD-3-Clause */
/* Suggestions for autocomplete_fields: GET with term, page, app_label, model_name, field_name; JSON as Django (and Select2) has it.
 * The related model decides who may look and what is searched. */
#include "admin_internal.h"
#include <string.h>

enum { PER_PAGE = 20 };

Response *admin_autocomplete_page(AdminPage *page)
{
    Request *req = page->req;
    const char *app = capo_param(req, "app_label"), *name = capo_param(req, "model_name"), *field_name = capo_param(req, "field_name");
    Model *source = app && name ? capo_model_of(app, name) : NULL;
    Field *field = source && field_name ? capo_field(source, field_name) : NULL;
    if (!field || !capo_field_is_relation(field->kind))
        capo_raise(403, "There is no such field to complete.");
    const ModelAdmin *admin = capo_model_admin(field->target);
    if (!admin || !admin->search_fields)
        capo_raise(404, "The admin of %s has no search_fields.", field->target->label);
    if (!admin_may(req, admin, MAY_VIEW, NULL))
        capo_raise(403, "You may not view %s.", field->target->verbose_name_plural);
    Query *query = admin_query_for(req, admin);
    if (field->limit_choices_to) {
        QueryDict *limits = capo_dict_parse(field->limit_choices_to, strlen(field->limit_choices_to));
        for (size_t i = 0; i < limits->count; i++)
            query = capo_query_filter(query, Q(limits->items[i].key, limits->items[i].value));
    }
    query = admin_search(query, admin, capo_param(req, "term"));
    if (!capo_query_is_ordered(query))
        query = capo_query_order_by(query, LIST("pk"));
    int64_t number = capo_int_param(req, "page", 1);
    if (number < 1 || number > 1000000)
        capo_raise(404, "There is no such page.");
    size_t count;
    Instance **rows = capo_query_rows(capo_query_slice(query, (number - 1) * PER_PAGE, PER_PAGE + 1), &count);
    List *results = capo_list_new();
    for (size_t i = 0; i < count && i < PER_PAGE; i++)
        capo_list_add(results, VALUE(capo_map(V("id", admin_key_text(rows[i])), V("text", capo_instance_text(rows[i])))));
    return capo_json(capo_map(V("results", results), V("pagination", capo_map(V("more", (bool)(count > PER_PAGE))))));
}

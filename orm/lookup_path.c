/* SPDX-License-Identifier: BSD-3-Clause */
/* Look-up paths that come from visitors, as the admin's filters do: checked before they are used. */
#include "query.h"
#include <string.h>

typedef struct Check { Model *model; const char *path; Field *field; } Check;

static void check(void *argument)
{
    Check *self = argument;
    Path path = path_walk(NULL, self->model, self->path, false);
    self->field = (Field *)path.final;
    Expression column = { .kind = X_COLUMN, .column = path.target, .related = path.relation ? path.model : NULL, .type = type_of_field(path.target) };
    Expression *at = &column;
    if (path.relation && path.n_names - path.used > 1)
        raise_unknown_name(NULL, path.model, path.names[path.used], strlen(path.names[path.used]));
    for (size_t i = path.used; i < path.n_names; i++) {
        const LookupRow *row = lookup_find(path.names[i]);
        if (i + 1 == path.n_names && row && lookup_applies(row, at))
            return;
        Expression *part = transform_apply(at, path.names[i]);
        if (!part) {
            if (path.relation)
                raise_unknown_name(NULL, path.model, path.names[i], strlen(path.names[i]));
            capo_raise(ERROR_FIELD, "Unsupported lookup '%s' for %s or join on the field not permitted.", path.names[i],
                       capo_field_kind_name(at->type.kind));
        }
        at = part;
    }
}

const char *capo_lookup_path_error(Model *model, const char *path, Field **ret_field)
{
    if (!path || !*path)
        return "The look-up has no name.";
    Check self = { .model = model, .path = path };
    const Error *error = capo_try(check, &self);
    if (error)
        return error->message;
    if (ret_field)
        *ret_field = self.field;
    return NULL;
}

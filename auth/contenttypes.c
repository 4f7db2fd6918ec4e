/* SPDX-License-Identifier: BSD-3-Clause */
/* Content types: a row for each model, which others refer to. An app of its own, for its label is part of what Django's databases,
 * permissions and fixtures say: contenttypes.ContentType. */
#include <capo/auth.h>

#define CAPO_MODELS "capo/contenttypes_models.def"
#include <capo/define_models.h>

extern const EmbeddedFile capo_contenttypes_files[];

const App capo_contenttypes = {
    .name = "contenttypes",
    .verbose_name = "Content Types",
    .models = models,
    .default_auto_field = "AutoField",
    .files = capo_contenttypes_files,
};

ContentType *capo_content_type(const Model *model)
{
    return capo_get_or_create(ContentType, NULL, .where = { .app_label = EQ(model->app), .model = EQ(model->name_lower) });
}

Model *capo_content_type_model(ContentType *type)
{
    return type ? capo_model_of(type->app_label, type->model) : NULL;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The signals of models. */
#include "internal.h"
#include <capo/model_signals.h>

/* A sender by its C name or its label; the model that the site put in its place. */
static const void *find_model(const void *sender, const char *name)
{
    Model *model = name ? capo_model(name) : (Model *)sender;
    return model ? capo_model_in_use(model) : NULL;
}

Signal capo_pre_save = { .name = "pre_save", .find_sender = find_model };
Signal capo_post_save = { .name = "post_save", .find_sender = find_model };
Signal capo_pre_delete = { .name = "pre_delete", .find_sender = find_model };
Signal capo_post_delete = { .name = "post_delete", .find_sender = find_model };
Signal capo_pre_init = { .name = "pre_init", .find_sender = find_model };
Signal capo_post_init = { .name = "post_init", .find_sender = find_model };
Signal capo_class_prepared = { .name = "class_prepared", .find_sender = find_model };
Signal capo_m2m_changed = { .name = "m2m_changed", .find_sender = find_model };
Signal capo_pre_migrate = { .name = "pre_migrate" };
Signal capo_post_migrate = { .name = "post_migrate" };

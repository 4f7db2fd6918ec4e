/* SPDX-License-Identifier: BSD-3-Clause */
/* The signals of models, connections and migrations (signals.h says how to receive one). The sender of those of models is the Model:
 *
 *     RECEIVER(&capo_post_save, welcome, .sender = &User_model)
 *     RECEIVER(&capo_pre_delete, keep_a_copy, .sender_name = "blog.Post")
 *
 * A save and a delete with receivers run in a transaction with them, so that what a receiver raises undoes the write. As in Django,
 * capo_update, capo_bulk_create and capo_bulk_update tell nobody; rows that a delete takes along are told of one by one. Meta's .pre_save
 * and its like are for a model's own code, and run before these. */
#pragma once
#include <capo/signals.h>

/* .instance, .created, .raw, .update_fields */
extern Signal capo_pre_save, capo_post_save;
/* .instance, .origin */
extern Signal capo_pre_delete, capo_post_delete;
/* .sender: the model; .instance: NULL before, the new or loaded one after. Each costs time for every row that is loaded. */
extern Signal capo_pre_init, capo_post_init;
/* A model is complete; before the program serves. */
extern Signal capo_class_prepared;

/* Around each change of a many-to-many relation. .sender: the join model (capo_field(&Post_model, "tags")->through); .action; .instance:
 * whose relation changes; .reverse; .model and .keys: the others. A set is a removal and an addition. */
extern Signal capo_m2m_changed;
typedef enum ManyAction { MANY_PRE_ADD, MANY_POST_ADD, MANY_PRE_REMOVE, MANY_POST_REMOVE, MANY_PRE_CLEAR, MANY_POST_CLEAR } ManyAction;

/* Once for each app, around `migrate`, also where there is nothing to apply; the second one behind `flush` too. .sender and .app. */
extern Signal capo_pre_migrate, capo_post_migrate;

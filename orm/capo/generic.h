/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows that point to a row of any model (Django's GenericForeignKey and GenericRelation): one field says which model, by its content
 * type, another holds the key.
 *
 *     MODEL(TaggedItem)
 *         SLUG(tag)
 *         FOREIGN_KEY(content_type, ContentType, .on_delete = CASCADE, .related_name = "+")
 *         POSITIVE_BIG_INTEGER(object_id)
 *         META(.generic_keys = GENERIC_KEYS({ "subject", "content_type", "object_id" }))
 *     END_MODEL
 *     MODEL(Post)
 *         …
 *         META(.generic_relations = GENERIC_RELATIONS({ "tags", &TaggedItem_model }))
 *     END_MODEL
 *
 *     capo_set_generic(item, "subject", post);
 *     Post *post = capo_generic_object(item, "subject");          // {{ item.subject }}
 *     capo_related_query(post, "tags");                            // {{ post.tags.all }}, .prefetch = LIST("tags"), Q("tags__tag", "c")
 *
 * A relation deletes its rows with the object. There is no constraint in the database, as in Django: without .generic_relations rows
 * stay behind. capo_add, capo_set_all, capo_remove and capo_clear work on a relation; what is removed is deleted. The app
 * contenttypes has the table of models. A proxy counts as the model whose table it has. */
#pragma once
#include "orm.h"

#define capo_generic_object(object, name) ((void *)capo_instance_generic(&(object)->capo, (name)))
#define capo_set_generic(object, name, other) capo_instance_set_generic(&(object)->capo, (name), &(other)->capo)
/* The object, one query for the type and one for the row, kept with this one; NULL: none is set, it is gone, or its model is. Of many rows
 * .prefetch = LIST("subject") loads all: one query for the types, one for each model, which may be one's own:
 *     .prefetch_with = PREFETCHES(PREFETCH("subject", .queries = QUERIES(capo_query(Post, .select_related = LIST("author")), capo_query(Book)))) */
Instance *capo_instance_generic(Instance *self, const char *name);
/* other may be NULL where both fields may be. It must be saved. */
void capo_instance_set_generic(Instance *self, const char *name, Instance *other);
/* The key of the model's content type; its row is made where it is not there yet. */
Value capo_generic_type(const Model *model);

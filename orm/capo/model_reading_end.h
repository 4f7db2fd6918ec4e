/* SPDX-License-Identifier: BSD-3-Clause */
/* Takes the primitives of one reading back. */
#undef MODEL
#undef MODEL_KEY
#undef MODEL_KEYS
#undef ABSTRACT_MODEL
#undef EXTENDED_MODEL
#undef CHILD_MODEL
#undef PROXY_MODEL
#undef END_MODEL
#undef META
#undef CAPO_PLAIN
#undef CAPO_NULLABLE
#undef CAPO_RELATION
#undef CAPO_NULLABLE_RELATION
#undef CAPO_MANY
#undef CAPO_GENERATED
#undef EXPRESSION

/* SPDX-License-Identifier: BSD-3-Clause */
/* Takes the primitives of one reading of a forms.def back. */
#undef FORM
#undef MODEL_FORM
#undef END_FORM
#undef META
#undef CAPO_PLAIN
#undef CAPO_NULLABLE
#undef CAPO_RELATION
#undef CAPO_NULLABLE_RELATION
#undef CAPO_MANY

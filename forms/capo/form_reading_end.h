/* SPDX-License-Identifier: BSD-3-Clause */
/* Takes the primitives of one reading of a forms.def back. */
#undef FORM
#undef MODEL_FORM
#undef END_FORM
#undef CAPO_PLAIN
#undef CAPO_NULLABLE
#undef CAPO_MODEL_CHOICE

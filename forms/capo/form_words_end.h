/* SPDX-License-Identifier: BSD-3-Clause */
/* Takes the words of form_words.h back, so that they are free for user code. */
#undef BOOLEAN
#undef CHAR
#undef CHOICE
#undef DATE
#undef DATETIME
#undef DECIMAL
#undef DURATION
#undef EMAIL
#undef FILE
#undef IMAGE
#undef FLOAT
#undef INTEGER
#undef INTEGER_CHOICE
#undef IP_ADDRESS
#undef JSON
#undef MODEL_CHOICE
#undef MODEL_MULTIPLE_CHOICE
#undef MULTIPLE_CHOICE
#undef OPTIONAL
#undef SLUG
#undef SPLIT_DATETIME
#undef TEXT
#undef TIME
#undef URL
#undef UUID

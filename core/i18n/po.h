/* SPDX-License-Identifier: BSD-3-Clause */
/* Catalogues as translators write them (GNU gettext's PO files), made to the form that is read at run time. */
#pragma once
#include <capo/buffer.h>

/* Appends the MO file of a PO file, behind whose text stands a NUL. Untranslated and fuzzy entries are left out. False: *ret_line and *ret_why say where and what is
 * wrong: the syntax, an entry that is there twice, a translation with a hole that its message has not, forms that Plural-Forms has not. */
bool po_compile(const char *text, size_t size, Buffer *ret, int *ret_line, const char **ret_why);

/* A text that sources hold; context and many may be NULL. places: "blog/views.c:7 blog/urls.c:3". */
typedef struct PoText { const char *context, *one, *many, *places; } PoText;

/* Appends a PO file with these texts, in their order. What the old file (size 0: none) says of them is carried over: translations, remarks, flags, its
 * header. A text that has a plural now and had none, or the other way round, is untranslated again; a translated one that no source holds
 * any more is kept behind "#~". `header` is that of a new file. The old file is one that po_compile takes. */
void po_merge(const char *old_text, size_t size, const char *header, const PoText *texts, size_t count, Buffer *ret);

/* SPDX-License-Identifier: BSD-3-Clause */
/* Catalogues as translators write them (GNU gettext's PO files), made to the form that is read at run time. */
#pragma once
#include <capo/buffer.h>

/* Appends the MO file of a PO file, behind whose text stands a NUL. Untranslated and fuzzy entries are left out. False: *ret_line and *ret_why say where and what is
 * wrong: the syntax, an entry that is there twice, a translation with a hole that its message has not, forms that Plural-Forms has not. */
bool po_compile(const char *text, size_t size, Buffer *ret, int *ret_line, const char **ret_why);

/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once
#include <capo/template_tags.h>

/* The library blog_extras of docs/templates.md; ends with { 0 }. */
extern const TagLibrary blog_libraries[];

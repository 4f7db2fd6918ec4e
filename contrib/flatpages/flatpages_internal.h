/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of flat pages share. */
#pragma once
#include <capo/flatpages.h>
#include <capo/template_tags.h>

extern const TagLibrary flatpages_libraries[];

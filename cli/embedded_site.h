/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once
#include <capo/web.h>

/* The site's own templates, static files and migrations inside a release program (capo-embed makes the array); NULL in development. */
const EmbeddedFile *cli_embedded_site_files(void);
/* Error pages from templates, the debug page's extras, context processors, permissions after migrate. */
void cli_wire_pages(void);

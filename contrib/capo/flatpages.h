/* SPDX-License-Identifier: BSD-3-Clause */
/* Pages that editors write in the admin, kept in the database by address and site (django.contrib.flatpages).
 *
 *     .apps = APPS(&capo_admin, &capo_auth, &capo_flatpages, &blog), .site_id = 1,          // brings sites
 *     .middleware = MIDDLEWARE(…, capo_flatpage_middleware)                                  // the last one
 *
 * A page is rendered by its own template, else by flatpages/default.html, with `flatpage`: url, title, content, registration_required, …; title and
 * content are HTML of trusted people, and printed as they are. {% load flatpages %}{% get_flatpages as pages %} lists them. */
#pragma once
#include <capo/sites.h>

extern const App capo_flatpages;

const char *capo_flatpage_text(const void *page);       /* "/about/ -- About us" */
const char *capo_flatpage_url(const void *page);        /* its address, percent-encoded */

#define CAPO_MODELS "capo/flatpages_models.def"
#include <capo/declare_models.h>            /* FlatPage */

/* Where a request would get a 404: the current site's page of its path, if there is one. An error while one is looked for or rendered leaves the
 * 404 as it is, but in DEBUG. */
Response *capo_flatpage_middleware(Request *req, const Next *next);
/* View: the page of the argument `url`, or a 404. For a route of one's own: { "about/", capo_flatpage_view, "about", .arguments =
 * ARGUMENTS(TEXT_ARGUMENT("url", "/about/")) }, or all below a prefix: { "pages/", .include = capo_flatpage_urls }. */
Response *capo_flatpage_view(Request *req);
extern const Route capo_flatpage_urls[];

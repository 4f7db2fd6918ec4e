/* SPDX-License-Identifier: BSD-3-Clause */
/* Several sites on one database (django.contrib.sites): which one a request is for.
 *
 *     .apps = APPS(&capo_admin, &capo_auth, &capo_sites, &blog), .site_id = 1
 *
 *     Site *site = capo_current_site(req);
 *     … .where = { .sites = HAS(Site, .id = EQ(site->id)) } …
 *
 * After the first `migrate` there is a site example.com; the admin has them. */
#pragma once
#include <capo/admin.h>

extern const App capo_sites;

void capo_validate_site_domain(Value value);
void capo_site_saved(void *site, bool created);
void capo_site_deleted(void *site);

#define CAPO_MODELS "capo/sites_models.def"
#include <capo/declare_models.h>            /* Site */

/* The site of settings' .site_id; without that the one whose domain is the request's host, with its port or without. Raises ERROR_DOES_NOT_EXIST
 * with what there is. A program without the app: a Site that is in no database, with the id 0 and the host as its domain (Django's RequestSite).
 * All sites are kept in the cache "default" for a minute, in which other workers may see what this one changed not yet.
 * req may be NULL where .site_id is set. */
Site *capo_current_site(Request *req);

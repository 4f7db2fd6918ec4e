/* SPDX-License-Identifier: BSD-3-Clause */
/* Capo: everything that a site needs. The parts, in the order to read them:
 *     web.h response.h request.h    routes, views, settings          orm.h model.h databases.h   models and queries
 *     templates.h template_tags.h   pages, own tags and filters      forms.h             forms
 *     auth.h cache.h                users, the cache                 admin.h             the panel
 *     cli.h                         the program                      testing.h           (not included here) tests
 * and below them value.h, arena.h, error.h, buffer.h, time.h, loop.h. */
#pragma once
#include <capo/arena.h>
#include <capo/error.h>
#include <capo/buffer.h>
#include <capo/time.h>
#include <capo/value.h>
#include <capo/i18n.h>
#include <capo/loop.h>
#include <capo/request.h>
#include <capo/response.h>
#include <capo/cache.h>
#include <capo/web.h>
#include <capo/signals.h>
#include <capo/orm.h>
#include <capo/integrity.h>
#include <capo/files.h>
#include <capo/model_signals.h>
#include <capo/databases.h>
#include <capo/introspection.h>
#include <capo/templates.h>
#include <capo/template_tags.h>
#include <capo/migrations.h>
#include <capo/forms.h>
#include <capo/auth.h>
#include <capo/admin.h>
#include <capo/cli.h>

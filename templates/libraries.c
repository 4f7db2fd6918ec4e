/* SPDX-License-Identifier: BSD-3-Clause */
#include "filters.h"
const BuiltinTag capo_i18n_tags[] = { { 0 } }, capo_l10n_tags[] = { { 0 } }, capo_tz_tags[] = { { 0 } }, capo_cache_tags[] = { { 0 } };
const Filter capo_i18n_filters[] = { { 0 } }, capo_l10n_filters[] = { { 0 } }, capo_tz_filters[] = { { 0 } }, capo_humanize_filters[] = { { 0 } };

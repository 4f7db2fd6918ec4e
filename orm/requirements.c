/* SPDX-License-Identifier: BSD-3-Clause */
/* What a database has, by Django's names for it, and which models it can hold by what their Meta requires. */
#include "model_resolver.h"
#include "schema.h"
#include <string.h>

typedef struct Feature { const char *name; bool there; } Feature;
enum { FEATURES = 24 };

/* Of this database; NULL: none, for the names alone. */
static size_t features_of(const Backend *backend, Feature *ret)
{
    static const Dialect no_dialect;
    static const SchemaBackend no_schema;
    const Dialect *dialect = backend ? backend->dialect : &no_dialect;
    const SchemaBackend *schema = backend ? backend->schema : &no_schema;
    const Feature features[] = {
        { "allows_group_by_selected_pks", dialect->groups_by_key },
        { "can_defer_constraint_checks", dialect->defers_constraints },
        { "can_distinct_on_fields", dialect->distinct_on },
        { "can_return_columns_from_insert", dialect->returning },
        { "can_rollback_ddl", dialect->ddl_in_transaction },
        { "has_native_duration_field", dialect->intervals },
        { "has_native_uuid_field", dialect->native_uuids },
        { "has_select_for_no_key_update", dialect->lock_no_key },
        { "has_select_for_update", dialect->for_update },
        { "has_select_for_update_of", dialect->lock_of },
        { "supports_aggregate_filter_clause", dialect->aggregate_filter },
        { "supports_comments", schema->comments },
        { "supports_covering_indexes", schema->index_include },
        { "supports_deferrable_unique_constraints", schema->deferrable_unique },
        { "supports_expression_indexes", schema->index_parts },
        { "supports_frame_exclusion", dialect->frame_exclusion },
        { "supports_json_field", true },
        { "supports_nulls_distinct_unique_constraints", schema->nulls_not_distinct },
        { "supports_partial_indexes", schema->index_conditions },
        { "supports_stored_generated_columns", true },
        { "supports_tablespaces", schema->tablespaces },
        { "supports_update_conflicts_with_target", dialect->on_conflict },
        { "supports_virtual_generated_columns", schema->virtual_columns },
    };
    memcpy(ret, features, sizeof features);
    return sizeof features / sizeof *features;
}

static bool find(const Backend *backend, const char *name, bool *ret_there)
{
    Feature features[FEATURES] = { 0 };
    size_t count = features_of(backend, features);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(features[i].name, name)) {
            *ret_there = features[i].there;
            return true;
        }
    return false;
}

bool resolver_knows_feature(const char *name)
{
    bool there;
    return find(NULL, name, &there);
}

const char *resolver_feature_like(const char *name)
{
    Feature features[FEATURES] = { 0 };
    const char *names[FEATURES];
    size_t count = features_of(NULL, features);
    for (size_t i = 0; i < count; i++)
        names[i] = features[i].name;
    return capo_did_you_mean(name, names, count);
}

bool capo_database_has(const char *feature)
{
    bool there;
    if (!find(capo_backend(), feature, &there))
        capo_raise(ERROR_VALUE, "\"%s\" is no feature of databases.%s", feature, resolver_feature_like(feature));
    return there;
}

bool capo_model_is_migrated(const Model *model)
{
    const MetaOptions *meta = model->meta;
    if (!model->managed || (meta->required_db_vendor && strcmp(meta->required_db_vendor, capo_backend()->name)))
        return false;
    for (const char *const *feature = meta->required_db_features; feature && *feature; feature++)
        if (!capo_database_has(*feature))
            return false;
    return true;
}

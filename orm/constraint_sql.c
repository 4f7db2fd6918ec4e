/* SPDX-License-Identifier: BSD-3-Clause */
/* Conditions and expressions outside of queries, as SQL for the schema: columns without their table, values as literals; and with them
 * the constraints of a table and the indexes of its Meta. What the database lacks is left out, as Django leaves it out. */
#include "query.h"
#include "schema.h"
#include <string.h>

/* --- walking --- */

static void value_paths(Value value, void (*see)(void *, const char *), void *context)
{
    Expression *expression = value_expression(value);
    if (expression)
        capo_expression_paths(expression, see, context);
    for (size_t i = 0; value.kind == VALUE_LIST && i < value.list->count; i++)
        value_paths(value.list->items[i], see, context);
}

void capo_expression_paths(const Expression *expression, void (*see)(void *, const char *), void *context)
{
    if (expression->kind == X_PATH)
        see(context, expression->name);
    if (expression->condition)
        capo_condition_paths(expression->condition, see, context);
    for (size_t i = 0; i < expression->n_args; i++)
        capo_expression_paths(expression->args[i], see, context);
}

void capo_condition_paths(const Condition *condition, void (*see)(void *, const char *), void *context)
{
    if (condition->kind == CONDITION_LOOKUP) {
        see(context, condition->path);
        value_paths(condition->value, see, context);
    } else if (condition->kind == CONDITION_EXPRESSION) {
        capo_expression_paths(condition->expression, see, context);
    }
    for (size_t i = 0; i < condition->count; i++)
        capo_condition_paths(condition->children[i], see, context);
}

/* --- SQL --- */

static const char *bare_sql(const Model *model, Expression *expression)
{
    Query *query = capo_query_of((Model *)model);
    Frame frame = { .query = query, .bare = true };
    Compiler compiler = { .backend = capo_backend(), .dialect = capo_dialect(), .frame = &frame, .literals = true };
    query->no_order = true;
    query_base(query);
    Expression *resolved = resolve(&(Scope){ .query = query, .no_joins = true }, expression);
    if (expression_has_aggregate(resolved))
        capo_raise(ERROR_FIELD, "%s: a constraint, an index or a generated column cannot have an aggregate.", model->label);
    for (size_t i = 1; i < query->n_joins; i++)
        if (query->joins[i].references > 0)
            capo_raise(ERROR_FIELD, "%s: a constraint, an index or a generated column can have columns of its own row only; one leads over %s.",
                       model->label, query->joins[i].model->label);
    Sql sql = compile(&compiler, resolved);
    if (sql != SQL_OK)
        return sql == SQL_FULL ? "1 = 1" : "1 = 0";
    return capo_buffer_text(&compiler.sql);
}

const char *capo_condition_sql(const Model *model, Condition *condition) { return bare_sql(model, expression_condition(condition)); }
const char *capo_expression_sql(const Model *model, Expression *expression) { return bare_sql(model, expression); }

/* --- parts of indexes --- */

static void put_columns(Buffer *sql, const Model *model, const char *const *fields, const char *const *opclasses, bool ordered)
{
    for (size_t i = 0; fields[i]; i++) {
        bool down = fields[i][0] == '-';
        capo_put(sql, i ? ", " : "");
        capo_put_name(sql, capo_field(model, fields[i] + down)->column);
        if (opclasses)
            capo_put_format(sql, " %s", opclasses[i]);
        capo_put(sql, down && ordered ? " DESC" : "");
    }
}

/* A word of the schema that is no name to be quoted: letters, digits and what stands between them. */
static const char *plain_word(const Model *model, const char *word, const char *further)
{
    for (const char *c = word; *c; c++)
        if (!(*c >= 'a' && *c <= 'z') && !(*c >= 'A' && *c <= 'Z') && !(*c >= '0' && *c <= '9') && !strchr(further, *c))
            capo_raise(ERROR_VALUE, "%s: \"%s\" cannot stand in an index.", model->label, word);
    return word;
}

static void put_parts(Buffer *sql, const Model *model, const IndexPart *parts, const char *const *operators)
{
    const SchemaBackend *schema = capo_backend()->schema;
    for (size_t i = 0; parts[i].of.kind != VALUE_NULL; i++) {
        const IndexPart *part = &parts[i];
        Expression *of = capo_expression_of(part->of);
        bool column = of->kind == X_PATH && !strstr(of->name, "__");
        capo_put_format(sql, column ? "%s%s" : "%s(%s)", i ? ", " : "", capo_expression_sql(model, of));
        if (part->collation)
            capo_put_format(sql, " COLLATE %s", capo_quote_name(part->collation));
        if (part->opclass && schema->index_methods)
            capo_put_format(sql, " %s", plain_word(model, part->opclass, "_"));
        capo_put(sql, part->descending ? " DESC" : "");
        if (operators)
            capo_put_format(sql, " WITH %s", operators[i]);
    }
}

static void put_operator_check(const Model *model, const char *const *operators)
{
    for (; operators && *operators; operators++)
        if (!**operators || (*operators)[strspn(*operators, "=<>&|~!@#-+*/^%?")])
            capo_raise(ERROR_VALUE, "%s: \"%s\" is no operator.", model->label, *operators);
}

static void put_include(Buffer *sql, const Model *model, const char *const *include)
{
    if (!include || !capo_backend()->schema->index_include)
        return;
    capo_put(sql, " INCLUDE (");
    put_columns(sql, model, include, NULL, false);
    capo_put_char(sql, ')');
}

static const char *drop_index(const Model *model, const char *name)
{
    const SchemaWords *words = capo_backend()->schema->words;
    return words && words->index_has_table ? capo_format(words->drop_index, capo_quote_name(model->table), capo_quote_name(name))
                                           : capo_format("DROP INDEX IF EXISTS %s", capo_quote_name(name));
}

/* --- indexes of Meta --- */

static const char *index_sql(const Model *model, const IndexInfo *index)
{
    const SchemaBackend *schema = capo_backend()->schema;
    const char *tablespace = index->db_tablespace ? index->db_tablespace : model->meta->db_tablespace;
    Buffer sql = { 0 };
    capo_put_format(&sql, "CREATE INDEX %s ON %s ", capo_quote_name(index->name), capo_quote_name(model->table));
    if (index->method && schema->index_methods)
        capo_put_format(&sql, "USING %s ", index->method);
    capo_put_char(&sql, '(');
    if (index->parts)
        put_parts(&sql, model, index->parts, NULL);
    else
        put_columns(&sql, model, index->fields, schema->index_methods ? index->opclasses : NULL, true);
    capo_put_char(&sql, ')');
    put_include(&sql, model, index->include);
    if (index->storage && schema->index_methods)
        capo_put_format(&sql, " WITH (%s)", plain_word(model, index->storage, "_=,. "));
    if (tablespace && schema->tablespaces)
        capo_put_format(&sql, " TABLESPACE %s", capo_quote_name(tablespace));
    if (index->condition && schema->index_conditions)
        capo_put_format(&sql, " WHERE %s", capo_condition_sql(model, index->condition));
    return capo_buffer_text(&sql);
}

/* --- constraints --- */

static bool is_unique_index(const ConstraintInfo *one)
{
    return one->unique_parts || (one->unique && (one->condition || one->include || one->opclasses));
}

const char *capo_constraint_lack(const Model *model, const ConstraintInfo *one)
{
    const SchemaBackend *schema = capo_backend()->schema;
    if (one->own && !one->own->sql(model, one, capo_backend()->name))
        return capo_format("constraints of the kind %s", one->own->name);
    if (one->exclude && !schema->exclusion)
        return "exclusion constraints";
    if (one->condition && !schema->index_conditions)
        return "unique constraints with conditions";
    if (one->unique_parts && !schema->index_parts)
        return "unique constraints on expressions";
    if (one->deferrable && !schema->deferrable_unique)
        return "deferrable unique constraints";
    if (one->include && !schema->index_include)
        return "unique constraints with non-key columns";
    if (one->opclasses && !schema->index_methods)
        return "unique constraints with operator classes";
    if (one->nulls_not_distinct && !schema->nulls_not_distinct)
        return "unique constraints with nulls distinct";
    return NULL;
}

static const char *const deferrable_words[] = {
    [NOT_DEFERRABLE] = "", [INITIALLY_DEFERRED] = " DEFERRABLE INITIALLY DEFERRED", [INITIALLY_IMMEDIATE] = " DEFERRABLE INITIALLY IMMEDIATE",
};

static const char *unique_index_sql(const Model *model, const ConstraintInfo *one)
{
    Buffer sql = { 0 };
    capo_put_format(&sql, "CREATE UNIQUE INDEX %s ON %s (", capo_quote_name(one->name), capo_quote_name(model->table));
    if (one->unique_parts)
        put_parts(&sql, model, one->unique_parts, NULL);
    else
        put_columns(&sql, model, one->unique, one->opclasses, false);
    capo_put_char(&sql, ')');
    put_include(&sql, model, one->include);
    capo_put(&sql, one->nulls_not_distinct ? " NULLS NOT DISTINCT" : "");
    if (one->condition)
        capo_put_format(&sql, " WHERE %s", capo_condition_sql(model, one->condition));
    return capo_buffer_text(&sql);
}

static const char *constraint_sql(const Model *model, const ConstraintInfo *one)
{
    Buffer sql = { 0 };
    capo_put_format(&sql, "CONSTRAINT %s ", capo_quote_name(one->name));
    if (one->check || one->check_sql) {
        capo_put_format(&sql, "CHECK (%s)", one->check ? capo_condition_sql(model, one->check) : one->check_sql);
        return capo_buffer_text(&sql);
    }
    if (one->own) {
        capo_put(&sql, one->own->sql(model, one, capo_backend()->name));
        return capo_buffer_text(&sql);
    }
    if (one->exclude) {
        put_operator_check(model, one->operators);
        capo_put_format(&sql, "EXCLUDE USING %s (", one->method ? plain_word(model, one->method, "_") : "gist");
        put_parts(&sql, model, one->exclude, one->operators);
        capo_put_char(&sql, ')');
        put_include(&sql, model, one->include);
        if (one->condition)
            capo_put_format(&sql, " WHERE (%s)", capo_condition_sql(model, one->condition));
    } else {
        capo_put(&sql, one->nulls_not_distinct ? "UNIQUE NULLS NOT DISTINCT (" : "UNIQUE (");
        put_columns(&sql, model, one->unique, NULL, false);
        capo_put_char(&sql, ')');
    }
    capo_put(&sql, deferrable_words[one->deferrable]);
    return capo_buffer_text(&sql);
}

IndexSpec *capo_schema_constraints(const Model *model)
{
    const SchemaWords *words = capo_backend()->schema->words;
    IndexSpec *specs = capo_alloc_array(model->n_constraints + 1, sizeof *specs), *spec = specs;
    const ConstraintInfo *constraints = capo_model_constraints(model);
    for (size_t i = 0; i < model->n_constraints; i++) {
        const ConstraintInfo *one = &constraints[i];
        if (capo_constraint_lack(model, one) || is_unique_index(one))
            continue;
        const char *own = one->own ? one->own->sql(model, one, capo_backend()->name) : "";
        bool check = one->check || one->check_sql || !strncasecmp(own, "CHECK", 5), key = !strncasecmp(own, "FOREIGN", 7);
        const char *drop = !words ? NULL : check ? words->drop_check : key ? words->drop_foreign_key : words->drop_unique;
        *spec++ = (IndexSpec){ one->name, constraint_sql(model, one), drop ? capo_format(drop, capo_quote_name(model->table), capo_quote_name(one->name)) : NULL };
    }
    return specs;
}

size_t capo_schema_meta_indexes(const Model *model, IndexSpec *ret)
{
    const SchemaBackend *schema = capo_backend()->schema;
    const IndexInfo *indexes = capo_model_indexes(model);
    const ConstraintInfo *constraints = capo_model_constraints(model);
    size_t count = 0;
    for (size_t i = 0; i < model->n_indexes; i++)
        if (!indexes[i].parts || schema->index_parts)
            ret[count++] = (IndexSpec){ indexes[i].name, index_sql(model, &indexes[i]), drop_index(model, indexes[i].name) };
    for (size_t i = 0; i < model->n_constraints; i++)
        if (is_unique_index(&constraints[i]) && !capo_constraint_lack(model, &constraints[i]))
            ret[count++] = (IndexSpec){ constraints[i].name, unique_index_sql(model, &constraints[i]), drop_index(model, constraints[i].name) };
    return count;
}

/* --- what is left out --- */

static void warn(List *warnings, const Model *model, const char *name, const char *lack, const char *then)
{
    capo_list_add(warnings, capo_value_text(capo_format("%s, %s: %s does not support %s. %s", model->label, name, capo_backend()->title, lack, then)));
}

/* Texts and bytes of any length can be part of a key only with a length, which MariaDB wants and nobody can write. */
static void warn_of_long_columns(List *warnings, const Model *model, const char *name, const char *const *fields)
{
    const SchemaWords *words = capo_backend()->schema->words;
    for (size_t i = 0; words && words->can_index && fields && fields[i]; i++) {
        const Field *field = capo_field(model, fields[i] + (fields[i][0] == '-'));
        if (field && field->column && !words->can_index(field))
            warn(warnings, model, name, capo_format("a key over \"%s\", a %s, which has no length", field->name, capo_field_kind_name(field->kind)),
                 "Leave the field out, or use a CHAR.");
    }
}

void capo_schema_check(const Model *model)
{
    const char *lack = capo_schema_lack(model);
    if (lack)
        capo_raise(ERROR_NOT_SUPPORTED, "%s", lack);
    const ConstraintInfo *constraints = capo_model_constraints(model);
    for (size_t i = 0; i < model->n_constraints; i++) {
        const OwnConstraint *own = constraints[i].own;
        const char *problem = own && own->problem ? own->problem(model, &constraints[i]) : NULL;
        if (problem)
            capo_raise(ERROR_IMPROPERLY_CONFIGURED, "%s, %s: %s", model->label, constraints[i].name, problem);
    }
    capo_schema_constraints(model);
    capo_schema_indexes(model);
    for (size_t i = 0; i < model->n_fields; i++) {
        capo_column_default(model->fields[i]);
        capo_column_generated(model->fields[i]);
        capo_on_delete_sql(model->fields[i]);
    }
}

void capo_schema_warn(const Model *model, List *warnings)
{
    const SchemaBackend *schema = capo_backend()->schema;
    const SchemaWords *words = schema->words;
    const IndexInfo *indexes = capo_model_indexes(model);
    const ConstraintInfo *constraints = capo_model_constraints(model);
    for (size_t i = 0; i < model->n_indexes; i++) {
        const IndexInfo *one = &indexes[i];
        if (one->parts && !schema->index_parts)
            warn(warnings, model, one->name, "indexes on expressions", "An index won't be created.");
        if (one->condition && !schema->index_conditions)
            warn(warnings, model, one->name, "indexes with conditions", "Conditions will be ignored.");
        if (one->include && !schema->index_include)
            warn(warnings, model, one->name, "indexes with non-key columns", "Non-key columns will be ignored.");
        if ((one->method || one->opclasses || one->storage) && !schema->index_methods)
            warn(warnings, model, one->name, "indexes of other kinds, with operator classes or storage parameters", "A plain index will be created.");
        warn_of_long_columns(warnings, model, one->name, one->fields);
    }
    for (size_t i = 0; i < model->n_constraints; i++) {
        const char *lack = capo_constraint_lack(model, &constraints[i]);
        if (lack)
            warn(warnings, model, constraints[i].name, lack, "A constraint won't be created.");
        warn_of_long_columns(warnings, model, constraints[i].name, constraints[i].unique);
    }
    for (size_t i = 0; words && words->can_index && i < model->n_fields; i++) {
        const Field *field = model->fields[i];
        if ((field->db_index || field->unique) && !words->can_index(field))
            warn(warnings, model, field->name, capo_format("a database index on %s columns", capo_field_kind_name(field->kind)),
                 field->unique ? "A unique column needs a length: use a CHAR." : "An index won't be created.");
        if (field->unique && field->max_length > 255 && capo_field_is_text(field->kind))
            warn(warnings, model, field->name, "a unique text longer than 255 characters on every storage engine", "Give it a .max_length of 255 or less.");
    }
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Functions, transforms and look-ups that are rows of SQL: those of the site's apps, and PostgreSQL's search of texts, which is
 * written the same way.
 *
 * To add one of PostgreSQL's: a row here. An app's: its .functions and .lookups (expressions.h). */
#include "functions.h"
#include <capo/expressions.h>
#include <capo/web.h>
#include <string.h>

#define ON_POSTGRESQL(text) .sql = "", .postgresql = (text)

static const DatabaseFunction postgresql_functions[] = {
    { .name = "Unnest", ON_POSTGRESQL("UNNEST"), .least = 1, .most = 1, .gives = FIELD_TEXT, .set_returning = true },
    { .name = "GenerateSeries", ON_POSTGRESQL("GENERATE_SERIES"), .least = 2, .most = 3, .set_returning = true },
    { .name = "RandomUUID", ON_POSTGRESQL("GEN_RANDOM_UUID"), .gives = FIELD_UUID },
    { .name = "TransactionNow", ON_POSTGRESQL("CURRENT_TIMESTAMP(6)"), .gives = FIELD_DATETIME },
    { .name = "SearchQuery", ON_POSTGRESQL("PLAINTO_TSQUERY($1)"), .least = 1, .most = 1, .gives = FIELD_TEXT },
    { .name = "SearchPhrase", ON_POSTGRESQL("PHRASETO_TSQUERY($1)"), .least = 1, .most = 1, .gives = FIELD_TEXT },
    { .name = "SearchWeb", ON_POSTGRESQL("WEBSEARCH_TO_TSQUERY($1)"), .least = 1, .most = 1, .gives = FIELD_TEXT },
    { .name = "SearchRaw", ON_POSTGRESQL("TO_TSQUERY($1)"), .least = 1, .most = 1, .gives = FIELD_TEXT },
    { .name = "SearchRank", ON_POSTGRESQL("TS_RANK"), .least = 2, .most = 2, .gives = FIELD_FLOAT },
    { .name = "SearchHeadline", ON_POSTGRESQL("TS_HEADLINE"), .least = 2, .most = 3, .gives = FIELD_TEXT },
    { .name = "TrigramSimilarity", ON_POSTGRESQL("SIMILARITY"), .least = 2, .most = 2, .gives = FIELD_FLOAT },
    { .name = "TrigramDistance", ON_POSTGRESQL("($1 <-> $2)"), .least = 2, .most = 2, .gives = FIELD_FLOAT },
    { .name = "TrigramWordSimilarity", ON_POSTGRESQL("WORD_SIMILARITY"), .least = 2, .most = 2, .gives = FIELD_FLOAT },
    { .name = "TrigramStrictWordSimilarity", ON_POSTGRESQL("STRICT_WORD_SIMILARITY"), .least = 2, .most = 2, .gives = FIELD_FLOAT },
    { .name = "Unaccent", ON_POSTGRESQL("UNACCENT"), .least = 1, .most = 1, .transform = "unaccent", .of = FIELD_TEXT, .bilateral = true },
    { 0 }
};

static const DatabaseLookup postgresql_lookups[] = {
    { .name = "search", .of = FIELD_TEXT, ON_POSTGRESQL("$1 @@ $2") },
    { .name = "trigram_similar", .of = FIELD_TEXT, ON_POSTGRESQL("$1 % $2") },
    { .name = "trigram_word_similar", .of = FIELD_TEXT, ON_POSTGRESQL("$1 %> $2") },
    { .name = "trigram_strict_word_similar", .of = FIELD_TEXT, ON_POSTGRESQL("$1 %>> $2") },
    { 0 }
};

/* The rows of app number i, then of the framework; false behind the last. */
static bool functions_of(size_t i, const DatabaseFunction **ret)
{
    size_t count;
    const App *const *apps = capo_known_apps(&count);
    *ret = i < count ? apps[i]->functions : postgresql_functions;
    return i <= count;
}

static bool lookups_of(size_t i, const DatabaseLookup **ret)
{
    size_t count;
    const App *const *apps = capo_known_apps(&count);
    *ret = i < count ? apps[i]->lookups : postgresql_lookups;
    return i <= count;
}

static bool is_of(FieldKind kind, FieldKind of)
{
    return !of || kind == of || (of == FIELD_TEXT && (capo_field_is_text(kind) || kind == FIELD_SEARCH_VECTOR)) || (of == FIELD_INTEGER && capo_field_is_integer(kind));
}

static const FunctionRow *row_of(const DatabaseFunction *function)
{
    FunctionRow *row = capo_alloc_struct(FunctionRow);
    *row = (FunctionRow){ .name = function->name ? function->name : function->transform, .sql = function->sql, .own = function,
                          .gives = function->gives ? GIVES_KIND : GIVES_FIRST, .kind = function->gives, .least = function->least, .most = function->most,
                          .aggregate = function->aggregate, .window_only = function->window_only };
    return row;
}

const FunctionRow *own_function(const char *name)
{
    const DatabaseFunction *row;
    for (size_t i = 0; functions_of(i, &row); i++)
        for (; row && (row->name || row->transform); row++)
            if (row->name && !strcmp(row->name, name))
                return row_of(row);
    return NULL;
}

Expression *own_transform(Expression *of, const char *name, bool *ret_bilateral)
{
    const DatabaseFunction *row;
    for (size_t i = 0; functions_of(i, &row); i++)
        for (; row && (row->name || row->transform); row++)
            if (row->transform && !strcmp(row->transform, name) && is_of(of->type.kind, row->of)) {
                Expression *call = expression_call_of(row_of(row), &of, 1);
                expression_infer(call);
                *ret_bilateral = row->bilateral;
                return call;
            }
    return NULL;
}

const LookupRow *own_lookup(const Expression *left, const char *name)
{
    const DatabaseLookup *row;
    for (size_t i = 0; lookups_of(i, &row); i++)
        for (; row && row->name; row++)
            if (!strcmp(row->name, name) && is_of(left->type.kind, row->of)) {
                LookupRow *lookup = capo_alloc_struct(LookupRow);
                *lookup = (LookupRow){ .name = row->name, .code = LOOKUP_OWN, .own = row };
                return lookup;
            }
    return NULL;
}

static const char *sql_on(const Compiler *compiler, const char *what, const char *name, const char *sql, const char *sqlite, const char *postgresql,
                          const char *mysql)
{
    const char *backend = compiler->backend->name, *own = !strcmp(backend, "sqlite") ? sqlite : !strcmp(backend, "postgresql") ? postgresql : mysql;
    sql = own ? own : sql;
    if (!sql || !*sql)
        capo_raise(ERROR_NOT_SUPPORTED, "%s has no %s '%s'.", compiler->backend->title, what, name);
    return sql;
}

const char *own_function_sql(const Compiler *compiler, const DatabaseFunction *row)
{
    return sql_on(compiler, "function", row->name ? row->name : row->transform, row->sql, row->sqlite, row->postgresql, row->mysql);
}

/* --- search: what is no vector yet is made one, what is no query yet is one of plain words --- */

static bool is_call(const Expression *expression, const char *start)
{
    return expression->kind == X_CALL && !strncmp(expression->name, start, strlen(start));
}

static Expression *called(const char *name, Expression *argument)
{
    Expression *call = expression_call(name, &argument, 1);
    expression_infer(call);
    return call;
}

Sql compile_own_lookup(Compiler *compiler, const Expression *lookup)
{
    const DatabaseLookup *row = lookup->lookup->own;
    const char *sql = sql_on(compiler, "look-up", row->name, row->sql, row->sqlite, row->postgresql, row->mysql);
    Expression *args[2] = { lookup->args[0], lookup->n_args > 1 ? lookup->args[1] : expression_value(lookup->value, lookup->args[0]->type) };
    if (lookup->query)
        args[1] = expression_subquery(X_SUBQUERY, lookup->query, false);
    if (row >= postgresql_lookups && row == &postgresql_lookups[0]) {
        bool is_vector = args[0]->type.kind == FIELD_SEARCH_VECTOR;
        if (is_vector && lookup->n_args < 2 && !lookup->query)
            args[1] = expression_value(lookup->value, type_of(FIELD_TEXT));
        if (!is_vector && !is_call(args[0], "SearchVector"))
            args[0] = called("SearchVector", args[0]);
        if (!is_call(args[1], "Search"))
            args[1] = called("SearchQuery", args[1]);
    }
    compile_text(compiler, "(");
    compile_template(compiler, sql, args, 2);
    compile_text(compiler, ")");
    return SQL_OK;
}

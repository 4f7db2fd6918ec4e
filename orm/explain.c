/* SPDX-License-Identifier: BSD-3-Clause */
/* How a database would run a query. The words before the SELECT are the dialect's (put_explain). */
#include "query.h"
#include "routing.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

const char *capo_query_explain(Query *query, const ExplainOptions *options)
{
    WITH_DATABASE(query_database(query, DATABASE_READ));
    Compiled *compiled = query_compile(query);
    Buffer sql = { 0 }, out = { 0 };
    capo_dialect()->put_explain(&sql, options);
    if (compiled->empty)
        return "";                                                  /* no row can match: nothing would be sent */
    capo_put(&sql, compiled->sql);
    ResultSet *result = capo_database_run(capo_buffer_text(&sql), compiled->parameters, compiled->n_parameters, DATABASE_READ);
    for (size_t row = 0; row < result->n_rows; row++) {
        capo_put(&out, row ? "\n" : "");
        for (size_t i = 0; i < result->n_columns; i++) {
            capo_put(&out, i ? " " : "");
            Value cell = capo_cell(result, row, i);
            if (cell.kind == VALUE_LIST || cell.kind == VALUE_MAP)
                capo_put(&out, capo_json_text(cell, 2));
            else
                capo_put_value(&out, cell);
        }
    }
    return capo_buffer_text(&out);
}

const char *explain_format(const ExplainOptions *options, const char *const *formats)
{
    Buffer names = { 0 };
    if (!options->format)
        return NULL;
    for (size_t i = 0; formats[i]; i++) {
        if (!strcasecmp(options->format, formats[i]))
            return formats[i];
        capo_put_format(&names, "%s%s", i ? ", " : "", formats[i]);
    }
    capo_raise(ERROR_VALUE, "%s is not a recognized format of EXPLAIN. %s", options->format,
               formats[0] ? capo_format("Allowed formats: %s.", capo_buffer_text(&names)) : capo_format("%s does not support any formats.", capo_backend()->title));
}

/* It goes into the statement as it is: words and numbers only. */
const char *explain_option(const char *option)
{
    Buffer out = { 0 };
    bool value = false;
    for (const char *at = option; *at; at++) {
        if (*at == '=' && at > option && at[1] && !value)
            value = true;
        else if (!isalnum((unsigned char)*at) && *at != '_')
            capo_raise(ERROR_VALUE, "Invalid option name: '%s'.", option);
        capo_put_char(&out, *at == '=' ? ' ' : (char)toupper((unsigned char)*at));
    }
    if (!out.size)
        capo_raise(ERROR_VALUE, "Invalid option name: '%s'.", option);
    return capo_buffer_text(&out);
}

void explain_no_options(const ExplainOptions *options)
{
    if (options->options && options->options[0])
        capo_raise(ERROR_VALUE, "Unknown options of EXPLAIN on %s: %s.", capo_backend()->title, options->options[0]);
}

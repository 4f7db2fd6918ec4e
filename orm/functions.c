/* SPDX-License-Identifier: BSD-3-Clause */
/* The database functions. To add one: a row here; where databases differ, a row of the dialect's own table as well. */
#include "functions.h"
#include <string.h>

static const FunctionRow functions[] = {
    { .name = "Count", .sql = "COUNT", .gives = GIVES_INTEGER, .least = 1, .most = 1, .aggregate = true },
    { .name = "Sum", .sql = "SUM", .gives = GIVES_FIRST, .least = 1, .most = 1, .aggregate = true },
    { .name = "Avg", .sql = "AVG", .gives = GIVES_NUMBER, .least = 1, .most = 1, .aggregate = true },
    { .name = "Min", .sql = "MIN", .gives = GIVES_FIRST, .least = 1, .most = 1, .aggregate = true },
    { .name = "Max", .sql = "MAX", .gives = GIVES_FIRST, .least = 1, .most = 1, .aggregate = true },
    { .name = "StdDev", .sql = "STDDEV_POP", .gives = GIVES_NUMBER, .least = 1, .most = 1, .aggregate = true },
    { .name = "Variance", .sql = "VAR_POP", .gives = GIVES_NUMBER, .least = 1, .most = 1, .aggregate = true },
    { .name = "AnyValue", .sql = "MIN", .gives = GIVES_FIRST, .least = 1, .most = 1, .aggregate = true },
    { .name = "StringAgg", .sql = "STRING_AGG", .gives = GIVES_TEXT, .least = 2, .most = 2, .aggregate = true, .ordered = true },
    { .name = "BitAnd", .sql = "BIT_AND", .gives = GIVES_INTEGER, .least = 1, .most = 1, .aggregate = true },
    { .name = "BitOr", .sql = "BIT_OR", .gives = GIVES_INTEGER, .least = 1, .most = 1, .aggregate = true },
    { .name = "BitXor", .sql = "BIT_XOR", .gives = GIVES_INTEGER, .least = 1, .most = 1, .aggregate = true },
    { .name = "BoolAnd", .sql = "MIN", .gives = GIVES_BOOLEAN, .least = 1, .most = 1, .aggregate = true },
    { .name = "BoolOr", .sql = "MAX", .gives = GIVES_BOOLEAN, .least = 1, .most = 1, .aggregate = true },
    { .name = "JSONBAgg", .sql = "JSON_GROUP_ARRAY", .gives = GIVES_JSON, .least = 1, .most = 1, .aggregate = true, .ordered = true },
    { .name = "ArrayAgg", .sql = "ARRAY_AGG", .gives = GIVES_JSON, .least = 1, .most = 1, .aggregate = true, .ordered = true, .only = "postgresql" },
    { .name = "Corr", .sql = "CORR", .gives = GIVES_FLOAT, .least = 2, .most = 2, .aggregate = true, .only = "postgresql" },
    { .name = "CovarPop", .sql = "COVAR_POP", .gives = GIVES_FLOAT, .least = 2, .most = 2, .aggregate = true, .only = "postgresql" },
    { .name = "CovarSample", .sql = "COVAR_SAMP", .gives = GIVES_FLOAT, .least = 2, .most = 2, .aggregate = true, .only = "postgresql" },
    { .name = "RegrAvgX", .sql = "REGR_AVGX", .gives = GIVES_FLOAT, .least = 2, .most = 2, .aggregate = true, .only = "postgresql" },
    { .name = "RegrAvgY", .sql = "REGR_AVGY", .gives = GIVES_FLOAT, .least = 2, .most = 2, .aggregate = true, .only = "postgresql" },
    { .name = "RegrCount", .sql = "REGR_COUNT", .gives = GIVES_INTEGER, .least = 2, .most = 2, .aggregate = true, .only = "postgresql" },
    { .name = "RegrIntercept", .sql = "REGR_INTERCEPT", .gives = GIVES_FLOAT, .least = 2, .most = 2, .aggregate = true, .only = "postgresql" },
    { .name = "RegrR2", .sql = "REGR_R2", .gives = GIVES_FLOAT, .least = 2, .most = 2, .aggregate = true, .only = "postgresql" },
    { .name = "RegrSlope", .sql = "REGR_SLOPE", .gives = GIVES_FLOAT, .least = 2, .most = 2, .aggregate = true, .only = "postgresql" },
    { .name = "RegrSXX", .sql = "REGR_SXX", .gives = GIVES_FLOAT, .least = 2, .most = 2, .aggregate = true, .only = "postgresql" },
    { .name = "RegrSXY", .sql = "REGR_SXY", .gives = GIVES_FLOAT, .least = 2, .most = 2, .aggregate = true, .only = "postgresql" },
    { .name = "RegrSYY", .sql = "REGR_SYY", .gives = GIVES_FLOAT, .least = 2, .most = 2, .aggregate = true, .only = "postgresql" },
    { .name = "StdDevSample", .sql = "STDDEV_SAMP", .gives = GIVES_NUMBER, .least = 1, .most = 1, .aggregate = true },
    { .name = "VarianceSample", .sql = "VAR_SAMP", .gives = GIVES_NUMBER, .least = 1, .most = 1, .aggregate = true },

    { .name = "Coalesce", .sql = "COALESCE", .gives = GIVES_MIXED, .least = 2, .most = -1 },
    { .name = "NullIf", .sql = "NULLIF", .gives = GIVES_MIXED, .least = 2, .most = 2 },
    { .name = "Greatest", .sql = "MAX", .gives = GIVES_MIXED, .least = 2, .most = -1 },
    { .name = "Least", .sql = "MIN", .gives = GIVES_MIXED, .least = 2, .most = -1 },

    { .name = "Upper", .sql = "UPPER", .gives = GIVES_FIRST, .least = 1, .most = 1 },
    { .name = "Lower", .sql = "LOWER", .gives = GIVES_FIRST, .least = 1, .most = 1 },
    { .name = "Length", .sql = "LENGTH", .gives = GIVES_INTEGER, .least = 1, .most = 1 },
    { .name = "Trim", .sql = "TRIM", .gives = GIVES_FIRST, .least = 1, .most = 1 },
    { .name = "LTrim", .sql = "LTRIM", .gives = GIVES_FIRST, .least = 1, .most = 1 },
    { .name = "RTrim", .sql = "RTRIM", .gives = GIVES_FIRST, .least = 1, .most = 1 },
    { .name = "Left", .sql = "SUBSTR($1, 1, $2)", .gives = GIVES_TEXT, .least = 2, .most = 2 },
    { .name = "Right", .sql = "SUBSTR($1, ($2) * -1)", .gives = GIVES_TEXT, .least = 2, .most = 2 },
    { .name = "Substr", .sql = "SUBSTR", .gives = GIVES_TEXT, .least = 2, .most = 3 },
    { .name = "Replace", .sql = "REPLACE", .gives = GIVES_MIXED, .least = 2, .most = 3 },
    { .name = "Concat", .sql = NULL, .gives = GIVES_PAIRS, .least = 2, .most = -1 },
    { .name = "StrIndex", .sql = "INSTR", .gives = GIVES_INTEGER, .least = 2, .most = 2 },
    { .name = "Repeat", .sql = "REPEAT", .gives = GIVES_TEXT, .least = 2, .most = 2 },
    { .name = "Reverse", .sql = "REVERSE", .gives = GIVES_FIRST, .least = 1, .most = 1 },
    { .name = "LPad", .sql = "LPAD", .gives = GIVES_TEXT, .least = 2, .most = 3 },
    { .name = "RPad", .sql = "RPAD", .gives = GIVES_TEXT, .least = 2, .most = 3 },
    { .name = "Chr", .sql = "CHAR", .gives = GIVES_TEXT, .least = 1, .most = 1 },
    { .name = "Ord", .sql = "UNICODE", .gives = GIVES_INTEGER, .least = 1, .most = 1 },
    { .name = "MD5", .sql = "MD5", .gives = GIVES_FIRST, .least = 1, .most = 1 },
    { .name = "SHA1", .sql = "SHA1", .gives = GIVES_FIRST, .least = 1, .most = 1 },
    { .name = "SHA224", .sql = "SHA224", .gives = GIVES_FIRST, .least = 1, .most = 1 },
    { .name = "SHA256", .sql = "SHA256", .gives = GIVES_FIRST, .least = 1, .most = 1 },
    { .name = "SHA384", .sql = "SHA384", .gives = GIVES_FIRST, .least = 1, .most = 1 },
    { .name = "SHA512", .sql = "SHA512", .gives = GIVES_FIRST, .least = 1, .most = 1 },
    { .name = "SearchVector", .sql = NULL, .gives = GIVES_TEXT, .least = 1, .most = -1, .only = "postgresql" },

    { .name = "Now", .sql = "STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')", .gives = GIVES_DATETIME, .least = 0, .most = 0 },
    { .name = "JSONObject", .sql = "JSON_OBJECT", .gives = GIVES_JSON, .least = 0, .most = -1 },     /* key, value, key, value, … */
    { .name = "JSONArray", .sql = "JSON_ARRAY", .gives = GIVES_JSON, .least = 0, .most = -1 },

    { .name = "UUID4", .sql = "UUIDV4", .gives = GIVES_UUID, .least = 0, .most = 0 },
    { .name = "UUID7", .sql = "UUIDV7", .gives = GIVES_UUID, .least = 0, .most = 0 },

    { .name = "Abs", .sql = "ABS", .gives = GIVES_FIRST, .least = 1, .most = 1 },
    { .name = "Ceil", .sql = "CEILING", .gives = GIVES_NUMBER, .least = 1, .most = 1 },
    { .name = "Floor", .sql = "FLOOR", .gives = GIVES_NUMBER, .least = 1, .most = 1 },
    { .name = "Round", .sql = "ROUND", .gives = GIVES_FIRST, .least = 1, .most = 2 },
    { .name = "Sqrt", .sql = "SQRT", .gives = GIVES_NUMBER, .least = 1, .most = 1 },
    { .name = "Power", .sql = "POWER", .gives = GIVES_NUMBER, .least = 2, .most = 2 },
    { .name = "Mod", .sql = "MOD", .gives = GIVES_NUMBER, .least = 2, .most = 2 },
    { .name = "Exp", .sql = "EXP", .gives = GIVES_NUMBER, .least = 1, .most = 1 },
    { .name = "Ln", .sql = "LN", .gives = GIVES_NUMBER, .least = 1, .most = 1 },
    { .name = "Log", .sql = "LOG", .gives = GIVES_NUMBER, .least = 2, .most = 2 },
    { .name = "Pi", .sql = "PI", .gives = GIVES_FLOAT, .least = 0, .most = 0 },
    { .name = "Sign", .sql = "SIGN", .gives = GIVES_FIRST, .least = 1, .most = 1 },
    { .name = "Sin", .sql = "SIN", .gives = GIVES_NUMBER, .least = 1, .most = 1 },
    { .name = "Cos", .sql = "COS", .gives = GIVES_NUMBER, .least = 1, .most = 1 },
    { .name = "Tan", .sql = "TAN", .gives = GIVES_NUMBER, .least = 1, .most = 1 },
    { .name = "Cot", .sql = "COT", .gives = GIVES_NUMBER, .least = 1, .most = 1 },
    { .name = "ASin", .sql = "ASIN", .gives = GIVES_NUMBER, .least = 1, .most = 1 },
    { .name = "ACos", .sql = "ACOS", .gives = GIVES_NUMBER, .least = 1, .most = 1 },
    { .name = "ATan", .sql = "ATAN", .gives = GIVES_NUMBER, .least = 1, .most = 1 },
    { .name = "ATan2", .sql = "ATAN2", .gives = GIVES_NUMBER, .least = 2, .most = 2 },
    { .name = "Degrees", .sql = "DEGREES", .gives = GIVES_NUMBER, .least = 1, .most = 1 },
    { .name = "Radians", .sql = "RADIANS", .gives = GIVES_NUMBER, .least = 1, .most = 1 },
    { .name = "Random", .sql = "RAND", .gives = GIVES_FLOAT, .least = 0, .most = 0 },

    { .name = "RowNumber", .sql = "ROW_NUMBER", .gives = GIVES_INTEGER, .least = 0, .most = 0, .window_only = true },
    { .name = "Rank", .sql = "RANK", .gives = GIVES_INTEGER, .least = 0, .most = 0, .window_only = true },
    { .name = "DenseRank", .sql = "DENSE_RANK", .gives = GIVES_INTEGER, .least = 0, .most = 0, .window_only = true },
    { .name = "PercentRank", .sql = "PERCENT_RANK", .gives = GIVES_FLOAT, .least = 0, .most = 0, .window_only = true },
    { .name = "CumeDist", .sql = "CUME_DIST", .gives = GIVES_FLOAT, .least = 0, .most = 0, .window_only = true },
    { .name = "Ntile", .sql = "NTILE", .gives = GIVES_INTEGER, .least = 1, .most = 1, .window_only = true },
    { .name = "Lag", .sql = "LAG", .gives = GIVES_FIRST, .least = 1, .most = 3, .window_only = true },
    { .name = "Lead", .sql = "LEAD", .gives = GIVES_FIRST, .least = 1, .most = 3, .window_only = true },
    { .name = "FirstValue", .sql = "FIRST_VALUE", .gives = GIVES_FIRST, .least = 1, .most = 1, .window_only = true },
    { .name = "LastValue", .sql = "LAST_VALUE", .gives = GIVES_FIRST, .least = 1, .most = 1, .window_only = true },
    { .name = "NthValue", .sql = "NTH_VALUE", .gives = GIVES_FIRST, .least = 1, .most = 2, .window_only = true },
};

const FunctionRow *function_find(const char *name)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (!strcmp(functions[i].name, name))
            return &functions[i];
    const FunctionRow *own = own_function(name);
    if (own)
        return own;
    const char *names[sizeof functions / sizeof *functions];
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        names[i] = functions[i].name;
    capo_raise(ERROR_FIELD, "There is no database function called '%s'.%s", name,
               capo_did_you_mean(name, names, sizeof functions / sizeof *functions));
}

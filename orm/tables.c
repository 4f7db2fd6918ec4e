/* SPDX-License-Identifier: BSD-3-Clause */
/* Statements over tables that no model describes (capo_table_rows and its like).
 *
 * Names become columns without asking what is there: the database does. Their type is told from what they are compared with. Conditions
 * and expressions are those of queries, so that values are bound and each database gets its own spelling. */
#include "query.h"
#include <capo/sql.h>
#include <string.h>

/* The tables of one statement, as the joins of a Query without fields: columns name them by number. */
typedef struct Tables { Query *query; Compiler compiler; Frame frame; } Tables;

static void add_table(Tables *tables, const char *name, bool outer)
{
    Query *query = tables->query;
    for (size_t i = 0; i < query->n_joins; i++)
        if (!strcmp(query->joins[i].alias, name))
            capo_raise(ERROR_VALUE, "The table %s is joined twice; a table stands once in such a statement.", name);
    if (query->n_joins == MAX_JOINS)
        capo_raise(ERROR_NOT_SUPPORTED, "A statement joins more than %d tables.", MAX_JOINS);
    Model *model = capo_alloc_struct(Model);
    *model = (Model){ .name = name, .label = name, .table = name, .concrete = model };
    query->joins[query->n_joins++] = (Join){ .model = model, .alias = name, .parent = (int)query->n_joins - 1, .references = 1, .outer = outer };
    query->model = query->joins[0].model;
}

static void begin(Tables *tables, const char *table)
{
    if (!table || !*table)
        capo_raise(ERROR_VALUE, "A statement needs the name of a table.");
    tables->query = capo_alloc_struct(Query);
    tables->query->object.ops = &capo_query_ops;
    tables->query->limit = -1;
    tables->query->joins = capo_alloc_array(MAX_JOINS, sizeof(Join));
    tables->compiler = (Compiler){ .backend = capo_backend(), .dialect = capo_dialect(), .frame = &tables->frame };
    tables->frame = (Frame){ .query = tables->query };
    add_table(tables, table, false);
}

/* --- names ------------------------------------------------------------------------------------------------------------------------ */

static Expression *column_of(const Tables *tables, const char *name, FieldKind kind)
{
    const char *dot = strchr(name, '.');
    int join = 0;
    if (dot) {
        const Query *query = tables->query;
        while (join < (int)query->n_joins && (strncmp(query->joins[join].alias, name, (size_t)(dot - name)) || query->joins[join].alias[dot - name]))
            join++;
        if (join == (int)query->n_joins)
            capo_raise(ERROR_FIELD, "'%s' names a table that is not in the statement.", name);
        name = dot + 1;
    }
    if (!*name)
        capo_raise(ERROR_FIELD, "A column has an empty name.");
    Field *field = capo_alloc_struct(Field);
    *field = (Field){ .model = tables->query->joins[join].model, .name = capo_strdup(name), .kind = kind, .null = true };
    field->attname = field->column = field->name;
    Expression *column = expression_new(X_COLUMN);
    column->join = join;
    column->column = field;
    column->type = type_of(kind);
    return column;
}

/* What a column is that is compared with this. */
static FieldKind kind_beside(Value value)
{
    if (value.kind == VALUE_LIST)
        return value.list->count ? kind_beside(value.list->items[0]) : FIELD_TEXT;
    FieldKind kind = value.kind == VALUE_OBJECT ? FIELD_NONE : type_of_value(value).kind;
    return kind == FIELD_INTEGER ? FIELD_BIG_INTEGER : kind ? kind : FIELD_TEXT;
}

static Expression *condition_of(Tables *tables, const Condition *condition);

static Expression *name_column(void *context, Expression *node, int level)
{
    Tables *tables = context;
    if (level)
        return node;
    if (node->kind == X_PATH)
        return column_of(tables, node->name, FIELD_FLOAT);
    if (node->kind == X_CONDITION)
        return condition_of(tables, node->condition);
    if (node->kind == X_AGGREGATE && node->condition) {
        Expression *copy = capo_memdup(node, sizeof *node);
        copy->filter = condition_of(tables, node->condition);
        copy->condition = NULL;
        return expression_map(copy, name_column, context, level);
    }
    return node;
}

static Expression *expression_of(Tables *tables, Expression *expression)
{
    return resolve(&(Scope){ .query = tables->query }, expression_map(expression, name_column, tables, 0));
}

static Expression *lookup_of(Tables *tables, const Condition *condition)
{
    const char *path = condition->path, *end = NULL;
    for (const char *at = strstr(path, "__"); at; at = strstr(at + 2, "__"))
        end = at;
    bool look_up = end && end > path && lookup_find(end + 2);
    const char *column = look_up ? capo_strndup(path, (size_t)(end - path)) : path, *name = look_up ? end + 2 : "exact";
    Value value = condition->value;
    Expression *other = value_expression(value);
    if (other)
        value = capo_value_object(expression_of(tables, other));
    FieldKind kind = other ? FIELD_FLOAT : !strcmp(name, "isnull") ? FIELD_TEXT : kind_beside(value);
    return lookup_build(column_of(tables, column, kind), &name, 1, value);
}

static Expression *condition_of(Tables *tables, const Condition *condition)
{
    if (condition->kind == CONDITION_LOOKUP)
        return lookup_of(tables, condition);
    if (condition->kind == CONDITION_EXPRESSION)
        return expression_of(tables, condition->expression);
    if (condition->depth > MAX_CONDITION_DEPTH)
        capo_raise(ERROR_NOT_SUPPORTED, "Conditions are nested deeper than %d levels.", MAX_CONDITION_DEPTH);
    Expression **args = capo_alloc_array(condition->count + 1, sizeof *args);
    for (size_t i = 0; i < condition->count; i++)
        args[i] = condition_of(tables, condition->children[i]);
    Connector connector = condition->kind == CONDITION_ALL ? AND : condition->kind == CONDITION_ANY ? OR : XOR;
    return expression_node(connector, condition->negated, args, condition->count);
}

/* --- writing ---------------------------------------------------------------------------------------------------------------------- */

/* False: no row can meet it. */
static bool put_condition(Tables *tables, const char *word, const Condition *condition)
{
    Compiler *compiler = &tables->compiler;
    if (!condition)
        return true;
    size_t size = compiler->sql.size, parameters = compiler->n_parameters;
    compile_text(compiler, word);
    Sql sql = compile(compiler, condition_of(tables, condition));
    if (sql != SQL_OK) {
        compiler->sql.size = size;
        compiler->n_parameters = parameters;
    }
    return sql != SQL_EMPTY;
}

static void put_column(Tables *tables, const char *name)
{
    compile(&tables->compiler, column_of(tables, name, FIELD_TEXT));
}

static void put_value(Tables *tables, Value value)
{
    Expression *expression = value_expression(value);
    if (expression)
        compile_value(&tables->compiler, expression_of(tables, expression));
    else
        compile_parameter(&tables->compiler, value, type_of(FIELD_NONE));
}

static const Expression *computed(const TableQuery *query, const char *name)
{
    for (size_t i = 0; query->compute && query->compute[i]; i++)
        if (query->compute[i]->as && !strcmp(query->compute[i]->as, name))
            return query->compute[i];
    return NULL;
}

static void put_selected(Tables *tables, const TableQuery *query)
{
    Compiler *compiler = &tables->compiler;
    size_t n = 0;
    compile_text(compiler, query->distinct ? "SELECT DISTINCT " : "SELECT ");
    for (size_t i = 0; query->columns && query->columns[i]; i++) {
        compile_text(compiler, n++ ? ", " : "");
        put_column(tables, query->columns[i]);
        if (strchr(query->columns[i], '.')) {
            compile_text(compiler, " AS ");
            compile_quoted(compiler, query->columns[i]);
        }
    }
    for (size_t i = 0; query->compute && query->compute[i]; i++) {
        if (!query->compute[i]->as)
            capo_raise(ERROR_VALUE, "What .compute lists needs a name: AS(\"name\", …) or .as.");
        compile_text(compiler, n++ ? ", " : "");
        compile_value(compiler, expression_of(tables, query->compute[i]));
        compile_text(compiler, " AS ");
        compile_quoted(compiler, query->compute[i]->as);
    }
    compile_text(compiler, n ? "" : "*");
}

static void put_names(Tables *tables, const TableQuery *query, const char *word, const char *const *names)
{
    Compiler *compiler = &tables->compiler;
    for (size_t i = 0; names && names[i]; i++) {
        bool descending = names[i][0] == '-';
        compile_text(compiler, i ? ", " : word);
        if (computed(query, names[i] + descending))
            compile_quoted(compiler, names[i] + descending);
        else
            put_column(tables, names[i] + descending);
        compile_text(compiler, descending ? " DESC" : "");
    }
}

/* NULL: no row can match. */
static const char *select_of(Tables *tables, const TableQuery *query)
{
    Compiler *compiler = &tables->compiler;
    begin(tables, query->table);
    for (const TableJoin *join = query->joins; join && join->table; join++)
        add_table(tables, join->table, join->outer);
    put_selected(tables, query);
    compile_text(compiler, " FROM ");
    compile_quoted(compiler, query->table);
    for (const TableJoin *join = query->joins; join && join->table; join++) {
        compile_text(compiler, join->outer ? " LEFT OUTER JOIN " : " INNER JOIN ");
        compile_quoted(compiler, join->table);
        compile_text(compiler, " ON ");
        put_column(tables, join->left);
        compile_text(compiler, " = ");
        put_column(tables, join->right);
    }
    bool any = put_condition(tables, " WHERE ", query->where);
    put_names(tables, query, " GROUP BY ", query->group_by);
    any = put_condition(tables, " HAVING ", query->having) && any;
    put_names(tables, query, " ORDER BY ", query->order_by);
    if (query->limit < 0 || query->offset < 0)
        capo_raise(ERROR_VALUE, "Negative indexing is not supported: .offset and .limit count rows from the start.");
    if (query->limit || query->offset)
        compile_text(compiler, query->limit ? capo_format(" LIMIT %lld", (long long)query->limit) : capo_format(" LIMIT %s", compiler->dialect->no_limit));
    if (query->offset)
        compile_text(compiler, capo_format(" OFFSET %lld", (long long)query->offset));
    return any ? capo_buffer_text(&compiler->sql) : NULL;
}

static ResultSet *run(Tables *tables, const char *sql, DatabaseUse use)
{
    return capo_database_run(sql, tables->compiler.parameters, tables->compiler.n_parameters, use);
}

/* --- for users -------------------------------------------------------------------------------------------------------------------- */

List *capo_table_select(const TableQuery *query)
{
    Tables tables;
    List *rows = capo_list_new();
    const char *sql = select_of(&tables, query);
    ResultSet *result = sql ? run(&tables, sql, DATABASE_READ) : NULL;
    for (size_t i = 0; result && i < result->n_rows; i++) {
        Map *row = capo_map_new();
        for (size_t k = 0; k < result->n_columns; k++)
            capo_map_set(row, result->names[k], capo_cell(result, i, k));
        capo_list_add(rows, capo_value_map(row));
    }
    return rows;
}

const char *capo_table_text(const TableQuery *query)
{
    Tables tables;
    const char *sql = select_of(&tables, query);
    return sql ? capo_sql_filled(sql, tables.compiler.parameters, tables.compiler.n_parameters) : "";
}

void *capo_table_structs_with(size_t size, const ColumnRow *columns, size_t *ret_count, const TableQuery *query)
{
    Tables tables;
    const char *sql = select_of(&tables, query);
    if (sql)
        return capo_structs_of(run(&tables, sql, DATABASE_READ), size, columns, ret_count);
    if (ret_count)
        *ret_count = 0;
    return capo_alloc_array(1, size);
}

static int64_t insert_some(const char *table, const Value *rows, size_t count)
{
    const Map *first = rows[0].map;
    Tables tables;
    begin(&tables, table);
    Compiler *compiler = &tables.compiler;
    compile_text(compiler, "INSERT INTO ");
    compile_quoted(compiler, table);
    for (size_t i = 0; i < first->count; i++) {
        compile_text(compiler, i ? ", " : " (");
        compile_quoted(compiler, first->entries[i].key.text);
    }
    compile_text(compiler, ") VALUES ");
    for (size_t row = 0; row < count; row++) {
        for (size_t i = 0; i < first->count; i++) {
            const Value *value = capo_map_get(rows[row].map, first->entries[i].key.text);
            if (!value || rows[row].map->count != first->count)
                capo_raise(ERROR_VALUE, "Rows for %s differ in their columns: the one at place %zu.", table, row + 1);
            compile_text(compiler, i ? ", " : row ? ", (" : "(");
            put_value(&tables, *value);
        }
        compile_text(compiler, ")");
    }
    return run(&tables, capo_buffer_text(&compiler->sql), DATABASE_WRITE)->changes;
}

int64_t capo_table_insert_all(const char *table, const List *rows)
{
    int64_t written = 0;
    if (!rows->count)
        return 0;
    for (size_t i = 0; i < rows->count; i++)
        if (rows->items[i].kind != VALUE_MAP || !rows->items[i].map->count)
            capo_raise(ERROR_VALUE, "Rows for %s are maps of columns; the one at place %zu is none.", table, i + 1);
    size_t batch = capo_dialect()->max_parameters / rows->items[0].map->count;
    batch = batch > 1000 ? 1000 : batch ? batch : 1;
    bool several = rows->count > batch;
    if (several)
        capo_begin();
    for (size_t i = 0; i < rows->count; i += batch)
        written += insert_some(table, rows->items + i, rows->count - i < batch ? rows->count - i : batch);
    if (several)
        capo_commit();
    return written;
}

int64_t capo_table_insert(const char *table, const Map *row)
{
    List *rows = capo_list_new();
    capo_list_add(rows, capo_value_map((Map *)row));
    return capo_table_insert_all(table, rows);
}

int64_t capo_table_update(const char *table, const Map *set, Condition *where)
{
    Tables tables;
    begin(&tables, table);
    Compiler *compiler = &tables.compiler;
    if (!set->count)
        capo_raise(ERROR_VALUE, "An update of %s names no column to set.", table);
    compile_text(compiler, "UPDATE ");
    compile_quoted(compiler, table);
    for (size_t i = 0; i < set->count; i++) {
        compile_text(compiler, i ? ", " : " SET ");
        compile_quoted(compiler, set->entries[i].key.text);
        compile_text(compiler, " = ");
        put_value(&tables, set->entries[i].value);
    }
    return put_condition(&tables, " WHERE ", where) ? run(&tables, capo_buffer_text(&compiler->sql), DATABASE_WRITE)->changes : 0;
}

int64_t capo_table_delete(const char *table, Condition *where)
{
    Tables tables;
    begin(&tables, table);
    compile_text(&tables.compiler, "DELETE FROM ");
    compile_quoted(&tables.compiler, table);
    return put_condition(&tables, " WHERE ", where) ? run(&tables, capo_buffer_text(&tables.compiler.sql), DATABASE_WRITE)->changes : 0;
}

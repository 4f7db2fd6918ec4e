/* SPDX-License-Identifier: BSD-3-Clause */
/* INSERT of rows of one model into one table: one of them or many by one statement, and what comes back of them. */
#include "instance.h"
#include "query_shape.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool capo_makes_key(const Instance *self, const Field *field)
{
    return field->primary_key && capo_field_is_automatic(field->kind) && capo_is_null(capo_instance_pk(self));
}

/* made: the database makes the keys, and is given none: `columns` are those that are given. */
typedef struct Insert {
    Instance *const *rows; size_t count;
    const Field *const *fields, **columns, *pk; size_t n_fields, n_columns;
    bool made, defaults;                    /* some row leaves a column to the database's default */
    Buffer sql;
    Value *values; size_t n_values;
} Insert;

/* A key that the database makes is no column, but of a table without others, whose one row has to say something. */
static void choose_columns(Insert *insert)
{
    insert->columns = capo_alloc_array(insert->n_fields + 1, sizeof *insert->columns);
    for (size_t i = 0; i < insert->n_fields; i++) {
        const Field *field = insert->fields[i];
        if (!field->generated && !(insert->made && field == insert->pk && insert->n_fields > 1))
            insert->columns[insert->n_columns++] = field;
        for (size_t row = 0; row < insert->count && field->has_db_default && !insert->defaults; row++)
            insert->defaults = capo_is_left_to_database(insert->rows[row], field);
    }
}

static void put_row(Insert *insert, Instance *row)
{
    capo_put_char(&insert->sql, '(');
    for (size_t i = 0; i < insert->n_columns; i++) {
        const Field *field = insert->columns[i];
        capo_put(&insert->sql, i ? ", " : "");
        if (insert->made && field == insert->pk) {
            capo_put(&insert->sql, capo_dialect()->no_key);
        } else if (field->has_db_default && capo_is_left_to_database(row, field)) {
            capo_put_database_default(&insert->sql, field);
        } else {
            insert->values[insert->n_values++] = capo_column_value(row, field);
            capo_put_placeholder(&insert->sql, (int)insert->n_values, field);
        }
    }
    capo_put_char(&insert->sql, ')');
}

/* Fields whose members are bound as they are, where nothing else is known of the instance: no conversion, no object behind the key. */
static bool is_bound_as_it_is(const Field *field)
{
    static const bool plain[STORAGE_KINDS] = { [STORAGE_INT] = true, [STORAGE_TEXT] = true, [STORAGE_REAL] = true, [STORAGE_BOOL] = true, [STORAGE_DATE] = true, [STORAGE_TIME] = true, [STORAGE_DATETIME] = true,
                                               [STORAGE_DURATION] = true, [STORAGE_UUID] = true };
    return field->known_storage && plain[field->known_storage - 1];
}

/* What the conversion would refuse: texts that are no UTF-8, and numbers that are none. */
static bool is_refused(Value value)
{
    return value.kind == VALUE_TEXT ? !capo_utf8_valid(value.text, value.size) : value.kind == VALUE_REAL && isnan(value.real);
}

/* The values of all rows, row by row, or where the database takes arrays column by column. */
static Value *values_of(const Insert *insert, bool by_column)
{
    size_t n = insert->n_columns, count = insert->count, to_row = by_column ? 1 : n, to_column = by_column ? count : 1;
    Value *values = capo_regrow(NULL, 0, count * n * sizeof *values);
    bool *plain = capo_alloc_array(n + 1, sizeof *plain);
    for (size_t i = 0; i < n; i++)
        plain[i] = insert->columns[i]->model->size && insert->columns[i]->model == insert->rows[0]->model && is_bound_as_it_is(insert->columns[i]);
    for (size_t row = 0; row < count; row++) {
        Instance *self = insert->rows[row];
        bool bare = !self->state->related && !self->state->deferred;
        for (size_t i = 0; i < n; i++) {
            const Field *field = insert->columns[i];
            bool here = bare && plain[i] && (!field->target || !capo_object_member(self, field));
            Value value = here ? capo_member_value((char *)self, field) : capo_value_null();
            values[row * to_row + i * to_column] = here && !is_refused(value) ? value : capo_column_value(self, field);
        }
    }
    return values;
}

/* The same text for each row, where placeholders have no numbers. */
static void put_full_rows(Insert *insert)
{
    const Dialect *dialect = capo_dialect();
    capo_put(&insert->sql, "VALUES ");
    size_t first = insert->sql.size, size = 0;
    int n = 0;
    for (size_t row = 0; row < insert->count; row++) {
        if (row)
            capo_put(&insert->sql, ", ");
        if (size) {
            char *end = capo_buffer_reserve(&insert->sql, size);        /* it may move what is there */
            memcpy(end, insert->sql.data + first, size);
            insert->sql.size += size;
            insert->sql.data[insert->sql.size] = '\0';
            continue;
        }
        for (size_t i = 0; i < insert->n_columns; i++) {
            capo_put(&insert->sql, i ? ", " : "(");
            capo_put_placeholder(&insert->sql, ++n, insert->columns[i]);
        }
        capo_put_char(&insert->sql, ')');
        size = dialect->numbered ? 0 : insert->sql.size - first;
    }
    insert->values = values_of(insert, false);
    insert->n_values = insert->count * insert->n_columns;
}

static bool put_arrays(Insert *insert)
{
    const Dialect *dialect = capo_dialect();
    Value *arrays = insert->count > 1 && dialect->put_rows ? dialect->put_rows(&insert->sql, insert->columns, insert->n_columns, values_of(insert, true), insert->count) : NULL;
    if (!arrays)
        return false;
    insert->values = arrays;
    insert->n_values = insert->n_columns;
    return true;
}

static void put_insert(Insert *insert, const Model *level, bool ignore)
{
    capo_put(&insert->sql, ignore ? capo_dialect()->insert_ignore : "INSERT INTO ");
    capo_put_name(&insert->sql, level->table);
    for (size_t i = 0; i < insert->n_columns; i++) {
        capo_put(&insert->sql, i ? ", " : " (");
        capo_put_name(&insert->sql, insert->columns[i]->column);
    }
    capo_put(&insert->sql, ") ");
    if (!insert->defaults && !(insert->made && insert->n_fields == 1)) {
        if (!put_arrays(insert))
            put_full_rows(insert);
        return;
    }
    insert->values = capo_alloc_array(insert->count * insert->n_columns, sizeof *insert->values);
    capo_put(&insert->sql, "VALUES ");
    for (size_t row = 0; row < insert->count; row++) {
        capo_put(&insert->sql, row ? ", " : "");
        put_row(insert, insert->rows[row]);
    }
}

/* --- one row: its text is kept, for the models that live as long as the process --- */

typedef struct KeptInsert { const Model *model, *level; const Dialect *dialect; bool made; size_t n_columns; char *table, *sql; } KeptInsert;
enum { KEPT_INSERTS = 256 };                /* where two meet, the later one stays */
static KeptInsert kept[KEPT_INSERTS];

static bool is_kept(const KeptInsert *place, const Insert *insert, const Model *level, const Dialect *dialect)
{
    return place->level == level && place->model == insert->rows[0]->model && place->dialect == dialect && place->made == insert->made
        && place->n_columns == insert->n_columns && !strcmp(place->table, level->table);
}

static void keep(KeptInsert *place, const Insert *insert, const Model *level, const Dialect *dialect, const char *sql)
{
    if (!model_is_registered(insert->rows[0]->model))
        return;
    free(place->table);
    free(place->sql);
    *place = (KeptInsert){ insert->rows[0]->model, level, dialect, insert->made, insert->n_columns, strdup(level->table), strdup(sql) };
    if (!place->table || !place->sql)
        abort();
}

static const char *text_of(Insert *insert, const Model *level, const Field *const *back, size_t n_back)
{
    put_insert(insert, level, false);
    for (size_t i = 0; i < n_back && capo_dialect()->returning; i++)
        capo_put_format(&insert->sql, "%s%s", i ? ", " : " RETURNING ", capo_quote_name(back[i]->column));
    return capo_buffer_text(&insert->sql);
}

/* `plain`: nothing but the model says what the text is. */
static const char *insert_sql(Insert *insert, const Model *level, const Field *const *back, size_t n_back, bool plain)
{
    if (!plain)
        return text_of(insert, level, back, n_back);
    const Dialect *dialect = capo_dialect();
    KeptInsert *place = &kept[((uintptr_t)level / 64 + (uintptr_t)insert->rows[0]->model / 64 * 7 + insert->made) % KEPT_INSERTS];
    if (is_kept(place, insert, level, dialect)) {
        insert->values = values_of(insert, false);
        insert->n_values = insert->n_columns;
        return place->sql;
    }
    const char *sql = text_of(insert, level, back, n_back);
    keep(place, insert, level, dialect, sql);
    return sql;
}

int64_t capo_insert_rows(Instance *const *instances, size_t count, const Model *level, const char *on_conflict)
{
    for (size_t i = 0; i < count; i++)
        if (instances[i]->state->expressions)
            capo_compute_expressions(instances[i]);
    const Dialect *dialect = capo_dialect();
    Insert insert = { .rows = instances, .count = count, .pk = capo_level_key(instances[0]->model, level) };
    insert.fields = capo_level_fields(instances[0]->model, level, &insert.n_fields);
    insert.made = capo_makes_key(instances[0], insert.pk);
    choose_columns(&insert);
    if (*on_conflict) {
        put_insert(&insert, level, !strcmp(on_conflict, " "));
        capo_put(&insert.sql, on_conflict);
        return capo_database_run(capo_buffer_text(&insert.sql), insert.values, insert.n_values, DATABASE_WRITE)->changes;
    }
    const Field **back = capo_alloc_array(insert.n_fields + 1, sizeof *back);
    size_t n_back = capo_computed_fields(instances, count, insert.fields, insert.n_fields, back);
    bool returns_key = insert.made && dialect->returning && (count > 1 || dialect->returns_keys || n_back);
    bool plain = count == 1 && !n_back && !insert.defaults && !(insert.made && insert.n_fields == 1);
    if (returns_key)
        back[n_back++] = insert.pk;
    const char *sql = insert_sql(&insert, level, back, n_back, plain);
    ResultSet *result = capo_database_run(sql, insert.values, insert.n_values, DATABASE_WRITE);
    for (size_t row = 0; row < count; row++) {
        if (insert.made && !returns_key)
            capo_field_store(instances[row], insert.pk, capo_value_int(result->last_id - (int64_t)(count - 1 - row) * (result->id_step ? result->id_step : 1)));
        size_t from = dialect->returning ? row : 0;
        const ResultSet *came = dialect->returning || !n_back ? result : capo_select_columns(level, back, n_back, capo_field_value(instances[row], insert.pk));
        for (size_t i = 0; i < n_back && from < came->n_rows; i++)
            capo_field_store(instances[row], back[i], capo_from_column(back[i], capo_cell(came, from, i)));
    }
    return (int64_t)count;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What bench/orm/run holds Capo against: the same work by hand with SQLite's, PostgreSQL's and MariaDB's own C interface, blocking, statements
 * prepared once, rows copied into an array of structs that a piece of work frees at its end; rows to insert come as an array of structs too, which gets
 * the keys that were made. See work.h. Argument: the database's URL. */
#include "work.h"
#include <endian.h>
#include <libpq-fe.h>
#include <mysql.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>

typedef struct Item {
    int64_t id, total, created, shelf_id;
    char *name, *code, *note, *shelf, **labels;
    double price;
    int amount;
    bool active;
} Item;

/* Memory of one piece of work: a block that is emptied behind it. */
static char *block;
static size_t block_size, block_used;

static void *take(size_t size)
{
    size = (size + 7) & ~(size_t)7;
    if (block_used + size > block_size) {
        fprintf(stderr, "the block is too small\n");
        exit(1);
    }
    void *memory = block + block_used;
    block_used += size;
    return memory;
}

static char *copy(const char *text, size_t size)
{
    char *memory = take(size + 1);
    memcpy(memory, text, size);
    memory[size] = '\0';
    return memory;
}

static void saw_item(const Item *item)
{
    saw_number(item->id);
    saw_text(item->name);
    saw_text(item->code);
    saw_text(item->note);
    saw_number(item->amount);
    saw_number(item->total);
    saw_number((int64_t)item->price);
    saw_number(item->active);
    saw_number(item->created);
    saw_number(item->shelf_id);
}

#define COLUMNS "id, name, code, note, amount, total, price, active, created, shelf_id"
#define JOINED "i.id, i.name, i.code, i.note, i.amount, i.total, i.price, i.active, i.created, i.shelf_id, s.id, s.name"
#define NEW_COLUMNS "name, code, note, amount, total, price, active, created, shelf_id"
enum { NEW = 9, BATCH = 1000 };

static const char new_name[] = "A new item of the shelf", new_code[] = "a-new-item", new_note[] = "Nobody has looked at it yet, and somebody should.";
static const int64_t new_created = INT64_C(1795336200000000);

static int64_t days_from_civil(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = y / 400, of_era = y - era * 400, of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t instant(int year, int month, int day, int hour, int minute, int second, int64_t us)
{
    return ((days_from_civil(year, month, day) * 24 + hour) * 60 + minute) * 60000000LL + second * 1000000LL + us;
}

/* The year, month and so on of a moment. */
typedef struct Moment { int year, month, day, hour, minute, second, us; } Moment;

static Moment moment_of(int64_t microseconds)
{
    int64_t days = microseconds / 86400000000LL, rest = microseconds % 86400000000LL;
    if (rest < 0) {
        rest += 86400000000LL;
        days--;
    }
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365, of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153, day = of_year - (153 * month + 2) / 5 + 1;
    month += month < 10 ? 3 : -9;
    return (Moment){ (int)(year + era * 400 + (month <= 2)), (int)month, (int)day, (int)(rest / 3600000000LL), (int)(rest / 60000000 % 60),
                     (int)(rest / 1000000 % 60), (int)(rest % 1000000) };
}

/* What is to be inserted. */
static Item *new_items(int count, int first)
{
    Item *items = take((size_t)count * sizeof *items);
    for (int i = 0; i < count; i++) {
        int n = first + i;
        items[i] = (Item){ .name = (char *)new_name, .code = (char *)new_code, .note = (char *)new_note, .amount = n, .total = n * 1000000007LL, .price = n * 0.25,
                           .active = n & 1, .created = new_created + n, .shelf_id = n % 50 + 1 };
    }
    return items;
}

/* "SELECT … IN (" and so many parameters, numbered for PostgreSQL. */
static char *labels_sql(bool numbered)
{
    static char sql[2000];
    size_t n = (size_t)sprintf(sql, "SELECT id, item_id, word FROM bench_label WHERE item_id IN (");
    for (int i = 0; i < FEW; i++)
        n += (size_t)(numbered ? sprintf(sql + n, i ? ", $%d" : "$%d", i + 1) : sprintf(sql + n, i ? ", ?" : "?"));
    strcpy(sql + n, ")");
    return sql;
}

static char *insert_sql(bool numbered, int rows, const char *tail)
{
    char *sql = malloc(200 + (size_t)rows * NEW * 8);
    size_t n = (size_t)sprintf(sql, "INSERT INTO bench_item (" NEW_COLUMNS ") VALUES ");
    for (int row = 0, k = 1; row < rows; row++) {
        n += (size_t)sprintf(sql + n, row ? ", (" : "(");
        for (int i = 0; i < NEW; i++, k++)
            n += (size_t)(numbered ? sprintf(sql + n, i ? ", $%d" : "$%d", k) : sprintf(sql + n, i ? ", ?" : "?"));
        n += (size_t)sprintf(sql + n, ")");
    }
    strcpy(sql + n, tail);
    return sql;
}

/* Words of an item's labels go where the item is; items have the ids 1 to FEW. */
static void add_label(Item *items, int64_t item_id, char *word)
{
    Item *item = &items[item_id - 1];
    if (!item->labels)
        item->labels = memset(take(4 * sizeof(char *)), 0, 4 * sizeof(char *));
    size_t n = 0;
    while (item->labels[n])
        n++;
    item->labels[n] = word;
}

static void saw_joined(const Item *items)
{
    for (int i = 0; i < FEW; i++) {
        saw_item(&items[i]);
        saw_text(items[i].shelf);
        for (char **label = items[i].labels; label && *label; label++)
            saw_text(*label);
    }
}

/* --- SQLite --- */

static sqlite3 *sqlite;

static sqlite3_stmt *sqlite_prepared(sqlite3_stmt **kept, const char *sql)
{
    if (!*kept && sqlite3_prepare_v3(sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, kept, NULL) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(sqlite));
        exit(1);
    }
    return *kept;
}

static char *sqlite_text(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return copy(text, (size_t)sqlite3_column_bytes(statement, column));
}

/* "2026-11-22 08:30:00.000001" */
static int64_t sqlite_instant(const char *t)
{
#define TWO(at) ((t[at] - '0') * 10 + t[(at) + 1] - '0')
    int64_t us = 0;
    if (t[19] == '.')
        for (int i = 20; i < 26; i++)
            us = us * 10 + (t[i] - '0');
    return instant(TWO(0) * 100 + TWO(2), TWO(5), TWO(8), TWO(11), TWO(14), TWO(17), us);
}

static void sqlite_item(sqlite3_stmt *statement, Item *item)
{
    item->id = sqlite3_column_int64(statement, 0);
    item->name = sqlite_text(statement, 1);
    item->code = sqlite_text(statement, 2);
    item->note = sqlite_text(statement, 3);
    item->amount = sqlite3_column_int(statement, 4);
    item->total = sqlite3_column_int64(statement, 5);
    item->price = sqlite3_column_double(statement, 6);
    item->active = sqlite3_column_int(statement, 7);
    item->created = sqlite_instant((const char *)sqlite3_column_text(statement, 8));
    item->shelf_id = sqlite3_column_int64(statement, 9);
}

static void sqlite_bind_new(sqlite3_stmt *statement, const Item *item)
{
    char created[80];
    Moment m = moment_of(item->created);
    int size = m.us ? snprintf(created, sizeof created, "%04d-%02d-%02d %02d:%02d:%02d.%06d", m.year, m.month, m.day, m.hour, m.minute, m.second, m.us)
                    : snprintf(created, sizeof created, "%04d-%02d-%02d %02d:%02d:%02d", m.year, m.month, m.day, m.hour, m.minute, m.second);
    sqlite3_bind_text(statement, 1, item->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, item->code, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, item->note, -1, SQLITE_STATIC);
    sqlite3_bind_int(statement, 4, item->amount);
    sqlite3_bind_int64(statement, 5, item->total);
    sqlite3_bind_double(statement, 6, item->price);
    sqlite3_bind_int(statement, 7, item->active);
    sqlite3_bind_text(statement, 8, created, size, SQLITE_TRANSIENT);
    sqlite3_bind_int64(statement, 9, item->shelf_id);
}

static void sqlite_run(const char *sql)
{
    char *error;
    if (sqlite3_exec(sqlite, sql, NULL, NULL, &error) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, error);
        exit(1);
    }
}

static void sqlite_step(sqlite3_stmt *statement)
{
    if (sqlite3_step(statement) != SQLITE_DONE) {
        fprintf(stderr, "%s\n", sqlite3_errmsg(sqlite));
        exit(1);
    }
    sqlite3_reset(statement);
}

/* Behind the last row: whether that was the end. */
static void sqlite_end(sqlite3_stmt *statement)
{
    if (sqlite3_reset(statement) != SQLITE_OK) {
        fprintf(stderr, "%s\n", sqlite3_errmsg(sqlite));
        exit(1);
    }
}

static void sqlite_get(int count, int64_t id)
{
    static sqlite3_stmt *one, *several;
    sqlite3_stmt *statement = id ? sqlite_prepared(&one, "SELECT " COLUMNS " FROM bench_item WHERE id = ? LIMIT 21")
                                 : sqlite_prepared(&several, "SELECT " COLUMNS " FROM bench_item ORDER BY id LIMIT ?");
    sqlite3_bind_int64(statement, 1, id ? id : count);
    Item *items = take((size_t)count * sizeof *items);
    int n = 0;
    while (sqlite3_step(statement) == SQLITE_ROW)
        sqlite_item(statement, &items[n++]);
    sqlite_end(statement);
    for (int i = 0; i < n; i++)
        saw_item(&items[i]);
}

static void sqlite_insert(int count, int first)
{
    static sqlite3_stmt *kept;
    sqlite3_stmt *statement = sqlite_prepared(&kept, "INSERT INTO bench_item (" NEW_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id");
    Item *items = new_items(count, first);
    if (count > 1)
        sqlite_run("BEGIN IMMEDIATE");
    for (int i = 0; i < count; i++) {
        sqlite_bind_new(statement, &items[i]);
        while (sqlite3_step(statement) == SQLITE_ROW)
            items[i].id = sqlite3_column_int64(statement, 0);
        sqlite_end(statement);
    }
    if (count > 1)
        sqlite_run("COMMIT");
}

static void sqlite_update(int64_t id, int amount)
{
    static sqlite3_stmt *kept;
    sqlite3_stmt *statement = sqlite_prepared(&kept, "UPDATE bench_item SET amount = ? WHERE id = ?");
    sqlite3_bind_int(statement, 1, amount);
    sqlite3_bind_int64(statement, 2, id);
    sqlite_step(statement);
}

static void sqlite_join(void)
{
    static sqlite3_stmt *kept, *kept_labels;
    sqlite3_stmt *statement = sqlite_prepared(&kept, "SELECT " JOINED " FROM bench_item i JOIN bench_shelf s ON s.id = i.shelf_id ORDER BY i.id LIMIT 100");
    Item *items = memset(take(FEW * sizeof *items), 0, FEW * sizeof *items);
    for (int n = 0; sqlite3_step(statement) == SQLITE_ROW; n++) {
        sqlite_item(statement, &items[n]);
        items[n].shelf = sqlite_text(statement, 11);
    }
    sqlite_end(statement);
    statement = sqlite_prepared(&kept_labels, labels_sql(false));
    for (int i = 0; i < FEW; i++)
        sqlite3_bind_int64(statement, i + 1, items[i].id);
    while (sqlite3_step(statement) == SQLITE_ROW)
        add_label(items, sqlite3_column_int64(statement, 1), sqlite_text(statement, 2));
    sqlite_end(statement);
    saw_joined(items);
}

static void sqlite_open(const char *file)
{
    if (sqlite3_open_v2(file, &sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        exit(1);
    sqlite_run("PRAGMA journal_mode = WAL");
    sqlite_run("PRAGMA synchronous = FULL");
    sqlite_run("PRAGMA foreign_keys = ON");
}

/* --- PostgreSQL --- */

static PGconn *postgresql;

static PGresult *pg_check(PGresult *result, ExecStatusType wanted)
{
    if (PQresultStatus(result) != wanted) {
        fprintf(stderr, "%s\n", PQerrorMessage(postgresql));
        exit(1);
    }
    return result;
}

/* Parameters and results are binary, which is the fastest that libpq has. */
static PGresult *pg_run(const char *name, const char *sql, int count, const char *const *values, const int *sizes, const int *formats, ExecStatusType wanted)
{
    static const char *prepared[16];
    size_t i = 0;
    while (prepared[i] && strcmp(prepared[i], name))
        i++;
    if (!prepared[i]) {
        PQclear(pg_check(PQprepare(postgresql, name, sql, 0, NULL), PGRES_COMMAND_OK));
        prepared[i] = name;
    }
    return pg_check(PQexecPrepared(postgresql, name, count, values, sizes, formats, 1), wanted);
}

static int64_t pg_int(const PGresult *result, int row, int column)
{
    const char *at = PQgetvalue(result, row, column);
    uint32_t four;
    uint64_t eight;
    if (PQgetlength(result, row, column) == 4)
        return memcpy(&four, at, 4), (int32_t)be32toh(four);
    return memcpy(&eight, at, 8), (int64_t)be64toh(eight);
}

static char *pg_text(const PGresult *result, int row, int column)
{
    return copy(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
}

static const int64_t pg_epoch = INT64_C(946684800000000);

static void pg_item(const PGresult *result, int row, Item *item)
{
    item->id = pg_int(result, row, 0);
    item->name = pg_text(result, row, 1);
    item->code = pg_text(result, row, 2);
    item->note = pg_text(result, row, 3);
    item->amount = (int)pg_int(result, row, 4);
    item->total = pg_int(result, row, 5);
    int64_t bits = pg_int(result, row, 6);
    memcpy(&item->price, &bits, 8);
    item->active = *PQgetvalue(result, row, 7);
    item->created = pg_int(result, row, 8) + pg_epoch;
    item->shelf_id = pg_int(result, row, 9);
}

static void pg_get(int count, int64_t id)
{
    uint64_t parameter = htobe64(id ? (uint64_t)id : (uint64_t)count);
    PGresult *result = pg_run(id ? "one" : "several", id ? "SELECT " COLUMNS " FROM bench_item WHERE id = $1 LIMIT 21"
                              : "SELECT " COLUMNS " FROM bench_item ORDER BY id LIMIT $1", 1, (const char *[]){ (char *)&parameter }, (int[]){ 8 }, (int[]){ 1 }, PGRES_TUPLES_OK);
    int n = PQntuples(result);
    Item *items = take((size_t)n * sizeof *items);
    for (int i = 0; i < n; i++)
        pg_item(result, i, &items[i]);
    PQclear(result);
    for (int i = 0; i < n; i++)
        saw_item(&items[i]);
}

typedef struct PgRow { uint32_t amount; uint64_t total, price, created, shelf; char active; } PgRow;

static void pg_insert(int count, int first)
{
    static char *one, *many;
    static PgRow rows[BATCH];
    static const char *values[BATCH * NEW];
    static int sizes[BATCH * NEW], formats[BATCH * NEW];
    if (!one) {
        one = insert_sql(true, 1, " RETURNING id");
        many = insert_sql(true, BATCH, " RETURNING id");
    }
    Item *items = new_items(count, first);
    if (count > 1)
        PQclear(pg_check(PQexec(postgresql, "BEGIN"), PGRES_COMMAND_OK));
    int batch = count > 1 ? BATCH : 1;
    for (int done = 0; done < count; done += batch) {
        for (int k = 0; k < batch; k++) {
            const Item *item = &items[done + k];
            uint64_t bits;
            memcpy(&bits, &item->price, 8);
            PgRow *row = &rows[k];
            *row = (PgRow){ htobe32((uint32_t)item->amount), htobe64((uint64_t)item->total), htobe64(bits), htobe64((uint64_t)(item->created - pg_epoch)),
                            htobe64((uint64_t)item->shelf_id), item->active };
            const char *row_values[NEW] = { item->name, item->code, item->note, (char *)&row->amount, (char *)&row->total, (char *)&row->price, &row->active,
                                            (char *)&row->created, (char *)&row->shelf };
            int row_sizes[NEW] = { (int)strlen(item->name), (int)strlen(item->code), (int)strlen(item->note), 4, 8, 8, 1, 8, 8 };
            for (int column = 0; column < NEW; column++)
                formats[k * NEW + column] = 1;
            memcpy(values + k * NEW, row_values, sizeof row_values);
            memcpy(sizes + k * NEW, row_sizes, sizeof row_sizes);
        }
        PGresult *result = pg_run(batch > 1 ? "insert-many" : "insert", batch > 1 ? many : one, batch * NEW, values, sizes, formats, PGRES_TUPLES_OK);
        for (int k = 0; k < batch; k++)
            items[done + k].id = pg_int(result, k, 0);
        PQclear(result);
    }
    if (count > 1)
        PQclear(pg_check(PQexec(postgresql, "COMMIT"), PGRES_COMMAND_OK));
}

static void pg_update(int64_t id, int amount)
{
    uint64_t id_parameter = htobe64((uint64_t)id);
    uint32_t parameter = htobe32((uint32_t)amount);
    PQclear(pg_run("update", "UPDATE bench_item SET amount = $1 WHERE id = $2", 2, (const char *[]){ (char *)&parameter, (char *)&id_parameter },
                   (int[]){ 4, 8 }, (int[]){ 1, 1 }, PGRES_COMMAND_OK));
}

static void pg_join(void)
{
    PGresult *result = pg_run("join", "SELECT " JOINED " FROM bench_item i JOIN bench_shelf s ON s.id = i.shelf_id ORDER BY i.id LIMIT 100", 0, NULL, NULL, NULL, PGRES_TUPLES_OK);
    Item *items = memset(take(FEW * sizeof *items), 0, FEW * sizeof *items);
    for (int i = 0; i < FEW; i++) {
        pg_item(result, i, &items[i]);
        items[i].shelf = pg_text(result, i, 11);
    }
    PQclear(result);
    uint64_t ids[FEW];
    const char *values[FEW];
    int sizes[FEW], formats[FEW];
    for (int i = 0; i < FEW; i++) {
        ids[i] = htobe64((uint64_t)items[i].id);
        values[i] = (char *)&ids[i];
        sizes[i] = 8;
        formats[i] = 1;
    }
    result = pg_run("labels", labels_sql(true), FEW, values, sizes, formats, PGRES_TUPLES_OK);
    for (int i = 0; i < PQntuples(result); i++)
        add_label(items, pg_int(result, i, 1), pg_text(result, i, 2));
    PQclear(result);
    saw_joined(items);
}

/* --- MariaDB --- */

static MYSQL *mysql;

static void my_check(bool bad, MYSQL_STMT *statement)
{
    if (!bad)
        return;
    fprintf(stderr, "%s\n", statement ? mysql_stmt_error(statement) : mysql_error(mysql));
    exit(1);
}

static MYSQL_STMT *my_prepared(MYSQL_STMT **kept, const char *sql)
{
    if (!*kept) {
        *kept = mysql_stmt_init(mysql);
        my_check(mysql_stmt_prepare(*kept, sql, strlen(sql)), *kept);
    }
    return *kept;
}

typedef struct MyRow {
    int64_t id, total, shelf_id, shelf_key;
    int32_t amount;
    int8_t active;
    double price;
    MYSQL_TIME created;
    char name[201], code[101], note[400], shelf[101];
    unsigned long name_size, code_size, note_size, shelf_size;
} MyRow;

static void my_columns(MyRow *row, MYSQL_BIND binds[12])
{
    memset(binds, 0, 12 * sizeof *binds);
#define BIND(i, type, member) binds[i] = (MYSQL_BIND){ .buffer_type = type, .buffer = &row->member, .buffer_length = sizeof row->member }
#define BIND_TEXT(i, member) binds[i] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_STRING, .buffer = row->member, .buffer_length = sizeof row->member, .length = &row->member##_size }
    BIND(0, MYSQL_TYPE_LONGLONG, id);
    BIND_TEXT(1, name);
    BIND_TEXT(2, code);
    BIND_TEXT(3, note);
    BIND(4, MYSQL_TYPE_LONG, amount);
    BIND(5, MYSQL_TYPE_LONGLONG, total);
    BIND(6, MYSQL_TYPE_DOUBLE, price);
    BIND(7, MYSQL_TYPE_TINY, active);
    BIND(8, MYSQL_TYPE_DATETIME, created);
    BIND(9, MYSQL_TYPE_LONGLONG, shelf_id);
    BIND(10, MYSQL_TYPE_LONGLONG, shelf_key);
    BIND_TEXT(11, shelf);
}

static void my_item(const MyRow *row, Item *item)
{
    const MYSQL_TIME *t = &row->created;
    *item = (Item){ .id = row->id, .total = row->total, .shelf_id = row->shelf_id, .amount = row->amount, .active = row->active, .price = row->price,
                    .name = copy(row->name, row->name_size), .code = copy(row->code, row->code_size), .note = copy(row->note, row->note_size),
                    .created = instant((int)t->year, (int)t->month, (int)t->day, (int)t->hour, (int)t->minute, (int)t->second, (int64_t)t->second_part) };
}

static void my_get(int count, int64_t id)
{
    static MYSQL_STMT *one, *several;
    MYSQL_STMT *statement = id ? my_prepared(&one, "SELECT " COLUMNS " FROM bench_item WHERE id = ? LIMIT 21")
                               : my_prepared(&several, "SELECT " COLUMNS " FROM bench_item ORDER BY id LIMIT ?");
    int64_t parameter = id ? id : count;
    MYSQL_BIND bind = { .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &parameter }, binds[12];
    MyRow row;
    my_check(mysql_stmt_bind_param(statement, &bind), statement);
    my_check(mysql_stmt_execute(statement), statement);
    my_columns(&row, binds);
    my_check(mysql_stmt_bind_result(statement, binds), statement);
    my_check(mysql_stmt_store_result(statement), statement);
    Item *items = take((size_t)count * sizeof *items);
    int n = 0;
    while (mysql_stmt_fetch(statement) == 0)
        my_item(&row, &items[n++]);
    mysql_stmt_free_result(statement);
    for (int i = 0; i < n; i++)
        saw_item(&items[i]);
}

static void my_insert(int count, int first)
{
    static MYSQL_STMT *one, *many;
    static MyRow rows[BATCH];
    static MYSQL_BIND binds[BATCH * NEW];
    static char *one_sql, *many_sql;
    if (!one_sql) {
        one_sql = insert_sql(false, 1, "");
        many_sql = insert_sql(false, BATCH, "");
    }
    Item *items = new_items(count, first);
    if (count > 1)
        my_check(mysql_query(mysql, "START TRANSACTION"), NULL);
    int batch = count > 1 ? BATCH : 1;
    MYSQL_STMT *statement = batch > 1 ? my_prepared(&many, many_sql) : my_prepared(&one, one_sql);
    for (int done = 0; done < count; done += batch) {
        for (int k = 0; k < batch; k++) {
            const Item *item = &items[done + k];
            Moment m = moment_of(item->created);
            MyRow *row = &rows[k];
            row->amount = item->amount;
            row->total = item->total;
            row->price = item->price;
            row->active = item->active;
            row->created = (MYSQL_TIME){ .year = (unsigned)m.year, .month = (unsigned)m.month, .day = (unsigned)m.day, .hour = (unsigned)m.hour,
                                         .minute = (unsigned)m.minute, .second = (unsigned)m.second, .second_part = (unsigned long)m.us };
            row->shelf_id = item->shelf_id;
            MYSQL_BIND *b = binds + k * NEW;
            b[0] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_STRING, .buffer = item->name, .buffer_length = strlen(item->name) };
            b[1] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_STRING, .buffer = item->code, .buffer_length = strlen(item->code) };
            b[2] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_STRING, .buffer = item->note, .buffer_length = strlen(item->note) };
            b[3] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONG, .buffer = &row->amount };
            b[4] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &row->total };
            b[5] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_DOUBLE, .buffer = &row->price };
            b[6] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_TINY, .buffer = &row->active };
            b[7] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_DATETIME, .buffer = &row->created };
            b[8] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &row->shelf_id };
        }
        my_check(mysql_stmt_bind_param(statement, binds), statement);
        my_check(mysql_stmt_execute(statement), statement);
        for (int k = 0; k < batch; k++)                     /* rows of one statement have keys in a row */
            items[done + k].id = (int64_t)mysql_stmt_insert_id(statement) + k;
    }
    if (count > 1)
        my_check(mysql_query(mysql, "COMMIT"), NULL);
}

static void my_update(int64_t id, int amount)
{
    static MYSQL_STMT *kept;
    MYSQL_STMT *statement = my_prepared(&kept, "UPDATE bench_item SET amount = ? WHERE id = ?");
    MYSQL_BIND binds[2] = { { .buffer_type = MYSQL_TYPE_LONG, .buffer = &amount }, { .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &id } };
    my_check(mysql_stmt_bind_param(statement, binds), statement);
    my_check(mysql_stmt_execute(statement), statement);
}

static void my_join(void)
{
    static MYSQL_STMT *kept, *kept_labels;
    MYSQL_STMT *statement = my_prepared(&kept, "SELECT " JOINED " FROM bench_item i JOIN bench_shelf s ON s.id = i.shelf_id ORDER BY i.id LIMIT 100");
    MYSQL_BIND binds[12], parameters[FEW];
    MyRow buffer, *row = &buffer;
    my_check(mysql_stmt_execute(statement), statement);
    my_columns(row, binds);
    my_check(mysql_stmt_bind_result(statement, binds), statement);
    my_check(mysql_stmt_store_result(statement), statement);
    Item *items = memset(take(FEW * sizeof *items), 0, FEW * sizeof *items);
    for (int n = 0; mysql_stmt_fetch(statement) == 0; n++) {
        my_item(row, &items[n]);
        items[n].shelf = copy(row->shelf, row->shelf_size);
    }
    mysql_stmt_free_result(statement);
    statement = my_prepared(&kept_labels, labels_sql(false));
    for (int i = 0; i < FEW; i++)
        parameters[i] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &items[i].id };
    my_check(mysql_stmt_bind_param(statement, parameters), statement);
    my_check(mysql_stmt_execute(statement), statement);
    memset(binds, 0, sizeof binds);
    BIND(0, MYSQL_TYPE_LONGLONG, id);
    BIND(1, MYSQL_TYPE_LONGLONG, shelf_id);
    BIND_TEXT(2, shelf);
#undef BIND
#undef BIND_TEXT
    my_check(mysql_stmt_bind_result(statement, binds), statement);
    my_check(mysql_stmt_store_result(statement), statement);
    while (mysql_stmt_fetch(statement) == 0)
        add_label(items, row->shelf_id, copy(row->shelf, row->shelf_size));
    mysql_stmt_free_result(statement);
    saw_joined(items);
}

/* --- the commands --- */

static void run(const char *work, int round)
{
    void (*get)(int, int64_t) = sqlite ? sqlite_get : postgresql ? pg_get : my_get;
    void (*insert)(int, int) = sqlite ? sqlite_insert : postgresql ? pg_insert : my_insert;
    if (!strcmp(work, "get1"))
        get(1, round % BULK + 1);
    else if (!strcmp(work, "get100"))
        get(FEW, 0);
    else if (!strcmp(work, "get10000"))
        get(BULK, 0);
    else if (!strcmp(work, "insert1"))
        insert(1, round);
    else if (!strcmp(work, "insert10000"))
        insert(BULK, 0);
    else if (!strcmp(work, "update1"))
        (sqlite ? sqlite_update : postgresql ? pg_update : my_update)(round % BULK + 1, round % BULK);
    else if (!strcmp(work, "join"))
        (sqlite ? sqlite_join : postgresql ? pg_join : my_join)();
    else
        exit(2);
    block_used = 0;
}

static void clean(void)
{
    static const char *const statements[] = { "DELETE FROM bench_item WHERE id > 10000", "UPDATE bench_item SET amount = id WHERE amount <> id" };
    for (int i = 0; i < 2; i++) {
        if (sqlite)
            sqlite_run(statements[i]);
        else if (postgresql)
            PQclear(pg_check(PQexec(postgresql, statements[i]), PGRES_COMMAND_OK));
        else
            my_check(mysql_query(mysql, statements[i]), NULL);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    block = malloc(block_size = 16u << 20);
    char user[64], password[64], host[64], database[64];
    unsigned port;
    if (!strncmp(argv[1], "sqlite:", 7)) {
        sqlite_open(argv[1] + 7);
    } else if (!strncmp(argv[1], "postgresql:", 11)) {
        postgresql = PQconnectdb(argv[1]);
        if (PQstatus(postgresql) != CONNECTION_OK) {
            fprintf(stderr, "%s\n", PQerrorMessage(postgresql));
            return 1;
        }
    } else if (sscanf(argv[1], "mysql://%63[^:]:%63[^@]@%63[^:]:%u/%63s", user, password, host, &port, database) == 5) {
        mysql = mysql_init(NULL);
        my_check(!mysql_real_connect(mysql, host, user, password, database, port, NULL, 0), NULL);
        my_check(mysql_set_character_set(mysql, "utf8mb4"), NULL);
    } else {
        return 2;
    }
    answer_commands(run, clean);
    return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of migrations share: two apps with folders of their own, an empty database of any kind, files written from C.
 *
 *     start_migrating();
 *     file("0001_initial", NULL, POST);                 // behind nothing: it is initial
 *     file("0002_more", "0001_initial", ADD_SUBTITLE);
 *     migrate(NULL, NULL);                              // says what the command says */
#pragma once
#include <capo/testing.h>
#include <capo/buffer.h>
#include "../../migrations/migration.h"
#include "../../orm/internal.h"
#include "database_under_test.h"

#define ID "\"id\": {\"kind\": \"BigAutoField\", \"primary_key\": true}"
#define POST "{\"CreateModel\": {\"name\": \"Post\", \"fields\": {" ID ", \"title\": {\"kind\": \"CharField\", \"max_length\": 200, \"db_index\": true}," \
             "\"views\": {\"kind\": \"IntegerField\", \"default\": 0}}}}"
#define COMMENT "{\"CreateModel\": {\"name\": \"Comment\", \"fields\": {" ID ", \"post\": {\"kind\": \"ForeignKey\", \"to\": \"mig.Post\", \"on_delete\": \"CASCADE\"}," \
                "\"text\": {\"kind\": \"TextField\"}}}}"
#define ADD_SUBTITLE "{\"AddField\": {\"model\": \"Post\", \"name\": \"subtitle\", \"field\": {\"kind\": \"CharField\", \"max_length\": 9}, \"one_off_default\": \"it's\"}}"

/* The folder, that of the second app, and the database's URL. */
extern char migrating_directory[64], migrating_other[80], migrating_url[256];
/* "mig" and "migother"; a test may give them functions and models. */
extern App migrating_app, migrating_other_app;

/* New folders, an empty database, both apps the site's; all gone at the end of the test, which may start more than once. */
void start_migrating(void);
/* Another empty database beside it, for comparing: its URL. The open one stays open. */
const char *other_database(void);
/* As start_migrating() opened it: after a test closed it, or opened another. */
void open_again(void);
/* Nothing of SQLite's foreign keys is broken, and they are enforced. */
void expect_sound_keys(void);

void file_with(const char *folder, const char *name, const char *head, const char *operations);
/* In the first app; `after` is what it depends on, NULL: it is initial. */
void file(const char *name, const char *after, const char *operations);
char *migrate(const char *app, const char *target);
/* For EXPECT_RAISES. */
void migrate_all(void *unused);
void migrate_to(void *target);
/* For .say: into a Buffer. */
void keep_line(void *buffer, const char *line);

/* Everything that the database holds: schema and rows, without the moments at which migrations were applied. */
char *database_text(void);
/* The table, without the names of foreign keys, and on MariaDB of indexes: a renamed table keeps those, as in Django. */
char *table_text(const char *table);
/* The first cell as a number, the first row's cells one behind the other. */
int64_t first_number(const char *sql);
const char *first_text(const char *sql);
/* Forks; the child opens the database anew, calls and exits with 0, or 1 where that raised. Its number. */
int in_a_process(void (*function)(void *), void *argument);
/* Waits for it: its exit status, or minus the signal that ended it. */
int end_of_process(int process);

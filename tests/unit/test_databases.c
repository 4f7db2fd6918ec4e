/* SPDX-License-Identifier: BSD-3-Clause */
/* Several databases in one site: aliases, routers, replicas, transactions of each. Every test that two databases are enough for runs with
 * SQLite as "default" and each kind there is as the other: PostgreSQL and MariaDB where CAPO_TEST_POSTGRESQL and CAPO_TEST_MYSQL name
 * servers, in the same process. */
#include "asking.h"
#include "../orm/models.h"
#include "../../cli/cli_internal.h"
#include "../../orm/routing.h"
#include <capo/schema.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

static void remove_all(void *unused)
{
    (void)unused;
    capo_database_close();
    static const char *const names[] = { "default", "other", "replica", "second" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int k = 0; k < 3; k++)
            unlink(capo_format("%s/%s%s", folder, names[i], k == 1 ? "-wal" : k ? "-shm" : ""));
    rmdir(folder);
}

static const char *file(const char *name) { return capo_format("sqlite:%s/%s", folder, name); }

static void make_tables(void)
{
    size_t count;
    Model *const *all = capo_all_models(&count);
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(all[i]->app, "library") && !all[i]->auto_created)
            capo_schema_create_model(editor, all[i]);
    capo_schema_close(editor);
}

/* "default" in a file of its own, without rows of settings yet. */
static void begin_test(void)
{
    strcpy(folder, "/tmp/capo-several-XXXXXX");
    EXPECT(mkdtemp(folder) != NULL);
    capo_defer(remove_all, NULL);
    capo_test_models();
    capo_database_open(file("default"));
    make_tables();
}

/* Tables in the databases that the rows name. */
static void use_rows(const DatabaseSettings *rows, const DatabaseRouter *const *routers)
{
    capo_databases_set(rows, NULL);
    for (const DatabaseSettings *row = rows; row->alias; row++) {
        capo_use_database(row->alias);
        /* A replica is filled by its primary; here it is a file whose rows differ, so that a reader shows where it read. */
        capo_databases_set((const DatabaseSettings[]){ { row->alias, row->url }, { 0 } }, NULL);
        make_tables();
        capo_databases_set(rows, NULL);
    }
    capo_use_database(NULL);
    capo_databases_set(rows, routers);
}

/* An empty database on that server, or NULL: there is no such server. */
static const char *empty_database(const char *kind)
{
    const char *url = getenv(!strcmp(kind, "postgresql") ? "CAPO_TEST_POSTGRESQL" : "CAPO_TEST_MYSQL");
    if (!strcmp(kind, "sqlite"))
        return file("other");
    if (!url)
        return NULL;
    capo_database_open(url);
    capo_sql_run("DROP DATABASE IF EXISTS test_several");
    capo_sql_run("CREATE DATABASE test_several");
    capo_database_open(file("default"));
    return capo_format("%.*s/test_several", (int)(strrchr(url, '/') - url), url);
}

static Author *author(const char *name)
{
    Author *made = capo_new(Author);
    made->name = name;
    made->email = capo_format("%s@example.com", name);
    return made;
}

static int64_t count_in(const char *alias) { return capo_count(Author, .using = alias); }

static const char *names_in(const char *alias)
{
    Buffer out = { 0 };
    for (Author **a = capo_fetch(Author, .using = alias); *a; a++)
        capo_put_format(&out, "%s%s", out.size ? " " : "", (*a)->name);
    return out.size ? capo_buffer_text(&out) : "";
}

/* --- by hand --- */

static void rows_by_hand(void)
{
    Author *ann = author("ann"), *bob = author("bob");
    capo_save(ann);
    capo_save_using(bob, "other");
    EXPECT_TEXT(capo_database_of(ann), "default");
    EXPECT_TEXT(capo_database_of(bob), "other");
    EXPECT(!capo_database_of(author("nobody")));
    EXPECT_TEXT(names_in("default"), "ann");
    EXPECT_TEXT(names_in("other"), "bob");
    EXPECT_INT(capo_count(Author), 1);

    /* It remembers where it came from. */
    Author *read = capo_get(Author, .using = "other", .where = { .name = EQ("bob") });
    read->name = "bobby";
    capo_save(read);
    EXPECT_TEXT(names_in("other"), "bobby");
    EXPECT_TEXT(names_in("default"), "ann");
    capo_refresh(bob);
    EXPECT_TEXT(bob->name, "bobby");

    /* Into another: all of it goes there, whatever had changed. */
    ann->id = 77;
    capo_save_using(ann, "other");
    EXPECT_TEXT(names_in("other"), "ann bobby");
    EXPECT_TEXT(capo_database_of(ann), "other");
    ann->name = "anna";
    capo_save(ann);
    EXPECT_TEXT(names_in("other"), "anna bobby");
    EXPECT_TEXT(names_in("default"), "ann");
    EXPECT_INT(capo_delete(ann), 1);
    EXPECT_TEXT(names_in("other"), "bobby");

    EXPECT_INT(capo_update(Author, .using = "other", .set = { .name = TO("rob") }), 1);
    EXPECT_TEXT(names_in("other"), "rob");
    EXPECT(capo_exists(Author, .using = "other", .where = { .name = STARTSWITH("r") }));
    EXPECT(!capo_exists(Author, .where = { .name = STARTSWITH("r") }));
    EXPECT_TEXT(capo_to_text(capo_value_list(capo_values_flat(capo_query(Author, .using = "other"), "name"))), "['rob']");
    bool created;
    capo_get_or_create(Author, &created, .using = "other", .where = { .email = EQ("cid@example.com") }, .set = { .name = TO("cid") });
    EXPECT(created);
    capo_get_or_create(Author, &created, .using = "other", .where = { .email = EQ("cid@example.com") }, .set = { .name = TO("cid") });
    EXPECT(!created);
    capo_update_or_create(Author, &created, .using = "other", .where = { .email = EQ("cid@example.com") }, .set = { .name = TO("sid") });
    EXPECT(!created);
    EXPECT_TEXT(names_in("other"), "rob sid");
    EXPECT_TEXT(names_in("default"), "ann");
    Instance *many[] = { &author("d")->capo, &author("e")->capo };
    capo_bulk_create_with(many, 2, &(BulkOptions){ .using = "other" });
    EXPECT_INT(count_in("other"), 4);
    size_t seen = 0;
    capo_each(Author, row, .using = "other") {
        EXPECT_TEXT(capo_database_of(row), "other");
        seen += capo_count(Author) == 1;        /* another database between two batches */
    }
    EXPECT_INT(seen, 4);
    EXPECT_INT(capo_delete_all(Author, .using = "other"), 4);
    EXPECT_INT(count_in("default"), 1);
}

static void relate(void)
{
    Author *ann = author("ann"), *bob = author("bob"), *far = author("far");
    Genre *genre = capo_new(Genre);
    genre->name = "essay";
    capo_save(ann);
    capo_save_using(bob, "other");
    capo_save_using(far, "other");
    capo_save_using(genre, "other");

    /* A new object goes where what it points to is. */
    Book *book = capo_new(Book);
    book->title = "On Squares";
    book->author = bob;
    capo_save(book);
    EXPECT_TEXT(capo_database_of(book), "other");
    EXPECT_INT(capo_count(Book), 0);
    Book *read = capo_get(Book, .using = "other", .where = { .title = EQ("On Squares") });
    EXPECT_TEXT(capo_related(read, author)->name, "bob");
    EXPECT_TEXT(capo_database_of(capo_related(read, author)), "other");
    EXPECT_INT(capo_query_count(capo_related_query(bob, "books")), 1);
    EXPECT_INT(capo_query_count(capo_related_query(ann, "books")), 0);
    Book **loaded = capo_fetch(Book, .using = "other", .prefetch = LIST("author"), .select_related = LIST("author"));
    EXPECT_TEXT(loaded[0]->author->name, "bob");

    capo_add(bob, "friends", capo_value_object(far));
    EXPECT_INT(capo_query_count(capo_related_query(bob, "friends")), 1);
    Author **authors = capo_fetch(Author, .using = "other", .where = { .name = EQ("bob") }, .prefetch = LIST("friends"));
    EXPECT_TEXT(((Author *)capo_query_first(capo_related_query(authors[0], "friends")))->name, "far");
    capo_clear(bob, "friends");
    EXPECT_INT(capo_query_count(capo_related_query(bob, "friends")), 0);
}

static Author *one_here, *one_there;

static void befriend(void *unused)
{
    (void)unused;
    capo_add(one_here, "friends", capo_value_object(one_there));
}

static void write_together(void *unused)
{
    (void)unused;
    Book *book = capo_get(Book, .using = "other");
    book->author = one_here;
    capo_save(book);
}

static void tie(void)
{
    relate();
    one_here = capo_get(Author, .where = { .name = EQ("ann") });
    one_there = capo_get(Author, .using = "other", .where = { .name = EQ("bob") });
    EXPECT_TEXT(EXPECT_RAISES(ERROR_VALUE, befriend, NULL)->message,
                capo_format("The Author %lld cannot be added to \"friends\": this object is in the database 'default', that one in 'other'.", (long long)one_there->id));
    EXPECT(strstr(EXPECT_RAISES(ERROR_VALUE, write_together, NULL)->message, "the routers forbid relations between the databases 'other' and 'default'") != NULL);
    EXPECT_INT(capo_query_count(capo_related_query(one_here, "friends")), 0);
}

static void fail_here(void *alias) { capo_fetch(Author, .using = alias); }

static void insert_twice(void *unused)
{
    (void)unused;
    capo_save_using(author("twin"), "other");
    capo_save_using(author("twin"), "other");
}

static void transact(void)
{
    capo_begin();
    capo_begin(.using = "other");
    capo_save(author("a"));
    capo_save_using(author("b"), "other");
    capo_rollback();                            /* the innermost: other's */
    EXPECT_INT(count_in("other"), 0);
    EXPECT_INT(count_in("default"), 1);
    capo_commit();
    EXPECT_INT(count_in("default"), 1);

    /* A failed statement breaks its own database's transaction alone. */
    capo_begin();
    capo_begin(.using = "other");
    EXPECT_RAISES(ERROR_INTEGRITY, insert_twice, NULL);
    capo_save(author("c"));
    EXPECT_RAISES(ERROR_TRANSACTION, fail_here, "other");
    capo_rollback();
    capo_commit();
    EXPECT_TEXT(names_in("default"), "a c");
    EXPECT_TEXT(names_in("other"), "");

    capo_begin(.using = "other");
    capo_begin(.using = "other");
    capo_save_using(author("d"), "other");
    capo_rollback();
    capo_save_using(author("e"), "other");
    capo_commit();
    EXPECT_TEXT(names_in("other"), "e");

    const char *before = capo_use_database("other");
    EXPECT(!before);
    EXPECT_TEXT(capo_database_alias(), "other");
    EXPECT_INT(capo_sql_run("UPDATE library_author SET name = ?", "raw"), 1);
    EXPECT_INT(capo_count(Author), 1);
    capo_use_database(before);
    EXPECT_TEXT(names_in("other"), "raw");
    EXPECT_TEXT(names_in("default"), "a c");
    EXPECT_INT(capo_database_figures_of("other").in_use, 0);
    EXPECT_TEXT(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, fail_here, "othre")->message,
                "There is no database with the alias 'othre' in the settings .database and .databases. Did you mean 'other'?");
}

/* Each writes its own SQL, also where both are used in one go. */
static void spell(void)
{
    Kind *kind = capo_new(Kind);
    kind->name = "x";
    capo_save(kind);
    kind = capo_new(Kind);
    kind->name = "y";
    capo_save_using(kind, "other");
    const char *code = capo_strndup(capo_to_text(capo_value_uuid(kind->code)), 11);
    EXPECT_INT(capo_count(Kind, .using = "other", .filter = ALL(Q("code__startswith", code), Q("data__a", 1), Q("day__year", 2026), Q("moment__date__day", 22))), 1);
    EXPECT_INT(capo_count(Kind, .filter = ALL(Q("data__a", 1), Q("day__year", 2026), Q("length__gt", (Duration){ 1 }), Q("moment__hour", 8))), 1);
    EXPECT_INT(capo_delete_all(Kind, .using = "other"), 1);
    EXPECT_INT(capo_count(Kind), 1);
}

static void empty_tables(void)
{
    static const char *const aliases[] = { "default", "other" };
    for (int i = 0; i < 2; i++) {
        capo_delete_all(Book, .using = aliases[i]);
        capo_delete_all(Author, .using = aliases[i]);
        capo_delete_all(Genre, .using = aliases[i]);
    }
}

static void with_other(const char *kind)
{
    begin_test();
    const char *url = empty_database(kind);
    if (!url) {
        fprintf(stderr, "skipped: no server of %s is named\n", kind);
        return;
    }
    use_rows((const DatabaseSettings[]){ { "other", url }, { 0 } }, NULL);
    rows_by_hand();
    empty_tables();
    tie();
    empty_tables();
    transact();
    empty_tables();
    spell();
}

TEST(databases_sqlite_beside_sqlite) { with_other("sqlite"); }
TEST(databases_postgresql_beside_sqlite) { with_other("postgresql"); }
TEST(databases_mysql_beside_sqlite) { with_other("mysql"); }

/* --- replicas --- */

static const DatabaseSettings *replicas(void)
{
    DatabaseSettings *rows = capo_alloc_array(4, sizeof *rows);
    rows[0] = (DatabaseSettings){ "replica", file("replica"), .replica_of = "default" };
    rows[1] = (DatabaseSettings){ "second", file("second"), .replica_of = "default" };
    rows[2] = (DatabaseSettings){ "other", file("other") };
    return rows;
}

static const char *here(void) { return capo_database_alias(); }

static void write_to_replica(void *unused)
{
    (void)unused;
    capo_save_using(author("x"), "replica");
}

static void read_in_turn(void *argument)
{
    int *seen = argument;
    for (int i = 0; i < 6; i++) {
        const char *alias = capo_database_for_read(&Author_model, NULL);
        seen[0] += !strcmp(alias, "replica");
        seen[1] += !strcmp(alias, "second");
        seen[2] += capo_count(Author) == 0;
    }
    EXPECT_TEXT(capo_database_for_write(&Author_model, NULL), "default");
    capo_begin();
    EXPECT_TEXT(capo_database_for_read(&Author_model, NULL), "default");
    EXPECT_INT(capo_count(Author), 1);
    capo_commit();
    EXPECT_INT(capo_count(Author), 0);
    /* A copy's object is saved where the original is. */
    capo_use_database("other");
    EXPECT_TEXT(capo_database_for_read(&Author_model, NULL), "other");
    capo_use_database(NULL);
    capo_save(author("new"));
    EXPECT_INT(capo_count(Author), 2);          /* what this unit wrote is read */
    EXPECT_TEXT(capo_database_for_read(&Author_model, NULL), "default");
    EXPECT_INT(capo_count(Author, .using = "replica"), 0);
}

static void check_unit(const Error *error)
{
    if (error)
        capo_test_fail(__FILE__, __LINE__, "%s", error->message);
}

TEST(databases_replicas_are_read_until_the_unit_writes)
{
    begin_test();
    capo_save(author("ann"));
    use_rows(replicas(), NULL);
    int seen[3] = { 0 };
    Unit unit;
    Arena *arena = arena_new();
    check_unit(capo_unit_run(&unit, arena, "a request", read_in_turn, seen));
    arena_free(arena);
    EXPECT_INT(seen[0], 3);
    EXPECT_INT(seen[1], 3);
    EXPECT_INT(seen[2], 6);
    EXPECT_INT(capo_count(Author), 0);          /* another unit reads a copy again */
    EXPECT_TEXT(EXPECT_RAISES(ERROR_OPERATIONAL, write_to_replica, NULL)->message,
                "The database 'replica' is a replica and is only read; a change goes to its primary.");
    EXPECT_TEXT(here(), "default");
}

TEST(databases_an_object_of_a_replica_counts_as_its_primarys)
{
    begin_test();
    Author *ann = author("ann");
    capo_save(ann);
    use_rows(replicas(), NULL);
    capo_database_close();
    capo_database_open(file("replica"));
    capo_save_using(author("ann"), "default");  /* the replication */
    capo_database_close();
    capo_database_open(file("default"));
    capo_databases_set(replicas(), NULL);
    Author *copy = capo_get(Author, .using = "replica", .where = { .name = EQ("ann") });
    EXPECT_TEXT(capo_database_of(copy), "replica");
    copy->name = "anna";
    capo_save(copy);
    EXPECT_TEXT(capo_database_of(copy), "default");
    EXPECT_TEXT(names_in("default"), "anna");
    EXPECT_TEXT(names_in("replica"), "ann");
    EXPECT(capo_allow_relation(&copy->capo, &ann->capo));
}

/* --- rules and routers --- */

TEST(databases_apps_have_homes)
{
    begin_test();
    use_rows((const DatabaseSettings[]){ { "other", file("other"), .apps = LIST("library") }, { 0 } }, NULL);
    Author *ann = author("ann");
    capo_save(ann);
    EXPECT_TEXT(capo_database_of(ann), "other");
    EXPECT_INT(capo_count(Author), 1);
    EXPECT_INT(count_in("default"), 0);
    EXPECT(capo_allow_migrate("other", "library", NULL) && !capo_allow_migrate("default", "library", NULL));
    EXPECT(!capo_allow_migrate("other", "blog", NULL) && capo_allow_migrate("default", "blog", NULL));
    EXPECT_INT(capo_sql_run("DELETE FROM library_author"), 0);      /* raw SQL knows no model */
    EXPECT_INT(count_in("other"), 1);
}

static const char *genres_apart(const Model *model, const Instance *hint)
{
    (void)hint;
    return !strcmp(model->name, "Genre") ? "other" : NULL;
}

static const char *by_name(const Model *model, const Instance *hint)
{
    const Author *one = hint && model == &Author_model ? (const Author *)(const void *)hint : NULL;
    return one && one->name && *one->name == 'z' ? "other" : NULL;
}

static RouterAnswer all_relations(const Instance *a, const Instance *b)
{
    (void)a, (void)b;
    return ROUTER_ALLOW;
}

static RouterAnswer no_books(const char *alias, const char *app, const Model *model)
{
    (void)app;
    return !strcmp(alias, "other") && model && !strcmp(model->name, "Book") ? ROUTER_REFUSE : ROUTER_NO_OPINION;
}

TEST(databases_routers_decide_in_order)
{
    static const DatabaseRouter first = { "genres", genres_apart, genres_apart, .allow_migrate = no_books }, second = { "names", .db_for_write = by_name };
    begin_test();
    use_rows((const DatabaseSettings[]){ { "other", file("other") }, { 0 } }, ROUTERS(&first, &second));
    Genre *genre = capo_new(Genre);
    genre->name = "essay";
    capo_save(genre);
    EXPECT_TEXT(capo_database_of(genre), "other");
    EXPECT_INT(capo_count(Genre), 1);
    EXPECT_INT(capo_count(Genre, .using = "default"), 0);
    Author *zoe = author("zoe"), *ann = author("ann");
    capo_save(zoe);
    capo_save(ann);
    EXPECT_TEXT(capo_database_of(zoe), "other");
    EXPECT_TEXT(capo_database_of(ann), "default");
    EXPECT(!capo_allow_relation(&zoe->capo, &ann->capo));
    EXPECT(!capo_allow_migrate("other", "library", &Book_model) && capo_allow_migrate("default", "library", &Book_model));
    EXPECT(capo_allow_migrate("other", "library", &Genre_model));
    static const DatabaseRouter open_minded = { "all", .allow_relation = all_relations };
    capo_databases_set((const DatabaseSettings[]){ { "other", file("other") }, { 0 } }, ROUTERS(&open_minded));
    EXPECT(capo_allow_relation(&zoe->capo, &ann->capo));
}

/* --- migrate --database --- */

TEST(databases_migrate_makes_what_belongs_there)
{
    static const App *const apps[] = { &capo_admin, NULL };         /* brings auth, contenttypes and sessions */
    begin_test();
    capo_settings_init(&(Settings){ .secret_key = TEST_KEY, .apps = apps, .database = file("second"),
                                    .databases = DATABASES({ "other", file("other"), .apps = LIST("sessions") }) });
    capo_models_prepare(capo_apps());
    capo_database_close();
    capo_migrate(&(MigrateOptions){ 0 });
    EXPECT(capo_schema_has_table("auth_user") && !capo_schema_has_table("django_session"));
    capo_use_database("other");
    EXPECT(!capo_schema_has_table("django_migrations"));
    capo_migrate(&(MigrateOptions){ 0 });
    EXPECT(!capo_schema_has_table("auth_user") && capo_schema_has_table("django_session"));
    EXPECT_INT(capo_unapplied_count(), 0);
    capo_migrate(&(MigrateOptions){ .app = "sessions", .target = "zero" });
    EXPECT(!capo_schema_has_table("django_session"));
    capo_use_database(NULL);
    EXPECT(capo_schema_has_table("auth_user"));
    EXPECT_INT(capo_unapplied_count(), 0);
}

static RouterAnswer no_log_entries(const char *alias, const char *app, const Model *model)
{
    if (strcmp(alias, "other"))
        return !strcmp(app, "sessions") ? ROUTER_REFUSE : ROUTER_ALLOW;
    return model && !strcmp(model->name, "LogEntry") ? ROUTER_REFUSE : ROUTER_ALLOW;
}

/* Within one app's migrations too: each operation is asked about by its model. */
TEST(databases_migrate_asks_the_router_about_each_operation)
{
    static const App *const apps[] = { &capo_admin, NULL };
    static const DatabaseRouter router = { "tables", .allow_migrate = no_log_entries };
    begin_test();
    capo_settings_init(&(Settings){ .secret_key = TEST_KEY, .apps = apps, .database = file("second"), .databases = DATABASES({ "other", file("other") }),
                                    .database_routers = ROUTERS(&router) });
    capo_models_prepare(capo_apps());
    capo_database_close();
    capo_migrate(&(MigrateOptions){ 0 });
    EXPECT(capo_schema_has_table("auth_user") && capo_schema_has_table("django_admin_log") && !capo_schema_has_table("django_session"));
    capo_use_database("other");
    capo_migrate(&(MigrateOptions){ 0 });
    EXPECT(capo_schema_has_table("auth_user") && !capo_schema_has_table("django_admin_log") && capo_schema_has_table("django_session"));
    EXPECT_INT(capo_unapplied_count(), 0);                          /* what was not to be done counts as applied, as in Django */
    capo_migrate(&(MigrateOptions){ .app = "admin", .target = "zero" });
    EXPECT(capo_schema_has_table("auth_user"));
    capo_use_database(NULL);
}

/* --- databases for tests --- */

static void scratch_beside(const char *kind)
{
    begin_test();
    const char *url = empty_database(kind);
    if (!url) {
        fprintf(stderr, "skipped: no server of %s is named\n", kind);
        return;
    }
    capo_save(author("of the site"));
    capo_settings_init(&(Settings){ .secret_key = TEST_KEY, .database = file("default"),
                                    .databases = DATABASES({ "other", url }, { "replica", file("replica"), .replica_of = "default" }) });
    capo_scratch_databases_open();
    const char *const *aliases = capo_scratch_databases();
    EXPECT_TEXT(aliases[0], "default");
    EXPECT_TEXT(aliases[1], "other");
    EXPECT(!aliases[2]);                            /* a replica is its primary */
    for (size_t i = 0; i < 2; i++) {
        capo_use_database(aliases[i]);
        EXPECT_INT(capo_schema_tables()->count, 0);
        make_tables();
    }
    if (strcmp(kind, "sqlite"))
        EXPECT(strstr(capo_to_text(capo_value_list(capo_sql_rows(strcmp(kind, "mysql") ? "SELECT current_database() AS name" : "SELECT DATABASE() AS name"))), "test_test_several"));
    capo_use_database(NULL);
    capo_save(author("ann"));
    capo_save_using(author("bob"), "replica");
    capo_save_using(author("cid"), "other");
    EXPECT_TEXT(names_in("default"), "ann bob");
    EXPECT_TEXT(names_in("replica"), "ann bob");
    EXPECT_TEXT(names_in("other"), "cid");
    EXPECT_INT(capo_count(Author), 2);
    capo_scratch_databases_drop();
    capo_database_open(file("default"));
    EXPECT_INT(capo_count(Author), 1);              /* the site's own was left alone */
    capo_database_open(url);
    EXPECT_INT(capo_schema_tables()->count, 0);
    if (!strcmp(kind, "postgresql"))
        EXPECT_INT(capo_sql_rows("SELECT 1 AS x FROM pg_database WHERE datname = 'test_test_several'")->count, 0);
    else if (!strcmp(kind, "mysql"))
        EXPECT_INT(capo_sql_rows("SELECT 1 AS x FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'test_test_several'")->count, 0);
}

TEST(databases_of_tests_stand_beside_the_sites) { scratch_beside("sqlite"); }
TEST(databases_of_tests_on_postgresql) { scratch_beside("postgresql"); }
TEST(databases_of_tests_on_mysql) { scratch_beside("mysql"); }

/* --- transactions around requests, hooks and wrappers --- */

static Response *write_and_answer(Request *req)
{
    capo_save(author(capo_arg(req, "name")));
    return capo_text("%d", capo_in_transaction());
}

static Response *write_and_raise(Request *req)
{
    (void)req;
    capo_save(author("lost"));
    capo_raise(404, "no such thing");
}

static const Route atomic_urls[] = {
    { "write/<slug:name>/", write_and_answer }, { "plain/<slug:name>/", write_and_answer, .non_atomic = true },
    { "raise/", write_and_raise }, { "keep/", write_and_raise, .non_atomic = true }, { 0 }
};

TEST(databases_atomic_requests)
{
    begin_test();
    capo_web_hooks = (WebHooks){ .atomic_view = cli_atomic_view };
    capo_settings_init(&(Settings){ .secret_key = TEST_KEY, .urls = atomic_urls, .atomic_requests = true });
    EXPECT_TEXT(ask("GET", "/write/ann/", NULL, NULL).body, "1");
    EXPECT_TEXT(ask("GET", "/plain/bob/", NULL, NULL).body, "0");
    EXPECT_INT(ask("GET", "/raise/", NULL, NULL).status, 404);
    EXPECT_INT(capo_count(Author), 2);
    EXPECT(!capo_in_transaction());
    EXPECT_INT(ask("GET", "/keep/", NULL, NULL).status, 404);
    EXPECT_INT(capo_count(Author), 3);
    capo_settings_init(&(Settings){ .secret_key = TEST_KEY, .urls = atomic_urls });
    EXPECT_TEXT(ask("GET", "/write/cid/", NULL, NULL).body, "0");
    capo_web_hooks = (WebHooks){ 0 };
}

static void begin_durable(void *unused)
{
    (void)unused;
    capo_begin(.durable = true);
}

static void add_another(void *unused)
{
    (void)unused;
    capo_save(author("never"));
}

TEST(databases_nested_without_a_savepoint)
{
    begin_test();
    capo_begin();
    capo_save(author("ann"));
    capo_begin(.no_savepoint = true);
    capo_save(author("bob"));
    capo_commit();
    capo_begin();
    capo_begin(.no_savepoint = true);
    capo_save(author("cid"));
    capo_rollback();
    EXPECT_RAISES(ERROR_TRANSACTION, add_another, NULL);
    capo_rollback();                            /* the savepoint around it */
    capo_save(author("dan"));
    capo_commit();
    EXPECT_TEXT(names_in("default"), "ann bob dan");
}

static void begin_isolated(void *isolation) { capo_begin(.isolation = isolation); }

TEST(databases_durable_transactions_are_the_outermost)
{
    begin_test();
    capo_begin(.durable = true);
    capo_save(author("ann"));
    EXPECT(strstr(EXPECT_RAISES(ERROR_TRANSACTION, begin_durable, NULL)->message, "durable") != NULL);
    EXPECT(strstr(EXPECT_RAISES(ERROR_TRANSACTION, begin_isolated, "serializable")->message, "outermost") != NULL);
    capo_commit();
    EXPECT(strstr(EXPECT_RAISES(ERROR_VALUE, begin_isolated, "chaos")->message, "is no isolation level") != NULL);
    capo_begin(.for_test = true);               /* the test runner's own */
    capo_begin(.durable = true, .isolation = "serializable");
    capo_save(author("bob"));
    capo_commit();
    capo_rollback();
    EXPECT_TEXT(names_in("default"), "ann");
}

static int created;
static void on_created(const char *alias)
{
    created++;
    EXPECT_TEXT(alias, "default");
    capo_sql_run("PRAGMA cache_size = 1234");
}

static void refuse_created(const char *alias)
{
    (void)alias;
    capo_raise(ERROR_OPERATIONAL, "not today");
}

static void count_authors(void *unused)
{
    (void)unused;
    capo_count(Author);
}

TEST(databases_new_connections_are_announced)
{
    begin_test();
    capo_database_open(file("default"));
    created = 0;
    EXPECT(!capo_on_connection_created(on_created));
    capo_begin();
    EXPECT_TEXT(capo_to_text(*capo_map_get(capo_sql_rows("PRAGMA cache_size")->items[0].map, "cache_size")), "1234");
    capo_commit();
    EXPECT_INT(created, 1);
    capo_count(Author);
    EXPECT_INT(created, 2);                     /* a reader */
    capo_count(Author);
    EXPECT_INT(created, 2);
    EXPECT(capo_on_connection_created(refuse_created) == on_created);
    capo_database_open(file("default"));
    EXPECT_TEXT(EXPECT_RAISES(ERROR_OPERATIONAL, count_authors, NULL)->message, "not today");
    capo_on_connection_created(NULL);
    EXPECT_INT(capo_count(Author), 0);
    EXPECT_INT(capo_database_figures().open, 1);
}

static int seen_statements;
static char seen_sql[256];

static void watch(const ExecutedStatement *statement, ExecuteNext *next)
{
    seen_statements++;
    snprintf(seen_sql, sizeof seen_sql, "%s %s", statement->alias, statement->sql);
    next(statement);
}

static void refuse_writes(const ExecutedStatement *statement, ExecuteNext *next)
{
    if (capo_starts_with(statement->sql, "INSERT"))
        capo_raise(ERROR_OPERATIONAL, "this part only reads");
    next(statement);
}

static void save_author(void *name) { capo_save(author(name)); }

TEST(databases_wrappers_go_around_statements)
{
    begin_test();
    capo_execute_wrapper_push(watch);
    capo_execute_wrapper_push(refuse_writes);
    EXPECT_INT(capo_count(Author), 0);
    EXPECT_INT(seen_statements, 1);
    EXPECT(capo_starts_with(seen_sql, "default SELECT COUNT(*)"));
    EXPECT_TEXT(EXPECT_RAISES(ERROR_OPERATIONAL, save_author, "ann")->message, "this part only reads");
    EXPECT_INT(seen_statements, 2);
    capo_execute_wrapper_pop();
    save_author("ann");
    EXPECT_INT(seen_statements, 3);
    capo_each(Author, row) { EXPECT_TEXT(row->name, "ann"); }
    EXPECT_INT(seen_statements, 4);
    capo_execute_wrapper_pop();
    EXPECT_INT(capo_count(Author), 1);
    EXPECT_INT(seen_statements, 4);
}

/* --- settings --- */

static void init_settings(void *rows) { capo_settings_init(&(Settings){ .secret_key = TEST_KEY, .databases = rows }); }

TEST(databases_settings_are_checked)
{
    EXPECT(strstr(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, init_settings, (void *)DATABASES({ "de fault", "sqlite:x" }))->message, "'de fault'") != NULL);
    EXPECT(strstr(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, init_settings, (void *)DATABASES({ "default", "sqlite:x" }))->message, ".database") != NULL);
    EXPECT(strstr(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, init_settings, (void *)DATABASES({ "a", "sqlite:x" }, { "a", "sqlite:y" }))->message, "twice") != NULL);
    EXPECT(strstr(EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, init_settings, (void *)DATABASES({ "stats" }))->message, "DATABASE_URL_STATS") != NULL);
    setenv("DATABASE_URL_STATS", "sqlite:elsewhere", 1);
    init_settings((void *)DATABASES({ "stats", .apps = LIST("library") }));
    unsetenv("DATABASE_URL_STATS");
    EXPECT_TEXT(capo_settings()->databases[0].url, "sqlite:elsewhere");
    init_settings(NULL);
}

/* --- its own shell --- */

static const char *shell_of(const char *url)
{
    Buffer out = { 0 };
    const char **environment;
    capo_database_open(url);
    for (const char **word = capo_database_client(LIST("-x"), &environment); *word; word++)
        capo_put_format(&out, "%s ", *word);
    for (; *environment; environment++)
        capo_put_format(&out, "| %s ", *environment);
    return capo_buffer_text(&out);
}

static void close_shells(void *unused)
{
    (void)unused;
    capo_database_open(NULL);
}

/* The program of the database gets what the driver gets; nothing is connected to. */
TEST(databases_shells_are_told_what_the_url_says)
{
    capo_defer(close_shells, NULL);
    EXPECT_TEXT(shell_of("sqlite:/tmp/x.db"), "sqlite3 /tmp/x.db -x ");
    EXPECT_TEXT(shell_of("postgresql://ann:s%40cret@db:6000/site?sslmode=require&search_path=tenant,%20public&options=-c%20work_mem%3D4MB"),
                "psql --username=ann --host=db --port=6000 --dbname=site -x | PGPASSWORD=s@cret | PGSSLMODE=require | PGOPTIONS=-c work_mem=4MB -c search_path=tenant,\\ public ");
    EXPECT_TEXT(shell_of("postgresql:///?service=site"), "psql -x | PGSERVICE=site ");
    EXPECT_TEXT(shell_of("mariadb://ann:secret@db:3307/site?sslmode=verify-full&sslrootcert=/etc/ca.pem"),
                "mariadb --user=ann --host=db --port=3307 --protocol=tcp --ssl-verify-server-cert --ssl-ca=/etc/ca.pem --default-character-set=utf8mb4 -x site | MYSQL_PWD=secret ");
    EXPECT_TEXT(shell_of("mariadb://%2Frun%2Fmysqld%2Fmysqld.sock/site"), "mariadb --socket=/run/mysqld/mysqld.sock --default-character-set=utf8mb4 -x site ");
}

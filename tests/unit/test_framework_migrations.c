/* SPDX-License-Identifier: BSD-3-Clause */
/* The migrations of Capo's own apps say what their models say, and make Django's tables.
 *
 * After a change of their models, write what is missing, from the project's root:
 *     CAPO_WRITE_MIGRATIONS=1 build/tests/unit framework_migrations_are_current */
#include <capo/testing.h>
#include <capo/model_signals.h>
#include <capo/flatpages.h>
#include <capo/buffer.h>
#include "../../orm/internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const App auth_on_disk = { .name = "auth", .directory = "auth" }, admin_on_disk = { .name = "admin", .directory = "admin" };
static const App contenttypes_on_disk = { .name = "contenttypes", .directory = "auth/contenttypes" };
static const App sites_on_disk = { .name = "sites", .directory = "contrib/sites" }, flatpages_on_disk = { .name = "flatpages", .directory = "contrib/flatpages" };
static const App sessions_on_disk = { .name = "sessions", .directory = "auth/sessions" };

static void print_line(void *self, const char *line)
{
    (void)self;
    printf("%s\n", line);
}

static void use(const App *const *apps)
{
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .apps = apps, .database = "sqlite::memory:" });
}

TEST(framework_migrations_are_current)
{
    static const App *const built_in[] = { &capo_auth, &capo_admin, &capo_flatpages, NULL };
    static const App *const on_disk[] = { &auth_on_disk, &admin_on_disk, &contenttypes_on_disk, &sessions_on_disk, &sites_on_disk, &flatpages_on_disk, NULL };
    bool write = getenv("CAPO_WRITE_MIGRATIONS") != NULL;
    use(built_in);
    capo_models_prepare(capo_apps());
    if (write)
        use(on_disk);
    int count = capo_make_migrations(&(MakeOptions){ .apps = LIST("auth", "admin", "contenttypes", "sessions", "sites", "flatpages"), .check = !write, .say = print_line });
    if (count && !write)
        capo_test_fail(__FILE__, __LINE__, "%d migrations of Capo's own apps are missing; see the head of this file", count);
}

static void close_database(void *unused)
{
    (void)unused;
    capo_database_open(NULL);
}

/* Appendix A of Django's schema: what an existing Django database holds. */
TEST(framework_migrations_make_djangos_tables)
{
    static const App *const built_in[] = { &capo_auth, &capo_admin, NULL };
    static const struct { const char *table, *wanted; } tables[] = {
        { "auth_user", "autoincrement\ncolumn date_joined datetime NOT NULL\ncolumn email varchar(254) NOT NULL\ncolumn first_name varchar(150) NOT NULL\n"
          "column id integer NOT NULL PRIMARY KEY\ncolumn is_active bool NOT NULL\ncolumn is_staff bool NOT NULL\ncolumn is_superuser bool NOT NULL\n"
          "column last_login datetime\ncolumn last_name varchar(150) NOT NULL\ncolumn password varchar(128) NOT NULL\ncolumn username varchar(150) NOT NULL\n"
          "unique (username)\n" },
        { "auth_permission", "autoincrement\ncolumn codename varchar(100) NOT NULL\ncolumn content_type_id integer NOT NULL\ncolumn id integer NOT NULL PRIMARY KEY\n"
          "column name varchar(255) NOT NULL\nforeign key content_type_id to django_content_type (id) on delete NO ACTION\n"
          "index auth_permission_content_type_id_2f476e4b (content_type_id)\nunique index auth_permission_content_type_id_codename_01ab375a_uniq (content_type_id, codename)\n" },
        { "auth_group_permissions", "autoincrement\ncolumn group_id integer NOT NULL\ncolumn id integer NOT NULL PRIMARY KEY\ncolumn permission_id integer NOT NULL\n"
          "foreign key group_id to auth_group (id) on delete NO ACTION\nforeign key permission_id to auth_permission (id) on delete NO ACTION\n"
          "index auth_group_permissions_group_id_b120cbf9 (group_id)\nindex auth_group_permissions_permission_id_84c5c92e (permission_id)\n"
          "unique index auth_group_permissions_group_id_permission_id_0cd325b0_uniq (group_id, permission_id)\n" },
        { "django_content_type", "autoincrement\ncolumn app_label varchar(100) NOT NULL\ncolumn id integer NOT NULL PRIMARY KEY\ncolumn model varchar(100) NOT NULL\n"
          "unique index django_content_type_app_label_model_76bd3d3b_uniq (app_label, model)\n" },
        { "django_session", "column expire_date datetime NOT NULL\ncolumn session_data text NOT NULL\ncolumn session_key varchar(40) NOT NULL PRIMARY KEY\n"
          "index django_session_expire_date_a5c62663 (expire_date)\n" },
    };
    use(built_in);
    capo_models_prepare(capo_apps());
    capo_database_open("sqlite::memory:");
    capo_defer(close_database, NULL);
    capo_migrate(&(MigrateOptions){ 0 });
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        EXPECT_TEXT(capo_schema_describe(tables[i].table), tables[i].wanted);
    for (const char *const *table = LIST("auth_group", "auth_user_groups", "auth_user_user_permissions", "django_admin_log", "django_migrations"); *table; table++)
        EXPECT(capo_schema_has_table(*table));
    EXPECT(strstr(capo_schema_describe("django_admin_log"), "check (\"action_flag\" >= 0)") != NULL);
    EXPECT_INT(capo_unapplied_count(), 0);
}

static void open_empty(void)
{
    static const App *const built_in[] = { &capo_admin, NULL };         /* brings auth, contenttypes and sessions */
    use(built_in);
    capo_models_prepare(capo_apps());
    capo_database_open("sqlite::memory:");
    capo_defer(close_database, NULL);
}

static const struct { const char *app; const char *const *names; } django_series[] = {
    { "contenttypes", (const char *const[]){ "0001_initial", "0002_remove_content_type_name", NULL } },
    { "auth", (const char *const[]){ "0001_initial", "0002_alter_permission_name_max_length", "0003_alter_user_email_max_length", "0004_alter_user_username_opts",
      "0005_alter_user_last_login_null", "0006_require_contenttypes_0002", "0007_alter_validators_add_error_messages", "0008_alter_user_username_max_length",
      "0009_alter_user_last_name_max_length", "0010_alter_group_name_max_length", "0011_update_proxy_permissions", "0012_alter_user_first_name_max_length", NULL } },
    { "admin", (const char *const[]){ "0001_initial", "0002_logentry_remove_auto_add", "0003_logentry_add_action_flag_choices", NULL } },
    { "sessions", (const char *const[]){ "0001_initial", NULL } },
};
enum { N_SERIES = sizeof django_series / sizeof *django_series };

static int64_t count_recorded(const char *app, const char *name)
{
    return capo_sql_rows("SELECT id FROM django_migrations WHERE app = ? AND name = ?", app, name)->count;
}

/* Django looks for these rows, and finds nothing to do. */
TEST(framework_migrations_record_djangos_names)
{
    open_empty();
    capo_migrate(&(MigrateOptions){ 0 });
    for (size_t i = 0; i < N_SERIES; i++)
        for (const char *const *name = django_series[i].names; *name; name++)
            EXPECT_INT(count_recorded(django_series[i].app, *name), 1);
    EXPECT_INT(capo_sql_rows("SELECT id FROM capo_migration_checksums")->count, 4);
    capo_migrate(&(MigrateOptions){ .app = "contenttypes", .target = "zero" });
    EXPECT_INT(capo_sql_rows("SELECT id FROM django_migrations WHERE app <> 'sessions'")->count, 0);
}

static int64_t told_before, told_after, told_tables;

static void before_migrate(SignalEvent *event)
{
    told_before += event->app != NULL && event->sender == event->app;
}

static void after_migrate(SignalEvent *event)
{
    told_after++;
    told_tables = !strcmp(event->app->name, "auth") ? (int64_t)capo_schema_tables()->count : told_tables;
}

TEST(migrate_tells_each_app)
{
    SignalReceiver before = RECEIVER(&capo_pre_migrate, before_migrate), after = RECEIVER(&capo_post_migrate, after_migrate),
        of_auth = RECEIVER(&capo_post_migrate, before_migrate, .sender = &capo_auth);
    open_empty();
    told_before = told_after = told_tables = 0;
    capo_after_migrate(capo_auth_create_permissions);
    capo_connect(&before);
    capo_connect(&after);
    capo_connect(&of_auth);
    capo_migrate(&(MigrateOptions){ 0 });
    EXPECT_INT(told_after, 4);
    EXPECT_INT(told_before, 5);
    EXPECT(told_tables > 8);                            /* they are there by then */
    /* as in Django also where there is nothing to do, and the rows that apps want are made again */
    int64_t permissions = capo_count(Permission);
    capo_delete_all(Permission);
    capo_migrate(&(MigrateOptions){ 0 });
    EXPECT_INT(told_after, 8);
    EXPECT_INT(told_before, 10);
    EXPECT(permissions > 0 && capo_count(Permission) == permissions);
    capo_run_after_migrate();                           /* flush */
    EXPECT_INT(told_after, 12);
    EXPECT(capo_disconnect(&before) && capo_disconnect(&after) && capo_disconnect(&of_auth));
}

static void migrate_all(void *unused)
{
    (void)unused;
    capo_migrate(&(MigrateOptions){ 0 });
}

/* The other way round: a database that Django migrated is up to date; one that an older Django left is told from it. */
TEST(framework_migrations_take_djangos_rows)
{
    open_empty();
    capo_sql_run("CREATE TABLE django_migrations (id integer PRIMARY KEY AUTOINCREMENT, app varchar(255), name varchar(255), applied datetime)");
    for (size_t i = 0; i < N_SERIES; i++)
        for (const char *const *name = django_series[i].names; *name; name++)
            if (strcmp(*name, "0012_alter_user_first_name_max_length") != 0)
                capo_sql_run("INSERT INTO django_migrations (app, name, applied) VALUES (?, ?, ?)", django_series[i].app, *name, "2020-01-01 00:00:00");
    const Error *error = capo_expect_raises(__FILE__, __LINE__, ERROR_MIGRATION, migrate_all, NULL);
    EXPECT(strstr(error->message, "some, but not all: 0012_alter_user_first_name_max_length is missing") != NULL);
    EXPECT(strstr(error->message, "manage.py migrate auth") != NULL);
    capo_sql_run("INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '0012_alter_user_first_name_max_length', '2020-01-01 00:00:00')");
    EXPECT_INT(capo_unapplied_count(), 0);
    EXPECT_INT(capo_migrate(&(MigrateOptions){ 0 }), 0);
    EXPECT(!capo_schema_has_table("auth_user"));
}

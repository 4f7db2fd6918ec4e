/* SPDX-License-Identifier: BSD-3-Clause */
/* Settings, .env, apps, files of apps, the log. Each test has a folder of its own as working directory. */
#include "scratch_folder.h"
#include <capo/testing.h>
#include <capo/buffer.h>
#include <capo/unit.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char key[] = "a secret key of forty characters or more";

static void enter_folder(void)
{
    enter_scratch_folder();
    static const char *const names[] = { "DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "TIME_ZONE" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
}

static void put_file(const char *path, const char *text)
{
    EXPECT_INT(capo_write_file(path, text, strlen(text)), 0);
}

static void init(void *settings)
{
    capo_settings_init(settings);
}

static const char *why_refused(Settings settings)
{
    return EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, init, &settings)->message;
}

TEST(settings_fill_in_what_is_not_said)
{
    enter_folder();
    capo_settings_init(&(Settings){ .secret_key = key });
    const Settings *settings = capo_settings();
    EXPECT_TEXT(settings->static_url, "/static/");
    EXPECT_TEXT(settings->database, "sqlite:db.sqlite3");
    EXPECT_TEXT(settings->x_frame_options, "DENY");
    EXPECT_INT(settings->session_cookie_age, 1209600);
    EXPECT_INT(settings->max_connections, 1024);
    EXPECT(!settings->debug);
    EXPECT(settings->apps && !settings->apps[0]);
}

TEST(settings_secret_key_is_needed_outside_debug)
{
    enter_folder();
    EXPECT(strstr(why_refused((Settings){ 0 }), "SECRET_KEY is missing"));
    EXPECT(strstr(why_refused((Settings){ .secret_key = "short" }), "only 5 characters"));
    EXPECT(strstr(why_refused((Settings){ .secret_key = key, .secret_key_fallbacks = LIST("old") }), "Number 1"));
    EXPECT(access(".capo-secret-key", F_OK) != 0);
}

TEST(settings_debug_makes_a_key_and_keeps_it)
{
    enter_folder();
    capo_settings_init(&(Settings){ .debug = true });
    const char *first = capo_settings()->secret_key;
    EXPECT_INT(strlen(first), 50);
    capo_settings_init(&(Settings){ .debug = true });
    EXPECT_TEXT(capo_settings()->secret_key, first);
    struct stat status;
    EXPECT_INT(stat(".capo-secret-key", &status), 0);
    EXPECT_INT(status.st_mode & 0777, 0600);
}

TEST(settings_env_file_overrides_and_the_environment_overrides_it)
{
    enter_folder();
    put_file(".env", "\xef\xbb\xbf# comment\r\nexport SECRET_KEY='aaaaaaaaaaaaaaaaaaaa # aaaaaaaaaaaaaaaaaaaa'\n"
             "ALLOWED_HOSTS = a.example, .b.example ,  # two\nDATABASE_URL=\"sqlite:x\\ty\"\n\nDEBUG=no\nEMPTY=\n");
    capo_settings_init(&(Settings){ .debug = true });
    const Settings *settings = capo_settings();
    EXPECT_TEXT(settings->secret_key, "aaaaaaaaaaaaaaaaaaaa # aaaaaaaaaaaaaaaaaaaa");
    EXPECT_TEXT(settings->allowed_hosts[0], "a.example");
    EXPECT_TEXT(settings->allowed_hosts[1], ".b.example");
    EXPECT(!settings->allowed_hosts[2]);
    EXPECT_TEXT(settings->database, "sqlite:x\ty");
    EXPECT(!settings->debug);
    EXPECT_TEXT(capo_env("EMPTY"), "");
    EXPECT(!capo_env("NO_SUCH_VARIABLE_HERE"));
    setenv("DATABASE_URL", "sqlite:z", 1);
    capo_settings_init(&(Settings){ 0 });
    EXPECT_TEXT(capo_settings()->database, "sqlite:z");
    unsetenv("DATABASE_URL");
}

TEST(settings_a_line_of_env_that_is_none_is_named)
{
    enter_folder();
    put_file(".env", "A=1\nthis is no line\n");
    EXPECT(strstr(why_refused((Settings){ .secret_key = key }), "Line 2 of .env"));
    put_file(".env", "A=\"open\n");
    EXPECT(strstr(why_refused((Settings){ .secret_key = key }), "not closed"));
    put_file(".env", "DEBUG=maybe\n");
    EXPECT(strstr(why_refused((Settings){ .secret_key = key }), "DEBUG is 'maybe'"));
}

TEST(settings_mistakes_are_sentences)
{
    enter_folder();
    App a = { .name = "blog" }, b = { .name = "shop" }, c = { .name = "blog" }, bad = { .name = "My App" };
    EXPECT(strstr(why_refused((Settings){ .secret_key = key, .apps = APPS(&a, &b, &c) }), "Two apps have the name 'blog' (numbers 1 and 3"));
    EXPECT(strstr(why_refused((Settings){ .secret_key = key, .apps = APPS(&bad) }), "'My App'"));
    EXPECT(strstr(why_refused((Settings){ .secret_key = key, .static_url = "static" }), "static_url"));
    EXPECT(strstr(why_refused((Settings){ .secret_key = key, .time_zone = "Mars/Olympus" }), "Mars/Olympus"));
    EXPECT(strstr(why_refused((Settings){ .secret_key = key, .allowed_hosts = LIST("https://x.example") }), "not a host name"));
    EXPECT(strstr(why_refused((Settings){ .secret_key = key, .csrf_trusted_origins = LIST("x.example") }), "https://x.example"));
    EXPECT(strstr(why_refused((Settings){ .secret_key = key, .referrer_policy = "a\r\nSet-Cookie: b" }), "referrer_policy"));
    EXPECT(strstr(why_refused((Settings){ .secret_key = key, .session_cookie_age = -1 }), "session_cookie_age is -1"));
    EXPECT(strstr(why_refused((Settings){ .secret_key = key, .x_frame_options = "MAYBE" }), "SAMEORIGIN"));
}

TEST(settings_find_apps_by_name)
{
    enter_folder();
    static const App a = { .name = "blog" }, b = { .name = "shop" };
    capo_settings_init(&(Settings){ .secret_key = key, .apps = APPS(&a, &b) });
    EXPECT(capo_app("shop") == &b);
    EXPECT(!capo_app("nope"));
}

/* --- files ------------------------------------------------------------------------------------------------------------------- */

static const EmbeddedFile embedded[] = {
    { "templates/in/page.html", "inside", 6 },
    { "static/in/site.css", "css", 3 },
    { "static/a.css", "a", 1 },
    { 0 }
};
static const App on_disk = { .name = "disk" }, inside = { .name = "inside", .files = embedded };

static void make_files(void)
{
    enter_folder();
    (void)!system("mkdir -p templates/blog disk/templates/blog disk/migrations disk/static/.git secret");
    put_file("templates/blog/list.html", "project");
    put_file("disk/templates/blog/list.html", "app");
    put_file("disk/templates/blog/own.html", "own");
    put_file("disk/migrations/0001_initial.json", "{}");
    put_file("disk/static/.git/config", "x");
    put_file("secret/key", "secret");
    put_file("disk/templates-private", "secret");
    capo_settings_init(&(Settings){ .secret_key = key, .apps = APPS(&on_disk, &inside) });
}

TEST(files_are_found_in_order)
{
    make_files();
    EXPECT_TEXT(capo_find_file("templates", "blog/list.html", NULL)->text, "project");
    const SourceFile *own = capo_find_file("templates", "blog/own.html", NULL);
    EXPECT_TEXT(own->text, "own");
    EXPECT(own->app == &on_disk && !own->embedded && own->changed_ns > 0);
    const SourceFile *page = capo_find_file("templates", "in/page.html", NULL);
    EXPECT(page && page->embedded && page->size == 6 && page->app == &inside);
    EXPECT_TEXT(capo_find_app_file(&on_disk, "migrations", "0001_initial.json")->text, "{}");
    EXPECT(!capo_find_app_file(&inside, "migrations", "0001_initial.json"));
    const char *tried;
    EXPECT(!capo_find_file("templates", "blog/none.html", &tried));
    EXPECT(strstr(tried, "templates/blog/none.html") && strstr(tried, "disk/templates/blog/none.html") && strstr(tried, "(inside)"));
}

TEST(files_are_listed_sorted)
{
    make_files();
    const char **names = capo_list_files("templates", &on_disk);
    EXPECT_TEXT(names[0], "blog/list.html");
    EXPECT_TEXT(names[1], "blog/own.html");
    EXPECT(!names[2]);
    names = capo_list_files("static", &inside);
    EXPECT_TEXT(names[0], "a.css");
    EXPECT_TEXT(names[1], "in/site.css");
    EXPECT_TEXT(capo_list_files("templates", NULL)[0], "blog/list.html");
    EXPECT(!capo_list_files("static", &on_disk)[0]);      /* .git is not walked */
}

/* SEC-080, SEC-081, SEC-082, SEC-083 */
TEST(files_outside_the_folder_are_not_reached)
{
    make_files();
    static const char *const names[] = { "../../secret/key", "blog/../../../secret/key", "/etc/passwd", "//etc/passwd", "..", ".", "",
        "blog//list.html", "blog/", "blog/./list.html", "..\\secret", "blog\\list.html", ".git/config", "blog", "../templates-private" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (capo_find_file("templates", names[i], NULL) || capo_find_file("static", names[i], NULL))
            capo_test_fail(__FILE__, __LINE__, "'%s' was found", names[i]);
    EXPECT_INT(symlink("../../../secret/key", "disk/templates/blog/link.html"), 0);
    EXPECT_INT(symlink("own.html", "disk/templates/blog/near.html"), 0);
    EXPECT_INT(symlink("/etc", "disk/templates/etc"), 0);
    EXPECT_INT(mkfifo("disk/templates/blog/pipe.html", 0600), 0);
    EXPECT(!capo_find_file("templates", "blog/link.html", NULL));
    EXPECT(!capo_find_file("templates", "etc/passwd", NULL));
    EXPECT(!capo_find_file("templates", "blog/pipe.html", NULL));
    EXPECT_TEXT(capo_find_file("templates", "blog/near.html", NULL)->text, "own");
}

/* --- the log ------------------------------------------------------------------------------------------------------------------ */

static char *log_of(void (*write_log)(void))
{
    FILE *file = tmpfile();
    EXPECT(file != NULL);
    fflush(stderr);
    int saved = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    write_log();
    dup2(saved, STDERR_FILENO);
    close(saved);
    char *text = capo_alloc(65536);
    rewind(file);
    text[fread(text, 1, 65535, file)] = 0;
    fclose(file);
    return text;
}

static void log_forgery(void)
{
    capo_log(LOG_WARNING, "path %s", "/a\r\n2026-11-22T00:00:00Z INFO forged\x1b[2J\x07\xc2\x9b\xe2\x80\xae\x7f\xff\tend é");
    capo_log(LOG_ERROR, "%s", "%n%s%1000000d");
}

/* SEC-385, SEC-386 */
TEST(log_one_event_is_one_line)
{
    char *text = log_of(log_forgery);
    size_t lines = 0;
    for (char *c = text; *c; c++)
        lines += *c == '\n';
    EXPECT_INT(lines, 2);
    EXPECT(strstr(text, " WARNING path /a\\r\\n2026-11-22T00:00:00Z INFO forged\\x1b[2J\\x07\\x9b\\u202e\\x7f\\xff\\tend é\n"));
    EXPECT(strstr(text, " ERROR %n%s%1000000d\n"));
    EXPECT(text[4] == '-' && text[10] == 'T' && text[19] == 'Z');
}

static void log_long(void)
{
    char *long_text = capo_alloc(100001);
    memset(long_text, 1, 100000);
    capo_log(LOG_INFO, "%s", long_text);
}

/* SEC-387 */
TEST(log_long_lines_are_cut_with_a_mark)
{
    char *text = log_of(log_long);
    EXPECT(strlen(text) < 8400);
    EXPECT(capo_ends_with(text, " [cut]\n"));
}

static const App base = { .name = "base" }, middle = { .name = "middle", .needs = APPS(&base) };
static const App top = { .name = "top", .needs = APPS(&middle, &base) }, other = { .name = "other", .default_auto_field = "AutoField" };

TEST(apps_bring_what_they_need)
{
    capo_settings_init(&(Settings){ .secret_key = key, .apps = APPS(&top, &other) });
    Buffer names = { 0 };
    for (const App *const *app = capo_apps(); *app; app++)
        capo_put_format(&names, "%s ", (*app)->name);
    EXPECT_TEXT(capo_buffer_text(&names), "top middle base other ");
    EXPECT_TEXT(capo_default_auto_field(&other), "AutoField");
    EXPECT_TEXT(capo_default_auto_field(&top), "BigAutoField");
    capo_settings_init(&(Settings){ .secret_key = key, .apps = APPS(&base, &middle), .default_auto_field = "SmallAutoField" });
    EXPECT_INT(capo_apps()[2] == NULL, 1);
    EXPECT_TEXT(capo_default_auto_field(&other), "AutoField");
    EXPECT_TEXT(capo_default_auto_field(NULL), "SmallAutoField");
}

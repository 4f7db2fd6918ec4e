/* SPDX-License-Identifier: BSD-3-Clause */
/* Sites and flat pages, migrated and served on the database under test. */
#include <capo/testing.h>
#include <capo/cache.h>
#include <capo/flatpages.h>
#include <capo/migrations.h>
#include <capo/schema.h>
#include <capo/server.h>
#include <capo/templates.h>
#include "../../auth/auth_internal.h"
#include "database_under_test.h"
#include <string.h>

static Response *hello(Request *req) { (void)req; return capo_text("hello"); }
static Response *gone(Request *req) { capo_raise(404, "nothing at %s", req->path); }
static Response *where(Request *req) { return capo_text("%s %lld", capo_current_site(req)->name, (long long)capo_current_site(req)->id); }

static const Route urls[] = {
    { "", hello }, { "gone/", gone }, { "where/", where }, { "pages/", .include = capo_flatpage_urls }, { "admin/", .include = capo_admin_urls },
    { "fixed/", capo_flatpage_view, "fixed", .arguments = ARGUMENTS(TEXT_ARGUMENT("url", "/about/")) }, { 0 }
};
#define TEXT_FILE(path_, text_) { "templates/" path_, text_, sizeof(text_) - 1 }
static const EmbeddedFile files[] = {
    TEXT_FILE("own.html", "own: {{ flatpage.title }} {{ flatpage.url }} {{ flatpage.get_absolute_url }}"),
    TEXT_FILE("broken.html", "{{ flatpage.title|no_such_filter }}"), { 0 }
};
static const App pages = { .name = "flat_pages_of_test", .files = files };
static const App *const with_flatpages[] = { &capo_admin, &capo_flatpages, &pages, NULL }, *const without[] = { &capo_admin, &pages, NULL };

static void use(const App *const *apps, int64_t site_id, bool debug)
{
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .urls = urls, .insecure_cookies = true, .apps = apps,
        .allowed_hosts = LIST("*"), .site_id = site_id, .debug = debug, .middleware = MIDDLEWARE(capo_session_middleware, capo_common_middleware,
            capo_csrf_middleware, capo_auth_middleware, capo_messages_middleware, capo_flatpage_middleware) });
}

static void open_site(const App *const *apps)
{
    use(apps, 0, false);
    capo_web_hooks = (WebHooks){ 0 };
    capo_models_prepare(capo_apps());
    open_empty_database();
    for (const App *const *app = capo_apps(); *app; app++)
        if ((*app)->ready)
            (*app)->ready();
    capo_cache_clear();
    capo_migrate(&(MigrateOptions){ 0 });
    use(apps, 1, false);
}

static FlatPage *add_page(const char *url, const char *title, const char *content)
{
    FlatPage *page = capo_new(FlatPage);
    page->url = url;
    page->title = title;
    page->content = content;
    capo_save(page);
    capo_add(page, "sites", capo_settings()->site_id);
    return page;
}

static const char *site_of_host(const char *host)
{
    const struct QueryItem headers[] = { { "Host", host } };
    return capo_current_site(capo_request_make(&(RawRequest){ .method = "GET", .target = "/", .headers = headers, .n_headers = 1, .remote_address = "192.0.2.1",
                                                              .scheme = "http" }))->name;
}

static void ask_site(void *host)
{
    site_of_host(host);
}

TEST(sites_first_one_and_by_host)
{
    open_site(with_flatpages);
    Site *first = capo_get(Site);
    EXPECT_INT(first->id, 1);
    EXPECT_TEXT(first->domain, "example.com");
    Client *client = capo_client();
    EXPECT_TEXT(capo_client_get(client, "/where/")->body, "example.com 1");
    Site *other = capo_new(Site);
    other->domain = "TestServer";
    other->name = "Other";
    capo_save(other);
    use(with_flatpages, 0, false);
    EXPECT_TEXT(capo_client_get(client, "/where/")->body, capo_format("Other %lld", (long long)other->id));
    EXPECT_TEXT(site_of_host("testserver:8000"), "Other");
    EXPECT_TEXT(site_of_host("EXAMPLE.com"), "example.com");
    /* kept, and forgotten when one changes */
    EXPECT_QUERIES(0, capo_client_get(client, "/where/"));
    other->name = "Renamed";
    capo_save(other);
    EXPECT_TEXT(capo_client_get(client, "/where/")->body, capo_format("Renamed %lld", (long long)other->id));
    EXPECT_RAISES(ERROR_DOES_NOT_EXIST, ask_site, "third.example");
    use(with_flatpages, 99, false);
    EXPECT_STATUS(capo_client_get(client, "/where/"), 500);
    /* migrating again makes no second one */
    capo_migrate(&(MigrateOptions){ 0 });
    EXPECT_INT(capo_count(Site), 2);
    capo_delete(other);
    EXPECT_INT(capo_count(Site), 1);
    use(with_flatpages, 0, false);
    EXPECT_RAISES(ERROR_DOES_NOT_EXIST, ask_site, "testserver");
    /* a program without the app */
    use(without, 0, false);
    EXPECT_TEXT(site_of_host("third.example:8000"), "third.example:8000");
}

TEST(flatpages_where_no_route_leads)
{
    open_site(with_flatpages);
    add_page("/about/", "About <b>us</b>", "<p>We & they</p>");
    FlatPage *own = add_page("/deep/own page/", "Own", "");
    own->template_name = "own.html";
    capo_save(own);
    add_page("/gone/", "Not gone", "");
    FlatPage *lost = add_page("/lost/", "Lost", "no template of that name");
    lost->template_name = "nowhere.html";
    capo_save(lost);
    FlatPage *elsewhere = capo_new(FlatPage);
    elsewhere->url = "/elsewhere/";
    elsewhere->title = "Of no site";
    capo_save(elsewhere);

    Client *client = capo_client();
    ClientResponse *page = capo_client_get(client, "/about/");
    EXPECT_STATUS(page, 200);
    EXPECT_CONTAINS(page, "<h1>About <b>us</b></h1>");
    EXPECT_CONTAINS(page, "<p>We & they</p>");
    EXPECT_TEXT(capo_client_get(client, "/deep/own%20page/")->body, "own: Own /deep/own page/ /deep/own%20page/");
    EXPECT_CONTAINS(capo_client_get(client, "/gone/"), "Not gone");             /* the view raised 404 */
    EXPECT_CONTAINS(capo_client_get(client, "/lost/"), "no template of that name");
    EXPECT_STATUS(capo_client_get(client, "/nothing/"), 404);
    EXPECT_STATUS(capo_client_get(client, "/elsewhere/"), 404);
    EXPECT_TEXT(capo_client_get(client, "/")->body, "hello");
    page = capo_client_get(client, "/about");
    EXPECT_STATUS(page, 301);
    EXPECT_REDIRECT(page, "/about/");
    /* by routes */
    EXPECT_CONTAINS(capo_client_get(client, "/fixed/"), "We & they");
    EXPECT_CONTAINS(capo_client_get(client, "/pages/about/"), "We & they");
    EXPECT_STATUS(capo_client_get(client, "/pages/nothing/"), 404);
    /* a page that is found costs one query, the site being kept */
    EXPECT_QUERIES(1, capo_client_get(client, "/about/"));
}

TEST(flatpages_that_want_a_log_in_or_are_broken)
{
    open_site(with_flatpages);
    FlatPage *page = add_page("/members/", "Members", "secret");
    page->registration_required = true;
    capo_save(page);
    FlatPage *broken = add_page("/broken/", "Broken", "");
    broken->template_name = "broken.html";
    capo_save(broken);
    Client *client = capo_client();
    EXPECT_REDIRECT(capo_client_get(client, "/members/"), "/accounts/login/?next=/members/");
    capo_client_login(client, capo_create_user("ann", "", "x"));
    EXPECT_CONTAINS(capo_client_get(client, "/members/"), "secret");
    EXPECT_STATUS(capo_client_get(client, "/broken/"), 404);
    use(with_flatpages, 1, true);
    EXPECT_STATUS(capo_client_get(client, "/broken/"), 500);
}

static const char *listed(const char *source, Value user)
{
    Buffer out = { 0 };
    const Template *template = capo_template_from_string(capo_format("{%% load flatpages %%}%s{%% for page in pages %%}{{ page.url }} {%% endfor %%}", source), "pages");
    capo_template_render(template, capo_context_new(NULL, capo_map(V("user", user), V("start", "/b"))), &out);
    return capo_buffer_text(&out);
}

static void compile_source(void *source)
{
    listed(source, capo_value_null());
}

TEST(flatpages_get_flatpages)
{
    open_site(with_flatpages);
    add_page("/b/one/", "One", "");
    add_page("/a/", "A", "");
    FlatPage *closed = add_page("/b/two/", "Two", "");
    closed->registration_required = true;
    capo_save(closed);
    Value ann = ((Var)OBJ("user", capo_create_user("ann", "", "x"))).value, nobody = capo_value_null();
    EXPECT_TEXT(listed("{% get_flatpages as pages %}", nobody), "/a/ /b/one/ ");
    EXPECT_TEXT(listed("{% get_flatpages for user as pages %}", ann), "/a/ /b/one/ /b/two/ ");
    EXPECT_TEXT(listed("{% get_flatpages for user as pages %}", nobody), "/a/ /b/one/ ");
    EXPECT_TEXT(listed("{% get_flatpages '/b/' as pages %}", nobody), "/b/one/ ");
    EXPECT_TEXT(listed("{% get_flatpages start for user as pages %}", ann), "/b/one/ /b/two/ ");
    EXPECT_TEXT(listed("{% get_flatpages '/_' as pages %}", nobody), "");
    static const char *const wrong[] = { "{% get_flatpages %}", "{% get_flatpages as %}", "{% get_flatpages '/b/' in pages %}", "{% get_flatpages '/b/' of user as pages %}",
                                         "{% get_flatpages a for user as pages too %}", "{% get_flatpages '/b/' for user pages as %}" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        EXPECT_RAISES(ERROR_TEMPLATE_SYNTAX, compile_source, (void *)wrong[i]);
}

TEST(flatpages_in_the_admin)
{
    open_site(with_flatpages);
    Client *client = capo_client();
    capo_client_login(client, capo_create_superuser("root", "", NULL));
    static const struct { const char *url, *error; } wrong[] = {
        { "about/", "URL is missing a leading slash." }, { "/about", "URL is missing a trailing slash." }, { "/a b/", "This value must contain only letters" },
        { "/a?b/", "This value must contain only letters" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        EXPECT_CONTAINS(capo_client_post(client, "/admin/flatpages/flatpage/add/", V("url", wrong[i].url), V("title", "A"), V("sites", "1")), wrong[i].error);
    EXPECT_INT(capo_count(FlatPage), 0);
    EXPECT_REDIRECT(capo_client_post(client, "/admin/flatpages/flatpage/add/", V("url", "/about/"), V("title", "About"), V("content", "x"), V("sites", "1"), V("_save", "1")),
                    "/admin/flatpages/flatpage/");
    FlatPage *page = capo_get(FlatPage);
    EXPECT_TEXT(capo_flatpage_text(page), "/about/ -- About");
    EXPECT_CONTAINS(capo_client_post(client, "/admin/flatpages/flatpage/add/", V("url", "/about/"), V("title", "Again"), V("sites", "1")),
                    "Flatpage with url /about/ already exists for site example.com");
    EXPECT_REDIRECT(capo_client_post(client, capo_format("/admin/flatpages/flatpage/%lld/change/", (long long)page->id), V("url", "/about/"), V("title", "Changed"), V("sites", "1"),
                                     V("_save", "1")), "/admin/flatpages/flatpage/");
    EXPECT_CONTAINS(capo_client_get(capo_client(), "/about/"), "Changed");
    EXPECT_CONTAINS(capo_client_get(client, "/admin/flatpages/flatpage/?sites__id__exact=1"), "/about/");
    EXPECT_CONTAINS(capo_client_post(client, "/admin/sites/site/add/", V("domain", "a b"), V("name", "x")), "The domain name cannot contain any spaces or tabs.");
}

TEST(flatpages_tables_are_djangos)
{
    open_site(with_flatpages);
    for (const char *const *table = LIST("django_site", "django_flatpage", "django_flatpage_sites"); *table; table++)
        EXPECT(capo_schema_has_table(*table));
    EXPECT_INT(capo_sql_rows("SELECT id FROM django_migrations WHERE app = 'sites' AND name IN ('0001_initial', '0002_alter_domain_unique')")->count, 2);
    if (database_is("sqlite")) {
        EXPECT_TEXT(capo_schema_describe("django_site"), "autoincrement\ncolumn domain varchar(100) NOT NULL\ncolumn id integer NOT NULL PRIMARY KEY\n"
                    "column name varchar(50) NOT NULL\nunique (domain)\n");
        EXPECT_TEXT(capo_schema_describe("django_flatpage"), "autoincrement\ncolumn content text NOT NULL\ncolumn enable_comments bool NOT NULL\n"
                    "column id integer NOT NULL PRIMARY KEY\ncolumn registration_required bool NOT NULL\ncolumn template_name varchar(70) NOT NULL\n"
                    "column title varchar(200) NOT NULL\ncolumn url varchar(100) NOT NULL\nindex django_flatpage_url_41612362 (url)\n");
        EXPECT_TEXT(capo_schema_describe("django_flatpage_sites"), "autoincrement\ncolumn flatpage_id integer NOT NULL\ncolumn id integer NOT NULL PRIMARY KEY\n"
                    "column site_id integer NOT NULL\nforeign key flatpage_id to django_flatpage (id) on delete NO ACTION\n"
                    "foreign key site_id to django_site (id) on delete NO ACTION\nindex django_flatpage_sites_flatpage_id_078bbc8b (flatpage_id)\n"
                    "index django_flatpage_sites_site_id_bfd8ea84 (site_id)\n"
                    "unique index django_flatpage_sites_flatpage_id_site_id_0d29d9d1_uniq (flatpage_id, site_id)\n");
    }
    capo_migrate(&(MigrateOptions){ .app = "sites", .target = "zero" });
    EXPECT(!capo_schema_has_table("django_flatpage"));
}

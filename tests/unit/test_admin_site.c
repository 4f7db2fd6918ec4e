/* SPDX-License-Identifier: BSD-3-Clause */
/* The admin's frame: log in and out, the index, who may enter, headers; users and groups; the checks of options. */
#include "../admin/library.h"
#include <capo/templates.h>
#include <string.h>

TEST(admin_sends_strangers_to_the_login)
{
    library_open();
    Client *stranger = capo_client();
    EXPECT_REDIRECT(capo_client_get(stranger, "/admin/"), "/admin/login/?next=/admin/");
    EXPECT_REDIRECT(capo_client_get(stranger, "/admin/library/book/?q=a"), "/admin/login/?next=/admin/library/book/%3Fq%3Da");
    EXPECT_REDIRECT(capo_client_get(stranger, "/admin/no/such/"), "/admin/login/?next=/admin/no/such/");
    EXPECT_REDIRECT(capo_client_get(stranger, "/admin/no/such/page/at/all/"), "/admin/login/?next=/admin/no/such/page/at/all/");
    Client *member = capo_client();
    User *user = capo_create_user("member", "", NULL);
    capo_client_login(member, user);
    EXPECT_STATUS(capo_client_get(member, "/admin/"), 302);
    EXPECT_CONTAINS(capo_client_get(member, "/admin/login/?next=/admin/"), "You are authenticated as member, but are not authorized");
    user->is_staff = true;
    capo_save(user);
    EXPECT_STATUS(capo_client_get(member, "/admin/"), 200);
    user->is_active = false;
    capo_save(user);
    EXPECT_STATUS(capo_client_get(member, "/admin/"), 302);
}

TEST(admin_logs_in_and_out)
{
    library_open();
    User *user = capo_create_user("ann", "", "correct horse battery");
    Client *client = capo_client();
    ClientResponse *page = capo_client_get(client, "/admin/login/?next=/admin/library/");
    EXPECT_CONTAINS(page, "name=\"username\"");
    EXPECT_CONTAINS(page, "name=\"password\"");
    EXPECT_CONTAINS(page, "value=\"/admin/library/\"");
    EXPECT_CONTAINS(page, "value=\"Log in\"");
    const char *sentence = "Please enter the correct username and password for a staff account. Note that both fields may be case-sensitive.";
    EXPECT_CONTAINS(capo_client_post(client, "/admin/login/", V("username", "ann"), V("password", "wrong")), sentence);
    EXPECT_CONTAINS(capo_client_post(client, "/admin/login/", V("username", "nobody"), V("password", "wrong")), sentence);
    EXPECT_CONTAINS(capo_client_post(client, "/admin/login/", V("username", "ann"), V("password", "correct horse battery")), sentence);
    EXPECT_CONTAINS(capo_client_post(client, "/admin/login/", V("username", ""), V("password", "")), "This field is required.");
    user->is_staff = true;
    capo_save(user);
    EXPECT_REDIRECT(capo_client_post(client, "/admin/login/", V("username", "ann"), V("password", "correct horse battery"), V("next", "https://evil.example/")),
                    "/admin/");
    EXPECT_STATUS(capo_client_get(client, "/admin/"), 200);
    EXPECT_REDIRECT(capo_client_get(client, "/admin/login/"), "/admin/");
    EXPECT_STATUS(capo_client_get(client, "/admin/logout/"), 405);
    EXPECT_CONTAINS(capo_client_post(client, "/admin/logout/", V("x", "")), "Thanks for spending some quality time");
    EXPECT_STATUS(capo_client_get(client, "/admin/"), 302);
}

TEST(admin_index_shows_what_one_may)
{
    Library all = library_open();
    ClientResponse *page = capo_client_get(all.client, "/admin/");
    EXPECT_CONTAINS(page, "Site administration");
    EXPECT_CONTAINS(page, "/admin/library/book/add/");
    EXPECT_CONTAINS(page, "Authentication and Authorization");
    EXPECT_CONTAINS(page, "None available");
    EXPECT_NOT_CONTAINS(page, "Chapters");
    EXPECT_CONTAINS(capo_client_get(all.client, "/admin/library/"), "Library administration");
    Client *viewer = library_staff("viewer", LIST("library.view_book"));
    page = capo_client_get(viewer, "/admin/");
    EXPECT_CONTAINS(page, "/admin/library/book/");
    EXPECT_CONTAINS(page, "viewlink");
    EXPECT_NOT_CONTAINS(page, "/admin/library/book/add/");
    EXPECT_NOT_CONTAINS(page, "/admin/auth/user/");
    EXPECT_STATUS(capo_client_get(viewer, "/admin/auth/"), 404);
    EXPECT_CONTAINS(capo_client_get(library_staff("nobody", NULL), "/admin/"), "You don’t have permission to view or edit anything.");
}

static const char *header(ClientResponse *page, const char *name)
{
    for (size_t i = 0; i < page->headers->count; i++)
        if (strcasecmp(page->headers->items[i].key, name) == 0)
            return page->headers->items[i].value;
    return "";
}

TEST(sec_329_headers_and_csrf)
{
    Library all = library_open();
    const char *const urls[] = { "/admin/", "/admin/library/book/", "/admin/library/book/add/", "/admin/no/such/", "/admin/password_change/" };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        ClientResponse *page = capo_client_get(all.client, urls[i]);
        EXPECT(strstr(header(page, "content-security-policy"), "frame-ancestors 'none'") != NULL);
        EXPECT(strstr(header(page, "content-security-policy"), "script-src 'self';") != NULL);
        EXPECT_TEXT(header(page, "x-frame-options"), "DENY");
        EXPECT(strstr(header(page, "cache-control"), "no-store") != NULL);
    }
    capo_client_enforce_csrf(all.client);
    EXPECT_STATUS(capo_client_post(all.client, "/admin/library/genre/add/", V("name", "x"), V("_save", "1")), 403);
    EXPECT_STATUS(capo_client_post(all.client, "/admin/logout/", V("x", "1")), 403);
    EXPECT_INT(capo_count(Genre), 2);
}

/* The site's policy is neither wanted in the admin nor does it loosen the admin's. */
TEST(admin_keeps_its_policy)
{
    Library all = library_open();
    Settings settings = *capo_settings();
    settings.csp = settings.csp_report_only = CSP({ "default-src", LIST("*") }, { "script-src", LIST(CSP_UNSAFE_INLINE, CSP_NONCE) });
    capo_settings_init(&settings);
    const char *const urls[] = { "/admin/", "/admin/library/book/add/", "/admin/no/such/", "/admin/login/" };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        ClientResponse *page = capo_client_get(capo_ends_with(urls[i], "login/") ? capo_client() : all.client, urls[i]);
        EXPECT_TEXT(header(page, "content-security-policy"), "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
        EXPECT_TEXT(header(page, "content-security-policy-report-only"), "default-src *; script-src 'unsafe-inline'");
    }
}

TEST(admin_slash_is_appended)
{
    Library all = library_open();
    EXPECT_STATUS(capo_client_get(all.client, "/admin/library/book"), 301);
    EXPECT_STATUS(capo_client_get(all.client, "/admin/library/book/one/two/three"), 404);
}

TEST(admin_own_pages_and_names)
{
    Library all = library_open();
    EXPECT_REDIRECT(capo_client_get(capo_client(), "/admin/report/"), "/admin/login/?next=/admin/report/");
    EXPECT_STATUS(capo_client_get(library_staff("staff", NULL), "/admin/report/"), 403);
    ClientResponse *page = capo_client_get(all.client, "/admin/report/");
    EXPECT_CONTAINS(page, "3 books");
    EXPECT_CONTAINS(page, "nav-sidebar");
    EXPECT(strstr(header(page, "content-security-policy"), "frame-ancestors 'none'") != NULL);
    capo_admin_site = (AdminSite){ .header = "The <Library>", .index_title = "Desk", .site_url = "" };
    page = capo_client_get(all.client, "/admin/");
    capo_admin_site = (AdminSite){ 0 };
    EXPECT_CONTAINS(page, "The &lt;Library&gt;");
    EXPECT_CONTAINS(page, "<h1>Desk</h1>");
    EXPECT_NOT_CONTAINS(page, "View site");
}

/* --- users ---------------------------------------------------------------------------------------------------------------------------- */

TEST(admin_user_is_added_in_two_steps)
{
    Library all = library_open();
    ClientResponse *page = capo_client_get(all.client, "/admin/auth/user/add/");
    EXPECT_CONTAINS(page, "First, enter a username and password.");
    EXPECT_CONTAINS(page, "name=\"password1\"");
    EXPECT_NOT_CONTAINS(page, "name=\"email\"");
    EXPECT_CONTAINS(capo_client_post(all.client, "/admin/auth/user/add/", V("username", "zoe"), V("password1", "a long enough one"), V("password2", "another")),
                    "The two password fields didn’t match.");
    ClientResponse *done = capo_client_post(all.client, "/admin/auth/user/add/", V("username", "zoe"), V("password1", "quite a long secret"),
                                            V("password2", "quite a long secret"), V("_save", "1"));
    User *zoe = capo_get(User, .where = { .username = EQ("zoe") });
    const char *url = capo_format("/admin/auth/user/%lld/change/", (long long)zoe->id);
    EXPECT_REDIRECT(done, url);
    page = capo_client_get(all.client, url);
    EXPECT_CONTAINS(page, "was added successfully. You may edit it again below.");
    EXPECT_CONTAINS(page, "name=\"email\"");
    EXPECT_CONTAINS(page, "name=\"user_permissions\"");
    EXPECT_CONTAINS(page, "../password/");
    EXPECT_NOT_CONTAINS(page, "$argon2");
    done = capo_client_post(all.client, url, V("username", "zoe"), V("first_name", "Zoe"), V("email", "zoe@example.com"), V("is_active", "on"), V("is_staff", "on"),
        V("date_joined_0", "2026-11-22"), V("date_joined_1", "08:00:00"), V("last_login_0", ""), V("last_login_1", ""), V("_save", "1"));
    EXPECT_REDIRECT(done, "/admin/auth/user/");
    capo_refresh(zoe);
    EXPECT(zoe->is_staff && !zoe->is_superuser && strcmp(zoe->first_name, "Zoe") == 0);
}

TEST(admin_sets_anothers_password)
{
    Library all = library_open();
    User *zoe = capo_create_user("zoe", "", "the old secret word");
    const char *url = capo_format("/admin/auth/user/%lld/password/", (long long)zoe->id);
    EXPECT_CONTAINS(capo_client_get(all.client, url), "Change password: zoe");
    EXPECT_CONTAINS(capo_client_post(all.client, url, V("password1", "one secret word"), V("password2", "two")), "The two password fields didn’t match.");
    EXPECT_STATUS(capo_client_post(all.client, url, V("password1", "the new secret word"), V("password2", "the new secret word")), 302);
    capo_refresh(zoe);
    EXPECT(capo_check_password(zoe, "the new secret word"));
    Client *viewer = library_staff("viewer", LIST("auth.view_user"));
    EXPECT_STATUS(capo_client_get(viewer, url), 403);
    EXPECT_STATUS(capo_client_post(viewer, url, V("password1", "a forged secret"), V("password2", "a forged secret")), 403);
    EXPECT_STATUS(capo_client_get(all.client, "/admin/library/book/1/password/"), 404);
}

TEST(sec_323_viewers_of_users_see_no_hash)
{
    Library all = library_open();
    User *zoe = capo_create_user("zoe", "", "the old secret word");
    const char *url = capo_format("/admin/auth/user/%lld/change/", (long long)zoe->id);
    Client *viewer = library_staff("viewer", LIST("auth.view_user"));
    User *self = capo_get(User, .where = { .username = EQ("viewer") });
    ClientResponse *page = capo_client_get(viewer, url);
    EXPECT_CONTAINS(page, "zoe");
    EXPECT_NOT_CONTAINS(page, zoe->password);
    EXPECT_NOT_CONTAINS(page, strrchr(zoe->password, '$'));
    EXPECT_STATUS(capo_client_post(viewer, capo_format("/admin/auth/user/%lld/change/", (long long)self->id), V("username", "viewer"), V("is_superuser", "on"),
                                   V("is_active", "on"), V("is_staff", "on"), V("date_joined_0", "2026-11-22"), V("date_joined_1", "08:00:00")), 403);
    capo_refresh(self);
    EXPECT(!self->is_superuser);
    EXPECT_STATUS(capo_client_get(library_staff("adder", LIST("auth.add_user")), "/admin/auth/user/add/"), 403);
    (void)all;
}

TEST(admin_own_password)
{
    library_open();
    User *zoe = capo_create_superuser("zoe", "", "the old secret word");
    Client *client = capo_client();
    capo_client_login(client, zoe);
    EXPECT_CONTAINS(capo_client_get(client, "/admin/password_change/"), "name=\"old_password\"");
    EXPECT_CONTAINS(capo_client_post(client, "/admin/password_change/", V("old_password", "wrong"), V("new_password1", "the new secret word"),
                                     V("new_password2", "the new secret word")), "Your old password was entered incorrectly.");
    EXPECT_REDIRECT(capo_client_post(client, "/admin/password_change/", V("old_password", "the old secret word"), V("new_password1", "the new secret word"),
                                     V("new_password2", "the new secret word")), "/admin/password_change/done/");
    EXPECT_CONTAINS(capo_client_get(client, "/admin/password_change/done/"), "Your password was changed.");
    capo_refresh(zoe);
    EXPECT(capo_check_password(zoe, "the new secret word"));
}

TEST(admin_groups_with_permissions)
{
    Library all = library_open();
    Permission *permission = capo_get(Permission, .where = { .codename = EQ("view_book") });
    EXPECT_CONTAINS(capo_client_get(all.client, "/admin/auth/group/add/"), "name=\"permissions\"");
    EXPECT_STATUS(capo_client_post(all.client, "/admin/auth/group/add/", V("name", "readers"), V("permissions", permission->id), V("_save", "1")), 302);
    Group *group = capo_get(Group, .where = { .name = EQ("readers") });
    EXPECT_INT(capo_query_count(capo_related_query(group, "permissions")), 1);
}

TEST(sec_331_every_change_is_recorded)
{
    Library all = library_open();
    User *zoe = capo_create_user("zoe", "", "the old secret word");
    capo_client_post(all.client, capo_format("/admin/auth/user/%lld/password/", (long long)zoe->id), V("password1", "the new secret word"),
                     V("password2", "the new secret word"));
    LogEntry *entry = capo_first(LogEntry, .order_by = LIST("-id"));
    EXPECT_INT(entry->user_id.integer, all.root->id);
    EXPECT_INT(entry->action_flag, 2);
    EXPECT_TEXT(entry->object_repr, "zoe");
    EXPECT_TEXT(entry->change_message, "[{\"changed\": {\"fields\": [\"password\"]}}]");
    EXPECT_CONTAINS(capo_client_get(all.client, capo_format("/admin/auth/user/%lld/history/", (long long)zoe->id)), "Changed password.");
    capo_client_post(all.client, "/admin/library/genre/add/", V("name", "x"), V("_save", "1"));
    EXPECT_INT(capo_count(LogEntry), 2);
}

static void reverse_name(void *name)
{
    capo_reverse(name, V("object_id", 7));
}

TEST(admin_url_names_are_djangos)
{
    Library all = library_open();
    static const struct { const char *name, *url; } plain[] = {
        { "admin:index", "/admin/" }, { "admin:login", "/admin/login/" }, { "admin:logout", "/admin/logout/" }, { "admin:jsi18n", "/admin/jsi18n/" },
        { "admin:password_change", "/admin/password_change/" }, { "admin:library_book_changelist", "/admin/library/book/" },
        { "admin:library_book_add", "/admin/library/book/add/" }, { "admin:auth_user_changelist", "/admin/auth/user/" },
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        EXPECT_TEXT(capo_reverse(plain[i].name), plain[i].url);
    EXPECT_TEXT(capo_reverse("admin:library_book_change", V("object_id", 7)), "/admin/library/book/7/change/");
    EXPECT_TEXT(capo_reverse("admin:library_book_delete", V("", 7)), "/admin/library/book/7/delete/");
    EXPECT_TEXT(capo_reverse("admin:library_book_history", V("", "a_2Fb")), "/admin/library/book/a_2Fb/history/");
    EXPECT_TEXT(capo_reverse("admin:auth_user_password_change", V("", 1)), "/admin/auth/user/1/password/");
    EXPECT_TEXT(capo_reverse("admin:app_list", V("app_label", "library")), "/admin/library/");
    EXPECT_STATUS(capo_client_get(all.client, capo_reverse("admin:library_book_change", V("object_id", all.root->id))), 200);
    static const char *const wrong[] = { "admin:library_book_chang", "admin:library_nothing_change", "admin:library_book", "admin:library_book_changelist",
                                         "admin:library_book_password_change", "admin:", "library_book_change" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const Error *error = capo_try(reverse_name, (void *)wrong[i]);
        EXPECT(error && error->code == ERROR_NO_REVERSE_MATCH);
    }
    EXPECT(!capo_reverse_problem("admin:library_book_change", (const char *const[]){ "", NULL }));
    EXPECT(capo_reverse_problem("admin:library_book_change", (const char *const[]){ NULL }));
    Buffer out = { 0 };
    const Template *template = capo_template_from_string("{% load admin_urls %}{% url 'admin:library_book_change' 7 %} {% url opts|admin_urlname:'history' key|admin_urlquote %} "
        "{% url 'admin:library_book_change' object_id=key|admin_urlquote %} {% url 'admin:library_book_nothing' 7 as none %}[{{ none }}]", "urls");
    capo_template_render(template, capo_context_new(NULL, capo_map(V("key", "a/b c"), V("opts", capo_map(V("app_label", "library"), V("model_name", "book"))))), &out);
    EXPECT_TEXT(capo_buffer_text(&out), "/admin/library/book/7/change/ /admin/library/book/a_2Fb%20c/history/ /admin/library/book/a_2Fb%20c/change/ []");
}

/* {% load log %}{% get_admin_log %}, in a template of the site's own. */
static const char *log_shown(const char *source, User *user)
{
    Buffer out = { 0 };
    const Template *template = capo_template_from_string(capo_format("{%% load log %%}%s", source), "log");
    Map *variables = user ? capo_map(OBJ("user", user)) : capo_map(V("user", capo_value_null()));
    capo_template_render(template, capo_context_new(NULL, variables), &out);
    return capo_buffer_text(&out);
}

static void compile_log(void *source)
{
    capo_template_from_string(source, "log");
}

TEST(admin_log_in_any_template)
{
    Library all = library_open();
    User *zoe = capo_create_user("zoe", "", "the old secret word");
    capo_client_post(all.client, "/admin/library/genre/add/", V("name", "<x>"), V("_save", "1"));
    Genre *genre = capo_get(Genre, .where = { .name = EQ("<x>") });
    capo_client_post(all.client, capo_format("/admin/library/genre/%lld/change/", (long long)genre->id), V("name", "y"), V("_save", "1"));
    capo_client_post(all.client, capo_format("/admin/library/genre/%lld/delete/", (long long)genre->id), V("post", "yes"));
    const char *list = "{% for e in entries %}{{ e }}: {% if e.is_addition %}+{% elif e.is_change %}~{% elif e.is_deletion %}-{% endif %} "
                       "{{ e.get_change_message }} {{ e.get_admin_url|cut:id }} {{ e.user.username }} {{ e.content_type.model }}\n{% endfor %}";
    const char *name = all.root->username;
    EXPECT_TEXT(log_shown(capo_format("{%% get_admin_log 2 as entries %%}{%% with id='%lld' %%}%s{%% endwith %%}", (long long)genre->id, list), NULL),
                capo_format("y: -  /admin/library/genre//change/ %s genre\ny: ~ Changed Name. /admin/library/genre//change/ %s genre\n", name, name));
    EXPECT_TEXT(log_shown("{% get_admin_log 10 as entries for_user user %}{{ entries|length }}", all.root), "3");
    EXPECT_TEXT(log_shown("{% get_admin_log 10 as entries for_user user %}{{ entries|length }}", zoe), "0");
    EXPECT_TEXT(log_shown("{% get_admin_log 10 as entries for_user user %}{{ entries|length }}", NULL), "0");
    EXPECT_TEXT(log_shown(capo_format("{%% get_admin_log 1 as entries for_user %lld %%}{{ entries|length }}", (long long)all.root->id), NULL), "1");
    EXPECT_TEXT(log_shown("{% get_admin_log 1 as entries %}{% for e in entries %}{{ e.get_change_message }}{{ e.nonsense }}{% endfor %}", NULL), "");
    static const char *const wrong[] = { "{% load log %}{% get_admin_log 10 %}", "{% load log %}{% get_admin_log ten as entries %}",
        "{% load log %}{% get_admin_log 10 to entries %}", "{% load log %}{% get_admin_log 10 as entries of_user user %}",
        "{% load log %}{% get_admin_log 10 as entries for_user %}", "{% get_admin_log 10 as entries %}" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        EXPECT_RAISES(ERROR_TEMPLATE_SYNTAX, compile_log, (void *)wrong[i]);
}

/* --- checks ----------------------------------------------------------------------------------------------------------------------------- */

static List *reports;
static void report(const CheckMessage *message)
{
    capo_list_add(reports, VALUE(capo_format("%s %s: %s", message->id, message->object, message->text)));
}

TEST(admin_checks_are_silent_for_good_options)
{
    library_open();
    reports = capo_list_new();
    for (const SystemCheck *check = capo_admin.checks; check->name; check++)
        check->run(report);
    EXPECT_TEXT(reports->count ? capo_to_text(reports->items[0]) : "none", "none");
}

static const ModelAdmin bad_admin[] = {
    ADMIN(Book,
        .list_display = LIST("titel", "genres"), .list_filter = LIST("authr"), .search_fields = LIST("author__nam"), .ordering = LIST("-pagess"),
        .date_hierarchy = "title", .readonly_fields = LIST("nothing"), .autocomplete_fields = LIST("genres", "title"),
        .prepopulated_fields = { { "slugg", LIST("title") } }, .list_editable = LIST("titel"), .inlines = { { INLINE(Genre) } }),
    ADMIN(Genre),
    { 0 }
};
static const App bad_library = { .name = "bad", .admin = bad_admin };

TEST(admin_checks_say_what_is_wrong)
{
    library_open();
    const App library_without_admin = { .name = library.name, .models = library.models };
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .apps = APPS(&capo_admin, &capo_auth, &library_without_admin, &bad_library) });
    reports = capo_list_new();
    for (const SystemCheck *check = capo_admin.checks; check->name; check++)
        check->run(report);
    Buffer all = { 0 };
    for (size_t i = 0; i < reports->count; i++)
        capo_put_format(&all, "%s\n", capo_to_text(reports->items[i]));
    const char *const wanted[] = {
        "admin.E108 the admin of library.Book: The value of 'list_display' refers to 'titel'", "Did you mean 'title'?", "refers to 'genres'",
        "admin.E116", "admin.E126", "admin.E033", "admin.E128", "admin.E035", "admin.E037", "admin.E040", "admin.E027", "admin.E202", NULL
    };
    for (const char *const *text = wanted; *text; text++)
        if (!strstr(capo_buffer_text(&all), *text))
            capo_test_fail(__FILE__, __LINE__, "no report has %s:\n%s", *text, capo_buffer_text(&all));
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Users, logging in and out, sessions, permissions, forms and views of auth, on a database in memory. */
#include <capo/testing.h>
#include "../../auth/auth_internal.h"
#include "../../orm/internal.h"
#include <capo/schema.h>
#include <capo/templates.h>
#include <string.h>

static Response *whoami(Request *req)
{
    User *user = capo_user(req);
    return capo_text("%s", user ? user->username : "nobody");
}
static Response *page(Request *req)
{
    return capo_render(req, "page.html");
}
static const EmbeddedFile files[] = {
    { "templates/page.html", "{{ user.is_authenticated }} {{ user }} {{ user.get_full_name }} {{ perms.auth.add_user }} "
      "{% if perms.auth %}some{% endif %} {{ perms.auth.no_such }}", 149 },
    { 0 }
};
static const App pages = { .name = "pages", .files = files };
static Response *write_twice(Request *req)
{
    capo_session_set(req, "x", VALUE(1));
    if (capo_param(req, "gone"))
        capo_delete_all(SessionRow);
    return capo_text("written");
}
static const Route urls[] = {
    { "accounts/", .include = capo_auth_urls },
    { "whoami/", whoami }, { "page/", page }, { "write/", write_twice },
    { "private/", whoami, .login_required = true },
    { "adders/", whoami, .permission = "auth.add_user" },
    { 0 }
};

static void close_database(void *unused)
{
    (void)unused;
    capo_database_close();
}

static bool has_permission(Request *req, const char *permission)
{
    User *user = capo_user(req);
    return user && (!*permission || capo_has_permission(user, permission));
}

static User *ann;

static void open_site(void)
{
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .urls = urls, .insecure_cookies = true,
        .apps = APPS(&capo_auth, &pages), .database = "sqlite::memory:", .login_redirect_url = "/whoami/",
        .middleware = MIDDLEWARE(capo_security_middleware, capo_session_middleware, capo_common_middleware, capo_csrf_middleware,
                                 capo_auth_middleware, capo_messages_middleware) });
    capo_models_prepare(capo_apps());
    capo_database_open("sqlite::memory:");
    capo_defer(close_database, NULL);
    size_t count;
    Model *const *all = capo_all_models(&count);
    SchemaEditor *editor = capo_schema_open(false);
    for (size_t i = 0; i < count; i++)
        if (!all[i]->auto_created)
            capo_schema_create_model(editor, all[i]);
    capo_schema_close(editor);
    auth_add_context();
    capo_web_hooks = (WebHooks){ .has_permission = has_permission };
    ann = capo_create_user("ann", "Ann@EXAMPLE.com", "correct horse battery");
}

static ClientResponse *log_in(Client *client, const char *username, const char *password)
{
    return capo_client_post(client, "/accounts/login/", V("username", username), V("password", password));
}

static const char *who(Client *client)
{
    return capo_client_get(client, "/whoami/")->body;
}

TEST(auth_users_are_made_as_in_django)
{
    open_site();
    EXPECT_TEXT(ann->email, "Ann@example.com");
    EXPECT(ann->is_active && !ann->is_staff && !ann->is_superuser && !ann->last_login.present);
    EXPECT(capo_check_password(ann, "correct horse battery"));
    EXPECT(!capo_check_password(ann, "correct horse batterY"));
    EXPECT(!capo_check_password(ann, "correct horse battery "));
    User *root = capo_create_superuser("ﬁsh", "", NULL);
    EXPECT_TEXT(root->username, "fish");                        /* NFKC */
    EXPECT(root->is_staff && root->is_superuser && *root->password == '!');
}

/* A row that Django wrote: its password verifies, and is made anew at the cost of today. */
TEST(auth_reads_djangos_users_and_rehashes)
{
    open_site();
    ann->password = "pbkdf2_sha256$50$NaCl2salt$4AIGLYeybB58QtFXEU/V8ZTN9NPhunF6SgXVKEcgqsQ=";
    capo_save(ann);
    Client *client = capo_client();
    EXPECT_REDIRECT(log_in(client, "ann", "password"), "/whoami/");
    EXPECT_TEXT(who(client), "ann");
    User *stored = capo_get(User, .where = { .username = EQ("ann") });
    EXPECT(capo_starts_with(stored->password, "argon2$argon2id$"));
    EXPECT(stored->last_login.present);
}

/* The hash that Django 3.2 puts into the session of this user, and the row of a session that it wrote. */
TEST(auth_takes_over_sessions_of_django)
{
    open_site();
    ann->password = "pbkdf2_sha256$1$x$y";
    capo_save(ann);
    SessionRow *row = capo_new(SessionRow);
    row->session_key = "abcdefghijklmnopqrstuvwxyz012345";
    row->session_data = capo_sign_value(VALUE(capo_map(V("_auth_user_id", capo_format("%lld", (long long)ann->id)),
        V("_auth_user_backend", "django.contrib.auth.backends.ModelBackend"),
        V("_auth_user_hash", "c2c43498a9383c12d05a7882539216eac813c8d5d930e7bffbffdfc49ffb66ee"))), "django.contrib.sessions.SessionStore");
    row->expire_date = (DateTime){ capo_now().microseconds + 60 * 1000000 };
    capo_instance_insert(&row->capo);
    Client *client = capo_client();
    capo_client_header(client, "Cookie", "sessionid=abcdefghijklmnopqrstuvwxyz012345");
    EXPECT_TEXT(who(client), "ann");
    capo_update(SessionRow, .set = { .expire_date = TO((DateTime){ capo_now().microseconds - 1000000 }) });
    EXPECT_TEXT(who(client), "nobody");
    EXPECT_INT(capo_clear_sessions(), 1);
}

TEST(auth_logs_in_and_out)
{
    open_site();
    Client *client = capo_client();
    EXPECT_TEXT(who(client), "nobody");
    EXPECT_REDIRECT(capo_client_get(client, "/private/?a=1"), "/accounts/login/?next=/private/%3Fa%3D1");
    EXPECT_CONTAINS(capo_client_get(client, "/accounts/login/?next=/private/"), "name=\"password\"");
    const char *sentence = "Please enter a correct username and password. Note that both fields may be case-sensitive.";
    EXPECT_CONTAINS(log_in(client, "ann", "wrong"), sentence);
    EXPECT_CONTAINS(log_in(client, "nobody", "wrong"), sentence);
    EXPECT_REDIRECT(capo_client_post(client, "/accounts/login/", V("username", "ann"), V("password", "correct horse battery"), V("next", "/private/")), "/private/");
    EXPECT_TEXT(capo_client_get(client, "/private/")->body, "ann");
    EXPECT_STATUS(capo_client_get(client, "/adders/"), 403);
    EXPECT_STATUS(capo_client_get(client, "/accounts/logout/"), 405);
    EXPECT_CONTAINS(capo_client_post(client, "/accounts/logout/", V("x", "")), "Logged out");
    EXPECT_TEXT(who(client), "nobody");
    EXPECT_INT(capo_count(SessionRow), 0);
}

/* SEC-206 */
TEST(auth_next_stays_here)
{
    open_site();
    static const char *const bad[] = { "https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "http:evil" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Client *client = capo_client();
        EXPECT_REDIRECT(capo_client_post(client, "/accounts/login/", V("username", "ann"), V("password", "correct horse battery"), V("next", bad[i])), "/whoami/");
    }
}

static const char *session_key(void)
{
    SessionRow *row = capo_first(SessionRow);
    return row ? row->session_key : "none";
}

/* SEC-163: the key of before the log-in is dead behind it, and data of another user is not seen. */
TEST(auth_keys_change_at_login)
{
    open_site();
    User *bob = capo_create_user("bob", "", "another battery horse");
    Client *client = capo_client();
    EXPECT_STATUS(capo_client_get(client, "/write/"), 200);
    const char *before = session_key();
    log_in(client, "ann", "correct horse battery");
    EXPECT_INT(capo_count(SessionRow), 1);
    EXPECT(strcmp(session_key(), before) != 0);
    Value data;
    EXPECT(capo_unsign_value(capo_first(SessionRow)->session_data, "django.contrib.sessions.SessionStore", 0, &data));
    EXPECT(capo_map_get(data.map, "x") != NULL);
    before = session_key();
    log_in(client, bob->username, "another battery horse");
    EXPECT_TEXT(who(client), "bob");
    EXPECT_INT(capo_count(SessionRow), 1);
    EXPECT(strcmp(session_key(), before) != 0);
    EXPECT(capo_unsign_value(capo_first(SessionRow)->session_data, "django.contrib.sessions.SessionStore", 0, &data));
    EXPECT(capo_map_get(data.map, "x") == NULL);
}

/* SEC-164 */
TEST(auth_a_deleted_session_does_not_come_back)
{
    open_site();
    Client *client = capo_client();
    log_in(client, "ann", "correct horse battery");
    EXPECT_STATUS(capo_client_get(client, "/write/?gone=1"), 400);
    EXPECT_INT(capo_count(SessionRow), 0);
}

/* SEC-166 */
TEST(auth_a_changed_password_or_account_ends_other_sessions)
{
    open_site();
    Client *here = capo_client(), *there = capo_client();
    log_in(here, "ann", "correct horse battery");
    log_in(there, "ann", "correct horse battery");
    EXPECT_CONTAINS(capo_client_post(here, "/accounts/password_change/", V("old_password", "wrong"), V("new_password1", "staple-of-winter-7"),
                                     V("new_password2", "staple-of-winter-7")), "Your old password was entered incorrectly. Please enter it again.");
    EXPECT_CONTAINS(capo_client_post(here, "/accounts/password_change/", V("old_password", "correct horse battery"), V("new_password1", "staple-of-winter-7"),
                                     V("new_password2", "staple-of-winter-8")), "The two password fields didn’t match.");
    EXPECT_CONTAINS(capo_client_post(here, "/accounts/password_change/", V("old_password", "correct horse battery"), V("new_password1", "12345"),
                                     V("new_password2", "12345")), "This password is too short. It must contain at least 8 characters.");
    EXPECT_REDIRECT(capo_client_post(here, "/accounts/password_change/", V("old_password", "correct horse battery"), V("new_password1", "staple-of-winter-7"),
                                     V("new_password2", "staple-of-winter-7")), "/accounts/password_change/done/");
    EXPECT_CONTAINS(capo_client_get(here, "/accounts/password_change/done/"), "Your password was changed.");
    EXPECT_TEXT(who(here), "ann");
    EXPECT_TEXT(who(there), "nobody");
    capo_update(User, .set = { .is_active = TO((bool)false) });
    EXPECT_TEXT(who(here), "nobody");
    EXPECT_STATUS(log_in(capo_client(), "ann", "staple-of-winter-7"), 200);
}

/* SEC-205 */
TEST(auth_permissions_are_granted_to_users_and_groups)
{
    open_site();
    capo_auth_create_permissions();
    capo_auth_create_permissions();
    EXPECT_INT(capo_count(Permission), 4 * capo_count(ContentType));
    Permission *add = capo_get(Permission, .where = { .codename = EQ("add_user") });
    EXPECT_TEXT(add->name, "Can add user");
    EXPECT_TEXT(capo_permission_text(add), "auth | user | Can add user");
    EXPECT_TEXT(capo_permission_name("change", &User_model), "auth.change_user");
    Client *client = capo_client();
    capo_client_login(client, ann);
    EXPECT_STATUS(capo_client_get(client, "/adders/"), 403);
    EXPECT_TEXT(capo_client_get(client, "/page/")->body, "True ann  False  False");
    Group *group = capo_new(Group);
    group->name = "editors";
    capo_save(group);
    capo_add(group, "permissions", add->id);
    capo_add(ann, "groups", group->id);
    EXPECT_STATUS(capo_client_get(client, "/adders/"), 200);
    EXPECT_TEXT(capo_client_get(client, "/page/")->body, "True ann  True some False");
    EXPECT_TEXT(capo_client_get(capo_client(), "/page/")->body, "False AnonymousUser  False  False");
    User *idle = capo_create_user("idle", "", NULL);
    idle->is_superuser = true;
    idle->is_active = false;
    EXPECT(!capo_has_permission(idle, "auth.add_user") && !capo_has_module_permission(idle, "auth"));
    idle->is_active = true;
    EXPECT(capo_has_permission(idle, "what.ever"));
    EXPECT(!capo_has_permission(NULL, "auth.add_user"));
}

/* SEC-203: failures cost time, for this name from this address; the right password from elsewhere still works. */
TEST(auth_guessing_is_slowed_down)
{
    open_site();
    capo_freeze_time((DateTime){ 2000000000000000 });
    Client *client = capo_client();
    for (int i = 0; i < 5; i++)
        EXPECT_CONTAINS(log_in(client, "ann", "wrong"), "Please enter a correct username");
    EXPECT_CONTAINS(log_in(client, "ann", "correct horse battery"), "Please wait 1 second and try again.");
    capo_freeze_time((DateTime){ 2000000000000000 + 2 * 1000000 });
    EXPECT_CONTAINS(log_in(client, "ann", "wrong"), "Please enter a correct username");
    EXPECT_CONTAINS(log_in(client, "ANN", "wrong"), "Please wait 2 seconds");
    capo_client_header(client, "X-Forwarded-For", "198.51.100.7");
    EXPECT_CONTAINS(log_in(client, "ann", "wrong"), "Please wait 2 seconds");
    EXPECT_CONTAINS(log_in(client, "bob", "wrong"), "Please enter a correct username");
    Request elsewhere = { .remote_address = "198.51.100.7" };
    EXPECT(capo_authenticate(&elsewhere, "ann", "correct horse battery") != NULL);
    capo_freeze_time((DateTime){ 2000000000000000 + 10 * 1000000 });
    EXPECT_REDIRECT(log_in(client, "ann", "correct horse battery"), "/whoami/");
    capo_freeze_time((DateTime){ 2000000000000000 + 7200ll * 1000000 });
    EXPECT_INT(auth_login_wait(&elsewhere, "bob"), 0);
}

/* SEC-193, SEC-194, SEC-197 */
TEST(auth_hostile_names_and_passwords_are_refused_at_once)
{
    open_site();
    char *big = capo_alloc(1024 * 1024 + 1);
    memset(big, 'x', 1024 * 1024);
    Request req = { .remote_address = "203.0.113.9" };
    int64_t start = capo_test_cpu_us();
    EXPECT(!capo_authenticate(&req, "ann", big));
    EXPECT(capo_test_cpu_us() - start < 1000 * 1000);
    EXPECT(!capo_authenticate(&req, big, "x"));
    EXPECT(!capo_authenticate(&req, NULL, "x") && !capo_authenticate(&req, "ann", NULL));
    char *long_password = capo_strndup(big, 128);
    capo_set_password(ann, long_password);
    EXPECT(capo_check_password(ann, long_password));
    long_password[100] = 'y';
    EXPECT(!capo_check_password(ann, long_password));
}

/* SEC-195 */
TEST(auth_hostile_password_strings_do_no_harm)
{
    static const char *const strings[] = {
        "argon2$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHRzYWx0$bxBfiyaV6KWI/5thvfnELwfgjSZA8zHllGGrELj1Ga8",
        "argon2$argon2id$v=19$m=1048576,t=999999,p=1$c2FsdHNhbHRzYWx0$bxBfiyaV6KWI", "argon2$argon2id$v=19$m=8,t=1,p=0$c2FsdA$aGFzaA",
        "argon2$argon2id$v=19$m=8,t=1,p=1$c2FsdA", "argon2$argon2id", "argon2$", "argon2", "$", "$$$$$$$$", "argon2$argon2x$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA",
        "pbkdf2_sha256$4294967297$salt$x", "pbkdf2_sha256$-1$salt$x", "pbkdf2_sha256$0$salt$x", "pbkdf2_sha256$$$", "pbkdf2_sha256$999999999$s$h",
        "scrypt$1073741824$salt$8$1$x", "scrypt$3$salt$8$1$x", "scrypt$16384$salt$0$1$x", "scrypt$1048576$salt$64$64$x", "scrypt$2$s",
        "bcrypt$$2b$31$abcdefghijklmnopqrstuO4.gSoA2.KLL3xxwobMtP.ioSofc54Xi", "bcrypt$$2b$05$short", "bcrypt_sha256$$1$2$3", "md5$", "md5$salt",
        "rot13$x$y", "", "!",
    };
    int64_t start = capo_test_cpu_us();
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        if (capo_verify_password("password", strings[i], NULL) == 1)
            capo_test_fail(__FILE__, __LINE__, "'%s' was taken", strings[i]);
    char *big = capo_alloc(1024 * 1024 + 1);
    memset(big, '$', 1024 * 1024);
    EXPECT(capo_verify_password("password", big, NULL) != 1);
    memcpy(big, "pbkdf2_sha256$1$", 16);
    EXPECT(capo_verify_password("password", big, NULL) != 1);
    EXPECT(capo_test_cpu_us() - start < 3 * 1000 * 1000);
    EXPECT_INT(capo_verify_password("secret", "md5$salt$d42a0f742ffc1be4e1cc0845c2429c97", NULL), 1);
}

TEST(auth_creation_form_says_what_django_says)
{
    open_site();
    static const struct { const char *data, *field, *says; } cases[] = {
        { "username=ann&password1=staple-of-winter-7&password2=staple-of-winter-7", "username", "A user with that username already exists." },
        { "username=ANN&password1=staple-of-winter-7&password2=staple-of-winter-7", "username", "A user with that username already exists." },
        { "username=a%20b&password1=staple-of-winter-7&password2=staple-of-winter-7", "username",
          "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters." },
        { "username=&password1=staple-of-winter-7&password2=staple-of-winter-7", "username", "This field is required." },
        { "username=new&password1=staple-of-winter-7&password2=x", "password2", "The two password fields didn’t match." },
        { "username=new&password1=password123&password2=password123", "password2", "This password is too common." },
        { "username=new&password1=4815162342&password2=4815162342", "password2", "This password is entirely numeric." },
        { "username=firstlast&password1=firstlast1&password2=firstlast1", "password2", "The password is too similar to the username." },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Form *form = capo_user_creation_form(capo_dict_parse(cases[i].data, strlen(cases[i].data)));
        capo_form_is_valid(form);
        const char *const *errors = capo_form_errors(form, cases[i].field);
        if (!errors[0] || strcmp(errors[0], cases[i].says) != 0)
            capo_test_fail(__FILE__, __LINE__, "%s: %s", cases[i].data, errors[0] ? errors[0] : "no error");
    }
    const char *good = "username=new&password1=+staple-of-winter-7+&password2=+staple-of-winter-7+";
    Form *form = capo_user_creation_form(capo_dict_parse(good, strlen(good)));
    EXPECT(capo_form_is_valid(form));
    EXPECT_TEXT(capo_form_value(form, "password1").text, " staple-of-winter-7 ");
}

/* SEC-192: the time of a refusal does not tell whether the user exists. Medians of few, so with a wide margin. */
TEST(auth_unknown_users_take_as_long)
{
    open_site();
    capo_create_user("unusable", "", NULL);
    const char *const names[] = { "ann", "nobody", "unusable" };
    int64_t times[3];
    for (int i = 0; i < 3; i++) {
        times[i] = INT64_MAX;
        for (int round = 0; round < 3; round++) {
            Request req = { .remote_address = capo_format("10.0.%d.%d", i, round) };
            int64_t start = capo_test_cpu_us();
            EXPECT(!capo_authenticate(&req, names[i], "wrong"));
            int64_t took = capo_test_cpu_us() - start;
            times[i] = took < times[i] ? took : times[i];
        }
    }
    for (int i = 1; i < 3; i++)
        if (times[i] < times[0] / 3 || times[i] > times[0] * 3)
            capo_test_fail(__FILE__, __LINE__, "%s took %lld us, ann %lld us", names[i], (long long)times[i], (long long)times[0]);
}

/* SEC-175: of all routes with a view here, none takes a POST without a token. */
static void expect_csrf(const char *pattern, const char *name, const Route *route, void *context)
{
    (void)name;
    if (strchr(pattern, '<') || (route->methods && !(route->methods & POST)))
        return;
    EXPECT(!route->csrf_exempt);
    ClientResponse *response = capo_client_post((Client *)context, capo_format("/%s", pattern), V("a", 1));
    if (response->status != 403)
        capo_test_fail(__FILE__, __LINE__, "/%s took a POST without a token: %d", pattern, response->status);
}

TEST(auth_every_route_wants_a_token)
{
    open_site();
    Client *client = capo_client();
    capo_client_enforce_csrf(client);
    capo_each_route(expect_csrf, client);
}

/* SEC-198 */
TEST(auth_validators_are_linear_and_know_common_passwords)
{
    open_site();
    char *big = capo_alloc(1024 * 1024 + 1);
    for (size_t i = 0; i < 1024 * 1024; i++)
        big[i] = (char)('a' + i * 7 % 26);
    ann->first_name = big;
    int64_t start = capo_test_cpu_us();
    (void)capo_validate_password(big, ann);
    EXPECT(capo_test_cpu_us() - start < 3 * 1000 * 1000);
    ann->first_name = "";
    static const char *const words[] = { "password", "qwerty", "dragon", "sunshine", "football", "letmein", "monkey", "welcome", "princess", "shadow",
                                         "superman", "iloveyou", "master", "charlie", "jordan", "hunter", "pepper", "summer", "winter", "admin" };
    size_t refused = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (int suffix = 0; suffix < 200; suffix++) {
            const char *const *messages = capo_validate_password(capo_format("%s%d", words[i], suffix), NULL);
            for (; *messages; messages++)
                refused += strcmp(*messages, "This password is too common.") == 0;
        }
    EXPECT_INT(refused, 4000);
    EXPECT(!capo_validate_password("correct horse battery staple", ann)[0]);
    EXPECT(!capo_validate_password("日本語のパスワード", ann)[0]);
}

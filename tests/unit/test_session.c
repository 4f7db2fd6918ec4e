/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions, with a store in memory. */
#include "asking.h"

static struct { char key[64]; char json[2048]; int64_t expires; bool there; } rows[8];
static int saves, removes;

static Map *load(const char *key)
{
    for (size_t i = 0; i < 8; i++)
        if (rows[i].there && strcmp(rows[i].key, key) == 0) {
            Value value;
            EXPECT(capo_json_parse(rows[i].json, strlen(rows[i].json), &value, NULL));
            return value.map;
        }
    return NULL;
}

static void save(const char *key, const Map *data, DateTime expires, bool must_be_new)
{
    saves++;
    EXPECT_INT(strlen(key), 32);
    EXPECT(must_be_new == !load(key));
    for (size_t i = 0; i < 8; i++)
        if (!rows[i].there || strcmp(rows[i].key, key) == 0) {
            rows[i].there = true;
            strcpy(rows[i].key, key);
            strcpy(rows[i].json, capo_json_text(capo_value_map((Map *)data), 0));
            rows[i].expires = expires.microseconds;
            return;
        }
}

static void remove_row(const char *key)
{
    removes++;
    for (size_t i = 0; i < 8; i++)
        if (strcmp(rows[i].key, key) == 0)
            rows[i].there = false;
}

static const SessionStore memory_store = { load, save, remove_row };
static Response *session_layer(Request *req, const Next *next) { return capo_session_middleware_with(req, next, &memory_store); }

static Response *set(Request *req) { capo_session_set(req, "a", VALUE(capo_param(req, "v"))); return capo_text("set"); }
static Response *get(Request *req) { return capo_text("%s", capo_to_text(capo_session_get(req, "a"))); }
static Response *none(Request *req) { (void)req; return capo_text("none"); }
static Response *flush(Request *req) { capo_session_flush(req); return capo_text("flushed"); }
static Response *cycle(Request *req) { capo_session_cycle_key(req); return capo_text("cycled"); }
static Response *fail(Request *req) { capo_session_set(req, "a", VALUE(1)); capo_raise(500, "x"); }
static Response *expire(Request *req) { capo_session_set(req, "_session_expiry", VALUE(capo_int_param(req, "s", 0))); return capo_text("x"); }
static const Route urls[] = {
    { "set/", set }, { "get/", get }, { "none/", none }, { "flush/", flush }, { "cycle/", cycle }, { "fail/", fail }, { "expire/", expire }, { 0 }
};

static void use(Settings settings)
{
    memset(rows, 0, sizeof rows);
    saves = removes = 0;
    settings.secret_key = TEST_KEY;
    settings.urls = urls;
    settings.middleware = MIDDLEWARE(session_layer);
    capo_web_hooks = (WebHooks){ 0 };
    capo_settings_init(&settings);
}

static Asked with_key(const char *path, const char *key)
{
    return ask("GET", path, HEADERS({ "Cookie", capo_format("sessionid=%s", key) }), NULL);
}

/* SEC-160, SEC-167 */
TEST(sessions_come_back_by_their_cookie)
{
    use((Settings){ 0 });
    Asked asked = ask("GET", "/set/?v=hello", NULL, NULL);
    const char *key = cookie_of(asked, "sessionid");
    EXPECT_INT(strlen(key), 32);
    EXPECT_INT(strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789"), 32);
    EXPECT_HAS(asked.all, "HttpOnly");
    EXPECT_HAS(asked.all, "SameSite=Lax");
    EXPECT_HAS(asked.all, "Secure");
    EXPECT_HAS(asked.all, "Path=/");
    EXPECT_HAS(asked.all, "Max-Age=1209600");
    EXPECT_HAS_NOT(asked.all, "Domain");
    asked = with_key("/get/", key);
    EXPECT_TEXT(asked.body, "hello");
    EXPECT_INT(saves, 1);
    EXPECT(!cookie_of(asked, "sessionid"));
    EXPECT_HAS(header_of(asked, "Vary"), "Cookie");            /* SEC-168 */
    EXPECT_TEXT(header_of(asked, "Cache-Control"), "private");
    EXPECT(!header_of(with_key("/none/", key), "Vary"));
}

/* SEC-162 */
TEST(sessions_are_not_stored_for_readers)
{
    use((Settings){ 0 });
    EXPECT_TEXT(ask("GET", "/get/", NULL, NULL).body, "None");
    ask("GET", "/flush/", NULL, NULL);
    ask("GET", "/none/", NULL, NULL);
    EXPECT_INT(saves, 0);
    EXPECT_INT(removes, 0);
}

/* SEC-161 */
TEST(sessions_unknown_keys_are_not_adopted)
{
    use((Settings){ 0 });
    static const char *const keys[] = { "abcdefghijklmnopqrstuvwxyz012345", "short", "../../../etc/passwd", "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345",
                                        "abcdefghijklmnopqrstuvwxyz0123456" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *key = cookie_of(with_key("/set/?v=1", keys[i]), "sessionid");
        EXPECT(key && strcmp(key, keys[i]) != 0);
        memset(rows, 0, sizeof rows);
    }
    EXPECT_HAS(with_key("/get/", keys[0]).all, "Set-Cookie: sessionid=");      /* taken back */
}

/* SEC-163 */
TEST(sessions_cycle_and_flush)
{
    use((Settings){ 0 });
    const char *first = cookie_of(ask("GET", "/set/?v=1", NULL, NULL), "sessionid");
    const char *second = cookie_of(with_key("/cycle/", first), "sessionid");
    EXPECT(second && strcmp(first, second) != 0);
    EXPECT_TEXT(with_key("/get/", first).body, "None");
    EXPECT_TEXT(with_key("/get/", second).body, "1");
    Asked asked = with_key("/flush/", second);
    EXPECT_HAS(asked.all, "Set-Cookie: sessionid=");
    EXPECT_TEXT(with_key("/get/", second).body, "None");
}

TEST(sessions_of_failed_answers_are_not_saved)
{
    use((Settings){ 0 });
    EXPECT_INT(ask("GET", "/fail/", NULL, NULL).status, 500);
    EXPECT_INT(saves, 0);
}

TEST(sessions_expire_as_set)
{
    use((Settings){ 0 });
    capo_freeze_time((DateTime){ 1000000000000000 });
    ask("GET", "/set/?v=1", NULL, NULL);
    EXPECT_INT(rows[0].expires, 1000000000000000 + 1209600 * 1000000ll);
    Asked asked = ask("GET", "/expire/?s=60", NULL, NULL);
    EXPECT_HAS(asked.all, "Max-Age=60");
    EXPECT_INT(rows[1].expires, 1000000000000000 + 60 * 1000000ll);
    asked = ask("GET", "/expire/?s=0", NULL, NULL);
    EXPECT(cookie_of(asked, "sessionid"));
    EXPECT_HAS_NOT(asked.all, "Max-Age");
    use((Settings){ .session_save_every_request = true, .session_expire_at_browser_close = true });
    const char *key = cookie_of(ask("GET", "/set/?v=1", NULL, NULL), "sessionid");
    asked = with_key("/none/", key);
    EXPECT_INT(saves, 2);
    EXPECT(cookie_of(asked, "sessionid"));
    EXPECT_HAS(header_of(asked, "Vary"), "Cookie");
}

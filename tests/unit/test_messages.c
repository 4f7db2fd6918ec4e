/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages in the cookie. The signed one was made by Django 3.2 with the same key. */
#include "asking.h"

static Response *add(Request *req)
{
    capo_message(req, MESSAGE_SUCCESS, "Saved %s", capo_param(req, "what"));
    capo_message_html(req, MESSAGE_WARNING, "<b>x</b>");
    return capo_text("added");
}
static Response *show(Request *req)
{
    Buffer out = { 0 };
    List *messages = capo_messages(req);
    for (size_t i = 0; i < messages->count; i++) {
        Value tags, level;
        EXPECT(capo_lookup(messages->items[i], "tags", 4, &tags) && capo_lookup(messages->items[i], "level", 5, &level));
        capo_put_format(&out, "[%s|%s|%s]", capo_to_text(messages->items[i]), capo_to_text(tags), capo_to_text(level));
    }
    return capo_text("%s", capo_buffer_text(&out));
}
static Response *count(Request *req) { return capo_text("%lld", (long long)capo_length(capo_value_object(capo_messages_object(req)))); }
static Response *none(Request *req) { (void)req; return capo_text("none"); }
static const Route urls[] = { { "add/", add }, { "show/", show }, { "count/", count }, { "none/", none }, { 0 } };

static void use(void)
{
    capo_web_hooks = (WebHooks){ 0 };
    capo_settings_init(&(Settings){ .secret_key = TEST_KEY, .urls = urls, .middleware = MIDDLEWARE(capo_messages_middleware) });
}

static Asked with(const char *path, const char *cookie)
{
    return ask("GET", path, HEADERS({ "Cookie", capo_format("messages=%s", cookie) }), NULL);
}

TEST(messages_are_shown_once)
{
    use();
    Asked asked = ask("GET", "/add/?what=%3Ci%3E", NULL, NULL);
    const char *cookie = cookie_of(asked, "messages");
    EXPECT(cookie != NULL);
    EXPECT_HAS(asked.all, "HttpOnly");
    EXPECT_HAS_NOT(asked.all, "Max-Age");
    EXPECT(!cookie_of(with("/none/", cookie), "messages"));
    EXPECT_TEXT(with("/count/", cookie).body, "2");
    EXPECT(!cookie_of(with("/count/", cookie), "messages"));        /* counting is not showing */
    asked = with("/show/", cookie);
    EXPECT_TEXT(asked.body, "[Saved <i>|success|25][<b>x</b>|warning|30]");
    EXPECT_HAS(asked.all, "Set-Cookie: messages=");
    EXPECT_HAS(header_of(asked, "Vary"), "Cookie");
    EXPECT_TEXT(ask("GET", "/show/", NULL, NULL).body, "");
}

TEST(messages_are_read_from_django)
{
    use();
    EXPECT_TEXT(with("/show/", ".eJyLjlaKj88qzs-Lz00tLk5MT1XSMdAxMtVRCk4sS01RiFGKKTUwSLWMUVKK1cFUaqhjbKCjZJNkV2Gjn2SnpKNUoRQbCwBSyhk1:1vMpP6:"
                     "HXVZzfZTw1Vng-6owe9sfQMWuPq3LMDdAzsWr-HazjM").body, "[Saved \"é\"|success|25][<b>x</b>|x warning|30]");
}

TEST(messages_wait_with_those_that_came_before)
{
    use();
    const char *cookie = cookie_of(ask("GET", "/add/?what=1", NULL, NULL), "messages");
    cookie = cookie_of(with("/add/?what=2", cookie), "messages");
    EXPECT_TEXT(with("/show/", cookie).body, "[Saved 1|success|25][<b>x</b>|warning|30][Saved 2|success|25][<b>x</b>|warning|30]");
}

/* SEC-179 */
TEST(messages_that_were_tampered_with_are_none)
{
    use();
    char *cookie = capo_strdup(cookie_of(ask("GET", "/add/?what=1", NULL, NULL), "messages"));
    cookie[5] = cookie[5] == 'A' ? 'B' : 'A';
    EXPECT_TEXT(with("/show/", cookie).body, "");
    EXPECT_TEXT(with("/show/", "").body, "");
    EXPECT_TEXT(with("/show/", capo_sign_value(VALUE("no list"), "django.contrib.messages")).body, "");
}

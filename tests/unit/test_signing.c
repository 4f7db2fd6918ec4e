/* SPDX-License-Identifier: BSD-3-Clause */
/* Signing. The signed texts were made by Django 3.2 with the same key and clock. */
#include <capo/testing.h>
#include <string.h>

static const char key[] = "a secret key of forty characters or more";
static const DateTime then = { 1763824800500000 };

static void use(const char *secret, const char *const *fallbacks)
{
    capo_settings_init(&(Settings){ .secret_key = secret, .secret_key_fallbacks = fallbacks });
}

TEST(signing_makes_what_django_makes)
{
    use(key, NULL);
    capo_freeze_time(then);
    EXPECT_TEXT(capo_sign("hello:wörld", "salt"), "hello:wörld:g1gRs2SWoCleutYESCLUADShGf2HmLWlGdta5M-o1h0");
    EXPECT_TEXT(capo_sign_timestamped("hello", "salt"), "hello:1vMpP6:xphBjfs3JuK_YfkYbJzuE5rtj4vAV4-3GvhGXD2kXT0");
    EXPECT_TEXT(capo_salted_hmac("salt", "value", NULL), "89ff56cc95986bac4566ffce10df87f79beccd839e3d047a865e621f08373c43");
    List *list = capo_list_new();
    capo_list_add(list, VALUE((bool)true));
    capo_list_add(list, capo_value_null());
    capo_list_add(list, VALUE("x: y, \"z\""));
    EXPECT_TEXT(capo_sign_value(VALUE(capo_map(V("a", 1), V("b", "é"), V("c", list))), "salt"),
                "eyJhIjoxLCJiIjoiXHUwMGU5IiwiYyI6W3RydWUsbnVsbCwieDogeSwgXCJ6XCIiXX0:1vMpP6:bV-dGGSYHTwOlwJ6u8Guvfb7yCkD_Klap1lgpfZrrek");
}

TEST(signing_reads_what_django_made)
{
    use(key, NULL);
    capo_freeze_time(then);
    EXPECT_TEXT(capo_unsign("hello:wörld:g1gRs2SWoCleutYESCLUADShGf2HmLWlGdta5M-o1h0", "salt"), "hello:wörld");
    Value value;
    EXPECT(capo_unsign_value(".eJyrVspWslJKpANQqgUAaH8oCg:1vMpP6:3Szxz4LM6RV5fOdQ04uXkcjO2MekqINDiigDiznbL4Y", "salt", 10, &value));
    EXPECT_INT(capo_map_get(value.map, "k")->size, 100);
    EXPECT(capo_unsign_value(".eJyrVopPLC3JiC8tTi2Kz0xRslIyVNJBFktKTM5OzQNJpGQl5qXn6yXn55UUZSbpgZToQWWL9XzzU1JznKBqUQzISCzOAOpOTKIMKtUCAM3lPq0:"
                             "1vMpP6:mh6f5Le5DSLagfexqZGmgJMV344tJSEj0jehXR9mMwE", "django.contrib.sessions.SessionStore", 0, &value));
    EXPECT_TEXT(capo_map_get(value.map, "_auth_user_id")->text, "1");
}

TEST(signing_long_values_are_compressed_and_come_back)
{
    use(key, NULL);
    char *text = capo_alloc(5001);
    memset(text, 'x', 5000);
    char *signed_value = capo_sign_value(VALUE(text), "s");
    EXPECT(*signed_value == '.' && strlen(signed_value) < 200);
    Value value;
    EXPECT(capo_unsign_value(signed_value, "s", 0, &value));
    EXPECT_TEXT(value.text, text);
}

/* SEC-171 */
TEST(signing_refuses_every_change)
{
    use(key, NULL);
    capo_freeze_time(then);
    char *good = capo_sign_timestamped("value", "salt");
    for (size_t i = 0; good[i]; i++)
        for (int bit = 0; bit < 7; bit++) {
            char *bad = capo_strdup(good);
            bad[i] ^= (char)(1 << bit);
            if (bad[i] && capo_unsign_timestamped(bad, "salt", 0))
                capo_test_fail(__FILE__, __LINE__, "taken: %s", bad);
        }
    EXPECT(!capo_unsign_timestamped(good, "other", 0));
    EXPECT(!capo_unsign_timestamped("value", "salt", 0));
    EXPECT(!capo_unsign_timestamped("", "salt", 0));
    EXPECT(!capo_unsign_timestamped(":", "salt", 0));
    EXPECT(!capo_unsign(capo_strndup(good, strlen(good) - 1), "salt"));
    Value value;
    EXPECT(!capo_unsign_value("x", "salt", 0, &value));
    EXPECT(!capo_unsign_value(capo_sign_timestamped("not base64!", "salt"), "salt", 0, &value));
    EXPECT(!capo_unsign_value(capo_sign_timestamped(".QUJD", "salt"), "salt", 0, &value));
    EXPECT(!capo_unsign_value(capo_sign_timestamped("QUJD", "salt"), "salt", 0, &value));
}

TEST(signing_old_signatures_expire)
{
    use(key, NULL);
    capo_freeze_time(then);
    char *text = capo_sign_timestamped("v", "s");
    capo_freeze_time((DateTime){ then.microseconds + 60 * 1000000ll });
    EXPECT_TEXT(capo_unsign_timestamped(text, "s", 60), "v");
    EXPECT(!capo_unsign_timestamped(text, "s", 59));
    EXPECT_TEXT(capo_unsign_timestamped(text, "s", 0), "v");
}

TEST(signing_fallback_keys_verify_and_never_sign)
{
    use(key, NULL);
    char *old = capo_sign("v", "s");
    use("another key of forty characters and more..", LIST("yet another key of forty characters or more", key));
    EXPECT_TEXT(capo_unsign(old, "s"), "v");
    EXPECT(strcmp(capo_sign("v", "s"), old) != 0);
    use("another key of forty characters and more..", NULL);
    EXPECT(!capo_unsign(old, "s"));
}

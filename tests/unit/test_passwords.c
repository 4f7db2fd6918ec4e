/* SPDX-License-Identifier: BSD-3-Clause */
/* Password strings and validators of new passwords. The recorded strings were made by Django. */
#include <capo/testing.h>
#include <string.h>

TEST(password_strings_of_django_are_verified)
{
    static const struct { const char *password, *encoded; int result; } cases[] = {
        { "password", "argon2$argon2id$v=19$m=102400,t=2,p=8$YXJnb25zYWx0MTZieXRlcw$GmRIH0X4xcX/mQhXV37+cQ", 1 },
        { "passwordx", "argon2$argon2id$v=19$m=102400,t=2,p=8$YXJnb25zYWx0MTZieXRlcw$GmRIH0X4xcX/mQhXV37+cQ", 0 },
        { "password", "pbkdf2_sha256$50$NaCl2salt$4AIGLYeybB58QtFXEU/V8ZTN9NPhunF6SgXVKEcgqsQ=", 1 },
        { "", "pbkdf2_sha1$10$s10$bjOCaFbFhqzpzsuamN5muuOagiA=", 1 },
        { "password", "scrypt$2$seasalt$1$1$4Oe1ZSDfKO71IT60H2uSYD5zmEVk3iRahWtWERfj8Kmjck6KVg9GOlvc47qDriiRYvYSDTisHLp8/9lb0B3ZRQ==", 1 },
        { "password", "bcrypt_sha256$$2b$06$abcdefghijklmnopqrstuO4.gSoA2.KLL3xxwobMtP.ioSofc54Xi", 1 },
        { "x", "bcrypt_sha256$$2b$05$abcdefghijklmnopqrstuOWUirFkyHXI2pC844zrUqtzAa0xA4AMm", 0 },
        { "password", "", 0 },
        { "password", "!abcdefgh", 0 },
        { "password", "pbkdf2_sha256$many$salt$hash", -1 },
        { "password", "pbkdf2_sha256$10$seasalt$5rmNRFiRuUP33Ej2pkHvsHJP9Yky6yHqLYGPG7nFNE", 0 },
        { "password", "rot13$cnffjbeq", 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool outdated;
        EXPECT_INT(capo_verify_password(cases[i].password, cases[i].encoded, &outdated), cases[i].result);
        if (cases[i].result == 1 && strncmp(cases[i].encoded, "argon2", 6) != 0)
            EXPECT(outdated);
    }
}

TEST(passwords_are_argon2id)
{
    char *encoded = capo_make_password("entirely unguessable");
    EXPECT(capo_starts_with(encoded, "argon2$argon2id$v=19$m=65536,t=2,p=1$"));
    bool outdated;
    EXPECT_INT(capo_verify_password("entirely unguessable", encoded, &outdated), 1);
    EXPECT(!outdated);
    EXPECT_INT(capo_verify_password("entirely unguessablE", encoded, &outdated), 0);
    EXPECT(strcmp(encoded, capo_make_password("entirely unguessable")) != 0);
    char *unusable = capo_make_password(NULL);
    EXPECT(unusable[0] == '!' && strlen(unusable) == 41 && !capo_password_is_usable(unusable));
}

TEST(SEC_194_a_password_does_not_end_at_a_nul)
{
    const char *encoded = "pbkdf2_sha256$50$NaCl2salt$fZDtsDz3+RHcRQ69qdIPUnmVNo6FDYUcV5CtjMBaReM=";     /* of null\0byte */
    EXPECT_INT(capo_verify_password_n("null\0byte", 9, encoded, NULL), 1);
    EXPECT_INT(capo_verify_password_n("null\0bytf", 9, encoded, NULL), 0);
    EXPECT_INT(capo_verify_password("null", encoded, NULL), 0);
}

static void too_long(void *unused)
{
    (void)unused;
    char *password = capo_alloc(5001);
    memset(password, 'x', 5000);
    capo_make_password(password);
}

TEST(SEC_193_a_password_of_any_length_costs_no_more)
{
    EXPECT_RAISES(ERROR_VALUE, too_long, NULL);
    char *long_one = capo_alloc(1000001);
    memset(long_one, 'x', 1000000);
    EXPECT_INT(capo_verify_password(long_one, capo_make_password("x"), NULL), 0);
}

TEST(SEC_195_a_hostile_password_string_takes_no_memory)
{
    static const char *const hostile[] = {
        "argon2$argon2id$v=19$m=4294967295,t=2,p=8$YXJnb25zYWx0MTZieXRlcw$GmRIH0X4xcX/mQhXV37+cQ", "argon2$argon2id$v=19$m=8,t=1,p=0$c2FsdHNhbHRzYWx0$aaaa",
        "argon2$", "argon2", "argon2$argon2id", "pbkdf2_sha256$", "pbkdf2_sha256$99999999999$salt$x", "pbkdf2_sha256$-1$salt$x", "scrypt$1073741824$s$8$5$x",
        "scrypt$2$s$0$0$x", "bcrypt$", "bcrypt$$2b$99$abcdefghijklmnopqrstuO", "bcrypt_sha256$", "$", "$$$$",
    };
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
        EXPECT(capo_verify_password("password", hostile[i], NULL) != 1);
    Buffer long_one = { 0 };
    capo_put(&long_one, "pbkdf2_sha256$10$");
    for (int i = 0; i < 100000; i++)
        capo_put(&long_one, "0123456789");
    EXPECT(capo_verify_password("password", capo_buffer_text(&long_one), NULL) != 1);
}

static const char *complaint(const char *password)
{
    capo_models_prepare(APPS(&capo_auth, &capo_contenttypes, &capo_sessions));
    User *user = capo_new(User);
    user->username = "annabel";
    user->first_name = "Ann";
    user->last_name = "Lee";
    user->email = "annabel.lee@example.com";
    return capo_join(capo_validate_password(password, user), "|");
}

TEST(new_passwords_are_validated_as_django_does)
{
    EXPECT_TEXT(complaint("annabel1"), "The password is too similar to the username.");
    EXPECT_TEXT(complaint("q9X"), "This password is too short. It must contain at least 8 characters.");
    EXPECT_TEXT(complaint("password"), "This password is too common.");
    EXPECT_TEXT(complaint("Password123"), "This password is too common.");
    EXPECT_TEXT(complaint("12345678"), "This password is too common.|This password is entirely numeric.");
    EXPECT_TEXT(complaint("8203958104"), "This password is entirely numeric.");
    EXPECT_TEXT(complaint("12"), "This password is too short. It must contain at least 8 characters.|This password is too common.|This password is entirely numeric.");
    EXPECT_TEXT(complaint("s3cret-enough"), "");
    EXPECT_TEXT(complaint("entirely-unguessable-9"), "");
}

static void validate(void *name)
{
    capo_validate_username(VALUE((const char *)name));
}

TEST(user_names_are_letters_digits_and_five_signs)
{
    EXPECT(!capo_try(validate, "ann.lee+1@home-office_"));
    EXPECT(!capo_try(validate, "日本語"));
    EXPECT_RAISES(ERROR_VALIDATION, validate, "ann lee");
    EXPECT_RAISES(ERROR_VALIDATION, validate, "ann<script>");
    EXPECT_RAISES(ERROR_VALIDATION, validate, "");
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Django's four validators of new passwords: not like the user's own data, long enough, not common, not only digits. */
#include "auth_internal.h"
#include <ctype.h>
#include <string.h>

enum { MIN_LENGTH = 8 };

/* Passwords that everybody tries first, and words of which such are made by adding digits; lower case. Composed for Capo. */
static const char *const common_words[] = {
    "password", "passw0rd", "p@ssword", "p@ssw0rd", "pass", "passwort", "motdepasse", "contrasena", "qwerty", "qwertz", "azerty", "qwertyuiop",
    "qwertyui", "asdfghjkl", "asdfgh", "asdf", "zxcvbnm", "zxcvbn", "qazwsx", "qazwsxedc", "1qaz2wsx", "1q2w3e4r", "1q2w3e4r5t", "q1w2e3r4",
    "qweasd", "qweasdzxc", "abc", "abcd", "abcdef", "abcdefg", "abcdefgh", "iloveyou", "loveyou", "letmein", "welcome", "admin", "administrator",
    "root", "toor", "login", "user", "guest", "master", "superman", "batman", "spiderman", "dragon", "monkey", "sunshine", "princess", "football",
    "baseball", "basketball", "soccer", "hockey", "shadow", "michael", "jennifer", "jordan", "hunter", "killer", "trustno1", "starwars",
    "pokemon", "naruto", "whatever", "freedom", "flower", "cheese", "chocolate", "cookie", "banana", "orange", "computer", "internet", "samsung",
    "google", "facebook", "twitter", "linkedin", "microsoft", "windows", "secret", "changeme", "default", "temp", "temporary", "test", "testing",
    "tester", "demo", "sample", "summer", "winter", "spring", "autumn", "january", "december", "monday", "friday", "london", "berlin", "paris",
    "liverpool", "arsenal", "chelsea", "barcelona", "juventus", "ferrari", "mercedes", "porsche", "yamaha", "harley", "mustang", "corvette",
    "charlie", "thomas", "robert", "daniel", "andrew", "joshua", "matthew", "anthony", "william", "george", "jessica", "ashley", "amanda",
    "michelle", "nicole", "hannah", "sophie", "maggie", "ginger", "pepper", "buster", "tigger", "purple", "yellow", "silver", "golden",
    "diamond", "crystal", "angel", "angels", "heaven", "jesus", "hello", "hellohello", "access", "matrix", "ninja", "phoenix", "thunder",
    "lightning", "mercury", "jupiter", "galaxy", "rainbow", "butterfly", "dolphin", "tigers", "eagles", "cowboys", "yankees", "lakers", "steelers",
    "guitar", "music", "player", "gamer", "gaming", "minecraft", "fortnite", "roblox", "startrek", "jordan23", "blink182", "fuckyou", "fuckoff",
    "asshole", "biteme", "nothing", "nobody", "somebody", "forever", "family", "friends", "mother", "father", "brother", "sister", "babygirl",
    "lovely", "loveme", "sweety", "honey", "honeybee", "sweetheart", "snoopy", "scooby", "mickey", "donald", "garfield", "merlin", "gandalf",
    "elephant", "letmein!", "opensesame", "openup", "unlock", "security", "safety", "server", "oracle", "database", "mysql", "postgres", "django",
};

static bool in_words(const char *text, size_t size)
{
    for (size_t i = 0; i < sizeof common_words / sizeof *common_words; i++)
        if (strlen(common_words[i]) == size && memcmp(common_words[i], text, size) == 0)
            return true;
    return false;
}

/* "11111111", "12345678", "87654321", "abababab", "12341234": one step or one short piece all along. */
static bool is_pattern(const char *text, size_t size)
{
    if (size < 2)
        return false;
    int step = text[1] - text[0];
    bool steady = step >= -1 && step <= 1;
    for (size_t i = 1; i < size && steady; i++)
        steady = text[i] - text[i - 1] == step || (step == 1 && text[i - 1] == '9' && text[i] == '0');
    if (steady)
        return true;
    for (size_t piece = 1; piece <= 4 && piece * 2 <= size; piece++) {
        bool repeats = size % piece == 0;
        for (size_t i = piece; i < size && repeats; i++)
            repeats = text[i] == text[i - piece];
        if (repeats)
            return true;
    }
    return false;
}

static bool is_common(const char *password)
{
    char *lower = capo_lower(capo_strip(password));
    size_t size = strlen(lower), word = size;
    if (is_pattern(lower, size) || in_words(lower, size))
        return true;
    /* a word and what people put behind it */
    while (word > 0 && (isdigit((unsigned char)lower[word - 1]) || lower[word - 1] == '!' || lower[word - 1] == '.'))
        word--;
    return word > 0 && size - word <= 6 && in_words(lower, word) && (size - word <= 4 || is_pattern(lower + word, size - word));
}

static bool only_digits(const char *password)
{
    return *password && strspn(password, "0123456789") == strlen(password);
}

/* difflib's quick_ratio: twice the letters in common over all letters. Letters are bytes; lower case. */
static double likeness(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t counts[256] = { 0 }, common = 0;
    for (size_t i = 0; i < b_size; i++)
        counts[(unsigned char)b[i]]++;
    for (size_t i = 0; i < a_size; i++)
        if (counts[(unsigned char)a[i]] > 0) {
            counts[(unsigned char)a[i]]--;
            common++;
        }
    return a_size + b_size ? 2.0 * (double)common / (double)(a_size + b_size) : 1;
}

static bool is_like(const char *password, const char *value)
{
    if (!value || !*value)
        return false;
    char *mine = capo_lower(password), *theirs = capo_lower(value);
    size_t size = strlen(mine);
    for (const char *part = theirs; *part; ) {
        size_t length = 0;
        while (isalnum((unsigned char)part[length]) || part[length] == '_' || (unsigned char)part[length] >= 128)
            length++;
        if (length && likeness(mine, size, part, length) >= 0.7)
            return true;
        part += length;
        part += *part && !length;
    }
    return likeness(mine, size, theirs, strlen(theirs)) >= 0.7;
}

const char *const *capo_validate_password(const char *password, AnyUser *user)
{
    const char **messages = capo_alloc_array(8, sizeof *messages);
    const MetaOptions *meta = user ? capo_user_model()->meta : NULL;
    size_t n = 0;
    const char *const own[] = { meta ? meta->username_field : NULL, "first_name", "last_name", meta ? meta->email_field : NULL, "email" };
    for (size_t i = 0; user && i < sizeof own / sizeof *own; i++)
        if (own[i] && is_like(password, auth_text(user, own[i]))) {
            messages[n++] = capo_format("The password is too similar to the %s.", auth_field(own[i])->verbose_name);
            break;
        }
    if (capo_utf8_length(password, strlen(password)) < MIN_LENGTH)
        messages[n++] = capo_format("This password is too short. It must contain at least %d characters.", MIN_LENGTH);
    if (is_common(password))
        messages[n++] = "This password is too common.";
    if (only_digits(password))
        messages[n++] = "This password is entirely numeric.";
    return messages;
}

const char *const *capo_password_help_texts(void)
{
    static const char *const texts[] = {
        "Your password can’t be too similar to your other personal information.",
        "Your password must contain at least 8 characters.",
        "Your password can’t be a commonly used password.",
        "Your password can’t be entirely numeric.",
        NULL
    };
    return texts;
}

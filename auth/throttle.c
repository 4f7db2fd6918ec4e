/* SPDX-License-Identifier: BSD-3-Clause */
/* Against guessing: after some failures each further try has to wait, twice as long each time.
 *
 * Counted for a name from an address, so that a guesser does not lock the owner out; for a name from everywhere and for an
 * address over all names, with more patience. The table is the worker's own, of fixed size, and forgets by itself: with
 * several workers a guesser gets that many times the tries, which changes nothing. The address is the peer's; X-Forwarded-For,
 * which anybody can send, is not looked at. */
#include "auth_internal.h"
#include <string.h>

typedef enum { BY_NAME_AND_ADDRESS, BY_NAME, BY_ADDRESS, KINDS } CountKind;
static const struct { int free; int longest; } rules[KINDS] = {
    [BY_NAME_AND_ADDRESS] = { .free = 5, .longest = 900 },
    [BY_NAME] = { .free = 30, .longest = 60 },
    [BY_ADDRESS] = { .free = 50, .longest = 300 },
};

enum { SLOTS = 4096, NEAR = 8, FORGET = 3600 };

typedef struct Count {
    uint64_t key;               /* 0: free */
    int64_t last;               /* seconds */
    int failures;
} Count;

static Count counts[SLOTS];

static int64_t now_seconds(void)
{
    return capo_now().microseconds / 1000000;
}

static uint64_t key_of(CountKind kind, Request *req, const char *username)
{
    const char *address = req && kind != BY_NAME && req->remote_address ? req->remote_address : "";
    const char *name = kind == BY_ADDRESS || strlen(username) > USERNAME_LENGTH * 4 ? "" : capo_lower(username);
    char *text = capo_format("%d\n%s\n%s", (int)kind, address, name);
    uint64_t key = capo_hash(text, strlen(text));
    return key ? key : 1;
}

/* The entry of a key; NULL: it has none, and `make` is false. A full neighbourhood gives up its oldest. */
static Count *find(uint64_t key, bool make)
{
    int64_t now = now_seconds();
    Count *oldest = NULL;
    for (size_t i = 0; i < NEAR; i++) {
        Count *count = &counts[(key + i) % SLOTS];
        if (count->key && now - count->last > FORGET)
            *count = (Count){ 0 };
        if (count->key == key)
            return count;
        if (!oldest || count->last < oldest->last)
            oldest = count;
    }
    if (!make)
        return NULL;
    *oldest = (Count){ .key = key, .last = now };
    return oldest;
}

static int64_t wait_of(CountKind kind, const Count *count)
{
    int beyond = count->failures - rules[kind].free;
    if (beyond < 0)
        return 0;
    int64_t delay = beyond < 16 ? (int64_t)1 << beyond : rules[kind].longest;
    if (delay > rules[kind].longest)
        delay = rules[kind].longest;
    int64_t left = count->last + delay - now_seconds();
    return left > 0 ? left : 0;
}

int64_t auth_login_wait(Request *req, const char *username)
{
    int64_t longest = 0;
    for (CountKind kind = 0; kind < KINDS; kind++) {
        const Count *count = find(key_of(kind, req, username), false);
        int64_t wait = count ? wait_of(kind, count) : 0;
        if (wait > longest)
            longest = wait;
    }
    return longest;
}

void auth_login_failed(Request *req, const char *username)
{
    for (CountKind kind = 0; kind < KINDS; kind++) {
        Count *count = find(key_of(kind, req, username), true);
        count->failures++;
        count->last = now_seconds();
    }
    int64_t wait = auth_login_wait(req, username);
    capo_log(LOG_WARNING, "A log-in as '%.160s' from %s failed%s", username, req ? req->remote_address : "inside",
             wait ? capo_format("; the next try has to wait %lld seconds", (long long)wait) : "");
}

void auth_login_succeeded(Request *req, const char *username)
{
    for (CountKind kind = 0; kind < KINDS; kind++) {
        Count *count = kind == BY_ADDRESS ? NULL : find(key_of(kind, req, username), false);
        if (count)
            *count = (Count){ 0 };
    }
}

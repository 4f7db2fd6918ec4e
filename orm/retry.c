/* SPDX-License-Identifier: BSD-3-Clause */
/* Transactions that are tried again when another one stood in their way; what an error says about that. */
#include "routing.h"
#include "transaction.h"
#include <capo/loop.h>

enum { ATTEMPTS = 5, FIRST_PAUSE_MS = 5, LONGEST_PAUSE_MS = 500 };

bool capo_is_conflict(const Error *error)
{
    const DatabaseFailure *failure = capo_failure_of(error);
    return failure && (failure->conflict || failure->busy) && !failure->unknown;
}

bool capo_outcome_is_unknown(const Error *error)
{
    const DatabaseFailure *failure = capo_failure_of(error);
    return failure && failure->unknown;
}

typedef struct Attempt { void (*function)(void *); void *argument; const RetryOptions *options; bool committed; } Attempt;

/* The first of those behind the commit: one of them that fails is no reason to do it all again. */
static void note_commit(void *attempt) { ((Attempt *)attempt)->committed = true; }

static void run_once(void *argument)
{
    Attempt *attempt = argument;
    capo_begin(.using = attempt->options->using, .isolation = attempt->options->isolation);
    capo_on_commit(note_commit, attempt);
    attempt->function(attempt->argument);
    capo_commit();
}

/* Half of it for sure and the rest by chance, so that two that met do not meet again. */
static void pause_before(int attempt)
{
    int most = attempt < 8 ? FIRST_PAUSE_MS << attempt : LONGEST_PAUSE_MS;
    if (most > LONGEST_PAUSE_MS)
        most = LONGEST_PAUSE_MS;
    Uuid chance = capo_uuid_random();
    capo_sleep((most + chance.bytes[0] / 255.0 * most) / 2000.0);
}

void capo_retry_with(void (*function)(void *), void *argument, const RetryOptions *options)
{
    Attempt attempt = { function, argument, options, false };
    int attempts = options->attempts > 0 ? options->attempts : ATTEMPTS;
    Database *database = options->using ? database_named(options->using) : database_current();
    {
        WITH_DATABASE(capo_several_databases ? database : NULL);
        if (capo_in_own_transaction())
            capo_bug("capo_retry() was called inside a transaction: what came before in it would not be done again with the rest.");
    }
    for (int i = 0;; i++) {
        const Error *error = capo_try(run_once, &attempt);
        if (!error)
            return;
        /* A test's own transaction around it cannot be begun anew. */
        if (attempt.committed || !capo_is_conflict(error) || i + 1 >= attempts || capo_in_transaction_of(database))
            capo_reraise(error);
        pause_before(i);
    }
}

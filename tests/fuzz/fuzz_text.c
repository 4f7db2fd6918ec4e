/* SPDX-License-Identifier: BSD-3-Clause */
/* libFuzzer over the readers of untrusted text: JSON, queries, dates, times, durations, decimals, UUIDs. The first byte says which.
 * sources: core/base core/i18n core/loop core/cache core/http core/files core/web templates
 * Held besides the sanitizers: JSON that was read is written as JSON that reads the same. */
#include <capo/arena.h>
#include <capo/request.h>
#include <capo/time.h>
#include <capo/unit.h>
#include <stdlib.h>
#include <string.h>

#define HOLD(condition) do { if (!(condition)) abort(); } while (0)

typedef struct Job { const char *text; size_t size; int which; } Job;

static void read_json(const char *text, size_t size)
{
    Value value, again;
    const char *error = NULL;
    if (!capo_json_parse(text, size, &value, &error)) {
        HOLD(error && *error);
        return;
    }
    Buffer first = { 0 }, second = { 0 };
    capo_json_put(&first, value, 0);
    HOLD(capo_json_parse(first.data, first.size, &again, &error));
    capo_json_put(&second, again, 0);
    HOLD(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
}

static void read_text(void *argument)
{
    const Job *job = argument;
    if (job->which == 0) {
        read_json(job->text, job->size);
        return;
    }
    if (job->which == 1) {
        capo_dict_parse(job->text, job->size);
        return;
    }
    char *text = capo_alloc(job->size + 1);
    memcpy(text, job->text, job->size);
    text[job->size] = 0;
    Date date;
    Time time;
    DateTime instant;
    Duration duration;
    Decimal decimal;
    Uuid uuid;
    capo_parse_date(text, &date);
    capo_parse_time(text, &time);
    capo_parse_datetime(text, NULL, &instant);
    capo_parse_duration(text, &duration);
    capo_parse_uuid(text, &uuid);
    if (capo_parse_decimal(text, &decimal))
        HOLD(decimal.text && *decimal.text);
}

static void unit_body(void *argument)
{
    const Error *error = capo_try(read_text, argument);
    HOLD(!error || error->message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    Arena *arena = arena_new();
    Unit unit = { 0 };
    Job job = { .text = (const char *)data + 1, .size = size - 1, .which = data[0] % 3 };
    capo_unit_run(&unit, arena, "fuzzing", unit_body, &job);
    arena_free(arena);
    return 0;
}

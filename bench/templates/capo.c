/* SPDX-License-Identifier: BSD-3-Clause */
/* Capo's side of bench/templates/run: reads commands, one a line, and answers each with one line.
 *     show WORKLOAD FILE       renders once into the file
 *     time WORKLOAD COUNT      CPU nanoseconds of so many renderings, each a unit of work as a request is
 *     memory WORKLOAD          bytes of output, bytes of arena that one rendering took
 *     compile COUNT            bytes of source, CPU nanoseconds of so many compilations of a 10 kB template
 * Arguments: the folder of templates, the file with the data. */
#include "../../templates/engine.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *folder, *data_file;
static Map *contexts;

static bool find_file(const Engine *engine, const char *name, int place, TemplateSource *ret, const char **ret_tried)
{
    (void)engine;
    if (place > 0)
        return false;
    const char *path = capo_format("%s/%s", folder, name);
    *ret_tried = path;
    ret->path = path;
    ret->text = capo_read_file(path, &ret->size);
    return ret->text != NULL;
}

static Engine engine = { .find = find_file, .static_prefix = "/static/", .media_prefix = "/media/" };

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

typedef struct Job { const char *workload; Buffer out; } Job;

static void render(void *argument)
{
    Job *job = argument;
    capo_render_into(&job->out, NULL, capo_format("%s.html", job->workload), capo_map_get(contexts, job->workload)->map);
}

/* One rendering in an arena; what is in job->out lives until its reset. */
static void run(Job *job, Arena *arena)
{
    Unit unit = { 0 };
    job->out = (Buffer){ 0 };
    const Error *error = capo_unit_run(&unit, arena, "bench", render, job);
    if (error) {
        fprintf(stderr, "%s: %s\n", job->workload, error->message);
        exit(1);
    }
}

/* Python's naive datetimes. */
static void read_dates(Value v)
{
    for (size_t i = 0; v.kind == VALUE_LIST && i < v.list->count; i++)
        read_dates(v.list->items[i]);
    for (size_t i = 0; v.kind == VALUE_MAP && i < v.map->count; i++) {
        MapEntry *entry = &v.map->entries[i];
        read_dates(entry->value);
        if (strcmp(entry->key.text, "published") != 0 && strcmp(entry->key.text, "changed") != 0)
            continue;
        DateTime instant;
        if (!capo_parse_datetime(entry->value.text, capo_time_zone_utc(), &instant))
            abort();
        entry->value = capo_value_datetime(instant);
        entry->value.flags = VALUE_FLAG_NAIVE;
    }
}

static void compile(void *source)
{
    capo_template_from_string(source, "page.html");
}

static char *source_of_10_kb(void)
{
    size_t size;
    const char *text = capo_read_file(capo_format("%s/filters.html", folder), &size);
    Buffer out = { 0 };
    while (out.size + size <= 10 * 1024)
        capo_put_bytes(&out, text, size);
    return capo_buffer_text(&out);
}

static void serve(void *argument)
{
    (void)argument;
    char line[512], word[256];
    int count;
    size_t size;
    const char *text = capo_read_file(data_file, &size), *error;
    Value data;
    if (!text || !capo_json_parse(text, size, &data, &error))
        abort();
    read_dates(data);
    contexts = data.map;
    capo_template_engine = &engine;
    Arena *arena = arena_new();
    while (fgets(line, sizeof line, stdin)) {
        char workload[64];
        Job job = { .workload = workload };
        if (sscanf(line, "show %63s %255s", workload, word) == 2) {
            run(&job, arena);
            capo_write_file(word, job.out.data, job.out.size);
            puts("ok");
        } else if (sscanf(line, "time %63s %d", workload, &count) == 2) {
            int64_t start = cpu_ns();
            for (int i = 0; i < count; i++) {
                run(&job, arena);
                arena_reset(arena);
            }
            printf("%lld\n", (long long)(cpu_ns() - start));
        } else if (sscanf(line, "memory %63s", workload) == 1) {
            run(&job, arena);
            printf("%zu %zu\n", job.out.size, arena_size(arena));
        } else if (sscanf(line, "compile %d", &count) == 1) {
            char *source = source_of_10_kb();
            int64_t start = cpu_ns();
            for (int i = 0; i < count; i++) {
                Unit unit = { 0 };
                if (capo_unit_run(&unit, arena, "bench", compile, source))
                    abort();
                arena_reset(arena);
            }
            printf("%zu %lld\n", strlen(source), (long long)(cpu_ns() - start));
        }
        arena_reset(arena);
        fflush(stdout);
    }
    arena_free(arena);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    folder = argv[1];
    data_file = argv[2];
    Unit unit = { 0 };
    Arena *arena = arena_new();
    const Error *error = capo_unit_run(&unit, arena, "bench", serve, NULL);
    if (error)
        fprintf(stderr, "%s\n", error->message);
    return error != NULL;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Raising: one setjmp per protected call, found through the unit. _setjmp does not save the signal mask: 10 ns. */
#include <capo/unit.h>
#include <capo/buffer.h>
#include <execinfo.h>
#include <setjmp.h>
#include <stdarg.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct Catch {
    jmp_buf buffer;
    struct Catch *outer;
    const Error *error;
    ArenaMark mark;
} Catch;

/* Every code: its name as Django has it, and the status that it becomes when nothing catches it. */
static const struct { int code, status; const char *name; } codes[] = {
    { 400, 400, "BadRequest" },
    { 403, 403, "PermissionDenied" },
    { 404, 404, "Http404" },
    { ERROR_DOES_NOT_EXIST, 500, "DoesNotExist" },
    { ERROR_MULTIPLE_OBJECTS_RETURNED, 500, "MultipleObjectsReturned" },
    { ERROR_FIELD, 500, "FieldError" },
    { ERROR_FIELD_DOES_NOT_EXIST, 500, "FieldDoesNotExist" },
    { ERROR_FETCH_BLOCKED, 500, "FieldFetchBlocked" },
    { ERROR_VALUE, 500, "ValueError" },
    { ERROR_VALIDATION, 500, "ValidationError" },
    { ERROR_INTEGRITY, 500, "IntegrityError" },
    { ERROR_PROTECTED, 500, "ProtectedError" },
    { ERROR_RESTRICTED, 500, "RestrictedError" },
    { ERROR_OPERATIONAL, 500, "OperationalError" },
    { ERROR_PROGRAMMING, 500, "ProgrammingError" },
    { ERROR_DATA, 500, "DataError" },
    { ERROR_NOT_SUPPORTED, 500, "NotSupportedError" },
    { ERROR_TRANSACTION, 500, "TransactionManagementError" },
    { ERROR_TEMPLATE_SYNTAX, 500, "TemplateSyntaxError" },
    { ERROR_TEMPLATE_DOES_NOT_EXIST, 500, "TemplateDoesNotExist" },
    { ERROR_VARIABLE_DOES_NOT_EXIST, 500, "VariableDoesNotExist" },
    { ERROR_NO_REVERSE_MATCH, 500, "NoReverseMatch" },
    { ERROR_IMPROPERLY_CONFIGURED, 500, "ImproperlyConfigured" },
    { ERROR_SUSPICIOUS_OPERATION, 400, "SuspiciousOperation" },
    { ERROR_COMMAND, 500, "CommandError" },
    { ERROR_ABORTED, 499, "RequestAborted" },
    { ERROR_MIGRATION, 500, "MigrationError" },
};

const char *capo_error_name(int code)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].code == code)
            return codes[i].name;
    return "HttpError";
}

int capo_error_status(int code)
{
    if (code >= 400 && code < 600)
        return code;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].code == code)
            return codes[i].status;
    return 500;
}

_Noreturn static void unwind(const Error *error)
{
    Catch *catcher = capo_unit ? capo_unit->catcher : NULL;
    if (!catcher) {
        fprintf(stderr, "capo: %s: %s (%s:%d), and nothing there to catch it\n", error->name, error->message, error->file, error->line);
        abort();
    }
    arena_unwind(capo_unit->arena, catcher->mark);
    catcher->error = error;
    _longjmp(catcher->buffer, 1);
}

static Error *error_make(const char *file, int line, const char *function, int code, const void *detail, const char *message)
{
    Error *error = capo_alloc_struct(Error);
    *error = (Error){ .code = code, .status = capo_error_status(code), .name = capo_error_name(code), .message = message, .file = file,
                      .line = line, .function = function, .detail = detail };
    if (error->status >= 500)
        error->n_frames = backtrace(error->frames, (int)(sizeof error->frames / sizeof *error->frames));
    return error;
}

_Noreturn static void raise_without_unit(const char *file, int line, const char *format, va_list args)
{
    fprintf(stderr, "capo: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, " (%s:%d, outside a unit of work)\n", file, line);
    abort();
}

void capo_raise_at(const char *file, int line, const char *function, int code, const void *detail, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!capo_unit)
        raise_without_unit(file, line, format, args);
    char *message = capo_vformat(format, args);
    va_end(args);
    unwind(error_make(file, line, function, code, detail, message));
}

void capo_bug_at(const char *file, int line, const char *function, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!capo_unit)
        raise_without_unit(file, line, format, args);
    char *message = capo_vformat(format, args);
    va_end(args);
    unwind(error_make(file, line, function, 500, NULL, capo_format("bug: %s", message)));
}

void capo_reraise(const Error *error)
{
    unwind(error);
}

void (*capo_template_here)(const char **ret_path, int *ret_line);

void capo_warn_at(const char *file, int line, const char *format, ...)
{
    static struct { const char *file; int line; } seen[256];
    static size_t count;
    for (size_t i = 0; i < count; i++)
        if (seen[i].line == line && strcmp(seen[i].file, file) == 0)
            return;
    if (count < sizeof seen / sizeof *seen) {
        seen[count].file = file;
        seen[count++].line = line;
    }
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stderr, "warning: %s\n", text);
}

const Error *capo_try(void (*function)(void *), void *argument)
{
    Unit *unit = capo_unit;
    if (!unit) {
        fprintf(stderr, "capo: bug: capo_try outside a unit of work\n");
        abort();
    }
    Catch catcher = { .outer = unit->catcher, .mark = arena_mark(unit->arena) };
    unit->catcher = &catcher;
    if (_setjmp(catcher.buffer) == 0) {
        function(argument);
        unit->catcher = catcher.outer;
        return NULL;
    }
    /* capo_unit is read again: the fiber's unit is the same, its thread-local copy need not be in a register */
    capo_unit->catcher = catcher.outer;
    return catcher.error;
}

const Error *capo_unit_run(Unit *unit, Arena *arena, const char *what, void (*function)(void *), void *argument)
{
    *unit = (Unit){ .arena = arena, .what = what, .outer = capo_unit };
    if (unit->outer) {          /* a request of the test client works in the test's transaction */
        unit->slots[UNIT_DATABASE] = unit->outer->slots[UNIT_DATABASE];
        unit->slots[UNIT_QUERY_LOG] = unit->outer->slots[UNIT_QUERY_LOG];
        unit->slots[UNIT_TEST] = unit->outer->slots[UNIT_TEST];
    }
    capo_unit = unit;
    const Error *error = capo_try(function, argument);
    capo_unit = unit->outer;
    return error;
}

__thread char *capo_stack_limit;

/* The lowest address of the thread's own stack, for what runs outside fibers: commands, tools, helper threads. */
static char *thread_stack_limit(void)
{
    static __thread char *limit;
    pthread_attr_t attributes;
    void *lowest;
    size_t size;
    if (!limit && pthread_getattr_np(pthread_self(), &attributes) == 0) {
        if (pthread_attr_getstack(&attributes, &lowest, &size) == 0)
            limit = lowest;
        pthread_attr_destroy(&attributes);
    }
    return limit;
}

size_t capo_stack_left(void)
{
    char *here = __builtin_frame_address(0), *limit = capo_stack_limit ? capo_stack_limit : thread_stack_limit();
    return here > limit ? (size_t)(here - limit) : 0;
}

void capo_stack_check(size_t need, const char *what)
{
    if (capo_stack_left() < need)
        capo_raise(500, "The stack is nearly used up: %s is nested too deeply.", what);
}

/* Edit distance (with swaps) of two short names, case-blind. */
static size_t distance(const char *a, const char *b)
{
    enum { LIMIT = 64 };
    size_t n = strlen(a), m = strlen(b);
    if (n > LIMIT || m > LIMIT)
        return 2 * LIMIT;
    size_t rows[3][LIMIT + 1];
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *row = rows[i % 3], *up = rows[(i + 2) % 3], *upup = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            bool same = (a[i - 1] | 32) == (b[j - 1] | 32);
            size_t best = up[j - 1] + !same;
            if (up[j] + 1 < best)
                best = up[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && (a[i - 1] | 32) == (b[j - 2] | 32) && (a[i - 2] | 32) == (b[j - 1] | 32) && upup[j - 2] + 1 < best)
                best = upup[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[n % 3][m];
}

const char *capo_nearest(const char *name, const char *const *names, size_t count)
{
    size_t limit = strlen(name) / 3 > 2 ? strlen(name) / 3 : 2, best_distance = limit + 1;
    const char *best = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!names[i])
            continue;
        size_t d = distance(name, names[i]);
        if (d < best_distance && d < strlen(names[i])) {
            best_distance = d;
            best = names[i];
        }
    }
    return best;
}

const char *capo_did_you_mean(const char *name, const char *const *names, size_t count)
{
    const char *nearest = capo_nearest(name, names, count);
    return nearest ? capo_format(" Did you mean '%s'?", nearest) : "";
}

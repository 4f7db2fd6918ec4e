/* SPDX-License-Identifier: BSD-3-Clause */
/* Three words, one meaning each.
 *
 *     capo_raise(404, "no post called %s", slug);      // what a visitor or the outside world caused: ends the unit of work
 *     capo_bug("Post has no field %s", name);          // what a programmer caused: the same, as 500, with the word "bug"
 *     capo_warn("SECRET_KEY is short");                // goes to the log once, and work goes on
 *
 * A raise unwinds to the innermost capo_try, at the latest to the unit of work itself, which makes a response (or a command's
 * exit status) of it. On the way the cleanups registered since run and open transactions roll back. Never raise through a
 * callback of a library (SQLite, libpq, jansson, libevent, qsort): record, return, raise after. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Statuses 400 to 599 are HTTP's (RFC 9110). Those from 1000 on are Django's exceptions; each has a name and the HTTP status
 * that it becomes when nothing catches it (errors.c has the table). */
typedef enum ErrorCode {
    ERROR_DOES_NOT_EXIST = 1000,        /* capo_get found no row */
    ERROR_MULTIPLE_OBJECTS_RETURNED,
    ERROR_FIELD,                        /* FieldError: a name in a query that no model has */
    ERROR_VALUE,                        /* ValueError: a value that a field cannot take */
    ERROR_VALIDATION,                   /* ValidationError */
    ERROR_INTEGRITY,                    /* the database refused: unique, foreign key, not null, check */
    ERROR_PROTECTED,                    /* on_delete PROTECT */
    ERROR_RESTRICTED,                   /* on_delete RESTRICT */
    ERROR_OPERATIONAL,                  /* the database is locked, full, gone, or lacks a table */
    ERROR_PROGRAMMING,                  /* SQL that the database does not understand */
    ERROR_DATA,                         /* out of range for the column */
    ERROR_NOT_SUPPORTED,                /* this database cannot */
    ERROR_TRANSACTION,                  /* TransactionManagementError */
    ERROR_TEMPLATE_SYNTAX,
    ERROR_TEMPLATE_DOES_NOT_EXIST,
    ERROR_VARIABLE_DOES_NOT_EXIST,
    ERROR_NO_REVERSE_MATCH,
    ERROR_IMPROPERLY_CONFIGURED,        /* settings, models or routes that cannot be served */
    ERROR_SUSPICIOUS_OPERATION,         /* 400, logged as security: wrong host, tampered session, … */
    ERROR_COMMAND,                      /* CommandError: a command's message on standard error, exit status 1 */
    ERROR_ABORTED,                      /* the client went away; nothing is sent */
    ERROR_MIGRATION,
    ERROR_FIELD_DOES_NOT_EXIST,         /* a field that a model has not, where no path is meant */
    ERROR_FETCH_BLOCKED,                /* FETCH_RAISE: a relation or a column was read that its query did not load */
} ErrorCode;

typedef struct Error {
    int code;                   /* an HTTP status or an ErrorCode */
    int status;                 /* the HTTP status it stands for */
    const char *name;           /* "DoesNotExist", "Http404", … */
    const char *message;        /* one sentence: what was tried, on what, why it failed, what to do */
    const char *file;           /* where it was raised */
    int line;
    const char *function;
    const void *detail;         /* more, by code: e.g. the ValidationErrors of ERROR_VALIDATION; else NULL */
    const void *place;          /* where in a template it was raised (capo_template_place), else NULL */
    void *frames[24];           /* return addresses, innermost first, for the debug page */
    int n_frames;
} Error;

#define capo_raise(code, ...) capo_raise_at(__FILE__, __LINE__, __func__, (code), NULL, __VA_ARGS__)
#define capo_raise_detail(code, detail, ...) capo_raise_at(__FILE__, __LINE__, __func__, (code), (detail), __VA_ARGS__)
#define capo_bug(...) capo_bug_at(__FILE__, __LINE__, __func__, __VA_ARGS__)
#define capo_warn(...) capo_warn_at(__FILE__, __LINE__, __VA_ARGS__)

_Noreturn void capo_raise_at(const char *file, int line, const char *function, int code, const void *detail,
                             const char *format, ...) __attribute__((format(printf, 6, 7), cold));
_Noreturn void capo_bug_at(const char *file, int line, const char *function, const char *format, ...)
    __attribute__((format(printf, 4, 5), cold));
/* The same place warns once in the life of the process. */
void capo_warn_at(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4), cold));

/* Calls function(argument). NULL when it returned, else the error that it raised; the Error lives in the unit's arena.
 * Recovery takes a function, not a block, since locals changed after a setjmp are not reliable in C. */
const Error *capo_try(void (*function)(void *), void *argument) __attribute__((warn_unused_result));
/* Raises an error that capo_try gave, unchanged. */
_Noreturn void capo_reraise(const Error *error);

/* Bytes of stack left in the current fiber, or thread outside of one: what recurses over a visitor's data asks first. */
size_t capo_stack_left(void);
/* Raises 500 "… is nested too deeply" when less than `need` bytes are left. */
void capo_stack_check(size_t need, const char *what);

const char *capo_error_name(int code);
int capo_error_status(int code);

/* The name of `names` nearest to `name` for "did you mean", or NULL. At most max(2, length / 3) edits. */
const char *capo_nearest(const char *name, const char *const *names, size_t count);
/* " Did you mean 'x'?" or "". */
const char *capo_did_you_mean(const char *name, const char *const *names, size_t count);

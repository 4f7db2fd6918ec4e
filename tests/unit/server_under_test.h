/* SPDX-License-Identifier: BSD-3-Clause */
/* What tests of the server over real sockets share: a site without routes, so that core/http is tested alone, the server in a fiber of this process, so
 * that the sanitizers see it, and a client. */
#pragma once
#include <capo/testing.h>
#include <capo/loop.h>
#include <capo/server.h>
#include "../../core/http/connection.h"

extern bool view_aborted, view_finished;
extern char temporary_file[200];            /* what /file sends */
Response *site(Request *req);

extern const ServerLimits quick;
extern char server_address[160];
extern bool server_ended;
extern int server_status;                   /* of capo_serve(); -1: it raised */
extern Fiber *server_waiter;                /* is woken when it has ended */
void server_ready(const char *address);
void serve_done(void *argument, Unit *unit, const Error *error);
/* Serves until the test ends. */
void start_server(void);
void end_server(void *argument);

typedef struct Wire { int fd; Buffer in; size_t at; } Wire;

/* -errno: refused. */
int dial_address(const char *address);
Wire dial(void);
void send_bytes(Wire *wire, const char *bytes, size_t size);
void say(Wire *wire, const char *text);
/* More bytes; false: the server closed, or was silent for `timeout_ms`. */
bool hear(Wire *wire, int timeout_ms);
/* Whether the server ends the connection within the time. */
bool closes_within(Wire *wire, int timeout_ms);
bool is_closed(Wire *wire);

/* The head of the next answer, and its body decoded. "" when the server closed before. */
typedef struct Answer { int status; const char *head; const char *body; size_t size; bool whole; } Answer;

Answer answer_to(Wire *wire, bool head_only);
Answer answer(Wire *wire);
Answer fetch(const char *path);

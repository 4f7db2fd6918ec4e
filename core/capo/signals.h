/* SPDX-License-Identifier: BSD-3-Clause */
/* Signals: code that is told of what happens elsewhere, without that other place knowing it. An app lists its receivers:
 *
 *     static void make_profile(SignalEvent *event)
 *     {
 *         User *user = event->instance;
 *         if (event->created)
 *             capo_get_or_create(Profile, NULL, .where = { .user_id = EQ(user->id) });
 *     }
 *     static const SignalReceiver receivers[] = {
 *         RECEIVER(&capo_post_save, make_profile, .sender = &User_model),
 *         RECEIVER(&capo_request_finished, count_request),
 *         { 0 }
 *     };
 *     const App accounts = { .name = "accounts", .models = models, .receivers = receivers };
 *
 * and they are connected when the site's models are prepared, before the first of them is used. A signal of one's own is a variable:
 *
 *     Signal order_paid = { .name = "order_paid" };
 *     capo_send(&order_paid, &shop, V("order", order->id));       // SignalEvent.arguments; capo_event_value(event, "order")
 *
 * Receivers run at once, in the fiber that sends, in the order in which they were connected; what one raises ends the sending (and the
 * save or request around it), except under capo_send_robust. The framework's own: capo_request_started and its like below, those of
 * models in model_signals.h. */
#pragma once
#include "error.h"
#include "value.h"

typedef struct Signal Signal;

/* What a receiver is told. Members that the signal does not speak of are zero. */
typedef struct SignalEvent {
    Signal *signal;
    const void *sender;                     /* of models: the Model *; else what the sender chose */
    const Var *arguments;                   /* of signals of one's own; ends with { 0 } */
    Value response;                         /* a receiver's answer, for whoever sent it */
    /* models (model_signals.h) */
    void *instance;
    bool created;                           /* post_save: by INSERT; pre_save: as far as one knows before */
    bool raw;                               /* a fixture is being loaded: other rows may not be there yet */
    const char *const *update_fields;       /* of a save of some fields; NULL: all */
    const void *origin;                     /* of a delete: the Instance or Query that it began with */
    int action;                             /* m2m_changed: a ManyAction */
    bool reverse;                           /* m2m_changed: the relation was declared on the others' side */
    struct Model *model;                    /* m2m_changed: the others' model */
    List *keys;                             /* m2m_changed: the others' keys; NULL for a clear */
    /* requests */
    struct Request *request;
    const Error *error;                     /* got_request_exception */
    /* migrations: sender is the App */
    const struct App *app;
} SignalEvent;

typedef void ReceiverFunction(SignalEvent *event);
typedef struct SignalReceiver {
    Signal *signal;
    ReceiverFunction *function;
    const void *sender;                     /* only what this one sends; NULL: all */
    const char *sender_name;                /* the same by name, where the model's header is not at hand: "auth.User" */
    const char *dispatch_uid;               /* two connections of one uid are one; default: of one function and sender */
} SignalReceiver;
#define RECEIVER(signal_, function_, ...) { .signal = (signal_), .function = (function_) __VA_OPT__(,) __VA_ARGS__ }

struct Signal {
    const char *name;
    /* The sender that is really meant, by pointer or by name (a model that another was put in place of); NULL: as written. */
    const void *(*find_sender)(const void *sender, const char *name);
    SignalReceiver *receivers; size_t count;      /* of signals.c */
};

/* A second connection of the same is none. May be called at any time, and from a receiver. */
void capo_connect(const SignalReceiver *receiver);
/* False: it was not connected. */
bool capo_disconnect(const SignalReceiver *receiver);
/* All of a table that ends with { 0 }. */
void capo_connect_all(const SignalReceiver *receivers);

/* Whether a send would reach somebody: worth asking before an SignalEvent is made that costs something. */
bool capo_has_receivers(const Signal *signal, const void *sender);

typedef struct SignalResponse { ReceiverFunction *function; Value response; const Error *error; } SignalResponse;
/* Tells all; *event is the sender's, with .sender set. The answers end with a NULL function. */
SignalResponse *capo_send_event(Signal *signal, const SignalEvent *event);
/* The same, but an error of a receiver is logged and becomes its response, and the next one is told. */
SignalResponse *capo_send_event_robust(Signal *signal, const SignalEvent *event);
#define capo_send(signal, sender_, ...) capo_send_event((signal), &(SignalEvent){ .sender = (sender_), .arguments = CAPO_VARS(__VA_ARGS__) })
#define capo_send_robust(signal, sender_, ...) capo_send_event_robust((signal), &(SignalEvent){ .sender = (sender_), .arguments = CAPO_VARS(__VA_ARGS__) })
/* An argument by name; null where there is none. */
Value capo_event_value(const SignalEvent *event, const char *name);

/* --- of requests: sender NULL, .request set ------------------------------------------------------------------------------------ */

extern Signal capo_request_started, capo_request_finished;     /* around middleware and view; what waits for the socket comes behind */
extern Signal capo_got_request_exception;                      /* .error: what becomes a page 500 */

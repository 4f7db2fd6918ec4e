/* SPDX-License-Identifier: BSD-3-Clause */
/* The dispatcher: a signal holds its receivers in order; a send goes over a copy, so that a receiver may connect and disconnect. */
#include <capo/signals.h>
#include <capo/arena.h>
#include <capo/web.h>
#include <stdlib.h>
#include <string.h>

/* By its name, where it has one, and whatever the site put in its place. */
static const void *sender_of(const SignalReceiver *receiver)
{
    const Signal *signal = receiver->signal;
    if (!signal->find_sender || (!receiver->sender && !receiver->sender_name))
        return receiver->sender;
    return signal->find_sender(receiver->sender, receiver->sender_name);
}

static bool is_same(const SignalReceiver *a, const SignalReceiver *b)
{
    if (a->dispatch_uid || b->dispatch_uid)
        return a->dispatch_uid && b->dispatch_uid && !strcmp(a->dispatch_uid, b->dispatch_uid);
    bool names = a->sender_name && b->sender_name ? !strcmp(a->sender_name, b->sender_name) : a->sender_name == b->sender_name;
    return a->function == b->function && a->sender == b->sender && names;
}

static bool is_meant(const SignalReceiver *receiver, const void *sender)
{
    if (!receiver->sender && !receiver->sender_name)
        return true;
    const void *wanted = sender_of(receiver);
    return wanted && wanted == sender;
}

void capo_connect(const SignalReceiver *receiver)
{
    Signal *signal = receiver->signal;
    if (!signal || !receiver->function)
        capo_bug("a receiver needs a signal and a function");
    for (size_t i = 0; i < signal->count; i++)
        if (is_same(&signal->receivers[i], receiver))
            return;
    /* the process keeps its connections until it ends */
    SignalReceiver *more = realloc(signal->receivers, (signal->count + 1) * sizeof *more);
    if (!more)
        abort();                            /* as every allocation: a process without memory ends */
    more[signal->count++] = *receiver;
    signal->receivers = more;
}

bool capo_disconnect(const SignalReceiver *receiver)
{
    Signal *signal = receiver->signal;
    for (size_t i = 0; i < signal->count; i++)
        if (is_same(&signal->receivers[i], receiver)) {
            signal->count--;
            memmove(signal->receivers + i, signal->receivers + i + 1, (signal->count - i) * sizeof *receiver);
            if (!signal->count) {
                free(signal->receivers);
                signal->receivers = NULL;
            }
            return true;
        }
    return false;
}

void capo_connect_all(const SignalReceiver *receivers)
{
    for (; receivers && receivers->function; receivers++)
        capo_connect(receivers);
}

bool capo_has_receivers(const Signal *signal, const void *sender)
{
    for (size_t i = 0; i < signal->count; i++)
        if (is_meant(&signal->receivers[i], sender))
            return true;
    return false;
}

typedef struct Call { ReceiverFunction *function; SignalEvent event; } Call;

static void call_receiver(void *argument)
{
    Call *call = argument;
    call->function(&call->event);
}

static SignalResponse *send_to_all(Signal *signal, const SignalEvent *event, bool robust)
{
    size_t count = 0, n_receivers = signal->count;
    SignalResponse *responses = capo_alloc_array(n_receivers + 1, sizeof *responses);
    if (!n_receivers)
        return responses;
    const SignalReceiver *receivers = capo_memdup(signal->receivers, n_receivers * sizeof *receivers);
    for (size_t i = 0; i < n_receivers; i++) {
        if (!is_meant(&receivers[i], event->sender))
            continue;
        Call call = { .function = receivers[i].function, .event = *event };
        call.event.signal = signal;
        const Error *error = NULL;
        if (robust)
            error = capo_try(call_receiver, &call);
        else
            call_receiver(&call);
        if (error && error->code == ERROR_ABORTED)
            capo_reraise(error);
        if (error)
            capo_log(LOG_ERROR, "A receiver of %s failed: %s: %s (%s:%d)", signal->name, error->name, error->message, error->file, error->line);
        responses[count++] = (SignalResponse){ call.function, error ? capo_value_null() : call.event.response, error };
    }
    return responses;
}

SignalResponse *capo_send_event(Signal *signal, const SignalEvent *event) { return send_to_all(signal, event, false); }
SignalResponse *capo_send_event_robust(Signal *signal, const SignalEvent *event) { return send_to_all(signal, event, true); }

Value capo_event_value(const SignalEvent *event, const char *name)
{
    for (const Var *argument = event->arguments; argument && argument->name; argument++)
        if (!strcmp(argument->name, name))
            return argument->value;
    return capo_value_null();
}

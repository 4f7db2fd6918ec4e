/* SPDX-License-Identifier: BSD-3-Clause */
/* One-time notices in the signed cookie `messages` (Django's format); what does not fit there is kept in the session.
 *
 * In JSON a message is ["__json_message", is_html, level, text, extra_tags]. */
#include "web_internal.h"
#include <stdarg.h>
#include <string.h>

#define COOKIE_NAME "messages"
#define SALT "django.contrib.messages"
#define KEY_PREFIX "django.http.cookies"
#define MARK "__json_message"
#define NOT_FINISHED "__messagesnotfinished__"
#define SESSION_KEY "_messages"
enum { COOKIE_LIMIT = 2048 };

typedef struct Message {
    Object object;
    MessageLevel level;
    const char *text, *extra_tags;
    bool html;
} Message;

typedef struct Messages {
    Object object;
    Request *req;
    List *loaded;               /* from the visitor; NULL: not read yet */
    List *added;                /* of this request */
    bool used, in_session;
} Messages;

/* --- a message in templates ------------------------------------------------------------------------------------------------------ */

static const char *level_tag(MessageLevel level)
{
    switch (level) {
    case MESSAGE_DEBUG: return "debug";
    case MESSAGE_INFO: return "info";
    case MESSAGE_SUCCESS: return "success";
    case MESSAGE_WARNING: return "warning";
    case MESSAGE_ERROR: return "error";
    }
    return "";
}

static const char *tags_of(const Message *message)
{
    const char *tag = level_tag(message->level);
    return *message->extra_tags ? capo_format("%s%s%s", message->extra_tags, *tag ? " " : "", tag) : tag;
}

static Value text_of(const Message *message)
{
    return message->html ? capo_value_safe(message->text) : capo_value_text(message->text);
}

static bool message_get(Object *self, const char *name, size_t size, Value *ret)
{
    const Message *message = (const Message *)self;
    const Var fields[] = { { "message", text_of(message) }, V("level", (int)message->level), V("level_tag", level_tag(message->level)),
                           V("tags", tags_of(message)), V("extra_tags", message->extra_tags) };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strlen(fields[i].name) == size && memcmp(fields[i].name, name, size) == 0) {
            *ret = fields[i].value;
            return true;
        }
    return false;
}

static const char *message_text(Object *self)
{
    return ((Message *)self)->text;
}

static bool message_html(Object *self, Buffer *out)
{
    const Message *message = (const Message *)self;
    if (message->html)
        capo_put(out, message->text);
    else
        capo_put_escaped(out, message->text, strlen(message->text));
    return true;
}

static const ObjectOps message_ops = { .type_name = "Message", .get = message_get, .text = message_text, .html = message_html };

static Value message_new(MessageLevel level, const char *text, bool html, const char *extra_tags)
{
    Message *message = capo_alloc_struct(Message);
    *message = (Message){ { &message_ops }, level, text, extra_tags, html };
    return capo_value_object(message);
}

/* --- the store ---------------------------------------------------------------------------------------------------------------------- */

static Value encode(const Message *message)
{
    List *parts = capo_list_new();
    capo_list_add(parts, VALUE(MARK));
    capo_list_add(parts, VALUE((int)message->html));
    capo_list_add(parts, VALUE((int)message->level));
    capo_list_add(parts, VALUE(message->text));
    capo_list_add(parts, VALUE(message->extra_tags));
    return capo_value_list(parts);
}

/* The messages of a stored list; true: a mark at the end says that more are in the session. */
static bool decode(Value stored, List *into)
{
    if (stored.kind != VALUE_LIST)
        return false;
    for (size_t i = 0; i < stored.list->count; i++) {
        Value item = stored.list->items[i];
        if (capo_is_text(item) && strcmp(item.text, NOT_FINISHED) == 0)
            return true;
        if (item.kind != VALUE_LIST || item.list->count < 4)
            continue;
        Value *part = item.list->items;
        if (!capo_is_text(part[0]) || strcmp(part[0].text, MARK) != 0 || part[2].kind != VALUE_INT || !capo_is_text(part[3]))
            continue;
        bool tagged = item.list->count > 4 && capo_is_text(part[4]);
        capo_list_add(into, message_new((MessageLevel)part[2].integer, part[3].text, capo_truth(part[1]), tagged ? part[4].text : ""));
    }
    return false;
}

static Messages *messages_of(Request *req);

static List *load(Messages *messages)
{
    if (messages->loaded)
        return messages->loaded;
    messages->loaded = capo_list_new();
    const char *cookie = request_cookie(messages->req, COOKIE_NAME);
    Value stored;
    bool more = !cookie || !signing_loads(cookie, SALT, KEY_PREFIX, 0, &stored) || decode(stored, messages->loaded);
    if (more && messages->req->session && (cookie || request_cookie(messages->req, "sessionid"))) {
        size_t before = messages->loaded->count;
        Value text = capo_session_get(messages->req, SESSION_KEY);
        if (capo_is_text(text) && capo_json_parse(text.text, text.size, &stored, NULL))
            decode(stored, messages->loaded);
        messages->in_session = messages->loaded->count > before;
    }
    return messages->loaded;
}

static char *encode_cookie(List *list, size_t count)
{
    List *parts = capo_list_new();
    for (size_t i = 0; i < count; i++)
        capo_list_add(parts, encode((const Message *)list->items[i].object));
    if (count < list->count)
        capo_list_add(parts, VALUE(NOT_FINISHED));
    return signing_dumps(capo_value_list(parts), SALT, KEY_PREFIX);
}

static void store(Messages *messages, List *list, Response *res)
{
    Request *req = messages->req;
    size_t fit = list->count;
    char *cookie = fit ? encode_cookie(list, fit) : NULL;
    while (fit > 0 && strlen(cookie) > COOKIE_LIMIT && req->session)
        cookie = encode_cookie(list, --fit);
    if (fit == list->count && messages->in_session)
        capo_session_remove(req, SESSION_KEY);
    if (fit < list->count) {
        List *rest = capo_list_new();
        for (size_t i = fit; i < list->count; i++)
            capo_list_add(rest, encode((const Message *)list->items[i].object));
        capo_session_set(req, SESSION_KEY, VALUE(capo_json_text(capo_value_list(rest), 0)));
    }
    if (cookie)
        capo_set_cookie(res, COOKIE_NAME, cookie, .path = "/", .same_site = "Lax", .secure = cookies_are_secure(req));
    else if (request_cookie(req, COOKIE_NAME))
        capo_delete_cookie(res, COOKIE_NAME, "/", NULL);
}

/* --- all of them ------------------------------------------------------------------------------------------------------------------- */

static bool messages_next(Object *self, void **state, Value *ret)
{
    Messages *messages = (Messages *)self;
    List *loaded = load(messages);
    messages->used = true;
    size_t at = (size_t)(uintptr_t)*state;
    if (at >= loaded->count + messages->added->count)
        return false;
    *ret = at < loaded->count ? loaded->items[at] : messages->added->items[at - loaded->count];
    messages->req->internal->personal = PERSONAL_OWN;
    *state = (void *)(uintptr_t)(at + 1);
    return true;
}

static int64_t messages_length(Object *self)
{
    Messages *messages = (Messages *)self;
    size_t count = load(messages)->count + messages->added->count;
    if (count > 0)
        messages->req->internal->personal = PERSONAL_OWN;
    return (int64_t)count;
}

static const ObjectOps messages_ops = { .type_name = "Messages", .next = messages_next, .length = messages_length };

static Messages *messages_of(Request *req)
{
    Messages *messages = req->internal->messages_state;
    if (!messages) {
        req->internal->messages_state = messages = capo_alloc_struct(Messages);
        *messages = (Messages){ .object = { &messages_ops }, .req = req, .added = capo_list_new() };
    }
    return messages;
}

void capo_message(Request *req, MessageLevel level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = capo_vformat(format, args);
    va_end(args);
    req->internal->personal = PERSONAL_OWN;
    capo_list_add(messages_of(req)->added, message_new(level, text, false, ""));
}

void capo_message_html(Request *req, MessageLevel level, const char *html)
{
    req->internal->personal = PERSONAL_OWN;
    capo_list_add(messages_of(req)->added, message_new(level, capo_strdup(html), true, ""));
}

List *capo_messages(Request *req)
{
    return capo_list_of(capo_value_object(messages_of(req)));
}

Object *capo_messages_object(Request *req)
{
    return &messages_of(req)->object;
}

Response *capo_messages_middleware(Request *req, const Next *next)
{
    Response *res = capo_next(req, next);
    Messages *messages = req->internal->messages_state;
    if (!messages)
        return res;
    if (messages->used) {
        capo_vary(res, "Cookie");
        if (messages->loaded->count)
            store(messages, capo_list_new(), res);
    } else if (messages->added->count) {
        List *all = capo_list_new();
        for (size_t i = 0; i < load(messages)->count; i++)
            capo_list_add(all, messages->loaded->items[i]);
        for (size_t i = 0; i < messages->added->count; i++)
            capo_list_add(all, messages->added->items[i]);
        store(messages, all, res);
    }
    return res;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a request, from its headers to its response: read this file first.
 *
 *     capo_handle             finds the route, so that every layer may ask for it, and runs
 *       the middleware        settings' list, outermost first; each calls capo_next, or answers by itself
 *         the guards          404, 405 and OPTIONS, login_required, permission
 *           the view
 *
 * Each layer and the view run in a protected call: what is raised inside is a response by the time capo_next returns, so a layer
 * always sees one and adds its headers to error pages too. Errors become responses in error_response: DEBUG shows its pages,
 * else settings' handler404 and its like, templates 404.html (capo_web_hooks.error_page), or a plain page, which tell a visitor
 * nothing but the status. Only ERROR_ABORTED, the client that left, goes on to the server. */
#include "web_internal.h"
#include <capo/signals.h>
#include <capo/unit.h>
#include <string.h>

WebHooks capo_web_hooks;

Signal capo_request_started = { .name = "request_started" };
Signal capo_request_finished = { .name = "request_finished" };
Signal capo_got_request_exception = { .name = "got_request_exception" };

struct Next { Middleware *const *layers; };

typedef struct Call {
    Request *req;
    Middleware *const *layers;      /* still to run; NULL at the end: the view */
    Response *res;
} Call;

/* --- guards and view --------------------------------------------------------------------------------------------------------------- */

static const struct { Method method; const char *name; } methods[] = {
    { GET, "GET" }, { HEAD, "HEAD" }, { POST, "POST" }, { PUT, "PUT" }, { PATCH, "PATCH" }, { DELETE, "DELETE" }, { OPTIONS, "OPTIONS" },
};

static unsigned methods_allowed(const Route *route)
{
    return route->methods | OPTIONS | (route->methods & GET ? HEAD : 0u);
}

static const char *methods_text(unsigned allowed)
{
    Buffer text = { 0 };
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (allowed & methods[i].method)
            capo_put_format(&text, "%s%s", text.size ? ", " : "", methods[i].name);
    return capo_buffer_text(&text);
}

/* The answer to a method that the view does not see; NULL: it does. */
static Response *answer_method(Request *req)
{
    const Route *route = req->route;
    if (!route->methods || (methods_allowed(route) & req->method & ~(unsigned)OPTIONS) || (route->methods & req->method))
        return NULL;
    bool asked = req->method == OPTIONS;
    if (!asked)
        capo_log(LOG_WARNING, "Method Not Allowed (%s): %s", req->method_name, req->path);
    Response *res = asked ? capo_response(200, NULL) : plain_page(405, "Method Not Allowed", "This address does not take that method.", "");
    capo_set_header(res, "Allow", methods_text(methods_allowed(route)));
    return res;
}

/* The answer to a visitor who must not see the view; NULL: may. */
static Response *answer_access(Request *req)
{
    const Route *route = req->route;
    if (!route->login_required && !route->permission)
        return NULL;
    if (!capo_web_hooks.has_permission)
        capo_bug("the route '%s' needs a log-in, and the site has no app that knows users (capo_auth)", route->path);
    if (!capo_web_hooks.has_permission(req, ""))
        return capo_login_redirect(req);
    if (route->permission && !capo_web_hooks.has_permission(req, route->permission))
        capo_raise(403, "%s needs the permission %s.", req->path, route->permission);
    return NULL;
}

/* In a transaction where the site wants that; what a streamed answer does later is not in it. */
static Response *run_view(Request *req)
{
    bool atomic = capo_settings()->atomic_requests && !req->route->non_atomic && capo_web_hooks.atomic_view;
    return atomic ? capo_web_hooks.atomic_view(req, req->route->view) : req->route->view(req);
}

static Response *call_view(Request *req)
{
    if (!req->route)
        capo_raise(404, "No route leads to %s.", req->path);
    Response *res = answer_method(req);
    if (!res)
        res = answer_access(req);
    if (!res)
        res = req->route->cache_seconds > 0 ? capo_cache_page(req, req->route->cache_seconds, run_view) : run_view(req);
    if (!res)
        capo_bug("the view of the route '%s' returned NULL; it must return a response", web_state(req)->match.node->pattern);
    return res;
}

/* --- layers ------------------------------------------------------------------------------------------------------------------------ */

static void call_layer(void *argument)
{
    Call *call = argument;
    if (!call->layers || !*call->layers) {
        call->res = call_view(call->req);
        return;
    }
    Next next = { call->layers + 1 };
    call->res = (*call->layers)(call->req, &next);
    if (!call->res)
        capo_bug("a middleware returned NULL for %s; it must return the response of capo_next or one of its own", call->req->path);
}

static Response *run_layers(Request *req, Middleware *const *layers)
{
    Call call = { .req = req, .layers = layers };
    const Error *error = capo_try(call_layer, &call);
    if (!error)
        return call.res;
    if (error->code == ERROR_ABORTED)
        capo_reraise(error);
    return error_response(req, error);
}

Response *capo_next(Request *req, const Next *next)
{
    return run_layers(req, next->layers);
}

Response *capo_run_middleware(Request *req, Middleware *const *layers)
{
    return run_layers(req, layers);
}

Response *capo_handle(Request *req)
{
    capo_unit->slots[UNIT_REQUEST] = req;
    WebState *state = web_state(req);
    if (routes_match(req->path, &state->match)) {
        req->route = state->match.node->route;
        req->route_name = state->match.node->name;
    }
    if (!capo_request_started.count && !capo_request_finished.count)
        return run_layers(req, capo_settings()->middleware);
    capo_send_event_robust(&capo_request_started, &(SignalEvent){ .request = req });
    Response *res = run_layers(req, capo_settings()->middleware);
    capo_send_event_robust(&capo_request_finished, &(SignalEvent){ .request = req });
    return res;
}

/* --- errors ------------------------------------------------------------------------------------------------------------------------- */

const Error *capo_request_error(Request *req)
{
    return web_state(req)->error;
}

bool debug_pages_allowed(Request *req)
{
    return capo_settings()->debug && req->internal->host;      /* its host passed the check */
}

/* What a visitor may quote, and an operator finds in the log. */
static const char *reference_of(WebState *state)
{
    if (!state->reference)
        state->reference = capo_random_string(10, "abcdefghjkmnpqrstuvwxyz23456789");
    return state->reference;
}

static void log_error(Request *req, const Error *error)
{
    if (error->status >= 500)
        capo_log(LOG_ERROR, "%s [%s]: %s %s: %s: %s (%s:%d in %s)", capo_reason_phrase(error->status), reference_of(web_state(req)),
                 req->method_name, req->path, error->name, error->message, error->file, error->line, error->function);
    const char *more = error->status >= 500 && capo_web_hooks.log_extra ? capo_web_hooks.log_extra(error) : NULL;
    for (size_t size; more && *more; more += size + (more[size] == '\n')) {
        size = strcspn(more, "\n");
        capo_log(LOG_ERROR, "%.*s", (int)size, more);
    }
    if (error->status >= 500)
        return;
    if (error->code == ERROR_SUSPICIOUS_OPERATION || error->status == 403)
        capo_log(LOG_WARNING, "%s: %s %s from %s: %s", capo_reason_phrase(error->status), req->method_name, req->path, req->remote_address,
                 error->message);
    else
        capo_log(LOG_WARNING, "%s: %s", capo_reason_phrase(error->status), req->path);
}

typedef struct ErrorPage { Request *req; const Error *error; Response *res; } ErrorPage;

static void own_error_page(void *argument)
{
    ErrorPage *page = argument;
    const Settings *settings = capo_settings();
    int status = page->error->status;
    View *handler = status == 400 ? settings->handler400 : status == 403 ? settings->handler403 : status == 404 ? settings->handler404 :
                    status >= 500 ? settings->handler500 : NULL;
    if (handler)
        page->res = handler(page->req);
    else if (capo_web_hooks.error_page)
        page->res = capo_web_hooks.error_page(page->req, page->error);
}

static void debug_error_page(void *argument)
{
    ErrorPage *page = argument;
    page->res = page->error->status == 404 ? debug_page_404(page->req, page->error) : debug_page_500(page->req, page->error);
}

/* Runs `make`; a page that fails itself is logged, and the plain one is shown. */
static Response *try_page(ErrorPage *page, void (*make)(void *))
{
    const Error *second = capo_try(make, page);
    if (second && second->code == ERROR_ABORTED)
        capo_reraise(second);
    if (second)
        capo_log(LOG_ERROR, "The error page for %s failed too: %s: %s (%s:%d)", page->req->path, second->name, second->message, second->file,
                 second->line);
    return second ? NULL : page->res;
}

static const struct { int status; const char *text; } plain_texts[] = {
    { 400, "The server could not understand this request." },
    { 403, "You may not see this page." },
    { 404, "The requested resource was not found on this server." },
    { 413, "What was sent is too large." },
    { 429, "There were too many requests. Please wait a while." },
    { 503, "The service is not available just now. Please try again soon." },
};

Response *error_response(Request *req, const Error *error)
{
    WebState *state = web_state(req);
    state->error = error;
    log_error(req, error);
    if (error->status >= 500)
        capo_send_event_robust(&capo_got_request_exception, &(SignalEvent){ .request = req, .error = error });
    ErrorPage page = { .req = req, .error = error };
    bool technical = error->status == 404 || error->status >= 500 || error->code == ERROR_SUSPICIOUS_OPERATION;
    Response *res = NULL;
    if (technical && debug_pages_allowed(req))
        res = try_page(&page, debug_error_page);
    if (!res)
        res = try_page(&page, own_error_page);
    if (!res) {
        const char *text = error->status >= 500 ? "Something went wrong on this server. It has been noted." : "";
        for (size_t i = 0; i < sizeof plain_texts / sizeof *plain_texts; i++)
            if (plain_texts[i].status == error->status)
                text = plain_texts[i].text;
        const char *reference = error->status >= 500 ? capo_format("<p>Reference: <code>%s</code></p>\n", reference_of(state)) : "";
        res = plain_page(error->status, capo_reason_phrase(error->status), text, reference);
    }
    return res;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* runserver and serve. */
#include <capo.h>
#include <capo/server.h>
#include "cli_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const *only(const char *bind)
{
    const char **binds = capo_alloc(2 * sizeof *binds);
    binds[0] = bind;
    return binds;
}

/* "8000", ":8000", "0:8000" and "host:8000" as Django takes them. */
static const char *address_of(const char *text)
{
    const char *port = capo_env("PORT");
    if (!text)
        return capo_format("127.0.0.1:%s", port && *port ? port : "8000");
    if (strspn(text, "0123456789") == strlen(text))
        return capo_format("127.0.0.1:%s", text);
    if (text[0] == ':')
        return capo_format("0.0.0.0%s", text);
    if (capo_starts_with(text, "0:"))
        return capo_format("0.0.0.0%s", text + 1);
    return text;
}

static void say_ready(const char *address)
{
    if (capo_starts_with(address, "unix:"))
        fprintf(stderr, "Serving %s. Stop with Ctrl-C.\n", address);
    else
        fprintf(stderr, "Serving %s at http://%s/ (%s). Stop with Ctrl-C.\n", capo_settings()->name, address,
                capo_settings()->debug ? "DEBUG is on: for development only" : "DEBUG is off");
}

/* A line a request, as Django's development server has it. A stream's size is not known yet. */
static Response *handle_and_say(Request *req)
{
    int64_t start = capo_monotonic_us();
    Response *res = capo_handle(req);
    capo_log(LOG_INFO, "\"%s %s\" %d %zu (%.1f ms)", req->method_name, capo_full_path(req),
             res->status, res->body.size, (double)(capo_monotonic_us() - start) / 1000);
    return res;
}

int cli_runserver(void)
{
    if (!capo_env("DEBUG") && !capo_settings()->debug)
        fprintf(stderr, "DEBUG is off: error pages tell nothing. DEBUG=1 in .env turns it on for development.\n");
    return capo_serve(&(ServeOptions){
        .binds = only(address_of(capo_option("address"))), .single_process = true, .handle = handle_and_say, .ready = say_ready });
}

int cli_serve(void)
{
    const char *workers = capo_option("--workers");
    int64_t n = 0;
    if (workers && (!capo_to_int(VALUE(workers), &n) || n < 1 || n > 1024))
        capo_raise(ERROR_COMMAND, "--workers %s: give a number from 1 to 1024.", workers);
    const char *const *binds = capo_option_values("--bind");
    if (!binds[0])
        binds = only(capo_format("%s:%s", capo_settings()->debug ? "127.0.0.1" : "0.0.0.0", capo_env("PORT") ? capo_env("PORT") : "8000"));
    return capo_serve(&(ServeOptions){ .binds = binds, .workers = (int)n, .handle = capo_handle, .ready = say_ready });
}

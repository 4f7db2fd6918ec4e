/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once
#include <stdbool.h>

typedef struct Listener {
    int fd;
    char address[160];          /* "127.0.0.1:8000", "unix:/run/site.sock": the port as it is, where 0 was asked for */
    char path[108];             /* of a unix socket */
} Listener;

/* Opens "127.0.0.1:8000", "[::]:80", ":8000", "unix:/path". Raises ERROR_COMMAND with what to do. */
Listener listener_open(const char *bind);
void listener_close(Listener *listener, bool remove_path);

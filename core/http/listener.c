/* SPDX-License-Identifier: BSD-3-Clause */
/* Listening sockets: close-on-exec, non-blocking, with sentences for what goes wrong. */
#include "listener.h"
#include <capo/arena.h>
#include <capo/buffer.h>
#include <capo/error.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

_Noreturn static void refused(const char *bind_to, int error, int fd)
{
    if (fd >= 0)
        close(fd);
    if (error == EADDRINUSE)
        capo_raise(ERROR_COMMAND, "The server cannot listen on %s: another program does. Stop it, or choose another address or port.", bind_to);
    if (error == EACCES)
        capo_raise(ERROR_COMMAND, "The server may not listen on %s: ports below 1024 and this path need more rights. Choose a port above, such "
                   "as 8000.", bind_to);
    if (error == EADDRNOTAVAIL)
        capo_raise(ERROR_COMMAND, "The server cannot listen on %s: this machine has no such address.", bind_to);
    capo_raise(ERROR_COMMAND, "The server cannot listen on %s: %s.", bind_to, strerror(error));
}

static Listener open_unix(const char *bind_to, const char *path)
{
    Listener listener = { .fd = -1 };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) == 0 || strlen(path) >= sizeof address.sun_path)
        capo_raise(ERROR_COMMAND, "The path of the socket in '%s' must have 1 to %zu bytes.", bind_to, sizeof address.sun_path - 1);
    strcpy(address.sun_path, path);
    strcpy(listener.path, path);
    int fd = listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        refused(bind_to, errno, fd);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;
        /* a socket that nobody listens on is the rest of a server that was killed */
        if (error != EADDRINUSE || connect(fd, (struct sockaddr *)&address, sizeof address) == 0 || errno != ECONNREFUSED)
            refused(bind_to, error, fd);
        close(fd);
        unlink(path);
        fd = listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
            refused(bind_to, errno, fd);
    }
    if (listen(fd, BACKLOG) != 0)
        refused(bind_to, errno, fd);
    snprintf(listener.address, sizeof listener.address, "unix:%s", path);
    return listener;
}

static void name_address(Listener *listener)
{
    struct sockaddr_storage name;
    socklen_t name_size = sizeof name;
    char number[8] = "", text[100] = "";
    if (getsockname(listener->fd, (struct sockaddr *)&name, &name_size) == 0)
        getnameinfo((struct sockaddr *)&name, name_size, text, sizeof text, number, sizeof number, NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(listener->address, sizeof listener->address, strchr(text, ':') ? "[%s]:%s" : "%s:%s", text, number);
}

/* "fd:3": a listening socket that whoever started us holds open, so that no request is refused between two programs. */
static Listener inherit(const char *bind_to, const char *number)
{
    Listener listener = { .fd = atoi(number) };
    int listening = 0;
    socklen_t size = sizeof listening;
    if (listener.fd < 3 || getsockopt(listener.fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || !listening)
        capo_raise(ERROR_COMMAND, "'%s' is no listening socket that this program was given.", bind_to);
    fcntl(listener.fd, F_SETFD, FD_CLOEXEC);
    fcntl(listener.fd, F_SETFL, fcntl(listener.fd, F_GETFL) | O_NONBLOCK);
    name_address(&listener);
    return listener;
}

Listener listener_open(const char *bind_to)
{
    if (strncmp(bind_to, "unix:", 5) == 0)
        return open_unix(bind_to, bind_to + 5);
    if (strncmp(bind_to, "fd:", 3) == 0)
        return inherit(bind_to, bind_to + 3);
    const char *colon = strrchr(bind_to, ':');
    char *end = NULL;
    long port = colon ? strtol(colon + 1, &end, 10) : -1;
    if (!colon || end == colon + 1 || *end || port < 0 || port > 65535)
        capo_raise(ERROR_COMMAND, "'%s' is not an address to listen on: host:port is, as in 127.0.0.1:8000, [::1]:8000 or unix:/path.", bind_to);
    char *host = capo_strndup(bind_to, (size_t)(colon - bind_to));
    size_t size = strlen(host);
    if (size >= 2 && host[0] == '[' && host[size - 1] == ']') {
        host[size - 1] = 0;
        host++;
    }
    struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM }, *found = NULL;
    int failure = getaddrinfo(*host ? host : "0.0.0.0", colon + 1, &hints, &found);
    if (failure)
        capo_raise(ERROR_COMMAND, "The server cannot listen on %s: %s.", bind_to, gai_strerror(failure));
    Listener listener = { .fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) };
    int fd = listener.fd, on = 1, error = 0;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (found->ai_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||       /* inherited by what is accepted */
        bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
        error = errno;
    freeaddrinfo(found);
    if (error)
        refused(bind_to, error, fd);
    name_address(&listener);
    return listener;
}

void listener_close(Listener *listener, bool remove_path)
{
    if (listener->fd >= 0)
        close(listener->fd);
    if (remove_path && *listener->path)
        unlink(listener->path);
    listener->fd = -1;
}

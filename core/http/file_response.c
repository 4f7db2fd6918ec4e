/* SPDX-License-Identifier: BSD-3-Clause */
/* A file as a response. It is opened before anything is decided and only its descriptor is used from there: what is
 * checked is what is sent. Small files are read at once; large ones are sent by the kernel (connection.c). */
#include "request_internal.h"
#include <capo/text.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SMALL = 64 * 1024 };

static const struct { const char *extension, *type; } types[] = {
    { "avif", "image/avif" }, { "bmp", "image/bmp" }, { "bz2", "application/x-bzip2" }, { "css", "text/css; charset=utf-8" },
    { "csv", "text/csv; charset=utf-8" }, { "doc", "application/msword" },
    { "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document" }, { "eot", "application/vnd.ms-fontobject" },
    { "epub", "application/epub+zip" }, { "gif", "image/gif" }, { "gz", "application/gzip" }, { "htm", "text/html; charset=utf-8" },
    { "html", "text/html; charset=utf-8" }, { "ico", "image/x-icon" }, { "ics", "text/calendar; charset=utf-8" },
    { "jpeg", "image/jpeg" }, { "jpg", "image/jpeg" }, { "js", "text/javascript; charset=utf-8" }, { "json", "application/json" },
    { "m4a", "audio/mp4" }, { "map", "application/json" }, { "md", "text/markdown; charset=utf-8" },
    { "mjs", "text/javascript; charset=utf-8" }, { "mov", "video/quicktime" }, { "mp3", "audio/mpeg" }, { "mp4", "video/mp4" },
    { "ods", "application/vnd.oasis.opendocument.spreadsheet" }, { "odt", "application/vnd.oasis.opendocument.text" },
    { "ogg", "audio/ogg" }, { "otf", "font/otf" }, { "pdf", "application/pdf" }, { "png", "image/png" }, { "svg", "image/svg+xml" },
    { "tar", "application/x-tar" }, { "tif", "image/tiff" }, { "tiff", "image/tiff" }, { "ttf", "font/ttf" },
    { "txt", "text/plain; charset=utf-8" }, { "wasm", "application/wasm" }, { "wav", "audio/wav" }, { "webm", "video/webm" },
    { "webmanifest", "application/manifest+json" }, { "webp", "image/webp" }, { "woff", "font/woff" }, { "woff2", "font/woff2" },
    { "xls", "application/vnd.ms-excel" }, { "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
    { "xml", "application/xml" }, { "zip", "application/zip" },
};

const char *capo_media_type(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    if (dot)
        for (size_t i = 0; i < sizeof types / sizeof *types; i++)
            if (strcasecmp(types[i].extension, dot + 1) == 0)
                return types[i].type;
    return "application/octet-stream";
}

static void close_descriptor(void *descriptor)
{
    close((int)(intptr_t)descriptor);
}

static void read_whole(Response *res, int fd, size_t size, const char *path)
{
    char *into = capo_buffer_reserve(&res->body, size);
    while (res->body.size < size) {
        ssize_t n = read(fd, into + res->body.size, size - res->body.size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            capo_raise(500, "The file %s could not be read: %s.", path, n < 0 ? strerror(errno) : "it became shorter meanwhile");
        res->body.size += (size_t)n;
    }
    into[size] = 0;
}

/* --- a part of the file (RFC 9110, 14) ------------------------------------------------------------------------------------------ */

/* Digits, held at the largest number; false: there are none. */
static bool read_number(const char **at, int64_t *ret)
{
    const char *start = *at;
    int64_t number = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++)
        number = number > (INT64_MAX - 9) / 10 ? INT64_MAX - 9 : number * 10 + (**at - '0');
    *ret = number;
    return *at > start;
}

typedef enum RangeKind { RANGE_NONE, RANGE_PART, RANGE_OUTSIDE } RangeKind;

/* "bytes=0-99", "bytes=100-", "bytes=-100". Anything else, several parts among it, is as if it were not said: the whole file. */
static RangeKind read_range(const char *range, int64_t size, int64_t *ret_first, int64_t *ret_count)
{
    int64_t first, last;
    if (strncasecmp(range, "bytes=", 6) != 0)
        return RANGE_NONE;
    const char *at = range + 6;
    bool from = read_number(&at, &first);
    if (*at++ != '-')
        return RANGE_NONE;
    bool to = read_number(&at, &last);
    if (*at || (!from && !to) || (from && to && last < first))
        return RANGE_NONE;
    if (!from) {
        first = last < size ? size - last : 0;
        last = last ? size - 1 : -1;
    } else if (!to || last > size - 1) {
        last = size - 1;
    }
    *ret_first = first;
    *ret_count = last - first + 1;
    return first < size && last >= first ? RANGE_PART : RANGE_OUTSIDE;
}

/* What is asked for of a file that is as it was when the visitor began with it. */
static RangeKind asked_range(Request *req, const char *date, int64_t size, int64_t *ret_first, int64_t *ret_count)
{
    const char *range = req->method == GET ? capo_header(req, "Range") : NULL, *condition = range ? capo_header(req, "If-Range") : NULL;
    if (!range || (condition && strcmp(condition, date) != 0))
        return RANGE_NONE;
    return read_range(range, size, ret_first, ret_count);
}

/* The caller has made sure that it may be read, and gives the descriptor away. */
static Response *respond(Request *req, int fd, const char *path, const char *download_name)
{
    capo_defer(close_descriptor, (void *)(intptr_t)fd);
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        capo_raise(404, "%s is not a file.", path);

    const char *since = req->method == GET || req->method == HEAD ? capo_header(req, "If-Modified-Since") : NULL;
    int64_t seconds;
    bool unchanged = since && http_date_parse(since, &seconds) && status.st_mtime <= seconds;
    Response *res = capo_response(unchanged ? 304 : 200, unchanged ? NULL : capo_media_type(download_name ? download_name : path));
    char *date = capo_alloc(HTTP_DATE_SIZE + 1);
    http_date_put(date, status.st_mtime);
    capo_set_header(res, "Last-Modified", date);
    const char *slash = download_name ? strrchr(download_name, '/') : NULL;
    if (download_name)
        capo_set_header(res, "Content-Disposition", capo_content_disposition(true, slash ? slash + 1 : download_name));
    if (unchanged)
        return res;
    int64_t first = 0, count = status.st_size;
    RangeKind kind = asked_range(req, date, status.st_size, &first, &count);
    capo_set_header(res, "Accept-Ranges", "bytes");
    if (kind == RANGE_OUTSIDE) {
        res->status = 416;
        res->content_type = NULL;
        capo_set_header(res, "Content-Range", capo_format("bytes */%lld", (long long)status.st_size));
        return res;
    }
    if (kind == RANGE_PART) {
        res->status = 206;
        capo_set_header(res, "Content-Range", capo_format("bytes %lld-%lld/%lld", (long long)first, (long long)(first + count - 1), (long long)status.st_size));
        if (lseek(fd, first, SEEK_SET) < 0)
            capo_raise(500, "The file %s could not be read from %lld on: %s.", path, (long long)first, strerror(errno));
    }
    if (count <= SMALL) {
        read_whole(res, fd, (size_t)count, path);
    } else {
        res->internal->file = fd + 1;
        res->internal->file_from = first;
        res->internal->file_size = count;
    }
    return res;
}

Response *capo_file_response(Request *req, const char *path, const char *download_name)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);          /* a FIFO must not block the loop */
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE)
            capo_raise(503, "The file %s could not be opened: %s.", path, strerror(errno));
        capo_raise(404, "There is no file %s that can be read: %s.", path, strerror(errno));
    }
    return respond(req, fd, path, download_name);
}

Response *descriptor_response(Request *req, int fd, const char *path) { return respond(req, fd, path, NULL); }

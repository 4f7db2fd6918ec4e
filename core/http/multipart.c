/* SPDX-License-Identifier: BSD-3-Clause */
/* multipart/form-data: fields into the POST dictionary, files straight to temporary files, through one window of memory. */
#include "multipart.h"
#include "request_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { MAX_NAME = 255 };

typedef struct Upload {
    Request *req;
    int64_t memory;                 /* bytes of fields so far */
    int64_t n_fields;
    const char *field;              /* of the part that is read */
    Buffer text;                    /* of a field */
    UploadedFile *file;             /* NULL: the part is a field, or is skipped */
    int fd;                         /* of the file; negative: none is open */
    bool skip;
} Upload;

static void remove_file(void *path)
{
    unlink(path);                   /* gone already where the view moved it away */
}

static void close_upload(void *argument)
{
    Upload *upload = argument;
    if (upload->fd >= 0)
        close(upload->fd);
    upload->fd = -1;
}

_Noreturn static void refuse(Upload *upload, int status, const char *why)
{
    if (upload->req->internal->connection)
        connection_close_after(upload->req->internal->connection);
    capo_raise(status, "The multipart body of this request was refused: %s.", why);
}

_Noreturn static void disk_failed(Upload *upload, const char *what)
{
    int error = errno;
    bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    if (upload->req->internal->connection)
        connection_close_after(upload->req->internal->connection);
    capo_raise(full ? 507 : 500, "An uploaded file could not be %s: %s.", what, strerror(error));
}

/* --- names --- */

/* Marks that turn the direction of text, so that "exe.gpj" shows as "jpg.exe", and other invisible ones. */
static bool is_deceptive(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* The last component, without deceptive characters, cut to 255 bytes at a character with its extension kept. NULL: none. */
static const char *clean_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if (*c == '/' || *c == '\\')
            name = c + 1;
    Buffer out = { 0 };
    for (const char *at = name, *end = name + strlen(name); at < end;) {
        uint32_t c = capo_utf8_next(&at, end);
        char encoded[4];
        if (!is_deceptive(c))
            capo_put_bytes(&out, encoded, capo_utf8_encode(c, encoded));
    }
    char *clean = capo_strip(capo_buffer_text(&out));
    size_t size = strlen(clean);
    if (size == 0 || strcmp(clean, ".") == 0 || strcmp(clean, "..") == 0)
        return NULL;
    if (size > MAX_NAME) {
        const char *dot = strrchr(clean, '.');
        size_t extension = dot && strlen(dot) < 32 ? strlen(dot) : 0, stem = MAX_NAME - extension;
        while (stem > 0 && ((unsigned char)clean[stem] & 0xc0) == 0x80)
            stem--;
        memmove(clean + stem, clean + size - extension, extension + 1);
    }
    return clean;
}

/* filename*=UTF-8''caf%C3%A9.txt */
static const char *extended_name(Upload *upload, const char *value)
{
    const char *language = strchr(value, '\''), *text = language ? strchr(language + 1, '\'') : NULL;
    if (!text || strncasecmp(value, "utf-8'", 6) != 0)
        refuse(upload, 400, "a file name has an encoding that is not UTF-8");
    for (const char *c = text + 1; (c = strchr(c, '%')); c++)
        if (!strchr("0123456789abcdefABCDEF", c[1] ? c[1] : 'x') || !strchr("0123456789abcdefABCDEF", c[2] ? c[2] : 'x'))
            refuse(upload, 400, "a file name has a broken escape");
    size_t size;
    const char *name = capo_url_unquote(text + 1, strlen(text + 1), false, &size);
    if (strlen(name) != size)
        refuse(upload, 400, "a file name has a null byte");
    return name;
}

/* --- parts --- */

static void open_file(Upload *upload)
{
    const char *directory = capo_server_limits.upload_directory ? capo_server_limits.upload_directory : getenv("TMPDIR");
    char *path = capo_format("%s/capo-upload-XXXXXX", directory && *directory ? directory : "/tmp");
    upload->fd = mkostemp(path, O_CLOEXEC);         /* O_EXCL and 0600, whatever the umask */
    if (upload->fd < 0)
        disk_failed(upload, "begun");
    upload->file->path = path;
    capo_defer(remove_file, path);
}

static void begin_part(Upload *upload, const MultipartPart *part)
{
    RequestInternal *internal = upload->req->internal;
    if (!part->disposition.at)
        refuse(upload, 400, "a part has no Content-Disposition");
    const char *disposition = text_from_visitor(part->disposition.at, part->disposition.size);
    int names = 0, files = 0, extended = 0;
    const char *name = header_parameter(disposition, "name", &names), *file = header_parameter(disposition, "filename", &files);
    const char *file_extended = header_parameter(disposition, "filename*", &extended);
    if (strcmp(header_media_type(disposition), "form-data") != 0 || names != 1 || files > 1 || extended > 1)
        refuse(upload, 400, "a part's Content-Disposition is not one form-data with one name");
    upload->field = name;
    upload->file = NULL;
    upload->skip = false;
    upload->text = (Buffer){ 0 };
    upload->memory += (int64_t)strlen(name);
    if (!file && !file_extended) {
        if (++upload->n_fields > capo_server_limits.max_fields)
            refuse(upload, 400, "it has more fields than are allowed");
        return;
    }
    if (file_extended)
        file = extended_name(upload, file_extended);
    if (!*file) {
        upload->skip = true;        /* a file input that the visitor left empty */
        return;
    }
    if ((int64_t)internal->n_files >= capo_server_limits.max_files)
        refuse(upload, 400, "it has more files than are allowed");
    const char *clean = clean_name(file);
    if (!clean)
        refuse(upload, 400, "a file's name is not one");
    upload->file = capo_alloc_struct(UploadedFile);
    const char *type = part->content_type.at ? text_from_visitor(part->content_type.at, part->content_type.size) : "application/octet-stream";
    int charsets;
    *upload->file = (UploadedFile){ .field = name, .name = clean, .content_type = header_media_type(type), .charset = header_parameter(type, "charset", &charsets) };
    open_file(upload);
}

static void part_data(Upload *upload, Slice data)
{
    if (upload->skip)
        return;
    if (!upload->file) {
        upload->memory += data.size;
        if (upload->memory > capo_server_limits.max_memory_body)
            refuse(upload, 413, "its fields are larger than is allowed");
        capo_put_bytes(&upload->text, data.at, data.size);
        return;
    }
    for (size_t done = 0; done < data.size;) {
        ssize_t n = write(upload->fd, data.at + done, data.size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            disk_failed(upload, "written");
        done += (size_t)n;
    }
    upload->file->size += data.size;
}

static void end_part(Upload *upload)
{
    RequestInternal *internal = upload->req->internal;
    if (upload->skip)
        return;
    if (!upload->file) {
        capo_dict_add(internal->post, upload->field, text_from_visitor(capo_buffer_text(&upload->text), upload->text.size));
        return;
    }
    int fd = upload->fd;
    upload->fd = -1;
    if (close(fd) != 0 && errno != EINTR)
        disk_failed(upload, "written");
    size_t n = internal->n_files;
    if (n == 0)
        internal->files = capo_alloc_array(4, sizeof *internal->files);
    else if (n >= 4 && (n & (n - 1)) == 0)
        internal->files = capo_realloc(internal->files, n * sizeof *internal->files, 2 * n * sizeof *internal->files);
    internal->files[internal->n_files++] = upload->file;
}

/* --- the whole --- */

/* From memory where a view read the body before, else from the socket. */
static size_t refill(Upload *upload, size_t *taken, char *into, size_t size)
{
    RequestInternal *internal = upload->req->internal;
    if (!internal->body_bytes)
        return body_read(upload->req, into, size);
    size_t left = internal->body_size - *taken;
    if (size > left)
        size = left;
    memcpy(into, internal->body_bytes + *taken, size);
    *taken += size;
    return size;
}

void multipart_parse(Request *req, const char *content_type)
{
    Upload *upload = capo_alloc_struct(Upload);
    *upload = (Upload){ .req = req, .fd = -1 };
    int count;
    const char *boundary = header_parameter(content_type, "boundary", &count);
    MultipartReader reader;
    if (count != 1 || multipart_init(&reader, boundary, strlen(boundary)) < 0)
        refuse(upload, 400, "its Content-Type names no valid boundary, or two");
    if (req->internal->body_streamed)
        capo_bug("the form of a request was asked for after its body had been read as a stream.");
    if (!req->internal->body_bytes)
        req->internal->body_streamed = true;
    req->internal->post = capo_dict_parse("", 0);
    capo_defer(close_upload, upload);
    char *window = capo_alloc(MULTIPART_WINDOW);
    size_t have = 0, taken = 0;
    for (;;) {
        size_t got = refill(upload, &taken, window + have, MULTIPART_WINDOW - have);
        have += got;
        const char *at = window;
        MultipartPart part;
        Slice data;
        int step;
        while ((step = multipart_next(&reader, &at, window + have, &part, &data)) != MULTIPART_MORE && step != MULTIPART_END) {
            if (step < 0)
                refuse(upload, step == -E2BIG ? 431 : 400, step == -E2BIG ? "the headers of a part are too long" : "it is malformed");
            if (step == MULTIPART_PART)
                begin_part(upload, &part);
            else if (step == MULTIPART_DATA)
                part_data(upload, data);
            else
                end_part(upload);
        }
        if (step == MULTIPART_END && got == 0)
            break;
        if (got == 0)
            refuse(upload, 400, "it ends before its last boundary");
        size_t left = (size_t)(window + have - at);
        memmove(window, at, left);
        have = left;
    }
    capo_defer_cancel(close_upload, upload);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that visitors uploaded, on their way out. What they hold is a stranger's: a browser is to show it as a picture or a sound or to
 * keep it as a file, never to run it as a page of this site. */
#include "web_internal.h"
#include "settings_internal.h"
#include "../files/files_internal.h"
#include <capo/text.h>
#include <errno.h>
#include <string.h>

#define SIGNATURE "signature"
enum { PIECE = 64 * 1024 };

/* Types that are shown in place, by how they begin; none of them can hold what a browser runs. */
static const char *const shown[] = { "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "audio/", "video/", "text/plain", NULL };
/* Types that can, in whatever way they are opened. */
static const char *const dangerous[] = { "text/html", "text/css", "text/javascript", "image/svg", "application/xml", "application/xhtml", "application/wasm",
                                         "application/manifest", NULL };

static bool begins_with_one_of(const char *type, const char *const *beginnings)
{
    for (; *beginnings; beginnings++)
        if (capo_starts_with(type, *beginnings))
            return true;
    return false;
}

/* --- signed addresses ----------------------------------------------------------------------------------------------------------------- */

static const char *salt_of(const FileStorage *storage)
{
    return capo_format("capo.storage.%s", capo_storage_alias(storage));
}

char *media_sign_url(const FileStorage *storage, const char *name, const char *url)
{
    const char *made = capo_sign_timestamped(name, salt_of(storage));
    return capo_format("%s?" SIGNATURE "=%s", url, capo_url_quote(made + strlen(name) + 1, ""));
}

static bool is_signed(Request *req, const FileStorage *storage, const char *name, int64_t good_for)
{
    const char *signature = capo_param(req, SIGNATURE);
    const char *value = signature ? capo_unsign_timestamped(capo_format("%s:%s", name, signature), salt_of(storage), good_for) : NULL;
    return value && strcmp(value, name) == 0;
}

/* --- the view --------------------------------------------------------------------------------------------------------------------------- */

static void write_pieces(ResponseStream *stream, void *argument)
{
    char *piece = capo_alloc(PIECE);
    for (size_t n; (n = capo_stored_read(argument, piece, PIECE)) > 0; )
        capo_stream_write(stream, piece, n);
}

Response *capo_serve_media(Request *req)
{
    const char *name = capo_arg(req, "path");
    FileStorage *storage = capo_storage(capo_arg_or_null(req, "storage"));
    const StorageSettings *settings = capo_storage_settings(storage);
    if (!file_name_is_safe(name))
        capo_raise(404, "There is no file '%s'.", name);
    if (settings->signed_for && !is_signed(req, storage, name, settings->signed_for))
        capo_raise(403, "The address of the file '%s' is not signed by this site, or its time is over.", name);
    const char *type = capo_media_type(name), *slash = strrchr(name, '/');
    int fd = capo_storage_descriptor(storage, name);
    if (fd == -EMFILE || fd == -ENFILE)
        capo_raise(503, "The file '%s' of the storage '%s' could not be opened: %s.", name, capo_storage_alias(storage), strerror(-fd));
    if (fd < 0 && settings->backend->descriptor)
        capo_raise(404, "There is no file '%s' in the storage '%s'.", name, capo_storage_alias(storage));
    Response *res = fd >= 0 ? descriptor_response(req, fd, name) : capo_stream(type, write_pieces, capo_storage_open(storage, name));
    if (res->content_type)
        res->content_type = begins_with_one_of(type, dangerous) ? "application/octet-stream" : type;
    if (!begins_with_one_of(type, shown))
        capo_set_header(res, "Content-Disposition", capo_content_disposition(true, slash ? slash + 1 : name));
    capo_set_header(res, "X-Content-Type-Options", "nosniff");
    /* the style is the browser's own, of the page that it makes around a picture */
    capo_set_header(res, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    if (settings->signed_for)
        capo_set_header(res, "Cache-Control", "private");
    return res;
}

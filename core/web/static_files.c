/* SPDX-License-Identifier: BSD-3-Clause */
/* Static files: from the program itself with a strong ETag, or from disk; never from outside of a static/ folder. */
#include "web_internal.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *capo_static_url(const char *path)
{
    return capo_format("%s%s", capo_settings()->static_url, capo_url_quote(path + strspn(path, "/"), "/!$&'()*+,;=:@~"));
}

static const char *etag_of(const SourceFile *file)
{
    uint8_t hash[16];
    char hex[2 * sizeof hash + 1];
    crypto_generichash(hash, sizeof hash, (const uint8_t *)file->text, file->size, NULL, 0);
    return capo_format("\"%s\"", sodium_bin2hex(hex, sizeof hex, hash, sizeof hash));
}

/* If-None-Match holds this tag, or '*'. Linear in the header. */
static bool tag_is_known(Request *req, const char *etag)
{
    const char *given = capo_header(req, "If-None-Match");
    return given && (strcmp(given, "*") == 0 || strstr(given, etag));
}

Response *capo_serve_static(Request *req)
{
    const char *name = capo_arg(req, "path");
    const SourceFile *file = capo_find_file("static", name, NULL);
    if (!file)
        capo_raise(404, "There is no static file '%s'.", name);
    const char *etag = etag_of(file);
    Response *res = capo_response(tag_is_known(req, etag) ? 304 : 200, capo_media_type(name));
    if (res->status == 200)
        capo_put_bytes(&res->body, file->text, file->size);
    capo_set_header(res, "ETag", etag);
    capo_set_header(res, "Cache-Control", capo_settings()->debug ? "no-cache" : "public, max-age=300");
    return res;
}

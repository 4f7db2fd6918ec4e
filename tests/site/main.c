/* SPDX-License-Identifier: BSD-3-Clause */
/* A site for the suites: views that are slow, crash, raise, take uploads. */
#include <capo.h>
#include <unistd.h>

static Response *front(Request *req)
{
    (void)req;
    return capo_text("pid %d\n", (int)getpid());
}

static Response *crash(Request *req)
{
    (void)req;
    volatile int *nowhere = NULL;
    return capo_text("%d", *nowhere);
}

static Response *slow(Request *req)
{
    capo_sleep((double)capo_int_param(req, "ms", 1000) / 1000);
    return capo_text("slept\n");
}

static Response *broken(Request *req)
{
    (void)req;
    capo_raise(ERROR_VALUE, "the cat sat on the keyboard");
}

static Response *missing_template(Request *req)
{
    return capo_render(req, "nowhere/at_all.html");
}

static Response *upload(Request *req)
{
    const UploadedFile *file = capo_file(req, "file");
    const char *text = capo_post(req, "text");
    return capo_text("%s %lld %s\n", file ? file->name : "-", file ? (long long)file->size : 0LL, text ? text : "-");
}

static Response *count_users(Request *req)
{
    (void)req;
    return capo_text("%lld users\n", (long long)capo_count(User));
}

static Response *add_user(Request *req)
{
    User *user = capo_new(User);
    user->username = capo_post(req, "name");
    capo_save(user);
    return capo_text("saved %lld\n", (long long)user->id);
}

static Response *echo_json(Request *req)
{
    Value value = capo_json_body(req);
    return capo_json(value);
}

static void write_lines(ResponseStream *stream, void *unused)
{
    (void)unused;
    for (int i = 0; i < 5; i++) {
        capo_stream_format(stream, "line %d\n", i);
        capo_sleep(0.05);
    }
}

static Response *lines(Request *req)
{
    (void)req;
    return capo_stream("text/plain", write_lines, NULL);
}

static const Route urls[] = {
    { "", front },
    { "crash/", crash },
    { "slow/", slow },
    { "broken/", broken },
    { "missing-template/", missing_template },
    { "upload/", upload, .csrf_exempt = true },
    { "users/", count_users },
    { "users/add/", add_user, .csrf_exempt = true },
    { "json/", echo_json, .csrf_exempt = true },
    { "lines/", lines },
    { "admin/", .include = capo_admin_urls },
    { 0 }
};

int main(int argc, char **argv)
{
    return capo_main(argc, argv, &(Settings){ .name = "site", .apps = APPS(&capo_admin, &capo_auth), .urls = urls, .database = "sqlite:site.sqlite3" });
}

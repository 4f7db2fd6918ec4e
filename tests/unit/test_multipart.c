/* SPDX-License-Identifier: BSD-3-Clause */
/* Multipart bodies: the reader over windows of every size, and whole requests made by hand. Ids are rows of the security list. */
#include <capo/testing.h>
#include <capo/server.h>
#include "../../core/http/multipart.h"
#include "../../core/http/request_internal.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "[name]data|" for each part, then "." at the end; or "!error". Bytes arrive `step` at a time. */
static const char *read_all(const char *bytes, size_t size, const char *boundary, size_t step)
{
    MultipartReader reader;
    if (multipart_init(&reader, boundary, strlen(boundary)) < 0)
        return "!boundary";
    Buffer out = { 0 };
    capo_put(&out, "");
    char *window = malloc(size + MULTIPART_WINDOW);
    size_t have = 0, given = 0;
    const char *result = NULL;
    while (!result) {
        size_t more = size - given < step ? size - given : step;
        memcpy(window + have, bytes + given, more);
        have += more;
        given += more;
        const char *at = window;
        MultipartPart part;
        Slice data;
        int event;
        while ((event = multipart_next(&reader, &at, window + have, &part, &data)) == MULTIPART_PART || event == MULTIPART_DATA ||
               event == MULTIPART_PART_END) {
            if (event == MULTIPART_PART)
                capo_put_format(&out, "[%.*s]", part.disposition.at ? (int)part.disposition.size : 4, part.disposition.at ? part.disposition.at : "none");
            else if (event == MULTIPART_DATA)
                capo_put_bytes(&out, data.at, data.size);
            else
                capo_put_char(&out, '|');
        }
        if (event < 0)
            result = event == -E2BIG ? "!large" : "!bad";
        else if (given == size)
            result = event == MULTIPART_END ? capo_format("%s.", capo_buffer_text(&out)) : "!unfinished";
        size_t left = (size_t)(window + have - at);
        memmove(window, at, left);
        have = left;
    }
    free(window);
    return result;
}

static void expect_parts(const char *bytes, const char *wanted)
{
    for (size_t step = 1; step <= 70 && step <= strlen(bytes); step++)
        EXPECT_TEXT(read_all(bytes, strlen(bytes), "XX", step), wanted);
    EXPECT_TEXT(read_all(bytes, strlen(bytes), "XX", strlen(bytes)), wanted);
}

TEST(multipart_reader_sec105_all_window_sizes)
{
    expect_parts("--XX\r\nContent-Disposition: a\r\n\r\nhello\r\n--XX\r\nContent-Disposition: b\r\n\r\n\r\n--XX--\r\n", "[a]hello|[b]|.");
    expect_parts("--XX\r\nContent-Disposition: a\r\n\r\n\r\n--XX--", "[a]|.");
    expect_parts("preamble\r\n--XX\r\nContent-Disposition: a\r\n\r\nx\r\n--XX--\r\nepilogue --XX", "[a]x|.");
    expect_parts("--XX--\r\n", ".");
}

TEST(multipart_reader_sec106_near_boundaries)
{
    expect_parts("--XX\r\nContent-Disposition: a\r\n\r\n\r\r\n\r\n-\r\n--\r\n--X\r\n--YX\r\n\r\n--XX--\r\n", "[a]\r\r\n\r\n-\r\n--\r\n--X\r\n--YX\r\n|.");
    expect_parts("--XX\r\nContent-Disposition: a\r\n\r\n--XX\r\n--XX--\r\n", "[a]--XX|.");
    /* linear time over the worst known inputs */
    static const char *const fillings[] = { "\r", "\n", "\r\n", "\r\n-", "\r\n--", "\r\n--X", "--XX" };
    for (size_t f = 0; f < sizeof fillings / sizeof *fillings; f++) {
        int64_t took[2];
        for (int round = 0; round < 2; round++) {
            Buffer body = { 0 };
            capo_put(&body, "--XX\r\nContent-Disposition: a\r\n\r\n");
            while (body.size < (size_t)(256 * 1024) << round)
                capo_put(&body, fillings[f]);
            capo_put(&body, "\r\n--XX--\r\n");
            const char *all = NULL;
            took[round] = CPU_US_OF(all = read_all(body.data, body.size, "XX", 1000));
            EXPECT(strlen(all) == body.size - 42 + 5);
        }
        EXPECT(took[1] < took[0] * 5 / 2 + 30000);
    }
}

TEST(multipart_reader_sec102_part_headers)
{
    Buffer body = { 0 };
    capo_put(&body, "--XX\r\nContent-Disposition: ");
    for (int i = 0; i < 5000; i++)
        capo_put_char(&body, 'x');
    EXPECT_TEXT(read_all(body.data, body.size, "XX", 100), "!large");
    expect_parts("--XX\r\nContent-Disposition: a\r\nContent-Disposition: b\r\n\r\nx\r\n--XX--", "!bad");
}

TEST(multipart_reader_sec109_bytes_of_part_headers)
{
    static const char *const bodies[] = {
        "--XX\r\nContent-Disposition: a\nb\r\n\r\nx\r\n--XX--", "--XX\r\nContent-Disposition: a\rb\r\n\r\nx\r\n--XX--",
        "--XX\r\nContent-Disposition: a\r\n folded\r\n\r\nx\r\n--XX--", "--XX\r\nContent-Disposition : a\r\n\r\nx\r\n--XX--",
        "--XX\r\nno colon\r\n\r\nx\r\n--XX--", "--XX\r\n\r\nno headers\r\n\r\n--XX--", "--XXtrailing\r\n\r\n", "--XX\nContent-Disposition: a\n\nx",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        expect_parts(bodies[i], "!bad");
}

TEST(multipart_reader_sec100_boundaries)
{
    static const char *const bad[] = { "", "ends with a blank ", "with\r\nbreak", "caf\xc3\xa9", "semi;colon", "a\tb",
                                       "12345678901234567890123456789012345678901234567890123456789012345678901" };
    MultipartReader reader;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        EXPECT(multipart_init(&reader, bad[i], strlen(bad[i])) < 0);
    EXPECT(multipart_init(&reader, bad[6], 70) == 0);
}

/* --- whole requests --- */

typedef struct Posted { const char *type, *body; size_t size; Request *req; } Posted;

static void parse_posted(void *argument)
{
    Posted *posted = argument;
    posted->req = capo_request_make(&(RawRequest){
        .method = "POST", .target = "/", .headers = (struct QueryItem[]){ { "Content-Type", posted->type } }, .n_headers = 1,
        .body = posted->body, .body_size = posted->size ? posted->size : strlen(posted->body),
    });
    capo_post_dict(posted->req);
}

static int status_of(const char *type, const char *body)
{
    const Error *error = capo_try(parse_posted, &(Posted){ .type = type, .body = body });
    return error ? error->status : 200;
}

static Request *parsed(const char *body)
{
    Posted posted = { .type = "multipart/form-data; boundary=XX", .body = body };
    parse_posted(&posted);
    return posted.req;
}

#define PART(disposition, data) "--XX\r\nContent-Disposition: form-data; " disposition "\r\n\r\n" data "\r\n"

TEST(multipart_fields_and_files)
{
    Request *req = parsed(PART("name=\"a\"", "1") PART("name=\"b\"", "caf\xc3\xa9") PART("name=\"a\"", "2") PART("name=\"bad\"", "\xff")
                          "--XX\r\ncontent-disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\nContent-Type: text/plain\r\n\r\nfile\r\n"
                          PART("name=\"none\"; filename=\"\"", "") "--XX--\r\n");
    EXPECT_TEXT(capo_dict_urlencode(capo_post_dict(req)), "a=1&a=2&b=caf%C3%A9&bad=%EF%BF%BD");
    EXPECT_TEXT(capo_post(req, "a"), "2");
    const UploadedFile *file = capo_file(req, "f");
    EXPECT(file != NULL);
    EXPECT_TEXT(file->name, "x.txt");
    EXPECT_TEXT(file->content_type, "text/plain");
    EXPECT_INT(file->size, 4);
    size_t size;
    EXPECT_TEXT(capo_read_file(file->path, &size), "file");
    struct stat status;
    EXPECT(stat(file->path, &status) == 0 && (status.st_mode & 0777) == 0600);         /* SEC-112 */
    EXPECT(capo_file(req, "none") == NULL);
    size_t count;
    capo_files(req, &count);
    EXPECT_INT(count, 1);
}

/* After the body was read as a whole, as in Django. */
TEST(multipart_after_the_body_was_read)
{
    const char *body = PART("name=\"a\"", "1") "--XX--\r\n";
    Request *req = capo_request_make(&(RawRequest){ .method = "POST", .target = "/", .n_headers = 1, .body = body, .body_size = strlen(body),
        .headers = (struct QueryItem[]){ { "Content-Type", "multipart/form-data; boundary=\"XX\"" } } });
    size_t size;
    EXPECT_TEXT(capo_body(req, &size), body);
    EXPECT_TEXT(capo_post(req, "a"), "1");
}

TEST(multipart_sec100_content_types)
{
    const char *body = PART("name=\"a\"", "1") "--XX--\r\n";
    EXPECT_INT(status_of("multipart/form-data; boundary=XX", body), 200);
    EXPECT_INT(status_of("Multipart/Form-Data ; Boundary=\"XX\"", body), 200);
    EXPECT_INT(status_of("multipart/form-data", body), 400);
    EXPECT_INT(status_of("multipart/form-data; boundary=", body), 400);
    EXPECT_INT(status_of("multipart/form-data; boundary=XX; boundary=YY", body), 400);
    EXPECT_INT(status_of("multipart/form-data; boundary=caf\xc3\xa9", body), 400);
}

TEST(multipart_sec103_too_many_parts)
{
    ServerLimits before = capo_server_limits;
    capo_server_limits.max_fields = 10;
    capo_server_limits.max_files = 3;
    int results[4], n = 0;
    for (int over = 0; over <= 1; over++) {
        Buffer fields = { 0 }, files = { 0 };
        for (int i = 0; i < 10 + over; i++)
            capo_put(&fields, PART("name=\"a\"", "1"));
        for (int i = 0; i < 3 + over; i++)
            capo_put(&files, PART("name=\"a\"; filename=\"f\"", "1"));
        capo_put(&fields, "--XX--\r\n");
        capo_put(&files, "--XX--\r\n");
        results[n++] = status_of("multipart/form-data; boundary=XX", fields.data);
        results[n++] = status_of("multipart/form-data; boundary=XX", files.data);
    }
    capo_server_limits = before;
    EXPECT(results[0] == 200 && results[1] == 200 && results[2] == 400 && results[3] == 400);
}

TEST(multipart_sec104_fields_past_the_memory_limit)
{
    ServerLimits before = capo_server_limits;
    capo_server_limits.max_memory_body = 1000;
    Buffer field = { 0 }, file = { 0 };
    capo_put(&field, "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n");
    capo_put(&file, "--XX\r\nContent-Disposition: form-data; name=\"a\"; filename=\"f\"\r\n\r\n");
    for (int i = 0; i < 1000; i++) {
        capo_put_char(&field, 'x');
        capo_put_char(&file, 'x');
    }
    capo_put(&field, "\r\n--XX--\r\n");
    capo_put(&file, "\r\n--XX--\r\n");
    int of_field = status_of("multipart/form-data; boundary=XX", field.data), of_file = status_of("multipart/form-data; boundary=XX", file.data);
    capo_server_limits = before;
    EXPECT_INT(of_field, 413);
    EXPECT_INT(of_file, 200);
}

TEST(multipart_sec110_file_names)
{
    static const struct { const char *disposition, *name; } cases[] = {
        { "filename=\"../../x\"", "x" }, { "filename=\"C:\\\\dir\\\\x.txt\"", "x.txt" }, { "filename=\"/abs\"", "abs" },
        { "filename=\"a\\\"b\"", "a\"b" }, { "filename=\"..\"", NULL }, { "filename=\".\"", NULL }, { "filename=\"dir/\"", NULL },
        { "filename=\"\xe2\x80\xaegpj.exe\"", "gpj.exe" }, { "filename=\"caf\xc3\xa9.txt\"", "caf\xc3\xa9.txt" },
        { "filename=\"a\"; filename*=UTF-8''caf%C3%A9", "caf\xc3\xa9" }, { "filename*=UTF-8''caf%zz", NULL }, { "filename*=UTF-8''%00", NULL },
        { "filename*=KOI8-R''x", NULL }, { "filename*=x", NULL }, { "filename=x.txt", "x.txt" }, { "filename=\"a\"; filename=\"b\"", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Posted posted = { .type = "multipart/form-data; boundary=XX",
                          .body = capo_format("--XX\r\nContent-Disposition: form-data; name=\"f\"; %s\r\n\r\nx\r\n--XX--\r\n", cases[i].disposition) };
        const Error *error = capo_try(parse_posted, &posted);
        if (!cases[i].name) {
            if (!error || error->status != 400)
                capo_test_fail(__FILE__, __LINE__, "not refused: %s", cases[i].disposition);
            continue;
        }
        EXPECT(error == NULL);
        EXPECT_TEXT(capo_file(posted.req, "f")->name, cases[i].name);
    }
    Buffer name = { 0 };
    for (int i = 0; i < 300; i++)
        capo_put(&name, "\xc3\xa9");
    Request *req = parsed(capo_format("--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"%s.txt\"\r\n\r\nx\r\n--XX--\r\n", name.data));
    const char *cut = capo_file(req, "f")->name;
    EXPECT(strlen(cut) <= 255 && strlen(cut) >= 253 && capo_utf8_valid(cut, strlen(cut)) && capo_ends_with(cut, ".txt"));
}

TEST(multipart_broken_bodies_sec111)
{
    static const char *const bodies[] = {
        PART("name=\"a\"", "1"), "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1", "nothing of it", "",
        "--XX\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n--XX--", "--XX\r\nContent-Disposition: form-data\r\n\r\n1\r\n--XX--",
        "--XX\r\nContent-Type: x\r\n\r\n1\r\n--XX--", PART("name=\"a\"; name=\"b\"", "1") "--XX--",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        if (status_of("multipart/form-data; boundary=XX", bodies[i]) != 400)
            capo_test_fail(__FILE__, __LINE__, "not refused: %s", bodies[i]);
}

static size_t uploads_left(void)
{
    size_t count = 0;
    DIR *directory = opendir("/tmp");
    for (struct dirent *entry; (entry = readdir(directory));)
        count += strncmp(entry->d_name, capo_format("capo-upload-"), 12) == 0;
    closedir(directory);
    return count;
}

static void break_after_a_file(void *argument)
{
    (void)argument;
    Posted posted = { .type = "multipart/form-data; boundary=XX", .body = PART("name=\"f\"; filename=\"f\"", "1") };
    parse_posted(&posted);
}

TEST(multipart_sec111_no_file_is_left)
{
    size_t before = uploads_left();
    EXPECT(capo_try(break_after_a_file, NULL) != NULL);
    EXPECT_INT(uploads_left(), before);
}

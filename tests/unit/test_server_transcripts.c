/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/http holds transcripts: bytes to send, answers to expect. */
#include "server_under_test.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "\r\n" and the like in a transcript's line. */
static void put_unescaped(Buffer *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c != '\\') {
            capo_put_char(out, *c);
            continue;
        }
        c++;
        unsigned byte;
        int used = 0;
        if (*c == 'r' || *c == 'n' || *c == 't' || *c == '\\' || *c == '0')
            capo_put_char(out, *c == 'r' ? '\r' : *c == 'n' ? '\n' : *c == 't' ? '\t' : *c == '0' ? '\0' : '\\');
        else if (*c == 'x' && sscanf(c + 1, "%2x%n", &byte, &used) == 1 && used == 2) {
            capo_put_char(out, (char)byte);
            c += 2;
        } else {
            capo_test_fail(__FILE__, __LINE__, "the escape \\%c of a transcript is unknown", *c);
        }
    }
}

/* One block: lines of '>' are sent, lines of '<' expected: "200 text of the body", "closed", "open". */
static void run_block(const char *file, char **lines, size_t count, bool in_pieces)
{
    Wire wire = dial();
    Buffer out = { 0 };
    for (size_t i = 0; i < count; i++)
        if (lines[i][0] == '>')
            put_unescaped(&out, lines[i] + 2);
    if (in_pieces)
        for (size_t at = 0; at < out.size; at++) {
            send_bytes(&wire, out.data + at, 1);
            if (at % 4 == 0)
                fiber_yield();
        }
    else
        send_bytes(&wire, out.data, out.size);
    for (size_t i = 0; i < count; i++) {
        if (lines[i][0] != '<')
            continue;
        const char *wanted = lines[i] + 2;
        if (strcmp(wanted, "closed") == 0 || strcmp(wanted, "open") == 0) {
            bool open = *wanted == 'o';
            if (wire.in.size > wire.at)
                capo_test_fail(file, 0, "%s: unexpected bytes: %s", lines[0], wire.in.data + wire.at);
            bool more = hear(&wire, open ? 20 : 3000);
            if (more || closes_within(&wire, open ? 1 : 3000) == open)
                capo_test_fail(file, 0, "%s: the connection is not %s%s", lines[0], wanted, more ? ", there is more" : "");
            continue;
        }
        Answer got = answer(&wire);
        const char *body = strchr(wanted, ' ');
        if (got.status != atoi(wanted) || (body && !strstr(got.body, body + 1)))
            capo_test_fail(file, 0, "%s: wanted '%s', got %d %s", lines[0], wanted, got.status, got.body);
    }
    close(wire.fd);
}

TEST(server_transcripts)
{
    static const char *const places[] = { "tests/http", "../tests/http", "../../tests/http" };
    DIR *directory = NULL;
    const char *place = NULL;
    for (size_t i = 0; i < 3 && !directory; i++)
        directory = opendir(place = places[i]);
    if (!directory) {
        char *source = capo_strdup(__FILE__);
        *strrchr(source, '/') = 0;
        directory = opendir(place = capo_format("%s/../http", source));
    }
    EXPECT(directory != NULL);
    start_server();
    size_t blocks = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (!capo_ends_with(entry->d_name, ".txt"))
            continue;
        char *text = capo_read_file(capo_format("%s/%s", place, entry->d_name), NULL);
        size_t count, start = 0;
        char **lines = capo_split(text, '\n', &count);
        for (size_t i = 0; i <= count; i++)
            if (i == count || strcmp(lines[i], "---") == 0) {
                while (start < i && (!*lines[start] || strncmp(lines[start], "##", 2) == 0))
                    start++;
                if (i > start) {
                    EXPECT(lines[start][0] == '#');
                    run_block(capo_strdup(entry->d_name), lines + start, i - start, false);
                    run_block(capo_strdup(entry->d_name), lines + start, i - start, true);
                    blocks++;
                }
                start = i + 1;
            }
    }
    closedir(directory);
    EXPECT(blocks >= 30);
}

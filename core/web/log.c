/* SPDX-License-Identifier: BSD-3-Clause */
/* The log: one event, one line on standard error, in UTC: "2026-11-22T15:40:00Z WARNING Forbidden (CSRF cookie not set.): /x".
 *
 * What a visitor sends must not be able to forge a line, move a terminal's cursor or turn the text around: control characters
 * (C0, DEL, C1), line separators, bidirectional marks and bytes that are not UTF-8 are shown as escapes. A line is at most LINE
 * bytes; a longer one is cut with a mark. A log that cannot be written (full disk, reader gone) never stops a request. */
#include "settings_internal.h"
#include <capo/buffer.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 8192 };

static const char *const level_names[] = { "DEBUG", "INFO", "WARNING", "ERROR" };
static const char cut_mark[] = " [cut]";

static bool unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0x061c || c == 0x200e || c == 0x200f ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static size_t put_escape(char *out, uint32_t c, bool is_byte)
{
    if (c == '\n' || c == '\r' || c == '\t')
        return (size_t)sprintf(out, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
    return (size_t)sprintf(out, is_byte || c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
}

/* Copies text, escaped, into out[room]; gives the size. The escapes make it longer, so it may be cut. */
static size_t escape_line(char *out, size_t room, const char *text, size_t size, bool cut)
{
    size_t n = 0;
    const char *at = text, *end = text + size;
    while (at < end) {
        if (n + 8 + sizeof cut_mark > room) {
            cut = true;
            break;
        }
        const char *from = at;
        uint32_t c = capo_utf8_next(&at, end);
        bool bad = c == 0xfffd && !(at - from == 3 && memcmp(from, "\xef\xbf\xbd", 3) == 0);
        if (bad) {
            at = from + 1;
            n += put_escape(out + n, (unsigned char)*from, true);
        } else if (unsafe(c)) {
            n += put_escape(out + n, c, false);
        } else {
            memcpy(out + n, from, (size_t)(at - from));
            n += (size_t)(at - from);
        }
    }
    if (cut) {
        memcpy(out + n, cut_mark, sizeof cut_mark - 1);
        n += sizeof cut_mark - 1;
    }
    return n;
}

void capo_log(LogLevel level, const char *format, ...)
{
    if (level == LOG_DEBUG && !settings_debug())
        return;
    char text[LINE / 2], line[LINE];
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (wanted < 0)
        return;
    struct tm tm;
    time_t now = time(NULL);
    gmtime_r(&now, &tm);
    size_t n = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%SZ ", &tm);
    n += (size_t)snprintf(line + n, sizeof line - n, "%s ", level_names[level]);
    n += escape_line(line + n, sizeof line - n - 1, text, strlen(text), (size_t)wanted >= sizeof text);
    line[n++] = '\n';
    /* One write a line, so that lines of several workers do not mix; what cannot be written is lost, and work goes on. */
    ssize_t written = write(STDERR_FILENO, line, n);
    (void)written;
}

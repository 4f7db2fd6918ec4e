/* SPDX-License-Identifier: BSD-3-Clause */
/* Pages that are sent while they render, over a real connection: whole, bounded, and cut where something goes wrong. */
#include "asking.h"
#include <capo/loop.h>
#include <capo/templates.h>
#include <capo/unit.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct Rows { int64_t at, count, fail_at; } Rows;

static size_t most_memory;              /* of the request's arena, seen at each row */

static bool next_row(void *argument, Value *ret)
{
    Rows *rows = argument;
    size_t now = arena_size(capo_unit->outer->arena);
    most_memory = now > most_memory ? now : most_memory;
    if (rows->at == rows->fail_at)
        capo_raise(500, "row %lld is broken", (long long)rows->at);
    if (rows->at == rows->count)
        return false;
    rows->at++;
    *ret = VALUE(capo_map(V("n", rows->at), V("group", capo_format("group %lld", (long long)rows->at / 3)),
                          V("name", capo_format("<name of row %lld>", (long long)rows->at)), V("price", ((Decimal){ capo_format("%lld.50", (long long)rows->at) })),
                          V("when", ((DateTime){ rows->at * 1000000 }))));
    return true;
}

static Rows *rows_of(Request *req)
{
    Rows *rows = capo_alloc_struct(Rows);
    *rows = (Rows){ .count = capo_int_param(req, "n", 3), .fail_at = capo_int_param(req, "fail", -1) };
    return rows;
}

static Response *report(Request *req)
{
    return capo_render_stream(req, capo_param(req, "template"), V("rows", capo_generator(next_row, rows_of(req))), V("title", "<Report>"));
}
static Response *in_berlin(Request *req)
{
    capo_activate_time_zone(capo_time_zone("Europe/Berlin"));
    capo_activate_language("de");
    return capo_render_stream(req, "stream_place.html", V("when", ((DateTime){ 0 })));
}
/* As a layer that chose them for its visitor and leaves things as they were. */
static Response *leave_as_it_was(Request *req, const Next *next)
{
    Response *res = capo_next(req, next);
    capo_activate_time_zone(NULL);
    capo_deactivate_language();
    return res;
}
static Response *whole(Request *req)
{
    return capo_render(req, capo_param(req, "template"), V("rows", capo_generator(next_row, rows_of(req))), V("title", "<Report>"));
}
static Response *list(Request *req)
{
    List *items = capo_list_new();
    for (int64_t i = 0; i < capo_int_param(req, "n", 3); i++)
        capo_list_add(items, VALUE(i));
    return capo_render_stream(req, "stream_list.html", V("items", items));
}

static const Route urls[] = { { "report", report, .cache_seconds = 60 }, { "whole", whole }, { "list", list }, { "place", in_berlin }, { 0 } };
#define FILE_OF(name, text) { "templates/" name, text, sizeof(text) - 1 }
static const EmbeddedFile files[] = {
    FILE_OF("stream_base.html", "<html>{% block main %}{% endblock %}</html>"),
    FILE_OF("stream_report.html", "{% extends \"stream_base.html\" %}{% block main %}<h1>{{ title }}</h1>{% for row in rows %}<p>{{ forloop.counter }} "
            "{{ row.name }} {{ row.name|upper|truncatechars:20 }} {{ row.price|floatformat:2 }} {{ row.when|date:\"Y-m-d H:i\" }} "
            "{{ row.n|add:5|stringformat:\"05d\" }}{% if row.n > 2 %}!{% endif %}</p>{% empty %}none{% endfor %}{% endblock %}"),
    FILE_OF("stream_keeps.html", "{% for row in rows %}{% ifchanged row.group %}[{{ row.group }}]{% endifchanged %}{% ifchanged %}({{ row.group }}){% endifchanged %}"
            "{% firstof row.name as kept %}{{ kept }}{% cycle row.name 'other' as turn silent %}{{ turn|length }},{{ forloop.last }}{{ forloop.revcounter }};{% endfor %}{{ kept }}"),
    FILE_OF("stream_filters.html", "{% load humanize l10n tz i18n %}{% for row in rows %}{{ row.name|addslashes }}{{ row.name|capfirst }}{{ row.name|center:40 }}"
            "{{ row.name|cut:' ' }}{{ row.name|escapejs }}{{ row.name|force_escape }}{{ row.name|linebreaks }}{{ row.name|linebreaksbr }}"
            "{{ row.name|linenumbers }}{{ row.name|make_list|join:'-' }}{{ row.name|slugify }}{{ row.name|striptags }}{{ row.name|title }}"
            "{{ row.name|truncatechars_html:7 }}{{ row.name|truncatewords:2 }}{{ row.name|upper|lower }}{{ row.name|urlencode }}{{ row.name|urlize }}"
            "{{ row.name|wordcount }}{{ row.name|wordwrap:4 }}{{ row.name|safe }}{{ row.name|slice:':5' }}{{ row.name|random|length }}{{ row.name|pprint }}"
            "{{ row.name|json_script:'x' }}{{ row.name|phone2numeric }}{{ row.name|first }}{{ row.name|last }}{{ row.name|default:'x' }}{{ row.name|yesno:'a,b' }}"
            "{{ row.n|filesizeformat }}{{ row.n|divisibleby:2 }}{{ row.n|get_digit:1 }}{{ row.n|pluralize:'y,ies' }}{{ row.n|intcomma }}{{ row.n|intword }}"
            "{{ row.n|ordinal }}{{ row.n|apnumber }}{{ row.price|floatformat:'2g' }}{{ row.price|add:'1' }}{{ row.price|localize }}{{ row.price|unlocalize }}"
            "{{ row.price }}{{ row.when }}{{ row.when|date }}{{ row.when|time:'P' }}{{ row.when|date:'r N jS e' }}{{ row.when|timezone:'Europe/Berlin' }}"
            "{{ row.when|utc }}{{ row.when|naturalday }}{{ row.when|timesince }}{{ row.when|timezone:'Asia/Tokyo'|date:'c T' }}{{ row.missing }}"
            "{{ row.name|upper|truncatechars:9|center:'30'|ljust:'40'|rjust:'50' }}{% language 'de' %}{{ row.price }}{{ row.when|date:'F' }}{% endlanguage %}\n{% endfor %}"),
    FILE_OF("stream_pairs.html", "{% for key, value in rows %}{% endfor %}"),
    FILE_OF("stream_place.html", "{{ when|date:'H:i F' }}"),
    FILE_OF("stream_broken.html", "{% for x in %}"),
    FILE_OF("stream_length.html", "{{ rows|length }}.{{ rows|first }}.{{ rows|join:',' }}"),
    FILE_OF("stream_sorted.html", "{% for r in rows reversed %}{% endfor %}"),
    FILE_OF("stream_list.html", "{% for x in items %}{{ x }}:{{ x|default:'-' }},{% endfor %}end"), { 0 }
};
static const App inside = { .name = "inside", .files = files };

static void use(void)
{
    capo_web_hooks = (WebHooks){ 0 };
    capo_settings_init(&(Settings){ .secret_key = TEST_KEY, .urls = urls, .apps = APPS(&inside), .allowed_hosts = LIST("*"), .middleware = MIDDLEWARE(NULL) });
    most_memory = 0;
}

/* --- a server in a fiber, and a reader that keeps only what it needs --- */

static char address[160];
static bool ended;
static Fiber *waiter;

static void ready(const char *where) { snprintf(address, sizeof address, "%s", where); }
static void serve(void *argument)
{
    (void)argument;
    capo_serve(&(ServeOptions){ .binds = LIST("127.0.0.1:0"), .single_process = true, .handle = capo_handle, .ready = ready });
}
static void serve_done(void *argument, Unit *unit, const Error *error)
{
    (void)argument, (void)unit, (void)error;
    ended = true;
    if (waiter)
        fiber_wake(waiter);
}
static void end_server(void *argument)
{
    (void)argument;
    waiter = capo_fiber_current();
    if (!ended)
        kill(getpid(), SIGTERM);
    while (!ended)
        fiber_park(100);
}
static void start_server(void)
{
    ended = false;
    waiter = NULL;
    *address = 0;
    capo_fiber_start("server", serve, NULL, serve_done, false);
    while (!*address)
        fiber_yield();
    fiber_yield();
    capo_defer(end_server, NULL);
}

typedef struct Heard { size_t size; char first[4096]; char last[64]; bool reset; } Heard;

/* Reads slowly where asked to: the page must wait, not pile up. */
static Heard hear(const char *request, int pause_every)
{
    Heard heard = { 0 };
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    EXPECT(connect(fd, (struct sockaddr *)&to, sizeof to) == 0 || (errno == EINPROGRESS && fiber_wait(fd, WAIT_WRITE, 3000)));
    EXPECT_INT(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    static char piece[65536];
    for (int turn = 1;; turn++) {
        ssize_t n = recv(fd, piece, sizeof piece, 0);
        if (n < 0 && errno == EAGAIN && fiber_wait(fd, WAIT_READ, 20000))
            continue;
        heard.reset = n < 0 && errno == ECONNRESET;
        if (n <= 0)
            break;
        if (heard.size < sizeof heard.first - 1)
            memcpy(heard.first + heard.size, piece, (size_t)n < sizeof heard.first - 1 - heard.size ? (size_t)n : sizeof heard.first - 1 - heard.size);
        size_t tail = sizeof heard.last - 1;
        if ((size_t)n >= tail) {
            memcpy(heard.last, piece + n - tail, tail);
        } else {
            size_t old = strlen(heard.last), drop = old + (size_t)n > tail ? old + (size_t)n - tail : 0;
            memmove(heard.last, heard.last + drop, old - drop);
            memcpy(heard.last + old - drop, piece, (size_t)n);
        }
        heard.size += (size_t)n;
        if (pause_every && turn % pause_every == 0)
            capo_sleep(0.002);
    }
    close(fd);
    return heard;
}

static Heard get(const char *target)
{
    return hear(capo_format("GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", target), 0);
}

TEST(template_stream_is_the_same_page)
{
    use();
    static const char *const templates[] = { "stream_report.html", "stream_keeps.html", "stream_filters.html" };
    capo_freeze_time((DateTime){ 1800000000000000 });
    for (size_t i = 0; i < 3; i++)
        for (int n = 0; n < 40; n += 13)
            EXPECT_TEXT(ask("GET", capo_format("/report?n=%d&template=%s", n, templates[i]), NULL, NULL).body,
                        ask("GET", capo_format("/whole?n=%d&template=%s", n, templates[i]), NULL, NULL).body);
    EXPECT_TEXT(ask("GET", "/report?n=2&template=stream_report.html", NULL, NULL).body,
                "<html><h1>&lt;Report&gt;</h1><p>1 &lt;name of row 1&gt; &lt;NAME OF ROW 1&gt; 1.50 1970-01-01 00:00 00006</p>"
                "<p>2 &lt;name of row 2&gt; &lt;NAME OF ROW 2&gt; 2.50 1970-01-01 00:00 00007</p></html>");
    EXPECT_TEXT(ask("GET", "/report?n=3&template=stream_keeps.html", NULL, NULL).body,
                "[group 0](group 0)&lt;name of row 1&gt;15,False;&lt;name of row 2&gt;5,False;[group 1](group 1)&lt;name of row 3&gt;15,False;");
    Asked asked = ask("GET", "/report?n=1&template=stream_report.html", NULL, NULL);
    EXPECT_TEXT(header_of(asked, "Content-Type"), "text/html; charset=utf-8");
    EXPECT_TEXT(header_of(asked, "Cache-Control"), "private");
}

/* Over many rows each of which is gone at the next: what is remembered of them must be copies. */
TEST(template_stream_keeps_no_rows)
{
    use();
    start_server();
    Heard heard = get("/report?n=20000&template=stream_keeps.html");
    EXPECT(heard.size > 20000 * 40);
    EXPECT_HAS(heard.last, "False;\r\n0\r\n\r\n");
}

static int64_t rows_wanted(void)
{
    const char *wanted = getenv("CAPO_TEST_STREAM_ROWS");
    return wanted ? atoll(wanted) : 50000;
}

TEST(template_stream_is_bounded)
{
    use();
    start_server();
    int64_t n = rows_wanted();
    Heard heard = get(capo_format("/report?n=%lld&template=stream_report.html", (long long)n));
    EXPECT_HAS(heard.first, "Transfer-Encoding: chunked\r\n");
    EXPECT_HAS(heard.first, "<h1>&lt;Report&gt;</h1><p>1 &lt;name of row 1&gt;");
    EXPECT_HAS(heard.last, "!</p></html>\r\n0\r\n\r\n");
    EXPECT(heard.size > (size_t)n * 90);
    if (getenv("CAPO_TEST_STREAM_ROWS"))
        printf("%zu bytes, arena %zu\n", heard.size, most_memory);
    EXPECT(most_memory < 256 * 1024);
}

/* A client that reads slowly holds the page back. */
TEST(template_stream_waits_for_its_reader)
{
    use();
    start_server();
    Heard heard = hear("GET /report?n=30000&template=stream_report.html HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 4);
    EXPECT_HAS(heard.last, "!</p></html>\r\n0\r\n\r\n");
    EXPECT(most_memory < 256 * 1024);
}

TEST(template_stream_in_the_views_language_and_zone)
{
    use();
    static Middleware *const layers[] = { leave_as_it_was, NULL };
    capo_settings_init(&(Settings){ .secret_key = TEST_KEY, .urls = urls, .apps = APPS(&inside), .allowed_hosts = LIST("*"), .middleware = layers });
    EXPECT_TEXT(ask("GET", "/place", NULL, NULL).body, "01:00 Januar");
}

TEST(template_stream_over_a_list)
{
    use();
    start_server();
    Heard heard = get("/list?n=30000");
    EXPECT_HAS(heard.last, "29999:29999,end\r\n0\r\n\r\n");
}

/* An error in the middle: no end chunk, and under HTTP/1.0, where the end of the connection is the page's, a reset. */
TEST(template_stream_that_fails_is_cut)
{
    use();
    start_server();
    Heard heard = get("/report?n=9000&fail=8000&template=stream_report.html");
    EXPECT_HAS(heard.first, "HTTP/1.1 200 OK\r\n");
    EXPECT(heard.size > 7000 * 90);
    EXPECT_HAS_NOT(heard.last, "0\r\n\r\n");
    EXPECT_HAS_NOT(heard.last, "</html>");
    heard = hear("GET /report?n=9000&fail=8000&template=stream_report.html HTTP/1.0\r\nHost: a\r\n\r\n", 0);
    EXPECT(heard.reset);
    /* what is wrong before anything was sent is an error page */
    EXPECT_INT(ask("GET", "/report?template=stream_nowhere.html", NULL, NULL).status, 500);
    EXPECT_INT(ask("GET", "/report?template=stream_broken.html", NULL, NULL).status, 500);
    EXPECT_HAS(get("/list?n=1").last, "end\r\n0\r\n\r\n");              /* the server is well */
}

TEST(template_stream_http_1_0_and_head)
{
    use();
    start_server();
    Heard heard = hear("GET /report?n=3000&template=stream_report.html HTTP/1.0\r\nHost: a\r\n\r\n", 0);
    EXPECT_HAS_NOT(heard.first, "chunked");
    EXPECT_HAS(heard.last, "</p></html>");
    EXPECT(strcmp(heard.last + strlen(heard.last) - 7, "</html>") == 0 && !heard.reset);
    heard = hear("HEAD /report?n=3000&template=stream_report.html HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 0);
    EXPECT_HAS(heard.first, "HTTP/1.1 200 OK\r\n");
    EXPECT(heard.size < 500);
    EXPECT_HAS(heard.last, "\r\n\r\n");
}

static void ask_for(void *target) { ask("GET", target, NULL, NULL); }

/* What is gone through one by one has no length and no last item: a sentence says so, and nothing is collected. */
TEST(template_stream_rows_are_not_collected)
{
    use();
    const Error *error = capo_try(ask_for, (void *)"/report?template=stream_sorted.html");
    EXPECT(error && strstr(error->message, "one by one"));
    error = capo_try(ask_for, (void *)"/report?template=stream_pairs.html");
    EXPECT(error && error->code == ERROR_VALUE);
}

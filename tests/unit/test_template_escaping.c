/* SPDX-License-Identifier: BSD-3-Clause */
/* Autoescape cannot be lost: random templates out of all tags and filters that do not switch it off, over a context in which every text
 * carries a mark, never print a mark as markup.
 *
 * A mark is "zq" with the characters of HTML around it. The templates' own text is letters, and their HTML, as that of the filters
 * that make some, is known: it is taken off the output first. What is left may not have a raw < > " or ', nor "&zq".
 * A failure prints the seed and the templates. */
#include "../../templates/engine.h"
#include <capo/testing.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { ROUNDS = 4000, TEMPLATES = 5 };
#define MARK "<zq>\"zq'&zq"

/* --- a template by chance --------------------------------------------------------------------------------------------------------- */

typedef struct Making {
    uint64_t seed;
    Buffer out;
    int depth, serial;
    bool plain;                 /* within {% filter %}: no HTML, which the filter could cut in two */
    bool child;                 /* extends another: block.super is there */
    int level;                  /* which template; it includes and extends later ones only */
} Making;

static unsigned pick(Making *m, unsigned count)
{
    m->seed = m->seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(m->seed >> 33) % count;
}

#define ONE_OF(m, ...) ({ static const char *const of_[] = { __VA_ARGS__ }; of_[pick((m), sizeof of_ / sizeof *of_)]; })
#define PUT(m, ...) capo_put_format(&(m)->out, __VA_ARGS__)

static const char *variable(Making *m)
{
    return ONE_OF(m, "x", "x", "y", "long", "url", "mail", "entity", "lines", "d", "d.k", "d.items", "l", "l.0", "l.1.s", "o", "o.name", "o.called", "nested", "n", "f", "dec",
                  "date", "dt", "i", "g", "w", "c", "t", "u", "missing", "forloop", "forloop.counter", "block", "block.name", "bytes", "dur", "'word'", "pair");
}

/* One that is a text, for arguments. */
static const char *text(Making *m)
{
    return ONE_OF(m, "x", "y", "long", "url", "mail", "entity", "lines", "d.k", "l.0", "l.1.s", "o.name", "w", "c", "t", "u", "i", "g", "_('word')", "'word'");
}

/* Filters that leave a text as plain as it was: none makes markup. */
static void put_filters(Making *m, int most)
{
    for (int i = (int)pick(m, (unsigned)most + 1); i > 0; i--) {
        switch (pick(m, 4)) {
        case 0:
            PUT(m, "|%s", ONE_OF(m, "upper", "lower", "title", "capfirst", "addslashes", "slugify", "striptags", "escape", "force_escape", "escapejs", "iriencode", "urlencode",
                                 "wordcount", "length", "first", "last", "random", "make_list", "linenumbers", "filesizeformat", "floatformat",
                                 "pluralize", "yesno", "date", "time", "again", "plain", "ordinal", "intcomma", "intword", "apnumber", "naturalday", "localize",
                                 "unlocalize", "escape", "force_escape"));
            break;
        case 1:
            PUT(m, "|%s:%s", ONE_OF(m, "truncatechars", "truncatechars_html", "truncatewords", "truncatewords_html", "wordwrap", "center", "ljust", "rjust", "floatformat"),
                ONE_OF(m, "1", "2", "3", "5", "8", "13", "40", "n"));
            break;
        case 2:
            PUT(m, "|%s:%s", ONE_OF(m, "default", "default_if_none", "add", "cut", "join", "plain", "yesno", "pluralize", "date", "dictsort", "urlencode", "default"), text(m));
            break;
        default:
            PUT(m, "|%s", ONE_OF(m, "slice:':3'", "slice:'1:'", "slice:'::2'", "stringformat:'s'", "stringformat:'20s'", "stringformat:'.3s'", "cut:'amp'", "cut:';'",
                                 "cut:'&'", "cut:'x27'", "join:', '", "yesno:'a,b,c'", "date:'Y c'", "dictsort:'s'", "dictsortreversed:0", "default:'none'",
                                 "truncatechars:7", "join:''"));
        }
    }
}

static void put_expression(Making *m)
{
    PUT(m, "%s", variable(m));
    put_filters(m, 3);
}

static void put_nodes(Making *m, int most);

static void put_body(Making *m)
{
    m->depth++;
    put_nodes(m, 3);
    m->depth--;
}

static void put_printed(Making *m)
{
    if (!m->plain && pick(m, 6) == 0) {
        PUT(m, "<i t=\"{{ ");
        put_expression(m);
        PUT(m, " }}\">");
        return;
    }
    if (!m->plain && pick(m, 4) == 0) {         /* what makes HTML comes last */
        if (pick(m, 6) == 0) {
            PUT(m, "{{ %s|unordered_list }}", ONE_OF(m, "x", "l", "nested", "pairs", "d", "o"));
            return;
        }
        PUT(m, "{{ %s", variable(m));
        put_filters(m, 1);
        PUT(m, "|%s }}", ONE_OF(m, "linebreaks", "linebreaksbr", "urlize", "urlizetrunc:5", "urlizetrunc:15", "json_script", "json_script:x", "json_script:'id'"));
        return;
    }
    if (pick(m, 12) == 0) {
        PUT(m, "{{ %s|escapeseq|join:%s }}", ONE_OF(m, "x", "l", "pairs", "d", "o"), text(m));
        return;
    }
    if (pick(m, 8) == 0) {
        PUT(m, "{{ %s|pprint }}", ONE_OF(m, "l", "d", "o", "nested"));
        return;
    }
    PUT(m, "{{ ");
    put_expression(m);
    PUT(m, " }}");
}

/* A tag without a body. */
static void put_tag(Making *m)
{
    const char *other = m->level + 1 < TEMPLATES ? capo_format("t%d", m->level + 1 + (int)pick(m, (unsigned)(TEMPLATES - m->level - 1))) : NULL;
    const char *a = variable(m), *b = variable(m), *c = text(m);
    switch (pick(m, 18)) {
    case 0: PUT(m, "{%% firstof missing %s %s %%}", a, b); break;
    case 1: PUT(m, "{%% firstof missing %s as w %%}{{ w }}", a); break;
    case 2: PUT(m, "{%% cycle %s %s x %%}", a, b); break;
    case 3: PUT(m, "{%% cycle %s %s as c silent %%}{{ c }}", a, b); break;
    case 4: PUT(m, "{%% url %s %s as u %%}{{ u }}", ONE_OF(m, "'r'", "x"), a); break;
    case 5: PUT(m, "{%% url 'r' %s %%}", a); break;
    case 6: PUT(m, "{%% querystring d a=%s %%}", a); break;
    case 7: PUT(m, "{%% static %s %%}", c); break;
    case 8: PUT(m, "{%% translate %s %s%%}{{ t }}", c, ONE_OF(m, "as t ", "", "noop ")); break;
    case 9: PUT(m, "{%% regroup l by s as g %%}{%% for k in g %%}{{ k.grouper }}{{ k.list|join:k.grouper }}{%% endfor %%}"); break;
    case 10: PUT(m, "{%% again_tag %s %%}{%% again_tag text=%s as w %%}{{ w }}", a, b); break;
    case 11: PUT(m, "{%% boxed %s %%}", a); break;
    case 12: if (other && !m->plain) PUT(m, "{%% include '%s' %s%%}", other, ONE_OF(m, "", "only ", "with x=y ", "with y=x|upper only ")); break;
    case 13: if (!m->plain) PUT(m, "{%% csrf_token %%}"); break;
    case 14: PUT(m, "{%% debug %%}"); break;
    case 15: PUT(m, "{%% now 'Y' as w %%}{{ w }}{%% widthratio n 4 10 as w %%}{{ w }}{%% lorem 2 w %%}"); break;
    case 16: if (m->child && !m->plain) PUT(m, "{{ block.super }}"); break;
    default: PUT(m, "{%% get_current_language as w %%}{{ w }}{%% get_current_timezone as w %%}{{ w }}"); break;
    }
}

static void put_section(Making *m)
{
    const char *a = variable(m), *b = variable(m), *end;
    switch (pick(m, 17)) {
    case 0: PUT(m, "{%% with w=%s x=%s %%}", a, b); end = "endwith"; break;
    case 1: PUT(m, "{%% for i in %s %%}", ONE_OF(m, "l", "d", "x", "pair", "nested", "d.items", "o")); end = "endfor"; break;
    case 2: PUT(m, "{%% for i, w in %s reversed %%}", ONE_OF(m, "pairs", "d.items", "pairs")); end = "endfor"; break;
    case 3: PUT(m, "{%% if %s %s %s %%}", a, ONE_OF(m, "==", "or", "and", "in", "<", "is not"), b); end = "endif"; break;
    case 4: PUT(m, "{%% if %s|cut:missing %s x|upper %%}yes{%% else %%}", a, ONE_OF(m, "==", "or")); end = "endif"; break;
    case 5: PUT(m, "{%% ifchanged %s %%}", ONE_OF(m, "", "x", "i")); end = "endifchanged"; break;
    case 6: PUT(m, "{%% autoescape on %%}"); end = "endautoescape"; break;
    case 7: PUT(m, "{%% spaceless %%}"); end = "endspaceless"; break;
    case 8: PUT(m, "{%% language 'de' %%}"); end = "endlanguage"; break;
    case 9: PUT(m, "{%% timezone 'Europe/Berlin' %%}"); end = "endtimezone"; break;
    case 10: PUT(m, "{%% localtime off %%}"); end = "endlocaltime"; break;
    case 11: PUT(m, "{%% box %s %%}", a); end = "endbox"; break;
    case 12: PUT(m, "{%% partialdef p%d%d inline %%}", m->level, ++m->serial); end = "endpartialdef"; break;
    case 13: {
        const char *count = ONE_OF(m, "1", "n", "2");
        PUT(m, "{%% blocktranslate with w=%s|default:'a' count k=%s %s%%}one {{ w }} {{ x }}{%% plural %%}many {{ y }} {{ w }} {{ k }}{%% endblocktranslate %%}{{ t }}", a, count,
            ONE_OF(m, "", "trimmed ", "asvar t "));
        return;
    }
    case 14: PUT(m, "{%% cache 500 f%d%d %s %%}", m->level, ++m->serial, a); end = "endcache"; break;
    default: {
        bool plain = m->plain;
        m->plain = true;
        PUT(m, "{%% filter %s %%}", plain || pick(m, 3) ? ONE_OF(m, "upper", "lower|title", "truncatechars:9", "truncatechars_html:5", "truncatewords_html:2", "striptags", "cut:'mp'",
            "cut:'lt'", "wordwrap:4", "slice:'2:'", "addslashes", "slugify", "force_escape", "escapejs", "urlencode", "make_list|join:'a'", "capfirst", "center:50",
            "phone2numeric", "linenumbers", "again", "plain", "plain:'a'", "default:'a'", "add:'a'", "stringformat:'.9s'", "iriencode", "title") :
            ONE_OF(m, "linebreaks", "linebreaksbr", "urlize", "urlizetrunc:9", "unordered_list"));
        put_body(m);
        PUT(m, "{%% endfilter %%}");
        m->plain = plain;
        return;
    }
    }
    put_body(m);
    PUT(m, "{%% %s %%}", end);
}

static void put_nodes(Making *m, int most)
{
    for (int i = 1 + (int)pick(m, (unsigned)most); i > 0; i--) {
        unsigned what = pick(m, 10);
        PUT(m, "%s", ONE_OF(m, " ", "word ", "\n\n", ""));
        if (what < 5 || m->depth > 3)
            put_printed(m);
        else if (what < 7)
            put_tag(m);
        else
            put_section(m);
    }
}

static const char *make_template(uint64_t seed, int level)
{
    Making m = { .seed = seed * 2654435761u + (uint64_t)level * 97, .level = level };
    pick(&m, 2);
    m.child = level + 1 < TEMPLATES && pick(&m, 2);
    if (m.child)
        PUT(&m, "{%% extends 't%d' %%}", level + 1 + (int)pick(&m, (unsigned)(TEMPLATES - level - 1)));
    PUT(&m, "{%% load i18n l10n tz cache humanize static own %%}");
    for (int i = 0; i < 3; i++) {
        if (!m.child)
            put_nodes(&m, 2);
        PUT(&m, "{%% block b%d %%}", i);
        put_nodes(&m, 3);
        PUT(&m, "{%% endblock %%}");
    }
    return capo_buffer_text(&m.out);
}

/* --- a context in which every text has a mark ------------------------------------------------------------------------------------------ */

static bool marked_get(Object *self, const char *name, size_t size, Value *ret)
{
    (void)self;
    if (size == 4 && memcmp(name, "name", 4) == 0)
        *ret = VALUE(MARK);
    else if (size == 6 && memcmp(name, "called", 6) == 0)
        *ret = capo_value_object(self);
    else
        return false;
    return true;
}

static const char *marked_text(Object *self) { (void)self; return "<zq: " MARK ">"; }
static int64_t marked_length(Object *self) { (void)self; return 2; }
static bool marked_next(Object *self, void **state, Value *ret)
{
    (void)self;
    if ((intptr_t)*state == 2)
        return false;
    *state = (void *)((intptr_t)*state + 1);
    *ret = VALUE(MARK);
    return true;
}
static const ObjectOps marked_ops = { .type_name = "Zq<zq>", .get = marked_get, .text = marked_text, .length = marked_length, .next = marked_next };

static Value again_filter(Value value, Value argument) { (void)argument; return VALUE(capo_format("%s%s", capo_to_text(value), capo_to_text(value))); }
static Value plain_filter(Value value, Value argument) { return VALUE(capo_format("%s%s", capo_to_text(value), capo_to_text(argument))); }
static Value again_tag(Context *context, const TagArguments *arguments)
{
    (void)context;
    Value text = capo_tag_argument(arguments, "text");
    return VALUE(capo_format("%s%s", capo_to_text(text), MARK));
}
static Map *boxed_tag(Context *context, const TagArguments *arguments)
{
    (void)context;
    return capo_map_of((const Var[]){ { "label", capo_tag_argument(arguments, "label") }, V("x", MARK), { 0 } });
}
static Value box_tag(Context *context, const TagArguments *arguments, Value content)
{
    (void)context, (void)arguments;
    return content;
}
static const TemplateFilter filters[] = { { "again", again_filter, .is_safe = true }, { "plain", plain_filter, ARGUMENT_OPTIONAL }, { 0 } };
static const TemplateTag tags[] = { { "again_tag", .simple = again_tag, .arguments = "text" }, { "boxed", .inclusion = boxed_tag, .template = "box", .arguments = "label" },
                                    { "box", .block = box_tag, .arguments = "label=None" }, { 0 } };
static const TagLibrary own[] = { { "own", .filters = filters, .tags = tags }, { 0 } };
static const TagLibrary *own_libraries(size_t i) { return i == 0 ? own : NULL; }

static char *marked_reverse(const Context *context, const char *name, const Var *arguments, bool quiet)
{
    (void)context, (void)quiet;
    return capo_format("/%s/" MARK "/%s", name, arguments[0].name ? capo_to_text(arguments[0].value) : "");
}

static void set_marked(Context *context)
{
    List *list = capo_list_new(), *pairs = capo_list_new(), *nested = capo_list_new();
    capo_list_add(list, VALUE(MARK));
    capo_list_add(list, VALUE(capo_map(V("s", MARK), V("n", 1))));
    capo_list_add(list, VALUE(capo_map(V("s", "zq<"), V("n", 2))));
    for (int i = 0; i < 2; i++) {
        List *pair = capo_list_new();
        capo_list_add(pair, VALUE(MARK));
        capo_list_add(pair, VALUE("'zq'"));
        capo_list_add(pairs, VALUE(pair));
        capo_list_add(nested, VALUE(MARK));
        capo_list_add(nested, VALUE(pair));
    }
    Object *object = capo_alloc_struct(Object);
    object->ops = &marked_ops;
    const Var vars[] = {
        V("x", MARK), V("y", "y " MARK " <zq onzq='zq'> zq"), V("long", "zq <zq></zq> &zq; \"zq\" 'zq' <!--zq--> <zq a='>' b=\"zq\"> zq </script><script>zq"),
        V("url", "see http://zq.com/<zq>?a='zq'&zq=\"zq\"&b=%22 (www.zq.org/'zq) https://zq.net/&quot;zq"), V("mail", "zq'zq@zq.com <zq@zq.de> \"zq\"@zq.com zq&zq@zq.org"),
        V("entity", "&lt;zq&gt; &#60;zq&#x3e; &amp;lt;zq &quot;zq &#39zq &ltzq"), V("lines", "<zq>\r\n\n'zq'\r&zq\n\"zq\""), V("d", capo_map(V("k", MARK), V("<zq>", "'zq'"), V("o", capo_value_object(object)))),
        V("l", list), V("pairs", pairs), V("pair", list), V("nested", nested), V("n", 3), V("f", -1.5), V("dec", (Decimal){ "12345.678" }), V("date", (Date){ 20000 }),
        V("dt", (DateTime){ 1700000000000000 }), V("dur", (Duration){ 86400000001 }), { "o", capo_value_object(object) }, { "bytes", capo_value_bytes("<zq>'", 5) },
        V("csrf_token", MARK), V("i", MARK), V("g", "'zq"), V("w", "w\"zq"), V("c", "<zq"), V("t", "t&zq"), V("u", "zq>"), { 0 },
    };
    for (const Var *var = vars; var->name; var++)
        capo_context_set(context, var->name, var->value);
}

/* --- what is wrong with an output ---------------------------------------------------------------------------------------------------------- */

/* Behind `start` and the text up to `end`, in which none of `never` is; NULL: it is not there. */
static const char *behind(const char *at, const char *start, const char *never, const char *end)
{
    if (strncmp(at, start, strlen(start)) != 0)
        return NULL;
    at += strlen(start);
    at += strcspn(at, never);
    return strncmp(at, end, strlen(end)) == 0 ? at + strlen(end) : NULL;
}

/* Behind the piece of HTML that a template or filter made at `at`, or NULL. */
static const char *known_html(const char *at)
{
    static const char *const whole[] = { "<p>", "</p>", "<br>", "<ul>", "</ul>", "<li>", "</li>", "</a>" };
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (strncmp(at, whole[i], strlen(whole[i])) == 0)
            return at + strlen(whole[i]);
    const char *next;
    if ((next = behind(at, "<i t=\"", "\"'<>", "\">")) || (next = behind(at, "<a href=\"", "\"'<>", "\" rel=\"nofollow\">")) ||
        (next = behind(at, "<a href=\"mailto:", "\"'<>", "\">")) || (next = behind(at, "<script type=\"application/json\">", "<>&", "</script>")) ||
        (next = behind(at, "<input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"", "\"'<>", "\">")))
        return next;
    next = behind(at, "<script id=\"", "\"'<>", "\" type=\"application/json\">");
    return next ? behind(next, "", "<>&", "</script>") : NULL;
}

/* The first mark that stands there raw, or NULL. */
static const char *raw_mark(const char *text)
{
    for (const char *at = text; *at;) {
        const char *next = *at == '<' ? known_html(at) : NULL;
        if (next) {
            at = next;
            continue;
        }
        if (strchr("<>\"'", *at) || strncasecmp(at, "&zq", 3) == 0)
            return at;
        at++;
    }
    return NULL;
}

TEST(template_escaping_sees_raw_marks)
{
    static const char *const bad[] = { "<zq>", "a \"", "'", "&zq", "&ZQ", "<i t=\"'\">", "<a href=\"<\" rel=\"nofollow\">", "<script type=\"application/json\">&</script>", "<br", ">",
                                       "<a href=\"javascript:zq\">" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        EXPECT(raw_mark(bad[i]) != NULL);
    EXPECT(!raw_mark("<p>&lt;zq&gt;<br></p><i t=\"&quot;zq\"><a href=\"http://zq/%22\" rel=\"nofollow\">&AMP;zq</a><script id=\"a\" type=\"application/json\">\"\\u003C'\"</script>"));
}

/* --- the property ----------------------------------------------------------------------------------------------------------------------------- */

typedef struct Round { uint64_t seed; const char *sources[TEMPLATES]; char report[12000]; bool rendered; Engine *engine; } Round;

static bool find_made(const Engine *engine, const char *name, int place, TemplateSource *ret, const char **ret_tried)
{
    const Round *round = engine->data;
    const char *text = strcmp(name, "box") == 0 ? "[{{ label }}{{ x }}]" : name[0] == 't' && name[1] >= '0' && name[1] < '0' + TEMPLATES ? round->sources[name[1] - '0'] : NULL;
    (void)ret_tried;
    if (place > 0 || !text)
        return false;
    *ret = (TemplateSource){ .text = text, .size = strlen(text) };
    return true;
}

static void render_round(void *argument)
{
    Round *round = argument;
    Buffer out = { 0 };
    Context *context = capo_context_for(round->engine, NULL);
    set_marked(context);
    capo_template_run(capo_template_get(round->engine, "t0"), context, &out);
    round->rendered = true;
    const char *text = capo_buffer_text(&out), *wrong = strlen(text) == out.size ? raw_mark(text) : text + strlen(text);
    if (!wrong)
        return;
    int size = snprintf(round->report, sizeof round->report, "seed %llu: raw at «%.60s» in\n%.2000s\n", (unsigned long long)round->seed, wrong, text);
    for (int i = 0; i < TEMPLATES && size < (int)sizeof round->report; i++)
        size += snprintf(round->report + size, sizeof round->report - (size_t)size, "--- t%d: %.1500s\n", i, round->sources[i]);
}

static void try_round(void *argument)
{
    Round *round = argument;
    Engine engine = { .find = find_made, .data = round, .reverse = marked_reverse, .debug = round->seed % 4 == 0, .quiet = true, .static_prefix = "/static/", .media_prefix = "/media/",
                      .string_if_invalid = round->seed % 3 == 0 ? MARK " %s" : NULL, .thousand_separator = round->seed % 5 == 0, .max_steps = 20000 };
    for (int i = 0; i < TEMPLATES; i++)
        round->sources[i] = make_template(round->seed, i);
    Engine *before = capo_template_engine;
    const TagLibrary *(*libraries_before)(size_t) = capo_template_app_libraries;
    round->engine = capo_template_engine = &engine;
    capo_template_app_libraries = own_libraries;
    const Error *error = capo_try(render_round, round);
    /* What cannot be rendered (a filter that takes no such value) shows nothing; most can. */
    if (error && !round->report[0])
        snprintf(round->report, sizeof round->report, "!%s", error->message);
    capo_template_release_all(&engine);
    capo_template_fragments_clear();
    capo_template_engine = before;
    capo_template_app_libraries = libraries_before;
}

TEST(template_escaping_cannot_be_lost)
{
    int rendered = 0;
    static Round round;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        Arena *arena = arena_new();
        Unit unit;
        round = (Round){ .seed = seed };
        const Error *error = capo_unit_run(&unit, arena, "a random template", try_round, &round);
        bool failed = error != NULL;
        arena_free(arena);
        rendered += round.rendered;
        if (failed || (round.report[0] && round.report[0] != '!'))
            capo_test_fail(__FILE__, __LINE__, "%s", round.report);
    }
    if (rendered < ROUNDS / 3)
        capo_test_fail(__FILE__, __LINE__, "only %d of %d random templates could be rendered, the last: %.300s", rendered, ROUNDS, round.report);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* A small backtracking matcher over a tree. What follows a node is a chain of continuations on the stack, so groups may repeat and
 * give back. Steps and depth are counted: hostile paths cannot make it run long. */
#include "route_regex.h"
#include "settings_internal.h"
#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

enum { STEPS_LIMIT = 200000, DEPTH_LIMIT = 400, MANY = 1 << 20 };

typedef enum { RX_CHAR, RX_ANY, RX_SET, RX_START, RX_END, RX_END_STRICT, RX_WORD, RX_NO_WORD, RX_GROUP, RX_BACK, RX_REPEAT, RX_AHEAD, RX_BEHIND } RegexKind;

typedef struct RegexRange { uint32_t low, high; char class; struct RegexRange *next; } RegexRange;  /* class: d w s D W S, or 0 */

typedef struct RegexNode {
    RegexKind kind;
    struct RegexNode *next;             /* in sequence */
    struct RegexNode *alternatives;     /* of a group: first node of each; a list by `other` */
    struct RegexNode *other;
    struct RegexNode *sequence;         /* of an alternative, repeat: what it holds */
    uint32_t c;
    RegexRange *ranges;
    bool negated, lazy;
    int group, low, high;               /* group -1: not captured */
} RegexNode;

/* --- parsing ------------------------------------------------------------------------------------------------------------------------ */

typedef struct Parser {
    const char *at, *end;
    RouteRegex *regex;
    const char *error;
} Parser;

static RegexNode *node_new(RegexKind kind)
{
    RegexNode *node = arena_alloc(settings_arena(), sizeof *node);
    *node = (RegexNode){ .kind = kind, .group = -1 };
    return node;
}

static RegexNode *parse_alternatives(Parser *p, int depth);

static void add_range(RegexNode *set, uint32_t low, uint32_t high, char class)
{
    RegexRange *range = arena_alloc(settings_arena(), sizeof *range);
    *range = (RegexRange){ low, high, class, set->ranges };
    set->ranges = range;
}

/* The character of an escape that is none of the classes. */
static uint32_t escaped(uint32_t c)
{
    return c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == 'f' ? '\f' : c == 'v' ? '\v' : c;
}

static RegexNode *parse_set(Parser *p)
{
    RegexNode *set = node_new(RX_SET);
    if (p->at < p->end && *p->at == '^') {
        set->negated = true;
        p->at++;
    }
    for (bool first = true;; first = false) {
        if (p->at >= p->end) {
            p->error = "a '[' is not closed";
            return set;
        }
        if (*p->at == ']' && !first) {
            p->at++;
            return set;
        }
        uint32_t low = capo_utf8_next(&p->at, p->end);
        if (low == '\\' && p->at < p->end) {
            low = capo_utf8_next(&p->at, p->end);
            if (low < 128 && strchr("dwsDWS", (int)low)) {
                add_range(set, 0, 0, (char)low);
                continue;
            }
            low = escaped(low);
        }
        uint32_t high = low;
        if (p->end - p->at >= 2 && *p->at == '-' && p->at[1] != ']') {
            p->at++;
            high = capo_utf8_next(&p->at, p->end);
            if (high == '\\' && p->at < p->end)
                high = escaped(capo_utf8_next(&p->at, p->end));
        }
        add_range(set, low, high, 0);
    }
}

static RegexNode *parse_escape(Parser *p)
{
    if (p->at >= p->end) {
        p->error = "it ends with '\\'";
        return node_new(RX_ANY);
    }
    uint32_t c = capo_utf8_next(&p->at, p->end);
    RegexNode *node;
    if (c < 128 && strchr("dwsDWS", (int)c)) {
        node = node_new(RX_SET);
        add_range(node, 0, 0, (char)c);
    } else if (c == 'A' || c == 'Z' || c == 'b' || c == 'B') {
        node = node_new(c == 'A' ? RX_START : c == 'Z' ? RX_END_STRICT : c == 'b' ? RX_WORD : RX_NO_WORD);
    } else if (c >= '1' && c <= '9') {
        node = node_new(RX_BACK);
        node->group = (int)c - '1';
    } else {
        node = node_new(RX_CHAR);
        node->c = escaped(c);
    }
    return node;
}

static const char *parse_name(Parser *p, char close)
{
    const char *stop = memchr(p->at, close, (size_t)(p->end - p->at));
    if (!stop || stop == p->at) {
        p->error = "a group's name is not closed";
        return "";
    }
    const char *name = arena_strndup(settings_arena(), p->at, (size_t)(stop - p->at));
    p->at = stop + 1;
    return name;
}

static RegexNode *parse_group(Parser *p, int depth)
{
    RegexNode *node = node_new(RX_GROUP);
    bool special = p->end - p->at >= 2 && *p->at == '?';
    const char *name = NULL;
    if (special && p->at[1] == ':') {
        p->at += 2;
    } else if (special && (p->at[1] == '=' || p->at[1] == '!')) {
        node->kind = RX_AHEAD;
        node->negated = p->at[1] == '!';
        p->at += 2;
    } else if (special && p->at[1] == '<' && p->end - p->at > 2 && (p->at[2] == '=' || p->at[2] == '!')) {
        node->kind = RX_BEHIND;
        node->negated = p->at[2] == '!';
        p->at += 3;
    } else if (special && p->at[1] == 'P' && p->end - p->at > 2 && p->at[2] == '=') {
        p->at += 3;
        name = parse_name(p, ')');
        node->kind = RX_BACK;
        for (int i = 0; i < p->regex->n_groups; i++)
            if (p->regex->names[i] && strcmp(p->regex->names[i], name) == 0)
                node->group = i;
        if (node->group < 0)
            p->error = "it refers back to a group that there is not";
        return node;
    } else {
        if (special && p->at[1] == 'P' && p->end - p->at > 2 && p->at[2] == '<') {
            p->at += 3;
            name = parse_name(p, '>');
        } else if (special) {
            p->error = "it has a group '(?' of a kind that is not known";
            return node;
        }
        for (int i = 0; name && i < p->regex->n_groups; i++)
            if (p->regex->names[i] && strcmp(p->regex->names[i], name) == 0)
                p->error = "two groups have the same name";
        if (p->regex->n_groups == REGEX_GROUPS) {
            p->error = "it has more than 16 groups";
            return node;
        }
        node->group = p->regex->n_groups++;
        p->regex->names[node->group] = name;
    }
    node->alternatives = parse_alternatives(p, depth + 1);
    if (p->at >= p->end || *p->at != ')')
        p->error = p->error ? p->error : "a '(' is not closed";
    else
        p->at++;
    return node;
}

static bool parse_count(Parser *p, int *low, int *high)
{
    const char *at = p->at + 1;
    *low = 0;
    *high = MANY;
    bool digits = false;
    for (; at < p->end && *at >= '0' && *at <= '9' && *low < 10000; at++, digits = true)
        *low = *low * 10 + *at - '0';
    if (at < p->end && *at == ',') {
        int n = 0;
        bool upper = false;
        for (at++; at < p->end && *at >= '0' && *at <= '9' && n < 10000; at++, upper = true)
            n = n * 10 + *at - '0';
        if (upper)
            *high = n;
        digits |= upper;
    } else {
        *high = *low;
    }
    if (!digits || at >= p->end || *at != '}')
        return false;
    p->at = at + 1;
    return true;
}

static RegexNode *parse_repeat(Parser *p, RegexNode *node)
{
    while (p->at < p->end && !p->error) {
        int low, high;
        if (*p->at == '*' || *p->at == '+' || *p->at == '?') {
            low = *p->at == '+';
            high = *p->at == '?' ? 1 : MANY;
            p->at++;
        } else if (*p->at != '{' || !parse_count(p, &low, &high)) {
            return node;
        }
        RegexNode *repeat = node_new(RX_REPEAT);
        repeat->low = low;
        repeat->high = high;
        repeat->sequence = node;
        if (p->at < p->end && *p->at == '?') {
            repeat->lazy = true;
            p->at++;
        }
        node = repeat;
    }
    return node;
}

static RegexNode *parse_one(Parser *p, int depth)
{
    uint32_t c = capo_utf8_next(&p->at, p->end);
    switch (c) {
    case '.': return node_new(RX_ANY);
    case '^': return node_new(RX_START);
    case '$': return node_new(RX_END);
    case '[': return parse_set(p);
    case '(': return parse_group(p, depth);
    case '\\': return parse_escape(p);
    case '*': case '+': case '?':
        p->error = "there is nothing to repeat";
        return node_new(RX_ANY);
    default: {
        RegexNode *node = node_new(RX_CHAR);
        node->c = c;
        return node;
    }
    }
}

static RegexNode *parse_alternatives(Parser *p, int depth)
{
    RegexNode *first = NULL, **last = &first;
    if (depth > 20)
        p->error = "its groups are nested too deeply";
    do {
        RegexNode *alternative = node_new(RX_GROUP), **tail = &alternative->sequence;
        while (p->at < p->end && *p->at != '|' && *p->at != ')' && !p->error) {
            *tail = parse_repeat(p, parse_one(p, depth));
            tail = &(*tail)->next;
        }
        *last = alternative;
        last = &alternative->other;
    } while (!p->error && p->at < p->end && *p->at == '|' && p->at++);
    return first;
}

RouteRegex *route_regex_compile(const char *pattern, const char **ret_error)
{
    RouteRegex *regex = arena_alloc(settings_arena(), sizeof *regex);
    *regex = (RouteRegex){ .pattern = pattern };
    Parser p = { .at = pattern, .end = pattern + strlen(pattern), .regex = regex };
    regex->first = node_new(RX_GROUP);
    regex->first->alternatives = parse_alternatives(&p, 0);
    if (!p.error && p.at < p.end)
        p.error = "a ')' closes nothing";
    *ret_error = p.error;
    return p.error ? NULL : regex;
}

/* --- matching ------------------------------------------------------------------------------------------------------------------------ */

typedef struct Run {
    const char *text, *end;
    bool whole;
    RegexSpan *groups;
    const char *match_end;
    int steps, depth;
} Run;

typedef struct Then {
    bool (*go)(Run *run, const struct Then *self, const char *at);
    const struct Then *then;
    const RegexNode *node;
    const char *from;
    int count;
} Then;

static bool in_class(uint32_t c, char class)
{
    switch (class) {
    case 'd': return utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_ND;
    case 'D': return utf8proc_category((utf8proc_int32_t)c) != UTF8PROC_CATEGORY_ND;
    case 'w': return capo_is_word(c) || c == '_';
    case 'W': return !(capo_is_word(c) || c == '_');
    case 's': return c == ' ' || (c >= 9 && c <= 13);
    default: return !(c == ' ' || (c >= 9 && c <= 13));
    }
}

/* Whether one character is taken; *ret_after is behind it. */
static bool takes(const Run *run, const RegexNode *node, const char *at, const char **ret_after)
{
    if (at >= run->end)
        return false;
    const char *after = at;
    uint32_t c = capo_utf8_next(&after, run->end);
    bool taken = node->kind == RX_CHAR ? c == node->c : c != '\n';
    if (node->kind == RX_SET) {
        taken = false;
        for (const RegexRange *range = node->ranges; range && !taken; range = range->next)
            taken = range->class ? in_class(c, range->class) : c >= range->low && c <= range->high;
        taken = taken != node->negated;
    }
    *ret_after = after;
    return taken;
}

static bool word_before(const Run *run, const char *at)
{
    return at > run->text && in_class((unsigned char)at[-1], 'w');
}

static bool holds(const Run *run, const RegexNode *node, const char *at)
{
    bool border = word_before(run, at) != (at < run->end && in_class((unsigned char)*at, 'w'));
    switch (node->kind) {
    case RX_START: return at == run->text;
    case RX_END: return at == run->end || (at + 1 == run->end && *at == '\n');
    case RX_END_STRICT: return at == run->end;
    case RX_WORD: return border;
    default: return !border;
    }
}

static bool is_place(RegexKind kind)
{
    return kind >= RX_START && kind <= RX_NO_WORD;
}

static bool match(Run *run, const RegexNode *node, const char *at, const Then *then);

static bool after_group(Run *run, const Then *self, const char *at)
{
    RegexSpan before = { 0 };
    int group = self->node->group;
    if (group >= 0) {
        before = run->groups[group];
        run->groups[group] = (RegexSpan){ self->from, at };
    }
    if (match(run, self->node->next, at, self->then))
        return true;
    if (group >= 0)
        run->groups[group] = before;
    return false;
}

static bool found(Run *run, const Then *self, const char *at)
{
    (void)self;
    run->match_end = at;
    return true;
}

static bool repeat_more(Run *run, const RegexNode *node, const char *at, int count, const Then *then);

static bool after_round(Run *run, const Then *self, const char *at)
{
    if (at == self->from && self->count >= self->node->low)
        return false;                   /* a round that took nothing would go on for ever */
    return repeat_more(run, self->node, at, self->count + 1, self->then);
}

static bool repeat_more(Run *run, const RegexNode *node, const char *at, int count, const Then *then)
{
    Then round = { after_round, then, node, at, count };
    bool may_stop = count >= node->low, may_go = count < node->high;
    if (node->lazy && may_stop && match(run, node->next, at, then))
        return true;
    if (may_go && match(run, node->sequence, at, &round))
        return true;
    return !node->lazy && may_stop && match(run, node->next, at, then);
}

/* A repeated single character, the common case, without recursion for each. */
static bool repeat_single(Run *run, const RegexNode *node, const char *at, const Then *then)
{
    int count = 0;
    const char *here = at, *after;
    while (count < node->low) {
        if (!takes(run, node->sequence, here, &after))
            return false;
        here = after;
        count++;
    }
    if (node->lazy) {
        while (!match(run, node->next, here, then)) {
            if (count++ >= node->high || run->steps > STEPS_LIMIT || !takes(run, node->sequence, here, &after))
                return false;
            here = after;
        }
        return true;
    }
    const char *shortest = here;
    while (count < node->high && takes(run, node->sequence, here, &after)) {
        here = after;
        count++;
    }
    for (;; here--) {
        if (here < run->end && here > shortest && ((unsigned char)*here & 0xc0) == 0x80)
            continue;                   /* inside a character */
        if (match(run, node->next, here, then))
            return true;
        if (here <= shortest || run->steps > STEPS_LIMIT)
            return false;
    }
}

static bool match_group(Run *run, const RegexNode *node, const char *at, const Then *then)
{
    Then close = { after_group, then, node, at, 0 };
    for (const RegexNode *alternative = node->alternatives; alternative; alternative = alternative->other)
        if (match(run, alternative->sequence, at, &close))
            return true;
    return false;
}

static bool match_ahead(Run *run, const RegexNode *node, const char *at, const Then *then)
{
    const char *kept = run->match_end;
    Then stop = { found, NULL, node, at, 0 };
    bool there = false;
    for (const RegexNode *alternative = node->alternatives; alternative && !there; alternative = alternative->other)
        there = match(run, alternative->sequence, at, &stop);
    run->match_end = kept;
    return there != node->negated && match(run, node->next, at, then);
}

static bool ends_at(Run *run, const Then *self, const char *at)
{
    (void)run;
    return at == self->from;
}

/* What is before this place, from wherever it begins. */
static bool match_behind(Run *run, const RegexNode *node, const char *at, const Then *then)
{
    Then stop = { ends_at, NULL, node, at, 0 };
    bool there = false;
    for (const char *from = at; from >= run->text && !there; from--)
        for (const RegexNode *alternative = node->alternatives; alternative && !there; alternative = alternative->other)
            there = match(run, alternative->sequence, from, &stop);
    return there != node->negated && match(run, node->next, at, then);
}

static bool match_node(Run *run, const RegexNode *node, const char *at, const Then *then)
{
    switch (node->kind) {
    case RX_GROUP:
        return match_group(run, node, at, then);
    case RX_AHEAD:
        return match_ahead(run, node, at, then);
    case RX_BEHIND:
        return match_behind(run, node, at, then);
    case RX_BACK: {
        RegexSpan span = run->groups[node->group];
        size_t size = span.from ? (size_t)(span.to - span.from) : 0;
        return span.from && (size_t)(run->end - at) >= size && memcmp(at, span.from, size) == 0 && match(run, node->next, at + size, then);
    }
    default:        /* RX_REPEAT */
        return node->sequence->kind <= RX_SET ? repeat_single(run, node, at, then) : repeat_more(run, node, at, 0, then);
    }
}

static bool match(Run *run, const RegexNode *node, const char *at, const Then *then)
{
    for (const char *after = at; node && (node->kind <= RX_SET || is_place(node->kind)); node = node->next) {
        if (++run->steps > STEPS_LIMIT || !(is_place(node->kind) ? holds(run, node, at) : takes(run, node, at, &after)))
            return false;
        if (node->kind <= RX_SET)
            at = after;
    }
    if (!node)
        return then->go(run, then, at);
    if (++run->steps > STEPS_LIMIT || run->depth >= DEPTH_LIMIT)
        return false;
    run->depth++;
    bool matched = match_node(run, node, at, then);
    run->depth--;
    return matched;
}

static bool found_whole(Run *run, const Then *self, const char *at)
{
    return (!run->whole || at == run->end) && found(run, self, at);
}

bool route_regex_match(const RouteRegex *regex, const char *text, const char *end, bool anchored, bool whole,
                       RegexSpan ret_groups[REGEX_GROUPS], const char **ret_end)
{
    Run run = { .text = text, .end = end, .whole = whole, .groups = ret_groups };
    Then stop = { found_whole, NULL, NULL, text, 0 };
    for (const char *at = text; at <= end; at++) {
        memset(ret_groups, 0, REGEX_GROUPS * sizeof *ret_groups);
        if (match(&run, regex->first, at, &stop)) {
            *ret_end = run.match_end;
            return true;
        }
        if (anchored || whole)
            return false;
    }
    return false;
}

/* --- writing out ---------------------------------------------------------------------------------------------------------------------- */

typedef struct Forms { RegexForm *forms; size_t count; } Forms;
enum { FORMS_LIMIT = 64 };

static Forms forms_of_one(const char *text, const char *parameter)
{
    Forms forms = { capo_alloc_struct(RegexForm), 1 };
    if (text || parameter) {
        forms.forms->pieces = capo_alloc_struct(RegexPiece);
        forms.forms->pieces[0] = (RegexPiece){ text, parameter };
        forms.forms->count = 1;
    }
    return forms;
}

static Forms forms_product(Forms a, Forms b)
{
    if (a.count * b.count > FORMS_LIMIT)
        return (Forms){ 0 };
    Forms all = { capo_alloc_array(a.count * b.count + 1, sizeof(RegexForm)), 0 };
    for (size_t i = 0; i < a.count; i++)
        for (size_t j = 0; j < b.count; j++) {
            RegexForm *form = &all.forms[all.count++];
            form->pieces = capo_alloc_array(a.forms[i].count + b.forms[j].count + 1, sizeof *form->pieces);
            for (size_t k = 0; k < a.forms[i].count; k++)
                form->pieces[form->count++] = a.forms[i].pieces[k];
            for (size_t k = 0; k < b.forms[j].count; k++)
                form->pieces[form->count++] = b.forms[j].pieces[k];
        }
    return all;
}

static Forms forms_of(const RouteRegex *regex, const RegexNode *sequence, bool *possible);

static const char *text_of_char(uint32_t c)
{
    char bytes[4];
    return capo_strndup(bytes, capo_utf8_encode(c, bytes));
}

/* A character that the set takes: the first that was written. */
static const char *text_of_set(const RegexNode *set)
{
    const RegexRange *first = set->ranges;
    while (first && first->next)
        first = first->next;
    if (!first)
        return "";
    switch (first->class) {
    case 'd': return "0";
    case 's': return " ";
    case 'W': return "!";
    case 0: return text_of_char(first->low);
    default: return "x";
    }
}

static const char *parameter_name(const RouteRegex *regex, int group)
{
    return regex->names[group] ? regex->names[group] : capo_format("\1%d", group);
}

static bool has_parameter(Forms forms)
{
    for (size_t i = 0; i < forms.count; i++)
        for (size_t j = 0; j < forms.forms[i].count; j++)
            if (forms.forms[i].pieces[j].parameter)
                return true;
    return false;
}

static Forms forms_of_node(const RouteRegex *regex, const RegexNode *node, bool *possible)
{
    switch (node->kind) {
    case RX_CHAR: return forms_of_one(text_of_char(node->c), NULL);
    case RX_ANY: return forms_of_one(".", NULL);
    case RX_SET: return forms_of_one(text_of_set(node), NULL);
    case RX_GROUP:
        if (node->group >= 0)
            return forms_of_one(NULL, parameter_name(regex, node->group));
        if (node->alternatives->other)
            *possible = false;
        return forms_of(regex, node->alternatives->sequence, possible);
    case RX_BACK:
        return forms_of_one(NULL, capo_format("\2%s", parameter_name(regex, node->group)));
    case RX_REPEAT: {
        RegexNode once = *node->sequence;
        once.next = NULL;
        Forms inner = forms_of(regex, &once, possible), all = forms_of_one(NULL, NULL);
        if (node->low == 0 && !has_parameter(inner))
            return all;
        if (node->low == 0) {           /* an optional parameter: without it, or with it */
            Forms both = { capo_alloc_array(inner.count + 1, sizeof(RegexForm)), 1 };
            for (size_t i = 0; i < inner.count; i++)
                both.forms[both.count++] = inner.forms[i];
            return both;
        }
        for (int i = 0; i < node->low && i < FORMS_LIMIT; i++)
            all = forms_product(all, inner);
        return all;
    }
    default: return forms_of_one(NULL, NULL);
    }
}

static Forms forms_of(const RouteRegex *regex, const RegexNode *sequence, bool *possible)
{
    Forms all = forms_of_one(NULL, NULL);
    for (const RegexNode *node = sequence; node && *possible && node->kind != RX_END; node = node->next)
        all = forms_product(all, forms_of_node(regex, node, possible));
    return all;
}

size_t route_regex_forms(const RouteRegex *regex, RegexForm **ret_forms)
{
    bool possible = !regex->first->alternatives->other;
    Forms all = forms_of(regex, regex->first->alternatives->sequence, &possible);
    *ret_forms = all.forms;
    return possible ? all.count : 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Regular expressions in linear time: the pattern becomes a program, and all its states step through the text together (Thompson's
 * construction). A repetition {m,n} is written out, so the size of a program is limited; the text is not. */
#include <capo/syntax.h>
#include <capo/arena.h>
#include <capo/buffer.h>
#include <string.h>
#include <utf8proc.h>

enum { MAX_STEPS = 20000, MAX_REPEAT = 1000, MAX_DEPTH = 100 };

typedef enum StepKind { STEP_CHAR, STEP_ANY, STEP_CLASS, STEP_SPLIT, STEP_JUMP, STEP_ASSERT, STEP_MATCH } StepKind;
typedef enum Assertion { AT_START, AT_LINE_START, AT_END, AT_LINE_END, AT_VERY_END, AT_WORD, AT_NOT_WORD } Assertion;

typedef struct Range { uint32_t first, last; } Range;
enum { CLASS_DIGIT = 1, CLASS_NOT_DIGIT = 2, CLASS_WORD = 4, CLASS_NOT_WORD = 8, CLASS_SPACE = 16, CLASS_NOT_SPACE = 32 };
typedef struct Class { bool negated; int sets; Range *ranges; size_t count; } Class;

typedef struct Step {
    StepKind kind;
    uint32_t character;             /* STEP_CHAR; STEP_ASSERT: which */
    int next, other;                /* STEP_SPLIT and STEP_JUMP */
    const Class *class;
} Step;

struct Pattern { Step *steps; int count, capacity; int flags; };

typedef struct Parser { Pattern *pattern; const char *at, *end; const char *error; int depth; } Parser;

bool capo_is_digit(uint32_t c)
{
    return c < 128 ? c >= '0' && c <= '9' : utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_ND;
}

/* --- the parser: each function appends the steps of what it read ------------------------------------------------------------ */

static int step_add(Parser *parser, Step step)
{
    Pattern *pattern = parser->pattern;
    if (pattern->count >= MAX_STEPS) {
        parser->error = "the pattern is too large: more than 20,000 steps when its repetitions are written out";
        return 0;
    }
    if (pattern->count == pattern->capacity) {
        int capacity = pattern->capacity ? pattern->capacity * 2 : 32;
        pattern->steps = capo_realloc(pattern->steps, (size_t)pattern->capacity * sizeof(Step), (size_t)capacity * sizeof(Step));
        pattern->capacity = capacity;
    }
    pattern->steps[pattern->count] = step;
    return pattern->count++;
}

/* Makes room for one step at `at` by moving what is behind it. Targets inside the moved part move with it. */
static void step_insert(Parser *parser, int at, Step step)
{
    if (step_add(parser, (Step){ 0 }) == 0 && parser->error)
        return;
    Pattern *pattern = parser->pattern;
    memmove(&pattern->steps[at + 1], &pattern->steps[at], (size_t)(pattern->count - 1 - at) * sizeof(Step));
    for (int i = at + 1; i < pattern->count; i++) {
        Step *moved = &pattern->steps[i];
        if (moved->kind == STEP_SPLIT || moved->kind == STEP_JUMP) {
            moved->next += moved->next >= at;
            moved->other += moved->other >= at;
        }
    }
    pattern->steps[at] = step;
}

/* Appends a copy of the steps from `first` up to `last`. */
static void steps_copy(Parser *parser, int first, int last)
{
    int shift = parser->pattern->count - first;
    for (int i = first; i < last && !parser->error; i++) {
        Step step = parser->pattern->steps[i];
        if (step.kind == STEP_SPLIT || step.kind == STEP_JUMP) {
            step.next += shift;
            step.other += shift;
        }
        step_add(parser, step);
    }
}

static void class_add(Class *class, uint32_t first, uint32_t last)
{
    class->ranges = capo_realloc(class->ranges, class->count * sizeof(Range), (class->count + 1) * sizeof(Range));
    class->ranges[class->count++] = (Range){ first, last };
}

static int class_letter(char letter)
{
    switch (letter) {
    case 'd': return CLASS_DIGIT;
    case 'D': return CLASS_NOT_DIGIT;
    case 'w': return CLASS_WORD;
    case 'W': return CLASS_NOT_WORD;
    case 's': return CLASS_SPACE;
    case 'S': return CLASS_NOT_SPACE;
    default: return 0;
    }
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The character that an escape stands for; parser->at is behind the backslash. */
static uint32_t parse_escaped(Parser *parser)
{
    if (parser->at >= parser->end) {
        parser->error = "it ends with a backslash";
        return 0;
    }
    char c = *parser->at;
    int digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits) {
        uint32_t value = 0;
        parser->at++;
        for (int i = 0; i < digits; i++, parser->at++) {
            int digit = parser->at < parser->end ? hex_digit(*parser->at) : -1;
            if (digit < 0) {
                parser->error = "an escape \\x, \\u or \\U lacks hexadecimal digits";
                return 0;
            }
            value = value * 16 + (uint32_t)digit;
        }
        return value;
    }
    if (c >= '1' && c <= '9') {
        parser->error = "back-references cannot run in linear time and are not supported";
        return 0;
    }
    static const char names[] = "ntrfva0", values[] = "\n\t\r\f\v\a";
    const char *found = strchr(names, c);
    if (found) {
        parser->at++;
        return (uint32_t)values[found - names];
    }
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        parser->error = capo_format("\\%c is no escape", c);
        return 0;
    }
    return capo_utf8_next(&parser->at, parser->end);
}

static void parse_class(Parser *parser)
{
    Class *class = capo_alloc_struct(Class);
    if (parser->at < parser->end && *parser->at == '^') {
        class->negated = true;
        parser->at++;
    }
    for (bool first = true; ; first = false) {
        if (parser->at >= parser->end) {
            parser->error = "a [ is not closed by a ]";
            return;
        }
        if (*parser->at == ']' && !first)
            break;
        uint32_t low;
        if (*parser->at == '\\') {
            parser->at++;
            int set = parser->at < parser->end ? class_letter(*parser->at) : 0;
            if (set) {
                class->sets |= set;
                parser->at++;
                continue;
            }
            if (parser->at < parser->end && *parser->at == 'b') {
                parser->at++;
                low = '\b';
            } else {
                low = parse_escaped(parser);
            }
        } else {
            low = capo_utf8_next(&parser->at, parser->end);
        }
        uint32_t high = low;
        if (parser->end - parser->at >= 2 && parser->at[0] == '-' && parser->at[1] != ']') {
            parser->at++;
            if (*parser->at == '\\') {
                parser->at++;
                high = parse_escaped(parser);
            } else {
                high = capo_utf8_next(&parser->at, parser->end);
            }
            if (high < low)
                parser->error = "a range in [ ] runs backwards";
        }
        if (parser->error)
            return;
        class_add(class, low, high);
    }
    parser->at++;
    step_add(parser, (Step){ .kind = STEP_CLASS, .class = class });
}

static void parse_alternatives(Parser *parser);

static void parse_group(Parser *parser)
{
    if (parser->end - parser->at >= 2 && parser->at[0] == '?') {
        if (parser->at[1] == ':') {
            parser->at += 2;
        } else if (parser->end - parser->at >= 3 && parser->at[1] == 'P' && parser->at[2] == '<') {
            const char *close = memchr(parser->at, '>', (size_t)(parser->end - parser->at));
            if (!close) {
                parser->error = "the name of a group is not closed by a >";
                return;
            }
            parser->at = close + 1;
        } else {
            parser->error = "look-around and the like, (?…), cannot run in linear time and are not supported";
            return;
        }
    }
    if (++parser->depth > MAX_DEPTH) {
        parser->error = "groups are nested more than 100 deep";
        return;
    }
    parse_alternatives(parser);
    parser->depth--;
    if (parser->error)
        return;
    if (parser->at >= parser->end || *parser->at != ')') {
        parser->error = "a ( is not closed by a )";
        return;
    }
    parser->at++;
}

static void assertion_add(Parser *parser, Assertion assertion)
{
    step_add(parser, (Step){ .kind = STEP_ASSERT, .character = assertion });
}

static void parse_escape(Parser *parser)
{
    char letter = parser->at < parser->end ? *parser->at : 0;
    int set = class_letter(letter);
    if (set) {
        Class *class = capo_alloc_struct(Class);
        class->sets = set;
        parser->at++;
        step_add(parser, (Step){ .kind = STEP_CLASS, .class = class });
        return;
    }
    static const struct { char letter; Assertion assertion; } assertions[] = {
        { 'A', AT_START }, { 'Z', AT_VERY_END }, { 'z', AT_VERY_END }, { 'b', AT_WORD }, { 'B', AT_NOT_WORD },
    };
    for (size_t i = 0; i < sizeof assertions / sizeof *assertions; i++)
        if (letter == assertions[i].letter) {
            parser->at++;
            assertion_add(parser, assertions[i].assertion);
            return;
        }
    uint32_t c = parse_escaped(parser);
    if (!parser->error)
        step_add(parser, (Step){ .kind = STEP_CHAR, .character = c });
}

/* {m}, {m,}, {,n}, {m,n}; false: the brace is a literal, as in Python. */
static bool parse_counts(Parser *parser, int *ret_least, int *ret_most)
{
    const char *at = parser->at + 1;
    int numbers[2] = { 0, -1 };
    bool comma = false, digits = false;
    for (; at < parser->end && *at != '}'; at++) {
        if (*at == ',' && !comma) {
            comma = true;
        } else if (*at >= '0' && *at <= '9') {
            int *number = &numbers[comma];
            *number = (*number < 0 ? 0 : *number) * 10 + (*at - '0');
            digits = true;
            if (*number > MAX_REPEAT) {
                parser->error = "a repetition {m,n} is larger than 1000";
                return false;
            }
        } else {
            return false;
        }
    }
    if (at >= parser->end || (!digits && !comma))
        return false;
    *ret_least = numbers[0];
    *ret_most = comma ? numbers[1] : numbers[0];
    if (*ret_most >= 0 && *ret_most < *ret_least)
        parser->error = "a repetition {m,n} has m greater than n";
    parser->at = at + 1;
    return true;
}

/* x*: split over x and back. */
static void repeat_any(Parser *parser, int first)
{
    step_insert(parser, first, (Step){ .kind = STEP_SPLIT, .next = first + 1, .other = 0 });
    step_add(parser, (Step){ .kind = STEP_JUMP, .next = first, .other = first });
    parser->pattern->steps[first].other = parser->pattern->count;
}

static void repeat_optional(Parser *parser, int first)
{
    step_insert(parser, first, (Step){ .kind = STEP_SPLIT, .next = first + 1, .other = 0 });
    parser->pattern->steps[first].other = parser->pattern->count;
}

/* Writes the atom (the steps from `first` on) out `least` to `most` times; most -1: without end. */
static void repeat(Parser *parser, int first, int least, int most)
{
    int last = parser->pattern->count;
    if (most == 0) {
        parser->pattern->count = first;
        return;
    }
    for (int i = 1; i < least && !parser->error; i++)
        steps_copy(parser, first, last);
    if (most < 0 && least == 0) {
        repeat_any(parser, first);
        return;
    }
    if (most < 0) {                     /* x+: back to the last copy */
        int size = last - first, at = parser->pattern->count;
        step_add(parser, (Step){ .kind = STEP_SPLIT, .next = at - size, .other = at + 1 });
        return;
    }
    if (least == 0) {
        /* The original is the first optional one; copies are taken before the split shifts it. */
        Step *atom = capo_memdup(&parser->pattern->steps[first], (size_t)(last - first) * sizeof(Step));
        int size = last - first;
        repeat_optional(parser, first);
        for (int i = 1; i < most && !parser->error; i++) {
            int at = parser->pattern->count;
            for (int j = 0; j < size && !parser->error; j++) {
                Step step = atom[j];
                if (step.kind == STEP_SPLIT || step.kind == STEP_JUMP) {
                    step.next += at - first;
                    step.other += at - first;
                }
                step_add(parser, step);
            }
            if (!parser->error)
                repeat_optional(parser, at);
        }
        return;
    }
    for (int i = least; i < most && !parser->error; i++) {
        int at = parser->pattern->count;
        steps_copy(parser, first, last);
        if (!parser->error)
            repeat_optional(parser, at);
    }
}

static void parse_piece(Parser *parser)
{
    int first = parser->pattern->count;
    char c = *parser->at;
    int flags = parser->pattern->flags;
    switch (c) {
    case '(': parser->at++; parse_group(parser); break;
    case '[': parser->at++; parse_class(parser); break;
    case '.': parser->at++; step_add(parser, (Step){ .kind = STEP_ANY }); break;
    case '^': parser->at++; assertion_add(parser, flags & PATTERN_MULTILINE ? AT_LINE_START : AT_START); break;
    case '$': parser->at++; assertion_add(parser, flags & PATTERN_MULTILINE ? AT_LINE_END : AT_END); break;
    case '\\': parser->at++; parse_escape(parser); break;
    case '*': case '+': case '?': parser->error = "there is nothing to repeat before a *, + or ?"; break;
    default: step_add(parser, (Step){ .kind = STEP_CHAR, .character = capo_utf8_next(&parser->at, parser->end) });
    }
    while (!parser->error && parser->at < parser->end) {
        int least, most;
        switch (*parser->at) {
        case '*': least = 0; most = -1; parser->at++; break;
        case '+': least = 1; most = -1; parser->at++; break;
        case '?': least = 0; most = 1; parser->at++; break;
        case '{':
            if (!parse_counts(parser, &least, &most))
                return;
            break;
        default: return;
        }
        if (parser->error)
            return;
        repeat(parser, first, least, most);
        if (parser->at < parser->end && *parser->at == '?')      /* lazy: the same texts match */
            parser->at++;
        else if (parser->at + 1 == parser->end && *parser->at == '+')      /* possessive, with nothing behind that it could take from */
            parser->at++;
        else if (parser->at < parser->end && (*parser->at == '*' || *parser->at == '+'))
            parser->error = "a repetition is repeated";
        else
            return;
        if (!parser->error && parser->at < parser->end && (*parser->at == '*' || *parser->at == '+' || *parser->at == '?'))
            parser->error = "a repetition is repeated";
        return;
    }
}

static void parse_alternatives(Parser *parser)
{
    int jumps = -1;                     /* the jumps to the end, chained through .other until it is known */
    for (;;) {
        int start = parser->pattern->count;
        while (!parser->error && parser->at < parser->end && *parser->at != '|' && *parser->at != ')')
            parse_piece(parser);
        if (parser->error)
            return;
        if (parser->at >= parser->end || *parser->at != '|')
            break;
        parser->at++;
        /* The split in front moves everything from `start` on; earlier jumps stay where they are. */
        step_insert(parser, start, (Step){ .kind = STEP_SPLIT, .next = start + 1 });
        if (parser->error)
            return;
        int jump = step_add(parser, (Step){ .kind = STEP_CHAR, .other = jumps });
        if (parser->error)
            return;
        jumps = jump;
        parser->pattern->steps[start].other = parser->pattern->count;
    }
    while (jumps >= 0) {
        int before = parser->pattern->steps[jumps].other;
        parser->pattern->steps[jumps] = (Step){ .kind = STEP_JUMP, .next = parser->pattern->count, .other = parser->pattern->count };
        jumps = before;
    }
}

Pattern *capo_pattern(const char *source, int flags, const char **ret_error)
{
    Pattern *pattern = capo_alloc_struct(Pattern);
    pattern->flags = flags;
    Parser parser = { .pattern = pattern, .at = source, .end = source + strlen(source) };
    static const char letters[] = "ism";
    while (parser.at[0] == '(' && parser.at[1] == '?' && parser.at[2] && strchr("ismau", parser.at[2])) {
        for (parser.at += 2; *parser.at && *parser.at != ')'; parser.at++) {
            const char *letter = strchr(letters, *parser.at);
            pattern->flags |= letter ? 1 << (letter - letters) : 0;
        }
        parser.at += *parser.at == ')';
    }
    parse_alternatives(&parser);
    if (!parser.error && parser.at < parser.end)
        parser.error = "a ) has no ( before it";
    if (!parser.error)
        step_add(&parser, (Step){ .kind = STEP_MATCH });
    if (parser.error) {
        *ret_error = parser.error;
        return NULL;
    }
    return pattern;
}

/* --- running ------------------------------------------------------------------------------------------------------------------ */

typedef struct States { int *list; int count; } States;
typedef struct Run {
    const Pattern *pattern;
    int *stack;
    uint32_t *mark;                 /* the generation in which a step was reached last */
    uint32_t generation;
    bool at_start, at_end, at_last_newline, word_before, word_after, newline_before, newline_after;
} Run;

/* Over the capital, so that the dotless i is an i, as the long s is an s. */
static uint32_t fold(uint32_t c)
{
    return (uint32_t)utf8proc_tolower(utf8proc_toupper((utf8proc_int32_t)c));
}

static bool in_ranges(const Class *class, uint32_t c)
{
    for (size_t i = 0; i < class->count; i++)
        if (c >= class->ranges[i].first && c <= class->ranges[i].last)
            return true;
    return false;
}

static bool class_has(const Class *class, uint32_t c, int flags)
{
    bool found = in_ranges(class, c)
        || ((class->sets & CLASS_DIGIT) && capo_is_digit(c)) || ((class->sets & CLASS_NOT_DIGIT) && !capo_is_digit(c))
        || ((class->sets & CLASS_WORD) && capo_is_word(c)) || ((class->sets & CLASS_NOT_WORD) && !capo_is_word(c))
        || ((class->sets & CLASS_SPACE) && capo_is_space(c)) || ((class->sets & CLASS_NOT_SPACE) && !capo_is_space(c));
    if (!found && (flags & PATTERN_IGNORE_CASE))
        found = in_ranges(class, fold(c)) || in_ranges(class, (uint32_t)utf8proc_toupper((utf8proc_int32_t)fold(c)));
    return found != class->negated;
}

static bool holds(const Run *run, Assertion assertion)
{
    switch (assertion) {
    case AT_START: return run->at_start;
    case AT_LINE_START: return run->at_start || run->newline_before;
    case AT_END: return run->at_end || run->at_last_newline;
    case AT_LINE_END: return run->at_end || run->newline_after;
    case AT_VERY_END: return run->at_end;
    case AT_WORD: return run->word_before != run->word_after;
    case AT_NOT_WORD: return run->word_before == run->word_after;
    }
    return false;
}

/* Adds a step and all that it leads to without reading. True: a match was reached. */
static bool states_add(Run *run, States *states, int start)
{
    int depth = 0;
    run->stack[depth++] = start;
    while (depth) {
        int at = run->stack[--depth];
        if (run->mark[at] == run->generation)
            continue;
        run->mark[at] = run->generation;
        const Step *step = &run->pattern->steps[at];
        switch (step->kind) {
        case STEP_MATCH: return true;
        case STEP_JUMP: run->stack[depth++] = step->next; break;
        case STEP_SPLIT: run->stack[depth++] = step->other; run->stack[depth++] = step->next; break;
        case STEP_ASSERT:
            if (holds(run, (Assertion)step->character))
                run->stack[depth++] = at + 1;
            break;
        default: states->list[states->count++] = at;
        }
    }
    return false;
}

static bool step_reads(const Step *step, uint32_t c, int flags)
{
    switch (step->kind) {
    case STEP_CHAR: return step->character == c || ((flags & PATTERN_IGNORE_CASE) && fold(step->character) == fold(c));
    case STEP_ANY: return c != '\n' || (flags & PATTERN_DOT_ALL);
    case STEP_CLASS: return class_has(step->class, c, flags);
    default: return false;
    }
}

bool capo_pattern_search(const Pattern *pattern, const char *text, size_t size)
{
    size_t count = (size_t)pattern->count;
    Run run = { .pattern = pattern, .stack = capo_alloc_array(count * 2 + 2, sizeof(int)), .mark = capo_alloc_array(count, sizeof(uint32_t)) };
    States states[2] = { 0 };
    for (int i = 0; i < 2; i++)
        states[i].list = capo_alloc_array(count, sizeof(int));
    States *now = &states[0], *closed = &states[1];
    const char *at = text, *end = text + size;
    uint32_t before = 0;
    for (;;) {
        const char *behind = at;
        bool at_end = at >= end;
        uint32_t c = at_end ? 0 : capo_utf8_next(&behind, end);
        /* What the assertions see between `before` and `c`. */
        run.generation++;
        run.at_start = at == text;
        run.at_end = at_end;
        run.at_last_newline = !at_end && c == '\n' && behind == end;
        run.newline_before = at > text && before == '\n';
        run.newline_after = !at_end && c == '\n';
        run.word_before = at > text && capo_is_word(before);
        run.word_after = !at_end && capo_is_word(c);
        /* `now` holds steps that were reached by reading: close over them here, where the assertions are known. */
        closed->count = 0;
        bool matched = false;
        for (int i = 0; i < now->count && !matched; i++)
            matched = states_add(&run, closed, now->list[i]);
        if (matched || states_add(&run, closed, 0))
            return true;
        if (at_end)
            return false;
        now->count = 0;
        for (int i = 0; i < closed->count; i++)
            if (step_reads(&pattern->steps[closed->list[i]], c, pattern->flags))
                now->list[now->count++] = closed->list[i] + 1;
        before = c;
        at = behind;
    }
}

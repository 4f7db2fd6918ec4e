/* SPDX-License-Identifier: BSD-3-Clause */
/* if, for, with, autoescape, comment, verbatim, filter, spaceless, ifchanged, cycle, resetcycle, firstof. */
#include "condition.h"
#include "nodes.h"
#include <string.h>

/* --- if ------------------------------------------------------------------------------------------------------------------------------ */

typedef struct Branch { Condition *condition; Node *nodes; struct Branch *next; } Branch;      /* condition NULL: else */
typedef struct IfNode { Node node; Branch *branches; } IfNode;

static void render_if(const Node *node, Context *context, Buffer *out)
{
    for (const Branch *branch = ((const IfNode *)node)->branches; branch; branch = branch->next)
        if (!branch->condition || capo_condition_true(branch->condition, context)) {
            capo_nodes_render(branch->nodes, context, out);
            return;
        }
}

static Node *compile_if(Parser *parser, const Token *token)
{
    static const char *const until[] = { "elif", "else", "endif", NULL };
    Token opening = *token, at = *token;
    IfNode *node = NODE(parser, IfNode, render_if);
    Branch **last = &node->branches;
    for (;;) {
        Branch *branch = *last = capo_parse_alloc(parser, sizeof *branch);
        last = &branch->next;
        bool is_else = capo_token_is(&at, "else");
        if (!is_else) {
            size_t count;
            char **bits = capo_split_contents(parser, &at, &count);
            branch->condition = capo_condition_compile(parser, bits + 1, count - 1);
        }
        branch->nodes = is_else ? capo_parse_until(parser, "endif", &opening) : capo_parse(parser, until, &opening);
        at = parser->token;
        if (is_else || capo_token_is(&at, "endif"))
            break;
        if (capo_token_is(&at, "else") && strcmp(at.text, "else") != 0)
            capo_parse_fail(parser, "Malformed template tag at line %u: \"%s\"", at.line, at.text);
    }
    if (strcmp(parser->token.text, "endif") != 0)
        capo_parse_fail(parser, "Malformed template tag at line %u: \"%s\"", parser->token.line, parser->token.text);
    return &node->node;
}

/* --- for ------------------------------------------------------------------------------------------------------------------------------ */

typedef struct LoopName { const char *name; uint32_t size, hash; } LoopName;
typedef struct ForNode {
    Node node;
    LoopName *names;
    size_t n_names;
    Expression *sequence;
    bool reversed;
    Node *body, *empty;
} ForNode;

/* {{ forloop }}; it also keeps what ifchanged remembers for one run of the loop. */
/* count INT64_MAX: the items come one by one, and nobody knows how many. */
typedef struct LoopObject { Object object; int64_t index, count; Value parent; StateEntry *entries; } LoopObject;

enum { COUNTER, COUNTER0, FIRST, LAST, REVCOUNTER, REVCOUNTER0, PARENTLOOP, LENGTH, LOOP_MEMBERS };
static const struct { const char *name; size_t size; } loop_members[LOOP_MEMBERS] = {
    [COUNTER] = { "counter", 7 }, [COUNTER0] = { "counter0", 8 }, [FIRST] = { "first", 5 }, [LAST] = { "last", 4 },
    [REVCOUNTER] = { "revcounter", 10 }, [REVCOUNTER0] = { "revcounter0", 11 }, [PARENTLOOP] = { "parentloop", 10 }, [LENGTH] = { "length", 6 },
};

/* The hint is the member's number. */
static bool loop_get_hinted(Object *self, const char *name, size_t size, uint32_t *hint, Value *ret)
{
    const LoopObject *loop = (const LoopObject *)self;
    const int64_t i = loop->index, n = loop->count;
    uint32_t member = *hint < LOOP_MEMBERS ? *hint : 0;
    if (loop_members[member].size != size || !same_bytes(loop_members[member].name, name, size))
        for (member = 0; loop_members[member].size != size || !same_bytes(loop_members[member].name, name, size); )
            if (++member == LOOP_MEMBERS)
                return false;
    *hint = member;
    if (n == INT64_MAX && (member == REVCOUNTER || member == REVCOUNTER0 || member == LENGTH))
        return false;
    switch (member) {
    case COUNTER: *ret = capo_value_int(i + 1); break;
    case COUNTER0: *ret = capo_value_int(i); break;
    case FIRST: *ret = capo_value_bool(i == 0); break;
    case LAST: *ret = capo_value_bool(i == n - 1); break;
    case REVCOUNTER: *ret = capo_value_int(n - i); break;
    case REVCOUNTER0: *ret = capo_value_int(n - i - 1); break;
    case LENGTH: *ret = capo_value_int(n); break;
    default: *ret = loop->parent;
    }
    return true;
}

static bool loop_get(Object *self, const char *name, size_t size, Value *ret)
{
    uint32_t hint = 0;
    return loop_get_hinted(self, name, size, &hint, ret);
}

static const char *loop_text(Object *self)
{
    const LoopObject *loop = (const LoopObject *)self;
    const int64_t i = loop->index, n = loop->count;
    Buffer out = { 0 };
    capo_put(&out, "{'parentloop': ");
    capo_put(&out, loop->parent.kind == VALUE_OBJECT ? loop_text(loop->parent.object) : "{}");
    capo_put_format(&out, ", 'counter0': %lld, 'counter': %lld, 'revcounter': %lld, 'revcounter0': %lld, 'first': %s, 'last': %s}",
                    (long long)i, (long long)i + 1, (long long)(n - i), (long long)(n - i - 1), i == 0 ? "True" : "False",
                    i == n - 1 ? "True" : "False");
    return capo_buffer_text(&out);
}

static const ObjectOps loop_ops = { .type_name = "forloop", .get = loop_get, .get_hinted = loop_get_hinted, .text = loop_text };

static LoopObject *innermost_loop(const Context *context)
{
    const Value *found = capo_context_find(context, "forloop", 7, capo_name_hash("forloop", 7));
    return found && found->kind == VALUE_OBJECT && found->object->ops == &loop_ops ? (LoopObject *)found->object : NULL;
}

/* The items, where the sequence has no ready array: NULL for an object that is walked with its own iterator. */
static List *items_of(const ForNode *loop, Value sequence, int64_t *ret_count)
{
    *ret_count = 0;
    if (sequence.kind == VALUE_NULL)
        return NULL;
    if (sequence.kind == VALUE_LIST) {
        *ret_count = (int64_t)sequence.list->count;
        return sequence.list;
    }
    if (!capo_iterable(sequence))
        capo_raise(ERROR_VALUE, "{%% for … in %s %%}: the value '%s' cannot be iterated over (line %u).", loop->sequence->source,
                   capo_to_text(sequence), loop->node.line);
    if (sequence.kind == VALUE_OBJECT && !loop->reversed && sequence.object->ops->next) {
        *ret_count = sequence.object->ops->one_by_one ? INT64_MAX : capo_length(sequence);
        if (*ret_count >= 0)
            return NULL;
    }
    List *list = capo_list_of(sequence);
    *ret_count = (int64_t)list->count;
    return list;
}

static void unpack(const ForNode *loop, Context *context, Value item)
{
    int64_t length = capo_length(item);
    if (length < 0)
        length = 1;
    if (length != (int64_t)loop->n_names)
        capo_raise(ERROR_VALUE, "Need %zu values to unpack in for loop; got %lld. (template %s, line %u)", loop->n_names,
                   (long long)length, context->template->name, loop->node.line);
    void *state = NULL;
    Value part;
    for (size_t i = 0; i < loop->n_names && capo_iterate(item, &state, &part); i++)
        capo_context_put(context, loop->names[i].name, loop->names[i].size, loop->names[i].hash, part);
}

/* An item is gone when the next one is taken: so is what the body set, and what is remembered of it is a copy. */
static void render_one_by_one(const ForNode *loop, Context *context, Buffer *out, Value sequence, LoopObject *object, uint32_t slot)
{
    Value item;
    void *state = NULL;
    context->one_by_one++;
    for (object->index = 0; capo_iterate(sequence, &state, &item); object->index++) {
        capo_step(context);
        capo_context_push(context);
        if (loop->n_names == 1)
            context->entries[slot].value = item;
        else
            unpack(loop, context, item);
        capo_nodes_render(loop->body, context, out);
        capo_context_pop(context);
        capo_context_flush(context, out);
    }
    context->one_by_one--;
    if (object->index == 0)
        capo_nodes_render(loop->empty, context, out);
}

static void render_for(const Node *node, Context *context, Buffer *out)
{
    const ForNode *loop = (const ForNode *)node;
    const LoopObject *parent = innermost_loop(context);
    capo_context_push(context);
    Value sequence = capo_expression_resolve(loop->sequence, context, true);
    int64_t count;
    List *list = items_of(loop, sequence, &count);
    if (count < 1) {
        capo_nodes_render(loop->empty, context, out);
        capo_context_pop(context);
        return;
    }
    LoopObject *object = capo_alloc_struct(LoopObject);
    static Map nothing;
    *object = (LoopObject){ .object = { &loop_ops }, .count = count,
                            .parent = parent ? capo_value_object(parent) : capo_value_map(&nothing) };
    capo_context_put(context, "forloop", 7, capo_name_hash("forloop", 7), capo_value_object(object));
    uint32_t slot = 0;
    if (loop->n_names == 1)
        slot = capo_context_put(context, loop->names[0].name, loop->names[0].size, loop->names[0].hash, (Value){ 0 });
    void *state = NULL;
    if (count == INT64_MAX) {
        render_one_by_one(loop, context, out, sequence, object, slot);
        capo_context_pop(context);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        Value item;
        if (list) {
            if ((size_t)i >= list->count)
                break;
            item = list->items[loop->reversed ? count - 1 - i : i];
        } else if (!capo_iterate(sequence, &state, &item)) {
            break;
        }
        object->index = i;
        capo_step(context);
        if (loop->n_names == 1) {
            context->entries[slot].value = item;
            capo_nodes_render(loop->body, context, out);
        } else {
            capo_context_push(context);
            unpack(loop, context, item);
            capo_nodes_render(loop->body, context, out);
            capo_context_pop(context);
        }
        if (__builtin_expect(context->stream != NULL, 0))
            capo_context_flush(context, out);
    }
    capo_context_pop(context);
}

static Node *compile_for(Parser *parser, const Token *token)
{
    static const char *const until[] = { "empty", "endfor", NULL };
    Token opening = *token;
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count < 4)
        capo_parse_fail(parser, "'for' statements should have at least four words: %s", token->text);
    ForNode *loop = NODE(parser, ForNode, render_for);
    loop->reversed = strcmp(bits[count - 1], "reversed") == 0;
    size_t in = loop->reversed ? count - 3 : count - 2;
    if (strcmp(bits[in], "in") != 0)
        capo_parse_fail(parser, "'for' statements should use the format 'for x in y': %s", token->text);
    Buffer names = { 0 };
    for (size_t i = 1; i < in; i++)
        capo_put_format(&names, "%s%s", i > 1 ? " " : "", bits[i]);
    char **parts = capo_split(capo_buffer_text(&names), ',', &loop->n_names);
    loop->names = capo_parse_alloc(parser, loop->n_names * sizeof *loop->names);
    for (size_t i = 0; i < loop->n_names; i++) {
        char *name = parts[i];
        while (*name == ' ' && i > 0)
            name++;
        size_t size = strlen(name);
        while (size > 0 && name[size - 1] == ' ' && i + 1 < loop->n_names)
            size--;
        if (size == 0 || strcspn(name, " \"'|") < size)
            capo_parse_fail(parser, "'for' tag received an invalid argument: %s", token->text);
        loop->names[i] = (LoopName){ capo_parse_strndup(parser, name, size), (uint32_t)size, capo_name_hash(name, size) };
    }
    loop->sequence = capo_expression_compile(parser, bits[in + 1]);
    loop->body = capo_parse(parser, until, &opening);
    if (strcmp(parser->token.text, "empty") == 0 || capo_token_is(&parser->token, "empty"))
        loop->empty = capo_parse_until(parser, "endfor", &opening);
    return &loop->node;
}

/* --- with ------------------------------------------------------------------------------------------------------------------------------ */

typedef struct WithNode { Node node; NamedExpression *values; size_t n_values; Node *body; } WithNode;

static void render_with(const Node *node, Context *context, Buffer *out)
{
    const WithNode *with = (const WithNode *)node;
    Value values[16], *resolved = with->n_values > 16 ? capo_alloc_array(with->n_values, sizeof *resolved) : values;
    for (size_t i = 0; i < with->n_values; i++)
        resolved[i] = capo_expression_resolve(with->values[i].expression, context, false);
    capo_context_push(context);
    for (size_t i = 0; i < with->n_values; i++)
        capo_context_put(context, with->values[i].name, with->values[i].size, with->values[i].hash, resolved[i]);
    capo_nodes_render(with->body, context, out);
    capo_context_pop(context);
}

static Node *compile_with(Parser *parser, const Token *token)
{
    Token opening = *token;
    size_t count, at = 1;
    char **bits = capo_split_contents(parser, token, &count);
    WithNode *with = NODE(parser, WithNode, render_with);
    with->values = capo_named_arguments(parser, bits, count, &at, true, &with->n_values);
    if (with->n_values == 0)
        capo_parse_fail(parser, "'%s' expected at least one variable assignment", bits[0]);
    if (at < count)
        capo_parse_fail(parser, "'%s' received an invalid token: '%s'", bits[0], bits[at]);
    with->body = capo_parse_until(parser, "endwith", &opening);
    return &with->node;
}

/* --- autoescape, comment, verbatim, filter, spaceless ------------------------------------------------------------------------------------ */

typedef struct BodyNode { Node node; Node *body; Expression *expression; bool on; } BodyNode;

static void render_autoescape(const Node *node, Context *context, Buffer *out)
{
    bool before = context->autoescape;
    context->autoescape = ((const BodyNode *)node)->on;
    capo_nodes_render(((const BodyNode *)node)->body, context, out);
    context->autoescape = before;
}

static Node *compile_autoescape(Parser *parser, const Token *token)
{
    Token opening = *token;
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count != 2)
        capo_parse_fail(parser, "'autoescape' tag requires exactly one argument.");
    if (strcmp(bits[1], "on") != 0 && strcmp(bits[1], "off") != 0)
        capo_parse_fail(parser, "'autoescape' argument should be 'on' or 'off'");
    BodyNode *node = NODE(parser, BodyNode, render_autoescape);
    node->on = strcmp(bits[1], "on") == 0;
    node->body = capo_parse_until(parser, "endautoescape", &opening);
    return &node->node;
}

static Node *compile_comment(Parser *parser, const Token *token)
{
    Token opening = *token;
    capo_skip_past(parser, "endcomment", &opening);
    return NULL;
}

static void render_body(const Node *node, Context *context, Buffer *out)
{
    capo_nodes_render(((const BodyNode *)node)->body, context, out);
}

static Node *compile_verbatim(Parser *parser, const Token *token)
{
    Token opening = *token;
    BodyNode *node = NODE(parser, BodyNode, render_body);
    node->body = capo_parse_until(parser, "endverbatim", &opening);
    return &node->node;
}

static void render_filter(const Node *node, Context *context, Buffer *out)
{
    const BodyNode *filter = (const BodyNode *)node;
    Buffer content = { 0 };
    capo_nodes_render(filter->body, context, &content);
    capo_context_push(context);
    capo_context_set(context, "var", capo_buffer_value(&content, true));
    Value value = capo_expression_resolve(filter->expression, context, false);
    capo_context_pop(context);
    if (!capo_is_text(value))
        capo_raise(ERROR_VALUE, "The last filter of {%% filter %%} must give a text, not '%.100s' (line %u).", capo_to_text(value),
                   node->line);
    capo_put_bytes(out, value.text, value.size);
}

static Node *compile_filter_tag(Parser *parser, const Token *token)
{
    Token opening = *token;
    const char *rest = token->text + strcspn(token->text, " \t");
    rest += strspn(rest, " \t");
    if (!*rest)
        capo_parse_fail(parser, "'filter' needs the filters to apply: {%% filter upper %%}");
    BodyNode *node = NODE(parser, BodyNode, render_filter);
    node->expression = capo_expression_compile(parser, capo_format("var|%s", rest));
    for (uint32_t i = 0; i < node->expression->n_filters; i++) {
        const char *name = node->expression->filters[i].filter->name;
        if (strcmp(name, "escape") == 0 || strcmp(name, "safe") == 0)
            capo_parse_fail(parser, "\"filter %s\" is not permitted. Use the \"autoescape\" tag instead.", name);
    }
    node->body = capo_parse_until(parser, "endfilter", &opening);
    return &node->node;
}

void capo_put_spaceless(Buffer *out, const char *text, size_t size)
{
    const char *end = text + size;
    while (text < end) {
        const char *close = memchr(text, '>', (size_t)(end - text));
        if (!close)
            break;
        capo_put_bytes(out, text, (size_t)(close + 1 - text));
        const char *next = close + 1;
        while (next < end) {
            const char *after = next;
            if (!capo_is_space(capo_utf8_next(&after, end)))
                break;
            next = after;
        }
        text = next < end && *next == '<' ? next : close + 1;
    }
    capo_put_bytes(out, text, (size_t)(end - text));
}

static void render_spaceless(const Node *node, Context *context, Buffer *out)
{
    Buffer content = { 0 };
    capo_nodes_render(((const BodyNode *)node)->body, context, &content);
    const char *text = capo_buffer_text(&content);
    size_t size = content.size;
    capo_trim(&text, &size);
    capo_put_spaceless(out, text, size);
}

static Node *compile_spaceless(Parser *parser, const Token *token)
{
    Token opening = *token;
    BodyNode *node = NODE(parser, BodyNode, render_spaceless);
    node->body = capo_parse_until(parser, "endspaceless", &opening);
    return &node->node;
}

/* --- ifchanged ---------------------------------------------------------------------------------------------------------------------------- */

typedef struct ChangedNode { Node node; Expression **values; size_t n_values; Node *body, *otherwise; } ChangedNode;

static void render_ifchanged(const Node *node, Context *context, Buffer *out)
{
    const ChangedNode *changed = (const ChangedNode *)node;
    LoopObject *loop = innermost_loop(context);
    StateEntry *state = capo_state(loop ? &loop->entries : &context->state->entries, node);
    Buffer content = { 0 };
    Value now;
    if (changed->n_values) {
        List *values = capo_list_new();
        for (size_t i = 0; i < changed->n_values; i++)
            capo_list_add(values, capo_context_kept(context, capo_expression_resolve(changed->values[i], context, true)));
        now = capo_value_list(values);
    } else {
        capo_nodes_render(changed->body, context, &content);
        now = capo_buffer_value(&content, true);
    }
    if (!state->used || !capo_equal(state->value, now)) {
        state->used = true;
        state->value = now;
        /* Django renders a body that printed nothing a second time, which takes its cycles further. Here not within such a second
         * time, so that many of them within each other take no longer than they should. */
        bool again = !changed->n_values && now.size == 0 && !context->state->renders_again;
        context->state->renders_again |= again;
        if (changed->n_values || again)
            capo_nodes_render(changed->body, context, out);
        else
            capo_put_bytes(out, now.text, now.size);
        if (again)
            context->state->renders_again = false;
    } else if (changed->otherwise) {
        capo_nodes_render(changed->otherwise, context, out);
    }
}

static Node *compile_ifchanged(Parser *parser, const Token *token)
{
    static const char *const until[] = { "else", "endifchanged", NULL };
    Token opening = *token;
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    ChangedNode *node = NODE(parser, ChangedNode, render_ifchanged);
    node->body = capo_parse(parser, until, &opening);
    if (strcmp(parser->token.text, "else") == 0)
        node->otherwise = capo_parse_until(parser, "endifchanged", &opening);
    node->n_values = count - 1;
    node->values = capo_parse_alloc(parser, count * sizeof *node->values);
    for (size_t i = 1; i < count; i++)
        node->values[i - 1] = capo_expression_compile(parser, bits[i]);
    return &node->node;
}

/* --- cycle, resetcycle ----------------------------------------------------------------------------------------------------------------------- */

typedef struct CycleNode {
    Node node;
    const struct CycleNode *origin;     /* whose turn it is: itself, or the named one that it goes on with */
    Expression **values;
    size_t n_values;
    const char *name;
    bool silent;
    struct CycleNode *previous;
} CycleNode;

static void render_cycle(const Node *node, Context *context, Buffer *out)
{
    const CycleNode *cycle = ((const CycleNode *)node)->origin;
    StateEntry *state = capo_state(&context->state->entries, cycle);
    Value value = capo_expression_resolve(cycle->values[(size_t)state->number % cycle->n_values], context, false);
    state->number++;
    if (cycle->name) {
        value = capo_context_kept(context, value);
        size_t size = strlen(cycle->name);
        uint32_t hash = capo_name_hash(cycle->name, size);
        const Value *known = capo_context_find(context, cycle->name, size, hash);
        if (known)
            *(Value *)known = value;        /* set where it is, in whatever scope */
        else
            capo_context_put(context, cycle->name, size, hash, value);
    }
    if (!cycle->silent)
        capo_context_print(context, value, out);
}

static CycleNode *find_cycle(Parser *parser, const char *name)
{
    for (CycleNode *cycle = (CycleNode *)parser->cycles; cycle; cycle = cycle->previous)
        if (strcmp(cycle->name, name) == 0)
            return cycle;
    return NULL;
}

static Node *compile_cycle(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    bool as_form = false, silent = false;
    if (count < 2)
        capo_parse_fail(parser, "'cycle' tag requires at least two arguments");
    CycleNode *node = NODE(parser, CycleNode, render_cycle);
    if (count == 2) {
        node->origin = find_cycle(parser, bits[1]);
        if (!node->origin)
            capo_parse_fail(parser, parser->cycles ? "Named cycle '%s' does not exist" :
                            "No named cycles in template. '%s' is not defined", bits[1]);
        return &node->node;
    }
    if (count > 4) {
        if (strcmp(bits[count - 3], "as") == 0) {
            if (strcmp(bits[count - 1], "silent") != 0)
                capo_parse_fail(parser, "Only 'silent' flag is allowed after cycle's name, not '%s'.", bits[count - 1]);
            as_form = silent = true;
            count--;
        } else if (strcmp(bits[count - 2], "as") == 0) {
            as_form = true;
        }
    }                               /* with one value alone "as" and the name are values, as in Django */
    size_t last = as_form ? count - 2 : count;
    node->origin = node;
    node->n_values = last - 1;
    node->values = capo_parse_alloc(parser, node->n_values * sizeof *node->values);
    for (size_t i = 1; i < last; i++)
        node->values[i - 1] = capo_expression_compile(parser, bits[i]);
    if (as_form) {
        node->name = bits[count - 1];
        node->silent = silent;
        node->previous = (CycleNode *)parser->cycles;
        parser->cycles = &node->node;
    }
    parser->last_cycle = &node->node;
    return &node->node;
}

typedef struct ResetNode { Node node; const CycleNode *cycle; } ResetNode;

static void render_resetcycle(const Node *node, Context *context, Buffer *out)
{
    (void)out;
    capo_state(&context->state->entries, ((const ResetNode *)node)->cycle)->number = 0;
}

static Node *compile_resetcycle(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count > 2)
        capo_parse_fail(parser, "'%s' tag accepts at most one argument.", bits[0]);
    ResetNode *node = NODE(parser, ResetNode, render_resetcycle);
    if (count == 2) {
        node->cycle = find_cycle(parser, bits[1]);
        if (!node->cycle)
            capo_parse_fail(parser, "Named cycle '%s' does not exist.", bits[1]);
    } else {
        node->cycle = (const CycleNode *)parser->last_cycle;
        if (!node->cycle)
            capo_parse_fail(parser, "No cycles in template.");
    }
    return &node->node;
}

/* --- firstof --------------------------------------------------------------------------------------------------------------------------------- */

typedef struct FirstNode { Node node; Expression **values; size_t n_values; const char *as; } FirstNode;

static void render_firstof(const Node *node, Context *context, Buffer *out)
{
    const FirstNode *first = (const FirstNode *)node;
    Buffer text = { 0 };
    for (size_t i = 0; i < first->n_values; i++) {
        Value value = capo_expression_resolve(first->values[i], context, true);
        if (!capo_truth(value))
            continue;
        capo_context_print(context, value, first->as ? &text : out);
        break;
    }
    if (first->as)
        capo_context_set(context, first->as, capo_buffer_value(&text, context->autoescape));
}

static Node *compile_firstof(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count < 2)
        capo_parse_fail(parser, "'firstof' statement requires at least one argument");
    FirstNode *node = NODE(parser, FirstNode, render_firstof);
    if (count >= 3 && strcmp(bits[count - 2], "as") == 0) {
        node->as = bits[count - 1];
        count -= 2;
    }
    node->n_values = count - 1;
    node->values = capo_parse_alloc(parser, count * sizeof *node->values);
    for (size_t i = 1; i < count; i++)
        node->values[i - 1] = capo_expression_compile(parser, bits[i]);
    return &node->node;
}

const BuiltinTag capo_logic_tags[] = {
    { "autoescape", compile_autoescape },
    { "comment", compile_comment },
    { "cycle", compile_cycle },
    { "filter", compile_filter_tag },
    { "firstof", compile_firstof },
    { "for", compile_for },
    { "if", compile_if },
    { "ifchanged", compile_ifchanged },
    { "resetcycle", compile_resetcycle },
    { "spaceless", compile_spaceless },
    { "verbatim", compile_verbatim },
    { "with", compile_with },
    { 0 }
};

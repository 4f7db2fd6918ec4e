/* SPDX-License-Identifier: BSD-3-Clause */
/* extends, block, include, partialdef and partial.
 *
 * While a family of templates renders, each block's name leads to a chain of its overrides, the youngest first; block.super
 * renders the next of the chain. */
#include "nodes.h"
#include <string.h>

/* --- block ------------------------------------------------------------------------------------------------------------------------- */

typedef struct BlockChain { const char *name; const BlockNode **blocks; size_t count, capacity, at; } BlockChain;
/* What {{ block }} is while its content renders. outer: the one within which it does. */
typedef struct BlockObject {
    Object object;
    const BlockNode *block;
    Context *context;
    struct BlockObject *outer;
    bool of_chain, has_family;
} BlockObject;

static BlockChain *find_chain(RenderState *state, const char *name)
{
    for (size_t i = 0; state && i < state->n_blocks; i++)
        if (strcmp(state->blocks[i].name, name) == 0)
            return &state->blocks[i];
    return NULL;
}

static void add_blocks(RenderState *state, const Template *template)
{
    size_t total = state->n_blocks + template->n_blocks;
    BlockChain *chains = capo_alloc_array(total + 1, sizeof *chains);
    if (state->n_blocks)
        memcpy(chains, state->blocks, state->n_blocks * sizeof *chains);
    state->blocks = chains;
    for (size_t i = 0; i < template->n_blocks; i++) {
        const BlockNode *block = template->blocks[i];
        BlockChain *chain = find_chain(state, block->name);
        if (!chain) {
            chain = &state->blocks[state->n_blocks++];
            chain->name = block->name;
        }
        if (chain->count == chain->capacity) {
            size_t capacity = chain->capacity ? chain->capacity * 2 : 4;
            chain->blocks = capo_realloc(chain->blocks, chain->capacity * sizeof *chain->blocks, capacity * sizeof *chain->blocks);
            chain->capacity = capacity;
        }
        chain->blocks[chain->count++] = block;
    }
}

void capo_context_guarded(Context *context, void (*function)(void *), void *argument)
{
    const Context before = *context;
    RenderState *state = context->state;
    const RenderState state_before = state ? *state : (RenderState){ 0 };
    size_t *at = state && state->n_blocks ? capo_alloc_array(state->n_blocks, sizeof *at) : NULL;
    for (size_t i = 0; at && i < state->n_blocks; i++)
        at[i] = state->blocks[i].at;
    const Error *error = capo_try(function, argument);
    if (!error)
        return;
    capo_template_locate(error, context);
    context->count = before.count;
    context->base = before.base;
    context->n_marks = before.n_marks;
    context->n_frames = before.n_frames;
    context->depth = before.depth;
    context->template = before.template;
    context->at = before.at;
    context->autoescape = before.autoescape;
    context->localise = before.localise;
    context->use_time_zone = before.use_time_zone;
    context->one_by_one = before.one_by_one;
    context->state = state;
    if (state) {
        state->history = state_before.history;
        state->has_blocks = state_before.has_blocks;
        state->active = state_before.active;        /* their turns in the chains are put back below */
    }
    for (size_t i = 0; at && i < state_before.n_blocks; i++)
        state->blocks[i].at = at[i];
    capo_reraise(error);
}

static const ObjectOps block_ops;

/* Renders the content of `block` as the block of this name, in the template that it stands in. */
static void render_content(const BlockNode *block, Context *context, Buffer *out, bool of_chain)
{
    static const char name[] = "block";
    capo_step(context);
    BlockObject *object = capo_alloc_struct(BlockObject);
    RenderState *state = context->state;
    *object = (BlockObject){ { &block_ops }, block, context, state->active, of_chain, state->has_blocks };
    state->active = object;
    capo_context_push(context);
    capo_context_put(context, name, 5, capo_name_hash(name, 5), capo_value_object(object));
    capo_context_enter(context, block->template);
    capo_nodes_render(block->nodes, context, out);
    state->active = object->outer;
    capo_context_leave(context);
    capo_context_pop(context);
}

void capo_blocks_unwind(RenderState *state, struct BlockObject *active)
{
    for (; state->active != active; state->active = state->active->outer) {
        BlockChain *chain = state->active->of_chain ? find_chain(state, state->active->block->name) : NULL;
        if (chain && chain->at > 0)
            chain->at--;
    }
}

static void render_block(const Node *node, Context *context, Buffer *out)
{
    const BlockNode *block = (const BlockNode *)node;
    if (!context->state->has_blocks) {
        render_content(block, context, out, false);
        return;
    }
    BlockChain *chain = find_chain(context->state, block->name);
    if (!chain || chain->at >= chain->count) {
        render_content(block, context, out, false);
        return;
    }
    /* the chains may move while the content renders: an include has its own, but a parent adds to these */
    const BlockNode *content = chain->blocks[chain->at++];
    render_content(content, context, out, true);
    chain = find_chain(context->state, block->name);
    if (chain && chain->at > 0)
        chain->at--;
}

typedef struct Super { const BlockNode *block; Context *context; Buffer out; } Super;

static void render_super(void *argument)
{
    Super *job = argument;
    render_block(&job->block->node, job->context, &job->out);
}

static bool block_get(Object *self, const char *name, size_t size, Value *ret)
{
    BlockObject *object = (BlockObject *)self;
    if (size == 4 && memcmp(name, "name", 4) == 0) {
        *ret = capo_value_text(object->block->name);
        return true;
    }
    if (size != 5 || memcmp(name, "super", 5) != 0)
        return false;
    Context *context = object->context;
    if (!object->has_family)
        capo_template_fail(object->block->template, (int)object->block->node.line, (int)object->block->node.column,
                           "{{ block.super }} stands in a template that extends nothing: there is no parent's block '%s'.",
                           object->block->name);
    BlockChain *chain = find_chain(context->state, object->block->name);
    Super job = { .block = object->block, .context = context };
    if (chain && chain->at < chain->count)
        capo_context_guarded(context, render_super, &job);
    *ret = capo_buffer_value(&job.out, true);
    return true;
}

static const char *block_text(Object *self)
{
    return capo_format("<Block Node: %s>", ((BlockObject *)self)->block->name);
}

static const ObjectOps block_ops = { .type_name = "Block", .get = block_get, .text = block_text };

static Node *compile_block(Parser *parser, const Token *token)
{
    Token opening = *token;
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count != 2)
        capo_parse_fail(parser, "'%s' tag takes only one argument", bits[0]);
    for (BlockNode *block = parser->blocks; block; block = block->previous)
        if (strcmp(block->name, bits[1]) == 0)
            capo_parse_fail(parser, "'%s' tag with name '%s' appears more than once", bits[0], bits[1]);
    BlockNode *block = NODE(parser, BlockNode, render_block);
    block->name = bits[1];
    block->template = parser->template;
    block->previous = parser->blocks;
    block->outer = parser->open_block;
    parser->blocks = parser->open_block = block;
    block->nodes = capo_parse_until(parser, "endblock", &opening);
    parser->open_block = block->outer;
    const char *end = parser->token.text;
    if (strcmp(end, "endblock") != 0 && strcmp(end, capo_format("endblock %s", block->name)) != 0)
        capo_parse_fail(parser, "The block '%s' is closed by '%s'; it should be 'endblock' or 'endblock %s'.", block->name, end, block->name);
    return &block->node;
}

void capo_template_blocks(Parser *parser)
{
    Template *template = parser->template;
    for (BlockNode *block = parser->blocks; block; block = block->previous)
        template->n_blocks++;
    template->blocks = capo_parse_alloc(parser, (template->n_blocks + 1) * sizeof *template->blocks);
    size_t at = template->n_blocks;
    for (BlockNode *block = parser->blocks; block; block = block->previous)
        template->blocks[--at] = block;
}

/* --- links ------------------------------------------------------------------------------------------------------------------------- */

static bool is_constant(const Expression *name, const Context *context, const Template *from)
{
    return !name->operand.parts && !name->operand.translated && name->n_filters == 0 && context->engine == from->engine;
}

static const Template *link_to(const TemplateLink *link, const Template *template)
{
    *(TemplateLink *)link = (TemplateLink){ template, template->engine->generation };
    return template;
}

/* --- extends ----------------------------------------------------------------------------------------------------------------------- */

static bool in_history(const RenderState *state, const char *name, int place)
{
    for (const struct History *seen = state->history; seen; seen = seen->next)
        if (seen->template->place == place && strcmp(seen->template->name, name) == 0)
            return true;
    return false;
}

/* "'a' -> 'b' -> 'a'" */
static const char *history_text(const RenderState *state, const char *name)
{
    const char *text = capo_format("'%s'", name);
    for (const struct History *seen = state->history; seen; seen = seen->next) {
        text = capo_format("'%s' -> %s", seen->template->name, text);
        if (strcmp(seen->template->name, name) == 0)
            break;
    }
    return text;
}

/* The first template of the name that is not one of those that led here. */
static const Template *find_parent(const ExtendsNode *extends, Context *context, const char *name)
{
    Engine *engine = (Engine *)context->engine;
    const char *tried = "";
    const Template *found = NULL;
    bool constant = is_constant(extends->parent, context, extends->template);
    found = constant ? capo_template_linked(&extends->link, engine) : NULL;
    if (found && !in_history(context->state, name, found->place))
        return found;
    for (int place = 0; (found = capo_template_find(engine, name, place, &tried)) != NULL; place = found->place + 1) {
        if (!in_history(context->state, name, found->place))
            return constant ? link_to(&extends->link, found) : found;
        /* Only what stands on every way that leads here, which is the template itself, may be passed over by a link. */
        constant = constant && found == extends->template;
    }
    if (in_history(context->state, name, 0))
        capo_raise(ERROR_TEMPLATE_DOES_NOT_EXIST, "The template '%s' extends itself, directly or through others, and there is no further "
                   "one of this name: %s (line %u of '%s').", name, history_text(context->state, name), extends->node.line, extends->template->name);
    capo_raise(ERROR_TEMPLATE_DOES_NOT_EXIST, "There is no template '%s', which '%s' extends (line %u). Looked for it in: %s", name,
               extends->template->name, extends->node.line, tried && *tried ? tried : "no place at all");
}

static void render_extends(const Node *node, Context *context, Buffer *out)
{
    const ExtendsNode *extends = (const ExtendsNode *)node;
    RenderState *state = context->state;
    Value name = capo_expression_resolve(extends->parent, context, false);
    if (!capo_is_text(name) || name.size == 0)
        capo_template_fail(extends->template, (int)node->line, (int)node->column,
                           "Invalid template name in 'extends' tag: '%s'. It came from the variable '%s'.", capo_to_text(name),
                           extends->parent->source);
    struct History *history = capo_alloc_struct(struct History);
    *history = (struct History){ .next = state->history, .template = extends->template };
    state->history = history;
    const Template *parent = find_parent(extends, context, name.text);
    state->has_blocks = true;
    add_blocks(state, extends->template);
    if (!parent->extends)
        add_blocks(state, parent);
    capo_template_nest(parent, context, out, false);
}

static Node *compile_extends(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count != 2)
        capo_parse_fail(parser, "'%s' takes one argument", bits[0]);
    if (parser->seen_node)
        capo_parse_fail(parser, "{%% %s %%} must be the first tag in the template.", token->text);
    ExtendsNode *extends = NODE(parser, ExtendsNode, render_extends);
    extends->template = parser->template;
    extends->parent = capo_expression_compile(parser, capo_relative_word(parser, bits[1], false));
    const char *name;
    if (capo_expression_text(extends->parent, &name)) {
        capo_template_note(parser, (TemplateNote){ .kind = NOTE_EXTENDS, .name = name });
        capo_template_refer(parser, name, &extends->link, true);
    }
    parser->template->extends = extends;
    parser->seen_node = true;
    /* The rest of the template is only its blocks. */
    capo_parse(parser, NULL, NULL);
    return &extends->node;
}

/* A word of a tag: quoted relative names become whole ones. */
char *capo_relative_word(Parser *parser, char *word, bool may_be_itself)
{
    size_t size = strlen(word);
    if (size < 4 || (word[0] != '"' && word[0] != '\'') || word[size - 1] != word[0] || word[1] != '.')
        return word;
    char *name = capo_strndup(word + 1, size - 2);
    const char *whole = capo_template_relative(parser->template, name, may_be_itself, (int)parser->tag.line, (int)parser->tag.column);
    return whole == name ? word : capo_format("%c%s%c", word[0], whole, word[0]);
}

/* --- include ----------------------------------------------------------------------------------------------------------------------- */

typedef struct IncludeNode {
    Node node;
    const Template *template;
    Expression *name;
    NamedExpression *values;
    size_t n_values;
    bool only;
    TemplateLink link;
} IncludeNode;

static const Template *find_included(const IncludeNode *include, Context *context, Value name)
{
    Engine *engine = (Engine *)context->engine;
    if (name.kind == VALUE_LIST) {
        Buffer names = { 0 };
        for (size_t i = 0; i < name.list->count; i++) {
            const char *each = capo_to_text(name.list->items[i]);
            const Template *found = capo_template_find(engine, each, 0, NULL);
            if (found)
                return found;
            capo_put_format(&names, "%s%s", i ? ", " : "", each);
        }
        capo_raise(ERROR_TEMPLATE_DOES_NOT_EXIST, "None of these templates exists: %s", capo_buffer_text(&names));
    }
    if (!capo_is_text(name) || name.size == 0)
        capo_raise(ERROR_TEMPLATE_DOES_NOT_EXIST, "No template names given for {%% include %s %%} (template %s, line %u).",
                   include->name->source, include->template->name, include->node.line);
    const char *whole = capo_template_relative(include->template, name.text, true, (int)include->node.line, (int)include->node.column);
    const Template *found = capo_template_get(engine, whole);
    return is_constant(include->name, context, include->template) ? link_to(&include->link, found) : found;
}

static void render_include(const Node *node, Context *context, Buffer *out)
{
    const IncludeNode *include = (const IncludeNode *)node;
    const Template *template = context->engine == include->template->engine ? capo_template_linked(&include->link, context->engine) : NULL;
    if (!template)
        template = find_included(include, context, capo_expression_resolve(include->name, context, false));
    Value values[16], *resolved = include->n_values > 16 ? capo_alloc_array(include->n_values, sizeof *resolved) : values;
    for (size_t i = 0; i < include->n_values; i++)
        resolved[i] = capo_expression_resolve(include->values[i].expression, context, false);
    uint32_t base = context->base;
    capo_context_push(context);
    if (include->only)
        context->base = context->count;
    for (size_t i = 0; i < include->n_values; i++)
        capo_context_put(context, include->values[i].name, include->values[i].size, include->values[i].hash, resolved[i]);
    capo_template_nest(template, context, out, true);
    context->base = base;
    capo_context_pop(context);
}

static Node *compile_include(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count < 2)
        capo_parse_fail(parser, "'%s' tag takes at least one argument: the name of the template to be included.", bits[0]);
    IncludeNode *include = NODE(parser, IncludeNode, render_include);
    include->template = parser->template;
    bool with = false;
    for (size_t at = 2; at < count;) {
        const char *option = bits[at];
        if ((with && strcmp(option, "with") == 0) || (include->only && strcmp(option, "only") == 0))
            capo_parse_fail(parser, "The '%s' option was specified more than once.", option);
        if (strcmp(option, "with") == 0) {
            at++;
            include->values = capo_named_arguments(parser, bits, count, &at, false, &include->n_values);
            if (include->n_values == 0)
                capo_parse_fail(parser, "\"with\" in '%s' tag needs at least one keyword argument.", bits[0]);
            with = true;
        } else if (strcmp(option, "only") == 0) {
            include->only = true;
            at++;
        } else {
            capo_parse_fail(parser, "Unknown argument for '%s' tag: '%s'.", bits[0], option);
        }
    }
    include->name = capo_expression_compile(parser, capo_relative_word(parser, bits[1], true));
    const char *name;
    if (capo_expression_text(include->name, &name)) {
        capo_template_note(parser, (TemplateNote){ .kind = NOTE_INCLUDE, .name = name });
        capo_template_refer(parser, name, &include->link, false);
    }
    return &include->node;
}

/* --- partials ------------------------------------------------------------------------------------------------------------------------ */

typedef struct PartialUse { Node node; const Template *template; const char *name; } PartialUse;

static void render_partial_content(const PartialNode *partial, Context *context, Buffer *out)
{
    capo_step(context);
    if (++context->depth > MAX_DEPTH)
        capo_template_fail(partial->template, (int)partial->node.line, (int)partial->node.column,
                           "The partial '%s' uses itself without end.", partial->name);
    capo_context_enter(context, partial->template);
    capo_nodes_render(partial->nodes, context, out);
    capo_context_leave(context);
    context->depth--;
}

static void render_partial_inline(const Node *node, Context *context, Buffer *out)
{
    render_partial_content((const PartialNode *)node, context, out);
}

static void render_nothing(const Node *node, Context *context, Buffer *out)
{
    (void)node, (void)context, (void)out;
}

static void render_partial_use(const Node *node, Context *context, Buffer *out)
{
    const PartialUse *use = (const PartialUse *)node;
    for (const PartialNode *partial = use->template->partials; partial; partial = partial->previous)
        if (strcmp(partial->name, use->name) == 0) {
            render_partial_content(partial, context, out);
            return;
        }
    capo_template_fail(use->template, (int)node->line, (int)node->column, "Partial '%s' is not defined in the current template.%s", use->name,
                       capo_template_parts_text(use->template));
}

static Node *compile_partialdef(Parser *parser, const Token *token)
{
    Token opening = *token;
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count != 2 && !(count == 3 && strcmp(bits[2], "inline") == 0))
        capo_parse_fail(parser, "'partialdef' takes a name, and 'inline' where it is also to be shown.");
    for (PartialNode *partial = parser->partials; partial; partial = partial->previous)
        if (strcmp(partial->name, bits[1]) == 0)
            capo_parse_fail(parser, "Partial '%s' is already defined in this template.", bits[1]);
    PartialNode *partial = NODE(parser, PartialNode, count == 3 ? render_partial_inline : render_nothing);
    partial->name = bits[1];
    partial->shown_here = count == 3;
    partial->template = parser->template;
    partial->nodes = capo_parse_until(parser, "endpartialdef", &opening);
    const char *end = parser->token.text;
    if (strcmp(end, "endpartialdef") != 0 && strcmp(end, capo_format("endpartialdef %s", partial->name)) != 0)
        capo_parse_fail(parser, "The partial '%s' is closed by '%s'.", partial->name, end);
    partial->previous = parser->partials;
    parser->partials = partial;
    return &partial->node;
}

static Node *compile_partial(Parser *parser, const Token *token)
{
    size_t count;
    char **bits = capo_split_contents(parser, token, &count);
    if (count != 2)
        capo_parse_fail(parser, "'partial' takes the name of a partial.");
    PartialUse *use = NODE(parser, PartialUse, render_partial_use);
    use->template = parser->template;
    use->name = bits[1];
    capo_template_note(parser, (TemplateNote){ .kind = NOTE_PARTIAL, .name = use->name });
    return &use->node;
}

const BuiltinTag capo_inherit_tags[] = {
    { "block", compile_block },
    { "extends", compile_extends },
    { "include", compile_include },
    { "partial", compile_partial },
    { "partialdef", compile_partialdef },
    { 0 }
};

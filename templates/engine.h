/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of the template language: what the lexer, parser, nodes, filters and loaders share.
 *
 * A template is compiled once to a list of nodes in an arena of its own: all that a rendering needs to remember lives in its
 * Context. What changes in nodes afterwards is only what any rendering would find out again: links to other templates, and hints
 * of where a name was found. Rendering is a walk: each node has a function that appends to a Buffer. */
#pragma once
#include "../core/base/bytes.h"
#include <capo/arena.h>
#include <capo/template_tags.h>
#include <capo/unit.h>

typedef struct Engine Engine;
typedef struct TemplateNode Node;
typedef struct TemplateParser Parser;
typedef struct Expression Expression;
typedef struct Variable Variable;
typedef struct Filter Filter;
typedef struct Render Render;

/* --- limits: capo/templates.h tells them; what goes beyond is an error with its place ------------------------------------------ */

enum {
    MAX_SOURCE = 8 * 1024 * 1024,       /* bytes of a template */
    MAX_NESTING = 200,                  /* tags within tags */
    MAX_DEPTH = 60,                     /* includes, parents and partials within each other */
    MAX_MEMORY = 1024 * 1024 * 1024,
    MAX_STEPS = 100 * 1000 * 1000,
};

/* --- engine: where templates come from and how values print -------------------------------------------------------------- */

struct Engine {
    const char *name;               /* of several in a site; NULL: it is the only one */
    ContextProcessor *const *processors;    /* NULL: the default list */
    /* The first template of this name from `place` on; false: none. *ret_tried, where given, is a text with the places. */
    bool (*find)(const Engine *engine, const char *name, int place, TemplateSource *ret, const char **ret_tried);
    /* The URL of a route, or NULL where `quiet`, else raises. Positional arguments have the name "". */
    char *(*reverse)(const Context *context, const char *name, const Var *arguments, bool quiet);
    char *(*static_url)(const char *path);
    const void *data;               /* of find */
    const TagLibrary *libraries;    /* besides those of apps; NULL: none */
    const char *const *builtins;    /* libraries that every template has; NULL: none */
    const char *string_if_invalid;  /* NULL or "": none */
    bool autoescape_off, debug, no_time_zone, no_localisation, thousand_separator;
    bool quiet;                     /* says nothing about missing variables in debug */
    bool take_notes;                /* compiled templates keep what they refer to, for the checks */
    const char *static_prefix, *media_prefix;
    /* Limits of one rendering, 0: MAX_MEMORY and MAX_STEPS. Bytes that its unit of work may have taken in all, and rounds of loops,
     * items of what is joined or searched, includes, blocks and partials. */
    size_t max_memory;
    int64_t max_steps;
    struct Template *cached[256];   /* compiled, by name and place */
    uint32_t generation;            /* grows when they are released: links to them end */
    struct Template *unlinked;      /* loaded, and what they refer to is not */
    bool linking;
};

/* Engine.find over the TemplateLoaders of Engine.data, NULL at the end; and the name of the loader of a place. */
bool capo_loaders_find(const Engine *engine, const char *name, int place, TemplateSource *ret, const char **ret_tried);
const char *capo_loader_of(const Engine *engine, int place);
/* " Did you mean …?" among the names that the loaders list. */
const char *capo_loaders_near(const Engine *engine, const char *name);
/* What the context processors of the site give for this request. */
void capo_context_add_processed(Context *context, Request *req);

/* The site's engine; conformance and tests put their own in its place for a while. */
extern Engine *capo_template_engine;

/* What a template refers to by a constant name: for the checks. */
typedef struct TemplateNote {
    enum { NOTE_EXTENDS, NOTE_INCLUDE, NOTE_PARTIAL, NOTE_URL, NOTE_MESSAGE } kind;
    const char *name;               /* of a message: its text as catalogues have it */
    const char *many, *context;     /* of a message; NULL: none */
    const char *const *arguments;   /* of a URL: their names, "" for those in order; NULL at the end */
    bool optional;                  /* its absence is handled: {% url … as … %} */
    uint32_t line, column;
    struct TemplateNote *next;
} TemplateNote;

/* Another template by a constant name, kept by a node: from when its own template is loaded, else from its first use on. Never in debug,
 * where files change. */
typedef struct TemplateLink { const Template *template; uint32_t generation; } TemplateLink;
typedef struct TemplateReference { const char *name; TemplateLink *link; bool extends; struct TemplateReference *next; } TemplateReference;

struct Template {
    const char *name, *source, *path, *loader;
    size_t size;
    Node *nodes;
    struct ExtendsNode *extends;    /* where it extends another */
    struct BlockNode **blocks;
    size_t n_blocks;
    struct PartialNode *partials;
    Template **parts;               /* the partials as templates, NULL at the end */
    Arena *arena;
    const Engine *engine;
    struct Template *next;          /* of the engine's cache */
    TemplateNote *notes;            /* newest first */
    TemplateReference *references;  /* newest first */
    struct Template *next_unlinked;
    uint32_t hash;
    size_t typical_size;            /* of its latest output: room to begin with */
    int place, users;               /* users: renderings that hold it, counted in debug only */
    bool stale, foremost;           /* foremost: no place before its own has this name */
};

/* The template of this name, from `place` on; NULL: none (*ret_tried, where given, says where it was looked for). */
const Template *capo_template_find(Engine *engine, const char *name, int place, const char **ret_tried);
/* A name may end in "#part". */
const Template *capo_template_get(Engine *engine, const char *name);
/* NULL instead of raising; *ret_why says why. */
const Template *capo_template_look(Engine *engine, const char *name, const char **ret_why);
const Template *capo_template_first(Engine *engine, const char *const *names);
const Template *capo_template_compile(Engine *engine, const char *name, const TemplateSource *source, bool keep);
/* "./x" and "../x" against the name of the template that says it; others as they are. */
const char *capo_template_relative(const Template *from, const char *name, bool may_be_itself, int line, int column);
void capo_template_release_all(Engine *engine);
static inline const Template *capo_template_linked(const TemplateLink *link, const Engine *engine)
{
    return link->template && link->generation == engine->generation && !engine->debug ? link->template : NULL;
}
/* Forgets what {% cache %} keeps. */
void capo_template_fragments_clear(void);

/* The part "#part" of it, as a template; NULL: it has none of this name. */
const Template *capo_template_part(const Template *template, const char *part);
/* " It has the partials: a, b." or " It has no partials.": for messages. */
const char *capo_template_parts_text(const Template *template);
/* capo_templates_check of this engine, and these loaders of it. */
size_t capo_engine_check(const Engine *engine, const TemplateLoader *const *loaders, void (*report)(const TemplateProblem *problem));
/* capo_template_messages of this engine. */
void capo_engine_messages(const Engine *engine, const char *name, const char *source, void (*see)(const TemplateMessage *, void *), void *argument);
/* Adds a note where the engine takes them. */
void capo_template_note(Parser *parser, TemplateNote note);
/* The node of this link will want the template of this name: it is looked for as soon as the parser's own is loaded. */
void capo_template_refer(Parser *parser, const char *name, TemplateLink *link, bool extends);

/* Raises with a TemplatePlace as the detail of ERROR_TEMPLATE_SYNTAX. */
_Noreturn void capo_template_fail(const Template *template, int line, int column, const char *format, ...)
    __attribute__((format(printf, 4, 5), cold));

/* --- nodes ----------------------------------------------------------------------------------------------------------------- */

struct TemplateNode {
    void (*render)(const Node *node, Context *context, Buffer *out);
    Node *next;
    uint32_t line, column;
};

void capo_nodes_render(const Node *first, Context *context, Buffer *out);

/* --- context --------------------------------------------------------------------------------------------------------------- */

typedef struct ContextEntry { const char *name; uint32_t size, hash; Value value; } ContextEntry;

/* What nodes remember during one rendering: cycles, ifchanged, blocks. Keyed by node; few. */
typedef struct StateEntry { const void *node; struct StateEntry *next; Value value; int64_t number; bool used; } StateEntry;
typedef struct RenderState {
    StateEntry *entries;
    struct BlockChain *blocks;
    size_t n_blocks;
    bool has_blocks;
    struct BlockObject *active;     /* the innermost block that renders */
    bool renders_again;             /* an {% ifchanged %} that printed nothing */
    struct History { const struct History *next; const Template *template; } *history;      /* of extends */
} RenderState;

struct Context {
    ContextEntry *entries;
    uint32_t count, capacity;
    uint32_t base;                  /* entries before it are not seen: include … only */
    uint32_t *marks, n_marks, marks_capacity;
    bool autoescape, localise, use_time_zone;
    const Engine *engine;
    const Template *template;
    const Node *at;                 /* the node that renders, for messages */
    struct Frame { const Template *template; const Node *at; } *frames;    /* what led here, outermost first */
    uint32_t n_frames, frames_capacity;
    RenderState *state;
    Request *request;
    StateEntry *memory;             /* of own tags */
    List *missing;                  /* expressions whose lack was reported, in debug */
    int depth;                      /* of includes and parents */
    int64_t steps;                  /* taken so far, see Engine.max_steps */
    ResponseStream *stream;         /* where `streamed` goes when it is full; NULL: the page is made as a whole */
    Buffer *streamed;
    unsigned pieces;                /* sent so far */
    int one_by_one;                 /* loops around this whose items are gone after their turn */
};

/* One round of a loop, one include, …: raises when the rendering has done or taken too much. */
void capo_step(Context *context);
/* capo_try for what a tag forgives: after an error the context is as it was, as if the function had never begun. */
const Error *capo_context_try(Context *context, void (*function)(void *), void *argument) __attribute__((warn_unused_result));
/* Blocks that an error ended are over: `active` is what it was before them. */
void capo_blocks_unwind(RenderState *state, struct BlockObject *active);

enum { STREAM_PIECE = 15 * 1024 };
/* Sends what is in the page's own buffer, if this is it and there is enough. Only between nodes. */
void capo_context_flush(Context *context, Buffer *out);
/* A value that outlives the item of a loop that it may be part of: itself, or a copy where such a loop runs. Objects become texts. */
Value capo_context_kept(const Context *context, Value value);

uint32_t capo_name_hash(const char *name, size_t size);
static inline const Value *capo_context_find(const Context *context, const char *name, size_t size, uint32_t hash)
{
    for (uint32_t i = context->count; i-- > context->base;) {
        const ContextEntry *entry = &context->entries[i];
        if (entry->hash == hash && entry->size == size && same_bytes(entry->name, name, size))
            return &entry->value;
    }
    return NULL;
}
/* Sets in the innermost scope; gives the entry's index, which holds as long as the scope. */
uint32_t capo_context_put(Context *context, const char *name, size_t size, uint32_t hash, Value value);
Context *capo_context_for(const Engine *engine, Request *req);
StateEntry *capo_state(StateEntry **entries, const void *node);
/* Python's template_localtime: an aware datetime as it shows in the current zone. */
DateParts capo_context_parts(const Context *context, Value datetime);
/* Renders as the outermost template: with a state of its own, and errors get to know where they happened. */
void capo_template_run(const Template *template, Context *context, Buffer *out);
/* Renders within a running one, with a state of its own where isolated. */
void capo_template_nest(const Template *template, Context *context, Buffer *out, bool isolated);
/* What renders next stands in another template: messages name both. */
void capo_context_enter(Context *context, const Template *template);
void capo_context_leave(Context *context);
/* Calls function(argument), which renders with the context. Where it raises, the context is as it was before, so that whoever catches (a
 * condition, an own tag) may go on with it; the error is located and goes on. */
void capo_context_guarded(Context *context, void (*function)(void *), void *argument);
/* Notes in the error where it happened and what led there. */
void capo_template_locate(const Error *error, const Context *context);
/* In debug: a line in the log about a variable that is printed and does not exist. Once for a place in a rendering. */
void capo_context_missing(Context *context, const Expression *expression);
/* Why a variable cannot be resolved, with the nearest name that there is. */
const char *capo_variable_problem(Context *context, const Variable *variable);

/* --- expressions: a variable or literal, and filters ------------------------------------------------------------------------ */

/* hint: where the look-up of this part found it the latest time; the one thing in a compiled template that changes (capo_lookup_hinted). */
typedef struct VariablePart { const char *name; uint32_t size, hash, hint; } VariablePart;
struct Variable {
    const char *text;
    VariablePart *parts;            /* NULL: a literal */
    uint32_t n_parts;
    bool translated;                /* _("…") */
    Value literal;
};

typedef struct FilterCall {
    const Filter *filter;
    bool has_argument;
    Variable argument;
} FilterCall;

struct Expression {
    Variable operand;
    FilterCall *filters;
    uint32_t n_filters;
    const char *source;
};

bool capo_variable_compile(Parser *parser, const char *text, size_t size, Variable *ret);
/* False: it does not exist. */
bool capo_variable_resolve(const Variable *variable, Context *context, Value *ret);
Expression *capo_expression_compile(Parser *parser, const char *text);
/* ignore_failures: what is missing is None (if, for, firstof, …), else string_if_invalid or "". */
Value capo_expression_resolve(const Expression *expression, Context *context, bool ignore_failures);
/* {{ }} */
void capo_expression_print(const Expression *expression, Context *context, Buffer *out);
/* Notes a text of _("…"), where the engine takes notes. */
void capo_note_translated(Parser *parser, Value text);
/* The text in the current language, as _("…") has it: its percent signs are doubled in catalogues, and stay so. */
Value capo_translated(Value text, const char *message_context);
/* Appends as {{ }} does: localised, escaped. */
void capo_context_print(Context *context, Value value, Buffer *out);
/* Whether the expression is a text literal without filters; its text. */
bool capo_expression_text(const Expression *expression, const char **ret);

/* --- filters ----------------------------------------------------------------------------------------------------------------- */

typedef struct Filtering { Context *context; bool autoescape, has_argument; } Filtering;

struct Filter {
    const char *name;
    Value (*function)(const Filtering *filtering, Value value, Value argument);
    int argument;                   /* ARGUMENT_NONE, … */
    bool is_safe;                   /* safe input gives safe output */
    bool text;                      /* gets str(value) */
    bool local_time;                /* gets datetimes in the current zone */
    const TemplateFilter *custom;
};
extern const Filter capo_text_filters[], capo_html_filters[], capo_list_filters[], capo_number_filters[], capo_date_filters[];
extern const Filter capo_i18n_filters[], capo_l10n_filters[], capo_tz_filters[], capo_humanize_filters[];
Value capo_filter_apply(const FilterCall *call, Context *context, Value value);

/* --- parser ------------------------------------------------------------------------------------------------------------------ */

typedef enum { TOKEN_END, TOKEN_TEXT, TOKEN_VARIABLE, TOKEN_BLOCK } TokenKind;
typedef struct Token {
    TokenKind kind;
    const char *text;               /* NUL-terminated content without the braces, stripped; of text: as it stands */
    size_t size;
    uint32_t line, column;
} Token;

typedef struct BuiltinTag {
    const char *name;
    /* The node of a tag, or NULL for one that leaves nothing. The parser's current token is the tag's. */
    Node *(*compile)(Parser *parser, const Token *token);
} BuiltinTag;
extern const BuiltinTag capo_logic_tags[], capo_inherit_tags[], capo_output_tags[], capo_csp_tags[];
extern const BuiltinTag capo_i18n_tags[], capo_l10n_tags[], capo_tz_tags[], capo_cache_tags[], capo_static_tags[];

typedef struct Library { const char *name; const BuiltinTag *tags; const Filter *filters; } Library;
extern const Library capo_builtin_libraries[];
/* What needs no {% load %}: tables, NULL at the end. */
extern const BuiltinTag *const capo_builtin_tags[];
extern const Filter *const capo_builtin_filters[];
/* The libraries of the i-th app, or NULL past the last; an app without any has an empty list. Set by site.c. */
extern const TagLibrary *(*capo_template_app_libraries)(size_t i);
/* Makes the engine's builtins known to a parser that begins. */
void capo_parser_builtins(Parser *parser);
/* " Did you mean …?" or " Load its library …" for a name that is no tag, or no filter. */
const char *capo_parser_hint(Parser *parser, const char *name, bool tag);
Node *capo_custom_tag_compile(Parser *parser, const Token *token, const TemplateTag *tag);

typedef struct LoadedTag { const char *name; const BuiltinTag *builtin; const TemplateTag *custom; struct LoadedTag *next; } LoadedTag;
typedef struct LoadedFilter { Filter filter; struct LoadedFilter *next; } LoadedFilter;

struct TemplateParser {
    Template *template;
    Arena *arena;
    const char *at, *end;           /* of the lexer */
    const char *line_start;
    uint32_t line;
    const char *no_close[3];        /* up to there no %}, }}, #} comes on this line */
    const char *verbatim;           /* the tag that ends it */
    Token token;                    /* the current one */
    Token tag;                      /* the tag that compiles, for messages of its parts */
    int depth;
    bool seen_node;                 /* something but text stands before */
    LoadedTag *tags;
    LoadedFilter *filters;
    struct BlockNode *blocks;       /* so far, newest first */
    struct BlockNode *open_block;   /* the one that is being read */
    Node *cycles, *last_cycle;      /* named ones, and the latest */
    struct PartialNode *partials;
};

/* Notes the blocks of a parsed template in it. */
void capo_template_blocks(Parser *parser);
void capo_lexer_next(Parser *parser);
/* Nodes up to one of the tags of `until` (NULL at its end), which is parser->token then; `opening` is named where it never
 * comes. until NULL: up to the end. */
Node *capo_parse(Parser *parser, const char *const *until, const Token *opening);
/* One end tag. */
Node *capo_parse_until(Parser *parser, const char *end, const Token *opening);
void capo_skip_past(Parser *parser, const char *end, const Token *opening);
_Noreturn void capo_parse_fail(Parser *parser, const char *format, ...) __attribute__((format(printf, 2, 3), cold));
void *capo_parse_alloc(Parser *parser, size_t size);
char *capo_parse_strndup(Parser *parser, const char *text, size_t size);
Node *capo_node_new(Parser *parser, size_t size, void (*render)(const Node *, Context *, Buffer *));
#define NODE(parser, type, render) ((type *)capo_node_new((parser), sizeof(type), (render)))
/* The words of a tag; quoted parts stay together. NULL at the end. */
char **capo_split_contents(Parser *parser, const Token *token, size_t *ret_count);
/* The first word. */
bool capo_token_is(const Token *token, const char *tag);
const Filter *capo_parser_filter(Parser *parser, const char *name, size_t size);

/* name=value words from *at on: read while they are such; legacy "value as name" where that is allowed. */
typedef struct NamedExpression { const char *name; uint32_t size, hash; Expression *expression; } NamedExpression;
NamedExpression *capo_named_arguments(Parser *parser, char **bits, size_t count, size_t *at, bool legacy, size_t *ret_count);
/* An argument word: name=expression gives the name, else NULL. */
const char *capo_split_named(Parser *parser, const char *bit, const char **ret_value);

/* --- texts of Python's ------------------------------------------------------------------------------------------------------- */

Value capo_buffer_value(Buffer *buffer, bool safe);
/* localize(): numbers and dates as the site shows them; false: not such a value. */
bool capo_put_localised(Context *context, Buffer *out, Value value);
/* date_format with Django's letters or a setting's name; false where the value has no such letter (AttributeError). */
bool capo_put_date(Context *context, Buffer *out, Value value, const char *format, bool time_filter);
void capo_put_iri(Buffer *out, const char *text, size_t size);
/* Python's own attributes and methods without arguments that templates use: date.year, dict.items, "text".upper */
bool capo_python_attribute(Value value, const char *name, size_t size, Value *ret);

/* SPDX-License-Identifier: BSD-3-Clause */
/* The arguments of own tags: the row's declaration, read once for each use, and a call that fits it. */
#pragma once
#include "engine.h"

typedef struct TagParameter {
    const char *name;
    bool has_default, named_only;
    Value otherwise;
} TagParameter;

typedef struct TagSignature {
    TagParameter *parameters;
    size_t count, n_positional;         /* those that may come in order stand first */
    const char *rest, *extra;           /* of *rest and **extra; NULL: takes none */
} TagSignature;

/* One use: an expression for each parameter, or NULL for its default; then what *rest and **extra get. */
typedef struct TagCall {
    Expression **values;
    Expression **rest;
    size_t n_rest;
    NamedExpression *extra;
    size_t n_extra;
} TagCall;

TagSignature *tag_signature_parse(Parser *parser, const TemplateTag *tag);
/* Words behind the tag's name, without `as name`. Raises where they do not fit, in Django's words. */
TagCall *tag_call_compile(Parser *parser, const TemplateTag *tag, const TagSignature *signature, char **words, size_t count);
TagArguments tag_call_resolve(const TagSignature *signature, const TagCall *call, Context *context);

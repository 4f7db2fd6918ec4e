/* SPDX-License-Identifier: BSD-3-Clause */
/* Nodes that more than one file knows. */
#pragma once
#include "engine.h"

typedef struct BlockNode {
    Node node;
    const char *name;
    const Template *template;
    Node *nodes;
    struct BlockNode *previous, *outer;     /* outer: the block that it stands in */
} BlockNode;

typedef struct ExtendsNode { Node node; const Template *template; Expression *parent; TemplateLink link; } ExtendsNode;

typedef struct PartialNode {
    Node node;
    const char *name;
    const Template *template;
    Node *nodes;
    struct PartialNode *previous;
    bool shown_here;                /* inline */
} PartialNode;

char *capo_relative_word(Parser *parser, char *word, bool may_be_itself);

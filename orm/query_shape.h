/* SPDX-License-Identifier: BSD-3-Clause */
/* Statements kept by shape: capo_get(Post, .where = { .slug = EQ(slug) }) is compiled once, and later only bound. So is capo_update(), whose shape
 * has the fields that it sets.
 *
 * The shape is all of the options but the values of look-ups and the numbers of .limit and .offset: the model, which look-ups of which fields,
 * order, joins, the database's dialect, the time zone. Options that have none (.query, .filter, expressions, IN, a null, a value of another kind than
 * its column) take the ordinary way, and so does everything when MOST_SHAPES are known. */
#pragma once
#include "query.h"
#include "options.h"

typedef enum ShapeUse { SHAPE_ROWS, SHAPE_ONE, SHAPE_FIRST, SHAPE_EXISTS, SHAPE_UPDATE } ShapeUse;

/* The statement with the options' values bound, or NULL: the query is to be made. Its strings live as long as the process. */
Compiled *shape_compiled(Model *model, const QueryOptions *options, ShapeUse use);
/* The same of an UPDATE that sets plain values. The list ends with a row of zeros. */
Compiled *shape_update(Model *model, const QueryOptions *options, const NamedChange *changes);
/* The query whose SELECT answers that: the first 21 rows of a get(), one row of a first(). */
Query *query_for_use(Query *query, ShapeUse use);
/* Whether the model is the program's own, which lives as long as the process, and not one that was made at run time. */
bool model_is_registered(const Model *model);
/* How many shapes are known, and how often one was found. */
typedef struct ShapeFigures { size_t known; int64_t found; } ShapeFigures;
ShapeFigures shape_figures(void);

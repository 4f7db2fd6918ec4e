/* SPDX-License-Identifier: BSD-3-Clause */
/* An existing database as models: its catalogue as states of models, and those as the text of a models.def. */
#pragma once
#include "migration.h"

/* The tables that there are, and views and partitions where wanted; sorted texts. */
List *inspect_tables(bool views, bool partitions);
/* The model of a table, in an app of this name; relations lead to models of the same app. `tables`: all that there are, since no two models may be
 * called the same. A table without a primary key gets the columns that are unique and never null for one, or none. `notes` gets a line for all that could not be said:
 * "column shape: the type point is not known". Raises ERROR_COMMAND where there is no such table. */
ModelState *inspect_model(const char *app, const char *table, const List *tables, List *notes);
/* The same for many tables: what was read of one is kept for those that refer to it. */
typedef struct InspectCatalogue { const List *tables; Map *columns, *keys; } InspectCatalogue;
ModelState *inspect_model_of(const InspectCatalogue *catalogue, const char *app, const char *table, List *notes);
/* As it stands in a models.def; the notes are comments in it. */
char *inspect_text(const ModelState *model, const List *notes);

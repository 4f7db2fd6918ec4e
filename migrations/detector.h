/* SPDX-License-Identifier: BSD-3-Clause */
/* Between autodetector.c, which finds what changed, and arrange.c, which makes migrations of it. */
#pragma once
#include "migration.h"

/* An operation in the one order that is right for all apps together: arrange.c may only pull operations of one app forward, over such of
 * others as it does not need. */
typedef struct Planned {
    const char *app;
    Operation *operation;
    const char **refers;                /* labels of the models that its fields refer to, also a field that it removes; NULL at the end */
    Migration *migration;               /* arrange.c: where it went */
} Planned;

typedef struct Detector {
    ProjectState *now;                  /* the old state, with what is planned done to it */
    const ProjectState *to;
    Questioner *questioner;
    Planned *planned; size_t count;
} Detector;

void detect_operations(Detector *detector);
DetectedApp *arrange_operations(Detector *detector, const MigrationGraph *graph, const char *const *only, const char *name, size_t *ret_count);

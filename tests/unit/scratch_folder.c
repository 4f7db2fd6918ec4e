/* SPDX-License-Identifier: BSD-3-Clause */
#include "scratch_folder.h"
#include <capo/testing.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void go_back(void *fd)
{
    if (fchdir((int)(intptr_t)fd) != 0)
        abort();
    close((int)(intptr_t)fd);
}

static void remove_folder(void *path)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", (char *)path);
    (void)!system(command);
}

void enter_scratch_folder(void)
{
    char *path = capo_strdup("/tmp/capo-test-XXXXXX");
    EXPECT(mkdtemp(path) != NULL);
    capo_defer(remove_folder, path);
    capo_defer(go_back, (void *)(intptr_t)open(".", O_RDONLY | O_DIRECTORY));
    EXPECT(chdir(path) == 0);
}

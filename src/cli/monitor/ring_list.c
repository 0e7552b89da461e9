/* SPDX-License-Identifier: MIT */
/* ring_list.c - the rings of this user, by name. */
#include <stdlib.h>
#include <string.h>

#include "monitor/info_text.h"

static int add_name(const char *name, void *arg)
{
    struct names *names = arg;
    size_t room = names->room != 0 ? names->room * 2 : 16;
    void *more;

    if (names->count == names->room) {
        more = realloc(names->all, room * sizeof *names->all);
        if (more == NULL) {
            return 1;
        }
        names->all = more;
        names->room = room;
    }
    (void)snprintf(names->all[names->count++], SHMRING_NAME_SIZE, "%s", name);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

shmring_status names_list(struct names *ret)
{
    struct names names = {0};
    shmring_status status = shmring_list(add_name, &names);

    if (status != SHMRING_OK) {
        names_free(&names);
        return status;
    }
    if (names.count > 1) {
        qsort(names.all, names.count, sizeof *names.all, by_name);
    }
    *ret = names;
    return SHMRING_OK;
}

void names_free(struct names *names)
{
    free(names->all);
    memset(names, 0, sizeof *names);
}

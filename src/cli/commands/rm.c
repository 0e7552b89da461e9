/* SPDX-License-Identifier: MIT */
/* rm.c - takes a name away. */
#include "text/ring_name.h"

static int run(const struct command *self, int argc, char **argv)
{
    const char *name = NULL;
    shmring_status status;
    int ret;

    if (!args_read(self, argc, argv, NULL, 0, "NAME", &name, &ret)) {
        return ret;
    }
    name = ring_name(name);
    status = shmring_remove(name);
    if (status == SHMRING_E_NOT_FOUND) {
        return say_failed("there is no ring '%s'; `shmring ls` has those that there are",
                          short_name(name));
    }
    return status == SHMRING_OK ? EXIT_OK : say_status(status);
}

const struct command command_rm = {
    "rm", "NAME", "remove a ring's name",
    "Removes a ring. Processes that have it open keep it and each other until they close.\n", run};

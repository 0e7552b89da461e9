/* SPDX-License-Identifier: MIT */
/* prune.c - takes away what the dead have left. */
#include <inttypes.h>

#include "command.h"

static int run(const struct command *self, int argc, char **argv)
{
    int as_json = 0, ret;
    const struct option options[] = {{"json", OPTION_FLAG, &as_json, NULL, 0, 0, NULL, NULL}};
    uint32_t removed = 0;
    struct json j;
    shmring_status status;

    if (!args_read(self, argc, argv, options, 1, NULL, NULL, &ret)) {
        return ret;
    }
    status = shmring_prune(&removed);
    if (status != SHMRING_OK) {
        return say_status(status);
    }
    if (as_json) {
        json_start(&j, stdout);
        json_open(&j, NULL, '{');
        json_number(&j, "removed", removed);
        json_close(&j, '}');
        json_end(&j);
    } else {
        printf("removed %" PRIu32 " dead ring%s\n", removed, removed == 1 ? "" : "s");
    }
    return say_done();
}

const struct command command_prune = {
    "prune", "[--json]", "remove the rings whose users all died",
    "Removes this user's rings that no process has open any more and that were to end with their\n"
    "last user. Persistent rings stay.\n"
    "\n"
    "  --json           as a JSON object\n",
    run};

/* SPDX-License-Identifier: MIT */
/* ls.c - the rings of this user. */
#include <inttypes.h>
#include <string.h>

#include "command.h"
#include "host/host.h"
#include "monitor/info_text.h"

static void add_row(struct table *t, const shmring_info *info)
{
    char owner[FIGURE_SIZE], capacity[FIGURE_SIZE], used[FIGURE_SIZE], producer[FIGURE_SIZE],
        consumer[FIGURE_SIZE];
    const char *cells[] = {short_name(info->name),
                           owner,
                           figure_bytes(capacity, info->capacity),
                           info_framing(info),
                           figure_count(used, info->used),
                           info_role(producer, &info->producer),
                           info_role(consumer, &info->consumer),
                           info_state(info)};

    host_user_name(info->owner, owner, sizeof owner);
    table_row(t, cells);
}

static void add_object(struct json *j, const shmring_info *info)
{
    json_open(j, NULL, '{');
    json_text(j, "name", short_name(info->name));
    json_number(j, "owner", info->owner);
    json_number(j, "capacity", info->capacity);
    json_text(j, "framing", info_framing(info));
    json_number(j, "used", info->used);
    info_role_json(j, "producer", &info->producer);
    info_role_json(j, "consumer", &info->consumer);
    json_text(j, "state", info_state(info));
    json_close(j, '}');
}

/* A name that cannot be read as a ring is shown all the same: it is what people look for. */
static void add_unreadable(struct table *t, struct json *j, const char *name, shmring_status why)
{
    const char *cells[] = {short_name(name),        "-", "-", "-", "-", "-", "-",
                           shmring_status_text(why)};

    if (j != NULL) {
        json_open(j, NULL, '{');
        json_text(j, "name", short_name(name));
        json_text(j, "state", "unreadable");
        json_text(j, "error", shmring_error_detail());
        json_close(j, '}');
    } else {
        table_row(t, cells);
    }
}

static void list(const struct names *names, struct table *t, struct json *j)
{
    shmring_info info;
    shmring_status status;
    size_t i;

    for (i = 0; i < names->count; i++) {
        status = shmring_inspect(names->all[i], &info);
        if (status == SHMRING_E_NOT_FOUND) {
            continue; /* it went while we looked */
        }
        if (status != SHMRING_OK) {
            add_unreadable(t, j, names->all[i], status);
        } else if (j != NULL) {
            add_object(j, &info);
        } else {
            add_row(t, &info);
        }
    }
}

/* Without a look at the rings, and as a shell takes them without quotes: for completion. */
static void list_names(const struct names *names)
{
    const char *name;
    size_t at, n;

    for (at = 0; at < names->count; at++) {
        name = short_name(names->all[at]);
        n = strcspn(name, "\\");
        print_line(name[n] != '\0' ? "%.*s/%s" : "%.*s%s", (int)n, name,
                   name[n] != '\0' ? name + n + 1 : "");
    }
}

static int run(const struct command *self, int argc, char **argv)
{
    static const char *const heads[] = {"NAME", "OWNER",    "CAPACITY", "FRAMING",
                                        "USED", "PRODUCER", "CONSUMER", "STATE"};
    int as_json = 0, only_names = 0, ret;
    const struct option options[] = {{"json", OPTION_FLAG, &as_json, NULL, 0, 0, NULL, NULL},
                                     {"names", OPTION_FLAG, &only_names, NULL, 0, 0, NULL, NULL}};
    struct names names;
    struct table t;
    struct json j;
    shmring_status status;

    if (!args_read(self, argc, argv, options, 2, NULL, NULL, &ret)) {
        return ret;
    }
    if (as_json && only_names) {
        return say_usage("ls: --names goes without --json");
    }
    status = names_list(&names);
    if (status != SHMRING_OK) {
        return say_status(status);
    }
    if (only_names) {
        list_names(&names);
    } else if (as_json) {
        json_start(&j, stdout);
        json_open(&j, NULL, '[');
        list(&names, NULL, &j);
        json_close(&j, ']');
        json_end(&j);
    } else {
        table_start(&t, "llrlrlll");
        table_row(&t, heads);
        list(&names, &t, NULL);
        table_print(&t, stdout);
    }
    names_free(&names);
    return say_done();
}

const struct command command_ls = {
    "ls", "[--json | --names]", "the rings of this user",
    "Lists this user's rings: name, owner, capacity, framing, bytes in use, who has the two sides "
    "open "
    "(pid\n"
    "and program, or -), and the state: alive while any process has the ring open, persistent "
    "when\n"
    "nobody has and it stays all the same, dead when its last user died (the next opener or\n"
    "`shmring prune` takes it away).\n"
    "\n"
    "  --json           as a JSON array\n"
    "  --names          only the names, one in a line; a global one as Global/NAME\n",
    run};

/* SPDX-License-Identifier: MIT */
/* replay.c - recordings into a ring, at their own pace or another one. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "recording/target.h"

#define FILES_MAX  4096u
#define SLEEP_FROM UINT64_C(200000) /* shorter pauses are polled: sleeps end late */
#define WAKE_EARLY UINT64_C(100000)
#define SLEEP_MOST UINT64_C(100000000) /* a stop is seen this fast */

struct replay {
    struct target *targets;
    const char *const *names; /* the rings that are wanted; none: all */
    size_t name_count;
    int renames; /* the one ring of a file goes into the one that is named */
    struct progress progress;
    const char *const *paths;
    size_t path_count;
    double speed;  /* 0: as fast as it goes */
    uint64_t left; /* records to go; UINT64_MAX = all */
    int has_time;
    uint64_t last_ns, due_ns; /* the last record's time, and when it was due here */
    uint64_t latest_ns;       /* the most that a record came too late */
    struct recording_totals totals;
    uint64_t gaps, damaged, skipped, missing_blocks, cut_files;
    int as_json;
};

/* ---- the pace ---- */

/* Times that go back (another clock, a rotated file of a later run) are no pause. */
static void wait_for_turn(struct replay *r, const struct sender *to, uint64_t time_ns)
{
    uint64_t now = host_clock_ns(), left;

    if (!r->has_time) {
        r->has_time = 1;
        r->due_ns = now;
    } else if (time_ns > r->last_ns) {
        r->due_ns += (uint64_t)((double)(time_ns - r->last_ns) / r->speed);
    }
    r->last_ns = time_ns;
    for (; now < r->due_ns && !host_stop_requested(); now = host_clock_ns()) {
        left = r->due_ns - now;
        if (left > SLEEP_FROM) {
            left -= WAKE_EARLY;
            host_sleep_ns(left < SLEEP_MOST ? left : SLEEP_MOST);
            progress_show(&r->progress);
        } else {
            shmring_producer_relax(to->ring);
        }
    }
    if (now > r->due_ns && now - r->due_ns > r->latest_ns) {
        r->latest_ns = now - r->due_ns;
    }
}

/* ---- sending ---- */

static void count_loss(struct replay *r, const struct recording_entry *e)
{
    uint64_t records;

    if (e->len == RECORDING_LOSS) {
        records = get_number(e->data + 8, 8);
        r->totals.losses++;
        r->totals.lost_bytes += get_number(e->data, 8);
        r->totals.lost_records = records == UINT64_MAX || r->totals.lost_records == UINT64_MAX
                                     ? UINT64_MAX
                                     : r->totals.lost_records + records;
    }
}

static int pass_on(struct replay *r, struct sender *to, const struct recording_entry *e,
                   int *ret_exit)
{
    if ((e->flags & RECORDING_IS_LOSS) != 0) {
        count_loss(r, e);
        return 1;
    }
    if (r->speed != 0) {
        wait_for_turn(r, to, e->time_ns);
    }
    if (host_stop_requested() || !target_send(to, e, ret_exit)) {
        return 0;
    }
    r->gaps += (e->flags & RECORDING_GAP) != 0;
    r->totals.records++;
    r->totals.bytes += e->len;
    r->left -= r->left != UINT64_MAX;
    progress_add(&r->progress, 1, e->len);
    progress_show(&r->progress);
    return 1;
}

/* ---- files ---- */

static void take_account(struct replay *r, const struct recording_reader *file)
{
    char bytes[FIGURE_SIZE], places[FIGURE_SIZE], blocks[FIGURE_SIZE];

    r->damaged += file->damaged_places;
    r->skipped += file->skipped_bytes;
    r->missing_blocks += file->missing_blocks;
    r->cut_files += !file->has_end;
    if (file->damaged_places != 0) {
        say_notice("%s: passed over %s in %s; blocks missing between whole ones: %s", file->path,
                   figure_of(bytes, file->skipped_bytes, "byte"),
                   figure_of(places, file->damaged_places, "damaged place"),
                   figure_count(blocks, file->missing_blocks));
    }
    if (!file->has_end) {
        say_notice("%s: has no end; its recorder was killed, or the file is cut", file->path);
    }
}

/* The name that a ring's records go to; NULL: it is not wanted. */
static const char *name_for(const struct replay *r, const struct recorded_ring *ring)
{
    size_t i;

    for (i = 0; i < r->name_count; i++) {
        if (r->renames ||
            strcmp(short_name(ring_name(r->names[i])), short_name(ring->about.name)) == 0) {
            return r->names[i];
        }
    }
    return r->name_count == 0 ? ring->about.name : NULL;
}

/* Where a ring's records go; opened at the first. *ret: NULL for those that are not wanted. Returns
 * an exit status. */
static int find_target(struct replay *r, const struct recorded_ring *ring,
                       const shmring_options *opt, struct target **ret)
{
    const char *name = name_for(r, ring);
    struct target *t;
    int status;

    for (t = r->targets; name != NULL && t != NULL; t = t->next) {
        if (strcmp(t->to.name, ring_name(name)) == 0) {
            break;
        }
    }
    if (name != NULL && t == NULL) {
        t = calloc(1, sizeof *t);
        if (t == NULL) {
            return say_failed("no memory for the rings");
        }
        t->to.name = strcpy(t->name, ring_name(name));
        t->next = r->targets;
        r->targets = t;
        status = target_open(t, ring, opt);
        if (status != EXIT_OK) {
            return status;
        }
    }
    *ret = name != NULL ? t : NULL;
    return EXIT_OK;
}

/* Rings that are known are there before the first record: their readers see them. */
static int open_all(struct replay *r, struct recording_reader *file, const shmring_options *opt)
{
    const uint32_t count = recording_rings(file);
    struct target *to = NULL;
    uint32_t i;
    int ret = EXIT_OK;

    for (i = 0; i < count && ret == EXIT_OK; i++) {
        ret = find_target(r, recording_ring(file, i), opt, &to);
        recording_ring(file, i)->user = to;
    }
    return ret;
}

static int replay_file(struct replay *r, struct recording_reader *file, const shmring_options *opt)
{
    struct recording_entry e;
    struct recorded_ring *ring;
    struct target *to = NULL;
    int ret = EXIT_OK, found = 1;

    while (r->left > 0 && !host_stop_requested() && (found = recording_next(file, &e)) > 0) {
        ring = recording_ring(file, e.ring);
        to = ring->user;
        if (to == NULL) {
            ret = find_target(r, ring, opt, &to);
            ring->user = to;
        }
        if (ret != EXIT_OK || (to != NULL && !pass_on(r, &to->to, &e, &ret))) {
            return ret;
        }
    }
    if (found == 0) {
        take_account(r, file);
    }
    return found < 0 && !host_stop_requested() ? EXIT_FAILED : EXIT_OK;
}

/* Whether the names suit the rings of a file; one name suits a file of one ring. */
static int suit(struct replay *r, struct recording_reader *file)
{
    const uint32_t count = recording_rings(file);
    uint32_t i;
    int wanted = 0;

    r->renames = 0;
    if (r->name_count == 1 && count == 1) {
        r->renames = 1;
        return 1;
    }
    for (i = 0; i < count; i++) {
        wanted = wanted || name_for(r, recording_ring(file, i)) != NULL;
    }
    return wanted || count == 0;
}

static int replay_all(struct replay *r, const shmring_options *opt)
{
    struct recording_reader file;
    size_t i;
    int ret = EXIT_OK;

    progress_start(&r->progress, 1);
    for (i = 0; i < r->path_count && ret == EXIT_OK && r->left > 0 && !host_stop_requested(); i++) {
        if (!recording_open(&file, r->paths[i])) {
            return host_stop_requested() ? EXIT_OK : EXIT_FAILED;
        }
        if (recording_rings(&file) > 0 && r->name_count == 0 &&
            recording_ring(&file, 0)->about.name[0] == '\0') {
            ret = say_usage("%s is another program's: give the NAME of the ring that it goes into",
                            r->paths[i]);
        } else {
            ret = suit(r, &file)
                      ? open_all(r, &file, opt)
                      : say_failed("%s has no ring '%s': `shmring info` lists what it has",
                                   r->paths[i], r->names[0]);
        }
        if (ret == EXIT_OK) {
            ret = replay_file(r, &file, opt);
        }
        recording_close(&file);
    }
    return ret;
}

/* ---- the sums ---- */

static void print_json(const struct replay *r)
{
    struct json j;

    json_start(&j, stdout);
    json_open(&j, NULL, '{');
    json_text(&j, "ring", short_name(r->targets->to.name));
    json_number(&j, "records", r->totals.records);
    json_number(&j, "bytes", r->totals.bytes);
    json_number(&j, "gaps", r->gaps);
    json_number(&j, "losses", r->totals.losses);
    json_number(&j, "lost_bytes", r->totals.lost_bytes);
    if (r->totals.lost_records == UINT64_MAX) {
        json_null(&j, "lost_records");
    } else {
        json_number(&j, "lost_records", r->totals.lost_records);
    }
    json_number(&j, "damaged_places", r->damaged);
    json_number(&j, "skipped_bytes", r->skipped);
    json_number(&j, "missing_blocks", r->missing_blocks);
    json_number(&j, "files_without_end", r->cut_files);
    json_number(&j, "late_ns", r->latest_ns);
    json_close(&j, '}');
    json_end(&j);
}

static void print_totals(const struct replay *r)
{
    char a[FIGURE_SIZE], b[FIGURE_SIZE];

    printf("replayed %s, %s", figure_of(a, r->totals.records, "record"),
           figure_of(b, r->totals.bytes, "byte"));
    if (r->speed != 0) {
        printf("; at most %s late", figure_ns(a, r->latest_ns));
    }
    if (r->gaps != 0) {
        printf("; in %s the sender had dropped records", figure_of(a, r->gaps, "place"));
    }
    if (r->totals.losses != 0) {
        printf("; the recorder had lost %s in %s", figure_of(a, r->totals.lost_bytes, "byte"),
               figure_of(b, r->totals.losses, "place"));
    }
    printf("\n");
}

/* ---- the command ---- */

/* "max", or a factor. Returns 0 when it is neither. */
static int read_speed(const char *text, double *ret)
{
    char *end;
    double value;

    if (strcmp(text, "max") == 0) {
        *ret = 0;
        return 1;
    }
    value = strtod(text, &end);
    if (end == text || (*end != '\0' && strcmp(end, "x") != 0) || !(value >= 1e-6) ||
        !(value <= 1e6)) {
        return 0;
    }
    *ret = value;
    return 1;
}

static int run_replay(struct replay *r, const shmring_options *opt)
{
    struct target *t, *next;
    int ret = replay_all(r, opt), done;
    const int some = r->targets != NULL && r->targets->is_open;

    progress_end(&r->progress);
    for (t = r->targets; t != NULL; t = t->next) {
        ret = target_end(t, ret);
    }
    if (some && r->as_json) {
        print_json(r);
    } else if (some) {
        print_totals(r);
    }
    for (t = r->targets; t != NULL; t = next) {
        next = t->next;
        free(t);
    }
    done = say_done();
    return ret != EXIT_OK ? ret : done;
}

/* The operands: files, the first in any case, and behind them names. */
static void sort_out(struct replay *r, const char *const *operands, size_t n)
{
    size_t files = 1;

    while (files + 1 < n && recording_look_at(operands[files]) == RECORDING_YES) {
        files++;
    }
    if (files + 1 == n && strlen(operands[files]) > 5 &&
        strcmp(operands[files] + strlen(operands[files]) - 5, ".mcap") == 0) {
        files++;
    }
    r->paths = operands;
    r->path_count = files;
    r->names = operands + files;
    r->name_count = n - files;
}

static int run(const struct command *self, int argc, char **argv)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    const char *operands[FILES_MAX], *speed = "1";
    struct replay r = {.left = UINT64_MAX};
    size_t n;
    int ret, persistent = 0;
    const struct option options[] = {
        {"speed", OPTION_TEXT, &speed, NULL, 0, 0, NULL, NULL},
        {"count", OPTION_COUNT, &r.left, NULL, 0, 0, NULL, NULL},
        {"capacity", OPTION_SIZE, &opt.capacity, NULL, 0, 0, NULL, NULL},
        {"persistent", OPTION_FLAG, &persistent, NULL, 0, 0, NULL, NULL},
        RING_ANY_OWNER_OPTION,
        {"json", OPTION_FLAG, &r.as_json, NULL, 0, 0, NULL, NULL},
    };

    if (!args_read_many(self, argc, argv, options, sizeof options / sizeof options[0], operands,
                        FILES_MAX, &n, &ret)) {
        return ret;
    }
    if (n == 0) {
        return say_usage("replay needs a FILE, or several");
    }
    if (!read_speed(speed, &r.speed)) {
        return say_usage("--speed '%.40s' is neither max nor a factor such as 1, 0.5 or 10", speed);
    }
    opt.lifetime = persistent ? SHMRING_PERSISTENT : SHMRING_UNTIL_LAST_CLOSE;
    sort_out(&r, operands, n);
    host_catch_stop(NULL);
    return run_replay(&r, &opt);
}

const struct command command_replay = {
    "replay", "FILE... [NAME...] [options]", "a recording into rings",
    "Sends what `shmring record` wrote: the same records, with the same pauses between them. "
    "NAMEs choose among the rings of the recording; of one that has one ring, NAME is where it "
    "goes. "
    "An MCAP file of another program goes into the one ring NAME. Waits "
    "for\n"
    "space, and ends as send does. A new ring is made as the recorded one was. Damaged places are\n"
    "passed over, and said.\n"
    "\n"
    "  --speed X        1 is the original pace (default), 2 twice as fast, 0.5 half; max does not "
    "wait\n"
    "  --count N        end after N records\n"
    "  --capacity SIZE  of a new ring: a power of two from 64K; the recorded one's if not given\n"
    "  --persistent     a new ring stays until it is removed\n"
    "  --json           the sums as a JSON object\n" RING_ANY_OWNER_HELP,
    run};

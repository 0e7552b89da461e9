/* SPDX-License-Identifier: MIT */
/* replay.c - recordings into a ring, at their own pace or another one. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "recording/recording.h"
#include "stream/sender.h"

#define FILES_MAX  4096u
#define SLEEP_FROM UINT64_C(200000) /* shorter pauses are polled: sleeps end late */
#define WAKE_EARLY UINT64_C(100000)
#define SLEEP_MOST UINT64_C(100000000) /* a stop is seen this fast */

struct replay {
    struct sender to;
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
static void wait_for_turn(struct replay *r, uint64_t time_ns)
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
            progress_show(&r->to.progress);
        } else {
            shmring_producer_relax(r->to.ring);
        }
    }
    if (now > r->due_ns && now - r->due_ns > r->latest_ns) {
        r->latest_ns = now - r->due_ns;
    }
}

/* ---- sending ---- */

/* Each returns 1; 0 to end with *ret_exit. */
static int send_record(struct replay *r, const struct recording_entry *e, int *ret_exit)
{
    shmring_status status;

    while ((status = shmring_try_send(r->to.ring, e->data, e->len, e->type)) == SHMRING_FULL) {
        if (!send_wait_space(&r->to, e->len, ret_exit)) {
            return 0;
        }
    }
    if (status != SHMRING_OK) {
        *ret_exit = say_status(status);
        return 0;
    }
    return 1;
}

static int send_bytes(struct replay *r, const struct recording_entry *e, int *ret_exit)
{
    uint64_t done = 0;

    while (done < e->len) {
        done += shmring_try_write(r->to.ring, e->data + done, e->len - done);
        if (done < e->len && !send_wait_space(&r->to, 1, ret_exit)) {
            return 0;
        }
    }
    return 1;
}

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

static int pass_on(struct replay *r, const struct recording_entry *e, int *ret_exit)
{
    if ((e->flags & RECORDING_IS_LOSS) != 0) {
        count_loss(r, e);
        return 1;
    }
    if (r->speed != 0) {
        wait_for_turn(r, e->time_ns);
    }
    if (host_stop_requested() ||
        !(r->to.info.framing == SHMRING_BYTES ? send_bytes(r, e, ret_exit)
                                              : send_record(r, e, ret_exit))) {
        return 0;
    }
    r->gaps += (e->flags & RECORDING_GAP) != 0;
    r->totals.records++;
    r->totals.bytes += e->len;
    r->left -= r->left != UINT64_MAX;
    progress_add(&r->to.progress, 1, e->len);
    progress_show(&r->to.progress);
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

static int replay_file(struct replay *r, struct recording_reader *file)
{
    struct recording_entry e;
    int ret = EXIT_OK, found = 1;

    while (r->left > 0 && !host_stop_requested() && (found = recording_next(file, &e)) > 0) {
        if (!pass_on(r, &e, &ret)) {
            return ret;
        }
    }
    if (found == 0) {
        take_account(r, file);
    }
    return found < 0 && !host_stop_requested() ? EXIT_FAILED : EXIT_OK;
}

/* The ring is as the recorded one was, where it is new. */
static int open_ring(struct replay *r, const struct recording_about *about, shmring_options *opt)
{
    shmring_info info;
    shmring_status status = shmring_inspect(r->to.name, &info);
    uint64_t capacity = opt->capacity;

    if (status == SHMRING_OK && info.alive != 0 && info.framing != about->framing) {
        return say_failed("ring '%s' has another framing than the recording",
                          short_name(r->to.name));
    }
    if (status != SHMRING_OK || info.alive == 0) { /* else it is what it is */
        opt->capacity = capacity != 0 ? capacity : about->capacity;
        opt->max_record = capacity != 0 ? 0 : about->max_record;
        opt->stamp = /* ticks need not be had here */
            about->stamp != SHMRING_STAMP_NONE ? SHMRING_STAMP_MONOTONIC : SHMRING_STAMP_NONE;
    }
    opt->framing = about->framing;
    opt->schema = about->schema;
    status = ring_open_producer(&r->to.ring, r->to.name, opt);
    if (status == SHMRING_E_MISMATCH && opt->max_record != 0) { /* a persistent one that waits */
        opt->capacity = capacity;
        opt->max_record = opt->stamp = 0;
        status = ring_open_producer(&r->to.ring, r->to.name, opt);
    }
    if (status == SHMRING_OK) {
        status = shmring_inspect(r->to.name, &r->to.info);
    }
    return status == SHMRING_OK ? EXIT_OK : say_status(status);
}

static int replay_all(struct replay *r, shmring_options *opt)
{
    struct recording_reader file;
    size_t i;
    int ret = EXIT_OK;

    for (i = 0; i < r->path_count && ret == EXIT_OK && r->left > 0 && !host_stop_requested(); i++) {
        if (!recording_open(&file, r->paths[i])) {
            return host_stop_requested() ? EXIT_OK : EXIT_FAILED;
        }
        if (r->to.ring == NULL) {
            ret = open_ring(r, &file.about, opt);
            progress_start(&r->to.progress, 1);
        }
        if (ret == EXIT_OK) {
            ret = replay_file(r, &file);
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
    json_text(&j, "ring", short_name(r->to.name));
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

static int run_replay(struct replay *r, shmring_options *opt)
{
    int ret, taken;

    host_catch_stop(NULL);
    ret = replay_all(r, opt);
    progress_end(&r->to.progress);
    if (r->to.ring != NULL) {
        taken = send_stay(&r->to, ret);
        ring_close_producer(r->to.ring);
        if (r->as_json) {
            print_json(r);
        } else {
            print_totals(r);
        }
        ret = taken;
    }
    taken = say_done();
    return ret != EXIT_OK ? ret : taken;
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
    if (n < 2) {
        return say_usage("replay needs a FILE, or several, and a NAME");
    }
    if (!read_speed(speed, &r.speed)) {
        return say_usage("--speed '%.40s' is neither max nor a factor such as 1, 0.5 or 10", speed);
    }
    opt.lifetime = persistent ? SHMRING_PERSISTENT : SHMRING_UNTIL_LAST_CLOSE;
    r.paths = operands;
    r.path_count = n - 1;
    r.to.name = ring_name(operands[n - 1]);
    return run_replay(&r, &opt);
}

const struct command command_replay = {
    "replay", "FILE... NAME [options]", "a recording into a ring",
    "Sends what `shmring record` wrote: the same records, with the same pauses between them. Waits "
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

/* SPDX-License-Identifier: MIT */
/* record.c - rings into a file: its options, and its sums. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "host/host.h"
#include "recording/compress.h"
#include "recording/output.h"
#include "recording/recorder.h"

#define RINGS_MAX  1024u
#define LEAST_SIZE (64u << 10)
#define LEAST_TIME UINT64_C(100000000)

/* ---- the sums ---- */

static void sums_of(struct json *j, const struct recording_totals *t, uint64_t refused)
{
    json_number(j, "records", t->records);
    json_number(j, "bytes", t->bytes);
    json_number(j, "losses", t->losses);
    json_number(j, "lost_bytes", t->lost_bytes);
    if (t->lost_records == UINT64_MAX) {
        json_null(j, "lost_records");
    } else {
        json_number(j, "lost_records", t->lost_records);
    }
    json_number(j, "refused", refused);
}

static void print_json(const struct recorder *r, const struct recording_totals *all,
                       uint64_t refused, FILE *to)
{
    struct json j;
    uint32_t i;

    json_start(&j, to);
    json_open(&j, NULL, '{');
    if (r->ring_count == 1) {
        json_text(&j, "ring", short_name(r->rings[0].name));
    }
    sums_of(&j, all, refused);
    if (r->ring_count > 1) {
        json_open(&j, "rings", '[');
        for (i = 0; i < r->ring_count; i++) {
            json_open(&j, NULL, '{');
            json_text(&j, "ring", short_name(r->rings[i].name));
            sums_of(&j, &r->rings[i].totals, r->rings[i].refused);
            json_close(&j, '}');
        }
        json_close(&j, ']');
    }
    json_close(&j, '}');
    json_end(&j);
}

static void print_text(const struct recording_totals *t, uint64_t refused, FILE *to)
{
    char records[FIGURE_SIZE], bytes[FIGURE_SIZE];

    fprintf(to, "recorded %s, %s", figure_of(records, t->records, "record"),
            figure_of(bytes, t->bytes, "byte"));
    if (t->losses != 0) {
        fprintf(to, "; lost %s", figure_of(bytes, t->lost_bytes, "byte"));
        if (t->lost_records != UINT64_MAX) {
            fprintf(to, " of %s", figure_of(records, t->lost_records, "record"));
        }
        fprintf(to, " in %s, overwritten before they could be read",
                figure_of(records, t->losses, "place"));
    }
    if (refused != 0) {
        fprintf(to, "; a full ring refused its sender %s", figure_of(records, refused, "record"));
    }
    fprintf(to, "\n");
}

static void print_totals(const struct recorder *r, int as_json)
{
    FILE *to = strcmp(r->path, "-") == 0 ? stderr : stdout; /* where the recording is not */
    struct recording_totals all = {0};
    uint64_t refused = 0;
    uint32_t i;

    for (i = 0; i < r->ring_count; i++) {
        const struct recording_totals *t = &r->rings[i].totals;

        all.records += t->records;
        all.bytes += t->bytes;
        all.losses += t->losses;
        all.lost_bytes += t->lost_bytes;
        all.lost_records = t->lost_records == UINT64_MAX || all.lost_records == UINT64_MAX
                               ? UINT64_MAX
                               : all.lost_records + t->lost_records;
        refused += r->rings[i].refused;
    }
    if (as_json) {
        print_json(r, &all, refused, to);
    } else {
        print_text(&all, refused, to);
    }
}

/* ---- the options ---- */

/* A size or a time: a number with a unit of either. 1; 0 after wrong usage was said. */
static int read_split(const char *text, struct recording_limits *ret)
{
    const size_t n = strlen(text);

    if (text[n - 1] >= '0' && text[n - 1] <= '9') {
        (void)say_usage("--split '%.40s' needs a unit: 1G is a size, 10m or 30s a time", text);
        return 0;
    }
    if (args_time(text, &ret->ns) != NULL && args_size(text, &ret->size) != NULL) {
        (void)say_usage("--split '%.40s' is neither a size, such as 1G, nor a time, such as 10m",
                        text);
        return 0;
    }
    if ((ret->size != 0 && ret->size < LEAST_SIZE) || (ret->ns != 0 && ret->ns < LEAST_TIME)) {
        (void)say_usage("--split '%.40s' is too small: a file has at least 64K, or takes 100ms",
                        text);
        return 0;
    }
    return 1;
}

/* Refuses options that do not go together: 0 after it has said so. */
static int are_possible(const struct recorder *r, int consume)
{
    const int rotates = r->limits.size != 0 || r->limits.ns != 0;

    if (rotates && strcmp(r->path, "-") == 0) {
        (void)say_usage("standard output cannot rotate: give a FILE");
    } else if (strcmp(r->path, "-") == 0 && host_output_is_terminal()) {
        (void)say_usage("a recording is not for a terminal: give a FILE, or a pipe behind -");
    } else if (r->limits.keep != 0 && !rotates) {
        (void)say_usage("--keep needs --split: there is one file otherwise");
    } else if (consume && r->from != SHMRING_OLDEST) {
        (void)say_usage("--from is for an observer; a consumer goes on at the first unread record");
    } else if (!r->is_mcap && r->ring_count > 1) {
        (void)say_usage("only MCAP has room for %u rings: call the file '%.200s.mcap', or --mcap",
                        (unsigned)r->ring_count, r->path);
    } else if (!r->is_mcap && r->compression != MCAP_PLAIN) {
        (void)say_usage("only MCAP is compressed: call the file '%.200s.mcap', or --mcap", r->path);
    } else if (!compress_can(r->compression)) {
        (void)say_usage("this program was built without %s: install lib%s-dev and build it again",
                        compress_name(r->compression), compress_name(r->compression));
    } else {
        return 1;
    }
    return 0;
}

static int run_recorder(struct recorder *r, const char *const *names, int as_json)
{
    int ret, whole = 0, done;
    uint32_t i;

    r->rings = calloc(r->ring_count, sizeof *r->rings);
    if (r->rings == NULL) {
        return say_failed("no memory for the rings");
    }
    for (i = 0; i < r->ring_count; i++) {
        r->rings[i].name = ring_name(names[i]);
    }
    ret = recorder_run(r, &whole);
    if (whole) {
        print_totals(r, as_json);
    }
    recorder_close(r);
    free(r->rings);
    done = say_done();
    return ret != EXIT_OK ? ret : done;
}

static int run(const struct command *self, int argc, char **argv)
{
    static const char *const syncs[] = {"never", "file", "block", NULL};
    static const char *const froms[] = {"oldest", "newest", NULL};
    static const char *const ways[] = {"none", "lz4", "zstd", NULL};
    struct recorder r = {.left = UINT64_MAX, .duration_ns = UINT64_MAX, .timeout_ns = UINT64_MAX};
    const char *operands[RINGS_MAX + 1], *split = NULL;
    size_t n;
    uint32_t from = 0, compression = 0;
    int ret, consume = 0, as_json = 0;
    const struct option options[] = {
        {"mcap", OPTION_FLAG, &r.is_mcap, NULL, 0, 0, NULL, NULL},
        {"compress", OPTION_CHOICE, &compression, ways, 0, 0, NULL, NULL},
        {"split", OPTION_TEXT, &split, NULL, 0, 0, NULL, NULL},
        {"consume", OPTION_FLAG, &consume, NULL, 0, 0, NULL, NULL},
        {"from", OPTION_CHOICE, &from, froms, 0, 0, NULL, NULL},
        {"rotate-size", OPTION_SIZE, &r.limits.size, NULL, LEAST_SIZE, 0,
         "is too small: a file has at least 64K", NULL},
        {"rotate-time", OPTION_TIME, &r.limits.ns, NULL, LEAST_TIME, 0,
         "is too short: a file takes at least 100ms", NULL},
        {"keep", OPTION_COUNT, &r.limits.keep, NULL, 0, 0, NULL, NULL},
        {"sync", OPTION_CHOICE, &r.limits.sync, syncs, 0, 0, NULL, NULL},
        {"count", OPTION_COUNT, &r.left, NULL, 0, 0, NULL, NULL},
        {"duration", OPTION_TIME, &r.duration_ns, NULL, 0, 0, NULL, NULL},
        {"timeout", OPTION_TIME, &r.timeout_ns, NULL, 0, 0, NULL, NULL},
        RING_ANY_OWNER_OPTION,
        {"json", OPTION_FLAG, &as_json, NULL, 0, 0, NULL, NULL},
    };

    if (!args_read_many(self, argc, argv, options, sizeof options / sizeof options[0], operands,
                        RINGS_MAX + 1, &n, &ret)) {
        return ret;
    }
    if (n < 2) {
        return say_usage("record needs a NAME and a FILE");
    }
    r.path = operands[n - 1];
    r.ring_count = (uint32_t)(n - 1);
    r.is_mcap = r.is_mcap || output_is_mcap(r.path);
    r.kind = consume ? SOURCE_CONSUMER : SOURCE_OBSERVER;
    r.from = from == 0 ? SHMRING_OLDEST : SHMRING_NEWEST;
    r.compression = (enum mcap_compression)compression;
    if ((split != NULL && !read_split(split, &r.limits)) || !are_possible(&r, consume)) {
        return EXIT_USAGE;
    }
    return run_recorder(&r, operands, as_json);
}

const struct command command_record = {
    "record", "NAME... FILE.mcap [options]", "rings into a file",
    "Watches rings and writes their records to a new file, with their types, their times and where "
    "records are missing. "
    "A FILE that ends in .mcap is of the MCAP format, with a channel for each ring and type, which "
    "Foxglove, PlotJuggler and rosbag2 open. "
    "Another FILE has one ring, in the form of version 0.1. "
    "FILE may be a pipe; - is standard output. The "
    "sender and its receiver do not notice. Ends with status 0 when all senders have closed, at a "
    "limit, or on Ctrl-C; with 1 when a sender died: everything it had committed is recorded. "
    "Waits for a ring that is not there yet.\n"
    "\n"
    "  --mcap               MCAP, whatever FILE is called\n"
    "  --compress HOW       each chunk by none, lz4 or zstd (none)\n"
    "  --split SIZE|TIME    go on in a new file before one grows beyond SIZE, as 1G, or when it "
    "has taken TIME, as 10m. The files are FILE.000001.mcap and so on; a later run goes on behind "
    "the last\n"
    "  --consume            be the rings' receiver: the senders wait for the recorder, nothing is "
    "lost\n"
    "  --from WHERE         begin at the oldest record there is, or behind the newest (oldest)\n"
    "  --rotate-size SIZE   the same as --split SIZE (64K or more)\n"
    "  --rotate-time T      the same as --split TIME\n"
    "  --keep N             remove all but the newest N of the files\n"
    "  --sync WHEN          have the disk confirm: never, each finished file, each block (never)\n"
    "  --count N            end after N records\n"
    "  --duration T         end after this time\n"
    "  --timeout T          end with status 1 when nothing has come for this long\n"
    "  --json               the sums as a JSON object\n" RING_ANY_OWNER_HELP,
    run};

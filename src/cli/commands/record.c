/* SPDX-License-Identifier: MIT */
/* record.c - a ring into a file.
 *
 * As an observer it disturbs nobody, and may be overtaken. As the consumer it hands records to the
 * system before it releases them. After its death at most the records of its last write come once
 * more, and none is lost. */
#include <inttypes.h>
#include <string.h>

#include "command.h"
#include "host/host.h"
#include "recording/recording.h"
#include "stream/record_source.h"

#define LOOK_NS UINT64_C(100000000) /* a stop and the time limits are seen this fast */

struct recorder {
    struct source source;
    struct recording_writer file;
    uint64_t left, duration_ns, timeout_ns; /* UINT64_MAX: no end */
    uint64_t start_ns, heard_ns, asked_ns;
    uint64_t refused; /* records of the sender, by a full ring, since we came */
    int as_json;
    struct progress progress;
};

/* The records that a full ring refused its sender since we came: those are nowhere. Asked now and
 * then, for the ring may go with its sender. */
static void look_at_refusals(struct recorder *r, uint64_t now_ns)
{
    shmring_info now;

    if (now_ns - r->asked_ns < LOOK_NS && r->asked_ns != 0) {
        return;
    }
    r->asked_ns = now_ns;
    if (shmring_inspect(r->source.name, &now) == SHMRING_OK &&
        memcmp(now.incarnation, r->source.info.incarnation, sizeof now.incarnation) == 0) {
        r->refused = now.counters.rejected - r->source.info.counters.rejected;
    }
}

/* Takes what is there. Returns how many; -1 after a failure that was said. */
static int take(struct recorder *r)
{
    shmring_record records[SHMRING_PEEK_MAX];
    uint32_t most = r->left < SHMRING_PEEK_MAX ? (uint32_t)r->left : SHMRING_PEEK_MAX, n, i;
    struct source_loss loss;
    uint64_t now;

    n = source_show(&r->source, records, most, &loss);
    if (n == 0) {
        return 0;
    }
    now = host_clock_ns();
    if (loss.bytes != 0 &&
        !recording_lost(&r->file, loss.bytes, loss.records, records[0].position, now)) {
        return -1;
    }
    for (i = 0; i < n; i++) {
        if (!recording_add(&r->file, &records[i], now)) {
            return -1;
        }
        progress_add(&r->progress, 1, records[i].len);
    }
    if (r->source.kind == SOURCE_CONSUMER && !recording_flush(&r->file)) {
        return -1;
    }
    source_taken(&r->source, n);
    r->left -= r->left == UINT64_MAX ? 0 : n;
    r->heard_ns = now;
    return (int)n;
}

static int sender_died(const struct recorder *r)
{
    return say_failed("the sender of ring '%s' died; everything it had committed is recorded",
                      short_name(r->source.name));
}

/* Waits for the next record. 1 to go on; 0 to end with *ret_exit and *ret_reason. */
static int wait_more(struct recorder *r, int *ret_exit, enum recording_reason *ret_reason)
{
    char text[FIGURE_SIZE];
    shmring_status status = source_wait(&r->source, LOOK_NS);

    *ret_exit = EXIT_OK;
    switch (status) {
    case SHMRING_OK:
    case SHMRING_EMPTY:
        return 1;
    case SHMRING_TIMEOUT:
        if (r->timeout_ns != SHMRING_FOREVER && host_clock_ns() - r->heard_ns >= r->timeout_ns) {
            *ret_exit = say_failed("nothing came through ring '%s' for %s",
                                   short_name(r->source.name), figure_ns(text, r->timeout_ns));
            return 0;
        }
        return 1;
    case SHMRING_CLOSED:
        *ret_reason = RECORDING_CLOSED;
        return 0;
    case SHMRING_PEER_DEAD:
        *ret_reason = RECORDING_DIED;
        *ret_exit = sender_died(r);
        return 0;
    default:
        *ret_exit = say_status(status);
        return 0;
    }
}

static int record_all(struct recorder *r, enum recording_reason *ret_reason)
{
    int ret = EXIT_OK, n;
    uint64_t now;

    *ret_reason = RECORDING_STOPPED;
    r->start_ns = r->heard_ns = host_clock_ns();
    while (r->left > 0 && !host_stop_requested()) {
        n = take(r);
        if (n < 0) {
            return EXIT_FAILED;
        }
        if (n == 0 && !wait_more(r, &ret, ret_reason)) {
            return ret;
        }
        now = host_clock_ns();
        look_at_refusals(r, now);
        if (!recording_tick(&r->file, now)) {
            return EXIT_FAILED;
        }
        if (now - r->start_ns >= r->duration_ns) {
            break;
        }
        progress_show(&r->progress);
    }
    return EXIT_OK;
}

static void print_totals(const struct recorder *r)
{
    const struct recording_totals *t = &r->file.totals;
    char records[FIGURE_SIZE], bytes[FIGURE_SIZE];
    struct json j;

    FILE *to = strcmp(r->file.path, "-") == 0 ? stderr : stdout; /* where the recording is not */

    if (r->as_json) {
        json_start(&j, to);
        json_open(&j, NULL, '{');
        json_text(&j, "ring", short_name(r->source.name));
        json_number(&j, "records", t->records);
        json_number(&j, "bytes", t->bytes);
        json_number(&j, "losses", t->losses);
        json_number(&j, "lost_bytes", t->lost_bytes);
        if (t->lost_records == UINT64_MAX) {
            json_null(&j, "lost_records");
        } else {
            json_number(&j, "lost_records", t->lost_records);
        }
        json_number(&j, "refused", r->refused);
        json_close(&j, '}');
        json_end(&j);
        return;
    }
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
    if (r->refused != 0) {
        fprintf(to, "; a full ring refused its sender %s",
                figure_of(records, r->refused, "record"));
    }
    fprintf(to, "\n");
}

static int run_recorder(struct recorder *r, const char *path, const struct recording_limits *limits)
{
    enum recording_reason reason = RECORDING_STOPPED;
    int ret, ended;

    if (!recording_create(&r->file, path, limits, &r->source.info, r->source.kind)) {
        (void)recording_end(&r->file, RECORDING_STOPPED);
        return EXIT_FAILED;
    }
    progress_start(&r->progress, 1);
    ret = record_all(r, &reason);
    r->asked_ns = 0;
    look_at_refusals(r, host_clock_ns());
    progress_end(&r->progress);
    if (r->source.loss.bytes != 0) { /* and no record came behind it */
        (void)recording_lost(&r->file, r->source.loss.bytes, r->source.loss.records, 0,
                             host_clock_ns());
    }
    ended = recording_end(&r->file, reason);
    if (ended) {
        print_totals(r);
    }
    return ret == EXIT_OK && !ended ? EXIT_FAILED : ret;
}

static int run(const struct command *self, int argc, char **argv)
{
    static const char *const syncs[] = {"never", "file", "block", NULL};
    static const char *const froms[] = {"oldest", "newest", NULL};
    struct recorder r = {.left = UINT64_MAX, .duration_ns = UINT64_MAX, .timeout_ns = UINT64_MAX};
    struct recording_limits limits = {0};
    const char *operands[2];
    size_t n;
    uint32_t from = 0;
    int ret, done, consume = 0;
    const struct option options[] = {
        {"consume", OPTION_FLAG, &consume, NULL, 0, 0, NULL, NULL},
        {"from", OPTION_CHOICE, &from, froms, 0, 0, NULL, NULL},
        {"rotate-size", OPTION_SIZE, &limits.size, NULL, 64u << 10, 0,
         "is too small: a file has at least 64K", NULL},
        {"rotate-time", OPTION_TIME, &limits.ns, NULL, UINT64_C(100000000), 0,
         "is too short: a file takes at least 100ms", NULL},
        {"keep", OPTION_COUNT, &limits.keep, NULL, 0, 0, NULL, NULL},
        {"sync", OPTION_CHOICE, &limits.sync, syncs, 0, 0, NULL, NULL},
        {"count", OPTION_COUNT, &r.left, NULL, 0, 0, NULL, NULL},
        {"duration", OPTION_TIME, &r.duration_ns, NULL, 0, 0, NULL, NULL},
        {"timeout", OPTION_TIME, &r.timeout_ns, NULL, 0, 0, NULL, NULL},
        RING_ANY_OWNER_OPTION,
        {"json", OPTION_FLAG, &r.as_json, NULL, 0, 0, NULL, NULL},
    };

    if (!args_read_many(self, argc, argv, options, sizeof options / sizeof options[0], operands, 2,
                        &n, &ret)) {
        return ret;
    }
    if (n < 2) {
        return say_usage("record needs a NAME and a FILE");
    }
    if ((limits.size != 0 || limits.ns != 0) && strcmp(operands[1], "-") == 0) {
        return say_usage("standard output cannot rotate: give a FILE");
    }
    if (strcmp(operands[1], "-") == 0 && host_output_is_terminal()) {
        return say_usage("a recording is not for a terminal: give a FILE, or a pipe behind -");
    }
    if (limits.keep != 0 && limits.size == 0 && limits.ns == 0) {
        return say_usage(
            "--keep needs --rotate-size or --rotate-time: there is one file otherwise");
    }
    if (consume && from != 0) {
        return say_usage(
            "--from is for an observer; a consumer goes on at the first unread record");
    }
    if (!source_open(&r.source, ring_name(operands[0]), consume ? SOURCE_CONSUMER : SOURCE_OBSERVER,
                     from == 0 ? SHMRING_OLDEST : SHMRING_NEWEST, r.timeout_ns, &ret)) {
        return ret;
    }
    ret = run_recorder(&r, operands[1], &limits);
    source_close(&r.source);
    done = say_done();
    return ret != EXIT_OK ? ret : done;
}

const struct command command_record = {
    "record", "NAME FILE [options]", "a ring into a file",
    "Watches a ring and writes its records to a new file, with their types, their times and where\n"
    "records are missing, for `shmring replay`. FILE may be a pipe; - is standard output. The "
    "sender and its receiver do not notice. Ends "
    "with\n"
    "status 0 when the sender has closed, at a limit, or on Ctrl-C; with 1 when the sender died:\n"
    "everything it had committed is recorded. Waits for a ring that is not there yet.\n"
    "\n"
    "  --consume            be the ring's receiver: the sender waits for the recorder, nothing is "
    "lost\n"
    "  --from WHERE         begin at the oldest record there is, or behind the newest (oldest)\n"
    "  --rotate-size SIZE   go on in a new file before one grows beyond SIZE (64K or more)\n"
    "  --rotate-time T      go on in a new file when one has taken this long.\n"
    "                       The files are FILE.000001, FILE.000002 ...; a later run goes on "
    "behind\n"
    "                       the last\n"
    "  --keep N             remove all but the newest N of them\n"
    "  --sync WHEN          have the disk confirm: never, each finished file, each block (never)\n"
    "  --count N            end after N records\n"
    "  --duration T         end after this time\n"
    "  --timeout T          end with status 1 when nothing has come for this long\n"
    "  --json               the sums as a JSON object\n" RING_ANY_OWNER_HELP,
    run};

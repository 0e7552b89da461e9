/* SPDX-License-Identifier: MIT */
/* recv.c - a ring into standard output.
 *
 * A record is released after the write that carried it has succeeded. A receiver that dies in
 * between leaves the records of that one write, at most 256, for the next receiver to deliver once
 * more; none is lost. From an overwrite ring, which may lose records anyway, they are copied first.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "command.h"
#include "stream/frame.h"
#include "host/host.h"
#include "text/ring_name.h"
#include "view/view.h"

#define BYTES_CHUNK (1u << 18)
#define SLICE_NS    UINT64_C(100000000)
#define FOLLOW_NS   UINT64_C(20000000)

struct receiver {
    const char *name;
    shmring_consumer *ring;
    uint64_t left; /* records to go; UINT64_MAX = no end */
    uint64_t timeout_ns, waiting_ns;
    int follow;           /* an end of the sender is none of ours */
    uint64_t ended_epoch; /* of the sender whose death was said last, while following */
    struct progress progress;
    struct frame_output out;
    struct view view;
};

static shmring_consumer *to_interrupt;

static void interrupt(void)
{
    shmring_consumer_interrupt(to_interrupt);
}

/* ---- the ring ---- */

static int sender_died(const struct receiver *r)
{
    shmring_info info;

    if (shmring_inspect(r->name, &info) == SHMRING_OK && !info.producer.alive) {
        return say_failed("the sender of ring '%s', process %" PRIu64
                          ", died; everything it had committed was delivered",
                          short_name(r->name), info.producer.pid);
    }
    return say_failed("the sender of ring '%s' died; everything it had committed was delivered",
                      short_name(r->name));
}

/* Whether there is one, or was. */
static int has_sender(const struct receiver *r)
{
    shmring_info info;

    return shmring_inspect(r->name, &info) != SHMRING_OK || info.producer.epoch != 0;
}

/* After an end of the sender, in place of ending: a pause, for each further wait tells the end at
 * once until there is a next sender. A death is said once. */
static shmring_status wait_for_next(struct receiver *r, shmring_status status)
{
    shmring_peer peer = SHMRING_PEER_INIT;

    if (status == SHMRING_PEER_DEAD && shmring_consumer_peer(r->ring, &peer) == SHMRING_OK &&
        peer.epoch != r->ended_epoch) {
        r->ended_epoch = peer.epoch;
        say_notice("the sender of ring '%s', process %" PRIu64
                   ", died; everything it had committed was delivered; waiting for the next",
                   short_name(r->name), peer.pid);
    }
    host_sleep_ns(FOLLOW_NS);
    return SHMRING_EMPTY;
}

static int is_end(shmring_status status)
{
    return status == SHMRING_CLOSED || status == SHMRING_PEER_DEAD;
}

/* Waits for something to read. Returns 1, or 0 to end with *ret_exit. */
static int wait_data(struct receiver *r, int *ret_exit)
{
    char text[FIGURE_SIZE];
    shmring_status status;

    const uint64_t start = host_clock_ns();
    uint64_t passed = 0;

    do { /* in slices: nobody wakes us when the reader of our output goes */
        progress_show(&r->progress);
        if (host_stop_requested()) {
            *ret_exit = EXIT_OK;
            return 0;
        }
        if (host_output_is_gone()) {
            *ret_exit = frame_output_failed();
            return 0;
        }
        if (r->waiting_ns != UINT64_MAX && !has_sender(r)) {
            ring_say_waiting(&r->waiting_ns, "a sender of ring", r->name);
        }
        status = shmring_wait_data(
            r->ring, r->timeout_ns - passed < SLICE_NS ? r->timeout_ns - passed : SLICE_NS);
        if (r->follow && is_end(status)) {
            status = wait_for_next(r, status);
        }
        passed = r->timeout_ns == SHMRING_FOREVER ? 0 : host_clock_ns() - start;
    } while ((status == SHMRING_EMPTY || status == SHMRING_TIMEOUT) && passed < r->timeout_ns);
    switch (status) {
    case SHMRING_OK:
        return 1;
    case SHMRING_CLOSED:
        *ret_exit = EXIT_OK;
        return 0;
    case SHMRING_PEER_DEAD:
        *ret_exit = sender_died(r);
        return 0;
    case SHMRING_TIMEOUT:
    case SHMRING_EMPTY:
        *ret_exit = say_failed("nothing came through ring '%s' for %s", short_name(r->name),
                               figure_ns(text, r->timeout_ns));
        return 0;
    default:
        *ret_exit = say_status(status);
        return 0;
    }
}

static int recv_records(struct receiver *r)
{
    shmring_record records[SHMRING_PEEK_MAX];
    uint32_t i, n, most;
    uint64_t bytes, count;
    int ret = EXIT_OK, shown;

    while (r->left > 0 && !host_stop_requested()) {
        most = r->left < SHMRING_PEEK_MAX ? (uint32_t)r->left : SHMRING_PEEK_MAX;
        n = shmring_peek_many(r->ring, records, most);
        if (n == 0) {
            if (!wait_data(r, &ret)) {
                return ret;
            }
            continue;
        }
        for (i = 0, bytes = 0, count = 0; i < n; i++) {
            if (!view_show(&r->view, &records[i], &shown)) {
                return view_failed(&r->view);
            }
            count += shown != 0;
            bytes += records[i].len;
        }
        if (!frame_output_flush(&r->out)) {
            return frame_output_failed();
        }
        shmring_release_many(r->ring, n);
        r->left -= r->left == UINT64_MAX ? 0 : count;
        progress_add(&r->progress, n, bytes);
        progress_show(&r->progress);
    }
    return ret;
}

/* Records of an overwrite ring cannot be held there until they are written: they are copied. */
static int recv_copies(struct receiver *r, unsigned char *copy, uint32_t room)
{
    shmring_status status;
    shmring_record record;
    int ret = EXIT_OK, shown;

    while (r->left > 0 && !host_stop_requested()) {
        status = shmring_try_recv(r->ring, copy, room, &record);
        if (status == SHMRING_OK) {
            if (!view_show(&r->view, &record, &shown)) {
                return view_failed(&r->view);
            }
            r->left -= shown && r->left != UINT64_MAX;
            progress_add(&r->progress, 1, record.len);
        } else if (!frame_output_flush(&r->out)) {
            return frame_output_failed();
        } else if (status == SHMRING_LAPPED) {
            say_notice("ring '%s': %" PRIu64 " bytes were overwritten before they could be read",
                       short_name(r->name), shmring_consumer_lost(r->ring));
        } else if (r->follow && is_end(status)) {
            if (!wait_data(r, &ret)) {
                return ret;
            }
        } else if (status == SHMRING_CLOSED) {
            return EXIT_OK;
        } else if (status == SHMRING_PEER_DEAD) {
            return sender_died(r);
        } else if (status != SHMRING_EMPTY) {
            return say_status(status);
        } else if (!wait_data(r, &ret)) {
            return ret;
        }
        progress_show(&r->progress);
    }
    return frame_output_flush(&r->out) ? EXIT_OK : frame_output_failed();
}

static int recv_overwrite(struct receiver *r, uint32_t max_record)
{
    unsigned char *copy = malloc((size_t)max_record + 1);
    int ret = copy != NULL ? recv_copies(r, copy, max_record)
                           : say_failed("no memory for a record of %" PRIu32 " bytes", max_record);

    free(copy);
    return ret;
}

static int recv_bytes(struct receiver *r)
{
    const void *from;
    uint64_t n;
    int ret = EXIT_OK;

    while (!host_stop_requested()) {
        n = shmring_read_span(r->ring, &from);
        if (n == 0) {
            if (!wait_data(r, &ret)) {
                return ret;
            }
            continue;
        }
        n = n < BYTES_CHUNK ? n : BYTES_CHUNK; /* so that the sender gets its room back soon */
        if (!host_write_output(from, (size_t)n)) {
            return frame_output_failed();
        }
        shmring_read_advance(r->ring, n);
        progress_add(&r->progress, 1, n);
        progress_show(&r->progress);
    }
    return ret;
}

static int is_fit(struct receiver *r, const shmring_ring_info *info)
{
    if (info->framing == SHMRING_BYTES &&
        (r->out.frame != FRAME_RAW || r->left != UINT64_MAX || view_is_wanted(&r->view))) {
        (void)say_failed("ring '%s' has byte framing: it holds no records; use --frame raw, and no "
                         "options that choose records",
                         short_name(r->name));
        return 0;
    }
    return 1;
}

/* A sender that came later may have chosen the kind of the ring: so that is asked twice. */
static int recv_kind(struct receiver *r)
{
    shmring_ring_info info = SHMRING_RING_INFO_INIT;
    shmring_status status = shmring_consumer_info(r->ring, &info);
    int ret = EXIT_OK;

    if (status == SHMRING_OK && !is_fit(r, &info)) {
        return EXIT_FAILED;
    }
    if (status == SHMRING_OK && r->left > 0 && wait_data(r, &ret)) {
        status = shmring_consumer_info(r->ring, &info);
    } else if (status == SHMRING_OK) {
        return ret;
    }
    if (status != SHMRING_OK) {
        return say_status(status);
    }
    if (!is_fit(r, &info)) {
        return EXIT_FAILED;
    }
    if (info.overflow == SHMRING_OVERWRITE) {
        return recv_overwrite(r, info.max_record);
    }
    return info.framing == SHMRING_BYTES ? recv_bytes(r) : recv_records(r);
}

/* A text that nobody can read is no reason not to show the records. */
static int open_view(struct receiver *r, int *ret_exit)
{
    shmring_description *about = NULL;

    if (shmring_consumer_description(r->ring, &about) < 0) {
        say_notice("%s", shmring_error_detail());
    }
    return view_open(&r->view, about, &r->out, ret_exit);
}

static int recv_all(struct receiver *r)
{
    int ret;

    if (!frame_output_start(&r->out, r->out.frame)) {
        return EXIT_FAILED;
    }
    if (!open_view(r, &ret)) {
        view_close(&r->view);
        frame_output_end(&r->out);
        return ret;
    }
    to_interrupt = r->ring;
    host_catch_stop(interrupt);
    progress_start(&r->progress, !host_output_is_terminal());
    ret = recv_kind(r);
    progress_end(&r->progress);
    host_catch_stop(NULL);
    view_close(&r->view);
    frame_output_end(&r->out);
    return ret;
}

static int run(const struct command *self, int argc, char **argv)
{
    static const char *const frames[] = FRAME_CHOICES;
    static const char *const formats[] = VIEW_FORMATS;
    shmring_options opt = SHMRING_OPTIONS_INIT;
    struct receiver r = {0};
    int persistent = 0, no_prefault = 0, ret;
    const struct option options[] = {
        {"frame", OPTION_CHOICE, &r.out.frame, frames, 0, 0, NULL, NULL},
        VIEW_OPTIONS(r.view, formats),
        {"count", OPTION_COUNT, &r.left, NULL, 0, 0, NULL, NULL},
        {"timeout", OPTION_TIME, &r.timeout_ns, NULL, 0, 0, NULL, NULL},
        {"capacity", OPTION_SIZE, &opt.capacity, NULL, 0, 0, NULL, NULL},
        RING_ANY_OWNER_OPTION,
        {"persistent", OPTION_FLAG, &persistent, NULL, 0, 0, NULL, NULL},
        {"no-prefault", OPTION_FLAG, &no_prefault, NULL, 0, 0, NULL, NULL},
        {"follow", OPTION_FLAG, &r.follow, NULL, 0, 0, NULL, NULL},
    };
    shmring_status status;

    r.left = UINT64_MAX;
    r.out.frame = UINT32_MAX;
    view_start(&r.view);
    r.timeout_ns = SHMRING_FOREVER;
    if (!args_read(self, argc, argv, options, sizeof options / sizeof options[0], "NAME", &r.name,
                   &ret)) {
        return ret;
    }
    if (r.out.frame != UINT32_MAX && r.view.format != VIEW_NONE) {
        return say_usage("--frame and --format exclude each other");
    }
    r.out.frame = r.out.frame == UINT32_MAX ? FRAME_LINE : r.out.frame;
    opt.flags = no_prefault ? SHMRING_NO_PREFAULT : 0;
    r.name = ring_name(r.name);
    opt.lifetime = persistent ? SHMRING_PERSISTENT : SHMRING_UNTIL_LAST_CLOSE;
    host_catch_stop(NULL);
    status = ring_open_consumer(&r.ring, r.name, &opt);
    ret = status == SHMRING_OK ? recv_all(&r) : say_status(status);
    ring_close_consumer(r.ring);
    return ret;
}

const struct command command_recv = {
    "recv",
    "NAME [--frame line|length|raw] [--count N] [--timeout T]\n"
    "                          [--follow] [--capacity SIZE] [--persistent] [--no-prefault]\n"
    "                          " VIEW_SYNOPSIS,
    "a ring to standard output",
    "Receives records and writes them to standard output. May start before or after its sender.\n"
    "Ends with status 0 when the sender has closed and everything is read, with 1 when the sender\n"
    "died: everything it had committed is delivered first. On Ctrl-C it ends with status 0; what "
    "it\n"
    "has not written stays in the ring.\n"
    "\n"
    "  --frame line     each record, then a newline (default)\n"
    "  --frame length   each record's length, 32-bit little-endian, then the record\n"
    "  --frame raw      the records and nothing between them\n"
    "  --count N        end with status 0 after N records\n"
    "  --timeout T      end with status 1 when nothing has come for this long\n"
    "  --follow         go on when the sender ends, and wait for the next one\n"
    "  --capacity SIZE  of a new ring: a power of two from 64K; 1M if not given\n"
    "  --persistent     a new ring stays until it is removed\n"
    "  --no-prefault    open at once; the first records fault the ring's pages "
    "in\n" VIEW_HELP RING_ANY_OWNER_HELP,
    run};

/* SPDX-License-Identifier: MIT */
/* send.c - standard input into a ring. */
#include <inttypes.h>

#include "host/host.h"
#include "stream/sender.h"

/* A stop that was asked for is seen this fast. */
#define WAIT_SLICE_NS  UINT64_C(100000000)
#define PAUSE_MIN_NS   UINT64_C(1000000)
#define PAUSE_MAX_NS   UINT64_C(20000000)
#define ABSENT_LOOK_NS UINT64_C(50000000)

/* The space will come when somebody reads: a reader that ended is only a reason to say so. */
int send_wait_space(struct sender *s, uint32_t need, int *ret_exit)
{
    shmring_status status;

    while (!host_stop_requested()) {
        status = shmring_wait_space(s->ring, need, WAIT_SLICE_NS);
        if (status == SHMRING_OK) {
            return 1;
        }
        if (status == SHMRING_CLOSED || status == SHMRING_PEER_DEAD) {
            if (!s->said_nobody) {
                say_notice("ring '%s' is full and %s: waiting for a receiver", short_name(s->name),
                           status == SHMRING_CLOSED ? "nobody reads it" : "its receiver died");
                s->said_nobody = 1;
            }
            host_sleep_ns(ABSENT_LOOK_NS);
        } else if (status != SHMRING_TIMEOUT) {
            s->broken = 1;
            *ret_exit = say_status(status);
            return 0;
        }
    }
    *ret_exit = EXIT_OK;
    return 0;
}

static int is_our_ring(const struct sender *s, const shmring_info *now)
{
    return now->incarnation[0] == s->info.incarnation[0] &&
           now->incarnation[1] == s->info.incarnation[1];
}

/* An UNTIL_LAST_CLOSE ring would take with it what nobody has read, and on Windows any ring: stay
 * until somebody has. Also for an empty input, so that send and recv may start in either order. */
static int wait_until_taken(const struct sender *s)
{
    uint64_t pause = PAUSE_MIN_NS, used = 0, waiting_ns = 0;
    shmring_info now;
    shmring_status status;

    for (;;) {
        status = shmring_inspect(s->name, &now);
        if (status == SHMRING_E_NOT_FOUND || (status == SHMRING_OK && !is_our_ring(s, &now))) {
            return say_failed("ring '%s' was removed before a reader had taken everything",
                              short_name(s->name));
        }
        if (status != SHMRING_OK) {
            return say_status(status);
        }
        if (now.used == 0 && now.consumer.epoch != 0) {
            return EXIT_OK;
        }
        if (host_stop_requested()) {
            break;
        }
        if (now.consumer.epoch == 0) {
            ring_say_waiting(&waiting_ns, "a receiver of ring", s->name);
        }
        pause = now.used != used ? PAUSE_MIN_NS : pause < PAUSE_MAX_NS ? pause * 2 : PAUSE_MAX_NS;
        used = now.used;
        host_sleep_ns(pause);
    }
    if (now.used == 0 || now.consumer.alive) {
        return EXIT_OK; /* a living receiver keeps the ring and reads to the end */
    }
    return say_failed("stopped with %" PRIu64 " bytes in ring '%s' that nobody has read", now.used,
                      short_name(s->name));
}

int send_stay(const struct sender *s, int ret)
{
    int taken;

    if ((s->info.lifetime == SHMRING_PERSISTENT && host_rings_outlive_processes()) || s->broken ||
        (s->progress.records == 0 && ret != EXIT_OK)) {
        return ret;
    }
    taken = wait_until_taken(s);
    return ret != EXIT_OK ? ret : taken;
}

/* Looks before it opens: a refused sender that had opened the ring and closed it again would tell
 * a receiver that the stream has ended. */
static int fits_ring(const char *name, uint32_t frame)
{
    shmring_info info;

    if (frame != FRAME_RAW && shmring_inspect(name, &info) == SHMRING_OK &&
        info.framing == SHMRING_BYTES) {
        (void)say_failed("ring '%s' has byte framing: it holds no records; use --frame raw",
                         short_name(name));
        return 0;
    }
    return 1;
}

static int pump(struct sender *s, uint32_t frame)
{
    if (s->info.framing == SHMRING_BYTES) {
        return frame == FRAME_RAW ? send_raw_bytes(s)
                                  : say_failed("ring '%s' has byte framing", short_name(s->name));
    }
    return frame == FRAME_LINE     ? send_lines(s)
           : frame == FRAME_LENGTH ? send_lengths(s)
                                   : send_raw_records(s);
}

static int send_all(struct sender *s, uint32_t frame)
{
    int ret;

    progress_start(&s->progress, 1);
    ret = pump(s, frame);
    progress_end(&s->progress);
    return send_stay(s, ret);
}

static int run(const struct command *self, int argc, char **argv)
{
    static const char *const frames[] = FRAME_CHOICES;
    static const char *const stamps[] = {"none", "monotonic", "tsc", NULL};
    shmring_options opt = SHMRING_OPTIONS_INIT;
    struct sender s = {0};
    uint32_t frame = FRAME_LINE;
    int persistent = 0, no_prefault = 0, ret;
    const struct option options[] = {
        {"frame", OPTION_CHOICE, &frame, frames, 0, 0, NULL, NULL},
        {"capacity", OPTION_SIZE, &opt.capacity, NULL, 0, 0, NULL, NULL},
        {"persistent", OPTION_FLAG, &persistent, NULL, 0, 0, NULL, NULL},
        {"no-prefault", OPTION_FLAG, &no_prefault, NULL, 0, 0, NULL, NULL},
        RING_ANY_OWNER_OPTION,
        {"stamp", OPTION_CHOICE, &opt.stamp, stamps, 0, 0, NULL, NULL},
    };
    shmring_status status;

    if (!args_read(self, argc, argv, options, sizeof options / sizeof options[0], "NAME", &s.name,
                   &ret)) {
        return ret;
    }
    s.name = ring_name(s.name);
    if (!fits_ring(s.name, frame)) {
        return EXIT_FAILED;
    }
    opt.flags = no_prefault ? SHMRING_NO_PREFAULT : 0;
    opt.lifetime = persistent ? SHMRING_PERSISTENT : SHMRING_UNTIL_LAST_CLOSE;
    host_catch_stop(NULL);
    status = ring_open_producer(&s.ring, s.name, &opt);
    if (status == SHMRING_OK) {
        status = shmring_inspect(s.name, &s.info);
    }
    ret = status == SHMRING_OK ? send_all(&s, frame) : say_status(status);
    ring_close_producer(s.ring);
    return ret;
}

const struct command command_send = {
    "send",
    "NAME [--frame line|length|raw] [--capacity SIZE] [--persistent]\n"
    "                          [--no-prefault] [--stamp none|monotonic|tsc]",
    "standard input into a ring",
    "Reads standard input and sends it as records. Waits for space while the ring is full, and "
    "may\n"
    "start before or after its receiver. Ends when a receiver has taken everything; on a "
    "persistent\n"
    "ring when everything is in the ring. On Ctrl-C it sends no more, and ends with status 1 if "
    "the\n"
    "ring would go with records that nobody is there to read, else with 0.\n"
    "\n"
    "  --frame line     a record for each line, without the newline (default)\n"
    "  --frame length   a record for each frame: a 32-bit little-endian length, then the payload\n"
    "  --frame raw      a record for each chunk, as the bytes come\n"
    "  --capacity SIZE  of a new ring: a power of two from 64K; 1M if not given\n"
    "  --persistent     a new ring stays until it is removed\n"
    "  --no-prefault    open at once; the first records fault the ring's pages in\n"
    "  --stamp CLOCK    each record of a new ring carries the time of its commit, and the ring\n"
    "                   counts how long records lie in it (shmring stat)\n" RING_ANY_OWNER_HELP,
    run};

/* SPDX-License-Identifier: MIT */
/* tap.c - watches a ring without taking part in it. */
#include <inttypes.h>
#include <stdlib.h>

#include "command.h"
#include "stream/frame.h"
#include "host/host.h"
#include "text/ring_name.h"
#include "view/view.h"

#define FRAME_ANY UINT32_MAX
#define FRAME_HEX 3u /* behind those of frame.h: as text */
#define ANY_TYPE  UINT64_MAX
#define LOOK_NS   UINT64_C(100000000) /* while it waits: is who reads the output still there? */
#define TELL_NS                                                                                    \
    UINT64_C(1000000000) /* a slow tap is overtaken all the time: a sentence for many              \
                          */
#define BYTES_ROOM (1u << 16)

/* The losses that were not told yet. */
struct losses {
    uint64_t times, records, bytes; /* records: SHMRING_UNKNOWN when one of them was not known */
    uint64_t next_ns;               /* when they may be told */
};

struct tap {
    const char *name;
    shmring_observer *ring;
    struct frame_output out;
    uint64_t type, left, timeout_ns;
    unsigned char *copy;
    uint32_t room;
    int bytes;  /* byte framing */
    int newest; /* it began behind what was there */
    int has_shown;
    struct losses losses;
    struct view view;
};

static shmring_observer *to_interrupt;

static void interrupt(void)
{
    shmring_observer_interrupt(to_interrupt);
}

/* ---- the ring ---- */

/* Room for a record that did not fit. */
static int grow(struct tap *t, uint32_t len)
{
    unsigned char *copy = realloc(t->copy, len);

    if (copy == NULL) {
        (void)say_failed("no memory for a record of %" PRIu32 " bytes", len);
        return 0;
    }
    t->copy = copy;
    t->room = len;
    return 1;
}

static int put(struct tap *t, const shmring_record *r)
{
    int shown = 0;

    if (t->type != ANY_TYPE && r->type != t->type) {
        return 1;
    }
    if (!view_show(&t->view, r, &shown)) {
        return 0;
    }
    t->left -= shown && t->left != UINT64_MAX;
    t->has_shown |= shown;
    return 1;
}

/* "6,610 records, 105,760 bytes,"; without the records where they are not known. */
static const char *lost_text(char to[3 * FIGURE_SIZE], uint64_t records, uint64_t bytes)
{
    char of_records[FIGURE_SIZE], of_bytes[FIGURE_SIZE];

    (void)figure_of(of_bytes, bytes, "byte");
    if (records == SHMRING_UNKNOWN) {
        (void)snprintf(to, 3 * FIGURE_SIZE, "%s", of_bytes);
    } else {
        (void)snprintf(to, 3 * FIGURE_SIZE, "%s, %s", figure_of(of_records, records, "record"),
                       of_bytes);
    }
    return to;
}

static void tell_losses(struct tap *t)
{
    struct losses *l = &t->losses;
    char lost[3 * FIGURE_SIZE], times[FIGURE_SIZE + 8] = "", count[FIGURE_SIZE];

    if (l->times > 1) {
        (void)snprintf(times, sizeof times, " %s", figure_of(count, l->times, "time"));
    }
    if (l->times > 0) {
        say_notice("ring '%s': fell behind%s; lost %s, overwritten before they were seen",
                   short_name(t->name), times, lost_text(lost, l->records, l->bytes));
    }
    l->times = l->records = l->bytes = 0;
}

/* In the text view a loss stands where it is; elsewhere it would be taken for a record, and is told
 * on standard error. Returns 0 when it could not be written. */
static int lapped(struct tap *t)
{
    const uint64_t records = shmring_observer_lost_records(t->ring);
    const uint64_t bytes = shmring_observer_lost(t->ring);
    struct losses *l = &t->losses;
    char lost[3 * FIGURE_SIZE], text[4 * FIGURE_SIZE];
    int n;

    if (bytes == 0 && t->out.frame != FRAME_HEX) {
        say_notice("ring '%s': it was repaired; what follows may have been shown before",
                   short_name(t->name));
        return 1;
    }
    if (t->out.frame == FRAME_HEX) {
        n = bytes == 0
                ? snprintf(text, sizeof text, "repaired; what follows may have been shown before\n")
                : snprintf(text, sizeof text, "lost %s, overwritten before they were seen\n",
                           lost_text(lost, records, bytes));
        return frame_output_bytes(&t->out, text, (size_t)n) && frame_output_flush(&t->out);
    }
    l->times++;
    l->bytes += bytes;
    l->records = records == SHMRING_UNKNOWN || l->records == SHMRING_UNKNOWN ? SHMRING_UNKNOWN
                                                                             : l->records + records;
    if (host_clock_ns() >= l->next_ns) {
        l->next_ns = host_clock_ns() + TELL_NS;
        tell_losses(t);
    }
    return 1;
}

/* Somebody who asks for what comes from now on, and hears nothing, may have meant what is there. */
static int gone(const struct tap *t, const char *how)
{
    shmring_info info;

    if (t->newest && !t->has_shown && shmring_inspect(t->name, &info) == SHMRING_OK &&
        info.tail != info.evict) {
        say_notice("ring '%s': its sender %s, and nothing new came; --from oldest shows what is "
                   "still in it",
                   short_name(t->name), how);
    }
    return EXIT_OK;
}

/* Nothing new: waits. Returns as shmring_observer_wait(). */
static shmring_status wait_for_more(struct tap *t, uint64_t *idle_since)
{
    const uint64_t now = host_clock_ns();
    uint64_t left;

    *idle_since = *idle_since != 0 ? *idle_since : now;
    left = t->timeout_ns - (now - *idle_since);
    if (t->timeout_ns == SHMRING_FOREVER || left > LOOK_NS) {
        left = LOOK_NS;
    }
    return now - *idle_since < t->timeout_ns ? shmring_observer_wait(t->ring, left)
                                             : SHMRING_TIMEOUT;
}

static int is_late(const struct tap *t, uint64_t idle_since)
{
    return t->timeout_ns != SHMRING_FOREVER && host_clock_ns() - idle_since >= t->timeout_ns;
}

/* Shows what is there. Returns 1 to go on, or 0 to end with *ret_exit; *ret_status: why no more
 * came.
 */
static int show(struct tap *t, uint64_t *idle_since, shmring_status *ret_status, int *ret_exit)
{
    shmring_record r;
    shmring_status status = shmring_observe(t->ring, t->copy, t->room, &r);

    *ret_status = status;
    if (status == SHMRING_OK) {
        *idle_since = 0;
        *ret_exit = EXIT_OK;
        if (put(t, &r)) {
            return 1;
        }
        *ret_exit = view_failed(&t->view);
        return 0;
    }
    if (status == SHMRING_E_TOO_BIG) {
        *ret_exit = grow(t, r.len) ? EXIT_OK : EXIT_FAILED;
        return *ret_exit == EXIT_OK;
    }
    if (!frame_output_flush(&t->out) || (status == SHMRING_LAPPED && !lapped(t)) ||
        (status == SHMRING_EMPTY && host_output_is_gone())) {
        *ret_exit = frame_output_failed();
        return 0;
    }
    return 1;
}

static int watch(struct tap *t)
{
    char text[FIGURE_SIZE];
    uint64_t idle_since = 0;
    shmring_status status;
    int ret;

    while (t->left > 0 && !host_stop_requested()) {
        if (!show(t, &idle_since, &status, &ret)) {
            return ret;
        }
        if (status == SHMRING_EMPTY) {
            status = wait_for_more(t, &idle_since);
        }
        if (status == SHMRING_CLOSED || status == SHMRING_PEER_DEAD) {
            return gone(t, status == SHMRING_CLOSED ? "has closed" : "died");
        }
        if (status == SHMRING_E_NOT_FOUND) { /* removed, and nobody has sent since we came */
            return EXIT_OK;
        }
        if (status == SHMRING_TIMEOUT && is_late(t, idle_since)) {
            return say_failed("nothing came through ring '%s' for %s", short_name(t->name),
                              figure_ns(text, t->timeout_ns));
        }
        if (status < 0 && status != SHMRING_E_TOO_BIG) {
            return say_status(status);
        }
    }
    return frame_output_flush(&t->out) ? EXIT_OK : frame_output_failed();
}

/* A text that nobody can read is no reason not to show the records. */
static int open_view(struct tap *t, int *ret_exit)
{
    shmring_description *about = NULL;

    if (shmring_observer_description(t->ring, &about) < 0) {
        say_notice("%s", shmring_error_detail());
    }
    return view_open(&t->view, about, &t->out, ret_exit);
}

static int tap(struct tap *t, const shmring_info *info, int newest)
{
    int ret;

    t->bytes = info->framing == SHMRING_BYTES;
    if (t->bytes && ((t->out.frame != FRAME_RAW && t->out.frame != FRAME_HEX) ||
                     t->type != ANY_TYPE || t->left != UINT64_MAX || view_is_wanted(&t->view))) {
        return say_failed("ring '%s' has byte framing: it holds no records; use --frame raw or "
                          "hex, and no options that choose records",
                          short_name(t->name));
    }
    t->newest = newest;
    (void)shmring_observer_seek(t->ring, newest ? SHMRING_NEWEST : SHMRING_OLDEST);
    if (!grow(t, BYTES_ROOM) || !frame_output_start(&t->out, t->out.frame)) {
        return EXIT_FAILED;
    }
    if (open_view(t, &ret)) {
        ret = watch(t);
        tell_losses(t);
    }
    view_close(&t->view);
    frame_output_end(&t->out);
    return ret;
}

static int run(const struct command *self, int argc, char **argv)
{
    static const char *const frames[] = {"line", "length", "raw", "hex", NULL};
    static const char *const formats[] = VIEW_FORMATS;
    static const char *const froms[] = {"oldest", "newest", NULL};
    struct tap t = {0};
    uint32_t from = 1;
    int ret;
    const struct option options[] = {
        {"frame", OPTION_CHOICE, &t.out.frame, frames, 0, 0, NULL, NULL},
        VIEW_OPTIONS(t.view, formats),
        {"type", OPTION_NUMBER, &t.type, NULL, 0, 65535, NULL,
         "is too large: a type is a number from 0 to 65535"},
        {"from", OPTION_CHOICE, &from, froms, 0, 0, NULL, NULL},
        {"count", OPTION_COUNT, &t.left, NULL, 0, 0, NULL, NULL},
        RING_ANY_OWNER_OPTION,
        {"timeout", OPTION_TIME, &t.timeout_ns, NULL, 0, 0, NULL, NULL},
    };
    shmring_info info;
    shmring_status status;

    t.type = ANY_TYPE;
    t.left = UINT64_MAX;
    t.timeout_ns = SHMRING_FOREVER;
    t.out.frame = FRAME_ANY;
    view_start(&t.view);
    if (!args_read(self, argc, argv, options, sizeof options / sizeof options[0], "NAME", &t.name,
                   &ret)) {
        return ret;
    }
    if (t.out.frame != FRAME_ANY && t.view.format != VIEW_NONE) {
        return say_usage("--frame and --format exclude each other");
    }
    if (t.out.frame == FRAME_ANY) {
        t.out.frame =
            t.view.format == VIEW_HEX || (t.view.format == VIEW_NONE && host_output_is_terminal())
                ? FRAME_HEX
                : FRAME_LINE;
    }
    t.view.format = t.out.frame == FRAME_HEX ? VIEW_HEX : t.view.format;
    t.name = ring_name(t.name);
    host_catch_stop(NULL);
    status = ring_open_observer(&t.ring, t.name, NULL);
    if (status == SHMRING_OK) {
        to_interrupt = t.ring;
        host_catch_stop(interrupt);
        status = shmring_inspect(t.name, &info);
    }
    ret = status == SHMRING_OK ? tap(&t, &info, from == 1) : say_status(status);
    host_catch_stop(NULL);
    shmring_observer_close(t.ring);
    free(t.copy);
    return ret;
}

const struct command command_tap = {
    "tap",
    "NAME [--frame line|length|raw|hex] [--type N] [--from oldest|newest]\n"
    "                         [--count N] [--timeout T] " VIEW_SYNOPSIS,
    "watch a ring without taking anything out of it",
    "Copies the records of a ring to standard output while others use it. Nobody notices: nothing\n"
    "is taken out, waited for or written. When the ring is faster, what was missed is told on\n"
    "standard error, in the view for people in its place. Ends with status 0 when the sender has\n"
    "closed or died and everything was seen. Shows the last records of a dead process from a\n"
    "PERSISTENT ring. Of a ring with byte framing, --frame raw and hex show the bytes.\n"
    "\n"
    "  --frame line     each record, then a newline (default)\n"
    "  --frame length   each record's length, 32-bit little-endian, then the record\n"
    "  --frame raw      the records and nothing between them\n"
    "  --frame hex      for people: position, type, length, stamp, and the bytes (on a terminal)\n"
    "  --type N         only records of this type\n"
    "  --from oldest    begin at the oldest record that is still there\n"
    "  --from newest    begin with what is sent from now on (default)\n"
    "  --count N        end with status 0 after N records\n"
    "  --timeout T      end with status 1 when nothing has come for this "
    "long\n" VIEW_HELP RING_ANY_OWNER_HELP,
    run};

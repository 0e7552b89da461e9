/* SPDX-License-Identifier: MIT */
/* target.c - sends what was recorded into a ring. */
#include "recording/target.h"

#include <string.h>

/* Each returns 1; 0 to end with *ret_exit. */
static int send_record(struct sender *to, const struct recording_entry *e, int *ret_exit)
{
    shmring_status status;

    while ((status = shmring_try_send(to->ring, e->data, e->len, e->type)) == SHMRING_FULL) {
        if (!send_wait_space(to, e->len, ret_exit)) {
            return 0;
        }
    }
    if (status != SHMRING_OK) {
        *ret_exit = say_status(status);
        return 0;
    }
    return 1;
}

static int send_bytes(struct sender *to, const struct recording_entry *e, int *ret_exit)
{
    uint64_t done = 0;

    while (done < e->len) {
        done += shmring_try_write(to->ring, e->data + done, e->len - done);
        if (done < e->len && !send_wait_space(to, 1, ret_exit)) {
            return 0;
        }
    }
    return 1;
}

int target_send(struct sender *to, const struct recording_entry *e, int *ret_exit)
{
    return to->info.framing == SHMRING_BYTES ? send_bytes(to, e, ret_exit)
                                             : send_record(to, e, ret_exit);
}

int target_open(struct target *t, const struct recorded_ring *recorded,
                const shmring_options *asked)
{
    struct sender *to = &t->to;
    const struct recording_about *about = &recorded->about;
    shmring_options opt = *asked;
    shmring_info info;
    shmring_status status = shmring_inspect(to->name, &info);

    if (status == SHMRING_OK && info.alive != 0 && info.framing != about->framing) {
        return say_failed("ring '%s' has another framing than the recording", short_name(to->name));
    }
    if (status != SHMRING_OK || info.alive == 0) { /* else it is what it is */
        opt.capacity = asked->capacity != 0 ? asked->capacity : about->capacity;
        opt.max_record = asked->capacity != 0 ? 0 : about->max_record;
        opt.stamp = /* ticks need not be had here */
            about->stamp != SHMRING_STAMP_NONE ? SHMRING_STAMP_MONOTONIC : SHMRING_STAMP_NONE;
        opt.description =
            recorded->description != NULL ? shmring_description_text(recorded->description) : NULL;
    }
    opt.framing = about->framing;
    opt.schema = about->schema;
    status = ring_open_producer(&to->ring, to->name, &opt);
    if (status == SHMRING_E_MISMATCH && opt.max_record != 0) { /* a persistent one that waits */
        opt.capacity = asked->capacity;
        opt.max_record = opt.stamp = 0;
        status = ring_open_producer(&to->ring, to->name, &opt);
    }
    if (status == SHMRING_OK) {
        status = shmring_inspect(to->name, &to->info);
    }
    t->is_open = status == SHMRING_OK;
    return status == SHMRING_OK ? EXIT_OK : say_status(status);
}

int target_end(struct target *t, int ret)
{
    const int taken = t->is_open ? send_stay(&t->to, ret) : ret;

    if (t->is_open) {
        ring_close_producer(t->to.ring);
    }
    return taken;
}

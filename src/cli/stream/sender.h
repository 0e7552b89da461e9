/* SPDX-License-Identifier: MIT */
/* sender.h - what the parts of `shmring send` and `shmring replay` share. */
#ifndef SHMRING_SRC_CLI_STREAM_SENDER_H
#define SHMRING_SRC_CLI_STREAM_SENDER_H

#include "text/ring_name.h"
#include "command.h"
#include "stream/frame.h"

struct sender {
    const char *name;
    shmring_producer *ring;
    shmring_info info; /* as it was when we opened it */
    struct progress progress;
    int said_nobody; /* the notice that nobody reads was given */
    int broken;      /* the ring itself failed: nobody will take the rest */
};

/* Each reads standard input to its end, or to a stop, and returns an exit status. */
int send_lines(struct sender *s);
int send_lengths(struct sender *s);
int send_raw_records(struct sender *s);
int send_raw_bytes(struct sender *s);

/* Waits until `need` bytes can be sent, whoever comes to read them. Returns 1; 0 to end with
 * *ret_exit: a stop, or a failure that was said. */
int send_wait_space(struct sender *s, uint32_t need, int *ret_exit);

/* At the end, with the exit status so far: stays until a reader has taken everything, where the
 * ring would go with us. Returns the exit status. */
int send_stay(const struct sender *s, int ret);

#endif

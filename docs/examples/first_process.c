/* SPDX-License-Identifier: MIT */
/* first_process.c - puts one message into a named ring and waits until another process has read it.
 *
 *   first_process [RING]      (in one terminal; RING is "first" unless said otherwise)
 *   second_process [RING]     (in another, within a minute)
 *
 * Shows: making a ring, sending a record, and waiting until the ring is drained. The ring lives
 * while a process has it open, so this one must stay until the message was read; when both have
 * ended, the name is gone.
 */
#include <shmring/shmring.h>

#include <stdio.h>
#include <string.h>

#define CAPACITY   65536u
#define DRAINED    (CAPACITY - 16u) /* a record this long fits only into an empty ring */
#define PATIENCE_S 60u

static int fail(const char *what)
{
    fprintf(stderr, "first_process: %s: %s\n", what, shmring_error_detail());
    return 1;
}

static int wait_until_read(shmring_producer *p)
{
    shmring_status status = shmring_wait_space(p, DRAINED, PATIENCE_S * UINT64_C(1000000000));

    if (status == SHMRING_OK) {
        printf("It was read.\n");
        return 0;
    }
    if (status < 0) {
        return fail("waiting failed");
    }
    fprintf(stderr, "first_process: nobody read the message: %s\n", shmring_status_text(status));
    return 1;
}

int main(int argc, char **argv)
{
    static const char message[] = "Message from first process.";
    const char *ring = argc > 1 ? argv[1] : "first";
    shmring_options options = SHMRING_OPTIONS_INIT;
    shmring_producer *p;
    int result;

    options.capacity = CAPACITY;
    options.max_record = DRAINED;
    if (shmring_producer_open(&p, ring, &options) != SHMRING_OK) {
        return fail("cannot open the ring");
    }
    if (shmring_try_send(p, message, (uint32_t)strlen(message), 0) != SHMRING_OK) {
        result = fail("cannot send");
    } else {
        printf("The message is in ring '%s'. Start second_process within %u seconds.\n", ring,
               PATIENCE_S);
        fflush(stdout);
        result = wait_until_read(p);
    }
    shmring_producer_close(p);
    return result;
}

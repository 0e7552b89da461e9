/* SPDX-License-Identifier: MIT */
/* second_process.c - reads the message of first_process and prints it.
 *
 *   second_process [RING]     (while first_process runs; RING is "first" unless said otherwise)
 *
 * Shows: opening a ring that must be there already, telling "not there" from other errors, and
 * receiving a record with a time limit.
 */
#include <shmring/shmring.h>

#include <stdio.h>

#define PATIENCE_NS UINT64_C(5000000000)

static int read_message(shmring_consumer *c)
{
    char text[256];
    shmring_record record;
    shmring_status status = shmring_recv(c, text, sizeof text, &record, PATIENCE_NS);

    if (status != SHMRING_OK) {
        fprintf(stderr, "second_process: no message: %s\n",
                status < 0 ? shmring_error_detail() : shmring_status_text(status));
        return 1;
    }
    printf("%.*s\n", (int)record.len, text);
    return 0;
}

int main(int argc, char **argv)
{
    const char *ring = argc > 1 ? argv[1] : "first";
    shmring_options options = SHMRING_OPTIONS_INIT;
    shmring_consumer *c;
    shmring_status status;
    int result;

    options.open_mode = SHMRING_OPEN_ONLY;
    status = shmring_consumer_open(&c, ring, &options);
    if (status == SHMRING_E_NOT_FOUND) {
        fprintf(stderr, "second_process: there is no ring '%s': start first_process first\n", ring);
        return 1;
    }
    if (status != SHMRING_OK) {
        fprintf(stderr, "second_process: cannot open the ring: %s\n", shmring_error_detail());
        return 1;
    }
    result = read_message(c);
    shmring_consumer_close(c);
    return result;
}

/* SPDX-License-Identifier: MIT */
/* observed.c - a pair's work while others look on, for who counts its instructions: observed.py.
 *
 *   observed RING       makes the ring, sends one record, and waits for a byte on standard input
 */
#include <shmring/shmring.h>

#include <stdio.h>

#define MESSAGES 100000u

/* What is counted, by its name: records in and out again on one thread, through many laps. */
int pair_work(shmring_producer *p, shmring_consumer *c);

__attribute__((noinline)) int pair_work(shmring_producer *p, shmring_consumer *c)
{
    uint64_t message[8] = {0}, got[8];
    uint32_t i;

    for (i = 0; i < MESSAGES; i++) {
        message[0] = i;
        if (shmring_try_send(p, message, sizeof message, 1) != SHMRING_OK ||
            shmring_try_recv(c, got, sizeof got, NULL) != SHMRING_OK || got[0] != i) {
            return 0;
        }
    }
    return 1;
}

int main(int argc, char **argv)
{
    shmring_options o = SHMRING_OPTIONS_INIT;
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    uint64_t first = 0;
    int right = 0;

    o.capacity = 65536;
    if (argc == 2 && shmring_producer_open(&p, argv[1], &o) == SHMRING_OK &&
        shmring_consumer_open(&c, argv[1], &o) == SHMRING_OK &&
        shmring_try_send(p, &first, sizeof first, 0) == SHMRING_OK &&
        shmring_try_recv(c, &first, sizeof first, NULL) == SHMRING_OK) {
        p->far_ticks = 0; /* claims follow the time of loads, which valgrind stretches */
        (void)getchar();
        right = pair_work(p, c);
    }
    shmring_consumer_close(c);
    shmring_producer_close(p);
    return right ? 0 : 1;
}

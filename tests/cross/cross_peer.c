/* SPDX-License-Identifier: MIT */
/* cross_peer.c - one side of a ring between programs of different word sizes.
 *
 *   cross_peer produce|consume NAME COUNT     0 when every record was right
 */
#include <shmring/shmring.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../support/pattern.h"

#define MAX_LEN 5000u
#define WAIT_NS UINT64_C(120000000000)

static int failed(const char *what, uint64_t seq, shmring_status status)
{
    fprintf(stderr, "# %u bits: %s at %" PRIu64 ": %s; last error: %s\n",
            (unsigned)(8 * sizeof(void *)), what, seq, shmring_status_text(status),
            shmring_error_detail());
    return 1;
}

static int produce(shmring_producer *p, uint64_t count)
{
    static unsigned char buf[MAX_LEN];
    shmring_status status;
    uint64_t seq;
    uint32_t len;

    for (seq = 0; seq < count; seq++) {
        len = pattern_length(seq, 0, MAX_LEN);
        pattern_fill(buf, len, seq);
        status = shmring_send(p, buf, len, pattern_type(seq), WAIT_NS);
        if (status != SHMRING_OK) {
            return failed("send", seq, status);
        }
    }
    return 0;
}

static int consume(shmring_consumer *c, uint64_t count)
{
    static unsigned char buf[MAX_LEN];
    shmring_status status;
    shmring_record r;
    uint64_t seq;

    for (seq = 0; seq < count; seq++) {
        status = shmring_recv(c, buf, MAX_LEN, &r, WAIT_NS);
        if (status != SHMRING_OK) {
            return failed("receive", seq, status);
        }
        if (r.len != pattern_length(seq, 0, MAX_LEN) || r.type != pattern_type(seq) ||
            !pattern_matches(buf, r.len, seq)) {
            return failed("contents", seq, SHMRING_E_CORRUPT);
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_status status;
    uint64_t count;
    int result;

    if (argc != 4) {
        fprintf(stderr, "usage: cross_peer produce|consume NAME COUNT\n");
        return 2;
    }
    count = strtoull(argv[3], NULL, 10);
    opt.capacity = 65536;
    opt.max_record = MAX_LEN;
    opt.lifetime = SHMRING_PERSISTENT; /* either may be done before the other comes */
    if (strcmp(argv[1], "produce") == 0) {
        status = shmring_producer_open(&p, argv[2], &opt);
        result = status == SHMRING_OK ? produce(p, count) : failed("open", 0, status);
        shmring_producer_close(p);
    } else {
        status = shmring_consumer_open(&c, argv[2], &opt);
        result = status == SHMRING_OK ? consume(c, count) : failed("open", 0, status);
        shmring_consumer_close(c);
        (void)shmring_remove(argv[2]);
    }
    printf("# %s, %u bits, done: %d\n", argv[1], (unsigned)(8 * sizeof(void *)), result);
    return result;
}

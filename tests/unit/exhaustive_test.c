/* SPDX-License-Identifier: MIT */
/* exhaustive_test.c - FULL is exact in every state of the smallest ring.
 *
 *   exhaustive_test [all]
 *
 * The answer is a matter of arithmetic on three numbers: where head is, how much is used, and the
 * record's size; all are multiples of 8. One place of head is tried with every (used, size); every
 * place of head is tried with every size at the boundary for the emptiest and fullest rings; with
 * `all`, every place of head with every used at both sides of the boundary. A reservation that is
 * aborted asks without changing anything. */
#include "../support/rig.h"

#define UNITS 8192u /* of 8 bytes in the ring */

static unsigned char out[65536];

static int fits(uint32_t used_units, uint32_t size_units)
{
    return used_units + size_units + 1 <= UNITS; /* the zero word behind it */
}

/* Asks for a record of size_units, by its longest and its shortest payload. */
static void ask(shmring_producer *p, uint32_t used, uint32_t size)
{
    uint32_t longest = size * 8 - 8, len;
    shmring_status status;
    void *at;

    for (len = longest;; len = longest - 7) {
        status = shmring_reserve(p, len, &at);
        if (status == SHMRING_OK) {
            shmring_abort(p);
        } else {
            shmring_producer_relax(p);
        }
        if (status != (fits(used, size) ? SHMRING_OK : SHMRING_FULL)) {
            CHECK_FAIL_("used %u, size %u, length %u: %d", used * 8, size * 8, len, status);
        }
        if (len != longest || longest < 7) {
            return;
        }
    }
}

static struct pair open_widest(uint64_t start)
{
    shmring_options o = options_of(KIB64);
    struct pair pair;

    o.max_record = 65520;
    o.start_position = start;
    pair = open_pair(&o);
    pair.p->relax.unit = 0;
    return pair;
}

static void take_all(shmring_consumer *c)
{
    static shmring_record r[SHMRING_PEEK_MAX];
    uint32_t n;

    while ((n = shmring_peek_many(c, r, SHMRING_PEEK_MAX)) != 0) {
        shmring_release_many(c, n);
    }
}

static void shouldSayFullExactlyForEveryUseAndSize(void)
{
    struct pair pair = open_widest(0);
    uint32_t used, size;

    for (used = 0; used < UNITS; used++) {
        for (size = 1; size < UNITS; size++) {
            ask(pair.p, used, size);
        }
        CHECK_STATUS(shmring_try_send(pair.p, out, 0, 0),
                     used + 1 < UNITS ? SHMRING_OK : SHMRING_FULL);
    }
    close_pair(&pair);
}

static void shouldTakeTheLargestRecordAtEveryPlace(void)
{
    struct pair pair = open_widest(UINT64_MAX - 7 - 4 * 65536);
    uint32_t place;
    shmring_record r;
    void *at;

    for (place = 0; place < UNITS; place++) {
        CHECK_STATUS(shmring_reserve(pair.p, 65520, &at), SHMRING_OK);
        memcpy(at, &place, 4);
        memcpy((char *)at + 65516, &place, 4);
        memset((char *)at + 40000, (int)place, 8);
        shmring_commit(pair.p, 65520, 1);
        ask(pair.p, UNITS - 1, 1);
        CHECK_STATUS(shmring_peek(pair.c, &r), SHMRING_OK);
        CHECK_EQ(r.len, 65520);
        CHECK(memcmp(r.data, &place, 4) == 0);
        CHECK(memcmp((const char *)r.data + 65516, &place, 4) == 0);
        shmring_release(pair.c);
        CHECK_STATUS(shmring_peek(pair.c, &r), SHMRING_EMPTY);
        ask(pair.p, 0, UNITS - 1);
        CHECK_STATUS(shmring_try_send(pair.p, out, 8, 0), SHMRING_OK); /* one place further */
        CHECK_STATUS(shmring_try_recv(pair.c, out, 8, &r), SHMRING_OK);
    }
    close_pair(&pair);
}

static unsigned step = 64;

static void shouldSayFullExactlyForEveryPlaceAndUse(void)
{
    struct pair pair = open_widest((UINT64_C(1) << 32) - 65536 * 3);
    uint32_t place, used;

    for (place = 0; place < UNITS; place += step) {
        for (used = 0; used < UNITS; used++) {
            if (used + 2 < UNITS) {
                ask(pair.p, used, UNITS - 1 - used);
            }
            ask(pair.p, used, UNITS - used < UNITS ? UNITS - used : UNITS - 1);
            if (used + 1 < UNITS) {
                CHECK_STATUS(shmring_try_send(pair.p, out, 0, 0), SHMRING_OK);
            }
        }
        take_all(pair.c);
        CHECK_STATUS(shmring_try_send(pair.p, out, 8 * step, 0), SHMRING_OK); /* lap + step + 0 */
        take_all(pair.c);
    }
    close_pair(&pair);
}

static void shouldCountBytesExactlyForEveryPlaceAndUse(void)
{
    struct pair pair = open_byte_pair();
    uint32_t place, used;

    for (place = 0; place < 65536; place += 257) {
        for (used = 0; used <= 65536; used += used < 3 || used > 65530 ? 1 : 509) {
            CHECK_EQ(shmring_try_write(pair.p, out, used), used);
            CHECK_EQ(shmring_try_write(pair.p, out, 65536), 65536 - used);
            CHECK_EQ(shmring_try_write(pair.p, out, 1), 0);
            CHECK_EQ(shmring_try_read(pair.c, out, 65536), 65536);
            CHECK_EQ(shmring_try_read(pair.c, out, 1), 0);
            used = used > 65021 && used < 65530 ? 65530 : used;
        }
        CHECK_EQ(shmring_try_write(pair.p, out, 257), 257);
        CHECK_EQ(shmring_try_read(pair.c, out, 65536), 257);
    }
    close_pair(&pair);
}

int main(int argc, char **argv)
{
    step = argc > 1 && strcmp(argv[1], "all") == 0 ? 1 : step;
    RUN(shouldSayFullExactlyForEveryUseAndSize);
    RUN(shouldTakeTheLargestRecordAtEveryPlace);
    RUN(shouldSayFullExactlyForEveryPlaceAndUse);
    RUN(shouldCountBytesExactlyForEveryPlaceAndUse);
    return check_done();
}

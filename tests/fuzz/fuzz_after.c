/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include "os_fuzz.h"

static shmring_producer *p;
static shmring_consumer *c;
static unsigned char buf[BUFFER];

static void done(void)
{
    shmring_producer_close(p);
    shmring_consumer_close(c);
    p = NULL;
    c = NULL;
}

struct reading {
    shmring_status status;
    uint64_t records, bytes, mark; /* mark: follows from all that was read */
    uint64_t first;                /* where the first record was */
    uint64_t marks[64];            /* after each of the first records */
};

/* A false record, though a consumer gives it: no producer had the room for it. */
static int runs_into_the_oldest(const shmring_consumer *at, struct reading *r,
                                const shmring_record *record)
{
    const uint64_t size = shmring_record_size(at->record_header, record->len);

    if (r->records == 0) {
        r->first = record->position;
    }
    return record->position + size + 8 - r->first > at->capacity;
}

static void read_all(struct reading *r)
{
    shmring_record record = {0};
    uint64_t n;

    memset(r, 0, sizeof *r);
    r->status = shmring_consumer_open(&c, NAME, NULL);
    if (r->status != SHMRING_OK) {
        return;
    }
    while (r->records < FUZZ_CAPACITY_MAX / 8) {
        r->status = shmring_try_recv(c, buf, BUFFER, &record);
        if (r->status == SHMRING_LAPPED) { /* once */
            r->status = shmring_try_recv(c, buf, BUFFER, &record);
        }
        if (r->status != SHMRING_OK || runs_into_the_oldest(c, r, &record)) {
            break;
        }
        r->mark = (r->mark ^ record.position ^ record.len) * UINT64_C(0x9E3779B97F4A7C15);
        if (r->records < 64) {
            r->marks[r->records] = r->mark;
        }
        r->records++;
    }
    if (c->framing == SHMRING_BYTES) {
        while ((n = shmring_try_read(c, buf, BUFFER)) != 0) {
            r->bytes += n;
        }
        r->status = c->status;
    }
    done();
}

/* Sound means: of use to both, and to be read to the end. */
static void sound_means_usable(const shmring_verdict *v)
{
    static struct reading r;
    const shmring_options init = SHMRING_OPTIONS_INIT;

    read_all(&r);
    MUST(r.status == SHMRING_EMPTY || r.status == SHMRING_CLOSED || r.status == SHMRING_OK);
    MUST(r.records == v->records);
    MUST(r.records != 0 || r.bytes == v->bytes);
    MUST(shmring_producer_open(&p, NAME, &init) == SHMRING_OK);
    MUST(shmring_consumer_open(&c, NAME, &init) == SHMRING_OK);
    if (c->framing == SHMRING_RECORDS) {
        MUST(shmring_try_send(p, buf, c->max_record, 9) == SHMRING_OK);
        MUST(shmring_try_recv(c, buf, BUFFER, NULL) == SHMRING_OK);
    } else {
        MUST(shmring_try_write(p, buf, 100) == 100);
        MUST(shmring_try_read(c, buf, 100) == 100);
    }
    done();
}

/* A repair never makes it worse. */
static void repair_and_compare(int was_sound)
{
    static unsigned char kept[SHMRING_HEADER_SIZE + FUZZ_CAPACITY_MAX];
    static struct reading before, after;
    shmring_repaired repaired;
    shmring_verdict v;
    uint64_t cursor, head, evict, n;
    int lapped;

    memcpy(&head, fuzz_object() + SHMRING_CONSUMER_AT + 0x280, 8);
    memcpy(&cursor, fuzz_object() + SHMRING_CONSUMER_AT + 0x300, 8);
    memcpy(&evict, fuzz_object() + SHMRING_PRODUCER_AT + 0x100, 8);
    lapped = fuzz_object()[0x1C] != 0 && evict - cursor - 1 < UINT64_MAX / 2; /* overwrites */
    memcpy(kept, fuzz_object(), sizeof kept);
    if (!was_sound) {
        read_all(&before);
        memcpy(fuzz_object(), kept, sizeof kept);
    }
    MUST(shmring_repair(NAME, &repaired) == SHMRING_OK);
    MUST(repaired.changed == (uint32_t)!was_sound);
    MUST(!was_sound || memcmp(kept, fuzz_object(), sizeof kept) == 0);
    MUST(shmring_verify(NAME, &v) == SHMRING_OK);
    MUST(v.records == repaired.records && v.bytes == repaired.bytes);
    if (!was_sound && !repaired.again && !lapped && cursor - head <= SHMRING_CAPACITY_MIN) {
        memcpy(kept, fuzz_object(), sizeof kept);
        read_all(&after);
        memcpy(fuzz_object(), kept, sizeof kept);
        n = before.records < 64 ? before.records : 64;
        MUST(n == 0 || (after.records >= n && after.marks[n - 1] == before.marks[n - 1]));
    }
    sound_means_usable(&v);
}

void fuzz_afterwards(void)
{
    shmring_verdict v;
    shmring_status status = shmring_verify(NAME, &v);

    MUST(status == SHMRING_OK || status == SHMRING_E_CORRUPT);
    repair_and_compare(status == SHMRING_OK);
}

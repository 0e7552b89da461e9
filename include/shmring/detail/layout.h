/* SPDX-License-Identifier: MIT */
/* layout.h - the bytes that two processes share: layout version 1.
 *
 *   0x00000  GEOMETRY   written once by the creator; read once, at attach
 *   0x04000  PRODUCER   written by the producer only; read-only for everybody else
 *   0x08000  CONSUMER   written by the consumer only; read-only for everybody else
 *   0x0C000  DOORBELL   written by both sides, only around a sleep
 *   0x10000  DATA       capacity bytes, written by the producer only; mapped twice back to back
 *
 * Fixed-width fields in the machine's byte order, naturally aligned; 32-bit and 64-bit processes
 * share a ring. Words that different sides write never share 128 bytes, for processors fetch pairs
 * of 64-byte lines. The hot words lie at different offsets modulo 4096, so that they do not meet in
 * one cache set. Reserved bytes are zero. A changed offset is a new layout version.
 *
 * docs/protocol.md says what each field means; this file says where it is.
 */
#ifndef SHMRING_DETAIL_LAYOUT_H
#define SHMRING_DETAIL_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include <shmring/detail/atomic.h>
#include <shmring/detail/compiler.h>

SHMRING_BEGIN_INLINE

#define SHMRING_MAGIC          UINT64_C(0x31474E49524D4853) /* "SHMRING1", little-endian */
#define SHMRING_LAYOUT_VERSION 1u

#define SHMRING_HEADER_SIZE                                                                        \
    UINT64_C(0x10000) /* Windows' allocation granularity; the largest page */
#define SHMRING_GEOMETRY_AT UINT64_C(0x00000)
#define SHMRING_PRODUCER_AT UINT64_C(0x04000)
#define SHMRING_CONSUMER_AT UINT64_C(0x08000)
#define SHMRING_DOORBELL_AT UINT64_C(0x0C000)
#define SHMRING_PAGE_GROUP  UINT64_C(0x04000) /* each group's size */

#define SHMRING_CAPACITY_MIN     UINT64_C(0x10000)       /* 64 KiB */
#define SHMRING_CAPACITY_MAX     UINT64_C(0x10000000000) /* 1 TiB */
#define SHMRING_CAPACITY_DEFAULT UINT64_C(0x100000)      /* 1 MiB */
#define SHMRING_RECORD_LIMIT     UINT32_C(0xFFFFFFE0)    /* max_record never exceeds it */
#define SHMRING_NAME_SIZE        256u                    /* bytes, the final NUL included */

/* The description of the records, if the ring has one: text in GEOMETRY's free bytes. */
#define SHMRING_DESCRIPTION_AT  UINT64_C(0x00400) /* where a creator puts it */
#define SHMRING_DESCRIPTION_MAX 0x3C00u           /* bytes */

/* The record word: length | type | flags | committed. */
#define SHMRING_WORD_LENGTH    UINT64_C(0x00000000FFFFFFFF)
#define SHMRING_WORD_TYPE_AT   32
#define SHMRING_WORD_FLAGS_AT  48
#define SHMRING_WORD_GAP       (UINT64_C(1) << 48)
#define SHMRING_WORD_RESERVED  UINT64_C(0x7FFE000000000000)
#define SHMRING_WORD_COMMITTED (UINT64_C(1) << 63)

/* A record's header: the word, then in a stamped ring its commit time. */
#define SHMRING_WORD_SIZE  UINT64_C(8)
#define SHMRING_STAMP_SIZE UINT64_C(8)

/* Role states. DEAD is never stored: it is ATTACHED with nobody holding the role's lock. */
#define SHMRING_ROLE_NONE     UINT64_C(0)
#define SHMRING_ROLE_ATTACHED UINT64_C(1)
#define SHMRING_ROLE_CLOSED   UINT64_C(2)

/* Role capabilities for edge F: how this side makes its publication visible before it looks at the
 * other side's bell. */
#define SHMRING_CAP_MEMBARRIER UINT64_C(1) /* registered: the sleeper's membarrier reaches it */
#define SHMRING_CAP_FENCES     UINT64_C(2) /* it runs a full barrier at every publication */

/* Features an attacher must know: version 0.1 knows none, and would read records torn, and stamp
 * them with nanoseconds where ticks are meant. */
#define SHMRING_FEATURE_OVERWRITE UINT64_C(1) /* overflow is SHMRING_OVERWRITE */
#define SHMRING_FEATURE_TICKS     UINT64_C(2) /* stamp is SHMRING_STAMP_TSC */

/* Features that an attacher may ignore. */
#define SHMRING_COMPAT_DESCRIPTION UINT64_C(1) /* description_at and so on say something */

/* The producer stores in `evict` what it is about to overwrite: who looks on may trust it. */
#define SHMRING_CAP_EVICTS UINT64_C(4)
/* The producer keeps `reported` and `reporting`: its successor knows whether a GAP is due. */
#define SHMRING_CAP_REPORTS UINT64_C(8)

/* Bell bits. The low 32 bits are the futex word. */
#define SHMRING_BELL_ASLEEP UINT64_C(1) /* somebody sleeps on the futex */
#define SHMRING_BELL_POLLED UINT64_C(2) /* somebody waits on a descriptor */
#define SHMRING_BELL_FENCE                                                                         \
    (UINT64_C(1) << 32) /* the waiter cannot membarrier: the waker must fence */

/* A reserved byte of DOORBELL, always 0: writing a 0 there is what a descriptor hears. */
#define SHMRING_SIGNAL_AT (SHMRING_DOORBELL_AT + 0x600)

/* Lifecycle bits, in DOORBELL. */
#define SHMRING_LIFE_REMOVED  UINT64_C(1) /* the name was removed while the ring was open */
#define SHMRING_LIFE_REPLACED UINT64_C(2) /* a producer took the name for a ring of its options */

/* In `yields` of a ring that a consumer made: the properties that it left to the first producer. */
#define SHMRING_YIELDS_CAPACITY    UINT32_C(0x001)
#define SHMRING_YIELDS_FRAMING     UINT32_C(0x002)
#define SHMRING_YIELDS_OVERFLOW    UINT32_C(0x004)
#define SHMRING_YIELDS_LIFETIME    UINT32_C(0x008)
#define SHMRING_YIELDS_STAMP       UINT32_C(0x010)
#define SHMRING_YIELDS_MAX_RECORD  UINT32_C(0x020)
#define SHMRING_YIELDS_SCHEMA      UINT32_C(0x040)
#define SHMRING_YIELDS_DESCRIPTION UINT32_C(0x080)
#define SHMRING_YIELDS_PERMISSIONS UINT32_C(0x100)

/* Latency histogram: 32 sub-buckets for each power of two, nanoseconds, below 2^48. */
#define SHMRING_HISTOGRAM_BUCKETS 1408u

/* GEOMETRY. The magic is stored last; nothing here changes afterwards. */
struct shmring_geometry_page {
    shmring_atomic_u64 magic;
    uint32_t version;
    uint32_t header_size;
    uint64_t capacity;      /* bytes, a power of two */
    uint32_t framing;       /* SHMRING_RECORDS or SHMRING_BYTES */
    uint32_t overflow;      /* SHMRING_REJECT or SHMRING_OVERWRITE */
    uint32_t lifetime;      /* SHMRING_UNTIL_LAST_CLOSE or SHMRING_PERSISTENT */
    uint32_t stamp;         /* SHMRING_STAMP_... */
    uint32_t max_record;    /* bytes of payload; 0 in byte framing */
    uint32_t record_header; /* 8, or 16 in a stamped ring */
    uint64_t schema;
    uint64_t features;        /* bits an attacher must know; an unknown one is E_VERSION */
    uint64_t features_compat; /* bits an attacher may ignore */
    uint64_t incarnation[2];  /* random, this segment and no other */
    uint64_t created_ns;      /* CLOCK_REALTIME */
    uint32_t creator_pid;
    uint32_t permissions;    /* POSIX mode bits it was made with */
    uint64_t start_position; /* first byte position; 0 outside tests */
    uint64_t stamp_hz;       /* ticks a second of a TSC stamp; 0 for monotonic nanoseconds */
    uint64_t stamp_base_tick;
    uint64_t stamp_base_ns;
    uint64_t huge_bytes;       /* of the data region, on huge pages when it was made */
    uint32_t description_at;   /* in GEOMETRY, where the text begins; 0 = there is none */
    uint32_t description_size; /* bytes of it */
    uint64_t description_hash; /* of its canonical form */
    uint32_t yields;           /* SHMRING_YIELDS_...; 0 = what is here stays */
    uint32_t reserved0;
    uint64_t reserved[6];
    char name[SHMRING_NAME_SIZE]; /* as opened, with its prefix, NUL-terminated */
};

/* The holder of a role. Written by the holder, right after it has the role's lock. */
struct shmring_role_block {
    shmring_atomic_u64 pid;
    shmring_atomic_u64 start_time;  /* clock ticks since boot, as /proc says; tells pids apart */
    shmring_atomic_u64 epoch;       /* 1 for the first holder, one more for each */
    shmring_atomic_u64 state;       /* SHMRING_ROLE_... */
    shmring_atomic_u64 capability;  /* SHMRING_CAP_... */
    shmring_atomic_u64 ended_epoch; /* the other role's epoch whose end was reported already */
    shmring_atomic_u64 program[2];  /* first 16 bytes of the program's name */
};

/* The words of a note. */
#define SHMRING_NOTE_WORDS 6

/* One of the two notes beside the tail. */
struct shmring_note_slot {
    shmring_atomic_u64 at;     /* true from this tail on, plus one; 0 = there is none */
    shmring_atomic_u64 number; /* of two that are true, the larger one is newer */
    shmring_atomic_u64 words[SHMRING_NOTE_WORDS];
};

/* PRODUCER. */
struct shmring_producer_page {
    uint8_t reserved0[0x080];
    shmring_atomic_u64 tail;    /* 0x080  every position below is committed */
    shmring_atomic_u64 records; /* 0x088  records committed */
    uint8_t reserved1[0x070];
    shmring_atomic_u64 evict;       /* 0x100  positions below may be overwritten */
    shmring_atomic_u64 evict_count; /* 0x108  records below evict, plus one; 0 = not said */
    shmring_atomic_u64 repairs;     /* 0x110  odd while a repair changes the ring; then the next */
    uint8_t reserved2[0x068];
    struct shmring_role_block role; /* 0x180 */
    uint8_t reserved3[0x040];
    shmring_atomic_u64 rejected;   /* 0x200  records refused because the ring was full */
    shmring_atomic_u64 stalls;     /* 0x208  times it began to wait for space */
    shmring_atomic_u64 sleeps;     /* 0x210  times it slept */
    shmring_atomic_u64 wakes;      /* 0x218  times it woke the consumer */
    shmring_atomic_u64 high_water; /* 0x220  most bytes in use, as the producer saw it */
    shmring_atomic_u64 recovered;  /* 0x228  records rolled forward after a producer's death */
    shmring_atomic_u64 reported;   /* 0x230  of `rejected`, how many a committed GAP has reported */
    shmring_atomic_u64 reporting;  /* 0x238  what `reported` becomes with the GAP being committed */
    uint8_t reserved4[0x040];
    struct shmring_note_slot notes[2]; /* 0x280 */
    uint8_t reserved5[0x3D00];
};

/* CONSUMER. */
struct shmring_consumer_page {
    uint8_t reserved0[0x280];
    shmring_atomic_u64 head; /* 0x280  lazily published copy of cursor; the producer polls it */
    uint8_t reserved1[0x078];
    shmring_atomic_u64 cursor;  /* 0x300  everything below is released */
    shmring_atomic_u64 records; /* 0x308  records released */
    uint8_t reserved2[0x070];
    struct shmring_role_block role; /* 0x380 */
    uint8_t reserved3[0x040];
    shmring_atomic_u64 stalls;       /* 0x400  times it began to wait for data */
    shmring_atomic_u64 sleeps;       /* 0x408 */
    shmring_atomic_u64 wakes;        /* 0x410  times it woke the producer */
    shmring_atomic_u64 gaps;         /* 0x418  records with the GAP flag it has released */
    shmring_atomic_u64 lapped;       /* 0x420  times it was lapped */
    shmring_atomic_u64 lapped_bytes; /* 0x428  bytes lost to being lapped */
    uint8_t reserved4[0xBD0];
    shmring_atomic_u64 histogram[SHMRING_HISTOGRAM_BUCKETS]; /* 0x1000 */
    uint8_t reserved5[0x400];
};

/* DOORBELL. */
struct shmring_doorbell_page {
    uint8_t reserved0[0x480];
    shmring_atomic_u64 consumer_bell; /* 0x480  set by a consumer that waits for data */
    uint8_t reserved1[0x078];
    shmring_atomic_u64 producer_bell; /* 0x500  set by a producer that waits for space */
    shmring_atomic_u64 producer_want; /* 0x508  the cursor that would make enough space */
    uint8_t reserved2[0x070];
    shmring_atomic_u64 lifecycle; /* 0x580  SHMRING_LIFE_... */
    uint8_t reserved3[0x3A78];
};

/* The size of a record with len bytes of payload: header and payload, rounded up to eight. */
SHMRING_ALWAYS uint64_t shmring_record_size(uint32_t record_header, uint32_t len)
{
    return ((uint64_t)len + record_header + 7u) & ~UINT64_C(7);
}

/* How far head may lag behind cursor, in bytes: up to an eighth before a release, and the release
 * itself, of at most the capacity. */
SHMRING_ALWAYS uint64_t shmring_head_lag_max(uint64_t capacity)
{
    return capacity + capacity / 8;
}

#define SHMRING_AT_(type, field, offset)                                                           \
    SHMRING_STATIC_ASSERT(offsetof(struct type, field) == (offset), #type "." #field)

SHMRING_AT_(shmring_geometry_page, version, 0x008);
SHMRING_AT_(shmring_geometry_page, header_size, 0x00C);
SHMRING_AT_(shmring_geometry_page, capacity, 0x010);
SHMRING_AT_(shmring_geometry_page, framing, 0x018);
SHMRING_AT_(shmring_geometry_page, overflow, 0x01C);
SHMRING_AT_(shmring_geometry_page, lifetime, 0x020);
SHMRING_AT_(shmring_geometry_page, stamp, 0x024);
SHMRING_AT_(shmring_geometry_page, max_record, 0x028);
SHMRING_AT_(shmring_geometry_page, record_header, 0x02C);
SHMRING_AT_(shmring_geometry_page, schema, 0x030);
SHMRING_AT_(shmring_geometry_page, features, 0x038);
SHMRING_AT_(shmring_geometry_page, features_compat, 0x040);
SHMRING_AT_(shmring_geometry_page, incarnation, 0x048);
SHMRING_AT_(shmring_geometry_page, created_ns, 0x058);
SHMRING_AT_(shmring_geometry_page, creator_pid, 0x060);
SHMRING_AT_(shmring_geometry_page, permissions, 0x064);
SHMRING_AT_(shmring_geometry_page, start_position, 0x068);
SHMRING_AT_(shmring_geometry_page, stamp_hz, 0x070);
SHMRING_AT_(shmring_geometry_page, huge_bytes, 0x088);
SHMRING_AT_(shmring_geometry_page, description_at, 0x090);
SHMRING_AT_(shmring_geometry_page, description_size, 0x094);
SHMRING_AT_(shmring_geometry_page, description_hash, 0x098);
SHMRING_AT_(shmring_geometry_page, yields, 0x0A0);
SHMRING_AT_(shmring_geometry_page, name, 0x0D8);
SHMRING_AT_(shmring_role_block, epoch, 0x10);
SHMRING_AT_(shmring_role_block, state, 0x18);
SHMRING_AT_(shmring_role_block, program, 0x30);
SHMRING_AT_(shmring_producer_page, tail, 0x080);
SHMRING_AT_(shmring_producer_page, records, 0x088);
SHMRING_AT_(shmring_producer_page, evict, 0x100);
SHMRING_AT_(shmring_producer_page, evict_count, 0x108);
SHMRING_AT_(shmring_producer_page, repairs, 0x110);
SHMRING_AT_(shmring_producer_page, role, 0x180);
SHMRING_AT_(shmring_producer_page, rejected, 0x200);
SHMRING_AT_(shmring_producer_page, reported, 0x230);
SHMRING_AT_(shmring_producer_page, reporting, 0x238);
SHMRING_AT_(shmring_producer_page, notes, 0x280);
SHMRING_AT_(shmring_note_slot, words, 0x10);
SHMRING_AT_(shmring_consumer_page, head, 0x280);
SHMRING_AT_(shmring_consumer_page, cursor, 0x300);
SHMRING_AT_(shmring_consumer_page, records, 0x308);
SHMRING_AT_(shmring_consumer_page, role, 0x380);
SHMRING_AT_(shmring_consumer_page, stalls, 0x400);
SHMRING_AT_(shmring_consumer_page, histogram, 0x1000);
SHMRING_AT_(shmring_doorbell_page, consumer_bell, 0x480);
SHMRING_AT_(shmring_doorbell_page, producer_bell, 0x500);
SHMRING_AT_(shmring_doorbell_page, lifecycle, 0x580);
SHMRING_STATIC_ASSERT(sizeof(struct shmring_geometry_page) <= SHMRING_DESCRIPTION_AT &&
                          SHMRING_DESCRIPTION_AT + SHMRING_DESCRIPTION_MAX == SHMRING_PAGE_GROUP,
                      "GEOMETRY and a description fill their group");
SHMRING_STATIC_ASSERT(sizeof(struct shmring_role_block) == 0x40, "a role block is one line");
SHMRING_STATIC_ASSERT(sizeof(struct shmring_producer_page) == 0x4000, "PRODUCER fills its group");
SHMRING_STATIC_ASSERT(sizeof(struct shmring_consumer_page) == 0x4000, "CONSUMER fills its group");
SHMRING_STATIC_ASSERT(sizeof(struct shmring_doorbell_page) == 0x4000, "DOORBELL fills its group");

SHMRING_END_INLINE

#endif

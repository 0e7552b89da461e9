/* SPDX-License-Identifier: MIT */
/* golden_test.c - the bytes of a v1 segment, written down here one by one and compared with those
 * behind a ring. Fields have the machine's byte order; a segment of the other order is refused. */
#include "../support/rig.h"

enum order { LITTLE, BIG };

static enum order order; /* of what is put */
static const unsigned char letters[32] = "ABCDEFGHIJ";
static unsigned char want[SHMRING_HEADER_SIZE + KIB64], got[SHMRING_HEADER_SIZE + KIB64];

static enum order machine_order(void)
{
    const uint16_t one = 1;

    return *(const unsigned char *)&one == 1 ? LITTLE : BIG;
}

static void put(size_t at, uint64_t value, unsigned n)
{
    unsigned i;

    for (i = 0; i < n; i++, value >>= 8) {
        want[order == LITTLE ? at + i : at + n - 1 - i] = (unsigned char)value;
    }
}

/* What differs from run to run is taken from the ring itself. */
static void same(size_t at, size_t n)
{
    memcpy(want + at, got + at, n);
}

static void compare(void)
{
    size_t i;

    for (i = 0; i < sizeof want; i++) {
        if (got[i] != want[i]) {
            CHECK_FAIL_("byte %#zx is %#x, should be %#x", i, got[i], want[i]);
        }
    }
}

static void put_geometry(uint32_t framing, uint32_t max_record, uint32_t header)
{
    memset(want, 0, sizeof want);
    memcpy(want, order == LITTLE ? "SHMRING1" : "1GNIRMHS", 8);
    put(0x08, 1, 4);
    put(0x0C, 65536, 4);
    put(0x10, 65536, 8);
    put(0x18, framing, 4);
    put(0x20, 1, 4); /* persistent */
    put(0x24, header == 16, 4);
    put(0x28, max_record, 4);
    put(0x2C, header, 4);
    put(0x30, UINT64_C(0x1122334455667788), 8);
    same(0x48, 16 + 8); /* incarnation, creation */
    put(0x60, (uint64_t)getpid(), 4);
    put(0x64, 0640, 4);
    memcpy(want + 0xD8, "Local\\", 6);
    memcpy(want + 0xD8 + 6, rig_name, strlen(rig_name));
}

/* A role that was held once, by this process, and closed. */
static void put_role(size_t at)
{
    put(at, (uint64_t)getpid(), 8);
    same(at + 8, 8); /* start time */
    put(at + 16, 1, 8);
    put(at + 24, 2, 8);
    same(at + 32, 8); /* capability: the kernel's */
    same(at + 48, 16);
}

static shmring_options fixed_options(void)
{
    shmring_options o = options_of(KIB64);

    o.lifetime = SHMRING_PERSISTENT;
    o.permissions = 0640;
    o.schema = UINT64_C(0x1122334455667788);
    return o;
}

static void shouldWriteARecordRingByteForByte(void)
{
    shmring_options o = fixed_options();
    struct pair pair;
    char b[32];

    o.max_record = 1000;
    pair = open_pair(&o);
    CHECK_STATUS(shmring_try_send(pair.p, letters, 10, 0x1234), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(pair.p, NULL, 0, 0xFFFF), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(pair.c, b, 16, NULL), SHMRING_OK);
    CHECK(behind_keep(rig_name));
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
    look(rig_name, 0, got, sizeof got);
    put_geometry(0, 1000, 8);
    put(0x4080, 32, 8); /* tail */
    put(0x4088, 2, 8);  /* records */
    put_role(0x4180);
    put(0x4220, 8, 8);  /* high water: the record that was not read when the producer closed */
    put(0x8280, 24, 8); /* head */
    put(0x8300, 24, 8); /* cursor */
    put(0x8308, 1, 8);
    put_role(0x8380);
    same(0xC480, 8); /* the bells: FENCE where the kernel has no membarrier */
    same(0xC500, 8);
    put(0x10000, UINT64_C(0x800012340000000A), 8);
    memcpy(want + 0x10008, "ABCDEFGHIJ", 10);
    put(0x10018, UINT64_C(0x8000FFFF00000000), 8);
    compare();
    CHECK(behind_remove(rig_name));
}

static void shouldWriteAByteRingByteForByte(void)
{
    shmring_options o = fixed_options();
    struct pair pair;
    char b[32];

    o.framing = SHMRING_BYTES;
    pair = open_pair(&o);
    CHECK_EQ(shmring_try_write(pair.p, letters, 10), 10);
    CHECK_EQ(shmring_try_read(pair.c, b, 3), 3);
    CHECK(behind_keep(rig_name));
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
    look(rig_name, 0, got, sizeof got);
    put_geometry(1, 0, 0);
    put(0x4080, 10, 8);
    same(0x4088, 8); /* how many advances: for people */
    put_role(0x4180);
    put(0x4220, 7, 8);
    put(0x8280, 3, 8);
    put(0x8300, 3, 8);
    same(0x8308, 8);
    put_role(0x8380);
    same(0xC480, 8);
    same(0xC500, 8);
    memcpy(want + 0x10000, "ABCDEFGHIJ", 10);
    compare();
    CHECK(behind_remove(rig_name));
}

static void shouldWriteADescriptionByteForByte(void)
{
    static const char text[] = "type 1 A\nuint8 x # [m]\nuint8 N = 3 # three\n";
    shmring_options o = fixed_options();

    o.max_record = 1000;
    o.description = text;
    CHECK_STATUS(shmring_create(new_name(), &o), SHMRING_OK);
    look(rig_name, 0, got, sizeof got);
    put_geometry(0, 1000, 8);
    put(0x40, 1, 8); /* features_compat */
    put(0x90, 0x400, 4);
    put(0x94, strlen(text), 4);
    put(0x98, UINT64_C(0x9229C139F83E3731), 8); /* of "type 1 A\nuint8 x # [m]\nuint8 N=3\n" */
    memcpy(want + 0x400, text, strlen(text));
    compare();
    CHECK(behind_cannot_remove() != NULL || behind_remove(rig_name));
}

/* A segment with one record, which runs around the end. */
static void put_segment(void)
{
    memset(got, 0, sizeof got);
    (void)new_name();
    put_geometry(0, 1000, 16);
    put(0x4080, 65520 + 24, 8); /* tail */
    put(0x8280, 65520, 8);
    put(0x8300, 65520, 8);
    put(0x10000 + 65520, UINT64_C(0x8001000700000005), 8); /* GAP, type 7, 5 bytes */
    put(0x10000 + 65528, UINT64_C(0x0102030405060708), 8); /* stamp */
    memcpy(want + 0x10000, "hello", 5);                    /* around the end */
}

static void shouldReadASegmentBuiltFromTheSpecification(void)
{
    shmring_consumer *c = NULL;
    shmring_producer *p = NULL;
    shmring_record r;
    char b[32];

    put_segment();
    CHECK(behind_plant(rig_name, want, sizeof want));
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(c, b, sizeof b, &r), SHMRING_OK);
    CHECK_EQ(r.len, 5);
    CHECK_EQ(r.type, 7);
    CHECK_EQ(r.flags, SHMRING_FLAG_GAP);
    CHECK_EQ(r.stamp, INT64_C(0x0102030405060708));
    CHECK_EQ(r.position, 65520);
    CHECK(memcmp(b, "hello", 5) == 0);
    CHECK_STATUS(shmring_try_recv(c, b, sizeof b, &r), SHMRING_EMPTY);
    CHECK_STATUS(shmring_try_send(p, letters, 4, 8), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(c, b, sizeof b, &r), SHMRING_OK);
    CHECK_EQ(r.position, 65544);
    shmring_consumer_close(c);
    shmring_producer_close(p);
    CHECK(behind_remove(rig_name));
}

/* The same ring, by a machine of the other byte order: refused by every way in, and left as it is.
 */
static void shouldRefuseASegmentOfTheOtherByteOrder(void)
{
    shmring_consumer *c = NULL;
    shmring_producer *p = NULL;
    shmring_info info;

    order = order == LITTLE ? BIG : LITTLE;
    put_segment();
    order = machine_order();
    CHECK(behind_plant(rig_name, want, sizeof want));
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, NULL), SHMRING_E_VERSION);
    DETAIL_HAS(rig_name);
    DETAIL_HAS("other byte order");
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_VERSION);
    DETAIL_HAS("other byte order");
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_E_VERSION);
    look(rig_name, 0, got, sizeof got);
    compare();
    CHECK(behind_remove(rig_name));
}

int main(void)
{
    order = machine_order();
    RUN(shouldWriteARecordRingByteForByte);
    RUN(shouldWriteAByteRingByteForByte);
    RUN(shouldWriteADescriptionByteForByte);
    RUN(shouldReadASegmentBuiltFromTheSpecification);
    RUN(shouldRefuseASegmentOfTheOtherByteOrder);
    return check_done();
}

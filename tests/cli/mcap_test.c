/* SPDX-License-Identifier: MIT */
/* mcap_test.c - the writer and the reader of MCAP files, in memory: what was written comes back,
 * from a whole file, one that is cut anywhere, and one with a wrong bit anywhere. Another reader
 * looks at our files in test_mcap_reference.py. */
#include "../support/check.h"
#include "recording/compress.h"
#include "recording/mcap.h"

#define CHUNKS   5u
#define EACH     7u
#define MESSAGES (CHUNKS * EACH)

struct memory {
    unsigned char data[1 << 17];
    size_t size, at;
};

static struct memory file, changed;
static size_t chunk_start[CHUNKS], chunk_end[CHUNKS];

static int keep(void *context, const void *data, size_t n)
{
    struct memory *m = context;

    CHECK(n <= sizeof m->data - m->size);
    memcpy(m->data + m->size, data, n);
    m->size += n;
    return 1;
}

/* In pieces, as pipes have them. */
static int64_t give(void *context, void *to, size_t n)
{
    struct memory *m = context;
    const size_t left = m->size - m->at;

    n = n < 1000 ? n : 1000;
    n = n < left ? n : left;
    memcpy(to, m->data + m->at, n);
    m->at += n;
    return (int64_t)n;
}

static size_t length_of(unsigned number)
{
    return number % 5 == 0 ? 0 : number * 3 % 50;
}

static void fill(struct mcap_chunk *c, unsigned first)
{
    static const struct mcap_text pairs[] = {{"ring", "imu"}, {"", ""}};
    unsigned char payload[64];
    struct mcap_stamp stamp;
    unsigned n;

    mcap_chunk_start(c);
    mcap_chunk_schema(c, 1, "Imu", "ros2msg", "uint8[] a", 9);
    mcap_chunk_channel(c, 1, 1, "/imu/Imu", "cdr", pairs, 2);
    mcap_chunk_channel(c, 700, 0, "/imu/7", "", NULL, 0);
    for (n = first; n < first + EACH; n++) {
        stamp.channel = n % 3 == 0 ? 700 : 1;
        stamp.sequence = n;
        stamp.log_ns = 1000 + n;
        stamp.publish_ns = 2000 + n;
        memset(payload, (int)n, sizeof payload);
        mcap_chunk_message(c, &stamp, "ABCD", 4, payload, length_of(n));
    }
}

static void make(enum mcap_compression how)
{
    static const struct mcap_text pairs[] = {{"key", "value"}};
    struct mcap_writer w = {.write = keep, .context = &file, .compression = how};
    struct mcap_chunk c = {0};
    unsigned i;

    file.size = 0;
    CHECK(mcap_start(&w, "test"));
    CHECK(mcap_write_attachment(&w, 5, "note.txt", "text/plain", "hello", 5));
    CHECK(mcap_write_metadata(&w, "about", pairs, 1));
    for (i = 0; i < CHUNKS; i++) {
        fill(&c, i * EACH);
        CHECK(!c.data.failed && c.messages == EACH);
        chunk_start[i] = file.size;
        CHECK(mcap_write_chunk(&w, &c));
        chunk_end[i] = chunk_start[i] + 9 + 256 * (size_t)file.data[chunk_start[i] + 2] +
                       file.data[chunk_start[i] + 1];
    }
    CHECK(mcap_finish_size(&w) > 0);
    CHECK(mcap_finish(&w));
    mcap_chunk_free(&c);
    mcap_writer_free(&w);
}

static void check_message(const struct mcap_item *m)
{
    unsigned char payload[64];
    char value[8];

    CHECK(m->sequence < MESSAGES);
    CHECK_EQ(m->channel->id, m->sequence % 3 == 0 ? 700 : 1);
    CHECK_EQ(m->log_ns, 1000 + m->sequence);
    CHECK_EQ(m->publish_ns, 2000 + m->sequence);
    CHECK_EQ(m->size, 4 + length_of(m->sequence));
    CHECK(memcmp(m->data, "ABCD", 4) == 0);
    memset(payload, (int)m->sequence, sizeof payload);
    CHECK(memcmp(m->data + 4, payload, m->size - 4) == 0);
    if (m->channel->id == 1) {
        CHECK(strcmp(m->channel->topic, "/imu/Imu") == 0);
        CHECK(m->channel->schema != NULL && strcmp(m->channel->schema->text, "uint8[] a") == 0);
        CHECK(mcap_channel_get(m->channel, "ring", value, sizeof value));
        CHECK(strcmp(value, "imu") == 0);
        CHECK(!mcap_channel_get(m->channel, "rin", value, sizeof value));
    } else {
        CHECK(m->channel->schema == NULL);
    }
}

/* Reads a file; ret_seen: how often each message came. */
static enum mcap_found read_all(struct memory *m, unsigned *ret_seen, struct mcap_reader *ret)
{
    struct mcap_item item;
    enum mcap_found found = MCAP_END;

    memset(ret, 0, sizeof *ret);
    memset(ret_seen, 0, MESSAGES * sizeof *ret_seen);
    ret->read = give;
    ret->context = m;
    m->at = 0;
    if (mcap_open(ret) <= 0) {
        mcap_reader_free(ret);
        return MCAP_END;
    }
    while ((found = mcap_next(ret, &item)) > 0) {
        if (found == MCAP_FOUND_MESSAGE) {
            check_message(&item);
            ret_seen[item.sequence]++;
        } else if (found == MCAP_FOUND_ATTACHMENT) {
            CHECK(strcmp(item.name, "note.txt") == 0 && item.size == 5);
        } else if (found == MCAP_FOUND_METADATA) {
            CHECK(item.size == 16);
        }
    }
    mcap_reader_free(ret);
    return found;
}

static void shouldReadWhatWasWritten(void)
{
    static const enum mcap_compression hows[] = {MCAP_PLAIN, MCAP_LZ4, MCAP_ZSTD};
    unsigned seen[MESSAGES], i, n;
    struct mcap_reader r;

    for (i = 0; i < 3; i++) {
        if (!compress_can(hows[i])) {
            printf("# no %s in this build\n", compress_name(hows[i]));
            continue;
        }
        make(hows[i]);
        CHECK_EQ(read_all(&file, seen, &r), MCAP_END);
        for (n = 0; n < MESSAGES; n++) {
            CHECK_EQ(seen[n], 1);
        }
        CHECK(r.has_start && r.has_end);
        CHECK_EQ(r.damaged_places, 0);
        CHECK_EQ(r.skipped_bytes + r.cut_bytes, 0);
        CHECK_EQ(r.chunks, CHUNKS);
    }
}

static void shouldReadAFileThatIsCutAnywhere(void)
{
    unsigned seen[MESSAGES], n;
    struct mcap_reader r;
    size_t cut;

    make(MCAP_PLAIN);
    for (cut = 0; cut < file.size; cut++) {
        memcpy(changed.data, file.data, cut);
        changed.size = cut;
        CHECK_EQ(read_all(&changed, seen, &r), MCAP_END);
        for (n = 0; n < MESSAGES; n++) {
            if (seen[n] != (chunk_end[n / EACH] <= cut ? 1u : 0u)) {
                CHECK_FAIL_("cut at %zu: message %u came %u times", cut, n, seen[n]);
            }
        }
        CHECK_EQ(r.has_end, 0);
        CHECK_EQ(cut < 8 ? 0 : r.damaged_places, 0);
    }
}

static void check_flip(size_t at, unsigned bit)
{
    unsigned seen[MESSAGES], n, chunk;
    struct mcap_reader r;
    int hit;

    memcpy(changed.data, file.data, file.size);
    changed.size = file.size;
    changed.data[at] ^= (unsigned char)(1u << bit);
    CHECK_EQ(read_all(&changed, seen, &r), MCAP_END);
    for (n = 0; n < MESSAGES; n++) {
        chunk = n / EACH;
        hit = at >= chunk_start[chunk] && at < chunk_end[chunk];
        if (at >= chunk_start[chunk] + 9 && at < chunk_start[chunk] + 25) {
            hit = 0; /* its times have no checksum, and nothing hangs on them */
        }
        if (seen[n] != (hit ? 0u : 1u)) {
            CHECK_FAIL_("byte %zu, bit %u: message %u came %u times", at, bit, n, seen[n]);
        }
        if (hit && seen[n] == 0) {
            CHECK(r.damaged_places > 0 || r.unknown_records > 0 || r.cut_bytes > 0);
        }
    }
}

static void shouldGoOnBehindAWrongBit(void)
{
    size_t at;
    unsigned bit;

    make(MCAP_PLAIN);
    for (at = 0; at < file.size; at++) {
        for (bit = (unsigned)at % 3; bit < 8; bit += 3) {
            check_flip(at, bit);
        }
    }
}

static void shouldGoOnBehindMissingAndAddedBytes(void)
{
    const size_t at = 0;
    unsigned seen[MESSAGES], n;
    struct mcap_reader r;
    size_t middle;

    (void)at;
    make(MCAP_PLAIN);
    middle = chunk_start[2] + 60;
    memcpy(changed.data, file.data, middle);
    memcpy(changed.data + middle, file.data + middle + 30, file.size - middle - 30);
    changed.size = file.size - 30;
    CHECK_EQ(read_all(&changed, seen, &r), MCAP_END);
    for (n = 0; n < MESSAGES; n++) {
        CHECK_EQ(seen[n], n / EACH == 2 ? 0 : 1);
    }
    CHECK(r.has_end && r.damaged_places == 1);
    memset(changed.data + middle, '?', 1000);
    memcpy(changed.data + middle + 1000, file.data + middle, file.size - middle);
    changed.size = file.size + 1000;
    CHECK_EQ(read_all(&changed, seen, &r), MCAP_END);
    for (n = 0; n < MESSAGES; n++) {
        CHECK_EQ(seen[n], n / EACH == 2 ? 0 : 1);
    }
    CHECK(r.has_end && r.damaged_places == 1);
}

/* A payload that is a recording itself. */
static void shouldNotTakeAPayloadForAChunk(void)
{
    static struct memory inner;
    struct mcap_writer w = {.write = keep, .context = &changed};
    const struct mcap_stamp stamp = {9, 0, 1, 1};
    struct mcap_chunk c = {0};
    struct mcap_reader r = {.read = give, .context = &changed};
    struct mcap_item item;

    make(MCAP_PLAIN);
    inner = file;
    changed.size = changed.at = 0;
    CHECK(mcap_start(&w, "test"));
    mcap_chunk_start(&c);
    mcap_chunk_channel(&c, 9, 0, "outer", "", NULL, 0);
    mcap_chunk_message(&c, &stamp, NULL, 0, inner.data, inner.size);
    CHECK(mcap_write_chunk(&w, &c) && mcap_finish(&w));
    CHECK(mcap_open(&r) == 1 && mcap_next(&r, &item) == MCAP_FOUND_MESSAGE);
    CHECK(item.size == inner.size && memcmp(item.data, inner.data, inner.size) == 0);
    CHECK(mcap_next(&r, &item) == MCAP_END && r.has_end);
    mcap_reader_free(&r);
    mcap_writer_free(&w);
    mcap_chunk_free(&c);
}

static void shouldHaveTheChecksumOfTheStandard(void)
{
    CHECK_EQ(crc32_add(0, "123456789", 9), 0xCBF43926);
    CHECK_EQ(crc32_join(crc32_add(0, "1234", 4), crc32_add(0, "56789", 5), 5), 0xCBF43926);
    CHECK_EQ(crc32_add(crc32_add(0, "123456", 6), "789", 3), 0xCBF43926);
}

int main(void)
{
    RUN(shouldHaveTheChecksumOfTheStandard);
    RUN(shouldReadWhatWasWritten);
    RUN(shouldReadAFileThatIsCutAnywhere);
    RUN(shouldGoOnBehindAWrongBit);
    RUN(shouldGoOnBehindMissingAndAddedBytes);
    RUN(shouldNotTakeAPayloadForAChunk);
    return check_done();
}

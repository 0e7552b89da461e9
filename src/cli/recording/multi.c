/* SPDX-License-Identifier: MIT */
/* multi.c - writes records of many rings into MCAP files.
 *
 * Each chunk has the schemas and channels of its messages, and is one write with its index. A
 * recorder that is killed leaves whole chunks, or a last one that is cut. */
#include "recording/multi.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "recording/output.h"
#include "recording/ros2msg.h"

#define CHUNK_BYTES  (256u << 10) /* written when it has so much */
#define PACKED_BYTES (1u << 20)   /* the same of one that is compressed */
#define WAIT_NS      UINT64_C(100000000)
#define TYPES        65536u
#define UNDESCRIBED  UINT16_MAX /* in place of a described channel's number: the type has none */
#define LAST_BYTES   600u       /* at the end of a file, for each ring */
#define INDEX_BYTES  16u        /* for each message */

static const unsigned char cdr_little[4] = {0, 1, 0, 0}, cdr_big[4] = {0, 0, 0, 0};

static const char loss_text[] = "uint8 GAP=1\n"
                                "uint8 OVERTAKEN=2\n"
                                "uint8 kind\n"
                                "uint64 bytes\n"
                                "uint64 records # 2^64-1: not known\n"
                                "uint64 position\n";

static const unsigned char *cdr_head(void)
{
    const uint16_t one = 1;
    unsigned char first;

    memcpy(&first, &one, 1);
    return first == 1 ? cdr_little : cdr_big;
}

static int no_memory(void)
{
    (void)say_failed("no memory for the recording's chunks and channels");
    return 0;
}

static int write_out(void *context, const void *data, size_t n)
{
    return output_write(context, data, n);
}

/* A call of mcap.h; a write that failed was said. */
static int done(struct multi *m, int ok)
{
    if (!ok && !m->out.failed) {
        m->out.failed = 1;
        return no_memory();
    }
    return ok;
}

/* ---- channels ---- */

static struct multi_channel *new_channel(struct multi *m, uint16_t *ret_id)
{
    struct multi_channel *more;
    uint32_t room;

    m->channel_count = m->channel_count == 0 ? 1 : m->channel_count; /* 0 is no schema */
    if (m->channel_count >= UNDESCRIBED) {
        (void)say_failed("a recording has room for %u kinds of records, and there are more",
                         UNDESCRIBED - 1u);
        return NULL;
    }
    if (m->channel_count == m->channel_room || m->channel_room == 0) {
        room = m->channel_room * 2 + 64;
        more = realloc(m->channels, room * sizeof *more);
        if (more == NULL) {
            (void)no_memory();
            return NULL;
        }
        m->channels = more;
        m->channel_room = room;
    }
    *ret_id = (uint16_t)m->channel_count++;
    memset(&m->channels[*ret_id], 0, sizeof *m->channels);
    return &m->channels[*ret_id];
}

static char *text_of(const char *a, const char *b, const char *c, const char *d)
{
    const size_t size = strlen(a) + strlen(b) + strlen(c) + strlen(d) + 1;
    char *text = malloc(size);

    if (text != NULL) {
        (void)snprintf(text, size, "%s%s%s%s", a, b, c, d);
    }
    return text;
}

/* described: NULL for records without one. Returns its number; 0 after a failure that was said. */
static uint16_t make_channel(struct multi *m, uint32_t ring, uint16_t type,
                             const shmring_type *described, int is_loss)
{
    const struct multi_ring *r = &m->rings[ring];
    uint16_t id = 0;
    struct multi_channel *c = new_channel(m, &id);
    char number[16];

    if (c == NULL) {
        return 0;
    }
    (void)snprintf(number, sizeof number, "%u", (unsigned)type);
    c->ring = ring;
    c->type = type;
    c->described = described;
    c->is_loss = is_loss != 0;
    c->topic = text_of("/", short_name(r->info.name), "/",
                       is_loss                            ? "_loss"
                       : described != NULL                ? described->name
                       : r->info.framing == SHMRING_BYTES ? "bytes"
                                                          : number);
    if (is_loss) {
        c->schema = text_of("shmring", "/msg/", "Loss", "");
        bytes_put(&c->text, loss_text, sizeof loss_text - 1);
    } else if (described != NULL) {
        c->schema = text_of(r->package, "/msg/", described->name, "");
        ros2msg_text(&c->text, r->package, described);
    }
    if (c->topic == NULL || c->text.failed ||
        (c->schema == NULL && (is_loss || described != NULL))) {
        return (uint16_t)no_memory();
    }
    return id;
}

/* The channel of a record; 0 after a failure that was said. */
static uint16_t channel_of(struct multi *m, uint32_t ring, const shmring_record *record)
{
    struct multi_ring *r = &m->rings[ring];
    uint16_t *id = &r->ids[record->type];
    const shmring_type *type;

    if (*id == 0) {
        type = r->description != NULL ? shmring_type_numbered(r->description, record->type) : NULL;
        *id = type != NULL ? make_channel(m, ring, record->type, type, 0) : UNDESCRIBED;
        if (*id == 0) {
            return 0;
        }
    }
    if (*id != UNDESCRIBED &&
        shmring_type_check(m->channels[*id].described, record->data, record->len) == SHMRING_OK) {
        return *id;
    }
    id = &r->ids[TYPES + record->type];
    if (*id == 0) {
        *id = make_channel(m, ring, record->type, NULL, 0);
    }
    return *id;
}

/* Each chunk says what its channels are. */
static void introduce(struct multi *m, uint16_t id)
{
    struct multi_channel *c = &m->channels[id];
    struct mcap_text pairs[MULTI_PAIRS];
    char text[MULTI_PAIRS][160], number[16];
    size_t n;

    if (c->chunk == m->chunk_number) {
        return;
    }
    c->chunk = m->chunk_number;
    if (c->schema != NULL) {
        mcap_chunk_schema(&m->chunk, id, c->schema, "ros2msg", c->text.at, c->text.used);
    }
    n = multi_about_ring(&m->rings[c->ring], pairs, text);
    (void)snprintf(number, sizeof number, "%u", (unsigned)c->type);
    pairs[n].key = c->is_loss ? "is" : "type";
    pairs[n++].value = c->is_loss ? "loss" : number;
    mcap_chunk_channel(&m->chunk, id, c->schema != NULL ? id : 0, c->topic,
                       c->schema != NULL ? "cdr" : "", pairs, n);
}

/* ---- files ---- */

static int start_file(struct multi *m)
{
    uint32_t i;

    m->file_records = 0;
    for (i = 0; i < m->ring_count; i++) {
        memset(&m->rings[i].file_totals, 0, sizeof m->rings[i].file_totals);
    }
    return done(m, multi_write_start(m));
}

static int end_file(struct multi *m, int is_last)
{
    const int ok = !m->out.failed && multi_flush(m) && done(m, multi_write_ends(m, is_last)) &&
                   done(m, mcap_finish(&m->file));

    return output_finish(&m->out) && ok;
}

static int rotate(struct multi *m)
{
    return end_file(m, 0) && output_next(&m->out) && start_file(m);
}

int multi_create(struct multi *m, const char *path, const struct recording_limits *limits,
                 enum mcap_compression compression, uint64_t calendar_ns, uint64_t monotonic_ns)
{
    memset(m, 0, sizeof *m);
    m->calendar_ns = calendar_ns;
    m->monotonic_ns = monotonic_ns;
    m->file.write = write_out;
    m->file.context = &m->out;
    m->file.compression = compression;
    m->chunk_most = compression == MCAP_PLAIN ? CHUNK_BYTES : PACKED_BYTES;
    m->chunk_number = 1;
    mcap_chunk_start(&m->chunk);
    return output_start(&m->out, path, limits) && start_file(m);
}

int multi_ring(struct multi *m, const shmring_info *info, uint32_t source,
               shmring_description *description)
{
    struct multi_ring *more = realloc(m->rings, (m->ring_count + 1) * sizeof *more), *r;

    if (more == NULL) {
        shmring_description_free(description);
        return no_memory();
    }
    m->rings = more;
    r = &m->rings[m->ring_count];
    memset(r, 0, sizeof *r);
    r->info = *info;
    r->source = source;
    r->description = description;
    m->ring_count++;
    r->ids = calloc(2 * TYPES, sizeof *r->ids);
    if (r->ids == NULL) {
        return no_memory();
    }
    ros2msg_package(short_name(info->name), r->package, sizeof r->package);
    return done(m, multi_write_ring(m, r));
}

int multi_end(struct multi *m)
{
    const int ok = m->out.file != NULL && end_file(m, 1);
    uint32_t i;

    for (i = 1; i < m->channel_count; i++) {
        free(m->channels[i].topic);
        free(m->channels[i].schema);
        bytes_free(&m->channels[i].text);
    }
    for (i = 0; i < m->ring_count; i++) {
        shmring_description_free(m->rings[i].description);
        free(m->rings[i].ids);
    }
    free(m->channels);
    free(m->rings);
    mcap_chunk_free(&m->chunk);
    mcap_writer_free(&m->file);
    output_free(&m->out);
    return ok;
}

int multi_flush(struct multi *m)
{
    if (m->chunk.messages == 0) {
        return 1;
    }
    if (!done(m, mcap_write_chunk(&m->file, &m->chunk))) {
        return 0;
    }
    mcap_chunk_start(&m->chunk);
    m->chunk_number++;
    return output_confirm(&m->out);
}

/* ---- messages ---- */

/* The bytes of the file if it were ended behind n more. */
static uint64_t size_with(const struct multi *m, size_t n)
{
    return m->file.written + mcap_chunk_size(&m->chunk) + n +
           (m->chunk.messages + 1) * INDEX_BYTES + mcap_finish_size(&m->file) +
           (uint64_t)m->channel_count * 1024 + (uint64_t)m->ring_count * LAST_BYTES;
}

static int put_message(struct multi *m, uint16_t id, uint32_t ring, uint64_t time_ns,
                       const void *data, size_t n, uint64_t now_ns)
{
    const struct mcap_stamp stamp = {id, (uint32_t)m->rings[ring].sequence, time_ns, time_ns};

    if (m->out.limits.size != 0 && m->file_records != 0 &&
        size_with(m, n + MCAP_MESSAGE + MCAP_HEAD) > m->out.limits.size && !rotate(m)) {
        return 0;
    }
    if (mcap_chunk_size(&m->chunk) + n > m->chunk_most && !multi_flush(m)) {
        return 0;
    }
    if (m->chunk.messages == 0) {
        m->chunk_ns = now_ns;
    }
    introduce(m, id);
    mcap_chunk_message(&m->chunk, &stamp, m->channels[id].is_loss ? cdr_little : cdr_head(),
                       m->channels[id].schema != NULL ? 4 : 0, data, n);
    return m->chunk.data.failed ? no_memory() : 1;
}

static int put_loss(struct multi *m, uint32_t ring, unsigned kind, uint64_t bytes, uint64_t records,
                    uint64_t position, uint64_t now_ns)
{
    struct multi_ring *r = &m->rings[ring];
    unsigned char loss[32] = {(unsigned char)kind};

    r->loss_id = r->loss_id != 0 ? r->loss_id : make_channel(m, ring, 0, NULL, 1);
    put_number(loss + 8, bytes, 8);
    put_number(loss + 16, records, 8);
    put_number(loss + 24, position, 8);
    return r->loss_id != 0 && put_message(m, r->loss_id, ring, now_ns, loss, sizeof loss, now_ns);
}

int multi_add(struct multi *m, uint32_t ring, const shmring_record *record, uint64_t now_ns)
{
    struct multi_ring *r = &m->rings[ring];
    const uint64_t time_ns = r->info.stamp != SHMRING_STAMP_NONE ? record->stamp : now_ns;
    uint16_t id;

    if (record->len > RECORDING_LONGEST) {
        (void)say_failed("a record of %" PRIu32 " bytes is too long for a recording: at most %u",
                         record->len, RECORDING_LONGEST);
        return 0;
    }
    if ((record->flags & SHMRING_FLAG_GAP) != 0 &&
        !put_loss(m, ring, 1, 0, UINT64_MAX, record->position, time_ns)) {
        return 0;
    }
    id = channel_of(m, ring, record);
    r->sequence++;
    if (id == 0 || !put_message(m, id, ring, time_ns, record->data, record->len, now_ns)) {
        return 0;
    }
    m->file_records++;
    r->file_totals.records++;
    r->file_totals.bytes += record->len;
    r->totals.records++;
    r->totals.bytes += record->len;
    return 1;
}

static void count_loss(struct recording_totals *t, uint64_t bytes, uint64_t records)
{
    t->losses++;
    t->lost_bytes += bytes;
    t->lost_records = records == UINT64_MAX || t->lost_records == UINT64_MAX
                          ? UINT64_MAX
                          : t->lost_records + records;
}

int multi_lost(struct multi *m, uint32_t ring, uint64_t bytes, uint64_t records, uint64_t position,
               uint64_t now_ns)
{
    struct multi_ring *r = &m->rings[ring];

    if (!put_loss(m, ring, 2, bytes, records, position, now_ns)) {
        return 0;
    }
    r->sequence += records != UINT64_MAX ? records : 0;
    count_loss(&r->file_totals, bytes, records);
    count_loss(&r->totals, bytes, records);
    return 1;
}

int multi_tick(struct multi *m, uint64_t now_ns)
{
    if (!output_is_wanted(&m->out, now_ns)) {
        return 0;
    }
    if (m->chunk.messages != 0 && now_ns - m->chunk_ns >= WAIT_NS && !multi_flush(m)) {
        return 0;
    }
    if (m->out.limits.ns != 0 && now_ns - m->out.started_ns >= m->out.limits.ns &&
        m->file_records != 0) {
        return rotate(m);
    }
    return 1;
}

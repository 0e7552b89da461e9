/* SPDX-License-Identifier: MIT */
/* mcap_bytes.c - the numbers, texts and checksums of MCAP files. */
#include "recording/mcap.h"

#include <stdlib.h>
#include <string.h>

/* ---- to be written ---- */

int bytes_reserve(struct bytes *b, size_t n)
{
    unsigned char *more = NULL;
    uint64_t room;

    if (b->failed || n > MCAP_LONGEST || b->used > 2 * (size_t)MCAP_LONGEST - n) {
        b->failed = 1;
        return 0;
    }
    if (b->used + n > b->room) {
        room = (uint64_t)b->used + n + b->room / 2 + 256;
        more = room <= SIZE_MAX ? realloc(b->at, (size_t)room) : NULL;
        if (more == NULL) {
            b->failed = 1;
            return 0;
        }
        b->at = more;
        b->room = (size_t)room;
    }
    return 1;
}

unsigned char *bytes_add(struct bytes *b, size_t n)
{
    if (!bytes_reserve(b, n)) {
        return NULL;
    }
    b->used += n;
    return b->at + b->used - n;
}

void bytes_put(struct bytes *b, const void *from, size_t n)
{
    unsigned char *to = bytes_add(b, n);

    if (to != NULL && n > 0) {
        memcpy(to, from, n);
    }
}

static void store(unsigned char *to, uint64_t value, unsigned size)
{
    unsigned i;

    for (i = 0; i < size; i++) {
        to[i] = (unsigned char)(value >> 8 * i & 0xFF);
    }
}

void bytes_number(struct bytes *b, uint64_t value, unsigned size)
{
    unsigned char *to = bytes_add(b, size);

    if (to != NULL) {
        store(to, value, size);
    }
}

void bytes_block(struct bytes *b, const void *from, size_t n)
{
    bytes_number(b, n, 4);
    bytes_put(b, from, n);
}

void bytes_text(struct bytes *b, const char *text)
{
    bytes_block(b, text, strlen(text));
}

void bytes_pairs(struct bytes *b, const struct mcap_text *pairs, size_t count)
{
    const size_t at = bytes_open_part(b);
    size_t i;

    for (i = 0; i < count; i++) {
        bytes_text(b, pairs[i].key);
        bytes_text(b, pairs[i].value);
    }
    bytes_close_part(b, at);
}

void bytes_free(struct bytes *b)
{
    free(b->at);
    memset(b, 0, sizeof *b);
}

size_t bytes_open(struct bytes *b, enum mcap_kind kind)
{
    bytes_number(b, (uint64_t)kind, 1);
    bytes_number(b, 0, 8);
    return b->used;
}

void bytes_close(struct bytes *b, size_t at)
{
    if (!b->failed) {
        store(b->at + at - 8, b->used - at, 8);
    }
}

size_t bytes_open_part(struct bytes *b)
{
    bytes_number(b, 0, 4);
    return b->used;
}

void bytes_close_part(struct bytes *b, size_t at)
{
    if (!b->failed) {
        store(b->at + at - 4, b->used - at, 4);
    }
}

/* ---- to be read ---- */

const unsigned char *view_take(struct view *v, uint64_t n)
{
    const unsigned char *taken = v->at;

    if (v->failed || n > v->left) {
        v->failed = 1;
        v->left = 0;
        return NULL;
    }
    v->at += n;
    v->left -= (size_t)n;
    return taken;
}

uint64_t view_number(struct view *v, unsigned size)
{
    const unsigned char *from = view_take(v, size);
    uint64_t value = 0;

    while (from != NULL && size > 0) {
        size--;
        value = value << 8 | from[size];
    }
    return value;
}

const char *view_text(struct view *v, size_t *ret_length)
{
    const uint64_t length = view_number(v, 4);
    const unsigned char *text = view_take(v, length);

    *ret_length = text != NULL ? (size_t)length : 0;
    return (const char *)text;
}

struct view view_part(struct view *v)
{
    struct view part = {NULL, 0, 0};
    const uint64_t length = view_number(v, 4);

    part.at = view_take(v, length);
    part.left = part.at != NULL ? (size_t)length : 0;
    part.failed = part.at == NULL;
    return part;
}

struct view view_record(struct view *v)
{
    struct view part = {NULL, 0, 0};
    const uint64_t length = view_number(v, 8);

    part.at = view_take(v, length);
    part.left = part.at != NULL ? (size_t)length : 0;
    part.failed = part.at == NULL;
    return part;
}

/* ---- CRC-32: sixteen bytes at a time, by a table for each of them ---- */

#define POLYNOMIAL 0xEDB88320u
#define WAYS       16u

static uint32_t tables[WAYS][256];

/* At the first use, which is before there is a second thread. */
static void fill_tables(void)
{
    uint32_t i, way, crc;
    int bit;

    for (i = 0; i < 256; i++) {
        crc = i;
        for (bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
        }
        tables[0][i] = crc;
    }
    for (way = 1; way < WAYS; way++) {
        for (i = 0; i < 256; i++) {
            crc = tables[way - 1][i];
            tables[way][i] = crc >> 8 ^ tables[0][crc & 0xFF];
        }
    }
}

static uint32_t get32(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t word(uint32_t value, unsigned way)
{
    return tables[way + 3][value & 0xFF] ^ tables[way + 2][value >> 8 & 0xFF] ^
           tables[way + 1][value >> 16 & 0xFF] ^ tables[way][value >> 24];
}

uint32_t crc32_add(uint32_t crc, const void *data, size_t n)
{
    const unsigned char *at = data;

    if (tables[0][1] == 0) {
        fill_tables();
    }
    crc = ~crc;
    for (; n >= 16; n -= 16, at += 16) {
        crc = word(get32(at) ^ crc, 12) ^ word(get32(at + 4), 8) ^ word(get32(at + 8), 4) ^
              word(get32(at + 12), 0);
    }
    for (; n > 0; n--, at++) {
        crc = crc >> 8 ^ tables[0][(crc ^ *at) & 0xFF];
    }
    return ~crc;
}

/* a times b, as polynomials modulo the one of the CRC; the highest bit is x to the 0. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0, bit;

    for (bit = UINT32_C(1) << 31; bit != 0; bit >>= 1) {
        product ^= (a & bit) != 0 ? b : 0;
        b = b >> 1 ^ ((b & 1) != 0 ? POLYNOMIAL : 0);
    }
    return product;
}

/* n bytes behind others move these by x to the 8n. */
uint32_t crc32_join(uint32_t first, uint32_t second, uint64_t n)
{
    uint32_t power = UINT32_C(1) << 23; /* x to the 8 */

    for (; n > 0; n >>= 1) {
        if ((n & 1) != 0) {
            first = multiply(power, first);
        }
        power = multiply(power, power);
    }
    return first ^ second;
}

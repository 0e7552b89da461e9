/* SPDX-License-Identifier: MIT */
/* hlog.c - HdrHistogram's log, and the encoding of one histogram. */
#include "measure/hlog.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "measure/deflate.h"

#define COOKIE            0x1c849313u /* V2, counts as variable numbers of up to 9 bytes */
#define COOKIE_COMPRESSED 0x1c849314u
#define DIGITS            3u
#define HALF_BITS         10u /* 1024 steps for each power of two: what 3 digits need */
#define HEAD              40u
#define COUNT_MOST        9u /* bytes */

/* ---- encoding ---- */

static void put32(unsigned char *to, uint32_t value)
{
    unsigned i;

    for (i = 0; i < 4; i++) {
        to[i] = (unsigned char)(value >> (24 - 8 * i));
    }
}

static void put64(unsigned char *to, uint64_t value)
{
    put32(to, (uint32_t)(value >> 32));
    put32(to + 4, (uint32_t)value);
}

/* Seven bits a byte, least significant first; the ninth byte has eight. */
static unsigned char *put_count(unsigned char *to, int64_t value)
{
    uint64_t rest = ((uint64_t)value << 1) ^ (uint64_t)(value < 0 ? -1 : 0);
    unsigned i;

    for (i = 1; i < COUNT_MOST && rest > 0x7F; i++) {
        *to++ = (unsigned char)(rest | 0x80);
        rest >>= 7;
    }
    *to++ = (unsigned char)rest;
    return to;
}

/* The place of a value among HdrHistogram's counts. */
static uint64_t place_of(uint64_t value)
{
    unsigned octave = 0;

    while (value >> octave >= UINT64_C(2) << HALF_BITS) {
        octave++;
    }
    return ((uint64_t)octave << HALF_BITS) + (value >> octave);
}

unsigned char *hlog_encode(const struct histogram *h, size_t *ret_size)
{
    unsigned char *bytes = calloc(1, HEAD + (size_t)HISTOGRAM_BUCKETS * 2 * COUNT_MOST);
    unsigned char *at = bytes + HEAD;
    uint64_t next = 0, place, value;
    const double one = 1;
    uint64_t ratio;
    uint32_t i;

    if (bytes == NULL) {
        return NULL;
    }
    for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (h->buckets[i] != 0) {
            value = histogram_top(i) < h->max ? histogram_top(i) : h->max;
            place = place_of(value);
            if (place > next) { /* so many zeros */
                at = put_count(at, -(int64_t)(place - next));
            }
            at = put_count(at, (int64_t)h->buckets[i]);
            next = place + 1;
        }
    }
    memcpy(&ratio, &one, sizeof ratio);
    put32(bytes, COOKIE);
    put32(bytes + 4, (uint32_t)((size_t)(at - bytes) - HEAD));
    put32(bytes + 12, DIGITS);
    put64(bytes + 16, 1); /* the smallest value that is told from its neighbours */
    put64(bytes + 24, h->max > 2 ? h->max : 2);
    put64(bytes + 32, ratio);
    *ret_size = (size_t)(at - bytes);
    return bytes;
}

/* ---- the log ---- */

static void base64_out(FILE *to, const unsigned char *bytes, size_t n)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t group;
    size_t i, left;

    for (i = 0; i < n; i += 3) {
        left = n - i;
        group = (uint32_t)bytes[i] << 16 | (uint32_t)(left > 1 ? bytes[i + 1] : 0) << 8 |
                (left > 2 ? bytes[i + 2] : 0);
        fputc(letters[group >> 18], to);
        fputc(letters[group >> 12 & 63], to);
        fputc(left > 1 ? letters[group >> 6 & 63] : '=', to);
        fputc(left > 2 ? letters[group & 63] : '=', to);
    }
}

int hlog_exists(void)
{
    return deflate_exists();
}

void hlog_start(FILE *to, uint64_t start_ns)
{
    fprintf(to,
            "#[Times of shmring %s in nanoseconds, logged with maxima in milliseconds]\n"
            "#[Histogram log format version 1.3]\n"
            "#[StartTime: %.3f (seconds since epoch)]\n"
            "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
            "\"Interval_Compressed_Histogram\"\n",
            shmring_version(), (double)start_ns / 1e9);
}

int hlog_add(FILE *to, const char *tag, uint64_t from_ns, uint64_t length_ns,
             const struct histogram *h)
{
    size_t size = 0, packed = 0;
    unsigned char *bytes, *deflated, head[8];

    if (h->count == 0) {
        return 1;
    }
    bytes = hlog_encode(h, &size);
    deflated = bytes != NULL ? deflate_bytes(bytes, size, &packed) : NULL;
    free(bytes);
    bytes = deflated != NULL ? malloc(sizeof head + packed) : NULL;
    if (bytes == NULL) {
        free(deflated);
        (void)say_failed("no memory to write a histogram");
        return 0;
    }
    put32(bytes, COOKIE_COMPRESSED);
    put32(bytes + 4, (uint32_t)packed);
    memcpy(bytes + sizeof head, deflated, packed);
    fprintf(to, "Tag=%s,%.3f,%.3f,%.3f,", tag, (double)from_ns / 1e9, (double)length_ns / 1e9,
            (double)h->max / 1e6);
    base64_out(to, bytes, sizeof head + packed);
    fputc('\n', to);
    free(bytes);
    free(deflated);
    return 1;
}

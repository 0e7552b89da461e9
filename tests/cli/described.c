/* SPDX-License-Identifier: MIT */
/* described.c RING COUNT - makes a described ring, and sends records whose every value follows from
 * their number, as fields in read_mcap.js. It begins when its input has a line, and ends with it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <shmring/shmring.h>

static const char text[] = "type 3 Part\n"
                           "float32 x\n"
                           "float32 y\n"
                           "type 1 All\n"
                           "uint8 LEVEL_WARN=2\n"
                           "bool flag\n"
                           "byte raw\n"
                           "char letter\n"
                           "int8 i8\n"
                           "uint8 u8\n"
                           "int16 i16\n"
                           "uint16 u16\n"
                           "int32 i32\n"
                           "uint32 u32\n"
                           "int64 i64\n"
                           "uint64 stamp_ns # [ns]\n"
                           "float32 f32 # [degC]\n"
                           "float64 f64\n"
                           "int16[3] three\n"
                           "Part part\n"
                           "Part[2] parts\n"
                           "type 2 Log\n"
                           "uint8 level\n"
                           "string text\n";

struct part {
    float x, y;
};

struct all {
    uint8_t flag, raw, letter;
    int8_t i8;
    uint8_t u8;
    int16_t i16;
    uint16_t u16;
    int32_t i32;
    uint32_t u32;
    _Alignas(8) int64_t i64; /* also where they are aligned to four bytes (i386) */
    _Alignas(8) uint64_t stamp_ns;
    float f32;
    _Alignas(8) double f64;
    int16_t three[3];
    struct part part, parts[2];
};

static struct part part_of(uint64_t n)
{
    const struct part p = {(float)(n % 1000), (float)(n % 1000) / 2};

    return p;
}

static uint32_t make_all(uint64_t n, void *to)
{
    struct all a;

    memset(&a, 0, sizeof a);
    a.flag = n % 2;
    a.raw = (uint8_t)n;
    a.letter = (uint8_t)('a' + n % 26);
    a.i8 = (int8_t)(n % 200 - 100);
    a.u8 = (uint8_t)(n % 251);
    a.i16 = (int16_t)(n % 60000 - 30000);
    a.u16 = (uint16_t)(n % 65521);
    a.i32 = -(int32_t)(n % 2000000000);
    a.u32 = (uint32_t)n * 2654435761u;
    a.i64 = -(int64_t)n * 1000003;
    a.stamp_ns = n + (UINT64_C(1) << 62);
    a.f32 = (float)(n % 1000) / 4;
    a.f64 = (double)n / 8;
    a.three[0] = (int16_t)(n % 7);
    a.three[1] = (int16_t)(n % 11);
    a.three[2] = (int16_t)(n % 13);
    a.part = part_of(n);
    a.parts[0] = part_of(n + 1);
    a.parts[1] = part_of(n + 2);
    memcpy(to, &a, sizeof a);
    return (uint32_t)(offsetof(struct all, parts) + sizeof a.parts);
}

/* level, three bytes of nothing, the length with its 0, and the text. */
static uint32_t make_log(uint64_t n, void *to)
{
    unsigned char *at = to;
    char words[40];
    const uint32_t length = (uint32_t)snprintf(words, sizeof words, "record %" PRIu64, n) + 1;

    memset(at, 0, 4);
    at[0] = (unsigned char)(n % 5);
    memcpy(at + 4, &length, 4);
    memcpy(at + 8, words, length);
    return 8 + length;
}

/* Of ten records one is a text, and one of a type that the description does not have. */
static uint32_t make(uint64_t n, void *to, uint16_t *ret_type)
{
    if (n % 10 == 3) {
        *ret_type = 2;
        return make_log(n, to);
    }
    if (n % 10 == 7) {
        *ret_type = 9;
        memcpy(to, &n, 8);
        return 8;
    }
    *ret_type = 1;
    return make_all(n, to);
}

static void wait_for_line(void)
{
    int c;

    do {
        c = getchar();
    } while (c != '\n' && c != EOF);
}

int main(int argc, char **argv)
{
    shmring_options o = SHMRING_OPTIONS_INIT;
    shmring_producer *p = NULL;
    unsigned char record[256];
    uint64_t n, count = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
    uint32_t length;
    uint16_t type = 0;
    shmring_status status;

    o.description = text;
    o.stamp = SHMRING_STAMP_MONOTONIC;
    status = count > 0 ? shmring_producer_open(&p, argv[1], &o) : SHMRING_E_INVALID;
    if (status != SHMRING_OK) {
        fprintf(stderr, "described: %s\n", shmring_error_detail());
        return 1;
    }
    wait_for_line();
    for (n = 0; n < count && status == SHMRING_OK; n++) {
        length = make(n, record, &type);
        status = shmring_send(p, record, length, type, SHMRING_FOREVER);
    }
    wait_for_line();
    shmring_producer_close(p);
    return status == SHMRING_OK ? 0 : 1;
}

/* SPDX-License-Identifier: MIT */
/* crc32c.c - CRC-32C: polynomial 0x1EDC6F41 (Castagnoli), reflected, begun with and ended by all
 * ones; RFC 3720 has test values. Eight bytes a step, by tables that are made at the first call. */
#include "recording/recording.h"

static uint32_t tables[8][256];

static void make_tables(void)
{
    uint32_t i, k, crc;

    for (i = 0; i < 256; i++) {
        crc = i;
        for (k = 0; k < 8; k++) {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? UINT32_C(0x82F63B78) : 0);
        }
        tables[0][i] = crc;
    }
    for (i = 0; i < 256; i++) {
        for (k = 1; k < 8; k++) {
            tables[k][i] = tables[k - 1][i] >> 8 ^ tables[0][tables[k - 1][i] & 0xFF];
        }
    }
}

uint32_t crc32c(const void *data, size_t n)
{
    return crc32c_more(0, data, n);
}

uint32_t crc32c_more(uint32_t sum, const void *data, size_t n)
{
    const unsigned char *at = data;
    uint32_t crc = ~sum, low, high;

    if (tables[0][1] == 0) {
        make_tables();
    }
    for (; n >= 8; n -= 8, at += 8) {
        low = crc ^ (uint32_t)get_number(at, 4);
        high = (uint32_t)get_number(at + 4, 4);
        crc = tables[7][low & 0xFF] ^ tables[6][low >> 8 & 0xFF] ^ tables[5][low >> 16 & 0xFF] ^
              tables[4][low >> 24] ^ tables[3][high & 0xFF] ^ tables[2][high >> 8 & 0xFF] ^
              tables[1][high >> 16 & 0xFF] ^ tables[0][high >> 24];
    }
    for (; n > 0; n--, at++) {
        crc = crc >> 8 ^ tables[0][(crc ^ *at) & 0xFF];
    }
    return ~crc;
}

/* SPDX-License-Identifier: MIT */
/* printable.h - which bytes that another user may have written may be shown. It is the one rule,
 * for the library's sentences and for all that the program prints, as text and as JSON. It needs
 * nothing of the library: the program includes it too. */
#ifndef SHMRING_SRC_BASE_PRINTABLE_H
#define SHMRING_SRC_BASE_PRINTABLE_H

#include <stddef.h>
#include <stdint.h>

/* Decodes the UTF-8 character at `at`, in a text that ends with NUL. Returns its bytes, 1 to 4, and
 * the code point; 0 when there is no valid one: a stray or missing continuation, a longer form than
 * is needed, half of a surrogate pair, beyond U+10FFFF. Never reads beyond the NUL. */
static inline unsigned shmring_utf8_decode(const char *at, uint32_t *ret_point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char first = (unsigned char)at[0];
    const unsigned n = first < 0x80   ? 1
                       : first < 0xC0 ? 0
                       : first < 0xE0 ? 2
                       : first < 0xF0 ? 3
                       : first < 0xF8 ? 4
                                      : 0;
    uint32_t point = n <= 1 ? first : first & (0x7Fu >> n);
    unsigned i;

    for (i = 1; i < n; i++) { /* NUL is no continuation */
        if (((unsigned char)at[i] & 0xC0u) != 0x80u) {
            return 0;
        }
        point = point << 6 | ((unsigned char)at[i] & 0x3Fu);
    }
    if (n == 0 || point < least[n] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
        return 0;
    }
    *ret_point = point;
    return n;
}

/* Whether a terminal would obey a character, or a reader be misled by it. These are control
 * characters (C0, DEL, C1), line and paragraph ends, marks without width, changes of direction,
 * byte order marks, tags, and code points that are no characters. */
static inline int shmring_is_control(uint32_t point)
{
    static const struct {
        uint32_t first, last;
    } controls[] = {{0, 0x1F},          {0x7F, 0x9F},      {0xAD, 0xAD},     {0x61C, 0x61C},
                    {0x115F, 0x1160},   {0x180B, 0x180F},  {0x200B, 0x200F}, {0x2028, 0x202E},
                    {0x2060, 0x206F},   {0x3164, 0x3164},  {0xFDD0, 0xFDEF}, {0xFE00, 0xFE0F},
                    {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},  {0xFFF0, 0xFFFB}, {0x1BCA0, 0x1BCA3},
                    {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}};
    size_t i;

    for (i = 0; i < sizeof controls / sizeof controls[0]; i++) {
        if (point >= controls[i].first && point <= controls[i].last) {
            return 1;
        }
    }
    return (point & 0xFFFE) == 0xFFFE;
}

/* How many bytes at `at` are one character that may be shown as it stands; 0: none, the first byte
 * has to be replaced (or the text ends). */
static inline unsigned shmring_printable(const char *at)
{
    uint32_t point = 0;
    const unsigned char first = (unsigned char)at[0];
    unsigned n;

    if (first >= 0x20 && first < 0x7F) { /* nearly all there is */
        return 1;
    }
    n = shmring_utf8_decode(at, &point);
    return n != 0 && !shmring_is_control(point) ? n : 0;
}

/* Replaces every byte that may not be shown by '?', in place. */
static inline void shmring_make_printable(char *text)
{
    while (*text != '\0') {
        const unsigned n = shmring_printable(text);

        if (n == 0) {
            *text = '?';
        }
        text += n != 0 ? n : 1;
    }
}

#endif

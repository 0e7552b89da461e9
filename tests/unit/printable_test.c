/* SPDX-License-Identifier: MIT */
/* What may be shown of a stranger's bytes: printable.h, for every byte, every code point, and
 * random texts; and that the library's sentences follow it. */
#include <stddef.h>

#include "../support/check.h"

#include "base/error.h"
#include "base/printable.h"

static uint64_t random_state = 0x9E3779B97F4A7C15u;

static uint32_t next_random(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33);
}

static unsigned encode(uint32_t point, char to[5])
{
    unsigned n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4, i;
    static const unsigned char first[] = {0, 0, 0xC0, 0xE0, 0xF0};

    memset(to, 0, 5);
    for (i = n; i-- > 1; point >>= 6) {
        to[i] = (char)(0x80u | (point & 0x3Fu));
    }
    to[0] = (char)(first[n] | point);
    return n;
}

static void shouldShowOfSingleBytesAsciiOnly(void)
{
    unsigned c;

    for (c = 0; c < 256; c++) {
        const char text[] = {(char)c, '\0'};

        CHECK_EQ(shmring_printable(text), c >= ' ' && c < 0x7F);
    }
}

static void shouldDecodeEveryCodePoint(void)
{
    uint32_t point, found;
    char text[5];

    for (point = 0; point <= 0x10FFFF; point++) {
        const unsigned n = encode(point, text);
        const int surrogate = point >= 0xD800 && point <= 0xDFFF;

        found = 0;
        CHECK_EQ(shmring_utf8_decode(text, &found), surrogate ? 0 : n);
        CHECK_EQ(found, surrogate ? 0 : point);
        if (point < ' ' || (point >= 0x7F && point < 0xA0) || surrogate) {
            CHECK_EQ(shmring_printable(text), 0);
        }
    }
}

static void shouldShowLettersOfAnyScript(void)
{
    static const char *const letters[] = {"é", "ß", "Ж", "漢", "ع", "한", "€", "😀"};
    size_t i;

    for (i = 0; i < sizeof letters / sizeof letters[0]; i++) {
        CHECK_EQ(shmring_printable(letters[i]), strlen(letters[i]));
    }
}

static void shouldRefuseWhatIsNoUtf8AndWhatTerminalsObey(void)
{
    static const char *const texts[] = {"\xC0\x80",
                                        "\xC1\xBF",
                                        "\xE0\x80\x80",
                                        "\xE0\x9F\xBF",
                                        "\xF0\x80\x80\x80",
                                        "\xF0\x8F\xBF\xBF",
                                        "\xF4\x90\x80\x80",
                                        "\xF8\x88\x80\x80",
                                        "\xED\xA0\x80",
                                        "\xC3",
                                        "\xE2\x82",
                                        "\xF0\x9F\x98",
                                        "\xC3(",
                                        "\x80",
                                        "\xC2\x9B",
                                        "\xE2\x80\xAE",
                                        "\xE2\x80\x8B",
                                        "\xE2\x80\xA8",
                                        "\xEF\xBB\xBF",
                                        "\xEF\xBF\xBE",
                                        "\xF3\xA0\x81\x81",
                                        "\x7F",
                                        "\033",
                                        "\n"};
    size_t i;

    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CHECK_EQ(shmring_printable(texts[i]), 0);
    }
}

/* Whatever it was: valid UTF-8, of the same length, and nothing in it to be replaced. */
static void shouldMakeRandomTextsPrintable(void)
{
    static const unsigned char starts[] = {0x1B, 0x80, 0x9B, 0xC2, 0xC3,
                                           0xE2, 0xED, 0xF0, 0xF4, 'a'};
    char text[64], made[64];
    unsigned round, i, n, at;

    for (round = 0; round < 200000; round++) {
        n = next_random() % 63;
        for (i = 0; i < n; i++) {
            text[i] = (char)(next_random() % 2 ? starts[next_random() % sizeof starts]
                                               : 1 + next_random() % 255);
        }
        text[n] = '\0';
        memcpy(made, text, sizeof text);
        shmring_make_printable(made);
        CHECK_EQ(strlen(made), n);
        for (at = 0; at < n; at += i) {
            i = shmring_printable(made + at);
            CHECK(i != 0);
            CHECK(memcmp(made + at, text + at, i) == 0 || (i == 1 && made[at] == '?'));
        }
    }
}

static void shouldKeepSentencesPrintable(void)
{
    CHECK_EQ(shmring_fail(SHMRING_E_NAME, "'%s'",
                          "a\033[31m\x9B"
                          "1m\xC2\x9B"
                          "é\xC3"),
             SHMRING_E_NAME);
    CHECK(strcmp(shmring_error_detail(), "'a?[31m?1m??é?'") == 0);
}

int main(void)
{
    RUN(shouldShowOfSingleBytesAsciiOnly);
    RUN(shouldDecodeEveryCodePoint);
    RUN(shouldShowLettersOfAnyScript);
    RUN(shouldRefuseWhatIsNoUtf8AndWhatTerminalsObey);
    RUN(shouldMakeRandomTextsPrintable);
    RUN(shouldKeepSentencesPrintable);
    return check_done();
}

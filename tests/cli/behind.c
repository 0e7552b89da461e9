/* SPDX-License-Identifier: MIT */
/* behind.c - reaches the memory of a ring for the tests of the program, where there is no file that
 * they could write themselves.
 *
 *   behind write NAME AT HEX    over what is there
 *   behind plant NAME HEX       makes something of these bytes under the name, says so, and keeps
 * it until standard input ends
 */
#include "../support/ring_object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX 256

static size_t from_hex(const char *hex, unsigned char *ret)
{
    char two[3] = "";
    size_t n;

    for (n = 0; n < BYTES_MAX && strlen(hex) >= 2 * n + 2; n++) {
        memcpy(two, hex + 2 * n, 2);
        ret[n] = (unsigned char)strtoul(two, NULL, 16);
    }
    return n;
}

int main(int argc, char **argv)
{
    unsigned char bytes[BYTES_MAX];
    int ok = 0;

    if (argc == 5 && strcmp(argv[1], "write") == 0) {
        ok = behind_write(argv[2], strtoull(argv[3], NULL, 10), bytes, from_hex(argv[4], bytes));
    } else if (argc == 4 && strcmp(argv[1], "plant") == 0) {
        ok = behind_plant(argv[2], bytes, from_hex(argv[3], bytes));
        if (ok) {
            printf("planted\n");
            (void)fflush(stdout);
            while (getchar() != EOF) {
            }
            ok = behind_remove(argv[2]);
        }
    }
    return ok ? 0 : 1;
}

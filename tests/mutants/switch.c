/* SPDX-License-Identifier: MIT */
/* switch.c - which of the mistakes of switched.txt is made in this process: SHMRING_MUTANT has its
 * number. With SHMRING_MUTANT_REACHED, the head of a path, it writes down instead which were
 * reached: to the file that ends in the name of the running test, SHMRING_TEST_NAME. */
#include "switch.h"

#include <stdio.h>
#include <stdlib.h>

#define NUMBERS 16384

static void note(int number)
{
    static unsigned char noted[NUMBERS];
    const char *head = getenv("SHMRING_MUTANT_REACHED"), *test = getenv("SHMRING_TEST_NAME");
    char path[512];
    FILE *file;

    if (head == NULL || number >= NUMBERS || noted[number]) {
        return;
    }
    noted[number] = 1;
    (void)snprintf(path, sizeof path, "%s%s", head, test != NULL ? test : "");
    file = fopen(path, "a");
    if (file != NULL) {
        (void)fprintf(file, "%d\n", number);
        (void)fclose(file);
    }
}

int shmring_mutant(int number)
{
    static int chosen = -1;

    if (chosen < 0) {
        const char *text = getenv("SHMRING_MUTANT");

        chosen = text != NULL ? atoi(text) : 0;
    }
    if (chosen == 0) {
        note(number);
    }
    return number == chosen;
}

/* SPDX-License-Identifier: MIT */
/* soak.c - rounds of random rings, sizes, batches, sleeps, processors, deaths and stops, for hours;
 * every record is accounted for.
 *
 *   soak [SECONDS [FILE [NOISE...]]]
 *
 * SECONDS: how long (20). FILE: keeps the totals; a run that finds it goes on where the last one
 * ended; - for none. NOISE: a command that runs meanwhile, such as: stress-ng --cpu 1 --vm 1
 */
#define _GNU_SOURCE
#include "soak.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <shmring/shmring.h>

#include "../support/pattern.h"
#include "../support/process.h"

#define ROUND_LIMIT_S    900u
#define PROGRESS_EVERY_S 10u

static const struct {
    const char *name;
    size_t at;
} figures[] = {
    {"rounds", offsetof(struct soak_totals, rounds)},
    {"seconds", offsetof(struct soak_totals, seconds)},
    {"records", offsetof(struct soak_totals, records)},
    {"bytes", offsetof(struct soak_totals, bytes)},
    {"dropped", offsetof(struct soak_totals, dropped)},
    {"gaps", offsetof(struct soak_totals, gaps)},
    {"kills", offsetof(struct soak_totals, kills)},
    {"stops", offsetof(struct soak_totals, stops)},
    {"moves", offsetof(struct soak_totals, moves)},
    {"opens", offsetof(struct soak_totals, opens)},
    {"recovered", offsetof(struct soak_totals, recovered)},
    {"again", offsetof(struct soak_totals, again)},
    {"sleeps", offsetof(struct soak_totals, sleeps)},
};

#define FIGURES (sizeof figures / sizeof figures[0])

static uint64_t *figure(struct soak_totals *t, size_t i)
{
    return (uint64_t *)(void *)((unsigned char *)t + figures[i].at);
}

static void load(const char *path, struct soak_totals *t)
{
    char name[32];
    uint64_t value;
    size_t i;
    FILE *f = fopen(path, "re");

    while (f != NULL && fscanf(f, "%31s %" SCNu64, name, &value) == 2) {
        for (i = 0; i < FIGURES; i++) {
            if (strcmp(name, figures[i].name) == 0) {
                *figure(t, i) = value;
            }
        }
    }
    if (f != NULL) {
        (void)fclose(f);
        printf("# goes on after round %" PRIu64 "\n", t->rounds);
    }
}

/* Whole or not at all, whenever we are ended. */
static int save(const char *path, struct soak_totals *t)
{
    char next[4096];
    size_t i;
    FILE *f;

    (void)snprintf(next, sizeof next, "%s.next", path);
    f = fopen(next, "we");
    for (i = 0; f != NULL && i < FIGURES; i++) {
        (void)fprintf(f, "%s %" PRIu64 "\n", figures[i].name, *figure(t, i));
    }
    if (f == NULL || fclose(f) != 0 || rename(next, path) != 0) {
        perror(path);
        return 0;
    }
    return 1;
}

static void print(const char *what, struct soak_totals *t)
{
    size_t i;

    printf("# %s:", what);
    for (i = 0; i < FIGURES; i++) {
        printf(" %s %" PRIu64, figures[i].name, *figure(t, i));
    }
    printf("\n");
    fflush(stdout);
}

static int run_noise(void *arg)
{
    char **command = arg;

    (void)execvp(command[0], command);
    perror(command[0]);
    return 127;
}

static uint64_t now_s(void)
{
    return shmring_stamp_now_(SHMRING_STAMP_MONOTONIC) / 1000000000u;
}

/* Ends a round that hangs: its processes go with us. */
static void on_alarm(int signal)
{
    static const char words[] = "not ok 1 - soak # a round took 15 minutes: it hangs\n1..1\n";
    ssize_t done = write(1, words, sizeof words - 1);

    (void)signal;
    _exit(done > 0 ? 1 : 2);
}

/* Rounds until the time is over. 1 when all were well. */
static int soak(uint64_t seconds, const char *path, struct soak_totals *t)
{
    uint64_t begin = now_s(), before = t->seconds, said = begin, seed, round;
    int well = 1;

    do {
        round = t->rounds;
        seed = pattern_mix(round);
        (void)alarm(ROUND_LIMIT_S);
        well = round % 2 == 0 ? soak_deaths(seed, t) : soak_stream(seed, t);
        t->rounds++;
        t->seconds = before + now_s() - begin;
        if (!well) {
            printf("# that was round %" PRIu64 "\n", round);
        }
        if (path != NULL && !save(path, t)) {
            return 0;
        }
        if (now_s() - said >= PROGRESS_EVERY_S) {
            print("so far", t);
            said = now_s();
        }
    } while (well && now_s() - begin < seconds);
    return well;
}

int main(int argc, char **argv)
{
    uint64_t seconds = argc > 1 ? strtoull(argv[1], NULL, 10) : 20;
    const char *path = argc > 2 && strcmp(argv[2], "-") != 0 ? argv[2] : NULL;
    struct soak_totals t = {0};
    struct utsname machine;
    pid_t noise = -1;
    int well;

    if (uname(&machine) == 0) {
        printf("# shmring %s on %s %s, %s, %ld processors\n", shmring_version(), machine.sysname,
               machine.release, machine.machine, sysconf(_SC_NPROCESSORS_ONLN));
    }
    if (path != NULL) {
        load(path, &t);
    }
    (void)signal(SIGALRM, on_alarm);
    if (argc > 3) {
        printf("# beside %s\n", argv[3]);
        noise = process_start(run_noise, argv + 3);
    }
    well = soak(seconds, path, &t);
    if (noise > 0) {
        (void)process_kill(noise);
    }
    print("in all", &t);
    printf("%s 1 - shouldAccountForEveryRecord\n1..1\n", well ? "ok" : "not ok");
    return well ? 0 : 1;
}

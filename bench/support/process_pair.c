/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "process_pair.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct pair_board {
    _Alignas(128) atomic_int ready;
    _Alignas(128) atomic_int failed;
    _Alignas(128) atomic_ullong finish_ns;
};

void pair_pin(int which)
{
    cpu_set_t all, one;
    size_t cpu;
    int seen = 0;

    if (!pair_is_parallel() || sched_getaffinity(0, sizeof all, &all) != 0) {
        return;
    }
    for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &all) && seen++ == which) {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            (void)sched_setaffinity(0, sizeof one, &one);
            return;
        }
    }
}

int pair_processors(void)
{
    cpu_set_t all;

    return sched_getaffinity(0, sizeof all, &all) == 0 ? CPU_COUNT(&all) : 1;
}

int pair_is_parallel(void)
{
    return pair_processors() > 1;
}

uint64_t pair_now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

const char *pair_ring_name(const char *what)
{
    static char name[64];

    (void)snprintf(name, sizeof name, "bench-%s-%ld", what, (long)getpid());
    return name;
}

void pair_ready(struct pair_board *board)
{
    atomic_store(&board->ready, 1);
}

void pair_finish(struct pair_board *board)
{
    atomic_store(&board->finish_ns, pair_now_ns());
}

void pair_fail(struct pair_board *board)
{
    atomic_store(&board->failed, 1);
}

static void run_other(struct pair_board *board, void (*other)(struct pair_board *, void *),
                      void *arg)
{
    pair_pin(1);
    other(board, arg);
    _exit(0);
}

double pair_run(void (*here)(struct pair_board *, void *arg),
                void (*other)(struct pair_board *, void *arg), void *arg)
{
    struct pair_board *board =
        mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cpu_set_t before;
    uint64_t start;
    double seconds = -1;
    int status = 0;
    pid_t child;

    if (board == MAP_FAILED) {
        return -1;
    }
    (void)sched_getaffinity(0, sizeof before, &before);
    child = fork();
    if (child == 0) {
        run_other(board, other, arg);
    }
    if (child > 0) {
        int gone = 0;

        while (!atomic_load(&board->ready) && !gone) {
            (void)usleep(100);
            gone = waitpid(child, &status, WNOHANG) == child;
        }
        if (!gone) {
            pair_pin(0);
            start = pair_now_ns();
            here(board, arg);
            gone = waitpid(child, &status, 0) == child;
            if (gone && WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
                !atomic_load(&board->failed) && atomic_load(&board->finish_ns) != 0) {
                seconds = (double)(atomic_load(&board->finish_ns) - start) / 1e9;
            }
        }
    }
    (void)sched_setaffinity(0, sizeof before, &before);
    (void)munmap(board, sizeof *board);
    return seconds;
}

struct second_thread {
    void (*other)(struct pair_board *, void *);
    struct pair_board board;
    void *arg;
};

static void *run_thread(void *arg)
{
    struct second_thread *t = arg;

    pair_pin(1);
    t->other(&t->board, t->arg);
    return NULL;
}

double pair_run_threads(void (*here)(struct pair_board *, void *arg),
                        void (*other)(struct pair_board *, void *arg), void *arg)
{
    struct second_thread t = {.other = other, .arg = arg};
    pthread_t thread;
    cpu_set_t before;
    uint64_t start;

    (void)sched_getaffinity(0, sizeof before, &before);
    if (pthread_create(&thread, NULL, run_thread, &t) != 0) {
        return -1;
    }
    while (!atomic_load(&t.board.ready) && !atomic_load(&t.board.failed)) {
        (void)usleep(100);
    }
    pair_pin(0);
    start = pair_now_ns();
    if (!atomic_load(&t.board.failed)) {
        here(&t.board, arg);
    }
    (void)pthread_join(thread, NULL);
    (void)sched_setaffinity(0, sizeof before, &before);
    return atomic_load(&t.board.failed) || atomic_load(&t.board.finish_ns) == 0
               ? -1
               : (double)(atomic_load(&t.board.finish_ns) - start) / 1e9;
}

/* SPDX-License-Identifier: MIT */
/* prefault.c - faulting pages in ahead of their use, in several threads where the range is long.
 * The kernel fills the tables of one process from several threads at once, and clears fresh pages
 * on several processors. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "os/os.h"
#include "os/linux/linux.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* The bytes that one thread faults in alone; an open that was not asked to fault in all stays below
 * it. */
#define ALONE (UINT64_C(256) << 20)
/* Beyond this many threads the one lock of a process's memory is what they wait for. */
#define THREADS 4u
/* Shares of a long range are multiples of this, so that no huge page is shared. */
#define SHARE_UNIT (UINT64_C(2) << 20)

/* Multiples of every page size; a huge page is populated by the first call that touches it. */
#define PIECE       (UINT64_C(64) << 20)
#define PIECE_LEAST (UINT64_C(64) << 10)
/* So often in a row the kernel may say that it has no memory just now. */
#define REFUSED_MOST 1000u

struct share {
    unsigned char *at;
    uint64_t n;
    int prot;
    int error;
    int started;
    pthread_t thread;
};

/* Before Linux 5.14, which populates: a load of each page. */
static void touch(const unsigned char *at, uint64_t n)
{
    const uint64_t step = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t i;

    for (i = 0; i < n; i += step) {
        (void)shmring_load_relaxed(shmring_word_at_const(at + i));
    }
}

/* In pieces: a signal ends a call, which begins its range again, and where signals come faster than
 * a range is done, none ever would be. After one the pieces get smaller. */
static int prefault_alone(unsigned char *at, uint64_t n, int prot)
{
    const int advice = (prot & PROT_WRITE) != 0 ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
    uint64_t done = 0, piece = PIECE;
    unsigned refused = 0;

    while (done < n) {
        const uint64_t part = n - done < piece ? n - done : piece;

        if (madvise(at + done, (size_t)part, advice) == 0) {
            done += part;
            piece = piece < PIECE ? piece * 2 : piece;
            refused = 0;
        } else if (errno == EINVAL) {
            touch(at + done, n - done);
            break;
        } else if (errno != EINTR && (errno != EAGAIN || ++refused == REFUSED_MOST)) {
            return errno;
        } else if (piece > PIECE_LEAST) {
            piece /= 2;
        }
    }
    return 0;
}

static void *prefault_share(void *arg)
{
    struct share *s = arg;

    s->error = prefault_alone(s->at, s->n, s->prot);
    return NULL;
}

/* The processors that this thread may run on: a side that was bound to one stays there. */
static unsigned threads_for(uint64_t n)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    if (n <= ALONE || count < 2) {
        return 1;
    }
    return (unsigned)count < THREADS ? (unsigned)count : THREADS;
}

int shmring_linux_prefault(unsigned char *at, uint64_t n, int prot)
{
    struct share shares[THREADS];
    unsigned i, count = threads_for(n);
    uint64_t each = n / count / SHARE_UNIT * SHARE_UNIT;
    sigset_t all, before;
    int cancel, error;

    if (count == 1) {
        return prefault_alone(at, n, prot);
    }
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    (void)sigfillset(&all); /* the program's signals go to the program's threads */
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    for (i = 0; i < count; i++) {
        shares[i] = (struct share){.at = at + i * each, .n = each, .prot = prot};
        if (i == count - 1) {
            shares[i].n = n - i * each;
            break;
        }
        shares[i].started =
            pthread_create(&shares[i].thread, NULL, prefault_share, &shares[i]) == 0;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    error = prefault_alone(shares[i].at, shares[i].n, prot);
    for (i = 0; i < count - 1; i++) {
        if (shares[i].started) {
            (void)pthread_join(shares[i].thread, NULL);
        } else { /* no more threads for this user */
            (void)prefault_share(&shares[i]);
        }
        error = error != 0 ? error : shares[i].error;
    }
    (void)pthread_setcancelstate(cancel, NULL);
    return error;
}

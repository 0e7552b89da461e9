/* SPDX-License-Identifier: MIT */
/* relacy_sites.hh - every place in the sources that asks for an order, known by its function and by
 * what it says there. A place makes itself known when it is first run through; it can then be
 * weakened: an acquire or a release becomes relaxed, a barrier becomes nothing.
 */
#ifndef SHMRING_TESTS_RELACY_SITES_HH
#define SHMRING_TESTS_RELACY_SITES_HH

#include <stdint.h>
#include <string.h>

enum kind { KIND_ACQUIRE, KIND_RELEASE, KIND_FULL, KIND_LIGHT, KIND_STORES, KIND_LOADS };

struct site {
    const char *function, *what;
    enum kind kind;
    int is_known, is_weak;
    int like_it;      /* places known before it that read the same */
    uint64_t seen_by; /* scenarios that have run through it, one bit each */
    struct site *next;

    static struct site *first;
    static uint64_t scenario; /* the bit of the one that runs now */
};

/* Returns whether the order is kept. */
static inline int site_keeps(struct site *s)
{
    if (!s->is_known) {
        for (const struct site *o = site::first; o != NULL; o = o->next) {
            s->like_it += strcmp(o->function, s->function) == 0 && strcmp(o->what, s->what) == 0 &&
                          o->kind == s->kind;
        }
        s->is_known = 1;
        s->next = site::first;
        site::first = s;
    }
    s->seen_by |= site::scenario;
    return !s->is_weak;
}

#define SITE_(kind, what)                                                                          \
    ({                                                                                             \
        static struct site s_ = {__func__, what, kind, 0, 0, 0, 0, NULL};                          \
        site_keeps(&s_);                                                                           \
    })

/* From here on the names of atomic.h tell where they stand. */
#define shmring_load_acquire(p)     shmring_load_acquire_at(p, SITE_(KIND_ACQUIRE, #p))
#define shmring_store_release(p, v) shmring_store_release_at(p, v, SITE_(KIND_RELEASE, #p))
#define shmring_full_barrier()      shmring_full_barrier_at(SITE_(KIND_FULL, ""))
#define shmring_light_barrier()     shmring_light_barrier_at(SITE_(KIND_LIGHT, ""))
#define shmring_store_barrier()     shmring_store_barrier_at(SITE_(KIND_STORES, ""))
#define shmring_load_barrier()      shmring_load_barrier_at(SITE_(KIND_LOADS, ""))

#endif

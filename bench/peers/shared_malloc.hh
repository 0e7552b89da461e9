/* SPDX-License-Identifier: MIT */
/* shared_malloc.hh - memory that two processes share for a queue that knows only malloc(): the
 * program is linked with --wrap=malloc. */
#ifndef SHMRING_BENCH_SHARED_MALLOC_HH
#define SHMRING_BENCH_SHARED_MALLOC_HH

/* From now on malloc() in this program's own code takes from here; null: from the heap again. */
void shared_malloc_from(void *begin, void *end);

#endif

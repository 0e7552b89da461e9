/* SPDX-License-Identifier: MIT */
/* ring_name.h - how the program opens and closes rings. */
#ifndef SHMRING_SRC_CLI_TEXT_RING_NAME_H
#define SHMRING_SRC_CLI_TEXT_RING_NAME_H

#include "command.h"

/* --any-owner: rings of other users may be opened. */
extern int ring_any_owner;
#define RING_ANY_OWNER_OPTION                                                                      \
    {                                                                                              \
        "any-owner", OPTION_FLAG, &ring_any_owner, NULL, 0, 0, NULL, NULL                          \
    }
#define RING_ANY_OWNER_HELP                                                                        \
    "  --any-owner      the ring may be another user's, whose processes are trusted\n"

/* The ring's name that was typed: global:x and Global/x are Global\x, which shells make Globalx
 * of; that one is explained where there is no such ring. */
const char *ring_name(const char *typed);

/* Says once, a second after the first call, what is waited for: the name may be misspelt.
 * *since_ns: 0 at first. */
void ring_say_waiting(uint64_t *since_ns, const char *what, const char *name);

/* As the library's calls; a stop that comes while they block ends the process. */
shmring_status ring_create(const char *name, const shmring_options *opt);
shmring_status ring_open_producer(shmring_producer **ret, const char *name,
                                  const shmring_options *opt);
shmring_status ring_open_consumer(shmring_consumer **ret, const char *name,
                                  const shmring_options *opt);
shmring_status ring_open_observer(shmring_observer **ret, const char *name,
                                  const shmring_options *opt);
void ring_close_producer(shmring_producer *p);
void ring_close_consumer(shmring_consumer *c);

#endif

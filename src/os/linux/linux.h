/* SPDX-License-Identifier: MIT */
/* linux.h - what the files of this folder share. */
#ifndef SHMRING_SRC_OS_LINUX_LINUX_H
#define SHMRING_SRC_OS_LINUX_LINUX_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "os/os.h"

#define SHMRING_LINUX_PATH_SIZE 320

#define SHMRING_LINUX_FOLDER "/dev/shm"

/* Another description of an object that is open as fd: by /proc, and if that is not there by its
 * path, which may be NULL. -1 with errno. */
int shmring_linux_open_probe(int fd, const char *path, int flags);

/* In shmring_os_segment.more: the object stays open beside its mapping. */
#define SHMRING_LINUX_KEPT 0
/* Also there: where the probe's file offset stands, which nothing else uses; 0: not marked. */
#define SHMRING_LINUX_MARK 1

/* Whether a mapping of the object keeps its locks when the descriptor is closed: found by trying,
 * through a description that is given up again. */
int shmring_linux_mapping_keeps_locks(const struct shmring_name *name,
                                      const struct shmring_os_segment *seg);

/* Also there: the object never had a name. */
#define SHMRING_LINUX_NAMELESS 2
/* Also there: the descriptions are the caller's, and are left as they were found. */
#define SHMRING_LINUX_GIVEN 3

/* Takes our mark off a description that is the caller's: the next handle may have it. */
void shmring_linux_give_back(struct shmring_os_segment *seg);

/* Notes of a file which object it is. */
struct stat;
void shmring_linux_remember(struct shmring_os_segment *seg, const struct stat *st);

/* Gives each page of the file memory, or an errno. */
int shmring_linux_reserve_pages(int fd, uint64_t size);

/* Closes the object; its locks go with the last copy of the descriptor. */
void shmring_linux_drop_object(struct shmring_os_segment *seg);

/* Whether the probe's number is still this segment's. A program that closes what it does not know
 * (closefrom()) gives it to a file of its own, or to a later open of the same ring. We must touch
 * neither. mark: tells a probe from every other one; once, when it is open. */
int shmring_linux_is_ours(const struct shmring_os_segment *seg);
void shmring_linux_mark_probe(struct shmring_os_segment *seg);

/* The advice where an errno comes from a limit of this process; "" if it does not. */
const char *shmring_linux_limit_words(int error);

/* The sentence for an errno of the file system. */
static inline int shmring_linux_is_no_space(int error)
{
    return error == ENOSPC || error == EDQUOT;
}
shmring_status shmring_linux_no_space(const struct shmring_name *name, uint64_t size, int error);

/* The file behind a name. */
void shmring_linux_object_path(const struct shmring_name *name, char path[SHMRING_LINUX_PATH_SIZE]);

/* The calls at which a thread can be cancelled, with that held off; for all else as the system's
 * call of that name. The intptr_t are descriptors. */
int shmring_linux_open(const char *path, int flags, unsigned mode); /* close-on-exec */
void shmring_linux_close(intptr_t fd);                              /* errno as before */
int64_t shmring_linux_read(intptr_t fd, void *buf, size_t n);
int64_t shmring_linux_pread(intptr_t fd, void *buf, size_t n, uint64_t at);
int64_t shmring_linux_pwrite(intptr_t fd, const void *buf, size_t n, uint64_t at);
int shmring_linux_resize(intptr_t fd, uint64_t size);            /* ftruncate(): an errno */
int shmring_linux_reserve(intptr_t fd, uint64_t at, uint64_t n); /* posix_fallocate(): an errno */
void shmring_linux_touch(intptr_t fd); /* an IN_MODIFY that changes and limits nothing */
void shmring_linux_pause(uint64_t ns);
int shmring_linux_poll(intptr_t fd, uint64_t timeout_ns); /* 1: readable */
int shmring_linux_random(void *buf, size_t n);            /* 1 on success; never blocks */

/* The first size - 1 bytes of a file, as a string. Returns its length, 0 on failure. */
size_t shmring_linux_read_file(const char *path, char *text, size_t size);

/* No descriptor of ours is 0, 1 or 2. Around a call that makes one: take, call, above, give. */
unsigned shmring_linux_take_low(void);
int shmring_linux_above_low(int fd); /* what to use instead; fd itself as a rule */
void shmring_linux_give_low(unsigned taken);

/* For descriptors that are no files: marks it as ours and returns it; whether the number is still
 * of a marked one. */
int shmring_linux_mark(int fd);
int shmring_linux_is_marked(intptr_t fd);

/* Around calls that are not above: hold, call, release with what hold returned. */
int shmring_linux_hold_cancel(void);
void shmring_linux_release_cancel(int before);

/* Fills the file with pages through a mapping that asks for huge ones, as far as they go; returns
 * how many bytes came on huge pages. The caller reserves the rest. */
uint64_t shmring_linux_take_huge_pages(int fd, uint64_t size);

/* Faults the pages of a mapping in now, not under the first records. 0, or an errno. */
int shmring_linux_prefault(unsigned char *at, uint64_t n, int prot);

/* Mappings that the guard knows. */
void shmring_linux_guard_add(const void *base, uint64_t bytes);
void shmring_linux_guard_remove(const void *base);

#endif

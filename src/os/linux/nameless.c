/* SPDX-License-Identifier: MIT */
/* nameless.c - os.h's objects without a name, over memfd_create().
 *
 * A role's lock belongs to an open file description. As a rule a side makes two of its own from the
 * descriptor that it is given, by /proc/self/fd, and all is as for an object with a name. A process
 * that may not open files uses the description that it is given. The file offset there, which
 * nothing else uses, is not 0 while a handle has it: two handles on one description would both get
 * the same lock.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "os/os.h"
#include "os/linux/linux.h"

#define SEALS      (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define LABEL_SIZE 224 /* the kernel takes names of up to 249 bytes */
#define MARK_LEAST (UINT64_C(1) << 30)

static shmring_status not_made(const struct shmring_name *name, uint64_t size, int error)
{
    return shmring_fail(error == ENOSYS                    ? SHMRING_E_UNSUPPORTED
                        : shmring_linux_is_no_space(error) ? SHMRING_E_NO_SPACE
                        : error == ENOMEM                  ? SHMRING_E_NO_MEMORY
                                                           : SHMRING_E_OS,
                        "ring '%s' needs %llu bytes of memory without a name, and memfd_create or "
                        "the reservation failed: %s%s",
                        name->full, (unsigned long long)size, strerror(error),
                        shmring_linux_limit_words(error));
}

static int new_memfd(const struct shmring_name *name)
{
    char label[LABEL_SIZE];
    unsigned taken = shmring_linux_take_low();
    int fd;

    (void)snprintf(label, sizeof label, "shmring.%.200s", name->full + name->base_at);
    fd = shmring_linux_above_low(memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    shmring_linux_give_low(taken);
    return fd;
}

shmring_status shmring_os_create_nameless(const struct shmring_name *name, uint64_t size,
                                          uint32_t permissions, struct shmring_os_segment *ret)
{
    struct shmring_os_segment seg;
    struct stat st;
    int error;

    shmring_os_segment_init(&seg);
    seg.object = new_memfd(name);
    if (seg.object < 0) {
        return not_made(name, size, errno);
    }
    error = shmring_linux_resize(seg.object, size);
    if (error == 0) {
        error = shmring_linux_reserve_pages((int)seg.object, size);
    }
    if (error == 0 &&
        (fchmod((int)seg.object, (mode_t)permissions) != 0 || fstat((int)seg.object, &st) != 0)) {
        error = errno;
    }
    if (error != 0) {
        shmring_os_segment_drop(&seg);
        return not_made(name, size, error);
    }
    shmring_linux_remember(&seg, &st);
    seg.more[SHMRING_LINUX_NAMELESS] = 1;
    *ret = seg;
    return SHMRING_OK;
}

/* The description that memfd_create() makes causes no events of inotify: one by /proc does, and so
 * a side that may not open files can ring a descriptor. */
shmring_status shmring_os_seal(const struct shmring_name *name, struct shmring_os_segment *seg,
                               int *ret_fd)
{
    int fd, error;

    if (fcntl((int)seg->object, F_ADD_SEALS, SEALS) != 0) {
        error = errno;
        shmring_os_segment_drop(seg);
        return shmring_fail(SHMRING_E_OS, "ring '%s': sealing its memory failed: %s", name->full,
                            strerror(error));
    }
    fd = shmring_linux_open_probe((int)seg->object, NULL, O_RDWR);
    if (fd < 0) { /* no /proc, or permissions that keep the owner out */
        fd = (int)seg->object;
        seg->object = -1;
    }
    shmring_os_segment_drop(seg);
    *ret_fd = fd;
    return SHMRING_OK;
}

/* ---- taking one ---- */

static shmring_status check_descriptor(const struct shmring_name *name, int fd, struct stat *ret)
{
    const int flags = fcntl(fd, F_GETFL);
    int seals;

    if (flags < 0 || fstat(fd, ret) != 0) {
        return shmring_fail(SHMRING_E_INVALID, "'%s' is not open: %s", name->full, strerror(errno));
    }
    if ((flags & O_ACCMODE) != O_RDWR) {
        return shmring_fail(SHMRING_E_ACCESS,
                            "'%s' is not open for reading and writing, which both sides of a ring "
                            "do",
                            name->full);
    }
    seals = fcntl(fd, F_GET_SEALS);
    if (!S_ISREG(ret->st_mode) || seals < 0 || (seals & F_SEAL_SHRINK) == 0) {
        return shmring_fail(SHMRING_E_ACCESS,
                            "'%s' is not sealed against being cut short: give one that "
                            "shmring_create_fd() made",
                            name->full);
    }
    return SHMRING_OK;
}

static shmring_status reopen(const struct shmring_name *name, int fd,
                             struct shmring_os_segment *seg)
{
    int error;

    seg->object = shmring_linux_open_probe(fd, NULL, O_RDWR);
    error = errno;
    if (seg->object >= 0) {
        seg->probe = shmring_linux_open_probe(fd, NULL, O_RDWR);
        error = errno;
    }
    if (seg->probe < 0) {
        return shmring_fail(error == EACCES || error == EPERM ? SHMRING_E_ACCESS : SHMRING_E_OS,
                            "'%s' cannot be opened anew by /proc/self/fd: %s%s; open it with "
                            "SHMRING_NO_OPEN, or make the ring with wider permissions",
                            name->full, strerror(error), shmring_linux_limit_words(error));
    }
    shmring_linux_mark_probe(seg);
    return SHMRING_OK;
}

/* Moves the offset by a random amount. Only where it was 0 is it that amount afterwards: of two who
 * try at once one finds the other's. */
static shmring_status take_as_given(const struct shmring_name *name, int fd,
                                    struct shmring_os_segment *seg)
{
    uint64_t random[2];
    off_t mark;

    seg->object = shmring_linux_above_low(fcntl(fd, F_DUPFD_CLOEXEC, 3));
    seg->probe = shmring_linux_above_low(fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (seg->object < 0 || seg->probe < 0) {
        return shmring_fail(SHMRING_E_OS, "'%s' cannot be copied: %s%s", name->full,
                            strerror(errno), shmring_linux_limit_words(errno));
    }
    shmring_os_random(random);
    mark = (off_t)(MARK_LEAST / 2 + random[0] % (MARK_LEAST / 2));
    if (lseek(fd, mark, SEEK_CUR) != mark) {
        (void)lseek(fd, -mark, SEEK_CUR);
        return shmring_fail(SHMRING_E_BUSY,
                            "'%s' or a copy of it belongs to another handle, which may be of a "
                            "process that died: each side needs a descriptor that was opened for "
                            "it alone",
                            name->full);
    }
    seg->more[SHMRING_LINUX_MARK] = (intptr_t)mark;
    seg->more[SHMRING_LINUX_GIVEN] = 1;
    return SHMRING_OK;
}

shmring_status shmring_os_adopt(const struct shmring_name *name, int fd, int as_given,
                                struct shmring_os_segment *ret)
{
    struct shmring_os_segment seg;
    struct stat st;
    shmring_status status = check_descriptor(name, fd, &st);

    if (status != SHMRING_OK) {
        return status;
    }
    shmring_os_segment_init(&seg);
    shmring_linux_remember(&seg, &st);
    seg.more[SHMRING_LINUX_NAMELESS] = 1;
    status = as_given ? take_as_given(name, fd, &seg) : reopen(name, fd, &seg);
    if (status != SHMRING_OK) {
        shmring_linux_close(seg.object);
        shmring_linux_close(seg.probe);
        return status;
    }
    *ret = seg;
    return SHMRING_OK;
}

void shmring_linux_give_back(struct shmring_os_segment *seg)
{
    if (seg->more[SHMRING_LINUX_GIVEN] && shmring_linux_is_ours(seg)) {
        (void)lseek((int)seg->probe, 0, SEEK_SET);
        seg->more[SHMRING_LINUX_MARK] = 0;
    }
}

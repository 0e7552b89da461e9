/* SPDX-License-Identifier: MIT */
/* file.c - what os.h asks of the file behind an object, and reads and writes of it without
 * a mapping; copies of objects in plain files. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "os/os.h"
#include "os/linux/linux.h"

int shmring_os_read(const struct shmring_os_segment *seg, uint64_t at, void *buf, size_t n)
{
    return shmring_linux_is_ours(seg) && shmring_linux_pread(seg->probe, buf, n, at) == (int64_t)n;
}

/* Through a mapping, which no limit of file sizes keeps back. */
static int write_mapped(int fd, uint64_t at, const unsigned char *buf, size_t n)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    const size_t skip = (size_t)(at & (page - 1));
    unsigned char *p =
        mmap(NULL, skip + n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)(at - skip));
    uint64_t word;

    if (p == MAP_FAILED) {
        return 0;
    }
    if (n == sizeof word && (at & 7) == 0) { /* a word that others may read: at once */
        memcpy(&word, buf, sizeof word);
        shmring_store_release(shmring_word_at(p + skip), word);
    } else {
        memcpy(p + skip, buf, n);
    }
    (void)munmap(p, skip + n);
    return 1;
}

int shmring_os_write(const struct shmring_os_segment *seg, uint64_t at, const void *buf, size_t n)
{
    const int fd = (int)(seg->probe >= 0 ? seg->probe : seg->object);
    int64_t done;

    if (seg->probe >= 0 && !shmring_linux_is_ours(seg)) {
        return 0;
    }
    done = shmring_linux_pwrite(fd, buf, n, at);
    return done == (int64_t)n || ((done >= 0 || errno == EFBIG) && write_mapped(fd, at, buf, n));
}

int shmring_os_is_whole(const struct shmring_os_segment *seg)
{
    struct stat st;

    return !shmring_linux_is_ours(seg) || fstat((int)seg->probe, &st) != 0 ||
           (uint64_t)st.st_size >= seg->size;
}

int shmring_os_has_name(const struct shmring_os_segment *seg)
{
    struct stat st;

    return seg->more[SHMRING_LINUX_NAMELESS] || !shmring_linux_is_ours(seg) ||
           fstat((int)seg->probe, &st) != 0 || st.st_nlink != 0;
}

shmring_status shmring_os_open_file(const char *path, int write, struct shmring_os_segment *ret)
{
    struct shmring_os_segment seg;
    struct stat st;
    int fd = shmring_linux_open(path, (write ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_NOCTTY, 0);

    if (fd < 0 || fstat(fd, &st) != 0) {
        int error = errno;

        if (fd >= 0) {
            shmring_linux_close(fd);
        }
        return shmring_fail(error == ENOENT                     ? SHMRING_E_NOT_FOUND
                            : error == EACCES || error == EPERM ? SHMRING_E_ACCESS
                                                                : SHMRING_E_OS,
                            "file '%.200s': %s", path, strerror(error));
    }
    if (!S_ISREG(st.st_mode)) {
        shmring_linux_close(fd);
        return shmring_fail(SHMRING_E_ACCESS,
                            "'%.200s' is not a plain file: give one that holds a copy of a ring",
                            path);
    }
    shmring_os_segment_init(&seg);
    seg.probe = fd;
    shmring_linux_mark_probe(&seg);
    seg.id[0] = (uint64_t)st.st_dev;
    seg.id[1] = (uint64_t)st.st_ino;
    seg.size = (uint64_t)st.st_size;
    seg.owner = st.st_uid;
    seg.mode = (uint32_t)st.st_mode & 0777;
    *ret = seg;
    return SHMRING_OK;
}

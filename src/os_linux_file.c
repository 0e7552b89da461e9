/* SPDX-License-Identifier: MIT */
/* os_linux_file.c - what os.h asks of the file behind an object; copies of objects in plain files.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "detail.h"
#include "os.h"

int shmring_os_is_whole(const struct shmring_os_segment *seg)
{
    struct stat st;

    return fstat((int)seg->probe, &st) != 0 || (uint64_t)st.st_size >= seg->size;
}

int shmring_os_has_name(const struct shmring_os_segment *seg)
{
    struct stat st;

    return fstat((int)seg->probe, &st) != 0 || st.st_nlink != 0;
}

shmring_status shmring_os_open_file(const char *path, int write, struct shmring_os_segment *ret)
{
    struct shmring_os_segment seg;
    struct stat st;
    int fd = open(path, (write ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) != 0) {
        int error = errno;

        if (fd >= 0) {
            close(fd);
        }
        return shmring_fail(error == ENOENT                     ? SHMRING_E_NOT_FOUND
                            : error == EACCES || error == EPERM ? SHMRING_E_ACCESS
                                                                : SHMRING_E_OS,
                            "file '%.200s': %s", path, strerror(error));
    }
    if (!S_ISREG(st.st_mode)) {
        close(fd);
        return shmring_fail(SHMRING_E_ACCESS,
                            "'%.200s' is not a plain file: give one that holds a copy of a ring",
                            path);
    }
    shmring_os_segment_init(&seg);
    seg.probe = fd;
    seg.size = (uint64_t)st.st_size;
    seg.owner = st.st_uid;
    seg.mode = (uint32_t)st.st_mode & 0777;
    *ret = seg;
    return SHMRING_OK;
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "faults.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#define FAILS 0
#define MAY   1
#define MUST  2 /* pass */

const struct fault faults[] = {
    /* the folder, for a file without a name */
    {SYS_openat, "/dev/shm", EACCES, FAILS, ANY, 0},
    {SYS_openat, "/dev/shm", EPERM, FAILS, ANY, 0},
    {SYS_openat, "/dev/shm", EMFILE, FAILS, SHMRING_E_OS, 0},
    {SYS_openat, "/dev/shm", ENFILE, FAILS, SHMRING_E_OS, 0},
    {SYS_openat, "/dev/shm", ENOMEM, FAILS, ANY, 0},
    {SYS_openat, "/dev/shm", ENOSPC, FAILS, SHMRING_E_NO_SPACE, 0},
    {SYS_openat, "/dev/shm", EDQUOT, FAILS, SHMRING_E_NO_SPACE, 0},
    {SYS_openat, "/dev/shm", EROFS, FAILS, SHMRING_E_OS, 0},
    {SYS_openat, "/dev/shm", ENOTDIR, FAILS, SHMRING_E_OS, 0},
    {SYS_openat, "/dev/shm", EOPNOTSUPP, FAILS, SHMRING_E_OS, 0},
    /* the ring's name; ENOENT is no error where it may be made */
    {SYS_openat, "/dev/shm/", ENOENT, MAY, SHMRING_E_NOT_FOUND, 0},
    {SYS_openat, "/dev/shm/", EACCES, FAILS, SHMRING_E_ACCESS, 0},
    {SYS_openat, "/dev/shm/", EPERM, FAILS, SHMRING_E_ACCESS, 0},
    {SYS_openat, "/dev/shm/", EMFILE, FAILS, SHMRING_E_OS, 0},
    {SYS_openat, "/dev/shm/", ENFILE, FAILS, SHMRING_E_OS, 0},
    {SYS_openat, "/dev/shm/", ENOMEM, FAILS, ANY, 0},
    {SYS_openat, "/dev/shm/", ELOOP, FAILS, SHMRING_E_ACCESS, 0},
    {SYS_openat, "/dev/shm/", EISDIR, FAILS, SHMRING_E_ACCESS, 0},
    {SYS_openat, "/dev/shm/", ENXIO, FAILS, SHMRING_E_ACCESS, 0},
    {SYS_openat, "/dev/shm/", ETXTBSY, FAILS, SHMRING_E_OS, 0},
    /* a second open of our own file: by the name, if not so */
    {SYS_openat, "/proc/self/fd", ENOENT, MUST, ANY, 0},
    {SYS_openat, "/proc/self/fd", EACCES, MUST, ANY, 0},
    {SYS_openat, "/proc/self/fd", EMFILE, MUST, ANY, 0},
    {SYS_openat, "/proc/self/st", ENOENT, MUST, ANY, 0},
    {SYS_openat, "/proc/self/st", EMFILE, MUST, ANY, 0},
    {SYS_read, NULL, EIO, MUST, ANY, 0},
    {SYS_read, NULL, EINTR, MUST, ANY, 0},
    /* size, pages, mode */
    {SYS_ftruncate, NULL, EFBIG, FAILS, SHMRING_E_NO_SPACE, 0},
    {SYS_ftruncate, NULL, EINTR, MUST, ANY, 0},
    {SYS_ftruncate, NULL, EIO, FAILS, SHMRING_E_OS, 0},
    {SYS_ftruncate, NULL, EPERM, FAILS, SHMRING_E_OS, 0},
    {SYS_fallocate, NULL, ENOSPC, FAILS, SHMRING_E_NO_SPACE, 0},
    {SYS_fallocate, NULL, EDQUOT, FAILS, SHMRING_E_NO_SPACE, 0},
    {SYS_fallocate, NULL, EFBIG, FAILS, SHMRING_E_NO_SPACE, 0},
    {SYS_fallocate, NULL, EINTR, MUST, ANY, 0},
    {SYS_fallocate, NULL, EIO, FAILS, SHMRING_E_OS, 0},
    {SYS_fallocate, NULL, EPERM, FAILS, SHMRING_E_OS, 0},
    {SYS_fallocate, NULL, ENOSYS, FAILS, SHMRING_E_OS, 0},
    {SYS_fallocate, NULL, EOPNOTSUPP, MUST, ANY, 0}, /* the C library writes instead */
    {SYS_fchmod, NULL, EPERM, FAILS, SHMRING_E_OS, 0},
    {SYS_fchmod, NULL, EIO, FAILS, SHMRING_E_OS, 0},
    {SYS_fchmod, NULL, EROFS, FAILS, SHMRING_E_OS, 0},
#ifdef SYS_newfstatat
    {SYS_newfstatat, NULL, ENOMEM, MAY, ANY, 0},
    {SYS_newfstatat, NULL, EACCES, MAY, ANY, 0},
#endif
    {SYS_statx, NULL, ENOMEM, MAY, ANY, 0},
    /* header */
    {SYS_pwrite64, NULL, EIO, MAY, SHMRING_E_OS, 0},
    {SYS_pwrite64, NULL, ENOSPC, MAY, SHMRING_E_OS, 0},
    {SYS_pwrite64, NULL, EDQUOT, MAY, SHMRING_E_OS, 0},
    {SYS_pread64, NULL, EIO, MAY, SHMRING_E_OS, 0},
    {SYS_pread64, NULL, EINTR, MAY, SHMRING_E_OS, 0},
    /* locks; taken ones are waited for, or mean that the role is held */
    {SYS_fcntl, NULL, ENOLCK, MAY, ANY, 0},
    {SYS_fcntl, NULL, EINTR, MAY, ANY, 0},
    {SYS_fcntl, NULL, EAGAIN, MAY, ANY, 0},
    {SYS_fcntl, NULL, EACCES, MAY, ANY, 0},
    {SYS_fcntl, NULL, EINVAL, MAY, ANY, 0},
    /* names */
    {SYS_linkat, NULL, EEXIST, MUST, ANY, 0},
    {SYS_linkat, NULL, ENOENT, MAY, ANY, 0},
    {SYS_linkat, NULL, EACCES, FAILS, ANY, 0},
    {SYS_linkat, NULL, EPERM, FAILS, ANY, 0},
    {SYS_linkat, NULL, ENOSPC, FAILS, SHMRING_E_NO_SPACE, 0},
    {SYS_linkat, NULL, EDQUOT, FAILS, SHMRING_E_NO_SPACE, 0},
    {SYS_linkat, NULL, EROFS, FAILS, SHMRING_E_OS, 0},
    {SYS_linkat, NULL, ENOMEM, FAILS, SHMRING_E_OS, 0},
    {SYS_linkat, NULL, EXDEV, FAILS, SHMRING_E_OS, 0},
    {SYS_linkat, NULL, EMLINK, FAILS, SHMRING_E_OS, 0},
#ifdef SYS_unlink
    {SYS_unlink, NULL, EACCES, MAY, SHMRING_E_ACCESS, 0},
    {SYS_unlink, NULL, EPERM, MAY, SHMRING_E_ACCESS, 0},
    {SYS_unlink, NULL, EBUSY, MAY, SHMRING_E_OS, 0},
    {SYS_unlink, NULL, EROFS, MAY, SHMRING_E_OS, 0},
    {SYS_unlink, NULL, ENOENT, MAY, SHMRING_E_NOT_FOUND, 0},
#endif
    {SYS_getdents64, NULL, EIO, FAILS, SHMRING_E_OS, 0},
    /* memory */
    {SYS_mmap, NULL, ENOMEM, MAY, SHMRING_E_NO_MEMORY, 0},
    {SYS_mmap, NULL, EAGAIN, MAY, ANY, 0},
    {SYS_mmap, NULL, ENFILE, MAY, ANY, 0},
    {SYS_mmap, NULL, EPERM, MAY, ANY, 0},
#ifdef SYS_mmap2
    {SYS_mmap2, NULL, ENOMEM, MAY, SHMRING_E_NO_MEMORY, 0},
#endif
    {SYS_madvise, NULL, ENOMEM, MAY, SHMRING_E_NO_MEMORY, 0},
    {SYS_madvise, NULL, EAGAIN, MAY, ANY, 0},
    {SYS_madvise, NULL, EINVAL, MAY, ANY, 0},
    {SYS_madvise, NULL, EINTR, MAY, ANY, 0},
    {SYS_madvise, NULL, EFAULT, MAY, ANY, 0},
    {SYS_madvise, NULL, EIO, MAY, ANY, 0},
    {SYS_close, NULL, EINTR, MUST, ANY, 1},
    {SYS_close, NULL, EIO, MUST, ANY, 1},
    {SYS_close, NULL, EDQUOT, MUST, ANY, 1},
    /* sleeping and waking */
    {SYS_membarrier, NULL, EPERM, MUST, ANY, 0},
    {SYS_membarrier, NULL, ENOSYS, MUST, ANY, 0},
    {SYS_membarrier, NULL, EINVAL, MUST, ANY, 0},
    {SYS_getrandom, NULL, ENOSYS, MUST, ANY, 0},
    {SYS_getrandom, NULL, EAGAIN, MUST, ANY, 0},
    {SYS_getrandom, NULL, EINTR, MUST, ANY, 0},
    {SYS_futex, NULL, EINTR, MUST, ANY, 0},
    {SYS_futex, NULL, EAGAIN, MUST, ANY, 0},
    {SYS_futex, NULL, ENOSYS, MUST, ANY, 0},
    {449, NULL, ENOSYS, MUST, ANY, 0}, /* futex_waitv */
    {449, NULL, EPERM, MUST, ANY, 0},
    {449, NULL, EINTR, MUST, ANY, 0},
    {449, NULL, EAGAIN, MUST, ANY, 0},
    {449, NULL, ENOMEM, MUST, ANY, 0},
    {SYS_inotify_init1, NULL, EMFILE, MAY, SHMRING_E_OS, 0},
    {SYS_inotify_init1, NULL, ENFILE, MAY, SHMRING_E_OS, 0},
    {SYS_inotify_init1, NULL, ENOMEM, MAY, SHMRING_E_OS, 0},
    {SYS_inotify_init1, NULL, ENOSYS, MAY, SHMRING_E_OS, 0},
    {SYS_inotify_add_watch, NULL, ENOSPC, MAY, SHMRING_E_OS, 0},
    {SYS_inotify_add_watch, NULL, ENOMEM, MAY, SHMRING_E_OS, 0},
    {SYS_inotify_add_watch, NULL, EACCES, MAY, SHMRING_E_OS, 0},
    {SYS_inotify_add_watch, NULL, ENOENT, MUST, ANY, 0},
    {SYS_timerfd_create, NULL, EMFILE, FAILS, SHMRING_E_OS, 0},
    {SYS_timerfd_create, NULL, ENFILE, FAILS, SHMRING_E_OS, 0},
    {SYS_timerfd_create, NULL, ENOMEM, FAILS, SHMRING_E_OS, 0},
    {SYS_timerfd_create, NULL, ENODEV, FAILS, SHMRING_E_OS, 0},
    {SYS_epoll_create1, NULL, EMFILE, FAILS, SHMRING_E_OS, 0},
    {SYS_epoll_create1, NULL, ENFILE, FAILS, SHMRING_E_OS, 0},
    {SYS_epoll_create1, NULL, ENOMEM, FAILS, SHMRING_E_OS, 0},
    {SYS_epoll_ctl, NULL, ENOMEM, FAILS, SHMRING_E_OS, 0},
    {SYS_epoll_ctl, NULL, ENOSPC, FAILS, SHMRING_E_OS, 0},
    {SYS_ppoll, NULL, EINTR, MUST, ANY, 0},
    {SYS_ppoll, NULL, ENOMEM, MUST, ANY, 0},
};
const uint32_t fault_count = sizeof faults / sizeof faults[0];

/* The folder itself, or what begins so. */
static int is_that_path(const char *path, const char *text)
{
    return strcmp(path, "/dev/shm") == 0 ? strcmp(path, text) == 0
                                         : strncmp(path, text, strlen(path)) == 0;
}

const struct fault *fault_of(const struct step_call *call, uint32_t n)
{
    uint32_t i;

    for (i = 0; i < fault_count; i++) {
        if (faults[i].call == call->number &&
            (faults[i].path == NULL || is_that_path(faults[i].path, call->text)) && n-- == 0) {
            return &faults[i];
        }
    }
    return NULL;
}

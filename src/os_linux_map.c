/* SPDX-License-Identifier: MIT */
/* os_linux_map.c - memory: os.h's mappings over mmap. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "detail.h"
#include "os.h"
#include "os_linux.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define HUGE_PAGE (UINT64_C(2) << 20)

static uint64_t page_size(void)
{
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Address space for n bytes, `align` aligned at *ret_base. */
static void *reserve(uint64_t n, uint64_t align, unsigned char **ret_base, uint64_t *ret_n)
{
    uint64_t whole = n + align;
    uintptr_t at;
    void *p;

    if (whole > (uint64_t)(SIZE_MAX / 2)) {
        errno = ENOMEM;
        return NULL;
    }
    p = mmap(NULL, (size_t)whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        return NULL;
    }
    at = ((uintptr_t)p + (uintptr_t)align - 1) & ~((uintptr_t)align - 1);
    *ret_base = (unsigned char *)at;
    *ret_n = whole;
    return p;
}

/* Faults the pages in now, not under the first records. 0, or an errno. */
static int prefault(unsigned char *at, uint64_t n, int prot)
{
    int advice = (prot & PROT_WRITE) != 0 ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
    uint64_t i, step = page_size();

    while (madvise(at, (size_t)n, advice) != 0) {
        if (errno == EINTR || errno == EAGAIN) {
            continue;
        }
        if (errno != EINVAL) {
            return errno;
        }
        for (i = 0; i < n; i += step) { /* before Linux 5.14 */
            (void)shmring_load_relaxed(shmring_word_at_const(at + i));
        }
        break;
    }
    return 0;
}

/* One piece of the object at a fixed address. 0, or an errno. */
static int map_piece(int fd, unsigned char *at, uint64_t offset, uint64_t n, int prot, int huge)
{
    if (mmap(at, (size_t)n, prot, MAP_SHARED | MAP_FIXED, fd, (off_t)offset) == MAP_FAILED) {
        return errno;
    }
    if (huge) {
        (void)madvise(at, (size_t)n, MADV_HUGEPAGE); /* a wish: stat tells what came of it */
    }
    if (madvise(at, (size_t)n, MADV_DONTFORK) != 0) {
        return errno;
    }
    return prefault(at, n, prot);
}

static int map_header(int fd, unsigned char *base, enum shmring_role role)
{
    const int both = PROT_READ | PROT_WRITE;
    const int bell = role == SHMRING_ROLE_OBSERVER ? PROT_READ : both;
    int error;

    if (page_size() > SHMRING_PAGE_GROUP) { /* 64 KiB pages: one protection for all of it */
        return map_piece(fd, base, 0, SHMRING_HEADER_SIZE, bell, 0);
    }
    error = map_piece(fd, base, SHMRING_GEOMETRY_AT, SHMRING_PAGE_GROUP, PROT_READ, 0);
    if (error == 0) {
        error = map_piece(fd, base + SHMRING_PRODUCER_AT, SHMRING_PRODUCER_AT, SHMRING_PAGE_GROUP,
                          role == SHMRING_ROLE_PRODUCER ? both : PROT_READ, 0);
    }
    if (error == 0) {
        error = map_piece(fd, base + SHMRING_CONSUMER_AT, SHMRING_CONSUMER_AT, SHMRING_PAGE_GROUP,
                          role == SHMRING_ROLE_CONSUMER ? both : PROT_READ, 0);
    }
    if (error == 0) {
        error = map_piece(fd, base + SHMRING_DOORBELL_AT, SHMRING_DOORBELL_AT, SHMRING_PAGE_GROUP,
                          bell, 0);
    }
    return error;
}

shmring_status shmring_os_map(const struct shmring_name *name, struct shmring_os_segment *seg,
                              uint64_t capacity, enum shmring_role role, int huge,
                              struct shmring_os_map *ret)
{
    const int prot = role == SHMRING_ROLE_PRODUCER ? PROT_READ | PROT_WRITE : PROT_READ;
    const uint64_t align = capacity >= HUGE_PAGE ? HUGE_PAGE : SHMRING_HEADER_SIZE;
    struct shmring_os_map map = {NULL, capacity, NULL, 0};
    int fd = (int)seg->object;
    int error;

    if (capacity > (uint64_t)SIZE_MAX / 4) {
        return shmring_fail(SHMRING_E_NO_MEMORY,
                            "ring '%s': %" PRIu64 " bytes do not fit this process's address space",
                            name->full, capacity);
    }
    map.reservation = reserve(SHMRING_HEADER_SIZE + 2 * capacity, align, &map.base, &map.reserved);
    if (map.reservation == NULL) {
        return shmring_fail(SHMRING_E_NO_MEMORY,
                            "ring '%s': no address space for twice %" PRIu64 " bytes: %s",
                            name->full, capacity, strerror(errno));
    }
    error = map_header(fd, map.base, role);
    if (error == 0) {
        error = map_piece(fd, map.base + SHMRING_HEADER_SIZE, SHMRING_HEADER_SIZE, capacity, prot,
                          huge);
    }
    if (error == 0) {
        error = map_piece(fd, map.base + SHMRING_HEADER_SIZE + capacity, SHMRING_HEADER_SIZE,
                          capacity, prot, huge);
    }
    if (error != 0) {
        shmring_os_unmap(&map);
        return shmring_fail(error == EFAULT || error == EHWPOISON ? SHMRING_E_CORRUPT
                            : error == ENOMEM                     ? SHMRING_E_NO_MEMORY
                                                                  : SHMRING_E_OS,
                            "ring '%s': mapping %" PRIu64 " bytes failed: %s", name->full, capacity,
                            strerror(error));
    }
    shmring_linux_guard_add(map.base, SHMRING_HEADER_SIZE + 2 * capacity);
    close(fd); /* the mapping keeps the description, and with it the locks */
    seg->object = -1;
    *ret = map;
    return SHMRING_OK;
}

void shmring_os_unmap(struct shmring_os_map *map)
{
    if (map->reservation != NULL) {
        shmring_linux_guard_remove(map->base);
        (void)munmap(map->reservation, (size_t)map->reserved);
    }
    memset(map, 0, sizeof *map);
}

/* How many bytes of the mapping at `base` are on huge pages, as /proc/self/smaps counts them. */
static uint64_t count_huge(const void *base)
{
    char line[512];
    unsigned long start, end;
    unsigned long long kib, bytes = 0;
    int inside = 0;
    FILE *f = fopen("/proc/self/smaps", "re");

    if (f == NULL) {
        return 0;
    }
    while (fgets(line, sizeof line, f) != NULL) {
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
            inside = start == (uintptr_t)base;
        } else if (inside && (sscanf(line, "ShmemPmdMapped: %llu kB", &kib) == 1 ||
                              sscanf(line, "FilePmdMapped: %llu kB", &kib) == 1)) {
            bytes += kib * 1024;
        }
    }
    (void)fclose(f);
    return bytes;
}

uint64_t shmring_linux_take_huge_pages(int fd, uint64_t size)
{
    unsigned char *base;
    uint64_t reserved, huge = 0;
    void *reservation;

    if (size < HUGE_PAGE + SHMRING_HEADER_SIZE) {
        return 0;
    }
    reservation = reserve(size, HUGE_PAGE, &base, &reserved);
    if (reservation == NULL) {
        return 0;
    }
    if (mmap(base, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) !=
        MAP_FAILED) {
        (void)madvise(base, (size_t)size, MADV_HUGEPAGE);
        if (prefault(base, size, PROT_READ | PROT_WRITE) == 0) {
            huge = count_huge(base);
        }
    }
    (void)munmap(reservation, (size_t)reserved);
    return huge;
}

/* ---- handles ---- */

static size_t whole_pages(size_t size)
{
    size_t page = (size_t)page_size();

    return (size + page - 1) / page * page;
}

void *shmring_os_handle_alloc(size_t size)
{
    void *p =
        mmap(NULL, whole_pages(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        return NULL;
    }
    if (madvise(p, whole_pages(size), MADV_WIPEONFORK) != 0) {
        (void)munmap(p, whole_pages(size));
        return NULL;
    }
    return p;
}

void shmring_os_handle_free(void *handle, size_t size)
{
    if (handle != NULL) {
        (void)munmap(handle, whole_pages(size));
    }
}

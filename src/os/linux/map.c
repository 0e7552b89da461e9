/* SPDX-License-Identifier: MIT */
/* map.c - memory: os.h's mappings over mmap. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "os/os.h"
#include "os/linux/linux.h"

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

/* One piece of the object at a fixed address, not faulted in. 0, or an errno. */
static int map_piece(int fd, unsigned char *at, uint64_t offset, uint64_t n, int prot, int huge)
{
    if (mmap(at, (size_t)n, prot, MAP_SHARED | MAP_FIXED, fd, (off_t)offset) == MAP_FAILED) {
        return errno;
    }
    if (huge) {
        (void)madvise(at, (size_t)n, MADV_HUGEPAGE); /* a wish: stat tells what came of it */
    }
    return madvise(at, (size_t)n, MADV_DONTFORK) == 0 ? 0 : errno;
}

/* A group of the header, which is short: faulted in at once. 0, or an errno. */
static int map_group(int fd, unsigned char *base, uint64_t offset, uint64_t n, int prot)
{
    int error = map_piece(fd, base + offset, offset, n, prot, 0);

    return error == 0 ? shmring_linux_prefault(base + offset, n, prot) : error;
}

static int map_header(int fd, unsigned char *base, enum shmring_role role)
{
    const int both = PROT_READ | PROT_WRITE;
    const int bell = role == SHMRING_ROLE_OBSERVER ? PROT_READ : both;
    int error;

    if (page_size() > SHMRING_PAGE_GROUP) { /* 64 KiB pages: one protection for all of it */
        return map_group(fd, base, 0, SHMRING_HEADER_SIZE, bell);
    }
    error = map_group(fd, base, SHMRING_GEOMETRY_AT, SHMRING_PAGE_GROUP, PROT_READ);
    if (error == 0) {
        error = map_group(fd, base, SHMRING_PRODUCER_AT, SHMRING_PAGE_GROUP,
                          role == SHMRING_ROLE_PRODUCER ? both : PROT_READ);
    }
    if (error == 0) {
        error = map_group(fd, base, SHMRING_CONSUMER_AT, SHMRING_PAGE_GROUP,
                          role == SHMRING_ROLE_CONSUMER ? both : PROT_READ);
    }
    if (error == 0) {
        error = map_group(fd, base, SHMRING_DOORBELL_AT, SHMRING_PAGE_GROUP, bell);
    }
    return error;
}

static int data_prot(enum shmring_role role)
{
    return role == SHMRING_ROLE_PRODUCER ? PROT_READ | PROT_WRITE : PROT_READ;
}

static shmring_status map_failed(const struct shmring_name *name, uint64_t capacity, int error)
{
    return shmring_fail(error == EFAULT || error == EHWPOISON ? SHMRING_E_CORRUPT
                        : error == ENOMEM || error == EAGAIN  ? SHMRING_E_NO_MEMORY
                                                              : SHMRING_E_OS,
                        "ring '%s': mapping %" PRIu64 " bytes failed: %s%s", name->full, capacity,
                        strerror(error), shmring_linux_limit_words(error));
}

shmring_status shmring_os_map(const struct shmring_name *name, struct shmring_os_segment *seg,
                              uint64_t capacity, enum shmring_role role, int huge,
                              struct shmring_os_map *ret)
{
    const int prot = data_prot(role);
    const uint64_t align = capacity >= HUGE_PAGE ? HUGE_PAGE : SHMRING_HEADER_SIZE;
    struct shmring_os_map map = {NULL, capacity, NULL, 0};
    int fd = (int)seg->object;
    int data = (int)seg->probe; /* the locks go with the header, however long the data takes */
    int error;

    if (capacity > (uint64_t)SIZE_MAX / 4) {
        return shmring_fail(SHMRING_E_NO_MEMORY,
                            "ring '%s': %" PRIu64 " bytes do not fit this process's address space",
                            name->full, capacity);
    }
    map.reservation = reserve(SHMRING_HEADER_SIZE + 2 * capacity, align, &map.base, &map.reserved);
    if (map.reservation == NULL) {
        error = errno;
        return shmring_fail(
            SHMRING_E_NO_MEMORY, "ring '%s': no address space for twice %" PRIu64 " bytes: %s%s",
            name->full, capacity, strerror(error), shmring_linux_limit_words(error));
    }
    error = map_header(fd, map.base, role);
    if (error == 0) {
        error = map_piece(data, map.base + SHMRING_HEADER_SIZE, SHMRING_HEADER_SIZE, capacity, prot,
                          huge);
    }
    if (error == 0) {
        error = map_piece(data, map.base + SHMRING_HEADER_SIZE + capacity, SHMRING_HEADER_SIZE,
                          capacity, prot, huge);
    }
    if (error != 0) {
        shmring_os_unmap(&map);
        return map_failed(name, capacity, error);
    }
    shmring_linux_guard_add(map.base, SHMRING_HEADER_SIZE + 2 * capacity);
    if (role == SHMRING_ROLE_OBSERVER ||
        (!seg->more[SHMRING_LINUX_GIVEN] && shmring_linux_mapping_keeps_locks(name, seg))) {
        shmring_linux_drop_object(seg); /* an observer has no lock */
    } else {
        seg->more[SHMRING_LINUX_KEPT] = 1;
    }
    *ret = map;
    return SHMRING_OK;
}

shmring_status shmring_os_prefault(const struct shmring_name *name,
                                   const struct shmring_os_map *map, enum shmring_role role,
                                   uint64_t at, uint64_t n)
{
    const uint64_t from = at & ~(page_size() - 1);
    int error = 0;

    if (n != 0) {
        error = shmring_linux_prefault(map->base + SHMRING_HEADER_SIZE + from, at + n - from,
                                       data_prot(role));
    }
    return error == 0 ? SHMRING_OK : map_failed(name, map->capacity, error);
}

void shmring_os_unmap_header(struct shmring_os_map *map)
{
    unsigned char *data;
    uint64_t n;

    if (map->reservation == NULL) {
        return;
    }
    data = map->base + SHMRING_HEADER_SIZE;
    if (map->reservation != data) {
        n = (uint64_t)(data - (unsigned char *)map->reservation);
        shmring_linux_guard_remove(map->base);
        (void)munmap(map->reservation, (size_t)n);
        map->reservation = data;
        map->reserved -= n;
    }
}

void shmring_os_unmap(struct shmring_os_map *map)
{
    shmring_os_unmap_header(map);
    if (map->reservation != NULL) {
        (void)munmap(map->reservation, (size_t)map->reserved);
    }
    memset(map, 0, sizeof *map);
}

shmring_status shmring_os_watch(const struct shmring_name *name, const struct shmring_os_map *map,
                                struct shmring_os_segment *seg)
{
    (void)name; /* the probe is all it takes, and keeps no name */
    (void)map;
    (void)seg;
    return SHMRING_OK;
}

static uint64_t read_smaps(const void *base)
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

/* How many bytes of the mapping at `base` are on huge pages, as /proc/self/smaps counts them. */
static uint64_t count_huge(const void *base)
{
    int before = shmring_linux_hold_cancel();
    unsigned taken = shmring_linux_take_low();
    uint64_t bytes = read_smaps(base);

    shmring_linux_give_low(taken);
    shmring_linux_release_cancel(before);
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
        if (shmring_linux_prefault(base, size, PROT_READ | PROT_WRITE) == 0) {
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

/* Behind the pages that a fork wipes, in the same mapping. */
void *shmring_os_handle_kept(void *handle, size_t size)
{
    return (unsigned char *)handle + whole_pages(size);
}

void *shmring_os_handle_alloc(size_t size)
{
    const size_t all = whole_pages(size) + whole_pages(SHMRING_OS_KEPT_SIZE);
    void *p = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        return NULL;
    }
    if (madvise(p, whole_pages(size), MADV_WIPEONFORK) != 0) {
        (void)munmap(p, all);
        return NULL;
    }
    return p;
}

void shmring_os_handle_free(void *handle, size_t size)
{
    if (handle != NULL) {
        (void)munmap(handle, whole_pages(size) + whole_pages(SHMRING_OS_KEPT_SIZE));
    }
}

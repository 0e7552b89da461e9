/* SPDX-License-Identifier: MIT */
/* os_fuzz.c - fulfils os.h for the fuzz targets: one object in this process, and locks that are
 * flags. The views have the protections and the mirror of the real ones, with no page to spare on
 * either side, and are made once: a run costs no system call. */
#define _GNU_SOURCE
#include "os_fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "os/os.h"

#define GUARD  UINT64_C(0x10000)
#define OBJECT (SHMRING_HEADER_SIZE + FUZZ_CAPACITY_MAX)
#define ROLES  4u

void (*fuzz_enemy)(void);

static unsigned char *object;
static int object_fd = -1;
static unsigned char *views[ROLES][2]; /* by role, and by capacity: the least, twice that */
static struct {
    uint64_t size;
    uint32_t mode;
    int made, named;
    int held[ROLES];
} now;

static void enemy(void)
{
    if (fuzz_enemy != NULL) {
        fuzz_enemy();
    }
}

static void *must(void *p)
{
    if (p == MAP_FAILED) {
        perror("os_fuzz: mmap");
        abort();
    }
    return p;
}

static void piece(unsigned char *at, uint64_t offset, uint64_t n, int prot)
{
    (void)must(mmap(at, (size_t)n, prot, MAP_SHARED | MAP_FIXED, object_fd, (off_t)offset));
}

static unsigned char *make_view(unsigned role, uint64_t capacity)
{
    const uint64_t whole = GUARD + SHMRING_HEADER_SIZE + 2 * capacity + GUARD;
    const int both = PROT_READ | PROT_WRITE;
    const int p = role == SHMRING_ROLE_PRODUCER ? both : PROT_READ;
    const int c = role == SHMRING_ROLE_CONSUMER ? both : PROT_READ;
    unsigned char *base = must(
        mmap(NULL, (size_t)whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));

    base += GUARD;
    piece(base, 0, SHMRING_PAGE_GROUP, PROT_READ);
    piece(base + SHMRING_PRODUCER_AT, SHMRING_PRODUCER_AT, SHMRING_PAGE_GROUP, p);
    piece(base + SHMRING_CONSUMER_AT, SHMRING_CONSUMER_AT, SHMRING_PAGE_GROUP, c);
    piece(base + SHMRING_DOORBELL_AT, SHMRING_DOORBELL_AT, SHMRING_PAGE_GROUP, p | c);
    piece(base + SHMRING_HEADER_SIZE, SHMRING_HEADER_SIZE, capacity, p);
    piece(base + SHMRING_HEADER_SIZE + capacity, SHMRING_HEADER_SIZE, capacity, p);
    return base;
}

static void begin(void)
{
    unsigned role;

    object_fd = memfd_create("shmring-fuzz", MFD_CLOEXEC);
    if (object_fd < 0 || ftruncate(object_fd, (off_t)OBJECT) != 0) {
        perror("os_fuzz: memfd");
        abort();
    }
    object = must(mmap(NULL, OBJECT, PROT_READ | PROT_WRITE, MAP_SHARED, object_fd, 0));
    for (role = 1; role < ROLES; role++) {
        views[role][0] = make_view(role, SHMRING_CAPACITY_MIN);
        views[role][1] = make_view(role, FUZZ_CAPACITY_MAX);
    }
}

void fuzz_os_reset(void)
{
    if (object == NULL) {
        begin();
    }
    memset(object, 0, OBJECT);
    memset(&now, 0, sizeof now);
    fuzz_enemy = NULL;
}

unsigned char *fuzz_object(void)
{
    return object;
}

int fuzz_object_is_named(void)
{
    return now.named;
}

void fuzz_object_resize(uint64_t size)
{
    now.size = size <= OBJECT ? size : OBJECT;
}

int fuzz_is_mapped(const void *at, uint64_t n)
{
    uintptr_t p = (uintptr_t)at, base;
    unsigned role, big;
    uint64_t whole;

    for (role = 1; role < ROLES; role++) {
        for (big = 0; big < 2; big++) {
            base = (uintptr_t)views[role][big];
            whole = SHMRING_HEADER_SIZE + 2 * (SHMRING_CAPACITY_MIN << big);
            if (p >= base && p - base <= whole && n <= whole - (p - base)) {
                return 1;
            }
        }
    }
    return 0;
}

/* ---- objects ---- */

void shmring_os_segment_init(struct shmring_os_segment *seg)
{
    memset(seg, 0, sizeof *seg);
    seg->object = seg->probe = -1;
}

static void opened(struct shmring_os_segment *ret)
{
    shmring_os_segment_init(ret);
    ret->object = ret->probe = 3;
    ret->size = now.size;
    ret->mode = now.mode;
}

shmring_status shmring_os_create(const struct shmring_name *name, uint64_t size,
                                 uint32_t permissions, const char *security, int huge,
                                 struct shmring_os_segment *ret, uint64_t *ret_huge)
{
    (void)security;
    if (size > OBJECT || now.made) {
        return shmring_fail(SHMRING_E_NO_SPACE, "ring '%s': no room", name->full);
    }
    memset(object, 0, OBJECT);
    now.size = size;
    now.mode = permissions;
    now.made = 1;
    opened(ret);
    (void)huge;
    *ret_huge = 0;
    return SHMRING_OK;
}

shmring_status shmring_os_publish(const struct shmring_name *name, struct shmring_os_segment *seg)
{
    (void)name;
    (void)seg;
    now.named = 1;
    return SHMRING_OK;
}

shmring_status shmring_os_open(const struct shmring_name *name, int write, int any_owner,
                               struct shmring_os_segment *ret)
{
    (void)write;
    (void)any_owner;
    if (!now.named) {
        return shmring_fail(SHMRING_E_NOT_FOUND, "there is no ring '%s'", name->full);
    }
    opened(ret);
    return SHMRING_OK;
}

shmring_status shmring_os_open_file(const char *path, int write, struct shmring_os_segment *ret)
{
    (void)path;
    (void)write;
    opened(ret);
    return SHMRING_OK;
}

int shmring_os_is_whole(const struct shmring_os_segment *seg)
{
    (void)seg;
    return 1;
}

int shmring_os_has_name(const struct shmring_os_segment *seg)
{
    (void)seg;
    return now.named;
}

int shmring_os_read(const struct shmring_os_segment *seg, uint64_t at, void *buf, size_t n)
{
    (void)seg;
    if (at > now.size || n > now.size - at) {
        return 0;
    }
    memcpy(buf, object + at, n);
    enemy();
    return 1;
}

int shmring_os_write(const struct shmring_os_segment *seg, uint64_t at, const void *buf, size_t n)
{
    (void)seg;
    if (at > now.size || n > now.size - at) {
        return 0;
    }
    memcpy(object + at, buf, n);
    enemy();
    return 1;
}

int shmring_os_is_named(const struct shmring_name *name, const struct shmring_os_segment *seg)
{
    (void)name;
    (void)seg;
    return now.named;
}

shmring_status shmring_os_unname(const struct shmring_name *name,
                                 const struct shmring_os_segment *seg)
{
    (void)seg;
    if (!now.named) {
        return shmring_fail(SHMRING_E_NOT_FOUND, "ring '%s' is gone", name->full);
    }
    now.named = 0;
    now.made = now.held[1] || now.held[2] || now.held[3];
    return SHMRING_OK;
}

void shmring_os_segment_drop(struct shmring_os_segment *seg)
{
    if (seg->object >= 0 && seg->more[0] != 0) {
        now.held[seg->more[0]] = 0;
    }
    shmring_os_segment_init(seg);
}

void shmring_os_segment_leave(struct shmring_os_segment *seg)
{
    shmring_os_segment_drop(seg);
}

shmring_status shmring_os_list(int (*each)(const char *name, int own, void *arg), void *arg)
{
    if (now.named) {
        (void)each("Local\\fuzz", 1, arg);
    }
    return SHMRING_OK;
}

/* ---- locks ---- */

shmring_status shmring_os_lock_admin(const struct shmring_name *name,
                                     const struct shmring_os_segment *seg)
{
    (void)name;
    (void)seg;
    enemy();
    return SHMRING_OK;
}

void shmring_os_unlock_admin(const struct shmring_os_segment *seg)
{
    (void)seg;
}

int shmring_os_can_rename(void)
{
    return 0;
}

int shmring_os_has_users(void)
{
    return 1;
}

int shmring_os_is_held(const struct shmring_os_segment *seg)
{
    (void)seg;
    return now.held[1] || now.held[2] || now.held[3];
}

int shmring_os_hold(const struct shmring_os_segment *seg)
{
    (void)seg;
    return 1;
}

void shmring_os_unhold(struct shmring_os_segment *seg)
{
    (void)seg;
}

int shmring_os_was_last(const struct shmring_os_segment *seg)
{
    return !shmring_os_is_held(seg);
}

shmring_status shmring_os_claim(const struct shmring_name *name, struct shmring_os_segment *seg,
                                enum shmring_role role)
{
    (void)name;
    if (now.held[role]) {
        return SHMRING_E_BUSY;
    }
    now.held[role] = 1;
    seg->more[0] = (intptr_t)role;
    return SHMRING_OK;
}

int shmring_os_role_held(const struct shmring_os_segment *seg, enum shmring_role role)
{
    (void)seg;
    return now.held[role];
}

/* ---- mapping ---- */

shmring_status shmring_os_map(const struct shmring_name *name, struct shmring_os_segment *seg,
                              uint64_t capacity, enum shmring_role role, int huge,
                              struct shmring_os_map *ret)
{
    (void)huge;
    if (capacity != SHMRING_CAPACITY_MIN && capacity != FUZZ_CAPACITY_MAX) {
        abort(); /* the object is no longer than that: the size was not checked */
    }
    if (now.size < SHMRING_HEADER_SIZE + capacity) {
        return shmring_fail(SHMRING_E_CORRUPT, "ring '%s' is too short to map", name->full);
    }
    enemy();
    ret->base = views[role][capacity == FUZZ_CAPACITY_MAX];
    ret->capacity = capacity;
    ret->reservation = ret->base;
    ret->reserved = (uint64_t)role;
    seg->object = -1;
    return SHMRING_OK;
}

shmring_status shmring_os_prefault(const struct shmring_name *name,
                                   const struct shmring_os_map *map, enum shmring_role role,
                                   uint64_t at, uint64_t n)
{
    (void)name;
    (void)role;
    if (map->base == NULL || at > 2 * map->capacity || n > 2 * map->capacity - at) {
        abort(); /* a position that was used without a check */
    }
    enemy();
    return SHMRING_OK;
}

void shmring_os_unmap_header(struct shmring_os_map *map)
{
    if (map->reservation != NULL) {
        now.held[map->reserved] = 0;
        now.made = now.named || now.held[1] || now.held[2] || now.held[3];
    }
    map->reservation = NULL;
}

void shmring_os_unmap(struct shmring_os_map *map)
{
    shmring_os_unmap_header(map);
    memset(map, 0, sizeof *map);
}

shmring_status shmring_os_watch(const struct shmring_name *name, const struct shmring_os_map *map,
                                struct shmring_os_segment *seg)
{
    (void)map;
    (void)seg;
    return name != NULL ? SHMRING_OK : SHMRING_E_OS;
}

shmring_status shmring_os_guard(void)
{
    return SHMRING_OK;
}

void shmring_os_guard_tell(const struct shmring_os_map *map, void (*tell)(void *handle),
                           void *handle)
{
    (void)map;
    (void)tell;
    (void)handle;
}

void *shmring_os_handle_alloc(size_t size)
{
    const size_t all = (size + 63) / 64 * 64 + SHMRING_OS_KEPT_SIZE;
    void *p = NULL;

    if (posix_memalign(&p, 64, all) != 0) {
        return NULL;
    }
    memset(p, 0, all);
    return p;
}

void *shmring_os_handle_kept(void *handle, size_t size)
{
    return (unsigned char *)handle + (size + 63) / 64 * 64;
}

void shmring_os_handle_free(void *handle, size_t size)
{
    (void)size;
    free(handle);
}

/* SPDX-License-Identifier: MIT */
/* meddle.c - see meddle.h. The library's mapping is found, and its reads by file are heard, through
 * the linker's --wrap; the enemy has a mapping of its own, writable everywhere. */
#define _GNU_SOURCE
#include "meddle.h"

#include <sys/mman.h>
#include <unistd.h>

#include "os/os.h"

#define MAPS  8u
#define SEEN  4096u
#define SITES 1024u

static struct {
    unsigned char *base; /* the library's */
    unsigned char *enemy;
    uint64_t capacity;
    enum shmring_role role;
} maps[MAPS];

static const void *seen[SEEN], *sites[SITES];
static uint32_t seen_count, site_count;
static int active;
struct meddle meddle;

shmring_status __real_shmring_os_map(const struct shmring_name *name,
                                     struct shmring_os_segment *seg, uint64_t capacity,
                                     enum shmring_role role, int huge, struct shmring_os_map *ret);
shmring_status __wrap_shmring_os_map(const struct shmring_name *name,
                                     struct shmring_os_segment *seg, uint64_t capacity,
                                     enum shmring_role role, int huge, struct shmring_os_map *ret);
void __real_shmring_os_unmap(struct shmring_os_map *map);
void __wrap_shmring_os_unmap(struct shmring_os_map *map);
int __real_shmring_os_read(const struct shmring_os_segment *seg, uint64_t at, void *buf, size_t n);
int __wrap_shmring_os_read(const struct shmring_os_segment *seg, uint64_t at, void *buf, size_t n);

shmring_status __wrap_shmring_os_map(const struct shmring_name *name,
                                     struct shmring_os_segment *seg, uint64_t capacity,
                                     enum shmring_role role, int huge, struct shmring_os_map *ret)
{
    shmring_status status = __real_shmring_os_map(name, seg, capacity, role, huge, ret);
    size_t size = (size_t)(SHMRING_HEADER_SIZE + capacity);
    void *enemy;
    uint32_t i;

    for (i = 0; status == SHMRING_OK && i < MAPS; i++) {
        if (maps[i].base == NULL) {
            enemy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, (int)seg->probe, (off_t)0);
            if (enemy != MAP_FAILED) {
                maps[i].base = ret->base;
                maps[i].capacity = capacity;
                maps[i].role = role;
                maps[i].enemy = enemy;
            }
            break;
        }
    }
    return status;
}

void __wrap_shmring_os_unmap(struct shmring_os_map *map)
{
    uint32_t i;

    for (i = 0; i < MAPS; i++) {
        if (maps[i].base != NULL && maps[i].base == map->base) {
            (void)munmap(maps[i].enemy, (size_t)(SHMRING_HEADER_SIZE + maps[i].capacity));
            maps[i].base = NULL;
        }
    }
    __real_shmring_os_unmap(map);
}

static uint64_t next_random(void)
{
    meddle.random += UINT64_C(0x9E3779B97F4A7C15);
    return (meddle.random ^ meddle.random >> 29) * UINT64_C(0xBF58476D1CE4E5B9) >> 7;
}

/* What a liar would write in place of `v`. */
static uint64_t lie(uint64_t v, uint32_t kind)
{
    const uint64_t committed = SHMRING_WORD_COMMITTED;
    const uint64_t lies[MEDDLE_KINDS] = {0,
                                         UINT64_MAX,
                                         v ^ 1,
                                         v + 8,
                                         v - 8,
                                         v + (UINT64_C(1) << 40),
                                         v ^ UINT64_C(1) << 63,
                                         v | UINT64_C(1) << 49,
                                         committed | UINT32_MAX,
                                         committed | 16385,
                                         committed | 16384,
                                         v + 65536};

    return lies[kind % MEDDLE_KINDS];
}

static void note_site(const void *from)
{
    uint32_t i;

    for (i = 0; i < site_count && sites[i] != from; i++) {
    }
    if (i == site_count && site_count < SITES) {
        sites[site_count++] = from;
    }
}

/* Counts a word of the other side's that this call has loaded before. */
static void note_word(const void *word)
{
    uint32_t i;

    for (i = 0; i < seen_count && seen[i] != word; i++) {
    }
    if (i < seen_count) {
        meddle.twice++;
    } else if (seen_count < SEEN) {
        seen[seen_count++] = word;
    }
}

/* Whether this load is one after which memory changes, and how. */
static int is_struck(uint32_t *ret_kind)
{
    uint32_t nth = meddle.loads++;

    *ret_kind = meddle.mode == MEDDLE_STORM ? (uint32_t)next_random() % MEDDLE_KINDS : meddle.kind;
    return meddle.mode == MEDDLE_STORM || (meddle.mode == MEDDLE_ONCE && nth == meddle.at);
}

/* Whether the side that has this map is the only one that writes there. */
static int is_own(enum shmring_role role, uint64_t offset)
{
    if (role == SHMRING_ROLE_PRODUCER) {
        return offset - SHMRING_PRODUCER_AT < SHMRING_PAGE_GROUP || offset >= SHMRING_HEADER_SIZE;
    }
    return offset - SHMRING_CONSUMER_AT < SHMRING_PAGE_GROUP;
}

uint64_t meddle_loaded(const void *word, uint64_t value)
{
    const unsigned char *at = word;
    uint64_t offset, size, changed;
    uint32_t i, kind;

    for (i = 0; active && i < MAPS; i++) {
        offset = (uint64_t)(at - maps[i].base);
        size = SHMRING_HEADER_SIZE + maps[i].capacity;
        if (maps[i].base == NULL || at < maps[i].base || offset >= size + maps[i].capacity) {
            continue;
        }
        note_site(__builtin_return_address(0));
        if (!is_own(maps[i].role, offset)) {
            note_word(word);
        }
        if (is_struck(&kind)) {
            changed = lie(value, kind);
            offset = offset >= size ? offset - maps[i].capacity : offset;
            shmring_store_relaxed(shmring_word_at(maps[i].enemy + offset), changed);
        }
        break;
    }
    return value;
}

/* A read by file is a load of all of its words: one of them changes. */
int __wrap_shmring_os_read(const struct shmring_os_segment *seg, uint64_t at, void *buf, size_t n)
{
    int done = __real_shmring_os_read(seg, at, buf, n);
    uint64_t value;
    uint32_t kind;
    size_t i;

    if (active && done && n >= 8) {
        note_site(__builtin_return_address(0));
        if (is_struck(&kind)) {
            i = (size_t)(next_random() % (n / 8)) * 8;
            __builtin_memcpy(&value, (unsigned char *)buf + i, 8);
            value = lie(value, kind);
            (void)!pwrite((int)seg->probe, &value, 8, (off_t)(at + i)); /* may be read-only */
        }
    }
    return done;
}

void meddle_begin(enum meddle_mode mode, uint32_t at, uint32_t kind)
{
    meddle.mode = mode;
    meddle.at = at;
    meddle.kind = kind;
    meddle.loads = meddle.twice = 0;
    seen_count = 0;
    active = 1;
}

void meddle_end(void)
{
    active = 0;
}

uint32_t meddle_sites(void)
{
    return site_count;
}

int meddle_is_inside(const void *at, uint64_t n)
{
    uintptr_t from = (uintptr_t)at, base;
    uint32_t i;

    for (i = 0; i < MAPS; i++) {
        base = (uintptr_t)maps[i].base;
        if (base != 0 && from >= base + SHMRING_HEADER_SIZE &&
            from + n <= base + SHMRING_HEADER_SIZE + 2 * maps[i].capacity) {
            return 1;
        }
    }
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* map.c - memory: os.h's mappings as views of the section.
 *
 * The mirror wants three views at addresses side by side. Where the system has placeholders
 * (Windows 10 1803), a reserved range is cut into three and each piece is replaced by its view, and
 * nobody can come in between. Elsewhere a free range is found and the views are put there; another
 * thread may take a piece of it first, and then the search begins anew.
 */
#include "os/windows/windows.h"

#include <inttypes.h>

#include "base/error.h"

#define MAP_TRIES 64

#define PLACEHOLDER_RESERVE 0x00040000u /* MEM_RESERVE_PLACEHOLDER */
#define PLACEHOLDER_REPLACE 0x00004000u /* MEM_REPLACE_PLACEHOLDER */
#define PLACEHOLDER_KEEP    0x00000002u /* MEM_PRESERVE_PLACEHOLDER */

typedef PVOID(WINAPI *virtual_alloc2)(HANDLE, PVOID, SIZE_T, ULONG, ULONG, void *, ULONG);
typedef PVOID(WINAPI *map_view3)(HANDLE, HANDLE, PVOID, ULONG64, SIZE_T, ULONG, ULONG, void *,
                                 ULONG);

/* The three views of a ring, from the lowest address on. */
struct piece {
    uint64_t offset;
    uint64_t size;
    int write;
};

static void release_views(unsigned char *base, const struct piece pieces[3], int n)
{
    int i;

    for (i = 0; i < n; i++) {
        (void)UnmapViewOfFile(base);
        base += pieces[i].size;
    }
}

/* ---- with placeholders ---- */

static FARPROC late(const char *name)
{
    HMODULE kernel = GetModuleHandleW(L"kernelbase.dll");

    return kernel != NULL ? GetProcAddress(kernel, name) : NULL;
}

/* The views, or NULL: the system cannot, or has no room. */
static unsigned char *map_in_placeholder(HANDLE section, const struct piece pieces[3],
                                         uint64_t whole)
{
    union {
        FARPROC any;
        virtual_alloc2 call;
    } alloc = {late("VirtualAlloc2")};
    union {
        FARPROC any;
        map_view3 call;
    } map = {late("MapViewOfFile3")};
    unsigned char *base, *at;
    int i, is_cut = 0;

    if (alloc.any == NULL || map.any == NULL) {
        return NULL;
    }
    base = alloc.call(NULL, NULL, (SIZE_T)whole, MEM_RESERVE | PLACEHOLDER_RESERVE, PAGE_NOACCESS,
                      NULL, 0);
    if (base == NULL) {
        return NULL;
    }
    at = base;
    for (i = 0; i < 3; i++) {
        is_cut = i == 2 || VirtualFree(at, (SIZE_T)pieces[i].size, MEM_RELEASE | PLACEHOLDER_KEEP);
        if (!is_cut ||
            map.call(section, GetCurrentProcess(), at, pieces[i].offset, (SIZE_T)pieces[i].size,
                     PLACEHOLDER_REPLACE, pieces[i].write ? PAGE_READWRITE : PAGE_READONLY, NULL,
                     0) == NULL) {
            break;
        }
        at += pieces[i].size;
    }
    if (i == 3) {
        return base;
    }
    /* Exactly what is still a placeholder: this piece, and the rest if that was cut from it. */
    release_views(base, pieces, i);
    (void)VirtualFree(at, 0, MEM_RELEASE);
    if (is_cut && i < 2) {
        (void)VirtualFree(at + pieces[i].size, 0, MEM_RELEASE);
    }
    return NULL;
}

/* ---- without ---- */

static unsigned char *map_at_found_address(HANDLE section, const struct piece pieces[3],
                                           uint64_t whole, DWORD *ret_error)
{
    unsigned char *base, *at;
    int i, try;

    for (try = 0; try < MAP_TRIES; try++) {
        base = VirtualAlloc(NULL, (SIZE_T)whole, MEM_RESERVE, PAGE_NOACCESS);
        *ret_error = GetLastError();
        if (base == NULL) {
            return NULL;
        }
        (void)VirtualFree(base, 0, MEM_RELEASE);
        at = base;
        for (i = 0; i < 3; i++) {
            if (MapViewOfFileEx(section, pieces[i].write ? FILE_MAP_WRITE : FILE_MAP_READ,
                                (DWORD)(pieces[i].offset >> 32), (DWORD)pieces[i].offset,
                                (SIZE_T)pieces[i].size, at) != at) {
                *ret_error = GetLastError();
                break;
            }
            at += pieces[i].size;
        }
        if (i == 3) {
            return base;
        }
        release_views(base, pieces, i);
    }
    return NULL;
}

/* ---- both ---- */

/* In the header each side writes its own group and the bells. 1 on success. */
static int protect_header(unsigned char *base, enum shmring_role role)
{
    const uint64_t ours = role == SHMRING_ROLE_PRODUCER ? SHMRING_PRODUCER_AT : SHMRING_CONSUMER_AT;
    uint64_t at;
    DWORD before;

    for (at = 0; at < SHMRING_DOORBELL_AT; at += SHMRING_PAGE_GROUP) {
        if (at != ours &&
            !VirtualProtect(base + at, (SIZE_T)SHMRING_PAGE_GROUP, PAGE_READONLY, &before)) {
            return 0;
        }
    }
    return 1;
}

shmring_status shmring_os_map(const struct shmring_name *name, struct shmring_os_segment *seg,
                              uint64_t capacity, enum shmring_role role, int huge,
                              struct shmring_os_map *ret)
{
    const int writes_data = role == SHMRING_ROLE_PRODUCER;
    const struct piece pieces[3] = {
        {0, SHMRING_HEADER_SIZE, role != SHMRING_ROLE_OBSERVER},
        {SHMRING_HEADER_SIZE, capacity, writes_data},
        {SHMRING_HEADER_SIZE, capacity, writes_data},
    };
    const uint64_t whole = SHMRING_HEADER_SIZE + 2 * capacity;
    struct shmring_os_map map = {NULL, capacity, NULL, whole};
    HANDLE section = shmring_windows_section(seg);
    DWORD error = ERROR_NOT_ENOUGH_MEMORY;

    (void)huge;
    if (whole <= (uint64_t)(SIZE_MAX / 2)) {
        map.base = map_in_placeholder(section, pieces, whole);
        if (map.base == NULL) {
            map.base = map_at_found_address(section, pieces, whole, &error);
        }
    }
    if (map.base == NULL) {
        return shmring_fail(SHMRING_E_NO_MEMORY,
                            "ring '%s': no room to map its %" PRIu64 " bytes twice: %s", name->full,
                            capacity, shmring_windows_words(error));
    }
    map.reservation = map.base;
    if (role != SHMRING_ROLE_OBSERVER && !protect_header(map.base, role)) {
        error = GetLastError();
        shmring_os_unmap(&map);
        return shmring_fail(SHMRING_E_OS, "ring '%s': protecting its header failed: %s", name->full,
                            shmring_windows_words(error));
    }
    if (seg->object >= 0) { /* the section stays open: its name lives with the handle */
        seg->probe = seg->object;
        seg->object = -1;
    }
    *ret = map;
    return SHMRING_OK;
}

shmring_status shmring_os_prefault(const struct shmring_name *name,
                                   const struct shmring_os_map *map, enum shmring_role role,
                                   uint64_t at, uint64_t n)
{
    const unsigned char *from = map->base + SHMRING_HEADER_SIZE + (at & ~UINT64_C(4095));
    const unsigned char *end = map->base + SHMRING_HEADER_SIZE + at + n;

    (void)name;
    (void)role;
    for (; n != 0 && from < end; from += 4096) {
        (void)shmring_load_relaxed(shmring_word_at_const(from));
    }
    return SHMRING_OK;
}

void shmring_os_unmap_header(struct shmring_os_map *map)
{
    if (map->reservation != NULL && map->reservation == map->base) {
        (void)UnmapViewOfFile(map->base);
        map->reservation = map->base + SHMRING_HEADER_SIZE;
    }
}

void shmring_os_unmap(struct shmring_os_map *map)
{
    if (map->reservation != NULL) {
        shmring_os_unmap_header(map);
        (void)UnmapViewOfFile(map->base + SHMRING_HEADER_SIZE);
        (void)UnmapViewOfFile(map->base + SHMRING_HEADER_SIZE + map->capacity);
        map->base = NULL;
        map->reservation = NULL;
    }
}

/* The section's handle would keep its name: the mapping serves. The event is private: nobody but
 * this process interrupts an observer's sleep. */
shmring_status shmring_os_watch(const struct shmring_name *name, const struct shmring_os_map *map,
                                struct shmring_os_segment *seg)
{
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);

    if (event == NULL) {
        return shmring_windows_refuse(name, "making an observer's event", GetLastError());
    }
    seg->more[MORE_SPACE] = (intptr_t)event;
    (void)CloseHandle(shmring_windows_section(seg));
    seg->object = seg->probe = -1;
    seg->mapped = map->base;
    return SHMRING_OK;
}

shmring_status shmring_os_guard(void) /* a section keeps its size */
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
    return VirtualAlloc(NULL, (size + 63) / 64 * 64 + SHMRING_OS_KEPT_SIZE,
                        MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

void *shmring_os_handle_kept(void *handle, size_t size)
{
    return (unsigned char *)handle + (size + 63) / 64 * 64;
}

void shmring_os_handle_free(void *handle, size_t size)
{
    (void)size;
    (void)VirtualFree(handle, 0, MEM_RELEASE);
}

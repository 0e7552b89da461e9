/* SPDX-License-Identifier: MIT */
/* object.c - os.h's objects over named sections on the paging file.
 *
 * A section's name lives as long as any handle of it. So there is nothing to remove or to reap: the
 * name goes with the last process, as Windows ends it, whichever way. Windows cannot make an object
 * before it has its name, as Linux can. So the magic is stored last, and a process that opens the
 * name waits for it.
 */
#include "os/windows/windows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define MAGIC_PATIENCE_NS UINT64_C(2000000000)

/* ---- names ---- */

void shmring_windows_name(const struct shmring_name *name, const char *part,
                          wchar_t ret[SHMRING_WINDOWS_NAME_SIZE])
{
    char text[SHMRING_WINDOWS_NAME_SIZE];
    size_t i = 0;

    (void)snprintf(text, sizeof text, "%s\\shmring.%.200s%s", name->global ? "Global" : "Local",
                   name->full + name->base_at, part);
    do {
        ret[i] = (wchar_t)(unsigned char)text[i];
    } while (text[i++] != '\0');
}

/* ---- making and opening ---- */

void shmring_os_segment_init(struct shmring_os_segment *seg)
{
    memset(seg, 0, sizeof *seg);
    seg->object = -1;
    seg->probe = -1;
}

static HANDLE more_of(const struct shmring_os_segment *seg, size_t i)
{
    return (HANDLE)seg->more[i];
}

void shmring_os_segment_drop(struct shmring_os_segment *seg)
{
    size_t i;

    if (more_of(seg, MORE_ADMIN) != NULL) { /* ours only when a ring is given up half made */
        (void)ReleaseMutex(more_of(seg, MORE_ADMIN));
    }
    for (i = 0; i < 4; i++) {
        if (more_of(seg, i) != NULL) {
            (void)CloseHandle(more_of(seg, i));
        }
    }
    if (seg->object >= 0) {
        (void)CloseHandle((HANDLE)seg->object);
    }
    if (seg->probe >= 0) {
        (void)CloseHandle((HANDLE)seg->probe);
    }
    shmring_os_segment_init(seg);
}

void shmring_os_segment_leave(struct shmring_os_segment *seg)
{
    seg->object = -1; /* never closed: the system does it, at the end of the process */
    shmring_os_segment_drop(seg);
}

shmring_status shmring_windows_event(const struct shmring_name *name,
                                     const struct shmring_os_segment *seg, const char *part,
                                     BOOL manual_reset, intptr_t *ret)
{
    struct shmring_windows_security security;
    SECURITY_ATTRIBUTES *attributes = shmring_windows_secure_like(&security, seg);
    wchar_t wide[SHMRING_WINDOWS_NAME_SIZE];
    HANDLE event = NULL;
    DWORD error = GetLastError();

    if (attributes != NULL) { /* without, it would be made with whatever the system's default is */
        shmring_windows_name(name, part, wide);
        event = CreateEventW(attributes, manual_reset, FALSE, wide);
        error = GetLastError();
    }
    shmring_windows_secure_end(&security);
    if (event == NULL) {
        return shmring_windows_refuse(name, "making its event", error);
    }
    error = error == ERROR_ALREADY_EXISTS ? shmring_windows_check_owner(seg, event) : ERROR_SUCCESS;
    if (error != ERROR_SUCCESS) {
        (void)CloseHandle(event);
        return shmring_windows_refuse(name, "opening its event", error);
    }
    *ret = (intptr_t)event;
    return SHMRING_OK;
}

/* The mutex behind shmring_os_lock_admin(). */
static shmring_status open_admin(const struct shmring_name *name, struct shmring_os_segment *seg)
{
    struct shmring_windows_security security;
    SECURITY_ATTRIBUTES *attributes = shmring_windows_secure_like(&security, seg);
    wchar_t wide[SHMRING_WINDOWS_NAME_SIZE];
    HANDLE mutex = NULL;
    DWORD error = GetLastError();

    if (attributes != NULL) {
        shmring_windows_name(name, "!admin", wide);
        mutex = CreateMutexW(attributes, FALSE, wide);
        error = GetLastError();
    }
    shmring_windows_secure_end(&security);
    if (mutex == NULL) {
        return shmring_windows_refuse(name, "making its lock", error);
    }
    seg->more[MORE_ADMIN] = (intptr_t)mutex;
    error = error == ERROR_ALREADY_EXISTS ? shmring_windows_check_owner(seg, mutex) : ERROR_SUCCESS;
    return error == ERROR_SUCCESS ? SHMRING_OK
                                  : shmring_windows_refuse(name, "opening its lock", error);
}

shmring_status shmring_os_create(const struct shmring_name *name, uint64_t size,
                                 uint32_t permissions, const char *security, int huge,
                                 struct shmring_os_segment *ret, uint64_t *ret_huge)
{
    struct shmring_windows_security secure;
    struct shmring_os_segment seg;
    wchar_t wide[SHMRING_WINDOWS_NAME_SIZE];
    SECURITY_ATTRIBUTES *attributes = shmring_windows_secure(&secure, security);
    shmring_status status;
    HANDLE section;
    DWORD error = GetLastError();

    (void)huge; /* large pages need a privilege and cannot be had for a wish: stat says 0 */
    if (attributes == NULL && security != NULL) {
        return shmring_fail(SHMRING_E_INVALID,
                            "ring '%s': options.security is not a security descriptor string "
                            "(\"D:P(A;;GA;;;BA)\"): %s",
                            name->full, shmring_windows_words(error));
    }
    if (attributes == NULL) {
        return shmring_windows_refuse(name, "making its security descriptor", error);
    }
    shmring_os_segment_init(&seg);
    shmring_windows_name(name, "", wide);
    section = CreateFileMappingW(INVALID_HANDLE_VALUE, attributes, PAGE_READWRITE,
                                 (DWORD)(size >> 32), (DWORD)size, wide);
    error = GetLastError();
    shmring_windows_secure_end(&secure);
    if (section == NULL) {
        return name->global && error == ERROR_ACCESS_DENIED && !shmring_windows_may_make_global()
                   ? shmring_windows_lacks_privilege(name)
                   : shmring_windows_refuse(name, "making the section", error);
    }
    if (error == ERROR_ALREADY_EXISTS) {
        (void)CloseHandle(section);
        return shmring_fail(SHMRING_E_EXISTS, "ring '%s' exists already", name->full);
    }
    seg.object = (intptr_t)section;
    seg.name = *name;
    seg.size = size;
    seg.mode = permissions;
    status = open_admin(name, &seg);
    if (status == SHMRING_OK) { /* until shmring_os_publish(): who finds the magic waits for us */
        status = shmring_os_lock_admin(name, &seg);
    }
    if (status != SHMRING_OK) {
        shmring_os_segment_drop(&seg);
        return status;
    }
    *ret = seg;
    *ret_huge = 0;
    return SHMRING_OK;
}

shmring_status shmring_os_publish(const struct shmring_name *name, struct shmring_os_segment *seg)
{
    (void)name; /* it had its name from the start; others waited for the magic, then for the lock */
    shmring_os_unlock_admin(seg);
    return SHMRING_OK;
}

#define SECTION_OF_FILE 0x00800000u /* SEC_FILE, of the native interface */

/* NtQuerySection(SectionBasicInformation): its size, 0 when it cannot be had, and whether its pages
 * are the paging file's and all there. Those of a file, of a program, or only reserved can fault.
 */
static uint64_t size_of(HANDLE section, int *ret_is_plain)
{
    struct {
        void *base;
        ULONG attributes;
        LARGE_INTEGER size;
    } basic;
    typedef LONG(NTAPI * query_section)(HANDLE, int, void *, SIZE_T, SIZE_T *);
    union {
        FARPROC any;
        query_section call;
    } query;
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");

    query.any = ntdll != NULL ? GetProcAddress(ntdll, "NtQuerySection") : NULL;
    if (query.any == NULL || query.call(section, 0, &basic, sizeof basic, NULL) < 0) {
        *ret_is_plain = 1; /* of no size: nothing is read */
        return 0;
    }
    *ret_is_plain = (basic.attributes & (SEC_RESERVE | SEC_IMAGE | SECTION_OF_FILE)) == 0;
    return (uint64_t)basic.size.QuadPart;
}

/* Opens what the name means now. Nothing in it is read before it is known whose and what it is. */
static shmring_status open_section(const struct shmring_name *name, DWORD access,
                                   struct shmring_os_segment *seg)
{
    wchar_t wide[SHMRING_WINDOWS_NAME_SIZE];
    HANDLE section;
    DWORD error;
    int is_plain;

    shmring_windows_name(name, "", wide);
    section = OpenFileMappingW(access, FALSE, wide);
    error = GetLastError();
    if (section == NULL) {
        return shmring_windows_refuse(name, "opening the section", error);
    }
    seg->object = (intptr_t)section;
    error = shmring_windows_check_owner(seg, section);
    if (error != ERROR_SUCCESS) {
        return shmring_windows_refuse(name, "opening the section", error);
    }
    seg->size = size_of(section, &is_plain);
    return is_plain ? SHMRING_OK
                    : shmring_windows_refuse(name, "opening the section", ERROR_INVALID_HANDLE);
}

/* Its magic is there, which its creator stores last, or something else is; or it is too short for
 * one, and the geometry's check says so. */
static int is_finished(const struct shmring_os_segment *seg)
{
    uint64_t magic = 0;

    return !shmring_os_read(seg, SHMRING_GEOMETRY_AT, &magic, sizeof magic) || magic != 0;
}

/* Between two looks at a section without a magic it is closed: a creator that died leaves a name
 * that lives by those who wait for it. */
shmring_status shmring_os_open(const struct shmring_name *name, int write, int any_owner,
                               struct shmring_os_segment *ret)
{
    const DWORD access =
        (write ? FILE_MAP_WRITE : 0) | FILE_MAP_READ | READ_CONTROL | SECTION_QUERY;
    const uint64_t deadline = shmring_os_clock_ns() + MAGIC_PATIENCE_NS;
    struct shmring_os_segment seg;
    shmring_status status;
    int finished;

    for (;;) {
        shmring_os_segment_init(&seg);
        seg.name = *name;
        seg.any_owner = any_owner;
        status = open_section(name, access, &seg);
        finished = status != SHMRING_OK || is_finished(&seg);
        if (finished || shmring_os_clock_ns() >= deadline) {
            break;
        }
        shmring_os_segment_drop(&seg);
        Sleep(1);
    }
    if (!finished) {
        status = shmring_fail(
            SHMRING_E_CORRUPT,
            "ring '%s': it has had no magic for 2 seconds: who makes it is stopped, or another "
            "program has overwritten it; end the programs that have it open",
            name->full);
    }
    if (status == SHMRING_OK) { /* kept there, and nowhere else */
        (void)shmring_os_read(&seg, offsetof(struct shmring_geometry_page, permissions), &seg.mode,
                              sizeof seg.mode);
        status = write ? open_admin(name, &seg) : SHMRING_OK;
    }
    if (status != SHMRING_OK) {
        shmring_os_segment_drop(&seg);
        return status;
    }
    *ret = seg;
    return SHMRING_OK;
}

shmring_status shmring_os_open_file(const char *path, int write, struct shmring_os_segment *ret)
{
    (void)write;
    (void)ret;
    return shmring_fail(SHMRING_E_UNSUPPORTED,
                        "file '%.200s': copies of rings in files are looked at on Linux", path);
}

/* ---- plain access ---- */

/* A view of just the pages with bytes at to at + n, and the first of those bytes in *ret_bytes.
 * NULL when the section does not reach that far. */
static void *view_of(const struct shmring_os_segment *seg, uint64_t at, size_t n, DWORD access,
                     unsigned char **ret_bytes)
{
    const uint64_t begin = at & ~(SHMRING_HEADER_SIZE - 1);
    unsigned char *view;

    if (at + n > seg->size || at + n < at) {
        return NULL;
    }
    view = MapViewOfFile(shmring_windows_section(seg), access, (DWORD)(begin >> 32), (DWORD)begin,
                         (SIZE_T)(at - begin + n));
    *ret_bytes = view + (at - begin);
    return view;
}

int shmring_os_is_whole(const struct shmring_os_segment *seg)
{
    (void)seg; /* a section keeps its size */
    return 1;
}

int shmring_os_read(const struct shmring_os_segment *seg, uint64_t at, void *buf, size_t n)
{
    unsigned char *bytes;
    void *view;
    uint64_t word;

    if (seg->mapped != NULL) { /* an observer: see shmring_os_watch() */
        if (at + n > SHMRING_HEADER_SIZE || at + n < at) {
            return 0;
        }
        memcpy(buf, seg->mapped + at, n);
        return 1;
    }
    view = view_of(seg, at, n, FILE_MAP_READ, &bytes);

    if (view == NULL) {
        return 0;
    }
    if (n == sizeof word && (at & 7) == 0) { /* the magic: what was written before it is there */
        word = shmring_load_acquire(shmring_word_at_const(bytes));
        memcpy(buf, &word, sizeof word);
    } else {
        memcpy(buf, bytes, n);
    }
    (void)UnmapViewOfFile(view);
    return 1;
}

int shmring_os_write(const struct shmring_os_segment *seg, uint64_t at, const void *buf, size_t n)
{
    unsigned char *bytes;
    void *view = view_of(seg, at, n, FILE_MAP_WRITE, &bytes);
    uint64_t word;

    if (view == NULL) {
        return 0;
    }
    if (n == sizeof word && (at & 7) == 0) { /* the magic: last, and at once */
        memcpy(&word, buf, sizeof word);
        shmring_store_release(shmring_word_at(bytes), word);
    } else {
        memcpy(bytes, buf, n);
    }
    (void)UnmapViewOfFile(view);
    return 1;
}

/* ---- names ---- */

int shmring_os_is_named(const struct shmring_name *name, const struct shmring_os_segment *seg)
{
    (void)name; /* a section keeps its name for as long as we have it open */
    return shmring_windows_section(seg) != INVALID_HANDLE_VALUE;
}

shmring_status shmring_os_unname(const struct shmring_name *name,
                                 const struct shmring_os_segment *seg)
{
    (void)seg;
    return shmring_fail(SHMRING_E_UNSUPPORTED,
                        "ring '%s': on Windows a name cannot be removed: it goes when the last "
                        "process that has the ring open closes it or ends",
                        name->full);
}

/* SPDX-License-Identifier: MIT */
/* os_windows.c - os.h's objects over named sections on the paging file.
 *
 * A section's name lives as long as any handle of it. So there is nothing to remove or to reap: the
 * name goes with the last process, as Windows ends it, whichever way. What Linux can do and Windows
 * cannot, making an object before it has its name, is done by the magic: it is stored last, and who
 * opens the name waits for it.
 */
#include "os_windows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "detail.h"

#define MAGIC_PATIENCE_NS UINT64_C(2000000000)

/* ---- names and errors ---- */

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

const char *shmring_windows_words(DWORD error)
{
    static __thread char words[160];
    DWORD n = FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                             error, 0, words, sizeof words - 1, NULL);

    while (n > 0 && (words[n - 1] == '\n' || words[n - 1] == '\r' || words[n - 1] == '.')) {
        words[--n] = '\0';
    }
    if (n == 0) {
        (void)snprintf(words, sizeof words, "error %lu", (unsigned long)error);
    }
    return words;
}

static shmring_status refuse(const struct shmring_name *name, const char *what, DWORD error)
{
    switch (error) {
    case ERROR_FILE_NOT_FOUND:
        return shmring_fail(SHMRING_E_NOT_FOUND,
                            "no ring '%s' is open %s; start the process that makes it", name->full,
                            name->global ? "on this machine" : "in this session");
    case ERROR_INVALID_HANDLE:
        return shmring_fail(SHMRING_E_ACCESS,
                            "ring '%s': its name is taken by an object of another kind; use "
                            "another name, or end the program that made it",
                            name->full);
    case ERROR_ACCESS_DENIED:
        if (name->global) {
            return shmring_fail(
                SHMRING_E_PRIVILEGE,
                "ring '%s': %s was refused: the object is another user's, or this "
                "process lacks SeCreateGlobalPrivilege (\"Create global objects\"), "
                "which services and administrators have",
                name->full, what);
        }
        return shmring_fail(SHMRING_E_ACCESS,
                            "ring '%s': %s was refused: the object is another user's; run both "
                            "sides as one user",
                            name->full, what);
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_COMMITMENT_LIMIT:
    case ERROR_DISK_FULL:
    case ERROR_NO_SYSTEM_RESOURCES:
        return shmring_fail(SHMRING_E_NO_SPACE,
                            "ring '%s': %s failed: %s; ask for a smaller capacity, or enlarge the "
                            "paging file",
                            name->full, what, shmring_windows_words(error));
    default:
        return shmring_fail(SHMRING_E_OS, "ring '%s': %s failed: %s", name->full, what,
                            shmring_windows_words(error));
    }
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

HANDLE shmring_windows_event(const struct shmring_name *name, const struct shmring_os_segment *seg,
                             const char *part, BOOL manual_reset)
{
    struct shmring_windows_security security;
    wchar_t wide[SHMRING_WINDOWS_NAME_SIZE];
    HANDLE event;
    DWORD error;

    shmring_windows_name(name, part, wide);
    event = CreateEventW(shmring_windows_secure_like(&security, seg), manual_reset, FALSE, wide);
    error = GetLastError();
    shmring_windows_secure_end(&security);
    if (event == NULL) {
        (void)refuse(name, "making its event", error);
    } else if (error == ERROR_ALREADY_EXISTS && !seg->any_owner &&
               !shmring_windows_is_ours(event)) {
        (void)CloseHandle(event);
        event = NULL;
        (void)refuse(name, "opening its event", ERROR_ACCESS_DENIED);
    }
    return event;
}

/* The mutex behind shmring_os_lock_admin(). */
static shmring_status open_admin(const struct shmring_name *name, struct shmring_os_segment *seg)
{
    struct shmring_windows_security security;
    wchar_t wide[SHMRING_WINDOWS_NAME_SIZE];
    HANDLE mutex;
    DWORD error;

    shmring_windows_name(name, "!admin", wide);
    mutex = CreateMutexW(shmring_windows_secure_like(&security, seg), FALSE, wide);
    error = GetLastError();
    shmring_windows_secure_end(&security);
    if (mutex == NULL) {
        return refuse(name, "making its lock", error);
    }
    seg->more[MORE_ADMIN] = (intptr_t)mutex;
    if (error == ERROR_ALREADY_EXISTS && !seg->any_owner && !shmring_windows_is_ours(mutex)) {
        return refuse(name, "opening its lock", ERROR_ACCESS_DENIED);
    }
    return SHMRING_OK;
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
        return refuse(name, "making its security descriptor", error);
    }
    shmring_os_segment_init(&seg);
    shmring_windows_name(name, "", wide);
    section = CreateFileMappingW(INVALID_HANDLE_VALUE, attributes, PAGE_READWRITE,
                                 (DWORD)(size >> 32), (DWORD)size, wide);
    error = GetLastError();
    shmring_windows_secure_end(&secure);
    if (section == NULL) {
        return refuse(name, "making the section", error);
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
    (void)name; /* it had its name from the start; the magic is what others wait for */
    (void)seg;
    return SHMRING_OK;
}

/* NtQuerySection(SectionBasicInformation): the section's size. 0 when it cannot be had. */
static uint64_t size_of(HANDLE section)
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
        return 0;
    }
    return (uint64_t)basic.size.QuadPart;
}

/* Opens the section when its magic is there, which its creator stores last, or something else is.
 * In between it is closed: a creator that died leaves a name that lives by those who wait for it.
 * NULL with *ret_error. */
static HANDLE open_finished(const wchar_t *name, DWORD access, DWORD *ret_error)
{
    const uint64_t deadline = shmring_os_clock_ns() + MAGIC_PATIENCE_NS;
    struct shmring_os_segment seg;
    uint64_t magic;
    HANDLE section;

    do {
        section = OpenFileMappingW(access, FALSE, name);
        *ret_error = GetLastError();
        if (section == NULL) {
            return NULL;
        }
        shmring_os_segment_init(&seg);
        seg.object = (intptr_t)section;
        seg.size = size_of(section);
        magic = 0;
        if (!shmring_os_read(&seg, SHMRING_GEOMETRY_AT, &magic, sizeof magic) || magic != 0) {
            return section; /* when it is too short for a magic, the geometry's check says so */
        }
        (void)CloseHandle(section);
        Sleep(1);
    } while (shmring_os_clock_ns() < deadline);
    *ret_error = ERROR_TIMEOUT;
    return NULL;
}

shmring_status shmring_os_open(const struct shmring_name *name, int write, int any_owner,
                               struct shmring_os_segment *ret)
{
    struct shmring_os_segment seg;
    wchar_t wide[SHMRING_WINDOWS_NAME_SIZE];
    shmring_status status;
    HANDLE section;
    DWORD error;

    shmring_os_segment_init(&seg);
    shmring_windows_name(name, "", wide);
    section = open_finished(
        wide, (write ? FILE_MAP_WRITE : 0) | FILE_MAP_READ | READ_CONTROL | SECTION_QUERY, &error);
    if (section == NULL && error == ERROR_TIMEOUT) {
        return shmring_fail(
            SHMRING_E_CORRUPT,
            "ring '%s': it has had no magic for 2 seconds: who makes it is stopped, "
            "or another program has overwritten it; end the programs that have it "
            "open",
            name->full);
    }
    if (section == NULL) {
        return refuse(name, "opening the section", error);
    }
    seg.object = (intptr_t)section;
    seg.name = *name;
    seg.size = size_of(section);
    seg.any_owner = any_owner;
    if (!any_owner && !shmring_windows_is_ours(section)) {
        shmring_os_segment_drop(&seg);
        return refuse(name, "opening the section", ERROR_ACCESS_DENIED);
    }
    (void)shmring_os_read(&seg, offsetof(struct shmring_geometry_page, permissions), &seg.mode,
                          sizeof seg.mode); /* kept there, and nowhere else */
    status = write ? open_admin(name, &seg) : SHMRING_OK;
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
    void *view = view_of(seg, at, n, FILE_MAP_READ, &bytes);

    if (view == NULL) {
        return 0;
    }
    memcpy(buf, bytes, n);
    (void)UnmapViewOfFile(view);
    return 1;
}

int shmring_os_write(const struct shmring_os_segment *seg, uint64_t at, const void *buf, size_t n)
{
    unsigned char *bytes;
    void *view = view_of(seg, at, n, FILE_MAP_WRITE, &bytes);

    if (view == NULL) {
        return 0;
    }
    memcpy(bytes, buf, n);
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

shmring_status shmring_os_list(int (*each)(const char *name, int own, void *arg), void *arg)
{
    (void)each;
    (void)arg;
    return shmring_fail(SHMRING_E_UNSUPPORTED,
                        "Windows has no list of sections to ask for: name the ring (shmring stat "
                        "NAME), or look with WinObj under \\Sessions\\N\\BaseNamedObjects");
}

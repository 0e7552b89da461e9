/* SPDX-License-Identifier: MIT */
#include "windows_imports.h"

#include <stdio.h>
#include <string.h>

#define WIN32_LEAN_AND_MEAN
#include <aclapi.h>
#include <sddl.h>
#include <windows.h>
#include <winternl.h>

#define OTHER_ERROR 0x2FEE02u /* what a call that succeeds leaves behind */

/* The import of a function of that many bytes of arguments. */
#if defined(__i386__)
#define IMPORT(name, bytes) __asm__("__imp__" #name "@" #bytes)
#else
#define IMPORT(name, bytes) __asm__("__imp_" #name)
#endif

__declspec(dllimport) LONG NTAPI
    LdrGetProcedureAddress(HMODULE module, ANSI_STRING *name, ULONG number, FARPROC *ret);

static DWORD the_thread; /* others, such as a timer's, are left alone */
static unsigned refuse_at, calls;
static DWORD refuse_with;
static const char *refused, *hidden, *denied[4];
static struct imports_balance balance;
static int mapped_late, misuses;

typedef PVOID(WINAPI *virtual_alloc2)(HANDLE, PVOID, SIZE_T, ULONG, ULONG, void *, ULONG);
typedef PVOID(WINAPI *map_view3)(HANDLE, HANDLE, PVOID, ULONG64, SIZE_T, ULONG, ULONG, void *,
                                 ULONG);

static void misuse(const char *what)
{
    printf("# %s\n", what);
    misuses++;
}

/* The system's own; GetProcAddress() is one of those that we have taken. */
static FARPROC real(const char *name)
{
    static const wchar_t *const libraries[] = {L"kernel32.dll", L"advapi32.dll"};
    ANSI_STRING text;
    FARPROC ret = NULL;
    size_t i;

    RtlInitAnsiString(&text, name);
    for (i = 0; i < 2; i++) {
        if (LdrGetProcedureAddress(GetModuleHandleW(libraries[i]), &text, 0, &ret) >= 0) {
            return ret;
        }
    }
    return NULL;
}

static int is_counted(void)
{
    return refuse_at != 0 && GetCurrentThreadId() == the_thread;
}

/* Whether this call is to be refused. */
static int refuse(const char *name)
{
    size_t i;

    name = strchr(name, '_') + 1; /* fake_ */
    for (i = 0; i < 4 && denied[i] != NULL; i++) {
        if (strcmp(denied[i], name) == 0) {
            SetLastError(ERROR_ACCESS_DENIED);
            return 1;
        }
    }
    if (is_counted() && ++calls == refuse_at) {
        refused = name;
        SetLastError(refuse_with);
        return 1;
    }
    return 0;
}

/* After a call that says nothing by GetLastError(). */
static void forget(void)
{
    if (is_counted()) {
        SetLastError(OTHER_ERROR);
    }
}

static void count(int *what, int change)
{
    if (GetCurrentThreadId() == the_thread) {
        *what += change;
    }
}

/* TAKE makes the import ours: arguments in parentheses, by declaration and by name. */
#define TAKE(result, name, bytes, declared, passed, failure, succeeded)                            \
    static result WINAPI fake_##name declared                                                      \
    {                                                                                              \
        union {                                                                                    \
            FARPROC any;                                                                           \
            __typeof__(&name) call;                                                                \
        } theirs = {real(#name)};                                                                  \
        result ret;                                                                                \
        if (refuse(__func__)) {                                                                    \
            return failure;                                                                        \
        }                                                                                          \
        ret = theirs.call passed;                                                                  \
        succeeded;                                                                                 \
        return ret;                                                                                \
    }                                                                                              \
    extern __typeof__(&name) import_##name IMPORT(name, bytes);                                    \
    __typeof__(&name) import_##name = fake_##name;

/* The same for a call that gives something back, and is not refused. */
#define TAKE_END(result, name, bytes, declared, passed, succeeded)                                 \
    static result WINAPI fake_##name declared                                                      \
    {                                                                                              \
        union {                                                                                    \
            FARPROC any;                                                                           \
            __typeof__(&name) call;                                                                \
        } theirs = {real(#name)};                                                                  \
        result ret = theirs.call passed;                                                           \
        succeeded;                                                                                 \
        return ret;                                                                                \
    }                                                                                              \
    extern __typeof__(&name) import_##name IMPORT(name, bytes);                                    \
    __typeof__(&name) import_##name = fake_##name;

#define OPENED(what)                                                                               \
    do {                                                                                           \
        DWORD error_ = GetLastError();                                                             \
        count(&balance.what, ret ? 1 : 0);                                                         \
        SetLastError(error_);                                                                      \
    } while (0)
#define CLOSED(what)                                                                               \
    do {                                                                                           \
        count(&balance.what, -1);                                                                  \
        forget();                                                                                  \
    } while (0)

TAKE(HANDLE, CreateFileMappingW, 24,
     (HANDLE f, LPSECURITY_ATTRIBUTES s, DWORD p, DWORD high, DWORD low, LPCWSTR n),
     (f, s, p, high, low, n), NULL, OPENED(handles))
TAKE(HANDLE, OpenFileMappingW, 12, (DWORD access, WINBOOL inherit, LPCWSTR n), (access, inherit, n),
     NULL, OPENED(handles))
TAKE(HANDLE, CreateEventW, 16, (LPSECURITY_ATTRIBUTES s, WINBOOL manual, WINBOOL set, LPCWSTR n),
     (s, manual, set, n), NULL, OPENED(handles))
TAKE(HANDLE, OpenEventW, 12, (DWORD access, WINBOOL inherit, LPCWSTR n), (access, inherit, n), NULL,
     OPENED(handles))
TAKE(HANDLE, CreateMutexW, 12, (LPSECURITY_ATTRIBUTES s, WINBOOL owned, LPCWSTR n), (s, owned, n),
     NULL, OPENED(handles))
TAKE(HANDLE, OpenProcess, 12, (DWORD access, WINBOOL inherit, DWORD pid), (access, inherit, pid),
     NULL, OPENED(handles))
TAKE(WINBOOL, OpenProcessToken, 12, (HANDLE p, DWORD access, PHANDLE to), (p, access, to), FALSE,
     OPENED(handles))
TAKE_END(WINBOOL, CloseHandle, 4, (HANDLE h), (h), CLOSED(handles))
TAKE(LPVOID, MapViewOfFile, 20, (HANDLE s, DWORD access, DWORD high, DWORD low, SIZE_T n),
     (s, access, high, low, n), NULL, OPENED(views))
TAKE(LPVOID, MapViewOfFileEx, 24,
     (HANDLE s, DWORD access, DWORD high, DWORD low, SIZE_T n, LPVOID at),
     (s, access, high, low, n, at), NULL, OPENED(views))
TAKE_END(WINBOOL, UnmapViewOfFile, 4, (LPCVOID at), (at), CLOSED(views))
TAKE(WINBOOL, GetTokenInformation, 20,
     (HANDLE t, TOKEN_INFORMATION_CLASS what, LPVOID to, DWORD size, PDWORD got),
     (t, what, to, size, got), FALSE, forget())
TAKE(WINBOOL, ConvertSidToStringSidA, 8, (PSID sid, LPSTR *to), (sid, to), FALSE, OPENED(blocks))
TAKE(WINBOOL, ConvertStringSecurityDescriptorToSecurityDescriptorA, 16,
     (LPCSTR text, DWORD revision, PSECURITY_DESCRIPTOR *to, PULONG size),
     (text, revision, to, size), FALSE, OPENED(blocks))
TAKE(DWORD, GetSecurityInfo, 32,
     (HANDLE h, SE_OBJECT_TYPE t, SECURITY_INFORMATION what, PSID *o, PSID *g, PACL *d, PACL *s,
      PSECURITY_DESCRIPTOR *to),
     (h, t, what, o, g, d, s, to), GetLastError(), count(&balance.blocks, ret == ERROR_SUCCESS))
TAKE_END(HLOCAL, LocalFree, 4, (HLOCAL block), (block),
         (count(&balance.blocks, block != NULL ? -1 : 0), forget()))
TAKE(WINBOOL, PrivilegeCheck, 12, (HANDLE t, PPRIVILEGE_SET set, LPBOOL has), (t, set, has), FALSE,
     forget())
TAKE(LPVOID, VirtualAlloc, 16, (LPVOID at, SIZE_T n, DWORD how, DWORD access), (at, n, how, access),
     NULL, (void)0)
TAKE(WINBOOL, VirtualProtect, 16, (LPVOID at, SIZE_T n, DWORD access, PDWORD old),
     (at, n, access, old), FALSE, (void)0)
TAKE(DWORD, WaitForSingleObject, 8, (HANDLE h, DWORD ms), (h, ms), WAIT_FAILED, forget())
TAKE(WINBOOL, CreateTimerQueueTimer, 28,
     (PHANDLE to, HANDLE queue, WAITORTIMERCALLBACK call, PVOID arg, DWORD due, DWORD period,
      ULONG flags),
     (to, queue, call, arg, due, period, flags), FALSE, OPENED(timers))
TAKE_END(WINBOOL, DeleteTimerQueueTimer, 12, (HANDLE queue, HANDLE timer, HANDLE done),
         (queue, timer, done), CLOSED(timers))

/* ---- placeholders, as Microsoft describes them; wine 8 has none ---- */

#define PLACEHOLDERS_MAX 8

static struct {
    char *at;
    size_t size;
} placeholders[PLACEHOLDERS_MAX];

static int placeholder_at(const void *at)
{
    int i = 0;

    while (i < PLACEHOLDERS_MAX && placeholders[i].at != at) {
        i++;
    }
    return i;
}

static void add_placeholder(char *at, size_t size)
{
    const int i = placeholder_at(NULL);

    if (i == PLACEHOLDERS_MAX) {
        misuse("there are too many placeholders");
    } else {
        placeholders[i].at = at;
        placeholders[i].size = size;
    }
}

static PVOID WINAPI fake_VirtualAlloc2(HANDLE process, PVOID at, SIZE_T n, ULONG how, ULONG access,
                                       void *more, ULONG count_of_more)
{
    void *ret;

    if (process != NULL || at != NULL || how != (MEM_RESERVE | 0x40000u) ||
        access != PAGE_NOACCESS || more != NULL || count_of_more != 0) {
        misuse("VirtualAlloc2() is not asked for a placeholder");
    }
    if (refuse(__func__)) {
        return NULL;
    }
    ret = VirtualAlloc(NULL, n, MEM_RESERVE, PAGE_NOACCESS); /* where there is room */
    if (ret != NULL) {
        (void)VirtualFree(ret, 0, MEM_RELEASE);
        add_placeholder(ret, n);
    }
    return ret;
}

static WINBOOL WINAPI fake_VirtualFree(LPVOID at, SIZE_T n, DWORD how)
{
    union {
        FARPROC any;
        __typeof__(&VirtualFree) call;
    } theirs = {real("VirtualFree")};
    const int i = at != NULL ? placeholder_at(at) : PLACEHOLDERS_MAX;

    if (i == PLACEHOLDERS_MAX) {
        if (!theirs.call(at, n, how)) {
            misuse("VirtualFree() of what is not there");
            return FALSE;
        }
        return TRUE;
    }
    if ((how & 2) == 0) { /* given back, whole */
        placeholders[i].at = NULL;
        return TRUE;
    }
    if (refuse(__func__)) {
        return FALSE;
    }
    if (how != (MEM_RELEASE | 2) || n >= placeholders[i].size) {
        misuse("a placeholder is cut at its end, or beyond");
        return FALSE;
    }
    add_placeholder((char *)at + n, placeholders[i].size - n);
    placeholders[i].size = n;
    return TRUE;
}
extern __typeof__(&VirtualFree) import_VirtualFree IMPORT(VirtualFree, 12);
__typeof__(&VirtualFree) import_VirtualFree = fake_VirtualFree;

static PVOID WINAPI fake_MapViewOfFile3(HANDLE section, HANDLE process, PVOID at, ULONG64 offset,
                                        SIZE_T n, ULONG how, ULONG access, void *more,
                                        ULONG count_of_more)
{
    union {
        FARPROC any;
        __typeof__(&MapViewOfFileEx) call;
    } theirs = {real("MapViewOfFileEx")};
    const int i = placeholder_at(at);
    void *ret;

    if (process != GetCurrentProcess() || how != 0x4000u || more != NULL || count_of_more != 0 ||
        i == PLACEHOLDERS_MAX || placeholders[i].size != n) {
        misuse("MapViewOfFile3() does not replace one placeholder");
    }
    if (refuse(__func__)) {
        return NULL;
    }
    ret = theirs.call(section, access == PAGE_READWRITE ? FILE_MAP_WRITE : FILE_MAP_READ,
                      (DWORD)(offset >> 32), (DWORD)offset, n, at);
    if (ret != NULL && i < PLACEHOLDERS_MAX) {
        placeholders[i].at = NULL;
    }
    mapped_late += ret != NULL;
    count(&balance.views, ret != NULL);
    return ret;
}

static FARPROC WINAPI fake_GetProcAddress(HMODULE module, LPCSTR name)
{
    const struct {
        const char *name;
        union {
            FARPROC any;
            virtual_alloc2 alloc;
            map_view3 map;
        } ours;
    } late[] = {{"VirtualAlloc2", {.alloc = fake_VirtualAlloc2}},
                {"MapViewOfFile3", {.map = fake_MapViewOfFile3}}};
    ANSI_STRING text;
    FARPROC ret = NULL;
    size_t i;

    if ((uintptr_t)name >> 16 == 0) { /* a number */
        return LdrGetProcedureAddress(module, NULL, (ULONG)(uintptr_t)name, &ret) >= 0 ? ret : NULL;
    }
    RtlInitAnsiString(&text, name);
    if ((hidden != NULL && strcmp(name, hidden) == 0) ||
        LdrGetProcedureAddress(module, &text, 0, &ret) < 0) {
        SetLastError(ERROR_PROC_NOT_FOUND);
        return NULL;
    }
    for (i = 0; i < sizeof late / sizeof late[0]; i++) {
        ret = strcmp(name, late[i].name) == 0 ? late[i].ours.any : ret;
    }
    return ret;
}
extern __typeof__(&GetProcAddress) import_GetProcAddress IMPORT(GetProcAddress, 8);
__typeof__(&GetProcAddress) import_GetProcAddress = fake_GetProcAddress;

/* ---- for the test ---- */

void imports_refuse(unsigned n, unsigned long error)
{
    the_thread = GetCurrentThreadId();
    refuse_at = n;
    refuse_with = error;
    calls = 0;
    refused = NULL;
}

const char *imports_refused(void)
{
    return refused;
}

/* Not where it is one of several ways, or the library has a sentence of its own for it: a look at
 * the header that failed, no memory for a handle. */
int imports_says_why(const char *call)
{
    return strcmp(call, "MapViewOfFile") != 0 && strcmp(call, "VirtualAlloc") != 0;
}

void imports_deny(const char *call)
{
    size_t i = 0;

    while (call != NULL && i < 3 && denied[i] != NULL) {
        i++;
    }
    if (call == NULL) {
        memset(denied, 0, sizeof denied);
    } else {
        denied[i] = call;
    }
}

void imports_hide(const char *function)
{
    hidden = function;
}

struct imports_balance imports_balance(void)
{
    return balance;
}

int imports_mapped_late(void)
{
    return mapped_late;
}

int imports_misused(void)
{
    int i, n = misuses;

    for (i = 0; i < PLACEHOLDERS_MAX; i++) {
        n += placeholders[i].at != NULL;
    }
    return n;
}

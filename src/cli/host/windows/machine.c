/* SPDX-License-Identifier: MIT */
/* machine.c - host.h on Windows: the machine, and where on it we run. */
#include "host/windows/windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"

#define MASK_BITS (8u * (unsigned)sizeof(DWORD_PTR))

typedef LONG(WINAPI *rtl_get_version)(OSVERSIONINFOW *);
typedef const char *(*wine_get_version)(void);

/* A function of ntdll's; NULL when it has none of that name. Through void *, as the types of
 * functions have nothing in common. */
static void *ntdll_function(const char *name)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    FARPROC found = ntdll != NULL ? GetProcAddress(ntdll, name) : NULL;
    void *ret = NULL;

    memcpy(&ret, &found, sizeof ret);
    return ret;
}

/* GetVersionEx() tells a program without a manifest of an older system. */
static void describe_system(char *ret, size_t size)
{
    void *of_windows = ntdll_function("RtlGetVersion");
    void *of_wine = ntdll_function("wine_get_version");
    OSVERSIONINFOW about = {sizeof about, 0, 0, 0, 0, {0}};
    rtl_get_version get = NULL;
    wine_get_version wine = NULL;
    int n;

    memcpy(&get, &of_windows, sizeof get);
    memcpy(&wine, &of_wine, sizeof wine);
    if (get != NULL) {
        (void)get(&about);
    }
    n = snprintf(ret, size, "Windows %lu.%lu.%lu", about.dwMajorVersion, about.dwMinorVersion,
                 about.dwBuildNumber);
    if (wine != NULL && n > 0) {
        (void)snprintf(ret + n, size - (size_t)n, " (Wine %.40s)", wine());
    }
}

/* The processors of our group that this process may use, a bit for each. */
static DWORD_PTR processors(void)
{
    DWORD_PTR ours = 0, all = 0;

    return GetProcessAffinityMask(GetCurrentProcess(), &ours, &all) ? ours : 0;
}

void host_describe(struct host_machine *ret)
{
    wchar_t wide[sizeof ret->cpu] = L"";
    DWORD size = sizeof wide - sizeof wide[0];
    DWORD_PTR mask = processors();
    char *name;

    memset(ret, 0, sizeof *ret);
    (void)RegGetValueW(HKEY_LOCAL_MACHINE, L"HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0",
                       L"ProcessorNameString", RRF_RT_REG_SZ, NULL, wide, &size);
    name = host_utf8(wide);
    (void)snprintf(ret->cpu, sizeof ret->cpu, "%.*s", (int)sizeof ret->cpu - 1,
                   name != NULL && name[0] != '\0' ? name : "a processor without a name");
    free(name);
    for (; mask != 0; mask &= mask - 1) {
        ret->cores++;
    }
    describe_system(ret->system, sizeof ret->system);
}

/* The processors on the same core as this one; only itself when the system does not tell. */
static DWORD_PTR siblings(unsigned cpu)
{
    const DWORD_PTR self = (DWORD_PTR)1 << cpu;
    SYSTEM_LOGICAL_PROCESSOR_INFORMATION *all;
    DWORD size = 0, i;
    DWORD_PTR found = self;

    (void)GetLogicalProcessorInformation(NULL, &size);
    all = malloc(size > 0 ? size : 1);
    if (all != NULL && GetLogicalProcessorInformation(all, &size)) {
        for (i = 0; i < size / sizeof *all; i++) {
            if (all[i].Relationship == RelationProcessorCore &&
                (all[i].ProcessorMask & self) != 0) {
                found = all[i].ProcessorMask;
            }
        }
    }
    free(all);
    return found;
}

static unsigned lowest(DWORD_PTR mask)
{
    unsigned n = 0;

    while ((mask >> n & 1) == 0) {
        n++;
    }
    return n;
}

int host_pick_cpus(unsigned *ret_first, unsigned *ret_second)
{
    DWORD_PTR mask = processors(), others, apart;
    unsigned first;

    if (mask == 0 || (mask & (mask - 1)) == 0) {
        return host_failed_with(ERROR_NOT_SUPPORTED);
    }
    first = lowest(mask);
    others = mask & (mask - 1);
    apart = others & ~siblings(first);
    *ret_first = first;
    *ret_second = lowest(apart != 0 ? apart : others);
    return 1;
}

size_t host_list_cpus(unsigned *ret, size_t room)
{
    DWORD_PTR mask = processors();
    unsigned cpu;
    size_t n = 0;

    for (cpu = 0; cpu < MASK_BITS; cpu++) {
        if ((mask >> cpu & 1) != 0) {
            if (n < room) {
                ret[n] = cpu;
            }
            n++;
        }
    }
    return n != 0 ? n : (size_t)host_failed();
}

/* The thread, not the process: a child would inherit the process's processors. */
int host_pin(unsigned cpu)
{
    if (cpu >= MASK_BITS) {
        return host_failed_with(ERROR_INVALID_PARAMETER);
    }
    return SetThreadAffinityMask(GetCurrentThread(), (DWORD_PTR)1 << cpu) != 0 ? 1 : host_failed();
}

/* ---- what the kernel says of the machine: nothing in files ---- */

int64_t host_tree_read(const char *root, const char *path, char *ret, size_t size)
{
    (void)root;
    (void)path;
    (void)ret;
    (void)size;
    return -1;
}

size_t host_tree_numbers(const char *root, const char *path, const char *stem, unsigned *ret,
                         size_t room)
{
    (void)root;
    (void)path;
    (void)stem;
    (void)ret;
    (void)room;
    return 0;
}

int host_shm_space(uint64_t *ret_size, uint64_t *ret_free)
{
    (void)ret_size;
    (void)ret_free;
    return host_failed_with(ERROR_NOT_SUPPORTED);
}

int host_has_membarrier(void)
{
    return -1;
}

int host_has_futex_waitv(void)
{
    return -1;
}

/* ---- users: who may open a ring is its security descriptor ---- */

void host_user_name(uint64_t user, char *ret, size_t size)
{
    (void)user;
    (void)snprintf(ret, size, "-");
}

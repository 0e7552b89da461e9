/* SPDX-License-Identifier: MIT */
/* event.c - os.h's sleeping, waking, clocks and identity.
 *
 * A bell has a named auto-reset event. An event that nobody waited for stays set and ends the next
 * sleep early, which looks again and goes on. Beside it a sleeper waits for the other side's
 * process, so that a death ends the sleep at once.
 */
#include "os/windows/windows.h"

#include <string.h>

/* The half of the bell that a sleeper compares. */
static uint32_t low_half(const struct shmring_os_bell *at)
{
    return (uint32_t)shmring_load_acquire(at->word);
}

static HANDLE event_of(const struct shmring_os_bell *at)
{
    return (HANDLE)at->seg->more[at->waiter == SHMRING_ROLE_CONSUMER ? MORE_DATA : MORE_SPACE];
}

/* Whole milliseconds, so that a sleep does not end before its time; never INFINITE. */
static DWORD milliseconds(uint64_t ns)
{
    uint64_t ms = ns / 1000000u + (ns % 1000000u != 0);

    return ms < 0x7FFFFFFFu ? (DWORD)ms : 0x7FFFFFFFu;
}

void shmring_os_sleep(const struct shmring_os_bell *at, uint32_t expected, uint64_t timeout_ns)
{
    HANDLE both[2] = {event_of(at), NULL};
    DWORD n = 1;

    if (low_half(at) != expected) {
        return;
    }
    if (at->peer_pid != 0) {
        both[1] = OpenProcess(SYNCHRONIZE, FALSE, (DWORD)at->peer_pid);
        n = both[1] != NULL ? 2 : 1;
    }
    /* A process that has ended stays signalled: whoever took its number is asked for by its role.
     */
    if (n == 2 && WaitForSingleObject(both[1], 0) == WAIT_OBJECT_0) {
        n = 1;
    }
    (void)WaitForMultipleObjects(n, both, FALSE, milliseconds(timeout_ns));
    if (both[1] != NULL) {
        (void)CloseHandle(both[1]);
    }
}

void shmring_os_wake(const struct shmring_os_bell *at)
{
    DWORD kept = GetLastError();

    (void)SetEvent(event_of(at));
    SetLastError(kept);
}

void shmring_os_yield(void)
{
    (void)SwitchToThread();
}

int shmring_os_sleep_any(const struct shmring_os_bell *bells, const uint32_t *expected, uint32_t n,
                         uint64_t timeout_ns)
{
    HANDLE events[MAXIMUM_WAIT_OBJECTS];
    uint32_t i;

    if (n > MAXIMUM_WAIT_OBJECTS) {
        return 0;
    }
    for (i = 0; i < n; i++) {
        if (low_half(&bells[i]) != expected[i]) {
            return 1;
        }
        events[i] = event_of(&bells[i]);
    }
    (void)WaitForMultipleObjects(n, events, FALSE, milliseconds(timeout_ns));
    return 1;
}

/* FlushProcessWriteBuffers() reaches the threads of one process only. */
int shmring_os_barrier_register(void)
{
    return 0;
}

int shmring_os_barrier(void)
{
    return 0;
}

/* ---- time ---- */

uint64_t shmring_os_clock_ns(void)
{
    LARGE_INTEGER now, hz;
    uint64_t ticks, rate;

    (void)QueryPerformanceFrequency(&hz);
    (void)QueryPerformanceCounter(&now);
    ticks = (uint64_t)now.QuadPart;
    rate = (uint64_t)hz.QuadPart;
    return ticks / rate * 1000000000u + ticks % rate * 1000000000u / rate;
}

static uint64_t since_1970_ns(const FILETIME *t)
{
    const uint64_t ticks = (uint64_t)t->dwHighDateTime << 32 | t->dwLowDateTime;

    return (ticks - UINT64_C(116444736000000000)) * 100; /* 1601 to 1970, in 100 ns */
}

uint64_t shmring_os_realtime_ns(void)
{
    FILETIME now;

    GetSystemTimeAsFileTime(&now);
    return since_1970_ns(&now);
}

/* ---- this process ---- */

uint64_t shmring_os_user(void)
{
    return 0;
}

uint64_t shmring_os_pid(void)
{
    return GetCurrentProcessId();
}

uint64_t shmring_windows_start_time(HANDLE process)
{
    FILETIME made, ended, kernel, user;

    return GetProcessTimes(process, &made, &ended, &kernel, &user) != 0 ? since_1970_ns(&made) : 0;
}

uint64_t shmring_os_start_time(void)
{
    return shmring_windows_start_time(GetCurrentProcess());
}

int shmring_os_is_process(uint64_t pid, uint64_t start_time)
{
    (void)pid;
    (void)start_time;
    return 1; /* one numbering for all */
}

void shmring_os_program(char name[16])
{
    wchar_t path[MAX_PATH];
    DWORD i, n = GetModuleFileNameW(NULL, path, MAX_PATH), base = 0;

    memset(name, 0, 16);
    for (i = 0; i < n; i++) {
        base = path[i] == L'\\' ? i + 1 : base;
    }
    for (i = 0; i < 16 && base + i < n; i++) {
        name[i] = path[base + i] < 128 ? (char)path[base + i] : '?';
    }
}

void shmring_os_random(uint64_t value[2])
{
    typedef BOOLEAN(NTAPI * gen_random)(void *, ULONG);
    union {
        FARPROC any;
        gen_random call;
    } random;
    HMODULE library = LoadLibraryW(L"advapi32.dll");

    random.any = library != NULL ? GetProcAddress(library, "SystemFunction036") : NULL;
    if (random.any == NULL || !random.call(value, 16)) {
        value[0] = shmring_os_realtime_ns();
        value[1] = shmring_os_clock_ns() ^ shmring_os_pid() << 32;
    }
}

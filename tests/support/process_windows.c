/* SPDX-License-Identifier: MIT */
/* process_windows.c - process.h on Windows: a child is this program again, told which function to
 * run. Test programs are linked at a fixed address (--disable-dynamicbase), so that a function's
 * address in the parent is its address in the child; shared memory lies at fixed addresses, too. */
#include "process.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#define SHARED_MAX   24
#define CHILDREN_MAX 16
#define KILLED       0x53484D52u /* the exit status of a child that we end */
#define COMMAND_SIZE 4096
#define MARK         "--run-body-of-process"

/* A block of shared memory; its section's handle is inherited, and means the same in a child. */
struct shared {
    HANDLE section;
    uintptr_t at;
    size_t size;
};

static struct shared shared[SHARED_MAX];
static struct {
    HANDLE process;
    pid_t id;
} children[CHILDREN_MAX];

#define SHARED_STEP ((uintptr_t)1 << (sizeof(void *) == 8 ? 28 : 24))

static uintptr_t slot_address(int i)
{
    /* Far from where programs, stacks and heaps lie; and rings, which go where there is room. */
    return ((uintptr_t)0x30000000u << (sizeof(void *) == 8 ? 12 : 0)) + (uintptr_t)i * SHARED_STEP;
}

static void give_up(const char *what)
{
    (void)fprintf(stderr, "# %s failed: error %lu\n", what, (unsigned long)GetLastError());
    exit(1);
}

static HANDLE *handle_of(pid_t child)
{
    int i;

    for (i = 0; i < CHILDREN_MAX; i++) {
        if (children[i].process != NULL && children[i].id == child) {
            return &children[i].process;
        }
    }
    (void)fprintf(stderr, "# process %ld is no child of this one\n", (long)child);
    exit(1);
}

void process_pause_us(uint64_t us)
{
    LARGE_INTEGER hz, now, end;

    if (us >= 1000) {
        Sleep((DWORD)((us + 999) / 1000));
        return;
    }
    (void)QueryPerformanceFrequency(&hz);
    (void)QueryPerformanceCounter(&end);
    end.QuadPart += (LONGLONG)us * hz.QuadPart / 1000000;
    do {
        Sleep(0);
        (void)QueryPerformanceCounter(&now);
    } while (now.QuadPart < end.QuadPart);
}

/* ---- shared memory ---- */

static int map_shared(int i)
{
    return MapViewOfFileEx(shared[i].section, FILE_MAP_WRITE, 0, 0, shared[i].size,
                           (void *)shared[i].at) == (void *)shared[i].at;
}

void *process_shared(size_t size)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    int i = 0;

    while (i < SHARED_MAX && shared[i].section != NULL) {
        i++;
    }
    if (i == SHARED_MAX || size > SHARED_STEP) {
        (void)fprintf(stderr, "# no room for %zu more shared bytes\n", size);
        exit(1);
    }
    shared[i].section =
        CreateFileMappingW(INVALID_HANDLE_VALUE, &inherited, PAGE_READWRITE, 0, (DWORD)size, NULL);
    shared[i].at = slot_address(i);
    shared[i].size = size;
    if (shared[i].section == NULL || !map_shared(i)) {
        give_up("sharing memory");
    }
    return (void *)shared[i].at;
}

void process_unshare(void *block, size_t size)
{
    int i;

    (void)size;
    for (i = 0; i < SHARED_MAX; i++) {
        if (shared[i].section != NULL && shared[i].at == (uintptr_t)block) {
            (void)UnmapViewOfFile(block);
            (void)CloseHandle(shared[i].section);
            shared[i].section = NULL;
        }
    }
}

/* ---- children ---- */

/* All children, and their end with ours. */
static HANDLE job(void)
{
    static HANDLE made;
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;

    if (made == NULL) {
        memset(&limits, 0, sizeof limits);
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        made = CreateJobObjectW(NULL, NULL);
        if (made == NULL || !SetInformationJobObject(made, JobObjectExtendedLimitInformation,
                                                     &limits, sizeof limits)) {
            give_up("making a job");
        }
    }
    return made;
}

pid_t process_start(int (*body)(void *arg), void *arg)
{
    char command[COMMAND_SIZE], path[MAX_PATH];
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION child;
    int i, n;

    (void)fflush(NULL);
    if (GetModuleFileNameA(NULL, path, sizeof path) == 0) {
        give_up("asking for this program's name");
    }
    n = snprintf(command, sizeof command, "\"%s\" " MARK " %" PRIxPTR " %" PRIxPTR, path,
                 (uintptr_t)body, (uintptr_t)arg);
    for (i = 0; i < SHARED_MAX; i++) {
        if (shared[i].section != NULL) {
            n += snprintf(command + n, sizeof command - (size_t)n, " %d:%" PRIxPTR ":%zx", i,
                          (uintptr_t)shared[i].section, shared[i].size);
        }
    }
    for (i = 0; i < CHILDREN_MAX && children[i].process != NULL; i++) {
    }
    if (i == CHILDREN_MAX || !CreateProcessA(NULL, command, NULL, NULL, TRUE, CREATE_SUSPENDED,
                                             NULL, NULL, &startup, &child)) {
        give_up("starting a process");
    }
    (void)AssignProcessToJobObject(job(), child.hProcess);
    (void)ResumeThread(child.hThread);
    (void)CloseHandle(child.hThread);
    children[i].process = child.hProcess;
    children[i].id = (pid_t)child.dwProcessId;
    return children[i].id;
}

/* In a child: runs its body before main() could begin. */
__attribute__((constructor)) static void run_if_child(void)
{
    char *rest = strstr(GetCommandLineA(), MARK " ");
    union {
        uintptr_t number;
        int (*body)(void *arg);
    } call;
    uintptr_t arg;
    int result;

    if (rest == NULL) {
        return;
    }
    rest += strlen(MARK);
    call.number = (uintptr_t)strtoull(rest, &rest, 16);
    arg = (uintptr_t)strtoull(rest, &rest, 16);
    while (*rest == ' ') {
        const int i = (int)strtol(rest, &rest, 10);

        shared[i].section = (HANDLE)(uintptr_t)strtoull(rest + 1, &rest, 16);
        shared[i].size = (size_t)strtoull(rest + 1, &rest, 16);
        shared[i].at = slot_address(i);
        if (!map_shared(i)) {
            give_up("mapping what is shared");
        }
    }
    result = call.body((void *)arg);
    (void)fflush(NULL);
    TerminateProcess(GetCurrentProcess(), (UINT)result); /* as _exit(): nothing is closed */
}

int process_has_ended(pid_t child)
{
    return WaitForSingleObject(*handle_of(child), 0) == WAIT_OBJECT_0;
}

int process_end(pid_t child)
{
    HANDLE *handle = handle_of(child);
    DWORD status = 255;

    (void)WaitForSingleObject(*handle, INFINITE);
    (void)GetExitCodeProcess(*handle, &status);
    (void)CloseHandle(*handle);
    *handle = NULL;
    return status == KILLED ? PROCESS_KILLED : (int)status;
}

int process_kill(pid_t child)
{
    (void)TerminateProcess(*handle_of(child), KILLED);
    return process_end(child);
}

void process_end_both(pid_t a, pid_t b, int *ret_a, int *ret_b)
{
    const HANDLE both[2] = {*handle_of(a), *handle_of(b)};

    if (WaitForMultipleObjects(2, both, FALSE, INFINITE) == WAIT_OBJECT_0) {
        *ret_a = process_end(a);
        *ret_b = *ret_a != 0 ? process_kill(b) : process_end(b);
    } else {
        *ret_b = process_end(b);
        *ret_a = *ret_b != 0 ? process_kill(a) : process_end(a);
    }
}

int process_refuse(enum process_call call, int error)
{
    (void)call;
    (void)error;
    return 0;
}

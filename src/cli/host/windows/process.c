/* SPDX-License-Identifier: MIT */
/* process.c - host.h on Windows: the second process, and what it is given. */
#include "host/windows/windows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"

#define PIPE_SIZE    65536u
#define COMMAND_ROOM 1024
#define PASS_MAX     8
/* The exit status of a child that we end: one that no program of ours returns. */
#define KILLED 0x53484D52u

/* ---- handles as numbers ---- */

static HANDLE handle_of(intptr_t number)
{
    return (HANDLE)number;
}

static void close_handle(intptr_t *number)
{
    if (*number != -1) {
        (void)CloseHandle(handle_of(*number));
        *number = -1;
    }
}

/* ---- links ---- */

/* A socket that has a path and no port came late, and not to every Windows; a TCP port would be
 * something else under the same name. */
int host_link_exists(enum host_link_kind kind)
{
    return kind == HOST_PIPE;
}

int host_link_make(struct host_link *ret, enum host_link_kind kind)
{
    HANDLE there[2], back[2];

    if (kind != HOST_PIPE) {
        return host_failed_with(ERROR_NOT_SUPPORTED);
    }
    if (!CreatePipe(&there[0], &there[1], NULL, PIPE_SIZE)) {
        return host_failed();
    }
    if (!CreatePipe(&back[0], &back[1], NULL, PIPE_SIZE)) {
        (void)host_failed();
        (void)CloseHandle(there[0]);
        (void)CloseHandle(there[1]);
        return 0;
    }
    *ret = (struct host_link){(intptr_t)back[0], (intptr_t)there[1], (intptr_t)there[0],
                              (intptr_t)back[1]};
    return 1;
}

void host_link_text(const struct host_link *link, char text[HOST_TEXT_SIZE])
{
    (void)snprintf(text, HOST_TEXT_SIZE, "%" PRIdPTR ",%" PRIdPTR, link->child_in, link->child_out);
}

int host_link_adopt(struct host_link *ret, const char *text)
{
    intptr_t in, out;

    if (sscanf(text, "%" SCNdPTR ",%" SCNdPTR, &in, &out) != 2) {
        return host_failed_with(ERROR_INVALID_PARAMETER);
    }
    *ret = (struct host_link){in, out, -1, -1};
    return 1;
}

void host_link_finish(struct host_link *link)
{
    close_handle(&link->out);
}

static void close_child_ends(struct host_link *link)
{
    close_handle(&link->child_in);
    close_handle(&link->child_out);
}

void host_link_close(struct host_link *link)
{
    close_child_ends(link);
    close_handle(&link->in);
    close_handle(&link->out);
}

int host_link_write(struct host_link *link, const void *buf, size_t n)
{
    const char *at = buf;
    DWORD put = 0;

    while (n > 0) {
        if (!WriteFile(handle_of(link->out), at, (DWORD)n, &put, NULL)) {
            return host_failed();
        }
        at += put;
        n -= put;
    }
    return 1;
}

/* A stop ends the child, and with it the read. */
int64_t host_link_read(struct host_link *link, void *buf, size_t n)
{
    DWORD got = 0;

    if (ReadFile(handle_of(link->in), buf, (DWORD)n, &got, NULL)) {
        return got;
    }
    if (GetLastError() == ERROR_BROKEN_PIPE) {
        return 0;
    }
    (void)host_failed();
    return -1;
}

/* ---- shared memory ---- */

static int map_shared(struct host_shared *ret, HANDLE object)
{
    void *at = MapViewOfFile(object, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    MEMORY_BASIC_INFORMATION about;

    if (at == NULL) {
        return host_failed();
    }
    if (VirtualQuery(at, &about, sizeof about) == 0) {
        (void)host_failed();
        (void)UnmapViewOfFile(at);
        return 0;
    }
    *ret = (struct host_shared){at, about.RegionSize, (intptr_t)object};
    return 1;
}

int host_shared_make(struct host_shared *ret, size_t size)
{
    HANDLE object = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE,
                                       (DWORD)((uint64_t)size >> 32), (DWORD)size, NULL);

    if (object == NULL) {
        return host_failed();
    }
    if (!map_shared(ret, object)) {
        (void)CloseHandle(object);
        return 0;
    }
    return 1;
}

void host_shared_text(const struct host_shared *shared, char text[HOST_TEXT_SIZE])
{
    (void)snprintf(text, HOST_TEXT_SIZE, "%" PRIdPTR, shared->object);
}

int host_shared_adopt(struct host_shared *ret, const char *text)
{
    intptr_t object;

    if (sscanf(text, "%" SCNdPTR, &object) != 1) {
        return host_failed_with(ERROR_INVALID_PARAMETER);
    }
    return map_shared(ret, handle_of(object));
}

void host_shared_close(struct host_shared *shared)
{
    if (shared->at != NULL) {
        (void)UnmapViewOfFile(shared->at);
        shared->at = NULL;
        close_handle(&shared->object);
    }
}

/* ---- the child ---- */

static HANDLE job; /* our children's; our handle is its only one: when we end, they do */
static SRWLOCK job_lock = SRWLOCK_INIT; /* a stop looks at it from another thread */

static HANDLE make_job(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;
    HANDLE ret = CreateJobObjectW(NULL, NULL);

    memset(&limits, 0, sizeof limits);
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    if (ret != NULL &&
        !SetInformationJobObject(ret, JobObjectExtendedLimitInformation, &limits, sizeof limits)) {
        (void)host_failed();
        (void)CloseHandle(ret);
        return NULL;
    }
    if (ret == NULL) {
        (void)host_failed();
    }
    return ret;
}

static int enter_job(HANDLE child)
{
    int ok;

    AcquireSRWLockExclusive(&job_lock);
    if (job == NULL) {
        job = make_job();
    }
    ok = job != NULL && (AssignProcessToJobObject(job, child) || host_failed());
    ReleaseSRWLockExclusive(&job_lock);
    return ok;
}

void host_stop_children(void)
{
    AcquireSRWLockExclusive(&job_lock);
    if (job != NULL) {
        (void)TerminateJobObject(job, KILLED);
    }
    ReleaseSRWLockExclusive(&job_lock);
}

/* The handles that a child is given, and no other of ours. */
struct passed {
    HANDLE handles[PASS_MAX];
    DWORD count;
};

static void pass(struct passed *p, HANDLE h)
{
    DWORD i;

    for (i = 0; i < p->count && p->handles[i] != h; i++) {
    }
    /* The list takes nothing twice, and only what may be inherited at all. */
    if (i == p->count && h != NULL && h != INVALID_HANDLE_VALUE &&
        SetHandleInformation(h, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT)) {
        p->handles[p->count++] = h;
    }
}

static int command_line(wchar_t line[COMMAND_ROOM], const char *const *args)
{
    char bytes[COMMAND_ROOM] = "shmring";
    size_t at = strlen(bytes);
    int i, n;

    for (i = 0; args[i] != NULL; i++) {
        if (args[i][0] == '\0' || strpbrk(args[i], " \t\"") != NULL) {
            return host_failed_with(ERROR_INVALID_PARAMETER); /* would need quoting */
        }
        n = snprintf(bytes + at, sizeof bytes - at, " %s", args[i]);
        if (n < 0 || (size_t)n >= sizeof bytes - at) {
            return host_failed_with(ERROR_FILENAME_EXCED_RANGE);
        }
        at += (size_t)n;
    }
    return MultiByteToWideChar(CP_UTF8, 0, bytes, -1, line, COMMAND_ROOM) > 0 ? 1 : host_failed();
}

/* Starts it stopped, so that it is in the job before it does anything. */
static int start_child(PROCESS_INFORMATION *ret, const char *const *args, struct passed *p)
{
    wchar_t path[MAX_PATH * 4], line[COMMAND_ROOM];
    DWORD path_length = GetModuleFileNameW(NULL, path, sizeof path / sizeof path[0]);
    STARTUPINFOEXW start;
    SIZE_T size = 0;
    int ok;

    if (path_length == 0 || path_length == sizeof path / sizeof path[0]) {
        return path_length == 0 ? host_failed() : host_failed_with(ERROR_FILENAME_EXCED_RANGE);
    }
    if (!command_line(line, args)) {
        return 0;
    }
    memset(&start, 0, sizeof start);
    start.StartupInfo.cb = sizeof start;
    start.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    start.StartupInfo.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    start.StartupInfo.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    start.StartupInfo.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    (void)InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    start.lpAttributeList = malloc(size);
    if (start.lpAttributeList == NULL ||
        !InitializeProcThreadAttributeList(start.lpAttributeList, 1, 0, &size)) {
        ok = start.lpAttributeList == NULL ? host_failed_with(ERROR_NOT_ENOUGH_MEMORY)
                                           : host_failed();
        free(start.lpAttributeList);
        return ok;
    }
    ok = UpdateProcThreadAttribute(start.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
                                   p->handles, p->count * sizeof p->handles[0], NULL, NULL) &&
         CreateProcessW(path, line, NULL, NULL, TRUE,
                        CREATE_SUSPENDED | EXTENDED_STARTUPINFO_PRESENT, NULL, NULL,
                        &start.StartupInfo, ret);
    if (!ok) {
        (void)host_failed();
    }
    DeleteProcThreadAttributeList(start.lpAttributeList);
    free(start.lpAttributeList);
    return ok;
}

int host_spawn_self(struct host_child *ret, const char *const *args, struct host_link *link,
                    const struct host_shared *shared)
{
    struct passed p = {{NULL}, 0};
    PROCESS_INFORMATION child;
    int ok;

    pass(&p, GetStdHandle(STD_INPUT_HANDLE));
    pass(&p, GetStdHandle(STD_OUTPUT_HANDLE));
    pass(&p, GetStdHandle(STD_ERROR_HANDLE));
    if (link != NULL) {
        pass(&p, handle_of(link->child_in));
        pass(&p, handle_of(link->child_out));
    }
    if (shared != NULL) {
        pass(&p, handle_of(shared->object));
    }
    ok = start_child(&child, args, &p);
    if (link != NULL) {
        close_child_ends(link);
    }
    if (!ok) {
        return 0;
    }
    ok = enter_job(child.hProcess) && (ResumeThread(child.hThread) != (DWORD)-1 || host_failed());
    if (!ok || host_stop_requested()) { /* the stop may have come before it was in the job */
        (void)TerminateProcess(child.hProcess, KILLED);
    }
    if (!ok) {
        (void)CloseHandle(child.hThread);
        (void)CloseHandle(child.hProcess);
        return 0;
    }
    (void)CloseHandle(child.hThread);
    memset(ret, 0, sizeof *ret);
    ret->id = (intptr_t)child.hProcess;
    ret->running = 1;
    return 1;
}

void host_become_child(void)
{
    (void)SetConsoleCtrlHandler(NULL, TRUE);
}

int host_child_runs(struct host_child *child)
{
    DWORD status = KILLED;

    if (!child->running) {
        return 0;
    }
    if (WaitForSingleObject(handle_of(child->id), 0) == WAIT_TIMEOUT) {
        return 1;
    }
    (void)GetExitCodeProcess(handle_of(child->id), &status);
    close_handle(&child->id);
    child->running = 0;
    /* Our own statuses are small; a larger one is an exception's, or of who ended it. */
    child->status = status < 256 ? (int)status : -1;
    if (status < 256) {
        (void)snprintf(child->how, sizeof child->how, "ended with status %lu", status);
    } else {
        (void)snprintf(child->how, sizeof child->how, "was ended from outside, or by 0x%08lX",
                       status);
    }
    return 0;
}

int host_child_wait(struct host_child *child)
{
    while (host_child_runs(child)) {
        if (host_stop_requested()) {
            (void)TerminateProcess(handle_of(child->id), KILLED);
        }
        (void)WaitForSingleObject(handle_of(child->id), 100);
    }
    return child->status == 0;
}

int host_child_end(struct host_child *child, uint64_t timeout_ns)
{
    const uint64_t start = host_clock_ns();
    uint64_t passed = 0;

    while (host_child_runs(child)) {
        if (passed >= timeout_ns || host_stop_requested()) {
            (void)TerminateProcess(handle_of(child->id), KILLED);
        }
        (void)WaitForSingleObject(handle_of(child->id), passed < timeout_ns ? 10 : 1000);
        passed = host_clock_ns() - start;
    }
    return child->status == 0;
}

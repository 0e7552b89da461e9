/* SPDX-License-Identifier: MIT */
/* host.c - host.h on Windows: start, errors, time and stopping. */
#include "host/windows/windows.h"

#include <fcntl.h>
#include <io.h>
#include <shellapi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"

#define SECOND_NS UINT64_C(1000000000)

#ifndef CREATE_WAITABLE_TIMER_HIGH_RESOLUTION /* Windows 10 1803; older headers lack it */
#define CREATE_WAITABLE_TIMER_HIGH_RESOLUTION 0x00000002
#endif

#define TICK_MS        20u
#define TICKS_GRACE    10u
#define STATUS_OF_STOP 130u /* what shells make of Ctrl-C */

static volatile sig_atomic_t stop_requested, is_urgent;
static HANDLE main_thread; /* NULL: it cannot be had */
static HANDLE stop_event;
static void (*on_stop)(void);
static SRWLOCK on_stop_lock = SRWLOCK_INIT; /* a stop arrives on a thread of its own */
static DWORD last_error;

/* ---- start ---- */

char *host_utf8(const wchar_t *text)
{
    int n = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *bytes = n > 0 ? malloc((size_t)n) : NULL;

    if (bytes != NULL) {
        (void)WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, n, NULL, NULL);
    }
    return bytes;
}

/* The C library's arguments have lost every character outside its code page. */
static void arguments_as_utf8(int *argc, char ***argv)
{
    int count = 0, i;
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &count);
    char **bytes = wide != NULL ? calloc((size_t)count + 1, sizeof *bytes) : NULL;

    for (i = 0; bytes != NULL && i < count; i++) {
        bytes[i] = host_utf8(wide[i]);
        if (bytes[i] == NULL) {
            return; /* no memory: the C library's will do */
        }
    }
    if (bytes != NULL) {
        *argc = count;
        *argv = bytes; /* until the program ends */
    }
    if (wide != NULL) {
        (void)LocalFree(wide);
    }
}

void host_start(int *argc, char ***argv)
{
    (void)_setmode(0, _O_BINARY);
    (void)_setmode(1, _O_BINARY);
    (void)_setmode(2, _O_BINARY);
    stop_event = CreateEventW(NULL, TRUE, FALSE, NULL);
    arguments_as_utf8(argc, argv);
}

/* ---- errors ---- */

int host_failed_with(DWORD error)
{
    last_error = error;
    return 0;
}

int host_failed(void)
{
    return host_failed_with(GetLastError());
}

DWORD host_last_error(void)
{
    return last_error;
}

const char *host_error(void)
{
    static char text[256];
    wchar_t wide[sizeof text];
    DWORD n = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
                                 FORMAT_MESSAGE_MAX_WIDTH_MASK,
                             NULL, last_error, 0, wide, sizeof wide / sizeof wide[0], NULL);
    int got = 0;

    while (n > 0 && (wide[n - 1] == L' ' || wide[n - 1] == L'.')) {
        n--;
    }
    if (n > 0) {
        got = WideCharToMultiByte(CP_UTF8, 0, wide, (int)n, text, sizeof text - 1, NULL, NULL);
    }
    text[got > 0 ? got : 0] = '\0';
    if (got <= 0) {
        (void)snprintf(text, sizeof text, "Windows error %lu", last_error);
    }
    return text;
}

/* ---- time ---- */

/* Windows counts tenths of microseconds from 1601. */
uint64_t host_epoch_ns(void)
{
    FILETIME t;

    GetSystemTimeAsFileTime(&t);
    return (((uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime) - UINT64_C(116444736000000000)) *
           100;
}

uint64_t host_clock_ns(void)
{
    static uint64_t frequency;
    LARGE_INTEGER t;
    uint64_t ticks;

    if (frequency == 0) {
        (void)QueryPerformanceFrequency(&t);
        frequency = (uint64_t)t.QuadPart;
    }
    (void)QueryPerformanceCounter(&t);
    ticks = (uint64_t)t.QuadPart;
    return ticks / frequency * SECOND_NS + ticks % frequency * SECOND_NS / frequency;
}

DWORD host_milliseconds(uint64_t ns)
{
    if (ns >= (uint64_t)(INFINITE - 1) * 1000000u) {
        return INFINITE;
    }
    return (DWORD)((ns + 999999) / 1000000);
}

/* A wait with a time-out ends with the system's tick, up to 16 ms late; a timer of high resolution
 * does not. */
static HANDLE sleep_timer(void)
{
    static HANDLE timer;

    if (timer == NULL) {
        timer = CreateWaitableTimerExW(NULL, NULL, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION,
                                       TIMER_ALL_ACCESS);
    }
    if (timer == NULL) {
        timer = CreateWaitableTimerExW(NULL, NULL, 0, TIMER_ALL_ACCESS);
    }
    return timer;
}

void host_sleep_ns(uint64_t ns)
{
    HANDLE both[2] = {sleep_timer(), stop_event};
    LARGE_INTEGER due;

    due.QuadPart = -(LONGLONG)(ns / 100 + 1); /* negative: from now, in 100 ns */
    if (both[0] == NULL || !SetWaitableTimer(both[0], &due, 0, NULL, NULL, FALSE)) {
        Sleep(host_milliseconds(ns));
    } else {
        (void)WaitForMultipleObjects(stop_requested ? 1 : 2, both, FALSE, INFINITE);
    }
}

void host_yield(void)
{
    (void)SwitchToThread();
}

uint64_t host_pid(void)
{
    return GetCurrentProcessId();
}

/* ---- stopping ---- */

HANDLE host_stop_event(void)
{
    return stop_event;
}

/* A call that blocks, and began to just after the request, is ended too; one that cannot be ended
 * ends with us. */
static DWORD WINAPI keep_stopping(void *arg)
{
    unsigned ticks = 0;

    for (;;) {
        Sleep(TICK_MS);
        (void)CancelSynchronousIo(arg);
        ticks += is_urgent != 0;
        if (ticks >= TICKS_GRACE) {
            ExitProcess(STATUS_OF_STOP);
        }
    }
}

static BOOL WINAPI stop_handler(DWORD what)
{
    HANDLE thread;

    if (stop_requested) {
        return FALSE; /* a second one ends us at once */
    }
    stop_requested = 1;
    thread =
        main_thread != NULL ? CreateThread(NULL, 0, keep_stopping, main_thread, 0, NULL) : NULL;
    if (thread != NULL) {
        (void)CloseHandle(thread);
    }
    (void)SetEvent(stop_event);
    host_stop_children();
    AcquireSRWLockExclusive(&on_stop_lock);
    if (on_stop != NULL) {
        on_stop();
    }
    ReleaseSRWLockExclusive(&on_stop_lock);
    if (what != CTRL_C_EVENT && what != CTRL_BREAK_EVENT) {
        Sleep(INFINITE); /* the window closes: we are ended when this returns, or in 5 seconds */
    }
    return TRUE;
}

void host_catch_stop(void (*call)(void))
{
    static int installed;

    AcquireSRWLockExclusive(&on_stop_lock);
    on_stop = call;
    ReleaseSRWLockExclusive(&on_stop_lock);
    if (!installed) {
        (void)DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(),
                              &main_thread, 0, FALSE, DUPLICATE_SAME_ACCESS);
        installed = SetConsoleCtrlHandler(stop_handler, TRUE) != 0;
    }
}

int host_stop_requested(void)
{
    return stop_requested;
}

void host_stop_is_urgent(int yes)
{
    is_urgent = yes;
}

/* ---- rings ---- */

int host_rings_outlive_processes(void)
{
    return 0;
}

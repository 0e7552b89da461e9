/* SPDX-License-Identifier: MIT */
/* stream.c - host.h on Windows: standard input and output, and the console. */
#include "host/windows/windows.h"

#include <stdlib.h>
#include <string.h>

#include "host/host.h"

#define WRITE_MAX   (1u << 20)
#define PIECE_SIZE  65536u
#define LOOK_MS_MAX 16u
#define LINE_MAX    4096u

#ifndef ENABLE_VIRTUAL_TERMINAL_PROCESSING /* Windows 10; older headers lack it */
#define ENABLE_VIRTUAL_TERMINAL_PROCESSING 0x0004
#endif

static int is_console(HANDLE h)
{
    DWORD mode;

    return GetConsoleMode(h, &mode) != 0;
}

int host_output_is_terminal(void)
{
    return is_console(GetStdHandle(STD_OUTPUT_HANDLE));
}

/* Of use to a line that renews itself, and that takes a console which knows the sequences. */
int host_error_is_terminal(void)
{
    HANDLE h = GetStdHandle(STD_ERROR_HANDLE);
    DWORD mode;

    return GetConsoleMode(h, &mode) &&
           ((mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0 ||
            SetConsoleMode(h, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING));
}

/* A file has no code page: what looks at it later will most likely have the console's. */
int host_output_is_utf8(void)
{
    return GetConsoleOutputCP() == CP_UTF8;
}

/* ---- input that cannot be looked at ---- */

/* A socket, and a pipe that wine was given by its own system: they can be read and nothing else. A
 * thread reads, one piece when one is asked for, and the caller waits for that. */
static struct {
    HANDLE wanted, there; /* the caller has asked; the piece, the end or an error is there */
    unsigned char *piece;
    DWORD at, end, error; /* at to end: not taken yet */
    int asked;
} reader;

/* The writer has closed. */
static int is_end(DWORD error)
{
    return error == ERROR_BROKEN_PIPE || error == ERROR_HANDLE_EOF;
}

static DWORD WINAPI read_pieces(void *input)
{
    while (WaitForSingleObject(reader.wanted, INFINITE) == WAIT_OBJECT_0) {
        reader.at = reader.end = reader.error = 0;
        if (!ReadFile(input, reader.piece, PIECE_SIZE, &reader.end, NULL)) {
            reader.error = GetLastError();
            reader.end = 0;
        }
        (void)SetEvent(reader.there);
    }
    return 0;
}

static int start_reader(HANDLE input)
{
    HANDLE thread = NULL;

    reader.piece = malloc(PIECE_SIZE);
    reader.wanted = CreateEventW(NULL, FALSE, FALSE, NULL);
    reader.there = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (reader.piece != NULL && reader.wanted != NULL && reader.there != NULL) {
        thread = CreateThread(NULL, 0, read_pieces, input, 0, NULL);
    }
    if (thread != NULL) {
        (void)CloseHandle(thread);
    }
    return thread != NULL; /* without it, a read waits where it should not: better than none */
}

static int needs_reader(HANDLE input)
{
    static int known, needs;
    DWORD available;

    if (!known) {
        known = 1;
        needs = GetFileType(input) == FILE_TYPE_PIPE &&
                !PeekNamedPipe(input, NULL, 0, NULL, &available, NULL) && !is_end(GetLastError()) &&
                start_reader(input);
    }
    return needs;
}

static int wait_reader(uint64_t timeout_ns)
{
    HANDLE both[2] = {host_stop_event(), reader.there}; /* the first counts when both are there */

    if (!reader.asked) {
        reader.asked = 1;
        (void)SetEvent(reader.wanted);
    }
    return WaitForMultipleObjects(2, both, FALSE, host_milliseconds(timeout_ns)) ==
           WAIT_OBJECT_0 + 1;
}

static int64_t take_from_reader(void *buf, size_t n)
{
    if (!wait_reader(HOST_FOREVER)) {
        return host_failed_with(ERROR_OPERATION_ABORTED) - 1;
    }
    if (reader.error != 0) {
        return is_end(reader.error) ? 0 : host_failed_with(reader.error) - 1;
    }
    n = n < reader.end - reader.at ? n : reader.end - reader.at;
    memcpy(buf, reader.piece + reader.at, n);
    reader.at += (DWORD)n;
    if (reader.at == reader.end && n > 0) { /* an end stays one */
        (void)ResetEvent(reader.there);
        reader.asked = 0;
    }
    return (int64_t)n;
}

/* ---- input ---- */

/* Nothing can wait for a pipe, and a thread that sits in a read would take bytes from whoever reads
 * after us. So it is looked at, less and less often while nothing comes. */
static int wait_pipe(HANDLE h, uint64_t timeout_ns)
{
    const uint64_t start = host_clock_ns();
    DWORD ms = 1, available = 0;
    uint64_t passed;

    for (;;) {
        if (!PeekNamedPipe(h, NULL, 0, NULL, &available, NULL) || available > 0) {
            return 1; /* has bytes, or has ended: a read will tell */
        }
        passed = host_clock_ns() - start;
        if (passed >= timeout_ns || host_stop_requested()) {
            return 0;
        }
        if (timeout_ns - passed < (uint64_t)ms * 1000000u) {
            ms = host_milliseconds(timeout_ns - passed);
        }
        (void)WaitForSingleObject(host_stop_event(), ms);
        ms = ms < LOOK_MS_MAX ? ms * 2 : LOOK_MS_MAX;
    }
}

int host_wait_input(uint64_t timeout_ns)
{
    HANDLE h = GetStdHandle(STD_INPUT_HANDLE);
    HANDLE both[2];

    if (needs_reader(h)) {
        return wait_reader(timeout_ns);
    }
    if (GetFileType(h) == FILE_TYPE_PIPE) {
        return wait_pipe(h, timeout_ns);
    }
    if (!is_console(h)) {
        return 1;
    }
    both[0] = host_stop_event(); /* the first counts when both are there */
    both[1] = h;
    return WaitForMultipleObjects(2, both, FALSE, host_milliseconds(timeout_ns)) ==
           WAIT_OBJECT_0 + 1;
}

static int64_t no_bytes(void)
{
    (void)host_failed();
    return -1;
}

/* The console gives UTF-16, lines that end with CR LF, and Ctrl-Z for an end. A line longer than
 * the room comes in parts. n is some thousands. */
static int64_t read_console(HANDLE h, void *buf, size_t n)
{
    wchar_t wide[LINE_MAX];
    DWORD got = 0, room = (DWORD)(n / 4 < LINE_MAX ? n / 4 : LINE_MAX);
    int bytes;

    if (!ReadConsoleW(h, wide, room, &got, NULL)) {
        return no_bytes();
    }
    if (got == 0 || wide[0] == 0x1A) {
        return 0; /* Ctrl-C came: whoever asks finds the stop; or Ctrl-Z */
    }
    if (got >= 2 && wide[got - 2] == L'\r' && wide[got - 1] == L'\n') {
        wide[--got - 1] = L'\n';
    }
    bytes = WideCharToMultiByte(CP_UTF8, 0, wide, (int)got, buf, (int)(room * 4), NULL, NULL);
    return bytes > 0 ? bytes : no_bytes();
}

int64_t host_read_input(void *buf, size_t n)
{
    HANDLE h = GetStdHandle(STD_INPUT_HANDLE);
    DWORD got = 0;

    if (needs_reader(h)) {
        return take_from_reader(buf, n);
    }
    if (is_console(h)) {
        return read_console(h, buf, n);
    }
    if (!ReadFile(h, buf, n < WRITE_MAX ? (DWORD)n : WRITE_MAX, &got, NULL)) {
        return is_end(GetLastError()) ? 0 : no_bytes();
    }
    return got;
}

/* ---- output ---- */

int host_write_output(const void *buf, size_t n)
{
    HANDLE h = GetStdHandle(STD_OUTPUT_HANDLE);
    const char *at = buf;
    DWORD put = 0;

    while (n > 0) {
        if (!WriteFile(h, at, n < WRITE_MAX ? (DWORD)n : WRITE_MAX, &put, NULL)) {
            return host_failed();
        }
        at += put;
        n -= put;
    }
    return 1;
}

/* A pipe does not say so here, but to the next write. */
int host_output_is_gone(void)
{
    return 0;
}

int host_error_is_gone(void)
{
    const DWORD error = host_last_error();

    return is_end(error) || error == ERROR_NO_DATA || error == ERROR_PIPE_NOT_CONNECTED;
}

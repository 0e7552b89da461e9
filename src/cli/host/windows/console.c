/* SPDX-License-Identifier: MIT */
/* console.c - host.h on Windows: the console as a screen, by the sequences of a
 * VT100 that it knows since Windows 10. */
#include "host/windows/windows.h"

#include "host/host.h"

#ifndef ENABLE_VIRTUAL_TERMINAL_PROCESSING /* Windows 10; older headers lack it */
#define ENABLE_VIRTUAL_TERMINAL_PROCESSING 0x0004
#endif

static const char enter_screen[] = "\033[?1049h\033[?25l\033[2J";
static const char leave_screen[] = "\033[0m\033[?25h\033[?1049l";

static HANDLE input, output;
static DWORD input_mode, output_mode; /* as we found them */
static int taken, has_keys;

int host_screen_start(void)
{
    input = GetStdHandle(STD_INPUT_HANDLE);
    output = GetStdHandle(STD_OUTPUT_HANDLE);
    if (!GetConsoleMode(output, &output_mode) ||
        !SetConsoleMode(output, output_mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING)) {
        return host_failed();
    }
    has_keys = GetConsoleMode(input, &input_mode) &&
               SetConsoleMode(input, ENABLE_PROCESSED_INPUT | ENABLE_WINDOW_INPUT);
    host_catch_stop(NULL);
    taken = 1;
    return host_write_output(enter_screen, sizeof enter_screen - 1);
}

void host_screen_end(void)
{
    if (taken) {
        taken = 0;
        (void)host_write_output(leave_screen, sizeof leave_screen - 1);
        (void)SetConsoleMode(output, output_mode);
        if (has_keys) {
            (void)SetConsoleMode(input, input_mode);
        }
    }
}

void host_screen_size(unsigned *ret_columns, unsigned *ret_rows)
{
    CONSOLE_SCREEN_BUFFER_INFO info;

    if (GetConsoleScreenBufferInfo(output, &info) && info.srWindow.Right >= info.srWindow.Left &&
        info.srWindow.Bottom >= info.srWindow.Top) {
        *ret_columns = (unsigned)(info.srWindow.Right - info.srWindow.Left + 1);
        *ret_rows = (unsigned)(info.srWindow.Bottom - info.srWindow.Top + 1);
    }
}

int host_screen_draw(const void *picture, size_t n)
{
    return host_write_output(picture, n);
}

/* The key of an event of the console. */
static int key_of(const INPUT_RECORD *event)
{
    static const struct {
        WORD code;
        int key;
    } keys[] = {{VK_UP, HOST_KEY_UP},         {VK_DOWN, HOST_KEY_DOWN},
                {VK_PRIOR, HOST_KEY_PAGE_UP}, {VK_NEXT, HOST_KEY_PAGE_DOWN},
                {VK_HOME, HOST_KEY_HOME},     {VK_END, HOST_KEY_END}};
    size_t i;

    if (event->EventType == WINDOW_BUFFER_SIZE_EVENT) {
        return HOST_KEY_RESIZED;
    }
    if (event->EventType != KEY_EVENT || !event->Event.KeyEvent.bKeyDown) {
        return HOST_KEY_NONE;
    }
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (event->Event.KeyEvent.wVirtualKeyCode == keys[i].code) {
            return keys[i].key;
        }
    }
    return (unsigned char)event->Event.KeyEvent.uChar.AsciiChar;
}

int host_screen_key(uint64_t timeout_ns)
{
    const uint64_t start = host_clock_ns();
    HANDLE both[2] = {host_stop_event(), input};
    INPUT_RECORD event;
    uint64_t passed;
    DWORD n;
    int key;

    if (!has_keys) {
        host_sleep_ns(timeout_ns);
        return HOST_KEY_NONE;
    }
    for (;;) {
        passed = host_clock_ns() - start;
        if (passed > timeout_ns ||
            WaitForMultipleObjects(2, both, FALSE, host_milliseconds(timeout_ns - passed)) !=
                WAIT_OBJECT_0 + 1 ||
            !ReadConsoleInputA(input, &event, 1, &n) || n != 1) {
            return HOST_KEY_NONE;
        }
        key = key_of(&event);
        if (key != HOST_KEY_NONE) {
            return key;
        }
    }
}

int host_process_is_stopped(uint64_t pid)
{
    (void)pid; /* threads are suspended here, one by one; no process says so of itself */
    return 0;
}

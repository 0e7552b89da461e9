/* SPDX-License-Identifier: MIT */
/* terminal.c - host.h on Linux: the terminal as a screen.
 *
 * The terminal is given back before the process ends or stops, in whatever way: in the handlers
 * only write(), tcsetattr() and the like are called, which may be called there. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "host/host.h"
#include "host/linux/linux.h"

#define ESCAPE_NS UINT64_C(50000000) /* the rest of a key's sequence comes within this */

/* The other screen, no cursor; and back. */
static const char enter_screen[] = "\033[?1049h\033[?25l\033[2J";
static const char leave_screen[] = "\033[0m\033[?25h\033[?1049l";

static struct termios normal; /* the terminal as we found it */
static volatile sig_atomic_t taken, has_keys, resized;
static volatile sig_atomic_t drawing, asked_to_suspend; /* a picture is never left half drawn */
static int input_ended;

static void put(const char *text, size_t n)
{
    ssize_t done = write(STDOUT_FILENO, text, n);

    (void)done; /* a terminal that is gone needs nothing more */
}

/* ---- taking and giving back; signal-safe ---- */

static void take(void)
{
    struct termios raw = normal;

    if (has_keys) {
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    put(enter_screen, sizeof enter_screen - 1);
    taken = 1;
}

static void give_back(void)
{
    if (taken && !drawing) {
        taken = 0;
        put(leave_screen, sizeof leave_screen - 1);
        if (has_keys) {
            (void)tcsetattr(STDIN_FILENO, TCSANOW, &normal);
        }
    }
}

/* Ctrl-Z: stops as if we had not caught it; goes on when somebody continues us. */
static void suspend_handler(int signal_number)
{
    int kept = errno, was_taken = taken;
    sigset_t only;

    if (drawing) {
        asked_to_suspend = 1;
        return;
    }
    give_back();
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
    (void)sigemptyset(&only);
    (void)sigaddset(&only, signal_number);
    (void)sigprocmask(SIG_UNBLOCK, &only, NULL); /* here it stops */
    (void)signal(signal_number, suspend_handler);
    if (was_taken) {
        take();
    }
    resized = 1;
    errno = kept;
}

static void resize_handler(int signal_number)
{
    (void)signal_number;
    resized = 1;
}

int host_screen_start(void)
{
    struct sigaction action;
    const char *kind = getenv("TERM");

    if (!host_output_is_terminal() || kind == NULL || strcmp(kind, "dumb") == 0) {
        return 0;
    }
    has_keys = tcgetattr(STDIN_FILENO, &normal) == 0;
    memset(&action, 0, sizeof action);
    (void)sigemptyset(&action.sa_mask);
    action.sa_handler = resize_handler;
    (void)sigaction(SIGWINCH, &action, NULL);
    host_catch_stop(give_back); /* so that a second stop finds the terminal in order too */
    action.sa_handler = suspend_handler;
    (void)sigaction(SIGTSTP, &action, NULL);
    take();
    return 1;
}

void host_screen_end(void)
{
    (void)signal(SIGTSTP, SIG_DFL);
    give_back();
}

void host_screen_size(unsigned *ret_columns, unsigned *ret_rows)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        *ret_columns = size.ws_col;
        *ret_rows = size.ws_row;
    }
}

/* A stop while the terminal takes nothing ends the write, and the screen is given back as far as
 * that goes; Ctrl-Z waits for the end of the picture. */
int host_screen_draw(const void *picture, size_t n)
{
    int ok = 1;

    drawing = 1;
    if (taken && !host_stop_requested()) {
        ok = host_write_output(picture, n);
    }
    drawing = 0;
    if (host_stop_requested()) {
        give_back();
    } else if (asked_to_suspend) {
        asked_to_suspend = 0;
        (void)raise(SIGTSTP);
    }
    return ok;
}

/* ---- keys ---- */

static int read_byte(void)
{
    unsigned char c;
    ssize_t n = read(STDIN_FILENO, &c, 1);

    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
        input_ended = 1;
    }
    return n == 1 ? c : -1;
}

/* The rest of ESC [ or ESC O and a letter or number. */
static int read_sequence(void)
{
    static const struct {
        const char *text;
        int key;
    } keys[] = {{"A", HOST_KEY_UP},    {"B", HOST_KEY_DOWN}, {"5~", HOST_KEY_PAGE_UP},
                {"H", HOST_KEY_HOME},  {"F", HOST_KEY_END},  {"6~", HOST_KEY_PAGE_DOWN},
                {"1~", HOST_KEY_HOME}, {"4~", HOST_KEY_END}};
    char text[8] = "";
    size_t n = 0, i;
    int c = host_wait_fd(STDIN_FILENO, POLLIN, ESCAPE_NS) ? read_byte() : -1;

    if (c != '[' && c != 'O') {
        return 27; /* the key itself */
    }
    while (n + 1 < sizeof text && host_wait_fd(STDIN_FILENO, POLLIN, ESCAPE_NS)) {
        c = read_byte();
        if (c < 0) {
            break;
        }
        text[n++] = (char)c;
        if (c >= '@') {
            break;
        }
    }
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(text, keys[i].text) == 0) {
            return keys[i].key;
        }
    }
    return HOST_KEY_NONE;
}

int host_screen_key(uint64_t timeout_ns)
{
    int c;

    /* A change of size that comes between this look and the wait is seen when the time is over. */
    if (resized) {
        resized = 0;
        return HOST_KEY_RESIZED;
    }
    if (!has_keys || input_ended) {
        host_sleep_ns(timeout_ns);
    } else if (host_wait_fd(STDIN_FILENO, POLLIN, timeout_ns)) {
        c = read_byte();
        return c == 27 ? read_sequence() : c < 0 ? HOST_KEY_NONE : c;
    }
    if (resized) {
        resized = 0;
        return HOST_KEY_RESIZED;
    }
    return HOST_KEY_NONE;
}

/* ---- other processes ---- */

int host_process_is_stopped(uint64_t pid)
{
    char path[40], line[512];
    const char *state;
    int stopped = 0;
    FILE *f;

    (void)snprintf(path, sizeof path, "/proc/%llu/stat", (unsigned long long)pid);
    f = fopen(path, "re");
    if (f == NULL) {
        return 0;
    }
    if (fgets(line, sizeof line, f) != NULL) {
        state = strrchr(line, ')'); /* a name may have any characters */
        stopped = state != NULL && state[1] == ' ' && (state[2] == 'T' || state[2] == 't');
    }
    (void)fclose(f);
    return stopped;
}

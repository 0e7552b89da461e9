/* SPDX-License-Identifier: MIT */
/* host.h - the program's private contract with the operating system, for what the C library and
 * shmring.h do not have. host/linux/ and host/windows/ fulfil it; the build chooses by
 * system. Nothing else in src/cli sees a system header.
 *
 * Contract
 *   - A function that returns int returns 1 on success and 0 on failure, unless it says otherwise;
 *     host_error() then has the system's words. Out-parameters are untouched on failure.
 *   - Times are nanoseconds on one monotonic clock that all processes share; HOST_FOREVER has no
 *     limit.
 *   - Calls that block return early when a stop was asked for (Ctrl-C, a polite request to end):
 *     reads and writes fail then, also those of the C library.
 *   - Standard input and output carry bytes: no translation of line ends, and a reader that went
 *     away is an error of the write, not a signal.
 *   - Links and shared memory are made by the parent, given to one child at its start, and adopted
 *     there from their text form, which needs no quoting.
 *   - A child ends when its parent does.
 * One thread.
 */
#ifndef SHMRING_SRC_CLI_HOST_HOST_H
#define SHMRING_SRC_CLI_HOST_HOST_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define HOST_FOREVER UINT64_MAX

/* ---- start, time, stopping ---- */

/* First call of the program: standard input and output as above, and the arguments in UTF-8. */
void host_start(int *argc, char ***argv);

/* The last failure, in the system's words. */
const char *host_error(void);

uint64_t host_clock_ns(void);
/* Of the calendar: since 1970. */
uint64_t host_epoch_ns(void);
void host_sleep_ns(uint64_t ns);
void host_yield(void);
uint64_t host_pid(void);

/* From now on a request to stop is noted, and `call` (may be NULL) is called from a context in
 * which only signal-safe work is allowed. A second request ends the process at once. */
void host_catch_stop(void (*call)(void));
int host_stop_requested(void);
/* Around calls of the library that nothing interrupts, as to open a ring: while yes, a stop that
 * is not answered within a fraction of a second ends the process. */
void host_stop_is_urgent(int yes);

/* Whether a ring outlives the last process that has it open (Windows: it does not). */
int host_rings_outlive_processes(void);

/* ---- standard input, output, error ---- */

int host_output_is_terminal(void);
/* One that can renew a line: ESC [ K erases the rest of it. */
int host_error_is_terminal(void);

/* Whether who reads standard output takes UTF-8 for what it is, and shows blocks and arrows. */
int host_output_is_utf8(void);

/* Waits until standard input has bytes or has ended. Returns 1 when a read will not block, 0 when
 * the time passed or a stop was asked for. */
int host_wait_input(uint64_t timeout_ns);
/* Reads up to n bytes. Returns how many, 0 at the end of input, -1 on failure. */
int64_t host_read_input(void *buf, size_t n);
/* Writes all of it. */
int host_write_output(const void *buf, size_t n);
/* Whether who read standard output has gone, where a system tells before the next write. */
int host_output_is_gone(void);
/* Whether the last failure was that: nobody reads what was to be written. */
int host_error_is_gone(void);

/* ---- files; names in UTF-8 ---- */

/* A new file to write, or a pipe or device that is there; "-": standard output. NULL on failure,
 * also when there is a file of that name: host_file_is_there() then. */
FILE *host_file_create(const char *path);
int host_file_is_there(void);
/* A file to read; "-": standard input. NULL on failure. */
FILE *host_file_open(const char *path);
/* Whether it is one whose bytes stay, and not a pipe or a device. */
int host_file_is_plain(FILE *file);
/* Whether who read the pipe has gone, where a system tells before the next write. */
int host_file_is_gone(FILE *file);
/* Writes all of it, to the system. */
int host_file_write(FILE *file, const void *buf, size_t n);
/* All that was written survives a power failure from here on. */
int host_file_sync(FILE *file);
int host_file_close(FILE *file);
int host_file_remove(const char *path);
/* Of the files that are called `path` without its `ending`, a dot, six digits or more, and the
 * ending: the smallest and the largest number. 0: there is none. */
uint64_t host_file_first_number(const char *path, const char *ending);
uint64_t host_file_last_number(const char *path, const char *ending);

/* ---- the terminal as a screen ---- */

/* Keys that are not a character. */
enum {
    HOST_KEY_NONE = 0,
    HOST_KEY_UP = 256,
    HOST_KEY_DOWN,
    HOST_KEY_PAGE_UP,
    HOST_KEY_PAGE_DOWN,
    HOST_KEY_HOME,
    HOST_KEY_END,
    HOST_KEY_RESIZED
};

/* Takes the terminal of standard output: what it shows is kept for later, keys come singly and are
 * not shown. It is given back by host_screen_end(), and also when a signal ends or stops (Ctrl-Z)
 * the process. 0: it cannot be a screen. */
int host_screen_start(void);
void host_screen_end(void);
/* Untouched when the terminal does not say. */
void host_screen_size(unsigned *ret_columns, unsigned *ret_rows);
/* Writes a whole picture: text and the sequences of a VT100. */
int host_screen_draw(const void *picture, size_t n);
/* Waits for a key and returns it; HOST_KEY_NONE when the time passed or a stop was asked for,
 * HOST_KEY_RESIZED when the screen has another size, or must be drawn again. */
int host_screen_key(uint64_t timeout_ns);

/* Whether a process is there and stopped, as by Ctrl-Z or a debugger. 0 where that is not known. */
int host_process_is_stopped(uint64_t pid);

/* ---- users ---- */

/* The user's name, or the number where it has none; "-" where rings have no such owner. */
void host_user_name(uint64_t user, char *ret, size_t size);

/* ---- the machine ---- */

struct host_machine {
    char cpu[128];   /* the processor's name */
    unsigned cores;  /* that this process may use */
    char system[96]; /* the system's name and version */
};

void host_describe(struct host_machine *ret);

/* Two processors to run a pair of processes on, of different cores if there are. 0: there is only
 * one. */
int host_pick_cpus(unsigned *ret_first, unsigned *ret_second);
/* The processors that this process may use, by the numbers host_pin() takes, ascending; at most
 * `room` of them are stored. Returns how many there are, 0 on failure. Ask before host_pin(): it
 * leaves one. */
size_t host_list_cpus(unsigned *ret, size_t room);
/* Keeps this process on one processor. Another call may choose another one. */
int host_pin(unsigned cpu);

/* ---- what the kernel says of the machine; nothing on Windows ---- */

/* Reads a file of text, at most `size` bytes of it. path: without the first slash, below the folder
 * root, which no link leads out of; NULL: of this machine. Returns how many bytes, -1 when there is
 * no such file, or it may not be read, or is something else. */
int64_t host_tree_read(const char *root, const char *path, char *ret, size_t size);
/* The numbers of what is called `stem` and a number in a folder, in no order; at most `room`.
 * Returns how many. */
size_t host_tree_numbers(const char *root, const char *path, const char *stem, unsigned *ret,
                         size_t room);
/* The bytes that all rings together may have, and those that are free. */
int host_shm_space(uint64_t *ret_size, uint64_t *ret_free);
/* Whether the kernel lets this process have these calls; -1 where there is no such thing. */
int host_has_membarrier(void);
int host_has_futex_waitv(void);

/* ---- a second process ---- */

#define HOST_TEXT_SIZE 48

/* Two byte streams between parent and child, one each way. */
enum host_link_kind { HOST_PIPE, HOST_SOCKET };
struct host_link {
    intptr_t in, out;             /* ours */
    intptr_t child_in, child_out; /* the child's, until it has started */
};

/* Whether this system has links of the kind, for a parent and a child. */
int host_link_exists(enum host_link_kind kind);
int host_link_make(struct host_link *ret, enum host_link_kind kind);
void host_link_text(const struct host_link *link, char text[HOST_TEXT_SIZE]);
int host_link_adopt(struct host_link *ret, const char *text);
/* Ends our outgoing stream: the other side reads to its end. */
void host_link_finish(struct host_link *link);
void host_link_close(struct host_link *link);
/* Writes all n bytes. */
int host_link_write(struct host_link *link, const void *buf, size_t n);
/* Reads 1 to n bytes as they come. Returns how many, 0 at the end, -1 on failure or stop. */
int64_t host_link_read(struct host_link *link, void *buf, size_t n);

/* Zeroed memory that parent and child share. */
struct host_shared {
    void *at;
    size_t size;
    intptr_t object;
};

int host_shared_make(struct host_shared *ret, size_t size);
void host_shared_text(const struct host_shared *shared, char text[HOST_TEXT_SIZE]);
int host_shared_adopt(struct host_shared *ret, const char *text);
void host_shared_close(struct host_shared *shared);

struct host_child {
    intptr_t id;
    int running;
    int status;   /* its exit status once it has ended; -1 when it was killed */
    char how[64]; /* how it ended, in words */
};

/* Starts this program again with these arguments (NULL-terminated, the program's own name not
 * included). Where not NULL, link and shared go to the child; the child's ends of the link are
 * closed here. */
int host_spawn_self(struct host_child *ret, const char *const *args, struct host_link *link,
                    const struct host_shared *shared);
/* The child's first call: it ends when its parent does, and leaves Ctrl-C to it. */
void host_become_child(void);
/* Whether it still runs; fills in how it ended. */
int host_child_runs(struct host_child *child);
/* Waits for its end, without a look now and then; a stop that is asked for is passed on to it.
 * Returns whether it ended by itself with status 0. */
int host_child_wait(struct host_child *child);
/* Waits for its end, kills it when the time has passed. Returns whether it ended by itself with
 * status 0. */
int host_child_end(struct host_child *child, uint64_t timeout_ns);

/* ---- another program ---- */

/* Runs a program to its end, without input. words: as many as there are, NULL behind the last; one
 * word alone is a line for the system's shell. Returns what it printed, at most `most` bytes and a
 * 0, for free(); ret tells how it ended. NULL: it could not be run, or printed more. After a stop
 * it was ended, and what it printed is not all. */
char *host_command_output(struct host_child *ret, const char *const *words, size_t most);

#endif

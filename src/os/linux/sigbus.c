/* SPDX-License-Identifier: MIT */
/* sigbus.c - os.h's guard against objects that are cut short.
 *
 * Touching a page of a mapping whose file no longer reaches there is SIGBUS. The handler looks
 * whether the address is in a ring's mapping, lays a private page of zeros there, tells the ring's
 * handle, and lets the instruction go on. Every other SIGBUS goes to whoever had it before.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "os/os.h"
#include "os/linux/linux.h"

#define SLOTS 4096u

/* A mapping. `pid` is stored last and cleared first; in a forked child, which has the table and not
 * the mappings, it is another process's. */
struct slot {
    shmring_atomic_u64 taken;
    shmring_atomic_u64 pid;
    shmring_atomic_u64 base, bytes;
    shmring_atomic_u64 cut;
    shmring_atomic_u64 handle, tell; /* pointers: for the handler, in the thread that faulted */
};

static struct slot slots[SLOTS];
static struct sigaction before;
static uint64_t page;
static shmring_atomic_u64 installed;

static struct slot *slot_of(const void *base)
{
    uint64_t pid = shmring_os_pid();
    size_t i;

    for (i = 0; i < SLOTS; i++) {
        if (shmring_load_acquire(&slots[i].pid) == pid &&
            shmring_load_relaxed(&slots[i].base) == (uintptr_t)base) {
            return &slots[i];
        }
    }
    return NULL;
}

void shmring_linux_guard_add(const void *base, uint64_t bytes)
{
    size_t i;

    for (i = 0; i < SLOTS; i++) {
        if (shmring_load_relaxed(&slots[i].taken) == 0 &&
            shmring_fetch_or(&slots[i].taken, 1) == 0) {
            shmring_store_relaxed(&slots[i].base, (uintptr_t)base);
            shmring_store_relaxed(&slots[i].bytes, bytes);
            shmring_store_relaxed(&slots[i].tell, 0);
            shmring_store_relaxed(&slots[i].cut, 0);
            shmring_store_release(&slots[i].pid, shmring_os_pid());
            return;
        }
    }
}

void shmring_linux_guard_remove(const void *base)
{
    struct slot *slot = slot_of(base);

    if (slot != NULL) {
        shmring_store_release(&slot->pid, 0);
        shmring_store_release(&slot->taken, 0);
    }
}

void shmring_os_guard_tell(const struct shmring_os_map *map, void (*tell)(void *handle),
                           void *handle)
{
    struct slot *slot = slot_of(map->base);

    if (slot != NULL) {
        shmring_store_relaxed(&slot->handle, (uintptr_t)handle);
        shmring_store_release(&slot->tell, (uintptr_t)tell);
        if (shmring_load_relaxed(&slot->cut) != 0) { /* before there was a handle */
            tell(handle);
        }
    }
}

/* 1 when the fault was in a ring and the instruction can go on. */
static int mend(uintptr_t at)
{
    uint64_t pid = shmring_os_pid(), tell;
    void *aligned = (void *)(at & ~(uintptr_t)(page - 1));
    size_t i;

    for (i = 0; i < SLOTS; i++) {
        if (shmring_load_acquire(&slots[i].pid) != pid ||
            at - shmring_load_relaxed(&slots[i].base) >= shmring_load_relaxed(&slots[i].bytes)) {
            continue;
        }
        if (mmap(aligned, (size_t)page, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
            return 0;
        }
        shmring_store_relaxed(&slots[i].cut, 1);
        tell = shmring_load_acquire(&slots[i].tell);
        if (tell != 0) {
            ((void (*)(void *))(uintptr_t)tell)(
                (void *)(uintptr_t)shmring_load_relaxed(&slots[i].handle));
        }
        return 1;
    }
    return 0;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    int kept = errno;

    /* Only the fault of a page that is not there: a misaligned access, or a failing memory, would
     * fault again on a page of zeros, for ever. */
    if (info->si_code == BUS_ADRERR && mend((uintptr_t)info->si_addr)) {
        errno = kept;
        return;
    }
    errno = kept;
    if ((before.sa_flags & SA_SIGINFO) != 0) {
        before.sa_sigaction(number, info, context);
    } else if (before.sa_handler == SIG_IGN && info->si_code <= 0) {
        return; /* sent, not a fault: ignored, and we stay */
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(number);
    } else { /* as if we were not here: the instruction faults again, or the sender's signal ends us
              */
        (void)sigaction(number, &before, NULL);
        if (info->si_code <= 0) {
            (void)raise(number);
        }
    }
}

shmring_status shmring_os_guard(void)
{
    struct sigaction ours;

    if (shmring_fetch_or(&installed, 1) != 0) {
        return SHMRING_OK;
    }
    page = (uint64_t)sysconf(_SC_PAGESIZE);
    memset(&ours, 0, sizeof ours);
    ours.sa_sigaction = on_fault;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
    if (sigaction(SIGBUS, NULL, &before) != 0 || sigaction(SIGBUS, &ours, NULL) != 0) {
        int error = errno;

        (void)shmring_fetch_and(&installed, 0);
        return shmring_fail(SHMRING_E_OS, "a handler of SIGBUS cannot be had: %s", strerror(error));
    }
    return SHMRING_OK;
}

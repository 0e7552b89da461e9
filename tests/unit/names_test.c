/* SPDX-License-Identifier: MIT */
/* names_test.c - whose names a list has, and that a create that fails leaves none. */
#include <errno.h>
#include <stdarg.h>

#include "../support/rig_linux.h"

#define ANOTHER 54321u

struct stage {
    shmring_atomic_u64 ready, go;
    char name[RIG_NAME_SIZE], global[RIG_NAME_SIZE];
};

static struct stage *stage;
static int
    failing_open; /* the open of a descriptor's path that fails, counted from here; 0: none */
static int failed;

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);

int __wrap_open64(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list args;

    if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
        va_start(args, flags);
        mode = (mode_t)va_arg(args, unsigned);
        va_end(args);
    } else if (failing_open > 0 && strncmp(path, "/proc/self/fd/", 14) == 0 &&
               --failing_open == 0) {
        failed = 1;
    }
    if (failed && (flags & O_TMPFILE) != O_TMPFILE) { /* and its other way, by the name */
        errno = EMFILE;
        return -1;
    }
    return __real_open64(path, flags, mode);
}

static int has_name(const char *name, void *arg)
{
    const char *want = arg, *base = strrchr(name, '\\');

    return strcmp(base != NULL ? base + 1 : name, want) == 0;
}

struct search {
    const char *want;
    int found;
};

static int note_name(const char *name, void *arg)
{
    struct search *search = arg;

    search->found += has_name(name, (void *)(uintptr_t)search->want);
    return 0;
}

static int is_listed(const char *want)
{
    struct search search = {want, 0};

    return shmring_list(note_name, &search) == SHMRING_OK ? search.found : -1;
}

static void wait_for(const shmring_atomic_u64 *word)
{
    while (shmring_load_acquire(word) == 0) {
        process_pause_us(500);
    }
}

/* Another user, with a ring of its own and one for all; it looks, too. */
static int another(void *arg)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL, *g = NULL;
    char global[RIG_NAME_SIZE + 8], own[RIG_NAME_SIZE + 8];
    int good;

    (void)arg;
    (void)snprintf(own, sizeof own, "%s.other", stage->name);
    (void)snprintf(global, sizeof global, "Global\\%s", stage->global);
    o.permissions = 0644;
    good = setgid(ANOTHER) == 0 && setuid(ANOTHER) == 0 &&
           shmring_producer_open(&p, own, &o) == SHMRING_OK &&
           shmring_producer_open(&g, global, &o) == SHMRING_OK;
    good = good && is_listed(own) == 1 && is_listed(stage->name) == 0;
    shmring_store_release(&stage->ready, 1);
    wait_for(&stage->go);
    shmring_producer_close(p);
    shmring_producer_close(g);
    return good ? 0 : 1;
}

static void shouldListOnesOwnRingsAndThoseOfAll(void)
{
    char theirs[RIG_NAME_SIZE + 8];
    struct pair pair;
    int own, others, of_all;
    pid_t child;

    if (geteuid() != 0) {
        SKIP("only root can be another user");
    }
    pair = open_small_pair();
    memset(stage, 0, sizeof *stage);
    (void)snprintf(stage->name, sizeof stage->name, "%s", rig_name);
    (void)snprintf(stage->global, sizeof stage->global, "g%.50s", rig_name);
    (void)snprintf(theirs, sizeof theirs, "%s.other", rig_name);
    child = process_start(another, NULL);
    wait_for(&stage->ready);
    own = is_listed(rig_name);
    others = is_listed(theirs);
    of_all = is_listed(stage->global);
    shmring_store_release(&stage->go, 1);
    CHECK_EQ(process_end(child), 0);
    CHECK_EQ(own, 1);
    CHECK_EQ(others, 0);
    CHECK_EQ(of_all, 1);
    close_pair(&pair);
}

static void shouldLeaveNoNameBehindACreateThatCannotOpenItsFileAgain(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    shmring_status status;

    failing_open = 1;
    status = shmring_producer_open(&p, new_name(), &o);
    failing_open = failed = 0;
    CHECK_EQ(status, SHMRING_E_OS);
    DETAIL_HAS(rig_name);
    CHECK(!is_there(rig_name));
    CHECK_STATUS(shmring_producer_open(&p, rig_name, &o), SHMRING_OK);
    shmring_producer_close(p);
}

int main(void)
{
    stage = process_shared(sizeof *stage);
    RUN(shouldListOnesOwnRingsAndThoseOfAll);
    RUN(shouldLeaveNoNameBehindACreateThatCannotOpenItsFileAgain);
    return check_done();
}

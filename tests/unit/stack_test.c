/* SPDX-License-Identifier: MIT */
/* stack_test.c - how much stack each public call takes: at most 16 KiB, for threads of 64 KiB are
 * usual where rings are. Each call runs in a thread whose stack is painted before; the deepest byte
 * that is no paint afterwards tells. What the C library and the dynamic linker take counts, too. */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include <shmring/latency.h>

#include "../support/rig_linux.h"

#define STACK ((size_t)1 << 18)
#define MOST  (UINT64_C(16) << 10)
#define PAINT 0xA7
#define RINGS 8u

static unsigned char *stack;
static struct pair pair;
static shmring_observer *observer;
static shmring_consumer *many[RINGS];
static char buf[4096];

struct call {
    const char *name;
    void (*make)(void);
};

static uint64_t used; /* by the last call, in bytes */

/* ---- the calls ---- */

static void call_nothing(void)
{
}

static void call_open(void)
{
    shmring_options o = options_of(KIB64);

    (void)shmring_producer_open(&pair.p, rig_name, &o);
    (void)shmring_consumer_open(&pair.c, rig_name, NULL);
}

static void call_open_with_all(void)
{
    shmring_options o = options_of(UINT64_C(4) << 20);
    shmring_producer *p = NULL;

    o.flags = SHMRING_HUGE_PAGES | SHMRING_PREFAULT;
    o.stamp = SHMRING_STAMP_TSC;
    o.max_record = 1000;
    (void)shmring_producer_open(&p, "unit.stack.huge", &o);
    shmring_producer_close(p);
}

static void call_refused_open(void)
{
    shmring_producer *p = NULL;
    shmring_options o = options_of(2 * KIB64);

    (void)shmring_producer_open(&p, rig_name, NULL);
    (void)shmring_producer_open(&p, "no/name", NULL);
    (void)shmring_producer_open(&p, rig_name, &o);
}

static void call_create(void)
{
    shmring_options o = options_of(KIB64);

    (void)shmring_create("unit.stack.create", &o);
    (void)shmring_remove("unit.stack.create");
}

static void call_observe(void)
{
    (void)shmring_observer_open(&observer, rig_name, NULL);
    (void)shmring_observer_seek(observer, SHMRING_OLDEST);
    (void)shmring_observer_fd(observer);
    (void)shmring_observer_wait(observer, MS);
    (void)shmring_observe(observer, buf, sizeof buf, NULL);
    shmring_observer_close(observer);
}

static void call_send(void)
{
    void *at;

    (void)shmring_try_send(pair.p, buf, 100, 0);
    (void)shmring_stage(pair.p, buf, 100, 0);
    (void)shmring_publish(pair.p);
    if (shmring_reserve(pair.p, 100, &at) == SHMRING_OK) {
        shmring_commit(pair.p, 100, 0);
    }
    (void)shmring_try_send(pair.p, buf, UINT32_MAX, 0);
    while (shmring_send(pair.p, buf, 4096, 0, MS) == SHMRING_OK) {
        continue;
    }
    (void)shmring_wait_space(pair.p, 4096, MS);
    (void)shmring_drain(pair.p, MS);
    shmring_producer_interrupt(pair.p);
    (void)shmring_producer_fd(pair.p);
}

static void call_receive(void)
{
    shmring_record r[4];

    (void)shmring_peek_many(pair.c, r, 4);
    shmring_release_many(pair.c, 1);
    while (shmring_recv(pair.c, buf, sizeof buf, r, MS) == SHMRING_OK) {
        continue;
    }
    (void)shmring_wait_data(pair.c, MS);
    shmring_consumer_interrupt(pair.c);
    (void)shmring_consumer_fd(pair.c);
    (void)shmring_try_recv(pair.c, buf, sizeof buf, r);
}

static void call_wait_any(void)
{
    uint32_t which;

    (void)shmring_wait_any(many, RINGS, &which, 2 * MS);
}

static void call_wait_any_without_the_call(void)
{
    (void)process_refuse(PROCESS_FUTEX_WAITV, ENOSYS);
    call_wait_any();
}

static void call_ask(void)
{
    shmring_ring_info info = SHMRING_RING_INFO_INIT;
    shmring_peer peer = SHMRING_PEER_INIT;

    (void)shmring_producer_info(pair.p, &info);
    (void)shmring_consumer_peer(pair.c, &peer);
    (void)shmring_guard();
    (void)shmring_status_text(SHMRING_E_OS);
    (void)shmring_error_detail();
}

static shmring_info info; /* the caller's places are not the calls' */
static shmring_verdict verdict;
static shmring_repaired repaired;
static uint64_t buckets[SHMRING_HISTOGRAM_BUCKETS];

static void call_inspect(void)
{
    (void)shmring_inspect(rig_name, &info);
}

static void call_latency(void)
{
    (void)shmring_inspect_latency(rig_name, buckets);
    (void)shmring_latency_quantile(buckets, 0.5);
}

static void call_verify(void)
{
    (void)shmring_verify(rig_name, &verdict);
    (void)shmring_verify_file(path_of(rig_name), &verdict);
}

static void call_repair(void)
{
    (void)shmring_repair(rig_name, &repaired);
    (void)shmring_repair_file("/dev/null", &repaired);
}

static int count_one(const char *name, void *arg)
{
    (void)name;
    (void)arg;
    return 0;
}

static void call_list(void)
{
    (void)shmring_list(count_one, NULL);
}

static void call_prune(void)
{
    (void)shmring_prune(NULL);
}

static void call_remove(void)
{
    (void)shmring_remove(rig_name);
    (void)shmring_remove("unit.stack.none");
}

static void call_close(void)
{
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
}

static const struct call calls[] = {
    {"open", call_open},
    {"open with huge pages and ticks", call_open_with_all},
    {"open, refused", call_refused_open},
    {"create", call_create},
    {"send", call_send},
    {"observe", call_observe},
    {"inspect", call_inspect},
    {"latency", call_latency},
    {"verify", call_verify},
    {"repair", call_repair},
    {"receive", call_receive},
    {"wait_any", call_wait_any},
    {"info, peer, guard, words", call_ask},
    {"list", call_list},
    {"prune", call_prune},
    {"remove", call_remove},
    {"close", call_close},
    {"wait_any without futex_waitv", call_wait_any_without_the_call},
};

/* ---- measuring ---- */

static void *body(void *arg)
{
    const struct call *call = arg;
    unsigned char here = 0;
    size_t i = 0, top = (size_t)(&here - stack);

    memset(stack, PAINT, top > 1024 ? top - 1024 : 0); /* below our own frame and memset's */
    call->make();
    while (i < top && stack[i] == PAINT) {
        i++;
    }
    used = top - i;
    return NULL;
}

static uint64_t measure(const struct call *call)
{
    pthread_attr_t attr;
    pthread_t thread;

    CHECK_EQ(pthread_attr_init(&attr), 0);
    CHECK_EQ(pthread_attr_setstack(&attr, stack, STACK), 0);
    CHECK_EQ(pthread_create(&thread, &attr, body, (void *)(uintptr_t)call), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(pthread_attr_destroy(&attr), 0);
    printf("# %s: %" PRIu64 " bytes\n", call->name, used);
    return used;
}

static void shouldTakeAtMost16KibOfStackInAnyCall(void)
{
    static const struct call nothing = {"nothing", call_nothing};
    unsigned i, more = 0;
    char name[80];

    SKIP_IF_SANITIZED("a sanitizer's frames are larger");
    (void)new_name();
    for (i = 0; i < RINGS; i++) {
        (void)snprintf(name, sizeof name, "any%u.%s", i, rig_name);
        CHECK_STATUS(shmring_consumer_open(&many[i], name, NULL), SHMRING_OK);
    }
    CHECK(measure(&nothing) <= 1024);
    for (i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        more += measure(&calls[i]) > MOST;
    }
    for (i = 0; i < RINGS; i++) {
        shmring_consumer_close(many[i]);
    }
    CHECK(!is_there(rig_name));
    CHECK_EQ(more, 0);
}

/* A whole life on the smallest stack that the system gives, but for its guard and its own use. */
static void *live(void *arg)
{
    unsigned i;

    (void)arg;
    for (i = 0; i + 1 < sizeof calls / sizeof calls[0]; i++) {
        calls[i].make();
    }
    return NULL;
}

static void shouldLiveInAThreadOf64Kib(void)
{
    pthread_attr_t attr;
    pthread_t thread;
    uint32_t i;
    char name[80];

    SKIP_IF_SANITIZED("a sanitizer's frames are larger");
    (void)new_name();
    for (i = 0; i < RINGS; i++) {
        (void)snprintf(name, sizeof name, "any%u.%s", i, rig_name);
        CHECK_STATUS(shmring_consumer_open(&many[i], name, NULL), SHMRING_OK);
    }
    CHECK_EQ(pthread_attr_init(&attr), 0);
    CHECK_EQ(pthread_attr_setstacksize(&attr, 65536), 0);
    CHECK_EQ(pthread_create(&thread, &attr, live, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(pthread_attr_destroy(&attr), 0);
    for (i = 0; i < RINGS; i++) {
        shmring_consumer_close(many[i]);
    }
}

int main(void)
{
    stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED) {
        return 1;
    }
    RUN(shouldLiveInAThreadOf64Kib);
    RUN(shouldTakeAtMost16KibOfStackInAnyCall);
    return check_done();
}

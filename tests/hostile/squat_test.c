/* SPDX-License-Identifier: MIT */
/* squat_test.c - another user puts something under a ring's name, before it is made or while it is.
 *
 * /dev/shm is everybody's to write: who knows the name can be first. What he puts there is refused
 * at once, by every way in and with the reason; nothing of it is written to, followed or waited
 * for; and when it is gone the ring can be made. Needs root, to be two other users.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdarg.h>

#include "../support/rig_linux.h"
#include "squats.h"

#include "os/os.h"

#define VICTIM     54322u
#define TRIES_MAX  400000u /* of the race, when the squatter is much faster */
#define HANG_LIMIT 60u     /* seconds, after which a call that waits for a squatter is ended */

enum plant { NOTHING, ANYBODYS_IS_TAKEN, LINKS_ARE_FOLLOWED };
static enum plant plant;

struct stage {
    volatile int ready, go, stop;
    volatile uint64_t opened, refused;
};

static struct stage *stage;
static uint32_t victim_uid;
static const struct squat *squat;

static void become(uint32_t uid)
{
    if (setgid(uid) != 0 || setuid(uid) != 0) {
        _exit(9);
    }
    (void)umask(0);
    (void)alarm(HANG_LIMIT);
}

/* ---- what the victim does ---- */

static void expect_refused(shmring_status status)
{
    MUST(status == SHMRING_E_ACCESS);
    MUST(strstr(shmring_error_detail(), rig_name) != NULL);
    MUST(squat->reason == NULL || strstr(shmring_error_detail(), squat->reason) != NULL);
}

static void expect_every_way_in_refused(void)
{
    const uint32_t modes[] = {SHMRING_OPEN_OR_CREATE, SHMRING_CREATE_ONLY, SHMRING_OPEN_ONLY};
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_observer *observer = NULL;
    shmring_verdict v;
    shmring_info info;
    size_t i;

    for (i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        o.open_mode = modes[i];
        expect_refused(shmring_producer_open(&p, rig_name, &o));
        expect_refused(shmring_consumer_open(&c, rig_name, &o));
    }
    expect_refused(shmring_observer_open(&observer, rig_name, NULL));
    if (!squat->is_file) {
        expect_refused(shmring_inspect(rig_name, &info));
        expect_refused(shmring_verify(rig_name, &v));
        expect_refused(shmring_remove(rig_name));
    }
}

/* The victim's own ring beside it, which links may lead to. */
static shmring_producer *open_own(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    char other[80];

    (void)snprintf(other, sizeof other, "%s.own", rig_name);
    MUST(shmring_producer_open(&p, other, &o) == SHMRING_OK);
    return p;
}

/* Nothing is in the way any more. */
static void expect_it_works(void)
{
    shmring_options o = options_of(KIB64);
    struct pair pair = {NULL, NULL};
    char buf[8];

    MUST(shmring_producer_open(&pair.p, rig_name, &o) == SHMRING_OK);
    MUST(shmring_consumer_open(&pair.c, rig_name, &o) == SHMRING_OK);
    MUST(shmring_try_send(pair.p, "x", 1, 0) == SHMRING_OK);
    MUST(shmring_try_recv(pair.c, buf, sizeof buf, NULL) == SHMRING_OK);
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
    MUST(access(squat_path(victim_uid, rig_name), F_OK) != 0);
}

static int squatter_puts(void *arg)
{
    become(SQUATTER);
    return squat->put(arg, rig_name, victim_uid) ? 0 : 2;
}

static int victim_meets(void *arg)
{
    shmring_producer *own;
    int end;

    (void)arg;
    become(victim_uid);
    own = open_own();
    stage->ready = 1;
    while (!stage->go) {
        process_pause_us(200);
    }
    if (!stage->stop) { /* else nobody could put anything there */
        expect_every_way_in_refused();
    }
    end = shmring_try_send(own, "x", 1, 0) == SHMRING_OK ? 0 : 1;
    shmring_producer_close(own);
    return end;
}

static int victim_goes_on(void *arg)
{
    (void)arg;
    become(victim_uid);
    expect_it_works();
    return 0;
}

/* ---- one squat ---- */

static void take_away(const char *path)
{
    CHECK(unlink(path) == 0 || rmdir(path) == 0);
}

/* 1 when the system itself kept the squatter out. */
static int play(void)
{
    char path[320];
    pid_t victim;
    int put, met;

    memset(stage, 0, sizeof *stage);
    (void)snprintf(path, sizeof path, "%s", squat_path(victim_uid, new_name()));
    victim = process_start(victim_meets, NULL);
    while (!stage->ready && !process_has_ended(victim)) {
        process_pause_us(200);
    }
    put = in_child(squatter_puts, path);
    if (put == 2) {
        stage->stop = stage->go = 1;
        CHECK_EQ(process_end(victim), 0);
        return 1;
    }
    stage->go = 1;
    met = process_end(victim);
    take_away(path);
    if (put != 0 || met != 0) {
        printf("# user %u and %s: put %d, met %d\n", victim_uid, squat->what, put, met);
    }
    CHECK(put == 0 && met == 0);
    CHECK_EQ(in_child(victim_goes_on, NULL), 0);
    return 0;
}

static void need_root(void)
{
    if (geteuid() != 0) {
        SKIP("being two other users needs root");
    }
}

static void play_all(uint32_t uid)
{
    uint32_t i, kept_out = 0;

    need_root();
    victim_uid = uid;
    for (i = 0; i < squat_count; i++) {
        squat = &squats[i];
        if (play()) {
            printf("# %s: the system itself forbids it\n", squat->what);
            kept_out++;
        }
    }
    CHECK(kept_out <= 1);
}

static void shouldRefuseWhateverAnotherUserPutsUnderAName(void)
{
    play_all(VICTIM);
}

static void shouldRefuseWhateverAUserPutsUnderANameOfRoots(void)
{
    play_all(0);
}

/* ---- a squatter who races ---- */

/* In the way, away, and so on; never anything of the victim's, which the folder forbids. */
static int squatter_races(void *arg)
{
    const char *path = arg;
    uint64_t n = 0;

    become(SQUATTER);
    while (!stage->stop) {
        int fd = n % 3 == 0 ? -1 : open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

        if (fd >= 0) {
            (void)!ftruncate(fd, n % 3 == 1 ? 131072 : 0);
            close(fd);
        } else if (n % 3 == 0) {
            (void)!symlink("/dev/shm/shmring.nowhere", path);
        }
        if (n++ % 8 == 0) {
            (void)sched_yield();
        }
        (void)unlink(path);
    }
    return 0;
}

static int victim_races(void *arg)
{
    const uint64_t rounds = *(const uint64_t *)arg;
    uint64_t tries = 0;
    shmring_options o = options_of(KIB64);
    shmring_producer *p;
    shmring_status status;
    shmring_info info;
    char said[64];

    become(VICTIM);
    (void)snprintf(said, sizeof said, "ring 'Local\\%.40s'", rig_name);
    while ((stage->opened < rounds && tries++ < TRIES_MAX) || stage->opened == 0 ||
           stage->refused == 0) {
        p = NULL;
        status = shmring_producer_open(&p, rig_name, &o);
        if (status == SHMRING_OK) {
            MUST(shmring_inspect(rig_name, &info) == SHMRING_OK);
            MUST(info.owner == VICTIM && info.producer.pid == (uint64_t)getpid());
            MUST(shmring_try_send(p, "x", 1, 0) == SHMRING_OK);
            shmring_producer_close(p);
            stage->opened++;
        } else {
            MUST(p == NULL);
            MUST(status == SHMRING_E_ACCESS || status == SHMRING_E_BUSY);
            MUST(strstr(shmring_error_detail(), said) != NULL);
            stage->refused++;
        }
        (void)alarm(HANG_LIMIT);
    }
    return 0;
}

static void shouldMakeItsOwnRingOrNoneWhileAnotherUserRacesForTheName(void)
{
    uint64_t rounds = 300;
    char path[320];
    pid_t squatter, victim;
    int end;

    need_root();
    memset(stage, 0, sizeof *stage);
    (void)snprintf(path, sizeof path, "%s", squat_path(VICTIM, new_name()));
    squatter = process_start(squatter_races, path);
    victim = process_start(victim_races, &rounds);
    while (!process_has_ended(victim)) {
        process_pause_us(1000);
        if (process_has_ended(squatter)) { /* its time was up: another one */
            (void)process_end(squatter);
            squatter = process_start(squatter_races, path);
        }
    }
    end = process_end(victim);
    stage->stop = 1;
    (void)process_end(squatter);
    (void)unlink(path);
    printf("# opened %" PRIu64 " times, refused %" PRIu64 " times\n", stage->opened,
           stage->refused);
    CHECK_EQ(end, 0);
}

/* ---- a ring that another user made and shares ---- */

static int guest_comes(void *arg)
{
    shmring_options o = options_of(KIB64);
    shmring_consumer *c = NULL;
    char buf[8];

    (void)arg;
    become(VICTIM);
    o.open_mode = SHMRING_OPEN_ONLY;
    MUST(shmring_consumer_open(&c, rig_name, &o) == SHMRING_E_ACCESS);
    MUST(strstr(shmring_error_detail(), "SHMRING_ANY_OWNER") != NULL);
    o.flags = SHMRING_ANY_OWNER;
    MUST(shmring_consumer_open(&c, rig_name, &o) == SHMRING_OK);
    MUST(shmring_try_recv(c, buf, sizeof buf, NULL) == SHMRING_OK && memcmp(buf, "hello", 5) == 0);
    shmring_consumer_close(c);
    MUST(shmring_remove(rig_name) == SHMRING_E_ACCESS); /* its name is the owner's */
    return 0;
}

static int host_shares(void *arg)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;

    (void)arg;
    become(SQUATTER);
    o.permissions = 0666;
    MUST(shmring_producer_open(&p, rig_name, &o) == SHMRING_OK);
    MUST(shmring_try_send(p, "hello", 5, 0) == SHMRING_OK);
    stage->ready = 1;
    while (!stage->go) {
        process_pause_us(200);
    }
    shmring_producer_close(p);
    return 0;
}

static void shouldShareARingOfAnotherUserOnlyWithWhoAsksForThat(void)
{
    char name[80];
    pid_t host;
    int guest;

    need_root();
    memset(stage, 0, sizeof *stage);
    (void)snprintf(name, sizeof name, "Global\\s%s", new_name());
    (void)snprintf(rig_name, RIG_NAME_SIZE, "%.60s", name);
    host = process_start(host_shares, NULL);
    while (!stage->ready && !process_has_ended(host)) {
        process_pause_us(200);
    }
    guest = in_child(guest_comes, NULL);
    stage->go = 1;
    CHECK_EQ(process_end(host), 0);
    CHECK_EQ(guest, 0);
}

/* ---- planted errors ---- */

shmring_status __real_shmring_os_open(const struct shmring_name *name, int write, int any_owner,
                                      struct shmring_os_segment *ret);
shmring_status __wrap_shmring_os_open(const struct shmring_name *name, int write, int any_owner,
                                      struct shmring_os_segment *ret);
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);

shmring_status __wrap_shmring_os_open(const struct shmring_name *name, int write, int any_owner,
                                      struct shmring_os_segment *ret)
{
    return __real_shmring_os_open(name, write,
                                  plant == ANYBODYS_IS_TAKEN ? SHMRING_OS_PLANTED : any_owner, ret);
}

int __wrap_open64(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list args;

    if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
        va_start(args, flags);
        mode = (mode_t)va_arg(args, unsigned);
        va_end(args);
    }
    return __real_open64(path, plant == LINKS_ARE_FOLLOWED ? flags & ~O_NOFOLLOW : flags, mode);
}

static void expect_found(enum plant what, const char *name)
{
    char path[320];
    size_t i;

    need_root();
    victim_uid = VICTIM;
    for (i = 0; i < squat_count; i++) {
        if (strcmp(squats[i].what, name) == 0) {
            squat = &squats[i];
        }
    }
    memset(stage, 0, sizeof *stage);
    stage->go = 1;
    (void)snprintf(path, sizeof path, "%s", squat_path(VICTIM, new_name()));
    CHECK_EQ(in_child(squatter_puts, path), 0);
    plant = what;
    i = (size_t)in_child(victim_meets, NULL);
    plant = NOTHING;
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s.own", squat_path(VICTIM, rig_name));
    (void)unlink(path);
    CHECK_EQ(i, 1);
}

static void shouldFindARingOfAnotherUserThatIsTaken(void)
{
    expect_found(ANYBODYS_IS_TAKEN, "a whole ring");
}

static void shouldFindALinkThatIsFollowed(void)
{
    expect_found(LINKS_ARE_FOLLOWED, "a link to nothing");
}

int main(void)
{
    stage = process_shared(sizeof *stage);
    RUN(shouldRefuseWhateverAnotherUserPutsUnderAName);
    RUN(shouldRefuseWhateverAUserPutsUnderANameOfRoots);
    RUN(shouldMakeItsOwnRingOrNoneWhileAnotherUserRacesForTheName);
    RUN(shouldShareARingOfAnotherUserOnlyWithWhoAsksForThat);
    RUN(shouldFindARingOfAnotherUserThatIsTaken);
    RUN(shouldFindALinkThatIsFollowed);
    return check_done();
}

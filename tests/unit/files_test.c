/* SPDX-License-Identifier: MIT */
/* files_test.c - what may stand behind a name: modes, owners, and planted things that are no rings.
 */
#include "../support/rig_linux.h"

static void expect_access(const char *text)
{
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_options o = SHMRING_OPTIONS_INIT;

    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_ACCESS);
    DETAIL_HAS(rig_name);
    DETAIL_HAS(text);
    o.open_mode = SHMRING_OPEN_ONLY;
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, &o), SHMRING_E_ACCESS);
    o.open_mode = SHMRING_CREATE_ONLY;
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, &o), SHMRING_E_ACCESS);
    CHECK(p == NULL && c == NULL);
}

static unsigned mode_of(const char *name)
{
    struct stat st;

    CHECK_EQ(stat(path_of(name), &st), 0);
    return (unsigned)st.st_mode & 07777u;
}

static void shouldMakeRingsForTheirOwnerOnly(void)
{
    mode_t kept = umask(0);
    struct pair pair = open_small_pair();

    (void)umask(kept);
    CHECK_EQ(mode_of(rig_name), 0600);
    close_pair(&pair);
}

static void shouldGiveExactlyTheModeAskedForWhateverTheUmask(void)
{
    static const uint32_t modes[] = {0600, 0640, 0660, 0666, 0777, 0604};
    size_t i;

    for (i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        shmring_options o = options_of(KIB64);
        mode_t kept = umask(077);
        shmring_info info;
        struct pair pair;

        o.permissions = modes[i];
        pair = open_pair(&o);
        (void)umask(kept);
        CHECK_EQ(mode_of(rig_name), modes[i]);
        CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_OK);
        CHECK_EQ(info.permissions, modes[i]);
        close_pair(&pair);
    }
}

static void shouldRefuseASymbolicLink(void)
{
    struct pair pair = open_small_pair();
    char target[320];
    shmring_info info;

    (void)snprintf(target, sizeof target, "%s", path_of(rig_name));
    CHECK_EQ(symlink(target, path_of(new_name())), 0);
    expect_access("symbolic link");
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_E_ACCESS);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_E_ACCESS);
    CHECK_EQ(unlink(path_of(rig_name)), 0);
    CHECK_EQ(symlink("/nowhere/at/all", path_of(rig_name)), 0);
    expect_access("symbolic link");
    CHECK_EQ(unlink(path_of(rig_name)), 0);
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
    CHECK_EQ(access(target, F_OK), -1);
}

static void shouldRefuseAFifoWithoutWaitingOnIt(void)
{
    shmring_verdict v;

    CHECK_EQ(mkfifo(path_of(new_name()), 0600), 0);
    expect_access("plain file");
    CHECK_STATUS(shmring_verify(rig_name, &v), SHMRING_E_ACCESS);
    CHECK_EQ(unlink(path_of(rig_name)), 0);
}

static void shouldRefuseADirectory(void)
{
    shmring_info info;

    CHECK_EQ(mkdir(path_of(new_name()), 0700), 0);
    expect_access("plain file");
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_E_ACCESS);
    CHECK_EQ(rmdir(path_of(rig_name)), 0);
}

/* Others can link a file where the system lets them: that keeps nobody out of the ring. */
static void shouldOpenAFileWithTwoNamesOnlyByTheRingsOwn(void)
{
    struct pair pair = open_small_pair();
    shmring_consumer *c = NULL;
    char other[330], name[RIG_NAME_SIZE + 2];

    (void)snprintf(other, sizeof other, "%s-2", path_of(rig_name));
    (void)snprintf(name, sizeof name, "%s-2", rig_name);
    CHECK_EQ(link(path_of(rig_name), other), 0);
    shmring_consumer_close(pair.c);
    CHECK_STATUS(shmring_consumer_open(&c, name, NULL), SHMRING_E_CORRUPT);
    DETAIL_HAS("calls itself");
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, NULL), SHMRING_OK);
    shmring_consumer_close(c);
    shmring_producer_close(pair.p);
    CHECK(!is_there(rig_name));
    CHECK_EQ(unlink(other), 0);
}

static void shouldRefuseAnotherOwnersRingUnlessToldOtherwise(void)
{
    struct pair pair = {NULL, NULL};
    shmring_options o = options_of(KIB64);
    shmring_info info;
    char name[RIG_NAME_SIZE + 8], path[RIG_NAME_SIZE + 24];

    if (geteuid() != 0) {
        SKIP("giving a file away needs root");
    }
    (void)snprintf(name, sizeof name, "Global\\%s", new_name());
    (void)snprintf(path, sizeof path, "/dev/shm/shmring.%s", rig_name);
    CHECK_STATUS(shmring_producer_open(&pair.p, name, &o), SHMRING_OK);
    CHECK_EQ(chown(path, 65534, 65534), 0);
    CHECK_STATUS(shmring_consumer_open(&pair.c, name, NULL), SHMRING_E_ACCESS);
    DETAIL_HAS("65534");
    DETAIL_HAS("SHMRING_ANY_OWNER");
    o.flags = SHMRING_ANY_OWNER;
    CHECK_STATUS(shmring_consumer_open(&pair.c, name, &o), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(pair.p, "x", 1, 0), SHMRING_OK);
    CHECK_STATUS(shmring_inspect(name, &info), SHMRING_OK); /* looking is not opening */
    CHECK_EQ(info.owner, 65534);
    shmring_producer_close(pair.p);
    shmring_consumer_close(pair.c);
    CHECK(access(path, F_OK) != 0);
}

static void shouldRefuseARingWhoseModeWasChanged(void)
{
    struct pair pair = open_small_pair();
    shmring_consumer *c = NULL;

    shmring_consumer_close(pair.c);
    CHECK_EQ(chmod(path_of(rig_name), 0666), 0);
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, NULL), SHMRING_E_ACCESS);
    DETAIL_HAS("0600");
    DETAIL_HAS("0666");
    CHECK_EQ(chmod(path_of(rig_name), 0600), 0);
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, NULL), SHMRING_OK);
    shmring_consumer_close(c);
    shmring_producer_close(pair.p);
}

static int open_as_nobody(void *arg)
{
    shmring_options o = SHMRING_OPTIONS_INIT;
    shmring_consumer *c = NULL;

    (void)arg;
    o.open_mode = SHMRING_OPEN_ONLY;
    o.flags = SHMRING_ANY_OWNER;
    if (setgid(65534) != 0 || setuid(65534) != 0) {
        return 2;
    }
    return shmring_consumer_open(&c, rig_name, &o) == SHMRING_E_ACCESS &&
                   strstr(shmring_error_detail(), "65534") != NULL
               ? 0
               : 1;
}

static void shouldKeepOtherUsersOutByTheMode(void)
{
    shmring_producer *p = NULL;
    char name[80];

    if (geteuid() != 0) {
        SKIP("becoming another user needs root");
    }
    (void)new_name();
    (void)snprintf(name, sizeof name, "Global\\f%s", rig_name);
    (void)snprintf(rig_name, RIG_NAME_SIZE, "%.60s", name);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
    CHECK_EQ(in_child(open_as_nobody, NULL), 0);
    shmring_producer_close(p);
}

static void shouldRefuseAFileThatIsNoRing(void)
{
    shmring_producer *p = NULL;
    int fd = open(path_of(new_name()), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    CHECK(fd >= 0);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_CORRUPT); /* empty */
    DETAIL_HAS(rig_name);
    CHECK_EQ(ftruncate(fd, 131072), 0);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_CORRUPT); /* zeros */
    close(fd);
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
}

/* A PERSISTENT ring, closed. */
static const char *plant(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;

    o.lifetime = SHMRING_PERSISTENT;
    CHECK_STATUS(shmring_producer_open(&p, new_name(), &o), SHMRING_OK);
    shmring_producer_close(p);
    return rig_name;
}

/* Every way in answers the same, and says the name. */
static void expect_corrupt(const char *name)
{
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_verdict v;
    shmring_info info;

    CHECK_STATUS(shmring_producer_open(&p, name, NULL), SHMRING_E_CORRUPT);
    DETAIL_HAS(name);
    CHECK_STATUS(shmring_consumer_open(&c, name, NULL), SHMRING_E_CORRUPT);
    DETAIL_HAS(name);
    CHECK_STATUS(shmring_inspect(name, &info), SHMRING_E_CORRUPT);
    DETAIL_HAS(name);
    CHECK_STATUS(shmring_verify(name, &v), SHMRING_E_CORRUPT);
    DETAIL_HAS(name);
    CHECK(p == NULL && c == NULL);
}

static void shouldRefuseATruncatedOrOversizedFile(void)
{
    static const off_t sizes[] = {0, 1, 8, 4096, 65536, 65537, 131071, 131073, 196608};
    size_t i;

    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        CHECK_EQ(truncate(path_of(plant()), sizes[i]), 0);
        expect_corrupt(rig_name);
        CHECK_STATUS(shmring_remove(rig_name), SHMRING_OK);
    }
}

/* Of the size that its header says: masks would be wrong. */
static void shouldRefuseACapacityThatIsNoPowerOfTwo(void)
{
    const off_t capacity = 3 * 32768;
    const char *name = plant();

    poke64(name, 0x10, (uint64_t)capacity);
    CHECK_EQ(truncate(path_of(name), (off_t)SHMRING_HEADER_SIZE + capacity), 0);
    expect_corrupt(name);
    DETAIL_HAS("98304");
    CHECK_STATUS(shmring_remove(name), SHMRING_OK);
}

static void shouldRefuseAFileThatWasRenamed(void)
{
    char from[320], other[96];

    (void)snprintf(from, sizeof from, "%s", path_of(plant()));
    (void)snprintf(other, sizeof other, "%s.moved", rig_name);
    CHECK_EQ(rename(from, path_of(other)), 0);
    expect_corrupt(other);
    DETAIL_HAS("renamed");
    CHECK_STATUS(shmring_remove(other), SHMRING_OK);
}

int main(void)
{
    RUN(shouldMakeRingsForTheirOwnerOnly);
    RUN(shouldGiveExactlyTheModeAskedForWhateverTheUmask);
    RUN(shouldRefuseASymbolicLink);
    RUN(shouldRefuseAFifoWithoutWaitingOnIt);
    RUN(shouldRefuseADirectory);
    RUN(shouldOpenAFileWithTwoNamesOnlyByTheRingsOwn);
    RUN(shouldRefuseAnotherOwnersRingUnlessToldOtherwise);
    RUN(shouldRefuseARingWhoseModeWasChanged);
    RUN(shouldKeepOtherUsersOutByTheMode);
    RUN(shouldRefuseAFileThatIsNoRing);
    RUN(shouldRefuseATruncatedOrOversizedFile);
    RUN(shouldRefuseACapacityThatIsNoPowerOfTwo);
    RUN(shouldRefuseAFileThatWasRenamed);
    return check_done();
}

/* SPDX-License-Identifier: MIT */
/* handle_test.c - what only Windows has: handles to wait on, names in two rooms, and who may open.
 *
 * Under wine this shows that the calls do what they say; who is kept out by a descriptor, only
 * Windows itself can show. */
#include "../support/rig.h"

#define WIN32_LEAN_AND_MEAN
#include <aclapi.h>
#include <sddl.h>
#include <windows.h>

#define LONG_MS 20000u

static int is_signalled(void *handle)
{
    return WaitForSingleObject(handle, 0) == WAIT_OBJECT_0;
}

static int becomes_signalled(void *handle)
{
    return WaitForSingleObject(handle, LONG_MS) == WAIT_OBJECT_0;
}

static void shouldSignalTheConsumersHandleWhileThereIsSomethingToRead(void)
{
    struct pair pair = open_small_pair();
    void *handle = shmring_consumer_handle(pair.c);
    char b[8];
    int i;

    CHECK(handle != NULL);
    CHECK(shmring_consumer_handle(pair.c) == handle);
    CHECK(!is_signalled(handle));
    for (i = 0; i < 100; i++) {
        CHECK_STATUS(shmring_try_send(pair.p, "abc", 4, 0), SHMRING_OK);
        CHECK(becomes_signalled(handle));
        CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_OK);
        CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_EMPTY);
        CHECK(!is_signalled(handle));
    }
    shmring_producer_close(pair.p);
    CHECK(becomes_signalled(handle));
    CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_CLOSED);
    shmring_consumer_close(pair.c);
}

/* A timer: signalled when it is time to look again, and until the call that finds nothing. */
static void shouldSignalAnObserversHandle(void)
{
    struct pair pair = open_small_pair();
    shmring_observer *o = NULL;
    shmring_status status = SHMRING_EMPTY;
    void *handle;
    char b[8];
    int i;

    CHECK_STATUS(shmring_observer_open(&o, rig_name, NULL), SHMRING_OK);
    handle = shmring_observer_handle(o);
    CHECK(handle != NULL);
    CHECK(shmring_observer_handle(o) == handle);
    CHECK_EQ(shmring_observer_fd(o), -1);
    for (i = 0; i < 20; i++) {
        CHECK_STATUS(shmring_try_send(pair.p, "abc", 4, 0), SHMRING_OK);
        CHECK(becomes_signalled(handle));
        CHECK_STATUS(shmring_observe(o, b, 8, NULL), SHMRING_OK);
        CHECK_STATUS(shmring_observe(o, b, 8, NULL), SHMRING_EMPTY);
    }
    shmring_observer_interrupt(o);
    CHECK(becomes_signalled(handle));
    shmring_producer_close(pair.p);
    while (status == SHMRING_EMPTY) {
        CHECK(becomes_signalled(handle));
        status = shmring_observe(o, b, 8, NULL);
    }
    CHECK_STATUS(status, SHMRING_CLOSED);
    shmring_observer_close(o);
    shmring_consumer_close(pair.c);
}

static void shouldSignalTheProducersHandleWhenThereIsSpace(void)
{
    struct pair pair = open_small_pair();
    void *handle = shmring_producer_handle(pair.p);
    char b[8];

    CHECK(handle != NULL && is_signalled(handle));
    (void)fill(pair.p, 0);
    CHECK_STATUS(shmring_wait_space(pair.p, 0, 0), SHMRING_FULL);
    CHECK(!is_signalled(handle));
    while (shmring_try_recv(pair.c, b, 8, NULL) == SHMRING_OK) {
    }
    CHECK(becomes_signalled(handle));
    CHECK_STATUS(shmring_try_send(pair.p, NULL, 0, 0), SHMRING_OK);
    close_pair(&pair);
}

static void shouldHaveNoDescriptors(void)
{
    struct pair pair = open_small_pair();

    CHECK_EQ(shmring_consumer_fd(pair.c), -1);
    DETAIL_HAS("shmring_consumer_handle");
    CHECK_EQ(shmring_producer_fd(pair.p), -1);
    DETAIL_HAS(rig_name);
    CHECK(shmring_consumer_handle(NULL) == NULL);
    close_pair(&pair);
}

static int send_and_die(void *arg)
{
    shmring_producer *p = NULL;

    return shmring_producer_open(&p, arg, NULL) == SHMRING_OK ? 0 : 1; /* and no close */
}

static void shouldSignalTheHandleWhenTheProducerDies(void)
{
    shmring_consumer *c = NULL;
    char b[8];
    void *handle;

    CHECK_STATUS(shmring_consumer_open(&c, new_name(), NULL), SHMRING_OK);
    handle = shmring_consumer_handle(c);
    CHECK(handle != NULL);
    CHECK_EQ(in_child(send_and_die, rig_name), 0);
    do { /* first its coming may be heard, then its end */
        CHECK(becomes_signalled(handle));
    } while (shmring_try_recv(c, b, 8, NULL) == SHMRING_EMPTY);
    CHECK_STATUS(shmring_recv(c, b, 8, NULL, SHMRING_FOREVER), SHMRING_PEER_DEAD);
    shmring_consumer_close(c);
}

static void shouldKeepLocalAndGlobalNamesApart(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *local = NULL, *global = NULL;
    shmring_consumer *c = NULL;
    char name[96], b[8];

    CHECK_STATUS(shmring_producer_open(&local, new_name(), &o), SHMRING_OK);
    (void)snprintf(name, sizeof name, "Global\\%s", rig_name);
    CHECK_STATUS(shmring_producer_open(&global, name, &o), SHMRING_OK);
    CHECK_STATUS(shmring_try_send(global, "abc", 4, 0), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(c, b, 8, NULL), SHMRING_EMPTY);
    shmring_consumer_close(c);
    CHECK_STATUS(shmring_consumer_open(&c, name, NULL), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(c, b, 8, NULL), SHMRING_OK);
    shmring_consumer_close(c);
    shmring_producer_close(local);
    shmring_producer_close(global);
}

static void shouldRefuseANameThatAnObjectOfAnotherKindHas(void)
{
    char full[128];
    shmring_producer *p = NULL;
    HANDLE event;

    (void)snprintf(full, sizeof full, "Local\\shmring.%s", new_name());
    event = CreateEventA(NULL, TRUE, FALSE, full);
    CHECK(event != NULL);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_ACCESS);
    DETAIL_HAS("another kind");
    (void)CloseHandle(event);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
    shmring_producer_close(p);
}

static void shouldRefuseAnObjectOfAnotherKindInPlaceOfTheRole(void)
{
    char full[128];
    shmring_producer *p = NULL;
    HANDLE mutex;

    (void)snprintf(full, sizeof full, "Local\\shmring.%s!producer", new_name());
    mutex = CreateMutexA(NULL, FALSE, full);
    CHECK(mutex != NULL);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_ACCESS);
    DETAIL_HAS("another kind");
    CHECK(!is_there(rig_name));
    (void)CloseHandle(mutex);
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_OK);
    shmring_producer_close(p);
}

/* Attributes of an object that belongs to all users of the machine, who may do all with it. */
static SECURITY_ATTRIBUTES of_others(void)
{
    SECURITY_ATTRIBUTES security = {sizeof security, NULL, FALSE};

    CHECK(ConvertStringSecurityDescriptorToSecurityDescriptorA(
        "O:BUD:(A;;GA;;;WD)", SDDL_REVISION_1, &security.lpSecurityDescriptor, NULL));
    return security;
}

/* Windows lets few give an object away; wine, everybody. */
static HANDLE or_skip(SECURITY_ATTRIBUTES *security, HANDLE object)
{
    (void)LocalFree(security->lpSecurityDescriptor);
    if (object == NULL) {
        SKIP("this user may make no object that is another's");
    }
    return object;
}

static void shouldRefuseASectionOfAnotherOwnerUnlessToldNotTo(void)
{
    SECURITY_ATTRIBUTES security = of_others();
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    char full[128];
    HANDLE section;

    (void)snprintf(full, sizeof full, "Local\\shmring.%s", new_name());
    section = or_skip(&security, CreateFileMappingA(INVALID_HANDLE_VALUE, &security, PAGE_READWRITE,
                                                    0, 131072, full));
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_ACCESS);
    DETAIL_HAS("another user's");
    (void)CloseHandle(section);
    o.security = "O:BUD:(A;;GA;;;WD)";
    o.flags = SHMRING_ANY_OWNER;
    CHECK_STATUS(shmring_producer_open(&p, rig_name, &o), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, NULL), SHMRING_E_ACCESS);
    CHECK_STATUS(shmring_consumer_open(&c, rig_name, &o), SHMRING_OK);
    shmring_consumer_close(c);
    shmring_producer_close(p);
}

static void shouldRefuseARoleOfAnotherOwner(void)
{
    SECURITY_ATTRIBUTES security = of_others();
    shmring_producer *p = NULL;
    char full[128];
    HANDLE event;

    (void)snprintf(full, sizeof full, "Local\\shmring.%s!producer", new_name());
    event = or_skip(&security, CreateEventA(&security, TRUE, FALSE, full));
    CHECK_STATUS(shmring_producer_open(&p, rig_name, NULL), SHMRING_E_ACCESS);
    DETAIL_HAS("role");
    (void)CloseHandle(event);
}

/* Its pages are not there: looking at one would end the process. */
static void shouldRefuseASectionThatIsOnlyReserved(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    shmring_info info;
    char full[128];
    HANDLE section;

    (void)snprintf(full, sizeof full, "Local\\shmring.%s", new_name());
    section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_RESERVE, 0,
                                 131072, full);
    CHECK(section != NULL);
    o.flags = SHMRING_ANY_OWNER;
    CHECK_STATUS(shmring_producer_open(&p, rig_name, &o), SHMRING_E_ACCESS);
    DETAIL_HAS("another kind");
    CHECK_STATUS(shmring_inspect(rig_name, &info), SHMRING_E_ACCESS);
    (void)CloseHandle(section);
}

static void shouldRefuseASectionOfAFile(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    char full[128], path[MAX_PATH + 1];
    HANDLE file, section;

    CHECK(GetTempFileNameA(".", "shm", 0, path) != 0);
    file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                       FILE_FLAG_DELETE_ON_CLOSE, NULL);
    CHECK(file != INVALID_HANDLE_VALUE);
    (void)snprintf(full, sizeof full, "Local\\shmring.%s", new_name());
    section = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 131072, full);
    CHECK(section != NULL);
    o.flags = SHMRING_ANY_OWNER;
    CHECK_STATUS(shmring_producer_open(&p, rig_name, &o), SHMRING_E_ACCESS);
    DETAIL_HAS("another kind");
    (void)CloseHandle(section);
    (void)CloseHandle(file);
}

static void shouldFindNothingToPrune(void)
{
    struct pair pair = open_small_pair();
    uint32_t removed = 99;

    CHECK_STATUS(shmring_prune(&removed), SHMRING_OK);
    CHECK_EQ(removed, 0);
    CHECK(is_there(rig_name));
    CHECK_STATUS(shmring_remove(rig_name), SHMRING_E_UNSUPPORTED);
    DETAIL_HAS("cannot be removed");
    close_pair(&pair);
}

static int end_with_still_active(void *arg)
{
    shmring_producer *p = NULL;

    if (shmring_producer_open(&p, arg, NULL) != SHMRING_OK) {
        return 1;
    }
    return STILL_ACTIVE;
}

/* The exit status that looks as if there were none; somebody has a handle of the process still. */
static void shouldNoticeADeathWhoseExitStatusIsStillActive(void)
{
    shmring_consumer *c = NULL;
    char b[8];
    pid_t child;

    CHECK_STATUS(shmring_consumer_open(&c, new_name(), NULL), SHMRING_OK);
    child = process_start(end_with_still_active, rig_name);
    CHECK_STATUS(shmring_recv(c, b, 8, NULL, LONG_MS * MS), SHMRING_PEER_DEAD);
    CHECK_EQ(process_end(child), STILL_ACTIVE);
    shmring_consumer_close(c);
}

/* The DACL of the section, in words. */
static char *dacl_of(const char *name)
{
    char full[128], *text = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    HANDLE section;

    (void)snprintf(full, sizeof full, "Local\\shmring.%s", name);
    section = OpenFileMappingA(READ_CONTROL, FALSE, full);
    CHECK(section != NULL);
    CHECK_EQ(GetSecurityInfo(section, SE_KERNEL_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, NULL,
                             NULL, &descriptor),
             ERROR_SUCCESS);
    CHECK(ConvertSecurityDescriptorToStringSecurityDescriptorA(
        descriptor, SDDL_REVISION_1, DACL_SECURITY_INFORMATION, &text, NULL));
    (void)LocalFree(descriptor);
    (void)CloseHandle(section);
    return text;
}

static unsigned count_of(const char *text, char c)
{
    unsigned n = 0;

    for (; *text != '\0'; text++) {
        n += *text == c;
    }
    return n;
}

static void shouldLetInThisUserAndSystemAndNobodyElse(void)
{
    struct pair pair = open_small_pair();
    char *text = dacl_of(rig_name);

    CHECK(strncmp(text, "D:P", 3) == 0); /* protected: nothing is inherited */
    CHECK_EQ(count_of(text, '('), 2);
    CHECK(strstr(text, ";SY)") != NULL || strstr(text, ";S-1-5-18)") != NULL);
    CHECK(strstr(text, ";WD)") == NULL);
    (void)LocalFree(text);
    close_pair(&pair);
}

static void shouldLetInWhomTheCallersDescriptorNames(void)
{
    shmring_options o = options_of(KIB64);
    struct pair pair;
    char *text;

    o.security = "D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;WD)";
    pair = open_pair(&o);
    text = dacl_of(rig_name);
    CHECK_EQ(count_of(text, '('), 3);
    CHECK(strstr(text, ";WD)") != NULL);
    (void)LocalFree(text);
    CHECK_STATUS(shmring_try_send(pair.p, "abc", 4, 0), SHMRING_OK);
    close_pair(&pair);
    o.security = "not a descriptor";
    CHECK_STATUS(shmring_producer_open(&pair.p, new_name(), &o), SHMRING_E_INVALID);
    DETAIL_HAS("options.security");
}

int main(void)
{
    RUN(shouldSignalTheConsumersHandleWhileThereIsSomethingToRead);
    RUN(shouldSignalAnObserversHandle);
    RUN(shouldSignalTheProducersHandleWhenThereIsSpace);
    RUN(shouldHaveNoDescriptors);
    RUN(shouldSignalTheHandleWhenTheProducerDies);
    RUN(shouldKeepLocalAndGlobalNamesApart);
    RUN(shouldRefuseANameThatAnObjectOfAnotherKindHas);
    RUN(shouldRefuseAnObjectOfAnotherKindInPlaceOfTheRole);
    RUN(shouldRefuseASectionOfAnotherOwnerUnlessToldNotTo);
    RUN(shouldRefuseARoleOfAnotherOwner);
    RUN(shouldRefuseASectionThatIsOnlyReserved);
    RUN(shouldRefuseASectionOfAFile);
    RUN(shouldFindNothingToPrune);
    RUN(shouldNoticeADeathWhoseExitStatusIsStillActive);
    RUN(shouldLetInThisUserAndSystemAndNobodyElse);
    RUN(shouldLetInWhomTheCallersDescriptorNames);
    return check_done();
}

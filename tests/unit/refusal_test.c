/* SPDX-License-Identifier: MIT */
/* refusal_test.c - Windows refuses one call after the other, while a ring is opened and closed.
 *
 * Whatever is refused: the sentence names the ring and has that error, though what was called
 * afterwards left another one; nothing is left open; and the next open works. windows_imports.h
 * stands between the library and the system. */
#include "../support/rig.h"

#include "../support/windows_imports.h"

enum deed { MAKE, JOIN, LISTEN, DEEDS };

static shmring_producer *other;

/* One open and close, or what there is of it. */
static shmring_status do_deed(enum deed deed, int *ret_untouched)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_status status;

    if (deed == MAKE) {
        status = shmring_producer_open(&p, rig_name, &o);
        *ret_untouched = status == SHMRING_OK || p == NULL;
        shmring_producer_close(p);
        return status;
    }
    status = shmring_consumer_open(&c, rig_name, NULL);
    *ret_untouched = status == SHMRING_OK || c == NULL;
    if (status == SHMRING_OK && deed == LISTEN && shmring_consumer_handle(c) == NULL) {
        status = SHMRING_E_OS;
    }
    shmring_consumer_close(c);
    return status;
}

/* Refuses the n-th call. 0: there were not so many. */
static int refuse_call(enum deed deed, unsigned n)
{
    const struct imports_balance before = imports_balance();
    struct imports_balance after;
    int untouched = 0;
    shmring_status status;
    const char *refused;

    imports_refuse(n, IMPORTS_ERROR);
    status = do_deed(deed, &untouched);
    refused = imports_refused();
    imports_refuse(0, 0);
    after = imports_balance();
    CHECK(untouched);
    if (after.handles != before.handles || after.views != before.views ||
        after.blocks != before.blocks || after.timers != before.timers) {
        CHECK_FAIL_("deed %d, call %u, %s: %d handles, %d views, %d blocks, %d timers are left",
                    (int)deed, n, refused != NULL ? refused : "none refused",
                    after.handles - before.handles, after.views - before.views,
                    after.blocks - before.blocks, after.timers - before.timers);
    }
    if (refused == NULL) {
        CHECK_STATUS(status, SHMRING_OK);
        return 0;
    }
    if (status < 0) {
        DETAIL_HAS(rig_name);
        if (imports_says_why(refused)) {
            DETAIL_HAS(IMPORTS_ERROR_WORDS);
        }
    }
    CHECK(deed != MAKE || !is_there(rig_name));
    CHECK_STATUS(do_deed(deed, &untouched), SHMRING_OK);
    return 1;
}

static void refuse_each_call(enum deed deed, unsigned at_least)
{
    unsigned n = 1;

    while (refuse_call(deed, n)) {
        n++;
    }
    CHECK(n > at_least); /* or the imports are not ours */
    CHECK_EQ(imports_misused(), 0);
}

static void shouldLeaveNothingWhenAnyCallOfACreatorIsRefused(void)
{
    (void)new_name();
    refuse_each_call(MAKE, 30);
}

static void open_other(void)
{
    shmring_options o = options_of(KIB64);
    int untouched;

    CHECK_STATUS(shmring_producer_open(&other, new_name(), &o), SHMRING_OK);
    CHECK_STATUS(do_deed(LISTEN, &untouched), SHMRING_OK); /* the timers' threads are there now */
}

static void shouldLeaveNothingWhenAnyCallOfAnAttacherIsRefused(void)
{
    open_other();
    refuse_each_call(JOIN, 30);
    shmring_producer_close(other);
}

static void shouldLeaveNothingWhenAnyCallForAHandleIsRefused(void)
{
    open_other();
    refuse_each_call(LISTEN, 30);
    shmring_producer_close(other);
}

/* What a system before Windows 10 has: no placeholders. */
static void shouldMapWithoutPlaceholdersAndLeaveNothing(void)
{
    const int before = imports_mapped_late();
    struct pair pair;
    char b[8];

    imports_hide("VirtualAlloc2");
    pair = open_small_pair();
    CHECK_EQ(imports_mapped_late(), before);
    CHECK_STATUS(shmring_try_send(pair.p, "abc", 4, 0), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(pair.c, b, 8, NULL), SHMRING_OK);
    close_pair(&pair);
    open_other();
    refuse_each_call(JOIN, 30);
    shmring_producer_close(other);
    imports_hide(NULL);
}

static void shouldMapIntoPlaceholdersWhereThereAreSome(void)
{
    const int before = imports_mapped_late();
    struct pair pair = open_small_pair();

    CHECK_EQ(imports_mapped_late() - before, 6);
    close_pair(&pair);
}

static void shouldNameThePrivilegeThatAGlobalRingTakes(void)
{
    shmring_options o = options_of(KIB64);
    shmring_producer *p = NULL;
    shmring_status status;
    char name[RIG_NAME_SIZE + 8];

    (void)snprintf(name, sizeof name, "Global\\%s", new_name());
    imports_deny("CreateFileMappingW");
    imports_deny("PrivilegeCheck");
    status = shmring_producer_open(&p, name, &o);
    imports_deny(NULL);
    CHECK_STATUS(status, SHMRING_E_PRIVILEGE);
    DETAIL_HAS(name);
    DETAIL_HAS("SeCreateGlobalPrivilege");
    imports_deny("CreateFileMappingW"); /* who has the privilege misses something else */
    status = shmring_producer_open(&p, name, &o);
    imports_deny(NULL);
    CHECK_STATUS(status, SHMRING_E_ACCESS);
    imports_deny("OpenFileMappingW"); /* and opening takes none */
    imports_deny("PrivilegeCheck");
    status = shmring_producer_open(&p, name, &o);
    imports_deny(NULL);
    CHECK_STATUS(status, SHMRING_E_ACCESS);
    DETAIL_HAS("another user's");
    CHECK(p == NULL);
}

int main(void)
{
    RUN(shouldLeaveNothingWhenAnyCallOfACreatorIsRefused);
    RUN(shouldLeaveNothingWhenAnyCallOfAnAttacherIsRefused);
    RUN(shouldLeaveNothingWhenAnyCallForAHandleIsRefused);
    RUN(shouldMapWithoutPlaceholdersAndLeaveNothing);
    RUN(shouldMapIntoPlaceholdersWhereThereAreSome);
    RUN(shouldNameThePrivilegeThatAGlobalRingTakes);
    return check_done();
}

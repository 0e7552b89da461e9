/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include "os_fuzz.h"

static shmring_observer *o;
static unsigned char buf[BUFFER];

static void observe(uint32_t size)
{
    shmring_record r = {0};
    shmring_status status = shmring_observe(o, buf, size, &r);

    MUST(status != SHMRING_OK || r.len <= size);
    MUST(status != SHMRING_E_TOO_BIG || r.len > size);
    MUST(status != SHMRING_LAPPED || shmring_observer_lost(o) <= UINT64_MAX / 2); /* 0: repaired */
    if (status == SHMRING_E_CORRUPT) {
        MUST(shmring_observe(o, buf, size, &r) == SHMRING_E_CORRUPT);
        fuzz_observe_end();
    }
}

void fuzz_observe(uint32_t how, uint32_t size)
{
    if (o == NULL) {
        (void)shmring_observer_open(&o, NAME, NULL);
        return;
    }
    switch (how % 6) {
    case 0:
        (void)shmring_observer_seek(o, (int)(size & 1));
        break;
    case 1:
        shmring_observer_skip(o);
        break;
    case 2:
        if (size == 0) {
            fuzz_observe_end();
            break;
        }
        observe(size % BUFFER);
        break;
    case 3:
        (void)shmring_observer_fd(o);
        if (size % 2 == 1) {
            shmring_observer_interrupt(o);
        }
        break;
    case 4:
        MUST(shmring_observer_wait(o, size) != SHMRING_LAPPED);
        break;
    default:
        observe(BUFFER);
    }
}

void fuzz_observe_end(void)
{
    shmring_observer_close(o);
    o = NULL;
}

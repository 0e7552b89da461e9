/* SPDX-License-Identifier: MIT */
/* mapping_test.c - what each role may write in its mapping: its own page and the bells, and only a
 * producer the records. Asked of the kernel, page by page, for a write that must fail ends a test.
 */
#include "../support/rig_linux.h"

#include "segment/segment.h"

/* How the page at that address is mapped, as /proc/self/maps has it: "rw-s", or "" when it is not.
 */
static const char *rights_at(const void *address)
{
    static char rights[8];
    unsigned long start, end;
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");

    rights[0] = '\0';
    CHECK(maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL) {
        char found[8];

        if (sscanf(line, "%lx-%lx %4s", &start, &end, found) == 3 && (uintptr_t)address >= start &&
            (uintptr_t)address < end) {
            (void)snprintf(rights, sizeof rights, "%s", found);
        }
    }
    (void)fclose(maps);
    return rights;
}

static void expect_rights(const void *address, const char *want, const char *what)
{
    if (strcmp(rights_at(address), want) != 0) {
        CHECK_FAIL_("%s is mapped %s, should be %s", what, rights_at(address), want);
    }
}

/* Both halves of the data, to their last bytes. */
static void expect_data(const unsigned char *data, uint64_t capacity, const char *want)
{
    expect_rights(data, want, "the data");
    expect_rights(data + capacity - 1, want, "the end of the data");
    expect_rights(data + capacity, want, "the data, again");
    expect_rights(data + 2 * capacity - 1, want, "the end of the data, again");
}

static void shouldLetEachSideWriteWhatIsItsOwn(void)
{
    const struct shmring_os_map *of_p, *of_c;
    struct pair pair;

    if (sysconf(_SC_PAGESIZE) > 4096) {
        SKIP("pages are larger than a group of the header: all of it has one protection");
    }
    pair = open_small_pair();
    of_p = &pair.p->attachment->map;
    of_c = &pair.c->attachment->map;
    expect_data(shmring_data_of(of_p), KIB64, "rw-s");
    expect_rights(shmring_producer_page_of(of_p), "rw-s", "a producer's own page");
    expect_rights(shmring_consumer_page_of(of_p), "r--s", "the consumer's page for a producer");
    expect_rights(shmring_doorbell_page_of(of_p), "rw-s", "the bells for a producer");
    expect_rights(of_p->base, "r--s", "the geometry for a producer");
    expect_data(shmring_data_of(of_c), KIB64, "r--s");
    expect_rights(shmring_producer_page_of(of_c), "r--s", "the producer's page for a consumer");
    expect_rights(shmring_consumer_page_of(of_c), "rw-s", "a consumer's own page");
    expect_rights(shmring_doorbell_page_of(of_c), "rw-s", "the bells for a consumer");
    expect_rights(of_c->base, "r--s", "the geometry for a consumer");
    close_pair(&pair);
}

/* An observer writes nothing: no page of the ring's file is mapped writable in its process. */
static int observe_and_count(void *arg)
{
    shmring_observer *o = NULL;
    char line[512], rights[8];
    FILE *maps;
    int pages = 0;

    if (shmring_observer_open(&o, arg, NULL) != SHMRING_OK) {
        return 100;
    }
    maps = fopen("/proc/self/maps", "re");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%*s %4s", rights) == 1 && rights[3] == 's' &&
            strstr(line, "/dev/shm/") != NULL) {
            pages++;
            if (rights[1] == 'w') {
                return 101;
            }
        }
    }
    return pages;
}

static void shouldLetAnObserverWriteNothing(void)
{
    struct pair pair = open_small_pair();
    int mapped = in_child(observe_and_count, rig_name);

    CHECK(mapped >= 2 && mapped < 100); /* the header, and the data twice */
    close_pair(&pair);
}

int main(void)
{
    RUN(shouldLetEachSideWriteWhatIsItsOwn);
    RUN(shouldLetAnObserverWriteNothing);
    return check_done();
}

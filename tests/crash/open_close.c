/* SPDX-License-Identifier: MIT */
/* open_close.c - the program that inject.sh kills at each of its system calls.
 *
 *   open_close cycle producer|consumer NAME   open, move a record, close: dies somewhere in between
 *   open_close hold producer|consumer NAME    open, say "ready", stay until standard input ends
 *   open_close probe NAME                     0 when the name is free or a whole ring, and both
 * roles can be opened again and move a record
 */
#include <shmring/shmring.h>

#include <stdio.h>
#include <string.h>

static int failed(const char *what)
{
    fprintf(stderr, "# %s: %s\n", what, shmring_error_detail());
    return 1;
}

static int cycle(const char *role, const char *name)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    char buf[16];

    opt.capacity = 65536;
    if (strcmp(role, "producer") == 0) {
        if (shmring_producer_open(&p, name, &opt) != SHMRING_OK) {
            return failed("open");
        }
        (void)shmring_try_send(p, "before", 7, 1);
        shmring_producer_close(p);
        return 0;
    }
    if (shmring_consumer_open(&c, name, &opt) != SHMRING_OK) {
        return failed("open");
    }
    (void)shmring_try_recv(c, buf, sizeof buf, NULL);
    shmring_consumer_close(c);
    return 0;
}

static int hold(const char *role, const char *name)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_status status;

    opt.capacity = 65536;
    status = strcmp(role, "producer") == 0 ? shmring_producer_open(&p, name, &opt)
                                           : shmring_consumer_open(&c, name, &opt);
    if (status != SHMRING_OK) {
        return failed("open");
    }
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF) {
    }
    shmring_producer_close(p);
    shmring_consumer_close(c);
    return 0;
}

static int probe(const char *name)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    shmring_producer *p = NULL;
    shmring_consumer *c = NULL;
    shmring_info info;
    shmring_status status = shmring_inspect(name, &info);
    shmring_record r;
    char buf[16] = "";

    if (status != SHMRING_OK && status != SHMRING_E_NOT_FOUND) {
        return failed("what has the name is not a whole ring");
    }
    opt.capacity = 65536;
    status = shmring_producer_open(&p, name, &opt);
    if (status != SHMRING_OK && status != SHMRING_E_BUSY) {
        return failed("the next producer");
    }
    status = shmring_consumer_open(&c, name, &opt);
    if (status != SHMRING_OK && status != SHMRING_E_BUSY) {
        return failed("the next consumer");
    }
    if (p != NULL && c != NULL) {
        if (shmring_try_send(p, "after", 6, 1) != SHMRING_OK) {
            return failed("the next send");
        }
        do {
            status = shmring_try_recv(c, buf, sizeof buf, &r);
        } while (status == SHMRING_OK && strcmp(buf, "before") == 0);
        if (status != SHMRING_OK || strcmp(buf, "after") != 0) {
            return failed("the next receive");
        }
    }
    if (p == NULL && c == NULL) {
        return failed("both roles are taken");
    }
    shmring_consumer_close(c);
    shmring_producer_close(p);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "cycle") == 0) {
        return cycle(argv[2], argv[3]);
    }
    if (argc == 4 && strcmp(argv[1], "hold") == 0) {
        return hold(argv[2], argv[3]);
    }
    if (argc == 3 && strcmp(argv[1], "probe") == 0) {
        return probe(argv[2]);
    }
    fprintf(stderr, "usage: open_close cycle|hold producer|consumer NAME | probe NAME\n");
    return 2;
}

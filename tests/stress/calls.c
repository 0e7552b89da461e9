/* SPDX-License-Identifier: MIT */
/* calls.c - what calls.sh looks at through strace.
 *
 *   calls stream            100,000 records through a ring whose reader keeps up; getppid() before
 *                           and after
 *   calls wake RING N       N records to a reader that sleeps before each; `wake` and the number of
 *                           its sleeps are printed
 *   calls serve RING N      that reader
 *   calls drain RING N      takes a record out of a full ring whenever its sender sleeps, N times
 *   calls fill RING N       that sender
 */
#define _GNU_SOURCE
#include <shmring/shmring.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int failed(const char *what)
{
    fprintf(stderr, "calls: %s: %s\n", what, shmring_error_detail());
    return 1;
}

static int stream(void)
{
    shmring_producer *p;
    shmring_consumer *c;
    char name[64], b[64] = "";
    int i;

    (void)snprintf(name, sizeof name, "calls.%ld", (long)getpid());
    if (shmring_producer_open(&p, name, NULL) != SHMRING_OK ||
        shmring_consumer_open(&c, name, NULL) != SHMRING_OK) {
        return failed("open");
    }
    (void)getppid();
    for (i = 0; i < 100000; i++) {
        if (shmring_send(p, b, sizeof b, 1, SHMRING_FOREVER) != SHMRING_OK ||
            shmring_recv(c, b, sizeof b, NULL, SHMRING_FOREVER) != SHMRING_OK ||
            shmring_try_recv(c, b, sizeof b, NULL) != SHMRING_EMPTY) {
            return failed("stream");
        }
    }
    (void)getppid();
    shmring_producer_close(p);
    shmring_consumer_close(c);
    return 0;
}

static int serve(const char *name, int n)
{
    shmring_options opt = SHMRING_OPTIONS_INIT;
    shmring_consumer *c;

    opt.spin_ns = 1;
    if (shmring_consumer_open(&c, name, &opt) != SHMRING_OK) {
        return failed("open");
    }
    for (; n > 0; n--) {
        if (shmring_recv(c, NULL, 0, NULL, SHMRING_FOREVER) != SHMRING_OK) {
            return failed("recv");
        }
    }
    shmring_consumer_close(c);
    return 0;
}

static int wake(const char *name, int n)
{
    shmring_info info;
    shmring_producer *p;
    int i;

    if (shmring_producer_open(&p, name, NULL) != SHMRING_OK) {
        return failed("open");
    }
    for (i = 0; i < n; i++) {
        do { /* it read the last one, and waits for the next */
            (void)usleep(200);
            if (shmring_inspect(name, &info) != SHMRING_OK) {
                return failed("inspect");
            }
        } while (!info.consumer.waiting || info.cursor != info.tail);
        if (shmring_try_send(p, NULL, 0, 0) != SHMRING_OK) {
            return failed("send");
        }
    }
    shmring_producer_close(p);
    return 0;
}

#define FILL_BYTES   16000
#define FILL_RECORDS 4 /* so many fit */

static int fill(const char *name, int n)
{
    static char b[FILL_BYTES];
    shmring_options opt = SHMRING_OPTIONS_INIT;
    shmring_producer *p;

    opt.spin_ns = 1;
    opt.capacity = 65536;
    if (shmring_producer_open(&p, name, &opt) != SHMRING_OK) {
        return failed("open");
    }
    for (n += FILL_RECORDS; n > 0; n--) {
        if (shmring_send(p, b, sizeof b, 1, SHMRING_FOREVER) != SHMRING_OK) {
            return failed("send");
        }
    }
    shmring_producer_close(p);
    return 0;
}

static int drain(const char *name, int n)
{
    static char b[FILL_BYTES];
    shmring_options opt = SHMRING_OPTIONS_INIT;
    shmring_info info;
    shmring_consumer *c;
    int i;

    opt.capacity = 65536;
    if (shmring_consumer_open(&c, name, &opt) != SHMRING_OK) {
        return failed("open");
    }
    for (i = 0; i < n; i++) {
        do { /* there is no room, and it waits for some */
            (void)usleep(200);
            if (shmring_inspect(name, &info) != SHMRING_OK) {
                return failed("inspect");
            }
        } while (!info.producer.waiting || info.tail - info.cursor < FILL_RECORDS * FILL_BYTES);
        if (shmring_try_recv(c, b, sizeof b, NULL) != SHMRING_OK) {
            return failed("recv");
        }
    }
    shmring_consumer_close(c);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "stream") == 0) {
        return stream();
    }
    if (argc == 4 && strcmp(argv[1], "serve") == 0) {
        return serve(argv[2], atoi(argv[3]));
    }
    if (argc == 4 && strcmp(argv[1], "wake") == 0) {
        return wake(argv[2], atoi(argv[3]));
    }
    if (argc == 4 && strcmp(argv[1], "fill") == 0) {
        return fill(argv[2], atoi(argv[3]));
    }
    if (argc == 4 && strcmp(argv[1], "drain") == 0) {
        return drain(argv[2], atoi(argv[3]));
    }
    fprintf(stderr, "usage: calls stream | calls serve|wake|fill|drain RING N\n");
    return 2;
}

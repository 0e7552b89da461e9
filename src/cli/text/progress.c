/* SPDX-License-Identifier: MIT */
/* progress.c - what has passed so far, for somebody who watches. */
#include "command.h"
#include "host/host.h"

#define RENEW_NS UINT64_C(250000000)

void progress_start(struct progress *p, int wanted)
{
    p->shown = wanted && host_error_is_terminal();
    p->start_ns = p->shown ? host_clock_ns() : 0;
    p->next_ns = p->start_ns + RENEW_NS;
    p->records = p->bytes = 0;
}

static void show(const struct progress *p, uint64_t now)
{
    double seconds = (double)(now - p->start_ns) / 1e9;
    char rate[FIGURE_SIZE], speed[FIGURE_SIZE], records[FIGURE_SIZE], bytes[FIGURE_SIZE];

    if (seconds > 0) {
        fprintf(stderr, "\r%s records/s  %sB/s  total %s records, %s bytes\033[K",
                figure_rate(rate, (double)p->records / seconds),
                figure_rate(speed, (double)p->bytes / seconds), figure_count(records, p->records),
                figure_count(bytes, p->bytes));
        (void)fflush(stderr);
    }
}

void progress_show(struct progress *p)
{
    uint64_t now;

    if (p->shown) {
        now = host_clock_ns();
        if (now >= p->next_ns) {
            p->next_ns = now + RENEW_NS;
            show(p, now);
        }
    }
}

void progress_end(struct progress *p)
{
    if (p->shown) {
        show(p, host_clock_ns());
        fputc('\n', stderr);
        p->shown = 0;
    }
}

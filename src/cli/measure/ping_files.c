/* SPDX-License-Identifier: MIT */
/* ping_files.c - what `shmring ping` writes to files: after each run, so that a stop or a failure
 * leaves those before. */
#include <errno.h>
#include <inttypes.h>

#include "measure/hlog.h"
#include "measure/ping.h"

FILE *ping_file_open(const char *path, int *ok)
{
    FILE *file = path == NULL ? NULL : strcmp(path, "-") == 0 ? stdout : fopen(path, "wb");

    *ok = path == NULL || file != NULL;
    if (!*ok && !host_stop_requested()) {
        (void)say_failed("%s: %s", path, strerror(errno));
    }
    return file;
}

int ping_file_close(FILE *file, const char *path)
{
    int ok = file == NULL || !ferror(file);

    if (file == stdout) {
        return 1; /* say_done() tells */
    }

    errno = 0;
    if (file != NULL && (fclose(file) != 0 || !ok)) {
        (void)say_failed("%s: %s", path,
                         errno != 0 ? strerror(errno) : "not everything could be written");
        return 0;
    }
    return 1;
}

int ping_files_on_output(const struct ping_files *files)
{
    const char *const all[] = {files->hgrm, files->hlog, files->csv, files->samples};
    size_t i;
    int n = 0;

    for (i = 0; i < sizeof all / sizeof all[0]; i++) {
        n += all[i] != NULL && strcmp(all[i], "-") == 0;
    }
    return n;
}

int ping_files_open(const struct ping *p, struct ping_open *ret)
{
    int ok;

    memset(ret, 0, sizeof *ret);
    ret->hgrm = ping_file_open(p->files.hgrm, &ok);
    if (ok) {
        ret->hlog = ping_file_open(p->files.hlog, &ok);
    }
    if (ok) {
        ret->csv = ping_file_open(p->files.csv, &ok);
    }
    if (ok) {
        ret->samples = ping_file_open(p->files.samples, &ok);
    }
    if (!ok) {
        (void)ping_files_close(p, ret, 0);
    }
    return ok;
}

static void csv_run(FILE *to, const struct ping *p, const struct ping_run *run)
{
    size_t what, part;

    if (p->done == 1) {
        fprintf(to, "run,began,state,size,what,count");
        for (part = 0; part < PING_PARTS; part++) {
            fprintf(to, ",%s_ns", ping_heads[part]);
        }
        fputs("\n", to);
    }
    for (what = 0; what < PING_WHATS; what++) {
        const struct histogram *h = ping_histogram(run, (enum ping_what)what);

        if (h->count == 0) {
            continue;
        }
        fprintf(to, "%zu,%" PRIu64 ".%09" PRIu64 ",%s,%" PRIu64 ",%s,%" PRIu64, p->done,
                run->began_ns / PAIR_SECOND_NS, run->began_ns % PAIR_SECOND_NS,
                pair_state_text(ping_state(p, run)), p->plan.size, ping_keys[what], h->count);
        for (part = 0; part < PING_PARTS; part++) {
            fprintf(to, ",%" PRIu64,
                    ping_parts[part] > 1 ? h->max : histogram_at(h, ping_parts[part]));
        }
        fputs("\n", to);
    }
}

static int hlog_run(FILE *to, const struct ping *p, const struct ping_run *run)
{
    const uint64_t from_ns = run->began_ns - p->run[0].began_ns;
    size_t what;
    int ok = 1;

    if (p->done == 1) {
        hlog_start(to, run->began_ns);
    }
    for (what = 0; ok && what < PING_WHATS; what++) {
        ok = hlog_add(to, ping_keys[what], from_ns, run->trips.elapsed_ns,
                      ping_histogram(run, (enum ping_what)what));
    }
    return ok;
}

int ping_files_run(struct ping *p, void *context)
{
    const struct ping_open *files = context;
    const struct ping_run *run = &p->run[p->done - 1];

    if (files->csv != NULL) {
        csv_run(files->csv, p, run);
    }
    if (files->samples != NULL) {
        samples_write(files->samples, &p->job->samples, (uint32_t)p->done, run->began_ns);
        if (p->job->samples.dropped != 0) {
            say_notice("%s has the first %" PRIu64 " samples of run %zu, which had %" PRIu64
                       " more: the figures have all of them",
                       p->files.samples, p->job->samples.kept, p->done, p->job->samples.dropped);
        }
    }
    return files->hlog == NULL || hlog_run(files->hlog, p, run);
}

int ping_files_close(const struct ping *p, struct ping_open *files, int complete)
{
    static struct histogram all;
    size_t i;
    int ok;

    if (files->hgrm != NULL && complete) {
        histogram_clear(&all);
        for (i = 0; i < p->done; i++) {
            histogram_merge(&all, &p->run[i].trips.round_trip);
        }
        histogram_percentiles(&all, files->hgrm);
    }
    ok = ping_file_close(files->hgrm, p->files.hgrm);
    ok = ping_file_close(files->hlog, p->files.hlog) && ok;
    ok = ping_file_close(files->csv, p->files.csv) && ok;
    return ping_file_close(files->samples, p->files.samples) && ok;
}

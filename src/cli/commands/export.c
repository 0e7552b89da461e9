/* SPDX-License-Identifier: MIT */
/* export.c - the records of a recording as text: JSON or CSV, by their fields. */
#include <string.h>

#include "command.h"
#include "host/host.h"
#include "recording/selection.h"
#include "text/ring_name.h"
#include "view/view.h"

struct exporter {
    struct view view;
    struct frame_output out;
    struct selection some;
    uint32_t ring; /* whose records */
};

/* The ring that is meant. 1; 0 after it has said why there is none. */
static int find_ring(struct exporter *x, struct recording_reader *r, const char *name)
{
    const uint32_t count = recording_rings(r);
    uint32_t i;

    x->ring = 0;
    if (name == NULL && count > 1) {
        (void)say_usage("%s has several rings: name one behind it; `shmring info` lists them",
                        r->path);
        return 0;
    }
    for (i = 0; name != NULL && i < count; i++) {
        if (strcmp(short_name(ring_name(name)), short_name(recording_ring(r, i)->about.name)) ==
            0) {
            x->ring = i;
            return 1;
        }
    }
    if (name != NULL) {
        (void)say_failed("%s has no ring '%s': `shmring info` lists what it has", r->path, name);
    }
    return name == NULL;
}

/* The view frees its description. */
static int open_view(struct exporter *x, struct recording_reader *r, int *ret_exit)
{
    shmring_description *copy = NULL;
    const char *text;

    if (recording_rings(r) > 0 && recording_ring(r, x->ring)->description != NULL) {
        text = shmring_description_text(recording_ring(r, x->ring)->description);
        (void)shmring_description_parse(&copy, text, strlen(text), "recording");
    }
    return view_open(&x->view, copy, &x->out, ret_exit);
}

static int export_all(struct exporter *x, struct recording_reader *r)
{
    struct recording_entry e;
    int found = 0, shown;

    while (!host_stop_requested() && (found = recording_next(r, &e)) > 0) {
        const shmring_record record = {
            .data = e.data,
            .len = e.len,
            .type = e.type,
            .flags = (e.flags & RECORDING_GAP) != 0 ? SHMRING_FLAG_GAP : 0,
            .stamp = e.time_ns,
            .position = e.channel != NULL ? e.sequence : e.position,
        };

        if (selection_has(&x->some, r, &e) && e.ring == x->ring &&
            (e.flags & RECORDING_IS_LOSS) == 0 && !view_show(&x->view, &record, &shown)) {
            return view_failed(&x->view);
        }
    }
    if (found == 0 && (r->damaged_places != 0 || !r->has_end)) {
        say_notice("%s is %s: this is what is whole of it", r->path,
                   r->damaged_places != 0 ? "damaged" : "cut");
    }
    if (!frame_output_flush(&x->out)) {
        return frame_output_failed();
    }
    return found < 0 && !host_stop_requested() ? EXIT_FAILED : EXIT_OK;
}

static int export(struct exporter *x, const char *path, const char *name)
{
    struct recording_reader r;
    int ret = EXIT_FAILED;

    if (!recording_open(&r, path)) {
        return EXIT_FAILED;
    }
    if (!find_ring(x, &r, name)) {
        recording_close(&r);
        return name == NULL ? EXIT_USAGE : EXIT_FAILED;
    }
    if (frame_output_start(&x->out, FRAME_LINE)) {
        ret = EXIT_OK;
        if (open_view(x, &r, &ret)) {
            ret = export_all(x, &r);
        }
        view_close(&x->view);
        frame_output_end(&x->out);
    }
    recording_close(&r);
    return ret;
}

static int run(const struct command *self, int argc, char **argv)
{
    static const char *const formats[] = {"table", "json", "csv", NULL};
    struct exporter x = {.some = {.to_ns = UINT64_MAX}};
    const char *operands[2] = {NULL, NULL};
    size_t n;
    int ret, done;

    view_start(&x.view);
    x.view.format = VIEW_JSON;
    {
        const struct option options[] = {
            VIEW_OPTIONS(x.view, formats),
            {"from", OPTION_TIME, &x.some.from_ns, NULL, 0, 0, NULL, NULL},
            {"to", OPTION_TIME, &x.some.to_ns, NULL, 0, 0, NULL, NULL},
            {"types", OPTION_TEXT, &x.some.types, NULL, 0, 0, NULL, NULL},
        };

        if (!args_read_many(self, argc, argv, options, sizeof options / sizeof options[0], operands,
                            2, &n, &ret)) {
            return ret;
        }
    }
    if (n == 0) {
        return say_usage("export needs a FILE");
    }
    host_catch_stop(NULL);
    ret = export(&x, operands[0], n > 1 ? operands[1] : NULL);
    done = say_done();
    return ret != EXIT_OK ? ret : done;
}

const struct command command_export = {
    "export", "FILE [NAME] [--format table|json|csv] [options]", "a recording as JSON or CSV",
    "Writes the records of a recorded ring to standard output, by the fields of its description. "
    "NAME says which ring, where the recording has several. The position of a record of an MCAP "
    "file is its number in the ring. Times are counted from the first record.\n"
    "\n"
    "  --from T         not what is earlier\n"
    "  --to T           not what is later\n"
    "  --types A,B      only these: names of described types, numbers, or whole topics\n" VIEW_HELP,
    run};

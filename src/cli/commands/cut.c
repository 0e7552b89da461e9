/* SPDX-License-Identifier: MIT */
/* cut.c - a part of a recording, or all of it, as a new MCAP file: it converts the form of version
 * 0.1, too. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "host/host.h"
#include "recording/compress.h"
#include "recording/multi.h"
#include "recording/output.h"
#include "recording/selection.h"

struct cutter {
    struct selection some;
    struct multi to;
    uint64_t records, bytes;
};

/* A ring of the recording in the new one, made at its first record. 1; 0 after it has said what
 * failed. */
static int ring_of(struct cutter *c, struct recorded_ring *ring, uint32_t *ret)
{
    shmring_description *copy = NULL;
    shmring_info info = {0};
    const char *text;

    if (ring->user != NULL) {
        *ret = *(uint32_t *)ring->user;
        return 1;
    }
    (void)snprintf(info.name, sizeof info.name, "%s", ring->about.name);
    info.capacity = ring->about.capacity;
    info.schema = ring->about.schema;
    info.framing = ring->about.framing;
    info.overflow = ring->about.overflow;
    info.stamp = ring->about.stamp;
    info.max_record = ring->about.max_record;
    if (ring->description != NULL) {
        text = shmring_description_text(ring->description);
        (void)shmring_description_parse(&copy, text, strlen(text), "recording");
    }
    *ret = c->to.ring_count;
    ring->user = malloc(sizeof *ret);
    if (ring->user == NULL) {
        (void)say_failed("no memory for a ring");
        shmring_description_free(copy);
        return 0;
    }
    *(uint32_t *)ring->user = *ret;
    return multi_ring(&c->to, &info, 2, copy);
}

static int pass_on(struct cutter *c, struct recording_reader *r, const struct recording_entry *e)
{
    const shmring_record record = {
        .data = e->data,
        .len = e->len,
        .type = e->type,
        .flags = (e->flags & RECORDING_GAP) != 0 ? SHMRING_FLAG_GAP : 0,
        .stamp = e->time_ns,
        .position = e->position,
    };
    uint32_t ring;

    if (!ring_of(c, recording_ring(r, e->ring), &ring)) {
        return 0;
    }
    if ((e->flags & RECORDING_IS_LOSS) != 0) {
        return e->len != RECORDING_LOSS ||
               multi_lost(&c->to, ring, get_number(e->data, 8), get_number(e->data + 8, 8),
                          e->position, e->time_ns);
    }
    if (e->sequence != 0) {
        c->to.rings[ring].sequence = e->sequence - 1;
    }
    c->records++;
    c->bytes += e->len;
    return multi_add(&c->to, ring, &record, e->time_ns);
}

static int copy(struct cutter *c, struct recording_reader *r)
{
    struct recording_entry e;
    int found = 0, ok = 1;
    uint32_t i;

    while (ok && !host_stop_requested() && (found = recording_next(r, &e)) > 0) {
        ok = !selection_has(&c->some, r, &e) || pass_on(c, r, &e);
    }
    for (i = 0; i < recording_rings(r); i++) {
        free(recording_ring(r, i)->user);
    }
    if (ok && found == 0 && (r->damaged_places != 0 || !r->has_end)) {
        say_notice("%s is %s: the new file has what is whole of it", r->path,
                   r->damaged_places != 0 ? "damaged" : "cut");
    }
    return ok && found == 0;
}

static void print_sums(const struct cutter *c, const char *path, int as_json)
{
    FILE *to = strcmp(path, "-") == 0 ? stderr : stdout;
    char records[FIGURE_SIZE], bytes[FIGURE_SIZE];
    struct json j;

    if (!as_json) {
        fprintf(to, "%s, %s\n", figure_of(records, c->records, "record"),
                figure_of(bytes, c->bytes, "byte"));
        return;
    }
    json_start(&j, to);
    json_open(&j, NULL, '{');
    json_number(&j, "records", c->records);
    json_number(&j, "bytes", c->bytes);
    json_close(&j, '}');
    json_end(&j);
}

static int cut(struct cutter *c, const char *const *paths, enum mcap_compression compression,
               int as_json)
{
    const struct recording_limits limits = {0};
    struct recording_reader r;
    int ok, ended = 1;

    if (!recording_open(&r, paths[0])) {
        return EXIT_FAILED;
    }
    if (recording_rings(&r) > 0 && recording_ring(&r, 0)->about.name[0] == '\0') {
        recording_close(&r);
        return say_failed("%s is another program's: cut it with that, or with mcap", paths[0]);
    }
    ok = multi_create(&c->to, paths[1], &limits, compression, r.calendar_ns, r.monotonic_ns);
    ok = ok && copy(c, &r);
    ended = multi_end(&c->to);
    recording_close(&r);
    if (ok && ended) {
        print_sums(c, paths[1], as_json);
    }
    return ok && ended ? EXIT_OK : EXIT_FAILED;
}

static int run(const struct command *self, int argc, char **argv)
{
    static const char *const ways[] = {"none", "lz4", "zstd", NULL};
    struct cutter c = {.some = {.to_ns = UINT64_MAX}};
    const char *operands[2];
    uint32_t compression = 0;
    size_t n;
    int ret, done, as_json = 0;
    const struct option options[] = {
        {"from", OPTION_TIME, &c.some.from_ns, NULL, 0, 0, NULL, NULL},
        {"to", OPTION_TIME, &c.some.to_ns, NULL, 0, 0, NULL, NULL},
        {"types", OPTION_TEXT, &c.some.types, NULL, 0, 0, NULL, NULL},
        {"compress", OPTION_CHOICE, &compression, ways, 0, 0, NULL, NULL},
        {"json", OPTION_FLAG, &as_json, NULL, 0, 0, NULL, NULL},
    };

    if (!args_read_many(self, argc, argv, options, sizeof options / sizeof options[0], operands, 2,
                        &n, &ret)) {
        return ret;
    }
    if (n < 2) {
        return say_usage("cut needs a FILE and the name of a new one");
    }
    if (!compress_can((enum mcap_compression)compression)) {
        return say_usage("this program was built without %s", ways[compression]);
    }
    if (strcmp(operands[1], "-") == 0 && host_output_is_terminal()) {
        return say_usage("a recording is not for a terminal: give a file, or a pipe behind -");
    }
    host_catch_stop(NULL);
    ret = cut(&c, operands, (enum mcap_compression)compression, as_json);
    done = say_done();
    return ret != EXIT_OK ? ret : done;
}

const struct command command_cut = {
    "cut", "FILE OUT.mcap [options]", "a part of a recording as a new one",
    "Copies records of a recording into a new MCAP file: all of them, or those of a time and of "
    "some types. Reads both forms, so it converts recordings of version 0.1, and mends files that "
    "were cut. Times are counted from the first record.\n"
    "\n"
    "  --from T         not what is earlier\n"
    "  --to T           not what is later\n"
    "  --types A,B      only these: names of described types, numbers, or whole topics\n"
    "  --compress HOW   each chunk by none, lz4 or zstd (none)\n"
    "  --json           the sums as a JSON object\n",
    run};

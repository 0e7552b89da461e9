/* SPDX-License-Identifier: MIT */
/* multi_about.c - what a recording says of its host, its rings, and how each of them ended. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/host.h"
#include "recording/multi.h"

#define PAIR 160u

static const char *stamp_word(uint32_t stamp)
{
    return stamp == SHMRING_STAMP_NONE        ? "none"
           : stamp == SHMRING_STAMP_MONOTONIC ? "monotonic"
                                              : "tsc";
}

static void put_number_text(char *to, uint64_t value)
{
    (void)snprintf(to, PAIR, "%" PRIu64, value);
}

size_t multi_about_ring(const struct multi_ring *ring, struct mcap_text *pairs, char (*text)[PAIR])
{
    const shmring_info *info = &ring->info;
    size_t n = 0, i = 0;

#define ADD(word, what) (pairs[n].key = (word), pairs[n++].value = (what))
    ADD("ring", short_name(info->name));
    ADD("framing", info->framing == SHMRING_BYTES ? "bytes" : "records");
    ADD("overflow", info->overflow == SHMRING_OVERWRITE ? "overwrite" : "reject");
    ADD("stamp", stamp_word(info->stamp));
    put_number_text(text[i], info->capacity);
    ADD("capacity", text[i++]);
    put_number_text(text[i], info->max_record);
    ADD("max_record", text[i++]);
    (void)snprintf(text[i], PAIR, "0x%" PRIx64, info->schema);
    ADD("schema", text[i++]);
    (void)snprintf(text[i], PAIR, "%016" PRIx64 "%016" PRIx64, info->incarnation[0],
                   info->incarnation[1]);
    ADD("incarnation", text[i++]);
    ADD("source", ring->source == 1 ? "consumer" : "observer");
#undef ADD
    return n;
}

int multi_write_ring(struct multi *m, const struct multi_ring *ring)
{
    struct mcap_text pairs[MULTI_PAIRS];
    char text[MULTI_PAIRS][PAIR], name[SHMRING_NAME_SIZE + 8];
    const size_t n = multi_about_ring(ring, pairs, text);
    const char *description;

    if (!mcap_write_metadata(&m->file, "shmring:ring", pairs, n)) {
        return 0;
    }
    if (ring->description == NULL) {
        return 1;
    }
    description = shmring_description_text(ring->description);
    (void)snprintf(name, sizeof name, "%s.msg", short_name(ring->info.name));
    return mcap_write_attachment(&m->file, host_clock_ns(), name, "text/x-shmring-description",
                                 description, strlen(description));
}

/* A JSON text's inside: what it must not have is left out. */
static void copy_plain(char *to, size_t size, const char *from)
{
    size_t n = 0;

    for (; *from != '\0' && n < size - 1; from++) {
        if ((unsigned char)*from >= ' ' && *from != '"' && *from != '\\') {
            to[n++] = *from;
        }
    }
    to[n] = '\0';
}

int multi_write_start(struct multi *m)
{
    struct host_machine machine;
    char number[24], calendar[24], monotonic[24], json[768], cpu[128], system[96];
    const struct mcap_text pairs[] = {
        {"version", "1"}, {"file", number}, {"calendar_ns", calendar}, {"monotonic_ns", monotonic}};
    const uint64_t now_ns = m->monotonic_ns != 0 ? m->monotonic_ns : host_clock_ns();
    const uint64_t epoch_ns = m->monotonic_ns != 0 ? m->calendar_ns : host_epoch_ns();
    uint32_t i;
    int length;

    (void)snprintf(number, sizeof number, "%" PRIu64, m->out.number);
    (void)snprintf(calendar, sizeof calendar, "%" PRIu64, epoch_ns);
    (void)snprintf(monotonic, sizeof monotonic, "%" PRIu64, now_ns);
    host_describe(&machine);
    copy_plain(cpu, sizeof cpu, machine.cpu);
    copy_plain(system, sizeof system, machine.system);
    length = snprintf(json, sizeof json,
                      "{\"program\": \"shmring %s\", \"cpu\": \"%s\", \"cores\": %u, "
                      "\"system\": \"%s\", \"calendar_ns\": %" PRIu64 ", \"monotonic_ns\": %" PRIu64
                      "}\n",
                      shmring_version(), cpu, machine.cores, system, epoch_ns, now_ns);
    if (!mcap_start(&m->file, shmring_version()) ||
        !mcap_write_metadata(&m->file, "shmring:recording", pairs,
                             sizeof pairs / sizeof pairs[0]) ||
        !mcap_write_attachment(&m->file, now_ns, "host.json", "application/json", json,
                               (size_t)length)) {
        return 0;
    }
    for (i = 0; i < m->ring_count; i++) {
        if (!multi_write_ring(m, &m->rings[i])) {
            return 0;
        }
    }
    return 1;
}

static int write_end(struct multi *m, const struct multi_ring *ring, uint32_t reason)
{
    static const char *const reasons[] = {"stopped", "rotated", "closed", "died", "stopped"};
    const struct recording_totals *t = &ring->file_totals;
    char text[6][PAIR];
    const struct mcap_text pairs[] = {{"ring", short_name(ring->info.name)},
                                      {"why", reasons[reason <= RECORDING_STOPPED ? reason : 0]},
                                      {"records", text[0]},
                                      {"bytes", text[1]},
                                      {"losses", text[2]},
                                      {"lost_bytes", text[3]},
                                      {"lost_records", text[4]},
                                      {"refused", text[5]}};

    put_number_text(text[0], t->records);
    put_number_text(text[1], t->bytes);
    put_number_text(text[2], t->losses);
    put_number_text(text[3], t->lost_bytes);
    put_number_text(text[4], t->lost_records);
    put_number_text(text[5], ring->refused);
    if (t->lost_records == UINT64_MAX) {
        (void)snprintf(text[4], PAIR, "unknown");
    }
    return mcap_write_metadata(&m->file, "shmring:end", pairs, sizeof pairs / sizeof pairs[0]);
}

int multi_write_ends(struct multi *m, int is_last)
{
    uint32_t i;

    for (i = 0; i < m->ring_count; i++) {
        const struct multi_ring *ring = &m->rings[i];
        const uint32_t reason = ring->reason != MULTI_NOT_ENDED ? ring->reason
                                : is_last                       ? (uint32_t)RECORDING_STOPPED
                                                                : (uint32_t)RECORDING_ROTATED;

        if (!write_end(m, ring, reason)) {
            return 0;
        }
    }
    return 1;
}

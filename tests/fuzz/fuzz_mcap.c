/* SPDX-License-Identifier: MIT */
/* fuzz_mcap.c - a libFuzzer target: any bytes as an MCAP file. All that the reader gives is looked
 * at, byte by byte, and nothing is given that the file has not. */
#include <stdlib.h>
#include <string.h>

#include "recording/mcap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *at;
    size_t left;
    size_t step; /* it comes in pieces */
};

static int64_t give(void *context, void *to, size_t n)
{
    struct input *in = context;

    n = n < in->left ? n : in->left;
    n = n < in->step ? n : in->step;
    memcpy(to, in->at, n);
    in->at += n;
    in->left -= n;
    return (int64_t)n;
}

static unsigned sum;

static void touch(const void *from, size_t n)
{
    const unsigned char *at = from;

    while (n-- > 0) {
        sum += *at++;
    }
}

static void look_at(const struct mcap_item *item, enum mcap_found found)
{
    struct view pairs = {item->data, item->size, 0};
    char value[16];

    touch(item->data, item->size);
    touch(item->name, strlen(item->name));
    if (found == MCAP_FOUND_MESSAGE) {
        touch(item->channel->topic, strlen(item->channel->topic));
        touch(item->channel->encoding, strlen(item->channel->encoding));
        (void)mcap_channel_get(item->channel, "ring", value, sizeof value);
        if (item->channel->schema != NULL) {
            touch(item->channel->schema->text, item->channel->schema->size + 1);
        }
    } else if (found == MCAP_FOUND_METADATA) {
        (void)mcap_pairs_get(pairs, "key", value, sizeof value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size, 1 + size % 700};
    struct mcap_reader r = {.read = give, .context = &in};
    struct mcap_item item;
    enum mcap_found found = MCAP_END;
    size_t count = 0;

    if (mcap_open(&r) > 0) {
        while ((found = mcap_next(&r, &item)) > 0) {
            look_at(&item, found);
            count++;
        }
    }
    if (found == MCAP_FAILED && r.problem == NULL) {
        abort(); /* a failure without words */
    }
    if (count > (size_t)1 << 24 || r.known_size > MCAP_KNOWN_MOST + size) {
        abort();
    }
    mcap_reader_free(&r);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* bridge.c - a ring to and from a stream of NATS JetStream: docs/beyond.md. */
#include "bridge/bridge.h"

#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "text/ring_name.h"

#define STREAM_SIZE 256

/* The stream's name where none is given: the subject, with _ for what a name cannot have. */
static const char *stream_of(const char *subject, char to[STREAM_SIZE])
{
    size_t i;

    snprintf(to, STREAM_SIZE, "%s", subject);
    for (i = 0; to[i] != '\0'; i++) {
        to[i] = to[i] == '.' ? '_' : to[i];
    }
    return to;
}

/* "wait", "drop-oldest", "sample:N". */
static int read_behind(const char *text, struct bridge_options *o)
{
    char *end;

    if (strcmp(text, "wait") == 0) {
        o->behind = BEHIND_WAIT;
        return 1;
    }
    if (strcmp(text, "drop-oldest") == 0) {
        o->behind = BEHIND_DROP;
        return 1;
    }
    if (strncmp(text, "sample:", 7) == 0 && text[7] >= '1' && text[7] <= '9') {
        o->behind = BEHIND_SAMPLE;
        o->sample = strtoull(text + 7, &end, 10);
        return *end == '\0';
    }
    return 0;
}

static void print_totals(const struct bridge_options *o, const struct bridge_totals *t, int forward,
                         int as_json)
{
    char records[FIGURE_SIZE], bytes[FIGURE_SIZE];
    struct json j;

    if (as_json) {
        json_start(&j, stdout);
        json_open(&j, NULL, '{');
        json_text(&j, "ring", short_name(o->ring));
        json_text(&j, "stream", o->link.stream);
        json_number(&j, "records", t->records);
        json_number(&j, "bytes", t->bytes);
        json_number(&j, "blocks", t->blocks);
        json_number(&j, "holes", t->holes);
        json_number(&j, "lost_bytes", t->lost_bytes);
        json_number(&j, "left_out", t->left_out);
        json_number(&j, forward ? "resumed" : "had", t->again);
        json_close(&j, '}');
        json_end(&j);
        return;
    }
    printf("%s %s, %s", forward ? "forwarded" : "received",
           figure_of(records, t->records, "record"), figure_of(bytes, t->bytes, "byte"));
    if (t->holes != 0) {
        printf("; %s of the source ring are missing in %s", figure_of(bytes, t->lost_bytes, "byte"),
               figure_of(records, t->holes, "place"));
    }
    if (t->left_out != 0) {
        printf("; %s left out on purpose", figure_of(records, t->left_out, "record"));
    }
    printf("\n");
}

/* Checks which options go together. 1, or 0 to end with *ret_exit. */
static int check(struct bridge_options *o, const char *to, const char *from, const char *behind,
                 int *ret_exit)
{
    *ret_exit = EXIT_USAGE;
    if ((to == NULL) == (from == NULL)) {
        (void)say_usage("give --to URL or --from URL");
        return 0;
    }
    if (o->link.subject == NULL || o->link.subject[0] == '\0' ||
        strpbrk(o->link.subject, "*> \t") != NULL || strlen(o->link.subject) >= STREAM_SIZE) {
        (void)say_usage("give --subject, of words with dots between, as telemetry.imu");
        return 0;
    }
    if (o->link.stream != NULL && strpbrk(o->link.stream, ".*> \t/\\") != NULL) {
        (void)say_usage("a stream's name has no dots, stars or spaces");
        return 0;
    }
    if (behind != NULL && !read_behind(behind, o)) {
        (void)say_usage("--when-behind is wait, drop-oldest, or sample:N with N from 1 on");
        return 0;
    }
    if (from != NULL && (o->tap || behind != NULL || o->follow)) {
        (void)say_usage("--tap, --follow and --when-behind belong to --to");
        return 0;
    }
    if (behind != NULL && o->tap) {
        (void)say_usage("--when-behind is for a ring that waits for us, and with --tap none does");
        return 0;
    }
    if ((o->link.tls_cert == NULL) != (o->link.tls_key == NULL)) {
        (void)say_usage("--tls-cert and --tls-key belong together");
        return 0;
    }
    if (!link_exists()) {
        (void)say_usage("this program was built without libnats: install the package libnats-dev "
                        "and build it again");
        return 0;
    }
    return 1;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct bridge_options o = {.linger_ns = UINT64_C(5000000),
                               .block = 256u << 10,
                               .count = UINT64_MAX,
                               .timeout_ns = SHMRING_FOREVER};
    struct bridge_totals totals = {0};
    const char *to = NULL, *from = NULL, *behind = NULL, *name;
    char stream[STREAM_SIZE];
    int ret, done, as_json = 0;
    const struct option options[] = {
        {"to", OPTION_TEXT, &to, NULL, 0, 0, NULL, NULL},
        {"from", OPTION_TEXT, &from, NULL, 0, 0, NULL, NULL},
        {"subject", OPTION_TEXT, &o.link.subject, NULL, 0, 0, NULL, NULL},
        {"stream", OPTION_TEXT, &o.link.stream, NULL, 0, 0, NULL, NULL},
        {"create", OPTION_FLAG, &o.link.create, NULL, 0, 0, NULL, NULL},
        {"replicas", OPTION_COUNT, &o.link.replicas, NULL, 1, 5, NULL, NULL},
        {"max-age", OPTION_TIME, &o.link.max_age_ns, NULL, 0, 0, NULL, NULL},
        {"max-bytes", OPTION_SIZE, &o.link.max_bytes, NULL, 0, 0, NULL, NULL},
        {"linger", OPTION_TIME, &o.linger_ns, NULL, 0, 0, NULL, NULL},
        {"block", OPTION_SIZE, &o.block, NULL, 1u << 10, 64u << 20, NULL, NULL},
        {"when-behind", OPTION_TEXT, &behind, NULL, 0, 0, NULL, NULL},
        {"tap", OPTION_FLAG, &o.tap, NULL, 0, 0, NULL, NULL},
        {"follow", OPTION_FLAG, &o.follow, NULL, 0, 0, NULL, NULL},
        {"count", OPTION_COUNT, &o.count, NULL, 0, 0, NULL, NULL},
        {"timeout", OPTION_TIME, &o.timeout_ns, NULL, 0, 0, NULL, NULL},
        {"creds", OPTION_TEXT, &o.link.credentials, NULL, 0, 0, NULL, NULL},
        {"nkey", OPTION_TEXT, &o.link.nkey, NULL, 0, 0, NULL, NULL},
        {"tls-ca", OPTION_TEXT, &o.link.tls_ca, NULL, 0, 0, NULL, NULL},
        {"tls-cert", OPTION_TEXT, &o.link.tls_cert, NULL, 0, 0, NULL, NULL},
        {"tls-key", OPTION_TEXT, &o.link.tls_key, NULL, 0, 0, NULL, NULL},
        RING_ANY_OWNER_OPTION,
        {"json", OPTION_FLAG, &as_json, NULL, 0, 0, NULL, NULL},
    };

    o.link.replicas = 1;
    if (!args_read(self, argc, argv, options, sizeof options / sizeof options[0], "NAME", &name,
                   &ret) ||
        !check(&o, to, from, behind, &ret)) {
        return ret;
    }
    o.ring = ring_name(name);
    o.link.url = to != NULL ? to : from;
    if (o.link.stream == NULL) {
        o.link.stream = stream_of(o.link.subject, stream);
    }
    ret = to != NULL ? bridge_forward(&o, &totals) : bridge_receive(&o, &totals);
    if (ret == EXIT_OK || totals.blocks != 0) {
        print_totals(&o, &totals, to != NULL, as_json);
    }
    done = say_done();
    return ret != EXIT_OK ? ret : done;
}

const struct command command_bridge = {
    "bridge",
    "NAME --to URL --subject SUBJECT [options]\n"
    "shmring bridge NAME --from URL --subject SUBJECT [options]",
    "a ring to and from a stream of NATS JetStream",
    "Carries the records of a ring to other machines: one bridge puts them into a stream, and\n"
    "others take them out into rings of theirs. Each record arrives once and in order, whoever is\n"
    "killed on the way; what is missing all the same is told. With --to it is the ring's "
    "receiver,\n"
    "gives records back when the stream has them, and ends when the sender has closed. With "
    "--from\n"
    "it is the sender of the far ring, which it makes PERSISTENT and like the source when it is "
    "not\n"
    "there, and goes on until Ctrl-C. URL: nats://HOST:4222, or several with commas between.\n"
    "\n"
    "  --to URL             put the records of the ring into the stream\n"
    "  --from URL           take the records of the stream into the ring\n"
    "  --subject S          of the stream, which has this one alone: words with dots between\n"
    "  --stream NAME        the stream's name (the subject with _ for its dots)\n"
    "  --create             make the stream when it is not there\n"
    "  --replicas N         of a stream that is made: servers that keep it (1)\n"
    "  --max-age T          of a stream that is made: how long it keeps records (for ever)\n"
    "  --max-bytes SIZE     of a stream that is made: how much it keeps (all)\n"
    "  --linger T           send a block that is not full after this time (5ms)\n"
    "  --block SIZE         of a message at most (256K)\n"
    "  --when-behind WHAT   when the stream is slower and the ring nearly full: wait, "
    "drop-oldest,\n"
    "                       or sample:N, which keeps one of N records (wait)\n"
    "  --tap                watch a ring whose receiver is somebody else\n"
    "  --follow             go on with the next sender when one has ended\n"
    "  --count N            receive N records, then end\n"
    "  --timeout T          end with status 1 when nothing has been received for this long\n"
    "  --creds FILE         credentials, as nsc makes them\n"
    "  --nkey FILE          the seed of an nkey\n"
    "  --tls-ca FILE        use TLS, and trust this authority\n"
    "  --tls-cert FILE      our certificate, with --tls-key\n"
    "  --tls-key FILE       its key\n"
    "  --json               the sums as a JSON object\n" RING_ANY_OWNER_HELP,
    run};

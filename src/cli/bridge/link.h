/* SPDX-License-Identifier: MIT */
/* link.h - what the bridge asks of NATS JetStream. link_nats.c fulfils it where the build has
 * libnats, link_none.c where not. One thread. */
#ifndef SHMRING_SRC_CLI_BRIDGE_LINK_H
#define SHMRING_SRC_CLI_BRIDGE_LINK_H

#include <stddef.h>
#include <stdint.h>

#define LINK_ID   80u
#define LINK_TEXT 160u

struct link;

struct link_options {
    const char *url, *subject;
    const char *stream;      /* its name */
    int create;              /* make the stream when it is not there */
    uint64_t replicas;       /* of a stream that is made */
    uint64_t max_age_ns;     /* of what it keeps; 0: no limit */
    uint64_t max_bytes;      /* the same in bytes; 0: no limit */
    const char *credentials; /* files; NULL: none */
    const char *nkey;
    const char *tls_ca, *tls_cert, *tls_key;
};

enum link_result {
    LINK_OK,
    LINK_AGAIN, /* not now: the server is away, or nothing has come */
    LINK_FAILED /* for good; the sentence was said */
};

/* Whether this program was built with libnats. */
int link_exists(void);

/* Connects, and finds or makes the stream. 1, or 0 with the sentence said. */
int link_open(struct link **ret, const struct link_options *o);
void link_close(struct link *l);
/* The most bytes that a message to this stream may have. */
size_t link_room(const struct link *l);
/* Grows whenever the connection was lost or made anew. */
uint64_t link_changes(const struct link *l);

/* ---- to the stream ---- */

/* The newest message of the subject, and the stream's newest number. *ret_n: how many bytes of the
 * message were stored in ret; 0: there is none. */
enum link_result link_last(struct link *l, uint64_t *ret_sequence, void *ret, size_t room,
                           size_t *ret_n);

/* A message on its way to the stream. The stream takes it only when it is the next one: behind the
 * message `behind_id`, or where that is NULL behind the number behind_sequence. */
struct link_message {
    const void *data;
    size_t n;
    uint64_t round, number; /* come back with the answer */
    const char *id;
    const char *behind_id;
    uint64_t behind_sequence;
};
enum link_result link_publish(struct link *l, const struct link_message *m);

enum link_code {
    LINK_TAKEN,
    LINK_NOT_NEXT,  /* another message came in between */
    LINK_NOBODY,    /* no server of the stream answers now */
    LINK_TOO_LARGE, /* the stream takes no message of this size */
    LINK_REFUSED    /* for the reason in text */
};

struct link_answer {
    uint64_t round, number;
    enum link_code code;
    char text[LINK_TEXT];
};
/* Waits for the next answer. */
enum link_result link_answer(struct link *l, uint64_t timeout_ns, struct link_answer *ret);

/* ---- from the stream ---- */

/* Begins at the message with this number, or the next one that the stream still has. */
enum link_result link_follow(struct link *l, uint64_t sequence);
/* Waits for the next message. LINK_AGAIN: nothing came. *ret_broken: messages may be missing, or
 * the server forgot us, and link_follow() must be called again. The message stays until the next
 * call. */
enum link_result link_next(struct link *l, uint64_t timeout_ns, const unsigned char **ret,
                           size_t *ret_n, uint64_t *ret_sequence, int *ret_broken);

#endif

/* SPDX-License-Identifier: MIT */
/* link_nats_open.c - the bridge's connection, by libnats: connecting, and finding the stream. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/link_nats.h"
#include "command.h"
#include "host/host.h"

#define CONNECT_MS   3000
#define RECONNECT_MS 200
#define ASK_MS       3000
#define START_NS     UINT64_C(15000000000) /* a cluster that has just begun chooses its leaders */
#define PAUSE_NS     UINT64_C(250000000)
#define HEADERS_ROOM 512u /* bytes of a message that our headers take at most */

int link_exists(void)
{
    return 1;
}

/* ---- connecting ---- */

static int failed_to_connect(const struct link_options *o, natsStatus status)
{
    natsStatus last = NATS_OK;
    const char *text = nats_GetLastError(&last);

    switch (status) {
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
        return say_failed("the server at %s refuses us: its credentials are wrong or missing; give "
                          "--creds or --nkey",
                          o->url);
    case NATS_NO_SERVER:
    case NATS_TIMEOUT:
    case NATS_IO_ERROR:
        return say_failed("no NATS server answers at %s", o->url);
    case NATS_ADDRESS_MISSING:
    case NATS_INVALID_ARG:
        return say_failed("%s is no address of a NATS server: write nats://HOST:4222", o->url);
    default:
        return say_failed("cannot connect to %s: %s", o->url,
                          status == NATS_SSL_ERROR && last == status && text != NULL
                              ? text
                              : natsStatus_GetText(status));
    }
}

static natsStatus set_secrets(natsOptions *n, const struct link_options *o)
{
    natsStatus status = NATS_OK;

    if (o->credentials != NULL) {
        status = natsOptions_SetUserCredentialsFromFiles(n, o->credentials, NULL);
    }
    if (status == NATS_OK && o->nkey != NULL) {
        status = natsOptions_SetNKeyFromSeed(n, NULL, o->nkey);
    }
    if (status == NATS_OK && o->tls_ca != NULL) {
        status = natsOptions_SetSecure(n, true);
        if (status == NATS_OK) {
            status = natsOptions_LoadCATrustedCertificates(n, o->tls_ca);
        }
    }
    if (status == NATS_OK && o->tls_cert != NULL) {
        status = natsOptions_LoadCertificatesChain(n, o->tls_cert, o->tls_key);
    }
    return status;
}

/* url may be several, with commas between. */
static natsStatus set_servers(natsOptions *n, const char *url)
{
    char text[1024], *at = text;
    const char *servers[16];
    int count = 0;

    if (strlen(url) >= sizeof text) {
        return NATS_INVALID_ARG;
    }
    snprintf(text, sizeof text, "%s", url);
    while (at != NULL && count < 16) {
        servers[count++] = at;
        at = strchr(at, ',');
        if (at != NULL) {
            *at++ = '\0';
        }
    }
    return natsOptions_SetServers(n, servers, count);
}

static natsStatus connect_to(struct link *l)
{
    natsOptions *n = NULL;
    natsStatus status = natsOptions_Create(&n);

    status = status != NATS_OK ? status : set_servers(n, l->o->url);
    status = status != NATS_OK ? status : set_secrets(n, l->o);
    if (status == NATS_OK) {
        (void)natsOptions_SetTimeout(n, CONNECT_MS);
        (void)natsOptions_SetName(n, "shmring bridge");
        (void)natsOptions_SetMaxReconnect(n, -1);
        (void)natsOptions_SetReconnectWait(n, RECONNECT_MS);
        (void)natsOptions_SetReconnectJitter(n, RECONNECT_MS, RECONNECT_MS);
        (void)natsOptions_SetPingInterval(n, 2000);
        (void)natsOptions_SetMaxPingsOut(n, 2);
        status = natsConnection_Connect(&l->connection, n);
    }
    natsOptions_Destroy(n);
    return status;
}

/* ---- the stream ---- */

static natsStatus make_stream(struct link *l, jsErrCode *code)
{
    jsStreamConfig config;
    const char *subjects[1];

    jsStreamConfig_Init(&config);
    subjects[0] = l->o->subject;
    config.Name = l->o->stream;
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.Storage = js_FileStorage;
    config.Replicas = (int64_t)l->o->replicas;
    config.MaxAge = (int64_t)l->o->max_age_ns;
    config.MaxBytes = l->o->max_bytes != 0 ? (int64_t)l->o->max_bytes : -1;
    config.Discard = js_DiscardOld;
    return js_AddStream(NULL, l->js, &config, NULL, code);
}

int link_no_stream(const struct link *l, natsStatus status, jsErrCode code)
{
    const struct link_options *o = l->o;

    if (status == NATS_NO_RESPONDERS || code == JSNotEnabledErr ||
        code == JSNotEnabledForAccountErr) {
        return say_failed("the server at %s has no JetStream: start it with -js", o->url);
    }
    if (code == JSStreamNotFoundErr || status == NATS_NOT_FOUND) {
        return say_failed("there is no stream '%s' at %s: --create makes it", o->stream, o->url);
    }
    return say_failed("stream '%s' at %s: %s", o->stream, o->url,
                      code != 0 && nats_GetLastError(NULL) != NULL ? nats_GetLastError(NULL)
                                                                   : natsStatus_GetText(status));
}

/* The bridge's messages follow each other, and so no other subject may come between. */
static int fits(struct link *l, const jsStreamInfo *info)
{
    const jsStreamConfig *c = info->Config;
    const size_t most = (size_t)natsConnection_GetMaxPayload(l->connection);

    if (c->SubjectsLen != 1 || strcmp(c->Subjects[0], l->o->subject) != 0) {
        (void)say_failed("stream '%s' has other subjects than '%s': a bridge needs a stream of its "
                         "own",
                         l->o->stream, l->o->subject);
        return 0;
    }
    l->room = most;
    if (c->MaxMsgSize > 0 && (size_t)c->MaxMsgSize < most) {
        l->room = (size_t)c->MaxMsgSize;
    }
    l->room = l->room > HEADERS_ROOM ? l->room - HEADERS_ROOM : 0;
    return 1;
}

/* A cluster that begins, or has just lost a server, does not answer for a while. */
static int is_passing(natsStatus status, jsErrCode code)
{
    return status == NATS_TIMEOUT || code == JSClusterNotAvailErr ||
           code == JSClusterNotLeaderErr || code == JSClusterNoPeersErr ||
           code == JSInsufficientResourcesErr;
}

static int find_stream(struct link *l)
{
    const uint64_t start = host_clock_ns();
    jsStreamInfo *info = NULL;
    jsErrCode code = 0;
    natsStatus status;
    int ret;

    for (;;) {
        code = 0;
        status = js_GetStreamInfo(&info, l->js, l->o->stream, NULL, &code);
        if (status != NATS_OK && l->o->create &&
            (code == JSStreamNotFoundErr || status == NATS_NOT_FOUND)) {
            code = 0;
            status = make_stream(l, &code);
            if (status == NATS_OK) {
                continue;
            }
        }
        if (status == NATS_OK || !is_passing(status, code) || host_stop_requested() ||
            host_clock_ns() - start > START_NS) {
            break;
        }
        host_sleep_ns(PAUSE_NS);
    }
    if (status != NATS_OK) {
        (void)link_no_stream(l, status, code);
        return 0;
    }
    ret = fits(l, info);
    jsStreamInfo_Destroy(info);
    return ret;
}

static int prepare(struct link *l)
{
    char subject[128];
    jsOptions options;
    natsStatus status;

    jsOptions_Init(&options);
    options.Wait = ASK_MS;
    status = natsConnection_JetStream(&l->js, l->connection, &options);
    if (status == NATS_OK) {
        status = natsInbox_Create(&l->inbox);
    }
    if (status == NATS_OK) {
        snprintf(subject, sizeof subject, "%s.*.*", (const char *)l->inbox);
        status = natsConnection_SubscribeSync(&l->answers, l->connection, subject);
    }
    if (status != NATS_OK) {
        (void)say_failed("cannot use %s: %s", l->o->url, natsStatus_GetText(status));
        return 0;
    }
    return find_stream(l);
}

int link_open(struct link **ret, const struct link_options *o)
{
    struct link *l = calloc(1, sizeof *l);
    natsStatus status;

    if (l == NULL) {
        (void)say_failed("no memory for a connection");
        return 0;
    }
    l->o = o;
    status = connect_to(l);
    if (status != NATS_OK) {
        (void)failed_to_connect(o, status);
        link_close(l);
        return 0;
    }
    if (!prepare(l)) {
        link_close(l);
        return 0;
    }
    *ret = l;
    return 1;
}

void link_close(struct link *l)
{
    if (l == NULL) {
        return;
    }
    natsMsg_Destroy(l->shown);
    natsSubscription_Destroy(l->messages);
    natsSubscription_Destroy(l->answers);
    natsInbox_Destroy(l->inbox);
    jsCtx_Destroy(l->js);
    natsConnection_Destroy(l->connection);
    free(l);
    nats_Close();
}

size_t link_room(const struct link *l)
{
    return l->room;
}

uint64_t link_changes(const struct link *l)
{
    natsStatistics *statistics = NULL;
    uint64_t reconnects = 0;

    if (natsStatistics_Create(&statistics) == NATS_OK &&
        natsConnection_GetStats(l->connection, statistics) == NATS_OK) {
        (void)natsStatistics_GetCounts(statistics, NULL, NULL, NULL, NULL, &reconnects);
    }
    natsStatistics_Destroy(statistics);
    return reconnects;
}

/* SPDX-License-Identifier: MIT */
/* link_nats.c - the bridge's messages, by libnats.
 *
 * A message is published with a reply subject of ours, INBOX.ROUND.NUMBER, on which the stream
 * answers. So the caller sees each answer by itself, and can tell those to an earlier round. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/link_nats.h"
#include "command.h"

#define HEARTBEAT_NS INT64_C(2000000000)

/* ---- to the stream ---- */

enum link_result link_last(struct link *l, uint64_t *ret_sequence, void *ret, size_t room,
                           size_t *ret_n)
{
    jsStreamInfo *info = NULL;
    jsErrCode code = 0;
    natsMsg *last = NULL;
    natsStatus status = js_GetStreamInfo(&info, l->js, l->o->stream, NULL, &code);

    if (status != NATS_OK) {
        if (code != JSStreamNotFoundErr) {
            return LINK_AGAIN;
        }
        (void)link_no_stream(l, status, code);
        return LINK_FAILED;
    }
    *ret_sequence = info->State.LastSeq;
    *ret_n = 0;
    status = info->State.Msgs == 0
                 ? NATS_NOT_FOUND
                 : js_GetLastMsg(&last, l->js, l->o->stream, l->o->subject, NULL, &code);
    jsStreamInfo_Destroy(info);
    if (status == NATS_NOT_FOUND) {
        return LINK_OK;
    }
    if (status != NATS_OK) {
        return LINK_AGAIN;
    }
    *ret_n = (size_t)natsMsg_GetDataLength(last);
    *ret_n = *ret_n < room ? *ret_n : room;
    memcpy(ret, natsMsg_GetData(last), *ret_n);
    natsMsg_Destroy(last);
    return LINK_OK;
}

enum link_result link_publish(struct link *l, const struct link_message *m)
{
    char reply[160], number[24];
    natsMsg *msg = NULL;
    natsStatus status;

    snprintf(reply, sizeof reply, "%s.%" PRIu64 ".%" PRIu64, (const char *)l->inbox, m->round,
             m->number);
    snprintf(number, sizeof number, "%" PRIu64, m->behind_sequence);
    status = natsMsg_Create(&msg, l->o->subject, reply, m->data, (int)m->n);
    if (status == NATS_OK) {
        status = natsMsgHeader_Set(msg, "Nats-Msg-Id", m->id);
    }
    if (status == NATS_OK) {
        status = m->behind_id != NULL
                     ? natsMsgHeader_Set(msg, "Nats-Expected-Last-Msg-Id", m->behind_id)
                     : natsMsgHeader_Set(msg, "Nats-Expected-Last-Sequence", number);
    }
    if (status == NATS_OK) {
        status = natsConnection_PublishMsg(l->connection, msg);
    }
    natsMsg_Destroy(msg);
    return status == NATS_OK ? LINK_OK : LINK_AGAIN;
}

/* The stream's answer is a small JSON object; of an error it has a number and a sentence. */
static void read_answer(const char *text, struct link_answer *ret)
{
    const char *code = strstr(text, "\"err_code\":"), *why = strstr(text, "\"description\":\"");
    long number;
    size_t n;

    ret->code = strstr(text, "\"error\":") == NULL ? LINK_TAKEN : LINK_REFUSED;
    ret->text[0] = '\0';
    if (ret->code == LINK_TAKEN) {
        return;
    }
    number = code != NULL ? strtol(code + strlen("\"err_code\":"), NULL, 10) : 0;
    if (number == JSStreamWrongLastMsgIDErr || number == JSStreamWrongLastSequenceErr) {
        ret->code = LINK_NOT_NEXT;
    } else if (number == JSStreamMessageExceedsMaximumErr) {
        ret->code = LINK_TOO_LARGE;
    }
    if (why != NULL) {
        why += strlen("\"description\":\"");
        n = strcspn(why, "\"");
        n = n < sizeof ret->text - 1 ? n : sizeof ret->text - 1;
        memcpy(ret->text, why, n);
        ret->text[n] = '\0';
        text_make_printable(ret->text, 1);
    }
}

enum link_result link_answer(struct link *l, uint64_t timeout_ns, struct link_answer *ret)
{
    natsMsg *msg = NULL;
    const char *subject;
    char *end = NULL;

    if (natsSubscription_NextMsg(&msg, l->answers, (int64_t)(timeout_ns / 1000000)) != NATS_OK) {
        return LINK_AGAIN;
    }
    subject = natsMsg_GetSubject(msg) + strlen((const char *)l->inbox);
    ret->round = *subject == '.' ? strtoull(subject + 1, &end, 10) : 0;
    ret->number = end != NULL && *end == '.' ? strtoull(end + 1, NULL, 10) : 0;
    if (natsMsg_IsNoResponders(msg)) {
        ret->code = LINK_NOBODY;
        ret->text[0] = '\0';
    } else {
        read_answer(natsMsg_GetDataLength(msg) > 0 ? natsMsg_GetData(msg) : "", ret);
    }
    natsMsg_Destroy(msg);
    return LINK_OK;
}

/* ---- from the stream ---- */

enum link_result link_follow(struct link *l, uint64_t sequence)
{
    jsSubOptions options;
    jsErrCode code = 0;
    natsStatus status;

    natsMsg_Destroy(l->shown);
    l->shown = NULL;
    natsSubscription_Destroy(l->messages);
    l->messages = NULL;
    jsSubOptions_Init(&options);
    options.Stream = l->o->stream;
    options.Config.DeliverPolicy = js_DeliverByStartSequence;
    options.Config.OptStartSeq = sequence > 0 ? sequence : 1;
    options.Config.AckPolicy = js_AckNone;
    options.Config.FlowControl = true;
    options.Config.Heartbeat = HEARTBEAT_NS;
    options.Config.MaxDeliver = 1;
    options.Config.MemoryStorage = true;
    options.Config.Replicas = 1;
    status = js_SubscribeSync(&l->messages, l->js, l->o->subject, NULL, &options, &code);
    if (status == NATS_OK) {
        (void)natsSubscription_SetPendingLimits(l->messages, -1, -1);
        l->next_number = 1;
        return LINK_OK;
    }
    l->messages = NULL;
    if (code == JSStreamNotFoundErr) {
        (void)link_no_stream(l, status, code);
        return LINK_FAILED;
    }
    return LINK_AGAIN;
}

enum link_result link_next(struct link *l, uint64_t timeout_ns, const unsigned char **ret,
                           size_t *ret_n, uint64_t *ret_sequence, int *ret_broken)
{
    jsMsgMetaData *meta = NULL;
    natsStatus status;
    uint64_t number;

    *ret_broken = 0;
    natsMsg_Destroy(l->shown);
    l->shown = NULL;
    status = natsSubscription_NextMsg(&l->shown, l->messages, (int64_t)(timeout_ns / 1000000));
    if (status != NATS_OK) {
        *ret_broken = status != NATS_TIMEOUT;
        return LINK_AGAIN;
    }
    if (natsMsg_GetMetaData(&meta, l->shown) != NATS_OK) {
        return LINK_AGAIN;
    }
    *ret_sequence = meta->Sequence.Stream;
    number = meta->Sequence.Consumer;
    jsMsgMetaData_Destroy(meta);
    if (number != l->next_number) { /* some were lost on their way to us */
        *ret_broken = 1;
        return LINK_AGAIN;
    }
    l->next_number++;
    *ret = (const unsigned char *)natsMsg_GetData(l->shown);
    *ret_n = (size_t)natsMsg_GetDataLength(l->shown);
    return LINK_OK;
}

/* SPDX-License-Identifier: MIT */
/* link_none.c - a program that was built without libnats has no bridge. */
#include "bridge/link.h"

int link_exists(void)
{
    return 0;
}

int link_open(struct link **ret, const struct link_options *o)
{
    (void)ret;
    (void)o;
    return 0;
}

void link_close(struct link *l)
{
    (void)l;
}

size_t link_room(const struct link *l)
{
    (void)l;
    return 0;
}

uint64_t link_changes(const struct link *l)
{
    (void)l;
    return 0;
}

enum link_result link_last(struct link *l, uint64_t *ret_sequence, void *ret, size_t room,
                           size_t *ret_n)
{
    (void)l;
    (void)ret_sequence;
    (void)ret;
    (void)room;
    (void)ret_n;
    return LINK_FAILED;
}

enum link_result link_publish(struct link *l, const struct link_message *m)
{
    (void)l;
    (void)m;
    return LINK_FAILED;
}

enum link_result link_answer(struct link *l, uint64_t timeout_ns, struct link_answer *ret)
{
    (void)l;
    (void)timeout_ns;
    (void)ret;
    return LINK_FAILED;
}

enum link_result link_follow(struct link *l, uint64_t sequence)
{
    (void)l;
    (void)sequence;
    return LINK_FAILED;
}

enum link_result link_next(struct link *l, uint64_t timeout_ns, const unsigned char **ret,
                           size_t *ret_n, uint64_t *ret_sequence, int *ret_broken)
{
    (void)l;
    (void)timeout_ns;
    (void)ret;
    (void)ret_n;
    (void)ret_sequence;
    (void)ret_broken;
    return LINK_FAILED;
}

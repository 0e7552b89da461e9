/* SPDX-License-Identifier: MIT */
/* user.c - host.h on Linux: users. */
#define _GNU_SOURCE
#include <pwd.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

#include "host/host.h"

void host_user_name(uint64_t user, char *ret, size_t size)
{
    const struct passwd *p = user <= (uid_t)-1 ? getpwuid((uid_t)user) : NULL;

    if (p != NULL && p->pw_name[0] != '\0') {
        (void)snprintf(ret, size, "%s", p->pw_name);
    } else {
        (void)snprintf(ret, size, "%llu", (unsigned long long)user);
    }
}

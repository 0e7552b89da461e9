/* SPDX-License-Identifier: MIT */
#include "os/name.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "os/os.h"

#define NAME_MAX_LENGTH 200u

static int is_name_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

/* On Linux `Local\x` of user 1000 is the object "shmring.1000.x": no Global name may look so. */
static int looks_like_a_users(const char *base, size_t n)
{
    size_t i = 0;

    while (i < n && base[i] >= '0' && base[i] <= '9') {
        i++;
    }
    return i > 0 && i < n && base[i] == '.';
}

int shmring_name_is_valid(const char *base, size_t n, int global)
{
    size_t i;

    if (n == 0 || n > NAME_MAX_LENGTH || base[0] == '.') {
        return 0;
    }
    for (i = 0; i < n; i++) {
        if (!is_name_char(base[i])) {
            return 0;
        }
    }
    return !(global && looks_like_a_users(base, n));
}

shmring_status shmring_name_parse(struct shmring_name *ret, const char *name)
{
    const char *base = name;
    const char *prefix = "Local\\";
    size_t n, prefix_n;

    if (name == NULL) {
        return shmring_fail(SHMRING_E_NAME, "a ring needs a name, and it is NULL");
    }
    if (strncmp(name, "Local\\", 6) == 0) {
        base = name + 6;
    } else if (strncmp(name, "Global\\", 7) == 0) {
        base = name + 7;
        prefix = "Global\\";
    }
    n = strlen(base);
    prefix_n = strlen(prefix);
    if (!shmring_name_is_valid(base, n, prefix[0] == 'G')) {
        return shmring_fail(
            SHMRING_E_NAME,
            "'%.80s%s' is not a ring name: use 1 to %u of A-Z a-z 0-9 . _ - (no dot first), after "
            "Local\\ or Global\\ or neither%s",
            name, strlen(name) > 80 ? "..." : "", NAME_MAX_LENGTH,
            prefix[0] == 'G' ? "; a Global name does not start with digits and a dot" : "");
    }
    memset(ret, 0, sizeof *ret);
    memcpy(ret->full, prefix, prefix_n);
    memcpy(ret->full + prefix_n, base, n + 1);
    ret->base_at = (uint32_t)prefix_n;
    ret->global = prefix[0] == 'G';
    ret->user = shmring_os_user();
    return SHMRING_OK;
}

void shmring_name_of_descriptor(struct shmring_name *ret, int fd)
{
    memset(ret, 0, sizeof *ret);
    (void)snprintf(ret->full, sizeof ret->full, "descriptor %d", fd);
    ret->descriptor = fd + 1;
    ret->user = shmring_os_user();
}

/* SPDX-License-Identifier: MIT */
/* ring_name.c - how the program opens and closes rings: so that a stop ends it there too,
 * and with what all commands share. */
#include "text/ring_name.h"

#include <stdlib.h>
#include <string.h>

#include "host/host.h"

#define SAY_AFTER_NS UINT64_C(1000000000)

int ring_any_owner;

/* ---- names ---- */

/* The names that ring_name() has made. The caller keeps them until the program ends, so the list
 * does too: a leak checker finds each one. */
struct made_name {
    struct made_name *next;
    char name[];
};

static struct made_name *made_names;

/* Returns the name behind a prefix such as "global:", "Global/" or "Global\\", which a shell would
 * eat; NULL: it has another one or none. */
static const char *behind(const char *typed, const char *prefix)
{
    size_t i;

    for (i = 0; prefix[i] != '\0'; i++) {
        if ((typed[i] | 0x20) != prefix[i]) {
            return NULL;
        }
    }
    return typed[i] != '\0' && strchr(":/\\", typed[i]) != NULL ? typed + i + 1 : NULL;
}

/* Global\x without quotes comes out of a shell as Globalx, which is a ring's name too. */
static void explain(const char *typed)
{
    const size_t n = strncmp(typed, "Global", 6) == 0 ? 6 : strncmp(typed, "Local", 5) == 0 ? 5 : 0;
    shmring_info info;

    if (n != 0 && typed[n] != '\0' && shmring_inspect(typed, &info) == SHMRING_E_NOT_FOUND) {
        say_notice("'%.80s' is a name of this user's; for the ring '%.80s' of the %s type %s:%.80s",
                   typed, typed + n, n == 6 ? "machine" : "user", n == 6 ? "global" : "local",
                   typed + n);
    }
}

const char *ring_name(const char *typed)
{
    const char *global = behind(typed, "global"), *local = behind(typed, "local");
    const char *base = global != NULL ? global : local;
    struct made_name *made;
    size_t size;

    if (base == NULL) {
        explain(typed);
        return typed;
    }
    size = strlen(base) + sizeof "Global\\";
    made = malloc(sizeof *made + size);
    if (made == NULL) {
        return typed;
    }
    (void)snprintf(made->name, size, "%s\\%s", global != NULL ? "Global" : "Local", base);
    made->next = made_names;
    made_names = made;
    return made->name;
}

void ring_say_waiting(uint64_t *since_ns, const char *what, const char *name)
{
    const uint64_t now = host_clock_ns();

    if (*since_ns == 0) {
        *since_ns = now;
    } else if (*since_ns != UINT64_MAX && now - *since_ns >= SAY_AFTER_NS) {
        say_notice("waiting for %s '%s'", what, short_name(name));
        *since_ns = UINT64_MAX;
    }
}

/* ---- opening and closing ---- */

static shmring_options options_of(const shmring_options *opt)
{
    shmring_options with = SHMRING_OPTIONS_INIT;

    with = opt != NULL ? *opt : with;
    with.flags |= ring_any_owner ? SHMRING_ANY_OWNER : 0;
    return with;
}

static void begin(void)
{
    host_stop_is_urgent(1);
}

static void end(void)
{
    host_stop_is_urgent(0);
}

shmring_status ring_create(const char *name, const shmring_options *opt)
{
    const shmring_options with = options_of(opt);
    shmring_status status;

    begin();
    status = shmring_create(name, &with);
    end();
    return status;
}

shmring_status ring_open_producer(shmring_producer **ret, const char *name,
                                  const shmring_options *opt)
{
    const shmring_options with = options_of(opt);
    shmring_status status;

    begin();
    status = shmring_producer_open(ret, name, &with);
    end();
    return status;
}

shmring_status ring_open_consumer(shmring_consumer **ret, const char *name,
                                  const shmring_options *opt)
{
    const shmring_options with = options_of(opt);
    shmring_status status;

    begin();
    status = shmring_consumer_open(ret, name, &with);
    end();
    return status;
}

shmring_status ring_open_observer(shmring_observer **ret, const char *name,
                                  const shmring_options *opt)
{
    const shmring_options with = options_of(opt);
    shmring_status status;

    begin();
    status = shmring_observer_open(ret, name, &with);
    end();
    return status;
}

void ring_close_producer(shmring_producer *p)
{
    begin();
    shmring_producer_close(p);
    end();
}

void ring_close_consumer(shmring_consumer *c)
{
    begin();
    shmring_consumer_close(c);
    end();
}

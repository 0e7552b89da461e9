/* SPDX-License-Identifier: MIT */
/* far_start.c - linked into a test that wraps these two calls, has every ring that the test makes
 * begin at the position in SHMRING_TEST_START, where the test does not choose one itself. */
#include <stdlib.h>

#include "segment/options.h"

shmring_status __real_shmring_options_read(const struct shmring_name *name,
                                           const shmring_options *opt, shmring_options *ret);
shmring_status __wrap_shmring_options_read(const struct shmring_name *name,
                                           const shmring_options *opt, shmring_options *ret);
shmring_status __real_shmring_options_match(const struct shmring_name *name,
                                            const shmring_options *opt,
                                            const struct shmring_geometry_page *g);
shmring_status __wrap_shmring_options_match(const struct shmring_name *name,
                                            const shmring_options *opt,
                                            const struct shmring_geometry_page *g);

static uint64_t start(void)
{
    const char *text = getenv("SHMRING_TEST_START");

    return text != NULL ? strtoull(text, NULL, 10) : 0;
}

shmring_status __wrap_shmring_options_read(const struct shmring_name *name,
                                           const shmring_options *opt, shmring_options *ret)
{
    shmring_status status = __real_shmring_options_read(name, opt, ret);

    if (status == SHMRING_OK && ret->start_position == 0) {
        ret->start_position = start();
    }
    return status;
}

shmring_status __wrap_shmring_options_match(const struct shmring_name *name,
                                            const shmring_options *opt,
                                            const struct shmring_geometry_page *g)
{
    shmring_options asked = *opt;

    if (asked.start_position == start()) { /* not by the test: another's ring begins elsewhere */
        asked.start_position = 0;
    }
    return __real_shmring_options_match(name, &asked, g);
}

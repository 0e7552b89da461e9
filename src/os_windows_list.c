/* SPDX-License-Identifier: MIT */
/* os_windows_list.c - os.h's list of names. */
#include "os_windows.h"

#include "detail.h"

shmring_status shmring_os_list(int (*each)(const char *name, int own, void *arg), void *arg)
{
    (void)each;
    (void)arg;
    return shmring_fail(SHMRING_E_UNSUPPORTED,
                        "Windows has no list of sections to ask for: name the ring (shmring stat "
                        "NAME), or look with WinObj under \\Sessions\\N\\BaseNamedObjects");
}

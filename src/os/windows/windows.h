/* SPDX-License-Identifier: MIT */
/* windows.h - what the files of this folder share. The only place with <windows.h>,
 * besides the program's own host files. */
#ifndef SHMRING_SRC_OS_WINDOWS_WINDOWS_H
#define SHMRING_SRC_OS_WINDOWS_WINDOWS_H

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>

#include "os/os.h"

/* Where shmring_os_segment keeps its kernel objects. object and probe: the section, before and
 * after it is mapped. more[]: */
enum shmring_windows_more {
    MORE_ROLE = 0,  /* the role's object, while we hold the role */
    MORE_ADMIN = 1, /* the mutex that serialises opening and closing */
    MORE_DATA = 2,  /* auto-reset event: the consumer's bell */
    MORE_SPACE = 3  /* auto-reset event: the producer's bell */
};

#define SHMRING_WINDOWS_NAME_SIZE 256

/* "Local\shmring.temps" and what belongs to it: part is "" for the section, else "!data" and the
 * like; a ring's name holds no '!'. */
void shmring_windows_name(const struct shmring_name *name, const char *part,
                          wchar_t ret[SHMRING_WINDOWS_NAME_SIZE]);

#define SHMRING_WINDOWS_SID_SIZE 96 /* bytes; SECURITY_MAX_SID_SIZE is 68 */

/* The security attributes that an object is made with. */
struct shmring_windows_security {
    SECURITY_ATTRIBUTES attributes;
    SECURITY_DESCRIPTOR absolute;
    PSECURITY_DESCRIPTOR made;
    union {
        unsigned char bytes[SHMRING_WINDOWS_SID_SIZE];
        void *aligned;
    } user;
};

/* Fills it by the string or, where that is NULL, with ours: protected, full control for this user
 * and for SYSTEM, nobody else, medium integrity. Its attributes, or NULL with GetLastError(). */
SECURITY_ATTRIBUTES *shmring_windows_secure(struct shmring_windows_security *s, const char *sddl);
/* The same for what belongs to a ring that is there: whom its section lets in, owned by this user.
 */
SECURITY_ATTRIBUTES *shmring_windows_secure_like(struct shmring_windows_security *s,
                                                 const struct shmring_os_segment *seg);
/* Keeps GetLastError(). */
void shmring_windows_secure_end(struct shmring_windows_security *s);

/* ERROR_SUCCESS when the object belongs to this user, or to the group that makes objects in his
 * name, or when seg takes anybody's. ERROR_ACCESS_DENIED when it is another user's. Else the reason
 * why that cannot be known. */
DWORD shmring_windows_check_owner(const struct shmring_os_segment *seg, HANDLE object);

/* One of the ring's events, made or opened. OK, E_ACCESS, E_NO_SPACE, E_OS. */
shmring_status shmring_windows_event(const struct shmring_name *name,
                                     const struct shmring_os_segment *seg, const char *part,
                                     BOOL manual_reset, intptr_t *ret);

/* When the process was made, in ns since 1970; 0 when that cannot be had. */
uint64_t shmring_windows_start_time(HANDLE process);

/* The system's words for an error code. */
const char *shmring_windows_words(DWORD error);
/* The status and the sentence for it. what: "making the section", and the like. */
shmring_status shmring_windows_refuse(const struct shmring_name *name, const char *what,
                                      DWORD error);
/* Whether this process has SeCreateGlobalPrivilege; and what to say when it misses it. */
int shmring_windows_may_make_global(void);
shmring_status shmring_windows_lacks_privilege(const struct shmring_name *name);

static inline HANDLE shmring_windows_section(const struct shmring_os_segment *seg)
{
    return (HANDLE)(seg->object >= 0 ? seg->object : seg->probe);
}

#endif

/* SPDX-License-Identifier: MIT */
/* lock.c - os.h's locks, and who may open what.
 *
 * A role is a kernel object that exists once. The process that makes it holds the role, and the
 * object goes when its handle is closed, by the process or by its end. A mutex would not do: it
 * belongs to a thread, and a ring to a process. A process that only asks looks at the holder's
 * process, as the ring names it. Where the system does not let it, it opens the object for a
 * moment, and a claim that meets it tries again.
 */
#include "os/windows/windows.h"

#include <aclapi.h>
#include <sddl.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

#define ADMIN_TIMEOUT_MS 2000u
#define CLAIM_TRIES      3

/* ---- security ---- */

/* The user this process runs as: its SID in words. 1 on success. */
static int user_sid(TOKEN_INFORMATION_CLASS which, unsigned char buf[SHMRING_WINDOWS_SID_SIZE],
                    PSID *ret)
{
    HANDLE token;
    DWORD n, error;
    int ok;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        return 0;
    }
    ok = GetTokenInformation(token, which, buf, SHMRING_WINDOWS_SID_SIZE, &n) != 0;
    error = GetLastError();
    (void)CloseHandle(token);
    SetLastError(error);
    if (ok) { /* TOKEN_USER and TOKEN_OWNER both start with the SID's address */
        *ret = *(PSID *)(void *)buf;
    }
    return ok;
}

/* Owner; a protected list of whom it lets in: the user and SYSTEM, all; nobody else. Then a label:
 * no writing from below medium integrity. 1 on success. */
static int our_sddl(char *sddl, size_t size)
{
    union {
        unsigned char bytes[SHMRING_WINDOWS_SID_SIZE];
        void *aligned;
    } buf;
    char *text = NULL;
    PSID sid;

    if (!user_sid(TokenUser, buf.bytes, &sid) || !ConvertSidToStringSidA(sid, &text)) {
        return 0;
    }
    (void)snprintf(sddl, size, "O:%sD:P(A;;GA;;;%s)(A;;GA;;;SY)S:(ML;;NW;;;ME)", text, text);
    (void)LocalFree(text);
    return 1;
}

SECURITY_ATTRIBUTES *shmring_windows_secure(struct shmring_windows_security *s, const char *sddl)
{
    char ours[512];

    s->made = NULL;
    if (sddl == NULL) {
        if (!our_sddl(ours, sizeof ours)) {
            return NULL;
        }
        sddl = ours;
    }
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorA(sddl, SDDL_REVISION_1, &s->made,
                                                              NULL)) {
        return NULL;
    }
    s->attributes.nLength = sizeof s->attributes;
    s->attributes.lpSecurityDescriptor = s->made;
    s->attributes.bInheritHandle = FALSE;
    return &s->attributes;
}

SECURITY_ATTRIBUTES *shmring_windows_secure_like(struct shmring_windows_security *s,
                                                 const struct shmring_os_segment *seg)
{
    PACL who = NULL, label = NULL;
    PSID sid;

    s->made = NULL;
    if (GetSecurityInfo(shmring_windows_section(seg), SE_KERNEL_OBJECT,
                        DACL_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION, NULL, NULL, &who,
                        &label, &s->made) != ERROR_SUCCESS ||
        who == NULL || !user_sid(TokenUser, s->user.bytes, &sid) ||
        !InitializeSecurityDescriptor(&s->absolute, SECURITY_DESCRIPTOR_REVISION) ||
        !SetSecurityDescriptorOwner(&s->absolute, sid, FALSE) ||
        !SetSecurityDescriptorDacl(&s->absolute, TRUE, who, FALSE) ||
        !SetSecurityDescriptorControl(&s->absolute, SE_DACL_PROTECTED, SE_DACL_PROTECTED) ||
        (label != NULL && !SetSecurityDescriptorSacl(&s->absolute, TRUE, label, FALSE))) {
        (void)LocalFree(s->made);
        return shmring_windows_secure(s, NULL); /* a section without a list: stricter than it */
    }
    s->attributes.nLength = sizeof s->attributes;
    s->attributes.lpSecurityDescriptor = &s->absolute;
    s->attributes.bInheritHandle = FALSE;
    return &s->attributes;
}

void shmring_windows_secure_end(struct shmring_windows_security *s)
{
    DWORD kept = GetLastError();

    (void)LocalFree(s->made);
    s->made = NULL;
    SetLastError(kept);
}

DWORD shmring_windows_check_owner(const struct shmring_os_segment *seg, HANDLE object)
{
    union {
        unsigned char bytes[SHMRING_WINDOWS_SID_SIZE];
        void *aligned;
    } buf;
    const TOKEN_INFORMATION_CLASS whose[2] = {TokenUser, TokenOwner};
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PSID owner = NULL, sid;
    DWORD error;
    int i, is_ours = 0;

    if (seg->any_owner) {
        return ERROR_SUCCESS;
    }
    error = GetSecurityInfo(object, SE_KERNEL_OBJECT, OWNER_SECURITY_INFORMATION, &owner, NULL,
                            NULL, NULL, &descriptor);
    if (error != ERROR_SUCCESS) {
        return error;
    }
    for (i = 0; i < 2 && error == ERROR_SUCCESS && !is_ours; i++) {
        if (user_sid(whose[i], buf.bytes, &sid)) {
            is_ours = owner != NULL && EqualSid(owner, sid);
        } else {
            error = GetLastError();
        }
    }
    (void)LocalFree(descriptor);
    return error == ERROR_SUCCESS && !is_ours ? ERROR_ACCESS_DENIED : error;
}

/* ---- opening and closing, one at a time ---- */

shmring_status shmring_os_lock_admin(const struct shmring_name *name,
                                     const struct shmring_os_segment *seg)
{
    DWORD got = WaitForSingleObject((HANDLE)seg->more[MORE_ADMIN], ADMIN_TIMEOUT_MS);
    DWORD error = GetLastError();

    if (got == WAIT_OBJECT_0 || got == WAIT_ABANDONED) { /* it died in between: nothing is half */
        return SHMRING_OK;
    }
    if (got == WAIT_TIMEOUT) {
        return shmring_fail(SHMRING_E_BUSY,
                            "ring '%s': another process has been opening or closing it for 2 "
                            "seconds (stopped in a debugger?); try again",
                            name->full);
    }
    return shmring_fail(SHMRING_E_OS, "ring '%s': locking failed: %s", name->full,
                        shmring_windows_words(error));
}

void shmring_os_unlock_admin(const struct shmring_os_segment *seg)
{
    (void)ReleaseMutex((HANDLE)seg->more[MORE_ADMIN]);
}

/* ---- who has it open ---- */

int shmring_os_has_name(const struct shmring_os_segment *seg)
{
    (void)seg; /* a section's name goes with the last who has it open */
    return 1;
}

int shmring_os_can_rename(void)
{
    return 0; /* a name goes with its handles */
}

int shmring_os_has_users(void)
{
    return 0;
}

int shmring_os_is_held(const struct shmring_os_segment *seg)
{
    (void)seg;
    return 1; /* or there would be no section to ask about */
}

int shmring_os_hold(const struct shmring_os_segment *seg)
{
    (void)seg; /* the section's handle is the hold */
    return 1;
}

void shmring_os_unhold(struct shmring_os_segment *seg)
{
    (void)seg; /* its handles end with the segment */
}

int shmring_os_was_last(const struct shmring_os_segment *seg)
{
    (void)seg; /* Windows sees to that */
    return 0;
}

/* ---- roles ---- */

static const char *role_part(enum shmring_role role)
{
    return role == SHMRING_ROLE_PRODUCER ? "!producer" : "!consumer";
}

/* The bells of both sides, one to wait on and one to ring. */
static shmring_status open_bells(const struct shmring_name *name, struct shmring_os_segment *seg)
{
    shmring_status status = shmring_windows_event(name, seg, "!data", FALSE, &seg->more[MORE_DATA]);

    return status == SHMRING_OK
               ? shmring_windows_event(name, seg, "!space", FALSE, &seg->more[MORE_SPACE])
               : status;
}

/* Whether the process that the ring names as the role's holder lives and has not closed it: 1, 0,
 * or -1 when this process may not know. */
static int holder_lives(const struct shmring_os_segment *seg, enum shmring_role role)
{
    struct shmring_role_block block;
    HANDLE process;
    int lives;

    if (!shmring_os_read(seg,
                         role == SHMRING_ROLE_PRODUCER
                             ? SHMRING_PRODUCER_AT + offsetof(struct shmring_producer_page, role)
                             : SHMRING_CONSUMER_AT + offsetof(struct shmring_consumer_page, role),
                         &block, sizeof block)) {
        return -1;
    }
    if (shmring_load_relaxed(&block.state) != SHMRING_ROLE_ATTACHED) {
        return 0;
    }
    process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE,
                          (DWORD)shmring_load_relaxed(&block.pid));
    if (process == NULL) {
        return GetLastError() == ERROR_ACCESS_DENIED ? -1 : 0;
    }
    /* Not by its exit status: a process may end with STILL_ACTIVE. */
    lives = WaitForSingleObject(process, 0) == WAIT_TIMEOUT &&
            shmring_windows_start_time(process) == shmring_load_relaxed(&block.start_time);
    (void)CloseHandle(process);
    return lives;
}

/* Makes the role's object, or opens it: *ret_is_new. */
static shmring_status make_role(const struct shmring_name *name,
                                const struct shmring_os_segment *seg, enum shmring_role role,
                                HANDLE *ret, int *ret_is_new)
{
    struct shmring_windows_security security;
    SECURITY_ATTRIBUTES *attributes = shmring_windows_secure_like(&security, seg);
    wchar_t wide[SHMRING_WINDOWS_NAME_SIZE];
    HANDLE once = NULL;
    DWORD error = GetLastError();

    if (attributes != NULL) {
        shmring_windows_name(name, role_part(role), wide);
        once = CreateEventW(attributes, TRUE, FALSE, wide);
        error = GetLastError();
    }
    shmring_windows_secure_end(&security);
    if (once == NULL) {
        return shmring_windows_refuse(name, "taking its role", error);
    }
    *ret_is_new = error != ERROR_ALREADY_EXISTS;
    error = *ret_is_new ? ERROR_SUCCESS : shmring_windows_check_owner(seg, once);
    if (error != ERROR_SUCCESS) { /* another user's: not the role, and in its way */
        (void)CloseHandle(once);
        return shmring_windows_refuse(name, "taking its role", error);
    }
    *ret = once;
    return SHMRING_OK;
}

shmring_status shmring_os_claim(const struct shmring_name *name, struct shmring_os_segment *seg,
                                enum shmring_role role)
{
    shmring_status status;
    HANDLE once;
    int i, is_new;

    for (i = 0; i < CLAIM_TRIES; i++) {
        status = make_role(name, seg, role, &once, &is_new);
        if (status != SHMRING_OK) {
            return status;
        }
        if (is_new) {
            seg->more[MORE_ROLE] = (intptr_t)once;
            return open_bells(name, seg);
        }
        (void)CloseHandle(once);
        if (holder_lives(seg, role) == 1) {
            break;
        }
        Sleep(1); /* somebody who only asked is gone by now */
    }
    return SHMRING_E_BUSY;
}

int shmring_os_role_held(const struct shmring_os_segment *seg, enum shmring_role role)
{
    wchar_t wide[SHMRING_WINDOWS_NAME_SIZE];
    int lives = holder_lives(seg, role);
    HANDLE once;

    if (lives >= 0) {
        return lives;
    }
    shmring_windows_name(&seg->name, role_part(role), wide);
    once = OpenEventW(SYNCHRONIZE, FALSE, wide);
    if (once == NULL) {
        return GetLastError() != ERROR_FILE_NOT_FOUND; /* not ours to see is there, too */
    }
    (void)CloseHandle(once);
    return 1;
}

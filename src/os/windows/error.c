/* SPDX-License-Identifier: MIT */
/* error.c - what a refusal of Windows means for a ring, in a status and a sentence. */
#include "os/windows/windows.h"

#include <stdio.h>

#include "base/error.h"

/* In UTF-8, as every other sentence: the system's own code page knows few names and letters. */
const char *shmring_windows_words(DWORD error)
{
    static __thread char words[256];
    wchar_t wide[160];
    DWORD n = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
                                 FORMAT_MESSAGE_MAX_WIDTH_MASK,
                             NULL, error, 0, wide, sizeof wide / sizeof wide[0], NULL);
    int got = 0;

    while (n > 0 && (wide[n - 1] == L' ' || wide[n - 1] == L'.')) {
        n--;
    }
    if (n > 0) {
        got = WideCharToMultiByte(CP_UTF8, 0, wide, (int)n, words, sizeof words - 1, NULL, NULL);
    }
    words[got > 0 ? got : 0] = '\0';
    if (got <= 0) {
        (void)snprintf(words, sizeof words, "error %lu", (unsigned long)error);
    }
    return words;
}

int shmring_windows_may_make_global(void)
{
    PRIVILEGE_SET wanted = {1, PRIVILEGE_SET_ALL_NECESSARY, {{{0, 0}, 0}}};
    HANDLE token;
    BOOL has = FALSE;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        return 0;
    }
    if (!LookupPrivilegeValueW(NULL, L"SeCreateGlobalPrivilege", &wanted.Privilege[0].Luid) ||
        !PrivilegeCheck(token, &wanted, &has)) {
        has = FALSE;
    }
    (void)CloseHandle(token);
    return has != FALSE;
}

shmring_status shmring_windows_lacks_privilege(const struct shmring_name *name)
{
    return shmring_fail(SHMRING_E_PRIVILEGE,
                        "ring '%s': making it takes SeCreateGlobalPrivilege (\"Create global "
                        "objects\"), which services and administrators have and this process has "
                        "not; let one of them make it, or use a Local\\ name",
                        name->full);
}

shmring_status shmring_windows_refuse(const struct shmring_name *name, const char *what,
                                      DWORD error)
{
    switch (error) {
    case ERROR_FILE_NOT_FOUND:
        return shmring_fail(SHMRING_E_NOT_FOUND,
                            "no ring '%s' is open %s; start the process that makes it", name->full,
                            name->global ? "on this machine" : "in this session");
    case ERROR_INVALID_HANDLE:
        return shmring_fail(SHMRING_E_ACCESS,
                            "ring '%s': %s was refused: its name is taken by an object of another "
                            "kind; use another name, or end the program that made it",
                            name->full, what);
    case ERROR_ACCESS_DENIED:
        return shmring_fail(SHMRING_E_ACCESS,
                            "ring '%s': %s was refused: the object is another user's; run both "
                            "sides as one user, or let it in with options.security",
                            name->full, what);
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_COMMITMENT_LIMIT:
    case ERROR_DISK_FULL:
    case ERROR_NO_SYSTEM_RESOURCES:
        return shmring_fail(SHMRING_E_NO_SPACE,
                            "ring '%s': %s failed: %s; ask for a smaller capacity, or enlarge the "
                            "paging file",
                            name->full, what, shmring_windows_words(error));
    default:
        return shmring_fail(SHMRING_E_OS, "ring '%s': %s failed: %s", name->full, what,
                            shmring_windows_words(error));
    }
}

/* SPDX-License-Identifier: MIT */
/* list.c - os.h's list of names.
 *
 * There is no call of Win32 for it. Named objects lie in directories of the system, one for each
 * session and one for the machine, and ntdll reads them. Microsoft describes those calls and may
 * take them away, so they are looked for at run time. A directory can change while it is read, so
 * it is taken in pieces, and who wants to know more of a name opens it.
 */
#include "os/windows/windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define PREFIX      "shmring."
#define PREFIX_SIZE (sizeof PREFIX - 1)
#define ENTRY_SIZE  1024 /* the names of objects that are a ring's are shorter by far */
#define PASSES_MAX  16

#define DIRECTORY_LOOK 0x0003u             /* DIRECTORY_QUERY | DIRECTORY_TRAVERSE */
#define TOO_SMALL      ((LONG)0xC0000023u) /* STATUS_BUFFER_TOO_SMALL */

struct text {
    USHORT bytes, room;
    wchar_t *at;
};

struct attributes {
    ULONG size;
    HANDLE root;
    struct text *name;
    ULONG flags;
    void *security, *quality;
};

struct entry {
    struct text name, type;
};

typedef LONG(NTAPI *open_directory)(HANDLE *, ACCESS_MASK, struct attributes *);
typedef LONG(NTAPI *query_directory)(HANDLE, void *, ULONG, BOOLEAN, BOOLEAN, ULONG *, ULONG *);

static FARPROC native(const char *name)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");

    return ntdll != NULL ? GetProcAddress(ntdll, name) : NULL;
}

/* Of the session, or of the machine; NULL when it cannot be read. */
static HANDLE directory_of(int global)
{
    union {
        FARPROC any;
        open_directory call;
    } open = {native("NtOpenDirectoryObject")};
    wchar_t path[64] = L"\\BaseNamedObjects";
    struct text name = {0, sizeof path, path};
    struct attributes about = {sizeof about, NULL, &name, 0, NULL, NULL};
    HANDLE ret = NULL;
    DWORD session = 0;

    if (!global && !ProcessIdToSessionId(GetCurrentProcessId(), &session)) {
        return NULL;
    }
    if (session != 0) {
        (void)swprintf(path, sizeof path / sizeof path[0], L"\\Sessions\\%lu\\BaseNamedObjects",
                       (unsigned long)session);
    }
    name.bytes = (USHORT)(wcslen(path) * sizeof path[0]);
    return open.any != NULL && open.call(&ret, DIRECTORY_LOOK, &about) >= 0 ? ret : NULL;
}

/* The ring's name when the entry is a ring's section: "temps" of "shmring.temps". 1 when it is. */
static int ring_of(const struct entry *entry, char ret[SHMRING_WINDOWS_NAME_SIZE])
{
    const size_t length = entry->name.bytes / sizeof(wchar_t);
    size_t i;

    if (entry->type.bytes != 7 * sizeof(wchar_t) ||
        memcmp(entry->type.at, L"Section", 7 * sizeof(wchar_t)) != 0 || length <= PREFIX_SIZE ||
        length >= SHMRING_WINDOWS_NAME_SIZE) {
        return 0;
    }
    for (i = 0; i < length; i++) {
        if (entry->name.at[i] > 126) {
            return 0;
        }
        ret[i] = (char)entry->name.at[i];
    }
    ret[length] = '\0';
    if (strncmp(ret, PREFIX, PREFIX_SIZE) != 0) {
        return 0;
    }
    memmove(ret, ret + PREFIX_SIZE, length - PREFIX_SIZE + 1);
    return shmring_name_is_valid(ret, length - PREFIX_SIZE, 0);
}

struct names {
    char (*all)[SHMRING_WINDOWS_NAME_SIZE];
    size_t count, room;
};

/* 1 when it was not there yet, 0 when it was, -1 when there is no memory. */
static int add_name(struct names *names, const char *name)
{
    size_t i, room = names->room * 2 + 16;
    void *more;

    for (i = 0; i < names->count; i++) {
        if (strcmp(names->all[i], name) == 0) {
            return 0;
        }
    }
    if (names->count == names->room) {
        more = realloc(names->all, room * sizeof names->all[0]);
        if (more == NULL) {
            return -1;
        }
        names->all = more;
        names->room = room;
    }
    (void)snprintf(names->all[names->count++], sizeof names->all[0], "%s", name);
    return 1;
}

/* Adds what is there now. How many names were new; -1 when there is no memory. */
static int read_directory(HANDLE directory, FARPROC query_any, struct names *names)
{
    union {
        FARPROC any;
        query_directory call;
    } query = {query_any};
    union {
        struct entry entry;
        unsigned char bytes[ENTRY_SIZE];
    } one;
    char base[SHMRING_WINDOWS_NAME_SIZE];
    ULONG context = 0, size;
    int added, sum = 0;
    LONG status = 0;

    while (status >= 0) {
        status = query.call(directory, &one, sizeof one, TRUE, context == 0, &context, &size);
        if (status == TOO_SMALL) { /* no ring's: past it */
            context++;
            status = 0;
        } else if (status >= 0 && ring_of(&one.entry, base)) {
            added = add_name(names, base);
            if (added < 0) {
                return -1;
            }
            sum += added;
        }
    }
    return sum;
}

/* Whether the section is this user's, as far as this process may know. */
static int is_own(const struct shmring_name *name)
{
    struct shmring_os_segment seg;
    wchar_t wide[SHMRING_WINDOWS_NAME_SIZE];
    HANDLE section;
    int own;

    shmring_os_segment_init(&seg);
    shmring_windows_name(name, "", wide);
    section = OpenFileMappingW(READ_CONTROL, FALSE, wide);
    if (section == NULL) {
        return 0;
    }
    own = shmring_windows_check_owner(&seg, section) == ERROR_SUCCESS;
    (void)CloseHandle(section);
    return own;
}

/* The rings of one directory. *ret_enough: each() has said so. 0 when there is no memory. */
static int list_directory(HANDLE directory, FARPROC query, int global,
                          int (*each)(const char *name, int own, void *arg), void *arg,
                          int *ret_enough)
{
    struct names names = {NULL, 0, 0};
    struct shmring_name name;
    char full[SHMRING_WINDOWS_NAME_SIZE + 8];
    int pass, added = 1;
    size_t i;

    for (pass = 0; pass < PASSES_MAX && (pass < 2 || added > 0) && added >= 0; pass++) {
        added = read_directory(directory, query, &names);
    }
    for (i = 0; i < names.count && added >= 0 && !*ret_enough; i++) {
        (void)snprintf(full, sizeof full, "%s\\%s", global ? "Global" : "Local", names.all[i]);
        if (shmring_name_parse(&name, full) == SHMRING_OK) {
            *ret_enough = each(full, is_own(&name), arg) != 0;
        }
    }
    free(names.all);
    return added >= 0;
}

/* In session 0 the two directories are one, and the names there are the machine's. */
shmring_status shmring_os_list(int (*each)(const char *name, int own, void *arg), void *arg)
{
    FARPROC query = native("NtQueryDirectoryObject");
    HANDLE directory;
    DWORD session = 0;
    int global, seen = 0, enough = 0, ok = 1;

    (void)ProcessIdToSessionId(GetCurrentProcessId(), &session);
    for (global = session == 0; global < 2 && !enough && ok; global++) {
        directory = query != NULL ? directory_of(global) : NULL;
        if (directory != NULL) {
            ok = list_directory(directory, query, global, each, arg, &enough);
            (void)CloseHandle(directory);
            seen = 1;
        }
    }
    if (!ok) {
        return shmring_fail(SHMRING_E_NO_MEMORY, "no memory for the names of the rings");
    }
    return seen ? SHMRING_OK
                : shmring_fail(SHMRING_E_UNSUPPORTED,
                               "this Windows shows no list of names: name the ring (shmring stat "
                               "NAME), or look with WinObj under \\Sessions\\N\\BaseNamedObjects");
}

/* SPDX-License-Identifier: MIT */
#include "ring_object.h"

#include <stdio.h>
#include <string.h>

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#define KEPT_MAX   16
#define HANDLE_MAX 0x10000u /* the highest one asked for; they are given from the lowest up */

static struct {
    char name[256];
    HANDLE section;
} kept[KEPT_MAX];

static HANDLE section_of(const char *name, DWORD access)
{
    char full[256];

    (void)snprintf(full, sizeof full, "Local\\shmring.%s", name);
    return OpenFileMappingA(access, FALSE, full);
}

int behind_exists(const char *name)
{
    HANDLE section = section_of(name, FILE_MAP_READ);

    if (section != NULL) {
        (void)CloseHandle(section);
    }
    return section != NULL;
}

/* The whole section's view, or NULL. */
static unsigned char *view_of(const char *name, DWORD access, uint64_t at, size_t n)
{
    HANDLE section = section_of(name, access);
    unsigned char *view = NULL;
    MEMORY_BASIC_INFORMATION whole;

    if (section != NULL) {
        view = MapViewOfFile(section, access, 0, 0, 0);
        (void)CloseHandle(section);
    }
    if (view != NULL &&
        (VirtualQuery(view, &whole, sizeof whole) == 0 || at + n > whole.RegionSize)) {
        (void)UnmapViewOfFile(view);
        view = NULL;
    }
    return view;
}

int behind_read(const char *name, uint64_t at, void *bytes, size_t n)
{
    unsigned char *view = view_of(name, FILE_MAP_READ, at, n);

    if (view != NULL) {
        memcpy(bytes, view + at, n);
        (void)UnmapViewOfFile(view);
    }
    return view != NULL;
}

int behind_write(const char *name, uint64_t at, const void *bytes, size_t n)
{
    unsigned char *view = view_of(name, FILE_MAP_WRITE, at, n);

    if (view != NULL) {
        memcpy(view + at, bytes, n);
        (void)UnmapViewOfFile(view);
    }
    return view != NULL;
}

static int keep(const char *name, HANDLE section)
{
    int i;

    for (i = 0; i < KEPT_MAX && kept[i].section != NULL; i++) {
    }
    if (i == KEPT_MAX) {
        return 0;
    }
    (void)snprintf(kept[i].name, sizeof kept[i].name, "%s", name);
    kept[i].section = section;
    return section != NULL;
}

int behind_keep(const char *name)
{
    return keep(name, section_of(name, FILE_MAP_READ));
}

int behind_plant(const char *name, const void *bytes, size_t n)
{
    union {
        unsigned char bytes[128];
        TOKEN_USER user;
    } info;
    SECURITY_DESCRIPTOR descriptor;
    SECURITY_ATTRIBUTES security = {sizeof security, &descriptor, FALSE};
    char full[256];
    HANDLE token;
    DWORD got;

    /* An owner, and no list of whom to let in: nobody asked a stranger to be careful. */
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) ||
        !GetTokenInformation(token, TokenUser, &info, sizeof info, &got) ||
        !InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION) ||
        !SetSecurityDescriptorOwner(&descriptor, info.user.User.Sid, FALSE)) {
        return 0;
    }
    (void)CloseHandle(token);
    (void)snprintf(full, sizeof full, "Local\\shmring.%s", name);
    return keep(name, CreateFileMappingA(INVALID_HANDLE_VALUE, &security, PAGE_READWRITE, 0,
                                         (DWORD)n, full)) &&
           behind_write(name, 0, bytes, n);
}

int behind_remove(const char *name)
{
    int i;

    for (i = 0; i < KEPT_MAX; i++) {
        if (kept[i].section != NULL && strcmp(kept[i].name, name) == 0) {
            (void)CloseHandle(kept[i].section);
            kept[i].section = NULL;
            return !behind_exists(name);
        }
    }
    return 0;
}

const char *behind_cannot_remove(void)
{
    return "Windows: a section's name goes with its last handle and cannot be removed";
}

/* GetProcessHandleCount() would do for the first, and under wine says 0. */
struct behind_held behind_held_now(void)
{
    struct behind_held ret = {0, 0};
    MEMORY_BASIC_INFORMATION at;
    const unsigned char *address = NULL;
    uintptr_t number;
    DWORD flags;

    for (number = 4; number < HANDLE_MAX; number += 4) {
        ret.handles += GetHandleInformation((HANDLE)number, &flags) != 0;
    }
    while (VirtualQuery(address, &at, sizeof at) != 0) {
        ret.views += at.Type == MEM_MAPPED && at.BaseAddress == at.AllocationBase;
        address = (const unsigned char *)at.BaseAddress + at.RegionSize;
        if (address == NULL) { /* the end of 32 bits */
            break;
        }
    }
    return ret;
}

uint64_t behind_user(void)
{
    return 0;
}

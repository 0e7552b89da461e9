/* SPDX-License-Identifier: MIT */
/* file.c - host.h on Windows: files. */
#include "host/windows/windows.h"

#include <ctype.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"

/* UTF-8 to UTF-16, allocated; NULL when there is no memory, or it is no UTF-8. */
static wchar_t *wide(const char *text)
{
    int n = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
    wchar_t *to = n > 0 ? malloc((size_t)n * sizeof *to) : NULL;

    if (to != NULL) {
        (void)MultiByteToWideChar(CP_UTF8, 0, text, -1, to, n);
    } else {
        (void)host_failed_with(n > 0 ? ERROR_NOT_ENOUGH_MEMORY : GetLastError());
    }
    return to;
}

static FILE *open_file(const char *path, DWORD access, DWORD how, int flags, const char *mode)
{
    wchar_t *name = wide(path);
    HANDLE h = name == NULL ? INVALID_HANDLE_VALUE
                            : CreateFileW(name, access, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
                                          how, FILE_ATTRIBUTE_NORMAL, NULL);
    int fd;
    FILE *file;

    if (name != NULL && h == INVALID_HANDLE_VALUE) {
        (void)host_failed();
    }
    free(name);
    if (h == INVALID_HANDLE_VALUE) {
        return NULL;
    }
    fd = _open_osfhandle((intptr_t)h, flags);
    file = fd >= 0 ? _fdopen(fd, mode) : NULL;
    if (file == NULL) {
        (void)host_failed_with(ERROR_TOO_MANY_OPEN_FILES);
        (void)(fd >= 0 ? _close(fd) : (int)CloseHandle(h));
    }
    return file;
}

static FILE *standard(int number, const char *mode)
{
    int fd = _dup(number);
    FILE *file = fd >= 0 ? _fdopen(fd, mode) : NULL;

    if (file == NULL) {
        (void)host_failed_with(ERROR_TOO_MANY_OPEN_FILES);
    }
    return file;
}

FILE *host_file_create(const char *path)
{
    FILE *file = strcmp(path, "-") == 0
                     ? standard(1, "wb")
                     : open_file(path, GENERIC_WRITE, CREATE_NEW, _O_BINARY, "wb");

    if (file != NULL) {
        (void)setvbuf(file, NULL, _IONBF, 0); /* the caller writes whole blocks */
    }
    return file;
}

FILE *host_file_open(const char *path)
{
    return strcmp(path, "-") == 0
               ? standard(0, "rb")
               : open_file(path, GENERIC_READ, OPEN_EXISTING, _O_BINARY | _O_RDONLY, "rb");
}

int host_file_is_there(void)
{
    return host_last_error() == ERROR_FILE_EXISTS;
}

int host_file_is_plain(FILE *file)
{
    return GetFileType((HANDLE)_get_osfhandle(_fileno(file))) == FILE_TYPE_DISK;
}

int host_file_is_gone(FILE *file)
{
    (void)file; /* the next write tells */
    return 0;
}

int host_file_write(FILE *file, const void *buf, size_t n)
{
    return fwrite(buf, 1, n, file) == n ? 1 : host_failed();
}

int host_file_sync(FILE *file)
{
    return _commit(_fileno(file)) == 0 ? 1 : host_failed();
}

int host_file_close(FILE *file)
{
    return fclose(file) == 0 ? 1 : host_failed();
}

int host_file_remove(const char *path)
{
    wchar_t *name = wide(path);
    int ok = name != NULL && DeleteFileW(name);

    if (name != NULL && !ok) {
        (void)host_failed();
    }
    free(name);
    return ok;
}

/* The number of a name that is `length` letters, a dot, digits and the ending; 0 for others. */
static uint64_t number_of(const wchar_t *name, size_t length, const char *ending)
{
    uint64_t number = 0;
    size_t n = 0;

    if (wcslen(name) < length + 7 || name[length] != L'.') {
        return 0;
    }
    for (name += length + 1; name[n] >= L'0' && name[n] <= L'9' && n < 19; n++) {
        number = number * 10 + (uint64_t)(name[n] - L'0');
    }
    for (name += n; *ending != '\0' && (wchar_t)*ending == *name; ending++) {
        name++;
    }
    return n >= 6 && *name == L'\0' && *ending == '\0' ? number : 0;
}

/* The letters of a path behind its last folder, in UTF-16. */
static size_t stem_length(const char *path, size_t n)
{
    size_t length = 0, i;

    for (i = 0; i < n; i++) {
        length += ((unsigned char)path[i] & 0xC0) != 0x80;
        length += ((unsigned char)path[i] & 0xF8) == 0xF0; /* a pair of surrogates */
        length = path[i] == '/' || path[i] == '\\' || path[i] == ':' ? 0 : length;
    }
    return length;
}

static uint64_t find_number(const char *path, const char *ending, int last)
{
    const size_t length = strlen(path) - strlen(ending), size = strlen(path) + 3;
    char *pattern = malloc(size);
    wchar_t *name;
    WIN32_FIND_DATAW data;
    HANDLE h = INVALID_HANDLE_VALUE;
    uint64_t number, found = 0;

    if (pattern == NULL) {
        return 0;
    }
    (void)snprintf(pattern, size, "%.*s.*%s", (int)length, path, ending);
    name = wide(pattern);
    if (name != NULL) {
        h = FindFirstFileW(name, &data);
    }
    if (h != INVALID_HANDLE_VALUE) {
        do {
            number = number_of(data.cFileName, stem_length(path, length), ending);
            if (number != 0 && (found == 0 || (last ? number > found : number < found))) {
                found = number;
            }
        } while (FindNextFileW(h, &data));
        (void)FindClose(h);
    }
    free(name);
    free(pattern);
    return found;
}

uint64_t host_file_first_number(const char *path, const char *ending)
{
    return find_number(path, ending, 0);
}

uint64_t host_file_last_number(const char *path, const char *ending)
{
    return find_number(path, ending, 1);
}

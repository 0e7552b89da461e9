/* SPDX-License-Identifier: MIT */
/* windows_imports.h - the calls of Windows that the library makes, with a hand between: they are
 * counted, and refused when a test says so. A function's import is a variable that holds its
 * address, and the test program's variable of that name comes before the system's. */
#ifndef SHMRING_TESTS_SUPPORT_WINDOWS_IMPORTS_H
#define SHMRING_TESTS_SUPPORT_WINDOWS_IMPORTS_H

/* An error that has no words, and is nobody else's. What succeeds after it leaves another one. */
#define IMPORTS_ERROR       0x2FEE01u
#define IMPORTS_ERROR_WORDS "error 3141121"

/* From now on: the n-th call is refused with that error; 0: none is. */
void imports_refuse(unsigned n, unsigned long error);
/* The call that was refused since, or NULL. */
const char *imports_refused(void);
/* Whether its error belongs into the sentence when it ends an open. */
int imports_says_why(const char *call);

/* Refuses that function, always, as denied; several add up, NULL ends it. */
void imports_deny(const char *call);
/* Hides that function from GetProcAddress(); NULL ends it. */
void imports_hide(const char *function);

/* What was opened and not closed. */
struct imports_balance {
    int handles, views, blocks, timers;
};
struct imports_balance imports_balance(void);

/* The views that MapViewOfFile3() made. It and VirtualAlloc2() are played here, by what Microsoft
 * says of placeholders. */
int imports_mapped_late(void);
/* What they, or VirtualFree(), were told to do and cannot; and the placeholders that were left. */
int imports_misused(void);

#endif

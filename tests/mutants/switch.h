/* SPDX-License-Identifier: MIT */
/* switch.h - included in front of a source in which mistakes can be switched on: switched.py. */
#ifndef SHMRING_TESTS_SWITCH_H
#define SHMRING_TESTS_SWITCH_H

#ifdef __cplusplus
extern "C"
#endif
    int
    shmring_mutant(int number);

#endif

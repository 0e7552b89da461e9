/* SPDX-License-Identifier: MIT */
/* info.h - words for what shmring_inspect() says; common to ls and stat. */
#ifndef SHMRING_TOOLS_INFO_H
#define SHMRING_TOOLS_INFO_H

#include "cli.h"

const char *info_framing(const shmring_info *info);
const char *info_lifetime(const shmring_info *info);
const char *info_overflow(const shmring_info *info);
const char *info_stamp(const shmring_info *info);
/* alive, persistent or dead */
const char *info_state(const shmring_info *info);
/* "pid program" of a living holder, else "-". */
const char *info_role(char to[FIGURE_SIZE], const shmring_role_info *role);
void info_role_json(struct json *j, const char *key, const shmring_role_info *role);

#endif

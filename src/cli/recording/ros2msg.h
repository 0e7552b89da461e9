/* SPDX-License-Identifier: MIT */
/* ros2msg.h - described types as the schemas that readers of MCAP know. */
#ifndef SHMRING_SRC_CLI_RECORDING_ROS2MSG_H
#define SHMRING_SRC_CLI_RECORDING_ROS2MSG_H

#include <shmring/shmring.h>

#include "recording/mcap.h"

/* The package of a ring's types: its name in small letters, digits and '_'. */
void ros2msg_package(const char *ring, char *ret, size_t size);
/* "PACKAGE/msg/TYPE" */
void ros2msg_name(const char *package, const shmring_type *type, char *ret, size_t size);
/* Puts the text of a type, and of the types that are parts of it, behind what `to` has. */
void ros2msg_text(struct bytes *to, const char *package, const shmring_type *type);

#endif

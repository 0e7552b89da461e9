/* SPDX-License-Identifier: MIT */
/* abi.h - what a program's in-line code was compiled with, which it tells the library. Private to
 * the headers: call the functions without `abi_` and `sized_`.
 *
 * The hot path is in-line code over a handle that the library allocates and fills. A program that
 * was compiled with other headers than those of the library it runs with would read and write other
 * fields. So each open hands in the number of the handle's layout and the sizes of what the in-line
 * code knows, and the library refuses others with SHMRING_E_VERSION.
 *
 * A struct that the library fills and no in-line code reads may differ at its end: the calls hand
 * in its size. The library fills what both know, and puts 0 behind it.
 *
 * docs/decisions/0007-abi.md says what may change in which version.
 */
#ifndef SHMRING_DETAIL_ABI_H
#define SHMRING_DETAIL_ABI_H

#include <shmring/detail/handle.h>
#include <shmring/status.h>

/* One more whenever a released version's in-line code and the library's own could no longer work on
 * one handle. That is a change of a field or its meaning, of a function whose name ends in `_`,
 * shmring_record. */
#define SHMRING_HANDLE_ABI 2u

struct shmring_options;
struct shmring_observer;
struct shmring_info;
struct shmring_verdict;
struct shmring_repaired;
struct shmring_latency;

SHMRING_BEGIN_DECLS

/* abi: SHMRING_HANDLE_ABI; handle_size, record_size: of the handle and of shmring_record, in bytes.
 * These three parameters never change. */
SHMRING_API shmring_status shmring_producer_open_abi_(shmring_producer **ret, const char *name,
                                                      const struct shmring_options *opt,
                                                      uint32_t abi, uint32_t handle_size,
                                                      uint32_t record_size);
SHMRING_API shmring_status shmring_consumer_open_abi_(shmring_consumer **ret, const char *name,
                                                      const struct shmring_options *opt,
                                                      uint32_t abi, uint32_t handle_size,
                                                      uint32_t record_size);
SHMRING_API shmring_status shmring_producer_open_fd_abi_(shmring_producer **ret, int fd,
                                                         const struct shmring_options *opt,
                                                         uint32_t abi, uint32_t handle_size,
                                                         uint32_t record_size);
SHMRING_API shmring_status shmring_consumer_open_fd_abi_(shmring_consumer **ret, int fd,
                                                         const struct shmring_options *opt,
                                                         uint32_t abi, uint32_t handle_size,
                                                         uint32_t record_size);
SHMRING_API shmring_status shmring_observer_open_abi_(struct shmring_observer **ret,
                                                      const char *name,
                                                      const struct shmring_options *opt,
                                                      uint32_t abi, uint32_t record_size);

/* size: of *ret, in bytes, as the caller knows it. */
SHMRING_API shmring_status shmring_inspect_sized_(const char *name, struct shmring_info *ret,
                                                  uint64_t size);
SHMRING_API shmring_status shmring_verify_sized_(const char *name, struct shmring_verdict *ret,
                                                 uint64_t size);
SHMRING_API shmring_status shmring_verify_file_sized_(const char *path, struct shmring_verdict *ret,
                                                      uint64_t size);
SHMRING_API shmring_status shmring_repair_sized_(const char *name, struct shmring_repaired *ret,
                                                 uint64_t size);
SHMRING_API shmring_status shmring_repair_file_sized_(const char *path,
                                                      struct shmring_repaired *ret, uint64_t size);
SHMRING_API void shmring_latency_of_sized_(const uint64_t *buckets, struct shmring_latency *ret,
                                           uint64_t size);

SHMRING_END_DECLS

#endif

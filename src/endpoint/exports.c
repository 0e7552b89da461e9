/* SPDX-License-Identifier: MIT */
/* exports.c - the in-line functions as real symbols, for languages that cannot include a header.
 * The headers' own versions get another name here, so that each real one can have its own. */
#define shmring_try_send       inline_try_send
#define shmring_try_recv       inline_try_recv
#define shmring_reserve        inline_reserve
#define shmring_commit         inline_commit
#define shmring_abort          inline_abort
#define shmring_peek           inline_peek
#define shmring_release        inline_release
#define shmring_stage          inline_stage
#define shmring_publish        inline_publish
#define shmring_peek_many      inline_peek_many
#define shmring_release_many   inline_release_many
#define shmring_write_span     inline_write_span
#define shmring_write_advance  inline_write_advance
#define shmring_write_span_for inline_write_span_for
#define shmring_producer_retry inline_producer_retry
#define shmring_read_span      inline_read_span
#define shmring_read_advance   inline_read_advance
#define shmring_read_span_for  inline_read_span_for
#define shmring_try_write      inline_try_write
#define shmring_try_read       inline_try_read
#define shmring_consumer_relax inline_consumer_relax
#define shmring_producer_relax inline_producer_relax

#define shmring_producer_open    inline_producer_open
#define shmring_consumer_open    inline_consumer_open
#define shmring_producer_open_fd inline_producer_open_fd
#define shmring_consumer_open_fd inline_consumer_open_fd
#define shmring_observer_open    inline_observer_open
#define shmring_inspect          inline_inspect
#define shmring_verify           inline_verify
#define shmring_verify_file      inline_verify_file
#define shmring_repair           inline_repair
#define shmring_repair_file      inline_repair_file
#define shmring_latency_of       inline_latency_of

#define shmring_latency_bucket     inline_latency_bucket
#define shmring_latency_bucket_top inline_latency_bucket_top

#include <shmring/inspect.h>
#include <shmring/latency.h>
#include <shmring/observe.h>
#include <shmring/detail/ring.h>

#undef shmring_try_send
#undef shmring_try_recv
#undef shmring_reserve
#undef shmring_commit
#undef shmring_abort
#undef shmring_peek
#undef shmring_release
#undef shmring_stage
#undef shmring_publish
#undef shmring_peek_many
#undef shmring_release_many
#undef shmring_write_span
#undef shmring_write_advance
#undef shmring_write_span_for
#undef shmring_producer_retry
#undef shmring_read_span
#undef shmring_read_advance
#undef shmring_read_span_for
#undef shmring_try_write
#undef shmring_try_read
#undef shmring_consumer_relax
#undef shmring_producer_relax
#undef shmring_producer_open
#undef shmring_consumer_open
#undef shmring_producer_open_fd
#undef shmring_consumer_open_fd
#undef shmring_observer_open
#undef shmring_inspect
#undef shmring_verify
#undef shmring_verify_file
#undef shmring_repair
#undef shmring_repair_file
#undef shmring_latency_of
#undef shmring_latency_bucket
#undef shmring_latency_bucket_top

#define REAL(type, name, parameters, arguments)                                                    \
    SHMRING_API type shmring_##name parameters;                                                    \
    type shmring_##name parameters                                                                 \
    {                                                                                              \
        return inline_##name arguments;                                                            \
    }

#define REAL_VOID(name, parameters, arguments)                                                     \
    SHMRING_API void shmring_##name parameters;                                                    \
    void shmring_##name parameters                                                                 \
    {                                                                                              \
        inline_##name arguments;                                                                   \
    }

REAL(shmring_status, try_send,
     (shmring_producer * p, const void *data, uint32_t len, uint16_t type), (p, data, len, type))
REAL(shmring_status, try_recv,
     (shmring_consumer * c, void *buf, uint32_t size, shmring_record *ret), (c, buf, size, ret))
REAL(shmring_status, reserve, (shmring_producer * p, uint32_t len, void **ret), (p, len, ret))
REAL(shmring_status, commit, (shmring_producer * p, uint32_t len, uint16_t type), (p, len, type))
REAL_VOID(abort, (shmring_producer * p), (p))
REAL(shmring_status, peek, (shmring_consumer * c, shmring_record *ret), (c, ret))
REAL_VOID(release, (shmring_consumer * c), (c))
REAL(shmring_status, stage, (shmring_producer * p, const void *data, uint32_t len, uint16_t type),
     (p, data, len, type))
REAL(shmring_status, publish, (shmring_producer * p), (p))
REAL(uint32_t, peek_many, (shmring_consumer * c, shmring_record *ret, uint32_t max), (c, ret, max))
REAL_VOID(release_many, (shmring_consumer * c, uint32_t n), (c, n))
REAL(uint64_t, write_span, (shmring_producer * p, void **ret), (p, ret))
REAL(uint64_t, write_span_for, (shmring_producer * p, uint64_t n, void **ret), (p, n, ret))
REAL_VOID(producer_retry, (shmring_producer * p), (p))
REAL(shmring_status, write_advance, (shmring_producer * p, uint64_t n), (p, n))
REAL(uint64_t, read_span, (shmring_consumer * c, const void **ret), (c, ret))
REAL(uint64_t, read_span_for, (shmring_consumer * c, uint64_t n, const void **ret), (c, n, ret))
REAL(shmring_status, read_advance, (shmring_consumer * c, uint64_t n), (c, n))
REAL(uint64_t, try_write, (shmring_producer * p, const void *data, uint64_t n), (p, data, n))
REAL(uint64_t, try_read, (shmring_consumer * c, void *buf, uint64_t n), (c, buf, n))
REAL_VOID(consumer_relax, (shmring_consumer * c), (c))
REAL_VOID(producer_relax, (shmring_producer * p), (p))
REAL(uint32_t, latency_bucket, (uint64_t ns), (ns))
REAL(uint64_t, latency_bucket_top, (uint32_t bucket), (bucket))
REAL(shmring_status, producer_open,
     (shmring_producer * *ret, const char *name, const shmring_options *opt), (ret, name, opt))
REAL(shmring_status, consumer_open,
     (shmring_consumer * *ret, const char *name, const shmring_options *opt), (ret, name, opt))
REAL(shmring_status, producer_open_fd,
     (shmring_producer * *ret, int fd, const shmring_options *opt), (ret, fd, opt))
REAL(shmring_status, consumer_open_fd,
     (shmring_consumer * *ret, int fd, const shmring_options *opt), (ret, fd, opt))
REAL(shmring_status, observer_open,
     (shmring_observer * *ret, const char *name, const shmring_options *opt), (ret, name, opt))
REAL(shmring_status, inspect, (const char *name, shmring_info *ret), (name, ret))
REAL(shmring_status, verify, (const char *name, shmring_verdict *ret), (name, ret))
REAL(shmring_status, verify_file, (const char *path, shmring_verdict *ret), (path, ret))
REAL(shmring_status, repair, (const char *name, shmring_repaired *ret), (name, ret))
REAL(shmring_status, repair_file, (const char *path, shmring_repaired *ret), (path, ret))
REAL_VOID(latency_of, (const uint64_t *buckets, shmring_latency *ret), (buckets, ret))

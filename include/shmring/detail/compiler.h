/* SPDX-License-Identifier: MIT */
/* compiler.h - how the library's symbols and inline functions are declared. The only place that
 * asks which operating system or compiler this is for the sake of linkage. */
#ifndef SHMRING_DETAIL_COMPILER_H
#define SHMRING_DETAIL_COMPILER_H

#if defined(_WIN32)
#if defined(SHMRING_BUILDING_SHARED)
#define SHMRING_API __declspec(dllexport)
#elif defined(SHMRING_USING_SHARED)
#define SHMRING_API __declspec(dllimport)
#else
#define SHMRING_API
#endif
#elif defined(__GNUC__)
#define SHMRING_API __attribute__((visibility("default")))
#else
#define SHMRING_API
#endif

/* For a C++ type and object of the headers that the linker may merge across shared objects, also
 * where they are built with -fvisibility=hidden. */
#if defined(__GNUC__) && !defined(_WIN32)
#define SHMRING_ONE_TYPE __attribute__((visibility("default")))
#else
#define SHMRING_ONE_TYPE
#endif

#if defined(__GNUC__)
#define SHMRING_INLINE      static inline __attribute__((unused))
#define SHMRING_INLINE_HOT  static inline __attribute__((always_inline, unused)) /* public */
#define SHMRING_ALWAYS      static inline __attribute__((always_inline, unused))
#define SHMRING_LIKELY(x)   (__builtin_expect(!!(x), 1) != 0)
#define SHMRING_UNLIKELY(x) (__builtin_expect(!!(x), 0) != 0)
#define SHMRING_IS_KNOWN(x) __builtin_constant_p(x)
#define SHMRING_ALIGNED(n)  __attribute__((aligned(n)))
#define SHMRING_PREFETCH(p) __builtin_prefetch((p), 0, 3)
#define SHMRING_OPAQUE(v)   __asm__("" : "+r"(v))
#if defined(__x86_64__) /* the builtin knows prefetchw only with -mprfchw; old ones ignore it */
#define SHMRING_PREFETCHW(p) __asm__ __volatile__("prefetchw %0" : : "m"(*(const char *)(p)))
#else
#define SHMRING_PREFETCHW(p) __builtin_prefetch((p), 1, 3)
#endif
#else
#define SHMRING_INLINE       static inline
#define SHMRING_INLINE_HOT   static inline
#define SHMRING_ALWAYS       static inline
#define SHMRING_LIKELY(x)    (x)
#define SHMRING_UNLIKELY(x)  (x)
#define SHMRING_IS_KNOWN(x)  0
#define SHMRING_ALIGNED(n)   __declspec(align(n))
#define SHMRING_PREFETCHW(p) ((void)(p))
#define SHMRING_PREFETCH(p)  ((void)(p))
#define SHMRING_OPAQUE(v)    ((void)(v))
#endif

/* Around in-line code: its casts are C's in C++ too, and some change the type on other processors
 * only. An includer's own warnings about either stay as they are. */
#if defined(__cplusplus) && defined(__clang__)
#define SHMRING_BEGIN_INLINE                                                                       \
    _Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wold-style-cast\"")
#define SHMRING_END_INLINE _Pragma("clang diagnostic pop")
#elif defined(__cplusplus) && defined(__GNUC__)
#define SHMRING_BEGIN_INLINE                                                                       \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wold-style-cast\"")          \
        _Pragma("GCC diagnostic ignored \"-Wuseless-cast\"")
#define SHMRING_END_INLINE _Pragma("GCC diagnostic pop")
#else
#define SHMRING_BEGIN_INLINE
#define SHMRING_END_INLINE
#endif

/* A debug build of the library asserts what its fast paths rely on. */
#if defined(SHMRING_CHECKED)
#include <assert.h>
#define SHMRING_ASSERT(x) assert(x)
#else
#define SHMRING_ASSERT(x) ((void)0)
#endif

#if defined(__cplusplus)
#define SHMRING_BEGIN_DECLS            extern "C" {
#define SHMRING_END_DECLS              }
#define SHMRING_STATIC_ASSERT(c, text) static_assert(c, text)
#define SHMRING_ALIGNOF(type)          alignof(type)
#else
#define SHMRING_BEGIN_DECLS
#define SHMRING_END_DECLS
#define SHMRING_STATIC_ASSERT(c, text) _Static_assert(c, text)
#define SHMRING_ALIGNOF(type)          _Alignof(type)
#endif

#endif

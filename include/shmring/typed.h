/* SPDX-License-Identifier: MIT */
/* typed.h - C: the description of a struct, from one list of its members, which the compiler checks
 * against the struct. C++ has record.hpp.
 *
 *     struct imu {
 *         uint64_t stamp_ns;
 *         double accel[3];
 *         float temperature;
 *     };
 *     #define IMU(MEMBER)                       \
 *         MEMBER(uint64, stamp_ns, , "[ns]")    \
 *         MEMBER(float64, accel, [3], "[m/s^2]") \
 *         MEMBER(float32, temperature, , "[degC]")
 *     SHMRING_DESCRIBES(Imu, struct imu, IMU)
 *
 *     options.description = SHMRING_TYPE_TEXT(1, Imu, IMU);
 *
 * A member is a type of the description's language, the name, which is the struct's too, the count
 * of an array in brackets or nothing, and a comment. In the comment a unit may stand. The texts of
 * several types are string literals, written one behind the other:
 *
 *     options.description = SHMRING_PART_TEXT(Vec3, VEC3) SHMRING_TYPE_TEXT(1, Pose, POSE)
 *                           SHMRING_TYPE_TEXT(2, Log, LOG);
 *
 * A type that stands in another one's list needs its own SHMRING_DESCRIBES() above. A string is, in
 * the struct, the uint32_t that counts its bytes with the final 0, and the bytes are a last member
 * that is not in the list:
 *
 *     struct log { uint8_t level; uint32_t text; char bytes[]; };
 *     #define LOG(MEMBER) MEMBER(uint8, level, , "") MEMBER(string, text, , "")
 *     SHMRING_DESCRIBES(Log, struct log, LOG)
 *
 * On 32-bit x86 a double or a 64-bit integer in a struct may stand at a multiple of 4, where no
 * description can put it. The compiler says so, and a member in front that fills the gap helps.
 */
#ifndef SHMRING_TYPED_H
#define SHMRING_TYPED_H

#include <stddef.h>
#include <stdint.h>

#include <shmring/detail/compiler.h>

#if !defined(__cplusplus)

typedef _Bool shmring_c_bool;
typedef uint8_t shmring_c_byte;
typedef char shmring_c_char;
typedef int8_t shmring_c_int8;
typedef uint8_t shmring_c_uint8;
typedef int16_t shmring_c_int16;
typedef uint16_t shmring_c_uint16;
typedef int32_t shmring_c_int32;
typedef uint32_t shmring_c_uint32;
typedef uint32_t shmring_c_string;
typedef float shmring_c_float32;
typedef int64_t shmring_c_int64 SHMRING_ALIGNED(8);
typedef uint64_t shmring_c_uint64 SHMRING_ALIGNED(8);
typedef double shmring_c_float64 SHMRING_ALIGNED(8);

/* The kind of an expression's value, or of the elements of the array that it names; 0 for a struct.
 * Whether a 64-bit integer is a long or a long long does not matter. */
#define SHMRING_CATEGORY_(x)                                                                       \
    _Generic((x), _Bool : 1, _Bool * : 1, char : 2, char * : 2, signed char : 3,                   \
             signed char * : 3, short : 3, short * : 3, int : 3, int * : 3, long : 3, long * : 3,  \
             long long : 3, long long * : 3, unsigned char : 4, unsigned char * : 4,               \
             unsigned short : 4, unsigned short * : 4, unsigned : 4, unsigned * : 4,               \
             unsigned long : 4, unsigned long * : 4, unsigned long long : 4,                       \
             unsigned long long * : 4, float : 5, float * : 5, double : 5, double * : 5,           \
             long double : 6, long double * : 6, default : 0)

#define SHMRING_MEMBER_OF_MIRROR_(type, name, count, comment) shmring_c_##type name count;

#define SHMRING_MEMBER_CHECK_(type, name, count, comment)                                          \
    SHMRING_STATIC_ASSERT(offsetof(shmring_own_, name) == offsetof(struct shmring_mirror_, name),  \
                          #name                                                                    \
                          ": the struct has this member at another place than the description");   \
    SHMRING_STATIC_ASSERT(sizeof(((shmring_own_ *)0)->name) ==                                     \
                                  sizeof(((struct shmring_mirror_ *)0)->name) &&                   \
                              SHMRING_CATEGORY_(((shmring_own_ *)0)->name) ==                      \
                                  SHMRING_CATEGORY_(((struct shmring_mirror_ *)0)->name),          \
                          #name ": this member of the struct is no " #type #count);

#define SHMRING_WORDS_(...) #__VA_ARGS__

#define SHMRING_MEMBER_TEXT_(type, name, count, comment)                                           \
#type SHMRING_WORDS_(count) " " #name " # " comment "\n"

/* Has the compiler check that a struct is what a list says of it: each member's place, size and
 * kind, and the size of the whole. name: the type's in descriptions. */
#define SHMRING_DESCRIBES(name, type, list)                                                        \
    typedef type shmring_c_##name;                                                                 \
    SHMRING_INLINE void shmring_check_##name##_(void)                                              \
    {                                                                                              \
        typedef type shmring_own_;                                                                 \
        struct shmring_mirror_ {                                                                   \
            list(SHMRING_MEMBER_OF_MIRROR_)                                                        \
        };                                                                                         \
        list(SHMRING_MEMBER_CHECK_)                                                                \
            SHMRING_STATIC_ASSERT(sizeof(shmring_own_) == sizeof(struct shmring_mirror_),          \
                                  #name ": the struct has members that the description has not");  \
    }

/* The text of a type for options.description, a string literal. number: of its records' type, a
 * literal or a macro of one. SHMRING_PART_TEXT: of a type that is only part of others. */
#define SHMRING_TYPE_TEXT(number, name, list)                                                      \
    "type " SHMRING_WORDS_(number) " " #name "\n" list(SHMRING_MEMBER_TEXT_)
#define SHMRING_PART_TEXT(name, list) "type " #name "\n" list(SHMRING_MEMBER_TEXT_)

#endif

#endif

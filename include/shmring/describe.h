/* SPDX-License-Identifier: MIT */
/* describe.h - what the records of a ring are made of: a text that the ring's creator gives, and
 * that every reader can ask.
 *
 *     type 1 Imu                  # a record's type number, and a name
 *     uint64 stamp_ns             # [ns]
 *     float64[3] accel            # [m/s^2]
 *     float32 temperature         # [degC]
 *
 * The language is the fixed-layout part of ROS 2's message definitions: docs/describe.md. A payload
 * is the C struct with these members in the machine's own alignment.
 *
 *     shmring_options o = SHMRING_OPTIONS_INIT;
 *     o.description = text;       // at the one who makes the ring
 *
 *     shmring_description *d;     // a reader:
 *     shmring_members it;
 *     shmring_value v;
 *     if (shmring_description_read(&d, "imu") != SHMRING_OK) ...
 *     shmring_members_begin(&it, shmring_type_numbered(d, r.type), r.data, r.len);
 *     while (shmring_members_next(&it, &v))
 *         printf("%s = %g\n", v.path, shmring_number_of(v.field, v.data));
 *
 * A text that comes from a ring is untrusted. It is bounded and parsed in full before it is used,
 * and no field lies outside the record that shmring_members_begin() accepted.
 */
#ifndef SHMRING_DESCRIBE_H
#define SHMRING_DESCRIBE_H

#include <stddef.h>
#include <stdint.h>

#include <shmring/detail/compiler.h>
#include <shmring/detail/handle.h>
#include <shmring/status.h>

SHMRING_BEGIN_DECLS

#define SHMRING_DESCRIPTION_NAME_MAX  63u /* letters of a type's or a field's name */
#define SHMRING_DESCRIPTION_UNIT_MAX  31u /* bytes of a unit */
#define SHMRING_DESCRIPTION_DEPTH_MAX 8u  /* types inside each other, the outermost counted */
#define SHMRING_TYPE_UNNUMBERED       UINT32_MAX /* of a type that is only part of others */
#define SHMRING_UNBOUNDED             UINT32_MAX /* of a string without a bound */

/* The kind of one element of a field. */
typedef enum shmring_kind {
    SHMRING_KIND_BOOL = 1, /* one byte, 0 is false */
    SHMRING_KIND_BYTE = 2, /* one byte that is no number */
    SHMRING_KIND_CHAR = 3, /* one byte; an array of them is a text that ends at its first 0 */
    SHMRING_KIND_INT8 = 4,
    SHMRING_KIND_UINT8 = 5,
    SHMRING_KIND_INT16 = 6,
    SHMRING_KIND_UINT16 = 7,
    SHMRING_KIND_INT32 = 8,
    SHMRING_KIND_UINT32 = 9,
    SHMRING_KIND_INT64 = 10,
    SHMRING_KIND_UINT64 = 11,
    SHMRING_KIND_FLOAT32 = 12,
    SHMRING_KIND_FLOAT64 = 13,
    SHMRING_KIND_STRING = 14, /* a uint32 n, then n bytes, of which the last is 0 */
    SHMRING_KIND_NESTED = 15  /* another type of the same description */
} shmring_kind;

/* A parsed description. It does not change, so any number of threads may read one. */
typedef struct shmring_description shmring_description;
typedef struct shmring_type shmring_type;
struct shmring_observer;

/* All pointers of these structs live as long as the description. Reach them by the functions below
 * and never by an index of your own: a later version may add members at their ends. */
typedef struct shmring_field {
    const char *name;
    const char *type_name;      /* of one element: "float64", "Vec3" */
    const char *unit;           /* "m/s^2"; "" = none */
    const shmring_type *nested; /* of SHMRING_KIND_NESTED; else NULL */
    uint32_t kind;              /* SHMRING_KIND_... */
    uint32_t offset;            /* bytes from the start of its type */
    uint32_t size;              /* bytes of one element; of a string, of its length */
    uint32_t count;             /* elements; 1 when it is no array */
    uint32_t is_array;          /* 1: written with a count */
    uint32_t bound;             /* of a string: the most bytes of text; SHMRING_UNBOUNDED */
    uint32_t line;              /* of the text, from 1 */
    uint32_t index;             /* in its type, from 0 */
} shmring_field;

struct shmring_type {
    const char *name;
    uint32_t number;      /* a record's type; SHMRING_TYPE_UNNUMBERED */
    uint32_t size;        /* the least bytes of a record: the end of its last field */
    uint32_t struct_size; /* the same rounded up to align: what C's sizeof says. With a string: of
                             the struct up to the string's bytes */
    uint32_t align;       /* 1, 2, 4 or 8 */
    uint32_t field_count;
    uint32_t constant_count;
    uint32_t has_string; /* 1: the last field is a string */
    uint32_t line;
    uint32_t index;                 /* in the description, from 0 */
    uint32_t depth;                 /* 1 without nested types */
    const shmring_description *all; /* whose it is */
    uint32_t first_field, first_constant;
};

/* A name for a value, which takes no place in a record: uint8 LEVEL_WARN=2 */
typedef struct shmring_constant {
    const char *name;
    const char *type_name;
    const char *value; /* as it is written */
    uint32_t kind;
    uint32_t line;
} shmring_constant;

/* ---- a ring's text ---- */

/* Copies the description of a ring, living or dead, without opening a role or changing a byte.
 * buf: the text, NUL-terminated, exactly as its creator gave it and not looked at by this call: it
 * may be anything. size: of buf, in bytes; SHMRING_DESCRIPTION_MAX + 1 is always enough. ret_len:
 * bytes without the NUL; may be NULL. Both are untouched unless SHMRING_OK.
 * Returns SHMRING_OK; SHMRING_EMPTY (the ring has none); SHMRING_E_TOO_BIG (the detail has the
 * size); SHMRING_E_CORRUPT (it lies where none can lie, or differs from its hash's length); or as
 * shmring_inspect(). Any thread; never waits for the ring's processes. Memory order: none, for the
 * text was there before the ring had its name. A death here leaves nothing. Since 0.2. */
SHMRING_API shmring_status shmring_describe(const char *name, char *buf, uint32_t size,
                                            uint32_t *ret_len);

/* The same, parsed. ret: to be given to shmring_description_free(); untouched unless SHMRING_OK.
 * Returns as shmring_describe(); SHMRING_E_CORRUPT also for a text that cannot be parsed, with the
 * line and column; SHMRING_E_NO_MEMORY. Any thread; not from signal handlers. Since 0.2. */
SHMRING_API shmring_status shmring_description_read(shmring_description **ret, const char *name);

/* The same of the ring behind an open handle, whatever its name leads to by now.
 * Returns as shmring_description_read(); SHMRING_E_INVALID for NULL and after fork. By the thread
 * that uses the handle. Since 0.2. */
SHMRING_API shmring_status shmring_producer_description(const shmring_producer *p,
                                                        shmring_description **ret);
SHMRING_API shmring_status shmring_consumer_description(const shmring_consumer *c,
                                                        shmring_description **ret);
SHMRING_API shmring_status shmring_observer_description(const struct shmring_observer *o,
                                                        shmring_description **ret);

/* ---- parsing ---- */

/* Parses a text.
 * ret: to be given to shmring_description_free(); untouched on failure. text: len bytes, which need
 * not end with NUL and are copied; at most SHMRING_DESCRIPTION_MAX. where: what a sentence calls
 * the text, such as a file's name; NULL is "description".
 * Returns SHMRING_OK; SHMRING_E_INVALID, with line, column and what to do in the detail;
 * SHMRING_E_NO_MEMORY. Any thread; not from signal handlers; time and memory are bounded by the
 * length. Touches no ring. Since 0.2. */
SHMRING_API shmring_status shmring_description_parse(shmring_description **ret, const char *text,
                                                     size_t len, const char *where);

/* Frees it, and all that was reached through it; NULL is nothing. Any thread, when no other uses
 * it. Since 0.2. */
SHMRING_API void shmring_description_free(shmring_description *d);

/* The text as it was given, NUL-terminated. d: not NULL here and below.
 * Returns a string that lives as long as d. Any thread. Since 0.2. */
SHMRING_API const char *shmring_description_text(const shmring_description *d);

/* The text in its canonical form, by which descriptions are compared: without comments and empty
 * lines, one space between words, and ` # [unit]` behind a field that has one.
 * Returns a string that lives as long as d. Any thread. Since 0.2. */
SHMRING_API const char *shmring_description_canonical(const shmring_description *d);

/* FNV-1a of the canonical form, 64 bits, and 1 where that is 0: a schema number.
 * Returns it, never 0. Any thread. Since 0.2. */
SHMRING_API uint64_t shmring_description_hash(const shmring_description *d);

/* Whether two descriptions say the same.
 * theirs, ours: words for a sentence, such as "the ring" and "this process".
 * Returns SHMRING_OK; SHMRING_E_MISMATCH, with the first lines that differ in the detail. Any
 * thread. Since 0.2. */
SHMRING_API shmring_status shmring_description_compare(const shmring_description *a,
                                                       const shmring_description *b,
                                                       const char *theirs, const char *ours);

/* ---- looking up ---- */

/* How many types there are, parts of others included.
 * Returns 1 or more. Any thread. Since 0.2. */
SHMRING_API uint32_t shmring_description_types(const shmring_description *d);

/* The type at index, in the order of the text. Returns NULL beyond the end. Any thread.
 * Since 0.2. */
SHMRING_API const shmring_type *shmring_description_type(const shmring_description *d,
                                                         uint32_t index);

/* The type of a record with this type number. Returns NULL when it has none. Any thread.
 * Since 0.2. */
SHMRING_API const shmring_type *shmring_type_numbered(const shmring_description *d,
                                                      uint32_t number);

/* The type of this name. Returns NULL when there is none. Any thread. Since 0.2. */
SHMRING_API const shmring_type *shmring_type_named(const shmring_description *d, const char *name);

/* The field, or constant, at index. Returns NULL beyond the end. Any thread. Since 0.2. */
SHMRING_API const shmring_field *shmring_type_field(const shmring_type *type, uint32_t index);
SHMRING_API const shmring_constant *shmring_type_constant(const shmring_type *type, uint32_t index);

/* The field of this name, of the type itself. Returns NULL when there is none. Any thread.
 * Since 0.2. */
SHMRING_API const shmring_field *shmring_field_named(const shmring_type *type, const char *name);

/* Where a path leads, such as "temperature", "accel[2]", "pose.position.x" or "points[3].x". */
typedef struct shmring_place {
    const shmring_field *field; /* the last one of the path */
    uint32_t offset;            /* bytes from the start of the record */
    uint32_t count;             /* elements from there: field->count, or 1 behind an index */
} shmring_place;

/* Follows a path from a type.
 * Returns SHMRING_OK; SHMRING_E_NOT_FOUND, with what is wrong in the detail. ret is untouched then.
 * Any thread. Since 0.2. */
SHMRING_API shmring_status shmring_type_find(const shmring_type *type, const char *path,
                                             shmring_place *ret);

/* ---- a record's values ---- */

/* Whether a payload is long enough for the type, and its string lies in it. Every offset of the
 * type is inside a payload that passes.
 * type: NULL is no type at all: SHMRING_E_NOT_FOUND. payload: of any alignment; it must not change
 * meanwhile and afterwards, so copy first what another process can write.
 * Returns SHMRING_OK, SHMRING_E_NOT_FOUND, SHMRING_E_MISMATCH (the detail says why). Any thread.
 * Since 0.2. */
SHMRING_API shmring_status shmring_type_check(const shmring_type *type, const void *payload,
                                              uint32_t len);

/* The text of a payload's last field, of a type that has_string, of a payload that passed
 * shmring_type_check().
 * ret_len: bytes, without the final 0. Returns its first byte, inside the payload. Any thread.
 * Since 0.2. */
SHMRING_API const char *shmring_string_of(const shmring_type *type, const void *payload,
                                          uint32_t *ret_len);

/* One element as a number; 0 of strings and nested types.
 * at: the element, of any alignment.
 * Returns its value; 64-bit integers beyond 2^53 are rounded. Any thread. Since 0.2. */
SHMRING_API double shmring_number_of(const shmring_field *field, const void *at);

/* One element of an integer field, bool, byte and char included, exactly: the bits of a uint64,
 * and for others their value; 0 of the other kinds. Returns it. Any thread. Since 0.2. */
SHMRING_API int64_t shmring_integer_of(const shmring_field *field, const void *at);

#define SHMRING_PATH_SIZE 640u

/* One field of a record that is no nested type: a value, an array of them, or a string. */
typedef struct shmring_value {
    const shmring_field *field;
    const char *path;  /* "pose.position.x", "points[3].x"; valid until the next call */
    const void *data;  /* the first element, of any alignment; of a string, its text */
    uint32_t count;    /* elements; of a string, its bytes without the final 0 */
    uint32_t offset;   /* bytes from the start of the record */
    uint32_t path_len; /* bytes of the path */
    uint32_t depth;    /* 1 for a field of the record itself */
} shmring_value;

/* A walk over a record's values: yours to hold, ours inside. */
typedef struct shmring_members {
    const unsigned char *payload;
    uint32_t level;
    struct {
        const shmring_type *type;
        uint32_t base, field, element, path_len;
    } at[SHMRING_DESCRIPTION_DEPTH_MAX];
    char path[SHMRING_PATH_SIZE];
} shmring_members;

/* Begins a walk over all values of a record, nested ones included, in the order of their bytes.
 * Returns as shmring_type_check(), whose words about type and payload hold here. Any thread.
 * Since 0.2. */
SHMRING_API shmring_status shmring_members_begin(shmring_members *it, const shmring_type *type,
                                                 const void *payload, uint32_t len);

/* The next value.
 * Returns 1, or 0 at the end with *ret untouched. Any thread. Since 0.2. */
SHMRING_API int shmring_members_next(shmring_members *it, shmring_value *ret);

SHMRING_END_DECLS

#endif

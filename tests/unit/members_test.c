/* SPDX-License-Identifier: MIT */
/* members_test.c - where a described record has its values. Without a ring. */
#include <shmring/shmring.h>

#include <stddef.h>

#include "../support/check.h"

#define DETAIL_HAS(text)                                                                           \
    do {                                                                                           \
        if (strstr(shmring_error_detail(), (text)) == NULL) {                                      \
            CHECK_FAIL_("the detail does not say \"%s\": %s", (text), shmring_error_detail());     \
        }                                                                                          \
    } while (0)

static shmring_description *parse(const char *text)
{
    shmring_description *d = NULL;

    CHECK_STATUS(shmring_description_parse(&d, text, strlen(text), NULL), SHMRING_OK);
    return d;
}

/* A struct with one of everything, as this compiler lays it out. */
struct vec3 {
    double x, y, z;
};
struct pose {
    struct vec3 position;
    float angle;
    uint32_t flags;
};
struct all {
    uint8_t b1;
    int16_t i16;
    int32_t i32;
    struct pose poses[2];
    int8_t i8[3];
    uint8_t u8;
    uint16_t u16;
    char name[10];
    uint32_t u32;
    float f32;
    double f64;
    uint64_t u64;
    int64_t i64;
    uint8_t byte;
    _Bool flag;
};
static const char all_text[] = "type Vec3\nfloat64 x\nfloat64 y\nfloat64 z\n"
                               "type Pose\nVec3 position # [m]\nfloat32 angle\nuint32 flags\n"
                               "type 7 All\nuint8 b1\nint16 i16\nint32 i32\nPose[2] poses\n"
                               "int8[3] i8\nuint8 u8\nuint16 u16\nchar[10] name\nuint32 u32\n"
                               "float32 f32\nfloat64 f64\nuint64 u64\nint64 i64\nbyte byte\n"
                               "bool flag\n";

static void shouldLayFieldsOutAsTheCompilerDoes(void)
{
    shmring_description *d = parse(all_text);
    const shmring_type *t = shmring_type_numbered(d, 7);
    shmring_place place = {NULL, 0, 0};

#define PLACE(path, at, n)                                                                         \
    do {                                                                                           \
        CHECK_STATUS(shmring_type_find(t, path, &place), SHMRING_OK);                              \
        CHECK_EQ(place.offset, at);                                                                \
        CHECK_EQ(place.count, n);                                                                  \
    } while (0)
    if (_Alignof(struct vec3) != 8) {
        shmring_description_free(d);
        SKIP("this compiler aligns doubles in structs to less than 8");
    }
    CHECK_EQ(t->struct_size, sizeof(struct all));
    CHECK_EQ(t->depth, 3);
    PLACE("i16", offsetof(struct all, i16), 1);
    PLACE("poses", offsetof(struct all, poses), 2);
    PLACE("poses[1].position.y", offsetof(struct all, poses[1].position.y), 1);
    PLACE("poses[1].flags", offsetof(struct all, poses[1].flags), 1);
    PLACE("i8", offsetof(struct all, i8), 3);
    PLACE("i8[2]", offsetof(struct all, i8[2]), 1);
    PLACE("name", offsetof(struct all, name), 10);
    PLACE("u32", offsetof(struct all, u32), 1);
    PLACE("f64", offsetof(struct all, f64), 1);
    PLACE("i64", offsetof(struct all, i64), 1);
    PLACE("flag", offsetof(struct all, flag), 1);
    CHECK_EQ(place.field->kind, SHMRING_KIND_BOOL);
    shmring_description_free(d);
}

static void shouldSayWhyAPathLeadsNowhere(void)
{
    shmring_description *d = parse(all_text);
    const shmring_type *t = shmring_type_numbered(d, 7);
    static const char *const none[] = {"",
                                       "x",
                                       "poses.position",
                                       "poses[2].flags",
                                       "i8[3]",
                                       "i8[]",
                                       "i8[-1]",
                                       "i8[0",
                                       "i8[0]x",
                                       "u8[0]",
                                       "u8.x",
                                       "poses[1]flags",
                                       "name[99999999999999999999]",
                                       "i16.",
                                       "poses[0].",
                                       "i8[ 0]"};
    shmring_place place = {NULL, 77, 0};
    size_t i;

    for (i = 0; i < sizeof none / sizeof none[0]; i++) {
        CHECK_STATUS(shmring_type_find(t, none[i], &place), SHMRING_E_NOT_FOUND);
        DETAIL_HAS("type All");
        CHECK_EQ(place.offset, 77);
    }
    shmring_description_free(d);
}

static void shouldWalkAllValues(void)
{
    shmring_description *d = parse(all_text);
    const shmring_type *t = shmring_type_numbered(d, 7);
    shmring_members it;
    shmring_value v;
    struct all all;
    unsigned n = 0;

    if (_Alignof(struct vec3) != 8) {
        shmring_description_free(d);
        SKIP("this compiler aligns doubles in structs to less than 8");
    }
    memset(&all, 0, sizeof all);
    all.i16 = -3;
    all.poses[1].position.z = 2.5;
    all.poses[0].angle = 0.5f;
    all.u64 = UINT64_MAX;
    all.i64 = INT64_MIN;
    all.flag = 1;
    CHECK_STATUS(shmring_members_begin(&it, t, &all, sizeof all), SHMRING_OK);
    while (shmring_members_next(&it, &v)) {
        const double x = shmring_number_of(v.field, v.data);
        const int64_t i = shmring_integer_of(v.field, v.data);

        n++;
        CHECK_EQ(strlen(v.path), v.path_len);
        CHECK((const char *)v.data == (const char *)&all + v.offset);
        CHECK(strcmp(v.path, "i16") != 0 || (x == -3 && i == -3));
        CHECK(strcmp(v.path, "poses[1].position.z") != 0 || (x == 2.5 && v.depth == 3));
        CHECK(strcmp(v.path, "poses[0].angle") != 0 || x == 0.5);
        CHECK(strcmp(v.path, "u64") != 0 || (x > 1.8e19 && i == -1));
        CHECK(strcmp(v.path, "i64") != 0 || (x < -9.2e18 && i == INT64_MIN));
        CHECK(strcmp(v.path, "name") != 0 || v.count == 10);
        CHECK(strcmp(v.path, "flag") != 0 || i == 1);
    }
    CHECK_EQ(n, 3 + 2 * 5 + 11);
    CHECK_STATUS(shmring_members_begin(&it, t, &all, t->size - 1), SHMRING_E_MISMATCH);
    DETAIL_HAS("type All");
    CHECK_STATUS(shmring_members_begin(&it, NULL, &all, 1), SHMRING_E_NOT_FOUND);
    shmring_description_free(d);
}

/* A record of type Log, with what it says of its text's size. */
static uint32_t log_record(unsigned char *at, uint32_t said, const char *text, uint32_t len)
{
    memset(at, 0, 8);
    at[0] = 3;
    memcpy(at + 4, &said, 4);
    memcpy(at + 8, text, len);
    return 8 + len;
}

static void shouldFindAStringInItsRecord(void)
{
    shmring_description *d = parse("type 2 Log\nuint8 level\nstring<=5 text\n");
    const shmring_type *t = shmring_type_numbered(d, 2);
    unsigned char b[64];
    shmring_members it;
    shmring_value v;

    CHECK_STATUS(shmring_members_begin(&it, t, b, log_record(b, 6, "hello", 6)), SHMRING_OK);
    CHECK(shmring_members_next(&it, &v) && shmring_members_next(&it, &v));
    CHECK_EQ(v.count, 5);
    CHECK_EQ(v.offset, 8);
    CHECK(memcmp(v.data, "hello", 5) == 0);
    CHECK_EQ(shmring_members_next(&it, &v), 0);
    /* empty, and without its 0 */
    CHECK_STATUS(shmring_members_begin(&it, t, b, log_record(b, 0, "", 0)), SHMRING_OK);
    (void)shmring_members_next(&it, &v);
    CHECK_EQ(shmring_members_next(&it, &v), 1);
    CHECK_EQ(v.count, 0);
    CHECK_STATUS(shmring_members_begin(&it, t, b, log_record(b, 5, "hello", 5)), SHMRING_OK);
    (void)shmring_members_next(&it, &v);
    CHECK_EQ(shmring_members_next(&it, &v), 1);
    CHECK_EQ(v.count, 5);
    /* longer than the record, and than the bound */
    CHECK_STATUS(shmring_members_begin(&it, t, b, log_record(b, 7, "hello", 6)),
                 SHMRING_E_MISMATCH);
    DETAIL_HAS("has 6 for it");
    CHECK_STATUS(shmring_members_begin(&it, t, b, log_record(b, UINT32_MAX, "hello", 6)),
                 SHMRING_E_MISMATCH);
    CHECK_STATUS(shmring_members_begin(&it, t, b, log_record(b, 7, "hello!", 7)),
                 SHMRING_E_MISMATCH);
    CHECK_STATUS(shmring_members_begin(&it, t, b, 7), SHMRING_E_MISMATCH);
    shmring_description_free(d);
}

int main(void)
{
    RUN(shouldLayFieldsOutAsTheCompilerDoes);
    RUN(shouldSayWhyAPathLeadsNowhere);
    RUN(shouldWalkAllValues);
    RUN(shouldFindAStringInItsRecord);
    return check_done();
}

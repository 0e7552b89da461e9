/* SPDX-License-Identifier: MIT */
/* typed_test.c - structs whose description is made from a list of their members: <shmring/typed.h>.
 */
#include "../support/rig.h"

#define AXES 3

struct vec3 {
    double x, y, z;
};
#define VEC3(MEMBER)                                                                               \
    MEMBER(float64, x, , "[m]") MEMBER(float64, y, , "[m]") MEMBER(float64, z, , "[m]")
SHMRING_DESCRIBES(Vec3, struct vec3, VEC3)

struct imu {
    uint64_t stamp_ns;
    double accel[AXES];
    float temperature;
    _Bool ok;
    char name[3];
    struct vec3 corners[2];
    long long big;
};
#define IMU(MEMBER)                                                                                \
    MEMBER(uint64, stamp_ns, , "[ns] since boot")                                                  \
    MEMBER(float64, accel, [AXES], "[m/s^2]")                                                      \
    MEMBER(float32, temperature, , "[degC]")                                                       \
    MEMBER(bool, ok, , "")                                                                         \
    MEMBER(char, name, [3], "")                                                                    \
    MEMBER(Vec3, corners, [2], "")                                                                 \
    MEMBER(int64, big, , "")
SHMRING_DESCRIBES(Imu, struct imu, IMU)

struct entry {
    uint8_t level;
    uint32_t text;
    char bytes[];
};
#define ENTRY(MEMBER) MEMBER(uint8, level, , "") MEMBER(string, text, , "")
SHMRING_DESCRIBES(Log, struct entry, ENTRY)

static const char text[] =
    SHMRING_PART_TEXT(Vec3, VEC3) SHMRING_TYPE_TEXT(1, Imu, IMU) SHMRING_TYPE_TEXT(2, Log, ENTRY);

static void shouldMakeTheTextOfItsLists(void)
{
    shmring_description *d = NULL;

    CHECK_STATUS(shmring_description_parse(&d, text, strlen(text), NULL), SHMRING_OK);
    CHECK(strcmp(shmring_description_canonical(d),
                 "type Vec3\nfloat64 x # [m]\nfloat64 y # [m]\nfloat64 z # [m]\n"
                 "type 1 Imu\nuint64 stamp_ns # [ns]\nfloat64[3] accel # [m/s^2]\n"
                 "float32 temperature # [degC]\nbool ok\nchar[3] name\nVec3[2] corners\n"
                 "int64 big\ntype 2 Log\nuint8 level\nstring text\n") == 0);
    CHECK_EQ(shmring_type_numbered(d, 1)->struct_size, sizeof(struct imu));
    CHECK_EQ(shmring_type_numbered(d, 2)->size, offsetof(struct entry, bytes));
    shmring_description_free(d);
}

/* Sends a struct, and reads it by the names of its members. */
static void shouldPassAStructToWhoKnowsOnlyItsText(void)
{
    shmring_options o = options_of(KIB64);
    struct imu imu = {5, {1, 2, 3}, 21.5f, 1, "imu", {{0, 0, 0}, {0, 7, 0}}, -9};
    shmring_description *d = NULL;
    unsigned char b[sizeof imu];
    struct pair pair;
    shmring_record r;
    shmring_members it;
    shmring_value v;
    double sum = 0;

    o.description = text;
    pair = open_pair(&o);
    CHECK_STATUS(shmring_try_send(pair.p, &imu, sizeof imu, 1), SHMRING_OK);
    CHECK_STATUS(shmring_try_recv(pair.c, b, sizeof b, &r), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_description(pair.c, &d), SHMRING_OK);
    CHECK_STATUS(shmring_members_begin(&it, shmring_type_numbered(d, r.type), b, r.len),
                 SHMRING_OK);
    while (shmring_members_next(&it, &v)) {
        uint32_t i;

        for (i = 0; i < v.count && v.field->kind != SHMRING_KIND_CHAR; i++) {
            sum += shmring_number_of(v.field, (const char *)v.data + i * v.field->size);
        }
    }
    CHECK(sum == 5 + 6 + 21.5 + 1 + 7 - 9);
    shmring_description_free(d);
    close_pair(&pair);
}

static void shouldPassAText(void)
{
    shmring_options o = options_of(KIB64);
    shmring_description *d = NULL;
    const shmring_type *t;
    shmring_record r;
    struct entry *e;
    struct pair pair;
    void *at = NULL;
    uint32_t len = 0;

    o.description = text;
    pair = open_pair(&o);
    CHECK_STATUS(shmring_reserve(pair.p, offsetof(struct entry, bytes) + 6, &at), SHMRING_OK);
    e = at;
    e->level = 3;
    e->text = 6;
    memcpy(e->bytes, "hello", 6);
    shmring_commit(pair.p, offsetof(struct entry, bytes) + 6, 2);
    CHECK_STATUS(shmring_peek(pair.c, &r), SHMRING_OK);
    CHECK_STATUS(shmring_consumer_description(pair.c, &d), SHMRING_OK);
    t = shmring_type_numbered(d, r.type);
    CHECK_STATUS(shmring_type_check(t, r.data, r.len), SHMRING_OK);
    CHECK(strcmp(shmring_string_of(t, r.data, &len), "hello") == 0);
    CHECK_EQ(len, 5);
    shmring_description_free(d);
    close_pair(&pair);
}

int main(void)
{
    RUN(shouldMakeTheTextOfItsLists);
    RUN(shouldPassAStructToWhoKnowsOnlyItsText);
    RUN(shouldPassAText);
    return check_done();
}

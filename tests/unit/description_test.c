/* SPDX-License-Identifier: MIT */
/* description_test.c - the language of descriptions: what it takes, and what it refuses and where.
 * Without a ring. */
#include <shmring/shmring.h>

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

/* The text is refused, at that place, with a sentence that has these words. */
static void refuse(const char *text, unsigned line, unsigned column, const char *words)
{
    shmring_description *d = NULL;
    char where[64];

    CHECK_STATUS(shmring_description_parse(&d, text, strlen(text), "imu.msg"), SHMRING_E_INVALID);
    CHECK(d == NULL);
    (void)snprintf(where, sizeof where, "imu.msg, line %u, column %u: ", line, column);
    DETAIL_HAS(where);
    DETAIL_HAS(words);
}

static const char example[] = "type 1 Imu                     # number, name\n"
                              "uint64 stamp_ns                # comments may carry a unit: [ns]\n"
                              "float64[3] accel               # [m/s^2]\n"
                              "float32 temperature            # [degC]\n"
                              "type 2 Log\n"
                              "uint8 level\n"
                              "string text                    # only as the last field of a type\n";

static void shouldReadTheExample(void)
{
    shmring_description *d = parse(example);
    const shmring_type *imu = shmring_type_numbered(d, 1), *log = shmring_type_named(d, "Log");
    const shmring_field *f;

    CHECK_EQ(shmring_description_types(d), 2);
    CHECK(imu == shmring_description_type(d, 0) && log == shmring_description_type(d, 1));
    CHECK(shmring_description_type(d, 2) == NULL && shmring_type_numbered(d, 3) == NULL);
    CHECK(strcmp(imu->name, "Imu") == 0);
    CHECK_EQ(imu->field_count, 3);
    CHECK_EQ(imu->size, 36);
    CHECK_EQ(imu->struct_size, 40);
    CHECK_EQ(imu->align, 8);
    f = shmring_field_named(imu, "accel");
    CHECK(f != NULL && f == shmring_type_field(imu, 1));
    CHECK(strcmp(f->unit, "m/s^2") == 0 && strcmp(f->type_name, "float64") == 0);
    CHECK_EQ(f->kind, SHMRING_KIND_FLOAT64);
    CHECK_EQ(f->offset, 8);
    CHECK_EQ(f->count, 3);
    CHECK_EQ(f->is_array, 1);
    CHECK_EQ(f->size, 8);
    CHECK_EQ(f->line, 3);
    CHECK(strcmp(shmring_type_field(imu, 0)->unit, "ns") == 0);
    CHECK(shmring_type_field(imu, 3) == NULL && shmring_field_named(imu, "acce") == NULL);
    CHECK_EQ(log->has_string, 1);
    CHECK_EQ(log->size, 8); /* up to the bytes of its string */
    CHECK(strcmp(shmring_description_text(d), example) == 0);
    CHECK(strcmp(shmring_description_canonical(d), "type 1 Imu\n"
                                                   "uint64 stamp_ns # [ns]\n"
                                                   "float64[3] accel # [m/s^2]\n"
                                                   "float32 temperature # [degC]\n"
                                                   "type 2 Log\n"
                                                   "uint8 level\n"
                                                   "string text\n") == 0);
    shmring_description_free(d);
    shmring_description_free(NULL);
}

static void shouldRefuseWithLineAndColumn(void)
{
    refuse("", 1, 1, "no type");
    refuse("# only this\n\n", 1, 1, "no type");
    refuse("uint8 a\n", 1, 1, "head of a type");
    refuse("type\n", 1, 5, "name of the type");
    refuse("type 1\n", 1, 7, "name of the type");
    refuse("type 65536 A\n", 1, 6, "type number");
    refuse("type 01 A\n", 1, 6, "type number");
    refuse("type 1 9A\n", 1, 8, "begins with a letter");
    refuse("type 1 A-B\n", 1, 9, "no '-'");
    refuse("type 1 A B\n", 1, 10, "nothing comes behind");
    refuse("type 1 uint8\n", 1, 8, "a meaning already");
    refuse("type 1 A\ntype 2 A\n", 2, 8, "in line 1");
    refuse("type 1 A\nuint8 x\ntype 1 B\n", 3, 6, "is A's already");
    refuse("type 1 A\n  float46 x\n", 2, 3, "'float46' is no type");
    refuse("type 1 A\nwstring x\n", 2, 1, "'wstring' is no type");
    refuse("type 1 A\nB x\ntype 2 B\nuint8 y\n", 2, 1, "stands above");
    refuse("type 1 A\nA x\n", 2, 1, "part of itself");
    refuse("type 1 A\nstd_msgs/Header h\n", 2, 1, "another package");
    refuse("type 1 A\nuint8[] x\n", 2, 6, "sequence");
    refuse("type 1 A\nuint8[<=4] x\n", 2, 6, "sequence");
    refuse("type 1 A\nuint8[0] x\n", 2, 7, "no count");
    refuse("type 1 A\nuint8[x] x\n", 2, 7, "no count");
    refuse("type 1 A\nuint8[3 x\n", 2, 6, "makes no sense");
    refuse("type 1 A\nuint8[3][3] x\n", 2, 7, "no count");
    refuse("type 1 A\nstring[3] x\n", 2, 7, "arrays of strings");
    refuse("type 1 A\nstring<=0 x\n", 2, 7, "string<=64");
    refuse("type 1 A\nuint8<=3 x\n", 2, 6, "makes no sense");
    refuse("type 1 A\nuint8\n", 2, 6, "name of the field");
    refuse("type 1 A\nuint8 x 3\n", 2, 9, "default values");
    refuse("type 1 A\nuint8 x\nbool x\n", 3, 6, "a field x already, in line 2");
    refuse("type 1 A\nuint8 X=1\nbool X\n", 3, 6, "a constant X already, in line 2");
    refuse("type 1 A\nstring s\nuint8 x\n", 3, 1, "must be the last");
    refuse("type A\nstring s\ntype 1 B\nA a\n", 4, 1, "ends in a string");
    refuse("type A\ntype 1 B\nA a\n", 3, 1, "has no fields");
    refuse("type 1 A\nuint8 X=256\n", 2, 9, "no value of type uint8");
    refuse("type 1 A\nint8 X=-129\n", 2, 8, "no value of type int8");
    refuse("type 1 A\nuint8 X=-1\n", 2, 9, "no value");
    refuse("type 1 A\nuint8 X=\n", 2, 9, "no value");
    refuse("type 1 A\nuint8 X=1 2\n", 2, 9, "no value");
    refuse("type 1 A\nfloat32 X=1e\n", 2, 11, "no value");
    refuse("type 1 A\nstring X=a\n", 2, 1, "one number or bool");
    refuse("type 1 A\nuint8 x # \x01\n", 2, 11, "byte 0x01");
    refuse("type 1 A\nuint8 x # \xC3\xA4\xC3\n", 2, 12, "byte 0xc3");
    refuse("type 1 A\nuint8 x\x80\n", 2, 8, "byte 0x80");
    refuse("type 1 A\nuint8 a123456789012345678901234567890123456789012345678901234567890123\n", 2,
           7, "at most 63");
    refuse("type 1 A\nuint8[4294967200] x\nuint8[4294967200] y\n", 3, 1, "a record has at most");
    refuse("type A\nfloat64[4294967200] y\n", 2, 1, "a record has at most");
}

/* Where C and CDR part. */
static void shouldRefuseWhatCdrReadsElsewhere(void)
{
    /* the padding behind a nested type */
    refuse("type N\nfloat64 a\nuint8 b\ntype 1 T\nN n\nuint8 c\n", 6, 7, "CDR");
    /* the padding in front of one */
    refuse("type N\nuint8 a\nfloat64 b\ntype 1 T\nuint8 c\nN n\n", 6, 3, "CDR");
    /* and between the elements of an array */
    refuse("type N\nuint32 a\nfloat64 b\nuint8 c\ntype 1 T\nN[2] n\n", 6, 1, "apart");
    shmring_description_free(parse("type N\nfloat64 a\nuint8 b\ntype 1 T\nN n\nfloat64 c\n"));
    shmring_description_free(parse("type N\nfloat64 a\nuint8 b\ntype 1 T\nN[2] n\nfloat64 c\n"));
    shmring_description_free(parse("type N\nuint8 a\nfloat64 b\ntype 1 T\nfloat64 c\nN n\n"));
    shmring_description_free(parse("type N\nfloat64 a\nuint8 b\ntype 1 T\nN[2] n\n"));
}

static void shouldBoundDepth(void)
{
    char text[400] = "type T1\nuint8 x\n";
    shmring_description *d;
    shmring_members it;
    shmring_value v;
    unsigned char byte = 42;
    unsigned i;

    for (i = 2; i <= 8; i++) {
        (void)snprintf(text + strlen(text), 64, "type %u T%u\nT%u[1] x\n", i, i, i - 1);
    }
    d = parse(text);
    CHECK_EQ(shmring_type_numbered(d, 8)->depth, 8);
    CHECK_STATUS(shmring_members_begin(&it, shmring_type_numbered(d, 8), &byte, 1), SHMRING_OK);
    CHECK_EQ(shmring_members_next(&it, &v), 1);
    CHECK(strcmp(v.path, "x[0].x[0].x[0].x[0].x[0].x[0].x[0].x") == 0);
    CHECK_EQ(shmring_integer_of(v.field, v.data), 42);
    CHECK_EQ(shmring_members_next(&it, &v), 0);
    shmring_description_free(d);
    (void)snprintf(text + strlen(text), 64, "type 9 T9\nT8 x\n");
    refuse(text, 18, 1, "at most 8 deep");
}

static void shouldTakeWhatIsLong(void)
{
    static char text[SHMRING_DESCRIPTION_MAX + 2];
    shmring_description *d = NULL;
    size_t n = 0;
    unsigned i;

    n += (size_t)sprintf(text, "type 1 T\n");
    for (i = 0; n + 16 < SHMRING_DESCRIPTION_MAX; i++) {
        n += (size_t)sprintf(text + n, "bool f%u\n", i);
    }
    memset(text + n, '#', SHMRING_DESCRIPTION_MAX - n);
    CHECK_STATUS(shmring_description_parse(&d, text, SHMRING_DESCRIPTION_MAX, NULL), SHMRING_OK);
    CHECK_EQ(shmring_description_type(d, 0)->field_count, i);
    shmring_description_free(d);
    text[SHMRING_DESCRIPTION_MAX] = '\n';
    CHECK_STATUS(shmring_description_parse(&d, text, SHMRING_DESCRIPTION_MAX + 1, NULL),
                 SHMRING_E_INVALID);
    DETAIL_HAS("15360");
    CHECK_STATUS(shmring_description_parse(&d, NULL, 0, NULL), SHMRING_E_INVALID);
    CHECK_STATUS(shmring_description_parse(NULL, text, 1, NULL), SHMRING_E_INVALID);
}

/* Comments and blanks say nothing; units do. */
static void shouldHashWhatItSays(void)
{
    shmring_description *a = parse("type 1 A\nuint8 x # [m]\nuint8 N = 3\n");
    shmring_description *b = parse("# a\r\n\r\n  type\t1 A # b\r\nuint8   x# a length [m] of\r\n"
                                   "uint8 N=3");
    shmring_description *c = parse("type 1 A\nuint8 x # [cm]\nuint8 N=3\n");
    shmring_description *e = parse("type 1 A\nuint8 x # [m]\n");

    CHECK(strcmp(shmring_description_canonical(a), "type 1 A\nuint8 x # [m]\nuint8 N=3\n") == 0);
    CHECK_STATUS(shmring_description_compare(a, b, "the ring's", "yours"), SHMRING_OK);
    CHECK(shmring_description_hash(a) == shmring_description_hash(b));
    CHECK(shmring_description_hash(a) == UINT64_C(0x9229C139F83E3731));
    CHECK_STATUS(shmring_description_compare(b, c, "the ring's", "yours"), SHMRING_E_MISMATCH);
    DETAIL_HAS("the ring's has in line 4 'uint8 x # [m]'");
    DETAIL_HAS("yours in line 2 'uint8 x # [cm]'");
    CHECK_STATUS(shmring_description_compare(a, e, "the ring's", "yours"), SHMRING_E_MISMATCH);
    DETAIL_HAS("the ring's goes on in line 3 with 'uint8 N=3', where yours has ended");
    CHECK_STATUS(shmring_description_compare(e, a, "the ring's", "yours"), SHMRING_E_MISMATCH);
    DETAIL_HAS("yours goes on in line 3");
    shmring_description_free(a);
    shmring_description_free(b);
    shmring_description_free(c);
    shmring_description_free(e);
}

static void shouldTakeOnlyWhatCanBeAUnit(void)
{
    shmring_description *d = parse("type 1 A\nuint8 a # [0, 10)\nuint8 b # [0, 10]\nuint8 c # []\n"
                                   "uint8 d # [%] of [x]\nuint8 e # [ m\nuint8 f #[\xC2\xB5m]\n"
                                   "uint8 g # [12345678901234567890123456789012]\n");
    static const char *const units[] = {"", "", "", "%", "", "\xC2\xB5m", ""};
    uint32_t i;

    for (i = 0; i < 7; i++) {
        CHECK(strcmp(shmring_type_field(shmring_description_type(d, 0), i)->unit, units[i]) == 0);
    }
    shmring_description_free(d);
}

static void shouldKnowConstants(void)
{
    shmring_description *d =
        parse("type 1 A\nint8 LOW=-128\nuint64 TOP = 18446744073709551615\nint64 "
              "MIN=-9223372036854775808\nfloat64 PI=+3.14e-0\nbool YES=true\nuint8 x\n");
    const shmring_type *t = shmring_description_type(d, 0);

    CHECK_EQ(t->constant_count, 5);
    CHECK_EQ(t->field_count, 1);
    CHECK_EQ(t->size, 1);
    CHECK(strcmp(shmring_type_constant(t, 1)->name, "TOP") == 0);
    CHECK(strcmp(shmring_type_constant(t, 1)->value, "18446744073709551615") == 0);
    CHECK_EQ(shmring_type_constant(t, 4)->kind, SHMRING_KIND_BOOL);
    CHECK(shmring_type_constant(t, 5) == NULL);
    shmring_description_free(d);
    refuse("type 1 A\nuint64 T=18446744073709551616\n", 2, 10, "no value");
    refuse("type 1 A\nint64 T=9223372036854775808\n", 2, 9, "no value");
    refuse("type 1 A\nint64 T=-9223372036854775809\n", 2, 9, "no value");
}

int main(void)
{
    RUN(shouldReadTheExample);
    RUN(shouldRefuseWithLineAndColumn);
    RUN(shouldRefuseWhatCdrReadsElsewhere);
    RUN(shouldBoundDepth);
    RUN(shouldTakeWhatIsLong);
    RUN(shouldHashWhatItSays);
    RUN(shouldTakeOnlyWhatCanBeAUnit);
    RUN(shouldKnowConstants);
    return check_done();
}

/* SPDX-License-Identifier: MIT */
/* compress.c - compress.h by zstd and LZ4, each where the build found it. */
#include "recording/compress.h"

#include <stdlib.h>

#ifdef SHMRING_HAVE_ZSTD
#include <zstd.h>
#endif
#ifdef SHMRING_HAVE_LZ4
#include <lz4frame.h>
#endif

#define UNPACK_STEP (256u << 10)

const char *compress_name(enum mcap_compression how)
{
    return how == MCAP_ZSTD ? "zstd" : how == MCAP_LZ4 ? "lz4" : "";
}

#ifdef SHMRING_HAVE_ZSTD
static int pack_zstd(int level, const void *from, size_t n, struct bytes *to)
{
    static ZSTD_CCtx *context; /* of the one thread that writes */
    const size_t most = ZSTD_compressBound(n), used = to->used;
    size_t size = 0;

    context = context != NULL ? context : ZSTD_createCCtx();
    if (context == NULL || bytes_add(to, most) == NULL) {
        return 0;
    }
    size = ZSTD_compressCCtx(context, to->at + used, most, from, n, level != 0 ? level : 1);
    to->used = used + (ZSTD_isError(size) ? 0 : size);
    return !ZSTD_isError(size);
}

static int unpack_zstd(const void *from, size_t n, uint64_t size, struct bytes *to)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ZSTD_inBuffer in = {from, n, 0};
    ZSTD_outBuffer out = {NULL, 0, 0};
    size_t left = 1;

    to->failed = context == NULL;
    while (context != NULL && left != 0 && to->used < size) {
        const size_t step = size - to->used < UNPACK_STEP ? (size_t)(size - to->used) : UNPACK_STEP;
        const size_t before = in.pos;

        out.dst = bytes_add(to, step);
        if (out.dst == NULL) {
            break;
        }
        out.size = step;
        out.pos = 0;
        left = ZSTD_decompressStream(context, &out, &in);
        to->used -= step - out.pos;
        if (ZSTD_isError(left) || (out.pos == 0 && in.pos == before)) {
            break;
        }
    }
    (void)ZSTD_freeDCtx(context);
    return left == 0 && in.pos == n && to->used == size;
}
#endif

#ifdef SHMRING_HAVE_LZ4
static int pack_lz4(int level, const void *from, size_t n, struct bytes *to)
{
    LZ4F_preferences_t how = LZ4F_INIT_PREFERENCES;
    const size_t used = to->used;
    size_t most, size;

    how.compressionLevel = level;
    how.frameInfo.contentSize = n;
    most = LZ4F_compressFrameBound(n, &how);
    if (bytes_add(to, most) == NULL) {
        return 0;
    }
    size = LZ4F_compressFrame(to->at + used, most, from, n, &how);
    to->used = used + (LZ4F_isError(size) ? 0 : size);
    return !LZ4F_isError(size);
}

static int unpack_lz4(const void *from, size_t n, uint64_t size, struct bytes *to)
{
    LZ4F_dctx *context = NULL;
    const unsigned char *at = from;
    size_t left = 1, taken, given;

    to->failed = LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) != 0;
    while (!to->failed && left != 0 && to->used < size) {
        const size_t step = size - to->used < UNPACK_STEP ? (size_t)(size - to->used) : UNPACK_STEP;
        unsigned char *room = bytes_add(to, step);

        if (room == NULL) {
            break;
        }
        taken = n - (size_t)(at - (const unsigned char *)from);
        given = step;
        left = LZ4F_decompress(context, room, &given, at, &taken, NULL);
        if (LZ4F_isError(left)) {
            to->used -= step;
            break;
        }
        to->used -= step - given;
        at += taken;
        if (given == 0 && taken == 0) {
            break;
        }
    }
    if (!to->failed && left != 0 && !LZ4F_isError(left)) { /* the mark of the end may be left */
        given = 0;
        taken = n - (size_t)(at - (const unsigned char *)from);
        left = LZ4F_decompress(context, NULL, &given, at, &taken, NULL);
        at += LZ4F_isError(left) ? 0 : taken;
    }
    (void)LZ4F_freeDecompressionContext(context);
    return left == 0 && at == (const unsigned char *)from + n && to->used == size;
}
#endif

int compress_can(enum mcap_compression how)
{
#ifdef SHMRING_HAVE_ZSTD
    if (how == MCAP_ZSTD) {
        return 1;
    }
#endif
#ifdef SHMRING_HAVE_LZ4
    if (how == MCAP_LZ4) {
        return 1;
    }
#endif
    return how == MCAP_PLAIN;
}

int compress_pack(enum mcap_compression how, int level, const void *from, size_t n,
                  struct bytes *to)
{
    (void)level;
#ifdef SHMRING_HAVE_ZSTD
    if (how == MCAP_ZSTD) {
        return pack_zstd(level, from, n, to);
    }
#endif
#ifdef SHMRING_HAVE_LZ4
    if (how == MCAP_LZ4) {
        return pack_lz4(level, from, n, to);
    }
#endif
    (void)how;
    bytes_put(to, from, n);
    return !to->failed;
}

int compress_unpack(enum mcap_compression how, const void *from, size_t n, uint64_t size,
                    struct bytes *to)
{
    to->used = 0;
    to->failed = 0;
#ifdef SHMRING_HAVE_ZSTD
    if (how == MCAP_ZSTD) {
        return unpack_zstd(from, n, size, to);
    }
#endif
#ifdef SHMRING_HAVE_LZ4
    if (how == MCAP_LZ4) {
        return unpack_lz4(from, n, size, to);
    }
#endif
    (void)how;
    bytes_put(to, from, n);
    return !to->failed && n == size;
}

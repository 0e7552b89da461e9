/* SPDX-License-Identifier: MIT */
#include "shared_malloc.hh"

#include <cstddef>
#include <cstdlib>

extern "C" void *__real_malloc(size_t n);
extern "C" void *__wrap_malloc(size_t n);

namespace
{

unsigned char *next, *last;

} // namespace

void shared_malloc_from(void *begin, void *end)
{
    next = static_cast<unsigned char *>(begin);
    last = static_cast<unsigned char *>(end);
}

void *__wrap_malloc(size_t n)
{
    void *at = next;

    n = (n + 63) / 64 * 64;
    if (next == nullptr) {
        return __real_malloc(n);
    }
    if (size_t(last - next) < n) {
        return nullptr;
    }
    next += n;
    return at;
}

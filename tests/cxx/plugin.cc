// SPDX-License-Identifier: MIT
// plugin.cc - a shared object with hidden symbols, which includes shmring.hpp for itself.
#include <new>

#include <shmring/shmring.hpp>

// Makes a code at `code`, and a condition at `condition`, with this object's own category.
extern "C" __attribute__((visibility("default"))) void plugin_make(int status, void *code,
                                                                   void *condition);

extern "C" void plugin_make(int status, void *code, void *condition)
{
    new (code) std::error_code(static_cast<shmring::errc>(status));
    new (condition) std::error_condition(status, shmring::category());
}

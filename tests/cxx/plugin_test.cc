// SPDX-License-Identifier: MIT
// plugin_test.cc - codes that cross from one shared object to another. Usage: plugin_test PLUGIN
#include <cstdio>
#include <dlfcn.h>
#include <string>

#include <shmring/shmring.hpp>

#include "cxx_check.hh"

namespace
{

const char *plugin_path;

void shouldCompareACodeOfAPlugin()
{
    using make_function = void (*)(int, void *, void *);
    void *const plugin = dlopen(plugin_path, RTLD_NOW | RTLD_LOCAL);

    CHECK(plugin != nullptr);
    const auto make = reinterpret_cast<make_function>(dlsym(plugin, "plugin_make"));
    CHECK(make != nullptr);
    for (int status = SHMRING_E_OS; status <= SHMRING_LAPPED; status++) {
        std::error_code code;
        std::error_condition condition;
        const std::error_code mine = shmring::make_error_code(static_cast<shmring_status>(status));

        make(status, &code, &condition);
        CHECK(code == static_cast<shmring::errc>(status));
        CHECK(code != static_cast<shmring::errc>(status + 1));
        CHECK(mine == condition && code == condition);
        CHECK(code == mine.default_error_condition());
        CHECK(mine == code.default_error_condition());
        CHECK(shmring::status_of(code) == static_cast<shmring::errc>(status));
        CHECK(code.message() == mine.message());
        if (status == SHMRING_OK) { // where the answers are two objects, or one
            std::printf("# %s\n", code == mine ? "one category" : "two categories");
        }
    }
    dlclose(plugin);
}

} // namespace

int main(int argc, char **argv)
{
    plugin_path = argc > 1 ? argv[1] : "";
    RUN(shouldCompareACodeOfAPlugin);
    return check_done();
}

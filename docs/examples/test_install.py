#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Installs into a folder of its own, and builds and runs programs with nothing but what is there.

test_install.py README INCLUDE BUILD MESON PKG_CONFIG VERSION -- COMPILER... [-- CXX_COMPILER...]

INCLUDE: the folder of the public headers in the source; BUILD: the build to install from.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from readme import STRICT, compile_lines, compile_program, on_ring, pass_a_value, programs
from tap import check_equal, run, unique

README, INCLUDE, BUILD, MESON, PKG_CONFIG, VERSION = sys.argv[1:7]
COMPILERS = " ".join(sys.argv[8:]).split(" -- ")
CC = COMPILERS[0].split()
CXX = COMPILERS[1].split() if len(COMPILERS) > 1 else None
MANUAL = os.path.isdir(os.path.join(BUILD, "docs", "reference", "man3"))
COMPLETION = os.path.exists(os.path.join(BUILD, "src", "cli", "shmring.fish"))
SANITIZED = any(word.startswith("-fsanitize") for word in CC)

CXX_PROGRAM = """
#include <shmring/shmring.hpp>
#include <cstdio>

struct sample { static constexpr std::uint16_t record_type = 1; double volts; };

int main(int, char **argv)
{
    shmring::producer p;
    shmring::consumer c;
    sample s{};
    if (p.open(argv[1]) || c.open(argv[1]) || p.try_send(sample{3.3}) || c.recv(s)) {
        return std::fprintf(stderr, "%s\\n", shmring::error_detail()), 1;
    }
    std::printf("%g\\n", s.volts);
}
"""


class Install:
    """A tree that was installed with DESTDIR, as a packager would, and is searched as such."""

    def __init__(self, root):
        self.root = root
        self.pc = self.only("shmring.pc")
        self.lib = os.path.dirname(os.path.dirname(self.pc))
        self.headers = os.path.join(os.path.dirname(self.only("shmring.h")))

    def only(self, name):
        found = [os.path.join(folder, name) for folder, _, files in os.walk(self.root)
                 if name in files]
        check_equal(len(found), 1, "files %s in the install" % name)
        return found[0]

    def for_pkg_config(self):
        return {**os.environ, "PKG_CONFIG_LIBDIR": os.path.dirname(self.pc),
                "PKG_CONFIG_SYSROOT_DIR": self.root, "PKG_CONFIG_PATH": "",
                "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1", "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}

    def flags(self, *wanted):
        return subprocess.run([PKG_CONFIG, *wanted, "shmring"], env=self.for_pkg_config(),
                              text=True, stdout=subprocess.PIPE, check=True).stdout.split()

    def environment(self):
        return {**os.environ, "LD_LIBRARY_PATH": self.lib}

    def without_shared_library(self, root):
        shutil.copytree(self.root, root, symlinks=True)
        other = Install(root)
        for name in os.listdir(other.lib):
            if ".so" in name:
                os.remove(os.path.join(other.lib, name))
        return other


def readme_programs(install, folder, *link, wanted=("--cflags", "--libs")):
    """Builds the README's programs as it says, runs them, and returns one of them."""
    ring = unique("install")
    made = {name: compile_program(CC, folder, name + ".c", on_ring(source, ring),
                                  ["-std=c11", *STRICT], [*install.flags(*wanted), *link])
            for name, source in programs(README).items()}
    pass_a_value(made["sender"], made["reader"], ring, install.environment())
    return made["sender"]


def needed_libraries(program):
    """The shared libraries that a program asks for, or None where nothing can tell."""
    if shutil.which("readelf") is None:
        return None
    text = subprocess.run(["readelf", "-d", program], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    return re.findall(r"NEEDED.*\[(.*)\]", text)


def headers_below(folder):
    return sorted(os.path.relpath(os.path.join(where, name), folder) for where, _, names in os.walk(folder)
                  for name in names)


def shouldInstallEveryPublicHeader():
    for name in headers_below(INCLUDE):
        if name.endswith((".h", ".hpp")):
            with open(os.path.join(INCLUDE, name), "rb") as f:
                wanted = f.read()
            with open(os.path.join(INSTALL.headers, name), "rb") as f:
                assert f.read() == wanted, name + " is another one in the install"
    there = set(headers_below(INSTALL.headers))
    check_equal(there - set(headers_below(INCLUDE)), {"version.h"}, "headers that were generated")


def shouldInstallWhatTheUmbrellaHeadersInclude():
    todo, seen = ["shmring.h", "shmring.hpp"], set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        with open(os.path.join(INSTALL.headers, name), encoding="utf-8") as f:
            todo += re.findall(r'^\s*#\s*include\s*[<"]shmring/([^>"]+)', f.read(), re.M)
    check_equal(seen, set(headers_below(INSTALL.headers)), "headers that an umbrella header reaches")


def shouldRunTheReadmeProgramsWithTheSharedLibrary():
    with tempfile.TemporaryDirectory() as folder:
        needed = needed_libraries(readme_programs(INSTALL, folder))
    soname = "libshmring.so." + ".".join(VERSION.split(".")[:2])
    assert needed is None or soname in needed, needed
    assert os.path.exists(os.path.join(INSTALL.lib, soname)), soname + " is not installed"


def shouldCompileAsTheReadmeSays():
    """Its lines for the compiler, word for word; this build's stands for cc, and for ldconfig the
    search path of the install, which is in no place that the linker knows."""
    lines = compile_lines(README)
    install = [line for line in lines if "meson install" in line]
    assert len(install) == 1 and install[0].endswith("&& sudo ldconfig"), lines
    # By `command`: this build's compiler may be called cc itself.
    script = 'cc() { command %s "$@"; }; pkg-config() { command %s "$@"; }\n' % (" ".join(CC), PKG_CONFIG)
    ring = unique("readme.lines")
    with tempfile.TemporaryDirectory() as folder:
        for name, source in programs(README).items():
            with open(os.path.join(folder, name + ".c"), "w", encoding="utf-8") as f:
                f.write(on_ring(source, ring))
        compiling = "\n".join(line for line in lines if line.startswith("cc "))
        subprocess.run(["bash", "-e", "-c", script + compiling], cwd=folder, check=True,
                       env=INSTALL.for_pkg_config())
        pass_a_value(os.path.join(folder, "sender"), os.path.join(folder, "reader"), ring,
                     INSTALL.environment())


def shouldRunTheReadmeProgramsWithTheStaticLibrary():
    with tempfile.TemporaryDirectory() as folder:
        install = INSTALL.without_shared_library(os.path.join(folder, "static"))
        wanted = ("--static", "--cflags", "--libs")
        needed = needed_libraries(readme_programs(install, folder, wanted=wanted))
        assert needed is None or not any("shmring" in name for name in needed), needed
        if not SANITIZED:  # whose runtime is a shared library
            readme_programs(install, folder, "-static", wanted=wanted)


def shouldBuildCxx17():
    with tempfile.TemporaryDirectory() as folder:
        program = compile_program(CXX, folder, "example.cc", CXX_PROGRAM, ["-std=c++17", *STRICT],
                                  INSTALL.flags("--cflags", "--libs"))
        done = subprocess.run([program, unique("install.cxx")], stdout=subprocess.PIPE, text=True,
                              env=INSTALL.environment(), check=False)
    check_equal((done.returncode, done.stdout), (0, "3.3\n"), "exit status and output")


def shouldInstallCompletion():
    """What the installed program prints, in the places where shells look for it."""
    program = INSTALL.only("shmring")
    share = os.path.join(os.path.dirname(os.path.dirname(program)), "share")
    for shell, place in {"bash": "bash-completion/completions/shmring.bash",
                         "zsh": "zsh/site-functions/_shmring",
                         "fish": "fish/vendor_completions.d/shmring.fish"}.items():
        printed = subprocess.run([program, "completion", shell], stdout=subprocess.PIPE, check=True)
        with open(os.path.join(share, place), "rb") as f:
            check_equal(f.read(), printed.stdout, "completion for " + shell)


def shouldInstallThePagesOfTheLibrary():
    """One in section 3 for each function in the index of shmring.h, which links can be followed to, and shmring(7)."""
    man = os.path.dirname(os.path.dirname(INSTALL.only("shmring.7")))
    with open(os.path.join(INSTALL.headers, "shmring.h"), encoding="utf-8") as f:
        wanted = set(re.findall(r"\b(shmring_\w+)\(\)", f.read()))
    assert len(wanted) >= 90, wanted
    for name in wanted:
        with open(os.path.join(man, "man3", name + ".3"), encoding="utf-8") as f:
            text = f.read()
        link = re.match(r"\.so (\S+)\n$", text)
        if link:
            with open(os.path.join(man, link.group(1)), encoding="utf-8") as f:
                text = f.read()
        assert re.search(r"^\.Nm %s\b" % name, text, re.M), "the page of %s is not about it" % name


def shouldTellOneVersion():
    check_equal(INSTALL.flags("--modversion"), [VERSION], "version that pkg-config tells")
    with open(os.path.join(INSTALL.headers, "version.h"), encoding="utf-8") as f:
        assert '"%s"' % VERSION in f.read(), "version.h has another version"


with tempfile.TemporaryDirectory() as root:
    subprocess.run([MESON, "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", root],
                   check=True)
    INSTALL = Install(root)
    run([shouldInstallEveryPublicHeader, shouldInstallWhatTheUmbrellaHeadersInclude,
         shouldRunTheReadmeProgramsWithTheSharedLibrary,
         shouldCompileAsTheReadmeSays, shouldRunTheReadmeProgramsWithTheStaticLibrary,
         *([shouldBuildCxx17] if CXX else []), shouldTellOneVersion,
         *([shouldInstallThePagesOfTheLibrary] if MANUAL else []),
         *([shouldInstallCompletion] if COMPLETION else [])])

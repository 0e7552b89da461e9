#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Other projects find the library: by CMake in an install, by Meson as a subproject.

test_package.py README SOURCE BUILD MESON VERSION -- COMPILER... [-- CXX_COMPILER...]
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from readme import on_ring, pass_a_value, programs
from tap import Skip, check_equal, run, unique

README, SOURCE, BUILD, MESON, VERSION = sys.argv[1:6]
COMPILERS = " ".join(sys.argv[7:]).split(" -- ")
MINOR = ".".join(VERSION.split(".")[:2])

CXX_PROGRAM = """
#include <shmring/shmring.hpp>
#include <cstdio>

int main(int, char **argv)
{
    shmring::consumer c;
    if (c.open(argv[1])) return std::fprintf(stderr, "%s\\n", shmring::error_detail()), 1;
    std::printf("%s\\n", shmring_version());
}
"""

CMAKE_PROJECT = """
cmake_minimum_required(VERSION 3.16)
project(consumer C CXX)
set(CMAKE_CXX_STANDARD 17)
find_package(shmring %s REQUIRED)
foreach(library IN ITEMS %s)
  add_executable(sender-${library} sender.c)
  add_executable(reader-${library} reader.c)
  add_executable(version-${library} version.cc)
  foreach(program IN ITEMS sender reader version)
    target_link_libraries(${program}-${library} PRIVATE shmring::${library})
  endforeach()
endforeach()
"""

CMAKE_VERSIONS = """
cmake_minimum_required(VERSION 3.19)
project(versions C)
foreach(wanted IN ITEMS %s)
  unset(shmring_DIR CACHE)
  find_package(shmring ${wanted} QUIET)
  message(STATUS "wanted ${wanted}: ${shmring_FOUND}")
endforeach()
"""

MESON_PROJECT = """
project('consumer', 'c', version: '1')
foreach program : ['sender', 'reader']
  executable(program, program + '.c', dependencies: dependency('shmring', version: '>=%s'))
endforeach
"""

WRAP = """[wrap-file]
directory = shmring

[provide]
dependency_names = shmring
"""


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        f.write(text)


def compilers():
    """The compilers of this build, as CMake and Meson take them from the environment."""
    found = {}
    for variable, flags, words in zip(("CC", "CXX"), ("CFLAGS", "CXXFLAGS"), COMPILERS):
        found[variable] = " ".join(w for w in words.split() if not w.startswith("-fsanitize"))
        found[flags] = " ".join(w for w in words.split() if w.startswith("-fsanitize"))
    return found


def call(*words, **variables):
    """What a tool says on standard output; all that it says where it fails."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, env={**os.environ, **compilers(), **variables})
    if done.returncode != 0:
        raise AssertionError("%s ended with %d:\n%s" % (words[0], done.returncode, done.stdout))
    return done.stdout


def project(folder):
    """The README's programs in a folder; returns the name of their ring."""
    ring = unique("package")
    for name, source in programs(README).items():
        write(folder, name + ".c", on_ring(source, ring))
    write(folder, "version.cc", CXX_PROGRAM)
    return ring


class Cmake:
    """A project beside an install in a place of its own, which is not the one it was made for."""

    def __init__(self):
        if shutil.which("cmake") is None:
            raise Skip("cmake is not installed")
        if len(COMPILERS) < 2:
            raise Skip("there is no C++ compiler")

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = os.path.join(self.folder.name, "root")
        call(MESON, "install", "-C", BUILD, "--no-rebuild", "--destdir", self.root)
        # pylint: disable=undefined-loop-variable
        for where, _, files in os.walk(self.root):
            if "shmring-config.cmake" in files:
                break
        self.package = where
        self.libraries = os.path.dirname(os.path.dirname(where))
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def configure(self, text):
        write(self.folder.name, "CMakeLists.txt", text)
        shutil.rmtree(os.path.join(self.folder.name, "build"), ignore_errors=True)
        return call("cmake", "-S", self.folder.name, "-B", os.path.join(self.folder.name, "build"),
                    "-Dshmring_ROOT=" + self.package)

    def check(self, *libraries):
        ring = project(self.folder.name)
        self.configure(CMAKE_PROJECT % (MINOR, " ".join(libraries)))
        build = os.path.join(self.folder.name, "build")
        call("cmake", "--build", build)
        for library in libraries:
            pass_a_value(*(os.path.join(build, "%s-%s" % (program, library))
                           for program in ("sender", "reader")), ring)
            check_equal(call(os.path.join(build, "version-" + library), ring), VERSION + "\n",
                        "version of " + library)
        return build


def uses_shared(program):
    return "libshmring.so." + MINOR in call("readelf", "-d", program)


def shouldLinkWithEachLibraryThroughCMake():
    with Cmake() as cmake:
        build = cmake.check("shmring", "shared", "static")
        if shutil.which("readelf") is not None:
            for library, shared in {"shmring": True, "shared": True, "static": False}.items():
                check_equal(uses_shared(os.path.join(build, "reader-" + library)), shared,
                            "whether %s is the shared library" % library)


def shouldTakeTheStaticLibraryWhereItIsAlone():
    with Cmake() as cmake:
        for name in os.listdir(cmake.libraries):
            if ".so" in name:
                os.remove(os.path.join(cmake.libraries, name))
        cmake.check("shmring", "static")


def shouldTakeTheSharedLibraryWhereItIsAlone():
    with Cmake() as cmake:
        os.remove(os.path.join(cmake.libraries, "libshmring.a"))
        cmake.check("shmring", "shared")


def shouldNotBeFoundWithoutItsLibraries():
    with Cmake() as cmake:
        for name in os.listdir(cmake.libraries):
            if name.startswith("libshmring"):
                os.remove(os.path.join(cmake.libraries, name))
        said = cmake.configure(CMAKE_VERSIONS % MINOR)
        check_equal(re.findall("wanted .*: (.*)", said), ["0"], "a package of headers alone")


def shouldFitTheVersionsThatItIsCompatibleWith():
    major, minor, patch = map(int, VERSION.split("."))
    wanted = {"%d" % major: 1, MINOR: 1, VERSION: 1, "%d.%d.%d" % (major, minor, patch + 1): 0,
              "%d.%d" % (major, minor + 1): 0, "%d.%d" % (major, minor - 1): 0,
              "%d.%d" % (major + 1, minor): 0, "%d.%d...%d.%d" % (major, minor - 1, major, minor + 1): 1,
              "%d.%d...<%d.%d" % (major, minor - 1, major, minor): 0}
    with Cmake() as cmake:
        said = cmake.configure(CMAKE_VERSIONS % " ".join(wanted))
        found = dict(re.findall(r"wanted (\S+): (\w+)", said))
        check_equal({name: int(found[name] in ("1", "TRUE")) for name in wanted}, wanted,
                    "versions that are found")


def shouldBeASubprojectWithoutAnInstall():
    with tempfile.TemporaryDirectory() as folder:
        ring = project(folder)
        write(folder, "meson.build", MESON_PROJECT % VERSION)
        os.mkdir(os.path.join(folder, "subprojects"))
        os.symlink(SOURCE, os.path.join(folder, "subprojects", "shmring"))
        write(folder, "subprojects/shmring.wrap", WRAP)
        build = os.path.join(folder, "build")
        call(MESON, "setup", build, folder, "--force-fallback-for=shmring")
        call(MESON, "compile", "-C", build)
        pass_a_value(os.path.join(build, "sender"), os.path.join(build, "reader"), ring)
        targets = {t["name"] for t in json.loads(call(MESON, "introspect", build, "--targets"))}
        check_equal(targets, {"sender", "reader", "shmring"}, "targets of a project that needs two")
        check_equal(json.loads(call(MESON, "introspect", build, "--tests")), [], "tests of ours")


run([shouldLinkWithEachLibraryThroughCMake, shouldTakeTheStaticLibraryWhereItIsAlone,
     shouldTakeTheSharedLibraryWhereItIsAlone, shouldNotBeFoundWithoutItsLibraries,
     shouldFitTheVersionsThatItIsCompatibleWith, shouldBeASubprojectWithoutAnInstall])

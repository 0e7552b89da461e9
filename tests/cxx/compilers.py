# SPDX-License-Identifier: MIT
"""Builds a C++ test with each compiler, language and way of error handling there is, without a
warning, and runs it. Usage: compilers.py STATIC_LIBRARY [-IFOLDER | SOURCE]..."""
import os
import shutil
import subprocess
import sys
import tempfile

LIBRARY = sys.argv[1]
INCLUDES = [a for a in sys.argv[2:] if a.startswith("-I")]
SOURCES = [a for a in sys.argv[2:] if not a.startswith("-I")]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow",
            "-Wundef", "-Wold-style-cast", "-Wnon-virtual-dtor", "-Woverloaded-virtual",
            "-Wcast-align", "-Werror"]
ONLY = {"g++": ["-Wduplicated-cond", "-Wlogical-op"],
        "clang++": ["-Wextra-semi", "-Wimplicit-fallthrough"]}
WAYS = [["-std=c++17"], ["-std=c++17", "-O2", "-fno-exceptions", "-fno-rtti"], ["-std=c++20"]]


def attempt(compiler, flags, folder):
    program = os.path.join(folder, "program")
    # All in one, for most of the time goes into the headers.
    text = "".join('#include "%s"\n' % source for source in SOURCES)
    built = subprocess.run([compiler, *flags, *WARNINGS, *ONLY[compiler], *INCLUDES, "-x", "c++",
                            "-", "-x", "none", LIBRARY, "-lpthread", "-o", program], input=text,
                           capture_output=True, text=True, timeout=240, check=False)
    if built.returncode != 0:
        return built.stderr
    done = subprocess.run([program], capture_output=True, text=True, timeout=120, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def main():
    number = failures = 0
    for compiler in ("g++", "clang++"):
        for flags in WAYS:
            number += 1
            what = "%d - shouldWorkWith %s %s" % (number, compiler, " ".join(flags))
            if shutil.which(compiler) is None:
                print("ok %s # SKIP %s is not installed" % (what, compiler))
                continue
            with tempfile.TemporaryDirectory() as folder:
                trouble = attempt(compiler, flags, folder)
            for line in trouble.splitlines():
                print("# " + line)
            print(("not ok " if trouble else "ok ") + what)
            failures += trouble != ""
            sys.stdout.flush()
    print("1..%d" % number)
    return 1 if failures else 0


sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads the instructions that compilers make of the in-line calls: the acquires and releases of the
lettered edges (docs/memory-order.md) are there, and x86-64 has neither a barrier nor a locked instruction.
edges.py EDGES_C INCLUDE BUILD_INCLUDE"""
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE, INCLUDE, BUILD_INCLUDE = sys.argv[1:4]
COMPILERS = {"x86-64, gcc": ("gcc", "objdump"), "x86-64, clang": ("clang", "objdump"),
             "aarch64": ("aarch64-linux-gnu-gcc", "aarch64-linux-gnu-objdump"),
             "armhf": ("arm-linux-gnueabihf-gcc", "arm-linux-gnueabihf-objdump")}

# Function: (edge, what it needs, how many).
EDGES = {
    "edges_try_send": ("B", "release", 1),
    "edges_commit": ("B", "release", 1),
    "edges_publish": ("B", "release", 1),
    "edges_write_advance": ("B", "release", 1),
    "edges_try_recv": ("C", "acquire", 1),
    "edges_peek": ("C", "acquire", 1),
    "edges_read_span": ("C", "acquire", 1),
    "edges_release": ("D", "release", 2),  # cursor, and head
    "edges_read_advance": ("D", "release", 2),
    "shmr_reload_head": ("A", "acquire", 2),  # head, then cursor
    "shmr_ended": ("E", "acquire", 2),  # the state, then the word again
    "shmr_evict_publish": ("G", "barrier", 1),
}
# What a processor that orders by itself must not be asked for; "xchg %ax,%ax" does nothing.
COSTLY = re.compile(r"^lock\b|^[lsm]fence|^xchg.*\(")
# Off the hot path: the fences around a load that is timed (src/ring/claim.h).
TIMED = {"shmr_reload_head": "lfence", "shmr_note_high_water": "lfence",
         "shmr_raise_limit": "lfence"}


def functions(compiler, objdump, include):
    """The instructions of each function, its unlikely half included."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "edges.o")
        private = os.path.join(os.path.dirname(os.path.abspath(INCLUDE)), "src")
        subprocess.run([compiler, "-std=c11", "-O2", "-I", include, "-I", INCLUDE, "-I",
                        BUILD_INCLUDE, "-I", private, "-c", SOURCE, "-o", out], check=True, stderr=subprocess.DEVNULL)
        listing = subprocess.run([objdump, "-d", "--no-show-raw-insn", out], check=True,
                                 capture_output=True, text=True).stdout
    for line in listing.splitlines():
        head = re.match(r"[0-9a-f]+ <(\w+)[^>]*>:", line)
        if head:
            here = found.setdefault(head.group(1), [])
        elif re.match(r" +[0-9a-f]+:\t", line):
            here.append(line.split("\t", 1)[1].replace("\t", " ").strip())
    return found


def count(machine, instructions, kind):
    """How often something of that kind is there."""
    if machine == "aarch64":
        words = {"acquire": r"ldap?r\b", "release": r"stlr\b", "barrier": r"dmb\b"}
        return sum(1 for i in instructions if re.match(words[kind], i))
    total = 0
    for at, instruction in enumerate(instructions):  # armhf: a barrier behind a load, before a store
        if not instruction.startswith("dmb"):
            continue
        before = " ".join(i.split()[0] for i in instructions[max(at - 3, 0):at])
        after = " ".join(i.split()[0] for i in instructions[at + 1:at + 5])
        total += {"acquire": "ldrexd" in before and "strexd" not in before,
                  "release": "ldrexd" in after or "strexd" in after, "barrier": True}[kind]
    return total


def faults(machine, found):
    """Sentences about what is not as it should be."""
    said = []
    if machine.startswith("x86"):
        for name, instructions in found.items():
            said += ["%s: %s: %s" % (machine, name, i) for i in instructions
                     if COSTLY.search(i) and i.split()[0] != TIMED.get(name)]
        missing = [name for name in EDGES if name.startswith("edges_") and not found.get(name)]
        return said + ["%s: there is no %s" % (machine, name) for name in missing]
    for name, (edge, kind, want) in EDGES.items():
        if machine == "armhf" and kind == "barrier":
            continue  # its releases have the same instruction
        have = count(machine, found.get(name, []), kind)
        if have < want:
            said.append("%s: edge %s in %s: %d of %d %s" % (machine, edge, name, have, want, kind))
    return said


def planted(folder, name, instead):
    """A folder of headers where one kind of access has another order."""
    shutil.copytree(INCLUDE, folder)
    path = os.path.join(folder, "shmring", "detail", "atomic.h")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    body = text.index("shmring_" + name + "(")
    end = text.index("\n}", body)
    changed = re.sub(r"SHMRING_ORDER_\(\w+\)", "SHMRING_ORDER_(%s)" % instead, text[body:end])
    assert changed != text[body:end], name
    with open(path, "w", encoding="utf-8") as f:
        f.write(text[:body] + changed + text[end:])
    return folder


def main():
    """Each compiler that is here, as it is and with orders taken away or added."""
    number = failed = 0

    def say(well, sentence, skip=""):
        nonlocal number, failed
        number += 1
        failed += not well
        print("%s %d - %s%s" % ("ok" if well else "not ok", number, sentence, skip))

    for machine, (compiler, objdump) in COMPILERS.items():
        name = machine.replace(", ", "_").replace("-", "_")
        name = name[0].upper() + name[1:]
        if not shutil.which(compiler) or not shutil.which(objdump) or (
                machine.startswith("x86") and platform.machine() != "x86_64"):
            say(True, "shouldKeepTheEdgesOn" + name, " # SKIP there is no %s here" % compiler)
            continue
        said = faults(machine, functions(compiler, objdump, INCLUDE))
        print("".join("# %s\n" % s for s in said), end="")
        say(not said, "shouldKeepTheEdgesOn" + name)
        plants = [("store_release", "relaxed"), ("load_acquire", "relaxed"), ("store_barrier", "relaxed")]
        if machine == "armhf":
            plants.pop()
        elif machine != "aarch64":
            plants = [("store_release", "seq_cst")]
        for access, instead in plants:
            with tempfile.TemporaryDirectory() as folder:
                include = planted(os.path.join(folder, "include"), access, instead)
                said = faults(machine, functions(compiler, objdump, include))
            print("# %s: %s" % (access, said[0] if said else "nothing found"))
            say(bool(said), "shouldFind_%s_%s_on%s" % (access, instead, name))
    print("1..%d" % number)
    return failed != 0


sys.exit(main())

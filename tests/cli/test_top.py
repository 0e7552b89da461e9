# SPDX-License-Identifier: MIT
"""top as lines and as JSON, where there is no screen."""
import json
import re
import time

from rig import (WINDOWS, PATIENCE, contains, create, equal, finish, main, not_on_windows, remove, run,
                 run_ok, send_and_leave, start, stat, stop, true, unique)
from traffic import Traffic


def shouldPrintLinesWhereThereIsNoTerminal():
    one, two = unique("a"), unique("b")
    create(one)
    create(two, "--capacity", "64K")
    send_and_leave(two, b"x" * 8000 + b"\n" + b"y" * 8000 + b"\n")
    lines = run_ok("top", one, two, "--interval", "20ms", "--count", "2").decode().split("\n")[:-1]
    equal(len(lines), 5, "a head, and two lines each time")
    contains(lines[0], "RATE", "head")
    cells = lines[4].split()
    equal(cells[1], two, "name")
    equal((cells[2], cells[4], cells[6:13]),
          ("0", "24%", ["0", "0", "-", "-", "-", "-", "alive" if WINDOWS else "persistent"]),
          "rate, fill, rejected, lapped, latencies and state")
    true(re.search(r" \d+ shmring\S* closed -> ", lines[4]), "the sender closed: " + lines[4])
    remove(one)
    remove(two)


def shouldPrintJson():
    name = unique()
    create(name)
    out = run_ok("top", name, "--interval", "10ms", "--count", "2", "--json").decode()
    equal(out.count("\n"), 2, "a line for each look")
    for update in map(json.loads, out.splitlines()):
        (ring,) = update["rings"]
        equal((ring["name"], ring["capacity"], ring["used"]), (name, 1 << 20, 0), "ring")
        true(ring["records_per_second"] == 0 and not ring["producer_paused"], "at rest")
    remove(name)


def shouldMeasureRates():
    name = unique()
    traffic = Traffic(name)
    began = time.monotonic()
    out = run_ok("top", name, "--interval", "200ms", "--count", "3", "--json").decode()
    taken = time.monotonic() - began
    updates = [json.loads(line) for line in out.splitlines()]
    equal(len(updates), 3, "updates")
    true(taken >= 0.6, "three intervals pass, not %g s" % taken)
    for update in updates:
        (ring,) = update["rings"]
        true(ring["bytes_per_second"] >= 8 * ring["records_per_second"] >= 0, "a rate")
    true(any(u["rings"][0]["records_per_second"] > 0 for u in updates), "records passed")
    traffic.end()


def next_count(top):
    """How many latencies the next look of a --json top has."""
    line = top.stdout.readline()
    true(line, "top goes on")
    (ring,) = json.loads(line)["rings"]
    latency = ring["latency"]
    equal(0 < latency["p50_ns"] <= latency["p99_ns"] <= latency["p999_ns"] <= latency["max_ns"],
          latency["count"] > 0, "%r" % latency)
    return latency["count"]


def shouldTellLatenciesBetweenTwoLooks():
    name = unique()
    create(name, "--stamp", "monotonic")
    for number in range(1, 4):
        send_and_leave(name, b"a line\n" * number)
        top = start("top", name, "--interval", "50ms", "--json")
        equal(next_count(top), 0, "nothing was read meanwhile")
        run_ok("recv", name, "--count", str(number))
        seen = 0
        while seen < number:
            seen += next_count(top)
        equal((seen, next_count(top)), (number, 0), "what was read meanwhile, once")
        stop(top)
        equal(finish(top)[0], 0, "top")
    equal(stat(name)["latency"]["count"], 6, "of its whole life")
    remove(name)


def shouldSortLines():
    names = [unique("s") for _ in range(3)]
    for number, name in enumerate(names):
        create(name, "--capacity", "64K")
        if number:
            send_and_leave(name, b"z" * 1000 * number + b"\n")

    def order(*words):
        out = run_ok("top", *names, "--interval", "10ms", "--count", "1", *words).decode()
        return [names.index(line.split()[1]) for line in out.split("\n")[1:-1]]
    equal(order(), [0, 1, 2], "by name")
    equal(order("--invert"), [2, 1, 0], "by name, inverted")
    equal(order("--sort", "fill"), [2, 1, 0], "by fill")
    equal(order("--sort", "fill", "--invert"), [0, 1, 2], "by fill, inverted")
    equal(order("--sort", "rejected"), [0, 1, 2], "equals by name")
    for name in names:
        remove(name)


def shouldEndOnARequestAndWhenNobodyReads():
    name = unique()
    create(name)
    top = start("top", name, "--interval", "10ms")
    true(top.stdout.readline() and top.stdout.readline(), "it prints")
    stop(top)
    equal(finish(top)[::2], (0, ""), "end on request")
    top = start("top", name, "--interval", "10ms")
    top.stdout.readline()
    top.stdout.close()
    equal(top.wait(timeout=PATIENCE), 1, "end without a reader")
    remove(name)


def shouldRefuseWrongWords():
    for words, says in [(("--interval", "1ms"), "at least 10ms"), (("--sort", "size"), "sort"),
                        (("no/ring",), "no/ring")]:
        status, out, err = run("top", *words)
        equal(status, 2, "status of %r" % (words,))
        contains(err, says, "sentence")


main([shouldPrintLinesWhereThereIsNoTerminal, shouldPrintJson, shouldMeasureRates,
      shouldTellLatenciesBetweenTwoLooks, shouldSortLines,
      shouldEndOnARequestAndWhenNobodyReads, shouldRefuseWrongWords])

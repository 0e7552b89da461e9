# SPDX-License-Identifier: MIT
"""create, ls, stat, verify, rm and prune: figures and their JSON."""
import json
import os
import subprocess

from rig import (WINDOWS, contains, create, equal, gone, main, not_on_windows, pid_of, remove, ring_file,
                 run, run_ok, start, stat, true, unique, wait_stat)


def createSetsWhatItIsTold():
    name = unique()
    create(name, "--capacity", "256K", "--max-record", "1K", "--schema", "0xBEEF",
           "--stamp", "monotonic")
    s = stat(name)
    equal([s[k] for k in ["capacity", "max_record", "schema", "stamp", "lifetime"]],
          [262144, 1024, 0xBEEF, "monotonic", "persistent"], "options")
    text = run_ok("stat", name).decode()
    for part in ["262,144 bytes (256K)", "1,024 bytes", "schema 48879"]:
        contains(text, part, "stat")
    remove(name)
    gone(name)


def createSetsModeAndAsksForHugePages():
    not_on_windows("who may open a ring is a security descriptor there, and no mode")
    name = unique()
    create(name, "--mode", "0640", "--huge-pages")
    s = stat(name)
    equal(s["mode"], "0640", "mode")
    true(isinstance(s["huge_bytes"], int), "stat says how much came on huge pages")
    equal(os.stat(ring_file(name)).st_mode & 0o777, 0o640, "mode of the file")
    text = run_ok("stat", name).decode()
    for part in ["huge pages", "mode 0640"]:
        contains(text, part, "stat")
    remove(name)


def createRefusesATakenName():
    name = unique()
    create(name)
    status, _, err = run("create", name)
    equal(status, 1, "second create")
    contains(err, "exists", "sentence")
    status, _, err = run("send", name, "--capacity", "64K", data=b"x\n")
    equal(status, 1, "send with another capacity")
    contains(err, "1048576", "sentence")
    contains(err, "65536", "sentence")
    remove(name)


def statHasTheKeysThatScriptsUse():
    name = unique()
    sender = start("send", name, stdin=subprocess.PIPE)
    sender.stdin.write(b"12345678\n" * 3)
    sender.stdin.flush()
    s = wait_stat(name, lambda s: s["counters"]["sent"] == 3, "three records are in the ring")
    equal((s["name"], s["framing"], s["state"]), (name, "records", "alive"), "what it is")
    equal((s["tail"], s["head"], s["used"]), (48, 0, 48), "positions")
    equal(s["producer"]["pid"], pid_of(sender, name, "producer"), "pid")
    equal((s["producer"]["alive"], s["producer"]["epoch"]), (True, 1), "producer")
    equal((s["consumer"]["alive"], s["consumer"]["epoch"]), (False, 0), "consumer")
    equal(s["producer"]["program"], "shmring", "program")
    for key in ["sent", "received", "rejected", "gaps", "high_water", "recovered",
                "producer_sleeps", "consumer_sleeps"]:
        true(isinstance(s["counters"][key], int), "counter " + key)
    equal(run_ok("recv", name, "--count", "2"), b"12345678\n" * 2, "two records")
    s = stat(name)
    equal((s["tail"] - s["head"], s["used"], s["counters"]["received"]), (16, 16, 2), "after two")
    sender.kill()


def lsShowsEveryKindOfRing():
    not_on_windows("the system keeps no list of names that a program may rely on")
    persistent, alive = unique("persistent"), unique("alive")
    run_ok("create", persistent, "--framing", "bytes")
    receiver = start("recv", alive)
    wait_stat(alive, lambda s: s["consumer"]["epoch"] == 1, "the receiver is there")
    lines = [line.split() for line in run_ok("ls").decode().splitlines()]
    equal(lines[0], ["NAME", "CAPACITY", "FRAMING", "USED", "PRODUCER", "CONSUMER", "STATE"], "head")
    contains(lines, [persistent, "1M", "bytes", "0", "-", "-", "persistent"], "ls")
    contains(lines, [alive, "1M", "records", "0", "-", str(receiver.pid), "shmring", "alive"], "ls")
    rings = {ring["name"]: ring for ring in json.loads(run_ok("ls", "--json"))}
    equal(rings[persistent]["state"], "persistent", "state")
    equal(rings[alive]["state"], "alive", "state")
    equal(rings[alive]["consumer"]["pid"], receiver.pid, "pid")
    equal((rings[alive]["capacity"], rings[alive]["used"]), (1 << 20, 0), "sizes")
    receiver.kill()
    run_ok("rm", persistent)


def lsShowsWhatIsNotARingAndGoesOn():
    not_on_windows("the system keeps no list of names that a program may rely on")
    name = unique("broken")
    with open(ring_file(name), "wb") as f:
        f.write(b"not a ring")
    os.chmod(ring_file(name), 0o600)
    try:
        rings = {ring["name"]: ring for ring in json.loads(run_ok("ls", "--json"))}
        equal(rings[name]["state"], "unreadable", "state")
        contains(rings[name]["error"], name, "error")
        contains(run_ok("ls").decode(), name, "ls")
        equal(run("stat", name)[0], 1, "stat")
        run_ok("rm", name)
        gone(name)
    finally:
        if os.path.exists(ring_file(name)):
            os.unlink(ring_file(name))


def verifyCountsWhatIsInTheRing():
    name = unique()
    sender = start("send", name, stdin=subprocess.PIPE)
    sender.stdin.write(b"one\ntwo\nthree\n")
    sender.stdin.close()
    wait_stat(name, lambda s: s["counters"]["sent"] == 3, "three records are in the ring")
    v = json.loads(run_ok("verify", name, "--json"))
    equal((v["sound"], v["records"], v["bytes"], v["problem"]), (True, 3, 48, ""), "verdict")
    equal(run_ok("recv", name), b"one\ntwo\nthree\n", "what was verified")
    equal(sender.wait(timeout=60), 0, "sender")


def verifyTellsASoundRingFromACorruptOne():
    not_on_windows("a ring has no file in which a test could plant damage")
    name = unique()
    run_ok("send", name, "--persistent", data=b"one\ntwo\nthree\n")
    v = json.loads(run_ok("verify", name, "--json"))
    equal((v["sound"], v["records"], v["bytes"], v["problem"]), (True, 3, 48, ""), "verdict")
    contains(run_ok("verify", name).decode(), "is sound: 3 records", "verdict")
    with open(ring_file(name), "r+b") as f:  # the second record's length
        f.seek(0x10000 + 16)
        f.write(b"\xff\xff\xff\x7f")
    status, out, err = run("verify", name, "--json")
    equal(status, 1, "verify")
    v = json.loads(out)
    equal((v["sound"], v["records"]), (False, 1), "verdict")
    true(v["problem"] != "", "the problem has words")
    equal(err.count("\n"), 1, "lines of %r" % err)
    status, out, _ = run("verify", name)
    equal(status, 1, "verify")
    contains(out.decode(), "is corrupt", "verdict")
    status, out, err = run("recv", name)
    equal((status, out), (1, b"one\n"), "recv gives what is sound")
    contains(err, "corrupt", "sentence")
    run_ok("rm", name)


def rmLeavesThoseWhoHaveItOpenTogether():
    not_on_windows("a name cannot be taken away from those who have it open")
    name = unique()
    receiver = start("recv", name)
    sender = start("send", name, stdin=subprocess.PIPE)
    sender.stdin.write(b"before\n")
    sender.stdin.flush()
    equal(receiver.stdout.readline(), b"before\n", "the stream runs")
    run_ok("rm", name)
    gone(name)
    sender.stdin.write(b"after\n")
    sender.stdin.flush()
    equal(receiver.stdout.readline(), b"after\n", "and goes on")
    receiver.kill()
    sender.kill()


def pruneCountsInJson():
    not_on_windows("the name of a ring goes with its last process, and leaves nothing to prune")
    true(json.loads(run_ok("prune", "--json"))["removed"] >= 0, "a number")


def aGlobalNameKeepsItsPrefix():
    name = "Global\\" + unique("global")
    create(name)
    equal(stat(name)["name"], name, "name")
    if not WINDOWS:
        contains([r["name"] for r in json.loads(run_ok("ls", "--json"))], name, "ls")
    remove(name)


def whatWindowsCannotDoIsASentenceThatSaysWhatToDo():
    name = unique()
    create(name)
    for args in [["ls"], ["ls", "--json"], ["prune"], ["prune", "--json"], ["rm", name]]:
        status, out, err = run(*args)
        equal((status, out), (1, b""), " ".join(args))
        equal(err.count("\n"), 1, "lines of %r" % err)
        contains(err, "Windows", " ".join(args))
    remove(name)
    gone(name)


tests = [createSetsWhatItIsTold, createSetsModeAndAsksForHugePages, createRefusesATakenName,
         statHasTheKeysThatScriptsUse, lsShowsEveryKindOfRing, lsShowsWhatIsNotARingAndGoesOn,
         verifyCountsWhatIsInTheRing, verifyTellsASoundRingFromACorruptOne,
         rmLeavesThoseWhoHaveItOpenTogether, pruneCountsInJson, aGlobalNameKeepsItsPrefix]
main(tests + ([whatWindowsCannotDoIsASentenceThatSaysWhatToDo] if WINDOWS else []))

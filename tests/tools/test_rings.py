# SPDX-License-Identifier: MIT
"""create, ls, stat, verify, repair, rm and prune: figures and their JSON."""
import json
import os
import shutil
import subprocess
import tempfile

from rig import (WINDOWS, contains, create, equal, feed, finish, gone, kill, main, not_on_windows,
                 pid_of, remove, ring_file, run, run_ok, send_and_leave, start, stat, true, unique, wait_stat)


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
    equal(s["producer"]["program"], "shmring.exe" if WINDOWS else "shmring", "program")
    equal(set(s["counters"]), {"sent", "received", "rejected", "gaps", "high_water", "recovered",
                               "producer_stalls", "producer_sleeps", "producer_wakes",
                               "consumer_stalls", "consumer_sleeps", "consumer_wakes",
                               "lapped", "lapped_bytes", "evicted"}, "counters")
    for key, count in s["counters"].items():
        true(isinstance(count, int), "counter " + key)
    equal((s["counters"]["high_water"], s["counters"]["evicted"]), (48, 0), "history")
    equal(run_ok("recv", name, "--count", "2"), b"12345678\n" * 2, "two records")
    s = stat(name)
    equal((s["tail"] - s["head"], s["used"], s["counters"]["received"]), (16, 16, 2), "after two")
    sender.kill()


def statTellsHowLongRecordsLay():
    not_on_windows("a sender stays until everything is read")
    plain = unique()
    create(plain)
    equal(stat(plain)["latency"], None, "latency without stamps")
    remove(plain)
    for clock in ("monotonic", "tsc"):
        name = unique()
        status, _, err = run("send", name, "--persistent", "--stamp", clock, data=b"a\nb\nc\n")
        if status != 0:
            contains(err, "--stamp monotonic", "what to do without a counter")
            equal(clock, "tsc", "the clock that is not there")
            continue
        equal((stat(name)["stamp"], stat(name)["latency"]["count"]), (clock, 0), "before")
        contains(run_ok("stat", name).decode(), "latency      no record was read yet", "words")
        run_ok("recv", name, "--count", "3")
        s = stat(name)["latency"]
        equal(s["count"], 3, "records that were read")
        true(1000 < s["p50_ns"] <= s["p99_ns"] <= s["p999_ns"] <= s["max_ns"], "%r" % s)
        contains(run_ok("stat", name).decode(), "latency      half of 3 records within ", "words")
        remove(name)


def statTellsPeopleEveryCounter():
    name = unique()
    create(name, "--overflow", "overwrite", "--capacity", "64K")
    send_and_leave(name, b"12345678\n" * 10000)
    run_ok("tap", name, "--from", "oldest")
    status, out, _ = run("recv", name)
    equal(status, 0, "recv")
    s = stat(name)
    c, read = s["counters"], out.count(b"\n")
    equal((c["sent"], c["received"], c["lapped"], c["evicted"] * 16, c["lapped_bytes"] // 16 + read),
          (10000, read, 1, s["evict"], 10000), "accounts")
    true(57344 < c["high_water"] <= 65536, "nearly all of the ring was in use")
    lines = dict(line.split(None, 1) for line in run_ok("stat", name).decode().splitlines())
    for word, says in [
            ("records", "10,000 sent, {:,} received, 0 refused while full, 0 gaps".format(read)),
            ("lapped", "1 times; {:,} bytes were overwritten before".format(c["lapped_bytes"])),
            ("history", "{:,} bytes at most in use, 0 records recovered".format(c["high_water"])),
            ("observers", "can read the last {:,} bytes, {:,} records; {:,} older ones are gone"
             .format(s["tail"] - s["evict"], 10000 - c["evicted"], c["evicted"])),
            ("waited", "producer {} times, {} asleep; consumer {} times, {} asleep".format(
                *(c[side + what] for side in ("producer", "consumer")
                  for what in ("_stalls", "_sleeps")))),
            ("woke", "producer {} times, consumer {} times".format(
                c["producer_wakes"], c["consumer_wakes"]))]:
        contains(lines[word], says, word)
    remove(name)


def statOfAByteRingCountsBytes():
    name = unique()
    create(name, "--framing", "bytes")
    sender = start("send", name, "--frame", "raw", stdin=subprocess.PIPE)
    feed(sender, b"x" * 5000)
    wait_stat(name, lambda s: s["tail"] == 5000, "it is written")
    equal(run_ok("recv", name, "--frame", "raw"), b"x" * 5000, "recv")
    equal(finish(sender)[0], 0, "send")
    s = stat(name)
    equal((s["tail"], s["head"], s["counters"]["sent"], s["counters"]["evicted"]),
          (5000, 5000, 0, None), "counts")
    text = run_ok("stat", name).decode()
    contains(text, "5,000 written, 5,000 read", "stat")
    contains(text, "can read the last 5,000 bytes\n", "stat")
    remove(name)


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


def repairKeepsWhatCanBeRead():
    not_on_windows("a ring has no file in which a test could plant damage")
    name = unique()
    run_ok("send", name, "--persistent", data=b"one\ntwo\nthree\n")
    contains(run_ok("repair", name).decode(), "was sound and is as it was: 3 records", "repair")
    with open(ring_file(name), "r+b") as f:  # the third record's length
        f.seek(0x10000 + 32)
        f.write(b"\xff\xff\xff\x7f")
    with tempfile.NamedTemporaryFile() as copy:
        with open(ring_file(name), "rb") as f:
            shutil.copyfileobj(f, copy)
        copy.flush()
        status, out, _ = run("verify", copy.name, "--file", "--json")
        v = json.loads(out)
        equal((status, v["sound"], v["records"]), (1, False, 2), "verdict on a copy")
        r = json.loads(run_ok("repair", copy.name, "--file", "--json"))
        equal((r["changed"], r["records"], r["lost_bytes"]), (True, 2, 16), "repair of a copy")
        contains(run_ok("verify", copy.name, "--file").decode(), "is sound: 2 records", "the copy")
        equal(run("verify", name)[0], 1, "the ring itself is as it was")
    sender = start("send", name, "--persistent", stdin=subprocess.PIPE)
    wait_stat(name, lambda s: s["producer"]["alive"], "a sender is there")
    status, _, err = run("repair", name)
    kill(sender)
    equal(status, 1, "repair of a ring in use")
    contains(err, "end both sides", "repair of a ring in use")
    contains(run_ok("repair", name).decode(), "is sound now", "repair")
    run_ok("verify", name)
    run_ok("send", name, "--persistent", data=b"four\n")
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
         statHasTheKeysThatScriptsUse, statTellsHowLongRecordsLay, statTellsPeopleEveryCounter,
         statOfAByteRingCountsBytes, lsShowsEveryKindOfRing, lsShowsWhatIsNotARingAndGoesOn,
         verifyCountsWhatIsInTheRing, verifyTellsASoundRingFromACorruptOne,
         repairKeepsWhatCanBeRead,
         rmLeavesThoseWhoHaveItOpenTogether, pruneCountsInJson, aGlobalNameKeepsItsPrefix]
main(tests + ([whatWindowsCannotDoIsASentenceThatSaysWhatToDo] if WINDOWS else []))

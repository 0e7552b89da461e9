# SPDX-License-Identifier: MIT
"""create, ls, stat, verify, repair, rm and prune: figures and their JSON."""
import json
import os
import pwd
import shutil
import subprocess
import tempfile

from rig import (WINDOWS, contains, create, damage, equal, feed, finish, gone, kill, main,
                 not_on_windows, pid_of, plant, remove, ring_file, run, run_ok, send_and_leave, start,
                 stat, true, unique, unplant, wait_stat)


def createSetsWhatItIsTold():
    name = unique()
    create(name, "--capacity", "256K", "--max-record", "1K", "--schema", "0xBEEF",
           "--stamp", "monotonic")
    s = stat(name)
    equal([s[k] for k in ["capacity", "max_record", "schema", "stamp", "lifetime"]],
          [262144, 1024, "0xbeef", "monotonic", "persistent"], "options")
    text = run_ok("stat", name).decode()
    for part in ["262,144 bytes (256K)", "1,024 bytes", "schema 0xbeef"]:
        contains(text, part, "stat")
    remove(name)
    gone(name)


def createTakesNoSide():
    """Whoever makes a ring is neither of its sides: stat, the metrics and a sender know of nobody."""
    name = unique()
    create(name, "--capacity", "64K")
    s = stat(name)
    for role in ["producer", "consumer"]:
        equal([s[role][k] for k in ["state", "epoch", "pid", "program"]], ["none", 0, 0, ""], role)
        contains(run_ok("stat", name).decode(), "%-12s nobody yet" % role, "stat")
    claims = [line for line in run_ok("stat", name, "--prometheus").decode().splitlines()
              if line.startswith("shmring_role_claims_total{")]
    equal([line.split()[-1] for line in claims], ["0", "0"], "the metric")
    lines = b"%098d\n" % 7 * 2000
    sender = start("send", name, stdin=subprocess.PIPE)
    feed(sender, lines)
    wait_stat(name, lambda now: now["counters"]["producer_stalls"] > 0, "the ring is full and the sender waits")
    equal(run_ok("recv", name, "--count", "2000"), lines, "what came out")
    equal(finish(sender), (0, b"", ""), "end of the sender")
    remove(name)


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


def ringsOpenWithoutTheirPages():
    not_on_windows("a sender there waits until its records are taken")
    name = unique()
    create(name, "--capacity", "1M", "--no-prefault")
    equal(stat(name)["capacity"], 1 << 20, "capacity")
    run_ok("send", name, "--no-prefault", data=b"a line\n")
    equal(run_ok("recv", name, "--no-prefault", "--count", "1"), b"a line\n", "what came out")
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


def has_ticks():
    """Whether a ring can be stamped by the processor's counter here; if not, it is said what to do."""
    maker = start("create", unique(), "--stamp", "tsc", stdin=subprocess.PIPE)
    if WINDOWS and "until this program ends" in maker.stderr.readline().decode():
        kill(maker)
        return True
    status, _, err = finish(maker)
    if status == 0:
        return True
    contains(err, "--stamp monotonic", "what to do without a counter")
    return False


def statTellsHowLongRecordsLay():
    plain = unique()
    create(plain)
    equal(stat(plain)["latency"], None, "latency without stamps")
    remove(plain)
    for clock in ("monotonic", "tsc"):
        name = unique()
        if clock == "tsc" and not has_ticks():
            continue
        create(name, "--stamp", clock)
        send_and_leave(name, b"a\nb\nc\n")
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
    persistent, alive = unique("persistent"), unique("alive")
    create(persistent, "--framing", "bytes")
    kept = "alive" if WINDOWS else "persistent"  # there, who made it keeps it
    receiver = start("recv", alive)
    wait_stat(alive, lambda s: s["consumer"]["epoch"] == 1, "the receiver is there")
    pid = pid_of(receiver, alive, "consumer")
    lines = [line.split() for line in run_ok("ls").decode().splitlines()]
    equal(lines[0], ["NAME", "OWNER", "CAPACITY", "FRAMING", "USED", "PRODUCER", "CONSUMER", "STATE"], "head")
    owner = "-" if WINDOWS else pwd.getpwuid(os.geteuid()).pw_name
    contains(lines, [persistent, owner, "1M", "bytes", "0", "-", "-", kept], "ls")
    contains(lines, [alive, owner, "1M", "records", "0", "-", str(pid), "shmring" + ".exe" * WINDOWS,
                     "alive"], "ls")
    rings = {ring["name"]: ring for ring in json.loads(run_ok("ls", "--json"))}
    equal(rings[persistent]["state"], kept, "state")
    if not WINDOWS:
        equal(rings[persistent]["owner"], os.geteuid(), "owner")
    equal(rings[alive]["state"], "alive", "state")
    equal(rings[alive]["consumer"]["pid"], pid, "pid")
    equal((rings[alive]["capacity"], rings[alive]["used"]), (1 << 20, 0), "sizes")
    receiver.kill()
    remove(persistent)


def lsShowsWhatIsNotARingAndGoesOn():
    name = unique("broken")
    planted = plant(name, b"not a ring")
    rings = {ring["name"]: ring for ring in json.loads(run_ok("ls", "--json"))}
    equal(rings[name]["state"], "unreadable", "state")
    contains(rings[name]["error"], name, "error")
    contains(run_ok("ls").decode(), name, "ls")
    equal(run("stat", name)[0], 1, "stat")
    if not WINDOWS:
        run_ok("rm", name)
        gone(name)
    unplant(name, planted)


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
    name = unique()
    create(name)
    send_and_leave(name, b"one\ntwo\nthree\n")
    v = json.loads(run_ok("verify", name, "--json"))
    equal((v["sound"], v["records"], v["bytes"], v["problem"]), (True, 3, 48, ""), "verdict")
    contains(run_ok("verify", name).decode(), "is sound: 3 records", "verdict")
    damage(name, 0x10000 + 16, b"\xff\xff\xff\x7f")  # the second record's length
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
    remove(name)


def repairsACopy(name):
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


def repairKeepsWhatCanBeRead():
    name = unique()
    create(name)
    send_and_leave(name, b"one\ntwo\nthree\n")
    contains(run_ok("repair", name).decode(), "was sound and is as it was: 3 records", "repair")
    damage(name, 0x10000 + 32, b"\xff\xff\xff\x7f")  # the third record's length
    if not WINDOWS:  # it has no files of rings
        repairsACopy(name)
    sender = start("send", name, stdin=subprocess.PIPE)
    wait_stat(name, lambda s: s["producer"]["alive"], "a sender is there")
    status, _, err = run("repair", name)
    kill(sender)
    equal(status, 1, "repair of a ring in use")
    contains(err, "end both sides", "repair of a ring in use")
    contains(run_ok("repair", name).decode(), "is sound now", "repair")
    run_ok("verify", name)
    send_and_leave(name, b"four\n")
    remove(name)


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
    true(json.loads(run_ok("prune", "--json"))["removed"] >= 0, "a number")


def aGlobalNameKeepsItsPrefix():
    name = "Global\\" + unique("global")
    create(name)
    equal(stat(name)["name"], name, "name")
    contains([r["name"] for r in json.loads(run_ok("ls", "--json"))], name, "ls")
    remove(name)


def whatWindowsCannotDoIsASentenceThatSaysWhatToDo():
    name = unique()
    create(name)
    status, out, err = run("rm", name)
    equal((status, out), (1, b""), "rm")
    equal(err.count("\n"), 1, "lines of %r" % err)
    contains(err, "on Windows a name cannot be removed: it goes when", "rm")
    equal(json.loads(run_ok("prune", "--json"))["removed"], 0, "there is nothing to prune")
    remove(name)
    gone(name)


tests = [createSetsWhatItIsTold, createTakesNoSide, createSetsModeAndAsksForHugePages, ringsOpenWithoutTheirPages,
         createRefusesATakenName,
         statHasTheKeysThatScriptsUse, statTellsHowLongRecordsLay, statTellsPeopleEveryCounter,
         statOfAByteRingCountsBytes, lsShowsEveryKindOfRing, lsShowsWhatIsNotARingAndGoesOn,
         verifyCountsWhatIsInTheRing, verifyTellsASoundRingFromACorruptOne,
         repairKeepsWhatCanBeRead,
         rmLeavesThoseWhoHaveItOpenTogether, pruneCountsInJson, aGlobalNameKeepsItsPrefix]
main(tests + ([whatWindowsCannotDoIsASentenceThatSaysWhatToDo] if WINDOWS else []))

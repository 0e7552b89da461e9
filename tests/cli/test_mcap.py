# SPDX-License-Identifier: MIT
"""Recordings in MCAP, read by the reference reader of the format. test_mcap.py TOOL SENDER READER FOLDER ..."""
import csv
import json
import os
import random
import shutil
import subprocess
import sys

SENDER, READER, FOLDER = (sys.argv.pop(2) for _ in range(3))  # before rig takes the rest

# pylint: disable=wrong-import-position
import recordings
from recording_rig import content, path, save
from rig import (COMMAND, Skip, contains, create, equal, finish, kill, main, remove, run, run_ok, send_and_leave, start,
                 true, unique, wait_stat, wait_until)

PACKAGES = ["@mcap/core@2.2.2", "@mcap/support@1.1.0", "@foxglove/rosmsg@5.0.5",
            "@foxglove/rosmsg2-serialization@3.1.0"]


def reference():
    """Where npm's readers are; installed once for a build."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Skip("there is no node with npm")
    place = os.path.join(os.path.abspath(FOLDER), "mcap")
    if not os.path.isdir(os.path.join(place, "node_modules", "@mcap", "support")):
        os.makedirs(place, exist_ok=True)
        got = subprocess.run(["npm", "install", "--prefix", place, "--no-audit", "--no-fund", "--ignore-scripts",
                              *PACKAGES], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if got.returncode != 0:
            raise Skip("npm cannot install %s: %s" % (PACKAGES[0], got.stdout.decode().split("\n")[0]))
    return place


def look(what, file, *args):
    """What the reference reader finds: it fails where a message is not what was sent."""
    got = subprocess.run(["node", READER, what, file, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                         env={**os.environ, "SHMRING_TEST_MCAP": reference()})
    equal((got.returncode, got.stderr.decode()), (0, ""), "read_mcap.js %s %s" % (what, file))
    return json.loads(got.stdout)


def sender_of(name, count):
    process = start(name, str(count), stdin=-1, command=[*COMMAND[:-1], SENDER])
    wait_stat(name, lambda s: s["producer"]["alive"], "the sender is there")
    return process


def go(process):
    process.stdin.write(b"go\n")
    process.stdin.flush()


def described(count, *args, suffix=".mcap"):
    """A recording of so many records, by the consumer: (ring, file, sums)."""
    name, file = unique(), path("recording" + suffix)
    sender = sender_of(name, count)
    recorder = start("record", name, file, "--consume", "--json", *args)
    wait_stat(name, lambda s: s["consumer"]["alive"], "the recorder is there")
    go(sender)
    sender.stdin.close()
    equal(finish(sender)[::2], (0, ""), "sender")
    status, out, err = finish(recorder)
    equal((status, err), (0, ""), "record")
    return name, file, json.loads(out)


def compressions():
    """Those that this program was built with."""
    for how in ("none", "lz4", "zstd"):
        if run("record", "x", "-", "--mcap", "--compress", how, "--timeout", "1ms")[0] == 2:
            print("# built without " + how)
        else:
            yield how


def theReferenceReaderFindsEveryMessage():
    for how in compressions():
        name, file, said = described(20000, "--compress", how)
        equal((said["records"], said["losses"]), (20000, 0), "what record said")
        found = look("read", file, name)
        equal([found[key] for key in ("count", "first", "last", "holes", "ended", "others")],
              [20000, 0, 19999, 0, True, {}], "what is in the file, by " + how)
        contains(found["attachments"][name + ".msg"], "float32 f32 # [degC]", "the description")
        contains(found["attachments"]["host.json"], '"cores"', "the host")
        ends = [m for m in found["metadata"] if m["name"] == "shmring:end"]
        equal([(m["ring"], m["why"], m["records"]) for m in ends], [(name, "closed", "20000")], "the end")
        by = look("index", file)
        equal((by["count"], by["said"], by["topics"]["/%s/Log" % name], by["attachments"]), (20000, 20000, 2000, 2),
              "by the index, by " + how)
        true(0 < by["late"] < 20000 and by["chunks"] > 10, "messages from the middle on, and chunks")


def manyRingsAreInOneFile():
    name, lines, late, file = unique(), unique(), unique(), path("recording.mcap")
    sender = sender_of(name, 5000)
    create(lines)
    send_and_leave(lines, b"a\nb\nc\n")
    recorder = start("record", name, lines, late, file, "--json")
    wait_until(lambda: os.path.exists(file), "the recorder has begun")
    go(sender)
    sender.stdin.close()
    create(late)
    send_and_leave(late, b"late\n" * 7)
    equal(finish(sender)[0], 0, "sender")
    status, out, err = finish(recorder)
    equal((status, err), (0, ""), "record")
    said = {r["ring"]: r for r in json.loads(out)["rings"]}
    equal((said[lines]["records"], said[late]["records"]), (3, 7), "the sums of two")
    found = look("read", file, name)
    lost = said[name]["losses"]
    equal(found["count"], said[name]["records"], "records of the described ring")
    true(lost > 0 or found["count"] + found["first"] == 5000, "nothing is missing unsaid")
    equal(found["others"]["/%s/0" % lines] + found["others"]["/%s/0" % late], 10, "the others")
    equal(sorted(m["ring"] for m in found["metadata"] if m["name"] == "shmring:ring"), sorted([name, lines, late]), "rings")
    remove(lines)
    remove(late)


def aFileThatIsCutKeepsItsWholeChunks():
    name, file, _ = described(3000)
    data, rng = content(file), random.Random(4)
    for cut in sorted(rng.randrange(2000, len(data)) for _ in range(12)):
        found = look("read", save(path("cut.mcap"), data[:cut]), name)
        true(not found["ended"] and found["count"] <= 3000, "a file of %d bytes" % cut)
        equal((found["holes"], found["last"]), (0, found["count"] - 1), "whole chunks, from the first on")
        true(found["count"] >= (cut - 2000) * 3000 // len(data) - 300, "nearly all that was written, of %d" % cut)


def aRecorderThatIsKilledLeavesWholeChunks():
    rng = random.Random(6)
    for _ in range(4):
        name, file = unique(), path("recording.mcap")
        sender = sender_of(name, 2000000)
        recorder = start("record", name, file, "--consume")
        wait_stat(name, lambda s: s["consumer"]["alive"], "the recorder is there")
        go(sender)
        least = rng.randrange(20000, 3000000)
        wait_until(lambda: os.path.exists(file) and os.path.getsize(file) > least, "it has recorded some")  # pylint: disable=cell-var-from-loop
        kill(recorder)
        kill(sender)
        found = look("read", file, name)
        equal((found["holes"], found["ended"], found["first"]), (0, False, 0), "what is left")
        true(found["count"] > 20, "%d records" % found["count"])


def filesAreSplit():
    name, file, said = described(6000, "--split", "64K")
    folder = os.path.dirname(file)
    files = sorted(os.listdir(folder))
    equal(files, ["recording.%06d.mcap" % (n + 1) for n in range(len(files))], "names")
    total, last = 0, -1
    for one in files:
        found = look("read", os.path.join(folder, one), name)
        true(os.path.getsize(os.path.join(folder, one)) <= 65536, "the size of " + one)
        equal((found["first"], found["holes"], found["ended"]), (last + 1, 0, True), one)
        contains(found["attachments"][name + ".msg"], "type 1 All", "each file has the description")
        total, last = total + found["count"], found["last"]
    equal((total, said["records"], len(files) > 5), (6000, 6000, True), "all files together")


def standardOutputIsMcapWhenItIsAsked():
    name, file = unique(), path("recording.mcap")
    create(name)
    send_and_leave(name, b"a\nb\n")
    with open(file, "wb") as out:
        recorder = start("record", name, "-", "--mcap", "--count", "2", stdout=out)
        equal(finish(recorder)[0], 0, "record")
    equal(look("read", file, name)["others"], {"/%s/0" % name: 2}, "messages")
    remove(name)


def whatIsMissingIsInTheFile():
    name, file = unique(), path("recording.mcap")
    create(name, "--capacity", "64K", "--overflow", "overwrite")
    send_and_leave(name, b"".join(b"%d\n" % n for n in range(30000)))
    sender = start("send", name, stdin=-1)
    wait_stat(name, lambda s: s["producer"]["alive"], "the sender is there")
    recorder = start("record", name, file, "--json")
    wait_until(lambda: os.path.exists(file) and os.path.getsize(file) > 30000, "the first are recorded")
    recorder.send_signal(19)
    sender.stdin.write(b"".join(b"%d\n" % n for n in range(30000)))
    sender.stdin.flush()
    wait_stat(name, lambda s: s["counters"]["sent"] == 60000, "all is sent")
    recorder.send_signal(18)
    sender.stdin.close()
    finish(sender)
    status, out, _ = finish(recorder)
    said = json.loads(out)
    found = look("read", file, name)["others"]
    equal((status, found["/%s/_loss" % name], found["/%s/0" % name]), (0, said["losses"], said["records"]), "losses")
    true(said["losses"] > 0, "it was overtaken")
    remove(name)


def aRecordingIsReplayed():
    for how in compressions():
        name, file, _ = described(20000, *([] if how == "none" else ["--compress", how]))
        out = run_ok("verify", file).decode()
        contains(out, "is sound: 20,000 records", "verify")
        ring = unique()
        player = start("replay", file, ring, "--json", "--speed", "max")
        wait_stat(ring, lambda s: s["producer"]["alive"], "the ring is there")
        again = path("again.mcap")
        run_ok("record", ring, again, "--consume")
        status, out, err = finish(player)
        equal((status, err, json.loads(out)["records"]), (0, "", 20000), "replay")
        found = look("read", again, ring)
        equal((found["count"], found["holes"]), (20000, 0), "what came out, with its description")
        data = content(file)
        status, out, _ = run("verify", save(path("cut.mcap"), data[:len(data) // 2]))
        equal(status, 1, "a file that is cut")
        contains(out.decode(), "is cut", "verify")


def ringsAreReplayedByTheirNames():
    one, two, file = unique(), unique(), path("recording.mcap")
    for ring, line in ((one, b"one\n"), (two, b"two\n")):
        create(ring)
        send_and_leave(ring, line * 5)
    run_ok("record", one, two, file, "--count", "10", "--json")
    for names in ((one,), (two,), ()):
        remove(one)
        remove(two)
        run_ok("replay", file, *names, "--persistent")
        for ring, line in ((one, b"one\n"), (two, b"two\n")):
            if ring in (names or (one, two)):
                equal(run_ok("recv", ring, "--count", "5"), line * 5, "records of " + ring)
            else:
                create(ring)
    status, _, err = run("replay", file, unique())
    equal(status, 1, "a ring that is not in the file")
    contains(err, "has no ring", "sentence")
    remove(one)
    remove(two)


def aFileOfAnotherWriterIsReplayed():
    file, ring, again = path("foreign.mcap"), unique(), path("again.mcap")
    look("write", file)
    status, _, err = run("replay", file)
    equal(status, 2, "without a ring")
    contains(err, "give the NAME", "sentence")
    player = start("replay", file, ring, "--json", "--speed", "max")
    wait_stat(ring, lambda s: s["producer"]["alive"], "the ring is there")
    run_ok("record", ring, again, "--consume")
    equal(finish(player)[::2], (0, ""), "replay")
    found = look("foreign", again, ring)
    equal((found["outer"], found["json"]), (90, 10), "what came out")


def infoTellsWhatIsThere():
    name, file, _ = described(5000, "--compress", "none")
    said = json.loads(run_ok("info", file, "--json"))
    by = {c["topic"]: (c["schema"].split("/")[-1], c["records"], c["bytes"]) for c in said["channels"]}
    equal((by["/%s/Log" % name][:2], by["/%s/9" % name]), (("Log", 500), ("", 500, 4000)), "channels")
    equal((by["/%s/All" % name][:2], said["records"], said["has_end"], said["losses"]), (("All", 4000), 5000, True, 0), "sums")
    equal([(r["ring"], r["described"]) for r in said["rings"]], [(name, True)], "rings")
    out = run_ok("info", file).decode()
    contains(out, "form mcap; 5,000 records", "for people")
    contains(out, "/%s/Log" % name, "for people")
    data = content(file)
    contains(run_ok("info", save(path("cut.mcap"), data[:-1000])).decode(), "has no end", "a file that is cut")
    equal(run("info", save(path(), b"neither"))[0], 1, "another file")


def aPartIsCutOut():
    name, file, _ = described(5000)
    times = json.loads(run_ok("info", file, "--json"))
    span = times["last_ns"] - times["first_ns"]
    parts = []
    for words in (("--to", "%dns" % (span // 2)), ("--from", "%dns" % (span // 2 + 1))):
        part = path("part.mcap")
        run_ok("cut", file, part, *words)
        found = look("read", part, name)
        equal((found["holes"], found["ended"]), (0, True), "a half")
        contains(found["attachments"][name + ".msg"], "type 1 All", "the description")
        parts.append(found)
    equal((parts[0]["first"], parts[0]["last"] + 1, parts[1]["last"]), (0, parts[1]["first"], 4999), "both halves")
    for types, count in (("Log", 500), ("Log,9", 1000), ("/%s/All" % name, 4000), ("nothing", 0)):
        part = path("part.mcap")
        said = json.loads(run_ok("cut", file, part, "--types", types, "--json"))
        equal((said["records"], look("read", part, name)["count"]), (count, count), "types " + types)
    status, _, err = run("cut", file, file)
    equal(status, 1, "onto itself")
    contains(err, "is there already", "sentence")
    data = content(file)
    status, _, err = run("cut", save(path("half.mcap"), data[:len(data) // 2]), path("whole.mcap"))
    equal(status, 0, "a file that was cut off")
    contains(err, "is cut", "and said")


def theFormOfVersion01IsConverted():
    entries = [recordings.entry(b"x%d" % n, type_=7, flags=recordings.GAP if n == 2 else 0, time_ns=1000 * n)
               for n in range(1, 6)]
    old = save(path(), recordings.about(name=b"Local\\old", schema=9) + recordings.block(2, b"".join(entries), 1) +
               recordings.block(2, recordings.loss(1000, 10), 2) + recordings.end(3))
    new = path("new.mcap")
    run_ok("cut", old, new)
    equal(look("read", new, "?")["others"], {"/old/7": 5, "/old/_loss": 2}, "messages, a gap and a loss")
    said = json.loads(run_ok("info", new, "--json"))
    equal((said["losses"], said["lost_bytes"], said["gaps"], said["bytes"]), (1, 1000, 1, 10), "sums")
    contains(run_ok("info", old).decode(), "form shmring 0.1; 5 records", "the old one")


def aRecordingIsExported():
    name, file, _ = described(3000)
    lines = [json.loads(line) for line in run_ok("export", file).decode().splitlines()]
    equal([line["position"] for line in lines], list(range(1, 3001)), "each record, by its number")
    equal((lines[3]["type"], lines[3]["fields"]), ("Log", {"level": 3, "text": "record 3"}), "a text")
    equal((lines[7]["type"], bytes.fromhex(lines[7]["hex"])), (9, (7).to_bytes(8, sys.byteorder)), "an undescribed record")
    equal((lines[8]["fields"]["f32"], lines[8]["fields"]["parts"][1]), (2, {"x": 10, "y": 5}), "numbers")
    out = run_ok("export", file, name, "--format", "csv", "--types", "Log", "--fields", "level,text").decode()
    rows = list(csv.DictReader(out.splitlines()))
    equal((len(rows), rows[-1]["level"], rows[-1]["text"]), (300, "3", "record 2993"), "as CSV")
    equal(len(run_ok("export", file, "--where", "level == 3").splitlines()), 300, "by a condition")
    status, _, err = run("export", file, unique())
    equal(status, 1, "another ring")
    contains(err, "has no ring", "sentence")


def wrongWordsAreRefused():
    for words, says in [(("a", "b", "out.rec"), "out.rec.mcap"), (("a", "out", "--compress", "lz4"), "out.mcap"),
                        (("a", "x.mcap", "--split", "10"), "needs a unit"), (("a", "x.mcap", "--split", "1K"), "at least 64K"),
                        (("a", "x.mcap", "--split", "big"), "neither a size"), (("a", "-", "--split", "1G"), "cannot rotate")]:
        status, out, err = run("record", *words)
        equal((status, out), (2, b""), "status of %r" % (words,))
        contains(err, says, "sentence")


main([theReferenceReaderFindsEveryMessage, manyRingsAreInOneFile, aFileThatIsCutKeepsItsWholeChunks,
      aRecorderThatIsKilledLeavesWholeChunks, filesAreSplit, standardOutputIsMcapWhenItIsAsked, whatIsMissingIsInTheFile,
      aRecordingIsReplayed, ringsAreReplayedByTheirNames, aFileOfAnotherWriterIsReplayed,
      infoTellsWhatIsThere, aPartIsCutOut, theFormOfVersion01IsConverted, aRecordingIsExported,
      wrongWordsAreRefused])

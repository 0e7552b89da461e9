# SPDX-License-Identifier: MIT
"""record as an observer, and of rings that overwrite: nobody notices, and what is lost is counted."""
import json
import os
import signal
import struct
import subprocess

import recordings
from recording_rig import content, path, replay
from recordings import Recording
from rig import (contains, create, equal, finish, kill, main, remove, run, run_ok,
                 send_and_leave, start, stat, stop, true, unique, wait_stat, wait_until)


def numbers(first, last):
    return b"".join(b"%d\n" % n for n in range(first, last))


def sums(recorder):
    status, out, err = finish(recorder)
    equal((status, err), (0, ""), "record")
    return json.loads(out)


def shouldNotDisturbAPair():
    name, file, count = unique(), path(), 100000
    recorder = start("record", name, file, "--json")  # waits for the ring
    receiver = start("recv", name, stdout=subprocess.DEVNULL)
    wait_until(lambda: os.path.exists(file), "the recorder has found the ring")
    run_ok("send", name, data=numbers(0, count))
    equal(finish(receiver)[0], 0, "receiver")
    said = sums(recorder)
    r = Recording(content(file))
    equal((r.about["source"], r.end[5]), (2, recordings.CLOSED), "an observer, to the close")
    lost = r.end[4]
    true(lost == recordings.UNKNOWN or len(r.records()) + lost == count,
         "%d recorded and %d lost of %d" % (len(r.records()), lost, count))
    found = [int(n) for n in r.records()]
    equal((said["records"], found == sorted(set(found))), (len(found), True), "in order, each once")
    if said["losses"] == 0:
        equal(found, list(range(found[0], count)), "without a hole")


def shouldLeaveTheRecordsToTheirReceiver():
    name = unique()
    create(name)
    send_and_leave(name, b"one\ntwo\n")
    for _ in range(2):
        file = path()
        run_ok("record", name, file)
        equal(Recording(content(file)).records(), [b"one", b"two"], "recorded")
    file = path()
    run_ok("record", name, file, "--from", "newest")
    equal(Recording(content(file)).records(), [], "recorded from the newest on")
    equal(stat(name)["counters"]["received"], 0, "taken from the ring")
    equal(run_ok("recv", name), b"one\ntwo\n", "the receiver's")
    remove(name)


def shouldRecordWhatADeadSenderLeft():
    name, file = unique(), path()
    create(name)
    sender = start("send", name, stdin=-1)
    sender.stdin.write(b"last\nwords\n")
    sender.stdin.flush()
    wait_stat(name, lambda s: s["counters"]["sent"] == 2, "it is sent")
    kill(sender)
    status, _, err = run("record", name, file)
    equal(status, 1, "status")
    contains(err, "died", "sentence")
    r = Recording(content(file))
    equal((r.records(), r.end[5]), ([b"last", b"words"], recordings.DIED), "recorded")
    remove(name)


def recorded(file):
    """The records so far; none while the last block is on its way."""
    try:
        return Recording(content(file)).records()
    except (OSError, AssertionError, IndexError, struct.error):
        return []


def overtaken(*args):
    """A recorder that stands still while an overwriting ring goes round: (sums, recording, file)."""
    name, file, count = unique(), path(), 50000
    create(name, "--capacity", "64K", "--overflow", "overwrite")
    sender = start("send", name, stdin=-1)
    wait_stat(name, lambda s: s["producer"]["alive"], "the sender is there")
    recorder = start("record", name, file, "--json", *args)
    sender.stdin.write(numbers(0, 10))
    sender.stdin.flush()
    wait_until(lambda: len(recorded(file)) == 10, "the first are recorded")
    recorder.send_signal(signal.SIGSTOP)
    sender.stdin.write(numbers(10, count))
    sender.stdin.flush()
    wait_stat(name, lambda s: s["counters"]["sent"] == count, "all is sent")
    recorder.send_signal(signal.SIGCONT)
    wait_until(lambda: content(file).count(b"%d" % (count - 1)) > 0, "the last is recorded")
    stop(recorder)
    said = sums(recorder)
    kill(sender)
    remove(name)
    return said, Recording(content(file)), file, count


def check_account(said, r, file, count, knows_records):
    found = [int(n) for n in r.records()]
    losses = [n for n, e in enumerate(r.entries) if e[1] & recordings.LOSS]
    true(losses and said["losses"] == len(losses), "it was overtaken")
    equal((found[:10], found[-1]), (list(range(10)), count - 1), "the first and the last")
    equal(found, found[:10] + list(range(found[10], count)), "a hole, and no other")
    if knows_records:
        equal(said["lost_records"] + len(found), count, "lost and recorded")
    equal(r.entries[losses[0]][3], r.entries[losses[0] + 1][3], "where the recorder went on")
    got, again, _ = replay(file)
    equal([int(n) for n in got] == found, True, "replayed")
    equal((again["losses"], again["lost_bytes"]), (said["losses"], said["lost_bytes"]), "and said")


def shouldCountWhatAnObserverLost():
    said, r, file, count = overtaken()
    check_account(said, r, file, count, said["lost_records"] is not None)


def shouldCountWhatAConsumerLostInAnOverwritingRing():
    said, r, file, count = overtaken("--consume")
    check_account(said, r, file, count, False)


def shouldWaitForTheRingAsLongAsItIsTold():
    name = unique()
    status, out, err = run("record", name, path(), "--timeout", "50ms")
    equal((status, out), (1, b""), "no ring")
    contains(err, name, "sentence")
    recorder = start("record", name, path())
    stop(recorder)
    status, _, _ = run("record", name, path(), "--consume", "--from", "newest")
    equal(status, 2, "a consumer that would leave records out")
    finish(recorder)


main([shouldNotDisturbAPair, shouldLeaveTheRecordsToTheirReceiver, shouldRecordWhatADeadSenderLeft,
      shouldCountWhatAnObserverLost, shouldCountWhatAConsumerLostInAnOverwritingRing,
      shouldWaitForTheRingAsLongAsItIsTold])

# SPDX-License-Identifier: MIT
"""What kill -9 leaves behind: nothing that was committed is lost, and everybody is told."""
import os
import subprocess
import tempfile

from rig import (WINDOWS, contains, create, equal, exists, feed, feed_in_two, finish, gone, kill, main, not_on_windows,
                 pid_of, remove, run, run_ok, start, stat, true, unique, wait_stat, wait_until)


def numbered(first, last):
    return b"".join(b"%08d\n" % i for i in range(first, last))


def send_and_die(name, first, last):
    """A sender that has committed these lines, waits for more, and is killed. Returns its pid."""
    before = (stat(name) or {"counters": {"sent": 0}})["counters"]["sent"]
    sender = start("send", name, stdin=subprocess.PIPE)
    sender.stdin.write(numbered(first, last))
    sender.stdin.flush()
    wait_stat(name, lambda s: s["counters"]["sent"] == before + last - first, "all are committed")
    pid = pid_of(sender, name, "producer")
    kill(sender)
    return pid


def aDeadSendersRecordsAllArriveAndItsDeathIsTold():
    name = unique()
    receiver = start("recv", name)
    wait_stat(name, lambda s: s["consumer"]["alive"], "the receiver is there")
    pid = send_and_die(name, 0, 5000)
    status, out, err = finish(receiver)
    equal((status, out), (1, numbered(0, 5000)), "receiver")
    contains(err, "died", "sentence")
    contains(err, str(pid), "sentence")
    gone(name)


def aSenderKilledInFullFlightLeavesWholeRecordsInOrder():
    name = unique()
    create(name, "--capacity", "64K")
    receiver = start("recv", name)
    sender = start("send", name, stdin=subprocess.PIPE)
    feed(sender, numbered(0, 3000000))
    head = receiver.stdout.read(90000)  # far more than the ring holds: the stream flows
    kill(sender)
    status, out, err = finish(receiver)
    out = head + out
    equal(status, 1, "receiver")
    contains(err, "died", "sentence")
    n = len(out) // 9
    true(out == numbered(0, n), "the first %d lines, whole and in order" % n)
    s = stat(name)
    equal((s["used"], s["counters"]["received"]), (0, n), "what is left, what was received")
    remove(name)


def aNewSenderGoesOnInTheSameRing():
    name = unique()
    create(name)
    before = stat(name)
    send_and_die(name, 0, 1000)
    status, out, _ = run("recv", name)
    equal((status, out), (1, numbered(0, 1000)), "the dead sender's")
    send_and_die(name, 1000, 1500)
    sender = start("send", name, stdin=subprocess.PIPE)
    feed(sender, numbered(1500, 3000))
    s = wait_stat(name, lambda s: s["counters"]["sent"] == 3000, "all are in the ring")
    equal(s["incarnation"], before["incarnation"], "the ring")
    equal(s["producer"]["epoch"], 3, "how many senders it has had")
    equal(run_ok("recv", name), numbered(1500 - 500, 3000), "the second's and the third's")
    equal(sender.wait(timeout=60), 0, "the third sender")
    remove(name)


def aNewSenderTakesOverWhileTheReceiverStillReads():
    name = unique()
    create(name)
    send_and_die(name, 0, 100)
    sender = start("send", name, stdin=subprocess.PIPE)
    wait_stat(name, lambda s: s["producer"]["epoch"] == 2, "the second sender is there")
    receiver = start("recv", name)
    equal(receiver.stdout.read(900), numbered(0, 100), "the dead sender's")
    feed(sender, numbered(100, 200))
    equal(finish(receiver), (0, numbered(100, 200), ""), "the living sender's")
    equal(sender.wait(timeout=60), 0, "sender")
    remove(name)


def resume(name, first_part, last):
    """The next receiver's lines go on where the dead one's end, or repeat its last write."""
    out = run_ok("recv", name)
    whole = len(first_part) // 9
    true(first_part == numbered(0, whole + 1)[:len(first_part)], "the dead receiver's lines")
    begin = int(out[:8])
    true(begin <= whole, "line %d comes after %d: none lost" % (begin, whole))
    true(begin >= whole - 256, "line %d comes after %d: one write repeated" % (begin, whole))
    true(out == numbered(begin, last), "all lines from %d on" % begin)
    return begin


def aReceiverKilledWhileItWritesLosesNothing():
    name = unique()
    sender = start("send", name, "--capacity", "64K", stdin=subprocess.PIPE)
    wait_stat(name, lambda s: s["producer"]["alive"], "the ring has the sender's capacity")
    feed(sender, numbered(0, 200000))
    receiver = start("recv", name)  # its pipe fills, and a write hangs
    wait_until(lambda: stat(name)["used"] > 60000 and stat(name)["counters"]["received"] > 256 and
               not stat(name)["consumer"]["waiting"], "both sides are stuck")
    receiver.kill()
    first_part = receiver.stdout.read()
    receiver.wait(timeout=60)
    begin = resume(name, first_part, 200000)
    equal(begin % 256 == 0 or begin < len(first_part) // 9 + 1, True, "a whole batch repeats")
    status, _, err = finish(sender)
    equal(status, 0, "sender")
    gone(name)


def aReceiverKilledInFullFlightLosesNothing():
    for _ in range(5):
        name = unique()
        create(name, "--capacity", "64K")
        sender = start("send", name, stdin=subprocess.PIPE)
        go_on = feed_in_two(sender, numbered(0, 300000), numbered(300000, 500000))
        with tempfile.TemporaryFile() as out:
            receiver = start("recv", name, stdout=out)
            wait_until(lambda: os.fstat(out.fileno()).st_size > 100000, "the stream flows")
            kill(receiver)
            go_on()
            out.seek(0)
            resume(name, out.read(), 500000)
        equal(finish(sender)[0], 0, "sender")
        remove(name)


def aRingWhoseUsersAllDiedIsFreshForTheNext():
    name = unique()
    receiver = start("recv", name)
    wait_stat(name, lambda s: s["consumer"]["alive"], "the receiver is there")
    sender = start("send", name, stdin=subprocess.PIPE)
    sender.stdin.write(b"old\n")
    sender.stdin.flush()
    equal(receiver.stdout.readline(), b"old\n", "the stream runs")
    receiver.send_signal(19)  # stopped: it cannot take the next line
    sender.stdin.write(b"lost\n")
    sender.stdin.flush()
    wait_stat(name, lambda s: s["used"] > 0, "a line is in the ring")
    old = stat(name)
    kill(sender)
    kill(receiver)
    if WINDOWS:
        gone(name)
    else:
        true(exists(name), "the name outlives them")
        contains(run_ok("ls").decode(), "dead", "ls")
    sender = start("send", name, stdin=subprocess.PIPE)
    feed(sender, b"new\n")
    equal(run_ok("recv", name), b"new\n", "the fresh ring's line, and not the old one's")
    true(old["incarnation"] is not None, "the old ring had one")
    equal(sender.wait(timeout=60), 0, "sender")
    gone(name)


def aPersistentRingIsStillReadableWhenAllDied():
    name = unique()
    create(name)
    send_and_die(name, 0, 10)
    receiver = start("recv", name, "--count", "4", stdout=subprocess.PIPE)
    equal(finish(receiver)[:2], (0, numbered(0, 4)), "the first four")
    status, out, err = run("recv", name)
    equal((status, out), (1, numbered(4, 10)), "the rest")
    contains(err, "died", "sentence")
    run_ok("verify", name)
    remove(name)
    gone(name)


def pruneTakesTheDeadAndLeavesTheOthers():
    dead, persistent, alive = unique("dead"), unique("persistent"), unique("alive")
    send_and_die(dead, 0, 1)
    create(persistent)
    receiver = start("recv", alive)
    wait_stat(alive, lambda s: s["consumer"]["alive"], "the receiver is there")
    contains(run_ok("prune").decode(), "removed", "prune")
    gone(dead)
    true(exists(persistent), "the persistent ring stays")
    true(exists(alive), "the living ring stays")
    remove(persistent)
    kill(receiver)
    wait_until(lambda: b"removed" in run_ok("prune") and not exists(alive),
               "the ring is pruned when its last user has died")


main([aDeadSendersRecordsAllArriveAndItsDeathIsTold,
      aSenderKilledInFullFlightLeavesWholeRecordsInOrder, aNewSenderGoesOnInTheSameRing,
      aNewSenderTakesOverWhileTheReceiverStillReads, aReceiverKilledWhileItWritesLosesNothing,
      aReceiverKilledInFullFlightLosesNothing, aRingWhoseUsersAllDiedIsFreshForTheNext,
      aPersistentRingIsStillReadableWhenAllDied, pruneTakesTheDeadAndLeavesTheOthers])

# SPDX-License-Identifier: MIT
"""What the tests of the program share: starting it, waiting for conditions, TAP output."""
import glob
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

# The program, and behind it the words that start it where it is of another system: wine.
TOOL = sys.argv[1]
COMMAND = [*sys.argv[2:], TOOL]
WINDOWS = TOOL.endswith(".exe")
os.environ.setdefault("WINEDEBUG", "-all")  # wine's own remarks are not the program's
MARK = "SHMRING_TEST"  # in the environment of a program and its second processes: whose they are
# What the program says of a second process that was killed. Wine does not know of the signal, and
# tells the program of an end with status 0 or of none at all.
WAS_KILLED = "the second process " + ("" if WINDOWS else "was killed by signal 9")
PATIENCE = 60  # seconds for a condition that comes in milliseconds on an idle machine

_names = []
_started = []
_keepers = {}  # name of a ring: the program that keeps it, where a ring goes with its last user


class Skip(Exception):
    """A test that cannot run here; the reason."""


def not_on_windows(reason):
    if WINDOWS:
        raise Skip("Windows: " + reason)


def unique(what="ring"):
    """A ring name that no other test uses."""
    _names.append("tools.%d.%s%d" % (os.getpid(), what, len(_names)))
    return _names[-1]


def unique_short(letter):
    """The same for a narrow column."""
    _names.append("%s%x.%d" % (letter, os.getpid(), len(_names)))
    return _names[-1]


def ring_file(name):
    """The file behind the Local ring `name` of this user; on Linux."""
    return "/dev/shm/shmring.%d.%s" % (os.geteuid(), name)


def start(*args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=None,
          command=None, **more):
    """The program, running; or another one of this build, by the words that start it."""
    mark = "%d.%d" % (os.getpid(), time.monotonic_ns())
    process = subprocess.Popen([*(command or COMMAND), *args], stdin=stdin, stdout=stdout, stderr=stderr,
                               env={**(env or os.environ), MARK: mark}, **more)
    process.mark = mark
    _started.append(process)
    return process


def finish(process, data=None):
    """Waits for its end; returns exit status, output, errors. What a test has read already through
    the buffered streams is not lost, as communicate() would."""
    parts = {}

    def collect(what, stream):
        parts[what] = stream.read()
    readers = [threading.Thread(target=collect, args=pair, daemon=True)
               for pair in [("out", process.stdout), ("err", process.stderr)] if pair[1] is not None]
    for reader in readers:
        reader.start()
    if data is not None:
        feed(process, data)
    status = process.wait(timeout=PATIENCE)
    for reader in readers:
        reader.join(timeout=PATIENCE)
    # What it waits for it says after a second, on a busy machine in any test. What wine itself says when a thread
    # meets the end of its process is not the program's.
    process.said = parts.get("err", b"").decode()
    if WINDOWS:
        process.said = re.sub(r"wine client error:[0-9a-f]+:[^\n]*\n?", "", process.said)
    return status, parts.get("out"), re.sub("shmring: waiting for [^\n]*'\n", "", process.said)


def feed(process, data):
    """Writes data to the process and closes its input, while the caller goes on."""
    def write():
        try:
            process.stdin.write(data)
            process.stdin.close()
        except BrokenPipeError:
            pass
    threading.Thread(target=write, daemon=True).start()


def feed_in_two(process, first, rest):
    """As feed(), but the rest is held back until the function that this returns is called: whoever
    reads cannot come to the end before."""
    go_on = threading.Event()

    def write():
        try:
            process.stdin.write(first)
            process.stdin.flush()
            go_on.wait()
            process.stdin.write(rest)
            process.stdin.close()
        except BrokenPipeError:
            pass
    threading.Thread(target=write, daemon=True).start()
    return go_on.set


def run(*args, data=None, **more):
    """The program, from start to end."""
    return finish(start(*args, stdin=subprocess.PIPE, **more), data if data is not None else b"")


def run_ok(*args, **more):
    """The output of a run that must succeed and say nothing on standard error."""
    status, out, err = run(*args, **more)
    equal((status, err), (0, ""), "shmring " + " ".join(args))
    return out


def stat(name):
    """What `stat --json` says, or None when there is no such ring."""
    status, out, _ = run("stat", name, "--json")
    return json.loads(out) if status == 0 else None


def wait_until(condition, what):
    """Polls; returns the condition's first true value."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError("never came true: " + what)


def wait_stat(name, condition, what):
    def look():
        s = stat(name)
        return s if s is not None and condition(s) else None
    return wait_until(look, what)


def kill(process):
    """At once and from outside. Wine's process is the Windows process: it goes the same way."""
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=PATIENCE)


def stop(process):
    """A polite request to end: on Windows Ctrl-C, which wine makes of the signal."""
    process.send_signal(signal.SIGINT if WINDOWS else signal.SIGTERM)


def pid_of(process, name, role):
    """The number by which the ring knows the process; it must hold the role."""
    return stat(name)[role]["pid"] if WINDOWS else process.pid


def partners(process):
    """The second processes that it has started, under wine not its children, and that run the
    program: pid, and the words of the command line."""
    found = []
    for folder in glob.glob("/proc/[0-9]*"):
        try:
            with open(folder + "/environ", "rb") as f:
                ours = ("%s=%s" % (MARK, process.mark)).encode() in f.read().split(b"\0")
            with open(folder + "/cmdline", "rb") as f:
                words = f.read().decode().split("\0")
            with open(folder + "/maps", encoding="utf-8", errors="replace") as f:
                runs = not WINDOWS or "/kernelbase.dll" in f.read()
        except OSError:
            continue
        if ours and runs and words[1:2] == ["partner"]:
            found.append((int(folder[6:]), words))
    return found


def partner(process, phase):
    """Waits for the second process of that phase; returns its pid."""
    return wait_until(lambda: [pid for pid, words in partners(process) if words[2] == phase],
                      "the second process of phase " + phase)[0]


def partners_ring(process, phase, suffix=""):
    """Waits for the second process of that phase; returns the ring that it was told."""
    return wait_until(lambda: [words[3] for _, words in partners(process) if words[2] == phase],
                      "the second process of phase " + phase)[0] + suffix


def create(name, *args):
    """A persistent ring."""
    if not WINDOWS:
        run_ok("create", name, *args)
        return
    _keepers[name] = start("create", name, *args)
    contains(_keepers[name].stderr.readline().decode(), "until this program ends", "create")


def remove(name):
    """The end of a ring that create() made."""
    if not WINDOWS:
        run_ok("rm", name)
        return
    stop(_keepers[name])
    equal(finish(_keepers.pop(name)), (0, b"", ""), "end of the program that kept " + name)


def send_and_leave(name, data, *args, records=None):
    """Puts data into a ring of create() that nobody reads; the sender ends in order. On Windows it
    waits for a reader, and is told to go when all is in the ring. records: how many, where it is not
    the number of lines."""
    if not WINDOWS:
        run_ok("send", name, *args, data=data)
        return
    before = stat(name)
    sender = start("send", name, *args, stdin=subprocess.PIPE)
    feed(sender, data)
    if before["framing"] == "bytes":
        wait_stat(name, lambda s: s["tail"] - before["tail"] == len(data), "all bytes are in the ring")
    else:
        records = data.count(b"\n") if records is None else records
        wait_stat(name, lambda s: s["counters"]["sent"] - before["counters"]["sent"] == records,
                  "all records are in the ring")
    stop(sender)
    finish(sender)


def exists(name):
    return run("stat", name)[0] == 0 if WINDOWS else os.path.exists(ring_file(name))


def behind(*args, **more):
    """The program that reaches the memory of a ring, where there is no file of it."""
    return start(*args, command=[*sys.argv[2:], os.environ["SHMRING_TEST_BEHIND"]], **more)


def damage(name, at, data):
    """Writes over a ring, past everybody who has it."""
    if WINDOWS:
        equal(finish(behind("write", name, str(at), data.hex()))[0], 0, "damage")
        return
    with open(ring_file(name), "r+b") as f:
        f.seek(at)
        f.write(data)


def plant(name, data):
    """Something else under a ring's name; returns what unplant() takes."""
    if WINDOWS:
        planter = behind("plant", name, data.hex(), stdin=subprocess.PIPE)
        contains(planter.stdout.readline().decode(), "planted", "plant")
        return planter
    with open(ring_file(name), "wb") as f:
        f.write(data)
    os.chmod(ring_file(name), 0o600)
    return None


def unplant(name, planter):
    if WINDOWS:
        planter.stdin.close()
        equal(planter.wait(timeout=PATIENCE), 0, "the end of what was planted")
    elif os.path.exists(ring_file(name)):
        os.unlink(ring_file(name))


def equal(got, want, what):
    if got != want:
        raise AssertionError("%s: got %.300r, should be %.300r" % (what, got, want))


def true(value, what):
    if not value:
        raise AssertionError("not so: " + what)


def contains(text, part, what):
    if part not in text:
        raise AssertionError("%s: %r does not contain %r" % (what, text, part))


def gone(name):
    """The ring's name is free again."""
    wait_until(lambda: not exists(name), "the name of %s is gone" % name)


def transfer(name, data, frame, receiver_first=False, send_args=(), recv_args=()):
    """Sends data through a ring by two processes, in either order; returns what came out."""
    def recv():
        return start("recv", name, "--frame", frame, *recv_args, stdout=out)
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as out:
        source.write(data)
        source.seek(0)
        if receiver_first:
            receiver = recv()
            wait_stat(name, lambda s: s["consumer"]["alive"], "the receiver is there")
        sender = start("send", name, "--frame", frame, *send_args, stdin=source)
        if not receiver_first:
            wait_stat(name, lambda s: s["producer"]["alive"], "the sender is there")
            receiver = recv()
        equal(finish(sender)[::2], (0, ""), "sender")
        equal(finish(receiver)[::2], (0, ""), "receiver")
        out.seek(0)
        return out.read()


def kill_all():
    for process in list(_started):
        if process.poll() is None:
            process.kill()


def clear_up():
    """What a failed test left behind must not disturb the next."""
    kill_all()
    for process in _started:
        process.wait()
    _started.clear()
    _keepers.clear()
    for name in _names:
        if not WINDOWS and os.path.exists(ring_file(name)):
            os.unlink(ring_file(name))


def main(tests, limit=2 * PATIENCE):
    """Runs the functions in order, prints TAP, and ends the program. With SHMRING_TEST_ONLY in the
    environment only the one of that name."""
    only = os.environ.get("SHMRING_TEST_ONLY")
    tests = [test for test in tests if only in (None, test.__name__)]
    failures = 0 if tests else 1
    for number, test in enumerate(tests, 1):
        os.environ["SHMRING_TEST_NAME"] = test.__name__
        begin = time.monotonic()
        # A read that nothing would end ends with the processes.
        watchdog = threading.Timer(limit, kill_all)
        watchdog.daemon = True
        watchdog.start()
        try:
            test()
            print("# %s took %.2f s" % (test.__name__, time.monotonic() - begin))
            print("ok %d - %s" % (number, test.__name__))
        except Skip as reason:
            print("ok %d - %s # SKIP %s" % (number, test.__name__, reason))
        except Exception:  # a test may fail in any way, and the next one still runs
            failures += 1
            for line in traceback.format_exc().splitlines():
                print("# " + line)
            print("not ok %d - %s" % (number, test.__name__))
        sys.stdout.flush()
        watchdog.cancel()
        clear_up()
    print("1..%d" % len(tests))
    sys.exit(1 if failures else 0)

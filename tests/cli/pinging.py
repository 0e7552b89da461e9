# SPDX-License-Identifier: MIT
"""What the tests of ping share: reflectors, and what a ping leaves behind."""
import glob
import signal

from rig import equal, finish, gone, start, true, unique, wait_stat

PERCENTILES = ["p50", "p90", "p99", "p99.9", "p99.99", "max"]


def leavesNothing(pid):
    equal(glob.glob("/dev/shm/shmring.*ping.%d.*" % pid), [], "names of ping %d" % pid)


def inOrder(latency, what):
    values = [latency[p] for p in PERCENTILES]
    true(values == sorted(values) and values[0] > 0, "%s in order: %r" % (what, values))


def reflector(*args):
    name = unique("mirror")
    process = start("ping", "--reflect", name, *args)
    wait_stat(name + ".ping", lambda s: s["consumer"]["alive"], "the reflector listens")
    return process, name


def stopReflector(process, name):
    process.send_signal(signal.SIGINT)
    status, out, err = finish(process)
    equal((status, err), (0, ""), "reflector")
    for ring in [name + ".ping", name + ".pong"]:
        gone(ring)
    return out.decode()

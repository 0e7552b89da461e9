# SPDX-License-Identifier: MIT
"""bridge: a ring to a stream of NATS JetStream and back, against real servers on loopback."""
import json
import random
import signal
import subprocess

import tempfile
import threading
import time

import nats
from rig import (PATIENCE, Skip, contains, create, equal, exists, finish, kill, main, remove, run, run_ok,
                 send_and_leave, start, stat, stop, true, unique, wait_stat, wait_until)

COUNT = 300000  # records of the tests with kills


def lines(first, last):
    return b"".join(b"%d\n" % i for i in range(first, last))


def has_bridge():
    status, _, err = run("bridge", "x", "--to", "nats://127.0.0.1:1", "--subject", "x")
    if status == 2:
        contains(err, "install the package libnats-dev", "sentence")
        raise Skip("the program was built without libnats")


def forward(name, url, subject, *more):
    return run("bridge", name, "--to", url, "--subject", subject, "--json", *more)


def refused(*args, says):
    """Fails with one sentence and without output."""
    status, out, err = run("bridge", *args)
    equal((status, out, err.count("\n")), (1, b"", 1), "bridge %s, which said %r" % (" ".join(args), err))
    contains(err, says, "sentence")


def withoutLibnatsItNamesThePackage():
    status, _, err = run("bridge", "x", "--to", "nats://127.0.0.1:1", "--subject", "x")
    if status == 1:
        raise Skip("the program was built with libnats")
    equal((status, err.count("\n")), (2, 1), "status and lines of %r" % err)
    contains(err, "install the package libnats-dev", "sentence")


def wrongUsageIsSaid():
    for args, says in [((), "give --to URL or --from URL"),
                       (("--to", "a", "--from", "b", "--subject", "c"), "give --to URL or --from URL"),
                       (("--to", "a"), "--subject"), (("--to", "a", "--subject", "b.*"), "--subject"),
                       (("--to", "a", "--subject", "b", "--when-behind", "sample:0"), "--when-behind"),
                       (("--from", "a", "--subject", "b", "--tap"), "belong to --to"),
                       (("--to", "a", "--subject", "b", "--tls-key", "k"), "belong together")]:
        status, out, err = run("bridge", "x", *args)
        equal((status, out), (2, b""), "bridge %s, which said %r" % (" ".join(args), err))
        contains(err, says, "sentence")


def recordsGoThroughAStreamAndBack():
    has_bridge()
    server = nats.Server().start()
    near, far = unique(), unique()
    create(near, "--capacity", "8M")
    data = lines(0, 100000)
    send_and_leave(near, data)
    status, out, err = forward(near, server.url, "t.one", "--create")
    equal((status, err), (0, ""), "forwarder")
    sums = json.loads(out)
    equal((sums["records"], sums["holes"], sums["lost_bytes"]), (100000, 0, 0), "sums")
    equal(stat(near)["used"], 0, "bytes left in the ring")
    receiver = start("bridge", far, "--from", server.url, "--subject", "t.one", "--count", "100000", "--json")
    wait_until(lambda: exists(far), "the far ring")
    equal(run_ok("recv", far, "--count", "100000"), data, "what came")
    status, out, err = finish(receiver)
    equal((status, err), (0, ""), "receiver")
    equal(json.loads(out)["records"], 100000, "received")
    equal(stat(far)["capacity"], 8 << 20, "capacity like the source's")
    remove(near)
    remove(far)
    server.end()


def aSecondRunSendsAndReceivesNothingTwice():
    has_bridge()
    server = nats.Server().start()
    near, far = unique(), unique()
    create(near)
    for part in range(3):
        send_and_leave(near, lines(1000 * part, 1000 * part + 1000))
        equal(json.loads(forward(near, server.url, "t.two", "--create")[1])["records"], 1000, "forwarded")
        receiver = start("bridge", far, "--from", server.url, "--subject", "t.two", "--count", "1000")
        wait_stat(far, lambda s: s["counters"]["sent"] == 1000 * part + 1000, "the part")
        equal(finish(receiver)[0], 0, "receiver")
        equal(run_ok("recv", far, "--count", "1000"), lines(1000 * part, 1000 * part + 1000), "part")
    status, _, err = run("bridge", far, "--from", server.url, "--subject", "t.two", "--timeout", "1s")
    equal(status, 1, "a receiver that has all")
    contains(err, "nothing came through stream 't_two' for 1", "sentence")
    equal(stat(far)["counters"]["sent"], 3000, "records in the far ring")
    remove(near)
    remove(far)
    server.end()


def aReceiverThatEndsInsideABlockGoesOnThere():
    has_bridge()
    server = nats.Server().start()
    near, far = unique(), unique()
    create(near)
    send_and_leave(near, lines(0, 5000))
    equal(json.loads(forward(near, server.url, "t.in", "--create", "--block", "256K")[1])["blocks"], 1, "blocks")
    got = b""
    for count in [1, 10, 1000, 3989]:
        status, _, err = run("bridge", far, "--from", server.url, "--subject", "t.in", "--count", str(count))
        equal((status, err), (0, ""), "receiver")
        got += run_ok("recv", far, "--count", str(count))
    equal(got, lines(0, 5000), "what came")
    remove(near)
    remove(far)
    server.end()


def aTapForwardsBesideTheReceiver():
    has_bridge()
    server = nats.Server().start()
    near, far = unique(), unique()
    create(near, "--capacity", "8M")
    receiver = start("recv", near)
    send_and_leave(near, lines(0, 20000))
    status, out, err = forward(near, server.url, "t.tap", "--create", "--tap")
    equal((status, err), (0, ""), "forwarder")
    equal(json.loads(out)["records"], 20000, "records")
    equal(finish(receiver)[:2], (0, lines(0, 20000)), "receiver beside it")
    status, out, err = run("bridge", far, "--from", server.url, "--subject", "t.tap", "--count", "20000")
    equal((status, err), (0, ""), "receiver")
    equal(run_ok("recv", far, "--count", "20000"), lines(0, 20000), "what came")
    remove(near)
    remove(far)
    server.end()


def aLossInFrontOfATapIsTold():
    has_bridge()
    server = nats.Server().start()
    near, far = unique(), unique()
    create(near, "--overflow", "overwrite", "--capacity", "64K")
    send_and_leave(near, lines(0, 100))
    forward(near, server.url, "t.lap", "--create", "--tap")
    send_and_leave(near, lines(100, 50000))  # overtakes what was forwarded
    sums = json.loads(forward(near, server.url, "t.lap", "--tap")[1])
    equal(sums["holes"], 1, "holes")
    true(sums["lost_bytes"] > 0, "lost bytes")
    status, _, err = run("bridge", far, "--from", server.url, "--subject", "t.lap", "--count",
                         str(100 + sums["records"]))
    equal(status, 0, "receiver")
    contains(err, "records are missing in stream 't_lap'", "sentence")
    got = run_ok("recv", far, "--count", str(100 + sums["records"]))
    equal(got, lines(0, 100) + lines(50000 - sums["records"], 50000), "what came")
    equal(stat(far)["counters"]["gaps"], 1, "records with GAP")
    remove(near)
    remove(far)
    server.end()


def whatIsWrongIsSaidInOneSentence():
    has_bridge()
    near = unique()
    create(near, "--capacity", "8M", "--max-record", "2M")
    port = nats.free_ports(1)[0]
    for way in "--to", "--from":
        refused(near, way, "nats://127.0.0.1:%d" % port, "--subject", "t.x", says="no NATS server answers")
    server = nats.Server('authorization { user: u, password: p }').start()
    refused(near, "--to", server.url, "--subject", "t.x", says="its credentials are wrong or missing")
    server.end()
    server = nats.Server(jetstream=False).start()
    refused(near, "--to", server.url, "--subject", "t.x", "--create", says="has no JetStream")
    server.end()
    server = nats.Server().start()
    refused(near, "--to", server.url, "--subject", "t.x", says="there is no stream 't_x'")
    send_and_leave(near, b"x" * (3 << 19) + b"\n")
    refused(near, "--to", server.url, "--subject", "t.x", "--create", says="raise max_payload of the server")
    equal(stat(near)["counters"]["received"], 0, "records released")
    remove(near)
    server.end()


def aStreamThatIsFullLosesNothing():
    has_bridge()
    server = nats.Server("max_payload: 1MB").start()
    full = nats.Server().start()
    full.kill()
    with open(full.command[2], "a", encoding="utf-8") as f:
        f.write('jetstream { store_dir: "%s/store", max_file: 128KB }\n' % full.folder.name)
    full.start()
    near, far = unique(), unique()
    create(near, "--capacity", "8M")
    send_and_leave(near, lines(0, 100000))
    bridge = start("bridge", near, "--to", full.url, "--subject", "t.full", "--create", "--block", "16K")
    contains(bridge.stderr.readline().decode(), "refuses what comes", "sentence")
    kill(bridge)
    left = stat(near)["used"]
    true(left > 0, "the ring keeps what the stream refuses")
    equal(json.loads(forward(near, server.url, "t.full", "--create")[1])["records"],
          100000 - stat_forwarded(full, far), "the rest, into another stream")
    remove(near)
    remove(far)
    server.end()
    full.end()


def stat_forwarded(server, far):
    """How many records the stream of a server has."""
    run("bridge", far, "--from", server.url, "--subject", "t.full", "--timeout", "1s")
    return stat(far)["counters"]["sent"]


def first_wrong(got):
    """None, or where it is not each number once and in order, with its surroundings."""
    for i, line in enumerate(got):
        if line != b"%d\n" % i:
            return i, got[max(i - 3, 0):i + 3], len(got)
    return None if len(got) == COUNT else ("short", len(got))


class Journey:
    """Records from a sender through servers into a file, of which parts are killed on the way."""

    def __init__(self, servers, subject, replicas):
        self.servers, self.replicas, self.subject = servers, replicas, subject
        self.url = ",".join(server.url for server in servers)
        self.near, self.far = unique(), unique()
        create(self.near, "--capacity", "4M")
        create(self.far, "--capacity", "4M")
        self.sender = start("send", self.near, stdin=subprocess.PIPE)
        self.errors = tempfile.TemporaryFile()
        self.got = []
        self.start_forwarder()
        self.start_receiver()
        self.reading = threading.Thread(target=self.read, daemon=True)
        self.reading.start()

    def read(self):
        """A reader is told when its sender has died or closed, and the next one goes on."""
        while True:
            reader = start("recv", self.far, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            for line in reader.stdout:
                self.got.append(line)
                if len(self.got) == COUNT:
                    return
            reader.wait()

    def start_forwarder(self):
        self.forwarder = start("bridge", self.near, "--to", self.url, "--subject", self.subject, "--create",
                               "--replicas", str(self.replicas), "--block", "16K",
                               stdout=subprocess.DEVNULL, stderr=self.errors)
        wait_stat(self.near, lambda s: s["consumer"]["pid"] == self.forwarder.pid, "the forwarder is connected")

    def start_receiver(self):
        self.receiver = start("bridge", self.far, "--from", self.url, "--subject", self.subject, "--create",
                              "--replicas", str(self.replicas), stdout=subprocess.DEVNULL, stderr=self.errors)
        wait_stat(self.far, lambda s: s["producer"]["pid"] == self.receiver.pid, "the receiver is connected")

    def send(self, first, last):
        self.sender.stdin.write(lines(first, last))
        self.sender.stdin.flush()

    def restart_forwarder(self):
        kill(self.forwarder)
        self.start_forwarder()

    def restart_receiver(self):
        kill(self.receiver)
        self.start_receiver()

    def restart_server(self):
        server = random.choice(self.servers)
        server.kill()
        server.start()

    def restart_all_servers(self):
        for server in self.servers:
            server.kill()
        for server in self.servers:
            server.start(wait=False)

    def pause_a_server(self):
        server = random.choice(self.servers)
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(0.5)
        server.process.send_signal(signal.SIGCONT)

    def end(self):
        self.sender.stdin.close()
        equal(self.sender.wait(timeout=PATIENCE), 0, "sender")
        self.reading.join(timeout=2 * PATIENCE)
        equal(first_wrong(self.got), None, "each record once and in order; the bridges said %r" % self.said())
        equal(self.forwarder.wait(timeout=PATIENCE), 0, "forwarder; the bridges said %r" % self.said())
        stop(self.receiver)
        equal(self.receiver.wait(timeout=PATIENCE), 0, "receiver")
        true("are missing" not in self.said(), "no hole: %r" % self.said())
        remove(self.near)
        remove(self.far)
        for server in self.servers:
            server.end()

    def said(self):
        self.errors.seek(0)
        return self.errors.read().decode()[-1000:]


def travel(journey, deeds):
    part = COUNT // (2 * len(deeds))
    for i, deed in enumerate(deeds):
        journey.send(2 * i * part, (2 * i + 1) * part)
        deed()
        journey.send((2 * i + 1) * part, (2 * i + 2) * part)
    journey.send(2 * len(deeds) * part, COUNT)
    journey.end()


def killsOnTheWayLoseAndDoubleNothing():
    has_bridge()
    j = Journey([nats.Server().start()], "t.kill", 1)
    deeds = [j.restart_forwarder, j.restart_receiver, j.restart_forwarder, j.restart_server] * 5
    random.shuffle(deeds)
    travel(j, deeds)


def aClusterOfThreeMayLoseAnyServer():
    has_bridge()
    j = Journey(nats.cluster(3), "t.three", 3)
    deeds = [j.restart_forwarder, j.restart_receiver, j.restart_server, j.pause_a_server] * 2
    random.shuffle(deeds)
    travel(j, deeds + [j.restart_all_servers])


TESTS = [withoutLibnatsItNamesThePackage, wrongUsageIsSaid, recordsGoThroughAStreamAndBack,
         aSecondRunSendsAndReceivesNothingTwice, aReceiverThatEndsInsideABlockGoesOnThere,
         aTapForwardsBesideTheReceiver, aLossInFrontOfATapIsTold, whatIsWrongIsSaidInOneSentence,
         aStreamThatIsFullLosesNothing, killsOnTheWayLoseAndDoubleNothing, aClusterOfThreeMayLoseAnyServer]

main([nats.with_servers(test) for test in TESTS], limit=4 * PATIENCE)

# SPDX-License-Identifier: MIT
"""Servers of NATS JetStream for tests: on loopback, on free ports, with stores that go with them."""
import ctypes
import functools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from rig import PATIENCE, Skip

_running = []
_libc = ctypes.CDLL(None)


def _end_with_us():
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Server:
    """One server; kill() and start() again keep its store."""

    def __init__(self, words="", jetstream=True, name="one", port=None):
        program = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin:/usr/local/bin")
        if program is None:
            raise Skip("there is no nats-server here: install the package nats-server")
        self.folder = tempfile.TemporaryDirectory(prefix="shmring-nats-")
        self.port = port or free_ports(1)[0]
        self.url = "nats://127.0.0.1:%d" % self.port
        path = os.path.join(self.folder.name, "conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write('listen: "127.0.0.1:%d"\nserver_name: %s\n%s\n' % (self.port, name, words))
            if jetstream:
                f.write('jetstream { store_dir: "%s/store" }\n' % self.folder.name)
        self.command = [program, "-c", path, "-l", os.path.join(self.folder.name, "log")]
        self.process = None
        _running.append(self)

    def start(self, wait=True):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        start_new_session=True, preexec_fn=_end_with_us)
        if wait:
            self.wait()
        return self

    def wait(self):
        """Until it takes connections."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("the server at port %d never came" % self.port)

    def kill(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(timeout=PATIENCE)
            self.process = None

    def end(self):
        self.kill()
        self.folder.cleanup()
        _running.remove(self)


def cluster(count):
    """That many servers, which are one cluster."""
    ports = free_ports(2 * count)
    routes = ", ".join('"nats-route://127.0.0.1:%d"' % p for p in ports[count:])
    servers = [Server('cluster { name: c, listen: "127.0.0.1:%d", routes: [%s] }' % (ports[count + i], routes),
                      name="s%d" % i, port=ports[i]) for i in range(count)]
    for server in servers:
        server.start(wait=False)
    for server in servers:
        server.wait()
    return servers


def end_all():
    for server in list(_running):
        server.end()


def with_servers(test):
    """A test after which no server runs, however it ends."""
    @functools.wraps(test)
    def run():
        try:
            test()
        finally:
            end_all()
    return run

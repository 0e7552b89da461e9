# SPDX-License-Identifier: MIT
"""A ring with traffic that does not end."""
import subprocess

from rig import PATIENCE, equal, finish, start, wait_stat


class Traffic:
    """A sender that does not end, and its receiver."""

    def __init__(self, name):
        self.source = subprocess.Popen(["yes", "a line of some length, again and again"],
                                       stdout=subprocess.PIPE)
        self.send = start("send", name, stdin=self.source.stdout)
        self.recv = start("recv", name, stdout=subprocess.DEVNULL)
        wait_stat(name, lambda s: s["counters"]["received"] > 0, "records pass")

    def end(self):
        self.source.kill()
        self.source.stdout.close()
        self.source.wait(timeout=PATIENCE)
        equal(finish(self.send)[0], 0, "sender")
        equal(finish(self.recv)[0], 0, "receiver")

# SPDX-License-Identifier: MIT
"""A terminal of any size inside tmux: what it shows, and keys."""
import os
import re
import shutil
import subprocess
import time

from rig import PATIENCE, TOOL, Skip, equal, not_on_windows, wait_until


class Terminal:
    """A shell in a terminal of its own; what it shows, and keys."""

    def __init__(self, columns=80, rows=24):
        not_on_windows("tmux has no Windows console")
        if shutil.which("tmux") is None:
            raise Skip("tmux is not installed")
        self.socket = "shmring-test-%d-%d" % (os.getpid(), time.monotonic_ns())
        env = dict(os.environ, LC_ALL="C.UTF-8", TERM="screen")
        env.pop("TMUX", None)
        env.pop("NO_COLOR", None)
        self.env = env
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows),
                  "env PS1='ready> ' bash --norc --noprofile -i")
        self.wait("ready>")

    def tmux(self, *args):
        return subprocess.run(["tmux", "-L", self.socket, *args], env=self.env, check=True,
                              timeout=PATIENCE, capture_output=True, text=True).stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["tmux", "-L", self.socket, "kill-server"], env=self.env, timeout=PATIENCE,
                       check=False)

    def type(self, *keys):
        self.tmux("send-keys", *keys)

    def lines(self):
        return self.tmux("capture-pane", "-p").split("\n")[:-1]

    def styled_lines(self):
        """With the sequences for colours, and the spaces at the ends."""
        return self.tmux("capture-pane", "-p", "-e", "-N").split("\n")[:-1]

    def says(self, format_):
        return self.tmux("display-message", "-p", format_).strip()

    def wait(self, pattern):
        """Until the screen has a match; returns it."""
        try:
            return wait_until(lambda: re.search(pattern, "\n".join(self.lines()), re.M),
                              "%r on the screen" % pattern)
        except AssertionError:
            print("# the screen:\n# " + "\n# ".join(self.lines()))
            raise

    def run(self, *words, before=""):
        self.type(" ".join([before + os.path.abspath(TOOL), *words]) + " # top", "Enter")

    def is_normal(self):
        """The shell's screen, with cursor and echo."""
        equal(self.says("#{alternate_on} #{cursor_flag}"), "0 1", "screen and cursor")
        self.type("stty -a | tr ' ' '\\n' | grep -c -E '^-?(icanon|echo);?$'; "
                  "stty -a | tr ' ' '\\n' | grep -E '^-(icanon|echo);?$' || echo all-normal",
                  "Enter")
        self.wait("^all-normal")

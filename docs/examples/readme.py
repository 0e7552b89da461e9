# SPDX-License-Identifier: MIT
"""The programs that README.md shows, and how to run them: test_readme.py and test_install.py."""
import os
import re
import subprocess
import time

from tap import check_equal, ring_file

NAME = '"temps"'  # the ring's, as the README has it
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
PATIENCE = 60


def programs(readme):
    """Source by name: a program is the C block that follows the line <!-- example: NAME -->."""
    with open(readme, encoding="utf-8") as f:
        text = f.read()
    return dict(re.findall(r"<!-- example: (\w+) -->\n```c\n(.*?)```", text, re.DOTALL))


def compile_lines(readme):
    """The shell commands that follow the line <!-- example: compile -->."""
    with open(readme, encoding="utf-8") as f:
        found = re.search(r"<!-- example: compile -->\n```sh\n(.*?)```", f.read(), re.DOTALL)
    return found.group(1).splitlines()


def on_ring(source, ring):
    """The same program on a ring that no other run of the tests uses."""
    check_equal(source.count(NAME), 1, "places where a README program names its ring")
    return source.replace(NAME, '"%s"' % ring)


def compile_program(compiler, folder, name, source, before=(), behind=()):
    """Builds folder/name from source. name ends in .c or .cc; what follows it goes to the linker."""
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(source)
    program = os.path.splitext(path)[0]
    subprocess.run([*compiler, *before, path, *behind, "-o", program], check=True)
    return program


def pass_a_value(sender, reader, ring, environment=None):
    """Runs the two programs, the reader first, and checks what a user would see."""
    process = subprocess.Popen([reader], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        deadline = time.monotonic() + PATIENCE
        while (not os.path.exists(ring_file(ring)) and process.poll() is None
               and time.monotonic() < deadline):
            time.sleep(0.005)
        sent = subprocess.run([sender], timeout=PATIENCE, env=environment, check=False)
        output, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    check_equal((sent.returncode, process.returncode), (0, 0), "exit statuses")
    check_equal(output, "21.5\n", "output of the reader")
    assert not os.path.exists(ring_file(ring)), "the name is still there"

# SPDX-License-Identifier: MIT
"""describe: what a ring's records are made of, from a file and back."""
import json
import os
import re
import tempfile

from rig import WINDOWS, contains, create, damage, equal, main, remove, run, run_ok, stat, unique

IMU = """# a sensor
type 1 Imu
uint64 stamp_ns    # [ns]
float64[3] accel   # [m/s^2]
float32 temperature
uint8 LEVEL=2

type 2 Log
uint8 level
string<=20 text"""


def a_file(text):
    handle, path = tempfile.mkstemp(suffix=".msg")
    with os.fdopen(handle, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    return path


def refused(text, *parts, exit_status=1):
    """The ring is not made; the sentence has these parts."""
    name, path = unique(), a_file(text)
    status, _, err = run("create", name, "--describe", path)
    os.unlink(path)
    equal((status, stat(name)), (exit_status, None), "create with %r" % text)
    for part in parts:
        contains(err, part, "create with %r" % text)


def whatAFileSaysIsWhatTheRingSays():
    name, path = unique(), a_file(IMU)
    create(name, "--describe", path)
    os.unlink(path)
    equal(run_ok("describe", name).decode(), IMU + "\n", "the text")
    about = json.loads(run_ok("describe", name, "--json"))
    equal((about["name"], about["text"], about["hash"]), (name, IMU, stat(name)["schema"]), "JSON")
    imu, log = about["types"]
    equal([(f["name"], f["type"], f.get("count"), f["offset"], f["size"], f["unit"]) for f in imu["fields"]],
          [("stamp_ns", "uint64", None, 0, 8, "ns"), ("accel", "float64", 3, 8, 8, "m/s^2"),
           ("temperature", "float32", None, 32, 4, "")], "fields")
    equal(imu["constants"], [{"name": "LEVEL", "type": "uint8", "value": "2"}], "constants")
    equal((log["number"], log["fields"][1]["bound"]), (2, 20), "the text of a log")
    remove(name)


def aDescriptionComesThroughAPipe():
    name = unique()
    if WINDOWS:
        return  # its create() waits in the foreground
    run_ok("create", name, "--describe", "-", data=IMU.encode())
    equal(run_ok("describe", name).decode(), IMU + "\n", "the text")
    remove(name)


def aWrongFileIsRefusedWithItsLine():
    refused("type 1 A\nfloat64[] x\n", ".msg, line 2, column 8", "sequence")
    refused("type 1 A\nwstring x\n", "line 2, column 1", "'wstring' is no type")
    refused("type 1 A\nuint8 a\nuint8 a\n", "line 3, column 7", "already")
    refused(b"type 1 A\0\nuint8 a\n", "line 1, column 9", "byte 0x00")
    refused(b"type 1 A # \x1b[31m\nuint8 a\n", "line 1, column 12")
    refused("", "there is no type in it")
    refused("type 1 A\n" + "#" * 20000, "at most 15360 bytes")
    status, _, err = run("create", unique(), "--describe", "/nonexistent/x.msg")
    equal(status, 1, "a file that is not there")
    contains(err, "/nonexistent/x.msg", "the sentence")


def bytesHaveNoDescription():
    name, path = unique(), a_file(IMU)
    status, _, err = run("create", name, "--framing", "bytes", "--describe", path)
    os.unlink(path)
    equal((status, stat(name)), (2, None), "create")
    contains(err, "is for records", "create")


def aRingWithoutOneSaysSo():
    name = unique()
    create(name)
    status, out, err = run("describe", name)
    equal((status, out), (1, b""), "describe")
    contains(err, "'%s' has no description" % name, "describe")
    remove(name)
    status, _, err = run("describe", name)
    equal(status, 1, "describe of no ring")
    contains(err, name, "describe of no ring")


def aChangedTextIsNotBelieved():
    name, path = unique(), a_file(IMU)
    create(name, "--describe", path)
    os.unlink(path)
    at = 4096 * 4 - 0x3C00  # the last bytes of the ring's first page group
    damage(name, at + IMU.index("uint64"), b"float6")
    status, out, err = run("describe", name)
    equal((status, out), (1, b""), "describe")
    contains(re.sub("\n", " ", err), "description", "describe")
    remove(name)


main([whatAFileSaysIsWhatTheRingSays, aDescriptionComesThroughAPipe, aWrongFileIsRefusedWithItsLine,
      bytesHaveNoDescription, aRingWithoutOneSaysSo, aChangedTextIsNotBelieved])

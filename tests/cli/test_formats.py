# SPDX-License-Identifier: MIT
"""tap and recv --format: records by their fields, chosen by --fields, --where, --every and --rate."""
import csv
import io
import json
import math
import os
import random
import struct
import tempfile

from rig import contains, create, equal, main, remove, run, run_ok, send_and_leave, true, unique

TEXT = """type Vec
float64 x
float64 y
type 0 All
uint64 big
int64 small
float64 real
float32 narrow # [degC]
bool flag
char[5] name
uint16 LIMIT=40000
uint16[3] list
Vec[2] at
string<=30 text
"""


def record(big=0, small=0, real=0.0, narrow=0.0, flag=0, name=b"", listed=(0, 0, 0), at=(0, 0, 0, 0), text=b""):
    fixed = struct.pack("<QqdfB5s3H", big, small, real, narrow, flag, name, *listed)
    fixed += b"\0" * (-len(fixed) % 8) + struct.pack("<4d", *at)
    return fixed + struct.pack("<I", len(text) + 1) + text + b"\0"


def a_ring(records, text=TEXT, *args):
    """A ring with the records in it, all sent with type 0."""
    name = unique()
    handle, path = tempfile.mkstemp()
    with os.fdopen(handle, "w") as f:
        f.write(text)
    create(name, *(["--describe", path] if text else []), *args)
    os.unlink(path)
    send_and_leave(name, b"".join(struct.pack("<I", len(r)) + r for r in records), "--frame", "length",
                   records=len(records))
    return name


def tapped(name, *args, kind="json"):
    return run_ok("tap", name, "--from", "oldest", "--format", kind, *args).decode()


def objects(name, *args):
    return [json.loads(line) for line in tapped(name, *args).splitlines()]


def everyValueIsExactInJson():
    full = record(2**64 - 1, -2**63, 0.1, struct.unpack("f", struct.pack("f", 21.7))[0], 2, b"ab\0cd", (1, 2, 65535),
                  (1.5, -0.0, 1e300, 5e-324), 'a"\\\n\x1b[é'.encode() + b"\xff")
    name = a_ring([full])
    line = tapped(name)
    fields = ('{"big":18446744073709551615,"small":-9223372036854775808,"real":0.1,"narrow":21.7,"flag":true,'
              '"name":"ab","list":[1,2,65535],"at":[{"x":1.5,"y":-0},{"x":1e+300,"y":5e-324}],'
              '"text":"a\\"\\\\\\u000a\\u001b[é\\ufffd"}')
    equal(line, '{"position":0,"type":"All","flags":0,"stamp_ns":0,"fields":%s}\n' % fields, "the line")
    equal(json.loads(line)["fields"]["at"][1]["y"], 5e-324, "the smallest")
    equal(run_ok("recv", name, "--format", "json", "--count", "1").decode(), line, "recv")
    remove(name)


def realNumbersAreReadBackAsTheyWere():
    rng = random.Random(7)
    reals = [struct.unpack("d", rng.randbytes(8))[0] for _ in range(500)] + [1 / 3, 1e22, 1e23, 123456789.125]
    narrow = [struct.unpack("f", rng.randbytes(4))[0] for _ in range(len(reals))]
    name = a_ring([record(real=r, narrow=n) for r, n in zip(reals, narrow)])
    got = [o["fields"] for o in objects(name)]
    equal(len(got), len(reals), "records")
    for one, real, short in zip(got, reals, narrow):
        for value, want, form in ((one["real"], real, "d"), (one["narrow"], short, "f")):
            if math.isfinite(want):
                equal(struct.pack(form, value), struct.pack(form, want), "a number of %s" % form)
            else:
                equal(value, None, "no number")
    remove(name)


def csvHasOneHeaderAndAColumnForEachElement():
    name = a_ring([record(1, text=b'x,"y"'), record(2, real=math.nan, narrow=math.inf, listed=(7, 8, 9)), b"short"])
    rows = list(csv.reader(io.StringIO(tapped(name, kind="csv"))))
    equal(rows[0], ["position", "type", "flags", "stamp_ns", "big", "small", "real", "narrow", "flag", "name",
                    "list[0]", "list[1]", "list[2]", "at[0].x", "at[0].y", "at[1].x", "at[1].y", "text", "payload"],
          "header")
    equal({len(row) for row in rows}, {len(rows[0])}, "columns of each line")
    equal((rows[1][4], rows[1][17], rows[2][6:8], rows[2][10:13]),
          ("1", 'x,"y"', ["nan", "inf"], ["7", "8", "9"]), "values")
    equal((rows[3][1], rows[3][-1]), ("0", b"short".hex()), "a record that does not fit")
    few = tapped(name, "--fields", "list,at[1].y", kind="csv").splitlines()
    equal(few[0], "position,type,flags,stamp_ns,list[0],list[1],list[2],at[1].y,payload", "chosen")
    remove(name)


def aTableHasUnitsAndLinesUp():
    name = a_ring([record(5, narrow=21.5, name=b"tom"), record(123456, narrow=-3), b"?"])
    head, first, second, last = tapped(name, "--fields", "big,narrow,name", kind="table").splitlines()
    true(head.split() == ["position", "type", "stamp", "[ns]", "big", "narrow", "[degC]", "name"], "head: " + head)
    equal((first.split()[3:], second.split()[3:]), (["5", "21.5", "tom"], ["123456", "-3"]), "values")
    contains(last, "1 bytes  3f", "a record that does not fit")
    remove(name)


def recordsWithoutATypeStayReadable():
    for text in ("", "type 9 Other\nuint8 a\n"):
        name = a_ring([b"\0\xff"], text)
        equal(tapped(name), '{"position":0,"type":0,"flags":0,"stamp_ns":0,"hex":"00ff"}\n', "JSON")
        equal(tapped(name, kind="csv").splitlines()[1][-5:], ",00ff", "CSV")
        contains(tapped(name, kind="table"), "2 bytes  00ff", "table")
        contains(tapped(name, kind="hex"), "00 ff", "hex")
        remove(name)


def aHostileLengthIsNotBelieved():
    good = record(text=b"0123456789")
    bad = [good[:-15] + struct.pack("<I", n) + good[-11:] for n in (12, 0xFFFFFFFF, 0x80000000, 32)]
    name = a_ring([good, *bad, good[:3], b""])
    got = objects(name)
    equal(["fields" in o for o in got], [True] + [False] * 6, "which are believed")
    equal(got[2]["hex"], bad[1].hex(), "all bytes of one")
    equal(len(objects(name, "--where", "len < 5")), 2, "a condition on what is no record of a type")
    equal(len(objects(name, "--where", "text != 'x'")), 1, "a condition on a field that is not there")
    remove(name)


def conditionsChoose():
    name = a_ring([record(i, small=-i, real=i / 4, narrow=math.nan if i == 3 else i, flag=i & 1, listed=(i, 40000, i),
                          at=(i, 0, 0, -i), name=b"n%d" % i, text=b"t%d" % i) for i in range(10)]
                  + [record(2**64 - 1), record(2**53 + 1)])
    for text, want in {
            "big > 7 and big < 10": [8, 9], "big<2||big==5": [0, 1, 5], "small <= -8": [8, 9], "real == 0.25": [1],
            "not (big > 1)": [0, 1], "!flag and big<5": [0, 2, 4], "flag == true and big < 4": [1, 3],
            "narrow != narrow": [3], "name == 'n4'": [4], 'text >= "t8"': [8, 9], "at[1].y < -8": [9],
            "list[1] == LIMIT and list[2] = 6": [6], "big == 0xa or big == 7": [7],
            "big == 18446744073709551615": [2**64 - 1], "big > 9007199254740992.0": [2**64 - 1, 2**53 + 1],
            "big == 9007199254740992": [], "type == 'All' and big == 2": [2], "type == 0 and position == 0": [0],
            "type == 1 or type == 'Imu'": [], "big > -1 and big < 1.5": [0, 1], "big and big < 2": [1],
            "big > 1 or big > 100 and big < 0": [2, 3, 4, 5, 6, 7, 8, 9, 2**64 - 1, 2**53 + 1]}.items():
        equal([o["fields"]["big"] for o in objects(name, "--where", text)], want, text)
    equal(run_ok("tap", name, "--from", "oldest", "--frame", "raw", "--where", "big == 3"),
          record(3, -3, 0.75, math.nan, 1, b"n3", (3, 40000, 3), (3, 0, 0, -3), b"t3"), "with a frame")
    remove(name)


def aWrongConditionHasItsColumn():
    name = a_ring([record()])
    for text, parts in {
            "big >": ("column 6", "missing at the end"), "bog > 1": ("column 1", "'bog'"), "list > 1": ("array",),
            "at[0] > 1": ("several fields",), "big > 1 2": ("column 9",), "(big": ("column 5", "column 1"),
            "1 < big < 3": ("do not chain",), "text == 'x": ("column 9", "no end"), "1x == 2": ("'1x' is no number",),
            "(" * 40 + "1" + ")" * 40: ("more than 32 deep",), "not " * 40 + "1": ("more than 32 deep",),
            "1 or " * 200 + "1": ("more than 256 parts",), "x" * 2000: ("more than 1024 bytes",),
            "list[3] == 1": ("'list[3]'",), "and 1": ("before 'and'",), "a" * 300: ("more than 255 letters",)}.items():
        status, out, err = run("tap", name, "--from", "oldest", "--where", text)
        equal((status, out), (2, b""), text)
        for part in ("--where",) + parts:
            contains(err, part, text)
    remove(name)
    name = a_ring([b"abc"], "")
    status, _, err = run("tap", name, "--where", "temperature > 1")
    equal(status, 2, "without a description")
    contains(err, "without a description", "without a description")
    equal(len(objects(name, "--where", "len == 3 and type == 0")), 1, "what every record has")
    remove(name)


def someOfManyAreShown():
    name = a_ring([record(i) for i in range(100)])
    equal([o["fields"]["big"] for o in objects(name, "--every", "30")], [0, 30, 60, 90], "each 30th")
    equal([o["fields"]["big"] for o in objects(name, "--every", "10", "--where", "big >= 75")], [75, 85, 95], "of those")
    equal([o["fields"] for o in objects(name, "--fields", "list,at[0],big", "--count", "1")],
          [{"list": [0, 0, 0], "at[0]": {"x": 0, "y": 0}, "big": 0}], "chosen fields")
    true(1 <= len(objects(name, "--rate", "1")) <= 100, "a rate")
    equal([json.loads(line)["fields"]["big"] for line in
           run_ok("recv", name, "--format", "json", "--where", "big > 50", "--count", "2").splitlines()], [51, 52],
          "what recv counts")
    remove(name)


def wrongUsageIsSaid():
    name = a_ring([record()])
    for args, part in ((("--format", "json", "--frame", "raw"), "exclude"), (("--fields", "big"), "--fields needs"),
                       (("--format", "csv", "--fields", "big,,x"), "commas"),
                       (("--format", "xml"), "must be table, json, csv or hex")):
        status, _, err = run("tap", name, "--from", "oldest", *args)
        equal(status, 2, " ".join(args))
        contains(err, part, " ".join(args))
    for args, part in ((("--format", "csv", "--fields", "nope"), "'nope'"),
                       (("--format", "csv", "--fields", "at[0]"), "several fields")):
        status, _, err = run("tap", name, "--from", "oldest", *args)
        equal(status, 1, " ".join(args))
        contains(err, part, " ".join(args))
    remove(name)


def tooManyColumnsAreRefusedAtOnce():
    nested = "type A0\nuint8 x\n" + "".join("type A%d\nA%d[100] x\n" % (i, i - 1) for i in range(1, 5)) + "type 0 T\nA4 a\n"
    name = a_ring([b"x"], nested)
    status, _, err = run("tap", name, "--from", "oldest", "--format", "csv")
    equal(status, 1, "status")
    contains(err, "more than 1024 columns", "sentence")
    equal(objects(name)[0]["hex"], "78", "JSON needs none")
    remove(name)


main([everyValueIsExactInJson, realNumbersAreReadBackAsTheyWere, csvHasOneHeaderAndAColumnForEachElement,
      aTableHasUnitsAndLinesUp, recordsWithoutATypeStayReadable, aHostileLengthIsNotBelieved, conditionsChoose,
      aWrongConditionHasItsColumn, someOfManyAreShown, wrongUsageIsSaid, tooManyColumnsAreRefusedAtOnce])

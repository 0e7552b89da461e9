# SPDX-License-Identifier: MIT
"""compare: figures that are planted, so that what must be found is known. test_compare.py TOOL SCHEMA ..."""
import json
import math
import os
import random
import shlex
import sys
import tempfile

SCHEMA = sys.argv.pop(2)  # before rig takes the rest

# pylint: disable=wrong-import-position
from rig import Skip, contains, equal, finish, main, not_on_windows, run, run_ok, start, stop, true, wait_until

TRIES = 20


def planted(time, noise=0.03, disturbed=0.05):
    return max(1, round(time * random.gauss(1, noise) * (1.5 if random.random() < disturbed else 1)))


def ping(time, runs=15, state="near", size=8, noise=0.03):
    """What a ping would have printed whose round trips take so long; ten times finer than nanoseconds."""
    def one():
        p50 = planted(time, noise)
        return {"state": state, "round_trip_ns": {"p50": p50, "p99": planted(3 * time, 0.2), "p99.9": planted(9 * time, 0.4)},
                "one_way_ns": {"p50": planted(time / 2, noise)}}
    return {"command": "ping", "version": "0", "cpu": "a", "system": "b", "cpus": [0, 1], "size": size,
            "runs": [one() for _ in range(runs)]}


def flood(rate, runs=15):
    return {"command": "flood", "version": "0", "cpu": "a", "system": "b", "rows": [
        {"size": size, "batch": 1, "runs": [{"state": "far", "messages_per_second": planted(rate / size)}
                                            for _ in range(runs)]} for size in [8, 64]]}


def written(folder, name, what):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(what if isinstance(what, str) else json.dumps(what))
    return path


def compared(folder, a, b, *args):
    return run("compare", written(folder, "a.json", a), written(folder, "b.json", b), *args)


def verdict(folder, a, b):
    status, out, err = compared(folder, a, b, "--json")
    equal((status, err), (0, ""), "compare")
    judged = [q for q in json.loads(out)["quantities"] if q["judged"]]
    equal(len(judged), 1, "judged quantities")
    return judged[0]["verdict"]


def aThingDoesNotDifferFromItself():
    """In 95 of 100 tries: at least that, less three deviations of chance in so many of them."""
    random.seed(19)
    with tempfile.TemporaryDirectory() as folder:
        verdicts = [verdict(folder, ping(1000), ping(1000)) for _ in range(5 * TRIES)]
        one = ping(1000)
        equal(verdict(folder, one, one), "no difference", "the same file")
        contains(compared(folder, one, one)[1].decode(), "no difference that this data can show", "sentence")
    same = verdicts.count("no difference")
    true(same >= 5 * TRIES * 0.95 - 3 * math.sqrt(5 * TRIES * 0.95 * 0.05), "no difference in %d of %d" % (same, 5 * TRIES))


def fivePercentAreFound():
    random.seed(5)
    with tempfile.TemporaryDirectory() as folder:
        slower = [verdict(folder, ping(1000, 30, noise=0.02), ping(1050, 30, noise=0.02)) for _ in range(TRIES)]
        true(slower.count("worse") >= TRIES - 1, "slower: %r" % slower)
        equal(verdict(folder, ping(1050, 30, noise=0.01), ping(1000, 30, noise=0.01)), "better", "faster")
        status, out, err = compared(folder, ping(1000, 30), ping(1100, 30), "--strict")
        equal((status, err), (1, "shmring: B is worse than A\n"), "--strict")
        contains(out.decode(), "B is worse", "sentence")
        equal(compared(folder, ping(1100, 30), ping(1000, 30), "--strict")[0], 0, "better is no failure")


def ofARateMoreIsBetter():
    random.seed(3)
    with tempfile.TemporaryDirectory() as folder:
        d = json.loads(compared(folder, flood(8e8), flood(9e8), "--json")[1])
        equal([(q["size"], q["state"], q["verdict"]) for q in d["quantities"]],
              [(8, "far", "better"), (64, "far", "better")], "rows")
        for q in d["quantities"]:
            true(1.05 < q["ratio"]["low"] < q["ratio"]["median"] < q["ratio"]["high"] < 1.2, "ratio: %r" % q)
        contains(compared(folder, flood(9e8), flood(8e8), "--strict")[2], "B is worse", "less")


def onlyRunsOfOneStateAreCompared():
    random.seed(7)
    with tempfile.TemporaryDirectory() as folder:
        a, b = ping(1000), ping(1000)
        a["runs"] += ping(5000, state="far")["runs"]
        b["runs"] += ping(5000, 1, state="far")["runs"]
        d = json.loads(compared(folder, a, b, "--json")[1])
        found = {q["state"]: (q["verdict"], q["a"]["runs"], q["b"]["runs"]) for q in d["quantities"] if q["judged"]}
        equal(found, {"near": ("no difference", 15, 15), "far": ("too few runs", 15, 1)}, "states")
        status, out, err = compared(folder, ping(1000), ping(1000, state="far"))
        equal((status, out), (1, b""), "no state in common")
        contains(err, "nothing can be compared", "sentence")
        contains(compared(folder, ping(1000, 3), ping(2000, 3))[1].decode(), "too few runs to say: 4 of each side", "few")


def printer(folder, name, *values):
    """A command that prints a ping; each call the next of the values, which drift together."""
    path = written(folder, name + ".json", [ping(value, 1, noise=0.001) for value in values])
    code = ("import json, os; f = '%s.at'; n = int(open(f).read()) if os.path.exists(f) else 0\n"
            "open(f, 'w').write(str(n + 1)); open('%s/order', 'a').write('%s')\n"
            "print(json.dumps(json.load(open('%s'))[n]))" % (path, folder, name, path))
    return [sys.executable, "-c", code]


def commandsRunInTurns():
    not_on_windows("the shell there quotes in another way")
    random.seed(11)
    drift = [1000 * (1 + 4 * random.random()) for _ in range(12)]
    with tempfile.TemporaryDirectory() as folder:
        a, b = printer(folder, "a", *drift), printer(folder, "b", *[1.05 * d for d in drift])
        d = json.loads(run_ok("compare", "--vs", shlex.join(a), "--runs", "12", "--json", "--", *b))
        with open(os.path.join(folder, "order"), encoding="ascii") as f:
            equal(f.read(), "abba" * 6, "turns")
        equal((d["paired"], d["a"]["runs"], d["b"]["runs"]), (True, 12, 12), "pairs")
        (judged,) = [q for q in d["quantities"] if q["judged"]]
        equal(judged["verdict"], "worse", "5 %% below a drift of 500 %%: %r" % judged["ratio"])


def aCommandThatFailsIsAFailure():
    not_on_windows("the shell there has other words")
    for vs, says in [("exit 3", "ended with status 3"), ("echo hello", "is no JSON"), ("echo {}", "has no runs"),
                     ("shmring-that-is-not-there 2>/dev/null", "ended with status 127")]:
        status, out, err = run("compare", "--vs", vs, "--", "true", "true")
        equal((status, out, err.count("\n")), (1, b"", 1), "%s: %s" % (vs, err))
        contains(err, says, "sentence")
    with tempfile.TemporaryDirectory() as folder:
        pid = os.path.join(folder, "pid")
        process = start("compare", "--vs", "echo $$ >'%s'; sleep 600" % pid, "--", "true", "true")
        wait_until(lambda: os.path.exists(pid) and os.path.getsize(pid) > 0, "it runs")
        with open(pid, encoding="ascii") as f:
            number = int(f.read())
        stop(process)
        equal(finish(process)[:2], (1, b""), "stopped")
        true(not os.path.exists("/proc/%d" % number), "the command has ended, too")


def realFiguresAreRead():
    with tempfile.TemporaryDirectory() as folder:
        out = run_ok("ping", "--json", "--runs", "4", "--count", "300").decode()
        status, text, err = compared(folder, out, out, "--json")
        equal((status, err), (0, ""), "compare")
        for q in json.loads(text)["quantities"]:
            true(q["verdict"] in ("no difference", "too few runs"), "verdict %r" % q)
            equal(q["ratio"]["median"], 1, "ratio")
        out = run_ok("flood", "--json", "--size", "64", "--seconds", "0.1").decode()
        equal(compared(folder, out, out)[0], 0, "flood")


def theJsonIsOfItsSchema():
    try:
        import jsonschema  # pylint: disable=import-outside-toplevel
    except ImportError:
        raise Skip("there is no python3-jsonschema")  # pylint: disable=raise-missing-from
    with open(SCHEMA, encoding="utf-8") as f:
        schema = json.load(f)
    with tempfile.TemporaryDirectory() as folder:
        for a in [ping(1000), ping(1000, 2), flood(8e8)]:
            d = json.loads(compared(folder, a, a, "--json")[1])
            jsonschema.validate(d, schema)
    del d["quantities"][0]["verdict"]
    try:
        jsonschema.validate(d, schema)
    except jsonschema.ValidationError:
        return
    raise AssertionError("the schema takes a quantity without a verdict")


def wrongFilesAndUsageAreRefused():
    with tempfile.TemporaryDirectory() as folder:
        good = ping(1000)
        for bad in ["", "{", "[1,]", '{"command":"ping","runs":[}', "[" * 5000, '{"a" 1}', '"\\u12', "nul", "1e", "{}x",
                    json.dumps(good)[:-1], '{"command":"ping","runs":[]}', "[]", "7", '{"command":7,"runs":7}',
                    '{"command":"ping","runs":[1,"x",null,{"state":7,"round_trip_ns":[]}]}']:
            status, out, err = compared(folder, good, bad)
            equal((status, out, err.count("\n")), (1, b"", 1), "%.30r: %s" % (bad, err))
        status, out, err = run("compare", written(folder, "a", good), os.path.join(folder, "nowhere"))
        equal((status, out, err.count("\n")), (1, b"", 1), "no such file: " + err)
    for args, says in [([], "two files"), (["a"], "two files"), (["a", "b", "--runs", "3"], "goes with --vs"),
                       (["--vs", "x"], "second command"), (["--vs", "x", "--runs", "201", "--", "y"], "200 at most")]:
        status, out, err = run("compare", *args)
        equal((status, out, err.count("\n")), (2, b"", 1), "compare %r: %s" % (args, err))
        contains(err, says, "sentence")


if __name__ == "__main__":
    main([aThingDoesNotDifferFromItself, fivePercentAreFound, ofARateMoreIsBetter, onlyRunsOfOneStateAreCompared,
          commandsRunInTurns, aCommandThatFailsIsAFailure, realFiguresAreRead, theJsonIsOfItsSchema,
          wrongFilesAndUsageAreRefused])

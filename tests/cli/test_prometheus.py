# SPDX-License-Identifier: MIT
"""stat --prometheus: the text exposition format, read strictly, and the ways to scrape it that
docs/monitoring.md has, as they stand there. Usage: test_prometheus.py TOOL DOCUMENT [WORDS...]"""
import os
import re
import shlex
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import urllib.request

DOCUMENT = sys.argv.pop(2)

from rig import (COMMAND, PATIENCE, TOOL, WINDOWS, Skip, contains, create, damage, equal, main,
                 not_on_windows, remove, run, run_ok, send_and_leave, stat, true, unique, wait_until)

HELP = re.compile(r"# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (\S.*)")
TYPE = re.compile(r"# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|summary)")
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')
ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


def parse_labels(text, line):
    labels = {}
    while text:
        found = LABEL.match(text)
        true(found and (found.group(3) == "" or found.end() < len(text)), "labels of %r" % line)
        true(found.group(1) not in labels, "each label once in %r" % line)
        labels[found.group(1)] = re.sub(r"\\.", lambda m: ESCAPES[m.group()], found.group(2))
        text = text[found.end():]
    return labels


def family_of(name, types):
    """The metric of a sample; a summary's has samples of more names."""
    for end in ("_sum", "_count"):
        if name.endswith(end) and types.get(name[:-len(end)]) == "summary":
            return name[:-len(end)]
    return name


def parse(data):
    """{metric: {sorted labels: value}}, or an error: HELP, then TYPE, then all samples of a metric,
    none of them twice."""
    true(data.endswith(b"\n"), "the last line ends")
    metrics, types, helps, current = {}, {}, set(), None
    for line in data.decode("utf-8").split("\n")[:-1]:
        true(line == line.strip() and line, "no spaces around %r" % line)
        if line.startswith("# HELP"):
            name = HELP.fullmatch(line).group(1)
            true(name not in helps, "one HELP for " + name)
            helps.add(name)
            current = name
        elif line.startswith("#"):
            name, kind = TYPE.fullmatch(line).groups()
            true(name == current and name not in types, "TYPE follows the HELP of " + name)
            equal(name.endswith("_total"), kind == "counter", name + " ends in _total")
            types[name] = kind
            metrics[name] = {}
        else:
            name, labels, value = SAMPLE.fullmatch(line).groups()
            equal(family_of(name, types), current, "metric of %r" % line)
            true(current in types, "a TYPE before %r" % line)
            found = parse_labels(labels[1:-1], line) if labels else {}
            true(labels is None or found, "no empty braces in %r" % line)
            key = (name, *sorted(found.items()))
            true(key not in metrics[current], "%r once" % line)
            true(re.fullmatch(r"[0-9.]+(e[-+][0-9]+)?|NaN", value), "a number in %r" % line)
            metrics[current][key] = float(value)
    equal(set(types), helps, "metrics with HELP and TYPE")
    return metrics


def value(metrics, name, **labels):
    return metrics[name][(name, *sorted(labels.items()))]


def scrape(*names):
    return parse(run_ok("stat", "--prometheus", *names))


# Where the counters lie, and what the metrics and JSON call them: docs/protocol.md.
PRODUCER_AT, CONSUMER_AT = 0x4000, 0x8000
COUNTERS = [(PRODUCER_AT + 0x088, "sent", "sent_records_total", None),
            (PRODUCER_AT + 0x200, "rejected", "rejected_records_total", None),
            (PRODUCER_AT + 0x208, "producer_stalls", "stalls_total", "producer"),
            (PRODUCER_AT + 0x210, "producer_sleeps", "sleeps_total", "producer"),
            (PRODUCER_AT + 0x218, "producer_wakes", "wakes_total", "producer"),
            (PRODUCER_AT + 0x220, "high_water", "high_water_bytes", None),
            (PRODUCER_AT + 0x228, "recovered", "recovered_records_total", None),
            (CONSUMER_AT + 0x308, "received", "received_records_total", None),
            (CONSUMER_AT + 0x400, "consumer_stalls", "stalls_total", "consumer"),
            (CONSUMER_AT + 0x408, "consumer_sleeps", "sleeps_total", "consumer"),
            (CONSUMER_AT + 0x410, "consumer_wakes", "wakes_total", "consumer"),
            (CONSUMER_AT + 0x418, "gaps", "gaps_total", None),
            (CONSUMER_AT + 0x420, "lapped", "lapped_total", None),
            (CONSUMER_AT + 0x428, "lapped_bytes", "lapped_bytes_total", None)]


def shouldNotSwapOneCounterForAnother():
    name = unique()
    create(name, "--capacity", "64K")
    for n, (at, *_) in enumerate(COUNTERS):
        damage(name, at, struct.pack("=Q", 1000 + 10 * n))
    m, s = scrape(name), stat(name)
    for n, (_, key, metric, role) in enumerate(COUNTERS):
        labels = {"ring": name} if role is None else {"ring": name, "role": role}
        equal(s["counters"][key], 1000 + 10 * n, "JSON: " + key)
        equal(value(m, "shmring_" + metric, **labels), 1000 + 10 * n, "metric: " + metric)
    words = " ".join(run_ok("stat", name).decode().replace(",", "").split())
    for n, (_, key, metric, role) in enumerate(COUNTERS):
        if key not in ("high_water", "lapped", "lapped_bytes"):
            contains(words, str(1000 + 10 * n), "stat for people: " + key)
    contains(words, "1000 sent 1070 received 1010 refused while full 1110 gaps", "stat for people")
    remove(name)


def shouldSayTheSameAsJson():
    name = unique()
    create(name, "--capacity", "64K")
    send_and_leave(name, b"one\ntwo\nthree\n")
    run_ok("recv", name, "--count", "2")
    m, s = scrape(name), stat(name)
    for metric, want in [
            ("capacity_bytes", s["capacity"]), ("used_bytes", s["used"]), ("alive", s["alive"]),
            ("high_water_bytes", s["counters"]["high_water"]), ("written_bytes_total", s["tail"]),
            ("released_bytes_total", s["head"]), ("sent_records_total", 3),
            ("received_records_total", 2), ("rejected_records_total", 0), ("gaps_total", 0),
            ("recovered_records_total", 0), ("lapped_total", 0), ("lapped_bytes_total", 0),
            ("evicted_bytes_total", 0), ("evicted_records_total", 0),
            ("created_timestamp_seconds", s["created_ns"] // 10**9)]:
        equal(value(m, "shmring_" + metric, ring=name), want, metric)
    for role in ("producer", "consumer"):
        for metric, want in [("role_alive", False), ("role_pid", s[role]["pid"]),
                             ("role_claims_total", s[role]["epoch"]), ("role_waiting", False)]:
            equal(value(m, "shmring_" + metric, ring=name, role=role), want, role + " " + metric)
        for what in ("stalls", "sleeps", "wakes"):
            equal(value(m, "shmring_%s_total" % what, ring=name, role=role),
                  s["counters"]["%s_%s" % (role, what)], role + " " + what)
    info = [key for key in m["shmring_ring_info"]]
    equal(len(info), 1, "samples of one ring")
    true(("framing", "records") in info[0] and ("stamp", "none") in info[0], "%r" % info)
    true("shmring_rings" not in m, "one ring is not counted")
    remove(name)


def shouldSummarizeLatencies():
    name, plain = unique(), unique()
    create(name, "--stamp", "monotonic")
    create(plain)
    send_and_leave(name, b"one\ntwo\nthree\n")
    m = scrape(name)
    true(all(v != v for k, v in m["shmring_latency_seconds"].items() if len(k) == 3), "none yet")
    run_ok("recv", name, "--count", "3")
    m, latency = scrape(name), stat(name)["latency"]
    for quantile, key in [("0.5", "p50_ns"), ("0.99", "p99_ns"), ("0.999", "p999_ns"),
                          ("1", "max_ns")]:
        equal(round(m["shmring_latency_seconds"][
            ("shmring_latency_seconds", ("quantile", quantile), ("ring", name))] * 1e9),
              latency[key], key)
    samples = {k[0]: v for k, v in m["shmring_latency_seconds"].items() if len(k) == 2}
    equal(samples["shmring_latency_seconds_count"], 3, "count")
    true(latency["max_ns"] * 30 / 32 < samples["shmring_latency_seconds_sum"] * 1e9
         <= 3 * latency["max_ns"], "the sum of three")
    equal(scrape(plain)["shmring_latency_seconds"], {}, "samples without stamps")
    remove(name)
    remove(plain)


def shouldCountWhatAnOverwritingRingLost():
    name = unique()
    create(name, "--overflow", "overwrite", "--capacity", "64K")
    send_and_leave(name, b"12345678\n" * 10000)
    run("recv", name)
    m, s = scrape(name), stat(name)
    for metric, want in [
            ("high_water_bytes", s["counters"]["high_water"]), ("lapped_total", 1),
            ("lapped_bytes_total", s["counters"]["lapped_bytes"]),
            ("evicted_bytes_total", s["evict"]), ("evicted_records_total", s["evict"] // 16)]:
        equal(value(m, "shmring_" + metric, ring=name), want, metric)
        true(want > 0, metric + " is not 0")
    remove(name)


def shouldShowEveryRingWithoutAName():
    one, two = unique(), unique()
    create(one, "--stamp", "monotonic")
    create(two, "--framing", "bytes")
    m = scrape()
    for name in (one, two):
        equal(value(m, "shmring_capacity_bytes", ring=name), 1 << 20, "capacity")
    true(value(m, "shmring_rings") >= 2, "rings are counted")
    for metric, samples in m.items():
        if metric not in ("shmring_rings", "shmring_unreadable_rings"):
            rings = [dict(key[1:])["ring"] for key in samples]
            true(one in rings, metric + " has the ring of records")
            equal(two in rings, metric not in ("shmring_evicted_records_total",
                                               "shmring_latency_seconds"), metric + " of bytes")
    remove(one)
    remove(two)


def shouldCountARingThatCannotBeRead():
    name = unique()
    create(name)
    damage(name, 0, b"SHMRING9")
    true(value(scrape(), "shmring_unreadable_rings") >= 1, "it is counted")
    status, out, err = run("stat", name, "--prometheus")
    equal((status, out), (1, b""), "by name")
    contains(err, name, "sentence")
    remove(name)


def shouldEscapeWhatAProgramCallsItself():
    not_on_windows("the name of a program is a file's")
    name, strange = unique(), 'a"b\\c\nd\xe9'
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, strange)
        shutil.copy(TOOL, program)
        receiver = subprocess.Popen([program, "recv", name], stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE)
        try:
            wait_until(lambda: stat(name), "the ring is there")
            (key,) = wait_until(lambda: [k for k in scrape(name)["shmring_ring_info"]
                                         if dict(k[1:])["consumer"]], "the reader is there")
        finally:
            receiver.terminate()
            receiver.communicate(timeout=PATIENCE)
    equal(dict(key[1:])["consumer"].encode("latin-1")[:8], b'a"b\\c?d\xe9',
          "name of the program")


def shouldKeepThePrefixOfAGlobalRing():
    name = "Global\\" + unique()
    create(name)
    equal(value(scrape(name), "shmring_alive", ring=name), int(WINDOWS), "alive")
    remove(name)


def shouldBeOneFormOfOutput():
    status, out, err = run("stat", "x", "--json", "--prometheus")
    equal((status, out), (2, b""), "both forms")
    contains(err, "not both", "sentence")
    status, out, err = run("stat", unique(), "--prometheus")
    equal((status, out), (1, b""), "a ring that is not there")


# ---- as the document says ----

def documented(what):
    with open(DOCUMENT, encoding="utf-8") as f:
        return re.search(r"<!-- test: %s -->\n```sh\n(.*?)```" % what, f.read(), re.S).group(1)


def environment(folder):
    """What the document's commands find: the program by its name."""
    program = os.path.join(folder, "shmring")
    if WINDOWS:
        with open(program, "w", encoding="utf-8") as f:
            f.write('#!/bin/sh\nexec %s "$@"\n' % shlex.join([*COMMAND[:-1], os.path.abspath(TOOL)]))
        os.chmod(program, 0o755)
    else:
        os.symlink(os.path.abspath(TOOL), program)
    return dict(os.environ, PATH=folder + ":" + os.environ["PATH"], FOLDER=folder)


def shouldWriteAFileForNodeExporter():
    name = unique()
    with tempfile.TemporaryDirectory() as folder:
        env = environment(folder)
        create(name)
        subprocess.run(["sh", "-c", documented("textfile")], env=env, check=True, timeout=PATIENCE)
        equal(sorted(os.listdir(folder)), ["shmring", "shmring.prom"], "files")
        with open(os.path.join(folder, "shmring.prom"), "rb") as f:
            equal(value(parse(f.read()), "shmring_alive", ring=name), int(WINDOWS), "alive")
    remove(name)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fetch(port):
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % port, timeout=PATIENCE) as got:
            return got.headers["Content-Type"], got.read()
    except ConnectionRefusedError:
        return None
    except urllib.error.URLError as e:
        if isinstance(e.reason, ConnectionRefusedError):
            return None
        raise


def shouldAnswerOverHttp():
    if shutil.which("socat") is None:
        raise Skip("socat is not installed")
    name, port = unique(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        env = environment(folder)
        create(name)
        script = os.path.join(folder, "shmring-http")
        with open(script, "w", encoding="utf-8") as f:
            f.write(documented("script"))
        os.chmod(script, 0o755)
        command = documented("socat").replace("9470", str(port)).split()
        server = subprocess.Popen(command, env=env, cwd=folder)
        try:
            kind, data = wait_until(lambda: fetch(port), "the server answers")
            equal(kind, "text/plain; version=0.0.4", "content type")
            equal(value(parse(data), "shmring_alive", ring=name), int(WINDOWS), "alive")
            equal(fetch(port)[0], kind, "a second request")
        finally:
            server.terminate()
            server.wait(timeout=PATIENCE)
    remove(name)


def shouldBeDocumentedMetricByMetric():
    name = unique()
    create(name)
    with open(DOCUMENT, encoding="utf-8") as f:
        rows = [line.split("|")[1:3] for line in f if line.startswith("| `shmring_")]
    table = {metric: kind.split(",")[0].strip() for names, kind in rows
             for metric in re.findall(r"`(\w+)`", names)}
    kinds = dict(TYPE.fullmatch(line).groups() for line in
                 run_ok("stat", "--prometheus").decode().split("\n") if line.startswith("# TYPE"))
    equal(sorted(table.items()), sorted(kinds.items()), "the table of metrics")
    remove(name)


main([shouldSayTheSameAsJson, shouldNotSwapOneCounterForAnother, shouldSummarizeLatencies, shouldCountWhatAnOverwritingRingLost,
      shouldShowEveryRingWithoutAName, shouldCountARingThatCannotBeRead,
      shouldEscapeWhatAProgramCallsItself, shouldKeepThePrefixOfAGlobalRing,
      shouldBeOneFormOfOutput, shouldWriteAFileForNodeExporter, shouldAnswerOverHttp,
      shouldBeDocumentedMetricByMetric])

# SPDX-License-Identifier: MIT
"""Who drops an answer of shmring.hpp is warned: each line below is one such statement, and each must
be told by each compiler. Usage: discard.py -IFOLDER..."""
import re
import shutil
import subprocess
import sys

PREFACE = """#include <shmring/shmring.hpp>
struct volts { static constexpr std::uint16_t record_type = 1; double value; };
void drop(shmring::producer &p, shmring::consumer &c, shmring::observer &o, shmring::reservation &r,
          volts &v, shmring::record &raw, shmring::bytes from, shmring::writable_bytes to,
          std::error_code bad, shmring::latency_counts &l, std::uint32_t &n, shmring_info &info,
          shmring_verdict &verdict, shmring_repaired &repaired, shmring_ring_info &ring,
          shmring_peer &peer);
void drop(shmring::producer &p, shmring::consumer &c, shmring::observer &o, shmring::reservation &r,
          volts &v, shmring::record &raw, shmring::bytes from, shmring::writable_bytes to,
          std::error_code bad, shmring::latency_counts &l, std::uint32_t &n, shmring_info &info,
          shmring_verdict &verdict, shmring_repaired &repaired, shmring_ring_info &ring,
          shmring_peer &peer)
{
"""
STATEMENTS = """p.drain(); p.info(ring); p.peer(peer); c.info(ring); c.peer(peer);
p.open("a"); c.open("a"); o.open("a"); p.is_open(); c.is_open(); o.is_open(); p.get(); c.get();
o.get(); p.release_handle(); c.release_handle(); o.release_handle();
p.try_send(from); p.try_send(v); p.send(from); p.send(v); p.stage(from); p.stage(v);
p.reserve(1, r); p.write(from); p.write_span(); p.write_span_for(1); p.wait_space(1); p.fd(); p.wait_handle();
r.is_open(); r.room();
c.try_recv(to, raw); c.recv(to, raw); c.recv(v); c.try_recv(v);
c.recv_any<volts>([](const volts &) {}); c.peek(raw); c.lost(); c.read(to); c.read_span(); c.read_span_for(1);
c.wait_data(); c.wait_data_for(1); c.fd(); c.wait_handle();
o.observe(to, raw); o.observe(v); o.seek(0); o.lost(); o.lost_records();
raw.payload(); raw.gap(); raw.is<volts>(); raw.get(v);
from.data(); from.size(); from.size_bytes(); from.empty(); from.begin(); from.end(); from.first(1);
from.after(1); shmring::as_bytes(from); shmring::as_writable_bytes(to);
shmring::schema<volts>(1); shmring::timeout_ns(shmring::forever);
shmring::description().read("a"); shmring::description().parse("a"); shmring::description().text();
shmring::description().read_from(p.get()); shmring::description().get(); shmring::description().hash();
shmring::category(); shmring::make_error_code(SHMRING_OK); shmring::error_detail();
shmring::make_error_code(shmring::errc::ok); shmring::status_of(bad);
l.count(); l.quantile(1); l.summary();
shmring::inspect("a", info); shmring::inspect_latency("a", l); shmring::remove("a");
shmring::list([](const char *) {}); shmring::prune(n); shmring::verify("a", verdict);
shmring::verify_file("a", verdict); shmring::repair("a", repaired);
shmring::repair_file("a", repaired); shmring::guard(); shmring::wait_any({}, n);
shmring::wait_any(n, shmring::forever, c);"""


def main():
    includes = sys.argv[1:]
    lines = [s.strip() + ";" for s in STATEMENTS.split(";") if s.strip()]
    first = PREFACE.count("\n") + 1
    failures = number = 0
    for compiler in ("g++", "clang++"):
        number += 1
        what = "%d - shouldWarnOfEachDroppedAnswer %s" % (number, compiler)
        if shutil.which(compiler) is None:
            print("ok %s # SKIP %s is not installed" % (what, compiler))
            continue
        done = subprocess.run([compiler, "-std=c++17", "-fsyntax-only", "-Wunused-result", *includes,
                               "-x", "c++", "-"], input=PREFACE + "\n".join(lines) + "\n}\n",
                              capture_output=True, text=True, check=False, timeout=100)
        warned = {int(n) for n in re.findall(r"<stdin>:(\d+):\d+: warning:.*nodiscard", done.stderr)}
        silent = [line for at, line in enumerate(lines, first) if at not in warned]
        for line in silent:
            print("# no warning: " + line)
        if done.returncode != 0:
            print("# " + done.stderr.replace("\n", "\n# "))
        bad = bool(silent) or done.returncode != 0
        print(("not ok " if bad else "ok ") + what)
        failures += bad
    print("1..%d" % number)
    return 1 if failures else 0


sys.exit(main())

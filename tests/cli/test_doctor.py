# SPDX-License-Identifier: MIT
"""doctor: what disturbs a measurement, on this machine and on machines that are made of files."""
import json
import os
import re
import shutil
import subprocess
import tempfile

from machines import CPU, NODE, THP, container, cpu, laptop, limits, make, mounts, quiet, sockets
from rig import (COMMAND, PATIENCE, TOOL, WINDOWS, Skip, contains, equal, main, not_on_windows, run,
                 run_ok, true)

STATES = ["bad", "note", "unknown", "ok"]
NAMES = {"governor", "boost", "smt", "idle-states", "isolcpus", "nohz_full", "rcu_nocbs", "irq-affinity",
         "timer-slack", "thp", "shm-huge", "numa", "numa-balancing", "clocksource", "tsc", "steal",
         "hypervisor", "cpu-quota", "cpuset", "swappiness", "watchdog", "mitigations", "memlock", "nofile",
         "membarrier", "futex_waitv", "shm-size"}


def parse(out):
    """The findings by name, from JSON that is checked."""
    d = json.loads(out)
    names = [f["name"] for f in d["findings"]]
    equal(sorted(names), sorted(NAMES), "names")
    order = [STATES.index(f["state"]) for f in d["findings"]]
    equal(order, sorted(order), "worst first")
    for f in d["findings"]:
        equal(sorted(f), ["fix", "name", "state", "value", "why"], "keys")
        true(f["value"] != "" and f["why"] != "", "texts of %r" % f)
        true(f["state"] in ("bad", "note") or f["fix"] == "", "no fix of what is well: %r" % f)
    return {f["name"]: f for f in d["findings"]}, d


def look(files, *args):
    """Findings on a machine of files."""
    not_on_windows("doctor reads no files there")
    with make(files) as root:
        return parse(run_ok("doctor", "--json", "--root", root, *args))[0]


def expect(found, **states):
    """state, or state and a part of the value, or these and a part of the fix."""
    for name, want in states.items():
        f = found[name.replace("_of_", "-")]
        want = (want,) if isinstance(want, str) else want
        equal(f["state"], want[0], "state of %r" % f)
        for part, key in zip(want[1:], ("value", "fix")):
            contains(f[key], part, "%s of %s" % (key, f["name"]))


def theRest(found, state, *known):
    for name, f in found.items():
        true(name in known or f["state"] == state, "%s has a state other than %s: %r" % (name, state, f))


def aQuietMachineHasNothingBad():
    found = look(quiet())
    theRest(found, "ok")
    equal(found["numa"]["value"], "node 0 of 1", "numa")
    equal(found["irq-affinity"]["value"], "0 of 2 interrupts", "interrupts")
    equal(found["membarrier"]["value"], "there", "membarrier")


def aLaptopHasItsGovernorItsBoostAndItsSleep():
    found = look(laptop())
    expect(found, governor=("bad", "powersave", "cpupower frequency-set -g performance"),
           boost=("note", "on", "no_turbo"), smt=("note", "1,3", "smt/control"),
           idle_of_states=("bad", "C10 takes 680 us", "idle-set -D"), isolcpus=("note", "none", "isolcpus=0,2"),
           nohz_full=("note", "none"), rcu_nocbs=("note", "none"), irq_of_affinity=("note", "2 of 2", "echo 1,3 "),
           timer_of_slack=("note", "50.0 us", "timerslack_ns"), thp=("note", "always", "madvise"),
           shm_of_huge=("note", "never", "remount,huge=advise"), swappiness=("note", "60", "sysctl"),
           watchdog=("note", "NMI", "nmi_watchdog=0"), mitigations=("note", "1 active"),
           memlock=("note", "8.0M", "ulimit -l"), nofile=("note", "1,024", "ulimit -n"), shm_of_size="unknown")


def twoSocketsShareNeitherNodeNorCore():
    found = look(sockets())
    expect(found, smt=("note", "2,6"), numa=("ok", "node 0 of 2"),
           numa_of_balancing=("note", "on", "numa_balancing=0"), isolcpus=("note", "none", "isolcpus=0,4"))
    found = look(sockets(), "--cpus", "0,1")
    expect(found, numa=("bad", "nodes 0 and 1 of 2", "numactl -N 0 -m 0"), smt=("note", "2-3"))
    found = look(sockets(), "--cpus", "0,2")
    expect(found, smt=("bad", "0 and 2 are one core", "--cpus 0,1"), numa="ok")
    far = sockets()
    far["proc/self/status"] = "Cpus_allowed_list:\t0-7\nMems_allowed_list:\t1\n"
    expect(look(far), numa=("bad", "node 0, and memory from 1"))


def isolatedCoresThatAreNotMeasuredAreNamed():
    files = quiet()
    files["proc/self/status"] = "Cpus_allowed_list:\t0-1\nMems_allowed_list:\t0\n"
    found = look(files)
    for name in ("isolcpus", "nohz_full", "rcu_nocbs"):
        expect(found, **{name: ("note", "2-3, which is not measured", "--cpus 2,3")})
    expect(found, irq_of_affinity=("note", "2 of 2", "echo 2-3 "), cpuset="ok")
    theRest(look(files, "--cpus", "2,3"), "ok")
    files["proc/cmdline"] = "nohz_full=2-3\n"
    expect(look(files, "--cpus", "2,3"), rcu_nocbs=("ok", "2-3"))


def aContainerHasItsQuotaAndItsHost():
    found = look(container())
    expect(found, cpu_of_quota=("bad", "0.50 processors", "echo max | sudo tee /sys/fs/cgroup/cpu.max"),
           cpuset=("note", "0-1 of 0-3", "cpuset.cpus"), hypervisor=("note", "QEMU"), steal=("bad", "5.00%"),
           clocksource=("bad", "hpet", "echo tsc"), shm_of_size=("note", "64.0M", "remount,size="))


def aQuotaIsFoundInBothVersionsAndAtEveryLevel():
    v1 = {"proc/self/cgroup": "4:cpu,cpuacct:/docker/abc\n3:cpuset:/docker/abc\n1:name=systemd:/x\n"}
    for mount in ("cpu", "cpu,cpuacct", "cpuacct,cpu"):
        for group in ("/docker/abc", "/docker", ""):  # of the process, above it, and as a container sees it
            folder = "sys/fs/cgroup/" + mount + group
            files = {**quiet(), **v1, folder + "/cpu.cfs_quota_us": "200000\n",
                     folder + "/cpu.cfs_period_us": "100000\n"}
            del files["sys/fs/cgroup/cgroup.controllers"]
            expect(look(files), cpu_of_quota=("bad", "2.00 processors", "tee /%s/cpu.cfs_quota_us" % folder))
            files[folder + "/cpu.cfs_quota_us"] = "-1\n"
            expect(look(files), cpu_of_quota=("ok", "none"))
    both = {**quiet(), **v1, "sys/fs/cgroup/cpuset/docker/cpuset.cpus": "2\n"}
    expect(look(both), cpuset=("bad", "2, and others are measured"))
    for mount in ("sys/fs/cgroup", "sys/fs/cgroup/unified"):
        files = {**quiet(), "proc/self/cgroup": "0::/a.slice/b\n", mount + "/a.slice/cpu.max": "150000 100000\n",
                 mount + "/a.slice/b/cpu.max": "max 100000\n"}
        if mount.endswith("unified"):
            del files["sys/fs/cgroup/cgroup.controllers"]
        expect(look(files), cpu_of_quota=("bad", "1.50 processors", mount + "/a.slice/cpu.max"))
        files[mount + "/a.slice/b/cpu.max"] = "50000 100000\n"
        expect(look(files), cpu_of_quota=("bad", "0.50 processors", mount + "/a.slice/b/cpu.max"))


def oneProcessorIsTooFewForTwo():
    files = quiet()
    files["proc/self/status"] = "Cpus_allowed_list:\t2\nMems_allowed_list:\t0\n"
    expect(look(files), cpuset=("bad", "one processor: 2"))


def valuesAreJudgedByTheirFile():
    for path, text, name, state in [
            (CPU + "/cpu2/cpufreq/scaling_governor", "schedutil\n", "governor", "bad"),
            (CPU + "/cpu3/cpufreq/scaling_governor", "userspace\n", "governor", "note"),
            (CPU + "/cpu1/cpufreq/scaling_governor", "powersave\n", "governor", "ok"),  # is not measured
            (CPU + "/cpu3/cpuidle/state1/latency", "10\n", "idle-states", "note"),
            (THP + "/shmem_enabled", "always within_size advise never [deny] force\n", "shm-huge", "note"),
            ("proc/self/mountinfo", mounts("rw,size=50%,huge=always"), "shm-huge", "ok"),
            ("proc/self/mountinfo", mounts("rw,size=8m"), "shm-size", "bad"),
            ("proc/cpuinfo", "flags\t\t: tsc constant_tsc\n", "tsc", "bad"),
            ("proc/cpuinfo", "flags\t\t: constant_tsc_not nonstop_tsc\n", "tsc", "bad"),
            ("proc/cpuinfo", "Features\t: fp asimd\n", "tsc", "unknown"),
            ("proc/stat", "cpu  100000 0 0 0 0 0 0 1 0 0\n", "steal", "note"),
            ("proc/sys/kernel/osrelease", "4.14.0\n", "membarrier", "note"),
            ("proc/sys/kernel/osrelease", "5.15.0\n", "futex_waitv", "note"),
            ("proc/sys/kernel/osrelease", "10.0\n", "futex_waitv", "ok"),
            ("proc/self/limits", limits("65536"), "memlock", "note"),
            ("proc/irq/9/effective_affinity_list", "1-2\n", "irq-affinity", "note"),
            ("sys/devices/system/clocksource/clocksource0/current_clocksource", "kvm-clock\n", "clocksource", "note")]:
        files = quiet()
        files[path] = text
        found = look(files)
        equal(found[name]["state"], state, "%s of %r: %r" % (path, text, found[name]))
        theRest(found, "ok", name, *(["hypervisor"] if state == "unknown" else []),
                *(["shm-size", "shm-huge"] if "mountinfo" in path else []),
                *(["membarrier", "futex_waitv"] if "osrelease" in path else []))
    idle = {**quiet(), CPU + "/cpu2/cpuidle/state1/latency": "500\n", CPU + "/cpu2/cpuidle/state1/disable": "1\n"}
    expect(look(idle), idle_of_states="ok")
    expect(look({**quiet(), **cpu(2, 2, idle=(("C6", 200),)), "proc/cmdline": "idle=poll\n"}), idle_of_states="ok")


def whatIsNotThereIsUnknown():
    not_on_windows("everything is unknown there, which has a test of its own")
    with tempfile.TemporaryDirectory() as root:
        for folder in (root, root + "/nowhere", "/dev/null"):
            status, out, err = run("doctor", "--json", "--strict", "--root", folder)
            equal(status, 0, "exit status")
            contains(err, "nothing could be read: " + folder, "sentence")
            theRest(parse(out)[0], "unknown")
    for path in quiet():
        files = quiet()
        del files[path]
        expect(look(files), clocksource="unknown" if path.endswith("current_clocksource") else "ok")


def aMissingNewlineChangesNothing():
    for files in (quiet(), laptop(), sockets(), container()):
        equal(look({path: text.rstrip("\n") or text for path, text in files.items()}), look(files), "findings")
    files = {**quiet(), "proc/self/cgroup": "1:cpu:/", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1"}
    expect(look(files), cpu_of_quota=("ok", "none"))


def garbageIsUnknownAndHarmless():
    not_on_windows("doctor reads no files there")
    for text in (b"", b"\n", b"\0", b"\xff" * 5000, bytes(range(256)) * 16, b"1" * 1000, b"-1", b"0-", b"0-99999999\n",
                 b"[", b"[]", b"]", b",,,", b"99999999999999999999999\n", b"%s%n\n", b"\033[2J\033]0;x\007\n",
                 b"0::/../../../etc\n", b"0:::::\n:\n::\n", b"cpu ", b"cpu  1 2\n", b"flags\t\t:", b" /dev/shm  - tmpfs ",
                 b"x" * (1 << 21), b"0,1\n" * 100000, b"[" + b"a" * 63 + b"]", b"[" + b"a" * 64 + b"]"):
        with make({path: text for path in [*quiet(), "sys/class/dmi/id/sys_vendor", "sys/hypervisor/type"]}) as root:
            status, out, err = run("doctor", "--json", "--root", root)
        equal((status, err in ("", "shmring: nothing could be read: %s\n" % root)), (0, True), "doctor: " + err)
        found = parse(out)[0]
        for f in found.values():
            true(all(" " <= c <= "~" for c in f["value"] + f["fix"]), "printable: %r" % f)
            true("/.." not in f["fix"], "leads nowhere else: %r" % f)
    for text in (b"\xff" * 5000, bytes(range(1, 256)) * 16, b"%s%n\n", b"["):
        theRest(look({path: text for path in quiet()}), "unknown", "rcu_nocbs")  # any text is a command line
    for text in (b"", b"\0\n", b"x" * (1 << 21)):  # copies of such files are easily empty
        with make({path: text for path in quiet()}) as root:
            status, out, err = run("doctor", "--json", "--root", root)
        equal((status, err.count("\n")), (0, 1), "status, lines of %r" % err)
        theRest(parse(out)[0], "unknown")
    with make({path: b"\033[2J" for path in quiet()}) as root:
        out = run_ok("doctor", "--root", root)
        true(b"\033" not in out, "nothing that a terminal would obey")


def hostileNamesComeIntoNoCommand():
    for group in ("/a;reboot", "/$(reboot)", "/a'b", "/a b", "/../../etc", "/" + "x" * 5000):
        files = {**quiet(), "proc/self/cgroup": "0::%s\n" % group, "sys/fs/cgroup/cpu.max": "1000 100000\n"}
        found = look(files)
        equal(found["cpu-quota"]["state"] in ("bad", "unknown"), True, "state of %r" % group[:40])
        true("reboot" not in found["cpu-quota"]["fix"] and ".." not in found["cpu-quota"]["fix"], "fix")
    files = {**quiet(), "sys/class/dmi/id/sys_vendor": "\033[31mred\n", "proc/cpuinfo": "flags\t\t: hypervisor\n"}
    expect(look(files), hypervisor=("note", "?[31mred"))


def linksPipesAndFoldersAreNoFiles():
    not_on_windows("doctor reads no files there")
    place = CPU + "/cpu2/cpufreq/scaling_governor"
    with make(quiet()) as root, tempfile.TemporaryDirectory() as elsewhere:
        at = os.path.join(root, place)
        with open(elsewhere + "/governor", "w", encoding="utf-8") as f:
            f.write("powersave\n")
        for plant in (lambda: os.symlink(elsewhere + "/governor", at), lambda: os.mkfifo(at),
                      lambda: os.mkdir(at), lambda: os.symlink(at, at), lambda: os.symlink("/dev/zero", at)):
            shutil.rmtree(at) if os.path.isdir(at) else os.unlink(at)
            plant()
            expect(parse(run_ok("doctor", "--json", "--root", root))[0], governor="unknown")
        os.unlink(at)
        os.symlink("../../cpu3/cpufreq/scaling_governor", at)  # as /sys has them
        expect(parse(run_ok("doctor", "--json", "--root", root))[0], governor="ok")


def thisMachineIsLookedAtWithoutAnError():
    status, out, err = run("doctor", "--json")
    found, d = parse(out)
    equal(status, 0, "exit status")
    equal(d["root"], None, "root")
    if WINDOWS:
        contains(err, "nothing could be read: this system tells nothing", "sentence")
        theRest(found, "unknown")
    else:
        equal(err, "", "errors")
        true(set(d["cpus"]) <= os.sched_getaffinity(0), "processors: %r" % d["cpus"])
        true(found["membarrier"]["state"] in ("ok", "note"), "membarrier")
        true(found["shm-size"]["state"] != "unknown", "size of /dev/shm")


def strictFailsWhereSomethingIsBad():
    for files, status in ((quiet(), 0), (laptop(), 1), (sockets(), 0), (container(), 1)):
        bad = sum(f["state"] == "bad" for f in look(files).values())
        with make(files) as root:
            for form in ([], ["--json"]):
                equal(run("doctor", "--root", root, *form)[::2], (0, ""), "without --strict")
                got, out, err = run("doctor", "--strict", "--root", root, *form)
                equal((got, out != b""), (status, True), "with --strict")
                contains(err, "would spoil figures" if status else "", "sentence")
                true(status == 0 or "%d finding" % bad in err, "how many: %r" % err)


def theTableFitsEightyColumnsAndHasTheCommands():
    not_on_windows("doctor reads no files there")
    long = {**container(), "proc/self/cgroup": "0::/a/%s\n" % ("b" * 200),
            "sys/fs/cgroup/a/%s/cpu.max" % ("b" * 200): "1000 100000\n"}
    for files in (quiet(), laptop(), sockets(), container(), long, {}):
        with make(files) as root:
            out = run("doctor", "--root", root)[1].decode()
            found = parse(run("doctor", "--json", "--root", root)[1])[0]
        states = []
        for line in out.splitlines():
            true(len(line) <= 80 and line == line.rstrip(), "%r" % line)
            states += [word for word in line.split()[:1] if word in STATES and line[0] != " "]
        equal(states, sorted(states, key=STATES.index), "worst first")
        equal(len(states), len(NAMES), "a line for each")
        plain = " ".join(re.sub(r"(?<! )\\\n", "", out).replace("\\\n", "\n").split())  # as a shell joins lines
        for f in found.values():
            contains(plain, "%s %s" % (f["name"], f["value"]), "table")
            true(f["state"] not in ("bad", "note") or f["fix"] in plain, "fix %r" % f["fix"])


def nobodyIsRefused():
    """A user who may read little."""
    not_on_windows("users are others there")
    if os.geteuid() != 0:
        raise Skip("this needs root, who can become somebody else")
    with make(quiet()) as root, tempfile.TemporaryDirectory() as home:
        program = shutil.copy(TOOL, home)
        os.chmod(home, 0o755)
        hidden = os.path.join(root, "proc/self/limits")
        os.chmod(root, 0o755)
        os.chmod(hidden, 0o000)
        os.chmod(os.path.join(root, NODE), 0o000)
        for args in ([], ["--root", root]):
            done = subprocess.run([*COMMAND[:-1], program, "doctor", "--json", *args], user=65534, group=65534,
                                  extra_groups=[], capture_output=True, timeout=PATIENCE, check=False)
            equal((done.returncode, done.stderr), (0, b""), "as nobody")
            found = parse(done.stdout)[0]
        expect(found, memlock="unknown", nofile="unknown", numa="unknown", governor="ok")


def measuringCommandsSayHowTheMachineIs():
    summary = "machine: "
    commands = [["ping", "--count", "200"], ["demo", "--seconds", "0.2"], ["flood", "--seconds", "0.2", "--size", "64"]]
    for args in commands + ([["ping", "--matrix", "--count", "50"]] if len(os.sched_getaffinity(0)) == 2 else []):
        out = run_ok(*args).decode()
        lines = [line for line in out.splitlines() if line.startswith(summary)]
        equal(len(lines), 1, "summary of %s: %s" % (args[0], out))
        true(lines[0].endswith("; see shmring doctor") and len(lines[0]) <= 80, lines[0])
        d = json.loads(run_ok(*args, "--json"))["doctor"]
        equal(sum(d.values()), len(NAMES), "findings")
        contains(lines[0], "unknown here" if WINDOWS else "would spoil figures", args[0])


def wrongUsageIsSaid():
    for args, says in ((["x"], "'x'"), (["--root"], "--root needs a value"), (["--root", ""], "is empty"),
                       (["--cpus", "1"], "is not two processors"), (["--strict=1"], "takes no value")):
        status, out, err = run("doctor", *args)
        equal((status, out), (2, b""), "doctor %r" % args)
        contains(err, says, "sentence")


main([aQuietMachineHasNothingBad, aLaptopHasItsGovernorItsBoostAndItsSleep, twoSocketsShareNeitherNodeNorCore,
      isolatedCoresThatAreNotMeasuredAreNamed, aContainerHasItsQuotaAndItsHost,
      aQuotaIsFoundInBothVersionsAndAtEveryLevel, oneProcessorIsTooFewForTwo, valuesAreJudgedByTheirFile,
      whatIsNotThereIsUnknown, aMissingNewlineChangesNothing, garbageIsUnknownAndHarmless, hostileNamesComeIntoNoCommand,
      linksPipesAndFoldersAreNoFiles, thisMachineIsLookedAtWithoutAnError, strictFailsWhereSomethingIsBad,
      theTableFitsEightyColumnsAndHasTheCommands, nobodyIsRefused, measuringCommandsSayHowTheMachineIs,
      wrongUsageIsSaid])

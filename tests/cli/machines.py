# SPDX-License-Identifier: MIT
"""Machines for the tests of doctor: the files of /proc and /sys that it reads, as a dictionary from
path to text, and a folder made of them."""
import os
import tempfile

CPU = "sys/devices/system/cpu"
NODE = "sys/devices/system/node"
THP = "sys/kernel/mm/transparent_hugepage"
FLAGS = "fpu tsc constant_tsc nonstop_tsc"


def cpu(number, core, package=0, siblings=None, governor="performance", idle=(("POLL", 0), ("C1", 1))):
    """One processor."""
    folder = "%s/cpu%d" % (CPU, number)
    files = {folder + "/topology/core_id": "%d\n" % core,
             folder + "/topology/physical_package_id": "%d\n" % package,
             folder + "/topology/thread_siblings_list": "%s\n" % (siblings or number),
             folder + "/cpufreq/scaling_governor": governor + "\n"}
    for i, (name, latency) in enumerate(idle):
        state = "%s/cpuidle/state%d" % (folder, i)
        files.update({state + "/name": name + "\n", state + "/latency": "%d\n" % latency,
                      state + "/disable": "0\n"})
    return files


def limits(locked="unlimited", files="65536"):
    return ("Limit                     Soft Limit           Hard Limit           Units     \n"
            "Max open files            %-20s %-20s files     \n"
            "Max locked memory         %-20s %-20s bytes     \n" % (files, files, locked, locked))


def mounts(options):
    return ("24 1 0:22 / /proc rw,nosuid - proc proc rw\n"
            "25 24 0:23 / /dev/shm rw,nosuid - tmpfs tmpfs %s\n"
            "26 24 0:24 / /sys ro - sysfs sysfs ro\n" % options)


def quiet():
    """Four cores that run nothing but what is measured: processors 2 and 3 are isolated."""
    files = {"proc/self/status": "Name:\tx\nCpus_allowed_list:\t2-3\nMems_allowed_list:\t0\n",
             "proc/self/limits": limits(), "proc/self/timerslack_ns": "1\n",
             "proc/self/cgroup": "0::/user.slice\n", "sys/fs/cgroup/cgroup.controllers": "cpuset cpu memory\n",
             "sys/fs/cgroup/cpuset.cpus.effective": "0-3\n",
             "proc/self/mountinfo": mounts("rw,size=8388608k,huge=advise"),
             "proc/cmdline": "root=/dev/sda1 isolcpus=2-3 nohz_full=2-3 rcu_nocbs=2-3 mitigations=off\n",
             "proc/cpuinfo": "processor\t: 0\nflags\t\t: %s\n\nprocessor\t: 1\n" % FLAGS,
             "proc/stat": "cpu  100 0 50 900 0 0 0 0 0 0\ncpu0 100 0 50 900 0 0 0 0 0 0\n",
             "proc/swaps": "Filename\tType\tSize\tUsed\tPriority\n",
             "proc/sys/vm/swappiness": "60\n", "proc/sys/kernel/numa_balancing": "0\n",
             "proc/sys/kernel/nmi_watchdog": "0\n", "proc/sys/kernel/watchdog": "0\n",
             "proc/sys/kernel/osrelease": "6.1.0-13-amd64\n",
             "proc/irq/9/effective_affinity_list": "0\n", "proc/irq/16/effective_affinity_list": "\n",
             "proc/irq/16/smp_affinity_list": "0-1\n",
             CPU + "/online": "0-3\n", CPU + "/isolated": "2-3\n", CPU + "/nohz_full": "2-3\n",
             CPU + "/intel_pstate/no_turbo": "1\n",
             CPU + "/vulnerabilities/meltdown": "Vulnerable\n",
             CPU + "/vulnerabilities/spectre_v2": "Not affected\n",
             "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
             "sys/devices/system/clocksource/clocksource0/available_clocksource": "tsc hpet acpi_pm \n",
             THP + "/enabled": "always [madvise] never\n",
             THP + "/shmem_enabled": "always within_size advise [never] deny force\n",
             NODE + "/node0/cpulist": "0-3\n"}
    for number in range(4):
        files.update(cpu(number, number))
    return files


def laptop():
    """Two cores of two threads each, powersave and boost, as it comes from the shop."""
    files = quiet()
    for number in range(4):
        files.update(cpu(number, number // 2, siblings="0-1" if number < 2 else "2-3", governor="powersave",
                         idle=(("POLL", 0), ("C1_ACPI", 1), ("C10", 680))))
    files.update({"proc/self/status": "Cpus_allowed_list:\t0-3\nMems_allowed_list:\t0\n",
                  "proc/self/limits": limits("8388608", "1024"), "proc/self/timerslack_ns": "50000\n",
                  "proc/self/mountinfo": mounts("rw"), "proc/cmdline": "quiet splash\n",
                  "proc/swaps": "Filename\tType\tSize\tUsed\tPriority\n/swapfile file 2097148 0 -2\n",
                  "proc/sys/kernel/nmi_watchdog": "1\n", "proc/sys/kernel/watchdog": "1\n",
                  "proc/irq/16/smp_affinity_list": "0-3\n",
                  CPU + "/isolated": "\n", CPU + "/nohz_full": "  (null)\n", CPU + "/intel_pstate/no_turbo": "0\n",
                  CPU + "/vulnerabilities/meltdown": "Mitigation: PTI\n",
                  THP + "/enabled": "[always] madvise never\n"})
    return files


def sockets():
    """Two sockets of two cores with two threads each; nothing is isolated."""
    files = quiet()
    for number in range(8):
        files.update(cpu(number, number % 4 // 2, package=number % 2, siblings="%d,%d" % (number, number ^ 2)))
    for number in (0, 1, 4, 5):  # cores 0 and 4 of the first socket, 1 and 5 of the second
        files.update(cpu(number, number // 4, package=number % 2, siblings="%d,%d" % (number, number + 2)))
        files.update(cpu(number + 2, number // 4, package=number % 2, siblings="%d,%d" % (number, number + 2)))
    files.update({"proc/self/status": "Cpus_allowed_list:\t0-7\nMems_allowed_list:\t0-1\n",
                  "proc/sys/kernel/numa_balancing": "1\n", "sys/fs/cgroup/cpuset.cpus.effective": "0-7\n",
                  CPU + "/online": "0-7\n", CPU + "/isolated": "\n", CPU + "/nohz_full": "\n",
                  "proc/cmdline": "quiet\n",
                  NODE + "/node0/cpulist": "0,2,4,6\n", NODE + "/node1/cpulist": "1,3,5,7\n"})
    return files


def container():
    """Half a processor of a virtual machine, in a group of version 2."""
    files = quiet()
    files.update({"proc/self/status": "Cpus_allowed_list:\t0-1\nMems_allowed_list:\t0\n",
                  "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "50000 100000\n",
                  "sys/fs/cgroup/cpuset.cpus.effective": "0-1\n",
                  "proc/self/mountinfo": mounts("rw,nosuid,size=65536k"),
                  "proc/stat": "cpu  100 0 50 800 0 0 0 50 0 0\n",
                  "proc/cpuinfo": "processor\t: 0\nflags\t\t: %s hypervisor\n" % FLAGS,
                  "sys/class/dmi/id/sys_vendor": "QEMU\n", CPU + "/isolated": "\n",
                  "sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet\n"})
    return files


def make(files):
    """The folder, which goes with the object."""
    root = tempfile.TemporaryDirectory()
    for path, text in files.items():
        whole = os.path.join(root.name, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
    return root
